/* Submitting, reading, listing and cancelling jobs against a real PostgreSQL, without a worker. */
/* needs: postgres migrated */
#include "domain_support.h"
#include <libpq-fe.h>

static drmgmt_context *context;
static drmgmt_session *ours, *theirs;
static drmgmt_record *device;

static void open_all(void)
{
    char id[DRMGMT__UUID_SIZE], json[160];
    drmgmt_error *error = NULL;

    context = open_context(true);
    ours = open_session(context);
    theirs = open_other_tenant(context);
    cr_assert(drmgmt__uuid_v7(id) == 0);
    snprintf(json, sizeof json, "{\"name\":\"job %s\",\"profiles\":[{\"protocol\":\"fake\"}]}", id + 19);
    drmgmt_draft *draft = draft_of("device", json);
    cr_assert(drmgmt_device_create(ours, draft, &device, &error) == 0, "%s", drmgmt_error_message(error));
    drmgmt_draft_free(draft);
}

static void close_all(void)
{
    drmgmt_record_free(device);
    drmgmt_session_close(ours);
    drmgmt_session_close(theirs);
    drmgmt_context_free(context);
}

TestSuite(job, .init = open_all, .fini = close_all);

/* A draft for our device; more: further members with a comma before them. */
static drmgmt_draft *order(const char *operation, const char *more)
{
    char json[512];

    snprintf(json, sizeof json, "{\"device_id\":\"%s\",\"protocol\":\"fake\",\"operation\":\"%s\"%s}",
             drmgmt_record_id(device), operation, more);
    return draft_of("job", json);
}

static drmgmt_record *submit(const char *operation, const char *more, const char *key)
{
    drmgmt_draft *draft = order(operation, more);
    drmgmt_record *job = NULL;
    drmgmt_error *error = NULL;

    cr_assert(drmgmt_job_submit(ours, draft, key, &job, &error) == 0, "%s", drmgmt_error_message(error));
    drmgmt_draft_free(draft);
    return job;
}

static void submit_fails(drmgmt_session *session, const char *operation, const char *more, const char *key,
                         drmgmt_status status, const char *field)
{
    drmgmt_draft *draft = order(operation, more);
    drmgmt_record *job = NULL;
    drmgmt_error *error = NULL;

    fails(drmgmt_job_submit(session, draft, key, &job, &error), error, status, field);
    drmgmt_draft_free(draft);
}

static size_t count(drmgmt_session *session, const char *status)
{
    drmgmt_query *query = drmgmt_query_new(drmgmt_entity_find("job"));
    drmgmt_page *page = NULL;
    drmgmt_error *error = NULL;

    set(query, "device_id", drmgmt_record_id(device));
    set(query, "limit", "1000");
    if (status)
        set(query, "status", status);
    cr_assert(drmgmt_job_list(session, query, &page, &error) == 0, "%s", drmgmt_error_message(error));
    size_t n = drmgmt_page_count(page);
    for (size_t i = 1; i < n; i++)
        cr_assert(strcmp(drmgmt_record_id(drmgmt_page_record(page, i - 1)),
                         drmgmt_record_id(drmgmt_page_record(page, i))) > 0);
    drmgmt_page_free(page);
    drmgmt_query_free(query);
    return n;
}

Test(job, submit_and_read)
{
    drmgmt_record *job = submit("echo", ",\"params\":{\"b\":[1,2.5,\"ü\"],\"a\":null},\"priority\":0", NULL),
                  *read = NULL;
    drmgmt_error *error = NULL;

    cr_assert_str_eq(drmgmt_record_text(job, "status"), "queued");
    cr_assert_eq(drmgmt_record_int(job, "priority"), 0);
    cr_assert(drmgmt_record_int(job, "timeout_ms") > 0);
    cr_assert(drmgmt_record_text(job, "result") == NULL);
    cr_assert(drmgmt_job_get(ours, drmgmt_record_id(job), &read, &error) == 0, "%s", drmgmt_error_message(error));
    char *a = NULL, *b = NULL;
    cr_assert(drmgmt_record_json(job, &a, NULL) == 0 && drmgmt_record_json(read, &b, NULL) == 0);
    cr_assert_str_eq(a, b);
    drmgmt_free(a);
    drmgmt_free(b);
    drmgmt_record_free(read);
    fails(drmgmt_job_get(theirs, drmgmt_record_id(job), &read, &error), error, DRMGMT_ERR_NOT_FOUND, "");
    cr_assert_eq(count(ours, "queued"), 1);
    cr_assert_eq(count(theirs, NULL), 0);
    drmgmt_record_free(job);
}

