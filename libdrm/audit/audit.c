/* Writing audit rows. Called by the domain rooms, inside their transactions; calls store. */
#include "audit/audit.h"

#include "auth/auth.h"
#include "core/core.h"
#include "core/record_internal.h"
#include "queries.h"

static int new_id(char id[DRMGMT__UUID_SIZE], drmgmt_error **error)
{
    return drmgmt__uuid_v7(id) ? drmgmt__fail(error, DRMGMT_ERR_INTERNAL, "no randomness for an id") : 0;
}

int drmgmt__audit(drmgmt__tx *tx, const drmgmt_session *session, const char *action, const char *object_type,
                  const char *object_id, const char *detail, drmgmt_error **error)
{
    drmgmt__params p = DRMGMT__PARAMS_INIT;
    char id[DRMGMT__UUID_SIZE];
    int rc = new_id(id, error);

    if (rc)
        return rc;
    drmgmt__param(&p, id);
    drmgmt__param(&p, action);
    drmgmt__param(&p, object_type);
    drmgmt__param(&p, object_id);
    drmgmt__param(&p, detail);
    drmgmt__param(&p, session->request_id);
    drmgmt__param(&p, session->address);
    return drmgmt__tx_exec(tx, &drmgmt__q_audit_add, &p, NULL, error);
}

int drmgmt__audit_change(drmgmt__tx *tx, const drmgmt_session *session, const char *action, const drmgmt_record *before,
                         const drmgmt_record *after, const drmgmt_draft *draft, drmgmt_error **error)
{
    const drmgmt_record *one = after ? after : before;
    DRMGMT__FREE char *detail = drmgmt__audit_diff(before, after, draft);

    if (!detail)
        return drmgmt__fail_memory(error);
    return drmgmt__audit(tx, session, action, drmgmt_record_entity(one)->name, drmgmt_record_id(one), detail, error);
}

int drmgmt__audit_failed_login(drmgmt_context *context, const char *tenant_id, const char *user_id, const char *reason,
                               const drmgmt_origin *origin, drmgmt_error **error)
{
    drmgmt__params p = DRMGMT__PARAMS_INIT;
    drmgmt_session *system = NULL;
    char id[DRMGMT__UUID_SIZE];
    int rc = new_id(id, error);

    if (!rc)
        rc = drmgmt__session_open_system(context, "auth", &system, error);
    if (rc)
        return rc;
    drmgmt_session_set_origin(system, origin);
    drmgmt__param(&p, id);
    drmgmt__param(&p, tenant_id);
    drmgmt__param(&p, user_id);
    drmgmt__param(&p, reason);
    drmgmt__param(&p, system->request_id);
    drmgmt__param(&p, system->address);
    rc = drmgmt__run(system, DRMGMT_PERM_NONE, DRMGMT__WRITE, &drmgmt__q_audit_failed_login, &p, NULL, error);
    drmgmt_session_close(system);
    return rc;
}
