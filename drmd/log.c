/* drmd's own log lines, as JSON lines on standard error. Called everywhere in drmd; calls common/jsonlog. */
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

void drmd_log_pairs(drmgmt_log_level level, const char *message, const char *const *pairs)
{
    if (!drmd_log_wants(level))
        return;
    drmgmt_log_field fields[16];
    size_t n = 0;
    for (; n < DRMD_COUNT(fields) && pairs[0]; pairs += 2)
        fields[n++] = (drmgmt_log_field){ pairs[0], pairs[1] };
    jsonlog_write(NULL, level, message, fields, n);
}
