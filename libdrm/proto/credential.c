/* Copies of credentials. */
#include "proto/credential.h"

#include "core/core.h"
#include <string.h>

/* The texts of a credential, so that they can be walked. */
static const size_t texts[] = {
    offsetof(drmgmt_op_credential, id),
    offsetof(drmgmt_op_credential, snmp_version),
    offsetof(drmgmt_op_credential, community),
    offsetof(drmgmt_op_credential, username),
    offsetof(drmgmt_op_credential, auth_protocol),
    offsetof(drmgmt_op_credential, auth_password),
    offsetof(drmgmt_op_credential, priv_protocol),
    offsetof(drmgmt_op_credential, priv_password),
    offsetof(drmgmt_op_credential, context_name),
};
_Static_assert(sizeof(drmgmt_op_credential) == sizeof texts / sizeof *texts * sizeof(char *),
               "it has no other members");

static const char *text_of(const drmgmt_op_credential *credential, size_t i)
{
    return *(const char *const *)(const void *)((const char *)credential + texts[i]);
}

size_t drmgmt__credential_size(const drmgmt_op_credential *credential)
{
    size_t size = 0;

    for (size_t i = 0; i < DRMGMT__COUNT(texts); i++)
        size += text_of(credential, i) ? strlen(text_of(credential, i)) + 1 : 0;
    return size;
}

void drmgmt__credential_copy(drmgmt_op_credential *copy, const drmgmt_op_credential *credential, char **at)
{
    for (size_t i = 0; i < DRMGMT__COUNT(texts); i++) {
        const char **to = (const char **)(void *)((char *)copy + texts[i]), *text = text_of(credential, i);
        size_t n = text ? strlen(text) + 1 : 0;
        *to = text ? memcpy(*at, text, n) : NULL;
        *at += n;
    }
}
