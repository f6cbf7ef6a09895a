/* Log-in, refresh, log-out and sessions against a real database. */
/* needs: postgres migrated */
#include "auth_support.h"
#include <pthread.h>

TestSuite(auth, .init = setup, .fini = teardown);

static int refresh(const char *token)
{
    drmgmt_tokens *tokens = NULL;
    int rc = drmgmt_refresh(context, token, NULL, &tokens, NULL);

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
             "\"permissions\":[",
             tenant_id, tenant, drmgmt_session_user_id(session), email);
    cr_assert_eq(strncmp(json, expected, strlen(expected)), 0, "%s", json);
    cr_assert(strstr(json, "\"credential:write\"") && !strstr(json, "platform") &&
              strstr(json, ",\"auth\":\"token\"}"));
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
    cr_assert_eq(drmgmt_login(context, &(drmgmt_login_request){ upper, password, NULL, NULL }, NULL, &tokens, NULL), 0);
    drmgmt_tokens_free(tokens);
}

/* Refused with the one text and exactly one scrypt. */
static void refused(const char *address, const char *text, const char *where, const char *why)
{
    static char expected[300];
    drmgmt_tokens *tokens = NULL;
    drmgmt_error *error = NULL;
    uint64_t before = drmgmt__password_count();

    cr_assert_eq(drmgmt_login(context, &(drmgmt_login_request){ address, text, where, NULL }, NULL, &tokens, &error),
                 DRMGMT_ERR_UNAUTHENTICATED, "%s", why);
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
    change("UPDATE drm.users SET active = false WHERE tenant_id = $1::uuid " NOT_SPARE, 1);
    refused(email, password, NULL, "disabled user");
    refused(email, password, tenant, "disabled user, tenant named");
    change("UPDATE drm.users SET active = true WHERE tenant_id = $1::uuid " NOT_SPARE, 1);
    change("UPDATE drm.tenants SET status = 'suspended' WHERE tenant_id = $1::uuid", 1);
    refused(email, password, NULL, "suspended tenant");
    change("UPDATE drm.tenants SET status = 'active' WHERE tenant_id = $1::uuid", 1);
    change("UPDATE drm.users SET password_hash = NULL WHERE tenant_id = $1::uuid " NOT_SPARE, 1);
    refused(email, password, NULL, "no password");
    change("UPDATE drm.users SET password_hash = 'nonsense' WHERE tenant_id = $1::uuid " NOT_SPARE, 1);
    refused(email, password, NULL, "broken hash");
    cr_assert_eq(audited("auth.login"), 0);
}

Test(auth, an_address_in_several_tenants_with_one_password_needs_the_name)
{
    char name[50], other[37];
    drmgmt_tokens *tokens = NULL;
    drmgmt_error *error = NULL;

    snprintf(name, sizeof name, "%s bis", tenant);
    create_tenant(name, email, other);
    cr_assert_eq(drmgmt_login(context, &(drmgmt_login_request){ email, password, NULL, NULL }, NULL, &tokens, &error),
                 DRMGMT_ERR_CONFLICT);
    cr_assert(strstr(drmgmt_error_message(error), name) && strcmp(drmgmt_error_field(error), "tenant") == 0);
    drmgmt_error_free(error);
    cr_assert_eq(
        drmgmt_login(context, &(drmgmt_login_request){ email, "wrong horse battery", NULL, NULL }, NULL, &tokens, NULL),
        DRMGMT_ERR_UNAUTHENTICATED);
    cr_assert_eq(drmgmt_login(context, &(drmgmt_login_request){ email, password, name, NULL }, NULL, &tokens, NULL), 0);
    drmgmt_session *session = session_of(tokens);
    cr_assert_str_eq(drmgmt_session_tenant_id(session), other);
    drmgmt_session_close(session);
    drmgmt_tokens_free(tokens);
    cr_assert_eq(
        drmgmt_login(context, &(drmgmt_login_request){ email, password, tenant_id, NULL }, NULL, &tokens, NULL), 0);
    session = session_of(tokens);
    cr_assert_str_eq(drmgmt_session_tenant_id(session), tenant_id);
    drmgmt_session_close(session);
    drmgmt_tokens_free(tokens);
    /* One of them with another password, or closed: the other is meant. */
    change("UPDATE drm.users SET password_hash = 'nonsense' WHERE tenant_id = $1::uuid " NOT_SPARE, 1);
    cr_assert_eq(drmgmt_login(context, &(drmgmt_login_request){ email, password, NULL, NULL }, NULL, &tokens, NULL), 0);
    drmgmt_tokens_free(tokens);
    change("UPDATE drm.users SET active = false WHERE tenant_id = $1::uuid " NOT_SPARE, 1);
    cr_assert_eq(drmgmt_login(context, &(drmgmt_login_request){ email, password, NULL, NULL }, NULL, &tokens, NULL), 0);
    drmgmt_tokens_free(tokens);
}

