/* The description of an audit row; its columns are read from drm.audit_logs under the alias a. */
#include "core/entities.h"

#include "core/cleanup.h"

static const drmgmt_field fields[] = {
    { "id", DRMGMT_TYPE_UUID, 0, "a.id", "Made by the library; ordered by time", NULL },
    { "at", DRMGMT_TYPE_TIME, DRMGMT_FIELD_FILTER | DRMGMT_FIELD_COLUMN, "a.at", "When it was done", NULL },
    { "actor_id", DRMGMT_TYPE_UUID, DRMGMT_FIELD_FILTER | DRMGMT_FIELD_COLUMN, "a.actor_id",
      "The user who did it; null where nobody had proved who they are", NULL },
    { "action", DRMGMT_TYPE_TEXT, DRMGMT_FIELD_FILTER | DRMGMT_FIELD_COLUMN, "a.action",
      "What was done, such as \"device.update\"; \"refused\": it was not allowed", NULL },
    { "object_type", DRMGMT_TYPE_TEXT, DRMGMT_FIELD_FILTER | DRMGMT_FIELD_COLUMN, "a.object_type",
      "What kind of thing it was done to", NULL },
    { "object_id", DRMGMT_TYPE_UUID, DRMGMT_FIELD_FILTER | DRMGMT_FIELD_COLUMN, "a.object_id",
      "The thing it was done to", NULL },
    { "detail", DRMGMT_TYPE_JSON, 0, "a.detail",
      "Of a change {\"before\":{...},\"after\":{...}} with the fields that differ; of secrets only whether they are "
      "set "
      "and changed",
      NULL },
    { "request_id", DRMGMT_TYPE_TEXT, DRMGMT_FIELD_FILTER, "a.request_id", "X-Request-Id of the call", NULL },
    { "address", DRMGMT_TYPE_TEXT, DRMGMT_FIELD_COLUMN, "a.address", "Where the call came from", NULL },
};

const drmgmt_entity drmgmt__entity_audit_log = {
    "audit_log", "audit_logs",          "Who did what, or was refused; never changed, and chained by hashes",
    fields,      DRMGMT__COUNT(fields),
};
