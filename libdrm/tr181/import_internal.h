/* What the parts of the importer share: documents (documents.c), syntax (syntax.c), models (build.c), text (text.c). */
#ifndef DRMGMT_TR181_IMPORT_INTERNAL_H
#define DRMGMT_TR181_IMPORT_INTERNAL_H

#include "tr181/import.h"
#include "tr181/xml.h"

/* A name that a document knows: one of its own components, data types and models, or an imported one. */
typedef struct drmgmt__dm_named {
    const drmgmt__dm_node *node;
    struct drmgmt__dm_document *from; /* of an import: the document that has it, NULL when that is missing */
    bool imported;
    drmgmt__dm_type *type;                  /* a data type that was resolved */
    const struct drmgmt__dm_document *told; /* the file last told that it does not import this */
    bool resolving;
} drmgmt__dm_named;

typedef struct drmgmt__dm_document {
    const char *name, *spec;
    const drmgmt__dm_node *root;
    drmgmt__dm_named *table; /* open addressing */
    uint32_t n_slots, n_named;
} drmgmt__dm_document;

typedef struct drmgmt__dm_import_state {
    drmgmt__arena *arena; /* gone with the import */
    drmgmt__dm_notes *notes;
    const drmgmt__dm_resolver *resolver;
    drmgmt__dm_document *documents[DRMGMT__DM_DOCUMENTS_MAX];
    size_t n_documents;
    bool failed; /* memory, or a limit */
} drmgmt__dm_import_state;

/* ---- documents.c ---- */
/* Reads root and whatever is imported from it. False: said in notes. */
bool drmgmt__dm_documents_read(drmgmt__dm_import_state *import, const drmgmt__dm_file *root);
/* The component, data type or model that a document knows by this name, with the document that defines it. A virtual
 * component is replaced by what the outermost files put in its place. NULL: there is none; said in notes as an error at
 * line. */
drmgmt__dm_named *drmgmt__dm_look_up(drmgmt__dm_import_state *import, drmgmt__dm_document *document,
                                     drmgmt__dm_element element, const char *name, unsigned line,
                                     drmgmt__dm_document **owner);

/* ---- syntax.c ---- */
/* The syntax that a <syntax> or <dataType> element says, on top of *syntax (zeroed, or what is to be modified), with
 * memory of model. False: memory is out. */
bool drmgmt__dm_syntax_read(drmgmt__dm_import_state *import, drmgmt__dm_model *model, drmgmt__dm_document *document,
                            const drmgmt__dm_node *node, drmgmt__dm_syntax *syntax);
/* Adds the data types that a document knows to the model's. */
bool drmgmt__dm_types_add(drmgmt__dm_import_state *import, drmgmt__dm_model *model, drmgmt__dm_document *document);
/* Forgets which types were made for the model before. */
void drmgmt__dm_types_forget(drmgmt__dm_import_state *import);

/* ---- build.c ---- */
/* The model that a <model> element of the document says; NULL when that fails: said in notes, or import->failed. */
drmgmt__dm_model *drmgmt__dm_build(drmgmt__dm_import_state *import, drmgmt__dm_document *document,
                                   const drmgmt__dm_node *node);

/* ---- text.c ---- */
/* What a <description> child says of what was said before (NULL: nothing): created, replaced, put before or behind. The
 * indentation that all lines share is taken off; {{..}} stays as it is. */
const char *drmgmt__dm_describe(drmgmt__arena *arena, const char *before, const drmgmt__dm_node *node);

#endif
