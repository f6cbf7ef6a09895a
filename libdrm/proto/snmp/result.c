/* The result of a get: varbinds to JSON; and the words of error-status. Called by get.c. */
#include "proto/snmp/snmp.h"

#include "core/core.h"
#include <arpa/inet.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

typedef void write_fn(drmgmt__strbuf *out, const drmgmt__snmp_value *value, bool binary);

/* Without control characters (C0, DEL, C1) other than tab, CR and LF. */
static bool is_printable(const uint8_t *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if ((s[i] < 0x20 && s[i] != '\t' && s[i] != '\r' && s[i] != '\n') || s[i] == 0x7f ||
            (i > 0 && s[i - 1] == 0xc2 && s[i] < 0xa0))
            return false;
    return true;
}

static bool is_text(const uint8_t *s, size_t n)
{
    DRMGMT__STRBUF text = DRMGMT__STRBUF_INIT; /* for its NUL */

    if (!is_printable(s, n))
        return false;
    drmgmt__strbuf_add(&text, s, n);
    return !text.failed && drmgmt__utf8_valid(text.data);
}

static void write_hex(drmgmt__strbuf *out, const uint8_t *bytes, size_t n, bool colons)
{
    static const char digits[] = "0123456789abcdef";

    drmgmt__strbuf_putc(out, '"');
    for (size_t i = 0; i < n; i++) {
        char pair[3] = { ':', digits[bytes[i] >> 4], digits[bytes[i] & 15] };
        drmgmt__strbuf_add(out, pair + (colons && i ? 0 : 1), colons && i ? 3 : 2);
    }
    drmgmt__strbuf_putc(out, '"');
}

static void write_octets(drmgmt__strbuf *out, const drmgmt__snmp_value *value, bool binary)
{
    const uint8_t *bytes = value->octets.bytes;
    size_t n = value->octets.length;

    if (!binary && is_text(bytes, n)) {
        drmgmt__json_string_n(out, (const char *)bytes, n);
        return;
    }
    write_hex(out, bytes, n, true);
    drmgmt__json_key(out, "hex");
    write_hex(out, bytes, n, false);
}

static void write_opaque(drmgmt__strbuf *out, const drmgmt__snmp_value *value, bool binary)
{
    (void)binary;
    write_octets(out, value, true);
}

static void write_signed(drmgmt__strbuf *out, const drmgmt__snmp_value *value, bool binary)
{
    (void)binary;
    drmgmt__strbuf_printf(out, "%lld", (long long)value->integer);
}

static void write_unsigned32(drmgmt__strbuf *out, const drmgmt__snmp_value *value, bool binary)
{
    (void)binary;
    drmgmt__strbuf_printf(out, "%llu", (unsigned long long)value->number);
}

/* 64 bits as text, always: JavaScript and many JSON parsers lose digits of numbers above 2^53. */
static void write_unsigned64(drmgmt__strbuf *out, const drmgmt__snmp_value *value, bool binary)
{
    (void)binary;
    drmgmt__strbuf_printf(out, "\"%llu\"", (unsigned long long)value->number);
}

static void write_signed64(drmgmt__strbuf *out, const drmgmt__snmp_value *value, bool binary)
{
    (void)binary;
    drmgmt__strbuf_printf(out, "\"%lld\"", (long long)value->integer);
}

static void write_real(drmgmt__strbuf *out, double value, int digits)
{
    if (isfinite(value))
        drmgmt__strbuf_printf(out, "%.*g", digits, value);
    else
        drmgmt__strbuf_puts(out, isnan(value) ? "\"NaN\"" : value > 0 ? "\"Infinity\"" : "\"-Infinity\"");
}

static void write_float(drmgmt__strbuf *out, const drmgmt__snmp_value *value, bool binary)
{
    (void)binary;
    write_real(out, value->real, 9);
}

static void write_double(drmgmt__strbuf *out, const drmgmt__snmp_value *value, bool binary)
{
    (void)binary;
    write_real(out, value->real, 17);
}

static void write_address(drmgmt__strbuf *out, const drmgmt__snmp_value *value, bool binary)
{
    char text[INET_ADDRSTRLEN];

    (void)binary;
    inet_ntop(AF_INET, value->octets.bytes, text, sizeof text);
    drmgmt__strbuf_printf(out, "\"%s\"", text);
}

static void write_oid(drmgmt__strbuf *out, const drmgmt__snmp_value *value, bool binary)
{
    (void)binary;
    drmgmt__strbuf_putc(out, '"');
    drmgmt__oid_print(out, &value->oid);
    drmgmt__strbuf_putc(out, '"');
}

static void write_null(drmgmt__strbuf *out, const drmgmt__snmp_value *value, bool binary)
{
    (void)value;
    (void)binary;
    drmgmt__strbuf_puts(out, "null");
}

