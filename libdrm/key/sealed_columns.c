/* The table of sealed columns. Called by rekey.c and by drmgmt_db_migrate(). */
#include "core/strbuf.h"
#include "key/key.h"
#include "store/array.h"

const drmgmt__sealed_column drmgmt__sealed_columns[] = {
    { "snmp_credentials", "community", "id" },
    { "snmp_credentials", "auth_password", "id" },
    { "snmp_credentials", "priv_password", "id" },
    { "webpa_endpoints", "auth_secret", "device_id" },
    { "tr069_endpoints", "connection_request_password", "device_id" },
    { "tr069_endpoints", "cpe_password", "device_id" },
    { "usp_endpoints", "mtp_secret", "device_id" },
    { "user_totp", "seed", "id" },
    { "oidc_providers", "client_secret", "id" },
    { "oidc_logins", "verifier", "id" },
};
const size_t drmgmt__n_sealed_columns = DRMGMT__COUNT(drmgmt__sealed_columns);

int drmgmt__sealed_columns_install(drmgmt__owner *owner, drmgmt_error **error)
{
    DRMGMT__STRBUF tables = DRMGMT__STRBUF_INIT, columns = DRMGMT__STRBUF_INIT, ids = DRMGMT__STRBUF_INIT;
    drmgmt__params p = DRMGMT__PARAMS_INIT;

    for (size_t i = 0; i < drmgmt__n_sealed_columns; i++) {
        drmgmt__array_add(&tables, drmgmt__sealed_columns[i].table);
        drmgmt__array_add(&columns, drmgmt__sealed_columns[i].column);
        drmgmt__array_add(&ids, drmgmt__sealed_columns[i].row_id);
    }
    drmgmt__array_end(&tables);
    drmgmt__array_end(&columns);
    drmgmt__array_end(&ids);
    if (tables.failed || columns.failed || ids.failed)
        return drmgmt__fail_memory(error);
    drmgmt__param(&p, tables.data);
    drmgmt__param(&p, columns.data);
    drmgmt__param(&p, ids.data);
    return drmgmt__owner_exec(owner, "SELECT sec.install_sealed_columns($1::text[], $2::text[], $3::text[])", &p, NULL,
                              error);
}
