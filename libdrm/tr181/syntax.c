/* Types of parameters: <syntax>, <dataType>, their facets and what they inherit. See import_internal.h. */
#include "tr181/import_internal.h"

#include "core/cleanup.h"
#include <stdlib.h>
#include <string.h>

enum { TYPE_DEPTH_MAX = 16, CHOICES_MAX = 2048 };

struct reading {
    drmgmt__dm_import_state *import;
    drmgmt__dm_model *model;
    drmgmt__dm_document *document;
    drmgmt__dm_syntax *syntax;
    bool no_memory;
};

static const char *attribute(struct reading *r, const drmgmt__dm_node *node, drmgmt__dm_attribute id)
{
    const char *value = drmgmt__dm_get(node, id);
    char *copy = value ? drmgmt__arena_dup(r->model->arena, value) : NULL;

    r->no_memory = r->no_memory || (value && !copy);
    return copy;
}

static const char *attribute_or(struct reading *r, const drmgmt__dm_node *node, drmgmt__dm_attribute id,
                                const char *otherwise)
{
    const char *value = attribute(r, node, id);

    return value ? value : otherwise;
}

/* A count; what does not fit counts as unbounded. */
static uint32_t count(const drmgmt__dm_node *node, drmgmt__dm_attribute id, uint32_t otherwise)
{
    const char *value = drmgmt__dm_get(node, id);
    unsigned long long n;

    if (!value)
        return otherwise;
    n = strcmp(value, "unbounded") == 0 ? DRMGMT__DM_UNBOUNDED : strtoull(value, NULL, 10);
    return n < DRMGMT__DM_UNBOUNDED ? (uint32_t)n : DRMGMT__DM_UNBOUNDED;
}

static bool is_deleted(const drmgmt__dm_node *node)
{
    const char *status = drmgmt__dm_get(node, DRMGMT__DM_A_status);

    return status && strcmp(status, "deleted") == 0;
}

/* Room for one more element of an array of the syntax, zeroed; NULL when memory is out. */
static void *one_more(struct reading *r, void *array, uint32_t *n, size_t size)
{
    char **at = array;
    char *rows = drmgmt__arena_append(r->model->arena, *at, *n, size);

    if (!rows) {
        r->no_memory = true;
        return NULL;
    }
    *at = rows;
    memset(rows + *n * size, 0, size);
    return rows + (*n)++ * size;
}

/* Sizes, ranges, choices and patterns are shared with the type that they come of until they are changed. */
static void *own(struct reading *r, const void *rows, uint32_t n, size_t size)
{
    size_t room = 1;
    void *copy;

    while (room < n)
        room *= 2;
    if (n == 0)
        return NULL;
    copy = drmgmt__arena_alloc(r->model->arena, room * size);
    if (!copy)
        r->no_memory = true;
    else
        memcpy(copy, rows, n * size);
    return copy;
}

static void add_size(struct reading *r, const drmgmt__dm_node *node, drmgmt__dm_size **sizes, uint32_t *n)
{
    drmgmt__dm_size *size = is_deleted(node) ? NULL : one_more(r, sizes, n, sizeof *size);

    if (size) {
        size->min = count(node, DRMGMT__DM_A_minLength, 0);
        size->max = count(node, DRMGMT__DM_A_maxLength, DRMGMT__DM_UNBOUNDED);
    }
}

static void add_range(struct reading *r, const drmgmt__dm_node *node)
{
    drmgmt__dm_range *range =
        is_deleted(node) ? NULL : one_more(r, &r->syntax->ranges, &r->syntax->n_ranges, sizeof *range);

    if (range) {
        range->min = attribute(r, node, DRMGMT__DM_A_minInclusive);
        range->max = attribute(r, node, DRMGMT__DM_A_maxInclusive);
        range->step = attribute(r, node, DRMGMT__DM_A_step);
    }
}

/* Adds a value, or changes it where it is already. Lists of 32 values are usual and of 300 the longest, so a walk does.
 */
