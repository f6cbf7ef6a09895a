/* Events: what devices tell by themselves, such as SNMP traps, as a list; and all events of a tenant, of devices and of
 * jobs, as a stream.
 *
 * Entity "event": id, device_id, kind, source, oid, name, detail, at. kind: "snmp.trap" or "snmp.inform"; detail:
 * {"version","varbinds":[{"oid","type",...}],...}, docs/traps.md. Permission event:read. */
#ifndef DRMGMT_EVENT_H
#define DRMGMT_EVENT_H

#include <drm/job.h>

DRMGMT_BEGIN

/* Lists device events, newest first, by filters kind (* is a wildcard), device_id, since and until (RFC 3339; since is
 * within, until is not). Who holds event:read on some devices only is shown theirs. */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_event_list(drmgmt_session *session, const drmgmt_query *query,
                                                  drmgmt_page **page, drmgmt_error **error);

/* ---- the stream ---- */
typedef struct drmgmt_event_stream drmgmt_event_stream;

/* Follows the tenant's events after last_event_id (NULL: from now): those of devices, and, for an actor that holds
 * job:read as well, those of jobs. kind: only events of this name, * is a wildcard: "snmp.*", "job.done"; NULL: all.
 * device_id: only those of this device and of jobs on it; NULL: all. Who holds a permission on some devices only gets
 * the events of these. What the actor holds is asked for at the beginning and every 15 s. The session must live until
 * the stream is freed, and is used by the calls below only. Errors: FORBIDDEN, NOT_FOUND (device), INVALID (kind),
 * NO_MEMORY, LIMIT. */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_event_stream_open(drmgmt_session *session, const char *kind,
                                                         const char *device_id, const char *last_event_id,
                                                         drmgmt_event_stream **stream, drmgmt_error **error);
/* Next event within timeout_ms. Returns 1 with *event filled (drmgmt_event_clear() it), 0 on time-out, negative on
 * error: FORBIDDEN and UNAUTHENTICATED once the actor may no more. DRMGMT_EVENT_RESYNC: events may have been lost, read
 * lists again. One thread at a time. */
DRMGMT_API int drmgmt_event_stream_next(drmgmt_event_stream *stream, unsigned timeout_ms, drmgmt_event *event,
                                        drmgmt_error **error);
/* Id of the last event that was looked at, also of one that the filters left out: to resume there. "" before the first.
 * Lives as long as the stream. */
DRMGMT_API const char *drmgmt_event_stream_position(const drmgmt_event_stream *stream);
/* Makes a drmgmt_event_stream_next() of another thread, and all later ones, return DRMGMT_ERR_CANCELLED. */
DRMGMT_API void drmgmt_event_stream_wake(drmgmt_event_stream *stream);
DRMGMT_API void drmgmt_event_stream_free(drmgmt_event_stream *stream); /* NULL is allowed */

DRMGMT_END

#endif
