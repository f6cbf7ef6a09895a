/* Writing a tenant's rows and links as JSON lines (docs/audit.md). Called by programs; calls store. */
#include "audit/hash.h"
#include "auth/auth.h"
#include "core/core.h"
#include "core/strbuf.h"
#include "queries.h"
#include "store/store.h"
#include <drm/audit.h>
#include <stdio.h>
#include <string.h>

/* The columns of audit_export.sql. */
enum { SEQ, AT, SIZE, PREV, HASH, PLACE, ID, ROW_HASH, THERE, XID, VALUES };

struct export
{
    drmgmt_session *session;
    drmgmt_audit_line_fn *fn;
    void *user;
    drmgmt__strbuf line;
    uint64_t after, until;
    uint64_t links, rows, pending;
    char head[DRMGMT__HASH_HEX], last_xid[24], last_tenant[37], last_id[37];
};

static void begin(struct export *e, const char *kind)
{
    drmgmt__strbuf_reset(&e->line);
    drmgmt__strbuf_putc(&e->line, '{');
    drmgmt__json_member(&e->line, "kind", kind);
}

static int end(struct export *e, drmgmt_error **error)
{
    drmgmt__strbuf_puts(&e->line, "}\n");
    if (e->line.failed)
        return drmgmt__fail_memory(error);
    return e->fn(e->user, e->line.data, e->line.length) ? 0
                                                        : drmgmt__fail(error, DRMGMT_ERR_CANCELLED, "the export ended");
}

static int read_head(struct export *e, drmgmt_error **error)
{
    DRMGMT__ROWS drmgmt__rows *rows = NULL;
    drmgmt__params p = DRMGMT__PARAMS_INIT;

    drmgmt__param(&p, NULL);
    int rc = drmgmt__run(e->session, DRMGMT_PERM_AUDIT_READ, DRMGMT__READ, &drmgmt__q_audit_head, &p, &rows, error);
    if (rc)
        return rc;
    e->until = (uint64_t)drmgmt__rows_int(rows, 0, 1);
    snprintf(e->head, sizeof e->head, "%s", drmgmt__rows_text(rows, 0, 3));
    snprintf(e->last_xid, sizeof e->last_xid, "%s", drmgmt__rows_text(rows, 0, 4));
    snprintf(e->last_tenant, sizeof e->last_tenant, "%s", drmgmt__rows_text(rows, 0, 5));
    snprintf(e->last_id, sizeof e->last_id, "%s", drmgmt__rows_text(rows, 0, 6));
    begin(e, "begin");
    drmgmt__json_member(&e->line, "format", "drmgmt-audit-1");
    drmgmt__json_member(&e->line, "tenant_id", drmgmt__rows_text(rows, 0, 0));
    drmgmt__json_member_int(&e->line, "after", (int64_t)e->after);
    return end(e, error);
}

/* The link that begins at a row, with the ids of its rows. */
static int write_link(struct export *e, const drmgmt__rows *rows, size_t row, drmgmt_error **error)
{
    uint64_t seq = (uint64_t)drmgmt__rows_int(rows, row, SEQ);

    begin(e, "link");
    drmgmt__json_member_int(&e->line, "seq", (int64_t)seq);
    drmgmt__json_member(&e->line, "at", drmgmt__rows_text(rows, row, AT));
    drmgmt__json_member_int(&e->line, "size", drmgmt__rows_int(rows, row, SIZE));
    drmgmt__json_member(&e->line, "prev_hash", drmgmt__rows_text(rows, row, PREV));
    drmgmt__json_member(&e->line, "hash", drmgmt__rows_text(rows, row, HASH));
    drmgmt__json_key(&e->line, "ids");
    drmgmt__strbuf_putc(&e->line, '[');
    for (size_t i = row; i < drmgmt__rows_count(rows) && (uint64_t)drmgmt__rows_int(rows, i, SEQ) == seq; i++) {
        if (i > row)
            drmgmt__strbuf_putc(&e->line, ',');
        drmgmt__json_string(&e->line, drmgmt__rows_text(rows, i, ID));
    }
    drmgmt__strbuf_putc(&e->line, ']');
    e->after = seq;
    e->links++;
    return end(e, error);
}

