/* Files, modules, imports, declarations. Called by the import and by tests; calls the other parse_*.c. */
#include "mib/parse.h"

#include "core/core.h"
#include "mib/parser.h"
#include <string.h>

enum { NAME_MAX = 255 }; /* of a name: RFC 2578, section 3.1, has 64 */

const drmgmt__mib_limits drmgmt__mib_limits_default = { 32u << 20, 256u << 20, 1000, 200000 };

/* Passes over everything up to where a declaration can begin again; tells what it is if that was not told before. */
static void recover(drmgmt__mib_parser *p, bool told)
{
    while (!drmgmt__mib_at_stop(p) && !drmgmt__mib_at_keyword(p, DRMGMT__MIB_K_IMPORTS)) {
        drmgmt__mib_token token = drmgmt__mib_take(p);
        if (!told && (token.kind != DRMGMT__MIB_T_SYMBOL || (token.symbol != ';' && token.symbol != ','))) {
            drmgmt__mib_error(p, token.line, "\"%.*s\" is passed over, with all up to the next declaration",
                              drmgmt__mib_shown(&token), token.text);
            told = true;
        }
    }
}

/* ---- imports ---- */

/* Gives the names from first on, which have been read, their module. */
static void close_imports(drmgmt__mib_parser *p, size_t first)
{
    drmgmt__mib_token token = drmgmt__mib_take(p);
    const char *from = drmgmt__mib_name(p, &token);

    for (size_t i = first; from && i < p->module->imports.n; i++)
        p->module->imports.items[i].from = from;
    if (from && strncmp(from, "SNMPv2-", 7) == 0)
        p->module->smi = 2;
    if (drmgmt__mib_at_symbol(p, '{'))
        drmgmt__mib_skip_brackets(p);
}

static void read_imports(drmgmt__mib_parser *p)
{
    uint32_t line = drmgmt__mib_take(p).line;
    drmgmt__mib_module *module = p->module;
    size_t first = module->imports.n;

    while (!drmgmt__mib_accept(p, ';')) {
        const drmgmt__mib_token *token = drmgmt__mib_peek(p, 0), *next = drmgmt__mib_peek(p, 1);
        bool listed =
            next->keyword == DRMGMT__MIB_K_FROM || (next->kind == DRMGMT__MIB_T_SYMBOL && next->symbol == ',');
        if (first == module->imports.n && !listed && drmgmt__mib_at_stop(p)) {
            drmgmt__mib_warn(p, line, "the IMPORTS that begin here have no closing semicolon");
            break;
        }
        if (token->kind == DRMGMT__MIB_T_END || token->keyword == DRMGMT__MIB_K_END)
            break;
        drmgmt__mib_token name = drmgmt__mib_take(p);
        if (name.keyword == DRMGMT__MIB_K_FROM && drmgmt__mib_at_name(p)) {
            close_imports(p, first);
            first = module->imports.n;
        } else if (name.kind == DRMGMT__MIB_T_NAME && name.keyword != DRMGMT__MIB_K_FROM && name.length <= NAME_MAX) {
            const char *text = drmgmt__mib_name(p, &name);
            drmgmt__mib_import *row = text ? DRMGMT__ARENA_PUSH(&module->arena, &module->imports) : NULL;
            if (row)
                *row = (drmgmt__mib_import){ .name = text, .line = name.line };
        }
    }
    if (first < module->imports.n)
        drmgmt__mib_warn(p, line, "the last %zu names of IMPORTS have no FROM", module->imports.n - first);
    module->imports.n = first;
}

/* ---- declarations ---- */

static void declare_type(drmgmt__mib_parser *p, drmgmt__mib_object *object, bool *ok)
{
    if (drmgmt__mib_accept_keyword(p, DRMGMT__MIB_K_TEXTUAL_CONVENTION)) {
        object->kind = DRMGMT__MIB_CONVENTION;
        *ok = drmgmt__mib_read_convention(p, object);
    } else {
        object->kind = DRMGMT__MIB_TYPE;
        *ok = drmgmt__mib_read_syntax(p, &object->syntax);
        if (!*ok)
            drmgmt__mib_error(p, object->line, "%s: what follows \"::=\" is no type", object->name);
    }
}

static drmgmt__mib_kind kind_of(drmgmt__mib_keyword macro, const drmgmt__mib_object *object)
{
    static const drmgmt__mib_kind kinds[DRMGMT__MIB_K_COUNT] = {
        [DRMGMT__MIB_K_AGENT_CAPABILITIES] = DRMGMT__MIB_CAPABILITY,
        [DRMGMT__MIB_K_MODULE_COMPLIANCE] = DRMGMT__MIB_COMPLIANCE,
        [DRMGMT__MIB_K_MODULE_IDENTITY] = DRMGMT__MIB_IDENTITY,
        [DRMGMT__MIB_K_NOTIFICATION_GROUP] = DRMGMT__MIB_GROUP,
        [DRMGMT__MIB_K_NOTIFICATION_TYPE] = DRMGMT__MIB_NOTIFICATION,
        [DRMGMT__MIB_K_OBJECT_GROUP] = DRMGMT__MIB_GROUP,
        [DRMGMT__MIB_K_OBJECT_IDENTITY] = DRMGMT__MIB_IDENTITY,
        [DRMGMT__MIB_K_OBJECT_TYPE] = DRMGMT__MIB_SCALAR,
        [DRMGMT__MIB_K_TRAP_TYPE] = DRMGMT__MIB_NOTIFICATION,
    };
    if (macro != DRMGMT__MIB_K_OBJECT_TYPE)
        return kinds[macro];
    if (object->syntax.base == DRMGMT__MIB_SEQUENCE_OF)
        return DRMGMT__MIB_TABLE;
    return object->index.n || object->augments ? DRMGMT__MIB_ROW : DRMGMT__MIB_SCALAR; /* columns: the resolver */
}

