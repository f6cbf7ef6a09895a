/* Flags, environment, context, signals and the ready file of the long-running programs. Called by the entries of drmd
 * and drm-worker; calls libdrmgmt and, for log levels and the library's lines, jsonlog. */
#include "program.h"
#include "jsonlog.h"
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { POOL_MOST = 1000 };

static const char *name = "drmgmt";

bool program_complain(const char *flag, const char *value, const char *wanted)
{
    fprintf(stderr, "%s: %s %s: %s\n", name, flag, value, wanted);
    return false;
}

bool program_number(const char *flag, const char *text, unsigned low, unsigned high, unsigned *value)
{
    char *end;
    errno = 0;
    unsigned long n = strtoul(text, &end, 10);
    if (errno || end == text || *end || *text == '-' || n < low || n > high) {
        fprintf(stderr, "%s: %s %s: a number from %u to %u is wanted\n", name, flag, text, low, high);
        return false;
    }
    *value = (unsigned)n;
    return true;
}

static bool set_log_level(program_settings *settings, const char *text)
{
    int level = jsonlog_level_parse(text);
    if (level < 0)
        return program_complain("--log-level", text, "error, warning, info or debug is wanted");
    settings->log_level = (drmgmt_log_level)level;
    return true;
}

static bool apply(const program *p, program_settings *settings, void *config, int id, const char *value)
{
    switch (id) {
    case PROGRAM_OPT_DATABASE:
        settings->database_url = value;
        return true;
    case PROGRAM_OPT_REDIS:
        settings->redis_url = value;
        return true;
    case PROGRAM_OPT_KEYRING:
        settings->keyring = value;
        return true;
    case PROGRAM_OPT_POOL:
        return program_number("--pool", value, p->pool_least, POOL_MOST, &settings->pool);
    case PROGRAM_OPT_OUTBOUND:
        if (settings->n_outbound == PROGRAM_OUTBOUND_MAX)
            return program_complain("--outbound-allow", value, "at most 64 are possible: take wider blocks");
        settings->outbound[settings->n_outbound++] = value;
        return true;
    case PROGRAM_OPT_LOG:
        return set_log_level(settings, value);
    default:
        return p->apply(config, id, value);
    }
}

static const char *from_environment(const char *variable)
{
    const char *value = getenv(variable);
    return value && *value ? value : NULL;
}

static void show_version(const program *p)
{
    printf("%s %s (libdrmgmt %s", p->name, DRMGMT_VERSION, drmgmt_version());
    if (p->library)
        printf(", %s %s", p->library, p->library_version());
    puts(")");
}

int program_configure(const program *p, program_settings *settings, void *config, int argc, char **argv)
{
    name = p->name;
    settings->database_url = from_environment("DRM_APP_DATABASE_URL");
    settings->redis_url = from_environment("DRM_REDIS_URL");
    settings->keyring = from_environment("DRM_KEYRING");
    settings->log_level = DRMGMT_LOG_INFO;

    int id;
    while ((id = getopt_long(argc, argv, "", p->options, NULL)) != -1) {
        if (id == PROGRAM_OPT_HELP) {
            fputs(p->usage, stdout);
            return 0;
        }
        if (id == PROGRAM_OPT_VERSION) {
            show_version(p);
            return 0;
        }
        if (!apply(p, settings, config, id, optarg)) {
            fprintf(stderr, "Try \"%s --help\".\n", name);
            return PROGRAM_EXIT_USAGE;
        }
    }
    if (optind < argc) {
        fprintf(stderr, "%s: %s: no such argument\nTry \"%s --help\".\n", name, argv[optind], name);
        return PROGRAM_EXIT_USAGE;
    }
    int shown = p->show ? p->show(config) : -1;
    if (shown >= 0)
        return shown;
    if (!settings->database_url || !*settings->database_url) {
        fprintf(stderr, "%s: no database: give --database-url or set DRM_APP_DATABASE_URL\n", name);
        return PROGRAM_EXIT_USAGE;
    }
    return -1;
}

int program_fail(const char *what, drmgmt_error *error)
{
    drmgmt_status status = drmgmt_error_status(error);
    fprintf(stderr, "%s: %s: %s\n", name, what, error ? drmgmt_error_message(error) : drmgmt_status_title(status));
    drmgmt_error_free(error);
    return drmgmt_status_exit_code(status);
}

static bool allow_outbound(const program_settings *settings, drmgmt_options *o)
{
    for (unsigned i = 0; i < settings->n_outbound; i++)
        if (drmgmt_options_allow_outbound(o, settings->outbound[i]))
            return program_complain("--outbound-allow", settings->outbound[i],
                                    "CIDR[:PORT[-PORT]][/udp or /tcp] is wanted, such as 10.0.0.0/8:161/udp or "
                                    "[fd00::/8]:443");
    return true;
}

int program_open_context(const program_settings *settings, drmgmt_context **context)
{
    drmgmt_error *error = NULL;
    drmgmt_options *o = drmgmt_options_new();
    bool ok = o && drmgmt_options_set_database_url(o, settings->database_url) == 0 &&
              (!settings->redis_url || drmgmt_options_set_redis_url(o, settings->redis_url) == 0) &&
              (!settings->keyring || drmgmt_options_set_keyring_file(o, settings->keyring) == 0) &&
              drmgmt_options_set_pool_size(o, settings->pool) == 0 &&
              drmgmt_options_set_application_name(o, name) == 0 &&
              drmgmt_options_set_log(o, jsonlog_write, NULL, settings->log_level) == 0;
    if (!ok) {
        drmgmt_options_free(o);
        fprintf(stderr, "%s: one of the settings is not valid: check the URLs and the path of the keyring\n", name);
        return PROGRAM_EXIT_USAGE;
    }
    if (!allow_outbound(settings, o)) {
        drmgmt_options_free(o);
        return PROGRAM_EXIT_USAGE;
    }
    int failed = drmgmt_context_new(o, context, &error);
    drmgmt_options_free(o);
    return failed ? program_fail("cannot start", error) : 0;
}

void program_block_stops(sigset_t *signals)
{
    sigemptyset(signals);
    sigaddset(signals, SIGTERM);
    sigaddset(signals, SIGINT);
    sigaddset(signals, SIGHUP);
    pthread_sigmask(SIG_BLOCK, signals, NULL);
    signal(SIGPIPE, SIG_IGN);
}

void program_look_at_keyring(drmgmt_context *context, bool asked)
{
    bool changed = false;

    /* What is wrong, and what changed, the library tells the log. */
    if (drmgmt_context_reload(context, &changed, NULL) == 0 && asked && !changed)
        jsonlog_write(NULL, DRMGMT_LOG_INFO, "the keyring is the one in use: nothing changed", NULL, 0);
}

/* Written beside its place and moved there, so that a reader sees all of it or nothing. */
static bool write_beside(const char *flag, const char *path, const char *text)
{
    char beside[4096];
    if ((size_t)snprintf(beside, sizeof beside, "%s.%ld", path, (long)getpid()) >= sizeof beside)
        return program_complain(flag, path, "the path is too long");
    FILE *f = fopen(beside, "we");
    bool ok = f && fprintf(f, "%s\n", text) > 0;
    ok = f && fclose(f) == 0 && ok;
    if (!ok || rename(beside, path)) {
        program_complain(flag, path, strerror(errno));
        unlink(beside);
        return false;
    }
    return true;
}

int program_write_file(const char *flag, const char *path, const char *text)
{
    return write_beside(flag, path, text) ? 0 : drmgmt_status_exit_code(DRMGMT_ERR_IO);
}
