/* The clauses of macros: SYNTAX, STATUS, DESCRIPTION ... (RFC 1212, 1215, 2578-2580), in any order. Called by parse.c.
 */
#include "mib/parser.h"

#include "core/cleanup.h"
#include "core/strbuf.h"
#include <string.h>
#include <strings.h>

typedef struct clauses { /* of one declaration */
    drmgmt__mib_parser *p;
    drmgmt__mib_object *object;
    drmgmt__mib_keyword macro, keyword; /* the clause that is read */
    uint32_t line;                      /* of the clause */
    bool seen[DRMGMT__MIB_K_COUNT];
    bool about_others; /* behind MODULE or SUPPORTS: what follows is said of other objects */
    bool ok;           /* it has what it must have before its value */
} clauses;

/* Whether what the clause says is the object's: it is the first of its kind. */
static bool counts(const clauses *c)
{
    return !c->about_others && !c->seen[c->keyword];
}

static const char *keyword_text(const clauses *c)
{
    static const char *const words[DRMGMT__MIB_K_COUNT] = { [DRMGMT__MIB_K_NONE] = "",
#define WORD(name, text) [DRMGMT__MIB_K_##name] = text,
                                                            DRMGMT__MIB_KEYWORDS(WORD)
#undef WORD
    };
    return words[c->keyword];
}

/* ---- texts ---- */

static const char *read_text(clauses *c)
{
    if (drmgmt__mib_peek(c->p, 0)->kind != DRMGMT__MIB_T_STRING) {
        drmgmt__mib_warn(c->p, c->line, "%s: %s has no text in quotes", c->object->name, keyword_text(c));
        return NULL;
    }
    drmgmt__mib_token token = drmgmt__mib_take(c->p);
    if (token.flags & DRMGMT__MIB_T_UNTERMINATED)
        drmgmt__mib_warn(c->p, token.line, "%s: the text of %s has no closing quote", c->object->name, keyword_text(c));
    return drmgmt__mib_text(c->p, &token);
}

static void clause_text(clauses *c)
{
    drmgmt__mib_object *o = c->object;
    drmgmt__mib_module *m = c->p->module;
    const struct {
        drmgmt__mib_keyword keyword;
        const char **text;
    } texts[] = {
        { DRMGMT__MIB_K_DESCRIPTION, &o->description },
        { DRMGMT__MIB_K_REFERENCE, &o->reference },
        { DRMGMT__MIB_K_UNITS, &o->units },
        { DRMGMT__MIB_K_DISPLAY_HINT, &o->hint },
        { DRMGMT__MIB_K_LAST_UPDATED, &m->last_updated },
        { DRMGMT__MIB_K_ORGANIZATION, &m->organization },
        { DRMGMT__MIB_K_CONTACT_INFO, &m->contact },
    };
    const char *text = read_text(c);

    for (size_t i = 0; text && i < DRMGMT__COUNT(texts); i++)
        if (texts[i].keyword == c->keyword && counts(c))
            *texts[i].text = text;
}

static void clause_revision(clauses *c)
{
    const char *date = read_text(c), *text = NULL;

    if (drmgmt__mib_accept_keyword(c->p, DRMGMT__MIB_K_DESCRIPTION))
        text = read_text(c);
    drmgmt__mib_revision *row = date ? DRMGMT__ARENA_PUSH(&c->p->module->arena, &c->p->module->revisions) : NULL;
    if (row)
        *row = (drmgmt__mib_revision){ date, text };
}

/* ---- words ---- */

static int find_word(clauses *c, const char *(*name_of)(int), int n)
{
    char text[32];

    if (!drmgmt__mib_at_name(c->p)) {
        drmgmt__mib_warn(c->p, c->line, "%s: %s says nothing", c->object->name, keyword_text(c));
        return 0;
    }
    drmgmt__mib_token token = drmgmt__mib_take(c->p);
    size_t length = token.length < sizeof text ? token.length : 0;
    memcpy(text, token.text, length);
    text[length] = '\0';
    for (int i = 1; i < n; i++)
        if (strcasecmp(text, name_of(i)) == 0)
            return i;
    drmgmt__mib_warn(c->p, token.line, "%s: %s cannot be \"%.*s\"", c->object->name, keyword_text(c),
                     drmgmt__mib_shown(&token), token.text);
    return 0;
}

static const char *access_name(int i)
{
    return drmgmt__mib_access_name((drmgmt__mib_access)i);
}

static const char *status_name(int i)
{
    return drmgmt__mib_status_name((drmgmt__mib_status)i);
}

