/* SNMP messages of the driver: every type of value to JSON, damaged bytes, and that no file is opened. Needs no server:
 * answers are written by hand. */
#include "snmp_double.h"
#include "snmp_fixture.h"
#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/stat.h>

static struct request asked_for(const char *community, int32_t id)
{
    struct request r = { .version = 1, .id = id, .community_length = strlen(community) };

    memcpy(r.community, community, r.community_length);
    return r;
}

/* sysDescr.0, or another OID of that group, encoded. */
static void add_oid(struct request *r, uint8_t object)
{
    const uint8_t oid[] = { 6, 8, 0x2b, 6, 1, 2, 1, 1, object, 0 };

    memcpy(r->oids + r->oids_length, oid, sizeof oid);
    r->oids_length += sizeof oid;
}

/* ---- values ---- */

static char *value_json(const char *oids, const struct request *r, const char *value, size_t length)
{
    static struct ber out;
    drmgmt__snmp_objects objects;
    drmgmt__snmp_message message;
    drmgmt__snmp_cursor cursor;
    drmgmt__strbuf json = DRMGMT__STRBUF_INIT;

    make_response(&out, r, 0, 0, value, length);
    cr_assert_eq(drmgmt__snmp_get_params_read(oids, &objects, NULL), 0);
    cr_assert_eq(drmgmt__snmp_message_read(&message, out.bytes, out.n), 0, "not decoded");
    drmgmt__snmp_cursor_open(&cursor, &message.pdu);
    cr_assert_null(drmgmt__snmp_result(&json, &cursor, &objects));
    drmgmt__snmp_objects_free(&objects);
    return drmgmt__strbuf_steal(&json, NULL);
}

#define BYTES(text) text, sizeof(text) - 1

