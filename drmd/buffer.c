/* Implements buffer.h. Calls only libc. */
#include "buffer.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void drmd_buffer_free(drmd_buffer *b)
{
    free(b->data);
    *b = (drmd_buffer){ 0 };
}

void drmd_buffer_wipe(drmd_buffer *b)
{
    if (b->length)
        explicit_bzero(b->data, b->length);
    b->length = 0;
}

void drmd_buffer_reset(drmd_buffer *b, size_t keep)
{
    if (b->size > keep)
        drmd_buffer_free(b);
    b->length = 0;
    b->failed = false;
}

bool drmd_buffer_reserve(drmd_buffer *b, size_t more)
{
    if (b->failed)
        return false;
    if (b->size - b->length > more)
        return true;
    size_t size = b->size ? b->size : 1024;
    while (size - b->length <= more)
        size *= 2;
    char *data = malloc(size);
    if (!data) {
        b->failed = true;
        return false;
    }
    if (b->length) {
        memcpy(data, b->data, b->length);
        explicit_bzero(b->data, b->length);
    }
    free(b->data);
    b->data = data;
    b->size = size;
    return true;
}

void drmd_buffer_add(drmd_buffer *b, const void *bytes, size_t n)
{
    if (n && drmd_buffer_reserve(b, n)) {
        memcpy(b->data + b->length, bytes, n);
        b->length += n;
        b->data[b->length] = '\0';
    }
}

void drmd_buffer_puts(drmd_buffer *b, const char *text)
{
    drmd_buffer_add(b, text, strlen(text));
}

void drmd_buffer_printf(drmd_buffer *b, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    va_list again;
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (n > 0 && drmd_buffer_reserve(b, (size_t)n)) {
        vsnprintf(b->data + b->length, (size_t)n + 1, format, again);
        b->length += (size_t)n;
    }
    va_end(again);
}

void drmd_buffer_number(drmd_buffer *b, unsigned long long value)
{
    char digits[24];
    size_t i = sizeof digits;
    do {
        digits[--i] = (char)('0' + value % 10);
        value /= 10;
    } while (value);
    drmd_buffer_add(b, digits + i, sizeof digits - i);
}

size_t drmd_utf8_length(const char *text, size_t n)
{
    const unsigned char *p = (const unsigned char *)text;
    unsigned char c = p[0];
    if (c < 0x80)
        return 1;
    size_t length = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;
    if (c < 0xc2 || c > 0xf4 || n < length)
        return 0;
    for (size_t i = 1; i < length; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    if ((c == 0xe0 && p[1] < 0xa0) || (c == 0xed && p[1] > 0x9f) || (c == 0xf0 && p[1] < 0x90) ||
        (c == 0xf4 && p[1] > 0x8f))
        return 0;
    return length;
}

bool drmd_utf8_valid(const char *text, size_t n)
{
    while (n) {
        size_t length = drmd_utf8_length(text, n);
        if (!length)
            return false;
        text += length;
        n -= length;
    }
    return true;
}

void drmd_buffer_json(drmd_buffer *b, const char *text)
{
    if (!text) {
        drmd_buffer_puts(b, "null");
        return;
    }
    drmd_buffer_add(b, "\"", 1);
    for (const char *p = text, *end = text + strlen(text); p < end;) {
        unsigned char c = (unsigned char)*p;
        size_t n = drmd_utf8_length(p, (size_t)(end - p));
        if (n == 0) {
            drmd_buffer_puts(b, "\\ufffd");
            n = 1;
        } else if (c == '"' || c == '\\') {
            char escaped[2] = { '\\', (char)c };
            drmd_buffer_add(b, escaped, 2);
        } else if (c < 0x20 || c == 0x7f) {
            drmd_buffer_printf(b, "\\u%04x", c);
        } else {
            drmd_buffer_add(b, p, n);
        }
        p += n;
    }
    drmd_buffer_add(b, "\"", 1);
}

void drmd_buffer_member(drmd_buffer *b, const char *name, const char *text)
{
    if (b->length && b->data[b->length - 1] != '{')
        drmd_buffer_add(b, ",", 1);
    drmd_buffer_json(b, name);
    drmd_buffer_add(b, ":", 1);
    drmd_buffer_json(b, text);
}
