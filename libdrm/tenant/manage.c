/* Tenants as the platform's administrators manage them, and registration. Called by programs; calls store and audit,
 * and the database's adm.tenant_*(), which look whether the caller may. */
#include "audit/audit.h"
#include "audit/change.h"
#include "auth/auth_internal.h"
#include "core/context_internal.h"
#include "core/entities.h"
#include "core/record_internal.h"
#include "core/strbuf.h"
#include "queries.h"
#include "store/list.h"
#include "tenant/founding.h"
#include <drm/tenant.h>
#include <string.h>

enum { CLASS_MAX = 32 };

static const drmgmt_entity *const entity = &drmgmt__entity_tenant;

/* As adm.tenant_change() takes them. */
static const char *const quotas[] = { "max_devices", "max_queued", "max_running", "max_requests" };

static int no_such(drmgmt_error **error)
{
    return drmgmt__fail(error, DRMGMT_ERR_NOT_FOUND, "there is no such tenant");
}

/* The only thing of a tenant that can be taken is its name. */
static int explain(int rc, drmgmt_error *failure, const char *field, drmgmt_error **error)
{
    const char *detail = rc ? drmgmt_error_detail(failure) : NULL;

    if (rc == DRMGMT_ERR_CONFLICT && detail && strcmp(detail, "tenants_name_key") == 0) {
        drmgmt_error_free(failure);
        return drmgmt__fail_full(error, rc, false, NULL, field, "%s: a tenant of this name exists already", field);
    }
    return drmgmt__replace_refusal(rc, failure, "not authenticated", error);
}

/* ---- create ---- */

static int found(drmgmt_context *context, const char *name, const char *email, const char *password,
                 drmgmt__founding *founding, drmgmt_error **error)
{
    DRMGMT__KEYRING drmgmt__keyring *keyring = drmgmt__keyring_hold(context);

    return drmgmt__founding_make(keyring, NULL, name, email, password, founding, error);
}

static int create(drmgmt__tx *tx, drmgmt_session *session, const drmgmt__founding *f, drmgmt_error **error)
{
    drmgmt__params p = DRMGMT__PARAMS_INIT;
    drmgmt_error *failure = NULL;

    drmgmt__founding_params(f, session->request_id, session->address, &p);
    int rc = drmgmt__tx_exec(tx, &drmgmt__q_tenant_create, &p, NULL, &failure);
    return explain(rc, failure, "name", error);
}

int drmgmt_tenant_create(drmgmt_session *session, const char *name, const char *email, const char *password,
                         drmgmt_record **tenant, drmgmt_error **error)
{
    DRMGMT__TX drmgmt__tx *tx = NULL;
    DRMGMT__RECORD drmgmt_record *made = NULL;
    drmgmt__founding founding = { .name = NULL };
    int rc = drmgmt__need_keyring(session->context, error);

    if (!rc)
        rc = drmgmt__tenant_name_check(name, "name", error);
    /* Before a password is hashed for somebody who may not. */
    if (!rc)
        rc = drmgmt_session_require(session, DRMGMT_PERM_PLATFORM_TENANT, error);
    if (!rc)
        rc = found(session->context, name, email, password, &founding, error);
    if (!rc)
        rc = drmgmt__tx_begin(session, DRMGMT_PERM_PLATFORM_TENANT, &tx, error);
    if (!rc)
        rc = create(tx, session, &founding, error);
    if (!rc)
        rc = drmgmt__read_one(tx, entity, &drmgmt__q_tenant_get, founding.tenant_id, &made, error);
    if (!rc)
        rc = drmgmt__audit_change(tx, session, "tenant.create", NULL, made, NULL, error);
    if (!rc)
        rc = drmgmt__tx_commit(&tx, error);
    if (!rc)
        *tenant = DRMGMT__STEAL(made);
    drmgmt__founding_clear(&founding);
    return rc;
}

