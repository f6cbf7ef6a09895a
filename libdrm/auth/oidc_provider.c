/* A tenant's OpenID Connect providers: create, read, change, delete, list; the client's secret goes in sealed and never
 * comes out. Called by programs; calls store and audit. Who may write what is decided in the database (adm.oidc_*). */
#include "audit/audit.h"
#include "audit/change.h"
#include "auth/oidc_internal.h"
#include "core/entities.h"
#include "core/record_internal.h"
#include "key/key.h"
#include "queries.h"
#include "store/array.h"
#include "store/list.h"
#include <drm/oidc.h>
#include <stdio.h>
#include <string.h>

static const drmgmt_field fields[] = {
    { "id", DRMGMT_TYPE_UUID, DRMGMT_FIELD_COLUMN, "p.id", "Identifier", NULL },
    { "name", DRMGMT_TYPE_TEXT,
      DRMGMT_FIELD_WRITABLE | DRMGMT_FIELD_REQUIRED | DRMGMT_FIELD_FILTER | DRMGMT_FIELD_COLUMN, "p.name",
      "Unique in the tenant; stands in the URLs of its log-ins: lower case letters, digits, and . _ - within",
      "\"minLength\":1,\"maxLength\":64" },
    { "issuer", DRMGMT_TYPE_TEXT, DRMGMT_FIELD_WRITABLE | DRMGMT_FIELD_REQUIRED | DRMGMT_FIELD_COLUMN, "p.issuer",
      "The issuer, exactly as its own documents write it", "\"minLength\":1,\"maxLength\":2000" },
    { "client_id", DRMGMT_TYPE_TEXT, DRMGMT_FIELD_WRITABLE | DRMGMT_FIELD_REQUIRED, "p.client_id",
      "What the issuer knows us by", "\"minLength\":1,\"maxLength\":255" },
    { "client_secret", DRMGMT_TYPE_TEXT, DRMGMT_FIELD_WRITABLE | DRMGMT_FIELD_SECRET, "p.has_secret",
      "What proves it to the issuer; none: a public client, which PKCE protects alone",
      "\"minLength\":1,\"maxLength\":1024" },
    { "scopes", DRMGMT_TYPE_TEXT, DRMGMT_FIELD_WRITABLE, "p.scopes", "What is asked for; \"openid\" must be in it",
      "\"minLength\":6,\"maxLength\":1000,\"default\":\"openid email\"" },
    { "redirect_uri", DRMGMT_TYPE_TEXT, DRMGMT_FIELD_WRITABLE | DRMGMT_FIELD_REQUIRED, "p.redirect_uri",
      "Where the browser comes back to: as registered at the issuer", "\"minLength\":1,\"maxLength\":2000" },
    { "link_by_email", DRMGMT_TYPE_BOOL, DRMGMT_FIELD_WRITABLE | DRMGMT_FIELD_COLUMN, "p.link_by_email",
      "Whether an account not seen before is the user with its verified address", "\"default\":false" },
    { "create_users", DRMGMT_TYPE_BOOL, DRMGMT_FIELD_WRITABLE | DRMGMT_FIELD_COLUMN, "p.create_users",
      "Whether an account not seen before, with a verified address that no user has, becomes a new user",
      "\"default\":false" },
    { "default_role", DRMGMT_TYPE_TEXT, DRMGMT_FIELD_WRITABLE, "p.default_role", "The role of a user so created",
      "\"enum\":[\"none\",\"viewer\",\"operator\"],\"default\":\"viewer\"" },
    { "email_domains", DRMGMT_TYPE_TAGS, DRMGMT_FIELD_WRITABLE, "p.email_domains",
      "Domains whose addresses become new users; empty: any",
      "\"maxItems\":64,\"items\":{\"type\":\"string\",\"minLength\":1,\"maxLength\":253}" },
    { "trust_issuer_factor", DRMGMT_TYPE_BOOL, DRMGMT_FIELD_WRITABLE, "p.trust_issuer_factor",
      "Whether the issuer's word that it asked for several factors stands for ours", "\"default\":false" },
    { "enabled", DRMGMT_TYPE_BOOL, DRMGMT_FIELD_WRITABLE | DRMGMT_FIELD_COLUMN, "p.enabled",
      "Whether one may log in by it", "\"default\":true" },
    { "version", DRMGMT_TYPE_INT, 0, "p.version", "Grows with each change; the ETag", NULL },
    { "created_at", DRMGMT_TYPE_TIME, 0, "p.created_at", "When it was made", NULL },
    { "updated_at", DRMGMT_TYPE_TIME, DRMGMT_FIELD_COLUMN, "p.updated_at", "When it was last changed", NULL },
};

