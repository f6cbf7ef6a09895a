/* The credentials of a claimed job in the clear. Used by worker/run.c, and by whoever else is told credentials by the
 * scheduler. Internal. */
#ifndef DRMGMT_WORKER_SECRETS_H
#define DRMGMT_WORKER_SECRETS_H

#include "store/sched.h"
#include <drm/context.h>
#include <drm/driver.h>

typedef struct drmgmt__opened {
    drmgmt_op_credential *credentials;
    size_t n;
    char *secrets; /* where theirs lie */
    size_t size;
    const drmgmt__claimed *job; /* drmgmt__secrets_open(): whose they are */
} drmgmt__opened;

/* Opens n credentials of a tenant. Texts that are no secrets still belong to the claim. 0, NO_MEMORY, or CRYPTO when
 * one of them cannot be opened: nothing is there to be wiped then. Any thread. */
int drmgmt__credentials_open(drmgmt_context *context, const char *tenant_id, const drmgmt__claimed_credential *claimed,
                             size_t n, drmgmt__opened *opened);
/* Those of a claimed job, unless *opened has the same ones of a job before it in the same claim. */
int drmgmt__secrets_open(drmgmt_context *context, const drmgmt__claimed *job, drmgmt__opened *opened);
void drmgmt__secrets_wipe(drmgmt__opened *opened);

#endif
