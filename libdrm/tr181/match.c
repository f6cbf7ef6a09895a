/* Finds what a path means in a data model: see path.h. */
#include "tr181/path.h"

#include "core/cleanup.h"
#include "tr181/value.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { TRIES_MAX = 256 }; /* targets of references gone through for a path: each may have many, and follow more */

struct matching {
    const drmgmt__dm_model *model;
    const drmgmt__dm_path *path;
    drmgmt__dm_match *match;
    drmgmt__dm_complaint *complaint;
    unsigned tries;
};

/* A path of the model that grows: always ends with a dot between parts. */
struct place {
    char text[DRMGMT__DM_PATH_MAX];
    size_t n;
};

static bool walk(struct matching *m, unsigned at, struct place *place);
static bool missing(struct matching *m, struct place *place, const drmgmt__dm_step *name, const char *end);

static DRMGMT_PRINTF(2, 3) bool wrong(struct matching *m, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(m->complaint->words, sizeof m->complaint->words, format, args);
    va_end(args);
    m->complaint->at = 0;
    return false;
}

/* Where the model says nothing of what is below. */
static bool open_end(struct matching *m, const char *why)
{
    wrong(m, "%s", why);
    *m->match = (drmgmt__dm_match){ .open = true };
    return true;
}

static bool append(struct place *place, const char *text, size_t n)
{
    if (place->n + n >= sizeof place->text)
        return false;
    memcpy(place->text + place->n, text, n);
    place->n += n;
    place->text[place->n] = '\0';
    return true;
}

/* The item of the place with a name and an end behind it, of the kind asked for; NULL. The place stays. */
static const drmgmt__dm_item *below(struct matching *m, struct place *place, const drmgmt__dm_step *name,
                                    const char *end, drmgmt__dm_kind kind)
{
    size_t n = place->n;
    const drmgmt__dm_item *item = NULL;

    if (append(place, name->text, name->length) && append(place, end, strlen(end)))
        item = drmgmt__dm_find(m->model, place->text, place->n);
    place->n = n;
    place->text[n] = '\0';
    return item && item->kind == (uint8_t)kind ? item : NULL;
}

/* ---- references ---- */

/* Cuts the last part off: a name, with the {i} behind it, or a command with its input or output. */
static bool up(struct place *place)
{
    static const char *const ends[] = { "{i}.", "input.", "output." };
    size_t n = place->n;

    for (size_t i = 0; i < DRMGMT__COUNT(ends); i++) {
        size_t length = strlen(ends[i]);
        bool call = i == 0 || (n > length + 3 && memcmp(place->text + n - length - 3, "().", 3) == 0);
        if (call && n > length && memcmp(place->text + n - length, ends[i], length) == 0) {
            n -= length;
            break;
        }
    }
    if (n > 0)
        n--;
    while (n > 0 && place->text[n - 1] != '.')
        n--;
    place->n = n;
    place->text[n] = '\0';
    return n > 0;
}

/* The object in which a parameter is, and the model's outermost one. */
static bool owner_of(const drmgmt__dm_item *parameter, struct place *place)
{
    place->n = 0;
    return append(place, parameter->path, (size_t)(parameter->name - parameter->path));
}

static bool root_of(const drmgmt__dm_item *parameter, struct place *place)
{
    size_t n = strcspn(parameter->path, ".");

    n += parameter->path[n] == '.';
    n += strncmp(parameter->path + n, "{i}.", 4) == 0 ? 4 : 0;
    place->n = 0;
    return append(place, parameter->path, n);
}

bool drmgmt__dm_target(const drmgmt__dm_model *model, const drmgmt__dm_item *parameter, const char *target, size_t n,
                       const char *scope, char out[DRMGMT__DM_PATH_MAX])
{
    struct place place = { "", 0 };
    bool of_root = (n && *target == '.') || strcmp(scope, "model") == 0, found;
    size_t hashes = 0;

    while (hashes < n && target[hashes] == '#')
        hashes++;
    found = of_root ? root_of(parameter, &place) : owner_of(parameter, &place);
    for (size_t i = 0; i < hashes && found; i++)
        found = up(&place);
    target += hashes;
    n -= hashes;
    if (n && *target == '.')
        target++, n--;
    /* "Device.IP.Interface." in full, as some models have it, is no object below the parameter's. */
    if (found && !hashes && !of_root && model->n_items) {
        const char *first = model->items[0]->path;
        size_t length = strcspn(first, ".") + 1;
        if (n >= length && strncmp(target, first, length) == 0)
            place.n = 0;
    }
    if (!found || !append(&place, target, n))
        return false;
    memcpy(out, place.text, place.n + 1);
    return true;
}

