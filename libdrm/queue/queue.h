/* Redis: doorbell and events out, events in. The only room that sees hiredis. Losing Redis may cost a second, never a
 * job: nothing here reports failure to a domain call. Internal. */
#ifndef DRMGMT_QUEUE_QUEUE_H
#define DRMGMT_QUEUE_QUEUE_H

#include <drm/context.h>
#include <drm/job.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- out: one thread a context, so that no caller waits for Redis. Bursts of bells become one. ---- */
struct drmgmt__publisher;
int drmgmt__publisher_new(drmgmt_context *context, struct drmgmt__publisher **publisher, drmgmt_error **error);
void drmgmt__publisher_free(
    struct drmgmt__publisher *publisher); /* sends what is queued, at most 1 s; NULL is allowed */
/* XADD drm:bell:<lane> MAXLEN ~ 1024. NULL publisher: nothing happens. Any thread; never blocks. */
void drmgmt__publish_bell(struct drmgmt__publisher *publisher, const char *lane);
/* XADD drm:ev:<tenant> MAXLEN ~ 10000 kind update|done job <id> data <json>. Dropped when 100,000 are queued: readers
 * re-read. */
void drmgmt__publish_event(struct drmgmt__publisher *publisher, const char *tenant_id, const char *job_id,
                           drmgmt_event_kind kind, const char *data, size_t length);
/* The same of a device: kind <name> device <id> data <json>. name: 1 to 63 bytes, no "update" nor "done". */
void drmgmt__publish_device_event(struct drmgmt__publisher *publisher, const char *tenant_id, const char *name,
                                  const char *device_id, const char *data, size_t length);
/* XADD drm:cancel MAXLEN ~ 1024 job <id>: a hint to workers. */
void drmgmt__publish_cancel(struct drmgmt__publisher *publisher, const char *job_id);
/* PING over a connection of its own, within 1 s. */
bool drmgmt__redis_ping(drmgmt_context *context);

/* ---- bell: a worker's wait (a blocking connection of the calling thread) ---- */
typedef struct drmgmt__bell drmgmt__bell;
/* lanes: one, or several with commas between them; each has its bell. */
int drmgmt__bell_open(drmgmt_context *context, const char *lanes, const char *consumer, drmgmt__bell **bell,
                      drmgmt_error **error);
/* Waits for a bell or a cancel hint at most timeout_ms. Returns 1 when the bell rang, 0 on time-out, also when Redis is
 * away (after waiting). cancelled: called for each cancel hint. XREADGROUP GROUP workers <consumer> BLOCK NOACK; the
 * group is made anew after a flush. */
int drmgmt__bell_wait(drmgmt__bell *bell, unsigned timeout_ms, void (*cancelled)(void *user, const char *job_id),
                      void *user);
void drmgmt__bell_close(drmgmt__bell *bell); /* NULL is allowed; not while a wait runs */

/* ---- in: the hub behind drmgmt_subscribe() (queue/hub.c, job/follow.c) ---- */
struct drmgmt__hub;
int drmgmt__hub_new(drmgmt_context *context, struct drmgmt__hub **hub, drmgmt_error **error);
void drmgmt__hub_free(struct drmgmt__hub *hub);
/* As drmgmt_subscribe(), without asking whether the actor may: the caller does. devices, without job_id: events of
 * devices as well. */
int drmgmt__subscribe(drmgmt_session *session, const char *job_id, bool devices, const char *last_event_id,
                      drmgmt_subscription **subscription, drmgmt_error **error);

#endif
