/* Rendering values. Called by result.c, walk.c and rows.c. Hot: a bulk walk spends most of its time here. */
#include "proto/snmp/value.h"

#include "core/cleanup.h"
#include "proto/snmp/hint.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

typedef void write_fn(drmgmt__strbuf *out, const drmgmt__snmp_value *value, const drmgmt__snmp_syntax *syntax);

/* ---- numbers ---- */

/* Writes before end; returns where it begins. */
static char *digits_before(char *end, uint64_t number)
{
    do
        *--end = (char)('0' + number % 10);
    while (number /= 10);
    return end;
}

static void put_unsigned(drmgmt__strbuf *out, uint64_t number)
{
    char digits[20], *at = digits_before(digits + sizeof digits, number);
    drmgmt__strbuf_add(out, at, (size_t)(digits + sizeof digits - at));
}

static void put_signed(drmgmt__strbuf *out, int64_t number)
{
    char digits[21], *at = digits_before(digits + sizeof digits, number < 0 ? -(uint64_t)number : (uint64_t)number);
    if (number < 0)
        *--at = '-';
    drmgmt__strbuf_add(out, at, (size_t)(digits + sizeof digits - at));
}

/* Dotted, into text, which has room for them all. Returns the length. */
static size_t print_arcs(char *text, const uint32_t *arcs, size_t n)
{
    char *at = text, digits[10];

    for (size_t i = 0; i < n; i++) {
        const char *from = digits_before(digits + sizeof digits, arcs[i]);
        size_t length = (size_t)(digits + sizeof digits - from);
        if (i > 0)
            *at++ = '.';
        memcpy(at, from, length);
        at += length;
    }
    return (size_t)(at - text);
}

/* ---- octets ---- */

/* Without control characters (C0, DEL, C1) other than tab, CR and LF; *wide: something is not ASCII. */
static bool is_printable(const uint8_t *s, size_t n, bool *wide)
{
    *wide = false;
    for (size_t i = 0; i < n; i++) {
        if (s[i] >= 0x20 && s[i] < 0x7f)
            continue;
        if (s[i] < 0x80 ? s[i] != '\t' && s[i] != '\r' && s[i] != '\n' : i > 0 && s[i - 1] == 0xc2 && s[i] < 0xa0)
            return false;
        *wide = *wide || s[i] >= 0x80;
    }
    return true;
}

static bool is_text(const uint8_t *s, size_t n)
{
    DRMGMT__STRBUF text = DRMGMT__STRBUF_INIT; /* for its NUL */
    bool wide;

    if (!is_printable(s, n, &wide))
        return false;
    if (!wide)
        return true;
    drmgmt__strbuf_add(&text, s, n);
    return !text.failed && drmgmt__utf8_valid(text.data);
}

/* Many agents end a DisplayString with a NUL, as C does. */
static size_t without_nuls(const drmgmt__snmp_value *value, const drmgmt__snmp_syntax *syntax)
{
    size_t n = value->octets.length;

    while (n > 0 && syntax && syntax->flags & DRMGMT__SNMP_TEXT && !value->octets.bytes[n - 1])
        n--;
    return n;
}

static bool shows_text(const drmgmt__snmp_value *value, const drmgmt__snmp_syntax *syntax)
{
    return !(syntax && syntax->flags & DRMGMT__SNMP_RAW) && is_text(value->octets.bytes, without_nuls(value, syntax));
}

static void put_hex(drmgmt__strbuf *out, const uint8_t *bytes, size_t n, bool colons)
{
    static const char digits[] = "0123456789abcdef";

    drmgmt__strbuf_putc(out, '"');
    for (size_t i = 0; i < n; i++) {
        char pair[3] = { ':', digits[bytes[i] >> 4], digits[bytes[i] & 15] };
        drmgmt__strbuf_add(out, pair + (colons && i ? 0 : 1), colons && i ? 3 : 2);
    }
    drmgmt__strbuf_putc(out, '"');
}

static void write_octets(drmgmt__strbuf *out, const drmgmt__snmp_value *value, const drmgmt__snmp_syntax *syntax)
{
    if (shows_text(value, syntax))
        drmgmt__json_string_n(out, (const char *)value->octets.bytes, without_nuls(value, syntax));
    else
        put_hex(out, value->octets.bytes, value->octets.length, true);
}

