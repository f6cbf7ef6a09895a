/* Ids of stream entries, the epoch, and the names of keys in Redis. Called by publish.c, bell.c and the hub. Internal.
 */
#ifndef DRMGMT_QUEUE_STREAM_H
#define DRMGMT_QUEUE_STREAM_H

#include "queue/redis.h"

#define DRMGMT__KEY_EPOCH  "drm:epoch"
#define DRMGMT__KEY_CANCEL "drm:cancel"
#define DRMGMT__KEY_BELL   "drm:bell:" /* and the lane */
#define DRMGMT__KEY_EVENTS "drm:ev:"   /* and the tenant */
#define DRMGMT__KEY_WAKE   "drm:wake:" /* and the hub's own id */

enum { DRMGMT__STREAM_ID_SIZE = 44, DRMGMT__EPOCH_SIZE = 17 };

typedef struct drmgmt__stream_id {
    uint64_t ms, seq;
} drmgmt__stream_id;

/* "ms-seq" in decimal, nothing else. */
bool drmgmt__stream_id_parse(const char *text, size_t n, drmgmt__stream_id *id);
void drmgmt__stream_id_format(drmgmt__stream_id id, char text[DRMGMT__STREAM_ID_SIZE]);
static inline bool drmgmt__stream_id_before(drmgmt__stream_id a, drmgmt__stream_id b)
{
    return a.ms != b.ms ? a.ms < b.ms : a.seq < b.seq;
}

/* The epoch names a life of the streams: a flush, an emptied server or lost events begin another one, and ids of an
 * older epoch tell nothing any more. 16 hexadecimal digits. Returns 0, or -1 without randomness. */
int drmgmt__epoch_make(char epoch[DRMGMT__EPOCH_SIZE]);
bool drmgmt__epoch_valid(const char *text, size_t n);

/* ---- what a reply holds; all take any reply and tell what is malformed ---- */
/* The id of the only entry of an XRANGE or XREVRANGE with COUNT 1; false when there is none. */
bool drmgmt__reply_entry_id(const redisReply *entry, drmgmt__stream_id *id);
bool drmgmt__reply_single_id(const redisReply *reply, drmgmt__stream_id *id);
/* A field's value of an entry ([id, [name, value, ...]]), or NULL. */
const redisReply *drmgmt__reply_field(const redisReply *entry, const char *name);

#endif
