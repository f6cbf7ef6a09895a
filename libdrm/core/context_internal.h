/* What a context and its options hold. Seen by the rooms of libdrm, never by programs. Internal. */
#ifndef DRMGMT_CORE_CONTEXT_INTERNAL_H
#define DRMGMT_CORE_CONTEXT_INTERNAL_H

#include "net/policy.h"
#include <drm/context.h>
#include <pthread.h>
#include <sys/stat.h>

enum { DRMGMT__HOST_RULES_MAX = 64 };

struct drmgmt_options {
    char *database_url, *redis_url, *keyring_file, *application_name;
    unsigned pool_size, acquire_ms, statement_ms;
    drmgmt_log_fn *log;
    void *log_user;
    drmgmt_log_level log_level;
    unsigned n_host_rules; /* outbound, for all tenants */
    drmgmt__net_rule host_rules[DRMGMT__HOST_RULES_MAX];
};

/* core/options.c */
int drmgmt__options_copy(drmgmt_options *to, const drmgmt_options *from);
void drmgmt__options_clear(drmgmt_options *options);

struct drmgmt__pool;      /* store/pool.c: PostgreSQL connections */
struct drmgmt__keyring;   /* auth/keyring.c */
struct drmgmt__publisher; /* queue/publish.c: doorbell and events out, one thread */
struct drmgmt__hub;       /* queue/hub.c: events in, one thread, started with the first subscription */
struct drmgmt__outbound;  /* net/outbound.c: what tenants may reach */

struct drmgmt_context {
    drmgmt_options options; /* its own copies */
    struct drmgmt__pool *pool;
    struct drmgmt__keyring *keyring;        /* NULL: none given. Used through drmgmt__keyring_hold() */
    pthread_mutex_t keyring_lock;           /* of the pointer and of taking a hold */
    pthread_mutex_t reload_lock;            /* of looking at the file, and of what follows */
    bool keyring_refused;                   /* the file as it is now could not be used */
    struct stat refused_file;               /* ... and was told so */
    struct drmgmt__publisher *publisher;    /* NULL: no Redis configured */
    struct drmgmt__hub *hub;                /* NULL: no Redis configured */
    struct drmgmt__token_cache *tokens;     /* auth/token.c */
    struct drmgmt__digest_cache *data_keys; /* auth/data_key.c */
    struct drmgmt__combiner *combiner;      /* job/together.c */
    struct drmgmt__outbound *outbound;
    struct drmgmt__full *full;         /* limit/full.c */
    struct drmgmt__requests *requests; /* limit/requests.c; a thread once a tenant with a quota is met */
    struct drmgmt__oidc_cache *oidc;   /* auth/oidc_cache.c */
};

#endif
