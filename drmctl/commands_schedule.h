/* The rows of "drmctl schedule" for the command table, and their options. Included by commands.c only. */
#ifndef DRMCTL_COMMANDS_SCHEDULE_H
#define DRMCTL_COMMANDS_SCHEDULE_H

static const ctl_option schedule_add_options[] = {
    { "batch", 0, "JSON", NULL, "what each run does: a batch, as POST /api/v1/batches takes it" },
    { "at", 0, "TIME", NULL, "once at this time; with --every-ms from then on, with --cron not before" },
    { "every-ms", 0, "MS", NULL, "time from one run to the next" },
    { "cron", 0, "EXPRESSION", NULL,
      "minute, hour, day of month, month, day of week; or @hourly, @daily, @weekly, @monthly, @yearly" },
    { "time-zone", 0, "ZONE", NULL, "whose clocks --cron is about, as Europe/Berlin; UTC unless told otherwise" },
    { "overlap", 0, "WHAT", NULL,
      "when the run before has not ended: skip, queue or replace; skip unless told otherwise" },
};

static const ctl_option schedule_next_options[] = {
    { "count", 0, "N", NULL, "so many; 10 unless told otherwise" },
};

/* clang-format off */
#define SCHEDULE_ID "0192d2a4-58b1-7c3e-9f00-3b5a7d1e2c4f"
#define SCHEDULE_COMMANDS \
    { "schedule", "add", "NAME", 1, 1, OWN(schedule_add_options), CTL_OUTPUT | CTL_SESSION, NULL, \
      ctl_cmd_schedule_add, "start a batch at times told now", \
      "It runs with the rights of who makes, changes or enables it last.", \
      "drmctl schedule add nightly --cron '30 2 * * *' --time-zone Europe/Berlin --batch \"$(cat batch.json)\"" }, \
    { "schedule", "list", "", 0, 0, NO_OPTIONS, CTL_OUTPUT | CTL_LIST | CTL_SESSION, "schedule", \
      ctl_cmd_schedule_list, "list schedules", NULL, "drmctl schedule list --enabled true" }, \
    { "schedule", "show", "SCHEDULE", 1, 1, NO_OPTIONS, CTL_OUTPUT | CTL_SESSION, NULL, ctl_cmd_schedule_show, \
      "show a schedule, its next runs, and how the last one went", NULL, "drmctl schedule show " SCHEDULE_ID }, \
    { "schedule", "next", "SCHEDULE", 1, 1, OWN(schedule_next_options), CTL_OUTPUT | CTL_SESSION, NULL, \
      ctl_cmd_schedule_next, "list when a schedule runs next", \
      "In UTC, and as the clocks of its time zone show it.", "drmctl schedule next " SCHEDULE_ID " --count 30" }, \
    { "schedule", "enable", "SCHEDULE", 1, 1, NO_OPTIONS, CTL_OUTPUT | CTL_SESSION, NULL, ctl_cmd_schedule_enable, \
      "let a schedule run from now on, with your rights", NULL, "drmctl schedule enable " SCHEDULE_ID }, \
    { "schedule", "disable", "SCHEDULE", 1, 1, NO_OPTIONS, CTL_OUTPUT | CTL_SESSION, NULL, ctl_cmd_schedule_disable, \
      "let a schedule run no more", "Batches that it started go on.", "drmctl schedule disable " SCHEDULE_ID }, \
    { "schedule", "run", "SCHEDULE", 1, 1, NO_OPTIONS, CTL_OUTPUT | CTL_SESSION, NULL, ctl_cmd_schedule_run, \
      "start one run now", "Its next runs stay. Shown is the batch.", "drmctl schedule run " SCHEDULE_ID }, \
    { "schedule", "remove", "SCHEDULE...", 1, -1, OWN(delete_options), CTL_OUTPUT | CTL_SESSION, NULL, \
      ctl_cmd_schedule_remove, "remove schedules", "Batches that they started go on.", \
      "drmctl schedule remove " SCHEDULE_ID " --yes" }
/* clang-format on */

#endif
