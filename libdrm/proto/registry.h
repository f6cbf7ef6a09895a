/* The built-in drivers, each a const struct in a room of its own; listed in registry.c. Internal. */
#ifndef DRMGMT_PROTO_REGISTRY_H
#define DRMGMT_PROTO_REGISTRY_H

#include <drm/driver.h>

extern const drmgmt_driver drmgmt__driver_snmp; /* snmp/ */
extern const drmgmt_driver drmgmt__driver_fake; /* fake/ */

#endif
