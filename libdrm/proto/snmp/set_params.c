/* The parameters of set: objects, types and values. Called by driver.c and set.c. */
#include "proto/snmp/params.h"

#include "core/core.h"
#include "proto/snmp/hint.h"
#include <arpa/inet.h>
#include <drm/driver.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

struct drmgmt__snmp_block {
    struct drmgmt__snmp_block *next;
    uint64_t data[];
};

enum { OCTETS_MAX = 65000, BITS_MAX = 8 * 1024, TEXT_SHOWN = 80 };

struct reading {
    drmgmt__snmp_set_params *out;
    char field[64];
    const drmgmt__snmp_syntax *syntax; /* of the object at hand; NULL: not known */
    drmgmt_error **error;
};

#define refuse(r, ...) drmgmt_error_make((r)->error, DRMGMT_ERR_INVALID, (r)->field, __VA_ARGS__)

/* A copy that lives as long as the parameters; NULL when memory is out. */
static void *keep(struct reading *r, const void *bytes, size_t n)
{
    struct drmgmt__snmp_block *block = malloc(sizeof *block + n + 1);

    if (!block)
        return NULL;
    block->next = r->out->blocks;
    r->out->blocks = block;
    if (n)
        memcpy(block->data, bytes, n);
    return block->data;
}

static int keep_octets(struct reading *r, const void *bytes, size_t n, drmgmt__snmp_value *out)
{
    if (n > OCTETS_MAX)
        return refuse(r, "it is longer than %d octets", OCTETS_MAX);
    out->octets = (drmgmt__octets){ keep(r, bytes, n), n };
    return out->octets.bytes ? 0 : drmgmt__fail_memory(r->error);
}

/* ---- readers: text is NULL where the value is no JSON string ---- */

static int read_whole(const struct reading *r, const json_t *value, const char *text, int64_t low, int64_t high,
                      int64_t *out)
{
    char *end;

    if (json_is_integer(value)) {
        *out = json_integer_value(value);
    } else {
        errno = 0;
        *out = text ? strtoll(text, &end, 10) : 0;
        if (!text || end == text || *end || errno)
            return refuse(r, "a whole number is wanted");
    }
    if (*out < low || *out > high)
        return refuse(r, "a number from %lld to %lld is wanted", (long long)low, (long long)high);
    return 0;
}

static int read_integer(struct reading *r, const json_t *value, const char *text, drmgmt__snmp_value *out)
{
    const drmgmt__snmp_named *named = text && r->syntax ? drmgmt__snmp_named_find(r->syntax, text, strlen(text)) : NULL;

    if (named) {
        out->integer = named->number;
        return 0;
    }
    if (text && r->syntax && r->syntax->n_names && r->syntax->tag == DRMGMT__SNMP_INTEGER && *text != '-' &&
        (*text < '0' || *text > '9'))
        return refuse(r, "\"%.*s\" is none of the names of this object's numbers", TEXT_SHOWN, text);
    if (text && r->syntax && r->syntax->hint && r->syntax->tag == out->tag) {
        const char *wrong = drmgmt__snmp_hint_read_integer(r->syntax->hint, text, &out->integer);
        if (wrong || out->integer < INT32_MIN || out->integer > INT32_MAX)
            return refuse(r, "%s", wrong ? wrong : "a number is too large");
        return 0;
    }
    return read_whole(r, value, text, INT32_MIN, INT32_MAX, &out->integer);
}

static int read_unsigned32(struct reading *r, const json_t *value, const char *text, drmgmt__snmp_value *out)
{
    int64_t number;
    int rc = read_whole(r, value, text, 0, UINT32_MAX, &number);

    if (!rc)
        out->number = (uint64_t)number;
    return rc;
}

static int read_unsigned64(struct reading *r, const json_t *value, const char *text, drmgmt__snmp_value *out)
{
    char *end;

    if (!text) {
        int64_t number;
        int rc = read_whole(r, value, text, 0, INT64_MAX, &number);
        out->number = rc ? 0 : (uint64_t)number;
        return rc;
    }
    errno = 0;
    out->number = strtoull(text, &end, 10);
    if (*text < '0' || *text > '9' || *end || errno)
        return refuse(r, "a whole number from 0 to 18446744073709551615 is wanted");
    return 0;
}

static int read_signed64(struct reading *r, const json_t *value, const char *text, drmgmt__snmp_value *out)
{
    return read_whole(r, value, text, INT64_MIN, INT64_MAX, &out->integer);
}

static int read_real(struct reading *r, const json_t *value, const char *text, drmgmt__snmp_value *out)
{
    char *end = NULL;

    out->real = text ? strtod(text, &end) : json_number_value(value);
    if (text ? end == text || *end : !json_is_number(value))
        return refuse(r, "a number is wanted");
    return 0;
}

