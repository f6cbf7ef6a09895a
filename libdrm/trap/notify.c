/* A notification that somebody's secret proved becomes that somebody's events. Called by receive.c and version3.c;
 * hands events to the clerk. */
#include "core/core.h"
#include "trap/receive.h"
#include "trap/told.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

drmgmt__trap_ack *drmgmt__trap_ack_new(const drmgmt__trap_datagram *d, const void *packet, size_t length)
{
    drmgmt__trap_ack *ack = calloc(1, sizeof *ack + length);

    if (ack) {
        ack->fd = d->fd;
        ack->to = d->from;
        ack->length = length;
        memcpy(ack->packet, packet, length);
    }
    return ack;
}

static char *copy(const drmgmt__strbuf *text)
{
    return text->length ? strndup(text->data, text->length) : NULL;
}

static drmgmt__trap_event *make_event(const drmgmt__trap_datagram *d, const drmgmt__trap_sender *sender,
                                      const drmgmt__trap_told *told)
{
    drmgmt__trap_event *e = calloc(1, sizeof *e);
    char source[DRMGMT__NET_ADDRESS_TEXT];

    if (!e)
        return NULL;
    snprintf(e->tenant_id, sizeof e->tenant_id, "%s", sender->tenant_id);
    snprintf(e->device_id, sizeof e->device_id, "%s", sender->device_id);
    snprintf(e->kind, sizeof e->kind, "%s", told->kind);
    snprintf(e->source, sizeof e->source, "%s", drmgmt__net_host_print(&d->from, source));
    e->at_ms = d->wall_ms;
    e->oid = copy(&told->oid);
    e->name = copy(&told->name);
    e->detail = copy(&told->detail);
    e->bytes = sizeof *e + told->oid.length + told->name.length + told->detail.length;
    if (!e->detail || (told->oid.length && !e->oid) || drmgmt__uuid_v7(e->id)) {
        drmgmt__trap_event_free(e);
        return NULL;
    }
    return e;
}

/* Takes it over; false: there is no room, and it is dropped. */
static bool push(drmgmt_trap_listener *l, drmgmt__trap_event *e)
{
    pthread_mutex_lock(&l->mutex);
    bool room = l->n_events < DRMGMT__TRAP_EVENTS_MAX && l->event_bytes + e->bytes <= DRMGMT__TRAP_EVENTS_BYTES_MAX;
    if (room) {
        *l->events_end = e;
        l->events_end = &e->next;
        l->n_events++;
        l->event_bytes += e->bytes;
        pthread_cond_signal(&l->clerk_wake);
    }
    pthread_mutex_unlock(&l->mutex);
    if (!room)
        drmgmt__trap_event_free(e);
    return room;
}

/* False: it was here before; one that is stored is acknowledged again. */
static bool is_new(drmgmt_trap_listener *l, const drmgmt__trap_ack *ack)
{
    drmgmt__trap_seen seen = drmgmt__trap_once_see(l->informs, &ack->mark, drmgmt__monotonic_ms());

    if (seen == DRMGMT__TRAP_NEW)
        return true;
    atomic_fetch_add(&l->stats.repeated, 1);
    if (seen == DRMGMT__TRAP_STORED)
        drmgmt__trap_answer(l, ack->fd, &ack->to, ack->packet, ack->length);
    return false;
}

static bool push_all(drmgmt_trap_listener *l, const drmgmt__trap_datagram *d, const drmgmt__trap_told *told,
                     const drmgmt__trap_matches *matches, drmgmt__trap_ack **ack)
{
    for (size_t i = 0; i < matches->n; i++) {
        drmgmt__trap_event *e = make_event(d, matches->senders[i], told);
        /* Answered with the last of them: then all are stored. */
        if (e && *ack && i + 1 == matches->n) {
            e->bytes += sizeof **ack + (*ack)->length;
            e->ack = DRMGMT__STEAL(*ack);
        }
        if (!e || !push(l, e))
            return false;
    }
    return true;
}

void drmgmt__trap_notify(drmgmt_trap_listener *l, const drmgmt__trap_datagram *d, const drmgmt__snmp_message *m,
                         const drmgmt__trap_matches *matches, const char *user, drmgmt__trap_ack *ack)
{
    drmgmt__trap_told told;

    if (drmgmt__trap_tell(m, user, &told)) {
        atomic_fetch_add(&l->stats.malformed, 1);
    } else if (!ack || is_new(l, ack)) {
        bool inform = ack != NULL;
        drmgmt__trap_mark mark = ack ? ack->mark : (drmgmt__trap_mark){ { 0 } };
        if (!push_all(l, d, &told, matches, &ack)) {
            atomic_fetch_add(&l->stats.dropped, 1);
            if (inform)
                drmgmt__trap_once_set(l->informs, &mark, DRMGMT__TRAP_NEW); /* its repetition may find room */
        }
    }
    drmgmt__trap_told_clear(&told);
    free(ack);
}
