/* The built-in tables of objects: what their modules say of them - SNMPv2-MIB (RFC 3418), IF-MIB (RFC 2863), IP-MIB
 * (RFC 4293, in part), HOST-RESOURCES-MIB (RFC 2790, in part), ENTITY-MIB (RFC 6933: entPhysicalTable), LLDP-MIB (IEEE
 * 802.1AB: the local and the remote systems), and the named numbers of IANAifType-MIB and IANA-ENTITY-MIB. Looked into
 * by names.c. */
#include "proto/snmp/names_data.h"

#include "core/cleanup.h"
#include "proto/snmp/message.h"

#define SNMPV2 "SNMPv2-MIB"
#define SMI    "SNMPv2-SMI"
#define IF     "IF-MIB"
#define IP     "IP-MIB"
#define HOST   "HOST-RESOURCES-MIB"
#define ENTITY "ENTITY-MIB"
#define LLDP   "LLDP-MIB"

#define SCALAR DRMGMT__SNMP_SCALAR
#define COLUMN DRMGMT__SNMP_COLUMN
#define BINARY DRMGMT__SNMP_BINARY
#define WRITE  DRMGMT__SNMP_WRITABLE

#define BITS     DRMGMT__SNMP_BITS
#define TEXT     DRMGMT__SNMP_TEXT
#define RAW      DRMGMT__SNMP_RAW
#define CHANGING DRMGMT__SNMP_CHANGING

#define INTEGER   DRMGMT__SNMP_INTEGER
#define OCTETS    DRMGMT__SNMP_OCTETS
#define OID       DRMGMT__SNMP_OID
#define IPADDRESS DRMGMT__SNMP_IPADDRESS
#define COUNTER32 DRMGMT__SNMP_COUNTER32
#define GAUGE32   DRMGMT__SNMP_GAUGE32
#define TIMETICKS DRMGMT__SNMP_TIMETICKS
#define COUNTER64 DRMGMT__SNMP_COUNTER64

/* clang-format off */

/* ---- syntaxes ---- */

#define NAMED(array) array, DRMGMT__COUNT(array)

enum {
    S_AddressFamilyNumbers, S_AutonomousType, S_Counter32, S_Counter64, S_DateAndTime, S_DisplayString, S_Gauge32, S_IANAPhysicalClass,
    S_IANAifType, S_Integer32, S_InterfaceIndex, S_InterfaceIndexOrZero, S_InternationalDisplayString, S_IpAddress, S_KBytes,
    S_LldpChassisId, S_LldpChassisIdSubtype, S_LldpManAddrIfSubtype, S_LldpManAddress, S_LldpPortId, S_LldpPortIdSubtype,
    S_LldpPortNumber, S_LldpSystemCapabilitiesMap, S_OBJECT_IDENTIFIER, S_OCTET_STRING, S_OwnerString, S_PhysAddress, S_PhysicalIndex,
    S_PhysicalIndexOrZero, S_ProductID, S_RowStatus, S_SnmpAdminString, S_TestAndIncr, S_TimeFilter, S_TimeStamp, S_TimeTicks,
    S_TruthValue, S_UUIDorZero, S_hrDeviceStatus, S_hrSWRunStatus, S_hrSWRunType, S_ifAdminStatus, S_ifLinkUpDownTrapEnable,
    S_ifOperStatus, S_ifRcvAddressType, S_ifTestResult, S_ifTestStatus, S_ipForwarding, S_ipNetToMediaType, S_ipv6IpForwarding,
    S_snmpEnableAuthenTraps
};

