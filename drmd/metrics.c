/* Counters of requests by route and status class with a histogram of their durations, and what the process uses, in the
 * Prometheus text format. Counting is a few relaxed atomic additions. Called by dispatch.c; /metrics is in api_meta.c.
 */
#include "routes.h"
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

/* Upper bounds, in microseconds; one more bucket for what is above. */
static const int64_t bounds[] = { 250,   500,    1000,   2500,   5000,    10000,   25000,
                                  50000, 100000, 250000, 500000, 1000000, 2500000, 10000000 };
enum { ENGINE_ASK_US = 1000000, ENGINE_KEEP_US = 15000000 };
enum { BUCKETS = sizeof bounds / sizeof bounds[0] + 1, CLASSES = 5 };

struct series {
    _Atomic uint64_t by_class[CLASSES]; /* 1xx .. 5xx */
    _Atomic uint64_t buckets[BUCKETS];
    _Atomic uint64_t sum_us;
};

struct drmd_metrics {
    struct timespec started;
    struct series *series; /* one a route, and one for requests that matched none */
};

drmd_metrics *drmd_metrics_new(void)
{
    drmd_metrics *metrics = calloc(1, sizeof *metrics);
    if (metrics)
        metrics->series = calloc(drmd_n_routes + 1, sizeof *metrics->series);
    if (!metrics || !metrics->series) {
        free(metrics);
        return NULL;
    }
    clock_gettime(CLOCK_REALTIME, &metrics->started);
    return metrics;
}

void drmd_metrics_free(drmd_metrics *metrics)
{
    if (metrics)
        free(metrics->series);
    free(metrics);
}

void drmd_metrics_count(drmd_metrics *metrics, const drmd_route *route, int status, int64_t duration_us)
{
    struct series *s = &metrics->series[route ? (size_t)(route - drmd_routes) : drmd_n_routes];
    int class = status / 100 - 1;
    if (class >= 0 && class < CLASSES)
        atomic_fetch_add_explicit(&s->by_class[class], 1, memory_order_relaxed);
    if (route && (route->flags & DRMD_STREAM)) /* as long as the client stays: tells nothing */
        return;
    size_t i = 0;
    while (i < BUCKETS - 1 && duration_us > bounds[i])
        i++;
    atomic_fetch_add_explicit(&s->buckets[i], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&s->sum_us, (uint64_t)duration_us, memory_order_relaxed);
}

static void labels(drmd_buffer *b, size_t i)
{
    const drmd_route *route = i < drmd_n_routes ? &drmd_routes[i] : NULL;
    drmd_buffer_printf(b, "route=\"%s\",method=\"%s\"", route ? route->pattern : "unmatched",
                       route ? drmd_method_name(route->method) : "");
}

