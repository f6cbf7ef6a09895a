/* A value against a parameter's syntax: type, list, size, range, enumeration, pattern, reference. See validate.h. */
#include "tr181/validate_internal.h"

#include "core/cleanup.h"
#include "tr181/value.h"
#include <stdio.h>
#include <string.h>

enum { QUOTE_MAX = 60 };

struct compiled {
    const char *text; /* the model's: the same pointer is the same pattern */
    const drmgmt__dm_pattern *pattern;
};

struct checking {
    drmgmt__dm_validator *v;
    drmgmt__dm_verdict *verdict;
    const drmgmt__dm_item *item;
    const drmgmt__dm_syntax *syntax;
    const char *text; /* the value, or an item of the list */
    size_t n;
};

/* The value as it is quoted: cut, in one line; not at all when it is secret. */
struct quote {
    char text[QUOTE_MAX + 8];
};

static struct quote quoted(const struct checking *c)
{
    struct quote q = { "the value" };
    size_t n = c->n < QUOTE_MAX ? c->n : QUOTE_MAX;

    if (c->item->secured || c->item->hidden)
        return q;
    while (n > 0 && n < c->n && ((unsigned char)c->text[n] & 0xc0) == 0x80)
        n--;
    snprintf(q.text, sizeof q.text, "'%.*s%s'", (int)n, c->text, n < c->n ? "..." : "");
    return q;
}

/* ---- patterns ---- */

/* The table's place of a pattern: where it is or would be. */
static struct compiled *slot_of(const drmgmt__dm_validator *v, const char *text)
{
    uint32_t mask = v->n_slots - 1, at = (uint32_t)((uintptr_t)text >> 3) * 2654435761u & mask;

    while (v->patterns[at].text && v->patterns[at].text != text)
        at = (at + 1) & mask;
    return &v->patterns[at];
}

static bool grow_patterns(drmgmt__dm_validator *v)
{
    struct compiled *before = v->patterns;
    uint32_t n = v->n_slots, larger = n ? 2 * n : 256;

    if (2 * (v->n_patterns + 1) <= n)
        return true;
    v->patterns = drmgmt__arena_alloc(v->arena, larger * sizeof *v->patterns);
    if (!v->patterns) {
        v->patterns = before;
        return false;
    }
    v->n_slots = larger;
    for (uint32_t i = 0; i < n; i++)
        if (before[i].text)
            *slot_of(v, before[i].text) = before[i];
    return true;
}

/* NULL when it cannot be checked. */
static const drmgmt__dm_pattern *compiled(drmgmt__dm_validator *v, const char *text)
{
    struct compiled *slot;

    if (!grow_patterns(v))
        return NULL;
    slot = slot_of(v, text);
    if (!slot->text) {
        *slot = (struct compiled){ text, drmgmt__dm_pattern_new(v->arena, text) };
        v->n_patterns++;
    }
    return slot->pattern;
}

/* ---- enumerations and patterns ---- */

static bool is_choice(const drmgmt__dm_choice *choice, const char *text, size_t n)
{
    return choice->status != DRMGMT__DM_DELETED && strlen(choice->value) == n && memcmp(choice->value, text, n) == 0;
}

/* Some of the values, for who gave another. */
static void list_choices(const drmgmt__dm_syntax *syntax, char *out, size_t size)
{
    size_t used = 0;

    *out = '\0';
    for (uint32_t i = 0; i < syntax->n_choices; i++) {
        int n;
        if (syntax->choices[i].status == DRMGMT__DM_DELETED)
            continue;
        n = snprintf(out + used, size - used, "%s'%s'", used ? ", " : "", syntax->choices[i].value);
        if (n < 0 || (size_t)n + 4 >= size - used) {
            snprintf(out + used, size - used, "%s", used ? ".." : "");
            return;
        }
        used += (size_t)n;
    }
}

