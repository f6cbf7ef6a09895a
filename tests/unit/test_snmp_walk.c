/* Walks and tables, against an agent of the tests' own, good and bad: needs no server. */
#include "snmp_mib_double.h"

enum { INTERFACES = 40 };
#define BYTES(text) text, sizeof(text) - 1

/* sysDescr.0, then four columns of ifTable, then sysName-like octets of a vendor's. */
static void add_interfaces(void)
{
    char oid[64];

    forget_objects();
    add_object("1.3.6.1.2.1.1.1.0", BYTES("\x04\x05hello"));
    for (int column = 1; column <= 4; column++)
        for (int i = 1; i <= INTERFACES; i++) {
            char octets[8] = { 2, 1, (char)i, 0 };
            size_t n = 3;
            if (column == 2)
                n = (size_t)snprintf(octets, sizeof octets, "\x04\x05lan%02d", i);
            if (column == 3)
                octets[2] = 24;
            snprintf(oid, sizeof oid, "1.3.6.1.2.1.2.2.1.%d.%d", column, i);
            add_object(oid, octets, n);
        }
    add_object("1.3.6.1.4.1.99999.1.0", BYTES("\x04\x04last"));
}

static const struct ended *run(struct fixture *f, unsigned port, const char *operation, const char *params,
                               const char *settings)
{
    begin_spec(f, (drmgmt__op_spec){ .operation = operation,
                                     .params = params,
                                     .settings = settings,
                                     .address = "127.0.0.1",
                                     .port = port,
                                     .secret = "public" });
    return run_last(f);
}

static json_t *result_of(const struct ended *e)
{
    cr_assert(e->completed, "%s: %s", e->code, e->message);
    json_t *result = json_loads(e->result, JSON_REJECT_DUPLICATES, NULL);
    cr_assert_not_null(result, "no JSON: %.200s", e->result);
    return result;
}

static const char *text_at(const json_t *result, size_t i, const char *member)
{
    return json_string_value(json_object_get(json_array_get(json_object_get(result, "varbinds"), i), member));
}

/* All of ifTable, in order, once. */
static void assert_all(const struct ended *e)
{
    json_t *result = result_of(e);
    char oid[64];

    cr_assert_eq(json_array_size(json_object_get(result, "varbinds")), 4 * INTERFACES);
    for (size_t i = 0; i < 4 * INTERFACES; i++) {
        snprintf(oid, sizeof oid, "1.3.6.1.2.1.2.2.1.%zu.%zu", 1 + i / INTERFACES, 1 + i % INTERFACES);
        cr_assert_str_eq(text_at(result, i, "oid"), oid);
    }
    cr_assert(json_is_true(json_object_get(result, "complete")));
    cr_assert_str_eq(text_at(result, INTERFACES, "name"), "ifDescr.1");
    cr_assert_str_eq(text_at(result, INTERFACES, "value"), "lan01");
    cr_assert_str_eq(text_at(result, 2 * INTERFACES, "text"), "softwareLoopback");
    json_decref(result);
}

Test(snmp_walk, the_same_by_each_way_and_version)
{
    static const struct {
        const char *operation, *settings;
        bool bulk;
    } rows[] = {
        { "walk", "{}", false },
        { "walk", "{\"version\":\"1\"}", false },
        { "bulkwalk", "{}", true },
        { "bulkwalk", "{\"version\":\"1\"}", false },
    };
    struct twin twin;
    struct fixture f;

    start_twin(&twin, answer_from_objects);
    open_fixture(&f, DRMGMT__COUNT(rows));
    for (size_t i = 0; i < DRMGMT__COUNT(rows); i++) {
        add_interfaces();
        assert_all(run(&f, twin.port, rows[i].operation, "{\"oid\":\"ifTable\"}", rows[i].settings));
        cr_assert_eq(getbulks > 0, rows[i].bulk);
        cr_assert_eq(getnexts > 0, !rows[i].bulk);
        cr_assert(!rows[i].bulk || (repetitions_seen == 25 && getbulks < 12), "%u asked for %u", getbulks,
                  repetitions_seen);
    }
    close_fixture(&f);
    stop_twin(&twin);
}

