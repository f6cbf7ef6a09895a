/* The trap listener's parts that need no server: what a notification tells, what was seen before, the time window of
 * version 3, sources and their rates. */
#include "core/core.h"
#include "trap/source.h"
#include "trap/told.h"
#include "trap/window.h"
#include <criterion/criterion.h>
#include <string.h>

static const uint32_t up_time[] = { 1, 3, 6, 1, 2, 1, 1, 3, 0 }, trap_oid[] = { 1, 3, 6, 1, 6, 3, 1, 1, 4, 1, 0 };
static const uint32_t cold_start[] = { 1, 3, 6, 1, 6, 3, 1, 1, 5, 1 }, enterprise[] = { 1, 3, 6, 1, 4, 1, 32473 };

#define OID(arcs) ((drmgmt__oid){ arcs, DRMGMT__COUNT(arcs) })

/* Writes a message and tells what it tells. */
static int tell(drmgmt__snmp_message *out, const drmgmt__snmp_varbind *varbinds, size_t n, drmgmt__trap_told *told)
{
    static uint8_t buffer[4096];
    drmgmt__snmp_message m;
    size_t length = 0;

    out->community = (drmgmt__octets){ (const uint8_t *)"c", 1 };
    const uint8_t *packet = drmgmt__snmp_message_write(out, varbinds, n, buffer, sizeof buffer, &length);
    cr_assert(packet);
    cr_assert_eq(drmgmt__snmp_message_read(&m, packet, length), 0);
    return drmgmt__trap_tell(&m, NULL, told);
}

static void is(const drmgmt__strbuf *text, const char *wanted)
{
    cr_assert_str_eq(text->data ? text->data : "", wanted);
}

Test(trap_told, a_notification_of_version_2c)
{
    drmgmt__snmp_message m = { .version = DRMGMT__SNMP_V2C, .pdu = { .type = DRMGMT__SNMP_INFORM, .request_id = 7 } };
    const drmgmt__snmp_varbind varbinds[] = {
        { OID(up_time), { .tag = DRMGMT__SNMP_TIMETICKS, .number = 4294967295u } },
        { OID(trap_oid), { .tag = DRMGMT__SNMP_OID, .oid = OID(cold_start) } },
        { OID(up_time), { .tag = DRMGMT__SNMP_TIMETICKS, .number = 1 } },
        { OID(enterprise), { .tag = DRMGMT__SNMP_OCTETS, .octets = { (const uint8_t *)"a\0b", 3 } } },
        { OID(enterprise), { .tag = DRMGMT__SNMP_NULL } },
    };
    drmgmt__trap_told told;

    cr_assert_eq(tell(&m, varbinds, DRMGMT__COUNT(varbinds), &told), 0);
    cr_assert_str_eq(told.kind, "snmp.inform");
    is(&told.oid, "1.3.6.1.6.3.1.1.5.1");
    is(&told.name, "coldStart");
    is(&told.detail, "{\"version\":\"2c\",\"uptime\":4294967295,\"varbinds\":["
                     "{\"oid\":\"1.3.6.1.2.1.1.3.0\",\"name\":\"sysUpTime.0\",\"type\":\"TimeTicks\",\"value\":1,"
                     "\"text\":\"0:00:00.01\"},"
                     "{\"oid\":\"1.3.6.1.4.1.32473\",\"name\":null,\"type\":\"OCTET "
                     "STRING\",\"value\":\"61:00:62\",\"hex\":\"610062\"},"
                     "{\"oid\":\"1.3.6.1.4.1.32473\",\"name\":null,\"type\":\"NULL\",\"value\":null}]}");
    drmgmt__trap_told_clear(&told);
}

Test(trap_told, one_without_a_trap_oid_is_told_without)
{
    drmgmt__snmp_message m = { .version = DRMGMT__SNMP_V2C, .pdu = { .type = DRMGMT__SNMP_TRAP2 } };
    drmgmt__trap_told told;

    cr_assert_eq(tell(&m, NULL, 0, &told), 0);
    is(&told.oid, "");
    is(&told.detail, "{\"version\":\"2c\",\"varbinds\":[]}");
    drmgmt__trap_told_clear(&told);
}

