/* What syntaxes make of values: named numbers, bits, DISPLAY-HINTs both ways, times; and indices. */
#include "core/core.h"
#include "proto/snmp/hint.h"
#include "proto/snmp/index.h"
#include "proto/snmp/value.h"
#include <criterion/criterion.h>
#include <string.h>

#define BYTES(text) (const uint8_t *)(text), sizeof(text) - 1

/* ---- DISPLAY-HINT ---- */

Test(snmp_hint, octets_both_ways)
{
    static const struct {
        const char *hint;
        const uint8_t *octets;
        size_t n;
        const char *text;
    } rows[] = {
        /* RFC 2579: DateAndTime ("Tuesday May 26, 1992 at 1:30:15 PM EDT"), MacAddress, DisplayString */
        { "2d-1d-1d,1d:1d:1d.1d,1a1d:1d", BYTES("\x07\xc8\x05\x1a\x0d\x1e\x0f\x00-\x04\x00"),
          "1992-5-26,13:30:15.0,-4:0" },
        { "2d-1d-1d,1d:1d:1d.1d,1a1d:1d", BYTES("\x07\xc8\x05\x1a\x0d\x1e\x0f\x00"), "1992-5-26,13:30:15.0" },
        { "1x:", BYTES("\x08\x00\x20\x0a\x8c\x6d"), "08:00:20:0a:8c:6d" },
        { "255a", BYTES("hello"), "hello" },
        { "255t", BYTES("h\xc3\xa9llo"), "h\xc3\xa9llo" },
        /* RFC 4001: InetAddressIPv4, IPv6, IPv4z, IPv6z; RFC 3419: TransportAddressIPv4, IPv6 */
        { "1d.1d.1d.1d", BYTES("\xc0\x00\x02\x07"), "192.0.2.7" },
        { "2x:2x:2x:2x:2x:2x:2x:2x", BYTES("\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01"),
          "2001:0db8:0000:0000:0000:0000:0000:0001" },
        { "1d.1d.1d.1d%4d", BYTES("\xc0\x00\x02\x07\x00\x00\x00\x09"), "192.0.2.7%9" },
        { "1d.1d.1d.1d:2d", BYTES("\xc0\x00\x02\x07\x00\xa1"), "192.0.2.7:161" },
        { "0a[2x:2x:2x:2x:2x:2x:2x:2x]0a:2d", BYTES("\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01\x00\xa1"),
          "[2001:0db8:0000:0000:0000:0000:0000:0001]:161" },
        { "4x-2x-2x-1x1x-6x", BYTES("\x12\x34\x56\x78\x9a\xbc\xde\xf0\x01\x02\x03\x04\x05\x06\x07\x08"),
          "12345678-9abc-def0-0102-030405060708" },
        /* repeat indicators: OwnerString-like lists, and RFC 2579's rule for the last separator */
        { "*1x:/1x:", BYTES("\x02\xaa\xbb\x08\x20"), "aa:bb/08:20" },
        { "*1d.", BYTES("\x03\x01\x02\x03"), "1.2.3" },
        { "1o ", BYTES("\x08\x40"), "10 100" },
        { "2d", BYTES("\x01\x00\x02\x00"), NULL }, /* shown as 256512: it cannot be read back */
        { "255a", BYTES(""), "" },
    };

    for (size_t i = 0; i < DRMGMT__COUNT(rows); i++) {
        DRMGMT__STRBUF out = DRMGMT__STRBUF_INIT;
        uint8_t octets[64];
        size_t n;
        drmgmt__strbuf_puts(&out, "");
        cr_assert(drmgmt__snmp_hint_octets(&out, rows[i].hint, rows[i].octets, rows[i].n), "%s", rows[i].hint);
        if (!rows[i].text)
            continue;
        cr_assert_str_eq(out.data, rows[i].text, "%s: %s", rows[i].hint, out.data);
        const char *wrong = drmgmt__snmp_hint_read_octets(rows[i].hint, rows[i].text, octets, sizeof octets, &n);
        cr_assert_null(wrong, "%s: %s: %s", rows[i].hint, rows[i].text, wrong);
        cr_assert_eq(n, rows[i].n, "%s: %zu octets", rows[i].hint, n);
        cr_assert_eq(memcmp(octets, rows[i].octets, n), 0, "%s", rows[i].hint);
    }
}

