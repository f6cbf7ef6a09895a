/* Log-in, refresh, log-out, sessions, API keys and tenants against a real database. Who may do what is changed behind
 * the library's back by the superuser, as another program would. needs: postgres migrated */
#include "auth/auth.h"
#include "core/core.h"
#include "store/owner.h"
#include <criterion/criterion.h>
#include <drm/db.h>
#include <drm/options.h>
#include <drm/session.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

static const char password[] = "correct horse battery";
static drmgmt_context *context;
static drmgmt__owner *admin;
/* A tenant of this test's own, and its administrator. */
static char tenant[40], tenant_id[37], email[60];

static const char *env(const char *name)
{
    const char *value = getenv(name);

    cr_assert(value && *value, "%s is not set: run this under \"python3 -m stack exec --postgres --migrated --\"",
              name);
    return value;
}

static drmgmt_context *open_context(bool with_keyring)
{
    drmgmt_options *options = drmgmt_options_new();
    drmgmt_context *c = NULL;

    cr_assert_eq(drmgmt_options_set_database_url(options, env("DRM_APP_DATABASE_URL")), 0);
    if (with_keyring)
        cr_assert_eq(drmgmt_options_set_keyring_file(options, env("DRM_KEYRING")), 0);
    cr_assert_eq(drmgmt_context_new(options, &c, NULL), 0);
    drmgmt_options_free(options);
    return c;
}

static void create_tenant(const char *name, const char *address, char id[37])
{
    drmgmt_error *error = NULL;
    int rc = drmgmt_db_create_tenant(env("DRM_DATABASE_URL"), env("DRM_KEYRING"), name, address, password, id, &error);

    cr_assert_eq(rc, 0, "%s", drmgmt_error_message(error));
}

static void setup(void)
{
    char id[37];

    context = open_context(true);
    cr_assert_eq(drmgmt__owner_open(env("DRM_ADMIN_DATABASE_URL"), &admin, NULL), 0);
    cr_assert_eq(drmgmt__uuid_v7(id), 0);
    snprintf(tenant, sizeof tenant, "tenant %s", id + 19);
    snprintf(email, sizeof email, "a%s@example.net", id + 19);
    create_tenant(tenant, email, tenant_id);
}

static void teardown(void)
{
    drmgmt__owner_close(admin);
    drmgmt_context_free(context);
}

TestSuite(auth, .init = setup, .fini = teardown);

/* A statement of the superuser; its parameter $1 is this test's tenant, $2 (if given) a text. */
static drmgmt__rows *ask(const char *sql, const char *second)
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

static void change(const char *sql, size_t expected)
{
    drmgmt__rows *rows = ask(sql, NULL);

    cr_assert_eq(drmgmt__rows_affected(rows), expected, "%s", sql);
    drmgmt__rows_free(rows);
}

static int64_t audited(const char *action)
{
    drmgmt__rows *rows = ask("SELECT count(*) FROM drm.audit_logs WHERE tenant_id = $1::uuid AND action = $2", action);
    int64_t n = drmgmt__rows_int(rows, 0, 0);

    drmgmt__rows_free(rows);
    return n;
}

static drmgmt_tokens *log_in(void)
{
    drmgmt_tokens *tokens = NULL;
    drmgmt_error *error = NULL;

    cr_assert_eq(drmgmt_login(context, email, password, NULL, &tokens, &error), 0, "%s", drmgmt_error_message(error));
    return tokens;
}

static drmgmt_session *session_of(const drmgmt_tokens *tokens)
{
    drmgmt_session *session = NULL;

    cr_assert_eq(drmgmt_session_open_token(context, tokens->access_token, &session, NULL), 0);
    return session;
}

/* A session of the administrator. */
static drmgmt_session *open_session(void)
{
    drmgmt_tokens *tokens = log_in();
    drmgmt_session *session = session_of(tokens);

    drmgmt_tokens_free(tokens);
    return session;
}

static int refresh(const char *token)
{
    drmgmt_tokens *tokens = NULL;
    int rc = drmgmt_refresh(context, token, &tokens, NULL);

    cr_assert_eq(rc == 0, tokens != NULL);
    drmgmt_tokens_free(tokens);
    return rc;
}

/* ---- log-in ---- */

Test(auth, log_in_gives_tokens_that_open_a_session)
{
    uint64_t before = drmgmt__password_count();
    drmgmt_tokens *tokens = log_in();

    cr_assert_eq(drmgmt__password_count(), before + 1);
    cr_assert_eq(tokens->expires_in, 900);
    cr_assert_eq(tokens->refresh_expires_in, 30 * 24 * 3600);
    drmgmt_session *session = session_of(tokens);
    char *json = NULL, expected[400];
    cr_assert_eq(drmgmt_session_whoami(session, &json, NULL), 0);
    cr_assert_str_eq(drmgmt_session_tenant_id(session), tenant_id);
    snprintf(expected, sizeof expected,
             "{\"tenant_id\":\"%s\",\"tenant\":\"%s\",\"user_id\":\"%s\",\"email\":\"%s\",\"role\":\"administrator\","
             "\"auth\":\"token\"}",
             tenant_id, tenant, drmgmt_session_user_id(session), email);
    cr_assert_str_eq(json, expected);
    cr_assert_eq(drmgmt_session_context(session), context);
    drmgmt_free(json);
    drmgmt_session_close(session);
    drmgmt_session_close(NULL);
    cr_assert_eq(audited("auth.login"), 1);
    drmgmt__rows *rows = ask("SELECT count(*) FROM drm.refresh_tokens WHERE tenant_id = $1::uuid AND (position($2 in"
                             " encode(token_hash, 'escape')) > 0 OR token_hash = $2::bytea)",
                             tokens->refresh_token);
    cr_assert_eq(drmgmt__rows_int(rows, 0, 0), 0, "the token itself is stored");
    drmgmt__rows_free(rows);
    drmgmt_tokens_free(tokens);
    drmgmt_tokens_free(NULL);
}

