/* The hub: who subscribed to what, and fan-out to them. Called by job/follow.c, job/wait.c and by hub_reader.c, whose
 * thread starts with the first subscription; calls subscription.c. */
#include "queue/hub.h"

#include "auth/auth.h"
#include "core/context_internal.h"
#include "core/core.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>

/* How long drmgmt__subscribe() waits to learn where a tenant's stream stands; after that the subscription begins with
 * RESYNC. */
enum { JOIN_US = 1000000, STOP_US = 500000 };

int drmgmt__hub_new(drmgmt_context *context, struct drmgmt__hub **hub, drmgmt_error **error)
{
    struct drmgmt__hub *h = calloc(1, sizeof *h);
    pthread_condattr_t attributes;

    if (!h)
        return drmgmt__fail_memory(error);
    h->topics = calloc(DRMGMT__HUB_BUCKETS, sizeof(drmgmt_subscription *));
    h->tenants = calloc(DRMGMT__HUB_BUCKETS, sizeof(drmgmt__feed *));
    if (!h->topics || !h->tenants) {
        free(h->topics);
        free(h->tenants);
        free(h);
        return drmgmt__fail_memory(error);
    }
    h->context = context;
    h->wake_fd = -1;
    h->live = h->control = (drmgmt__redis)DRMGMT__REDIS_INIT;
    h->live.give_up = h->control.give_up = &h->stop_at;
    pthread_mutex_init(&h->mutex, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&h->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    *hub = h;
    return 0;
}

static void poke(const struct drmgmt__hub *hub)
{
    uint64_t one = 1;

    while (write(hub->wake_fd, &one, sizeof one) < 0 && errno == EINTR)
        ;
}

void drmgmt__hub_free(struct drmgmt__hub *hub)
{
    if (!hub)
        return;
    pthread_mutex_lock(&hub->mutex);
    hub->stopping = true;
    bool started = hub->started;
    pthread_mutex_unlock(&hub->mutex);
    if (started) {
        atomic_store(&hub->stop_at, drmgmt__monotonic_us() + STOP_US);
        poke(hub);
        pthread_join(hub->thread, NULL);
    }
    drmgmt__hub_sweep(hub);
    if (hub->wake_fd >= 0)
        close(hub->wake_fd);
    pthread_cond_destroy(&hub->changed);
    pthread_mutex_destroy(&hub->mutex);
    free(hub->topics);
    free(hub->tenants);
    free(hub);
}

/* ---- who subscribed to what; with the mutex held ---- */

static size_t slot(const char *tenant_id, const char *job_id)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325); /* FNV-1a */

    for (const char *p = tenant_id; *p; p++)
        h = (h ^ (unsigned char)*p) * UINT64_C(0x100000001b3);
    for (const char *p = job_id; *p; p++)
        h = (h ^ (unsigned char)*p) * UINT64_C(0x100000001b3);
    return (h ^ h >> 32) % DRMGMT__HUB_BUCKETS;
}

drmgmt__feed *drmgmt__hub_find(const struct drmgmt__hub *hub, const char *tenant_id)
{
    drmgmt__feed *feed = hub->tenants[slot(tenant_id, "")];

    while (feed && strcmp(feed->tenant_id, tenant_id) != 0)
        feed = feed->next_in_bucket;
    return feed;
}

static drmgmt__feed *make_feed(struct drmgmt__hub *hub, const char *tenant_id)
{
    drmgmt__feed *feed = calloc(1, sizeof *feed), **in_bucket = &hub->tenants[slot(tenant_id, "")];

    if (feed) {
        snprintf(feed->tenant_id, sizeof feed->tenant_id, "%s", tenant_id);
        feed->next = hub->feeds;
        hub->feeds = feed;
        feed->next_in_bucket = *in_bucket;
        *in_bucket = feed;
    }
    return feed;
}

static void free_feed(struct drmgmt__hub *hub, drmgmt__feed *feed)
{
    drmgmt__feed **link = &hub->tenants[slot(feed->tenant_id, "")];

    while (*link != feed)
        link = &(*link)->next_in_bucket;
    *link = feed->next_in_bucket;
    free(feed);
}

static void link_member(struct drmgmt__hub *hub, drmgmt__feed *feed, drmgmt_subscription *s)
{
    drmgmt_subscription **topic = &hub->topics[slot(feed->tenant_id, s->job_id)];

    s->feed = feed;
    s->next_member = feed->members;
    s->member_link = &feed->members;
    if (s->next_member)
        s->next_member->member_link = &s->next_member;
    feed->members = s;
    s->next_topic = *topic;
    s->topic_link = topic;
    if (s->next_topic)
        s->next_topic->topic_link = &s->next_topic;
    *topic = s;
    hub->subscriptions++;
}

