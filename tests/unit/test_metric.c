/* What workers and trap listeners count, from memory through the database to the text of /metrics; and by which codes.
 * needs: postgres migrated */
#include "auth/auth.h"
#include "domain_support.h"
#include "metric/metric.h"
#include "proto/registry.h"
#include "proto/snmp/security.h"
#include "proto/snmp/snmp.h"
#include "queries.h"
#include "worker/engine.h"
#include <libpq-fe.h>
#include <limits.h>
#include <stdio.h>

/* Each test has a lane of its own: they run side by side on one database. */
static struct {
    drmgmt_context *context;
    drmgmt_session *system;
    PGconn *admin;
    char lane[64];
    const char *labels[1];
} f;

static void set_up(void)
{
    drmgmt_error *error = NULL;
    char id[DRMGMT__UUID_SIZE];

    f.context = open_context(true);
    cr_assert_eq(drmgmt__session_open_system(f.context, "worker", &f.system, &error), 0, "%s",
                 drmgmt_error_message(error));
    f.admin = PQconnectdb(from_env("DRM_ADMIN_DATABASE_URL"));
    cr_assert_eq(PQstatus(f.admin), CONNECTION_OK, "%s", PQerrorMessage(f.admin));
    cr_assert_eq(drmgmt__uuid_v7(id), 0);
    snprintf(f.lane, sizeof f.lane, "lane-%s", id + 19);
    f.labels[0] = f.lane;
}

static void tear_down(void)
{
    PQfinish(f.admin);
    drmgmt_session_close(f.system);
    drmgmt_context_free(f.context);
}

TestSuite(metric, .init = set_up, .fini = tear_down, .timeout = 60);

static void sql(const char *text)
{
    PGresult *r = PQexec(f.admin, text);

    cr_assert_eq(PQresultStatus(r), PGRES_COMMAND_OK, "%s: %s", text, PQerrorMessage(f.admin));
    PQclear(r);
}

/* The value of "name{lane="LANE"MORE}" in the text; -1: there is no such line. */
static double value_of(const char *name, const char *lane, const char *more)
{
    char *text = NULL, wanted[512];
    drmgmt_error *error = NULL;
    double value = -1;

    int n = snprintf(wanted, sizeof wanted, "\n%s{lane=\"%s\"%s} ", name, lane, more);
    cr_assert(n > 0 && (size_t)n < sizeof wanted);
    cr_assert_eq(drmgmt_metrics_text(f.context, &text, NULL, &error), 0, "%s", drmgmt_error_message(error));
    const char *line = strstr(text, wanted);
    if (line) {
        value = strtod(line + n, NULL);
        cr_assert_null(strstr(line + n, wanted), "twice: %s", wanted);
    }
    drmgmt_free(text);
    return value;
}

static double jobs(void)
{
    return value_of("drm_claimed_jobs_total", f.lane, "");
}

static void tell(drmgmt__metrics *m)
{
    drmgmt_error *error = NULL;

    cr_assert_eq(drmgmt__metrics_tell(m, f.system, &error), 0, "%s", drmgmt_error_message(error));
}

static drmgmt__metrics *new_metrics(void)
{
    drmgmt__metrics *m = drmgmt__metrics_new();

    cr_assert_not_null(m);
    return m;
}

Test(metric, a_histogram_has_each_time_in_its_bucket_and_all_above)
{
    static const uint64_t times[] = { 0, 500, 501, 1000, 120000000, 120000001 };
    static const struct {
        const char *le;
        double count;
    } rows[] = {
        { ",le=\"0.0005\"", 2 }, { ",le=\"0.001\"", 4 }, { ",le=\"0.0025\"", 4 }, { ",le=\"0.01\"", 4 },
        { ",le=\"1\"", 4 },      { ",le=\"30\"", 4 },    { ",le=\"120\"", 5 },    { ",le=\"+Inf\"", 6 },
    };
    drmgmt__metrics *m = new_metrics();

    for (size_t i = 0; i < DRMGMT__COUNT(times); i++)
        drmgmt__metrics_observe(m, DRMGMT__METRIC_CLAIM, f.labels, times[i]);
    cr_assert_eq(value_of("drm_claim_seconds_count", f.lane, ""), -1, "not told yet");
    tell(m);
    for (int again = 1; again <= 2; again++) {
        for (size_t i = 0; i < DRMGMT__COUNT(rows); i++)
            cr_assert_eq(value_of("drm_claim_seconds_bucket", f.lane, rows[i].le), again * rows[i].count, "%s",
                         rows[i].le);
        cr_assert_eq(value_of("drm_claim_seconds_count", f.lane, ""), again * 6);
        cr_assert_float_eq(value_of("drm_claim_seconds_sum", f.lane, ""), again * 240.002002, 1e-6);
        for (size_t i = 0; again == 1 && i < DRMGMT__COUNT(times); i++)
            drmgmt__metrics_observe(m, DRMGMT__METRIC_CLAIM, f.labels, times[i]);
        tell(m);
    }
    drmgmt__metrics_free(m);
}

