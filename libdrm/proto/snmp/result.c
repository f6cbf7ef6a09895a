/* The result of a get: net-snmp's variables to JSON; and the words of error-status. Called by request.c. */
#include "proto/snmp/snmp.h"

#include "core/core.h"
#include <arpa/inet.h>
#include <math.h>
#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#include <stdio.h>
#include <string.h>

typedef void write_fn(drmgmt__strbuf *out, const netsnmp_variable_list *vb, bool binary);

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

static void write_octets(drmgmt__strbuf *out, const netsnmp_variable_list *vb, bool binary)
{
    if (!binary && is_text(vb->val.string, vb->val_len)) {
        drmgmt__json_string_n(out, (const char *)vb->val.string, vb->val_len);
        return;
    }
    write_hex(out, vb->val.string, vb->val_len, true);
    drmgmt__json_key(out, "hex");
    write_hex(out, vb->val.string, vb->val_len, false);
}

static void write_opaque(drmgmt__strbuf *out, const netsnmp_variable_list *vb, bool binary)
{
    (void)binary;
    write_octets(out, vb, true);
}

/* net-snmp widens what an agent encoded in more than four octets: a 32-bit type has 32 bits. */
static void write_int32(drmgmt__strbuf *out, const netsnmp_variable_list *vb, bool binary)
{
    (void)binary;
    drmgmt__strbuf_printf(out, "%d", (int)(int32_t)*vb->val.integer);
}

static void write_unsigned32(drmgmt__strbuf *out, const netsnmp_variable_list *vb, bool binary)
{
    (void)binary;
    drmgmt__strbuf_printf(out, "%u", (unsigned)(uint32_t)*vb->val.integer);
}

/* 64 bits as text, always: JavaScript and many JSON parsers lose digits of numbers above 2^53. */
static void write_unsigned64(drmgmt__strbuf *out, const netsnmp_variable_list *vb, bool binary)
{
    const struct counter64 *c = vb->val.counter64;

    (void)binary;
    drmgmt__strbuf_printf(out, "\"%llu\"", (unsigned long long)(c->high & 0xffffffff) << 32 | (c->low & 0xffffffff));
}

static void write_signed64(drmgmt__strbuf *out, const netsnmp_variable_list *vb, bool binary)
{
    const struct counter64 *c = vb->val.counter64;
    uint64_t bits = (uint64_t)(c->high & 0xffffffff) << 32 | (c->low & 0xffffffff);

    (void)binary;
    drmgmt__strbuf_printf(out, "\"%lld\"", (long long)bits);
}

static void write_real(drmgmt__strbuf *out, double value, int digits)
{
    if (isfinite(value))
        drmgmt__strbuf_printf(out, "%.*g", digits, value);
    else
        drmgmt__strbuf_puts(out, isnan(value) ? "\"NaN\"" : value > 0 ? "\"Infinity\"" : "\"-Infinity\"");
}

static void write_float(drmgmt__strbuf *out, const netsnmp_variable_list *vb, bool binary)
{
    (void)binary;
    write_real(out, (double)*vb->val.floatVal, 9);
}

static void write_double(drmgmt__strbuf *out, const netsnmp_variable_list *vb, bool binary)
{
    (void)binary;
    write_real(out, *vb->val.doubleVal, 17);
}

static void write_address(drmgmt__strbuf *out, const netsnmp_variable_list *vb, bool binary)
{
    char text[INET_ADDRSTRLEN];

    (void)binary;
    inet_ntop(AF_INET, vb->val.string, text, sizeof text);
    drmgmt__strbuf_printf(out, "\"%s\"", text);
}

static drmgmt__oid to_oid(const oid *from, size_t n, uint32_t arcs[DRMGMT__OID_ARCS_MAX])
{
    if (n > DRMGMT__OID_ARCS_MAX)
        n = DRMGMT__OID_ARCS_MAX;
    for (size_t i = 0; i < n; i++)
        arcs[i] = (uint32_t)from[i];
    return (drmgmt__oid){ arcs, n };
}

