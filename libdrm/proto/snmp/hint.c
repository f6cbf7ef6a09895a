/* The interpreter of DISPLAY-HINTs. Called by value.c and set_params.c. */
#include "proto/snmp/hint.h"

#include <string.h>

enum { OCTETS_MAX = 65535, NUMBER_OCTETS_MAX = 8 };

/* ---- octet formats: one specification after the other, the last one again until all octets are shown ---- */

struct spec {
    bool repeated;          /* "*": the next octet says how often */
    size_t length;          /* octets taken by one application */
    char format;            /* x d o a t */
    char separator, ending; /* 0: none */
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Takes the next specification. False: there is none that is well-formed. */
static bool next_spec(const char **at, struct spec *spec)
{
    const char *p = *at;

    *spec = (struct spec){ .repeated = *p == '*' };
    p += spec->repeated;
    if (!is_digit(*p))
        return false;
    for (; is_digit(*p); p++)
        if ((spec->length = spec->length * 10 + (size_t)(*p - '0')) > OCTETS_MAX)
            return false;
    if (!*p || !strchr("xdoat", *p))
        return false;
    spec->format = *p++;
    if (*p && !is_digit(*p) && *p != '*')
        spec->separator = *p++;
    if (spec->repeated && spec->separator && *p && !is_digit(*p) && *p != '*')
        spec->ending = *p++;
    *at = p;
    return true;
}

static void put_number(drmgmt__strbuf *out, uint64_t number, unsigned base, size_t least)
{
    char digits[72];
    size_t at = sizeof digits;

    for (; (number || least) && at > 0; number /= base) {
        digits[--at] = "0123456789abcdef"[number % base];
        least -= least > 0;
    }
    drmgmt__strbuf_add(out, digits + at, sizeof digits - at);
}

static bool put_octets(drmgmt__strbuf *out, char format, const uint8_t *octets, size_t n)
{
    uint64_t number = 0;

    if (format == 'a' || format == 't') {
        drmgmt__strbuf_add(out, octets, n);
        return true;
    }
    if (format == 'x') { /* two digits each, so that it can be read back */
        for (size_t i = 0; i < n; i++)
            put_number(out, octets[i], 16, 2);
        return true;
    }
    if (n > NUMBER_OCTETS_MAX)
        return false;
    for (size_t i = 0; i < n; i++)
        number = number << 8 | octets[i];
    if (n > 0)
        put_number(out, number, format == 'd' ? 10 : 8, 1);
    return true;
}

static void take_back(drmgmt__strbuf *out, size_t length)
{
    if (out->data)
        out->data[length] = '\0';
    out->length = length;
}

bool drmgmt__snmp_hint_octets(drmgmt__strbuf *out, const char *hint, const uint8_t *octets, size_t n)
{
    const size_t before = out->length;
    struct spec spec = { 0 };
    size_t at = 0;
    char waiting = 0; /* a separator, which is shown only if something follows it */

    while (at < n) {
        if (*hint && !next_spec(&hint, &spec))
            goto cannot;
        if (!*hint && !spec.repeated && !spec.length)
            goto cannot; /* it would never end */
        size_t times = spec.repeated ? octets[at++] : 1;
        for (; times > 0 && (at < n || !spec.length); times--) {
            size_t take = spec.length < n - at ? spec.length : n - at;
            if (waiting)
                drmgmt__strbuf_putc(out, waiting);
            if (!put_octets(out, spec.format, octets + at, take))
                goto cannot;
            at += take;
            waiting = times == 1 && spec.ending ? spec.ending : spec.separator;
        }
    }
    if (n == 0 && !next_spec(&hint, &spec))
        return false;
    return true;
cannot:
    take_back(out, before);
    return false;
}

/* ---- and back ---- */

static int digit_of(char c, unsigned base)
{
    const char digits[] = "0123456789abcdef", upper[] = "0123456789ABCDEF";
    const char *found = c ? memchr(digits, c, base) : NULL;

    if (found)
        return (int)(found - digits);
    found = c ? memchr(upper, c, base) : NULL;
    return found ? (int)(found - upper) : -1;
}

static const char *read_hex(const char **text, size_t length, uint8_t *octets)
{
    size_t digits = 0;

    while (digits < 2 * length && digit_of((*text)[digits], 16) >= 0)
        digits++;
    if (digits == 0)
        return "hex digits are missing";
    memset(octets, 0, length);
    for (size_t i = 0; i < digits; i++) {
        size_t from_end = digits - 1 - i;
        int value = digit_of((*text)[i], 16);
        octets[length - 1 - from_end / 2] |= (uint8_t)(from_end % 2 ? value << 4 : value);
    }
    *text += digits;
    return NULL;
}

static const char *read_number(const char **text, unsigned base, size_t length, uint8_t *octets)
{
    uint64_t number = 0, most = length >= 8 ? UINT64_MAX : ((uint64_t)1 << (8 * length)) - 1;
    int digit;

    if (digit_of(**text, base) < 0)
        return "a number is missing";
    for (; (digit = digit_of(**text, base)) >= 0; ++*text) {
        if (number > (most - (unsigned)digit) / base)
            return "a number is too large";
        number = number * base + (unsigned)digit;
    }
    for (size_t i = length; i-- > 0; number >>= 8)
        octets[i] = (uint8_t)number;
    return NULL;
}

/* One application. *n is moved on. */
static const char *read_one(const struct spec *spec, const char **text, uint8_t *octets, size_t room, size_t *n)
{
    if (spec->length == 0)
        return NULL;
    if (spec->format == 'a' || spec->format == 't') {
        size_t take = strnlen(*text, spec->length);
        if (take > room - *n)
            return "it is too long";
        memcpy(octets + *n, *text, take);
        *text += take;
        *n += take;
        return NULL;
    }
    if (spec->length > room - *n)
        return "it is too long";
    if (spec->format != 'x' && spec->length > NUMBER_OCTETS_MAX)
        return "the DISPLAY-HINT of the object cannot be used to write it";
    const char *wrong = spec->format == 'x'
                            ? read_hex(text, spec->length, octets + *n)
                            : read_number(text, spec->format == 'd' ? 10 : 8, spec->length, octets + *n);
    if (!wrong)
        *n += spec->length;
    return wrong;
}

static bool take(const char **text, char c)
{
    bool there = c && **text == c;
    *text += there;
    return there;
}

static const char *read_repeated(const struct spec *spec, const char **text, uint8_t *octets, size_t room, size_t *n)
{
    size_t count_at = (*n)++, count = 0;
    const char *wrong = NULL;

    if (count_at >= room)
        return "it is too long";
    while (!wrong && **text && !(spec->ending && **text == spec->ending) && count < UINT8_MAX) {
        wrong = read_one(spec, text, octets, room, n);
        count++;
        if (!take(text, spec->separator) && spec->separator)
            break;
    }
    octets[count_at] = (uint8_t)count;
    (void)take(text, spec->ending);
    return wrong;
}

const char *drmgmt__snmp_hint_read_octets(const char *hint, const char *text, uint8_t *octets, size_t room, size_t *n)
{
    static const char broken[] = "the DISPLAY-HINT of the object cannot be used to write it";
    struct spec spec = { 0 };
    const char *wrong = NULL;
    bool separated = false;

    *n = 0;
    while (*text || separated) {
        if (*hint && !next_spec(&hint, &spec))
            return broken;
        if (!*hint && !spec.length)
            return *text ? "it goes on where it should end" : broken;
        wrong = spec.repeated ? read_repeated(&spec, &text, octets, room, n) : read_one(&spec, &text, octets, room, n);
        if (wrong)
            return wrong;
        separated = !spec.repeated && take(&text, spec.separator);
        if (*text && !separated && !spec.repeated && spec.separator)
            return "a separator is missing, or a part is too long";
    }
    return NULL;
}

/* ---- integer formats ---- */

/* "d", "d-2", "x", "o", "b": gives the base and the decimals. */
static bool integer_format(const char *hint, unsigned *base, size_t *decimals)
{
    static const struct {
        char letter;
        uint8_t base;
    } bases[] = { { 'd', 10 }, { 'x', 16 }, { 'o', 8 }, { 'b', 2 } };

    *base = 0;
    *decimals = 0;
    for (size_t i = 0; i < sizeof bases / sizeof bases[0]; i++)
        if (*hint == bases[i].letter)
            *base = bases[i].base;
    if (!*base)
        return false;
    if (*base == 10 && hint[1] == '-' && is_digit(hint[2])) {
        *decimals = (size_t)(hint[2] - '0');
        if (is_digit(hint[3]))
            *decimals = *decimals * 10 + (size_t)(hint++[3] - '0');
        return !hint[3] && *decimals < 20;
    }
    return !hint[1];
}

bool drmgmt__snmp_hint_integer(drmgmt__strbuf *out, const char *hint, int64_t value)
{
    DRMGMT__STRBUF digits = DRMGMT__STRBUF_INIT;
    unsigned base;
    size_t decimals;

    if (!integer_format(hint, &base, &decimals))
        return false;
    if (value < 0)
        drmgmt__strbuf_putc(out, '-');
    put_number(&digits, value < 0 ? -(uint64_t)value : (uint64_t)value, base, decimals + 1);
    if (digits.failed) {
        out->failed = true;
        return true;
    }
    drmgmt__strbuf_add(out, digits.data, digits.length - decimals);
    if (decimals) {
        drmgmt__strbuf_putc(out, '.');
        drmgmt__strbuf_add(out, digits.data + digits.length - decimals, decimals);
    }
    return true;
}

const char *drmgmt__snmp_hint_read_integer(const char *hint, const char *text, int64_t *value)
{
    unsigned base;
    size_t decimals, after = 0;
    uint64_t number = 0;
    bool negative = *text == '-', point = false;
    const char *p = text + negative;
    int digit;

    if (!integer_format(hint, &base, &decimals))
        return "the DISPLAY-HINT of the object cannot be used to write it";
    if (digit_of(*p, base) < 0)
        return "a number is wanted";
    for (; (digit = digit_of(*p, base)) >= 0 || (*p == '.' && decimals && !point); p++) {
        if (digit < 0) {
            point = true;
            continue;
        }
        if ((point && ++after > decimals) || number > (uint64_t)INT64_MAX / base - 1)
            return point ? "it has too many decimals" : "a number is too large";
        number = number * base + (unsigned)digit;
    }
    if (*p)
        return "a number is wanted";
    for (; after < decimals; after++) {
        if (number > (uint64_t)INT64_MAX / base - 1)
            return "a number is too large";
        number *= base;
    }
    *value = negative ? -(int64_t)number : (int64_t)number;
    return NULL;
}
