/* How operations begin and end. Called by get.c, set.c, walk.c and rows.c. */
#include "proto/snmp/operation.h"

#include "core/core.h"
#include "proto/snmp/snmp.h"
#include <string.h>

void *drmgmt__snmp_job_new(drmgmt__snmp *snmp, drmgmt_op *op, size_t size, void (*clear)(drmgmt__snmp_job *job))
{
    drmgmt__snmp_failure failure;
    drmgmt__snmp_job *job = calloc(1, size);

    if (!job) {
        drmgmt_op_fail(op, "no-memory", "The worker is out of memory.", true);
        return NULL;
    }
    job->peer = drmgmt__snmp_peer_of_op(snmp, op, &failure);
    if (!job->peer) {
        free(job);
        drmgmt_op_fail(op, failure.code, failure.message, failure.retryable);
        return NULL;
    }
    job->snmp = snmp;
    job->op = op;
    job->clear = clear;
    drmgmt_op_set_data(op, job);
    return job;
}

void drmgmt__snmp_job_free(drmgmt__snmp_job *job)
{
    drmgmt__snmp_peer_close(job->peer);
    job->clear(job);
    free(job);
}

void drmgmt__snmp_job_complete(drmgmt__snmp_job *job, drmgmt__strbuf *result)
{
    drmgmt_op *op = job->op;
    DRMGMT__STRBUF own = DRMGMT__STRBUF_INIT;

    if (result != &job->snmp->out) { /* it goes with the job */
        own = *result;
        *result = (drmgmt__strbuf)DRMGMT__STRBUF_INIT;
        result = &own;
    }
    drmgmt__snmp_job_free(job);
    if (result->failed)
        drmgmt_op_fail(op, "no-memory", "The worker is out of memory.", true);
    else
        drmgmt_op_complete(op, result->data);
}

void drmgmt__snmp_job_fail(drmgmt__snmp_job *job, const drmgmt__snmp_failure *failure)
{
    drmgmt_op *op = job->op;

    drmgmt__snmp_job_free(job);
    drmgmt_op_fail(op, failure->code, failure->message, failure->retryable);
}

void drmgmt__snmp_job_fail_memory(drmgmt__snmp_job *job)
{
    drmgmt__snmp_job_fail_text(job, NULL, "no-memory", true, "The worker is out of memory, or has no random numbers.");
}

void drmgmt__snmp_job_fail_text(drmgmt__snmp_job *job, const char *detail, const char *code, bool retryable,
                                const char *format, ...)
{
    DRMGMT__STRBUF message = DRMGMT__STRBUF_INIT;
    drmgmt_op *op = job->op;
    va_list args;

    va_start(args, format);
    drmgmt__strbuf_vprintf(&message, format, args);
    va_end(args);
    drmgmt__snmp_job_free(job);
    drmgmt_op_fail_detail(op, code, message.data ? message.data : "", retryable, detail);
}

void drmgmt__snmp_job_fail_status(drmgmt__snmp_job *job, int32_t status, int32_t index, const drmgmt__oid *about)
{
    const drmgmt__snmp_status *row = drmgmt__snmp_status_of(status);
    DRMGMT__STRBUF message = DRMGMT__STRBUF_INIT, detail = DRMGMT__STRBUF_INIT, oid = DRMGMT__STRBUF_INIT;

    drmgmt__strbuf_printf(&message, "%s (%d)", row->name, (int)status);
    drmgmt__strbuf_printf(&detail, "{\"error_status\":%d,\"error_index\":%d", (int)status, (int)index);
    if (about) {
        drmgmt__oid_print(&oid, about);
        drmgmt__strbuf_printf(&message, " at index %d, ", (int)index);
        if (drmgmt__snmp_name_print(&message, about))
            drmgmt__strbuf_puts(&message, " = ");
        drmgmt__strbuf_puts(&message, oid.data ? oid.data : "");
        drmgmt__json_member(&detail, "oid", oid.data);
    }
    drmgmt__strbuf_putc(&detail, '}');
    drmgmt__strbuf_printf(&message, ": %s.", row->hint);
    drmgmt__snmp_job_fail_text(job, detail.failed ? NULL : detail.data, row->name, row->retryable, "%s",
                               message.data ? message.data : "");
}

void drmgmt__snmp_fail_invalid(drmgmt_op *op, drmgmt_error *error)
{
    DRMGMT__STRBUF message = DRMGMT__STRBUF_INIT;
    const char *field = drmgmt_error_field(error);

    drmgmt__strbuf_printf(&message, "%s%s%s", field ? field : "", field ? ": " : "", drmgmt_error_message(error));
    drmgmt_error_free(error);
    drmgmt_op_fail(op, "invalid", message.data ? message.data : "", false);
}
