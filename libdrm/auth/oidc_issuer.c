/* Asks issuers for their discovery document (OpenID Connect Discovery 1.0, section 4) and their keys. Called by
 * oidc_cache.c; calls net/ for the asking. Issuers are named by tenants and trusted with nothing but to vouch for that
 * tenant's users: answers are small, exchanges short, and the tenant's outbound rules hold. */
#include "auth/oidc_internal.h"
#include "net/http.h"
#include "net/outbound.h"
#include <string.h>

enum {
    DISCOVERY_MAX = 64 * 1024,
    KEYS_MAX = 256 * 1024,
    TOKENS_MAX = 64 * 1024,
    EXCHANGE_MS = 4000, /* a thread of drmd waits that long at most */
    WORD_MAX = 80
};

/* Puts what was wanted before what happened; keeps status and detail. */
static int explain(drmgmt_error *failure, const char *what, drmgmt_error **error)
{
    int rc = drmgmt__fail_full(error, drmgmt_error_status(failure), drmgmt_error_retryable(failure),
                               drmgmt_error_detail(failure), NULL, "%s: %s", what, drmgmt_error_message(failure));

    drmgmt_error_free(failure);
    return rc;
}

static int send_request(drmgmt_session *system, const char *tenant_id, drmgmt__http_request *request, const char *what,
                        drmgmt__http_response *response, drmgmt_error **error)
{
    drmgmt_error *failure = NULL;
    int rc = drmgmt__outbound_get(system, &tenant_id, 1, &request->policy, error);

    if (rc)
        return rc;
    /* An http URL got here only if it leads to this machine: oidc_url.c. */
    request->https_only = strncmp(request->url, "http://", 7) != 0;
    rc = drmgmt__http_request_send(request, response, &failure);
    drmgmt__net_policy_unref(request->policy);
    request->policy = NULL;
    return rc ? explain(failure, what, error) : 0;
}

static int get(drmgmt_session *system, const char *tenant_id, const char *url, const char *what, size_t max,
               unsigned timeout_ms, drmgmt__http_response *response, drmgmt_error **error)
{
    static const char *const headers[] = { "Accept: application/json", NULL };
    drmgmt__http_request request = { .url = url, .headers = headers, .timeout_ms = timeout_ms, .max_bytes = max };
    int rc = send_request(system, tenant_id, &request, what, response, error);

    if (!rc && response->status != 200)
        rc = drmgmt__fail(error, DRMGMT_ERR_PROTOCOL, "%s: the issuer answered with status %d", what, response->status);
    return rc;
}

/* ---- the discovery document ---- */

void drmgmt__oidc_issuer_release(drmgmt__oidc_issuer *issuer)
{
    if (!issuer || atomic_fetch_sub_explicit(&issuer->references, 1, memory_order_acq_rel) != 1)
        return;
    drmgmt__jwks_free(issuer->keys);
    free(issuer->issuer);
    free(issuer->authorization_endpoint);
    free(issuer->token_endpoint);
    free(issuer->jwks_uri);
    free(issuer);
}
DRMGMT__DEFINE_CLEANUP(issuer_releasep, drmgmt__oidc_issuer *, drmgmt__oidc_issuer_release)

/* What an issuer on this machine may say another must not: to send codes and secrets in the clear, or to this host. */
static const char *endpoint_error(const char *issuer, const char *url)
{
    if (!url)
        return "it is missing";
    const char *wrong = drmgmt__oidc_url_error(url);
    if (!wrong && strncmp(url, "http://", 7) == 0 && strncmp(issuer, "http://", 7) != 0)
        wrong = "an https issuer must not name an http address";
    return wrong;
}

static int take_endpoint(const json_t *document, const char *issuer, const char *name, char **out, drmgmt_error **error)
{
    const char *url = json_string_value(json_object_get(document, name));
    const char *wrong = endpoint_error(issuer, url);

    if (wrong)
        return drmgmt__fail(error, DRMGMT_ERR_PROTOCOL, "the issuer's discovery document: %s: %s", name, wrong);
    *out = strdup(url);
    return *out ? 0 : drmgmt__fail_memory(error);
}

static bool lists(const json_t *array, const char *word)
{
    const json_t *one;
    size_t i;

    json_array_foreach(array, i, one) if (json_is_string(one) && strcmp(json_string_value(one), word) == 0) return true;
    return false;
}

static int fill(drmgmt__oidc_issuer *made, const char *expected, const json_t *document, drmgmt_error **error)
{
    const struct {
        const char *name;
        char **out;
    } endpoints[] = { { "authorization_endpoint", &made->authorization_endpoint },
                      { "token_endpoint", &made->token_endpoint },
                      { "jwks_uri", &made->jwks_uri } };
    const char *named = json_string_value(json_object_get(document, "issuer"));
    const json_t *methods = json_object_get(document, "token_endpoint_auth_methods_supported");

    /* Section 4.3: exactly the one that was asked, or anybody could speak for it. */
    if (!named || strcmp(named, expected) != 0)
        return drmgmt__fail(error, DRMGMT_ERR_PROTOCOL,
                            "the issuer's discovery document names another issuer than \"%s\": configure the provider"
                            " with the issuer exactly as its document writes it",
                            expected);
    if (!(made->issuer = strdup(expected)))
        return drmgmt__fail_memory(error);
    for (size_t i = 0; i < DRMGMT__COUNT(endpoints); i++) {
        int rc = take_endpoint(document, expected, endpoints[i].name, endpoints[i].out, error);
        if (rc)
            return rc;
    }
    made->tells_iss = json_is_true(json_object_get(document, "authorization_response_iss_parameter_supported"));
    made->basic = !methods || lists(methods, "client_secret_basic");
    made->post = lists(methods, "client_secret_post");
    return 0;
}

