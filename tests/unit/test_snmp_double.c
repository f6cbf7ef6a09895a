/* The SNMP driver against agents that misbehave, are silent or are not there. They are threads of the tests: needs no
 * server. */
#include "snmp_double.h"
#include "snmp_fixture.h"
#include <fcntl.h>

#define QUICK "{\"timeout_ms\":150,\"retries\":1}"

static drmgmt__op *begin(struct fixture *f, unsigned port, const char *settings)
{
    return begin_spec(
        f, (drmgmt__op_spec){ .address = "127.0.0.1", .port = port, .secret = "public", .settings = settings });
}

static const drmgmt__snmp_counts *counts(const struct fixture *f)
{
    return &((const drmgmt__snmp *)f->state)->counts;
}

/* ---- answers that are dropped: the good one after them counts, or the timeout ---- */

static void reply_changed(struct twin *twin, const struct request *request)
{
    static struct ber out;
    make_response(&out, request, 0, 0,
                  "\x04\x06"
                  "forged",
                  8);
    reply(twin, out.bytes, out.n);
}

static void silent(struct twin *twin, const struct request *request)
{
    (void)twin;
    (void)request;
}

static void wrong_id(struct twin *twin, const struct request *request)
{
    struct request r = *request;
    r.id ^= 1;
    reply_changed(twin, &r);
}

static void wrong_community(struct twin *twin, const struct request *request)
{
    struct request r = *request;
    r.community[0] ^= 1;
    reply_changed(twin, &r);
}

static void shorter_community(struct twin *twin, const struct request *request)
{
    struct request r = *request;
    r.community_length--;
    reply_changed(twin, &r);
}

static void wrong_version(struct twin *twin, const struct request *request)
{
    struct request r = *request;
    r.version = 0;
    reply_changed(twin, &r);
}

static void from_another_port(struct twin *twin, const struct request *request)
{
    struct twin other = *twin;
    unsigned port;
    other.fd = open_udp(&port);
    reply_changed(&other, request);
    close(other.fd);
}

static void truncated(struct twin *twin, const struct request *request)
{
    static struct ber out;
    make_response(&out, request, 0, 0,
                  "\x04\x06"
                  "forged",
                  8);
    for (size_t n = 0; n < out.n; n++)
        reply(twin, out.bytes, n);
}

static void garbage(struct twin *twin, const struct request *request)
{
    static uint8_t bytes[60000];
    (void)request;
    for (int i = 0; i < 200; i++) {
        memset(bytes, i, sizeof bytes);
        reply(twin, bytes, (size_t)(1 + i * 299));
    }
}

static void a_request(struct twin *twin, const struct request *request)
{
    static struct ber out;
    make_response(&out, request, 0, 0, "\x05\x00", 2);
    for (size_t i = 0; i < out.n; i++)
        if (out.bytes[i] == 0xa2) {
            out.bytes[i] = 0xa0;
            break;
        }
    reply(twin, out.bytes, out.n);
}

static const struct misbehaviour {
    const char *name;
    answer_fn *answer;
    uint64_t malformed, stray, foreign; /* an answer */
} misbehaviours[] = {
    { "silent", silent, 0, 0, 0 },
    { "wrong request id", wrong_id, 0, 1, 0 },
    { "wrong community", wrong_community, 0, 0, 1 },
    { "shorter community", shorter_community, 0, 0, 1 },
    { "wrong version", wrong_version, 0, 0, 1 },
    { "from another port", from_another_port, 0, 0, 1 },
    { "a request", a_request, 1, 0, 0 },
};

Test(snmp_double, what_is_no_answer_ends_in_a_timeout)
{
    for (size_t i = 0; i < DRMGMT__COUNT(misbehaviours); i++) {
        const struct misbehaviour *m = &misbehaviours[i];
        struct twin twin;
        struct fixture f;
        start_twin(&twin, m->answer);
        open_fixture(&f, 1);
        begin(&f, twin.port, QUICK);
        const struct ended *e = run_last(&f);
        assert_failed(e, "timeout", true);
        cr_assert(strstr(e->message, "2 x 150 ms"), "%s", e->message);
        cr_assert(e->after_ms >= 295 && e->after_ms < 1500, "%s: after %lu ms", m->name, (unsigned long)e->after_ms);
        cr_assert_eq(twin.seen, 2, "%s: %u requests", m->name, twin.seen);
        cr_assert_eq(twin.first_id, twin.last_id, "%s: the retry has another request id", m->name);
        cr_assert_eq(counts(&f)->malformed, 2 * m->malformed, "%s", m->name);
        cr_assert_eq(counts(&f)->stray, 2 * m->stray, "%s", m->name);
        cr_assert_eq(counts(&f)->foreign, 2 * m->foreign, "%s", m->name);
        close_fixture(&f);
        stop_twin(&twin);
    }
}

