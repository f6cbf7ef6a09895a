/* The files of an import and the names in them: see import_internal.h. */
#include "tr181/import_internal.h"

#include <string.h>

enum { IMPORTS_DEPTH_MAX = 16 };

static uint32_t hash_of(drmgmt__dm_element element, const char *name)
{
    uint32_t hash = 2166136261u ^ (uint32_t)element;

    for (; *name; name++)
        hash = (hash ^ (unsigned char)*name) * 16777619u;
    return hash ^ hash >> 15;
}

static const char *name_of(const drmgmt__dm_node *node)
{
    const char *name = drmgmt__dm_get(node, DRMGMT__DM_A_name);

    return name ? name : "";
}

/* The slot of a name, or the empty one where it would be. */
static drmgmt__dm_named *slot(const drmgmt__dm_document *document, drmgmt__dm_element element, const char *name)
{
    uint32_t mask = document->n_slots - 1, i = hash_of(element, name) & mask;

    while (document->table[i].node &&
           (document->table[i].node->element != element || strcmp(name_of(document->table[i].node), name) != 0))
        i = (i + 1) & mask;
    return &document->table[i];
}

static bool is_named(const drmgmt__dm_node *node)
{
    return node->element == DRMGMT__DM_E_component || node->element == DRMGMT__DM_E_dataType ||
           node->element == DRMGMT__DM_E_model;
}

static void name_node(drmgmt__dm_import_state *import, drmgmt__dm_document *document, const drmgmt__dm_node *node,
                      bool imported)
{
    drmgmt__dm_named *named = slot(document, node->element, name_of(node));

    if (named->node && named->imported == imported) {
        drmgmt__dm_warn(import->notes, document->name, node->line, "%s '%.80s' is there twice; the first counts",
                        drmgmt__dm_element_name(node->element), name_of(node));
        return;
    }
    if (named->node && imported) /* its own comes first */
        return;
    named->node = node;
    named->imported = imported;
}

static bool index_names(drmgmt__dm_import_state *import, drmgmt__dm_document *document)
{
    uint32_t n = 0, slots = 64;

    for (const drmgmt__dm_node *node = document->root->first; node; node = node->next) {
        n += is_named(node);
        if (node->element == DRMGMT__DM_E_import)
            for (const drmgmt__dm_node *child = node->first; child; child = child->next)
                n++;
    }
    while (slots < 2 * n)
        slots *= 2;
    document->table = drmgmt__arena_alloc(import->arena, slots * sizeof *document->table);
    if (!document->table)
        return false;
    document->n_slots = slots;
    for (const drmgmt__dm_node *node = document->root->first; node; node = node->next)
        if (is_named(node))
            name_node(import, document, node, false);
    for (const drmgmt__dm_node *node = document->root->first; node; node = node->next)
        for (const drmgmt__dm_node *child = node->element == DRMGMT__DM_E_import ? node->first : NULL; child;
             child = child->next)
            name_node(import, document, child, true);
    return true;
}

/* Reads a file that is not read yet. NULL: said in notes. */
static drmgmt__dm_document *add_document(drmgmt__dm_import_state *import, const drmgmt__dm_file *file)
{
    drmgmt__dm_document *document;

    for (size_t i = 0; i < import->n_documents; i++)
        if (strcmp(import->documents[i]->name, file->name) == 0)
            return import->documents[i]->root ? import->documents[i] : NULL;
    if (import->n_documents == DRMGMT__DM_DOCUMENTS_MAX) {
        drmgmt__dm_wrong(import->notes, file->name, 0, "more than %d files import each other",
                         DRMGMT__DM_DOCUMENTS_MAX);
        import->failed = true;
        return NULL;
    }
    document = drmgmt__arena_alloc(import->arena, sizeof *document);
    if (document)
        document->name = drmgmt__arena_dup(import->arena, file->name);
    if (!document || !document->name) {
        import->failed = true;
        return NULL;
    }
    import->documents[import->n_documents++] = document;
    document->root = drmgmt__dm_xml_read(import->arena, import->notes, document->name, file->bytes, file->length);
    if (!document->root)
        return NULL;
    document->spec = drmgmt__dm_get(document->root, DRMGMT__DM_A_spec);
    if (!index_names(import, document)) {
        import->failed = true;
        return NULL;
    }
    return document;
}

