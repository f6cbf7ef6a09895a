/* The second factor through the library: recovery codes as text, and enrolment, log-in and settings against a real
 * database. What REST shows of it is tested in tests/integration/test_second_factor.py. */
/* needs: postgres migrated */
#include "auth/second_factor.h"
#include "auth/totp.h"
#include "auth_support.h"
#include <drm/second_factor.h>
#include <drm/tenant_settings.h>

TestSuite(second_factor, .init = setup, .fini = teardown);

/* ---- recovery codes as text ---- */

Test(second_factor, recovery_codes_are_read_as_people_type_them)
{
    uint8_t hash[32], other[32];
    char code[DRMGMT__RECOVERY_SIZE], typed[64];

    cr_assert_eq(drmgmt__recovery_code_make(code, hash), 0);
    cr_assert_eq(strlen(code), 19);
    for (size_t i = 0; i < 19; i++)
        cr_assert(i % 5 == 4 ? code[i] == '-' : strchr("abcdefghijklmnopqrstuvwxyz234567", code[i]) != NULL, "%s",
                  code);
    snprintf(typed, sizeof typed, "  %.4s%.4s %.4s--%.4s ", code, code + 5, code + 10, code + 15);
    for (char *p = typed; *p; p++)
        if (*p >= 'a' && *p <= 'z' && (p - typed) % 2)
            *p = (char)(*p - 32);
    cr_assert(drmgmt__recovery_code_hash(code, other));
    cr_assert_arr_eq(hash, other, 32);
    cr_assert(drmgmt__recovery_code_hash(typed, other), "%s", typed);
    cr_assert_arr_eq(hash, other, 32);
    cr_assert_eq(drmgmt__recovery_code_make(code, other), 0);
    cr_assert_arr_neq(hash, other, 32);
}

Test(second_factor, what_has_not_the_form_of_a_recovery_code)
{
    static const char *const texts[] = { "",
                                         "-",
                                         "abcd-efgh-ijkl-mno",
                                         "abcd-efgh-ijkl-mnopq",
                                         "abcd-efgh-ijkl-mno1",
                                         "abcd-efgh-ijkl-mno0",
                                         "abcd_efgh_ijkl_mnop",
                                         "abcd-efgh-ijkl-mn\xc3\xb6p",
                                         "abcd                                                        efghijklmnop" };
    uint8_t hash[32];

    for (size_t i = 0; i < DRMGMT__COUNT(texts); i++)
        cr_assert_not(drmgmt__recovery_code_hash(texts[i], hash), "\"%s\"", texts[i]);
    cr_assert(drmgmt__recovery_code_hash("abcd-efgh-ijkl-mnop", hash));
}

/* ---- enrolment ---- */

static uint8_t unbase32(char c)
{
    return (uint8_t)(c >= 'A' ? c - 'A' : c - '2' + 26);
}

/* The present step of the database's clock. */
static int64_t present(void)
{
    drmgmt__rows *rows = ask("SELECT floor(EXTRACT(epoch FROM now()) / 30)::bigint, $1::text", NULL);
    int64_t step = drmgmt__rows_int(rows, 0, 0);

    drmgmt__rows_free(rows);
    return step;
}

static const char *code_of(const char *secret, int64_t step)
{
    static char code[9];
    uint8_t seed[20] = { 0 };

    for (size_t i = 0; i < 160; i++)
        seed[i / 8] |= (uint8_t)((unbase32(secret[i / 5]) >> (4 - i % 5) & 1) << (7 - i % 8));
    cr_assert_eq(drmgmt__hotp(DRMGMT__TOTP_SHA1, seed, sizeof seed, (uint64_t)step, 6, code), 0);
    return code;
}

static int try_log_in(const char *second_factor)
{
    const drmgmt_login_request request = {
        .email = email, .password = password, .tenant = tenant, .second_factor = second_factor
    };
    drmgmt_tokens *tokens = NULL;
    int rc = drmgmt_login(context, &request, NULL, &tokens, NULL);

    cr_assert_eq(rc == 0, tokens != NULL);
    drmgmt_tokens_free(tokens);
    return rc;
}

static void status_is(drmgmt_session *session, const char *expected)
{
    char *json = NULL;

    cr_assert_eq(drmgmt_second_factor_status(session, &json, NULL), 0);
    cr_assert_str_eq(json, expected);
    drmgmt_free(json);
}

/* Confirms by the code of a step. */
static void enroll(drmgmt_session *session, int64_t step, char secret[40], drmgmt_recovery_codes **codes)
{
    drmgmt_enrolment *enrolment = NULL;
    drmgmt_error *error = NULL;

    cr_assert_eq(drmgmt_second_factor_begin(session, NULL, &enrolment, &error), 0, "%s", drmgmt_error_message(error));
    cr_assert(strstr(enrolment->uri, enrolment->secret));
    snprintf(secret, 40, "%s", enrolment->secret);
    drmgmt_enrolment_free(enrolment);
    cr_assert_eq(drmgmt_second_factor_confirm(session, code_of(secret, step), codes, &error), 0, "%s",
                 drmgmt_error_message(error));
}

