/* What a new tenant is made of. Called by tenant.c (as the owner), manage.c (the platform, registrations). Internal. */
#ifndef DRMGMT_TENANT_FOUNDING_H
#define DRMGMT_TENANT_FOUNDING_H

#include "auth/auth.h"
#include "core/core.h"
#include "store/store.h"

typedef struct drmgmt__founding {
    char tenant_id[DRMGMT__UUID_SIZE], user_id[DRMGMT__UUID_SIZE], audit_id[DRMGMT__UUID_SIZE];
    char email[DRMGMT__EMAIL_SIZE];
    const char *name; /* the caller's */
    char *password_hash;
    uint8_t wrapped[DRMGMT__WRAPPED_SIZE]; /* the tenant's first data key */
    unsigned key_version;
} drmgmt__founding;

/* INVALID with the field unless name is fit for a tenant. */
int drmgmt__tenant_name_check(const char *name, const char *field, drmgmt_error **error);
/* Checks what is given, hashes the password, makes ids and the data key. tenant_id: of the tenant if it has one already
 * (the platform), else NULL. */
int drmgmt__founding_make(const drmgmt__keyring *keyring, const char *tenant_id, const char *name, const char *email,
                          const char *password, drmgmt__founding *founding, drmgmt_error **error);
void drmgmt__founding_clear(drmgmt__founding *founding); /* wipes */
/* The ten parameters of the statements that make a tenant. origin: NULL if not known. */
void drmgmt__founding_params(const drmgmt__founding *founding, const char *request_id, const char *address,
                             drmgmt__params *params);

#endif
