/* The worker's loop as drivers see it (watches, timers, freeing them from their own callbacks), and operations: every
 * way one can end, and that none ends twice. Uses the driver "fake". */
#include "core/core.h"
#include "proto/registry.h"
#include "worker/inflight.h"
#include "worker/loop.h"
#include "worker/op.h"
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static drmgmt_loop *loop;

static void set_up(void)
{
    cr_assert_eq(drmgmt__loop_new(NULL, NULL, &loop, NULL), 0);
}

static void tear_down(void)
{
    drmgmt__loop_free(loop);
}

TestSuite(loop, .init = set_up, .fini = tear_down, .timeout = 20);
TestSuite(op, .init = set_up, .fini = tear_down, .timeout = 20);

static void stop(void *user)
{
    (void)user;
    drmgmt__loop_stop(loop);
}

static void run_for(uint64_t ms)
{
    drmgmt_timer *timer = drmgmt_loop_timer(loop, ms, stop, NULL);
    cr_assert_not_null(timer);
    drmgmt__loop_run(loop);
    drmgmt_timer_free(timer);
}

/* ---- timers ---- */

struct ticks {
    drmgmt_timer *timer;
    unsigned n, until;
    bool free_it;
};

static void tick(void *user)
{
    struct ticks *t = user;

    t->n++;
    if (t->free_it) {
        drmgmt_timer_free(t->timer);
        t->timer = NULL;
    } else if (t->n < t->until) {
        cr_assert_eq(drmgmt_timer_again(t->timer, 1), 0);
    }
}

Test(loop, a_timer_fires_once)
{
    struct ticks t = { 0 };

    drmgmt__loop_update_now(loop); /* timers count from the loop's clock, which stands between two turns */
    uint64_t before = drmgmt__monotonic_ms();
    t.timer = drmgmt_loop_timer(loop, 30, tick, &t);
    run_for(100);
    cr_assert_eq(t.n, 1);
    cr_assert_geq(drmgmt__monotonic_ms() - before, 98);
    drmgmt_timer_free(t.timer);
}

Test(loop, a_timer_runs_again_from_its_callback)
{
    struct ticks t = { .until = 5 };

    t.timer = drmgmt_loop_timer(loop, 0, tick, &t);
    run_for(100);
    cr_assert_eq(t.n, 5);
    drmgmt_timer_free(t.timer);
}

Test(loop, a_timer_may_free_itself)
{
    enum { N = 3000 }; /* more than are kept for reuse */
    static struct ticks t[N];

    for (int round = 0; round < 3; round++)
        for (int i = 0; i < N; i++) {
            t[i] = (struct ticks){ .free_it = true };
            t[i].timer = drmgmt_loop_timer(loop, (uint64_t)(i % 7), tick, &t[i]);
            cr_assert_not_null(t[i].timer);
            if (i == N - 1)
                run_for(30);
        }
    for (int i = 0; i < N; i++)
        cr_assert_eq(t[i].n, 1);
}

Test(loop, a_freed_timer_does_not_fire)
{
    struct ticks t = { 0 };

    t.timer = drmgmt_loop_timer(loop, 5, tick, &t);
    drmgmt_timer_free(t.timer);
    drmgmt_timer_free(NULL);
    run_for(30);
    cr_assert_eq(t.n, 0);
}

Test(loop, what_is_left_is_freed_with_it)
{
    struct ticks t = { 0 };
    int fds[2];

    cr_assert_eq(pipe(fds), 0);
    cr_assert_not_null(drmgmt_loop_timer(loop, 1000, tick, &t));
    cr_assert_not_null(drmgmt_loop_watch(loop, fds[0], DRMGMT_READ, NULL, NULL));
    drmgmt__loop_free(loop);
    loop = NULL;
    close(fds[0]);
    close(fds[1]);
}

/* ---- watches ---- */

struct reader {
    drmgmt_watch *watch;
    unsigned calls, seen;
    int error;
    bool free_it, leave_it;
};

static void on_ready(void *user, int fd, unsigned events)
{
    struct reader *r = user;
    char byte;
    socklen_t size = sizeof r->error;

    r->calls++;
    r->seen |= events;
    if (events & DRMGMT_READ && !r->leave_it && read(fd, &byte, 1) < 0)
        r->error = errno;
    if (!r->error && r->leave_it && events & DRMGMT_READ)
        getsockopt(fd, SOL_SOCKET, SO_ERROR, &r->error, &size);
    if (r->free_it) {
        drmgmt_watch_free(r->watch);
        r->watch = NULL;
        close(fd);
    }
}

