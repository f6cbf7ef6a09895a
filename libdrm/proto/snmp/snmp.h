/* SNMP inside: what the files of this room share. Everything runs in the worker's loop thread, but for what params.c,
 * oid.c and names.c do, which is pure and called at submission from any thread, and resolve.c's own threads.
 *
 *     driver.c   the const struct: operations, checks, open and close
 *     request.c  one operation from begin to end: timers, retries, matching of answers
 *     session.c  one agent as one tenant with one community asks it: how much may be in flight
 *     socket.c   the two UDP sockets and the kernel's reports of undeliverable datagrams
 *     resolve.c  host names, without blocking
 *     codec.c    bytes to PDU and back;  result.c  PDU to JSON: the two that see net-snmp
 *     params.c   parameters and settings;  oid.c, names.c  object identifiers and their names */
#ifndef DRMGMT_PROTO_SNMP_SNMP_H
#define DRMGMT_PROTO_SNMP_SNMP_H

#include "core/strbuf.h"
#include "net/address.h"
#include "proto/snmp/table.h"
#include <drm/driver.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

/* ---- object identifiers (oid.c) ---- */
enum { DRMGMT__OID_ARCS_MAX = 128 }; /* RFC 3416, section 4.1 */

typedef struct drmgmt__oid {
    const uint32_t *arcs;
    size_t n;
} drmgmt__oid;

/* Dotted numbers with or without a leading dot, to arcs and *n. NULL, or what is wrong with it (static text). */
const char *drmgmt__oid_parse(const char *text, uint32_t arcs[DRMGMT__OID_ARCS_MAX], size_t *n);
void drmgmt__oid_print(drmgmt__strbuf *out, const drmgmt__oid *oid);
bool drmgmt__oid_equal(const drmgmt__oid *a, const drmgmt__oid *b);

/* ---- names (names.c): the two calls that a MIB catalog will answer too ---- */
enum {
    DRMGMT__SNMP_SCALAR = 1, /* its only instance is .0 */
    DRMGMT__SNMP_COLUMN = 2, /* its instances are the rows' indices */
    DRMGMT__SNMP_BINARY = 4  /* octets that are never text: shown in hex even if they look like it */
};

typedef struct drmgmt__snmp_name {
    const char *module, *name;
    drmgmt__oid oid; /* of the object, without the instance */
    unsigned flags;
} drmgmt__snmp_name;

/* The object of this name (length bytes), in this module unless module_length is 0. NULL: not known. */
const drmgmt__snmp_name *drmgmt__snmp_name_find(const char *module, size_t module_length, const char *name,
                                                size_t length);
/* The object that oid is, or is an instance of. NULL: not known. */
const drmgmt__snmp_name *drmgmt__snmp_name_of(const drmgmt__oid *oid);
/* All of them, ordered by OID. */
const drmgmt__snmp_name *drmgmt__snmp_names(size_t *n);
/* "sysDescr.0"; false and nothing written if the object is not known. */
bool drmgmt__snmp_name_print(drmgmt__strbuf *out, const drmgmt__oid *oid);

/* ---- parameters and settings (params.c) ---- */
enum { DRMGMT__SNMP_OIDS_MAX = 128 };
enum { DRMGMT__SNMP_V1 = 0, DRMGMT__SNMP_V2C = 1 }; /* as on the wire */

typedef struct drmgmt__snmp_settings {
    int version;
    unsigned timeout_ms, retries;
} drmgmt__snmp_settings;

typedef struct drmgmt__snmp_objects { /* what a request asks for, in its order */
    size_t n;
    drmgmt__oid *oids;
    uint32_t *arcs; /* of all of them */
} drmgmt__snmp_objects;

int drmgmt__snmp_settings_read(const char *settings, drmgmt__snmp_settings *out, drmgmt_error **error);
int drmgmt__snmp_get_params_read(const char *params, drmgmt__snmp_objects *out, drmgmt_error **error);
void drmgmt__snmp_objects_free(drmgmt__snmp_objects *objects);

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

/* ---- messages (codec.c, result.c) ---- */
enum { DRMGMT__SNMP_MESSAGE_MAX = 65507, DRMGMT__SNMP_COMMUNITY_MAX = 255 };

struct snmp_pdu; /* net-snmp's */
typedef struct drmgmt__snmp_message {
    int version;
    uint8_t community[DRMGMT__SNMP_COMMUNITY_MAX + 1];
    size_t community_length;
    struct snmp_pdu *pdu;
    uint32_t request_id;
    long error_status, error_index;
} drmgmt__snmp_message;

