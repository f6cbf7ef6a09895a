/* Migrations: what is embedded against what is applied. Called by drmctl db and init. Under an advisory lock, each
 * migration in a transaction with its row of history, so that two at once, or one that is killed, leave a history that
 * is true. */
#include "auth/permission.h"
#include "core/core.h"
#include "key/key.h"
#include "store/migrations.h"
#include "store/owner.h"
#include <drm/db.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* The lock's key: any number, the same for every version. */
#define LOCK_SQL "SELECT pg_advisory_lock(7303014)"

#define APPLIED_AT "to_char(applied_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')"

static const char history_sql[] =
    "CREATE SCHEMA IF NOT EXISTS drm;"
    "CREATE TABLE IF NOT EXISTS drm.schema_migrations ("
    " number integer PRIMARY KEY, name text NOT NULL, sha256 text NOT NULL,"
    " applied_at timestamptz NOT NULL DEFAULT clock_timestamp(), duration_ms integer NOT NULL DEFAULT 0);"
    "GRANT USAGE ON SCHEMA drm TO drm_app; GRANT SELECT ON drm.schema_migrations TO drm_app;";

enum { ROLES_ATTEMPTS = 5, ROLES_PAUSE_MS = 100 };

static int prepare_roles(drmgmt__owner *owner, drmgmt_error **error)
{
    DRMGMT__ROWS drmgmt__rows *rows = NULL;
    int rc = drmgmt__owner_exec(
        owner,
        /* Roles are the cluster's, their rights the database's: a second database needs the script too. */
        "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = 'drm_app') AND COALESCE((SELECT "
        "has_database_privilege(oid,"
        " current_database(), 'CREATE') FROM pg_roles WHERE rolname = 'drm_owner'), false),"
        " rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user",
        NULL, &rows, error);

    if (rc || drmgmt__rows_bool(rows, 0, 0))
        return rc;
    if (!drmgmt__rows_bool(rows, 0, 1))
        return drmgmt__fail(error, DRMGMT_ERR_SCHEMA,
                            "the roles drm_owner and drm_app, or their rights in this database, are missing and this "
                            "log-in may not give them: run sql/roles.sql as a superuser");
    /* Roles are the cluster's: another of its databases may be set up at this moment, and PostgreSQL lets one of two
     * changes to a role fail. */
    for (int attempt = 1;; attempt++) {
        drmgmt_error *failure = NULL;
        rc = drmgmt__owner_script(owner, drmgmt__roles_sql, &failure);
        if (rc && (rc == DRMGMT_ERR_DATABASE || rc == DRMGMT_ERR_CONFLICT) && attempt < ROLES_ATTEMPTS) {
            drmgmt_error_free(failure);
            nanosleep(&(struct timespec){ .tv_nsec = ROLES_PAUSE_MS * 1000000 }, NULL);
            continue;
        }
        if (rc && error)
            *error = failure;
        else
            drmgmt_error_free(failure);
        return rc;
    }
}

/* Fills the i-th entry; hashes live in the block behind the array. */
static int describe(unsigned i, drmgmt_migration *m, char *hash, drmgmt_error **error)
{
    if (drmgmt__migration_sha256(drmgmt__migrations[i].sql, hash))
        return drmgmt__fail(error, DRMGMT_ERR_CRYPTO, "SHA-256 is not available");
    *m = (drmgmt_migration){ .number = drmgmt__migrations[i].number,
                             .name = drmgmt__migrations[i].name,
                             .sha256 = hash };
    return 0;
}

static int new_list(drmgmt_migration **list, drmgmt_error **error)
{
    unsigned n = drmgmt__migration_count;
    DRMGMT__FREE drmgmt_migration *l = calloc(n, sizeof *l + 65);
    char *hashes = (char *)(l + n);
    int rc = l ? 0 : drmgmt__fail_memory(error);

    for (unsigned i = 0; !rc && i < n; i++)
        rc = describe(i, &l[i], hashes + 65 * i, error);
    if (!rc)
        *list = DRMGMT__STEAL(l);
    return rc;
}

/* Holds one row of history against the list. */
static int match(const drmgmt__rows *rows, size_t row, drmgmt_migration *list, drmgmt_error **error)
{
    unsigned number = (unsigned)drmgmt__rows_int(rows, row, 0);
    const char *name = drmgmt__rows_text(rows, row, 1);

    for (unsigned i = 0; i < drmgmt__migration_count; i++) {
        if (list[i].number != number)
            continue;
        if (strcmp(list[i].sha256, drmgmt__rows_text(rows, row, 2)) != 0)
            return drmgmt__fail_full(
                error, DRMGMT_ERR_SCHEMA, false, name, NULL,
                "migration %s was applied with another text than this library has: the history was changed", name);
        list[i].applied = true;
        list[i].duration_ms = (unsigned)drmgmt__rows_int(rows, row, 4);
        snprintf(list[i].applied_at, sizeof list[i].applied_at, "%s", drmgmt__rows_text(rows, row, 3));
        return 0;
    }
    return drmgmt__fail_full(
        error, DRMGMT_ERR_SCHEMA, false, name, NULL,
        "the database has migration %s, which this library does not know: it belongs to a newer version", name);
}

static int read_history(drmgmt__owner *owner, drmgmt_migration *list, drmgmt_error **error)
{
    DRMGMT__ROWS drmgmt__rows *exists = NULL, *rows = NULL;
    int rc = drmgmt__owner_exec(owner, "SELECT to_regclass('drm.schema_migrations') IS NOT NULL", NULL, &exists, error);

    if (rc || !drmgmt__rows_bool(exists, 0, 0))
        return rc;
    rc = drmgmt__owner_exec(
        owner, "SELECT number, name, sha256, " APPLIED_AT ", duration_ms FROM drm.schema_migrations ORDER BY number",
        NULL, &rows, error);
    for (size_t i = 0; !rc && i < drmgmt__rows_count(rows); i++)
        rc = match(rows, i, list, error);
    return rc;
}

