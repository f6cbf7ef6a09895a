/* Durable jobs end to end: single GETs of 10,000 devices whose agents answer at once, submitted while the worker is
 * paused, then from its resumption until the last result is stored; beside pgbench, which calls the same two functions
 * of the database and does nothing else. Called by main.c. */
#include "agents.h"
#include "bench.h"
#include <stdio.h>

enum { FLEET = 10000, JOBS = 40000 };

#define SETTINGS "{\"version\":\"2c\",\"timeout_ms\":2000,\"retries\":2}"

/* The worker's lease lasts 30 s: it is paused for less. */
static bool drain(bench *b, drmgmt_context *context, const fleet *f)
{
    char since[64];
    int64_t done_us;
    size_t count = bench_scaled(b, JOBS, 1000);
    int own = PQbackendPID(b->admin);

    if (!jobs_begin(b, since, sizeof since))
        return false;
    if (!processes_worker_pause(true))
        return bench_fail(b, "the worker cannot be paused: DRM_PID_WORKER");
    bool submitted = jobs_submit(b, &job_get, context, (const char(*)[ID_SIZE])f->ids, f->n, count);
    cpu_times from = processes_cpu(own);
    if (!processes_worker_pause(false))
        return bench_fail(b, "the worker cannot be resumed");
    if (!submitted || !database_wait_jobs(b, since, count, &done_us))
        return false;
    cpu_times to = processes_cpu(own);
    double rate = (double)count * 1e6 / (double)(done_us - from.at_us);
    report_set("engine.get", rate);
    report_set("engine.get.share", rate);
    report_cpu("engine.get", "job", &from, &to, (double)count);
    return true;
}

bool bench_engine(bench *b)
{
    agents a = { 0 };
    fleet f = { .n = 0 };
    drmgmt_context *context = library_open(b);
    bool done = context && agents_start(b, &a) &&
                fleet_make(b, &f, "engine", bench_scaled(b, FLEET, 200), a.port, false, SETTINGS) &&
                ceiling_sched(b, &f) && drain(b, context, &f);

    drmgmt_context_free(context);
    fleet_remove(b, &f);
    agents_stop(&a);
    return done;
}
