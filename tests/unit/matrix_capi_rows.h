/* The rows: one for each function of libdrm/libdrmgmt.map, in its order; those of one sort of things stand in a file of
 * their own, which is included here. Included by test_matrix_capi.c; a function that is exported and has none does not
 * compile ("matrix_row_of_... undeclared"): add it. */
#ifndef MATRIX_CAPI_ROWS_H
#define MATRIX_CAPI_ROWS_H

#include "auth/totp.h"
#include "matrix_capi.h"
#include "matrix_capi_audit.h"
#include "matrix_capi_batches.h"
#include "matrix_capi_events.h"
#include "matrix_capi_oidc.h"
#include "matrix_capi_outbound.h"
#include "matrix_capi_parameters.h"
#include "matrix_capi_people.h"
#include "matrix_capi_schedules.h"
#include "matrix_capi_tenants.h"
#include <drm/second_factor.h>
#include <drm/tenant_settings.h>
#include <time.h>

TENANT_CALL(drmgmt_api_key_create, DRMGMT_PERM_API_KEY_OWN, OWN, 0)
{
    drmgmt_draft *draft = draft_of("api_key", "{\"label\":\"matrix\"}");
    drmgmt_record *record = NULL;
    char *key = NULL;
    int rc = drmgmt_api_key_create(w->session, draft, &record, &key, error);

    drmgmt_draft_free(draft);
    drmgmt_free(key);
    return said_record(w, rc, record);
}

TENANT_CALL(drmgmt_api_key_list, DRMGMT_PERM_API_KEY_OWN, LISTS, 0)
{
    return list_with(w, drmgmt_api_key_list, "api_key", error);
}

TENANT_CALL(drmgmt_api_key_revoke, DRMGMT_PERM_API_KEY_OWN, NAMES, 0)
{
    return drmgmt_api_key_revoke(w->session, w->of->api_key, error);
}

NO_TENANT(drmgmt_context_free, memory);
NO_TENANT(drmgmt_context_health, process);
NO_TENANT(drmgmt_context_new, process);
NO_TENANT(drmgmt_context_reload, process);
NO_TENANT(drmgmt_db_create_tenant, owner);
NO_TENANT(drmgmt_db_install_keyring, owner);
NO_TENANT(drmgmt_db_migrate, owner);
NO_TENANT(drmgmt_db_status, owner);

TENANT_CALL(drmgmt_device_create, DRMGMT_PERM_DEVICE_WRITE, NAMES, 0)
{
    return create_with(w, drmgmt_device_create, "device",
                       "{\"name\":\"%u\",\"profiles\":[{\"protocol\":\"snmp\",\"credential_id\":\"%s\"}]}",
                       w->of->credential, error);
}

TENANT_CALL(drmgmt_device_delete, DRMGMT_PERM_DEVICE_WRITE, NAMES, 0)
{
    return drmgmt_device_delete(w->session, w->of->device, 0, error);
}

TENANT_CALL(drmgmt_device_get, DRMGMT_PERM_DEVICE_READ, NAMES, 0)
{
    drmgmt_record *record = NULL;
    int rc = drmgmt_device_get(w->session, w->of->device, &record, error);

    return said_record(w, rc, record);
}

TENANT_CALL(drmgmt_device_list, DRMGMT_PERM_DEVICE_READ, LISTS, 0)
{
    return list_with(w, drmgmt_device_list, "device", error);
}

TENANT_CALL(drmgmt_device_update, DRMGMT_PERM_DEVICE_WRITE, NAMES, 0)
{
    return update_with(w, drmgmt_device_update, w->of->device, "device", "{\"description\":\"%u\"}", error);
}

NO_TENANT(drmgmt_draft_free, memory);
NO_TENANT(drmgmt_draft_from_json, form);
NO_TENANT(drmgmt_draft_new, form);
NO_TENANT(drmgmt_draft_set, form);
NO_TENANT(drmgmt_driver_all, constant);
NO_TENANT(drmgmt_driver_find, constant);
NO_TENANT(drmgmt_driver_operation, constant);
NO_TENANT(drmgmt_enrolment_free, memory);
NO_TENANT(drmgmt_entity_all, constant);
NO_TENANT(drmgmt_entity_field, constant);
NO_TENANT(drmgmt_entity_find, constant);
NO_TENANT(drmgmt_error_detail, told);
NO_TENANT(drmgmt_error_field, told);
NO_TENANT(drmgmt_error_free, memory);
NO_TENANT(drmgmt_error_make, form);
NO_TENANT(drmgmt_error_message, told);
NO_TENANT(drmgmt_error_quota, told);
NO_TENANT(drmgmt_error_quota_limit, told);
NO_TENANT(drmgmt_error_quota_used, told);
NO_TENANT(drmgmt_error_retry_after, told);
NO_TENANT(drmgmt_error_retryable, told);
NO_TENANT(drmgmt_error_status, told);
NO_TENANT(drmgmt_event_clear, memory);
NO_TENANT(drmgmt_free, memory);

