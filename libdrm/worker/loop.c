/* The worker's event loop: descriptors and timers for drivers, over libuv. Called by the engine and by drivers through
 * <drm/driver.h>. */
#include "worker/loop.h"

#include "core/core.h"
#include <uv.h>

/* Freed timers are kept for reuse: closing a libuv handle takes a turn of the loop, and a driver may need one an
 * operation. */
enum { SPARE_TIMERS_MAX = 1024 };

struct drmgmt_loop {
    uv_loop_t uv;
    uv_async_t wake;
    uv_prepare_t before_wait;
    void (*woken)(void *user);
    void (*turn)(void *user);
    void *user;
    drmgmt_timer *spare;
    unsigned n_spare;
};

struct drmgmt_watch {
    uv_poll_t uv;
    drmgmt_watch_fn *fn;
    void *user;
    int fd;
    int events; /* asked for */
};

struct drmgmt_timer {
    uv_timer_t uv;
    drmgmt_timer_fn *fn;
    void *user;
    drmgmt_timer *next; /* of the spare ones */
};

static void on_wake(uv_async_t *wake)
{
    drmgmt_loop *loop = wake->data;
    if (loop->woken)
        loop->woken(loop->user);
}

int drmgmt__loop_new(void (*woken)(void *user), void *user, drmgmt_loop **out, drmgmt_error **error)
{
    drmgmt_loop *loop = calloc(1, sizeof *loop);
    if (!loop)
        return drmgmt__fail_memory(error);
    loop->woken = woken;
    loop->user = user;
    int rc = uv_loop_init(&loop->uv);
    if (rc) {
        free(loop);
        return drmgmt__fail(error, DRMGMT_ERR_IO, "the worker's event loop cannot be made: %s", uv_strerror(rc));
    }
    rc = uv_async_init(&loop->uv, &loop->wake, on_wake);
    if (rc) {
        uv_loop_close(&loop->uv);
        free(loop);
        return drmgmt__fail(error, DRMGMT_ERR_IO, "the worker's event loop cannot be woken: %s", uv_strerror(rc));
    }
    loop->wake.data = loop;
    uv_prepare_init(&loop->uv, &loop->before_wait);
    loop->before_wait.data = loop;
    *out = loop;
    return 0;
}

static void on_turn(uv_prepare_t *before_wait)
{
    drmgmt_loop *loop = before_wait->data;
    loop->turn(loop->user);
}

void drmgmt__loop_on_turn(drmgmt_loop *loop, void (*turn)(void *user))
{
    loop->turn = turn;
    uv_prepare_start(&loop->before_wait, on_turn);
}

void drmgmt__loop_run(drmgmt_loop *loop)
{
    uv_run(&loop->uv, UV_RUN_DEFAULT);
}

void drmgmt__loop_turn(drmgmt_loop *loop)
{
    uv_run(&loop->uv, UV_RUN_NOWAIT);
}

void drmgmt__loop_stop(drmgmt_loop *loop)
{
    uv_stop(&loop->uv);
}

void drmgmt__loop_wake(drmgmt_loop *loop)
{
    uv_async_send(&loop->wake);
}

void drmgmt__loop_update_now(drmgmt_loop *loop)
{
    uv_update_time(&loop->uv);
}

uint64_t drmgmt_loop_now(const drmgmt_loop *loop)
{
    return uv_now(&loop->uv);
}

static void free_handle(uv_handle_t *handle)
{
    free(handle->data);
}

static void close_left(uv_handle_t *handle, void *user)
{
    (void)user;
    if (!uv_is_closing(handle))
        uv_close(handle, handle->type == UV_ASYNC || handle->type == UV_PREPARE ? NULL : free_handle);
}

void drmgmt__loop_free(drmgmt_loop *loop)
{
    if (!loop)
        return;
    uv_walk(&loop->uv, close_left, NULL);
    /* The first run returns at once when a stop was asked for and not yet obeyed. */
    while (uv_run(&loop->uv, UV_RUN_DEFAULT))
        ;
    uv_loop_close(&loop->uv);
    free(loop);
}

