/* One subscription's queue and the public calls on it. Filled by hub.c, emptied by the subscriber's thread. */
#include "core/core.h"
#include "queue/hub.h"
#include <errno.h>
#include <string.h>

struct drmgmt__item {
    struct drmgmt__item *next;
    drmgmt__message *message;
};

void drmgmt__message_release(drmgmt__message *message)
{
    if (message && atomic_fetch_sub_explicit(&message->references, 1, memory_order_acq_rel) == 1)
        free(message);
}

static void drop_queued(drmgmt_subscription *s)
{
    while (s->first) {
        struct drmgmt__item *item = s->first;
        s->first = item->next;
        drmgmt__message_release(item->message);
        free(item);
    }
    s->last = &s->first;
    s->count = 0;
}

/* With the queue's mutex held. */
static void lose(drmgmt_subscription *s, const char *id)
{
    drop_queued(s);
    s->lost = true;
    memcpy(s->lost_id, id, strlen(id) + 1);
}

void drmgmt__subscription_push(drmgmt_subscription *s, drmgmt__message *message)
{
    struct drmgmt__item *item = malloc(sizeof *item);

    pthread_mutex_lock(&s->mutex);
    if (!item || s->count >= DRMGMT__QUEUE_MAX) {
        free(item);
        lose(s, message->id);
    } else {
        atomic_fetch_add_explicit(&message->references, 1, memory_order_relaxed);
        *item = (struct drmgmt__item){ NULL, message };
        *s->last = item;
        s->last = &item->next;
        s->count++;
    }
    pthread_cond_signal(&s->ready);
    pthread_mutex_unlock(&s->mutex);
}

void drmgmt__subscription_push_resync(drmgmt_subscription *s, const char *id)
{
    pthread_mutex_lock(&s->mutex);
    lose(s, id);
    pthread_cond_signal(&s->ready);
    pthread_mutex_unlock(&s->mutex);
}

/* Waits until there is something to tell. Returns 0, or ETIMEDOUT. */
static int wait_ready(drmgmt_subscription *s, unsigned timeout_ms)
{
    uint64_t until = drmgmt__monotonic_us() + timeout_ms * UINT64_C(1000);
    struct timespec t = { .tv_sec = (time_t)(until / 1000000), .tv_nsec = (long)(until % 1000000) * 1000 };
    int rc = timeout_ms ? 0 : ETIMEDOUT;

    while (!s->cancelled && !s->lost && !s->first && !rc)
        rc = pthread_cond_timedwait(&s->ready, &s->mutex, &t);
    return s->cancelled || s->lost || s->first ? 0 : rc;
}

static int copy_out(const drmgmt__message *message, drmgmt_event *event)
{
    char *data = malloc(message->length + 1);

    if (!data)
        return DRMGMT_ERR_NO_MEMORY;
    memcpy(data, message->data, message->length + 1);
    *event = (drmgmt_event){ .kind = message->kind, .data = data };
    memcpy(event->id, message->id, sizeof event->id);
    memcpy(event->job_id, message->job_id, sizeof event->job_id);
    memcpy(event->device_id, message->device_id, sizeof event->device_id);
    memcpy(event->name, message->name, sizeof event->name);
    return 1;
}

int drmgmt_subscription_next(drmgmt_subscription *s, unsigned timeout_ms, drmgmt_event *event, drmgmt_error **error)
{
    int rc = 0;

    pthread_mutex_lock(&s->mutex);
    if (wait_ready(s, timeout_ms)) {
        rc = 0;
    } else if (s->cancelled) {
        rc = drmgmt__fail(error, DRMGMT_ERR_CANCELLED, "the wait for events was ended");
    } else if (s->lost) {
        s->lost = false;
        *event = (drmgmt_event){ .kind = DRMGMT_EVENT_RESYNC, .name = "resync" };
        memcpy(event->id, s->lost_id, sizeof event->id);
        memcpy(event->job_id, s->job_id, sizeof event->job_id);
        rc = 1;
    } else if ((rc = copy_out(s->first->message, event)) > 0) {
        struct drmgmt__item *item = s->first;
        s->first = item->next;
        if (!s->first)
            s->last = &s->first;
        s->count--;
        drmgmt__message_release(item->message);
        free(item);
    } else {
        rc = drmgmt__fail_memory(error);
    }
    pthread_mutex_unlock(&s->mutex);
    return rc;
}

void drmgmt_subscription_wake(drmgmt_subscription *s)
{
    pthread_mutex_lock(&s->mutex);
    s->cancelled = true;
    pthread_cond_broadcast(&s->ready);
    pthread_mutex_unlock(&s->mutex);
}

void drmgmt_event_clear(drmgmt_event *event)
{
    if (!event)
        return;
    free(event->data);
    *event = (drmgmt_event){ 0 };
}

void drmgmt__subscription_init(drmgmt_subscription *s)
{
    pthread_condattr_t attributes;

    pthread_mutex_init(&s->mutex, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&s->ready, &attributes);
    pthread_condattr_destroy(&attributes);
    s->last = &s->first;
}

void drmgmt__subscription_destroy(drmgmt_subscription *s)
{
    drop_queued(s);
    pthread_cond_destroy(&s->ready);
    pthread_mutex_destroy(&s->mutex);
    free(s);
}
