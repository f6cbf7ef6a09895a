/* The lanes whose jobs a worker takes. Called by worker.c. */
#include "core/core.h"
#include "core/strbuf.h"
#include "worker/engine.h"
#include <string.h>

enum { NAME_MAX_BYTES = 64 };

void drmgmt__lanes_clear(drmgmt__lanes *lanes)
{
    for (size_t i = 0; i < lanes->n; i++)
        free((char *)(uintptr_t)lanes->names[i]);
    free(lanes->list);
    *lanes = (drmgmt__lanes){ .n = 0 };
}

static bool has(const drmgmt__lanes *lanes, const char *name)
{
    for (size_t i = 0; i < lanes->n; i++)
        if (strcmp(lanes->names[i], name) == 0)
            return true;
    return false;
}

/* A name twice is once. */
static int add(drmgmt__lanes *lanes, const char *name, size_t n, drmgmt_error **error)
{
    DRMGMT__FREE char *copy = strndup(name, n);

    if (!copy)
        return drmgmt__fail_memory(error);
    if (n < 1 || n > NAME_MAX_BYTES || !drmgmt__utf8_valid(copy))
        return drmgmt__fail_full(error, DRMGMT_ERR_INVALID, false, NULL, "lane",
                                 "a lane must be a name of 1 to %d bytes", NAME_MAX_BYTES);
    if (has(lanes, copy))
        return 0;
    if (lanes->n == DRMGMT__LANES_MAX)
        return drmgmt__fail_full(error, DRMGMT_ERR_INVALID, false, NULL, "lane", "a worker has at most %d lanes",
                                 DRMGMT__LANES_MAX);
    lanes->names[lanes->n++] = DRMGMT__STEAL(copy);
    return 0;
}

int drmgmt__lanes_read(const char *text, drmgmt__lanes *out, drmgmt_error **error)
{
    drmgmt__lanes lanes = { .n = 0 };
    DRMGMT__STRBUF list = DRMGMT__STRBUF_INIT;
    const char *at = text ? text : "";
    int rc;

    for (;;) {
        size_t n = strcspn(at, ",");
        rc = add(&lanes, at, n, error);
        if (rc || !at[n])
            break;
        at += n + 1;
    }
    for (size_t i = 0; i < lanes.n; i++)
        drmgmt__strbuf_printf(&list, "%s%s", i ? "," : "", lanes.names[i]);
    lanes.list = drmgmt__strbuf_steal(&list, NULL);
    if (!rc && !lanes.list)
        rc = drmgmt__fail_memory(error);
    if (rc)
        drmgmt__lanes_clear(&lanes);
    else
        *out = lanes;
    return rc;
}
