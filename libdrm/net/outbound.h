/* What tenants of this process may reach: their rules, read from the database and kept for seconds, and the system's
 * own servers. One per context. Called by the worker's ledger thread and by whoever talks to a host that a tenant
 * named; the store and queue rooms tell it whom they are connected to. Internal. */
#ifndef DRMGMT_NET_OUTBOUND_H
#define DRMGMT_NET_OUTBOUND_H

#include "net/policy.h"
#include <drm/session.h>

/* A changed rule holds everywhere after so long, also for what is in flight. */
enum { DRMGMT__OUTBOUND_KEEP_MS = 2000 };

struct drmgmt__outbound;
int drmgmt__outbound_new(drmgmt_context *context, struct drmgmt__outbound **outbound, drmgmt_error **error);
void drmgmt__outbound_free(struct drmgmt__outbound *outbound); /* NULL is allowed */

/* The policies of n tenants, of which some may be the same: one reference each, the caller's. Rules older than
 * DRMGMT__OUTBOUND_KEEP_MS are read anew, all by one query; else there is none. system: a system session of any
 * purpose (drmgmt__session_open_system()). May block; any thread. Errors: those of the query; no policy is given. */
int drmgmt__outbound_get(drmgmt_session *system, const char *const *tenant_ids, size_t n, drmgmt__net_policy **policies,
                         drmgmt_error **error);
/* Reads the rules of all tenants anew that are in use or were a moment ago (no query if there is none), and forgets the
 * others. To be called more often than DRMGMT__OUTBOUND_KEEP_MS by a process that holds policies for long. */
int drmgmt__outbound_refresh(drmgmt_session *system, drmgmt_error **error);

/* A policy of one's own, not kept: of rules that were read just now (columns as of sched_outbound.sql), and this
 * process's own servers. One reference. */
struct drmgmt__rows;
int drmgmt__outbound_policy(drmgmt_session *session, const struct drmgmt__rows *rows, drmgmt__net_policy **policy,
                            drmgmt_error **error);

/* A connection to PostgreSQL or Redis was made: nobody may reach its other end through this system. */
void drmgmt__outbound_own(drmgmt_context *context, int fd);

#endif