Test(auth, addresses_are_compared_in_lower_case)
{
    char upper[60];
    drmgmt_tokens *tokens = NULL;

    for (size_t i = 0; i < sizeof upper; i++)
        upper[i] = email[i] >= 'a' && email[i] <= 'z' ? (char)(email[i] - 32) : email[i];
    cr_assert_eq(drmgmt_login(context, upper, password, NULL, &tokens, NULL), 0);
    drmgmt_tokens_free(tokens);
}

/* Refused with the one text and exactly one scrypt. */
static void refused(const char *address, const char *text, const char *where, const char *why)
{
    static char expected[300];
    drmgmt_tokens *tokens = NULL;
    drmgmt_error *error = NULL;
    uint64_t before = drmgmt__password_count();

    cr_assert_eq(drmgmt_login(context, address, text, where, &tokens, &error), DRMGMT_ERR_UNAUTHENTICATED, "%s", why);
    cr_assert_null(tokens);
    cr_assert_eq(drmgmt__password_count(), before + 1, "%s: another amount of work", why);
    if (!expected[0])
        snprintf(expected, sizeof expected, "%s", drmgmt_error_message(error));
    cr_assert_str_eq(drmgmt_error_message(error), expected, "%s", why);
    cr_assert(!drmgmt_error_detail(error) && !drmgmt_error_field(error) && !drmgmt_error_retryable(error), "%s", why);
    drmgmt_error_free(error);
}

Test(auth, refused_log_ins_cannot_be_told_apart)
{
    refused(email, "wrong horse battery", NULL, "wrong password");
    refused("nobody@example.net", password, NULL, "unknown address");
    refused(email, password, "another tenant", "wrong tenant");
    refused(email, password, "", "empty tenant");
    change("UPDATE drm.users SET active = false WHERE tenant_id = $1::uuid", 1);
    refused(email, password, NULL, "disabled user");
    refused(email, password, tenant, "disabled user, tenant named");
    change("UPDATE drm.users SET active = true WHERE tenant_id = $1::uuid", 1);
    change("UPDATE drm.tenants SET status = 'suspended' WHERE tenant_id = $1::uuid", 1);
    refused(email, password, NULL, "suspended tenant");
    change("UPDATE drm.tenants SET status = 'active' WHERE tenant_id = $1::uuid", 1);
    change("UPDATE drm.users SET password_hash = NULL WHERE tenant_id = $1::uuid", 1);
    refused(email, password, NULL, "no password");
    change("UPDATE drm.users SET password_hash = 'nonsense' WHERE tenant_id = $1::uuid", 1);
    refused(email, password, NULL, "broken hash");
    cr_assert_eq(audited("auth.login"), 0);
}

Test(auth, an_address_in_several_tenants_needs_the_name)
{
    char name[50], other[37];
    drmgmt_tokens *tokens = NULL;

    snprintf(name, sizeof name, "%s bis", tenant);
    create_tenant(name, email, other);
    refused(email, password, NULL, "two tenants");
    refused(email, "wrong horse battery", NULL, "two tenants, wrong password");
    cr_assert_eq(drmgmt_login(context, email, password, name, &tokens, NULL), 0);
    drmgmt_session *session = session_of(tokens);
    cr_assert_str_eq(drmgmt_session_tenant_id(session), other);
    drmgmt_session_close(session);
    drmgmt_tokens_free(tokens);
    cr_assert_eq(drmgmt_login(context, email, password, tenant_id, &tokens, NULL), 0);
    session = session_of(tokens);
    cr_assert_str_eq(drmgmt_session_tenant_id(session), tenant_id);
    drmgmt_session_close(session);
    drmgmt_tokens_free(tokens);
    /* One of them closed: the other is meant. */
    change("UPDATE drm.users SET active = false WHERE tenant_id = $1::uuid", 1);
    cr_assert_eq(drmgmt_login(context, email, password, NULL, &tokens, NULL), 0);
    drmgmt_tokens_free(tokens);
}

