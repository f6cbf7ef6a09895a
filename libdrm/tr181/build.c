/* Puts a model together: its base, components, objects, parameters, commands and events. See import_internal.h.
 *
 * A component is gone through each time that it is referred to, at the path of the reference. What a hostile file can
 * make of that is bounded: components in each other, elements gone through, items and memory. */
#include "tr181/import_internal.h"

#include "core/cleanup.h"
#include "tr181/profile.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BASE_DEPTH_MAX = 8, PATH_MAX_LENGTH = 1024 };

struct build {
    drmgmt__dm_import_state *import;
    drmgmt__dm_model *model;
    const drmgmt__dm_node *components[DRMGMT__DM_COMPONENT_DEPTH_MAX]; /* those that are being gone through */
    unsigned depth, steps;
};

/* Where elements go: below which path, as what, in which version at the least. */
struct place {
    drmgmt__dm_document *document;
    const char *path; /* "" or ends with the dot behind which names go */
    drmgmt__dm_role role;
    const char *version;
};

static void fill(struct build *b, const struct place *at, const drmgmt__dm_node *container);

static bool stopped(const struct build *b)
{
    return b->import->failed || b->import->notes->errors >= DRMGMT__DM_ERRORS_MAX;
}

static void fail(struct build *b, const struct place *at, unsigned line, const char *what)
{
    drmgmt__dm_wrong(b->import->notes, at->document->name, line, "%s", what);
    b->import->failed = true;
}

/* A copy that the model keeps; NULL for none. */
static const char *keep(struct build *b, const drmgmt__dm_node *node, drmgmt__dm_attribute id, const char *before)
{
    const char *value = drmgmt__dm_get(node, id);
    char *copy = value ? drmgmt__arena_dup(b->model->arena, value) : NULL;

    if (value && !copy)
        b->import->failed = true;
    return value ? copy : before;
}

/* path and name in one; false when that is too long. */
static bool join(char out[PATH_MAX_LENGTH], const char *path, const char *name, const char *end)
{
    int n = snprintf(out, PATH_MAX_LENGTH, "%s%s%s", path, name, end);

    return n > 0 && n < PATH_MAX_LENGTH;
}

/* The object, command or event around a path: the one with the longest path that this begins with. */
static drmgmt__dm_item *around(const drmgmt__dm_model *model, const char *path)
{
    size_t n = strlen(path);

    while (n > 0) {
        drmgmt__dm_item *item;
        n--;
        while (n > 0 && path[n - 1] != '.')
            n--;
        item = n ? drmgmt__dm_find(model, path, n) : NULL;
        if (!item && n > 1) /* commands and events have no dot at their end */
            item = drmgmt__dm_find(model, path, n - 1);
        if (item)
            return item;
    }
    return NULL;
}

static void hang(drmgmt__dm_model *model, drmgmt__dm_item *item)
{
    drmgmt__dm_item *parent = around(model, item->path);

    item->parent = parent;
    if (!parent)
        return;
    if (parent->last)
        parent->last->next = item;
    else
        parent->first = item;
    parent->last = item;
    parent->n_children++;
}

static const char *later(const char *a, const char *b)
{
    return drmgmt__dm_version_compare(a, b) < 0 ? b : a;
}

/* The item that an element defines (name) or modifies (base); NULL: said, or to be passed over. is_new tells which. */
static drmgmt__dm_item *item_of(struct build *b, const struct place *at, const drmgmt__dm_node *node,
                                drmgmt__dm_kind kind, bool *is_new)
{
    const char *name = drmgmt__dm_get(node, DRMGMT__DM_A_name), *base = drmgmt__dm_get(node, DRMGMT__DM_A_base);
    const char *given = name ? name : base;
    char path[PATH_MAX_LENGTH];
    size_t n = given ? strlen(given) : 0;
    drmgmt__dm_item *item;

    *is_new = false;
    if (!given)
        return NULL;
    if (!join(path, at->path, given, kind == DRMGMT__DM_OBJECT && n && given[n - 1] != '.' ? "." : "")) {
        fail(b, at, node->line, "a path is longer than 1,023 characters");
        return NULL;
    }
    item = drmgmt__dm_find(b->model, path, strlen(path));
    if (item) {
        if (name)
            drmgmt__dm_warn(b->import->notes, at->document->name, node->line, "'%.200s' is defined twice", path);
        return item->kind == (uint8_t)kind ? item : NULL;
    }
    if (!name) {
        drmgmt__dm_wrong(b->import->notes, at->document->name, node->line,
                         "element '%s', attribute 'base': '%.200s' is not defined",
                         drmgmt__dm_element_name(node->element), path);
        return NULL;
    }
    if (b->model->n_items >= DRMGMT__DM_ITEMS_MAX) {
        fail(b, at, node->line, "a model has more than 200,000 items");
        return NULL;
    }
    item = drmgmt__dm_add(b->model, kind, at->role, path);
    if (!item) {
        b->import->failed = true;
        return NULL;
    }
    hang(b->model, item);
    *is_new = true;
    return item;
}

