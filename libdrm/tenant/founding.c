/* What a new tenant is made of: ids, the administrator's password hash, the data key. */
#include "tenant/founding.h"

#include "auth/auth_internal.h"
#include <string.h>

enum { NAME_MAX_CHARACTERS = 100 };

int drmgmt__tenant_name_check(const char *name, const char *field, drmgmt_error **error)
{
    long length = name ? drmgmt__text_length(name) : 0;

    if (length < 1 || length > NAME_MAX_CHARACTERS || name[0] == ' ' || name[strlen(name) - 1] == ' ')
        return drmgmt__fail_full(error, DRMGMT_ERR_INVALID, false, NULL, field,
                                 "%s: 1 to %d characters are expected, no control characters, no space at either end",
                                 field, NAME_MAX_CHARACTERS);
    /* Log-in takes a tenant's name or id: a name must not pass for another's id. */
    if (drmgmt__uuid_valid(name))
        return drmgmt__fail_full(error, DRMGMT_ERR_INVALID, false, NULL, field, "%s: a name is expected, not a UUID",
                                 field);
    return 0;
}

static int new_key(const drmgmt__keyring *keyring, drmgmt__founding *f)
{
    drmgmt__data_key key;
    int rc = drmgmt__data_key_new(keyring, f->tenant_id, 1, &key, f->wrapped);

    f->key_version = key.version;
    drmgmt__wipe(&key, sizeof key);
    return rc;
}

int drmgmt__founding_make(const drmgmt__keyring *keyring, const char *tenant_id, const char *name, const char *email,
                          const char *password, drmgmt__founding *f, drmgmt_error **error)
{
    *f = (drmgmt__founding){ .name = name };
    if (!drmgmt__email_normalise(email, f->email))
        return drmgmt__fail_full(error, DRMGMT_ERR_INVALID, false, NULL, "email",
                                 "email: an address like name@example.net is expected");
    int rc = drmgmt__password_hash(password, &f->password_hash, error);
    if (rc)
        return rc;
    if (tenant_id ? !drmgmt__uuid_normalise(tenant_id, f->tenant_id) : drmgmt__uuid_v7(f->tenant_id) != 0)
        return drmgmt__fail(error, DRMGMT_ERR_CRYPTO, "the system gives no random numbers");
    if (drmgmt__uuid_v7(f->user_id) || drmgmt__uuid_v7(f->audit_id) || new_key(keyring, f))
        return drmgmt__fail(error, DRMGMT_ERR_CRYPTO, "the tenant's data key cannot be made");
    return 0;
}

void drmgmt__founding_clear(drmgmt__founding *founding)
{
    drmgmt__free_secret(founding->password_hash);
    drmgmt__wipe(founding, sizeof *founding);
}

void drmgmt__founding_params(const drmgmt__founding *f, const char *request_id, const char *address, drmgmt__params *p)
{
    drmgmt__param(p, f->tenant_id);
    drmgmt__param(p, f->name);
    drmgmt__param_int(p, f->key_version);
    drmgmt__param_bytes(p, f->wrapped, sizeof f->wrapped);
    drmgmt__param(p, f->user_id);
    drmgmt__param(p, f->email);
    drmgmt__param(p, f->password_hash);
    drmgmt__param(p, f->audit_id);
    drmgmt__param(p, request_id);
    drmgmt__param(p, address);
}
