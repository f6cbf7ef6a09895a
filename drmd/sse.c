/* Server-sent events of one job: what Redis tells is passed on; PostgreSQL is asked at the start, at the end, after a
 * gap and every 15 s. And of all of a tenant, where the library asks. Called by dispatch.c as a handler; each stream
 * holds its connection's thread. */
#include "routes.h"
#include <ctype.h>
#include <drm/event.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* Stands for an id that cannot be ours: of no epoch we know, so the subscription begins with RESYNC. */
static const char unknown_id[] = "unknown";

enum { HEARTBEAT_US = 15 * 1000000 };

typedef struct stream {
    drmd_request *r;
    drmgmt_subscription *subscription; /* of a job */
    drmgmt_event_stream *all;          /* else: of all of the tenant */
    drmd_peer peer;
    int fd;           /* of the watch, with the streams' lock: to see a client that went away; -1: not found yet */
    uint64_t shown;   /* hash of the job as last sent */
    char last_id[64]; /* of the last event, for Last-Event-ID; "": none yet */
    bool ended;
    struct stream *next;
} stream;

struct drmd_streams {
    pthread_mutex_t lock;
    stream *first;
    unsigned cap;
    bool stopping;
    atomic_uint open;
};

drmd_streams *drmd_streams_new(unsigned cap)
{
    drmd_streams *streams = calloc(1, sizeof *streams);
    if (streams) {
        pthread_mutex_init(&streams->lock, NULL);
        streams->cap = cap;
    }
    return streams;
}

void drmd_streams_free(drmd_streams *streams)
{
    free(streams);
}

unsigned drmd_streams_open(const drmd_streams *streams)
{
    return atomic_load_explicit(&streams->open, memory_order_relaxed);
}

static void wake(const stream *s)
{
    if (s->all)
        drmgmt_event_stream_wake(s->all);
    else
        drmgmt_subscription_wake(s->subscription);
}

void drmd_streams_stop(drmd_streams *streams)
{
    pthread_mutex_lock(&streams->lock);
    streams->stopping = true;
    for (stream *s = streams->first; s; s = s->next)
        wake(s);
    pthread_mutex_unlock(&streams->lock);
}

/* Registers s, whose subscription is open. False when there are too many, or the server stops. */
static bool enter(drmd_streams *streams, stream *s)
{
    pthread_mutex_lock(&streams->lock);
    bool room = !streams->stopping && atomic_load_explicit(&streams->open, memory_order_relaxed) < streams->cap;
    if (room) {
        s->next = streams->first;
        streams->first = s;
        atomic_fetch_add_explicit(&streams->open, 1, memory_order_relaxed);
    }
    pthread_mutex_unlock(&streams->lock);
    return room;
}

static void leave(drmd_streams *streams, stream *s)
{
    pthread_mutex_lock(&streams->lock);
    for (stream **p = &streams->first; *p; p = &(*p)->next)
        if (*p == s) {
            *p = s->next;
            atomic_fetch_sub_explicit(&streams->open, 1, memory_order_relaxed);
            break;
        }
    pthread_mutex_unlock(&streams->lock);
}

static void learn(int fd, drmd_peer peer, void *user)
{
    drmd_streams *streams = user;
    for (stream *s = streams->first; s; s = s->next)
        if (s->fd < 0 && s->peer == peer)
            s->fd = fd;
}

/* One look at all of them, so that the threads of quiet streams need not wake up for it. A descriptor stays the
 * stream's own until it has left the list. */
void drmd_streams_watch(drmd_streams *streams, const drmd_server *server)
{
    bool unknown = false;
    pthread_mutex_lock(&streams->lock);
    for (const stream *s = streams->first; s; s = s->next)
        unknown = unknown || s->fd < 0;
    if (unknown)
        drmd_socket_each(server, learn, streams);
    for (stream *s = streams->first; s; s = s->next)
        if (drmd_socket_gone(s->fd))
            wake(s);
    pthread_mutex_unlock(&streams->lock);
}

static bool write_out(stream *s)
{
    drmd_buffer *b = &s->r->worker->out;
    return !b->failed && mg_write(s->r->connection, b->data, b->length) == (int)b->length;
}

/* One event (WHATWG HTML, section 9.2); data is JSON and so holds no line break. */
static bool send_event(stream *s, const char *name, const char *data, size_t length)
{
    drmd_buffer *b = &s->r->worker->out;
    drmd_buffer_reset(b, 128 * 1024);
    drmd_buffer_puts(b, "event: ");
    drmd_buffer_puts(b, name);
    if (s->last_id[0]) {
        drmd_buffer_puts(b, "\nid: ");
        drmd_buffer_puts(b, s->last_id);
    }
    drmd_buffer_puts(b, "\ndata: ");
    drmd_buffer_add(b, data, length);
    drmd_buffer_puts(b, "\n\n");
    return write_out(s);
}

