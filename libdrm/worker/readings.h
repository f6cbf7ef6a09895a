/* What results of jobs say of devices, value by value: the way from a driver's JSON to rows of the inventory. Which
 * values are not kept, because they are secrets or no values, is decided here. Called by noter.c. Pure. Internal. */
#ifndef DRMGMT_WORKER_READINGS_H
#define DRMGMT_WORKER_READINGS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    DRMGMT__READING_PATH_MAX = 2000,  /* octets; longer ones are left out */
    DRMGMT__READING_VALUE_MAX = 4096, /* octets; of a longer value the beginning is kept */
};

typedef struct drmgmt__reading {
    size_t device; /* the caller's number of it */
    const char *path, *name, *type, *text;
    const char *value; /* NULL: see number. Ask drmgmt__reading_value() */
    size_t size;       /* octets of the value, before any were cut off */
    int64_t at_ms;     /* since 1970 */
    size_t nth;        /* of those that were added: of two of one time the later one counts */
    char number[40];
} drmgmt__reading;

typedef struct drmgmt__readings {
    drmgmt__reading *items;
    size_t n, room;
    json_t **results; /* what the texts point into */
    size_t n_results, results_room;
    char **owned; /* texts that were made here */
    size_t n_owned, owned_room;
    bool failed; /* memory was out: incomplete */
} drmgmt__readings;

/* Adds what a result (JSON) tells: {"varbinds":[...]}, or a table with "oid" and "rows". Of anything else nothing. */
void drmgmt__readings_add(drmgmt__readings *readings, size_t device, int64_t at_ms, const char *result);
/* Orders them by device and path, and leaves of each path the newest. */
void drmgmt__readings_sort(drmgmt__readings *readings);
const char *drmgmt__reading_value(const drmgmt__reading *reading);
/* Frees all; to be used anew after that. */
void drmgmt__readings_clear(drmgmt__readings *readings);

#endif
