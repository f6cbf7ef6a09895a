/* What dead devices cost those that live: 20,000 GETs alone, and the same among 5,000 to addresses that never answer
 * (2 s timeout), all in flight at once. Called by main.c. */
#include "agents.h"
#include "driver.h"
#include <stdio.h>

enum { LIVE = 20000, DEAD = 5000, ROUNDS = 3 };

#define SETTINGS "{\"version\":\"2c\",\"timeout_ms\":2000,\"retries\":0}"

static bool live_only(const void *user, size_t i, char *text, size_t size)
{
    (void)user;
    (void)size;
    agents_address(i, text);
    return true;
}

/* Every fifth is dead. */
static bool mixed(const void *user, size_t i, char *text, size_t size)
{
    enum { EVERY = (LIVE + DEAD) / DEAD };

    (void)user;
    (void)size;
    if (i % EVERY == 0)
        agents_silent_address(i / EVERY, text);
    else
        agents_address(i - i / EVERY - 1, text);
    return i % EVERY != 0;
}

static bool measure(bench *b, driver_bench *d, driver_run *run, double *alone, double *among)
{
    size_t live = bench_scaled(b, LIVE, 1000) / 4 * 4, dead = live / (LIVE / DEAD);
    driver_figures f;

    run->address = live_only;
    run->count = live;
    if (!driver_bench_run(d, run, &f))
        return false;
    *alone = f.live_seconds;
    run->address = mixed;
    run->count = live + dead;
    if (!driver_bench_run(d, run, &f))
        return false;
    *among = f.live_seconds;
    return (f.completed == live && f.failed == dead) ||
           bench_fail(b, "%zu completed and %zu failed where %zu and %zu were to", f.completed, f.failed, live, dead);
}

bool bench_dead(bench *b)
{
    agents a;
    driver_run run = { .operation = "get",
                       .params = "{\"oids\":[\"1.3.6.1.2.1.1.1.0\"]}",
                       .settings = SETTINGS,
                       .community = "public",
                       .window = 10000 };
    double alone[ROUNDS], among[ROUNDS];
    driver_bench *d = agents_start(b, &a) ? driver_bench_open(b) : NULL;
    bool done = d != NULL;

    run.port = a.port;
    for (size_t i = 0; done && i < ROUNDS; i++)
        done = measure(b, d, &run, &alone[i], &among[i]);
    if (done) {
        samples_sort(alone, ROUNDS);
        samples_sort(among, ROUNDS);
        report_set("dead.alone", samples_percentile(alone, ROUNDS, 0.5) * 1000);
        report_set("dead.among", samples_percentile(among, ROUNDS, 0.5) * 1000);
    }
    driver_bench_close(d);
    agents_stop(&a);
    return done;
}
