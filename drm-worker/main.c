/* drm-worker's entry: flags and environment, signals, start and stop. The engine itself is libdrmgmt's (drm/worker.h).
 */
#include "jsonlog.h"
#include <drm/version.h>
#include <drm/worker.h>
#include <errno.h>
#include <getopt.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { EXIT_USAGE = 2 };

static const char usage[] =
    "Usage: drm-worker [OPTION]...\n"
    "Runs the jobs of drmgmt: claims them from PostgreSQL, asks the devices, stores the results. Start as many as you "
    "like.\n"
    "\n"
    "  --database-url URL   PostgreSQL, as the application role (DRM_APP_DATABASE_URL)\n"
    "  --redis-url URL      Redis: doorbell and events (DRM_REDIS_URL); without it jobs start up to a second later\n"
    "  --keyring FILE       the keyring made by \"drmctl init\" (DRM_KEYRING)\n"
    "  --lane NAME          take jobs of this lane (default)\n"
    "  --slots N            jobs run at once, 1..100000 (2048)\n"
    "  --pool N             PostgreSQL connections held, 2..1000 (4)\n"
    "  --grace SECONDS      how long running jobs may go on after SIGTERM, 0..3600 (10)\n"
    "  --log-level LEVEL    error, warning, info or debug (info)\n"
    "  --ready-file FILE    write the worker's id there once it waits for jobs\n"
    "  --version, --help\n"
    "\n"
    "Flags win over the environment. SIGTERM or SIGINT: no new jobs, what runs may finish, the rest goes back to the "
    "queue; a\n"
    "second one ends the grace at once.\n"
    "Exit codes: 0 stopped as asked, 1 failure, 2 usage, 3 the database refuses the keyring's seal, 5 the schema does "
    "not fit.\n"
    "\n"
    "Examples:\n"
    "  drm-worker --keyring /etc/drmgmt/keyring --redis-url redis://127.0.0.1/0\n"
    "  drm-worker --lane bulk --slots 20000 --grace 60\n";

enum option_id {
    OPT_DATABASE = 1,
    OPT_REDIS,
    OPT_KEYRING,
    OPT_LANE,
    OPT_SLOTS,
    OPT_POOL,
    OPT_GRACE,
    OPT_LOG,
    OPT_READY_FILE,
    OPT_VERSION,
    OPT_HELP
};

static const struct option options[] = {
    { "database-url", required_argument, NULL, OPT_DATABASE },
    { "redis-url", required_argument, NULL, OPT_REDIS },
    { "keyring", required_argument, NULL, OPT_KEYRING },
    { "lane", required_argument, NULL, OPT_LANE },
    { "slots", required_argument, NULL, OPT_SLOTS },
    { "pool", required_argument, NULL, OPT_POOL },
    { "grace", required_argument, NULL, OPT_GRACE },
    { "log-level", required_argument, NULL, OPT_LOG },
    { "ready-file", required_argument, NULL, OPT_READY_FILE },
    { "version", no_argument, NULL, OPT_VERSION },
    { "help", no_argument, NULL, OPT_HELP },
    { NULL, 0, NULL, 0 },
};

typedef struct config {
    const char *database_url, *redis_url, *keyring, *lane, *ready_file;
    unsigned slots, pool, grace;
    drmgmt_log_level log_level;
} config;

/* The engine's thread and what it left. */
typedef struct runner {
    drmgmt_worker *worker;
    pthread_t main_thread;
    drmgmt_error *error;
    int rc;
    atomic_bool over;
} runner;

static bool complain(const char *flag, const char *value, const char *wanted)
{
    fprintf(stderr, "drm-worker: %s %s: %s\n", flag, value, wanted);
    return false;
}

static bool parse_number(const char *flag, const char *text, unsigned low, unsigned high, unsigned *value)
{
    char *end;
    errno = 0;
    unsigned long n = strtoul(text, &end, 10);
    if (errno || end == text || *end || *text == '-' || n < low || n > high) {
        fprintf(stderr, "drm-worker: %s %s: a number from %u to %u is wanted\n", flag, text, low, high);
        return false;
    }
    *value = (unsigned)n;
    return true;
}

