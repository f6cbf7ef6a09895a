/* The driver of docs/drivers.md, run by hand on the worker's loop against a port of this test. */
#include "../../examples/driver_example.c"

#include "net_support.h"
#include "worker/loop.h"
#include "worker/op.h"
#include <criterion/criterion.h>
#include <poll.h>
#include <stdbool.h>

static drmgmt_loop *loop;
static drmgmt__ops *ops;
static drmgmt__net_policy *policy;
static void *state;
static struct {
    unsigned count;
    char outcome[16], result[600], code[32];
} told;

static void ended(void *user, drmgmt__op *op, const drmgmt__op_end *end)
{
    (void)user;
    (void)op;
    told.count++;
    snprintf(told.outcome, sizeof told.outcome, "%s", end->outcome);
    snprintf(told.result, sizeof told.result, "%s", end->result ? end->result : "");
    snprintf(told.code, sizeof told.code, "%s", end->code ? end->code : "");
}

static void setup(void)
{
    static const drmgmt__op_hooks hooks = { .ended = ended };

    cr_assert_eq(drmgmt__loop_new(NULL, NULL, &loop, NULL), 0);
    cr_assert_eq(drmgmt__ops_new(&hooks, &ops, NULL), 0);
    cr_assert_eq(example_driver_banner.open(loop, &state, NULL), 0);
    policy = policy_of(NULL, RULES("127.0.0.1/tcp"));
}

static void teardown(void)
{
    drmgmt__net_policy_unref(policy);
    drmgmt__ops_free(ops);
    drmgmt__loop_free(loop);
}

TestSuite(driver_example, .init = setup, .fini = teardown, .timeout = 30);

static int listen_somewhere(unsigned *port)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    cr_assert(bind(fd, (struct sockaddr *)&at, size) == 0 && listen(fd, 4) == 0);
    cr_assert_eq(getsockname(fd, (struct sockaddr *)&at, &size), 0);
    *port = ntohs(at.sin_port);
    return fd;
}

static drmgmt__op *start(const char *address, unsigned port)
{
    drmgmt__op_spec spec = {
        .operation = "read", .params = "{}", .address = address, .port = port, .timeout_ms = 5000, .policy = policy
    };
    drmgmt__op *op = drmgmt__op_new(ops, loop, &spec);

    cr_assert(op);
    return drmgmt__op_start(op, &example_driver_banner, state) ? op : NULL;
}

static void run_until_told(void)
{
    for (int i = 0; i < 2000 && told.count == 0; i++) {
        drmgmt__loop_turn(loop);
        usleep(1000);
    }
    cr_assert_eq(told.count, 1);
}

/* Answers in pieces, as a network may. */
static void greet(const char *text, size_t n, const char *outcome, const char *result, const char *code)
{
    unsigned port;
    int listener = listen_somewhere(&port);

    start("127.0.0.1", port);
    int peer = accept(listener, NULL, NULL);
    for (size_t i = 0; i < n && told.count == 0; i++) {
        cr_assert_eq(send(peer, text + i, 1, MSG_NOSIGNAL), 1);
        drmgmt__loop_turn(loop);
    }
    close(peer);
    run_until_told();
    close(listener);
    cr_assert_str_eq(told.outcome, outcome);
    cr_assert_str_eq(told.result, result);
    cr_assert_str_eq(told.code, code);
}

Test(driver_example, reads_a_greeting)
{
    greet("220 mail \"here\"\\\x01\xff\r\nmore", 23, "completed", "{\"banner\":\"220 mail \\\"here\\\"\\\\\"}", "");
}

Test(driver_example, a_line_without_an_end_is_cut)
{
    char text[300];

    memset(text, '"', sizeof text);
    char expected[600] = "{\"banner\":\"";
    for (int i = 0; i < LINE_SIZE; i++)
        strcat(expected, "\\\"");
    strcat(expected, "\"}");
    greet(text, LINE_SIZE, "completed", expected, "");
}

Test(driver_example, a_service_that_says_nothing)
{
    greet("220 half", 8, "failed", "", "closed");
}

Test(driver_example, bad_addresses_and_closed_ports_fail)
{
    static const char *const bad[] = { "", "example.net", "::1", "127.0.0.1.1" };
    unsigned port;
    int listener = listen_somewhere(&port);

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        told.count = 0;
        cr_assert_null(start(bad[i], port), "it ends before begin() returns");
        run_until_told();
        cr_assert_str_eq(told.code, "address");
    }
    close(listener);
    told.count = 0;
    start("127.0.0.1", port);
    run_until_told();
    cr_assert_str_eq(told.code, "refused");
}

Test(driver_example, what_the_policy_refuses_gets_no_connection)
{
    static const char *const closed[] = { "127.0.0.2", "169.254.169.254", "10.0.0.1", "0.0.0.0" };
    unsigned port;
    int listener = listen_somewhere(&port);

    for (size_t i = 0; i < sizeof closed / sizeof closed[0]; i++) {
        told.count = 0;
        cr_assert_null(start(closed[i], port), "it ends before begin() returns");
        run_until_told();
        cr_assert_str_eq(told.code, "outbound-refused");
    }
    drmgmt__net_policy_set(policy, NULL, 0); /* the rule is taken away */
    told.count = 0;
    cr_assert_null(start("127.0.0.1", port));
    cr_assert_str_eq(told.code, "outbound-refused");
    struct pollfd p = { .fd = listener, .events = POLLIN };
    cr_assert_eq(poll(&p, 1, 0), 0, "somebody connected");
    close(listener);
}

Test(driver_example, lets_go_when_it_is_cancelled)
{
    unsigned port;
    int listener = listen_somewhere(&port);
    drmgmt__op *op = start("127.0.0.1", port);
    const drmgmt__op_end end = { .outcome = "cancelled" };
    char byte;

    cr_assert(op);
    int peer = accept(listener, NULL, NULL);
    drmgmt__loop_turn(loop);
    drmgmt__op_end_now(op, &end);
    cr_assert_eq(told.count, 1);
    cr_assert_str_eq(told.outcome, "cancelled");
    cr_assert_eq(read(peer, &byte, 1), 0, "the connection was closed");
    close(peer);
    close(listener);
}

Test(driver_example, checks_its_parameters)
{
    drmgmt_error *error = NULL;

    cr_assert_eq(example_driver_banner.check(&operations[0], "{}", NULL), 0);
    cr_assert_eq(example_driver_banner.check(&operations[0], "{\"a\":1}", &error), DRMGMT_ERR_INVALID);
    cr_assert_str_eq(drmgmt_error_field(error), "params");
    drmgmt_error_free(error);
}
