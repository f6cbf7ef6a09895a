/* Values of TR-106's types: see value.h. */
#include "tr181/value.h"

#include "core/cleanup.h"
#include <string.h>

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* ---- decimals ---- */

struct decimal {
    bool negative;
    const char *whole, *fraction; /* whole without zeros before it, fraction without zeros behind */
    size_t n_whole, n_fraction;
};

static bool split(const char *text, size_t n, struct decimal *d)
{
    size_t i = 0, whole, fraction = 0;

    *d = (struct decimal){ .negative = n && text[0] == '-' };
    i += n && (text[0] == '-' || text[0] == '+');
    for (whole = i; i < n && is_digit(text[i]);)
        i++;
    d->whole = text + whole;
    d->n_whole = i - whole;
    if (i < n && text[i] == '.') {
        for (fraction = ++i; i < n && is_digit(text[i]);)
            i++;
        d->fraction = text + fraction;
        d->n_fraction = i - fraction;
    }
    if (i != n || d->n_whole + d->n_fraction == 0)
        return false;
    while (d->n_whole && *d->whole == '0')
        d->whole++, d->n_whole--;
    while (d->n_fraction && d->fraction[d->n_fraction - 1] == '0')
        d->n_fraction--;
    if (d->n_whole + d->n_fraction == 0)
        d->negative = false;
    return true;
}

bool drmgmt__dm_is_decimal(const char *text, size_t n)
{
    struct decimal d;

    return split(text, n, &d);
}

static int compare_size(const struct decimal *a, const struct decimal *b)
{
    size_t shared = a->n_fraction < b->n_fraction ? a->n_fraction : b->n_fraction;
    int order;

    if (a->n_whole != b->n_whole)
        return a->n_whole < b->n_whole ? -1 : 1;
    order = a->n_whole ? memcmp(a->whole, b->whole, a->n_whole) : 0;
    if (order == 0 && shared)
        order = memcmp(a->fraction, b->fraction, shared);
    if (order == 0)
        order = (a->n_fraction > b->n_fraction) - (a->n_fraction < b->n_fraction);
    return order;
}

int drmgmt__dm_decimal_compare(const char *a, size_t n_a, const char *b, size_t n_b)
{
    struct decimal x, y;
    int order;

    split(a, n_a, &x);
    split(b, n_b, &y);
    if (x.negative != y.negative)
        return x.negative ? -1 : 1;
    order = compare_size(&x, &y);
    return x.negative ? -order : order;
}

enum { DIGITS_MAX = 36 }; /* of an __int128 with room for a difference */

/* The number times 10^places; false when it has more digits than fit. */
static bool scaled(const struct decimal *d, size_t places, __int128 *out)
{
    __int128 value = 0;

    if (d->n_whole + places > DIGITS_MAX)
        return false;
    for (size_t i = 0; i < d->n_whole; i++)
        value = 10 * value + (d->whole[i] - '0');
    for (size_t i = 0; i < places; i++)
        value = 10 * value + (i < d->n_fraction ? d->fraction[i] - '0' : 0);
    *out = d->negative ? -value : value;
    return true;
}

bool drmgmt__dm_is_step(const char *value, size_t n, const char *start, const char *step)
{
    struct decimal numbers[3];
    __int128 at[3];
    size_t places = 0;

    if (!split(value, n, &numbers[0]) || !split(start, strlen(start), &numbers[1]) ||
        !split(step, strlen(step), &numbers[2]))
        return true;
    for (size_t i = 0; i < DRMGMT__COUNT(numbers); i++)
        places = numbers[i].n_fraction > places ? numbers[i].n_fraction : places;
    for (size_t i = 0; i < DRMGMT__COUNT(numbers); i++)
        if (!scaled(&numbers[i], places, &at[i]))
            return true;
    return at[2] == 0 || (at[0] - at[1]) % at[2] == 0;
}

/* ---- types ---- */

static bool is_boolean(const char *text, size_t n)
{
    return (n == 1 && (*text == '0' || *text == '1')) || (n == 4 && memcmp(text, "true", 4) == 0) ||
           (n == 5 && memcmp(text, "false", 5) == 0);
}

/* A whole number between two others. */
static bool is_integer(const char *text, size_t n, const char *min, const char *max)
{
    if (memchr(text, '.', n) || !drmgmt__dm_is_decimal(text, n))
        return false;
    return drmgmt__dm_decimal_compare(text, n, min, strlen(min)) >= 0 &&
           drmgmt__dm_decimal_compare(text, n, max, strlen(max)) <= 0;
}

static bool is_hex(const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!is_digit(text[i]) && !((text[i] | 0x20) >= 'a' && (text[i] | 0x20) <= 'f'))
            return false;
    return n % 2 == 0;
}

