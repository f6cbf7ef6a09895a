/* BER in and out. Called by message.c and usm.c. */
#include "proto/snmp/ber.h"

#include <string.h>

/* ---- in ---- */

/* Tag and length. *length may exceed what is left. */
static bool head(drmgmt__ber *from, uint8_t *tag, size_t *length)
{
    const uint8_t *at = from->at;
    size_t left = drmgmt__ber_left(from);

    if (left < 2 || (at[0] & 0x1f) == 0x1f) /* a tag of several octets */
        return false;
    *tag = at[0];
    *length = at[1];
    if (!(at[1] & 0x80)) {
        from->at = at + 2;
        return true;
    }
    size_t n = at[1] & 0x7f;
    if (n == 0 || n > 4 || left < 2 + n)
        return false;
    *length = 0;
    for (size_t i = 0; i < n; i++)
        *length = *length << 8 | at[2 + i];
    from->at = at + 2 + n;
    return true;
}

bool drmgmt__ber_next(drmgmt__ber *from, uint8_t *tag, drmgmt__ber *content)
{
    drmgmt__ber rest = *from;
    size_t length;

    if (!head(&rest, tag, &length) || length > drmgmt__ber_left(&rest))
        return false;
    *content = (drmgmt__ber){ rest.at, rest.at + length };
    from->at = content->end;
    return true;
}

bool drmgmt__ber_enter(drmgmt__ber *from, uint8_t wanted, drmgmt__ber *content)
{
    uint8_t tag;

    return from->at < from->end && *from->at == wanted && drmgmt__ber_next(from, &tag, content);
}

bool drmgmt__ber_enter_cut(drmgmt__ber *from, uint8_t wanted, drmgmt__ber *content)
{
    drmgmt__ber rest = *from;
    uint8_t tag;
    size_t length;

    if (!head(&rest, &tag, &length) || tag != wanted)
        return false;
    if (length > drmgmt__ber_left(&rest))
        length = drmgmt__ber_left(&rest);
    *content = (drmgmt__ber){ rest.at, rest.at + length };
    from->at = content->end;
    return true;
}

/* Big-endian, filled up to 64 bits with the sign. */
static uint64_t widen(const drmgmt__ber *content)
{
    uint64_t value = *content->at & 0x80 ? UINT64_MAX : 0;

    for (const uint8_t *at = content->at; at < content->end; at++)
        value = value << 8 | *at;
    return value;
}

bool drmgmt__ber_signed(const drmgmt__ber *content, int64_t *out)
{
    size_t n = drmgmt__ber_left(content);

    if (n < 1 || n > 8)
        return false;
    *out = (int64_t)widen(content);
    return true;
}

bool drmgmt__ber_unsigned(const drmgmt__ber *content, unsigned bits, uint64_t *out)
{
    size_t n = drmgmt__ber_left(content), most = bits / 8;

    if (n < 1 || n > most + 1 || (n == most + 1 && *content->at != 0))
        return false;
    uint64_t value = widen(content);
    *out = bits < 64 ? value & ((UINT64_C(1) << bits) - 1) : value;
    return true;
}

/* One sub-identifier: base 128, at most 32 bits. */
static bool take_arc(const uint8_t **at, const uint8_t *end, uint32_t *arc)
{
    uint32_t value = 0;

    for (const uint8_t *p = *at; p < end; p++) {
        if (value > UINT32_MAX >> 7)
            return false;
        value = value << 7 | (*p & 0x7f);
        if (!(*p & 0x80)) {
            *at = p + 1;
            *arc = value;
            return true;
        }
    }
    return false;
}

bool drmgmt__ber_oid(const drmgmt__ber *content, uint32_t arcs[DRMGMT__OID_ARCS_MAX], size_t *n)
{
    const uint8_t *at = content->at;
    size_t count = 2;
    uint32_t first;

    if (at == content->end) {
        arcs[0] = arcs[1] = 0;
        *n = 2;
        return true;
    }
    if (!take_arc(&at, content->end, &first))
        return false;
    arcs[0] = first < 80 ? first / 40 : 2;
    arcs[1] = first - 40 * arcs[0];
    while (at < content->end) {
        if (count == DRMGMT__OID_ARCS_MAX)
            return false;
        if (!(*at & 0x80))
            arcs[count++] = *at++;
        else if (!take_arc(&at, content->end, &arcs[count++]))
            return false;
    }
    *n = count;
    return true;
}

