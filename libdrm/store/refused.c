/* The audit row of a call that was refused. What was refused has been rolled back, so the row is a transaction of its
 * own, right after it and on the same connection. Called by run.c and tx.c for whatever ended FORBIDDEN, so that no
 * call can forget. How a flood of refusals is kept from filling the disk is adm.audit_refused()'s business. */
#include "core/core.h"
#include "queries.h"
#include "store/connection.h"

static const char *object_of(const drmgmt__query *query, const drmgmt__params *params)
{
    unsigned i = query->object_parameter;

    if (!i || !params || (int)i > params->n || !drmgmt__uuid_valid(params->values[i - 1]))
        return NULL;
    return params->values[i - 1];
}

void drmgmt__refusal_note(drmgmt__refusal *refusal, const drmgmt__query *query, const drmgmt__params *params)
{
    const char *id = object_of(query, params);

    refusal->query = query;
    refusal->object_id[0] = '\0';
    if (id)
        drmgmt__uuid_normalise(id, refusal->object_id);
}

void drmgmt__refusal_audit(const drmgmt__refusal *refusal, drmgmt__connection *c, drmgmt_session *session,
                           drmgmt_permission permission)
{
    drmgmt__params p = DRMGMT__PARAMS_INIT;
    drmgmt_error *error = NULL;
    char id[DRMGMT__UUID_SIZE];
    bool about = refusal->object_id[0] != '\0';

    if (session->kind == DRMGMT__SESSION_SYSTEM || c->broken || drmgmt__uuid_v7(id))
        return;
    drmgmt__param(&p, id);
    drmgmt__param(&p, drmgmt_permission_name(permission));
    drmgmt__param(&p, refusal->query->name);
    drmgmt__param(&p, about ? refusal->query->object_type : NULL);
    drmgmt__param(&p, about ? refusal->object_id : NULL);
    drmgmt__param(&p, session->request_id);
    drmgmt__param(&p, session->address);
    /* The caller is answered FORBIDDEN in any case; that the row is missing is for the operator to know. */
    if (drmgmt__connection_run(c, session, DRMGMT_PERM_NONE, &drmgmt__q_audit_refused, &p, NULL, &error))
        drmgmt__log(session->context, DRMGMT_LOG_WARNING, "a refused call could not be audited", "tenant",
                    session->tenant_id, "actor", session->user_id, "call", refusal->query->name, "error",
                    drmgmt_error_message(error), NULL);
    drmgmt_error_free(error);
}
