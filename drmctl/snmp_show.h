/* Varbinds and tables of SNMP results as rows and as lines; what cmd_snmp.c uses. */
#ifndef DRMCTL_SNMP_SHOW_H
#define DRMCTL_SNMP_SHOW_H

#include "writer.h"

/* Rows, or with --plain lines, of several results one after the other. */
typedef struct snmp_show {
    bool begun, plain;
    ctl_writer writer;
} snmp_show;

int snmp_show_varbinds(const ctl *c, snmp_show *show, const json_t *result);
int snmp_show_end(snmp_show *show);
/* The rows of a table. */
int snmp_show_table(const ctl *c, const json_t *result);

#endif
