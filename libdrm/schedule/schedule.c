/* Schedules: made, changed, read, run by hand. Called by programs; when they run, and in whose name, the adm functions
 * of the database decide. Calls batch, store, audit and queue. */
#include <drm/schedule.h>

#include "audit/audit.h"
#include "audit/change.h"
#include "auth/auth.h"
#include "batch/batch.h"
#include "core/context_internal.h"
#include "core/core.h"
#include "core/entities.h"
#include "job/job_internal.h"
#include "queries.h"
#include "queue/queue.h"
#include "store/list.h"
#include <string.h>

static const drmgmt_entity *const entity = &drmgmt__entity_schedule;

static int no_such(drmgmt_error **error)
{
    return drmgmt__fail(error, DRMGMT_ERR_NOT_FOUND, "there is no such schedule");
}

static int invalid(drmgmt_error **error, const char *field, const char *what)
{
    return drmgmt__fail_full(error, DRMGMT_ERR_INVALID, false, NULL, field, "%s: %s", field, what);
}

/* ---- what a draft says, as the JSON that the database's functions take ---- */

/* The same failure, about a field of the batch. Frees failure. */
static int fail_of_batch(drmgmt_error *failure, drmgmt_error **error)
{
    const char *inner = drmgmt_error_field(failure);
    DRMGMT__STRBUF field = DRMGMT__STRBUF_INIT;

    drmgmt__strbuf_puts(&field, "batch");
    if (inner)
        drmgmt__strbuf_printf(&field, ".%s", inner);
    int rc = field.failed ? drmgmt__fail_memory(error)
                          : drmgmt__fail_full(error, drmgmt_error_status(failure), false, NULL, field.data, "batch%s%s",
                                              inner ? "." : ": ", drmgmt_error_message(failure));
    drmgmt_error_free(failure);
    return rc;
}

static int add_spec(const char *text, drmgmt__strbuf *b, drmgmt_permission *permission, drmgmt_error **error)
{
    static const char *const others[] = { "run_at", "deadline" };
    DRMGMT__STRBUF spec = DRMGMT__STRBUF_INIT;
    drmgmt_draft *batch = NULL;
    drmgmt_error *failure = NULL;

    int rc = drmgmt_draft_from_json(&drmgmt__entity_batch, text, strlen(text), &batch, &failure);
    for (size_t i = 0; !rc && i < DRMGMT__COUNT(others); i++)
        if (drmgmt__draft_text(batch, others[i]))
            rc = invalid(&failure, others[i], "not here: the schedule says when it runs");
    if (!rc)
        rc = drmgmt__batch_spec(batch, &spec, permission, &failure);
    drmgmt_draft_free(batch);
    if (rc)
        return fail_of_batch(failure, error);
    drmgmt__json_key(b, "spec");
    drmgmt__strbuf_puts(b, spec.data);
    return 0;
}

/* *permission: of its operation; as it was where the draft names none. */
static int write_change(const drmgmt_draft *draft, drmgmt__strbuf *b, drmgmt_permission *permission,
                        drmgmt_error **error)
{
    static const char *const texts[] = { "name", "start_at", "cron", "time_zone", "overlap" };
    static const char *const literals[] = { "every_ms", "enabled" };
    const char *batch = drmgmt__draft_text(draft, "batch"), *name = drmgmt__draft_text(draft, "name");

    if (name && (name[0] == ' ' || name[strlen(name) - 1] == ' '))
        return invalid(error, "name", "blanks at the ends are not allowed");
    drmgmt__strbuf_putc(b, '{');
    for (size_t i = 0; i < DRMGMT__COUNT(texts); i++)
        if (drmgmt__draft_has(draft, texts[i]))
            drmgmt__json_member(b, texts[i], drmgmt__draft_text(draft, texts[i]));
    for (size_t i = 0; i < DRMGMT__COUNT(literals); i++) {
        const char *text = drmgmt__draft_text(draft, literals[i]);
        if (!drmgmt__draft_has(draft, literals[i]))
            continue;
        drmgmt__json_key(b, literals[i]);
        drmgmt__strbuf_puts(b, text ? text : "null");
    }
    int rc = batch ? add_spec(batch, b, permission, error) : 0;
    drmgmt__strbuf_putc(b, '}');
    if (!rc && b->failed)
        rc = drmgmt__fail_memory(error);
    return rc;
}

