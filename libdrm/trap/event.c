/* Storing and publishing events. Called by the clerk; calls store and queue. */
#include "trap/event.h"

#include "auth/auth.h"
#include "core/context_internal.h"
#include "core/core.h"
#include "core/strbuf.h"
#include "queries.h"
#include "queue/queue.h"
#include "store/array.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void drmgmt__trap_event_free(drmgmt__trap_event *event)
{
    if (!event)
        return;
    free(event->oid);
    free(event->name);
    free(event->detail);
    free(event->ack);
    free(event);
}

/* RFC 3339 in UTC, as records tell times: without zeros at the fraction's end. */
static void print_time(int64_t ms, char out[DRMGMT__TIME_SIZE])
{
    drmgmt__time_write(ms, out);
    char *end = strchr(out, '+');
    out[10] = 'T';
    while (end[-1] == '0')
        end--;
    end -= end[-1] == '.';
    memcpy(end, "Z", 2);
}

/* ---- store: parallel arrays in PostgreSQL's text form ---- */

enum { TENANTS, IDS, DEVICES, KINDS, SOURCES, OIDS, NAMES, DETAILS, TIMES, ARRAYS };

static void add_event(drmgmt__strbuf b[ARRAYS], const drmgmt__trap_event *e)
{
    char at[DRMGMT__TIME_SIZE];

    print_time(e->at_ms, at);
    const char *const values[ARRAYS] = { e->tenant_id, e->id,   e->device_id, e->kind, e->source,
                                         e->oid,       e->name, e->detail,    at };
    for (int a = 0; a < ARRAYS; a++)
        drmgmt__array_add(&b[a], values[a]);
}

static int by_id(const void *a, const void *b)
{
    return strcmp((*(drmgmt__trap_event *const *)a)->id, (*(drmgmt__trap_event *const *)b)->id);
}

static int mark_stored(const drmgmt__rows *rows, drmgmt__trap_event *const *events, size_t n, drmgmt_error **error)
{
    DRMGMT__FREE drmgmt__trap_event **sorted = malloc(n * sizeof *sorted);

    if (!sorted)
        return drmgmt__fail_memory(error);
    memcpy(sorted, events, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, by_id);
    for (size_t row = 0; row < drmgmt__rows_count(rows); row++) {
        drmgmt__trap_event key = { .stored = false };
        const drmgmt__trap_event *wanted = &key;
        snprintf(key.id, sizeof key.id, "%s", drmgmt__rows_text(rows, row, 0));
        drmgmt__trap_event **found = bsearch(&wanted, sorted, n, sizeof *sorted, by_id);
        if (found)
            (*found)->stored = true;
    }
    return 0;
}

static int store_together(drmgmt_session *system, drmgmt__trap_event *const *events, size_t n, drmgmt_error **error)
{
    drmgmt__params p = DRMGMT__PARAMS_INIT;
    drmgmt__strbuf arrays[ARRAYS] = { 0 };
    DRMGMT__ROWS drmgmt__rows *rows = NULL;
    bool failed = false;

    for (size_t i = 0; i < n; i++)
        add_event(arrays, events[i]);
    for (int a = 0; a < ARRAYS; a++) {
        drmgmt__array_end(&arrays[a]);
        drmgmt__param(&p, arrays[a].data);
        failed = failed || arrays[a].failed;
    }
    int rc = failed ? drmgmt__fail_memory(error)
                    : drmgmt__run(system, DRMGMT_PERM_NONE, DRMGMT__WRITE | DRMGMT__REPEATABLE,
                                  &drmgmt__q_sched_events_store, &p, &rows, error);
    for (int a = 0; a < ARRAYS; a++)
        drmgmt__strbuf_free(&arrays[a]);
    return rc ? rc : mark_stored(rows, events, n, error);
}

/* Whether it was a value that PostgreSQL did not take, or a device that was deleted at that moment, rather than the
 * statement or the server. */
static bool refused_a_value(int rc, const drmgmt_error *failure)
{
    return rc == DRMGMT_ERR_INVALID || rc == DRMGMT_ERR_CONFLICT ||
           (rc == DRMGMT_ERR_DATABASE && !drmgmt_error_retryable(failure));
}

/* One bad event must not hold up those of other tenants: a batch that is refused is halved until the bad one stands
 * alone. */
int drmgmt__trap_events_store(drmgmt_session *system, drmgmt__trap_event *const *events, size_t n, drmgmt_error **error)
{
    drmgmt_error *failure = NULL;
    int rc = n ? store_together(system, events, n, &failure) : 0;

    if (!refused_a_value(rc, failure)) {
        if (rc && error)
            *error = DRMGMT__STEAL(failure);
        drmgmt_error_free(failure);
        return rc;
    }
    if (n == 1) {
        drmgmt__log(system->context, DRMGMT_LOG_WARNING, "an event cannot be stored and is dropped", "tenant",
                    events[0]->tenant_id, "device", events[0]->device_id, "error", drmgmt_error_message(failure), NULL);
        drmgmt_error_free(failure);
        return 0;
    }
    drmgmt_error_free(failure);
    rc = drmgmt__trap_events_store(system, events, n / 2, error);
    return rc ? rc : drmgmt__trap_events_store(system, events + n / 2, n - n / 2, error);
}

/* ---- publish ---- */

enum { DETAIL_MAX = 16384 }; /* of one event in Redis, which keeps 10,000 a tenant */

/* The members in the order of the entity's table. Detail that is longer is to be read from the list. */
void drmgmt__trap_event_publish(drmgmt_context *context, const drmgmt__trap_event *e)
{
    DRMGMT__STRBUF json = DRMGMT__STRBUF_INIT;
    char at[DRMGMT__TIME_SIZE];

    if (!context->publisher)
        return;
    print_time(e->at_ms, at);
    drmgmt__strbuf_putc(&json, '{');
    drmgmt__json_member(&json, "id", e->id);
    drmgmt__json_member(&json, "at", at);
    drmgmt__json_member(&json, "device_id", e->device_id);
    drmgmt__json_member(&json, "kind", e->kind);
    drmgmt__json_member(&json, "source", e->source);
    drmgmt__json_member(&json, "oid", e->oid);
    drmgmt__json_member(&json, "name", e->name);
    drmgmt__json_key(&json, "detail");
    drmgmt__strbuf_puts(&json, strlen(e->detail) > DETAIL_MAX ? "null" : e->detail);
    drmgmt__strbuf_putc(&json, '}');
    if (!json.failed)
        drmgmt__publish_device_event(context->publisher, e->tenant_id, e->kind, e->device_id, json.data, json.length);
}
