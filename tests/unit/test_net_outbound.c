/* Rules on their way from the database to policies: read for many tenants at once, kept, read anew, and the system's
 * own servers found. */
/* needs: postgres migrated */
#include "environment.h"
#include "net/outbound.h"
#include "net_support.h"
#include "store/owner.h"
#include "store/store.h"
#include <pthread.h>
#include <stdio.h>

static drmgmt_context *context;
static drmgmt_session *worker;
static char tenants[40][37];

static void admin(const char *sql, char out[64])
{
    DRMGMT__OWNER drmgmt__owner *owner = NULL;
    DRMGMT__ROWS drmgmt__rows *rows = NULL;
    drmgmt_error *error = NULL;
    int rc = drmgmt__owner_open(from_env("DRM_ADMIN_DATABASE_URL"), &owner, &error);

    if (!rc)
        rc = drmgmt__owner_exec(owner, sql, NULL, &rows, &error);
    cr_assert_eq(rc, 0, "%s: %s", sql, drmgmt_error_message(error));
    if (out)
        snprintf(out, 64, "%s", drmgmt__rows_text(rows, 0, 0));
}

static void allow(const char *tenant, const char *cidr)
{
    char sql[400];

    snprintf(sql, sizeof sql,
             "INSERT INTO drm.outbound_rules (tenant_id, id, cidr) VALUES ('%.64s', gen_random_uuid(), '%.64s')",
             tenant, cidr);
    admin(sql, NULL);
}

/* Tenant i may reach 10.i.0.0/16, but for every third, which has no rule. Other tests run at the same time, with
 * tenants of their own. */
static void setup(void)
{
    DRMGMT__OWNER drmgmt__owner *owner = NULL;
    DRMGMT__ROWS drmgmt__rows *rows = NULL;
    static const char sql[] =
        "WITH made AS (INSERT INTO drm.tenants (tenant_id, name) SELECT u, u::text"
        " FROM (SELECT gen_random_uuid() u FROM generate_series(1, 40)) x RETURNING tenant_id),"
        " numbered AS (SELECT tenant_id, row_number() OVER () - 1 AS i FROM made),"
        " ruled AS (INSERT INTO drm.outbound_rules (tenant_id, id, cidr) SELECT tenant_id, gen_random_uuid(),"
        " ('10.' || i || '.0.0/16')::cidr FROM numbered WHERE i % 3 <> 0)"
        " SELECT tenant_id FROM numbered ORDER BY i";

    cr_assert_eq(drmgmt__owner_open(from_env("DRM_ADMIN_DATABASE_URL"), &owner, NULL), 0);
    cr_assert_eq(drmgmt__owner_exec(owner, sql, NULL, &rows, NULL), 0);
    cr_assert_eq(drmgmt__rows_count(rows), DRMGMT__COUNT(tenants));
    for (size_t i = 0; i < DRMGMT__COUNT(tenants); i++)
        snprintf(tenants[i], sizeof tenants[i], "%s", drmgmt__rows_text(rows, i, 0));
    context = open_context(true);
    cr_assert_eq(drmgmt__session_open_system(context, "worker", &worker, NULL), 0);
}

static void teardown(void)
{
    drmgmt_session_close(worker);
    drmgmt_context_free(context);
}

TestSuite(outbound, .init = setup, .fini = teardown, .timeout = 120);

static void drop(drmgmt__net_policy **policies, size_t n)
{
    for (size_t i = 0; i < n; i++)
        drmgmt__net_policy_unref(policies[i]);
}

