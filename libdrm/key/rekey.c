/* A tenant's data key replaced while it is in use. drmgmt_rekey_start() adds a new version, which seals from then on;
 * whoever has time - the keepers of workers, drmctl - takes up a tenant whose older version is superseded, goes through
 * the sealed columns window by window, seals anew what the older version sealed, and takes that away once a whole pass
 * has found nothing of it. The database's part is sec.rekey_*(): why no value can slip through is said there.
 *
 * All state here is only where the pass stands: who loses it begins the pass anew. */
#include "auth/auth_internal.h"
#include "core/strbuf.h"
#include "key/key.h"
#include "queries.h"
#include "store/array.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WINDOW = 256, VERSIONS_MAX = 16, TENANTS = 256 };
static const char first_id[] = "00000000-0000-0000-0000-000000000000";

struct drmgmt__rekey {
    drmgmt_context *context;
    drmgmt_session *system;
    char tenant_id[DRMGMT__UUID_SIZE]; /* "": none taken up */
    drmgmt__data_key keys[VERSIONS_MAX];
    size_t n_keys;
    uint32_t newest, superseded;
    size_t column; /* where the pass stands */
    char after[DRMGMT__UUID_SIZE];
    size_t stale, resealed, failed; /* of this pass: met, sealed anew, not opened */
    drmgmt_rekey_progress done;
};

int drmgmt__rekey_new(drmgmt_context *context, drmgmt__rekey **rekey, drmgmt_error **error)
{
    drmgmt__rekey *r = calloc(1, sizeof *r);

    if (!r)
        return drmgmt__fail_memory(error);
    r->context = context;
    int rc = drmgmt__session_open_system(context, "keys", &r->system, error);
    if (rc) {
        free(r);
        return rc;
    }
    *rekey = r;
    return 0;
}

void drmgmt__rekey_free(drmgmt__rekey *rekey)
{
    if (!rekey)
        return;
    drmgmt_session_close(rekey->system);
    drmgmt__wipe(rekey, sizeof *rekey);
    free(rekey);
}
DRMGMT__DEFINE_CLEANUP(rekey_freep, drmgmt__rekey *, drmgmt__rekey_free)

void drmgmt__rekey_done(const drmgmt__rekey *rekey, drmgmt_rekey_progress *done)
{
    *done = rekey->done;
}

/* Each of the statements may be done twice. */
static int call(drmgmt__rekey *r, const drmgmt__query *query, const drmgmt__params *params, drmgmt__rows **rows,
                drmgmt_error **error)
{
    return drmgmt__run(r->system, DRMGMT_PERM_NONE, DRMGMT__WRITE | DRMGMT__REPEATABLE, query, params, rows, error);
}

static void forget_tenant(drmgmt__rekey *r)
{
    r->tenant_id[0] = '\0';
    drmgmt__wipe(r->keys, sizeof r->keys);
    r->n_keys = 0;
}

static void begin_pass(drmgmt__rekey *r)
{
    r->column = r->stale = r->resealed = r->failed = 0;
    snprintf(r->after, sizeof r->after, "%s", first_id);
}

/* ---- a tenant is taken up ---- */

static bool open_keys(drmgmt__rekey *r, const drmgmt__rows *rows)
{
    for (size_t i = 0; i < drmgmt__rows_count(rows); i++) {
        uint8_t wrapped[DRMGMT__WRAPPED_SIZE];
        uint32_t version = (uint32_t)drmgmt__rows_int(rows, i, 1);
        long n = drmgmt__rows_bytes(rows, i, 2, wrapped, sizeof wrapped);
        if (n < 0 || r->n_keys == VERSIONS_MAX ||
            drmgmt__data_key_cached(r->context, r->tenant_id, version, wrapped, (size_t)n, &r->keys[r->n_keys]))
            return false;
        r->n_keys++;
        if (version > r->newest)
            r->newest = version;
        if (drmgmt__rows_bool(rows, i, 3))
            r->superseded = version;
    }
    return true;
}

static int take_up(drmgmt__rekey *r, drmgmt_error **error)
{
    DRMGMT__ROWS drmgmt__rows *rows = NULL;
    int rc = call(r, &drmgmt__q_rekey_next, NULL, &rows, error);

    if (rc || drmgmt__rows_count(rows) == 0)
        return rc;
    snprintf(r->tenant_id, sizeof r->tenant_id, "%s", drmgmt__rows_text(rows, 0, 0));
    r->newest = r->superseded = 0;
    r->n_keys = 0;
    begin_pass(r);
    if (open_keys(r, rows))
        return 0;
    drmgmt__log(r->context, DRMGMT_LOG_WARNING,
                "a data key does not open, so nothing is sealed anew: its KEK is missing from the keyring", "tenant",
                r->tenant_id, NULL);
    forget_tenant(r);
    return 0;
}