static int write_row(struct export *e, const drmgmt__rows *rows, size_t row, drmgmt_error **error)
{
    begin(e, "row");
    drmgmt__json_key(&e->line, "seq");
    drmgmt__strbuf_puts(&e->line, drmgmt__rows_text(rows, row, SEQ) ? drmgmt__rows_text(rows, row, SEQ) : "null");
    drmgmt__json_member(&e->line, "hash", drmgmt__rows_text(rows, row, ROW_HASH));
    drmgmt__json_member(&e->line, "id", drmgmt__rows_text(rows, row, ID));
    if (!drmgmt__rows_bool(rows, row, THERE)) {
        drmgmt__json_key(&e->line, "missing");
        drmgmt__strbuf_puts(&e->line, "true");
        return end(e, error);
    }
    for (int c = DRMGMT__AUDIT_XID; c < DRMGMT__AUDIT_COLUMNS; c++)
        drmgmt__json_member(&e->line, drmgmt__audit_columns[c],
                            drmgmt__rows_text(rows, row, (size_t)(XID + c - DRMGMT__AUDIT_XID)));
    return end(e, error);
}

static int write_batch(struct export *e, const drmgmt__rows *rows, drmgmt_error **error)
{
    int rc = 0;

    for (size_t i = 0; !rc && i < drmgmt__rows_count(rows); i++) {
        if (drmgmt__rows_int(rows, i, PLACE) == 1)
            rc = write_link(e, rows, i, error);
        if (!rc && drmgmt__rows_text(rows, i, ID)) {
            rc = write_row(e, rows, i, error);
            e->rows++;
        }
    }
    return rc;
}

static int write_links(struct export *e, drmgmt_error **error)
{
    for (uint64_t before = UINT64_MAX; e->after < e->until && e->after != before;) {
        DRMGMT__ROWS drmgmt__rows *rows = NULL;
        drmgmt__params p = DRMGMT__PARAMS_INIT;
        before = e->after;
        drmgmt__param_int(&p, (int64_t)e->after);
        drmgmt__param_int(&p, (int64_t)e->until);
        int rc =
            drmgmt__run(e->session, DRMGMT_PERM_AUDIT_READ, DRMGMT__READ, &drmgmt__q_audit_export, &p, &rows, error);
        if (!rc)
            rc = write_batch(e, rows, error);
        if (rc)
            return rc;
    }
    return 0;
}

/* Rows that wait for their link. What is linked meanwhile is among them all the same: it was not when the export began.
 */
static int write_pending(struct export *e, drmgmt_error **error)
{
    for (size_t n = 1; n;) {
        DRMGMT__ROWS drmgmt__rows *rows = NULL;
        drmgmt__params p = DRMGMT__PARAMS_INIT;
        drmgmt__param(&p, e->last_xid);
        drmgmt__param(&p, e->last_tenant);
        drmgmt__param(&p, e->last_id);
        int rc =
            drmgmt__run(e->session, DRMGMT_PERM_AUDIT_READ, DRMGMT__READ, &drmgmt__q_audit_pending, &p, &rows, error);
        n = rc ? 0 : drmgmt__rows_count(rows);
        for (size_t i = 0; !rc && i < n; i++) {
            rc = write_row(e, rows, i, error);
            e->pending++;
        }
        if (rc)
            return rc;
        if (n == 0)
            break;
        snprintf(e->last_xid, sizeof e->last_xid, "%s", drmgmt__rows_text(rows, n - 1, XID));
        snprintf(e->last_tenant, sizeof e->last_tenant, "%s", e->session->tenant_id);
        snprintf(e->last_id, sizeof e->last_id, "%s", drmgmt__rows_text(rows, n - 1, ID));
    }
    return 0;
}

static int write_end(struct export *e, drmgmt_error **error)
{
    begin(e, "end");
    drmgmt__json_member_int(&e->line, "links", (int64_t)e->until);
    drmgmt__json_member(&e->line, "head", e->head);
    drmgmt__json_member_int(&e->line, "rows", (int64_t)e->rows);
    drmgmt__json_member_int(&e->line, "pending", (int64_t)e->pending);
    return end(e, error);
}

int drmgmt_audit_export(drmgmt_session *session, uint64_t after, drmgmt_audit_line_fn *fn, void *user,
                        drmgmt_error **error)
{
    struct export e = { .session = session, .fn = fn, .user = user, .after = after };

    if (after > INT64_MAX)
        return drmgmt__fail_full(error, DRMGMT_ERR_INVALID, false, NULL, "after",
                                 "after: the number of a link is expected");
    int rc = read_head(&e, error);
    if (!rc)
        rc = write_links(&e, error);
    if (!rc)
        rc = write_pending(&e, error);
    if (!rc)
        rc = write_end(&e, error);
    drmgmt__strbuf_free(&e.line);
    return rc;
}
