/* Sessions: one agent as one tenant with one community asks it. Questions of a session share its window, so that no
 * agent gets more datagrams at once than it can hold, and a community to which an agent is silent holds up nobody else.
 * Called by peer.c. */
#include "proto/snmp/snmp.h"

#include "core/core.h"
#include <string.h>

enum { IDLE_MAX = 65536 }; /* of some 600 bytes each */

static uint64_t hash_of(const drmgmt__snmp *snmp, const drmgmt__net_address *address, int version,
                        const char *credential, const char *tenant)
{
    uint64_t hash = drmgmt__hash(snmp->hash_seed, address->bytes, sizeof address->bytes);

    hash = drmgmt__hash(hash, &address->port, sizeof address->port);
    hash = drmgmt__hash(hash, &version, sizeof version);
    hash = drmgmt__hash(hash, credential, strlen(credential) + 1);
    return drmgmt__hash(hash, tenant, strlen(tenant));
}

static void free_session(drmgmt__snmp_session *session)
{
    drmgmt__snmp_security_free(session->security);
    drmgmt__free_secret(session->credential);
    free(session->tenant);
    free(session);
}

static void on_keys(void *user)
{
    drmgmt__snmp_session *session = user;

    drmgmt__snmp_pump(session->snmp, session);
}

static drmgmt__snmp_session *make(drmgmt__snmp *snmp, const drmgmt__net_address *address, int version,
                                  const drmgmt_op_credential *login, const char *credential, const char *tenant,
                                  uint64_t hash)
{
    drmgmt__snmp_session *session = calloc(1, sizeof *session);

    if (!session)
        return NULL;
    session->snmp = snmp;
    session->address = *address;
    session->version = version;
    session->credential = strdup(credential);
    session->tenant = strdup(tenant);
    TAILQ_INIT(&session->waiting);
    if (version == DRMGMT__SNMP_V3)
        session->security = drmgmt__snmp_security_new(snmp->kus, login, on_keys, session);
    if (!session->credential || !session->tenant || (version == DRMGMT__SNMP_V3 && !session->security) ||
        !drmgmt__table_add(&snmp->sessions, &session->link, hash)) {
        free_session(session);
        return NULL;
    }
    return session;
}

static drmgmt__snmp_session *find(drmgmt__snmp *snmp, const drmgmt__net_address *address, int version,
                                  const char *credential, const char *tenant, uint64_t hash)
{
    for (drmgmt__link *link = drmgmt__table_find(&snmp->sessions, hash); link; link = drmgmt__table_next(link)) {
        drmgmt__snmp_session *s = DRMGMT__OF_LINK(drmgmt__snmp_session, link, link);
        if (drmgmt__net_address_equal(&s->address, address) && s->version == version &&
            strcmp(s->credential, credential) == 0 && strcmp(s->tenant, tenant) == 0)
            return s;
    }
    return NULL;
}

drmgmt__snmp_session *drmgmt__snmp_session_join(drmgmt__snmp *snmp, const drmgmt__net_address *address, int version,
                                                const drmgmt_op_credential *login, const char *tenant)
{
    char fingerprint[65];
    const char *credential = login->community;

    if (version == DRMGMT__SNMP_V3) {
        if (!drmgmt__snmp_login_fingerprint(snmp->kus, login, fingerprint))
            return NULL;
        credential = fingerprint;
    }
    uint64_t hash = hash_of(snmp, address, version, credential, tenant);
    drmgmt__snmp_session *session = find(snmp, address, version, credential, tenant, hash);
    if (session && session->peers == 0) {
        TAILQ_REMOVE(&snmp->idle, session, idle);
        snmp->n_idle--;
    }
    if (!session)
        session = make(snmp, address, version, login, credential, tenant, hash);
    if (session)
        session->peers++;
    return session;
}

static void forget(drmgmt__snmp *snmp, drmgmt__snmp_session *session)
{
    drmgmt__table_remove(&snmp->sessions, &session->link);
    free_session(session);
}

static void forget_oldest(drmgmt__snmp *snmp)
{
    drmgmt__snmp_session *oldest = TAILQ_FIRST(&snmp->idle);

    TAILQ_REMOVE(&snmp->idle, oldest, idle);
    snmp->n_idle--;
    forget(snmp, oldest);
}

void drmgmt__snmp_session_leave(drmgmt__snmp *snmp, drmgmt__snmp_session *session)
{
    if (--session->peers > 0)
        return;
    if (!session->security || !drmgmt__snmp_security_knows(session->security)) {
        forget(snmp, session);
        return;
    }
    session->left_round = snmp->round;
    TAILQ_INSERT_TAIL(&snmp->idle, session, idle);
    if (++snmp->n_idle > IDLE_MAX)
        forget_oldest(snmp);
}

void drmgmt__snmp_sessions_round(drmgmt__snmp *snmp)
{
    drmgmt__snmp_session *oldest;

    while ((oldest = TAILQ_FIRST(&snmp->idle)) && oldest->left_round < snmp->round)
        forget_oldest(snmp);
    drmgmt__kus_round(snmp->kus);
    snmp->round++;
}

void drmgmt__snmp_sessions_free(drmgmt__snmp *snmp)
{
    while (snmp->n_idle)
        forget_oldest(snmp);
}