static bool send_comment(stream *s)
{
    drmd_buffer *b = &s->r->worker->out;
    drmd_buffer_reset(b, 128 * 1024);
    drmd_buffer_puts(b, ": still here\n\n");
    return write_out(s);
}

static uint64_t hash(const char *text, size_t n) /* FNV-1a */
{
    uint64_t h = 0xcbf29ce484222325u;
    for (size_t i = 0; i < n; i++)
        h = (h ^ (unsigned char)text[i]) * 0x100000001b3u;
    return h;
}

/* Sends the job unless it is as it was; frees the record. False: the stream is over. */
static bool send_job(stream *s, drmgmt_record *job)
{
    const char *status = drmgmt_record_text(job, "status");
    s->ended = status && drmgmt_job_status_ended(status);
    char *json = NULL;
    size_t length = 0;
    bool sent = drmgmt_record_json(job, &json, &length) == 0;
    drmgmt_record_free(job);
    if (sent) {
        uint64_t h = hash(json, length);
        if (h != s->shown || s->ended)
            sent = send_event(s, s->ended ? "done" : "update", json, length);
        s->shown = h;
        drmgmt_free(json);
    }
    return sent && !s->ended;
}

/* Reads the job and sends it. A database that is away for a while is no reason to end the stream. */
static bool reread(stream *s)
{
    drmgmt_record *job = NULL;
    drmgmt_error *error = NULL;
    int failed = drmgmt_job_get(s->r->session, s->r->params[0], &job, &error);
    if (!failed)
        return send_job(s, job);
    bool later = drmgmt_error_retryable(error);
    drmgmt_error_free(error);
    return later;
}

/* Passes on one event. False: the stream is over. */
static bool pass_on(stream *s, drmgmt_event *event)
{
    if (event->id[0])
        memcpy(s->last_id, event->id, sizeof s->last_id);
    if (event->kind == DRMGMT_EVENT_UPDATE && event->data)
        return send_event(s, "update", event->data, strcspn(event->data, "\r\n"));
    return reread(s);
}

static void follow(stream *s)
{
    int64_t beat = drmd_now_us() + HEARTBEAT_US;
    for (;;) {
        drmgmt_event event = { 0 };
        int64_t left_ms = (beat - drmd_now_us()) / 1000 + 1;
        int got = drmgmt_subscription_next(s->subscription, left_ms > 0 ? (unsigned)left_ms : 0, &event, NULL);
        if (got < 0)
            return;
        if (got > 0) {
            bool goes_on = pass_on(s, &event);
            drmgmt_event_clear(&event);
            if (!goes_on)
                return;
        }
        if (drmd_now_us() >= beat) {
            if (!send_comment(s) || !reread(s))
                return;
            beat = drmd_now_us() + HEARTBEAT_US;
        }
    }
}

static bool send_head(stream *s)
{
    drmd_request *r = s->r;
    drmd_buffer *b = &r->worker->out;
    drmd_buffer_reset(b, 128 * 1024);
    r->keep_alive = false;
    r->policy = "Cache-Control: no-cache\r\n";
    drmd_head(r, b, 200);
    drmd_buffer_puts(b, "Content-Type: text/event-stream\r\nX-Accel-Buffering: no\r\n\r\n");
    if (!r->head)
        drmd_buffer_puts(b, "retry: 2000\n\n");
    r->worker->answered = true;
    mg_disable_connection_keep_alive(r->connection);
    return write_out(s) && !r->head;
}

/* A word of the query string; "": not given. */
typedef struct word {
    const char *name;
    char value[128];
} word;

/* Takes the words of the query string. False when it holds another one, or one twice, which is answered. */
static bool take_words(drmd_request *r, word *words, size_t n)
{
    char name[32], value[sizeof words->value];
    const char *cursor = r->query;
    for (int got; (got = drmd_query_next(&cursor, name, sizeof name, value, sizeof value)) != 0;) {
        size_t i = 0;
        while (i < n && (got < 0 || strcmp(words[i].name, name) != 0))
            i++;
        if (i == n || words[i].value[0]) {
            drmd_reply_problem(r, 400, "query",
                               n == 1 ? "The query string may hold last_event_id only."
                                      : "The query string may hold last_event_id, kind and device_id, each once.");
            return false;
        }
        memcpy(words[i].value, value, sizeof value);
    }
    return true;
}

/* Last-Event-ID of a client that comes back: the header, or last_event_id in the query string, which is the first of
 * words. False when refused. */
