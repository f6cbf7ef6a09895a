/* What validate.c (paths, sets) and facets.c (a value against its syntax) share. */
#ifndef DRMGMT_TR181_VALIDATE_INTERNAL_H
#define DRMGMT_TR181_VALIDATE_INTERNAL_H

#include "tr181/path.h"
#include "tr181/pattern.h"
#include "tr181/validate.h"

struct compiled;

struct drmgmt__dm_validator {
    const drmgmt__dm_model *model;
    drmgmt__dm_purpose purpose;
    const char *version;
    drmgmt__arena *arena;      /* words and patterns */
    struct compiled *patterns; /* by their text: a table with open addressing */
    uint32_t n_patterns, n_slots;
    uint64_t budget;        /* steps of patterns that are left of the set's */
    drmgmt__strbuf scratch; /* an item of a list with its escapes undone */
    drmgmt__dm_path path;   /* of the row */
    drmgmt__dm_complaint complaint;
};

/* Sets the verdict; the text after a "%" of format may be the model's and the user's: control characters become '?'.
 * Always false. */
bool drmgmt__dm_found(drmgmt__dm_validator *v, drmgmt__dm_verdict *verdict, drmgmt__dm_finding finding,
                      const char *format, ...) DRMGMT_PRINTF(4, 5);
/* Judges a value of verdict->item, which has a syntax; false: something is wrong. A warning is set and true. */
bool drmgmt__dm_check_value(drmgmt__dm_validator *v, drmgmt__dm_verdict *verdict, const char *value);

#endif
