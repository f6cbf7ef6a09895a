/* Result sets and parameters: the shape in which statements and their answers cross the store's door. */
#include "store/store.h"

#include "core/core.h"
#include "store/connection.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A rows object is the PGresult itself; the type exists so that nobody else needs libpq-fe.h. */
static const PGresult *of(const drmgmt__rows *rows)
{
    return (const PGresult *)(const void *)rows;
}

drmgmt__rows *drmgmt__rows_new(PGresult *result)
{
    return (drmgmt__rows *)(void *)result;
}

void drmgmt__rows_free(drmgmt__rows *rows)
{
    PQclear((PGresult *)(void *)rows);
}

drmgmt__rows *drmgmt__rows_copy(const drmgmt__rows *rows, size_t row)
{
    const PGresult *from = of(rows);
    PGresult *to = PQcopyResult(from, PG_COPYRES_ATTRS);

    for (int i = 0; to && i < PQnfields(from); i++) {
        bool null = PQgetisnull(from, (int)row, i);
        /* libpq takes what it copies as writable, and does not write. */
        char *value = null ? NULL : PQgetvalue(from, (int)row, i);
        if (!PQsetvalue(to, 0, i, value, null ? -1 : PQgetlength(from, (int)row, i))) {
            PQclear(to);
            to = NULL;
        }
    }
    return drmgmt__rows_new(to);
}

size_t drmgmt__rows_count(const drmgmt__rows *rows)
{
    return rows ? (size_t)PQntuples(of(rows)) : 0;
}

size_t drmgmt__rows_affected(const drmgmt__rows *rows)
{
    return rows ? strtoul(PQcmdTuples((PGresult *)(void *)(uintptr_t)rows), NULL, 10) : 0;
}

static bool is_null(const drmgmt__rows *rows, size_t row, size_t column)
{
    return !rows || column >= (size_t)PQnfields(of(rows)) || row >= (size_t)PQntuples(of(rows)) ||
           PQgetisnull(of(rows), (int)row, (int)column);
}

const char *drmgmt__rows_text(const drmgmt__rows *rows, size_t row, size_t column)
{
    return is_null(rows, row, column) ? NULL : PQgetvalue(of(rows), (int)row, (int)column);
}

size_t drmgmt__rows_length(const drmgmt__rows *rows, size_t row, size_t column)
{
    return is_null(rows, row, column) ? 0 : (size_t)PQgetlength(of(rows), (int)row, (int)column);
}

int64_t drmgmt__rows_int(const drmgmt__rows *rows, size_t row, size_t column)
{
    const char *text = drmgmt__rows_text(rows, row, column);

    return text ? strtoll(text, NULL, 10) : 0;
}

bool drmgmt__rows_bool(const drmgmt__rows *rows, size_t row, size_t column)
{
    const char *text = drmgmt__rows_text(rows, row, column);

    return text && text[0] == 't';
}

long drmgmt__rows_bytes(const drmgmt__rows *rows, size_t row, size_t column, void *out, size_t size)
{
    const char *text = drmgmt__rows_text(rows, row, column);
    size_t length = drmgmt__rows_length(rows, row, column);

    if (!text || length < 2 || text[0] != '\\' || text[1] != 'x' || (length - 2) / 2 > size)
        return -1;
    return drmgmt__unhex(text + 2, out, (length - 2) / 2) ? -1 : (long)((length - 2) / 2);
}

/* ---- parameters ---- */

static int next(drmgmt__params *p)
{
    if (p->n >= DRMGMT__PARAMS_MAX)
        abort(); /* a statement of our own with more parameters than any has: a defect caught by its first test */
    p->lengths[p->n] = 0;
    p->formats[p->n] = 0;
    return p->n++;
}

void drmgmt__param(drmgmt__params *p, const char *text)
{
    p->values[next(p)] = text;
}

void drmgmt__param_int(drmgmt__params *p, int64_t value)
{
    int i = next(p);

    snprintf(p->numbers[i], sizeof p->numbers[i], "%" PRId64, value);
    p->values[i] = p->numbers[i];
}

void drmgmt__param_bool(drmgmt__params *p, bool value)
{
    p->values[next(p)] = value ? "t" : "f";
}

void drmgmt__param_bytes(drmgmt__params *p, const void *bytes, size_t n)
{
    int i = next(p);

    p->values[i] = bytes;
    p->lengths[i] = (int)n;
    p->formats[i] = 1;
}
