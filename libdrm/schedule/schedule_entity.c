/* The description of a schedule; its columns are read from drm.schedules under the alias s. */
#include "core/entities.h"

#include "core/cleanup.h"

static const drmgmt_field fields[] = {
    { "id", DRMGMT_TYPE_UUID, DRMGMT_FIELD_COLUMN, "s.id", "Made by the library; ordered by time", NULL },
    { "name", DRMGMT_TYPE_TEXT,
      DRMGMT_FIELD_WRITABLE | DRMGMT_FIELD_REQUIRED | DRMGMT_FIELD_FILTER | DRMGMT_FIELD_COLUMN, "s.name",
      "Unique in the tenant", "\"minLength\":1,\"maxLength\":200" },
    { "enabled", DRMGMT_TYPE_BOOL, DRMGMT_FIELD_WRITABLE | DRMGMT_FIELD_FILTER | DRMGMT_FIELD_COLUMN, "s.enabled",
      "Whether it runs", "\"default\":true" },
    { "start_at", DRMGMT_TYPE_TIME, DRMGMT_FIELD_WRITABLE, "s.start_at",
      "Alone: the one time when it runs; with every_ms from then on, with cron not before", NULL },
    { "every_ms", DRMGMT_TYPE_INT, DRMGMT_FIELD_WRITABLE, "s.every_ms", "Time from one run to the next",
      "\"minimum\":1000,\"maximum\":31622400000" },
    { "cron", DRMGMT_TYPE_TEXT, DRMGMT_FIELD_WRITABLE | DRMGMT_FIELD_COLUMN, "s.cron",
      "Minute, hour, day of month, month, day of week, or @hourly, @daily, @weekly, @monthly, @yearly",
      "\"minLength\":1,\"maxLength\":200,\"examples\":[\"30 2 * * MON-FRI\"]" },
    { "time_zone", DRMGMT_TYPE_TEXT, DRMGMT_FIELD_WRITABLE, "s.time_zone", "IANA time zone whose clocks cron is about",
      "\"minLength\":1,\"maxLength\":64,\"default\":\"UTC\"" },
    { "overlap", DRMGMT_TYPE_TEXT, DRMGMT_FIELD_WRITABLE, "s.overlap",
      "When the run before has not ended: leave this one out, let one wait, or cancel the one before",
      "\"enum\":[\"skip\",\"queue\",\"replace\"],\"default\":\"skip\"" },
    { "batch", DRMGMT_TYPE_JSON, DRMGMT_FIELD_WRITABLE | DRMGMT_FIELD_REQUIRED | DRMGMT_FIELD_DETAIL,
      "s.spec - '{exclusive,idempotent}'::text[]",
      "What each run does, as the body that makes a batch, without run_at and deadline", "\"type\":\"object\"" },
    { "protocol", DRMGMT_TYPE_TEXT, 0, "s.spec ->> 'protocol'", "Driver that does it", NULL },
    { "operation", DRMGMT_TYPE_TEXT, DRMGMT_FIELD_COLUMN, "s.spec ->> 'operation'", "What is done", NULL },
    { "next_run_at", DRMGMT_TYPE_TIME, DRMGMT_FIELD_COLUMN, "s.next_run_at",
      "When it runs next; null: it is disabled, or over", NULL },
    { "next_runs", DRMGMT_TYPE_TAGS, DRMGMT_FIELD_DETAIL,
      "ARRAY(SELECT rtrim(rtrim(to_char(r AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US'), '0'), '.') || 'Z'"
      " FROM unnest(s.next_runs) r)",
      "The next few runs", NULL },
    { "waiting", DRMGMT_TYPE_BOOL, 0, "s.waiting", "Whether a run waits for the end of the one before", NULL },
    { "skipped", DRMGMT_TYPE_INT, 0, "s.skipped", "Runs left out because the one before had not ended", NULL },
    { "last_run_at", DRMGMT_TYPE_TIME, DRMGMT_FIELD_COLUMN, "s.last_run_at", "When its last batch was started", NULL },
    { "last_batch_id", DRMGMT_TYPE_UUID, 0, "s.last_batch_id", "That batch", NULL },
    { "last_error", DRMGMT_TYPE_TEXT, 0, "s.last_error", "Why the last run could not be started; null: it was", NULL },
    { "last_error_at", DRMGMT_TYPE_TIME, 0, "s.last_error_at", "When that was", NULL },
    { "disabled_reason", DRMGMT_TYPE_TEXT, 0, "s.disabled_reason",
      "Why it was disabled, where nobody did that; enabling it again takes it over", NULL },
    { "runs_as", DRMGMT_TYPE_UUID, 0, "s.runs_as",
      "The user whose rights its runs have: who made, changed or enabled it last", NULL },
    { "version", DRMGMT_TYPE_INT, 0, "s.version", "Grows with each change; the ETag", NULL },
    { "created_by", DRMGMT_TYPE_UUID, 0, "s.created_by", "Who made it", NULL },
    { "created_at", DRMGMT_TYPE_TIME, 0, "s.created_at", "When it was made", NULL },
    { "updated_at", DRMGMT_TYPE_TIME, 0, "s.updated_at", "When it was last changed", NULL },
};

const drmgmt_entity drmgmt__entity_schedule = {
    "schedule", "schedules", "A batch that is started at times told before", fields, DRMGMT__COUNT(fields),
};