const drmgmt__dm_item *drmgmt__dm_object_at(const drmgmt__dm_model *model, const char *path)
{
    struct place place = { "", 0 };
    const drmgmt__dm_item *item;

    if (!append(&place, path, strlen(path)) || (place.n && place.text[place.n - 1] != '.' && !append(&place, ".", 1)))
        return NULL;
    item = drmgmt__dm_find(model, place.text, place.n);
    if (!item && append(&place, "{i}.", 4))
        item = drmgmt__dm_find(model, place.text, place.n);
    return item && item->kind == DRMGMT__DM_OBJECT ? item : NULL;
}

/* Goes on behind a parameter's reference, at each of its targets until one has what is asked for. */
static bool follow(struct matching *m, unsigned at, const drmgmt__dm_item *parameter)
{
    const drmgmt__dm_step *step = &m->path->steps[at];
    const drmgmt__dm_syntax *syntax = parameter->syntax;
    const drmgmt__dm_reference *reference = syntax ? syntax->reference : NULL;

    if (!reference || strcmp(reference->kind, "pathRef") != 0)
        return wrong(m, "%s is no reference to an object: it cannot be followed", parameter->path);
    if (!syntax->list && step->number != 1)
        return wrong(m, "%s is no list: follow it with a plain +", parameter->path);
    if (!reference->target || !*reference->target)
        return open_end(m, "what a reference points to is not limited by the model");
    for (const char *target = reference->target; *target; target += strspn(target, " ")) {
        size_t n = strcspn(target, " ");
        char path[DRMGMT__DM_PATH_MAX];
        const drmgmt__dm_item *object = NULL;
        struct place place = { "", 0 };
        if (++m->tries > TRIES_MAX)
            return wrong(m, "the path follows too many references");
        if (drmgmt__dm_target(m->model, parameter, target, n, reference->scope, path))
            object = drmgmt__dm_object_at(m->model, path);
        if (object && append(&place, object->path, strlen(object->path))) {
            if (at + 1 == m->path->n_steps) {
                *m->match = (drmgmt__dm_match){ .item = object };
                return true;
            }
            if (walk(m, at + 1, &place))
                return true;
            if (m->tries > TRIES_MAX)
                return false;
        }
        target += n;
    }
    return wrong(m, "nothing that %s may point to has what the path goes on with", parameter->path);
}

/* ---- instances ---- */

static bool is_ordered(const drmgmt__dm_syntax *syntax)
{
    return !syntax->list && syntax->base != DRMGMT__DM_STRING && syntax->base != DRMGMT__DM_BOOLEAN &&
           syntax->base != DRMGMT__DM_BASE64 && syntax->base != DRMGMT__DM_HEXBINARY;
}

/* Whether a condition fits the type of what it asks for (TR-369, "Searching with Expressions"). */
static bool fits(struct matching *m, const drmgmt__dm_condition *condition, const drmgmt__dm_item *item)
{
    const drmgmt__dm_syntax *syntax = item->syntax;
    const char *type = syntax ? drmgmt__dm_base_name(syntax->base) : "", *op = drmgmt__dm_operator_name(condition->op);
    bool text;

    if (!syntax)
        return true;
    text = syntax->base == DRMGMT__DM_STRING;
    if (condition->op == DRMGMT__DM_CONTAINS && !syntax->list)
        return wrong(m, "%s is no list, which ~= asks for", item->path);
    if (condition->op > DRMGMT__DM_CONTAINS && !is_ordered(syntax))
        return wrong(m, "%s is a %s%s: %s cannot compare it", item->path, syntax->list ? "list of type " : "", type,
                     op);
    if (text && !condition->quoted)
        return wrong(m, "%s is a string: put the value behind %s into double quotes", item->path, op);
    if (condition->quoted && (is_ordered(syntax) || syntax->base == DRMGMT__DM_BOOLEAN) &&
        syntax->base != DRMGMT__DM_DATETIME)
        return wrong(m, "%s is of type %s: the value behind %s has no quotes", item->path, type, op);
    if (syntax->list && condition->op != DRMGMT__DM_CONTAINS)
        return true; /* the whole list as text */
    if (!drmgmt__dm_is_of((drmgmt__dm_base)syntax->base, condition->value, condition->value_length))
        return wrong(m, "%s is of type %s, which '%.*s' is not", item->path, type,
                     (int)(condition->value_length < 60 ? condition->value_length : 60), condition->value);
    return true;
}