TENANT_CALL(drmgmt_job_cancel, DRMGMT_PERM_JOB_CANCEL, NAMES, 0)
{
    drmgmt_record *record = NULL;
    int rc = drmgmt_job_cancel(w->session, w->of->job, &record, error);

    return said_record(w, rc, record);
}

TENANT_CALL(drmgmt_job_get, DRMGMT_PERM_JOB_READ, NAMES, 0)
{
    drmgmt_record *record = NULL;
    int rc = drmgmt_job_get(w->session, w->of->job, &record, error);

    return said_record(w, rc, record);
}

TENANT_CALL(drmgmt_job_list, DRMGMT_PERM_JOB_READ, LISTS, 0)
{
    return list_with(w, drmgmt_job_list, "job", error);
}

/* The job has not ended: it is there, and cannot be done again. */
TENANT_CALL(drmgmt_job_requeue, DRMGMT_PERM_JOB_SUBMIT_READ, NAMES, DRMGMT_ERR_CONFLICT)
{
    drmgmt_record *record = NULL;
    int rc = drmgmt_job_requeue(w->session, w->of->job, false, &record, error);

    return said_record(w, rc, record);
}

NO_TENANT(drmgmt_job_status_ended, constant);

static const char order_json[] =
    "{\"device_id\":\"%s\",\"protocol\":\"fake\",\"operation\":\"sleep\",\"params\":{\"ms\":1}}";

TENANT_CALL(drmgmt_job_submit, DRMGMT_PERM_JOB_SUBMIT_READ, NAMES, 0)
{
    drmgmt_draft *draft = draft_with("job", order_json, w->of->busy_device);
    drmgmt_record *record = NULL;
    int rc = drmgmt_job_submit(w->session, draft, NULL, &record, error);

    drmgmt_draft_free(draft);
    return said_record(w, rc, record);
}

TENANT_CALL(drmgmt_job_submit_many, DRMGMT_PERM_JOB_SUBMIT_READ, NAMES, 0)
{
    drmgmt_draft *draft = draft_with("job", order_json, w->of->busy_device);
    const drmgmt_draft *drafts[] = { draft, draft };
    drmgmt_page *page = NULL;
    int rc = drmgmt_job_submit_many(w->session, drafts, 2, &page, error);

    drmgmt_draft_free(draft);
    return said_page(w, rc, page);
}

/* A job that nobody does: the wait ends by its own time. */
TENANT_CALL(drmgmt_job_wait, DRMGMT_PERM_JOB_READ, NAMES, DRMGMT_ERR_TIMEOUT)
{
    drmgmt_record *record = NULL;
    int rc = drmgmt_job_wait(w->session, w->of->job, 1, &record, error);

    return said_record(w, rc, record);
}

NO_TENANT(drmgmt_login, secret);
NO_TENANT(drmgmt_logout, secret);

TENANT_CALL(drmgmt_logout_everywhere, DRMGMT_PERM_NONE, ENDS, 0)
{
    return drmgmt_logout_everywhere(w->session, NULL, error);
}

