/* Object identifiers and their text. Pure; any thread. Internal. */
#ifndef DRMGMT_PROTO_SNMP_OID_H
#define DRMGMT_PROTO_SNMP_OID_H

#include "core/strbuf.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DRMGMT__OID_ARCS_MAX = 128 }; /* RFC 3416, section 4.1 */

typedef struct drmgmt__oid {
    const uint32_t *arcs;
    size_t n;
} drmgmt__oid;

/* Dotted numbers with or without a leading dot, to arcs and *n. NULL, or what is wrong with it (static text). */
const char *drmgmt__oid_parse(const char *text, uint32_t arcs[DRMGMT__OID_ARCS_MAX], size_t *n);
void drmgmt__oid_print(drmgmt__strbuf *out, const drmgmt__oid *oid);
bool drmgmt__oid_equal(const drmgmt__oid *a, const drmgmt__oid *b);
/* Below 0, 0 or above: the order of MIB views and walks (RFC 3416, section 4.2.2). */
int drmgmt__oid_compare(const drmgmt__oid *a, const drmgmt__oid *b);
/* Whether oid is root or stands under it. */
bool drmgmt__oid_under(const drmgmt__oid *oid, const drmgmt__oid *root);

#endif