const drmgmt_entity drmgmt__entity_oidc_provider = {
    "oidc_provider", "oidc_providers",      "An OpenID Connect issuer by which users of the tenant may log in",
    fields,          DRMGMT__COUNT(fields),
};
static const drmgmt_entity *const entity = &drmgmt__entity_oidc_provider;

static int no_such(drmgmt_error **error)
{
    return drmgmt__fail(error, DRMGMT_ERR_NOT_FOUND, "there is no such provider");
}

/* ---- what a draft's types and limits do not say ---- */

static const char *name_error(const char *name)
{
    static const char inner[] = "abcdefghijklmnopqrstuvwxyz0123456789._-";

    return strspn(name, inner) != strlen(name) || strchr("._-", name[0]) || drmgmt__uuid_valid(name)
               ? "lower case letters, digits, and . _ - within are expected, not like an id"
               : NULL;
}

/* RFC 6749, section 3.3: words of printable ASCII with one blank between. */
static const char *scopes_error(const char *scopes)
{
    bool openid = false;

    for (const char *word = scopes;;) {
        size_t n = strcspn(word, " ");
        openid = openid || (n == 6 && memcmp(word, "openid", 6) == 0);
        for (size_t i = 0; i < n; i++)
            if (word[i] < 0x21 || word[i] > 0x7e || word[i] == '"' || word[i] == '\\')
                return "words of printable ASCII without quotes are expected";
        if (n == 0)
            return "words with one blank between them are expected";
        if (!word[n])
            break;
        word += n + 1;
    }
    return openid ? NULL : "\"openid\" must be one of the words";
}

static const char *ascii_error(const char *text)
{
    for (; *text; text++)
        if (*text < 0x20 || *text > 0x7e)
            return "printable ASCII is expected";
    return NULL;
}

static int check(const drmgmt_draft *draft, drmgmt_error **error)
{
    static const struct {
        const char *field;
        const char *(*wrong)(const char *text);
    } rules[] = { { "name", name_error },       { "issuer", drmgmt__oidc_issuer_error },
                  { "client_id", ascii_error }, { "client_secret", ascii_error },
                  { "scopes", scopes_error },   { "redirect_uri", drmgmt__oidc_redirect_error } };

    for (size_t i = 0; i < DRMGMT__COUNT(rules); i++) {
        const char *text = drmgmt__draft_text(draft, rules[i].field);
        const char *wrong = text ? rules[i].wrong(text) : NULL;
        if (wrong)
            return drmgmt__fail_full(error, DRMGMT_ERR_INVALID, false, NULL, rules[i].field, "%s: %s", rules[i].field,
                                     wrong);
    }
    return 0;
}

/* As addresses are compared. *array stays empty when the draft does not set them. */
static int domains_of(const drmgmt_draft *draft, drmgmt__strbuf *array, drmgmt_error **error)
{
    const char *json = drmgmt__draft_text(draft, "email_domains");
    DRMGMT__JSON json_t *list = json ? json_loads(json, 0, NULL) : NULL;
    json_t *one;
    size_t i;

    if (!drmgmt__draft_has(draft, "email_domains"))
        return 0;
    json_array_foreach(list, i, one)
    {
        char address[DRMGMT__EMAIL_SIZE + 2], normal[DRMGMT__EMAIL_SIZE];
        snprintf(address, sizeof address, "x@%s", json_string_value(one));
        if (!drmgmt__email_normalise(address, normal))
            return drmgmt__fail_full(error, DRMGMT_ERR_INVALID, false, NULL, "email_domains",
                                     "email_domains: domains like example.net are expected");
        drmgmt__array_add(array, normal + 2);
    }
    drmgmt__array_end(array);
    return array->failed ? drmgmt__fail_memory(error) : 0;
}

/* ---- writing ---- */

/* *hex stays NULL without a secret. */
static int seal(drmgmt__tx *tx, drmgmt_session *session, const char *id, const char *secret, char **hex,
                drmgmt_error **error)
{
    return secret ? drmgmt__secret_seal(tx, session, "oidc_providers", "client_secret", id, secret, strlen(secret), hex,
                                        error)
                  : 0;
}

