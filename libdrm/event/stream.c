/* All events of a tenant as one stream, with filters and the rights of who follows. Events are in Redis, where no row
 * of the database can be checked: so the database is asked here, about devices and jobs of which the answer is not
 * known or old. Called by programs; calls queue and store. */
#include <drm/event.h>

#include "auth/auth.h"
#include "core/core.h"
#include "queries.h"
#include "queue/queue.h"
#include "store/store.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    RIGHTS_MS = 15000, /* how long an answer of the database is good for */
    PLACES = 1024,     /* devices and jobs that are remembered */
    KIND_MAX = 63
};

typedef enum hold { HOLDS_NOT, ON_SOME, ON_ALL } hold;

/* What is known of a device or a job. */
struct place {
    char id[37];
    char device_id[37]; /* "": the follower does not see it */
    uint64_t until_ms;
};

struct drmgmt_event_stream {
    drmgmt_session *session;
    drmgmt_subscription *subscription;
    char kind[KIND_MAX + 1]; /* "": all */
    char device_id[37];      /* "": all */
    char position[64];
    hold jobs, devices;
    uint64_t rights_until_ms;
    struct place places[PLACES]; /* by hash; a newer one takes the place of an older */
};

/* ---- rights ---- */

/* On which devices the actor holds a permission. Refusals are no matter for the audit trail: nothing was asked for. */
static int ask_hold(drmgmt_session *session, drmgmt_permission permission, hold *h, drmgmt_error **error)
{
    DRMGMT__ROWS drmgmt__rows *rows = NULL;
    drmgmt_error *failure = NULL;
    int rc = drmgmt__run(session, permission, DRMGMT__READ | DRMGMT__TRIAL, &drmgmt__q_auth_on_all_devices, NULL, &rows,
                         &failure);

    if (!rc)
        *h = drmgmt__rows_bool(rows, 0, 0) ? ON_ALL : ON_SOME;
    if (rc == DRMGMT_ERR_FORBIDDEN) {
        *h = HOLDS_NOT;
        rc = 0;
    }
    if (rc && error)
        *error = DRMGMT__STEAL(failure);
    drmgmt_error_free(failure);
    return rc;
}

static int ask_rights(drmgmt_event_stream *s, drmgmt_error **error)
{
    int rc = ask_hold(s->session, DRMGMT_PERM_EVENT_READ, &s->devices, error);

    if (!rc)
        rc = ask_hold(s->session, DRMGMT_PERM_JOB_READ, &s->jobs, error);
    if (!rc)
        s->rights_until_ms = drmgmt__monotonic_ms() + RIGHTS_MS;
    return rc;
}

/* A database that is away for a while is no reason to end the stream: what was held is held until it answers. */
static int keep_rights(drmgmt_event_stream *s, drmgmt_error **error)
{
    drmgmt_error *failure = NULL;

    if (drmgmt__monotonic_ms() < s->rights_until_ms)
        return 0;
    int rc = ask_rights(s, &failure);
    if (rc && drmgmt_error_retryable(failure)) {
        s->rights_until_ms = drmgmt__monotonic_ms() + 1000;
        drmgmt_error_free(failure);
        return 0;
    }
    if (rc) {
        if (error)
            *error = failure;
        else
            drmgmt_error_free(failure);
        return rc;
    }
    return s->devices == HOLDS_NOT
               ? drmgmt__fail(error, DRMGMT_ERR_FORBIDDEN, "your role does not allow following events any more")
               : 0;
}

/* ---- what is known of devices and jobs ---- */

static struct place *place_of(drmgmt_event_stream *s, const char *id)
{
    uint32_t h = 2166136261u; /* FNV-1a */

    for (const char *p = id; *p; p++)
        h = (h ^ (unsigned char)*p) * 16777619u;
    return &s->places[h % PLACES];
}

/* The time a job was made, less a day, as PostgreSQL reads it. */
static void day_before(const char *job_id, char out[DRMGMT__TIME_SIZE])
{
    drmgmt__time_write(drmgmt__uuid_time_ms(job_id) - INT64_C(86400000), out);
}

