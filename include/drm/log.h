/* Structured log events. The library never prints: it calls the function set in the options. */
#ifndef DRMGMT_LOG_H
#define DRMGMT_LOG_H

#include <drm/export.h>
#include <stddef.h>

DRMGMT_BEGIN

typedef enum drmgmt_log_level {
    DRMGMT_LOG_ERROR = 3, /* the numbers of RFC 5424, section 6.2.1 */
    DRMGMT_LOG_WARNING = 4,
    DRMGMT_LOG_INFO = 6,
    DRMGMT_LOG_DEBUG = 7
} drmgmt_log_level;

/* One named value of an event. Both strings live only for the duration of the call. */
typedef struct drmgmt_log_field {
    const char *key;
    const char *value;
} drmgmt_log_field;

/* Receives one event. May be called from any thread at any time, also concurrently; must not call
 * back into the library. No event ever carries a password, key, token, community or seal. */
typedef void drmgmt_log_fn(void *user, drmgmt_log_level level, const char *message, const drmgmt_log_field *fields,
                           size_t n_fields);

DRMGMT_END

#endif
