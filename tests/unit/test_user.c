/* Users, invitations and roles through the C interface: what the library itself checks, and tokens that are none. What
 * the database refuses is tested over REST (tests/integration/test_users.py, test_accounts.py).
 * needs: postgres migrated */
#include "user/user_internal.h"

#include "auth_support.h"
#include <drm/role.h>
#include <drm/user.h>

static drmgmt_draft *draft_of(const char *entity, const char *json)
{
    drmgmt_draft *draft = NULL;
    drmgmt_error *error = NULL;

    cr_assert(drmgmt_draft_from_json(drmgmt_entity_find(entity), json, strlen(json), &draft, &error) == 0, "%s: %s",
              json, drmgmt_error_message(error));
    return draft;
}

/* What is expected to fail: its status and the field it names ("" for none). Clears the error. */
static void failed(int rc, drmgmt_error **error, drmgmt_status status, const char *field)
{
    const char *named = drmgmt_error_field(*error);

    cr_assert(rc == (int)status, "%s instead of %s: %s", drmgmt_status_name((drmgmt_status)rc),
              drmgmt_status_name(status), drmgmt_error_message(*error));
    cr_assert_str_eq(named ? named : "", field);
    drmgmt_error_free(*error);
    *error = NULL;
}

/* ---- tokens ---- */

Test(user, an_invitation_is_read_back)
{
    static const char of[] = "0192d2a4-58b1-7c3e-9f00-3b5a7d1e2c4f", person[] = "0192d2a4-58b1-7c3e-9f00-3b5a7d1e2c50";
    drmgmt__invitation made, read;
    char *first = NULL, *second = NULL;

    cr_assert_eq(drmgmt__invitation_make(of, person, &made, &first, NULL), 0);
    cr_assert_eq(drmgmt__invitation_make(of, person, &read, &second, NULL), 0);
    cr_expect_str_neq(first, second);
    cr_expect(memcmp(made.digest, read.digest, sizeof made.digest) != 0);
    cr_assert(drmgmt__invitation_parse(first, &read));
    cr_expect_str_eq(read.tenant_id, of);
    cr_expect_str_eq(read.user_id, person);
    cr_expect_arr_eq(read.digest, made.digest, sizeof made.digest);
    drmgmt__free_secret(first);
    drmgmt__free_secret(second);
}

Test(user, what_is_no_invitation)
{
    char good[] = "drmi_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    static const char *const bad[] = { NULL, "", "drmi_", "drmi_AAAA", "drmr_AAAA", "invitation" };
    drmgmt__invitation read;

    cr_assert(drmgmt__invitation_parse(good, &read));
    for (size_t i = 0; i < DRMGMT__COUNT(bad); i++)
        cr_expect(!drmgmt__invitation_parse(bad[i], &read), "%zu", i);
    for (size_t i = 0; i < strlen(good); i++) {
        char before = good[i];
        good[i] = '+'; /* no letter of base64url, nor of the prefix */
        cr_expect(!drmgmt__invitation_parse(good, &read), "%zu", i);
        good[i] = before;
    }
}

Test(user, ways_of_logging_in)
{
    cr_expect(drmgmt__amr_has("pwd", "pwd"));
    cr_expect(drmgmt__amr_has("otp pwd", "pwd"));
    cr_expect(drmgmt__amr_has("pwd otp", "otp"));
    cr_expect(!drmgmt__amr_has("pwdx", "pwd"));
    cr_expect(!drmgmt__amr_has("xpwd fed", "pwd"));
    cr_expect(!drmgmt__amr_has("", "pwd"));
    cr_expect(!drmgmt__amr_has(NULL, "pwd"));
}

/* ---- calls ---- */

static drmgmt_session *session;

static void begin(void)
{
    setup();
    session = open_session();
}

static void end(void)
{
    drmgmt_session_close(session);
    teardown();
}

static drmgmt_record *create(const char *json, char **invitation)
{
    drmgmt_draft *draft = draft_of("user", json);
    drmgmt_record *user = NULL;
    drmgmt_error *error = NULL;

    cr_assert(drmgmt_user_create(session, draft, &user, invitation, &error) == 0, "%s", drmgmt_error_message(error));
    drmgmt_draft_free(draft);
    return user;
}

Test(user, is_invited_and_comes, .init = begin, .fini = end)
{
    char *invitation = NULL;
    drmgmt_record *user = create("{\"email\":\"Ann@Example.net\",\"role\":\"viewer\"}", &invitation), *read = NULL;
    drmgmt_tokens *tokens = NULL;
    drmgmt_error *error = NULL;

    cr_assert_not_null(invitation);
    cr_expect_str_eq(drmgmt_record_text(user, "email"), "ann@example.net");
    cr_expect_eq(drmgmt_user_get(session, "ANN@example.net", &read, NULL), 0);
    cr_expect_str_eq(drmgmt_record_id(read), drmgmt_record_id(user));
    failed(drmgmt_invitation_accept(context, invitation, "short", NULL, &tokens, &error), &error, DRMGMT_ERR_INVALID,
           "password");
    cr_assert(drmgmt_invitation_accept(context, invitation, "a password of mine", NULL, &tokens, &error) == 0, "%s",
              drmgmt_error_message(error));
    drmgmt_session *own = session_of(tokens);
    drmgmt_draft *more = draft_of("user", "{\"role\":\"administrator\"}");
    failed(drmgmt_user_update(own, drmgmt_record_id(user), 0, more, &read, &error), &error, DRMGMT_ERR_FORBIDDEN, "");
    drmgmt_draft_free(more);
    cr_expect_eq(audited("user.invite"), 1);
    cr_expect_eq(audited("auth.accept_invitation"), 1);
    drmgmt_session_close(own);
    drmgmt_tokens_free(tokens);
    drmgmt_record_free(read);
    drmgmt_record_free(user);
    drmgmt_free(invitation);
}

