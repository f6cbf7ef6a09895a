/* The worker's event loop: descriptors and timers for drivers, over libuv. Called by the engine and by drivers through
 * <drm/driver.h>. */
#include "worker/loop.h"

#include "core/core.h"
#include "worker/wheel.h"
#include <uv.h>

/* Timers come by the slab and freed ones are kept for reuse: a driver needs one an operation. */
enum { TIMERS_A_SLAB = 64 };

struct drmgmt_loop {
    uv_loop_t uv;
    uv_async_t wake;
    uv_prepare_t before_wait;
    void (*woken)(void *user);
    void (*turn)(void *user);
    void *user;
    drmgmt__wheel wheel; /* all timers; the loop has one for the next of them */
    uv_timer_t tick;
    uint64_t tick_at; /* UINT64_MAX: not set */
    drmgmt_timer *spare;
    struct slab *slabs;
};

struct drmgmt_watch {
    uv_poll_t uv;
    drmgmt_watch_fn *fn;
    void *user;
    int fd;
    int events; /* asked for */
};

struct drmgmt_timer {
    drmgmt__wheel_node node; /* first, so that one is the other */
    drmgmt_loop *loop;
    drmgmt_timer_fn *fn;
    void *user;
    drmgmt_timer *next; /* of the spare ones */
};

struct slab {
    struct slab *next;
    drmgmt_timer timers[TIMERS_A_SLAB];
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
    uv_timer_init(&loop->uv, &loop->tick);
    loop->tick.data = loop;
    loop->tick_at = UINT64_MAX;
    drmgmt__wheel_init(&loop->wheel, uv_now(&loop->uv));
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
    if (!uv_is_closing(handle)) /* the watches are left; the rest is the loop's own */
        uv_close(handle, handle->type == UV_POLL ? free_handle : NULL);
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
    while (loop->slabs) {
        struct slab *next = loop->slabs->next;
        free(loop->slabs);
        loop->slabs = next;
    }
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

static void on_tick(uv_timer_t *tick);

/* Has the loop look at the wheel by then. Nothing that waits keeps the loop running, as no handle would. */
static void tick_by(drmgmt_loop *loop, uint64_t at)
{
    uint64_t now = uv_now(&loop->uv);

    if (loop->wheel.n == 0) {
        uv_timer_stop(&loop->tick);
        loop->tick_at = UINT64_MAX;
    } else if (at < loop->tick_at) {
        loop->tick_at = at;
        uv_timer_start(&loop->tick, on_tick, at > now ? at - now : 0, 0);
    }
}

static void on_tick(uv_timer_t *tick)
{
    drmgmt_loop *loop = tick->data;
    drmgmt__wheel_node *node;

    loop->tick_at = UINT64_MAX;
    drmgmt__wheel_advance(&loop->wheel, uv_now(&loop->uv));
    while ((node = drmgmt__wheel_take(&loop->wheel))) {
        drmgmt_timer *timer = (drmgmt_timer *)(void *)node;
        timer->fn(timer->user);
    }
    tick_by(loop, drmgmt__wheel_next(&loop->wheel));
}

static void give_back(drmgmt_timer *timer)
{
    timer->next = timer->loop->spare;
    timer->loop->spare = timer;
}

static drmgmt_timer *take_timer(drmgmt_loop *loop)
{
    if (!loop->spare) {
        struct slab *slab = calloc(1, sizeof *slab);
        if (!slab)
            return NULL;
        slab->next = loop->slabs;
        loop->slabs = slab;
        for (size_t i = 0; i < TIMERS_A_SLAB; i++) {
            slab->timers[i].loop = loop;
            give_back(&slab->timers[i]);
        }
    }
    drmgmt_timer *timer = loop->spare;
    loop->spare = timer->next;
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
    drmgmt_loop *loop = timer->loop;
    uint64_t now = uv_now(&loop->uv), due = ms < UINT64_MAX - now ? now + ms : UINT64_MAX;

    drmgmt__wheel_remove(&loop->wheel, &timer->node);
    if (loop->wheel.n == 0) /* the wheel stood still */
        drmgmt__wheel_advance(&loop->wheel, now);
    tick_by(loop, drmgmt__wheel_add(&loop->wheel, &timer->node, due));
    return 0;
}

void drmgmt_timer_free(drmgmt_timer *timer)
{
    if (!timer)
        return;
    drmgmt_loop *loop = timer->loop;
    drmgmt__wheel_remove(&loop->wheel, &timer->node);
    if (loop->wheel.n == 0)
        tick_by(loop, UINT64_MAX);
    give_back(timer);
}
