/* drm-bench: measures a running private stack, whose addresses and process ids it reads from the environment
 * (scripts/run --detach writes them to DIR/env). scripts/bench starts a stack, runs this and stops the stack. */
#include "bench.h"
#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { EXIT_USAGE = 2 };

volatile sig_atomic_t bench_stopped;

static const benchmark benchmarks[] = {
    { "ceilings", "pgbench, a raw UDP client and libpq in pipeline mode: what the machine gives", bench_ceilings },
    { "snmp", "the SNMP driver alone over 10,000 fast agents, beside a raw UDP client", bench_snmp },
    { "dead", "20,000 devices that answer, alone and among 5,000 that do not", bench_dead },
    { "engine", "durable SNMP GET jobs of 10,000 devices, beside pgbench with the same functions", bench_engine },
    { "memory", "a worker with 10,000 operations in flight", bench_memory },
    { "reads", "REST reads a second, by wrk", bench_reads },
    { "logins", "a device by id, one request after the other, alone and beside 200 log-ins at once", bench_logins },
    { "latency", "one job on an idle system: by reading, over its event stream, through the library", bench_latency },
    { "jobs", "20,000 fake and 20,000 SNMP GET jobs end to end, by the library and over REST", bench_jobs },
    { "drain", "submissions with the worker paused, then the worker alone with a full queue", bench_drain },
    { "tr181", "a data model of 20,000 parameters imported, and 5,000 values judged by it", bench_tr181 },
    { "soak", "a steady load for --soak MINUTES, and how memory grows; only when asked for", bench_soak },
};

static const char usage[] = "Usage: drm-bench [OPTION]...\n"
                            "Measures a private drmgmt stack; scripts/bench starts one for it. Needs in the "
                            "environment what scripts/run writes to\n"
                            "DIR/env: DRM_URL, DRM_EMAIL, DRM_PASSWORD, DRM_APP_DATABASE_URL, DRM_ADMIN_DATABASE_URL, "
                            "DRM_REDIS_URL, DRM_KEYRING,\n"
                            "DRM_SNMP_ADDRESS, DRM_SNMP_COMMUNITY and DRM_PID_*. What it makes it takes away again.\n"
                            "\n"
                            "  --only NAME         run this benchmark only; may be repeated\n"
                            "  --scale F           counts and durations times F, 0.01..10 (1)\n"
                            "  --connections N     REST submissions at once, 1..200 (32)\n"
                            "  --limit SECONDS     most time of one benchmark, 5..3600 (180)\n"
                            "  --pgbench PATH, --wrk PATH, --worker PATH (drm-worker of the same build)\n"
                            "  --soak MINUTES      of --only soak, 1..10080 (60)\n"
                            "  --json              one JSON object in place of the table\n"
                            "  --help\n"
                            "\n"
                            "Exit codes: 0 everything was measured, 1 something failed, 2 usage. Aims that are missed "
                            "are told, and are no failure.\n"
                            "\nBenchmarks:\n";

bool bench_fail(const bench *b, const char *format, ...)
{
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    size_t n = strlen(text);
    while (n && isspace((unsigned char)text[n - 1]))
        text[--n] = '\0';
    fprintf(stderr, "drm-bench: %s: %s\n", b->running, text);
    return false;
}

void bench_note(const bench *b, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "drm-bench: %s: ", b->running);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
}

bool bench_over(const bench *b)
{
    return bench_stopped || now_us() > b->deadline_us;
}

size_t bench_scaled(const bench *b, size_t n, size_t low)
{
    double scaled = (double)n * b->scale;
    return scaled < (double)low ? low : (size_t)scaled;
}

static void on_signal(int number)
{
    (void)number;
    bench_stopped = 1;
    processes_worker_pause(false);
}

/* ---- the environment ---- */
static bool need(const char **value, const char *name)
{
    *value = getenv(name);
    if (*value && **value)
        return true;
    fprintf(stderr, "drm-bench: %s is not set: source the env file of a stack, or use scripts/bench\n", name);
    return false;
}

