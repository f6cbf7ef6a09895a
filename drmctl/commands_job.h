/* The rows of "drmctl job" that submit, and their options. Included by commands.c only. */
#ifndef DRMCTL_COMMANDS_JOB_H
#define DRMCTL_COMMANDS_JOB_H

static const ctl_option submit_options[] = {
    { "params", 0, "JSON", NULL, "the operation's parameters, a JSON object" },
    { "priority", 0, "N", NULL, "0 (first) to 9; 5 unless told otherwise" },
    { "timeout-ms", 0, "MS", NULL, "time for one attempt" },
    { "max-attempts", 0, "N", NULL, "how often it is tried at most; the operation's own unless told otherwise" },
    { "retry-ms", 0, "MS", NULL, "wait before the second attempt, doubled with each; 1000 unless told otherwise" },
    { "run-at", 0, "TIME", NULL, "not before: 2026-01-31T12:00:00Z" },
    { "deadline", 0, "TIME", NULL, "not begun after this time" },
    { "unique-key", 0, "KEY", NULL, "while a job with this key has not ended, that one is the answer" },
    { "unique-conflict", 0, "HOW", NULL, "answer: as said; refuse: it is an error" },
    { "idempotency-key", 0, "KEY", NULL, "the same key with the same job gives the same job, not a second one" },
    WAIT_OPTIONS,
};

static const ctl_option requeue_options[] = {
    { "acknowledge-uncertain", 0, NULL, NULL, "also what the device may have carried out already" },
    { "status", 0, "STATUS", NULL, "those that ended dead, uncertain, failed or cancelled" },
    { "device", 0, "DEVICE", NULL, "with --status: those of this device" },
    { "protocol", 0, "PROTOCOL", NULL, "with --status: those of this protocol" },
    { "operation", 0, "WORD", NULL, "with --status: those of this operation" },
    { "limit", 0, "N", NULL, "with --status: so many at most; 100 unless told otherwise, at most 10000" },
};

#define JOB_SUBMIT_COMMANDS                                                                                            \
    {                                                                                                                  \
        "job",                                                                                                         \
        "submit",                                                                                                      \
        "PROTOCOL OPERATION DEVICE",                                                                                   \
        3,                                                                                                             \
        3,                                                                                                             \
        OWN(submit_options),                                                                                           \
        CTL_OUTPUT | CTL_SESSION,                                                                                      \
        NULL,                                                                                                          \
        ctl_cmd_job_submit,                                                                                            \
        "submit any operation on a device",                                                                            \
        "\"drmctl driver list\" shows protocols and operations.",                                                      \
        "drmctl job submit snmp get core-1 --params '{\"oids\":[\"sysName.0\"]}' --wait\n"                             \
        "drmctl job submit snmp get core-1 --params '{\"oids\":[\"sysName.0\"]}' --idempotency-key nightly-2026-11-24" \
    },                                                                                                                 \
    {                                                                                                                  \
        "job", "requeue", "[JOB...]", 0, -1, OWN(requeue_options), CTL_OUTPUT | CTL_SESSION, NULL,                     \
            ctl_cmd_job_requeue, "do ended jobs again, each once",                                                     \
            "A new job is made for each, linked to the old one by requeued_from. By --status those are left out\n"     \
            "that were requeued before.",                                                                              \
            "drmctl job requeue 0192d2a4-58b1-7c3e-9f00-3b5a7d1e2c4f\n"                                                \
            "drmctl job requeue --status dead --device core-1"                                                         \
    }

#endif
