/* The words of a MIB module's text. Called by the parser. Tolerant: whatever the text is, tokens come out of it, each
 * byte is looked at a bounded number of times, and no memory is taken. Internal. */
#ifndef DRMGMT_MIB_LEXER_H
#define DRMGMT_MIB_LEXER_H

#include "mib/keywords.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum drmgmt__mib_token_kind {
    DRMGMT__MIB_T_END,    /* of the text */
    DRMGMT__MIB_T_NAME,   /* keywords too; also what only starts with a digit, which is no name by ASN.1 */
    DRMGMT__MIB_T_NUMBER, /* decimal, with its sign */
    DRMGMT__MIB_T_STRING, /* what stands between the quotes */
    DRMGMT__MIB_T_HEX,    /* '..'H: what stands between the quotes */
    DRMGMT__MIB_T_BINARY, /* '..'B */
    DRMGMT__MIB_T_ASSIGN, /* ::= */
    DRMGMT__MIB_T_DOTS,   /* .. */
    DRMGMT__MIB_T_SYMBOL  /* one byte: the token's symbol */
} drmgmt__mib_token_kind;

enum {                                 /* drmgmt__mib_token.flags */
       DRMGMT__MIB_T_DOUBLED = 1,      /* the string has doubled quotes in it */
       DRMGMT__MIB_T_UNTERMINATED = 2, /* the string's end was guessed */
       DRMGMT__MIB_T_ODD = 4           /* not as ASN.1 has it, but clear */
};

typedef struct drmgmt__mib_token {
    const char *text; /* into the module's text */
    size_t length;
    uint32_t line; /* of its first byte; from 1 */
    drmgmt__mib_token_kind kind;
    drmgmt__mib_keyword keyword; /* of a NAME */
    char symbol;
    unsigned flags;
} drmgmt__mib_token;

typedef struct drmgmt__mib_lexer {
    const char *at, *end;
    uint32_t line;
    uint64_t steps; /* bytes looked at: what the work is proportional to */
} drmgmt__mib_lexer;

/* text stays the caller's and must live as long as tokens are used. */
void drmgmt__mib_lexer_open(drmgmt__mib_lexer *lexer, const char *text, size_t length);
/* The next token; T_END again and again at the end. */
void drmgmt__mib_lexer_next(drmgmt__mib_lexer *lexer, drmgmt__mib_token *token);
/* The keyword these bytes are, or K_NONE. */
drmgmt__mib_keyword drmgmt__mib_keyword_of(const char *text, size_t length);
/* Whether it is one of the macros that declare something with an OID, as the second word of a declaration. */
bool drmgmt__mib_declares(drmgmt__mib_keyword keyword);

#endif
