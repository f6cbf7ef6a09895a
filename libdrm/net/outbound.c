/* Rules of tenants, kept for seconds, and the system's own servers as their URLs and connections name them. Called by
 * worker/ledger.c and by HTTP to a tenant's hosts; calls the store for the rules. */
#include "net/outbound.h"

#include "core/context_internal.h"
#include "core/core.h"
#include "core/strbuf.h"
#include "queries.h"
#include "queue/address.h"
#include "store/array.h"
#include "store/store.h"
#include <netdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BUCKETS = 512, IDLE_MS = 10000, RESOLVE_EVERY_MS = 60000 };

struct entry {
    struct entry *next;
    drmgmt__net_policy *policy;
    uint64_t read_ms, used_ms; /* monotonic; read_ms 0: never */
    bool asked;                /* by the reading that is being put together; the mutex is held all along */
    char tenant_id[DRMGMT__UUID_SIZE];
};

struct drmgmt__outbound {
    drmgmt_context *context;
    drmgmt__net_host *host;
    pthread_mutex_t mutex;
    struct entry *buckets[BUCKETS];
    atomic_bool moved; /* a connection was made since the URLs' names were looked up */
    uint64_t resolved_ms;
};

/* What one query asks for: tenants, and a reference to the policy of each. */
struct reading {
    struct {
        drmgmt__net_policy *policy;
        char tenant_id[DRMGMT__UUID_SIZE];
    } * items;
    size_t n, size;
    uint64_t at_ms;
};

int drmgmt__outbound_new(drmgmt_context *context, struct drmgmt__outbound **outbound, drmgmt_error **error)
{
    const drmgmt_options *options = &context->options;
    struct drmgmt__outbound *o = calloc(1, sizeof *o);

    if (!o || !(o->host = drmgmt__net_host_new())) {
        free(o);
        return drmgmt__fail_memory(error);
    }
    o->context = context;
    pthread_mutex_init(&o->mutex, NULL);
    atomic_init(&o->moved, true);
    *outbound = o;
    for (unsigned i = 0; i < options->n_host_rules; i++)
        if (drmgmt__net_host_allow(o->host, &options->host_rules[i]))
            return drmgmt__fail_memory(error);
    return 0;
}

static void free_entry(struct entry *entry)
{
    drmgmt__net_policy_unref(entry->policy);
    free(entry);
}

void drmgmt__outbound_free(struct drmgmt__outbound *o)
{
    if (!o)
        return;
    for (size_t i = 0; i < BUCKETS; i++)
        while (o->buckets[i]) {
            struct entry *next = o->buckets[i]->next;
            free_entry(o->buckets[i]);
            o->buckets[i] = next;
        }
    pthread_mutex_destroy(&o->mutex);
    drmgmt__net_host_free(o->host);
    free(o);
}

/* ---- the system's own servers ---- */

void drmgmt__outbound_own(drmgmt_context *context, int fd)
{
    struct drmgmt__outbound *o = context->outbound;
    struct sockaddr_storage peer;
    socklen_t length = sizeof peer;
    drmgmt__net_address address;

    if (!o)
        return;
    atomic_store(&o->moved, true);
    if (!getpeername(fd, (struct sockaddr *)&peer, &length) &&
        drmgmt__net_address_from((const struct sockaddr *)&peer, length, &address))
        (void)drmgmt__net_host_own(o->host, &address); /* without memory: the next connection tells it again */
}

/* One host of a URL. A Unix socket's server usually listens at its port as well, on this machine. */
static void own_host(void *user, const char *host, const char *port)
{
    const struct drmgmt__outbound *o = user;
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *list = NULL;
    drmgmt__net_address address;

    int rc = getaddrinfo(*host && *host != '/' && *host != '@' ? host : "127.0.0.1", port, &hints, &list);
    if (rc)
        drmgmt__log(
            o->context, DRMGMT_LOG_WARNING,
            "a server of this system is not found by its name: it is kept from devices' jobs once it is connected",
            "host", host, "error", gai_strerror(rc), NULL);
    for (const struct addrinfo *a = rc ? NULL : list; a; a = a->ai_next)
        if (drmgmt__net_address_from(a->ai_addr, a->ai_addrlen, &address))
            (void)drmgmt__net_host_own(o->host, &address);
    if (!rc)
        freeaddrinfo(list);
}