/* ---- watches ---- */

static int to_uv(unsigned events)
{
    return (events & DRMGMT_READ ? UV_READABLE : 0) | (events & DRMGMT_WRITE ? UV_WRITABLE : 0);
}

static void on_poll(uv_poll_t *uv, int status, int events)
{
    drmgmt_watch *watch = uv->data;
    unsigned ready = (events & UV_READABLE ? DRMGMT_READ : 0u) | (events & UV_WRITABLE ? DRMGMT_WRITE : 0u);

    if (status < 0) {
        /* libuv stops a watch when the kernel has an error for its descriptor, such as a refused datagram. The owner
         * learns of it by reading or writing, and the watch goes on. */
        uv_poll_start(uv, watch->events, on_poll);
        ready = (unsigned)watch->events;
    }
    watch->fn(watch->user, watch->fd, ready);
}

drmgmt_watch *drmgmt_loop_watch(drmgmt_loop *loop, int fd, unsigned events, drmgmt_watch_fn *fn, void *user)
{
    drmgmt_watch *watch = calloc(1, sizeof *watch);
    if (!watch)
        return NULL;
    if (uv_poll_init(&loop->uv, &watch->uv, fd)) {
        free(watch);
        return NULL;
    }
    watch->uv.data = watch;
    watch->fn = fn;
    watch->user = user;
    watch->fd = fd;
    if (drmgmt_watch_set(watch, events)) {
        drmgmt_watch_free(watch);
        return NULL;
    }
    return watch;
}

int drmgmt_watch_set(drmgmt_watch *watch, unsigned events)
{
    watch->events = to_uv(events);
    int rc = watch->events ? uv_poll_start(&watch->uv, watch->events, on_poll) : uv_poll_stop(&watch->uv);
    return rc ? DRMGMT_ERR_IO : 0;
}

void drmgmt_watch_free(drmgmt_watch *watch)
{
    if (!watch)
        return;
    uv_poll_stop(&watch->uv);
    uv_close((uv_handle_t *)&watch->uv, free_handle);
}

/* ---- timers ---- */

static void on_timer(uv_timer_t *uv)
{
    drmgmt_timer *timer = uv->data;
    timer->fn(timer->user);
}

static drmgmt_timer *take_timer(drmgmt_loop *loop)
{
    drmgmt_timer *timer = loop->spare;
    if (timer) {
        loop->spare = timer->next;
        loop->n_spare--;
        return timer;
    }
    timer = calloc(1, sizeof *timer);
    if (!timer)
        return NULL;
    uv_timer_init(&loop->uv, &timer->uv);
    timer->uv.data = timer;
    return timer;
}

drmgmt_timer *drmgmt_loop_timer(drmgmt_loop *loop, uint64_t ms, drmgmt_timer_fn *fn, void *user)
{
    drmgmt_timer *timer = take_timer(loop);
    if (!timer)
        return NULL;
    timer->fn = fn;
    timer->user = user;
    drmgmt_timer_again(timer, ms);
    return timer;
}

int drmgmt_timer_again(drmgmt_timer *timer, uint64_t ms)
{
    return uv_timer_start(&timer->uv, on_timer, ms, 0) ? DRMGMT_ERR_IO : 0;
}

void drmgmt_timer_free(drmgmt_timer *timer)
{
    if (!timer)
        return;
    drmgmt_loop *loop = (drmgmt_loop *)timer->uv.loop; /* its first member */
    uv_timer_stop(&timer->uv);
    if (loop->n_spare >= SPARE_TIMERS_MAX) {
        uv_close((uv_handle_t *)&timer->uv, free_handle);
        return;
    }
    timer->next = loop->spare;
    loop->spare = timer;
    loop->n_spare++;
}