Test(snmp_walk, to_the_end_of_what_the_agent_has)
{
    static const char *const settings[] = { "{}", "{\"version\":\"1\"}" };
    struct twin twin;
    struct fixture f;

    add_interfaces();
    start_twin(&twin, answer_from_objects);
    open_fixture(&f, 4);
    for (size_t i = 0; i < 4; i++) {
        json_t *result =
            result_of(run(&f, twin.port, i % 2 ? "walk" : "bulkwalk", "{\"oid\":\"1.3.6.1.4.1\"}", settings[i / 2]));
        cr_assert_eq(json_array_size(json_object_get(result, "varbinds")), 1);
        cr_assert_str_eq(text_at(result, 0, "value"), "last");
        json_decref(result);
    }
    close_fixture(&f);
    stop_twin(&twin);
}

/* Each of these costs questions, but no varbind. */
Test(snmp_walk, agents_that_answer_less_than_asked)
{
    static const struct {
        struct manners manners;
        unsigned most_asked; /* of getbulk */
    } rows[] = {
        { { .too_big_above = 3 }, 60 }, { { .too_big_above = 1 }, 170 }, { { .cut_after = 7 }, 30 },
        { { .cut_after = 1 }, 170 },    { { .lost_above = 12 }, 60 },    { { .copies = 2 }, 12 },
        { { .first_late = true }, 24 },
    };
    struct twin twin;
    struct fixture f;

    start_twin(&twin, answer_from_objects);
    open_fixture(&f, DRMGMT__COUNT(rows));
    for (size_t i = 0; i < DRMGMT__COUNT(rows); i++) {
        add_interfaces();
        manners = rows[i].manners;
        assert_all(run(&f, twin.port, "bulkwalk", "{\"oid\":\"ifTable\"}", "{\"timeout_ms\":100,\"retries\":1}"));
        cr_assert_leq(getbulks, rows[i].most_asked, "row %zu: %u questions", i, getbulks);
    }
    close_fixture(&f);
    stop_twin(&twin);
}

Test(snmp_walk, agents_that_never_end)
{
    struct twin twin;
    struct fixture f;

    start_twin(&twin, answer_from_objects);
    open_fixture(&f, 8);
    for (int bulk = 0; bulk < 2; bulk++) {
        const char *operation = bulk ? "bulkwalk" : "walk";
        add_interfaces();
        manners.backwards = true;
        const struct ended *e = run(&f, twin.port, operation, "{}", NULL);
        assert_failed(e, "non-increasing", false);
        cr_assert(strstr(e->message, "1.3.6.1.2.1.1.1.0 came after 1.3.6.1.2.1.2.2.1.1.2"), "%s", e->message);
        cr_assert(strstr(e->message, "any_order"), "%s", e->message);
        cr_assert_str_eq(e->detail, "{\"varbinds\":3,\"after\":\"1.3.6.1.2.1.2.2.1.1.2\"}");
        e = run(&f, twin.port, operation, "{\"any_order\":true}", NULL);
        assert_failed(e, "circle", false);
        cr_assert_leq(getnexts + getbulks, 30);

        /* more than a result holds */
        add_interfaces();
        manners.endless = true;
        json_t *result = result_of(run(&f, twin.port, operation, "{\"oid\":\"1.3.6.1.4.1\"}", NULL));
        cr_assert(json_is_false(json_object_get(result, "complete")));
        cr_assert_str_eq(json_string_value(json_object_get(result, "limit")), "result_bytes");
        size_t n = json_array_size(json_object_get(result, "varbinds"));
        cr_assert_gt(n, 5000);
        cr_assert_str_eq(json_string_value(json_object_get(result, "next")), text_at(result, n - 1, "oid"));
        cr_assert(strlen(f.ends[f.n - 1].result) <= DRMGMT_RESULT_BYTES_MAX);
        json_decref(result);
    }
    close_fixture(&f);
    stop_twin(&twin);
}

