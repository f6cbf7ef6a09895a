/* The store behind PgBouncer in transaction mode, where each transaction may meet another backend. Starts its own
 * PostgreSQL and PgBouncer. */
#include "private_server.h"
#include "store_support.h"
#include <pthread.h>
#include <signal.h>

static private_server server;
static pid_t pooler;
static char url[256];
static fixture f;

static void write_config(int port)
{
    char path[128], users[128];

    snprintf(users, sizeof users, "%s/users", server.folder);
    FILE *u = fopen(users, "w");
    cr_assert(u);
    fprintf(u, "\"drm_app\" \"\"\n\"owner\" \"\"\n");
    fclose(u);
    snprintf(path, sizeof path, "%s/pooler.ini", server.folder);
    FILE *c = fopen(path, "w");
    cr_assert(c);
    fprintf(c,
            "[databases]\npostgres = host=%s dbname=postgres\n"
            "[pgbouncer]\nlisten_port = %d\nlisten_addr =\nunix_socket_dir = %s\nauth_type = trust\nauth_file = %s\n"
            "pool_mode = transaction\nserver_login_retry = 1\ndefault_pool_size = 2\nmax_client_conn = 50\nlogfile = "
            "%s/pooler.log\n",
            server.folder, port, server.folder, users, server.folder);
    fclose(c);
}

static void start_pooler(void)
{
    char command[512], ini[128];
    int port = 6000; /* only the name of the socket in a folder of our own */

    write_config(port);
    snprintf(ini, sizeof ini, "%s/pooler.ini", server.folder);
    snprintf(command, sizeof command, "exec %spgbouncer -q %s", unprivileged(), ini);
    pooler = fork();
    if (pooler == 0) {
        setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1);
        execl("/bin/sh", "sh", "-c", command, (char *)NULL);
        _exit(127);
    }
    snprintf(url, sizeof url, "postgresql://drm_app@/postgres?host=%s&port=%d", server.folder, port);
    for (int i = 0; i < 100; i++) {
        DRMGMT__OWNER drmgmt__owner *probe = NULL;
        if (drmgmt__owner_open(url, &probe, NULL) == 0)
            return;
        usleep(50000);
    }
    cr_assert_fail("PgBouncer does not answer");
}

static void setup(void)
{
    server_new(&server);
    schema_at(server.owner);
    admin_at(server.owner, "CREATE TABLE public.things (id integer PRIMARY KEY)", NULL);
    admin_at(server.owner, "GRANT ALL ON public.things TO drm_app", NULL);
    start_pooler();
    fixture_open(&f, url, 8, 5000, 3000);
}

static void teardown(void)
{
    fixture_close(&f);
    kill(pooler, SIGTERM);
    waitpid(pooler, NULL, 0);
    server_free(&server);
}

TestSuite(pooler, .init = setup, .fini = teardown, .timeout = 90);

static long counted(void)
{
    char out[128];

    admin_at(server.owner, "SELECT count(*) FROM public.things", out);
    return strtol(out, NULL, 10);
}

Test(pooler, is_found_out_and_statements_work)
{
    DRMGMT__ROWS drmgmt__rows *rows = NULL;
    drmgmt_health health = { 0 };
    STATEMENT(settings, sched_beat,
              "SELECT current_setting('statement_timeout'), current_setting('timezone'), '2026-01-31'::timestamptz");

    drmgmt__pool_health(f.context.pool, &health);
    cr_assert(health.database && health.pooler && health.schema_current);
    must_run(&f, DRMGMT__READ, &settings, NULL, &rows);
    cr_assert_str_eq(drmgmt__rows_text(rows, 0, 0), "3s");
    cr_assert_str_eq(drmgmt__rows_text(rows, 0, 1), "UTC");
    cr_assert_str_eq(drmgmt__rows_text(rows, 0, 2), "2026-01-31 00:00:00+00");
}

