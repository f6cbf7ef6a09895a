/* What the receiver remembers of the addresses that datagrams come from: how much each may still send, and whose
 * devices are there. Bounded: those not heard of for longest are forgotten. The receiver's thread only. Internal. */
#ifndef DRMGMT_TRAP_SOURCE_H
#define DRMGMT_TRAP_SOURCE_H

#include "trap/sender.h"
#include <stdbool.h>

enum {
    DRMGMT__TRAP_SOURCES_MAX = 65536, /* addresses with devices */
    DRMGMT__TRAP_STRANGERS_MAX = 16384,
    DRMGMT__TRAP_SENDERS_MAX = 262144, /* devices at all of them */
    DRMGMT__TRAP_PAUSE_MS = 200,       /* between two questions about one address */
    DRMGMT__TRAP_FRESH_MS = 2000       /* how long an answer of the database is good for */
};

typedef struct drmgmt__trap_source {
    struct drmgmt__trap_source *next;          /* in its bucket */
    struct drmgmt__trap_source *newer, *older; /* in its list */
    drmgmt__net_address address;               /* port 0 */
    drmgmt__trap_senders *senders;             /* NULL: not asked for yet */
    uint64_t answered_ms, asked_ms;            /* 0: never; not now */
    uint64_t known_ms;                         /* when what is known was asked for */
    double tokens;
    uint64_t tokens_ms;
    bool listed_known;
} drmgmt__trap_source;

typedef struct drmgmt__trap_sources drmgmt__trap_sources;

drmgmt__trap_sources *drmgmt__trap_sources_new(void); /* NULL when memory is out */
void drmgmt__trap_sources_free(drmgmt__trap_sources *sources);
/* The source of an address, made when it is new; NULL when memory is out. Lives until the next call with another
 * address. */
drmgmt__trap_source *drmgmt__trap_source_of(drmgmt__trap_sources *sources, const drmgmt__net_address *address);
/* Takes one datagram off what the source may send; false: it has sent too much. rate 0: no limit. */
bool drmgmt__trap_source_may(drmgmt__trap_source *source, unsigned rate, uint64_t now_ms);
/* Takes an answer over; nobody waits for it if the source was forgotten. */
void drmgmt__trap_sources_answer(drmgmt__trap_sources *sources, drmgmt__trap_senders *answer, uint64_t now_ms);

#endif
