/* The smallest program over libdrmgmt: opens a session with an API key, lists the devices, asks one of them for its
 * sysDescr over SNMP and prints the answer. A drm-worker must be running; no keyring is needed.
 *
 *     cc embed_minimal.c $(pkg-config --cflags --libs drmgmt) -o embed_minimal
 *     DRM_APP_DATABASE_URL=... DRM_API_KEY=drm_... DRM_DEVICE=router-1 ./embed_minimal
 *
 * DRM_REDIS_URL, if set, lets the answer arrive at once instead of within a second. */
#include <drm/sdk.h>
#include <stdio.h>
#include <stdlib.h>

static int complain(const char *doing, drmgmt_error *error)
{
    int code = drmgmt_status_exit_code(drmgmt_error_status(error));

    fprintf(stderr, "%s: %s%s\n", doing, drmgmt_error_message(error),
            drmgmt_error_retryable(error) ? " (the same may work later)" : "");
    drmgmt_error_free(error);
    return code;
}

static int list_devices(drmgmt_session *session)
{
    drmgmt_query *query = drmgmt_query_new(drmgmt_entity_find("device"));
    drmgmt_page *page = NULL;
    drmgmt_error *error = NULL;

    if (!query)
        return complain("devices", NULL);
    int failed = drmgmt_query_set(query, "sort", "name", &error) || drmgmt_device_list(session, query, &page, &error);
    drmgmt_query_free(query);
    if (failed)
        return complain("devices", error);
    for (size_t i = 0; i < drmgmt_page_count(page); i++) {
        const drmgmt_record *device = drmgmt_page_record(page, i);
        printf("%s  %s\n", drmgmt_record_id(device), drmgmt_record_text(device, "name"));
    }
    drmgmt_page_free(page);
    return 0;
}

/* Submits a job that reads sysDescr.0 and waits at most 30 s for its end. */
static int read_sysdescr(drmgmt_session *session, const char *name)
{
    drmgmt_draft *draft = drmgmt_draft_new(drmgmt_entity_find("job"));
    drmgmt_record *device = NULL, *job = NULL, *ended = NULL;
    drmgmt_error *error = NULL;
    int code = 0;

    int failed = !draft || drmgmt_device_get(session, name, &device, &error) ||
                 drmgmt_draft_set(draft, "device_id", drmgmt_record_id(device), &error) ||
                 drmgmt_draft_set(draft, "protocol", "snmp", &error) ||
                 drmgmt_draft_set(draft, "operation", "get", &error) ||
                 drmgmt_draft_set(draft, "params", "{\"oids\":[\"1.3.6.1.2.1.1.1.0\"]}", &error) ||
                 drmgmt_job_submit(session, draft, NULL, &job, &error) ||
                 drmgmt_job_wait(session, drmgmt_record_id(job), 30000, &ended, &error);
    if (failed) {
        code = complain(name, error);
    } else {
        const char *result = drmgmt_record_text(ended, "result"), *why = drmgmt_record_text(ended, "error");
        printf("%s: %s\n", drmgmt_record_text(ended, "status"), result ? result : why ? why : "no answer");
        code = result ? 0 : drmgmt_status_exit_code(DRMGMT_ERR_JOB_FAILED);
    }
    drmgmt_record_free(ended);
    drmgmt_record_free(job);
    drmgmt_record_free(device);
    drmgmt_draft_free(draft);
    return code;
}

int main(void)
{
    const char *url = getenv("DRM_APP_DATABASE_URL"), *redis = getenv("DRM_REDIS_URL");
    const char *key = getenv("DRM_API_KEY"), *device = getenv("DRM_DEVICE");
    drmgmt_options *options = drmgmt_options_new();
    drmgmt_context *context = NULL;
    drmgmt_session *session = NULL;
    drmgmt_error *error = NULL;

    if (!url || !key || !device) {
        fprintf(stderr, "set DRM_APP_DATABASE_URL, DRM_API_KEY and DRM_DEVICE (a device's name or id)\n");
        drmgmt_options_free(options);
        return drmgmt_status_exit_code(DRMGMT_ERR_INVALID);
    }
    int rc = options ? drmgmt_options_set_database_url(options, url) : DRMGMT_ERR_NO_MEMORY;
    if (!rc)
        rc = drmgmt_options_set_redis_url(options, redis);
    if (!rc)
        rc = drmgmt_context_new(options, &context, &error);
    drmgmt_options_free(options);
    if (!rc)
        rc = drmgmt_session_open_api_key(context, key, NULL, &session, &error);
    int code = rc ? complain("session", error) : list_devices(session);
    if (code == 0)
        code = read_sysdescr(session, device);
    drmgmt_session_close(session);
    drmgmt_context_free(context);
    return code;
}
