/* Access tokens: JWT, HS256. Called by session.c and login.c; calls libjwt for the encoding and the signature, and
 * trusts it with nothing else: libjwt 1.10 takes "alg" from the token, accepts an expired one and one that is not
 * signed. So the header is read strictly before libjwt sees it, the key is chosen by us, and every claim is checked
 * here. */
#include "auth/auth_internal.h"
#include <jwt.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { TOKEN_MAX = 2048, LEEWAY = 30, CACHE_SETS = 2048 };
static const char issuer[] = "drmgmt";

struct drmgmt__token_cache {
    drmgmt__digest_cache *verified; /* SHA-256 of a token -> drmgmt__identity */
};

struct drmgmt__token_cache *drmgmt__token_cache_new(void)
{
    struct drmgmt__token_cache *c = calloc(1, sizeof *c);

    if (c && !(c->verified = drmgmt__digest_cache_new(CACHE_SETS, sizeof(drmgmt__identity)))) {
        free(c);
        return NULL;
    }
    return c;
}

void drmgmt__token_cache_free(struct drmgmt__token_cache *cache)
{
    drmgmt__digest_cache_free(cache->verified);
    free(cache);
}

void drmgmt__identity_set(drmgmt__identity *who, const char *tenant_id, const char *user_id, const char *family_id)
{
    snprintf(who->tenant_id, sizeof who->tenant_id, "%s", tenant_id);
    snprintf(who->user_id, sizeof who->user_id, "%s", user_id);
    snprintf(who->family_id, sizeof who->family_id, "%s", family_id);
}

/* ---- making ---- */

static int fill(jwt_t *jwt, const uint8_t *key, unsigned number, const drmgmt__identity *who)
{
    char kid[16], jti[DRMGMT__UUID_SIZE];
    long now = (long)time(NULL);

    if (drmgmt__uuid_v7(jti))
        return -1;
    snprintf(kid, sizeof kid, "%u", number);
    return jwt_set_alg(jwt, JWT_ALG_HS256, key, 32) || jwt_add_header(jwt, "kid", kid) ||
                   jwt_add_grant(jwt, "iss", issuer) || jwt_add_grant(jwt, "aud", issuer) ||
                   jwt_add_grant(jwt, "sub", who->user_id) || jwt_add_grant(jwt, "tid", who->tenant_id) ||
                   jwt_add_grant(jwt, "sid", who->family_id) || jwt_add_grant(jwt, "jti", jti) ||
                   jwt_add_grant_int(jwt, "iat", now) || jwt_add_grant_int(jwt, "nbf", now) ||
                   jwt_add_grant_int(jwt, "exp", now + DRMGMT__ACCESS_SECONDS)
               ? -1
               : 0;
}

int drmgmt__token_issue(const drmgmt__keyring *keyring, const drmgmt__identity *who, char **token, drmgmt_error **error)
{
    unsigned number = 0;
    const uint8_t *key = drmgmt__keyring_key(keyring, DRMGMT__KEY_TOKEN, &number);
    jwt_t *jwt = NULL;

    if (!key)
        return drmgmt__fail(error, DRMGMT_ERR_CRYPTO, "the keyring has no token key");
    if (jwt_new(&jwt))
        return drmgmt__fail_memory(error);
    char *text = fill(jwt, key, number, who) ? NULL : jwt_encode_str(jwt);
    jwt_free(jwt);
    if (!text)
        return drmgmt__fail_memory(error);
    *token = text;
    return 0;
}

/* ---- verifying ---- */

/* The object in one part of the token; NULL for anything that is not the one text of one JSON object without
 * duplicates. */
static json_t *part_object(const char *part, size_t n)
{
    char text[TOKEN_MAX];
    json_t *object = NULL;
    long length = drmgmt__unb64url(part, n, text, sizeof text);

    return length > 0 && drmgmt__json_object(text, (size_t)length, &object, NULL) == 0 ? object : NULL;
}

static bool text_is(const json_t *object, const char *name, const char *expected)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text && strcmp(text, expected) == 0;
}

/* "kid" in its one decimal form, known to the keyring. */
static const uint8_t *key_named(const drmgmt__keyring *keyring, const char *kid)
{
    unsigned number = 0;
    size_t n = kid ? strlen(kid) : 0;

    if (n < 1 || n > 9 || strspn(kid, "0123456789") != n || kid[0] == '0')
        return NULL;
    for (size_t i = 0; i < n; i++)
        number = number * 10 + (unsigned)(kid[i] - '0');
    return drmgmt__keyring_key(keyring, DRMGMT__KEY_TOKEN, &number);
}

