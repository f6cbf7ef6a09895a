/* The context: built from options in order, freed in reverse. */
#include "auth/auth.h"
#include "core/combine.h"
#include "core/context_internal.h"
#include "core/core.h"
#include "limit/limit.h"
#include "net/outbound.h"
#include "queue/queue.h"
#include "store/store.h"
#include <drm/context.h>
#include <stdlib.h>

static int build(drmgmt_context *c, drmgmt_error **error)
{
    int rc = 0;

    if (c->options.keyring_file)
        rc = drmgmt__keyring_load(c->options.keyring_file, &c->keyring, error);
    if (!rc && (!(c->tokens = drmgmt__token_cache_new()) || !(c->data_keys = drmgmt__data_key_cache_new())))
        rc = drmgmt__fail_memory(error);
    if (!rc && (!(c->combiner = drmgmt__combiner_new()) || !(c->full = drmgmt__full_new()) ||
                !(c->oidc = drmgmt__oidc_cache_new())))
        rc = drmgmt__fail_memory(error);
    if (!rc)
        rc = drmgmt__outbound_new(c, &c->outbound, error);
    if (!rc)
        rc = drmgmt__pool_new(c, &c->pool, error);
    if (!rc && c->options.redis_url)
        rc = drmgmt__publisher_new(c, &c->publisher, error);
    if (!rc && c->options.redis_url)
        rc = drmgmt__hub_new(c, &c->hub, error);
    if (!rc)
        rc = drmgmt__requests_new(c, &c->requests, error);
    return rc;
}

int drmgmt_context_new(const drmgmt_options *options, drmgmt_context **context, drmgmt_error **error)
{
    drmgmt_context *c = calloc(1, sizeof *c);

    if (!c || drmgmt__options_copy(&c->options, options)) {
        free(c);
        return drmgmt__fail_memory(error);
    }
    pthread_mutex_init(&c->keyring_lock, NULL);
    pthread_mutex_init(&c->reload_lock, NULL);
    int rc = c->options.database_url ? build(c, error)
                                     : drmgmt__fail_full(error, DRMGMT_ERR_INVALID, false, NULL, "database_url",
                                                         "no database URL was given");
    if (rc) {
        drmgmt_context_free(c);
        return rc;
    }
    *context = c;
    return 0;
}

void drmgmt_context_free(drmgmt_context *c)
{
    if (!c)
        return;
    drmgmt__requests_free(c->requests);
    if (c->hub)
        drmgmt__hub_free(c->hub);
    drmgmt__publisher_free(c->publisher);
    drmgmt__pool_free(c->pool);
    drmgmt__outbound_free(c->outbound);
    drmgmt__combiner_free(c->combiner);
    drmgmt__full_free(c->full);
    drmgmt__oidc_cache_free(c->oidc);
    if (c->tokens)
        drmgmt__token_cache_free(c->tokens);
    drmgmt__data_key_cache_free(c->data_keys);
    drmgmt__keyring_free(c->keyring);
    pthread_mutex_destroy(&c->keyring_lock);
    pthread_mutex_destroy(&c->reload_lock);
    drmgmt__options_clear(&c->options);
    free(c);
}

void drmgmt_context_health(drmgmt_context *context, drmgmt_health *health)
{
    *health = (drmgmt_health){ 0 };
    drmgmt__pool_health(context->pool, health);
    health->redis = context->options.redis_url && drmgmt__redis_ping(context);
}
