/* The store against a real server: one statement a transaction, several, and everything that can go wrong on the way.
 * needs: postgres */
#include "store/sched.h"
#include "store_support.h"
#include <pthread.h>
#include <signal.h>

static fixture f;

static void setup(void)
{
    schema_at(from_env("DRM_DATABASE_URL"));
    fixture_open(&f, from_env("DRM_APP_DATABASE_URL"), 2, 5000, 10000);
}

static void teardown(void)
{
    fixture_close(&f);
}

TestSuite(store, .init = setup, .fini = teardown, .timeout = 90);

/* A table of this test that drm_app may write; deferred: what it refers to is checked at the commit. */
static void make_table(const char *name)
{
    char sql[512];

    snprintf(sql, sizeof sql,
             "DO $$ BEGIN CREATE TABLE public.%s (id integer PRIMARY KEY, note text,"
             " parent integer REFERENCES public.%s DEFERRABLE INITIALLY DEFERRED);"
             " GRANT ALL ON public.%s TO drm_app; END $$",
             name, name, name);
    admin(sql, NULL);
}

static long backend_pid(void)
{
    DRMGMT__ROWS drmgmt__rows *rows = NULL;
    STATEMENT(pid, sched_claim, "SELECT pg_backend_pid()");

    must_run(&f, DRMGMT__READ, &pid, NULL, &rows);
    return (long)drmgmt__rows_int(rows, 0, 0);
}

Test(store, values_go_there_and_back)
{
    DRMGMT__ROWS drmgmt__rows *rows = NULL;
    drmgmt__params p = DRMGMT__PARAMS_INIT;
    const uint8_t bytes[4] = { 0, 1, 0xfe, 0xff };
    uint8_t back[4];
    STATEMENT(echo, sched_beat, "SELECT $1::text, $2::bigint, $3::boolean, $4::bytea, $5::text, ''::bytea");

    drmgmt__param(&p, "a\"\\'\n\xc3\xa9");
    drmgmt__param_int(&p, INT64_MIN);
    drmgmt__param_bool(&p, true);
    drmgmt__param_bytes(&p, bytes, sizeof bytes);
    drmgmt__param(&p, NULL);
    for (int i = 0; i < 3; i++) { /* prepared by the first */
        drmgmt__rows_free(rows);
        rows = NULL;
        must_run(&f, DRMGMT__READ, &echo, &p, &rows);
    }
    cr_assert_eq(drmgmt__rows_count(rows), 1);
    cr_assert_str_eq(drmgmt__rows_text(rows, 0, 0), "a\"\\'\n\xc3\xa9");
    cr_assert_eq(drmgmt__rows_int(rows, 0, 1), INT64_MIN);
    cr_assert(drmgmt__rows_bool(rows, 0, 2));
    cr_assert_eq(drmgmt__rows_bytes(rows, 0, 3, back, sizeof back), 4);
    cr_assert_arr_eq(back, bytes, 4);
    cr_assert_eq(drmgmt__rows_bytes(rows, 0, 3, back, 3), -1, "too small a buffer");
    cr_assert_eq(drmgmt__rows_bytes(rows, 0, 0, back, 4), -1, "no bytea");
    cr_assert_eq(drmgmt__rows_bytes(rows, 0, 5, back, 4), 0);
    cr_assert_null(drmgmt__rows_text(rows, 0, 4));
    cr_assert_null(drmgmt__rows_text(rows, 0, 6), "past the last column");
    cr_assert_null(drmgmt__rows_text(rows, 1, 0), "past the last row");
    cr_assert_eq(drmgmt__rows_bytes(rows, 0, 4, back, 4), -1);
}

Test(store, a_failed_statement_leaves_the_connection_good)
{
    STATEMENT(zero, sched_beat, "SELECT 1 / $1::integer");
    drmgmt__params p = DRMGMT__PARAMS_INIT;
    long pid = backend_pid();

    drmgmt__param_int(&p, 0);
    for (int i = 0; i < 3; i++) {
        drmgmt_error *error = must_fail(&f, DRMGMT__READ, &zero, &p, DRMGMT_ERR_INVALID);
        cr_assert_str_eq(drmgmt_error_detail(error), "22012");
        cr_assert_not(drmgmt_error_retryable(error));
        drmgmt_error_free(error);
    }
    cr_assert_eq(backend_pid(), pid);
    must_have_room(&f, 2);
}

