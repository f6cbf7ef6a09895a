/* The jobs of a batch as JSON lines or CSV, a piece at a time. Called by programs; calls store. */
#include "batch/batch.h"

#include "audit/change.h"
#include "core/core.h"
#include "core/strbuf.h"
#include "queries.h"
#include <drm/job.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* The columns of batch_results.sql. */
enum { ID, DEVICE_ID, DEVICE, STATUS, ATTEMPT, STARTED, FINISHED, ERROR_CODE, ERROR_MESSAGE, FAILURE, RESULT, COLUMNS };

enum { AT_ONCE = 500, LARGE_AT_ONCE = 50, LARGE = 1 << 20 };

static const struct {
    const char *name;
    int column;
    bool literal; /* in JSON */
} json_members[] = {
    { "id", ID, false },
    { "device_id", DEVICE_ID, false },
    { "device", DEVICE, false },
    { "status", STATUS, false },
    { "attempt", ATTEMPT, true },
    { "started_at", STARTED, false },
    { "finished_at", FINISHED, false },
    { "error", FAILURE, true },
    { "result", RESULT, true },
},
  csv_cells[] = {
      { "id", ID, false },
      { "device_id", DEVICE_ID, false },
      { "device", DEVICE, false },
      { "status", STATUS, false },
      { "attempt", ATTEMPT, false },
      { "started_at", STARTED, false },
      { "finished_at", FINISHED, false },
      { "error_code", ERROR_CODE, false },
      { "error_message", ERROR_MESSAGE, false },
      { "result", RESULT, false },
  };

static void add_json(drmgmt__strbuf *b, const drmgmt__rows *rows, size_t row)
{
    drmgmt__strbuf_putc(b, '{');
    for (size_t i = 0; i < DRMGMT__COUNT(json_members); i++) {
        const char *text = drmgmt__rows_text(rows, row, (size_t)json_members[i].column);
        drmgmt__json_key(b, json_members[i].name);
        if (json_members[i].literal && text)
            drmgmt__strbuf_puts(b, text);
        else
            drmgmt__json_string(b, text);
    }
    drmgmt__strbuf_puts(b, "}\n");
}

/* RFC 4180; and what a spreadsheet would take for a formula begins with an apostrophe: values come from devices. */
static void add_cell(drmgmt__strbuf *b, const char *text)
{
    bool formula = *text && strchr("=+-@\t\r", *text) != NULL;

    if (!formula && !strpbrk(text, "\",\r\n")) {
        drmgmt__strbuf_puts(b, text);
        return;
    }
    drmgmt__strbuf_putc(b, '"');
    if (formula)
        drmgmt__strbuf_putc(b, '\'');
    for (; *text; text++) {
        if (*text == '"')
            drmgmt__strbuf_putc(b, '"');
        drmgmt__strbuf_putc(b, *text);
    }
    drmgmt__strbuf_putc(b, '"');
}

/* rows NULL: the names. */
static void add_csv(drmgmt__strbuf *b, const drmgmt__rows *rows, size_t row)
{
    for (size_t i = 0; i < DRMGMT__COUNT(csv_cells); i++) {
        const char *text = rows ? drmgmt__rows_text(rows, row, (size_t)csv_cells[i].column) : csv_cells[i].name;
        if (i)
            drmgmt__strbuf_putc(b, ',');
        add_cell(b, text ? text : "");
    }
    drmgmt__strbuf_puts(b, "\r\n");
}

/* The columns of the last line of CSV are those of a job. */
static void add_gone(drmgmt__strbuf *b, drmgmt_batch_format format, int64_t gone)
{
    if (format != DRMGMT_BATCH_CSV) {
        drmgmt__strbuf_printf(b, "{\"gone\":%" PRId64 "}\n", gone);
        return;
    }
    for (size_t i = 0; i < DRMGMT__COUNT(csv_cells); i++) {
        if (i)
            drmgmt__strbuf_putc(b, ',');
        if (csv_cells[i].column == STATUS)
            drmgmt__strbuf_puts(b, "gone");
        else if (csv_cells[i].column == RESULT)
            drmgmt__strbuf_printf(b, "%" PRId64, gone);
    }
    drmgmt__strbuf_puts(b, "\r\n");
}

