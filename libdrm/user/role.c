/* Roles of a tenant's own, and who has which. Called by programs; the rules - nobody grants what they do not hold -
 * stand in the adm functions of the database. Calls store and audit. */
#include <drm/role.h>

#include "audit/audit.h"
#include "core/entities.h"
#include "core/record_internal.h"
#include "queries.h"
#include "store/array.h"
#include "store/list.h"
#include "user/user_internal.h"
#include <string.h>

static const drmgmt_entity *const role_entity = &drmgmt__entity_role;
static const drmgmt_entity *const assignment_entity = &drmgmt__entity_role_assignment;

static int no_such(const char *what, drmgmt_error **error)
{
    return drmgmt__fail(error, DRMGMT_ERR_NOT_FOUND, "there is no such %s", what);
}

static int invalid(const char *field, const char *text, drmgmt_error **error)
{
    return drmgmt__fail_full(error, DRMGMT_ERR_INVALID, false, NULL, field, "%s: %s", field, text);
}

/* ---- roles ---- */

static int check_permissions(const char *json, drmgmt_error **error)
{
    DRMGMT__JSON json_t *names = json ? drmgmt__json_value(json) : NULL;
    size_t i;
    json_t *name;

    json_array_foreach(names, i, name)
    {
        drmgmt_permission permission = drmgmt_permission_parse(json_string_value(name));
        if (permission == DRMGMT_PERM_NONE || permission == DRMGMT_PERM_COUNT)
            return drmgmt__fail_full(error, DRMGMT_ERR_INVALID, false, NULL, "permissions",
                                     "permissions: there is no permission \"%.80s\"", json_string_value(name));
    }
    return 0;
}

/* What the draft's fields alone cannot tell. A name that looks like an id could never be asked for. */
static int check(const drmgmt_draft *draft, drmgmt_error **error)
{
    const char *name = drmgmt__draft_text(draft, "name");

    if (name && drmgmt__uuid_valid(name))
        return invalid("name", "it must not look like an id", error);
    if (name && drmgmt__text_length(name) < 0)
        return invalid("name", "control characters are not allowed", error);
    return check_permissions(drmgmt__draft_text(draft, "permissions"), error);
}

static const char *texts_of(const drmgmt_draft *draft, const char *field, drmgmt__strbuf *b)
{
    const char *json = drmgmt__draft_text(draft, field);

    return json && drmgmt__array_from_json(b, json) ? b->data : NULL;
}

static int begin(drmgmt_session *session, const char *id, drmgmt__tx **tx, drmgmt_record **before, drmgmt_error **error)
{
    return drmgmt__people_begin(session, role_entity, &drmgmt__q_role_get, id, tx, before, error);
}

int drmgmt_role_create(drmgmt_session *session, const drmgmt_draft *draft, drmgmt_record **role, drmgmt_error **error)
{
    DRMGMT__STRBUF permissions = DRMGMT__STRBUF_INIT;
    DRMGMT__TX drmgmt__tx *tx = NULL;
    drmgmt__params p = DRMGMT__PARAMS_INIT;
    char id[DRMGMT__UUID_SIZE];
    int rc = drmgmt__draft_require(draft, error);

    if (!rc)
        rc = check(draft, error);
    if (!rc && drmgmt__uuid_v7(id))
        rc = drmgmt__fail(error, DRMGMT_ERR_CRYPTO, "the system gives no random numbers");
    if (rc)
        return rc;
    drmgmt__param(&p, id);
    drmgmt__param(&p, drmgmt__draft_text(draft, "name"));
    drmgmt__param(&p, drmgmt__draft_text(draft, "description"));
    drmgmt__param(&p, texts_of(draft, "permissions", &permissions));
    rc =
        permissions.failed ? drmgmt__fail_memory(error) : drmgmt__tx_begin(session, DRMGMT_PERM_USER_ADMIN, &tx, error);
    if (!rc)
        rc = drmgmt__exec_explained(tx, &drmgmt__q_role_create, &p, NULL, error);
    return rc ? rc
              : drmgmt__finish_change(&tx, session, "role.create", NULL, draft, &drmgmt__q_role_get, id, role, error);
}

int drmgmt_role_get(drmgmt_session *session, const char *id_or_name, drmgmt_record **role, drmgmt_error **error)
{
    const drmgmt__query *query = drmgmt__uuid_valid(id_or_name) ? &drmgmt__q_role_get : &drmgmt__q_role_get_by_name;

    return drmgmt__get_run(session, DRMGMT_PERM_USER_READ, query, id_or_name, role_entity, "role", role, error);
}

int drmgmt_role_update(drmgmt_session *session, const char *id, int64_t if_version, const drmgmt_draft *draft,
                       drmgmt_record **role, drmgmt_error **error)
{
    DRMGMT__STRBUF permissions = DRMGMT__STRBUF_INIT;
    DRMGMT__TX drmgmt__tx *tx = NULL;
    DRMGMT__RECORD drmgmt_record *before = NULL;
    drmgmt__params p = DRMGMT__PARAMS_INIT;

    if (!drmgmt__uuid_valid(id))
        return no_such("role", error);
    int rc = drmgmt__draft_check_change(draft, error);
    if (!rc)
        rc = check(draft, error);
    if (rc)
        return rc;
    drmgmt__param(&p, id);
    drmgmt__param_int(&p, if_version);
    drmgmt__param(&p, drmgmt__draft_text(draft, "name"));
    drmgmt__param_bool(&p, drmgmt__draft_has(draft, "description"));
    drmgmt__param(&p, drmgmt__draft_text(draft, "description"));
    drmgmt__param(&p, texts_of(draft, "permissions", &permissions));
    rc = permissions.failed ? drmgmt__fail_memory(error) : begin(session, id, &tx, &before, error);
    if (!rc)
        rc = drmgmt__exec_explained(tx, &drmgmt__q_role_update, &p, NULL, error);
    return rc ? rc
              : drmgmt__finish_change(&tx, session, "role.update", before, draft, &drmgmt__q_role_get, id, role, error);
}

