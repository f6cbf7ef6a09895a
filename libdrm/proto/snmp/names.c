/* Names of well-known objects: SNMPv2-MIB (RFC 3418), IF-MIB (RFC 2863), and parts of IP-MIB (RFC 4293),
 * HOST-RESOURCES-MIB (RFC 2790) and ENTITY-MIB (RFC 6933). Called by params.c and result.c. */
#include "proto/snmp/snmp.h"

#include "core/cleanup.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define SCALAR DRMGMT__SNMP_SCALAR
#define COLUMN DRMGMT__SNMP_COLUMN
#define BINARY DRMGMT__SNMP_BINARY
#define ARCS(...)                                                                                                      \
    {                                                                                                                  \
        (const uint32_t[]){ __VA_ARGS__ }, sizeof((const uint32_t[]){ __VA_ARGS__ }) / sizeof(uint32_t)                \
    }
#define ROW(module, name, flags, ...)                                                                                  \
    {                                                                                                                  \
        module, name, ARCS(__VA_ARGS__), flags                                                                         \
    }
#define SNMPV2 "SNMPv2-MIB"
#define IF     "IF-MIB"
#define IP     "IP-MIB"
#define HOST   "HOST-RESOURCES-MIB"
#define ENTITY "ENTITY-MIB"

/* Ordered by OID; none is a part of another. */
/* clang-format off */
static const drmgmt__snmp_name names[] = {
    ROW(SNMPV2, "sysDescr", SCALAR, 1, 3, 6, 1, 2, 1, 1, 1),
    ROW(SNMPV2, "sysObjectID", SCALAR, 1, 3, 6, 1, 2, 1, 1, 2),
    ROW(SNMPV2, "sysUpTime", SCALAR, 1, 3, 6, 1, 2, 1, 1, 3),
    ROW(SNMPV2, "sysContact", SCALAR, 1, 3, 6, 1, 2, 1, 1, 4),
    ROW(SNMPV2, "sysName", SCALAR, 1, 3, 6, 1, 2, 1, 1, 5),
    ROW(SNMPV2, "sysLocation", SCALAR, 1, 3, 6, 1, 2, 1, 1, 6),
    ROW(SNMPV2, "sysServices", SCALAR, 1, 3, 6, 1, 2, 1, 1, 7),
    ROW(SNMPV2, "sysORLastChange", SCALAR, 1, 3, 6, 1, 2, 1, 1, 8),
    ROW(SNMPV2, "sysORID", COLUMN, 1, 3, 6, 1, 2, 1, 1, 9, 1, 2),
    ROW(SNMPV2, "sysORDescr", COLUMN, 1, 3, 6, 1, 2, 1, 1, 9, 1, 3),
    ROW(SNMPV2, "sysORUpTime", COLUMN, 1, 3, 6, 1, 2, 1, 1, 9, 1, 4),
    ROW(IF, "ifNumber", SCALAR, 1, 3, 6, 1, 2, 1, 2, 1),
    ROW(IF, "ifIndex", COLUMN, 1, 3, 6, 1, 2, 1, 2, 2, 1, 1),
    ROW(IF, "ifDescr", COLUMN, 1, 3, 6, 1, 2, 1, 2, 2, 1, 2),
    ROW(IF, "ifType", COLUMN, 1, 3, 6, 1, 2, 1, 2, 2, 1, 3),
    ROW(IF, "ifMtu", COLUMN, 1, 3, 6, 1, 2, 1, 2, 2, 1, 4),
    ROW(IF, "ifSpeed", COLUMN, 1, 3, 6, 1, 2, 1, 2, 2, 1, 5),
    ROW(IF, "ifPhysAddress", COLUMN | BINARY, 1, 3, 6, 1, 2, 1, 2, 2, 1, 6),
    ROW(IF, "ifAdminStatus", COLUMN, 1, 3, 6, 1, 2, 1, 2, 2, 1, 7),
    ROW(IF, "ifOperStatus", COLUMN, 1, 3, 6, 1, 2, 1, 2, 2, 1, 8),
    ROW(IF, "ifLastChange", COLUMN, 1, 3, 6, 1, 2, 1, 2, 2, 1, 9),
    ROW(IF, "ifInOctets", COLUMN, 1, 3, 6, 1, 2, 1, 2, 2, 1, 10),
    ROW(IF, "ifInUcastPkts", COLUMN, 1, 3, 6, 1, 2, 1, 2, 2, 1, 11),
    ROW(IF, "ifInNUcastPkts", COLUMN, 1, 3, 6, 1, 2, 1, 2, 2, 1, 12),
    ROW(IF, "ifInDiscards", COLUMN, 1, 3, 6, 1, 2, 1, 2, 2, 1, 13),
    ROW(IF, "ifInErrors", COLUMN, 1, 3, 6, 1, 2, 1, 2, 2, 1, 14),
    ROW(IF, "ifInUnknownProtos", COLUMN, 1, 3, 6, 1, 2, 1, 2, 2, 1, 15),
    ROW(IF, "ifOutOctets", COLUMN, 1, 3, 6, 1, 2, 1, 2, 2, 1, 16),
    ROW(IF, "ifOutUcastPkts", COLUMN, 1, 3, 6, 1, 2, 1, 2, 2, 1, 17),
    ROW(IF, "ifOutNUcastPkts", COLUMN, 1, 3, 6, 1, 2, 1, 2, 2, 1, 18),
    ROW(IF, "ifOutDiscards", COLUMN, 1, 3, 6, 1, 2, 1, 2, 2, 1, 19),
    ROW(IF, "ifOutErrors", COLUMN, 1, 3, 6, 1, 2, 1, 2, 2, 1, 20),
    ROW(IF, "ifOutQLen", COLUMN, 1, 3, 6, 1, 2, 1, 2, 2, 1, 21),
    ROW(IF, "ifSpecific", COLUMN, 1, 3, 6, 1, 2, 1, 2, 2, 1, 22),
    ROW(IP, "ipForwarding", SCALAR, 1, 3, 6, 1, 2, 1, 4, 1),
    ROW(IP, "ipDefaultTTL", SCALAR, 1, 3, 6, 1, 2, 1, 4, 2),
    ROW(IP, "ipInReceives", SCALAR, 1, 3, 6, 1, 2, 1, 4, 3),
    ROW(IP, "ipInHdrErrors", SCALAR, 1, 3, 6, 1, 2, 1, 4, 4),
    ROW(IP, "ipInDiscards", SCALAR, 1, 3, 6, 1, 2, 1, 4, 8),
    ROW(IP, "ipInDelivers", SCALAR, 1, 3, 6, 1, 2, 1, 4, 9),
    ROW(IP, "ipOutRequests", SCALAR, 1, 3, 6, 1, 2, 1, 4, 10),
    ROW(IP, "ipOutDiscards", SCALAR, 1, 3, 6, 1, 2, 1, 4, 11),
    ROW(IP, "ipAdEntAddr", COLUMN, 1, 3, 6, 1, 2, 1, 4, 20, 1, 1),
    ROW(IP, "ipAdEntIfIndex", COLUMN, 1, 3, 6, 1, 2, 1, 4, 20, 1, 2),
    ROW(IP, "ipAdEntNetMask", COLUMN, 1, 3, 6, 1, 2, 1, 4, 20, 1, 3),
    ROW(IP, "ipv6IpForwarding", SCALAR, 1, 3, 6, 1, 2, 1, 4, 25),
    ROW(IP, "ipv6IpDefaultHopLimit", SCALAR, 1, 3, 6, 1, 2, 1, 4, 26),
    ROW(SNMPV2, "snmpInPkts", SCALAR, 1, 3, 6, 1, 2, 1, 11, 1),
    ROW(SNMPV2, "snmpOutPkts", SCALAR, 1, 3, 6, 1, 2, 1, 11, 2),
    ROW(SNMPV2, "snmpInBadVersions", SCALAR, 1, 3, 6, 1, 2, 1, 11, 3),
    ROW(SNMPV2, "snmpInBadCommunityNames", SCALAR, 1, 3, 6, 1, 2, 1, 11, 4),
    ROW(SNMPV2, "snmpInBadCommunityUses", SCALAR, 1, 3, 6, 1, 2, 1, 11, 5),
    ROW(SNMPV2, "snmpInASNParseErrs", SCALAR, 1, 3, 6, 1, 2, 1, 11, 6),
    ROW(SNMPV2, "snmpInTooBigs", SCALAR, 1, 3, 6, 1, 2, 1, 11, 8),
    ROW(SNMPV2, "snmpInNoSuchNames", SCALAR, 1, 3, 6, 1, 2, 1, 11, 9),
    ROW(SNMPV2, "snmpInBadValues", SCALAR, 1, 3, 6, 1, 2, 1, 11, 10),
    ROW(SNMPV2, "snmpInReadOnlys", SCALAR, 1, 3, 6, 1, 2, 1, 11, 11),
    ROW(SNMPV2, "snmpInGenErrs", SCALAR, 1, 3, 6, 1, 2, 1, 11, 12),
    ROW(SNMPV2, "snmpInTotalReqVars", SCALAR, 1, 3, 6, 1, 2, 1, 11, 13),
    ROW(SNMPV2, "snmpInTotalSetVars", SCALAR, 1, 3, 6, 1, 2, 1, 11, 14),
    ROW(SNMPV2, "snmpInGetRequests", SCALAR, 1, 3, 6, 1, 2, 1, 11, 15),
    ROW(SNMPV2, "snmpInGetNexts", SCALAR, 1, 3, 6, 1, 2, 1, 11, 16),
    ROW(SNMPV2, "snmpInSetRequests", SCALAR, 1, 3, 6, 1, 2, 1, 11, 17),
    ROW(SNMPV2, "snmpInGetResponses", SCALAR, 1, 3, 6, 1, 2, 1, 11, 18),
    ROW(SNMPV2, "snmpInTraps", SCALAR, 1, 3, 6, 1, 2, 1, 11, 19),
    ROW(SNMPV2, "snmpOutTooBigs", SCALAR, 1, 3, 6, 1, 2, 1, 11, 20),
    ROW(SNMPV2, "snmpOutNoSuchNames", SCALAR, 1, 3, 6, 1, 2, 1, 11, 21),
    ROW(SNMPV2, "snmpOutBadValues", SCALAR, 1, 3, 6, 1, 2, 1, 11, 22),
    ROW(SNMPV2, "snmpOutGenErrs", SCALAR, 1, 3, 6, 1, 2, 1, 11, 24),
    ROW(SNMPV2, "snmpOutGetRequests", SCALAR, 1, 3, 6, 1, 2, 1, 11, 25),
    ROW(SNMPV2, "snmpOutGetNexts", SCALAR, 1, 3, 6, 1, 2, 1, 11, 26),
    ROW(SNMPV2, "snmpOutSetRequests", SCALAR, 1, 3, 6, 1, 2, 1, 11, 27),
    ROW(SNMPV2, "snmpOutGetResponses", SCALAR, 1, 3, 6, 1, 2, 1, 11, 28),
    ROW(SNMPV2, "snmpOutTraps", SCALAR, 1, 3, 6, 1, 2, 1, 11, 29),
    ROW(SNMPV2, "snmpEnableAuthenTraps", SCALAR, 1, 3, 6, 1, 2, 1, 11, 30),
    ROW(SNMPV2, "snmpSilentDrops", SCALAR, 1, 3, 6, 1, 2, 1, 11, 31),
    ROW(SNMPV2, "snmpProxyDrops", SCALAR, 1, 3, 6, 1, 2, 1, 11, 32),
    ROW(HOST, "hrSystemUptime", SCALAR, 1, 3, 6, 1, 2, 1, 25, 1, 1),
    ROW(HOST, "hrSystemDate", SCALAR | BINARY, 1, 3, 6, 1, 2, 1, 25, 1, 2),
    ROW(HOST, "hrSystemNumUsers", SCALAR, 1, 3, 6, 1, 2, 1, 25, 1, 5),
    ROW(HOST, "hrSystemProcesses", SCALAR, 1, 3, 6, 1, 2, 1, 25, 1, 6),
    ROW(HOST, "hrSystemMaxProcesses", SCALAR, 1, 3, 6, 1, 2, 1, 25, 1, 7),
    ROW(HOST, "hrMemorySize", SCALAR, 1, 3, 6, 1, 2, 1, 25, 2, 2),
    ROW(HOST, "hrStorageIndex", COLUMN, 1, 3, 6, 1, 2, 1, 25, 2, 3, 1, 1),
    ROW(HOST, "hrStorageType", COLUMN, 1, 3, 6, 1, 2, 1, 25, 2, 3, 1, 2),
    ROW(HOST, "hrStorageDescr", COLUMN, 1, 3, 6, 1, 2, 1, 25, 2, 3, 1, 3),
    ROW(HOST, "hrStorageAllocationUnits", COLUMN, 1, 3, 6, 1, 2, 1, 25, 2, 3, 1, 4),
    ROW(HOST, "hrStorageSize", COLUMN, 1, 3, 6, 1, 2, 1, 25, 2, 3, 1, 5),
    ROW(HOST, "hrStorageUsed", COLUMN, 1, 3, 6, 1, 2, 1, 25, 2, 3, 1, 6),
    ROW(HOST, "hrStorageAllocationFailures", COLUMN, 1, 3, 6, 1, 2, 1, 25, 2, 3, 1, 7),
    ROW(HOST, "hrDeviceDescr", COLUMN, 1, 3, 6, 1, 2, 1, 25, 3, 2, 1, 3),
    ROW(HOST, "hrProcessorLoad", COLUMN, 1, 3, 6, 1, 2, 1, 25, 3, 3, 1, 2),
    ROW(IF, "ifName", COLUMN, 1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 1),
    ROW(IF, "ifInMulticastPkts", COLUMN, 1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 2),
    ROW(IF, "ifInBroadcastPkts", COLUMN, 1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 3),
    ROW(IF, "ifOutMulticastPkts", COLUMN, 1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 4),
    ROW(IF, "ifOutBroadcastPkts", COLUMN, 1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 5),
    ROW(IF, "ifHCInOctets", COLUMN, 1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 6),
    ROW(IF, "ifHCInUcastPkts", COLUMN, 1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 7),
    ROW(IF, "ifHCInMulticastPkts", COLUMN, 1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 8),
    ROW(IF, "ifHCInBroadcastPkts", COLUMN, 1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 9),
    ROW(IF, "ifHCOutOctets", COLUMN, 1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 10),
    ROW(IF, "ifHCOutUcastPkts", COLUMN, 1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 11),
    ROW(IF, "ifHCOutMulticastPkts", COLUMN, 1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 12),
    ROW(IF, "ifHCOutBroadcastPkts", COLUMN, 1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 13),
    ROW(IF, "ifLinkUpDownTrapEnable", COLUMN, 1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 14),
    ROW(IF, "ifHighSpeed", COLUMN, 1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 15),
    ROW(IF, "ifPromiscuousMode", COLUMN, 1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 16),
    ROW(IF, "ifConnectorPresent", COLUMN, 1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 17),
    ROW(IF, "ifAlias", COLUMN, 1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 18),
    ROW(IF, "ifCounterDiscontinuityTime", COLUMN, 1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 19),
    ROW(IF, "ifTableLastChange", SCALAR, 1, 3, 6, 1, 2, 1, 31, 1, 5),
    ROW(IF, "ifStackLastChange", SCALAR, 1, 3, 6, 1, 2, 1, 31, 1, 6),
    ROW(ENTITY, "entPhysicalDescr", COLUMN, 1, 3, 6, 1, 2, 1, 47, 1, 1, 1, 1, 2),
    ROW(ENTITY, "entPhysicalName", COLUMN, 1, 3, 6, 1, 2, 1, 47, 1, 1, 1, 1, 7),
    ROW(ENTITY, "entPhysicalHardwareRev", COLUMN, 1, 3, 6, 1, 2, 1, 47, 1, 1, 1, 1, 8),
    ROW(ENTITY, "entPhysicalFirmwareRev", COLUMN, 1, 3, 6, 1, 2, 1, 47, 1, 1, 1, 1, 9),
    ROW(ENTITY, "entPhysicalSoftwareRev", COLUMN, 1, 3, 6, 1, 2, 1, 47, 1, 1, 1, 1, 10),
    ROW(ENTITY, "entPhysicalSerialNum", COLUMN, 1, 3, 6, 1, 2, 1, 47, 1, 1, 1, 1, 11),
    ROW(ENTITY, "entPhysicalMfgName", COLUMN, 1, 3, 6, 1, 2, 1, 47, 1, 1, 1, 1, 12),
    ROW(ENTITY, "entPhysicalModelName", COLUMN, 1, 3, 6, 1, 2, 1, 47, 1, 1, 1, 1, 13),
    ROW(SNMPV2, "snmpSetSerialNo", SCALAR, 1, 3, 6, 1, 6, 3, 1, 1, 6, 1),
};
/* clang-format on */

