/* Percent-decoding and query strings, strictly: a byte that does not belong is refused, never guessed.
 * Called by router.c, request.c and the api_*.c files. */
#include "drmd.h"
#include <string.h>

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool drmd_uri_decode(const char *text, size_t n, bool plus_is_space, char *out, size_t size)
{
    size_t length = 0;
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c == '%') {
            if (n - i < 3)
                return false;
            int high = hex_digit(text[i + 1]), low = hex_digit(text[i + 2]);
            if (high < 0 || low < 0)
                return false;
            c = (unsigned char)(high << 4 | low);
            i += 2;
        } else if (c == '+' && plus_is_space) {
            c = ' ';
        }
        if (c < 0x20 || c == 0x7f || length + 1 >= size)
            return false;
        out[length++] = (char)c;
    }
    out[length] = '\0';
    return drmd_utf8_valid(out, length);
}

int drmd_query_next(const char **cursor, char *name, size_t name_size, char *value, size_t value_size)
{
    const char *p = *cursor;
    while (p && *p == '&')
        p++;
    if (!p || !*p)
        return 0;
    size_t n = strcspn(p, "&");
    const char *equals = memchr(p, '=', n);
    size_t name_length = equals ? (size_t)(equals - p) : n;
    const char *text = equals ? equals + 1 : "";
    size_t length = equals ? n - name_length - 1 : 0;
    *cursor = p + n;
    if (!drmd_uri_decode(p, name_length, true, name, name_size) ||
        !drmd_uri_decode(text, length, true, value, value_size))
        return -1;
    return 1;
}
