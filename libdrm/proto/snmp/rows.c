/* The operation table: the columns of a table walked one after the other and put together as rows. Called by driver.c.
 */
#include "proto/snmp/index.h"
#include "proto/snmp/walker.h"

#include "core/core.h"
#include "proto/snmp/snmp.h"
#include <stdio.h>
#include <string.h>

enum { COLUMNS = 256 };

struct cell {
    uint32_t column;
    uint32_t instance, n_instance;         /* in table->arcs */
    uint32_t value, n_value, text, n_text; /* in table->values; n_text 0: none */
};

struct table {
    drmgmt__snmp_walker walker;
    struct cell *cells;
    size_t n_cells, cells_room;
    uint32_t *arcs;
    size_t n_arcs, arcs_room;
    drmgmt__strbuf values, out;
    bool no_memory;
};

static void clear(drmgmt__snmp_walker *walker)
{
    struct table *t = (struct table *)walker;

    free(t->cells);
    free(t->arcs);
    drmgmt__strbuf_free(&t->values);
    drmgmt__strbuf_free(&t->out);
}

/* ---- collecting ---- */

static bool grow(void **items, size_t *room, size_t wanted, size_t size)
{
    if (wanted <= *room)
        return true;
    size_t more = 2 * wanted + 64;
    void *bigger = realloc(*items, more * size);
    if (!bigger)
        return false;
    *items = bigger;
    *room = more;
    return true;
}

static const drmgmt__snmp_name *column_of(const struct table *t, uint32_t column)
{
    const drmgmt__oid *entry = &t->walker.params.entry_oid;
    uint32_t arcs[DRMGMT__OID_ARCS_MAX];

    memcpy(arcs, entry->arcs, entry->n * sizeof *arcs);
    arcs[entry->n] = column;
    const drmgmt__snmp_name *name = drmgmt__snmp_name_of(&(drmgmt__oid){ arcs, entry->n + 1 });
    return name && name->oid.n == entry->n + 1 ? name : NULL;
}

static bool take(drmgmt__snmp_walker *walker, const drmgmt__snmp_varbind *vb)
{
    struct table *t = (struct table *)walker;
    size_t skip = walker->params.entry_oid.n + 1, n = vb->name.n > skip ? vb->name.n - skip : 0;

    if (vb->name.n < skip)
        return true; /* an instance of the entry itself: there is none */
    if (!grow((void **)&t->cells, &t->cells_room, t->n_cells + 1, sizeof *t->cells) ||
        !grow((void **)&t->arcs, &t->arcs_room, t->n_arcs + n, sizeof *t->arcs)) {
        t->no_memory = true;
        return false;
    }
    struct cell *cell = &t->cells[t->n_cells];
    *cell = (struct cell){ .column = vb->name.arcs[skip - 1],
                           .instance = (uint32_t)t->n_arcs,
                           .n_instance = (uint32_t)n,
                           .value = (uint32_t)t->values.length };
    memcpy(t->arcs + t->n_arcs, vb->name.arcs + skip, n * sizeof *t->arcs);
    const drmgmt__snmp_name *column = column_of(t, cell->column);
    const drmgmt__snmp_syntax *syntax = column ? column->syntax : NULL;
    drmgmt__snmp_put_value(&t->values, &vb->value, syntax);
    cell->text = (uint32_t)t->values.length;
    cell->n_value = cell->text - cell->value;
    if (drmgmt__snmp_put_text(&t->values, &vb->value, syntax))
        cell->n_text = (uint32_t)t->values.length - cell->text;
    t->n_arcs += n;
    t->n_cells++;
    return t->values.length <= DRMGMT_RESULT_BYTES_MAX;
}

/* ---- putting together ---- */

static drmgmt__oid instance_of(const struct table *t, const struct cell *cell)
{
    return (drmgmt__oid){ t->arcs + cell->instance, cell->n_instance };
}

static int compare_cells(const void *a, const void *b, void *user)
{
    const struct cell *x = a, *y = b;
    drmgmt__oid left = instance_of(user, x), right = instance_of(user, y);
    int order = drmgmt__oid_compare(&left, &right);

    return order ? order : (x->column > y->column) - (x->column < y->column);
}

static void put_key(const struct table *t, drmgmt__strbuf *out, uint32_t column)
{
    const drmgmt__snmp_name *name = column_of(t, column);
    char number[16];

    if (!name)
        snprintf(number, sizeof number, "%u", (unsigned)column);
    drmgmt__json_key(out, name ? name->name : number);
}

/* Index parts that are no columns of this table, or not among those asked for. */
static bool has_cell(const struct table *t, const struct cell *cells, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++) {
        const drmgmt__snmp_name *column = column_of(t, cells[i].column);
        if (column && strcmp(column->name, name) == 0)
            return true;
    }
    return false;
}

/* The members of one row: values, or else what the syntaxes make of them. */
static void put_members(const struct table *t, drmgmt__strbuf *out, const struct cell *cells, size_t n, bool texts)
{
    const drmgmt__snmp_node *entry = t->walker.params.entry;
    drmgmt__oid instance = instance_of(t, cells), rest = instance;
    bool fits = entry && drmgmt__snmp_index_fits(entry->index, entry->n_index, &instance);
    drmgmt__snmp_index_room room;
    drmgmt__snmp_value value;

    for (size_t i = 0; fits && i < entry->n_index; i++) {
        const drmgmt__snmp_index *part = &entry->index[i];
        size_t before = out->length;
        if (!drmgmt__snmp_index_take(part, &rest, &value, &room) || has_cell(t, cells, n, part->name))
            continue;
        drmgmt__json_key(out, part->name);
        if (!texts)
            drmgmt__snmp_put_value(out, &value, part->syntax);
        else if (!drmgmt__snmp_put_text(out, &value, part->syntax))
            out->length = before;
    }
    for (size_t i = 0; i < n; i++) {
        if (texts && !cells[i].n_text)
            continue;
        put_key(t, out, cells[i].column);
        if (texts)
            drmgmt__strbuf_add(out, t->values.data + cells[i].text, cells[i].n_text);
        else
            drmgmt__strbuf_add(out, t->values.data + cells[i].value, cells[i].n_value);
    }
}

