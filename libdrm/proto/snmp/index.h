/* The index of a row: the numbers behind a column's OID, taken apart (RFC 2578, section 7.7). Pure. Internal. */
#ifndef DRMGMT_PROTO_SNMP_INDEX_H
#define DRMGMT_PROTO_SNMP_INDEX_H

#include "proto/snmp/message.h"
#include "proto/snmp/names.h"

/* What a part of an index points to, while it is used. */
typedef struct drmgmt__snmp_index_room {
    uint8_t octets[DRMGMT__OID_ARCS_MAX];
} drmgmt__snmp_index_room;

/* Takes the value of one part off the front of rest. False: the numbers do not fit its syntax. */
bool drmgmt__snmp_index_take(const drmgmt__snmp_index *part, drmgmt__oid *rest, drmgmt__snmp_value *value,
                             drmgmt__snmp_index_room *room);
/* Whether instance is an index made of these parts, and of nothing more. */
bool drmgmt__snmp_index_fits(const drmgmt__snmp_index *parts, size_t n, const drmgmt__oid *instance);

#endif
