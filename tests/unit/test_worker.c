/* The worker engine against real servers: every way a job can end, and what may go wrong on the way.
 * needs: postgres redis migrated
 * Each test has a lane of its own, so that they can run side by side. Jobs are put in as the superuser. */
#include "auth/auth.h"
#include "core/context_internal.h"
#include "domain_support.h"
#include "queue/queue.h"
#include "worker/engine.h"
#include <libpq-fe.h>
#include <stdio.h>

TestSuite(worker, .timeout = 100);

/* ---- a bench: one lane, one database connection, one worker in a thread ---- */

static struct bench {
    PGconn *admin;
    drmgmt_context *context;
    drmgmt_worker *worker;
    pthread_t thread;
    char lane[40], tenant[40], device[40];
    int rc;
    drmgmt_error *error;
} b;

static const drmgmt__worker_timing quick = {
    .beat_ms = 200, .due_ms = 100, .silent_ms = 30000, .steady_ms = 300, .recover_ms = 15000
};

/* The first column of the first row, "" for none. */
static const char *sql(const char *format, ...) DRMGMT_PRINTF(1, 2);
static const char *sql(const char *format, ...)
{
    static char answer[4096];
    DRMGMT__STRBUF text = DRMGMT__STRBUF_INIT;
    va_list args;

    va_start(args, format);
    drmgmt__strbuf_vprintf(&text, format, args);
    va_end(args);
    PGresult *r = PQexec(b.admin, text.data);
    ExecStatusType status = PQresultStatus(r);
    cr_assert(status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK, "%.200s: %s", text.data,
              PQerrorMessage(b.admin));
    snprintf(answer, sizeof answer, "%s", PQntuples(r) > 0 && PQnfields(r) > 0 ? PQgetvalue(r, 0, 0) : "");
    PQclear(r);
    return answer;
}

static long number(const char *text)
{
    return strtol(text, NULL, 10);
}

static void quiet(void *user, const char *message)
{
    (void)user;
    (void)message;
}

static drmgmt_context *context_of(const char *keyring, const char *database_url, bool with_redis)
{
    drmgmt_options *o = drmgmt_options_new();
    drmgmt_context *context = NULL;
    drmgmt_error *error = NULL;

    drmgmt_options_set_database_url(o, database_url);
    drmgmt_options_set_keyring_file(o, keyring);
    drmgmt_options_set_application_name(o, b.lane);
    if (with_redis)
        drmgmt_options_set_redis_url(o, from_env("DRM_REDIS_URL"));
    cr_assert(drmgmt_context_new(o, &context, &error) == 0, "%s", drmgmt_error_message(error));
    drmgmt_options_free(o);
    return context;
}

static void set_up(bool with_redis)
{
    b.admin = PQconnectdb(from_env("DRM_ADMIN_DATABASE_URL"));
    cr_assert_eq(PQstatus(b.admin), CONNECTION_OK, "%s", PQerrorMessage(b.admin));
    PQsetNoticeProcessor(b.admin, quiet, NULL);
    char id[37];
    cr_assert_eq(drmgmt__uuid_v7(id), 0);
    snprintf(b.lane, sizeof b.lane, "lane-%s", id + 19);
    snprintf(b.tenant, sizeof b.tenant, "%s",
             sql("SELECT tenant_id FROM drm.tenants WHERE name = '%s'", from_env("DRM_TENANT")));
    snprintf(b.device, sizeof b.device, "%s",
             sql("INSERT INTO drm.devices (tenant_id, id, name) VALUES ('%s', gen_random_uuid(), '%s') RETURNING id",
                 b.tenant, b.lane));
    b.context = context_of(from_env("DRM_KEYRING"), from_env("DRM_APP_DATABASE_URL"), with_redis);
}

static void *run(void *user)
{
    b.rc = drmgmt_worker_run(user, &b.error);
    return NULL;
}

static void start_with(unsigned slots, const drmgmt__worker_timing *timing)
{
    drmgmt_error *error = NULL;

    cr_assert_eq(drmgmt_worker_new(b.context, b.lane, slots, &b.worker, &error), 0, "%s", drmgmt_error_message(error));
    drmgmt__worker_set_timing(b.worker, timing);
    cr_assert_eq(pthread_create(&b.thread, NULL, run, b.worker), 0);
}

