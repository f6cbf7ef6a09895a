/* Limits of a field's value, read off the JSON Schema members of its description. Called by core/draft.c. Internal. */
#ifndef DRMGMT_CORE_LIMITS_H
#define DRMGMT_CORE_LIMITS_H

#include <drm/record.h>
#include <stddef.h>

/* NULL when the text form keeps the limits; else what is expected, in buffer. */
const char *drmgmt__limits_check(const drmgmt_field *field, const char *text, char *buffer, size_t size);

#endif