Test(outbound, each_tenant_has_its_own_rules)
{
    enum { N = 80 };
    const char *asked[N];
    drmgmt__net_policy *policies[N], *again[N];

    for (size_t i = 0; i < N; i++) /* each twice, not in order */
        asked[i] = tenants[(i * 7) % DRMGMT__COUNT(tenants)];
    cr_assert_eq(drmgmt__outbound_get(worker, asked, N, policies, NULL), 0);
    cr_assert_eq(drmgmt__outbound_get(worker, asked, N, again, NULL), 0);
    for (size_t i = 0; i < N; i++) {
        size_t tenant = (i * 7) % DRMGMT__COUNT(tenants);
        char address[32];
        cr_assert_eq(policies[i], again[i]);
        for (size_t k = 0; k < DRMGMT__COUNT(tenants); k++) {
            snprintf(address, sizeof address, "10.%zu.1.1", k);
            cr_assert_eq(decide(policies[i], address, 161, DRMGMT__NET_UDP) == DRMGMT__NET_RULED,
                         k == tenant && k % 3 != 0);
        }
    }
    drop(policies, N);
    drop(again, N);
}

Test(outbound, changes_reach_policies_that_are_held)
{
    const char *asked[] = { tenants[0], tenants[1] };
    drmgmt__net_policy *policies[2];
    char sql[128];

    cr_assert_eq(drmgmt__outbound_get(worker, asked, 2, policies, NULL), 0);
    cr_assert_eq(decide(policies[0], "192.168.7.7", 161, DRMGMT__NET_UDP), DRMGMT__NET_NO_RULE);
    cr_assert_eq(decide(policies[1], "10.1.1.1", 161, DRMGMT__NET_UDP), DRMGMT__NET_RULED);
    allow(tenants[0], "192.168.0.0/16");
    snprintf(sql, sizeof sql, "DELETE FROM drm.outbound_rules WHERE tenant_id = '%.36s'", tenants[1]);
    admin(sql, NULL);
    usleep(2000); /* the next reading is a later one */
    cr_assert_eq(drmgmt__outbound_refresh(worker, NULL), 0);
    cr_assert_eq(decide(policies[0], "192.168.7.7", 161, DRMGMT__NET_UDP), DRMGMT__NET_RULED);
    cr_assert_eq(decide(policies[1], "10.1.1.1", 161, DRMGMT__NET_UDP), DRMGMT__NET_NO_RULE);
    drop(policies, 2);
}

Test(outbound, a_tenant_that_is_gone_has_no_rules)
{
    const char *asked[] = { "0192d2a4-58b1-7c3e-9f00-3b5a7d1e2c4f" };
    drmgmt__net_policy *policy;

    cr_assert_eq(drmgmt__outbound_get(worker, asked, 1, &policy, NULL), 0);
    cr_assert_eq(decide(policy, "10.0.0.1", 161, DRMGMT__NET_UDP), DRMGMT__NET_NO_RULE);
    cr_assert_eq(decide(policy, "8.8.8.8", 161, DRMGMT__NET_UDP), DRMGMT__NET_PUBLIC);
    drmgmt__net_policy_unref(policy);
}

Test(outbound, the_database_is_nobodys_to_reach)
{
    const char *asked[] = { tenants[1] };
    drmgmt__net_policy *policy;
    char port[64];

    admin("SHOW port", port);
    allow(tenants[1], "127.0.0.0/8");
    cr_assert_eq(drmgmt__outbound_get(worker, asked, 1, &policy, NULL), 0);
    cr_assert_eq(decide(policy, "127.0.0.1", (uint16_t)atoi(port), DRMGMT__NET_TCP), DRMGMT__NET_NEVER);
    cr_assert_eq(decide(policy, "127.3.2.1", (uint16_t)atoi(port), DRMGMT__NET_UDP), DRMGMT__NET_NEVER);
    cr_assert_eq(decide(policy, "127.0.0.1", 1, DRMGMT__NET_TCP), DRMGMT__NET_RULED);
    drmgmt__net_policy_unref(policy);
}