Test(auth, an_address_in_more_tenants_than_are_looked_at)
{
    drmgmt_tokens *tokens = NULL;

    /* Disabled everywhere but here: the look-up ends after eight, and begins with who may log in. */
    change("WITH t AS (INSERT INTO drm.tenants (tenant_id, name) SELECT gen_random_uuid(), name || ' ' || i FROM "
           "drm.tenants,"
           " generate_series(1, 8) AS i WHERE tenant_id = $1::uuid RETURNING tenant_id)"
           " INSERT INTO drm.users (tenant_id, id, email, role, active) SELECT t.tenant_id, gen_random_uuid(), "
           "u.email, 'viewer', false"
           " FROM t, drm.users u WHERE u.tenant_id = $1::uuid " NOT_SPARE,
           8);
    refused(email, "wrong horse battery", NULL, "nine tenants, wrong password");
    cr_assert_eq(drmgmt_login(context, &(drmgmt_login_request){ email, password, NULL, NULL }, NULL, &tokens, NULL), 0);
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
        cr_assert_eq(
            drmgmt_login(context, &(drmgmt_login_request){ addresses[i], password, NULL, NULL }, NULL, &tokens, &error),
            DRMGMT_ERR_INVALID, "%s", addresses[i]);
        cr_assert_str_eq(drmgmt_error_field(error), "email");
        drmgmt_error_free(error);
    }
    memset(huge, 'a', sizeof huge - 1);
    huge[sizeof huge - 1] = '\0';
    cr_assert_eq(drmgmt_login(context, &(drmgmt_login_request){ huge, password, NULL, NULL }, NULL, &tokens, NULL),
                 DRMGMT_ERR_INVALID);
    cr_assert_eq(drmgmt_login(context, &(drmgmt_login_request){ email, "", NULL, NULL }, NULL, &tokens, NULL),
                 DRMGMT_ERR_INVALID);
    cr_assert_eq(drmgmt_login(context, &(drmgmt_login_request){ email, NULL, NULL, NULL }, NULL, &tokens, NULL),
                 DRMGMT_ERR_INVALID);
    memset(huge, 'a', sizeof huge - 1);
    cr_assert_eq(drmgmt_login(context, &(drmgmt_login_request){ email, huge, NULL, NULL }, NULL, &tokens, NULL),
                 DRMGMT_ERR_INVALID);
    cr_assert_eq(drmgmt_login(context, &(drmgmt_login_request){ email, password, "\xff", NULL }, NULL, &tokens, NULL),
                 DRMGMT_ERR_INVALID);
    cr_assert_eq(drmgmt__password_count(), before);
    refused(email, password, huge, "a tenant's name far too long");
}

Test(auth, without_a_keyring)
{
    drmgmt_context *bare = open_context(false);
    drmgmt_tokens *tokens = NULL, *good = log_in();
    drmgmt_session *session = NULL;

    cr_assert_eq(drmgmt_login(bare, &(drmgmt_login_request){ email, password, NULL, NULL }, NULL, &tokens, NULL),
                 DRMGMT_ERR_CRYPTO);
    cr_assert_eq(drmgmt_refresh(bare, good->refresh_token, NULL, &tokens, NULL), DRMGMT_ERR_CRYPTO);
    cr_assert_eq(drmgmt_logout(bare, good->refresh_token, NULL, NULL), DRMGMT_ERR_CRYPTO);
    cr_assert_eq(drmgmt_session_open_token(bare, good->access_token, NULL, &session, NULL), DRMGMT_ERR_CRYPTO);
    cr_assert_eq(refresh(good->refresh_token), 0, "nothing was used up");
    drmgmt_tokens_free(good);
    drmgmt_context_free(bare);
}

