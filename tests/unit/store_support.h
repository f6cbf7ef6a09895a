/* What the tests of the store share: a context without the rooms that the store does not need, statements of their own,
 * and a superuser to look from outside. Included by test_store.c, test_pool.c, test_pooler.c, test_migrate.c. */
#ifndef DRMGMT_TESTS_STORE_SUPPORT_H
#define DRMGMT_TESTS_STORE_SUPPORT_H

#include "auth/auth.h"
#include "core/context_internal.h"
#include "core/core.h"
#include "environment.h"
#include "queries.h"
#include "store/connection.h"
#include "store/owner.h"
#include "store/store.h"
#include <criterion/criterion.h>
#include <drm/db.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define SEAL_KEY "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

/* A statement of the test's own, in the slot of one that this program never runs. */
#define STATEMENT(variable, slot, text)                                                                                \
    static drmgmt__query variable;                                                                                     \
    variable = (drmgmt__query)                                                                                         \
    {                                                                                                                  \
#variable, text, drmgmt__q_##slot.index, NULL, 0                                                               \
    }

/* A superuser's statement; text of the first value, "" for none. */
static inline void admin_at(const char *url, const char *sql, char out[128])
{
    DRMGMT__OWNER drmgmt__owner *owner = NULL;
    DRMGMT__ROWS drmgmt__rows *rows = NULL;
    drmgmt_error *error = NULL;
    int rc = drmgmt__owner_open(url, &owner, &error);

    if (!rc)
        rc = drmgmt__owner_exec(owner, sql, NULL, &rows, &error);
    cr_assert_eq(rc, 0, "%s: %s", sql, drmgmt_error_message(error));
    const char *text = drmgmt__rows_text(rows, 0, 0);
    if (out)
        snprintf(out, 128, "%s", text ? text : "");
}

static inline void admin(const char *sql, char out[128])
{
    admin_at(from_env("DRM_ADMIN_DATABASE_URL"), sql, out);
}

static inline long admin_number(const char *sql)
{
    char out[128];

    admin(sql, out);
    return strtol(out, NULL, 10);
}

static inline drmgmt__keyring *keyring_with(const char *seal_key)
{
    char path[] = "/tmp/drmgmt-test-XXXXXX", text[512];
    int fd = mkstemp(path);
    drmgmt__keyring *keyring = NULL;
    drmgmt_error *error = NULL;

    int n = snprintf(text, sizeof text, "seal 1 %s\nkek 1 %s\ntoken 1 %s\n", seal_key, SEAL_KEY, SEAL_KEY);
    cr_assert(fd >= 0 && write(fd, text, (size_t)n) == n);
    close(fd);
    int rc = drmgmt__keyring_load(path, &keyring, &error);
    unlink(path);
    cr_assert_eq(rc, 0, "%s", drmgmt_error_message(error));
    return keyring;
}

typedef struct fixture {
    drmgmt_context context;
    drmgmt_session session; /* a system session */
} fixture;

static inline void fixture_open(fixture *f, const char *url, unsigned pool_size, unsigned acquire_ms,
                                unsigned statement_ms)
{
    memset(f, 0, sizeof *f);
    f->context.options = (drmgmt_options){ .database_url = (char *)(uintptr_t)url,
                                           .application_name = (char *)(uintptr_t) "store test",
                                           .pool_size = pool_size,
                                           .acquire_ms = acquire_ms,
                                           .statement_ms = statement_ms };
    f->context.keyring = keyring_with(SEAL_KEY);
    f->session.context = &f->context;
    f->session.kind = DRMGMT__SESSION_SYSTEM;
    snprintf(f->session.user_id, sizeof f->session.user_id, "worker");
    cr_assert_eq(drmgmt__pool_new(&f->context, &f->context.pool, NULL), 0);
}

static inline void fixture_close(fixture *f)
{
    drmgmt__pool_free(f->context.pool);
    drmgmt__keyring_free(f->context.keyring);
}

/* Schema and seal key; safe to be called by several tests at once. */
static inline void schema_at(const char *owner_url)
{
    DRMGMT__OWNER drmgmt__owner *owner = NULL;
    drmgmt_error *error = NULL;
    int rc = drmgmt_db_migrate(owner_url, NULL, NULL, NULL, &error);

    if (!rc)
        rc = drmgmt__owner_open(owner_url, &owner, &error);
    if (!rc)
        rc = drmgmt__owner_become(owner, &error);
    if (!rc)
        rc = drmgmt__owner_script(owner, "SELECT sec.install_seal_key(1, decode('" SEAL_KEY "', 'hex'))", &error);
    cr_assert_eq(rc, 0, "%s", drmgmt_error_message(error));
}

/* Runs and expects success; rows may be NULL. */
static inline void must_run(fixture *f, unsigned flags, const drmgmt__query *query, const drmgmt__params *params,
                            drmgmt__rows **rows)
{
    drmgmt_error *error = NULL;
    int rc = drmgmt__run(&f->session, DRMGMT_PERM_NONE, flags, query, params, rows, &error);

    cr_assert_eq(rc, 0, "%s: %s (%s)", query->name, drmgmt_error_message(error), drmgmt_error_detail(error));
}

/* Runs and expects a failure of that status. */
static inline drmgmt_error *must_fail(fixture *f, unsigned flags, const drmgmt__query *query,
                                      const drmgmt__params *params, drmgmt_status status)
{
    drmgmt_error *error = NULL;
    int rc = drmgmt__run(&f->session, DRMGMT_PERM_NONE, flags, query, params, NULL, &error);

    cr_assert_eq(rc, (int)status, "%s: %s, not %s: %s", query->name, drmgmt_status_name(rc), drmgmt_status_name(status),
                 drmgmt_error_message(error));
    cr_assert_eq(drmgmt_error_status(error), status);
    return error;
}

/* The pool gives exactly size connections, no more and no fewer: its count is right. */
static inline void must_have_room(fixture *f, unsigned size)
{
    drmgmt__connection *held[64], *one_more = NULL;
    drmgmt_error *error = NULL;
    unsigned acquire_ms = f->context.options.acquire_ms;

    cr_assert_leq(size, 64);
    for (unsigned i = 0; i < size; i++) {
        int rc = drmgmt__pool_get(f->context.pool, &held[i], &error);
        cr_assert_eq(rc, 0, "connection %u: %s", i, drmgmt_error_message(error));
    }
    f->context.options.acquire_ms = 20;
    cr_assert_eq(drmgmt__pool_get(f->context.pool, &one_more, NULL), DRMGMT_ERR_LIMIT);
    f->context.options.acquire_ms = acquire_ms;
    for (unsigned i = 0; i < size; i++)
        drmgmt__pool_put(f->context.pool, held[i]);
}

#endif
