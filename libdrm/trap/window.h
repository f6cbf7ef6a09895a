/* The time window of messages of version 3 whose sender is the authoritative engine: RFC 3414, section 3.2, 7 b. What
 * is known of an engine's clock is known by one user's key: another tenant's cannot move it. And messages that come a
 * second time within the window. One thread. Internal. */
#ifndef DRMGMT_TRAP_WINDOW_H
#define DRMGMT_TRAP_WINDOW_H

#include "trap/once.h"
#include <stdbool.h>

typedef struct drmgmt__trap_windows drmgmt__trap_windows;

drmgmt__trap_windows *drmgmt__trap_windows_new(void); /* NULL when memory is out */
void drmgmt__trap_windows_free(drmgmt__trap_windows *w);
/* Whether a message that was authenticated is timely and new. engine: a mark of credential, device and engine id;
 * message: a mark of that and the message's digest. Moves what is known of the clock. */
bool drmgmt__trap_windows_take(drmgmt__trap_windows *w, const drmgmt__trap_mark *engine,
                               const drmgmt__trap_mark *message, int32_t boots, int32_t time, uint64_t now_ms);

#endif
