/* The description of a batch; its columns are read from drm.batches under the alias b, with the sums of its tallies
 * beside it under t. */
#include "core/entities.h"

#include "core/cleanup.h"

#define ENDED "(t.completed + t.failed + t.cancelled + t.dead + t.uncertain)"
#define BEGUN "GREATEST(b.created_at, b.run_at)"
#define SHARE "\"maxLength\":10,\"pattern\":\"^[0-9]{1,9}%?$\""

static const drmgmt_field fields[] = {
    { "id", DRMGMT_TYPE_UUID, DRMGMT_FIELD_COLUMN, "b.id", "Made by the library; ordered by time", NULL },
    { "name", DRMGMT_TYPE_TEXT, DRMGMT_FIELD_CREATE | DRMGMT_FIELD_COLUMN, "b.name", "For people",
      "\"maxLength\":200" },
    { "protocol", DRMGMT_TYPE_TEXT,
      DRMGMT_FIELD_CREATE | DRMGMT_FIELD_REQUIRED | DRMGMT_FIELD_FILTER | DRMGMT_FIELD_COLUMN, "b.protocol",
      "Driver that does it", NULL },
    { "operation", DRMGMT_TYPE_TEXT,
      DRMGMT_FIELD_CREATE | DRMGMT_FIELD_REQUIRED | DRMGMT_FIELD_FILTER | DRMGMT_FIELD_COLUMN, "b.operation",
      "What is done, a word of the driver", NULL },
    { "params", DRMGMT_TYPE_JSON, DRMGMT_FIELD_CREATE | DRMGMT_FIELD_DETAIL, "b.params",
      "Parameters of the operation, the same for all devices", NULL },
    { "device_ids", DRMGMT_TYPE_JSON, DRMGMT_FIELD_CREATE | DRMGMT_FIELD_DETAIL, "NULL::jsonb",
      "The devices, each once; read back as the jobs", NULL },
    { "selector", DRMGMT_TYPE_JSON, DRMGMT_FIELD_CREATE | DRMGMT_FIELD_DETAIL, "b.selector",
      "In place of device_ids: all devices that have all of what it holds; {} is all devices", NULL },
    { "strict", DRMGMT_TYPE_BOOL, DRMGMT_FIELD_CREATE | DRMGMT_FIELD_DETAIL, "b.strict",
      "Refuse the whole when a device does not speak the protocol, in place of leaving it out", NULL },
    { "priority", DRMGMT_TYPE_INT, DRMGMT_FIELD_CREATE | DRMGMT_FIELD_DETAIL, "b.priority", "0 is done first",
      "\"minimum\":0,\"maximum\":9,\"default\":5" },
    { "timeout_ms", DRMGMT_TYPE_INT, DRMGMT_FIELD_CREATE | DRMGMT_FIELD_DETAIL, "b.timeout_ms",
      "Most time of one attempt; the operation's own when left out", "\"minimum\":1,\"maximum\":86400000" },
    { "max_attempts", DRMGMT_TYPE_INT, DRMGMT_FIELD_CREATE | DRMGMT_FIELD_DETAIL, "b.max_attempts",
      "How often a job is tried when it fails in a way that may pass", "\"minimum\":1,\"maximum\":100" },
    { "run_at", DRMGMT_TYPE_TIME, DRMGMT_FIELD_CREATE | DRMGMT_FIELD_DETAIL, "b.run_at", "Not before", NULL },
    { "deadline", DRMGMT_TYPE_TIME, DRMGMT_FIELD_CREATE | DRMGMT_FIELD_DETAIL, "b.deadline", "No job begins after it",
      NULL },
    { "canary", DRMGMT_TYPE_TEXT, DRMGMT_FIELD_CREATE | DRMGMT_FIELD_DETAIL, "b.canary::text",
      "That many jobs first, a number or a percentage like \\\"1%\\\"; the others when all of these have ended",
      SHARE },
    { "wave", DRMGMT_TYPE_TEXT, DRMGMT_FIELD_CREATE | DRMGMT_FIELD_DETAIL, "b.wave::text",
      "That many at a time, a number or a percentage; the next ones when these have ended", SHARE },
    { "max_failures", DRMGMT_TYPE_TEXT, DRMGMT_FIELD_CREATE | DRMGMT_FIELD_DETAIL, "b.max_failures::text",
      "Stop when that many have failed, a number or a percentage", SHARE },
    { "status", DRMGMT_TYPE_TEXT, DRMGMT_FIELD_FILTER | DRMGMT_FIELD_COLUMN, "b.status",
      "completed and cancelled are ends; stopped: too many failures",
      "\"enum\":[\"running\",\"paused\",\"stopped\",\"cancelling\",\"completed\",\"cancelled\"]" },
    { "total", DRMGMT_TYPE_INT, DRMGMT_FIELD_COLUMN, "b.total", "Jobs", NULL },
    { "skipped", DRMGMT_TYPE_INT, 0, "b.skipped", "Devices that do not speak the protocol: they have no job", NULL },
    { "held", DRMGMT_TYPE_INT, 0,
      "CASE WHEN b.finished_at IS NULL AND b.status <> 'cancelling' THEN b.total - b.released ELSE 0 END",
      "Jobs that wait for their wave, or for the batch to be resumed", NULL },
    { "active", DRMGMT_TYPE_INT, 0, "CASE WHEN b.finished_at IS NULL THEN GREATEST(0, b.total - " ENDED ") ELSE 0 END",
      "Jobs that have not ended, those held among them", NULL },
    { "completed", DRMGMT_TYPE_INT, DRMGMT_FIELD_COLUMN, "t.completed", "Jobs that ended so", NULL },
    { "failed", DRMGMT_TYPE_INT, DRMGMT_FIELD_COLUMN, "t.failed", "Jobs that ended so", NULL },
    { "cancelled", DRMGMT_TYPE_INT, 0, "t.cancelled", "Jobs that ended so", NULL },
    { "dead", DRMGMT_TYPE_INT, 0, "t.dead", "Jobs that ended so", NULL },
    { "uncertain", DRMGMT_TYPE_INT, 0, "t.uncertain", "Jobs that ended so", NULL },
    { "percent", DRMGMT_TYPE_INT, DRMGMT_FIELD_COLUMN,
      "CASE WHEN b.finished_at IS NOT NULL THEN 100 ELSE LEAST(99, " ENDED " * 100 / GREATEST(b.total, 1)) END",
      "Of the jobs, those that have ended", NULL },
    { "eta", DRMGMT_TYPE_TIME, 0,
      "CASE WHEN b.status IN ('running', 'cancelling') AND " ENDED " > 0 THEN now() + (now() - " BEGUN
      ") * (GREATEST(0, b.total - " ENDED ")::double precision / " ENDED ") END",
      "When it ends if it goes on as so far", NULL },
    { "retry_of", DRMGMT_TYPE_UUID, 0, "b.retry_of", "The batch whose failed jobs it repeats", NULL },
    { "schedule_id", DRMGMT_TYPE_UUID, 0, "b.schedule_id", "The schedule that made it", NULL },
    { "created_by", DRMGMT_TYPE_UUID, 0, "b.created_by", "Who made it", NULL },
    { "created_at", DRMGMT_TYPE_TIME, DRMGMT_FIELD_COLUMN, "b.created_at", "When it was made", NULL },
    { "finished_at", DRMGMT_TYPE_TIME, 0, "b.finished_at", "When its last job had ended", NULL },
};

const drmgmt_entity drmgmt__entity_batch = {
    "batch", "batches", "One operation on many devices", fields, DRMGMT__COUNT(fields),
};
