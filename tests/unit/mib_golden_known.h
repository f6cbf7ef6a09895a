/* Where the resolver and the oracles differ, and why. */
#define FORGOTTEN                                                                                                      \
    "the module forgets to import this textual convention of RFC 2579; the oracles know no type then, here it is "     \
    "known"

static const struct {
    const char *module, *name, *what, *reason;
} golden_known[] = {
    { "CONTROLLER-MIB", "sysObjectDescription", "type", FORGOTTEN },
    { "HIKVISION-MIB", "hikEntityIndex", "type", FORGOTTEN },
    { "HIKVISION-MIB", "hikEntityType", "type",
      "declared twice with the same OID, first as OBJECT IDENTIFIER; the first one counts here, the oracles mix them" },
    { "INTEGRATED-SERVICES-MIB", "intSrvFlowNewIndex", "type", FORGOTTEN },
    { "RADLAN-MIB", "rlIgmpSnoopGroupAddress", "type", FORGOTTEN },
    { "ZYXEL-IESCOMMON-MIB", "iesMacAddress", "type", FORGOTTEN },
};
