/* A steady load for an hour or longer - GETs, some of them of devices that do not answer - and what it does to the
 * memory of drmd and of the worker: sampled every ten seconds, told as growth an hour. Called by main.c, only when
 * asked for (scripts/soak). */
#include "agents.h"
#include "bench.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    FLEET = 950,
    SILENT = 50,
    CALL = 500,
    EVERY_MS = 1000,
    SAMPLE_MS = 10000,
    CLEAN_MS = 60000,
    SAMPLES_MAX = 1 << 16
};

#define SETTINGS "{\"version\":\"2c\",\"timeout_ms\":1000,\"retries\":1}"

static const struct {
    int process;
    const char *figure;
} watched[] = { { PROCESS_WORKER, "soak.worker.growth" }, { PROCESS_DRMD, "soak.drmd.growth" } };

typedef struct samples {
    size_t n;
    double at_h[SAMPLES_MAX], mb[COUNT(watched)][SAMPLES_MAX];
} samples;

static void sample(bench *b, samples *s, int64_t from_us, size_t jobs)
{
    if (s->n == SAMPLES_MAX)
        return;
    s->at_h[s->n] = (double)(now_us() - from_us) / 3.6e9;
    for (size_t i = 0; i < COUNT(watched); i++)
        s->mb[i][s->n] = process_memory(watched[i].process).rss_mb;
    bench_note(b, "%6.1f min %9zu jobs, worker %.1f MiB, drmd %.1f MiB", s->at_h[s->n] * 60, jobs, s->mb[0][s->n],
               s->mb[1][s->n]);
    s->n++;
}

/* Least squares over all but the first fifth, in which caches fill. */
static double growth(const samples *s, size_t which)
{
    double sum_x = 0, sum_y = 0, sum_xx = 0, sum_xy = 0, n = 0;

    for (size_t i = s->n / 5; i < s->n; i++) {
        double x = s->at_h[i], y = s->mb[which][i];
        sum_x += x;
        sum_y += y;
        sum_xx += x * x;
        sum_xy += x * y;
        n++;
    }
    double spread = n * sum_xx - sum_x * sum_x;
    return spread > 0 ? (n * sum_xy - sum_x * sum_y) / spread : NAN;
}

/* Results are kept out of the way: the disk is not what is soaked. */
static bool clean(bench *b)
{
    return database_run(b, "DELETE FROM drm.job_results WHERE finished_at < clock_timestamp() - interval '1 minute'");
}

static bool all_ended(bench *b)
{
    enum { PATIENCE_US = 30000000 };
    char text[24] = "";
    const char *params[] = { b->tenant_id };
    int64_t until = now_us() + PATIENCE_US;

    do {
        if (!database_text(b, "SELECT count(*) FROM drm.jobs WHERE tenant_id = $1::uuid", params, 1, text, sizeof text))
            return false;
        if (strcmp(text, "0") == 0)
            return true;
        pause_ms(200);
    } while (now_us() < until && !bench_stopped);
    return bench_fail(b, "%s jobs have not ended half a minute after the last submission", text);
}

static bool soak(bench *b, drmgmt_context *context, const char (*devices)[ID_SIZE], size_t n, samples *s)
{
    int64_t from = now_us(), until = from + (int64_t)b->soak_min * 60000000, sampled = from, cleaned = from;
    int64_t login = from;
    size_t jobs = 0;

    sample(b, s, from, jobs);
    while (now_us() < until && !bench_stopped) {
        int64_t next = now_us() + EVERY_MS * 1000LL;
        if (now_us() - login > 600000000LL) { /* tokens live 15 minutes */
            if (!fixture_login(b))
                return false;
            login = now_us();
        }
        if (!jobs_submit(b, &job_get, context, devices, n, CALL))
            return false;
        jobs += CALL;
        if (now_us() - sampled >= SAMPLE_MS * 1000LL) {
            sampled = now_us();
            sample(b, s, from, jobs);
        }
        if (now_us() - cleaned >= CLEAN_MS * 1000LL) {
            cleaned = now_us();
            if (!clean(b))
                return false;
        }
        if (next > now_us())
            pause_ms((unsigned)((next - now_us()) / 1000));
    }
    if (!all_ended(b))
        return false;
    report_set("soak.jobs", (double)jobs);
    for (size_t i = 0; i < COUNT(watched); i++)
        if (!isnan(growth(s, i)))
            report_set(watched[i].figure, growth(s, i));
    return true;
}

bool bench_soak(bench *b)
{
    agents a = { 0 };
    fleet live = { .n = 0 }, silent = { .n = 0 };
    char(*all)[ID_SIZE] = calloc(FLEET + SILENT, ID_SIZE);
    samples *s = calloc(1, sizeof *s);
    drmgmt_context *context = library_open(b);
    bool done = all && s && context && agents_start(b, &a) &&
                fleet_make(b, &live, "live", FLEET, a.port, false, SETTINGS) &&
                fleet_make(b, &silent, "silent", SILENT, a.port, true, SETTINGS);

    for (size_t i = 0; done && i < FLEET + SILENT; i++)
        snprintf(all[i], ID_SIZE, "%s", i < FLEET ? live.ids[i] : silent.ids[i - FLEET]);
    done = done && fixture_login(b) && soak(b, context, (const char(*)[ID_SIZE])all, FLEET + SILENT, s);
    drmgmt_context_free(context);
    free(all);
    free(s);
    fleet_remove(b, &live);
    fleet_remove(b, &silent);
    agents_stop(&a);
    return done;
}
