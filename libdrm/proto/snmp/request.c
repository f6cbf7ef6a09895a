/* One request from begin to end. Called by driver.c (begin, cancel), socket.c (what came in), resolve.c (an address)
 * and the loop (timeouts); calls the rest of the room.
 *
 * Sending never ends a request: what fails is told by the request's timer in the loop's next turn. So sessions and
 * sockets can walk their queues while nothing leaves them, and only the four callers above end operations. */
#include "proto/snmp/snmp.h"

#include "core/core.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { PORT = 161, OUT_KEPT = 1 << 18 };

/* ---- ends ---- */

static void leave_queue(drmgmt__snmp_request *r)
{
    if (r->queue)
        TAILQ_REMOVE(r->queue, r, entry);
    r->queue = NULL;
}

/* Lets go of everything but the operation, which the caller ends. */
static void detach(drmgmt__snmp_request *r)
{
    drmgmt__snmp *snmp = r->snmp;
    drmgmt__snmp_session *session = r->session;

    drmgmt__resolve_cancel(&r->waiter);
    drmgmt_timer_free(r->timer);
    leave_queue(r);
    if (r->in_flight) {
        drmgmt__table_remove(&snmp->requests, &r->link);
        session->in_flight--;
    }
    drmgmt__snmp_objects_free(&r->objects);
    drmgmt_error_free(r->refusal);
    free(r);
    if (session) {
        drmgmt__snmp_pump(snmp, session);
        drmgmt__snmp_session_leave(snmp, session);
    }
}

static void fail(drmgmt__snmp_request *r, const char *code, bool retryable, const char *format, ...)
    DRMGMT_PRINTF(4, 5);
static void fail(drmgmt__snmp_request *r, const char *code, bool retryable, const char *format, ...)
{
    DRMGMT__STRBUF message = DRMGMT__STRBUF_INIT;
    drmgmt_op *op = r->op;
    va_list args;

    va_start(args, format);
    drmgmt__strbuf_vprintf(&message, format, args);
    va_end(args);
    detach(r);
    drmgmt_op_fail(op, code, message.data ? message.data : "", retryable);
}

static void fail_errno(drmgmt__snmp_request *r, int why)
{
    char text[DRMGMT__NET_ADDRESS_TEXT];
    const char *address = drmgmt__net_address_print(&r->session->address, text);

    if (why == EPERM)
        fail(r, "outbound-refused", false, "%s",
             r->refusal ? drmgmt_error_message(r->refusal) : "The outbound policy refuses the address.");
    else if (why == ECONNREFUSED)
        fail(r, "refused", true, "No SNMP agent listens at %s: the host refused the datagram.", address);
    else if (why == ENOMEM)
        fail(r, "no-memory", true, "The worker is out of memory.");
    else if (why == EMSGSIZE)
        fail(r, "too-large", false, "The request does not fit into one datagram: ask for fewer objects at once.");
    else
        fail(r, "unreachable", true, "%s cannot be reached from here: %s.", address, strerror(why));
}

static void fail_timeout(drmgmt__snmp_request *r)
{
    char text[DRMGMT__NET_ADDRESS_TEXT];

    fail(r, "timeout", true,
         "No answer from %s within %u x %u ms. The agent may be down or unreachable, or does not accept the community.",
         drmgmt__net_address_print(&r->session->address, text), r->settings.retries + 1, r->settings.timeout_ms);
}

static void fail_status(drmgmt__snmp_request *r, const drmgmt__snmp_message *message)
{
    const drmgmt__snmp_status *status = drmgmt__snmp_status_of(message->error_status);
    long index = message->error_index;
    DRMGMT__STRBUF about = DRMGMT__STRBUF_INIT;

    if (index >= 1 && index <= (long)r->objects.n) {
        const drmgmt__oid *oid = &r->objects.oids[index - 1];
        drmgmt__strbuf_printf(&about, " at index %ld, ", index);
        if (drmgmt__snmp_name_print(&about, oid))
            drmgmt__strbuf_puts(&about, " = ");
        drmgmt__oid_print(&about, oid);
    }
    fail(r, status->name, status->retryable, "%s (%ld)%s: %s.", status->name, message->error_status,
         about.data ? about.data : "", status->hint);
}

static void complete(drmgmt__snmp_request *r, const drmgmt__snmp_message *message)
{
    drmgmt__snmp *snmp = r->snmp;
    drmgmt_op *op = r->op;

    drmgmt__strbuf_reset(&snmp->out);
    const char *wrong = drmgmt__snmp_result(&snmp->out, message, &r->objects);
    if (wrong) {
        fail(r, "bad-answer", false, "The agent's answer is not to what was asked: it has %s.", wrong);
        return;
    }
    detach(r);
    if (snmp->out.failed)
        drmgmt_op_fail(op, "no-memory", "The worker is out of memory.", true);
    else
        drmgmt_op_complete(op, snmp->out.data);
    if (snmp->out.size > OUT_KEPT)
        drmgmt__strbuf_free(&snmp->out);
}

