/* What the health call tells of the database. Called by core/context.c. */
#include "core/core.h"
#include "store/connection.h"
#include "store/migrations.h"
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

int drmgmt__migration_sha256(const char *sql, char hex[65])
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned length = 0;

    if (EVP_Digest(sql, strlen(sql), digest, &length, EVP_sha256(), NULL) != 1)
        return -1;
    drmgmt__hex(digest, 32, hex);
    return 0;
}

/* The schema is current when the rows are exactly the embedded migrations. */
static bool schema_current(const PGresult *rows)
{
    char hex[65];

    if ((unsigned)PQntuples(rows) != drmgmt__migration_count)
        return false;
    for (unsigned i = 0; i < drmgmt__migration_count; i++) {
        if (strtoul(PQgetvalue(rows, (int)i, 0), NULL, 10) != drmgmt__migrations[i].number ||
            drmgmt__migration_sha256(drmgmt__migrations[i].sql, hex) || strcmp(hex, PQgetvalue(rows, (int)i, 1)) != 0)
            return false;
    }
    return true;
}

void drmgmt__pool_health(struct drmgmt__pool *pool, drmgmt_health *health)
{
    drmgmt__connection *c = NULL;
    PGresult *rows = NULL;

    if (drmgmt__pool_get(pool, &c, NULL))
        return;
    if (drmgmt__connection_plain(c, "SELECT number, sha256 FROM drm.schema_migrations ORDER BY number", &rows) == 0) {
        health->database = true;
        health->schema_current = schema_current(rows);
    } else {
        health->database = !c->broken; /* it answered, if only with an error */
    }
    health->pooler = c->pooler;
    PQclear(rows);
    drmgmt__pool_put(pool, c);
}
