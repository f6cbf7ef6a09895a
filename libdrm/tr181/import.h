/* Imports data models of the Broadband Forum's XML (TR-106, cwmp-datamodel-1-x.xsd): reads a file and all that it
 * imports, puts components, bases and types together, and gives the models that the file defines. Pure C: no database,
 * no network, no file is opened. Any thread; what is shared between imports is nothing. Internal. */
#ifndef DRMGMT_TR181_IMPORT_H
#define DRMGMT_TR181_IMPORT_H

#include "tr181/files.h"
#include "tr181/model.h"
#include "tr181/notes.h"
#include <drm/error.h>

enum {
    DRMGMT__DM_DOCUMENTS_MAX = 512,      /* files that a file may import, with what those import */
    DRMGMT__DM_ITEMS_MAX = 200 * 1000,   /* objects, parameters, commands, events, arguments of a model */
    DRMGMT__DM_STEPS_MAX = 1000 * 1000,  /* elements gone through for a model, components as often as used */
    DRMGMT__DM_ERRORS_MAX = 100,         /* after which an import gives up */
    DRMGMT__DM_COMPONENT_DEPTH_MAX = 24, /* components in components */
    DRMGMT__DM_MODELS_MAX = 64           /* of one file */
};
#define DRMGMT__DM_MEMORY_MAX ((size_t)256 * 1024 * 1024) /* of an import, and of each model */

typedef struct drmgmt__dm_models {
    drmgmt__dm_model **rows;
    size_t n;
} drmgmt__dm_models;

/* NULL members are allowed. */
void drmgmt__dm_models_free(drmgmt__dm_models *models);

/* root: the file to import; resolver: where its imports come from, NULL when there are no other files. models: the
 * caller frees them. notes: what there is to say, warnings and errors with file and line, also when the call fails; the
 * caller frees it. INVALID: a file is no data model, or a wrong one: the message is the first error, the rest is in
 * notes. TOO_LARGE: a limit from above. NO_MEMORY. */
int drmgmt__dm_import(const drmgmt__dm_file *root, const drmgmt__dm_resolver *resolver, drmgmt__dm_models *models,
                      drmgmt__dm_notes *notes, drmgmt_error **error);

#endif
