/* What the tests of auth/ and tenant/ share: a context, a tenant of the test's own with its administrator, and the
 * superuser, who changes things behind the library's back as another program would. Included by test_auth.c,
 * test_api_key.c, test_tenant.c. */
#ifndef DRMGMT_TESTS_AUTH_SUPPORT_H
#define DRMGMT_TESTS_AUTH_SUPPORT_H

#include "auth/auth.h"
#include "core/core.h"
#include "environment.h"
#include "store/owner.h"
#include <criterion/criterion.h>
#include <drm/db.h>
#include <drm/options.h>
#include <drm/session.h>
#include <stdio.h>
#include <string.h>

static const char password[] = "correct horse battery";
static drmgmt_context *context;
static drmgmt__owner *admin;
/* A tenant of this test's own, and its administrator. */
static char tenant[40], tenant_id[37], email[60];

static inline void create_tenant(const char *name, const char *address, char id[37])
{
    drmgmt_error *error = NULL;
    int rc = drmgmt_db_create_tenant(from_env("DRM_DATABASE_URL"), from_env("DRM_KEYRING"), name, address, password, id,
                                     &error);

    cr_assert_eq(rc, 0, "%s", drmgmt_error_message(error));
}

/* A statement of the superuser; its parameter $1 is this test's tenant, $2 (if given) a text. */
static inline drmgmt__rows *ask(const char *sql, const char *second)
{
    drmgmt__params p = DRMGMT__PARAMS_INIT;
    drmgmt__rows *rows = NULL;
    drmgmt_error *error = NULL;

    drmgmt__param(&p, tenant_id);
    if (second)
        drmgmt__param(&p, second);
    cr_assert_eq(drmgmt__owner_exec(admin, sql, &p, &rows, &error), 0, "%s: %s", sql, drmgmt_error_message(error));
    return rows;
}

/* Each tenant keeps an administrator: the tests' has one that they leave alone. */
#define NOT_SPARE "AND email <> 'spare@example.net'"

static inline void setup(void)
{
    char id[37];

    context = open_context(true);
    cr_assert_eq(drmgmt__owner_open(from_env("DRM_ADMIN_DATABASE_URL"), &admin, NULL), 0);
    cr_assert_eq(drmgmt__uuid_v7(id), 0);
    snprintf(tenant, sizeof tenant, "tenant %s", id + 19);
    snprintf(email, sizeof email, "a%s@example.net", id + 19);
    create_tenant(tenant, email, tenant_id);
    drmgmt__rows_free(ask("INSERT INTO drm.users (tenant_id, id, email, password_hash, role) VALUES ($1::uuid,"
                          " gen_random_uuid(), 'spare@example.net', 'none', 'administrator')",
                          NULL));
}

static inline void teardown(void)
{
    drmgmt__owner_close(admin);
    drmgmt_context_free(context);
}

static inline void change(const char *sql, size_t expected)
{
    drmgmt__rows *rows = ask(sql, NULL);

    cr_assert_eq(drmgmt__rows_affected(rows), expected, "%s", sql);
    drmgmt__rows_free(rows);
}

static inline int64_t audited(const char *action)
{
    drmgmt__rows *rows = ask("SELECT count(*) FROM drm.audit_logs WHERE tenant_id = $1::uuid AND action = $2", action);
    int64_t n = drmgmt__rows_int(rows, 0, 0);

    drmgmt__rows_free(rows);
    return n;
}

static inline drmgmt_tokens *log_in(void)
{
    drmgmt_tokens *tokens = NULL;
    drmgmt_error *error = NULL;

    cr_assert_eq(drmgmt_login(context, &(drmgmt_login_request){ email, password, NULL, NULL }, NULL, &tokens, &error),
                 0, "%s", drmgmt_error_message(error));
    return tokens;
}

static inline drmgmt_session *session_of(const drmgmt_tokens *tokens)
{
    drmgmt_session *session = NULL;

    cr_assert_eq(drmgmt_session_open_token(context, tokens->access_token, NULL, &session, NULL), 0);
    return session;
}

/* A session of the administrator. */
static inline drmgmt_session *open_session(void)
{
    drmgmt_tokens *tokens = log_in();
    drmgmt_session *session = session_of(tokens);

    drmgmt_tokens_free(tokens);
    return session;
}

#endif