static void clause_access(clauses *c)
{
    drmgmt__mib_access access = (drmgmt__mib_access)find_word(c, access_name, DRMGMT__MIB_ACCESSES);
    if (!c->about_others && c->object->access == DRMGMT__MIB_NO_ACCESS)
        c->object->access = access;
}

static void clause_status(clauses *c)
{
    drmgmt__mib_status status = (drmgmt__mib_status)find_word(c, status_name, DRMGMT__MIB_STATUSES);
    if (counts(c))
        c->object->status = status;
}

/* ---- types, indices, values ---- */

static void clause_syntax(clauses *c)
{
    drmgmt__mib_syntax other = { 0 };
    bool own = counts(c) && c->keyword == DRMGMT__MIB_K_SYNTAX;

    if (!drmgmt__mib_read_syntax(c->p, own ? &c->object->syntax : &other))
        drmgmt__mib_warn(c->p, c->line, "%s: %s says no type", c->object->name, keyword_text(c));
}

static bool at_index_type(drmgmt__mib_parser *p)
{
    static const drmgmt__mib_keyword types[] = { DRMGMT__MIB_K_INTEGER, DRMGMT__MIB_K_OCTET, DRMGMT__MIB_K_STRING,
                                                 DRMGMT__MIB_K_OBJECT, DRMGMT__MIB_K_IDENTIFIER };
    for (size_t i = 0; i < DRMGMT__COUNT(types); i++)
        if (drmgmt__mib_at_keyword(p, types[i]))
            return true;
    return false;
}

/* One part of an INDEX; SMIv1 has types too (RFC 1212, section 4.1.6), of which the first word is kept. */
static void read_index(clauses *c, bool *implied)
{
    bool type = at_index_type(c->p);
    drmgmt__mib_token token = drmgmt__mib_take(c->p);

    if (token.keyword == DRMGMT__MIB_K_STRING || token.keyword == DRMGMT__MIB_K_IDENTIFIER)
        return;
    if (type && drmgmt__mib_at_symbol(c->p, '('))
        drmgmt__mib_skip_brackets(c->p);
    if (drmgmt__mib_accept(c->p, '.'))
        return; /* it is the module of the name that follows */
    const char *name = drmgmt__mib_name(c->p, &token);
    drmgmt__mib_index *row = name && counts(c) ? DRMGMT__ARENA_PUSH(&c->p->module->arena, &c->object->index) : NULL;
    if (row)
        *row = (drmgmt__mib_index){ name, *implied };
    *implied = false;
}

static void clause_index(clauses *c)
{
    drmgmt__mib_parser *p = c->p;
    bool implied = false;

    if (!drmgmt__mib_accept(p, '{'))
        drmgmt__mib_warn(p, c->line, "%s: INDEX has no opening brace", c->object->name);
    while (!drmgmt__mib_accept(p, '}')) {
        if (drmgmt__mib_accept(p, ','))
            continue;
        if (drmgmt__mib_accept_keyword(p, DRMGMT__MIB_K_IMPLIED)) {
            implied = true;
            continue;
        }
        if ((!drmgmt__mib_at_name(p) && !at_index_type(p)) || drmgmt__mib_at_stop(p)) {
            drmgmt__mib_warn(p, c->line, "%s: INDEX has no closing brace", c->object->name);
            return;
        }
        read_index(c, &implied);
    }
}

static void clause_augments(clauses *c)
{
    drmgmt__mib_names names = { 0 };

    drmgmt__mib_read_names(c->p, &names);
    if (names.n && counts(c))
        c->object->augments = names.items[0];
}

static void print_token(drmgmt__strbuf *out, const drmgmt__mib_token *token)
{
    const char *before = token->kind == DRMGMT__MIB_T_STRING                                       ? "\""
                         : token->kind == DRMGMT__MIB_T_HEX || token->kind == DRMGMT__MIB_T_BINARY ? "'"
                                                                                                   : "";
    const char *after = token->kind == DRMGMT__MIB_T_HEX ? "'H" : token->kind == DRMGMT__MIB_T_BINARY ? "'B" : before;
    bool closes = token->kind == DRMGMT__MIB_T_SYMBOL && (token->symbol == ',' || token->symbol == ')');

    if (out->length && !closes)
        drmgmt__strbuf_putc(out, ' ');
    drmgmt__strbuf_puts(out, before);
    drmgmt__strbuf_add(out, token->text, token->length);
    drmgmt__strbuf_puts(out, after);
}

