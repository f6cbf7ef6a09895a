/* drmctl job watch: a live line on a terminal, a line a change in a pipe, the job a change with -o json. Called by
 * cmd_job.c. Events wake it; what it shows is read from the database, so that a lost event only delays. */
#include "jobs.h"
#include "writer.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum { TICK_MS = 250, REREAD_MS = 5000, REREAD_NO_REDIS_MS = 1000, LOSS_MAX_S = 30 };

struct watch {
    ctl *c;
    const char *id;
    drmgmt_record *job; /* as last read */
    bool live, json;
    int progress;   /* percent; -1: none told */
    char shown[64]; /* status, attempt and progress as last written */
};

/* ---- showing ---- */

/* Seconds since 1970 of an RFC 3339 time in UTC; 0 if it is none. */
static double seconds_of(const char *text)
{
    struct tm tm = { 0 };
    const char *rest = text ? strptime(text, "%Y-%m-%dT%H:%M:%S", &tm) : NULL;

    return rest ? (double)timegm(&tm) + (*rest == '.' ? strtod(rest, NULL) : 0) : 0;
}

static double elapsed(const drmgmt_record *job)
{
    struct timespec now;
    const char *finished = drmgmt_record_text(job, "finished_at");

    clock_gettime(CLOCK_REALTIME, &now);
    double end = finished ? seconds_of(finished) : (double)now.tv_sec + (double)now.tv_nsec / 1e9;
    double took = end - seconds_of(drmgmt_record_text(job, "created_at"));
    return took > 0 ? took : 0;
}

static void format_line(const struct watch *w, char *out, size_t size)
{
    long long attempt = (long long)drmgmt_record_int(w->job, "attempt");
    int n = snprintf(out, size, "%s  %s  %.1f s", w->id, drmgmt_record_text(w->job, "status"), elapsed(w->job));

    if (attempt > 1)
        n += snprintf(out + n, size - (size_t)n, "  attempt %lld", attempt);
    if (w->progress >= 0)
        snprintf(out + n, size - (size_t)n, "  %d %%", w->progress);
}

static void draw(const struct watch *w)
{
    char line[160];
    struct winsize size;
    size_t columns = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col ? size.ws_col : 80;

    format_line(w, line, sizeof line);
    /* The last column stays free: some terminals wrap once it is written. */
    printf("\r\033[K%.*s", (int)ctl_fit(line, columns - 1), line);
    fflush(stdout);
}

static int print_json(const struct watch *w)
{
    char *json = NULL;

    if (drmgmt_record_json(w->job, &json, NULL))
        return ctl_complain(DRMGMT_ERR_NO_MEMORY, "out of memory");
    json_t *object = w->progress >= 0 ? json_loads(json, 0, NULL) : NULL;
    if (object) {
        drmgmt_free(json);
        json_object_set_new(object, "progress", json_integer(w->progress));
        json = json_dumps(object, JSON_COMPACT);
        json_decref(object);
    }
    if (!json)
        return ctl_complain(DRMGMT_ERR_NO_MEMORY, "out of memory");
    puts(json);
    drmgmt_free(json);
    return 0;
}

/* Writes what is new; the exit code is that of the output. */
static int show(struct watch *w)
{
    char state[64], line[160];

    if (w->live) {
        draw(w);
        return ctl_output_check();
    }
    snprintf(state, sizeof state, "%.20s %lld %d", drmgmt_record_text(w->job, "status"),
             (long long)drmgmt_record_int(w->job, "attempt"), w->progress);
    if (strcmp(state, w->shown) == 0)
        return 0;
    memcpy(w->shown, state, sizeof state);
    int code = 0;
    format_line(w, line, sizeof line);
    if (w->json)
        code = print_json(w);
    else
        puts(line);
    return code ? code : ctl_output_check();
}

/* ---- following ---- */

/* Complaints stand in a line of their own. */
static int fail(const struct watch *w, drmgmt_error *error)
{
    if (w->live && w->job)
        putchar('\n');
    return ctl_fail(error);
}

/* A database that restarts is waited for. */
static int read_job(struct watch *w)
{
    for (int i = 0;; i++) {
        drmgmt_record *job = NULL;
        drmgmt_error *error = NULL;
        if (!drmgmt_job_get(w->c->session, w->id, &job, &error)) {
            drmgmt_record_free(w->job);
            w->job = job;
            return 0;
        }
        if (!w->job || !drmgmt_error_retryable(error) || i == LOSS_MAX_S)
            return fail(w, error);
        drmgmt_error_free(error);
        sleep(1);
    }
}

static void take_progress(struct watch *w, const char *data)
{
    json_t *object = data ? json_loads(data, 0, NULL) : NULL, *progress = json_object_get(object, "progress");

    if (json_is_integer(progress))
        w->progress = (int)json_integer_value(progress);
    json_decref(object);
}

/* Waits for an event or until it is time to look again. */
static int wait_event(struct watch *w, drmgmt_subscription *s, unsigned reread_ms)
{
    struct timespec began, now;
    drmgmt_event event;
    drmgmt_error *error = NULL;

    clock_gettime(CLOCK_MONOTONIC, &began);
    for (;;) {
        int got = drmgmt_subscription_next(s, w->live ? TICK_MS : reread_ms, &event, &error);
        if (got < 0)
            return fail(w, error);
        if (got > 0) {
            take_progress(w, event.data);
            drmgmt_event_clear(&event);
            return 0;
        }
        clock_gettime(CLOCK_MONOTONIC, &now);
        if ((now.tv_sec - began.tv_sec) * 1000 + (now.tv_nsec - began.tv_nsec) / 1000000 >= (long)reread_ms)
            return 0;
        draw(w); /* only a live line ticks */
    }
}

static int follow(struct watch *w, drmgmt_subscription *s)
{
    drmgmt_health health;
    int code = read_job(w);

    if (code)
        return code;
    drmgmt_context_health(w->c->context, &health);
    ctl_job_set_farewell(w->id, w->live);
    while (!code && !(code = show(w)) && !drmgmt_job_status_ended(drmgmt_record_text(w->job, "status"))) {
        code = wait_event(w, s, health.redis ? REREAD_MS : REREAD_NO_REDIS_MS);
        if (!code)
            code = read_job(w);
    }
    ctl_set_farewell("");
    if (w->live && !code)
        putchar('\n');
    return code ? code : ctl_job_outcome(w->job);
}

int ctl_job_watch(ctl *c, const char *id)
{
    const char *term = getenv("TERM");
    struct watch w = { .c = c, .id = id, .progress = -1, .json = strcmp(ctl_writer_of(c)->name, "json") == 0 };
    drmgmt_subscription *s = NULL;
    drmgmt_error *error = NULL;

    w.live = !w.json && isatty(STDOUT_FILENO) && term && strcmp(term, "dumb") != 0;
    /* Subscribed before the job is read: what happens between the two is not missed. */
    int code = drmgmt_subscribe(c->session, id, NULL, &s, &error) ? ctl_fail(error) : follow(&w, s);
    drmgmt_subscription_free(s);
    drmgmt_record_free(w.job);
    return code;
}
