/* What is wrong with paths and values before a device is asked: each against a data model, a whole set at once.
 * Internal. TR-106 says what values look like ("Parameter Data Types", "Comma-Separated Lists", the facets of data
 * types), TR-369 which paths there are. */
#ifndef DRMGMT_TR181_VALIDATE_H
#define DRMGMT_TR181_VALIDATE_H

#include "tr181/model.h"
#include <drm/error.h>

enum {
    DRMGMT__DM_VALUES_MAX = 100 * 1000, /* of a set */
    DRMGMT__DM_VALUE_MAX = 1024 * 1024, /* octets */
    DRMGMT__DM_PATTERN_STEPS =
        50 * 1000 * 1000 /* of all patterns of a set; official models need some hundred a value */
};

#define DRMGMT__DM_FINDINGS(X)                                                                                         \
    X(VALID, "valid", false)                                                                                           \
    X(UNTOLD, "untold", false)       /* a vendor's extension, or where the model says nothing */                       \
    X(OUTDATED, "outdated", false)   /* deprecated or obsoleted */                                                     \
    X(UNCHECKED, "unchecked", false) /* a pattern that is not understood, or too costly */                             \
    X(MALFORMED, "malformed", true)  /* no path */                                                                     \
    X(UNKNOWN, "unknown", true)      /* not in the model */                                                            \
    X(DELETED, "deleted", true)      /* no longer in it */                                                             \
    X(TOO_NEW, "too_new", true)      /* in it, but not in the device's version */                                      \
    X(NO_PARAMETER, "no_parameter", true)                                                                              \
    X(INSTANCE, "instance", true) /* {i} where a number is needed, a search where it cannot be */                      \
    X(TWICE, "twice", true)       /* the set has the path already */                                                   \
    X(READ_ONLY, "read_only", true)                                                                                    \
    X(NOT_OF_TYPE, "type", true)                                                                                       \
    X(LIST, "list", true) /* no list, or with too few or many items */                                                 \
    X(SIZE, "size", true)                                                                                              \
    X(RANGE, "range", true)                                                                                            \
    X(CHOICE, "choice", true) /* none of the enumeration's values, nor of a pattern's */                               \
    X(REFERENCE, "reference", true)

typedef enum drmgmt__dm_finding {
#define DRMGMT__DM_FINDING(name, word, error) DRMGMT__DM_FINDS_##name,
    DRMGMT__DM_FINDINGS(DRMGMT__DM_FINDING)
#undef DRMGMT__DM_FINDING
        DRMGMT__DM_FINDS_COUNT
} drmgmt__dm_finding;

typedef enum drmgmt__dm_purpose {
    DRMGMT__DM_TO_READ,   /* values that a device has: access does not matter */
    DRMGMT__DM_TO_WRITE,  /* values for what is there */
    DRMGMT__DM_TO_CREATE, /* values for a new row: those that are written once may be */
    DRMGMT__DM_TO_ASK     /* paths alone, values are not looked at: objects, commands, events and searches as well */
} drmgmt__dm_purpose;

typedef struct drmgmt__dm_given {
    const char *path, *value; /* value: may be NULL when only the path is to be looked at */
} drmgmt__dm_given;

typedef struct drmgmt__dm_verdict {
    uint8_t finding;             /* drmgmt__dm_finding; the first thing that is wrong */
    const drmgmt__dm_item *item; /* what the path means; since: from which version on. NULL */
    const char *words;           /* what is wrong, for people, one line; "" for VALID. Lives as long as the validator */
} drmgmt__dm_verdict;

typedef struct drmgmt__dm_validator drmgmt__dm_validator;

/* model: outlives it. version: the device's model's, "2.12", NULL: the model's own; copied. One thread at a time. NULL
 * when memory is out. */
drmgmt__dm_validator *drmgmt__dm_validator_new(const drmgmt__dm_model *model, drmgmt__dm_purpose purpose,
                                               const char *version);
/* NULL is allowed. */
void drmgmt__dm_validator_free(drmgmt__dm_validator *validator);
/* Judges n rows; verdicts has room for as many. errors: how many are wrong, warnings not counted. TOO_LARGE: more than
 * DRMGMT__DM_VALUES_MAX rows; NO_MEMORY. May be called again: patterns are compiled once. */
int drmgmt__dm_validate(drmgmt__dm_validator *validator, const drmgmt__dm_given *rows, size_t n,
                        drmgmt__dm_verdict *verdicts, size_t *errors, drmgmt_error **error);

const char *drmgmt__dm_finding_name(unsigned finding); /* "range" */
bool drmgmt__dm_finding_is_error(unsigned finding);

#endif