/* The value is one of the enumeration: whether it may be given. */
static bool may_be_chosen(struct checking *c, const drmgmt__dm_choice *choice)
{
    const drmgmt__dm_validator *v = c->v;

    if (choice->read_only && (v->purpose == DRMGMT__DM_TO_WRITE || v->purpose == DRMGMT__DM_TO_CREATE))
        return drmgmt__dm_found(c->v, c->verdict, DRMGMT__DM_FINDS_READ_ONLY,
                                "%s: only the device itself may set '%.*s'", c->item->path, QUOTE_MAX, choice->value);
    if (v->version && drmgmt__dm_version_compare(choice->version, v->version) > 0)
        return drmgmt__dm_found(c->v, c->verdict, DRMGMT__DM_FINDS_TOO_NEW,
                                "%s: '%.*s' is there from version %s on, the device has %s", c->item->path, QUOTE_MAX,
                                choice->value, choice->version, v->version);
    if (choice->status != DRMGMT__DM_CURRENT && c->verdict->finding == DRMGMT__DM_FINDS_VALID)
        drmgmt__dm_found(c->v, c->verdict, DRMGMT__DM_FINDS_OUTDATED, "%s: '%.*s' is %s", c->item->path, QUOTE_MAX,
                         choice->value, drmgmt__dm_status_name(choice->status));
    return true;
}

/* Enumerations and patterns beside each other: one must fit (TR-106, "Data Type Facets"). Vendors' own values begin
 * with X_ (TR-106, "Vendor-Specific Elements"). */
static bool check_choices(struct checking *c)
{
    const drmgmt__dm_syntax *s = c->syntax;
    bool doubt = false;
    char values[160];

    if (s->n_choices + s->n_patterns == 0)
        return true;
    for (uint32_t i = 0; i < s->n_choices; i++)
        if (is_choice(&s->choices[i], c->text, c->n))
            return may_be_chosen(c, &s->choices[i]);
    for (uint32_t i = 0; i < s->n_patterns; i++) {
        const drmgmt__dm_pattern *pattern = compiled(c->v, s->patterns[i].value);
        drmgmt__dm_matching matching =
            pattern ? drmgmt__dm_pattern_match(pattern, c->text, c->n, &c->v->budget) : DRMGMT__DM_GIVEN_UP;
        if (matching == DRMGMT__DM_MATCHES)
            return true;
        doubt = doubt || matching == DRMGMT__DM_GIVEN_UP;
    }
    if (s->n_choices && c->n > 2 && memcmp(c->text, "X_", 2) == 0)
        return true;
    if (doubt) {
        if (c->verdict->finding == DRMGMT__DM_FINDS_VALID)
            drmgmt__dm_found(c->v, c->verdict, DRMGMT__DM_FINDS_UNCHECKED,
                             "%s: a pattern of its type could not be checked", c->item->path);
        return true;
    }
    if (s->n_choices == 0)
        return drmgmt__dm_found(c->v, c->verdict, DRMGMT__DM_FINDS_CHOICE, "%s: %s does not match %s%.120s",
                                c->item->path, quoted(c).text, s->n_patterns > 1 ? "any pattern, the last is " : "",
                                s->patterns[s->n_patterns - 1].value);
    list_choices(s, values, sizeof values);
    return drmgmt__dm_found(c->v, c->verdict, DRMGMT__DM_FINDS_CHOICE, "%s: %s is none of %s", c->item->path,
                            quoted(c).text, values);
}

/* ---- sizes and ranges ---- */

static bool fits(const drmgmt__dm_size *sizes, uint32_t n, size_t length)
{
    for (uint32_t i = 0; i < n; i++)
        if (length >= sizes[i].min && (sizes[i].max == DRMGMT__DM_UNBOUNDED || length <= sizes[i].max))
            return true;
    return n == 0;
}

static bool too_long(struct checking *c, const drmgmt__dm_size *sizes, uint32_t n, size_t length, const char *unit)
{
    const drmgmt__dm_size *last = &sizes[n - 1];
    char limits[48];

    if (last->max == DRMGMT__DM_UNBOUNDED)
        snprintf(limits, sizeof limits, "at least %u", last->min);
    else if (last->min == 0)
        snprintf(limits, sizeof limits, "at most %u", last->max);
    else if (last->min == last->max)
        snprintf(limits, sizeof limits, "%u", last->min);
    else
        snprintf(limits, sizeof limits, "%u to %u", last->min, last->max);
    return drmgmt__dm_found(c->v, c->verdict, DRMGMT__DM_FINDS_SIZE, "%s: %s has %zu %s, %s %s allowed", c->item->path,
                            quoted(c).text, length, unit, limits, n > 1 ? "or other sizes are" : "are");
}

static bool is_limit(const char *limit)
{
    return limit && drmgmt__dm_is_decimal(limit, strlen(limit));
}

