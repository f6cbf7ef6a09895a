/* Status codes and the error object.
 *
 * Every call that can fail returns 0 (DRMGMT_OK) or a negative drmgmt_status, and takes as its last
 * parameter an optional drmgmt_error **. On failure, and if the pointer is not NULL, it receives an
 * error the caller frees with drmgmt_error_free(); on success it is left alone. There is no global
 * or thread-local last error. Outputs are written only on success. */
#ifndef DRMGMT_ERROR_H
#define DRMGMT_ERROR_H

#include <drm/export.h>
#include <stdbool.h>
#include <stdint.h>

DRMGMT_BEGIN

typedef enum drmgmt_status {
    DRMGMT_OK = 0,
    DRMGMT_ERR_INVALID = -1,         /* an argument or a field is missing, malformed or out of range */
    DRMGMT_ERR_UNAUTHENTICATED = -2, /* no valid log-in, token or API key */
    DRMGMT_ERR_FORBIDDEN = -3,       /* known actor, but the role does not allow it */
    DRMGMT_ERR_NOT_FOUND = -4,       /* not there, or not this tenant's: the two are not told apart */
    DRMGMT_ERR_CONFLICT = -5,        /* already exists, still referenced, or in a state that forbids it */
    DRMGMT_ERR_PRECONDITION = -6,    /* If-Match / version given and no longer current */
    DRMGMT_ERR_TOO_LARGE = -7,       /* body, list or value above its limit */
    DRMGMT_ERR_IDEMPOTENCY = -8,     /* Idempotency-Key used before with another request */
    DRMGMT_ERR_LIMIT = -9,           /* quota or rate reached; try later */
    DRMGMT_ERR_NO_MEMORY = -10,
    DRMGMT_ERR_DATABASE = -11,    /* PostgreSQL answered with an error; detail holds the SQLSTATE */
    DRMGMT_ERR_UNAVAILABLE = -12, /* PostgreSQL (or another server) cannot be reached now */
    DRMGMT_ERR_TIMEOUT = -13,
    DRMGMT_ERR_PROTOCOL = -14,    /* a device or peer answered something that is not the protocol */
    DRMGMT_ERR_CRYPTO = -15,      /* a secret does not open: wrong or missing key, changed data */
    DRMGMT_ERR_SCHEMA = -16,      /* the database's migrations do not fit this library */
    DRMGMT_ERR_UNSUPPORTED = -17, /* no such driver, operation or option here */
    DRMGMT_ERR_CANCELLED = -18,
    DRMGMT_ERR_JOB_FAILED = -19,    /* a job that was waited for ended without success */
    DRMGMT_ERR_IO = -20,            /* a file could not be read or written */
    DRMGMT_ERR_INTERNAL = -21,      /* a defect: please report it */
    DRMGMT_ERR_SECOND_FACTOR = -22, /* the password is right, and a second factor is needed: log in again with one */
    DRMGMT_ERR_ENROLMENT = -23      /* the tenant requires a second factor and the user has none: enrol one first */
} drmgmt_status;

typedef struct drmgmt_error drmgmt_error;

/* Frees an error. NULL is allowed. */
DRMGMT_API void drmgmt_error_free(drmgmt_error *error);
/* The code. DRMGMT_ERR_INTERNAL for NULL. */
DRMGMT_API drmgmt_status drmgmt_error_status(const drmgmt_error *error);
/* What happened and what to do, one line, fit to be shown to the actor. Lives as long as error. */
DRMGMT_API const char *drmgmt_error_message(const drmgmt_error *error);
/* SQLSTATE, SNMP error-status or other protocol detail; NULL when there is none. */
DRMGMT_API const char *drmgmt_error_detail(const drmgmt_error *error);
/* Name of the offending field or parameter ("profiles[0].port"); NULL when it is not about one. */
DRMGMT_API const char *drmgmt_error_field(const drmgmt_error *error);
/* The names of tenants to choose from, as a JSON array, where a log-in must name one; else NULL. */
DRMGMT_API const char *drmgmt_error_tenants(const drmgmt_error *error);
/* Whether the same call may succeed later without a change. */
DRMGMT_API bool drmgmt_error_retryable(const drmgmt_error *error);
/* After how many seconds it may (HTTP: Retry-After); 0 when that is not known. */
DRMGMT_API unsigned drmgmt_error_retry_after(const drmgmt_error *error);
/* Which of the tenant's quotas is used up ("devices", "queued_jobs", "api_requests"); NULL when it is not about one.
 * Lives as long as error. What the quota allows, and how much of it was used before this call; both 0 without one. */
DRMGMT_API const char *drmgmt_error_quota(const drmgmt_error *error);
DRMGMT_API int64_t drmgmt_error_quota_limit(const drmgmt_error *error);
DRMGMT_API int64_t drmgmt_error_quota_used(const drmgmt_error *error);

/* The one table of codes. All answer for any value; an unknown one reads as DRMGMT_ERR_INTERNAL. */
DRMGMT_API const char *drmgmt_status_name(drmgmt_status status);  /* "not-found" */
DRMGMT_API const char *drmgmt_status_title(drmgmt_status status); /* "Not found" */
DRMGMT_API int drmgmt_status_http(drmgmt_status status);          /* 404 */
DRMGMT_API int drmgmt_status_exit_code(drmgmt_status status);     /* process exit code of drmctl */

DRMGMT_END

#endif