Test(loop, a_watch_is_level_triggered)
{
    struct reader r = { 0 };
    int fds[2];

    cr_assert_eq(pipe(fds), 0);
    r.watch = drmgmt_loop_watch(loop, fds[0], DRMGMT_READ, on_ready, &r);
    cr_assert_eq(write(fds[1], "abc", 3), 3);
    run_for(200); /* a turn a byte, also when the machine is busy */
    cr_assert_eq(r.calls, 3);
    cr_assert_eq(r.seen, DRMGMT_READ);
    cr_assert_eq(drmgmt_watch_set(r.watch, 0), 0);
    cr_assert_eq(write(fds[1], "d", 1), 1);
    run_for(200);
    cr_assert_eq(r.calls, 3);
    cr_assert_eq(drmgmt_watch_set(r.watch, DRMGMT_READ), 0);
    run_for(200);
    cr_assert_eq(r.calls, 4);
    drmgmt_watch_free(r.watch);
    drmgmt_watch_free(NULL);
    close(fds[0]);
    close(fds[1]);
}

Test(loop, a_watch_may_free_itself_and_its_number_be_used_again)
{
    for (int i = 0; i < 50; i++) {
        struct reader r = { .free_it = true };
        int fds[2];
        cr_assert_eq(pipe(fds), 0);
        r.watch = drmgmt_loop_watch(loop, fds[0], DRMGMT_READ, on_ready, &r);
        cr_assert_not_null(r.watch);
        cr_assert_eq(write(fds[1], "ab", 2), 2);
        run_for(2);
        cr_assert_eq(r.calls, 1);
        close(fds[1]);
    }
}

Test(loop, the_writing_end_is_told_too)
{
    struct reader r = { .free_it = true };
    int fds[2];

    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    r.watch = drmgmt_loop_watch(loop, fds[0], DRMGMT_WRITE, on_ready, &r);
    run_for(10);
    cr_assert_eq(r.calls, 1);
    cr_assert_eq(r.seen, DRMGMT_WRITE);
    close(fds[1]);
}

Test(loop, a_refused_datagram_does_not_end_the_watch)
{
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof to;
    struct reader r = { 0 };
    int closed = socket(AF_INET, SOCK_DGRAM, 0), fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);

    cr_assert_eq(bind(closed, (struct sockaddr *)&to, sizeof to), 0);
    cr_assert_eq(getsockname(closed, (struct sockaddr *)&to, &size), 0);
    cr_assert_eq(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    close(closed);
    r.watch = drmgmt_loop_watch(loop, fd, DRMGMT_READ, on_ready, &r);
    for (unsigned i = 1; i <= 2; i++) {
        r.error = 0;
        cr_assert_eq(send(fd, "x", 1, 0), 1);
        run_for(30);
        cr_assert_eq(r.error, ECONNREFUSED);
        cr_assert_eq(r.calls, i);
    }
    drmgmt_watch_free(r.watch);
    close(fd);
}

Test(loop, what_cannot_be_watched_is_refused)
{
    struct reader r = { 0 };
    int file = open("/dev/null", O_RDONLY | O_CLOEXEC), regular = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

    cr_assert_null(drmgmt_loop_watch(loop, 1 << 20, DRMGMT_READ, on_ready, &r));
    cr_assert_null(drmgmt_loop_watch(loop, regular, DRMGMT_READ, on_ready, &r));
    close(file);
    close(regular);
}

/* ---- waking ---- */

struct woken {
    drmgmt_loop *loop;
    atomic_uint calls;
};

static void on_woken(void *user)
{
    struct woken *w = user;
    atomic_fetch_add(&w->calls, 1);
}

static void *wake_often(void *user)
{
    struct woken *w = user;
    for (int i = 0; i < 10000; i++)
        drmgmt__loop_wake(w->loop);
    return NULL;
}

static void stop_it(void *user)
{
    drmgmt__loop_stop(user);
}

