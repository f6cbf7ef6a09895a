/* One question from begin to end. Called by operations, by peer.c when an address is known, by socket.c (what came in)
 * and by the loop (timeouts); calls session.c, socket.c and message.c.
 *
 * Sending never ends an exchange: what fails is told by its timer in the loop's next turn. So sessions and sockets can
 * walk their queues while nothing leaves them, and whoever asks is not called back while asking. */
#include "proto/snmp/snmp.h"

#include "core/core.h"
#include <errno.h>
#include <string.h>

/* ---- ends ---- */

static void leave_queue(drmgmt__snmp_exchange *x)
{
    if (x->queue)
        TAILQ_REMOVE(x->queue, x, entry);
    x->queue = NULL;
}

void drmgmt__snmp_ask_cancel(drmgmt__snmp_exchange *x)
{
    drmgmt__snmp *snmp = x->peer->snmp;
    drmgmt__snmp_session *session = x->peer->session;

    drmgmt_timer_free(x->timer);
    leave_queue(x);
    TAILQ_REMOVE(&x->peer->asked, x, of_peer);
    if (x->in_flight) {
        drmgmt__table_remove(&snmp->exchanges, &x->link);
        session->in_flight--;
    }
    free(x);
    if (session)
        drmgmt__snmp_pump(snmp, session);
}

static void end(drmgmt__snmp_exchange *x, const drmgmt__snmp_failure *failure, drmgmt__snmp_answer *answer)
{
    drmgmt__snmp_answered_fn *answered = x->answered;
    void *user = x->user;

    drmgmt__snmp_ask_cancel(x);
    answered(user, failure, answer);
}

void drmgmt__snmp_exchange_fail(drmgmt__snmp_exchange *x, const drmgmt__snmp_failure *failure)
{
    x->failure = *failure;
    drmgmt_timer_again(x->timer, 0);
}

static void describe_errno(const drmgmt__snmp_exchange *x, int why, const drmgmt_error *refusal,
                           drmgmt__snmp_failure *out)
{
    char text[DRMGMT__NET_ADDRESS_TEXT];
    const char *address = drmgmt__net_address_print(&x->peer->session->address, text);

    if (why == EPERM)
        drmgmt__snmp_fail(out, "outbound-refused", false, "%s",
                          refusal ? drmgmt_error_message(refusal) : "The outbound policy refuses the address.");
    else if (why == ECONNREFUSED)
        drmgmt__snmp_fail(out, "refused", true, "No SNMP agent listens at %s: the host refused the datagram.", address);
    else if (why == ENOMEM)
        drmgmt__snmp_fail(out, "no-memory", true, "The worker is out of memory.");
    else if (why == EMSGSIZE)
        drmgmt__snmp_fail(out, "too-large", false,
                          "The request does not fit into one datagram: ask for fewer objects at once.");
    else
        drmgmt__snmp_fail(out, "unreachable", true, "%s cannot be reached from here: %s.", address, strerror(why));
}

static void fail_timeout(drmgmt__snmp_exchange *x)
{
    const drmgmt__snmp_session *session = x->peer->session;
    char text[DRMGMT__NET_ADDRESS_TEXT];
    drmgmt__snmp_failure failure;

    drmgmt__snmp_fail(&failure, "timeout", true,
                      "No answer from %s within %u x %u ms. The agent may be down or unreachable, or does not %s.",
                      drmgmt__net_address_print(&session->address, text), x->tries, x->peer->settings.timeout_ms,
                      session->security ? "speak SNMP version 3" : "accept the community");
    end(x, &failure, NULL);
}

/* ---- sending ---- */

static uint8_t *encode(const drmgmt__snmp_exchange *x, size_t *length)
{
    drmgmt__snmp *snmp = x->peer->snmp;
    const drmgmt__snmp_session *session = x->peer->session;
    const drmgmt__snmp_question *q = &x->question;
    bool bulk = q->type == DRMGMT__SNMP_GETBULK;
    drmgmt__snmp_message m;

    m.version = session->version;
    m.pdu.type = q->type;
    m.pdu.request_id = (int32_t)x->id;
    m.pdu.error_status = bulk ? q->non_repeaters : 0;
    m.pdu.error_index = bulk ? q->max_repetitions : 0;
    if (session->security)
        return drmgmt__snmp_security_write(session->security, x->id, &m.pdu, q->varbinds, q->n,
                                           drmgmt_loop_now(snmp->loop), snmp->packet, snmp->scratch,
                                           sizeof snmp->packet, length);
    m.community = (drmgmt__octets){ (const uint8_t *)session->credential, strlen(session->credential) };
    return drmgmt__snmp_message_write(&m, q->varbinds, q->n, snmp->packet, sizeof snmp->packet, length);
}

