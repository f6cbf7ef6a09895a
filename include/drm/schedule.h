/* Schedules: batches that are started at times told before (docs/schedules.md), by whichever worker comes first.
 *
 * Entity "schedule": name, start_at, every_ms, cron, time_zone, overlap, enabled, batch; next_run_at, next_runs,
 * waiting, skipped, last_run_at, last_batch_id, last_error, disabled_reason, runs_as, version. It runs once (start_at
 * alone), every so often (every_ms, from start_at on), or as a cron expression says (cron, in time_zone). batch is what
 * drmgmt_batch_create() takes, without run_at and deadline; a batch of one device is allowed. A run has the rights of
 * runs_as: who made, changed or enabled the schedule last. When that user is gone or may no longer do it, the schedule
 * is disabled, and disabled_reason says so. */
#ifndef DRMGMT_SCHEDULE_H
#define DRMGMT_SCHEDULE_H

#include <drm/session.h>

DRMGMT_BEGIN

enum { DRMGMT_SCHEDULE_RUNS_MAX = 100 };

/* Makes one. Permission job:submit:read or job:submit:write, as the operation says, here and for changing, enabling
 * and running. A tenant has 1,000 at most. Errors: INVALID (batch.* names a field of the batch; no run to come; no such
 * time zone), UNSUPPORTED, NOT_FOUND (a device of batch.device_ids), CONFLICT (the name, or too many). */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_schedule_create(drmgmt_session *session, const drmgmt_draft *draft,
                                                       drmgmt_record **schedule, drmgmt_error **error);
/* Reads one. Permission job:read; who holds it on some devices only sees the schedules made by itself. Errors:
 * NOT_FOUND. */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_schedule_get(drmgmt_session *session, const char *id, drmgmt_record **schedule,
                                                    drmgmt_error **error);
/* Lists by filters name (* stands for anything) and enabled. */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_schedule_list(drmgmt_session *session, const drmgmt_query *query,
                                                     drmgmt_page **page, drmgmt_error **error);
/* Changes what the draft sets; the session's user is runs_as from then on. if_version 0: any. Errors: as for making
 * one, NOT_FOUND, PRECONDITION. */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_schedule_update(drmgmt_session *session, const char *id, int64_t if_version,
                                                       const drmgmt_draft *draft, drmgmt_record **schedule,
                                                       drmgmt_error **error);
/* Removes it; batches that it started go on. Permission job:cancel. Errors: NOT_FOUND, PRECONDITION. */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_schedule_delete(drmgmt_session *session, const char *id, int64_t if_version,
                                                       drmgmt_error **error);
/* Lets it run again from now on, with the rights of the session's user. Errors: NOT_FOUND, INVALID (no run to come). */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_schedule_enable(drmgmt_session *session, const char *id,
                                                       drmgmt_record **schedule, drmgmt_error **error);
/* No further runs until it is enabled; batches go on. Permission job:cancel. Errors: NOT_FOUND. */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_schedule_disable(drmgmt_session *session, const char *id,
                                                        drmgmt_record **schedule, drmgmt_error **error);
/* One run now, enabled or not, with the rights of the session's user; its next runs stay. Errors: NOT_FOUND, CONFLICT
 * (the run before has not ended, unless overlap is replace), and those of drmgmt_batch_create(). */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_schedule_run(drmgmt_session *session, const char *id, drmgmt_record **batch,
                                                    drmgmt_error **error);
/* When it runs next, count times at most (1..DRMGMT_SCHEDULE_RUNS_MAX): {"items":[{"at":UTC,"local":"2026-01-31
 * 13:00:00", as the clocks of time_zone show it},...]}; none while it is disabled. *json is malloc()ed: free it with
 * drmgmt_free(). Permission job:read. Errors: INVALID, NOT_FOUND. */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_schedule_next(drmgmt_session *session, const char *id, unsigned count,
                                                     char **json, drmgmt_error **error);

DRMGMT_END

#endif
