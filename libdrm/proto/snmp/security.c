/* Version 3 for a session. Called by session.c and exchange.c; calls usm.c and ku.c. */
#include "proto/snmp/security.h"

#include "core/core.h"
#include <stdlib.h>
#include <string.h>

struct drmgmt__snmp_security {
    char user[DRMGMT__SNMP_NAME_MAX + 1], context[DRMGMT__SNMP_NAME_MAX + 1];
    const drmgmt__usm_auth *auth; /* NULL: noAuthNoPriv */
    const drmgmt__usm_priv *priv;
    drmgmt__kus *kus;
    drmgmt__ku *ku_auth, *ku_priv;
    drmgmt__ku *ku_half; /* while the second half of the keys for told[] is made */
    drmgmt__ku_waiter waiter;
    void (*ready)(void *user);
    void *ready_user;
    /* the engine; length 0: not known */
    uint8_t engine[DRMGMT__SNMP_ENGINE_MAX], told[DRMGMT__SNMP_ENGINE_MAX];
    size_t engine_length, told_length;
    int32_t boots, time; /* as it told them, */
    uint64_t told_ms;    /* then */
    drmgmt__usm_keys keys;
};

/* ---- logins ---- */

static bool is_set(const char *text)
{
    return text && *text;
}

const char *drmgmt__snmp_login_lacks(const drmgmt_op_credential *login, const char **code)
{
    *code = "no-credential";
    if (!is_set(login->username))
        return "The device's SNMP profile has no user: give it a credential of version 3 with a username.";
    *code = "credential";
    if (strlen(login->username) > DRMGMT__SNMP_NAME_MAX ||
        (login->context_name && strlen(login->context_name) > DRMGMT__SNMP_NAME_MAX))
        return "The username or the context name of the device's credential is longer than 32 bytes.";
    if (is_set(login->priv_protocol) && !is_set(login->auth_protocol))
        return "The device's credential encrypts without authentication: SNMP has no such level.";
    if (is_set(login->auth_protocol) && !drmgmt__usm_auth_find(login->auth_protocol))
        return "The device's credential has an authentication protocol that is not known here.";
    if (is_set(login->priv_protocol) && !drmgmt__usm_priv_find(login->priv_protocol))
        return "The device's credential has a privacy protocol that is not known here.";
    if ((is_set(login->auth_protocol) &&
         (!login->auth_password || strlen(login->auth_password) < DRMGMT__USM_PASSPHRASE_MIN)) ||
        (is_set(login->priv_protocol) &&
         (!login->priv_password || strlen(login->priv_password) < DRMGMT__USM_PASSPHRASE_MIN)))
        return "A passphrase of the device's credential is missing or shorter than 8 bytes.";
    return NULL;
}

bool drmgmt__snmp_login_fingerprint(const drmgmt__kus *kus, const drmgmt_op_credential *login, char out[65])
{
    const char *const texts[] = { login->username,      login->auth_protocol, login->auth_password,
                                  login->priv_protocol, login->priv_password, login->context_name };
    drmgmt__octets pieces[DRMGMT__COUNT(texts)];
    uint8_t fingerprint[32];

    for (size_t i = 0; i < DRMGMT__COUNT(texts); i++)
        pieces[i] = (drmgmt__octets){ (const uint8_t *)(texts[i] ? texts[i] : ""), texts[i] ? strlen(texts[i]) : 0 };
    if (!drmgmt__kus_fingerprint(kus, pieces, DRMGMT__COUNT(texts), fingerprint))
        return false;
    drmgmt__hex(fingerprint, sizeof fingerprint, out);
    out[64] = '\0';
    return true;
}

/* ---- life ---- */

/* One after the other: whoever waits for both waits for the slower one. */
static bool wait_for_keys(drmgmt__snmp_security *s)
{
    drmgmt__ku *pending = drmgmt__ku_pending(s->ku_auth)   ? s->ku_auth
                          : drmgmt__ku_pending(s->ku_priv) ? s->ku_priv
                          : drmgmt__ku_pending(s->ku_half) ? s->ku_half
                                                           : NULL;
    if (pending)
        drmgmt__ku_wait(pending, &s->waiter);
    return pending != NULL;
}

static bool complete(drmgmt__snmp_security *s);

static void on_key(drmgmt__ku_waiter *waiter)
{
    drmgmt__snmp_security *s =
        (drmgmt__snmp_security *)(void *)((char *)waiter - offsetof(drmgmt__snmp_security, waiter));

    if (wait_for_keys(s))
        return;
    if (s->ku_half)
        (void)complete(s); /* if it fails, the engine is not known, as it was not before */
    s->ready(s->ready_user);
}

