/* What the files of the parser share: the tokens ahead, notes, texts, and the parts of a declaration. Included by
 * parse*.c only. Internal. */
#ifndef DRMGMT_MIB_PARSER_H
#define DRMGMT_MIB_PARSER_H

#include "mib/lexer.h"
#include "mib/parse.h"
#include <drm/export.h>

enum { DRMGMT__MIB_AHEAD = 8, DRMGMT__MIB_NESTING_MAX = 64 };

typedef struct drmgmt__mib_parser {
    drmgmt__mib_lexer lexer;
    drmgmt__mib_token ring[DRMGMT__MIB_AHEAD]; /* the tokens ahead */
    unsigned first, n;                         /* of the ring */
    drmgmt__mib_limits limits;
    drmgmt__mib_file *file;
    drmgmt__mib_module *module; /* NULL outside of one */
    uint64_t steps;
    bool full; /* the module has all the objects it may have */
} drmgmt__mib_parser;

/* ---- tokens ---- */

/* The token that is ahead by this many, 0 for the next; fewer than DRMGMT__MIB_AHEAD. Valid until the next one is read.
 */
const drmgmt__mib_token *drmgmt__mib_peek(drmgmt__mib_parser *p, unsigned ahead);
/* Takes the next token off. */
drmgmt__mib_token drmgmt__mib_take(drmgmt__mib_parser *p);
bool drmgmt__mib_at_symbol(drmgmt__mib_parser *p, char symbol);
bool drmgmt__mib_at_keyword(drmgmt__mib_parser *p, drmgmt__mib_keyword keyword);
/* Whether the next token is a name of the module's own. */
bool drmgmt__mib_at_name(drmgmt__mib_parser *p);
/* Takes the next token if it is this one. */
bool drmgmt__mib_accept(drmgmt__mib_parser *p, char symbol);
bool drmgmt__mib_accept_keyword(drmgmt__mib_parser *p, drmgmt__mib_keyword keyword);
/* Whether a declaration begins here, or the module or the text ends: where everything else must stop. */
bool drmgmt__mib_at_stop(drmgmt__mib_parser *p);

/* ---- notes: of the module, or of the file outside of one ---- */
void drmgmt__mib_error(drmgmt__mib_parser *p, uint32_t line, const char *format, ...) DRMGMT_PRINTF(3, 4);
void drmgmt__mib_warn(drmgmt__mib_parser *p, uint32_t line, const char *format, ...) DRMGMT_PRINTF(3, 4);
/* How much of a token's text is shown in a note, for "%.*s". */
int drmgmt__mib_shown(const drmgmt__mib_token *token);

/* ---- texts, in the module's memory; NULL when that is out ---- */
const char *drmgmt__mib_name(drmgmt__mib_parser *p, const drmgmt__mib_token *token);
/* Of a string: in UTF-8, lines ended by LF, without control characters. */
const char *drmgmt__mib_text(drmgmt__mib_parser *p, const drmgmt__mib_token *token);

/* ---- numbers ---- */
/* Of a NUMBER, HEX or BINARY token. False: it is none, or does not fit. */
bool drmgmt__mib_number_of(const drmgmt__mib_token *token, drmgmt__mib_number *number);
/* Of an arc of an OID. */
bool drmgmt__mib_arc_of(const drmgmt__mib_token *token, uint32_t *arc);

/* ---- parts of declarations. What they cannot read they tell, and leave for the next ---- */

/* A type (RFC 2578, section 7.1), with its named numbers and ranges. False: there is none. */
bool drmgmt__mib_read_syntax(drmgmt__mib_parser *p, drmgmt__mib_syntax *syntax);
/* "{ parent 1 }": gives the object its OID. False, and told: it is none. */
bool drmgmt__mib_read_oid(drmgmt__mib_parser *p, drmgmt__mib_object *object);
/* "{ a, b }". */
void drmgmt__mib_read_names(drmgmt__mib_parser *p, drmgmt__mib_names *names);
/* All after the macro's name (keyword) up to the value. False, and told: the declaration is lost. */
bool drmgmt__mib_read_macro(drmgmt__mib_parser *p, drmgmt__mib_keyword macro, drmgmt__mib_object *object);
/* All after "::= TEXTUAL-CONVENTION". */
bool drmgmt__mib_read_convention(drmgmt__mib_parser *p, drmgmt__mib_object *object);
/* Passes over what stands in brackets here, with the opening one, up to its closing one or a stop. */
void drmgmt__mib_skip_brackets(drmgmt__mib_parser *p);

#endif
