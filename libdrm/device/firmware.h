/* The version of a device's software, out of what it says of itself in sysDescr (SNMPv2-MIB, RFC 3418), for devices
 * whose hardware does not tell it (entPhysicalSoftwareRev). Pure; any thread. Internal. */
#ifndef DRMGMT_DEVICE_FIRMWARE_H
#define DRMGMT_DEVICE_FIRMWARE_H

#include <stdbool.h>

enum { DRMGMT__FIRMWARE_SIZE = 101 };

/* False, and nothing written: descr names no version in a way that is known. */
bool drmgmt__firmware_of_descr(const char *descr, char version[DRMGMT__FIRMWARE_SIZE]);

#endif
