/* Proving an export without a database: each line is read, hashed anew and held against its link. Called by programs;
 * feeds chain.c. */
#include "audit/chain.h"

#include "core/core.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_MAX = 8 << 20 };

struct drmgmt_audit_reader {
    drmgmt_audit_report report;
    drmgmt__chain chain;
    bool good_head; /* the head that is known has the form of one */
    enum { BEFORE, WITHIN, AFTER } where;
    uint64_t lines;
    json_t *ids, *seen;  /* of the link at hand: of its rows, and of those that came */
    bool in_order;       /* so far */
    char pending_id[37]; /* the first row that has no link yet; "": none so far */
};

drmgmt_audit_reader *drmgmt_audit_reader_new(const char *known_head)
{
    drmgmt_audit_reader *r = calloc(1, sizeof *r);

    if (r)
        r->good_head = drmgmt__chain_init(&r->chain, &r->report, known_head);
    return r;
}

void drmgmt_audit_reader_free(drmgmt_audit_reader *r)
{
    if (!r)
        return;
    drmgmt__chain_clear(&r->chain);
    json_decref(r->ids);
    json_decref(r->seen);
    free(r);
}

static int no_export(const drmgmt_audit_reader *r, const char *what, drmgmt_error **error)
{
    return drmgmt__fail_full(error, DRMGMT_ERR_INVALID, false, NULL, NULL, "line %" PRIu64 ": %s", r->lines, what);
}

static const char *text(const json_t *line, const char *name)
{
    return json_string_value(json_object_get(line, name));
}

static uint64_t number(const json_t *line, const char *name)
{
    json_int_t n = json_integer_value(json_object_get(line, name));

    return n > 0 ? (uint64_t)n : 0;
}

static int read_begin(drmgmt_audit_reader *r, const json_t *line, drmgmt_error **error)
{
    const char *tenant = text(line, "tenant_id"), *format = text(line, "format");

    if (!format || strcmp(format, "drmgmt-audit-1") != 0 || !drmgmt__uuid_normalise(tenant, r->report.tenant_id))
        return no_export(r, "an export of the format drmgmt-audit-1 is expected", error);
    r->chain.anchored = number(line, "after") == 0;
    r->where = WITHIN;
    return 0;
}

/* ---- links and rows ---- */

static const char *at(const json_t *ids, size_t i)
{
    return json_string_value(json_array_get(ids, i));
}

static bool holds(const json_t *ids, const char *id)
{
    for (size_t i = 0; i < json_array_size(ids); i++)
        if (strcmp(at(ids, i), id) == 0)
            return true;
    return false;
}

/* Names the first place where what came is not what was linked. */
static void name_misplaced(drmgmt_audit_reader *r)
{
    uint64_t seq = r->chain.seq;
    size_t i = 0;

    while (at(r->ids, i) && at(r->seen, i) && strcmp(at(r->ids, i), at(r->seen, i)) == 0)
        i++;
    const char *expected = at(r->ids, i), *came = at(r->seen, i);
    if (expected && !holds(r->seen, expected))
        drmgmt__chain_flaw(&r->chain, DRMGMT_AUDIT_ROW_MISSING, seq, expected,
                           "row %s of link %" PRIu64 " is not there", expected, seq);
    else if (came && (!expected || !holds(r->ids, came)))
        drmgmt__chain_flaw(&r->chain, DRMGMT_AUDIT_ROW_INSERTED, seq, came,
                           "row %s stands in link %" PRIu64 " and does not belong there", came, seq);
    else if (came)
        drmgmt__chain_flaw(&r->chain, DRMGMT_AUDIT_ROWS_REORDERED, seq, came,
                           "row %s of link %" PRIu64 " does not stand where it was linked", came, seq);
}

/* No more rows of this link come. What chain.c found in those before stands first. */
static void finish_link(drmgmt_audit_reader *r)
{
    if (r->ids && !r->chain.wrong.length && (!r->in_order || json_array_size(r->seen) != json_array_size(r->ids)))
        name_misplaced(r);
    json_decref(r->ids);
    json_decref(r->seen);
    r->ids = r->seen = NULL;
}

/* Something linked comes behind a row that is not. */
static void check_pending(drmgmt_audit_reader *r)
{
    if (r->pending_id[0])
        drmgmt__chain_flaw(&r->chain, DRMGMT_AUDIT_ROW_INSERTED, r->chain.seq, r->pending_id,
                           "row %s stands in link %" PRIu64 " and does not belong there", r->pending_id, r->chain.seq);
}

static int read_link(drmgmt_audit_reader *r, const json_t *line, drmgmt_error **error)
{
    json_t *ids = json_object_get(line, "ids"), *id;
    size_t i;

    check_pending(r);
    finish_link(r);
    json_array_foreach(ids, i, id)
    {
        if (!drmgmt__uuid_valid(json_string_value(id)))
            return no_export(r, "ids of rows are expected in a link", error);
    }
    if (!json_is_array(ids) || number(line, "seq") == 0)
        return no_export(r, "a link with its number and the ids of its rows is expected", error);
    r->ids = json_incref(ids);
    r->seen = json_array();
    r->in_order = true;
    drmgmt__chain_link(&r->chain, number(line, "seq"), text(line, "at"), number(line, "size"), text(line, "prev_hash"),
                       text(line, "hash"));
    return 0;
}

