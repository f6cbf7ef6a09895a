/* Reading and cancelling jobs. Called by programs; calls store, audit and queue. */
#include <drm/job.h>

#include "audit/audit.h"
#include "auth/auth.h"
#include "core/context_internal.h"
#include "core/core.h"
#include "core/entities.h"
#include "core/record_internal.h"
#include "job/job_internal.h"
#include "queries.h"
#include "queue/queue.h"
#include "store/list.h"
#include "store/store.h"
#include <stdio.h>
#include <string.h>
#include <time.h>

static const drmgmt_entity *const entity = &drmgmt__entity_job;

bool drmgmt_job_status_ended(const char *status)
{
    static const char *const ended[] = { "completed", "failed", "cancelled", "dead", "uncertain" };

    for (size_t i = 0; i < DRMGMT__COUNT(ended); i++)
        if (strcmp(ended[i], status) == 0)
            return true;
    return false;
}

static int no_such(drmgmt_error **error)
{
    return drmgmt__fail(error, DRMGMT_ERR_NOT_FOUND, "there is no such job");
}

/* ---- read ---- */

enum { ID_SIZE = DRMGMT__UUID_SIZE, TIME_SIZE = 40, CLOCKS_DIFFER_S = 86400, SOON_S = 2 * 86400, YOUNG_S = 2 };

/* Where a job is looked for. */
struct look {
    const drmgmt__query *query;
    time_t since; /* it has not ended before */
    time_t until; /* nor then or later; 0: now */
    bool any_time;
};

static void write_time(time_t at, char out[TIME_SIZE])
{
    struct tm tm = { 0 };

    gmtime_r(&at, &tm);
    strftime(out, TIME_SIZE, "%Y-%m-%d %H:%M:%S+00", &tm);
}

static int look_up(drmgmt_session *session, drmgmt__tx *tx, drmgmt_permission permission, const char *id,
                   const struct look *l, drmgmt__rows **rows, drmgmt_error **error)
{
    drmgmt__params p = DRMGMT__PARAMS_INIT;
    char since[TIME_SIZE], until[TIME_SIZE];

    write_time(l->since, since);
    write_time(l->until, until);
    drmgmt__param(&p, id);
    drmgmt__param(&p, since);
    drmgmt__param(&p, l->any_time ? "infinity" : l->until ? until : NULL);
    return tx ? drmgmt__tx_exec(tx, l->query, &p, rows, error)
              : drmgmt__run(session, permission, DRMGMT__READ, l->query, &p, rows, error);
}

int drmgmt__job_find(drmgmt_session *session, drmgmt__tx *tx, drmgmt_permission permission, const drmgmt__query *ended,
                     const drmgmt__query *all, const char *id, drmgmt__rows **rows, drmgmt_error **error)
{
    time_t made = (time_t)(drmgmt__uuid_time_ms(id) / 1000);
    time_t since = made > CLOCKS_DIFFER_S ? made - CLOCKS_DIFFER_S : 0;
    const struct look looks[] = {
        { ended, since, made + SOON_S, false },
        { all, since, 0, false },
        { all, 0, 0, true },
    };

    for (size_t i = time(NULL) - made < YOUNG_S ? 1 : 0; i < DRMGMT__COUNT(looks) && !drmgmt__rows_count(*rows); i++) {
        drmgmt__rows_free(*rows);
        *rows = NULL;
        int rc = look_up(session, tx, permission, id, &looks[i], rows, error);
        if (rc)
            return rc;
    }
    return 0;
}

static int read_job(drmgmt_session *session, drmgmt__tx *tx, const char *id, drmgmt__rows **rows, drmgmt_error **error)
{
    return drmgmt__job_find(session, tx, DRMGMT_PERM_JOB_READ, &drmgmt__q_job_get_ended, &drmgmt__q_job_get, id, rows,
                            error);
}

/* Takes rows over. */
static int to_record(drmgmt__rows *rows, drmgmt_record **job, drmgmt_error **error)
{
    if (drmgmt__rows_count(rows))
        return drmgmt__record_new(entity, rows, 0, job, error);
    drmgmt__rows_free(rows);
    return no_such(error);
}