static void declare_macro(drmgmt__mib_parser *p, drmgmt__mib_object *object, bool *ok)
{
    drmgmt__mib_keyword macro = drmgmt__mib_take(p).keyword;
    drmgmt__mib_module *module = p->module;

    *ok = drmgmt__mib_read_macro(p, macro, object);
    object->kind = kind_of(macro, object);
    if (macro == DRMGMT__MIB_K_MODULE_IDENTITY) {
        module->smi = 2;
        module->description = object->description;
    }
}

static void keep(drmgmt__mib_parser *p, const drmgmt__mib_object *object)
{
    if (p->module->objects.n >= p->limits.objects) {
        p->full = true;
        return;
    }
    drmgmt__mib_object *row = DRMGMT__ARENA_PUSH(&p->module->arena, &p->module->objects);
    if (row)
        *row = *object;
}

/* At a name. */
static void declare(drmgmt__mib_parser *p)
{
    drmgmt__mib_token name = drmgmt__mib_take(p);
    const drmgmt__mib_token *next = drmgmt__mib_peek(p, 0);
    drmgmt__mib_object object = { .line = name.line };
    bool ok = false;

    if (next->keyword == DRMGMT__MIB_K_MACRO) { /* RFC 2578 defines its macros so; they are built in here */
        while (!drmgmt__mib_at_keyword(p, DRMGMT__MIB_K_END) && drmgmt__mib_peek(p, 0)->kind != DRMGMT__MIB_T_END)
            (void)drmgmt__mib_take(p);
        (void)drmgmt__mib_take(p);
        return;
    }
    if (name.length > NAME_MAX) {
        drmgmt__mib_error(p, name.line, "a name of %zu characters, \"%.*s\"...: the longest may have %d", name.length,
                          drmgmt__mib_shown(&name), name.text, NAME_MAX);
    } else if ((object.name = drmgmt__mib_name(p, &name)) == NULL) {
        return;
    } else if (drmgmt__mib_declares(next->keyword)) {
        declare_macro(p, &object, &ok);
    } else if (next->keyword == DRMGMT__MIB_K_OBJECT && drmgmt__mib_peek(p, 1)->keyword == DRMGMT__MIB_K_IDENTIFIER &&
               drmgmt__mib_peek(p, 2)->kind == DRMGMT__MIB_T_ASSIGN) {
        for (int i = 0; i < 3; i++)
            (void)drmgmt__mib_take(p);
        ok = drmgmt__mib_read_oid(p, &object);
    } else if (next->kind == DRMGMT__MIB_T_ASSIGN || next->keyword == DRMGMT__MIB_K_TEXTUAL_CONVENTION) {
        if (next->kind == DRMGMT__MIB_T_ASSIGN)
            (void)drmgmt__mib_take(p);
        declare_type(p, &object, &ok);
    } else {
        drmgmt__mib_error(p, name.line, "\"%.*s\" begins no declaration that is known: \"%.*s\" follows it",
                          drmgmt__mib_shown(&name), name.text, drmgmt__mib_shown(next), next->text);
    }
    if (ok)
        keep(p, &object);
    recover(p, !ok);
}

/* ---- modules ---- */

static bool at_header(drmgmt__mib_parser *p)
{
    drmgmt__mib_keyword second = drmgmt__mib_peek(p, 1)->keyword;
    return drmgmt__mib_at_name(p) && (second == DRMGMT__MIB_K_DEFINITIONS || second == DRMGMT__MIB_K_PIB_DEFINITIONS);
}

