/* Types: what stands after SYNTAX and in type assignments. Called by parse.c and parse_clause.c. */
#include "mib/parser.h"

#include <string.h>

/* ---- named numbers ---- */

static bool number_of_name(drmgmt__mib_parser *p, drmgmt__mib_token *name, int64_t *number)
{
    drmgmt__mib_number value;

    (void)drmgmt__mib_take(p); /* the bracket */
    drmgmt__mib_token token = drmgmt__mib_take(p);
    bool fits = drmgmt__mib_number_of(&token, &value) && value.magnitude <= (uint64_t)INT64_MAX;
    if (!fits) {
        drmgmt__mib_warn(p, token.line, "%.*s: \"%.*s\" is no number that a name can stand for; it is passed over",
                         drmgmt__mib_shown(name), name->text, drmgmt__mib_shown(&token), token.text);
    } else {
        *number = value.negative ? -(int64_t)value.magnitude : (int64_t)value.magnitude;
    }
    if (!drmgmt__mib_accept(p, ')'))
        drmgmt__mib_warn(p, token.line, "%.*s: the closing bracket after its number is missing",
                         drmgmt__mib_shown(name), name->text);
    return fits;
}

/* Whether the list of named numbers cannot go on here: its closing brace is missing. */
static bool ends_named(drmgmt__mib_parser *p)
{
    const drmgmt__mib_token *token = drmgmt__mib_peek(p, 0), *next = drmgmt__mib_peek(p, 1);
    bool bracket = next->kind == DRMGMT__MIB_T_SYMBOL && next->symbol == '(';

    return token->kind == DRMGMT__MIB_T_ASSIGN || token->kind == DRMGMT__MIB_T_STRING ||
           (token->keyword != DRMGMT__MIB_K_NONE && !bracket) || drmgmt__mib_at_stop(p);
}

/* "{ up(1), down(2) }", at its opening brace. */
static void read_named(drmgmt__mib_parser *p, drmgmt__mib_syntax *syntax)
{
    uint32_t line = drmgmt__mib_take(p).line;

    while (!drmgmt__mib_accept(p, '}')) {
        if (ends_named(p)) {
            drmgmt__mib_warn(p, line, "the list of named numbers that begins here has no closing brace");
            return;
        }
        drmgmt__mib_token token = drmgmt__mib_take(p);
        int64_t number;
        if (token.kind == DRMGMT__MIB_T_SYMBOL && token.symbol == ',')
            continue;
        if (token.kind != DRMGMT__MIB_T_NAME && token.kind != DRMGMT__MIB_T_NUMBER) {
            drmgmt__mib_warn(p, token.line, "\"%.*s\" is passed over in a list of named numbers",
                             drmgmt__mib_shown(&token), token.text);
            continue;
        }
        if (!drmgmt__mib_at_symbol(p, '(')) {
            drmgmt__mib_warn(p, token.line, "\"%.*s\" has no number in brackets; it is passed over",
                             drmgmt__mib_shown(&token), token.text);
            continue;
        }
        if (!number_of_name(p, &token, &number))
            continue;
        const char *name = drmgmt__mib_name(p, &token);
        drmgmt__mib_named *named = name ? DRMGMT__ARENA_PUSH(&p->module->arena, &syntax->named) : NULL;
        if (named)
            *named = (drmgmt__mib_named){ name, number };
    }
}

/* ---- ranges and sizes ---- */

static void add_bound(drmgmt__mib_parser *p, drmgmt__mib_syntax *syntax, const drmgmt__mib_token *token,
                      bool *after_dots)
{
    bool min = token->keyword == DRMGMT__MIB_K_MIN, max = token->keyword == DRMGMT__MIB_K_MAX;
    drmgmt__mib_number number = { 0, false };

    if (!min && !max && !drmgmt__mib_number_of(token, &number)) {
        drmgmt__mib_warn(p, token->line, "\"%.*s\" is no number of a range; it is passed over",
                         drmgmt__mib_shown(token), token->text);
        return;
    }
    if (*after_dots && syntax->ranges.n) {
        drmgmt__mib_range *range = &syntax->ranges.items[syntax->ranges.n - 1];
        range->most = number;
        range->to_max = max;
    } else {
        drmgmt__mib_range *range = DRMGMT__ARENA_PUSH(&p->module->arena, &syntax->ranges);
        if (range)
            *range = (drmgmt__mib_range){ number, number, min, max };
    }
    *after_dots = false;
}

