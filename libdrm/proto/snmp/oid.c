/* Object identifiers as text. Called by params.c, names.c and result.c. */
#include "proto/snmp/oid.h"

#include <string.h>

/* The first two arcs share one sub-identifier of 32 bits on the wire: 40 * first + second. */
static const char *check_root(const uint32_t *arcs, size_t n)
{
    if (arcs[0] > 2)
        return "an OID begins with 0, 1 or 2";
    if (n < 2)
        return "an OID has at least two numbers";
    if (arcs[0] < 2 && arcs[1] > 39)
        return "the second number is at most 39 when the first is 0 or 1";
    return arcs[1] > UINT32_MAX - 80 ? "the second number is too large" : NULL;
}

const char *drmgmt__oid_parse(const char *text, uint32_t arcs[DRMGMT__OID_ARCS_MAX], size_t *n)
{
    size_t count = 0;

    if (*text == '.')
        text++;
    do {
        uint64_t arc = 0;
        if (*text < '0' || *text > '9')
            return *text && *text != '.' ? "an OID holds only numbers and dots" : "a number is missing between dots";
        if (count == DRMGMT__OID_ARCS_MAX)
            return "an OID has at most 128 numbers";
        for (; *text >= '0' && *text <= '9'; text++) {
            arc = arc * 10 + (uint64_t)(*text - '0');
            if (arc > UINT32_MAX)
                return "a number of an OID is at most 4294967295";
        }
        if (*text && *text != '.')
            return "an OID holds only numbers and dots";
        arcs[count++] = (uint32_t)arc;
    } while (*text++ == '.');
    const char *wrong = check_root(arcs, count);
    if (!wrong)
        *n = count;
    return wrong;
}

void drmgmt__oid_print(drmgmt__strbuf *out, const drmgmt__oid *oid)
{
    char text[DRMGMT__OID_ARCS_MAX * 11], *at = text + sizeof text;

    for (size_t i = oid->n; i-- > 0;) {
        uint32_t arc = oid->arcs[i];
        do
            *--at = (char)('0' + arc % 10);
        while ((arc /= 10) > 0);
        if (i > 0)
            *--at = '.';
    }
    drmgmt__strbuf_add(out, at, (size_t)(text + sizeof text - at));
}

bool drmgmt__oid_equal(const drmgmt__oid *a, const drmgmt__oid *b)
{
    return a->n == b->n && memcmp(a->arcs, b->arcs, a->n * sizeof *a->arcs) == 0;
}

int drmgmt__oid_compare(const drmgmt__oid *a, const drmgmt__oid *b)
{
    size_t n = a->n < b->n ? a->n : b->n;

    for (size_t i = 0; i < n; i++)
        if (a->arcs[i] != b->arcs[i])
            return a->arcs[i] < b->arcs[i] ? -1 : 1;
    return (a->n > b->n) - (a->n < b->n);
}

bool drmgmt__oid_under(const drmgmt__oid *oid, const drmgmt__oid *root)
{
    return oid->n >= root->n && memcmp(oid->arcs, root->arcs, root->n * sizeof *root->arcs) == 0;
}
