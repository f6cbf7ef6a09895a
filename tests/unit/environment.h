/* The servers that DRM_* variables name: looked up, and a context on them. Included by auth_support.h,
 * domain_support.h and store_support.h. */
#ifndef DRMGMT_TESTS_ENVIRONMENT_H
#define DRMGMT_TESTS_ENVIRONMENT_H

#include <criterion/criterion.h>
#include <drm/sdk.h>
#include <stdbool.h>
#include <stdlib.h>

static inline const char *from_env(const char *name)
{
    const char *value = getenv(name);

    cr_assert(value && *value, "%s is not set: run this through ctest, or under \"stack exec --postgres --migrated\"",
              name);
    return value;
}

static inline drmgmt_context *open_context(bool with_keyring)
{
    drmgmt_options *o = drmgmt_options_new();
    drmgmt_context *context = NULL;
    drmgmt_error *error = NULL;

    cr_assert_eq(drmgmt_options_set_database_url(o, from_env("DRM_APP_DATABASE_URL")), 0);
    if (with_keyring)
        cr_assert_eq(drmgmt_options_set_keyring_file(o, from_env("DRM_KEYRING")), 0);
    cr_assert(drmgmt_context_new(o, &context, &error) == 0, "%s", drmgmt_error_message(error));
    drmgmt_options_free(o);
    return context;
}

#endif