/* "(0..255)", "(SIZE (0 | 4..8))", at its opening bracket. */
static void read_ranges(drmgmt__mib_parser *p, drmgmt__mib_syntax *syntax)
{
    uint32_t line = drmgmt__mib_peek(p, 0)->line;
    int depth = 0;
    bool after_dots = false;

    do {
        if (drmgmt__mib_peek(p, 0)->kind == DRMGMT__MIB_T_ASSIGN || drmgmt__mib_at_stop(p)) {
            drmgmt__mib_warn(p, line, "the range that begins here has no closing bracket");
            return;
        }
        drmgmt__mib_token token = drmgmt__mib_take(p);
        if (token.kind == DRMGMT__MIB_T_SYMBOL)
            depth += token.symbol == '(' ? 1 : token.symbol == ')' ? -1 : 0;
        else if (token.kind == DRMGMT__MIB_T_DOTS)
            after_dots = true;
        else if (token.kind != DRMGMT__MIB_T_NAME || token.keyword == DRMGMT__MIB_K_MIN ||
                 token.keyword == DRMGMT__MIB_K_MAX)
            add_bound(p, syntax, &token, &after_dots);
    } while (depth > 0);
}

/* ---- types ---- */

/* "[APPLICATION 1] IMPLICIT": the base types of RFC 1155 and RFC 2578 are told apart by it. */
static drmgmt__mib_base read_tag(drmgmt__mib_parser *p)
{
    static const drmgmt__mib_base applications[] = {
        DRMGMT__MIB_IPADDRESS, DRMGMT__MIB_COUNTER32, DRMGMT__MIB_GAUGE32,   DRMGMT__MIB_TIMETICKS,
        DRMGMT__MIB_OPAQUE,    DRMGMT__MIB_NO_BASE,   DRMGMT__MIB_COUNTER64,
    };
    drmgmt__mib_base base = DRMGMT__MIB_NO_BASE;
    uint32_t number;

    if (drmgmt__mib_at_symbol(p, '[')) {
        if (drmgmt__mib_peek(p, 1)->keyword == DRMGMT__MIB_K_APPLICATION &&
            drmgmt__mib_arc_of(drmgmt__mib_peek(p, 2), &number) && number < sizeof applications / sizeof *applications)
            base = applications[number];
        drmgmt__mib_skip_brackets(p);
    }
    if (!drmgmt__mib_accept_keyword(p, DRMGMT__MIB_K_IMPLICIT))
        (void)drmgmt__mib_accept_keyword(p, DRMGMT__MIB_K_EXPLICIT);
    return base;
}

/* SEQUENCE and SET: "OF Entry", with a size perhaps, or fields. */
static void read_sequence(drmgmt__mib_parser *p, drmgmt__mib_syntax *syntax)
{
    syntax->base = DRMGMT__MIB_SEQUENCE;
    if (drmgmt__mib_at_symbol(p, '('))
        drmgmt__mib_skip_brackets(p);
    if (drmgmt__mib_accept_keyword(p, DRMGMT__MIB_K_OF)) {
        syntax->base = DRMGMT__MIB_SEQUENCE_OF;
        if (drmgmt__mib_at_name(p)) {
            drmgmt__mib_token token = drmgmt__mib_take(p);
            syntax->name = drmgmt__mib_name(p, &token);
        }
    } else if (drmgmt__mib_at_symbol(p, '{')) {
        drmgmt__mib_skip_brackets(p);
    }
}

