/* Results on their way from the loop to the ledger, and what is told of them. Called by worker/run.c, ledger.c and
 * keeper.c. */
#include "core/context_internal.h"
#include "core/core.h"
#include "core/strbuf.h"
#include "queue/queue.h"
#include "worker/engine.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CODE_MAX = 64, MESSAGE_MAX = 1024 };

int drmgmt__results_init(drmgmt__results *r, size_t capacity)
{
    *r = (drmgmt__results){ .items = malloc(capacity * sizeof *r->items) };
    return r->items ? 0 : DRMGMT_ERR_NO_MEMORY;
}

static size_t bytes_of(const drmgmt__finish *f)
{
    return (f->result ? strlen(f->result) : 0) + (f->error ? strlen(f->error) : 0);
}

void drmgmt__results_add(drmgmt__results *r, const drmgmt__finish *f)
{
    r->items[r->n++] = *f;
    r->bytes += bytes_of(f);
}

size_t drmgmt__results_batch(const drmgmt__finish *items, size_t n)
{
    size_t i = 0, bytes = 0;

    while (i < n && i < DRMGMT__FINISH_MAX && (bytes += bytes_of(&items[i])) <= DRMGMT__FINISH_BYTES_MAX)
        i++;
    return i ? i : 1;
}

void drmgmt__results_move(drmgmt__results *to, drmgmt__results *from)
{
    if (to->n == 0) {
        drmgmt__results empty = { .items = to->items };
        *to = *from;
        *from = empty;
        return;
    }
    memcpy(to->items + to->n, from->items, from->n * sizeof *from->items);
    to->n += from->n;
    to->bytes += from->bytes;
    to->writer = to->writer || from->writer;
    *from = (drmgmt__results){ .items = from->items };
}

void drmgmt__results_clear(drmgmt__results *r)
{
    for (size_t i = 0; i < r->n; i++) {
        free(r->items[i].result);
        free(r->items[i].error);
    }
    *r = (drmgmt__results){ .items = r->items };
}

void drmgmt__results_free(drmgmt__results *r)
{
    drmgmt__results_clear(r);
    free(r->items);
    r->items = NULL;
}

bool drmgmt__ids_add(drmgmt__ids *ids, const char *id)
{
    if (ids->n == ids->size) {
        size_t size = ids->size ? ids->size * 2 : 64;
        drmgmt__id *items = realloc(ids->items, size * sizeof *items);
        if (!items)
            return false;
        ids->items = items;
        ids->size = size;
    }
    snprintf(ids->items[ids->n++].text, sizeof ids->items->text, "%s", id);
    return true;
}

char *drmgmt__worker_error_json(const char *code, const char *message, bool retryable, const char *detail)
{
    DRMGMT__STRBUF json = DRMGMT__STRBUF_INIT;

    code = code ? code : "failed";
    message = message ? message : "";
    drmgmt__strbuf_puts(&json, "{\"code\":");
    drmgmt__json_string_n(&json, code, strnlen(code, CODE_MAX));
    drmgmt__strbuf_puts(&json, ",\"message\":");
    drmgmt__json_string_n(&json, message, strnlen(message, MESSAGE_MAX));
    drmgmt__strbuf_puts(&json, retryable ? ",\"retryable\":true" : ",\"retryable\":false");
    if (detail && detail[0] == '{' && detail[1] != '}') { /* its members join the others */
        drmgmt__strbuf_putc(&json, ',');
        drmgmt__strbuf_puts(&json, detail + 1);
    } else {
        drmgmt__strbuf_putc(&json, '}');
    }
    return json.failed ? NULL : drmgmt__strbuf_steal(&json, NULL);
}

void drmgmt__worker_ring(drmgmt_worker *w)
{
    for (size_t i = 0; i < w->lanes.n; i++)
        drmgmt__publish_bell(w->context->publisher, w->lanes.names[i]);
}

void drmgmt__worker_publish(drmgmt_worker *w, const char *tenant_id, const char *job_id, const char *status,
                            int progress)
{
    char data[160], more[32] = "";

    if (!w->context->publisher)
        return;
    if (progress >= 0)
        snprintf(more, sizeof more, ",\"progress\":%d", progress);
    int n = snprintf(data, sizeof data, "{\"job_id\":\"%s\",\"status\":\"%s\"%s}", job_id, status, more);
    if (n < 0 || (size_t)n >= sizeof data)
        return;
    drmgmt__publish_event(w->context->publisher, tenant_id, job_id,
                          drmgmt_job_status_ended(status) ? DRMGMT_EVENT_DONE : DRMGMT_EVENT_UPDATE, data, (size_t)n);
}
