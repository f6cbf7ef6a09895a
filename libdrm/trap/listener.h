/* The listener's state, shared by its two threads: the receiver (receive.c), which never waits for anything but
 * datagrams, and the clerk (clerk.c), which asks and tells PostgreSQL. Made and ended in listener.c. Internal.
 *
 *     datagrams -> receiver --addresses--> clerk --PostgreSQL
 *                  receiver <--senders---- clerk
 *                  receiver --events-----> clerk --PostgreSQL, Redis, answers to informs */
#ifndef DRMGMT_TRAP_LISTENER_H
#define DRMGMT_TRAP_LISTENER_H

#include "metric/metric.h"
#include "trap/event.h"
#include "trap/once.h"
#include "trap/sender.h"
#include "trap/source.h"
#include "trap/window.h"
#include <drm/trap.h>
#include <pthread.h>
#include <stdatomic.h>

enum {
    DRMGMT__TRAP_SOCKETS_MAX = 16,
    DRMGMT__TRAP_EVENTS_MAX = 20000, /* that wait for the database */
    DRMGMT__TRAP_EVENTS_BYTES_MAX = 32 << 20,
    DRMGMT__TRAP_PARKED_MAX = 2048, /* datagrams that wait to learn who sent them */
    DRMGMT__TRAP_PARKED_BYTES_MAX = 4 << 20,
    DRMGMT__TRAP_PARKED_MS = 10000,
    DRMGMT__TRAP_ASK_MAX = 256 /* addresses a question to the database */
};

typedef struct drmgmt__trap_socket {
    int fd;
    char text[DRMGMT__NET_ADDRESS_TEXT];
} drmgmt__trap_socket;

/* A datagram that waits for an answer about an address. */
typedef struct drmgmt__trap_parked {
    struct drmgmt__trap_parked *next;
    int fd;
    drmgmt__net_address from, about;
    uint64_t at_ms;
    int64_t wall_ms;
    size_t length;
    uint8_t packet[];
} drmgmt__trap_parked;

/* Our own engine, to which informs of version 3 are addressed. */
typedef struct drmgmt__trap_engine {
    uint8_t id[32];
    size_t n; /* 0: not known yet */
    int32_t boots;
    uint64_t started_ms;
} drmgmt__trap_engine;

struct drmgmt_trap_listener {
    drmgmt_context *context;
    drmgmt__trap_socket sockets[DRMGMT__TRAP_SOCKETS_MAX];
    size_t n_sockets;
    unsigned rate;
    int wake_fd; /* eventfd: something for the receiver */

    /* any thread */
    atomic_bool stopping;
    atomic_bool away; /* PostgreSQL does not answer: what was known stays good */
    struct {
        atomic_ullong received, stored, acknowledged, malformed, unknown, refused, replayed, repeated, dropped;
        atomic_ullong versions[3]; /* 1, 2c, 3 */
    } stats;
    drmgmt__metrics *metrics;
    drmgmt__trap_once *informs;

    /* between the threads */
    pthread_mutex_t mutex;
    pthread_cond_t clerk_wake;
    drmgmt__net_address questions[DRMGMT__TRAP_ASK_MAX];
    size_t n_questions;
    drmgmt__trap_senders *answers;
    drmgmt__trap_event *events, **events_end;
    size_t n_events, event_bytes; /* also those in the clerk's hands */
    drmgmt__trap_engine engine;
    bool receiver_over; /* no more events */

    /* the receiver's own */
    drmgmt__trap_sources *sources;
    drmgmt__trap_windows *windows;
    drmgmt__trap_parked *parked, **parked_end;
    size_t n_parked, parked_bytes;
    uint64_t told_ms; /* when the last summary of what was turned away was logged */
    uint64_t told_sum;
};

/* receive.c: runs until stopping. */
void drmgmt__trap_receive(drmgmt_trap_listener *l);
/* clerk.c: a thread's entry; ends when the receiver has ended and all is stored, or after 5 s. */
void *drmgmt__trap_clerk(void *listener);
/* listener.c: wakes the receiver. */
void drmgmt__trap_wake(drmgmt_trap_listener *l);
/* clerk.c: sends an answer, if anybody may be sent something at that address. Any thread. */
void drmgmt__trap_answer(drmgmt_trap_listener *l, int fd, const drmgmt__net_address *to, const void *packet,
                         size_t length);

#endif
