/* What every module takes for granted (RFC 1155, 1213, 2578, 2579, 3418): the modules that are built in, in the SMI's
 * own words, and where names have moved. Called by the other resolve*.c. */
#include "mib/resolver.h"

#include "core/core.h"
#include "mib/lexer.h"
#include <string.h>

/* Facts only: names, numbers and types. Whoever loads the modules themselves has their descriptions too. */
const char drmgmt__mib_built_in[] =
    "SNMPv2-SMI DEFINITIONS ::= BEGIN\n"
    "ccitt OBJECT IDENTIFIER ::= { 0 } iso OBJECT IDENTIFIER ::= { 1 } joint-iso-ccitt OBJECT IDENTIFIER ::= { 2 }\n"
    "org OBJECT IDENTIFIER ::= { iso 3 } dod OBJECT IDENTIFIER ::= { org 6 } internet OBJECT IDENTIFIER ::= { dod 1 }\n"
    "directory OBJECT IDENTIFIER ::= { internet 1 } mgmt OBJECT IDENTIFIER ::= { internet 2 }\n"
    "mib-2 OBJECT IDENTIFIER ::= { mgmt 1 } transmission OBJECT IDENTIFIER ::= { mib-2 10 }\n"
    "experimental OBJECT IDENTIFIER ::= { internet 3 } private OBJECT IDENTIFIER ::= { internet 4 }\n"
    "enterprises OBJECT IDENTIFIER ::= { private 1 } security OBJECT IDENTIFIER ::= { internet 5 }\n"
    "snmpV2 OBJECT IDENTIFIER ::= { internet 6 } snmpDomains OBJECT IDENTIFIER ::= { snmpV2 1 }\n"
    "snmpProxys OBJECT IDENTIFIER ::= { snmpV2 2 } snmpModules OBJECT IDENTIFIER ::= { snmpV2 3 }\n"
    "zeroDotZero OBJECT IDENTIFIER ::= { 0 0 }\n"
    "ObjectName ::= OBJECT IDENTIFIER NotificationName ::= OBJECT IDENTIFIER ExtUTCTime ::= OCTET STRING\n"
    "Integer32 ::= INTEGER (-2147483648..2147483647) IpAddress ::= OCTET STRING (SIZE (4))\n"
    "Counter32 ::= INTEGER (0..4294967295) Gauge32 ::= INTEGER (0..4294967295)\n"
    "Unsigned32 ::= INTEGER (0..4294967295) TimeTicks ::= INTEGER (0..4294967295) Opaque ::= OCTET STRING\n"
    "Counter64 ::= INTEGER (0..18446744073709551615)\n"
    "END\n"
    "RFC1155-SMI DEFINITIONS ::= BEGIN\n"
    "iso OBJECT IDENTIFIER ::= { 1 } org OBJECT IDENTIFIER ::= { iso 3 } dod OBJECT IDENTIFIER ::= { org 6 }\n"
    "internet OBJECT IDENTIFIER ::= { dod 1 } directory OBJECT IDENTIFIER ::= { internet 1 }\n"
    "mgmt OBJECT IDENTIFIER ::= { internet 2 } experimental OBJECT IDENTIFIER ::= { internet 3 }\n"
    "private OBJECT IDENTIFIER ::= { internet 4 } enterprises OBJECT IDENTIFIER ::= { private 1 }\n"
    "ObjectName ::= OBJECT IDENTIFIER NetworkAddress ::= OCTET STRING (SIZE (4))\n"
    "IpAddress ::= OCTET STRING (SIZE (4)) Counter ::= INTEGER (0..4294967295) Gauge ::= INTEGER (0..4294967295)\n"
    "TimeTicks ::= INTEGER (0..4294967295) Opaque ::= OCTET STRING\n"
    "END\n"
    "SNMPv2-TC DEFINITIONS ::= BEGIN\n"
    "IMPORTS TimeTicks FROM SNMPv2-SMI;\n"
    "DisplayString ::= TEXTUAL-CONVENTION DISPLAY-HINT \"255a\" STATUS current DESCRIPTION \"\"\n"
    " SYNTAX OCTET STRING (SIZE (0..255))\n"
    "PhysAddress ::= TEXTUAL-CONVENTION DISPLAY-HINT \"1x:\" STATUS current DESCRIPTION \"\" SYNTAX OCTET STRING\n"
    "MacAddress ::= TEXTUAL-CONVENTION DISPLAY-HINT \"1x:\" STATUS current DESCRIPTION \"\"\n"
    " SYNTAX OCTET STRING (SIZE (6))\n"
    "TruthValue ::= TEXTUAL-CONVENTION STATUS current DESCRIPTION \"\" SYNTAX INTEGER { true(1), false(2) }\n"
    "TestAndIncr ::= TEXTUAL-CONVENTION STATUS current DESCRIPTION \"\" SYNTAX INTEGER (0..2147483647)\n"
    "AutonomousType ::= TEXTUAL-CONVENTION STATUS current DESCRIPTION \"\" SYNTAX OBJECT IDENTIFIER\n"
    "InstancePointer ::= TEXTUAL-CONVENTION STATUS obsolete DESCRIPTION \"\" SYNTAX OBJECT IDENTIFIER\n"
    "VariablePointer ::= TEXTUAL-CONVENTION STATUS current DESCRIPTION \"\" SYNTAX OBJECT IDENTIFIER\n"
    "RowPointer ::= TEXTUAL-CONVENTION STATUS current DESCRIPTION \"\" SYNTAX OBJECT IDENTIFIER\n"
    "RowStatus ::= TEXTUAL-CONVENTION STATUS current DESCRIPTION \"\" SYNTAX INTEGER { active(1), notInService(2),\n"
    " notReady(3), createAndGo(4), createAndWait(5), destroy(6) }\n"
    "TimeStamp ::= TEXTUAL-CONVENTION STATUS current DESCRIPTION \"\" SYNTAX TimeTicks\n"
    "TimeInterval ::= TEXTUAL-CONVENTION STATUS current DESCRIPTION \"\" SYNTAX INTEGER (0..2147483647)\n"
    "DateAndTime ::= TEXTUAL-CONVENTION DISPLAY-HINT \"2d-1d-1d,1d:1d:1d.1d,1a1d:1d\" STATUS current DESCRIPTION \"\"\n"
    " SYNTAX OCTET STRING (SIZE (8 | 11))\n"
    "StorageType ::= TEXTUAL-CONVENTION STATUS current DESCRIPTION \"\" SYNTAX INTEGER { other(1), volatile(2),\n"
    " nonVolatile(3), permanent(4), readOnly(5) }\n"
    "TDomain ::= TEXTUAL-CONVENTION STATUS current DESCRIPTION \"\" SYNTAX OBJECT IDENTIFIER\n"
    "TAddress ::= TEXTUAL-CONVENTION STATUS current DESCRIPTION \"\" SYNTAX OCTET STRING (SIZE (1..255))\n"
    "END\n"
    "SNMPv2-CONF DEFINITIONS ::= BEGIN END\n"
    "RFC-1212 DEFINITIONS ::= BEGIN END\n"
    "RFC-1215 DEFINITIONS ::= BEGIN END\n";

