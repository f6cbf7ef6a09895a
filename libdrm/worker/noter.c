/* The noter thread: writes what jobs read to the inventory of their devices (drm.device_parameters), and that devices
 * answered, beside the jobs and after their results are stored. It takes a share of one connection's time, small while
 * the worker is busy, so that jobs go before; what comes faster than that waits, and is left out when too much waits.
 * What a worker that is killed had not written yet is not noted. Started by worker.c; calls the database. */
#include "core/context_internal.h"
#include "core/core.h"
#include "device/firmware.h"
#include "device/vendor.h"
#include "queries.h"
#include "store/array.h"
#include "worker/engine.h"
#include "worker/inventory.h"
#include "worker/readings.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    PAUSE_MIN_MS = 100, /* so that what comes soon after goes with it */
    PAUSE_MAX_MS = 2000,
    BUSY_SHARE = 7, /* it pauses so many times as long as the database took: an eighth of a connection's time */
    BUSY_JOBS = 64, /* in flight, or to be stored: more is busy */
    TRY_AGAIN_MS = 1000,
    TRIES_MAX = 5,  /* of a batch that the database answers but does not end */
    LAST_MS = 2000, /* at the end: how long it goes on */
    TELL_EVERY_MS = 60000,
    READINGS_AT_ONCE = 2000 /* a statement */
};

struct device { /* of a batch */
    const char *tenant_id, *device_id;
    int64_t seen_ms;
    const char *vendor; /* NULL: it told nothing of that; "": nobody that is known */
    bool has_firmware, has_revisions;
    char firmware[DRMGMT__FIRMWARE_SIZE];
};

struct noter {
    drmgmt_worker *w;
    drmgmt_session *session; /* NULL: not open yet */
    drmgmt__note notes[DRMGMT__NOTES_AT_ONCE];
    struct device devices[DRMGMT__NOTES_AT_ONCE];
    size_t n_devices;
    drmgmt__readings readings;
    uint64_t tell_at, end_at; /* monotonic ms; end_at 0: no end is near */
    unsigned long long beyond;
    char full_device[37];
    bool away; /* the database, as was told */
};

/* ---- a batch ---- */

static int by_device(const void *a, const void *b)
{
    const drmgmt__note *x = a, *y = b;
    int order = strcmp(x->tenant_id, y->tenant_id);

    order = order ? order : strcmp(x->device_id, y->device_id);
    return order ? order : (x->at_ms > y->at_ms) - (x->at_ms < y->at_ms);
}

static void describe(struct device *d, const drmgmt__reading *reading)
{
    static const char revisions[] = "1.3.6.1.2.1.47.1.1.1.1.10."; /* entPhysicalSoftwareRev */

    if (strcmp(reading->path, "1.3.6.1.2.1.1.2.0") == 0) { /* sysObjectID.0 */
        const char *vendor = drmgmt__vendor_of_text(drmgmt__reading_value(reading));
        d->vendor = vendor ? vendor : "";
    } else if (strcmp(reading->path, "1.3.6.1.2.1.1.1.0") == 0) { /* sysDescr.0 */
        d->has_firmware = drmgmt__firmware_of_descr(drmgmt__reading_value(reading), d->firmware);
    } else if (strncmp(reading->path, revisions, sizeof revisions - 1) == 0) {
        d->has_revisions = true;
    }
}

/* The notes by device, their results by value. */
static void read_batch(struct noter *k, drmgmt__note *notes, size_t n)
{
    drmgmt__readings_clear(&k->readings);
    k->n_devices = 0;
    qsort(notes, n, sizeof *notes, by_device);
    for (size_t i = 0; i < n; i++) {
        struct device *d = k->n_devices ? &k->devices[k->n_devices - 1] : NULL;
        if (!d || strcmp(d->device_id, notes[i].device_id) != 0 || strcmp(d->tenant_id, notes[i].tenant_id) != 0) {
            d = &k->devices[k->n_devices++];
            *d = (struct device){ .tenant_id = notes[i].tenant_id, .device_id = notes[i].device_id };
        }
        d->seen_ms = notes[i].at_ms;
        if (notes[i].result)
            drmgmt__readings_add(&k->readings, k->n_devices - 1, notes[i].at_ms, notes[i].result);
    }
    drmgmt__readings_sort(&k->readings);
    for (size_t i = 0; i < k->readings.n; i++)
        describe(&k->devices[k->readings.items[i].device], &k->readings.items[i]);
}

/* ---- to the database ---- */

/* The parameters of sched_inventory_put.sql, in order. */
enum {
    DEVICE_TENANT,
    DEVICE_ID,
    DEVICE_SEEN,
    DEVICE_VENDOR,
    DEVICE_FIRMWARE,
    DEVICE_REVISIONS,
    READING_OF,
    READING_PATH,
    READING_NAME,
    READING_TYPE,
    READING_VALUE,
    READING_TEXT,
    READING_SIZE,
    READING_AT,
    ARRAYS
};