static const drmgmt__snmp_named n_AddressFamilyNumbers[] = {
    { 0, "other" }, { 1, "ipV4" }, { 2, "ipV6" }, { 3, "nsap" }, { 4, "hdlc" }, { 5, "bbn1822" }, { 6, "all802" }, { 7, "e163" },
    { 8, "e164" }, { 9, "f69" }, { 10, "x121" }, { 11, "ipx" }, { 12, "appleTalk" }, { 13, "decnetIV" }, { 14, "banyanVines" },
    { 15, "e164withNsap" }, { 16, "dns" }, { 17, "distinguishedName" }, { 18, "asNumber" }, { 19, "xtpOverIpv4" }, { 20, "xtpOverIpv6" },
    { 21, "xtpNativeModeXTP" }, { 22, "fibreChannelWWPN" }, { 23, "fibreChannelWWNN" }, { 24, "gwid" }, { 25, "afi" },
    { 26, "mplsTpSectionEndpointIdentifier" }, { 27, "mplsTpLspEndpointIdentifier" }, { 28, "mplsTpPseudowireEndpointIdentifier" },
    { 16384, "eigrpCommonServiceFamily" }, { 16385, "eigrpIpv4ServiceFamily" }, { 16386, "eigrpIpv6ServiceFamily" },
    { 16387, "lispCanonicalAddressFormat" }, { 16388, "bgpLs" }, { 16389, "fortyeightBitMac" }, { 16390, "sixtyfourBitMac" },
    { 16391, "oui" }, { 16392, "mac24" }, { 16393, "mac40" }, { 16394, "ipv664" }, { 16395, "rBridgePortID" }, { 16396, "trillNickname" },
    { 65535, "reserved" }
};
static const drmgmt__snmp_named n_IANAPhysicalClass[] = {
    { 1, "other" }, { 2, "unknown" }, { 3, "chassis" }, { 4, "backplane" }, { 5, "container" }, { 6, "powerSupply" }, { 7, "fan" },
    { 8, "sensor" }, { 9, "module" }, { 10, "port" }, { 11, "stack" }, { 12, "cpu" }, { 13, "energyObject" }, { 14, "battery" },
    { 15, "storageDrive" }
};
static const drmgmt__snmp_named n_IANAifType[] = {
    { 1, "other" }, { 2, "regular1822" }, { 3, "hdh1822" }, { 4, "ddnX25" }, { 5, "rfc877x25" }, { 6, "ethernetCsmacd" },
    { 7, "iso88023Csmacd" }, { 8, "iso88024TokenBus" }, { 9, "iso88025TokenRing" }, { 10, "iso88026Man" }, { 11, "starLan" },
    { 12, "proteon10Mbit" }, { 13, "proteon80Mbit" }, { 14, "hyperchannel" }, { 15, "fddi" }, { 16, "lapb" }, { 17, "sdlc" }, { 18, "ds1" },
    { 19, "e1" }, { 20, "basicISDN" }, { 21, "primaryISDN" }, { 22, "propPointToPointSerial" }, { 23, "ppp" }, { 24, "softwareLoopback" },
    { 25, "eon" }, { 26, "ethernet3Mbit" }, { 27, "nsip" }, { 28, "slip" }, { 29, "ultra" }, { 30, "ds3" }, { 31, "sip" },
    { 32, "frameRelay" }, { 33, "rs232" }, { 34, "para" }, { 35, "arcnet" }, { 36, "arcnetPlus" }, { 37, "atm" }, { 38, "miox25" },
    { 39, "sonet" }, { 40, "x25ple" }, { 41, "iso88022llc" }, { 42, "localTalk" }, { 43, "smdsDxi" }, { 44, "frameRelayService" },
    { 45, "v35" }, { 46, "hssi" }, { 47, "hippi" }, { 48, "modem" }, { 49, "aal5" }, { 50, "sonetPath" }, { 51, "sonetVT" },
    { 52, "smdsIcip" }, { 53, "propVirtual" }, { 54, "propMultiplexor" }, { 55, "ieee80212" }, { 56, "fibreChannel" },
    { 57, "hippiInterface" }, { 58, "frameRelayInterconnect" }, { 59, "aflane8023" }, { 60, "aflane8025" }, { 61, "cctEmul" },
    { 62, "fastEther" }, { 63, "isdn" }, { 64, "v11" }, { 65, "v36" }, { 66, "g703at64k" }, { 67, "g703at2mb" }, { 68, "qllc" },
    { 69, "fastEtherFX" }, { 70, "channel" }, { 71, "ieee80211" }, { 72, "ibm370parChan" }, { 73, "escon" }, { 74, "dlsw" },
    { 75, "isdns" }, { 76, "isdnu" }, { 77, "lapd" }, { 78, "ipSwitch" }, { 79, "rsrb" }, { 80, "atmLogical" }, { 81, "ds0" },
    { 82, "ds0Bundle" }, { 83, "bsc" }, { 84, "async" }, { 85, "cnr" }, { 86, "iso88025Dtr" }, { 87, "eplrs" }, { 88, "arap" },
    { 89, "propCnls" }, { 90, "hostPad" }, { 91, "termPad" }, { 92, "frameRelayMPI" }, { 93, "x213" }, { 94, "adsl" }, { 95, "radsl" },
    { 96, "sdsl" }, { 97, "vdsl" }, { 98, "iso88025CRFPInt" }, { 99, "myrinet" }, { 100, "voiceEM" }, { 101, "voiceFXO" },
    { 102, "voiceFXS" }, { 103, "voiceEncap" }, { 104, "voiceOverIp" }, { 105, "atmDxi" }, { 106, "atmFuni" }, { 107, "atmIma" },
    { 108, "pppMultilinkBundle" }, { 109, "ipOverCdlc" }, { 110, "ipOverClaw" }, { 111, "stackToStack" }, { 112, "virtualIpAddress" },
    { 113, "mpc" }, { 114, "ipOverAtm" }, { 115, "iso88025Fiber" }, { 116, "tdlc" }, { 117, "gigabitEthernet" }, { 118, "hdlc" },
    { 119, "lapf" }, { 120, "v37" }, { 121, "x25mlp" }, { 122, "x25huntGroup" }, { 123, "transpHdlc" }, { 124, "interleave" },
    { 125, "fast" }, { 126, "ip" }, { 127, "docsCableMaclayer" }, { 128, "docsCableDownstream" }, { 129, "docsCableUpstream" },
    { 130, "a12MppSwitch" }, { 131, "tunnel" }, { 132, "coffee" }, { 133, "ces" }, { 134, "atmSubInterface" }, { 135, "l2vlan" },
    { 136, "l3ipvlan" }, { 137, "l3ipxvlan" }, { 138, "digitalPowerline" }, { 139, "mediaMailOverIp" }, { 140, "dtm" }, { 141, "dcn" },
    { 142, "ipForward" }, { 143, "msdsl" }, { 144, "ieee1394" }, { 145, "if-gsn" }, { 146, "dvbRccMacLayer" }, { 147, "dvbRccDownstream" },
    { 148, "dvbRccUpstream" }, { 149, "atmVirtual" }, { 150, "mplsTunnel" }, { 151, "srp" }, { 152, "voiceOverAtm" },
    { 153, "voiceOverFrameRelay" }, { 154, "idsl" }, { 155, "compositeLink" }, { 156, "ss7SigLink" }, { 157, "propWirelessP2P" },
    { 158, "frForward" }, { 159, "rfc1483" }, { 160, "usb" }, { 161, "ieee8023adLag" }, { 162, "bgppolicyaccounting" },
    { 163, "frf16MfrBundle" }, { 164, "h323Gatekeeper" }, { 165, "h323Proxy" }, { 166, "mpls" }, { 167, "mfSigLink" }, { 168, "hdsl2" },
    { 169, "shdsl" }, { 170, "ds1FDL" }, { 171, "pos" }, { 172, "dvbAsiIn" }, { 173, "dvbAsiOut" }, { 174, "plc" }, { 175, "nfas" },
    { 176, "tr008" }, { 177, "gr303RDT" }, { 178, "gr303IDT" }, { 179, "isup" }, { 180, "propDocsWirelessMaclayer" },
    { 181, "propDocsWirelessDownstream" }, { 182, "propDocsWirelessUpstream" }, { 183, "hiperlan2" }, { 184, "propBWAp2Mp" },
    { 185, "sonetOverheadChannel" }, { 186, "digitalWrapperOverheadChannel" }, { 187, "aal2" }, { 188, "radioMAC" }, { 189, "atmRadio" },
    { 190, "imt" }, { 191, "mvl" }, { 192, "reachDSL" }, { 193, "frDlciEndPt" }, { 194, "atmVciEndPt" }, { 195, "opticalChannel" },
    { 196, "opticalTransport" }, { 197, "propAtm" }, { 198, "voiceOverCable" }, { 199, "infiniband" }, { 200, "teLink" }, { 201, "q2931" },
    { 202, "virtualTg" }, { 203, "sipTg" }, { 204, "sipSig" }, { 205, "docsCableUpstreamChannel" }, { 206, "econet" }, { 207, "pon155" },
    { 208, "pon622" }, { 209, "bridge" }, { 210, "linegroup" }, { 211, "voiceEMFGD" }, { 212, "voiceFGDEANA" }, { 213, "voiceDID" },
    { 214, "mpegTransport" }, { 215, "sixToFour" }, { 216, "gtp" }, { 217, "pdnEtherLoop1" }, { 218, "pdnEtherLoop2" },
    { 219, "opticalChannelGroup" }, { 220, "homepna" }, { 221, "gfp" }, { 222, "ciscoISLvlan" }, { 223, "actelisMetaLOOP" },
    { 224, "fcipLink" }, { 225, "rpr" }, { 226, "qam" }, { 227, "lmp" }, { 228, "cblVectaStar" }, { 229, "docsCableMCmtsDownstream" },
    { 230, "adsl2" }, { 231, "macSecControlledIF" }, { 232, "macSecUncontrolledIF" }, { 233, "aviciOpticalEther" }, { 234, "atmbond" },
    { 235, "voiceFGDOS" }, { 236, "mocaVersion1" }, { 237, "ieee80216WMAN" }, { 238, "adsl2plus" }, { 239, "dvbRcsMacLayer" },
    { 240, "dvbTdm" }, { 241, "dvbRcsTdma" }, { 242, "x86Laps" }, { 243, "wwanPP" }, { 244, "wwanPP2" }, { 245, "voiceEBS" },
    { 246, "ifPwType" }, { 247, "ilan" }, { 248, "pip" }, { 249, "aluELP" }, { 250, "gpon" }, { 251, "vdsl2" },
    { 252, "capwapDot11Profile" }, { 253, "capwapDot11Bss" }, { 254, "capwapWtpVirtualRadio" }, { 255, "bits" },
    { 256, "docsCableUpstreamRfPort" }, { 257, "cableDownstreamRfPort" }, { 258, "vmwareVirtualNic" }, { 259, "ieee802154" },
    { 260, "otnOdu" }, { 261, "otnOtu" }, { 262, "ifVfiType" }, { 263, "g9981" }, { 264, "g9982" }, { 265, "g9983" }, { 266, "aluEpon" },
    { 267, "aluEponOnu" }, { 268, "aluEponPhysicalUni" }, { 269, "aluEponLogicalLink" }, { 270, "aluGponOnu" },
    { 271, "aluGponPhysicalUni" }, { 272, "vmwareNicTeam" }, { 277, "docsOfdmDownstream" }, { 278, "docsOfdmaUpstream" }, { 279, "gfast" },
    { 280, "sdci" }, { 281, "xboxWireless" }, { 282, "fastdsl" }, { 283, "docsCableScte55d1FwdOob" }, { 284, "docsCableScte55d1RetOob" },
    { 285, "docsCableScte55d2DsOob" }, { 286, "docsCableScte55d2UsOob" }, { 287, "docsCableNdf" }, { 288, "docsCableNdr" }, { 289, "ptm" },
    { 290, "ghn" }, { 291, "otnOtsi" }, { 292, "otnOtuc" }, { 293, "otnOduc" }, { 294, "otnOtsig" }, { 295, "microwaveCarrierTermination" },
    { 296, "microwaveRadioLinkTerminal" }
};
static const drmgmt__snmp_named n_LldpChassisIdSubtype[] = {
    { 1, "chassisComponent" }, { 2, "interfaceAlias" }, { 3, "portComponent" }, { 4, "macAddress" }, { 5, "networkAddress" },
    { 6, "interfaceName" }, { 7, "local" }
};
static const drmgmt__snmp_named n_LldpManAddrIfSubtype[] = {
    { 1, "unknown" }, { 2, "ifIndex" }, { 3, "systemPortNumber" }
};
static const drmgmt__snmp_named n_LldpPortIdSubtype[] = {
    { 1, "interfaceAlias" }, { 2, "portComponent" }, { 3, "macAddress" }, { 4, "networkAddress" }, { 5, "interfaceName" },
    { 6, "agentCircuitId" }, { 7, "local" }
};
static const drmgmt__snmp_named n_LldpSystemCapabilitiesMap[] = {
    { 0, "other" }, { 1, "repeater" }, { 2, "bridge" }, { 3, "wlanAccessPoint" }, { 4, "router" }, { 5, "telephone" },
    { 6, "docsisCableDevice" }, { 7, "stationOnly" }
};
static const drmgmt__snmp_named n_RowStatus[] = {
    { 1, "active" }, { 2, "notInService" }, { 3, "notReady" }, { 4, "createAndGo" }, { 5, "createAndWait" }, { 6, "destroy" }
};
static const drmgmt__snmp_named n_TruthValue[] = {
    { 1, "true" }, { 2, "false" }
};
static const drmgmt__snmp_named n_hrDeviceStatus[] = {
    { 1, "unknown" }, { 2, "running" }, { 3, "warning" }, { 4, "testing" }, { 5, "down" }
};
static const drmgmt__snmp_named n_hrSWRunStatus[] = {
    { 1, "running" }, { 2, "runnable" }, { 3, "notRunnable" }, { 4, "invalid" }
};
static const drmgmt__snmp_named n_hrSWRunType[] = {
    { 1, "unknown" }, { 2, "operatingSystem" }, { 3, "deviceDriver" }, { 4, "application" }
};
static const drmgmt__snmp_named n_ifAdminStatus[] = {
    { 1, "up" }, { 2, "down" }, { 3, "testing" }
};
static const drmgmt__snmp_named n_ifLinkUpDownTrapEnable[] = {
    { 1, "enabled" }, { 2, "disabled" }
};
static const drmgmt__snmp_named n_ifOperStatus[] = {
    { 1, "up" }, { 2, "down" }, { 3, "testing" }, { 4, "unknown" }, { 5, "dormant" }, { 6, "notPresent" }, { 7, "lowerLayerDown" }
};
static const drmgmt__snmp_named n_ifRcvAddressType[] = {
    { 1, "other" }, { 2, "volatile" }, { 3, "nonVolatile" }
};
static const drmgmt__snmp_named n_ifTestResult[] = {
    { 1, "none" }, { 2, "success" }, { 3, "inProgress" }, { 4, "notSupported" }, { 5, "unAbleToRun" }, { 6, "aborted" }, { 7, "failed" }
};
static const drmgmt__snmp_named n_ifTestStatus[] = {
    { 1, "notInUse" }, { 2, "inUse" }
};
static const drmgmt__snmp_named n_ipForwarding[] = {
    { 1, "forwarding" }, { 2, "notForwarding" }
};
static const drmgmt__snmp_named n_ipNetToMediaType[] = {
    { 1, "other" }, { 2, "invalid" }, { 3, "dynamic" }, { 4, "static" }
};
static const drmgmt__snmp_named n_ipv6IpForwarding[] = {
    { 1, "forwarding" }, { 2, "notForwarding" }
};
static const drmgmt__snmp_named n_snmpEnableAuthenTraps[] = {
    { 1, "enabled" }, { 2, "disabled" }
};
static const drmgmt__snmp_syntax syntaxes[] = {
    [S_AddressFamilyNumbers] = { "AddressFamilyNumbers", INTEGER, NULL, NAMED(n_AddressFamilyNumbers), 0, 0 },
    [S_AutonomousType] = { "AutonomousType", OID, NULL, NULL, 0, 0, 0 },
    [S_Counter32] = { "Counter32", COUNTER32, NULL, NULL, 0, 0, 0 },
    [S_Counter64] = { "Counter64", COUNTER64, NULL, NULL, 0, 0, 0 },
    [S_DateAndTime] = { "DateAndTime", OCTETS, "2d-1d-1d,1d:1d:1d.1d,1a1d:1d", NULL, 0, RAW, 0 },
    [S_DisplayString] = { "DisplayString", OCTETS, "255a", NULL, 0, TEXT, 0 },
    [S_Gauge32] = { "Gauge32", GAUGE32, NULL, NULL, 0, 0, 0 },
    [S_IANAPhysicalClass] = { "IANAPhysicalClass", INTEGER, NULL, NAMED(n_IANAPhysicalClass), 0, 0 },
    [S_IANAifType] = { "IANAifType", INTEGER, NULL, NAMED(n_IANAifType), 0, 0 },
    [S_Integer32] = { "Integer32", INTEGER, NULL, NULL, 0, 0, 0 },
    [S_InterfaceIndex] = { "InterfaceIndex", INTEGER, "d", NULL, 0, 0, 0 },
    [S_InterfaceIndexOrZero] = { "InterfaceIndexOrZero", INTEGER, "d", NULL, 0, 0, 0 },
    [S_InternationalDisplayString] = { "InternationalDisplayString", OCTETS, NULL, NULL, 0, TEXT, 0 },
    [S_IpAddress] = { "IpAddress", IPADDRESS, NULL, NULL, 0, 0, 0 },
    [S_KBytes] = { "KBytes", INTEGER, NULL, NULL, 0, 0, 0 },
    [S_LldpChassisId] = { "LldpChassisId", OCTETS, NULL, NULL, 0, 0, 0 },
    [S_LldpChassisIdSubtype] = { "LldpChassisIdSubtype", INTEGER, NULL, NAMED(n_LldpChassisIdSubtype), 0, 0 },
    [S_LldpManAddrIfSubtype] = { "LldpManAddrIfSubtype", INTEGER, NULL, NAMED(n_LldpManAddrIfSubtype), 0, 0 },
    [S_LldpManAddress] = { "LldpManAddress", OCTETS, NULL, NULL, 0, 0, 0 },
    [S_LldpPortId] = { "LldpPortId", OCTETS, NULL, NULL, 0, 0, 0 },
    [S_LldpPortIdSubtype] = { "LldpPortIdSubtype", INTEGER, NULL, NAMED(n_LldpPortIdSubtype), 0, 0 },
    [S_LldpPortNumber] = { "LldpPortNumber", INTEGER, "d", NULL, 0, 0, 0 },
    [S_LldpSystemCapabilitiesMap] = { "LldpSystemCapabilitiesMap", OCTETS, NULL, NAMED(n_LldpSystemCapabilitiesMap), BITS | RAW, 0 },
    [S_OBJECT_IDENTIFIER] = { "OBJECT IDENTIFIER", OID, NULL, NULL, 0, 0, 0 },
    [S_OCTET_STRING] = { "OCTET STRING", OCTETS, NULL, NULL, 0, 0, 0 },
    [S_OwnerString] = { "OwnerString", OCTETS, "255a", NULL, 0, TEXT, 0 },
    [S_PhysAddress] = { "PhysAddress", OCTETS, "1x:", NULL, 0, RAW, 0 },
    [S_PhysicalIndex] = { "PhysicalIndex", INTEGER, "d", NULL, 0, 0, 0 },
    [S_PhysicalIndexOrZero] = { "PhysicalIndexOrZero", INTEGER, "d", NULL, 0, 0, 0 },
    [S_ProductID] = { "ProductID", OID, NULL, NULL, 0, 0, 0 },
    [S_RowStatus] = { "RowStatus", INTEGER, NULL, NAMED(n_RowStatus), CHANGING, 0 },
    [S_SnmpAdminString] = { "SnmpAdminString", OCTETS, "255t", NULL, 0, TEXT, 0 },
    [S_TestAndIncr] = { "TestAndIncr", INTEGER, NULL, NULL, 0, CHANGING, 0 },
    [S_TimeFilter] = { "TimeFilter", TIMETICKS, NULL, NULL, 0, 0, 0 },
    [S_TimeStamp] = { "TimeStamp", TIMETICKS, NULL, NULL, 0, 0, 0 },
    [S_TimeTicks] = { "TimeTicks", TIMETICKS, NULL, NULL, 0, 0, 0 },
    [S_TruthValue] = { "TruthValue", INTEGER, NULL, NAMED(n_TruthValue), 0, 0 },
    [S_UUIDorZero] = { "UUIDorZero", OCTETS, "4x-2x-2x-1x1x-6x", NULL, 0, RAW, 0 },
    [S_hrDeviceStatus] = { "hrDeviceStatus", INTEGER, NULL, NAMED(n_hrDeviceStatus), 0, 0 },
    [S_hrSWRunStatus] = { "hrSWRunStatus", INTEGER, NULL, NAMED(n_hrSWRunStatus), 0, 0 },
    [S_hrSWRunType] = { "hrSWRunType", INTEGER, NULL, NAMED(n_hrSWRunType), 0, 0 },
    [S_ifAdminStatus] = { "ifAdminStatus", INTEGER, NULL, NAMED(n_ifAdminStatus), 0, 0 },
    [S_ifLinkUpDownTrapEnable] = { "ifLinkUpDownTrapEnable", INTEGER, NULL, NAMED(n_ifLinkUpDownTrapEnable), 0, 0 },
    [S_ifOperStatus] = { "ifOperStatus", INTEGER, NULL, NAMED(n_ifOperStatus), 0, 0 },
    [S_ifRcvAddressType] = { "ifRcvAddressType", INTEGER, NULL, NAMED(n_ifRcvAddressType), 0, 0 },
    [S_ifTestResult] = { "ifTestResult", INTEGER, NULL, NAMED(n_ifTestResult), 0, 0 },
    [S_ifTestStatus] = { "ifTestStatus", INTEGER, NULL, NAMED(n_ifTestStatus), 0, 0 },
    [S_ipForwarding] = { "ipForwarding", INTEGER, NULL, NAMED(n_ipForwarding), 0, 0 },
    [S_ipNetToMediaType] = { "ipNetToMediaType", INTEGER, NULL, NAMED(n_ipNetToMediaType), 0, 0 },
    [S_ipv6IpForwarding] = { "ipv6IpForwarding", INTEGER, NULL, NAMED(n_ipv6IpForwarding), 0, 0 },
    [S_snmpEnableAuthenTraps] = { "snmpEnableAuthenTraps", INTEGER, NULL, NAMED(n_snmpEnableAuthenTraps), 0, 0 },
};

