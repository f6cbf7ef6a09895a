/* drmctl second-factor: one's own second factor, and an administrator's reset. Called through the table. */
#include "draft.h"
#include "writer.h"
#include <drm/second_factor.h>
#include <stdio.h>
#include <string.h>

int ctl_ask_code(const ctl *c, const char *given, const char *prompt, char **code)
{
    if (given) {
        *code = strdup(given);
        return *code ? 0 : ctl_complain(DRMGMT_ERR_NO_MEMORY, "out of memory");
    }
    if (!ctl_can_ask())
        return ctl_usage(c, "there is no terminal to ask for the code: give it on the command line");
    return ctl_ask_secret(prompt, code);
}

static const char own_code[] = "Code of your authenticator, or a recovery code";

/* Opens the session first: nobody is asked for a code that is of no use. */
static int open_and_ask(ctl *c, const char *given, const char *prompt, char **code)
{
    int failed = ctl_open(c);

    return failed ? failed : ctl_ask_code(c, given, prompt, code);
}

static int read_status(ctl *c, char **json)
{
    drmgmt_error *error = NULL;

    return drmgmt_second_factor_status(c->session, json, &error) ? ctl_fail(error) : 0;
}

int ctl_cmd_second_factor_status(ctl *c)
{
    static const char *const names[] = { "enabled", "required", "pending", "recovery_codes_left" };
    ctl_column columns[CTL_COUNT(names)];
    const char *cells[CTL_COUNT(names)];
    char number[24];
    char *json = NULL;
    int code = ctl_open(c);

    if (!code)
        code = read_status(c, &json);
    if (code)
        return code;
    json_t *object = json_loads(json, 0, NULL);
    for (size_t i = 0; i < CTL_COUNT(names); i++) {
        const json_t *value = json_object_get(object, names[i]);
        columns[i] = (ctl_column){ names[i], CTL_LITERAL };
        cells[i] = json_is_true(value) ? "true" : "false";
        if (json_is_integer(value)) {
            snprintf(number, sizeof number, "%lld", (long long)json_integer_value(value));
            cells[i] = number;
        }
    }
    code = ctl_row_show(c, columns, CTL_COUNT(columns), cells);
    json_decref(object);
    drmgmt_free(json);
    return code;
}

/* ---- enrolment ---- */

/* Who has a second factor already replaces it by a code of the old one. */
static int code_to_begin(ctl *c, char **code)
{
    char *json = NULL;
    int failed = ctl_open(c);

    if (!failed)
        failed = read_status(c, &json);
    if (failed)
        return failed;
    json_t *object = json_loads(json, 0, NULL);
    if (ctl_has(c, "code") || json_is_true(json_object_get(object, "enabled")))
        failed = ctl_ask_code(c, ctl_value(c, "code"), "Code of your present authenticator, or a recovery code", code);
    json_decref(object);
    drmgmt_free(json);
    return failed;
}

int ctl_cmd_second_factor_enroll(ctl *c)
{
    static const ctl_column columns[] = { { "secret", CTL_TEXT }, { "uri", CTL_TEXT } };
    drmgmt_enrolment *enrolment = NULL;
    drmgmt_error *error = NULL;
    char *code = NULL;
    int failed = code_to_begin(c, &code);

    if (!failed && drmgmt_second_factor_begin(c->session, code, &enrolment, &error))
        failed = ctl_fail(error);
    ctl_free_secret(code);
    if (failed)
        return failed;
    failed = ctl_row_show(c, columns, CTL_COUNT(columns), (const char *[]){ enrolment->secret, enrolment->uri });
    if (!failed && ctl_writer_of(c) == &ctl_writer_table)
        ctl_note("give the secret to your authenticator, or the uri as a QR code; it is shown this once. Nothing has "
                 "changed yet: drmctl second-factor confirm does it, with a code of the authenticator");
    drmgmt_enrolment_free(enrolment);
    return failed;
}

static int show_codes(ctl *c, drmgmt_recovery_codes *codes)
{
    static const ctl_column columns[] = { { "recovery_code", CTL_TEXT } };
    ctl_writer w;
    int failed = 0;

    ctl_rows_begin(c, &w, columns, CTL_COUNT(columns));
    for (size_t i = 0; i < codes->count && !failed; i++)
        failed = ctl_rows_add(&w, (const char *[]){ codes->codes[i] });
    int end = ctl_rows_end(&w);
    if (!failed && !end && ctl_writer_of(c) == &ctl_writer_table)
        ctl_note("the recovery codes are shown this once, and each is good once: keep them apart from the "
                 "authenticator");
    drmgmt_recovery_codes_free(codes);
    return failed ? failed : end;
}

typedef int codes_fn(drmgmt_session *session, const char *code, drmgmt_recovery_codes **codes, drmgmt_error **error);

static int ask_and_show(ctl *c, const char *given, const char *prompt, codes_fn *call)
{
    drmgmt_recovery_codes *codes = NULL;
    drmgmt_error *error = NULL;
    char *code = NULL;
    int failed = open_and_ask(c, given, prompt, &code);

    if (!failed && call(c->session, code, &codes, &error))
        failed = ctl_fail(error);
    ctl_free_secret(code);
    return failed ? failed : show_codes(c, codes);
}

int ctl_cmd_second_factor_confirm(ctl *c)
{
    return ask_and_show(c, c->n_args ? c->args[0] : NULL, "Code of the new authenticator",
                        drmgmt_second_factor_confirm);
}

int ctl_cmd_second_factor_recovery_codes(ctl *c)
{
    return ask_and_show(c, ctl_value(c, "code"), own_code, drmgmt_second_factor_recovery_codes);
}

/* ---- the end of one ---- */

int ctl_cmd_second_factor_disable(ctl *c)
{
    drmgmt_error *error = NULL;
    char *code = NULL;
    int failed = open_and_ask(c, ctl_value(c, "code"), own_code, &code);

    if (!failed && drmgmt_second_factor_disable(c->session, code, &error))
        failed = ctl_fail(error);
    ctl_free_secret(code);
    if (!failed)
        puts("Disabled: the password alone is asked for from now on.");
    return failed ? failed : ctl_output_check();
}

static int reset_user(ctl *c, const char *id, int64_t version)
{
    drmgmt_error *error = NULL;

    (void)version;
    return drmgmt_second_factor_reset(c->session, id, &error) ? ctl_fail(error) : 0;
}

int ctl_cmd_second_factor_reset(ctl *c)
{
    return ctl_delete_each(c, "second factor of user", "Reset", "reset", reset_user);
}