static void put_row(const struct table *t, drmgmt__strbuf *out, const struct cell *cells, size_t n)
{
    drmgmt__oid instance = instance_of(t, cells);

    drmgmt__strbuf_puts(out, "{\"instance\":\"");
    drmgmt__oid_print(out, &instance);
    drmgmt__strbuf_puts(out, "\",\"values\":{");
    put_members(t, out, cells, n, false);
    drmgmt__strbuf_puts(out, "},\"texts\":{");
    put_members(t, out, cells, n, true);
    drmgmt__strbuf_puts(out, "}}");
}

/* Their numbers, ascending. Returns how many; past COLUMNS they are left out of the list, not out of rows. */
static size_t distinct_columns(const struct table *t, uint32_t columns[COLUMNS])
{
    size_t n = 0;

    for (size_t i = 0; i < t->n_cells; i++) {
        size_t at = n;
        while (at > 0 && columns[at - 1] > t->cells[i].column)
            at--;
        if ((at > 0 && columns[at - 1] == t->cells[i].column) || n == COLUMNS)
            continue;
        memmove(columns + at + 1, columns + at, (n - at) * sizeof *columns);
        columns[at] = t->cells[i].column;
        n++;
    }
    return n;
}

static void put_column(drmgmt__strbuf *out, const char *name, bool first)
{
    drmgmt__strbuf_puts(out, first ? "" : ",");
    drmgmt__json_string(out, name);
}

/* Members of JSON objects have no order that lasts: the names of the columns, the index first. */
static void put_columns(const struct table *t, drmgmt__strbuf *out)
{
    const drmgmt__snmp_node *entry = t->walker.params.entry;
    uint32_t columns[COLUMNS];
    size_t n = distinct_columns(t, columns), shown = 0;
    char number[16];

    for (size_t i = 0; entry && i < entry->n_index; i++) {
        bool cell = false;
        for (size_t k = 0; k < n && !cell; k++) {
            const drmgmt__snmp_name *name = column_of(t, columns[k]);
            cell = name && strcmp(name->name, entry->index[i].name) == 0;
        }
        if (!cell)
            put_column(out, entry->index[i].name, !shown++);
    }
    for (size_t k = 0; k < n; k++) {
        const drmgmt__snmp_name *name = column_of(t, columns[k]);
        if (!name)
            snprintf(number, sizeof number, "%u", (unsigned)columns[k]);
        put_column(out, name ? name->name : number, !shown++);
    }
}

static void fail_size(struct table *t)
{
    drmgmt__snmp_job_fail_text(&t->walker.job, NULL, "too-large", false,
                               "The table is larger than 1 MiB: ask for some of its columns, or read it in parts with "
                               "bulkwalk, which goes on from where it stopped.");
}

static void done(drmgmt__snmp_walker *walker, bool complete)
{
    struct table *t = (struct table *)walker;
    const drmgmt__snmp_node *node = walker->params.entry;

    if (t->no_memory || t->values.failed) {
        drmgmt__snmp_job_fail_memory(&walker->job);
        return;
    }
    if (!complete) {
        fail_size(t);
        return;
    }
    if (t->n_cells)
        qsort_r(t->cells, t->n_cells, sizeof *t->cells, compare_cells, t);
    drmgmt__strbuf_puts(&t->out, "{\"entry\":");
    drmgmt__json_string(&t->out, node ? node->name : NULL);
    drmgmt__strbuf_puts(&t->out, ",\"oid\":\"");
    drmgmt__oid_print(&t->out, &walker->params.entry_oid);
    drmgmt__strbuf_puts(&t->out, "\",\"columns\":[");
    put_columns(t, &t->out);
    drmgmt__strbuf_puts(&t->out, "],\"rows\":[");
    for (size_t i = 0, n; i < t->n_cells && t->out.length < DRMGMT_RESULT_BYTES_MAX; i += n) {
        drmgmt__oid instance = instance_of(t, &t->cells[i]), next;
        for (n = 1;
             i + n < t->n_cells && (next = instance_of(t, &t->cells[i + n]), drmgmt__oid_equal(&instance, &next));)
            n++;
        drmgmt__strbuf_puts(&t->out, i ? "," : "");
        put_row(t, &t->out, &t->cells[i], n);
    }
    drmgmt__strbuf_puts(&t->out, "]}");
    if (t->out.length > DRMGMT_RESULT_BYTES_MAX)
        fail_size(t);
    else
        drmgmt__snmp_job_complete(&walker->job, &t->out);
}

void drmgmt__snmp_table_begin(drmgmt__snmp *snmp, drmgmt_op *op)
{
    struct table *t = drmgmt__snmp_walker_new(snmp, op, sizeof *t, clear);

    if (!t)
        return;
    t->walker.take = take;
    t->walker.done = done;
    drmgmt__snmp_walker_start(&t->walker);
}