/* Looked up when libpq or the Redis client have just done the same, so that a dead name server holds up nothing new. */
static void look_up_own(struct drmgmt__outbound *o)
{
    const drmgmt_options *options = &o->context->options;
    uint64_t now = drmgmt__monotonic_ms();
    drmgmt__redis_address redis;

    pthread_mutex_lock(&o->mutex);
    bool due = (!o->resolved_ms || now - o->resolved_ms >= RESOLVE_EVERY_MS) && atomic_exchange(&o->moved, false);
    if (due)
        o->resolved_ms = now;
    pthread_mutex_unlock(&o->mutex);
    if (!due)
        return;
    drmgmt__url_each_host(options->database_url, own_host, o);
    if (!options->redis_url || drmgmt__redis_address_parse(options->redis_url, &redis))
        return;
    if (!redis.path[0])
        own_host(o, redis.host, redis.port);
    drmgmt__wipe(&redis, sizeof redis);
}

/* ---- tenants; the mutex is held ---- */

static struct entry **bucket_of(struct drmgmt__outbound *o, const char *tenant_id)
{
    uint32_t hash = 2166136261u;

    for (const char *c = tenant_id; *c; c++)
        hash = (hash ^ (unsigned char)*c) * 16777619u;
    return &o->buckets[hash % BUCKETS];
}

static struct entry *find(struct drmgmt__outbound *o, const char *tenant_id)
{
    struct entry *entry = *bucket_of(o, tenant_id);

    while (entry && strcmp(entry->tenant_id, tenant_id) != 0)
        entry = entry->next;
    return entry;
}

static struct entry *find_or_add(struct drmgmt__outbound *o, const char *tenant_id)
{
    struct entry *entry = find(o, tenant_id), **bucket = bucket_of(o, tenant_id);

    if (entry)
        return entry;
    entry = calloc(1, sizeof *entry);
    if (!entry || !(entry->policy = drmgmt__net_policy_new(o->host))) {
        free(entry);
        return NULL;
    }
    snprintf(entry->tenant_id, sizeof entry->tenant_id, "%s", tenant_id);
    entry->next = *bucket;
    *bucket = entry;
    return entry;
}

static bool is_fresh(const struct entry *entry, uint64_t now)
{
    return entry->read_ms && now - entry->read_ms < DRMGMT__OUTBOUND_KEEP_MS;
}

static bool ask(struct reading *r, struct entry *entry)
{
    if (entry->asked)
        return true;
    if (r->n == r->size) {
        size_t size = r->size ? r->size * 2 : 16;
        void *items = realloc(r->items, size * sizeof *r->items);
        if (!items)
            return false;
        r->items = items;
        r->size = size;
    }
    entry->asked = true;
    memcpy(r->items[r->n].tenant_id, entry->tenant_id, sizeof entry->tenant_id);
    r->items[r->n++].policy = drmgmt__net_policy_ref(entry->policy);
    return true;
}

static void end_asking(struct drmgmt__outbound *o, const struct reading *r)
{
    for (size_t i = 0; i < r->n; i++)
        find(o, r->items[i].tenant_id)->asked = false; /* referenced by the reading: not forgotten */
}

static void clear_reading(struct reading *r)
{
    for (size_t i = 0; i < r->n; i++)
        drmgmt__net_policy_unref(r->items[i].policy);
    free(r->items);
}

/* ---- reading ---- */

/* The columns of sched_outbound.sql, in order. */
static bool read_rule(const drmgmt__rows *rows, size_t row, drmgmt__net_rule *rule)
{
    *rule = (drmgmt__net_rule){ .port_first = (uint16_t)drmgmt__rows_int(rows, row, 3),
                                .port_last = (uint16_t)drmgmt__rows_int(rows, row, 4),
                                .transports = (uint8_t)drmgmt__net_transport_parse(drmgmt__rows_text(rows, row, 5)) };
    snprintf(rule->id, sizeof rule->id, "%s", drmgmt__rows_text(rows, row, 1));
    return !drmgmt__net_block_parse(drmgmt__rows_text(rows, row, 2), &rule->block);
}

/* The rules of rows first..last-1. False: memory is out. */
static bool set_rules(const drmgmt__rows *rows, size_t first, size_t last, drmgmt__net_policy *policy)
{
    drmgmt__net_rule *rules = first < last ? malloc((last - first) * sizeof *rules) : NULL;
    size_t n = 0;

    if (first < last && !rules)
        return false;
    for (size_t row = first; row < last; row++)
        n += read_rule(rows, row, &rules[n]);
    drmgmt__net_policy_set(policy, rules, n);
    return true;
}

/* Rules of one tenant stand together; a tenant that was asked for and has no row has no rules. What another thread has
 * read since this one asked stays. */
