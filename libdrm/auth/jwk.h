/* Public keys of others as JSON Web Keys, and the signatures they verify. Called by oidc_issuer.c and oidc_id_token.c.
 * Internal. */
#ifndef DRMGMT_AUTH_JWK_H
#define DRMGMT_AUTH_JWK_H

#include "core/core.h"

/* A set of keys: immutable, usable from several threads at once. */
typedef struct drmgmt__jwks drmgmt__jwks;
typedef struct drmgmt__jwk drmgmt__jwk;

/* Reads a JWK Set (RFC 7517, section 5). A key that is of no use for verifying RS256, ES256 or EdDSA (Ed25519) is
 * passed over, as the section asks: another type or use, an RSA modulus outside 2048..8192 bits, a point that is not on
 * its curve, private parts or symmetric keys. Errors: PROTOCOL when it is no key set or has more than 64 keys. */
int drmgmt__jwks_parse(const char *text, size_t length, drmgmt__jwks **jwks, drmgmt_error **error);
void drmgmt__jwks_free(drmgmt__jwks *jwks); /* NULL is allowed */
size_t drmgmt__jwks_count(const drmgmt__jwks *jwks);

/* The key with this id whose type makes signatures of this algorithm ("RS256", "ES256", "EdDSA": any other finds
 * none). kid NULL: the one key of that algorithm, if there is only one. NULL: there is none, or kid fits several. */
const drmgmt__jwk *drmgmt__jwks_find(const drmgmt__jwks *jwks, const char *algorithm, const char *kid);

/* Whether the signature is this key's over the text, by the one algorithm of its type (RFC 7518, sections 3.3 and 3.4;
 * RFC 8037, section 3.1). */
bool drmgmt__jwk_verify(const drmgmt__jwk *jwk, const void *text, size_t length, const uint8_t *signature,
                        size_t signature_length);

#endif
