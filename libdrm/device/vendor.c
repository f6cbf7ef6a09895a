/* The vendors of network equipment by their enterprise numbers. Called by whoever reads a sysObjectID. */
#include "device/vendor.h"

#include "core/cleanup.h"
#include <stdlib.h>

/* Origin: the registry "Private Enterprise Numbers" of IANA (https://www.iana.org/assignments/enterprise-numbers/, RFC
 * 9371), which names 60,000 holders. These are the ones that sysObjectIDs of managed equipment are seen to have, under
 * the name by which the holder sells today: a company that was taken over is told as the one that took it over, where
 * that one still makes the equipment. Ascending. */
static const struct vendor {
    uint32_t number;
    const char *name;
} vendors[] = {
    { 2, "IBM" },
    { 9, "Cisco" },
    { 11, "HP" },
    { 36, "DEC" },
    { 42, "Sun Microsystems" },
    { 43, "3Com" },
    { 45, "Nortel" },
    { 63, "Apple" },
    { 94, "Nokia" },
    { 111, "Oracle" },
    { 119, "NEC" },
    { 161, "Motorola" },
    { 171, "D-Link" },
    { 193, "Ericsson" },
    { 207, "Allied Telesis" },
    { 211, "Fujitsu" },
    { 232, "HP" },
    { 244, "Lantronix" },
    { 253, "Xerox" },
    { 259, "Accton" },
    { 272, "bintec elmeg" },
    { 311, "Microsoft" },
    { 318, "APC" },
    { 343, "Intel" },
    { 368, "Axis" },
    { 429, "UTStarcom" },
    { 476, "Vertiv" },
    { 534, "Eaton" },
    { 562, "Nortel" },
    { 637, "Nokia" },
    { 664, "Adtran" },
    { 674, "Dell" },
    { 850, "Tripp Lite" },
    { 890, "Zyxel" },
    { 1588, "Brocade" },
    { 1872, "Alteon" },
    { 1916, "Extreme Networks" },
    { 1991, "Brocade" },
    { 2001, "Oki" },
    { 2011, "Huawei" },
    { 2021, "Net-SNMP" },
    { 2272, "Avaya" },
    { 2352, "Ericsson" },
    { 2356, "LANCOM" },
    { 2435, "Brother" },
    { 2544, "ADVA" },
    { 2606, "Rittal" },
    { 2620, "Check Point" },
    { 2636, "Juniper" },
    { 3224, "Juniper" },
    { 3375, "F5" },
    { 3417, "Blue Coat" },
    { 3607, "Cisco" },
    { 3902, "ZTE" },
    { 3955, "Linksys" },
    { 4115, "Arris" },
    { 4329, "Siemens" },
    { 4413, "Broadcom" },
    { 4526, "Netgear" },
    { 4874, "Juniper" },
    { 4881, "Ruijie" },
    { 5003, "AudioCodes" },
    { 5596, "Cisco" },
    { 5624, "Extreme Networks" },
    { 5651, "Maipu" },
    { 5951, "Citrix" },
    { 6027, "Dell" },
    { 6141, "Ciena" },
    { 6296, "DASAN" },
    { 6321, "Calix" },
    { 6486, "Alcatel-Lucent Enterprise" },
    { 6527, "Nokia" },
    { 6574, "Synology" },
    { 6876, "VMware" },
    { 6889, "Avaya" },
    { 7483, "Nokia" },
    { 7779, "Infoblox" },
    { 8072, "Net-SNMP" },
    { 8691, "Moxa" },
    { 8744, "HP" },
    { 8886, "Raisecom" },
    { 9148, "Oracle" },
    { 9789, "Sophos" },
    { 10876, "Supermicro" },
    { 11863, "TP-Link" },
    { 12356, "Fortinet" },
    { 13885, "Polycom" },
    { 14179, "Cisco" },
    { 14331, "Topsec" },
    { 14823, "Aruba" },
    { 14988, "MikroTik" },
    { 17163, "Riverbed" },
    { 17713, "Cambium Networks" },
    { 18334, "Konica Minolta" },
    { 19046, "Lenovo" },
    { 20916, "AVTECH" },
    { 22420, "Accedian" },
    { 22610, "A10 Networks" },
    { 23695, "Peplink" },
    { 24681, "QNAP" },
    { 25053, "Ruckus" },
    { 25461, "Palo Alto Networks" },
    { 25506, "H3C" },
    { 26866, "Gigamon" },
    { 28866, "TRENDnet" },
    { 29671, "Cisco Meraki" },
    { 30065, "Arista" },
    { 30803, "VyOS" },
    { 31926, "Siklu" },
    { 33049, "NVIDIA Mellanox" },
    { 34774, "Huawei" },
    { 35098, "Pica8" },
    { 35265, "Eltex" },
    { 39165, "Hikvision" },
    { 40310, "NVIDIA Cumulus" },
    { 41112, "Ubiquiti" },
    { 41916, "Cisco" },
    { 47196, "HPE Aruba" },
    { 52642, "FS" },
};
const size_t drmgmt__n_vendors = DRMGMT__COUNT(vendors);

static int by_number(const void *number, const void *vendor)
{
    uint32_t a = *(const uint32_t *)number, b = ((const struct vendor *)vendor)->number;
    return (a > b) - (a < b);
}

const char *drmgmt__vendor_of(const drmgmt__oid *object_id)
{
    static const uint32_t arcs[] = { 1, 3, 6, 1, 4, 1 };
    static const drmgmt__oid enterprises = { arcs, DRMGMT__COUNT(arcs) };

    if (object_id->n <= enterprises.n || !drmgmt__oid_under(object_id, &enterprises))
        return NULL;
    const struct vendor *found =
        bsearch(&object_id->arcs[enterprises.n], vendors, DRMGMT__COUNT(vendors), sizeof *vendors, by_number);
    return found ? found->name : NULL;
}

const char *drmgmt__vendor_of_text(const char *object_id)
{
    uint32_t arcs[DRMGMT__OID_ARCS_MAX];
    size_t n = 0;

    if (!object_id || drmgmt__oid_parse(object_id, arcs, &n))
        return NULL;
    return drmgmt__vendor_of(&(drmgmt__oid){ arcs, n });
}