static void add_choice(struct reading *r, const drmgmt__dm_node *node, drmgmt__dm_choice **choices, uint32_t *n,
                       uint32_t inherited)
{
    const char *value = drmgmt__dm_get(node, DRMGMT__DM_A_value);
    const char *access = drmgmt__dm_get(node, DRMGMT__DM_A_access);
    drmgmt__dm_choice *choice = NULL;

    if (!value)
        return;
    for (uint32_t i = 0; i < inherited; i++) /* a derived type says more of what its base has */
        if (strcmp((*choices)[i].value, value) == 0)
            choice = &(*choices)[i];
    if (!choice && *n >= CHOICES_MAX) {
        if (*n == CHOICES_MAX)
            drmgmt__dm_wrong(r->import->notes, r->document->name, node->line, "a type has more than %d values",
                             CHOICES_MAX);
        return;
    }
    if (!choice)
        choice = one_more(r, choices, n, sizeof *choice);
    if (!choice)
        return;
    choice->value = attribute(r, node, DRMGMT__DM_A_value);
    choice->version = attribute(r, node, DRMGMT__DM_A_version);
    choice->status = (uint8_t)drmgmt__dm_status_of(drmgmt__dm_get(node, DRMGMT__DM_A_status));
    choice->read_only = access && strcmp(access, "readOnly") == 0;
    choice->optional = drmgmt__dm_flag(node, DRMGMT__DM_A_optional, false);
    if (!choice->value)
        choice->value = "";
}

/* "  #.RootDevice.   #.Service. " comes as "#.RootDevice. #.Service.": xml.c has collapsed it. */
static void set_reference(struct reading *r, const drmgmt__dm_node *node)
{
    drmgmt__dm_reference *reference = drmgmt__arena_alloc(r->model->arena, sizeof *reference);
    const char *strength = drmgmt__dm_get(node, DRMGMT__DM_A_refType);
    bool of_enumeration = node->element == DRMGMT__DM_E_enumerationRef;

    if (!reference) {
        r->no_memory = true;
        return;
    }
    reference->kind = drmgmt__dm_element_name(node->element);
    reference->strong = strength && strcmp(strength, "strong") == 0;
    reference->target = attribute(r, node, of_enumeration ? DRMGMT__DM_A_targetParam : DRMGMT__DM_A_targetParent);
    reference->scope = attribute_or(
        r, node, of_enumeration ? DRMGMT__DM_A_targetParamScope : DRMGMT__DM_A_targetParentScope, "normal");
    reference->target_type = attribute_or(r, node, DRMGMT__DM_A_targetType, "any");
    reference->data_type = attribute_or(r, node, DRMGMT__DM_A_targetDataType, "any");
    reference->null_value = attribute(r, node, DRMGMT__DM_A_nullValue);
    r->syntax->reference = reference;
}

/* The facets in a <string>, <dataType>, ...: enumerations come on top of those inherited, other facets in their place.
 */
static void read_facets(struct reading *r, const drmgmt__dm_node *node)
{
    drmgmt__dm_syntax *s = r->syntax;
    uint32_t inherited = s->n_choices;
    bool sizes = false, ranges = false, patterns = false, choices = false;

    for (const drmgmt__dm_node *facet = node->first; facet && !r->no_memory; facet = facet->next) {
        switch (facet->element) {
        case DRMGMT__DM_E_size:
            s->n_sizes = sizes ? s->n_sizes : 0;
            s->sizes = sizes ? s->sizes : NULL;
            sizes = true;
            add_size(r, facet, &s->sizes, &s->n_sizes);
            break;
        case DRMGMT__DM_E_range:
        case DRMGMT__DM_E_decimalRange:
            s->n_ranges = ranges ? s->n_ranges : 0;
            s->ranges = ranges ? s->ranges : NULL;
            ranges = true;
            add_range(r, facet);
            break;
        case DRMGMT__DM_E_pattern:
            s->n_patterns = patterns ? s->n_patterns : 0;
            s->patterns = patterns ? s->patterns : NULL;
            patterns = true;
            add_choice(r, facet, &s->patterns, &s->n_patterns, 0);
            break;
        case DRMGMT__DM_E_enumeration:
            if (!choices && inherited)
                s->choices = own(r, s->choices, inherited, sizeof *s->choices);
            choices = true;
            if (!r->no_memory)
                add_choice(r, facet, &s->choices, &s->n_choices, inherited);
            break;
        case DRMGMT__DM_E_units:
            s->units = is_deleted(facet) ? NULL : attribute(r, facet, DRMGMT__DM_A_value);
            break;
        case DRMGMT__DM_E_pathRef:
        case DRMGMT__DM_E_instanceRef:
        case DRMGMT__DM_E_enumerationRef:
            set_reference(r, facet);
            break;
        default:
            break;
        }
    }
}