Test(store, a_failed_prepare_is_not_taken_for_a_prepared_statement)
{
    STATEMENT(wrong, sched_beat, "SELECT * FROM public.appears_later WHERE id = $1::integer");
    drmgmt__params p = DRMGMT__PARAMS_INIT;
    long pid = backend_pid();

    drmgmt__param_int(&p, 1);
    admin("DROP TABLE IF EXISTS public.appears_later", NULL);
    drmgmt_error_free(must_fail(&f, DRMGMT__READ, &wrong, &p, DRMGMT_ERR_SCHEMA));
    drmgmt_error_free(must_fail(&f, DRMGMT__READ, &wrong, &p, DRMGMT_ERR_SCHEMA));
    make_table("appears_later");
    must_run(&f, DRMGMT__READ, &wrong, &p, NULL);
    cr_assert_eq(backend_pid(), pid);
}

Test(store, a_changed_result_type_is_noticed_once)
{
    STATEMENT(all, sched_beat, "SELECT * FROM public.changes");
    DRMGMT__ROWS drmgmt__rows *rows = NULL;

    make_table("changes");
    must_run(&f, DRMGMT__READ, &all, NULL, NULL);
    admin("ALTER TABLE public.changes ADD COLUMN more text", NULL);
    must_run(&f, DRMGMT__WRITE, &all, NULL, &rows);
}

Test(store, without_the_context_nothing_is_done)
{
    STATEMENT(add, sched_beat, "INSERT INTO public.unsealed (id) VALUES (1)");
    DRMGMT__ROWS drmgmt__rows *rows = NULL;
    STATEMENT(mine, sched_reap, "SELECT current_setting('drm.seal', true)");

    make_table("unsealed");
    must_run(&f, DRMGMT__READ, &mine, NULL, &rows);
    cr_assert_eq(strncmp(drmgmt__rows_text(rows, 0, 0), "-.worker.", 9), 0);
    drmgmt__keyring *good = f.context.keyring;
    f.context.keyring = keyring_with("ff0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");
    drmgmt_error_free(must_fail(&f, DRMGMT__WRITE, &add, NULL, DRMGMT_ERR_UNAUTHENTICATED));
    drmgmt__keyring_free(f.context.keyring);
    f.context.keyring = NULL;
    drmgmt_error_free(must_fail(&f, DRMGMT__WRITE, &add, NULL, DRMGMT_ERR_CRYPTO));
    f.context.keyring = good;
    f.session.kind = DRMGMT__SESSION_API_KEY;
    f.session.api_key = (char *)(uintptr_t) "drm_no_key";
    drmgmt_error_free(must_fail(&f, DRMGMT__WRITE, &add, NULL, DRMGMT_ERR_UNAUTHENTICATED));
    f.session.kind = DRMGMT__SESSION_USER;
    snprintf(f.session.tenant_id, sizeof f.session.tenant_id, "0192e4a0-0000-7000-8000-000000000001");
    snprintf(f.session.user_id, sizeof f.session.user_id, "0192e4a0-0000-7000-8000-000000000002");
    drmgmt_error_free(must_fail(&f, DRMGMT__WRITE, &add, NULL, DRMGMT_ERR_UNAUTHENTICATED));
    cr_assert_eq(admin_number("SELECT count(*) FROM public.unsealed"), 0);
    must_have_room(&f, 2);
}

Test(store, what_fails_at_the_commit_is_an_error)
{
    STATEMENT(orphan, sched_beat, "INSERT INTO public.deferred (id, parent) VALUES (1, 2)");
    long pid;

    make_table("deferred");
    pid = backend_pid();
    for (int i = 0; i < 2; i++) {
        drmgmt_error *error = must_fail(&f, DRMGMT__WRITE, &orphan, NULL, DRMGMT_ERR_CONFLICT);
        cr_assert_str_eq(drmgmt_error_detail(error), "deferred_parent_fkey");
        drmgmt_error_free(error);
    }
    cr_assert_eq(backend_pid(), pid);

    drmgmt__tx *tx = NULL;
    cr_assert_eq(drmgmt__tx_begin(&f.session, DRMGMT_PERM_NONE, &tx, NULL), 0);
    cr_assert_eq(drmgmt__tx_exec(tx, &orphan, NULL, NULL, NULL), 0);
    cr_assert_eq(drmgmt__tx_commit(&tx, NULL), DRMGMT_ERR_CONFLICT);
    cr_assert_eq(backend_pid(), pid);
    cr_assert_eq(admin_number("SELECT count(*) FROM public.deferred"), 0);
}

