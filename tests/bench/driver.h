/* drm-bench: a protocol driver alone in a loop of its own, without worker and database. driver.c; used by snmp.c and
 * dead.c. Main thread only. */
#ifndef DRM_BENCH_DRIVER_H
#define DRM_BENCH_DRIVER_H

#include "bench.h"

typedef struct driver_figures {
    double seconds, cpu_s;           /* CPU of the thread that runs the loop */
    double live_seconds;             /* until the last operation that counts had ended */
    size_t completed, failed, bytes; /* of the results */
} driver_figures;

enum { DRIVER_V2C, DRIVER_V3 };

typedef struct driver_run {
    const char *operation, *params, *settings;
    const char *community; /* version 2c */
    int version;           /* DRIVER_V3: the agents' user, authPriv */
    unsigned port;
    size_t count, window;
    /* The address of the i-th operation, and whether it counts: what does not may fail. */
    const char *(*address)(const void *user, size_t i, bool *counts);
    const void *user;
} driver_run;

typedef struct driver_bench driver_bench;
/* A loop with the SNMP driver in it. NULL after a message. */
driver_bench *driver_bench_open(bench *b);
void driver_bench_close(driver_bench *d);
/* Runs count operations, window of them at once. False after a message: also when one that counts fails. */
bool driver_bench_run(driver_bench *d, const driver_run *run, driver_figures *out);

/* raw.c: count GETs of version 2c, spread over the agents' first addresses. */
bool raw_run(bench *b, unsigned port, size_t addresses, size_t count, driver_figures *out);

#endif
