/* The description of a user; its columns are read from drm.users under the alias u. */
#include "core/entities.h"

#include "core/cleanup.h"

static const drmgmt_field fields[] = {
    { "id", DRMGMT_TYPE_UUID, DRMGMT_FIELD_COLUMN, "u.id", "Made by the library; ordered by time", NULL },
    { "email", DRMGMT_TYPE_TEXT,
      DRMGMT_FIELD_WRITABLE | DRMGMT_FIELD_REQUIRED | DRMGMT_FIELD_FILTER | DRMGMT_FIELD_COLUMN, "u.email",
      "E-mail address to log in by; unique in the tenant, kept in lower case", "\"minLength\":3,\"maxLength\":254" },
    { "role", DRMGMT_TYPE_TEXT, DRMGMT_FIELD_WRITABLE | DRMGMT_FIELD_FILTER | DRMGMT_FIELD_COLUMN, "u.role",
      "Built-in role that holds on all devices; none: only what assigned roles give",
      "\"enum\":[\"none\",\"viewer\",\"operator\",\"administrator\"],\"default\":\"none\"" },
    { "active", DRMGMT_TYPE_BOOL, DRMGMT_FIELD_WRITABLE | DRMGMT_FIELD_FILTER | DRMGMT_FIELD_COLUMN, "u.active",
      "Whether the user may log in; taking it away ends all log-ins", "\"default\":true" },
    { "password", DRMGMT_TYPE_TEXT, DRMGMT_FIELD_CREATE | DRMGMT_FIELD_SECRET, "u.password_set",
      "Left out: an invitation is made, by which the user sets it", "\"minLength\":12,\"maxLength\":1024" },
    { "permissions", DRMGMT_TYPE_TAGS, DRMGMT_FIELD_DETAIL, "sec.mask_names(u.granted)",
      "What the user may do everywhere in the tenant, by all roles together", NULL },
    { "scoped_permissions", DRMGMT_TYPE_TAGS, DRMGMT_FIELD_DETAIL, "sec.mask_names(u.scoped)",
      "What the user may do on some devices, by roles with a selector", NULL },
    { "last_login_at", DRMGMT_TYPE_TIME, DRMGMT_FIELD_COLUMN, "u.last_login_at",
      "When the user last logged in; null if never", NULL },
    { "invitation_expires_at", DRMGMT_TYPE_TIME, 0,
      "(SELECT i.expires_at FROM drm.user_invitations i WHERE i.tenant_id = u.tenant_id AND i.user_id = u.id)",
      "Until when the invitation that was made is good; null without one", NULL },
    { "version", DRMGMT_TYPE_INT, 0, "u.version", "Grows with each change; the ETag", NULL },
    { "created_at", DRMGMT_TYPE_TIME, 0, "u.created_at", "When it was made", NULL },
    { "updated_at", DRMGMT_TYPE_TIME, 0, "u.updated_at", "When it was last changed", NULL },
};

const drmgmt_entity drmgmt__entity_user = {
    "user", "users", "Somebody who may log in to the tenant", fields, DRMGMT__COUNT(fields),
};
