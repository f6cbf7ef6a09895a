/* Submitting jobs and waiting for them: what cmd_job.c, cmd_snmp.c and watch.c share. */
#ifndef DRMCTL_JOBS_H
#define DRMCTL_JOBS_H

#include "drmctl.h"

/* Submits with the priority, limits and idempotency key given as options. params: a JSON object, or NULL. */
int ctl_job_submit(ctl *c, const char *protocol, const char *operation, const char *device, const char *params,
                   drmgmt_record **job);
/* Says its id and how to follow it; frees it. */
int ctl_job_show_submitted(const ctl *c, drmgmt_record *job);
/* --timeout in ms; a usage error without --wait. */
int ctl_job_wait_time(const ctl *c, unsigned *ms);
/* Waits for the end of *job, which is replaced; freed on failure. */
int ctl_job_await(ctl *c, unsigned ms, drmgmt_record **job);
/* 0 when it completed; otherwise says how it ended and returns JOB_FAILED's exit code. */
int ctl_job_outcome(const drmgmt_record *job);
/* What Ctrl-C says while a job is waited for. */
void ctl_job_set_farewell(const char *id, bool live);
int ctl_job_watch(ctl *c, const char *id);

#endif
