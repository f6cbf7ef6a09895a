/* drmctl job: list, show, cancel, submit, watch. Called through the table; watching itself is in watch.c. */
#include "jobs.h"
#include "writer.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WAIT_MS = 60000 };

int ctl_cmd_job_list(ctl *c)
{
    return ctl_list(c, drmgmt_job_list);
}

int ctl_cmd_job_show(ctl *c)
{
    return ctl_show_one(c, drmgmt_job_get);
}

int ctl_cmd_job_watch(ctl *c)
{
    int code = ctl_open(c);

    return code ? code : ctl_job_watch(c, c->args[0]);
}

int ctl_cmd_job_cancel(ctl *c)
{
    return ctl_show_one(c, drmgmt_job_cancel);
}

/* ---- submitting ---- */

static int set(drmgmt_draft *draft, const char *field, const char *text)
{
    drmgmt_error *error = NULL;

    return text && drmgmt_draft_set(draft, field, text, &error) ? ctl_fail(error) : 0;
}

static int fill(const ctl *c, drmgmt_draft *draft, const char *const values[][2], size_t n)
{
    static const char *const options[][2] = { { "priority", "priority" },
                                              { "timeout-ms", "timeout_ms" },
                                              { "max-attempts", "max_attempts" },
                                              { "retry-ms", "retry_ms" },
                                              { "run-at", "run_at" },
                                              { "deadline", "deadline" },
                                              { "unique-key", "unique_key" },
                                              { "unique-conflict", "unique_conflict" } };
    int code = 0;

    for (size_t i = 0; i < n && !code; i++)
        code = set(draft, values[i][0], values[i][1]);
    for (size_t i = 0; i < CTL_COUNT(options) && !code; i++)
        code = set(draft, options[i][1], ctl_nth(c, options[i][0], 0));
    return code;
}

int ctl_job_submit(ctl *c, const char *protocol, const char *operation, const char *device, const char *params,
                   drmgmt_record **job)
{
    char id[37];
    drmgmt_error *error = NULL;
    int code = ctl_device_id(c, device, id);

    if (code)
        return code;
    drmgmt_draft *draft = drmgmt_draft_new(drmgmt_entity_find("job"));
    if (!draft)
        return ctl_complain(DRMGMT_ERR_NO_MEMORY, "out of memory");
    const char *const values[][2] = {
        { "device_id", id }, { "protocol", protocol }, { "operation", operation }, { "params", params }
    };
    code = fill(c, draft, values, CTL_COUNT(values));
    if (!code && drmgmt_job_submit(c->session, draft, ctl_nth(c, "idempotency-key", 0), job, &error))
        code = ctl_fail(error);
    drmgmt_draft_free(draft);
    return code;
}

/* Says its id and how to follow it; frees it. */
static int show_submitted(const ctl *c, drmgmt_record *job)
{
    if (ctl_writer_of(c) != &ctl_writer_table)
        return ctl_show(c, job);
    printf("%s\n", drmgmt_record_id(job));
    fflush(stdout);
    ctl_note("submitted; follow it with: drmctl job watch %s", drmgmt_record_id(job));
    drmgmt_record_free(job);
    return ctl_output_check();
}

/* ---- waiting ---- */

/* --timeout in ms; a usage error without --wait. */
static int wait_time(const ctl *c, unsigned *ms)
{
    *ms = WAIT_MS;
    if (ctl_has(c, "timeout") && !ctl_has(c, "wait"))
        return ctl_usage(c, "--timeout goes with --wait");
    return ctl_seconds(c, "timeout", ms);
}

void ctl_job_set_farewell(const char *id, bool live)
{
    char text[256];

    snprintf(text, sizeof text, "%sdrmctl: interrupted; the job goes on (drmctl job watch %s; drmctl job cancel %s)\n",
             live ? "\n" : "", id, id);
    ctl_set_farewell(text);
}

/* Waits for the end of *job, which is replaced; freed on failure. */
static int await(ctl *c, unsigned ms, drmgmt_record **job)
{
    char id[37];
    drmgmt_record *ended = NULL;
    drmgmt_error *error = NULL;

    snprintf(id, sizeof id, "%s", drmgmt_record_id(*job));
    drmgmt_record_free(*job);
    *job = NULL;
    ctl_job_set_farewell(id, false);
    int rc = drmgmt_job_wait(c->session, id, ms, &ended, &error);
    ctl_set_farewell("");
    if (rc && drmgmt_error_status(error) == DRMGMT_ERR_TIMEOUT) {
        drmgmt_error_free(error);
        return ctl_complain(DRMGMT_ERR_TIMEOUT, "the job has not ended after %g s; it goes on (drmctl job watch %s)",
                            (double)ms / 1000, id);
    }
    if (rc)
        return ctl_fail(error);
    *job = ended;
    return 0;
}

int ctl_job_outcome(const drmgmt_record *job)
{
    const char *status = drmgmt_record_text(job, "status"), *text = drmgmt_record_text(job, "error");

    if (strcmp(status, "completed") == 0)
        return 0;
    json_t *error = text ? json_loads(text, 0, NULL) : NULL;
    const char *code = json_string_value(json_object_get(error, "code"));
    const char *message = json_string_value(json_object_get(error, "message"));
    int exit_code = ctl_complain(DRMGMT_ERR_JOB_FAILED, "job %s: %s%s%s%s%s", drmgmt_record_id(job), status,
                                 code ? ": " : "", code ? code : "", message ? ": " : "", message ? message : "");
    json_decref(error);
    return exit_code;
}

int ctl_job_run(ctl *c, ctl_job_submit_fn *submit, ctl_job_show_fn *show)
{
    drmgmt_record *job = NULL;
    unsigned ms;
    int code = wait_time(c, &ms);

    if (!code)
        code = ctl_open(c);
    if (!code)
        code = submit(c, &job);
    if (!code && !ctl_has(c, "wait"))
        return show_submitted(c, job);
    if (!code)
        code = await(c, ms, &job);
    return code ? code : show(c, job);
}

static int submit_words(ctl *c, drmgmt_record **job)
{
    return ctl_job_submit(c, c->args[0], c->args[1], c->args[2], ctl_nth(c, "params", 0), job);
}

static int show_ended(const ctl *c, drmgmt_record *job)
{
    int outcome = ctl_job_outcome(job), code = ctl_show(c, job);

    return code ? code : outcome;
}

int ctl_cmd_job_submit(ctl *c)
{
    return ctl_job_run(c, submit_words, show_ended);
}
