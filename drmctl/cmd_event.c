/* drmctl event: what devices told by themselves, as a list and as it comes. Called through the table. */
#include "drmctl.h"
#include "writer.h"
#include <drm/event.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { WAIT_MS = 60000 };

int ctl_cmd_event_list(ctl *c)
{
    return ctl_list(c, drmgmt_event_list);
}

/* ---- follow ---- */

static const char *member(json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text ? text : "";
}

/* A line a person reads: when, what, of which device or job, and in words what more there is. */
static void print_line(const drmgmt_event *event)
{
    json_t *data = event->data ? json_loads(event->data, 0, NULL) : NULL;
    char now[32] = "";
    time_t seconds = time(NULL);
    struct tm tm;

    if (gmtime_r(&seconds, &tm))
        strftime(now, sizeof now, "%Y-%m-%dT%H:%M:%SZ", &tm);
    if (event->kind == DRMGMT_EVENT_RESYNC)
        printf("%s  resync  events may have been lost\n", now);
    else if (event->kind == DRMGMT_EVENT_DEVICE)
        printf("%s  %s  %s  %s  %s\n", member(data, "at"), event->name, event->device_id, member(data, "source"),
               *member(data, "name") ? member(data, "name") : member(data, "oid"));
    else
        printf("%s  %s  %s  %s\n", now, event->name, event->job_id, member(data, "status"));
    json_decref(data);
}

/* {"event","id","data"}, a line each. */
static int print_json(const drmgmt_event *event)
{
    json_t *data = event->data ? json_loads(event->data, 0, NULL) : json_null();
    json_t *line = json_pack("{s:s,s:s,s:o}", "event", event->name, "id", event->id, "data", data ? data : json_null());
    char *text = line ? json_dumps(line, JSON_COMPACT | JSON_PRESERVE_ORDER) : NULL;

    json_decref(line);
    if (!text)
        return ctl_complain(DRMGMT_ERR_NO_MEMORY, "out of memory");
    puts(text);
    free(text);
    return 0;
}

static int follow(drmgmt_event_stream *stream, bool json, long long count)
{
    for (long long shown = 0; !count || shown < count;) {
        drmgmt_event event = { .name = "" };
        drmgmt_error *error = NULL;
        int code = 0, got = drmgmt_event_stream_next(stream, WAIT_MS, &event, &error);
        if (got < 0)
            return ctl_fail(error);
        if (!got)
            continue;
        if (json)
            code = print_json(&event);
        else
            print_line(&event);
        drmgmt_event_clear(&event);
        if (!code)
            code = ctl_output_check();
        if (code)
            return code;
        shown++;
    }
    return 0;
}

int ctl_cmd_event_follow(ctl *c)
{
    const char *device = ctl_value(c, "device");
    drmgmt_event_stream *stream = NULL;
    drmgmt_error *error = NULL;
    long long count = 0;
    char id[37];
    int code = ctl_number(c, "count", 1, INT64_MAX, &count);

    if (!code && strcmp(ctl_writer_of(c)->name, "csv") == 0)
        code = ctl_usage(c, "events are shown as lines, or with -o json");
    if (!code)
        code = ctl_open(c);
    if (!code && device)
        code = ctl_device_id(c, device, id);
    if (!code && drmgmt_event_stream_open(c->session, ctl_value(c, "kind"), device ? id : NULL, ctl_value(c, "after"),
                                          &stream, &error))
        code = ctl_fail(error);
    if (!code)
        code = follow(stream, strcmp(ctl_writer_of(c)->name, "json") == 0, count);
    drmgmt_event_stream_free(stream);
    return code;
}
