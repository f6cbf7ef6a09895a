/* The parser's hands: tokens ahead, notes, texts, numbers. Called by parse.c and the other parse_*.c. */
#include "mib/parser.h"

#include "core/strbuf.h"
#include <string.h>

/* ---- tokens ---- */

const drmgmt__mib_token *drmgmt__mib_peek(drmgmt__mib_parser *p, unsigned ahead)
{
    while (p->n <= ahead) {
        drmgmt__mib_lexer_next(&p->lexer, &p->ring[(p->first + p->n) % DRMGMT__MIB_AHEAD]);
        p->n++;
    }
    return &p->ring[(p->first + ahead) % DRMGMT__MIB_AHEAD];
}

drmgmt__mib_token drmgmt__mib_take(drmgmt__mib_parser *p)
{
    drmgmt__mib_token token = *drmgmt__mib_peek(p, 0);

    p->first = (p->first + 1) % DRMGMT__MIB_AHEAD;
    p->n--;
    p->steps++;
    return token;
}

bool drmgmt__mib_at_symbol(drmgmt__mib_parser *p, char symbol)
{
    const drmgmt__mib_token *token = drmgmt__mib_peek(p, 0);
    return token->kind == DRMGMT__MIB_T_SYMBOL && token->symbol == symbol;
}

bool drmgmt__mib_at_keyword(drmgmt__mib_parser *p, drmgmt__mib_keyword keyword)
{
    return drmgmt__mib_peek(p, 0)->keyword == keyword;
}

static bool is_name(const drmgmt__mib_token *token)
{
    return token->kind == DRMGMT__MIB_T_NAME && token->keyword == DRMGMT__MIB_K_NONE;
}

bool drmgmt__mib_at_name(drmgmt__mib_parser *p)
{
    return is_name(drmgmt__mib_peek(p, 0));
}

bool drmgmt__mib_accept(drmgmt__mib_parser *p, char symbol)
{
    bool there = drmgmt__mib_at_symbol(p, symbol);
    if (there)
        (void)drmgmt__mib_take(p);
    return there;
}

bool drmgmt__mib_accept_keyword(drmgmt__mib_parser *p, drmgmt__mib_keyword keyword)
{
    bool there = drmgmt__mib_at_keyword(p, keyword);
    if (there)
        (void)drmgmt__mib_take(p);
    return there;
}

bool drmgmt__mib_at_stop(drmgmt__mib_parser *p)
{
    const drmgmt__mib_token *first = drmgmt__mib_peek(p, 0), *second;

    p->steps++;
    if (first->kind == DRMGMT__MIB_T_END || first->keyword == DRMGMT__MIB_K_END)
        return true;
    if (first->kind != DRMGMT__MIB_T_NAME)
        return false;
    second = drmgmt__mib_peek(p, 1);
    if (second->keyword == DRMGMT__MIB_K_MACRO)
        return true;
    if (!is_name(first))
        return false;
    if (drmgmt__mib_declares(second->keyword) || second->keyword == DRMGMT__MIB_K_DEFINITIONS ||
        second->keyword == DRMGMT__MIB_K_PIB_DEFINITIONS)
        return true;
    const drmgmt__mib_token *third = drmgmt__mib_peek(p, 2);
    if (second->kind == DRMGMT__MIB_T_ASSIGN)
        return third->kind == DRMGMT__MIB_T_NAME || (third->kind == DRMGMT__MIB_T_SYMBOL && third->symbol == '[');
    return second->keyword == DRMGMT__MIB_K_OBJECT && third->keyword == DRMGMT__MIB_K_IDENTIFIER &&
           drmgmt__mib_peek(p, 3)->kind == DRMGMT__MIB_T_ASSIGN;
}

void drmgmt__mib_skip_brackets(drmgmt__mib_parser *p)
{
    int depth = 0;

    do {
        drmgmt__mib_token token = drmgmt__mib_take(p);
        if (token.kind == DRMGMT__MIB_T_SYMBOL && strchr("{([", token.symbol))
            depth++;
        else if (token.kind == DRMGMT__MIB_T_SYMBOL && strchr("})]", token.symbol))
            depth--;
    } while (depth > 0 && !drmgmt__mib_at_stop(p));
}

/* ---- notes ---- */

