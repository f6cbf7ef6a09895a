/* The context: one per process; thread-safe. Holds options, the PostgreSQL pool, the Redis
 * connections and the protocol drivers. Connections are made when first needed. */
#ifndef DRMGMT_CONTEXT_H
#define DRMGMT_CONTEXT_H

#include <drm/options.h>

DRMGMT_BEGIN

typedef struct drmgmt_context drmgmt_context;

/* Makes a context from options (which stay the caller's and may be freed at once). Opens no connection;
 * reads the keyring file if one is set.
 * Errors: INVALID (an option), IO or CRYPTO (the keyring), NO_MEMORY. */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_context_new(const drmgmt_options *options, drmgmt_context **context,
                                                   drmgmt_error **error);
/* Frees a context; NULL is allowed. All sessions, subscriptions and workers of it must be closed. */
DRMGMT_API void drmgmt_context_free(drmgmt_context *context);

/* Looks whether the keyring file changed and, if so, reads it anew: calls that begin afterwards use the new keys, those
 * under way end with the old ones. Costs one stat() when nothing changed; long-running programs call it every few
 * seconds. The library itself calls it when it meets a key that it does not know. A file that cannot be used leaves the
 * keys as they are; it is told once, also to the log, and again when it changes. Any thread. *changed, unless NULL:
 * whether new keys are in use. Without a keyring nothing happens. Errors: IO, CRYPTO, NO_MEMORY. */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_context_reload(drmgmt_context *context, bool *changed, drmgmt_error **error);

/* What drmgmt_context_health() found. */
typedef struct drmgmt_health {
    bool database;       /* a statement was answered */
    bool redis;          /* PING was answered; also false when no Redis is configured */
    bool schema_current; /* the migrations applied are exactly those of this library */
    bool pooler;         /* a pooler in transaction mode stands between us and PostgreSQL */
} drmgmt_health;

/* Asks the servers; takes at most the database timeouts. Never fails: what does not answer is false. */
DRMGMT_API void drmgmt_context_health(drmgmt_context *context, drmgmt_health *health);

DRMGMT_END

#endif
