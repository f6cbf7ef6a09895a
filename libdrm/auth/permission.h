/* The table of permissions, as the database and answers take it. Called by store/migrate.c and auth. Internal. */
#ifndef DRMGMT_AUTH_PERMISSION_H
#define DRMGMT_AUTH_PERMISSION_H

#include "core/strbuf.h"
#include "store/owner.h"

/* Adds ["device:read",...] for the bits of a mask. */
void drmgmt__permission_names(drmgmt__strbuf *json, uint64_t mask);
/* Brings the table to the database, with the masks that follow from it; nothing to do when it is there. As the owner.
 */
int drmgmt__permissions_install(drmgmt__owner *owner, drmgmt_error **error);

#endif
