/* Log-in by OpenID Connect, from the browser's leaving to its coming back. Called by programs; calls oidc_cache.c,
 * oidc_id_token.c, the store, and login.c for the tokens. Between the two calls a log-in is a row of drm.oidc_logins,
 * so that any process may finish it, once. */
#include "audit/audit.h"
#include "auth/oidc_internal.h"
#include "core/context_internal.h"
#include "queries.h"
#include "store/store.h"
#include <drm/oidc.h>
#include <stdio.h>
#include <string.h>

enum {
    RANDOM_SIZE = 32,
    TEXT_SIZE = DRMGMT__OIDC_RANDOM + 1,
    BINDING_SIZE = TEXT_SIZE + 1,
    SECRET_MAX = 1024,
    WORD_MAX = 80
};
static const char no_such[] = "there is no such log-in: is it the tenant's name and the provider's?";
static const char unknown[] = "this log-in is unknown, was used before, took longer than 10 minutes, or was begun in"
                              " another browser: begin again";

/* ---- begin ---- */

void drmgmt_oidc_login_free(drmgmt_oidc_login *login)
{
    if (!login)
        return;
    drmgmt__free_secret(login->url);
    drmgmt__free_secret(login->binding);
    drmgmt__free_secret(login->state);
    free(login);
}
DRMGMT__DEFINE_CLEANUP(login_freep, drmgmt_oidc_login *, drmgmt_oidc_login_free)

/* What is made up for one log-in. */
struct secrets {
    char id[DRMGMT__UUID_SIZE];
    char state[TEXT_SIZE], nonce[TEXT_SIZE], verifier[TEXT_SIZE], challenge[TEXT_SIZE], binding[BINDING_SIZE];
    uint8_t state_hash[DRMGMT__DIGEST_SIZE], binding_hash[DRMGMT__DIGEST_SIZE];
};

static int make_random(char text[TEXT_SIZE])
{
    uint8_t bytes[RANDOM_SIZE];

    if (drmgmt__random(bytes, sizeof bytes))
        return -1;
    drmgmt__b64url(bytes, sizeof bytes, text);
    return 0;
}

/* RFC 7636, section 4: the challenge is the verifier's SHA-256. */
static int make_secrets(struct secrets *s, const char *redirect_uri)
{
    uint8_t digest[DRMGMT__DIGEST_SIZE];

    s->binding[0] = strncmp(redirect_uri, "https://", 8) == 0 ? 's' : 'p';
    if (drmgmt__uuid_v7(s->id) || make_random(s->state) || make_random(s->nonce) || make_random(s->verifier) ||
        make_random(s->binding + 1) || drmgmt__sha256(s->verifier, strlen(s->verifier), digest))
        return -1;
    drmgmt__b64url(digest, sizeof digest, s->challenge);
    return drmgmt__sha256(s->state, strlen(s->state), s->state_hash) ||
                   drmgmt__sha256(s->binding, strlen(s->binding), s->binding_hash)
               ? -1
               : 0;
}

/* Columns of oidc_provider_find.sql. */
enum { F_TENANT, F_PROVIDER, F_ISSUER, F_CLIENT, F_SCOPES, F_REDIRECT };

/* Opens the data key that stands in two columns of a row. */
static int open_key(drmgmt_context *context, const char *tenant_id, const drmgmt__rows *rows, size_t version,
                    drmgmt__data_key *key, drmgmt_error **error)
{
    uint8_t wrapped[DRMGMT__WRAPPED_SIZE];
    long n = drmgmt__rows_bytes(rows, 0, version + 1, wrapped, sizeof wrapped);

    if (n < 0 || drmgmt__data_key_cached(context, tenant_id, (uint32_t)drmgmt__rows_int(rows, 0, version), wrapped,
                                         (size_t)n, key))
        return drmgmt__fail(error, DRMGMT_ERR_CRYPTO,
                            "the tenant's data key does not open: is this the keyring of this database?");
    return 0;
}

enum { SEALED_SIZE = DRMGMT__OIDC_RANDOM + DRMGMT__BLOB_OVERHEAD };

