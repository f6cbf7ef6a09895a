/* The rows of "drmctl worker" for the command table. Included by commands.c only. */
#ifndef DRMCTL_COMMANDS_WORKER_H
#define DRMCTL_COMMANDS_WORKER_H

/* clang-format off */
#define WORKER_COMMANDS \
    { "worker", "list", "", 0, 0, NO_OPTIONS, CTL_OUTPUT | CTL_LIST | CTL_SESSION, "worker", ctl_cmd_worker_list, \
      "list the processes that run jobs", \
      "For administrators of the platform: drmctl login --tenant platform. Those that ended are listed for a day.", \
      "drmctl worker list --state alive\n" \
      "drmctl worker list --lane bulk --columns host,pid,in_flight,slots" }
/* clang-format on */

#endif
