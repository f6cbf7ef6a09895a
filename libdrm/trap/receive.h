/* What the files of the receiver share: receive.c (datagrams, versions 1 and 2c), version3.c, notify.c (an
 * authenticated notification becomes events). The receiver's thread only. Internal. */
#ifndef DRMGMT_TRAP_RECEIVE_H
#define DRMGMT_TRAP_RECEIVE_H

#include "proto/snmp/message.h"
#include "trap/listener.h"

typedef struct drmgmt__trap_datagram {
    int fd;
    drmgmt__net_address from;
    int64_t wall_ms;    /* since 1970: when it came */
    uint64_t parked_ms; /* since when it waits for an answer; 0: it is new */
    const uint8_t *packet;
    size_t length;
} drmgmt__trap_datagram;

/* The devices whose secrets proved one message. */
enum { DRMGMT__TRAP_MATCHES_MAX = 256, DRMGMT__TRAP_MATCHES_TENANT_MAX = 16 };
typedef struct drmgmt__trap_matches {
    const drmgmt__trap_sender *senders[DRMGMT__TRAP_MATCHES_MAX];
    size_t n;
} drmgmt__trap_matches;

/* Adds one, unless there are too many of its tenant, whose devices then cannot be told apart. */
void drmgmt__trap_matched(drmgmt__trap_matches *matches, const drmgmt__trap_sender *sender);
/* receive.c: nothing proved the message. It is refused if what is known was asked for after it came, else it
 * waits for that. */
void drmgmt__trap_unproved(drmgmt_trap_listener *l, const drmgmt__trap_datagram *d, bool stranger);

/* notify.c: one event for each match. ack: what an inform is answered with, by which a repetition of it is known, too;
 * taken over; NULL for traps. */
void drmgmt__trap_notify(drmgmt_trap_listener *l, const drmgmt__trap_datagram *d, const drmgmt__snmp_message *m,
                         const drmgmt__trap_matches *matches, const char *user, drmgmt__trap_ack *ack);
/* notify.c: memory for an answer of length bytes to a datagram; NULL when it is out. */
drmgmt__trap_ack *drmgmt__trap_ack_new(const drmgmt__trap_datagram *d, const void *packet, size_t length);

/* version3.c: a message of version 3 from an address with devices. */
void drmgmt__trap_version3(drmgmt_trap_listener *l, const drmgmt__trap_datagram *d, drmgmt__snmp_message *m,
                           const drmgmt__trap_senders *senders);

#endif
