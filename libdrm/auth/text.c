/* What may be an address, and how long a text is. Called by login.c, password.c, api_key.c and tenant/. */
#include "auth/auth.h"
#include "core/core.h"
#include <string.h>

static bool is_alnum(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z');
}

/* RFC 5321's dot-string, without quoted forms; c is in lower case. */
static bool local_char(char c)
{
    return is_alnum(c) || (c && strchr("!#$%&'*+-/=?^_`{|}~.", c));
}

static bool local_part(const char *at, size_t n)
{
    if (n < 1 || n > 64 || at[0] == '.' || at[n - 1] == '.')
        return false;
    for (size_t i = 0; i < n; i++)
        if (!local_char(at[i]) || (at[i] == '.' && at[i + 1] == '.'))
            return false;
    return true;
}

static bool domain(const char *at)
{
    size_t label = 0;

    for (;; at++) {
        if (*at == '.' || *at == '\0') {
            if (label < 1 || label > 63 || at[-1] == '-')
                return false;
            if (!*at)
                return true;
            label = 0;
        } else if (is_alnum(*at) || (*at == '-' && label)) {
            label++;
        } else {
            return false;
        }
    }
}

bool drmgmt__email_normalise(const char *text, char out[DRMGMT__EMAIL_SIZE])
{
    size_t n = text ? strnlen(text, DRMGMT__EMAIL_SIZE) : 0;

    if (n < 3 || n >= DRMGMT__EMAIL_SIZE)
        return false;
    /* ASCII by hand: tolower() follows the locale, and PostgreSQL's lower() another one. */
    for (size_t i = 0; i <= n; i++)
        out[i] = text[i] >= 'A' && text[i] <= 'Z' ? (char)(text[i] + 32) : text[i];
    const char *sign = strchr(out, '@');
    return sign && local_part(out, (size_t)(sign - out)) && domain(sign + 1);
}

long drmgmt__text_length(const char *text)
{
    DRMGMT__JSON json_t *checked = json_string(text); /* NULL: not UTF-8 */
    long n = 0;

    if (!checked)
        return -1;
    for (; *text; text++) {
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            return -1;
        n += (*text & 0xc0) != 0x80;
    }
    return n;
}