Test(job, what_is_refused)
{
    submit_fails(ours, "fly", "", NULL, DRMGMT_ERR_UNSUPPORTED, "operation");
    submit_fails(ours, "echo", ",\"params\":[1]", NULL, DRMGMT_ERR_INVALID, "params");
    submit_fails(ours, "sleep", ",\"params\":{\"ms\":\"long\"}", NULL, DRMGMT_ERR_INVALID, "params.ms");
    submit_fails(theirs, "echo", "", NULL, DRMGMT_ERR_NOT_FOUND, "device_id");
    submit_fails(ours, "echo", "", "", DRMGMT_ERR_INVALID, "Idempotency-Key");
    submit_fails(ours, "echo", "", "a\nb", DRMGMT_ERR_INVALID, "Idempotency-Key");

    char json[256];
    snprintf(json, sizeof json,
             "{\"device_id\":\"%s\",\"protocol\":\"snmp\",\"operation\":\"get\",\"params\":{\"oids\":[\"1.3\"]}}",
             drmgmt_record_id(device));
    drmgmt_draft *draft = draft_of("job", json);
    drmgmt_record *job = NULL;
    drmgmt_error *error = NULL;
    fails(drmgmt_job_submit(ours, draft, NULL, &job, &error), error, DRMGMT_ERR_INVALID, "protocol");
    drmgmt_draft_free(draft);
    cr_assert_eq(count(ours, NULL), 0);
}

Test(job, parameters_have_a_limit_and_may_begin_with_a_blank)
{
    drmgmt_draft *draft = order("echo", "");
    drmgmt_record *job = NULL;
    drmgmt_error *error = NULL;
    static char large[300 << 10];

    cr_assert(drmgmt_draft_set(draft, "params", " \n{\"a\": 1}", NULL) == 0);
    cr_assert(drmgmt_job_submit(ours, draft, NULL, &job, &error) == 0, "%s", drmgmt_error_message(error));
    cr_assert_str_eq(drmgmt_record_text(job, "params"), "{\"a\": 1}");
    drmgmt_record_free(job);
    memset(large, 'x', sizeof large - 1);
    memcpy(large, "{\"a\":\"", 6);
    memcpy(large + sizeof large - 3, "\"}", 3);
    cr_assert(drmgmt_draft_set(draft, "params", large, NULL) == 0);
    fails(drmgmt_job_submit(ours, draft, NULL, &job, &error), error, DRMGMT_ERR_TOO_LARGE, "params");
    drmgmt_draft_free(draft);
    cr_assert_eq(count(ours, NULL), 1);
}

static void as_superuser(PGconn *pg, const char *format, const char *id)
{
    DRMGMT__STRBUF text = DRMGMT__STRBUF_INIT;

    drmgmt__strbuf_printf(&text, format, id);
    PGresult *r = PQexec(pg, text.data);
    cr_assert_eq(PQresultStatus(r), PGRES_COMMAND_OK, "%s", PQerrorMessage(pg));
    PQclear(r);
}

/* A worker's clock, or the submitter's, was days off. */
Test(job, an_end_before_its_beginning_is_found)
{
    PGconn *pg = PQconnectdb(from_env("DRM_ADMIN_DATABASE_URL"));
    drmgmt_record *job = submit("echo", "", NULL), *read = NULL;
    const char *id = drmgmt_record_id(job);
    drmgmt_error *error = NULL;

    cr_assert(drmgmt_job_cancel(ours, id, &read, NULL) == 0);
    drmgmt_record_free(read);
    as_superuser(pg, "UPDATE drm.job_results SET finished_at = '1970-01-02 00:00+00' WHERE id = '%s'", id);
    cr_assert(drmgmt_job_get(ours, id, &read, &error) == 0, "%s", drmgmt_error_message(error));
    cr_assert_str_eq(drmgmt_record_text(read, "status"), "cancelled");
    drmgmt_record_free(read);
    fails(drmgmt_job_get(theirs, id, &read, &error), error, DRMGMT_ERR_NOT_FOUND, "");
    cr_assert(drmgmt_job_wait(ours, id, 1000, &read, &error) == 0, "%s", drmgmt_error_message(error));
    drmgmt_record_free(read);
    fails(drmgmt_job_cancel(ours, id, &read, &error), error, DRMGMT_ERR_CONFLICT, "");
    drmgmt_record_free(job);
    PQfinish(pg);
}