static bool read_environment(bench *b)
{
    const char *snmp;
    b->tenant = getenv("DRM_TENANT");
    b->redis_url = getenv("DRM_REDIS_URL");
    if (!need(&b->url, "DRM_URL") || !need(&b->email, "DRM_EMAIL") || !need(&b->password, "DRM_PASSWORD") ||
        !need(&b->app_database_url, "DRM_APP_DATABASE_URL") ||
        !need(&b->admin_database_url, "DRM_ADMIN_DATABASE_URL") || !need(&b->keyring, "DRM_KEYRING") ||
        !need(&b->snmp_community, "DRM_SNMP_COMMUNITY") || !need(&snmp, "DRM_SNMP_ADDRESS"))
        return false;
    if (sscanf(snmp, "%63[0-9.]:%5u", b->snmp_host, &b->snmp_port) != 2 || b->snmp_port == 0 || b->snmp_port > 65535) {
        fprintf(stderr, "drm-bench: DRM_SNMP_ADDRESS %s: ADDRESS:PORT is wanted\n", snmp);
        return false;
    }
    if (!http_target_parse(&b->target, b->url)) {
        fprintf(stderr, "drm-bench: DRM_URL %s: http://ADDRESS:PORT is wanted\n", b->url);
        return false;
    }
    return true;
}

/* ---- flags ---- */
typedef struct flags {
    bool json, selected[COUNT(benchmarks)], any_selected;
} flags;

enum option_id {
    OPT_ONLY = 1,
    OPT_SCALE,
    OPT_CONNECTIONS,
    OPT_LIMIT,
    OPT_PGBENCH,
    OPT_WRK,
    OPT_WORKER,
    OPT_SOAK,
    OPT_JSON,
    OPT_HELP
};

static const struct option options[] = {
    { "only", required_argument, NULL, OPT_ONLY },
    { "scale", required_argument, NULL, OPT_SCALE },
    { "connections", required_argument, NULL, OPT_CONNECTIONS },
    { "limit", required_argument, NULL, OPT_LIMIT },
    { "pgbench", required_argument, NULL, OPT_PGBENCH },
    { "wrk", required_argument, NULL, OPT_WRK },
    { "worker", required_argument, NULL, OPT_WORKER },
    { "soak", required_argument, NULL, OPT_SOAK },
    { "json", no_argument, NULL, OPT_JSON },
    { "help", no_argument, NULL, OPT_HELP },
    { NULL, 0, NULL, 0 },
};

static bool parse_number(const char *flag, double low, double high, double *value)
{
    char *end;
    double n = strtod(optarg, &end);
    if (end == optarg || *end || !(n >= low && n <= high)) {
        fprintf(stderr, "drm-bench: %s %s: a number from %g to %g is wanted\n", flag, optarg, low, high);
        return false;
    }
    *value = n;
    return true;
}

static bool select_benchmark(flags *f)
{
    for (size_t i = 0; i < COUNT(benchmarks); i++)
        if (strcmp(benchmarks[i].name, optarg) == 0)
            return f->selected[i] = f->any_selected = true;
    fprintf(stderr, "drm-bench: --only %s: there is no such benchmark (see --help)\n", optarg);
    return false;
}

static void print_usage(void)
{
    fputs(usage, stdout);
    for (size_t i = 0; i < COUNT(benchmarks); i++)
        printf("  %-10s %s\n", benchmarks[i].name, benchmarks[i].doc);
    exit(EXIT_SUCCESS);
}

static bool take_option(bench *b, flags *f, int option)
{
    double n = 0;
    switch (option) {
    case OPT_ONLY:
        return select_benchmark(f);
    case OPT_SCALE:
        return parse_number("--scale", 0.01, 10, &b->scale);
    case OPT_CONNECTIONS:
        if (!parse_number("--connections", 1, 200, &n))
            return false;
        b->connections = (unsigned)n;
        return true;
    case OPT_LIMIT:
        if (!parse_number("--limit", 5, 3600, &n))
            return false;
        b->limit_s = (unsigned)n;
        return true;
    case OPT_PGBENCH:
        b->pgbench = optarg;
        return true;
    case OPT_WRK:
        b->wrk = optarg;
        return true;
    case OPT_WORKER:
        b->worker = optarg;
        return true;
    case OPT_SOAK:
        if (!parse_number("--soak", 1, 10080, &n))
            return false;
        b->soak_min = (unsigned)n;
        return true;
    case OPT_JSON:
        return f->json = true;
    case OPT_HELP:
        print_usage();
        return true;
    default:
        return false;
    }
}

