/* A thread that links new audit rows to their chains: moments after a request that may have written some, and once a
 * minute for what others left; so that it is done also where no worker runs. Any number of processes may do so at once.
 * Started and ended by main.c, told by dispatch.c; calls the library. */
#include "drmd.h"
#include <pthread.h>
#include <time.h>

enum { SOON_MS = 100, BUSY_MS = 1000, IDLE_MS = 60000 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t wake = PTHREAD_COND_INITIALIZER;
static pthread_t thread;
static bool started, over;
static atomic_bool news;

void drmd_linker_note(void)
{
    if (atomic_exchange_explicit(&news, true, memory_order_relaxed))
        return;
    pthread_mutex_lock(&mutex);
    pthread_cond_signal(&wake);
    pthread_mutex_unlock(&mutex);
}

/* Until ms are over, or the end, or (unless deaf) there is news. The mutex is held. */
static void pause_for(unsigned ms, bool deaf)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += ms / 1000;
    until.tv_nsec += (long)(ms % 1000) * 1000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    while (!over && (deaf || !atomic_load(&news)))
        if (pthread_cond_timedwait(&wake, &mutex, &until))
            return;
}

/* Links until nothing is left that can be. True: it is to be done again soon. */
static bool link_all(drmgmt_context *context, bool *failed)
{
    drmgmt_error *error = NULL;
    unsigned linked = 0;
    bool waiting = false;
    int rc;
    do {
        rc = drmgmt_audit_link(context, &linked, &waiting, &error);
    } while (!rc && linked);
    if (rc && !*failed && !drmgmt_error_retryable(error)) /* an outage is told by others */
        drmd_log(DRMGMT_LOG_ERROR, "audit rows cannot be linked", "error", drmgmt_error_message(error), NULL);
    *failed = rc != 0;
    drmgmt_error_free(error);
    return rc || waiting;
}

static void *run(void *context)
{
    bool again = true, failed = false;
    pthread_mutex_lock(&mutex);
    while (!over) {
        if (!again)
            pause_for(IDLE_MS, false);
        bool told = atomic_exchange(&news, false);
        if (told && !again)
            pause_for(SOON_MS, true);
        pthread_mutex_unlock(&mutex);
        again = link_all(context, &failed);
        pthread_mutex_lock(&mutex);
        /* Under load once a second is enough. */
        if (again || atomic_load(&news)) {
            pause_for(BUSY_MS, true);
            again = true;
        }
    }
    pthread_mutex_unlock(&mutex);
    return NULL;
}

void drmd_linker_start(drmgmt_context *context)
{
    started = pthread_create(&thread, NULL, run, context) == 0;
    if (!started)
        drmd_log(DRMGMT_LOG_ERROR, "audit rows cannot be linked", "error", "no thread", NULL);
}

void drmd_linker_stop(void)
{
    if (!started)
        return;
    pthread_mutex_lock(&mutex);
    over = true;
    pthread_cond_signal(&wake);
    pthread_mutex_unlock(&mutex);
    pthread_join(thread, NULL);
    started = false;
}
