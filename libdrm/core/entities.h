/* The entity descriptions; each stands in the file of its noun and is listed once in core/entity.c. Internal. */
#ifndef DRMGMT_CORE_ENTITIES_H
#define DRMGMT_CORE_ENTITIES_H

#include <drm/record.h>

extern const drmgmt_entity drmgmt__entity_device;          /* device/device_entity.c */
extern const drmgmt_entity drmgmt__entity_snmp_credential; /* device/credential_entity.c */
extern const drmgmt_entity drmgmt__entity_job;             /* job/job_entity.c */
extern const drmgmt_entity drmgmt__entity_batch;           /* batch/batch_entity.c */
extern const drmgmt_entity drmgmt__entity_schedule;        /* schedule/schedule_entity.c */
extern const drmgmt_entity drmgmt__entity_api_key;         /* auth/api_key.c */
extern const drmgmt_entity drmgmt__entity_tenant_settings; /* tenant/settings.c */
extern const drmgmt_entity drmgmt__entity_outbound_rule;   /* net/rule_entity.c */
extern const drmgmt_entity drmgmt__entity_audit_log;       /* audit/audit_entity.c */
extern const drmgmt_entity drmgmt__entity_tenant;          /* tenant/tenant_entity.c */
extern const drmgmt_entity drmgmt__entity_oidc_provider;   /* auth/oidc_provider.c */
extern const drmgmt_entity drmgmt__entity_user;            /* user/user_entity.c */
extern const drmgmt_entity drmgmt__entity_role;            /* user/role_entity.c */
extern const drmgmt_entity drmgmt__entity_role_assignment; /* the same */
extern const drmgmt_entity drmgmt__entity_event;           /* event/event_entity.c */
extern const drmgmt_entity drmgmt__entity_parameter;       /* device/parameter.c */
extern const drmgmt_entity drmgmt__entity_worker;          /* worker/worker_entity.c */

#endif