Test(auth, log_in_with_malformed_input)
{
    static const char *const addresses[] = { NULL,
                                             "",
                                             "@",
                                             "a@",
                                             "@b",
                                             "a b@example.net",
                                             "a@b@c",
                                             "a@example..net",
                                             ".a@example.net",
                                             "a@-b.net",
                                             "a@b.net\n",
                                             "\xff@example.net",
                                             "a@ex\xc3\xa4mple.net",
                                             "' OR 1=1 --" };
    drmgmt_tokens *tokens = NULL;
    drmgmt_error *error = NULL;
    char huge[2000];
    uint64_t before = drmgmt__password_count();

    for (size_t i = 0; i < DRMGMT__COUNT(addresses); i++) {
        cr_assert_eq(drmgmt_login(context, addresses[i], password, NULL, &tokens, &error), DRMGMT_ERR_INVALID, "%s",
                     addresses[i]);
        cr_assert_str_eq(drmgmt_error_field(error), "email");
        drmgmt_error_free(error);
    }
    memset(huge, 'a', sizeof huge - 1);
    huge[sizeof huge - 1] = '\0';
    cr_assert_eq(drmgmt_login(context, huge, password, NULL, &tokens, NULL), DRMGMT_ERR_INVALID);
    memcpy(huge + 60, "@b.net", 7); /* 66 */
    cr_assert_eq(drmgmt_login(context, email, "", NULL, &tokens, NULL), DRMGMT_ERR_INVALID);
    cr_assert_eq(drmgmt_login(context, email, NULL, NULL, &tokens, NULL), DRMGMT_ERR_INVALID);
    memset(huge, 'a', sizeof huge - 1);
    cr_assert_eq(drmgmt_login(context, email, huge, NULL, &tokens, NULL), DRMGMT_ERR_INVALID);
    cr_assert_eq(drmgmt_login(context, email, password, "\xff", &tokens, NULL), DRMGMT_ERR_INVALID);
    cr_assert_eq(drmgmt__password_count(), before);
    refused(email, password, huge, "a tenant's name far too long");
}

Test(auth, without_a_keyring)
{
    drmgmt_context *bare = open_context(false);
    drmgmt_tokens *tokens = NULL, *good = log_in();
    drmgmt_session *session = NULL;

    cr_assert_eq(drmgmt_login(bare, email, password, NULL, &tokens, NULL), DRMGMT_ERR_CRYPTO);
    cr_assert_eq(drmgmt_refresh(bare, good->refresh_token, &tokens, NULL), DRMGMT_ERR_CRYPTO);
    cr_assert_eq(drmgmt_logout(bare, good->refresh_token, NULL), DRMGMT_ERR_CRYPTO);
    cr_assert_eq(drmgmt_session_open_token(bare, good->access_token, &session, NULL), DRMGMT_ERR_CRYPTO);
    cr_assert_eq(refresh(good->refresh_token), 0, "nothing was used up");
    drmgmt_tokens_free(good);
    drmgmt_context_free(bare);
}

/* ---- refresh and log-out ---- */

Test(auth, a_refresh_token_is_good_once)
{
    drmgmt_tokens *first = log_in(), *second = NULL, *third = NULL;

    cr_assert_eq(drmgmt_refresh(context, first->refresh_token, &second, NULL), 0);
    cr_assert_str_neq(first->refresh_token, second->refresh_token);
    drmgmt_session_close(session_of(second));
    cr_assert_eq(drmgmt_refresh(context, second->refresh_token, &third, NULL), 0);
    cr_assert_eq(audited("auth.refresh_reuse"), 0);
    cr_assert_eq(refresh(first->refresh_token), DRMGMT_ERR_UNAUTHENTICATED);
    cr_assert_eq(audited("auth.refresh_reuse"), 1);
    cr_assert_eq(refresh(third->refresh_token), DRMGMT_ERR_UNAUTHENTICATED, "the family lives on");
    cr_assert_eq(refresh(second->refresh_token), DRMGMT_ERR_UNAUTHENTICATED);
    cr_assert_eq(audited("auth.refresh_reuse"), 1, "told once");
    drmgmt_tokens_free(first);
    drmgmt_tokens_free(second);
    drmgmt_tokens_free(third);
}

Test(auth, another_log_in_is_another_family)
{
    drmgmt_tokens *one = log_in(), *other = log_in();

    cr_assert_eq(refresh(one->refresh_token), 0);
    cr_assert_eq(refresh(one->refresh_token), DRMGMT_ERR_UNAUTHENTICATED);
    cr_assert_eq(refresh(other->refresh_token), 0);
    drmgmt_tokens_free(one);
    drmgmt_tokens_free(other);
}

Test(auth, expired_disabled_and_suspended)
{
    drmgmt_tokens *tokens = log_in();

    change("UPDATE drm.users SET active = false WHERE tenant_id = $1::uuid", 1);
    cr_assert_eq(refresh(tokens->refresh_token), DRMGMT_ERR_UNAUTHENTICATED);
    change("UPDATE drm.users SET active = true WHERE tenant_id = $1::uuid", 1);
    change("UPDATE drm.tenants SET status = 'suspended' WHERE tenant_id = $1::uuid", 1);
    cr_assert_eq(refresh(tokens->refresh_token), DRMGMT_ERR_UNAUTHENTICATED);
    change("UPDATE drm.tenants SET status = 'active' WHERE tenant_id = $1::uuid", 1);
    change("UPDATE drm.refresh_tokens SET expires_at = now() - interval '1 second' WHERE tenant_id = $1::uuid", 1);
    cr_assert_eq(refresh(tokens->refresh_token), DRMGMT_ERR_UNAUTHENTICATED);
    cr_assert_eq(audited("auth.refresh_reuse"), 0, "an expired token is not a stolen one");
    change("UPDATE drm.refresh_tokens SET expires_at = now() + interval '1 hour' WHERE tenant_id = $1::uuid", 1);
    cr_assert_eq(refresh(tokens->refresh_token), 0);
    drmgmt_tokens_free(tokens);
}

