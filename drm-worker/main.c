/* drm-worker's entry: its own flags, start and stop; what it has in common with drmd is common/program's. The engine
 * itself is libdrmgmt's (drm/worker.h). */
#include "jsonlog.h"
#include "program.h"
#include "traps.h"
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char usage[] =
    "Usage: drm-worker [OPTION]...\n"
    "Runs the jobs of drmgmt: claims them from PostgreSQL, asks the devices, stores the results. Start as many as you "
    "like.\n"
    "\n"
    "  --database-url URL   PostgreSQL, as the application role (DRM_APP_DATABASE_URL)\n"
    "  --redis-url URL      Redis: doorbell and events (DRM_REDIS_URL); without it jobs start up to a second later\n"
    "  --keyring FILE       the keyring made by \"drmctl init\" (DRM_KEYRING)\n"
    "  --lane NAME[,NAME]   take jobs of this lane (default), or of up to 16 in turn\n"
    "  --slots N            jobs run at once, 1..100000 (2048)\n"
    "  --pool N             PostgreSQL connections held, 2..1000 (4)\n"
    "  --outbound-allow R   let all tenants' jobs reach these special addresses, CIDR[:PORT[-PORT]][/udp or /tcp];\n"
    "                       may be repeated; rules of one tenant: drmctl outbound\n"
    "  --trap-listen ADDRESS:PORT  receive SNMP traps and informs there; may be repeated\n"
    "  --trap-rate N        traps a second taken from one address, after twice as many at once; 0: all (200)\n"
    "  --grace SECONDS      how long running jobs may go on after SIGTERM, 0..3600 (10)\n"
    "  --log-level LEVEL    error, warning, info or debug (info)\n"
    "  --ready-file FILE    write the worker's id there once it waits for jobs\n"
    "  --version, --help\n"
    "\n"
    "Flags win over the environment. SIGTERM or SIGINT: no new jobs, what runs may finish, the rest goes back to the "
    "queue; a\n"
    "second one ends the grace at once. A changed keyring is read anew within a second, or at SIGHUP.\n"
    "Exit codes: 0 stopped as asked, 1 failure, 2 usage, 3 the database refuses the keyring's seal, 5 the schema does "
    "not fit.\n"
    "\n"
    "Examples:\n"
    "  drm-worker --keyring /etc/drmgmt/keyring --redis-url redis://127.0.0.1/0\n"
    "  drm-worker --lane bulk,default --slots 20000 --grace 60\n";

enum option_id { OPT_LANE = PROGRAM_OPT_OWN, OPT_SLOTS, OPT_GRACE, OPT_READY_FILE, OPT_TRAP_LISTEN, OPT_TRAP_RATE };

static const struct option options[] = {
    { "lane", required_argument, NULL, OPT_LANE },
    PROGRAM_OPTIONS,
    { "slots", required_argument, NULL, OPT_SLOTS },
    { "grace", required_argument, NULL, OPT_GRACE },
    { "ready-file", required_argument, NULL, OPT_READY_FILE },
    { "trap-listen", required_argument, NULL, OPT_TRAP_LISTEN },
    { "trap-rate", required_argument, NULL, OPT_TRAP_RATE },
    { NULL, 0, NULL, 0 },
};

typedef struct config {
    program_settings settings;
    const char *lane, *ready_file;
    unsigned slots, grace;
    traps_config traps;
} config;

/* The engine's thread and what it left. */
typedef struct runner {
    drmgmt_worker *worker;
    pthread_t main_thread;
    drmgmt_error *error;
    int rc;
    atomic_bool over;
} runner;

/* The library knows how long a name may be; here it is only told which flag is wrong. */
static bool set_lane(config *c, const char *text)
{
    for (const char *at = text;; at++) {
        size_t n = strcspn(at, ",");
        if (n < 1 || n > 64)
            return program_complain("--lane", text,
                                    "a name of 1 to 64 bytes is wanted, or several with commas between");
        at += n;
        if (!*at)
            break;
    }
    c->lane = text;
    return true;
}

