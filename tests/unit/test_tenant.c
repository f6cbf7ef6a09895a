/* Setting up: the keyring in the database, and tenants. */
/* needs: postgres migrated */
#include "auth_support.h"

TestSuite(tenant, .init = setup, .fini = teardown);

static int create(const char *name, const char *address, const char *text, const char *field)
{
    char id[37] = "";
    drmgmt_error *error = NULL;
    int rc =
        drmgmt_db_create_tenant(from_env("DRM_DATABASE_URL"), from_env("DRM_KEYRING"), name, address, text, id, &error);

    cr_assert_eq(rc == 0, id[0] != '\0');
    if (rc)
        cr_assert(drmgmt_error_field(error) && strcmp(drmgmt_error_field(error), field) == 0, "%s: %s", field,
                  drmgmt_error_message(error));
    drmgmt_error_free(error);
    return rc;
}

Test(tenant, tenants_that_cannot_be)
{
    char long_name[102];

    memset(long_name, 'x', sizeof long_name - 1);
    long_name[101] = '\0';
    cr_assert_eq(create(tenant, "b@example.net", password, "tenant"), DRMGMT_ERR_CONFLICT);
    cr_assert_eq(create("", email, password, "tenant"), DRMGMT_ERR_INVALID);
    cr_assert_eq(create(NULL, email, password, "tenant"), DRMGMT_ERR_INVALID);
    cr_assert_eq(create(" x", email, password, "tenant"), DRMGMT_ERR_INVALID);
    cr_assert_eq(create("x\n", email, password, "tenant"), DRMGMT_ERR_INVALID);
    cr_assert_eq(create("\xff", email, password, "tenant"), DRMGMT_ERR_INVALID);
    cr_assert_eq(create(long_name, email, password, "tenant"), DRMGMT_ERR_INVALID);
    cr_assert_eq(create(tenant_id, email, password, "tenant"), DRMGMT_ERR_INVALID, "a name that is another's id");
    cr_assert_eq(create("new one", "not an address", password, "email"), DRMGMT_ERR_INVALID);
    cr_assert_eq(create("new one", email, "too short", "password"), DRMGMT_ERR_INVALID);
    drmgmt__rows *rows = ask("SELECT count(*) FROM drm.tenants WHERE name = 'new one' OR tenant_id = $1::uuid", NULL);
    cr_assert_eq(drmgmt__rows_int(rows, 0, 0), 1);
    drmgmt__rows_free(rows);
}

Test(tenant, a_tenant_comes_whole)
{
    drmgmt__rows *rows = ask("SELECT (SELECT count(*) FROM drm.tenant_keys WHERE tenant_id = $1::uuid), (SELECT "
                             "count(*) FROM drm.users WHERE"
                             " tenant_id = $1::uuid AND role = 'administrator' AND active), (SELECT wrapped FROM "
                             "drm.tenant_keys WHERE tenant_id = $1::uuid)",
                             NULL);
    uint8_t wrapped[DRMGMT__WRAPPED_SIZE];
    drmgmt__data_key key;
    drmgmt__keyring *keyring = NULL;

    cr_assert(drmgmt__rows_int(rows, 0, 0) == 1 && drmgmt__rows_int(rows, 0, 1) == 2 /* and the spare one */);
    cr_assert_eq(drmgmt__rows_bytes(rows, 0, 2, wrapped, sizeof wrapped), (long)sizeof wrapped);
    cr_assert_eq(drmgmt__keyring_load(from_env("DRM_KEYRING"), &keyring, NULL), 0);
    cr_assert_eq(drmgmt__data_key_unwrap(keyring, tenant_id, 1, wrapped, sizeof wrapped, &key), 0);
    cr_assert_eq(audited("tenant.create"), 1);
    drmgmt__keyring_free(keyring);
    drmgmt__rows_free(rows);
}

Test(tenant, a_keyring_of_another_database)
{
    char folder[] = "/tmp/drmgmt-auth-XXXXXX", path[80], id[37];
    bool created = false;
    drmgmt_error *error = NULL;

    cr_assert_eq(drmgmt_db_install_keyring(from_env("DRM_DATABASE_URL"), from_env("DRM_KEYRING"), &created, NULL), 0,
                 "again is no error");
    cr_assert_not(created);
    cr_assert(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/keyring", folder);
    cr_assert_eq(drmgmt_db_install_keyring(from_env("DRM_DATABASE_URL"), path, &created, &error), DRMGMT_ERR_CONFLICT);
    cr_assert(strstr(drmgmt_error_message(error), "number 1") && strstr(drmgmt_error_message(error), path));
    drmgmt_error_free(error);
    error = NULL;
    cr_assert_eq(drmgmt_db_create_tenant(from_env("DRM_DATABASE_URL"), path, "another", email, password, id, &error),
                 DRMGMT_ERR_CRYPTO);
    cr_assert(strstr(drmgmt_error_message(error), "install the keyring first"));
    drmgmt_error_free(error);
    unlink(path);
    rmdir(folder);
}
