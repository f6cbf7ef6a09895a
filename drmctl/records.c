/* Records through a writer: cells and columns are read off the entity's description. Called by list and show
 * handlers. */
#include "writer.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct sheet {
    ctl_column columns[CTL_COLUMNS_MAX];
    const drmgmt_field *fields[CTL_COLUMNS_MAX];
    size_t n;
};

static void add_column(struct sheet *s, const drmgmt_field *field)
{
    bool literal = field->type == DRMGMT_TYPE_INT || field->type == DRMGMT_TYPE_BOOL;

    if (s->n == CTL_COLUMNS_MAX)
        return;
    s->fields[s->n] = field;
    s->columns[s->n++] = (ctl_column){ field->name, literal ? CTL_LITERAL : CTL_TEXT };
}

/* --columns id,name: in the order given. */
static int choose_columns(const ctl *c, struct sheet *s, const drmgmt_entity *entity, const char *wanted)
{
    if (strcmp(ctl_writer_of(c)->name, "json") == 0)
        return ctl_usage(c, "--columns goes with -o table and -o csv; JSON always has all fields");
    for (const char *at = wanted; *at; at += *at == ',') {
        char name[64];
        size_t n = strcspn(at, ",");
        snprintf(name, sizeof name, "%.*s", (int)(n < sizeof name ? n : sizeof name - 1), at);
        int i = drmgmt_entity_field(entity, name);
        if (i < 0) {
            ctl_nearest nearest = { .wanted = name };
            for (size_t f = 0; f < entity->n_fields; f++)
                ctl_nearest_try(&nearest, entity->fields[f].name);
            const char *near = ctl_nearest_word(&nearest);
            return ctl_usage(c, "--columns %s: there is no such field in a %s%s%s", name, entity->name,
                             near ? "; did you mean " : "", near ? near : "");
        }
        if (entity->fields[i].flags & (DRMGMT_FIELD_DETAIL | DRMGMT_FIELD_INPUT))
            return ctl_usage(c, "--columns %s: lists do not have it, only show does", name);
        add_column(s, &entity->fields[i]);
        at += n;
    }
    return s->n ? 0 : ctl_usage(c, "--columns: names of fields are wanted, with commas between them");
}

static int list_columns(const ctl *c, struct sheet *s, const drmgmt_entity *entity)
{
    const char *wanted = ctl_value(c, "columns");
    bool all = ctl_writer_of(c)->all_columns;

    if (wanted)
        return choose_columns(c, s, entity, wanted);
    for (size_t i = 0; i < entity->n_fields; i++) {
        unsigned flags = entity->fields[i].flags;
        if (all ? !(flags & (DRMGMT_FIELD_DETAIL | DRMGMT_FIELD_INPUT)) : (flags & DRMGMT_FIELD_COLUMN) != 0)
            add_column(s, &entity->fields[i]);
    }
    return 0;
}

/* ---- cells ---- */

/* ["a","b"] as "a, b". */
static char *join(const char *json)
{
    json_t *array = json_loads(json, 0, NULL), *item;
    size_t i;
    char *text = malloc(strlen(json) + 1), *to = text;

    if (text)
        *text = '\0';
    json_array_foreach(array, i, item)
    {
        if (!text || !json_is_string(item))
            continue;
        to = stpcpy(to, i ? ", " : "");
        to = stpcpy(to, json_string_value(item));
    }
    json_decref(array);
    return text;
}

/* To the second: fractions help nobody who reads a list. */
static char *whole_seconds(const char *time)
{
    const char *dot = strchr(time, '.');
    char *text = strdup(time);

    if (text && dot)
        strcpy(text + (dot - time), "Z");
    return text;
}

/* Secrets are told only as set or not: as the library's JSON has it, or in a word. */
static char *secret_state(const char *json, const char *field, bool lossless)
{
    json_t *object = json_loads(json, 0, NULL), *state = json_object_get(object, field);
    bool set = json_is_true(json_object_get(state, "set"));
    char *text = lossless ? json_dumps(state, JSON_COMPACT) : strdup(set ? "(set)" : "");

    json_decref(object);
    return text;
}

/* For people; NULL: as it is. */
static char *dress(const drmgmt_field *f, const char *text, bool list)
{
    if (text && f->type == DRMGMT_TYPE_TAGS)
        return join(text);
    if (text && f->type == DRMGMT_TYPE_TIME && list)
        return whole_seconds(text);
    return NULL;
}

static int write_record(ctl_writer *w, const struct sheet *s, const drmgmt_record *record, bool one)
{
    const char *cells[CTL_COLUMNS_MAX];
    char *owned[CTL_COLUMNS_MAX] = { NULL };
    char *json = NULL;

    if (drmgmt_record_json(record, &json, NULL))
        return ctl_complain(DRMGMT_ERR_NO_MEMORY, "out of memory");
    for (size_t i = 0; i < s->n; i++) {
        const drmgmt_field *f = s->fields[i];
        cells[i] = drmgmt_record_text(record, f->name);
        if (f->flags & DRMGMT_FIELD_SECRET)
            owned[i] = secret_state(json, f->name, w->ops->lossless);
        else if (!w->ops->lossless)
            owned[i] = dress(f, cells[i], !one);
        if (owned[i])
            cells[i] = owned[i];
    }
    (one ? w->ops->one : w->ops->row)(w, cells, json);
    w->n_rows++;
    for (size_t i = 0; i < s->n; i++)
        free(owned[i]);
    drmgmt_free(json);
    return 0;
}

