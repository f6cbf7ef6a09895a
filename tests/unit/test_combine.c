/* Group commit: every item once, one group of a key at a time, together what came together. */
#include "core/combine.h"
#include "core/core.h"
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

enum { THREADS = 24, ROUNDS = 200, KEYS = 3 };

struct item {
    int key, value;
    atomic_int runs;
};

static atomic_int inside[KEYS], groups, items_run, largest;

static void work(void *const *items, size_t n)
{
    const struct item *first = items[0];

    cr_assert(n >= 1 && n <= DRMGMT__COMBINE_MAX);
    cr_assert_eq(atomic_fetch_add(&inside[first->key], 1), 0, "two groups of one key at the same time");
    for (size_t i = 0; i < n; i++) {
        struct item *item = items[i];
        cr_assert_eq(item->key, first->key);
        atomic_fetch_add(&item->runs, 1);
    }
    usleep(50);
    atomic_fetch_add(&groups, 1);
    atomic_fetch_add(&items_run, (int)n);
    for (int seen = largest; (int)n > seen && !atomic_compare_exchange_weak(&largest, &seen, (int)n);)
        ;
    atomic_fetch_sub(&inside[first->key], 1);
}

static struct drmgmt__combiner *combiner;

static void *call_often(void *argument)
{
    int key = *(const int *)argument % KEYS;
    static const char *const names[KEYS] = { "a", "b", "c" };

    for (int i = 0; i < ROUNDS; i++) {
        struct item item = { .key = key, .value = i };
        drmgmt__combine(combiner, names[key], &item, work);
        cr_assert_eq(item.runs, 1);
    }
    return NULL;
}

Test(combine, every_item_runs_once_and_groups_form)
{
    pthread_t threads[THREADS];
    int numbers[THREADS];

    combiner = drmgmt__combiner_new();
    for (int i = 0; i < THREADS; i++) {
        numbers[i] = i;
        cr_assert_eq(pthread_create(&threads[i], NULL, call_often, &numbers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    cr_assert_eq(items_run, THREADS * ROUNDS);
    cr_assert_lt(groups, items_run);
    cr_assert_gt(largest, 1);
    drmgmt__combiner_free(combiner);
}

static void alone(void *const *items, size_t n)
{
    cr_assert_eq(n, 1);
    *(bool *)items[0] = true;
}

Test(combine, an_idle_key_is_served_at_once)
{
    bool ran = false;

    combiner = drmgmt__combiner_new();
    drmgmt__combine(combiner, "key", &ran, alone);
    cr_assert(ran);
    drmgmt__combiner_free(combiner);
}

static atomic_bool blocked, release_it;

static void block(void *const *items, size_t n)
{
    (void)items;
    (void)n;
    blocked = true;
    while (!release_it)
        usleep(100);
}

static void *call_blocking(void *argument)
{
    drmgmt__combine(combiner, "slow", argument, block);
    return NULL;
}

Test(combine, another_key_does_not_wait)
{
    pthread_t thread;
    bool ran = false, unused = false;

    combiner = drmgmt__combiner_new();
    cr_assert_eq(pthread_create(&thread, NULL, call_blocking, &unused), 0);
    while (!blocked)
        usleep(100);
    drmgmt__combine(combiner, "fast", &ran, alone);
    cr_assert(ran);
    release_it = true;
    pthread_join(thread, NULL);
    drmgmt__combiner_free(combiner);
}