/* Sets net-snmp up for this use of it, once in a process. */
void drmgmt__snmp_codec_open(void);
/* Writes a GET into packet (room for DRMGMT__SNMP_MESSAGE_MAX bytes). Returns its length, 0 if it is too long. */
size_t drmgmt__snmp_encode_get(int version, const char *community, uint32_t request_id,
                               const drmgmt__snmp_objects *objects, uint8_t *packet);
/* A response of version 1 or 2c. False: the bytes are none. Free it with drmgmt__snmp_message_free(). */
bool drmgmt__snmp_decode(uint8_t *packet, size_t length, drmgmt__snmp_message *out);
void drmgmt__snmp_message_free(drmgmt__snmp_message *message);
/* The request id in the first bytes of a message of ours, as an ICMP error quotes it. False: too few of them. */
bool drmgmt__snmp_quoted_id(const uint8_t *packet, size_t length, uint32_t *request_id);

/* {"varbinds":[...]}. NULL, or what is wrong with the answer to these objects (static text). */
const char *drmgmt__snmp_result(drmgmt__strbuf *out, const drmgmt__snmp_message *message,
                                const drmgmt__snmp_objects *objects);

typedef struct drmgmt__snmp_status { /* an error-status */
    const char *name, *hint;
    bool retryable;
} drmgmt__snmp_status;
const drmgmt__snmp_status *drmgmt__snmp_status_of(long error_status);

/* ---- sockets (socket.c) ---- */
typedef struct drmgmt__snmp drmgmt__snmp;
typedef struct drmgmt__snmp_request drmgmt__snmp_request;
TAILQ_HEAD(drmgmt__snmp_queue, drmgmt__snmp_request);

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
/* How many requests of one session are in flight at once; more wait. What exceeds an agent's socket buffer is lost, and
 * each lost datagram costs a whole timeout: with 5,000 in flight at one snmpd 6 in 100 gets timed out for good and it
 * answered 25,000 a second, with 16 it answers 95,000 and none is lost. */
enum { DRMGMT__SNMP_WINDOW = 16 };

typedef struct drmgmt__snmp_session {
    drmgmt__link link;
    drmgmt__net_address address;
    int version;
    char *community, *tenant;
    unsigned requests, in_flight;
    struct drmgmt__snmp_queue waiting;
    uint64_t heard_ms; /* when the agent last answered; 0: never */
} drmgmt__snmp_session;

/* The session of these four, made if it is new. NULL when memory is out. It is left with drmgmt__snmp_session_leave().
 */
drmgmt__snmp_session *drmgmt__snmp_session_join(drmgmt__snmp *snmp, const drmgmt__net_address *address, int version,
                                                const char *community, const char *tenant);
void drmgmt__snmp_session_leave(drmgmt__snmp *snmp, drmgmt__snmp_session *session); /* the last one frees it */

/* ---- requests (request.c) ---- */
struct drmgmt__snmp_request {
    drmgmt__link link; /* in the table by request id, from the first sending on */
    TAILQ_ENTRY(drmgmt__snmp_request) entry;
    struct drmgmt__snmp_queue *queue; /* the one it stands in, or NULL */
    drmgmt__waiter waiter;
    drmgmt__snmp *snmp;
    drmgmt_op *op;
    drmgmt_timer *timer;
    drmgmt__snmp_session *session;
    drmgmt__snmp_settings settings;
    drmgmt__snmp_objects objects;
    int send_errno;        /* why sending failed: told in the loop's next turn */
    drmgmt_error *refusal; /* the outbound policy's, with EPERM */
    uint64_t began_ms;
    unsigned tries; /* timeouts that have passed */
    uint32_t id;
    bool in_flight;
};

typedef struct drmgmt__snmp_counts {
    uint64_t sent, resent, answered;
    uint64_t malformed; /* dropped: no SNMP response */
    uint64_t stray;     /* dropped: nobody waits for this request id (late, twice, made up) */
    uint64_t foreign;   /* dropped: from another address, or with another version or community, than was asked */
} drmgmt__snmp_counts;

struct drmgmt__snmp { /* the driver's state in a worker */
    drmgmt_loop *loop;
    drmgmt__snmp_socket v4, v6;
    drmgmt__resolver *resolver;
    drmgmt__table requests, sessions;
    drmgmt__snmp_counts counts;
    drmgmt__strbuf out;
    uint32_t ids[64]; /* random; taken from the end */
    unsigned n_ids;
    uint64_t hash_seed;
    struct drmgmt__snmp_mailbox *mailbox; /* what datagrams are received into */
    uint8_t packet[DRMGMT__SNMP_MESSAGE_MAX];
};

void drmgmt__snmp_begin(void *state, drmgmt_op *op);
void drmgmt__snmp_cancel(void *state, drmgmt_op *op);
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
