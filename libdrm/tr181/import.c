/* Imports data models: see import.h. The work is done in documents.c, build.c, syntax.c and profile.c. */
#include "tr181/import.h"

#include "core/core.h"
#include "tr181/import_internal.h"
#include <stdlib.h>
#include <string.h>

void drmgmt__dm_models_free(drmgmt__dm_models *models)
{
    for (size_t i = 0; i < models->n; i++)
        drmgmt__dm_model_free(models->rows[i]);
    free(models->rows);
    models->rows = NULL;
    models->n = 0;
}

static bool add_model(drmgmt__dm_models *models, drmgmt__dm_model *model)
{
    drmgmt__dm_model **rows = realloc(models->rows, (models->n + 1) * sizeof *rows);

    if (!rows) {
        drmgmt__dm_model_free(model);
        return false;
    }
    models->rows = rows;
    models->rows[models->n++] = model;
    return true;
}

static void build_all(drmgmt__dm_import_state *import, drmgmt__dm_models *models)
{
    drmgmt__dm_document *document = import->documents[0];

    for (const drmgmt__dm_node *node = document->root->first; node && !import->failed; node = node->next) {
        drmgmt__dm_model *model;
        if (node->element != DRMGMT__DM_E_model)
            continue;
        if (models->n == DRMGMT__DM_MODELS_MAX) {
            drmgmt__dm_wrong(import->notes, document->name, node->line, "a file defines more than 64 models");
            return;
        }
        model = drmgmt__dm_build(import, document, node);
        if (model && !add_model(models, model))
            import->failed = true;
    }
    if (models->n == 0 && import->notes->errors == 0 && !import->failed)
        drmgmt__dm_wrong(import->notes, document->name, 0,
                         "the file defines no model: import the file that has a 'model' element");
}

/* The first error as the call's. */
static int told(const drmgmt__dm_import_state *import, drmgmt_error **error)
{
    const drmgmt__dm_note *first = drmgmt__dm_first_error(import->notes);

    if (!first || import->notes->no_memory)
        return drmgmt__fail_memory(error);
    if (first->line)
        return drmgmt__fail(error, import->failed ? DRMGMT_ERR_TOO_LARGE : DRMGMT_ERR_INVALID, "%s:%u: %s", first->file,
                            first->line, first->text);
    return drmgmt__fail(error, import->failed ? DRMGMT_ERR_TOO_LARGE : DRMGMT_ERR_INVALID, "%s: %s", first->file,
                        first->text);
}

int drmgmt__dm_import(const drmgmt__dm_file *root, const drmgmt__dm_resolver *resolver, drmgmt__dm_models *models,
                      drmgmt__dm_notes *notes, drmgmt_error **error)
{
    drmgmt__dm_import_state *import = calloc(1, sizeof *import);
    drmgmt__dm_models made = { NULL, 0 };
    int rc = DRMGMT_OK;

    memset(notes, 0, sizeof *notes);
    if (!import)
        return drmgmt__fail_memory(error);
    import->arena = drmgmt__arena_new(DRMGMT__DM_MEMORY_MAX);
    import->notes = notes;
    import->resolver = resolver;
    if (import->arena && drmgmt__dm_documents_read(import, root))
        build_all(import, &made);
    else
        import->failed = import->failed || !import->arena || import->arena->full;
    if (notes->errors || import->failed || notes->no_memory || made.n == 0)
        rc = told(import, error);
    drmgmt__arena_delete(import->arena);
    free(import);
    if (rc != DRMGMT_OK)
        drmgmt__dm_models_free(&made);
    else
        *models = made;
    return rc;
}
