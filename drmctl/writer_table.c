/* -o table: for people. Columns aligned by what characters take on a terminal; a page is held until it is complete,
 * because only then are the widths known. A single record is shown as "key: value" lines. */
#include "writer.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *copy_of(const char *cell)
{
    return cell && *cell ? ctl_visible(cell) : strdup("-");
}

static void pad(size_t n)
{
    for (; n > 0; n--)
        putchar(' ');
}

static void begin(ctl_writer *w)
{
    for (size_t i = 0; i < w->n_columns; i++)
        w->widths[i] = ctl_width(w->columns[i].name);
}

static void row(ctl_writer *w, const char *const *cells, const char *json)
{
    (void)json;
    if (w->n_held + w->n_columns > w->room) {
        size_t room = w->room ? 2 * w->room : 64 * w->n_columns;
        char **held = realloc(w->held, room * sizeof *held);
        if (!held) {
            ctl_note("out of memory: a row is left out");
            return;
        }
        w->held = held;
        w->room = room;
    }
    for (size_t i = 0; i < w->n_columns; i++) {
        char *text = copy_of(cells[i]);
        size_t width = text ? ctl_width(text) : 0;
        if (width > w->widths[i])
            w->widths[i] = width;
        w->held[w->n_held++] = text;
    }
}

static void print_cell(const ctl_writer *w, size_t column, const char *text)
{
    fputs(text, stdout);
    if (column + 1 < w->n_columns)
        pad(w->widths[column] - ctl_width(text) + 2);
    else
        putchar('\n');
}

static void print_head(ctl_writer *w)
{
    for (size_t i = 0; i < w->n_columns; i++) {
        char name[64];
        snprintf(name, sizeof name, "%s", w->columns[i].name);
        for (char *p = name; *p; p++)
            *p = (char)toupper((unsigned char)*p);
        print_cell(w, i, name);
    }
    w->headed = true;
}

static void page(ctl_writer *w)
{
    if (!w->headed)
        print_head(w);
    for (size_t i = 0; i < w->n_held; i++) {
        print_cell(w, i % w->n_columns, w->held[i] ? w->held[i] : "-");
        free(w->held[i]);
    }
    w->n_held = 0;
}

static void end(ctl_writer *w, const char *next)
{
    page(w);
    if (next)
        ctl_note("there are more: --all shows them, --cursor %s the next page", next);
}

static void one(ctl_writer *w, const char *const *cells, const char *json)
{
    size_t widest = 0;

    (void)json;
    for (size_t i = 0; i < w->n_columns; i++)
        if (strlen(w->columns[i].name) > widest)
            widest = strlen(w->columns[i].name);
    for (size_t i = 0; i < w->n_columns; i++) {
        char *text = copy_of(cells[i]);
        printf("%s:", w->columns[i].name);
        pad(widest - strlen(w->columns[i].name) + 1);
        puts(text ? text : "-");
        free(text);
    }
}

static void clear(ctl_writer *w)
{
    for (size_t i = 0; i < w->n_held; i++)
        free(w->held[i]);
    free(w->held);
}

const ctl_writer_ops ctl_writer_table = { "table", false, false, begin, row, page, end, one, clear };
