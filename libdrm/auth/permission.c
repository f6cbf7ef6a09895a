/* Who may do what: each permission and the least role that holds it. Checked by sec.enter() in the database with the
 * rank told here. */
#include "core/cleanup.h"
#include <drm/session.h>
#include <string.h>

static const struct {
    const char *name;
    drmgmt_role role;
} permissions[DRMGMT_PERM_COUNT] = {
    [DRMGMT_PERM_NONE] = { "none", DRMGMT_ROLE_NONE },
    [DRMGMT_PERM_DEVICE_READ] = { "device:read", DRMGMT_ROLE_VIEWER },
    [DRMGMT_PERM_DEVICE_WRITE] = { "device:write", DRMGMT_ROLE_OPERATOR },
    [DRMGMT_PERM_CREDENTIAL_READ] = { "credential:read", DRMGMT_ROLE_OPERATOR },
    [DRMGMT_PERM_CREDENTIAL_WRITE] = { "credential:write", DRMGMT_ROLE_ADMINISTRATOR },
    [DRMGMT_PERM_JOB_READ] = { "job:read", DRMGMT_ROLE_VIEWER },
    [DRMGMT_PERM_JOB_SUBMIT_READ] = { "job:submit:read", DRMGMT_ROLE_OPERATOR },
    [DRMGMT_PERM_JOB_SUBMIT_WRITE] = { "job:submit:write", DRMGMT_ROLE_OPERATOR },
    [DRMGMT_PERM_JOB_CANCEL] = { "job:cancel", DRMGMT_ROLE_OPERATOR },
    [DRMGMT_PERM_API_KEY_OWN] = { "api-key:own", DRMGMT_ROLE_VIEWER },
};

static const char *const roles[] = { "none", "viewer", "operator", "administrator" };

const char *drmgmt_permission_name(drmgmt_permission permission)
{
    return (unsigned)permission < DRMGMT_PERM_COUNT ? permissions[permission].name : "unknown";
}

drmgmt_role drmgmt_permission_role(drmgmt_permission permission)
{
    return (unsigned)permission < DRMGMT_PERM_COUNT ? permissions[permission].role : DRMGMT_ROLE_ADMINISTRATOR;
}

const char *drmgmt_role_name(drmgmt_role role)
{
    return (unsigned)role < DRMGMT__COUNT(roles) ? roles[role] : roles[0];
}

drmgmt_role drmgmt_role_parse(const char *name)
{
    for (unsigned i = 1; i < DRMGMT__COUNT(roles); i++)
        if (strcmp(roles[i], name) == 0)
            return (drmgmt_role)i;
    return DRMGMT_ROLE_NONE;
}