static int store_registration(drmgmt_context *context, const drmgmt__founding *f, const drmgmt_origin *origin,
                              drmgmt_error **error)
{
    DRMGMT__SESSION drmgmt_session *system = NULL;
    drmgmt__params p = DRMGMT__PARAMS_INIT;
    drmgmt_error *failure = NULL;
    int rc = drmgmt__session_open_system(context, "register", &system, error);

    if (rc)
        return rc;
    drmgmt_session_set_origin(system, origin);
    drmgmt__founding_params(f, system->request_id, system->address, &p);
    rc = drmgmt__run(system, DRMGMT_PERM_NONE, DRMGMT__WRITE, &drmgmt__q_tenant_register, &p, NULL, &failure);
    return explain(rc, failure, "tenant", error);
}

int drmgmt_register(drmgmt_context *context, const char *tenant, const char *email, const char *password,
                    const drmgmt_origin *origin, drmgmt_tokens **tokens, drmgmt_error **error)
{
    drmgmt__founding founding = { .name = NULL };
    int rc = drmgmt__need_keyring(context, error);

    if (!rc)
        rc = drmgmt__tenant_name_check(tenant, "tenant", error);
    if (!rc)
        rc = found(context, tenant, email, password, &founding, error);
    if (!rc)
        rc = store_registration(context, &founding, origin, error);
    if (!rc)
        rc = drmgmt__login_issue(context, founding.tenant_id, founding.user_id, "pwd", origin, tokens, error);
    drmgmt__founding_clear(&founding);
    return rc;
}

/* ---- read ---- */

int drmgmt_tenant_get(drmgmt_session *session, const char *id_or_name, drmgmt_record **tenant, drmgmt_error **error)
{
    const drmgmt__query *query = drmgmt__uuid_valid(id_or_name) ? &drmgmt__q_tenant_get : &drmgmt__q_tenant_get_by_name;

    if (drmgmt__text_length(id_or_name) < 0)
        return no_such(error);
    return drmgmt__get_run(session, DRMGMT_PERM_PLATFORM_TENANT, query, id_or_name, entity, "tenant", tenant, error);
}

int drmgmt_tenant_list(drmgmt_session *session, const drmgmt_query *query, drmgmt_page **page, drmgmt_error **error)
{
    DRMGMT__STRBUF name = DRMGMT__STRBUF_INIT;
    drmgmt__params p;
    size_t from = 0;

    drmgmt__list_params(&p);
    drmgmt__param(&p, drmgmt__list_pattern(&name, drmgmt__query_filter(query, "name", &from)));
    from = 0;
    drmgmt__param(&p, drmgmt__query_filter(query, "status", &from));
    if (name.failed)
        return drmgmt__fail_memory(error);
    return drmgmt__list_run(session, DRMGMT_PERM_PLATFORM_TENANT, &drmgmt__q_tenant_list, &p, query, "id", page, error);
}

/* ---- change and delete ---- */

/* Runs adm.tenant_change() or adm.tenant_delete(): both answer whether the tenant, which was read before, still had
 * that version. */
static int apply(drmgmt__tx *tx, const drmgmt__query *query, const drmgmt__params *p, drmgmt_error **error)
{
    DRMGMT__ROWS drmgmt__rows *rows = NULL;
    drmgmt_error *failure = NULL;
    int rc = drmgmt__tx_exec(tx, query, p, &rows, &failure);

    rc = explain(rc, failure, "name", error);
    return rc || drmgmt__rows_bool(rows, 0, 0)
               ? rc
               : drmgmt__fail(error, DRMGMT_ERR_PRECONDITION, "the tenant was changed meanwhile: read it again");
}

static int begin(drmgmt_session *session, const char *id, drmgmt__tx **tx, drmgmt_record **before, drmgmt_error **error)
{
    int rc = drmgmt__tx_begin(session, DRMGMT_PERM_PLATFORM_TENANT, tx, error);

    drmgmt_error *failure = NULL;

    if (rc)
        return rc;
    rc = drmgmt__read_one(*tx, entity, &drmgmt__q_tenant_get, id, before, &failure);
    if (rc == DRMGMT_ERR_NOT_FOUND) {
        drmgmt_error_free(failure);
        return no_such(error);
    }
    return explain(rc, failure, "name", error);
}

