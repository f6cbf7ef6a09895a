/* Making and reading batches. Called by programs; calls spec.c, store, audit and queue. */
#include "batch/batch.h"

#include "audit/audit.h"
#include "audit/change.h"
#include "auth/auth.h"
#include "core/context_internal.h"
#include "core/core.h"
#include "core/entities.h"
#include "job/job_internal.h"
#include "limit/limit.h"
#include "queries.h"
#include "queue/queue.h"
#include "store/list.h"
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

static const drmgmt_entity *const entity = &drmgmt__entity_batch;

bool drmgmt_batch_status_ended(const char *status)
{
    return strcmp(status, "completed") == 0 || strcmp(status, "cancelled") == 0;
}

static int no_such(drmgmt_error **error)
{
    return drmgmt__fail(error, DRMGMT_ERR_NOT_FOUND, "there is no such batch");
}

void drmgmt__batch_publish(drmgmt_context *context, const char *tenant_id, const char *batch_id, const char *status)
{
    char data[128];
    int n = snprintf(data, sizeof data, "{\"batch_id\":\"%s\",\"status\":\"%s\"}", batch_id, status);

    drmgmt__publish_event(context->publisher, tenant_id, batch_id,
                          drmgmt_batch_status_ended(status) ? DRMGMT_EVENT_DONE : DRMGMT_EVENT_UPDATE, data, (size_t)n);
}

/* ---- make ---- */

/* What makes two requests the same: the spec with its members in order. */
static int hash_of(const drmgmt__strbuf *spec, uint8_t hash[32], drmgmt_error **error)
{
    DRMGMT__JSON json_t *value = json_loads(spec->data, 0, NULL);
    DRMGMT__FREE char *canonical = value ? json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
    unsigned length = 0;

    if (!canonical || EVP_Digest(canonical, strlen(canonical), hash, &length, EVP_sha256(), NULL) != 1)
        return drmgmt__fail_memory(error);
    return 0;
}

static int audit_made(drmgmt__tx *tx, const drmgmt_session *session, const char *action, const drmgmt_record *batch,
                      drmgmt_error **error)
{
    static const char *const members[] = { "protocol", "operation", "retry_of" };
    DRMGMT__STRBUF detail = DRMGMT__STRBUF_INIT;

    drmgmt__strbuf_putc(&detail, '{');
    drmgmt__json_member_int(&detail, "count", drmgmt_record_int(batch, "total"));
    for (size_t i = 0; i < DRMGMT__COUNT(members); i++)
        if (drmgmt_record_text(batch, members[i]))
            drmgmt__json_member(&detail, members[i], drmgmt_record_text(batch, members[i]));
    drmgmt__strbuf_putc(&detail, '}');
    if (detail.failed)
        return drmgmt__fail_memory(error);
    return drmgmt__audit(tx, session, action, "batch", drmgmt_record_id(batch), detail.data, error);
}

/* Reads it, writes the audit row, commits, and rings. */
static int finish(drmgmt__tx **tx, drmgmt_session *session, const char *action, const char *id, drmgmt_record **batch,
                  drmgmt_error **error)
{
    DRMGMT__RECORD drmgmt_record *made = NULL;

    int rc = drmgmt__read_one(*tx, entity, &drmgmt__q_batch_get, id, &made, error);
    if (!rc)
        rc = audit_made(*tx, session, action, made, error);
    if (!rc)
        rc = drmgmt__tx_commit(tx, error);
    if (rc)
        return rc;
    drmgmt__publish_bell(session->context->publisher, DRMGMT__LANE);
    *batch = DRMGMT__STEAL(made);
    return 0;
}

/* Runs what makes it, and takes note of a queue that is full. */
static int make(drmgmt_session *session, drmgmt__tx *tx, const drmgmt__query *query, const drmgmt__params *p,
                drmgmt_error **error)
{
    drmgmt_error *failure = NULL;
    int rc = drmgmt__tx_exec(tx, query, p, NULL, &failure);

    drmgmt__full_note(session->context->full, session->tenant_id, failure);
    return drmgmt__order_name_deleted(rc, failure, error);
}

/* *before: the id of the batch that the key was used for, else "". */
static int take_key(drmgmt__tx *tx, const char *key, const drmgmt__strbuf *spec, const char *id,
                    char before[DRMGMT__UUID_SIZE], drmgmt_error **error)
{
    uint8_t hash[32];

    before[0] = '\0';
    if (!key)
        return 0;
    int rc = hash_of(spec, hash, error);
    return rc ? rc : drmgmt__idempotency_take(tx, key, hash, id, before, error);
}

static int create(drmgmt_session *session, drmgmt_permission permission, const drmgmt__strbuf *spec, const char *key,
                  drmgmt_record **batch, drmgmt_error **error)
{
    drmgmt__params p = DRMGMT__PARAMS_INIT;
    DRMGMT__TX drmgmt__tx *tx = NULL;
    char id[DRMGMT__UUID_SIZE], before[DRMGMT__UUID_SIZE];

    if (drmgmt__uuid_v7(id))
        return drmgmt__fail(error, DRMGMT_ERR_CRYPTO, "the system gives no random numbers");
    int rc = drmgmt__tx_begin(session, permission, &tx, error);
    if (!rc)
        rc = take_key(tx, key, spec, id, before, error);
    if (rc)
        return rc;
    if (before[0]) {
        drmgmt__tx_rollback(DRMGMT__STEAL(tx));
        return drmgmt_batch_get(session, before, batch, error);
    }
    drmgmt__param(&p, id);
    drmgmt__param(&p, spec->data);
    rc = make(session, tx, &drmgmt__q_batch_create, &p, error);
    return rc ? rc : finish(&tx, session, "batch.create", id, batch, error);
}