/* RFC 3584, section 3.1. */
Test(trap_told, a_trap_of_version_1)
{
    static const struct {
        int32_t generic, specific;
        const char *oid, *name;
    } rows[] = {
        { 0, 0, "1.3.6.1.6.3.1.1.5.1", "coldStart" },
        { 5, 9, "1.3.6.1.6.3.1.1.5.6", "egpNeighborLoss" },
        { 6, 17, "1.3.6.1.4.1.32473.0.17", "" },
    };

    for (size_t i = 0; i < DRMGMT__COUNT(rows); i++) {
        drmgmt__snmp_message m = { .version = DRMGMT__SNMP_V1,
                                   .pdu = { .type = DRMGMT__SNMP_TRAP1,
                                            .trap1 = { .enterprise = OID(enterprise),
                                                       .agent = { 192, 0, 2, 7 },
                                                       .generic = rows[i].generic,
                                                       .specific = rows[i].specific,
                                                       .ticks = 5 } } };
        drmgmt__trap_told told;
        cr_assert_eq(tell(&m, NULL, 0, &told), 0);
        cr_assert_str_eq(told.kind, "snmp.trap");
        is(&told.oid, rows[i].oid);
        is(&told.name, rows[i].name);
        cr_assert(strstr(told.detail.data, "\"agent\":\"192.0.2.7\"") && strstr(told.detail.data, "\"uptime\":5"));
        drmgmt__trap_told_clear(&told);
    }
}

/* ---- what was seen before ---- */

static drmgmt__trap_mark mark_of(const char *text)
{
    drmgmt__trap_mark mark;

    drmgmt__trap_mark_of(&mark, text, strlen(text), NULL);
    return mark;
}

Test(trap_once, a_thing_is_new_once_until_it_is_forgotten)
{
    drmgmt__trap_once *once = drmgmt__trap_once_new(64, 1000);
    drmgmt__trap_mark a = mark_of("a"), b = mark_of("b");

    cr_assert_eq(drmgmt__trap_once_see(once, &a, 1), DRMGMT__TRAP_NEW);
    cr_assert_eq(drmgmt__trap_once_see(once, &a, 2), DRMGMT__TRAP_WAITS);
    cr_assert_eq(drmgmt__trap_once_see(once, &b, 2), DRMGMT__TRAP_NEW);
    drmgmt__trap_once_set(once, &a, DRMGMT__TRAP_STORED);
    cr_assert_eq(drmgmt__trap_once_see(once, &a, 3), DRMGMT__TRAP_STORED);
    drmgmt__trap_once_set(once, &b, DRMGMT__TRAP_NEW);
    cr_assert_eq(drmgmt__trap_once_see(once, &b, 4), DRMGMT__TRAP_NEW);
    cr_assert_eq(drmgmt__trap_once_see(once, &a, 1500), DRMGMT__TRAP_NEW, "its time is over");
    drmgmt__trap_once_free(once);
}

Test(trap_once, of_too_many_the_oldest_are_forgotten)
{
    drmgmt__trap_once *once = drmgmt__trap_once_new(8, 1000000);
    char name[16];

    for (int i = 0; i < 9; i++) {
        snprintf(name, sizeof name, "%d", i);
        drmgmt__trap_mark mark = mark_of(name);
        cr_assert_eq(drmgmt__trap_once_see(once, &mark, (uint64_t)i + 1), DRMGMT__TRAP_NEW);
    }
    drmgmt__trap_mark first = mark_of("0"), last = mark_of("8");
    cr_assert_eq(drmgmt__trap_once_see(once, &last, 20), DRMGMT__TRAP_WAITS);
    cr_assert_eq(drmgmt__trap_once_see(once, &first, 20), DRMGMT__TRAP_NEW);
    drmgmt__trap_once_free(once);
}

Test(trap_once, parts_are_told_apart_by_their_lengths)
{
    drmgmt__trap_mark a, b;

    drmgmt__trap_mark_of(&a, "ab", (size_t)2, "c", (size_t)1, NULL);
    drmgmt__trap_mark_of(&b, "a", (size_t)1, "bc", (size_t)2, NULL);
    cr_assert(memcmp(&a, &b, sizeof a) != 0);
}

