/* Delays for those who guess, as the stages of a log-in meet them; the database's clock is moved by the superuser. */
/* needs: postgres migrated */
#include "auth/throttle.h"
#include "auth_support.h"
#include "private_server.h"
#include <drm/db.h>
#include <pthread.h>
#include <stdatomic.h>

/* One test at a time, with a clean sheet: they share addresses, and move the clock for all. */
static void setup_alone(void)
{
    setup();
    drmgmt__rows_free(ask("SELECT pg_advisory_lock(7303016) WHERE $1::uuid IS NOT NULL", NULL));
    drmgmt__rows_free(
        ask("WITH k AS (DELETE FROM sec.throttle_known) DELETE FROM sec.throttle WHERE $1::uuid IS NOT NULL", NULL));
}

TestSuite(throttle, .init = setup_alone, .fini = teardown);

enum { FREE = 10, FREE_KNOWN = 50, FREE_ADDRESS = 50, FREE_ACCOUNT = 30 };

#define HERE  "192.0.2.1"
#define LOGIN DRMGMT__THROTTLE_LOGIN

/* Seconds to wait; 0: let in. */
static unsigned admit_as(drmgmt__throttle_kind kind, const char *account, const char *address)
{
    drmgmt_error *error = NULL;
    int rc = drmgmt__throttle_admit(context, kind, account, address, &error);

    if (!rc)
        return 0;
    cr_assert_eq(rc, DRMGMT_ERR_LIMIT, "%s", drmgmt_error_message(error));
    cr_assert(drmgmt_error_retryable(error));
    unsigned seconds = drmgmt_error_retry_after(error);
    cr_assert_geq(seconds, 1);
    drmgmt_error_free(error);
    return seconds;
}

static unsigned admit(const char *account, const char *address)
{
    return admit_as(LOGIN, account, address);
}

static void settle(const char *account, const char *address, drmgmt__throttle_outcome outcome)
{
    drmgmt__throttle_settle(context, LOGIN, account, address, outcome);
}

static void fail_times(const char *account, const char *address, int n)
{
    for (int i = 0; i < n; i++) {
        cr_assert_eq(admit(account, address), 0, "attempt %d of %d", i + 1, n);
        settle(account, address, DRMGMT__THROTTLE_FAILED);
    }
}

static void succeed(const char *account, const char *address)
{
    cr_assert_eq(admit(account, address), 0);
    settle(account, address, DRMGMT__THROTTLE_SUCCEEDED);
}

/* All waits are over. */
static void time_passes(void)
{
    drmgmt__rows_free(
        ask("UPDATE sec.throttle SET next_at = clock_timestamp() WHERE $1::uuid IS NOT NULL AND next_at > "
            "clock_timestamp()",
            NULL));
}

static const char *place(char text[32], int n)
{
    snprintf(text, 32, "198.51.%d.%d", n / 200 + 100, n % 200 + 1);
    return text;
}

Test(throttle, after_some_wrong_guesses_each_next_one_waits_twice_as_long)
{
    static const unsigned waits[] = { 1, 2, 4, 8, 16, 32, 60, 60, 60 };

    fail_times(email, HERE, FREE);
    for (size_t i = 0; i < DRMGMT__COUNT(waits); i++) {
        unsigned seconds = admit(email, HERE);
        cr_assert(seconds == waits[i] || seconds + 1 == waits[i], "%u s after the %zu. one too many", seconds, i + 1);
        time_passes();
        cr_assert_eq(admit(email, HERE), 0);
    }
}

Test(throttle, who_is_refused_does_not_wait_longer_for_it)
{
    fail_times(email, HERE, FREE + 0);
    for (int i = 0; i < 30; i++)
        cr_assert_eq(admit(email, HERE), 1);
    time_passes();
    cr_assert_eq(admit(email, HERE), 0);
}

