/* A connection as the migrating owner, outside the pool: for migrations and for setting up tenants. Internal. */
#ifndef DRMGMT_STORE_OWNER_H
#define DRMGMT_STORE_OWNER_H

#include "store/store.h"

typedef struct drmgmt__owner drmgmt__owner;

/* Connects. Statements run with the log-in's own rights until drmgmt__owner_become(). */
int drmgmt__owner_open(const char *url, drmgmt__owner **owner, drmgmt_error **error);
void drmgmt__owner_close(drmgmt__owner *owner); /* NULL is allowed; an open transaction is rolled back */
/* SET ROLE drm_owner. */
int drmgmt__owner_become(drmgmt__owner *owner, drmgmt_error **error);
/* One statement with parameters (NULL: none). rows may be NULL. */
int drmgmt__owner_exec(drmgmt__owner *owner, const char *sql, const drmgmt__params *params, drmgmt__rows **rows,
                       drmgmt_error **error);
/* A script of several statements, as psql would run it. */
int drmgmt__owner_script(drmgmt__owner *owner, const char *sql, drmgmt_error **error);
int drmgmt__owner_backend_pid(const drmgmt__owner *owner);
DRMGMT__DEFINE_CLEANUP(drmgmt__owner_closep, drmgmt__owner *, drmgmt__owner_close)
#define DRMGMT__OWNER DRMGMT__CLEANUP(drmgmt__owner_closep)

#endif
