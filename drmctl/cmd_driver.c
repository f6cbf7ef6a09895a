/* drmctl driver: which protocols there are and what they can do. Called through the table; needs no database. */
#include "writer.h"
#include <stdio.h>

static const char *flag(unsigned flags, unsigned bit)
{
    return flags & bit ? "true" : "false";
}

int ctl_cmd_driver_list(ctl *c)
{
    static const ctl_column columns[] = {
        { "protocol", CTL_TEXT },      { "operation", CTL_TEXT },     { "writes", CTL_LITERAL },
        { "idempotent", CTL_LITERAL }, { "timeout_ms", CTL_LITERAL }, { "description", CTL_TEXT },
    };
    ctl_writer w;
    int code = 0;

    ctl_rows_begin(c, &w, columns, CTL_COUNT(columns));
    for (const drmgmt_driver *const *driver = drmgmt_driver_all(); *driver && !code; driver++) {
        for (size_t i = 0; i < (*driver)->n_operations && !code; i++) {
            const drmgmt_operation *op = &(*driver)->operations[i];
            char ms[16];
            snprintf(ms, sizeof ms, "%u", op->timeout_ms);
            code = ctl_rows_add(&w, (const char *[]){ (*driver)->name, op->name, flag(op->flags, DRMGMT_OP_WRITES),
                                                      flag(op->flags, DRMGMT_OP_IDEMPOTENT), ms, op->doc });
        }
    }
    int ended = ctl_rows_end(&w);
    return code ? code : ended;
}
