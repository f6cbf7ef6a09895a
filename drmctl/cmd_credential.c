/* drmctl credential: SNMP credentials. Called through the table. */
#include "draft.h"
#include "writer.h"
#include <stdlib.h>

/* Flags whose value is a member, and those that name a file whose first line is one. */
static const struct {
    const char *flag, *member;
} texts[] = {
    { "snmp-version", "snmp_version" },   { "username", "username" },         { "auth-protocol", "auth_protocol" },
    { "priv-protocol", "priv_protocol" }, { "context-name", "context_name" },
}, secrets[] = {
    { "community-file", "community" },
    { "auth-password-file", "auth_password" },
    { "priv-password-file", "priv_password" },
};

static int add_text(json_t *object, const char *member, const char *text)
{
    if (!text || json_object_set_new(object, member, json_string(text)) == 0)
        return 0;
    return ctl_complain(DRMGMT_ERR_INVALID, "names and secrets must be UTF-8");
}

static int add_secret(const ctl *c, json_t *object, size_t i)
{
    const char *file = ctl_value(c, secrets[i].flag);
    char *secret = NULL;
    int code = file ? ctl_read_secret(file, secrets[i].member, &secret) : 0;

    if (!code)
        code = add_text(object, secrets[i].member, secret);
    ctl_free_secret(secret);
    return code;
}

static int make_object(const ctl *c, const char *name, json_t **object)
{
    json_t *draft = json_object();
    int code = add_text(draft, "name", name);

    for (size_t i = 0; !code && i < CTL_COUNT(texts); i++)
        code = add_text(draft, texts[i].member, ctl_value(c, texts[i].flag));
    for (size_t i = 0; !code && i < CTL_COUNT(secrets); i++)
        code = add_secret(c, draft, i);
    if (code)
        json_decref(draft);
    else
        *object = draft;
    return code;
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

    if (!ctl_has(c, "community-file") && !ctl_has(c, "username"))
        return ctl_usage(c, "--community-file FILE (or - for standard input) is missing; version 3 wants --username");
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
