/* API keys: "drm_<id>_<secret>", kept as SHA-256. Called by programs; sec.enter_api_key() of the database checks them.
 * Everybody makes one's own only, and sees and revokes them; who may manage users sees and revokes those of others. */
#include "auth/auth_internal.h"
#include "core/entities.h"
#include "core/record_internal.h"
#include "queries.h"
#include "store/array.h"
#include "store/list.h"
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

enum { SECRET_SIZE = 32, PREFIX_SIZE = 4 + 32 + 1, KEY_SIZE = PREFIX_SIZE + 1 + 43 };

static const drmgmt_field fields[] = {
    { "id", DRMGMT_TYPE_UUID, DRMGMT_FIELD_COLUMN, "k.id", "Identifier", NULL },
    { "label", DRMGMT_TYPE_TEXT, DRMGMT_FIELD_CREATE | DRMGMT_FIELD_REQUIRED | DRMGMT_FIELD_COLUMN, "k.label",
      "What the key is for", "\"minLength\":1,\"maxLength\":100" },
    { "user_id", DRMGMT_TYPE_UUID, DRMGMT_FIELD_FILTER, "k.user_id",
      "Whom it acts for; to see those of others user:admin is needed", NULL },
    { "prefix", DRMGMT_TYPE_TEXT, 0, "k.prefix", "How the key begins; no secret", NULL },
    { "created_at", DRMGMT_TYPE_TIME, DRMGMT_FIELD_COLUMN, "k.created_at", "When it was made", NULL },
    { "last_used_at", DRMGMT_TYPE_TIME, DRMGMT_FIELD_COLUMN, "k.last_used_at",
      "When it was last used, to the minute; null if never", NULL },
    { "scopes", DRMGMT_TYPE_TAGS, DRMGMT_FIELD_CREATE | DRMGMT_FIELD_COLUMN, "sec.mask_names(k.scopes)",
      "The permissions it has of those that its owner holds; null: all of them",
      "\"minItems\":1,\"maxItems\":62,\"items\":{\"type\":\"string\",\"minLength\":1,\"maxLength\":64}" },
    { "addresses", DRMGMT_TYPE_TAGS, DRMGMT_FIELD_CREATE | DRMGMT_FIELD_COLUMN, "k.addresses",
      "Addresses and networks (CIDR) it may be used from; null: from anywhere",
      "\"minItems\":1,\"maxItems\":64,\"items\":{\"type\":\"string\",\"minLength\":1,\"maxLength\":64}" },
    { "expires_at", DRMGMT_TYPE_TIME, DRMGMT_FIELD_CREATE | DRMGMT_FIELD_COLUMN, "k.expires_at",
      "From when on it is refused; null if never", NULL },
    { "expires_in", DRMGMT_TYPE_INT, DRMGMT_FIELD_CREATE,
      "GREATEST(0, ceil(EXTRACT(epoch FROM k.expires_at - now())))::bigint", "The same in seconds from now on",
      "\"minimum\":1,\"maximum\":315360000" },
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

/* ---- what limits a key ---- */

static int invalid(const char *field, const char *what, const char *text, drmgmt_error **error)
{
    return drmgmt__fail_full(error, DRMGMT_ERR_INVALID, false, NULL, field, "%s: %s%s%.80s%s", field, what,
                             text ? ", not \"" : "", text ? text : "", text ? "\"" : "");
}

/* "192.0.2.7", "192.0.2.0/24", "2001:db8::/32". */
static bool is_network(const char *text)
{
    char address[INET6_ADDRSTRLEN];
    uint8_t bytes[16];
    size_t n = strcspn(text, "/");
    const char *bits = text[n] ? text + n + 1 : NULL;

    if (n >= sizeof address)
        return false;
    memcpy(address, text, n);
    address[n] = '\0';
    int most = inet_pton(AF_INET, address, bytes) == 1 ? 32 : inet_pton(AF_INET6, address, bytes) == 1 ? 128 : -1;
    size_t digits = bits ? strlen(bits) : 0;
    if (most < 0 || (bits && (digits < 1 || digits > 3 || strspn(bits, "0123456789") != digits)))
        return false;
    return !bits || strtol(bits, NULL, 10) <= most;
}

/* RFC 3339: what PostgreSQL takes besides ("tomorrow", a time without a zone) is refused. */
static bool is_time(const char *text)
{
    struct tm tm = { 0 };
    const char *end = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);

    if (!end || end - text != 19)
        return false;
    if (*end == '.')
        end += 1 + strspn(end + 1, "0123456789");
    if (strcmp(end, "Z") == 0)
        return true;
    return (*end == '+' || *end == '-') && strlen(end) == 6 && end[3] == ':' && strspn(end + 1, "0123456789") == 2 &&
           strspn(end + 4, "0123456789") == 2;
}