static int ask_place(drmgmt_event_stream *s, struct place *p, const char *id, bool job, drmgmt_error **error)
{
    DRMGMT__ROWS drmgmt__rows *rows = NULL;
    drmgmt__params params = DRMGMT__PARAMS_INIT;
    char since[DRMGMT__TIME_SIZE];

    day_before(id, since);
    drmgmt__param(&params, id);
    if (job)
        drmgmt__param(&params, since);
    int rc = drmgmt__run(s->session, job ? DRMGMT_PERM_JOB_READ : DRMGMT_PERM_EVENT_READ, DRMGMT__READ | DRMGMT__TRIAL,
                         job ? &drmgmt__q_event_job_device : &drmgmt__q_event_sees_device, &params, &rows, error);
    if (rc)
        return rc;
    *p = (struct place){ .until_ms = drmgmt__monotonic_ms() + RIGHTS_MS };
    snprintf(p->id, sizeof p->id, "%s", id);
    const char *device = drmgmt__rows_count(rows) ? drmgmt__rows_text(rows, 0, 0) : NULL;
    if (job)
        snprintf(p->device_id, sizeof p->device_id, "%s", device ? device : "");
    else if (drmgmt__rows_bool(rows, 0, 0))
        memcpy(p->device_id, p->id, sizeof p->device_id);
    return 0;
}

/* *seen false: it is not the follower's to see. */
static int look(drmgmt_event_stream *s, const char *id, bool job, char device_id[37], bool *seen, drmgmt_error **error)
{
    struct place *p = place_of(s, id);

    if (strcmp(p->id, id) != 0 || drmgmt__monotonic_ms() >= p->until_ms) {
        int rc = ask_place(s, p, id, job, error);
        if (rc)
            return rc;
    }
    memcpy(device_id, p->device_id, sizeof p->device_id);
    *seen = p->device_id[0] != '\0';
    return 0;
}

/* ---- filters ---- */

/* * stands for anything. */
static bool matches(const char *pattern, const char *text)
{
    const char *star = NULL, *back = NULL;

    while (*text) {
        if (*pattern == '*') {
            star = ++pattern;
            back = text;
        } else if (*pattern == *text) {
            pattern++;
            text++;
        } else if (star) {
            pattern = star;
            text = ++back;
        } else {
            return false;
        }
    }
    return pattern[strspn(pattern, "*")] == '\0';
}

static int judge_job(drmgmt_event_stream *s, drmgmt_event *event, bool *passes, drmgmt_error **error)
{
    bool seen = true;
    int rc = 0;

    if (s->jobs == HOLDS_NOT)
        return 0;
    if (s->jobs == ON_SOME || s->device_id[0])
        rc = look(s, event->job_id, true, event->device_id, &seen, error);
    /* A job without a device is for those who may read all. */
    *passes = !rc && seen && (!s->device_id[0] || strcmp(event->device_id, s->device_id) == 0);
    return rc;
}

static int judge_device(drmgmt_event_stream *s, const drmgmt_event *event, bool *passes, drmgmt_error **error)
{
    char device[37];
    bool seen = true;
    int rc = 0;

    if (s->device_id[0] && strcmp(event->device_id, s->device_id) != 0)
        return 0;
    if (s->devices == ON_SOME)
        rc = look(s, event->device_id, false, device, &seen, error);
    *passes = !rc && seen;
    return rc;
}

