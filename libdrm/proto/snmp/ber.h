/* BER as SNMP uses it (RFC 3417, section 8): definite lengths, tags of one octet. Used by message.c and usm.c. Pure; no
 * allocation. Internal.
 *
 * Reading: a reader is a piece of a message. What is taken moves it on; nothing is ever read past its end. Lengths need
 * not be of the shortest form (agents write 0x82 for all of them); the indefinite form is refused.
 *
 * Writing goes backwards from the end of a buffer, so that a length is known when it is written: last things first. */
#ifndef DRMGMT_PROTO_SNMP_BER_H
#define DRMGMT_PROTO_SNMP_BER_H

#include "proto/snmp/oid.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct drmgmt__ber {
    const uint8_t *at, *end;
} drmgmt__ber;

/* Takes the next value: its tag, and its content as a reader of its own. False: there is no whole one. */
bool drmgmt__ber_next(drmgmt__ber *from, uint8_t *tag, drmgmt__ber *content);
/* The same for a value that must have this tag. */
bool drmgmt__ber_enter(drmgmt__ber *from, uint8_t tag, drmgmt__ber *content);
/* The same where the content may be cut off: content ends where the message does. For what ICMP errors quote. */
bool drmgmt__ber_enter_cut(drmgmt__ber *from, uint8_t tag, drmgmt__ber *content);

/* What a content holds, the whole of it. Signed: 1 to 8 octets. Unsigned: of bits (32 or 64), a leading 0 octet
 * allowed; octets with the highest bit set and none before them count as they stand when there are bits / 8 of them,
 * and fewer are filled up with ones, as net-snmp takes the mistake of agents that write unsigned numbers as signed
 * ones. */
bool drmgmt__ber_signed(const drmgmt__ber *content, int64_t *out);
bool drmgmt__ber_unsigned(const drmgmt__ber *content, unsigned bits, uint64_t *out);
/* At most DRMGMT__OID_ARCS_MAX arcs of at most 2^32-1; no content counts as 0.0. */
bool drmgmt__ber_oid(const drmgmt__ber *content, uint32_t arcs[DRMGMT__OID_ARCS_MAX], size_t *n);

/* An INTEGER from low to high, taken. */
bool drmgmt__ber_take_integer(drmgmt__ber *from, int64_t low, int64_t high, int64_t *out);
/* An OCTET STRING of at most max octets, taken. */
bool drmgmt__ber_take_octets(drmgmt__ber *from, size_t max, drmgmt__ber *content);

static inline size_t drmgmt__ber_left(const drmgmt__ber *b)
{
    return (size_t)(b->end - b->at);
}

typedef struct drmgmt__ber_writer {
    uint8_t *start, *at, *end; /* written is [at, end) */
    bool full;                 /* something did not fit: what is written is of no use */
} drmgmt__ber_writer;

static inline drmgmt__ber_writer drmgmt__ber_writer_on(uint8_t *buffer, size_t room)
{
    return (drmgmt__ber_writer){ buffer, buffer + room, buffer + room, false };
}

/* Puts bytes before what is written. NULL bytes: leaves the space as it is. Returns where they are, NULL when full. */
uint8_t *drmgmt__ber_put(drmgmt__ber_writer *w, const void *bytes, size_t n);
/* Tag and length before what was written since end was w->at. */
void drmgmt__ber_wrap(drmgmt__ber_writer *w, uint8_t tag, const uint8_t *end);
void drmgmt__ber_put_value(drmgmt__ber_writer *w, uint8_t tag, const void *bytes, size_t n);
void drmgmt__ber_put_signed(drmgmt__ber_writer *w, uint8_t tag, int64_t value);
void drmgmt__ber_put_unsigned(drmgmt__ber_writer *w, uint8_t tag, uint64_t value);
/* False: no OID can be so (fewer than two arcs, or a second one too large). */
bool drmgmt__ber_put_oid(drmgmt__ber_writer *w, const drmgmt__oid *oid);

#endif
