/* The pool while its server is restarted under 64 threads: nothing acknowledged is lost, nothing is done twice, and the
 * count of connections is right afterwards. Starts its own PostgreSQL. */
#include "private_server.h"
#include "store_support.h"
#include <pthread.h>
#include <stdatomic.h>

enum { THREADS = 64, POOL = 8, RESTARTS = 4 };

static private_server server;
static fixture f;
static atomic_bool stopping;
static atomic_uint next_id, acknowledged, failed;
static drmgmt__query insert, once;
static bool *done; /* by id: acknowledged */

static void setup(void)
{
    server_new(&server);
    schema_at(server.owner);
    admin_at(server.owner, "CREATE TABLE public.counted (id integer, repeatable boolean)", NULL);
    admin_at(server.owner, "CREATE UNIQUE INDEX ON public.counted (id) WHERE repeatable", NULL);
    admin_at(server.owner, "GRANT ALL ON public.counted TO drm_app", NULL);
    fixture_open(&f, server.app, POOL, 2000, 3000);
}

static void teardown(void)
{
    fixture_close(&f);
    server_free(&server);
}

TestSuite(pool, .init = setup, .fini = teardown, .timeout = 150);

static void *keep_writing(void *arg)
{
    drmgmt_session session = f.session; /* one a thread */
    (void)arg;

    while (!atomic_load(&stopping)) {
        unsigned id = atomic_fetch_add(&next_id, 1);
        bool repeatable = id % 2;
        drmgmt__params p = DRMGMT__PARAMS_INIT;
        drmgmt_error *error = NULL;
        drmgmt__param_int(&p, id);
        int rc = drmgmt__run(&session, DRMGMT_PERM_NONE, DRMGMT__WRITE | (repeatable ? DRMGMT__REPEATABLE : 0),
                             repeatable ? &insert : &once, &p, NULL, &error);
        if (rc == 0) {
            done[id] = true;
            atomic_fetch_add(&acknowledged, 1);
        } else {
            atomic_fetch_add(&failed, 1);
            cr_assert(rc == DRMGMT_ERR_UNAVAILABLE || rc == DRMGMT_ERR_LIMIT, "%s: %s (%s)", drmgmt_status_name(rc),
                      drmgmt_error_message(error), drmgmt_error_detail(error));
            cr_assert(drmgmt_error_retryable(error));
            usleep(2000);
        }
        drmgmt_error_free(error);
        usleep(500);
    }
    return NULL;
}

static unsigned answered(const char *sql)
{
    char out[128];

    admin_at(server.owner, sql, out);
    return (unsigned)strtoul(out, NULL, 10);
}

Test(pool, survives_restarts_under_load)
{
    enum { IDS_MAX = 4000000 };
    pthread_t threads[THREADS];
    drmgmt_error *error = NULL;

    done = calloc(IDS_MAX, sizeof *done);
    insert = (drmgmt__query){
        "insert", "INSERT INTO public.counted VALUES ($1::integer, true) ON CONFLICT (id) WHERE repeatable DO NOTHING",
        drmgmt__q_sched_beat.index, NULL, 0
    };
    once = (drmgmt__query){ "once", "INSERT INTO public.counted VALUES ($1::integer, false)",
                            drmgmt__q_sched_claim.index, NULL, 0 };
    for (int i = 0; i < THREADS; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, keep_writing, NULL), 0);
    for (int i = 0; i < RESTARTS; i++) {
        usleep(400000);
        server_ctl(&server, i % 2 ? "-m fast stop" : "-m immediate stop");
        usleep(300000);
        server_start(&server);
    }
    unsigned before = atomic_load(&acknowledged);
    sleep(1);
    cr_assert_gt(atomic_load(&acknowledged), before + 100, "work goes on after the last restart");
    atomic_store(&stopping, true);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    cr_assert_lt(atomic_load(&next_id), (unsigned)IDS_MAX);
    cr_assert_gt(atomic_load(&failed), 0, "the restarts were felt");

    unsigned total = 0;
    for (unsigned id = 0; id < atomic_load(&next_id); id++)
        total += done[id];
    cr_assert_eq(total, atomic_load(&acknowledged));
    cr_assert_eq(answered("SELECT count(*) - count(DISTINCT id) FROM public.counted"), 0, "something was done twice");

    /* Each acknowledged id is there: asked for in one statement. */
    size_t size = 12u * atomic_load(&next_id) + 64;
    char *sql = malloc(size);
    DRMGMT__OWNER drmgmt__owner *owner = NULL;
    DRMGMT__ROWS drmgmt__rows *rows = NULL;
    drmgmt__params p = DRMGMT__PARAMS_INIT;
    size_t n = (size_t)snprintf(sql, size, "{");
    for (unsigned id = 0; id < atomic_load(&next_id); id++)
        if (done[id])
            n += (size_t)snprintf(sql + n, size - n, "%s%u", n > 1 ? "," : "", id);
    snprintf(sql + n, size - n, "}");
    drmgmt__param(&p, sql);
    cr_assert_eq(drmgmt__owner_open(server.owner, &owner, &error), 0);
    cr_assert_eq(drmgmt__owner_exec(owner,
                                    "SELECT count(*) FROM unnest($1::integer[]) AS a (id)"
                                    " WHERE NOT EXISTS (SELECT FROM public.counted c WHERE c.id = a.id)",
                                    &p, &rows, &error),
                 0, "%s", drmgmt_error_message(error));
    cr_assert_eq(drmgmt__rows_int(rows, 0, 0), 0, "an acknowledged write was lost");
    free(sql);
    free(done);
    must_have_room(&f, POOL);
    cr_assert_leq(answered("SELECT count(*) FROM pg_stat_activity WHERE usename = 'drm_app'"), POOL);
}

/* One that goes away and comes back is told by the health call each time, without waiting for a timeout. */
Test(pool, health_follows_the_server)
{
    for (int i = 0; i < 2; i++) {
        drmgmt_health health = { 0 };
        drmgmt__pool_health(f.context.pool, &health);
        cr_assert(health.database && health.schema_current);
        server_ctl(&server, "-m immediate stop");
        uint64_t began = drmgmt__monotonic_ms();
        health = (drmgmt_health){ 0 };
        drmgmt__pool_health(f.context.pool, &health);
        cr_assert_not(health.database);
        cr_assert_lt(drmgmt__monotonic_ms() - began, 1000);
        server_start(&server);
        usleep(250000); /* the pause after a failed attempt to connect */
    }
    must_have_room(&f, POOL);
}
