/* The worker's event loop over libuv: what <drm/driver.h> does not show of it. Made and run by the engine, and by unit
 * tests of drivers. Internal. */
#ifndef DRMGMT_WORKER_LOOP_H
#define DRMGMT_WORKER_LOOP_H

#include <drm/driver.h>

/* Makes a loop. woken (may be NULL) is called in the loop's thread after drmgmt__loop_wake(), once for a burst of them.
 */
int drmgmt__loop_new(void (*woken)(void *user), void *user, drmgmt_loop **loop, drmgmt_error **error);
/* Has turn called (with the same user) before each time the loop waits, to pass on what the turn brought. */
void drmgmt__loop_on_turn(drmgmt_loop *loop, void (*turn)(void *user));
/* Runs until drmgmt__loop_stop(); may be run again. */
void drmgmt__loop_run(drmgmt_loop *loop);
/* One turn that does not wait; for tests. */
void drmgmt__loop_turn(drmgmt_loop *loop);
/* Ends drmgmt__loop_run() after this turn. Loop thread only. */
void drmgmt__loop_stop(drmgmt_loop *loop);
/* Any thread; safe in a signal handler. */
void drmgmt__loop_wake(drmgmt_loop *loop);
/* Reads the clock now, so that timers started after long work do not fire early. Loop thread only. */
void drmgmt__loop_update_now(drmgmt_loop *loop);
/* Frees it with all watches and timers that are left; NULL is allowed; not while it runs. */
void drmgmt__loop_free(drmgmt_loop *loop);

#endif
