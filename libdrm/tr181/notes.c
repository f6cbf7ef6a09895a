/* Warnings and errors of an import: see notes.h. */
#include "tr181/notes.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void drmgmt__dm_notes_free(drmgmt__dm_notes *notes)
{
    free(notes->rows);
    memset(notes, 0, sizeof *notes);
}

static void put(drmgmt__dm_notes *notes, bool error, const char *file, unsigned line, const char *format, va_list args)
{
    drmgmt__dm_note *note;
    bool first_error = error && notes->errors++ == 0;

    if (!error)
        notes->warnings++;
    if (!notes->rows) {
        notes->rows = calloc(DRMGMT__DM_NOTES_MAX, sizeof *notes->rows);
        if (!notes->rows) {
            notes->no_memory = true;
            return;
        }
    }
    if (notes->n < DRMGMT__DM_NOTES_MAX)
        note = &notes->rows[notes->n++];
    else if (first_error)
        note = &notes->rows[DRMGMT__DM_NOTES_MAX - 1];
    else
        return;
    note->error = error;
    note->line = line;
    snprintf(note->file, sizeof note->file, "%.79s", file ? file : "");
    if (vsnprintf(note->text, sizeof note->text, format, args) < 0)
        note->text[0] = '\0';
    for (char *c = note->text; *c; c++) /* what a file quotes must not become a line of its own */
        if ((unsigned char)*c < ' ' || *c == '\x7f')
            *c = ' ';
}

void drmgmt__dm_warn(drmgmt__dm_notes *notes, const char *file, unsigned line, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    put(notes, false, file, line, format, args);
    va_end(args);
}

void drmgmt__dm_wrong(drmgmt__dm_notes *notes, const char *file, unsigned line, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    put(notes, true, file, line, format, args);
    va_end(args);
}

const drmgmt__dm_note *drmgmt__dm_first_error(const drmgmt__dm_notes *notes)
{
    for (size_t i = 0; i < notes->n; i++)
        if (notes->rows[i].error)
            return &notes->rows[i];
    return NULL;
}
