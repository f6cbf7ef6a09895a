/* SNMP messages: bytes to PDU and back, with net-snmp's encoders. Called by request.c.
 *
 * Only the functions that work on one message are used. None of them looks at net-snmp's session list, reads a
 * configuration file, a MIB or the environment; init_snmp() and snmp_sess_init(), which do, are never called. */
#include "proto/snmp/snmp.h"

#include "core/core.h"
#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#include <pthread.h>
#include <string.h>

#include <net-snmp/library/snmp_impl.h> /* needs the others before it */

/* net-snmp counts request ids and keeps the text of its last error in static variables: one at a time. */
static pthread_mutex_t library = PTHREAD_MUTEX_INITIALIZER;

static void silence(void)
{
    /* Without a log handler it writes to stderr what it finds wrong with a message. Handlers of the embedding program
     * are left alone. This one is never removed: removing one breaks the list of the others (5.9.3). */
    netsnmp_register_loghandler(NETSNMP_LOGHANDLER_NONE, LOG_DEBUG);
}

void drmgmt__snmp_codec_open(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, silence);
}

/* ---- out ---- */

static bool add_objects(netsnmp_pdu *pdu, const drmgmt__snmp_objects *objects)
{
    oid name[DRMGMT__OID_ARCS_MAX];

    for (size_t i = 0; i < objects->n; i++) {
        for (size_t k = 0; k < objects->oids[i].n; k++)
            name[k] = objects->oids[i].arcs[k];
        if (!snmp_add_null_var(pdu, name, objects->oids[i].n))
            return false;
    }
    return true;
}

size_t drmgmt__snmp_encode_get(int version, const char *community, uint32_t request_id,
                               const drmgmt__snmp_objects *objects, uint8_t *packet)
{
    netsnmp_session session = { .version = version };
    size_t length = DRMGMT__SNMP_MESSAGE_MAX, offset = 0;

    pthread_mutex_lock(&library);
    netsnmp_pdu *pdu = snmp_pdu_create(SNMP_MSG_GET);
    bool good = pdu && add_objects(pdu, objects);
    if (good) {
        pdu->version = version;
        pdu->reqid = (long)request_id;
        pdu->community = (u_char *)(uintptr_t)community; /* lent: read only, and taken back below */
        pdu->community_len = strlen(community);
        pdu->flags |= UCD_MSG_FLAG_FORWARD_ENCODE; /* the other way would move the packet to its buffer's end */
        good = snmp_build(&packet, &length, &offset, &session, pdu) == 0;
        pdu->community = NULL;
        pdu->community_len = 0;
    }
    snmp_free_pdu(pdu);
    pthread_mutex_unlock(&library);
    return good ? length : 0;
}

/* ---- in ---- */

bool drmgmt__snmp_decode(uint8_t *packet, size_t length, drmgmt__snmp_message *out)
{
    long version = -1;

    out->community_length = sizeof out->community;
    pthread_mutex_lock(&library);
    out->pdu = snmp_pdu_create(SNMP_MSG_RESPONSE);
    u_char *rest =
        out->pdu ? snmp_comstr_parse(packet, &length, out->community, &out->community_length, &version) : NULL;
    bool good = rest && (version == SNMP_VERSION_1 || version == SNMP_VERSION_2c) &&
                snmp_pdu_parse(out->pdu, rest, &length) == 0 && out->pdu->command == SNMP_MSG_RESPONSE &&
                out->pdu->reqid >= 0 && out->pdu->reqid <= INT32_MAX;
    if (!good)
        snmp_free_pdu(out->pdu);
    pthread_mutex_unlock(&library);
    if (!good) {
        drmgmt__wipe(out->community, sizeof out->community);
        return false;
    }
    out->version = (int)version;
    out->request_id = (uint32_t)out->pdu->reqid;
    out->error_status = out->pdu->errstat;
    out->error_index = out->pdu->errindex;
    return true;
}

void drmgmt__snmp_message_free(drmgmt__snmp_message *message)
{
    snmp_free_pdu(message->pdu);
    message->pdu = NULL;
    drmgmt__wipe(message->community, sizeof message->community);
}

/* ---- quoted ---- */

struct cursor {
    const uint8_t *at;
    size_t left;
};

/* Steps over tag and length of a BER value as codec.c and net-snmp write them; its content need not be all there. */
static bool enter(struct cursor *c, uint8_t tag, size_t *content)
{
    if (c->left < 2 || c->at[0] != tag)
        return false;
    size_t n = c->at[1] & 0x80 ? c->at[1] & 0x7f : 0, length = n ? 0 : c->at[1];
    if (n > 2 || c->left < 2 + n)
        return false;
    for (size_t i = 0; i < n; i++)
        length = length << 8 | c->at[2 + i];
    c->at += 2 + n;
    c->left -= 2 + n;
    *content = length;
    return true;
}

static bool skip(struct cursor *c, uint8_t tag)
{
    size_t content;

    if (!enter(c, tag, &content) || content > c->left)
        return false;
    c->at += content;
    c->left -= content;
    return true;
}

bool drmgmt__snmp_quoted_id(const uint8_t *packet, size_t length, uint32_t *request_id)
{
    struct cursor c = { packet, length };
    size_t content;
    uint32_t id = 0;

    if (!enter(&c, ASN_SEQUENCE | ASN_CONSTRUCTOR, &content) || !skip(&c, ASN_INTEGER) || !skip(&c, ASN_OCTET_STR) ||
        !enter(&c, SNMP_MSG_GET, &content) || !enter(&c, ASN_INTEGER, &content) || content > 4 || content > c.left)
        return false;
    for (size_t i = 0; i < content; i++)
        id = id << 8 | c.at[i];
    *request_id = id;
    return true;
}