Test(snmp_hint, broken_ones_and_what_does_not_fit)
{
    static const char *const hints[] = { "", "x", "1", "1q", "*", "*a", "0a", "99999999999999999999x", "1d.2", "9d" };
    static const struct {
        const char *hint, *text;
    } unreadable[] = {
        { "1x:", "08:00:zz" },
        { "1x:", "08:000:20" },
        { "1x:", "08::20" },
        { "1d.1d.1d.1d", "1.2.3.256" },
        { "1d.1d.1d.1d", "1.2.x" },
        { "2d-1d-1d", "1992/5/26" },
        { "1d", ""
                "-1" },
        { "1q", "1" },
        { "2d", "65536" },
        { "1x:", "0g" },
        { "0a[", "]" },
    };
    DRMGMT__STRBUF out = DRMGMT__STRBUF_INIT;
    uint8_t octets[4];
    size_t n;

    drmgmt__strbuf_puts(&out, "before");
    for (size_t i = 0; i < DRMGMT__COUNT(hints); i++) {
        cr_assert(!drmgmt__snmp_hint_octets(&out, hints[i], BYTES("123456789")), "%s", hints[i]);
        cr_assert_str_eq(out.data, "before");
    }
    for (size_t i = 0; i < DRMGMT__COUNT(unreadable); i++)
        cr_assert_not_null(
            drmgmt__snmp_hint_read_octets(unreadable[i].hint, unreadable[i].text, octets, sizeof octets, &n), "%s: %s",
            unreadable[i].hint, unreadable[i].text);
    cr_assert_str_eq(drmgmt__snmp_hint_read_octets("1x:", "01:02:03:04:05", octets, sizeof octets, &n),
                     "it is too long");
}

Test(snmp_hint, integers_both_ways)
{
    static const struct {
        const char *hint;
        int64_t value;
        const char *text;
    } rows[] = {
        { "d", 1234, "1234" },
        { "d", -7, "-7" },
        { "d-2", 1234, "12.34" }, /* RFC 2579, section 3.1 */
        { "d-2", -5, "-0.05" },
        { "d-1", 0, "0.0" },
        { "x", 255, "ff" },
        { "o", 8, "10" },
        { "b", 5, "101" },
        { "d-3", 4294967295, "4294967.295" },
        { "x", INT32_MIN, "-80000000" },
    };
    static const struct {
        const char *hint, *text;
    } unreadable[] = { { "d", "" },
                       { "d", "1x" },
                       { "d-2", "1.234" },
                       { "x", "g" },
                       { "b", "2" },
                       { "d", "1.0" },
                       { "d", "99999999999999999999" },
                       { "q", "1" },
                       { "d-", "1" },
                       { "d-2", "1.2.3" } };
    int64_t value;

    for (size_t i = 0; i < DRMGMT__COUNT(rows); i++) {
        DRMGMT__STRBUF out = DRMGMT__STRBUF_INIT;
        cr_assert(drmgmt__snmp_hint_integer(&out, rows[i].hint, rows[i].value));
        cr_assert_str_eq(out.data, rows[i].text);
        cr_assert_null(drmgmt__snmp_hint_read_integer(rows[i].hint, rows[i].text, &value), "%s", rows[i].text);
        cr_assert_eq(value, rows[i].value, "%s: %s", rows[i].hint, rows[i].text);
    }
    for (size_t i = 0; i < DRMGMT__COUNT(unreadable); i++)
        cr_assert_not_null(drmgmt__snmp_hint_read_integer(unreadable[i].hint, unreadable[i].text, &value), "%s: %s",
                           unreadable[i].hint, unreadable[i].text);
    cr_assert_null(drmgmt__snmp_hint_read_integer("d-2", "12", &value));
    cr_assert_eq(value, 1200);
}

/* ---- varbinds ---- */

static void assert_shown(const char *oid, drmgmt__snmp_value value, const char *wanted)
{
    static drmgmt__snmp_render render; /* shared by all: what it remembers must not show */
    DRMGMT__STRBUF out = DRMGMT__STRBUF_INIT;
    uint32_t arcs[DRMGMT__OID_ARCS_MAX];
    drmgmt__snmp_varbind vb = { .name = { arcs, 0 }, .value = value };

    cr_assert_null(drmgmt__oid_parse(oid, arcs, &vb.name.n));
    cr_assert(drmgmt__snmp_put_varbind(&out, &render, &vb));
    cr_assert(strstr(out.data, wanted), "%s", out.data);
    json_t *json = json_loads(out.data, JSON_REJECT_DUPLICATES, NULL);
    cr_assert_not_null(json, "no JSON: %s", out.data);
    cr_assert_str_eq(json_string_value(json_object_get(json, "oid")), oid);
    json_decref(json);
}