/* By the newest data key, which stays while the transaction lasts. */
static int seal_verifier(drmgmt__tx *tx, drmgmt_context *context, const char *tenant_id, const struct secrets *s,
                         uint8_t sealed[SEALED_SIZE], drmgmt_error **error)
{
    DRMGMT__ROWS drmgmt__rows *rows = NULL;
    drmgmt__params p = DRMGMT__PARAMS_INIT;
    drmgmt__data_key key;

    drmgmt__param(&p, tenant_id);
    int rc = drmgmt__tx_exec(tx, &drmgmt__q_oidc_key, &p, &rows, error);
    if (!rc)
        rc = open_key(context, tenant_id, rows, 0, &key, error);
    if (rc)
        return rc;
    rc = drmgmt__blob_seal(&key, "oidc_logins", "verifier", tenant_id, s->id, s->verifier, DRMGMT__OIDC_RANDOM, sealed);
    drmgmt__wipe(&key, sizeof key);
    return rc ? drmgmt__fail(error, DRMGMT_ERR_CRYPTO, "the log-in cannot be sealed") : 0;
}

static int store(drmgmt_session *system, const drmgmt__rows *provider, const struct secrets *s,
                 const char *redirect_uri, bool loopback, drmgmt_error **error)
{
    const char *tenant_id = drmgmt__rows_text(provider, 0, F_TENANT);
    DRMGMT__TX drmgmt__tx *tx = NULL;
    DRMGMT__ROWS drmgmt__rows *rows = NULL;
    drmgmt__params p = DRMGMT__PARAMS_INIT;
    uint8_t sealed[SEALED_SIZE];
    int rc = drmgmt__tx_begin(system, DRMGMT_PERM_NONE, &tx, error);

    if (!rc)
        rc = seal_verifier(tx, system->context, tenant_id, s, sealed, error);
    if (rc)
        return rc;
    drmgmt__param(&p, tenant_id);
    drmgmt__param(&p, drmgmt__rows_text(provider, 0, F_PROVIDER));
    drmgmt__param(&p, s->id);
    drmgmt__param_bytes(&p, s->state_hash, sizeof s->state_hash);
    drmgmt__param_bytes(&p, s->binding_hash, sizeof s->binding_hash);
    drmgmt__param(&p, s->nonce);
    drmgmt__param_bytes(&p, sealed, sizeof sealed);
    drmgmt__param(&p, redirect_uri);
    drmgmt__param_bool(&p, loopback);
    drmgmt__param_int(&p, DRMGMT__OIDC_LOGIN_SECONDS);
    rc = drmgmt__tx_exec(tx, &drmgmt__q_oidc_begin, &p, &rows, error);
    if (!rc && !drmgmt__rows_bool(rows, 0, 0))
        rc = drmgmt__fail_full(error, DRMGMT_ERR_LIMIT, true, NULL, NULL,
                               "this tenant has too many log-ins that nobody finishes: try again in a few minutes");
    return rc ? rc : drmgmt__tx_commit(&tx, error);
}

/* Core, section 3.1.2.1; RFC 7636, section 4.3. */
static char *make_url(const drmgmt__oidc_issuer *issuer, const drmgmt__rows *provider, const struct secrets *s,
                      const char *redirect_uri)
{
    DRMGMT__STRBUF b = DRMGMT__STRBUF_INIT;

    drmgmt__strbuf_puts(&b, issuer->authorization_endpoint);
    drmgmt__oidc_parameter(&b, strchr(issuer->authorization_endpoint, '?') ? '&' : '?', "response_type", "code");
    drmgmt__oidc_parameter(&b, '&', "client_id", drmgmt__rows_text(provider, 0, F_CLIENT));
    drmgmt__oidc_parameter(&b, '&', "redirect_uri", redirect_uri);
    drmgmt__oidc_parameter(&b, '&', "scope", drmgmt__rows_text(provider, 0, F_SCOPES));
    drmgmt__oidc_parameter(&b, '&', "state", s->state);
    drmgmt__oidc_parameter(&b, '&', "nonce", s->nonce);
    drmgmt__oidc_parameter(&b, '&', "code_challenge", s->challenge);
    drmgmt__oidc_parameter(&b, '&', "code_challenge_method", "S256");
    return drmgmt__strbuf_steal(&b, NULL);
}

static int make_login(const drmgmt__oidc_issuer *issuer, const drmgmt__rows *provider, const struct secrets *s,
                      const char *redirect_uri, drmgmt_oidc_login **login, drmgmt_error **error)
{
    DRMGMT__CLEANUP(login_freep) drmgmt_oidc_login *made = calloc(1, sizeof *made);

    if (!made || !(made->url = make_url(issuer, provider, s, redirect_uri)) || !(made->binding = strdup(s->binding)) ||
        !(made->state = strdup(s->state)))
        return drmgmt__fail_memory(error);
    made->expires_in = DRMGMT__OIDC_LOGIN_SECONDS;
    *login = DRMGMT__STEAL(made);
    return 0;
}

