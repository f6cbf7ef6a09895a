/* Clocks of engines in sets of four, and marks of messages. Called by the receiver. */
#include "trap/window.h"

#include <stdlib.h>
#include <string.h>

enum { WAYS = 4, ENGINES = 65536, MESSAGES = 131072, WINDOW_S = 150, KEEP_MS = 2 * WINDOW_S * 1000 };

struct clock {
    drmgmt__trap_mark engine;
    uint64_t at_ms; /* when its latest time was received; 0: free */
    int32_t boots, time;
};

struct drmgmt__trap_windows {
    drmgmt__trap_once *messages;
    struct clock clocks[ENGINES];
};

drmgmt__trap_windows *drmgmt__trap_windows_new(void)
{
    drmgmt__trap_windows *w = calloc(1, sizeof *w);

    if (w && !(w->messages = drmgmt__trap_once_new(MESSAGES, KEEP_MS))) {
        free(w);
        return NULL;
    }
    return w;
}

void drmgmt__trap_windows_free(drmgmt__trap_windows *w)
{
    if (!w)
        return;
    drmgmt__trap_once_free(w->messages);
    free(w);
}

/* Its clock, or the place for it: the one that was not heard of for longest. */
static struct clock *clock_of(drmgmt__trap_windows *w, const drmgmt__trap_mark *engine)
{
    uint64_t h;

    memcpy(&h, engine->bytes, sizeof h);
    struct clock *set = &w->clocks[h % (ENGINES / WAYS) * WAYS], *oldest = set;
    for (size_t i = 0; i < WAYS; i++) {
        if (set[i].at_ms && memcmp(&set[i].engine, engine, sizeof *engine) == 0)
            return &set[i];
        if (set[i].at_ms < oldest->at_ms)
            oldest = &set[i];
    }
    *oldest = (struct clock){ .engine = *engine };
    return oldest;
}

bool drmgmt__trap_windows_take(drmgmt__trap_windows *w, const drmgmt__trap_mark *engine,
                               const drmgmt__trap_mark *message, int32_t boots, int32_t time, uint64_t now_ms)
{
    struct clock *c = clock_of(w, engine);

    if (c->at_ms) {
        int64_t now_s = c->time + (int64_t)(now_ms - c->at_ms) / 1000; /* the engine's, as far as is known */
        if (boots == INT32_MAX || boots < c->boots || (boots == c->boots && time < now_s - WINDOW_S))
            return false;
    } else if (boots == INT32_MAX) {
        return false;
    }
    if (drmgmt__trap_once_see(w->messages, message, now_ms) != DRMGMT__TRAP_NEW)
        return false;
    if (!c->at_ms || boots > c->boots || time > c->time) {
        c->boots = boots;
        c->time = time;
        c->at_ms = now_ms;
    }
    return true;
}
