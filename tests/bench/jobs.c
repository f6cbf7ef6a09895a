/* Jobs end to end - submitted and run at once, until the last one is in job_results - and each half by itself:
 * submissions while the worker is paused, then the worker alone with the whole queue. Called by main.c. */
#include "bench.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { JOBS = 20000, BATCH = 500, THREADS = 2, PAUSE_MAX_S = 12 };

const job_kind job_get = { "snmp", "get", "{\"oids\":[\"1.3.6.1.2.1.1.1.0\"]}" };

static const job_kind kinds[] = {
    { "fake", "echo", "{\"value\":\"hello\"}" },
    { "snmp", "get", "{\"oids\":[\"1.3.6.1.2.1.1.1.0\"]}" },
};

/* ---- submission through the library ---- */
typedef struct submitter {
    bench *b;
    const job_kind *kind;
    drmgmt_context *context;
    const char (*devices)[ID_SIZE];
    size_t n_devices;
    size_t first, count; /* of the run's jobs */
    bool done;
    pthread_t thread;
} submitter;

static drmgmt_draft *make_draft(const submitter *s, size_t i)
{
    drmgmt_error *error = NULL;
    const struct {
        const char *name, *value;
    } fields[] = { { "device_id", s->devices[i % s->n_devices] },
                   { "protocol", s->kind->protocol },
                   { "operation", s->kind->operation },
                   { "params", s->kind->params } };
    drmgmt_draft *draft = drmgmt_draft_new(drmgmt_entity_find("job"));
    for (size_t f = 0; draft && f < COUNT(fields); f++)
        if (drmgmt_draft_set(draft, fields[f].name, fields[f].value, &error)) {
            library_fail(s->b, "drmgmt_draft_set", error);
            drmgmt_draft_free(draft);
            return NULL;
        }
    return draft;
}

static bool submit_batch(const submitter *s, drmgmt_session *session, size_t first, size_t count)
{
    drmgmt_draft *drafts[BATCH] = { NULL };
    drmgmt_error *error = NULL;
    bool done = true;
    for (size_t i = 0; done && i < count; i++)
        done = (drafts[i] = make_draft(s, first + i)) != NULL;
    if (done && drmgmt_job_submit_many(session, (const drmgmt_draft *const *)drafts, count, NULL, &error))
        done = library_fail(s->b, "drmgmt_job_submit_many", error);
    for (size_t i = 0; i < count; i++)
        drmgmt_draft_free(drafts[i]);
    return done;
}

static void *submit_thread(void *user)
{
    submitter *s = user;
    drmgmt_session *session = NULL;
    drmgmt_error *error = NULL;
    if (drmgmt_session_open_token(s->context, s->b->token, NULL, &session, &error)) {
        library_fail(s->b, "drmgmt_session_open_token", error);
        return NULL;
    }
    s->done = true;
    for (size_t i = 0; s->done && i < s->count; i += BATCH) {
        size_t left = s->count - i;
        s->done = !bench_over(s->b) && submit_batch(s, session, s->first + i, left < BATCH ? left : BATCH);
    }
    drmgmt_session_close(session);
    return NULL;
}

bool jobs_submit(bench *b, const job_kind *kind, drmgmt_context *context, const char (*devices)[ID_SIZE],
                 size_t n_devices, size_t count)
{
    submitter s[THREADS];
    bool done = true;
    int started = 0;
    for (; started < THREADS; started++) {
        size_t first = count * (size_t)started / THREADS, end = count * ((size_t)started + 1) / THREADS;
        s[started] = (submitter){ .b = b,
                                  .kind = kind,
                                  .context = context,
                                  .devices = devices,
                                  .n_devices = n_devices,
                                  .first = first,
                                  .count = end - first };
        if (pthread_create(&s[started].thread, NULL, submit_thread, &s[started])) {
            done = bench_fail(b, "a thread cannot be started");
            break;
        }
    }
    for (int i = 0; i < started; i++) {
        pthread_join(s[i].thread, NULL);
        done = done && s[i].done;
    }
    return done;
}

/* ---- submission over REST ---- */
static void free_bodies(char **bodies)
{
    for (size_t i = 0; i < JOB_DEVICES; i++)
        free(bodies[i]);
}

static bool make_bodies(bench *b, const job_kind *kind, char **bodies)
{
    for (size_t i = 0; i < JOB_DEVICES; i++)
        if (asprintf(&bodies[i], "{\"device_id\":\"%s\",\"protocol\":\"%s\",\"operation\":\"%s\",\"params\":%s}",
                     b->devices[i], kind->protocol, kind->operation, kind->params) < 0) {
            bodies[i] = NULL;
            return bench_fail(b, "out of memory");
        }
    return true;
}

