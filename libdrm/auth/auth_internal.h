/* What the files of this room share and nobody else needs: digests, the cache keyed by them, tokens, addresses.
 * Internal. */
#ifndef DRMGMT_AUTH_AUTH_INTERNAL_H
#define DRMGMT_AUTH_AUTH_INTERNAL_H

#include "auth/auth.h"
#include "core/core.h"

/* ---- digest.c ---- */
int drmgmt__hmac_sha256(const uint8_t key[32], const void *bytes, size_t n, uint8_t mac[DRMGMT__DIGEST_SIZE]);

/* ---- digest_cache.c: what was worked out once, found again by a SHA-256. Bounded, thread-safe, wiped when freed. ----
 */
typedef struct drmgmt__digest_cache drmgmt__digest_cache;
/* sets: a power of two, of four entries each. NULL when memory is out. */
drmgmt__digest_cache *drmgmt__digest_cache_new(unsigned sets, size_t value_size);
void drmgmt__digest_cache_free(drmgmt__digest_cache *cache); /* NULL is allowed */
/* Copies the value; false when it is not there or has expired (expiry <= now, both in the caller's unit). */
bool drmgmt__digest_cache_get(drmgmt__digest_cache *cache, const uint8_t digest[DRMGMT__DIGEST_SIZE], int64_t now,
                              void *value);
void drmgmt__digest_cache_put(drmgmt__digest_cache *cache, const uint8_t digest[DRMGMT__DIGEST_SIZE], int64_t now,
                              int64_t expiry, const void *value);

/* ---- token.c: access tokens ---- */
enum { DRMGMT__ACCESS_SECONDS = 900, DRMGMT__REFRESH_SECONDS = 30 * 24 * 3600 };
/* Whose a token is: all in normal form; family_id is the log-in it comes from, "" if none. */
typedef struct drmgmt__identity {
    char tenant_id[DRMGMT__UUID_SIZE], user_id[DRMGMT__UUID_SIZE], family_id[DRMGMT__UUID_SIZE];
} drmgmt__identity;
void drmgmt__identity_set(drmgmt__identity *who, const char *tenant_id, const char *user_id, const char *family_id);
int drmgmt__token_issue(const drmgmt__keyring *keyring, const drmgmt__identity *who, char **token,
                        drmgmt_error **error);
/* Verifies one and tells whose it is. cache may be NULL. UNAUTHENTICATED for every flaw. */
int drmgmt__token_verify(const drmgmt__keyring *keyring, struct drmgmt__token_cache *cache, const char *token,
                         drmgmt__identity *who, drmgmt_error **error);

/* The same with the keys and the cache of a context. */
int drmgmt__token_check(drmgmt_context *context, const char *token, drmgmt__identity *who, drmgmt_error **error);

/* ---- refresh_token.c: "drmr_" and base64url of tenant(16) user(16) id(16) secret(32) ---- */
enum { DRMGMT__REFRESH_SIZE = 5 + 107 + 1 };
typedef struct drmgmt__refresh_token {
    char tenant_id[DRMGMT__UUID_SIZE], user_id[DRMGMT__UUID_SIZE], id[DRMGMT__UUID_SIZE];
    uint8_t digest[DRMGMT__DIGEST_SIZE]; /* of the whole text: what is stored */
} drmgmt__refresh_token;
int drmgmt__refresh_token_make(const char *tenant_id, const char *user_id, drmgmt__refresh_token *token,
                               char text[DRMGMT__REFRESH_SIZE]); /* 0 or CRYPTO */
bool drmgmt__refresh_token_parse(const char *text, drmgmt__refresh_token *token);

/* ---- refresh.c: families, in a transaction of their owner's ---- */
struct drmgmt__tx;
extern const char drmgmt__refused_refresh[];
/* Opens the transaction and holds the token's family in it; UNAUTHENTICATED when there is no such token. */
int drmgmt__family_lock(drmgmt_session *session, const drmgmt__refresh_token *token, struct drmgmt__tx **tx,
                        char family_id[DRMGMT__UUID_SIZE], drmgmt_error **error);
/* Ends it, access tokens included, and commits. action: of the audit row. */
int drmgmt__family_revoke(struct drmgmt__tx **tx, const drmgmt_session *session, const char *family_id,
                          const char *action, drmgmt_error **error);
/* The same because a token came twice; UNAUTHENTICATED. */
int drmgmt__family_reused(struct drmgmt__tx **tx, const drmgmt_session *session, const char *family_id,
                          drmgmt_error **error);

/* ---- login.c: what every way of log-in ends in ---- */
/* After the password was right, because nobody else is to learn that there is a second factor. *amr: static, for
 * drmgmt__login_issue(). Errors: SECOND_FACTOR, UNAUTHENTICATED. */
int drmgmt__login_second_factor(drmgmt_context *context, const char *tenant_id, const char *user_id, const char *code,
                                const drmgmt_origin *origin, const char **amr, drmgmt_error **error);
/* Stores a new log-in and gives its tokens. amr: how the person proved who they are (RFC 8176), blank between. */
int drmgmt__login_issue(drmgmt_context *context, const char *tenant_id, const char *user_id, const char *amr,
                        const drmgmt_origin *origin, drmgmt_tokens **tokens, drmgmt_error **error);
/* Tokens, and what is to be stored of the refresh token. */
int drmgmt__tokens_make(drmgmt_context *context, const drmgmt__identity *who, drmgmt__refresh_token *refresh,
                        drmgmt_tokens **tokens, drmgmt_error **error);
/* Whether one of the ways in amr is this one. amr NULL: none. */
bool drmgmt__amr_has(const char *amr, const char *way);
int drmgmt__replace_refusal(int rc, drmgmt_error *failure, const char *text, drmgmt_error **error);
DRMGMT__DEFINE_CLEANUP(drmgmt__tokens_freep, drmgmt_tokens *, drmgmt_tokens_free)

/* ---- session.c ---- */
/* A session sealed with the keyring. CRYPTO when the context has none. */
int drmgmt__session_open_user(drmgmt_context *context, const drmgmt__identity *who, const drmgmt_origin *origin,
                              drmgmt_session **session, drmgmt_error **error);
DRMGMT__DEFINE_CLEANUP(drmgmt__session_closep, drmgmt_session *, drmgmt_session_close)
#define DRMGMT__SESSION DRMGMT__CLEANUP(drmgmt__session_closep)
int drmgmt__need_keyring(const drmgmt_context *context, drmgmt_error **error);

#endif