NO_TENANT(drmgmt_jwks, public_key);
NO_TENANT(drmgmt_kek_rewrap, keys);
NO_TENANT(drmgmt_kek_uses, keys);
NO_TENANT(drmgmt_key_activate, keys);
NO_TENANT(drmgmt_key_install, owner);
NO_TENANT(drmgmt_key_list, process);
NO_TENANT(drmgmt_key_retire, keys);
NO_TENANT(drmgmt_key_rotate, keys);
NO_TENANT(drmgmt_loop_now, driver);
NO_TENANT(drmgmt_loop_timer, driver);
NO_TENANT(drmgmt_loop_watch, driver);
NO_TENANT(drmgmt_op_address, driver);
NO_TENANT(drmgmt_op_complete, driver);
NO_TENANT(drmgmt_op_data, driver);
NO_TENANT(drmgmt_op_device_id, driver);
NO_TENANT(drmgmt_op_fail, driver);
NO_TENANT(drmgmt_op_fail_detail, driver);
NO_TENANT(drmgmt_op_job_id, driver);
NO_TENANT(drmgmt_op_operation, driver);
NO_TENANT(drmgmt_op_params, driver);
NO_TENANT(drmgmt_op_port, driver);
NO_TENANT(drmgmt_op_progress, driver);
NO_TENANT(drmgmt_op_credentials, driver);
NO_TENANT(drmgmt_op_secret, driver);
NO_TENANT(drmgmt_op_set_data, driver);
NO_TENANT(drmgmt_op_settings, driver);
NO_TENANT(drmgmt_op_tenant_id, driver);
NO_TENANT(drmgmt_op_timeout_ms, driver);
NO_TENANT(drmgmt_op_uncertain, driver);
NO_TENANT(drmgmt_options_free, memory);
NO_TENANT(drmgmt_options_new, process);
NO_TENANT(drmgmt_options_set_application_name, process);
NO_TENANT(drmgmt_options_set_database_timeouts, process);
NO_TENANT(drmgmt_options_set_database_url, process);
NO_TENANT(drmgmt_options_set_keyring_file, process);
NO_TENANT(drmgmt_options_set_log, process);
NO_TENANT(drmgmt_options_set_pool_size, process);
NO_TENANT(drmgmt_options_set_redis_url, process);

NO_TENANT(drmgmt_page_count, told);
NO_TENANT(drmgmt_page_free, memory);
NO_TENANT(drmgmt_page_json, told);
NO_TENANT(drmgmt_page_next, told);
NO_TENANT(drmgmt_page_record, told);
NO_TENANT(drmgmt_permission_name, constant);
NO_TENANT(drmgmt_permission_parse, constant);
NO_TENANT(drmgmt_permission_role, constant);
NO_TENANT(drmgmt_permission_table, constant);
NO_TENANT(drmgmt_query_free, memory);
NO_TENANT(drmgmt_query_new, form);
NO_TENANT(drmgmt_query_set, form);

TENANT_CALL(drmgmt_quota_get, DRMGMT_PERM_TENANT_READ, OWN, 0)
{
    return drmgmt_quota_get(w->session, &w->said, error);
}

NO_TENANT(drmgmt_record_bool, told);
NO_TENANT(drmgmt_record_entity, told);
NO_TENANT(drmgmt_record_free, memory);
NO_TENANT(drmgmt_record_id, told);
NO_TENANT(drmgmt_record_int, told);
NO_TENANT(drmgmt_record_json, told);
NO_TENANT(drmgmt_record_text, told);
NO_TENANT(drmgmt_recovery_codes_free, memory);
NO_TENANT(drmgmt_refresh, secret);
NO_TENANT(drmgmt_rekey_pending, keys);
NO_TENANT(drmgmt_rekey_run, keys);
NO_TENANT(drmgmt_rekey_start, keys);
NO_TENANT(drmgmt_request_count, "counts for the session's tenant, and tells nothing but its quota: test_quota.c");
NO_TENANT(drmgmt_role_name, constant);
NO_TENANT(drmgmt_role_parse, constant);

/* Begins an enrolment; code: what its authenticator shows. */
static int begin(struct way *w, char code[DRMGMT__TOTP_DIGITS_MAX + 1], drmgmt_error **error)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    drmgmt_enrolment *enrolment = NULL;
    uint8_t seed[DRMGMT__TOTP_SEED_SIZE] = { 0 };
    int rc = drmgmt_second_factor_begin(w->session, NULL, &enrolment, error);

    if (rc)
        return rc;
    for (size_t i = 0; i < sizeof seed * 8; i++) /* RFC 4648, section 6: five bits a digit */
        if ((strchr(digits, enrolment->secret[i / 5]) - digits) >> (4 - i % 5) & 1)
            seed[i / 8] |= (uint8_t)(0x80 >> i % 8);
    drmgmt_enrolment_free(enrolment);
    return drmgmt__hotp(DRMGMT__TOTP_SHA1, seed, sizeof seed, (uint64_t)time(NULL) / DRMGMT__TOTP_PERIOD,
                        DRMGMT__TOTP_DIGITS, code);
}

/* *codes: the recovery codes, of which each is good once. */
static int enrol(struct way *w, drmgmt_recovery_codes **codes, drmgmt_error **error)
{
    char code[DRMGMT__TOTP_DIGITS_MAX + 1];
    int rc = begin(w, code, error);

    return rc ? rc : drmgmt_second_factor_confirm(w->session, code, codes, error);
}