/* A list of the draft as an array; each of its texts must please good. */
static int read_list(const drmgmt_draft *draft, const char *field, bool (*good)(const char *), const char *expected,
                     drmgmt__strbuf *array, drmgmt_error **error)
{
    const char *text = drmgmt__draft_text(draft, field);
    DRMGMT__JSON json_t *list = text ? drmgmt__json_value(text) : NULL;

    if (!text)
        return 0;
    if (json_array_size(list) == 0)
        return invalid(field, "leave it out where there is no limit; an empty list allows nothing", NULL, error);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *item = json_string_value(json_array_get(list, i));
        if (!good(item))
            return invalid(field, expected, item, error);
        drmgmt__array_add(array, item);
    }
    drmgmt__array_end(array);
    return array->failed ? drmgmt__fail_memory(error) : 0;
}

static bool is_permission(const char *name)
{
    return drmgmt_permission_parse(name) != DRMGMT_PERM_COUNT && strcmp(name, "none") != 0;
}

struct limits {
    drmgmt__strbuf scopes, addresses;
    const char *expires_at, *expires_in;
};

static int read_limits(const drmgmt_draft *draft, struct limits *limits, drmgmt_error **error)
{
    limits->expires_at = drmgmt__draft_text(draft, "expires_at");
    limits->expires_in = drmgmt__draft_text(draft, "expires_in");
    if (limits->expires_at && limits->expires_in)
        return invalid("expires_in", "it and expires_at exclude each other", NULL, error);
    if (limits->expires_at && !is_time(limits->expires_at))
        return invalid("expires_at", "a time like 2026-01-31T12:00:00Z is expected", limits->expires_at, error);
    int rc = read_list(draft, "scopes", is_permission, "a permission's name is expected", &limits->scopes, error);
    return rc ? rc
              : read_list(draft, "addresses", is_network, "an address or network like 192.0.2.0/24 is expected",
                          &limits->addresses, error);
}

/* ---- create ---- */

static int store(drmgmt_session *session, const char *label, const struct limits *limits, const struct made *made,
                 drmgmt_record **record, drmgmt_error **error)
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
    drmgmt__param(&p, limits->scopes.data);
    drmgmt__param(&p, limits->addresses.data);
    drmgmt__param(&p, limits->expires_at);
    drmgmt__param(&p, limits->expires_in);
    drmgmt__param(&p, maker[0] ? maker : NULL);
    int rc = drmgmt__run(session, DRMGMT_PERM_API_KEY_OWN, DRMGMT__WRITE, &drmgmt__q_api_key_create, &p, &rows, error);
    return rc ? rc : drmgmt__record_new(&drmgmt__entity_api_key, rows, 0, record, error);
}

static int create(drmgmt_session *session, const char *label, const struct limits *limits, drmgmt_record **record,
                  char **key, drmgmt_error **error)
{
    struct made made;
    char *text = calloc(1, KEY_SIZE);

    if (!text)
        return drmgmt__fail_memory(error);
    int rc = make(&made, text) ? drmgmt__fail(error, DRMGMT_ERR_CRYPTO, "the system gives no random numbers")
                               : store(session, label, limits, &made, record, error);
    if (rc)
        drmgmt__free_secret(text);
    else
        *key = text;
    return rc;
}

int drmgmt_api_key_create(drmgmt_session *session, const drmgmt_draft *draft, drmgmt_record **record, char **key,
                          drmgmt_error **error)
{
    struct limits limits = { DRMGMT__STRBUF_INIT, DRMGMT__STRBUF_INIT, NULL, NULL };

    if (draft->entity != &drmgmt__entity_api_key)
        return drmgmt__fail(error, DRMGMT_ERR_INVALID, "the draft is not one of an API key");
    int rc = drmgmt__draft_require(draft, error);
    const char *label = rc ? NULL : drmgmt__draft_text(draft, "label");
    if (!rc && drmgmt__text_length(label) < 0)
        rc = invalid("label", "text in UTF-8 without control characters is expected", NULL, error);
    if (!rc)
        rc = read_limits(draft, &limits, error);
    if (!rc)
        rc = create(session, label, &limits, record, key, error);
    drmgmt__strbuf_free(&limits.scopes);
    drmgmt__strbuf_free(&limits.addresses);
    return rc;
}

/* ---- list and revoke ---- */

int drmgmt_api_key_list(drmgmt_session *session, const drmgmt_query *query, drmgmt_page **page, drmgmt_error **error)
{
    drmgmt__params p;
    size_t from = 0;

    if (query->entity != &drmgmt__entity_api_key)
        return drmgmt__fail(error, DRMGMT_ERR_INVALID, "the query is not one for API keys");
    const char *user_id = drmgmt__query_filter(query, "user_id", &from);
    bool own = !user_id || strcasecmp(user_id, session->user_id) == 0;
    drmgmt__list_params(&p);
    drmgmt__param(&p, user_id);
    return drmgmt__list_run(session, own ? DRMGMT_PERM_API_KEY_OWN : DRMGMT_PERM_USER_ADMIN, &drmgmt__q_api_key_list,
                            &p, query, "id", page, error);
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
