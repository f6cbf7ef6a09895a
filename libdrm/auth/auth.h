/* Keys, seals, hashes, tokens. Called by store (seals), device (sealed credentials), worker (opening them). Internal.
 */
#ifndef DRMGMT_AUTH_AUTH_H
#define DRMGMT_AUTH_AUTH_H

#include "core/cleanup.h"
#include <drm/session.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- digest.c ---- */
enum { DRMGMT__DIGEST_SIZE = 32 };
int drmgmt__sha256(const void *bytes, size_t n, uint8_t digest[DRMGMT__DIGEST_SIZE]); /* 0 or CRYPTO */
int drmgmt__uuid_bytes(const char *text, uint8_t bytes[16]);                          /* 0 or -1 */
void drmgmt__uuid_text(const uint8_t bytes[16], char text[37]);

/* ---- keyring: the file's keys. Lines "kind number hex [standby] [since=TIME]", kinds seal, kek, token, ed25519 (32
 * bytes each), # comments. Of each kind the highest number that is not on standby makes new things, all open old ones;
 * token and ed25519 keys share their numbers and count as one kind there: the number is the "kid" of a token. ---- */
typedef struct drmgmt__keyring drmgmt__keyring;
typedef enum drmgmt__key_kind {
    DRMGMT__KEY_SEAL,
    DRMGMT__KEY_KEK,
    DRMGMT__KEY_TOKEN,
    DRMGMT__KEY_ED25519,
    DRMGMT__KEY_KINDS
} drmgmt__key_kind;
int drmgmt__keyring_load(const char *path, drmgmt__keyring **keyring, drmgmt_error **error);
/* Writes a new file with one key of each kind that a new installation uses, mode 0600, whole or not at all; *created
 * false when it is there. */
int drmgmt__keyring_create(const char *path, bool *created, drmgmt_error **error);
/* Gives one hold back; the last one wipes. NULL is allowed. */
void drmgmt__keyring_free(drmgmt__keyring *keyring);
DRMGMT__DEFINE_CLEANUP(drmgmt__keyring_freep, drmgmt__keyring *, drmgmt__keyring_free)
#define DRMGMT__KEYRING DRMGMT__CLEANUP(drmgmt__keyring_freep)
/* The keyring of a context as it is now, held until drmgmt__keyring_free(): another one may take its place meanwhile.
 * NULL: the context has none. Any thread. */
drmgmt__keyring *drmgmt__keyring_hold(drmgmt_context *context);
bool drmgmt__keyring_given(const drmgmt_context *context);
/* The key of a kind and number; number 0: the one that makes new things, whose number is stored back. NULL if there is
 * none. 32 bytes. */
const uint8_t *drmgmt__keyring_key(const drmgmt__keyring *keyring, drmgmt__key_kind kind, unsigned *number);
/* Iterates: the i-th key of a kind; NULL past the end. */
const uint8_t *drmgmt__keyring_at(const drmgmt__keyring *keyring, drmgmt__key_kind kind, size_t i, unsigned *number);
/* Differs between any two keyrings that were loaded in this process. */
uint64_t drmgmt__keyring_generation(const drmgmt__keyring *keyring);
/* The i-th of the keys that sign cursors, the one to sign with first; false past the end. */
bool drmgmt__keyring_cursor_key(const drmgmt__keyring *keyring, size_t i, uint8_t key[32]);

/* ---- seal of the tenant context: "tenant.user.backend_pid.expiry.key_id.hmac_hex" ("-" for no tenant, then user is
 * the purpose). hmac = HMAC-SHA256(key, all before the last dot). expiry: Unix seconds. ---- */
enum { DRMGMT__SEAL_SIZE = 256 };
int drmgmt__seal_mint(const drmgmt__keyring *keyring, const char *tenant_id, const char *user_or_purpose,
                      int backend_pid, char seal[DRMGMT__SEAL_SIZE]);

/* ---- secrets at rest: 0x01 | key version (u32 BE) | nonce(12) | ct | tag(16); AES-256-GCM, AAD = length-prefixed
 * scheme, table, column, tenant, row id ---- */
typedef struct drmgmt__data_key {
    uint32_t version; /* of the tenant's data key */
    uint8_t key[32];
} drmgmt__data_key;
enum { DRMGMT__BLOB_OVERHEAD = 1 + 4 + 12 + 16 };
/* out: n + DRMGMT__BLOB_OVERHEAD bytes. Return 0 or CRYPTO. */
/* The version of the data key that sealed a blob of DRMGMT__BLOB_OVERHEAD bytes or more. */
uint32_t drmgmt__blob_key_version(const uint8_t *blob);
int drmgmt__blob_seal(const drmgmt__data_key *key, const char *table, const char *column, const char *tenant_id,
                      const char *row_id, const void *plain, size_t n, uint8_t *out);