static int find_provider(drmgmt_session *system, const char *tenant, const char *provider, drmgmt__rows **rows,
                         drmgmt_error **error)
{
    drmgmt__params p = DRMGMT__PARAMS_INIT;

    if (!tenant || !provider || drmgmt__text_length(tenant) < 0 || drmgmt__text_length(provider) < 0)
        return drmgmt__fail(error, DRMGMT_ERR_NOT_FOUND, "%s", no_such);
    drmgmt__param(&p, tenant);
    drmgmt__param(&p, provider);
    int rc = drmgmt__run(system, DRMGMT_PERM_NONE, DRMGMT__READ, &drmgmt__q_oidc_provider_find, &p, rows, error);
    return !rc && drmgmt__rows_count(*rows) == 0 ? drmgmt__fail(error, DRMGMT_ERR_NOT_FOUND, "%s", no_such) : rc;
}

DRMGMT__DEFINE_CLEANUP(issuer_releasep, drmgmt__oidc_issuer *, drmgmt__oidc_issuer_release)

static int begin(drmgmt_session *system, const drmgmt__rows *provider, const char *redirect_uri, bool loopback,
                 drmgmt_oidc_login **login, drmgmt_error **error)
{
    DRMGMT__CLEANUP(issuer_releasep) drmgmt__oidc_issuer *issuer = NULL;
    drmgmt__oidc_place place = { drmgmt__rows_text(provider, 0, F_TENANT), drmgmt__rows_text(provider, 0, F_ISSUER) };
    struct secrets s;
    int rc = drmgmt__oidc_issuer_get(system, &place, &issuer, error);

    if (rc)
        return rc;
    if (make_secrets(&s, redirect_uri))
        return drmgmt__fail(error, DRMGMT_ERR_CRYPTO, "the system gives no random numbers");
    rc = store(system, provider, &s, redirect_uri, loopback, error);
    if (!rc)
        rc = make_login(issuer, provider, &s, redirect_uri, login, error);
    drmgmt__wipe(&s, sizeof s);
    return rc;
}

int drmgmt_oidc_begin(drmgmt_context *context, const char *tenant, const char *provider, const char *redirect_uri,
                      drmgmt_oidc_login **login, drmgmt_error **error)
{
    DRMGMT__SESSION drmgmt_session *system = NULL;
    DRMGMT__ROWS drmgmt__rows *rows = NULL;

    if (redirect_uri && !drmgmt__oidc_loopback(redirect_uri))
        return drmgmt__fail_full(error, DRMGMT_ERR_INVALID, false, NULL, "redirect_uri",
                                 "redirect_uri: http://127.0.0.1:PORT/... or http://[::1]:PORT/... is expected");
    int rc = drmgmt__session_open_system(context, "auth", &system, error);
    if (!rc)
        rc = find_provider(system, tenant, provider, &rows, error);
    return rc ? rc
              : begin(system, rows, redirect_uri ? redirect_uri : drmgmt__rows_text(rows, 0, F_REDIRECT),
                      redirect_uri != NULL, login, error);
}

/* ---- finish ---- */

/* Columns of oidc_take.sql. */
enum {
    T_TENANT,
    T_TENANT_NAME,
    T_LOGIN,
    T_PROVIDER,
    T_PROVIDER_NAME,
    T_ISSUER,
    T_CLIENT,
    T_SECRET,
    T_NONCE,
    T_VERIFIER,
    T_REDIRECT,
    T_LOOPBACK,
    T_BEGUN,
    T_TRUST,
    T_VERIFIER_KEY,
    T_VERIFIER_WRAPPED,
    T_SECRET_KEY
};

/* A log-in that is being finished. */
struct pending {
    drmgmt_context *context;
    drmgmt_session *system;
    const drmgmt__rows *row;
    drmgmt__oidc_place place;
};

static const char *column(const struct pending *l, size_t i)
{
    return drmgmt__rows_text(l->row, 0, i);
}

static bool hash_of(const char *text, size_t length, uint8_t hash[DRMGMT__DIGEST_SIZE])
{
    return text && strnlen(text, length + 1) == length && drmgmt__sha256(text, length, hash) == 0;
}