static uint64_t load(_Atomic uint64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

static void write_counters(const drmd_metrics *metrics, drmd_buffer *b)
{
    drmd_buffer_puts(b,
                     "# HELP drmd_http_requests_total Requests answered.\n# TYPE drmd_http_requests_total counter\n");
    for (size_t i = 0; i <= drmd_n_routes; i++)
        for (int c = 0; c < CLASSES; c++) {
            uint64_t n = load(&metrics->series[i].by_class[c]);
            if (!n)
                continue;
            drmd_buffer_puts(b, "drmd_http_requests_total{");
            labels(b, i);
            drmd_buffer_printf(b, ",status=\"%dxx\"} %llu\n", c + 1, (unsigned long long)n);
        }
}

static void write_histogram(const drmd_metrics *metrics, drmd_buffer *b)
{
    drmd_buffer_puts(b, "# HELP drmd_http_request_duration_seconds Time from the request's arrival to its response.\n"
                        "# TYPE drmd_http_request_duration_seconds histogram\n");
    for (size_t i = 0; i <= drmd_n_routes; i++) {
        struct series *s = &metrics->series[i];
        uint64_t counts[BUCKETS], total = 0;
        for (size_t k = 0; k < BUCKETS; k++)
            total += counts[k] = load(&s->buckets[k]);
        if (!total)
            continue;
        uint64_t sum = 0;
        for (size_t k = 0; k < BUCKETS; k++) {
            sum += counts[k];
            drmd_buffer_puts(b, "drmd_http_request_duration_seconds_bucket{");
            labels(b, i);
            if (k < BUCKETS - 1)
                drmd_buffer_printf(b, ",le=\"%g\"} %llu\n", (double)bounds[k] / 1e6, (unsigned long long)sum);
            else
                drmd_buffer_printf(b, ",le=\"+Inf\"} %llu\n", (unsigned long long)sum);
        }
        drmd_buffer_puts(b, "drmd_http_request_duration_seconds_sum{");
        labels(b, i);
        drmd_buffer_printf(b, "} %.6f\ndrmd_http_request_duration_seconds_count{", (double)load(&s->sum_us) / 1e6);
        labels(b, i);
        drmd_buffer_printf(b, "} %llu\n", (unsigned long long)total);
    }
}

static void gauge(drmd_buffer *b, const char *name, const char *type, const char *help, double value)
{
    drmd_buffer_printf(b, "# HELP %s %s\n# TYPE %s %s\n%s %.15g\n", name, help, name, type, name, value);
}

static double resident_bytes(void)
{
    FILE *f = fopen("/proc/self/statm", "re");
    if (!f)
        return 0;
    unsigned long size = 0, resident = 0;
    int n = fscanf(f, "%lu %lu", &size, &resident);
    fclose(f);
    return n == 2 ? (double)resident * (double)sysconf(_SC_PAGESIZE) : 0;
}

static double open_descriptors(void)
{
    DIR *folder = opendir("/proc/self/fd");
    double n = -3; /* ".", ".." and the one this takes */
    while (folder && readdir(folder))
        n++;
    if (folder)
        closedir(folder);
    return n < 0 ? 0 : n;
}

/* The engine's figures, of the whole system. One thread at a time asks for them, at most once a second, however many
 * ask; while PostgreSQL is away, or slow, what there is is told for a while, and then that there is nothing. */
static void write_engine(const drmd_server *server, drmd_buffer *b)
{
    static pthread_mutex_t asking = PTHREAD_MUTEX_INITIALIZER, shown = PTHREAD_MUTEX_INITIALIZER;
    static char *text;
    static int64_t asked_us, read_us;
    int64_t now = drmd_now_us();

    if (server->config.settings.keyring && pthread_mutex_trylock(&asking) == 0) {
        char *fresh = NULL;
        bool due = !asked_us || now - asked_us >= ENGINE_ASK_US;
        bool read = due && drmgmt_metrics_text(server->context, &fresh, NULL, NULL) == 0;
        asked_us = due ? drmd_now_us() : asked_us;
        pthread_mutex_lock(&shown);
        if (read) {
            drmgmt_free(text);
            text = fresh;
            read_us = drmd_now_us();
        }
        pthread_mutex_unlock(&shown);
        pthread_mutex_unlock(&asking);
    }
    pthread_mutex_lock(&shown);
    bool good = text && drmd_now_us() - read_us <= ENGINE_KEEP_US;
    gauge(b, "drm_up", "gauge", "1 when the figures of the engine (drm_...) could be read from the database.", good);
    if (good)
        drmd_buffer_puts(b, text);
    pthread_mutex_unlock(&shown);
}

void drmd_metrics_write(const drmd_server *server, drmd_buffer *b)
{
    const drmd_metrics *metrics = server->metrics;
    drmd_buffer_printf(b,
                       "# HELP drmd_build_info The version that runs.\n# TYPE drmd_build_info gauge\n"
                       "drmd_build_info{version=\"%s\",library=\"%s\",civetweb=\"%s\"} 1\n",
                       DRMGMT_VERSION, drmgmt_version(), mg_version());
    write_counters(metrics, b);
    write_histogram(metrics, b);
    gauge(b, "drmd_http_requests_in_flight", "gauge", "Requests being answered, event streams included.",
          atomic_load_explicit(&server->requests, memory_order_relaxed));
    gauge(b, "drmd_http_connections", "gauge", "Open connections.",
          atomic_load_explicit(&server->connections, memory_order_relaxed));
    gauge(b, "drmd_http_connections_max", "gauge", "Connections above which requests are answered with 503.",
          server->config.threads);
    gauge(b, "drmd_sse_streams", "gauge", "Open event streams.", drmd_streams_open(server->streams));
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    gauge(b, "process_cpu_seconds_total", "counter", "User and system time spent.",
          (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
              (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6);
    gauge(b, "process_resident_memory_bytes", "gauge", "Resident memory.", resident_bytes());
    gauge(b, "process_open_fds", "gauge", "Open file descriptors.", open_descriptors());
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    gauge(b, "process_max_fds", "gauge", "Most file descriptors allowed.", (double)limit.rlim_cur);
    gauge(b, "process_start_time_seconds", "gauge", "When the process started, Unix time.",
          (double)metrics->started.tv_sec + (double)metrics->started.tv_nsec / 1e9);
    write_engine(server, b);
}