Test(outbound, without_the_database_nothing_is_given)
{
    drmgmt_options *options = drmgmt_options_new();
    drmgmt_context *lost = NULL;
    drmgmt_session *session = NULL;
    drmgmt_error *error = NULL;
    const char *asked[] = { tenants[0], tenants[1], tenants[0] };
    drmgmt__net_policy *policies[3];

    cr_assert_eq(drmgmt_options_set_database_url(options, "postgresql://drm_app@127.0.0.1:1/drm"), 0);
    cr_assert_eq(drmgmt_options_set_keyring_file(options, from_env("DRM_KEYRING")), 0);
    cr_assert_eq(drmgmt_context_new(options, &lost, NULL), 0);
    drmgmt_options_free(options);
    cr_assert_eq(drmgmt__session_open_system(lost, "worker", &session, NULL), 0);
    cr_assert_eq(drmgmt__outbound_get(session, asked, 3, policies, &error), DRMGMT_ERR_UNAVAILABLE);
    for (size_t i = 0; i < 3; i++)
        cr_assert_null(policies[i]);
    drmgmt_error_free(error);
    drmgmt_session_close(session);
    drmgmt_context_free(lost);
}

static void *get_and_refresh(void *user)
{
    drmgmt_session *session = NULL;
    const char *asked[DRMGMT__COUNT(tenants)];
    drmgmt__net_policy *policies[DRMGMT__COUNT(tenants)];
    size_t first = (size_t)(uintptr_t)user;

    cr_assert_eq(drmgmt__session_open_system(context, "worker", &session, NULL), 0);
    for (size_t i = 0; i < DRMGMT__COUNT(tenants); i++)
        asked[i] = tenants[(first + i) % DRMGMT__COUNT(tenants)];
    for (size_t k = 0; k < 50; k++) {
        cr_assert_eq(drmgmt__outbound_get(session, asked, DRMGMT__COUNT(asked), policies, NULL), 0);
        for (size_t i = 0; i < DRMGMT__COUNT(tenants); i++) {
            char address[32];
            size_t tenant = (first + i) % DRMGMT__COUNT(tenants);
            snprintf(address, sizeof address, "10.%zu.1.1", tenant);
            cr_assert_eq(decide(policies[i], address, 161, DRMGMT__NET_UDP) == DRMGMT__NET_RULED, tenant % 3 != 0);
        }
        cr_assert_eq(drmgmt__outbound_refresh(session, NULL), 0);
        drop(policies, DRMGMT__COUNT(policies));
    }
    drmgmt_session_close(session);
    return NULL;
}

Test(outbound, many_threads)
{
    pthread_t threads[4];

    for (size_t i = 0; i < DRMGMT__COUNT(threads); i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, get_and_refresh, (void *)(uintptr_t)(i * 9)), 0);
    for (size_t i = 0; i < DRMGMT__COUNT(threads); i++)
        pthread_join(threads[i], NULL);
}

/* ---- hosts of a connection string ---- */

static char listed[256];

static void list(void *user, const char *host, const char *port)
{
    (void)user;
    size_t n = strlen(listed);
    snprintf(listed + n, sizeof listed - n, "%s[%s]:%s", n ? " " : "", host, port);
}

Test(url, each_host)
{
    static const struct {
        const char *url, *hosts;
    } rows[] = {
        { "postgresql://u:p@db.example.net:6543/d", "[db.example.net]:6543" },
        { "postgresql://u@db.example.net/d", "[db.example.net]:5432" },
        { "postgresql://a:1,b:2,c/d", "[a]:1 [b]:2 [c]:5432" },
        { "postgresql://a,b/d?port=7", "[a]:7 [b]:7" },
        { "host=a,b,c port=7", "[a]:7 [b]:7 [c]:7" },
        { "host=a,b port=7,8", "[a]:7 [b]:8" },
        { "host=a hostaddr=192.0.2.1", "[192.0.2.1]:5432" },
        { "hostaddr=192.0.2.1,192.0.2.2 port=1,2", "[192.0.2.1]:1 [192.0.2.2]:2" },
        { "host=/run/postgresql port=5433", "[/run/postgresql]:5433" },
        { "postgresql://[2001:db8::1]:5433/d", "[2001:db8::1]:5433" },
        { "dbname=d", "[]:5432" },
        { "no url=", "" },
    };

    for (size_t i = 0; i < DRMGMT__COUNT(rows); i++) {
        listed[0] = '\0';
        drmgmt__url_each_host(rows[i].url, list, NULL);
        cr_assert_str_eq(listed, rows[i].hosts, "%s: %s", rows[i].url, listed);
    }
}
