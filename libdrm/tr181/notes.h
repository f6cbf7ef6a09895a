/* What an importer has to say about files: warnings and errors, each with its file and line. Internal. */
#ifndef DRMGMT_TR181_NOTES_H
#define DRMGMT_TR181_NOTES_H

#include <drm/export.h>
#include <stdbool.h>
#include <stddef.h>

enum { DRMGMT__DM_NOTES_MAX = 200 }; /* more are counted and not kept */

typedef struct drmgmt__dm_note {
    bool error;
    unsigned line; /* 0: of the file as a whole */
    char file[80];
    char text[300];
} drmgmt__dm_note;

typedef struct drmgmt__dm_notes {
    drmgmt__dm_note *rows; /* the first error is always among them */
    size_t n, warnings, errors;
    bool no_memory;
} drmgmt__dm_notes;

void drmgmt__dm_notes_free(drmgmt__dm_notes *notes);
void drmgmt__dm_warn(drmgmt__dm_notes *notes, const char *file, unsigned line, const char *format, ...)
    DRMGMT_PRINTF(4, 5);
void drmgmt__dm_wrong(drmgmt__dm_notes *notes, const char *file, unsigned line, const char *format, ...)
    DRMGMT_PRINTF(4, 5);
/* The first error; NULL when there is none. */
const drmgmt__dm_note *drmgmt__dm_first_error(const drmgmt__dm_notes *notes);

#endif
