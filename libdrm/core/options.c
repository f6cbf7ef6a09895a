/* Options: what a context is opened with. Setters copy. */
#include "core/context_internal.h"
#include "core/core.h"
#include <drm/options.h>
#include <drm/record.h>
#include <drm/version.h>
#include <stdlib.h>
#include <string.h>

drmgmt_options *drmgmt_options_new(void)
{
    drmgmt_options *o = calloc(1, sizeof *o);

    if (!o)
        return NULL;
    o->pool_size = 8;
    o->acquire_ms = 5000;
    o->statement_ms = 10000;
    o->log_level = DRMGMT_LOG_INFO;
    o->application_name = strdup("drmgmt");
    if (!o->application_name) {
        free(o);
        return NULL;
    }
    return o;
}

void drmgmt__options_clear(drmgmt_options *o)
{
    /* URLs may hold passwords. */
    drmgmt__free_secret(o->database_url);
    drmgmt__free_secret(o->redis_url);
    free(o->keyring_file);
    free(o->application_name);
    memset(o, 0, sizeof *o);
}

void drmgmt_options_free(drmgmt_options *options)
{
    if (!options)
        return;
    drmgmt__options_clear(options);
    free(options);
}

static int copy_text(char **to, const char *text)
{
    char *copy = text ? strdup(text) : NULL;

    if (text && !copy)
        return DRMGMT_ERR_NO_MEMORY;
    drmgmt__free_secret(*to);
    *to = copy;
    return 0;
}

int drmgmt__options_copy(drmgmt_options *to, const drmgmt_options *from)
{
    *to = *from;
    to->database_url = to->redis_url = to->keyring_file = to->application_name = NULL;
    if (copy_text(&to->database_url, from->database_url) || copy_text(&to->redis_url, from->redis_url) ||
        copy_text(&to->keyring_file, from->keyring_file) || copy_text(&to->application_name, from->application_name)) {
        drmgmt__options_clear(to);
        return DRMGMT_ERR_NO_MEMORY;
    }
    return 0;
}

int drmgmt_options_set_database_url(drmgmt_options *options, const char *url)
{
    return copy_text(&options->database_url, url);
}

int drmgmt_options_set_redis_url(drmgmt_options *options, const char *url)
{
    return copy_text(&options->redis_url, url);
}

int drmgmt_options_set_keyring_file(drmgmt_options *options, const char *path)
{
    return copy_text(&options->keyring_file, path);
}

int drmgmt_options_set_application_name(drmgmt_options *options, const char *name)
{
    return name ? copy_text(&options->application_name, name) : DRMGMT_ERR_INVALID;
}

int drmgmt_options_set_pool_size(drmgmt_options *options, unsigned connections)
{
    if (connections < 1 || connections > 1000)
        return DRMGMT_ERR_INVALID;
    options->pool_size = connections;
    return 0;
}

int drmgmt_options_set_database_timeouts(drmgmt_options *options, unsigned acquire_ms, unsigned statement_ms)
{
    if (acquire_ms < 1 || acquire_ms > 3600000 || statement_ms < 1 || statement_ms > 3600000)
        return DRMGMT_ERR_INVALID;
    options->acquire_ms = acquire_ms;
    options->statement_ms = statement_ms;
    return 0;
}

int drmgmt_options_allow_outbound(drmgmt_options *options, const char *rule)
{
    if (options->n_host_rules == DRMGMT__HOST_RULES_MAX)
        return DRMGMT_ERR_LIMIT;
    if (!rule || drmgmt__net_rule_parse(rule, &options->host_rules[options->n_host_rules]))
        return DRMGMT_ERR_INVALID;
    options->n_host_rules++;
    return 0;
}

int drmgmt_options_set_log(drmgmt_options *options, drmgmt_log_fn *fn, void *user, drmgmt_log_level level)
{
    options->log = fn;
    options->log_user = user;
    options->log_level = level;
    return 0;
}

const char *drmgmt_version(void)
{
    return DRMGMT_VERSION;
}

void drmgmt_free(void *memory)
{
    free(memory);
}
