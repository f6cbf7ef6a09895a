/* What a notification tells, as it is stored. Called by receive.c; pure. Internal. */
#ifndef DRMGMT_TRAP_TOLD_H
#define DRMGMT_TRAP_TOLD_H

#include "core/strbuf.h"
#include "proto/snmp/message.h"

typedef struct drmgmt__trap_told {
    char kind[16];         /* "snmp.trap", "snmp.inform" */
    drmgmt__strbuf oid;    /* snmpTrapOID.0; of version 1 made out of what it has (RFC 3584, section 3.1) */
    drmgmt__strbuf name;   /* NULL data: it has none here */
    drmgmt__strbuf detail; /* JSON object */
} drmgmt__trap_told;

/* 0; -1: a varbind is malformed, or memory is out. user: of version 3. Clear it in either case. */
int drmgmt__trap_tell(const drmgmt__snmp_message *m, const char *user, drmgmt__trap_told *told);
void drmgmt__trap_told_clear(drmgmt__trap_told *told);

#endif
