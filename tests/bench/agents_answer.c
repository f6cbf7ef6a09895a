/* What the agents answer: sysDescr.0 and other scalars of the system group, and an ifTable of 22 columns and 48 rows
 * whose varbinds are encoded once, at the start: a GETBULK is a copy. Called by agents.c and agents_usm.c. */
#include "agents.h"
#include <string.h>

enum {
    GET = 0xa0,
    GETNEXT = 0xa1,
    RESPONSE = 0xa2,
    GETBULK = 0xa5,
    INTEGER = 0x02,
    OCTETS = 0x04,
    OBJECT = 0x06,
    SEQUENCE = 0x30,
    NO_SUCH_OBJECT = 0x80,
    END_OF_MIB = 0x82,
    VARBIND_MAX = 64,
    /* before the varbinds of a response: its own head, three integers (the request id of up to 6 bytes), the list's */
    PDU_HEAD = AGENTS_HEAD + 6 + 3 + 3 + AGENTS_HEAD
};

static const uint8_t sys_descr[] = { 0x2b, 6, 1, 2, 1, 1, 1, 0 };
static const uint8_t if_entry[] = { 0x2b, 6, 1, 2, 1, 2, 2, 1 };
static const char description[] = "An agent of drm-bench, as fast as it can";

/* All of ifTable's varbinds in their order, one after the other. */
static uint8_t table[AGENTS_VARBINDS * VARBIND_MAX];
static size_t starts[AGENTS_VARBINDS + 1];
static uint8_t description_varbind[VARBIND_MAX + sizeof description];
static size_t description_length;

/* ---- BER ---- */

bool agents_next(agents_cursor *c, uint8_t tag, agents_cursor *content)
{
    if (c->end - c->at < 2 || (tag && *c->at != tag))
        return false;
    size_t length = c->at[1], more = 0;
    if (length & 0x80) {
        more = length & 0x7f;
        if (more > 3 || (size_t)(c->end - c->at) < 2 + more)
            return false;
        length = 0;
        for (size_t i = 0; i < more; i++)
            length = length << 8 | c->at[2 + i];
    }
    const uint8_t *start = c->at + 2 + more;
    if (length > (size_t)(c->end - start))
        return false;
    *content = (agents_cursor){ start, start + length };
    c->at = content->end;
    return true;
}

bool agents_next_int(agents_cursor *c, long *value)
{
    agents_cursor content;

    if (!agents_next(c, INTEGER, &content) || content.end - content.at < 1 || content.end - content.at > 5)
        return false;
    *value = *content.at & 0x80 ? -1 : 0;
    for (; content.at < content.end; content.at++)
        *value = (long)((unsigned long)*value << 8 | *content.at);
    return true;
}

void agents_head(uint8_t *at, uint8_t tag, size_t length)
{
    at[0] = tag;
    at[1] = 0x82;
    at[2] = (uint8_t)(length >> 8);
    at[3] = (uint8_t)length;
}

/* ---- the objects ---- */

/* A varbind of short lengths. */
static size_t put_varbind(uint8_t *out, const uint8_t *oid, size_t oid_length, uint8_t tag, const void *value, size_t n)
{
    out[0] = SEQUENCE;
    out[1] = (uint8_t)(4 + oid_length + n);
    out[2] = OBJECT;
    out[3] = (uint8_t)oid_length;
    memcpy(out + 4, oid, oid_length);
    out[4 + oid_length] = tag;
    out[5 + oid_length] = (uint8_t)n;
    if (n)
        memcpy(out + 6 + oid_length, value, n);
    return 6 + oid_length + n;
}

