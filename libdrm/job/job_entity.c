/* The description of a job; its columns are read from drm.jobs or drm.job_results under the alias j (see
 * sql/queries/job_get.sql for how the two are made alike). */
#include "core/entities.h"

#include "core/cleanup.h"

static const drmgmt_field fields[] = {
    { "id", DRMGMT_TYPE_UUID, DRMGMT_FIELD_COLUMN, "j.id", "Made by the library; ordered by time", NULL },
    { "device_id", DRMGMT_TYPE_UUID,
      DRMGMT_FIELD_CREATE | DRMGMT_FIELD_REQUIRED | DRMGMT_FIELD_FILTER | DRMGMT_FIELD_COLUMN, "j.device_id",
      "The device it is for", NULL },
    { "protocol", DRMGMT_TYPE_TEXT,
      DRMGMT_FIELD_CREATE | DRMGMT_FIELD_REQUIRED | DRMGMT_FIELD_FILTER | DRMGMT_FIELD_COLUMN, "j.protocol",
      "Driver that does it", NULL },
    { "operation", DRMGMT_TYPE_TEXT,
      DRMGMT_FIELD_CREATE | DRMGMT_FIELD_REQUIRED | DRMGMT_FIELD_FILTER | DRMGMT_FIELD_COLUMN, "j.operation",
      "What is done, a word of the driver", NULL },
    { "params", DRMGMT_TYPE_JSON, DRMGMT_FIELD_CREATE, "j.params", "Parameters of the operation", NULL },
    { "status", DRMGMT_TYPE_TEXT, DRMGMT_FIELD_FILTER | DRMGMT_FIELD_COLUMN, "j.status",
      "queued, running and waiting are active; the others are ends",
      "\"enum\":[\"queued\",\"running\",\"waiting\",\"completed\",\"failed\",\"cancelled\",\"dead\",\"uncertain\"]" },
    { "priority", DRMGMT_TYPE_INT, DRMGMT_FIELD_CREATE, "j.priority", "0 is done first",
      "\"minimum\":0,\"maximum\":9,\"default\":5" },
    { "timeout_ms", DRMGMT_TYPE_INT, DRMGMT_FIELD_CREATE, "j.timeout_ms",
      "Most time of one attempt; the operation's own when left out", "\"minimum\":1,\"maximum\":86400000" },
    { "max_attempts", DRMGMT_TYPE_INT, DRMGMT_FIELD_CREATE, "j.max_attempts",
      "How often it is tried when it fails in a way that may pass; the operation's own when left out",
      "\"minimum\":1,\"maximum\":100" },
    { "retry_ms", DRMGMT_TYPE_INT, DRMGMT_FIELD_CREATE, "j.retry_ms",
      "Wait before it is tried again, twice as long each time, give or take a half",
      "\"minimum\":10,\"maximum\":3600000,\"default\":1000" },
    { "deadline", DRMGMT_TYPE_TIME, DRMGMT_FIELD_CREATE, "j.deadline", "It is not begun after this time", NULL },
    { "unique_key", DRMGMT_TYPE_TEXT, DRMGMT_FIELD_CREATE, "j.unique_key",
      "One active job of the tenant has it at a time", "\"minLength\":1,\"maxLength\":255" },
    { "unique_conflict", DRMGMT_TYPE_TEXT, DRMGMT_FIELD_CREATE | DRMGMT_FIELD_INPUT, "NULL",
      "What happens when an active job has the unique_key: answer with that one, or refuse",
      "\"enum\":[\"answer\",\"refuse\"],\"default\":\"answer\"" },
    { "batch_id", DRMGMT_TYPE_UUID, 0, "j.batch_id", "The batch it is part of", NULL },
    { "requeued_from", DRMGMT_TYPE_UUID, 0, "j.requeued_from", "The ended job that this one repeats by hand", NULL },
    { "progress", DRMGMT_TYPE_INT, 0, "j.progress", "Per cent, of one that runs and tells how far it is", NULL },
    { "attempt", DRMGMT_TYPE_INT, 0, "j.attempt", "How often a worker took it", NULL },
    { "worker_id", DRMGMT_TYPE_UUID, 0, "j.worker_id", "The worker that has or had it", NULL },
    { "result", DRMGMT_TYPE_JSON, 0, "j.result", "What came back; the form is the operation's", NULL },
    { "error", DRMGMT_TYPE_JSON, 0, "j.error", "{code, message, retryable} of the last attempt that failed", NULL },
    { "created_at", DRMGMT_TYPE_TIME, DRMGMT_FIELD_COLUMN, "j.created_at", "When it was submitted", NULL },
    { "run_at", DRMGMT_TYPE_TIME, DRMGMT_FIELD_CREATE, "j.run_at", "When a waiting one is due; it is not begun before",
      NULL },
    { "started_at", DRMGMT_TYPE_TIME, 0, "j.started_at", "When the last attempt began", NULL },
    { "finished_at", DRMGMT_TYPE_TIME, DRMGMT_FIELD_COLUMN, "j.finished_at", "When it ended", NULL },
};

const drmgmt_entity drmgmt__entity_job = {
    "job", "jobs", "One operation on one device, done by a worker", fields, DRMGMT__COUNT(fields),
};