static write_fn *const writers[256] = {
    [DRMGMT__SNMP_INTEGER] = write_signed,
    [DRMGMT__SNMP_OCTETS] = write_octets,
    [DRMGMT__SNMP_OID] = write_oid,
    [DRMGMT__SNMP_COUNTER32] = write_unsigned32,
    [DRMGMT__SNMP_GAUGE32] = write_unsigned32,
    [DRMGMT__SNMP_TIMETICKS] = write_unsigned32,
    [DRMGMT__SNMP_COUNTER64] = write_unsigned64,
    [DRMGMT__SNMP_IPADDRESS] = write_address,
    [DRMGMT__SNMP_OPAQUE] = write_opaque,
    [DRMGMT__SNMP_OPAQUE_FLOAT] = write_float,
    [DRMGMT__SNMP_OPAQUE_DOUBLE] = write_double,
    [DRMGMT__SNMP_OPAQUE_COUNTER64] = write_unsigned64,
    [DRMGMT__SNMP_OPAQUE_U64] = write_unsigned64,
    [DRMGMT__SNMP_OPAQUE_I64] = write_signed64,
    [DRMGMT__SNMP_NULL] = write_null,
    [DRMGMT__SNMP_NO_SUCH_OBJECT] = write_null,
    [DRMGMT__SNMP_NO_SUCH_INSTANCE] = write_null,
    [DRMGMT__SNMP_END_OF_MIB_VIEW] = write_null,
};

static void write_varbind(drmgmt__strbuf *out, const drmgmt__snmp_varbind *vb)
{
    const drmgmt__snmp_name *row = drmgmt__snmp_name_of(&vb->name);

    drmgmt__strbuf_puts(out, "{\"oid\":\"");
    drmgmt__oid_print(out, &vb->name);
    drmgmt__strbuf_puts(out, row ? "\",\"name\":\"" : "\",\"name\":null");
    if (drmgmt__snmp_name_print(out, &vb->name))
        drmgmt__strbuf_putc(out, '"');
    drmgmt__json_member(out, "type", drmgmt__snmp_type_name(vb->value.tag));
    drmgmt__strbuf_puts(out, ",\"value\":");
    writers[vb->value.tag](out, &vb->value, row && row->flags & DRMGMT__SNMP_BINARY);
    drmgmt__strbuf_putc(out, '}');
}

const char *drmgmt__snmp_result(drmgmt__strbuf *out, drmgmt__snmp_cursor *cursor, const drmgmt__snmp_objects *objects)
{
    drmgmt__snmp_varbind vb;

    drmgmt__strbuf_puts(out, "{\"varbinds\":[");
    for (size_t i = 0; i < objects->n; i++) {
        int more = drmgmt__snmp_next(cursor, &vb);
        if (more <= 0)
            return more ? "a malformed object" : "fewer objects than were asked for";
        if (!drmgmt__oid_equal(&vb.name, &objects->oids[i]))
            return "another object than was asked for";
        if (!writers[vb.value.tag])
            return "a value of a type that SNMPv1 and SNMPv2c do not have";
        if (i > 0)
            drmgmt__strbuf_putc(out, ',');
        write_varbind(out, &vb);
    }
    if (drmgmt__snmp_next(cursor, &vb))
        return "more objects than were asked for";
    drmgmt__strbuf_puts(out, "]}");
    return NULL;
}

/* RFC 3416, section 3: by number. */
const drmgmt__snmp_status *drmgmt__snmp_status_of(long error_status)
{
    static const drmgmt__snmp_status statuses[] = {
        { "noError", "", false },
        { "tooBig", "the answer does not fit into one message: ask for fewer objects at once", false },
        { "noSuchName", "the agent has no such object, or this community may not see it", false },
        { "badValue", "the agent refused a value", false },
        { "readOnly", "the agent refused", false },
        { "genErr", "the agent could not read the object", true },
        { "noAccess", "this community may not read the object", false },
        { "wrongType", "the agent refused", false },
        { "wrongLength", "the agent refused", false },
        { "wrongEncoding", "the agent refused", false },
        { "wrongValue", "the agent refused", false },
        { "noCreation", "the agent refused", false },
        { "inconsistentValue", "the agent refused", false },
        { "resourceUnavailable", "the agent lacks resources now", true },
        { "commitFailed", "the agent failed", false },
        { "undoFailed", "the agent failed", false },
        { "authorizationError", "this community may not do that", false },
        { "notWritable", "the agent refused", false },
        { "inconsistentName", "the agent refused", false },
    };
    static const drmgmt__snmp_status unknown = { "genErr", "the agent sent an error-status that SNMP does not have",
                                                 true };

    return error_status > 0 && error_status < (long)DRMGMT__COUNT(statuses) ? &statuses[error_status] : &unknown;
}
