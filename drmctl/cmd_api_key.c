/* drmctl api-key: keys that act for their user. Called through the table. */
#include "draft.h"
#include "writer.h"

int ctl_cmd_api_key_create(ctl *c)
{
    static const ctl_column columns[] = { { "id", CTL_TEXT }, { "label", CTL_TEXT }, { "key", CTL_TEXT } };
    drmgmt_record *record = NULL;
    char *key = NULL;
    drmgmt_error *error = NULL;
    int code = ctl_open(c);

    if (code)
        return code;
    if (drmgmt_api_key_create(c->session, c->args[0], &record, &key, &error))
        return ctl_fail(error);
    code = ctl_row_show(c, columns, CTL_COUNT(columns),
                        (const char *[]){ drmgmt_record_id(record), drmgmt_record_text(record, "label"), key });
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