Test(pooler, failures_leave_no_transaction_open)
{
    STATEMENT(add, sched_beat, "INSERT INTO public.things VALUES ($1::integer)");
    STATEMENT(nap, sched_claim, "SELECT pg_sleep(20)");
    drmgmt__params p = DRMGMT__PARAMS_INIT;

    drmgmt__param_int(&p, 1);
    must_run(&f, DRMGMT__WRITE, &add, &p, NULL);
    for (int i = 0; i < 5; i++)
        drmgmt_error_free(must_fail(&f, DRMGMT__WRITE, &add, &p, DRMGMT_ERR_CONFLICT));
    drmgmt__keyring *good = f.context.keyring;
    f.context.keyring = NULL;
    for (int i = 0; i < 5; i++)
        drmgmt_error_free(must_fail(&f, DRMGMT__WRITE, &add, &p, DRMGMT_ERR_CRYPTO));
    f.context.keyring = good;
    f.context.options.statement_ms = 200;
    drmgmt_error_free(must_fail(&f, DRMGMT__READ, &nap, NULL, DRMGMT_ERR_TIMEOUT));
    f.context.options.statement_ms = 3000;
    char out[128];
    admin_at(server.owner, "SELECT count(*) FROM pg_stat_activity WHERE usename = 'drm_app' AND state <> 'idle'", out);
    cr_assert_str_eq(out, "0");
    must_have_room(&f, 8);
    cr_assert_eq(counted(), 1);
}

Test(pooler, transactions_keep_together)
{
    STATEMENT(add, sched_beat, "INSERT INTO public.things VALUES ($1::integer)");
    drmgmt__tx *tx = NULL;

    for (int round = 0; round < 2; round++) {
        cr_assert_eq(drmgmt__tx_begin(&f.session, DRMGMT_PERM_NONE, &tx, NULL), 0);
        for (int i = 0; i < 3; i++) {
            drmgmt__params p = DRMGMT__PARAMS_INIT;
            drmgmt__param_int(&p, i);
            cr_assert_eq(drmgmt__tx_exec(tx, &add, &p, NULL, NULL), 0);
        }
        if (round == 0)
            drmgmt__tx_rollback(tx);
        else
            cr_assert_eq(drmgmt__tx_commit(&tx, NULL), 0);
        cr_assert_eq(counted(), round ? 3 : 0);
    }
    must_have_room(&f, 8);
}

enum { THREADS = 8, EACH = 50 };

static void *keep_adding(void *arg)
{
    static drmgmt__query add;
    drmgmt_session session = f.session;
    int base = *(int *)arg;

    add =
        (drmgmt__query){ "add", "INSERT INTO public.things VALUES ($1::integer)", drmgmt__q_sched_beat.index, NULL, 0 };
    for (int i = 0; i < EACH; i++) {
        drmgmt__params p = DRMGMT__PARAMS_INIT;
        drmgmt_error *error = NULL;
        drmgmt__param_int(&p, base + i);
        int rc = drmgmt__run(&session, DRMGMT_PERM_NONE, DRMGMT__WRITE, &add, &p, NULL, &error);
        cr_assert_eq(rc, 0, "%s", drmgmt_error_message(error));
    }
    return NULL;
}

/* Eight connections of ours over two backends: a seal is good for the backend that the transaction got. */
Test(pooler, more_clients_than_backends)
{
    pthread_t threads[THREADS];
    int bases[THREADS];

    for (int i = 0; i < THREADS; i++) {
        bases[i] = 1000 * i;
        pthread_create(&threads[i], NULL, keep_adding, &bases[i]);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    cr_assert_eq(counted(), THREADS * EACH);
    must_have_room(&f, 8);
}

/* PostgreSQL goes away behind a pooler that stays: its word about that is no proof that nothing was done. */
Test(pooler, a_lost_server_behind_it)
{
    STATEMENT(slow, sched_beat, "INSERT INTO public.things SELECT 7 FROM (SELECT pg_sleep(0.2)) AS s");
    STATEMENT(one, sched_claim, "SELECT 1");

    must_run(&f, DRMGMT__READ, &one, NULL, NULL);
    server_ctl(&server, "-m immediate stop");
    drmgmt_error *error = NULL;
    cr_assert_eq(drmgmt__run(&f.session, DRMGMT_PERM_NONE, DRMGMT__WRITE, &slow, NULL, NULL, &error),
                 DRMGMT_ERR_UNAVAILABLE, "%s", drmgmt_error_message(error));
    cr_assert(drmgmt_error_retryable(error));
    drmgmt_error_free(error);
    server_start(&server);
    int rc = DRMGMT_ERR_UNAVAILABLE;
    for (int i = 0; i < 40 && rc; i++) {
        rc = drmgmt__run(&f.session, DRMGMT_PERM_NONE, DRMGMT__READ, &one, NULL, NULL, NULL);
        usleep(250000);
    }
    cr_assert_eq(rc, 0, "it comes back");
    must_have_room(&f, 8);
}
