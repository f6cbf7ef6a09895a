/* drmctl device. Called through the table; the draft is put together in draft.c. */
#include "draft.h"
#include "writer.h"
#include <stdlib.h>
#include <string.h>

int ctl_device_id(ctl *c, const char *name_or_id, char id[37])
{
    drmgmt_record *device = NULL;
    drmgmt_error *error = NULL;

    if (drmgmt_device_get(c->session, name_or_id, &device, &error))
        return ctl_fail(error);
    strncpy(id, drmgmt_record_id(device), 36);
    id[36] = '\0';
    drmgmt_record_free(device);
    return 0;
}

int ctl_cmd_device_create(ctl *c)
{
    json_t *object = NULL;
    drmgmt_draft *draft = NULL;
    drmgmt_record *device = NULL;
    drmgmt_error *error = NULL;
    int code = ctl_device_object(c, c->n_args ? c->args[0] : NULL, NULL, &object);

    if (!code)
        code = ctl_open(c);
    if (!code)
        code = ctl_draft(object, "device", &draft);
    if (!code && drmgmt_device_create(c->session, draft, &device, &error))
        code = ctl_fail(error);
    drmgmt_draft_free(draft);
    json_decref(object);
    return code ? code : ctl_show(c, device);
}

int ctl_cmd_device_list(ctl *c)
{
    return ctl_list(c, drmgmt_device_list);
}

int ctl_cmd_device_show(ctl *c)
{
    return ctl_show_one(c, drmgmt_device_get);
}

/* Setting profiles replaces the set, so a change of the SNMP profile starts from what is there, and holds only if that
 * is still so. */
static int update(ctl *c, const drmgmt_record *before, int64_t version)
{
    json_t *object = NULL;
    drmgmt_draft *draft = NULL;
    drmgmt_record *after = NULL;
    drmgmt_error *error = NULL;
    bool merges = ctl_changes_snmp(c);
    int code = ctl_device_object(c, NULL, merges ? before : NULL, &object);

    if (!code && json_object_size(object) == 0)
        code = ctl_usage(c, "there is nothing to change");
    if (!code)
        code = ctl_draft(object, "device", &draft);
    if (!code && merges && !version)
        version = drmgmt_record_int(before, "version");
    if (!code && drmgmt_device_update(c->session, drmgmt_record_id(before), version, draft, &after, &error))
        code = ctl_fail(error);
    drmgmt_draft_free(draft);
    json_decref(object);
    return code ? code : ctl_show(c, after);
}

int ctl_cmd_device_update(ctl *c)
{
    drmgmt_record *before = NULL;
    drmgmt_error *error = NULL;
    long long version = 0;
    int code = ctl_number(c, "if-version", 1, INT64_MAX, &version);

    if (!code)
        code = ctl_open(c);
    if (!code && drmgmt_device_get(c->session, c->args[0], &before, &error))
        code = ctl_fail(error);
    if (!code)
        code = update(c, before, version);
    drmgmt_record_free(before);
    return code;
}

static int delete_device(ctl *c, const char *name_or_id, int64_t version)
{
    char id[37];
    drmgmt_error *error = NULL;
    int code = ctl_device_id(c, name_or_id, id);

    if (code)
        return code;
    return drmgmt_device_delete(c->session, id, version, &error) ? ctl_fail(error) : 0;
}

int ctl_cmd_device_delete(ctl *c)
{
    return ctl_delete_each(c, "device", "Delete", "deleted", delete_device);
}
