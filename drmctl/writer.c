/* Chooses a writer, and feeds it rows that are no records. Called by handlers. */
#include "writer.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const ctl_writer_ops *const writers[] = { &ctl_writer_table, &ctl_writer_json, &ctl_writer_csv };

const ctl_writer_ops *ctl_writer_find(const char *name)
{
    for (size_t i = 0; i < CTL_COUNT(writers); i++)
        if (strcmp(writers[i]->name, name) == 0)
            return writers[i];
    return NULL;
}

const ctl_writer_ops *ctl_writer_of(const ctl *c)
{
    const char *name = ctl_value(c, "output");
    const ctl_writer_ops *ops = name ? ctl_writer_find(name) : NULL;

    return ops ? ops : &ctl_writer_table; /* an unknown name was refused when the command line was read */
}

/* {"column":"cell",...}; NULL when memory is out. */
static char *json_of(const ctl_column *columns, size_t n, const char *const *cells)
{
    json_t *object = json_object();

    for (size_t i = 0; i < n; i++) {
        json_t *value = !cells[i]                        ? json_null()
                        : columns[i].type == CTL_LITERAL ? json_loads(cells[i], JSON_DECODE_ANY, NULL)
                                                         : json_string(cells[i]);
        json_object_set_new(object, columns[i].name, value);
    }
    char *text = json_dumps(object, JSON_COMPACT);
    json_decref(object);
    return text;
}

void ctl_rows_begin(const ctl *c, ctl_writer *w, const ctl_column *columns, size_t n)
{
    *w = (ctl_writer){ .ops = ctl_writer_of(c), .columns = columns, .n_columns = n };
    w->ops->begin(w);
}

int ctl_rows_add(ctl_writer *w, const char *const *cells)
{
    char *json = json_of(w->columns, w->n_columns, cells);

    if (!json)
        return ctl_complain(DRMGMT_ERR_NO_MEMORY, "out of memory");
    w->ops->row(w, cells, json);
    w->n_rows++;
    free(json);
    return ctl_output_check();
}

int ctl_rows_end(ctl_writer *w)
{
    w->ops->end(w, NULL);
    if (w->ops->clear)
        w->ops->clear(w);
    return ctl_output_check();
}

int ctl_row_show(const ctl *c, const ctl_column *columns, size_t n, const char *const *cells)
{
    ctl_writer w = { .ops = ctl_writer_of(c), .columns = columns, .n_columns = n };
    char *json = json_of(columns, n, cells);

    if (!json)
        return ctl_complain(DRMGMT_ERR_NO_MEMORY, "out of memory");
    w.ops->one(&w, cells, json);
    free(json);
    return ctl_output_check();
}

/* Why it failed, where that was noticed while something long was printed and is forgotten by now: by one byte more. */
static const char *reason(int number)
{
    if (number == 0) {
        clearerr(stdout);
        errno = 0;
        putchar('\n');
        fflush(stdout);
        number = errno;
    }
    return number ? strerror(number) : "write error";
}

int ctl_output_check(void)
{
    static bool told;

    errno = 0;
    if (fflush(stdout) == 0 && !ferror(stdout))
        return 0;
    if (!told) {
        told = true;
        ctl_complain(DRMGMT_ERR_IO, "standard output cannot be written: %s", reason(errno));
    }
    return CTL_EXIT_FAILURE;
}