/* What all kinds have. */
static void common(struct build *b, const struct place *at, const drmgmt__dm_node *node, drmgmt__dm_item *item,
                   bool is_new)
{
    const char *status = drmgmt__dm_get(node, DRMGMT__DM_A_status);
    const char *access = drmgmt__dm_get(node, DRMGMT__DM_A_access);

    if (status)
        item->status = (uint8_t)drmgmt__dm_status_of(status);
    if (access)
        item->access = (uint8_t)drmgmt__dm_access_of(access);
    item->description = drmgmt__dm_describe(b->model->arena, item->description, node);
    /* A modification's version counts: the same component may be there since other versions in other places. */
    item->version = keep(b, node, DRMGMT__DM_A_version, item->version);
    if (is_new || drmgmt__dm_get(node, DRMGMT__DM_A_version))
        item->since = later(later(item->version, at->version), item->parent ? item->parent->since : NULL);
}

/* ---- objects ---- */

static uint32_t entries(const drmgmt__dm_node *node, drmgmt__dm_attribute id, uint32_t before)
{
    const char *value = drmgmt__dm_get(node, id);
    unsigned long long n;

    if (!value)
        return before;
    n = strcmp(value, "unbounded") == 0 ? DRMGMT__DM_UNBOUNDED : strtoull(value, NULL, 10);
    return n < DRMGMT__DM_UNBOUNDED ? (uint32_t)n : DRMGMT__DM_UNBOUNDED;
}

static void add_key(struct build *b, const drmgmt__dm_node *node, drmgmt__dm_item *item)
{
    drmgmt__dm_key *keys = drmgmt__arena_append(b->model->arena, item->keys, item->n_keys, sizeof *keys), *key;

    if (!keys) {
        b->import->failed = true;
        return;
    }
    item->keys = keys;
    key = &keys[item->n_keys++];
    *key = (drmgmt__dm_key){ .functional = drmgmt__dm_flag(node, DRMGMT__DM_A_functional, true) };
    for (const drmgmt__dm_node *child = node->first; child && !b->import->failed; child = child->next) {
        const char **names;
        if (child->element != DRMGMT__DM_E_parameter)
            continue;
        names = drmgmt__arena_append(b->model->arena, key->parameters, key->n, sizeof(const char *));
        if (!names) {
            b->import->failed = true;
            return;
        }
        key->parameters = names;
        key->parameters[key->n++] = keep(b, child, DRMGMT__DM_A_ref, "");
    }
}

static void add_object(struct build *b, const struct place *at, const drmgmt__dm_node *node)
{
    bool is_new;
    drmgmt__dm_item *item = item_of(b, at, node, DRMGMT__DM_OBJECT, &is_new);
    struct place inside = *at;

    if (!item)
        return;
    common(b, at, node, item, is_new);
    item->min_entries = entries(node, DRMGMT__DM_A_minEntries, item->min_entries);
    item->max_entries = entries(node, DRMGMT__DM_A_maxEntries, item->max_entries);
    item->num_entries = keep(b, node, DRMGMT__DM_A_numEntriesParameter, item->num_entries);
    item->enable = keep(b, node, DRMGMT__DM_A_enableParameter, item->enable);
    item->discriminator = keep(b, node, DRMGMT__DM_A_discriminatorParameter, item->discriminator);
    item->mount = keep(b, node, DRMGMT__DM_A_mountType, item->mount);
    for (const drmgmt__dm_node *child = node->first; child && !stopped(b); child = child->next)
        if (child->element == DRMGMT__DM_E_uniqueKey)
            add_key(b, child, item);
    inside.path = item->path;
    fill(b, &inside, node);
}

/* ---- parameters ---- */