static void read_list(struct reading *r, const drmgmt__dm_node *node)
{
    drmgmt__dm_syntax *s = r->syntax;

    s->list = !is_deleted(node);
    s->list_min = count(node, DRMGMT__DM_A_minItems, 0);
    s->list_max = count(node, DRMGMT__DM_A_maxItems, DRMGMT__DM_UNBOUNDED);
    s->nesting = attribute_or(r, node, DRMGMT__DM_A_nestedBrackets, "legacy");
    s->list_sizes = NULL;
    s->n_list_sizes = 0;
    for (const drmgmt__dm_node *size = node->first; size; size = size->next)
        if (size->element == DRMGMT__DM_E_size)
            add_size(r, size, &s->list_sizes, &s->n_list_sizes);
}

static const drmgmt__dm_type *resolve(struct reading *r, const char *name, unsigned line, int depth);

/* What stands in <syntax> and in <dataType name=..>. */
static void read_content(struct reading *r, const drmgmt__dm_node *node, int depth)
{
    for (const drmgmt__dm_node *child = node->first; child && !r->no_memory; child = child->next) {
        unsigned base = drmgmt__dm_base_of(drmgmt__dm_element_name(child->element));
        const char *name = NULL;
        const drmgmt__dm_type *type;

        if (child->element == DRMGMT__DM_E_list) {
            read_list(r, child);
        } else if (base != DRMGMT__DM_NO_TYPE) {
            if (r->syntax->base != base || r->syntax->data_type) {
                drmgmt__dm_syntax list = *r->syntax; /* another type: only that it is a list stays */
                *r->syntax = (drmgmt__dm_syntax){ .base = (uint8_t)base,
                                                  .list = list.list,
                                                  .list_min = list.list_min,
                                                  .list_max = list.list_max,
                                                  .nesting = list.nesting,
                                                  .list_sizes = list.list_sizes,
                                                  .n_list_sizes = list.n_list_sizes };
            }
            read_facets(r, child);
        } else if (child->element == DRMGMT__DM_E_dataType) {
            name = drmgmt__dm_get(child, DRMGMT__DM_A_ref);
            name = name ? name : drmgmt__dm_get(child, DRMGMT__DM_A_base);
            type = name ? resolve(r, name, child->line, depth) : NULL;
            if (type && (!r->syntax->data_type || strcmp(r->syntax->data_type, type->name) != 0)) {
                drmgmt__dm_syntax before = *r->syntax;
                *r->syntax = type->syntax;
                r->syntax->data_type = type->name;
                if (before.list) {
                    r->syntax->list = true;
                    r->syntax->list_min = before.list_min;
                    r->syntax->list_max = before.list_max;
                    r->syntax->nesting = before.nesting;
                    r->syntax->list_sizes = before.list_sizes;
                    r->syntax->n_list_sizes = before.n_list_sizes;
                }
            }
            read_facets(r, child);
        }
    }
}