/* Types as in IF-MIB (RFC 2863). */
static size_t put_cell(uint8_t *out, uint8_t column, uint8_t row)
{
    static const uint8_t tags[AGENTS_COLUMNS + 1] = { 0,    0x02, 0x04, 0x02, 0x02, 0x42, 0x04, 0x02,
                                                      0x02, 0x43, 0x41, 0x41, 0x41, 0x41, 0x41, 0x41,
                                                      0x41, 0x41, 0x41, 0x41, 0x41, 0x42, 0x06 };
    uint8_t oid[sizeof if_entry + 2], number[] = { 0x12, column, 0x56, row };
    uint8_t mac[] = { 0x02, 0, 0, 0, column, row };
    char name[] = "GigabitEthernet0/00";

    memcpy(oid, if_entry, sizeof if_entry);
    oid[sizeof if_entry] = column;
    oid[sizeof if_entry + 1] = row;
    name[sizeof name - 3] = (char)('0' + row / 10);
    name[sizeof name - 2] = (char)('0' + row % 10);
    if (column == 2)
        return put_varbind(out, oid, sizeof oid, OCTETS, name, sizeof name - 1);
    if (column == 6)
        return put_varbind(out, oid, sizeof oid, OCTETS, mac, sizeof mac);
    if (tags[column] == OBJECT)
        return put_varbind(out, oid, sizeof oid, OBJECT, sys_descr, 2);
    if (tags[column] == INTEGER)
        return put_varbind(out, oid, sizeof oid, INTEGER, &row, 1);
    return put_varbind(out, oid, sizeof oid, tags[column], number, sizeof number);
}

void agents_answer_init(void)
{
    size_t i = 0, at = 0;

    for (uint8_t column = 1; column <= AGENTS_COLUMNS; column++)
        for (uint8_t row = 1; row <= AGENTS_ROWS; row++) {
            starts[i++] = at;
            at += put_cell(table + at, column, row);
        }
    starts[i] = at;
    description_length =
        put_varbind(description_varbind, sys_descr, sizeof sys_descr, OCTETS, description, sizeof description - 1);
}

/* The place of a cell in the table; with next, of the first one behind oid. AGENTS_VARBINDS: there is none. */
static size_t find(agents_cursor oid, bool next)
{
    size_t n = (size_t)(oid.end - oid.at), shared = n < sizeof if_entry ? n : sizeof if_entry;
    int order = memcmp(oid.at, if_entry, shared);

    if (order || n < sizeof if_entry + 1)
        return !next || order > 0 ? AGENTS_VARBINDS : 0;
    unsigned column = oid.at[sizeof if_entry], row = n > sizeof if_entry + 1 ? oid.at[sizeof if_entry + 1] : 0;
    bool inside = column >= 1 && column <= AGENTS_COLUMNS && row >= 1 && row <= AGENTS_ROWS;
    if (!next)
        return inside && n == sizeof if_entry + 2 ? (column - 1) * AGENTS_ROWS + row - 1 : AGENTS_VARBINDS;
    if (column < 1)
        return 0;
    if (row > AGENTS_ROWS)
        row = AGENTS_ROWS;
    return column > AGENTS_COLUMNS ? AGENTS_VARBINDS : (column - 1) * AGENTS_ROWS + row;
}

/* ---- responses ---- */

typedef struct output {
    uint8_t *at, *end;
} output;

static bool add(output *o, const uint8_t *bytes, size_t n)
{
    if (n > (size_t)(o->end - o->at))
        return false;
    memcpy(o->at, bytes, n);
    o->at += n;
    return true;
}

static bool add_exception(output *o, agents_cursor oid, uint8_t tag)
{
    size_t n = (size_t)(oid.end - oid.at);

    if (n > 100 || 6 + n > (size_t)(o->end - o->at))
        return false;
    o->at += put_varbind(o->at, oid.at, n, tag, NULL, 0);
    return true;
}

static bool add_one(output *o, agents_cursor oid, bool next)
{
    size_t place = find(oid, next);

    if (!next && oid.end - oid.at == sizeof sys_descr && memcmp(oid.at, sys_descr, sizeof sys_descr) == 0)
        return add(o, description_varbind, description_length);
    if (place == AGENTS_VARBINDS)
        return add_exception(o, oid, next ? END_OF_MIB : NO_SUCH_OBJECT);
    return add(o, table + starts[place], starts[place + 1] - starts[place]);
}

static bool each(agents_cursor varbinds, output *o, bool next)
{
    agents_cursor varbind, oid;

    while (varbinds.at < varbinds.end)
        if (!agents_next(&varbinds, SEQUENCE, &varbind) || !agents_next(&varbind, OBJECT, &oid) ||
            !add_one(o, oid, next))
            return false;
    return true;
}

enum { REPEATERS_MAX = 16 };

