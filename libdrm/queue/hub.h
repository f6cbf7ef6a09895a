/* What the files of the hub share: hub.c (who subscribed to what, fan-out), hub_reader.c (the thread that reads Redis),
 * subscription.c (one subscription's queue). Internal. */
#ifndef DRMGMT_QUEUE_HUB_H
#define DRMGMT_QUEUE_HUB_H

#include "queue/queue.h"
#include "queue/stream.h"
#include <pthread.h>
#include <stdatomic.h>

enum {
    DRMGMT__QUEUE_MAX = 4096,          /* events a subscription may be behind */
    DRMGMT__SUBSCRIPTIONS_MAX = 50000, /* a context */
    DRMGMT__HUB_BUCKETS = 4096,
    DRMGMT__EVENT_ID_SIZE = 64,
    DRMGMT__EVENT_NAME_SIZE = 64
};

/* One event on its way to any number of subscriptions. */
typedef struct drmgmt__message {
    atomic_uint references;
    drmgmt_event_kind kind;
    char id[DRMGMT__EVENT_ID_SIZE];
    char job_id[37], device_id[37]; /* one of them; the other is "" */
    char name[DRMGMT__EVENT_NAME_SIZE];
    size_t length;
    char data[];
} drmgmt__message;

void drmgmt__message_release(drmgmt__message *message); /* NULL is allowed */

/* The stream of one tenant that has subscriptions. */
typedef struct drmgmt__feed {
    struct drmgmt__feed *next, *next_in_bucket;
    char tenant_id[37];
    bool live;                    /* position is known: what comes after it will be read */
    bool scanning;                /* older entries are being read for those that resume */
    bool joining;                 /* somebody waits to be let in */
    bool settling;                /* the reader has asked about it */
    drmgmt__stream_id position;   /* of the last entry given to all */
    drmgmt__stream_id cursor;     /* of the last entry given to those that resume */
    drmgmt_subscription *members; /* all of them */
} drmgmt__feed;

typedef enum drmgmt__member_state {
    DRMGMT__JOINING, /* waits for the reader */
    DRMGMT__REPLAY,  /* gets what it missed */
    DRMGMT__LIVE
} drmgmt__member_state;

struct drmgmt_subscription {
    struct drmgmt__hub *hub; /* NULL: no Redis configured */
    char job_id[37];         /* "": all of the tenant's */
    bool devices;            /* and events of devices */
    /* of the hub, with its mutex */
    drmgmt__feed *feed;
    drmgmt_subscription *next_member, **member_link, *next_topic, **topic_link;
    drmgmt__member_state state;
    bool resumes, resync; /* resync: it must be told so when it goes live */
    char epoch[DRMGMT__EPOCH_SIZE];
    drmgmt__stream_id after; /* what it has seen */
    /* the queue, with its own mutex */
    pthread_mutex_t mutex;
    pthread_cond_t ready;
    struct drmgmt__item *first, **last;
    size_t count;
    bool cancelled, lost; /* lost: RESYNC comes before what is queued */
    char lost_id[DRMGMT__EVENT_ID_SIZE];
};

/* subscription.c: making, queueing (any thread), freeing */
void drmgmt__subscription_init(drmgmt_subscription *s);
void drmgmt__subscription_destroy(drmgmt_subscription *s);
void drmgmt__subscription_push(drmgmt_subscription *s, drmgmt__message *message);
/* Drops what is queued: reading the job again tells that too. */
void drmgmt__subscription_push_resync(drmgmt_subscription *s, const char *id);

struct drmgmt__hub {
    drmgmt_context *context;
    pthread_mutex_t mutex;
    pthread_cond_t changed;       /* a feed went live, or Redis is away */
    drmgmt__feed *feeds;          /* all; freed by the reader only */
    drmgmt__feed **tenants;       /* the same by hash */
    drmgmt_subscription **topics; /* by hash of tenant and job */
    unsigned subscriptions;
    bool started, stopping;
    bool joining; /* some feed has joining or scanning members, or is not live */
    bool away;    /* the last attempt to connect failed */
    pthread_t thread;
    int wake_fd;                    /* eventfd: something above changed */
    char epoch[DRMGMT__EPOCH_SIZE]; /* changed by the reader only */
    _Atomic uint64_t stop_at;
    /* the reader's own */
    drmgmt__redis live, control; /* one waits in XREAD, the other asks and wakes it */
    char wake_key[64];
    drmgmt__stream_id woken; /* last entry read from wake_key */
    redisReply *batch;       /* read, but not yet known to be of this epoch */
    bool asked;              /* XREAD and GET are under way */
    bool proven;             /* Redis answered since it was connected to */
    bool renewed;            /* the epoch changed: streams were emptied or events lost */
    uint64_t check_at;       /* when to look at the epoch */
    uint64_t silent_at;      /* when an answer to XREAD is overdue */
    uint64_t away_since;     /* 0: Redis is there */
    drmgmt__backoff backoff;
    drmgmt__pace pace;
};

/* hub.c: for the reader, with the mutex held */
drmgmt__feed *drmgmt__hub_find(const struct drmgmt__hub *hub, const char *tenant_id); /* NULL: none */
void drmgmt__hub_dispatch(struct drmgmt__hub *hub, const drmgmt__feed *feed, const redisReply *entry,
                          drmgmt__stream_id id, drmgmt__member_state to);
void drmgmt__hub_resync(struct drmgmt__hub *hub, drmgmt_subscription *s);
void drmgmt__hub_sweep(struct drmgmt__hub *hub); /* frees feeds without members */

/* hub_reader.c */
void *drmgmt__hub_run(void *hub);

#endif
