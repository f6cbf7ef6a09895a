/* What the SNMP driver makes of a kernel that does not send: sendto() is replaced here by one that fails as told. Needs
 * no server. */
#include "snmp_double.h"
#include "snmp_fixture.h"
#include <errno.h>
#include <sys/syscall.h>

static int fail_with, fail_times; /* in the driver's thread; fail_times -1: always */
static _Thread_local bool is_driver;

ssize_t sendto(int fd, const void *bytes, size_t n, int flags, const struct sockaddr *to, socklen_t length)
{
    if (is_driver && fail_times) {
        fail_times -= fail_times > 0;
        errno = fail_with;
        return -1;
    }
    return syscall(SYS_sendto, fd, bytes, n, flags, to, length);
}

static void open_failing(struct fixture *f, size_t room, int why, int times)
{
    open_fixture(f, room);
    is_driver = true;
    fail_with = why;
    fail_times = times;
}

static drmgmt__op *begin(struct fixture *f, unsigned port, const char *settings)
{
    return begin_spec(
        f, (drmgmt__op_spec){ .address = "127.0.0.1", .port = port, .secret = "public", .settings = settings });
}

Test(snmp_send, errors_of_the_kernel)
{
    static const struct {
        int why;
        const char *code;
        bool retryable;
    } rows[] = {
        { ENETUNREACH, "unreachable", true }, { EHOSTUNREACH, "unreachable", true }, { EPERM, "unreachable", true },
        { EINVAL, "unreachable", true },      { ECONNREFUSED, "refused", true },     { EMSGSIZE, "too-large", false },
    };

    for (size_t i = 0; i < DRMGMT__COUNT(rows); i++) {
        struct fixture f;
        open_failing(&f, 40, rows[i].why, -1);
        for (int k = 0; k < 40; k++) /* some of them wait behind the window */
            begin(&f, 1, "{\"timeout_ms\":10000}");
        run_fixture(&f);
        for (size_t k = 0; k < f.n; k++) {
            assert_failed(&f.ends[k], rows[i].code, rows[i].retryable);
            cr_assert_lt(f.ends[k].after_ms, 2000);
        }
        close_fixture(&f);
    }
}

/* The error of an earlier datagram, told to this one. */
Test(snmp_send, a_stale_error_is_not_ours)
{
    struct twin twin;
    struct fixture f;

    start_twin(&twin, answer_well);
    open_failing(&f, 1, ECONNREFUSED, 1);
    begin(&f, twin.port, "{\"retries\":0}");
    cr_assert(run_last(&f)->completed, "%s", f.ends[0].message);
    close_fixture(&f);
    stop_twin(&twin);
}

Test(snmp_send, waits_until_the_socket_takes_more)
{
    static const int whys[] = { EAGAIN, ENOBUFS };

    for (size_t i = 0; i < DRMGMT__COUNT(whys); i++) {
        struct twin twin;
        struct fixture f;
        drmgmt__op *cancelled = NULL;
        start_twin(&twin, answer_well);
        open_failing(&f, 50, whys[i], 3);
        for (int k = 0; k < 50; k++) {
            drmgmt__op *op = begin(&f, twin.port, "{\"timeout_ms\":10000,\"retries\":0}");
            cancelled = k == 4 ? op : cancelled;
        }
        cr_assert_eq(((drmgmt__snmp *)f.state)->counts.sent, 0);
        drmgmt__op_end_now(cancelled, &(drmgmt__op_end){ .outcome = "cancelled" });
        run_fixture(&f);
        for (size_t k = 0; k < 50; k++)
            cr_assert(k == 4 || (f.ends[k].completed && f.ends[k].after_ms < 5000), "%s", f.ends[k].message);
        cr_assert_eq(twin.seen, 49);
        close_fixture(&f);
        stop_twin(&twin);
    }
}

/* It never takes more: a timeout, and nothing is left. */
Test(snmp_send, waits_no_longer_than_the_timeout)
{
    struct fixture f;

    open_failing(&f, 3, EAGAIN, -1);
    for (int k = 0; k < 3; k++)
        begin(&f, 1, "{\"timeout_ms\":100,\"retries\":1}");
    run_fixture(&f);
    for (size_t k = 0; k < f.n; k++) {
        assert_failed(&f.ends[k], "timeout", true);
        cr_assert(f.ends[k].after_ms >= 195 && f.ends[k].after_ms < 1500);
    }
    close_fixture(&f);
}