bool drmgmt__mib_is_smi(const char *module)
{
    static const char *const names[] = { "SNMPv2-SMI", "RFC1155-SMI", "RFC1065-SMI", "SNMPv2-SMI-v1" };

    for (size_t i = 0; i < DRMGMT__COUNT(names); i++)
        if (strcmp(names[i], module) == 0)
            return true;
    return false;
}

drmgmt__mib_base drmgmt__mib_smi_base(const char *name)
{
    static const struct {
        const char *name;
        drmgmt__mib_base base;
    } bases[] = {
        { "Counter", DRMGMT__MIB_COUNTER32 },        { "Counter32", DRMGMT__MIB_COUNTER32 },
        { "Counter64", DRMGMT__MIB_COUNTER64 },      { "Gauge", DRMGMT__MIB_GAUGE32 },
        { "Gauge32", DRMGMT__MIB_GAUGE32 },          { "Integer32", DRMGMT__MIB_INTEGER32 },
        { "IpAddress", DRMGMT__MIB_IPADDRESS },      { "NetworkAddress", DRMGMT__MIB_IPADDRESS },
        { "NsapAddress", DRMGMT__MIB_OCTET_STRING }, { "Opaque", DRMGMT__MIB_OPAQUE },
        { "TimeTicks", DRMGMT__MIB_TIMETICKS },      { "UInteger32", DRMGMT__MIB_UNSIGNED32 },
        { "Unsigned32", DRMGMT__MIB_UNSIGNED32 },
    };

    for (size_t i = 0; i < DRMGMT__COUNT(bases); i++)
        if (strcmp(bases[i].name, name) == 0)
            return bases[i].base;
    return DRMGMT__MIB_NO_BASE;
}

