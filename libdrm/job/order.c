/* Orders: a draft checked against its driver, as it goes into the database. Called by the files that submit; calls the
 * drivers' check(). */
#include "job/job_internal.h"

#include "core/entities.h"
#include <stdio.h>
#include <string.h>

enum { PRIORITY_DEFAULT = 5, RETRY_DEFAULT = 1000, PARAMS_MAX = 256 << 10 };

static int check_params(const drmgmt_driver *driver, const drmgmt_operation *operation, const char *params,
                        drmgmt_error **error)
{
    if (params[strspn(params, " \t\r\n")] != '{')
        return drmgmt__fail_full(error, DRMGMT_ERR_INVALID, false, NULL, "params", "params: an object is expected");
    if (strlen(params) > PARAMS_MAX)
        return drmgmt__fail_full(error, DRMGMT_ERR_TOO_LARGE, false, NULL, "params",
                                 "params: at most %d KiB are allowed", PARAMS_MAX >> 10);
    return driver->check ? driver->check(operation, params, error) : 0;
}

static int find_operation(const drmgmt_draft *draft, const drmgmt_driver **driver, const drmgmt_operation **operation,
                          drmgmt_error **error)
{
    const char *protocol = drmgmt__draft_text(draft, "protocol"), *word = drmgmt__draft_text(draft, "operation");

    *driver = drmgmt_driver_find(protocol);
    if (!*driver)
        return drmgmt__fail_full(error, DRMGMT_ERR_UNSUPPORTED, false, NULL, "protocol",
                                 "protocol: there is no driver \"%.40s\" here", protocol);
    *operation = drmgmt_driver_operation(*driver, word);
    if (!*operation)
        return drmgmt__fail_full(error, DRMGMT_ERR_UNSUPPORTED, false, NULL, "operation",
                                 "operation: the driver %s has no operation \"%.40s\"", protocol, word);
    return 0;
}

static const char *number_or(const drmgmt_draft *draft, const char *field, unsigned fallback, char *text, size_t size)
{
    const char *given = drmgmt__draft_text(draft, field);

    snprintf(text, size, "%u", fallback);
    return given ? given : text;
}

/* A time that was checked when the draft was filled; 0: none. */
static int64_t time_of(const drmgmt_draft *draft, const char *field, char text[DRMGMT__TIME_SIZE])
{
    const char *given = drmgmt__draft_text(draft, field);
    int64_t ms = 0;

    text[0] = '\0';
    if (given && drmgmt__time_parse(given, &ms))
        drmgmt__time_write(ms, text);
    return ms;
}

static int read_times(const drmgmt_draft *draft, drmgmt__order *o, drmgmt_error **error)
{
    int64_t run_at = time_of(draft, "run_at", o->run_at), deadline = time_of(draft, "deadline", o->deadline);

    o->deadline_ms = deadline;
    if (deadline && run_at >= deadline)
        return drmgmt__fail_full(error, DRMGMT_ERR_INVALID, false, NULL, "deadline",
                                 "deadline: it is before run_at: the job could not begin");
    return 0;
}

/* What is not asked for is null in the database. */
static const char *text_or_null(const char *text)
{
    return text && text[0] ? text : NULL;
}

static int read_scheduling(const drmgmt_draft *draft, drmgmt__order *o, drmgmt_error **error)
{
    const char *conflict = drmgmt__draft_text(draft, "unique_conflict");
    int rc = read_times(draft, o, error);

    if (rc)
        return rc;
    o->values[DRMGMT__ORDER_RETRY] = number_or(draft, "retry_ms", RETRY_DEFAULT, o->retry, sizeof o->retry);
    o->values[DRMGMT__ORDER_RUN_AT] = text_or_null(o->run_at);
    o->values[DRMGMT__ORDER_DEADLINE] = text_or_null(o->deadline);
    o->values[DRMGMT__ORDER_UNIQUE_KEY] = drmgmt__draft_text(draft, "unique_key");
    o->values[DRMGMT__ORDER_REQUEUED_FROM] = NULL;
    o->refuses = conflict && strcmp(conflict, "refuse") == 0;
    if (conflict && !o->values[DRMGMT__ORDER_UNIQUE_KEY])
        return drmgmt__fail_full(error, DRMGMT_ERR_INVALID, false, NULL, "unique_conflict",
                                 "unique_conflict: it goes with a unique_key");
    return 0;
}