Test(snmp_value, of_every_type)
{
    static const struct {
        const char *value;
        size_t length;
        const char *json;
    } rows[] = {
        { BYTES("\x02\x01\x05"), "\"type\":\"INTEGER\",\"value\":5" },
        { BYTES("\x02\x01\xff"), "\"type\":\"INTEGER\",\"value\":-1" },
        { BYTES("\x02\x04\x80\x00\x00\x00"), "\"type\":\"INTEGER\",\"value\":-2147483648" },
        { BYTES("\x04\x05hello"), "\"type\":\"OCTET STRING\",\"value\":\"hello\"" },
        { BYTES("\x04\x00"), "\"type\":\"OCTET STRING\",\"value\":\"\"" },
        { BYTES("\x04\x05\"a\\\t\n"), "\"type\":\"OCTET STRING\",\"value\":\"\\\"a\\\\\\t\\n\"" },
        { BYTES("\x04\x04z\xc3\xa9!"), "\"type\":\"OCTET STRING\",\"value\":\"z\xc3\xa9!\"" },
        { BYTES("\x04\x03"
                "a\x00"
                "b"),
          "\"type\":\"OCTET STRING\",\"value\":\"61:00:62\",\"hex\":\"610062\"" },
        { BYTES("\x04\x02\xc3("), "\"type\":\"OCTET STRING\",\"value\":\"c3:28\",\"hex\":\"c328\"" },
        { BYTES("\x04\x02\xc2\x85"), "\"type\":\"OCTET STRING\",\"value\":\"c2:85\",\"hex\":\"c285\"" },
        { BYTES("\x04\x02\xc0\x80"), "\"type\":\"OCTET STRING\",\"value\":\"c0:80\",\"hex\":\"c080\"" },
        { BYTES("\x04\x01\x1b"), "\"type\":\"OCTET STRING\",\"value\":\"1b\",\"hex\":\"1b\"" },
        { BYTES("\x04\x01\x7f"), "\"type\":\"OCTET STRING\",\"value\":\"7f\",\"hex\":\"7f\"" },
        { BYTES("\x06\x08\x2b\x06\x01\x02\x01\x01\x01\x00"),
          "\"type\":\"OBJECT IDENTIFIER\",\"value\":\"1.3.6.1.2.1.1.1.0\",\"text\":\"sysDescr.0\"" },
        { BYTES("\x06\x01\x00"), "\"type\":\"OBJECT IDENTIFIER\",\"value\":\"0.0\"" },
        { BYTES("\x06\x03\x88\x37\x03"), "\"type\":\"OBJECT IDENTIFIER\",\"value\":\"2.999.3\"" },
        { BYTES("\x40\x04\xc0\x00\x02\x07"), "\"type\":\"IpAddress\",\"value\":\"192.0.2.7\"" },
        { BYTES("\x41\x05\x00\xff\xff\xff\xff"), "\"type\":\"Counter32\",\"value\":4294967295" },
        { BYTES("\x42\x01\x07"), "\"type\":\"Gauge32\",\"value\":7" },
        { BYTES("\x43\x02\x01\x00"), "\"type\":\"TimeTicks\",\"value\":256,\"text\":\"0:00:02.56\"" },
        { BYTES("\x46\x09\x00\xff\xff\xff\xff\xff\xff\xff\xff"),
          "\"type\":\"Counter64\",\"value\":\"18446744073709551615\"" },
        { BYTES("\x46\x01\x00"), "\"type\":\"Counter64\",\"value\":\"0\"" },
        { BYTES("\x44\x07\x9f\x78\x04\x3f\xc0\x00\x00"), "\"type\":\"Opaque\",\"value\":1.5" },
        { BYTES("\x44\x07\x9f\x78\x04\x7f\xc0\x00\x00"), "\"type\":\"Opaque\",\"value\":\"NaN\"" },
        { BYTES("\x44\x07\x9f\x78\x04\xff\x80\x00\x00"), "\"type\":\"Opaque\",\"value\":\"-Infinity\"" },
        { BYTES("\x44\x0b\x9f\x79\x08\xc0\x04\x00\x00\x00\x00\x00\x00"), "\"type\":\"Opaque\",\"value\":-2.5" },
        { BYTES("\x44\x04\x9f\x7b\x01\x09"), "\"type\":\"Opaque\",\"value\":\"9\"" },
        { BYTES("\x44\x04\x9f\x7a\x01\xfe"), "\"type\":\"Opaque\",\"value\":\"-2\"" },
        { BYTES("\x44\x02hi"), "\"type\":\"Opaque\",\"value\":\"68:69\",\"hex\":\"6869\"" },
        { BYTES("\x05\x00"), "\"type\":\"NULL\",\"value\":null" },
        { BYTES("\x80\x00"), "\"type\":\"noSuchObject\",\"value\":null" },
        { BYTES("\x81\x00"), "\"type\":\"noSuchInstance\",\"value\":null" },
        { BYTES("\x82\x00"), "\"type\":\"endOfMibView\",\"value\":null" },
    };
    struct request r = asked_for("public", 7);

    add_oid(&r, 1);
    for (size_t i = 0; i < DRMGMT__COUNT(rows); i++) {
        DRMGMT__STRBUF wanted = DRMGMT__STRBUF_INIT;
        char *json = value_json("{\"oids\":[\"sysDescr.0\"]}", &r, rows[i].value, rows[i].length);
        drmgmt__strbuf_printf(&wanted, "{\"varbinds\":[{\"oid\":\"1.3.6.1.2.1.1.1.0\",\"name\":\"sysDescr.0\",%s}]}",
                              rows[i].json);
        cr_assert_str_eq(json, wanted.data);
        json_t *parsed = json_loads(json, JSON_REJECT_DUPLICATES | JSON_DISABLE_EOF_CHECK, NULL);
        cr_assert_not_null(parsed, "no JSON: %s", json);
        json_decref(parsed);
        free(json);
    }
}

