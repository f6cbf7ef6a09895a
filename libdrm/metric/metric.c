/* Counters in memory, and telling them. Called by the threads of the worker and the trap listener. */
#include "metric/metric.h"

#include "core/core.h"
#include "metric/label.h"
#include "queries.h"
#include <pthread.h>
#include <string.h>

enum { HASH = 512, SERIES_MAX = 8192 };

typedef struct series {
    struct series *next;
    drmgmt__metric metric;
    const char *values[DRMGMT__METRIC_LABELS];
    uint64_t *told; /* of counts: what the database has, or is being told */
    uint64_t counts[];
} series;

struct drmgmt__metrics {
    pthread_mutex_t mutex;
    series *buckets[HASH];
    size_t n;
    /* the teller's own */
    char source[DRMGMT__UUID_SIZE];
    int64_t number; /* of what is being told */
    char *pending;  /* that, until it is answered */
};

drmgmt__metrics *drmgmt__metrics_new(void)
{
    drmgmt__metrics *m = calloc(1, sizeof *m);

    if (m && drmgmt__uuid_v7(m->source)) {
        free(m);
        return NULL;
    }
    if (m)
        pthread_mutex_init(&m->mutex, NULL);
    return m;
}

void drmgmt__metrics_free(drmgmt__metrics *m)
{
    if (!m)
        return;
    for (size_t i = 0; i < HASH; i++)
        for (series *s = m->buckets[i], *next; s; s = next) {
            next = s->next;
            free(s);
        }
    free(m->pending);
    pthread_mutex_destroy(&m->mutex);
    free(m);
}

static size_t width(drmgmt__metric metric)
{
    return drmgmt__metric_families[metric].type == DRMGMT__HISTOGRAM ? DRMGMT__METRIC_WIDTH : 1;
}

static size_t n_labels(drmgmt__metric metric)
{
    size_t n = 0;

    while (n < DRMGMT__METRIC_LABELS && drmgmt__metric_families[metric].labels[n])
        n++;
    return n;
}

static size_t hash_of(drmgmt__metric metric, const char *const *values, size_t n)
{
    uint32_t h = 2166136261u ^ (uint32_t)metric;

    for (size_t i = 0; i < n; i++) {
        for (const char *c = values[i]; *c; c++)
            h = (h ^ (unsigned char)*c) * 16777619u;
        h = (h ^ 0xffu) * 16777619u;
    }
    return h % HASH;
}

static bool is(const series *s, drmgmt__metric metric, const char *const *values, size_t n)
{
    bool same = s->metric == metric;

    for (size_t i = 0; same && i < n; i++)
        same = s->values[i] == values[i] || strcmp(s->values[i], values[i]) == 0;
    return same;
}

/* The series, made when it is new. The mutex is held. */
static series *find(drmgmt__metrics *m, drmgmt__metric metric, const char *const *values)
{
    size_t n = n_labels(metric), wide = width(metric);
    series **bucket = &m->buckets[hash_of(metric, values, n)], *s = *bucket;

    while (s && !is(s, metric, values, n))
        s = s->next;
    if (s || m->n == SERIES_MAX)
        return s;
    s = calloc(1, sizeof *s + 2 * wide * sizeof *s->counts);
    if (!s)
        return NULL;
    s->metric = metric;
    for (size_t i = 0; i < n; i++)
        s->values[i] = values[i];
    s->told = s->counts + wide;
    s->next = *bucket;
    *bucket = s;
    m->n++;
    return s;
}

void drmgmt__metrics_add(drmgmt__metrics *m, drmgmt__metric metric, const char *const *values, uint64_t n)
{
    if (!m || !n)
        return;
    pthread_mutex_lock(&m->mutex);
    series *s = find(m, metric, values);
    if (s)
        s->counts[0] += n;
    pthread_mutex_unlock(&m->mutex);
}

void drmgmt__metrics_set(drmgmt__metrics *m, drmgmt__metric metric, const char *const *values, uint64_t total)
{
    if (!m || !total)
        return;
    pthread_mutex_lock(&m->mutex);
    series *s = find(m, metric, values);
    if (s)
        s->counts[0] = total;
    pthread_mutex_unlock(&m->mutex);
}

