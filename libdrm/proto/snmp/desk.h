/* Work that would hold up the loop, done by a few threads of our own: host names, passphrases. Internal.
 *
 * The threads know only tasks and the desk they lie on. The desk is shared: a thread in the middle of a task (a look-up
 * can take half a minute) keeps it alive when the driver is closed. Loop thread only, but for what is said. */
#ifndef DRMGMT_PROTO_SNMP_DESK_H
#define DRMGMT_PROTO_SNMP_DESK_H

#include <drm/driver.h>
#include <stdbool.h>
#include <sys/queue.h>

typedef struct drmgmt__task {
    TAILQ_ENTRY(drmgmt__task) entry;
    void (*work)(struct drmgmt__task *task);              /* in a thread; sees nothing but the task */
    void (*done)(struct drmgmt__task *task, void *owner); /* in the loop; the task is the owner's again */
    void (*discard)(struct drmgmt__task *task);           /* any thread: frees one that nobody waits for any more */
} drmgmt__task;

typedef struct drmgmt__desk drmgmt__desk;

/* owner is handed to done(). */
int drmgmt__desk_new(drmgmt_loop *loop, unsigned threads_max, void *owner, drmgmt__desk **out, drmgmt_error **error);
/* Tasks that are not done are discarded, now or when their thread has ended. NULL is allowed. */
void drmgmt__desk_free(drmgmt__desk *desk);
/* False: there is no thread to do it; the task stays the caller's. */
bool drmgmt__desk_put(drmgmt__desk *desk, drmgmt__task *task);

#endif
