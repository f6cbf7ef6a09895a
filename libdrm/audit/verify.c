/* Proving a tenant's chain in the database: link by link, then every row that must be in it. Called by programs; calls
 * store, feeds chain.c.
 *
 * The database tells the hash of each row as it is now; that links and rows fit together is worked out here. Rows that
 * nobody linked are found without holding all ids: ids are put into buckets by their random end, and of each bucket the
 * number and the exclusive or are kept, once of what is linked and once of what is there. Where the numbers differ by
 * one, the exclusive or of the two is the id itself. */
#include "audit/chain.h"

#include "auth/auth.h"
#include "core/core.h"
#include "core/strbuf.h"
#include "queries.h"
#include "store/store.h"
#include <stdio.h>
#include <string.h>

enum { BUCKETS = 65536 };

struct bucket {
    uint8_t xor [16];
    int64_t n; /* there less linked */
};

struct verify {
    drmgmt_session *session;
    const char *tenant_id; /* NULL: own */
    drmgmt_permission permission;
    drmgmt_audit_progress_fn *progress;
    void *user;
    drmgmt_audit_report *report;
    drmgmt__chain chain;
    uint64_t seq; /* where the chain ends, as the call began */
    char hash[DRMGMT__HASH_HEX], last_xid[24], last_tenant[37], last_id[37];
    struct bucket *buckets;
};

static int run(const struct verify *v, const drmgmt__query *query, const drmgmt__params *p, drmgmt__rows **rows,
               drmgmt_error **error)
{
    return drmgmt__run(v->session, v->permission, DRMGMT__READ, query, p, rows, error);
}

static void copy(char *to, size_t size, const char *text)
{
    snprintf(to, size, "%s", text ? text : "");
}

static int read_head(struct verify *v, drmgmt_error **error)
{
    DRMGMT__ROWS drmgmt__rows *rows = NULL;
    drmgmt__params p = DRMGMT__PARAMS_INIT;

    drmgmt__param(&p, v->tenant_id);
    int rc = run(v, &drmgmt__q_audit_head, &p, &rows, error);
    if (rc)
        return rc;
    copy(v->report->tenant_id, sizeof v->report->tenant_id, drmgmt__rows_text(rows, 0, 0));
    v->seq = (uint64_t)drmgmt__rows_int(rows, 0, 1);
    v->report->total = (uint64_t)drmgmt__rows_int(rows, 0, 2);
    copy(v->hash, sizeof v->hash, drmgmt__rows_text(rows, 0, 3));
    copy(v->last_xid, sizeof v->last_xid, drmgmt__rows_text(rows, 0, 4));
    copy(v->last_tenant, sizeof v->last_tenant, drmgmt__rows_text(rows, 0, 5));
    copy(v->last_id, sizeof v->last_id, drmgmt__rows_text(rows, 0, 6));
    v->report->pending = (uint64_t)drmgmt__rows_int(rows, 0, 7);
    return 0;
}

static int tell(const struct verify *v, drmgmt_error **error)
{
    if (!v->progress || v->progress(v->user, v->report))
        return 0;
    return drmgmt__fail(error, DRMGMT_ERR_CANCELLED, "the verification was cancelled");
}

static void count(struct verify *v, const char *id, int by)
{
    uint8_t bytes[16];

    if (!id || drmgmt__uuid_bytes(id, bytes))
        return;
    struct bucket *b = &v->buckets[bytes[14] << 8 | bytes[15]];
    for (size_t i = 0; i < sizeof bytes; i++)
        b->xor [i] ^= bytes[i];
    b->n += by;
}

/* ---- the links ---- */

static void feed(struct verify *v, const drmgmt__rows *rows, uint64_t *after)
{
    for (size_t i = 0; i < drmgmt__rows_count(rows) && !drmgmt__chain_broken(&v->chain); i++) {
        const char *id = drmgmt__rows_text(rows, i, 5);
        *after = (uint64_t)drmgmt__rows_int(rows, i, 0);
        if (drmgmt__rows_text(rows, i, 1))
            drmgmt__chain_link(&v->chain, *after, drmgmt__rows_text(rows, i, 1), (uint64_t)drmgmt__rows_int(rows, i, 2),
                               drmgmt__rows_text(rows, i, 3), drmgmt__rows_text(rows, i, 4));
        if (!id)
            continue;
        drmgmt__chain_row(&v->chain, id, drmgmt__rows_text(rows, i, 6), drmgmt__rows_text(rows, i, 7));
        count(v, id, -1);
    }
}

static int verify_links(struct verify *v, drmgmt_error **error)
{
    uint64_t after = 0;

    while (after < v->seq && !drmgmt__chain_broken(&v->chain)) {
        DRMGMT__ROWS drmgmt__rows *rows = NULL;
        drmgmt__params p = DRMGMT__PARAMS_INIT;
        drmgmt__param(&p, v->tenant_id);
        drmgmt__param_int(&p, (int64_t)after);
        drmgmt__param_int(&p, (int64_t)v->seq);
        int rc = run(v, &drmgmt__q_audit_check, &p, &rows, error);
        if (rc)
            return rc;
        if (drmgmt__rows_count(rows) == 0)
            break; /* the chain ends before it should */
        feed(v, rows, &after);
        if (v->chain.failed)
            return drmgmt__fail_memory(error);
        if ((rc = tell(v, error)))
            return rc;
    }
    drmgmt__chain_end(&v->chain, v->seq, v->hash);
    return v->chain.failed ? drmgmt__fail_memory(error) : 0;
}