static void start(unsigned slots)
{
    start_with(slots, &quick);
}

static drmgmt_worker_stats stats(void)
{
    drmgmt_worker_stats s;
    drmgmt_worker_stats_get(b.worker, &s);
    return s;
}

/* What the database shows is counted a moment later. */
#define wait_for_count(field, n)                                                                                       \
    do {                                                                                                               \
        for (int left = 5000; stats().field != (n) && left; left--)                                                    \
            usleep(1000);                                                                                              \
        cr_assert_eq(stats().field, (n));                                                                              \
    } while (0)

static void join(void)
{
    pthread_join(b.thread, NULL);
    cr_assert_eq(b.rc, 0, "%s", drmgmt_error_message(b.error));
    cr_assert_eq(stats().in_flight, 0);
    cr_assert_eq(stats().unsent, 0);
}

static void tear_down(void)
{
    drmgmt_worker_free(b.worker);
    drmgmt_context_free(b.context);
    PQfinish(b.admin);
}

static void stop_and_tear_down(void)
{
    drmgmt_worker_stop(b.worker, 5000);
    join();
    tear_down();
}

/* Puts n jobs in and returns the id of the last one. more: further columns and their values, or "". */
static char *submit_many(unsigned n, const char *operation, const char *params, const char *columns, const char *values)
{
    bool write = strcmp(operation, "write") == 0;
    bool has = *columns != '\0';

    return strdup(sql("WITH i AS (INSERT INTO drm.jobs (lane, tenant_id, id, device_id, protocol, operation, params, "
                      "idempotent, exclusive%s%s%s) "
                      "SELECT '%s', '%s', gen_random_uuid(), '%s', 'fake', '%s', '%s', %s, %s%s%s%s FROM "
                      "generate_series(1, %u) RETURNING id) "
                      "SELECT max(id::text) FROM i",
                      strstr(columns, "timeout_ms") ? "" : ", timeout_ms", has ? ", " : "", columns, b.lane, b.tenant,
                      b.device, operation, params, write ? "false" : "true", write ? "true" : "false",
                      strstr(columns, "timeout_ms") ? "" : ", 60000", has ? ", " : "", values, n));
}

static char *submit(const char *operation, const char *params)
{
    return submit_many(1, operation, params, "", "");
}

static const char *status_of(const char *id)
{
    return sql("SELECT COALESCE((SELECT status FROM drm.jobs WHERE id = '%s'), (SELECT status FROM drm.job_results "
               "WHERE id = '%s'))",
               id, id);
}

static const char *error_code_of(const char *id)
{
    return sql("SELECT error->>'code' FROM drm.job_results WHERE id = '%s'", id);
}

static uint64_t wait_for_status(const char *id, const char *status, unsigned within_ms)
{
    uint64_t before = drmgmt__monotonic_ms();

    while (strcmp(status_of(id), status) != 0) {
        cr_assert_lt(drmgmt__monotonic_ms() - before, within_ms, "job is \"%s\", not \"%s\", after %u ms",
                     status_of(id), status, within_ms);
        usleep(2000);
    }
    return drmgmt__monotonic_ms() - before;
}

static long results(const char *status)
{
    return number(sql("SELECT count(*) FROM drm.job_results WHERE lane = '%s' AND status = '%s'", b.lane, status));
}

static void wait_for_results(long n, unsigned within_ms)
{
    uint64_t before = drmgmt__monotonic_ms();
    long have;

    while ((have = number(sql("SELECT count(*) FROM drm.job_results WHERE lane = '%s'", b.lane))) < n) {
        cr_assert_lt(drmgmt__monotonic_ms() - before, within_ms, "%ld of %ld results after %u ms", have, n, within_ms);
        usleep(5000);
    }
}