static drmgmt__ku *take_passphrase(drmgmt__kus *kus, const drmgmt__usm_auth *auth, const char *passphrase)
{
    return drmgmt__ku_take(kus, auth, &(drmgmt__octets){ (const uint8_t *)passphrase, strlen(passphrase) });
}

drmgmt__snmp_security *drmgmt__snmp_security_new(drmgmt__kus *kus, const drmgmt_op_credential *login,
                                                 void (*ready)(void *user), void *user)
{
    drmgmt__snmp_security *s = calloc(1, sizeof *s);

    if (!s)
        return NULL;
    s->kus = kus;
    s->ready = ready;
    s->ready_user = user;
    s->waiter.ready = on_key;
    strncpy(s->user, login->username, DRMGMT__SNMP_NAME_MAX);
    strncpy(s->context, login->context_name ? login->context_name : "", DRMGMT__SNMP_NAME_MAX);
    s->auth = is_set(login->auth_protocol) ? drmgmt__usm_auth_find(login->auth_protocol) : NULL;
    s->priv = is_set(login->priv_protocol) ? drmgmt__usm_priv_find(login->priv_protocol) : NULL;
    if ((s->auth && !(s->ku_auth = take_passphrase(kus, s->auth, login->auth_password))) ||
        (s->priv && !(s->ku_priv = take_passphrase(kus, s->auth, login->priv_password)))) {
        drmgmt__snmp_security_free(s);
        return NULL;
    }
    (void)wait_for_keys(s);
    return s;
}

void drmgmt__snmp_security_free(drmgmt__snmp_security *s)
{
    if (!s)
        return;
    drmgmt__ku_wait_cancel(&s->waiter);
    drmgmt__ku_give(s->kus, s->ku_auth);
    drmgmt__ku_give(s->kus, s->ku_priv);
    drmgmt__ku_give(s->kus, s->ku_half);
    drmgmt__wipe(s, sizeof *s);
    free(s);
}

bool drmgmt__snmp_security_pending(const drmgmt__snmp_security *s)
{
    return s->waiter.on != NULL;
}

bool drmgmt__snmp_security_knows(const drmgmt__snmp_security *s)
{
    return s->engine_length > 0;
}

/* ---- the engine ---- */

static int64_t engine_time(const drmgmt__snmp_security *s, uint64_t now_ms)
{
    int64_t time = s->time + (int64_t)((now_ms - s->told_ms) / 1000);
    return time < INT32_MAX ? time : INT32_MAX;
}

static void set_time(drmgmt__snmp_security *s, const drmgmt__snmp_usm *usm, uint64_t now_ms)
{
    s->boots = usm->boots;
    s->time = usm->time;
    s->told_ms = now_ms;
}

static bool is_engine(const uint8_t *known, size_t length, const drmgmt__octets *engine)
{
    return length && engine->length == length && memcmp(engine->bytes, known, length) == 0;
}

static void know(drmgmt__snmp_security *s)
{
    memcpy(s->engine, s->told, s->told_length);
    s->engine_length = s->told_length;
}

/* The second half of the keys was made, or could not be: false. */
static bool complete(drmgmt__snmp_security *s)
{
    const drmgmt__usm_key *half = drmgmt__ku_key(s->ku_half);
    const drmgmt__octets engine = { s->told, s->told_length };

    bool good = half && drmgmt__usm_complete(&s->keys, half, &engine) == 0;
    drmgmt__ku_give(s->kus, s->ku_half);
    s->ku_half = NULL;
    if (good)
        know(s);
    return good;
}

/* The session is pending while a thread makes the second half. */
static bool take_half(drmgmt__snmp_security *s)
{
    const drmgmt__octets half = drmgmt__usm_half(&s->keys);

    s->ku_half = drmgmt__ku_take(s->kus, s->auth, &half);
    return s->ku_half && (wait_for_keys(s) || complete(s));
}

/* A report that is not authenticated: its time is a guess, which the agent corrects if it is wrong (RFC 3414, section
 * 4). False: it tells no engine, or keys cannot be made for it. */