Test(loop, a_burst_of_wakes_is_few_calls_and_at_least_one)
{
    struct woken w = { 0 };
    pthread_t thread;

    cr_assert_eq(drmgmt__loop_new(on_woken, &w, &w.loop, NULL), 0);
    for (int i = 0; i < 1000; i++)
        drmgmt__loop_wake(w.loop);
    drmgmt__loop_turn(w.loop);
    cr_assert_eq(atomic_load(&w.calls), 1);
    cr_assert_eq(pthread_create(&thread, NULL, wake_often, &w), 0);
    drmgmt_timer *timer = drmgmt_loop_timer(w.loop, 200, stop_it, w.loop);
    drmgmt__loop_run(w.loop);
    pthread_join(thread, NULL);
    cr_assert_geq(atomic_load(&w.calls), 2);
    drmgmt_timer_free(timer);
    drmgmt__loop_free(w.loop);
}

/* ---- operations ---- */

struct ends {
    unsigned n, progressed, percent;
    char outcome[16], code[32], result[256];
    bool retryable;
    char secret_then[32];
};
static struct ends ends;
static drmgmt__ops *ops;

static void on_ended(void *user, drmgmt__op *op, const drmgmt__op_end *end)
{
    struct ends *e = user;

    e->n++;
    snprintf(e->outcome, sizeof e->outcome, "%s", end->outcome);
    snprintf(e->code, sizeof e->code, "%s", end->code ? end->code : "");
    snprintf(e->result, sizeof e->result, "%s", end->result ? end->result : "");
    snprintf(e->secret_then, sizeof e->secret_then, "%s", op->n_credentials ? op->credentials->community : "");
    e->retryable = end->retryable;
}

static void on_progressed(void *user, drmgmt__op *op, unsigned percent)
{
    struct ends *e = user;
    (void)op;
    e->progressed++;
    e->percent = percent;
}

static drmgmt__op *make(const char *operation, const char *params)
{
    const drmgmt__op_hooks hooks = { &ends, on_ended, on_progressed };
    drmgmt__op_spec spec = { .tenant_id = "tenant",
                             .job_id = "job",
                             .device_id = "device",
                             .operation = operation,
                             .params = params,
                             .address = "192.0.2.1",
                             .settings = "{}",
                             .secret = "hidden",
                             .port = 161,
                             .timeout_ms = 5000 };

    if (!ops) {
        cr_assert_eq(drmgmt__ops_new(&hooks, &ops, NULL), 0);
    }
    drmgmt__op *op = drmgmt__op_new(ops, loop, &spec);
    cr_assert_not_null(op);
    return op;
}

static bool start(const char *operation, const char *params)
{
    void *state = NULL;
    cr_assert_eq(drmgmt__driver_fake.open(loop, &state, NULL), 0);
    return drmgmt__op_start(make(operation, params), &drmgmt__driver_fake, state);
}

Test(op, echo_ends_within_begin)
{
    cr_assert_not(start("echo", "{\"a\":[1,2]}"));
    cr_assert_eq(ends.n, 1);
    cr_assert_str_eq(ends.outcome, "completed");
    cr_assert_str_eq(ends.result, "{\"a\":[1,2]}");
    drmgmt__ops_free(ops);
}

Test(op, sleep_ends_later)
{
    cr_assert(start("sleep", "{\"ms\":20}"));
    cr_assert_eq(ends.n, 0);
    run_for(60);
    cr_assert_eq(ends.n, 1);
    cr_assert_str_eq(ends.result, "{\"slept_ms\":20}");
    drmgmt__ops_free(ops);
}

Test(op, fail_fails_as_told)
{
    cr_assert_not(start("fail", "{\"code\":\"refused\",\"message\":\"no\",\"retryable\":true}"));
    cr_assert_str_eq(ends.outcome, "failed");
    cr_assert_str_eq(ends.code, "refused");
    cr_assert(ends.retryable);
    cr_assert_not(start("fail", "{}"));
    cr_assert_str_eq(ends.code, "failed");
    cr_assert_not(ends.retryable);
    drmgmt__ops_free(ops);
}

Test(op, write_tells_what_it_wrote)
{
    cr_assert(start("write", "{\"value\":{\"x\":\"\\u00e9\"}}"));
    run_for(20);
    cr_assert_str_eq(ends.result, "{\"written\":{\"x\":\"\xc3\xa9\"}}");
    drmgmt__ops_free(ops);
}

Test(op, progress_is_told)
{
    cr_assert(start("progress", "{\"ms\":50,\"steps\":5}"));
    run_for(150);
    cr_assert_eq(ends.n, 1);
    cr_assert_eq(ends.progressed, 4);
    cr_assert_eq(ends.percent, 80);
    drmgmt__ops_free(ops);
}