static void expect_each_once(long n)
{
    cr_assert_eq(number(sql("SELECT count(DISTINCT id) FROM drm.job_results WHERE lane = '%s'", b.lane)), n);
    cr_assert_eq(number(sql("SELECT count(*) FROM drm.job_results WHERE lane = '%s'", b.lane)), n);
    cr_assert_eq(number(sql("SELECT count(*) FROM drm.jobs WHERE lane = '%s'", b.lane)), 0);
}

/* ---- the good case ---- */

Test(worker, thousands_complete_exactly_once)
{
    enum { N = 5000 };

    set_up(true);
    free(submit_many(N, "echo", "{\"n\":[1,\"\\u00e4\"]}", "", ""));
    start(2000);
    wait_for_results(N, 60000);
    drmgmt_worker_stop(b.worker, 5000);
    join();
    expect_each_once(N);
    cr_assert_eq(results("completed"), N);
    cr_assert_eq(
        number(sql("SELECT count(*) FROM drm.job_results WHERE lane = '%s' AND result = params AND attempt = 1 AND "
                   "finished_at >= started_at",
                   b.lane)),
        N);
    drmgmt_worker_stats s = stats();
    cr_assert_eq(s.claimed, N);
    cr_assert_eq(s.completed, N);
    cr_assert_eq(s.failed + s.cancelled + s.refused, 0);
    cr_assert(s.claims >= N / DRMGMT__CLAIM_MAX && s.claims < N / 4, "%lu claims", (unsigned long)s.claims);
    tear_down();
}

Test(worker, the_bell_is_heard)
{
    set_up(true);
    start(10);
    while (!stats().claims)
        usleep(1000);
    usleep(300000);
    for (int i = 0; i < 5; i++) {
        char *id = submit("echo", "{}");
        drmgmt__publish_bell(b.context->publisher, b.lane);
        cr_assert_lt(wait_for_status(id, "completed", 5000), 850); /* by itself it looks 900 ms later */
        usleep(100000);
        free(id);
    }
    stop_and_tear_down();
}

Test(worker, without_redis_it_looks_by_itself)
{
    set_up(false);
    start(10);
    for (int i = 0; i < 3; i++) {
        char *id = submit("echo", "{}");
        wait_for_status(id, "completed", 5000);
        free(id);
    }
    stop_and_tear_down();
}

Test(worker, watchers_see_it_run_and_end)
{
    drmgmt_subscription *subscription = NULL;
    drmgmt_event event;
    char seen[128] = "";

    set_up(true);
    drmgmt_session *session = open_session(b.context);
    start(10);
    /* Of all jobs, before it is submitted: its first event must not be missed. */
    cr_assert_eq(drmgmt_subscribe(session, NULL, NULL, &subscription, NULL), 0);
    char *id = submit("progress", "{\"ms\":300,\"steps\":3}");
    for (bool done = false; !done;) {
        cr_assert_eq(drmgmt_subscription_next(subscription, 10000, &event, NULL), 1);
        json_t *data = json_loads(event.data ? event.data : "null", JSON_DECODE_ANY, NULL);
        if (strcmp(event.job_id, id) == 0) {
            const char *status = json_string_value(json_object_get(data, "status"));
            snprintf(seen + strlen(seen), sizeof seen - strlen(seen), "%s%s ", status ? status : "?",
                     json_object_get(data, "progress") ? "%" : "");
            cr_assert_str_eq(json_string_value(json_object_get(data, "job_id")), id);
            done = event.kind == DRMGMT_EVENT_DONE;
        }
        json_decref(data);
        drmgmt_event_clear(&event);
    }
    cr_assert_str_eq(seen, "running running% completed ");
    drmgmt_subscription_free(subscription);
    drmgmt_session_close(session);
    free(id);
    stop_and_tear_down();
}

Test(worker, no_more_run_than_there_are_slots)
{
    enum { N = 60, SLOTS = 7 };
    long most = 0;

    set_up(true);
    free(submit_many(N, "sleep", "{\"ms\":60}", "", ""));
    start(SLOTS);
    for (uint64_t before = drmgmt__monotonic_ms(); stats().completed < N; usleep(3000)) {
        long running = number(sql("SELECT count(*) FROM drm.jobs WHERE lane = '%s' AND status = 'running'", b.lane));
        most = running > most ? running : most;
        cr_assert_leq(stats().in_flight, SLOTS);
        cr_assert_lt(drmgmt__monotonic_ms() - before, 60000);
    }
    /* Those whose results are on their way to the database count as running there. */
    cr_assert(most >= SLOTS && most <= 2 * SLOTS, "%ld", most);
    stop_and_tear_down();
}

