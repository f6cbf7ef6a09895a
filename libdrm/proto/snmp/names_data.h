/* The built-in tables that names.c looks into. Internal to these two files. */
#ifndef DRMGMT_PROTO_SNMP_NAMES_DATA_H
#define DRMGMT_PROTO_SNMP_NAMES_DATA_H

#include "proto/snmp/names.h"

extern const drmgmt__snmp_name drmgmt__snmp_objects_data[]; /* ordered by OID; none is a part of another */
extern const size_t drmgmt__snmp_n_objects;
extern const drmgmt__snmp_node drmgmt__snmp_nodes_data[]; /* ordered by OID */
extern const size_t drmgmt__snmp_n_nodes;
/* Room for looking up by name. */
enum { DRMGMT__SNMP_OBJECTS_MAX = 256, DRMGMT__SNMP_NODES_MAX = 96 };

#endif
