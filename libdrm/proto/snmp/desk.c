/* Threads beside the loop. Called by resolve.c and ku.c. */
#include "proto/snmp/desk.h"

#include "core/core.h"
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>

TAILQ_HEAD(tasks, drmgmt__task);

struct shared {
    pthread_mutex_t mutex;
    pthread_cond_t more;
    struct tasks todo, done;
    int event; /* readable when something is done */
    unsigned threads, idle, holders;
    bool closed;
};

struct drmgmt__desk {
    struct shared *shared;
    drmgmt_watch *watch;
    unsigned threads_max;
    void *owner;
};

static void discard_all(struct tasks *tasks)
{
    drmgmt__task *task;

    while ((task = TAILQ_FIRST(tasks))) {
        TAILQ_REMOVE(tasks, task, entry);
        task->discard(task);
    }
}

/* Called with the mutex held, which it lets go. */
static void leave(struct shared *shared)
{
    bool last = --shared->holders == 0;

    pthread_mutex_unlock(&shared->mutex);
    if (!last)
        return;
    discard_all(&shared->todo);
    discard_all(&shared->done);
    close(shared->event);
    pthread_cond_destroy(&shared->more);
    pthread_mutex_destroy(&shared->mutex);
    free(shared);
}

static void *work(void *user)
{
    struct shared *shared = user;

    pthread_mutex_lock(&shared->mutex);
    while (!shared->closed) {
        drmgmt__task *task = TAILQ_FIRST(&shared->todo);
        if (!task) {
            shared->idle++;
            pthread_cond_wait(&shared->more, &shared->mutex);
            shared->idle--;
            continue;
        }
        TAILQ_REMOVE(&shared->todo, task, entry);
        pthread_mutex_unlock(&shared->mutex);
        task->work(task);
        pthread_mutex_lock(&shared->mutex);
        TAILQ_INSERT_TAIL(&shared->done, task, entry);
        eventfd_write(shared->event, 1);
    }
    leave(shared);
    return NULL;
}

/* Signals stay with the threads of the program. Called with the mutex held. */
static void hire(struct shared *shared)
{
    sigset_t all, before;
    pthread_t thread;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    if (pthread_create(&thread, NULL, work, shared) == 0) {
        pthread_detach(thread);
        shared->threads++;
        shared->holders++;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static struct shared *new_shared(void)
{
    struct shared *shared = calloc(1, sizeof *shared);

    if (!shared)
        return NULL;
    shared->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (shared->event < 0) {
        free(shared);
        return NULL;
    }
    pthread_mutex_init(&shared->mutex, NULL);
    pthread_cond_init(&shared->more, NULL);
    TAILQ_INIT(&shared->todo);
    TAILQ_INIT(&shared->done);
    shared->holders = 1;
    return shared;
}

bool drmgmt__desk_put(drmgmt__desk *desk, drmgmt__task *task)
{
    struct shared *shared = desk->shared;

    pthread_mutex_lock(&shared->mutex);
    if (shared->idle == 0 && shared->threads < desk->threads_max)
        hire(shared);
    bool staffed = shared->threads > 0;
    if (staffed) {
        TAILQ_INSERT_TAIL(&shared->todo, task, entry);
        pthread_cond_signal(&shared->more);
    }
    pthread_mutex_unlock(&shared->mutex);
    return staffed;
}

static void on_done(void *user, int fd, unsigned events)
{
    drmgmt__desk *desk = user;
    struct shared *shared = desk->shared;
    struct tasks done = TAILQ_HEAD_INITIALIZER(done);
    drmgmt__task *task;
    eventfd_t ignored;

    (void)events;
    eventfd_read(fd, &ignored);
    pthread_mutex_lock(&shared->mutex);
    TAILQ_CONCAT(&done, &shared->done, entry);
    pthread_mutex_unlock(&shared->mutex);
    while ((task = TAILQ_FIRST(&done))) {
        TAILQ_REMOVE(&done, task, entry);
        task->done(task, desk->owner);
    }
}

int drmgmt__desk_new(drmgmt_loop *loop, unsigned threads_max, void *owner, drmgmt__desk **out, drmgmt_error **error)
{
    drmgmt__desk *desk = calloc(1, sizeof *desk);

    if (!desk)
        return drmgmt__fail_memory(error);
    desk->threads_max = threads_max;
    desk->owner = owner;
    desk->shared = new_shared();
    desk->watch = desk->shared ? drmgmt_loop_watch(loop, desk->shared->event, DRMGMT_READ, on_done, desk) : NULL;
    if (!desk->watch) {
        drmgmt__desk_free(desk);
        return drmgmt__fail_memory(error);
    }
    *out = desk;
    return 0;
}

void drmgmt__desk_free(drmgmt__desk *desk)
{
    if (!desk)
        return;
    drmgmt_watch_free(desk->watch);
    if (desk->shared) {
        pthread_mutex_lock(&desk->shared->mutex);
        desk->shared->closed = true;
        pthread_cond_broadcast(&desk->shared->more);
        leave(desk->shared);
    }
    free(desk);
}
