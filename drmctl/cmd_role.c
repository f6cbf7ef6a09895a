/* drmctl role: the tenant's own roles, and who has which. Called through the table. */
#include "draft.h"
#include "writer.h"
#include <stdlib.h>
#include <string.h>

/* ---- roles ---- */

/* All values of an option as an array; an empty one alone is none. */
static json_t *texts_of(const ctl *c, const char *option)
{
    json_t *array = json_array();
    const char *text;

    for (size_t i = 0; (text = ctl_nth(c, option, i)); i++)
        if (*text)
            json_array_append_new(array, json_string(text));
    return array;
}

static int make_draft(const ctl *c, const char *name, drmgmt_draft **draft)
{
    const char *description = ctl_value(c, "description");
    json_t *object = json_object();
    int failed = name ? json_object_set_new(object, "name", json_string(name)) : 0;

    if (description)
        failed |= json_object_set_new(object, "description", json_string(description));
    if (ctl_has(c, "permission"))
        json_object_set_new(object, "permissions", texts_of(c, "permission"));
    int code = failed ? ctl_complain(DRMGMT_ERR_INVALID, "name and description must be UTF-8") : 0;
    if (!code && json_object_size(object) == 0)
        code = ctl_usage(c, "there is nothing to change");
    if (!code)
        code = ctl_draft(object, "role", draft);
    json_decref(object);
    return code;
}

static int role_id(ctl *c, const char *name_or_id, char id[37])
{
    drmgmt_record *role = NULL;
    drmgmt_error *error = NULL;

    if (drmgmt_role_get(c->session, name_or_id, &role, &error))
        return ctl_fail(error);
    strncpy(id, drmgmt_record_id(role), 36);
    id[36] = '\0';
    drmgmt_record_free(role);
    return 0;
}

int ctl_cmd_role_create(ctl *c)
{
    drmgmt_draft *draft = NULL;
    drmgmt_record *role = NULL;
    drmgmt_error *error = NULL;
    int code = ctl_has(c, "permission") ? make_draft(c, c->args[0], &draft)
                                        : ctl_usage(c, "--permission NAME is missing (--permission '' for none)");

    if (!code)
        code = ctl_open(c);
    if (!code && drmgmt_role_create(c->session, draft, &role, &error))
        code = ctl_fail(error);
    drmgmt_draft_free(draft);
    return code ? code : ctl_show(c, role);
}

int ctl_cmd_role_list(ctl *c)
{
    return ctl_list(c, drmgmt_role_list);
}

int ctl_cmd_role_show(ctl *c)
{
    return ctl_show_one(c, drmgmt_role_get);
}

int ctl_cmd_role_update(ctl *c)
{
    drmgmt_draft *draft = NULL;
    drmgmt_record *role = NULL;
    drmgmt_error *error = NULL;
    long long version = 0;
    char id[37];
    int code = ctl_number(c, "if-version", 1, INT64_MAX, &version);

    if (!code)
        code = make_draft(c, ctl_value(c, "name"), &draft);
    if (!code)
        code = ctl_open(c);
    if (!code)
        code = role_id(c, c->args[0], id);
    if (!code && drmgmt_role_update(c->session, id, version, draft, &role, &error))
        code = ctl_fail(error);
    drmgmt_draft_free(draft);
    return code ? code : ctl_show(c, role);
}

static int delete_role(ctl *c, const char *name_or_id, int64_t version)
{
    char id[37];
    drmgmt_error *error = NULL;
    int code = role_id(c, name_or_id, id);

    if (code)
        return code;
    return drmgmt_role_delete(c->session, id, version, &error) ? ctl_fail(error) : 0;
}

int ctl_cmd_role_delete(ctl *c)
{
    return ctl_delete_each(c, "role", "Delete", "deleted", delete_role);
}

/* ---- who has which ---- */

int ctl_cmd_role_assignments(ctl *c)
{
    return ctl_list(c, drmgmt_role_assignment_list);
}

static bool is_builtin(const char *name)
{
    return drmgmt_role_parse(name) != DRMGMT_ROLE_NONE;
}

