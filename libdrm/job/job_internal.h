/* What the files of the job room share. Internal. */
#ifndef DRMGMT_JOB_JOB_INTERNAL_H
#define DRMGMT_JOB_JOB_INTERNAL_H

#include "auth/auth.h"
#include "core/core.h"
#include "core/record_internal.h"
#include "store/store.h"
#include <drm/driver.h>
#include <drm/job.h>

#define DRMGMT__LANE "default" /* the lane of jobs that any worker can do */

/* Finds a job, in tx or by itself when that is NULL. First, unless it is young, by the statement ended among what ended
 * soon after it was made, as most do: partitions of that time are few, however old it is. Then by the statement all at
 * once in both tables, for it may have moved between the two looks; at last at any time: the clock of who submitted it,
 * or of the worker that ended it, may be days off. Both take id, since, until as job_get.sql does. *rows, NULL before:
 * empty when it is nowhere. */
int drmgmt__job_find(drmgmt_session *session, drmgmt__tx *tx, drmgmt_permission permission, const drmgmt__query *ended,
                     const drmgmt__query *all, const char *id, drmgmt__rows **rows, drmgmt_error **error);

/* The parameters of job_submit.sql: one a column of the job, then those of the audit row. */
enum drmgmt__order_column {
    DRMGMT__ORDER_ID,
    DRMGMT__ORDER_DEVICE,
    DRMGMT__ORDER_PROTOCOL,
    DRMGMT__ORDER_OPERATION,
    DRMGMT__ORDER_PARAMS,
    DRMGMT__ORDER_PRIORITY,
    DRMGMT__ORDER_TIMEOUT,
    DRMGMT__ORDER_ATTEMPTS,
    DRMGMT__ORDER_IDEMPOTENT,
    DRMGMT__ORDER_EXCLUSIVE,
    DRMGMT__ORDER_RETRY,
    DRMGMT__ORDER_RUN_AT,
    DRMGMT__ORDER_DEADLINE,
    DRMGMT__ORDER_UNIQUE_KEY,
    DRMGMT__ORDER_REQUEUED_FROM,
    DRMGMT__ORDER_COLUMNS
};

/* One job as it goes into the database. */
typedef struct drmgmt__order {
    const drmgmt_operation *operation;
    char id[DRMGMT__UUID_SIZE], priority[16], timeout[16], attempts[16], retry[16];
    char run_at[DRMGMT__TIME_SIZE], deadline[DRMGMT__TIME_SIZE];
    int64_t deadline_ms; /* since 1970; 0: none */
    bool refuses;        /* an active job with its unique key; else it is answered with that job */
    const char *values[DRMGMT__ORDER_COLUMNS];
} drmgmt__order;

/* Checks a draft and reads it into an order, whose values point into both. Errors: INVALID, UNSUPPORTED. */
int drmgmt__order_make(const drmgmt_draft *draft, drmgmt__order *o, drmgmt_error **error);
/* INVALID when its deadline is over. Not asked of a repetition, whose job was made in time. */
int drmgmt__order_check_time(const drmgmt__order *o, drmgmt_error **error);
drmgmt_permission drmgmt__order_permission(const drmgmt_operation *operation);
/* Adds id, request id and address of the audit row. */
int drmgmt__order_add_audit(drmgmt__params *p, const drmgmt_session *session, char audit_id[DRMGMT__UUID_SIZE],
                            drmgmt_error **error);
/* The active job holder has the order's unique key: 0 when the order puts up with it, else CONFLICT. */
int drmgmt__order_check_holder(const drmgmt__order *o, const char *holder, drmgmt_error **error);
/* What a statement says of an order that did not become a job, from the two columns at first. */
int drmgmt__order_check_row(const drmgmt__rows *rows, size_t row, size_t first, const drmgmt__order *o,
                            drmgmt_error **error);
/* The statement saw the device, but it was deleted before the job referred to it. Takes failure over. */
int drmgmt__order_name_deleted(int rc, drmgmt_error *failure, drmgmt_error **error);

/* What became of an order. */
typedef struct drmgmt__stored {
    drmgmt__rows *rows; /* the job, or no row when this was a repetition of a statement whose answer got lost */
    char holder[DRMGMT__UUID_SIZE]; /* the active job that has its unique key, in the place of a new one; "": none */
} drmgmt__stored;

/* Stores one order, in tx when there is one. */
int drmgmt__order_store(drmgmt_session *session, drmgmt__tx *tx, const drmgmt__order *o, drmgmt__stored *stored,
                        drmgmt_error **error);
/* The record of a stored order; takes its rows over. */
int drmgmt__order_read_back(drmgmt_session *session, const drmgmt__order *o, drmgmt__stored *stored,
                            drmgmt_record **job, drmgmt_error **error);
/* Stores it and answers with its record: rings the bell. */
int drmgmt__order_submit(drmgmt_session *session, const drmgmt__order *o, drmgmt_record **job, drmgmt_error **error);
/* Stores an order unless its key was used before: then answers with the job of that time. */
int drmgmt__submit_once(drmgmt_session *session, const drmgmt__order *o, const char *key, drmgmt_record **job,
                        drmgmt_error **error);
/* INVALID unless it is 1..255 printable ASCII characters. */
int drmgmt__idempotency_check(const char *key, drmgmt_error **error);
/* Takes a key for what gets this id, or tells in before the id of what took it before with the same hash ("": it is
 * taken now). Errors: CONFLICT (in flight), IDEMPOTENCY (another hash). */
int drmgmt__idempotency_take(drmgmt__tx *tx, const char *key, const uint8_t hash[32], const char *id,
                             char before[DRMGMT__UUID_SIZE], drmgmt_error **error);
/* Stores an order, together with others of the same actor that come at the same time. */
int drmgmt__submit_together(drmgmt_session *session, const drmgmt__order *o, drmgmt__stored *stored,
                            drmgmt_error **error);

#endif