/* False: the socket takes nothing now. */
static bool send_now(drmgmt__snmp_exchange *x, drmgmt__snmp_socket *sock)
{
    drmgmt__snmp *snmp = x->peer->snmp;
    drmgmt_error *refusal = NULL;
    drmgmt__snmp_failure failure;
    size_t length;

    const uint8_t *packet = encode(x, &length);
    int rc = EMSGSIZE;
    if (packet) {
        rc = drmgmt__snmp_socket_send(sock, x->peer->op, &x->peer->session->address, packet, length, &refusal);
        drmgmt__wipe(snmp->packet + sizeof snmp->packet - length, length);
        if (x->peer->session->security) /* the question in clear is no longer than the message */
            drmgmt__wipe(snmp->scratch + sizeof snmp->scratch - length, length);
    }
    if (rc == EAGAIN)
        return false;
    if (rc) {
        describe_errno(x, rc, refusal, &failure);
        drmgmt__snmp_exchange_fail(x, &failure);
        drmgmt_error_free(refusal);
    } else if (x->tries) {
        snmp->counts.resent++;
    } else {
        snmp->counts.sent++;
    }
    return true;
}

static void send_question(drmgmt__snmp_exchange *x)
{
    drmgmt__snmp *snmp = x->peer->snmp;
    drmgmt__snmp_socket *sock = x->peer->session->address.family == AF_INET ? &snmp->v4 : &snmp->v6;

    if (TAILQ_EMPTY(&sock->unsent) && send_now(x, sock))
        return;
    x->queue = &sock->unsent;
    TAILQ_INSERT_TAIL(x->queue, x, entry);
}

void drmgmt__snmp_flush(drmgmt__snmp_socket *sock)
{
    drmgmt__snmp_exchange *x;

    while ((x = TAILQ_FIRST(&sock->unsent)) && send_now(x, sock))
        leave_queue(x);
}

static bool heard_since(const drmgmt__snmp_exchange *x)
{
    const drmgmt__snmp_session *session = x->peer->session;

    return session->heard_ms && session->heard_ms >= x->began_ms;
}

/* One asks for the engine, and the others wait for it. */
static unsigned window(const drmgmt__snmp_session *session)
{
    return session->security && !drmgmt__snmp_security_knows(session->security) ? 1 : DRMGMT__SNMP_WINDOW;
}

void drmgmt__snmp_pump(drmgmt__snmp *snmp, drmgmt__snmp_session *session)
{
    drmgmt__snmp_exchange *x;
    drmgmt__snmp_failure failure;

    if (session->security && drmgmt__snmp_security_pending(session->security))
        return;
    while (session->in_flight < window(session) && (x = TAILQ_FIRST(&session->waiting))) {
        leave_queue(x);
        if (!drmgmt__table_add(&snmp->exchanges, &x->link, x->id)) {
            describe_errno(x, ENOMEM, NULL, &failure);
            drmgmt__snmp_exchange_fail(x, &failure);
            continue;
        }
        session->in_flight++;
        x->in_flight = true;
        /* The wait counts against a silent agent, so that it takes no longer for many than for one. */
        if (heard_since(x)) {
            x->tries = 0;
            drmgmt_timer_again(x->timer, x->peer->settings.timeout_ms);
        }
        send_question(x);
    }
}

