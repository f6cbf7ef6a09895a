/* Counters of a worker or a trap listener: kept in memory and told to the database with the beats, where those of all
 * add up (sched.metrics_add()); and their reading there, as Prometheus text (text.c). Internal. */
#ifndef DRMGMT_METRIC_METRIC_H
#define DRMGMT_METRIC_METRIC_H

#include "store/store.h"

/* One for each row of the table in family.c. */
typedef enum drmgmt__metric {
    DRMGMT__METRIC_CLAIM,
    DRMGMT__METRIC_CLAIMED,
    DRMGMT__METRIC_RESULTS,
    DRMGMT__METRIC_RUN,
    DRMGMT__METRIC_RETRIES,
    DRMGMT__METRIC_DEFERS,
    DRMGMT__METRIC_RELEASES,
    DRMGMT__METRIC_REFUSED,
    DRMGMT__METRIC_DUE,
    DRMGMT__METRIC_GIVEN_UP,
    DRMGMT__METRIC_TRAP_DATAGRAMS,
    DRMGMT__METRIC_TRAP_MESSAGES,
    DRMGMT__METRIC_TRAP_REFUSED,
    DRMGMT__METRIC_TRAP_EVENTS,
    DRMGMT__METRIC_TRAP_ANSWERS,
    DRMGMT__METRIC_TRAP_REPEATED,
    /* those that the database tells by itself */
    DRMGMT__METRIC_QUEUE_JOBS,
    DRMGMT__METRIC_QUEUE_TENANTS,
    DRMGMT__METRIC_QUEUE_OLDEST,
    DRMGMT__METRIC_QUEUE_COUNTED,
    DRMGMT__METRIC_QUEUE_WHOLE,
    DRMGMT__METRIC_WORKERS,
    DRMGMT__METRIC_WORKER_SLOTS,
    DRMGMT__METRIC_WORKER_IN_FLIGHT,
    DRMGMT__METRIC_COUNT
} drmgmt__metric;

enum {
    DRMGMT__METRIC_LABELS = 4,                        /* at most */
    DRMGMT__METRIC_BUCKETS = 17,                      /* of a histogram, with the one above all bounds */
    DRMGMT__METRIC_WIDTH = DRMGMT__METRIC_BUCKETS + 1 /* and the sum, in microseconds */
};

typedef struct drmgmt__metric_family {
    const char *name, *help;
    enum { DRMGMT__COUNTER, DRMGMT__HISTOGRAM, DRMGMT__GAUGE } type;
    const char *labels[DRMGMT__METRIC_LABELS]; /* NULL: no more */
} drmgmt__metric_family;

extern const drmgmt__metric_family drmgmt__metric_families[DRMGMT__METRIC_COUNT];
/* Upper bounds of the buckets, in microseconds. A change of them is a change of the histograms' names: what is in the
 * database was counted by the old ones. */
extern const uint64_t drmgmt__metric_bounds[DRMGMT__METRIC_BUCKETS - 1];

/* ---- in memory; any thread ---- */

typedef struct drmgmt__metrics drmgmt__metrics;
/* NULL when memory is out. */
drmgmt__metrics *drmgmt__metrics_new(void);
void drmgmt__metrics_free(drmgmt__metrics *m); /* NULL is allowed */
/* values: of the family's labels, in order; texts that live as long as m, out of a bounded set. Without memory, and for
 * m NULL, nothing is counted. */
void drmgmt__metrics_add(drmgmt__metrics *m, drmgmt__metric metric, const char *const *values, uint64_t n);
/* The same with the total since m was made. */
void drmgmt__metrics_set(drmgmt__metrics *m, drmgmt__metric metric, const char *const *values, uint64_t total);
/* One more in a histogram. */
void drmgmt__metrics_observe(drmgmt__metrics *m, drmgmt__metric metric, const char *const *values, uint64_t us);
/* Adds what was counted since the last time to the database's counters. What fails for a while is told with the next
 * call, once, also when the answer alone was lost. system: "worker". By one thread at a time. */
int drmgmt__metrics_tell(drmgmt__metrics *m, drmgmt_session *system, drmgmt_error **error);

#endif