TENANT_CALL(drmgmt_second_factor_begin, DRMGMT_PERM_NONE, LOG_IN, 0)
{
    char code[DRMGMT__TOTP_DIGITS_MAX + 1];

    return begin(w, code, error);
}

TENANT_CALL(drmgmt_second_factor_confirm, DRMGMT_PERM_NONE, LOG_IN, 0)
{
    drmgmt_recovery_codes *codes = NULL;
    int rc = enrol(w, &codes, error);

    drmgmt_recovery_codes_free(codes);
    return rc;
}

TENANT_CALL(drmgmt_second_factor_disable, DRMGMT_PERM_NONE, LOG_IN, 0)
{
    drmgmt_recovery_codes *codes = NULL;
    int rc = enrol(w, &codes, error);

    if (!rc)
        rc = drmgmt_second_factor_disable(w->session, codes->codes[0], error);
    drmgmt_recovery_codes_free(codes);
    return rc;
}

TENANT_CALL(drmgmt_second_factor_recovery_codes, DRMGMT_PERM_NONE, LOG_IN, 0)
{
    drmgmt_recovery_codes *codes = NULL, *fresh = NULL;
    int rc = enrol(w, &codes, error);

    if (!rc)
        rc = drmgmt_second_factor_recovery_codes(w->session, codes->codes[0], &fresh, error);
    drmgmt_recovery_codes_free(codes);
    drmgmt_recovery_codes_free(fresh);
    return rc;
}

TENANT_CALL(drmgmt_second_factor_reset, DRMGMT_PERM_USER_ADMIN, NAMES, 0)
{
    return drmgmt_second_factor_reset(w->session, w->of->user, error);
}

TENANT_CALL(drmgmt_second_factor_status, DRMGMT_PERM_NONE, OWN, 0)
{
    return drmgmt_second_factor_status(w->session, &w->said, error);
}

NO_TENANT(drmgmt_session_close, memory);
NO_TENANT(drmgmt_session_context, told);
NO_TENANT(drmgmt_session_open_api_key, secret);
NO_TENANT(drmgmt_session_open_token, secret);

TENANT_CALL(drmgmt_session_require, DRMGMT_PERM_DEVICE_WRITE, OWN, 0)
{
    return drmgmt_session_require(w->session, DRMGMT_PERM_DEVICE_WRITE, error);
}

NO_TENANT(drmgmt_session_set_origin, form);
NO_TENANT(drmgmt_session_tenant_id, told);
NO_TENANT(drmgmt_session_user_id, told);

TENANT_CALL(drmgmt_session_whoami, DRMGMT_PERM_NONE, OWN, 0)
{
    return drmgmt_session_whoami(w->session, &w->said, error);
}

TENANT_CALL(drmgmt_snmp_credential_create, DRMGMT_PERM_CREDENTIAL_WRITE, OWN, 0)
{
    return create_with(w, drmgmt_snmp_credential_create, "snmp_credential", "{\"name\":\"%u\",\"community\":\"%u\"}",
                       "", error);
}

TENANT_CALL(drmgmt_snmp_credential_delete, DRMGMT_PERM_CREDENTIAL_WRITE, NAMES, 0)
{
    return drmgmt_snmp_credential_delete(w->session, w->of->credential, 0, error);
}

TENANT_CALL(drmgmt_snmp_credential_get, DRMGMT_PERM_CREDENTIAL_READ, NAMES, 0)
{
    drmgmt_record *record = NULL;
    int rc = drmgmt_snmp_credential_get(w->session, w->of->credential, &record, error);

    return said_record(w, rc, record);
}

TENANT_CALL(drmgmt_snmp_credential_list, DRMGMT_PERM_CREDENTIAL_READ, LISTS, 0)
{
    return list_with(w, drmgmt_snmp_credential_list, "snmp_credential", error);
}

TENANT_CALL(drmgmt_snmp_credential_update, DRMGMT_PERM_CREDENTIAL_WRITE, NAMES, 0)
{
    return update_with(w, drmgmt_snmp_credential_update, w->of->credential, "snmp_credential", "{\"community\":\"%u\"}",
                       error);
}

NO_TENANT(drmgmt_status_exit_code, constant);
NO_TENANT(drmgmt_status_http, constant);
NO_TENANT(drmgmt_status_name, constant);
NO_TENANT(drmgmt_status_title, constant);

TENANT_CALL(drmgmt_subscribe, DRMGMT_PERM_JOB_READ, NAMES, 0)
{
    drmgmt_subscription *subscription = NULL;
    int rc = drmgmt_subscribe(w->session, w->of->job, NULL, &subscription, error);

    drmgmt_subscription_free(subscription);
    return rc;
}

