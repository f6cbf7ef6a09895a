/* The table of figures: what is measured, its unit, the ceilings it is held against and the aim. The benchmarks set
 * values; here they are printed as a table for people or as JSON. */
#include "bench.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum aim_kind { NO_AIM, AT_LEAST, AT_MOST, RATIO_AT_LEAST, RATIO_AT_MOST };

typedef struct figure {
    const char *name, *doc, *unit;
    enum aim_kind aim_kind;
    double aim;
    const char *ceilings[2]; /* the lower one that was measured counts */
} figure;

#define PG     "ceiling.submit_claim_finish"
#define FINISH "ceiling.claim_finish"
#define UDP    "ceiling.udp"
#define ROW    "ceiling.row"
#define LIST   "ceiling.list50"
#define HTTP   "reads.health"
#define RAW    "ceiling.raw"
#define SCHED  "ceiling.sched"

static const figure figures[] = {
    { "ceiling.claim_finish", "pgbench: claim and finish by the hundred", "jobs/s", NO_AIM, 0, { NULL } },
    { "ceiling.submit_claim_finish",
      "pgbench: submit, claim and finish by the hundred",
      "jobs/s",
      NO_AIM,
      0,
      { NULL } },
    { "ceiling.udp", "raw UDP client, window of 64, against the same agent", "requests/s", NO_AIM, 0, { NULL } },
    { "ceiling.row", "libpq pipeline: one row by id", "statements/s", NO_AIM, 0, { NULL } },
    { "ceiling.list50", "libpq pipeline: a list of 50", "statements/s", NO_AIM, 0, { NULL } },

    { "ceiling.raw", "raw UDP client, window of 512, against 10,000 fast agents", "requests/s", NO_AIM, 0, { NULL } },
    { "ceiling.raw.cpu", "the same: CPU of its thread, a request", "us", NO_AIM, 0, { NULL } },
    { "snmp.get", "the SNMP driver alone, v2c GET, the same agents", "requests/s", RATIO_AT_LEAST, 0.5, { RAW } },
    { "snmp.get.cpu", "the same: CPU of its thread, a GET", "us", AT_MOST, 12, { NULL } },
    { "snmp.get_v3", "the SNMP driver alone, v3 authPriv GET, the same agents", "requests/s", NO_AIM, 0, { RAW } },
    { "snmp.get_v3.cpu", "the same: CPU of its thread, a GET", "us", AT_MOST, 25, { NULL } },
    { "snmp.bulk",
      "the SNMP driver alone, bulk walks of 500 agents, max-repetitions 25",
      "varbinds/s",
      NO_AIM,
      0,
      { NULL } },
    { "snmp.bulk.cpu", "the same: CPU of its thread, a varbind", "us", AT_MOST, 0.6, { NULL } },
    { "snmp.snmpd", "the SNMP driver alone, v2c GET, the stack's agent", "requests/s", NO_AIM, 0, { UDP } },
    { "snmp.snmpd.cpu", "the same: CPU of its thread, a GET", "us", NO_AIM, 0, { NULL } },
    { "dead.jobs.alone", "jobs of 20,000 live devices, until the last result", "ms", NO_AIM, 0, { NULL } },
    { "dead.jobs.among",
      "the same among 5,000 dead ones (2 s timeout)",
      "ms",
      RATIO_AT_MOST,
      1.1,
      { "dead.jobs.alone" } },
    { "dead.driver.alone", "the driver alone, 20,000 GETs, until the last answer", "ms", NO_AIM, 0, { NULL } },
    { "dead.driver.among", "the same among 5,000 dead ones", "ms", NO_AIM, 0, { "dead.driver.alone" } },
    { "ceiling.sched", "pgbench: sched.claim and sched.finish of 512 jobs", "jobs/s", NO_AIM, 0, { NULL } },
    { "engine.get", "SNMP GET jobs of 10,000 devices, full queue to last result", "jobs/s", AT_LEAST, 10000, { NULL } },
    { "engine.get.share", "the same, held against pgbench", "jobs/s", RATIO_AT_LEAST, 0.6, { SCHED } },
    { "memory.flight.rss", "a worker with 10,000 operations in flight, resident", "MiB", AT_MOST, 200, { NULL } },
    { "memory.flight.idle.rss", "the same worker before them", "MiB", NO_AIM, 0, { NULL } },
    { "soak.jobs", "jobs done in the soak", "jobs", NO_AIM, 0, { NULL } },
    { "soak.worker.growth", "drm-worker, resident, growth an hour", "MiB", NO_AIM, 0, { NULL } },
    { "soak.drmd.growth", "drmd, resident, growth an hour", "MiB", NO_AIM, 0, { NULL } },

    { "jobs.fake.libdrm", "fake jobs end to end, submitted by the library", "jobs/s", NO_AIM, 0, { PG } },
    { "submit.fake.libdrm", "their submission, 500 a call, 2 threads", "jobs/s", NO_AIM, 0, { NULL } },
    { "jobs.snmp.libdrm", "SNMP GET jobs end to end, submitted by the library", "jobs/s", AT_LEAST, 5000, { PG, UDP } },
    { "submit.snmp.libdrm", "their submission, 500 a call, 2 threads", "jobs/s", NO_AIM, 0, { NULL } },
    { "jobs.fake.rest", "fake jobs end to end, submitted one by one over REST", "jobs/s", NO_AIM, 0, { PG, HTTP } },
    { "submit.fake.rest", "their submission, while the worker works", "requests/s", NO_AIM, 0, { HTTP, ROW } },
    { "jobs.snmp.rest", "SNMP GET jobs end to end, submitted one by one over REST", "jobs/s", NO_AIM, 0, { PG, UDP } },
    { "submit.snmp.rest", "their submission, while the worker works", "requests/s", NO_AIM, 0, { HTTP, ROW } },
    { "submit_alone.fake.rest", "submissions over REST, worker paused, fake", "requests/s", NO_AIM, 0, { HTTP, ROW } },
    { "submit_alone.snmp.rest",
      "submissions over REST, worker paused, SNMP",
      "requests/s",
      AT_LEAST,
      5000,
      { HTTP, ROW } },
    { "drain.fake.worker", "the worker alone on a full queue, fake", "jobs/s", NO_AIM, 0, { FINISH } },
    { "drain.snmp.worker", "the worker alone on a full queue, SNMP", "jobs/s", NO_AIM, 0, { FINISH, UDP } },

    { "latency.poll.p50", "one SNMP job, POST to result seen by reading, median", "ms", AT_MOST, 5, { NULL } },
    { "latency.poll.p99", "the same, 99th percentile", "ms", NO_AIM, 0, { NULL } },
    { "latency.sse.p50", "one SNMP job, POST to the done event, median", "ms", AT_MOST, 10, { NULL } },
    { "latency.sse.p99", "the same, 99th percentile", "ms", NO_AIM, 0, { NULL } },
    { "latency.libdrm.p50", "one SNMP job, drmgmt_job_submit to drmgmt_job_wait, median", "ms", AT_MOST, 5, { NULL } },
    { "latency.libdrm.p99", "the same, 99th percentile", "ms", NO_AIM, 0, { NULL } },

    { "reads.health", "GET /health (the HTTP server's own ceiling)", "requests/s", NO_AIM, 0, { NULL } },
    { "reads.token",
      "GET the permissions: the token is checked, and its log-in by the database",
      "requests/s",
      NO_AIM,
      0,
      { HTTP } },
    { "reads.whoami",
      "GET whoami: the token is checked, and its owner by the database",
      "requests/s",
      NO_AIM,
      0,
      { ROW, HTTP } },
    { "reads.device", "GET a device by id", "requests/s", AT_LEAST, 12000, { ROW, HTTP } },
    { "reads.devices50", "GET a list of 50 devices", "requests/s", AT_LEAST, 6000, { LIST, HTTP } },
    { "reads.job", "GET a job by id", "requests/s", AT_LEAST, 12000, { ROW, HTTP } },

    { "latency.read.p50", "GET a device by id, one after the other, median", "ms", NO_AIM, 0, { NULL } },
    { "latency.read.p99", "the same, 99th percentile", "ms", NO_AIM, 0, { NULL } },
    { "latency.read_logins.p50",
      "the same beside 200 log-ins at once, median",
      "ms",
      NO_AIM,
      0,
      { "latency.read.p50" } },
    { "latency.read_logins.p99", "the same, 99th percentile", "ms", NO_AIM, 0, { "latency.read.p99" } },
    { "logins.rate", "log-ins that got through meanwhile", "log-ins/s", NO_AIM, 0, { NULL } },
    { "memory.logins.drmd.rss", "drmd, resident, meanwhile", "MiB", NO_AIM, 0, { NULL } },

    { "tr181.import", "a data model of 20,000 parameters imported into memory", "ms", NO_AIM, 0, { NULL } },
    { "tr181.validate", "5,000 values of a device judged by it", "ms", AT_MOST, 50, { NULL } },

    { "memory.before.drmd.rss", "drmd, resident, before", "MiB", NO_AIM, 0, { NULL } },
    { "memory.before.drmd.pss", "drmd, proportional share, before", "MiB", NO_AIM, 0, { NULL } },
    { "memory.before.worker.rss", "drm-worker, resident, before", "MiB", NO_AIM, 0, { NULL } },
    { "memory.before.worker.pss", "drm-worker, proportional share, before", "MiB", NO_AIM, 0, { NULL } },
    { "memory.after.drmd.rss", "drmd, resident, after", "MiB", NO_AIM, 0, { NULL } },
    { "memory.after.drmd.pss", "drmd, proportional share, after", "MiB", NO_AIM, 0, { NULL } },
    { "memory.after.worker.rss", "drm-worker, resident, after", "MiB", NO_AIM, 0, { NULL } },
    { "memory.after.worker.pss", "drm-worker, proportional share, after", "MiB", NO_AIM, 0, { NULL } },
    { "memory.after.both.rss", "both, resident, after", "MiB", AT_MOST, 64, { NULL } },
};