/* Parameters that passed no check must not harm the worker. */
Test(op, odd_parameters_do_no_harm)
{
    static const char *const odd[] = {
        "", "[", "[]", "null", "{\"ms\":-5}", "{\"ms\":\"x\"}", "{\"ms\":1e300,\"steps\":-1}"
    };

    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        unsigned before = ends.n;
        if (start("sleep", odd[i]))
            run_for(10);
        cr_assert_eq(ends.n, before + 1, "%s", odd[i]);
        start("fail", odd[i]);
        cr_assert_eq(ends.n, before + 2, "%s", odd[i]);
    }
    drmgmt__ops_free(ops);
}

Test(op, a_cancelled_one_is_gone)
{
    drmgmt__op *op = make("sleep", "{\"ms\":20}");

    cr_assert(drmgmt__op_start(op, &drmgmt__driver_fake, loop));
    drmgmt__op_end_now(op, &(drmgmt__op_end){ .outcome = "cancelled" });
    cr_assert_eq(ends.n, 1);
    op = make("sleep", "{\"ms\":20}");
    cr_assert(drmgmt__op_start(op, &drmgmt__driver_fake, loop));
    drmgmt__op_abort(op);
    run_for(60);
    cr_assert_eq(ends.n, 1);
    drmgmt__ops_free(ops);
}

/* ---- a driver that does what it must not ---- */

static drmgmt_op *held;

static void bad_begin(void *state, drmgmt_op *op)
{
    (void)state;
    held = op;
}

static void twice(void *state, drmgmt_op *op)
{
    (void)state;
    held = op;
    drmgmt_op_complete(op, "1");
    drmgmt_op_complete(op, "2");
    drmgmt_op_fail(op, "late", "late", true);
}

static void bad_cancel(void *state, drmgmt_op *op)
{
    (void)state;
    drmgmt_op_set_data(op, state);
    drmgmt_op_complete(op, "\"from cancel\"");
}

static const drmgmt_driver bad = { .abi = DRMGMT_DRIVER_ABI, .name = "bad", .begin = bad_begin, .cancel = bad_cancel };
static const drmgmt_driver eager = { .abi = DRMGMT_DRIVER_ABI, .name = "eager", .begin = twice, .cancel = bad_cancel };

Test(op, nothing_ends_twice)
{
    cr_assert_not(drmgmt__op_start(make("x", "{}"), &eager, NULL));
    cr_assert_eq(ends.n, 1);
    cr_assert_str_eq(ends.result, "1");

    drmgmt__op *op = make("x", "{}");
    cr_assert(drmgmt__op_start(op, &bad, NULL));
    drmgmt_op *first = held;
    drmgmt__op_end_now(op, &(drmgmt__op_end){ .outcome = "cancelled" });
    cr_assert_eq(ends.n, 2);
    cr_assert_str_eq(ends.outcome, "cancelled");

    /* The place is used again by now: the old handle must not reach the new operation. */
    drmgmt__op *later[64];
    for (int i = 0; i < 64; i++) {
        later[i] = make("x", "{}");
        cr_assert(drmgmt__op_start(later[i], &bad, NULL));
    }
    drmgmt_op_complete(first, "\"late\"");
    drmgmt_op_progress(first, 50);
    drmgmt_op_set_data(first, &ends);
    cr_assert_eq(ends.n, 2);
    cr_assert_eq(ends.progressed, 0);
    cr_assert_str_eq(drmgmt_op_job_id(first), "");
    cr_assert_eq(drmgmt_op_timeout_ms(first), 0);
    cr_assert_null(drmgmt_op_secret(first, "community"));
    drmgmt_op_complete(held, "3");
    cr_assert_eq(ends.n, 3);
    for (int i = 0; i < 63; i++)
        drmgmt__op_abort(later[i]);
    drmgmt__ops_free(ops);
}

Test(op, tells_a_driver_what_it_asks)
{
    drmgmt__op *op = make("get", "{\"oids\":[]}");

    cr_assert(drmgmt__op_start(op, &bad, NULL));
    cr_assert_str_eq(drmgmt_op_operation(held), "get");
    cr_assert_str_eq(drmgmt_op_tenant_id(held), "tenant");
    cr_assert_str_eq(drmgmt_op_device_id(held), "device");
    cr_assert_str_eq(drmgmt_op_address(held), "192.0.2.1");
    cr_assert_eq(drmgmt_op_port(held), 161);
    cr_assert_str_eq(drmgmt_op_params(held), "{\"oids\":[]}");
    cr_assert_str_eq(drmgmt_op_secret(held, "community"), "hidden");
    cr_assert_null(drmgmt_op_secret(held, "password"));
    cr_assert(drmgmt_op_timeout_ms(held) > 4000 && drmgmt_op_timeout_ms(held) <= 5000);
    drmgmt__op_abort(op);
    drmgmt__ops_free(ops);
}

