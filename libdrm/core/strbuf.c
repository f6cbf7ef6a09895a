/* The growable buffer and JSON writing into it. Called by every room that makes text. */
#include "core/strbuf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void drmgmt__strbuf_free(drmgmt__strbuf *b)
{
    free(b->data);
    *b = (drmgmt__strbuf)DRMGMT__STRBUF_INIT;
}

void drmgmt__strbuf_reset(drmgmt__strbuf *b)
{
    b->length = 0;
    b->failed = false;
    if (b->data)
        b->data[0] = '\0';
}

/* Room for n more bytes and the NUL. */
static bool reserve(drmgmt__strbuf *b, size_t n)
{
    if (b->failed || n > SIZE_MAX / 2 - b->length - 1)
        return !(b->failed = true);
    size_t wanted = b->length + n + 1;
    if (wanted <= b->size)
        return true;
    size_t size = b->size ? b->size : 256;
    while (size < wanted)
        size += size / 2 + 64;
    char *data = realloc(b->data, size);
    if (!data)
        return !(b->failed = true);
    b->data = data;
    b->size = size;
    return true;
}

void drmgmt__strbuf_add(drmgmt__strbuf *b, const void *bytes, size_t n)
{
    if (!reserve(b, n))
        return;
    if (n)
        memcpy(b->data + b->length, bytes, n);
    b->length += n;
    b->data[b->length] = '\0';
}

void drmgmt__strbuf_puts(drmgmt__strbuf *b, const char *text)
{
    drmgmt__strbuf_add(b, text, strlen(text));
}

void drmgmt__strbuf_putc(drmgmt__strbuf *b, char c)
{
    drmgmt__strbuf_add(b, &c, 1);
}

void drmgmt__strbuf_vprintf(drmgmt__strbuf *b, const char *format, va_list args)
{
    va_list again;

    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    if (n < 0)
        b->failed = true;
    else if (reserve(b, (size_t)n)) {
        vsnprintf(b->data + b->length, (size_t)n + 1, format, again);
        b->length += (size_t)n;
    }
    va_end(again);
}

void drmgmt__strbuf_printf(drmgmt__strbuf *b, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    drmgmt__strbuf_vprintf(b, format, args);
    va_end(args);
}

char *drmgmt__strbuf_steal(drmgmt__strbuf *b, size_t *length)
{
    if (!b->data && !b->failed)
        reserve(b, 0);
    if (b->failed) {
        drmgmt__strbuf_free(b);
        return NULL;
    }
    char *data = b->data;
    data[b->length] = '\0';
    if (length)
        *length = b->length;
    *b = (drmgmt__strbuf)DRMGMT__STRBUF_INIT;
    return data;
}

/* Length of the well-formed UTF-8 sequence at s (RFC 3629), 0 if there is none. */
static size_t utf8_length(const unsigned char *s, size_t n)
{
    size_t k = s[0] < 0x80                   ? 1
               : s[0] >= 0xc2 && s[0] < 0xe0 ? 2
               : s[0] >= 0xe0 && s[0] < 0xf0 ? 3
               : s[0] >= 0xf0 && s[0] < 0xf5 ? 4
                                             : 0;

    if (k == 0 || k > n)
        return 0;
    for (size_t i = 1; i < k; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] >= 0xa0) || (s[0] == 0xf0 && s[1] < 0x90) ||
        (s[0] == 0xf4 && s[1] >= 0x90))
        return 0;
    return k;
}

bool drmgmt__utf8_valid(const char *text)
{
    const unsigned char *s = (const unsigned char *)text;
    size_t left = strlen(text);

    for (size_t k; left && (k = utf8_length(s, left)); left -= k)
        s += k;
    return left == 0;
}

static void add_escaped(drmgmt__strbuf *b, unsigned char c)
{
    static const char letters[] = "btn\0fr"; /* 8..13; 11 has no short form */

    if (c == '"' || c == '\\') {
        drmgmt__strbuf_putc(b, '\\');
        drmgmt__strbuf_putc(b, (char)c);
    } else if (c >= 8 && c <= 13 && letters[c - 8]) {
        drmgmt__strbuf_putc(b, '\\');
        drmgmt__strbuf_putc(b, letters[c - 8]);
    } else {
        drmgmt__strbuf_printf(b, "\\u%04x", c);
    }
}

void drmgmt__json_string_n(drmgmt__strbuf *b, const char *text, size_t n)
{
    const unsigned char *s = (const unsigned char *)text;
    size_t run = 0, i = 0;

    if (!text) {
        drmgmt__strbuf_add(b, "null", 4);
        return;
    }
    drmgmt__strbuf_putc(b, '"');
    while (i < n) {
        unsigned char c = s[i];
        if (c >= 0x20 && c < 0x7f && c != '"' && c != '\\') {
            i++;
            continue;
        }
        size_t k = c < 0x80 ? 0 : utf8_length(s + i, n - i);
        if (k) {
            i += k;
            continue;
        }
        drmgmt__strbuf_add(b, s + run, i - run);
        if (c < 0x80)
            add_escaped(b, c);
        else
            drmgmt__strbuf_add(b, "\xef\xbf\xbd", 3);
        run = ++i;
    }
    drmgmt__strbuf_add(b, s + run, n - run);
    drmgmt__strbuf_putc(b, '"');
}

void drmgmt__json_string(drmgmt__strbuf *b, const char *text)
{
    drmgmt__json_string_n(b, text, text ? strlen(text) : 0);
}

void drmgmt__json_key(drmgmt__strbuf *b, const char *name)
{
    if (b->length && b->data[b->length - 1] != '{' && b->data[b->length - 1] != '[')
        drmgmt__strbuf_putc(b, ',');
    drmgmt__json_string(b, name);
    drmgmt__strbuf_putc(b, ':');
}

void drmgmt__json_member(drmgmt__strbuf *b, const char *name, const char *text)
{
    drmgmt__json_key(b, name);
    drmgmt__json_string(b, text);
}

void drmgmt__json_member_int(drmgmt__strbuf *b, const char *name, int64_t value)
{
    drmgmt__json_key(b, name);
    drmgmt__strbuf_printf(b, "%lld", (long long)value);
}