/* Everything bad at once, and then the truth. */
static void badly_then_well(struct twin *twin, const struct request *request)
{
    for (size_t i = 0; i < DRMGMT__COUNT(misbehaviours); i++)
        misbehaviours[i].answer(twin, request);
    truncated(twin, request);
    garbage(twin, request);
    answer_well(twin, request);
}

Test(snmp_double, the_right_answer_counts_among_wrong_ones)
{
    struct twin twin;
    struct fixture f;

    start_twin(&twin, badly_then_well);
    open_fixture(&f, 1);
    begin(&f, twin.port, "{\"timeout_ms\":5000}");
    const struct ended *e = run_last(&f);
    cr_assert(e->completed, "%s", e->message);
    cr_assert(strstr(e->result, "\"hello\"") && !strstr(e->result, "forged"), "%s", e->result);
    cr_assert_gt(counts(&f)->malformed, 100);
    close_fixture(&f);
    stop_twin(&twin);
}

/* ---- late and double answers ---- */

static void only_the_second(struct twin *twin, const struct request *request)
{
    if (twin->seen == 2)
        answer_well(twin, request);
}

Test(snmp_double, a_retry_is_answered)
{
    struct twin twin;
    struct fixture f;

    start_twin(&twin, only_the_second);
    open_fixture(&f, 1);
    begin(&f, twin.port, QUICK);
    const struct ended *e = run_last(&f);
    cr_assert(e->completed, "%s", e->message);
    cr_assert_geq(e->after_ms, 145);
    cr_assert_eq(counts(&f)->resent, 1);
    close_fixture(&f);
    stop_twin(&twin);
}

static void three_times(struct twin *twin, const struct request *request)
{
    for (int i = 0; i < 3; i++)
        answer_well(twin, request);
}

static void after_300_ms(struct twin *twin, const struct request *request)
{
    poll(NULL, 0, 300);
    answer_well(twin, request);
}

Test(snmp_double, late_and_double_answers_change_nothing)
{
    struct twin twice, late;
    struct fixture f;

    start_twin(&twice, three_times);
    start_twin(&late, after_300_ms);
    open_fixture(&f, 3);
    begin(&f, late.port, "{\"timeout_ms\":50,\"retries\":0}");
    assert_failed(run_last(&f), "timeout", true);
    begin(&f, twice.port, NULL);
    cr_assert(run_last(&f)->completed);
    begin(&f, late.port, "{\"timeout_ms\":3000,\"retries\":0}");
    cr_assert(run_last(&f)->completed);
    cr_assert_eq(counts(&f)->stray, 3);
    cr_assert_eq(counts(&f)->answered, 2);
    close_fixture(&f);
    stop_twin(&twice);
    stop_twin(&late);
}

/* ---- error-status ---- */

static int status, status_index;

static void error_status(struct twin *twin, const struct request *request)
{
    static struct ber out;
    make_response(&out, request, status, status_index, "\x05\x00", 2);
    reply(twin, out.bytes, out.n);
}

Test(snmp_double, error_status_by_its_name)
{
    static const struct {
        int status, index;
        const char *code, *says;
        bool retryable;
    } rows[] = {
        { 1, 0, "tooBig", "fewer objects", false },
        { 2, 2, "noSuchName", "noSuchName (2) at index 2, sysName.0 = 1.3.6.1.2.1.1.5.0", false },
        { 2, 3, "noSuchName", "at index 3, 1.3.6.1.4.1.9.1", false },
        { 5, 1, "genErr", "at index 1, sysDescr.0", true },
        { 13, 0, "resourceUnavailable", "(13)", true },
        { 16, 0, "authorizationError", "community", false },
        { 18, 1, "inconsistentName", "(18)", false },
        { 19, 0, "genErr", "(19)", true },
        { -1, 0, "genErr", "(-1)", true },
        { 2147483647, 2147483647, "genErr", "(2147483647):", true },
        { 2, 4, "noSuchName", "noSuchName (2):", false },
        { 2, -2147483647, "noSuchName", "noSuchName (2):", false },
    };
    struct twin twin;
    struct fixture f;

    start_twin(&twin, error_status);
    open_fixture(&f, DRMGMT__COUNT(rows));
    for (size_t i = 0; i < DRMGMT__COUNT(rows); i++) {
        status = rows[i].status;
        status_index = rows[i].index;
        begin_spec(&f, (drmgmt__op_spec){ .address = "127.0.0.1",
                                          .port = twin.port,
                                          .secret = "public",
                                          .params = "{\"oids\":[\"sysDescr.0\",\"sysName.0\",\"1.3.6.1.4.1.9.1\"]}" });
        const struct ended *e = run_last(&f);
        assert_failed(e, rows[i].code, rows[i].retryable);
        cr_assert(strstr(e->message, rows[i].says), "%s", e->message);
    }
    close_fixture(&f);
    stop_twin(&twin);
}

