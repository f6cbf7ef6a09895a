/* Checks ID tokens: OpenID Connect Core 1.0, section 3.1.3.7, and RFC 8725. Called by oidc_login.c; pure: keys, time
 * and all that is expected are given. */
#include "auth/oidc_internal.h"
#include <openssl/evp.h>
#include <string.h>

enum { TOKEN_MAX = 16 * 1024, SIGNATURE_MAX = 1024, HASH_MAX = 64 };

static const json_t *member(const json_t *object, const char *name)
{
    return json_object_get(object, name);
}

static bool text_is(const json_t *value, const char *expected)
{
    const char *text = json_string_value(value);

    return text && json_string_length(value) == strlen(expected) && strcmp(text, expected) == 0;
}

/* The object in one part; NULL for anything but one JSON object without duplicate members. */
static json_t *part_object(const char *part, size_t n)
{
    DRMGMT__FREE char *text = malloc(n + 1);
    json_t *object = NULL;
    long length = text ? drmgmt__unb64url(part, n, text, n + 1) : -1;

    return length > 0 && drmgmt__json_object(text, (size_t)length, &object, NULL) == 0 ? object : NULL;
}

/* A time in seconds since 1970, which may have a fraction (RFC 7519, section 2). */
static bool time_of(const json_t *claims, const char *name, int64_t *seconds)
{
    const json_t *value = member(claims, name);
    double number = json_number_value(value);

    if (!json_is_number(value) || !(number > 0) || number > 253402300799.0)
        return false;
    *seconds = (int64_t)number;
    return true;
}

/* ---- signature ---- */

struct parts {
    const char *header, *payload, *signature;
    size_t header_length, payload_length, signature_length;
};

static bool split(const char *token, struct parts *p)
{
    if (strnlen(token, TOKEN_MAX + 1) > TOKEN_MAX)
        return false;
    const char *first = strchr(token, '.'), *second = first ? strchr(first + 1, '.') : NULL;
    if (!second || strchr(second + 1, '.'))
        return false;
    *p = (struct parts){
        token, first + 1, second + 1, (size_t)(first - token), (size_t)(second - first - 1), strlen(second + 1)
    };
    return true;
}

/* Nothing of the header is believed but which of the issuer's keys is meant; "jwk", "jku" and "x5c" are not looked at,
 * and what must be understood ("crit") is not. */
static drmgmt__oidc_verdict find_key(const json_t *header, const drmgmt__jwks *keys, const drmgmt__jwk **key,
                                     const char **algorithm, const char **why)
{
    static const char *const algorithms[] = { "RS256", "ES256", "EdDSA" };
    const json_t *kid = member(header, "kid");

    *algorithm = NULL;
    for (size_t i = 0; i < DRMGMT__COUNT(algorithms); i++)
        if (text_is(member(header, "alg"), algorithms[i]))
            *algorithm = algorithms[i];
    *why = "its signature must be RS256, ES256 or EdDSA";
    if (!*algorithm || member(header, "crit") || (kid && !json_is_string(kid)))
        return DRMGMT__OIDC_BAD;
    *key = drmgmt__jwks_find(keys, *algorithm, json_string_value(kid));
    *why = "the issuer's key set has no such key for it";
    return *key ? DRMGMT__OIDC_GOOD : DRMGMT__OIDC_NO_KEY;
}

static bool signed_by(const drmgmt__jwk *key, const char *token, const struct parts *p)
{
    uint8_t signature[SIGNATURE_MAX];
    long n = drmgmt__unb64url(p->signature, p->signature_length, signature, sizeof signature);

    return n > 0 && drmgmt__jwk_verify(key, token, p->header_length + 1 + p->payload_length, signature, (size_t)n);
}

/* ---- claims ---- */

static bool names_client(const json_t *claims, const char *client_id)
{
    const json_t *aud = member(claims, "aud"), *azp = member(claims, "azp"), *one;
    size_t i, n = json_is_array(aud) ? json_array_size(aud) : 1;
    bool named = text_is(aud, client_id);

    json_array_foreach(aud, i, one)
    {
        if (!json_is_string(one))
            return false;
        named = named || text_is(one, client_id);
    }
    return named && (azp ? text_is(azp, client_id) : n == 1);
}