int ctl_show(const ctl *c, drmgmt_record *record)
{
    struct sheet s = { .n = 0 };
    const drmgmt_entity *entity = drmgmt_record_entity(record);

    for (size_t i = 0; i < entity->n_fields; i++)
        add_column(&s, &entity->fields[i]);
    ctl_writer w = { .ops = ctl_writer_of(c), .columns = s.columns, .n_columns = s.n };
    int code = write_record(&w, &s, record, true);
    drmgmt_record_free(record);
    return code ? code : ctl_output_check();
}

int ctl_show_one(ctl *c, ctl_get_fn *get)
{
    drmgmt_record *record = NULL;
    drmgmt_error *error = NULL;
    int code = ctl_open(c);

    if (!code && get(c->session, c->args[0], &record, &error))
        code = ctl_fail(error);
    return code ? code : ctl_show(c, record);
}

/* ---- lists ---- */

static int set(drmgmt_query *query, const char *name, const char *value)
{
    drmgmt_error *error = NULL;

    return drmgmt_query_set(query, name, value, &error) ? ctl_fail(error) : 0;
}

static int set_times(const ctl *c, drmgmt_query *query)
{
    static const char *const words[] = { "since", "until" };
    int code = 0;

    for (size_t i = 0; i < CTL_COUNT(words) && !code; i++)
        if (ctl_has(c, words[i]))
            code = set(query, words[i], ctl_value(c, words[i]));
    return code;
}

static int set_filters(const ctl *c, drmgmt_query *query, const drmgmt_entity *entity)
{
    for (size_t i = 0; i < entity->n_fields; i++) {
        char option[64];
        if (!(entity->fields[i].flags & DRMGMT_FIELD_FILTER))
            continue;
        if (entity->fields[i].type == DRMGMT_TYPE_TIME) {
            int code = set_times(c, query);
            if (code)
                return code;
            continue;
        }
        ctl_filter_option(&entity->fields[i], option);
        for (size_t n = 0; ctl_nth(c, option, n); n++) {
            int code = set(query, entity->fields[i].name, ctl_nth(c, option, n));
            if (code)
                return code;
        }
    }
    return 0;
}

static int set_query(const ctl *c, drmgmt_query *query, const drmgmt_entity *entity)
{
    const char *sort = ctl_value(c, "sort"), *cursor = ctl_value(c, "cursor");
    int code = set_filters(c, query, entity);

    if (!code && sort)
        code = set(query, "sort", sort);
    if (!code && cursor)
        code = set(query, "cursor", cursor);
    return code;
}

static int next_page(ctl *c, ctl_list_fn *list, drmgmt_query *query, long long rest, drmgmt_page **page)
{
    char limit[24];
    drmgmt_error *error = NULL;

    snprintf(limit, sizeof limit, "%lld", rest < DRMGMT_LIMIT_MAX ? rest : DRMGMT_LIMIT_MAX);
    int code = set(query, "limit", limit);
    if (code)
        return code;
    return list(c->session, query, page, &error) ? ctl_fail(error) : 0;
}

/* Pages until nothing is left or rest rows are shown; each is written before the next one is asked for. */
static int write_pages(ctl *c, ctl_list_fn *list, drmgmt_query *query, const struct sheet *s, ctl_writer *w,
                       long long rest)
{
    drmgmt_page *page = NULL;
    int code = next_page(c, list, query, rest, &page);

    if (code)
        return code;
    w->ops->begin(w);
    while (!code) {
        size_t count = drmgmt_page_count(page);
        const char *next = drmgmt_page_next(page);
        for (size_t i = 0; i < count && !code; i++)
            code = write_record(w, s, drmgmt_page_record(page, i), false);
        rest -= (long long)count;
        if (!code && (!next || rest <= 0)) {
            w->ops->end(w, next);
            break;
        }
        w->ops->page(w);
        if (!code)
            code = ctl_output_check();
        if (!code)
            code = set(query, "cursor", next);
        drmgmt_page_free(page);
        page = NULL;
        if (!code)
            code = next_page(c, list, query, rest, &page);
    }
    drmgmt_page_free(page);
    return code;
}

int ctl_list(ctl *c, ctl_list_fn *list)
{
    const drmgmt_entity *entity = drmgmt_entity_find(c->command->entity);
    struct sheet s = { .n = 0 };
    long long limit = DRMGMT_LIMIT_DEFAULT;
    int code = ctl_number(c, "limit", 1, INT64_MAX, &limit);

    if (!code && ctl_has(c, "all") && ctl_has(c, "limit"))
        code = ctl_usage(c, "--all and --limit exclude each other");
    if (ctl_has(c, "all"))
        limit = INT64_MAX;
    if (!code)
        code = list_columns(c, &s, entity);
    if (!code)
        code = ctl_open(c);
    if (code)
        return code;
    drmgmt_query *query = drmgmt_query_new(entity);
    if (!query)
        return ctl_complain(DRMGMT_ERR_NO_MEMORY, "out of memory");
    ctl_writer w = { .ops = ctl_writer_of(c), .columns = s.columns, .n_columns = s.n, .list = true };
    code = set_query(c, query, entity);
    if (!code)
        code = write_pages(c, list, query, &s, &w, limit);
    if (w.ops->clear)
        w.ops->clear(&w);
    drmgmt_query_free(query);
    return code ? code : ctl_output_check();
}