static void fewer_objects(struct twin *twin, const struct request *request)
{
    struct request r = *request;
    r.oids_length = 0;
    answer_well(twin, &r);
}

Test(snmp_double, an_answer_to_something_else_fails)
{
    struct twin twin;
    struct fixture f;

    start_twin(&twin, fewer_objects);
    open_fixture(&f, 1);
    begin(&f, twin.port, NULL);
    const struct ended *e = run_last(&f);
    assert_failed(e, "bad-answer", false);
    cr_assert(strstr(e->message, "fewer"), "%s", e->message);
    close_fixture(&f);
    stop_twin(&twin);
}

static void as_long_as_can_be(struct twin *twin, const struct request *request)
{
    static struct ber out;
    static uint8_t value[65536];
    const size_t n = 65300;

    memset(value, 'x', sizeof value);
    value[0] = 4;
    value[1] = 0x82;
    value[2] = (uint8_t)(n >> 8);
    value[3] = (uint8_t)n;
    make_response(&out, request, 0, 0, value, n + 4);
    reply(twin, out.bytes, out.n);
}

Test(snmp_double, a_huge_answer_arrives_whole)
{
    struct twin twin;
    struct fixture f;

    start_twin(&twin, as_long_as_can_be);
    open_fixture(&f, 1);
    begin(&f, twin.port, NULL);
    const struct ended *e = run_last(&f);
    cr_assert(e->completed, "%s", e->message);
    cr_assert_gt(strlen(e->result), 65300);
    close_fixture(&f);
    stop_twin(&twin);
}

/* ---- agents that are not there ---- */

Test(snmp_double, a_closed_port_is_told_at_once)
{
    unsigned port;
    struct fixture f;

    close(open_udp(&port));
    open_fixture(&f, 100);
    for (int i = 0; i < 100; i++)
        begin(&f, port, "{\"timeout_ms\":30000}");
    run_fixture(&f);
    for (size_t i = 0; i < f.n; i++) {
        assert_failed(&f.ends[i], "refused", true);
        cr_assert(strstr(f.ends[i].message, "127.0.0.1:"), "%s", f.ends[i].message);
        cr_assert_lt(f.ends[i].after_ms, 5000);
    }
    close_fixture(&f);
}

/* The kernel tells the refusal of one datagram to whoever uses the socket next: that must hurt nobody. */
Test(snmp_double, a_closed_port_does_not_hurt_others)
{
    unsigned closed;
    struct twin twin;
    struct fixture f;

    close(open_udp(&closed));
    start_twin(&twin, answer_well);
    open_fixture(&f, 400);
    for (int i = 0; i < 200; i++) {
        begin(&f, closed, NULL);
        begin(&f, twin.port, NULL);
    }
    run_fixture(&f);
    for (size_t i = 0; i < f.n; i += 2) {
        assert_failed(&f.ends[i], "refused", true);
        cr_assert(f.ends[i + 1].completed, "%s", f.ends[i + 1].message);
    }
    cr_assert_eq(counts(&f)->resent, 0);
    close_fixture(&f);
    stop_twin(&twin);
}

