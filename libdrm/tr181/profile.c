/* Profiles of data models: see profile.h. */
#include "tr181/profile.h"

#include <stdio.h>
#include <string.h>

enum { PROFILES_MAX = 20000, PATH_ROOM = 1024 };

struct adding {
    drmgmt__dm_model *model;
    drmgmt__dm_profile *profile;
    bool no_memory;
};

static void require(struct adding *a, const char *path, const char *requirement)
{
    drmgmt__dm_requirement *rows =
        drmgmt__arena_append(a->model->arena, a->profile->requirements, a->profile->n, sizeof *rows);
    const drmgmt__dm_item *item = drmgmt__dm_find(a->model, path, strlen(path));

    if (!rows) {
        a->no_memory = true;
        return;
    }
    a->profile->requirements = rows;
    rows += a->profile->n++;
    rows->path = item ? item->path : drmgmt__arena_dup(a->model->arena, path);
    rows->requirement = drmgmt__arena_dup(a->model->arena, requirement);
    a->no_memory = a->no_memory || !rows->path || !rows->requirement;
}

/* The element's ref below path, and what is in it below that. */
static void add_required(struct adding *a, const char *path, const drmgmt__dm_node *node)
{
    for (; node && !a->no_memory; node = node->next) {
        const char *ref = drmgmt__dm_get(node, DRMGMT__DM_A_ref);
        const char *requirement = drmgmt__dm_get(node, DRMGMT__DM_A_requirement), *end = "";
        char below[PATH_ROOM];

        if (node->element == DRMGMT__DM_E_input || node->element == DRMGMT__DM_E_output) {
            ref = node->element == DRMGMT__DM_E_input ? "input" : "output";
            end = ".";
        } else if (!ref) {
            continue;
        }
        if ((size_t)snprintf(below, sizeof below, "%s%s%s", path, ref, end) >= sizeof below)
            continue;
        if (!*end)
            require(a, below, requirement ? requirement : "present");
        if (node->element == DRMGMT__DM_E_command || node->element == DRMGMT__DM_E_event) {
            if (strlen(below) + 2 > sizeof below)
                continue;
            memcpy(below + strlen(below), ".", 2);
        }
        add_required(a, below, node->first);
    }
}

bool drmgmt__dm_profile_add(drmgmt__dm_import_state *import, drmgmt__dm_model *model,
                            const drmgmt__dm_document *document, const char *path, const drmgmt__dm_node *node)
{
    const char *name = drmgmt__dm_get(node, DRMGMT__DM_A_name);
    struct adding a = { model, NULL, false };
    drmgmt__dm_profile **rows;

    if (!name) /* without one it could not be asked for */
        name = drmgmt__dm_get(node, DRMGMT__DM_A_base);
    if (!name)
        return true;
    if (model->n_profiles >= PROFILES_MAX) {
        drmgmt__dm_wrong(import->notes, document->name, node->line, "a model has more than 20,000 profiles");
        return false;
    }
    rows = drmgmt__arena_append(model->arena, model->profiles, model->n_profiles, sizeof(drmgmt__dm_profile *));
    a.profile = rows ? drmgmt__arena_alloc(model->arena, sizeof *a.profile) : NULL;
    if (!a.profile)
        return false;
    a.profile->name = drmgmt__arena_dup(model->arena, name);
    a.profile->base = drmgmt__arena_dup(model->arena, drmgmt__dm_get(node, DRMGMT__DM_A_base));
    a.profile->extends = drmgmt__arena_dup(model->arena, drmgmt__dm_get(node, DRMGMT__DM_A_extends));
    a.profile->version = drmgmt__arena_dup(model->arena, drmgmt__dm_get(node, DRMGMT__DM_A_version));
    a.profile->status = (uint8_t)drmgmt__dm_status_of(drmgmt__dm_get(node, DRMGMT__DM_A_status));
    a.profile->description = drmgmt__dm_describe(model->arena, NULL, node);
    model->profiles = rows;
    model->profiles[model->n_profiles++] = a.profile;
    add_required(&a, path, node->first);
    return !a.no_memory && a.profile->name;
}