static const drmgmt__snmp_name *by_name[DRMGMT__COUNT(names)];

static int compare_texts(const char *a, size_t a_length, const char *b, size_t b_length)
{
    int order = memcmp(a, b, a_length < b_length ? a_length : b_length);
    return order ? order : (a_length > b_length) - (a_length < b_length);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp((*(const drmgmt__snmp_name *const *)a)->name, (*(const drmgmt__snmp_name *const *)b)->name);
}

static void order_by_name(void)
{
    for (size_t i = 0; i < DRMGMT__COUNT(names); i++)
        by_name[i] = &names[i];
    qsort(by_name, DRMGMT__COUNT(names), sizeof by_name[0], compare_names);
}

struct name_key {
    const char *text;
    size_t length;
};

static int compare_key(const void *key, const void *row)
{
    const struct name_key *k = key;
    const char *name = (*(const drmgmt__snmp_name *const *)row)->name;
    return compare_texts(k->text, k->length, name, strlen(name));
}

const drmgmt__snmp_name *drmgmt__snmp_name_find(const char *module, size_t module_length, const char *name,
                                                size_t length)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct name_key key = { name, length };

    pthread_once(&once, order_by_name);
    const drmgmt__snmp_name *const *row = bsearch(&key, by_name, DRMGMT__COUNT(names), sizeof by_name[0], compare_key);
    if (!row || (module_length && compare_texts(module, module_length, (*row)->module, strlen((*row)->module)) != 0))
        return NULL;
    return *row;
}

