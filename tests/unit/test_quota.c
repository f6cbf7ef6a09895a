/* Quotas of a tenant: devices and queued jobs, kept by the database whoever is at it at the same time; and API requests
 * a minute, counted here and together over Redis. */
/* needs: postgres redis migrated */
#include "auth_support.h"
#include <drm/sdk.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

static drmgmt_session *session;
static char device_id[37];

static int make_device(drmgmt_error **error)
{
    drmgmt_draft *draft = drmgmt_draft_new(drmgmt_entity_find("device"));
    drmgmt_record *device = NULL;
    char name[37];

    cr_assert_eq(drmgmt__uuid_v7(name), 0);
    cr_assert_eq(drmgmt_draft_set(draft, "name", name + 14, NULL), 0);
    cr_assert_eq(drmgmt_draft_set(draft, "profiles", "[{\"protocol\":\"fake\"}]", NULL), 0);
    int rc = drmgmt_device_create(session, draft, &device, error);
    drmgmt_draft_free(draft);
    if (!rc)
        snprintf(device_id, sizeof device_id, "%s", drmgmt_record_id(device));
    drmgmt_record_free(device);
    return rc;
}

static drmgmt_draft *order(void)
{
    drmgmt_draft *draft = drmgmt_draft_new(drmgmt_entity_find("job"));

    cr_assert_eq(drmgmt_draft_set(draft, "device_id", device_id, NULL), 0);
    cr_assert_eq(drmgmt_draft_set(draft, "protocol", "fake", NULL), 0);
    cr_assert_eq(drmgmt_draft_set(draft, "operation", "echo", NULL), 0);
    return draft;
}

static int submit_by(drmgmt_session *by, const char *key, char id[37], drmgmt_error **error)
{
    drmgmt_draft *draft = order();
    drmgmt_record *job = NULL;
    int rc = drmgmt_job_submit(by, draft, key, &job, error);

    drmgmt_draft_free(draft);
    if (!rc && id)
        snprintf(id, 37, "%s", drmgmt_record_id(job));
    drmgmt_record_free(job);
    return rc;
}

static int submit(drmgmt_error **error)
{
    return submit_by(session, NULL, NULL, error);
}

static void set_up(void)
{
    setup();
    session = open_session();
    cr_assert_eq(make_device(NULL), 0);
}

static void tear_down(void)
{
    drmgmt_session_close(session);
    teardown();
}

TestSuite(quota, .init = set_up, .fini = tear_down);

/* Refused by this quota, with these numbers. */
static void refused(int rc, drmgmt_error *error, drmgmt_status status, const char *quota, int64_t limit, int64_t used)
{
    cr_assert_eq(rc, status, "%s", drmgmt_error_message(error));
    cr_assert_not_null(drmgmt_error_quota(error), "%s", drmgmt_error_message(error));
    cr_assert_str_eq(drmgmt_error_quota(error), quota);
    cr_assert_eq(drmgmt_error_quota_limit(error), limit);
    cr_assert_eq(drmgmt_error_quota_used(error), used, "%s", drmgmt_error_message(error));
    cr_assert_eq(drmgmt_error_retryable(error), status == DRMGMT_ERR_LIMIT);
    cr_assert_eq(drmgmt_error_retry_after(error) > 0, status == DRMGMT_ERR_LIMIT);
    cr_assert(strstr(drmgmt_error_message(error), quota));
    drmgmt_error_free(error);
}

static int64_t count(const char *sql)
{
    drmgmt__rows *rows = ask(sql, NULL);
    int64_t n = drmgmt__rows_int(rows, 0, 0);

    drmgmt__rows_free(rows);
    return n;
}

static int64_t jobs(void)
{
    return count("SELECT count(*) FROM drm.jobs WHERE tenant_id = $1::uuid");
}

/* ---- devices ---- */