static int read_text(struct reading *r, const json_t *value, const char *text, drmgmt__snmp_value *out)
{
    return text ? keep_octets(r, text, json_string_length(value), out) : refuse(r, "a text is wanted");
}

/* "00:1b:21", "001b21", "0x00 1b 21" */
static int read_hex(struct reading *r, const json_t *value, const char *text, drmgmt__snmp_value *out)
{
    DRMGMT__STRBUF octets = DRMGMT__STRBUF_INIT;
    const char *p = text && strncmp(text, "0x", 2) == 0 ? text + 2 : text;

    (void)value;
    while (p && *p) {
        char pair[3] = { p[0], p[1], '\0' };
        uint8_t octet;
        if (drmgmt__unhex(pair, &octet, 1))
            return refuse(r, "pairs of hex digits are wanted, with or without colons, such as \"00:1b:21\"");
        drmgmt__strbuf_putc(&octets, (char)octet);
        p += 2;
        if (*p && strchr(":- ", *p))
            p++;
    }
    if (octets.failed)
        return drmgmt__fail_memory(r->error);
    return text ? keep_octets(r, octets.data, octets.length, out) : refuse(r, "a text of hex digits is wanted");
}

/* "192.0.2.1": one number an octet */
static int read_decimal(struct reading *r, const json_t *value, const char *text, drmgmt__snmp_value *out)
{
    DRMGMT__STRBUF octets = DRMGMT__STRBUF_INIT;

    (void)value;
    for (const char *p = text; p && *p;) {
        char *end;
        long number = *p >= '0' && *p <= '9' ? strtol(p, &end, 10) : -1;
        if (number < 0 || number > UINT8_MAX || (*end && (!strchr(".: ", *end) || !end[1])))
            return refuse(r, "numbers from 0 to 255 with dots between are wanted, such as \"192.0.2.1\"");
        drmgmt__strbuf_putc(&octets, (char)number);
        p = *end ? end + 1 : end;
    }
    if (octets.failed)
        return drmgmt__fail_memory(r->error);
    return text ? keep_octets(r, octets.data, octets.length, out) : refuse(r, "a text of numbers is wanted");
}