Test(throttle, another_account_or_address_is_not_held_up)
{
    fail_times(email, HERE, FREE);
    cr_assert_neq(admit(email, HERE), 0);
    cr_assert_eq(admit("other@example.net", HERE), 0);
    cr_assert_eq(admit(email, "192.0.2.2"), 0);
    cr_assert_eq(admit_as(DRMGMT__THROTTLE_SECOND_FACTOR, email, HERE), 0, "codes are counted by themselves");
}

Test(throttle, an_account_that_does_not_exist_is_treated_like_one_that_does)
{
    for (int i = 0; i < FREE; i++) {
        cr_assert_eq(admit(email, HERE), 0);
        cr_assert_eq(admit("nobody-at-all@example.net", HERE), 0);
    }
    cr_assert_eq(admit(email, HERE), admit("nobody-at-all@example.net", HERE));
    drmgmt__rows *rows = ask(
        "SELECT count(*) FROM sec.throttle WHERE $1::uuid IS NOT NULL AND position($2 in encode(key, 'escape')) > 0",
        email);
    cr_assert_eq(drmgmt__rows_int(rows, 0, 0), 0, "the account stands in plain text");
    drmgmt__rows_free(rows);
}

Test(throttle, the_right_answer_begins_anew)
{
    fail_times(email, HERE, FREE - 1);
    succeed(email, HERE);
    fail_times(email, HERE, FREE);
    cr_assert_eq(admit(email, HERE), 0, "a known address has more free");
}

Test(throttle, an_attempt_that_was_never_decided_is_taken_back)
{
    for (int i = 0; i < 3 * FREE_ADDRESS; i++) {
        cr_assert_eq(admit(email, HERE), 0, "attempt %d", i);
        settle(email, HERE, DRMGMT__THROTTLE_UNDECIDED);
    }
    fail_times(email, HERE, FREE);
    cr_assert_neq(admit(email, HERE), 0);
}

Test(throttle, many_accounts_tried_from_one_address)
{
    char account[64];

    succeed(email, HERE);
    for (int i = 0; i < FREE_ADDRESS; i++) {
        snprintf(account, sizeof account, "victim-%d@example.net", i);
        fail_times(account, HERE, 1);
    }
    cr_assert_neq(admit("one-more@example.net", HERE), 0);
    cr_assert_eq(admit("one-more@example.net", "192.0.2.2"), 0);
    cr_assert_eq(admit(email, HERE), 0, "whoever is known there is not held up by a neighbour");
    /* One's own success between the guesses buys nothing. */
    time_passes();
    succeed(email, HERE);
    cr_assert_eq(admit("one-more@example.net", HERE), 0);
    cr_assert_neq(admit("two-more@example.net", HERE), 0);
}

Test(throttle, a_proxy_on_this_host_is_not_taken_for_one_client)
{
    char account[64];

    for (int i = 0; i < FREE_ADDRESS + 5; i++) {
        snprintf(account, sizeof account, "victim-%d@example.net", i);
        fail_times(account, i % 2 ? "127.0.0.1" : "::1", 1);
    }
    fail_times(email, "127.0.0.1", FREE);
    cr_assert_neq(admit(email, "127.0.0.1"), 0);
}

Test(throttle, many_addresses_do_not_lock_out_who_usually_logs_in)
{
    char text[32];

    succeed(email, HERE);
    for (int i = 0; i < FREE_ACCOUNT; i++)
        fail_times(email, place(text, i), 1);
    /* The attack is slowed down, from wherever it comes ... */
    for (int round = 0; round < 12; round++) {
        unsigned seconds = admit(email, place(text, 100 + round));
        cr_assert(seconds >= 1 && seconds <= 30, "%u s", seconds);
        /* ... and all the while the one whose account it is gets in at once. */
        succeed(email, HERE);
        time_passes();
        cr_assert_eq(admit(email, place(text, 100 + round)), 0);
    }
    /* So does whoever sits at the host itself. */
    cr_assert_eq(admit(email, NULL), 0);
    cr_assert_eq(admit(email, "drmctl"), 0);
    cr_assert_neq(admit(email, "fe80::77%eth0"), 0, "a zone makes no client of this host");
    /* From elsewhere it takes a wait of half a minute at most, and then that place is known too. */
    time_passes();
    succeed(email, "203.0.113.7");
    cr_assert_neq(admit(email, place(text, 150)), 0);
    succeed(email, "203.0.113.7");
}

