/* The migrations as embedded at build time; store/migrate.c applies them. Internal. */
#ifndef DRMGMT_STORE_MIGRATIONS_H
#define DRMGMT_STORE_MIGRATIONS_H

struct drmgmt__migration_text {
    unsigned number;
    const char *name; /* "0001_tenants" */
    const char *sql;
};
extern const struct drmgmt__migration_text drmgmt__migrations[];
extern const unsigned drmgmt__migration_count;
extern const char drmgmt__roles_sql[];

/* Checksum of a migration's text, hex. */
int drmgmt__migration_sha256(const char *sql, char hex[65]);

#endif