int drmgmt__order_make(const drmgmt_draft *draft, drmgmt__order *o, drmgmt_error **error)
{
    const drmgmt_driver *driver = NULL;
    const char *params = drmgmt__draft_text(draft, "params");

    int rc = drmgmt__draft_require(draft, error);
    if (!rc)
        rc = find_operation(draft, &driver, &o->operation, error);
    if (!rc)
        rc = check_params(driver, o->operation, params ? params : "{}", error);
    if (!rc)
        rc = read_scheduling(draft, o, error);
    if (rc)
        return rc;
    if (drmgmt__uuid_v7(o->id))
        return drmgmt__fail(error, DRMGMT_ERR_INTERNAL, "no randomness for an id");
    o->values[DRMGMT__ORDER_ID] = o->id;
    o->values[DRMGMT__ORDER_DEVICE] = drmgmt__draft_text(draft, "device_id");
    o->values[DRMGMT__ORDER_PROTOCOL] = driver->name;
    o->values[DRMGMT__ORDER_OPERATION] = o->operation->name;
    o->values[DRMGMT__ORDER_PARAMS] = params ? params : "{}";
    o->values[DRMGMT__ORDER_PRIORITY] = number_or(draft, "priority", PRIORITY_DEFAULT, o->priority, sizeof o->priority);
    o->values[DRMGMT__ORDER_TIMEOUT] =
        number_or(draft, "timeout_ms", o->operation->timeout_ms, o->timeout, sizeof o->timeout);
    o->values[DRMGMT__ORDER_ATTEMPTS] =
        number_or(draft, "max_attempts", o->operation->max_attempts ? o->operation->max_attempts : 1, o->attempts,
                  sizeof o->attempts);
    o->values[DRMGMT__ORDER_IDEMPOTENT] = o->operation->flags & DRMGMT_OP_IDEMPOTENT ? "t" : "f";
    o->values[DRMGMT__ORDER_EXCLUSIVE] = o->operation->flags & DRMGMT_OP_WRITES ? "t" : "f";
    return 0;
}

int drmgmt__order_check_time(const drmgmt__order *o, drmgmt_error **error)
{
    if (!o->deadline_ms || o->deadline_ms > drmgmt__now_ms())
        return 0;
    return drmgmt__fail_full(error, DRMGMT_ERR_INVALID, false, NULL, "deadline",
                             "deadline: it is over already: the job could not begin");
}

drmgmt_permission drmgmt__order_permission(const drmgmt_operation *operation)
{
    return operation->flags & DRMGMT_OP_WRITES ? DRMGMT_PERM_JOB_SUBMIT_WRITE : DRMGMT_PERM_JOB_SUBMIT_READ;
}

int drmgmt__order_add_audit(drmgmt__params *p, const drmgmt_session *session, char audit_id[DRMGMT__UUID_SIZE],
                            drmgmt_error **error)
{
    if (drmgmt__uuid_v7(audit_id))
        return drmgmt__fail(error, DRMGMT_ERR_INTERNAL, "no randomness for an id");
    drmgmt__param(p, audit_id);
    drmgmt__param(p, session->request_id);
    drmgmt__param(p, session->address);
    return 0;
}

int drmgmt__order_check_holder(const drmgmt__order *o, const char *holder, drmgmt_error **error)
{
    return o->refuses ? drmgmt__fail_full(error, DRMGMT_ERR_CONFLICT, false, NULL, "unique_key",
                                          "unique_key: the job %s has it, which has not ended yet", holder)
                      : 0;
}

int drmgmt__order_check_row(const drmgmt__rows *rows, size_t row, size_t first, const drmgmt__order *o,
                            drmgmt_error **error)
{
    if (!drmgmt__rows_bool(rows, row, first))
        return drmgmt__fail_full(error, DRMGMT_ERR_NOT_FOUND, false, NULL, "device_id",
                                 "device_id: there is no device %s", o->values[DRMGMT__ORDER_DEVICE]);
    if (!drmgmt__rows_bool(rows, row, first + 1))
        return drmgmt__fail_full(error, DRMGMT_ERR_INVALID, false, NULL, "protocol",
                                 "protocol: device %s has no %s profile: add one first",
                                 o->values[DRMGMT__ORDER_DEVICE], o->values[DRMGMT__ORDER_PROTOCOL]);
    return 0;
}

int drmgmt__order_name_deleted(int rc, drmgmt_error *failure, drmgmt_error **error)
{
    const char *detail = drmgmt_error_detail(failure);

    if (rc && detail && strcmp(detail, "jobs_tenant_id_device_id_fkey") == 0) {
        drmgmt_error_free(failure);
        return drmgmt__fail_full(error, DRMGMT_ERR_NOT_FOUND, false, NULL, "device_id",
                                 "device_id: the device was deleted at this moment");
    }
    if (rc && error)
        *error = failure;
    else
        drmgmt_error_free(failure);
    return rc;
}