static double values[COUNT(figures)];
static bool measured[COUNT(figures)];

/* CPU time of a run, microseconds for each thing; and how many processors it kept busy. */
typedef struct cpu_row {
    char run[48];
    const char *thing;
    double us[PROCESSES], busy;
} cpu_row;
static cpu_row cpu_rows[32];
static size_t n_cpu_rows;

static size_t find(const char *name)
{
    for (size_t i = 0; i < COUNT(figures); i++)
        if (strcmp(figures[i].name, name) == 0)
            return i;
    fprintf(stderr, "drm-bench: no figure is called %s\n", name);
    abort();
}

void report_set(const char *name, double value)
{
    size_t i = find(name);
    values[i] = value;
    measured[i] = true;
}

double report_get(const char *name)
{
    size_t i = find(name);
    return measured[i] ? values[i] : NAN;
}

void report_cpu(const char *run, const char *thing, const cpu_times *from, const cpu_times *to, double count)
{
    if (n_cpu_rows == COUNT(cpu_rows) || count <= 0)
        return;
    cpu_row *row = &cpu_rows[n_cpu_rows++];
    double sum = 0;
    snprintf(row->run, sizeof row->run, "%s", run);
    row->thing = thing;
    for (int i = 0; i < PROCESSES; i++) {
        bool known = from->seconds[i] >= 0 && to->seconds[i] >= 0;
        double used = known ? to->seconds[i] - from->seconds[i] : 0;
        row->us[i] = known ? used * 1e6 / count : -1;
        sum += used;
    }
    row->busy = sum * 1e6 / (double)(to->at_us - from->at_us);
}