/* One bit by its name or number. */
static int set_bit(struct reading *r, const char *word, size_t length, uint8_t *octets, size_t *n)
{
    const drmgmt__snmp_named *named = r->syntax ? drmgmt__snmp_named_find(r->syntax, word, length) : NULL;
    long bit = named ? named->number : -1;

    if (!named && length && length < 6 && strspn(word, "0123456789") >= length)
        bit = strtol(word, NULL, 10);
    if (bit < 0 || bit >= BITS_MAX)
        return refuse(r, "\"%.*s\" is no bit of this object: names or numbers of bits are wanted",
                      (int)(length < TEXT_SHOWN ? length : TEXT_SHOWN), word);
    octets[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
    if ((size_t)bit / 8 + 1 > *n)
        *n = (size_t)bit / 8 + 1;
    return 0;
}

/* "bridge router", "2,4" */
static int read_bits(struct reading *r, const json_t *value, const char *text, drmgmt__snmp_value *out)
{
    uint8_t octets[BITS_MAX / 8] = { 0 };
    size_t n = 0;

    (void)value;
    if (!text)
        return refuse(r, "a text with names or numbers of bits is wanted");
    for (const char *p = text; *(p += strspn(p, ", "));) {
        size_t length = strcspn(p, ", ");
        int rc = set_bit(r, p, length, octets, &n);
        if (rc)
            return rc;
        p += length;
    }
    return keep_octets(r, octets, n, out);
}

static int read_oid(struct reading *r, const json_t *value, const char *text, drmgmt__snmp_value *out)
{
    uint32_t arcs[DRMGMT__OID_ARCS_MAX];
    size_t n;

    (void)text;
    int rc = drmgmt__snmp_object_read(r->field, value, DRMGMT__SNMP_ANY, arcs, &n, r->error);
    if (rc)
        return rc;
    out->oid = (drmgmt__oid){ keep(r, arcs, n * sizeof *arcs), n };
    return out->oid.arcs ? 0 : drmgmt__fail_memory(r->error);
}

static int read_address(struct reading *r, const json_t *value, const char *text, drmgmt__snmp_value *out)
{
    struct in_addr address;

    (void)value;
    if (!text || inet_pton(AF_INET, text, &address) != 1)
        return refuse(r, "an IPv4 address is wanted, such as \"192.0.2.1\"");
    return keep_octets(r, &address, sizeof address, out);
}

static int read_nothing(struct reading *r, const json_t *value, const char *text, drmgmt__snmp_value *out)
{
    (void)out;
    return json_is_null(value) || (text && !*text) ? 0 : refuse(r, "null is wanted");
}

/* As the object's syntax says: text, names of bits, what its DISPLAY-HINT shows, else hex. */
static int read_by_syntax(struct reading *r, const json_t *value, const char *text, drmgmt__snmp_value *out)
{
    const drmgmt__snmp_syntax *s = r->syntax;
    uint8_t octets[1024];
    size_t n;

    if (s->flags & DRMGMT__SNMP_BITS)
        return read_bits(r, value, text, out);
    if (!(s->flags & DRMGMT__SNMP_RAW))
        return read_text(r, value, text, out);
    if (!s->hint)
        return read_hex(r, value, text, out);
    if (!text)
        return refuse(r, "a text is wanted");
    const char *wrong = drmgmt__snmp_hint_read_octets(s->hint, text, octets, sizeof octets, &n);
    return wrong ? refuse(r, "%s: it is written as \"%s\" (DISPLAY-HINT) shows it", wrong, s->hint)
                 : keep_octets(r, octets, n, out);
}

/* ---- types: net-snmp's letters, and the words that results have ---- */

typedef int read_fn(struct reading *r, const json_t *value, const char *text, drmgmt__snmp_value *out);

static const struct type {
    char letter; /* 0: none */
    uint8_t tag;
    const char *word;
    read_fn *read;
} types[] = {
    { 'i', DRMGMT__SNMP_INTEGER, "INTEGER", read_integer },
    { 'u', DRMGMT__SNMP_GAUGE32, "Gauge32", read_unsigned32 },
    { 0, DRMGMT__SNMP_GAUGE32, "Unsigned32", read_unsigned32 },
    { 'c', DRMGMT__SNMP_COUNTER32, "Counter32", read_unsigned32 },
    { 'C', DRMGMT__SNMP_COUNTER64, "Counter64", read_unsigned64 },
    { 't', DRMGMT__SNMP_TIMETICKS, "TimeTicks", read_unsigned32 },
    { 'a', DRMGMT__SNMP_IPADDRESS, "IpAddress", read_address },
    { 'o', DRMGMT__SNMP_OID, "OBJECT IDENTIFIER", read_oid },
    { 0, DRMGMT__SNMP_OID, "OID", read_oid },
    { 's', DRMGMT__SNMP_OCTETS, "OCTET STRING", read_text },
    { 0, DRMGMT__SNMP_OCTETS, "string", read_text },
    { 'x', DRMGMT__SNMP_OCTETS, "hex", read_hex },
    { 'd', DRMGMT__SNMP_OCTETS, "decimal", read_decimal },
    { 'b', DRMGMT__SNMP_OCTETS, "BITS", read_bits },
    { 'n', DRMGMT__SNMP_NULL, "NULL", read_nothing },
    { 'F', DRMGMT__SNMP_OPAQUE_FLOAT, "float", read_real },
    { 'D', DRMGMT__SNMP_OPAQUE_DOUBLE, "double", read_real },
    { 'I', DRMGMT__SNMP_OPAQUE_I64, "int64", read_signed64 },
    { 'U', DRMGMT__SNMP_OPAQUE_U64, "uint64", read_unsigned64 },
};

static const struct type *find_type(const char *text)
{
    for (size_t i = 0; i < DRMGMT__COUNT(types); i++)
        if (text[0] && !text[1] ? types[i].letter == text[0] : strcasecmp(types[i].word, text) == 0)
            return &types[i];
    return NULL;
}

static const struct type *type_of_tag(uint8_t tag)
{
    for (size_t i = 0; i < DRMGMT__COUNT(types); i++)
        if (types[i].tag == tag)
            return &types[i];
    return NULL;
}

/* ---- varbinds ---- */

static int refuse_type(const struct reading *r, const char *given)
{
    DRMGMT__STRBUF known = DRMGMT__STRBUF_INIT;

    for (size_t i = 0; i < DRMGMT__COUNT(types); i++) {
        drmgmt__strbuf_puts(&known, i ? ", " : "");
        if (types[i].letter)
            drmgmt__strbuf_printf(&known, "%c or ", types[i].letter);
        drmgmt__strbuf_puts(&known, types[i].word);
    }
    return given
               ? refuse(r, "\"%.*s\" is no type: there is %s", TEXT_SHOWN, given, known.data ? known.data : "")
               : refuse(r, "the object is not known here, so its type must be given: %s", known.data ? known.data : "");
}

static int read_value(struct reading *r, const json_t *varbind, size_t i, drmgmt__snmp_value *out)
{
    const json_t *type_value = json_object_get(varbind, "type"), *value = json_object_get(varbind, "value");
    const char *given = json_string_value(type_value), *text = json_string_value(value);
    bool open = !type_value || (given && (strcmp(given, "=") == 0 || strcasecmp(given, "auto") == 0));
    const struct type *type = !open && given ? find_type(given) : NULL;

    snprintf(r->field, sizeof r->field, "params.varbinds[%zu].type", i);
    if (open && r->syntax)
        type = type_of_tag(r->syntax->tag);
    if (!type)
        return refuse_type(r, open ? NULL : given ? given : "");
    snprintf(r->field, sizeof r->field, "params.varbinds[%zu].value", i);
    if (!value)
        return refuse(r, "a value is wanted");
    if (text && type->read != read_text && strlen(text) != json_string_length(value))
        return refuse(r, "it holds a NUL character");
    out->tag = type->tag;
    read_fn *read = open && type->tag == DRMGMT__SNMP_OCTETS ? read_by_syntax : type->read;
    return read(r, value, text, out);
}

static int read_varbind(struct reading *r, const json_t *varbind, size_t i, drmgmt__snmp_varbind *out)
{
    uint32_t arcs[DRMGMT__OID_ARCS_MAX];
    const char *name;
    json_t *member;
    size_t n;

    snprintf(r->field, sizeof r->field, "params.varbinds[%zu]", i);
    if (!json_is_object(varbind))
        return refuse(r, "an object with oid, type and value is wanted");
    json_object_foreach((json_t *)(uintptr_t)varbind, name, member)
    {
        if (strcmp(name, "oid") != 0 && strcmp(name, "type") != 0 && strcmp(name, "value") != 0)
            return drmgmt__snmp_refuse_member(r->error, r->field, name, "oid, type and value");
    }
    snprintf(r->field, sizeof r->field, "params.varbinds[%zu].oid", i);
    int rc =
        drmgmt__snmp_object_read(r->field, json_object_get(varbind, "oid"), DRMGMT__SNMP_INSTANCE, arcs, &n, r->error);
    if (rc)
        return rc;
    out->name = (drmgmt__oid){ keep(r, arcs, n * sizeof *arcs), n };
    if (!out->name.arcs)
        return drmgmt__fail_memory(r->error);
    const drmgmt__snmp_name *object = drmgmt__snmp_name_of(&out->name);
    r->syntax = object ? object->syntax : NULL;
    return read_value(r, varbind, i, &out->value);
}

static int read_varbinds(struct reading *r, const json_t *list)
{
    size_t n = json_array_size(list);

    snprintf(r->field, sizeof r->field, "params.varbinds");
    if (!json_is_array(list) || n < 1 || n > DRMGMT__SNMP_OIDS_MAX)
        return refuse(r, "a list of 1 to %d objects is wanted, such as [{\"oid\":\"sysName.0\",\"value\":\"core-1\"}]",
                      DRMGMT__SNMP_OIDS_MAX);
    r->out->varbinds = calloc(n, sizeof *r->out->varbinds);
    if (!r->out->varbinds)
        return drmgmt__fail_memory(r->error);
    for (r->out->n = 0; r->out->n < n; r->out->n++) {
        int rc = read_varbind(r, json_array_get(list, r->out->n), r->out->n, &r->out->varbinds[r->out->n]);
        if (rc)
            return rc;
    }
    return 0;
}

int drmgmt__snmp_set_params_read(const char *params, drmgmt__snmp_set_params *out, drmgmt_error **error)
{
    DRMGMT__JSON json_t *object = NULL;
    struct reading r = { .out = out, .error = error };
    const char *name;
    json_t *value;

    *out = (drmgmt__snmp_set_params){ 0 };
    int rc = drmgmt__json_object(params, strlen(params), &object, error);
    if (rc)
        return rc;
    json_object_foreach(object, name, value)
    {
        if (strcmp(name, "repeatable") == 0 && !json_is_boolean(value))
            return drmgmt_error_make(error, DRMGMT_ERR_INVALID, "params.repeatable", "true or false is wanted");
        if (strcmp(name, "varbinds") != 0 && strcmp(name, "repeatable") != 0)
            return drmgmt__snmp_refuse_member(error, "params", name, "varbinds, a list, and repeatable");
    }
    out->repeatable = json_is_true(json_object_get(object, "repeatable"));
    rc = read_varbinds(&r, json_object_get(object, "varbinds"));
    if (rc)
        drmgmt__snmp_set_params_free(out);
    return rc;
}

void drmgmt__snmp_set_params_free(drmgmt__snmp_set_params *params)
{
    while (params->blocks) {
        struct drmgmt__snmp_block *block = params->blocks;
        params->blocks = block->next;
        free(block);
    }
    free(params->varbinds);
    *params = (drmgmt__snmp_set_params){ 0 };
}
