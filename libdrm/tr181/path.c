/* Parses and prints paths: see path.h. */
#include "tr181/path.h"

#include "core/cleanup.h"
#include <stdio.h>
#include <string.h>

struct scan {
    const char *text;
    size_t n, at;
    unsigned flags;
    drmgmt__dm_path *path;
    drmgmt__dm_complaint *complaint;
};

/* Longer ones first where one begins with the other. */
static const char *const operators[] = { "==", "!=", "~=", "<=", ">=", "<", ">" };
_Static_assert(DRMGMT__COUNT(operators) == DRMGMT__DM_OPERATOR_COUNT, "a word for each operator");

static bool is_letter(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_of_name(char c)
{
    return is_letter(c) || is_digit(c) || c == '-';
}

/* How much of the text to quote: some characters, none of them cut. */
static int whole_characters(const char *text, size_t n)
{
    size_t most = n < 16 ? n : 16;

    while (most > 0 && most < n && ((unsigned char)text[most] & 0xc0) == 0x80)
        most--;
    return (int)most;
}

static bool wrong(struct scan *s, const char *what)
{
    s->complaint->at = s->at;
    if (s->at >= s->n)
        snprintf(s->complaint->words, sizeof s->complaint->words, "the path ends where %s is expected", what);
    else
        snprintf(s->complaint->words, sizeof s->complaint->words, "at octet %zu, \"%.*s\": %s is expected", s->at + 1,
                 whole_characters(s->text + s->at, s->n - s->at), s->text + s->at, what);
    return false;
}

static bool refuse(struct scan *s, const char *words)
{
    s->complaint->at = s->at;
    snprintf(s->complaint->words, sizeof s->complaint->words, "%s", words);
    return false;
}

static bool next_is(const struct scan *s, char c)
{
    return s->at < s->n && s->text[s->at] == c;
}

static bool take(struct scan *s, const char *word)
{
    size_t n = strlen(word);

    if (s->n - s->at < n || memcmp(s->text + s->at, word, n) != 0)
        return false;
    s->at += n;
    return true;
}

static drmgmt__dm_step *add(struct scan *s, drmgmt__dm_step_kind kind)
{
    drmgmt__dm_step *step;

    if (s->path->n_steps == DRMGMT__DM_STEPS_OF_PATH_MAX) {
        refuse(s, "the path has more than 64 parts");
        return NULL;
    }
    step = &s->path->steps[s->path->n_steps++];
    *step = (drmgmt__dm_step){ .kind = (uint8_t)kind };
    return step;
}

/* name ::= [A-Za-z_] [A-Za-z_0-9]* */
static bool skip_name(struct scan *s)
{
    if (s->at >= s->n || !is_letter(s->text[s->at]))
        return wrong(s, "a name");
    while (s->at < s->n && is_of_name(s->text[s->at]))
        s->at++;
    return true;
}

/* posnum ::= [1-9] [0-9]*; what does not fit into 32 bits is no instance that a device could have. */
static bool read_number(struct scan *s, uint32_t *number)
{
    uint64_t value = 0;

    if (s->at >= s->n || s->text[s->at] < '1' || s->text[s->at] > '9')
        return wrong(s, "a number from 1 on, without zeros before it,");
    while (s->at < s->n && is_digit(s->text[s->at])) {
        value = 10 * value + (uint64_t)(s->text[s->at] - '0');
        if (value > UINT32_MAX)
            return refuse(s, "a number is larger than 4,294,967,295");
        s->at++;
    }
    *number = (uint32_t)value;
    return true;
}

/* reffollow ::= ( '#' (posnum | '*') '+' ) | '+' */
static bool skip_follow(struct scan *s, uint32_t *number)
{
    *number = 1;
    if (take(s, "#")) {
        if (take(s, "*"))
            *number = 0;
        else if (!read_number(s, number))
            return false;
    }
    return take(s, "+") || wrong(s, "'+'");
}

static void skip_blanks(struct scan *s)
{
    while (next_is(s, ' '))
        s->at++;
}

/* relpath ::= name (reffollow? '.' name )* */
static bool skip_relative(struct scan *s)
{
    uint32_t number;

    if (!skip_name(s))
        return false;
    while (next_is(s, '.') || next_is(s, '+') || next_is(s, '#')) {
        if (!next_is(s, '.') && !skip_follow(s, &number))
            return false;
        if (!take(s, "."))
            return wrong(s, "'.'");
        if (next_is(s, '*') || next_is(s, '[') || (s->at < s->n && is_digit(s->text[s->at])))
            return refuse(s, "a search cannot go down into another table: give that table a search of its own");
        if (!skip_name(s))
            return false;
    }
    return true;
}

/* value ::= literal | number. Examples of TR-369 have true, 08 and 2021-06-06T08:00:00Z as well. */
static bool read_value(struct scan *s, drmgmt__dm_condition *condition)
{
    size_t start;

    condition->quoted = take(s, "\"");
    start = s->at;
    if (condition->quoted) {
        while (s->at < s->n && s->text[s->at] != '"')
            s->at++;
    } else {
        while (s->at < s->n && (is_of_name(s->text[s->at]) || strchr("+.:", s->text[s->at])))
            s->at++;
        if (s->at == start)
            return wrong(s, "a value");
    }
    condition->value = s->text + start;
    condition->value_length = s->at - start;
    return !condition->quoted || take(s, "\"") || wrong(s, "'\"'");
}

/* exprcomp ::= relpath oper value */
static bool read_condition(struct scan *s)
{
    drmgmt__dm_condition *condition;
    size_t start;

    if (s->path->n_conditions == DRMGMT__DM_CONDITIONS_MAX)
        return refuse(s, "the path has more than 32 conditions");
    condition = &s->path->conditions[s->path->n_conditions++];
    skip_blanks(s);
    start = s->at;
    if (!skip_relative(s))
        return false;
    condition->parameter = s->text + start;
    condition->parameter_length = s->at - start;
    skip_blanks(s);
    for (condition->op = 0; condition->op < DRMGMT__DM_OPERATOR_COUNT; condition->op++)
        if (take(s, operators[condition->op]))
            break;
    if (condition->op == DRMGMT__DM_OPERATOR_COUNT)
        return wrong(s, "==, !=, ~=, <, >, <= or >=");
    skip_blanks(s);
    if (!read_value(s, condition))
        return false;
    skip_blanks(s);
    return true;
}

/* What is behind '[': an alias has nothing of a condition in it. */
static bool read_brackets(struct scan *s)
{
    drmgmt__dm_step *step;
    size_t start = s->at, characters = 0;

    while (s->at < s->n && !strchr("[]\"=<>!~&", s->text[s->at])) {
        characters += ((unsigned char)s->text[s->at] & 0xc0) != 0x80;
        s->at++;
    }
    if (next_is(s, ']')) {
        if (s->at == start)
            return refuse(s, "there is nothing in the brackets: an alias or a condition is needed, [Name==\"eth0\"]");
        if (characters > DRMGMT__DM_ALIAS_MAX)
            return refuse(s, "an alias is longer than 64 characters");
        step = add(s, DRMGMT__DM_STEP_ALIAS);
        if (!step)
            return false;
        step->text = s->text + start;
        step->length = s->at - start;
        s->at++;
        return true;
    }
    s->at = start;
    step = add(s, DRMGMT__DM_STEP_SEARCH);
    if (!step)
        return false;
    s->path->searches = true;
    step->first = s->path->n_conditions;
    do {
        if (!read_condition(s))
            return false;
    } while (take(s, "&&"));
    step->n = (uint8_t)(s->path->n_conditions - step->first);
    if (take(s, "||"))
        return refuse(s, "conditions can only be joined with &&");
    return take(s, "]") || wrong(s, "']' or &&");
}

/* inst ::= posnum | expr | '*', and {i}. */
static bool read_instance(struct scan *s)
{
    drmgmt__dm_step *step;

    if (take(s, "[")) {
        return read_brackets(s);
    } else if (take(s, "*")) {
        s->path->searches = true;
        return add(s, DRMGMT__DM_STEP_WILDCARD) != NULL;
    } else if (take(s, "{i}")) {
        s->path->supported = true;
        return add(s, DRMGMT__DM_STEP_PLACEHOLDER) != NULL;
    } else if (next_is(s, '{')) {
        return wrong(s, "{i}, or a search in square brackets,");
    }
    step = add(s, DRMGMT__DM_STEP_NUMBER);
    return step && read_number(s, &step->number);
}

/* What follows the name of a command or an event: nothing, or its arguments. done: there is nothing more. */
static bool read_call(struct scan *s, drmgmt__dm_kind kind, bool *done)
{
    drmgmt__dm_path *path = s->path;

    if (path->call)
        return refuse(s, "arguments have no commands and events");
    path->kind = (uint8_t)kind;
    *done = s->at == s->n;
    if (*done)
        return true;
    path->called = (uint8_t)kind;
    path->call = path->n_steps;
    if (kind == DRMGMT__DM_EVENT) {
        path->role = DRMGMT__DM_OF_EVENT;
        if (!take(s, "."))
            return wrong(s, "the end, or '.' and an argument,");
    } else if (take(s, ".input.")) {
        path->role = DRMGMT__DM_OF_INPUT;
    } else if (take(s, ".output.")) {
        path->role = DRMGMT__DM_OF_OUTPUT;
    } else {
        return wrong(s, "the end, '.input.' or '.output.'");
    }
    return s->at < s->n || wrong(s, "the name of an argument");
}

/* What follows a name. */
static bool after_name(struct scan *s, bool *done)
{
    drmgmt__dm_path *path = s->path;

    if (s->at == s->n) {
        *done = true;
        path->kind = DRMGMT__DM_PARAMETER;
        return path->n_steps > 1 || s->flags & DRMGMT__DM_PATH_RELATIVE ||
               wrong(s, "'.' and what is below the first name");
    }
    if (path->n_steps > 1 || s->flags & DRMGMT__DM_PATH_RELATIVE) {
        if (take(s, "()"))
            return read_call(s, DRMGMT__DM_COMMAND, done);
        if (take(s, "!"))
            return read_call(s, DRMGMT__DM_EVENT, done);
        if (next_is(s, '+') || next_is(s, '#')) {
            drmgmt__dm_step *step = add(s, DRMGMT__DM_STEP_FOLLOW);
            if (!step || !skip_follow(s, &step->number))
                return false;
            path->searches = path->searches || step->number == 0;
        }
    }
    if (!take(s, "."))
        return wrong(s, "'.'");
    *done = s->at == s->n;
    return true;
}

static bool after_instance(struct scan *s, bool *done)
{
    if (s->at == s->n && s->flags & DRMGMT__DM_PATH_REFERENCE) {
        s->path->bare = *done = true;
        return true;
    }
    if (!take(s, "."))
        return wrong(s, s->at < s->n ? "'.'" : "'.' behind the instance");
    *done = s->at == s->n;
    return true;
}

/* Octets that stand in no path: controls, and what is no UTF-8 in aliases and values. */
static bool is_text(struct scan *s)
{
    char copy[DRMGMT__DM_PATH_MAX + 1];

    for (s->at = 0; s->at < s->n; s->at++)
        if ((unsigned char)s->text[s->at] < ' ' || s->text[s->at] == 0x7f)
            return refuse(s, "there is a control character in the path");
    memcpy(copy, s->text, s->n);
    copy[s->n] = '\0';
    s->at = 0;
    return drmgmt__utf8_valid(copy) || refuse(s, "the path is not UTF-8");
}

bool drmgmt__dm_path_parse(drmgmt__dm_path *path, const char *text, size_t n, unsigned flags,
                           drmgmt__dm_complaint *complaint)
{
    struct scan s = { text, n, 0, flags, path, complaint };
    bool done = false;

    path->kind = DRMGMT__DM_OBJECT;
    path->called = path->role = path->n_steps = path->n_conditions = path->call = 0;
    path->bare = path->supported = path->searches = false;
    if (n == 0)
        return refuse(&s, "the path is empty");
    if (n > DRMGMT__DM_PATH_MAX)
        return refuse(&s, "the path is longer than 1,024 octets");
    if (!is_text(&s))
        return false;
    while (!done) {
        bool table = path->n_steps > (flags & DRMGMT__DM_PATH_RELATIVE ? 0 : 1) && path->n_steps != path->call &&
                     path->steps[path->n_steps - 1].kind == DRMGMT__DM_STEP_NAME;
        bool name = s.at < n && is_letter(text[s.at]);
        path->kind = DRMGMT__DM_OBJECT;
        if (name || !table) {
            drmgmt__dm_step *step = add(&s, DRMGMT__DM_STEP_NAME);
            if (!step)
                return false;
            step->text = text + s.at;
            if (!skip_name(&s))
                return false;
            step->length = (size_t)(text + s.at - step->text);
            if (!after_name(&s, &done))
                return false;
        } else if (!read_instance(&s) || !after_instance(&s, &done)) {
            return false;
        }
    }
    return true;
}

/* ---- printing ---- */

static void print_condition(const drmgmt__dm_condition *condition, drmgmt__strbuf *out)
{
    drmgmt__strbuf_add(out, condition->parameter, condition->parameter_length);
    drmgmt__strbuf_puts(out, operators[condition->op]);
    if (condition->quoted)
        drmgmt__strbuf_putc(out, '"');
    drmgmt__strbuf_add(out, condition->value, condition->value_length);
    if (condition->quoted)
        drmgmt__strbuf_putc(out, '"');
}

static void print_step(const drmgmt__dm_path *path, const drmgmt__dm_step *step, drmgmt__strbuf *out)
{
    switch ((drmgmt__dm_step_kind)step->kind) {
    case DRMGMT__DM_STEP_NAME:
        drmgmt__strbuf_add(out, step->text, step->length);
        break;
    case DRMGMT__DM_STEP_NUMBER:
        drmgmt__strbuf_printf(out, "%u", step->number);
        break;
    case DRMGMT__DM_STEP_PLACEHOLDER:
        drmgmt__strbuf_puts(out, "{i}");
        break;
    case DRMGMT__DM_STEP_WILDCARD:
        drmgmt__strbuf_putc(out, '*');
        break;
    case DRMGMT__DM_STEP_ALIAS:
        drmgmt__strbuf_putc(out, '[');
        drmgmt__strbuf_add(out, step->text, step->length);
        drmgmt__strbuf_putc(out, ']');
        break;
    case DRMGMT__DM_STEP_SEARCH:
        for (unsigned i = 0; i < step->n; i++) {
            drmgmt__strbuf_puts(out, i ? "&&" : "[");
            print_condition(&path->conditions[step->first + i], out);
        }
        drmgmt__strbuf_putc(out, ']');
        break;
    case DRMGMT__DM_STEP_FOLLOW:
        if (step->number == 0)
            drmgmt__strbuf_puts(out, "#*");
        else if (step->number > 1)
            drmgmt__strbuf_printf(out, "#%u", step->number);
        drmgmt__strbuf_putc(out, '+');
        break;
    }
}

void drmgmt__dm_path_print(const drmgmt__dm_path *path, drmgmt__strbuf *out)
{
    static const char *const arguments[] = { "", ".input", ".output", "" };

    for (unsigned i = 0; i < path->n_steps; i++) {
        const drmgmt__dm_step *step = &path->steps[i];
        if (i > 0 && step->kind != DRMGMT__DM_STEP_FOLLOW)
            drmgmt__strbuf_putc(out, '.');
        print_step(path, step, out);
        if (i + 1u == path->call) {
            drmgmt__strbuf_puts(out, path->called == DRMGMT__DM_COMMAND ? "()" : "!");
            drmgmt__strbuf_puts(out, arguments[path->role]);
        }
    }
    if (path->kind == DRMGMT__DM_COMMAND)
        drmgmt__strbuf_puts(out, "()");
    else if (path->kind == DRMGMT__DM_EVENT)
        drmgmt__strbuf_putc(out, '!');
    else if (path->kind == DRMGMT__DM_OBJECT && !path->bare)
        drmgmt__strbuf_putc(out, '.');
}

void drmgmt__dm_literal(const drmgmt__dm_condition *condition, drmgmt__strbuf *out)
{
    for (size_t i = 0; i < condition->value_length; i++) {
        const char *rest = condition->value + i;
        bool escape = condition->quoted && condition->value_length - i >= 3 && rest[0] == '%' && rest[1] == '2' &&
                      (rest[2] == '2' || rest[2] == '5');
        drmgmt__strbuf_putc(out, !escape ? *rest : rest[2] == '2' ? '"' : '%');
        i += escape ? 2 : 0;
    }
}

const char *drmgmt__dm_operator_name(unsigned op)
{
    return op < DRMGMT__DM_OPERATOR_COUNT ? operators[op] : "";
}
