/* The rows of drm/user.h and drm/role.h. Included by matrix_capi_rows.h. */
#ifndef MATRIX_CAPI_PEOPLE_H
#define MATRIX_CAPI_PEOPLE_H

#include "matrix_capi.h"
#include <drm/role.h>
#include <drm/user.h>

static const char by_secret[] = "the secret given is the log-in: test_accounts.py";

NO_TENANT(drmgmt_error_tenants, "what the caller was told already");
NO_TENANT(drmgmt_invitation_accept, by_secret);
NO_TENANT(drmgmt_switch, by_secret);

/* What is no invitation: a good one is another tenant's to give. */
TENANT_CALL(drmgmt_invitation_link, DRMGMT_PERM_NONE, LOG_IN, DRMGMT_ERR_NOT_FOUND)
{
    return drmgmt_invitation_link(w->session, "drmi_none", error);
}

TENANT_CALL(drmgmt_password_change, DRMGMT_PERM_NONE, LOG_IN, 0)
{
    drmgmt_tokens *tokens = NULL;
    int rc = drmgmt_password_change(w->session, matrix_password, "another long password", &tokens, error);

    drmgmt_tokens_free(tokens);
    return rc;
}

TENANT_CALL(drmgmt_session_tenants, DRMGMT_PERM_NONE, OWN, 0)
{
    return drmgmt_session_tenants(w->session, &w->said, error);
}

static int assign_with(struct way *w, const char *user, const char *role, drmgmt_error **error)
{
    drmgmt_draft *draft = draft_with("role_assignment", "{\"role_id\":\"%s\"}", role);
    drmgmt_record *record = NULL;
    int rc = drmgmt_role_assign(w->session, user, draft, &record, error);

    drmgmt_draft_free(draft);
    return said_record(w, rc, record);
}

TENANT_CALL(drmgmt_role_assign, DRMGMT_PERM_USER_ADMIN, NAMES, 0)
{
    return assign_with(w, w->of->user, w->of->idle_role, error);
}

TENANT_CALL(drmgmt_role_assignment_list, DRMGMT_PERM_USER_READ, LISTS, 0)
{
    return list_with(w, drmgmt_role_assignment_list, "role_assignment", error);
}

TENANT_CALL(drmgmt_role_create, DRMGMT_PERM_USER_ADMIN, OWN, 0)
{
    return create_with(w, drmgmt_role_create, "role", "{\"name\":\"%u\",\"permissions\":[]}", "", error);
}

TENANT_CALL(drmgmt_role_delete, DRMGMT_PERM_USER_ADMIN, NAMES, 0)
{
    return drmgmt_role_delete(w->session, w->of->idle_role, 0, error);
}

TENANT_CALL(drmgmt_role_get, DRMGMT_PERM_USER_READ, NAMES, 0)
{
    drmgmt_record *record = NULL;
    int rc = drmgmt_role_get(w->session, w->of->role, &record, error);

    return said_record(w, rc, record);
}

TENANT_CALL(drmgmt_role_list, DRMGMT_PERM_USER_READ, LISTS, 0)
{
    return list_with(w, drmgmt_role_list, "role", error);
}

TENANT_CALL(drmgmt_role_update, DRMGMT_PERM_USER_ADMIN, NAMES, 0)
{
    return update_with(w, drmgmt_role_update, w->of->role, "role", "{\"description\":\"%u\"}", error);
}

TENANT_CALL(drmgmt_role_withdraw, DRMGMT_PERM_USER_ADMIN, NAMES, 0)
{
    return drmgmt_role_withdraw(w->session, w->of->user, w->of->assignment, error);
}

TENANT_CALL(a_foreign_role_withdrawn_from_an_own_user, DRMGMT_PERM_USER_ADMIN, NAMES, DRMGMT_ERR_NOT_FOUND)
{
    return drmgmt_role_withdraw(w->session, w->own->user, w->of->assignment, error);
}

TENANT_CALL(drmgmt_user_create, DRMGMT_PERM_USER_ADMIN, OWN, 0)
{
    drmgmt_draft *draft = draft_with("user", "{\"email\":\"%u@example.net\"}", "");
    drmgmt_record *record = NULL;
    char *invitation = NULL;
    int rc = drmgmt_user_create(w->session, draft, &record, &invitation, error);

    drmgmt_draft_free(draft);
    drmgmt_free(invitation);
    return said_record(w, rc, record);
}

TENANT_CALL(drmgmt_user_delete, DRMGMT_PERM_USER_ADMIN, NAMES, 0)
{
    return drmgmt_user_delete(w->session, w->of->user, 0, error);
}

TENANT_CALL(drmgmt_user_get, DRMGMT_PERM_USER_READ, NAMES, 0)
{
    drmgmt_record *record = NULL;
    int rc = drmgmt_user_get(w->session, w->of->user, &record, error);

    return said_record(w, rc, record);
}

TENANT_CALL(drmgmt_user_list, DRMGMT_PERM_USER_READ, LISTS, 0)
{
    return list_with(w, drmgmt_user_list, "user", error);
}

TENANT_CALL(drmgmt_user_logout, DRMGMT_PERM_USER_ADMIN, NAMES, 0)
{
    return drmgmt_user_logout(w->session, w->of->user, NULL, error);
}

TENANT_CALL(drmgmt_user_reset_password, DRMGMT_PERM_USER_ADMIN, NAMES, 0)
{
    drmgmt_record *record = NULL;
    char *invitation = NULL;
    int rc = drmgmt_user_reset_password(w->session, w->of->user, NULL, &record, &invitation, error);

    drmgmt_free(invitation);
    return said_record(w, rc, record);
}

TENANT_CALL(drmgmt_user_update, DRMGMT_PERM_USER_ADMIN, NAMES, 0)
{
    return update_with(w, drmgmt_user_update, w->of->user, "user", "{\"active\":true}", error);
}

TENANT_CALL(a_foreign_role_given_to_an_own_user, DRMGMT_PERM_USER_ADMIN, NAMES, 0)
{
    return assign_with(w, w->own->user, w->of->idle_role, error);
}

#endif