Test(second_factor, a_life)
{
    drmgmt_session *session = open_session();
    drmgmt_recovery_codes *codes = NULL, *fresh = NULL;
    drmgmt_error *error = NULL;
    const int64_t step = present();
    char secret[40];

    status_is(session, "{\"enabled\":false,\"required\":false,\"pending\":false,\"recovery_codes_left\":0}");
    enroll(session, step, secret, &codes);
    cr_assert_eq(codes->count, 10);
    status_is(session, "{\"enabled\":true,\"required\":false,\"pending\":false,\"recovery_codes_left\":10}");
    cr_assert_eq(try_log_in(NULL), DRMGMT_ERR_SECOND_FACTOR);
    cr_assert_eq(try_log_in(code_of(secret, step)), DRMGMT_ERR_UNAUTHENTICATED,
                 "the code that confirmed was used then");
    cr_assert_eq(try_log_in(code_of(secret, step + 1)), 0);
    cr_assert_eq(try_log_in(codes->codes[0]), 0);
    cr_assert_eq(try_log_in(codes->codes[0]), DRMGMT_ERR_UNAUTHENTICATED);

    cr_assert_eq(drmgmt_second_factor_recovery_codes(session, NULL, &fresh, &error), DRMGMT_ERR_INVALID);
    cr_assert_str_eq(drmgmt_error_field(error), "code");
    drmgmt_error_free(error);
    error = NULL;
    cr_assert_null(fresh);
    cr_assert_eq(drmgmt_second_factor_recovery_codes(session, codes->codes[1], &fresh, NULL), 0);
    cr_assert_eq(try_log_in(codes->codes[2]), DRMGMT_ERR_UNAUTHENTICATED);
    cr_assert_eq(drmgmt_second_factor_disable(session, codes->codes[3], NULL), DRMGMT_ERR_FORBIDDEN);
    cr_assert_eq(drmgmt_second_factor_disable(session, fresh->codes[9], NULL), 0);
    cr_assert_eq(drmgmt_second_factor_disable(session, fresh->codes[8], NULL), DRMGMT_ERR_CONFLICT);
    cr_assert_eq(try_log_in(NULL), 0);
    drmgmt__rows *rows = ask("SELECT count(*) FROM drm.recovery_codes WHERE tenant_id = $1::uuid", NULL);
    cr_assert_eq(drmgmt__rows_int(rows, 0, 0), 0);
    drmgmt__rows_free(rows);
    drmgmt_recovery_codes_free(codes);
    drmgmt_recovery_codes_free(fresh);
    drmgmt_recovery_codes_free(NULL);
    drmgmt_enrolment_free(NULL);
    drmgmt_session_close(session);
}

Test(second_factor, a_tenants_word_holds_on_the_next_call)
{
    drmgmt_session *session = open_session();
    drmgmt_draft *draft = drmgmt_draft_new(drmgmt_entity_find("tenant_settings"));
    drmgmt_record *settings = NULL;
    drmgmt_recovery_codes *codes = NULL;
    char secret[40];

    cr_assert_eq(drmgmt_draft_set(draft, "require_second_factor", "true", NULL), 0);
    cr_assert_eq(drmgmt_tenant_settings_update(session, draft, &settings, NULL), 0);
    cr_assert(drmgmt_record_bool(settings, "require_second_factor"));
    cr_assert_str_eq(drmgmt_record_id(settings), tenant_id);
    drmgmt_record_free(settings);
    settings = NULL;
    for (int p = DRMGMT_PERM_NONE + 1; p < DRMGMT_PERM_COUNT; p++)
        cr_assert_eq(drmgmt_session_require(session, (drmgmt_permission)p, NULL), DRMGMT_ERR_ENROLMENT, "%s",
                     drmgmt_permission_name((drmgmt_permission)p));
    cr_assert_eq(drmgmt_session_require(session, DRMGMT_PERM_NONE, NULL), 0);
    cr_assert_eq(drmgmt_tenant_settings_get(session, &settings, NULL), DRMGMT_ERR_ENROLMENT);
    enroll(session, present(), secret, &codes);
    cr_assert_eq(drmgmt_tenant_settings_get(session, &settings, NULL), 0);
    cr_assert_eq(drmgmt_second_factor_disable(session, codes->codes[0], NULL), DRMGMT_ERR_CONFLICT);
    drmgmt_recovery_codes_free(codes);
    drmgmt_record_free(settings);
    drmgmt_draft_free(draft);
    drmgmt_session_close(session);
}

Test(second_factor, an_enrolment_is_confirmed_once)
{
    drmgmt_session *session = open_session();
    drmgmt_recovery_codes *codes = NULL, *none = NULL;
    char secret[40];

    enroll(session, present(), secret, &codes);
    cr_assert_eq(drmgmt_second_factor_confirm(session, code_of(secret, present()), &none, NULL), DRMGMT_ERR_CONFLICT);
    cr_assert_null(none);
    status_is(session, "{\"enabled\":true,\"required\":false,\"pending\":false,\"recovery_codes_left\":10}");
    cr_assert_eq(drmgmt_second_factor_confirm(session, "", &none, NULL), DRMGMT_ERR_INVALID);
    cr_assert_eq(drmgmt_second_factor_confirm(session, NULL, &none, NULL), DRMGMT_ERR_INVALID);
    cr_assert_eq(drmgmt_second_factor_reset(session, drmgmt_session_user_id(session), NULL), DRMGMT_ERR_CONFLICT);
    cr_assert_eq(drmgmt_second_factor_reset(session, "nobody", NULL), DRMGMT_ERR_NOT_FOUND);
    drmgmt_recovery_codes_free(codes);
    drmgmt_session_close(session);
}
