/* Values: OIDs and lists of names. Called by parse.c and parse_clause.c. */
#include "mib/parser.h"

enum { ARCS_MAX = 128 }; /* RFC 3416, section 4.1 */

/* ---- lists of names ---- */

void drmgmt__mib_read_names(drmgmt__mib_parser *p, drmgmt__mib_names *names)
{
    uint32_t line = drmgmt__mib_peek(p, 0)->line;
    bool braces = drmgmt__mib_accept(p, '{');

    while (!drmgmt__mib_accept(p, '}')) {
        if (drmgmt__mib_accept(p, ',') || drmgmt__mib_accept(p, '.') || drmgmt__mib_accept(p, ';'))
            continue;
        if (!drmgmt__mib_at_name(p) || drmgmt__mib_at_stop(p)) {
            if (braces)
                drmgmt__mib_warn(p, line, "the list that begins here has no closing brace");
            return;
        }
        drmgmt__mib_token token = drmgmt__mib_take(p);
        if (drmgmt__mib_at_symbol(p, '.'))
            continue; /* it is the module of the name that follows */
        const char *name = drmgmt__mib_name(p, &token);
        const char **row = name ? DRMGMT__ARENA_PUSH(&p->module->arena, names) : NULL;
        if (row)
            *row = name;
        if (!braces)
            return;
    }
}

/* ---- OIDs ---- */

/* A name(number) in the midst of an OID is a name for others too, though nothing declares it. */
static void add_implied(drmgmt__mib_parser *p, const drmgmt__mib_object *object)
{
    for (size_t i = 1; i + 1 < object->oid.n; i++) {
        const drmgmt__mib_arc *arc = &object->oid.items[i];
        if (!arc->name || !arc->numbered || p->module->objects.n >= p->limits.objects)
            continue;
        drmgmt__mib_object *node = DRMGMT__ARENA_PUSH(&p->module->arena, &p->module->objects);
        if (!node)
            return;
        *node = (drmgmt__mib_object){ .name = arc->name, .line = object->line, .implied = true };
        node->oid.items = object->oid.items; /* its beginning is the beginning of the same */
        node->oid.n = node->oid.room = i + 1;
    }
}

/* One part, at a name or a number. False, and told: it is none. */
static bool read_arc(drmgmt__mib_parser *p, drmgmt__mib_arc *arc)
{
    drmgmt__mib_token token = drmgmt__mib_take(p), number = token;

    *arc = (drmgmt__mib_arc){ 0 };
    if (token.kind == DRMGMT__MIB_T_NAME) {
        arc->name = drmgmt__mib_name(p, &token);
        if (drmgmt__mib_at_symbol(p, '.') && drmgmt__mib_peek(p, 1)->kind == DRMGMT__MIB_T_NAME) {
            (void)drmgmt__mib_take(p);
            token = drmgmt__mib_take(p);
            arc->from = arc->name;
            arc->name = drmgmt__mib_name(p, &token);
        }
        if (!drmgmt__mib_accept(p, '('))
            return arc->name != NULL;
        number = drmgmt__mib_take(p);
    }
    if (!drmgmt__mib_arc_of(&number, &arc->number)) {
        drmgmt__mib_error(p, number.line, "\"%.*s\" is no number of an OID: it must be from 0 to 4294967295",
                          drmgmt__mib_shown(&number), number.text);
        return false;
    }
    arc->numbered = true;
    if (arc->name && !drmgmt__mib_accept(p, ')'))
        drmgmt__mib_warn(p, number.line, "a closing bracket is missing after %u", arc->number);
    return true;
}

bool drmgmt__mib_read_oid(drmgmt__mib_parser *p, drmgmt__mib_object *object)
{
    uint32_t line = drmgmt__mib_peek(p, 0)->line;

    if (!drmgmt__mib_accept(p, '{')) {
        drmgmt__mib_error(p, line, "%s: its OID must stand in braces after \"::=\"", object->name);
        return false;
    }
    while (!drmgmt__mib_accept(p, '}')) {
        drmgmt__mib_arc arc;
        if (drmgmt__mib_accept(p, ',') || drmgmt__mib_accept(p, '.'))
            continue;
        const drmgmt__mib_token *token = drmgmt__mib_peek(p, 0);
        if (object->oid.n && drmgmt__mib_at_stop(p)) {
            drmgmt__mib_warn(p, line, "%s: its OID has no closing brace", object->name);
            break;
        }
        if ((token->kind != DRMGMT__MIB_T_NAME && token->kind != DRMGMT__MIB_T_NUMBER) ||
            token->keyword != DRMGMT__MIB_K_NONE) {
            drmgmt__mib_error(p, token->line, "%s: \"%.*s\" cannot stand in an OID", object->name,
                              drmgmt__mib_shown(token), token->text);
            return false;
        }
        if (!read_arc(p, &arc))
            return false;
        if (object->oid.n >= ARCS_MAX) {
            drmgmt__mib_error(p, line, "%s: its OID has more than %d parts", object->name, ARCS_MAX);
            return false;
        }
        drmgmt__mib_arc *row = DRMGMT__ARENA_PUSH(&p->module->arena, &object->oid);
        if (!row)
            return false;
        *row = arc;
    }
    if (!object->oid.n) {
        drmgmt__mib_error(p, line, "%s: its OID is empty", object->name);
        return false;
    }
    add_implied(p, object);
    return true;
}