static bool parse_flags(bench *b, flags *f, int argc, char **argv)
{
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;)
        if (!take_option(b, f, option))
            return false;
    if (optind < argc)
        fprintf(stderr, "drm-bench: %s: no argument is taken\n", argv[optind]);
    return optind == argc;
}

/* Debian keeps pgbench with the server's version; its wrapper in PATH would add a Perl start. */
static const char *find_pgbench(void)
{
    static const char *const paths[] = { "/usr/lib/postgresql/17/bin/pgbench", "/usr/lib/postgresql/16/bin/pgbench",
                                         "/usr/lib/postgresql/15/bin/pgbench" };
    for (size_t i = 0; i < COUNT(paths); i++)
        if (access(paths[i], X_OK) == 0)
            return paths[i];
    return "pgbench";
}

/* ---- the run ---- */
static void report_memory(const char *when)
{
    static const struct {
        int process;
        const char *name;
    } measured[] = { { PROCESS_DRMD, "drmd" }, { PROCESS_WORKER, "worker" } };
    char figure[64];
    double both = 0;
    bool known = true;
    for (size_t i = 0; i < COUNT(measured); i++) {
        memory_use m = process_memory(measured[i].process);
        known = known && m.rss_mb >= 0;
        both += m.rss_mb;
        snprintf(figure, sizeof figure, "memory.%s.%s.rss", when, measured[i].name);
        if (m.rss_mb >= 0)
            report_set(figure, m.rss_mb);
        snprintf(figure, sizeof figure, "memory.%s.%s.pss", when, measured[i].name);
        if (m.pss_mb >= 0)
            report_set(figure, m.pss_mb);
    }
    if (known && strcmp(when, "after") == 0)
        report_set("memory.after.both.rss", both);
}

static bool run_benchmarks(bench *b, const flags *f)
{
    bool done = true;
    for (size_t i = 0; i < COUNT(benchmarks) && !bench_stopped; i++) {
        bool soak = benchmarks[i].run == bench_soak;
        if (f->any_selected ? !f->selected[i] : soak)
            continue;
        b->running = benchmarks[i].name;
        b->deadline_us = now_us() + ((int64_t)b->limit_s + (soak ? 60 * (int64_t)b->soak_min : 0)) * 1000000;
        bench_note(b, "%s", benchmarks[i].doc);
        done = benchmarks[i].run(b) && done;
        processes_worker_pause(false);
    }
    b->running = "end";
    return done && !bench_stopped;
}

int main(int argc, char **argv)
{
    bench b = { .scale = 1,
                .limit_s = 180,
                .soak_min = 60,
                .connections = 32,
                .pgbench = find_pgbench(),
                .wrk = "wrk",
                .running = "start" };
    flags f = { 0 };
    if (!parse_flags(&b, &f, argc, argv) || !read_environment(&b))
        return EXIT_USAGE;
    processes_init();
    snprintf(b.run_name, sizeof b.run_name, "bench-%ld", (long)getpid());
    struct sigaction action = { .sa_handler = on_signal };
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    report_memory("before");
    b.deadline_us = now_us() + (int64_t)b.limit_s * 1000000;
    bool done = database_open(&b) && fixture_make(&b) && run_benchmarks(&b, &f);
    report_memory("after");
    if (b.admin)
        fixture_remove(&b);
    database_close(&b);
    free(b.token);
    if (f.json)
        done = report_json(&b) && done;
    else
        report_table();
    return done ? EXIT_SUCCESS : EXIT_FAILURE;
}
