/* Making, changing and deleting a record in one transaction; and what violated constraints mean in words of ours.
 * Called by the rooms whose entities are changed by drafts; calls audit.c and the store. */
#include "audit/change.h"

#include "audit/audit.h"
#include "core/core.h"
#include "queries.h"
#include <string.h>

/* Why a statement with id and version found nothing. */
static int tell_why(drmgmt__tx *tx, const drmgmt__query *get, const char *id, const char *what, drmgmt_error **error)
{
    drmgmt__params p = DRMGMT__PARAMS_INIT;
    DRMGMT__ROWS drmgmt__rows *there = NULL;

    drmgmt__param(&p, id);
    int rc = drmgmt__tx_exec(tx, get, &p, &there, error);
    if (rc)
        return rc;
    if (drmgmt__rows_count(there) == 0)
        return drmgmt__fail(error, DRMGMT_ERR_NOT_FOUND, "there is no such %s", what);
    return drmgmt__fail(error, DRMGMT_ERR_PRECONDITION,
                        "the %s was changed since it was read: read it again, then change it", what);
}

int drmgmt__hold(drmgmt__tx *tx, const drmgmt_entity *entity, const drmgmt__query *hold, const drmgmt__query *get,
                 const char *id, int64_t if_version, const char *what, drmgmt_record **before, drmgmt_error **error)
{
    drmgmt__params p = DRMGMT__PARAMS_INIT;
    drmgmt__rows *rows = NULL;

    drmgmt__param(&p, id);
    drmgmt__param_int(&p, if_version);
    int rc = drmgmt__tx_exec(tx, hold, &p, &rows, error);
    if (rc)
        return rc;
    if (drmgmt__rows_count(rows))
        return drmgmt__record_new(entity, rows, 0, before, error);
    drmgmt__rows_free(rows);
    return tell_why(tx, get, id, what, error);
}

int drmgmt__read_one(drmgmt__tx *tx, const drmgmt_entity *entity, const drmgmt__query *get, const char *id,
                     drmgmt_record **record, drmgmt_error **error)
{
    drmgmt__params p = DRMGMT__PARAMS_INIT;
    drmgmt__rows *rows = NULL;

    drmgmt__param(&p, id);
    int rc = drmgmt__tx_exec(tx, get, &p, &rows, error);
    if (rc)
        return rc;
    if (drmgmt__rows_count(rows) == 0) {
        drmgmt__rows_free(rows);
        return drmgmt__fail(error, DRMGMT_ERR_NOT_FOUND, "it was deleted at this moment");
    }
    return drmgmt__record_new(entity, rows, 0, record, error);
}

int drmgmt__finish_change(drmgmt__tx **tx, const drmgmt_session *session, const char *action,
                          const drmgmt_record *before, const drmgmt_draft *draft, const drmgmt__query *get,
                          const char *id, drmgmt_record **record, drmgmt_error **error)
{
    DRMGMT__RECORD drmgmt_record *after = NULL;
    int rc = drmgmt__read_one(*tx, draft->entity, get, id, &after, error);

    if (!rc)
        rc = drmgmt__audit_change(*tx, session, action, before, after, draft, error);
    if (!rc)
        rc = drmgmt__tx_commit(tx, error);
    if (!rc)
        *record = DRMGMT__STEAL(after);
    return rc;
}

/* By the constraint's name, which PostgreSQL makes from table and columns, and the statement (NULL: any). message NULL:
 * the database's own, which was written for the actor. */
