/* The figures as Prometheus text: those that workers and trap listeners told, and those the database tells by itself.
 * Called by programs; calls store. */
#include "auth/auth.h"
#include "core/core.h"
#include "metric/label.h"
#include "metric/metric.h"
#include "queries.h"
#include <drm/metrics.h>
#include <string.h>

enum { NAME, LABELS, COUNTS };

static const char *const types[] = {
    [DRMGMT__COUNTER] = "counter", [DRMGMT__HISTOGRAM] = "histogram", [DRMGMT__GAUGE] = "gauge"
};

static size_t read_counts(const char *json, long long *counts, size_t most)
{
    DRMGMT__JSON json_t *array = drmgmt__json_value(json);
    size_t n = json_array_size(array);

    for (size_t i = 0; i < n && i < most; i++)
        counts[i] = json_integer_value(json_array_get(array, i));
    return n;
}

/* What workers told has its names; what the database tells by itself, values alone. */
static void read_labels(const drmgmt__metric_family *family, const char *json, drmgmt__strbuf *labels)
{
    DRMGMT__JSON json_t *array = drmgmt__json_value(json);

    for (size_t i = 0; i < json_array_size(array) && i < DRMGMT__METRIC_LABELS; i++) {
        const char *value = json_string_value(json_array_get(array, i));
        if (family->type != DRMGMT__GAUGE)
            drmgmt__strbuf_puts(labels, value ? value : "");
        else if (family->labels[i])
            drmgmt__metric_label(labels, family->labels[i], value ? value : "");
    }
    if (!labels->data)
        drmgmt__strbuf_puts(labels, "");
}

static void write_histogram(const char *name, const char *labels, const long long *counts, drmgmt__strbuf *out)
{
    const char *comma = *labels ? "," : "", *open = *labels ? "{" : "", *close = *labels ? "}" : "";
    long long sum = 0;

    for (size_t i = 0; i < DRMGMT__METRIC_BUCKETS; i++) {
        sum += counts[i];
        drmgmt__strbuf_printf(out, "%s_bucket{%s%sle=\"", name, labels, comma);
        if (i < DRMGMT__METRIC_BUCKETS - 1)
            drmgmt__strbuf_printf(out, "%g", (double)drmgmt__metric_bounds[i] / 1e6);
        else
            drmgmt__strbuf_puts(out, "+Inf");
        drmgmt__strbuf_printf(out, "\"} %lld\n", sum);
    }
    drmgmt__strbuf_printf(out, "%s_sum%s%s%s %.6f\n%s_count%s%s%s %lld\n", name, open, labels, close,
                          (double)counts[DRMGMT__METRIC_BUCKETS] / 1e6, name, open, labels, close, sum);
}

static void write_row(const drmgmt__metric_family *family, const drmgmt__rows *rows, size_t row, drmgmt__strbuf *out)
{
    long long counts[DRMGMT__METRIC_WIDTH] = { 0 };
    DRMGMT__STRBUF labels = DRMGMT__STRBUF_INIT;
    size_t n = read_counts(drmgmt__rows_text(rows, row, COUNTS), counts, DRMGMT__METRIC_WIDTH);

    read_labels(family, drmgmt__rows_text(rows, row, LABELS), &labels);
    if (labels.failed)
        out->failed = true;
    else if (family->type == DRMGMT__HISTOGRAM && n == DRMGMT__METRIC_WIDTH)
        write_histogram(family->name, labels.data, counts, out);
    else if (family->type != DRMGMT__HISTOGRAM)
        drmgmt__strbuf_printf(out, "%s%s%s%s %lld\n", family->name, *labels.data ? "{" : "", labels.data,
                              *labels.data ? "}" : "", counts[0]);
}

static void write_all(const drmgmt__rows *rows, drmgmt__strbuf *out)
{
    drmgmt__strbuf_puts(out, "");
    for (size_t f = 0; f < DRMGMT__METRIC_COUNT; f++) {
        const drmgmt__metric_family *family = &drmgmt__metric_families[f];
        bool told = false;
        for (size_t i = 0; i < drmgmt__rows_count(rows); i++) {
            if (strcmp(drmgmt__rows_text(rows, i, NAME), family->name) != 0)
                continue;
            if (!told)
                drmgmt__strbuf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", family->name, family->help, family->name,
                                      types[family->type]);
            told = true;
            write_row(family, rows, i, out);
        }
    }
}

int drmgmt_metrics_text(drmgmt_context *context, char **text, size_t *length, drmgmt_error **error)
{
    DRMGMT__ROWS drmgmt__rows *rows = NULL;
    DRMGMT__STRBUF out = DRMGMT__STRBUF_INIT;
    drmgmt_session *system = NULL;
    size_t n = 0;
    int rc = drmgmt__session_open_system(context, "metrics", &system, error);

    if (rc)
        return rc;
    rc = drmgmt__run(system, DRMGMT_PERM_NONE, DRMGMT__READ, &drmgmt__q_sched_metrics, NULL, &rows, error);
    drmgmt_session_close(system);
    if (rc)
        return rc;
    write_all(rows, &out);
    char *made = drmgmt__strbuf_steal(&out, &n);
    if (!made)
        return drmgmt__fail_memory(error);
    *text = made;
    if (length)
        *length = n;
    return 0;
}