/* out: n - DRMGMT__BLOB_OVERHEAD bytes. */
int drmgmt__blob_open(const drmgmt__data_key *key, const char *table, const char *column, const char *tenant_id,
                      const char *row_id, const void *blob, size_t n, uint8_t *out);
/* A tenant's data key wrapped by a KEK: the same form with the KEK's number as key version, table tenant_keys, column
 * wrapped, row id = version in decimal. 32 + DRMGMT__BLOB_OVERHEAD bytes. */
enum { DRMGMT__WRAPPED_SIZE = 32 + DRMGMT__BLOB_OVERHEAD };
int drmgmt__data_key_new(const drmgmt__keyring *keyring, const char *tenant_id, uint32_t version, drmgmt__data_key *key,
                         uint8_t wrapped[DRMGMT__WRAPPED_SIZE]);
/* By the active KEK. */
int drmgmt__data_key_wrap(const drmgmt__keyring *keyring, const char *tenant_id, const drmgmt__data_key *key,
                          uint8_t wrapped[DRMGMT__WRAPPED_SIZE]);
int drmgmt__data_key_unwrap(const drmgmt__keyring *keyring, const char *tenant_id, uint32_t version,
                            const void *wrapped, size_t n, drmgmt__data_key *key);

/* The same, remembered in the context (by the wrapped bytes too, so that a rewrapped key is opened anew). CRYPTO when
 * it does not open. */
struct drmgmt__digest_cache;
int drmgmt__data_key_cached(drmgmt_context *context, const char *tenant_id, uint32_t version, const void *wrapped,
                            size_t n, drmgmt__data_key *key);
/* The newest one of the session's tenant: what is sealed now is sealed with it, and is to be stored in the same
 * transaction, while which the key stays. Wipe it. */
struct drmgmt__tx;
int drmgmt__data_key_newest(struct drmgmt__tx *tx, drmgmt_session *session, drmgmt__data_key *key,
                            drmgmt_error **error);
struct drmgmt__digest_cache *drmgmt__data_key_cache_new(void);
void drmgmt__data_key_cache_free(struct drmgmt__digest_cache *cache); /* wipes; NULL is allowed */

/* ---- passwords: "$scrypt$ln=15,r=8,p=3$salt$hash" (base64url). Concurrent hashes are capped at the number of cores;
 * 64 callers wait for one at most, 5 s at most: past that LIMIT. ---- */
/* INVALID below 12 characters and above 1024 bytes. *text: free with free(). */
int drmgmt__password_hash(const char *password, char **text, drmgmt_error **error);
/* 0 match, UNAUTHENTICATED no match, INVALID empty or above 1024 bytes. text NULL (or not of that form): does the same
 * work against a made-up hash, never matches. */
int drmgmt__password_verify(const char *password, const char *text, drmgmt_error **error);
/* LIMIT, with the seconds to wait, while nobody else could wait for a hash; by the next call it may be otherwise. */
int drmgmt__password_room(drmgmt_error **error);
/* How often scrypt was computed in this process. */
uint64_t drmgmt__password_count(void);

/* ---- addresses: lower case, ASCII. False for what is no address. Log-in and stored ones are compared in this form.
 * ---- */
enum { DRMGMT__EMAIL_SIZE = 255 };
bool drmgmt__email_normalise(const char *text, char out[DRMGMT__EMAIL_SIZE]);
/* Number of characters of a text without control characters; -1 if it has some or is not UTF-8. */
long drmgmt__text_length(const char *text);

/* ---- session as store sees it ---- */
typedef enum drmgmt__session_kind {
    DRMGMT__SESSION_USER,
    DRMGMT__SESSION_API_KEY,
    DRMGMT__SESSION_SYSTEM
} drmgmt__session_kind;
struct drmgmt_session {
    drmgmt_context *context;
    drmgmt__session_kind kind;
    char tenant_id[37]; /* "" for a system session */
    char user_id[37];   /* or the purpose */
    char family_id[37]; /* the log-in of an access token; else "" */
    char *api_key;      /* API-key sessions: the whole key, sent with each transaction; wiped */
    char request_id[65], address[65];
};

/* Token (JWT) checks and cache; see auth/token.c. */
struct drmgmt__token_cache;
struct drmgmt__token_cache *drmgmt__token_cache_new(void);
void drmgmt__token_cache_free(struct drmgmt__token_cache *cache);

/* Issuers that log-ins were made with; see auth/oidc_cache.c. */
struct drmgmt__oidc_cache;
struct drmgmt__oidc_cache *drmgmt__oidc_cache_new(void); /* NULL when memory is out */
void drmgmt__oidc_cache_free(struct drmgmt__oidc_cache *cache);

#endif
