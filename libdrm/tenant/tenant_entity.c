/* The description of a tenant, as the platform's administrators see it; read from drm.tenants under the alias t. */
#include "core/entities.h"

#include "core/cleanup.h"

static const drmgmt_field fields[] = {
    { "id", DRMGMT_TYPE_UUID, DRMGMT_FIELD_COLUMN, "t.tenant_id", "Made by the library; ordered by time", NULL },
    { "name", DRMGMT_TYPE_TEXT, DRMGMT_FIELD_WRITABLE | DRMGMT_FIELD_FILTER | DRMGMT_FIELD_COLUMN, "t.name",
      "Unique; a log-in may name it", "\"minLength\":1,\"maxLength\":100" },
    { "status", DRMGMT_TYPE_TEXT, DRMGMT_FIELD_WRITABLE | DRMGMT_FIELD_FILTER | DRMGMT_FIELD_COLUMN, "t.status",
      "active; suspended: nobody enters and no job begins; deleting: its rows are being removed",
      "\"enum\":[\"active\",\"suspended\",\"deleting\"]" },
    { "class", DRMGMT_TYPE_TEXT, DRMGMT_FIELD_WRITABLE, "t.class",
      "By which metrics tell tenants apart, such as standard or gold",
      "\"minLength\":1,\"maxLength\":32,\"pattern\":\"^[a-z0-9][a-z0-9._-]*$\"" },
    { "max_devices", DRMGMT_TYPE_INT, DRMGMT_FIELD_WRITABLE, "t.max_devices", "Devices at most; null: no limit",
      "\"minimum\":0,\"maximum\":2147483647" },
    { "max_queued", DRMGMT_TYPE_INT, DRMGMT_FIELD_WRITABLE, "t.max_queued",
      "Jobs that have not ended at most; null: no limit", "\"minimum\":0,\"maximum\":2147483647" },
    { "max_running", DRMGMT_TYPE_INT, DRMGMT_FIELD_WRITABLE, "t.max_running",
      "Jobs that run at a time at most; null: no limit", "\"minimum\":1,\"maximum\":2147483647" },
    { "max_requests", DRMGMT_TYPE_INT, DRMGMT_FIELD_WRITABLE, "t.max_requests",
      "API requests a minute at most; null: no limit", "\"minimum\":1,\"maximum\":2147483647" },
    { "purged", DRMGMT_TYPE_INT, DRMGMT_FIELD_COLUMN, "t.purged", "Rows removed so far of one that is being deleted",
      NULL },
    { "version", DRMGMT_TYPE_INT, 0, "t.version", "Grows with each change; the ETag", NULL },
    { "created_at", DRMGMT_TYPE_TIME, DRMGMT_FIELD_COLUMN, "t.created_at", "When it was made", NULL },
    { "updated_at", DRMGMT_TYPE_TIME, 0, "t.updated_at", "When it was last changed", NULL },
};

const drmgmt_entity drmgmt__entity_tenant = {
    "tenant", "tenants", "Whose devices, users and jobs are kept apart from all others'", fields, DRMGMT__COUNT(fields),
};