static bool take_last_id(stream *s, word *words, size_t n_words)
{
    if (!take_words(s->r, words, n_words))
        return false;
    const char *header = s->r->headers[DRMD_H_LAST_EVENT_ID], *text = header ? header : words[0].value;
    if (!*text && !header)
        return true;
    size_t n = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.:");
    if (n < sizeof s->last_id && text[n] == '\0')
        memcpy(s->last_id, text, n + 1);
    else
        memcpy(s->last_id, unknown_id, sizeof unknown_id);
    return true;
}

void drmd_job_events(drmd_request *r)
{
    stream s = { .r = r, .fd = -1, .peer = drmd_peer_of(r->info->remote_addr, r->info->remote_port) };
    drmd_streams *streams = r->server->streams;
    drmgmt_error *error = NULL;
    drmgmt_record *job = NULL;
    word words[] = { { "last_event_id", "" } };
    if (!take_last_id(&s, words, DRMD_COUNT(words)))
        return;
    for (char *p = r->params[0]; *p; p++) /* events carry the canonical form */
        *p = (char)tolower((unsigned char)*p);
    if (drmgmt_subscribe(r->session, r->params[0], s.last_id[0] ? s.last_id : NULL, &s.subscription, &error)) {
        drmd_reply_error(r, error);
        return;
    }
    if (strcmp(s.last_id, unknown_id) == 0)
        s.last_id[0] = '\0';
    if (!enter(streams, &s)) {
        drmgmt_subscription_free(s.subscription);
        drmd_reply_problem(r, 503, NULL, "Too many event streams are open; try again in a moment.");
        return;
    }
    if (drmgmt_job_get(r->session, r->params[0], &job, &error)) {
        drmd_reply_error(r, error);
    } else if (!send_head(&s)) {
        drmgmt_record_free(job);
    } else if (send_job(&s, job)) {
        follow(&s);
    }
    leave(streams, &s);
    drmgmt_subscription_free(s.subscription);
}

/* ---- all of a tenant ---- */

/* Events of devices have their kind as name, those of jobs "job.update" and "job.done". */
static bool pass_any(stream *s, const drmgmt_event *event)
{
    memcpy(s->last_id, event->id, sizeof s->last_id);
    const char *data = event->data ? event->data : "{}";
    return send_event(s, event->name, data, strcspn(data, "\r\n"));
}

/* The first event: what comes behind it is new to the client, unless "resync" is next. */
static bool send_open(stream *s)
{
    return send_event(s, "open", "{}", 2);
}

/* A comment that also tells how far the stream is: who comes back need not look at what the filters left out. */
static bool send_position(stream *s)
{
    drmd_buffer *b = &s->r->worker->out;
    drmd_buffer_reset(b, 128 * 1024);
    drmd_buffer_puts(b, ": still here\n");
    if (*drmgmt_event_stream_position(s->all)) {
        drmd_buffer_puts(b, "id: ");
        drmd_buffer_puts(b, drmgmt_event_stream_position(s->all));
        drmd_buffer_puts(b, "\n");
    }
    drmd_buffer_puts(b, "\n");
    return write_out(s);
}

static void follow_all(stream *s)
{
    int64_t beat = drmd_now_us() + HEARTBEAT_US;
    for (;;) {
        drmgmt_event event = { 0 };
        int64_t left_ms = (beat - drmd_now_us()) / 1000 + 1;
        int got = drmgmt_event_stream_next(s->all, left_ms > 0 ? (unsigned)left_ms : 0, &event, NULL);
        if (got < 0)
            return;
        if (got > 0) {
            bool sent = pass_any(s, &event);
            drmgmt_event_clear(&event);
            if (!sent)
                return;
        }
        if (drmd_now_us() >= beat) {
            if (!send_position(s))
                return;
            beat = drmd_now_us() + HEARTBEAT_US;
        }
    }
}

static const char *given(const word *w)
{
    return w->value[0] ? w->value : NULL;
}

void drmd_event_stream(drmd_request *r)
{
    stream s = { .r = r, .fd = -1, .peer = drmd_peer_of(r->info->remote_addr, r->info->remote_port) };
    word words[] = { { "last_event_id", "" }, { "kind", "" }, { "device_id", "" } };
    drmd_streams *streams = r->server->streams;
    drmgmt_error *error = NULL;
    if (!take_last_id(&s, words, DRMD_COUNT(words)))
        return;
    if (drmgmt_event_stream_open(r->session, given(&words[1]), given(&words[2]), s.last_id[0] ? s.last_id : NULL,
                                 &s.all, &error)) {
        drmd_reply_error(r, error);
        return;
    }
    s.last_id[0] = '\0';
    if (!enter(streams, &s)) {
        drmgmt_event_stream_free(s.all);
        drmd_reply_problem(r, 503, NULL, "Too many event streams are open; try again in a moment.");
        return;
    }
    if (send_head(&s) && send_open(&s))
        follow_all(&s);
    leave(streams, &s);
    drmgmt_event_stream_free(s.all);
}