static void read_syntax(struct build *b, const struct place *at, const drmgmt__dm_node *node, drmgmt__dm_item *item)
{
    const drmgmt__dm_node *standard = drmgmt__dm_child(node, DRMGMT__DM_E_default);
    drmgmt__dm_syntax *syntax = drmgmt__arena_alloc(b->model->arena, sizeof *syntax);

    if (syntax && item->syntax)
        *syntax = *item->syntax;
    if (!syntax || !drmgmt__dm_syntax_read(b->import, b->model, at->document, node, syntax)) {
        b->import->failed = true;
        return;
    }
    item->syntax = syntax;
    item->hidden = drmgmt__dm_flag(node, DRMGMT__DM_A_hidden, item->hidden);
    item->secured = drmgmt__dm_flag(node, DRMGMT__DM_A_secured, item->secured);
    item->is_command = drmgmt__dm_flag(node, DRMGMT__DM_A_command, item->is_command);
    if (standard) {
        const char *status = drmgmt__dm_get(standard, DRMGMT__DM_A_status);
        bool gone = status && strcmp(status, "deleted") == 0;
        item->default_type = gone ? NULL : keep(b, standard, DRMGMT__DM_A_type, NULL);
        item->default_value = gone ? NULL : keep(b, standard, DRMGMT__DM_A_value, NULL);
    }
}

static void add_parameter(struct build *b, const struct place *at, const drmgmt__dm_node *node)
{
    bool is_new;
    drmgmt__dm_item *item = item_of(b, at, node, DRMGMT__DM_PARAMETER, &is_new);
    const drmgmt__dm_node *syntax = drmgmt__dm_child(node, DRMGMT__DM_E_syntax);

    if (!item)
        return;
    common(b, at, node, item, is_new);
    item->notify = keep(b, node, DRMGMT__DM_A_activeNotify, item->notify);
    item->forced_inform = drmgmt__dm_flag(node, DRMGMT__DM_A_forcedInform, item->forced_inform);
    item->mandatory = drmgmt__dm_flag(node, DRMGMT__DM_A_mandatory, item->mandatory);
    if (syntax)
        read_syntax(b, at, syntax, item);
}

/* ---- commands and events ---- */

static void add_arguments(struct build *b, const struct place *at, const drmgmt__dm_node *node, const char *command,
                          drmgmt__dm_role role)
{
    char path[PATH_MAX_LENGTH];
    struct place inside = *at;

    if (!join(path, command,
              role == DRMGMT__DM_OF_INPUT    ? ".input"
              : role == DRMGMT__DM_OF_OUTPUT ? ".output"
                                             : "",
              ".")) {
        fail(b, at, node->line, "a path is longer than 1,023 characters");
        return;
    }
    inside.path = path;
    inside.role = role;
    fill(b, &inside, node);
}

static void add_command(struct build *b, const struct place *at, const drmgmt__dm_node *node)
{
    bool is_new;
    drmgmt__dm_item *item = item_of(b, at, node, DRMGMT__DM_COMMAND, &is_new);

    if (!item)
        return;
    if (is_new && !drmgmt__dm_get(node, DRMGMT__DM_A_async))
        drmgmt__dm_wrong(b->import->notes, at->document->name, node->line,
                         "element 'command': the attribute 'async' is required but missing");
    common(b, at, node, item, is_new);
    item->async = drmgmt__dm_flag(node, DRMGMT__DM_A_async, item->async);
    for (const drmgmt__dm_node *child = node->first; child && !stopped(b); child = child->next) {
        if (child->element == DRMGMT__DM_E_input)
            add_arguments(b, at, child, item->path, DRMGMT__DM_OF_INPUT);
        else if (child->element == DRMGMT__DM_E_output)
            add_arguments(b, at, child, item->path, DRMGMT__DM_OF_OUTPUT);
    }
}

static void add_event(struct build *b, const struct place *at, const drmgmt__dm_node *node)
{
    bool is_new;
    drmgmt__dm_item *item = item_of(b, at, node, DRMGMT__DM_EVENT, &is_new);

    if (!item)
        return;
    common(b, at, node, item, is_new);
    add_arguments(b, at, node, item->path, DRMGMT__DM_OF_EVENT);
}

/* ---- components ---- */