Test(quota, devices)
{
    drmgmt_error *error = NULL;

    change("UPDATE drm.tenants SET max_devices = 3 WHERE tenant_id = $1::uuid", 1);
    cr_assert_eq(make_device(NULL), 0);
    cr_assert_eq(make_device(NULL), 0);
    for (int i = 0; i < 3; i++) {
        int rc = make_device(&error);
        refused(rc, error, DRMGMT_ERR_CONFLICT, "devices", 3, 3);
        error = NULL;
    }
    /* What is deleted makes room, at once and for as many. */
    cr_assert_eq(drmgmt_device_delete(session, device_id, 0, NULL), 0);
    cr_assert_eq(make_device(NULL), 0);
    int rc = make_device(&error);
    refused(rc, error, DRMGMT_ERR_CONFLICT, "devices", 3, 3);
    error = NULL;
    /* Below what there is: nothing goes, nothing comes. */
    change("UPDATE drm.tenants SET max_devices = 1 WHERE tenant_id = $1::uuid", 1);
    rc = make_device(&error);
    refused(rc, error, DRMGMT_ERR_CONFLICT, "devices", 1, 1);
    error = NULL;
    change("UPDATE drm.tenants SET max_devices = 0 WHERE tenant_id = $1::uuid", 1);
    cr_assert_eq(make_device(NULL), DRMGMT_ERR_CONFLICT);
    /* What was made without a quota counts once there is one again. */
    change("UPDATE drm.tenants SET max_devices = NULL WHERE tenant_id = $1::uuid", 1);
    for (int i = 0; i < 4; i++)
        cr_assert_eq(make_device(NULL), 0);
    change("UPDATE drm.tenants SET max_devices = 8 WHERE tenant_id = $1::uuid", 1);
    cr_assert_eq(make_device(NULL), 0);
    rc = make_device(&error);
    refused(rc, error, DRMGMT_ERR_CONFLICT, "devices", 8, 8);
    cr_assert_eq(count("SELECT count(*) FROM drm.devices WHERE tenant_id = $1::uuid"), 8);
    cr_assert_eq(count("SELECT count(*) FROM drm.audit_logs WHERE tenant_id = $1::uuid AND action = 'device.create'"),
                 9, "a refused device was audited as made");
}

static atomic_int made, kept_out;

static void *make_devices(void *unused)
{
    (void)unused;
    drmgmt_tokens *tokens = log_in();
    drmgmt_session *own = session_of(tokens);

    drmgmt_tokens_free(tokens);
    for (int i = 0; i < 6; i++) {
        drmgmt_draft *draft = drmgmt_draft_new(drmgmt_entity_find("device"));
        drmgmt_record *device = NULL;
        char name[37];
        cr_assert_eq(drmgmt__uuid_v7(name), 0);
        cr_assert_eq(drmgmt_draft_set(draft, "name", name + 14, NULL), 0);
        int rc = drmgmt_device_create(own, draft, &device, NULL);
        cr_assert(rc == 0 || rc == DRMGMT_ERR_CONFLICT, "%s", drmgmt_status_name((drmgmt_status)rc));
        atomic_fetch_add(rc ? &kept_out : &made, 1);
        drmgmt_record_free(device);
        drmgmt_draft_free(draft);
    }
    drmgmt_session_close(own);
    return NULL;
}

Test(quota, devices_made_at_the_same_time)
{
    enum { THREADS = 6, ROOM = 17 };
    pthread_t threads[THREADS];

    change("UPDATE drm.tenants SET max_devices = 18 WHERE tenant_id = $1::uuid", 1);
    for (int i = 0; i < THREADS; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, make_devices, NULL), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    cr_assert_eq(made, ROOM);
    cr_assert_eq(kept_out, THREADS * 6 - ROOM);
    cr_assert_eq(count("SELECT count(*) FROM drm.devices WHERE tenant_id = $1::uuid"), ROOM + 1);
}

/* ---- queued jobs ---- */

