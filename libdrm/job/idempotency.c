/* The same key gives the same job. Called by submit.c; calls store. */
#include "job/job_internal.h"

#include "core/context_internal.h"
#include "core/strbuf.h"
#include "queries.h"
#include "queue/queue.h"
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

enum { KEY_MAX = 255 };

int drmgmt__idempotency_check(const char *key, drmgmt_error **error)
{
    size_t n = strlen(key);

    for (size_t i = 0; i < n; i++)
        if (key[i] < 0x20 || key[i] > 0x7e)
            n = 0;
    if (n < 1 || n > KEY_MAX)
        return drmgmt__fail_full(error, DRMGMT_ERR_INVALID, false, NULL, "Idempotency-Key",
                                 "Idempotency-Key: 1..%d printable ASCII characters are expected", KEY_MAX);
    return 0;
}

/* What makes two requests the same: all values but the id, the parameters in a canonical order. */
static int request_hash(const drmgmt__order *o, uint8_t hash[32], drmgmt_error **error)
{
    DRMGMT__STRBUF b = DRMGMT__STRBUF_INIT;
    DRMGMT__JSON json_t *params = json_loads(o->values[DRMGMT__ORDER_PARAMS], 0, NULL);
    DRMGMT__FREE char *canonical = params ? json_dumps(params, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
    unsigned length = 0;

    for (int c = DRMGMT__ORDER_DEVICE; c <= DRMGMT__ORDER_ATTEMPTS; c++) {
        const char *text = c == DRMGMT__ORDER_PARAMS ? canonical : o->values[c];
        if (text)
            drmgmt__strbuf_add(&b, text, strlen(text) + 1);
    }
    /* What may be left out by name, so that none stands for another. */
    for (int c = DRMGMT__ORDER_RETRY; c <= DRMGMT__ORDER_UNIQUE_KEY; c++)
        if (o->values[c])
            drmgmt__strbuf_printf(&b, "%d=%s\n", c, o->values[c]);
    if (!canonical || b.failed || EVP_Digest(b.data, b.length, hash, &length, EVP_sha256(), NULL) != 1)
        return drmgmt__fail_memory(error);
    return 0;
}

int drmgmt__idempotency_take(drmgmt__tx *tx, const char *key, const uint8_t hash[32], const char *id,
                             char before[DRMGMT__UUID_SIZE], drmgmt_error **error)
{
    drmgmt__params p = DRMGMT__PARAMS_INIT;
    DRMGMT__ROWS drmgmt__rows *taken = NULL, *rows = NULL;

    drmgmt__param(&p, key);
    drmgmt__param_bytes(&p, hash, 32);
    drmgmt__param(&p, id);
    int rc = drmgmt__tx_exec(tx, &drmgmt__q_idempotency_put, &p, &taken, error);
    before[0] = '\0';
    if (rc || drmgmt__rows_count(taken))
        return rc;
    p.n = 2;
    rc = drmgmt__tx_exec(tx, &drmgmt__q_idempotency_get, &p, &rows, error);
    if (rc)
        return rc;
    if (!drmgmt__rows_count(rows))
        return drmgmt__fail_full(error, DRMGMT_ERR_CONFLICT, true, NULL, "Idempotency-Key",
                                 "a request with this key is being carried out: try again");
    if (!drmgmt__rows_bool(rows, 0, 1))
        return drmgmt__fail_full(error, DRMGMT_ERR_IDEMPOTENCY, false, NULL, "Idempotency-Key",
                                 "this key was used for another request within the last 24 hours");
    snprintf(before, DRMGMT__UUID_SIZE, "%s", drmgmt__rows_text(rows, 0, 0));
    return 0;
}

/* Takes the key for this order, or tells which job took it before. *job_id: "" when it is taken now. */
static int take_key(drmgmt__tx *tx, const char *key, const drmgmt__order *o, char job_id[DRMGMT__UUID_SIZE],
                    drmgmt_error **error)
{
    uint8_t hash[32];
    int rc = request_hash(o, hash, error);

    return rc ? rc : drmgmt__idempotency_take(tx, key, hash, o->id, job_id, error);
}

/* Another job has the order's unique key: the idempotency key stands for that one from now on. */
static int use_holder(drmgmt__tx *tx, const char *key, const char *holder, drmgmt_error **error)
{
    drmgmt__params p = DRMGMT__PARAMS_INIT;

    drmgmt__param(&p, key);
    drmgmt__param(&p, holder);
    return drmgmt__tx_exec(tx, &drmgmt__q_idempotency_use, &p, NULL, error);
}

int drmgmt__submit_once(drmgmt_session *session, const drmgmt__order *o, const char *key, drmgmt_record **job,
                        drmgmt_error **error)
{
    DRMGMT__TX drmgmt__tx *tx = NULL;
    drmgmt__stored stored = { .rows = NULL };
    char job_id[DRMGMT__UUID_SIZE];

    int rc = drmgmt__idempotency_check(key, error);
    if (!rc)
        rc = drmgmt__tx_begin(session, drmgmt__order_permission(o->operation), &tx, error);
    if (!rc)
        rc = take_key(tx, key, o, job_id, error);
    if (rc)
        return rc;
    if (job_id[0]) {
        drmgmt__tx_rollback(DRMGMT__STEAL(tx));
        return drmgmt_job_get(session, job_id, job, error);
    }
    rc = drmgmt__order_check_time(o, error);
    if (!rc)
        rc = drmgmt__order_store(session, tx, o, &stored, error);
    if (!rc && stored.holder[0])
        rc = use_holder(tx, key, stored.holder, error);
    if (!rc)
        rc = drmgmt__tx_commit(&tx, error);
    if (rc) {
        drmgmt__rows_free(stored.rows);
        return rc;
    }
    drmgmt__publish_bell(session->context->publisher, DRMGMT__LANE);
    return drmgmt__order_read_back(session, o, &stored, job, error);
}
