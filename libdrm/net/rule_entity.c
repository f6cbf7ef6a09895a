/* The description of an outbound rule; its columns are read from drm.outbound_rules under the alias r. */
#include "core/entities.h"

#include "core/cleanup.h"

#define PORT "\"minimum\":0,\"maximum\":65535"

static const drmgmt_field fields[] = {
    { "id", DRMGMT_TYPE_UUID, DRMGMT_FIELD_COLUMN, "r.id", "Made by the library; ordered by time", NULL },
    { "cidr", DRMGMT_TYPE_TEXT, DRMGMT_FIELD_CREATE | DRMGMT_FIELD_REQUIRED | DRMGMT_FIELD_COLUMN, "r.cidr::text",
      "The addresses that may be reached",
      "\"minLength\":1,\"maxLength\":50,\"examples\":[\"10.0.0.0/8\",\"fd00::/8\"]" },
    { "port_first", DRMGMT_TYPE_INT, DRMGMT_FIELD_CREATE | DRMGMT_FIELD_COLUMN, "r.port_first",
      "The first port that may be reached", PORT ",\"default\":0" },
    { "port_last", DRMGMT_TYPE_INT, DRMGMT_FIELD_CREATE | DRMGMT_FIELD_COLUMN, "r.port_last",
      "The last one; left out, it is port_first where that is given, else 65535", PORT },
    { "transport", DRMGMT_TYPE_TEXT, DRMGMT_FIELD_CREATE | DRMGMT_FIELD_COLUMN, "r.transport", "By which transport",
      "\"enum\":[\"udp\",\"tcp\",\"any\"],\"default\":\"any\"" },
    { "note", DRMGMT_TYPE_TEXT, DRMGMT_FIELD_CREATE | DRMGMT_FIELD_COLUMN, "r.note", "What it is for",
      "\"maxLength\":200" },
    { "created_at", DRMGMT_TYPE_TIME, 0, "r.created_at", "When it was made", NULL },
};

const drmgmt_entity drmgmt__entity_outbound_rule = {
    "outbound_rule", "outbound_rules",      "Addresses that a tenant's jobs may reach beyond the public ones",
    fields,          DRMGMT__COUNT(fields),
};
