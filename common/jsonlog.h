/* Log lines of the programs: one JSON object a line on standard error. Shared by drmd and drm-worker. */
#ifndef DRMGMT_COMMON_JSONLOG_H
#define DRMGMT_COMMON_JSONLOG_H

#include <drm/log.h>
#include <stddef.h>

/* Names the program in each line, and the least urgent level that is written. program is kept, not copied. */
void jsonlog_init(const char *program, drmgmt_log_level level);

/* Writes {"time","level","program","message", fields...} with one write(2), so that lines of several threads do not
 * mix. Any thread. A drmgmt_log_fn: user is not used. What does not fit into 4 KiB is cut. */
void jsonlog_write(void *user, drmgmt_log_level level, const char *message, const drmgmt_log_field *fields,
                   size_t n_fields);

/* "error", "warning", "info", "debug"; -1 for another text. */
int jsonlog_level_parse(const char *text);

#endif
