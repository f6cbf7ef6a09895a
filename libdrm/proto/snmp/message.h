/* SNMP messages: bytes to what they say and back, of all versions and all kinds of PDU. Used by exchange.c and by the
 * trap listener. Pure; no allocation; any thread. Internal.
 *
 *     drmgmt__snmp_message m;
 *     if (drmgmt__snmp_message_read(&m, packet, length) == 0 && m.version != DRMGMT__SNMP_V3) {
 *         drmgmt__snmp_cursor c;
 *         drmgmt__snmp_varbind vb;
 *         drmgmt__snmp_cursor_open(&c, &m.pdu);
 *         while (drmgmt__snmp_next(&c, &vb) == 1) ...
 *
 * A message of version 3 is read in two steps: _read() gives its header and security parameters, usm.h checks and
 * decrypts, drmgmt__snmp_scoped_read() gives the PDU. What is read points into the packet. */
#ifndef DRMGMT_PROTO_SNMP_MESSAGE_H
#define DRMGMT_PROTO_SNMP_MESSAGE_H

#include "proto/snmp/ber.h"
#include "proto/snmp/oid.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    DRMGMT__SNMP_MESSAGE_MAX = 65507, /* of UDP over IPv4 */
    DRMGMT__SNMP_COMMUNITY_MAX = 255,
    DRMGMT__SNMP_ENGINE_MIN = 5, /* octets of an engine id: RFC 3411, section 5 */
    DRMGMT__SNMP_ENGINE_MAX = 32,
    DRMGMT__SNMP_NAME_MAX = 32, /* user and context names */
    DRMGMT__SNMP_MAC_MAX = 48   /* RFC 7860 */
};

enum { DRMGMT__SNMP_V1 = 0, DRMGMT__SNMP_V2C = 1, DRMGMT__SNMP_V3 = 3 }; /* as on the wire */

enum { /* PDUs */
       DRMGMT__SNMP_GET = 0xa0,
       DRMGMT__SNMP_GETNEXT = 0xa1,
       DRMGMT__SNMP_RESPONSE = 0xa2,
       DRMGMT__SNMP_SET = 0xa3,
       DRMGMT__SNMP_TRAP1 = 0xa4, /* version 1 only */
       DRMGMT__SNMP_GETBULK = 0xa5,
       DRMGMT__SNMP_INFORM = 0xa6,
       DRMGMT__SNMP_TRAP2 = 0xa7,
       DRMGMT__SNMP_REPORT = 0xa8
};

enum { /* values */
       DRMGMT__SNMP_INTEGER = 0x02,
       DRMGMT__SNMP_OCTETS = 0x04, /* also BITS */
       DRMGMT__SNMP_NULL = 0x05,
       DRMGMT__SNMP_OID = 0x06,
       DRMGMT__SNMP_IPADDRESS = 0x40,
       DRMGMT__SNMP_COUNTER32 = 0x41,
       DRMGMT__SNMP_GAUGE32 = 0x42, /* Unsigned32 has the same tag */
       DRMGMT__SNMP_TIMETICKS = 0x43,
       DRMGMT__SNMP_OPAQUE = 0x44,
       DRMGMT__SNMP_NSAP = 0x45, /* of RFC 1442 only */
       DRMGMT__SNMP_COUNTER64 = 0x46,
       DRMGMT__SNMP_UINTEGER32 = 0x47,       /* of RFC 1442 only */
       DRMGMT__SNMP_OPAQUE_COUNTER64 = 0x76, /* 0x9f and this stand in an Opaque, by net-snmp's convention */
       DRMGMT__SNMP_OPAQUE_FLOAT = 0x78,
       DRMGMT__SNMP_OPAQUE_DOUBLE = 0x79,
       DRMGMT__SNMP_OPAQUE_I64 = 0x7a,
       DRMGMT__SNMP_OPAQUE_U64 = 0x7b,
       DRMGMT__SNMP_NO_SUCH_OBJECT = 0x80,
       DRMGMT__SNMP_NO_SUCH_INSTANCE = 0x81,
       DRMGMT__SNMP_END_OF_MIB_VIEW = 0x82
};

typedef struct drmgmt__octets {
    const uint8_t *bytes;
    size_t length;
} drmgmt__octets;

typedef struct drmgmt__snmp_value {
    uint8_t tag; /* which member of the union it has: */
    union {
        int64_t integer;       /* INTEGER (32 bits by the standard; agents send more, and it is told), Opaque I64 */
        uint64_t number;       /* Counter32, Gauge32, TimeTicks, UInteger32, Counter64, Opaque Counter64 and U64 */
        double real;           /* Opaque float and double */
        drmgmt__octets octets; /* OCTET STRING, IpAddress (4 of them), other Opaque, NsapAddress */
        drmgmt__oid oid;       /* OBJECT IDENTIFIER */
    };                         /* none: NULL, noSuchObject, noSuchInstance, endOfMibView */
} drmgmt__snmp_value;

