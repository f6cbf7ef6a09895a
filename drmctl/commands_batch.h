/* The rows of "drmctl batch" for the command table, and their options. Included by commands.c only. */
#ifndef DRMCTL_COMMANDS_BATCH_H
#define DRMCTL_COMMANDS_BATCH_H

static const ctl_option batch_create_options[] = {
    { "params", 0, "JSON", NULL, "the operation's parameters, a JSON object" },
    { "name", 0, "NAME", NULL, "a name for people" },
    { "device", 0, "DEVICE", NULL, "this device, by name or id; may be repeated" },
    { "devices-file", 0, "FILE", NULL, "the devices whose ids stand in FILE, one a line (- is standard input)" },
    { "all-devices", 0, NULL, NULL, "all devices that you may use" },
    { "tag", 0, "TAG", NULL, "devices with this tag; may be repeated: those with all of them" },
    { "device-name", 0, "PATTERN", NULL, "devices with such a name; * stands for anything" },
    { "speaks", 0, "PROTOCOL", NULL, "devices with a profile for this protocol" },
    { "vendor", 0, "VENDOR", NULL, "devices of this vendor" },
    { "firmware", 0, "FIRMWARE", NULL, "devices with this firmware" },
    { "seen-since", 0, "TIME", NULL, "devices heard of since then" },
    { "seen-before", 0, "TIME", NULL, "devices not heard of since then" },
    { "strict", 0, NULL, NULL, "refuse the whole when a device does not speak the protocol" },
    { "canary", 0, "N[%]", NULL, "so many jobs first" },
    { "wave", 0, "N[%]", NULL, "so many jobs at a time" },
    { "max-failures", 0, "N[%]", NULL, "stop when so many have failed" },
    { "priority", 0, "N", NULL, "0 (first) to 9; 5 unless told otherwise" },
    { "timeout-ms", 0, "MS", NULL, "time for a job" },
    { "max-attempts", 0, "N", NULL, "how often a job is tried at most" },
    { "run-at", 0, "TIME", NULL, "not before" },
    { "deadline", 0, "TIME", NULL, "no job begins after it" },
    { "idempotency-key", 0, "KEY", NULL, "the same key with the same batch gives the same batch, not a second one" },
    { "wait", 0, NULL, NULL, "follow it to its end" },
};

static const ctl_option batch_retry_options[] = {
    { "acknowledge-uncertain", 0, NULL, NULL, "repeat also jobs of which nobody knows whether they were done" },
};

/* clang-format off */
#define BATCH_COMMANDS \
    { "batch", "create", "PROTOCOL OPERATION", 2, 2, OWN(batch_create_options), CTL_OUTPUT | CTL_SESSION, NULL, \
      ctl_cmd_batch_create, "do one operation on many devices", \
      "Devices are listed (--device, --devices-file), or selected by all of what is given besides.", \
      "drmctl batch create snmp get --tag site=berlin --params '{\"oids\":[\"sysDescr.0\"]}' --wait\n" \
      "drmctl batch create fake write --all-devices --params '{\"value\":1}' --canary 10 --wave 5% --max-failures 1%" }, \
    { "batch", "list", "", 0, 0, NO_OPTIONS, CTL_OUTPUT | CTL_LIST | CTL_SESSION, "batch", ctl_cmd_batch_list, \
      "list batches, newest first", NULL, "drmctl batch list --status running" }, \
    { "batch", "show", "BATCH", 1, 1, NO_OPTIONS, CTL_OUTPUT | CTL_SESSION, NULL, ctl_cmd_batch_show, \
      "show a batch and how its jobs ended so far", NULL, \
      "drmctl batch show 0192d2a4-58b1-7c3e-9f00-3b5a7d1e2c4f" }, \
    { "batch", "watch", "BATCH", 1, 1, NO_OPTIONS, CTL_OUTPUT | CTL_SESSION, NULL, ctl_cmd_batch_watch, \
      "follow a batch to its end", \
      "On a terminal a bar shows how far it is; in a pipe each change is a line, with -o json the batch as JSON.\n" \
      "Exit code 0: all jobs completed; 7: some did not.", \
      "drmctl batch watch 0192d2a4-58b1-7c3e-9f00-3b5a7d1e2c4f" }, \
    { "batch", "results", "BATCH", 1, 1, NO_OPTIONS, CTL_OUTPUT | CTL_SESSION, NULL, ctl_cmd_batch_results, \
      "write the jobs of a batch with their results", \
      "JSON lines, or CSV with -o csv, where a cell that looks like a formula begins with an apostrophe.", \
      "drmctl batch results 0192d2a4-58b1-7c3e-9f00-3b5a7d1e2c4f -o csv > results.csv" }, \
    { "batch", "retry", "BATCH", 1, 1, OWN(batch_retry_options), CTL_OUTPUT | CTL_SESSION, NULL, ctl_cmd_batch_retry, \
      "repeat what failed in a batch that has ended", "It becomes a batch of its own.", \
      "drmctl batch retry 0192d2a4-58b1-7c3e-9f00-3b5a7d1e2c4f" }, \
    { "batch", "pause", "BATCH", 1, 1, NO_OPTIONS, CTL_OUTPUT | CTL_SESSION, NULL, ctl_cmd_batch_pause, \
      "hold what no worker has yet", NULL, "drmctl batch pause 0192d2a4-58b1-7c3e-9f00-3b5a7d1e2c4f" }, \
    { "batch", "resume", "BATCH", 1, 1, NO_OPTIONS, CTL_OUTPUT | CTL_SESSION, NULL, ctl_cmd_batch_resume, \
      "go on with a batch that is paused or stopped", "Failures so far do not stop it again.", \
      "drmctl batch resume 0192d2a4-58b1-7c3e-9f00-3b5a7d1e2c4f" }, \
    { "batch", "cancel", "BATCH", 1, 1, NO_OPTIONS, CTL_OUTPUT | CTL_SESSION, NULL, ctl_cmd_batch_cancel, \
      "cancel a batch", "What no worker has ends at once; running jobs are asked to stop.", \
      "drmctl batch cancel 0192d2a4-58b1-7c3e-9f00-3b5a7d1e2c4f" }
/* clang-format on */

#endif