/* Equal when oid is the row's object or lies below it. */
static int compare_oid(const void *key, const void *row)
{
    const drmgmt__oid *oid = key, *object = &((const drmgmt__snmp_name *)row)->oid;

    for (size_t i = 0; i < object->n; i++) {
        if (i == oid->n || oid->arcs[i] < object->arcs[i])
            return -1;
        if (oid->arcs[i] > object->arcs[i])
            return 1;
    }
    return 0;
}

const drmgmt__snmp_name *drmgmt__snmp_name_of(const drmgmt__oid *oid)
{
    return bsearch(oid, names, DRMGMT__COUNT(names), sizeof names[0], compare_oid);
}

const drmgmt__snmp_name *drmgmt__snmp_names(size_t *n)
{
    *n = DRMGMT__COUNT(names);
    return names;
}

bool drmgmt__snmp_name_print(drmgmt__strbuf *out, const drmgmt__oid *oid)
{
    const drmgmt__snmp_name *row = drmgmt__snmp_name_of(oid);

    if (!row)
        return false;
    drmgmt__strbuf_puts(out, row->name);
    if (oid->n > row->oid.n) {
        drmgmt__strbuf_putc(out, '.');
        drmgmt__oid_print(out, &(drmgmt__oid){ oid->arcs + row->oid.n, oid->n - row->oid.n });
    }
    return true;
}
