/* Setting up: tenants with their first administrator. Called by drmctl init and by tests; works as the migrating owner,
 * because no program may make a tenant. */
#include "auth/auth.h"
#include "auth/permission.h"
#include "core/core.h"
#include "queries.h"
#include "store/owner.h"
#include "tenant/founding.h"
#include <drm/db.h>
#include <string.h>

/* Replaces the words of an expected failure; passes any other on. */
static int explain(int rc, int expected, drmgmt_error *failure, drmgmt_error **error, drmgmt_status status,
                   const char *field, const char *text)
{
    if (rc && rc == expected) {
        drmgmt_error_free(failure);
        return drmgmt__fail_full(error, status, false, NULL, field, "%s", text);
    }
    if (rc && error)
        *error = failure;
    else
        drmgmt_error_free(failure);
    return rc;
}

/* ---- tenants ---- */

static int enter(drmgmt__owner *owner, const drmgmt__keyring *keyring, const drmgmt__founding *plan,
                 drmgmt_error **error)
{
    drmgmt__params p = DRMGMT__PARAMS_INIT;
    char seal[DRMGMT__SEAL_SIZE];
    drmgmt_error *failure = NULL;

    if (drmgmt__seal_mint(keyring, plan->tenant_id, plan->user_id, drmgmt__owner_backend_pid(owner), seal))
        return drmgmt__fail(error, DRMGMT_ERR_CRYPTO, "the tenant context cannot be sealed");
    drmgmt__param(&p, seal);
    int rc = drmgmt__owner_exec(owner, "SELECT sec.seed_context($1)", &p, NULL, &failure);
    return explain(rc, DRMGMT_ERR_UNAUTHENTICATED, failure, error, DRMGMT_ERR_CRYPTO, NULL,
                   "the database does not know this keyring's seal key: install the keyring first (drmctl init does),"
                   " and connect to PostgreSQL itself, not to a pooler");
}

static int insert(drmgmt__owner *owner, const drmgmt__founding *plan, drmgmt_error **error)
{
    drmgmt__params p = DRMGMT__PARAMS_INIT;
    drmgmt_error *failure = NULL;

    drmgmt__founding_params(plan, NULL, NULL, &p);
    int rc = drmgmt__owner_exec(owner, drmgmt__q_auth_create_tenant.sql, &p, NULL, &failure);
    /* The address cannot be taken in a tenant that is new; the name can. */
    return explain(rc, DRMGMT_ERR_CONFLICT, failure, error, DRMGMT_ERR_CONFLICT, "tenant",
                   "a tenant of this name exists already");
}

static int insert_platform(drmgmt__owner *owner, const drmgmt__founding *plan, drmgmt_error **error)
{
    drmgmt__params p = DRMGMT__PARAMS_INIT;
    drmgmt_error *failure = NULL;

    drmgmt__param_int(&p, plan->key_version);
    drmgmt__param_bytes(&p, plan->wrapped, sizeof plan->wrapped);
    drmgmt__param(&p, plan->user_id);
    drmgmt__param(&p, plan->email);
    drmgmt__param(&p, plan->password_hash);
    drmgmt__param(&p, plan->audit_id);
    int rc = drmgmt__owner_exec(owner, drmgmt__q_auth_create_platform.sql, &p, NULL, &failure);
    return explain(rc, DRMGMT_ERR_CONFLICT, failure, error, DRMGMT_ERR_CONFLICT, "email",
                   "a platform administrator with this address exists already");
}

typedef int insert_fn(drmgmt__owner *owner, const drmgmt__founding *plan, drmgmt_error **error);

static int create(const char *owner_url, const drmgmt__keyring *keyring, const drmgmt__founding *plan, insert_fn *fill,
                  drmgmt_error **error)
{
    DRMGMT__OWNER drmgmt__owner *owner = NULL;
    int rc = drmgmt__owner_open(owner_url, &owner, error);

    if (!rc)
        rc = drmgmt__owner_become(owner, error);
    if (!rc)
        rc = drmgmt__owner_script(owner, "BEGIN", error);
    if (!rc)
        rc = enter(owner, keyring, plan, error);
    if (!rc)
        rc = fill(owner, plan, error);
    return rc ? rc : drmgmt__owner_script(owner, "COMMIT", error);
}

int drmgmt_db_create_tenant(const char *owner_url, const char *keyring_path, const char *tenant, const char *email,
                            const char *password, char tenant_id[37], drmgmt_error **error)
{
    DRMGMT__KEYRING drmgmt__keyring *keyring = NULL;
    drmgmt__founding plan = { .name = NULL };
    int rc = drmgmt__tenant_name_check(tenant, "tenant", error);

    if (!rc)
        rc = drmgmt__keyring_load(keyring_path, &keyring, error);
    if (!rc)
        rc = drmgmt__founding_make(keyring, NULL, tenant, email, password, &plan, error);
    if (!rc)
        rc = create(owner_url, keyring, &plan, insert, error);
    if (!rc)
        memcpy(tenant_id, plan.tenant_id, sizeof plan.tenant_id);
    drmgmt__founding_clear(&plan);
    return rc;
}

int drmgmt_db_create_platform_administrator(const char *owner_url, const char *keyring_path, const char *email,
                                            const char *password, char user_id[37], drmgmt_error **error)
{
    DRMGMT__KEYRING drmgmt__keyring *keyring = NULL;
    drmgmt__founding plan = { .name = NULL };
    int rc = drmgmt__keyring_load(keyring_path, &keyring, error);

    if (!rc)
        rc = drmgmt__founding_make(keyring, DRMGMT_PLATFORM_TENANT_ID, DRMGMT_PLATFORM_TENANT, email, password, &plan,
                                   error);
    if (!rc)
        rc = create(owner_url, keyring, &plan, insert_platform, error);
    if (!rc)
        memcpy(user_id, plan.user_id, sizeof plan.user_id);
    drmgmt__founding_clear(&plan);
    return rc;
}