void drmgmt__metrics_observe(drmgmt__metrics *m, drmgmt__metric metric, const char *const *values, uint64_t us)
{
    size_t i = 0;

    if (!m)
        return;
    while (i < DRMGMT__METRIC_BUCKETS - 1 && us > drmgmt__metric_bounds[i])
        i++;
    pthread_mutex_lock(&m->mutex);
    series *s = find(m, metric, values);
    if (s) {
        s->counts[i]++;
        s->counts[DRMGMT__METRIC_BUCKETS] += us;
    }
    pthread_mutex_unlock(&m->mutex);
}

/* ---- telling ---- */

void drmgmt__metric_label(drmgmt__strbuf *b, const char *name, const char *value)
{
    drmgmt__strbuf_printf(b, "%s%s=\"", b->length ? "," : "", name);
    for (const char *c = value; *c; c++) {
        if (*c == '\\' || *c == '"' || *c == '\n')
            drmgmt__strbuf_putc(b, '\\');
        drmgmt__strbuf_putc(b, *c == '\n' ? 'n' : *c);
    }
    drmgmt__strbuf_putc(b, '"');
}

/* [name, labels, [what was counted since it was told last]] */
static void write_series(const series *s, drmgmt__strbuf *json)
{
    const drmgmt__metric_family *family = &drmgmt__metric_families[s->metric];
    DRMGMT__STRBUF labels = DRMGMT__STRBUF_INIT;

    for (size_t i = 0; i < n_labels(s->metric); i++)
        drmgmt__metric_label(&labels, family->labels[i], s->values[i]);
    drmgmt__strbuf_printf(json, "%s[\"%s\",", json->length > 1 ? "," : "", family->name);
    drmgmt__json_string(json, labels.data ? labels.data : "");
    for (size_t i = 0; i < width(s->metric); i++)
        drmgmt__strbuf_printf(json, "%s%llu", i ? "," : ",[", (unsigned long long)(s->counts[i] - s->told[i]));
    drmgmt__strbuf_puts(json, "]]");
    json->failed = json->failed || labels.failed;
}

/* NULL: there is nothing to tell, or no memory to. The mutex is held. */
static char *write_news(drmgmt__metrics *m)
{
    DRMGMT__STRBUF json = DRMGMT__STRBUF_INIT;

    drmgmt__strbuf_putc(&json, '[');
    for (size_t i = 0; i < HASH; i++)
        for (series *s = m->buckets[i]; s; s = s->next)
            if (memcmp(s->counts, s->told, width(s->metric) * sizeof *s->counts) != 0)
                write_series(s, &json);
    drmgmt__strbuf_putc(&json, ']');
    if (json.failed || json.length == 2)
        return NULL;
    for (size_t i = 0; i < HASH; i++)
        for (series *s = m->buckets[i]; s; s = s->next)
            memcpy(s->told, s->counts, width(s->metric) * sizeof *s->counts);
    return drmgmt__strbuf_steal(&json, NULL);
}

int drmgmt__metrics_tell(drmgmt__metrics *m, drmgmt_session *system, drmgmt_error **error)
{
    drmgmt__params p = DRMGMT__PARAMS_INIT;
    drmgmt_error *failure = NULL;

    if (!m->pending) {
        pthread_mutex_lock(&m->mutex);
        m->pending = write_news(m);
        pthread_mutex_unlock(&m->mutex);
        m->number++;
    }
    if (!m->pending)
        return 0;
    drmgmt__param(&p, m->source);
    drmgmt__param_int(&p, m->number);
    drmgmt__param(&p, m->pending);
    int rc = drmgmt__run(system, DRMGMT_PERM_NONE, DRMGMT__WRITE | DRMGMT__REPEATABLE, &drmgmt__q_sched_metrics_add, &p,
                         NULL, &failure);
    /* What the database will never take must not keep it from what comes after. */
    if (!rc || !drmgmt_error_retryable(failure)) {
        free(m->pending);
        m->pending = NULL;
    }
    if (error)
        *error = failure;
    else
        drmgmt_error_free(failure);
    return rc;
}
