/* Submitting jobs and waiting for them: what cmd_job.c, cmd_snmp.c and watch.c share. */
#ifndef DRMCTL_JOBS_H
#define DRMCTL_JOBS_H

#include "drmctl.h"

/* Submits with the priority, limits and idempotency key given as options. params: a JSON object, or NULL. */
int ctl_job_submit(ctl *c, const char *protocol, const char *operation, const char *device, const char *params,
                   drmgmt_record **job);
typedef int ctl_job_submit_fn(ctl *c, drmgmt_record **job);
typedef int ctl_job_show_fn(const ctl *c, drmgmt_record *job);
/* A whole command that submits a job: with --wait it is waited for and shown as it ended (show frees it), without it
 * its id is told. */
int ctl_job_run(ctl *c, ctl_job_submit_fn *submit, ctl_job_show_fn *show);
/* 0 when it completed; otherwise says how it ended and returns JOB_FAILED's exit code. */
int ctl_job_outcome(const drmgmt_record *job);
/* What Ctrl-C says while a job is waited for. */
void ctl_job_set_farewell(const char *id, bool live);
int ctl_job_watch(ctl *c, const char *id);

#endif
