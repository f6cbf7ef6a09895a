/* Time and request ids, cheap enough for every request. Called by dispatch.c and response.c. */
#include "drmd.h"
#include <stdio.h>
#include <time.h>

int64_t drmd_now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

const char *drmd_date(drmd_worker *worker)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME_COARSE, &now);
    if (now.tv_sec != worker->date_second) {
        static const char days[7][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
        static const char months[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
        struct tm utc;
        gmtime_r(&now.tv_sec, &utc);
        snprintf(worker->date, sizeof worker->date, "%s, %02u %s %04u %02u:%02u:%02u GMT", days[utc.tm_wday % 7],
                 (unsigned)utc.tm_mday % 100, months[utc.tm_mon % 12], (unsigned)(utc.tm_year + 1900) % 10000,
                 (unsigned)utc.tm_hour % 100, (unsigned)utc.tm_min % 100, (unsigned)utc.tm_sec % 100);
        worker->date_second = now.tv_sec;
    }
    return worker->date;
}

/* splitmix64: ids need to be distinct, not secret. */
static uint64_t next_random(drmd_worker *worker)
{
    uint64_t z = worker->random += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

void drmd_request_id(drmd_worker *worker, char id[65])
{
    static const char digits[] = "0123456789abcdef";
    for (int half = 0; half < 2; half++) {
        uint64_t value = next_random(worker);
        for (int i = 0; i < 16; i++, value >>= 4)
            id[half * 16 + i] = digits[value & 15];
    }
    id[32] = '\0';
}