static bool in_range(const struct checking *c, const drmgmt__dm_range *range)
{
    const char *start = is_limit(range->min) ? range->min : is_limit(range->max) ? range->max : "0";

    if (is_limit(range->min) && drmgmt__dm_decimal_compare(c->text, c->n, range->min, strlen(range->min)) < 0)
        return false;
    if (is_limit(range->max) && drmgmt__dm_decimal_compare(c->text, c->n, range->max, strlen(range->max)) > 0)
        return false;
    return !range->step || drmgmt__dm_is_step(c->text, c->n, start, range->step);
}

static bool check_ranges(struct checking *c)
{
    const drmgmt__dm_syntax *s = c->syntax;
    char ranges[160] = "";
    size_t used = 0;

    for (uint32_t i = 0; i < s->n_ranges; i++)
        if (in_range(c, &s->ranges[i]))
            return true;
    if (s->n_ranges == 0)
        return true;
    for (uint32_t i = 0; i < s->n_ranges && used < sizeof ranges; i++) {
        const drmgmt__dm_range *range = &s->ranges[i];
        int n = snprintf(ranges + used, sizeof ranges - used, "%s%.30s:%.30s%s%.20s", i ? ", " : "",
                         range->min ? range->min : "", range->max ? range->max : "", range->step ? " in steps of " : "",
                         range->step ? range->step : "");
        used += n > 0 ? (size_t)n : 0;
    }
    return drmgmt__dm_found(c->v, c->verdict, DRMGMT__DM_FINDS_RANGE, "%s: %s is not in %s", c->item->path,
                            quoted(c).text, ranges);
}

/* ---- references ---- */

/* What a reference's value names; NULL: nothing that the model has. open: nothing can be told. */
static const drmgmt__dm_item *referred(struct checking *c, bool *open)
{
    drmgmt__dm_path *path = &c->v->path;
    drmgmt__dm_match match = { NULL, false, false };
    size_t n = c->n;
    char copy[DRMGMT__DM_PATH_MAX];

    *open = false;
    if (!drmgmt__dm_path_parse(path, c->text, n, DRMGMT__DM_PATH_REFERENCE, &c->v->complaint))
        return NULL;
    if (path->supported) {
        snprintf(c->v->complaint.words, sizeof c->v->complaint.words, "a reference names an instance, not {i}");
        return NULL;
    }
    if (drmgmt__dm_path_match(c->v->model, path, &match, &c->v->complaint)) {
        *open = match.open;
        return match.table ? NULL : match.item;
    }
    if (path->kind != DRMGMT__DM_PARAMETER || n + 1 >= sizeof copy)
        return NULL;
    memcpy(copy, c->text, n); /* "Device.DeviceInfo": an object, the dot at its end left out */
    copy[n] = '.';
    if (!drmgmt__dm_path_parse(path, copy, n + 1, 0, &c->v->complaint) ||
        !drmgmt__dm_path_match(c->v->model, path, &match, &c->v->complaint) || match.table)
        return NULL;
    return match.item;
}

static bool is_row(const drmgmt__dm_item *item)
{
    size_t n = strlen(item->path);

    return item->kind == DRMGMT__DM_OBJECT && n > 5 && memcmp(item->path + n - 5, ".{i}.", 5) == 0;
}

/* Whether the item is what pathRef's targetType says. */
static bool is_of_target_type(const drmgmt__dm_item *item, const char *type)
{
    if (strcmp(type, "parameter") == 0)
        return item->kind == DRMGMT__DM_PARAMETER;
    if (strcmp(type, "row") == 0)
        return is_row(item);
    if (strcmp(type, "object") == 0 || strcmp(type, "single") == 0)
        return item->kind == DRMGMT__DM_OBJECT && (*type == 'o' || !is_row(item));
    return true;
}

/* Whether the item is one of those that the targets name: a row of a table, or what is in an object. */
static bool is_target(const struct checking *c, const drmgmt__dm_reference *reference, const drmgmt__dm_item *item)
{
    for (const char *target = reference->target; *target; target += strspn(target, " ")) {
        size_t n = strcspn(target, " ");
        char path[DRMGMT__DM_PATH_MAX];
        const drmgmt__dm_item *object;
        if (!drmgmt__dm_target(c->v->model, c->item, target, n, reference->scope, path))
            return true;
        object = drmgmt__dm_object_at(c->v->model, path);
        if (!object || object == item || item->parent == object)
            return true; /* a target that this model has not can be anything */
        target += n;
    }
    return false;
}

