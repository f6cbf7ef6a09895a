/* What dead devices cost those that live: 20,000 GETs alone, and the same among 5,000 to addresses that never answer
 * (2 s timeout). First as durable jobs of a worker with 10,000 slots, then by the driver alone. Called by main.c. */
#include "agents.h"
#include "driver.h"
#include <stdio.h>
#include <stdlib.h>

enum {
    LIVE = 20000,
    DEAD = 5000,
    ROUNDS = 3,
    SLOTS = 10000,
    WINDOW = DEAD + 2000 /* of the driver alone: more answers at once than its socket's buffer holds would be lost */
};

#define LANE     "bench-dead"
#define SETTINGS "{\"version\":\"2c\",\"timeout_ms\":2000,\"retries\":0}"

static size_t live_of(const bench *b)
{
    return bench_scaled(b, LIVE, 1000) / 4 * 4;
}

/* The best of the rounds: what else the machine does can only make them longer. */
static void report(const char *alone_figure, const char *among_figure, double *alone, double *among)
{
    samples_sort(alone, ROUNDS);
    samples_sort(among, ROUNDS);
    report_set(alone_figure, alone[0]);
    report_set(among_figure, among[0]);
}

/* ---- durable jobs ---- */

/* Until the last result of a live device is stored: *at in seconds since 1970. Looks where there is little to look
 * through, for it looks often. */
static bool wait_live(bench *b, double *at)
{
    char text[64];
    const char *params[] = { LANE };
    static const char sql[] =
        "SELECT (EXISTS (SELECT FROM drm.jobs j WHERE j.lane = $1 AND j.status = 'queued' AND NOT j.exclusive)"
        "     OR EXISTS (SELECT FROM drm.jobs j WHERE j.worker_id >= '00000000-0000-0000-0000-000000000000'"
        "                AND j.lane = $1 AND j.timeout_ms = 120000))::text"
        " || ' ' || extract(epoch FROM clock_timestamp())";

    do {
        if (bench_over(b))
            return bench_fail(b, "gave up with jobs of live devices still active");
        pause_ms(4);
        if (!database_text(b, sql, params, 1, text, sizeof text))
            return false;
    } while (text[0] == 't');
    return sscanf(text, "%*s %lf", at) == 1;
}

/* And of the others; results are forgotten then. */
static bool wait_all(bench *b, size_t live, size_t dead, double *began)
{
    char text[128];
    const char *params[] = { LANE };
    size_t completed = 0, failed = 0;
    static const char sql[] =
        "SELECT count(*) FILTER (WHERE status = 'completed') || ' ' || count(*) FILTER (WHERE status = 'failed')"
        " || ' ' || extract(epoch FROM min(started_at)) FROM drm.job_results WHERE lane = $1";

    do {
        if (bench_over(b))
            return bench_fail(b, "gave up with jobs of dead devices still active");
        pause_ms(100);
        if (!database_text(b, "SELECT EXISTS (SELECT FROM drm.jobs WHERE lane = $1)", params, 1, text, sizeof text))
            return false;
    } while (text[0] == 't');
    if (!database_text(b, sql, params, 1, text, sizeof text) ||
        !database_run(b, "DELETE FROM drm.job_results WHERE lane = '" LANE "'") ||
        !database_run(b, "VACUUM ANALYZE drm.jobs"))
        return false;
    sscanf(text, "%zu %zu %lf", &completed, &failed, began);
    return (completed == live && failed == dead) ||
           bench_fail(b, "%zu completed and %zu failed where %zu and %zu were to", completed, failed, live, dead);
}

/* From the beginning of the first until the last result of a live one is stored, ms. */
static bool run_jobs(bench *b, const char *name, size_t live, size_t dead, double *ms)
{
    double began, ended;

    if (!fleet_queue(b, name, live + dead, LANE, live + dead) || !wait_live(b, &ended) ||
        !wait_all(b, live, dead, &began))
        return false;
    *ms = (ended - began) * 1000;
    return true;
}

static bool jobs(bench *b, unsigned port)
{
    size_t live_n = live_of(b), dead_n = live_n / (LIVE / DEAD);
    double alone[ROUNDS], among[ROUNDS];
    fleet live = { .n = 0 }, dead = { .n = 0 };
    char both[40];
    pid_t pid = 0;
    bool done = fleet_make(b, &live, "dead-live", live_n, port, false, SETTINGS) &&
                fleet_make(b, &dead, "dead-silent", dead_n, port, true, SETTINGS) &&
                (pid = worker_start(b, LANE, SLOTS)) != 0 && worker_wait(b, LANE);

    snprintf(both, sizeof both, "%s-dead", b->run_name);
    for (size_t i = 0; done && i < ROUNDS; i++)
        done = run_jobs(b, live.name, live_n, 0, &alone[i]) && run_jobs(b, both, live_n, dead_n, &among[i]);
    if (done)
        report("dead.jobs.alone", "dead.jobs.among", alone, among);
    worker_stop(pid);
    fleet_remove(b, &live);
    fleet_remove(b, &dead);
    return done;
}

/* ---- the driver alone ---- */

typedef struct places {
    char (*live)[AGENTS_ADDRESS], (*silent)[AGENTS_ADDRESS];
} places;

static const char *live_only(const void *user, size_t i, bool *counts)
{
    const places *p = user;

    (void)counts;
    return p->live[i];
}

/* Every fifth is dead. */
static const char *mixed(const void *user, size_t i, bool *counts)
{
    enum { EVERY = (LIVE + DEAD) / DEAD };
    const places *p = user;

    *counts = i % EVERY != 0;
    return *counts ? p->live[i - i / EVERY - 1] : p->silent[i / EVERY];
}

static bool measure(bench *b, driver_bench *d, driver_run *run, double *alone, double *among)
{
    size_t live = live_of(b), dead = live / (LIVE / DEAD);
    driver_figures f;

    run->address = live_only;
    run->count = live;
    if (!driver_bench_run(d, run, &f))
        return false;
    *alone = f.live_seconds * 1000;
    run->address = mixed;
    run->count = live + dead;
    if (!driver_bench_run(d, run, &f))
        return false;
    *among = f.live_seconds * 1000;
    return (f.completed == live && f.failed == dead) ||
           bench_fail(b, "%zu completed and %zu failed where %zu and %zu were to", f.completed, f.failed, live, dead);
}

static bool alone(bench *b, unsigned port)
{
    size_t n = live_of(b);
    places p = { agents_addresses(n, false), agents_addresses(n, true) };
    driver_run run = { .operation = "get",
                       .params = "{\"oids\":[\"1.3.6.1.2.1.1.1.0\"]}",
                       .settings = SETTINGS,
                       .community = "public",
                       .port = port,
                       .window = WINDOW,
                       .user = &p };
    double without[ROUNDS], with[ROUNDS];
    driver_bench *d = p.live && p.silent ? driver_bench_open(b) : NULL;
    bool done = d != NULL;

    for (size_t i = 0; done && i < ROUNDS; i++)
        done = measure(b, d, &run, &without[i], &with[i]);
    if (done)
        report("dead.driver.alone", "dead.driver.among", without, with);
    driver_bench_close(d);
    free(p.live);
    free(p.silent);
    return done;
}

bool bench_dead(bench *b)
{
    agents a;
    bool done = agents_start(b, &a) && jobs(b, a.port) && alone(b, a.port);

    agents_stop(&a);
    return done;
}
