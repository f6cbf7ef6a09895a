/* Small things every room uses: making errors, ids, time, logging, base64url, constant-time compare. Internal. */
#ifndef DRMGMT_CORE_CORE_H
#define DRMGMT_CORE_CORE_H

#include "core/cleanup.h"
#include <drm/context.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

DRMGMT__DEFINE_CLEANUP(drmgmt__json_decrefp, json_t *, json_decref)
#define DRMGMT__JSON DRMGMT__CLEANUP(drmgmt__json_decrefp)

/* ---- errors: both return status, so that a failing function ends with "return drmgmt__fail(...)" ---- */
int drmgmt__fail(drmgmt_error **error, drmgmt_status status, const char *format, ...) DRMGMT_PRINTF(3, 4);
/* detail and field may be NULL; retryable as the public getter tells it. */
int drmgmt__fail_full(drmgmt_error **error, drmgmt_status status, bool retryable, const char *detail, const char *field,
                      const char *format, ...) DRMGMT_PRINTF(6, 7);
int drmgmt__fail_memory(drmgmt_error **error);
/* LIMIT, with the seconds after which to come again. */
int drmgmt__fail_later(drmgmt_error **error, unsigned seconds, const char *format, ...) DRMGMT_PRINTF(3, 4);
/* A quota is used up. retry_after: seconds, 0 where waiting alone does not help. */
typedef struct drmgmt__quota_state {
    const char *quota;
    int64_t limit, used;
    unsigned retry_after;
} drmgmt__quota_state;
int drmgmt__fail_quota(drmgmt_error **error, drmgmt_status status, const drmgmt__quota_state *state, const char *format,
                       ...) DRMGMT_PRINTF(4, 5);
/* Gives the error just made names of tenants to choose from (a JSON array). */
void drmgmt__error_set_tenants(drmgmt_error *error, const char *json);

/* ---- ids ---- */
#define DRMGMT__UUID_SIZE 37 /* with the NUL */
/* A new UUIDv7 (RFC 9562, section 5.7), ordered within the process; any thread. Returns 0 or -1 when no randomness. */
int drmgmt__uuid_v7(char text[DRMGMT__UUID_SIZE]);
/* Whether text is a UUID in the canonical lower- or upper-case form. */
bool drmgmt__uuid_valid(const char *text);
/* Copies in lower case; false if it is none. */
bool drmgmt__uuid_normalise(const char *text, char out[DRMGMT__UUID_SIZE]);
/* ms since 1970 of a UUIDv7; 0 for another version. */
int64_t drmgmt__uuid_time_ms(const char *text);
/* The least UUIDv7 of a time, ms since 1970. */
void drmgmt__uuid_at(int64_t ms, char text[DRMGMT__UUID_SIZE]);

/* ---- time ---- */
int64_t drmgmt__now_ms(void); /* since 1970 */
uint64_t drmgmt__monotonic_ms(void);
uint64_t drmgmt__monotonic_us(void);
enum { DRMGMT__TIME_SIZE = 40 };
/* ms since 1970 as PostgreSQL reads them. */
void drmgmt__time_write(int64_t ms, char text[DRMGMT__TIME_SIZE]);
/* Reads a time of RFC 3339, or a date alone (its beginning, UTC), as ms since 1970. False when it is none. */
bool drmgmt__time_parse(const char *text, int64_t *ms);

/* ---- log: pairs of key and value, ended by NULL ---- */
void drmgmt__log(drmgmt_context *context, drmgmt_log_level level, const char *message, ...) __attribute__((sentinel));

/* ---- bytes ---- */
void drmgmt__wipe(void *memory, size_t n);
bool drmgmt__equal(const void *a, const void *b, size_t n); /* constant time */
int drmgmt__random(void *memory, size_t n);                 /* 0 or -1 */
/* Text forms; out sizes: hex 2n+1, base64url without padding 4*((n+2)/3)+1, base32 without padding (8*n+4)/5+1. */
void drmgmt__hex(const void *bytes, size_t n, char *out);
int drmgmt__unhex(const char *text, void *out, size_t n); /* exactly n bytes, else -1 */
size_t drmgmt__b64url(const void *bytes, size_t n, char *out);
/* Returns the number of bytes, or -1 if text is not base64url or longer than size. */
long drmgmt__unb64url(const char *text, size_t length, void *out, size_t size);
size_t drmgmt__b32(const void *bytes, size_t n, char *out);
/* Frees a NUL-terminated secret after wiping it. NULL is allowed. */
void drmgmt__free_secret(char *text);

/* ---- JSON in: jansson with duplicates refused and nesting capped at 32 ---- */
/* A JSON object from bytes; INVALID with line and column in the message. */
int drmgmt__json_object(const char *text, size_t length, json_t **object, drmgmt_error **error);
/* Any JSON value from a text; NULL if it is none. */
json_t *drmgmt__json_value(const char *text);

/* The compact text of a value, numbers in their shortest form; malloc()ed, NULL when memory is out. */
char *drmgmt__json_text(const json_t *value);

#endif
