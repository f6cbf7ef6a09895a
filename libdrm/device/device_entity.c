/* The description of a device; its columns are read from drm.devices under the alias d. */
#include "core/entities.h"

#include "core/cleanup.h"

static const drmgmt_field fields[] = {
    { "id", DRMGMT_TYPE_UUID, DRMGMT_FIELD_SORTABLE, "d.id", "Made by the library; ordered by time", NULL },
    { "name", DRMGMT_TYPE_TEXT,
      DRMGMT_FIELD_WRITABLE | DRMGMT_FIELD_REQUIRED | DRMGMT_FIELD_SORTABLE | DRMGMT_FIELD_FILTER | DRMGMT_FIELD_COLUMN,
      "d.name", "Unique in the tenant; no UUID", "\"minLength\":1,\"maxLength\":200" },
    { "description", DRMGMT_TYPE_TEXT, DRMGMT_FIELD_WRITABLE, "d.description", "For people", "\"maxLength\":2000" },
    { "tags", DRMGMT_TYPE_TAGS, DRMGMT_FIELD_WRITABLE | DRMGMT_FIELD_FILTER | DRMGMT_FIELD_COLUMN, "d.tags",
      "Words to select devices by, such as \"site=berlin\"",
      "\"maxItems\":64,\"items\":{\"type\":\"string\",\"minLength\":1,\"maxLength\":100}" },
    { "protocols", DRMGMT_TYPE_TAGS, DRMGMT_FIELD_FILTER | DRMGMT_FIELD_COLUMN, "d.protocols",
      "Protocols it has a profile for", NULL },
    { "profiles", DRMGMT_TYPE_JSON, DRMGMT_FIELD_WRITABLE | DRMGMT_FIELD_DETAIL, "d.profiles",
      "How it is reached, at most one profile a protocol; setting it replaces them all. In place of credential_id a "
      "community may be given: it is sealed as a credential of this device and never read back",
      "\"type\":\"array\",\"maxItems\":16,\"items\":{\"type\":\"object\",\"additionalProperties\":false,\"required\":["
      "\"protocol\"],\"properties\":{\"protocol\":{\"type\":\"string\"},\"address\":{\"type\":\"string\",\"maxLength\":"
      "255},\"port\":{\"type\":\"integer\",\"minimum\":0,\"maximum\":65535,\"description\":\"0: the protocol's "
      "own\"},\"settings\":{\"type\":\"object\"},\"credential_id\":{\"type\":[\"string\",\"null\"],\"format\":\"uuid\"}"
      ",\"community\":{\"type\":\"string\",\"writeOnly\":true,\"minLength\":1,\"maxLength\":255}}}" },
    { "vendor", DRMGMT_TYPE_TEXT, 0, "d.vendor", "Who made it, as it was last read", NULL },
    { "firmware", DRMGMT_TYPE_TEXT, 0, "d.firmware", "The version of its software, as it was last read", NULL },
    { "last_seen_at", DRMGMT_TYPE_TIME, 0, "d.last_seen_at", "When it last answered, or told something by itself",
      NULL },
    { "parameters", DRMGMT_TYPE_INT, 0, "d.parameters",
      "How many values its inventory has; at 10000 it is full, and takes no other paths", NULL },
    { "version", DRMGMT_TYPE_INT, 0, "d.version", "Grows with each change; the ETag", NULL },
    { "created_at", DRMGMT_TYPE_TIME, 0, "d.created_at", "When it was registered", NULL },
    { "updated_at", DRMGMT_TYPE_TIME, DRMGMT_FIELD_COLUMN, "d.updated_at", "When it was last changed", NULL },
};

const drmgmt_entity drmgmt__entity_device = {
    "device", "devices", "A managed device", fields, DRMGMT__COUNT(fields),
};
