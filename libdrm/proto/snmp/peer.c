/* Whom an operation or a sweep asks: an address or a name, with settings and a credential. Calls resolve.c for names
 * and session.c; exchange.c asks. */
#include "proto/snmp/snmp.h"

#include "core/core.h"
#include "proto/credential.h"
#include <stdio.h>
#include <string.h>

enum { PORT = 161 };

void drmgmt__snmp_fail(drmgmt__snmp_failure *failure, const char *code, bool retryable, const char *format, ...)
{
    va_list args;

    failure->code = code;
    failure->retryable = retryable;
    va_start(args, format);
    vsnprintf(failure->message, sizeof failure->message, format, args);
    va_end(args);
}

/* ---- its address ---- */

static void found(drmgmt__snmp_peer *peer, const drmgmt__net_address *host)
{
    drmgmt__net_address address = *host;
    drmgmt__snmp_exchange *x, *next;
    drmgmt__snmp_failure failure;

    address.port = peer->port;
    peer->session = drmgmt__snmp_session_join(peer->snmp, &address, peer->settings.version, &peer->login,
                                              drmgmt_op_tenant_id(peer->op));
    if (!peer->session)
        drmgmt__snmp_fail(&failure, "no-memory", true, "The worker is out of memory.");
    for (x = TAILQ_FIRST(&peer->asked); x; x = next) {
        next = TAILQ_NEXT(x, of_peer);
        if (peer->session)
            drmgmt__snmp_exchange_start(x);
        else
            drmgmt__snmp_exchange_fail(x, &failure);
    }
}

static void lost(drmgmt__snmp_peer *peer, const char *reason, bool retryable)
{
    drmgmt__snmp_exchange *x;
    drmgmt__snmp_failure failure;

    drmgmt__snmp_fail(&failure, "unknown-host", retryable, "The host name %.80s is not found: %s.", peer->address,
                      reason);
    for (x = TAILQ_FIRST(&peer->asked); x; x = TAILQ_NEXT(x, of_peer))
        drmgmt__snmp_exchange_fail(x, &failure);
}

static void on_resolved(drmgmt__waiter *waiter, const drmgmt__net_address *address, const char *reason, bool retryable)
{
    drmgmt__snmp_peer *peer = (drmgmt__snmp_peer *)(void *)((char *)waiter - offsetof(drmgmt__snmp_peer, waiter));

    peer->looking_up = false;
    if (address)
        found(peer, address);
    else
        lost(peer, reason, retryable);
}

void drmgmt__snmp_peer_find(drmgmt__snmp_peer *peer)
{
    drmgmt__net_address address;

    if (peer->looking_up)
        return;
    if (drmgmt__net_address_parse(peer->address, &address)) {
        found(peer, &address);
        return;
    }
    peer->looking_up = true;
    drmgmt__resolve(peer->snmp->resolver, peer->address, &peer->waiter);
}

/* ---- its life ---- */

/* What must be there before anything is sent; each of these is for a person to mend. */
static const char *lacking(const drmgmt__snmp_target *target, const char **code)
{
    const char *community = target->login.community;

    *code = "no-profile";
    if (!target->address || !*target->address)
        return "The device has no SNMP profile with an address: set \"profiles\" of the device.";
    if (target->port > UINT16_MAX)
        return "The port of the device's SNMP profile is above 65535.";
    if (target->settings.version == DRMGMT__SNMP_V3)
        return drmgmt__snmp_login_lacks(&target->login, code);
    *code = "no-credential";
    if (!community || !*community)
        return "The device's SNMP profile has no community: give it a credential with one.";
    if (strlen(community) > DRMGMT__SNMP_COMMUNITY_MAX)
        return "The community of the device's credential is longer than 255 bytes.";
    return NULL;
}

static bool copy_login(drmgmt__snmp_peer *peer, const drmgmt_op_credential *login)
{
    peer->secrets_size = drmgmt__credential_size(login) + 1;
    char *at = peer->secrets = malloc(peer->secrets_size);
    if (at)
        drmgmt__credential_copy(&peer->login, login, &at);
    return at != NULL;
}