struct writer {
    drmgmt_batch_format format;
    drmgmt_batch_line_fn *fn;
    void *user;
    int64_t ended; /* of the lines so far */
    drmgmt__strbuf line;
};

static int hand_over(struct writer *w, drmgmt_error **error)
{
    if (w->line.failed)
        return drmgmt__fail_memory(error);
    return w->fn(w->user, w->line.data, w->line.length)
               ? 0
               : drmgmt__fail(error, DRMGMT_ERR_CANCELLED, "the results were not wanted any more");
}

static int write_line(struct writer *w, const drmgmt__rows *rows, size_t row, drmgmt_error **error)
{
    drmgmt__strbuf_reset(&w->line);
    if (w->format == DRMGMT_BATCH_CSV)
        add_csv(&w->line, rows, row);
    else
        add_json(&w->line, rows, row);
    w->ended += rows && drmgmt_job_status_ended(drmgmt__rows_text(rows, row, STATUS));
    return hand_over(w, error);
}

/* The batch counts what ended, also what is not kept any more. Those that end while the lines are written are not in
 * its counts yet: of a batch that goes on there may be more gone than is said, never less. */
static int write_gone(struct writer *w, const drmgmt_record *batch, drmgmt_error **error)
{
    static const char *const ends[] = { "completed", "failed", "cancelled", "dead", "uncertain" };
    int64_t gone = -w->ended;

    for (size_t i = 0; i < DRMGMT__COUNT(ends); i++)
        gone += drmgmt_record_int(batch, ends[i]);
    if (gone <= 0)
        return 0;
    drmgmt__strbuf_reset(&w->line);
    add_gone(&w->line, w->format, gone);
    return hand_over(w, error);
}

/* One piece after the id in after, which moves on. *more: there may be others. Where results are large, pieces become
 * small. */
static int write_piece(drmgmt_session *session, const char *id, char after[DRMGMT__UUID_SIZE], int64_t *at_once,
                       struct writer *w, bool *more, drmgmt_error **error)
{
    drmgmt__params p = DRMGMT__PARAMS_INIT;
    DRMGMT__ROWS drmgmt__rows *rows = NULL;
    size_t bytes = 0;

    drmgmt__param(&p, id);
    drmgmt__param(&p, after);
    drmgmt__param_int(&p, *at_once);
    int rc = drmgmt__run(session, DRMGMT_PERM_JOB_READ, DRMGMT__READ, &drmgmt__q_batch_results, &p, &rows, error);
    size_t n = rc ? 0 : drmgmt__rows_count(rows);
    for (size_t i = 0; !rc && i < n; i++) {
        rc = write_line(w, rows, i, error);
        bytes += w->line.length;
    }
    if (rc)
        return rc;
    *more = n == (size_t)*at_once;
    if (n)
        snprintf(after, DRMGMT__UUID_SIZE, "%s", drmgmt__rows_text(rows, n - 1, ID));
    *at_once = bytes > LARGE ? LARGE_AT_ONCE : AT_ONCE;
    return 0;
}

int drmgmt_batch_results(drmgmt_session *session, const char *id, drmgmt_batch_format format, drmgmt_batch_line_fn *fn,
                         void *user, drmgmt_error **error)
{
    DRMGMT__RECORD drmgmt_record *batch = NULL;
    char after[DRMGMT__UUID_SIZE] = "00000000-0000-0000-0000-000000000000";
    struct writer w = { .format = format, .fn = fn, .user = user };
    int64_t at_once = LARGE_AT_ONCE;
    bool more = true;

    int rc = drmgmt_batch_get(session, id, &batch, error);
    if (!rc && format == DRMGMT_BATCH_CSV)
        rc = write_line(&w, NULL, 0, error);
    while (!rc && more)
        rc = write_piece(session, id, after, &at_once, &w, &more, error);
    if (!rc)
        rc = write_gone(&w, batch, error);
    drmgmt__strbuf_free(&w.line);
    return rc;
}
