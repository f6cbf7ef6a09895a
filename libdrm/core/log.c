/* Hands structured events to the program's log function. Called everywhere. */
#include "core/context_internal.h"
#include "core/core.h"
#include <stdarg.h>

enum { FIELDS_MAX = 16 };

void drmgmt__log(drmgmt_context *context, drmgmt_log_level level, const char *message, ...)
{
    drmgmt_log_field fields[FIELDS_MAX];
    size_t n = 0;
    va_list args;

    if (!context || !context->options.log || level > context->options.log_level)
        return;
    va_start(args, message);
    for (const char *key; n < FIELDS_MAX && (key = va_arg(args, const char *));) {
        const char *value = va_arg(args, const char *);
        fields[n++] = (drmgmt_log_field){ key, value ? value : "" };
    }
    va_end(args);
    context->options.log(context->options.log_user, level, message, fields, n);
}