/* "{ what it is }", nested braces too; kept as it is written, with one space for any white space between tokens. */
static void clause_defval(clauses *c)
{
    DRMGMT__STRBUF out = DRMGMT__STRBUF_INIT;
    int depth = drmgmt__mib_accept(c->p, '{');
    bool bare = depth == 0;

    do {
        if (drmgmt__mib_peek(c->p, 0)->kind == DRMGMT__MIB_T_ASSIGN || drmgmt__mib_at_stop(c->p)) {
            drmgmt__mib_warn(c->p, c->line, "%s: DEFVAL has no closing brace", c->object->name);
            break;
        }
        drmgmt__mib_token token = drmgmt__mib_take(c->p);
        if (token.kind == DRMGMT__MIB_T_SYMBOL)
            depth += token.symbol == '{' ? 1 : token.symbol == '}' ? -1 : 0;
        if (depth > 0 || bare)
            print_token(&out, &token);
    } while (depth > 0);
    if (!counts(c) || out.failed)
        return;
    drmgmt__mib_token all = { .text = out.data ? out.data : "", .length = out.length };
    c->object->defval = drmgmt__mib_text(c->p, &all);
}

/* ---- lists, and what is said of others ---- */

static void clause_members(clauses *c)
{
    drmgmt__mib_names others = { 0 };
    drmgmt__mib_read_names(c->p, counts(c) ? &c->object->members : &others);
}

static void clause_list(clauses *c)
{
    drmgmt__mib_names others = { 0 };
    drmgmt__mib_read_names(c->p, &others);
}

/* MODULE, SUPPORTS, GROUP, OBJECT, VARIATION: a name, and after a module's its OID perhaps. */
static void clause_other(clauses *c)
{
    c->about_others = true;
    if (drmgmt__mib_at_name(c->p)) {
        (void)drmgmt__mib_take(c->p);
        if (drmgmt__mib_at_symbol(c->p, '{'))
            drmgmt__mib_skip_brackets(c->p);
    }
}

static void clause_enterprise(clauses *c)
{
    drmgmt__mib_names names = { 0 };
    bool own = c->macro == DRMGMT__MIB_K_TRAP_TYPE && counts(c);

    drmgmt__mib_read_names(c->p, &names);
    drmgmt__mib_arc *row = names.n && own ? DRMGMT__ARENA_PUSH(&c->p->module->arena, &c->object->oid) : NULL;
    if (row)
        row->name = names.items[0];
}

typedef void (*clause_reader)(clauses *c);

static const clause_reader readers[DRMGMT__MIB_K_COUNT] = {
    [DRMGMT__MIB_K_ACCESS] = clause_access,     [DRMGMT__MIB_K_AUGMENTS] = clause_augments,
    [DRMGMT__MIB_K_CONTACT_INFO] = clause_text, [DRMGMT__MIB_K_CREATION_REQUIRES] = clause_list,
    [DRMGMT__MIB_K_DEFVAL] = clause_defval,     [DRMGMT__MIB_K_DESCRIPTION] = clause_text,
    [DRMGMT__MIB_K_DISPLAY_HINT] = clause_text, [DRMGMT__MIB_K_ENTERPRISE] = clause_enterprise,
    [DRMGMT__MIB_K_EXTENDS] = clause_augments,  [DRMGMT__MIB_K_GROUP] = clause_other,
    [DRMGMT__MIB_K_INCLUDES] = clause_list,     [DRMGMT__MIB_K_INDEX] = clause_index,
    [DRMGMT__MIB_K_LAST_UPDATED] = clause_text, [DRMGMT__MIB_K_MANDATORY_GROUPS] = clause_list,
    [DRMGMT__MIB_K_MAX_ACCESS] = clause_access, [DRMGMT__MIB_K_MIN_ACCESS] = clause_access,
    [DRMGMT__MIB_K_MODULE] = clause_other,      [DRMGMT__MIB_K_NOTIFICATIONS] = clause_members,
    [DRMGMT__MIB_K_OBJECT] = clause_other,      [DRMGMT__MIB_K_OBJECTS] = clause_members,
    [DRMGMT__MIB_K_ORGANIZATION] = clause_text, [DRMGMT__MIB_K_PIB_ACCESS] = clause_access,
    [DRMGMT__MIB_K_PIB_INDEX] = clause_index,   [DRMGMT__MIB_K_PRODUCT_RELEASE] = clause_text,
    [DRMGMT__MIB_K_REFERENCE] = clause_text,    [DRMGMT__MIB_K_REVISION] = clause_revision,
    [DRMGMT__MIB_K_STATUS] = clause_status,     [DRMGMT__MIB_K_SUPPORTS] = clause_other,
    [DRMGMT__MIB_K_SYNTAX] = clause_syntax,     [DRMGMT__MIB_K_UNIQUENESS] = clause_list,
    [DRMGMT__MIB_K_UNITS] = clause_text,        [DRMGMT__MIB_K_VARIABLES] = clause_members,
    [DRMGMT__MIB_K_VARIATION] = clause_other,   [DRMGMT__MIB_K_WRITE_SYNTAX] = clause_syntax,
};