/* ---- the table of what is in flight ---- */

Test(op, in_flight_is_found_by_id_and_ordered_by_time)
{
    enum { N = 2000 };
    static drmgmt__op table[N];
    static char ids[N][37];
    drmgmt__inflight f;
    uint32_t seed = 7;

    cr_assert_eq(drmgmt__inflight_init(&f, N), 0);
    for (int i = 0; i < N; i++) {
        cr_assert_eq(drmgmt__uuid_v7(ids[i]), 0);
        table[i].job_id = ids[i];
        drmgmt__inflight_add(&f, &table[i]);
        table[i].due_ms = (seed = seed * 1664525u + 1013904223u) % 1000;
        drmgmt__inflight_due(&f, &table[i]);
    }
    for (int i = 0; i < N; i += 3) {
        table[i].due_ms = (seed = seed * 1664525u + 1013904223u) % 1000;
        drmgmt__inflight_due(&f, &table[i]);
    }
    for (int i = 0; i < N; i += 2) {
        cr_assert_eq(drmgmt__inflight_find(&f, ids[i]), &table[i]);
        drmgmt__inflight_remove(&f, &table[i]);
        cr_assert_null(drmgmt__inflight_find(&f, ids[i]));
    }
    uint64_t last = 0;
    unsigned n = 0;
    for (drmgmt__op *op; (op = drmgmt__inflight_first_due(&f)); n++) {
        cr_assert_geq(op->due_ms, last);
        last = op->due_ms;
        drmgmt__inflight_remove(&f, op);
    }
    cr_assert_eq(n, N / 2);
    cr_assert_eq(f.n, 0);
    drmgmt__inflight_clear(&f);
}

/* ---- what the driver "fake" accepts ---- */

Test(op, parameters_are_checked)
{
    static const struct {
        const char *operation, *params, *field;
    } rows[] = {
        { "echo", "{\"anything\":{}}", NULL },
        { "sleep", "{\"ms\":5}", NULL },
        { "sleep", "{}", "params.ms" },
        { "sleep", "{\"ms\":-1}", "params.ms" },
        { "sleep", "{\"ms\":86400001}", "params.ms" },
        { "sleep", "{\"ms\":1.5}", "params.ms" },
        { "sleep", "{\"ms\":5,\"more\":1}", "params.more" },
        { "fail", "{\"retryable\":1}", "params.retryable" },
        { "fail", "{\"code\":1}", "params.code" },
        { "fail", "{\"code\":\"x\",\"retryable\":false}", NULL },
        { "write", "{\"value\":null}", NULL },
        { "write", "{}", "params.value" },
        { "progress", "{\"ms\":5,\"steps\":0}", "params.steps" },
        { "progress", "{\"ms\":5,\"steps\":10}", NULL },
    };
    const drmgmt_driver *fake = drmgmt_driver_find("fake");

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        drmgmt_error *error = NULL;
        int rc = fake->check(drmgmt_driver_operation(fake, rows[i].operation), rows[i].params, &error);
        cr_assert_eq(rc, rows[i].field ? DRMGMT_ERR_INVALID : 0, "%s %s", rows[i].operation, rows[i].params);
        if (rows[i].field)
            cr_assert_str_eq(drmgmt_error_field(error), rows[i].field);
        drmgmt_error_free(error);
    }
    cr_assert_null(drmgmt_driver_operation(fake, "explode"));
    cr_assert_null(drmgmt_driver_find("gopher"));
    cr_assert_null(drmgmt_driver_find(NULL));
}

Test(op, every_schema_is_json)
{
    for (const drmgmt_driver *const *driver = drmgmt_driver_all(); *driver; driver++) {
        cr_assert_eq((*driver)->abi, DRMGMT_DRIVER_ABI);
        for (size_t i = 0; i < (*driver)->n_operations; i++) {
            json_t *schema = json_loads((*driver)->operations[i].params_schema, 0, NULL);
            cr_assert(json_is_object(schema), "%s", (*driver)->operations[i].name);
            json_decref(schema);
        }
    }
}
