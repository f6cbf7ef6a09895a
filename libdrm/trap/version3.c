/* Messages of version 3. A trap is secured by the sender's engine, an inform by ours (RFC 3412, section 1.1.1; RFC
 * 3414, section 3.2): whoever sends one learns of ours by asking, which is answered with a report. Called by receive.c.
 */
#include "trap/receive.h"

#include "core/core.h"
#include "net/socket.h"
#include "trap/user.h"
#include <stdlib.h>
#include <string.h>

enum { WINDOW_S = 150, REPORT_MAX = 512 };

/* usmStats, RFC 3414, section 5: what a report tells. */
enum { NOT_IN_TIME_WINDOWS = 2, UNKNOWN_ENGINE_IDS = 4 };

/* A message while it is looked at. */
struct look {
    drmgmt_trap_listener *l;
    const drmgmt__trap_datagram *d;
    drmgmt__snmp_message *m;
    drmgmt__trap_engine ours;
    bool to_us;                                    /* it is secured by our engine */
    uint8_t zeroed[DRMGMT__SNMP_MESSAGE_MAX + 1];  /* the message without its digest */
    uint8_t plain[DRMGMT__SNMP_MESSAGE_MAX + 1];   /* its scoped PDU, as the first who proved it decrypts it */
    size_t n_plain;                                /* 0: nobody has yet */
    uint8_t another[DRMGMT__SNMP_MESSAGE_MAX + 1]; /* ... as the next one does */
};

static drmgmt__octets our_id(const struct look *k)
{
    return (drmgmt__octets){ k->ours.id, k->ours.n };
}

static int32_t our_time(const struct look *k)
{
    return (int32_t)((drmgmt__monotonic_ms() - k->ours.started_ms) / 1000);
}

/* ---- out ---- */

/* A scoped PDU of our engine's: varbinds as bytes. Written to the end of buffer. */
static uint8_t *write_scoped(const struct look *k, uint8_t type, int32_t request_id, const void *varbinds, size_t n,
                             uint8_t *buffer, size_t room, size_t *length)
{
    drmgmt__ber_writer w = drmgmt__ber_writer_on(buffer, room);
    const uint8_t *end = w.at;
    const drmgmt__octets *engine = &k->m->context_engine, *name = &k->m->context_name;

    drmgmt__ber_put(&w, varbinds, n);
    drmgmt__ber_wrap(&w, 0x30, end);
    drmgmt__ber_put_signed(&w, DRMGMT__SNMP_INTEGER, 0);
    drmgmt__ber_put_signed(&w, DRMGMT__SNMP_INTEGER, 0);
    drmgmt__ber_put_signed(&w, DRMGMT__SNMP_INTEGER, request_id);
    drmgmt__ber_wrap(&w, type, end);
    bool report = type == DRMGMT__SNMP_REPORT;
    drmgmt__ber_put_value(&w, DRMGMT__SNMP_OCTETS, report ? NULL : name->bytes, report ? 0 : name->length);
    drmgmt__ber_put_value(&w, DRMGMT__SNMP_OCTETS, report ? k->ours.id : engine->bytes,
                          report ? k->ours.n : engine->length);
    drmgmt__ber_wrap(&w, 0x30, end);
    *length = (size_t)(w.end - w.at);
    return w.full ? NULL : w.at;
}

/* A message of our engine's around a scoped PDU, which may be encrypted in place; user NULL: noAuthNoPriv. NULL: it
 * cannot be made. */
static uint8_t *write_message(const struct look *k, drmgmt__trap_user *user, uint8_t flags, uint8_t *scoped, size_t n,
                              uint8_t *buffer, size_t room, size_t *length)
{
    uint8_t salt[8], zeros[DRMGMT__SNMP_MAC_MAX] = { 0 }, *mac = NULL;
    drmgmt__snmp_message out = { .version = DRMGMT__SNMP_V3, .id = k->m->id, .flags = flags };

    out.max_size = DRMGMT__SNMP_MESSAGE_MAX;
    out.usm = (drmgmt__snmp_usm){ .engine = our_id(k), .boots = k->ours.boots, .time = our_time(k) };
    if (user) {
        out.usm.user = k->m->usm.user;
        out.usm.mac = (drmgmt__octets){ zeros, drmgmt__trap_user_mac_size(user) };
    }
    if (flags & DRMGMT__SNMP_PRIV) {
        if (drmgmt__random(salt, sizeof salt))
            return NULL;
        out.usm.salt = (drmgmt__octets){ salt, sizeof salt };
        if (drmgmt__trap_user_crypt(user, true, &out.usm, scoped, n))
            return NULL;
    }
    out.scoped = (drmgmt__ber){ scoped, scoped + n };
    uint8_t *message = drmgmt__snmp_v3_write(&out, buffer, room, length, &mac);
    if (message && user && drmgmt__trap_user_mac(user, &out.usm.engine, message, *length, mac))
        return NULL;
    return message;
}

