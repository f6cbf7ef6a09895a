/* drmctl job requeue: ended jobs are done again, those named or those that a filter finds. Called through the table. */
#include "jobs.h"
#include "writer.h"
#include <stdio.h>
#include <string.h>

enum { MANY_DEFAULT = 100, MANY_MAX = 10000 };

static const char *const filters[][2] = { { "status", "status" },
                                          { "protocol", "protocol" },
                                          { "operation", "operation" } };

struct requeue {
    ctl *c;
    ctl_writer w;
    int first; /* exit code of the first that failed */
};

static void one(struct requeue *r, const char *id, bool skip_done)
{
    drmgmt_record *job = NULL;
    drmgmt_error *error = NULL;

    if (drmgmt_job_requeue(r->c->session, id, ctl_has(r->c, "acknowledge-uncertain"), &job, &error)) {
        /* Of many those are left out that were done before: the next call of the same words goes on. */
        bool done = skip_done && drmgmt_error_status(error) == DRMGMT_ERR_CONFLICT && !drmgmt_error_field(error);
        int code = done ? 0 : ctl_fail(error);
        if (done)
            drmgmt_error_free(error);
        r->first = r->first ? r->first : code;
        return;
    }
    const char *cells[] = { id, drmgmt_record_id(job) };
    int code = ctl_rows_add(&r->w, cells);
    r->first = r->first ? r->first : code;
    drmgmt_record_free(job);
}

static int query_of(ctl *c, drmgmt_query *query)
{
    char id[37];
    drmgmt_error *error = NULL;
    int code = 0;

    for (size_t i = 0; i < CTL_COUNT(filters) && !code; i++)
        if (ctl_has(c, filters[i][0]) && drmgmt_query_set(query, filters[i][1], ctl_value(c, filters[i][0]), &error))
            code = ctl_fail(error);
    if (!code && ctl_has(c, "device"))
        code = ctl_device_id(c, ctl_value(c, "device"), id);
    if (!code && ctl_has(c, "device") && drmgmt_query_set(query, "device_id", id, &error))
        code = ctl_fail(error);
    if (!code && drmgmt_query_set(query, "limit", "500", &error))
        code = ctl_fail(error);
    return code;
}

/* Page by page, newest first, until limit jobs were made. */
static void pages(struct requeue *r, drmgmt_query *query, size_t limit)
{
    bool more = true;

    while (more && r->w.n_rows < limit && !r->first) {
        drmgmt_page *page = NULL;
        drmgmt_error *error = NULL;
        if (drmgmt_job_list(r->c->session, query, &page, &error)) {
            r->first = ctl_fail(error);
            return;
        }
        for (size_t i = 0; i < drmgmt_page_count(page) && r->w.n_rows < limit && !r->first; i++)
            one(r, drmgmt_record_id(drmgmt_page_record(page, i)), true);
        const char *next = drmgmt_page_next(page);
        more = next && !drmgmt_query_set(query, "cursor", next, &error);
        drmgmt_error_free(error);
        drmgmt_page_free(page);
    }
}

static void many(struct requeue *r, size_t limit)
{
    drmgmt_query *query = drmgmt_query_new(drmgmt_entity_find("job"));

    r->first = query ? query_of(r->c, query) : ctl_complain(DRMGMT_ERR_NO_MEMORY, "out of memory");
    if (!r->first)
        pages(r, query, limit);
    drmgmt_query_free(query);
}

static int check(const ctl *c, long long *limit)
{
    static const char *const ended[] = { "dead", "uncertain", "failed", "cancelled" };
    const char *status = ctl_value(c, "status");
    bool known = !status;

    for (size_t i = 0; i < CTL_COUNT(ended) && !known; i++)
        known = strcmp(ended[i], status) == 0;
    if (!known)
        return ctl_usage(c, "--status %s: dead, uncertain, failed or cancelled is wanted", status);
    if (!c->n_args && !status)
        return ctl_usage(c, "name jobs, or say which by --status");
    if (c->n_args &&
        (status || ctl_has(c, "device") || ctl_has(c, "protocol") || ctl_has(c, "operation") || ctl_has(c, "limit")))
        return ctl_usage(c, "jobs are named or filtered, not both");
    return ctl_number(c, "limit", 1, MANY_MAX, limit);
}

int ctl_cmd_job_requeue(ctl *c)
{
    static const ctl_column columns[] = { { "requeued", CTL_TEXT }, { "job", CTL_TEXT } };
    struct requeue r = { .c = c };
    long long limit = MANY_DEFAULT;
    int code = check(c, &limit);

    if (!code)
        code = ctl_open(c);
    if (code)
        return code;
    ctl_rows_begin(c, &r.w, columns, CTL_COUNT(columns));
    for (int i = 0; i < c->n_args; i++)
        one(&r, c->args[i], false);
    if (!c->n_args)
        many(&r, (size_t)limit);
    /* No head above nothing. */
    code = r.w.n_rows || r.w.ops != &ctl_writer_table ? ctl_rows_end(&r.w) : 0;
    return r.first ? r.first : code;
}
