/* What the operations of this room share: one that runs is a drmgmt__snmp_job with members of its own behind it. Loop
 * thread only. Internal. */
#ifndef DRMGMT_PROTO_SNMP_OPERATION_H
#define DRMGMT_PROTO_SNMP_OPERATION_H

#include "core/strbuf.h"
#include "proto/snmp/exchange.h"
#include "proto/snmp/value.h"

typedef struct drmgmt__snmp_job drmgmt__snmp_job;
struct drmgmt__snmp_job {
    drmgmt__snmp *snmp;
    drmgmt_op *op;
    drmgmt__snmp_peer *peer;
    void (*clear)(drmgmt__snmp_job *job); /* frees what the operation itself holds */
};

/* Memory for an operation: size bytes of zeros that begin with a drmgmt__snmp_job, with the device as its peer,
 * attached to op. NULL: op has failed. */
void *drmgmt__snmp_job_new(drmgmt__snmp *snmp, drmgmt_op *op, size_t size, void (*clear)(drmgmt__snmp_job *job));
/* Lets go of everything but op, which the caller ends. */
void drmgmt__snmp_job_free(drmgmt__snmp_job *job);

/* Each of these frees the job and ends op. */
void drmgmt__snmp_job_complete(drmgmt__snmp_job *job, drmgmt__strbuf *result);
void drmgmt__snmp_job_fail(drmgmt__snmp_job *job, const drmgmt__snmp_failure *failure);
void drmgmt__snmp_job_fail_memory(drmgmt__snmp_job *job);
/* detail: further members of the error, a JSON object, or NULL. */
void drmgmt__snmp_job_fail_text(drmgmt__snmp_job *job, const char *detail, const char *code, bool retryable,
                                const char *format, ...) DRMGMT_PRINTF(5, 6);
/* By the agent's error-status. about: what error-index points at; NULL: nothing. index: counted in the parameters. */
void drmgmt__snmp_job_fail_status(drmgmt__snmp_job *job, int32_t status, int32_t index, const drmgmt__oid *about);
/* Parameters that an older release took: op has no job yet. Frees error. */
void drmgmt__snmp_fail_invalid(drmgmt_op *op, drmgmt_error *error);

/* How long a result is kept after an operation, for the next one. */
enum { DRMGMT__SNMP_OUT_KEPT = 1 << 18 };

/* ---- the operations ---- */
typedef void drmgmt__snmp_begin_fn(drmgmt__snmp *snmp, drmgmt_op *op);
drmgmt__snmp_begin_fn drmgmt__snmp_get_begin, drmgmt__snmp_getnext_begin, drmgmt__snmp_set_begin,
    drmgmt__snmp_walk_begin, drmgmt__snmp_table_begin;

#endif
