/* The one data model that a target asks. */
#ifndef FUZZ_TR181_H
#define FUZZ_TR181_H

#include "fuzz.h"
#include "tr181/import.h"

static const drmgmt__dm_model *fuzz_model(const char *text, size_t length)
{
    static drmgmt__dm_models models;

    if (!models.n) {
        drmgmt__dm_file file = { "a.xml", text, length };
        drmgmt__dm_notes notes;
        drmgmt_error *error = NULL;
        int rc = drmgmt__dm_import(&file, NULL, &models, &notes, &error);
        drmgmt__dm_notes_free(&notes);
        drmgmt_error_free(error);
        MUST(rc == 0 && models.n == 1);
    }
    return models.rows[0];
}

#endif
