/* The rows of "drmctl snmp" for the command table, and their options. Included by commands.c only. */
#ifndef DRMCTL_COMMANDS_SNMP_H
#define DRMCTL_COMMANDS_SNMP_H

#define SNMP_SHOW_OPTIONS                                                                                              \
    { "plain", 0, NULL, NULL, "lines such as net-snmp's tools write: NAME = TYPE: VALUE" },                            \
        { "numeric", 0, NULL, NULL, "with --plain: OIDs as numbers only" },                                            \
    {                                                                                                                  \
        "raw", 0, NULL, NULL, "values as they came, not as the object's syntax reads them"                             \
    }

#define SNMP_WALK_OPTIONS                                                                                              \
    { "from", 0, "OID", NULL, "go on after this OID, where a walk before this one stopped" },                          \
        { "max-varbinds", 0, "N", NULL, "end after so many" },                                                         \
    {                                                                                                                  \
        "any-order", 0, NULL, NULL, "go on when OIDs do not increase; ends at a circle only"                           \
    }

static const ctl_option snmp_get_options[] = { SNMP_SHOW_OPTIONS, WAIT_OPTIONS };

static const ctl_option snmp_set_options[] = {
    { "repeatable", 0, NULL, NULL, "to set it twice is the same as once: it may be sent again" },
    SNMP_SHOW_OPTIONS,
    WAIT_OPTIONS,
};

static const ctl_option snmp_walk_options[] = { SNMP_WALK_OPTIONS, SNMP_SHOW_OPTIONS, WAIT_OPTIONS };

static const ctl_option snmp_bulkwalk_options[] = {
    { "max-repetitions", 0, "N", NULL, "ask for so many at once at most; 25 unless told otherwise" },
    SNMP_WALK_OPTIONS,
    SNMP_SHOW_OPTIONS,
    WAIT_OPTIONS,
};

static const ctl_option snmp_table_options[] = {
    { "column", 0, "NAME", NULL, "only this column; may be repeated" },
    { "max-repetitions", 0, "N", NULL, "ask for so many at once at most; 25 unless told otherwise" },
    { "raw", 0, NULL, NULL, "values as they came, not as the object's syntax reads them" },
    WAIT_OPTIONS,
};

#define SNMP_COMMANDS                                                                                                  \
    { "snmp",                                                                                                          \
      "get",                                                                                                           \
      "DEVICE OID...",                                                                                                 \
      2,                                                                                                               \
      -1,                                                                                                              \
      OWN(snmp_get_options),                                                                                           \
      CTL_OUTPUT | CTL_SESSION,                                                                                        \
      NULL,                                                                                                            \
      ctl_cmd_snmp_get,                                                                                                \
      "read variables of a device",                                                                                    \
      "A job is submitted; a worker asks the device. Without --wait its id is shown.",                                 \
      "drmctl snmp get core-1 sysDescr.0 --wait\n"                                                                     \
      "drmctl snmp get core-1 1.3.6.1.2.1.1.3.0 1.3.6.1.2.1.1.5.0 --wait --timeout 10 -o json\n"                       \
      "drmctl snmp get core-1 ifOperStatus.1 --wait --plain" },                                                        \
        { "snmp",                                                                                                      \
          "getnext",                                                                                                   \
          "DEVICE OID...",                                                                                             \
          2,                                                                                                           \
          -1,                                                                                                          \
          OWN(snmp_get_options),                                                                                       \
          CTL_OUTPUT | CTL_SESSION,                                                                                    \
          NULL,                                                                                                        \
          ctl_cmd_snmp_getnext,                                                                                        \
          "read what comes next after each OID",                                                                       \
          NULL,                                                                                                        \
          "drmctl snmp getnext core-1 ifDescr sysName --wait" },                                                       \
        { "snmp",                                                                                                      \
          "walk",                                                                                                      \
          "DEVICE [OID]",                                                                                              \
          1,                                                                                                           \
          2,                                                                                                           \
          OWN(snmp_walk_options),                                                                                      \
          CTL_OUTPUT | CTL_SESSION,                                                                                    \
          NULL,                                                                                                        \
          ctl_cmd_snmp_walk,                                                                                           \
          "read all under an OID, one by one",                                                                         \
          "Without OID: mib-2. With --wait the walk is done by as many jobs as it takes, and shown as they end.",      \
          "drmctl snmp walk core-1 system --wait\n"                                                                    \
          "drmctl snmp walk core-1 --wait --plain --numeric" },                                                        \
        { "snmp",                                                                                                      \
          "bulkwalk",                                                                                                  \
          "DEVICE [OID]",                                                                                              \
          1,                                                                                                           \
          2,                                                                                                           \
          OWN(snmp_bulkwalk_options),                                                                                  \
          CTL_OUTPUT | CTL_SESSION,                                                                                    \
          NULL,                                                                                                        \
          ctl_cmd_snmp_bulkwalk,                                                                                       \
          "read all under an OID, many at once",                                                                       \
          "Without OID: mib-2. With --wait the walk is done by as many jobs as it takes, and shown as they end.",      \
          "drmctl snmp bulkwalk core-1 ifTable --wait\n"                                                               \
          "drmctl snmp bulkwalk core-1 1.3.6.1.4.1 --wait -o csv > vendor.csv" },                                      \
        { "snmp",                                                                                                      \
          "table",                                                                                                     \
          "DEVICE TABLE",                                                                                              \
          2,                                                                                                           \
          2,                                                                                                           \
          OWN(snmp_table_options),                                                                                     \
          CTL_OUTPUT | CTL_SESSION,                                                                                    \
          NULL,                                                                                                        \
          ctl_cmd_snmp_table,                                                                                          \
          "read a table as rows",                                                                                      \
          NULL,                                                                                                        \
          "drmctl snmp table core-1 ifTable --column ifDescr --column ifOperStatus --wait\n"                           \
          "drmctl snmp table core-1 lldpRemTable --wait -o json | jq .result.rows" },                                  \
    {                                                                                                                  \
        "snmp", "set", "DEVICE OID TYPE VALUE...", 4, -1, OWN(snmp_set_options), CTL_OUTPUT | CTL_SESSION, NULL,       \
            ctl_cmd_snmp_set, "write variables of a device, all of them or none",                                      \
            "TYPE is a letter as net-snmp's snmpset takes it (i u c C t a o s x d b n F D I U), a word such as\n"      \
            "INTEGER, or = for the type of an object that is known. More groups of three may follow.",                 \
            "drmctl snmp set core-1 sysName.0 s core-1 sysLocation.0 s 'Berlin 4' --wait\n"                            \
            "drmctl snmp set core-1 ifAdminStatus.3 = down --wait"                                                     \
    }

#endif