static bool set_log_level(config *c, const char *text)
{
    int level = jsonlog_level_parse(text);
    if (level < 0)
        return complain("--log-level", text, "error, warning, info or debug is wanted");
    c->log_level = (drmgmt_log_level)level;
    return true;
}

static bool set_lane(config *c, const char *text)
{
    if (!*text || strlen(text) > 64)
        return complain("--lane", text, "a name of 1 to 64 bytes is wanted");
    c->lane = text;
    return true;
}

static bool apply(config *c, int id, const char *value)
{
    switch (id) {
    case OPT_DATABASE:
        c->database_url = value;
        return true;
    case OPT_REDIS:
        c->redis_url = value;
        return true;
    case OPT_KEYRING:
        c->keyring = value;
        return true;
    case OPT_LANE:
        return set_lane(c, value);
    case OPT_SLOTS:
        return parse_number("--slots", value, 1, 100000, &c->slots);
    case OPT_POOL:
        return parse_number("--pool", value, 2, 1000, &c->pool);
    case OPT_GRACE:
        return parse_number("--grace", value, 0, 3600, &c->grace);
    case OPT_LOG:
        return set_log_level(c, value);
    case OPT_READY_FILE:
        c->ready_file = value;
        return true;
    default:
        return false;
    }
}

/* Returns -1 to go on, or the exit code. */
static int parse_flags(config *c, int argc, char **argv)
{
    int id;
    while ((id = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (id == OPT_HELP) {
            fputs(usage, stdout);
            return 0;
        }
        if (id == OPT_VERSION) {
            printf("drm-worker %s (libdrmgmt %s)\n", DRMGMT_VERSION, drmgmt_version());
            return 0;
        }
        if (!apply(c, id, optarg)) {
            fprintf(stderr, "Try \"drm-worker --help\".\n");
            return EXIT_USAGE;
        }
    }
    if (optind < argc) {
        fprintf(stderr, "drm-worker: %s: no such argument\nTry \"drm-worker --help\".\n", argv[optind]);
        return EXIT_USAGE;
    }
    if (!c->database_url || !*c->database_url) {
        fprintf(stderr, "drm-worker: no database: give --database-url or set DRM_APP_DATABASE_URL\n");
        return EXIT_USAGE;
    }
    if (!c->keyring || !*c->keyring) {
        fprintf(stderr,
                "drm-worker: no keyring: give --keyring or set DRM_KEYRING to the file that \"drmctl init\" made\n");
        return EXIT_USAGE;
    }
    return -1;
}

static const char *from_environment(const char *name)
{
    const char *value = getenv(name);
    return value && *value ? value : NULL;
}

static int fail(const char *what, drmgmt_error *error)
{
    drmgmt_status status = drmgmt_error_status(error);
    fprintf(stderr, "drm-worker: %s: %s\n", what, error ? drmgmt_error_message(error) : drmgmt_status_title(status));
    drmgmt_error_free(error);
    return drmgmt_status_exit_code(status);
}

static int open_context(const config *c, drmgmt_context **context)
{
    drmgmt_error *error = NULL;
    drmgmt_options *o = drmgmt_options_new();
    bool ok = o && drmgmt_options_set_database_url(o, c->database_url) == 0 &&
              (!c->redis_url || drmgmt_options_set_redis_url(o, c->redis_url) == 0) &&
              drmgmt_options_set_keyring_file(o, c->keyring) == 0 && drmgmt_options_set_pool_size(o, c->pool) == 0 &&
              drmgmt_options_set_application_name(o, "drm-worker") == 0 &&
              drmgmt_options_set_log(o, jsonlog_write, NULL, c->log_level) == 0;
    if (!ok) {
        drmgmt_options_free(o);
        fprintf(stderr, "drm-worker: one of the settings is not valid: check the URLs and the path of the keyring\n");
        return EXIT_USAGE;
    }
    int failed = drmgmt_context_new(o, context, &error);
    drmgmt_options_free(o);
    return failed ? fail("cannot start", error) : 0;
}

/* Written beside its place and moved there, so that a reader sees all of it or nothing. */
static bool write_ready_file(const char *path, const char *text)
{
    char beside[4096];
    if ((size_t)snprintf(beside, sizeof beside, "%s.%ld", path, (long)getpid()) >= sizeof beside)
        return complain("--ready-file", path, "the path is too long");
    FILE *f = fopen(beside, "we");
    bool ok = f && fprintf(f, "%s\n", text) > 0;
    ok = f && fclose(f) == 0 && ok;
    if (!ok || rename(beside, path)) {
        complain("--ready-file", path, strerror(errno));
        unlink(beside);
        return false;
    }
    return true;
}

static void *run(void *user)
{
    runner *r = user;
    r->rc = drmgmt_worker_run(r->worker, &r->error);
    atomic_store(&r->over, true);
    pthread_kill(r->main_thread, SIGUSR1);
    return NULL;
}

/* Waits for signals until the engine is over. It waits for jobs once a first claim statement was answered. */
static int supervise(const config *c, runner *r, const sigset_t *signals)
{
    bool ready = !c->ready_file;
    int code = 0, stops = 0;

    while (!atomic_load(&r->over)) {
        struct timespec wait = { .tv_sec = ready ? 3600 : 0, .tv_nsec = ready ? 0 : 10000000 };
        int got = sigtimedwait(signals, NULL, &wait);
        if (got == SIGTERM || got == SIGINT) {
            drmgmt_log_field field = { "signal", got == SIGTERM ? "SIGTERM" : "SIGINT" };
            jsonlog_write(NULL, DRMGMT_LOG_INFO, stops++ ? "stopping at once" : "stopping", &field, 1);
            drmgmt_worker_stop(r->worker, stops > 1 ? 0 : c->grace * 1000);
        }
        drmgmt_worker_stats stats;
        drmgmt_worker_stats_get(r->worker, &stats);
        const char *id = drmgmt_worker_id(r->worker);
        if (ready || !stats.claims || !*id)
            continue;
        ready = true;
        if (!write_ready_file(c->ready_file, id)) {
            code = drmgmt_status_exit_code(DRMGMT_ERR_IO);
            drmgmt_worker_stop(r->worker, 0);
        }
    }
    return code;
}

static int work(const config *c, drmgmt_context *context, const sigset_t *signals)
{
    runner r = { .main_thread = pthread_self() };
    pthread_t thread;

    if (drmgmt_worker_new(context, c->lane, c->slots, &r.worker, &r.error))
        return fail("cannot start", r.error);
    if (pthread_create(&thread, NULL, run, &r)) {
        drmgmt_worker_free(r.worker);
        fprintf(stderr, "drm-worker: a thread cannot be started: raise the limit of processes (ulimit -u)\n");
        return 1;
    }
    int code = supervise(c, &r, signals);
    pthread_join(thread, NULL);
    drmgmt_worker_free(r.worker);
    if (r.rc)
        return fail("cannot run", r.error);
    return code;
}

int main(int argc, char **argv)
{
    config c = {
        .database_url = from_environment("DRM_APP_DATABASE_URL"),
        .redis_url = from_environment("DRM_REDIS_URL"),
        .keyring = from_environment("DRM_KEYRING"),
        .lane = "default",
        .slots = 2048,
        .pool = 4,
        .grace = 10,
        .log_level = DRMGMT_LOG_INFO,
    };
    int code = parse_flags(&c, argc, argv);
    if (code >= 0)
        return code;
    if (c.ready_file)
        unlink(c.ready_file); /* of an earlier life: nobody is to believe it */
    mallopt(M_ARENA_MAX, 2);  /* memory of claims and results moves between two threads: few arenas keep it small */
    jsonlog_init("drm-worker", c.log_level);
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGUSR1);               /* the engine's thread tells its end by it */
    pthread_sigmask(SIG_BLOCK, &signals, NULL); /* inherited by every thread made from here on */
    signal(SIGPIPE, SIG_IGN);
    drmgmt_context *context = NULL;
    code = open_context(&c, &context);
    if (!code)
        code = work(&c, context, &signals);
    drmgmt_context_free(context);
    return code;
}
