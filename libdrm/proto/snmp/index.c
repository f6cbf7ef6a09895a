/* Indices of rows. Called by rows.c. */
#include "proto/snmp/index.h"

/* How many numbers the part has, its length taken off the front where it stands there. False: not so many are left. */
static bool length_of(const drmgmt__snmp_index *part, drmgmt__oid *rest, size_t *length)
{
    const drmgmt__snmp_syntax *s = part->syntax;

    if (s->tag == DRMGMT__SNMP_IPADDRESS) {
        *length = 4;
    } else if (s->tag != DRMGMT__SNMP_OCTETS && s->tag != DRMGMT__SNMP_OID) {
        *length = 1;
    } else if (s->fixed) {
        *length = s->fixed;
    } else if (part->implied) {
        *length = rest->n;
    } else {
        if (rest->n == 0)
            return false;
        *length = rest->arcs[0];
        *rest = (drmgmt__oid){ rest->arcs + 1, rest->n - 1 };
    }
    return *length <= rest->n;
}

bool drmgmt__snmp_index_take(const drmgmt__snmp_index *part, drmgmt__oid *rest, drmgmt__snmp_value *value,
                             drmgmt__snmp_index_room *room)
{
    uint8_t tag = part->syntax->tag;
    size_t n;

    if (!length_of(part, rest, &n))
        return false;
    *value = (drmgmt__snmp_value){ .tag = tag };
    if (tag == DRMGMT__SNMP_INTEGER) {
        value->integer = (int32_t)rest->arcs[0];
    } else if (tag == DRMGMT__SNMP_OID) {
        value->oid = (drmgmt__oid){ rest->arcs, n };
    } else if (tag == DRMGMT__SNMP_OCTETS || tag == DRMGMT__SNMP_IPADDRESS) {
        for (size_t i = 0; i < n; i++) {
            if (rest->arcs[i] > UINT8_MAX)
                return false;
            room->octets[i] = (uint8_t)rest->arcs[i];
        }
        value->octets = (drmgmt__octets){ room->octets, n };
    } else {
        value->number = rest->arcs[0];
    }
    *rest = (drmgmt__oid){ rest->arcs + n, rest->n - n };
    return true;
}

bool drmgmt__snmp_index_fits(const drmgmt__snmp_index *parts, size_t n, const drmgmt__oid *instance)
{
    drmgmt__oid rest = *instance;
    drmgmt__snmp_index_room room;
    drmgmt__snmp_value value;

    for (size_t i = 0; i < n; i++)
        if (!drmgmt__snmp_index_take(&parts[i], &rest, &value, &room))
            return false;
    return rest.n == 0;
}
