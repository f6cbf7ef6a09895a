/* Text on a terminal: its width, and nothing in it that could play tricks. Called by writers and by complaints. Decodes
 * UTF-8 itself, so that it works the same in every locale. */
#include "writer.h"
#include <locale.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

/* One code point; *length is 1 and the result -1 where the bytes are no UTF-8 (RFC 3629). */
static int32_t decode(const char *text, size_t *length)
{
    static const int32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
    const unsigned char *s = (const unsigned char *)text;
    size_t n = s[0] < 0x80 ? 1 : (s[0] & 0xe0) == 0xc0 ? 2 : (s[0] & 0xf0) == 0xe0 ? 3 : (s[0] & 0xf8) == 0xf0 ? 4 : 0;

    *length = 1;
    if (n == 0)
        return -1;
    if (n == 1)
        return s[0];
    int32_t c = s[0] & (0x7f >> n);
    for (size_t i = 1; i < n; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return -1;
        c = (c << 6) | (s[i] & 0x3f);
    }
    if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
        return -1;
    *length = n;
    return c;
}

/* Characters that show nothing, or that turn or hide what stands around them. */
static bool deceives(int32_t c)
{
    static const int32_t ranges[][2] = {
        { 0x00, 0x1f },     { 0x7f, 0x9f },     { 0xad, 0xad },       { 0x61c, 0x61c },
        { 0x180e, 0x180e }, { 0x200b, 0x200f }, { 0x2028, 0x202e },   { 0x2060, 0x206f },
        { 0xfeff, 0xfeff }, { 0xfff9, 0xfffb }, { 0xe0000, 0xe007f },
    };

    for (size_t i = 0; i < CTL_COUNT(ranges); i++)
        if (c >= ranges[i][0] && c <= ranges[i][1])
            return true;
    return false;
}

static int escape(char out[16], int32_t c, unsigned char byte)
{
    static const char letters[][2] = { { '\n', 'n' }, { '\t', 't' }, { '\r', 'r' } };

    for (size_t i = 0; i < CTL_COUNT(letters); i++)
        if (c == letters[i][0])
            return snprintf(out, 16, "\\%c", letters[i][1]);
    if (c < 0x80)
        return snprintf(out, 16, "\\x%02x", c < 0 ? byte : (unsigned)c);
    return c > 0xffff ? snprintf(out, 16, "\\U%08x", (unsigned)c) : snprintf(out, 16, "\\u%04x", (unsigned)c);
}

char *ctl_visible(const char *text)
{
    char *out = malloc(strlen(text) * 10 + 1), *to = out;

    if (!out)
        return NULL;
    for (size_t n; *text; text += n) {
        int32_t c = decode(text, &n);
        if (c < 0 || deceives(c)) {
            to += escape(to, c, (unsigned char)*text);
        } else {
            memcpy(to, text, n);
            to += n;
        }
    }
    *to = '\0';
    return out;
}

/* wcwidth() knows wide characters only in a UTF-8 locale, and the user's may be C. */
static size_t width_of(int32_t c)
{
    static locale_t utf8;
    static bool tried;

    if (!tried) {
        utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
        tried = true;
    }
    if (c < 0x80 || !utf8)
        return 1;
    locale_t before = uselocale(utf8);
    int w = wcwidth((wchar_t)c);
    uselocale(before);
    return w < 0 ? 1 : (size_t)w;
}

size_t ctl_width(const char *text)
{
    size_t width = 0;

    for (size_t n; *text; text += n)
        width += width_of(decode(text, &n));
    return width;
}

size_t ctl_fit(const char *text, size_t columns)
{
    size_t width = 0, length = 0;

    for (size_t n; text[length]; length += n) {
        width += width_of(decode(text + length, &n));
        if (width > columns)
            break;
    }
    return length;
}