/* ---- a window of one column ---- */

/* What a window's stale values become, as parameters of sec.rekey_put(). */
struct changes {
    drmgmt__strbuf ids, old, fresh;
    size_t n;
};

static const drmgmt__data_key *key_of_version(const drmgmt__rekey *r, uint32_t version)
{
    for (size_t i = 0; i < r->n_keys; i++)
        if (r->keys[i].version == version)
            return &r->keys[i];
    return NULL;
}

/* Opens a value and seals it anew into out, as long as blob; false when it does not open. */
static bool reseal(const drmgmt__rekey *r, const char *row_id, const uint8_t *blob, size_t n, uint8_t *out)
{
    const drmgmt__sealed_column *c = &drmgmt__sealed_columns[r->column];
    const drmgmt__data_key *old = key_of_version(r, drmgmt__blob_key_version(blob)),
                           *fresh = key_of_version(r, r->newest);
    uint8_t *plain = malloc(n);
    bool done =
        plain && old && fresh &&
        drmgmt__blob_open(old, c->table, c->column, r->tenant_id, row_id, blob, n, plain) == 0 &&
        drmgmt__blob_seal(fresh, c->table, c->column, r->tenant_id, row_id, plain, n - DRMGMT__BLOB_OVERHEAD, out) == 0;

    if (plain)
        drmgmt__wipe(plain, n);
    free(plain);
    return done;
}

static void add_hex(drmgmt__strbuf *b, const uint8_t *bytes, size_t n)
{
    char *text = malloc(2 * n + 3);

    if (text) {
        memcpy(text, "\\x", 2);
        drmgmt__hex(bytes, n, text + 2);
        drmgmt__array_add(b, text);
    } else {
        b->failed = true;
    }
    free(text);
}

static bool add_change(drmgmt__rekey *r, struct changes *changes, const char *row_id, const uint8_t *blob, size_t n)
{
    uint8_t *fresh = malloc(n);
    bool done = fresh && reseal(r, row_id, blob, n, fresh);

    if (done) {
        drmgmt__array_add(&changes->ids, row_id);
        add_hex(&changes->old, blob, n);
        add_hex(&changes->fresh, fresh, n);
        changes->n++;
    }
    free(fresh);
    return done;
}

static int look_at(drmgmt__rekey *r, const drmgmt__rows *rows, size_t row, struct changes *changes,
                   drmgmt_error **error)
{
    const char *row_id = drmgmt__rows_text(rows, row, 0);
    size_t length = drmgmt__rows_length(rows, row, 1);

    snprintf(r->after, sizeof r->after, "%s", row_id);
    r->done.rows++;
    if (!drmgmt__rows_text(rows, row, 1))
        return 0;
    DRMGMT__FREE uint8_t *blob = malloc(length / 2 + 1);
    if (!blob)
        return drmgmt__fail_memory(error);
    long n = drmgmt__rows_bytes(rows, row, 1, blob, length / 2 + 1);
    if (n >= DRMGMT__BLOB_OVERHEAD && drmgmt__blob_key_version(blob) == r->newest)
        return 0;
    r->stale++;
    if (n < DRMGMT__BLOB_OVERHEAD || !add_change(r, changes, row_id, blob, (size_t)n)) {
        r->failed++;
        r->done.failed++;
        drmgmt__log(r->context, DRMGMT_LOG_WARNING, "a sealed value does not open: set it anew", "tenant", r->tenant_id,
                    "table", drmgmt__sealed_columns[r->column].table, "column",
                    drmgmt__sealed_columns[r->column].column, "row", row_id, NULL);
    }
    return 0;
}

