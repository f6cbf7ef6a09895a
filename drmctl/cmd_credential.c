/* drmctl credential: SNMP credentials. Called through the table. */
#include "draft.h"
#include "writer.h"
#include <stdlib.h>

static int make_object(const ctl *c, const char *name, json_t **object)
{
    const char *version = ctl_value(c, "snmp-version"), *file = ctl_value(c, "community-file");
    char *community = NULL;
    int code = file ? ctl_read_secret(file, "community", &community) : 0;

    if (code)
        return code;
    json_t *draft = json_object();
    int failed = name ? json_object_set_new(draft, "name", json_string(name)) : 0;
    if (version)
        failed |= json_object_set_new(draft, "snmp_version", json_string(version));
    if (community)
        failed |= json_object_set_new(draft, "community", json_string(community));
    ctl_free_secret(community);
    if (failed) {
        json_decref(draft);
        return ctl_complain(DRMGMT_ERR_INVALID, "name, version and community must be UTF-8");
    }
    *object = draft;
    return 0;
}

static int make_draft(const ctl *c, const char *name, drmgmt_draft **draft)
{
    json_t *object = NULL;
    int code = make_object(c, name, &object);

    if (!code && json_object_size(object) == 0)
        code = ctl_usage(c, "there is nothing to change");
    if (!code)
        code = ctl_draft(object, "snmp_credential", draft);
    json_decref(object);
    return code;
}

int ctl_cmd_credential_create(ctl *c)
{
    drmgmt_draft *draft = NULL;

    if (!ctl_has(c, "community-file"))
        return ctl_usage(c, "--community-file FILE (or - for standard input) is missing");
    int code = make_draft(c, c->args[0], &draft);
    return ctl_create(c, code, draft, drmgmt_snmp_credential_create);
}

int ctl_cmd_credential_list(ctl *c)
{
    return ctl_list(c, drmgmt_snmp_credential_list);
}

int ctl_cmd_credential_show(ctl *c)
{
    return ctl_show_one(c, drmgmt_snmp_credential_get);
}

int ctl_cmd_credential_update(ctl *c)
{
    drmgmt_draft *draft = NULL;

    int code = make_draft(c, ctl_value(c, "name"), &draft);
    return ctl_update(c, code, draft, drmgmt_snmp_credential_update);
}

static int delete_credential(ctl *c, const char *id, int64_t version)
{
    drmgmt_error *error = NULL;

    return drmgmt_snmp_credential_delete(c->session, id, version, &error) ? ctl_fail(error) : 0;
}

int ctl_cmd_credential_delete(ctl *c)
{
    return ctl_delete_each(c, "credential", "Delete", "deleted", delete_credential);
}