int drmgmt_batch_create(drmgmt_session *session, const drmgmt_draft *draft, const char *idempotency_key,
                        drmgmt_record **batch, drmgmt_error **error)
{
    DRMGMT__STRBUF spec = DRMGMT__STRBUF_INIT;
    drmgmt_permission permission = DRMGMT_PERM_JOB_SUBMIT_READ;

    int rc = idempotency_key ? drmgmt__idempotency_check(idempotency_key, error) : 0;
    if (!rc)
        rc = drmgmt__batch_spec(draft, &spec, &permission, error);
    if (!rc && !idempotency_key)
        rc = drmgmt__full_check(session->context->full, session->tenant_id, error);
    return rc ? rc : create(session, permission, &spec, idempotency_key, batch, error);
}

/* Which permission repeating it needs. Asked with the lesser one of the two. */
static int permission_of(drmgmt_session *session, const char *id, drmgmt_permission *permission, drmgmt_error **error)
{
    DRMGMT__RECORD drmgmt_record *batch = NULL;

    if (!drmgmt__uuid_valid(id))
        return no_such(error);
    int rc =
        drmgmt__get_run(session, DRMGMT_PERM_JOB_SUBMIT_READ, &drmgmt__q_batch_get, id, entity, "batch", &batch, error);
    if (rc)
        return rc;
    const drmgmt_driver *driver = drmgmt_driver_find(drmgmt_record_text(batch, "protocol"));
    const drmgmt_operation *operation =
        driver ? drmgmt_driver_operation(driver, drmgmt_record_text(batch, "operation")) : NULL;
    if (!operation)
        return drmgmt__fail(error, DRMGMT_ERR_UNSUPPORTED, "the operation of this batch is not known here any more");
    *permission = drmgmt__order_permission(operation);
    return 0;
}

int drmgmt_batch_retry(drmgmt_session *session, const char *id, bool uncertain, drmgmt_record **batch,
                       drmgmt_error **error)
{
    drmgmt__params p = DRMGMT__PARAMS_INIT;
    DRMGMT__TX drmgmt__tx *tx = NULL;
    drmgmt_permission permission = DRMGMT_PERM_NONE;
    char made[DRMGMT__UUID_SIZE];

    int rc = permission_of(session, id, &permission, error);
    if (!rc && drmgmt__uuid_v7(made))
        rc = drmgmt__fail(error, DRMGMT_ERR_CRYPTO, "the system gives no random numbers");
    if (!rc)
        rc = drmgmt__tx_begin(session, permission, &tx, error);
    if (rc)
        return rc;
    drmgmt__param(&p, made);
    drmgmt__param(&p, id);
    drmgmt__param_bool(&p, uncertain);
    rc = make(session, tx, &drmgmt__q_batch_retry, &p, error);
    return rc ? rc : finish(&tx, session, "batch.retry", made, batch, error);
}

/* ---- read ---- */

int drmgmt_batch_get(drmgmt_session *session, const char *id, drmgmt_record **batch, drmgmt_error **error)
{
    if (!drmgmt__uuid_valid(id))
        return no_such(error);
    return drmgmt__get_run(session, DRMGMT_PERM_JOB_READ, &drmgmt__q_batch_get, id, entity, "batch", batch, error);
}

static void add_filters(drmgmt__params *p, const drmgmt_query *query, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        size_t from = 0;
        drmgmt__param(p, drmgmt__query_filter(query, names[i], &from));
    }
}

int drmgmt_batch_list(drmgmt_session *session, const drmgmt_query *query, drmgmt_page **page, drmgmt_error **error)
{
    static const char *const filters[] = { "status", "protocol", "operation" };
    drmgmt__params p;

    drmgmt__list_params(&p);
    add_filters(&p, query, filters, DRMGMT__COUNT(filters));
    return drmgmt__list_run(session, DRMGMT_PERM_JOB_READ, &drmgmt__q_batch_list, &p, query, "id", page, error);
}

int drmgmt_batch_jobs(drmgmt_session *session, const char *id, const drmgmt_query *query, drmgmt_page **page,
                      drmgmt_error **error)
{
    static const char *const filters[] = { "status", "device_id", "protocol", "operation" };
    DRMGMT__RECORD drmgmt_record *batch = NULL;
    drmgmt__params p;

    int rc = drmgmt_batch_get(session, id, &batch, error);
    if (rc)
        return rc;
    drmgmt__list_params(&p);
    drmgmt__param(&p, id);
    add_filters(&p, query, filters, DRMGMT__COUNT(filters));
    return drmgmt__list_run(session, DRMGMT_PERM_JOB_READ, &drmgmt__q_batch_jobs, &p, query, "id", page, error);
}