bool drmgmt__ber_take_integer(drmgmt__ber *from, int64_t low, int64_t high, int64_t *out)
{
    drmgmt__ber content;

    return drmgmt__ber_enter(from, 0x02, &content) && drmgmt__ber_signed(&content, out) && *out >= low && *out <= high;
}

bool drmgmt__ber_take_octets(drmgmt__ber *from, size_t max, drmgmt__ber *content)
{
    return drmgmt__ber_enter(from, 0x04, content) && drmgmt__ber_left(content) <= max;
}

/* ---- out ---- */

uint8_t *drmgmt__ber_put(drmgmt__ber_writer *w, const void *bytes, size_t n)
{
    if ((size_t)(w->at - w->start) < n) {
        w->full = true;
        return NULL;
    }
    w->at -= n;
    if (bytes && n)
        memcpy(w->at, bytes, n);
    return w->at;
}

/* The shortest form. */
static void put_head(drmgmt__ber_writer *w, uint8_t tag, size_t length)
{
    uint8_t octets[10], *at = octets + sizeof octets;
    size_t rest = length;

    if (length < 128) {
        *--at = (uint8_t)length;
    } else {
        for (; rest; rest >>= 8)
            *--at = (uint8_t)rest;
        size_t n = (size_t)(octets + sizeof octets - at);
        *--at = (uint8_t)(0x80 | n);
    }
    *--at = tag;
    drmgmt__ber_put(w, at, (size_t)(octets + sizeof octets - at));
}

void drmgmt__ber_wrap(drmgmt__ber_writer *w, uint8_t tag, const uint8_t *end)
{
    put_head(w, tag, (size_t)(end - w->at));
}

void drmgmt__ber_put_value(drmgmt__ber_writer *w, uint8_t tag, const void *bytes, size_t n)
{
    const uint8_t *end = w->at;

    drmgmt__ber_put(w, bytes, n);
    drmgmt__ber_wrap(w, tag, end);
}

void drmgmt__ber_put_signed(drmgmt__ber_writer *w, uint8_t tag, int64_t value)
{
    uint8_t octets[8], *at = octets + sizeof octets;

    do {
        *--at = (uint8_t)value;
        value >>= 8;
    } while (at > octets && value != (*at & 0x80 ? -1 : 0));
    drmgmt__ber_put_value(w, tag, at, (size_t)(octets + sizeof octets - at));
}

void drmgmt__ber_put_unsigned(drmgmt__ber_writer *w, uint8_t tag, uint64_t value)
{
    uint8_t octets[9], *at = octets + sizeof octets;

    do {
        *--at = (uint8_t)value;
        value >>= 8;
    } while (value);
    if (*at & 0x80)
        *--at = 0;
    drmgmt__ber_put_value(w, tag, at, (size_t)(octets + sizeof octets - at));
}

static void put_arc(drmgmt__ber_writer *w, uint32_t arc)
{
    uint8_t octets[5], *at = octets + sizeof octets;

    *--at = (uint8_t)(arc & 0x7f);
    while (arc >>= 7)
        *--at = (uint8_t)(0x80 | (arc & 0x7f));
    drmgmt__ber_put(w, at, (size_t)(octets + sizeof octets - at));
}

bool drmgmt__ber_put_oid(drmgmt__ber_writer *w, const drmgmt__oid *oid)
{
    const uint8_t *end = w->at;

    if (oid->n < 2 || oid->n > DRMGMT__OID_ARCS_MAX || oid->arcs[0] > 2 || (oid->arcs[0] < 2 && oid->arcs[1] > 39) ||
        oid->arcs[1] > UINT32_MAX - 80)
        return false;
    for (size_t i = oid->n; i-- > 2;)
        put_arc(w, oid->arcs[i]);
    put_arc(w, 40 * oid->arcs[0] + oid->arcs[1]);
    drmgmt__ber_wrap(w, 0x06, end);
    return true;
}