Test(quota, queued_jobs)
{
    drmgmt_error *error = NULL;
    drmgmt_record *record = NULL;
    char first[37], again[37];

    change("UPDATE drm.tenants SET max_queued = 3 WHERE tenant_id = $1::uuid", 1);
    cr_assert_eq(submit_by(session, "a key", first, NULL), 0);
    cr_assert_eq(submit(NULL), 0);
    cr_assert_eq(submit(NULL), 0);
    for (int i = 0; i < 3; i++) {
        int rc = i == 1 ? submit_by(session, "another key", NULL, &error) : submit(&error);
        refused(rc, error, DRMGMT_ERR_LIMIT, "queued_jobs", 3, 3);
        error = NULL;
    }
    /* A repetition makes none. */
    cr_assert_eq(submit_by(session, "a key", again, NULL), 0);
    cr_assert_str_eq(first, again);
    cr_assert_eq(jobs(), 3);
    /* One that ends makes room. */
    cr_assert_eq(drmgmt_job_cancel(session, first, &record, NULL), 0);
    drmgmt_record_free(record);
    usleep(1000); /* as long as a full queue of three is believed to be full, and more */
    cr_assert_eq(submit_by(session, "another key", NULL, &error), 0, "%s", drmgmt_error_message(error));
    int rc = submit(&error);
    refused(rc, error, DRMGMT_ERR_LIMIT, "queued_jobs", 3, 3);
    change("UPDATE drm.tenants SET max_queued = NULL WHERE tenant_id = $1::uuid", 1);
    usleep(1000);
    cr_assert_eq(submit(NULL), 0);
}

Test(quota, many_jobs_fit_all_or_none)
{
    enum { MANY = 8 };
    drmgmt_draft *drafts[MANY];
    drmgmt_error *error = NULL;
    drmgmt_page *page = NULL;

    change("UPDATE drm.tenants SET max_queued = 10 WHERE tenant_id = $1::uuid", 1);
    for (int i = 0; i < MANY; i++)
        drafts[i] = order();
    const drmgmt_draft *const *list = (const drmgmt_draft *const *)drafts;
    cr_assert_eq(drmgmt_job_submit_many(session, list, MANY, NULL, NULL), 0);
    int rc = drmgmt_job_submit_many(session, list, MANY, &page, &error);
    refused(rc, error, DRMGMT_ERR_LIMIT, "queued_jobs", 10, 8);
    cr_assert_eq(jobs(), MANY);
    cr_assert_eq(drmgmt_job_submit_many(session, list, 2, NULL, NULL), 0,
                 "those that fit are not held up by those that did not");
    cr_assert_eq(jobs(), 10);
    for (int i = 0; i < MANY; i++)
        drmgmt_draft_free(drafts[i]);
}

static void *submit_some(void *user)
{
    drmgmt_session *own = session_of(user);

    for (int i = 0; i < 12; i++) {
        drmgmt_error *error = NULL;
        int rc = submit_by(own, NULL, NULL, &error);
        if (rc)
            cr_assert_str_eq(drmgmt_error_quota(error) ? drmgmt_error_quota(error) : drmgmt_error_message(error),
                             "queued_jobs");
        atomic_fetch_add(rc ? &kept_out : &made, 1);
        drmgmt_error_free(error);
    }
    drmgmt_session_close(own);
    return NULL;
}

