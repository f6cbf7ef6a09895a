/* drmctl api-key: keys that act for their user. Called through the table. */
#include "draft.h"
#include "writer.h"
#include <stdlib.h>

/* "90d", "12h", "30m", "45s" or seconds. */
static int expiry(const ctl *c, json_t *object)
{
    static const struct {
        char letter;
        long long seconds;
    } units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 }, { '\0', 1 } };
    const char *text = ctl_value(c, "expires-in");
    char *end = NULL;

    if (!text)
        return 0;
    long long n = strtoll(text, &end, 10);
    for (size_t i = 0; end > text && n > 0 && n < 1000000000 && i < CTL_COUNT(units); i++)
        if (*end == units[i].letter && (!*end || !end[1])) {
            json_object_set_new(object, "expires_in", json_integer(n * units[i].seconds));
            return 0;
        }
    return ctl_usage(c, "--expires-in %s: a number with s, m, h or d is wanted, like 90d", text);
}

static void put_list(const ctl *c, const char *option, json_t *object, const char *field)
{
    json_t *list = json_array();

    for (size_t i = 0; ctl_nth(c, option, i); i++)
        json_array_append_new(list, json_string(ctl_nth(c, option, i)));
    if (json_array_size(list))
        json_object_set(object, field, list);
    json_decref(list);
}

static int make_draft(const ctl *c, drmgmt_draft **draft)
{
    json_t *object = json_pack("{s:s}", "label", c->args[0]);

    if (!object)
        return ctl_usage(c, "the label is no UTF-8");
    put_list(c, "scope", object, "scopes");
    put_list(c, "address", object, "addresses");
    if (ctl_value(c, "expires-at"))
        json_object_set_new(object, "expires_at", json_string(ctl_value(c, "expires-at")));
    int code = expiry(c, object);
    if (!code)
        code = ctl_draft(object, "api_key", draft);
    json_decref(object);
    return code;
}

int ctl_cmd_api_key_create(ctl *c)
{
    static const ctl_column columns[] = {
        { "id", CTL_TEXT }, { "label", CTL_TEXT }, { "expires_at", CTL_TEXT }, { "key", CTL_TEXT }
    };
    drmgmt_draft *draft = NULL;
    drmgmt_record *record = NULL;
    char *key = NULL;
    drmgmt_error *error = NULL;
    int code = make_draft(c, &draft);

    if (!code)
        code = ctl_open(c);
    int rc = code ? 0 : drmgmt_api_key_create(c->session, draft, &record, &key, &error);
    drmgmt_draft_free(draft);
    if (code || rc)
        return code ? code : ctl_fail(error);
    code = ctl_row_show(c, columns, CTL_COUNT(columns),
                        (const char *[]){ drmgmt_record_id(record), drmgmt_record_text(record, "label"),
                                          drmgmt_record_text(record, "expires_at"), key });
    if (!code && ctl_writer_of(c) == &ctl_writer_table)
        ctl_note("the key is shown this once: keep it in a file that only you can read");
    drmgmt_record_free(record);
    ctl_free_secret(key);
    return code;
}

int ctl_cmd_api_key_list(ctl *c)
{
    return ctl_list(c, drmgmt_api_key_list);
}

static int revoke_key(ctl *c, const char *id, int64_t version)
{
    drmgmt_error *error = NULL;

    (void)version;
    return drmgmt_api_key_revoke(c->session, id, &error) ? ctl_fail(error) : 0;
}

int ctl_cmd_api_key_revoke(ctl *c)
{
    return ctl_delete_each(c, "API key", "Revoke", "revoked", revoke_key);
}