static void add_time(drmgmt__strbuf *b, int64_t ms)
{
    char text[DRMGMT__TIME_SIZE];

    drmgmt__time_write(ms, text);
    drmgmt__array_add(b, text);
}

static void add_number(drmgmt__strbuf *b, size_t number)
{
    char text[24];

    snprintf(text, sizeof text, "%zu", number);
    drmgmt__array_add(b, text);
}

static void add_device(drmgmt__strbuf b[ARRAYS], const struct device *d)
{
    drmgmt__array_add(&b[DEVICE_TENANT], d->tenant_id);
    drmgmt__array_add(&b[DEVICE_ID], d->device_id);
    add_time(&b[DEVICE_SEEN], d->seen_ms);
    drmgmt__array_add(&b[DEVICE_VENDOR], d->vendor);
    drmgmt__array_add(&b[DEVICE_FIRMWARE], d->has_firmware ? d->firmware : NULL);
    drmgmt__array_add(&b[DEVICE_REVISIONS], d->has_revisions ? "t" : "f");
}

static void add_reading(drmgmt__strbuf b[ARRAYS], const drmgmt__reading *r, size_t first_device)
{
    add_number(&b[READING_OF], r->device - first_device + 1);
    drmgmt__array_add(&b[READING_PATH], r->path);
    drmgmt__array_add(&b[READING_NAME], r->name);
    drmgmt__array_add(&b[READING_TYPE], r->type);
    drmgmt__array_add(&b[READING_VALUE], drmgmt__reading_value(r));
    drmgmt__array_add(&b[READING_TEXT], r->text);
    add_number(&b[READING_SIZE], r->size);
    add_time(&b[READING_AT], r->at_ms);
}

static void note_full(struct noter *k, const drmgmt__rows *rows)
{
    for (size_t i = 0; i < drmgmt__rows_count(rows); i++) {
        k->beyond += (unsigned long long)drmgmt__rows_int(rows, i, 1);
        snprintf(k->full_device, sizeof k->full_device, "%s", drmgmt__rows_text(rows, i, 0));
    }
}

static int put_arrays(struct noter *k, drmgmt__strbuf arrays[ARRAYS], drmgmt_error **error)
{
    drmgmt__params p = DRMGMT__PARAMS_INIT;
    DRMGMT__ROWS drmgmt__rows *rows = NULL;
    bool failed = k->readings.failed;

    for (int a = 0; a < ARRAYS; a++) {
        drmgmt__array_end(&arrays[a]);
        drmgmt__param(&p, arrays[a].data);
        failed = failed || arrays[a].failed;
    }
    if (failed)
        return drmgmt__fail_memory(error);
    int rc = drmgmt__run(k->session, DRMGMT_PERM_NONE, DRMGMT__WRITE | DRMGMT__REPEATABLE,
                         &drmgmt__q_sched_inventory_put, &p, &rows, error);
    if (!rc)
        note_full(k, rows);
    return rc;
}

/* The readings from one on, as many as a statement takes, with their devices. *next: where to go on. */
static int put_some(struct noter *k, size_t from, size_t first_device, size_t *next, size_t *next_device,
                    drmgmt_error **error)
{
    drmgmt__strbuf arrays[ARRAYS] = { 0 };
    size_t until = from + READINGS_AT_ONCE < k->readings.n ? from + READINGS_AT_ONCE : k->readings.n;
    size_t last_device = until < k->readings.n ? k->readings.items[until - 1].device : k->n_devices - 1;

    for (size_t i = first_device; i <= last_device; i++)
        add_device(arrays, &k->devices[i]);
    for (size_t i = from; i < until; i++)
        add_reading(arrays, &k->readings.items[i], first_device);
    int rc = put_arrays(k, arrays, error);
    for (int a = 0; a < ARRAYS; a++)
        drmgmt__strbuf_free(&arrays[a]);
    *next = until;
    *next_device = until < k->readings.n ? k->readings.items[until].device : k->n_devices;
    return rc;
}

static int put(struct noter *k, drmgmt__note *notes, size_t n, drmgmt_error **error)
{
    size_t at = 0, device = 0;
    int rc = 0;

    if (!k->session)
        rc = drmgmt__session_open_system(k->w->context, "worker", &k->session, error);
    read_batch(k, notes, n);
    while (!rc && device < k->n_devices)
        rc = put_some(k, at, device, &at, &device, error);
    drmgmt__readings_clear(&k->readings);
    return rc;
}

/* ---- failures ---- */

