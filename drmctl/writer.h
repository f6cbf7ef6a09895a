/* Output: a writer is one of three vtables - table, json, csv - chosen by -o. Handlers hand it rows; it knows how they
 * look. Cells are text; a row's JSON is what the library wrote, or is made from the cells. */
#ifndef DRMCTL_WRITER_H
#define DRMCTL_WRITER_H

#include "drmctl.h"

typedef enum ctl_type {
    CTL_TEXT,
    CTL_LITERAL /* a number, true or false: stands in JSON without quotes */
} ctl_type;

typedef struct ctl_column {
    const char *name;
    ctl_type type;
} ctl_column;

enum { CTL_COLUMNS_MAX = 48 };

typedef struct ctl_writer ctl_writer;

typedef struct ctl_writer_ops {
    const char *name; /* as -o names it */
    bool lossless;    /* cells as the library has them; otherwise for people */
    bool all_columns; /* a list shows every column unless told otherwise */
    void (*begin)(ctl_writer *w);
    /* cells: one a column, NULL for no value. json: the row as an object. */
    void (*row)(ctl_writer *w, const char *const *cells, const char *json);
    void (*page)(ctl_writer *w); /* a page of rows is complete: show it; rows that come may still follow */
    void (*end)(ctl_writer *w, const char *next);
    void (*one)(ctl_writer *w, const char *const *cells, const char *json); /* in place of begin .. end */
    void (*clear)(ctl_writer *w);                                           /* NULL: nothing is held */
} ctl_writer_ops;

struct ctl_writer {
    const ctl_writer_ops *ops;
    const ctl_column *columns;
    size_t n_columns;
    bool list;     /* rows of a list of the library's: JSON is {"items","next"}; otherwise an array */
    size_t n_rows; /* written so far */
    char **held;   /* table: cells of the page at hand, row by row */
    size_t n_held, room;
    size_t widths[CTL_COLUMNS_MAX];
    bool headed;
};

extern const ctl_writer_ops ctl_writer_table, ctl_writer_json, ctl_writer_csv;
/* Chooses by -o. NULL: no such format. */
const ctl_writer_ops *ctl_writer_find(const char *name);
const ctl_writer_ops *ctl_writer_of(const ctl *c);

/* ---- rows that are no records: made of cells alone ---- */
void ctl_rows_begin(const ctl *c, ctl_writer *w, const ctl_column *columns, size_t n);
int ctl_rows_add(ctl_writer *w, const char *const *cells);
int ctl_rows_end(ctl_writer *w);
/* A single one. */
int ctl_row_show(const ctl *c, const ctl_column *columns, size_t n, const char *const *cells);
/* 0, or the exit code once standard output cannot be written. */
int ctl_output_check(void);

/* ---- records (records.c) ---- */
typedef int ctl_list_fn(drmgmt_session *session, const drmgmt_query *query, drmgmt_page **page, drmgmt_error **error);
/* A whole list command: filters, columns, limit, cursor, --all. */
int ctl_list(ctl *c, ctl_list_fn *list);
typedef int ctl_get_fn(drmgmt_session *session, const char *id, drmgmt_record **record, drmgmt_error **error);
/* A whole command about the one record its first argument names. */
int ctl_show_one(ctl *c, ctl_get_fn *get);
/* Shows one record, and frees it. */
int ctl_show(const ctl *c, drmgmt_record *record);

/* ---- text (text.c) ---- */
/* Text with all that could move a cursor or turn the reading direction made visible. malloc()ed; NULL: no memory. */
char *ctl_visible(const char *text);
/* Columns of a terminal that visible text takes. */
size_t ctl_width(const char *text);
/* Length in bytes of the longest beginning that takes at most columns. */
size_t ctl_fit(const char *text, size_t columns);

#endif