drmgmt__snmp_peer *drmgmt__snmp_peer_open(drmgmt__snmp *snmp, const drmgmt__snmp_target *target,
                                          drmgmt__snmp_failure *failure)
{
    const char *code, *lacks = lacking(target, &code);

    if (lacks) {
        drmgmt__snmp_fail(failure, code, false, "%s", lacks);
        return NULL;
    }
    drmgmt__snmp_peer *peer = calloc(1, sizeof *peer);
    if (peer) {
        peer->snmp = snmp;
        peer->op = target->op;
        peer->settings = target->settings;
        peer->port = (uint16_t)(target->port ? target->port : PORT);
        peer->waiter.resolved = on_resolved;
        TAILQ_INIT(&peer->asked);
        peer->address = strdup(target->address);
        if (copy_login(peer, &target->login) && peer->address)
            return peer;
        drmgmt__snmp_peer_close(peer);
    }
    drmgmt__snmp_fail(failure, "no-memory", true, "The worker is out of memory.");
    return NULL;
}

static int read_settings(const char *text, void **value, drmgmt_error **error)
{
    drmgmt__snmp_settings *settings = malloc(sizeof *settings);

    int rc = settings ? drmgmt__snmp_settings_read(text, settings, error) : drmgmt__fail_memory(error);
    if (rc)
        free(settings);
    else
        *value = settings;
    return rc;
}

/* The profile's version counts, if it has one. */
static void use_credential(drmgmt__snmp_target *target, const drmgmt_op_credential *c)
{
    target->login = *c;
    if (!target->settings.version_given && c->snmp_version)
        (void)drmgmt__snmp_version_read(c->snmp_version, &target->settings.version);
}

drmgmt__snmp_peer *drmgmt__snmp_peer_of_op(drmgmt__snmp *snmp, const drmgmt_op *op, drmgmt__snmp_failure *failure)
{
    drmgmt__snmp_target target = { .op = op, .address = drmgmt_op_address(op), .port = drmgmt_op_port(op) };
    size_t n;
    const drmgmt_op_credential *credential = drmgmt_op_credentials(op, &n);
    static const drmgmt__kept_kind kind = { read_settings, free };
    drmgmt__kept *kept;
    drmgmt_error *error = NULL;

    if (drmgmt__keep(&snmp->kept, drmgmt_op_settings(op), &kind, &kept, &error)) {
        const char *field = drmgmt_error_field(error);
        drmgmt__snmp_fail(failure, "invalid", false, "%s%s%s", field ? field : "", field ? ": " : "",
                          drmgmt_error_message(error));
        drmgmt_error_free(error);
        return NULL;
    }
    target.settings = *(const drmgmt__snmp_settings *)kept->value;
    if (credential)
        use_credential(&target, credential);
    drmgmt__kept_release(kept);
    return drmgmt__snmp_peer_open(snmp, &target, failure);
}

void drmgmt__snmp_peer_close(drmgmt__snmp_peer *peer)
{
    drmgmt__snmp_exchange *x;

    if (!peer)
        return;
    /* None of them is to be sent because another one goes. */
    for (x = TAILQ_FIRST(&peer->asked); x; x = TAILQ_NEXT(x, of_peer)) {
        if (x->queue)
            TAILQ_REMOVE(x->queue, x, entry);
        x->queue = NULL;
    }
    while ((x = TAILQ_FIRST(&peer->asked)))
        drmgmt__snmp_ask_cancel(x);
    drmgmt__resolve_cancel(&peer->waiter);
    if (peer->session)
        drmgmt__snmp_session_leave(peer->snmp, peer->session);
    if (peer->secrets)
        drmgmt__wipe(peer->secrets, peer->secrets_size);
    free(peer->secrets);
    free(peer->address);
    free(peer);
}

const drmgmt__snmp_settings *drmgmt__snmp_peer_settings(const drmgmt__snmp_peer *peer)
{
    return &peer->settings;
}