Test(auth, changed_and_foreign_refresh_tokens)
{
    static const char *const texts[] = { NULL, "", "drmr_", "drm_", "nonsense" };
    drmgmt_tokens *tokens = log_in();
    char text[200];
    char other_id[37], name[50];

    for (size_t i = 0; i < DRMGMT__COUNT(texts); i++) {
        cr_assert_eq(refresh(texts[i]), DRMGMT_ERR_UNAUTHENTICATED);
        cr_assert_eq(drmgmt_logout(context, texts[i], NULL), 0);
    }
    /* In turn a letter of the tenant, the user, the id and the secret. */
    static const size_t places[] = { 8, 30, 50, 90 };
    for (size_t i = 0; i < DRMGMT__COUNT(places); i++) {
        snprintf(text, sizeof text, "%s", tokens->refresh_token);
        text[places[i]] = text[places[i]] == 'A' ? 'B' : 'A';
        cr_assert_eq(refresh(text), DRMGMT_ERR_UNAUTHENTICATED);
        cr_assert_eq(drmgmt_logout(context, text, NULL), 0);
    }
    /* The right row, shown as another tenant's: 22 letters are 16 bytes and a half, so the first 21 carry the tenant
     * only. */
    snprintf(name, sizeof name, "%s bis", tenant);
    create_tenant(name, email, other_id);
    drmgmt_tokens *other = NULL;
    cr_assert_eq(drmgmt_login(context, email, password, name, &other, NULL), 0);
    snprintf(text, sizeof text, "%.5s%.64s%s", "drmr_", other->refresh_token + 5, tokens->refresh_token + 5 + 64);
    cr_assert_eq(refresh(text), DRMGMT_ERR_UNAUTHENTICATED);
    cr_assert_eq(audited("auth.refresh_reuse") + audited("auth.logout"), 0);
    cr_assert_eq(refresh(other->refresh_token), 0);
    cr_assert_eq(refresh(tokens->refresh_token), 0);
    drmgmt_tokens_free(tokens);
    drmgmt_tokens_free(other);
}

Test(auth, log_out_ends_the_family)
{
    drmgmt_tokens *first = log_in(), *second = NULL;

    cr_assert_eq(drmgmt_refresh(context, first->refresh_token, &second, NULL), 0);
    cr_assert_eq(drmgmt_logout(context, second->refresh_token, NULL), 0);
    cr_assert_eq(refresh(second->refresh_token), DRMGMT_ERR_UNAUTHENTICATED);
    cr_assert_eq(audited("auth.logout"), 1);
    cr_assert_eq(drmgmt_logout(context, second->refresh_token, NULL), 0, "twice is no error");
    cr_assert_eq(audited("auth.logout"), 1);
    cr_assert_eq(audited("auth.refresh_reuse"), 0);
    drmgmt_tokens_free(first);
    drmgmt_tokens_free(second);
}

/* ---- many at once, as separate processes would: each with a context of its own ---- */

struct racer {
    const char *token;
    drmgmt_tokens *tokens;
    int rc;
};
static pthread_barrier_t barrier;

static void *race(void *of)
{
    struct racer *r = of;
    drmgmt_context *own = open_context(true);

    pthread_barrier_wait(&barrier);
    r->rc = drmgmt_refresh(own, r->token, &r->tokens, NULL);
    drmgmt_context_free(own);
    return NULL;
}

static int run_race(struct racer *racers, int n)
{
    pthread_t threads[8];
    int winners = 0;

    pthread_barrier_init(&barrier, NULL, (unsigned)n);
    for (int i = 0; i < n; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, race, &racers[i]), 0);
    for (int i = 0; i < n; i++) {
        pthread_join(threads[i], NULL);
        winners += racers[i].rc == 0;
        cr_assert(racers[i].rc == 0 || racers[i].rc == DRMGMT_ERR_UNAUTHENTICATED, "%d", racers[i].rc);
    }
    pthread_barrier_destroy(&barrier);
    return winners;
}

Test(auth, the_same_token_in_many_hands_is_exchanged_once)
{
    for (int round = 0; round < 5; round++) {
        drmgmt_tokens *tokens = log_in();
        struct racer racers[6] = { 0 };
        for (int i = 0; i < 6; i++)
            racers[i].token = tokens->refresh_token;
        cr_assert_eq(run_race(racers, 6), 1);
        for (int i = 0; i < 6; i++) {
            if (racers[i].tokens)
                cr_assert_eq(refresh(racers[i].tokens->refresh_token), DRMGMT_ERR_UNAUTHENTICATED,
                             "the family lives on");
            drmgmt_tokens_free(racers[i].tokens);
        }
        drmgmt_tokens_free(tokens);
    }
    cr_assert_eq(audited("auth.refresh_reuse"), 5);
}

