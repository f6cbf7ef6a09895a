/* The combiner: per key one leader at a time; whoever comes meanwhile queues up, and the first of them leads next, for
 * all that have queued by then. Called by job/submit.c. */
#include "core/combine.h"

#include "core/core.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct waiter {
    void *item;
    pthread_cond_t changed;
    bool done, leads;
    struct waiter *next;
};

/* A key with a leader. */
struct line {
    char key[256];
    struct waiter *first, **last;
    struct line *next;
};

struct drmgmt__combiner {
    pthread_mutex_t mutex;
    struct line *lines; /* as many as calls of different keys are under way: few */
};

struct drmgmt__combiner *drmgmt__combiner_new(void)
{
    struct drmgmt__combiner *c = calloc(1, sizeof *c);

    if (c)
        pthread_mutex_init(&c->mutex, NULL);
    return c;
}

void drmgmt__combiner_free(struct drmgmt__combiner *combiner)
{
    if (!combiner)
        return;
    pthread_mutex_destroy(&combiner->mutex);
    free(combiner);
}

static struct line *find(struct drmgmt__combiner *c, const char *key)
{
    struct line *line = c->lines;

    while (line && strcmp(line->key, key) != 0)
        line = line->next;
    return line;
}

static struct line *open_line(struct drmgmt__combiner *c, const char *key)
{
    struct line *line = calloc(1, sizeof *line);

    if (line) {
        snprintf(line->key, sizeof line->key, "%s", key);
        line->last = &line->first;
        line->next = c->lines;
        c->lines = line;
    }
    return line;
}

static void close_line(struct drmgmt__combiner *c, struct line *line)
{
    struct line **at = &c->lines;

    while (*at != line)
        at = &(*at)->next;
    *at = line->next;
    free(line);
}

/* Takes the first of the queue off it; returns how many. */
static size_t take(struct line *line, struct waiter *batch[DRMGMT__COMBINE_MAX])
{
    size_t n = 0;

    while (line->first && n < DRMGMT__COMBINE_MAX) {
        batch[n++] = line->first;
        line->first = line->first->next;
    }
    if (!line->first)
        line->last = &line->first;
    return n;
}

static void pass_on(struct drmgmt__combiner *c, struct line *line)
{
    if (line->first) {
        line->first->leads = true;
        pthread_cond_signal(&line->first->changed);
    } else {
        close_line(c, line);
    }
}

/* With the mutex held, which is let go meanwhile; self is the first of the batch. */
static void lead(struct drmgmt__combiner *c, struct line *line, struct waiter *const *batch, size_t n,
                 drmgmt__combine_fn *fn)
{
    void *items[DRMGMT__COMBINE_MAX];

    for (size_t i = 0; i < n; i++)
        items[i] = batch[i]->item;
    pthread_mutex_unlock(&c->mutex);
    fn(items, n);
    pthread_mutex_lock(&c->mutex);
    for (size_t i = 1; i < n; i++) {
        batch[i]->done = true;
        pthread_cond_signal(&batch[i]->changed);
    }
    pass_on(c, line);
}

static void follow(struct drmgmt__combiner *c, struct line *line, struct waiter *self, drmgmt__combine_fn *fn)
{
    struct waiter *batch[DRMGMT__COMBINE_MAX];

    pthread_cond_init(&self->changed, NULL);
    *line->last = self;
    line->last = &self->next;
    while (!self->done && !self->leads)
        pthread_cond_wait(&self->changed, &c->mutex);
    if (!self->done) {
        size_t n = take(line, batch);
        lead(c, line, batch, n, fn);
    }
    pthread_cond_destroy(&self->changed);
}

void drmgmt__combine(struct drmgmt__combiner *combiner, const char *key, void *item, drmgmt__combine_fn *fn)
{
    struct waiter self = { .item = item };
    struct waiter *alone = &self;

    pthread_mutex_lock(&combiner->mutex);
    struct line *line = find(combiner, key);
    if (line) {
        follow(combiner, line, &self, fn);
    } else if ((line = open_line(combiner, key))) {
        lead(combiner, line, &alone, 1, fn);
    } else { /* no memory for company */
        pthread_mutex_unlock(&combiner->mutex);
        fn(&item, 1);
        return;
    }
    pthread_mutex_unlock(&combiner->mutex);
}