static int take(drmgmt_session *system, const drmgmt_oidc_answer *answer, drmgmt__rows **rows, drmgmt_error **error)
{
    uint8_t state[DRMGMT__DIGEST_SIZE], binding[DRMGMT__DIGEST_SIZE];
    drmgmt__params p = DRMGMT__PARAMS_INIT;

    if (!hash_of(answer->state, TEXT_SIZE - 1, state) || !hash_of(answer->binding, BINDING_SIZE - 1, binding))
        return drmgmt__fail(error, DRMGMT_ERR_UNAUTHENTICATED, "%s", unknown);
    drmgmt__param_bytes(&p, state, sizeof state);
    drmgmt__param_bytes(&p, binding, sizeof binding);
    int rc = drmgmt__run(system, DRMGMT_PERM_NONE, DRMGMT__WRITE, &drmgmt__q_oidc_take, &p, rows, error);
    return !rc && drmgmt__rows_count(*rows) == 0 ? drmgmt__fail(error, DRMGMT_ERR_UNAUTHENTICATED, "%s", unknown) : rc;
}

/* A failure that is the issuer's or its answer's: for the log too, because whoever can mend it is not who sees it. */
static int refuse(const struct pending *l, drmgmt_error **error, const char *why)
{
    drmgmt__log(l->context, DRMGMT_LOG_WARNING, "a log-in by OpenID Connect was refused", "tenant", column(l, T_TENANT),
                "provider", column(l, T_PROVIDER_NAME), "why", why, NULL);
    return drmgmt__fail(error, DRMGMT_ERR_UNAUTHENTICATED, "the log-in is refused: %s", why);
}

static bool is_one_of(const char *text, const char *a, const char *b)
{
    return strcmp(text, a) == 0 || strcmp(text, b) == 0;
}

/* RFC 9207, section 2.4, and RFC 9700, section 4.4: of whom is this answer? Told by the answer, or by a redirect URI
 * that belongs to one provider alone. */
static int check_origin(const struct pending *l, const drmgmt_oidc_answer *answer, const drmgmt__oidc_issuer *issuer,
                        drmgmt_error **error)
{
    bool own = answer->tenant && answer->provider;

    if (own && (!is_one_of(answer->tenant, column(l, T_TENANT), column(l, T_TENANT_NAME)) ||
                !is_one_of(answer->provider, column(l, T_PROVIDER), column(l, T_PROVIDER_NAME))))
        return refuse(l, error, "the answer came for another provider than it was begun with");
    if (answer->iss && strcmp(answer->iss, issuer->issuer) != 0)
        return refuse(l, error, "the answer is of another issuer (iss)");
    if (!answer->iss && (issuer->tells_iss || !(own || drmgmt__rows_bool(l->row, 0, T_LOOPBACK))))
        return refuse(l, error,
                      issuer->tells_iss ? "the answer does not name its issuer (iss)"
                                        : "the answer does not name its issuer (iss): give the provider a redirect_uri"
                                          " of its own (docs/oidc.md)");
    return 0;
}

static int check_answer(const struct pending *l, const drmgmt_oidc_answer *answer, drmgmt_error **error)
{
    char word[WORD_MAX], why[WORD_MAX + 32];

    if (answer->error) {
        drmgmt__oidc_word(answer->error, word, sizeof word);
        snprintf(why, sizeof why, "the issuer answered %s", word[0] ? word : "with an error");
        return refuse(l, error, why);
    }
    if (!answer->code || !answer->code[0] || strlen(answer->code) > DRMGMT__OIDC_URL_MAX)
        return refuse(l, error, "the answer brings no code");
    return 0;
}

/* ---- the code's exchange ---- */

/* Opens a sealed column; text holds size bytes with the NUL. */
static int unseal(const struct pending *l, size_t value, size_t version, const char *table, const char *name,
                  const char *row_id, char *text, size_t size, drmgmt_error **error)
{
    uint8_t blob[SECRET_MAX + DRMGMT__BLOB_OVERHEAD];
    drmgmt__data_key key;
    long n = drmgmt__rows_bytes(l->row, 0, value, blob, sizeof blob);
    int rc = open_key(l->context, l->place.tenant_id, l->row, version, &key, error);

    if (rc)
        return rc;
    if (n < DRMGMT__BLOB_OVERHEAD || (size_t)n - DRMGMT__BLOB_OVERHEAD >= size ||
        drmgmt__blob_open(&key, table, name, l->place.tenant_id, row_id, blob, (size_t)n, (uint8_t *)text))
        rc = drmgmt__fail(error, DRMGMT_ERR_CRYPTO, "a secret of the provider does not open");
    else
        text[n - DRMGMT__BLOB_OVERHEAD] = '\0';
    drmgmt__wipe(&key, sizeof key);
    return rc;
}

