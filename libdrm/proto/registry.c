/* The built-in protocol drivers: one array. Read by job submission (check), device writes (check_settings), the worker
 * and drmd's OpenAPI. */
#include "proto/registry.h"

#include <string.h>

static const drmgmt_driver *const drivers[] = {
    &drmgmt__driver_snmp,
    &drmgmt__driver_fake,
    NULL,
};

const drmgmt_driver *const *drmgmt_driver_all(void)
{
    return drivers;
}

const drmgmt_driver *drmgmt_driver_find(const char *name)
{
    for (const drmgmt_driver *const *driver = drivers; name && *driver; driver++)
        if (strcmp((*driver)->name, name) == 0)
            return *driver;
    return NULL;
}

const drmgmt_operation *drmgmt_driver_operation(const drmgmt_driver *driver, const char *name)
{
    for (size_t i = 0; name && i < driver->n_operations; i++)
        if (strcmp(driver->operations[i].name, name) == 0)
            return &driver->operations[i];
    return NULL;
}
