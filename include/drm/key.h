/* Keys: those of the keyring file, listed, added and retired; and data keys in the database, wrapped anew and replaced
 * while programs use them. docs/keyring.md tells what each is for and in which order several hosts change them. */
#ifndef DRMGMT_KEY_H
#define DRMGMT_KEY_H

#include <drm/context.h>
#include <stddef.h>
#include <stdint.h>

DRMGMT_BEGIN

/* ---- the file: each call reads it anew and changes it under a lock, whole or not at all; its mode and owner stay ----
 */

typedef struct drmgmt_key {
    unsigned number;
    char kind[12];  /* "seal", "kek", "token", "ed25519" */
    char state[12]; /* "active": makes new things; "old": opens what it made; "standby": not active yet */
    char since[24]; /* RFC 3339: when it became active; "" when the file does not tell */
} drmgmt_key;

/* *keys is an array of *count (free with drmgmt_free()), by kind and number; the keys themselves are not told.
 * Errors: IO, CRYPTO (malformed). */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_key_list(const char *keyring_path, drmgmt_key **keys, size_t *count,
                                                drmgmt_error **error);
/* Adds a fresh key of a kind (NULL: of the kind that signs tokens now) with the next number, which becomes active; with
 * standby it only opens and verifies, and is published, until drmgmt_key_activate(). A seal key is made known to the
 * database first, as its owner: owner_url is needed for that kind only. *number, unless NULL: the new one's.
 * Errors: INVALID (kind, owner_url), IO, CRYPTO, LIMIT (64 keys of a kind), UNAVAILABLE, DATABASE. */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_key_rotate(const char *keyring_path, const char *kind, bool standby,
                                                  const char *owner_url, unsigned *number, drmgmt_error **error);
/* Takes a key off standby. Errors: NOT_FOUND, CONFLICT (it is not on standby), IO, CRYPTO. */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_key_activate(const char *keyring_path, const char *kind, unsigned number,
                                                    drmgmt_error **error);
/* Takes a key out of the file, and a seal key out of the database, too (owner_url). Refused (CONFLICT) for the active
 * one, for a KEK that still wraps a data key (context: connected to the database, needed for that kind only), and while
 * what an old key made may still be in use - 2 minutes for seals and wrapped keys, 16 for tokens after the active key
 * became active - unless now is set: then those who hold such a token log in again. Errors: NOT_FOUND, as above. */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_key_retire(const char *keyring_path, const char *kind, unsigned number, bool now,
                                                  const char *owner_url, drmgmt_context *context, drmgmt_error **error);
/* Makes the file's seal keys known to a database that does not know them: one that was restored from a dump, which has
 * none. Errors: CONFLICT (it knows others under these numbers). */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_key_install(const char *keyring_path, const char *owner_url,
                                                   drmgmt_error **error);

/* ---- data keys in the database; the context needs the keyring ---- */

typedef struct drmgmt_kek_use {
    unsigned kek; /* number */
    uint64_t keys;
} drmgmt_kek_use;
/* How many data keys each KEK wraps: an array of *count, free with drmgmt_free(). */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_kek_uses(drmgmt_context *context, drmgmt_kek_use **uses, size_t *count,
                                                drmgmt_error **error);

/* Called after each batch with what was wrapped since the start, and the tenant it came to. */
typedef void drmgmt_rewrap_fn(void *user, uint64_t wrapped, const char *tenant_id);
/* Wraps every data key that another KEK wraps by the active one, one row at a time: programs go on meanwhile, and one
 * that is broken off is continued by calling it again. *wrapped, unless NULL: how many. Errors: CRYPTO (a KEK is
 * missing from the keyring; the others were done), UNAVAILABLE. */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_kek_rewrap(drmgmt_context *context, drmgmt_rewrap_fn *progress, void *user,
                                                  uint64_t *wrapped, drmgmt_error **error);

/* Gives a tenant (name or id; NULL: each) a new data key. New secrets are sealed by it at once; workers seal the old
 * ones anew in the background, then the old data key goes. *started: tenants that got one; *under_way: tenants whose
 * last replacement has not ended, which got none. Either may be NULL. Errors: NOT_FOUND, CRYPTO, UNAVAILABLE. */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_rekey_start(drmgmt_context *context, const char *tenant, uint64_t *started,
                                                   uint64_t *under_way, drmgmt_error **error);

/* How many of these tenants have an old data key still. */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_rekey_pending(drmgmt_context *context, const char *tenant, uint64_t *pending,
                                                     drmgmt_error **error);

typedef struct drmgmt_rekey_progress {
    uint64_t rows;     /* looked at */
    uint64_t resealed; /* sealed anew */
    uint64_t failed;   /* values that did not open */
    uint64_t tenants;  /* whose old data key is gone */
} drmgmt_rekey_progress;
typedef void drmgmt_rekey_fn(void *user, const drmgmt_rekey_progress *progress);
/* Does the workers' part here until nothing is left that nobody else is at. */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_rekey_run(drmgmt_context *context, drmgmt_rekey_fn *progress, void *user,
                                                 drmgmt_error **error);

/* ---- what others verify access tokens by ---- */

/* The public halves of the asymmetric signing keys as a JSON Web Key Set (RFC 7517, RFC 8037), those on standby
 * included: {"keys":[{"kty":"OKP","crv":"Ed25519","alg":"EdDSA","use":"sig","kid":"2","x":"..."}]}. Free with
 * drmgmt_free(). Without a keyring, or with HS256 keys only, the set is empty. */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_jwks(drmgmt_context *context, char **json, drmgmt_error **error);

DRMGMT_END

#endif
