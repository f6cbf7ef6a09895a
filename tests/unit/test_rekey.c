/* Data keys and KEKs replaced while secrets are written: nothing is lost, and what is left afterwards opens by the new
 * keys. The tests run at the same time on one database, and whoever comes first does the work of all: so each waits for
 * its own tenant. */
/* needs: postgres migrated */
#include "auth/auth.h"
#include "domain_support.h"
#include "key/key.h"
#include <drm/key.h>
#include <stdatomic.h>
#include <stdio.h>

static drmgmt_context *context;
static drmgmt_session *session;
static drmgmt__owner *admin;
static char tenant[37];

static void setup(void)
{
    context = open_context(true);
    session = open_other_tenant(context);
    snprintf(tenant, sizeof tenant, "%s", drmgmt_session_tenant_id(session));
    cr_assert_eq(drmgmt__owner_open(from_env("DRM_ADMIN_DATABASE_URL"), &admin, NULL), 0);
}

static void teardown(void)
{
    drmgmt__owner_close(admin);
    drmgmt_session_close(session);
    drmgmt_context_free(context);
}

TestSuite(rekey, .init = setup, .fini = teardown);

static drmgmt__rows *ask(const char *sql, const char *second)
{
    drmgmt__params p = DRMGMT__PARAMS_INIT;
    drmgmt__rows *rows = NULL;
    drmgmt_error *error = NULL;

    drmgmt__param(&p, tenant);
    if (second)
        drmgmt__param(&p, second);
    cr_assert(drmgmt__owner_exec(admin, sql, &p, &rows, &error) == 0, "%s: %s", sql, drmgmt_error_message(error));
    return rows;
}

static int64_t number(const char *sql)
{
    drmgmt__rows *rows = ask(sql, NULL);
    int64_t n = drmgmt__rows_int(rows, 0, 0);

    drmgmt__rows_free(rows);
    return n;
}

static void create(const char *name, const char *community, char id[37])
{
    char json[256];
    drmgmt_record *record = NULL;
    drmgmt_error *error = NULL;

    snprintf(json, sizeof json, "{\"name\":\"%s\",\"community\":\"%s\"}", name, community);
    drmgmt_draft *draft = draft_of("snmp_credential", json);
    cr_assert(drmgmt_snmp_credential_create(session, draft, &record, &error) == 0, "%s", drmgmt_error_message(error));
    snprintf(id, 37, "%s", drmgmt_record_id(record));
    drmgmt_record_free(record);
    drmgmt_draft_free(draft);
}

/* What is stored, as a worker would open it; with the keyring as it is now. */
static void opens_to(const char *id, const char *expected)
{
    drmgmt__keyring *keyring = NULL;
    drmgmt__data_key key;
    uint8_t blob[512], wrapped[DRMGMT__WRAPPED_SIZE];
    char plain[512] = "";
    drmgmt__rows *rows =
        ask("SELECT c.community, k.wrapped, k.version FROM drm.snmp_credentials c JOIN drm.tenant_keys k"
            " ON k.tenant_id = c.tenant_id AND k.version = sec.key_of(c.community)"
            " WHERE c.tenant_id = $1::uuid AND c.id = $2::uuid",
            id);

    cr_assert_eq(drmgmt__rows_count(rows), 1, "the data key of credential %s is gone", id);
    long n = drmgmt__rows_bytes(rows, 0, 0, blob, sizeof blob),
         m = drmgmt__rows_bytes(rows, 0, 1, wrapped, sizeof wrapped);
    cr_assert_eq(drmgmt__keyring_load(from_env("DRM_KEYRING"), &keyring, NULL), 0);
    cr_assert_eq(
        drmgmt__data_key_unwrap(keyring, tenant, (uint32_t)drmgmt__rows_int(rows, 0, 2), wrapped, (size_t)m, &key), 0);
    cr_assert_eq(
        drmgmt__blob_open(&key, "snmp_credentials", "community", tenant, id, blob, (size_t)n, (uint8_t *)plain), 0);
    cr_assert_str_eq(plain, expected);
    drmgmt__keyring_free(keyring);
    drmgmt__rows_free(rows);
}