/* ---- the other ends ---- */

Test(worker, what_does_not_end_is_timed_out)
{
    set_up(true);
    char *read = submit_many(1, "sleep", "{\"ms\":80000000}", "timeout_ms", "200");
    char *write = submit_many(1, "write", "{\"value\":1,\"ms\":80000000}", "timeout_ms", "200");
    start(10);
    wait_for_status(read, "failed", 10000);
    cr_assert_str_eq(error_code_of(read), "timeout");
    cr_assert_str_eq(sql("SELECT error->>'retryable' FROM drm.job_results WHERE id = '%s'", read), "true");
    wait_for_status(write, "uncertain", 10000);
    cr_assert_str_eq(error_code_of(write), "timeout");
    cr_assert_eq(number(sql("SELECT count(*) FROM drm.job_results WHERE id = '%s' AND finished_at - started_at BETWEEN "
                            "interval '190 ms' AND interval '5 s'",
                            read)),
                 1);
    free(read);
    free(write);
    stop_and_tear_down();
}

Test(worker, a_running_job_is_cancelled)
{
    set_up(true);
    char *hinted = submit("sleep", "{\"ms\":60000}"), *beaten = submit("sleep", "{\"ms\":60000}");
    start(10);
    wait_for_status(hinted, "running", 10000);
    wait_for_status(beaten, "running", 10000);
    drmgmt__publish_cancel(b.context->publisher, hinted);
    cr_assert_lt(wait_for_status(hinted, "cancelled", 5000), 4000); /* the next beat comes after 5 s */
    cr_assert_str_eq(status_of(beaten), "running");
    sql("UPDATE drm.jobs SET cancel_requested = true WHERE id = '%s'", beaten);
    wait_for_status(beaten, "cancelled", 5000);
    wait_for_count(cancelled, 2);
    free(hinted);
    free(beaten);
    stop_and_tear_down();
}

Test(worker, what_may_be_repeated_is_repeated_then_dead)
{
    set_up(true);
    char *once = submit("fail", "{\"code\":\"refused\",\"message\":\"no\",\"retryable\":true}");
    char *never = submit_many(1, "fail", "{\"code\":\"bad\"}", "max_attempts", "5");
    char *twice = submit_many(1, "fail", "{\"code\":\"refused\",\"retryable\":true}", "max_attempts", "2");
    start(10);
    wait_for_status(once, "failed", 10000);
    cr_assert_str_eq(sql("SELECT error->>'message' FROM drm.job_results WHERE id = '%s'", once), "no");
    wait_for_status(never, "failed", 10000);
    wait_for_status(twice, "waiting", 10000);
    wait_for_status(twice, "dead", 20000);
    cr_assert_str_eq(error_code_of(twice), "refused");
    cr_assert_eq(number(sql("SELECT attempt FROM drm.job_results WHERE id = '%s'", twice)), 2);
    wait_for_count(failed, 4);
    free(once);
    free(never);
    free(twice);
    stop_and_tear_down();
}

Test(worker, one_writing_job_at_a_time_a_device)
{
    enum { N = 12 };

    set_up(true);
    free(submit_many(N, "write", "{\"value\":1,\"ms\":30}", "", ""));
    free(submit_many(N, "sleep", "{\"ms\":30}", "", ""));
    start(100);
    wait_for_results(2 * N, 30000);
    expect_each_once(2 * N);
    cr_assert_eq(
        number(sql("SELECT count(*) FROM drm.job_results x JOIN drm.job_results y ON x.id < y.id AND x.lane = y.lane "
                   "AND x.started_at < y.finished_at AND y.started_at < x.finished_at "
                   "WHERE x.lane = '%s' AND x.operation = 'write' AND y.operation = 'write'",
                   b.lane)),
        0);
    /* The next one does not wait for somebody to look. */
    cr_assert_eq(
        number(sql(
            "SELECT (max(finished_at) - min(started_at) < interval '6 s')::int FROM drm.job_results WHERE lane = '%s'",
            b.lane)),
        1);
    stop_and_tear_down();
}