static void make_type(struct reading *r, drmgmt__dm_named *named, drmgmt__dm_document *owner, const char *name,
                      int depth)
{
    drmgmt__dm_type *type = drmgmt__arena_alloc(r->model->arena, sizeof *type), **types;
    const char *base = drmgmt__dm_get(named->node, DRMGMT__DM_A_base);
    struct reading inner = { r->import, r->model, owner, NULL, false };

    if (!type) {
        r->no_memory = true;
        return;
    }
    inner.syntax = &type->syntax;
    type->name = drmgmt__arena_dup(r->model->arena, name);
    type->base = attribute(&inner, named->node, DRMGMT__DM_A_base);
    type->status = (uint8_t)drmgmt__dm_status_of(drmgmt__dm_get(named->node, DRMGMT__DM_A_status));
    if (base) {
        const drmgmt__dm_type *from = resolve(&inner, base, named->node->line, depth + 1);
        if (from) {
            type->syntax = from->syntax;
            type->description = from->description;
        }
    }
    type->description = drmgmt__dm_describe(r->model->arena, type->description, named->node);
    read_content(&inner, named->node, depth + 1);
    read_facets(&inner, named->node);
    r->no_memory = r->no_memory || inner.no_memory || !type->name;
    /* Only now: its base has made the array longer. */
    types = drmgmt__arena_append(r->model->arena, r->model->types, r->model->n_types, sizeof(drmgmt__dm_type *));
    if (!types || r->no_memory) {
        r->no_memory = true;
        return;
    }
    named->type = type;
    r->model->types = types;
    r->model->types[r->model->n_types++] = type;
}

/* The data type that the document knows by the name, its bases in it. NULL: said in notes. */
static const drmgmt__dm_type *resolve(struct reading *r, const char *name, unsigned line, int depth)
{
    drmgmt__dm_document *owner;
    drmgmt__dm_named *named = drmgmt__dm_look_up(r->import, r->document, DRMGMT__DM_E_dataType, name, line, &owner);

    if (!named || named->type)
        return named ? named->type : NULL;
    if (named->resolving || depth >= TYPE_DEPTH_MAX) {
        drmgmt__dm_wrong(r->import->notes, r->document->name, line, "dataType '%.80s' is derived from itself", name);
        return NULL;
    }
    named->resolving = true;
    make_type(r, named, owner, drmgmt__dm_get(named->node, DRMGMT__DM_A_name), depth);
    named->resolving = false;
    return named->type;
}

/* The type's name is that by which the file knows it. */
static void keep_name(struct reading *r, const drmgmt__dm_node *node)
{
    const drmgmt__dm_node *type = drmgmt__dm_child(node, DRMGMT__DM_E_dataType);
    const char *name = type ? drmgmt__dm_get(type, DRMGMT__DM_A_ref) : NULL;

    name = name || !type ? name : drmgmt__dm_get(type, DRMGMT__DM_A_base);
    if (!name || !r->syntax->data_type || strcmp(name, r->syntax->data_type) == 0)
        return;
    r->syntax->data_type = drmgmt__arena_dup(r->model->arena, name);
    r->no_memory = r->no_memory || !r->syntax->data_type;
}

bool drmgmt__dm_syntax_read(drmgmt__dm_import_state *import, drmgmt__dm_model *model, drmgmt__dm_document *document,
                            const drmgmt__dm_node *node, drmgmt__dm_syntax *syntax)
{
    struct reading r = { import, model, document, syntax, false };

    read_content(&r, node, 0);
    keep_name(&r, node);
    if (syntax->base == DRMGMT__DM_NO_TYPE && import->notes->errors == 0)
        drmgmt__dm_wrong(import->notes, document->name, node->line, "element 'syntax': a type is required but missing");
    return !r.no_memory;
}

bool drmgmt__dm_types_add(drmgmt__dm_import_state *import, drmgmt__dm_model *model, drmgmt__dm_document *document)
{
    struct reading r = { import, model, document, NULL, false };

    for (const drmgmt__dm_node *node = document->root->first; node && !r.no_memory; node = node->next)
        if (node->element == DRMGMT__DM_E_dataType && drmgmt__dm_get(node, DRMGMT__DM_A_name))
            resolve(&r, drmgmt__dm_get(node, DRMGMT__DM_A_name), node->line, 0);
    return !r.no_memory;
}

void drmgmt__dm_types_forget(drmgmt__dm_import_state *import)
{
    for (size_t i = 0; i < import->n_documents; i++)
        for (uint32_t k = 0; k < import->documents[i]->n_slots; k++)
            import->documents[i]->table[k].type = NULL;
}