/* Octets that happen to be printable are still no text where the object says so; an unknown object has no name. */
Test(snmp_value, binary_objects_and_unknown_ones)
{
    struct request r = asked_for("public", 7);
    const uint8_t physical[] = { 6, 10, 0x2b, 6, 1, 2, 1, 2, 2, 1, 6, 1 }, vendor[] = { 6, 5, 0x2b, 6, 1, 4, 1 };

    memcpy(r.oids, physical, sizeof physical);
    memcpy(r.oids + sizeof physical, vendor, sizeof vendor);
    r.oids_length = sizeof physical + sizeof vendor;
    char *json = value_json("{\"oids\":[\"ifPhysAddress.1\",\"1.3.6.1.4.1\"]}", &r,
                            BYTES("\x04\x03"
                                  "abc"));
    cr_assert_str_eq(json,
                     "{\"varbinds\":[{\"oid\":\"1.3.6.1.2.1.2.2.1.6.1\",\"name\":\"ifPhysAddress.1\",\"type\":\"OCTET "
                     "STRING\",\"value\":\"61:62:63\",\"hex\":\"616263\"},{\"oid\":\"1.3.6.1.4.1\",\"name\":null,"
                     "\"type\":\"OCTET STRING\",\"value\":\"abc\"}]}");
    free(json);
}

Test(snmp_value, answers_to_something_else)
{
    static const struct {
        const char *oids, *says;
        uint8_t objects;
        const char *value;
    } rows[] = {
        { "{\"oids\":[\"sysDescr.0\",\"sysObjectID.0\"]}", "fewer", 1, "\x05" },
        { "{\"oids\":[\"sysDescr.0\"]}", "more", 2, "\x05" },
        { "{\"oids\":[\"sysName.0\"]}", "another", 1, "\x05" },
        { "{\"oids\":[\"sysDescr.0\"]}", "fewer", 0, "\x05" },
        { "{\"oids\":[\"sysDescr.0\"]}", "type", 1, "\x45" }, /* NsapAddress, of RFC 1442 only */
    };

    for (size_t i = 0; i < DRMGMT__COUNT(rows); i++) {
        static struct ber out;
        DRMGMT__STRBUF json = DRMGMT__STRBUF_INIT;
        struct request r = asked_for("public", 7);
        drmgmt__snmp_objects objects;
        drmgmt__snmp_message message;
        drmgmt__snmp_cursor cursor;
        for (uint8_t k = 1; k <= rows[i].objects; k++)
            add_oid(&r, k);
        make_response(&out, &r, 0, 0, rows[i].value, 2);
        cr_assert_eq(drmgmt__snmp_get_params_read(rows[i].oids, &objects, NULL), 0);
        cr_assert_eq(drmgmt__snmp_message_read(&message, out.bytes, out.n), 0);
        drmgmt__snmp_cursor_open(&cursor, &message.pdu);
        const char *wrong = drmgmt__snmp_result(&json, &cursor, &objects);
        cr_assert(wrong && strstr(wrong, rows[i].says), "%s", wrong ? wrong : "taken");
        drmgmt__snmp_objects_free(&objects);
    }
}

/* ---- bytes ---- */

/* A GET of these objects, written into packet from its end; NULL: it does not fit. */
static const uint8_t *write_get(uint8_t packet[DRMGMT__SNMP_MESSAGE_MAX], const char *community, int32_t id,
                                const drmgmt__snmp_objects *objects, size_t *length)
{
    static drmgmt__snmp_varbind varbinds[DRMGMT__SNMP_OIDS_MAX];
    drmgmt__snmp_message m = { .version = DRMGMT__SNMP_V2C,
                               .community = { (const uint8_t *)community, strlen(community) },
                               .pdu = { .type = DRMGMT__SNMP_GET, .request_id = id } };

    for (size_t i = 0; i < objects->n; i++)
        varbinds[i].name = objects->oids[i];
    return drmgmt__snmp_message_write(&m, varbinds, objects->n, packet, DRMGMT__SNMP_MESSAGE_MAX, length);
}

