/* drmd's own log lines and the library's, as JSON lines on standard error. Called everywhere in drmd; calls
 * common/jsonlog. */
#include "drmd.h"
#include "jsonlog.h"

static drmgmt_log_level wanted = DRMGMT_LOG_INFO;

void drmd_log_init(drmgmt_log_level level)
{
    wanted = level;
    jsonlog_init("drmd", level);
}

bool drmd_log_wants(drmgmt_log_level level)
{
    return level <= wanted;
}

void drmd_log(drmgmt_log_level level, const char *message, ...)
{
    if (!drmd_log_wants(level))
        return;
    drmgmt_log_field fields[16];
    size_t n = 0;
    va_list args;
    va_start(args, message);
    for (const char *key; n < DRMD_COUNT(fields) && (key = va_arg(args, const char *));)
        fields[n++] = (drmgmt_log_field){ key, va_arg(args, const char *) };
    va_end(args);
    jsonlog_write(NULL, level, message, fields, n);
}

void drmd_log_library(void *user, drmgmt_log_level level, const char *message, const drmgmt_log_field *fields, size_t n)
{
    (void)user;
    jsonlog_write(NULL, level, message, fields, n);
}
