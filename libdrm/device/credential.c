/* SNMP credentials: create, read, change, delete, list; secrets go in sealed and never come out. Called by programs;
 * calls store, auth and audit. */
#include "audit/audit.h"
#include "core/entities.h"
#include "core/record_internal.h"
#include "core/strbuf.h"
#include "device/device_internal.h"
#include "key/key.h"
#include "queries.h"
#include "store/list.h"
#include <drm/device.h>
#include <string.h>

static const drmgmt_entity *const entity = &drmgmt__entity_snmp_credential;

static int no_such(drmgmt_error **error)
{
    return drmgmt__fail(error, DRMGMT_ERR_NOT_FOUND, "there is no such credential");
}

static int create(drmgmt__tx *tx, drmgmt_session *session, const char *id, const drmgmt_draft *draft,
                  drmgmt_error **error)
{
    drmgmt__params p = DRMGMT__PARAMS_INIT;
    DRMGMT__FREE char *sealed = NULL;

    int rc = drmgmt__community_seal(tx, session, id, drmgmt__draft_text(draft, "community"), &sealed, error);
    if (rc)
        return rc;
    drmgmt__param(&p, id);
    drmgmt__param(&p, drmgmt__draft_text(draft, "name"));
    drmgmt__param(&p, drmgmt__draft_text(draft, "snmp_version"));
    drmgmt__param(&p, sealed);
    return drmgmt__exec_explained(tx, &drmgmt__q_credential_insert, &p, NULL, error);
}

int drmgmt_snmp_credential_create(drmgmt_session *session, const drmgmt_draft *draft, drmgmt_record **credential,
                                  drmgmt_error **error)
{
    DRMGMT__TX drmgmt__tx *tx = NULL;
    char id[DRMGMT__UUID_SIZE];

    int rc = drmgmt__draft_require(draft, error);
    if (!rc && drmgmt__uuid_v7(id))
        rc = drmgmt__fail(error, DRMGMT_ERR_INTERNAL, "no randomness for an id");
    if (!rc)
        rc = drmgmt__tx_begin(session, DRMGMT_PERM_CREDENTIAL_WRITE, &tx, error);
    if (!rc)
        rc = create(tx, session, id, draft, error);
    return rc ? rc
              : drmgmt__finish_change(&tx, session, "credential.create", NULL, draft, &drmgmt__q_credential_get, id,
                                      credential, error);
}

int drmgmt_snmp_credential_get(drmgmt_session *session, const char *id, drmgmt_record **credential,
                               drmgmt_error **error)
{

    if (!drmgmt__uuid_valid(id))
        return no_such(error);
    return drmgmt__get_run(session, DRMGMT_PERM_CREDENTIAL_READ, &drmgmt__q_credential_get, id, entity, "credential",
                           credential, error);
}

static int hold(drmgmt__tx *tx, const char *id, int64_t if_version, drmgmt_record **before, drmgmt_error **error)
{
    return drmgmt__hold(tx, entity, &drmgmt__q_credential_hold, &drmgmt__q_credential_get, id, if_version, "credential",
                        before, error);
}

static int change(drmgmt__tx *tx, drmgmt_session *session, const char *id, const drmgmt_draft *draft,
                  drmgmt_error **error)
{
    drmgmt__params p = DRMGMT__PARAMS_INIT;
    DRMGMT__FREE char *sealed = NULL;
    const char *community = drmgmt__draft_text(draft, "community");
    int rc = community ? drmgmt__community_seal(tx, session, id, community, &sealed, error) : 0;

    if (rc)
        return rc;
    drmgmt__param(&p, id);
    drmgmt__param(&p, drmgmt__draft_text(draft, "name"));
    drmgmt__param(&p, drmgmt__draft_text(draft, "snmp_version"));
    drmgmt__param(&p, sealed);
    return drmgmt__exec_explained(tx, &drmgmt__q_credential_update, &p, NULL, error);
}

int drmgmt_snmp_credential_update(drmgmt_session *session, const char *id, int64_t if_version,
                                  const drmgmt_draft *draft, drmgmt_record **credential, drmgmt_error **error)
{
    DRMGMT__TX drmgmt__tx *tx = NULL;
    DRMGMT__RECORD drmgmt_record *before = NULL;

    if (!drmgmt__uuid_valid(id))
        return no_such(error);
    int rc = drmgmt__draft_check_change(draft, error);
    if (!rc)
        rc = drmgmt__tx_begin(session, DRMGMT_PERM_CREDENTIAL_WRITE, &tx, error);
    if (!rc)
        rc = hold(tx, id, if_version, &before, error);
    if (!rc)
        rc = change(tx, session, id, draft, error);
    return rc ? rc
              : drmgmt__finish_change(&tx, session, "credential.update", before, draft, &drmgmt__q_credential_get, id,
                                      credential, error);
}

int drmgmt_snmp_credential_delete(drmgmt_session *session, const char *id, int64_t if_version, drmgmt_error **error)
{
    DRMGMT__TX drmgmt__tx *tx = NULL;
    DRMGMT__RECORD drmgmt_record *before = NULL;
    drmgmt__params p = DRMGMT__PARAMS_INIT;

    if (!drmgmt__uuid_valid(id))
        return no_such(error);
    drmgmt__param(&p, id);
    int rc = drmgmt__tx_begin(session, DRMGMT_PERM_CREDENTIAL_WRITE, &tx, error);
    if (!rc)
        rc = hold(tx, id, if_version, &before, error);
    if (!rc)
        rc = drmgmt__exec_explained(tx, &drmgmt__q_credential_delete, &p, NULL, error);
    if (!rc)
        rc = drmgmt__audit_change(tx, session, "credential.delete", before, NULL, NULL, error);
    return rc ? rc : drmgmt__tx_commit(&tx, error);
}

int drmgmt_snmp_credential_list(drmgmt_session *session, const drmgmt_query *query, drmgmt_page **page,
                                drmgmt_error **error)
{
    DRMGMT__STRBUF name = DRMGMT__STRBUF_INIT;
    drmgmt__params p;
    size_t from = 0;

    drmgmt__list_params(&p);
    drmgmt__param(&p, drmgmt__list_pattern(&name, drmgmt__query_filter(query, "name", &from)));
    if (name.failed)
        return drmgmt__fail_memory(error);
    return drmgmt__list_run(session, DRMGMT_PERM_CREDENTIAL_READ, &drmgmt__q_credential_list, &p, query, "id", page,
                            error);
}

int drmgmt__community_seal(drmgmt__tx *tx, drmgmt_session *session, const char *credential_id, const char *community,
                           char **hex, drmgmt_error **error)
{
    return drmgmt__secret_seal(tx, session, "snmp_credentials", "community", credential_id, community,
                               strlen(community), hex, error);
}