/* Both directions are larger than every socket buffer: neither side may wait for the other. */
Test(store, large_parameters_and_results_cross)
{
    STATEMENT(twice, sched_beat, "SELECT n, $1::text FROM generate_series(1, 3) AS n");
    DRMGMT__ROWS drmgmt__rows *rows = NULL;
    drmgmt__params p = DRMGMT__PARAMS_INIT;
    size_t size = 24u << 20;
    char *text = malloc(size + 1);

    memset(text, 'x', size);
    text[size] = '\0';
    drmgmt__param(&p, text);
    must_run(&f, DRMGMT__READ, &twice, &p, &rows);
    cr_assert_eq(drmgmt__rows_count(rows), 3);
    for (size_t i = 0; i < 3; i++)
        cr_assert_eq(drmgmt__rows_length(rows, i, 1), size);
    free(text);
}

/* The server answers statement by statement while the next large one is still being sent. */
Test(store, a_server_that_sends_while_it_is_sent_to)
{
    STATEMENT(many, sched_beat, "SELECT repeat('y', 1000000) FROM generate_series(1, 40)");
    STATEMENT(big, sched_reap, "SELECT length($1::text)");
    drmgmt__params p = DRMGMT__PARAMS_INIT;
    size_t size = 32u << 20;
    char *text = malloc(size + 1);
    drmgmt__tx *tx = NULL;

    memset(text, 'x', size);
    text[size] = '\0';
    drmgmt__param(&p, text);
    cr_assert_eq(drmgmt__tx_begin(&f.session, DRMGMT_PERM_NONE, &tx, NULL), 0);
    for (int i = 0; i < 3; i++) {
        DRMGMT__ROWS drmgmt__rows *rows = NULL, *length = NULL;
        cr_assert_eq(drmgmt__tx_exec(tx, &many, NULL, &rows, NULL), 0);
        cr_assert_eq(drmgmt__rows_count(rows), 40);
        cr_assert_eq(drmgmt__tx_exec(tx, &big, &p, &length, NULL), 0);
        cr_assert_eq((size_t)drmgmt__rows_int(length, 0, 0), size);
    }
    cr_assert_eq(drmgmt__tx_commit(&tx, NULL), 0);
    free(text);
}

Test(store, a_slow_statement_ends_at_its_timeout)
{
    STATEMENT(nap, sched_beat, "SELECT pg_sleep(30)");
    uint64_t began;

    f.context.options.statement_ms = 200;
    long pid = backend_pid();
    began = drmgmt__monotonic_ms();
    drmgmt_error *error = must_fail(&f, DRMGMT__READ, &nap, NULL, DRMGMT_ERR_TIMEOUT);
    cr_assert(drmgmt_error_retryable(error));
    cr_assert_str_eq(drmgmt_error_detail(error), "57014");
    drmgmt_error_free(error);
    cr_assert_lt(drmgmt__monotonic_ms() - began, 15000);
    cr_assert_eq(backend_pid(), pid);
}

/* A server that is there and says nothing: stopped before it reads, or while it is sent to. Repeating would succeed, on
 * another backend, after as long a wait again; it is not done. */
Test(store, a_silent_server_is_given_up)
{
    STATEMENT(one, sched_beat, "SELECT length($1::text)");
    drmgmt__params small = DRMGMT__PARAMS_INIT, large = DRMGMT__PARAMS_INIT;
    size_t size = 16u << 20;
    char *text = malloc(size + 1);

    memset(text, 'x', size);
    text[size] = '\0';
    drmgmt__param(&small, "x");
    drmgmt__param(&large, text);
    f.context.options.statement_ms = 200;
    for (int i = 0; i < 2; i++) {
        long pid = backend_pid();
        uint64_t began = drmgmt__monotonic_ms();
        cr_assert_eq(kill((pid_t)pid, SIGSTOP), 0);
        drmgmt_error *error = must_fail(&f, DRMGMT__READ, &one, i ? &large : &small, DRMGMT_ERR_TIMEOUT);
        uint64_t took = drmgmt__monotonic_ms() - began;
        kill((pid_t)pid, SIGCONT);
        cr_assert(took >= 2000 && took < 15000, "%u ms", (unsigned)took);
        drmgmt_error_free(error);
        cr_assert_neq(backend_pid(), pid);
    }
    free(text);
    must_have_room(&f, 2);
}