/* ---- sending ---- */

static void send_failed(drmgmt__snmp_request *r, int why)
{
    r->send_errno = why;
    drmgmt_timer_again(r->timer, 0);
}

/* False: the socket takes nothing now. */
static bool send_now(drmgmt__snmp_request *r, drmgmt__snmp_socket *sock)
{
    drmgmt__snmp *snmp = r->snmp;
    const drmgmt__snmp_session *session = r->session;

    size_t length = drmgmt__snmp_encode_get(session->version, session->community, r->id, &r->objects, snmp->packet);
    int rc =
        length ? drmgmt__snmp_socket_send(sock, r->op, &session->address, snmp->packet, length, &r->refusal) : EMSGSIZE;
    drmgmt__wipe(snmp->packet, length);
    if (rc == EAGAIN)
        return false;
    if (rc)
        send_failed(r, rc);
    else if (r->tries)
        snmp->counts.resent++;
    else
        snmp->counts.sent++;
    return true;
}

static void send_request(drmgmt__snmp_request *r)
{
    drmgmt__snmp_socket *sock = r->session->address.family == AF_INET ? &r->snmp->v4 : &r->snmp->v6;

    if (TAILQ_EMPTY(&sock->unsent) && send_now(r, sock))
        return;
    r->queue = &sock->unsent;
    TAILQ_INSERT_TAIL(r->queue, r, entry);
}

void drmgmt__snmp_flush(drmgmt__snmp_socket *sock)
{
    drmgmt__snmp_request *r;

    while ((r = TAILQ_FIRST(&sock->unsent)) && send_now(r, sock))
        leave_queue(r);
}

static bool heard_since(const drmgmt__snmp_request *r)
{
    return r->session->heard_ms && r->session->heard_ms >= r->began_ms;
}

void drmgmt__snmp_pump(drmgmt__snmp *snmp, drmgmt__snmp_session *session)
{
    drmgmt__snmp_request *r;

    while (session->in_flight < DRMGMT__SNMP_WINDOW && (r = TAILQ_FIRST(&session->waiting))) {
        leave_queue(r);
        session->in_flight++;
        r->in_flight = true;
        if (!drmgmt__table_add(&snmp->requests, &r->link, r->id)) {
            session->in_flight--;
            r->in_flight = false;
            send_failed(r, ENOMEM);
            continue;
        }
        /* The wait counts against a silent agent, so that it takes no longer for many than for one. */
        if (heard_since(r)) {
            r->tries = 0;
            drmgmt_timer_again(r->timer, r->settings.timeout_ms);
        }
        send_request(r);
    }
}

static void on_timer(void *user)
{
    drmgmt__snmp_request *r = user;

    if (r->send_errno) {
        fail_errno(r, r->send_errno);
        return;
    }
    if (!r->in_flight && heard_since(r)) { /* its turn has not come, but the agent lives */
        r->began_ms = drmgmt_loop_now(r->snmp->loop);
        r->tries = 0;
    } else if (++r->tries > r->settings.retries) {
        fail_timeout(r);
        return;
    }
    drmgmt_timer_again(r->timer, r->settings.timeout_ms);
    if (r->in_flight && !r->queue)
        send_request(r);
}

/* ---- begin ---- */

/* 31 random bits: whoever forges an answer must guess them. No two requests in flight have the same. */
static bool take_id(drmgmt__snmp *snmp, uint32_t *id)
{
    do {
        if (snmp->n_ids == 0) {
            if (drmgmt__random(snmp->ids, sizeof snmp->ids))
                return false;
            snmp->n_ids = DRMGMT__COUNT(snmp->ids);
        }
        *id = snmp->ids[--snmp->n_ids] & INT32_MAX;
    } while (drmgmt__table_find(&snmp->requests, *id));
    return true;
}

static void start(drmgmt__snmp_request *r, const drmgmt__net_address *host)
{
    drmgmt__snmp *snmp = r->snmp;
    unsigned port = drmgmt_op_port(r->op);
    drmgmt__net_address address = *host;

    address.port = (uint16_t)(port ? port : PORT);
    r->session = drmgmt__snmp_session_join(snmp, &address, r->settings.version, drmgmt_op_secret(r->op, "community"),
                                           drmgmt_op_tenant_id(r->op));
    r->timer = drmgmt_loop_timer(snmp->loop, r->settings.timeout_ms, on_timer, r);
    if (!r->session || !r->timer) {
        fail(r, "no-memory", true, "The worker is out of memory.");
        return;
    }
    r->began_ms = drmgmt_loop_now(snmp->loop);
    r->queue = &r->session->waiting;
    TAILQ_INSERT_TAIL(r->queue, r, entry);
    drmgmt__snmp_pump(snmp, r->session);
}