static int put(drmgmt__rekey *r, struct changes *changes, drmgmt_error **error)
{
    const drmgmt__sealed_column *c = &drmgmt__sealed_columns[r->column];
    DRMGMT__ROWS drmgmt__rows *rows = NULL;
    drmgmt__params p = DRMGMT__PARAMS_INIT;

    drmgmt__array_end(&changes->ids);
    drmgmt__array_end(&changes->old);
    drmgmt__array_end(&changes->fresh);
    if (changes->ids.failed || changes->old.failed || changes->fresh.failed)
        return drmgmt__fail_memory(error);
    drmgmt__param(&p, r->tenant_id);
    drmgmt__param(&p, c->table);
    drmgmt__param(&p, c->column);
    drmgmt__param(&p, changes->ids.data);
    drmgmt__param(&p, changes->old.data);
    drmgmt__param(&p, changes->fresh.data);
    int rc = call(r, &drmgmt__q_rekey_put, &p, &rows, error);
    if (!rc) {
        r->resealed += (size_t)drmgmt__rows_int(rows, 0, 0);
        r->done.resealed += (uint64_t)drmgmt__rows_int(rows, 0, 0);
    }
    return rc;
}

static int window(drmgmt__rekey *r, drmgmt_error **error)
{
    const drmgmt__sealed_column *c = &drmgmt__sealed_columns[r->column];
    DRMGMT__ROWS drmgmt__rows *rows = NULL;
    drmgmt__params p = DRMGMT__PARAMS_INIT;
    struct changes changes = { DRMGMT__STRBUF_INIT, DRMGMT__STRBUF_INIT, DRMGMT__STRBUF_INIT, 0 };

    drmgmt__param(&p, r->tenant_id);
    drmgmt__param(&p, c->table);
    drmgmt__param(&p, c->column);
    drmgmt__param(&p, r->after);
    drmgmt__param_int(&p, WINDOW);
    int rc = call(r, &drmgmt__q_rekey_pick, &p, &rows, error);
    size_t n = rc ? 0 : drmgmt__rows_count(rows);
    for (size_t i = 0; !rc && i < n; i++)
        rc = look_at(r, rows, i, &changes, error);
    if (!rc && changes.n)
        rc = put(r, &changes, error);
    drmgmt__strbuf_free(&changes.ids);
    drmgmt__strbuf_free(&changes.old);
    drmgmt__strbuf_free(&changes.fresh);
    if (!rc && n < WINDOW) {
        r->column++;
        snprintf(r->after, sizeof r->after, "%s", first_id);
    }
    return rc;
}

/* ---- the end of a pass ---- */

static int finish(drmgmt__rekey *r, drmgmt_error **error)
{
    DRMGMT__ROWS drmgmt__rows *rows = NULL;
    drmgmt__params p = DRMGMT__PARAMS_INIT;
    char audit_id[DRMGMT__UUID_SIZE];

    if (drmgmt__uuid_v7(audit_id))
        return drmgmt__fail(error, DRMGMT_ERR_CRYPTO, "the system gives no random numbers");
    drmgmt__param(&p, r->tenant_id);
    drmgmt__param_int(&p, r->superseded);
    drmgmt__param(&p, audit_id);
    int rc = call(r, &drmgmt__q_rekey_finish, &p, &rows, error);
    if (!rc && drmgmt__rows_bool(rows, 0, 0)) {
        r->done.tenants++;
        drmgmt__log(r->context, DRMGMT_LOG_INFO, "a tenant's secrets are sealed by its new data key", "tenant",
                    r->tenant_id, NULL);
    }
    if (!rc)
        forget_tenant(r);
    return rc;
}

static int end_pass(drmgmt__rekey *r, drmgmt_error **error)
{
    if (r->stale == 0)
        return finish(r, error);
    if (r->resealed) {
        begin_pass(r); /* what was locked, or changed under our hands, is looked at once more */
    } else {
        drmgmt__log(r->context, DRMGMT_LOG_WARNING,
                    "sealed values are left under an old data key, which stays for them", "tenant", r->tenant_id, NULL);
        forget_tenant(r); /* sec.rekey_next() tells it again in a minute */
    }
    return 0;
}

int drmgmt__rekey_step(drmgmt__rekey *r, bool *busy, drmgmt_error **error)
{
    uint64_t tenants = r->done.tenants;
    int rc = 0;

    if (!r->tenant_id[0])
        rc = take_up(r, error);
    else if (r->column < drmgmt__n_sealed_columns)
        rc = window(r, error);
    else
        rc = end_pass(r, error);
    if (rc)
        forget_tenant(r);
    *busy = r->tenant_id[0] || r->done.tenants > tenants; /* after one tenant's end there may be another */
    return rc;
}