/* ---- refresh and log-out ---- */

Test(auth, a_refresh_token_is_good_once)
{
    drmgmt_tokens *first = log_in(), *second = NULL, *third = NULL;

    cr_assert_eq(drmgmt_refresh(context, first->refresh_token, NULL, &second, NULL), 0);
    cr_assert_str_neq(first->refresh_token, second->refresh_token);
    drmgmt_session_close(session_of(second));
    cr_assert_eq(drmgmt_refresh(context, second->refresh_token, NULL, &third, NULL), 0);
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

    change("UPDATE drm.users SET active = false WHERE tenant_id = $1::uuid " NOT_SPARE, 1);
    cr_assert_eq(refresh(tokens->refresh_token), DRMGMT_ERR_UNAUTHENTICATED);
    change("UPDATE drm.users SET active = true WHERE tenant_id = $1::uuid " NOT_SPARE, 1);
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
        cr_assert_eq(drmgmt_logout(context, texts[i], NULL, NULL), 0);
    }
    /* In turn a letter of the tenant, the user, the id and the secret. */
    static const size_t places[] = { 8, 30, 50, 90 };
    for (size_t i = 0; i < DRMGMT__COUNT(places); i++) {
        snprintf(text, sizeof text, "%s", tokens->refresh_token);
        text[places[i]] = text[places[i]] == 'A' ? 'B' : 'A';
        cr_assert_eq(refresh(text), DRMGMT_ERR_UNAUTHENTICATED);
        cr_assert_eq(drmgmt_logout(context, text, NULL, NULL), 0);
    }
    /* The right row, shown as another tenant's: 22 letters are 16 bytes and a half, so the first 21 carry the tenant
     * only. */
    snprintf(name, sizeof name, "%s bis", tenant);
    create_tenant(name, email, other_id);
    drmgmt_tokens *other = NULL;
    cr_assert_eq(drmgmt_login(context, &(drmgmt_login_request){ email, password, name, NULL }, NULL, &other, NULL), 0);
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

    cr_assert_eq(drmgmt_refresh(context, first->refresh_token, NULL, &second, NULL), 0);
    cr_assert_eq(drmgmt_logout(context, second->refresh_token, NULL, NULL), 0);
    cr_assert_eq(refresh(second->refresh_token), DRMGMT_ERR_UNAUTHENTICATED);
    cr_assert_eq(audited("auth.logout"), 1);
    cr_assert_eq(drmgmt_logout(context, second->refresh_token, NULL, NULL), 0, "twice is no error");
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
    r->rc = drmgmt_refresh(own, r->token, NULL, &r->tokens, NULL);
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
        cr_assert_eq(drmgmt_refresh(context, first->refresh_token, NULL, &second, NULL), 0);
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
    change("UPDATE drm.users SET role = 'operator' WHERE tenant_id = $1::uuid " NOT_SPARE, 1);
    cr_assert_eq(drmgmt_session_require(session, DRMGMT_PERM_CREDENTIAL_WRITE, &error), DRMGMT_ERR_FORBIDDEN);
    cr_assert(strstr(drmgmt_error_message(error), "the permission credential:write is needed"));
    drmgmt_error_free(error);
    cr_assert_eq(drmgmt_session_require(session, DRMGMT_PERM_DEVICE_WRITE, NULL), 0);
    change("UPDATE drm.users SET role = 'viewer' WHERE tenant_id = $1::uuid " NOT_SPARE, 1);
    cr_assert_eq(drmgmt_session_require(session, DRMGMT_PERM_DEVICE_WRITE, NULL), DRMGMT_ERR_FORBIDDEN);
    cr_assert_eq(drmgmt_session_require(session, DRMGMT_PERM_DEVICE_READ, NULL), 0);
    change("UPDATE drm.users SET active = false WHERE tenant_id = $1::uuid " NOT_SPARE, 1);
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
    cr_assert_eq(drmgmt_options_set_keyring_file(options, from_env("DRM_KEYRING")), 0);
    cr_assert_eq(drmgmt_context_new(options, &offline, NULL), 0);
    drmgmt_options_free(options);
    cr_assert_eq(drmgmt_session_open_token(offline, tokens->access_token, NULL, &session, NULL), 0);
    cr_assert_eq(drmgmt_session_whoami(session, &json, NULL), DRMGMT_ERR_UNAVAILABLE);
    drmgmt_session_close(session);
    session = NULL;
    drmgmt_tokens *none = NULL;
    uint64_t before = drmgmt__password_count();
    cr_assert_eq(drmgmt_login(offline, &(drmgmt_login_request){ email, password, NULL, NULL }, NULL, &none, NULL),
                 DRMGMT_ERR_UNAVAILABLE);
    cr_assert_eq(drmgmt_refresh(offline, tokens->refresh_token, NULL, &none, NULL), DRMGMT_ERR_UNAVAILABLE);
    cr_assert_eq(drmgmt_logout(offline, tokens->refresh_token, NULL, NULL), DRMGMT_ERR_UNAVAILABLE);
    cr_assert_eq(drmgmt__password_count(), before);
    cr_assert_eq(drmgmt_session_open_token(offline, tokens->refresh_token, NULL, &session, NULL),
                 DRMGMT_ERR_UNAUTHENTICATED);
    cr_assert_null(session);
    drmgmt_tokens_free(tokens);
    drmgmt_context_free(offline);
}

