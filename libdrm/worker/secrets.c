/* Opens what a claim brings sealed. Called by run.c; calls the data key cache and auth/seal.c. */
#include "worker/secrets.h"

#include "auth/auth.h"
#include "core/core.h"
#include <stdlib.h>
#include <string.h>

enum { SECRET_MAX = 1024 };

/* A bytea in text form; -1 if it is none or larger than size. */
static long unhex(const char *text, uint8_t *out, size_t size)
{
    size_t digits = text && text[0] == '\\' && text[1] == 'x' ? strlen(text + 2) : SIZE_MAX;

    if (digits % 2 || digits / 2 > size || drmgmt__unhex(text + 2, out, digits / 2))
        return -1;
    return (long)(digits / 2);
}

/* Into plain, which has room for half of the sealed text; *length without the NUL that follows. */
static bool open_one(drmgmt_context *context, const char *tenant_id, const char *credential_id, const char *column,
                     const struct drmgmt__claimed_secret *secret, char *plain, size_t *length)
{
    uint8_t blob[SECRET_MAX + DRMGMT__BLOB_OVERHEAD], wrapped[DRMGMT__WRAPPED_SIZE];
    drmgmt__data_key key;
    long n = unhex(secret->sealed, blob, sizeof blob), n_wrapped = unhex(secret->wrapped, wrapped, sizeof wrapped);

    if (n < DRMGMT__BLOB_OVERHEAD || n_wrapped < 0 ||
        drmgmt__data_key_cached(context, tenant_id, drmgmt__blob_key_version(blob), wrapped, (size_t)n_wrapped, &key))
        return false;
    int rc = drmgmt__blob_open(&key, "snmp_credentials", column, tenant_id, credential_id, blob, (size_t)n,
                               (uint8_t *)plain);
    drmgmt__wipe(&key, sizeof key);
    *length = (size_t)n - DRMGMT__BLOB_OVERHEAD;
    plain[*length] = '\0';
    return rc == 0;
}

/* The sealed columns of a credential, and where each goes. */
static const struct {
    const char *column;
    size_t from, to;
} columns[] = {
    { "community", offsetof(drmgmt__claimed_credential, community), offsetof(drmgmt_op_credential, community) },
    { "auth_password", offsetof(drmgmt__claimed_credential, auth_password),
      offsetof(drmgmt_op_credential, auth_password) },
    { "priv_password", offsetof(drmgmt__claimed_credential, priv_password),
      offsetof(drmgmt_op_credential, priv_password) },
};

static const struct drmgmt__claimed_secret *secret_of(const drmgmt__claimed_credential *claimed, size_t i)
{
    return (const void *)((const char *)claimed + columns[i].from);
}

static size_t room_for(const drmgmt__claimed_credential *claimed, size_t n)
{
    size_t size = 0;

    for (size_t c = 0; c < n; c++)
        for (size_t i = 0; i < DRMGMT__COUNT(columns); i++)
            if (secret_of(&claimed[c], i)->sealed)
                size += strlen(secret_of(&claimed[c], i)->sealed) / 2;
    return size;
}

static bool open_credential(drmgmt_context *context, const char *tenant_id, const drmgmt__claimed_credential *claimed,
                            drmgmt_op_credential *credential, char **at)
{
    *credential = (drmgmt_op_credential){ .id = claimed->id,
                                          .snmp_version = claimed->snmp_version,
                                          .username = claimed->username,
                                          .auth_protocol = claimed->auth_protocol,
                                          .priv_protocol = claimed->priv_protocol,
                                          .context_name = claimed->context_name };
    for (size_t i = 0; i < DRMGMT__COUNT(columns); i++) {
        const struct drmgmt__claimed_secret *secret = secret_of(claimed, i);
        size_t length = 0;
        if (!secret->sealed)
            continue;
        if (!open_one(context, tenant_id, claimed->id, columns[i].column, secret, *at, &length))
            return false;
        *(const char **)(void *)((char *)credential + columns[i].to) = *at;
        *at += length + 1;
    }
    return true;
}

int drmgmt__credentials_open(drmgmt_context *context, const char *tenant_id, const drmgmt__claimed_credential *claimed,
                             size_t n, drmgmt__opened *opened)
{
    *opened = (drmgmt__opened){ 0 };
    if (n == 0)
        return 0;
    opened->size = room_for(claimed, n) + 1;
    opened->credentials = calloc(n, sizeof *opened->credentials);
    opened->secrets = malloc(opened->size);
    int rc = opened->credentials && opened->secrets ? 0 : DRMGMT_ERR_NO_MEMORY;
    char *at = opened->secrets;
    for (; !rc && opened->n < n; opened->n++)
        if (!open_credential(context, tenant_id, &claimed[opened->n], &opened->credentials[opened->n], &at))
            rc = DRMGMT_ERR_CRYPTO;
    if (rc)
        drmgmt__secrets_wipe(opened);
    return rc;
}

static bool same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

/* By all that went in: ids and what is sealed. The rest of a row changes with its id or not within a claim. */
static bool same(const drmgmt__claimed *a, const drmgmt__claimed *b)
{
    if (a->n_credentials != b->n_credentials || strcmp(a->tenant_id, b->tenant_id) != 0)
        return false;
    for (size_t c = 0; c < a->n_credentials; c++) {
        if (strcmp(a->credentials[c].id, b->credentials[c].id) != 0)
            return false;
        for (size_t i = 0; i < DRMGMT__COUNT(columns); i++)
            if (!same_text(secret_of(&a->credentials[c], i)->sealed, secret_of(&b->credentials[c], i)->sealed))
                return false;
    }
    return true;
}

int drmgmt__secrets_open(drmgmt_context *context, const drmgmt__claimed *job, drmgmt__opened *opened)
{
    if (opened->job && same(opened->job, job))
        return 0;
    drmgmt__secrets_wipe(opened);
    int rc = drmgmt__credentials_open(context, job->tenant_id, job->credentials, job->n_credentials, opened);
    opened->job = rc ? NULL : job;
    return rc;
}

void drmgmt__secrets_wipe(drmgmt__opened *opened)
{
    if (opened->secrets)
        drmgmt__wipe(opened->secrets, opened->size);
    free(opened->secrets);
    free(opened->credentials);
    *opened = (drmgmt__opened){ 0 };
}
