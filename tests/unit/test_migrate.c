/* Migrations against a real server: an empty database, two that start at once, a history that was changed.
 * needs: postgres */
#include "store/migrations.h"
#include "store_support.h"
#include <pthread.h>

static char owner_url[512], admin_url[512];

/* The server's URL with another database in it. */
static void other_database(const char *url, const char *name, char out[512])
{
    const char *at = strstr(url, "/drmgmt");

    cr_assert(at, "%s", url);
    snprintf(out, 512, "%.*s/%s%s", (int)(at - url), url, name, at + strlen("/drmgmt"));
}

/* A database of this test's own, made as an operator would: owned by the migrating log-in. */
static void make_database(const char *name)
{
    char sql[128];

    snprintf(sql, sizeof sql, "CREATE DATABASE %s OWNER drm_migrate", name);
    admin(sql, NULL);
    other_database(from_env("DRM_DATABASE_URL"), name, owner_url);
    other_database(from_env("DRM_ADMIN_DATABASE_URL"), name, admin_url);
}

static void migrate(const char *url, int status, const char *word)
{
    drmgmt_error *error = NULL;
    int rc = drmgmt_db_migrate(url, NULL, NULL, NULL, &error);

    cr_assert_eq(rc, status, "%s: %s", drmgmt_status_name(rc), drmgmt_error_message(error));
    if (word)
        cr_assert(strstr(drmgmt_error_message(error), word), "%s", drmgmt_error_message(error));
    drmgmt_error_free(error);
}

static size_t count_applied(void)
{
    drmgmt_migration *list = NULL;
    size_t count = 0, applied = 0;
    drmgmt_error *error = NULL;

    cr_assert_eq(drmgmt_db_status(admin_url, &list, &count, &error), 0, "%s", drmgmt_error_message(error));
    cr_assert_eq(count, drmgmt__migration_count);
    for (size_t i = 0; i < count; i++) {
        cr_assert_eq(list[i].number, i + 1);
        cr_assert_eq(strlen(list[i].sha256), 64);
        cr_assert_eq(list[i].applied, list[i].applied_at[0] != '\0');
        if (list[i].applied)
            cr_assert_eq(strlen(list[i].applied_at), strlen("2026-01-31T12:00:00.123Z"), "%s", list[i].applied_at);
        applied += list[i].applied;
    }
    drmgmt_free(list);
    return applied;
}

static void note(void *user, const drmgmt_migration *m, bool after)
{
    unsigned *calls = user;

    cr_assert_eq(m->applied, after);
    cr_assert_eq(m->applied_at[0] != '\0', after, "%s", m->name);
    calls[after]++;
}

TestSuite(migrate, .timeout = 60);

Test(migrate, from_nothing_to_current_and_no_further)
{
    unsigned calls[2] = { 0, 0 }, applied = 99;
    drmgmt_error *error = NULL;

    make_database("m_new");
    cr_assert_eq(count_applied(), 0);
    int rc = drmgmt_db_migrate(admin_url, note, calls, &applied, &error);
    cr_assert_eq(rc, 0, "%s", drmgmt_error_message(error));
    cr_assert_eq(applied, drmgmt__migration_count);
    cr_assert_eq(calls[0], applied);
    cr_assert_eq(calls[1], applied);
    cr_assert_eq(count_applied(), applied);
    cr_assert_eq(drmgmt_db_migrate(owner_url, note, calls, &applied, &error), 0, "as the owner's own log-in");
    cr_assert_eq(applied, 0);
    cr_assert_eq(calls[0], drmgmt__migration_count);
}

static void *migrate_thread(void *arg)
{
    drmgmt_error *error = NULL;
    int rc = drmgmt_db_migrate(admin_url, NULL, NULL, arg, &error);

    cr_assert_eq(rc, 0, "%s", drmgmt_error_message(error));
    return NULL;
}

Test(migrate, four_at_once_apply_each_once)
{
    pthread_t threads[4];
    unsigned applied[4] = { 0 }, sum = 0;

    make_database("m_race");
    for (int i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, migrate_thread, &applied[i]);
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        sum += applied[i];
    }
    cr_assert_eq(sum, drmgmt__migration_count);
    cr_assert_eq(count_applied(), drmgmt__migration_count);
}

/* Roles are the cluster's: in a second database they are there, but without their rights in it. */
Test(migrate, a_second_database_needs_somebody_who_may)
{
    make_database("m_second");
    migrate(owner_url, DRMGMT_ERR_SCHEMA, "roles.sql");
    cr_assert_eq(count_applied(), 0);
    migrate(admin_url, 0, NULL);
    migrate(owner_url, 0, NULL);
}

Test(migrate, a_changed_history_is_refused)
{
    drmgmt_migration *list = NULL;
    size_t count = 0;

    make_database("m_changed");
    migrate(admin_url, 0, NULL);
    admin_at(admin_url, "UPDATE drm.schema_migrations SET sha256 = repeat('0', 64) WHERE number = 2", NULL);
    migrate(admin_url, DRMGMT_ERR_SCHEMA, "0002_");
    cr_assert_eq(drmgmt_db_status(admin_url, &list, &count, NULL), DRMGMT_ERR_SCHEMA);
    cr_assert_null(list);
}

Test(migrate, a_newer_history_is_refused)
{
    make_database("m_newer");
    migrate(admin_url, 0, NULL);
    admin_at(admin_url, "INSERT INTO drm.schema_migrations (number, name, sha256) VALUES (9999, '9999_tomorrow', 'x')",
             NULL);
    migrate(admin_url, DRMGMT_ERR_SCHEMA, "9999_tomorrow");
}

Test(migrate, a_gap_is_refused)
{
    make_database("m_gap");
    migrate(admin_url, 0, NULL);
    admin_at(admin_url, "DELETE FROM drm.schema_migrations WHERE number = 2", NULL);
    migrate(admin_url, DRMGMT_ERR_SCHEMA, "0002_");
}

/* A migration that fails leaves nothing behind, and the next attempt goes on from there. */
Test(migrate, a_failed_one_is_rolled_back)
{
    make_database("m_fails");
    migrate(admin_url, 0, NULL);
    admin_at(admin_url, "DROP SCHEMA sec, adm CASCADE", NULL);
    admin_at(admin_url, "DROP SCHEMA app CASCADE", NULL);
    admin_at(admin_url, "DROP SCHEMA sched CASCADE", NULL);
    admin_at(admin_url, "DROP SCHEMA drm CASCADE", NULL);
    admin_at(admin_url, "CREATE SCHEMA app", NULL);
    migrate(admin_url, DRMGMT_ERR_DATABASE, "0001_");
    cr_assert_eq(count_applied(), 0);
    admin_at(admin_url, "DROP SCHEMA app", NULL);
    migrate(admin_url, 0, NULL);
    cr_assert_eq(count_applied(), drmgmt__migration_count);
}

Test(migrate, no_server_is_told)
{
    migrate("postgresql://x@/y?host=/nonexistent", DRMGMT_ERR_UNAVAILABLE, NULL);
    migrate("this is no conninfo", DRMGMT_ERR_INVALID, NULL);
    migrate("postgresql://user:secret@[::1/x", DRMGMT_ERR_INVALID, NULL);
}