/* Who gave a password is given no invitation, and may leave the place for one out. */
Test(user, has_one_way_in, .init = begin, .fini = end)
{
    char *invitation = (char *)(uintptr_t) "untouched";
    drmgmt_record *user = create("{\"email\":\"bob@example.net\",\"password\":\"a long enough one\"}", &invitation);

    cr_expect_null(invitation);
    drmgmt_record_free(user);
    drmgmt_record_free(create("{\"email\":\"eve@example.net\"}", NULL));
}

Test(user, errors_name_the_field, .init = begin, .fini = end)
{
    static const struct {
        const char *entity, *json, *field;
    } bad[] = {
        { "user", "{}", "email" },
        { "user", "{\"email\":\"nobody\"}", "email" },
        { "user",
          "{\"email\":\"a@example.net\",\"password\":\"\\u00e4\\u00e4\\u00e4\\u00e4\\u00e4\\u00e4\\u00e4\\u00e4"
          "\\u00e4\\u00e4\\u00e4\"}",
          "password" },
    };
    drmgmt_record *record = NULL;
    drmgmt_error *error = NULL;

    for (size_t i = 0; i < DRMGMT__COUNT(bad); i++) {
        drmgmt_draft *draft = NULL;
        int rc =
            drmgmt_draft_from_json(drmgmt_entity_find(bad[i].entity), bad[i].json, strlen(bad[i].json), &draft, &error);
        if (!rc)
            rc = drmgmt_user_create(session, draft, &record, NULL, &error);
        failed(rc, &error, DRMGMT_ERR_INVALID, bad[i].field);
        drmgmt_draft_free(draft);
    }
    drmgmt_draft *role = draft_of("role", "{\"name\":\"x\",\"permissions\":[\"none\"]}"),
                 *both = draft_of("role_assignment", "{\"builtin\":\"viewer\",\"role_id\":"
                                                     "\"0192d2a4-58b1-7c3e-9f00-3b5a7d1e2c4f\"}");
    failed(drmgmt_role_create(session, role, &record, &error), &error, DRMGMT_ERR_INVALID, "permissions");
    failed(drmgmt_role_assign(session, drmgmt_session_user_id(session), both, &record, &error), &error,
           DRMGMT_ERR_INVALID, "role_id");
    failed(drmgmt_user_get(session, "nobody", &record, &error), &error, DRMGMT_ERR_NOT_FOUND, "");
    failed(drmgmt_user_logout(session, "nobody", NULL, &error), &error, DRMGMT_ERR_NOT_FOUND, "");
    failed(drmgmt_role_withdraw(session, drmgmt_session_user_id(session), "none", &error), &error, DRMGMT_ERR_NOT_FOUND,
           "");
    drmgmt_draft_free(role);
    drmgmt_draft_free(both);
}

Test(user, a_log_in_that_is_good_twice_lists_the_tenants, .init = begin, .fini = end)
{
    drmgmt_tokens *tokens = NULL;
    drmgmt_error *error = NULL;
    char second[60], id[37];

    snprintf(second, sizeof second, "a, \"%s\"", tenant);
    create_tenant(second, email, id);
    cr_expect_eq(drmgmt_login(context, &(drmgmt_login_request){ email, password, NULL, NULL }, NULL, &tokens, &error),
                 DRMGMT_ERR_CONFLICT);
    DRMGMT__JSON json_t *names = json_loads(drmgmt_error_tenants(error), 0, NULL);
    cr_assert_eq(json_array_size(names), 2);
    for (size_t i = 0; i < 2; i++) {
        const char *name = json_string_value(json_array_get(names, i));
        cr_expect(strcmp(name, tenant) == 0 || strcmp(name, second) == 0, "%s", name);
    }
    drmgmt_error_free(error);
    cr_expect_null(drmgmt_error_tenants(NULL));
}

/* Without a place for the error, as everywhere. */
Test(user, changes_of_ones_password_and_switching_fail_without_a_place_for_the_error, .init = begin, .fini = end)
{
    drmgmt_tokens *tokens = NULL;

    cr_expect_eq(drmgmt_password_change(session, "a wrong password", "another long one", &tokens, NULL),
                 DRMGMT_ERR_INVALID);
    cr_expect_eq(drmgmt_switch(context, &(drmgmt_switch_request){ "drmr_x", "x", NULL }, NULL, &tokens, NULL),
                 DRMGMT_ERR_UNAUTHENTICATED);
    cr_expect_eq(drmgmt_invitation_accept(context, "drmi_x", "a long enough one", NULL, &tokens, NULL),
                 DRMGMT_ERR_UNAUTHENTICATED);
    cr_expect_eq(drmgmt_invitation_link(session, "drmi_x", NULL), DRMGMT_ERR_NOT_FOUND);
    cr_expect_null(tokens);
}