int drmgmt_rekey_run(drmgmt_context *context, drmgmt_rekey_fn *progress, void *user, drmgmt_error **error)
{
    DRMGMT__CLEANUP(rekey_freep) drmgmt__rekey *r = NULL;
    bool busy = false;
    int rc = drmgmt__rekey_new(context, &r, error);

    if (rc)
        return rc;
    do {
        rc = drmgmt__rekey_step(r, &busy, error);
        if (!rc && progress && r->done.rows)
            progress(user, &r->done);
    } while (!rc && busy);
    return rc;
}

/* ---- start ---- */

static int add_version(drmgmt__rekey *r, const char *tenant_id, uint32_t version, bool *added, drmgmt_error **error)
{
    DRMGMT__ROWS drmgmt__rows *rows = NULL;
    DRMGMT__KEYRING drmgmt__keyring *keyring = drmgmt__keyring_hold(r->context);
    drmgmt__params p = DRMGMT__PARAMS_INIT;
    uint8_t wrapped[DRMGMT__WRAPPED_SIZE];
    char audit_id[DRMGMT__UUID_SIZE];
    drmgmt__data_key key;
    int rc = drmgmt__uuid_v7(audit_id) || drmgmt__data_key_new(keyring, tenant_id, version, &key, wrapped);

    drmgmt__wipe(&key, sizeof key);
    if (rc)
        return drmgmt__fail(error, DRMGMT_ERR_CRYPTO, "the tenant's data key cannot be made");
    drmgmt__param(&p, tenant_id);
    drmgmt__param_int(&p, version);
    drmgmt__param_bytes(&p, wrapped, sizeof wrapped);
    drmgmt__param(&p, audit_id);
    rc = drmgmt__run(r->system, DRMGMT_PERM_NONE, DRMGMT__WRITE, &drmgmt__q_rekey_start, &p, &rows, error);
    *added = !rc && drmgmt__rows_bool(rows, 0, 0);
    return rc;
}

/* The next tenants: n of them. started NULL: they are only counted. */
static int list_some(drmgmt__rekey *r, const char *tenant, size_t *n, uint64_t *started, uint64_t *under_way,
                     drmgmt_error **error)
{
    DRMGMT__ROWS drmgmt__rows *rows = NULL;
    drmgmt__params p = DRMGMT__PARAMS_INIT;

    drmgmt__param(&p, tenant);
    drmgmt__param(&p, r->after);
    drmgmt__param_int(&p, TENANTS);
    int rc = drmgmt__run(r->system, DRMGMT_PERM_NONE, DRMGMT__READ, &drmgmt__q_rekey_tenants, &p, &rows, error);
    *n = rc ? 0 : drmgmt__rows_count(rows);
    for (size_t i = 0; !rc && i < *n; i++) {
        bool replacing = drmgmt__rows_bool(rows, i, 3), added = false;
        snprintf(r->after, sizeof r->after, "%s", drmgmt__rows_text(rows, i, 0));
        if (started && !replacing) {
            rc = add_version(r, r->after, (uint32_t)drmgmt__rows_int(rows, i, 2) + 1, &added, error);
            *started += added;
            replacing = !added;
        }
        *under_way += replacing;
    }
    return rc;
}

int drmgmt_rekey_pending(drmgmt_context *context, const char *tenant, uint64_t *pending, drmgmt_error **error)
{
    DRMGMT__CLEANUP(rekey_freep) drmgmt__rekey *r = NULL;
    uint64_t count = 0;
    size_t n = 0;
    int rc = drmgmt__rekey_new(context, &r, error);

    if (rc)
        return rc;
    begin_pass(r);
    do
        rc = list_some(r, tenant, &n, NULL, &count, error);
    while (!rc && n == TENANTS);
    if (!rc)
        *pending = count;
    return rc;
}

int drmgmt_rekey_start(drmgmt_context *context, const char *tenant, uint64_t *started, uint64_t *under_way,
                       drmgmt_error **error)
{
    DRMGMT__CLEANUP(rekey_freep) drmgmt__rekey *r = NULL;
    uint64_t counts[2] = { 0, 0 };
    size_t n = 0;
    int rc = drmgmt__rekey_new(context, &r, error);

    if (rc)
        return rc;
    begin_pass(r);
    do
        rc = list_some(r, tenant, &n, &counts[0], &counts[1], error);
    while (!rc && n == TENANTS);
    if (!rc && tenant && counts[0] + counts[1] == 0)
        rc = drmgmt__fail_full(error, DRMGMT_ERR_NOT_FOUND, false, NULL, "tenant", "there is no such tenant");
    if (!rc && started)
        *started = counts[0];
    if (!rc && under_way)
        *under_way = counts[1];
    return rc;
}