NO_TENANT(drmgmt_subscription_free, memory);
NO_TENANT(drmgmt_subscription_next, "what the subscription, which was allowed, is about");
NO_TENANT(drmgmt_subscription_wake, memory);

TENANT_CALL(drmgmt_tenant_settings_get, DRMGMT_PERM_TENANT_READ, OWN, 0)
{
    drmgmt_record *record = NULL;
    int rc = drmgmt_tenant_settings_get(w->session, &record, error);

    return said_record(w, rc, record);
}

TENANT_CALL(drmgmt_tenant_settings_update, DRMGMT_PERM_TENANT_SETTINGS, OWN, 0)
{
    drmgmt_draft *draft = draft_of("tenant_settings", "{\"require_second_factor\":false}");
    drmgmt_record *record = NULL;
    int rc = drmgmt_tenant_settings_update(w->session, draft, &record, error);

    drmgmt_draft_free(draft);
    return said_record(w, rc, record);
}

NO_TENANT(drmgmt_timer_again, driver);
NO_TENANT(drmgmt_timer_free, driver);
NO_TENANT(drmgmt_tokens_free, memory);
NO_TENANT(drmgmt_version, constant);
NO_TENANT(drmgmt_watch_free, driver);
NO_TENANT(drmgmt_watch_set, driver);
NO_TENANT(drmgmt_worker_free, process);
NO_TENANT(drmgmt_worker_id, process);
NO_TENANT(drmgmt_worker_new, process);
NO_TENANT(drmgmt_worker_run, process);
NO_TENANT(drmgmt_worker_stats_get, process);
NO_TENANT(drmgmt_worker_stop, process);

/* ---- further ways of calling a function that has its row above ---- */

TENANT_CALL(a_foreign_credential_put_in_a_device, DRMGMT_PERM_DEVICE_WRITE, NAMES, 0)
{
    drmgmt_draft *draft =
        draft_with("device", "{\"profiles\":[{\"protocol\":\"snmp\",\"credential_id\":\"%s\"}]}", w->of->credential);
    drmgmt_record *record = NULL;
    int rc = drmgmt_device_update(w->session, w->own->device, 0, draft, &record, error);

    drmgmt_draft_free(draft);
    return said_record(w, rc, record);
}

TENANT_CALL(a_foreign_device_among_own_ones_in_a_batch, DRMGMT_PERM_JOB_SUBMIT_READ, NAMES, 0)
{
    drmgmt_draft *drafts[] = { draft_with("job", order_json, w->own->busy_device),
                               draft_with("job", order_json, w->of->busy_device) };
    drmgmt_page *page = NULL;
    int rc = drmgmt_job_submit_many(w->session, (const drmgmt_draft *const *)drafts, 2, &page, error);

    drmgmt_draft_free(drafts[0]);
    drmgmt_draft_free(drafts[1]);
    return said_page(w, rc, page);
}

TENANT_CALL(a_write_job, DRMGMT_PERM_JOB_SUBMIT_WRITE, NAMES, 0)
{
    drmgmt_draft *draft = draft_with(
        "job", "{\"device_id\":\"%s\",\"protocol\":\"fake\",\"operation\":\"write\",\"params\":{\"value\":1}}",
        w->of->busy_device);
    drmgmt_record *record = NULL;
    int rc = drmgmt_job_submit(w->session, draft, NULL, &record, error);

    drmgmt_draft_free(draft);
    return said_record(w, rc, record);
}

TENANT_CALL(events_of_all_jobs, DRMGMT_PERM_JOB_READ, OWN, 0)
{
    drmgmt_subscription *subscription = NULL;
    int rc = drmgmt_subscribe(w->session, NULL, NULL, &subscription, error);

    drmgmt_subscription_free(subscription);
    return rc;
}

static const matrix_row *const more_rows[] = {
    &matrix_row_of_a_foreign_credential_put_in_a_device,
    &matrix_row_of_a_foreign_role_given_to_an_own_user,
    &matrix_row_of_a_foreign_role_withdrawn_from_an_own_user,
    &matrix_row_of_a_foreign_device_among_own_ones_in_a_batch,
    &matrix_row_of_a_tenants_audit_verify,
    &matrix_row_of_a_tenants_outbound_check,
    &matrix_row_of_a_write_job,
    &matrix_row_of_events_of_all_jobs,
    &matrix_row_of_events_of_all_devices,
};

#endif