Test(auth, a_reuse_beside_a_rotation_leaves_no_live_token)
{
    for (int round = 0; round < 10; round++) {
        drmgmt_tokens *first = log_in(), *second = NULL;
        cr_assert_eq(drmgmt_refresh(context, first->refresh_token, &second, NULL), 0);
        /* The thief shows the old token while the owner rotates the new one. */
        struct racer racers[2] = { { .token = first->refresh_token }, { .token = second->refresh_token } };
        run_race(racers, 2);
        cr_assert_eq(racers[0].rc, DRMGMT_ERR_UNAUTHENTICATED);
        if (racers[1].tokens)
            cr_assert_eq(refresh(racers[1].tokens->refresh_token), DRMGMT_ERR_UNAUTHENTICATED,
                         "a token outlived its family");
        drmgmt__rows *rows =
            ask("SELECT count(*) FROM drm.refresh_tokens WHERE tenant_id = $1::uuid AND revoked_at IS NULL", NULL);
        cr_assert_eq(drmgmt__rows_int(rows, 0, 0), 0);
        drmgmt__rows_free(rows);
        drmgmt_tokens_free(racers[1].tokens);
        drmgmt_tokens_free(first);
        drmgmt_tokens_free(second);
    }
}

/* ---- sessions ---- */

Test(auth, a_changed_role_holds_at_once)
{
    drmgmt_session *session = open_session();
    drmgmt_error *error = NULL;

    cr_assert_eq(drmgmt_session_require(session, DRMGMT_PERM_CREDENTIAL_WRITE, NULL), 0);
    change("UPDATE drm.users SET role = 'operator' WHERE tenant_id = $1::uuid", 1);
    cr_assert_eq(drmgmt_session_require(session, DRMGMT_PERM_CREDENTIAL_WRITE, &error), DRMGMT_ERR_FORBIDDEN);
    cr_assert(strstr(drmgmt_error_message(error), "credential:write needs the role administrator"));
    drmgmt_error_free(error);
    cr_assert_eq(drmgmt_session_require(session, DRMGMT_PERM_DEVICE_WRITE, NULL), 0);
    change("UPDATE drm.users SET role = 'viewer' WHERE tenant_id = $1::uuid", 1);
    cr_assert_eq(drmgmt_session_require(session, DRMGMT_PERM_DEVICE_WRITE, NULL), DRMGMT_ERR_FORBIDDEN);
    cr_assert_eq(drmgmt_session_require(session, DRMGMT_PERM_DEVICE_READ, NULL), 0);
    change("UPDATE drm.users SET active = false WHERE tenant_id = $1::uuid", 1);
    cr_assert_eq(drmgmt_session_require(session, DRMGMT_PERM_NONE, NULL), DRMGMT_ERR_UNAUTHENTICATED);
    char *json = NULL;
    cr_assert_eq(drmgmt_session_whoami(session, &json, NULL), DRMGMT_ERR_UNAUTHENTICATED);
    cr_assert_null(json);
    drmgmt_session_close(session);
}

Test(auth, a_session_opens_without_the_database)
{
    drmgmt_tokens *tokens = log_in();
    drmgmt_options *options = drmgmt_options_new();
    drmgmt_context *offline = NULL;
    drmgmt_session *session = NULL;
    char *json = NULL;

    cr_assert_eq(drmgmt_options_set_database_url(options, "host=/nowhere dbname=none"), 0);
    cr_assert_eq(drmgmt_options_set_keyring_file(options, env("DRM_KEYRING")), 0);
    cr_assert_eq(drmgmt_context_new(options, &offline, NULL), 0);
    drmgmt_options_free(options);
    cr_assert_eq(drmgmt_session_open_token(offline, tokens->access_token, &session, NULL), 0);
    cr_assert_eq(drmgmt_session_whoami(session, &json, NULL), DRMGMT_ERR_UNAVAILABLE);
    drmgmt_session_close(session);
    session = NULL;
    cr_assert_eq(drmgmt_session_open_token(offline, tokens->refresh_token, &session, NULL), DRMGMT_ERR_UNAUTHENTICATED);
    cr_assert_null(session);
    drmgmt_tokens_free(tokens);
    drmgmt_context_free(offline);
}

/* ---- API keys ---- */

static char *make_key(drmgmt_session *session, const char *label, char id[37])
{
    drmgmt_record *record = NULL;
    drmgmt_error *error = NULL;
    char *key = NULL;

    cr_assert_eq(drmgmt_api_key_create(session, label, &record, &key, &error), 0, "%s", drmgmt_error_message(error));
    cr_assert_str_eq(drmgmt_record_text(record, "label"), label);
    cr_assert_eq(strncmp(key, drmgmt_record_text(record, "prefix"), 36), 0);
    cr_assert_null(drmgmt_record_text(record, "last_used_at"));
    snprintf(id, 37, "%s", drmgmt_record_id(record));
    drmgmt_record_free(record);
    return key;
}

static int opens(drmgmt_context *with, const char *key)
{
    drmgmt_session *session = NULL;
    int rc = drmgmt_session_open_api_key(with, key, &session, NULL);

    cr_assert_eq(rc == 0, session != NULL);
    if (session)
        cr_assert_str_eq(drmgmt_session_tenant_id(session), tenant_id);
    drmgmt_session_close(session);
    return rc;
}