static void note(drmgmt__mib_parser *p, bool error, uint32_t line, const char *format, va_list args)
{
    drmgmt__mib_notes *notes = p->module ? &p->module->notes : &p->file->notes;
    drmgmt__arena *arena = p->module ? &p->module->arena : &p->file->arena;
    DRMGMT__STRBUF text = DRMGMT__STRBUF_INIT;

    *(error ? &notes->errors : &notes->warnings) += 1;
    if (notes->list.n >= DRMGMT__MIB_NOTES_MAX)
        return;
    drmgmt__strbuf_vprintf(&text, format, args);
    const char *copy = text.failed ? NULL : drmgmt__arena_text(arena, text.data, text.length);
    drmgmt__mib_note *row = copy ? DRMGMT__ARENA_PUSH(arena, &notes->list) : NULL;
    if (row)
        *row = (drmgmt__mib_note){ line, error, copy };
}

void drmgmt__mib_error(drmgmt__mib_parser *p, uint32_t line, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    note(p, true, line, format, args);
    va_end(args);
}

void drmgmt__mib_warn(drmgmt__mib_parser *p, uint32_t line, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    note(p, false, line, format, args);
    va_end(args);
}

int drmgmt__mib_shown(const drmgmt__mib_token *token)
{
    return token->length < 64 ? (int)token->length : 64;
}

/* ---- texts ---- */

static bool is_utf8(const char *text, size_t n)
{
    DRMGMT__STRBUF copy = DRMGMT__STRBUF_INIT;

    if (memchr(text, 0, n))
        return false;
    drmgmt__strbuf_add(&copy, text, n);
    return !copy.failed && drmgmt__utf8_valid(copy.data ? copy.data : "");
}

static bool is_ascii(const char *text, size_t n)
{
    unsigned char any = 0;
    for (size_t i = 0; i < n; i++)
        any |= (unsigned char)text[i];
    return any < 0x80;
}

/* Copies a byte, and what of its neighbours belongs to it; gives how many bytes that were. Latin-1 becomes UTF-8. */
static size_t copy_character(char **to, const char *from, const char *end, bool utf8)
{
    unsigned char c = (unsigned char)*from;

    if (c == '"' && from + 1 < end && from[1] == '"') {
        *(*to)++ = '"';
        return 2;
    }
    if (c == '\r') {
        *(*to)++ = '\n';
        return from + 1 < end && from[1] == '\n' ? 2 : 1;
    }
    if (c >= 0x80 && !utf8) {
        *(*to)++ = (char)(0xc0 | c >> 6);
        *(*to)++ = (char)(0x80 | (c & 0x3f));
    } else {
        *(*to)++ = (c < ' ' && c != '\n' && c != '\t') || c == 0x7f ? ' ' : (char)c;
    }
    return 1;
}

const char *drmgmt__mib_text(drmgmt__mib_parser *p, const drmgmt__mib_token *token)
{
    const char *from = token->text, *end = from + token->length;
    bool utf8 = is_ascii(from, token->length) || is_utf8(from, token->length);
    size_t room = utf8 ? token->length : 2 * token->length;
    char *text = drmgmt__arena_alloc(&p->module->arena, room + 1), *to = text;

    while (text && from < end)
        from += copy_character(&to, from, end, utf8);
    return text;
}

const char *drmgmt__mib_name(drmgmt__mib_parser *p, const drmgmt__mib_token *token)
{
    return is_ascii(token->text, token->length) ? drmgmt__arena_text(&p->module->arena, token->text, token->length)
                                                : drmgmt__mib_text(p, token);
}

/* ---- numbers ---- */

static int digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool drmgmt__mib_number_of(const drmgmt__mib_token *token, drmgmt__mib_number *number)
{
    unsigned radix = token->kind == DRMGMT__MIB_T_HEX ? 16 : token->kind == DRMGMT__MIB_T_BINARY ? 2 : 10;
    uint64_t value = 0;
    size_t i = 0;
    bool negative = false;

    if (token->kind == DRMGMT__MIB_T_NUMBER)
        i = negative = token->text[0] == '-';
    else if (token->kind != DRMGMT__MIB_T_HEX && token->kind != DRMGMT__MIB_T_BINARY)
        return false;
    for (; i < token->length; i++) {
        int digit = digit_of(token->text[i]);
        if (digit < 0 && radix != 10)
            continue; /* white space */
        if (digit < 0 || (unsigned)digit >= radix || value > (UINT64_MAX - (unsigned)digit) / radix)
            return false;
        value = value * radix + (unsigned)digit;
    }
    if (negative && value > (uint64_t)INT64_MAX + 1)
        return false;
    *number = (drmgmt__mib_number){ value, negative && value };
    return true;
}

bool drmgmt__mib_arc_of(const drmgmt__mib_token *token, uint32_t *arc)
{
    drmgmt__mib_number number;

    if (token->kind != DRMGMT__MIB_T_NUMBER || !drmgmt__mib_number_of(token, &number) || number.negative ||
        number.magnitude > UINT32_MAX)
        return false;
    *arc = (uint32_t)number.magnitude;
    return true;
}