/* ---- make, change, delete ---- */

int drmgmt_schedule_create(drmgmt_session *session, const drmgmt_draft *draft, drmgmt_record **schedule,
                           drmgmt_error **error)
{
    DRMGMT__STRBUF change = DRMGMT__STRBUF_INIT;
    DRMGMT__TX drmgmt__tx *tx = NULL;
    drmgmt__params p = DRMGMT__PARAMS_INIT;
    drmgmt_permission permission = DRMGMT_PERM_JOB_SUBMIT_READ;
    char id[DRMGMT__UUID_SIZE];

    int rc = drmgmt__draft_require(draft, error);
    if (!rc)
        rc = write_change(draft, &change, &permission, error);
    if (!rc && drmgmt__uuid_v7(id))
        rc = drmgmt__fail(error, DRMGMT_ERR_CRYPTO, "the system gives no random numbers");
    if (!rc)
        rc = drmgmt__tx_begin(session, permission, &tx, error);
    if (rc)
        return rc;
    drmgmt__param(&p, id);
    drmgmt__param(&p, change.data);
    rc = drmgmt__exec_explained(tx, &drmgmt__q_schedule_create, &p, NULL, error);
    return rc ? rc
              : drmgmt__finish_change(&tx, session, "schedule.create", NULL, draft, &drmgmt__q_schedule_get, id,
                                      schedule, error);
}

/* Which permission its operation needs. Asked with the lesser one of the two. */
static int permission_of(drmgmt_session *session, const char *id, drmgmt_permission *permission, drmgmt_error **error)
{
    drmgmt__params p = DRMGMT__PARAMS_INIT;
    DRMGMT__ROWS drmgmt__rows *rows = NULL;

    if (!drmgmt__uuid_valid(id))
        return no_such(error);
    drmgmt__param(&p, id);
    int rc = drmgmt__run(session, DRMGMT_PERM_JOB_SUBMIT_READ, DRMGMT__READ, &drmgmt__q_schedule_exclusive, &p, &rows,
                         error);
    if (rc)
        return rc;
    if (!drmgmt__rows_count(rows))
        return no_such(error);
    *permission = drmgmt__rows_bool(rows, 0, 0) ? DRMGMT_PERM_JOB_SUBMIT_WRITE : DRMGMT_PERM_JOB_SUBMIT_READ;
    return 0;
}

/* Begins a change: the schedule is locked, as its own operation allows, and read. */
static int begin(drmgmt_session *session, drmgmt_permission permission, const char *id, int64_t if_version,
                 drmgmt__tx **tx, drmgmt_record **before, drmgmt_error **error)
{
    drmgmt__params p = DRMGMT__PARAMS_INIT;

    drmgmt__param(&p, id);
    drmgmt__param_int(&p, if_version);
    int rc = drmgmt__tx_begin(session, permission, tx, error);
    if (!rc)
        rc = drmgmt__tx_exec(*tx, &drmgmt__q_schedule_hold, &p, NULL, error);
    return rc ? rc : drmgmt__read_one(*tx, entity, &drmgmt__q_schedule_get, id, before, error);
}

static int update(drmgmt_session *session, const char *action, const char *id, int64_t if_version,
                  const drmgmt_draft *draft, drmgmt_record **schedule, drmgmt_error **error)
{
    DRMGMT__STRBUF change = DRMGMT__STRBUF_INIT;
    DRMGMT__TX drmgmt__tx *tx = NULL;
    DRMGMT__RECORD drmgmt_record *before = NULL;
    drmgmt__params p = DRMGMT__PARAMS_INIT;
    drmgmt_permission held = DRMGMT_PERM_NONE, wanted = DRMGMT_PERM_NONE;

    int rc = permission_of(session, id, &held, error);
    if (!rc)
        rc = write_change(draft, &change, &wanted, error);
    if (!rc)
        rc =
            begin(session, wanted == DRMGMT_PERM_JOB_SUBMIT_WRITE ? wanted : held, id, if_version, &tx, &before, error);
    if (rc)
        return rc;
    drmgmt__param(&p, id);
    drmgmt__param(&p, change.data);
    rc = drmgmt__exec_explained(tx, &drmgmt__q_schedule_update, &p, NULL, error);
    return rc ? rc
              : drmgmt__finish_change(&tx, session, action, before, draft, &drmgmt__q_schedule_get, id, schedule,
                                      error);
}