Test(quota, jobs_submitted_at_the_same_time_by_several_processes)
{
    enum { THREADS = 24, ROOM = 100 };
    pthread_t threads[THREADS];
    drmgmt_context *first = context, *second = open_context(true);
    drmgmt_tokens *tokens = log_in();

    change("UPDATE drm.tenants SET max_queued = 100 WHERE tenant_id = $1::uuid", 1);
    for (int i = 0; i < THREADS; i++) {
        context = i % 2 ? second : first; /* where session_of() opens it */
        cr_assert_eq(pthread_create(&threads[i], NULL, submit_some, tokens), 0);
        usleep(2000);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    context = first;
    cr_assert_eq(made, ROOM);
    cr_assert_eq(jobs(), ROOM);
    cr_assert_eq(kept_out, THREADS * 12 - ROOM);
    drmgmt_tokens_free(tokens);
    drmgmt_context_free(second);
}

Test(quota, another_tenant_is_not_held_up)
{
    char name[60], address[80], id[37];
    drmgmt_tokens *tokens = NULL;

    change("UPDATE drm.tenants SET max_queued = 0, max_devices = 0 WHERE tenant_id = $1::uuid", 1);
    cr_assert_eq(submit(NULL), DRMGMT_ERR_LIMIT);
    snprintf(name, sizeof name, "%s b", tenant);
    snprintf(address, sizeof address, "b%s", email);
    create_tenant(name, address, id);
    cr_assert_eq(drmgmt_login(context, &(drmgmt_login_request){ address, password, NULL, NULL }, NULL, &tokens, NULL),
                 0);
    drmgmt_session_close(session);
    session = session_of(tokens);
    drmgmt_tokens_free(tokens);
    cr_assert_eq(make_device(NULL), 0);
    cr_assert_eq(submit(NULL), 0);
}

/* ---- reading them ---- */

static void expect_quotas(const char *expected)
{
    char *json = NULL;
    drmgmt_error *error = NULL;

    cr_assert_eq(drmgmt_quota_get(session, &json, &error), 0, "%s", drmgmt_error_message(error));
    cr_assert_str_eq(json, expected);
    drmgmt_free(json);
}

Test(quota, what_is_told_of_them)
{
    expect_quotas("{\"items\":[{\"quota\":\"devices\",\"limit\":null,\"used\":1},"
                  "{\"quota\":\"queued_jobs\",\"limit\":null,\"used\":0},"
                  "{\"quota\":\"running_jobs\",\"limit\":null,\"used\":0},"
                  "{\"quota\":\"api_requests\",\"limit\":null,\"used\":null}]}");
    cr_assert_eq(submit(NULL), 0);
    cr_assert_eq(submit(NULL), 0);
    change("UPDATE drm.tenants SET max_devices = 7, max_queued = 100, max_running = 5, max_requests = 600"
           " WHERE tenant_id = $1::uuid",
           1);
    change("WITH one AS (SELECT id FROM drm.jobs WHERE tenant_id = $1::uuid LIMIT 1) UPDATE drm.jobs SET status = "
           "'running', worker_id = gen_random_uuid() WHERE tenant_id = $1::uuid AND id = (SELECT id FROM one)",
           1);
    expect_quotas("{\"items\":[{\"quota\":\"devices\",\"limit\":7,\"used\":1},"
                  "{\"quota\":\"queued_jobs\",\"limit\":100,\"used\":2},"
                  "{\"quota\":\"running_jobs\",\"limit\":5,\"used\":1},"
                  "{\"quota\":\"api_requests\",\"limit\":600,\"used\":null}]}");
}

/* ---- API requests ---- */

/* Far enough from the end of a minute of the clock for what follows. */
static void calm_minute(void)
{
    while (time(NULL) % 60 > 45)
        usleep(100000);
}

static drmgmt_context *context_with(const char *redis_url)
{
    drmgmt_options *o = drmgmt_options_new();
    drmgmt_context *made_now = NULL;
    drmgmt_error *error = NULL;

    cr_assert_eq(drmgmt_options_set_database_url(o, from_env("DRM_APP_DATABASE_URL")), 0);
    cr_assert_eq(drmgmt_options_set_keyring_file(o, from_env("DRM_KEYRING")), 0);
    cr_assert_eq(drmgmt_options_set_redis_url(o, redis_url), 0);
    cr_assert_eq(drmgmt_context_new(o, &made_now, &error), 0, "%s", drmgmt_error_message(error));
    drmgmt_options_free(o);
    return made_now;
}

static drmgmt_session *session_at(drmgmt_context *where, const drmgmt_tokens *tokens)
{
    drmgmt_session *opened = NULL;

    cr_assert_eq(drmgmt_session_open_token(where, tokens->access_token, NULL, &opened, NULL), 0);
    return opened;
}

/* How many of n requests are let in. */
static int requests(drmgmt_session *by, int n)
{
    int let_in = 0;

    for (int i = 0; i < n; i++) {
        drmgmt_request_quota quota = { -1, -1, 0 };
        drmgmt_error *error = NULL;
        int rc = drmgmt_request_count(by, &quota, &error);
        if (rc) {
            unsigned wait = drmgmt_error_retry_after(error);
            cr_assert(wait >= 1 && wait <= 60, "%u", wait);
            int64_t limit = drmgmt_error_quota_limit(error), used = drmgmt_error_quota_used(error);
            cr_assert_geq(used, limit);
            refused(rc, error, DRMGMT_ERR_LIMIT, "api_requests", limit, used);
        } else {
            cr_assert(quota.limit == 0 || (quota.remaining >= 0 && quota.remaining < quota.limit), "%lld of %lld",
                      (long long)quota.remaining, (long long)quota.limit);
            cr_assert(quota.limit == 0 || (quota.reset >= 1 && quota.reset <= 60));
        }
        let_in += rc == 0;
    }
    return let_in;
}

Test(quota, api_requests_of_one_process)
{
    drmgmt_request_quota quota;

    cr_assert_eq(requests(session, 1000), 1000, "without a quota");
    /* Another process's context, which has not read the quota yet. */
    drmgmt_context *fresh = open_context(true);
    drmgmt_tokens *tokens = log_in();
    drmgmt_session *there = session_at(fresh, tokens);
    change("UPDATE drm.tenants SET max_requests = 20 WHERE tenant_id = $1::uuid", 1);
    calm_minute();
    cr_assert_eq(drmgmt_request_count(there, &quota, NULL), 0);
    cr_assert_eq(quota.limit, 20);
    cr_assert_eq(quota.remaining, 19);
    cr_assert_eq(requests(there, 50), 19);
    drmgmt_session *swap = session;
    session = there;
    expect_quotas("{\"items\":[{\"quota\":\"devices\",\"limit\":null,\"used\":1},"
                  "{\"quota\":\"queued_jobs\",\"limit\":null,\"used\":0},"
                  "{\"quota\":\"running_jobs\",\"limit\":null,\"used\":0},"
                  "{\"quota\":\"api_requests\",\"limit\":20,\"used\":20}]}");
    session = swap;
    drmgmt_session_close(there);
    drmgmt_tokens_free(tokens);
    drmgmt_context_free(fresh);
}

Test(quota, api_requests_of_several_processes_are_one_number)
{
    drmgmt_tokens *tokens = log_in();
    drmgmt_context *contexts[3];
    drmgmt_session *sessions[3];
    int let_in = 0;

    change("UPDATE drm.tenants SET max_requests = 60 WHERE tenant_id = $1::uuid", 1);
    for (int i = 0; i < 3; i++) {
        contexts[i] = context_with(from_env("DRM_REDIS_URL"));
        sessions[i] = session_at(contexts[i], tokens);
    }
    calm_minute();
    /* Slower than they tell each other. */
    for (int i = 0; i < 90; i++) {
        let_in += requests(sessions[i % 3], 1);
        usleep(20000);
    }
    /* Each may be behind by what the others let in at that moment. */
    cr_assert(let_in >= 60 && let_in <= 66, "%d were let in", let_in);
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(requests(sessions[i], 5), 0);
        drmgmt_session_close(sessions[i]);
        drmgmt_context_free(contexts[i]);
    }
    drmgmt_tokens_free(tokens);
}

Test(quota, api_requests_while_redis_is_away)
{
    drmgmt_tokens *tokens = log_in();
    drmgmt_context *alone = context_with("unix:///nonexistent/redis.sock");
    drmgmt_session *there = session_at(alone, tokens);

    change("UPDATE drm.tenants SET max_requests = 30 WHERE tenant_id = $1::uuid", 1);
    calm_minute();
    cr_assert_eq(requests(there, 100), 30, "each process counts for itself");
    drmgmt_session_close(there);
    drmgmt_context_free(alone);
    drmgmt_tokens_free(tokens);
}

Test(quota, who_is_no_longer_let_in_is_told_so_by_the_call_itself)
{
    drmgmt_request_quota quota;

    change("UPDATE drm.tenants SET status = 'suspended' WHERE tenant_id = $1::uuid", 1);
    cr_assert_eq(drmgmt_request_count(session, &quota, NULL), 0);
    cr_assert_eq(quota.limit, 0);
    cr_assert_eq(make_device(NULL), DRMGMT_ERR_UNAUTHENTICATED);
}
