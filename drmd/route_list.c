/* "drmd --routes": the route table as JSON, for operators who write a proxy's rules or a policy, and for the test that
 * holds every route against a row of its own. Called by main.c; calls jansson. */
#include "routes.h"
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

static const struct {
    unsigned flag;
    const char *name;
} flag_names[] = {
    { DRMD_PUBLIC, "public" },           { DRMD_STREAM, "stream" },
    { DRMD_IF_MATCH, "if-match" },       { DRMD_ETAG, "etag" },
    { DRMD_CONDITIONAL, "conditional" }, { DRMD_LOCATION, "location" },
    { DRMD_IDEMPOTENCY, "idempotency" }, { DRMD_ASSET, "asset" },
    { DRMD_TAKES_AFTER, "after" },       { DRMD_TAKES_HEAD, "head" },
    { DRMD_ANSWER, "answer" },           { DRMD_TAKES_KIND, "kind" },
};

static json_t *flags_of(const drmd_route *route)
{
    json_t *flags = json_array();
    for (size_t i = 0; i < DRMD_COUNT(flag_names); i++)
        if (route->flags & flag_names[i].flag)
            json_array_append_new(flags, json_string(flag_names[i].name));
    return flags;
}

/* What a list can be filtered by, fields and, for a time, "since" and "until"; null where there is no query string. */
static json_t *filters_of(const drmd_route *route)
{
    const drmgmt_entity *entity = route->query ? drmgmt_entity_find(route->query) : NULL;
    json_t *filters = entity ? json_array() : json_null();
    for (size_t i = 0; entity && i < entity->n_fields; i++)
        if (!(entity->fields[i].flags & DRMGMT_FIELD_FILTER)) {
            continue;
        } else if (entity->fields[i].type == DRMGMT_TYPE_TIME) {
            json_array_append_new(filters, json_string("since"));
            json_array_append_new(filters, json_string("until"));
        } else {
            json_array_append_new(filters, json_string(entity->fields[i].name));
        }
    return filters;
}

static json_t *row_of(const drmd_route *route)
{
    return json_pack("{s:s,s:s,s:s,s:s,s:o,s:s?,s:o,s:s?,s:s?,s:i,s:s,s:s}", "method", drmd_method_name(route->method),
                     "path", route->pattern, "permission", drmgmt_permission_name(route->permission), "role",
                     drmgmt_role_name(drmgmt_permission_role(route->permission)), "flags", flags_of(route), "query",
                     route->query, "filters", filters_of(route), "request", route->request, "response", route->response,
                     "status", route->status, "tag", route->tag, "summary", route->summary);
}

int drmd_routes_print(void)
{
    bool good = true;
    for (size_t i = 0; i < drmd_n_routes; i++) {
        json_t *row = row_of(&drmd_routes[i]);
        char *text = row ? json_dumps(row, JSON_COMPACT | JSON_PRESERVE_ORDER) : NULL;
        good = text && printf("%s%s", i ? ",\n " : "[", text) > 0 && good;
        free(text);
        json_decref(row);
    }
    good = puts("]") >= 0 && fflush(stdout) == 0 && good;
    return good ? 0 : drmgmt_status_exit_code(DRMGMT_ERR_IO);
}