static bool check_path_reference(struct checking *c, const drmgmt__dm_reference *reference)
{
    bool open, limited = reference->target && *reference->target;
    const drmgmt__dm_item *item;

    if (c->n == 0) /* the null reference */
        return true;
    item = referred(c, &open);
    if (open)
        return true;
    if (!item)
        return drmgmt__dm_found(
            c->v, c->verdict, DRMGMT__DM_FINDS_REFERENCE, "%s: %s is no reference: %s", c->item->path, quoted(c).text,
            c->v->complaint.words[0] ? c->v->complaint.words : "it is a table, not one of its rows");
    if (!is_of_target_type(item, reference->target_type))
        return drmgmt__dm_found(c->v, c->verdict, DRMGMT__DM_FINDS_REFERENCE, "%s: %s is no %s", c->item->path,
                                quoted(c).text, reference->target_type);
    if (limited && !is_target(c, reference, item))
        return drmgmt__dm_found(c->v, c->verdict, DRMGMT__DM_FINDS_REFERENCE, "%s: %s is not in %.150s", c->item->path,
                                quoted(c).text, reference->target);
    return true;
}

/* One of the values that another parameter may have; which of them a device has is not known here. */
static bool check_enumeration_reference(struct checking *c, const drmgmt__dm_reference *reference)
{
    char path[DRMGMT__DM_PATH_MAX], values[160];
    const drmgmt__dm_item *other = NULL;
    const drmgmt__dm_syntax *s;

    if (reference->null_value && strlen(reference->null_value) == c->n &&
        memcmp(reference->null_value, c->text, c->n) == 0)
        return true;
    if (reference->target &&
        drmgmt__dm_target(c->v->model, c->item, reference->target, strlen(reference->target), reference->scope, path))
        other = drmgmt__dm_find(c->v->model, path, strlen(path));
    s = other ? other->syntax : NULL;
    if (!s || s->n_choices == 0 || s->n_patterns || (c->n > 2 && memcmp(c->text, "X_", 2) == 0))
        return true;
    for (uint32_t i = 0; i < s->n_choices; i++)
        if (is_choice(&s->choices[i], c->text, c->n))
            return true;
    list_choices(s, values, sizeof values);
    return drmgmt__dm_found(c->v, c->verdict, DRMGMT__DM_FINDS_CHOICE, "%s: %s is no value of %s: %s", c->item->path,
                            quoted(c).text, other->path, values);
}

/* ---- one value ---- */

static bool is_sized(unsigned base)
{
    return base == DRMGMT__DM_STRING || base == DRMGMT__DM_HEXBINARY || base == DRMGMT__DM_BASE64;
}

static bool check_one(struct checking *c)
{
    static const char *const hints[DRMGMT__DM_BASE_COUNT] = {
        [DRMGMT__DM_BOOLEAN] = ": true, false, 1 or 0",
        [DRMGMT__DM_DATETIME] = ": 2026-01-31T12:00:00Z",
        [DRMGMT__DM_HEXBINARY] = ": two digits of 0-9, a-f an octet",
        [DRMGMT__DM_INT] = ": -2147483648 to 2147483647",
        [DRMGMT__DM_UNSIGNED_INT] = ": 0 to 4294967295",
    };
    const drmgmt__dm_syntax *s = c->syntax;
    const drmgmt__dm_reference *reference = s->reference;
    size_t length;

    if (!drmgmt__dm_is_of((drmgmt__dm_base)s->base, c->text, c->n))
        return drmgmt__dm_found(c->v, c->verdict, DRMGMT__DM_FINDS_NOT_OF_TYPE, "%s: %s is no %s%s", c->item->path,
                                quoted(c).text, drmgmt__dm_base_name(s->base), hints[s->base] ? hints[s->base] : "");
    if (is_sized(s->base)) {
        length = drmgmt__dm_length_of((drmgmt__dm_base)s->base, c->text, c->n);
        if (!fits(s->sizes, s->n_sizes, length))
            return too_long(c, s->sizes, s->n_sizes, length, s->base == DRMGMT__DM_STRING ? "characters" : "octets");
    } else if (s->base != DRMGMT__DM_BOOLEAN && s->base != DRMGMT__DM_DATETIME && !check_ranges(c)) {
        return false;
    }
    if (!check_choices(c))
        return false;
    if (reference && strcmp(reference->kind, "pathRef") == 0)
        return check_path_reference(c, reference);
    if (reference && strcmp(reference->kind, "enumerationRef") == 0)
        return check_enumeration_reference(c, reference);
    return true;
}

/* ---- lists ---- */