static void add_texts(drmgmt__params *p, const drmgmt_draft *draft, const char *const *names)
{
    for (; *names; names++)
        drmgmt__param(p, drmgmt__draft_text(draft, *names));
}

static const char *const head[] = { "name", "issuer", "client_id", NULL };
static const char *const middle[] = { "scopes", "redirect_uri", "link_by_email", "create_users", "default_role", NULL };
static const char *const tail[] = { "trust_issuer_factor", "enabled", NULL };

static int create(drmgmt__tx *tx, drmgmt_session *session, const char *id, const drmgmt_draft *draft,
                  drmgmt_error **error)
{
    drmgmt__params p = DRMGMT__PARAMS_INIT;
    DRMGMT__STRBUF domains = DRMGMT__STRBUF_INIT;
    DRMGMT__FREE char *sealed = NULL;
    int rc = seal(tx, session, id, drmgmt__draft_text(draft, "client_secret"), &sealed, error);

    if (!rc)
        rc = domains_of(draft, &domains, error);
    if (rc)
        return rc;
    drmgmt__param(&p, id);
    add_texts(&p, draft, head);
    drmgmt__param(&p, sealed);
    add_texts(&p, draft, middle);
    drmgmt__param(&p, domains.data);
    add_texts(&p, draft, tail);
    return drmgmt__exec_explained(tx, &drmgmt__q_oidc_provider_create, &p, NULL, error);
}

int drmgmt_oidc_provider_create(drmgmt_session *session, const drmgmt_draft *draft, drmgmt_record **provider,
                                drmgmt_error **error)
{
    DRMGMT__TX drmgmt__tx *tx = NULL;
    char id[DRMGMT__UUID_SIZE];
    int rc = drmgmt__draft_require(draft, error);

    if (!rc)
        rc = check(draft, error);
    if (!rc && drmgmt__uuid_v7(id))
        rc = drmgmt__fail(error, DRMGMT_ERR_CRYPTO, "the system gives no random numbers");
    if (!rc)
        rc = drmgmt__tx_begin(session, DRMGMT_PERM_TENANT_SETTINGS, &tx, error);
    if (!rc)
        rc = create(tx, session, id, draft, error);
    return rc ? rc
              : drmgmt__finish_change(&tx, session, "oidc_provider.create", NULL, draft, &drmgmt__q_oidc_provider_get,
                                      id, provider, error);
}

/* The id of what was named by id or by name. */
static int resolve(drmgmt__tx *tx, const char *id_or_name, char id[DRMGMT__UUID_SIZE], drmgmt_error **error)
{
    DRMGMT__ROWS drmgmt__rows *rows = NULL;
    drmgmt__params p = DRMGMT__PARAMS_INIT;

    if (drmgmt__uuid_normalise(id_or_name, id))
        return 0;
    if (name_error(id_or_name))
        return no_such(error);
    drmgmt__param(&p, id_or_name);
    int rc = drmgmt__tx_exec(tx, &drmgmt__q_oidc_provider_by_name, &p, &rows, error);
    if (rc)
        return rc;
    const char *found = drmgmt__rows_text(rows, 0, 0);
    return drmgmt__rows_count(rows) == 1 && drmgmt__uuid_normalise(found, id) ? 0 : no_such(error);
}

/* Finds what is to be changed, as it is before. */
static int hold(drmgmt__tx *tx, const char *id_or_name, int64_t if_version, char id[DRMGMT__UUID_SIZE],
                drmgmt_record **before, drmgmt_error **error)
{
    drmgmt__params p = DRMGMT__PARAMS_INIT;
    int rc = resolve(tx, id_or_name, id, error);

    if (rc)
        return rc;
    drmgmt__param(&p, id);
    rc = drmgmt__tx_exec(tx, &drmgmt__q_oidc_provider_hold, &p, NULL, error);
    return rc ? rc
              : drmgmt__hold(tx, entity, &drmgmt__q_oidc_provider_held, &drmgmt__q_oidc_provider_get, id, if_version,
                             "provider", before, error);
}

