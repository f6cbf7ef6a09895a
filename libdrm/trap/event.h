/* Events on their way to the database. Made by the receiver, stored by the clerk. Internal. */
#ifndef DRMGMT_TRAP_EVENT_H
#define DRMGMT_TRAP_EVENT_H

#include "net/address.h"
#include "store/store.h"
#include "trap/once.h"

/* What an inform is answered with, once its event is stored. */
typedef struct drmgmt__trap_ack {
    int fd;
    drmgmt__net_address to;
    drmgmt__trap_mark mark; /* by which a repetition is known */
    size_t length;
    uint8_t packet[];
} drmgmt__trap_ack;

typedef struct drmgmt__trap_event {
    struct drmgmt__trap_event *next;
    char id[37], tenant_id[37], device_id[37];
    int64_t at_ms; /* since 1970 */
    char kind[16];
    char source[64];
    char *oid, *name, *detail; /* malloc()ed; name may be NULL */
    size_t bytes;              /* of memory */
    drmgmt__trap_ack *ack;     /* NULL: none is wanted */
    bool stored;
} drmgmt__trap_event;

void drmgmt__trap_event_free(drmgmt__trap_event *event); /* NULL is allowed */
/* Stores a list of events in one transaction and marks those that are: not those of devices that are gone. Safe to
 * repeat. One that PostgreSQL does not take is logged and counts as of a device that is gone. */
int drmgmt__trap_events_store(drmgmt_session *system, drmgmt__trap_event *const *events, size_t n,
                              drmgmt_error **error);
/* Publishes one as the entity "event". */
void drmgmt__trap_event_publish(drmgmt_context *context, const drmgmt__trap_event *event);

#endif
