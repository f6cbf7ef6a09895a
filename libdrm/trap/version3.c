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
    size_t length; /* of the message, without what stands behind it */
    drmgmt__trap_engine ours;
    bool to_us;                                   /* it is secured by our engine */
    drmgmt__snmp_message tried;                   /* a copy for a key to be tried on, */
    uint8_t copy[DRMGMT__SNMP_MESSAGE_MAX + 1];   /* its bytes */
    uint8_t opened[DRMGMT__SNMP_MESSAGE_MAX + 1]; /* and what is decrypted of it */
    uint8_t plain[DRMGMT__SNMP_MESSAGE_MAX + 1];  /* its scoped PDU, as the first who proved it has it */
    size_t n_plain;                               /* 0: nobody has yet */
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

/* A message of our engine's that answers the one looked at. */
static drmgmt__snmp_message reply_to(const struct look *k)
{
    drmgmt__snmp_message out = { .version = DRMGMT__SNMP_V3, .id = k->m->id, .max_size = DRMGMT__SNMP_MESSAGE_MAX };

    out.usm = (drmgmt__snmp_usm){ .engine = our_id(k), .boots = k->ours.boots, .time = our_time(k) };
    return out;
}

/* RFC 3412, section 7.1, 3. A report is as long as what it answers, about, and goes to addresses of devices only. user
 * NULL: noAuthNoPriv. */
static void report(const struct look *k, drmgmt__trap_user *user, uint8_t which)
{
    const uint32_t arcs[] = { 1, 3, 6, 1, 6, 3, 15, 1, 1, which, 0 };
    const drmgmt__snmp_varbind varbind = { { arcs, DRMGMT__COUNT(arcs) },
                                           { .tag = DRMGMT__SNMP_COUNTER32, .number = 1 } };
    const drmgmt__octets engine = our_id(k);
    const drmgmt__usm_keys *known = user ? drmgmt__trap_user_keys(user, &engine) : NULL;
    drmgmt__usm_keys keys = known ? *known : (drmgmt__usm_keys){ .auth = NULL };
    drmgmt__snmp_message out = reply_to(k);
    uint8_t scratch[REPORT_MAX], buffer[REPORT_MAX];
    size_t length = 0;

    keys.priv = NULL; /* authentic is what it has to be */
    out.pdu.type = DRMGMT__SNMP_REPORT;
    out.context_engine = engine;
    if (user)
        out.usm.user = k->m->usm.user;
    const uint8_t *message = drmgmt__usm_write(&out, &keys, &varbind, 1, buffer, scratch, sizeof buffer, &length);
    if (message)
        drmgmt__net_reply(k->d->fd, &k->d->from, message, length);
    drmgmt__wipe(&keys, sizeof keys);
}

/* The scoped PDU of a response: the varbinds as they came. Written to the end of buffer. */
static drmgmt__ber write_response(const struct look *k, uint8_t *buffer, size_t room)
{
    drmgmt__ber_writer w = drmgmt__ber_writer_on(buffer, room);
    const uint8_t *end = w.at;
    const drmgmt__octets *engine = &k->m->context_engine, *name = &k->m->context_name;
    const drmgmt__ber *varbinds = &k->m->pdu.varbinds;

    drmgmt__ber_put(&w, varbinds->at, drmgmt__ber_left(varbinds));
    drmgmt__ber_wrap(&w, 0x30, end);
    drmgmt__ber_put_signed(&w, DRMGMT__SNMP_INTEGER, 0);
    drmgmt__ber_put_signed(&w, DRMGMT__SNMP_INTEGER, 0);
    drmgmt__ber_put_signed(&w, DRMGMT__SNMP_INTEGER, k->m->pdu.request_id);
    drmgmt__ber_wrap(&w, DRMGMT__SNMP_RESPONSE, end);
    drmgmt__ber_put_value(&w, DRMGMT__SNMP_OCTETS, name->bytes, name->length);
    drmgmt__ber_put_value(&w, DRMGMT__SNMP_OCTETS, engine->bytes, engine->length);
    drmgmt__ber_wrap(&w, 0x30, end);
    return w.full ? (drmgmt__ber){ NULL, NULL } : (drmgmt__ber){ w.at, w.end };
}