static const char *wrong_time(const json_t *claims, const drmgmt__oidc_expected *e)
{
    int64_t expiry = 0, issued = 0, begins = 0;

    if (!time_of(claims, "exp", &expiry) || !time_of(claims, "iat", &issued))
        return "it must say when it was issued and when it expires";
    if (expiry + DRMGMT__OIDC_LEEWAY <= e->now)
        return "it has expired: do the clocks differ?";
    if (issued > e->now + DRMGMT__OIDC_LEEWAY)
        return "it is issued in the future: do the clocks differ?";
    if (issued + DRMGMT__OIDC_LEEWAY < e->begun)
        return "it was issued before this log-in was begun";
    if (member(claims, "nbf") && (!time_of(claims, "nbf", &begins) || begins > e->now + DRMGMT__OIDC_LEEWAY))
        return "it is not good yet: do the clocks differ?";
    return NULL;
}

/* Core, section 3.1.3.6: the left half of the access token's hash, by the hash of the signature's algorithm. */
static bool belongs(const json_t *at_hash, const char *algorithm, const char *access_token)
{
    const EVP_MD *digest = strcmp(algorithm, "EdDSA") == 0 ? EVP_sha512() : EVP_sha256();
    uint8_t hash[EVP_MAX_MD_SIZE];
    char text[2 * HASH_MAX];
    unsigned n = 0;

    if (EVP_Digest(access_token, strlen(access_token), hash, &n, digest, NULL) != 1 || n > HASH_MAX)
        return false;
    drmgmt__b64url(hash, n / 2, text);
    return text_is(at_hash, text);
}

static bool take_subject(const json_t *claims, drmgmt__oidc_claims *out)
{
    const json_t *sub = member(claims, "sub");
    const char *text = json_string_value(sub);
    size_t n = text ? json_string_length(sub) : 0;

    if (n < 1 || n >= sizeof out->sub)
        return false;
    for (size_t i = 0; i < n; i++)
        if (text[i] < 0x20 || text[i] > 0x7e)
            return false;
    memcpy(out->sub, text, n + 1);
    return true;
}

/* Only an address that the issuer has verified says anything, and only when it is JSON's true. */
static void take_email(const json_t *claims, drmgmt__oidc_claims *out)
{
    const json_t *email = member(claims, "email");
    const char *text = json_string_value(email);

    if (!text || strlen(text) != json_string_length(email) || !json_is_true(member(claims, "email_verified")) ||
        !drmgmt__email_normalise(text, out->email))
        out->email[0] = '\0';
}

static bool has_several_factors(const json_t *claims)
{
    const json_t *one;
    size_t i;

    json_array_foreach(member(claims, "amr"), i, one) if (text_is(one, "mfa")) return true;
    return false;
}

/* NULL: good. */
static const char *claims_error(const json_t *claims, const char *algorithm, const drmgmt__oidc_expected *e)
{
    const char *wrong;

    if (!claims)
        return "its payload is not a JSON object";
    if (!text_is(member(claims, "iss"), e->issuer))
        return "it is of another issuer (iss)";
    if (!names_client(claims, e->client_id))
        return "it is meant for another client (aud, azp)";
    if ((wrong = wrong_time(claims, e)))
        return wrong;
    if (!text_is(member(claims, "nonce"), e->nonce))
        return "it belongs to another log-in (nonce)";
    if (member(claims, "at_hash") &&
        (!e->access_token || !belongs(member(claims, "at_hash"), algorithm, e->access_token)))
        return "it belongs to another access token (at_hash)";
    return NULL;
}

drmgmt__oidc_verdict drmgmt__oidc_id_token(const char *token, const drmgmt__jwks *keys,
                                           const drmgmt__oidc_expected *expected, drmgmt__oidc_claims *claims,
                                           const char **why)
{
    const drmgmt__jwk *key = NULL;
    const char *algorithm = NULL;
    struct parts p;

    *why = "it is not a signed token of at most 16 KiB";
    if (!split(token, &p))
        return DRMGMT__OIDC_BAD;
    DRMGMT__JSON json_t *header = part_object(p.header, p.header_length);
    if (!header)
        return DRMGMT__OIDC_BAD;
    drmgmt__oidc_verdict verdict = find_key(header, keys, &key, &algorithm, why);
    if (verdict != DRMGMT__OIDC_GOOD)
        return verdict;
    *why = "its signature is not the issuer's";
    if (!signed_by(key, token, &p))
        return DRMGMT__OIDC_BAD;
    DRMGMT__JSON json_t *object = part_object(p.payload, p.payload_length);
    *why = claims_error(object, algorithm, expected);
    if (*why)
        return DRMGMT__OIDC_BAD;
    *why = "its subject (sub) is not 1 to 255 printable ASCII characters";
    if (!take_subject(object, claims))
        return DRMGMT__OIDC_BAD;
    take_email(object, claims);
    claims->several_factors = has_several_factors(object);
    *why = NULL;
    return DRMGMT__OIDC_GOOD;
}
