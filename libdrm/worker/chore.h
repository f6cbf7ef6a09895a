/* What some worker has to do now and then, whichever comes first: each chore has a row in chores.c, and a file
 * chore_NAME.c. Run by the keeper thread, in turn: none may take long, and one that is done by another worker at the
 * moment (an advisory lock in its function of the database) returns at once. Internal. */
#ifndef DRMGMT_WORKER_CHORE_H
#define DRMGMT_WORKER_CHORE_H

#include "worker/engine.h"

typedef struct drmgmt__chore {
    const char *name;  /* for the log */
    unsigned every_ms; /* 0: as often as jobs that are due are looked for */
    /* One step. *again (false before): there is more to do at once. A failure is logged, and waits for the next time.
     */
    int (*run)(drmgmt_worker *w, drmgmt_session *system, bool *again, drmgmt_error **error);
} drmgmt__chore;

enum { DRMGMT__QUEUE_EVERY_MS = 5000 };

extern const drmgmt__chore drmgmt__chores[];
extern const size_t drmgmt__n_chores;

/* chore_batches.c */
int drmgmt__chore_batches(drmgmt_worker *w, drmgmt_session *system, bool *again, drmgmt_error **error);
/* chore_schedules.c */
int drmgmt__chore_schedules(drmgmt_worker *w, drmgmt_session *system, bool *again, drmgmt_error **error);
/* chore_purge.c */
int drmgmt__chore_purge(drmgmt_worker *w, drmgmt_session *system, bool *again, drmgmt_error **error);
/* chore_cancels.c */
int drmgmt__chore_cancels(drmgmt_worker *w, drmgmt_session *system, bool *again, drmgmt_error **error);
/* chores.c: jobs were put into the queue: wakes the ledger and rings for all lanes. */
void drmgmt__chore_ring(drmgmt_worker *w);
/* chore_retention.c */
int drmgmt__chore_retention(drmgmt_worker *w, drmgmt_session *system, bool *again, drmgmt_error **error);
/* chore_queue.c */
int drmgmt__chore_queue(drmgmt_worker *w, drmgmt_session *system, bool *again, drmgmt_error **error);
/* chore_progress.c */
int drmgmt__chore_progress(drmgmt_worker *w, drmgmt_session *system, bool *again, drmgmt_error **error);

#endif