static bool learn_engine(drmgmt__snmp_security *s, const drmgmt__snmp_usm *usm, uint64_t now_ms)
{
    const drmgmt__usm_key *auth = drmgmt__ku_key(s->ku_auth), *priv = drmgmt__ku_key(s->ku_priv);

    if (usm->engine.length < DRMGMT__SNMP_ENGINE_MIN || usm->engine.length > DRMGMT__SNMP_ENGINE_MAX)
        return false;
    if (s->ku_half) /* one at a time */
        return is_engine(s->told, s->told_length, &usm->engine);
    s->engine_length = 0;
    s->keys = (drmgmt__usm_keys){ .auth = s->auth, .priv = s->priv };
    if (s->auth && (!auth || (s->priv && !priv) || drmgmt__usm_localize(&s->keys, auth, priv, &usm->engine)))
        return false;
    memcpy(s->told, usm->engine.bytes, usm->engine.length);
    s->told_length = usm->engine.length;
    set_time(s, usm, now_ms);
    if (s->keys.half)
        return take_half(s);
    know(s);
    return true;
}

/* ---- out ---- */

uint8_t *drmgmt__snmp_security_write(drmgmt__snmp_security *s, uint32_t id, const drmgmt__snmp_pdu *pdu,
                                     const drmgmt__snmp_varbind *varbinds, size_t n, uint64_t now_ms, uint8_t *buffer,
                                     uint8_t *scratch, size_t room, size_t *length)
{
    static const drmgmt__usm_keys none;
    bool known = drmgmt__snmp_security_knows(s);
    drmgmt__snmp_message m;

    m.version = DRMGMT__SNMP_V3;
    m.id = (int32_t)id;
    m.max_size = DRMGMT__SNMP_MESSAGE_MAX;
    m.flags = DRMGMT__SNMP_REPORTABLE;
    m.usm = (drmgmt__snmp_usm){ .engine = { s->engine, s->engine_length } };
    m.context_engine = m.usm.engine;
    m.context_name = (drmgmt__octets){ (const uint8_t *)s->context, known ? strlen(s->context) : 0 };
    m.pdu.type = known ? pdu->type : DRMGMT__SNMP_GET;
    m.pdu.request_id = pdu->request_id;
    m.pdu.error_status = known ? pdu->error_status : 0;
    m.pdu.error_index = known ? pdu->error_index : 0;
    if (known) {
        m.usm.user = (drmgmt__octets){ (const uint8_t *)s->user, strlen(s->user) };
        m.usm.boots = s->auth ? s->boots : 0;
        m.usm.time = s->auth ? (int32_t)engine_time(s, now_ms) : 0;
    }
    return drmgmt__usm_write(&m, known ? &s->keys : &none, varbinds, known ? n : 0, buffer, scratch, room, length);
}

/* ---- in ---- */

enum report { UNSUPPORTED_LEVEL, NOT_IN_TIME, UNKNOWN_USER, UNKNOWN_ENGINE, WRONG_DIGEST, DECRYPTION, CONTEXT, OTHER };

static const struct {
    uint32_t arcs[10];
    size_t n;
    enum report report;
} reports[] = {
    { { 1, 3, 6, 1, 6, 3, 15, 1, 1, 1 }, 10, UNSUPPORTED_LEVEL },
    { { 1, 3, 6, 1, 6, 3, 15, 1, 1, 2 }, 10, NOT_IN_TIME },
    { { 1, 3, 6, 1, 6, 3, 15, 1, 1, 3 }, 10, UNKNOWN_USER },
    { { 1, 3, 6, 1, 6, 3, 15, 1, 1, 4 }, 10, UNKNOWN_ENGINE },
    { { 1, 3, 6, 1, 6, 3, 15, 1, 1, 5 }, 10, WRONG_DIGEST },
    { { 1, 3, 6, 1, 6, 3, 15, 1, 1, 6 }, 10, DECRYPTION },
    { { 1, 3, 6, 1, 6, 3, 12, 1, 4 }, 9, CONTEXT },
    { { 1, 3, 6, 1, 6, 3, 12, 1, 5 }, 9, CONTEXT },
};

static const drmgmt__snmp_refusal refusals[] = {
    [UNSUPPORTED_LEVEL] = { "unsupportedSecLevel",
                            "The agent does not let this user in at this security level: give the credential the "
                            "protocols that the agent has for it.",
                            false },
    [NOT_IN_TIME] = { "notInTimeWindow", "The agent's clock of boots and seconds cannot be followed.", true },
    [UNKNOWN_USER] = { "unknownUserName", "The agent does not know the credential's username.", false },
    [UNKNOWN_ENGINE] = { "unknownEngineID", "The agent denies the engine id that it told before.", true },
    [WRONG_DIGEST] = { "authentication",
                       "The agent refuses the digest: the credential's authentication protocol or passphrase is "
                       "another "
                       "than the agent's.",
                       false },
    [DECRYPTION] = { "decryptionError",
                     "The agent cannot decrypt what was sent: the credential's privacy protocol or passphrase is "
                     "another "
                     "than the agent's.",
                     false },
    [CONTEXT] = { "unknownContext", "The agent has no such context: see the credential's context name.", false },
    [OTHER] = { "report", "The agent refused the message with a report that is not known here.", false },
};