Test(throttle, a_known_address_is_no_way_round)
{
    succeed(email, HERE);
    fail_times(email, HERE, FREE_KNOWN);
    cr_assert_neq(admit(email, HERE), 0);
}

Test(throttle, the_addresses_of_one_customer_count_as_one)
{
    char address[48];

    for (int i = 0; i < FREE; i++) {
        snprintf(address, sizeof address, "2001:db8:1:2:%x::%x", i, i * 7 + 1);
        fail_times(email, address, 1);
    }
    cr_assert_neq(admit(email, "2001:db8:1:2:ffff::1"), 0);
    cr_assert_eq(admit(email, "2001:db8:1:3::1"), 0);
    fail_times(email, "192.0.2.9", FREE / 2);
    fail_times(email, "::ffff:192.0.2.9", FREE - FREE / 2);
    cr_assert_neq(admit(email, "192.0.2.9"), 0);
    cr_assert_neq(admit(email, "::ffff:192.0.2.9"), 0);
}

Test(throttle, malformed_and_very_long_words)
{
    char longest[2000];

    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    fail_times("", "", 1);
    fail_times(longest, longest, 1);
    fail_times("a'b\"c\\d{},\n@example.net", "1.2.3.4.5", 1);
    fail_times(email, "fe80::1%eth0", 1);
}

Test(throttle, codes_wait_longer)
{
    for (int i = 0; i < 5; i++)
        cr_assert_eq(admit_as(DRMGMT__THROTTLE_SECOND_FACTOR, email, HERE), 0);
    unsigned first = admit_as(DRMGMT__THROTTLE_SECOND_FACTOR, email, HERE), last = 0;
    cr_assert(first == 5 || first == 4, "%u", first);
    for (int i = 0; i < 12; i++) {
        time_passes();
        cr_assert_eq(admit_as(DRMGMT__THROTTLE_SECOND_FACTOR, email, HERE), 0);
        last = admit_as(DRMGMT__THROTTLE_SECOND_FACTOR, email, HERE);
    }
    cr_assert(last == 900 || last == 899, "%u", last);
}

Test(throttle, an_hour_after_the_last_attempt_it_is_forgotten)
{
    fail_times(email, HERE, FREE);
    drmgmt__rows *rows =
        ask("SELECT count(*), bool_and(expires_at BETWEEN clock_timestamp() + interval '55 minutes' AND "
            "clock_timestamp() + interval '1 hour') FROM sec.throttle WHERE $1::uuid IS NOT NULL AND "
            "next_at > '-infinity'",
            NULL);
    cr_assert_geq(drmgmt__rows_int(rows, 0, 0), 1);
    cr_assert(drmgmt__rows_bool(rows, 0, 1));
    drmgmt__rows_free(rows);
    drmgmt__rows_free(
        ask("UPDATE sec.throttle SET expires_at = clock_timestamp(), next_at = '-infinity' WHERE $1::uuid "
            "IS NOT NULL",
            NULL));
    fail_times(email, HERE, FREE);
    cr_assert_neq(admit(email, HERE), 0);
}

/* ---- at once ---- */

static atomic_int let_in, kept_out;

static void *guess(void *user)
{
    const char *address = user;

    for (int i = 0; i < 3; i++)
        atomic_fetch_add(admit(email, address) ? &kept_out : &let_in, 1);
    return NULL;
}