/* A type that a keyword names. False: the keyword names none. */
static bool read_keyword_type(drmgmt__mib_parser *p, drmgmt__mib_syntax *syntax)
{
    static const struct {
        drmgmt__mib_keyword first, second; /* second NONE: one word alone */
        drmgmt__mib_base base;
    } types[] = {
        { DRMGMT__MIB_K_INTEGER, DRMGMT__MIB_K_NONE, DRMGMT__MIB_INTEGER32 },
        { DRMGMT__MIB_K_OCTET, DRMGMT__MIB_K_STRING, DRMGMT__MIB_OCTET_STRING },
        { DRMGMT__MIB_K_OBJECT, DRMGMT__MIB_K_IDENTIFIER, DRMGMT__MIB_OBJECT_IDENTIFIER },
        { DRMGMT__MIB_K_BITS, DRMGMT__MIB_K_NONE, DRMGMT__MIB_BITS },
        { DRMGMT__MIB_K_BIT, DRMGMT__MIB_K_STRING, DRMGMT__MIB_BITS },
        { DRMGMT__MIB_K_SEQUENCE, DRMGMT__MIB_K_NONE, DRMGMT__MIB_SEQUENCE },
        { DRMGMT__MIB_K_SET, DRMGMT__MIB_K_NONE, DRMGMT__MIB_SEQUENCE },
        { DRMGMT__MIB_K_CHOICE, DRMGMT__MIB_K_NONE, DRMGMT__MIB_OTHER },
        { DRMGMT__MIB_K_ANY, DRMGMT__MIB_K_NONE, DRMGMT__MIB_OTHER },
        { DRMGMT__MIB_K_NULL, DRMGMT__MIB_K_NONE, DRMGMT__MIB_OTHER },
        { DRMGMT__MIB_K_REAL, DRMGMT__MIB_K_NONE, DRMGMT__MIB_OTHER },
        { DRMGMT__MIB_K_BOOLEAN, DRMGMT__MIB_K_NONE, DRMGMT__MIB_OTHER },
    };
    drmgmt__mib_keyword first = drmgmt__mib_peek(p, 0)->keyword, second = drmgmt__mib_peek(p, 1)->keyword;

    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (types[i].first != first || (types[i].second != DRMGMT__MIB_K_NONE && types[i].second != second))
            continue;
        (void)drmgmt__mib_take(p);
        if (types[i].second != DRMGMT__MIB_K_NONE)
            (void)drmgmt__mib_take(p);
        syntax->base = types[i].base;
        if (syntax->base == DRMGMT__MIB_SEQUENCE)
            read_sequence(p, syntax);
        else if (syntax->base == DRMGMT__MIB_OTHER && drmgmt__mib_at_symbol(p, '{'))
            drmgmt__mib_skip_brackets(p);
        return true;
    }
    return false;
}

static void read_named_type(drmgmt__mib_parser *p, drmgmt__mib_syntax *syntax)
{
    drmgmt__mib_token token = drmgmt__mib_take(p);

    syntax->name = drmgmt__mib_name(p, &token);
    if (drmgmt__mib_at_symbol(p, '.') && drmgmt__mib_peek(p, 1)->kind == DRMGMT__MIB_T_NAME) {
        (void)drmgmt__mib_take(p);
        token = drmgmt__mib_take(p);
        syntax->from = syntax->name;
        syntax->name = drmgmt__mib_name(p, &token);
    }
}

bool drmgmt__mib_read_syntax(drmgmt__mib_parser *p, drmgmt__mib_syntax *syntax)
{
    drmgmt__mib_base tagged = read_tag(p);

    if (!read_keyword_type(p, syntax)) {
        if (!drmgmt__mib_at_name(p))
            return false;
        read_named_type(p, syntax);
    }
    if (tagged != DRMGMT__MIB_NO_BASE)
        syntax->base = tagged;
    for (;;) {
        if (drmgmt__mib_at_symbol(p, '{'))
            read_named(p, syntax);
        else if (drmgmt__mib_at_symbol(p, '('))
            read_ranges(p, syntax);
        else
            return true;
    }
}
