/* From options and environment to the library's context. Called by handlers that need the database. */
#include "drmctl.h"
#include <stdlib.h>

int ctl_owner_url(const ctl *c, const char **url)
{
    *url = ctl_value(c, "owner-url");
    return *url ? 0 : ctl_usage(c, "no database: give --owner-url or set DRM_DATABASE_URL");
}

int ctl_keyring(const ctl *c, const char *purpose, const char **path)
{
    *path = ctl_value(c, "keyring");
    return *path ? 0 : ctl_usage(c, "%s needs a keyring: give --keyring or set DRM_KEYRING", purpose);
}

static int set_options(const ctl *c, drmgmt_options *options, const char *database)
{
    const char *redis = ctl_value(c, "redis-url"), *keyring = ctl_value(c, "keyring");
    int rc = drmgmt_options_set_database_url(options, database);

    if (!rc && redis)
        rc = drmgmt_options_set_redis_url(options, redis);
    if (!rc && keyring)
        rc = drmgmt_options_set_keyring_file(options, keyring);
    if (!rc)
        rc = drmgmt_options_set_pool_size(options, 2);
    if (!rc)
        rc = drmgmt_options_set_application_name(options, "drmctl");
    return rc;
}

int ctl_connect(ctl *c)
{
    const char *database = ctl_value(c, "database-url");
    drmgmt_error *error = NULL;

    if (c->context)
        return 0;
    if (!database)
        return ctl_usage(c, "no database: give --database-url or set DRM_APP_DATABASE_URL");
    drmgmt_options *options = drmgmt_options_new();
    if (!options || set_options(c, options, database)) {
        drmgmt_options_free(options);
        return ctl_complain(DRMGMT_ERR_NO_MEMORY, "out of memory");
    }
    int rc = drmgmt_context_new(options, &c->context, &error);
    drmgmt_options_free(options);
    return rc ? ctl_fail(error) : 0;
}
