/* The error object and the one table of statuses. Called everywhere. */
#include "core/core.h"
#include "core/strbuf.h"
#include <drm/driver.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct drmgmt_error {
    drmgmt_status status;
    bool retryable;
    char *message, *detail, *field, *tenants;
    unsigned retry_after; /* seconds; 0: not told */
    char quota[32];       /* "": not about one */
    int64_t limit, used;
};

struct row {
    const char *name, *title;
    int http, exit_code;
};

/* Out of memory must still be told: this one error needs none. */
static drmgmt_error out_of_memory = { .status = DRMGMT_ERR_NO_MEMORY, .retryable = true };

/* No default: the compiler names a status that is missing here. */
static struct row row_of(drmgmt_status status)
{
    switch (status) {
    case DRMGMT_OK:
        return (struct row){ "ok", "OK", 200, 0 };
    case DRMGMT_ERR_INVALID:
        return (struct row){ "invalid", "Invalid request", 400, 2 };
    case DRMGMT_ERR_UNAUTHENTICATED:
        return (struct row){ "unauthenticated", "Not authenticated", 401, 3 };
    case DRMGMT_ERR_FORBIDDEN:
        return (struct row){ "forbidden", "Not allowed", 403, 3 };
    case DRMGMT_ERR_NOT_FOUND:
        return (struct row){ "not-found", "Not found", 404, 4 };
    case DRMGMT_ERR_CONFLICT:
        return (struct row){ "conflict", "Conflict", 409, 5 };
    case DRMGMT_ERR_PRECONDITION:
        return (struct row){ "precondition-failed", "Changed by somebody else", 412, 5 };
    case DRMGMT_ERR_TOO_LARGE:
        return (struct row){ "too-large", "Too large", 413, 2 };
    case DRMGMT_ERR_IDEMPOTENCY:
        return (struct row){ "idempotency-key-reused", "Idempotency key used for another request", 422, 5 };
    case DRMGMT_ERR_LIMIT:
        return (struct row){ "limit", "Limit reached", 429, 6 };
    case DRMGMT_ERR_NO_MEMORY:
        return (struct row){ "no-memory", "Out of memory", 503, 1 };
    case DRMGMT_ERR_DATABASE:
        return (struct row){ "database", "Database error", 500, 6 };
    case DRMGMT_ERR_UNAVAILABLE:
        return (struct row){ "unavailable", "Not available now", 503, 6 };
    case DRMGMT_ERR_TIMEOUT:
        return (struct row){ "timeout", "Timed out", 504, 6 };
    case DRMGMT_ERR_PROTOCOL:
        return (struct row){ "protocol", "Protocol error", 502, 1 };
    case DRMGMT_ERR_CRYPTO:
        return (struct row){ "crypto", "A secret cannot be opened", 500, 1 };
    case DRMGMT_ERR_SCHEMA:
        return (struct row){ "schema", "The database's schema does not fit", 503, 5 };
    case DRMGMT_ERR_UNSUPPORTED:
        return (struct row){ "unsupported", "Not supported", 422, 2 };
    case DRMGMT_ERR_CANCELLED:
        return (struct row){ "cancelled", "Cancelled", 409, 1 };
    case DRMGMT_ERR_JOB_FAILED:
        return (struct row){ "job-failed", "The job failed", 500, 7 };
    case DRMGMT_ERR_IO:
        return (struct row){ "io", "A file cannot be read or written", 500, 1 };
    case DRMGMT_ERR_SECOND_FACTOR:
        return (struct row){ "second-factor-required", "A second factor is needed", 401, 3 };
    case DRMGMT_ERR_ENROLMENT:
        return (struct row){ "second-factor-enrolment-required", "A second factor must be enrolled first", 403, 3 };
    case DRMGMT_ERR_INTERNAL:
        break;
    }
    return (struct row){ "internal", "Internal error", 500, 1 };
}

const char *drmgmt_status_name(drmgmt_status status)
{
    return row_of(status).name;
}

const char *drmgmt_status_title(drmgmt_status status)
{
    return row_of(status).title;
}

int drmgmt_status_http(drmgmt_status status)
{
    return row_of(status).http;
}

int drmgmt_status_exit_code(drmgmt_status status)
{
    return row_of(status).exit_code;
}

