/* One question to an agent and its answer: retries, window, matching, ICMP errors, and in version 3 discovery and
 * security. Operations and discovery sweeps are written on it. Loop thread only. Internal.
 *
 *     drmgmt__snmp_peer *peer = drmgmt__snmp_peer_of_op(snmp, op, &failure);   // or _peer_open()
 *     drmgmt__snmp_question q = { .type = DRMGMT__SNMP_GET, .varbinds = vbs, .n = 2 };
 *     exchange = drmgmt__snmp_ask(peer, &q, on_answer, user);
 *
 * on_answer() is called once, never before drmgmt__snmp_ask() has returned, and not at all after
 * drmgmt__snmp_ask_cancel(). It may ask the peer again, and may close it. */
#ifndef DRMGMT_PROTO_SNMP_EXCHANGE_H
#define DRMGMT_PROTO_SNMP_EXCHANGE_H

#include "proto/snmp/message.h"
#include <drm/driver.h>

typedef struct drmgmt__snmp drmgmt__snmp; /* the driver's state in a worker */
typedef struct drmgmt__snmp_peer drmgmt__snmp_peer;
typedef struct drmgmt__snmp_exchange drmgmt__snmp_exchange;

typedef struct drmgmt__snmp_settings { /* of a profile, read by params.c */
    int version;
    unsigned timeout_ms, retries;
    bool any_source;    /* an answer may come from another address than was asked */
    bool version_given; /* else the credential's counts */
} drmgmt__snmp_settings;

typedef struct drmgmt__snmp_target {
    const drmgmt_op *op; /* whose tenant's outbound policy is asked for each datagram; outlives the peer */
    const char *address; /* a literal or a host name; copied */
    unsigned port;       /* 0: 161 */
    drmgmt__snmp_settings settings;
    drmgmt_op_credential login; /* copied; which of it counts, the version tells */
} drmgmt__snmp_target;

typedef struct drmgmt__snmp_failure { /* as drmgmt_op_fail() wants it */
    const char *code;
    char message[400];
    bool retryable;
} drmgmt__snmp_failure;

/* A peer as told. NULL: *failure says what is lacking or wrong. */
drmgmt__snmp_peer *drmgmt__snmp_peer_open(drmgmt__snmp *snmp, const drmgmt__snmp_target *target,
                                          drmgmt__snmp_failure *failure);
/* The device of an operation, with its profile's settings and credential. */
drmgmt__snmp_peer *drmgmt__snmp_peer_of_op(drmgmt__snmp *snmp, const drmgmt_op *op, drmgmt__snmp_failure *failure);
/* Cancels what is asked. NULL is allowed. */
void drmgmt__snmp_peer_close(drmgmt__snmp_peer *peer);
const drmgmt__snmp_settings *drmgmt__snmp_peer_settings(const drmgmt__snmp_peer *peer);

typedef struct drmgmt__snmp_question {
    uint8_t type;                           /* GET, GETNEXT, GETBULK, SET */
    bool once;                              /* is never sent twice */
    int32_t non_repeaters, max_repetitions; /* GETBULK */
    const drmgmt__snmp_varbind *varbinds; /* lent until it is answered or cancelled, with all that they point to. Values
                                           * count with SET only. */
    size_t n;
} drmgmt__snmp_question;

typedef struct drmgmt__snmp_answer {
    int32_t error_status, error_index; /* RFC 3416, section 3; index from 1 */
    drmgmt__snmp_cursor cursor;        /* over the varbinds, which may be fewer or others than were asked for */
} drmgmt__snmp_answer;

/* Either failure or answer is not NULL; both live during the call. An error-status other than 0 is an answer. */
typedef void drmgmt__snmp_answered_fn(void *user, const drmgmt__snmp_failure *failure, drmgmt__snmp_answer *answer);

/* NULL when memory or random numbers are out. */
drmgmt__snmp_exchange *drmgmt__snmp_ask(drmgmt__snmp_peer *peer, const drmgmt__snmp_question *question,
                                        drmgmt__snmp_answered_fn *answered, void *user);
void drmgmt__snmp_ask_cancel(drmgmt__snmp_exchange *exchange);

#endif
