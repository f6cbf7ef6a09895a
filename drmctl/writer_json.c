/* -o json: records exactly as the library writes them. A list of records is one object {"items","next"}; rows that are
 * no records are an array. */
#include "writer.h"
#include <stdio.h>
#include <stdlib.h>

static void begin(ctl_writer *w)
{
    fputs(w->list ? "{\"items\":[" : "[", stdout);
}

static void row(ctl_writer *w, const char *const *cells, const char *json)
{
    (void)cells;
    if (w->n_rows)
        putchar(',');
    fputs(json, stdout);
}

static void page(ctl_writer *w)
{
    (void)w;
}

static void end(ctl_writer *w, const char *next)
{
    if (!w->list)
        puts("]");
    else if (next)
        printf("],\"next\":\"%s\"}\n", next); /* base64url: nothing to escape */
    else
        puts("],\"next\":null}");
}

static void one(ctl_writer *w, const char *const *cells, const char *json)
{
    (void)w;
    (void)cells;
    puts(json);
}

const ctl_writer_ops ctl_writer_json = { "json", true, true, begin, row, page, end, one, NULL };