static drmgmt__snmp_value octets(const uint8_t *bytes, size_t n)
{
    return (drmgmt__snmp_value){ .tag = DRMGMT__SNMP_OCTETS, .octets = { bytes, n } };
}

static drmgmt__snmp_value integer(int64_t number)
{
    return (drmgmt__snmp_value){ .tag = DRMGMT__SNMP_INTEGER, .integer = number };
}

Test(snmp_value, as_their_syntax_says)
{
    uint32_t arcs[] = { 1, 3, 6, 1, 2, 1, 2, 2 };

    assert_shown("1.3.6.1.2.1.2.2.1.8.3", integer(1),
                 "\"name\":\"ifOperStatus.3\",\"type\":\"INTEGER\",\"value\":1,\"text\":\"up\"}");
    assert_shown("1.3.6.1.2.1.2.2.1.8.3", integer(99), "\"value\":99}");
    assert_shown("1.3.6.1.2.1.2.2.1.1.3", integer(3), "\"name\":\"ifIndex.3\",\"type\":\"INTEGER\",\"value\":3}");
    assert_shown("1.3.6.1.2.1.2.2.1.3.3", integer(6), "\"text\":\"ethernetCsmacd\"}");
    assert_shown("1.3.6.1.2.1.2.2.1.2.3", octets(BYTES("eth0\0")), "\"value\":\"eth0\",\"hex\":\"6574683000\"}");
    assert_shown("1.3.6.1.2.1.2.2.1.2.3", octets(BYTES("a\0b")), "\"value\":\"61:00:62\",\"hex\":\"610062\"}");
    assert_shown("1.3.6.1.2.1.2.2.1.6.3", octets(BYTES("abcdef")),
                 "\"value\":\"61:62:63:64:65:66\",\"hex\":\"616263646566\"}");
    assert_shown("1.3.6.1.2.1.2.2.1.6.3", octets(BYTES("")), "\"value\":\"\",\"hex\":\"\"}");
    assert_shown("1.3.6.1.2.1.25.1.2.0", octets(BYTES("\x07\xea\x0b\x19\x07\x1a\x00\x00+\x00\x00")),
                 "\"value\":\"07:ea:0b:19:07:1a:00:00:2b:00:00\",\"hex\":\"07ea0b19071a00002b0000\",\"text\":\"2026-11-"
                 "25,7:26:0.0,+0:0\"}");
    assert_shown("1.0.8802.1.1.2.1.4.1.1.11.0.1.2", octets(BYTES("\x28")),
                 "\"value\":\"28\",\"hex\":\"28\",\"text\":\"bridge router\"}");
    assert_shown("1.0.8802.1.1.2.1.4.1.1.11.0.1.2", octets(BYTES("\x00\x40")), "\"text\":\"9\"}");
    assert_shown("1.0.8802.1.1.2.1.4.1.1.11.0.1.2", octets(BYTES("\x00")), "\"text\":\"\"}");
    assert_shown("1.0.8802.1.1.2.1.4.1.1.7.0.1.2", octets(BYTES("ge-0/0/1")),
                 "\"name\":\"lldpRemPortId.0.1.2\",\"type\":\"OCTET STRING\",\"value\":\"ge-0/0/1\"}");
    assert_shown("1.3.6.1.2.1.1.3.0", (drmgmt__snmp_value){ .tag = DRMGMT__SNMP_TIMETICKS, .number = 8640256 },
                 "\"value\":8640256,\"text\":\"1 day, 0:00:02.56\"}");
    assert_shown("1.3.6.1.2.1.1.3.0", (drmgmt__snmp_value){ .tag = DRMGMT__SNMP_TIMETICKS, .number = 4294967295 },
                 "\"text\":\"497 days, 2:27:52.95\"}");
    assert_shown("1.3.6.1.2.1.1.2.0", (drmgmt__snmp_value){ .tag = DRMGMT__SNMP_OID, .oid = { arcs, 8 } },
                 "\"value\":\"1.3.6.1.2.1.2.2\",\"text\":\"ifTable\"}");
    assert_shown("1.3.6.1.2.1.31.1.1.1.6.3",
                 (drmgmt__snmp_value){ .tag = DRMGMT__SNMP_COUNTER64, .number = UINT64_MAX },
                 "\"name\":\"ifHCInOctets.3\",\"type\":\"Counter64\",\"value\":\"18446744073709551615\"}");
    /* another type than the object has */
    assert_shown("1.3.6.1.2.1.2.2.1.8.3", octets(BYTES("up")), "\"type\":\"OCTET STRING\",\"value\":\"up\"}");
    assert_shown("1.3.6.1.2.1.25.1.2.0", integer(7), "\"type\":\"INTEGER\",\"value\":7}");
    assert_shown("1.3.6.1.4.1.99999.1", integer(INT64_MIN),
                 "\"name\":null,\"type\":\"INTEGER\",\"value\":-9223372036854775808}");
}