int ctl_cmd_role_assign(ctl *c)
{
    drmgmt_draft *draft = NULL;
    drmgmt_record *assignment = NULL;
    drmgmt_error *error = NULL;
    char user[37], role[37];
    bool builtin = is_builtin(c->args[1]);
    json_t *object = json_pack("{s:o}", "selector", texts_of(c, "selector"));
    int code = ctl_open(c);

    if (!code)
        code = ctl_user_id(c, c->args[0], user);
    if (!code && !builtin)
        code = role_id(c, c->args[1], role);
    if (!code) {
        json_object_set_new(object, builtin ? "builtin" : "role_id", json_string(builtin ? c->args[1] : role));
        code = ctl_draft(object, "role_assignment", &draft);
    }
    if (!code && drmgmt_role_assign(c->session, user, draft, &assignment, &error))
        code = ctl_fail(error);
    drmgmt_draft_free(draft);
    json_decref(object);
    return code ? code : ctl_show(c, assignment);
}

/* Sorted and each once, as the library keeps it. */
static int compare(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool same_selector(const drmgmt_record *assignment, const json_t *wanted)
{
    json_t *has = json_loads(drmgmt_record_text(assignment, "selector"), 0, NULL);
    size_t n = json_array_size(wanted), unique = 0;
    const char **texts = calloc(n ? n : 1, sizeof *texts);
    bool same = texts != NULL;

    for (size_t i = 0; same && i < n; i++)
        texts[i] = json_string_value(json_array_get(wanted, i));
    if (same)
        qsort(texts, n, sizeof *texts, compare);
    for (size_t i = 0; same && i < n; i++) {
        if (i && strcmp(texts[i], texts[i - 1]) == 0)
            continue;
        const char *text = json_string_value(json_array_get(has, unique++));
        same = text && strcmp(text, texts[i]) == 0;
    }
    same = same && unique == json_array_size(has);
    free(texts);
    json_decref(has);
    return same;
}

/* The assignment of that role with that selector on a page; "" when it is not there. */
static void find(const drmgmt_page *page, const char *role, const json_t *selector, char id[37])
{
    for (size_t i = 0; i < drmgmt_page_count(page); i++) {
        const drmgmt_record *a = drmgmt_page_record(page, i);
        const char *name = drmgmt_record_text(a, "role"), *own = drmgmt_record_text(a, "role_id");
        bool named = (name && strcmp(name, role) == 0) || (own && strcmp(own, role) == 0);
        if (named && same_selector(a, selector)) {
            strncpy(id, drmgmt_record_id(a), 36);
            id[36] = '\0';
        }
    }
}

static int find_assignment(ctl *c, const char *user, char id[37])
{
    drmgmt_query *query = drmgmt_query_new(drmgmt_entity_find("role_assignment"));
    drmgmt_page *page = NULL;
    drmgmt_error *error = NULL;
    json_t *selector = texts_of(c, "selector");
    int code = query ? 0 : ctl_complain(DRMGMT_ERR_NO_MEMORY, "out of memory");

    id[0] = '\0';
    if (!code &&
        (drmgmt_query_set(query, "user_id", user, &error) || drmgmt_query_set(query, "limit", "1000", &error) ||
         drmgmt_role_assignment_list(c->session, query, &page, &error)))
        code = ctl_fail(error);
    if (!code)
        find(page, c->args[1], selector, id);
    if (!code && !id[0])
        code = ctl_complain(DRMGMT_ERR_NOT_FOUND,
                            "%s has no role %s with that selector (drmctl role assignments "
                            "--user-id %s)",
                            c->args[0], c->args[1], user);
    drmgmt_page_free(page);
    drmgmt_query_free(query);
    json_decref(selector);
    return code;
}

int ctl_cmd_role_withdraw(ctl *c)
{
    static const ctl_column columns[] = { { "withdrawn", CTL_TEXT }, { "user", CTL_TEXT }, { "role", CTL_TEXT } };
    drmgmt_error *error = NULL;
    char user[37], id[37];
    int code = ctl_open(c);

    if (!code)
        code = ctl_user_id(c, c->args[0], user);
    if (!code)
        code = find_assignment(c, user, id);
    if (!code && drmgmt_role_withdraw(c->session, user, id, &error))
        code = ctl_fail(error);
    return code ? code : ctl_row_show(c, columns, CTL_COUNT(columns), (const char *[]){ id, c->args[0], c->args[1] });
}