/* ---- rows that nobody linked ---- */

static int count_rows(struct verify *v, drmgmt_error **error)
{
    char after[37] = "00000000-0000-0000-0000-000000000000";

    for (size_t n = 1; n;) {
        DRMGMT__ROWS drmgmt__rows *rows = NULL;
        drmgmt__params p = DRMGMT__PARAMS_INIT;
        drmgmt__param(&p, v->tenant_id);
        drmgmt__param(&p, after);
        drmgmt__param(&p, v->last_xid);
        drmgmt__param(&p, v->last_tenant);
        drmgmt__param(&p, v->last_id);
        int rc = run(v, &drmgmt__q_audit_ids, &p, &rows, error);
        if (rc)
            return rc;
        n = drmgmt__rows_count(rows);
        for (size_t i = 0; i < n; i++)
            if (drmgmt__rows_bool(rows, i, 1))
                count(v, drmgmt__rows_text(rows, i, 0), 1);
        if (n)
            copy(after, sizeof after, drmgmt__rows_text(rows, n - 1, 0));
        if ((rc = tell(v, error)))
            return rc;
    }
    return 0;
}

static void name_unlinked(struct verify *v)
{
    const struct bucket *one = NULL;
    int64_t more = 0;
    char id[37] = "";

    for (size_t i = 0; i < BUCKETS; i++) {
        const struct bucket *b = &v->buckets[i];
        more += b->n;
        if (b->n == 1 && !one)
            one = b;
    }
    if (more <= 0)
        return;
    if (one)
        drmgmt__uuid_text(one->xor, id);
    drmgmt__chain_flaw(&v->chain, DRMGMT_AUDIT_ROW_INSERTED, 0, id,
                       "%lld rows were put in that no link has, although they claim to be older than the last one%s%s",
                       (long long)more, one ? ": " : "", id);
}

static int verify(struct verify *v, drmgmt_error **error)
{
    v->buckets = calloc(BUCKETS, sizeof *v->buckets);
    if (!v->buckets)
        return drmgmt__fail_memory(error);
    int rc = read_head(v, error);
    if (!rc)
        rc = verify_links(v, error);
    if (!rc && !drmgmt__chain_broken(&v->chain)) {
        rc = count_rows(v, error);
        if (!rc)
            name_unlinked(v);
    }
    return rc;
}

int drmgmt_audit_verify(drmgmt_session *session, const char *tenant_id, const char *known_head,
                        drmgmt_audit_progress_fn *progress, void *user, drmgmt_audit_report *report,
                        drmgmt_error **error)
{
    bool foreign = tenant_id && strcmp(tenant_id, session->tenant_id) != 0;
    drmgmt_audit_report found;
    struct verify v = { .session = session,
                        .tenant_id = tenant_id,
                        .permission = foreign ? DRMGMT_PERM_PLATFORM_AUDIT : DRMGMT_PERM_AUDIT_READ,
                        .progress = progress,
                        .user = user,
                        .report = &found };

    if (tenant_id && !drmgmt__uuid_valid(tenant_id))
        return drmgmt__fail(error, DRMGMT_ERR_NOT_FOUND, "there is no such tenant");
    if (!drmgmt__chain_init(&v.chain, &found, known_head))
        return drmgmt__fail_full(error, DRMGMT_ERR_INVALID, false, NULL, "head",
                                 "head: LINKS:HASH is expected, as an earlier verification told it");
    int rc = verify(&v, error);
    drmgmt__chain_clear(&v.chain);
    free(v.buckets);
    if (!rc)
        *report = found;
    return rc;
}

int drmgmt_audit_tenants(drmgmt_session *session, const char *after, char (*ids)[37], size_t max, size_t *count,
                         drmgmt_error **error)
{
    DRMGMT__ROWS drmgmt__rows *rows = NULL;
    drmgmt__params p = DRMGMT__PARAMS_INIT;

    if (after && !drmgmt__uuid_valid(after))
        return drmgmt__fail_full(error, DRMGMT_ERR_INVALID, false, NULL, "after",
                                 "after: the id of a tenant is expected");
    drmgmt__param(&p, after);
    int rc = drmgmt__run(session, DRMGMT_PERM_PLATFORM_AUDIT, DRMGMT__READ, &drmgmt__q_audit_tenants, &p, &rows, error);
    if (rc)
        return rc;
    size_t n = drmgmt__rows_count(rows);
    *count = n < max ? n : max;
    for (size_t i = 0; i < *count; i++)
        copy(ids[i], 37, drmgmt__rows_text(rows, i, 0));
    return 0;
}