static void unlink_member(struct drmgmt__hub *hub, drmgmt_subscription *s)
{
    *s->member_link = s->next_member;
    if (s->next_member)
        s->next_member->member_link = s->member_link;
    *s->topic_link = s->next_topic;
    if (s->next_topic)
        s->next_topic->topic_link = s->topic_link;
    hub->subscriptions--;
}

void drmgmt__hub_sweep(struct drmgmt__hub *hub)
{
    for (drmgmt__feed **link = &hub->feeds; *link;) {
        drmgmt__feed *feed = *link;
        if (feed->members) {
            link = &feed->next;
        } else {
            *link = feed->next;
            free_feed(hub, feed);
        }
    }
}

/* ---- fan-out ---- */

static void event_id(const struct drmgmt__hub *hub, drmgmt__stream_id id, char text[DRMGMT__EVENT_ID_SIZE])
{
    char tail[DRMGMT__STREAM_ID_SIZE];

    drmgmt__stream_id_format(id, tail);
    snprintf(text, DRMGMT__EVENT_ID_SIZE, "%s-%s", hub->epoch, tail);
}

void drmgmt__hub_resync(struct drmgmt__hub *hub, drmgmt_subscription *s)
{
    char id[DRMGMT__EVENT_ID_SIZE];

    s->state = DRMGMT__LIVE;
    s->resync = s->resumes = false;
    s->after = (drmgmt__stream_id){ 0, 0 };
    event_id(hub, s->feed->position, id);
    drmgmt__subscription_push_resync(s, id);
}

/* What an entry is about. */
struct subject {
    char job_id[37], device_id[37]; /* one of them, the other "" */
    char name[DRMGMT__EVENT_NAME_SIZE];
    drmgmt_event_kind kind;
};

/* Whoever can write to Redis can write anything. False: it is none of ours. */
static bool read_subject(const redisReply *entry, struct subject *s)
{
    const redisReply *job = drmgmt__reply_field(entry, "job"), *device = drmgmt__reply_field(entry, "device");
    const redisReply *kind = drmgmt__reply_field(entry, "kind");

    *s = (struct subject){ .kind = DRMGMT_EVENT_DEVICE };
    if (job && drmgmt__uuid_normalise(job->str, s->job_id)) {
        bool done = kind && strcmp(kind->str, "done") == 0;
        s->kind = done ? DRMGMT_EVENT_DONE : DRMGMT_EVENT_UPDATE;
        snprintf(s->name, sizeof s->name, "%s", done ? "job.done" : "job.update");
        return true;
    }
    if (!device || !kind || !drmgmt__uuid_normalise(device->str, s->device_id) || kind->len >= sizeof s->name ||
        strspn(kind->str, "abcdefghijklmnopqrstuvwxyz0123456789.-_") != kind->len || !kind->len)
        return false;
    memcpy(s->name, kind->str, kind->len + 1);
    return true;
}

static drmgmt__message *make_message(const struct drmgmt__hub *hub, const struct subject *subject,
                                     const redisReply *entry, drmgmt__stream_id id)
{
    const redisReply *data = drmgmt__reply_field(entry, "data");
    drmgmt__message *m = malloc(sizeof *m + (data ? data->len : 2) + 1);

    if (!m)
        return NULL;
    *m = (drmgmt__message){ .references = 1, .kind = subject->kind, .length = data ? data->len : 2 };
    event_id(hub, id, m->id);
    memcpy(m->job_id, subject->job_id, sizeof m->job_id);
    memcpy(m->device_id, subject->device_id, sizeof m->device_id);
    memcpy(m->name, subject->name, sizeof m->name);
    memcpy(m->data, data ? data->str : "{}", m->length + 1);
    return m;
}

void drmgmt__hub_dispatch(struct drmgmt__hub *hub, const drmgmt__feed *feed, const redisReply *entry,
                          drmgmt__stream_id id, drmgmt__member_state to)
{
    struct subject subject;
    drmgmt__message *message = NULL;

    if (!read_subject(entry, &subject))
        return;
    bool device = subject.kind == DRMGMT_EVENT_DEVICE;
    const char *topics[] = { subject.job_id, "" };
    for (size_t i = device ? 1 : 0; i < DRMGMT__COUNT(topics); i++)
        for (drmgmt_subscription *s = hub->topics[slot(feed->tenant_id, topics[i])]; s; s = s->next_topic) {
            if (s->feed != feed || s->state != to || strcmp(s->job_id, topics[i]) != 0 ||
                !drmgmt__stream_id_before(s->after, id) || (device && !s->devices))
                continue;
            if (!message && !(message = make_message(hub, &subject, entry, id)))
                drmgmt__hub_resync(hub, s);
            else
                drmgmt__subscription_push(s, message);
        }
    drmgmt__message_release(message);
}

/* ---- subscribing ---- */