static uint64_t pending(void)
{
    uint64_t n = 99;

    cr_assert_eq(drmgmt_rekey_pending(context, tenant, &n, NULL), 0);
    return n;
}

static void run(void)
{
    drmgmt_error *error = NULL;

    cr_assert(drmgmt_rekey_run(context, NULL, NULL, &error) == 0, "%s", drmgmt_error_message(error));
}

static void finish(void)
{
    for (int i = 0; i < 900 && pending(); i++) {
        run();
        usleep(100000);
    }
    cr_assert_eq(pending(), 0);
}

static void start(void)
{
    uint64_t started = 0, under_way = 0;

    cr_assert_eq(drmgmt_rekey_start(context, tenant, &started, &under_way, NULL), 0);
    cr_assert(started == 1 && under_way == 0);
}

#define NEWEST "SELECT count(*) FROM drm.snmp_credentials WHERE tenant_id = $1::uuid AND sec.key_of(community) = "

Test(rekey, every_secret_comes_under_the_new_key_and_the_old_one_goes)
{
    enum { MANY = 600 }; /* more than two windows */
    static char ids[MANY][37];
    char text[32];

    for (int i = 0; i < MANY; i++) {
        snprintf(text, sizeof text, "secret-%d", i);
        create(text, text, ids[i]);
    }
    cr_assert_eq(number(NEWEST "1"), MANY);
    start();
    char id[37];
    create("later", "sealed by the new key", id);
    cr_assert_eq(number(NEWEST "2"), 1);
    uint64_t started = 9, under_way = 9;
    cr_assert_eq(drmgmt_rekey_start(context, tenant, &started, &under_way, NULL), 0);
    cr_assert(started == 0 && under_way == 1, "one at a time");
    finish();
    cr_assert_eq(number(NEWEST "2"), MANY + 1);
    cr_assert_eq(number("SELECT sum(version) FROM drm.tenant_keys WHERE tenant_id = $1::uuid"), 2, "only 2 is left");
    cr_assert_eq(number("SELECT count(*) FROM drm.audit_logs WHERE tenant_id = $1::uuid AND action LIKE 'data_key.%'"),
                 2);
    for (int i = 0; i < MANY; i += 37) {
        snprintf(text, sizeof text, "secret-%d", i);
        opens_to(ids[i], text);
    }
    opens_to(id, "sealed by the new key");
    /* What clients see of a row has not changed, so its version has not. */
    cr_assert_eq(number("SELECT max(version) FROM drm.snmp_credentials WHERE tenant_id = $1::uuid"), 1);
    start();
    finish();
    cr_assert_eq(number(NEWEST "3"), MANY + 1);
    opens_to(ids[0], "secret-0");
}

/* ---- while they are changed ---- */

enum { ROWS = 24, WRITERS = 3 };
static char changed_ids[ROWS][37];
static int last[ROWS];
static atomic_bool over;
static atomic_int busy; /* writers that have changed each of their rows */

static void *change(void *first)
{
    drmgmt_context *own = open_context(true);
    drmgmt_session *by = NULL;
    char email[96];

    snprintf(email, sizeof email, "%s", (char *)first + 1);
    by = log_in(own, email, "a long enough password");
    for (int n = 1; !atomic_load(&over); n++) {
        if (n == 2)
            atomic_fetch_add(&busy, 1);
        for (int i = *(char *)first; i < ROWS; i += WRITERS) {
            char json[64];
            drmgmt_record *record = NULL;
            drmgmt_error *error = NULL;
            snprintf(json, sizeof json, "{\"community\":\"value %d of %d\"}", n, i);
            drmgmt_draft *draft = draft_of("snmp_credential", json);
            cr_assert(drmgmt_snmp_credential_update(by, changed_ids[i], 0, draft, &record, &error) == 0, "%s",
                      drmgmt_error_message(error));
            last[i] = n;
            drmgmt_record_free(record);
            drmgmt_draft_free(draft);
        }
    }
    drmgmt_session_close(by);
    drmgmt_context_free(own);
    return NULL;
}

