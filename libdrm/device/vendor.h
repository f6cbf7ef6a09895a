/* Who made a device, by the enterprise number in its sysObjectID (SNMPv2-MIB, RFC 3418: the vendor's identification of
 * the agent, below 1.3.6.1.4.1). Called by the worker's inventory and by discovery. Pure; any thread. Internal. */
#ifndef DRMGMT_DEVICE_VENDOR_H
#define DRMGMT_DEVICE_VENDOR_H

#include "proto/snmp/oid.h"

/* The vendor's name in short, static text; NULL: not below 1.3.6.1.4.1, or not one of the table (vendor.c). */
const char *drmgmt__vendor_of(const drmgmt__oid *object_id);
/* The same of dotted numbers, with or without a leading dot. NULL also for what is no OID, and for NULL. */
const char *drmgmt__vendor_of_text(const char *object_id);
extern const size_t drmgmt__n_vendors; /* how many enterprise numbers are known */

#endif