static void terminate(long pid)
{
    char sql[64];

    snprintf(sql, sizeof sql, "SELECT pg_terminate_backend(%ld, 5000)", pid);
    admin(sql, NULL);
}

Test(store, a_connection_that_died_idle_costs_nothing)
{
    STATEMENT(add, sched_beat, "INSERT INTO public.idle (id) VALUES ($1::integer)");
    drmgmt__params p = DRMGMT__PARAMS_INIT;
    drmgmt_health health = { 0 };

    make_table("idle");
    drmgmt__param_int(&p, 1);
    terminate(backend_pid());
    must_run(&f, DRMGMT__WRITE, &add, &p, NULL);
    cr_assert_eq(admin_number("SELECT count(*) FROM public.idle"), 1);
    terminate(backend_pid());
    drmgmt__pool_health(f.context.pool, &health);
    cr_assert(health.database && health.schema_current && !health.pooler);
    must_have_room(&f, 2);
}

static void *terminate_soon(void *arg)
{
    usleep(300000);
    terminate(*(long *)arg);
    return NULL;
}

/* The server's own word that it was ended before the commit: repeating even an INSERT is safe then. */
Test(store, a_write_that_the_server_cut_short_is_repeated)
{
    STATEMENT(slow, sched_beat, "INSERT INTO public.cut (id) SELECT 1 FROM (SELECT pg_sleep(0.8)) AS s");
    pthread_t thread;
    long pid;

    make_table("cut");
    pid = backend_pid();
    pthread_create(&thread, NULL, terminate_soon, &pid);
    must_run(&f, DRMGMT__WRITE, &slow, NULL, NULL);
    pthread_join(thread, NULL);
    cr_assert_eq(admin_number("SELECT count(*) FROM public.cut"), 1);
    must_have_room(&f, 2);
}

Test(store, a_transaction_keeps_together)
{
    STATEMENT(add, sched_beat, "INSERT INTO public.together (id) VALUES ($1::integer)");
    drmgmt__params p = DRMGMT__PARAMS_INIT;
    drmgmt__tx *tx = NULL;
    drmgmt_error *error = NULL;

    make_table("together");
    drmgmt__param_int(&p, 1);
    for (int round = 0; round < 3; round++) {
        cr_assert_eq(drmgmt__tx_begin(&f.session, DRMGMT_PERM_NONE, &tx, NULL), 0);
        for (int i = 1; i <= 3; i++) {
            p = (drmgmt__params)DRMGMT__PARAMS_INIT;
            drmgmt__param_int(&p, round < 2 ? i : 10 + i);
            cr_assert_eq(drmgmt__tx_exec(tx, &add, &p, NULL, &error), 0, "%s", drmgmt_error_message(error));
        }
        if (round == 0) {
            drmgmt__tx_rollback(tx);
        } else if (round == 1) {
            cr_assert_eq(drmgmt__tx_commit(&tx, NULL), 0);
            cr_assert_null(tx);
        } else {
            cr_assert_eq(drmgmt__tx_exec(tx, &add, &p, NULL, NULL), DRMGMT_ERR_CONFLICT);
            cr_assert_eq(drmgmt__tx_exec(tx, &add, &p, NULL, NULL), DRMGMT_ERR_DATABASE, "it has failed already");
            cr_assert_eq(drmgmt__tx_commit(&tx, NULL), DRMGMT_ERR_DATABASE);
        }
    }
    cr_assert_eq(admin_number("SELECT sum(id) FROM public.together"), 6);
    must_have_room(&f, 2);
}

