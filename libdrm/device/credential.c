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
#include <stdlib.h>
#include <string.h>

static const drmgmt_entity *const entity = &drmgmt__entity_snmp_credential;

static int no_such(drmgmt_error **error)
{
    return drmgmt__fail(error, DRMGMT_ERR_NOT_FOUND, "there is no such credential");
}

/* The columns that are sealed, as they are called in drafts. */
static const char *const secret_columns[] = { "community", "auth_password", "priv_password" };
enum { COMMUNITY, AUTH_PASSWORD, PRIV_PASSWORD, SECRETS };

static void free_sealed(char *sealed[SECRETS])
{
    for (int i = 0; i < SECRETS; i++)
        free(sealed[i]);
}

/* The parameters of credential_insert.sql and credential_update.sql; sealed is to be freed afterwards. */
static int add_params(drmgmt__tx *tx, drmgmt_session *session, const char *id, const drmgmt_draft *draft,
                      char *sealed[SECRETS], drmgmt__params *p, drmgmt_error **error)
{
    int rc = 0;

    for (int i = 0; i < SECRETS && !rc; i++) {
        const char *secret = drmgmt__draft_text(draft, secret_columns[i]);
        if (secret)
            rc = drmgmt__secret_seal(tx, session, "snmp_credentials", secret_columns[i], id, secret, strlen(secret),
                                     &sealed[i], error);
    }
    if (rc)
        return rc;
    drmgmt__param(p, id);
    drmgmt__param(p, drmgmt__draft_text(draft, "name"));
    drmgmt__param(p, drmgmt__draft_text(draft, "snmp_version"));
    drmgmt__param(p, sealed[COMMUNITY]);
    drmgmt__param(p, drmgmt__draft_text(draft, "username"));
    drmgmt__param(p, drmgmt__draft_text(draft, "auth_protocol"));
    drmgmt__param(p, sealed[AUTH_PASSWORD]);
    drmgmt__param(p, drmgmt__draft_text(draft, "priv_protocol"));
    drmgmt__param(p, sealed[PRIV_PASSWORD]);
    drmgmt__param(p, drmgmt__draft_text(draft, "context_name"));
    return 0;
}

static int write_credential(drmgmt__tx *tx, drmgmt_session *session, const drmgmt__query *query, const char *id,
                            const drmgmt_draft *draft, drmgmt_error **error)
{
    drmgmt__params p = DRMGMT__PARAMS_INIT;
    char *sealed[SECRETS] = { NULL };

    int rc = add_params(tx, session, id, draft, sealed, &p, error);
    if (!rc)
        rc = drmgmt__exec_explained(tx, query, &p, NULL, error);
    free_sealed(sealed);
    return rc;
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
        rc = write_credential(tx, session, &drmgmt__q_credential_insert, id, draft, error);
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
        rc = write_credential(tx, session, &drmgmt__q_credential_update, id, draft, error);
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