static bool submit_by_rest(bench *b, const job_kind *kind, size_t count, int64_t until_us, size_t *answered,
                           double *seconds)
{
    char *bodies[JOB_DEVICES] = { NULL };
    load l = { .path = "/api/v1/jobs",
               .bodies = (const char *const *)bodies,
               .n_bodies = JOB_DEVICES,
               .count = count,
               .status = 202,
               .until_us = until_us };
    bool done = make_bodies(b, kind, bodies) && load_run(b, &l);
    free_bodies(bodies);
    *answered = l.answered;
    *seconds = l.seconds;
    return done;
}

/* ---- the benchmarks ---- */
bool jobs_begin(bench *b, char *since, size_t size)
{
    if (!fixture_login(b) || !database_run(b, "VACUUM ANALYZE drm.jobs"))
        return false;
    return database_text(b, "SELECT clock_timestamp()::text", NULL, 0, since, size);
}

static void set(const job_kind *kind, const char *what, const char *way, double value)
{
    char name[64];
    snprintf(name, sizeof name, "%s.%s.%s", what, kind->protocol, way);
    report_set(name, value);
}

/* Jobs a second from the first submission until the last result is stored, submitted by context (NULL: over REST). */
static bool end_to_end(bench *b, const job_kind *kind, drmgmt_context *context)
{
    char since[64], run[64];
    size_t count = bench_scaled(b, JOBS, 100), answered;
    const char *way = context ? "libdrm" : "rest";
    int64_t done_us;
    double seconds;
    if (!jobs_begin(b, since, sizeof since))
        return false;
    int own = PQbackendPID(b->admin);
    cpu_times from = processes_cpu(own);
    bool submitted = context ? jobs_submit(b, kind, context, (const char(*)[ID_SIZE])b->devices, JOB_DEVICES, count)
                             : submit_by_rest(b, kind, count, INT64_MAX, &answered, &seconds);
    int64_t submitted_us = now_us();
    if (!submitted || !database_wait_jobs(b, since, count, &done_us))
        return false;
    cpu_times to = processes_cpu(own);
    set(kind, "jobs", way, (double)count * 1e6 / (double)(done_us - from.at_us));
    set(kind, "submit", way, (double)count * 1e6 / (double)(submitted_us - from.at_us));
    snprintf(run, sizeof run, "jobs.%s.%s", kind->protocol, way);
    report_cpu(run, "job", &from, &to, (double)count);
    return true;
}

bool bench_jobs(bench *b)
{
    drmgmt_context *context = library_open(b);
    bool done = context != NULL;
    for (size_t i = 0; done && i < COUNT(kinds); i++)
        done = end_to_end(b, &kinds[i], context);
    for (size_t i = 0; done && i < COUNT(kinds); i++)
        done = end_to_end(b, &kinds[i], NULL);
    drmgmt_context_free(context);
    return done;
}

/* The worker's lease lasts 30 s: it is paused for well below that, and what was submitted by then is the queue. */
static bool drain(bench *b, const job_kind *kind)
{
    char since[64], run[64];
    size_t answered = 0;
    double seconds = 0;
    int64_t done_us;
    if (!jobs_begin(b, since, sizeof since))
        return false;
    int own = PQbackendPID(b->admin);
    if (!processes_worker_pause(true))
        return bench_fail(b, "the worker cannot be paused: DRM_PID_WORKER");
    cpu_times from = processes_cpu(own);
    bool submitted =
        submit_by_rest(b, kind, bench_scaled(b, JOBS, 100), now_us() + PAUSE_MAX_S * 1000000LL, &answered, &seconds);
    cpu_times between = processes_cpu(own);
    if (!processes_worker_pause(false))
        return bench_fail(b, "the worker cannot be resumed");
    if (!submitted || !database_wait_jobs(b, since, answered, &done_us))
        return false;
    cpu_times to = processes_cpu(own);
    set(kind, "submit_alone", "rest", (double)answered / seconds);
    set(kind, "drain", "worker", (double)answered * 1e6 / (double)(done_us - between.at_us));
    snprintf(run, sizeof run, "submit_alone.%s.rest", kind->protocol);
    report_cpu(run, "job", &from, &between, (double)answered);
    snprintf(run, sizeof run, "drain.%s.worker", kind->protocol);
    report_cpu(run, "job", &between, &to, (double)answered);
    return true;
}

bool bench_drain(bench *b)
{
    bool done = true;
    for (size_t i = 0; done && i < COUNT(kinds); i++)
        done = drain(b, &kinds[i]);
    return done;
}
