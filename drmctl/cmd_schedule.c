/* drmctl schedule: batches that are started at times told before. Called through the table. */
#include "draft.h"
#include "writer.h"
#include <drm/schedule.h>
#include <string.h>

int ctl_cmd_schedule_list(ctl *c)
{
    return ctl_list(c, drmgmt_schedule_list);
}

int ctl_cmd_schedule_show(ctl *c)
{
    return ctl_show_one(c, drmgmt_schedule_get);
}

int ctl_cmd_schedule_enable(ctl *c)
{
    return ctl_show_one(c, drmgmt_schedule_enable);
}

int ctl_cmd_schedule_disable(ctl *c)
{
    return ctl_show_one(c, drmgmt_schedule_disable);
}

int ctl_cmd_schedule_run(ctl *c)
{
    return ctl_show_one(c, drmgmt_schedule_run);
}

static int remove_one(ctl *c, const char *id, int64_t version)
{
    drmgmt_error *error = NULL;

    return drmgmt_schedule_delete(c->session, id, version, &error) ? ctl_fail(error) : 0;
}

int ctl_cmd_schedule_remove(ctl *c)
{
    return ctl_delete_each(c, "schedule", "Remove", "removed", remove_one);
}

static int set(drmgmt_draft *draft, const char *field, const char *text)
{
    drmgmt_error *error = NULL;

    return text && drmgmt_draft_set(draft, field, text, &error) ? ctl_fail(error) : 0;
}

int ctl_cmd_schedule_add(ctl *c)
{
    static const char *const options[][2] = {
        { "batch", "batch" }, { "at", "start_at" },         { "every-ms", "every_ms" },
        { "cron", "cron" },   { "time-zone", "time_zone" }, { "overlap", "overlap" },
    };
    drmgmt_draft *draft = drmgmt_draft_new(drmgmt_entity_find("schedule"));

    if (!draft)
        return ctl_complain(DRMGMT_ERR_NO_MEMORY, "out of memory");
    int code = set(draft, "name", c->args[0]);
    for (size_t i = 0; i < CTL_COUNT(options) && !code; i++)
        code = set(draft, options[i][1], ctl_nth(c, options[i][0], 0));
    return ctl_create(c, code, draft, drmgmt_schedule_create);
}

static int show_runs(ctl *c, const char *json)
{
    static const ctl_column columns[] = { { "at", CTL_TEXT }, { "local", CTL_TEXT } };
    json_t *answer = json_loads(json, 0, NULL), *run;
    ctl_writer w;
    size_t i;
    int code = answer ? 0 : ctl_complain(DRMGMT_ERR_NO_MEMORY, "out of memory");

    if (code)
        return code;
    ctl_rows_begin(c, &w, columns, CTL_COUNT(columns));
    json_array_foreach(json_object_get(answer, "items"), i, run)
    {
        const char *cells[] = { json_string_value(json_object_get(run, "at")),
                                json_string_value(json_object_get(run, "local")) };
        if (!code)
            code = ctl_rows_add(&w, cells);
    }
    json_decref(answer);
    int end = ctl_rows_end(&w);
    return code ? code : end;
}

int ctl_cmd_schedule_next(ctl *c)
{
    long long count = 10;
    char *json = NULL;
    drmgmt_error *error = NULL;
    int code = ctl_number(c, "count", 1, DRMGMT_SCHEDULE_RUNS_MAX, &count);

    if (!code)
        code = ctl_open(c);
    if (!code && drmgmt_schedule_next(c->session, c->args[0], (unsigned)count, &json, &error))
        code = ctl_fail(error);
    if (!code)
        code = show_runs(c, json);
    drmgmt_free(json);
    return code;
}