static bool hash_row(const drmgmt_audit_reader *r, const json_t *line, char hex[DRMGMT__HASH_HEX])
{
    const char *values[DRMGMT__AUDIT_COLUMNS];

    for (int c = 0; c < DRMGMT__AUDIT_COLUMNS; c++)
        values[c] = text(line, drmgmt__audit_columns[c]);
    values[DRMGMT__AUDIT_TENANT] = r->report.tenant_id;
    return drmgmt__hash_row(values, hex) == 0;
}

/* A row that waits for its link: it stands behind all links. */
static int read_pending(drmgmt_audit_reader *r, const char *id)
{
    if (!r->pending_id[0])
        drmgmt__uuid_normalise(id, r->pending_id);
    r->report.pending++;
    return 0;
}

static int read_row(drmgmt_audit_reader *r, const json_t *line, drmgmt_error **error)
{
    const char *id = text(line, "id");
    char hash[DRMGMT__HASH_HEX];

    if (!drmgmt__uuid_valid(id))
        return no_export(r, "a row with its id is expected", error);
    if (!json_is_integer(json_object_get(line, "seq")))
        return read_pending(r, id);
    check_pending(r);
    if (!r->ids || number(line, "seq") != r->chain.seq) {
        drmgmt__chain_flaw(&r->chain, DRMGMT_AUDIT_ROW_INSERTED, number(line, "seq"), id,
                           "row %s does not stand in its link", id);
        return 0;
    }
    const char *expected = at(r->ids, json_array_size(r->seen));
    r->in_order = r->in_order && expected && strcmp(id, expected) == 0;
    if (json_array_append_new(r->seen, json_string(id)))
        return drmgmt__fail_memory(error);
    if (!r->in_order)
        return 0;
    bool there = !json_is_true(json_object_get(line, "missing"));
    if (there && !hash_row(r, line, hash))
        return drmgmt__fail_memory(error);
    drmgmt__chain_row(&r->chain, id, text(line, "hash"), there ? hash : NULL);
    return 0;
}

static int read_end(drmgmt_audit_reader *r, const json_t *line, drmgmt_error **error)
{
    (void)error;
    finish_link(r);
    drmgmt__chain_end(&r->chain, number(line, "links"), text(line, "head"));
    if (!drmgmt__chain_broken(&r->chain) && r->report.rows != number(line, "rows"))
        drmgmt__chain_flaw(&r->chain, DRMGMT_AUDIT_ROW_MISSING, 0, NULL,
                           "the export has %" PRIu64 " rows and had %" PRIu64, r->report.rows, number(line, "rows"));
    r->where = AFTER;
    return 0;
}

static const struct {
    const char *kind;
    bool first;
    int (*read)(drmgmt_audit_reader *, const json_t *, drmgmt_error **);
} kinds[] = {
    { "begin", true, read_begin },
    { "link", false, read_link },
    { "row", false, read_row },
    { "end", false, read_end },
};

int drmgmt_audit_reader_line(drmgmt_audit_reader *r, const char *line, size_t length, drmgmt_error **error)
{
    json_t *object = NULL;
    int rc = 0;

    r->lines++;
    if (!r->good_head)
        return drmgmt__fail_full(error, DRMGMT_ERR_INVALID, false, NULL, "head",
                                 "head: LINKS:HASH is expected, as an earlier verification told it");
    if (drmgmt__chain_broken(&r->chain))
        return 0;
    if (length > LINE_MAX || r->where == AFTER || drmgmt__json_object(line, length, &object, NULL))
        return no_export(r, r->where == AFTER ? "nothing is expected after the end" : "this is no line of an export",
                         error);
    const char *kind = text(object, "kind");
    size_t i = 0;
    while (i < DRMGMT__COUNT(kinds) && (!kind || strcmp(kinds[i].kind, kind) != 0))
        i++;
    if (i == DRMGMT__COUNT(kinds) || kinds[i].first != (r->where == BEFORE))
        rc = no_export(r,
                       r->where == BEFORE ? "an export begins with a line of the kind \"begin\""
                                          : "a line of the kind \"link\", \"row\" or \"end\" is expected",
                       error);
    else
        rc = kinds[i].read(r, object, error);
    json_decref(object);
    return rc || !r->chain.failed ? rc : drmgmt__fail_memory(error);
}

int drmgmt_audit_reader_end(drmgmt_audit_reader *r, drmgmt_audit_report *report, drmgmt_error **error)
{
    if (!drmgmt__chain_broken(&r->chain) && r->where != AFTER)
        return no_export(r, "the export was cut off: its last line is missing", error);
    *report = r->report;
    return 0;
}
