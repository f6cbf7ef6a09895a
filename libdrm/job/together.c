/* Submissions of one actor that come at the same time share a statement, a commit and its wait for the disk. Each has
 * its own audit row and its own outcome: one that cannot be stored is left to its own thread, which finds out why.
 * Called by submit.c; calls core/combine.c and store. */
#include "core/combine.h"

#include "core/context_internal.h"
#include "core/strbuf.h"
#include "job/job_internal.h"
#include "limit/limit.h"
#include "queries.h"
#include "store/array.h"
#include <stdio.h>
#include <string.h>

enum { AUDIT_ID = DRMGMT__ORDER_COLUMNS, AUDIT_REQUEST, AUDIT_ADDRESS, COLUMNS };

struct item {
    drmgmt_session *session;
    const drmgmt__order *order;
    /* out: */
    bool settled; /* rc, rows and failure are the outcome; else it is not stored */
    int rc;
    drmgmt__stored stored;
    drmgmt_error *failure;
};

static void store_alone(struct item *item)
{
    item->rc = drmgmt__order_store(item->session, NULL, item->order, &item->stored, &item->failure);
    item->settled = true;
}

static int add(drmgmt__strbuf columns[COLUMNS], const struct item *item)
{
    char audit_id[DRMGMT__UUID_SIZE];

    if (drmgmt__uuid_v7(audit_id))
        return DRMGMT_ERR_INTERNAL;
    for (int c = 0; c < DRMGMT__ORDER_COLUMNS; c++)
        drmgmt__array_add(&columns[c], item->order->values[c]);
    drmgmt__array_add(&columns[AUDIT_ID], audit_id);
    drmgmt__array_add(&columns[AUDIT_REQUEST], item->session->request_id);
    drmgmt__array_add(&columns[AUDIT_ADDRESS], item->session->address);
    return 0;
}

/* Rows come in no order. */
static void hand_out(const drmgmt__rows *rows, void *const *items, size_t n)
{
    for (size_t row = 0; row < drmgmt__rows_count(rows); row++) {
        for (size_t i = 0; i < n; i++) {
            struct item *item = items[i];
            if (!item->stored.rows && strcmp(item->order->id, drmgmt__rows_text(rows, row, 0)) == 0) {
                item->stored.rows = drmgmt__rows_copy(rows, row);
                item->settled = item->stored.rows != NULL;
                break;
            }
        }
    }
}

/* In the leader's session: all of a group have its actor, permission and way of log-in. */
static int run_group(void *const *items, size_t n, drmgmt_error **failure)
{
    const struct item *leader = items[0];
    DRMGMT__ROWS drmgmt__rows *rows = NULL;
    drmgmt__strbuf columns[COLUMNS] = { 0 };
    drmgmt__params p = DRMGMT__PARAMS_INIT;
    bool failed = false;

    for (size_t i = 0; i < n && !failed; i++)
        failed = add(columns, items[i]) != 0;
    for (int c = 0; c < COLUMNS && !failed; c++) {
        drmgmt__array_end(&columns[c]);
        drmgmt__param(&p, columns[c].data);
        failed = columns[c].failed;
    }
    int rc = failed ? drmgmt__fail_memory(failure)
                    : drmgmt__run(leader->session, drmgmt__order_permission(leader->order->operation),
                                  DRMGMT__WRITE | DRMGMT__REPEATABLE | DRMGMT__TRIAL, &drmgmt__q_job_submit_group, &p,
                                  &rows, failure);
    if (!rc)
        hand_out(rows, items, n);
    for (int c = 0; c < COLUMNS; c++)
        drmgmt__strbuf_free(&columns[c]);
    return rc;
}

/* The tenant's quota had no room for all of them: refuses those past it. Returns how many are left. */
static size_t refuse_rest(void *const *items, size_t n, const drmgmt_error *failure)
{
    const drmgmt__quota_state state = { drmgmt_error_quota(failure), drmgmt_error_quota_limit(failure),
                                        drmgmt_error_quota_used(failure), drmgmt_error_retry_after(failure) };
    int64_t room = state.limit - state.used;
    size_t left = room < 0 ? 0 : (uint64_t)room < n ? (size_t)room : n;

    for (size_t i = left; i < n; i++) {
        struct item *item = items[i];
        item->rc = drmgmt__fail_quota(&item->failure, drmgmt_error_status(failure), &state, "%s",
                                      drmgmt_error_message(failure));
        item->settled = true;
    }
    return left;
}

static void store_group(void *const *items, size_t n)
{
    drmgmt_error *failure = NULL;

    if (n == 1) {
        store_alone(items[0]);
        return;
    }
    if (run_group(items, n, &failure) && drmgmt_error_quota(failure)) {
        const drmgmt_session *session = ((const struct item *)items[0])->session;
        size_t left = refuse_rest(items, n, failure);
        drmgmt__full_note(session->context->full, session->tenant_id, failure);
        if (left)
            run_group(items, left, NULL);
    }
    drmgmt_error_free(failure);
}

int drmgmt__submit_together(drmgmt_session *session, const drmgmt__order *o, drmgmt__stored *stored,
                            drmgmt_error **error)
{
    struct item item = { .session = session, .order = o };
    char key[256];

    /* Of an API key its id, which is no secret, and where it is used from, which it may be held to. */
    snprintf(key, sizeof key, "%s %s %s %d %.36s %s", session->tenant_id, session->user_id, session->family_id,
             (int)drmgmt__order_permission(o->operation), session->api_key ? session->api_key : "",
             session->api_key ? session->address : "");
    drmgmt__combine(session->context->combiner, key, &item, store_group);
    if (!item.settled)
        store_alone(&item);
    if (!item.rc)
        *stored = item.stored;
    else if (error)
        *error = item.failure;
    else
        drmgmt_error_free(item.failure);
    return item.rc;
}