/* "Authorization: Basic ...": RFC 6749, section 2.3.1, has both parts form-encoded first. */
static void add_basic(drmgmt__strbuf *header, const char *client_id, const char *secret)
{
    DRMGMT__STRBUF pair = DRMGMT__STRBUF_INIT;

    drmgmt__oidc_encode(&pair, client_id);
    drmgmt__strbuf_putc(&pair, ':');
    drmgmt__oidc_encode(&pair, secret);
    drmgmt__strbuf_puts(header, "Authorization: Basic ");
    if (pair.failed)
        header->failed = true;
    else
        drmgmt__oidc_base64(header, pair.data, pair.length);
    if (pair.data)
        drmgmt__wipe(pair.data, pair.length);
}

/* Shows the client's secret as the issuer takes it; basic where both go, as RFC 6749 has it. */
static int add_client(const struct pending *l, const drmgmt__oidc_issuer *issuer, drmgmt__strbuf *form,
                      drmgmt__strbuf *header, drmgmt_error **error)
{
    char secret[SECRET_MAX + 1];
    int rc;

    if (!column(l, T_SECRET) || !issuer->basic)
        drmgmt__oidc_parameter(form, '&', "client_id", column(l, T_CLIENT));
    if (!column(l, T_SECRET))
        return 0;
    if (!issuer->basic && !issuer->post)
        return drmgmt__fail(error, DRMGMT_ERR_PROTOCOL,
                            "the issuer takes neither client_secret_basic nor client_secret_post");
    rc = unseal(l, T_SECRET, T_SECRET_KEY, "oidc_providers", "client_secret", column(l, T_PROVIDER), secret,
                sizeof secret, error);
    if (!rc && issuer->basic)
        add_basic(header, column(l, T_CLIENT), secret);
    else if (!rc)
        drmgmt__oidc_parameter(form, '&', "client_secret", secret);
    drmgmt__wipe(secret, sizeof secret);
    return rc;
}

static void wipe(drmgmt__strbuf *b)
{
    if (b->data)
        drmgmt__wipe(b->data, b->size);
}

/* Core, section 3.1.3.1; RFC 7636, section 4.5. */
static int exchange(const struct pending *l, const char *code, const drmgmt__oidc_issuer *issuer, char **body,
                    size_t *length, drmgmt_error **error)
{
    DRMGMT__STRBUF form = DRMGMT__STRBUF_INIT;
    DRMGMT__STRBUF header = DRMGMT__STRBUF_INIT;
    char verifier[TEXT_SIZE];
    int seat, rc = unseal(l, T_VERIFIER, T_VERIFIER_KEY, "oidc_logins", "verifier", column(l, T_LOGIN), verifier,
                          sizeof verifier, error);

    if (rc)
        return rc;
    drmgmt__oidc_parameter(&form, '\0', "grant_type", "authorization_code");
    drmgmt__oidc_parameter(&form, '&', "code", code);
    drmgmt__oidc_parameter(&form, '&', "redirect_uri", column(l, T_REDIRECT));
    drmgmt__oidc_parameter(&form, '&', "code_verifier", verifier);
    drmgmt__wipe(verifier, sizeof verifier);
    rc = add_client(l, issuer, &form, &header, error);
    if (!rc && (form.failed || header.failed))
        rc = drmgmt__fail_memory(error);
    if (!rc)
        rc = drmgmt__oidc_wait_begin(l->context, l->place.tenant_id, &seat, error);
    if (!rc) {
        rc = drmgmt__oidc_token_request(l->system, l->place.tenant_id, issuer->token_endpoint, form.data, header.data,
                                        body, length, error);
        drmgmt__oidc_wait_end(l->context, seat);
    }
    wipe(&form);
    wipe(&header);
    return rc;
}

/* ---- the ID token ---- */

