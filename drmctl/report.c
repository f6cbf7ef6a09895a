/* Complaints: one line each on standard error, "drmctl: message (hint)", with nothing in them that could move a cursor.
 * Called by every handler; the exit codes come from the library's table of statuses. */
#include "writer.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void line(const char *message, const char *hint)
{
    char *visible = ctl_visible(message);

    fflush(stdout);
    fprintf(stderr, "drmctl: %s%s%s%s\n", visible ? visible : "out of memory", hint ? " (" : "", hint ? hint : "",
            hint ? ")" : "");
    free(visible);
}

/* What to do about a status where its message cannot know it. */
static const char *hint_of(drmgmt_status status)
{
    static const struct {
        drmgmt_status status;
        const char *hint;
    } hints[] = {
        { DRMGMT_ERR_UNAUTHENTICATED, "log in: drmctl login; or check the API key" },
        { DRMGMT_ERR_FORBIDDEN, "drmctl whoami shows your role" },
        { DRMGMT_ERR_ENROLMENT, "drmctl second-factor enroll" },
        { DRMGMT_ERR_SCHEMA, "drmctl db status shows the migrations" },
        { DRMGMT_ERR_CRYPTO, "is this the keyring the database was set up with?" },
        { DRMGMT_ERR_INTERNAL, "this is a defect: please report it" },
    };

    for (size_t i = 0; i < CTL_COUNT(hints); i++)
        if (hints[i].status == status)
            return hints[i].hint;
    return NULL;
}

static void say(const char *hint, const char *format, va_list args) DRMGMT_PRINTF(2, 0);
static void say(const char *hint, const char *format, va_list args)
{
    char *text = NULL;

    if (vasprintf(&text, format, args) < 0)
        text = NULL;
    line(text ? text : "out of memory", hint);
    free(text);
}

int ctl_usage(const ctl *c, const char *format, ...)
{
    va_list args;
    char hint[160] = "see drmctl help";

    if (c && c->command)
        snprintf(hint, sizeof hint, "see drmctl %s%s%s --help", c->command->noun, c->command->verb ? " " : "",
                 c->command->verb ? c->command->verb : "");
    va_start(args, format);
    say(hint, format, args);
    va_end(args);
    return CTL_EXIT_USAGE;
}

int ctl_complain(drmgmt_status status, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    say(NULL, format, args);
    va_end(args);
    return drmgmt_status_exit_code(status);
}

int ctl_fail(drmgmt_error *error)
{
    return ctl_fail_hint(error, NULL);
}

int ctl_fail_hint(drmgmt_error *error, const char *better)
{
    drmgmt_status status = drmgmt_error_status(error);
    const char *detail = drmgmt_error_detail(error);
    char sqlstate[64];
    const char *hint = better ? better : hint_of(status);

    if (!hint && status == DRMGMT_ERR_DATABASE && detail) {
        snprintf(sqlstate, sizeof sqlstate, "SQLSTATE %.20s", detail);
        hint = sqlstate;
    }
    const char *message = drmgmt_error_message(error), *field = drmgmt_error_field(error);
    char *full = NULL;
    if (field && !strstr(message, field) && asprintf(&full, "%s: %s", field, message) < 0)
        full = NULL;
    line(full ? full : message, hint);
    free(full);
    drmgmt_error_free(error);
    return drmgmt_status_exit_code(status);
}

void ctl_note(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    say(NULL, format, args);
    va_end(args);
}