static void read_import(drmgmt__dm_import_state *import, drmgmt__dm_document *document, const drmgmt__dm_node *node)
{
    const char *name = drmgmt__dm_get(node, DRMGMT__DM_A_file);
    const char *spec = drmgmt__dm_get(node, DRMGMT__DM_A_spec);
    const drmgmt__dm_file *file =
        name && import->resolver ? import->resolver->find(import->resolver->user, name, spec) : NULL;
    drmgmt__dm_document *from = file ? add_document(import, file) : NULL;

    if (!name)
        return;
    if (!file)
        drmgmt__dm_warn(import->notes, document->name, node->line,
                        "the imported file '%.80s' (%.120s) is missing: import it together with this one", name,
                        spec ? spec : "without spec");
    else if (from && spec && from->spec && !drmgmt__dm_same_but_version(spec, from->spec))
        drmgmt__dm_warn(import->notes, document->name, node->line, "import of '%.80s' (%.80s) takes '%.80s' (%.80s)",
                        name, spec, from->name, from->spec);
    for (const drmgmt__dm_node *child = node->first; child && from; child = child->next) {
        drmgmt__dm_named *named = slot(document, child->element, name_of(child));
        if (named->node == child)
            named->from = from;
    }
}

bool drmgmt__dm_documents_read(drmgmt__dm_import_state *import, const drmgmt__dm_file *root)
{
    if (!add_document(import, root))
        return false;
    /* What is read goes to the end of the list, where the loop comes to it: circles end by themselves. */
    for (size_t i = 0; i < import->n_documents && !import->failed; i++) {
        drmgmt__dm_document *document = import->documents[i];
        if (!document->root)
            continue;
        for (const drmgmt__dm_node *node = document->root->first; node && !import->failed; node = node->next)
            if (node->element == DRMGMT__DM_E_import && import->notes->errors < DRMGMT__DM_ERRORS_MAX)
                read_import(import, document, node);
    }
    return import->notes->errors == 0 && !import->failed;
}

/* Follows imports to the definition; NULL: they lead nowhere. */
static drmgmt__dm_named *follow(drmgmt__dm_document *document, drmgmt__dm_element element, const char *name,
                                drmgmt__dm_document **owner)
{
    for (int depth = 0; depth < IMPORTS_DEPTH_MAX && document; depth++) {
        drmgmt__dm_named *named = slot(document, element, name);
        const char *ref;
        if (!named->node)
            return NULL;
        if (!named->imported) {
            *owner = document;
            return named;
        }
        ref = drmgmt__dm_get(named->node, DRMGMT__DM_A_ref);
        name = ref ? ref : name;
        document = named->from;
    }
    return NULL;
}

/* What the first file that imports something under this name, and it is not virtual, puts in place of a virtual one. */
static drmgmt__dm_named *replacement(drmgmt__dm_import_state *import, const char *name, drmgmt__dm_document **owner)
{
    for (size_t i = 0; i < import->n_documents; i++) {
        drmgmt__dm_document *document = import->documents[i], *from;
        drmgmt__dm_named *named = document->root ? follow(document, DRMGMT__DM_E_component, name, &from) : NULL;
        if (named && !drmgmt__dm_flag(named->node, DRMGMT__DM_A_virtual, false)) {
            *owner = from;
            return named;
        }
    }
    return NULL;
}

/* A name that the document does not import: the first file that defines it, if there is one. */
static drmgmt__dm_named *anywhere(drmgmt__dm_import_state *import, drmgmt__dm_element element, const char *name,
                                  drmgmt__dm_document **owner)
{
    for (size_t i = 0; i < import->n_documents; i++) {
        drmgmt__dm_document *document = import->documents[i];
        drmgmt__dm_named *named = document->root ? slot(document, element, name) : NULL;
        if (named && named->node && !named->imported) {
            *owner = document;
            return named;
        }
    }
    return NULL;
}

drmgmt__dm_named *drmgmt__dm_look_up(drmgmt__dm_import_state *import, drmgmt__dm_document *document,
                                     drmgmt__dm_element element, const char *name, unsigned line,
                                     drmgmt__dm_document **owner)
{
    drmgmt__dm_named *named = follow(document, element, name, owner), *other;
    const drmgmt__dm_named *known;

    if (!named) {
        known = slot(document, element, name);
        named = anywhere(import, element, name, owner);
        if (named && named->told != document)
            drmgmt__dm_warn(import->notes, document->name, line, "%s '%.80s' is not imported; that of '%.80s' is taken",
                            drmgmt__dm_element_name(element), name, (*owner)->name);
        else if (!named)
            drmgmt__dm_wrong(
                import->notes, document->name, line, "%s '%.80s' is not %s", drmgmt__dm_element_name(element), name,
                known->node ? "in the file from which it is imported, or that file is missing" : "defined");
    }
    if (named)
        named->told = document;
    if (named && element == DRMGMT__DM_E_component && drmgmt__dm_flag(named->node, DRMGMT__DM_A_virtual, false)) {
        other = replacement(import, name_of(named->node), owner);
        return other ? other : named;
    }
    return named;
}
