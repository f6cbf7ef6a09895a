/* drmctl outbound: which addresses a tenant's jobs may reach. Called through the table; calls drm/outbound.h. */
#include "draft.h"
#include "writer.h"
#include <stdlib.h>
#include <string.h>

static const char *list_tenant; /* of this invocation's list: a list function has no other way to know it */

static int list_of_tenant(drmgmt_session *session, const drmgmt_query *query, drmgmt_page **page, drmgmt_error **error)
{
    return drmgmt_tenant_outbound_rule_list(session, list_tenant, query, page, error);
}

int ctl_cmd_outbound_list(ctl *c)
{
    list_tenant = ctl_value(c, "tenant");
    return ctl_list(c, list_tenant ? list_of_tenant : drmgmt_outbound_rule_list);
}

static int wanted_tenant(const ctl *c, const char **tenant)
{
    *tenant = ctl_value(c, "tenant");
    return *tenant ? 0 : ctl_usage(c, "--tenant: whose rule it is, is missing");
}

/* "161" or "161-162", as two fields. */
static int add_ports(const ctl *c, const char *text, json_t *object)
{
    char *end;
    long first = strtol(text, &end, 10), last = first;

    if (end > text && *end == '-') {
        const char *second = end + 1;
        last = strtol(second, &end, 10);
        if (end == second)
            end = (char *)text;
    }
    if (end == text || *end || *text < '0' || *text > '9')
        return ctl_usage(c, "--port %s: a number or a range such as 161-162 is wanted", text);
    json_object_set_new(object, "port_first", json_integer(first));
    json_object_set_new(object, "port_last", json_integer(last));
    return 0;
}

static int make_draft(const ctl *c, drmgmt_draft **draft)
{
    const char *port = ctl_value(c, "port"), *transport = ctl_value(c, "transport"), *note = ctl_value(c, "note");
    json_t *object = json_pack("{s:s, s:s*, s:s*}", "cidr", c->args[0], "transport", transport, "note", note);
    int code = object ? 0 : ctl_complain(DRMGMT_ERR_INVALID, "block, transport and note must be UTF-8");

    if (!code && port)
        code = add_ports(c, port, object);
    if (!code)
        code = ctl_draft(object, "outbound_rule", draft);
    json_decref(object);
    return code;
}

int ctl_cmd_outbound_allow(ctl *c)
{
    drmgmt_draft *draft = NULL;
    drmgmt_record *rule = NULL;
    drmgmt_error *error = NULL;
    const char *tenant;
    int code = wanted_tenant(c, &tenant);

    if (!code)
        code = make_draft(c, &draft);

    if (!code)
        code = ctl_open(c);
    if (!code && drmgmt_tenant_outbound_allow(c->session, tenant, draft, &rule, &error))
        code = ctl_fail(error);
    drmgmt_draft_free(draft);
    return code ? code : ctl_show(c, rule);
}

static int remove_rule(ctl *c, const char *id, int64_t version)
{
    drmgmt_error *error = NULL;

    (void)version;
    return drmgmt_tenant_outbound_remove(c->session, ctl_value(c, "tenant"), id, &error) ? ctl_fail(error) : 0;
}

int ctl_cmd_outbound_remove(ctl *c)
{
    const char *tenant;
    int code = wanted_tenant(c, &tenant);

    return code ? code : ctl_delete_each(c, "outbound rule", "Remove", "removed", remove_rule);
}

/* ---- check ---- */

static int show_decisions(const ctl *c, const char *json)
{
    static const ctl_column columns[] = {
        { "address", CTL_TEXT }, { "allowed", CTL_LITERAL }, { "rule", CTL_TEXT }, { "explanation", CTL_TEXT }
    };
    json_t *answer = json_loads(json, 0, NULL), *one;
    bool allowed = json_is_true(json_object_get(answer, "allowed"));
    ctl_writer w;
    size_t i;
    int code = answer ? 0 : ctl_complain(DRMGMT_ERR_NO_MEMORY, "out of memory");

    ctl_rows_begin(c, &w, columns, CTL_COUNT(columns));
    json_array_foreach(json_object_get(answer, "addresses"), i, one)
    {
        bool each = json_is_true(json_object_get(one, "allowed"));
        const char *cells[] = { json_string_value(json_object_get(one, "address")), each ? "true" : "false",
                                json_string_value(json_object_get(one, "rule")),
                                json_string_value(json_object_get(one, "explanation")) };
        if (!code)
            code = ctl_rows_add(&w, cells);
    }
    json_decref(answer);
    int end = ctl_rows_end(&w);
    code = code ? code : end;
    return code || allowed ? code : CTL_EXIT_FAILURE;
}

int ctl_cmd_outbound_check(ctl *c)
{
    const char *transport = ctl_value(c, "transport");
    char *json = NULL;
    drmgmt_error *error = NULL;
    long long port = 161;
    int code = ctl_number(c, "port", 1, 65535, &port);

    if (!code)
        code = ctl_open(c);
    if (!code && drmgmt_outbound_check(c->session, ctl_value(c, "tenant"), c->args[0], (unsigned)port,
                                       transport ? transport : "udp", &json, &error))
        code = ctl_fail(error);
    if (!code)
        code = show_decisions(c, json);
    drmgmt_free(json);
    return code;
}