static bool search(struct matching *m, const drmgmt__dm_step *step, const struct place *row)
{
    for (unsigned i = 0; i < step->n; i++) {
        const drmgmt__dm_condition *condition = &m->path->conditions[step->first + i];
        drmgmt__dm_path relative = { .kind = 0 };
        drmgmt__dm_match found = { NULL, false, false };
        struct matching inner = { m->model, &relative, &found, m->complaint, m->tries };
        struct place place = *row;
        if (!drmgmt__dm_path_parse(&relative, condition->parameter, condition->parameter_length,
                                   DRMGMT__DM_PATH_RELATIVE, m->complaint) ||
            !walk(&inner, 0, &place))
            return false;
        m->tries = inner.tries;
        if (found.open)
            continue;
        if (found.item->kind != DRMGMT__DM_PARAMETER)
            return wrong(m, "%s is no parameter, which a condition asks for", found.item->path);
        if (!fits(m, condition, found.item))
            return false;
    }
    return true;
}

/* The steps at and behind it: a table's name and an instance. place becomes the row's. */
static bool enter_row(struct matching *m, unsigned at, struct place *place)
{
    const drmgmt__dm_step *name = &m->path->steps[at], *instance = name + 1;
    static const drmgmt__dm_step alias = { .text = "Alias", .length = 5 };

    if (below(m, place, name, ".", DRMGMT__DM_OBJECT))
        return wrong(m, "%s%.*s. is no table: there are no instances of it", place->text, (int)name->length,
                     name->text);
    if (!below(m, place, name, ".{i}.", DRMGMT__DM_OBJECT))
        return missing(m, place, name, ".{i}.");
    if (!append(place, name->text, name->length) || !append(place, ".{i}.", 5))
        return wrong(m, "the path is too long");
    if (instance->kind == DRMGMT__DM_STEP_ALIAS && !below(m, place, &alias, "", DRMGMT__DM_PARAMETER))
        return wrong(m, "%s has no Alias: use its number, or a condition in the brackets", place->text);
    return instance->kind != DRMGMT__DM_STEP_SEARCH || search(m, instance, place);
}

/* ---- names ---- */

/* Why a name is not there; a vendor's own, and what is below a mount point, is not for the model to say. */
static bool missing(struct matching *m, struct place *place, const drmgmt__dm_step *name, const char *end)
{
    const drmgmt__dm_item *around = place->n ? drmgmt__dm_find(m->model, place->text, place->n) : NULL;

    if (around && around->kind == DRMGMT__DM_OBJECT && around->mount && strcmp(around->mount, "mountPoint") == 0)
        return open_end(m, "it is below a mount point, where other models go on");
    if (name->length > 2 && memcmp(name->text, "X_", 2) == 0)
        return open_end(m, "it is a vendor's extension, of which the model says nothing");
    if (*end != '\0' && strcmp(end, ".") != 0)
        return wrong(m, "there is no %s%.*s%s", place->text, (int)name->length, name->text, end);
    if (below(m, place, name, ".{i}.", DRMGMT__DM_OBJECT))
        return wrong(m, "%s%.*s. is a table: an instance is missing behind it", place->text, (int)name->length,
                     name->text);
    if (!*end && below(m, place, name, ".", DRMGMT__DM_OBJECT))
        return wrong(m, "%s%.*s is an object: put a dot behind it", place->text, (int)name->length, name->text);
    if (!*end && below(m, place, name, "()", DRMGMT__DM_COMMAND))
        return wrong(m, "%s%.*s is a command: put () behind it", place->text, (int)name->length, name->text);
    if (!*end && below(m, place, name, "!", DRMGMT__DM_EVENT))
        return wrong(m, "%s%.*s is an event: put ! behind it", place->text, (int)name->length, name->text);
    return wrong(m, "there is no %s%.*s%s", place->text, (int)name->length, name->text, end);
}

