/* Access tokens: JWT, signed with Ed25519 (EdDSA, RFC 8037) or HS256. Called by session.c and login.c; calls libjwt for
 * the encoding and for HS256, and trusts it with nothing else: libjwt 1.10 takes "alg" from the token, accepts an
 * expired one and one that is not signed, and knows no EdDSA. So the header is read strictly before libjwt sees it, the
 * "kid" chooses the key and the key its algorithm, and every claim is checked here. */
#include "auth/auth_internal.h"
#include "auth/keyring.h"
#include "core/context_internal.h"
#include <jwt.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { TOKEN_MAX = 2048, LEEWAY = 30, CACHE_SETS = 2048 };
static const char issuer[] = "drmgmt";

/* The algorithm of each kind of key, and how long its signatures are. */
static const struct algorithm {
    const char *name;
    size_t signature;
} algorithms[DRMGMT__KEY_KINDS] = {
    [DRMGMT__KEY_TOKEN] = { "HS256", DRMGMT__DIGEST_SIZE },
    [DRMGMT__KEY_ED25519] = { "EdDSA", DRMGMT__ED25519_SIGNATURE },
};

struct verified {
    drmgmt__identity who;
    uint64_t generation; /* of the keyring that verified it: another one may have lost the key */
};

struct drmgmt__token_cache {
    drmgmt__digest_cache *verified; /* SHA-256 of a token -> struct verified */
};

struct drmgmt__token_cache *drmgmt__token_cache_new(void)
{
    struct drmgmt__token_cache *c = calloc(1, sizeof *c);

