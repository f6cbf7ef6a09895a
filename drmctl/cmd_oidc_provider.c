/* drmctl oidc-provider: issuers that a tenant's users log in by. Called through the table. */
#include "draft.h"
#include "writer.h"
#include <stdlib.h>
#include <string.h>

static json_t *text_value(const char *text)
{
    return json_string(text);
}

/* Anything but a truth value goes to the library, which says what is wrong with it. */
static json_t *bool_value(const char *text)
{
    return strcmp(text, "true") == 0 ? json_true() : strcmp(text, "false") == 0 ? json_false() : json_string(text);
}

static const struct {
    const char *option, *field;
    json_t *(*value)(const char *text);
} options[] = {
    { "issuer", "issuer", text_value },
    { "client-id", "client_id", text_value },
    { "redirect-uri", "redirect_uri", text_value },
    { "scopes", "scopes", text_value },
    { "link-by-email", "link_by_email", bool_value },
    { "create-users", "create_users", bool_value },
    { "default-role", "default_role", text_value },
    { "trust-issuer-factor", "trust_issuer_factor", bool_value },
    { "enabled", "enabled", bool_value },
};

static int set(json_t *object, const char *field, json_t *value)
{
    return value && json_object_set_new(object, field, value) == 0 ? 0 : -1;
}

static int set_secret(const ctl *c, json_t *object)
{
    const char *file = ctl_value(c, "client-secret-file");
    char *secret = NULL;

    if (file && ctl_has(c, "no-client-secret"))
        return ctl_usage(c, "--client-secret-file and --no-client-secret exclude each other");
    if (ctl_has(c, "no-client-secret"))
        set(object, "client_secret", json_null());
    if (!file)
        return 0;
    int code = ctl_read_secret(file, "client secret", &secret);
    if (!code && set(object, "client_secret", json_string(secret)))
        code = ctl_complain(DRMGMT_ERR_INVALID, "%s: the secret is no UTF-8", file);
    ctl_free_secret(secret);
    return code;
}

/* --email-domain "" alone takes all domains away. */
static int set_domains(const ctl *c, json_t *object)
{
    const char *domain;
    int failed = 0;

    if (!ctl_has(c, "email-domain"))
        return 0;
    json_t *domains = json_array();
    for (size_t i = 0; (domain = ctl_nth(c, "email-domain", i)); i++)
        if (*domain)
            failed |= json_array_append_new(domains, json_string(domain));
    return set(object, "email_domains", domains) || failed ? ctl_usage(c, "--email-domain: it is no UTF-8") : 0;
}

static int fill(const ctl *c, const char *name, json_t *object)
{
    if (name && set(object, "name", json_string(name)))
        return ctl_usage(c, "the name is no UTF-8");
    for (size_t i = 0; i < CTL_COUNT(options); i++) {
        const char *text = ctl_value(c, options[i].option);
        if (text && set(object, options[i].field, options[i].value(text)))
            return ctl_usage(c, "--%s: it is no UTF-8", options[i].option);
    }
    int code = set_domains(c, object);
    return code ? code : set_secret(c, object);
}

static int make_draft(const ctl *c, const char *name, drmgmt_draft **draft)
{
    json_t *object = json_object();
    int code = fill(c, name, object);

    if (!code && json_object_size(object) == 0)
        code = ctl_usage(c, "there is nothing to change");
    if (!code)
        code = ctl_draft(object, "oidc_provider", draft);
    json_decref(object);
    return code;
}

int ctl_cmd_oidc_provider_create(ctl *c)
{
    drmgmt_draft *draft = NULL;

    int code = make_draft(c, c->args[0], &draft);
    return ctl_create(c, code, draft, drmgmt_oidc_provider_create);
}

int ctl_cmd_oidc_provider_list(ctl *c)
{
    return ctl_list(c, drmgmt_oidc_provider_list);
}

int ctl_cmd_oidc_provider_show(ctl *c)
{
    return ctl_show_one(c, drmgmt_oidc_provider_get);
}

int ctl_cmd_oidc_provider_update(ctl *c)
{
    drmgmt_draft *draft = NULL;

    int code = make_draft(c, ctl_value(c, "name"), &draft);
    return ctl_update(c, code, draft, drmgmt_oidc_provider_update);
}

static int delete_provider(ctl *c, const char *id, int64_t version)
{
    drmgmt_error *error = NULL;

    return drmgmt_oidc_provider_delete(c->session, id, version, &error) ? ctl_fail(error) : 0;
}

int ctl_cmd_oidc_provider_delete(ctl *c)
{
    return ctl_delete_each(c, "provider", "Delete", "deleted", delete_provider);
}