/* A migration after a gap would run on a schema it was not written for. */
static int check_order(const drmgmt_migration *list, drmgmt_error **error)
{
    for (unsigned i = 1; i < drmgmt__migration_count; i++)
        if (list[i].applied && !list[i - 1].applied)
            return drmgmt__fail_full(error, DRMGMT_ERR_SCHEMA, false, list[i - 1].name, NULL,
                                     "migration %s is missing from the history although a later one was applied",
                                     list[i - 1].name);
    return 0;
}

static int apply(drmgmt__owner *owner, unsigned i, drmgmt_migration *m, drmgmt_error **error)
{
    drmgmt__params p = DRMGMT__PARAMS_INIT;
    DRMGMT__ROWS drmgmt__rows *rows = NULL;
    drmgmt_error *failure = NULL;
    uint64_t began = drmgmt__monotonic_ms();
    int rc = drmgmt__owner_script(owner, "BEGIN", &failure);

    if (!rc)
        rc = drmgmt__owner_script(owner, drmgmt__migrations[i].sql, &failure);
    m->duration_ms = (unsigned)(drmgmt__monotonic_ms() - began);
    drmgmt__param_int(&p, m->number);
    drmgmt__param(&p, m->name);
    drmgmt__param(&p, m->sha256);
    drmgmt__param_int(&p, m->duration_ms);
    if (!rc)
        rc = drmgmt__owner_become(owner, &failure);
    if (!rc)
        rc = drmgmt__owner_exec(
            owner,
            "INSERT INTO drm.schema_migrations (number, name, sha256, duration_ms) VALUES ($1, $2, $3, $4)"
            " RETURNING " APPLIED_AT,
            &p, &rows, &failure);
    if (!rc)
        rc = drmgmt__owner_script(owner, "COMMIT", &failure);
    if (rc) {
        drmgmt__owner_script(owner, "ROLLBACK", NULL);
        drmgmt__fail_full(error, rc, drmgmt_error_retryable(failure), drmgmt_error_detail(failure), NULL,
                          "migration %s failed: %s", m->name, drmgmt_error_message(failure));
        drmgmt_error_free(failure);
        return rc;
    }
    m->applied = true;
    snprintf(m->applied_at, sizeof m->applied_at, "%s", drmgmt__rows_text(rows, 0, 0));
    return 0;
}

static int apply_missing(drmgmt__owner *owner, drmgmt_migration *list, drmgmt_migrate_fn *progress, void *user,
                         unsigned *applied, drmgmt_error **error)
{
    int rc = read_history(owner, list, error);

    if (!rc)
        rc = check_order(list, error);
    for (unsigned i = 0; !rc && i < drmgmt__migration_count; i++) {
        if (list[i].applied)
            continue;
        if (progress)
            progress(user, &list[i], false);
        rc = apply(owner, i, &list[i], error);
        if (!rc && progress)
            progress(user, &list[i], true);
        *applied += rc == 0;
    }
    return rc;
}

int drmgmt_db_migrate(const char *owner_url, drmgmt_migrate_fn *progress, void *user, unsigned *applied,
                      drmgmt_error **error)
{
    DRMGMT__OWNER drmgmt__owner *owner = NULL;
    unsigned count = 0;
    int rc = drmgmt__owner_open(owner_url, &owner, error);

    /* The lock first: two that start at once must not both create the roles. It goes with the connection. */
    if (!rc)
        rc = drmgmt__owner_script(owner, LOCK_SQL, error);
    if (!rc)
        rc = prepare_roles(owner, error);
    if (!rc)
        rc = drmgmt__owner_become(owner, error);
    if (!rc)
        rc = drmgmt__owner_script(owner, history_sql, error);
    DRMGMT__FREE drmgmt_migration *list = NULL;
    if (!rc)
        rc = new_list(&list, error);
    if (!rc)
        rc = apply_missing(owner, list, progress, user, &count, error);
    if (!rc)
        rc = drmgmt__owner_become(owner, error);
    /* Tables of the library's that SQL must know, also where no migration was missing. */
    if (!rc)
        rc = drmgmt__permissions_install(owner, error);
    if (!rc)
        rc = drmgmt__sealed_columns_install(owner, error);
    /* A database that was restored from a dump of another server goes on with its audit chain. */
    if (!rc)
        rc = drmgmt__owner_script(owner, "SELECT sec.audit_rebase()", error);
    if (!rc && applied)
        *applied = count;
    return rc;
}

int drmgmt_db_status(const char *owner_url, drmgmt_migration **list, size_t *count, drmgmt_error **error)
{
    DRMGMT__OWNER drmgmt__owner *owner = NULL;
    DRMGMT__FREE drmgmt_migration *l = NULL;
    DRMGMT__ROWS drmgmt__rows *role = NULL;
    int rc = drmgmt__owner_open(owner_url, &owner, error);

    if (!rc)
        rc = new_list(&l, error);
    if (!rc)
        rc = drmgmt__owner_exec(owner, "SELECT FROM pg_roles WHERE rolname = 'drm_owner'", NULL, &role, error);
    /* Without the role nothing was ever applied. */
    if (!rc && drmgmt__rows_count(role)) {
        rc = drmgmt__owner_become(owner, error);
        if (!rc)
            rc = read_history(owner, l, error);
    }
    if (!rc)
        rc = check_order(l, error);
    if (rc)
        return rc;
    *list = DRMGMT__STEAL(l);
    *count = drmgmt__migration_count;
    return 0;
}