static bool is_base64(const char *text, size_t n)
{
    size_t padding = 0;

    while (padding < 2 && padding < n && text[n - 1 - padding] == '=')
        padding++;
    for (size_t i = 0; i < n - padding; i++)
        if (!is_digit(text[i]) && !((text[i] | 0x20) >= 'a' && (text[i] | 0x20) <= 'z') && text[i] != '+' &&
            text[i] != '/')
            return false;
    return n % 4 == 0;
}

/* Digits at *at, moved past them; out of [low, high] or no digits: false. */
static bool two(const char *text, size_t n, size_t *at, unsigned low, unsigned high, unsigned *out)
{
    if (n - *at < 2 || !is_digit(text[*at]) || !is_digit(text[*at + 1]))
        return false;
    *out = (unsigned)(text[*at] - '0') * 10 + (unsigned)(text[*at + 1] - '0');
    *at += 2;
    return *out >= low && *out <= high;
}

static bool mark(const char *text, size_t n, size_t *at, char c)
{
    if (*at >= n || text[*at] != c)
        return false;
    (*at)++;
    return true;
}

/* Z, or an offset of up to 14 hours; none is allowed (XML Schema 1, "dateTime"). */
static bool is_zone(const char *text, size_t n, size_t at)
{
    unsigned hour, minute;

    if (at == n || mark(text, n, &at, 'Z'))
        return at == n;
    return (mark(text, n, &at, '+') || mark(text, n, &at, '-')) && two(text, n, &at, 0, 14, &hour) &&
           mark(text, n, &at, ':') && two(text, n, &at, 0, hour == 14 ? 0 : 59, &minute) && at == n;
}

/* YYYY-MM-DDThh:mm:ss[.s][zone]; "0001-01-01T00:00:00Z" is TR-106's Unknown Time, and years from 0001 on count time
 * since the device's start. */
static bool is_datetime(const char *text, size_t n)
{
    static const uint8_t days[] = { 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    unsigned century, year, month, day, part;
    size_t at = 0;

    if (!two(text, n, &at, 0, 99, &century) || !two(text, n, &at, 0, 99, &year) || century + year == 0 ||
        !mark(text, n, &at, '-') || !two(text, n, &at, 1, 12, &month) || !mark(text, n, &at, '-') ||
        !two(text, n, &at, 1, days[month - 1], &day) || !mark(text, n, &at, 'T'))
        return false;
    year += 100 * century;
    if (month == 2 && day == 29 && (year % 4 != 0 || (year % 100 == 0 && year % 400 != 0)))
        return false;
    if (!two(text, n, &at, 0, 23, &part) || !mark(text, n, &at, ':') || !two(text, n, &at, 0, 59, &part) ||
        !mark(text, n, &at, ':') || !two(text, n, &at, 0, 59, &part))
        return false;
    if (mark(text, n, &at, '.')) {
        size_t start = at;
        while (at < n && is_digit(text[at]))
            at++;
        if (at == start)
            return false;
    }
    return is_zone(text, n, at);
}

bool drmgmt__dm_is_of(drmgmt__dm_base base, const char *text, size_t n)
{
    switch (base) {
    case DRMGMT__DM_BASE64:
        return is_base64(text, n);
    case DRMGMT__DM_BOOLEAN:
        return is_boolean(text, n);
    case DRMGMT__DM_DATETIME:
        return is_datetime(text, n);
    case DRMGMT__DM_DECIMAL:
        return drmgmt__dm_is_decimal(text, n);
    case DRMGMT__DM_HEXBINARY:
        return is_hex(text, n);
    case DRMGMT__DM_INT:
        return is_integer(text, n, "-2147483648", "2147483647");
    case DRMGMT__DM_LONG:
        return is_integer(text, n, "-9223372036854775808", "9223372036854775807");
    case DRMGMT__DM_UNSIGNED_INT:
        return is_integer(text, n, "0", "4294967295");
    case DRMGMT__DM_UNSIGNED_LONG:
        return is_integer(text, n, "0", "18446744073709551615");
    case DRMGMT__DM_NO_TYPE:
    case DRMGMT__DM_STRING:
    case DRMGMT__DM_BASE_COUNT:
        break;
    }
    return true;
}

size_t drmgmt__dm_length_of(drmgmt__dm_base base, const char *text, size_t n)
{
    size_t characters = 0;

    if (base == DRMGMT__DM_HEXBINARY)
        return n / 2;
    if (base == DRMGMT__DM_BASE64)
        return n / 4 * 3 - (n >= 4 && text[n - 1] == '=') - (n >= 4 && text[n - 2] == '=');
    for (size_t i = 0; i < n; i++)
        characters += ((unsigned char)text[i] & 0xc0) != 0x80;
    return characters;
}
