/* The trap listener of drm-worker: a thread over libdrmgmt's (drm/trap.h). Called by main.c. */
#include "traps.h"
#include "jsonlog.h"
#include "program.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

struct traps {
    drmgmt_trap_listener *listener;
    pthread_t thread;
};

bool traps_listen_on(traps_config *config, const char *address)
{
    if (config->n == TRAPS_ADDRESSES_MAX)
        return program_complain("--trap-listen", address, "at most 16 addresses are taken");
    config->addresses[config->n++] = address;
    return true;
}

static void *run(void *user)
{
    traps *t = user;
    drmgmt_error *error = NULL;

    if (drmgmt_trap_listener_run(t->listener, &error)) {
        drmgmt_log_field field = { "error", drmgmt_error_message(error) };
        jsonlog_write(NULL, DRMGMT_LOG_ERROR, "the trap listener ended", &field, 1);
        drmgmt_error_free(error);
    }
    return NULL;
}

static int start(const traps_config *config, drmgmt_context *context, traps *t)
{
    drmgmt_error *error = NULL;
    int rc = drmgmt_trap_listener_new(context, &t->listener, &error);

    for (unsigned i = 0; !rc && i < config->n; i++)
        rc = drmgmt_trap_listener_add(t->listener, config->addresses[i], &error);
    if (rc)
        return program_fail("cannot start", error);
    drmgmt_trap_listener_set_rate(t->listener, config->rate);
    if (pthread_create(&t->thread, NULL, run, t)) {
        fprintf(stderr, "drm-worker: a thread cannot be started: raise the limit of processes (ulimit -u)\n");
        return 1;
    }
    return -1;
}

int traps_start(const traps_config *config, drmgmt_context *context, traps **running)
{
    *running = NULL;
    if (!config->n)
        return -1;
    traps *t = calloc(1, sizeof *t);
    if (!t) {
        fprintf(stderr, "drm-worker: out of memory\n");
        return 1;
    }
    int code = start(config, context, t);
    if (code < 0) {
        *running = t;
        return code;
    }
    drmgmt_trap_listener_free(t->listener);
    free(t);
    return code;
}

void traps_stop(traps *t)
{
    if (!t)
        return;
    drmgmt_trap_listener_stop(t->listener);
    pthread_join(t->thread, NULL);
    drmgmt_trap_listener_free(t->listener);
    free(t);
}