Test(worker, what_cannot_be_done_is_told)
{
    set_up(true);
    char *large = submit("echo", "{}"), *protocol = submit("echo", "{}"), *operation = submit("explode", "{}"),
         *odd = submit("sleep", "{}");
    sql("UPDATE drm.jobs SET params = jsonb_build_object('x', repeat('x', 1100000)) WHERE id = '%s'", large);
    sql("UPDATE drm.jobs SET protocol = 'gopher' WHERE id = '%s'", protocol);
    sql("UPDATE drm.jobs SET params = '[1, null, {\"ms\": \"soon\"}]' WHERE id = '%s'", odd);
    start(10);
    wait_for_results(4, 10000);
    cr_assert_str_eq(status_of(large), "failed");
    cr_assert_str_eq(error_code_of(large), "too-large");
    cr_assert_str_eq(error_code_of(protocol), "unsupported");
    cr_assert_str_eq(error_code_of(operation), "unsupported");
    cr_assert_str_eq(status_of(odd), "completed");
    free(large);
    free(protocol);
    free(operation);
    free(odd);
    stop_and_tear_down();
}

Test(worker, a_secret_that_does_not_open_is_a_failure_without_a_word_of_it)
{
    drmgmt_record *credential = NULL;
    char name[120];

    set_up(true);
    drmgmt_session *session = open_session(b.context);
    snprintf(name, sizeof name, "{\"name\":\"%s\",\"snmp_version\":\"2c\",\"community\":\"open-sesame\"}", b.lane);
    drmgmt_draft *draft = draft_of("snmp_credential", name);
    cr_assert_eq(drmgmt_snmp_credential_create(session, draft, &credential, NULL), 0);
    sql("INSERT INTO drm.device_protocol_profiles (tenant_id, device_id, protocol, snmp_credential_id) VALUES ('%s', "
        "'%s', 'fake', '%s')",
        b.tenant, b.device, drmgmt_record_id(credential));
    char *good = submit("echo", "{}");
    start(10);
    wait_for_status(good, "completed", 10000);
    sql("UPDATE drm.snmp_credentials SET community = set_byte(community, octet_length(community) - 1, "
        "get_byte(community, octet_length(community) - 1) # 1) WHERE id = '%s'",
        drmgmt_record_id(credential));
    char *changed = submit("echo", "{}");
    wait_for_status(changed, "failed", 10000);
    cr_assert_str_eq(error_code_of(changed), "credential");
    sql("UPDATE drm.snmp_credentials SET community = decode(repeat('ff', 5000), 'hex') WHERE id = '%s'",
        drmgmt_record_id(credential));
    char *huge = submit("echo", "{}");
    wait_for_status(huge, "failed", 10000);
    cr_assert_str_eq(error_code_of(huge), "credential");
    cr_assert_eq(number(sql("SELECT count(*) FROM drm.job_results WHERE lane = '%s' AND (error::text LIKE '%%sesame%%' "
                            "OR error::text LIKE '%%\\x%%')",
                            b.lane)),
                 0);
    free(good);
    free(changed);
    free(huge);
    drmgmt_draft_free(draft);
    drmgmt_record_free(credential);
    drmgmt_session_close(session);
    stop_and_tear_down();
}

/* ---- stopping ---- */