static void *submit_to_deleted(void *user)
{
    drmgmt_draft *draft = order("echo", "");
    drmgmt_record *job = NULL;
    drmgmt_error *error = NULL;
    (void)user;

    fails(drmgmt_job_submit(ours, draft, NULL, &job, &error), error, DRMGMT_ERR_NOT_FOUND, "device_id");
    drmgmt_draft_free(draft);
    return NULL;
}

Test(job, a_device_deleted_at_this_moment_is_not_found)
{
    PGconn *pg = PQconnectdb(from_env("DRM_ADMIN_DATABASE_URL")),
           *watcher = PQconnectdb(from_env("DRM_ADMIN_DATABASE_URL"));
    pthread_t thread;
    char waits[128];
    int waiting = 0;

    /* By another connection: within a transaction this view does not change. */
    snprintf(waits, sizeof waits, "SELECT 1 FROM pg_stat_activity WHERE %d = ANY (pg_blocking_pids(pid))",
             PQbackendPID(pg));
    as_superuser(pg, "BEGIN%s", "");
    as_superuser(pg, "DELETE FROM drm.device_protocol_profiles WHERE device_id = '%s'", drmgmt_record_id(device));
    as_superuser(pg, "DELETE FROM drm.devices WHERE id = '%s'", drmgmt_record_id(device));
    cr_assert(pthread_create(&thread, NULL, submit_to_deleted, NULL) == 0);
    for (int i = 0; i < 6000 && !waiting; i++) {
        PGresult *r = PQexec(watcher, waits);
        waiting = PQntuples(r);
        PQclear(r);
        usleep(5000);
    }
    as_superuser(pg, "COMMIT%s", "");
    pthread_join(thread, NULL);
    PQfinish(pg);
    PQfinish(watcher);
    cr_assert(waiting, "the submission did not wait for the deletion");
}

Test(job, the_same_key_is_the_same_job)
{
    drmgmt_record *first = submit("echo", ",\"params\":{\"a\":1,\"b\":2}", "key-1");
    drmgmt_record *second = submit("echo", ",\"params\":{\"b\":2,\"a\":1}", "key-1");

    cr_assert_str_eq(drmgmt_record_id(first), drmgmt_record_id(second));
    submit_fails(ours, "echo", ",\"params\":{\"a\":2}", "key-1", DRMGMT_ERR_IDEMPOTENCY, "Idempotency-Key");
    submit_fails(ours, "sleep", ",\"params\":{\"ms\":1}", "key-1", DRMGMT_ERR_IDEMPOTENCY, "Idempotency-Key");
    cr_assert_eq(count(ours, NULL), 1);
    /* A request that failed takes no key. */
    submit_fails(theirs, "echo", "", "key-2", DRMGMT_ERR_NOT_FOUND, "device_id");
    drmgmt_record_free(submit("echo", "", "key-2"));
    drmgmt_record_free(first);
    drmgmt_record_free(second);
}

struct racer {
    pthread_t thread;
    drmgmt_session *session;
    char id[DRMGMT__UUID_SIZE];
    int rc;
};

static void *race(void *argument)
{
    struct racer *r = argument;
    drmgmt_draft *draft = order("echo", ",\"params\":{\"race\":1}");
    drmgmt_record *job = NULL;

    r->rc = drmgmt_job_submit(r->session, draft, "race", &job, NULL);
    if (!r->rc)
        snprintf(r->id, sizeof r->id, "%s", drmgmt_record_id(job));
    drmgmt_record_free(job);
    drmgmt_draft_free(draft);
    return NULL;
}

Test(job, one_key_from_many_threads)
{
    struct racer racers[6] = { 0 };

    for (size_t i = 0; i < DRMGMT__COUNT(racers); i++) {
        racers[i].session = open_session(context);
        cr_assert(pthread_create(&racers[i].thread, NULL, race, &racers[i]) == 0);
    }
    for (size_t i = 0; i < DRMGMT__COUNT(racers); i++) {
        pthread_join(racers[i].thread, NULL);
        cr_expect(racers[i].rc == 0, "%s", drmgmt_status_name((drmgmt_status)racers[i].rc));
        cr_expect_str_eq(racers[i].id, racers[0].id);
        drmgmt_session_close(racers[i].session);
    }
    cr_assert_eq(count(ours, NULL), 1);
}

