/* The pool of PostgreSQL connections of a context. Called by run.c, tx.c and the health call. Last in, first out, so
 * that few connections stay warm; a server that went away is noticed once, for all idle ones. */
#include "core/context_internal.h"
#include "core/core.h"
#include "store/connection.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* How long after a failed attempt to connect others fail at once instead of waiting for the same. */
enum { RETRY_AFTER_MS = 200 };

struct drmgmt__pool {
    drmgmt_context *context;
    pthread_mutex_t mutex;
    pthread_cond_t freed;
    drmgmt__connection *idle;
    unsigned open, generation;
    uint64_t failed_at; /* monotonic ms; 0: the last attempt succeeded */
};

int drmgmt__url_check(const char *url, drmgmt_error **error)
{
    char *message = NULL;
    PQconninfoOption *options = PQconninfoParse(url, &message);
    bool good = options != NULL;

    PQconninfoFree(options);
    PQfreemem(message);
    return good ? 0
                : drmgmt__fail_full(error, DRMGMT_ERR_INVALID, false, NULL, "database_url",
                                    "the database URL is malformed: postgresql://user:password@host:port/database is "
                                    "expected, special characters as %%XX");
}

static const char *value_of(const PQconninfoOption *options, const char *keyword)
{
    for (; options->keyword; options++)
        if (strcmp(options->keyword, keyword) == 0)
            return options->val ? options->val : options->compiled ? options->compiled : "";
    return "";
}

/* The i-th part of a comma-separated list, the only one when it has but one, "" past the end. */
static void nth(const char *list, size_t i, char *out, size_t size)
{
    for (bool lone = !strchr(list, ','); list && i > 0 && !lone; i--) {
        list = strchr(list, ',');
        list += list ? 1 : 0;
    }
    snprintf(out, size, "%.*s", list ? (int)strcspn(list, ",") : 0, list ? list : "");
}

void drmgmt__url_each_host(const char *url, void (*each)(void *user, const char *host, const char *port), void *user)
{
    PQconninfoOption *options = PQconninfoParse(url, NULL);
    char host[256], address[64], port[16];

    if (!options)
        return;
    const char *hosts = value_of(options, "host"), *addresses = value_of(options, "hostaddr");
    const char *longest = strlen(addresses) > strlen(hosts) ? addresses : hosts;
    size_t n = 1;
    for (const char *c = longest; *c; c++)
        n += *c == ',';
    for (size_t i = 0; i < n; i++) {
        nth(hosts, i, host, sizeof host);
        nth(addresses, i, address, sizeof address);
        nth(value_of(options, "port"), i, port, sizeof port);
        each(user, *address ? address : host, *port ? port : "5432");
    }
    PQconninfoFree(options);
}

int drmgmt__pool_new(drmgmt_context *context, struct drmgmt__pool **pool, drmgmt_error **error)
{
    struct drmgmt__pool *p = NULL;
    pthread_condattr_t attributes;

    int rc = drmgmt__url_check(context->options.database_url, error);
    if (rc)
        return rc;
    if (!(p = calloc(1, sizeof *p)))
        return drmgmt__fail_memory(error);
    p->context = context;
    pthread_mutex_init(&p->mutex, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&p->freed, &attributes);
    pthread_condattr_destroy(&attributes);
    *pool = p;
    return 0;
}

static void close_all(drmgmt__connection *c)
{
    while (c) {
        drmgmt__connection *next = c->next;
        drmgmt__connection_close(c);
        c = next;
    }
}

void drmgmt__pool_free(struct drmgmt__pool *pool)
{
    if (!pool)
        return;
    close_all(pool->idle);
    pthread_cond_destroy(&pool->freed);
    pthread_mutex_destroy(&pool->mutex);
    free(pool);
}

/* An idle connection, or the right to open one of *generation (*connection NULL). */
static int take(struct drmgmt__pool *pool, drmgmt__connection **connection, unsigned *generation, drmgmt_error **error)
{
    const drmgmt_options *o = &pool->context->options;
    struct timespec until;
    int rc = 0;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += o->acquire_ms / 1000;
    until.tv_nsec += (long)(o->acquire_ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    *connection = NULL;
    pthread_mutex_lock(&pool->mutex);
    while (!pool->idle && pool->open >= o->pool_size && !rc)
        rc = pthread_cond_timedwait(&pool->freed, &pool->mutex, &until);
    if (pool->idle) {
        *connection = pool->idle;
        pool->idle = (*connection)->next;
        (*connection)->next = NULL;
        rc = 0;
    } else if (pool->open >= o->pool_size) {
        rc = drmgmt__fail_full(error, DRMGMT_ERR_LIMIT, true, NULL, NULL,
                               "all %u database connections were busy for %u ms: try again", o->pool_size,
                               o->acquire_ms);
    } else if (pool->failed_at && drmgmt__monotonic_ms() - pool->failed_at < RETRY_AFTER_MS) {
        rc = drmgmt__fail_full(error, DRMGMT_ERR_UNAVAILABLE, true, NULL, NULL, "PostgreSQL cannot be reached");
    } else {
        rc = 0;
        pool->open++;
        *generation = pool->generation;
    }
    pthread_mutex_unlock(&pool->mutex);
    return rc;
}

static int open_new(struct drmgmt__pool *pool, drmgmt__connection **connection, unsigned generation,
                    drmgmt_error **error)
{
    int rc = drmgmt__connection_open(pool->context, connection, error);

    pthread_mutex_lock(&pool->mutex);
    if (rc) {
        pool->open--;
        pool->failed_at = drmgmt__monotonic_ms();
        pthread_cond_signal(&pool->freed);
    } else {
        pool->failed_at = 0;
        (*connection)->generation = generation;
    }
    pthread_mutex_unlock(&pool->mutex);
    return rc;
}

int drmgmt__pool_get(struct drmgmt__pool *pool, drmgmt__connection **connection, drmgmt_error **error)
{
    unsigned generation = 0;
    int rc;

    /* One that died while it was idle is noticed here: afterwards nobody could tell whether a write was carried out. */
    while (!(rc = take(pool, connection, &generation, error)) && *connection && drmgmt__connection_stale(*connection)) {
        (*connection)->broken = true;
        drmgmt__pool_put(pool, *connection);
    }
    return rc || *connection ? rc : open_new(pool, connection, generation, error);
}

void drmgmt__pool_put(struct drmgmt__pool *pool, drmgmt__connection *c)
{
    drmgmt__connection *dead = NULL;

    if (!drmgmt__connection_idle(c))
        c->broken = true;
    pthread_mutex_lock(&pool->mutex);
    if (c->broken && c->generation == pool->generation) {
        /* The others were opened to the same server: most likely they are dead as well. */
        pool->generation++;
        for (drmgmt__connection *i = pool->idle; i; i = i->next)
            pool->open--;
        dead = pool->idle;
        pool->idle = NULL;
    }
    if (c->broken || c->generation != pool->generation) {
        pool->open--;
        c->next = dead;
        dead = c;
    } else {
        c->next = pool->idle;
        pool->idle = c;
    }
    if (dead)
        pthread_cond_broadcast(&pool->freed);
    else
        pthread_cond_signal(&pool->freed);
    pthread_mutex_unlock(&pool->mutex);
    close_all(dead);
}
