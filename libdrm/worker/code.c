/* The error codes of the engine, and which codes metrics count by their names. Called by run.c. */
#include "core/core.h"
#include "worker/engine.h"
#include <string.h>

/* What jobs fail with whatever their driver is (docs/operations.md). */
static const char *const codes[] = {
    "cancelled", "credential", "deadline",    "invalid-result", "no-memory",
    "timeout",   "too-large",  "unsupported", "worker-stopped", NULL,
};

static const char *find(const char *const *list, const char *code)
{
    while (list && *list && strcmp(*list, code) != 0)
        list++;
    return list ? *list : NULL;
}

const char *drmgmt__worker_code(const drmgmt_driver *driver, const char *code)
{
    if (!code)
        return "";
    const char *known = find(codes, code);
    if (!known && driver)
        known = find(driver->codes, code);
    return known ? known : DRMGMT__OTHER;
}