static void on_resolved(drmgmt__waiter *waiter, const drmgmt__net_address *address, const char *reason, bool retryable)
{
    drmgmt__snmp_request *r = (drmgmt__snmp_request *)(void *)((char *)waiter - offsetof(drmgmt__snmp_request, waiter));

    if (address)
        start(r, address);
    else
        fail(r, "unknown-host", retryable, "The host name %.80s is not found: %s.", drmgmt_op_address(r->op), reason);
}

/* What must be there before anything is sent; each of these is for a person to mend. */
static const char *lacking(const drmgmt_op *op, const char **code)
{
    const char *community = drmgmt_op_secret(op, "community");

    *code = "no-profile";
    if (!*drmgmt_op_address(op))
        return "The device has no SNMP profile with an address: set \"profiles\" of the device.";
    if (drmgmt_op_port(op) > UINT16_MAX)
        return "The port of the device's SNMP profile is above 65535.";
    *code = "no-credential";
    if (!community || !*community)
        return "The device's SNMP profile has no community: give it a credential with one.";
    if (strlen(community) > DRMGMT__SNMP_COMMUNITY_MAX)
        return "The community of the device's credential is longer than 255 bytes.";
    return NULL;
}

void drmgmt__snmp_begin(void *state, drmgmt_op *op)
{
    drmgmt__snmp *snmp = state;
    drmgmt_error *error = NULL;
    drmgmt__net_address address;
    const char *code, *lacks = lacking(op, &code);

    if (lacks) {
        drmgmt_op_fail(op, code, lacks, false);
        return;
    }
    drmgmt__snmp_request *r = calloc(1, sizeof *r);
    if (!r || !take_id(snmp, &r->id)) {
        free(r);
        drmgmt_op_fail(op, "no-memory", "The worker is out of memory, or has no random numbers.", true);
        return;
    }
    r->snmp = snmp;
    r->op = op;
    r->waiter.resolved = on_resolved;
    drmgmt_op_set_data(op, r);
    if (drmgmt__snmp_settings_read(drmgmt_op_settings(op), &r->settings, &error) ||
        drmgmt__snmp_get_params_read(drmgmt_op_params(op), &r->objects, &error)) {
        const char *field = drmgmt_error_field(error);
        fail(r, "invalid", false, "%s%s%s", field ? field : "", field ? ": " : "", drmgmt_error_message(error));
        drmgmt_error_free(error);
        return;
    }
    if (drmgmt__net_address_parse(drmgmt_op_address(op), &address))
        start(r, &address);
    else
        drmgmt__resolve(snmp->resolver, drmgmt_op_address(op), &r->waiter);
}

void drmgmt__snmp_cancel(void *state, drmgmt_op *op)
{
    drmgmt__snmp_request *r = drmgmt_op_data(op);

    (void)state;
    if (r)
        detach(r);
}

/* ---- answers ---- */

static drmgmt__snmp_request *find(const drmgmt__snmp *snmp, uint32_t id)
{
    drmgmt__link *link = drmgmt__table_find(&snmp->requests, id);
    return link ? DRMGMT__OF_LINK(drmgmt__snmp_request, link, link) : NULL;
}

static bool is_from(const drmgmt__snmp_session *session, const drmgmt__net_address *from,
                    const drmgmt__snmp_message *message)
{
    return drmgmt__net_address_equal(&session->address, from) && session->version == message->version &&
           strlen(session->community) == message->community_length &&
           drmgmt__equal(session->community, message->community, message->community_length);
}

void drmgmt__snmp_received(drmgmt__snmp *snmp, const drmgmt__net_address *from, uint8_t *packet, size_t length)
{
    drmgmt__snmp_message message;

    if (!drmgmt__snmp_decode(packet, length, &message)) {
        snmp->counts.malformed++;
        return;
    }
    drmgmt__snmp_request *r = find(snmp, message.request_id);
    if (!r) {
        snmp->counts.stray++;
    } else if (!is_from(r->session, from, &message)) {
        snmp->counts.foreign++;
    } else {
        snmp->counts.answered++;
        r->session->heard_ms = drmgmt_loop_now(snmp->loop);
        if (message.error_status)
            fail_status(r, &message);
        else
            complete(r, &message);
    }
    drmgmt__snmp_message_free(&message);
}

void drmgmt__snmp_undeliverable(drmgmt__snmp *snmp, const drmgmt__net_address *to, const uint8_t *packet, size_t length,
                                int error)
{
    uint32_t id;

    /* A report that quotes too little of the datagram could be anybody's invention: the timeout decides. */
    drmgmt__snmp_request *r = drmgmt__snmp_quoted_id(packet, length, &id) ? find(snmp, id) : NULL;
    if (r && drmgmt__net_address_equal(&r->session->address, to))
        fail_errno(r, error);
}