/* The lowest ceiling measured; its figure, or NULL. */
static const figure *ceiling_of(const figure *f)
{
    const figure *lowest = NULL;
    for (size_t i = 0; i < COUNT(f->ceilings); i++) {
        double value = f->ceilings[i] ? report_get(f->ceilings[i]) : NAN;
        if (!isnan(value) && (!lowest || value < report_get(lowest->name)))
            lowest = &figures[find(f->ceilings[i])];
    }
    return lowest;
}

static bool is_ratio(const figure *f)
{
    return f->aim_kind == RATIO_AT_LEAST || f->aim_kind == RATIO_AT_MOST;
}

static bool is_least(const figure *f)
{
    return f->aim_kind == AT_LEAST || f->aim_kind == RATIO_AT_LEAST;
}

/* An aim of the ratio holds against the ceiling measured in the same run; without one nothing is said. */
static bool has_aim(const figure *f)
{
    return f->aim_kind != NO_AIM && (!is_ratio(f) || ceiling_of(f));
}

static bool reached(const figure *f, double value)
{
    double held = is_ratio(f) ? value / report_get(ceiling_of(f)->name) : value;
    return is_least(f) ? held >= f->aim : held <= f->aim;
}

/* Three significant figures are all that a run of seconds tells. */
static const char *number(char text[32], double value)
{
    int digits = value >= 100 ? 0 : value >= 10 ? 1 : 2;
    snprintf(text, 32, "%.*f", digits, value);
    return text;
}

