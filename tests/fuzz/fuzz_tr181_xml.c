/* A data-model file from outside, which may import itself. A model that comes of it hangs together; one that does not
 * come says why, on one line. */
#include "fuzz.h"

#include "tr181/import.h"
#include <string.h>

static const drmgmt__dm_file *find(void *user, const char *file, const char *spec)
{
    (void)spec;
    return strlen(file) % 2 ? user : NULL;
}

static void check(const drmgmt__dm_model *model)
{
    MUST(model->name && *model->name);
    for (uint32_t i = 0; i < model->n_items; i++) {
        const drmgmt__dm_item *item = model->items[i];
        size_t n = strlen(item->path);
        MUST(drmgmt__dm_find(model, item->path, n) == item);
        MUST(item->name >= item->path && item->name <= item->path + n);
        MUST(!item->parent || strncmp(item->parent->path, item->path, strlen(item->parent->path)) == 0);
        MUST(!item->syntax || item->kind == DRMGMT__DM_PARAMETER);
        for (uint32_t k = 0; item->syntax && k < item->syntax->n_choices; k++)
            MUST(item->syntax->choices[k].value);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    drmgmt__dm_file file = { "a.xml", data, size };
    const drmgmt__dm_resolver resolver = { find, &file };
    drmgmt__dm_models models = { NULL, 0 };
    drmgmt__dm_notes notes;
    drmgmt_error *error = NULL;
    int rc = drmgmt__dm_import(&file, &resolver, &models, &notes, &error);

    MUST((rc == 0) == (models.n > 0) && (rc == 0) == (error == NULL));
    MUST(!error || !strpbrk(drmgmt_error_message(error), "\r\n"));
    for (size_t i = 0; i < models.n; i++)
        check(models.rows[i]);
    drmgmt__dm_models_free(&models);
    drmgmt__dm_notes_free(&notes);
    drmgmt_error_free(error);
    return 0;
}