/* RFC 3416, section 4.2.3: non_repeaters as by GETNEXT, then the rest, row by row. What does not fit is left out. */
static bool bulk(agents_cursor varbinds, output *o, long non_repeaters, long repetitions)
{
    size_t places[REPEATERS_MAX], n = 0;
    agents_cursor varbind, oid, oids[REPEATERS_MAX];

    while (varbinds.at < varbinds.end) {
        if (!agents_next(&varbinds, SEQUENCE, &varbind) || !agents_next(&varbind, OBJECT, &oid))
            return false;
        if (non_repeaters-- > 0) {
            if (!add_one(o, oid, true))
                return false;
        } else if (n < REPEATERS_MAX) {
            oids[n] = oid;
            places[n++] = find(oid, true);
        }
    }
    if (n == 1 && places[0] < AGENTS_VARBINDS) { /* a walk: one copy */
        size_t last = places[0] + (size_t)(repetitions < 0 ? 0 : repetitions);
        last = last > AGENTS_VARBINDS ? AGENTS_VARBINDS : last;
        while (last > places[0] && starts[last] - starts[places[0]] > (size_t)(o->end - o->at))
            last--;
        add(o, table + starts[places[0]], starts[last] - starts[places[0]]);
        if (last == AGENTS_VARBINDS && last < places[0] + (size_t)repetitions)
            add_exception(o, oids[0], END_OF_MIB);
        return true;
    }
    size_t ended = 0; /* of a repetition; all of them: the rest is cut */
    for (long k = 0; k < repetitions && ended < n; k++) {
        ended = 0;
        for (size_t i = 0; i < n; i++) {
            size_t place = places[i];
            if (place < AGENTS_VARBINDS)
                places[i]++;
            else
                ended++;
            if (place < AGENTS_VARBINDS ? !add(o, table + starts[place], starts[place + 1] - starts[place])
                                        : !add_exception(o, oids[i], END_OF_MIB))
                return true;
        }
    }
    return true;
}

size_t agents_answer_pdu(agents_cursor pdu, uint8_t *out, size_t room)
{
    uint8_t tag = pdu.at < pdu.end ? *pdu.at : 0;
    agents_cursor content, id, varbinds;
    long first, second;
    output o = { out + PDU_HEAD, out + room };

    if (room < PDU_HEAD || !agents_next(&pdu, 0, &content) || !agents_next(&content, INTEGER, &id) ||
        id.end - id.at > 4 || !agents_next_int(&content, &first) || !agents_next_int(&content, &second) ||
        !agents_next(&content, SEQUENCE, &varbinds))
        return 0;
    bool good = tag == GETBULK ? bulk(varbinds, &o, first, second)
                               : (tag == GET || tag == GETNEXT) && each(varbinds, &o, tag == GETNEXT);
    if (!good)
        return 0;
    agents_head(out, RESPONSE, (size_t)(o.at - out) - AGENTS_HEAD);
    uint8_t *at = out + AGENTS_HEAD;
    /* Four bytes whatever came: a shorter one is a small number with zeros before it. */
    size_t n = (size_t)(id.end - id.at);
    static const uint8_t rest[] = { INTEGER, 1, 0, INTEGER, 1, 0 };
    at[0] = INTEGER;
    at[1] = 4;
    memset(at + 2, n && *id.at & 0x80 ? 0xff : 0, 4);
    memcpy(at + 2 + 4 - n, id.at, n);
    memcpy(at + 6, rest, sizeof rest);
    agents_head(at + 6 + sizeof rest, SEQUENCE, (size_t)(o.at - out) - PDU_HEAD);
    return (size_t)(o.at - out);
}

size_t agents_answer(const uint8_t *in, size_t n, uint8_t *out)
{
    agents_cursor message = { in, in + n }, content, community;
    long version;

    if (!agents_next(&message, SEQUENCE, &content))
        return 0;
    const uint8_t *start = content.at; /* version and community go back as they are */
    if (!agents_next_int(&content, &version) || version < 0 || version > 1 ||
        !agents_next(&content, OCTETS, &community))
        return 0;
    size_t same = (size_t)(content.at - start), head = AGENTS_HEAD + same;
    if (head >= AGENTS_DATAGRAM_MAX)
        return 0;
    size_t pdu = agents_answer_pdu(content, out + head, AGENTS_DATAGRAM_MAX - head);
    agents_head(out, SEQUENCE, same + pdu);
    memcpy(out + AGENTS_HEAD, start, same);
    return pdu ? head + pdu : 0;
}