static void cut_connections(void)
{
    drmgmt__rows *rows =
        ask("SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity WHERE usename = 'drm_app' AND"
            " $1 <> '' AND application_name = $2",
            tenant_id + 19);
    cr_assert_geq(drmgmt__rows_int(rows, 0, 0), 1);
    drmgmt__rows_free(rows);
}

Test(auth, connections_lost_between_calls)
{
    drmgmt_options *options = drmgmt_options_new();
    drmgmt_tokens *first = NULL, *second = NULL;

    drmgmt_context_free(context);
    cr_assert_eq(drmgmt_options_set_database_url(options, from_env("DRM_APP_DATABASE_URL")), 0);
    cr_assert_eq(drmgmt_options_set_keyring_file(options, from_env("DRM_KEYRING")), 0);
    cr_assert_eq(drmgmt_options_set_application_name(options, tenant_id + 19), 0);
    cr_assert_eq(drmgmt_context_new(options, &context, NULL), 0);
    drmgmt_options_free(options);
    first = log_in();
    cut_connections();
    cr_assert_eq(drmgmt_refresh(context, first->refresh_token, NULL, &second, NULL), 0);
    cut_connections();
    drmgmt_session *session = session_of(second);
    cr_assert_eq(drmgmt_session_require(session, DRMGMT_PERM_NONE, NULL), 0);
    cut_connections();
    cr_assert_eq(drmgmt_logout(context, second->refresh_token, NULL, NULL), 0);
    cr_assert_eq(audited("auth.logout"), 1);
    drmgmt_session_close(session);
    drmgmt_tokens_free(first);
    drmgmt_tokens_free(second);
}

/* ---- ends of log-ins ---- */

Test(auth, log_out_ends_access_tokens_at_once)
{
    drmgmt_tokens *first = log_in(), *second = log_in();
    drmgmt_session *a = session_of(first), *b = session_of(second);

    cr_assert_eq(drmgmt_session_require(a, DRMGMT_PERM_NONE, NULL), 0);
    cr_assert_eq(drmgmt_logout(context, first->refresh_token, NULL, NULL), 0);
    cr_assert_eq(drmgmt_session_require(a, DRMGMT_PERM_NONE, NULL), DRMGMT_ERR_UNAUTHENTICATED);
    cr_assert_eq(drmgmt_session_require(b, DRMGMT_PERM_NONE, NULL), 0, "another log-in goes on");
    drmgmt_session_close(a);
    drmgmt_session_close(b);
    drmgmt_tokens_free(first);
    drmgmt_tokens_free(second);
}