static void write_opaque(drmgmt__strbuf *out, const drmgmt__snmp_value *value, const drmgmt__snmp_syntax *syntax)
{
    (void)syntax;
    put_hex(out, value->octets.bytes, value->octets.length, true);
}

/* ---- the others ---- */

static void write_signed(drmgmt__strbuf *out, const drmgmt__snmp_value *value, const drmgmt__snmp_syntax *syntax)
{
    (void)syntax;
    put_signed(out, value->integer);
}

static void write_unsigned(drmgmt__strbuf *out, const drmgmt__snmp_value *value, const drmgmt__snmp_syntax *syntax)
{
    (void)syntax;
    put_unsigned(out, value->number);
}

/* 64 bits as text, always: JavaScript and many JSON parsers lose digits of numbers above 2^53. */
static void write_unsigned64(drmgmt__strbuf *out, const drmgmt__snmp_value *value, const drmgmt__snmp_syntax *syntax)
{
    (void)syntax;
    drmgmt__strbuf_putc(out, '"');
    put_unsigned(out, value->number);
    drmgmt__strbuf_putc(out, '"');
}

static void write_signed64(drmgmt__strbuf *out, const drmgmt__snmp_value *value, const drmgmt__snmp_syntax *syntax)
{
    (void)syntax;
    drmgmt__strbuf_putc(out, '"');
    put_signed(out, value->integer);
    drmgmt__strbuf_putc(out, '"');
}

static void put_real(drmgmt__strbuf *out, double value, int digits)
{
    if (isfinite(value))
        drmgmt__strbuf_printf(out, "%.*g", digits, value);
    else
        drmgmt__strbuf_puts(out, isnan(value) ? "\"NaN\"" : value > 0 ? "\"Infinity\"" : "\"-Infinity\"");
}

static void write_float(drmgmt__strbuf *out, const drmgmt__snmp_value *value, const drmgmt__snmp_syntax *syntax)
{
    (void)syntax;
    put_real(out, value->real, 9);
}

static void write_double(drmgmt__strbuf *out, const drmgmt__snmp_value *value, const drmgmt__snmp_syntax *syntax)
{
    (void)syntax;
    put_real(out, value->real, 17);
}

static void write_address(drmgmt__strbuf *out, const drmgmt__snmp_value *value, const drmgmt__snmp_syntax *syntax)
{
    uint32_t arcs[4] = { value->octets.bytes[0], value->octets.bytes[1], value->octets.bytes[2],
                         value->octets.bytes[3] };
    char text[16];

    (void)syntax;
    drmgmt__strbuf_putc(out, '"');
    drmgmt__strbuf_add(out, text, print_arcs(text, arcs, 4));
    drmgmt__strbuf_putc(out, '"');
}

static void write_oid(drmgmt__strbuf *out, const drmgmt__snmp_value *value, const drmgmt__snmp_syntax *syntax)
{
    char text[11 * DRMGMT__OID_ARCS_MAX];

    (void)syntax;
    drmgmt__strbuf_putc(out, '"');
    drmgmt__strbuf_add(out, text, print_arcs(text, value->oid.arcs, value->oid.n));
    drmgmt__strbuf_putc(out, '"');
}

static void write_null(drmgmt__strbuf *out, const drmgmt__snmp_value *value, const drmgmt__snmp_syntax *syntax)
{
    (void)value;
    (void)syntax;
    drmgmt__strbuf_puts(out, "null");
}