static const struct {
    const char *constraint;
    const drmgmt__query *query;
    drmgmt_status status;
    const char *field, *message;
} violations[] = {
    { "devices_tenant_id_name_key", NULL, DRMGMT_ERR_CONFLICT, "name", "name: another device has this name" },
    { "snmp_credentials_tenant_id_name_key", NULL, DRMGMT_ERR_CONFLICT, "name",
      "name: another credential has this name" },
    { "snmp_credentials_user", NULL, DRMGMT_ERR_INVALID, "username",
      "username: version 3 needs one, of 1 to 32 bytes" },
    { "snmp_credentials_community", NULL, DRMGMT_ERR_INVALID, "community",
      "community: versions 1 and 2c need one; snmp_version is \"2c\" unless told otherwise" },
    { "snmp_credentials_auth", NULL, DRMGMT_ERR_INVALID, "auth_password",
      "auth_password: it and auth_protocol need each other" },
    { "snmp_credentials_priv", NULL, DRMGMT_ERR_INVALID, "priv_password",
      "priv_password: it and priv_protocol need each other" },
    { "snmp_credentials_level", NULL, DRMGMT_ERR_INVALID, "priv_protocol",
      "priv_protocol: SNMP does not encrypt without authentication: give auth_protocol, too" },
    { "snmp_credentials_context", NULL, DRMGMT_ERR_INVALID, "context_name",
      "context_name: at most 32 bytes are allowed" },
    { "device_protocol_profiles_tenant_id_snmp_credential_id_fkey", &drmgmt__q_device_profiles_put,
      DRMGMT_ERR_NOT_FOUND, "profiles", "profiles: a credential_id names no credential" },
    { "device_protocol_profiles_tenant_id_snmp_credential_id_fkey", NULL, DRMGMT_ERR_CONFLICT, NULL,
      "devices use this credential: give them another one first" },
    { "jobs_tenant_id_device_id_fkey", NULL, DRMGMT_ERR_CONFLICT, NULL,
      "jobs of this device are active: cancel them or wait for their end" },
    { "schedules_tenant_id_name_key", NULL, DRMGMT_ERR_CONFLICT, "name", "name: another schedule has this name" },
    { "oidc_providers_tenant_id_name_key", NULL, DRMGMT_ERR_CONFLICT, "name", "name: another provider has this name" },
    { "devices_within_scope", NULL, DRMGMT_ERR_FORBIDDEN, "tags", NULL },
    { "users_tenant_id_email_key", NULL, DRMGMT_ERR_CONFLICT, "email", "email: another user has this address" },
    { "rbac_roles_tenant_id_name_key", NULL, DRMGMT_ERR_CONFLICT, "name", "name: another role has this name" },
    { "rbac_roles_name", NULL, DRMGMT_ERR_INVALID, "name",
      "name: a built-in role's name, and blanks at the ends, are not allowed" },
    { "user_roles_tenant_id_role_id_fkey", NULL, DRMGMT_ERR_CONFLICT, NULL,
      "users have this role: withdraw it from them first" },
    { "user_roles_tenant_id_user_id_role_id_builtin_selector_key", NULL, DRMGMT_ERR_CONFLICT, NULL,
      "the user has this role already" },
    { "devices_name_check", NULL, DRMGMT_ERR_INVALID, "name", "name: blanks at the ends are not allowed" },
    { "snmp_credentials_name_check", NULL, DRMGMT_ERR_INVALID, "name", "name: blanks at the ends are not allowed" },
};

int drmgmt__exec_explained(drmgmt__tx *tx, const drmgmt__query *query, const drmgmt__params *params,
                           drmgmt__rows **rows, drmgmt_error **error)
{
    drmgmt_error *failure = NULL;
    int rc = drmgmt__tx_exec(tx, query, params, rows, &failure);

    if (!rc)
        return 0;
    const char *detail = drmgmt_error_detail(failure);
    for (size_t i = 0; detail && i < DRMGMT__COUNT(violations); i++) {
        if (strcmp(violations[i].constraint, detail) != 0 || (violations[i].query && violations[i].query != query))
            continue;
        rc = drmgmt__fail_full(error, violations[i].status, false, detail, violations[i].field, "%s",
                               violations[i].message ? violations[i].message : drmgmt_error_message(failure));
        drmgmt_error_free(failure);
        return rc;
    }
    if (error)
        *error = failure;
    else
        drmgmt_error_free(failure);
    return rc;
}