bool drmgmt__mib_root(const char *name, uint32_t *arc)
{
    static const struct {
        const char *name;
        uint32_t arc;
    } roots[] = {
        { "iso", 1 }, { "ccitt", 0 }, { "itu-t", 0 }, { "joint-iso-ccitt", 2 }, { "joint-iso-itu-t", 2 },
    };

    for (size_t i = 0; i < DRMGMT__COUNT(roots); i++)
        if (strcmp(roots[i].name, name) == 0) {
            *arc = roots[i].arc;
            return true;
        }
    return false;
}

bool drmgmt__mib_is_macro(const char *name)
{
    return drmgmt__mib_keyword_of(name, strlen(name)) != DRMGMT__MIB_K_NONE;
}

const char *drmgmt__mib_renamed(const char *module, const char *name, size_t *at)
{
    static const struct {
        const char *old, *prefix, *now; /* prefix: of the names that went there */
    } moves[] = {
        { "RFC1065-SMI", "", "RFC1155-SMI" },
        { "RFC1155-SMI", "", "SNMPv2-SMI" },
        { "SNMPv2-SMI", "", "RFC1155-SMI" },
        { "SNMPv2-SMI-v1", "", "SNMPv2-SMI" },
        { "SNMPv2-TC-v1", "", "SNMPv2-TC" },
        { "SNMPv2-SMI", "", "SNMPv2-TC" }, /* a common mistake, in both directions */
        { "SNMPv2-TC", "", "SNMPv2-SMI" },
        { "RFC1066-MIB", "", "RFC1213-MIB" },
        { "RFC1156-MIB", "", "RFC1213-MIB" },
        { "RFC1158-MIB", "", "RFC1213-MIB" },
        { "RFC1066-MIB", "mib", "SNMPv2-SMI" },
        { "RFC1156-MIB", "mib", "SNMPv2-SMI" },
        { "RFC1158-MIB", "mib", "SNMPv2-SMI" },
        { "RFC1158-MIB", "DisplayString", "SNMPv2-TC" },
        { "RFC1213-MIB", "mib-2", "SNMPv2-SMI" },
        { "RFC1213-MIB", "transmission", "SNMPv2-SMI" },
        { "RFC1213-MIB", "DisplayString", "SNMPv2-TC" },
        { "RFC1213-MIB", "PhysAddress", "SNMPv2-TC" },
        { "RFC1213-MIB", "sys", "SNMPv2-MIB" },
        { "RFC1213-MIB", "snmp", "SNMPv2-MIB" },
        { "RFC1213-MIB", "if", "IF-MIB" },
        { "RFC1213-MIB", "interfaces", "IF-MIB" },
        { "RFC1213-MIB", "ip", "IP-MIB" },
        { "RFC1213-MIB", "icmp", "IP-MIB" },
        { "RFC1213-MIB", "tcp", "TCP-MIB" },
        { "RFC1213-MIB", "udp", "UDP-MIB" },
        { "RFC1229-MIB", "", "IF-MIB" },
        { "RFC1573-MIB", "", "IF-MIB" },
        { "RFC1231-MIB", "", "TOKENRING-MIB" },
        { "RFC1271-MIB", "", "RMON-MIB" },
        { "RFC1286-MIB", "dot1dSr", "SOURCE-ROUTING-MIB" },
        { "RFC1286-MIB", "", "BRIDGE-MIB" },
        { "RFC1315-MIB", "", "FRAME-RELAY-DTE-MIB" },
        { "RFC1316-MIB", "", "CHARACTER-MIB" },
        { "RFC1317-MIB", "", "RS-232-MIB" },
        { "RFC1318-MIB", "", "PARALLEL-MIB" },
        { "RFC1354-MIB", "", "IP-FORWARD-MIB" },
        { "RFC1398-MIB", "", "EtherLike-MIB" },
        { "RFC1406-MIB", "", "DS1-MIB" },
        { "RFC1407-MIB", "", "DS3-MIB" },
        { "RFC1595-MIB", "", "SONET-MIB" },
    };

    while (*at < DRMGMT__COUNT(moves)) {
        size_t i = (*at)++;
        if (strcmp(moves[i].old, module) == 0 && strncmp(moves[i].prefix, name, strlen(moves[i].prefix)) == 0)
            return moves[i].now;
    }
    return NULL;
}

const char *drmgmt__mib_well_known(size_t i)
{
    static const char *const names[] = {
        "SNMPv2-SMI", "SNMPv2-TC", "RFC1155-SMI", "SNMPv2-MIB", "RFC1213-MIB", "IF-MIB"
    };

    return i < DRMGMT__COUNT(names) ? names[i] : NULL;
}