/* "<epoch>-<ms>-<seq>" */
static bool parse_event_id(const char *text, drmgmt_subscription *s)
{
    size_t n = DRMGMT__EPOCH_SIZE - 1, length = strlen(text);

    if (length <= n + 1 || length >= DRMGMT__EVENT_ID_SIZE || text[n] != '-' || !drmgmt__epoch_valid(text, n) ||
        !drmgmt__stream_id_parse(text + n + 1, length - n - 1, &s->after))
        return false;
    memcpy(s->epoch, text, n);
    s->epoch[n] = '\0';
    return true;
}

/* With the mutex held. */
static bool start(struct drmgmt__hub *hub)
{
    char id[DRMGMT__UUID_SIZE];
    sigset_t all, before;

    if (hub->started)
        return true;
    if (hub->wake_fd < 0 && (hub->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) < 0)
        return false;
    if (drmgmt__uuid_v7(id))
        return false;
    snprintf(hub->wake_key, sizeof hub->wake_key, "%s%s", DRMGMT__KEY_WAKE, id);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    hub->started = pthread_create(&hub->thread, NULL, drmgmt__hub_run, hub) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return hub->started;
}

/* With the mutex held. An event published after drmgmt__subscribe() returned must be seen: so it returns only when the
 * stream's position is known, or else the subscription will begin with RESYNC. */
static void wait_live(struct drmgmt__hub *hub, drmgmt_subscription *s)
{
    uint64_t until = drmgmt__monotonic_us() + JOIN_US;
    struct timespec t = { .tv_sec = (time_t)(until / 1000000), .tv_nsec = (long)(until % 1000000) * 1000 };
    int rc = 0;

    while (s->state == DRMGMT__JOINING && !hub->away && !rc)
        rc = pthread_cond_timedwait(&hub->changed, &hub->mutex, &t);
    s->resync = s->resync || s->state == DRMGMT__JOINING;
}

static int join(struct drmgmt__hub *hub, const char *tenant_id, drmgmt_subscription *s, drmgmt_error **error)
{
    if (hub->subscriptions >= DRMGMT__SUBSCRIPTIONS_MAX)
        return drmgmt__fail_full(error, DRMGMT_ERR_LIMIT, true, NULL, NULL,
                                 "this process has %d event subscriptions open: close some, or start another process",
                                 (int)DRMGMT__SUBSCRIPTIONS_MAX);
    if (!start(hub))
        return drmgmt__fail_full(error, DRMGMT_ERR_LIMIT, true, NULL, NULL,
                                 "no thread could be started to read events: raise the process's limits");
    drmgmt__feed *feed = drmgmt__hub_find(hub, tenant_id);
    if (!feed && !(feed = make_feed(hub, tenant_id)))
        return drmgmt__fail_memory(error);
    link_member(hub, feed, s);
    if (feed->live && !s->resumes) {
        if (s->resync)
            drmgmt__hub_resync(hub, s);
        s->state = DRMGMT__LIVE;
        /* The reader sleeps while nobody listens. */
        if (hub->subscriptions == 1)
            poke(hub);
        return 0;
    }
    feed->joining = hub->joining = true;
    poke(hub);
    if (!s->resumes && !s->resync)
        wait_live(hub, s);
    return 0;
}

int drmgmt__subscribe(drmgmt_session *session, const char *job_id, bool devices, const char *last_event_id,
                      drmgmt_subscription **subscription, drmgmt_error **error)
{
    char job[37] = "";
    int rc = 0;

    if (!session->tenant_id[0])
        return drmgmt__fail(error, DRMGMT_ERR_INVALID, "events belong to a tenant: subscribe with a tenant's session");
    if (job_id && !drmgmt__uuid_normalise(job_id, job))
        return drmgmt__fail(error, DRMGMT_ERR_NOT_FOUND, "no job has this id");
    drmgmt_subscription *s = calloc(1, sizeof *s);
    if (!s)
        return drmgmt__fail_memory(error);
    drmgmt__subscription_init(s);
    memcpy(s->job_id, job, sizeof s->job_id);
    s->devices = devices && !job_id;
    s->resumes = last_event_id && parse_event_id(last_event_id, s);
    s->resync = last_event_id && !s->resumes;
    if (session->context->hub) {
        struct drmgmt__hub *hub = session->context->hub;
        pthread_mutex_lock(&hub->mutex);
        rc = join(hub, session->tenant_id, s, error);
        pthread_mutex_unlock(&hub->mutex);
        s->hub = rc ? NULL : hub;
    }
    if (rc)
        drmgmt__subscription_destroy(s);
    else
        *subscription = s;
    return rc;
}

void drmgmt_subscription_free(drmgmt_subscription *s)
{
    if (!s)
        return;
    if (s->hub) {
        pthread_mutex_lock(&s->hub->mutex);
        unlink_member(s->hub, s);
        pthread_mutex_unlock(&s->hub->mutex);
    }
    drmgmt__subscription_destroy(s);
}
