/* Unwrapped data keys, remembered for a while. Called by device/ and second_factor_manage.c (sealing),
 * worker/ and second_factor.c (opening); calls seal.c and the store. */
#include "auth/auth_internal.h"
#include "core/context_internal.h"
#include "queries.h"
#include "store/store.h"
#include <string.h>

/* Few at once: a worker meets the tenants whose jobs it runs. An hour bounds how long a key nobody asks for stays in
 * memory's reach. */
enum { SETS = 256, KEEP_MS = 3600 * 1000 };

struct drmgmt__digest_cache *drmgmt__data_key_cache_new(void)
{
    return drmgmt__digest_cache_new(SETS, sizeof(drmgmt__data_key));
}

void drmgmt__data_key_cache_free(struct drmgmt__digest_cache *cache)
{
    drmgmt__digest_cache_free(cache);
}

static int unwrap(drmgmt_context *context, const char *tenant_id, uint32_t version, const void *wrapped, size_t n,
                  drmgmt__data_key *key)
{
    DRMGMT__KEYRING drmgmt__keyring *keyring = drmgmt__keyring_hold(context);

    return drmgmt__data_key_unwrap(keyring, tenant_id, version, wrapped, n, key);
}

int drmgmt__data_key_cached(drmgmt_context *context, const char *tenant_id, uint32_t version, const void *wrapped,
                            size_t n, drmgmt__data_key *key)
{
    struct {
        char tenant_id[DRMGMT__UUID_SIZE];
        uint8_t wrapped[DRMGMT__WRAPPED_SIZE];
        uint8_t version[sizeof version];
    } place;
    uint8_t digest[DRMGMT__DIGEST_SIZE];
    int64_t now = (int64_t)drmgmt__monotonic_ms();

    if (n != sizeof place.wrapped || !drmgmt__uuid_normalise(tenant_id, place.tenant_id))
        return DRMGMT_ERR_CRYPTO;
    memcpy(place.wrapped, wrapped, sizeof place.wrapped);
    memcpy(place.version, &version, sizeof version);
    if (drmgmt__sha256(&place, sizeof place, digest))
        return DRMGMT_ERR_CRYPTO;
    if (drmgmt__digest_cache_get(context->data_keys, digest, now, key))
        return 0;
    int rc = unwrap(context, place.tenant_id, version, wrapped, n, key);
    bool changed = false;
    /* Perhaps by a key that was added since. */
    if (rc && drmgmt_context_reload(context, &changed, NULL) == 0 && changed)
        rc = unwrap(context, place.tenant_id, version, wrapped, n, key);
    if (!rc)
        drmgmt__digest_cache_put(context->data_keys, digest, now, now + KEEP_MS, key);
    return rc;
}

int drmgmt__data_key_newest(struct drmgmt__tx *tx, drmgmt_session *session, drmgmt__data_key *key, drmgmt_error **error)
{
    DRMGMT__ROWS drmgmt__rows *rows = NULL;
    uint8_t wrapped[DRMGMT__WRAPPED_SIZE];

    int rc = drmgmt__tx_exec(tx, &drmgmt__q_tenant_key_get, NULL, &rows, error);
    if (rc)
        return rc;
    long n = drmgmt__rows_bytes(rows, 0, 1, wrapped, sizeof wrapped);
    if (n < 0 || drmgmt__data_key_cached(session->context, session->tenant_id, (uint32_t)drmgmt__rows_int(rows, 0, 0),
                                         wrapped, (size_t)n, key))
        return drmgmt__fail(error, DRMGMT_ERR_CRYPTO,
                            "the tenant's data key does not open: is this the keyring of this database?");
    return 0;
}
