/* The listener for SNMP traps and informs, of versions 1, 2c and 3: finds out which tenants' device a message is of,
 * stores it as that device's event (drm/event.h) and publishes it. drm-worker runs one; an embedding program may run
 * one in a thread.
 *
 * A message belongs to a device whose SNMP profile has the address it came from and whose credential it proves: the
 * community, or in version 3 the user's key (authNoPriv at least: a message that nothing authenticates is nobody's).
 * Tenants whose networks overlap may have the same address; each gets only what its own secret proves. docs/traps.md.
 */
#ifndef DRMGMT_TRAP_H
#define DRMGMT_TRAP_H

#include <drm/context.h>
#include <stdint.h>

DRMGMT_BEGIN

typedef struct drmgmt_trap_listener drmgmt_trap_listener;

typedef struct drmgmt_trap_stats {
    uint64_t received;     /* datagrams */
    uint64_t stored;       /* events */
    uint64_t acknowledged; /* informs, after they were stored; repeated ones each time */
    uint64_t malformed;    /* no SNMP notification */
    uint64_t unknown;      /* from an address that no device has */
    uint64_t refused;      /* from a device's address, without a secret that proves it */
    uint64_t replayed;     /* version 3: outside of the time window, or seen before */
    uint64_t repeated;     /* informs that were sent again */
    uint64_t dropped;      /* more than a source may send, or than can wait */
    uint64_t waiting;      /* events not yet stored, now */
} drmgmt_trap_stats;

/* A listener without sockets. The context needs a keyring. */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_trap_listener_new(drmgmt_context *context, drmgmt_trap_listener **listener,
                                                         drmgmt_error **error);
/* Binds a socket to "192.0.2.1:162", "0.0.0.0:162" or "[::]:162" (IPv6 only; 16 at most; port 0: a free one), before it
 * runs. Errors: INVALID, IO (the address is in use, or not this machine's, or the port needs privileges), LIMIT. */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_trap_listener_add(drmgmt_trap_listener *listener, const char *address,
                                                         drmgmt_error **error);
/* The i-th address it is bound to, with its port; NULL past the end. Lives as long as the listener. */
DRMGMT_API const char *drmgmt_trap_listener_address(const drmgmt_trap_listener *listener, size_t i);
/* Datagrams a second that are taken from one source address, after twice as many at once; 0: no limit. 200 unless told
 * otherwise. Before it runs. */
DRMGMT_API void drmgmt_trap_listener_set_rate(drmgmt_trap_listener *listener, unsigned per_second);
/* Runs until drmgmt_trap_listener_stop(); blocks the calling thread and starts one of its own. While PostgreSQL is away
 * events wait, up to 20,000 of them or 32 MiB; informs are acknowledged when they are stored. Returns 0 after a stop.
 */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_trap_listener_run(drmgmt_trap_listener *listener, drmgmt_error **error);
/* Ends the run: what is received is stored, for 5 s at most. Any thread; safe in a signal handler. */
DRMGMT_API void drmgmt_trap_listener_stop(drmgmt_trap_listener *listener);
DRMGMT_API void drmgmt_trap_listener_stats_get(const drmgmt_trap_listener *listener,
                                               drmgmt_trap_stats *stats);  /* any thread */
DRMGMT_API void drmgmt_trap_listener_free(drmgmt_trap_listener *listener); /* NULL is allowed; not while it runs */

DRMGMT_END

#endif