Test(store, a_transaction_survives_an_idle_death_but_not_one_in_its_middle)
{
    STATEMENT(add, sched_beat, "INSERT INTO public.middle (id) VALUES ($1::integer) RETURNING pg_backend_pid()");
    drmgmt__params p = DRMGMT__PARAMS_INIT;
    drmgmt__tx *tx = NULL;

    make_table("middle");
    drmgmt__param_int(&p, 1);
    terminate(backend_pid());
    cr_assert_eq(drmgmt__tx_begin(&f.session, DRMGMT_PERM_NONE, &tx, NULL), 0);
    DRMGMT__ROWS drmgmt__rows *rows = NULL;
    cr_assert_eq(drmgmt__tx_exec(tx, &add, &p, &rows, NULL), 0);
    terminate((long)drmgmt__rows_int(rows, 0, 0));
    drmgmt__params q = DRMGMT__PARAMS_INIT;
    drmgmt__param_int(&q, 2);
    cr_assert_eq(drmgmt__tx_exec(tx, &add, &q, NULL, NULL), DRMGMT_ERR_UNAVAILABLE);
    cr_assert_neq(drmgmt__tx_commit(&tx, NULL), 0);

    drmgmt_error *error = NULL;
    drmgmt__rows_free(rows);
    rows = NULL;
    cr_assert_eq(drmgmt__tx_begin(&f.session, DRMGMT_PERM_NONE, &tx, NULL), 0);
    cr_assert_eq(drmgmt__tx_exec(tx, &add, &p, &rows, NULL), 0);
    terminate((long)drmgmt__rows_int(rows, 0, 0));
    cr_assert_eq(drmgmt__tx_commit(&tx, &error), DRMGMT_ERR_UNAVAILABLE);
    cr_assert(strstr(drmgmt_error_message(error), "not known"), "%s", drmgmt_error_message(error));
    drmgmt_error_free(error);
    cr_assert_eq(admin_number("SELECT count(*) FROM public.middle"), 0);
    must_have_room(&f, 2);
}

/* It would carry its tenant to the next user. */
Test(store, an_open_transaction_never_returns_to_the_pool)
{
    STATEMENT(one, sched_beat, "SELECT pg_backend_pid()");
    DRMGMT__ROWS drmgmt__rows *rows = NULL;
    drmgmt__connection *c = NULL;

    cr_assert_eq(drmgmt__pool_get(f.context.pool, &c, NULL), 0);
    cr_assert_eq(drmgmt__connection_begin(c, &f.session, DRMGMT_PERM_NONE, &one, NULL, &rows, NULL), 0);
    drmgmt__pool_put(f.context.pool, c);
    cr_assert_neq(backend_pid(), (long)drmgmt__rows_int(rows, 0, 0));
    must_have_room(&f, 2);
}

Test(store, sqlstates_read_as_statuses)
{
    static const struct {
        const char *state;
        drmgmt_status status;
        bool retryable;
    } cases[] = {
        { "DR401", DRMGMT_ERR_UNAUTHENTICATED, false }, { "DR403", DRMGMT_ERR_FORBIDDEN, false },
        { "DR404", DRMGMT_ERR_NOT_FOUND, false },       { "DR409", DRMGMT_ERR_CONFLICT, false },
        { "DR412", DRMGMT_ERR_PRECONDITION, false },    { "DR422", DRMGMT_ERR_INVALID, false },
        { "DR501", DRMGMT_ERR_UNSUPPORTED, false },     { "23505", DRMGMT_ERR_CONFLICT, false },
        { "23503", DRMGMT_ERR_CONFLICT, false },        { "23514", DRMGMT_ERR_INVALID, false },
        { "22P02", DRMGMT_ERR_INVALID, false },         { "40001", DRMGMT_ERR_DATABASE, true },
        { "40P01", DRMGMT_ERR_DATABASE, true },         { "53100", DRMGMT_ERR_UNAVAILABLE, true },
        { "25006", DRMGMT_ERR_UNAVAILABLE, true },      { "XX000", DRMGMT_ERR_DATABASE, false },
    };
    STATEMENT(raise, sched_beat, "SELECT public.raise_state($1)");

    admin("CREATE FUNCTION public.raise_state(p text) RETURNS void LANGUAGE plpgsql AS"
          " $$ BEGIN RAISE EXCEPTION 'the words of the function' USING ERRCODE = p; END $$",
          NULL);
    admin("GRANT EXECUTE ON FUNCTION public.raise_state(text) TO drm_app", NULL);
    for (size_t i = 0; i < DRMGMT__COUNT(cases); i++) {
        drmgmt__params p = DRMGMT__PARAMS_INIT;
        drmgmt__param(&p, cases[i].state);
        drmgmt_error *error = must_fail(&f, DRMGMT__WRITE, &raise, &p, cases[i].status);
        cr_assert_eq(drmgmt_error_retryable(error), cases[i].retryable, "%s", cases[i].state);
        cr_assert_str_eq(drmgmt_error_detail(error), cases[i].state);
        bool own_words = strncmp(cases[i].state, "DR", 2) == 0;
        cr_assert_eq(strcmp(drmgmt_error_message(error), "the words of the function") == 0, own_words, "%s: %s",
                     cases[i].state, drmgmt_error_message(error));
        drmgmt_error_free(error);
    }
    must_have_room(&f, 2);
}