static bool apply(void *user, int id, const char *value)
{
    config *c = user;
    switch (id) {
    case OPT_LANE:
        return set_lane(c, value);
    case OPT_SLOTS:
        return program_number("--slots", value, 1, 100000, &c->slots);
    case OPT_GRACE:
        return program_number("--grace", value, 0, 3600, &c->grace);
    case OPT_READY_FILE:
        c->ready_file = value;
        return true;
    case OPT_TRAP_LISTEN:
        return traps_listen_on(&c->traps, value);
    case OPT_TRAP_RATE:
        return program_number("--trap-rate", value, 0, 1000000, &c->traps.rate);
    default:
        return false;
    }
}

/* Returns -1 to go on, or the exit code. */
static int configure(config *c, int argc, char **argv)
{
    static const program drm_worker = {
        .name = "drm-worker", .usage = usage, .options = options, .pool_least = 2, .apply = apply
    };
    int code = program_configure(&drm_worker, &c->settings, c, argc, argv);
    if (code < 0 && (!c->settings.keyring || !*c->settings.keyring)) {
        fprintf(stderr,
                "drm-worker: no keyring: give --keyring or set DRM_KEYRING to the file that \"drmctl init\" made\n");
        return PROGRAM_EXIT_USAGE;
    }
    return code;
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
static int supervise(const config *c, drmgmt_context *context, runner *r, const sigset_t *signals)
{
    bool ready = !c->ready_file;
    int code = 0, stops = 0;

    while (!atomic_load(&r->over)) {
        struct timespec wait = { .tv_sec = ready ? PROGRAM_LOOK_SECONDS : 0, .tv_nsec = ready ? 0 : 10000000 };
        int got = sigtimedwait(signals, NULL, &wait);
        if (got == SIGTERM || got == SIGINT) {
            drmgmt_log_field field = { "signal", got == SIGTERM ? "SIGTERM" : "SIGINT" };
            jsonlog_write(NULL, DRMGMT_LOG_INFO, stops++ ? "stopping at once" : "stopping", &field, 1);
            drmgmt_worker_stop(r->worker, stops > 1 ? 0 : c->grace * 1000);
        }
        if (ready || got == SIGHUP)
            program_look_at_keyring(context, got == SIGHUP);
        drmgmt_worker_stats stats;
        drmgmt_worker_stats_get(r->worker, &stats);
        const char *id = drmgmt_worker_id(r->worker);
        if (ready || !stats.claims || !*id)
            continue;
        ready = true;
        code = program_write_file("--ready-file", c->ready_file, id);
        if (code)
            drmgmt_worker_stop(r->worker, 0);
    }
    return code;
}

static int work(const config *c, drmgmt_context *context, const sigset_t *signals)
{
    runner r = { .main_thread = pthread_self() };
    pthread_t thread;

    if (drmgmt_worker_new(context, c->lane, c->slots, &r.worker, &r.error))
        return program_fail("cannot start", r.error);
    if (pthread_create(&thread, NULL, run, &r)) {
        drmgmt_worker_free(r.worker);
        fprintf(stderr, "drm-worker: a thread cannot be started: raise the limit of processes (ulimit -u)\n");
        return 1;
    }
    int code = supervise(c, context, &r, signals);
    pthread_join(thread, NULL);
    drmgmt_worker_free(r.worker);
    if (r.rc)
        return program_fail("cannot run", r.error);
    return code;
}

int main(int argc, char **argv)
{
    config c = { .settings.pool = 4, .lane = "default", .slots = 2048, .grace = 10, .traps.rate = 200 };
    int code = configure(&c, argc, argv);
    if (code >= 0)
        return code;
    if (c.ready_file)
        unlink(c.ready_file); /* of an earlier life: nobody is to believe it */
    mallopt(M_ARENA_MAX, 2);  /* memory of claims and results moves between two threads: few arenas keep it small */
    jsonlog_init("drm-worker", c.settings.log_level);
    sigset_t signals;
    program_block_stops(&signals);
    sigaddset(&signals, SIGUSR1); /* the engine's thread tells its end by it */
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    drmgmt_context *context = NULL;
    traps *listener = NULL;
    code = program_open_context(&c.settings, &context);
    if (!code) {
        code = traps_start(&c.traps, context, &listener);
        if (code < 0)
            code = work(&c, context, &signals);
        traps_stop(listener);
    }
    drmgmt_context_free(context);
    return code;
}
