/* drmctl snmp get. Called through the table; a job over SNMP, and its varbinds as rows. */
#include "jobs.h"
#include "writer.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Strings as they are, numbers and the rest as JSON writes them. */
static char *value_text(const json_t *value)
{
    if (json_is_string(value))
        return strdup(json_string_value(value));
    return value && !json_is_null(value) ? json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
}

static int show_varbinds(const ctl *c, const drmgmt_record *job)
{
    static const ctl_column columns[] = {
        { "oid", CTL_TEXT }, { "name", CTL_TEXT }, { "type", CTL_TEXT }, { "value", CTL_TEXT }
    };
    const char *text = drmgmt_record_text(job, "result");
    json_t *result = text ? json_loads(text, 0, NULL) : NULL, *varbind;
    size_t i;
    ctl_writer w;
    int code = 0;

    ctl_rows_begin(c, &w, columns, CTL_COUNT(columns));
    json_array_foreach(json_object_get(result, "varbinds"), i, varbind)
    {
        char *value = value_text(json_object_get(varbind, "value"));
        if (!code)
            code = ctl_rows_add(&w, (const char *[]){ json_string_value(json_object_get(varbind, "oid")),
                                                      json_string_value(json_object_get(varbind, "name")),
                                                      json_string_value(json_object_get(varbind, "type")), value });
        free(value);
    }
    json_decref(result);
    int ended = ctl_rows_end(&w);
    return code ? code : ended;
}

/* JSON is the job itself, however it ended: a script wants its error too. */
static int show(const ctl *c, drmgmt_record *job)
{
    bool json = strcmp(ctl_writer_of(c)->name, "json") == 0;
    int outcome = ctl_job_outcome(job), code = 0;

    if (json)
        return (code = ctl_show(c, job)) ? code : outcome;
    if (!outcome)
        code = show_varbinds(c, job);
    drmgmt_record_free(job);
    return outcome ? outcome : code;
}

static int submit(ctl *c, drmgmt_record **job)
{
    json_t *oids = json_array(), *params = json_pack("{s:o}", "oids", oids);
    int failed = 0;

    for (int i = 1; i < c->n_args; i++)
        failed |= json_array_append_new(oids, json_string(c->args[i]));
    char *text = failed ? NULL : json_dumps(params, JSON_COMPACT);
    int code = failed ? ctl_usage(c, "an OID is no UTF-8") : ctl_job_submit(c, "snmp", "get", c->args[0], text, job);
    free(text);
    json_decref(params);
    return code;
}

int ctl_cmd_snmp_get(ctl *c)
{
    return ctl_job_run(c, submit, show);
}
