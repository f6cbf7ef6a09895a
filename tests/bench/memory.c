/* The memory of a worker with 10,000 operations in flight: a worker of the bench's own, and as many devices that never
 * answer. Called by main.c. */
#include "agents.h"
#include "bench.h"
#include <stdio.h>
#include <stdlib.h>

enum { FLIGHT = 10000 };

#define LANE     "bench-memory"
#define SETTINGS "{\"version\":\"2c\",\"timeout_ms\":60000,\"retries\":0}"

static bool wait_running(bench *b, size_t count)
{
    char text[64];
    const char *params[] = { LANE };

    do {
        if (bench_over(b))
            return bench_fail(b, "gave up waiting for the operations");
        pause_ms(50);
        if (!database_text(b, "SELECT count(*) FROM drm.jobs WHERE lane = $1 AND status = 'running'", params, 1, text,
                           sizeof text))
            return false;
    } while (strtoul(text, NULL, 10) < count);
    return true;
}

static bool fly(bench *b, const fleet *f, pid_t pid)
{
    if (!worker_wait(b, LANE))
        return false;
    report_set("memory.flight.idle.rss", memory_of(pid).rss_mb);
    if (!fleet_queue(b, f->name, f->n, LANE, f->n) || !wait_running(b, f->n))
        return false;
    pause_ms(500); /* from claimed to begun */
    report_set("memory.flight.rss", memory_of(pid).rss_mb);
    return true;
}

bool bench_memory(bench *b)
{
    agents a = { 0 };
    fleet f = { .n = 0 };
    size_t n = bench_scaled(b, FLIGHT, 200);
    pid_t pid = 0;
    bool done = agents_start(b, &a) && fleet_make(b, &f, "memory", n, a.port, true, SETTINGS) &&
                (pid = worker_start(b, LANE, (unsigned)n)) != 0 && fly(b, &f, pid);

    worker_stop(pid);
    fleet_remove(b, &f);
    agents_stop(&a);
    return done;
}
