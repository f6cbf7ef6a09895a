/* How long one job takes on an idle system, from just before its submission until its result is seen: by reading it
 * again and again, over its event stream, and by the library's wait. Called by main.c. */
#include "bench.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SAMPLES = 300, GAP_MS = 8, WAIT_MS = 15000 };

typedef struct latency {
    bench *b;
    http rest, stream;
    drmgmt_session *session; /* of the library's way */
    char body[512];          /* of the submission */
} latency;

typedef bool way_fn(latency *l, double *ms);

static double ms_since(int64_t from)
{
    return (double)(now_us() - from) / 1000;
}

static bool ended_well(const latency *l, const char *status)
{
    return strcmp(status, "completed") == 0 || bench_fail(l->b, "a job ended as %s", status);
}

/* Submits over REST; the path of the job, with what follows it. */
static bool submit(latency *l, char *path, size_t size, const char *suffix)
{
    json_t *answer = fixture_call(l->b, &l->rest, "POST", "/api/v1/jobs", l->body, 202);
    const char *id = json_string_value(json_object_get(answer, "job_id"));
    if (answer && !id)
        bench_fail(l->b, "a submission was answered without job_id");
    if (id)
        snprintf(path, size, "/api/v1/jobs/%s%s", id, suffix);
    json_decref(answer);
    return id != NULL;
}

static bool by_polling(latency *l, double *ms)
{
    char path[96], status[32] = "";
    int64_t from = now_us();
    if (!submit(l, path, sizeof path, ""))
        return false;
    while (!drmgmt_job_status_ended(status)) {
        if (ms_since(from) > WAIT_MS)
            return bench_fail(l->b, "a job did not end within %d s", WAIT_MS / 1000);
        json_t *job = fixture_call(l->b, &l->rest, "GET", path, NULL, 200);
        const char *text = json_string_value(json_object_get(job, "status"));
        snprintf(status, sizeof status, "%s", text ? text : "");
        json_decref(job);
        if (!text)
            return false;
    }
    *ms = ms_since(from);
    return ended_well(l, status);
}

static bool by_events(latency *l, double *ms)
{
    char path[96];
    http_response head;
    const char *name = "", *data = NULL;
    int64_t from = now_us();
    if (!submit(l, path, sizeof path, "/events"))
        return false;
    http_close(&l->stream);
    if (!http_send(&l->stream, "GET", path, l->b->token, NULL) || !http_stream_open(&l->stream, &head))
        return bench_fail(l->b, "GET %s: %s", path, l->stream.problem);
    if (head.status != 200)
        return bench_fail(l->b, "GET %s: %d %s", path, head.status, head.body);
    while (strcmp(name, "done") != 0)
        if (!http_stream_next(&l->stream, &name, &data))
            return bench_fail(l->b, "GET %s: %s", path, l->stream.problem);
    *ms = ms_since(from);
    json_t *job = json_loads(data, 0, NULL);
    const char *status = json_string_value(json_object_get(job, "status"));
    bool well = ended_well(l, status ? status : "unknown");
    json_decref(job);
    return well;
}

static bool by_library(latency *l, double *ms)
{
    drmgmt_error *error = NULL;
    drmgmt_record *job = NULL;
    drmgmt_draft *draft = NULL;
    int64_t from = now_us();
    if (drmgmt_draft_from_json(drmgmt_entity_find("job"), l->body, strlen(l->body), &draft, &error))
        return library_fail(l->b, "drmgmt_draft_from_json", error);
    int failed = drmgmt_job_submit(l->session, draft, NULL, &job, &error);
    drmgmt_draft_free(draft);
    if (failed)
        return library_fail(l->b, "drmgmt_job_submit", error);
    char id[ID_SIZE];
    snprintf(id, sizeof id, "%s", drmgmt_record_id(job));
    drmgmt_record_free(job);
    if (drmgmt_job_wait(l->session, id, WAIT_MS, &job, &error))
        return library_fail(l->b, "drmgmt_job_wait", error);
    *ms = ms_since(from);
    const char *status = drmgmt_record_text(job, "status");
    bool well = ended_well(l, status ? status : "unknown");
    drmgmt_record_free(job);
    return well;
}

static bool measure(latency *l, const char *name, way_fn *way)
{
    char figure[64];
    size_t n = bench_scaled(l->b, SAMPLES, 20);
    double *samples = calloc(n, sizeof *samples);
    bool done = samples != NULL;
    for (size_t i = 0; done && i < n; i++) {
        done = (!bench_over(l->b) || bench_fail(l->b, "%s: gave up after %zu of %zu jobs", name, i, n)) &&
               way(l, &samples[i]);
        pause_ms(GAP_MS); /* lets the system fall idle again */
    }
    if (done) {
        samples_sort(samples, n);
        snprintf(figure, sizeof figure, "latency.%s.p50", name);
        report_set(figure, samples_percentile(samples, n, 0.50));
        snprintf(figure, sizeof figure, "latency.%s.p99", name);
        report_set(figure, samples_percentile(samples, n, 0.99));
    }
    free(samples);
    return done;
}

bool bench_latency(bench *b)
{
    latency l = { .b = b };
    drmgmt_error *error = NULL;
    http_init(&l.rest, &b->target);
    http_init(&l.stream, &b->target);
    snprintf(l.body, sizeof l.body,
             "{\"device_id\":\"%s\",\"protocol\":\"snmp\",\"operation\":\"get\",\"params\":{\"oids\":[\"1.3.6.1.2.1.1."
             "1.0\"]}}",
             b->devices[0]);
    bool done = fixture_login(b) && measure(&l, "poll", by_polling) && measure(&l, "sse", by_events);
    drmgmt_context *context = done ? library_open(b) : NULL;
    if (context && drmgmt_session_open_token(context, b->token, NULL, &l.session, &error))
        done = library_fail(b, "drmgmt_session_open_token", error);
    done = done && l.session && measure(&l, "libdrm", by_library);
    drmgmt_session_close(l.session);
    drmgmt_context_free(context);
    http_free(&l.rest);
    http_free(&l.stream);
    return done;
}
