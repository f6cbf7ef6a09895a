/* Host names to addresses without blocking the loop: a few threads of our own (desk.c) run getaddrinfo(), answers are
 * kept for 30 s. Called by peer.c. Names, waiters and the cache belong to the loop. */
#include "proto/snmp/snmp.h"

#include "core/core.h"
#include "proto/snmp/desk.h"
#include <netdb.h>
#include <string.h>

enum { THREADS_MAX = 4, NAMES_MAX = 4096, NAME_MAX_BYTES = 253, KEEP_MS = 30000, KEEP_FAILURE_MS = 5000 };

struct job {
    drmgmt__task task; /* first: a task is its job */
    drmgmt__resolving *for_name;
    int error; /* getaddrinfo's */
    drmgmt__net_address address;
    char name[NAME_MAX_BYTES + 1];
};
struct drmgmt__resolving {
    drmgmt__link link;
    TAILQ_HEAD(drmgmt__waiters, drmgmt__waiter) waiters;
    bool pending;
    uint64_t expires_ms;
    int error;
    drmgmt__net_address address;
    char name[NAME_MAX_BYTES + 1];
};

struct drmgmt__resolver {
    drmgmt_loop *loop;
    drmgmt__desk *desk;
    drmgmt__table names;
};

/* ---- in a thread ---- */

/* Of a name with both kinds the IPv4 address: agents that listen on that one only are the rule ("localhost" is the
 * nearest case), and UDP does not tell that the choice was wrong. */
static const struct addrinfo *choose(const struct addrinfo *list)
{
    for (const struct addrinfo *a = list; a; a = a->ai_next)
        if (a->ai_family == AF_INET)
            return a;
    return list;
}

static void look_up(drmgmt__task *task)
{
    struct job *job = (struct job *)task;
    struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_DGRAM, .ai_flags = AI_ADDRCONFIG },
                    *list = NULL;

    job->error = getaddrinfo(job->name, NULL, &hints, &list);
    if (job->error)
        return;
    const struct addrinfo *one = choose(list);
    if (!drmgmt__net_address_from(one->ai_addr, one->ai_addrlen, &job->address))
        job->error = EAI_FAMILY;
    freeaddrinfo(list);
}

static void discard(drmgmt__task *task)
{
    free(task);
}

/* ---- names ---- */

static uint64_t hash_name(const char *name)
{
    return drmgmt__hash(0, name, strlen(name));
}

static void forget(drmgmt__resolver *resolver, drmgmt__resolving *name)
{
    drmgmt__table_remove(&resolver->names, &name->link);
    free(name);
}

static void forget_expired(drmgmt__resolver *resolver, uint64_t now)
{
    for (size_t i = 0; i < resolver->names.n_buckets; i++)
        for (drmgmt__link *link = resolver->names.buckets[i], *next; link; link = next) {
            drmgmt__resolving *name = DRMGMT__OF_LINK(drmgmt__resolving, link, link);
            next = link->next;
            if (!name->pending && name->expires_ms <= now)
                forget(resolver, name);
        }
}

static void tell(const drmgmt__resolving *name, drmgmt__waiter *waiter)
{
    const char *reason = name->error ? gai_strerror(name->error) : NULL;

    waiter->resolved(waiter, name->error ? NULL : &name->address, reason, name->error == EAI_AGAIN);
}

static void finish(drmgmt__task *task, void *owner)
{
    drmgmt__resolver *resolver = owner;
    struct job *job = (struct job *)task;
    drmgmt__resolving *name = job->for_name;
    drmgmt__waiter *waiter;

    name->pending = false;
    name->error = job->error;
    name->address = job->address;
    name->expires_ms = drmgmt_loop_now(resolver->loop) + (job->error ? KEEP_FAILURE_MS : KEEP_MS);
    free(job);
    while ((waiter = TAILQ_FIRST(&name->waiters))) {
        drmgmt__resolve_cancel(waiter);
        name->pending = true; /* keeps it from being forgotten by what the waiter begins */
        tell(name, waiter);
        name->pending = false;
    }
}

