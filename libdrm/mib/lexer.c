/* The lexer: ASN.1's words (X.680, clause 12) as MIB modules write them. Called by parse.c. */
#include "mib/lexer.h"

#include "core/cleanup.h"
#include <string.h>

enum { WORD_MAX = 64 }; /* of what may be a keyword */

static const char *const words[DRMGMT__MIB_K_COUNT] = { [DRMGMT__MIB_K_NONE] = "",
#define WORD(name, text) [DRMGMT__MIB_K_##name] = text,
                                                        DRMGMT__MIB_KEYWORDS(WORD)
#undef WORD
};

drmgmt__mib_keyword drmgmt__mib_keyword_of(const char *text, size_t length)
{
    int low = 1, high = DRMGMT__MIB_K_COUNT;

    if (length == 0 || length > WORD_MAX || text[0] < 'A' || text[0] > 'Z')
        return DRMGMT__MIB_K_NONE;
    while (low < high) {
        int middle = (low + high) / 2;
        int order = strncmp(words[middle], text, length);
        if (order == 0 && words[middle][length])
            order = 1;
        if (order == 0)
            return (drmgmt__mib_keyword)middle;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return DRMGMT__MIB_K_NONE;
}

bool drmgmt__mib_declares(drmgmt__mib_keyword keyword)
{
    static const bool declares[DRMGMT__MIB_K_COUNT] = {
        [DRMGMT__MIB_K_AGENT_CAPABILITIES] = true, [DRMGMT__MIB_K_MODULE_COMPLIANCE] = true,
        [DRMGMT__MIB_K_MODULE_IDENTITY] = true,    [DRMGMT__MIB_K_NOTIFICATION_GROUP] = true,
        [DRMGMT__MIB_K_NOTIFICATION_TYPE] = true,  [DRMGMT__MIB_K_OBJECT_GROUP] = true,
        [DRMGMT__MIB_K_OBJECT_IDENTITY] = true,    [DRMGMT__MIB_K_OBJECT_TYPE] = true,
        [DRMGMT__MIB_K_TRAP_TYPE] = true,
    };
    return declares[keyword];
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_word(char c)
{
    unsigned char u = (unsigned char)c; /* what is above 0x7f is no name by ASN.1, but stands in some */
    return (u >= 'a' && u <= 'z') || (u >= 'A' && u <= 'Z') || is_digit(c) || c == '_' || c == '-' || u >= 0x80;
}

static bool is_blank(char c)
{
    unsigned char u = (unsigned char)c;
    return u <= ' ' || u == 0x7f;
}

static bool starts(const char *at, const char *end, const char *with)
{
    size_t n = strlen(with);
    return (size_t)(end - at) >= n && memcmp(at, with, n) == 0;
}

/* How many bytes of white space that is none in ASCII stand here: a byte order mark, no-break spaces. */
static size_t foreign_blank(const char *at, const char *end)
{
    if (starts(at, end, "\xef\xbb\xbf"))
        return 3;
    if (starts(at, end, "\xc2\xa0"))
        return 2;
    return at < end && (unsigned char)*at == 0xa0;
}

/* Whether at is the last byte of a line's end: LF, CR LF, or CR alone. */
static bool ends_line(const char *at, const char *end)
{
    return *at == '\n' || (*at == '\r' && (at + 1 == end || at[1] != '\n'));
}

void drmgmt__mib_lexer_open(drmgmt__mib_lexer *lexer, const char *text, size_t length)
{
    *lexer = (drmgmt__mib_lexer){ text, text + length, 1, 0 };
}

/* ---- white space and comments ---- */

/* A comment ends with its line or with two hyphens (X.680, 12.6.3). One that starts with more than two is a ruler, and
 * what stands in its line belongs to it, whatever their number is. */
static void skip_comment(drmgmt__mib_lexer *lexer)
{
    const char *at = lexer->at + 2, *end = lexer->end;
    bool ruler = at < end && *at == '-';

    while (at < end && *at != '\n' && *at != '\r') {
        if (!ruler && *at == '-' && at + 1 < end && at[1] == '-') {
            at += 2;
            break;
        }
        at++;
    }
    lexer->at = at;
}

static void skip_blanks(drmgmt__mib_lexer *lexer)
{
    while (lexer->at < lexer->end) {
        const char *at = lexer->at;
        size_t foreign = foreign_blank(at, lexer->end);
        if (foreign) {
            lexer->at += foreign;
        } else if (is_blank(*at)) {
            lexer->line += ends_line(at, lexer->end);
            lexer->at++;
        } else if (starts(at, lexer->end, "--")) {
            skip_comment(lexer);
        } else {
            return;
        }
    }
}

/* ---- strings ---- */

static const char *skip_spaces(const char *at, const char *end)
{
    while (at < end && (*at == ' ' || *at == '\t'))
        at++;
    return at;
}

static const char *word_end(const char *at, const char *end)
{
    const char *from = at;
    while (at < end && at - from <= WORD_MAX * 2 && is_word(*at))
        at++;
    return at;
}

/* Whether a line inside a string looks as if it stood outside of one: "::= {", or the beginning of a declaration. */
static bool looks_outside(const char *line, const char *end)
{
    const char *first = skip_spaces(line, end);
    if (starts(first, end, "::="))
        return true;
    const char *first_end = word_end(first, end);
    const char *second = skip_spaces(first_end, end);
    if (first_end == first)
        return false;
    if (starts(second, end, "::="))
        return starts(skip_spaces(second + 3, end), end, "TEXTUAL-CONVENTION");
    const char *second_end = word_end(second, end);
    drmgmt__mib_keyword keyword = drmgmt__mib_keyword_of(second, (size_t)(second_end - second));
    const char *third = skip_spaces(second_end, end);
    return drmgmt__mib_declares(keyword) || (keyword == DRMGMT__MIB_K_OBJECT && starts(third, end, "IDENTIFIER") &&
                                             starts(skip_spaces(third + 10, end), end, "::="));
}

/* Whether what stands from start to end ends in a word that a string follows: then its last quote opens a string, and
 * the one that closes this was left out. Gives the word's line if it is the first there. */
static bool opens_next(const char *start, const char *end, const char **line)
{
    static const bool before_string[DRMGMT__MIB_K_COUNT] = {
        [DRMGMT__MIB_K_CONTACT_INFO] = true, [DRMGMT__MIB_K_DESCRIPTION] = true,
        [DRMGMT__MIB_K_DISPLAY_HINT] = true, [DRMGMT__MIB_K_LAST_UPDATED] = true,
        [DRMGMT__MIB_K_ORGANIZATION] = true, [DRMGMT__MIB_K_REFERENCE] = true,
        [DRMGMT__MIB_K_REVISION] = true,     [DRMGMT__MIB_K_PRODUCT_RELEASE] = true,
        [DRMGMT__MIB_K_UNITS] = true,
    };
    const char *last = end;

    while (last > start && is_blank(last[-1]) && end - last < WORD_MAX)
        last--;
    const char *word = last;
    while (word > start && last - word <= WORD_MAX && is_word(word[-1]))
        word--;
    if (last == end || !before_string[drmgmt__mib_keyword_of(word, (size_t)(last - word))])
        return false;
    while (word > start && last - word <= 2 * WORD_MAX && (word[-1] == ' ' || word[-1] == '\t'))
        word--;
    *line = word > start && (word[-1] == '\n' || word[-1] == '\r') ? word : NULL;
    return true;
}

static uint32_t lines_in(const char *at, const char *to, const char *end)
{
    uint32_t n = 0;
    for (; at < to; at++)
        n += ends_line(at, end);
    return n;
}

/* A string ends at a quote that is not doubled. Where that one was left out, it would end at the next string's
 * beginning, and all strings of the file would be turned inside out; so it is made to end before what cannot be in it.
 */
static void take_string(drmgmt__mib_lexer *lexer, drmgmt__mib_token *token)
{
    const char *start = lexer->at + 1, *at = start, *end = lexer->end, *outside = NULL, *line = NULL;

    for (; at < end; at++) {
        if (*at == '"') {
            if (at + 1 == end || at[1] != '"')
                break;
            token->flags |= DRMGMT__MIB_T_DOUBLED;
            at++;
        } else if (!outside && ends_line(at, end) && looks_outside(at + 1, end)) {
            outside = at + 1;
        }
    }
    lexer->steps += (uint64_t)(at - start);
    bool open = at >= end;
    const char *stop = open ? end : at;
    if (open || opens_next(start, stop, &line)) {
        if (!outside)
            outside = line;
        if (open || outside)
            token->flags |= DRMGMT__MIB_T_UNTERMINATED;
        if (outside)
            stop = outside;
    }
    token->kind = DRMGMT__MIB_T_STRING;
    token->text = start;
    token->length = (size_t)(stop - start);
    lexer->line += lines_in(start, stop, end);
    lexer->at = token->flags & DRMGMT__MIB_T_UNTERMINATED ? stop : stop + 1;
}

/* '..'H and '..'B. False: the quote does not begin one. */
static bool take_digits(drmgmt__mib_lexer *lexer, drmgmt__mib_token *token)
{
    const char *start = lexer->at + 1, *at = start, *end = lexer->end;

    while (at < end && (is_digit(*at) || (*at >= 'a' && *at <= 'f') || (*at >= 'A' && *at <= 'F') || is_blank(*at)))
        at++;
    lexer->steps += (uint64_t)(at - start);
    if (at == end || *at != '\'')
        return false;
    token->text = start;
    token->length = (size_t)(at - start);
    lexer->line += lines_in(start, at, end);
    at++;
    token->kind = at < end && (*at == 'b' || *at == 'B') ? DRMGMT__MIB_T_BINARY : DRMGMT__MIB_T_HEX;
    if (at < end && (*at == 'b' || *at == 'B' || *at == 'h' || *at == 'H'))
        at++;
    else
        token->flags |= DRMGMT__MIB_T_ODD;
    lexer->at = at;
    return true;
}

/* ---- names, numbers and signs ---- */

static void take_word(drmgmt__mib_lexer *lexer, drmgmt__mib_token *token)
{
    const char *at = lexer->at, *end = lexer->end;
    bool digits = true;

    for (; at < end && is_word(*at) && !starts(at, end, "--") && !foreign_blank(at, end); at++)
        digits = digits && is_digit(*at);
    if (at == lexer->at) /* cannot be: the caller has looked */
        at++;
    token->kind = digits ? DRMGMT__MIB_T_NUMBER : DRMGMT__MIB_T_NAME;
    token->length = (size_t)(at - lexer->at);
    token->keyword = digits ? DRMGMT__MIB_K_NONE : drmgmt__mib_keyword_of(token->text, token->length);
    lexer->at = at;
}

static void take_negative(drmgmt__mib_lexer *lexer, drmgmt__mib_token *token)
{
    const char *at = lexer->at + 1;

    while (at < lexer->end && is_digit(*at))
        at++;
    token->kind = DRMGMT__MIB_T_NUMBER;
    token->length = (size_t)(at - lexer->at);
    lexer->at = at;
}

static void take_sign(drmgmt__mib_lexer *lexer, drmgmt__mib_token *token)
{
    static const struct {
        const char *text;
        drmgmt__mib_token_kind kind;
        unsigned flags;
    } signs[] = {
        { "::=", DRMGMT__MIB_T_ASSIGN, 0 },
        { ":=", DRMGMT__MIB_T_ASSIGN, DRMGMT__MIB_T_ODD },
        { "::", DRMGMT__MIB_T_ASSIGN, DRMGMT__MIB_T_ODD },
        { "..", DRMGMT__MIB_T_DOTS, 0 },
    };

    for (size_t i = 0; i < DRMGMT__COUNT(signs); i++)
        if (starts(lexer->at, lexer->end, signs[i].text)) {
            token->kind = signs[i].kind;
            token->flags |= signs[i].flags;
            token->length = strlen(signs[i].text);
            lexer->at += token->length;
            return;
        }
    token->kind = DRMGMT__MIB_T_SYMBOL;
    token->symbol = *lexer->at;
    token->length = 1;
    lexer->at++;
}

void drmgmt__mib_lexer_next(drmgmt__mib_lexer *lexer, drmgmt__mib_token *token)
{
    const char *from = lexer->at;

    skip_blanks(lexer);
    *token = (drmgmt__mib_token){ .text = lexer->at, .line = lexer->line };
    lexer->steps++;
    if (lexer->at == lexer->end) {
        token->kind = DRMGMT__MIB_T_END;
    } else if (*lexer->at == '"') {
        take_string(lexer, token);
    } else if (*lexer->at == '\'') {
        if (!take_digits(lexer, token))
            take_sign(lexer, token);
    } else if (*lexer->at == '-') {
        if (lexer->at + 1 < lexer->end && is_digit(lexer->at[1]))
            take_negative(lexer, token);
        else
            take_sign(lexer, token);
    } else if (is_word(*lexer->at)) {
        take_word(lexer, token);
    } else {
        take_sign(lexer, token);
    }
    lexer->steps += (uint64_t)(lexer->at - from);
}