int drmgmt_schedule_update(drmgmt_session *session, const char *id, int64_t if_version, const drmgmt_draft *draft,
                           drmgmt_record **schedule, drmgmt_error **error)
{
    int rc = drmgmt__draft_check_change(draft, error);

    return rc ? rc : update(session, "schedule.update", id, if_version, draft, schedule, error);
}

int drmgmt_schedule_enable(drmgmt_session *session, const char *id, drmgmt_record **schedule, drmgmt_error **error)
{
    drmgmt_draft *draft = drmgmt_draft_new(entity);

    int rc = draft ? drmgmt_draft_set(draft, "enabled", "true", error) : drmgmt__fail_memory(error);
    if (!rc)
        rc = update(session, "schedule.enable", id, 0, draft, schedule, error);
    drmgmt_draft_free(draft);
    return rc;
}

/* The schedule before, in a transaction with the permission of what ends jobs. */
static int begin_end(drmgmt_session *session, const char *id, drmgmt__tx **tx, drmgmt_record **before,
                     drmgmt_error **error)
{
    drmgmt_error *failure = NULL;

    if (!drmgmt__uuid_valid(id))
        return no_such(error);
    int rc = drmgmt__tx_begin(session, DRMGMT_PERM_JOB_CANCEL, tx, error);
    if (!rc)
        rc = drmgmt__read_one(*tx, entity, &drmgmt__q_schedule_get, id, before, &failure);
    if (rc == DRMGMT_ERR_NOT_FOUND) {
        drmgmt_error_free(failure);
        return no_such(error);
    }
    if (failure && error)
        *error = DRMGMT__STEAL(failure);
    drmgmt_error_free(failure);
    return rc;
}

int drmgmt_schedule_disable(drmgmt_session *session, const char *id, drmgmt_record **schedule, drmgmt_error **error)
{
    DRMGMT__TX drmgmt__tx *tx = NULL;
    DRMGMT__RECORD drmgmt_record *before = NULL, *after = NULL;
    drmgmt__params p = DRMGMT__PARAMS_INIT;

    drmgmt__param(&p, id);
    int rc = begin_end(session, id, &tx, &before, error);
    if (!rc)
        rc = drmgmt__tx_exec(tx, &drmgmt__q_schedule_disable, &p, NULL, error);
    if (!rc)
        rc = drmgmt__read_one(tx, entity, &drmgmt__q_schedule_get, id, &after, error);
    if (!rc)
        rc = drmgmt__audit_change(tx, session, "schedule.disable", before, after, NULL, error);
    if (!rc)
        rc = drmgmt__tx_commit(&tx, error);
    if (!rc)
        *schedule = DRMGMT__STEAL(after);
    return rc;
}

int drmgmt_schedule_delete(drmgmt_session *session, const char *id, int64_t if_version, drmgmt_error **error)
{
    DRMGMT__TX drmgmt__tx *tx = NULL;
    DRMGMT__RECORD drmgmt_record *before = NULL;
    drmgmt__params p = DRMGMT__PARAMS_INIT;

    drmgmt__param(&p, id);
    drmgmt__param_int(&p, if_version);
    int rc = begin_end(session, id, &tx, &before, error);
    if (!rc)
        rc = drmgmt__tx_exec(tx, &drmgmt__q_schedule_delete, &p, NULL, error);
    if (!rc)
        rc = drmgmt__audit_change(tx, session, "schedule.delete", before, NULL, NULL, error);
    return rc ? rc : drmgmt__tx_commit(&tx, error);
}

/* ---- run ---- */

static int audit_run(drmgmt__tx *tx, drmgmt_session *session, const char *id, const char *batch, drmgmt_error **error)
{
    DRMGMT__STRBUF detail = DRMGMT__STRBUF_INIT;

    drmgmt__strbuf_putc(&detail, '{');
    drmgmt__json_member(&detail, "batch_id", batch);
    drmgmt__strbuf_putc(&detail, '}');
    return detail.failed ? drmgmt__fail_memory(error)
                         : drmgmt__audit(tx, session, "schedule.run", "schedule", id, detail.data, error);
}