static drmgmt__resolving *find_name(drmgmt__resolver *resolver, const char *text)
{
    for (drmgmt__link *link = drmgmt__table_find(&resolver->names, hash_name(text)); link;
         link = drmgmt__table_next(link)) {
        drmgmt__resolving *name = DRMGMT__OF_LINK(drmgmt__resolving, link, link);
        if (strcmp(name->name, text) == 0)
            return name;
    }
    return NULL;
}

/* A new name on its way to a thread; NULL if that cannot be. */
static drmgmt__resolving *ask(drmgmt__resolver *resolver, const char *text)
{
    drmgmt__resolving *name = calloc(1, sizeof *name);
    struct job *job = calloc(1, sizeof *job);

    if (!name || !job || !drmgmt__table_add(&resolver->names, &name->link, hash_name(text))) {
        free(name);
        free(job);
        return NULL;
    }
    TAILQ_INIT(&name->waiters);
    name->pending = true;
    memcpy(name->name, text, strlen(text) + 1);
    memcpy(job->name, text, strlen(text) + 1);
    job->for_name = name;
    job->task = (drmgmt__task){ .work = look_up, .done = finish, .discard = discard };
    if (drmgmt__desk_put(resolver->desk, &job->task))
        return name;
    free(job);
    forget(resolver, name);
    return NULL;
}

static bool is_host_name(const char *text)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._";
    size_t length = strlen(text);

    return length > 0 && length <= NAME_MAX_BYTES && strspn(text, allowed) == length;
}

void drmgmt__resolve(drmgmt__resolver *resolver, const char *text, drmgmt__waiter *waiter)
{
    uint64_t now = drmgmt_loop_now(resolver->loop);

    if (!is_host_name(text)) {
        waiter->resolved(waiter, NULL, "it is neither an address nor a host name", false);
        return;
    }
    drmgmt__resolving *name = find_name(resolver, text);
    if (name && TAILQ_EMPTY(&name->waiters) && name->expires_ms > now) {
        tell(name, waiter);
        return;
    }
    if (name && !name->pending) {
        forget(resolver, name);
        name = NULL;
    }
    if (!name) {
        if (resolver->names.n >= NAMES_MAX)
            forget_expired(resolver, now);
        name = resolver->names.n < NAMES_MAX ? ask(resolver, text) : NULL;
    }
    if (!name) {
        waiter->resolved(waiter, NULL, "too many names are being looked up now", true);
        return;
    }
    waiter->on = name;
    TAILQ_INSERT_TAIL(&name->waiters, waiter, entry);
}

void drmgmt__resolve_cancel(drmgmt__waiter *waiter)
{
    if (waiter->on)
        TAILQ_REMOVE(&waiter->on->waiters, waiter, entry);
    waiter->on = NULL;
}

/* ---- its life ---- */

int drmgmt__resolver_new(drmgmt_loop *loop, drmgmt__resolver **out, drmgmt_error **error)
{
    drmgmt__resolver *resolver = calloc(1, sizeof *resolver);

    if (!resolver)
        return drmgmt__fail_memory(error);
    resolver->loop = loop;
    int rc = drmgmt__desk_new(loop, THREADS_MAX, resolver, &resolver->desk, error);
    if (rc)
        free(resolver);
    else
        *out = resolver;
    return rc;
}

void drmgmt__resolver_free(drmgmt__resolver *resolver)
{
    if (!resolver)
        return;
    drmgmt__desk_free(resolver->desk);
    for (size_t i = 0; i < resolver->names.n_buckets; i++)
        while (resolver->names.buckets[i])
            forget(resolver, DRMGMT__OF_LINK(drmgmt__resolving, link, resolver->names.buckets[i]));
    drmgmt__table_free(&resolver->names);
    free(resolver);
}
