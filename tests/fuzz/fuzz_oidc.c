/* What comes from an OpenID Connect issuer: discovery documents, key sets, ID tokens. Whatever it is, it is refused or
 * read; and no token passes that the key did not sign. */
#include "fuzz.h"

#include "auth/oidc_internal.h"
#include <string.h>

static const char known[] = "{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"kid\":\"k\",\"x\":"
                            "\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}]}";

static void check_token(const char *token, const drmgmt__jwks *keys, bool must_fail)
{
    const drmgmt__oidc_expected expected = {
        .issuer = "https://id.example", .client_id = "me", .nonce = "n", .access_token = "a", .now = 1700000000
    };
    drmgmt__oidc_claims claims;
    const char *why = NULL;
    drmgmt__oidc_verdict verdict = drmgmt__oidc_id_token(token, keys, &expected, &claims, &why);

    MUST((verdict == DRMGMT__OIDC_GOOD) == (why == NULL));
    MUST(!must_fail || verdict != DRMGMT__OIDC_GOOD);
}

static void check_keys(const char *text, size_t size)
{
    drmgmt__jwks *keys = NULL;

    if (drmgmt__jwks_parse(text, size, &keys, NULL))
        MUST(!keys);
    else
        check_token("eyJhbGciOiJFZERTQSJ9.e30.AA", keys, true);
    drmgmt__jwks_free(keys);
}

static void check_document(const char *text, size_t size)
{
    drmgmt__oidc_issuer *issuer = NULL;

    if (drmgmt__oidc_issuer_parse("https://id.example", text, size, &issuer, NULL))
        MUST(!issuer);
    else
        MUST(!drmgmt__oidc_url_error(issuer->authorization_endpoint) &&
             !drmgmt__oidc_url_error(issuer->token_endpoint) && strncmp(issuer->jwks_uri, "https://", 8) == 0);
    drmgmt__oidc_issuer_release(issuer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    drmgmt__jwks *keys = NULL;
    char *text = malloc(size + 1);

    MUST(text);
    memcpy(text, data, size);
    text[size] = '\0';
    check_keys(text, size);
    check_document(text, size);
    MUST(drmgmt__jwks_parse(known, sizeof known - 1, &keys, NULL) == 0);
    check_token(text, keys, true);
    drmgmt__jwks_free(keys);
    free(text);
    return 0;
}