/* ---- the catalog ---- */

Test(snmp_catalog, nodes_and_what_is_under_them)
{
    uint32_t arcs[] = { 1, 3, 6, 1, 2, 1, 2, 2, 1 };
    size_t n;

    const drmgmt__snmp_node *entry = drmgmt__snmp_node_of(&(drmgmt__oid){ arcs, 9 });
    cr_assert_str_eq(entry->name, "ifEntry");
    cr_assert_eq(entry->n_index, 1);
    cr_assert_eq(drmgmt__snmp_node_find("IF-MIB", 6, "ifEntry", 7), entry);
    cr_assert_null(drmgmt__snmp_node_find("IP-MIB", 6, "ifEntry", 7));
    cr_assert_str_eq(drmgmt__snmp_names_under(&entry->oid, &n)->name, "ifIndex");
    cr_assert_eq(n, 22);
    drmgmt__snmp_names_under(&(drmgmt__oid){ (uint32_t[]){ 1, 3, 6, 1, 4, 1 }, 6 }, &n);
    cr_assert_eq(n, 0);
}

/* Every entry's index and every syntax are such as the rest of the room counts on. */
Test(snmp_catalog, is_sound)
{
    size_t n;
    const drmgmt__snmp_name *rows = drmgmt__snmp_names(&n);

    for (size_t i = 0; i < n; i++) {
        const drmgmt__snmp_syntax *s = rows[i].syntax;
        cr_assert_eq(!!(rows[i].flags & DRMGMT__SNMP_BINARY), !!(s->flags & DRMGMT__SNMP_RAW), "%s", rows[i].name);
        for (size_t k = 1; k < s->n_names; k++)
            cr_assert_lt(s->names[k - 1].number, s->names[k].number, "%s of %s", s->names[k].name, s->name);
        if (!(rows[i].flags & DRMGMT__SNMP_COLUMN))
            continue;
        const drmgmt__snmp_node *entry = drmgmt__snmp_node_of(&(drmgmt__oid){ rows[i].oid.arcs, rows[i].oid.n - 1 });
        cr_assert(entry && entry->n_index, "%s stands in no table", rows[i].name);
    }
}

Test(snmp_index, taken_apart)
{
    static const struct {
        const char *entry;
        uint32_t arcs[24];
        size_t n;
        bool fits;
    } rows[] = {
        { "ifEntry", { 7 }, 1, true },
        { "ifEntry", { 7, 1 }, 2, false },
        { "ifEntry", { 0 }, 0, false },
        { "ipAddrEntry", { 192, 0, 2, 7 }, 4, true },
        { "ipAddrEntry", { 192, 0, 2, 256 }, 4, false },
        { "ipAddrEntry", { 192, 0, 2 }, 3, false },
        { "lldpRemManAddrEntry", { 0, 1, 2, 1, 4, 192, 0, 2, 7 }, 9, true },
        { "lldpRemManAddrEntry", { 0, 1, 2, 1, 5, 192, 0, 2, 7 }, 9, false },
        { "ifRcvAddressEntry", { 3, 6, 1, 2, 3, 4, 5, 6 }, 8, true },
        { "ifRcvAddressEntry", { 3, 4294967295, 1 }, 3, false },
    };

    for (size_t i = 0; i < DRMGMT__COUNT(rows); i++) {
        const drmgmt__snmp_node *entry = drmgmt__snmp_node_find(NULL, 0, rows[i].entry, strlen(rows[i].entry));
        cr_assert_eq(drmgmt__snmp_index_fits(entry->index, entry->n_index, &(drmgmt__oid){ rows[i].arcs, rows[i].n }),
                     rows[i].fits, "row %zu", i);
    }
}