/* It stands as a label in metrics. */
static int check_class(const char *class, drmgmt_error **error)
{
    static const char first[] = "abcdefghijklmnopqrstuvwxyz0123456789",
                      all[] = "abcdefghijklmnopqrstuvwxyz0123456789._-";
    size_t n = class ? strlen(class) : 0;

    if (n < 1 || n > CLASS_MAX || strspn(class, first) == 0 || strspn(class, all) != n)
        return drmgmt__fail_full(error, DRMGMT_ERR_INVALID, false, NULL, "class",
                                 "class: 1 to %d of a-z, 0-9, '.', '_' and '-' are expected, a letter or digit first",
                                 CLASS_MAX);
    return 0;
}

static int set_class(drmgmt__tx *tx, const char *id, const char *class, drmgmt_error **error)
{
    drmgmt__params p = DRMGMT__PARAMS_INIT;

    drmgmt__param(&p, id);
    drmgmt__param(&p, class);
    return drmgmt__tx_exec(tx, &drmgmt__q_tenant_class, &p, NULL, error);
}

int drmgmt_tenant_update(drmgmt_session *session, const char *id, int64_t if_version, const drmgmt_draft *draft,
                         drmgmt_record **tenant, drmgmt_error **error)
{
    DRMGMT__TX drmgmt__tx *tx = NULL;
    DRMGMT__RECORD drmgmt_record *before = NULL;
    drmgmt__params p = DRMGMT__PARAMS_INIT;
    const char *name = drmgmt__draft_text(draft, "name");

    if (!drmgmt__uuid_valid(id))
        return no_such(error);
    int rc = drmgmt__draft_check_change(draft, error);
    if (!rc && name)
        rc = drmgmt__tenant_name_check(name, "name", error);
    if (!rc && drmgmt__draft_has(draft, "class"))
        rc = check_class(drmgmt__draft_text(draft, "class"), error);
    drmgmt__param(&p, id);
    drmgmt__param_int(&p, if_version);
    drmgmt__param(&p, name);
    drmgmt__param(&p, drmgmt__draft_text(draft, "status"));
    for (size_t i = 0; i < DRMGMT__COUNT(quotas); i++) {
        drmgmt__param_bool(&p, drmgmt__draft_has(draft, quotas[i]));
        drmgmt__param(&p, drmgmt__draft_text(draft, quotas[i]));
    }
    if (!rc)
        rc = begin(session, id, &tx, &before, error);
    if (!rc)
        rc = apply(tx, &drmgmt__q_tenant_change, &p, error);
    if (!rc && drmgmt__draft_has(draft, "class"))
        rc = set_class(tx, id, drmgmt__draft_text(draft, "class"), error);
    return rc ? rc
              : drmgmt__finish_change(&tx, session, "tenant.update", before, draft, &drmgmt__q_tenant_get, id, tenant,
                                      error);
}

int drmgmt_tenant_delete(drmgmt_session *session, const char *id, int64_t if_version, drmgmt_error **error)
{
    DRMGMT__TX drmgmt__tx *tx = NULL;
    DRMGMT__RECORD drmgmt_record *before = NULL;
    drmgmt__params p = DRMGMT__PARAMS_INIT;

    if (!drmgmt__uuid_valid(id))
        return no_such(error);
    drmgmt__param(&p, id);
    drmgmt__param_int(&p, if_version);
    int rc = begin(session, id, &tx, &before, error);
    if (!rc)
        rc = apply(tx, &drmgmt__q_tenant_delete, &p, error);
    if (!rc)
        rc = drmgmt__audit_change(tx, session, "tenant.delete", before, NULL, NULL, error);
    return rc ? rc : drmgmt__tx_commit(&tx, error);
}