Test(snmp_walk, goes_on_where_it_stopped)
{
    struct twin twin;
    struct fixture f;
    char params[200] = "{\"oid\":\"ifTable\",\"max_varbinds\":7}";
    size_t seen = 0;

    add_interfaces();
    start_twin(&twin, answer_from_objects);
    open_fixture(&f, 40);
    for (bool complete = false; !complete;) {
        json_t *result = result_of(run(&f, twin.port, "bulkwalk", params, NULL));
        size_t n = json_array_size(json_object_get(result, "varbinds"));
        for (size_t i = 0; i < n; i++, seen++) {
            char oid[64];
            snprintf(oid, sizeof oid, "1.3.6.1.2.1.2.2.1.%zu.%zu", 1 + seen / INTERFACES, 1 + seen % INTERFACES);
            cr_assert_str_eq(text_at(result, i, "oid"), oid);
        }
        complete = json_is_true(json_object_get(result, "complete"));
        if (!complete) {
            cr_assert_eq(n, 7);
            cr_assert_str_eq(json_string_value(json_object_get(result, "limit")), "max_varbinds");
            snprintf(params, sizeof params, "{\"oid\":\"ifTable\",\"max_varbinds\":7,\"from\":\"%s\"}",
                     json_string_value(json_object_get(result, "next")));
        }
        json_decref(result);
    }
    cr_assert_eq(seen, 4 * INTERFACES);
    close_fixture(&f);
    stop_twin(&twin);
}

Test(snmp_walk, an_instance_and_nothing_at_all)
{
    static const char *const settings[] = { "{}", "{\"version\":\"1\"}" };
    struct twin twin;
    struct fixture f;

    add_interfaces();
    start_twin(&twin, answer_from_objects);
    open_fixture(&f, 4);
    for (int i = 0; i < 2; i++) {
        json_t *result = result_of(run(&f, twin.port, "walk", "{\"oid\":\"sysDescr.0\"}", settings[i]));
        cr_assert_eq(json_array_size(json_object_get(result, "varbinds")), 1);
        cr_assert_str_eq(text_at(result, 0, "value"), "hello");
        json_decref(result);
        result = result_of(run(&f, twin.port, "bulkwalk", "{\"oid\":\"ifXTable\"}", settings[i]));
        cr_assert_eq(json_array_size(json_object_get(result, "varbinds")), 0);
        cr_assert(json_is_true(json_object_get(result, "complete")));
        json_decref(result);
    }
    close_fixture(&f);
    stop_twin(&twin);
}

Test(snmp_walk, failures_tell_how_far_it_came)
{
    struct twin twin;
    struct fixture f;

    start_twin(&twin, answer_from_objects);
    open_fixture(&f, 4);
    add_interfaces();
    manners.empty = true;
    assert_failed(run(&f, twin.port, "bulkwalk", "{}", NULL), "bad-answer", false);
    assert_failed(run(&f, twin.port, "walk", "{}", NULL), "bad-answer", false);
    add_interfaces();
    manners.status = 5;
    manners.index = 1;
    const struct ended *e = run(&f, twin.port, "walk", "{\"oid\":\"ifTable\"}", NULL);
    assert_failed(e, "genErr", true);
    cr_assert_str_eq(e->detail, "{\"error_status\":5,\"error_index\":1,\"oid\":\"1.3.6.1.2.1.2.2\"}");
    add_interfaces();
    manners.too_big_above = 0;
    manners.lost_above = 1;
    add_object("1.3.6.1.4.1.99999.2.0", BYTES("\x04\x04last"));
    e = run(&f, twin.port, "bulkwalk", "{}", "{\"timeout_ms\":60,\"retries\":0}");
    assert_failed(e, "timeout", true); /* not one answer: it is not asked for less */
    cr_assert_eq(getbulks, 1);
    close_fixture(&f);
    stop_twin(&twin);
}

/* ---- where answers come from ---- */

Test(snmp_walk, answers_from_elsewhere_count_only_where_allowed)
{
    struct twin twin;
    struct fixture f;

    start_twin(&twin, answer_from_objects);
    open_fixture(&f, 2);
    add_interfaces();
    manners.elsewhere = true;
    assert_failed(run(&f, twin.port, "bulkwalk", "{\"oid\":\"ifTable\"}", "{\"timeout_ms\":60,\"retries\":0}"),
                  "timeout", true);
    assert_all(run(&f, twin.port, "bulkwalk", "{\"oid\":\"ifTable\"}", "{\"any_source\":true}"));
    close_fixture(&f);
    stop_twin(&twin);
}

/* ---- tables ---- */

