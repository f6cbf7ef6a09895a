/* Who may do what: the one table of permissions. The database learns it by drmgmt__permissions_install() and keeps
 * masks with it; sec.enter() checks the bit of the permission that is named with each call. */
#include "auth/permission.h"

#include "core/core.h"
#include "core/strbuf.h"
#include "store/array.h"
#include <stdio.h>
#include <string.h>

enum { TENANT = 1, PLATFORM = 2, ON_DEVICES = 4 };

static const struct {
    const char *name;
    drmgmt_role role; /* the least built-in one that holds it */
    unsigned flags;
    const char *description;
} permissions[] = {
    [DRMGMT_PERM_NONE] = { "none", DRMGMT_ROLE_NONE, TENANT | PLATFORM, "What everybody may who is logged in" },
    [DRMGMT_PERM_DEVICE_READ] = { "device:read", DRMGMT_ROLE_VIEWER, TENANT | ON_DEVICES, "Read devices" },
    [DRMGMT_PERM_DEVICE_WRITE] = { "device:write", DRMGMT_ROLE_OPERATOR, TENANT | ON_DEVICES,
                                   "Create, change and delete devices" },
    [DRMGMT_PERM_CREDENTIAL_READ] = { "credential:read", DRMGMT_ROLE_OPERATOR, TENANT,
                                      "Read credentials, without their secrets" },
    [DRMGMT_PERM_CREDENTIAL_WRITE] = { "credential:write", DRMGMT_ROLE_ADMINISTRATOR, TENANT,
                                       "Create, change and delete credentials" },
    [DRMGMT_PERM_JOB_READ] = { "job:read", DRMGMT_ROLE_VIEWER, TENANT | ON_DEVICES, "Read jobs and their results" },
    [DRMGMT_PERM_JOB_SUBMIT_READ] = { "job:submit:read", DRMGMT_ROLE_OPERATOR, TENANT | ON_DEVICES,
                                      "Submit jobs that read devices" },
    [DRMGMT_PERM_JOB_SUBMIT_WRITE] = { "job:submit:write", DRMGMT_ROLE_OPERATOR, TENANT | ON_DEVICES,
                                       "Submit jobs that change devices" },
    [DRMGMT_PERM_JOB_CANCEL] = { "job:cancel", DRMGMT_ROLE_OPERATOR, TENANT | ON_DEVICES, "Cancel jobs" },
    [DRMGMT_PERM_API_KEY_OWN] = { "api-key:own", DRMGMT_ROLE_VIEWER, TENANT | PLATFORM, "Make API keys of one's own" },
    [DRMGMT_PERM_USER_READ] = { "user:read", DRMGMT_ROLE_ADMINISTRATOR, TENANT | PLATFORM, "Read users and roles" },
    [DRMGMT_PERM_USER_ADMIN] = { "user:admin", DRMGMT_ROLE_ADMINISTRATOR, TENANT | PLATFORM,
                                 "Manage users, their roles, log-ins and API keys" },
    [DRMGMT_PERM_TENANT_READ] = { "tenant:read", DRMGMT_ROLE_VIEWER, TENANT | PLATFORM,
                                  "Read the tenant's settings, quotas and use" },
    [DRMGMT_PERM_TENANT_SETTINGS] = { "tenant:settings", DRMGMT_ROLE_ADMINISTRATOR, TENANT | PLATFORM,
                                      "Change how people log in to the tenant" },
    [DRMGMT_PERM_AUDIT_READ] = { "audit:read", DRMGMT_ROLE_ADMINISTRATOR, TENANT | PLATFORM,
                                 "Read, export and verify the audit trail" },
    [DRMGMT_PERM_OUTBOUND_READ] = { "outbound:read", DRMGMT_ROLE_OPERATOR, TENANT,
                                    "Read where the tenant's jobs may connect to" },
    [DRMGMT_PERM_MIB_WRITE] = { "mib:write", DRMGMT_ROLE_OPERATOR, TENANT, "Import MIB modules and data models" },
    [DRMGMT_PERM_PLATFORM_TENANT] = { "platform:tenant", DRMGMT_ROLE_ADMINISTRATOR, PLATFORM,
                                      "Create, rename, suspend and delete tenants, and set their quotas" },
    [DRMGMT_PERM_PLATFORM_OUTBOUND] = { "platform:outbound", DRMGMT_ROLE_ADMINISTRATOR, PLATFORM,
                                        "Say where tenants' jobs may connect to" },
    [DRMGMT_PERM_PLATFORM_AUDIT] = { "platform:audit", DRMGMT_ROLE_ADMINISTRATOR, PLATFORM,
                                     "Verify the audit trails of tenants" },
    [DRMGMT_PERM_PLATFORM_WORKER] = { "platform:worker", DRMGMT_ROLE_ADMINISTRATOR, PLATFORM,
                                      "List the processes that run jobs" },
    [DRMGMT_PERM_EVENT_READ] = { "event:read", DRMGMT_ROLE_VIEWER, TENANT | ON_DEVICES,
                                 "Read and follow events of devices" },
};
_Static_assert(DRMGMT__COUNT(permissions) == DRMGMT_PERM_COUNT, "each permission has its row");
_Static_assert(DRMGMT_PERM_COUNT <= 62, "a mask of the database is a bigint");
_Static_assert(DRMGMT_PERM_DEVICE_READ == 1, "sec.narrow() takes bit 1 for what \"none\" may see of devices");

