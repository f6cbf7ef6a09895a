/* The receiver: takes datagrams, finds out whose they may be, and checks the secrets of versions 1 and 2c. Called by
 * listener.c; calls version3.c and notify.c. It waits for nothing but datagrams: what it does not know yet is asked of
 * the clerk, and the datagram parked until the answer is there. */
#include "trap/receive.h"

#include "core/core.h"
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { AT_ONCE = 32, TURN_MS = 250, ASK_AGAIN_MS = 1000, TELL_MS = 60000 };

struct mailbox {
    uint8_t packets[AT_ONCE][DRMGMT__SNMP_MESSAGE_MAX + 1]; /* one byte more than there can be: cut off is seen */
    struct sockaddr_storage from[AT_ONCE];
    struct iovec parts[AT_ONCE];
    struct mmsghdr headers[AT_ONCE];
};

static void count(atomic_ullong *counter)
{
    atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

/* ---- who may have sent it ---- */

/* Asks the clerk about an address, unless it is being asked. */
static void ask(drmgmt_trap_listener *l, drmgmt__trap_source *source, uint64_t now_ms)
{
    if (source->asked_ms && now_ms - source->asked_ms < ASK_AGAIN_MS)
        return;
    pthread_mutex_lock(&l->mutex);
    if (l->n_questions < DRMGMT__TRAP_ASK_MAX) {
        l->questions[l->n_questions++] = source->address;
        source->asked_ms = now_ms;
        pthread_cond_signal(&l->clerk_wake);
    }
    pthread_mutex_unlock(&l->mutex);
}

/* Whether what is known of a source can be gone by. While PostgreSQL is away nobody changes anything. */
static bool is_fresh(drmgmt_trap_listener *l, drmgmt__trap_source *source, uint64_t now_ms)
{
    uint64_t age = now_ms - source->answered_ms;

    if (!source->senders || age > DRMGMT__TRAP_FRESH_MS / 2)
        ask(l, source, now_ms);
    return source->senders && (age <= DRMGMT__TRAP_FRESH_MS || atomic_load(&l->away));
}

static void park(drmgmt_trap_listener *l, const drmgmt__trap_datagram *d, const drmgmt__net_address *about)
{
    drmgmt__trap_parked *p = NULL;

    if (l->n_parked < DRMGMT__TRAP_PARKED_MAX && l->parked_bytes + d->length <= DRMGMT__TRAP_PARKED_BYTES_MAX)
        p = calloc(1, sizeof *p + d->length);
    if (!p) {
        count(&l->stats.dropped);
        return;
    }
    p->fd = d->fd;
    p->from = d->from;
    p->about = *about;
    p->at_ms = d->parked_ms ? d->parked_ms : drmgmt__monotonic_ms();
    p->wall_ms = d->wall_ms;
    p->length = d->length;
    memcpy(p->packet, d->packet, d->length);
    *l->parked_end = p;
    l->parked_end = &p->next;
    l->n_parked++;
    l->parked_bytes += d->length;
}

void drmgmt__trap_unproved(drmgmt_trap_listener *l, const drmgmt__trap_datagram *d, bool stranger)
{
    uint64_t now_ms = drmgmt__monotonic_ms();
    drmgmt__trap_source *source = drmgmt__trap_source_of(l->sources, &d->from);

    if (!source || source->known_ms > (d->parked_ms ? d->parked_ms : now_ms) || atomic_load(&l->away)) {
        count(stranger ? &l->stats.unknown : &l->stats.refused);
        return;
    }
    if (now_ms - source->answered_ms > DRMGMT__TRAP_PAUSE_MS)
        ask(l, source, now_ms);
    park(l, d, &d->from);
}

void drmgmt__trap_matched(drmgmt__trap_matches *matches, const drmgmt__trap_sender *sender)
{
    size_t of_tenant = 0;

    for (size_t i = 0; i < matches->n; i++)
        of_tenant += strcmp(matches->senders[i]->tenant_id, sender->tenant_id) == 0;
    if (of_tenant < DRMGMT__TRAP_MATCHES_TENANT_MAX && matches->n < DRMGMT__TRAP_MATCHES_MAX)
        matches->senders[matches->n++] = sender;
}

/* ---- versions 1 and 2c ---- */

static void match(const drmgmt__trap_senders *senders, const drmgmt__octets *community, bool relayed,
                  drmgmt__trap_matches *matches)
{
    for (size_t i = 0; i < senders->n; i++) {
        const drmgmt__trap_sender *s = &senders->items[i];
        if (!s->v3 && (!relayed || s->relayed) && drmgmt__trap_community_is(s, community->bytes, community->length))
            drmgmt__trap_matched(matches, s);
    }
}

/* The address that a trap of version 1 tells as its sender's, where that is another one. */
static bool told_address(const drmgmt__snmp_message *m, const drmgmt__net_address *from, drmgmt__net_address *told)
{
    static const uint8_t none[4] = { 0 };

    *told = (drmgmt__net_address){ .family = AF_INET };
    memcpy(told->bytes, m->pdu.trap1.agent, sizeof m->pdu.trap1.agent);
    return m->pdu.type == DRMGMT__SNMP_TRAP1 && memcmp(told->bytes, none, sizeof none) != 0 &&
           (from->family != AF_INET || memcmp(told->bytes, from->bytes, 4) != 0);
}

/* RFC 3416, section 4.2.7: what it told, back. The varbinds as they came. */
static drmgmt__trap_ack *answer_of(const drmgmt__trap_datagram *d, const drmgmt__snmp_message *m)
{
    uint8_t buffer[DRMGMT__SNMP_COMMUNITY_MAX + 128 + 65536];
    drmgmt__ber_writer w = drmgmt__ber_writer_on(buffer, sizeof buffer);
    const uint8_t *end = w.at;

    drmgmt__ber_put(&w, m->pdu.varbinds.at, drmgmt__ber_left(&m->pdu.varbinds));
    drmgmt__ber_wrap(&w, 0x30, end);
    drmgmt__ber_put_signed(&w, DRMGMT__SNMP_INTEGER, 0);
    drmgmt__ber_put_signed(&w, DRMGMT__SNMP_INTEGER, 0);
    drmgmt__ber_put_signed(&w, DRMGMT__SNMP_INTEGER, m->pdu.request_id);
    drmgmt__ber_wrap(&w, DRMGMT__SNMP_RESPONSE, end);
    drmgmt__ber_put_value(&w, DRMGMT__SNMP_OCTETS, m->community.bytes, m->community.length);
    drmgmt__ber_put_signed(&w, DRMGMT__SNMP_INTEGER, m->version);
    drmgmt__ber_wrap(&w, 0x30, end);
    drmgmt__trap_ack *ack = w.full ? NULL : drmgmt__trap_ack_new(d, w.at, (size_t)(w.end - w.at));
    if (ack)
        drmgmt__trap_mark_of(&ack->mark, d->from.bytes, sizeof d->from.bytes, &d->from.port, sizeof d->from.port,
                             m->community.bytes, m->community.length, &m->pdu.request_id, sizeof m->pdu.request_id,
                             NULL);
    return ack;
}

static void take_community(drmgmt_trap_listener *l, const drmgmt__trap_datagram *d, const drmgmt__snmp_message *m,
                           const drmgmt__trap_source *source, uint64_t now_ms)
{
    drmgmt__trap_matches matches = { .n = 0 };
    drmgmt__net_address told;

    bool stranger = !source->senders->n;
    match(source->senders, &m->community, false, &matches);
    if (!matches.n && told_address(m, &d->from, &told)) {
        drmgmt__trap_source *other = drmgmt__trap_source_of(l->sources, &told);
        if (other && !is_fresh(l, other, now_ms)) {
            park(l, d, &told);
            return;
        }
        if (other)
            match(other->senders, &m->community, true, &matches);
    }
    if (!matches.n) {
        drmgmt__trap_unproved(l, d, stranger);
        return;
    }
    drmgmt__trap_ack *ack = m->pdu.type == DRMGMT__SNMP_INFORM ? answer_of(d, m) : NULL;
    if (m->pdu.type == DRMGMT__SNMP_INFORM && !ack)
        count(&l->stats.dropped);
    else
        drmgmt__trap_notify(l, d, m, &matches, NULL, ack);
}

/* ---- a datagram ---- */

static bool is_notification(const drmgmt__snmp_message *m)
{
    switch (m->version) {
    case DRMGMT__SNMP_V1:
        return m->pdu.type == DRMGMT__SNMP_TRAP1;
    case DRMGMT__SNMP_V2C:
        return m->pdu.type == DRMGMT__SNMP_TRAP2 || m->pdu.type == DRMGMT__SNMP_INFORM;
    default:
        return m->version == DRMGMT__SNMP_V3; /* its PDU may be encrypted */
    }
}

/* counted: it was taken off what its source may send. */
static void handle(drmgmt_trap_listener *l, const drmgmt__trap_datagram *d, bool counted)
{
    drmgmt__snmp_message m;
    uint64_t now_ms = drmgmt__monotonic_ms();
    drmgmt__trap_source *source = drmgmt__trap_source_of(l->sources, &d->from);

    if (!source || (!counted && !drmgmt__trap_source_may(source, l->rate, now_ms))) {
        count(&l->stats.dropped);
        return;
    }
    if (d->length > DRMGMT__SNMP_MESSAGE_MAX || drmgmt__snmp_message_read(&m, d->packet, d->length) ||
        !is_notification(&m)) {
        count(&l->stats.malformed);
        return;
    }
    if (!counted) /* else it was before it waited */
        count(&l->stats.versions[m.version == DRMGMT__SNMP_V1 ? 0 : m.version == DRMGMT__SNMP_V2C ? 1 : 2]);
    if (!is_fresh(l, source, now_ms)) {
        park(l, d, &d->from);
        return;
    }
    if (m.version != DRMGMT__SNMP_V3)
        take_community(l, d, &m, source, now_ms);
    else
        drmgmt__trap_version3(l, d, &m, source->senders);
}

/* ---- answers ---- */

/* Those whose answer is there are handled; for others it is asked again, until they are too old. */
static void unpark(drmgmt_trap_listener *l)
{
    drmgmt__trap_parked *list = l->parked;
    uint64_t now_ms = drmgmt__monotonic_ms();

    l->parked = NULL;
    l->parked_end = &l->parked;
    l->n_parked = l->parked_bytes = 0;
    for (drmgmt__trap_parked *p = list, *next; p; p = next) {
        next = p->next;
        drmgmt__trap_source *source = drmgmt__trap_source_of(l->sources, &p->about);
        const drmgmt__trap_datagram d = { p->fd, p->from, p->wall_ms, p->at_ms, p->packet, p->length };
        bool old = now_ms - p->at_ms >= DRMGMT__TRAP_PARKED_MS;
        bool ready = source && !old && is_fresh(l, source, now_ms);
        if (!ready && !old) {
            p->next = NULL;
            *l->parked_end = p;
            l->parked_end = &p->next;
            l->n_parked++;
            l->parked_bytes += p->length;
            continue;
        }
        if (ready)
            handle(l, &d, true);
        else
            count(&l->stats.dropped);
        free(p);
    }
}

static void take_answers(drmgmt_trap_listener *l)
{
    uint64_t told = 0, now_ms = drmgmt__monotonic_ms();

    if (read(l->wake_fd, &told, sizeof told) < 0 && errno != EAGAIN)
        return;
    pthread_mutex_lock(&l->mutex);
    drmgmt__trap_senders *answers = l->answers;
    l->answers = NULL;
    pthread_mutex_unlock(&l->mutex);
    for (drmgmt__trap_senders *next; answers; answers = next) {
        next = answers->next;
        answers->next = NULL;
        drmgmt__trap_sources_answer(l->sources, answers, now_ms);
    }
}

/* ---- the thread ---- */

static void prepare(struct mailbox *box)
{
    for (size_t i = 0; i < AT_ONCE; i++) {
        box->parts[i] = (struct iovec){ box->packets[i], sizeof box->packets[i] };
        box->headers[i].msg_hdr = (struct msghdr){
            .msg_name = &box->from[i], .msg_namelen = sizeof box->from[i], .msg_iov = &box->parts[i], .msg_iovlen = 1
        };
    }
}

static void receive(drmgmt_trap_listener *l, int fd, struct mailbox *box)
{
    prepare(box);
    int n = recvmmsg(fd, box->headers, AT_ONCE, MSG_DONTWAIT, NULL);
    int64_t wall_ms = drmgmt__now_ms();
    for (int i = 0; i < n; i++) {
        drmgmt__trap_datagram d = { fd, { 0 }, wall_ms, 0, box->packets[i], box->headers[i].msg_len };
        count(&l->stats.received);
        if (drmgmt__net_address_from((const struct sockaddr *)&box->from[i], box->headers[i].msg_hdr.msg_namelen,
                                     &d.from))
            handle(l, &d, false);
    }
}

/* At most once a minute: what is turned away must not fill a disk. */
static void tell_refused(drmgmt_trap_listener *l)
{
    static const char *const names[] = { "unknown", "refused", "malformed", "replayed", "dropped" };
    const atomic_ullong *counters[] = { &l->stats.unknown, &l->stats.refused, &l->stats.malformed, &l->stats.replayed,
                                        &l->stats.dropped };
    char texts[DRMGMT__COUNT(names)][24];
    uint64_t sum = 0, now_ms = drmgmt__monotonic_ms();

    if (l->told_ms && now_ms - l->told_ms < TELL_MS)
        return;
    for (size_t i = 0; i < DRMGMT__COUNT(names); i++) {
        unsigned long long n = atomic_load(counters[i]);
        snprintf(texts[i], sizeof texts[i], "%llu", n);
        sum += n;
    }
    if (sum == l->told_sum)
        return;
    l->told_sum = sum;
    l->told_ms = now_ms;
    drmgmt__log(l->context, DRMGMT_LOG_WARNING,
                "datagrams to the trap listener were turned away; counted since it started", names[0], texts[0],
                names[1], texts[1], names[2], texts[2], names[3], texts[3], names[4], texts[4], NULL);
}

void drmgmt__trap_receive(drmgmt_trap_listener *l)
{
    struct pollfd fds[DRMGMT__TRAP_SOCKETS_MAX + 1];
    struct mailbox *box = calloc(1, sizeof *box);
    uint64_t looked_ms = 0;

    for (size_t i = 0; i < l->n_sockets; i++)
        fds[i] = (struct pollfd){ .fd = l->sockets[i].fd, .events = POLLIN };
    fds[l->n_sockets] = (struct pollfd){ .fd = l->wake_fd, .events = POLLIN };
    while (box && !atomic_load(&l->stopping)) {
        if (poll(fds, l->n_sockets + 1, TURN_MS) < 0)
            continue;
        for (size_t i = 0; i < l->n_sockets; i++)
            if (fds[i].revents)
                receive(l, fds[i].fd, box);
        bool answered = fds[l->n_sockets].revents != 0;
        if (answered)
            take_answers(l);
        uint64_t now_ms = drmgmt__monotonic_ms();
        if (answered || now_ms - looked_ms >= TURN_MS) {
            looked_ms = now_ms;
            unpark(l);
            tell_refused(l);
        }
    }
    free(box);
}