    if (c && !(c->verified = drmgmt__digest_cache_new(CACHE_SETS, sizeof(struct verified)))) {
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

static int fill(jwt_t *jwt, const drmgmt__identity *who)
{
    char jti[DRMGMT__UUID_SIZE];
    long now = (long)time(NULL);

    if (drmgmt__uuid_v7(jti))
        return -1;
    return jwt_add_grant(jwt, "iss", issuer) || jwt_add_grant(jwt, "aud", issuer) ||
                   jwt_add_grant(jwt, "sub", who->user_id) || jwt_add_grant(jwt, "tid", who->tenant_id) ||
                   jwt_add_grant(jwt, "sid", who->family_id) || jwt_add_grant(jwt, "jti", jti) ||
                   jwt_add_grant_int(jwt, "iat", now) || jwt_add_grant_int(jwt, "nbf", now) ||
                   jwt_add_grant_int(jwt, "exp", now + DRMGMT__ACCESS_SECONDS)
               ? -1
               : 0;
}

static char *sign_hs256(jwt_t *jwt, const drmgmt__key *key)
{
    char kid[16];

    snprintf(kid, sizeof kid, "%u", key->number);
    return jwt_set_alg(jwt, JWT_ALG_HS256, key->bytes, sizeof key->bytes) || jwt_add_header(jwt, "kid", kid)
               ? NULL
               : jwt_encode_str(jwt);
}

/* RFC 7515, section 3.1, and RFC 8037, section 3.1. */
static char *sign_eddsa(jwt_t *jwt, EVP_PKEY *key, unsigned number)
{
    DRMGMT__FREE char *claims = jwt_get_grants_json(jwt, NULL);
    char header[64];
    uint8_t signature[DRMGMT__ED25519_SIGNATURE];
    int n = snprintf(header, sizeof header, "{\"alg\":\"EdDSA\",\"typ\":\"JWT\",\"kid\":\"%u\"}", number);

    char *token = claims ? malloc(4 * ((size_t)n + strlen(claims) + sizeof signature) / 3 + 16) : NULL;
    if (!token)
        return NULL;
    size_t length = drmgmt__b64url(header, (size_t)n, token);
    token[length++] = '.';
    length += drmgmt__b64url(claims, strlen(claims), token + length);
    if (drmgmt__ed25519_sign(key, token, length, signature)) {
        free(token);
        return NULL;
    }
    token[length++] = '.';
    drmgmt__b64url(signature, sizeof signature, token + length);
    return token;
}

static EVP_PKEY *ed25519_of(const drmgmt__keyring *keyring, const drmgmt__key *key)
{
    return keyring->ed25519[key - keyring->keys[DRMGMT__KEY_ED25519]];
}

int drmgmt__token_issue(const drmgmt__keyring *keyring, const drmgmt__identity *who, char **token, drmgmt_error **error)
{
    drmgmt__key_kind kind;
    const drmgmt__key *key = drmgmt__keyring_maker(keyring, DRMGMT__USE_SIGN, &kind);
    jwt_t *jwt = NULL;
    char *text = NULL;

    if (!key)
        return drmgmt__fail(error, DRMGMT_ERR_CRYPTO, "the keyring has no token key");
    if (jwt_new(&jwt))
        return drmgmt__fail_memory(error);
    if (fill(jwt, who) == 0)
        text =
            kind == DRMGMT__KEY_ED25519 ? sign_eddsa(jwt, ed25519_of(keyring, key), key->number) : sign_hs256(jwt, key);
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
static const drmgmt__key *key_named(const drmgmt__keyring *keyring, const char *kid, drmgmt__key_kind *kind)
{
    unsigned number = 0;
    size_t n = kid ? strlen(kid) : 0;

    if (n < 1 || n > 9 || strspn(kid, "0123456789") != n || kid[0] == '0')
        return NULL;
    for (size_t i = 0; i < n; i++)
        number = number * 10 + (unsigned)(kid[i] - '0');
    return drmgmt__keyring_find(keyring, DRMGMT__USE_SIGN, number, kind);
}

/* Exactly {"alg":A,"kid":"N"} and perhaps "typ":"JWT", where A is the algorithm of key N: whatever else a header may
 * say
 * ("crit", "jwk") is not ours. */
static const drmgmt__key *key_of(const drmgmt__keyring *keyring, const char *part, size_t n, drmgmt__key_kind *kind)
{
    DRMGMT__JSON json_t *header = part_object(part, n);
    size_t members = header && json_object_get(header, "typ") ? 3 : 2;

    if (!header || json_object_size(header) != members || (members == 3 && !text_is(header, "typ", "JWT")))
        return NULL;
    const drmgmt__key *key = key_named(keyring, json_string_value(json_object_get(header, "kid")), kind);
    return key && text_is(header, "alg", algorithms[*kind].name) ? key : NULL;
}

static bool hs256_good(const char *token, const drmgmt__key *key)
{
    jwt_t *jwt = NULL;
    bool good = jwt_decode(&jwt, token, key->bytes, sizeof key->bytes) == 0 && jwt_get_alg(jwt) == JWT_ALG_HS256;

    jwt_free(jwt);
    return good;
}

/* signature: the last part of the token. */
static bool signature_good(const drmgmt__keyring *keyring, const char *token, const char *signature,
                           const drmgmt__key *key, drmgmt__key_kind kind)
{
    uint8_t bytes[DRMGMT__ED25519_SIGNATURE];

    if (drmgmt__unb64url(signature, strlen(signature), bytes, sizeof bytes) != (long)algorithms[kind].signature)
        return false;
    return kind == DRMGMT__KEY_ED25519
               ? drmgmt__ed25519_verify(ed25519_of(keyring, key), token, (size_t)(signature - 1 - token), bytes)
               : hs256_good(token, key);
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
    drmgmt__key_kind kind;

    if (!signature || strchr(++signature, '.'))
        return "the access token is not valid";
    const drmgmt__key *key = key_of(keyring, token, (size_t)(payload - 1 - token), &kind);
    if (!key || !signature_good(keyring, token, signature, key, kind))
        return "the access token is not valid";
    DRMGMT__JSON json_t *claims = part_object(payload, (size_t)(signature - 1 - payload));
    return claims_error(claims, now, who, expiry);
}

int drmgmt__token_verify(const drmgmt__keyring *keyring, struct drmgmt__token_cache *cache, const char *token,
                         drmgmt__identity *who, drmgmt_error **error)
{
    size_t n = token ? strnlen(token, TOKEN_MAX + 1) : 0;
    uint8_t digest[DRMGMT__DIGEST_SIZE];
    struct verified found;
    int64_t now = (int64_t)time(NULL), expiry = 0;

    if (n < 1 || n > TOKEN_MAX)
        return drmgmt__fail(error, DRMGMT_ERR_UNAUTHENTICATED, "the access token is not valid");
    if (drmgmt__sha256(token, n, digest))
        return drmgmt__fail(error, DRMGMT_ERR_CRYPTO, "SHA-256 is not available");
    if (!cache || !drmgmt__digest_cache_get(cache->verified, digest, now, &found) ||
        found.generation != keyring->generation) {
        const char *wrong = verify(keyring, token, now, &found.who, &expiry);
        if (wrong)
            return drmgmt__fail(error, DRMGMT_ERR_UNAUTHENTICATED, "%s", wrong);
        found.generation = keyring->generation;
        if (cache)
            drmgmt__digest_cache_put(cache->verified, digest, now, expiry, &found);
    }
    *who = found.who;
    return 0;
}

int drmgmt__token_check(drmgmt_context *context, const char *token, drmgmt__identity *who, drmgmt_error **error)
{
    bool changed = false;

    for (int attempt = 0;; attempt++) {
        DRMGMT__KEYRING drmgmt__keyring *keyring = drmgmt__keyring_hold(context);
        drmgmt_error *failure = NULL;
        int rc = drmgmt__token_verify(keyring, context->tokens, token, who, &failure);
        /* Perhaps signed by another process, with a key that was added since. */
        if (rc != DRMGMT_ERR_UNAUTHENTICATED || attempt > 0 || drmgmt_context_reload(context, &changed, NULL) ||
            !changed) {
            if (rc && error)
                *error = failure;
            else
                drmgmt_error_free(failure);
            return rc;
        }
        drmgmt_error_free(failure);
    }
}