Test(metric, what_several_count_adds_up)
{
    drmgmt__metrics *one = new_metrics(), *two = new_metrics();

    drmgmt__metrics_add(one, DRMGMT__METRIC_CLAIMED, f.labels, 3);
    drmgmt__metrics_add(two, DRMGMT__METRIC_CLAIMED, f.labels, 4);
    drmgmt__metrics_add(two, DRMGMT__METRIC_CLAIMED, f.labels, 0);
    drmgmt__metrics_add(NULL, DRMGMT__METRIC_CLAIMED, f.labels, 50);
    tell(one);
    tell(two);
    tell(two);
    cr_assert_eq(jobs(), 7);
    drmgmt__metrics_set(one, DRMGMT__METRIC_CLAIMED, f.labels, 5); /* its total: 2 more */
    tell(one);
    cr_assert_eq(jobs(), 9);
    drmgmt__metrics_free(one);
    drmgmt__metrics_free(two);
    drmgmt__metrics_free(NULL);
}

Test(metric, a_label_is_escaped)
{
    const char *const labels[] = { f.lane };
    drmgmt__metrics *m = new_metrics();
    char escaped[160];

    snprintf(escaped, sizeof escaped, "%s\\\"\\\\\\n}", f.lane);
    snprintf(f.lane + strlen(f.lane), 8, "\"\\\n}");
    drmgmt__metrics_add(m, DRMGMT__METRIC_CLAIMED, labels, 2);
    tell(m);
    cr_assert_eq(value_of("drm_claimed_jobs_total", escaped, ""), 2);
    drmgmt__metrics_free(m);
}

enum { THREADS = 4, TIMES = 20000 };

static void *count(void *m)
{
    for (int i = 0; i < TIMES; i++)
        drmgmt__metrics_add(m, DRMGMT__METRIC_CLAIMED, f.labels, 1);
    return NULL;
}

Test(metric, nothing_is_lost_between_threads_and_telling)
{
    drmgmt__metrics *m = new_metrics();
    pthread_t threads[THREADS];

    for (size_t i = 0; i < THREADS; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, count, m), 0);
    for (int i = 0; i < 20; i++)
        tell(m);
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    tell(m);
    cr_assert_eq(jobs(), THREADS * TIMES);
    drmgmt__metrics_free(m);
}

/* ---- told twice, or in vain ---- */

static void send_as(const char *source, int64_t number, int count)
{
    drmgmt__params p = DRMGMT__PARAMS_INIT;
    drmgmt_error *error = NULL;
    char deltas[160];

    snprintf(deltas, sizeof deltas, "[[\"drm_claimed_jobs_total\",\"lane=\\\"%s\\\"\",[%d]]]", f.lane, count);
    drmgmt__param(&p, source);
    drmgmt__param_int(&p, number);
    drmgmt__param(&p, deltas);
    cr_assert_eq(drmgmt__run(f.system, DRMGMT_PERM_NONE, DRMGMT__WRITE | DRMGMT__REPEATABLE,
                             &drmgmt__q_sched_metrics_add, &p, NULL, &error),
                 0, "%s", drmgmt_error_message(error));
}

/* As it is sent again when its answer was lost. */
Test(metric, what_is_sent_again_counts_once)
{
    char one[DRMGMT__UUID_SIZE], two[DRMGMT__UUID_SIZE];

    cr_assert(drmgmt__uuid_v7(one) == 0 && drmgmt__uuid_v7(two) == 0);
    send_as(one, 1, 5);
    send_as(one, 1, 5);
    cr_assert_eq(jobs(), 5);
    send_as(one, 2, 5);
    send_as(one, 2, 5);
    send_as(one, 1, 5);
    cr_assert_eq(jobs(), 10);
    send_as(two, 1, 5);
    cr_assert_eq(jobs(), 15);
}

/* Has the database refuse this test's lane, and no other's. */
static void refuse_with(const char *sqlstate)
{
    char text[1024];

    snprintf(text, sizeof text,
             "DO $do$ BEGIN CREATE FUNCTION public.\"%s\"() RETURNS trigger LANGUAGE plpgsql AS"
             " $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '%s'; END $$;"
             " CREATE TRIGGER \"%s\" BEFORE INSERT ON drm.metrics FOR EACH ROW WHEN (strpos(new.labels, '%s') > 0)"
             " EXECUTE FUNCTION public.\"%s\"(); END $do$",
             f.lane, sqlstate, f.lane, f.lane, f.lane);
    sql(text);
}