/* The last name of the path. */
static bool leaf(struct matching *m, const drmgmt__dm_step *name, struct place *place)
{
    static const char *const ends[] = { ".", "", "()", "!" };
    const drmgmt__dm_item *item = below(m, place, name, ends[m->path->kind], (drmgmt__dm_kind)m->path->kind);
    bool table = false;

    if (!item && m->path->kind == DRMGMT__DM_OBJECT) {
        item = below(m, place, name, ".{i}.", DRMGMT__DM_OBJECT);
        table = item != NULL;
    }
    if (!item)
        return missing(m, place, name, ends[m->path->kind]);
    *m->match = (drmgmt__dm_match){ .item = item, .table = table };
    return true;
}

/* A command or event of which an argument is meant. */
static bool enter_call(struct matching *m, const drmgmt__dm_step *name, struct place *place)
{
    static const char *const parts[] = { "", "().input.", "().output.", "!." };
    bool command = m->path->called == DRMGMT__DM_COMMAND;
    const char *end = command ? "()" : "!", *part = parts[m->path->role];

    if (!below(m, place, name, end, (drmgmt__dm_kind)m->path->called))
        return missing(m, place, name, end);
    return (append(place, name->text, name->length) && append(place, part, strlen(part))) ||
           wrong(m, "the path is too long");
}

static bool enter_object(struct matching *m, const drmgmt__dm_step *name, struct place *place)
{
    if (!below(m, place, name, ".", DRMGMT__DM_OBJECT))
        return missing(m, place, name, ".");
    return (append(place, name->text, name->length) && append(place, ".", 1)) || wrong(m, "the path is too long");
}

/* Goes through the path's steps from at on, below place. */
static bool walk(struct matching *m, unsigned at, struct place *place)
{
    const drmgmt__dm_path *path = m->path;

    while (at < path->n_steps) {
        const drmgmt__dm_step *name = &path->steps[at], *next = at + 1 < path->n_steps ? name + 1 : NULL;
        const drmgmt__dm_item *item;
        if (next && next->kind == DRMGMT__DM_STEP_FOLLOW) {
            item = below(m, place, name, "", DRMGMT__DM_PARAMETER);
            return item ? follow(m, at + 1, item) : missing(m, place, name, "");
        }
        if (next && next->kind != DRMGMT__DM_STEP_NAME) {
            if (!enter_row(m, at, place))
                return false;
            if (m->match->open)
                return true;
            at += 2;
        } else {
            bool call = path->call && at + 1 == path->call;
            if (!next)
                return leaf(m, name, place);
            if (!(call ? enter_call(m, name, place) : enter_object(m, name, place)))
                return false;
            if (m->match->open)
                return true;
            at++;
        }
    }
    *m->match = (drmgmt__dm_match){ .item = drmgmt__dm_find(m->model, place->text, place->n) };
    return m->match->item != NULL || wrong(m, "there is no %s", place->text);
}

bool drmgmt__dm_path_match(const drmgmt__dm_model *model, const drmgmt__dm_path *path, drmgmt__dm_match *match,
                           drmgmt__dm_complaint *complaint)
{
    static const char services[] = "Services";
    struct matching m = { model, path, match, complaint, 0 };
    struct place place = { "", 0 };
    bool below_services = model->is_service && path->n_steps > 2 && path->steps[1].kind == DRMGMT__DM_STEP_NAME &&
                          path->steps[1].length == strlen(services) &&
                          memcmp(path->steps[1].text, services, strlen(services)) == 0;

    *match = (drmgmt__dm_match){ NULL, false, false };
    *complaint = (drmgmt__dm_complaint){ 0, "" };
    /* A service's model begins with what a device has below "Device.Services." (TR-106, "Services"). */
    return walk(&m, below_services ? 2 : 0, &place);
}
