/* Queries: what a list is asked with - filters, sort, limit, cursor. Called by programs; read by the domain rooms. */
#include "core/core.h"
#include "core/limits.h"
#include "core/record_internal.h"
#include <stdlib.h>
#include <string.h>

drmgmt_query *drmgmt_query_new(const drmgmt_entity *entity)
{
    drmgmt_query *q = calloc(1, sizeof *q);

    if (!q)
        return NULL;
    q->entity = entity;
    q->limit = DRMGMT_LIMIT_DEFAULT;
    return q;
}

void drmgmt_query_free(drmgmt_query *query)
{
    if (!query)
        return;
    for (size_t i = 0; i < query->n_filters; i++)
        free(query->filters[i].value);
    free(query->cursor);
    free(query->sort);
    free(query->since);
    free(query->until);
    free(query);
}

static int invalid(drmgmt_error **error, const char *name, const char *what)
{
    return drmgmt__fail_full(error, DRMGMT_ERR_INVALID, false, NULL, name, "%s: %s", name, what);
}

static int replace(char **to, const char *value, drmgmt_error **error)
{
    char *copy = strdup(value);

    if (!copy)
        return drmgmt__fail_memory(error);
    free(*to);
    *to = copy;
    return 0;
}

static int set_limit(drmgmt_query *query, const char *value, drmgmt_error **error)
{
    char *end;
    long n = strtol(value, &end, 10);

    if (*value < '0' || *value > '9' || *end || n < 1 || n > DRMGMT_LIMIT_MAX)
        return drmgmt__fail_full(error, DRMGMT_ERR_INVALID, false, NULL, "limit", "limit: 1..%d is expected",
                                 DRMGMT_LIMIT_MAX);
    query->limit = (unsigned)n;
    return 0;
}

static int set_cursor(drmgmt_query *query, const char *value, drmgmt_error **error)
{
    return replace(&query->cursor, value, error);
}

static int set_sort(drmgmt_query *query, const char *value, drmgmt_error **error)
{
    int i = drmgmt_entity_field(query->entity, value + (*value == '-'));

    if (i < 0 || !(query->entity->fields[i].flags & DRMGMT_FIELD_SORTABLE))
        return invalid(error, "sort", "this list cannot be sorted by that");
    return replace(&query->sort, value, error);
}

/* Lists of things that happen are filtered by when: the entity says so by a TIME field that filters. */
static int set_time(drmgmt_query *query, const char *name, char **to, const char *value, drmgmt_error **error)
{
    int64_t ms;
    bool has = false;

    for (size_t i = 0; i < query->entity->n_fields; i++)
        has = has || (query->entity->fields[i].type == DRMGMT_TYPE_TIME &&
                      (query->entity->fields[i].flags & DRMGMT_FIELD_FILTER));
    if (!has)
        return invalid(error, name, "this list cannot be filtered by that");
    if (*to)
        return invalid(error, name, "it is given twice");
    if (!drmgmt__time_parse(value, &ms))
        return invalid(error, name, "a time like 2026-01-31T12:00:00Z is expected, or a date");
    return replace(to, value, error);
}

static int set_since(drmgmt_query *query, const char *value, drmgmt_error **error)
{
    return set_time(query, "since", &query->since, value, error);
}

static int set_until(drmgmt_query *query, const char *value, drmgmt_error **error)
{
    return set_time(query, "until", &query->until, value, error);
}

static bool has_filter(const drmgmt_query *query, int field)
{
    size_t from = 0;

    return drmgmt__query_filter(query, query->entity->fields[field].name, &from) != NULL;
}

/* field: the name in the entity of what the caller calls name. */
static int add_filter(drmgmt_query *query, const char *name, const char *field, const char *value, drmgmt_error **error)
{
    int i = drmgmt_entity_field(query->entity, field);

    if (i < 0 || !(query->entity->fields[i].flags & DRMGMT_FIELD_FILTER) ||
        query->entity->fields[i].type == DRMGMT_TYPE_TIME)
        return drmgmt__fail_full(error, DRMGMT_ERR_INVALID, false, NULL, name,
                                 "%.80s: this list cannot be filtered by that", name);
    const drmgmt_field *f = &query->entity->fields[i];
    if (f->type == DRMGMT_TYPE_UUID && !drmgmt__uuid_valid(value))
        return invalid(error, name, "a UUID is expected");
    if (f->type == DRMGMT_TYPE_BOOL && strcmp(value, "true") != 0 && strcmp(value, "false") != 0)
        return invalid(error, name, "true or false is expected");
    if (!drmgmt__utf8_valid(value))
        return invalid(error, name, "text in UTF-8 is expected");
    if (f->type != DRMGMT_TYPE_TAGS && has_filter(query, i))
        return invalid(error, name, "it is given twice");
    /* Of the limits only the list of words holds: a pattern may be shorter than any value. */
    char buffer[256];
    const char *wrong =
        f->schema && strstr(f->schema, "\"enum\"") ? drmgmt__limits_check(f, value, buffer, sizeof buffer) : NULL;
    if (wrong)
        return invalid(error, name, wrong);
    if (query->n_filters == DRMGMT__QUERY_FILTERS_MAX)
        return invalid(error, name, "too many filters");
    struct drmgmt__filter *filter = &query->filters[query->n_filters];
    filter->value = strdup(value);
    if (!filter->value)
        return drmgmt__fail_memory(error);
    filter->field = i;
    query->n_filters++;
    return 0;
}

int drmgmt_query_set(drmgmt_query *query, const char *name, const char *value, drmgmt_error **error)
{
    static const struct {
        const char *name;
        int (*set)(drmgmt_query *, const char *, drmgmt_error **);
    } words[] = { { "limit", set_limit },
                  { "cursor", set_cursor },
                  { "sort", set_sort },
                  { "since", set_since },
                  { "until", set_until } };

    if (!value)
        return invalid(error, name, "a value is expected");
    for (size_t i = 0; i < DRMGMT__COUNT(words); i++)
        if (strcmp(words[i].name, name) == 0)
            return words[i].set(query, value, error);
    /* The list of tags is filtered one tag at a time: "tag" reads better than "tags". */
    return add_filter(query, name,
                      strcmp(name, "tag") == 0 ? "tags"
                      : strcmp(name, "protocol") == 0 && drmgmt_entity_field(query->entity, "protocol") < 0
                          ? "protocols"
                          : name,
                      value, error);
}

const char *drmgmt__query_filter(const drmgmt_query *query, const char *name, size_t *from)
{
    int field = drmgmt_entity_field(query->entity, name);

    for (; *from < query->n_filters; ++*from)
        if (query->filters[*from].field == field)
            return query->filters[(*from)++].value;
    return NULL;
}
