/* The descriptions of a tenant's own role, read from drm.rbac_roles under the alias r, and of what a user was given
 * besides its built-in role, read from drm.user_roles under the alias a with the role beside it. */
#include "core/entities.h"

#include "core/cleanup.h"

static const drmgmt_field role_fields[] = {
    { "id", DRMGMT_TYPE_UUID, DRMGMT_FIELD_COLUMN, "r.id", "Made by the library; ordered by time", NULL },
    { "name", DRMGMT_TYPE_TEXT,
      DRMGMT_FIELD_WRITABLE | DRMGMT_FIELD_REQUIRED | DRMGMT_FIELD_FILTER | DRMGMT_FIELD_COLUMN, "r.name",
      "Unique in the tenant; no built-in role's name, no UUID", "\"minLength\":1,\"maxLength\":100" },
    { "description", DRMGMT_TYPE_TEXT, DRMGMT_FIELD_WRITABLE, "r.description", "For people", "\"maxLength\":1000" },
    { "permissions", DRMGMT_TYPE_TAGS, DRMGMT_FIELD_WRITABLE | DRMGMT_FIELD_REQUIRED | DRMGMT_FIELD_COLUMN,
      "r.permissions", "What it allows: names that GET /permissions lists",
      "\"maxItems\":62,\"items\":{\"type\":\"string\",\"minLength\":1,\"maxLength\":100}" },
    { "version", DRMGMT_TYPE_INT, 0, "r.version", "Grows with each change; the ETag", NULL },
    { "created_at", DRMGMT_TYPE_TIME, 0, "r.created_at", "When it was made", NULL },
    { "updated_at", DRMGMT_TYPE_TIME, DRMGMT_FIELD_COLUMN, "r.updated_at", "When it was last changed", NULL },
};

const drmgmt_entity drmgmt__entity_role = {
    "role", "roles", "A role of the tenant's own", role_fields, DRMGMT__COUNT(role_fields),
};

static const drmgmt_field assignment_fields[] = {
    { "id", DRMGMT_TYPE_UUID, DRMGMT_FIELD_COLUMN, "a.id", "Made by the library; ordered by time", NULL },
    { "user_id", DRMGMT_TYPE_UUID, DRMGMT_FIELD_FILTER, "a.user_id", "Who has it", NULL },
    { "role_id", DRMGMT_TYPE_UUID, DRMGMT_FIELD_CREATE | DRMGMT_FIELD_FILTER, "a.role_id",
      "A role of the tenant's own; null when it is a built-in one", NULL },
    { "builtin", DRMGMT_TYPE_TEXT, DRMGMT_FIELD_CREATE, "a.builtin", "A built-in role, in place of role_id",
      "\"enum\":[\"viewer\",\"operator\",\"administrator\"]" },
    { "role", DRMGMT_TYPE_TEXT, DRMGMT_FIELD_COLUMN, "COALESCE(r.name, a.builtin)", "The role's name", NULL },
    { "selector", DRMGMT_TYPE_TAGS, DRMGMT_FIELD_CREATE | DRMGMT_FIELD_COLUMN, "a.selector",
      "Tags that a device must all have for the role to hold on it; empty: it holds on all",
      "\"maxItems\":16,\"items\":{\"type\":\"string\",\"minLength\":1,\"maxLength\":100}" },
    { "permissions", DRMGMT_TYPE_TAGS, DRMGMT_FIELD_DETAIL, "sec.mask_names(a.mask)", "What it allows", NULL },
    { "created_at", DRMGMT_TYPE_TIME, DRMGMT_FIELD_COLUMN, "a.created_at", "When it was given", NULL },
};

const drmgmt_entity drmgmt__entity_role_assignment = {
    "role_assignment",
    "role_assignments",
    "A role that a user has, on all devices or on some",
    assignment_fields,
    DRMGMT__COUNT(assignment_fields),
};