/* ---- submissions at the same time share a statement, and nothing else ---- */

enum { CROWD = 16, EACH = 25 };

struct member {
    pthread_t thread;
    drmgmt_session *session;
    int number, stored, refused, wrong;
};

static void *submit_often(void *argument)
{
    struct member *m = argument;

    for (int i = 0; i < EACH; i++) {
        char more[96], request[32];
        bool bad = (m->number + i) % 5 == 0; /* a device of nobody's */
        snprintf(more, sizeof more, ",\"params\":{\"member\":%d,\"i\":%d}", m->number, i);
        snprintf(request, sizeof request, "m%d-%d", m->number, i);
        drmgmt_session_set_origin(m->session, &(drmgmt_origin){ request, "192.0.2.1" });
        drmgmt_draft *draft = order("echo", more);
        if (bad && drmgmt_draft_set(draft, "device_id", "0191d6a0-0000-7000-8000-000000000000", NULL))
            m->wrong++;
        drmgmt_record *job = NULL;
        drmgmt_error *error = NULL;
        int rc = drmgmt_job_submit(m->session, draft, NULL, &job, &error);
        if (bad)
            m->refused += rc == DRMGMT_ERR_NOT_FOUND;
        else if (rc)
            m->wrong++;
        else {
            DRMGMT__JSON json_t *params = json_loads(drmgmt_record_text(job, "params"), 0, NULL);
            m->stored++;
            m->wrong += json_integer_value(json_object_get(params, "member")) != m->number ||
                        json_integer_value(json_object_get(params, "i")) != i;
        }
        drmgmt_error_free(error);
        drmgmt_record_free(job);
        drmgmt_draft_free(draft);
    }
    return NULL;
}

Test(job, a_crowd_submits)
{
    struct member crowd[CROWD] = { 0 };
    int stored = 0, refused = 0;

    for (int i = 0; i < CROWD; i++) {
        crowd[i].number = i;
        crowd[i].session = i % 8 ? open_session(context) : open_other_tenant(context); /* whose device it is not */
        cr_assert(pthread_create(&crowd[i].thread, NULL, submit_often, &crowd[i]) == 0);
    }
    for (int i = 0; i < CROWD; i++) {
        pthread_join(crowd[i].thread, NULL);
        if (i % 8) {
            cr_expect_eq(crowd[i].wrong, 0, "member %d: %d", i, crowd[i].wrong);
            cr_expect_eq(crowd[i].stored + crowd[i].refused, EACH);
            stored += crowd[i].stored;
            refused += crowd[i].refused;
        } else {
            cr_expect_eq(crowd[i].stored, 0, "another tenant's device took a job");
        }
        drmgmt_session_close(crowd[i].session);
    }
    cr_assert_eq(count(ours, "queued"), (size_t)stored);
    cr_assert_eq(refused, (CROWD - 2) * EACH / 5);
}

Test(job, many_at_once_or_none)
{
    enum { N = 300 };
    drmgmt_draft *drafts[N];
    drmgmt_page *page = NULL;
    drmgmt_error *error = NULL;

    for (size_t i = 0; i < N; i++) {
        char more[64];
        snprintf(more, sizeof more, ",\"params\":{\"n\":%zu,\"q\":\"\\\"\\\\{,}\"}", i);
        drafts[i] = order("echo", more);
    }
    cr_assert(drmgmt_job_submit_many(ours, (const drmgmt_draft *const *)drafts, N, &page, &error) == 0, "%s",
              drmgmt_error_message(error));
    cr_assert_eq(drmgmt_page_count(page), N);
    for (size_t i = 0; i < N; i++) {
        json_t *params = json_loads(drmgmt_record_text(drmgmt_page_record(page, i), "params"), 0, NULL);
        cr_assert_eq(json_integer_value(json_object_get(params, "n")), (json_int_t)i);
        cr_assert_str_eq(json_string_value(json_object_get(params, "q")), "\"\\{,}");
        json_decref(params);
    }
    drmgmt_page_free(page);
    cr_assert_eq(count(ours, "queued"), N);

    /* One bad one, and none is stored; the message names it. */
    drmgmt_draft_free(drafts[7]);
    drafts[7] = order("fly", "");
    fails(drmgmt_job_submit_many(ours, (const drmgmt_draft *const *)drafts, N, NULL, &error), error,
          DRMGMT_ERR_UNSUPPORTED, "jobs[7].operation");
    drmgmt_draft_free(drafts[7]);
    drafts[7] =
        draft_of("job", "{\"device_id\":\"0191d6a0-0000-7000-8000-000000000000\",\"protocol\":\"fake\",\"operation\":"
                        "\"echo\"}");
    fails(drmgmt_job_submit_many(ours, (const drmgmt_draft *const *)drafts, N, NULL, &error), error,
          DRMGMT_ERR_NOT_FOUND, "jobs[7].device_id");
    fails(drmgmt_job_submit_many(ours, (const drmgmt_draft *const *)drafts, 0, NULL, &error), error, DRMGMT_ERR_INVALID,
          "");
    cr_assert_eq(count(ours, NULL), N);
    for (size_t i = 0; i < N; i++)
        drmgmt_draft_free(drafts[i]);
}