static void refuse_no_more(void)
{
    char text[256];

    snprintf(text, sizeof text, "DROP FUNCTION public.\"%s\" CASCADE", f.lane);
    sql(text);
}

static void must_fail(drmgmt__metrics *m, bool retryable)
{
    drmgmt_error *error = NULL;

    cr_assert_neq(drmgmt__metrics_tell(m, f.system, &error), 0);
    cr_assert_eq(drmgmt_error_retryable(error), retryable, "%s", drmgmt_error_message(error));
    drmgmt_error_free(error);
}

Test(metric, what_the_database_could_not_take_is_told_later_and_once)
{
    drmgmt__metrics *m = new_metrics();

    refuse_with("53100"); /* its disk is full */
    drmgmt__metrics_add(m, DRMGMT__METRIC_CLAIMED, f.labels, 3);
    must_fail(m, true);
    drmgmt__metrics_add(m, DRMGMT__METRIC_CLAIMED, f.labels, 4);
    must_fail(m, true);
    cr_assert_eq(jobs(), -1);
    refuse_no_more();
    tell(m);
    cr_assert_eq(jobs(), 3, "what was to be told first");
    tell(m);
    tell(m);
    cr_assert_eq(jobs(), 7);
    drmgmt__metrics_free(m);
}

Test(metric, what_the_database_will_never_take_is_given_up)
{
    drmgmt__metrics *m = new_metrics();

    refuse_with("22023");
    drmgmt__metrics_add(m, DRMGMT__METRIC_CLAIMED, f.labels, 3);
    must_fail(m, false);
    refuse_no_more();
    drmgmt__metrics_add(m, DRMGMT__METRIC_CLAIMED, f.labels, 4);
    tell(m);
    cr_assert_eq(jobs(), 4);
    drmgmt__metrics_free(m);
}

/* ---- codes ---- */

/* The label lives on when the driver's text does not. */
static const char *label_of(const drmgmt_driver *driver, const char *code)
{
    char copy[64];

    snprintf(copy, sizeof copy, "%s", code);
    const char *label = drmgmt__worker_code(driver, copy);
    cr_assert_neq(label, copy);
    return label;
}

Test(metric_codes, what_is_not_known_is_other)
{
    static const drmgmt_driver bare = { .name = "bare" };
    const drmgmt_driver *const drivers[] = { NULL, &bare, &drmgmt__driver_fake, &drmgmt__driver_snmp };

    for (size_t i = 0; i < DRMGMT__COUNT(drivers); i++) {
        cr_assert_str_eq(drmgmt__worker_code(drivers[i], NULL), "", "it did not fail");
        cr_assert_str_eq(label_of(drivers[i], "timeout"), "timeout");
        cr_assert_str_eq(label_of(drivers[i], "made-up-by-a-tenant"), "other");
        cr_assert_str_eq(label_of(drivers[i], "Timeout"), "other");
        cr_assert_str_eq(label_of(drivers[i], "time"), "other");
        cr_assert_str_eq(label_of(drivers[i], ""), "other");
        cr_assert_str_eq(label_of(drivers[i], "other"), "other");
        cr_assert_str_eq(label_of(drivers[i], "unreachable"), i < 2 ? "other" : "unreachable");
        cr_assert_str_eq(label_of(drivers[i], "noSuchName"), i < 3 ? "other" : "noSuchName");
    }
}

/* What agents refuse with: each error-status (result.c), then each report (security.c), no more and no fewer. */
Test(metric_codes, of_snmp_are_those_that_agents_tell)
{
    const drmgmt__snmp_status *unknown = drmgmt__snmp_status_of(LONG_MAX);
    const char *const *code = drmgmt__driver_snmp.codes;
    size_t statuses = 0, reports = 0;

    while (*code && strcmp(*code, drmgmt__snmp_status_of(1)->name) != 0)
        code++;
    for (long i = 1; drmgmt__snmp_status_of(i) != unknown; i++, code++, statuses++) {
        cr_assert_not_null(*code, "%s is missing", drmgmt__snmp_status_of(i)->name);
        cr_assert_str_eq(*code, drmgmt__snmp_status_of(i)->name);
    }
    for (size_t i = 0; drmgmt__snmp_refusal_at(i); i++, code++, reports++) {
        cr_assert_not_null(*code, "%s is missing", drmgmt__snmp_refusal_at(i)->code);
        cr_assert_str_eq(*code, drmgmt__snmp_refusal_at(i)->code);
    }
    cr_assert_null(*code, "%s: no agent says so", *code);
    cr_assert_eq(statuses, 18u);
    cr_assert_eq(reports, 8u);
    cr_assert_str_eq(label_of(&drmgmt__driver_snmp, unknown->name), unknown->name);
}