Test(snmp_double, ipv6_goes_its_own_way)
{
    struct sockaddr_in6 address = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
    socklen_t length = sizeof address;
    struct twin twin = { .answer = answer_well };
    struct fixture f;

    twin.fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (twin.fd < 0 || bind(twin.fd, (struct sockaddr *)&address, sizeof address))
        cr_skip_test("skipped: this machine has no IPv6 loopback address");
    cr_assert_eq(getsockname(twin.fd, (struct sockaddr *)&address, &length), 0);
    twin.port = ntohs(address.sin6_port);
    twin.stop = eventfd(0, EFD_CLOEXEC);
    cr_assert_eq(pthread_create(&twin.thread, NULL, serve, &twin), 0);
    open_fixture(&f, 2);
    begin_spec(&f, (drmgmt__op_spec){ .address = "[::1]", .port = twin.port, .secret = "public" });
    cr_assert(run_last(&f)->completed, "%s", f.ends[0].message);
    stop_twin(&twin);
    begin_spec(&f, (drmgmt__op_spec){ .address = "::1", .port = twin.port, .secret = "public" });
    assert_failed(run_last(&f), "refused", true);
    cr_assert(strstr(f.ends[1].message, "[::1]:"), "%s", f.ends[1].message);
    close_fixture(&f);
}

Test(snmp_double, silent_agents_delay_nobody)
{
    struct twin good, dead;
    struct fixture f;

    start_twin(&good, answer_well);
    start_twin(&dead, silent);
    open_fixture(&f, 1100);
    for (int i = 0; i < 100; i++) /* more than a session's window */
        begin(&f, dead.port, "{\"timeout_ms\":500,\"retries\":2}");
    for (int i = 0; i < 1000; i++)
        begin(&f, good.port, "{\"timeout_ms\":10000}");
    run_fixture(&f);
    for (size_t i = 0; i < 100; i++) {
        assert_failed(&f.ends[i], "timeout", true);
        cr_assert(f.ends[i].after_ms >= 1495 && f.ends[i].after_ms < 3000, "after %lu ms",
                  (unsigned long)f.ends[i].after_ms);
    }
    for (size_t i = 100; i < 1100; i++) {
        cr_assert(f.ends[i].completed, "%s", f.ends[i].message);
        cr_assert_lt(f.ends[i].after_ms, 1400);
    }
    close_fixture(&f);
    stop_twin(&good);
    stop_twin(&dead);
}

/* One that answers each request after 20 ms: 100 of them take 2 s, more than a timeout, but the agent lives. */
static void slowly(struct twin *twin, const struct request *request)
{
    poll(NULL, 0, 20);
    answer_well(twin, request);
}

Test(snmp_double, a_slow_agent_gets_its_time)
{
    struct twin twin;
    struct fixture f;

    start_twin(&twin, slowly);
    open_fixture(&f, 100);
    for (int i = 0; i < 100; i++)
        begin(&f, twin.port, "{\"timeout_ms\":1000,\"retries\":0}");
    run_fixture(&f);
    for (size_t i = 0; i < f.n; i++)
        cr_assert(f.ends[i].completed, "%zu: %s", i, f.ends[i].message);
    cr_assert_eq(twin.seen, 100);
    close_fixture(&f);
    stop_twin(&twin);
}

/* ---- tenants ---- */

/* Tells each asker its own community, so that a mix-up shows. */
static void answer_community(struct twin *twin, const struct request *request)
{
    static struct ber out, value;
    value.n = 0;
    ber_put(&value, 4, request->community, request->community_length);
    make_response(&out, request, 0, 0, value.bytes, value.n);
    reply(twin, out.bytes, out.n);
}

Test(snmp_double, each_tenant_gets_its_own_answers)
{
    struct twin twin;
    struct fixture f;
    char tenant[32], community[32], wanted[64];

    start_twin(&twin, answer_community);
    open_fixture(&f, 300);
    for (int i = 0; i < 300; i++) {
        snprintf(tenant, sizeof tenant, "tenant-%d", i % 7);
        snprintf(community, sizeof community, "community-%d", i % 11);
        begin_spec(&f, (drmgmt__op_spec){ .address = "127.0.0.1",
                                          .port = twin.port,
                                          .secret = community,
                                          .tenant_id = tenant,
                                          .settings = i % 2 ? "{\"version\":\"1\"}" : "{}" });
    }
    run_fixture(&f);
    for (size_t i = 0; i < f.n; i++) {
        snprintf(wanted, sizeof wanted, "\"community-%zu\"", i % 11);
        cr_assert(f.ends[i].completed && strstr(f.ends[i].result, wanted), "%zu: %s", i, f.ends[i].result);
    }
    cr_assert_eq(counts(&f)->foreign, 0);
    close_fixture(&f);
    stop_twin(&twin);
}

/* A community that the agent ignores holds up its own session only. */
static void ignore_wrong(struct twin *twin, const struct request *request)
{
    if (request->community_length == 6 && memcmp(request->community, "public", 6) == 0)
        answer_well(twin, request);
}

