/* Values of varbinds to JSON: as they came, and as their object's syntax reads them. Loop thread; no allocation but in
 * the buffer. Internal. */
#ifndef DRMGMT_PROTO_SNMP_VALUE_H
#define DRMGMT_PROTO_SNMP_VALUE_H

#include "core/strbuf.h"
#include "proto/snmp/message.h"
#include "proto/snmp/names.h"

/* What is remembered from varbind to varbind, also from one result to the next: walks stay in one column for long, and
 * jobs of a batch ask for the same objects. Starts as all zeros. */
typedef struct drmgmt__snmp_render {
    const drmgmt__snmp_name *object; /* of the last varbind, NULL if it had none */
    char prefix[11 * DRMGMT__OID_ARCS_MAX];
    size_t prefix_length; /* of object's OID in digits */
} drmgmt__snmp_render;

/* {"oid":..,"name":..,"type":..,"value":..} and, where they say more, "hex" and "text". False, with nothing written: a
 * value of a type that no version of SNMP in use has. */
bool drmgmt__snmp_put_varbind(drmgmt__strbuf *out, drmgmt__snmp_render *render, const drmgmt__snmp_varbind *vb);

/* The value as it came, as a JSON value: octets that are no text in hex with colons. syntax may be NULL. */
void drmgmt__snmp_put_value(drmgmt__strbuf *out, const drmgmt__snmp_value *value, const drmgmt__snmp_syntax *syntax);
/* What syntax makes of it, as a JSON string: the name of a number, the names of bits, what a DISPLAY-HINT shows, a
 * time, the name of an object. False, with nothing written: no more than the value itself. */
bool drmgmt__snmp_put_text(drmgmt__strbuf *out, const drmgmt__snmp_value *value, const drmgmt__snmp_syntax *syntax);
/* Whether put_value() writes octets of this value in hex. */
bool drmgmt__snmp_in_hex(const drmgmt__snmp_value *value, const drmgmt__snmp_syntax *syntax);
/* Whether a result may have a value of this tag. */
bool drmgmt__snmp_shown(uint8_t tag);

#endif