/* RFC 3412, section 7.1, 3. A report is as long as what it answers, about, and goes to addresses of devices only. */
static void report(const struct look *k, drmgmt__trap_user *user, uint8_t which, int32_t request_id)
{
    const uint32_t arcs[] = { 1, 3, 6, 1, 6, 3, 15, 1, 1, which, 0 };
    const drmgmt__oid oid = { arcs, DRMGMT__COUNT(arcs) };
    uint8_t varbind[64], scoped[REPORT_MAX], buffer[REPORT_MAX];
    drmgmt__ber_writer w = drmgmt__ber_writer_on(varbind, sizeof varbind);
    const uint8_t *end = w.at;
    size_t n = 0, length = 0;

    drmgmt__ber_put_unsigned(&w, DRMGMT__SNMP_COUNTER32, 1);
    drmgmt__ber_put_oid(&w, &oid);
    drmgmt__ber_wrap(&w, 0x30, end);
    uint8_t *pdu =
        write_scoped(k, DRMGMT__SNMP_REPORT, request_id, w.at, (size_t)(w.end - w.at), scoped, sizeof scoped, &n);
    const uint8_t *message =
        pdu ? write_message(k, user, user ? DRMGMT__SNMP_AUTH : 0, pdu, n, buffer, sizeof buffer, &length) : NULL;
    if (message)
        drmgmt__net_reply(k->d->fd, &k->d->from, message, length);
}

/* RFC 3416, section 4.2.7: what it told, back, at the level at which it came. */
static drmgmt__trap_ack *answer_of(const struct look *k, drmgmt__trap_user *user)
{
    enum { ROOM = DRMGMT__SNMP_MESSAGE_MAX + 256 };
    const drmgmt__snmp_pdu *pdu = &k->m->pdu;
    const drmgmt__trap_datagram *d = k->d;
    uint8_t *scoped = malloc(ROOM), *buffer = malloc(ROOM), *at = NULL;
    const uint8_t *message = NULL;
    size_t n = 0, length = 0;

    if (scoped && buffer)
        at = write_scoped(k, DRMGMT__SNMP_RESPONSE, pdu->request_id, pdu->varbinds.at, drmgmt__ber_left(&pdu->varbinds),
                          scoped, ROOM - 8, &n);
    if (at) { /* padding goes behind it */
        size_t padded = drmgmt__trap_user_padded(user, n);
        memmove(scoped, at, n);
        memset(scoped + n, 0, padded - n);
        message = write_message(k, user, drmgmt__trap_user_level(user), scoped, padded, buffer, ROOM, &length);
    }
    drmgmt__trap_ack *ack = message ? drmgmt__trap_ack_new(d, message, length) : NULL;
    if (ack)
        drmgmt__trap_mark_of(&ack->mark, d->from.bytes, sizeof d->from.bytes, &d->from.port, sizeof d->from.port,
                             k->m->usm.user.bytes, k->m->usm.user.length, k->plain, k->n_plain, NULL);
    free(scoped);
    free(buffer);
    return ack;
}

/* ---- in ---- */

/* Whether a user's key made the digest. */
static bool authenticates(struct look *k, drmgmt__trap_user *user)
{
    const drmgmt__snmp_usm *usm = &k->m->usm;
    uint8_t mac[DRMGMT__SNMP_MAC_MAX];

    return usm->mac.length == drmgmt__trap_user_mac_size(user) &&
           drmgmt__trap_user_mac(user, &usm->engine, k->zeroed, k->d->length, mac) == 0 &&
           drmgmt__equal(mac, usm->mac.bytes, usm->mac.length);
}

/* Decrypts, if that is to be done. The first one to prove a message says what it holds; who decrypts it to something
 * else does not have its key. */
static bool opens(struct look *k, drmgmt__trap_user *user)
{
    drmgmt__snmp_message *m = k->m;
    size_t n = drmgmt__ber_left(&m->scoped);
    uint8_t *to = k->n_plain ? k->another : k->plain;

    memcpy(to, m->scoped.at, n);
    if ((m->flags & DRMGMT__SNMP_PRIV) && drmgmt__trap_user_crypt(user, false, &m->usm, to, n))
        return false;
    if (k->n_plain)
        return n == k->n_plain && memcmp(k->plain, k->another, n) == 0;
    const drmgmt__ber plain = { k->plain, k->plain + n };
    if (drmgmt__snmp_scoped_read(m, &plain))
        return false;
    k->n_plain = n;
    return true;
}