Test(snmp_message, get_is_what_was_meant)
{
    static uint8_t packet[DRMGMT__SNMP_MESSAGE_MAX];
    static struct request r;
    drmgmt__snmp_objects objects;
    uint32_t id = 0;
    size_t n;

    cr_assert_eq(drmgmt__snmp_get_params_read("{\"oids\":[\"sysDescr.0\",\"2.999.4294967295\"]}", &objects, NULL), 0);
    const uint8_t *written = write_get(packet,
                                       "s\xc3\xa9"
                                       "cret",
                                       0x7ffffff1, &objects, &n);
    drmgmt__snmp_objects_free(&objects);
    cr_assert_not_null(written);
    take_apart(written, &r);
    cr_assert_eq(r.version, 1);
    cr_assert_eq(r.id, 0x7ffffff1);
    cr_assert_eq(r.community_length, 7);
    cr_assert_eq(memcmp(r.community,
                        "s\xc3\xa9"
                        "cret",
                        7),
                 0);
    const uint8_t oids[] = { 6, 8, 0x2b, 6, 1, 2, 1, 1, 1, 0, 6, 7, 0x88, 0x37, 0x8f, 0xff, 0xff, 0xff, 0x7f };
    cr_assert_eq(r.oids_length, sizeof oids);
    cr_assert_eq(memcmp(r.oids, oids, sizeof oids), 0);
    /* What an ICMP error quotes of it is enough from some length on, and never read past. */
    for (size_t k = 0; k <= n; k++) {
        uint8_t *quoted = malloc(k ? k : 1);
        memcpy(quoted, written, k);
        bool known = drmgmt__snmp_quoted_id(quoted, k, &id);
        cr_assert(known == (k >= 22), "%zu bytes", k);
        cr_assert(!known || id == 0x7ffffff1);
        free(quoted);
    }
}

Test(snmp_message, too_long_to_send)
{
    static uint8_t packet[DRMGMT__SNMP_MESSAGE_MAX];
    DRMGMT__STRBUF params = DRMGMT__STRBUF_INIT;
    drmgmt__snmp_objects objects;
    size_t n;

    drmgmt__strbuf_puts(&params, "{\"oids\":[");
    for (int i = 0; i < 128; i++) {
        drmgmt__strbuf_puts(&params, i ? ",\"1.3" : "\"1.3");
        for (int k = 0; k < 126; k++)
            drmgmt__strbuf_puts(&params, ".4294967295");
        drmgmt__strbuf_puts(&params, "\"");
    }
    drmgmt__strbuf_puts(&params, "]}");
    cr_assert_eq(drmgmt__snmp_get_params_read(params.data, &objects, NULL), 0);
    cr_assert_null(write_get(packet, "public", 1, &objects, &n));
    drmgmt__snmp_objects_free(&objects);
}

/* Whether it is a response of version 1 or 2c, whole. */
static bool decodes(const uint8_t *bytes, size_t n)
{
    /* A block of its own, so that a sanitizer sees a byte too many being read. */
    uint8_t *own = malloc(n ? n : 1);
    drmgmt__snmp_message message;
    drmgmt__snmp_cursor cursor;
    drmgmt__snmp_varbind vb;
    int more = -1;

    memcpy(own, bytes, n);
    if (drmgmt__snmp_message_read(&message, own, n) == 0 && message.version != DRMGMT__SNMP_V3 &&
        message.pdu.type == DRMGMT__SNMP_RESPONSE) {
        drmgmt__snmp_cursor_open(&cursor, &message.pdu);
        while ((more = drmgmt__snmp_next(&cursor, &vb)) == 1)
            ;
    }
    free(own);
    return more == 0;
}

Test(snmp_message, not_a_response)
{
    static struct ber out;
    struct request r = asked_for("public", 7);

    add_oid(&r, 1);
    make_response(&out, &r, 0, 0, "\x05\x00", 2);
    cr_assert(decodes(out.bytes, out.n));
    for (size_t n = 0; n < out.n; n++)
        cr_assert(!decodes(out.bytes, n), "the first %zu bytes are taken", n);
    out.bytes[4] = 3;
    cr_assert(!decodes(out.bytes, out.n));
    out.bytes[4] = 1;
    for (uint8_t pdu = 0xa0; pdu < 0xaa; pdu++) {
        out.bytes[13] = pdu;
        cr_assert_eq(decodes(out.bytes, out.n), pdu == 0xa2, "PDU type 0x%x", pdu);
    }
}