int drmgmt_schedule_run(drmgmt_session *session, const char *id, drmgmt_record **batch, drmgmt_error **error)
{
    DRMGMT__TX drmgmt__tx *tx = NULL;
    DRMGMT__ROWS drmgmt__rows *replaced = NULL;
    DRMGMT__RECORD drmgmt_record *made = NULL;
    drmgmt__params p = DRMGMT__PARAMS_INIT;
    drmgmt_permission permission = DRMGMT_PERM_NONE;
    char batch_id[DRMGMT__UUID_SIZE];

    int rc = permission_of(session, id, &permission, error);
    if (!rc && drmgmt__uuid_v7(batch_id))
        rc = drmgmt__fail(error, DRMGMT_ERR_CRYPTO, "the system gives no random numbers");
    if (!rc)
        rc = drmgmt__tx_begin(session, permission, &tx, error);
    if (rc)
        return rc;
    drmgmt__param(&p, id);
    drmgmt__param(&p, batch_id);
    rc = drmgmt__tx_exec(tx, &drmgmt__q_schedule_run, &p, &replaced, error);
    if (!rc)
        rc = drmgmt__read_one(tx, &drmgmt__entity_batch, &drmgmt__q_batch_get, batch_id, &made, error);
    if (!rc)
        rc = audit_run(tx, session, id, batch_id, error);
    if (!rc)
        rc = drmgmt__tx_commit(&tx, error);
    if (rc)
        return rc;
    for (size_t i = 0; i < drmgmt__rows_count(replaced); i++)
        drmgmt__batch_publish(session->context, session->tenant_id, drmgmt__rows_text(replaced, i, 0), "cancelling");
    drmgmt__publish_bell(session->context->publisher, DRMGMT__LANE);
    *batch = DRMGMT__STEAL(made);
    return 0;
}

/* ---- read ---- */

int drmgmt_schedule_get(drmgmt_session *session, const char *id, drmgmt_record **schedule, drmgmt_error **error)
{
    if (!drmgmt__uuid_valid(id))
        return no_such(error);
    return drmgmt__get_run(session, DRMGMT_PERM_JOB_READ, &drmgmt__q_schedule_get, id, entity, "schedule", schedule,
                           error);
}

int drmgmt_schedule_list(drmgmt_session *session, const drmgmt_query *query, drmgmt_page **page, drmgmt_error **error)
{
    DRMGMT__STRBUF name = DRMGMT__STRBUF_INIT;
    drmgmt__params p;
    size_t from = 0, at = 0;

    drmgmt__list_params(&p);
    drmgmt__param(&p, drmgmt__list_pattern(&name, drmgmt__query_filter(query, "name", &from)));
    drmgmt__param(&p, drmgmt__query_filter(query, "enabled", &at));
    if (name.failed)
        return drmgmt__fail_memory(error);
    return drmgmt__list_run(session, DRMGMT_PERM_JOB_READ, &drmgmt__q_schedule_list, &p, query, "id", page, error);
}

int drmgmt_schedule_next(drmgmt_session *session, const char *id, unsigned count, char **json, drmgmt_error **error)
{
    DRMGMT__STRBUF b = DRMGMT__STRBUF_INIT;
    DRMGMT__ROWS drmgmt__rows *rows = NULL;
    drmgmt__params p = DRMGMT__PARAMS_INIT;

    if (!drmgmt__uuid_valid(id))
        return no_such(error);
    if (count < 1 || count > DRMGMT_SCHEDULE_RUNS_MAX)
        return invalid(error, "count", "1 to 100 is expected");
    drmgmt__param(&p, id);
    drmgmt__param_int(&p, count);
    int rc = drmgmt__run(session, DRMGMT_PERM_JOB_READ, DRMGMT__READ, &drmgmt__q_schedule_next, &p, &rows, error);
    if (rc)
        return rc;
    drmgmt__strbuf_puts(&b, "{\"items\":[");
    for (size_t i = 0; i < drmgmt__rows_count(rows); i++) {
        drmgmt__strbuf_puts(&b, i ? ",{" : "{");
        drmgmt__json_member(&b, "at", drmgmt__rows_text(rows, i, 0));
        drmgmt__json_member(&b, "local", drmgmt__rows_text(rows, i, 1));
        drmgmt__strbuf_putc(&b, '}');
    }
    drmgmt__strbuf_puts(&b, "]}");
    *json = drmgmt__strbuf_steal(&b, NULL);
    return *json ? 0 : drmgmt__fail_memory(error);
}