int drmgmt_job_get(drmgmt_session *session, const char *id, drmgmt_record **job, drmgmt_error **error)
{
    drmgmt__rows *rows = NULL;

    if (!drmgmt__uuid_valid(id))
        return no_such(error);
    int rc = read_job(session, NULL, id, &rows, error);
    if (!rc)
        return to_record(rows, job, error);
    drmgmt__rows_free(rows);
    return rc;
}

int drmgmt_job_list(drmgmt_session *session, const drmgmt_query *query, drmgmt_page **page, drmgmt_error **error)
{
    static const char *const filters[] = { "device_id", "protocol", "operation", "status" };
    drmgmt__params p;
    const char *device = NULL;

    drmgmt__list_params(&p);
    for (size_t i = 0; i < DRMGMT__COUNT(filters); i++) {
        size_t from = 0;
        const char *value = drmgmt__query_filter(query, filters[i], &from);
        device = i == 0 ? value : device;
        drmgmt__param(&p, value);
    }
    return drmgmt__list_run(session, DRMGMT_PERM_JOB_READ, device ? &drmgmt__q_job_list_device : &drmgmt__q_job_list,
                            &p, query, "id", page, error);
}

/* ---- cancel ---- */

/* What is left to say of a job that is active no more. */
static int not_active(drmgmt_session *session, drmgmt__tx *tx, const char *id, drmgmt_error **error)
{
    DRMGMT__ROWS drmgmt__rows *rows = NULL;

    int rc = read_job(session, tx, id, &rows, error);
    if (rc)
        return rc;
    if (!drmgmt__rows_count(rows))
        return no_such(error);
    return drmgmt__fail(error, DRMGMT_ERR_CONFLICT, "the job has ended already: it is %s",
                        drmgmt__rows_text(rows, 0, (size_t)drmgmt_entity_field(entity, "status")));
}

/* *running: a worker has it and must be told. */
static int cancel(drmgmt__tx *tx, drmgmt_session *session, const char *id, bool *running, drmgmt_error **error)
{
    drmgmt__params p = DRMGMT__PARAMS_INIT;
    DRMGMT__ROWS drmgmt__rows *rows = NULL;

    drmgmt__param(&p, id);
    int rc = drmgmt__tx_exec(tx, &drmgmt__q_job_cancel_ask, &p, &rows, error);
    if (rc)
        return rc;
    if (!drmgmt__rows_count(rows))
        return not_active(session, tx, id, error);
    *running = strcmp(drmgmt__rows_text(rows, 0, 0), "running") == 0;
    if (!*running)
        rc = drmgmt__tx_exec(tx, &drmgmt__q_job_cancel_end, &p, NULL, error);
    return rc ? rc : drmgmt__audit(tx, session, "job.cancel", "job", id, NULL, error);
}

static void tell(drmgmt_session *session, const char *id, bool running)
{
    struct drmgmt__publisher *publisher = session->context->publisher;
    char data[96];

    if (running) {
        drmgmt__publish_cancel(publisher, id);
        return;
    }
    int n = snprintf(data, sizeof data, "{\"job_id\":\"%s\",\"status\":\"cancelled\"}", id);
    drmgmt__publish_event(publisher, session->tenant_id, id, DRMGMT_EVENT_DONE, data, (size_t)n);
}

int drmgmt_job_cancel(drmgmt_session *session, const char *id, drmgmt_record **job, drmgmt_error **error)
{
    DRMGMT__TX drmgmt__tx *tx = NULL;
    drmgmt__rows *rows = NULL;
    char canonical[ID_SIZE];
    bool running = false;

    if (!drmgmt__uuid_normalise(id, canonical))
        return no_such(error);
    int rc = drmgmt__tx_begin(session, DRMGMT_PERM_JOB_CANCEL, &tx, error);
    if (!rc)
        rc = cancel(tx, session, canonical, &running, error);
    if (!rc)
        rc = read_job(session, tx, canonical, &rows, error);
    if (!rc)
        rc = drmgmt__tx_commit(&tx, error);
    if (rc) {
        drmgmt__rows_free(rows);
        return rc;
    }
    tell(session, canonical, running);
    return to_record(rows, job, error);
}