const drmgmt__snmp_refusal *drmgmt__snmp_refusal_at(size_t i)
{
    return i < DRMGMT__COUNT(refusals) ? &refusals[i] : NULL;
}

static enum report what_report(const drmgmt__snmp_pdu *pdu)
{
    drmgmt__snmp_cursor cursor;
    drmgmt__snmp_varbind vb;

    drmgmt__snmp_cursor_open(&cursor, pdu);
    if (drmgmt__snmp_next(&cursor, &vb) != 1)
        return OTHER;
    for (size_t i = 0; i < DRMGMT__COUNT(reports); i++)
        if (vb.name.n >= reports[i].n && memcmp(vb.name.arcs, reports[i].arcs, reports[i].n * sizeof(uint32_t)) == 0)
            return reports[i].report;
    return OTHER;
}

/* Time is believed only from one who has the keys. That it may go back is meant: agents reset their boots, and an old
 * report is no answer to a question with a random id. */
static drmgmt__snmp_reading read_report(drmgmt__snmp_security *s, const drmgmt__snmp_message *m, bool authentic,
                                        uint64_t now_ms, bool *engine_learnt, bool *time_learnt,
                                        const drmgmt__snmp_refusal **refusal)
{
    enum report report = what_report(&m->pdu);

    *refusal = &refusals[report];
    if (report == UNKNOWN_ENGINE && !*engine_learnt) {
        *engine_learnt = learn_engine(s, &m->usm, now_ms);
        return *engine_learnt ? DRMGMT__SNMP_READ_AGAIN : DRMGMT__SNMP_READ_DROP;
    }
    if (report == NOT_IN_TIME && authentic && !*time_learnt) {
        set_time(s, &m->usm, now_ms);
        *time_learnt = true;
        return DRMGMT__SNMP_READ_AGAIN;
    }
    /* Without a key anybody may write one about time: the timeout decides. */
    if (report == NOT_IN_TIME && !authentic)
        return DRMGMT__SNMP_READ_DROP;
    return DRMGMT__SNMP_READ_REFUSED;
}

static bool in_time(drmgmt__snmp_security *s, const drmgmt__snmp_usm *usm, uint64_t now_ms)
{
    int64_t known = engine_time(s, now_ms);

    if (!drmgmt__usm_in_window(s->boots, known, usm->boots, usm->time))
        return false;
    if (usm->boots > s->boots || usm->time > known)
        set_time(s, usm, now_ms);
    return true;
}

drmgmt__snmp_reading drmgmt__snmp_security_read(drmgmt__snmp_security *s, drmgmt__snmp_message *m, uint64_t now_ms,
                                                uint8_t *packet, size_t length, uint8_t *scratch, size_t room,
                                                bool *engine_learnt, bool *time_learnt,
                                                const drmgmt__snmp_refusal **refusal)
{
    static const drmgmt__usm_keys none;
    bool authentic = m->flags & DRMGMT__SNMP_AUTH;
    uint8_t level = m->flags & (DRMGMT__SNMP_AUTH | DRMGMT__SNMP_PRIV);

    if (authentic && (!s->auth || !is_engine(s->engine, s->engine_length, &m->usm.engine)))
        return DRMGMT__SNMP_READ_DROP;
    if (drmgmt__usm_read(m, authentic ? &s->keys : &none, packet, length, scratch, room) != DRMGMT__USM_GOOD)
        return DRMGMT__SNMP_READ_DROP;
    if (m->pdu.type == DRMGMT__SNMP_REPORT)
        return read_report(s, m, authentic, now_ms, engine_learnt, time_learnt, refusal);
    /* No less secure than the question was, and of the same engine, user and context. */
    if (m->pdu.type != DRMGMT__SNMP_RESPONSE || !is_engine(s->engine, s->engine_length, &m->usm.engine) ||
        level != drmgmt__usm_flags(&s->keys) || m->usm.user.length != strlen(s->user) ||
        memcmp(m->usm.user.bytes, s->user, m->usm.user.length) != 0 || m->context_name.length != strlen(s->context) ||
        memcmp(m->context_name.bytes, s->context, m->context_name.length) != 0)
        return DRMGMT__SNMP_READ_DROP;
    if (authentic && !in_time(s, &m->usm, now_ms))
        return DRMGMT__SNMP_READ_DROP;
    return DRMGMT__SNMP_READ_PDU;
}