Test(rekey, changes_made_meanwhile_are_not_lost, .timeout = 120)
{
    pthread_t threads[WRITERS];
    static char arguments[WRITERS][100];
    char text[32];
    drmgmt__rows *rows = ask("SELECT email FROM drm.users WHERE tenant_id = $1::uuid", NULL);

    for (int i = 0; i < ROWS; i++) {
        snprintf(text, sizeof text, "row-%d", i);
        create(text, text, changed_ids[i]);
    }
    for (int i = 0; i < WRITERS; i++) {
        arguments[i][0] = (char)i;
        snprintf(arguments[i] + 1, 99, "%s", drmgmt__rows_text(rows, 0, 0));
        cr_assert_eq(pthread_create(&threads[i], NULL, change, arguments[i]), 0);
    }
    while (atomic_load(&busy) < WRITERS)
        usleep(10000);
    for (int round = 0; round < 8; round++) {
        start();
        finish();
    }
    atomic_store(&over, true);
    for (int i = 0; i < WRITERS; i++)
        pthread_join(threads[i], NULL);
    cr_assert_eq(number("SELECT version FROM drm.tenant_keys WHERE tenant_id = $1::uuid"), 9);
    cr_assert_eq(number(NEWEST "9"), ROWS);
    for (int i = 0; i < ROWS; i++) {
        snprintf(text, sizeof text, "value %d of %d", last[i], i);
        opens_to(changed_ids[i], text);
    }
    drmgmt__rows_free(rows);
}

/* The old key was read and the value not yet stored: the key stays until it is, and the value follows. */
Test(rekey, a_transaction_that_seals_with_the_old_key_is_waited_for)
{
    DRMGMT__FREE char *hex = NULL;
    drmgmt__tx *tx = NULL;
    drmgmt_error *error = NULL;
    char id[37];

    cr_assert_eq(drmgmt__uuid_v7(id), 0);
    cr_assert_eq(drmgmt__tx_begin(session, DRMGMT_PERM_CREDENTIAL_WRITE, &tx, NULL), 0);
    cr_assert(drmgmt__secret_seal(tx, session, "snmp_credentials", "community", id, "slow", 4, &hex, &error) == 0, "%s",
              drmgmt_error_message(error));
    start();
    run();
    cr_assert_eq(pending(), 1);
    char other[37];
    create("quick", "quick", other);
    run();
    cr_assert_eq(pending(), 1, "the old key must stay while somebody may store what it sealed");

    drmgmt__params p = DRMGMT__PARAMS_INIT;
    static const drmgmt__query insert = {
        .name = "test_insert",
        .sql =
            "INSERT INTO drm.snmp_credentials (tenant_id, id, name, community) VALUES (sec.tenant(), $1::uuid, 'slow',"
            " $2::bytea)"
    };
    drmgmt__query once = insert;
    drmgmt__param(&p, id);
    drmgmt__param(&p, hex);
    once.index = 1; /* the slot of a statement that nobody here prepares */
    cr_assert(drmgmt__tx_exec(tx, &once, &p, NULL, &error) == 0, "%s", drmgmt_error_message(error));
    cr_assert_eq(drmgmt__tx_commit(&tx, NULL), 0);
    finish();
    cr_assert_eq(number(NEWEST "2"), 2);
    opens_to(id, "slow");
    opens_to(other, "quick");
}

Test(rekey, a_value_that_does_not_open_keeps_the_old_key)
{
    char good[37], bad[37];

    create("good", "good", good);
    create("bad", "bad", bad);
    drmgmt__rows_free(
        ask("UPDATE drm.snmp_credentials SET community = set_byte(community, 20, get_byte(community, 20) # 1)"
            " WHERE tenant_id = $1::uuid AND name = 'bad'",
            NULL));
    start();
    for (int i = 0; i < 900 && number(NEWEST "2") < 1; i++) {
        run();
        usleep(100000);
    }
    opens_to(good, "good");
    run();
    cr_assert_eq(pending(), 1);
    cr_assert_eq(number(NEWEST "1"), 1);
    cr_assert_eq(number("SELECT count(*) FROM drm.tenant_keys WHERE tenant_id = $1::uuid"), 2);
}