Test(job, cancel)
{
    drmgmt_record *job = submit("sleep", ",\"params\":{\"ms\":60000}", NULL), *cancelled = NULL, *read = NULL;
    const char *id = drmgmt_record_id(job);
    drmgmt_error *error = NULL;

    fails(drmgmt_job_cancel(theirs, id, &cancelled, &error), error, DRMGMT_ERR_NOT_FOUND, "");
    cr_assert(drmgmt_job_cancel(ours, id, &cancelled, &error) == 0, "%s", drmgmt_error_message(error));
    cr_assert_str_eq(drmgmt_record_text(cancelled, "status"), "cancelled");
    cr_assert(drmgmt_record_text(cancelled, "finished_at") != NULL);
    cr_assert(drmgmt_job_get(ours, id, &read, NULL) == 0);
    cr_assert_str_eq(drmgmt_record_text(read, "status"), "cancelled");
    cr_assert_eq(count(ours, "cancelled"), 1);
    cr_assert_eq(count(ours, "queued"), 0);
    drmgmt_record_free(cancelled);
    fails(drmgmt_job_cancel(ours, id, &cancelled, &error), error, DRMGMT_ERR_CONFLICT, "");
    fails(drmgmt_job_cancel(ours, "nonsense", &cancelled, &error), error, DRMGMT_ERR_NOT_FOUND, "");
    drmgmt_record_free(job);
    drmgmt_record_free(read);
}

Test(job, device_with_active_jobs_stays)
{
    drmgmt_record *job = submit("sleep", ",\"params\":{\"ms\":60000}", NULL), *cancelled = NULL, *read = NULL;
    drmgmt_error *error = NULL;

    fails(drmgmt_device_delete(ours, drmgmt_record_id(device), 0, &error), error, DRMGMT_ERR_CONFLICT, "");
    cr_assert(drmgmt_job_cancel(ours, drmgmt_record_id(job), &cancelled, NULL) == 0);
    cr_assert(drmgmt_device_delete(ours, drmgmt_record_id(device), 0, NULL) == 0);
    cr_assert(drmgmt_job_get(ours, drmgmt_record_id(job), &read, NULL) == 0);
    drmgmt_record_free(job);
    drmgmt_record_free(cancelled);
    drmgmt_record_free(read);
}

Test(job, wait_without_events)
{
    drmgmt_record *job = submit("sleep", ",\"params\":{\"ms\":60000}", NULL), *cancelled = NULL, *end = NULL;
    drmgmt_error *error = NULL;

    fails(drmgmt_job_wait(ours, drmgmt_record_id(job), 50, &end, &error), error, DRMGMT_ERR_TIMEOUT, "");
    fails(drmgmt_job_wait(theirs, drmgmt_record_id(job), 50, &end, &error), error, DRMGMT_ERR_NOT_FOUND, "");
    cr_assert(drmgmt_job_cancel(ours, drmgmt_record_id(job), &cancelled, NULL) == 0);
    cr_assert(drmgmt_job_wait(ours, drmgmt_record_id(job), 0, &end, &error) == 0, "%s", drmgmt_error_message(error));
    cr_assert_str_eq(drmgmt_record_text(end, "status"), "cancelled");
    drmgmt_record_free(job);
    drmgmt_record_free(cancelled);
    drmgmt_record_free(end);
}