static void log_refused(const struct noter *k, const drmgmt__note *note, const drmgmt_error *error)
{
    drmgmt__log(k->w->context, DRMGMT_LOG_WARNING, "what a job read cannot be noted in the inventory", "device",
                note->device_id, "error", drmgmt_error_message(error), "detail", drmgmt_error_detail(error), NULL);
}

/* What cannot be noted must not keep out the others of its batch. Returns an error that may pass. */
static int put_each(struct noter *k, drmgmt__note *notes, size_t n, drmgmt_error **error)
{
    for (size_t i = 0; i < n; i++) {
        drmgmt_error *failure = NULL;
        int rc = put(k, &notes[i], 1, &failure);
        if (rc && drmgmt_error_retryable(failure)) {
            *error = failure;
            return rc;
        }
        if (rc)
            log_refused(k, &notes[i], failure);
        drmgmt_error_free(failure);
    }
    return 0;
}

static void tell_away(struct noter *k, const drmgmt_error *error)
{
    drmgmt__log(k->w->context, k->away ? DRMGMT_LOG_DEBUG : DRMGMT_LOG_WARNING, "the inventory waits for the database",
                "error", drmgmt_error_message(error), "detail", drmgmt_error_detail(error), NULL);
    k->away = true;
}

/* Whether the batch is done with: written, or given up. While the database is away it waits; meanwhile newer notes
 * push in behind it, and what is too much is left out. */
static bool try_batch(struct noter *k, size_t n, unsigned try)
{
    drmgmt_error *error = NULL;
    int rc = put(k, k->notes, n, &error);

    if (rc && !drmgmt_error_retryable(error)) {
        drmgmt_error_free(error);
        error = NULL;
        rc = put_each(k, k->notes, n, &error);
    }
    if (!rc) {
        k->away = false;
        return true;
    }
    tell_away(k, error);
    bool given_up = k->end_at || (rc != DRMGMT_ERR_UNAVAILABLE && try >= TRIES_MAX);
    drmgmt_error_free(error);
    return given_up;
}

/* ---- the thread ---- */

static void tell_left_out(struct noter *k)
{
    uint64_t now = drmgmt__monotonic_ms();
    char number[24];

    if (now < k->tell_at)
        return;
    unsigned long long n = drmgmt__inventory_left_out(k->w->inventory);
    if (n) {
        snprintf(number, sizeof number, "%llu", n);
        drmgmt__log(k->w->context, DRMGMT_LOG_WARNING,
                    "jobs read more than the database takes into the inventory beside them: it lacks what these read",
                    "jobs", number, NULL);
    }
    if (k->beyond) {
        snprintf(number, sizeof number, "%llu", k->beyond);
        drmgmt__log(k->w->context, DRMGMT_LOG_WARNING,
                    "devices have more values than the inventory keeps of one: it lacks these", "values", number,
                    "device", k->full_device, NULL);
    }
    if (n || k->beyond)
        k->tell_at = now + TELL_EVERY_MS;
    k->beyond = 0;
}

static unsigned pause_after(const struct noter *k, uint64_t took_ms)
{
    drmgmt_worker *w = k->w;
    bool busy = atomic_load(&w->in_flight) > BUSY_JOBS || atomic_load(&w->unsent) > BUSY_JOBS;
    uint64_t pause = took_ms * (busy ? BUSY_SHARE : 1);

    return (unsigned)(pause < PAUSE_MIN_MS ? PAUSE_MIN_MS : pause > PAUSE_MAX_MS ? PAUSE_MAX_MS : pause);
}

static void note_end(struct noter *k)
{
    if (!k->end_at && drmgmt__inventory_closed(k->w->inventory))
        k->end_at = drmgmt__monotonic_ms() + LAST_MS;
}

void *drmgmt__worker_noter(void *worker)
{
    drmgmt_worker *w = worker;
    struct noter *k = calloc(1, sizeof *k);
    unsigned pause_ms = 0;
    size_t n;

    if (!k)
        return NULL;
    k->w = w;
    while ((n = drmgmt__inventory_take(w->inventory, pause_ms, k->notes))) {
        uint64_t before = drmgmt__monotonic_ms();
        note_end(k);
        for (unsigned try = 1; !try_batch(k, n, try); try++) {
            drmgmt__inventory_pause(w->inventory, TRY_AGAIN_MS);
            note_end(k);
            before = drmgmt__monotonic_ms();
        }
        for (size_t i = 0; i < n; i++)
            free(k->notes[i].result);
        tell_left_out(k);
        if (k->end_at && (k->away || drmgmt__monotonic_ms() >= k->end_at))
            break;
        pause_ms = pause_after(k, drmgmt__monotonic_ms() - before);
    }
    drmgmt__readings_clear(&k->readings);
    drmgmt_session_close(k->session);
    free(k);
    return NULL;
}
