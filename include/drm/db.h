/* The database's schema: migrations embedded in the library; and the first tenant. Connects as the migrating
 * owner, by a URL of its own, not through the context's pool. */
#ifndef DRMGMT_DB_H
#define DRMGMT_DB_H

#include <drm/error.h>
#include <stddef.h>

DRMGMT_BEGIN

typedef struct drmgmt_migration {
    unsigned number;
    const char *name;   /* "0001_roles" without ".sql" */
    const char *sha256; /* hex of the embedded text */
    bool applied;
    char applied_at[40]; /* RFC 3339, "" when not applied */
    unsigned duration_ms;
} drmgmt_migration;

/* Called before (done false) and after (done true) each migration that is applied. */
typedef void drmgmt_migrate_fn(void *user, const drmgmt_migration *migration, bool done);

/* Applies what is missing, each in a transaction, under an advisory lock (safe to start twice at once).
 * Makes the roles first where they are missing and the log-in may create roles.
 * Errors: SCHEMA (history was changed, or is newer than this library; the message names the migration), UNAVAILABLE,
 * DATABASE. */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_db_migrate(const char *owner_url, drmgmt_migrate_fn *progress, void *user,
                                                  unsigned *applied, drmgmt_error **error);
/* The state: *list is an array of *count (free with drmgmt_free()). Errors as above. */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_db_status(const char *owner_url, drmgmt_migration **list, size_t *count,
                                                 drmgmt_error **error);

/* Makes a keyring file (mode 0600) with fresh keys unless it is there, and registers its seal keys with the database.
 */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_db_install_keyring(const char *owner_url, const char *keyring_path,
                                                          bool *created, drmgmt_error **error);
/* Creates a tenant with its data key and an administrator. Errors: CONFLICT (name or address taken), INVALID.
 * *tenant_id: 37 bytes. */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_db_create_tenant(const char *owner_url, const char *keyring_path,
                                                        const char *tenant, const char *email, const char *password,
                                                        char tenant_id[37], drmgmt_error **error);
/* Creates an administrator of the platform, who manages tenants (drm/tenant.h) and other administrators of the platform
 * and logs in naming the tenant DRMGMT_PLATFORM_TENANT. Errors: CONFLICT (address taken), INVALID. *user_id: 37 bytes.
 */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_db_create_platform_administrator(const char *owner_url, const char *keyring_path,
                                                                        const char *email, const char *password,
                                                                        char user_id[37], drmgmt_error **error);

/* Gives a tenant (its id) an outbound rule from the host: for the one who sets a system up, before there is a platform
 * administrator. rule: "10.0.0.0/8", "127.0.0.0/8:161-162/udp", "[fd00::/8]:443" (docs/outbound.md).
 * Errors: INVALID (field "outbound_allow"), CONFLICT (there is the same one). */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_db_outbound_allow(const char *owner_url, const char *keyring_path,
                                                         const char *tenant_id, const char *rule, drmgmt_error **error);

DRMGMT_END

#endif
