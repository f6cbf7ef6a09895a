/* DISPLAY-HINT (RFC 2579, section 3.1): values to text and back. Pure; any thread. Internal. */
#ifndef DRMGMT_PROTO_SNMP_HINT_H
#define DRMGMT_PROTO_SNMP_HINT_H

#include "core/strbuf.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Writes value as the hint says. False, with out as it was: the hint is none for this kind of value, or cannot show it.
 * What octets with the formats "a" and "t" give is not checked to be text. */
bool drmgmt__snmp_hint_integer(drmgmt__strbuf *out, const char *hint, int64_t value);
bool drmgmt__snmp_hint_octets(drmgmt__strbuf *out, const char *hint, const uint8_t *octets, size_t n);

/* The value that text means by the hint. NULL, or what is wrong (static text). */
const char *drmgmt__snmp_hint_read_integer(const char *hint, const char *text, int64_t *value);
const char *drmgmt__snmp_hint_read_octets(const char *hint, const char *text, uint8_t *octets, size_t room, size_t *n);

#endif