Test(snmp_message, long_community)
{
    static struct ber out;
    static struct request r;

    r = asked_for("", 7);
    add_oid(&r, 1);
    r.community_length = 255;
    make_response(&out, &r, 0, 0, "\x05\x00", 2);
    cr_assert(decodes(out.bytes, out.n));
    r.community_length = sizeof r.community;
    make_response(&out, &r, 0, 0, "\x05\x00", 2);
    cr_assert(!decodes(out.bytes, out.n));
}

/* Damaged bytes of every kind: nothing must crash, read astray or leak; the sanitizers watch. */
Test(snmp_message, damaged_bytes)
{
    static const char *const values[] = {
        "\x04\x05hello",        "\x46\x03\x01\x02\x03",     "\x44\x07\x9f\x78\x04\x3f\xc0\x01\x01",
        "\x06\x03\x2b\x06\x01", "\x40\x04\xc0\x01\x02\x07", "\x02\x02\x01\x02"
    };
    static struct ber good, bad;
    uint32_t seed = 20240229;

    for (size_t v = 0; v < DRMGMT__COUNT(values); v++) {
        struct request r = asked_for("public", 7);
        for (uint8_t k = 1; k < 5; k++)
            add_oid(&r, k);
        make_response(&good, &r, 0, 0, values[v], strlen(values[v]));
        for (int round = 0; round < 20000; round++) {
            memcpy(bad.bytes, good.bytes, good.n);
            for (int k = 0; k < 1 + round % 4; k++) {
                seed = seed * 1664525u + 1013904223u;
                bad.bytes[(seed >> 8) % good.n] = (uint8_t)(seed >> 24);
            }
            decodes(bad.bytes, round % 3 ? good.n : (seed >> 4) % good.n);
        }
    }
}

/* ---- the library keeps to itself ---- */

static void watch_folder(int watcher, const char *path)
{
    /* Not every machine has every one of them. */
    (void)inotify_add_watch(watcher, path, IN_OPEN | IN_ACCESS | IN_CREATE | IN_MODIFY);
}

/* net-snmp's library would read these; the variables point it at a folder that is always there. */
Test(snmp_library, opens_no_file)
{
    char folder[] = "/tmp/drmgmt-snmp-XXXXXX", path[64], events[4096];
    struct fixture f;
    struct twin twin;

    cr_assert_not_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/snmp.conf", folder);
    int file = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    cr_assert_geq(file, 0);
    close(file);
    static const char *const variables[] = { "SNMPCONFPATH", "SNMP_PERSISTENT_DIR", "MIBDIRS", "HOME",
                                             "SNMP_PERSISTENT_FILE" };
    for (size_t i = 0; i < DRMGMT__COUNT(variables); i++)
        setenv(variables[i], folder, 1);
    setenv("MIBS", "ALL", 1);
    int watcher = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    static const char *const folders[] = { "/etc/snmp", "/var/lib/snmp", "/usr/share/snmp", "/usr/share/snmp/mibs",
                                           "/usr/lib/snmp" };
    for (size_t i = 0; i < DRMGMT__COUNT(folders); i++)
        watch_folder(watcher, folders[i]);
    watch_folder(watcher, folder);

    start_twin(&twin, answer_well);
    open_fixture(&f, 1);
    begin_spec(&f, (drmgmt__op_spec){ .address = "127.0.0.1", .port = twin.port, .secret = "public" });
    cr_assert(run_last(&f)->completed);
    close_fixture(&f);
    stop_twin(&twin);
    cr_assert_eq(read(watcher, events, sizeof events), -1, "a file was opened");
    close(watcher);
    unlink(path);
    cr_assert_eq(rmdir(folder), 0, "something was written to %s", folder);
}