Test(worker, a_stop_lets_finish_then_gives_back)
{
    drmgmt__worker_timing seldom = quick;

    set_up(true);
    char *brief = submit("sleep", "{\"ms\":400}"), *lasting = submit("sleep", "{\"ms\":60000}");
    char *write = submit("write", "{\"value\":1,\"ms\":60000}"), *unwanted = submit("sleep", "{\"ms\":60000}");
    seldom.beat_ms = 60000;
    start_with(10, &seldom);
    while (stats().in_flight < 4)
        usleep(1000);
    sql("UPDATE drm.jobs SET cancel_requested = true WHERE id = '%s'", unwanted);
    drmgmt_worker_stop(b.worker, 1000);
    usleep(50000);
    char *late = submit("echo", "{}");
    join();
    cr_assert_str_eq(status_of(brief), "completed");
    cr_assert_str_eq(status_of(lasting), "queued");
    cr_assert_str_eq(status_of(unwanted), "cancelled");
    cr_assert_str_eq(status_of(late), "queued");
    cr_assert_str_eq(status_of(write), "uncertain");
    cr_assert_str_eq(error_code_of(write), "worker-stopped");
    cr_assert_eq(number(sql("SELECT count(*) FROM drm.jobs WHERE lane = '%s' AND worker_id IS NOT NULL", b.lane)), 0);
    cr_assert_eq(number(sql("SELECT count(*) FROM drm.workers WHERE lane = '%s' AND alive", b.lane)), 0);
    free(brief);
    free(lasting);
    free(write);
    free(unwanted);
    free(late);
    tear_down();
}

Test(worker, a_second_stop_ends_the_grace)
{
    set_up(true);
    free(submit_many(300, "sleep", "{\"ms\":60000}", "", ""));
    start(200);
    while (stats().in_flight < 200)
        usleep(5000);
    uint64_t before = drmgmt__monotonic_ms();
    drmgmt_worker_stop(b.worker, 60000);
    usleep(200000);
    drmgmt_worker_stop(b.worker, 0);
    join();
    cr_assert_lt(drmgmt__monotonic_ms() - before, 10000);
    cr_assert_eq(number(sql("SELECT count(*) FROM drm.jobs WHERE lane = '%s' AND status = 'queued'", b.lane)), 300);
    tear_down();
}

/* ---- what may go wrong ---- */

Test(worker, a_lost_lease_costs_its_results_and_nothing_else)
{
    enum { N = 200 };

    set_up(true);
    free(submit_many(N, "sleep", "{\"ms\":1500}", "", ""));
    start(1000);
    while (stats().in_flight < N)
        usleep(2000);
    char first[37];
    snprintf(first, sizeof first, "%s", drmgmt_worker_id(b.worker));
    sql("UPDATE drm.workers SET alive = false, ended_at = now() WHERE id = '%s'", first);
    wait_for_results(N, 60000);
    drmgmt_worker_stop(b.worker, 5000);
    join();
    expect_each_once(N);
    drmgmt_worker_stats s = stats();
    cr_assert_eq(s.refused, N);
    cr_assert_eq(s.completed, N);
    cr_assert_eq(s.claimed, 2 * N);
    cr_assert_eq(
        number(sql("SELECT count(*) FROM drm.job_results WHERE lane = '%s' AND attempt = 2 AND worker_id <> '%s'",
                   b.lane, first)),
        N);
    cr_assert_eq(number(sql("SELECT count(*) FROM drm.workers WHERE lane = '%s'", b.lane)), 2);
    tear_down();
}

/* The results themselves meet the closed door first, before any heartbeat tells. */
Test(worker, refused_results_tell_of_the_lost_lease)
{
    drmgmt__worker_timing seldom = quick;

    set_up(true);
    char *id = submit("sleep", "{\"ms\":500}");
    seldom.beat_ms = 60000;
    start_with(10, &seldom);
    wait_for_status(id, "running", 10000);
    sql("UPDATE drm.workers SET alive = false, ended_at = now() WHERE lane = '%s'", b.lane);
    sql("UPDATE drm.jobs SET status = 'queued', worker_id = NULL WHERE id = '%s'", id);
    wait_for_status(id, "completed", 20000);
    for (int left = 5000; !stats().refused && left; left--)
        usleep(1000);
    cr_assert_geq(stats().refused, 1);
    cr_assert_eq(number(sql("SELECT count(*) FROM drm.workers WHERE lane = '%s'", b.lane)), 2);
    expect_each_once(1);
    free(id);
    stop_and_tear_down();
}