/* ---- the window ---- */

static bool take(drmgmt__trap_windows *w, const char *engine, const char *message, int32_t boots, int32_t time,
                 uint64_t now_ms)
{
    drmgmt__trap_mark e = mark_of(engine), m = mark_of(message);

    return drmgmt__trap_windows_take(w, &e, &m, boots, time, now_ms);
}

/* RFC 3414, section 3.2, 7 b. */
Test(trap_window, messages_are_timely_and_new)
{
    drmgmt__trap_windows *w = drmgmt__trap_windows_new();
    uint64_t t = 1000000;

    cr_assert(take(w, "a", "1", 5, 1000, t), "the first one tells the clock");
    cr_assert(take(w, "a", "2", 5, 1001, t + 1000));
    cr_assert_not(take(w, "a", "2", 5, 1001, t + 1000), "it was seen before");
    cr_assert(take(w, "a", "3", 5, 900, t + 1000), "later than others, within 150 s");
    cr_assert_not(take(w, "a", "4", 5, 850, t + 1000), "too late");
    cr_assert_not(take(w, "a", "5", 5, 1001, t + 200000), "the clock went on");
    cr_assert_not(take(w, "a", "6", 4, 999999, t + 1000), "from before the engine's last start");
    cr_assert(take(w, "a", "7", 6, 1, t + 2000), "it started again");
    cr_assert_not(take(w, "a", "8", 5, 1002, t + 2000));
    cr_assert_not(take(w, "a", "9", INT32_MAX, 1, t + 2000));
    cr_assert(take(w, "b", "b1", 1, 1, t + 2000), "another engine, or another user's key");
    drmgmt__trap_windows_free(w);
}

/* ---- sources ---- */

static drmgmt__net_address address(uint32_t n)
{
    drmgmt__net_address a = { .family = AF_INET };

    memcpy(a.bytes, &n, sizeof n);
    return a;
}

Test(trap_source, a_source_may_send_so_much)
{
    drmgmt__trap_sources *s = drmgmt__trap_sources_new();
    drmgmt__net_address a = address(1), b = address(2);
    unsigned taken = 0;

    for (int i = 0; i < 100; i++)
        taken += drmgmt__trap_source_may(drmgmt__trap_source_of(s, &a), 10, 5000);
    cr_assert_eq(taken, 20);
    cr_assert(drmgmt__trap_source_may(drmgmt__trap_source_of(s, &b), 10, 5000));
    cr_assert(drmgmt__trap_source_may(drmgmt__trap_source_of(s, &a), 10, 5100), "one more after 100 ms");
    cr_assert_not(drmgmt__trap_source_may(drmgmt__trap_source_of(s, &a), 10, 5100));
    cr_assert(drmgmt__trap_source_may(drmgmt__trap_source_of(s, &a), 0, 5100), "no limit");
    drmgmt__trap_sources_free(s);
}

static void answer(drmgmt__trap_sources *s, uint32_t n, size_t senders)
{
    drmgmt__trap_senders *list = calloc(1, sizeof *list + senders * sizeof *list->items);

    list->address = address(n);
    list->n = senders;
    drmgmt__trap_sources_answer(s, list, 1);
}

Test(trap_source, made_up_addresses_do_not_push_out_those_with_devices)
{
    drmgmt__trap_sources *s = drmgmt__trap_sources_new();
    drmgmt__net_address known = address(1);

    drmgmt__trap_source_of(s, &known);
    answer(s, 1, 1);
    for (uint32_t i = 2; i < 3 * DRMGMT__TRAP_STRANGERS_MAX; i++) {
        drmgmt__net_address a = address(i);
        drmgmt__trap_source_of(s, &a);
        answer(s, i, 0);
    }
    cr_assert_not_null(drmgmt__trap_source_of(s, &known)->senders);
    drmgmt__net_address old = address(2);
    cr_assert_null(drmgmt__trap_source_of(s, &old)->senders, "the oldest stranger is forgotten");
    drmgmt__trap_sources_free(s);
}
