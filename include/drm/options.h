/* What a context is opened with. The library reads no environment and no files of its own accord:
 * programs read theirs and set the values here. Setters copy their strings. Not thread-safe. */
#ifndef DRMGMT_OPTIONS_H
#define DRMGMT_OPTIONS_H

#include <drm/error.h>
#include <drm/log.h>

DRMGMT_BEGIN

typedef struct drmgmt_options drmgmt_options;

/* New options with the defaults told below, or NULL when memory is out. */
DRMGMT_API drmgmt_options *drmgmt_options_new(void);
DRMGMT_API void drmgmt_options_free(drmgmt_options *options); /* NULL is allowed */

/* PostgreSQL connection string or URI of the application role (libpq, several hosts allowed). */
DRMGMT_API int drmgmt_options_set_database_url(drmgmt_options *options, const char *url);
/* redis://[:password@]host[:port][/db] or unix:///path. Unset: no doorbell and no events; jobs still run, a
 * second later. */
DRMGMT_API int drmgmt_options_set_redis_url(drmgmt_options *options, const char *url);
/* Path of the keyring file (see docs/keyring.md): seal, key-encryption and token keys. Without it a
 * context opens sessions with API keys only and cannot decrypt credentials. Refused when readable
 * by group or others. */
DRMGMT_API int drmgmt_options_set_keyring_file(drmgmt_options *options, const char *path);
/* Most PostgreSQL connections held at once, 1..1000; default 8. */
DRMGMT_API int drmgmt_options_set_pool_size(drmgmt_options *options, unsigned connections);
/* How long a call waits for a connection and for one statement, ms; defaults 5000 and 10000. */
DRMGMT_API int drmgmt_options_set_database_timeouts(drmgmt_options *options, unsigned acquire_ms,
                                                    unsigned statement_ms);
/* Name shown in pg_stat_activity and CLIENT LIST; default "drmgmt". */
DRMGMT_API int drmgmt_options_set_application_name(drmgmt_options *options, const char *name);
/* Lets all tenants of this process reach these addresses, which otherwise need a rule of the tenant's own:
 * "10.0.0.0/8", "127.0.0.0/8:161-162/udp", "[fd00::/8]:443" (docs/outbound.md). May be called up to 64 times. Addresses
 * that are never reached (link-local, metadata services, the system's own servers, ...) stay refused. INVALID: it is no
 * such text; LIMIT: too many. */
DRMGMT_API int drmgmt_options_allow_outbound(drmgmt_options *options, const char *rule);
/* Where log events go; default nowhere. */
DRMGMT_API int drmgmt_options_set_log(drmgmt_options *options, drmgmt_log_fn *fn, void *user, drmgmt_log_level level);

DRMGMT_END

#endif