Test(worker, lost_connections_lose_and_double_nothing)
{
    enum { N = 4000 };
    drmgmt__worker_timing often = quick;

    set_up(true);
    often.recover_ms = 500;
    free(submit_many(N, "echo", "{\"n\":1}", "", ""));
    start_with(300, &often);
    for (int i = 0; i < 20; i++) {
        sql("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = '%s'", b.lane);
        usleep(20000);
    }
    wait_for_results(N, 60000);
    drmgmt_worker_stop(b.worker, 5000);
    join();
    expect_each_once(N);
    cr_assert_eq(results("completed"), N);
    tear_down();
}

/* The answer to a claim was lost: the database believes that this worker has the job. */
static char *submit_unheard(const char *operation, const char *params)
{
    return submit_many(1, operation, params, "worker_id, status, attempt",
                       sql("SELECT format('%%L::uuid, ''running'', 1', '%s')", drmgmt_worker_id(b.worker)));
}

Test(worker, a_job_it_never_heard_of_is_given_back)
{
    drmgmt__worker_timing often = quick;

    set_up(true);
    often.recover_ms = 300;
    char *known = submit("sleep", "{\"ms\":1500}");
    start_with(10, &often);
    wait_for_status(known, "running", 10000);
    char *unknown = submit_unheard("echo", "{}");
    wait_for_status(unknown, "completed", 20000);
    wait_for_status(known, "completed", 20000);
    cr_assert_eq(number(sql("SELECT attempt FROM drm.job_results WHERE id = '%s'", unknown)), 2);
    cr_assert_eq(number(sql("SELECT attempt FROM drm.job_results WHERE id = '%s'", known)), 1);
    free(known);
    free(unknown);
    stop_and_tear_down();
}

/* The same when it stops before it looked: what never began is not left for the reaper, which would call it uncertain.
 */
Test(worker, a_stop_gives_back_what_it_never_heard_of)
{
    drmgmt__worker_timing seldom = quick;

    set_up(true);
    seldom.recover_ms = 600000;
    char *known = submit("sleep", "{\"ms\":60000}");
    start_with(10, &seldom);
    wait_for_status(known, "running", 10000);
    char *unknown = submit_unheard("write", "{\"value\":1}");
    drmgmt_worker_stop(b.worker, 100);
    join();
    cr_assert_str_eq(status_of(unknown), "queued");
    cr_assert_str_eq(status_of(known), "queued");
    cr_assert_eq(number(sql("SELECT count(*) FROM drm.jobs WHERE lane = '%s' AND worker_id IS NOT NULL", b.lane)), 0);
    free(known);
    free(unknown);
    tear_down();
}

/* A statement that never ends in time would be tried again for ever. */
Test(worker, a_finish_statement_is_bounded)
{
    static char large[DRMGMT_RESULT_BYTES_MAX + 1];
    drmgmt__finish items[2 * DRMGMT__FINISH_MAX] = { 0 };

    memset(large, '1', DRMGMT_RESULT_BYTES_MAX);
    cr_assert_eq(drmgmt__results_batch(items, 1), 1);
    cr_assert_eq(drmgmt__results_batch(items, 2 * DRMGMT__FINISH_MAX), DRMGMT__FINISH_MAX);
    for (size_t i = 0; i < 2 * DRMGMT__FINISH_MAX; i++)
        items[i].result = large;
    cr_assert_eq(drmgmt__results_batch(items, 2 * DRMGMT__FINISH_MAX), 4);
    cr_assert_eq(drmgmt__results_batch(items, 3), 3);
}

Test(worker, a_silent_worker_is_given_up)
{
    drmgmt__worker_timing seldom = quick;
    char dead[64];

    set_up(true);
    seldom.due_ms = 60000;
    snprintf(dead, sizeof dead, "%s",
             sql("INSERT INTO drm.workers (id, host, pid, version, lane, slots, beat_at) VALUES "
                 "(gen_random_uuid(), 'gone', 1, '0', '%s', 1, now() - interval '31 s') RETURNING id",
                 b.lane));
    char values[128];
    snprintf(values, sizeof values, "'%s', 'running', 1", dead);
    char *read = submit_many(1, "echo", "{}", "worker_id, status, attempt", values);
    char *write = submit_many(1, "write", "{\"value\":1}", "worker_id, status, attempt", values);
    start_with(10, &seldom);
    wait_for_status(write, "uncertain", 20000);
    cr_assert_str_eq(error_code_of(write), "worker-lost");
    wait_for_status(read, "waiting", 20000);
    sql("UPDATE drm.jobs SET status = 'queued' WHERE id = '%s'", read);
    wait_for_status(read, "completed", 20000);
    cr_assert_eq(number(sql("SELECT attempt FROM drm.job_results WHERE id = '%s'", read)), 2);
    free(read);
    free(write);
    stop_and_tear_down();
}

