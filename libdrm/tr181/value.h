/* Values of parameters as TR-106 writes them ("Parameter Data Types"): whether a text is of a type, and numbers
 * compared exactly as text. Internal. Any thread. */
#ifndef DRMGMT_TR181_VALUE_H
#define DRMGMT_TR181_VALUE_H

#include "tr181/model.h"

/* Whether n octets are a value of a built-in type; limits of the type itself are in it (int: 32 bits). */
bool drmgmt__dm_is_of(drmgmt__dm_base base, const char *text, size_t n);
/* [+-]digits[.digits], of any length. */
bool drmgmt__dm_is_decimal(const char *text, size_t n);
/* <0, 0, >0; both must be decimals. Exact: "0010" equals "+10.0". */
int drmgmt__dm_decimal_compare(const char *a, size_t n_a, const char *b, size_t n_b);
/* Whether (value - start) is a multiple of step: decimals. true as well when it would need more than 36 digits. */
bool drmgmt__dm_is_step(const char *value, size_t n, const char *start, const char *step);
/* What a size facet counts: characters of a string, octets of hexBinary and base64. The text is of the type. */
size_t drmgmt__dm_length_of(drmgmt__dm_base base, const char *text, size_t n);

#endif