static bool is_hex_digit(char c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

static unsigned hex_of(char c)
{
    return c <= '9' ? (unsigned)(c - '0') : (unsigned)((c | 0x20) - 'a' + 10);
}

/* Undoes %2C and the like of a string in a list, in scratch. */
static void undo_escapes(struct checking *c)
{
    drmgmt__strbuf *out = &c->v->scratch;

    if (c->syntax->base != DRMGMT__DM_STRING || !memchr(c->text, '%', c->n))
        return;
    drmgmt__strbuf_reset(out);
    for (size_t i = 0; i < c->n; i++) {
        bool escape = c->text[i] == '%' && c->n - i > 2 && is_hex_digit(c->text[i + 1]) && is_hex_digit(c->text[i + 2]);
        drmgmt__strbuf_putc(out, escape ? (char)(hex_of(c->text[i + 1]) << 4 | hex_of(c->text[i + 2])) : c->text[i]);
        i += escape ? 2 : 0;
    }
    if (!out->failed && out->data && strlen(out->data) == out->length && drmgmt__utf8_valid(out->data)) {
        c->text = out->data;
        c->n = out->length;
    }
}

/* The end of a list's item: the next comma that is in no brackets, where those count. NULL: brackets do not match. */
static const char *item_end(const char *at, bool brackets)
{
    unsigned depth = 0;

    for (; *at && (*at != ',' || depth); at++) {
        depth += brackets && *at == '[';
        if (brackets && *at == ']' && depth-- == 0)
            return NULL;
    }
    return depth ? NULL : at;
}

static bool wrong_list(struct checking *c, size_t items)
{
    const drmgmt__dm_syntax *s = c->syntax;
    char limits[48];

    if (s->list_max == DRMGMT__DM_UNBOUNDED)
        snprintf(limits, sizeof limits, "at least %u are needed", s->list_min);
    else if (s->list_min == 0)
        snprintf(limits, sizeof limits, "at most %u are allowed", s->list_max);
    else if (s->list_min == s->list_max)
        snprintf(limits, sizeof limits, "%u are needed", s->list_min);
    else
        snprintf(limits, sizeof limits, "%u to %u are allowed", s->list_min, s->list_max);
    return drmgmt__dm_found(c->v, c->verdict, DRMGMT__DM_FINDS_LIST, "%s: the list has %zu items, %s", c->item->path,
                            items, limits);
}

/* Items have commas between them, blanks around those do not count; "" is the list without items. */
static bool check_list(struct checking *c, const char *value)
{
    const drmgmt__dm_syntax *s = c->syntax;
    bool brackets = s->nesting && strcmp(s->nesting, "legacy") != 0;
    size_t items = 0, length = drmgmt__dm_length_of(DRMGMT__DM_STRING, value, strlen(value));

    if (!fits(s->list_sizes, s->n_list_sizes, length))
        return too_long(c, s->list_sizes, s->n_list_sizes, length, "characters");
    for (const char *at = value; *value;) {
        const char *end = item_end(at, brackets);
        if (!end)
            return drmgmt__dm_found(c->v, c->verdict, DRMGMT__DM_FINDS_LIST, "%s: brackets in the list do not match",
                                    c->item->path);
        c->text = at + strspn(at, " \t\r\n");
        c->n = c->text < end ? (size_t)(end - c->text) : 0;
        while (c->n && strchr(" \t\r\n", c->text[c->n - 1]))
            c->n--;
        undo_escapes(c);
        items++;
        if (!check_one(c))
            return false;
        if (!*end)
            break;
        at = end + 1;
    }
    if (items < s->list_min || (s->list_max != DRMGMT__DM_UNBOUNDED && items > s->list_max))
        return wrong_list(c, items);
    return true;
}

bool drmgmt__dm_check_value(drmgmt__dm_validator *v, drmgmt__dm_verdict *verdict, const char *value)
{
    const drmgmt__dm_item *item = verdict->item;
    size_t n = strnlen(value, DRMGMT__DM_VALUE_MAX + 1);
    struct checking c = { v, verdict, item, item->syntax, value, n };

    if (n > DRMGMT__DM_VALUE_MAX)
        return drmgmt__dm_found(v, verdict, DRMGMT__DM_FINDS_SIZE, "%s: the value is larger than a megabyte",
                                item->path);
    if (!drmgmt__utf8_valid(value))
        return drmgmt__dm_found(v, verdict, DRMGMT__DM_FINDS_NOT_OF_TYPE, "%s: the value is not UTF-8", item->path);
    return item->syntax->list ? check_list(&c, value) : check_one(&c);
}
