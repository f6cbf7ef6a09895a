/* What is different between two data models, or two versions of one: item by item, field by field. Internal. */
#ifndef DRMGMT_TR181_DIFF_H
#define DRMGMT_TR181_DIFF_H

#include "tr181/model.h"
#include <drm/error.h>

typedef enum drmgmt__dm_change_kind {
    DRMGMT__DM_ADDED,   /* the newer model has it alone */
    DRMGMT__DM_REMOVED, /* the older one alone: what is marked deleted is changed in its status instead */
    DRMGMT__DM_CHANGED,
    DRMGMT__DM_CHANGE_KINDS
} drmgmt__dm_change_kind;

typedef struct drmgmt__dm_change {
    uint8_t kind;                /* drmgmt__dm_change_kind */
    const drmgmt__dm_item *item; /* the newer model's; the older one's when it is removed */
    const char *field;           /* of CHANGED: "access", "range", "enumeration", ...; otherwise NULL */
    const char *before, *after;  /* of CHANGED: as text, NULL for none. Of "enumeration" and "pattern" one value */
} drmgmt__dm_change;

typedef struct drmgmt__dm_changes {
    drmgmt__dm_change *rows; /* in the newer model's order, what is removed behind that in the older one's */
    size_t n, n_of[DRMGMT__DM_CHANGE_KINDS];
    drmgmt__arena *arena;
} drmgmt__dm_changes;

/* Compares all items of two models, whatever their names are; data types count by what parameters have of them. Both
 * models outlive changes, which the caller frees. descriptions: whether those are compared, too. TOO_LARGE: more than
 * 256 MB of differences, or enumerations beyond all measure; NO_MEMORY. Any thread. */
int drmgmt__dm_diff(const drmgmt__dm_model *older, const drmgmt__dm_model *newer, bool descriptions,
                    drmgmt__dm_changes *changes, drmgmt_error **error);
/* NULL members are allowed. */
void drmgmt__dm_changes_free(drmgmt__dm_changes *changes);
const char *drmgmt__dm_change_name(unsigned kind); /* "added" */

#endif
