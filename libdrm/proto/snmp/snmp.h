/* SNMP inside: what the files of this room share. Everything runs in the worker's loop thread, but for what params.c,
 * oid.c and names.c do, which is pure and called at submission from any thread, and resolve.c's own threads.
 *
 *     driver.c    the const struct: operations, checks, open and close
 *     operation.c what operations share: how they begin and end;  get.c, set.c, walk.c, rows.c (table)  the operations
 *     walker.c    going through subtrees, for walk.c and rows.c
 *     exchange.c  one question and its answer: timers, retries, matching
 *     peer.c      who is asked and how: an address or a name, settings, a credential
 *     session.c   one agent as one tenant with one credential asks it: how much may be in flight
 *     security.c  version 3 for a session: keys, engine, time;  ku.c  passphrases hashed once;  usm.c  RFC 3414
 *     socket.c    the two UDP sockets and the kernel's reports of undeliverable datagrams
 *     resolve.c   host names, without blocking
 *     message.c, ber.c  bytes to messages and back;  result.c, value.c  varbinds to JSON;  hint.c  DISPLAY-HINTs
 *     params.c, walk_params.c, set_params.c, object.c  parameters and settings
 *     oid.c       object identifiers;  names.c, names_data.c  what is known of objects;  index.c  indices of rows */
#ifndef DRMGMT_PROTO_SNMP_SNMP_H
#define DRMGMT_PROTO_SNMP_SNMP_H

#include "core/strbuf.h"
#include "net/address.h"
#include "proto/snmp/exchange.h"
#include "proto/snmp/kept.h"
#include "proto/snmp/message.h"
#include "proto/snmp/oid.h"
#include "proto/snmp/params.h"
#include "proto/snmp/security.h"
#include "proto/snmp/table.h"
#include "proto/snmp/value.h"
#include <drm/driver.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

/* ---- settings (params.c) ---- */
/* "1", "2c" or "3" to what it is on the wire; false: another text, *version is as before. */
bool drmgmt__snmp_version_read(const char *text, int *version);
int drmgmt__snmp_settings_read(const char *settings, drmgmt__snmp_settings *out, drmgmt_error **error);

/* ---- host names (resolve.c) ---- */
typedef struct drmgmt__resolver drmgmt__resolver;
typedef struct drmgmt__resolving drmgmt__resolving; /* a name that is being looked up or is cached */
typedef struct drmgmt__waiter {
    TAILQ_ENTRY(drmgmt__waiter) entry;
    drmgmt__resolving *on; /* NULL: not waiting */
    /* Told once, with on NULL. address has port 0; NULL: not found, reason says why. */
    void (*resolved)(struct drmgmt__waiter *waiter, const drmgmt__net_address *address, const char *reason,
                     bool retryable);
} drmgmt__waiter;

int drmgmt__resolver_new(drmgmt_loop *loop, drmgmt__resolver **out, drmgmt_error **error);
/* Nobody may wait any more. A thread that is in the middle of a look-up ends by itself later. */
void drmgmt__resolver_free(drmgmt__resolver *resolver);
/* Tells waiter->resolved() before it returns if the name is cached, else later. */
void drmgmt__resolve(drmgmt__resolver *resolver, const char *name, drmgmt__waiter *waiter);
void drmgmt__resolve_cancel(drmgmt__waiter *waiter); /* not waiting is no error */

/* ---- results (result.c) ---- */
/* The varbinds of an answer to n objects, with commas between. same: they must be these objects. NULL, or what is wrong
 * with the answer (static text). */
const char *drmgmt__snmp_put_answer(drmgmt__strbuf *out, drmgmt__snmp_render *render, drmgmt__snmp_cursor *cursor,
                                    const drmgmt__oid *oids, size_t n, bool same);
/* {"varbinds":[...]} of a whole one. */
const char *drmgmt__snmp_result(drmgmt__strbuf *out, drmgmt__snmp_cursor *cursor, const drmgmt__snmp_objects *objects);

typedef struct drmgmt__snmp_status { /* an error-status */
    const char *name, *hint;
    bool retryable;
} drmgmt__snmp_status;
const drmgmt__snmp_status *drmgmt__snmp_status_of(long error_status);

/* ---- sockets (socket.c) ---- */
TAILQ_HEAD(drmgmt__snmp_queue, drmgmt__snmp_exchange);

typedef struct drmgmt__snmp_socket {
    drmgmt__snmp *snmp;
    drmgmt_watch *watch;
    int fd;                           /* -1: this machine has not got the family */
    struct drmgmt__snmp_queue unsent; /* wait until the kernel takes datagrams again */
} drmgmt__snmp_socket;

int drmgmt__snmp_socket_open(drmgmt__snmp *snmp, drmgmt__snmp_socket *out, int family, drmgmt_error **error);
void drmgmt__snmp_socket_close(drmgmt__snmp_socket *sock);
/* For this operation. 0 or an errno; EAGAIN: the socket takes nothing now; EPERM: the outbound policy refuses, *refusal
 * says why. */
int drmgmt__snmp_socket_send(drmgmt__snmp_socket *sock, const drmgmt_op *op, const drmgmt__net_address *to,
                             const void *packet, size_t length, drmgmt_error **refusal);

/* ---- sessions (session.c) ---- */
/* How many questions of one session are in flight at once; more wait. What exceeds an agent's socket buffer is lost,
 * and each lost datagram costs a whole timeout: with 5,000 in flight at one snmpd 6 in 100 gets timed out for good and
 * it answered 25,000 a second, with 16 it answers 95,000 and none is lost. */
enum { DRMGMT__SNMP_WINDOW = 16 };