Test(auth, an_api_key_opens_sessions_without_a_keyring)
{
    drmgmt_session *session = open_session(), *by_key = NULL;
    drmgmt_context *bare = open_context(false);
    char id[37], *json = NULL;

    drmgmt_session_set_origin(session, "request-1", "192.0.2.7");
    char *key = make_key(session, "a script", id);
    cr_assert_eq(strlen(key), 80);
    cr_assert_eq(drmgmt_session_open_api_key(bare, key, &by_key, NULL), 0);
    cr_assert_str_eq(drmgmt_session_user_id(by_key), drmgmt_session_user_id(session));
    cr_assert_eq(drmgmt_session_whoami(by_key, &json, NULL), 0);
    cr_assert(strstr(json, "\"role\":\"administrator\",\"auth\":\"api-key\"}"));
    drmgmt_free(json);
    cr_assert_eq(opens(context, key), 0);
    drmgmt__rows *rows =
        ask("SELECT request_id, address, object_id FROM drm.audit_logs WHERE tenant_id = $1::uuid AND action = $2",
            "api_key.create");
    cr_assert_str_eq(drmgmt__rows_text(rows, 0, 0), "request-1");
    cr_assert_str_eq(drmgmt__rows_text(rows, 0, 1), "192.0.2.7");
    cr_assert_str_eq(drmgmt__rows_text(rows, 0, 2), id);
    drmgmt__rows_free(rows);
    rows = ask("SELECT count(*) FROM drm.api_keys WHERE tenant_id = $1::uuid AND key_hash = sha256($2::bytea) AND "
               "last_used_at IS NOT NULL",
               key);
    cr_assert_eq(drmgmt__rows_int(rows, 0, 0), 1);
    drmgmt__rows_free(rows);
    drmgmt_free(key);
    drmgmt_session_close(by_key);
    drmgmt_session_close(session);
    drmgmt_context_free(bare);
}

Test(auth, a_revoked_key_is_refused_from_the_next_call_on)
{
    drmgmt_session *session = open_session(), *by_key = NULL;
    char id[37], *json = NULL;
    char *key = make_key(session, "short-lived", id);

    cr_assert_eq(drmgmt_session_open_api_key(context, key, &by_key, NULL), 0);
    cr_assert_eq(drmgmt_session_require(by_key, DRMGMT_PERM_NONE, NULL), 0);
    cr_assert_eq(drmgmt_api_key_revoke(session, id, NULL), 0);
    cr_assert_eq(drmgmt_session_whoami(by_key, &json, NULL), DRMGMT_ERR_UNAUTHENTICATED);
    cr_assert_eq(opens(context, key), DRMGMT_ERR_UNAUTHENTICATED);
    cr_assert_eq(drmgmt_api_key_revoke(session, id, NULL), DRMGMT_ERR_NOT_FOUND, "twice");
    cr_assert_eq(audited("api_key.revoke"), 1);
    drmgmt_free(key);
    drmgmt_session_close(by_key);
    drmgmt_session_close(session);
}

Test(auth, expired_disabled_and_malformed_keys)
{
    drmgmt_session *session = open_session();
    char id[37], text[200];
    char *key = make_key(session, "key", id);
    static const char *const texts[] = { NULL, "", "drm_", "drm_x_y", "Bearer x" };

    change("UPDATE drm.api_keys SET expires_at = now() - interval '1 second' WHERE tenant_id = $1::uuid", 1);
    cr_assert_eq(opens(context, key), DRMGMT_ERR_UNAUTHENTICATED);
    change("UPDATE drm.api_keys SET expires_at = now() + interval '1 hour' WHERE tenant_id = $1::uuid", 1);
    cr_assert_eq(opens(context, key), 0);
    change("UPDATE drm.users SET active = false WHERE tenant_id = $1::uuid", 1);
    cr_assert_eq(opens(context, key), DRMGMT_ERR_UNAUTHENTICATED);
    change("UPDATE drm.users SET active = true WHERE tenant_id = $1::uuid", 1);
    change("UPDATE drm.tenants SET status = 'suspended' WHERE tenant_id = $1::uuid", 1);
    cr_assert_eq(opens(context, key), DRMGMT_ERR_UNAUTHENTICATED);
    change("UPDATE drm.tenants SET status = 'active' WHERE tenant_id = $1::uuid", 1);
    for (size_t i = 0; i < DRMGMT__COUNT(texts); i++)
        cr_assert_eq(opens(context, texts[i]), DRMGMT_ERR_UNAUTHENTICATED);
    for (size_t i = 0; key[i]; i++) {
        snprintf(text, sizeof text, "%s", key);
        text[i] = text[i] == '0' ? '1' : '0';
        cr_assert_eq(opens(context, text), DRMGMT_ERR_UNAUTHENTICATED, "letter %zu", i);
    }
    snprintf(text, sizeof text, "%sA", key);
    cr_assert_eq(opens(context, text), DRMGMT_ERR_UNAUTHENTICATED);
    cr_assert_eq(opens(context, key), 0);
    drmgmt_free(key);
    drmgmt_session_close(session);
}

static drmgmt_page *list(drmgmt_session *session, const char *limit, const char *cursor)
{
    drmgmt_query *query = drmgmt_query_new(drmgmt_entity_find("api_key"));
    drmgmt_page *page = NULL;
    drmgmt_error *error = NULL;

    cr_assert_eq(drmgmt_query_set(query, "limit", limit, NULL), 0);
    if (cursor)
        cr_assert_eq(drmgmt_query_set(query, "cursor", cursor, NULL), 0);
    cr_assert_eq(drmgmt_api_key_list(session, query, &page, &error), 0, "%s", drmgmt_error_message(error));
    drmgmt_query_free(query);
    return page;
}

