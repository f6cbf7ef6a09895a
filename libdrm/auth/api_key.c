/* API keys: "drm_<id>_<secret>", kept as SHA-256. Called by programs; sec.enter_api_key() of the database checks them.
 * Everybody makes, sees and revokes one's own only. */
#include "auth/auth_internal.h"
#include "core/entities.h"
#include "core/limits.h"
#include "queries.h"
#include "store/list.h"
#include <stdio.h>
#include <string.h>

enum { SECRET_SIZE = 32, PREFIX_SIZE = 4 + 32 + 1, KEY_SIZE = PREFIX_SIZE + 1 + 43 };

static const drmgmt_field fields[] = {
    { "id", DRMGMT_TYPE_UUID, DRMGMT_FIELD_COLUMN, "k.id", "Identifier", NULL },
    { "label", DRMGMT_TYPE_TEXT, DRMGMT_FIELD_CREATE | DRMGMT_FIELD_REQUIRED | DRMGMT_FIELD_COLUMN, "k.label",
      "What the key is for", "\"minLength\":1,\"maxLength\":100" },
    { "prefix", DRMGMT_TYPE_TEXT, 0, "k.prefix", "How the key begins; no secret", NULL },
    { "created_at", DRMGMT_TYPE_TIME, DRMGMT_FIELD_COLUMN, "k.created_at", "When it was made", NULL },
    { "last_used_at", DRMGMT_TYPE_TIME, DRMGMT_FIELD_COLUMN, "k.last_used_at",
      "When it was last used, to the minute; null if never", NULL },
    { "expires_at", DRMGMT_TYPE_TIME, 0, "k.expires_at", "From when on it is refused; null if never", NULL },
};

const drmgmt_entity drmgmt__entity_api_key = {
    "api_key", "api_keys", "A key that acts for its maker until it is revoked", fields, DRMGMT__COUNT(fields),
};

/* A new key with its id, prefix and digest. */
struct made {
    char id[DRMGMT__UUID_SIZE], prefix[PREFIX_SIZE];
    uint8_t digest[DRMGMT__DIGEST_SIZE];
};

static int make(struct made *made, char key[KEY_SIZE])
{
    uint8_t id[16], secret[SECRET_SIZE];
    char id_hex[33], secret_text[44];

    if (drmgmt__uuid_v7(made->id) || drmgmt__uuid_bytes(made->id, id) || drmgmt__random(secret, sizeof secret))
        return DRMGMT_ERR_CRYPTO;
    drmgmt__hex(id, sizeof id, id_hex);
    drmgmt__b64url(secret, sizeof secret, secret_text);
    snprintf(made->prefix, sizeof made->prefix, "drm_%s", id_hex);
    snprintf(key, KEY_SIZE, "drm_%s_%s", id_hex, secret_text);
    drmgmt__wipe(secret, sizeof secret);
    drmgmt__wipe(secret_text, sizeof secret_text);
    return drmgmt__sha256(key, strlen(key), made->digest);
}

static void add_origin(drmgmt__params *p, const drmgmt_session *session)
{
    drmgmt__param(p, session->request_id[0] ? session->request_id : NULL);
    drmgmt__param(p, session->address[0] ? session->address : NULL);
}

static int store(drmgmt_session *session, const char *label, const struct made *made, drmgmt_record **record,
                 drmgmt_error **error)
{
    drmgmt__params p = DRMGMT__PARAMS_INIT;
    drmgmt__rows *rows = NULL;
    char audit_id[DRMGMT__UUID_SIZE], maker[33] = "";

    if (drmgmt__uuid_v7(audit_id))
        return drmgmt__fail(error, DRMGMT_ERR_CRYPTO, "the system gives no random numbers");
    if (session->api_key) /* "drm_<id>_<secret>" */
        snprintf(maker, sizeof maker, "%.32s", session->api_key + 4);
    drmgmt__param(&p, made->id);
    drmgmt__param(&p, label);
    drmgmt__param(&p, made->prefix);
    drmgmt__param_bytes(&p, made->digest, sizeof made->digest);
    drmgmt__param(&p, audit_id);
    add_origin(&p, session);
    drmgmt__param(&p, maker[0] ? maker : NULL);
    int rc = drmgmt__run(session, DRMGMT_PERM_API_KEY_OWN, DRMGMT__WRITE, &drmgmt__q_api_key_create, &p, &rows, error);
    return rc ? rc : drmgmt__record_new(&drmgmt__entity_api_key, rows, 0, record, error);
}

int drmgmt_api_key_create(drmgmt_session *session, const char *label, drmgmt_record **record, char **key,
                          drmgmt_error **error)
{
    const drmgmt_field *field = &fields[drmgmt_entity_field(&drmgmt__entity_api_key, "label")];
    char buffer[128];
    struct made made;
    const char *wrong = !label || drmgmt__text_length(label) < 0
                            ? "text in UTF-8 without control characters is expected"
                            : drmgmt__limits_check(field, label, buffer, sizeof buffer);

    if (wrong)
        return drmgmt__fail_full(error, DRMGMT_ERR_INVALID, false, NULL, "label", "label: %s", wrong);
    char *text = calloc(1, KEY_SIZE);
    if (!text)
        return drmgmt__fail_memory(error);
    int rc = make(&made, text) ? drmgmt__fail(error, DRMGMT_ERR_CRYPTO, "the system gives no random numbers")
                               : store(session, label, &made, record, error);
    if (rc) {
        drmgmt__free_secret(text);
        return rc;
    }
    *key = text;
    return 0;
}

int drmgmt_api_key_list(drmgmt_session *session, const drmgmt_query *query, drmgmt_page **page, drmgmt_error **error)
{
    drmgmt__params p;

    if (query->entity != &drmgmt__entity_api_key)
        return drmgmt__fail(error, DRMGMT_ERR_INVALID, "the query is not one for API keys");
    drmgmt__list_params(&p);
    return drmgmt__list_run(session, DRMGMT_PERM_API_KEY_OWN, &drmgmt__q_api_key_list, &p, query, "id", page, error);
}

int drmgmt_api_key_revoke(drmgmt_session *session, const char *id, drmgmt_error **error)
{
    DRMGMT__ROWS drmgmt__rows *rows = NULL;
    drmgmt__params p = DRMGMT__PARAMS_INIT;
    char audit_id[DRMGMT__UUID_SIZE];

    if (!drmgmt__uuid_valid(id))
        return drmgmt__fail(error, DRMGMT_ERR_NOT_FOUND, "there is no such API key");
    if (drmgmt__uuid_v7(audit_id))
        return drmgmt__fail(error, DRMGMT_ERR_CRYPTO, "the system gives no random numbers");
    drmgmt__param(&p, id);
    drmgmt__param(&p, audit_id);
    add_origin(&p, session);
    int rc = drmgmt__run(session, DRMGMT_PERM_API_KEY_OWN, DRMGMT__WRITE, &drmgmt__q_api_key_revoke, &p, &rows, error);
    if (!rc && drmgmt__rows_count(rows) == 0)
        rc = drmgmt__fail(error, DRMGMT_ERR_NOT_FOUND, "there is no such API key");
    return rc;
}