typedef struct drmgmt__snmp_session {
    drmgmt__link link;
    drmgmt__net_address address;
    int version;
    char *credential, *tenant;       /* the community; in version 3 what tells logins apart */
    drmgmt__snmp_security *security; /* version 3 only */
    drmgmt__snmp *snmp;
    unsigned peers, in_flight;
    struct drmgmt__snmp_queue waiting;
    uint64_t heard_ms;                      /* when the agent last answered; 0: never */
    TAILQ_ENTRY(drmgmt__snmp_session) idle; /* without peers; of version 3 only */
    uint64_t left_round;                    /* in which it became idle */
} drmgmt__snmp_session;
TAILQ_HEAD(drmgmt__snmp_sessions, drmgmt__snmp_session);

/* The session of these, made if it is new. NULL when memory is out. It is left with drmgmt__snmp_session_leave(). */
drmgmt__snmp_session *drmgmt__snmp_session_join(drmgmt__snmp *snmp, const drmgmt__net_address *address, int version,
                                                const drmgmt_op_credential *login, const char *tenant);
/* The last one frees it; of version 3 it is kept for a while, for what is known of the engine. */
void drmgmt__snmp_session_leave(drmgmt__snmp *snmp, drmgmt__snmp_session *session);
/* Ends a round: what was idle through all of it is forgotten, with its keys. */
void drmgmt__snmp_sessions_round(drmgmt__snmp *snmp);
void drmgmt__snmp_sessions_free(drmgmt__snmp *snmp); /* those that are kept */

/* ---- peers (peer.c) and exchanges (exchange.c); exchange.h is their outside ---- */
struct drmgmt__snmp_peer {
    drmgmt__snmp *snmp;
    const drmgmt_op *op;
    drmgmt__snmp_settings settings;
    drmgmt__snmp_session *session; /* NULL: the address is not known yet */
    drmgmt__waiter waiter;         /* for a name's address */
    struct drmgmt__snmp_queue asked;
    bool looking_up;
    uint16_t port;
    char *address;
    drmgmt_op_credential login; /* in secrets */
    char *secrets;
    size_t secrets_size;
};

struct drmgmt__snmp_exchange {
    drmgmt__link link; /* in the table by request id, from the first sending on */
    TAILQ_ENTRY(drmgmt__snmp_exchange) entry, of_peer;
    struct drmgmt__snmp_queue *queue; /* the one it stands in, or NULL */
    drmgmt__snmp_peer *peer;
    drmgmt_timer *timer;
    drmgmt__snmp_question question;
    drmgmt__snmp_answered_fn *answered;
    void *user;
    uint64_t began_ms;
    unsigned tries; /* timeouts that have passed */
    uint32_t id;
    bool in_flight;
    bool engine_learnt, time_learnt; /* version 3: because of this question */
    drmgmt__snmp_failure failure;    /* code not NULL: told in the loop's next turn */
};

/* Looks for peer's address if that is not known. */
void drmgmt__snmp_peer_find(drmgmt__snmp_peer *peer);
/* In peer.c's hands to exchange.c's: its session is there. */
void drmgmt__snmp_exchange_start(drmgmt__snmp_exchange *x);
void drmgmt__snmp_fail(drmgmt__snmp_failure *failure, const char *code, bool retryable, const char *format, ...)
    DRMGMT_PRINTF(4, 5);
/* Ends it in the loop's next turn. */
void drmgmt__snmp_exchange_fail(drmgmt__snmp_exchange *x, const drmgmt__snmp_failure *failure);

typedef struct drmgmt__snmp_counts {
    uint64_t sent, resent, answered;
    uint64_t malformed; /* dropped: no SNMP response */
    uint64_t stray;     /* dropped: nobody waits for this request id (late, twice, made up) */
    uint64_t foreign;   /* dropped: from another address, or with another version or credential, than was asked */
} drmgmt__snmp_counts;

struct drmgmt__snmp { /* the driver's state in a worker */
    drmgmt_loop *loop;
    drmgmt__snmp_socket v4, v6;
    drmgmt__resolver *resolver;
    drmgmt__kus *kus;
    drmgmt__table exchanges, sessions;
    struct drmgmt__snmp_sessions idle; /* the longest unused first */
    size_t n_idle;
    uint64_t round; /* of rounds_timer */
    drmgmt_timer *rounds_timer;
    drmgmt__snmp_counts counts;
    drmgmt__kept_store kept; /* parameters that were read */
    drmgmt__strbuf out;
    drmgmt__snmp_render render; /* of all results: thousands of operations ask for the same objects */
    uint32_t ids[64];           /* random; taken from the end */
    unsigned n_ids;
    uint64_t hash_seed;
    struct drmgmt__snmp_mailbox *mailbox; /* what datagrams are received into */
    uint8_t packet[DRMGMT__SNMP_MESSAGE_MAX], scratch[DRMGMT__SNMP_MESSAGE_MAX];
};

/* Sends what the session's window lets through. */
void drmgmt__snmp_pump(drmgmt__snmp *snmp, drmgmt__snmp_session *session);
/* Sends what had to wait for the socket. */
void drmgmt__snmp_flush(drmgmt__snmp_socket *sock);
/* A datagram has come; its bytes may be changed. */
void drmgmt__snmp_received(drmgmt__snmp *snmp, const drmgmt__net_address *from, uint8_t *packet, size_t length);
/* The network says that a datagram of ours, of which packet is the beginning, could not be delivered. */
void drmgmt__snmp_undeliverable(drmgmt__snmp *snmp, const drmgmt__net_address *to, const uint8_t *packet, size_t length,
                                int error);

#endif