static void add_component(struct build *b, const struct place *at, const drmgmt__dm_node *node)
{
    const char *ref = drmgmt__dm_get(node, DRMGMT__DM_A_ref), *path = drmgmt__dm_get(node, DRMGMT__DM_A_path);
    const char *version = drmgmt__dm_get(node, DRMGMT__DM_A_version);
    struct place inside = *at;
    char below[PATH_MAX_LENGTH];
    drmgmt__dm_named *named;
    size_t n = path ? strlen(path) : 0;

    if (!ref)
        return;
    named = drmgmt__dm_look_up(b->import, at->document, DRMGMT__DM_E_component, ref, node->line, &inside.document);
    if (!named)
        return;
    for (unsigned i = 0; i < b->depth; i++) {
        if (b->components[i] == named->node) {
            drmgmt__dm_wrong(b->import->notes, at->document->name, node->line, "component '%.80s' contains itself",
                             ref);
            return;
        }
    }
    if (b->depth == DRMGMT__DM_COMPONENT_DEPTH_MAX) {
        fail(b, at, node->line, "components stand too deep in each other");
        return;
    }
    if (n) {
        if (!join(below, at->path, path, path[n - 1] == '.' ? "" : ".")) {
            fail(b, at, node->line, "a path is longer than 1,023 characters");
            return;
        }
        inside.path = below;
    }
    inside.version = version ? later(keep(b, node, DRMGMT__DM_A_version, NULL), at->version) : at->version;
    b->components[b->depth++] = named->node;
    fill(b, &inside, named->node);
    b->depth--;
}

static void fill(struct build *b, const struct place *at, const drmgmt__dm_node *container)
{
    for (const drmgmt__dm_node *node = container->first; node && !stopped(b); node = node->next) {
        if (b->steps++ == DRMGMT__DM_STEPS_MAX) {
            fail(b, at, node->line, "its components become more than 1,000,000 elements");
            return;
        }
        switch (node->element) {
        case DRMGMT__DM_E_component:
            add_component(b, at, node);
            break;
        case DRMGMT__DM_E_object:
            add_object(b, at, node);
            break;
        case DRMGMT__DM_E_parameter:
            add_parameter(b, at, node);
            break;
        case DRMGMT__DM_E_command:
            add_command(b, at, node);
            break;
        case DRMGMT__DM_E_event:
            add_event(b, at, node);
            break;
        case DRMGMT__DM_E_profile:
            if (!drmgmt__dm_profile_add(b->import, b->model, at->document, at->path, node))
                b->import->failed = true;
            break;
        default:
            break;
        }
    }
}

/* ---- models ---- */

/* The base of a model comes first, with its own base before it. */
static void fill_model(struct build *b, drmgmt__dm_document *document, const drmgmt__dm_node *node, int depth)
{
    const char *base = drmgmt__dm_get(node, DRMGMT__DM_A_base);
    struct place at = { document, "", DRMGMT__DM_OF_MODEL, NULL };

    if (base && depth >= BASE_DEPTH_MAX) {
        fail(b, &at, node->line, "models are based on each other in a circle, or more than 8 deep");
        return;
    }
    if (base) {
        drmgmt__dm_document *owner;
        drmgmt__dm_named *named = drmgmt__dm_look_up(b->import, document, DRMGMT__DM_E_model, base, node->line, &owner);
        if (named)
            fill_model(b, owner, named->node, depth + 1);
    }
    if (!stopped(b))
        fill(b, &at, node);
}

drmgmt__dm_model *drmgmt__dm_build(drmgmt__dm_import_state *import, drmgmt__dm_document *document,
                                   const drmgmt__dm_node *node)
{
    struct build b = { .import = import, .model = drmgmt__dm_model_new(DRMGMT__DM_MEMORY_MAX) };
    const char *colon;

    if (!b.model) {
        import->failed = true;
        return NULL;
    }
    b.model->name = keep(&b, node, DRMGMT__DM_A_name, "");
    b.model->file = drmgmt__arena_dup(b.model->arena, document->name);
    b.model->spec = keep(&b, document->root, DRMGMT__DM_A_spec, "");
    b.model->is_service = drmgmt__dm_flag(node, DRMGMT__DM_A_isService, false);
    colon = b.model->name ? strrchr(b.model->name, ':') : NULL;
    b.model->version = colon ? colon + 1 : "";
    fill_model(&b, document, node, 0);
    if (!import->failed && !drmgmt__dm_types_add(import, b.model, document))
        import->failed = true;
    drmgmt__dm_types_forget(import);
    if (import->failed || import->notes->errors) {
        if (b.model->arena->full)
            drmgmt__dm_wrong(import->notes, document->name, node->line, "the model needs more memory than a model may");
        drmgmt__dm_model_free(b.model);
        return NULL;
    }
    return b.model;
}
