/* SNMP credentials over REST: the row that crud.c works from. */
#include "routes.h"

const drmd_noun drmd_noun_snmp_credential = {
    .entity = "snmp_credential",
    .path = "/api/v1/snmp-credentials",
    .version_field = "version",
    .create = drmgmt_snmp_credential_create,
    .get = drmgmt_snmp_credential_get,
    .update = drmgmt_snmp_credential_update,
    .remove = drmgmt_snmp_credential_delete,
    .list = drmgmt_snmp_credential_list,
};