static int change(drmgmt__tx *tx, drmgmt_session *session, const char *id, const drmgmt_draft *draft,
                  drmgmt_error **error)
{
    drmgmt__params p = DRMGMT__PARAMS_INIT;
    DRMGMT__STRBUF domains = DRMGMT__STRBUF_INIT;
    DRMGMT__FREE char *sealed = NULL;
    const char *secret = drmgmt__draft_text(draft, "client_secret");
    int rc = seal(tx, session, id, secret, &sealed, error);

    if (!rc)
        rc = domains_of(draft, &domains, error);
    if (rc)
        return rc;
    drmgmt__param(&p, id);
    add_texts(&p, draft, head);
    drmgmt__param(&p, sealed);
    drmgmt__param_bool(&p, drmgmt__draft_has(draft, "client_secret") && !secret);
    add_texts(&p, draft, middle);
    drmgmt__param(&p, domains.data);
    add_texts(&p, draft, tail);
    return drmgmt__exec_explained(tx, &drmgmt__q_oidc_provider_update, &p, NULL, error);
}

int drmgmt_oidc_provider_update(drmgmt_session *session, const char *id_or_name, int64_t if_version,
                                const drmgmt_draft *draft, drmgmt_record **provider, drmgmt_error **error)
{
    DRMGMT__TX drmgmt__tx *tx = NULL;
    DRMGMT__RECORD drmgmt_record *before = NULL;
    char id[DRMGMT__UUID_SIZE];
    int rc = drmgmt__draft_check_change(draft, error);

    if (!rc)
        rc = check(draft, error);
    if (!rc)
        rc = drmgmt__tx_begin(session, DRMGMT_PERM_TENANT_SETTINGS, &tx, error);
    if (!rc)
        rc = hold(tx, id_or_name, if_version, id, &before, error);
    if (!rc)
        rc = change(tx, session, id, draft, error);
    return rc ? rc
              : drmgmt__finish_change(&tx, session, "oidc_provider.update", before, draft, &drmgmt__q_oidc_provider_get,
                                      id, provider, error);
}

int drmgmt_oidc_provider_delete(drmgmt_session *session, const char *id_or_name, int64_t if_version,
                                drmgmt_error **error)
{
    DRMGMT__TX drmgmt__tx *tx = NULL;
    DRMGMT__RECORD drmgmt_record *before = NULL;
    drmgmt__params p = DRMGMT__PARAMS_INIT;
    char id[DRMGMT__UUID_SIZE];
    int rc = drmgmt__tx_begin(session, DRMGMT_PERM_TENANT_SETTINGS, &tx, error);

    if (!rc)
        rc = hold(tx, id_or_name, if_version, id, &before, error);
    if (rc)
        return rc;
    drmgmt__param(&p, id);
    rc = drmgmt__exec_explained(tx, &drmgmt__q_oidc_provider_delete, &p, NULL, error);
    if (!rc)
        rc = drmgmt__audit_change(tx, session, "oidc_provider.delete", before, NULL, NULL, error);
    return rc ? rc : drmgmt__tx_commit(&tx, error);
}

/* ---- reading ---- */

int drmgmt_oidc_provider_get(drmgmt_session *session, const char *id_or_name, drmgmt_record **provider,
                             drmgmt_error **error)
{
    bool by_id = drmgmt__uuid_valid(id_or_name);

    if (!by_id && name_error(id_or_name))
        return no_such(error);
    return drmgmt__get_run(session, DRMGMT_PERM_TENANT_SETTINGS,
                           by_id ? &drmgmt__q_oidc_provider_get : &drmgmt__q_oidc_provider_by_name, id_or_name, entity,
                           "provider", provider, error);
}

int drmgmt_oidc_provider_list(drmgmt_session *session, const drmgmt_query *query, drmgmt_page **page,
                              drmgmt_error **error)
{
    DRMGMT__STRBUF name = DRMGMT__STRBUF_INIT;
    drmgmt__params p;
    size_t from = 0;

    if (query->entity != entity)
        return drmgmt__fail(error, DRMGMT_ERR_INVALID, "the query is not one for OpenID Connect providers");
    drmgmt__list_params(&p);
    drmgmt__param(&p, drmgmt__list_pattern(&name, drmgmt__query_filter(query, "name", &from)));
    if (name.failed)
        return drmgmt__fail_memory(error);
    return drmgmt__list_run(session, DRMGMT_PERM_TENANT_SETTINGS, &drmgmt__q_oidc_provider_list, &p, query, "id", page,
                            error);
}
