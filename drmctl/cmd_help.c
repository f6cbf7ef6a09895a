/* drmctl help and version. Called through the table and by parse.c. */
#include "writer.h"
#include <stdio.h>

int ctl_cmd_help(ctl *c)
{
    return ctl_help(c->n_args > 0 ? c->args[0] : NULL, c->n_args > 1 ? c->args[1] : NULL);
}

int ctl_cmd_version(ctl *c)
{
    (void)c;
    printf("drmctl %s (libdrmgmt %s)\n", DRMGMT_VERSION, drmgmt_version());
    return 0;
}
