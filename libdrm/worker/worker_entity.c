/* The description of a worker; read from adm.worker_list() under the alias w. */
#include "core/cleanup.h"
#include "core/entities.h"

static const drmgmt_field fields[] = {
    { "id", DRMGMT_TYPE_UUID, DRMGMT_FIELD_COLUMN, "w.id",
      "Of its lease: a worker that was given up comes back under another", NULL },
    { "host", DRMGMT_TYPE_TEXT, DRMGMT_FIELD_FILTER | DRMGMT_FIELD_COLUMN, "w.host", "Where it runs", NULL },
    { "pid", DRMGMT_TYPE_INT, DRMGMT_FIELD_COLUMN, "w.pid", "Of its process there", NULL },
    { "version", DRMGMT_TYPE_TEXT, DRMGMT_FIELD_COLUMN, "w.version", "The program's", NULL },
    { "lane", DRMGMT_TYPE_TEXT, DRMGMT_FIELD_FILTER | DRMGMT_FIELD_COLUMN, "w.lane",
      "Whose jobs it takes; several with commas between them", NULL },
    { "slots", DRMGMT_TYPE_INT, DRMGMT_FIELD_COLUMN, "w.slots", "Jobs it runs at once at most", NULL },
    { "in_flight", DRMGMT_TYPE_INT, DRMGMT_FIELD_COLUMN, "w.in_flight", "Jobs it ran at its last beat", NULL },
    { "state", DRMGMT_TYPE_TEXT, DRMGMT_FIELD_FILTER | DRMGMT_FIELD_COLUMN, "w.state",
      "alive; draining: ends what runs and takes nothing more; gone: stopped, or silent for 30 seconds",
      "\"enum\":[\"alive\",\"draining\",\"gone\"]" },
    { "started_at", DRMGMT_TYPE_TIME, DRMGMT_FIELD_COLUMN, "w.started_at", "When it registered", NULL },
    { "beat_at", DRMGMT_TYPE_TIME, 0, "w.beat_at", "When it was last heard of; every 5 seconds while it runs", NULL },
    { "beat_age_ms", DRMGMT_TYPE_INT, DRMGMT_FIELD_COLUMN, "w.beat_age_ms", "Milliseconds since then", NULL },
};

const drmgmt_entity drmgmt__entity_worker = {
    "worker",
    "workers",
    "A process that runs jobs; those that ended are listed for a day",
    fields,
    DRMGMT__COUNT(fields),
};
