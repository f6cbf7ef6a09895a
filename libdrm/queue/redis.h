/* One connection to Redis. Called by the files of this room only; calls hiredis' reply parser.
 *
 * The socket is our own: hiredis 0.14 writes with write(), so a dead server would raise SIGPIPE in the program that
 * embeds the library; its time-outs hold per read and not per call; and it cannot wait for two connections at once.
 * Internal. */
#ifndef DRMGMT_QUEUE_REDIS_H
#define DRMGMT_QUEUE_REDIS_H

#include "core/strbuf.h"
#include <drm/context.h>
#include <hiredis/hiredis.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum {
    DRMGMT__REDIS_OPEN_US = 1000000,    /* to connect and log in */
    DRMGMT__REDIS_COMMAND_US = 1000000, /* for an answer */
};

typedef struct drmgmt__redis {
    int fd; /* -1: not connected */
    redisReader *reader;
    drmgmt__strbuf out;              /* commands not sent yet */
    const _Atomic uint64_t *give_up; /* monotonic us after which every wait ends early (0: never); NULL: none */
    char problem[192];               /* why the last call failed, fit for a log line */
} drmgmt__redis;

#define DRMGMT__REDIS_INIT                                                                                             \
    {                                                                                                                  \
        .fd = -1, .out = DRMGMT__STRBUF_INIT                                                                           \
    }

/* ---- address ---- */
/* INVALID unless the URL is redis://[user:password@]host[:port][/db] or unix:///path. */
int drmgmt__redis_check_url(const char *url, drmgmt_error **error);

/* ---- connection. A call that fails closes it and says why in problem; deadlines are monotonic us ---- */
/* Connects, logs in, names the connection "<application name>:<role>" and sees that Redis answers. */
bool drmgmt__redis_open(drmgmt__redis *r, drmgmt_context *context, const char *role, uint64_t deadline);
void drmgmt__redis_close(drmgmt__redis *r); /* may be opened again */
void drmgmt__redis_free(drmgmt__redis *r);
/* Whether an idle connection (no answer to come) was closed by the server. */
bool drmgmt__redis_stale(const drmgmt__redis *r);
/* Sends all of data; gives up after idle_us without progress. */
bool drmgmt__redis_send(drmgmt__redis *r, const char *data, size_t length, uint64_t idle_us);
/* Sends what is in out. */
bool drmgmt__redis_flush(drmgmt__redis *r);
/* Next answer without waiting: 1 with *reply, 0 none yet, -1 failed. */
int drmgmt__redis_poll_reply(drmgmt__redis *r, redisReply **reply);
/* Next answer; NULL: failed. An error answer is an answer. */
redisReply *drmgmt__redis_reply(drmgmt__redis *r, uint64_t deadline);
/* Reads one answer and forgets it. False when it is an error (kept in problem; the connection stays) or did not come.
 */
bool drmgmt__redis_expect(drmgmt__redis *r, uint64_t deadline);
/* Sends out and reads one answer. */
redisReply *drmgmt__redis_call(drmgmt__redis *r);

/* ---- commands: length-prefixed arguments, so that no value can change a command ---- */
void drmgmt__resp_begin(drmgmt__strbuf *b, size_t arguments);
void drmgmt__resp_bytes(drmgmt__strbuf *b, const void *bytes, size_t n);
void drmgmt__resp_text(drmgmt__strbuf *b, const char *text);
/* A whole command of texts, ended by NULL. */
void drmgmt__resp_command(drmgmt__strbuf *b, const char *first, ...) __attribute__((sentinel));

/* ---- time ---- */
/* Grows from 50 ms to 1 s, with jitter so that many processes do not come back together. Starts as { 0 }. */
typedef struct drmgmt__backoff {
    unsigned ms;
} drmgmt__backoff;
unsigned drmgmt__backoff_next(drmgmt__backoff *backoff); /* ms to wait */

/* A few turns at once, then one a millisecond: who is idle is served at once, who is busy by the hundred. Starts as { 0
 * }. */
typedef struct drmgmt__pace {
    uint64_t due;
} drmgmt__pace;
void drmgmt__pace_turn(drmgmt__pace *pace);
uint64_t drmgmt__pace_wait_us(const drmgmt__pace *pace); /* until the next turn; 0: now */

#endif
