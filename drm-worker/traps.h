/* The trap listener beside the worker: its flags, and its thread. Called by main.c. */
#ifndef DRM_WORKER_TRAPS_H
#define DRM_WORKER_TRAPS_H

#include <drm/trap.h>
#include <stdbool.h>

enum { TRAPS_ADDRESSES_MAX = 16 };

typedef struct traps_config {
    const char *addresses[TRAPS_ADDRESSES_MAX];
    unsigned n, rate;
} traps_config;

typedef struct traps traps;

/* One more --trap-listen; false: too many, which is told. */
bool traps_listen_on(traps_config *config, const char *address);
/* Starts listening, if there is an address; *running NULL otherwise. Returns -1, or the exit code of a failure, which
 * is told. */
int traps_start(const traps_config *config, drmgmt_context *context, traps **running);
/* Ends it: what is received is stored. NULL is allowed. */
void traps_stop(traps *running);

#endif
