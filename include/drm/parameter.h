/* The inventory: what was last read from devices. docs/inventory.md.
 *
 * Entity "parameter": device_id, path, name, type, value, text, size, read_at, changed_at; id is device and path.
 * Workers fill it from the results of SNMP get, getnext, walk, bulkwalk and table, beside the jobs: mostly within a
 * second, later under load. It is read only. Permission device:read; who holds it on some devices only is shown
 * theirs. */
#ifndef DRMGMT_PARAMETER_H
#define DRMGMT_PARAMETER_H

#include <drm/device.h>

DRMGMT_BEGIN

/* Lists what was last read from one device (id or name), in the order of paths, by filters path (an OID or a well-known
 * name; * at its end stands for anything), value (whole), search (in path, name, value and text, in any case), since
 * and until (when the value last became another one). Errors: NOT_FOUND, INVALID. */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_device_parameters(drmgmt_session *session, const char *device,
                                                         const drmgmt_query *query, drmgmt_page **page,
                                                         drmgmt_error **error);

/* The same of all devices of the tenant, in the order of device and path, and by device_id too. With a whole path, and
 * with its value, an index leads to the devices; by other filters alone all of the inventory is looked through.
 * Errors: INVALID, TIMEOUT. */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_parameter_list(drmgmt_session *session, const drmgmt_query *query,
                                                      drmgmt_page **page, drmgmt_error **error);

DRMGMT_END

#endif