/* Clauses up to "::=" or a stop. What is none is passed over, and told once for each run of it. */
static void read_clauses(clauses *c)
{
    bool told = false;

    while (!drmgmt__mib_at_stop(c->p)) {
        const drmgmt__mib_token *token = drmgmt__mib_peek(c->p, 0);
        if (token->kind == DRMGMT__MIB_T_ASSIGN)
            return;
        clause_reader reader = readers[token->keyword];
        if (!reader) {
            if (!told)
                drmgmt__mib_warn(c->p, token->line, "%s: \"%.*s\" is not understood here and passed over",
                                 c->object->name, drmgmt__mib_shown(token), token->text);
            told = true;
            (void)drmgmt__mib_take(c->p);
            continue;
        }
        c->keyword = token->keyword;
        c->line = token->line;
        (void)drmgmt__mib_take(c->p);
        if (c->seen[c->keyword] && !c->about_others && c->keyword != DRMGMT__MIB_K_REVISION)
            drmgmt__mib_warn(c->p, c->line, "%s: a second %s; the first one counts", c->object->name, keyword_text(c));
        reader(c);
        c->seen[c->keyword] = true;
        told = false;
    }
}

bool drmgmt__mib_read_convention(drmgmt__mib_parser *p, drmgmt__mib_object *object)
{
    clauses c = { .p = p, .object = object, .macro = DRMGMT__MIB_K_TEXTUAL_CONVENTION };

    read_clauses(&c);
    if (object->syntax.base != DRMGMT__MIB_NO_BASE || object->syntax.name)
        return true;
    drmgmt__mib_error(p, object->line, "%s: a textual convention without SYNTAX", object->name);
    return false;
}

/* "::= 5" of a TRAP-TYPE. */
static bool read_trap_number(clauses *c)
{
    drmgmt__mib_object *object = c->object;
    drmgmt__mib_token token = *drmgmt__mib_peek(c->p, 0);
    uint32_t number;

    if (token.kind != DRMGMT__MIB_T_NUMBER) { /* an OID of its own, as of a NOTIFICATION-TYPE */
        object->oid.n = 0;
        return drmgmt__mib_read_oid(c->p, object);
    }
    (void)drmgmt__mib_take(c->p);
    if (!drmgmt__mib_arc_of(&token, &number) || !object->oid.n) {
        drmgmt__mib_error(c->p, token.line, "%s: %s", object->name,
                          object->oid.n ? "its number must be from 0 to 4294967295" : "a TRAP-TYPE without ENTERPRISE");
        return false;
    }
    for (int i = 0; i < 2; i++) {
        drmgmt__mib_arc *row = DRMGMT__ARENA_PUSH(&c->p->module->arena, &object->oid);
        if (!row)
            return false;
        row->number = i ? number : 0;
        row->numbered = true;
    }
    object->trap = true;
    return true;
}

bool drmgmt__mib_read_macro(drmgmt__mib_parser *p, drmgmt__mib_keyword macro, drmgmt__mib_object *object)
{
    clauses c = { .p = p, .object = object, .macro = macro };

    read_clauses(&c);
    if (drmgmt__mib_at_stop(p)) {
        drmgmt__mib_error(p, object->line, "%s: it has no OID: \"::=\" is missing before line %u", object->name,
                          drmgmt__mib_peek(p, 0)->line);
        return false;
    }
    (void)drmgmt__mib_take(p); /* ::= */
    if (macro == DRMGMT__MIB_K_TRAP_TYPE ? !read_trap_number(&c) : !drmgmt__mib_read_oid(p, object))
        return false;
    if (macro == DRMGMT__MIB_K_OBJECT_TYPE && object->syntax.base == DRMGMT__MIB_NO_BASE && !object->syntax.name)
        drmgmt__mib_warn(p, object->line, "%s: it has no SYNTAX", object->name);
    return true;
}