static void print_figure(const figure *f, double value)
{
    char v[32], c[32], a[32];
    const figure *ceiling = ceiling_of(f);
    double top = ceiling ? report_get(ceiling->name) : NAN;
    printf("%-28s %10s %-13s ", f->name, number(v, value), f->unit);
    if (ceiling)
        printf("%10s %6.2f  ", number(c, top), value / top);
    else
        printf("%10s %6s  ", "", "");
    if (has_aim(f))
        printf("%s%s%s %-7s", is_least(f) ? ">= " : "<= ", number(a, f->aim), is_ratio(f) ? "x" : "",
               reached(f, value) ? "yes" : "NO");
    else
        printf("%-14s", "");
    printf(" %s\n", f->doc);
}

void report_table(void)
{
    printf("\n%-28s %10s %-13s %10s %6s  %-14s %s\n", "figure", "value", "unit", "ceiling", "ratio", "aim", "what");
    for (size_t i = 0; i < COUNT(figures); i++)
        if (measured[i])
            print_figure(&figures[i], values[i]);
    if (!n_cpu_rows)
        return;
    printf("\nCPU time, microseconds, for each job or request; busy: processors in use by all of them\n%-28s", "run");
    for (int p = 0; p < PROCESSES; p++)
        printf(" %10s", process_names[p]);
    printf(" %6s\n", "busy");
    for (size_t i = 0; i < n_cpu_rows; i++) {
        printf("%-28s", cpu_rows[i].run);
        for (int p = 0; p < PROCESSES; p++)
            if (cpu_rows[i].us[p] < 0)
                printf(" %10s", "-");
            else
                printf(" %10.1f", cpu_rows[i].us[p]);
        printf(" %6.2f\n", cpu_rows[i].busy);
    }
}

static json_t *figure_json(const figure *f, double value)
{
    json_t *json = json_pack("{s:s, s:s, s:f}", "doc", f->doc, "unit", f->unit, "value", value);
    const figure *ceiling = ceiling_of(f);
    if (json && ceiling) {
        json_object_set_new(json, "ceiling", json_string(ceiling->name));
        json_object_set_new(json, "ratio", json_real(value / report_get(ceiling->name)));
    }
    if (json && has_aim(f)) {
        static const char *const words[2][2] = { { "at_most", "at_least" }, { "ratio_at_most", "ratio_at_least" } };
        json_object_set_new(json, words[is_ratio(f)][is_least(f)], json_real(f->aim));
        json_object_set_new(json, "reached", json_boolean(reached(f, value)));
    }
    return json;
}

static json_t *cpu_json(const cpu_row *row)
{
    json_t *json = json_pack("{s:s, s:f}", "each", row->thing, "busy", row->busy);
    for (int p = 0; json && p < PROCESSES; p++)
        json_object_set_new(json, process_names[p], row->us[p] < 0 ? json_null() : json_real(row->us[p]));
    return json;
}

bool report_json(const bench *b)
{
    json_t *list = json_object(), *cpu = json_object();
    for (size_t i = 0; i < COUNT(figures); i++)
        if (measured[i])
            json_object_set_new(list, figures[i].name, figure_json(&figures[i], values[i]));
    for (size_t i = 0; i < n_cpu_rows; i++)
        json_object_set_new(cpu, cpu_rows[i].run, cpu_json(&cpu_rows[i]));
    json_t *json = json_pack("{s:f, s:i, s:o, s:o}", "scale", b->scale, "connections", (int)b->connections, "figures",
                             list, "cpu_us", cpu);
    int failed = json ? json_dumpf(json, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(6)) : -1;
    json_decref(json);
    putchar('\n');
    return failed == 0;
}
