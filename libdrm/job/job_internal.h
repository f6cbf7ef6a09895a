/* What the files of the job room share. Internal. */
#ifndef DRMGMT_JOB_JOB_INTERNAL_H
#define DRMGMT_JOB_JOB_INTERNAL_H

#define DRMGMT__LANE "default" /* the lane of jobs that any worker can do */

#endif