int drmgmt_role_delete(drmgmt_session *session, const char *id, int64_t if_version, drmgmt_error **error)
{
    DRMGMT__TX drmgmt__tx *tx = NULL;
    DRMGMT__RECORD drmgmt_record *before = NULL;
    drmgmt__params p = DRMGMT__PARAMS_INIT;

    if (!drmgmt__uuid_valid(id))
        return no_such("role", error);
    drmgmt__param(&p, id);
    drmgmt__param_int(&p, if_version);
    int rc = begin(session, id, &tx, &before, error);
    if (!rc)
        rc = drmgmt__exec_explained(tx, &drmgmt__q_role_delete, &p, NULL, error);
    if (!rc)
        rc = drmgmt__audit_change(tx, session, "role.delete", before, NULL, NULL, error);
    return rc ? rc : drmgmt__tx_commit(&tx, error);
}

int drmgmt_role_list(drmgmt_session *session, const drmgmt_query *query, drmgmt_page **page, drmgmt_error **error)
{
    DRMGMT__STRBUF name = DRMGMT__STRBUF_INIT;
    drmgmt__params p;
    size_t from = 0;

    drmgmt__list_params(&p);
    drmgmt__param(&p, drmgmt__list_pattern(&name, drmgmt__query_filter(query, "name", &from)));
    if (name.failed)
        return drmgmt__fail_memory(error);
    return drmgmt__list_run(session, DRMGMT_PERM_USER_READ, &drmgmt__q_role_list, &p, query, "id", page, error);
}

/* ---- who has which ---- */

static int assign(drmgmt_session *session, const drmgmt__params *params, const drmgmt_draft *draft, const char *id,
                  drmgmt_record **assignment, drmgmt_error **error)
{
    DRMGMT__TX drmgmt__tx *tx = NULL;
    int rc = drmgmt__tx_begin(session, DRMGMT_PERM_USER_ADMIN, &tx, error);

    if (!rc)
        rc = drmgmt__exec_explained(tx, &drmgmt__q_role_assign, params, NULL, error);
    return rc ? rc
              : drmgmt__finish_change(&tx, session, "role.assign", NULL, draft, &drmgmt__q_role_assignment_get, id,
                                      assignment, error);
}

int drmgmt_role_assign(drmgmt_session *session, const char *user_id, const drmgmt_draft *draft,
                       drmgmt_record **assignment, drmgmt_error **error)
{
    DRMGMT__STRBUF selector = DRMGMT__STRBUF_INIT;
    drmgmt__params p = DRMGMT__PARAMS_INIT;
    const char *role = drmgmt__draft_text(draft, "role_id"), *builtin = drmgmt__draft_text(draft, "builtin");
    char id[DRMGMT__UUID_SIZE];

    if (!drmgmt__uuid_valid(user_id))
        return no_such("user", error);
    if (!role == !builtin)
        return invalid("role_id", "either this or builtin is expected", error);
    if (drmgmt__uuid_v7(id))
        return drmgmt__fail(error, DRMGMT_ERR_CRYPTO, "the system gives no random numbers");
    drmgmt__param(&p, id);
    drmgmt__param(&p, user_id);
    drmgmt__param(&p, role);
    drmgmt__param(&p, builtin);
    drmgmt__param(&p, texts_of(draft, "selector", &selector));
    return selector.failed ? drmgmt__fail_memory(error) : assign(session, &p, draft, id, assignment, error);
}

int drmgmt_role_withdraw(drmgmt_session *session, const char *user_id, const char *assignment_id, drmgmt_error **error)
{
    DRMGMT__TX drmgmt__tx *tx = NULL;
    DRMGMT__RECORD drmgmt_record *before = NULL;
    drmgmt__params p = DRMGMT__PARAMS_INIT;

    if (!drmgmt__uuid_valid(user_id))
        return no_such("user", error);
    if (!drmgmt__uuid_valid(assignment_id))
        return drmgmt__fail(error, DRMGMT_ERR_NOT_FOUND, "the user has no such role");
    drmgmt__param(&p, assignment_id);
    drmgmt__param(&p, user_id);
    int rc = drmgmt__people_begin(session, assignment_entity, &drmgmt__q_role_assignment_get, assignment_id, &tx,
                                  &before, error);
    if (!rc)
        rc = drmgmt__exec_explained(tx, &drmgmt__q_role_withdraw, &p, NULL, error);
    if (!rc)
        rc = drmgmt__audit_change(tx, session, "role.withdraw", before, NULL, NULL, error);
    return rc ? rc : drmgmt__tx_commit(&tx, error);
}

int drmgmt_role_assignment_list(drmgmt_session *session, const drmgmt_query *query, drmgmt_page **page,
                                drmgmt_error **error)
{
    drmgmt__params p;
    size_t from_user = 0, from_role = 0;

    drmgmt__list_params(&p);
    drmgmt__param(&p, drmgmt__query_filter(query, "user_id", &from_user));
    drmgmt__param(&p, drmgmt__query_filter(query, "role_id", &from_role));
    return drmgmt__list_run(session, DRMGMT_PERM_USER_READ, &drmgmt__q_role_assignment_list, &p, query, "id", page,
                            error);
}