/* Whether an event is for this follower. One of which that cannot be told now becomes a RESYNC. */
static int judge(drmgmt_event_stream *s, drmgmt_event *event, bool *passes, drmgmt_error **error)
{
    drmgmt_error *failure = NULL;

    *passes = event->kind == DRMGMT_EVENT_RESYNC;
    if (*passes || (s->kind[0] && !matches(s->kind, event->name)))
        return 0;
    int rc = event->kind == DRMGMT_EVENT_DEVICE ? judge_device(s, event, passes, &failure)
                                                : judge_job(s, event, passes, &failure);
    if (rc == DRMGMT_ERR_FORBIDDEN) {
        s->rights_until_ms = 0; /* the rights are others by now */
        rc = 0;
    } else if (rc && drmgmt_error_retryable(failure)) {
        free(event->data);
        event->data = NULL;
        event->kind = DRMGMT_EVENT_RESYNC;
        event->job_id[0] = event->device_id[0] = '\0';
        snprintf(event->name, sizeof event->name, "resync");
        *passes = true;
        rc = 0;
    }
    if (rc && error)
        *error = DRMGMT__STEAL(failure);
    drmgmt_error_free(failure);
    return rc;
}

/* ---- the calls ---- */

static int check_filters(drmgmt_event_stream *s, const char *kind, const char *device_id, drmgmt_error **error)
{
    size_t n = kind ? strlen(kind) : 0;

    if (n > KIND_MAX || (n && strspn(kind, "abcdefghijklmnopqrstuvwxyz0123456789.-_*") != n))
        return drmgmt__fail_full(error, DRMGMT_ERR_INVALID, false, NULL, "kind",
                                 "kind: a name such as \"snmp.trap\" or \"job.done\" is expected; * is a wildcard");
    if (n)
        memcpy(s->kind, kind, n);
    if (device_id && !drmgmt__uuid_normalise(device_id, s->device_id))
        return drmgmt__fail_full(error, DRMGMT_ERR_INVALID, false, NULL, "device_id",
                                 "device_id: the id of a device is expected");
    return 0;
}

static int check_device(drmgmt_event_stream *s, drmgmt_error **error)
{
    char device[37];
    bool seen = true;
    int rc = s->device_id[0] ? look(s, s->device_id, false, device, &seen, error) : 0;

    return rc || seen ? rc : drmgmt__fail(error, DRMGMT_ERR_NOT_FOUND, "there is no such device");
}

int drmgmt_event_stream_open(drmgmt_session *session, const char *kind, const char *device_id,
                             const char *last_event_id, drmgmt_event_stream **stream, drmgmt_error **error)
{
    drmgmt_event_stream *s = calloc(1, sizeof *s);

    if (!s)
        return drmgmt__fail_memory(error);
    s->session = session;
    int rc = check_filters(s, kind, device_id, error);
    if (!rc)
        rc = drmgmt_session_require(session, DRMGMT_PERM_EVENT_READ, error);
    if (!rc)
        rc = ask_rights(s, error);
    if (!rc)
        rc = check_device(s, error);
    if (!rc)
        rc = drmgmt__subscribe(session, NULL, true, last_event_id, &s->subscription, error);
    if (rc)
        drmgmt_event_stream_free(s);
    else
        *stream = s;
    return rc;
}

int drmgmt_event_stream_next(drmgmt_event_stream *s, unsigned timeout_ms, drmgmt_event *event, drmgmt_error **error)
{
    uint64_t until = drmgmt__monotonic_ms() + timeout_ms;

    for (;;) {
        uint64_t now = drmgmt__monotonic_ms();
        bool passes = false;
        int got = drmgmt_subscription_next(s->subscription, now < until ? (unsigned)(until - now) : 0, event, error);
        if (got < 0)
            return got;
        int rc = keep_rights(s, error);
        if (!rc && got > 0) {
            memcpy(s->position, event->id, sizeof s->position);
            rc = judge(s, event, &passes, error);
        }
        if (!rc && passes)
            return 1;
        if (got > 0)
            drmgmt_event_clear(event);
        if (rc || got == 0)
            return rc;
    }
}

const char *drmgmt_event_stream_position(const drmgmt_event_stream *s)
{
    return s->position;
}

void drmgmt_event_stream_wake(drmgmt_event_stream *s)
{
    drmgmt_subscription_wake(s->subscription);
}

void drmgmt_event_stream_free(drmgmt_event_stream *s)
{
    if (!s)
        return;
    drmgmt_subscription_free(s->subscription);
    free(s);
}