Test(rekey, tenants_that_are_none)
{
    drmgmt_error *error = NULL;

    fails(drmgmt_rekey_start(context, "nobody", NULL, NULL, &error), error, DRMGMT_ERR_NOT_FOUND, "tenant");
    fails(drmgmt_rekey_start(context, "'; DROP TABLE drm.tenants; --", NULL, NULL, &error), error, DRMGMT_ERR_NOT_FOUND,
          "tenant");
}

/* ---- KEKs ---- */

static uint64_t wrapped_by(unsigned kek)
{
    drmgmt_kek_use *uses = NULL;
    size_t n = 0;
    uint64_t found = 0;

    cr_assert_eq(drmgmt_kek_uses(context, &uses, &n, NULL), 0);
    for (size_t i = 0; i < n; i++)
        if (uses[i].kek == kek)
            found = uses[i].keys;
    drmgmt_free(uses);
    return found;
}

/* Until a call finds nothing to do: other tests make tenants meanwhile, with the file as it was a moment before. */
static uint64_t rewrap(void)
{
    uint64_t wrapped = 1, all = 0;

    for (int i = 0; i < 100 && wrapped; i++) {
        drmgmt_error *error = NULL;
        cr_assert(drmgmt_kek_rewrap(context, NULL, NULL, &wrapped, &error) == 0, "%s", drmgmt_error_message(error));
        all += wrapped;
    }
    cr_assert_eq(wrapped, 0);
    return all;
}

Test(rekey, a_new_kek_wraps_all)
{
    char id[37], before[37];
    unsigned kek = 0;
    uint64_t wrapped = 0;
    drmgmt_error *error = NULL;
    const char *path = from_env("DRM_KEYRING");

    create("before", "before", before);
    cr_assert_eq(drmgmt_key_rotate(path, "kek", false, NULL, &kek, NULL), 0);
    fails(drmgmt_key_retire(path, "kek", 1, true, NULL, context, &error), error, DRMGMT_ERR_CONFLICT, "");
    cr_assert(rewrap() >= 2 && wrapped_by(kek) >= 2);
    opens_to(before, "before");
    /* A program that has not looked at the file since: it meets a KEK that it does not know. */
    create("after", "after", id);
    opens_to(id, "after");
    fails(drmgmt_key_retire(path, "kek", 1, false, NULL, context, &error), error, DRMGMT_ERR_CONFLICT, "");
    fails(drmgmt_key_retire(path, "kek", kek, true, NULL, context, &error), error, DRMGMT_ERR_CONFLICT, "");

    /* One that a KEK wraps which the keyring lacks is told, and does not stop the others. Its place in the order is not
     * known, so the others are seen to be done by what comes afterwards. */
    drmgmt__rows_free(ask("UPDATE drm.tenant_keys SET wrapped = overlay(wrapped PLACING '\\x0000004d'::bytea FROM 2)"
                          " WHERE tenant_id = $1::uuid",
                          NULL));
    cr_assert_eq(drmgmt_key_rotate(path, "kek", false, NULL, &kek, NULL), 0);
    cr_assert_eq(drmgmt_kek_rewrap(context, NULL, NULL, &wrapped, &error), DRMGMT_ERR_CRYPTO);
    cr_assert(strstr(drmgmt_error_message(error), tenant), "%s", drmgmt_error_message(error));
    drmgmt_error_free(error);
    cr_assert(wrapped_by(77) == 1 && wrapped_by(kek) >= 1);
    drmgmt__rows_free(ask("DELETE FROM drm.tenant_keys WHERE tenant_id = $1::uuid", NULL));
    rewrap();
}