static void read_body(drmgmt__mib_parser *p)
{
    for (;;) {
        const drmgmt__mib_token *token = drmgmt__mib_peek(p, 0);
        uint32_t line = token->line;
        if (token->keyword == DRMGMT__MIB_K_END) {
            (void)drmgmt__mib_take(p);
            return;
        }
        if (token->kind == DRMGMT__MIB_T_END || at_header(p)) {
            drmgmt__mib_warn(p, line, "the module has no END");
            return;
        }
        if (p->full || p->module->arena.failed)
            return;
        if (token->keyword == DRMGMT__MIB_K_IMPORTS) {
            read_imports(p);
        } else if (token->keyword == DRMGMT__MIB_K_EXPORTS) {
            while (!drmgmt__mib_accept(p, ';') && !drmgmt__mib_at_stop(p))
                (void)drmgmt__mib_take(p);
        } else if (token->kind == DRMGMT__MIB_T_NAME &&
                   (token->keyword == DRMGMT__MIB_K_NONE || drmgmt__mib_peek(p, 1)->keyword == DRMGMT__MIB_K_MACRO)) {
            declare(p);
        } else {
            if (token->kind != DRMGMT__MIB_T_SYMBOL || token->symbol != ';')
                drmgmt__mib_error(p, line, "\"%.*s\" is passed over, with all up to the next declaration",
                                  drmgmt__mib_shown(token), token->text);
            (void)drmgmt__mib_take(p);
            recover(p, true);
        }
    }
}

static drmgmt__mib_module *module_new(drmgmt__mib_parser *p)
{
    drmgmt__arena arena = { .limit = p->limits.memory };
    drmgmt__mib_module *module = drmgmt__arena_alloc(&arena, sizeof *module);

    if (module)
        module->arena = arena;
    return module;
}

/* At the word DEFINITIONS; name stands before it. */
static int read_module(drmgmt__mib_parser *p, const drmgmt__mib_token *name, drmgmt_error **error)
{
    drmgmt__mib_file *file = p->file;

    if (file->modules.n >= p->limits.modules)
        return drmgmt__fail(error, DRMGMT_ERR_TOO_LARGE, "line %u: a text may have %zu modules; split it", name->line,
                            p->limits.modules);
    if (name->length > NAME_MAX)
        return drmgmt__fail(error, DRMGMT_ERR_TOO_LARGE, "line %u: a module's name may have %d characters", name->line,
                            NAME_MAX);
    drmgmt__mib_module *module = module_new(p), **row = NULL;
    if (module)
        row = DRMGMT__ARENA_PUSH(&file->arena, &file->modules);
    if (!row) {
        drmgmt__mib_module_free(module);
        return drmgmt__fail_memory(error);
    }
    *row = p->module = module;
    module->smi = 1;
    module->line = name->line;
    module->name = drmgmt__mib_name(p, name);
    p->full = false;
    while (!drmgmt__mib_accept_keyword(p, DRMGMT__MIB_K_BEGIN) && !drmgmt__mib_at_stop(p) &&
           !drmgmt__mib_at_keyword(p, DRMGMT__MIB_K_IMPORTS))
        (void)drmgmt__mib_take(p);
    read_body(p);
    p->module = NULL;
    if (p->full)
        return drmgmt__fail(error, DRMGMT_ERR_TOO_LARGE, "%s: a module may have %zu objects; split it", module->name,
                            p->limits.objects);
    if (module->arena.failed)
        return drmgmt__fail(error, DRMGMT_ERR_TOO_LARGE, "%s: a module may take %zu bytes of memory; split it",
                            module->name ? module->name : "a module", p->limits.memory);
    return 0;
}

int drmgmt__mib_parse(drmgmt__mib_file *file, const char *text, size_t length, const drmgmt__mib_limits *limits,
                      drmgmt_error **error)
{
    drmgmt__mib_parser p = { .file = file, .limits = limits ? *limits : drmgmt__mib_limits_default };
    drmgmt__mib_token name = { 0 };
    int status = 0;

    if (length > p.limits.text)
        return drmgmt__fail(error, DRMGMT_ERR_TOO_LARGE, "a text may have %zu bytes; split it", p.limits.text);
    drmgmt__mib_lexer_open(&p.lexer, text, length);
    while (status == 0 && drmgmt__mib_peek(&p, 0)->kind != DRMGMT__MIB_T_END) {
        drmgmt__mib_keyword keyword = drmgmt__mib_peek(&p, 0)->keyword;
        if (name.length && (keyword == DRMGMT__MIB_K_DEFINITIONS || keyword == DRMGMT__MIB_K_PIB_DEFINITIONS)) {
            status = read_module(&p, &name, error);
            name.length = 0;
        } else if (name.length && drmgmt__mib_at_symbol(&p, '{')) { /* NAME { its OID } DEFINITIONS */
            drmgmt__mib_skip_brackets(&p);
        } else {
            drmgmt__mib_token token = drmgmt__mib_take(&p);
            name = token.kind == DRMGMT__MIB_T_NAME && token.keyword == DRMGMT__MIB_K_NONE ? token
                                                                                           : (drmgmt__mib_token){ 0 };
        }
    }
    file->steps = p.steps + p.lexer.steps;
    if (status == 0 && !file->modules.n)
        return drmgmt__fail(error, DRMGMT_ERR_INVALID,
                            "there is no MIB module in it: none begins with \"NAME DEFINITIONS ::= BEGIN\"");
    return status;
}

void drmgmt__mib_file_free(drmgmt__mib_file *file)
{
    for (size_t i = 0; i < file->modules.n; i++)
        drmgmt__mib_module_free(file->modules.items[i]);
    drmgmt__arena_free(&file->arena);
    *file = (drmgmt__mib_file){ 0 };
}
