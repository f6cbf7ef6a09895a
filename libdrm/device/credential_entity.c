/* The description of an SNMP credential; its columns are read from drm.snmp_credentials under the alias c. */
#include "core/entities.h"

#include "core/cleanup.h"

static const drmgmt_field fields[] = {
    { "id", DRMGMT_TYPE_UUID, DRMGMT_FIELD_COLUMN, "c.id", "Made by the library; ordered by time", NULL },
    { "name", DRMGMT_TYPE_TEXT,
      DRMGMT_FIELD_WRITABLE | DRMGMT_FIELD_REQUIRED | DRMGMT_FIELD_FILTER | DRMGMT_FIELD_COLUMN, "c.name",
      "Unique in the tenant", "\"minLength\":1,\"maxLength\":200" },
    { "snmp_version", DRMGMT_TYPE_TEXT, DRMGMT_FIELD_WRITABLE | DRMGMT_FIELD_COLUMN, "c.snmp_version",
      "SNMP version it is for", "\"enum\":[\"1\",\"2c\"],\"default\":\"2c\"" },
    { "community", DRMGMT_TYPE_TEXT, DRMGMT_FIELD_WRITABLE | DRMGMT_FIELD_REQUIRED | DRMGMT_FIELD_SECRET,
      "c.community IS NOT NULL", "Community name", "\"minLength\":1,\"maxLength\":255" },
    { "device_id", DRMGMT_TYPE_UUID, DRMGMT_FIELD_COLUMN, "c.device_id",
      "The device it was made for together with its profile; goes with it", NULL },
    { "version", DRMGMT_TYPE_INT, 0, "c.version", "Grows with each change; the ETag", NULL },
    { "created_at", DRMGMT_TYPE_TIME, 0, "c.created_at", "When it was made", NULL },
    { "updated_at", DRMGMT_TYPE_TIME, DRMGMT_FIELD_COLUMN, "c.updated_at", "When it was last changed", NULL },
};

const drmgmt_entity drmgmt__entity_snmp_credential = {
    "snmp_credential", "snmp_credentials", "A community by which SNMP agents know us", fields, DRMGMT__COUNT(fields),
};
