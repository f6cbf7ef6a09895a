/* Writing audit rows. Called by the domain rooms, inside their transactions; calls store. */
#include "audit/audit.h"

#include "auth/auth.h"
#include "core/core.h"
#include "queries.h"

int drmgmt__audit(drmgmt__tx *tx, const drmgmt_session *session, const char *action, const char *object_type,
                  const char *object_id, const char *detail, drmgmt_error **error)
{
    drmgmt__params p = DRMGMT__PARAMS_INIT;
    char id[DRMGMT__UUID_SIZE];

    if (drmgmt__uuid_v7(id))
        return drmgmt__fail(error, DRMGMT_ERR_INTERNAL, "no randomness for an id");
    drmgmt__param(&p, id);
    drmgmt__param(&p, action);
    drmgmt__param(&p, object_type);
    drmgmt__param(&p, object_id);
    drmgmt__param(&p, detail);
    drmgmt__param(&p, session->request_id);
    drmgmt__param(&p, session->address);
    return drmgmt__tx_exec(tx, &drmgmt__q_audit_add, &p, NULL, error);
}