Test(snmp_table, rows_with_their_index)
{
    struct twin twin;
    struct fixture f;

    start_twin(&twin, answer_from_objects);
    open_fixture(&f, 5);
    forget_objects();
    add_object("1.3.6.1.2.1.2.2.1.2.1", BYTES("\x04\x02lo"));
    add_object("1.3.6.1.2.1.2.2.1.2.7", BYTES("\x04\x04lan7"));
    add_object("1.3.6.1.2.1.2.2.1.3.1", BYTES("\x02\x01\x18"));
    add_object("1.3.6.1.2.1.2.2.1.3.3", BYTES("\x02\x01\x06"));
    add_object("1.3.6.1.2.1.2.2.1.99.7", BYTES("\x41\x01\x05"));
    const struct ended *e = run(&f, twin.port, "table", "{\"table\":\"ifTable\"}", NULL);
    cr_assert(e->completed, "%s", e->message);
    cr_assert_str_eq(
        e->result,
        "{\"entry\":\"ifEntry\",\"oid\":\"1.3.6.1.2.1.2.2.1\",\"columns\":[\"ifIndex\",\"ifDescr\",\"ifType\",\"99\"],"
        "\"rows\":["
        "{\"instance\":\"1\",\"values\":{\"ifIndex\":1,\"ifDescr\":\"lo\",\"ifType\":24},\"texts\":{\"ifType\":"
        "\"softwareLoopback\"}},"
        "{\"instance\":\"3\",\"values\":{\"ifIndex\":3,\"ifType\":6},\"texts\":{\"ifType\":\"ethernetCsmacd\"}},"
        "{\"instance\":\"7\",\"values\":{\"ifIndex\":7,\"ifDescr\":\"lan7\",\"99\":5},\"texts\":{}}]}");
    e = run(&f, twin.port, "table", "{\"table\":\"IF-MIB::ifEntry\",\"columns\":[\"ifType\"]}", "{\"version\":\"1\"}");
    cr_assert(e->completed, "%s", e->message);
    cr_assert(strstr(e->result, "\"ifType\":6") && !strstr(e->result, "ifDescr"), "%s", e->result);

    forget_objects();
    add_object("1.0.8802.1.1.2.1.4.2.1.3.700.3.1.1.4.192.0.2.7", BYTES("\x02\x01\x02"));
    add_object("1.0.8802.1.1.2.1.4.2.1.3.700.3.1.1.4.192.0.2", BYTES("\x02\x01\x02"));
    e = run(&f, twin.port, "table", "{\"table\":\"lldpRemManAddrTable\"}", "{}");
    cr_assert(strstr(e->result,
                     "\"values\":{\"lldpRemTimeMark\":700,\"lldpRemLocalPortNum\":3,\"lldpRemIndex\":1,"
                     "\"lldpRemManAddrSubtype\":1,\"lldpRemManAddr\":\"c0:00:02:07\",\"lldpRemManAddrIfSubtype\""
                     ":2},\"texts\":{\"lldpRemTimeMark\":\"0:00:07.00\",\"lldpRemManAddrSubtype\":\"ipV4\""),
              "%s", e->result);

    forget_objects(); /* nobody here knows it */
    add_object("1.3.6.1.4.1.99999.5.1.2.6.9", BYTES("\x04\x01x"));
    e = run(&f, twin.port, "table", "{\"table\":\"1.3.6.1.4.1.99999.5\"}", NULL);
    cr_assert_str_eq(
        e->result,
        "{\"entry\":null,\"oid\":\"1.3.6.1.4.1.99999.5.1\",\"columns\":[\"2\"],\"rows\":[{\"instance\":\"6.9\","
        "\"values\":{\"2\":\"x\"},\"texts\":{}}]}");
    e = run(&f, twin.port, "table", "{\"table\":\"ifTable\"}", NULL);
    cr_assert(e->completed && strstr(e->result, "\"rows\":[]"), "%s", e->result);
    close_fixture(&f);
    stop_twin(&twin);
}

Test(snmp_table, larger_than_a_result)
{
    struct twin twin;
    struct fixture f;

    start_twin(&twin, answer_from_objects);
    open_fixture(&f, 1);
    forget_objects();
    add_object("1.3.6.1.2.1.2.2.1.2.1", BYTES("\x04\x0clanlanlanlan"));
    manners.endless = true;
    const struct ended *e = run(&f, twin.port, "table", "{\"table\":\"ifTable\"}", NULL);
    assert_failed(e, "too-large", false);
    cr_assert(strstr(e->message, "columns"), "%s", e->message);
    close_fixture(&f);
    stop_twin(&twin);
}
