/* The scheduler's calls that cross tenants: claim, heartbeat, finish, reap (functions of the database, SECURITY
 * DEFINER, owned by drm_sched, refused without a "worker" system seal). Called by the worker engine only. Internal. */
#ifndef DRMGMT_STORE_SCHED_H
#define DRMGMT_STORE_SCHED_H

#include "store/store.h"

/* A credential as a claim brings it: sealed values of drm.snmp_credentials and the wrapped data keys that open them,
 * all in \\x hex. NULL: not set. */
typedef struct drmgmt__claimed_credential {
    const char *id, *snmp_version, *username, *auth_protocol, *priv_protocol, *context_name;
    struct drmgmt__claimed_secret {
        const char *sealed, *wrapped;
    } community, auth_password, priv_password;
} drmgmt__claimed_credential;
/* From the columns at first and behind, in the order of sched_claim.sql and sched_trap_senders.sql. Its texts belong to
 * rows. */
void drmgmt__claimed_credential_read(const drmgmt__rows *rows, size_t row, size_t first,
                                     drmgmt__claimed_credential *credential);

/* One claimed job. Texts live as long as the claim. */
typedef struct drmgmt__claimed {
    const char *tenant_id, *job_id, *device_id, *protocol, *operation, *params;
    unsigned attempt; /* fence, with job and worker id */
    unsigned timeout_ms;
    bool idempotent;
    bool expired;                   /* its deadline has passed: it is not to be begun */
    const char *address, *settings; /* of the device's profile; "" and "{}" when it has none */
    unsigned port;
    const drmgmt__claimed_credential *credentials;
    size_t n_credentials;
} drmgmt__claimed;
typedef struct drmgmt__claim {
    drmgmt__claimed *jobs;
    size_t count;
    drmgmt__claimed_credential *credentials; /* of all of them */
    drmgmt__rows *rows;                      /* holds the texts */
} drmgmt__claim;
void drmgmt__claim_clear(drmgmt__claim *claim);

/* How one job ended, as the worker tells it. */
typedef struct drmgmt__finish {
    char tenant_id[37], job_id[37];
    unsigned attempt;
    char outcome[16];                /* completed, failed, cancelled, uncertain; release: back to the queue, not run;
                                        defer: the same, but not before delay_ms have passed */
    unsigned delay_ms;               /* defer only */
    bool retryable;                  /* failed only */
    char *result;                    /* JSON or NULL; malloc()ed */
    char *error;                     /* JSON or NULL; malloc()ed */
    int64_t started_ms, finished_ms; /* since 1970 */
    /* For the metrics; of static storage. "other": not known here. */
    const char *protocol, *operation, *code; /* code "": none */
    uint64_t ran_us;                         /* 0: it did not begin */
    /* what the inventory is to have of it (worker/inventory.h) */
    uint64_t about;     /* 0: nothing */
    bool reads;         /* the result tells values of the device */
    char device_id[37]; /* set with about */
    char status[16];    /* out: what became of it; "" when the fence refused it */
} drmgmt__finish;

int drmgmt__sched_register(drmgmt_session *system, const char *worker_id, const char *host, int pid,
                           const char *version, const char *lane, unsigned slots, drmgmt_error **error);
/* Heartbeat. *alive false: the reaper gave this worker up; its jobs belong to others by now. cancels: rows(alive,
 * job_id or null) of running jobs of this worker that should stop. */
int drmgmt__sched_beat(drmgmt_session *system, const char *worker_id, unsigned in_flight, bool draining, bool *alive,
                       drmgmt__rows **cancels, drmgmt_error **error);
int drmgmt__sched_claim(drmgmt_session *system, const char *worker_id, const char *lane, unsigned limit,
                        drmgmt__claim *claim, drmgmt_error **error);
/* Stores n results in one transaction and fills status of each. Safe to repeat. */
int drmgmt__sched_finish(drmgmt_session *system, const char *worker_id, drmgmt__finish *results, size_t n,
                         drmgmt_error **error);
/* Queues what is due; gives silent workers' jobs up (only when reap_after_ms > 0). *rang: something became claimable.
 * moved: rows(kind, tenant_id, job_id, status) of jobs whose status changed thereby, for events; kind "ended" for the
 * last time. */
int drmgmt__sched_reap(drmgmt_session *system, const char *worker_id, unsigned reap_after_ms, bool *rang,
                       drmgmt__rows **moved, drmgmt_error **error);
/* Removes a batch of the rows of a tenant that is being deleted. gone: (tenant_id, name, rows removed, whether the
 * tenant itself is gone now), no row when there is nothing to do. */
int drmgmt__sched_purge(drmgmt_session *system, unsigned limit, drmgmt__rows **gone, drmgmt_error **error);
/* Signs a worker off. */
int drmgmt__sched_leave(drmgmt_session *system, const char *worker_id, drmgmt_error **error);

#endif