/* RFC 3416, section 4.2.7: what it told, back, at the level at which it came. */
static drmgmt__trap_ack *answer_of(const struct look *k, drmgmt__trap_user *user)
{
    enum { ROOM = DRMGMT__SNMP_MESSAGE_MAX + 256 };
    const drmgmt__trap_datagram *d = k->d;
    const drmgmt__octets engine = our_id(k);
    const drmgmt__usm_keys *keys = drmgmt__trap_user_keys(user, &engine);
    drmgmt__snmp_message out = reply_to(k);
    uint8_t *scratch = malloc(ROOM), *buffer = malloc(ROOM);
    const uint8_t *message = NULL;
    size_t length = 0;

    if (scratch && buffer && keys) {
        out.usm.user = k->m->usm.user;
        out.scoped = write_response(k, scratch, ROOM);
        if (out.scoped.at)
            message = drmgmt__usm_seal(&out, keys, buffer, scratch, ROOM, &length);
    }
    drmgmt__trap_ack *ack = message ? drmgmt__trap_ack_new(d, message, length) : NULL;
    if (ack)
        drmgmt__trap_mark_of(&ack->mark, d->from.bytes, sizeof d->from.bytes, &d->from.port, sizeof d->from.port,
                             k->m->usm.user.bytes, k->m->usm.user.length, k->plain, k->n_plain, NULL);
    free(scratch);
    free(buffer);
    return ack;
}

/* ---- in ---- */

/* Tries a user's keys on a copy: DRMGMT__USM_DECRYPT, too, means that the digest is the user's. */
static drmgmt__usm_verdict try_once(struct look *k, const drmgmt__usm_keys *keys)
{
    memcpy(k->copy, k->d->packet, k->length);
    if (!keys || drmgmt__snmp_message_read(&k->tried, k->copy, k->length))
        return DRMGMT__USM_DIGEST;
    return drmgmt__usm_read(&k->tried, keys, k->copy, k->length, k->opened, sizeof k->opened);
}

static drmgmt__usm_verdict try_keys(struct look *k, drmgmt__trap_user *user)
{
    const drmgmt__usm_keys *keys = drmgmt__trap_user_keys(user, &k->m->usm.engine);
    drmgmt__usm_verdict verdict = try_once(k, keys);

    if (verdict != DRMGMT__USM_HALF)
        return verdict;
    return drmgmt__trap_user_complete(user, &k->m->usm.engine) ? DRMGMT__USM_DECRYPT : try_once(k, keys);
}

/* What was tried last is in clear. The first one to prove a message says what it holds; who decrypts it to something
 * else does not have its key. */
static bool says_the_same(struct look *k)
{
    const drmgmt__ber *scoped = &k->tried.scoped;
    size_t n = drmgmt__ber_left(scoped);
    const uint8_t *at = k->tried.flags & DRMGMT__SNMP_PRIV ? k->opened : scoped->at;

    if (k->n_plain)
        return n == k->n_plain && memcmp(k->plain, at, n) == 0;
    memcpy(k->plain, at, n);
    const drmgmt__ber plain = { k->plain, k->plain + n };
    if (drmgmt__snmp_scoped_read(k->m, &plain))
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
    drmgmt__trap_mark_of(&message, engine.bytes, sizeof engine.bytes, k->d->packet, k->length, NULL);
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
        if (!s->user || !is_named(s, &k->m->usm.user) || drmgmt__trap_user_level(s->user) != level)
            continue;
        drmgmt__usm_verdict verdict = try_keys(k, s->user);
        if (verdict != DRMGMT__USM_GOOD && verdict != DRMGMT__USM_DECRYPT)
            continue;
        if (!is_timely(k, s)) {
            if (k->to_us && !*late)
                report(k, s->user, NOT_IN_TIME_WINDOWS);
            *late = true;
        } else if (verdict == DRMGMT__USM_GOOD && says_the_same(k)) {
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

/* What stands behind a message is not part of it: nobody signed it. */
static size_t length_of(const drmgmt__trap_datagram *d)
{
    drmgmt__ber whole = { d->packet, d->packet + d->length }, content;

    return drmgmt__ber_enter(&whole, 0x30, &content) ? (size_t)(whole.at - d->packet) : 0;
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
    k->length = length_of(d);
    pthread_mutex_lock(&l->mutex);
    k->ours = l->engine;
    pthread_mutex_unlock(&l->mutex);
    k->to_us =
        k->ours.n && m->usm.engine.length == k->ours.n && memcmp(m->usm.engine.bytes, k->ours.id, k->ours.n) == 0;
    if (!k->to_us && (m->flags & DRMGMT__SNMP_REPORTABLE)) {
        /* Only who wants an answer sets that flag: it looks for our engine, or knows an older one. */
        if (k->ours.n)
            report(k, NULL, UNKNOWN_ENGINE_IDS);
    } else if (!(m->flags & DRMGMT__SNMP_AUTH)) {
        drmgmt__trap_unproved(l, d, false);
    } else {
        take(k, senders);
    }
    free(k);
}
