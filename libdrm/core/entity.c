/* All entity descriptions in one list. */
#include "core/entities.h"

#include "core/cleanup.h"
#include <string.h>

static const drmgmt_entity *const entities[] = {
    &drmgmt__entity_device,
    &drmgmt__entity_snmp_credential,
    &drmgmt__entity_batch,
    &drmgmt__entity_job,
    &drmgmt__entity_schedule,
    &drmgmt__entity_api_key,
    &drmgmt__entity_tenant_settings,
    &drmgmt__entity_outbound_rule,
    &drmgmt__entity_audit_log,
    &drmgmt__entity_tenant,
    &drmgmt__entity_oidc_provider,
    &drmgmt__entity_user,
    &drmgmt__entity_role,
    &drmgmt__entity_role_assignment,
    &drmgmt__entity_event,
    &drmgmt__entity_parameter,
    &drmgmt__entity_worker,
    NULL,
};

const drmgmt_entity *const *drmgmt_entity_all(void)
{
    return entities;
}

const drmgmt_entity *drmgmt_entity_find(const char *name)
{
    for (size_t i = 0; entities[i]; i++)
        if (strcmp(entities[i]->name, name) == 0)
            return entities[i];
    return NULL;
}

int drmgmt_entity_field(const drmgmt_entity *entity, const char *name)
{
    for (size_t i = 0; i < entity->n_fields; i++)
        if (strcmp(entity->fields[i].name, name) == 0)
            return (int)i;
    return -1;
}