typedef struct drmgmt__snmp_varbind {
    drmgmt__oid name;
    drmgmt__snmp_value value;
} drmgmt__snmp_varbind;

typedef struct drmgmt__snmp_trap1 { /* RFC 1157, section 4.1.6 */
    drmgmt__oid enterprise;
    uint8_t agent[4];
    int32_t generic, specific;
    uint32_t ticks; /* 10 ms */
} drmgmt__snmp_trap1;

typedef struct drmgmt__snmp_pdu {
    uint8_t type;
    int32_t request_id;
    int32_t error_status;                           /* of GETBULK: non-repeaters */
    int32_t error_index;                            /* of GETBULK: max-repetitions */
    drmgmt__snmp_trap1 trap1;                       /* TRAP1 only; it has none of the three above */
    drmgmt__ber varbinds;                           /* as read: for a cursor */
    uint32_t enterprise_arcs[DRMGMT__OID_ARCS_MAX]; /* as read: what trap1.enterprise points to */
} drmgmt__snmp_pdu;

enum { DRMGMT__SNMP_AUTH = 1, DRMGMT__SNMP_PRIV = 2, DRMGMT__SNMP_REPORTABLE = 4 }; /* flags: RFC 3412, section 6.4 */

typedef struct drmgmt__snmp_usm { /* security parameters: RFC 3414, section 2.4 */
    drmgmt__octets engine, user, mac, salt;
    int32_t boots, time;
} drmgmt__snmp_usm;

typedef struct drmgmt__snmp_message {
    int version;
    drmgmt__octets community; /* versions 1 and 2c */
    drmgmt__snmp_pdu pdu;     /* version 3: after drmgmt__snmp_scoped_read() */
    /* version 3 */
    int32_t id, max_size;
    uint8_t flags;
    drmgmt__snmp_usm usm;
    drmgmt__ber scoped; /* the scoped PDU in clear, or with DRMGMT__SNMP_PRIV the octets that are to be decrypted */
    drmgmt__octets context_engine, context_name; /* after drmgmt__snmp_scoped_read() */
} drmgmt__snmp_message;

/* 0; -1: the bytes are no SNMP message of a known version, security model and PDU. Octets behind the message are
 * ignored. The varbinds are not looked at yet. out has pointers into itself: it is not to be copied. */
int drmgmt__snmp_message_read(drmgmt__snmp_message *out, const uint8_t *packet, size_t length);
/* The scoped PDU of a version 3 message from its plain octets (m->scoped, or decrypted ones: octets behind it are
 * padding). 0 or -1. */
int drmgmt__snmp_scoped_read(drmgmt__snmp_message *m, const drmgmt__ber *plain);

/* Goes through the varbinds of a PDU. */
typedef struct drmgmt__snmp_cursor {
    drmgmt__ber left;
    uint32_t name_arcs[DRMGMT__OID_ARCS_MAX], value_arcs[DRMGMT__OID_ARCS_MAX];
} drmgmt__snmp_cursor;

void drmgmt__snmp_cursor_open(drmgmt__snmp_cursor *c, const drmgmt__snmp_pdu *pdu);
/* 1: *out is the next varbind; its OIDs live until the next call, its octets as long as the packet. 0: there are no
 * more. -1: what comes is malformed; nothing can be read behind it. A value of an unknown tag is malformed. */
int drmgmt__snmp_next(drmgmt__snmp_cursor *c, drmgmt__snmp_varbind *out);

/* ---- out: written to the end of buffer; they return where it begins and give *length, or NULL: it does not fit into
 * room, or an OID or value is none. ---- */
/* Versions 1 and 2c: m's version, community and pdu (but for pdu.varbinds, which are given here). The values of GET,
 * GETNEXT and GETBULK are nulls, whatever they are here. */
uint8_t *drmgmt__snmp_message_write(const drmgmt__snmp_message *m, const drmgmt__snmp_varbind *varbinds, size_t n,
                                    uint8_t *buffer, size_t room, size_t *length);
/* Version 3: the scoped PDU alone, and the message around m->scoped: plain, or encrypted if m->flags has
 * DRMGMT__SNMP_PRIV. m->usm.mac says how long the digest is; *mac is where it goes (it is all zeros now). */
uint8_t *drmgmt__snmp_scoped_write(const drmgmt__snmp_message *m, const drmgmt__snmp_varbind *varbinds, size_t n,
                                   uint8_t *buffer, size_t room, size_t *length);
uint8_t *drmgmt__snmp_v3_write(const drmgmt__snmp_message *m, uint8_t *buffer, size_t room, size_t *length,
                               uint8_t **mac);

/* The request id (version 3: message id) in the first bytes of a message of ours, as an ICMP error quotes it. False:
 * too few of them. */
bool drmgmt__snmp_quoted_id(const uint8_t *packet, size_t length, uint32_t *id);

/* The name of a type of value ("Counter64"); NULL: SNMP has no such tag. All Opaque kinds are "Opaque". */
const char *drmgmt__snmp_type_name(uint8_t tag);

#endif