void drmgmt_error_free(drmgmt_error *error)
{
    if (!error || error == &out_of_memory)
        return;
    free(error->message);
    free(error->detail);
    free(error->field);
    free(error->tenants);
    free(error);
}

drmgmt_status drmgmt_error_status(const drmgmt_error *error)
{
    return error ? error->status : DRMGMT_ERR_INTERNAL;
}

const char *drmgmt_error_message(const drmgmt_error *error)
{
    return error && error->message ? error->message : drmgmt_status_title(drmgmt_error_status(error));
}

const char *drmgmt_error_detail(const drmgmt_error *error)
{
    return error ? error->detail : NULL;
}

const char *drmgmt_error_field(const drmgmt_error *error)
{
    return error ? error->field : NULL;
}

const char *drmgmt_error_tenants(const drmgmt_error *error)
{
    return error ? error->tenants : NULL;
}

void drmgmt__error_set_tenants(drmgmt_error *error, const char *json)
{
    if (error && error != &out_of_memory && !error->tenants)
        error->tenants = strdup(json);
}

bool drmgmt_error_retryable(const drmgmt_error *error)
{
    return error && error->retryable;
}

unsigned drmgmt_error_retry_after(const drmgmt_error *error)
{
    return error ? error->retry_after : 0;
}

const char *drmgmt_error_quota(const drmgmt_error *error)
{
    return error && error->quota[0] ? error->quota : NULL;
}

int64_t drmgmt_error_quota_limit(const drmgmt_error *error)
{
    return error ? error->limit : 0;
}

int64_t drmgmt_error_quota_used(const drmgmt_error *error)
{
    return error ? error->used : 0;
}

static void fail(drmgmt_error **error, drmgmt_status status, bool retryable, const char *detail, const char *field,
                 const char *format, va_list args) DRMGMT_PRINTF(6, 0);
static void fail(drmgmt_error **error, drmgmt_status status, bool retryable, const char *detail, const char *field,
                 const char *format, va_list args)
{
    if (!error)
        return;
    drmgmt_error *e = calloc(1, sizeof *e);
    if (!e) {
        *error = &out_of_memory;
        return;
    }
    e->status = status;
    e->retryable = retryable;
    if (vasprintf(&e->message, format, args) < 0)
        e->message = NULL;
    e->detail = detail ? strdup(detail) : NULL;
    e->field = field ? strdup(field) : NULL;
    *error = e;
}

int drmgmt__fail(drmgmt_error **error, drmgmt_status status, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    fail(error, status, false, NULL, NULL, format, args);
    va_end(args);
    return status;
}

int drmgmt__fail_full(drmgmt_error **error, drmgmt_status status, bool retryable, const char *detail, const char *field,
                      const char *format, ...)
{
    va_list args;

    va_start(args, format);
    fail(error, status, retryable, detail, field, format, args);
    va_end(args);
    return status;
}

int drmgmt__fail_later(drmgmt_error **error, unsigned seconds, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    fail(error, DRMGMT_ERR_LIMIT, true, NULL, NULL, format, args);
    va_end(args);
    if (error && *error != &out_of_memory)
        (*error)->retry_after = seconds;
    return DRMGMT_ERR_LIMIT;
}

int drmgmt__fail_quota(drmgmt_error **error, drmgmt_status status, const drmgmt__quota_state *state, const char *format,
                       ...)
{
    va_list args;

    va_start(args, format);
    fail(error, status, status == DRMGMT_ERR_LIMIT, NULL, NULL, format, args);
    va_end(args);
    if (!error || *error == &out_of_memory)
        return status;
    snprintf((*error)->quota, sizeof(*error)->quota, "%s", state->quota);
    (*error)->limit = state->limit;
    (*error)->used = state->used;
    (*error)->retry_after = state->retry_after;
    return status;
}

int drmgmt__fail_memory(drmgmt_error **error)
{
    if (error)
        *error = &out_of_memory;
    return DRMGMT_ERR_NO_MEMORY;
}

int drmgmt_error_make(drmgmt_error **error, drmgmt_status status, const char *field, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    fail(error, status, false, NULL, field, format, args);
    va_end(args);
    return status;
}