static int take_rules(struct drmgmt__outbound *o, const struct reading *r, const drmgmt__rows *rows,
                      drmgmt_error **error)
{
    size_t count = drmgmt__rows_count(rows), last;
    bool ok = true;

    pthread_mutex_lock(&o->mutex);
    for (size_t first = 0; ok && first < count; first = last) {
        const char *tenant_id = drmgmt__rows_text(rows, first, 0);
        struct entry *entry = find(o, tenant_id);
        for (last = first + 1; last < count && strcmp(drmgmt__rows_text(rows, last, 0), tenant_id) == 0;)
            last++;
        if (!entry || entry->read_ms >= r->at_ms)
            continue;
        ok = set_rules(rows, first, last, entry->policy);
        entry->read_ms = ok ? r->at_ms : entry->read_ms;
    }
    for (size_t i = 0; ok && i < r->n; i++) {
        struct entry *entry = find(o, r->items[i].tenant_id);
        if (entry->read_ms >= r->at_ms)
            continue;
        ok = set_rules(rows, 0, 0, entry->policy);
        entry->read_ms = r->at_ms;
    }
    pthread_mutex_unlock(&o->mutex);
    return ok ? 0 : drmgmt__fail_memory(error);
}

static int run_reading(drmgmt_session *system, const struct reading *r, drmgmt_error **error)
{
    DRMGMT__STRBUF ids = DRMGMT__STRBUF_INIT;
    DRMGMT__ROWS drmgmt__rows *rows = NULL;
    drmgmt__params p = DRMGMT__PARAMS_INIT;

    if (r->n == 0)
        return 0;
    for (size_t i = 0; i < r->n; i++)
        drmgmt__array_add(&ids, r->items[i].tenant_id);
    drmgmt__array_end(&ids);
    if (ids.failed)
        return drmgmt__fail_memory(error);
    drmgmt__param(&p, ids.data);
    int rc = drmgmt__run(system, DRMGMT_PERM_NONE, DRMGMT__READ, &drmgmt__q_sched_outbound, &p, &rows, error);
    return rc ? rc : take_rules(drmgmt_session_context(system)->outbound, r, rows, error);
}

static void drop(drmgmt__net_policy **policies, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        drmgmt__net_policy_unref(policies[i]);
        policies[i] = NULL;
    }
}

int drmgmt__outbound_get(drmgmt_session *system, const char *const *tenant_ids, size_t n, drmgmt__net_policy **policies,
                         drmgmt_error **error)
{
    struct drmgmt__outbound *o = drmgmt_session_context(system)->outbound;
    struct reading r = { .at_ms = drmgmt__monotonic_ms() };
    size_t given = 0;
    bool ok = true;

    look_up_own(o);
    pthread_mutex_lock(&o->mutex);
    while (ok && given < n) {
        struct entry *entry = find_or_add(o, tenant_ids[given]);
        ok = entry && (is_fresh(entry, r.at_ms) || ask(&r, entry));
        if (!ok)
            break;
        entry->used_ms = r.at_ms;
        policies[given++] = drmgmt__net_policy_ref(entry->policy);
    }
    end_asking(o, &r);
    pthread_mutex_unlock(&o->mutex);
    int rc = ok ? run_reading(system, &r, error) : drmgmt__fail_memory(error);
    if (rc)
        drop(policies, given);
    clear_reading(&r);
    return rc;
}

/* Puts together what is in use and forgets the rest. The mutex is held. */
static bool sweep(struct drmgmt__outbound *o, struct reading *r)
{
    bool ok = true;

    for (size_t i = 0; i < BUCKETS; i++)
        for (struct entry **link = &o->buckets[i], *entry; ok && (entry = *link);) {
            if (!drmgmt__net_policy_shared(entry->policy) && r->at_ms - entry->used_ms > IDLE_MS) {
                *link = entry->next;
                free_entry(entry);
                continue;
            }
            ok = ask(r, entry);
            link = &entry->next;
        }
    return ok;
}

int drmgmt__outbound_refresh(drmgmt_session *system, drmgmt_error **error)
{
    struct drmgmt__outbound *o = drmgmt_session_context(system)->outbound;
    struct reading r = { .at_ms = drmgmt__monotonic_ms() };

    pthread_mutex_lock(&o->mutex);
    bool ok = sweep(o, &r);
    end_asking(o, &r);
    pthread_mutex_unlock(&o->mutex);
    if (r.n)
        look_up_own(o);
    int rc = ok ? run_reading(system, &r, error) : drmgmt__fail_memory(error);
    clear_reading(&r);
    return rc;
}

int drmgmt__outbound_policy(drmgmt_session *session, const drmgmt__rows *rows, drmgmt__net_policy **policy,
                            drmgmt_error **error)
{
    struct drmgmt__outbound *o = drmgmt_session_context(session)->outbound;
    drmgmt__net_policy *made = drmgmt__net_policy_new(o->host);

    look_up_own(o);
    if (!made || !set_rules(rows, 0, drmgmt__rows_count(rows), made)) {
        drmgmt__net_policy_unref(made);
        return drmgmt__fail_memory(error);
    }
    *policy = made;
    return 0;
}