Test(auth, keys_are_listed_newest_first_page_by_page)
{
    drmgmt_session *session = open_session();
    char ids[7][37], label[16];
    int seen = 0;

    for (int i = 0; i < 7; i++) {
        snprintf(label, sizeof label, "key %d", i);
        drmgmt_free(make_key(session, label, ids[i]));
    }
    cr_assert_eq(drmgmt_api_key_revoke(session, ids[3], NULL), 0);
    static const int order[] = { 6, 5, 4, 2, 1, 0 };
    drmgmt_page *page = list(session, "2", NULL);
    for (;;) {
        for (size_t i = 0; i < drmgmt_page_count(page); i++, seen++)
            cr_assert(seen < 6 && strcmp(drmgmt_record_id(drmgmt_page_record(page, i)), ids[order[seen]]) == 0);
        if (!drmgmt_page_next(page))
            break;
        drmgmt_page *next = list(session, "2", drmgmt_page_next(page));
        drmgmt_page_free(page);
        page = next;
    }
    cr_assert_eq(seen, 6);
    drmgmt_page_free(page);
    /* A cursor that was made up, and a query of another list. */
    drmgmt_query *query = drmgmt_query_new(drmgmt_entity_find("api_key"));
    cr_assert_eq(drmgmt_query_set(query, "cursor", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", NULL), 0);
    cr_assert_eq(drmgmt_api_key_list(session, query, &page, NULL), DRMGMT_ERR_INVALID);
    cr_assert_eq(drmgmt_query_set(query, "sort", "label", NULL), DRMGMT_ERR_INVALID);
    drmgmt_query_free(query);
    query = drmgmt_query_new(drmgmt_entity_find("device"));
    cr_assert_eq(drmgmt_api_key_list(session, query, &page, NULL), DRMGMT_ERR_INVALID);
    drmgmt_query_free(query);
    drmgmt_session_close(session);
}

Test(auth, the_keys_of_others_are_not_there)
{
    drmgmt_session *session = open_session();
    char id[37], other_id[37], name[50];
    char *key = make_key(session, "mine", id);
    drmgmt_tokens *tokens = NULL;

    /* A colleague in the same tenant, and somebody in another one. */
    change("INSERT INTO drm.users (tenant_id, id, email, password_hash, role) SELECT tenant_id, gen_random_uuid(),"
           " 'second@example.net', password_hash, 'administrator' FROM drm.users WHERE tenant_id = $1::uuid",
           1);
    snprintf(name, sizeof name, "%s bis", tenant);
    create_tenant(name, email, other_id);
    const char *const who[][2] = { { "second@example.net", tenant }, { email, name } };
    for (size_t i = 0; i < 2; i++) {
        cr_assert_eq(drmgmt_login(context, who[i][0], password, who[i][1], &tokens, NULL), 0);
        drmgmt_session *other = session_of(tokens);
        drmgmt_page *page = list(other, "10", NULL);
        cr_assert_eq(drmgmt_page_count(page), 0);
        drmgmt_page_free(page);
        cr_assert_eq(drmgmt_api_key_revoke(other, id, NULL), DRMGMT_ERR_NOT_FOUND);
        drmgmt_session_close(other);
        drmgmt_tokens_free(tokens);
    }
    cr_assert_eq(opens(context, key), 0);
    drmgmt_free(key);
    drmgmt_session_close(session);
}

Test(auth, labels_and_ids_that_are_none)
{
    drmgmt_session *session = open_session();
    static const char *const labels[] = { NULL, "", "tab\there", "\xff\xfe", "line\n" };
    static const char *const ids[] = { "", "x", "018f0000-0000-7000-8000-000000000001",
                                       "'; DROP TABLE drm.api_keys; --" };
    drmgmt_record *record = NULL;
    drmgmt_error *error = NULL;
    char *key = NULL, label[204] = "", id[37];

    for (size_t i = 0; i < DRMGMT__COUNT(labels); i++) {
        cr_assert_eq(drmgmt_api_key_create(session, labels[i], &record, &key, &error), DRMGMT_ERR_INVALID);
        cr_assert_str_eq(drmgmt_error_field(error), "label");
        drmgmt_error_free(error);
    }
    /* A hundred characters, not bytes. */
    for (int i = 0; i < 100; i++)
        strcat(label, "\u00fc");
    drmgmt_free(make_key(session, label, id));
    strcat(label, "x");
    cr_assert_eq(drmgmt_api_key_create(session, label, &record, &key, NULL), DRMGMT_ERR_INVALID);
    for (size_t i = 0; i < DRMGMT__COUNT(ids); i++)
        cr_assert_eq(drmgmt_api_key_revoke(session, ids[i], NULL), DRMGMT_ERR_NOT_FOUND);
    cr_assert(!record && !key);
    drmgmt_session_close(session);
}

Test(auth, an_origin_that_is_no_text_does_no_harm)
{
    drmgmt_session *session = open_session();
    char long_text[300], id[37];

    memset(long_text, 0xff, sizeof long_text - 1);
    long_text[sizeof long_text - 1] = '\0';
    drmgmt_session_set_origin(session, long_text, "a\nb");
    drmgmt_free(make_key(session, "one", id));
    drmgmt_session_set_origin(session, NULL, NULL);
    drmgmt_free(make_key(session, "two", id));
    drmgmt__rows *rows =
        ask("SELECT length(request_id), address FROM drm.audit_logs WHERE tenant_id = $1::uuid AND action = $2"
            " ORDER BY id",
            "api_key.create");
    cr_assert_eq(drmgmt__rows_int(rows, 0, 0), 64);
    cr_assert_str_eq(drmgmt__rows_text(rows, 0, 1), "a?b");
    cr_assert(!drmgmt__rows_text(rows, 1, 0) && !drmgmt__rows_text(rows, 1, 1));
    drmgmt__rows_free(rows);
    drmgmt_session_close(session);
}

/* ---- setting up ---- */

static int create(const char *name, const char *address, const char *text, const char *field)
{
    char id[37] = "";
    drmgmt_error *error = NULL;
    int rc = drmgmt_db_create_tenant(env("DRM_DATABASE_URL"), env("DRM_KEYRING"), name, address, text, id, &error);

    cr_assert_eq(rc == 0, id[0] != '\0');
    if (rc)
        cr_assert(drmgmt_error_field(error) && strcmp(drmgmt_error_field(error), field) == 0, "%s: %s", field,
                  drmgmt_error_message(error));
    drmgmt_error_free(error);
    return rc;
}

Test(auth, tenants_that_cannot_be)
{
    char long_name[102];

    memset(long_name, 'x', sizeof long_name - 1);
    long_name[101] = '\0';
    cr_assert_eq(create(tenant, "b@example.net", password, "tenant"), DRMGMT_ERR_CONFLICT);
    cr_assert_eq(create("", email, password, "tenant"), DRMGMT_ERR_INVALID);
    cr_assert_eq(create(NULL, email, password, "tenant"), DRMGMT_ERR_INVALID);
    cr_assert_eq(create(" x", email, password, "tenant"), DRMGMT_ERR_INVALID);
    cr_assert_eq(create("x\n", email, password, "tenant"), DRMGMT_ERR_INVALID);
    cr_assert_eq(create("\xff", email, password, "tenant"), DRMGMT_ERR_INVALID);
    cr_assert_eq(create(long_name, email, password, "tenant"), DRMGMT_ERR_INVALID);
    cr_assert_eq(create(tenant_id, email, password, "tenant"), DRMGMT_ERR_INVALID, "a name that is another's id");
    cr_assert_eq(create("new one", "not an address", password, "email"), DRMGMT_ERR_INVALID);
    cr_assert_eq(create("new one", email, "too short", "password"), DRMGMT_ERR_INVALID);
    drmgmt__rows *rows = ask("SELECT count(*) FROM drm.tenants WHERE name = 'new one' OR tenant_id = $1::uuid", NULL);
    cr_assert_eq(drmgmt__rows_int(rows, 0, 0), 1);
    drmgmt__rows_free(rows);
}

Test(auth, a_tenant_comes_whole)
{
    drmgmt__rows *rows = ask("SELECT (SELECT count(*) FROM drm.tenant_keys WHERE tenant_id = $1::uuid), (SELECT "
                             "count(*) FROM drm.users WHERE"
                             " tenant_id = $1::uuid AND role = 'administrator' AND active), (SELECT wrapped FROM "
                             "drm.tenant_keys WHERE tenant_id = $1::uuid)",
                             NULL);
    uint8_t wrapped[DRMGMT__WRAPPED_SIZE];
    drmgmt__data_key key;
    drmgmt__keyring *keyring = NULL;

    cr_assert(drmgmt__rows_int(rows, 0, 0) == 1 && drmgmt__rows_int(rows, 0, 1) == 1);
    cr_assert_eq(drmgmt__rows_bytes(rows, 0, 2, wrapped, sizeof wrapped), (long)sizeof wrapped);
    cr_assert_eq(drmgmt__keyring_load(env("DRM_KEYRING"), &keyring, NULL), 0);
    cr_assert_eq(drmgmt__data_key_unwrap(keyring, tenant_id, 1, wrapped, sizeof wrapped, &key), 0);
    cr_assert_eq(audited("tenant.create"), 1);
    drmgmt__keyring_free(keyring);
    drmgmt__rows_free(rows);
}

Test(auth, a_keyring_of_another_database)
{
    char folder[] = "/tmp/drmgmt-auth-XXXXXX", path[80], id[37];
    bool created = false;
    drmgmt_error *error = NULL;

    cr_assert_eq(drmgmt_db_install_keyring(env("DRM_DATABASE_URL"), env("DRM_KEYRING"), &created, NULL), 0,
                 "again is no error");
    cr_assert_not(created);
    cr_assert(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/keyring", folder);
    cr_assert_eq(drmgmt_db_install_keyring(env("DRM_DATABASE_URL"), path, &created, &error), DRMGMT_ERR_CONFLICT);
    cr_assert(strstr(drmgmt_error_message(error), "number 1") && strstr(drmgmt_error_message(error), path));
    drmgmt_error_free(error);
    error = NULL;
    cr_assert_eq(drmgmt_db_create_tenant(env("DRM_DATABASE_URL"), path, "another", email, password, id, &error),
                 DRMGMT_ERR_CRYPTO);
    cr_assert(strstr(drmgmt_error_message(error), "install the keyring first"));
    drmgmt_error_free(error);
    unlink(path);
    rmdir(folder);
}