/* Results that PostgreSQL refuses must not hold up the others of their batch. */
Test(store, one_bad_result_does_not_spoil_a_batch)
{
    static const char *const bodies[] = { "1", "\"\\u0000\"", "{\"a\":\"\xff\"}", "not JSON",
                                          "{\"b\":[2,\"\\\\\\\"\"]}" };
    enum { N = 5 };
    drmgmt__finish results[N] = { 0 };
    char worker[37], job[37];
    drmgmt_error *error = NULL;

    cr_assert_eq(drmgmt__uuid_v7(worker), 0);
    cr_assert_eq(drmgmt__sched_register(&f.session, worker, "host", 1, "0", "default", 1, &error), 0, "%s",
                 drmgmt_error_message(error));
    for (int i = 0; i < N; i++) {
        drmgmt__uuid_v7(job);
        snprintf(results[i].tenant_id, 37, "%s", job);
        snprintf(results[i].job_id, 37, "%s", job);
        snprintf(results[i].outcome, sizeof results[i].outcome, "completed");
        results[i].attempt = 1;
        results[i].result = strdup(bodies[i]);
        results[i].started_ms = results[i].finished_ms = drmgmt__now_ms();
        snprintf(results[i].status, sizeof results[i].status, "unset");
    }
    int rc = drmgmt__sched_finish(&f.session, worker, results, N, &error);
    cr_assert_eq(rc, 0, "%s", drmgmt_error_message(error));
    for (int i = 0; i < N; i++) {
        bool bad = i >= 1 && i <= 3;
        cr_assert_str_eq(results[i].outcome, bad ? "failed" : "completed", "%s", bodies[i]);
        cr_assert_str_eq(results[i].status, "", "no such job: refused by the fence");
        cr_assert_eq(results[i].error != NULL, bad);
        free(results[i].result);
        free(results[i].error);
    }
}

/* ---- the pool ---- */

static void *hold_for_a_while(void *arg)
{
    drmgmt__connection *c = arg;

    usleep(200000);
    drmgmt__pool_put(f.context.pool, c);
    return NULL;
}

Test(store, who_waits_for_a_connection_is_woken)
{
    drmgmt__connection *a = NULL, *b = NULL, *c = NULL;
    pthread_t thread;
    drmgmt_error *error = NULL;

    cr_assert_eq(drmgmt__pool_get(f.context.pool, &a, NULL), 0);
    cr_assert_eq(drmgmt__pool_get(f.context.pool, &b, NULL), 0);
    f.context.options.acquire_ms = 50;
    cr_assert_eq(drmgmt__pool_get(f.context.pool, &c, &error), DRMGMT_ERR_LIMIT);
    cr_assert(drmgmt_error_retryable(error));
    drmgmt_error_free(error);
    f.context.options.acquire_ms = 5000;
    for (int round = 0; round < 2; round++) {
        a->broken = round == 1; /* a closed one makes room as well */
        uint64_t began = drmgmt__monotonic_ms();
        pthread_create(&thread, NULL, hold_for_a_while, a);
        cr_assert_eq(drmgmt__pool_get(f.context.pool, &c, NULL), 0);
        pthread_join(thread, NULL);
        cr_assert_lt(drmgmt__monotonic_ms() - began, 2000);
        a = c;
    }
    drmgmt__pool_put(f.context.pool, a);
    drmgmt__pool_put(f.context.pool, b);
    must_have_room(&f, 2);
}

Test(store, no_server_is_told_at_once)
{
    fixture away;
    drmgmt_error *error = NULL;
    drmgmt__connection *c = NULL;
    drmgmt_health health = { true, true, true, true };

    fixture_open(&away, "postgresql://drm_app@/drmgmt?host=/nonexistent", 2, 5000, 1000);
    for (int i = 0; i < 100; i++) {
        cr_assert_eq(drmgmt__pool_get(away.context.pool, &c, &error), DRMGMT_ERR_UNAVAILABLE);
        cr_assert(drmgmt_error_retryable(error));
        drmgmt_error_free(error);
    }
    health = (drmgmt_health){ 0 };
    drmgmt__pool_health(away.context.pool, &health);
    cr_assert_not(health.database);
    fixture_close(&away);
}