/* An inform must be of our engine's time, which is told to who is not; a trap of what is known of its sender's. */
static bool is_timely(const struct look *k, const drmgmt__trap_sender *s)
{
    const drmgmt__snmp_usm *usm = &k->m->usm;
    drmgmt__trap_mark engine, message;

    if (k->to_us) {
        int64_t apart = (int64_t)usm->time - our_time(k);
        return usm->boots == k->ours.boots && apart <= WINDOW_S && apart >= -WINDOW_S;
    }
    drmgmt__trap_mark_of(&engine, s->credential_id, strlen(s->credential_id), s->device_id, strlen(s->device_id),
                         usm->engine.bytes, usm->engine.length, NULL);
    drmgmt__trap_mark_of(&message, engine.bytes, sizeof engine.bytes, k->zeroed, k->d->length, NULL);
    return drmgmt__trap_windows_take(k->l->windows, &engine, &message, usm->boots, usm->time, drmgmt__monotonic_ms());
}

static bool is_named(const drmgmt__trap_sender *s, const drmgmt__octets *name)
{
    return strlen(s->username) == name->length && memcmp(s->username, name->bytes, name->length) == 0;
}

/* Everybody whose key proves it. *late: somebody's does, at the wrong time. */
static void match(struct look *k, const drmgmt__trap_senders *senders, drmgmt__trap_matches *matches, bool *late)
{
    uint8_t level = k->m->flags & (DRMGMT__SNMP_AUTH | DRMGMT__SNMP_PRIV);

    for (size_t i = 0; i < senders->n; i++) {
        const drmgmt__trap_sender *s = &senders->items[i];
        if (!s->user || !is_named(s, &k->m->usm.user) || drmgmt__trap_user_level(s->user) != level ||
            !authenticates(k, s->user))
            continue;
        if (!is_timely(k, s)) {
            if (k->to_us && !*late)
                report(k, s->user, NOT_IN_TIME_WINDOWS, 0);
            *late = true;
        } else if (opens(k, s->user)) {
            drmgmt__trap_matched(matches, s);
        }
    }
}

static void take(struct look *k, const drmgmt__trap_senders *senders)
{
    drmgmt_trap_listener *l = k->l;
    drmgmt__trap_matches matches = { .n = 0 };
    bool late = false;

    match(k, senders, &matches, &late);
    if (!matches.n && late) {
        atomic_fetch_add(k->to_us ? &l->stats.repeated : &l->stats.replayed, 1);
    } else if (!matches.n) {
        drmgmt__trap_unproved(l, k->d, !senders->n);
    } else if (k->m->pdu.type == (k->to_us ? DRMGMT__SNMP_INFORM : DRMGMT__SNMP_TRAP2)) {
        const drmgmt__trap_sender *first = matches.senders[0];
        drmgmt__trap_ack *ack = k->to_us ? answer_of(k, first->user) : NULL;
        if (k->to_us && !ack)
            atomic_fetch_add(&l->stats.dropped, 1);
        else
            drmgmt__trap_notify(l, k->d, k->m, &matches, first->username, ack);
    } else {
        atomic_fetch_add(&l->stats.malformed, 1);
    }
}

static bool has_users(const drmgmt__trap_senders *senders)
{
    for (size_t i = 0; i < senders->n; i++)
        if (senders->items[i].user)
            return true;
    return false;
}

void drmgmt__trap_version3(drmgmt_trap_listener *l, const drmgmt__trap_datagram *d, drmgmt__snmp_message *m,
                           const drmgmt__trap_senders *senders)
{
    if (!has_users(senders)) {
        drmgmt__trap_unproved(l, d, !senders->n);
        return;
    }
    struct look *k = malloc(sizeof *k);
    if (!k) {
        atomic_fetch_add(&l->stats.dropped, 1);
        return;
    }
    k->l = l;
    k->d = d;
    k->m = m;
    k->n_plain = 0;
    pthread_mutex_lock(&l->mutex);
    k->ours = l->engine;
    pthread_mutex_unlock(&l->mutex);
    k->to_us =
        k->ours.n && m->usm.engine.length == k->ours.n && memcmp(m->usm.engine.bytes, k->ours.id, k->ours.n) == 0;
    if (!k->to_us && (m->flags & DRMGMT__SNMP_REPORTABLE)) {
        /* Only who wants an answer sets that flag: it looks for our engine, or knows an older one. */
        if (k->ours.n)
            report(k, NULL, UNKNOWN_ENGINE_IDS, 0);
    } else if (!(m->flags & DRMGMT__SNMP_AUTH)) {
        drmgmt__trap_unproved(l, d, false);
    } else {
        memcpy(k->zeroed, d->packet, d->length);
        memset(k->zeroed + (m->usm.mac.bytes - d->packet), 0, m->usm.mac.length);
        take(k, senders);
    }
    free(k);
}