/* An ID token signed with a key that we have not seen: the issuer is asked once more. */
static int verify(const struct pending *l, const char *id_token, const drmgmt__oidc_expected *expected,
                  drmgmt__oidc_issuer **issuer, drmgmt__oidc_claims *claims, drmgmt_error **error)
{
    const char *why = NULL;
    char text[256];
    drmgmt__oidc_verdict verdict = drmgmt__oidc_id_token(id_token, (*issuer)->keys, expected, claims, &why);

    if (verdict == DRMGMT__OIDC_NO_KEY) {
        drmgmt__oidc_issuer *fresh = NULL;
        int rc = drmgmt__oidc_issuer_again(l->system, &l->place, &fresh, error);
        if (rc)
            return rc;
        drmgmt__oidc_issuer_release(*issuer);
        *issuer = fresh;
        verdict = drmgmt__oidc_id_token(id_token, fresh->keys, expected, claims, &why);
    }
    if (verdict == DRMGMT__OIDC_GOOD)
        return 0;
    snprintf(text, sizeof text, "the issuer's ID token is not good: %s", why);
    return refuse(l, error, text);
}

/* Core, section 3.1.3.3. */
static int read_tokens(const struct pending *l, const char *body, size_t length, drmgmt__oidc_issuer **issuer,
                       drmgmt__oidc_claims *claims, drmgmt_error **error)
{
    DRMGMT__JSON json_t *object = NULL;

    if (drmgmt__json_object(body, length, &object, NULL))
        return drmgmt__fail(error, DRMGMT_ERR_PROTOCOL, "the issuer's token endpoint answered with no JSON object");
    const char *id_token = json_string_value(json_object_get(object, "id_token"));
    if (!id_token)
        return refuse(l, error, "the issuer gave no ID token: do the provider's scopes have \"openid\" in them?");
    drmgmt__oidc_expected expected = { .issuer = column(l, T_ISSUER),
                                       .client_id = column(l, T_CLIENT),
                                       .nonce = column(l, T_NONCE),
                                       .access_token = json_string_value(json_object_get(object, "access_token")),
                                       .now = drmgmt__now_ms() / 1000,
                                       .begun = drmgmt__rows_int(l->row, 0, T_BEGUN) };
    return verify(l, id_token, &expected, issuer, claims, error);
}

static int prove(const struct pending *l, const drmgmt_oidc_answer *answer, drmgmt__oidc_claims *claims,
                 drmgmt_error **error)
{
    DRMGMT__CLEANUP(issuer_releasep) drmgmt__oidc_issuer *issuer = NULL;
    char *body = NULL;
    size_t length = 0;
    int rc = drmgmt__oidc_issuer_get(l->system, &l->place, &issuer, error);

    if (!rc)
        rc = check_origin(l, answer, issuer, error);
    if (!rc)
        rc = check_answer(l, answer, error);
    if (!rc)
        rc = exchange(l, answer->code, issuer, &body, &length, error);
    if (!rc)
        rc = read_tokens(l, body, length, &issuer, claims, error);
    drmgmt__free_secret(body);
    return rc;
}

/* ---- the user ---- */

/* {"provider":"...","issuer":"...","sub":"..."}; NULL when memory is out. */
static char *link_detail(const struct pending *l, const drmgmt__oidc_claims *claims)
{
    DRMGMT__STRBUF b = DRMGMT__STRBUF_INIT;

    drmgmt__strbuf_putc(&b, '{');
    drmgmt__json_member(&b, "provider", column(l, T_PROVIDER_NAME));
    drmgmt__json_member(&b, "issuer", column(l, T_ISSUER));
    drmgmt__json_member(&b, "sub", claims->sub);
    drmgmt__strbuf_putc(&b, '}');
    return drmgmt__strbuf_steal(&b, NULL);
}

/* A link and a new user are audited in their transaction, as the user's own deed. */
static int audit_link(drmgmt__tx *tx, const struct pending *l, const drmgmt__oidc_claims *claims, const char *outcome,
                      const char *user_id, const drmgmt_origin *origin, drmgmt_error **error)
{
    DRMGMT__SESSION drmgmt_session *user = NULL;
    DRMGMT__FREE char *detail = link_detail(l, claims);
    drmgmt__identity who;

    if (!detail)
        return drmgmt__fail_memory(error);
    drmgmt__identity_set(&who, l->place.tenant_id, user_id, "");
    int rc = drmgmt__session_open_user(l->context, &who, origin, &user, error);
    if (rc)
        return rc;
    return drmgmt__audit(tx, user, strcmp(outcome, "created") == 0 ? "user.create_oidc" : "user.link_oidc", "user",
                         user_id, detail, error);
}