Test(worker, two_share_the_work)
{
    enum { N = 3000 };
    drmgmt_worker *other = NULL;
    struct bench first;

    set_up(true);
    free(submit_many(N, "sleep", "{\"ms\":5}", "", ""));
    start(200);
    first = b;
    start(200);
    other = first.worker;
    wait_for_results(N, 60000);
    drmgmt_worker_stop(other, 5000);
    pthread_join(first.thread, NULL);
    drmgmt_worker_stop(b.worker, 5000);
    join();
    expect_each_once(N);
    drmgmt_worker_stats s;
    drmgmt_worker_stats_get(other, &s);
    cr_assert_eq(s.completed + stats().completed, N);
    drmgmt_worker_free(other);
    tear_down();
}

/* ---- what it is not started with ---- */

Test(worker, bad_arguments_are_refused)
{
    drmgmt_worker *worker = NULL;
    drmgmt_error *error = NULL;
    char lane[100];

    set_up(true);
    memset(lane, 'x', sizeof lane);
    lane[99] = '\0';
    const struct {
        const char *lane;
        unsigned slots;
    } rows[] = { { "default", 0 }, { "default", 100001 }, { "", 1 }, { NULL, 1 }, { lane, 1 }, { "\xff", 1 } };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cr_assert_eq(drmgmt_worker_new(b.context, rows[i].lane, rows[i].slots, &worker, &error), DRMGMT_ERR_INVALID);
        cr_assert_not_null(drmgmt_error_field(error));
        drmgmt_error_free(error);
    }
    drmgmt_worker_free(NULL);
    drmgmt_context_free(b.context);
    drmgmt_options *o = drmgmt_options_new();
    drmgmt_options_set_database_url(o, from_env("DRM_APP_DATABASE_URL"));
    cr_assert_eq(drmgmt_context_new(o, &b.context, NULL), 0);
    drmgmt_options_free(o);
    cr_assert_eq(drmgmt_worker_new(b.context, "default", 1, &worker, &error), DRMGMT_ERR_INVALID);
    cr_assert_str_eq(drmgmt_error_field(error), "keyring_file");
    drmgmt_error_free(error);
    tear_down();
}

Test(worker, a_foreign_keyring_ends_it_with_an_error)
{
    char path[] = "/tmp/keyring-XXXXXX";
    bool created = false;

    set_up(true);
    int fd = mkstemp(path);
    close(fd);
    unlink(path);
    cr_assert_eq(drmgmt__keyring_create(path, &created, NULL), 0);
    drmgmt_context_free(b.context);
    b.context = context_of(path, from_env("DRM_APP_DATABASE_URL"), true);
    unlink(path);
    start(10);
    pthread_join(b.thread, NULL);
    cr_assert_eq(b.rc, DRMGMT_ERR_UNAUTHENTICATED, "%d %s", b.rc, drmgmt_error_message(b.error));
    drmgmt_error_free(b.error);
    tear_down();
}

Test(worker, without_a_database_it_waits_and_can_be_stopped)
{
    set_up(true);
    drmgmt_context_free(b.context);
    b.context = context_of(from_env("DRM_KEYRING"), "postgresql://nobody@/none?host=/nonexistent", true);
    start(10);
    usleep(500000);
    cr_assert_str_eq(drmgmt_worker_id(b.worker), "");
    uint64_t before = drmgmt__monotonic_ms();
    drmgmt_worker_stop(b.worker, 60000);
    join();
    cr_assert_lt(drmgmt__monotonic_ms() - before, 5000);
    tear_down();
}