Test(throttle, guesses_at_the_same_time_count_each_other)
{
    enum { THREADS = 16 };
    pthread_t threads[THREADS];
    static char here[] = HERE;

    for (int i = 0; i < THREADS; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, guess, here), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    /* A wait of one second may have ended on a slow machine, once or twice. */
    cr_assert(let_in >= FREE && let_in <= FREE + 3, "%d were let in", let_in);
    cr_assert_eq(let_in + kept_out, 3 * THREADS);
}

static void *guess_crosswise(void *user)
{
    char account[64], address[32];

    for (int i = 0; i < 40; i++) {
        snprintf(account, sizeof account, "crowd-%d@example.net", (i * 7 + (int)(intptr_t)user) % 5);
        const char *from = place(address, (i * 3 + (int)(intptr_t)user * 5) % 4);
        if (admit(account, from) == 0)
            settle(account, from, i % 3 ? DRMGMT__THROTTLE_UNDECIDED : DRMGMT__THROTTLE_SUCCEEDED);
    }
    return NULL;
}

Test(throttle, attempts_that_cross_do_not_block_each_other)
{
    enum { THREADS = 8 };
    pthread_t threads[THREADS];

    for (int i = 0; i < THREADS; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, guess_crosswise, (void *)(intptr_t)i), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
}

/* ---- failures ---- */

Test(throttle, without_a_keyring_nobody_is_let_in)
{
    drmgmt_context *bare = open_context(false);

    cr_assert_eq(drmgmt__throttle_admit(bare, LOGIN, email, HERE, NULL), DRMGMT_ERR_CRYPTO);
    drmgmt__throttle_settle(bare, LOGIN, email, HERE, DRMGMT__THROTTLE_SUCCEEDED);
    drmgmt_context_free(bare);
}

static drmgmt_context *context_at(const char *url)
{
    drmgmt_options *o = drmgmt_options_new();
    drmgmt_context *made = NULL;

    cr_assert_eq(drmgmt_options_set_database_url(o, url), 0);
    cr_assert_eq(drmgmt_options_set_keyring_file(o, from_env("DRM_KEYRING")), 0);
    cr_assert_eq(drmgmt_context_new(o, &made, NULL), 0);
    drmgmt_options_free(o);
    return made;
}

Test(throttle, a_restart_forgives_nothing)
{
    private_server s = { 0 };
    drmgmt_context *before = context;
    drmgmt_error *error = NULL;

    server_new(&s);
    cr_assert_eq(drmgmt_db_migrate(s.owner, NULL, NULL, NULL, &error), 0, "%s", drmgmt_error_message(error));
    cr_assert_eq(drmgmt_db_install_keyring(s.owner, from_env("DRM_KEYRING"), NULL, &error), 0);
    context = context_at(s.app);
    succeed(email, "192.0.2.2");
    fail_times(email, HERE, FREE + 0);
    for (int i = 0; i < 6; i++) {
        DRMGMT__OWNER drmgmt__owner *owner = NULL;
        cr_assert_eq(drmgmt__owner_open(s.owner, &owner, NULL), 0);
        cr_assert_eq(drmgmt__owner_script(owner, "UPDATE sec.throttle SET next_at = clock_timestamp()", NULL), 0);
        cr_assert_eq(admit(email, HERE), 0);
    }
    cr_assert_geq(admit(email, HERE), 30);
    drmgmt_context_free(context);
    server_ctl(&s, "-m fast stop");
    context = context_at(s.app);
    cr_assert_eq(drmgmt__throttle_admit(context, LOGIN, email, HERE, NULL), DRMGMT_ERR_UNAVAILABLE,
                 "without the database nobody is let in");
    server_start(&s);
    drmgmt_context_free(context);
    context = context_at(s.app);
    cr_assert_geq(admit(email, HERE), 20);
    fail_times(email, "192.0.2.2", FREE + 1);
    drmgmt_context_free(context);
    context = before;
    server_free(&s);
}
