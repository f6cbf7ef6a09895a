/* What became of results, counted for the metrics. Called by ledger.c once they are stored. */
#include "core/core.h"
#include "worker/engine.h"
#include <string.h>

/* A status in static storage. */
static const char *status_of(const drmgmt__finish *f)
{
    static const char *const statuses[] = { "completed", "failed", "cancelled", "dead", "uncertain" };

    for (size_t i = 0; i < DRMGMT__COUNT(statuses); i++)
        if (strcmp(statuses[i], f->status) == 0)
            return statuses[i];
    return DRMGMT__OTHER;
}

/* Of a job that stays active. */
static drmgmt__metric stays(const drmgmt__finish *f)
{
    if (strcmp(f->outcome, "release") == 0)
        return DRMGMT__METRIC_RELEASES;
    return strcmp(f->outcome, "defer") == 0 ? DRMGMT__METRIC_DEFERS : DRMGMT__METRIC_RETRIES;
}

void drmgmt__worker_count_result(drmgmt_worker *w, const drmgmt__finish *f)
{
    const char *code = f->code ? f->code : "", *kind[] = { f->protocol, f->operation, code, NULL };
    bool active = strcmp(f->status, "queued") == 0 || strcmp(f->status, "waiting") == 0;

    if (!f->status[0]) {
        drmgmt__metrics_add(w->metrics, DRMGMT__METRIC_REFUSED, NULL, 1);
        return;
    }
    if (active) {
        drmgmt__metrics_add(w->metrics, stays(f), kind, 1);
    } else {
        const char *end[] = { f->protocol, f->operation, status_of(f), code };
        drmgmt__metrics_add(w->metrics, DRMGMT__METRIC_RESULTS, end, 1);
    }
    if (f->ran_us && strcmp(f->outcome, "release") != 0 && strcmp(f->outcome, "defer") != 0)
        drmgmt__metrics_observe(w->metrics, DRMGMT__METRIC_RUN, kind, f->ran_us);
}