/* Somebody disabled is told no more than somebody unknown; the audit trail knows. */
static int refuse_user(const struct pending *l, const char *outcome, const char *user_id, const drmgmt_origin *origin,
                       drmgmt_error **error)
{
    bool factor = outcome && strcmp(outcome, "factor") == 0;

    if (user_id[0])
        (void)drmgmt__audit_failed_login(l->context, l->place.tenant_id, user_id,
                                         factor ? "oidc without second factor" : "oidc, disabled", origin, NULL);
    return refuse(l, error,
                  factor ? "a second factor is needed, and this issuer did not say that it asked for one (amr) or is"
                           " not trusted with it: log in by password, or ask the administrator"
                         : "this account of the issuer belongs to no active user of the tenant: ask its administrator");
}

static int find_user(const struct pending *l, const drmgmt__oidc_claims *claims, const drmgmt_origin *origin,
                     char user_id[DRMGMT__UUID_SIZE], drmgmt_error **error)
{
    DRMGMT__TX drmgmt__tx *tx = NULL;
    DRMGMT__ROWS drmgmt__rows *rows = NULL;
    drmgmt__params p = DRMGMT__PARAMS_INIT;
    char fresh[DRMGMT__UUID_SIZE];

    if (drmgmt__uuid_v7(fresh))
        return drmgmt__fail(error, DRMGMT_ERR_CRYPTO, "the system gives no random numbers");
    drmgmt__param(&p, l->place.tenant_id);
    drmgmt__param(&p, column(l, T_PROVIDER));
    drmgmt__param(&p, l->place.issuer);
    drmgmt__param(&p, claims->sub);
    drmgmt__param(&p, claims->email[0] ? claims->email : NULL);
    drmgmt__param_bool(&p, claims->several_factors);
    drmgmt__param(&p, fresh);
    int rc = drmgmt__tx_begin(l->system, DRMGMT_PERM_NONE, &tx, error);
    if (!rc)
        rc = drmgmt__tx_exec(tx, &drmgmt__q_oidc_user, &p, &rows, error);
    if (rc)
        return rc;
    if (drmgmt__rows_count(rows) == 0 || !drmgmt__uuid_normalise(drmgmt__rows_text(rows, 0, 0), user_id))
        user_id[0] = '\0';
    const char *outcome = drmgmt__rows_count(rows) ? drmgmt__rows_text(rows, 0, 1) : NULL;
    if (outcome && (strcmp(outcome, "linked") == 0 || strcmp(outcome, "created") == 0))
        rc = audit_link(tx, l, claims, outcome, user_id, origin, error);
    if (!outcome || strcmp(outcome, "factor") == 0 || strcmp(outcome, "disabled") == 0) {
        drmgmt__tx_rollback(DRMGMT__STEAL(tx)); /* the refusal's row is a transaction of its own */
        return refuse_user(l, outcome, user_id, origin, error);
    }
    return rc ? rc : drmgmt__tx_commit(&tx, error);
}

int drmgmt_oidc_finish(drmgmt_context *context, const drmgmt_oidc_answer *answer, const drmgmt_origin *origin,
                       drmgmt_tokens **tokens, drmgmt_error **error)
{
    DRMGMT__SESSION drmgmt_session *system = NULL;
    DRMGMT__ROWS drmgmt__rows *row = NULL;
    drmgmt__oidc_claims claims = { .sub = "" };
    char user_id[DRMGMT__UUID_SIZE];
    int rc = drmgmt__session_open_system(context, "auth", &system, error);

    if (!rc)
        rc = take(system, answer, &row, error);
    if (rc)
        return rc;
    const struct pending l = {
        context, system, row, { drmgmt__rows_text(row, 0, T_TENANT), drmgmt__rows_text(row, 0, T_ISSUER) }
    };
    rc = prove(&l, answer, &claims, error);
    if (!rc)
        rc = find_user(&l, &claims, origin, user_id, error);
    if (rc)
        return rc;
    bool several = claims.several_factors && drmgmt__rows_bool(row, 0, T_TRUST);
    return drmgmt__login_issue(context, l.place.tenant_id, user_id, several ? "oidc mfa" : "oidc", origin, tokens,
                               error);
}