static void on_timer(void *user)
{
    drmgmt__snmp_exchange *x = user;
    const drmgmt__snmp_peer *peer = x->peer;

    if (x->failure.code) {
        drmgmt__snmp_failure failure = x->failure;
        end(x, &failure, NULL);
        return;
    }
    /* A name is still looked up, which has limits of its own, or a passphrase hashed. */
    if (!peer->session || (peer->session->security && drmgmt__snmp_security_pending(peer->session->security))) {
        drmgmt_timer_again(x->timer, peer->settings.timeout_ms);
        return;
    }
    if (!x->in_flight && heard_since(x)) { /* its turn has not come, but the agent lives */
        x->began_ms = drmgmt_loop_now(peer->snmp->loop);
        x->tries = 0;
    } else if (++x->tries > (x->question.once ? 0 : peer->settings.retries)) {
        fail_timeout(x);
        return;
    }
    drmgmt_timer_again(x->timer, peer->settings.timeout_ms);
    if (x->in_flight && !x->queue)
        send_question(x);
}

/* ---- begin ---- */

/* 31 random bits: whoever forges an answer must guess them. No two questions in flight have the same. */
static bool take_id(drmgmt__snmp *snmp, uint32_t *id)
{
    do {
        if (snmp->n_ids == 0) {
            if (drmgmt__random(snmp->ids, sizeof snmp->ids))
                return false;
            snmp->n_ids = DRMGMT__COUNT(snmp->ids);
        }
        *id = snmp->ids[--snmp->n_ids] & INT32_MAX;
    } while (drmgmt__table_find(&snmp->exchanges, *id));
    return true;
}

void drmgmt__snmp_exchange_start(drmgmt__snmp_exchange *x)
{
    drmgmt__snmp_session *session = x->peer->session;

    x->began_ms = drmgmt_loop_now(x->peer->snmp->loop);
    x->tries = 0;
    drmgmt_timer_again(x->timer, x->peer->settings.timeout_ms);
    x->queue = &session->waiting;
    TAILQ_INSERT_TAIL(x->queue, x, entry);
    drmgmt__snmp_pump(x->peer->snmp, session);
}

drmgmt__snmp_exchange *drmgmt__snmp_ask(drmgmt__snmp_peer *peer, const drmgmt__snmp_question *question,
                                        drmgmt__snmp_answered_fn *answered, void *user)
{
    drmgmt__snmp_exchange *x = calloc(1, sizeof *x);

    if (!x || !take_id(peer->snmp, &x->id)) {
        free(x);
        return NULL;
    }
    x->timer = drmgmt_loop_timer(peer->snmp->loop, peer->settings.timeout_ms, on_timer, x);
    if (!x->timer) {
        free(x);
        return NULL;
    }
    x->peer = peer;
    x->question = *question;
    x->answered = answered;
    x->user = user;
    TAILQ_INSERT_TAIL(&peer->asked, x, of_peer);
    if (peer->session)
        drmgmt__snmp_exchange_start(x);
    else
        drmgmt__snmp_peer_find(peer);
    return x;
}

/* ---- answers ---- */

static drmgmt__snmp_exchange *find(drmgmt__snmp *snmp, uint32_t id)
{
    drmgmt__link *link = drmgmt__table_find(&snmp->exchanges, id);
    return link ? DRMGMT__OF_LINK(drmgmt__snmp_exchange, link, link) : NULL;
}

static bool is_from(const drmgmt__snmp_peer *peer, const drmgmt__net_address *from, const drmgmt__snmp_message *m)
{
    const drmgmt__snmp_session *session = peer->session;

    return (peer->settings.any_source || drmgmt__net_address_equal(&session->address, from)) &&
           session->version == m->version &&
           (session->security || (strlen(session->credential) == m->community.length &&
                                  drmgmt__equal(session->credential, m->community.bytes, m->community.length)));
}

static void answered(drmgmt__snmp_exchange *x, const drmgmt__snmp_pdu *pdu)
{
    drmgmt__snmp *snmp = x->peer->snmp;
    drmgmt__snmp_answer answer;

    snmp->counts.answered++;
    x->peer->session->heard_ms = drmgmt_loop_now(snmp->loop);
    answer.error_status = pdu->error_status;
    answer.error_index = pdu->error_index;
    drmgmt__snmp_cursor_open(&answer.cursor, pdu);
    end(x, NULL, &answer);
}

/* The agent lives, and what it reported is mended: the question begins anew. It was not carried out, so this is also
 * for one that is to be sent once. It gets another id: what comes once more for the first one, as of a network that
 * doubles or an agent that was slow, must not count as the agent's word on the second. */