static void write_oid(drmgmt__strbuf *out, const netsnmp_variable_list *vb, bool binary)
{
    uint32_t arcs[DRMGMT__OID_ARCS_MAX];
    drmgmt__oid value = to_oid(vb->val.objid, vb->val_len / sizeof(oid), arcs);

    (void)binary;
    drmgmt__strbuf_putc(out, '"');
    drmgmt__oid_print(out, &value);
    drmgmt__strbuf_putc(out, '"');
}

static void write_null(drmgmt__strbuf *out, const netsnmp_variable_list *vb, bool binary)
{
    (void)vb;
    (void)binary;
    drmgmt__strbuf_puts(out, "null");
}

static const struct type_row {
    unsigned tag;
    const char *name;
    write_fn *write;
} types[] = {
    { ASN_INTEGER, "INTEGER", write_int32 },
    { ASN_OCTET_STR, "OCTET STRING", write_octets },
    { ASN_OBJECT_ID, "OBJECT IDENTIFIER", write_oid },
    { ASN_COUNTER, "Counter32", write_unsigned32 },
    { ASN_GAUGE, "Gauge32", write_unsigned32 },
    { ASN_TIMETICKS, "TimeTicks", write_unsigned32 },
    { ASN_COUNTER64, "Counter64", write_unsigned64 },
    { ASN_IPADDRESS, "IpAddress", write_address },
    { ASN_OPAQUE, "Opaque", write_opaque },
    { ASN_OPAQUE_FLOAT, "Opaque", write_float },
    { ASN_OPAQUE_DOUBLE, "Opaque", write_double },
    { ASN_OPAQUE_COUNTER64, "Opaque", write_unsigned64 },
    { ASN_OPAQUE_U64, "Opaque", write_unsigned64 },
    { ASN_OPAQUE_I64, "Opaque", write_signed64 },
    { ASN_NULL, "NULL", write_null },
    { SNMP_NOSUCHOBJECT, "noSuchObject", write_null },
    { SNMP_NOSUCHINSTANCE, "noSuchInstance", write_null },
    { SNMP_ENDOFMIBVIEW, "endOfMibView", write_null },
};

static const struct type_row *type_of(unsigned tag)
{
    for (size_t i = 0; i < DRMGMT__COUNT(types); i++)
        if (types[i].tag == tag)
            return &types[i];
    return NULL;
}

static void write_varbind(drmgmt__strbuf *out, const netsnmp_variable_list *vb, const drmgmt__oid *oid,
                          const struct type_row *type)
{
    const drmgmt__snmp_name *row = drmgmt__snmp_name_of(oid);

    drmgmt__strbuf_puts(out, "{\"oid\":\"");
    drmgmt__oid_print(out, oid);
    drmgmt__strbuf_puts(out, row ? "\",\"name\":\"" : "\",\"name\":null");
    if (drmgmt__snmp_name_print(out, oid))
        drmgmt__strbuf_putc(out, '"');
    drmgmt__json_member(out, "type", type->name);
    drmgmt__strbuf_puts(out, ",\"value\":");
    type->write(out, vb, row && row->flags & DRMGMT__SNMP_BINARY);
    drmgmt__strbuf_putc(out, '}');
}

const char *drmgmt__snmp_result(drmgmt__strbuf *out, const drmgmt__snmp_message *message,
                                const drmgmt__snmp_objects *objects)
{
    const netsnmp_variable_list *vb = message->pdu->variables;
    uint32_t arcs[DRMGMT__OID_ARCS_MAX];

    drmgmt__strbuf_puts(out, "{\"varbinds\":[");
    for (size_t i = 0; i < objects->n; i++, vb = vb->next_variable) {
        if (!vb)
            return "fewer objects than were asked for";
        drmgmt__oid oid = to_oid(vb->name, vb->name_length, arcs);
        if (!drmgmt__oid_equal(&oid, &objects->oids[i]))
            return "another object than was asked for";
        const struct type_row *type = type_of(vb->type);
        if (!type)
            return "a value of a type that SNMPv1 and SNMPv2c do not have";
        if (i > 0)
            drmgmt__strbuf_putc(out, ',');
        write_varbind(out, vb, &oid, type);
    }
    if (vb)
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
