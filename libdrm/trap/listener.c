/* The listener's door: made, bound, run, stopped, asked. Called by drm-worker and by embedding programs; starts the
 * clerk's thread and receives in the caller's. */
#include "trap/listener.h"

#include "auth/auth.h"
#include "core/context_internal.h"
#include "core/core.h"
#include "net/socket.h"
#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

enum { RATE = 200, INFORMS = 16384, INFORMS_KEEP_MS = 120000 };

int drmgmt_trap_listener_new(drmgmt_context *context, drmgmt_trap_listener **listener, drmgmt_error **error)
{
    pthread_condattr_t monotonic;

    if (!drmgmt__keyring_given(context))
        return drmgmt__fail_full(
            error, DRMGMT_ERR_INVALID, false, NULL, "keyring_file",
            "a trap listener needs the keyring: set the path of the file that \"drmctl init\" made");
    drmgmt_trap_listener *l = calloc(1, sizeof *l);
    if (!l)
        return drmgmt__fail_memory(error);
    l->context = context;
    l->rate = RATE;
    l->events_end = &l->events;
    l->parked_end = &l->parked;
    pthread_mutex_init(&l->mutex, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&l->clerk_wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    l->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    l->informs = drmgmt__trap_once_new(INFORMS, INFORMS_KEEP_MS);
    l->windows = drmgmt__trap_windows_new();
    l->sources = drmgmt__trap_sources_new();
    l->metrics = drmgmt__metrics_new();
    if (l->wake_fd < 0 || !l->informs || !l->windows || !l->sources || !l->metrics) {
        drmgmt_trap_listener_free(l);
        return drmgmt__fail_memory(error);
    }
    *listener = l;
    return 0;
}

/* "192.0.2.1:162", "[2001:db8::1]:162" */
static bool parse(const char *text, drmgmt__net_address *address)
{
    char host[DRMGMT__NET_ADDRESS_TEXT], *end = NULL;
    const char *colon = strrchr(text, ':');
    size_t n = colon ? (size_t)(colon - text) : 0;

    if (!n || n >= sizeof host || !isdigit((unsigned char)colon[1]))
        return false;
    memcpy(host, text, n);
    host[n] = '\0';
    unsigned long port = strtoul(colon + 1, &end, 10);
    if (*end || port > 65535 || (strchr(host, ':') && *host != '[') || !drmgmt__net_address_parse(host, address))
        return false;
    address->port = (uint16_t)port;
    return true;
}

int drmgmt_trap_listener_add(drmgmt_trap_listener *l, const char *text, drmgmt_error **error)
{
    drmgmt__net_address address;
    struct sockaddr_storage bound;
    socklen_t length = sizeof bound;

    if (!text || !parse(text, &address))
        return drmgmt__fail_full(error, DRMGMT_ERR_INVALID, false, NULL, "address",
                                 "an address and a port are wanted, such as 0.0.0.0:162 or [::]:162");
    if (l->n_sockets == DRMGMT__TRAP_SOCKETS_MAX)
        return drmgmt__fail(error, DRMGMT_ERR_LIMIT, "a trap listener has at most %d addresses",
                            (int)DRMGMT__TRAP_SOCKETS_MAX);
    int fd = drmgmt__net_udp_listen(&address);
    if (fd < 0)
        return drmgmt__fail(error, DRMGMT_ERR_IO, "cannot listen for traps on %s: %s%s", text, strerror(errno),
                            errno == EACCES ? "; ports below 1024 need CAP_NET_BIND_SERVICE" : "");
    drmgmt__trap_socket *s = &l->sockets[l->n_sockets];
    if (getsockname(fd, (struct sockaddr *)&bound, &length) == 0)
        drmgmt__net_address_from((const struct sockaddr *)&bound, length, &address);
    s->fd = fd;
    drmgmt__net_address_print(&address, s->text);
    l->n_sockets++;
    return 0;
}

const char *drmgmt_trap_listener_address(const drmgmt_trap_listener *l, size_t i)
{
    return i < l->n_sockets ? l->sockets[i].text : NULL;
}

void drmgmt_trap_listener_set_rate(drmgmt_trap_listener *l, unsigned per_second)
{
    l->rate = per_second;
}

void drmgmt__trap_wake(drmgmt_trap_listener *l)
{
    uint64_t one = 1;

    while (write(l->wake_fd, &one, sizeof one) < 0 && errno == EINTR)
        ;
}

int drmgmt_trap_listener_run(drmgmt_trap_listener *l, drmgmt_error **error)
{
    sigset_t all, before;
    pthread_t clerk;

    if (!l->n_sockets)
        return drmgmt__fail(error, DRMGMT_ERR_INVALID, "the trap listener has no address: add one first");
    /* Signals are the program's: none is taken by this thread. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(&clerk, NULL, drmgmt__trap_clerk, l);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed)
        return drmgmt__fail(error, DRMGMT_ERR_NO_MEMORY, "the trap listener's thread cannot be started");
    for (size_t i = 0; i < l->n_sockets; i++)
        drmgmt__log(l->context, DRMGMT_LOG_INFO, "listening for SNMP traps", "address", l->sockets[i].text, NULL);
    drmgmt__trap_receive(l);
    pthread_mutex_lock(&l->mutex);
    l->receiver_over = true;
    pthread_cond_signal(&l->clerk_wake);
    pthread_mutex_unlock(&l->mutex);
    pthread_join(clerk, NULL);
    return 0;
}

void drmgmt_trap_listener_stop(drmgmt_trap_listener *l)
{
    atomic_store(&l->stopping, true);
    drmgmt__trap_wake(l);
}

void drmgmt_trap_listener_stats_get(const drmgmt_trap_listener *l, drmgmt_trap_stats *stats)
{
    drmgmt_trap_listener *shared = (drmgmt_trap_listener *)(uintptr_t)l;

    *stats = (drmgmt_trap_stats){
        .received = atomic_load(&l->stats.received),
        .stored = atomic_load(&l->stats.stored),
        .acknowledged = atomic_load(&l->stats.acknowledged),
        .malformed = atomic_load(&l->stats.malformed),
        .unknown = atomic_load(&l->stats.unknown),
        .refused = atomic_load(&l->stats.refused),
        .replayed = atomic_load(&l->stats.replayed),
        .repeated = atomic_load(&l->stats.repeated),
        .dropped = atomic_load(&l->stats.dropped),
    };
    pthread_mutex_lock(&shared->mutex);
    stats->waiting = l->n_events;
    pthread_mutex_unlock(&shared->mutex);
}

void drmgmt_trap_listener_free(drmgmt_trap_listener *l)
{
    if (!l)
        return;
    for (size_t i = 0; i < l->n_sockets; i++)
        close(l->sockets[i].fd);
    if (l->wake_fd >= 0)
        close(l->wake_fd);
    for (drmgmt__trap_event *e = l->events, *next; e; e = next) {
        next = e->next;
        drmgmt__trap_event_free(e);
    }
    for (drmgmt__trap_senders *a = l->answers, *next; a; a = next) {
        next = a->next;
        drmgmt__trap_senders_free(a);
    }
    for (drmgmt__trap_parked *p = l->parked, *next; p; p = next) {
        next = p->next;
        free(p);
    }
    drmgmt__trap_sources_free(l->sources);
    drmgmt__trap_windows_free(l->windows);
    drmgmt__trap_once_free(l->informs);
    drmgmt__metrics_free(l->metrics);
    pthread_cond_destroy(&l->clerk_wake);
    pthread_mutex_destroy(&l->mutex);
    free(l);
}