static void ask_again(drmgmt__snmp_exchange *x)
{
    drmgmt__snmp *snmp = x->peer->snmp;
    drmgmt__snmp_session *session = x->peer->session;
    drmgmt__snmp_failure failure;
    uint32_t id;

    leave_queue(x);
    session->heard_ms = drmgmt_loop_now(snmp->loop);
    if (!take_id(snmp, &id)) {
        drmgmt__snmp_fail(&failure, "no-memory", true, "The worker has no random numbers.");
        drmgmt__snmp_exchange_fail(x, &failure);
        return;
    }
    drmgmt__table_remove(&snmp->exchanges, &x->link);
    x->id = id;
    drmgmt__table_add(&snmp->exchanges, &x->link, id); /* it has buckets, so it takes one more */
    x->tries = 0;
    drmgmt_timer_again(x->timer, x->peer->settings.timeout_ms);
    if (drmgmt__snmp_security_pending(session->security)) { /* its turn comes first when the keys are there */
        drmgmt__table_remove(&snmp->exchanges, &x->link);
        x->in_flight = false;
        session->in_flight--;
        x->queue = &session->waiting;
        TAILQ_INSERT_HEAD(x->queue, x, entry);
        return;
    }
    send_question(x);
    drmgmt__snmp_pump(snmp, session);
}

static void refused(drmgmt__snmp_exchange *x, const drmgmt__snmp_refusal *refusal)
{
    drmgmt__snmp_failure failure;

    x->peer->session->heard_ms = drmgmt_loop_now(x->peer->snmp->loop);
    drmgmt__snmp_fail(&failure, refusal->code, refusal->retryable, "%s", refusal->message);
    end(x, &failure, NULL);
}

static void received_v3(drmgmt__snmp_exchange *x, drmgmt__snmp_message *m, uint8_t *packet, size_t length)
{
    drmgmt__snmp *snmp = x->peer->snmp;
    const drmgmt__snmp_refusal *refusal = NULL;

    switch (drmgmt__snmp_security_read(x->peer->session->security, m, drmgmt_loop_now(snmp->loop), packet, length,
                                       snmp->scratch, sizeof snmp->scratch, &x->engine_learnt, &x->time_learnt,
                                       &refusal)) {
    case DRMGMT__SNMP_READ_DROP:
        snmp->counts.foreign++;
        break;
    case DRMGMT__SNMP_READ_PDU:
        if ((uint32_t)m->pdu.request_id == x->id)
            answered(x, &m->pdu);
        else
            snmp->counts.foreign++;
        break;
    case DRMGMT__SNMP_READ_AGAIN:
        ask_again(x);
        break;
    case DRMGMT__SNMP_READ_REFUSED:
        refused(x, refusal);
        break;
    }
}

void drmgmt__snmp_received(drmgmt__snmp *snmp, const drmgmt__net_address *from, uint8_t *packet, size_t length)
{
    drmgmt__snmp_message m;

    if (drmgmt__snmp_message_read(&m, packet, length) ||
        (m.version != DRMGMT__SNMP_V3 && m.pdu.type != DRMGMT__SNMP_RESPONSE)) {
        snmp->counts.malformed++;
        return;
    }
    drmgmt__snmp_exchange *x = find(snmp, (uint32_t)(m.version == DRMGMT__SNMP_V3 ? m.id : m.pdu.request_id));
    if (!x)
        snmp->counts.stray++;
    else if (!is_from(x->peer, from, &m))
        snmp->counts.foreign++;
    else if (m.version == DRMGMT__SNMP_V3)
        received_v3(x, &m, packet, length);
    else
        answered(x, &m.pdu);
}

void drmgmt__snmp_undeliverable(drmgmt__snmp *snmp, const drmgmt__net_address *to, const uint8_t *packet, size_t length,
                                int error)
{
    drmgmt__snmp_failure failure;
    uint32_t id;

    /* A report that quotes too little of the datagram could be anybody's invention: the timeout decides. */
    drmgmt__snmp_exchange *x = drmgmt__snmp_quoted_id(packet, length, &id) ? find(snmp, id) : NULL;
    if (x && drmgmt__net_address_equal(&x->peer->session->address, to)) {
        describe_errno(x, error, NULL, &failure);
        end(x, &failure, NULL);
    }
}
