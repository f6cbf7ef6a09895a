/* Remembers for moments which tenants' queues are full. Called by job/ before and after it asks PostgreSQL. */
#include "limit/limit.h"

#include "core/core.h"
#include <pthread.h>
#include <string.h>

/* A few tenants at once; one that finds no place is asked after each time. To count takes PostgreSQL well below a
 * microsecond a job: so it spends a fifth of a core on a queue that stays full, at most. */
enum { PLACES = 64, US_A_JOB = 2, LONGEST_US = 500000 };

struct place {
    char tenant_id[DRMGMT__UUID_SIZE];
    uint64_t until_us; /* monotonic */
    int64_t limit, used;
};

struct drmgmt__full {
    pthread_mutex_t mutex;
    struct place places[PLACES];
};

struct drmgmt__full *drmgmt__full_new(void)
{
    struct drmgmt__full *full = calloc(1, sizeof *full);

    if (full)
        pthread_mutex_init(&full->mutex, NULL);
    return full;
}

void drmgmt__full_free(struct drmgmt__full *full)
{
    if (!full)
        return;
    pthread_mutex_destroy(&full->mutex);
    free(full);
}

int drmgmt__full_check(struct drmgmt__full *full, const char *tenant_id, drmgmt_error **error)
{
    struct place found = { .limit = -1 };
    uint64_t now = drmgmt__monotonic_us();

    pthread_mutex_lock(&full->mutex);
    for (size_t i = 0; i < PLACES && found.limit < 0; i++)
        if (full->places[i].until_us > now && strcmp(full->places[i].tenant_id, tenant_id) == 0)
            found = full->places[i];
    pthread_mutex_unlock(&full->mutex);
    if (found.limit < 0)
        return 0;
    const drmgmt__quota_state state = { "queued_jobs", found.limit, found.used, 1 };
    return drmgmt__fail_quota(error, DRMGMT_ERR_LIMIT, &state,
                              "the quota \"%s\" is used up: %lld of %lld: wait until some have ended", state.quota,
                              (long long)state.used, (long long)state.limit);
}

void drmgmt__full_note(struct drmgmt__full *full, const char *tenant_id, const drmgmt_error *failure)
{
    const char *quota = drmgmt_error_quota(failure);
    uint64_t now = drmgmt__monotonic_us();
    struct place *place = NULL;

    if (!quota || drmgmt_error_status(failure) != DRMGMT_ERR_LIMIT)
        return;
    int64_t limit = drmgmt_error_quota_limit(failure), used = drmgmt_error_quota_used(failure);
    /* Room for one more, if not for as many as were asked for: that is no full queue. */
    if (used < limit)
        return;
    int64_t us = limit * US_A_JOB < LONGEST_US ? limit * US_A_JOB : LONGEST_US;
    pthread_mutex_lock(&full->mutex);
    for (size_t i = 0; i < PLACES && !place; i++)
        if (full->places[i].until_us <= now || strcmp(full->places[i].tenant_id, tenant_id) == 0)
            place = &full->places[i];
    if (place) {
        memcpy(place->tenant_id, tenant_id, sizeof place->tenant_id);
        place->until_us = now + (uint64_t)us;
        place->limit = limit;
        place->used = used;
    }
    pthread_mutex_unlock(&full->mutex);
}
