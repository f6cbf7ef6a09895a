/* Sessions: one agent as one tenant with one community asks it. Questions of a session share its window, so that no
 * agent gets more datagrams at once than it can hold, and a community to which an agent is silent holds up nobody else.
 * Called by peer.c. */
#include "proto/snmp/snmp.h"

#include "core/core.h"
#include <string.h>

static uint64_t hash_of(const drmgmt__snmp *snmp, const drmgmt__net_address *address, int version,
                        const char *community, const char *tenant)
{
    uint64_t hash = drmgmt__hash(snmp->hash_seed, address->bytes, sizeof address->bytes);

    hash = drmgmt__hash(hash, &address->port, sizeof address->port);
    hash = drmgmt__hash(hash, &version, sizeof version);
    hash = drmgmt__hash(hash, community, strlen(community) + 1);
    return drmgmt__hash(hash, tenant, strlen(tenant));
}

static void free_session(drmgmt__snmp_session *session)
{
    drmgmt__free_secret(session->community);
    free(session->tenant);
    free(session);
}

static drmgmt__snmp_session *make(drmgmt__snmp *snmp, const drmgmt__net_address *address, int version,
                                  const char *community, const char *tenant, uint64_t hash)
{
    drmgmt__snmp_session *session = calloc(1, sizeof *session);

    if (!session)
        return NULL;
    session->address = *address;
    session->version = version;
    session->community = strdup(community);
    session->tenant = strdup(tenant);
    TAILQ_INIT(&session->waiting);
    if (!session->community || !session->tenant || !drmgmt__table_add(&snmp->sessions, &session->link, hash)) {
        free_session(session);
        return NULL;
    }
    return session;
}

drmgmt__snmp_session *drmgmt__snmp_session_join(drmgmt__snmp *snmp, const drmgmt__net_address *address, int version,
                                                const char *community, const char *tenant)
{
    uint64_t hash = hash_of(snmp, address, version, community, tenant);
    drmgmt__snmp_session *session = NULL;

    for (drmgmt__link *link = drmgmt__table_find(&snmp->sessions, hash); link && !session;
         link = drmgmt__table_next(link)) {
        drmgmt__snmp_session *s = DRMGMT__OF_LINK(drmgmt__snmp_session, link, link);
        if (drmgmt__net_address_equal(&s->address, address) && s->version == version &&
            strcmp(s->community, community) == 0 && strcmp(s->tenant, tenant) == 0)
            session = s;
    }
    if (!session)
        session = make(snmp, address, version, community, tenant, hash);
    if (session)
        session->peers++;
    return session;
}

void drmgmt__snmp_session_leave(drmgmt__snmp *snmp, drmgmt__snmp_session *session)
{
    if (--session->peers > 0)
        return;
    drmgmt__table_remove(&snmp->sessions, &session->link);
    free_session(session);
}