/* Exactly {"alg":"HS256","kid":"N"} and perhaps "typ":"JWT": whatever else a header may say ("crit", "jwk") is not
 * ours. */
static const uint8_t *key_of(const drmgmt__keyring *keyring, const char *part, size_t n)
{
    DRMGMT__JSON json_t *header = part_object(part, n);
    size_t members = header && json_object_get(header, "typ") ? 3 : 2;

    if (!header || json_object_size(header) != members || !text_is(header, "alg", "HS256") ||
        (members == 3 && !text_is(header, "typ", "JWT")))
        return NULL;
    return key_named(keyring, json_string_value(json_object_get(header, "kid")));
}

static bool signature_good(const char *token, const uint8_t *key)
{
    jwt_t *jwt = NULL;
    bool good = jwt_decode(&jwt, token, key, 32) == 0 && jwt_get_alg(jwt) == JWT_ALG_HS256;

    jwt_free(jwt);
    return good;
}

static bool time_of(const json_t *claims, const char *name, int64_t *value)
{
    const json_t *number = json_object_get(claims, name);

    *value = json_integer_value(number);
    return json_is_integer(number) && *value > 0;
}

static bool id_of(const json_t *claims, const char *name, char out[DRMGMT__UUID_SIZE])
{
    const char *text = json_string_value(json_object_get(claims, name));

    return text && drmgmt__uuid_normalise(text, out) && strcmp(text, out) == 0;
}

/* NULL: good; else what is wrong. */
static const char *claims_error(const json_t *claims, int64_t now, drmgmt__identity *who, int64_t *expiry)
{
    int64_t issued, begins;

    if (!claims || !text_is(claims, "iss", issuer) || !text_is(claims, "aud", issuer) ||
        !id_of(claims, "sub", who->user_id) || !id_of(claims, "tid", who->tenant_id) ||
        !id_of(claims, "sid", who->family_id) || !time_of(claims, "exp", expiry) || !time_of(claims, "iat", &issued) ||
        !time_of(claims, "nbf", &begins) || !json_is_string(json_object_get(claims, "jti")))
        return "the access token is not valid";
    if (*expiry <= now)
        return "the access token has expired: refresh it or log in again";
    if (issued > now + LEEWAY || begins > now + LEEWAY)
        return "the access token is not good yet: do the clocks differ?";
    return NULL;
}

static const char *verify(const drmgmt__keyring *keyring, const char *token, int64_t now, drmgmt__identity *who,
                          int64_t *expiry)
{
    const char *payload = strchr(token, '.'), *signature = payload ? strchr(++payload, '.') : NULL;
    uint8_t mac[32];

    if (!signature || strchr(++signature, '.') ||
        drmgmt__unb64url(signature, strlen(signature), mac, sizeof mac) != sizeof mac)
        return "the access token is not valid";
    const uint8_t *key = key_of(keyring, token, (size_t)(payload - 1 - token));
    if (!key || !signature_good(token, key))
        return "the access token is not valid";
    DRMGMT__JSON json_t *claims = part_object(payload, (size_t)(signature - 1 - payload));
    return claims_error(claims, now, who, expiry);
}

int drmgmt__token_verify(const drmgmt__keyring *keyring, struct drmgmt__token_cache *cache, const char *token,
                         drmgmt__identity *who, drmgmt_error **error)
{
    size_t n = token ? strnlen(token, TOKEN_MAX + 1) : 0;
    uint8_t digest[DRMGMT__DIGEST_SIZE];
    drmgmt__identity found;
    int64_t now = (int64_t)time(NULL), expiry = 0;

    if (n < 1 || n > TOKEN_MAX)
        return drmgmt__fail(error, DRMGMT_ERR_UNAUTHENTICATED, "the access token is not valid");
    if (drmgmt__sha256(token, n, digest))
        return drmgmt__fail(error, DRMGMT_ERR_CRYPTO, "SHA-256 is not available");
    if (!cache || !drmgmt__digest_cache_get(cache->verified, digest, now, &found)) {
        const char *wrong = verify(keyring, token, now, &found, &expiry);
        if (wrong)
            return drmgmt__fail(error, DRMGMT_ERR_UNAUTHENTICATED, "%s", wrong);
        if (cache)
            drmgmt__digest_cache_put(cache->verified, digest, now, expiry, &found);
    }
    *who = found;
    return 0;
}
