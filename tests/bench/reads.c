/* REST reads a second: wrk against one path after the other. Called by main.c; calls wrk as a child process. */
#include "bench.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SECONDS = 5 };

/* One run of wrk; every answer must be a success. */
static bool wrk(bench *b, const char *figure, const char *path)
{
    char seconds[16], url[256], header[4200], *output = NULL;
    size_t duration = bench_scaled(b, SECONDS, 1);
    snprintf(seconds, sizeof seconds, "%zus", duration);
    snprintf(url, sizeof url, "http://%s%s", b->target.host, path);
    snprintf(header, sizeof header, "Authorization: Bearer %s", b->token);
    const char *argv[] = { b->wrk, "-t2", "-c32", "-d", seconds, "-H", header, url, NULL };
    int own = PQbackendPID(b->admin);
    cpu_times from = processes_cpu(own);
    bool done = child_run(b, argv, (unsigned)duration + 20, &output);
    cpu_times to = processes_cpu(own);
    double rate = done ? number_after(output, "Requests/sec:") : NAN, count = NAN;
    if (done) {
        const char *total = strstr(output, " requests in ");
        while (total && total > output && total[-1] >= '0' && total[-1] <= '9')
            total--;
        count = total ? strtod(total, NULL) : NAN;
        if (isnan(rate) || !(count > 0) || strstr(output, "Non-2xx") || strstr(output, "Socket errors"))
            done = bench_fail(b, "wrk %s: %s", path, output);
    }
    if (done) {
        report_set(figure, rate);
        report_cpu(figure, "request", &from, &to, count);
    }
    free(output);
    return done;
}

/* A job that has ended: what is read by id is usually in job_results. */
static bool make_job(bench *b, char *path, size_t size)
{
    http h;
    char body[512], since[64];
    int64_t done_us;
    http_init(&h, &b->target);
    snprintf(body, sizeof body,
             "{\"device_id\":\"%s\",\"protocol\":\"snmp\",\"operation\":\"get\",\"params\":{\"oids\":[\"1.3.6.1.2.1.1."
             "1.0\"]}}",
             b->devices[0]);
    bool done = database_text(b, "SELECT clock_timestamp()::text", NULL, 0, since, sizeof since);
    json_t *answer = done ? fixture_call(b, &h, "POST", "/api/v1/jobs", body, 202) : NULL;
    const char *id = json_string_value(json_object_get(answer, "job_id"));
    done = id != NULL;
    if (done)
        snprintf(path, size, "/api/v1/jobs/%s", id);
    json_decref(answer);
    http_free(&h);
    return done && database_wait_jobs(b, since, 1, &done_us);
}

bool bench_reads(bench *b)
{
    char device[96], job[96];
    snprintf(device, sizeof device, "/api/v1/devices/%s", b->devices[DEVICES / 2]);
    return fixture_login(b) && make_job(b, job, sizeof job) && wrk(b, "reads.health", "/health") &&
           wrk(b, "reads.token", "/api/v1/permissions") && wrk(b, "reads.whoami", "/api/v1/auth/whoami") &&
           wrk(b, "reads.device", device) && wrk(b, "reads.devices50", "/api/v1/devices?limit=50") &&
           wrk(b, "reads.job", job);
}