/* ---- objects ---- */

#define ARCS(...) { (const uint32_t[]){ __VA_ARGS__ }, sizeof((const uint32_t[]){ __VA_ARGS__ }) / sizeof(uint32_t) }
#define ROW(module, name, flags, syntax, ...) { module, name, ARCS(__VA_ARGS__), flags, &syntaxes[S_##syntax] }

const drmgmt__snmp_name drmgmt__snmp_objects_data[] = {
    ROW(LLDP, "lldpLocChassisIdSubtype", SCALAR, LldpChassisIdSubtype, 1, 0, 8802, 1, 1, 2, 1, 3, 1),
    ROW(LLDP, "lldpLocChassisId", SCALAR, LldpChassisId, 1, 0, 8802, 1, 1, 2, 1, 3, 2),
    ROW(LLDP, "lldpLocSysName", SCALAR, SnmpAdminString, 1, 0, 8802, 1, 1, 2, 1, 3, 3),
    ROW(LLDP, "lldpLocSysDesc", SCALAR, SnmpAdminString, 1, 0, 8802, 1, 1, 2, 1, 3, 4),
    ROW(LLDP, "lldpLocSysCapSupported", SCALAR | BINARY, LldpSystemCapabilitiesMap, 1, 0, 8802, 1, 1, 2, 1, 3, 5),
    ROW(LLDP, "lldpLocSysCapEnabled", SCALAR | BINARY, LldpSystemCapabilitiesMap, 1, 0, 8802, 1, 1, 2, 1, 3, 6),
    ROW(LLDP, "lldpLocPortIdSubtype", COLUMN, LldpPortIdSubtype, 1, 0, 8802, 1, 1, 2, 1, 3, 7, 1, 2),
    ROW(LLDP, "lldpLocPortId", COLUMN, LldpPortId, 1, 0, 8802, 1, 1, 2, 1, 3, 7, 1, 3),
    ROW(LLDP, "lldpLocPortDesc", COLUMN, SnmpAdminString, 1, 0, 8802, 1, 1, 2, 1, 3, 7, 1, 4),
    ROW(LLDP, "lldpLocManAddrLen", COLUMN, Integer32, 1, 0, 8802, 1, 1, 2, 1, 3, 8, 1, 3),
    ROW(LLDP, "lldpLocManAddrIfSubtype", COLUMN, LldpManAddrIfSubtype, 1, 0, 8802, 1, 1, 2, 1, 3, 8, 1, 4),
    ROW(LLDP, "lldpLocManAddrIfId", COLUMN, Integer32, 1, 0, 8802, 1, 1, 2, 1, 3, 8, 1, 5),
    ROW(LLDP, "lldpLocManAddrOID", COLUMN, OBJECT_IDENTIFIER, 1, 0, 8802, 1, 1, 2, 1, 3, 8, 1, 6),
    ROW(LLDP, "lldpRemChassisIdSubtype", COLUMN, LldpChassisIdSubtype, 1, 0, 8802, 1, 1, 2, 1, 4, 1, 1, 4),
    ROW(LLDP, "lldpRemChassisId", COLUMN, LldpChassisId, 1, 0, 8802, 1, 1, 2, 1, 4, 1, 1, 5),
    ROW(LLDP, "lldpRemPortIdSubtype", COLUMN, LldpPortIdSubtype, 1, 0, 8802, 1, 1, 2, 1, 4, 1, 1, 6),
    ROW(LLDP, "lldpRemPortId", COLUMN, LldpPortId, 1, 0, 8802, 1, 1, 2, 1, 4, 1, 1, 7),
    ROW(LLDP, "lldpRemPortDesc", COLUMN, SnmpAdminString, 1, 0, 8802, 1, 1, 2, 1, 4, 1, 1, 8),
    ROW(LLDP, "lldpRemSysName", COLUMN, SnmpAdminString, 1, 0, 8802, 1, 1, 2, 1, 4, 1, 1, 9),
    ROW(LLDP, "lldpRemSysDesc", COLUMN, SnmpAdminString, 1, 0, 8802, 1, 1, 2, 1, 4, 1, 1, 10),
    ROW(LLDP, "lldpRemSysCapSupported", COLUMN | BINARY, LldpSystemCapabilitiesMap, 1, 0, 8802, 1, 1, 2, 1, 4, 1, 1, 11),
    ROW(LLDP, "lldpRemSysCapEnabled", COLUMN | BINARY, LldpSystemCapabilitiesMap, 1, 0, 8802, 1, 1, 2, 1, 4, 1, 1, 12),
    ROW(LLDP, "lldpRemManAddrIfSubtype", COLUMN, LldpManAddrIfSubtype, 1, 0, 8802, 1, 1, 2, 1, 4, 2, 1, 3),
    ROW(LLDP, "lldpRemManAddrIfId", COLUMN, Integer32, 1, 0, 8802, 1, 1, 2, 1, 4, 2, 1, 4),
    ROW(LLDP, "lldpRemManAddrOID", COLUMN, OBJECT_IDENTIFIER, 1, 0, 8802, 1, 1, 2, 1, 4, 2, 1, 5),
    ROW(SNMPV2, "sysDescr", SCALAR, DisplayString, 1, 3, 6, 1, 2, 1, 1, 1),
    ROW(SNMPV2, "sysObjectID", SCALAR, OBJECT_IDENTIFIER, 1, 3, 6, 1, 2, 1, 1, 2),
    ROW(SNMPV2, "sysUpTime", SCALAR, TimeTicks, 1, 3, 6, 1, 2, 1, 1, 3),
    ROW(SNMPV2, "sysContact", SCALAR | WRITE, DisplayString, 1, 3, 6, 1, 2, 1, 1, 4),
    ROW(SNMPV2, "sysName", SCALAR | WRITE, DisplayString, 1, 3, 6, 1, 2, 1, 1, 5),
    ROW(SNMPV2, "sysLocation", SCALAR | WRITE, DisplayString, 1, 3, 6, 1, 2, 1, 1, 6),
    ROW(SNMPV2, "sysServices", SCALAR, Integer32, 1, 3, 6, 1, 2, 1, 1, 7),
    ROW(SNMPV2, "sysORLastChange", SCALAR, TimeStamp, 1, 3, 6, 1, 2, 1, 1, 8),
    ROW(SNMPV2, "sysORID", COLUMN, OBJECT_IDENTIFIER, 1, 3, 6, 1, 2, 1, 1, 9, 1, 2),
    ROW(SNMPV2, "sysORDescr", COLUMN, DisplayString, 1, 3, 6, 1, 2, 1, 1, 9, 1, 3),
    ROW(SNMPV2, "sysORUpTime", COLUMN, TimeStamp, 1, 3, 6, 1, 2, 1, 1, 9, 1, 4),
    ROW(IF, "ifNumber", SCALAR, Integer32, 1, 3, 6, 1, 2, 1, 2, 1),
    ROW(IF, "ifIndex", COLUMN, InterfaceIndex, 1, 3, 6, 1, 2, 1, 2, 2, 1, 1),
    ROW(IF, "ifDescr", COLUMN, DisplayString, 1, 3, 6, 1, 2, 1, 2, 2, 1, 2),
    ROW(IF, "ifType", COLUMN, IANAifType, 1, 3, 6, 1, 2, 1, 2, 2, 1, 3),
    ROW(IF, "ifMtu", COLUMN, Integer32, 1, 3, 6, 1, 2, 1, 2, 2, 1, 4),
    ROW(IF, "ifSpeed", COLUMN, Gauge32, 1, 3, 6, 1, 2, 1, 2, 2, 1, 5),
    ROW(IF, "ifPhysAddress", COLUMN | BINARY, PhysAddress, 1, 3, 6, 1, 2, 1, 2, 2, 1, 6),
    ROW(IF, "ifAdminStatus", COLUMN | WRITE, ifAdminStatus, 1, 3, 6, 1, 2, 1, 2, 2, 1, 7),
    ROW(IF, "ifOperStatus", COLUMN, ifOperStatus, 1, 3, 6, 1, 2, 1, 2, 2, 1, 8),
    ROW(IF, "ifLastChange", COLUMN, TimeTicks, 1, 3, 6, 1, 2, 1, 2, 2, 1, 9),
    ROW(IF, "ifInOctets", COLUMN, Counter32, 1, 3, 6, 1, 2, 1, 2, 2, 1, 10),
    ROW(IF, "ifInUcastPkts", COLUMN, Counter32, 1, 3, 6, 1, 2, 1, 2, 2, 1, 11),
    ROW(IF, "ifInNUcastPkts", COLUMN, Counter32, 1, 3, 6, 1, 2, 1, 2, 2, 1, 12),
    ROW(IF, "ifInDiscards", COLUMN, Counter32, 1, 3, 6, 1, 2, 1, 2, 2, 1, 13),
    ROW(IF, "ifInErrors", COLUMN, Counter32, 1, 3, 6, 1, 2, 1, 2, 2, 1, 14),
    ROW(IF, "ifInUnknownProtos", COLUMN, Counter32, 1, 3, 6, 1, 2, 1, 2, 2, 1, 15),
    ROW(IF, "ifOutOctets", COLUMN, Counter32, 1, 3, 6, 1, 2, 1, 2, 2, 1, 16),
    ROW(IF, "ifOutUcastPkts", COLUMN, Counter32, 1, 3, 6, 1, 2, 1, 2, 2, 1, 17),
    ROW(IF, "ifOutNUcastPkts", COLUMN, Counter32, 1, 3, 6, 1, 2, 1, 2, 2, 1, 18),
    ROW(IF, "ifOutDiscards", COLUMN, Counter32, 1, 3, 6, 1, 2, 1, 2, 2, 1, 19),
    ROW(IF, "ifOutErrors", COLUMN, Counter32, 1, 3, 6, 1, 2, 1, 2, 2, 1, 20),
    ROW(IF, "ifOutQLen", COLUMN, Gauge32, 1, 3, 6, 1, 2, 1, 2, 2, 1, 21),
    ROW(IF, "ifSpecific", COLUMN, OBJECT_IDENTIFIER, 1, 3, 6, 1, 2, 1, 2, 2, 1, 22),
    ROW(IP, "ipForwarding", SCALAR | WRITE, ipForwarding, 1, 3, 6, 1, 2, 1, 4, 1),
    ROW(IP, "ipDefaultTTL", SCALAR | WRITE, Integer32, 1, 3, 6, 1, 2, 1, 4, 2),
    ROW(IP, "ipInReceives", SCALAR, Counter32, 1, 3, 6, 1, 2, 1, 4, 3),
    ROW(IP, "ipInHdrErrors", SCALAR, Counter32, 1, 3, 6, 1, 2, 1, 4, 4),
    ROW(IP, "ipInDiscards", SCALAR, Counter32, 1, 3, 6, 1, 2, 1, 4, 8),
    ROW(IP, "ipInDelivers", SCALAR, Counter32, 1, 3, 6, 1, 2, 1, 4, 9),
    ROW(IP, "ipOutRequests", SCALAR, Counter32, 1, 3, 6, 1, 2, 1, 4, 10),
    ROW(IP, "ipOutDiscards", SCALAR, Counter32, 1, 3, 6, 1, 2, 1, 4, 11),
    ROW(IP, "ipAdEntAddr", COLUMN, IpAddress, 1, 3, 6, 1, 2, 1, 4, 20, 1, 1),
    ROW(IP, "ipAdEntIfIndex", COLUMN, Integer32, 1, 3, 6, 1, 2, 1, 4, 20, 1, 2),
    ROW(IP, "ipAdEntNetMask", COLUMN, IpAddress, 1, 3, 6, 1, 2, 1, 4, 20, 1, 3),
    ROW(IP, "ipAdEntBcastAddr", COLUMN, Integer32, 1, 3, 6, 1, 2, 1, 4, 20, 1, 4),
    ROW(IP, "ipAdEntReasmMaxSize", COLUMN, Integer32, 1, 3, 6, 1, 2, 1, 4, 20, 1, 5),
    ROW(IP, "ipNetToMediaIfIndex", COLUMN | WRITE, Integer32, 1, 3, 6, 1, 2, 1, 4, 22, 1, 1),
    ROW(IP, "ipNetToMediaPhysAddress", COLUMN | BINARY | WRITE, PhysAddress, 1, 3, 6, 1, 2, 1, 4, 22, 1, 2),
    ROW(IP, "ipNetToMediaNetAddress", COLUMN | WRITE, IpAddress, 1, 3, 6, 1, 2, 1, 4, 22, 1, 3),
    ROW(IP, "ipNetToMediaType", COLUMN | WRITE, ipNetToMediaType, 1, 3, 6, 1, 2, 1, 4, 22, 1, 4),
    ROW(IP, "ipv6IpForwarding", SCALAR | WRITE, ipv6IpForwarding, 1, 3, 6, 1, 2, 1, 4, 25),
    ROW(IP, "ipv6IpDefaultHopLimit", SCALAR | WRITE, Integer32, 1, 3, 6, 1, 2, 1, 4, 26),
    ROW(SNMPV2, "snmpInPkts", SCALAR, Counter32, 1, 3, 6, 1, 2, 1, 11, 1),
    ROW(SNMPV2, "snmpOutPkts", SCALAR, Counter32, 1, 3, 6, 1, 2, 1, 11, 2),
    ROW(SNMPV2, "snmpInBadVersions", SCALAR, Counter32, 1, 3, 6, 1, 2, 1, 11, 3),
    ROW(SNMPV2, "snmpInBadCommunityNames", SCALAR, Counter32, 1, 3, 6, 1, 2, 1, 11, 4),
    ROW(SNMPV2, "snmpInBadCommunityUses", SCALAR, Counter32, 1, 3, 6, 1, 2, 1, 11, 5),
    ROW(SNMPV2, "snmpInASNParseErrs", SCALAR, Counter32, 1, 3, 6, 1, 2, 1, 11, 6),
    ROW(SNMPV2, "snmpInTooBigs", SCALAR, Counter32, 1, 3, 6, 1, 2, 1, 11, 8),
    ROW(SNMPV2, "snmpInNoSuchNames", SCALAR, Counter32, 1, 3, 6, 1, 2, 1, 11, 9),
    ROW(SNMPV2, "snmpInBadValues", SCALAR, Counter32, 1, 3, 6, 1, 2, 1, 11, 10),
    ROW(SNMPV2, "snmpInReadOnlys", SCALAR, Counter32, 1, 3, 6, 1, 2, 1, 11, 11),
    ROW(SNMPV2, "snmpInGenErrs", SCALAR, Counter32, 1, 3, 6, 1, 2, 1, 11, 12),
    ROW(SNMPV2, "snmpInTotalReqVars", SCALAR, Counter32, 1, 3, 6, 1, 2, 1, 11, 13),
    ROW(SNMPV2, "snmpInTotalSetVars", SCALAR, Counter32, 1, 3, 6, 1, 2, 1, 11, 14),
    ROW(SNMPV2, "snmpInGetRequests", SCALAR, Counter32, 1, 3, 6, 1, 2, 1, 11, 15),
    ROW(SNMPV2, "snmpInGetNexts", SCALAR, Counter32, 1, 3, 6, 1, 2, 1, 11, 16),
    ROW(SNMPV2, "snmpInSetRequests", SCALAR, Counter32, 1, 3, 6, 1, 2, 1, 11, 17),
    ROW(SNMPV2, "snmpInGetResponses", SCALAR, Counter32, 1, 3, 6, 1, 2, 1, 11, 18),
    ROW(SNMPV2, "snmpInTraps", SCALAR, Counter32, 1, 3, 6, 1, 2, 1, 11, 19),
    ROW(SNMPV2, "snmpOutTooBigs", SCALAR, Counter32, 1, 3, 6, 1, 2, 1, 11, 20),
    ROW(SNMPV2, "snmpOutNoSuchNames", SCALAR, Counter32, 1, 3, 6, 1, 2, 1, 11, 21),
    ROW(SNMPV2, "snmpOutBadValues", SCALAR, Counter32, 1, 3, 6, 1, 2, 1, 11, 22),
    ROW(SNMPV2, "snmpOutGenErrs", SCALAR, Counter32, 1, 3, 6, 1, 2, 1, 11, 24),
    ROW(SNMPV2, "snmpOutGetRequests", SCALAR, Counter32, 1, 3, 6, 1, 2, 1, 11, 25),
    ROW(SNMPV2, "snmpOutGetNexts", SCALAR, Counter32, 1, 3, 6, 1, 2, 1, 11, 26),
    ROW(SNMPV2, "snmpOutSetRequests", SCALAR, Counter32, 1, 3, 6, 1, 2, 1, 11, 27),
    ROW(SNMPV2, "snmpOutGetResponses", SCALAR, Counter32, 1, 3, 6, 1, 2, 1, 11, 28),
    ROW(SNMPV2, "snmpOutTraps", SCALAR, Counter32, 1, 3, 6, 1, 2, 1, 11, 29),
    ROW(SNMPV2, "snmpEnableAuthenTraps", SCALAR | WRITE, snmpEnableAuthenTraps, 1, 3, 6, 1, 2, 1, 11, 30),
    ROW(SNMPV2, "snmpSilentDrops", SCALAR, Counter32, 1, 3, 6, 1, 2, 1, 11, 31),
    ROW(SNMPV2, "snmpProxyDrops", SCALAR, Counter32, 1, 3, 6, 1, 2, 1, 11, 32),
    ROW(HOST, "hrSystemUptime", SCALAR, TimeTicks, 1, 3, 6, 1, 2, 1, 25, 1, 1),
    ROW(HOST, "hrSystemDate", SCALAR | BINARY | WRITE, DateAndTime, 1, 3, 6, 1, 2, 1, 25, 1, 2),
    ROW(HOST, "hrSystemInitialLoadDevice", SCALAR | WRITE, Integer32, 1, 3, 6, 1, 2, 1, 25, 1, 3),
    ROW(HOST, "hrSystemInitialLoadParameters", SCALAR | WRITE, InternationalDisplayString, 1, 3, 6, 1, 2, 1, 25, 1, 4),
    ROW(HOST, "hrSystemNumUsers", SCALAR, Gauge32, 1, 3, 6, 1, 2, 1, 25, 1, 5),
    ROW(HOST, "hrSystemProcesses", SCALAR, Gauge32, 1, 3, 6, 1, 2, 1, 25, 1, 6),
    ROW(HOST, "hrSystemMaxProcesses", SCALAR, Integer32, 1, 3, 6, 1, 2, 1, 25, 1, 7),
    ROW(HOST, "hrMemorySize", SCALAR, KBytes, 1, 3, 6, 1, 2, 1, 25, 2, 2),
    ROW(HOST, "hrStorageIndex", COLUMN, Integer32, 1, 3, 6, 1, 2, 1, 25, 2, 3, 1, 1),
    ROW(HOST, "hrStorageType", COLUMN, AutonomousType, 1, 3, 6, 1, 2, 1, 25, 2, 3, 1, 2),
    ROW(HOST, "hrStorageDescr", COLUMN, DisplayString, 1, 3, 6, 1, 2, 1, 25, 2, 3, 1, 3),
    ROW(HOST, "hrStorageAllocationUnits", COLUMN, Integer32, 1, 3, 6, 1, 2, 1, 25, 2, 3, 1, 4),
    ROW(HOST, "hrStorageSize", COLUMN | WRITE, Integer32, 1, 3, 6, 1, 2, 1, 25, 2, 3, 1, 5),
    ROW(HOST, "hrStorageUsed", COLUMN, Integer32, 1, 3, 6, 1, 2, 1, 25, 2, 3, 1, 6),
    ROW(HOST, "hrStorageAllocationFailures", COLUMN, Counter32, 1, 3, 6, 1, 2, 1, 25, 2, 3, 1, 7),
    ROW(HOST, "hrDeviceIndex", COLUMN, Integer32, 1, 3, 6, 1, 2, 1, 25, 3, 2, 1, 1),
    ROW(HOST, "hrDeviceType", COLUMN, AutonomousType, 1, 3, 6, 1, 2, 1, 25, 3, 2, 1, 2),
    ROW(HOST, "hrDeviceDescr", COLUMN, DisplayString, 1, 3, 6, 1, 2, 1, 25, 3, 2, 1, 3),
    ROW(HOST, "hrDeviceID", COLUMN, ProductID, 1, 3, 6, 1, 2, 1, 25, 3, 2, 1, 4),
    ROW(HOST, "hrDeviceStatus", COLUMN, hrDeviceStatus, 1, 3, 6, 1, 2, 1, 25, 3, 2, 1, 5),
    ROW(HOST, "hrDeviceErrors", COLUMN, Counter32, 1, 3, 6, 1, 2, 1, 25, 3, 2, 1, 6),
    ROW(HOST, "hrProcessorFrwID", COLUMN, ProductID, 1, 3, 6, 1, 2, 1, 25, 3, 3, 1, 1),
    ROW(HOST, "hrProcessorLoad", COLUMN, Integer32, 1, 3, 6, 1, 2, 1, 25, 3, 3, 1, 2),
    ROW(HOST, "hrSWOSIndex", SCALAR, Integer32, 1, 3, 6, 1, 2, 1, 25, 4, 1),
    ROW(HOST, "hrSWRunIndex", COLUMN, Integer32, 1, 3, 6, 1, 2, 1, 25, 4, 2, 1, 1),
    ROW(HOST, "hrSWRunName", COLUMN, InternationalDisplayString, 1, 3, 6, 1, 2, 1, 25, 4, 2, 1, 2),
    ROW(HOST, "hrSWRunID", COLUMN, ProductID, 1, 3, 6, 1, 2, 1, 25, 4, 2, 1, 3),
    ROW(HOST, "hrSWRunPath", COLUMN, InternationalDisplayString, 1, 3, 6, 1, 2, 1, 25, 4, 2, 1, 4),
    ROW(HOST, "hrSWRunParameters", COLUMN, InternationalDisplayString, 1, 3, 6, 1, 2, 1, 25, 4, 2, 1, 5),
    ROW(HOST, "hrSWRunType", COLUMN, hrSWRunType, 1, 3, 6, 1, 2, 1, 25, 4, 2, 1, 6),
    ROW(HOST, "hrSWRunStatus", COLUMN | WRITE, hrSWRunStatus, 1, 3, 6, 1, 2, 1, 25, 4, 2, 1, 7),
    ROW(HOST, "hrSWRunPerfCPU", COLUMN, Integer32, 1, 3, 6, 1, 2, 1, 25, 5, 1, 1, 1),
    ROW(HOST, "hrSWRunPerfMem", COLUMN, KBytes, 1, 3, 6, 1, 2, 1, 25, 5, 1, 1, 2),
    ROW(IF, "ifName", COLUMN, DisplayString, 1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 1),
    ROW(IF, "ifInMulticastPkts", COLUMN, Counter32, 1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 2),
    ROW(IF, "ifInBroadcastPkts", COLUMN, Counter32, 1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 3),
    ROW(IF, "ifOutMulticastPkts", COLUMN, Counter32, 1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 4),
    ROW(IF, "ifOutBroadcastPkts", COLUMN, Counter32, 1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 5),
    ROW(IF, "ifHCInOctets", COLUMN, Counter64, 1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 6),
    ROW(IF, "ifHCInUcastPkts", COLUMN, Counter64, 1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 7),
    ROW(IF, "ifHCInMulticastPkts", COLUMN, Counter64, 1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 8),
    ROW(IF, "ifHCInBroadcastPkts", COLUMN, Counter64, 1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 9),
    ROW(IF, "ifHCOutOctets", COLUMN, Counter64, 1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 10),
    ROW(IF, "ifHCOutUcastPkts", COLUMN, Counter64, 1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 11),
    ROW(IF, "ifHCOutMulticastPkts", COLUMN, Counter64, 1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 12),
    ROW(IF, "ifHCOutBroadcastPkts", COLUMN, Counter64, 1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 13),
    ROW(IF, "ifLinkUpDownTrapEnable", COLUMN | WRITE, ifLinkUpDownTrapEnable, 1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 14),
    ROW(IF, "ifHighSpeed", COLUMN, Gauge32, 1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 15),
    ROW(IF, "ifPromiscuousMode", COLUMN | WRITE, TruthValue, 1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 16),
    ROW(IF, "ifConnectorPresent", COLUMN, TruthValue, 1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 17),
    ROW(IF, "ifAlias", COLUMN | WRITE, DisplayString, 1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 18),
    ROW(IF, "ifCounterDiscontinuityTime", COLUMN, TimeStamp, 1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 19),
    ROW(IF, "ifStackStatus", COLUMN | WRITE, RowStatus, 1, 3, 6, 1, 2, 1, 31, 1, 2, 1, 3),
    ROW(IF, "ifTestId", COLUMN | WRITE, TestAndIncr, 1, 3, 6, 1, 2, 1, 31, 1, 3, 1, 1),
    ROW(IF, "ifTestStatus", COLUMN | WRITE, ifTestStatus, 1, 3, 6, 1, 2, 1, 31, 1, 3, 1, 2),
    ROW(IF, "ifTestType", COLUMN | WRITE, AutonomousType, 1, 3, 6, 1, 2, 1, 31, 1, 3, 1, 3),
    ROW(IF, "ifTestResult", COLUMN, ifTestResult, 1, 3, 6, 1, 2, 1, 31, 1, 3, 1, 4),
    ROW(IF, "ifTestCode", COLUMN, OBJECT_IDENTIFIER, 1, 3, 6, 1, 2, 1, 31, 1, 3, 1, 5),
    ROW(IF, "ifTestOwner", COLUMN | WRITE, OwnerString, 1, 3, 6, 1, 2, 1, 31, 1, 3, 1, 6),
    ROW(IF, "ifRcvAddressStatus", COLUMN | WRITE, RowStatus, 1, 3, 6, 1, 2, 1, 31, 1, 4, 1, 2),
    ROW(IF, "ifRcvAddressType", COLUMN | WRITE, ifRcvAddressType, 1, 3, 6, 1, 2, 1, 31, 1, 4, 1, 3),
    ROW(IF, "ifTableLastChange", SCALAR, TimeTicks, 1, 3, 6, 1, 2, 1, 31, 1, 5),
    ROW(IF, "ifStackLastChange", SCALAR, TimeTicks, 1, 3, 6, 1, 2, 1, 31, 1, 6),
    ROW(ENTITY, "entPhysicalDescr", COLUMN, SnmpAdminString, 1, 3, 6, 1, 2, 1, 47, 1, 1, 1, 1, 2),
    ROW(ENTITY, "entPhysicalVendorType", COLUMN, AutonomousType, 1, 3, 6, 1, 2, 1, 47, 1, 1, 1, 1, 3),
    ROW(ENTITY, "entPhysicalContainedIn", COLUMN, PhysicalIndexOrZero, 1, 3, 6, 1, 2, 1, 47, 1, 1, 1, 1, 4),
    ROW(ENTITY, "entPhysicalClass", COLUMN, IANAPhysicalClass, 1, 3, 6, 1, 2, 1, 47, 1, 1, 1, 1, 5),
    ROW(ENTITY, "entPhysicalParentRelPos", COLUMN, Integer32, 1, 3, 6, 1, 2, 1, 47, 1, 1, 1, 1, 6),
    ROW(ENTITY, "entPhysicalName", COLUMN, SnmpAdminString, 1, 3, 6, 1, 2, 1, 47, 1, 1, 1, 1, 7),
    ROW(ENTITY, "entPhysicalHardwareRev", COLUMN, SnmpAdminString, 1, 3, 6, 1, 2, 1, 47, 1, 1, 1, 1, 8),
    ROW(ENTITY, "entPhysicalFirmwareRev", COLUMN, SnmpAdminString, 1, 3, 6, 1, 2, 1, 47, 1, 1, 1, 1, 9),
    ROW(ENTITY, "entPhysicalSoftwareRev", COLUMN, SnmpAdminString, 1, 3, 6, 1, 2, 1, 47, 1, 1, 1, 1, 10),
    ROW(ENTITY, "entPhysicalSerialNum", COLUMN | WRITE, SnmpAdminString, 1, 3, 6, 1, 2, 1, 47, 1, 1, 1, 1, 11),
    ROW(ENTITY, "entPhysicalMfgName", COLUMN, SnmpAdminString, 1, 3, 6, 1, 2, 1, 47, 1, 1, 1, 1, 12),
    ROW(ENTITY, "entPhysicalModelName", COLUMN, SnmpAdminString, 1, 3, 6, 1, 2, 1, 47, 1, 1, 1, 1, 13),
    ROW(ENTITY, "entPhysicalAlias", COLUMN | WRITE, SnmpAdminString, 1, 3, 6, 1, 2, 1, 47, 1, 1, 1, 1, 14),
    ROW(ENTITY, "entPhysicalAssetID", COLUMN | WRITE, SnmpAdminString, 1, 3, 6, 1, 2, 1, 47, 1, 1, 1, 1, 15),
    ROW(ENTITY, "entPhysicalIsFRU", COLUMN, TruthValue, 1, 3, 6, 1, 2, 1, 47, 1, 1, 1, 1, 16),
    ROW(ENTITY, "entPhysicalMfgDate", COLUMN | BINARY, DateAndTime, 1, 3, 6, 1, 2, 1, 47, 1, 1, 1, 1, 17),
    ROW(ENTITY, "entPhysicalUris", COLUMN | WRITE, OCTET_STRING, 1, 3, 6, 1, 2, 1, 47, 1, 1, 1, 1, 18),
    ROW(ENTITY, "entPhysicalUUID", COLUMN | BINARY, UUIDorZero, 1, 3, 6, 1, 2, 1, 47, 1, 1, 1, 1, 19),
    ROW(SNMPV2, "snmpSetSerialNo", SCALAR | WRITE, TestAndIncr, 1, 3, 6, 1, 6, 3, 1, 1, 6, 1),
};

