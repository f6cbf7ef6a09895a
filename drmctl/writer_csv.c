/* -o csv: RFC 4180, with a header line, all columns, values as the library has them. */
#include "writer.h"
#include <stdio.h>
#include <string.h>

static void field(const char *text)
{
    if (!text)
        return;
    if (*text && !strpbrk(text, ",\"\r\n")) {
        fputs(text, stdout);
        return;
    }
    putchar('"'); /* also round an empty text, which is not the same as no value */
    for (; *text; text++) {
        if (*text == '"')
            putchar('"');
        putchar(*text);
    }
    putchar('"');
}

static void begin(ctl_writer *w)
{
    for (size_t i = 0; i < w->n_columns; i++) {
        if (i)
            putchar(',');
        field(w->columns[i].name);
    }
    fputs("\r\n", stdout);
}

static void row(ctl_writer *w, const char *const *cells, const char *json)
{
    (void)json;
    for (size_t i = 0; i < w->n_columns; i++) {
        if (i)
            putchar(',');
        field(cells[i]);
    }
    fputs("\r\n", stdout);
}

static void page(ctl_writer *w)
{
    (void)w;
}

static void end(ctl_writer *w, const char *next)
{
    (void)w;
    (void)next;
}

static void one(ctl_writer *w, const char *const *cells, const char *json)
{
    begin(w);
    row(w, cells, json);
}

const ctl_writer_ops ctl_writer_csv = { "csv", true, true, begin, row, page, end, one, NULL };
