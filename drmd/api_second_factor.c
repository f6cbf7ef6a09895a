/* The second factor over REST: one's own, and an administrator's reset. Called by dispatch.c; calls the library's
 * second-factor functions. */
#include "json.h"
#include "routes.h"
#include <drm/second_factor.h>
#include <string.h>

/* Sends what was made in the worker's text buffer; it is told this once, so no copy stays. */
static void reply_told_once(drmd_request *r, int status)
{
    drmd_buffer *b = &r->worker->text;
    if (b->failed)
        drmd_reply_problem(r, 503, NULL, "Out of memory.");
    else
        drmd_reply(r, status, drmd_json, b->data, b->length);
    drmd_buffer_wipe(&r->worker->out);
    drmd_buffer_wipe(b);
}

static void reply_codes(drmd_request *r, drmgmt_recovery_codes *codes)
{
    drmd_buffer *b = &r->worker->text;
    drmd_buffer_reset(b, 64 * 1024);
    drmd_buffer_puts(b, "{\"recovery_codes\":[");
    for (size_t i = 0; i < codes->count; i++) /* letters, digits and hyphens */
        drmd_buffer_printf(b, "%s\"%s\"", i ? "," : "", codes->codes[i]);
    drmd_buffer_puts(b, "]}");
    drmgmt_recovery_codes_free(codes);
    reply_told_once(r, 200);
}

void drmd_second_factor_status(drmd_request *r)
{
    drmd_reply_json_of(r, drmgmt_second_factor_status);
}

void drmd_second_factor_begin(drmd_request *r)
{
    drmd_string_field fields[] = { { "code", false, NULL } };
    drmd_strings *strings = drmd_strings_read(r, fields, DRMD_COUNT(fields));
    if (!strings)
        return;
    drmgmt_enrolment *enrolment = NULL;
    drmgmt_error *error = NULL;
    int failed = drmgmt_second_factor_begin(r->session, fields[0].value, &enrolment, &error);
    drmd_strings_free(strings);
    if (failed) {
        drmd_reply_error(r, error);
        return;
    }
    drmd_buffer *b = &r->worker->text;
    drmd_buffer_reset(b, 64 * 1024);
    drmd_buffer_puts(b, "{");
    drmd_buffer_member(b, "secret", enrolment->secret);
    drmd_buffer_member(b, "uri", enrolment->uri);
    drmd_buffer_puts(b, "}");
    drmgmt_enrolment_free(enrolment);
    reply_told_once(r, 201);
}

/* The two calls that take a code and answer with recovery codes. */
static void answer_codes(drmd_request *r,
                         int (*call)(drmgmt_session *, const char *, drmgmt_recovery_codes **, drmgmt_error **))
{
    drmd_string_field fields[] = { { "code", true, NULL } };
    drmd_strings *strings = drmd_strings_read(r, fields, DRMD_COUNT(fields));
    if (!strings)
        return;
    drmgmt_recovery_codes *codes = NULL;
    drmgmt_error *error = NULL;
    int failed = call(r->session, fields[0].value, &codes, &error);
    drmd_strings_free(strings);
    if (failed)
        drmd_reply_error(r, error);
    else
        reply_codes(r, codes);
}

void drmd_second_factor_confirm(drmd_request *r)
{
    answer_codes(r, drmgmt_second_factor_confirm);
}

void drmd_second_factor_recovery_codes(drmd_request *r)
{
    answer_codes(r, drmgmt_second_factor_recovery_codes);
}

void drmd_second_factor_disable(drmd_request *r)
{
    drmd_string_field fields[] = { { "code", true, NULL } };
    drmd_strings *strings = drmd_strings_read(r, fields, DRMD_COUNT(fields));
    if (!strings)
        return;
    drmgmt_error *error = NULL;
    int failed = drmgmt_second_factor_disable(r->session, fields[0].value, &error);
    drmd_strings_free(strings);
    if (failed)
        drmd_reply_error(r, error);
    else
        drmd_reply(r, 204, NULL, NULL, 0);
}

void drmd_second_factor_reset(drmd_request *r)
{
    drmgmt_error *error = NULL;
    if (drmgmt_second_factor_reset(r->session, r->params[0], &error))
        drmd_reply_error(r, error);
    else
        drmd_reply(r, 204, NULL, NULL, 0);
}