static write_fn *const writers[256] = {
    [DRMGMT__SNMP_INTEGER] = write_signed,
    [DRMGMT__SNMP_OCTETS] = write_octets,
    [DRMGMT__SNMP_OID] = write_oid,
    [DRMGMT__SNMP_COUNTER32] = write_unsigned,
    [DRMGMT__SNMP_GAUGE32] = write_unsigned,
    [DRMGMT__SNMP_TIMETICKS] = write_unsigned,
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

bool drmgmt__snmp_shown(uint8_t tag)
{
    return writers[tag] != NULL;
}

void drmgmt__snmp_put_value(drmgmt__strbuf *out, const drmgmt__snmp_value *value, const drmgmt__snmp_syntax *syntax)
{
    writers[value->tag](out, value, syntax);
}

bool drmgmt__snmp_in_hex(const drmgmt__snmp_value *value, const drmgmt__snmp_syntax *syntax)
{
    return value->tag == DRMGMT__SNMP_OPAQUE ||
           (value->tag == DRMGMT__SNMP_OCTETS &&
            (!shows_text(value, syntax) || without_nuls(value, syntax) < value->octets.length));
}

/* ---- what a syntax makes of it ---- */

static bool text_of_named(drmgmt__strbuf *out, const drmgmt__snmp_value *value, const drmgmt__snmp_syntax *syntax)
{
    const char *name = syntax ? drmgmt__snmp_named_name(syntax, value->integer) : NULL;

    if (name)
        drmgmt__json_string(out, name);
    return name;
}

/* "d" shows a number as it is. */
static bool text_of_integer(drmgmt__strbuf *out, const drmgmt__snmp_value *value, const drmgmt__snmp_syntax *syntax)
{
    size_t before = out->length;

    if (text_of_named(out, value, syntax))
        return true;
    if (!syntax || !syntax->hint || strcmp(syntax->hint, "d") == 0)
        return false;
    drmgmt__strbuf_putc(out, '"');
    bool shown = drmgmt__snmp_hint_integer(
        out, syntax->hint, value->tag == DRMGMT__SNMP_INTEGER ? value->integer : (int64_t)value->number);
    if (shown)
        drmgmt__strbuf_putc(out, '"');
    else
        out->length = before;
    return shown;
}

/* Bit 0 is the highest of the first octet: RFC 3417, section 8. */
static void put_bits(drmgmt__strbuf *out, const drmgmt__octets *octets, const drmgmt__snmp_syntax *syntax)
{
    const char *between = "\"";

    for (size_t i = 0; i < 8 * octets->length; i++) {
        if (!(octets->bytes[i / 8] & 0x80 >> i % 8))
            continue;
        const char *name = drmgmt__snmp_named_name(syntax, (int64_t)i);
        drmgmt__strbuf_puts(out, between);
        if (name)
            drmgmt__strbuf_puts(out, name);
        else
            put_unsigned(out, i);
        between = " ";
    }
    drmgmt__strbuf_puts(out, *between == ' ' ? "\"" : "\"\"");
}

static bool text_of_octets(drmgmt__strbuf *out, const drmgmt__snmp_value *value, const drmgmt__snmp_syntax *syntax)
{
    DRMGMT__STRBUF text = DRMGMT__STRBUF_INIT;

    if (!syntax || syntax->flags & DRMGMT__SNMP_TEXT)
        return false;
    if (syntax->flags & DRMGMT__SNMP_BITS) {
        put_bits(out, &value->octets, syntax);
        return true;
    }
    /* "1x:" shows octets as the value already does. */
    if (!syntax->hint || strcmp(syntax->hint, "1x:") == 0 || value->octets.length == 0 ||
        !drmgmt__snmp_hint_octets(&text, syntax->hint, value->octets.bytes, value->octets.length) || text.failed)
        return false;
    drmgmt__json_string_n(out, text.data, text.length);
    return true;
}

static bool text_of_ticks(drmgmt__strbuf *out, const drmgmt__snmp_value *value, const drmgmt__snmp_syntax *syntax)
{
    uint64_t ticks = value->number, days = ticks / 8640000;

    (void)syntax;
    drmgmt__strbuf_putc(out, '"');
    if (days) {
        put_unsigned(out, days);
        drmgmt__strbuf_puts(out, days == 1 ? " day, " : " days, ");
    }
    put_unsigned(out, ticks / 360000 % 24);
    const unsigned parts[] = { (unsigned)(ticks / 6000 % 60), (unsigned)(ticks / 100 % 60), (unsigned)(ticks % 100) };
    for (size_t i = 0; i < DRMGMT__COUNT(parts); i++) {
        char text[3] = { i < 2 ? ':' : '.', (char)('0' + parts[i] / 10), (char)('0' + parts[i] % 10) };
        drmgmt__strbuf_add(out, text, sizeof text);
    }
    drmgmt__strbuf_putc(out, '"');
    return true;
}

static bool text_of_oid(drmgmt__strbuf *out, const drmgmt__snmp_value *value, const drmgmt__snmp_syntax *syntax)
{
    const drmgmt__snmp_node *node = drmgmt__snmp_node_of(&value->oid);
    size_t before = out->length;

    (void)syntax;
    if (node) {
        drmgmt__json_string(out, node->name);
        return true;
    }
    drmgmt__strbuf_putc(out, '"');
    bool known = drmgmt__snmp_name_print(out, &value->oid);
    if (known)
        drmgmt__strbuf_putc(out, '"');
    else
        out->length = before;
    return known;
}

typedef bool text_fn(drmgmt__strbuf *out, const drmgmt__snmp_value *value, const drmgmt__snmp_syntax *syntax);
static text_fn *const texts[256] = {
    [DRMGMT__SNMP_INTEGER] = text_of_integer, [DRMGMT__SNMP_GAUGE32] = text_of_integer,
    [DRMGMT__SNMP_OCTETS] = text_of_octets,   [DRMGMT__SNMP_TIMETICKS] = text_of_ticks,
    [DRMGMT__SNMP_OID] = text_of_oid,
};

bool drmgmt__snmp_put_text(drmgmt__strbuf *out, const drmgmt__snmp_value *value, const drmgmt__snmp_syntax *syntax)
{
    text_fn *text = texts[value->tag];

    /* An agent may answer with another type than the object has. */
    return text && text(out, value, syntax && syntax->tag == value->tag ? syntax : NULL);
}

/* ---- varbinds ---- */

static void look_up(drmgmt__snmp_render *render, const drmgmt__oid *oid)
{
    if (render->object && drmgmt__oid_under(oid, &render->object->oid))
        return;
    render->object = drmgmt__snmp_name_of(oid);
    if (render->object)
        render->prefix_length = print_arcs(render->prefix, render->object->oid.arcs, render->object->oid.n);
}

static void put_names(drmgmt__strbuf *out, const drmgmt__snmp_render *render, const drmgmt__oid *oid)
{
    const drmgmt__snmp_name *object = render->object;
    size_t known = object ? object->oid.n : 0, length = 0;
    char rest[11 * DRMGMT__OID_ARCS_MAX + 1];

    if (object && oid->n > known)
        rest[length++] = '.';
    length += print_arcs(rest + length, oid->arcs + known, oid->n - known);
    drmgmt__strbuf_add(out, "{\"oid\":\"", 8);
    if (object)
        drmgmt__strbuf_add(out, render->prefix, render->prefix_length);
    drmgmt__strbuf_add(out, rest, length);
    if (!object) {
        drmgmt__strbuf_puts(out, "\",\"name\":null,\"type\":\"");
        return;
    }
    drmgmt__strbuf_add(out, "\",\"name\":\"", 10);
    drmgmt__strbuf_puts(out, object->name);
    drmgmt__strbuf_add(out, rest, length);
    drmgmt__strbuf_add(out, "\",\"type\":\"", 10);
}

bool drmgmt__snmp_put_varbind(drmgmt__strbuf *out, drmgmt__snmp_render *render, const drmgmt__snmp_varbind *vb)
{
    if (!drmgmt__snmp_shown(vb->value.tag))
        return false;
    look_up(render, &vb->name);
    const drmgmt__snmp_syntax *syntax = render->object ? render->object->syntax : NULL;
    put_names(out, render, &vb->name);
    drmgmt__strbuf_puts(out, drmgmt__snmp_type_name(vb->value.tag));
    drmgmt__strbuf_add(out, "\",\"value\":", 10);
    drmgmt__snmp_put_value(out, &vb->value, syntax);
    if (drmgmt__snmp_in_hex(&vb->value, syntax)) {
        drmgmt__strbuf_add(out, ",\"hex\":", 7);
        put_hex(out, vb->value.octets.bytes, vb->value.octets.length, false);
    }
    size_t before = out->length;
    drmgmt__strbuf_add(out, ",\"text\":", 8);
    if (!drmgmt__snmp_put_text(out, &vb->value, syntax))
        out->length = before;
    drmgmt__strbuf_putc(out, '}');
    return true;
}
