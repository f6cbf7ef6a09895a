/* Batches: one operation on many devices (docs/batches.md). Its jobs are jobs like others, with its parameters.
 *
 * Entity "batch": name, protocol, operation, params, device_ids or selector, strict, priority, timeout_ms,
 * max_attempts, run_at, deadline, canary, wave, max_failures; status, total, skipped, held, active, completed, failed,
 * cancelled, dead, uncertain, percent, eta, retry_of, created_by, created_at, finished_at. status: running, paused,
 * stopped (too many failures), cancelling, then completed (however its jobs ended) or cancelled. */
#ifndef DRMGMT_BATCH_H
#define DRMGMT_BATCH_H

#include <drm/session.h>

DRMGMT_BEGIN

enum { DRMGMT_BATCH_DEVICES_MAX = 100000 };

/* Whether a status is one of the ended ones. */
DRMGMT_API bool drmgmt_batch_status_ended(const char *status);

/* Makes a batch and all its jobs in one transaction, for the devices that the actor may use. Either device_ids (each
 * must be there) or selector: {"tags":[all of],"name":"core-*","protocol","vendor","firmware","seen_since",
 * "seen_before"}. Devices that do not speak the protocol are left out and counted (skipped), or refuse the whole with
 * strict. canary, wave and max_failures: "n" jobs, or "p%" of them. Permission job:submit:read or job:submit:write, as
 * the operation says. idempotency_key: as with drmgmt_job_submit(). Errors: INVALID (also when no device fits, or more
 * than 100,000), UNSUPPORTED, NOT_FOUND (a device of device_ids), LIMIT (quota), IDEMPOTENCY, CONFLICT. */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_batch_create(drmgmt_session *session, const drmgmt_draft *draft,
                                                    const char *idempotency_key, drmgmt_record **batch,
                                                    drmgmt_error **error);
/* Reads one. Permission job:read; who holds it on some devices only sees the batches made by itself. Errors: NOT_FOUND.
 */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_batch_get(drmgmt_session *session, const char *id, drmgmt_record **batch,
                                                 drmgmt_error **error);
/* Lists, newest first, by filters status, protocol, operation. */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_batch_list(drmgmt_session *session, const drmgmt_query *query,
                                                  drmgmt_page **page, drmgmt_error **error);
/* The jobs of a batch as a page of "job" records, in their order, by filter status. Errors: NOT_FOUND. */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_batch_jobs(drmgmt_session *session, const char *id, const drmgmt_query *query,
                                                  drmgmt_page **page, drmgmt_error **error);

typedef enum drmgmt_batch_format { DRMGMT_BATCH_NDJSON, DRMGMT_BATCH_CSV } drmgmt_batch_format;
/* Receives one line with its end; false ends the call with CANCELLED. */
typedef bool drmgmt_batch_line_fn(void *user, const char *line, size_t length);
/* Tells all jobs of a batch, ended or not, line by line, in bounded memory; those that end meanwhile are told as they
 * are when they are read, each once. NDJSON: a job a line. CSV (RFC 4180): id, device_id, device, status, attempt,
 * started_at, finished_at, error_code, error_message, result; a cell that a spreadsheet would take for a formula begins
 * with an apostrophe. Where results are gone (their time is over: drm/tenant_settings.h; or their devices are out of
 * the caller's reach) a last line counts them: {"gone":12}, in CSV a row with the status gone and the count as its
 * result. fn is called by this thread. Permission job:read. Errors: NOT_FOUND, CANCELLED. */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_batch_results(drmgmt_session *session, const char *id,
                                                     drmgmt_batch_format format, drmgmt_batch_line_fn *fn, void *user,
                                                     drmgmt_error **error);

/* Cancels: what no worker has ends at once, running jobs are asked to stop. Permission job:cancel, here and for the
 * next two. *batch: as it stands after the call. Errors: NOT_FOUND, CONFLICT (it has ended). */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_batch_cancel(drmgmt_session *session, const char *id, drmgmt_record **batch,
                                                    drmgmt_error **error);
/* Holds what no worker has; running jobs go on. CONFLICT unless it is running. */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_batch_pause(drmgmt_session *session, const char *id, drmgmt_record **batch,
                                                   drmgmt_error **error);
/* Goes on with a paused or stopped one within a second; failures so far do not stop it again. */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_batch_resume(drmgmt_session *session, const char *id, drmgmt_record **batch,
                                                    drmgmt_error **error);
/* What failed or is dead, and with uncertain what is uncertain, once more: as a batch of its own (retry_of), with the
 * same parameters and waves, for the devices of those jobs that are still there. Permission as for creating. Errors:
 * NOT_FOUND, CONFLICT (it has not ended, or nothing failed). */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_batch_retry(drmgmt_session *session, const char *id, bool uncertain,
                                                   drmgmt_record **batch, drmgmt_error **error);

DRMGMT_END

#endif
