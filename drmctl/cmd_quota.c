/* drmctl quota: what the tenant may have and do, and how much of it is used. Called through the table. */
#include "writer.h"
#include <jansson.h>
#include <stdio.h>

/* A number as text; NULL for null. */
static const char *number_text(const json_t *value, char text[24])
{
    if (!json_is_integer(value))
        return NULL;
    snprintf(text, 24, "%lld", (long long)json_integer_value(value));
    return text;
}

int ctl_cmd_quota(ctl *c)
{
    static const ctl_column columns[] = { { "quota", CTL_TEXT }, { "limit", CTL_LITERAL }, { "used", CTL_LITERAL } };
    drmgmt_error *error = NULL;
    char *json = NULL;
    ctl_writer w;
    int code = ctl_open(c);

    if (code)
        return code;
    if (drmgmt_quota_get(c->session, &json, &error))
        return ctl_fail(error);
    json_t *quotas = json_loads(json, 0, NULL), *row;
    size_t i;
    drmgmt_free(json);
    ctl_rows_begin(c, &w, columns, CTL_COUNT(columns));
    json_array_foreach(json_object_get(quotas, "items"), i, row)
    {
        char limit[24], used[24];
        const char *cells[] = { json_string_value(json_object_get(row, "quota")),
                                number_text(json_object_get(row, "limit"), limit),
                                number_text(json_object_get(row, "used"), used) };
        if (!code)
            code = ctl_rows_add(&w, cells);
    }
    json_decref(quotas);
    int ended = ctl_rows_end(&w);
    return code ? code : ended;
}