Test(auth, everywhere_ends_all_log_ins_of_the_user_and_no_other)
{
    drmgmt_tokens *first = log_in(), *second = log_in(), *fresh = NULL;
    drmgmt_session *a = session_of(first), *b = session_of(second);
    int64_t ended = 0;

    cr_assert_eq(drmgmt_logout_everywhere(a, &ended, NULL), 0);
    cr_assert_eq(ended, 2);
    cr_assert_eq(drmgmt_session_require(a, DRMGMT_PERM_NONE, NULL), DRMGMT_ERR_UNAUTHENTICATED);
    cr_assert_eq(drmgmt_session_require(b, DRMGMT_PERM_NONE, NULL), DRMGMT_ERR_UNAUTHENTICATED);
    cr_assert_eq(drmgmt_refresh(context, second->refresh_token, NULL, &fresh, NULL), DRMGMT_ERR_UNAUTHENTICATED);
    cr_assert_eq(audited("auth.logout_everywhere"), 1);
    drmgmt_session_close(a);
    drmgmt_session_close(b);
    drmgmt_tokens_free(first);
    drmgmt_tokens_free(second);
    /* A log-in after it is good, and one refreshed from it. */
    first = log_in();
    cr_assert_eq(drmgmt_refresh(context, first->refresh_token, NULL, &fresh, NULL), 0);
    a = session_of(fresh);
    cr_assert_eq(drmgmt_session_require(a, DRMGMT_PERM_NONE, NULL), 0);
    drmgmt_session_close(a);
    drmgmt_tokens_free(first);
    drmgmt_tokens_free(fresh);
}

Test(auth, the_last_administrator_stays)
{
    drmgmt_error *error = NULL;
    drmgmt__params p = DRMGMT__PARAMS_INIT;
    static const char *const ways[] = {
        "UPDATE drm.users SET role = 'viewer' WHERE tenant_id = $1::uuid",
        "UPDATE drm.users SET active = false WHERE tenant_id = $1::uuid",
        "UPDATE drm.users SET password_hash = NULL WHERE tenant_id = $1::uuid",
        "DELETE FROM drm.users WHERE tenant_id = $1::uuid",
    };

    drmgmt__param(&p, tenant_id);
    for (size_t i = 0; i < DRMGMT__COUNT(ways); i++) {
        cr_assert_eq(drmgmt__owner_exec(admin, ways[i], &p, NULL, &error), DRMGMT_ERR_CONFLICT, "%s", ways[i]);
        cr_assert(strstr(drmgmt_error_message(error), "last administrator"), "%s", drmgmt_error_message(error));
        drmgmt_error_free(error);
        error = NULL;
    }
    change("UPDATE drm.users SET role = 'viewer' WHERE tenant_id = $1::uuid " NOT_SPARE, 1);
}

/* ---- rights ---- */

Test(auth, roles_of_the_tenants_own_hold_at_once_and_end_at_once)
{
    drmgmt_session *session = open_session();

    change("UPDATE drm.users SET role = 'none' WHERE tenant_id = $1::uuid " NOT_SPARE, 1);
    cr_assert_eq(drmgmt_session_require(session, DRMGMT_PERM_NONE, NULL), 0);
    cr_assert_eq(drmgmt_session_require(session, DRMGMT_PERM_DEVICE_READ, NULL), DRMGMT_ERR_FORBIDDEN);
    change(
        "INSERT INTO drm.rbac_roles (tenant_id, id, name, permissions) VALUES ($1::uuid, gen_random_uuid(), 'reader',"
        " '{device:read}')",
        1);
    change(
        "INSERT INTO drm.user_roles (tenant_id, id, user_id, role_id) SELECT r.tenant_id, gen_random_uuid(), u.id, r.id"
        " FROM drm.rbac_roles r JOIN drm.users u USING (tenant_id) WHERE tenant_id = $1::uuid " NOT_SPARE,
        1);
    cr_assert_eq(drmgmt_session_require(session, DRMGMT_PERM_DEVICE_READ, NULL), 0);
    cr_assert_eq(drmgmt_session_require(session, DRMGMT_PERM_JOB_READ, NULL), DRMGMT_ERR_FORBIDDEN);
    change("UPDATE drm.rbac_roles SET permissions = '{job:read}' WHERE tenant_id = $1::uuid", 1);
    cr_assert_eq(drmgmt_session_require(session, DRMGMT_PERM_DEVICE_READ, NULL), DRMGMT_ERR_FORBIDDEN);
    cr_assert_eq(drmgmt_session_require(session, DRMGMT_PERM_JOB_READ, NULL), 0);
    change("DELETE FROM drm.user_roles WHERE tenant_id = $1::uuid", 1);
    cr_assert_eq(drmgmt_session_require(session, DRMGMT_PERM_JOB_READ, NULL), DRMGMT_ERR_FORBIDDEN);
    drmgmt_session_close(session);
}