int drmgmt__oidc_issuer_parse(const char *expected, const char *text, size_t length, drmgmt__oidc_issuer **issuer,
                              drmgmt_error **error)
{
    DRMGMT__JSON json_t *document = NULL;

    if (drmgmt__json_object(text, length, &document, NULL))
        return drmgmt__fail(error, DRMGMT_ERR_PROTOCOL, "the issuer's discovery document is not a JSON object");
    drmgmt__oidc_issuer *made = calloc(1, sizeof *made);
    if (!made)
        return drmgmt__fail_memory(error);
    atomic_init(&made->references, 1);
    int rc = fill(made, expected, document, error);
    if (rc)
        drmgmt__oidc_issuer_release(made);
    else
        *issuer = made;
    return rc;
}

/* ---- asking ---- */

static unsigned left_ms(uint64_t begun)
{
    uint64_t spent = drmgmt__monotonic_ms() - begun;

    return spent < EXCHANGE_MS ? (unsigned)(EXCHANGE_MS - spent) : 1;
}

static char *discovery_url(const char *issuer)
{
    DRMGMT__STRBUF b = DRMGMT__STRBUF_INIT;
    size_t n = strlen(issuer);

    drmgmt__strbuf_add(&b, issuer, issuer[n - 1] == '/' ? n - 1 : n);
    drmgmt__strbuf_puts(&b, "/.well-known/openid-configuration");
    return drmgmt__strbuf_steal(&b, NULL);
}

static int fetch_document(drmgmt_session *system, const drmgmt__oidc_place *place, unsigned timeout_ms,
                          drmgmt__oidc_issuer **issuer, drmgmt_error **error)
{
    DRMGMT__HTTP_RESPONSE response = { 0 };
    DRMGMT__FREE char *url = discovery_url(place->issuer);

    if (!url)
        return drmgmt__fail_memory(error);
    int rc = get(system, place->tenant_id, url, "the issuer's discovery document cannot be read", DISCOVERY_MAX,
                 timeout_ms, &response, error);
    return rc ? rc : drmgmt__oidc_issuer_parse(place->issuer, response.body, response.length, issuer, error);
}

static int fetch_keys(drmgmt_session *system, const drmgmt__oidc_place *place, unsigned timeout_ms,
                      drmgmt__oidc_issuer *issuer, drmgmt_error **error)
{
    DRMGMT__HTTP_RESPONSE response = { 0 };
    int rc = get(system, place->tenant_id, issuer->jwks_uri, "the issuer's keys cannot be read", KEYS_MAX, timeout_ms,
                 &response, error);

    return rc ? rc : drmgmt__jwks_parse(response.body, response.length, &issuer->keys, error);
}

int drmgmt__oidc_issuer_fetch(drmgmt_session *system, const drmgmt__oidc_place *place, drmgmt__oidc_issuer **issuer,
                              drmgmt_error **error)
{
    DRMGMT__CLEANUP(issuer_releasep) drmgmt__oidc_issuer *made = NULL;
    uint64_t begun = drmgmt__monotonic_ms();
    int rc = fetch_document(system, place, EXCHANGE_MS, &made, error);

    if (!rc)
        rc = fetch_keys(system, place, left_ms(begun), made, error);
    if (!rc)
        *issuer = DRMGMT__STEAL(made);
    return rc;
}

/* The issuer's word for why: RFC 6749, section 5.2. It is shown, so only what such words are made of. */
static void error_word(const drmgmt__http_response *response, char word[WORD_MAX])
{
    DRMGMT__JSON json_t *object = NULL;

    drmgmt__json_object(response->body, response->length, &object, NULL);
    drmgmt__oidc_word(json_string_value(json_object_get(object, "error")), word, WORD_MAX);
}

int drmgmt__oidc_token_request(drmgmt_session *system, const char *tenant_id, const char *url, const char *form,
                               const char *authorization, char **body, size_t *length, drmgmt_error **error)
{
    const char *const headers[] = { "Accept: application/json", authorization, NULL };
    drmgmt__http_request request = { .url = url,
                                     .headers = headers,
                                     .body = form,
                                     .body_size = strlen(form),
                                     .timeout_ms = EXCHANGE_MS,
                                     .max_bytes = TOKENS_MAX };
    DRMGMT__HTTP_RESPONSE response = { 0 };
    char word[WORD_MAX];
    int rc = send_request(system, tenant_id, &request, "the issuer's token endpoint cannot be asked", &response, error);

    if (rc)
        return rc;
    if (response.status == 400 || response.status == 401) {
        error_word(&response, word);
        return drmgmt__fail(error, DRMGMT_ERR_UNAUTHENTICATED,
                            "the issuer does not give tokens for this log-in%s%s: log in again; if that does not help,"
                            " look at the provider's client_id, client_secret and redirect_uri",
                            word[0] ? ": " : "", word);
    }
    if (response.status != 200)
        return drmgmt__fail(error, DRMGMT_ERR_PROTOCOL, "the issuer's token endpoint answered with status %d",
                            response.status);
    *body = DRMGMT__STEAL(response.body);
    *length = response.length;
    return 0;
}
