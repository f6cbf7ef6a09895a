/* Times as people and programs write them (RFC 3339, section 5.6). Called by core/query.c and the audit room. */
#include "core/core.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* n digits; -1 if they are none, or out of range. */
static int digits(const char **at, int n, int low, int high)
{
    int value = 0;

    for (int i = 0; i < n; i++) {
        if (!isdigit((unsigned char)(*at)[i]))
            return -1;
        value = value * 10 + (*at)[i] - '0';
    }
    *at += n;
    return value >= low && value <= high ? value : -1;
}

static bool take(const char **at, const char *any)
{
    if (!**at || !strchr(any, **at))
        return false;
    ++*at;
    return true;
}

static bool date(const char **at, struct tm *tm)
{
    static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    int year = digits(at, 4, 1, 9999), month = year > 0 && take(at, "-") ? digits(at, 2, 1, 12) : -1;

    if (month < 0 || !take(at, "-"))
        return false;
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    tm->tm_year = year - 1900;
    tm->tm_mon = month - 1;
    tm->tm_mday = digits(at, 2, 1, days[month - 1] + (month == 2 && leap));
    return tm->tm_mday > 0;
}

static bool time_of_day(const char **at, struct tm *tm)
{
    tm->tm_hour = digits(at, 2, 0, 23);
    tm->tm_min = tm->tm_hour >= 0 && take(at, ":") ? digits(at, 2, 0, 59) : -1;
    tm->tm_sec = tm->tm_min >= 0 && take(at, ":") ? digits(at, 2, 0, 60) : -1;
    return tm->tm_sec >= 0;
}

/* One to nine digits, of which three count. */
static bool fraction(const char **at, int *ms)
{
    int n = 0;

    *ms = 0;
    if (!take(at, "."))
        return true;
    for (; isdigit((unsigned char)**at); ++*at, n++)
        if (n < 3)
            *ms = *ms * 10 + **at - '0';
    for (int i = n; i < 3; i++)
        *ms *= 10;
    return n >= 1 && n <= 9;
}

static bool offset(const char **at, int *minutes)
{
    *minutes = 0;
    if (take(at, "Zz"))
        return true;
    bool behind = **at == '-';
    if (!take(at, "+-"))
        return false;
    int hour = digits(at, 2, 0, 23), minute = hour >= 0 && take(at, ":") ? digits(at, 2, 0, 59) : -1;
    *minutes = (behind ? -1 : 1) * (hour * 60 + minute);
    return minute >= 0;
}

bool drmgmt__time_parse(const char *text, int64_t *ms)
{
    struct tm tm = { 0 };
    int thousandths = 0, minutes = 0;

    if (!date(&text, &tm))
        return false;
    if (*text && !(take(&text, "Tt ") && time_of_day(&text, &tm) && fraction(&text, &thousandths) &&
                   offset(&text, &minutes) && !*text))
        return false;
    *ms = ((int64_t)timegm(&tm) - 60 * minutes) * 1000 + thousandths;
    return true;
}

void drmgmt__time_write(int64_t ms, char text[DRMGMT__TIME_SIZE])
{
    int64_t thousandths = (ms % 1000 + 1000) % 1000;
    time_t seconds = (time_t)((ms - thousandths) / 1000);
    struct tm tm = { 0 };

    gmtime_r(&seconds, &tm);
    size_t n = strftime(text, DRMGMT__TIME_SIZE, "%Y-%m-%d %H:%M:%S", &tm);
    snprintf(text + n, DRMGMT__TIME_SIZE - n, ".%03d+00", (int)thousandths);
}