Test(snmp_double, a_wrong_community_blocks_nobody_else)
{
    struct twin twin;
    struct fixture f;

    start_twin(&twin, ignore_wrong);
    open_fixture(&f, 150);
    for (int i = 0; i < 100; i++)
        begin_spec(&f, (drmgmt__op_spec){ .address = "127.0.0.1",
                                          .port = twin.port,
                                          .secret = "wrong",
                                          .settings = "{\"timeout_ms\":1000,\"retries\":0}" });
    for (int i = 0; i < 50; i++)
        begin(&f, twin.port, NULL);
    run_fixture(&f);
    for (size_t i = 0; i < 100; i++)
        assert_failed(&f.ends[i], "timeout", true);
    for (size_t i = 100; i < f.n; i++)
        cr_assert(f.ends[i].completed && f.ends[i].after_ms < 900, "%s", f.ends[i].message);
    close_fixture(&f);
    stop_twin(&twin);
}

/* ---- request ids ---- */

static int compare_ids(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static uint32_t seen_ids[2000];

static void note_id(struct twin *twin, const struct request *request)
{
    seen_ids[twin->seen - 1] = (uint32_t)request->id;
    answer_well(twin, request);
}

Test(snmp_double, request_ids_cannot_be_guessed)
{
    struct twin twin;
    struct fixture f;
    size_t steps = 0;

    start_twin(&twin, note_id);
    open_fixture(&f, 2000);
    for (int i = 0; i < 2000; i++)
        begin(&f, twin.port, "{\"timeout_ms\":10000}");
    run_fixture(&f);
    stop_twin(&twin);
    cr_assert_eq(twin.seen, 2000);
    for (size_t i = 1; i < 2000; i++)
        steps += seen_ids[i] - seen_ids[i - 1] < 1000;
    cr_assert_lt(steps, 3, "%zu ids follow the one before them", steps);
    qsort(seen_ids, 2000, sizeof seen_ids[0], compare_ids);
    cr_assert_lt(seen_ids[0], 1u << 24);
    cr_assert_gt(seen_ids[1999], 127u << 24);
    close_fixture(&f);
}

/* ---- begin and cancel ---- */

Test(snmp_begin, what_is_missing_is_told)
{
    static const char long_community[] = "0123456789012345678901234567890123456789012345678901234567890123456789"
                                         "0123456789012345678901234567890123456789012345678901234567890123456789"
                                         "0123456789012345678901234567890123456789012345678901234567890123456789"
                                         "0123456789012345678901234567890123456789012345";
    static const struct {
        drmgmt__op_spec spec;
        const char *code, *says;
    } rows[] = {
        { { .secret = "public" }, "no-profile", "address" },
        { { .secret = "public", .address = "192.0.2.1", .port = 65536 }, "no-profile", "65535" },
        { { .address = "192.0.2.1" }, "no-credential", "community" },
        { { .address = "192.0.2.1", .secret = "" }, "no-credential", "community" },
        { { .address = "192.0.2.1", .secret = long_community }, "no-credential", "255" },
        { { .address = "0.0.0.0", .secret = "public" }, "outbound-refused", "0.0.0.0:161" },
        { { .address = "169.254.169.254", .secret = "public" }, "outbound-refused", "link-local" },
        { { .address = "ff02::1", .secret = "public" }, "outbound-refused", "multicast" },
        { { .address = "192.0.2.1:161", .secret = "public" }, "unknown-host", "neither" },
        { { .address = "http://192.0.2.1/", .secret = "public" }, "unknown-host", "neither" },
        { { .address = "192.0.2.1", .secret = "public", .params = "{\"oids\":[\"x.0\"]}" }, "invalid", "oids[0]" },
        { { .address = "192.0.2.1", .secret = "public", .settings = "{\"retries\":99}" }, "invalid", "retries" },
    };
    struct fixture f;

    cr_assert_eq(strlen(long_community), 256);
    open_fixture(&f, DRMGMT__COUNT(rows));
    for (size_t i = 0; i < DRMGMT__COUNT(rows); i++) {
        begin_spec(&f, rows[i].spec);
        const struct ended *e = run_last(&f);
        assert_failed(e, rows[i].code, false);
        cr_assert(strstr(e->message, rows[i].says), "%s", e->message);
        cr_assert_null(strstr(e->message, "public"));
    }
    close_fixture(&f);
}

Test(snmp_begin, host_names)
{
    struct twin twin;
    struct fixture f;

    start_twin(&twin, answer_well);
    open_fixture(&f, 40);
    for (int i = 0; i < 20; i++)
        begin_spec(&f, (drmgmt__op_spec){ .address = "127.0.0.1.", .port = twin.port, .secret = "public" });
    run_fixture(&f);
    for (size_t i = 0; i < f.n; i++) /* no literal to us, none to getaddrinfo either */
        cr_assert(!f.ends[i].completed && strcmp(f.ends[i].code, "unknown-host") == 0);
    for (int i = 0; i < 10; i++)
        begin_spec(&f, (drmgmt__op_spec){ .address = "127.1", .port = twin.port, .secret = "public" });
    run_fixture(&f);
    for (size_t i = 20; i < f.n; i++)
        cr_assert(f.ends[i].completed, "%s", f.ends[i].message);
    /* The second time it is known: the request is on its way before begin() returns. */
    uint64_t sent = counts(&f)->sent;
    begin_spec(&f, (drmgmt__op_spec){ .address = "127.1", .port = twin.port, .secret = "public" });
    cr_assert_eq(counts(&f)->sent, sent + 1);
    cr_assert(run_last(&f)->completed);
    begin_spec(&f, (drmgmt__op_spec){ .address = "localhost", .port = twin.port, .secret = "public" });
    const struct ended *e = run_last(&f);
    cr_assert(e->completed || strcmp(e->code, "refused") == 0, "%s", e->message); /* it may mean ::1 */
    /* A name cannot smuggle in an address that is refused as a literal. */
    begin_spec(&f, (drmgmt__op_spec){ .address = "2852039166", .port = twin.port, .secret = "public" });
    assert_failed(run_last(&f), "outbound-refused", false);
    close_fixture(&f);
    stop_twin(&twin);
}

Test(snmp_begin, cancelled_in_each_state)
{
    struct twin twin;
    struct fixture f;
    drmgmt__op *ops[60];
    drmgmt__op_end how = { .outcome = "cancelled" };

    start_twin(&twin, silent);
    open_fixture(&f, 60);
    for (size_t i = 0; i < 20; i++) /* waits for the name */
        ops[i] = begin_spec(&f, (drmgmt__op_spec){ .address = "no-such-host.invalid", .port = 1, .secret = "public" });
    for (size_t i = 20; i < 60; i++) /* in flight, and behind the window */
        ops[i] = begin(&f, twin.port, "{\"timeout_ms\":30000}");
    cr_assert_eq(((drmgmt__snmp *)f.state)->exchanges.n, DRMGMT__SNMP_WINDOW);
    for (size_t i = 0; i < 60; i += 2) {
        cr_assert_not_null(ops[i]);
        drmgmt__op_end_now(ops[i], &how);
    }
    drmgmt__loop_turn(f.loop);
    cr_assert_eq(((drmgmt__snmp *)f.state)->exchanges.n, DRMGMT__SNMP_WINDOW, "who waited did not move up");
    for (size_t i = 21; i < 60; i += 2)
        drmgmt__op_abort(ops[i]);
    f.running -= 20;
    run_fixture(&f); /* the names of the others are looked up, or are not to be had */
    for (size_t i = 1; i < 20; i += 2)
        cr_assert_str_eq(f.ends[i].code, "unknown-host");
    close_fixture(&f);
    stop_twin(&twin);
}

/* Closed while a thread may still be looking up a name: nothing is touched after it is freed. */
Test(snmp_begin, closed_while_a_name_is_looked_up)
{
    for (int i = 0; i < 20; i++) {
        struct fixture f;
        open_fixture(&f, 8);
        for (int k = 0; k < 8; k++) {
            char name[40];
            snprintf(name, sizeof name, "host-%d-%d.invalid", i, k);
            drmgmt__op *op = begin_spec(&f, (drmgmt__op_spec){ .address = name, .port = 1, .secret = "public" });
            cr_assert_not_null(op);
            drmgmt__op_abort(op);
            f.running--;
        }
        close_fixture(&f);
    }
}

Test(snmp_begin, opened_and_closed_leaves_no_descriptor)
{
    struct fixture f;

    open_fixture(&f, 1); /* what libraries keep is open now */
    close_fixture(&f);
    int before = open("/dev/null", O_RDONLY | O_CLOEXEC);
    close(before);
    for (int i = 0; i < 10; i++) {
        open_fixture(&f, 1);
        close_fixture(&f);
    }
    int after = open("/dev/null", O_RDONLY | O_CLOEXEC);
    close(after);
    cr_assert_eq(before, after);
}