const size_t drmgmt__snmp_n_objects = DRMGMT__COUNT(drmgmt__snmp_objects_data);
_Static_assert(DRMGMT__COUNT(drmgmt__snmp_objects_data) <= DRMGMT__SNMP_OBJECTS_MAX, "there is room to look them up by name");

/* ---- groups, tables and entries ---- */

#define S(syntax) &syntaxes[S_##syntax]
#define PARTS(...) (const drmgmt__snmp_index[]){ __VA_ARGS__ }, sizeof((const drmgmt__snmp_index[]){ __VA_ARGS__ }) / sizeof(drmgmt__snmp_index)
#define NODE(module, name, ...) { module, name, __VA_ARGS__ }

const drmgmt__snmp_node drmgmt__snmp_nodes_data[] = {
    NODE(SMI, "iso", ARCS(1), NULL, 0),
    NODE(LLDP, "lldpMIB", ARCS(1, 0, 8802, 1, 1, 2), NULL, 0),
    NODE(LLDP, "lldpObjects", ARCS(1, 0, 8802, 1, 1, 2, 1), NULL, 0),
    NODE(LLDP, "lldpLocalSystemData", ARCS(1, 0, 8802, 1, 1, 2, 1, 3), NULL, 0),
    NODE(LLDP, "lldpLocPortTable", ARCS(1, 0, 8802, 1, 1, 2, 1, 3, 7), NULL, 0),
    NODE(LLDP, "lldpLocPortEntry", ARCS(1, 0, 8802, 1, 1, 2, 1, 3, 7, 1), PARTS({ "lldpLocPortNum", false, S(LldpPortNumber) })),
    NODE(LLDP, "lldpLocManAddrTable", ARCS(1, 0, 8802, 1, 1, 2, 1, 3, 8), NULL, 0),
    NODE(LLDP, "lldpLocManAddrEntry", ARCS(1, 0, 8802, 1, 1, 2, 1, 3, 8, 1),
         PARTS({ "lldpLocManAddrSubtype", false, S(AddressFamilyNumbers) }, { "lldpLocManAddr", false, S(LldpManAddress) })),
    NODE(LLDP, "lldpRemoteSystemsData", ARCS(1, 0, 8802, 1, 1, 2, 1, 4), NULL, 0),
    NODE(LLDP, "lldpRemTable", ARCS(1, 0, 8802, 1, 1, 2, 1, 4, 1), NULL, 0),
    NODE(LLDP, "lldpRemEntry", ARCS(1, 0, 8802, 1, 1, 2, 1, 4, 1, 1),
         PARTS({ "lldpRemTimeMark", false, S(TimeFilter) }, { "lldpRemLocalPortNum", false, S(LldpPortNumber) }, { "lldpRemIndex", false,
              S(Integer32) })),
    NODE(LLDP, "lldpRemManAddrTable", ARCS(1, 0, 8802, 1, 1, 2, 1, 4, 2), NULL, 0),
    NODE(LLDP, "lldpRemManAddrEntry", ARCS(1, 0, 8802, 1, 1, 2, 1, 4, 2, 1),
         PARTS({ "lldpRemTimeMark", false, S(TimeFilter) }, { "lldpRemLocalPortNum", false, S(LldpPortNumber) }, { "lldpRemIndex", false,
              S(Integer32) }, { "lldpRemManAddrSubtype", false, S(AddressFamilyNumbers) }, { "lldpRemManAddr", false,
              S(LldpManAddress) })),
    NODE(SMI, "internet", ARCS(1, 3, 6, 1), NULL, 0),
    NODE(SMI, "mgmt", ARCS(1, 3, 6, 1, 2), NULL, 0),
    NODE(SMI, "mib-2", ARCS(1, 3, 6, 1, 2, 1), NULL, 0),
    NODE(SNMPV2, "system", ARCS(1, 3, 6, 1, 2, 1, 1), NULL, 0),
    NODE(SNMPV2, "sysORTable", ARCS(1, 3, 6, 1, 2, 1, 1, 9), NULL, 0),
    NODE(SNMPV2, "sysOREntry", ARCS(1, 3, 6, 1, 2, 1, 1, 9, 1), PARTS({ "sysORIndex", false, S(Integer32) })),
    NODE(IF, "interfaces", ARCS(1, 3, 6, 1, 2, 1, 2), NULL, 0),
    NODE(IF, "ifTable", ARCS(1, 3, 6, 1, 2, 1, 2, 2), NULL, 0),
    NODE(IF, "ifEntry", ARCS(1, 3, 6, 1, 2, 1, 2, 2, 1), PARTS({ "ifIndex", false, S(InterfaceIndex) })),
    NODE(IP, "ip", ARCS(1, 3, 6, 1, 2, 1, 4), NULL, 0),
    NODE(IP, "ipAddrTable", ARCS(1, 3, 6, 1, 2, 1, 4, 20), NULL, 0),
    NODE(IP, "ipAddrEntry", ARCS(1, 3, 6, 1, 2, 1, 4, 20, 1), PARTS({ "ipAdEntAddr", false, S(IpAddress) })),
    NODE(IP, "ipNetToMediaTable", ARCS(1, 3, 6, 1, 2, 1, 4, 22), NULL, 0),
    NODE(IP, "ipNetToMediaEntry", ARCS(1, 3, 6, 1, 2, 1, 4, 22, 1),
         PARTS({ "ipNetToMediaIfIndex", false, S(Integer32) }, { "ipNetToMediaNetAddress", false, S(IpAddress) })),
    NODE(SNMPV2, "snmp", ARCS(1, 3, 6, 1, 2, 1, 11), NULL, 0),
    NODE(HOST, "host", ARCS(1, 3, 6, 1, 2, 1, 25), NULL, 0),
    NODE(HOST, "hrSystem", ARCS(1, 3, 6, 1, 2, 1, 25, 1), NULL, 0),
    NODE(HOST, "hrStorage", ARCS(1, 3, 6, 1, 2, 1, 25, 2), NULL, 0),
    NODE(HOST, "hrStorageTable", ARCS(1, 3, 6, 1, 2, 1, 25, 2, 3), NULL, 0),
    NODE(HOST, "hrStorageEntry", ARCS(1, 3, 6, 1, 2, 1, 25, 2, 3, 1), PARTS({ "hrStorageIndex", false, S(Integer32) })),
    NODE(HOST, "hrDevice", ARCS(1, 3, 6, 1, 2, 1, 25, 3), NULL, 0),
    NODE(HOST, "hrDeviceTable", ARCS(1, 3, 6, 1, 2, 1, 25, 3, 2), NULL, 0),
    NODE(HOST, "hrDeviceEntry", ARCS(1, 3, 6, 1, 2, 1, 25, 3, 2, 1), PARTS({ "hrDeviceIndex", false, S(Integer32) })),
    NODE(HOST, "hrProcessorTable", ARCS(1, 3, 6, 1, 2, 1, 25, 3, 3), NULL, 0),
    NODE(HOST, "hrProcessorEntry", ARCS(1, 3, 6, 1, 2, 1, 25, 3, 3, 1), PARTS({ "hrDeviceIndex", false, S(Integer32) })),
    NODE(HOST, "hrSWRun", ARCS(1, 3, 6, 1, 2, 1, 25, 4), NULL, 0),
    NODE(HOST, "hrSWRunTable", ARCS(1, 3, 6, 1, 2, 1, 25, 4, 2), NULL, 0),
    NODE(HOST, "hrSWRunEntry", ARCS(1, 3, 6, 1, 2, 1, 25, 4, 2, 1), PARTS({ "hrSWRunIndex", false, S(Integer32) })),
    NODE(HOST, "hrSWRunPerf", ARCS(1, 3, 6, 1, 2, 1, 25, 5), NULL, 0),
    NODE(HOST, "hrSWRunPerfTable", ARCS(1, 3, 6, 1, 2, 1, 25, 5, 1), NULL, 0),
    NODE(HOST, "hrSWRunPerfEntry", ARCS(1, 3, 6, 1, 2, 1, 25, 5, 1, 1), PARTS({ "hrSWRunIndex", false, S(Integer32) })),
    NODE(IF, "ifMIB", ARCS(1, 3, 6, 1, 2, 1, 31), NULL, 0),
    NODE(IF, "ifMIBObjects", ARCS(1, 3, 6, 1, 2, 1, 31, 1), NULL, 0),
    NODE(IF, "ifXTable", ARCS(1, 3, 6, 1, 2, 1, 31, 1, 1), NULL, 0),
    NODE(IF, "ifXEntry", ARCS(1, 3, 6, 1, 2, 1, 31, 1, 1, 1), PARTS({ "ifIndex", false, S(InterfaceIndex) })),
    NODE(IF, "ifStackTable", ARCS(1, 3, 6, 1, 2, 1, 31, 1, 2), NULL, 0),
    NODE(IF, "ifStackEntry", ARCS(1, 3, 6, 1, 2, 1, 31, 1, 2, 1),
         PARTS({ "ifStackHigherLayer", false, S(InterfaceIndexOrZero) }, { "ifStackLowerLayer", false, S(InterfaceIndexOrZero) })),
    NODE(IF, "ifTestTable", ARCS(1, 3, 6, 1, 2, 1, 31, 1, 3), NULL, 0),
    NODE(IF, "ifTestEntry", ARCS(1, 3, 6, 1, 2, 1, 31, 1, 3, 1), PARTS({ "ifIndex", false, S(InterfaceIndex) })),
    NODE(IF, "ifRcvAddressTable", ARCS(1, 3, 6, 1, 2, 1, 31, 1, 4), NULL, 0),
    NODE(IF, "ifRcvAddressEntry", ARCS(1, 3, 6, 1, 2, 1, 31, 1, 4, 1),
         PARTS({ "ifIndex", false, S(InterfaceIndex) }, { "ifRcvAddressAddress", false, S(PhysAddress) })),
    NODE(ENTITY, "entityMIB", ARCS(1, 3, 6, 1, 2, 1, 47), NULL, 0),
    NODE(ENTITY, "entityMIBObjects", ARCS(1, 3, 6, 1, 2, 1, 47, 1), NULL, 0),
    NODE(ENTITY, "entityPhysical", ARCS(1, 3, 6, 1, 2, 1, 47, 1, 1), NULL, 0),
    NODE(ENTITY, "entPhysicalTable", ARCS(1, 3, 6, 1, 2, 1, 47, 1, 1, 1), NULL, 0),
    NODE(ENTITY, "entPhysicalEntry", ARCS(1, 3, 6, 1, 2, 1, 47, 1, 1, 1, 1), PARTS({ "entPhysicalIndex", false, S(PhysicalIndex) })),
    NODE(SMI, "enterprises", ARCS(1, 3, 6, 1, 4, 1), NULL, 0),
    NODE(SMI, "snmpModules", ARCS(1, 3, 6, 1, 6, 3), NULL, 0),
    NODE(SNMPV2, "snmpMIB", ARCS(1, 3, 6, 1, 6, 3, 1), NULL, 0),
    NODE(SNMPV2, "snmpMIBObjects", ARCS(1, 3, 6, 1, 6, 3, 1, 1), NULL, 0),
    NODE(SNMPV2, "snmpSet", ARCS(1, 3, 6, 1, 6, 3, 1, 1, 6), NULL, 0),
};
/* clang-format on */

const size_t drmgmt__snmp_n_nodes = DRMGMT__COUNT(drmgmt__snmp_nodes_data);
_Static_assert(DRMGMT__COUNT(drmgmt__snmp_nodes_data) <= DRMGMT__SNMP_NODES_MAX,
               "there is room to look them up by name");
