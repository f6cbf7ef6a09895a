/* The description of a device's event; its columns are read from drm.device_events under the alias e. */
#include "core/entities.h"

#include "core/cleanup.h"

static const drmgmt_field fields[] = {
    { "id", DRMGMT_TYPE_UUID, 0, "e.id", "Made by the library; ordered by time", NULL },
    { "at", DRMGMT_TYPE_TIME, DRMGMT_FIELD_FILTER | DRMGMT_FIELD_COLUMN, "e.at", "When it arrived", NULL },
    { "device_id", DRMGMT_TYPE_UUID, DRMGMT_FIELD_FILTER | DRMGMT_FIELD_COLUMN, "e.device_id", "The device it is of",
      NULL },
    { "kind", DRMGMT_TYPE_TEXT, DRMGMT_FIELD_FILTER | DRMGMT_FIELD_COLUMN, "e.kind",
      "What sort of event it is: \"snmp.trap\", \"snmp.inform\"", NULL },
    { "source", DRMGMT_TYPE_TEXT, DRMGMT_FIELD_COLUMN, "e.source", "The address it came from", NULL },
    { "oid", DRMGMT_TYPE_TEXT, DRMGMT_FIELD_COLUMN, "e.oid", "Of a trap: which one it is (snmpTrapOID.0)", NULL },
    { "name", DRMGMT_TYPE_TEXT, DRMGMT_FIELD_COLUMN, "e.name", "The same by name, where it is known", NULL },
    { "detail", DRMGMT_TYPE_JSON, 0, "e.detail", "All it told; the form is the kind's", NULL },
};

const drmgmt_entity drmgmt__entity_event = {
    "event", "events", "What a device told by itself", fields, DRMGMT__COUNT(fields),
};
