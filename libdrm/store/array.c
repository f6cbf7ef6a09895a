/* PostgreSQL's array text form: {"a","b \" c",NULL}. Called by store/sched.c and the domain rooms. */
#include "store/array.h"

#include "core/core.h"
#include <string.h>

void drmgmt__array_add(drmgmt__strbuf *b, const char *text)
{
    drmgmt__strbuf_putc(b, b->length ? ',' : '{');
    if (!text) {
        drmgmt__strbuf_puts(b, "NULL");
        return;
    }
    drmgmt__strbuf_putc(b, '"');
    for (const char *run = text;;) {
        size_t n = strcspn(run, "\"\\");
        drmgmt__strbuf_add(b, run, n);
        if (!run[n])
            break;
        drmgmt__strbuf_putc(b, '\\');
        drmgmt__strbuf_putc(b, run[n]);
        run += n + 1;
    }
    drmgmt__strbuf_putc(b, '"');
}

void drmgmt__array_end(drmgmt__strbuf *b)
{
    drmgmt__strbuf_puts(b, b->length ? "}" : "{}");
}

bool drmgmt__array_from_json(drmgmt__strbuf *b, const char *json)
{
    DRMGMT__JSON json_t *array = json_loads(json, 0, NULL);

    for (size_t i = 0; i < json_array_size(array); i++)
        drmgmt__array_add(b, json_string_value(json_array_get(array, i)));
    drmgmt__array_end(b);
    return json_is_array(array);
}