static const char *const roles[] = { "none", "viewer", "operator", "administrator" };

const char *drmgmt_permission_name(drmgmt_permission permission)
{
    return (unsigned)permission < DRMGMT_PERM_COUNT ? permissions[permission].name : "unknown";
}

drmgmt_permission drmgmt_permission_parse(const char *name)
{
    unsigned i = 0;

    while (i < DRMGMT_PERM_COUNT && strcmp(permissions[i].name, name) != 0)
        i++;
    return (drmgmt_permission)i;
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

void drmgmt__permission_names(drmgmt__strbuf *json, uint64_t mask)
{
    bool first = true;

    drmgmt__strbuf_putc(json, '[');
    for (unsigned i = 1; i < DRMGMT_PERM_COUNT; i++) {
        if (mask >> i & 1) {
            drmgmt__strbuf_printf(json, "%s\"%s\"", first ? "" : ",", permissions[i].name);
            first = false;
        }
    }
    drmgmt__strbuf_putc(json, ']');
}

int drmgmt_permission_table(char **json, drmgmt_error **error)
{
    static const char *const truth[] = { "false", "true" };
    DRMGMT__STRBUF b = DRMGMT__STRBUF_INIT;

    drmgmt__strbuf_puts(&b, "{\"permissions\":[");
    for (unsigned i = 1; i < DRMGMT_PERM_COUNT; i++)
        drmgmt__strbuf_printf(&b,
                              "%s{\"name\":\"%s\",\"description\":\"%s\",\"role\":\"%s\",\"tenant\":%s,\"platform\":%s,"
                              "\"on_devices\":%s}",
                              i == 1 ? "" : ",", permissions[i].name, permissions[i].description,
                              drmgmt_role_name(permissions[i].role), truth[(permissions[i].flags & TENANT) != 0],
                              truth[(permissions[i].flags & PLATFORM) != 0],
                              truth[(permissions[i].flags & ON_DEVICES) != 0]);
    drmgmt__strbuf_puts(&b, "]}");
    *json = drmgmt__strbuf_steal(&b, NULL);
    return *json ? 0 : drmgmt__fail_memory(error);
}

/* ---- into the database ---- */

enum { BIT, NAME, RANK, OF_TENANT, OF_PLATFORM, DEVICES, COLUMNS };

int drmgmt__permissions_install(drmgmt__owner *owner, drmgmt_error **error)
{
    drmgmt__strbuf columns[COLUMNS] = { 0 };
    drmgmt__params p = DRMGMT__PARAMS_INIT;
    bool failed = false;

    for (unsigned i = 0; i < DRMGMT_PERM_COUNT; i++) {
        char bit[8], rank[8];
        snprintf(bit, sizeof bit, "%u", i);
        snprintf(rank, sizeof rank, "%d", (int)permissions[i].role);
        const char *const values[COLUMNS] = { bit,
                                              permissions[i].name,
                                              rank,
                                              permissions[i].flags & TENANT ? "t" : "f",
                                              permissions[i].flags & PLATFORM ? "t" : "f",
                                              permissions[i].flags & ON_DEVICES ? "t" : "f" };
        for (int c = 0; c < COLUMNS; c++)
            drmgmt__array_add(&columns[c], values[c]);
    }
    for (int c = 0; c < COLUMNS; c++) {
        drmgmt__array_end(&columns[c]);
        drmgmt__param(&p, columns[c].data);
        failed = failed || columns[c].failed;
    }
    int rc = failed ? drmgmt__fail_memory(error)
                    : drmgmt__owner_exec(owner,
                                         "SELECT sec.install_permissions($1::smallint[], $2::text[], $3::smallint[],"
                                         " $4::boolean[], $5::boolean[], $6::boolean[])",
                                         &p, NULL, error);
    for (int c = 0; c < COLUMNS; c++)
        drmgmt__strbuf_free(&columns[c]);
    return rc;
}
