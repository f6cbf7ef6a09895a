/* What the files of OpenID Connect log-in share: URLs, issuers with their keys, ID tokens, stored log-ins. Internal. */
#ifndef DRMGMT_AUTH_OIDC_INTERNAL_H
#define DRMGMT_AUTH_OIDC_INTERNAL_H

#include "auth/auth_internal.h"
#include "auth/jwk.h"
#include "core/strbuf.h"
#include <stdatomic.h>

enum {
    DRMGMT__OIDC_URL_MAX = 2000,
    DRMGMT__OIDC_LOGIN_SECONDS = 600, /* a log-in that was begun and not finished */
    DRMGMT__OIDC_LEEWAY = 60,         /* s that the issuer's clock may differ from ours */
    DRMGMT__OIDC_RANDOM = 43          /* characters of 32 random bytes in base64url */
};

/* ---- oidc_url.c ---- */
/* NULL when it is a URL that an issuer may have for an endpoint of its own: https, or http to this very machine, where
 * nobody can listen in; of characters of RFC 3986, without user and fragment. Else what is wrong with it (static). */
const char *drmgmt__oidc_url_error(const char *url);
/* The same for an issuer (Discovery 1.0, section 3: no query), and for an address that the browser comes back to. */
const char *drmgmt__oidc_issuer_error(const char *issuer);
const char *drmgmt__oidc_redirect_error(const char *uri);
/* Whether it is http to a literal loopback address: of a program on the user's own machine (RFC 8252, section 7.3). */
bool drmgmt__oidc_loopback(const char *uri);
/* Appends "name=value" with & or ? before it as needed, form-encoded (RFC 6749, appendix B). */
void drmgmt__oidc_parameter(drmgmt__strbuf *b, char before, const char *name, const char *value);
void drmgmt__oidc_encode(drmgmt__strbuf *b, const char *text);
void drmgmt__oidc_base64(drmgmt__strbuf *b, const char *text, size_t length); /* RFC 4648, section 4 */
/* What an issuer calls an error, without any character that such words do not have: it is shown. NULL: "". */
void drmgmt__oidc_word(const char *text, char *word, size_t size);

/* ---- oidc_issuer.c: what an issuer tells of itself (Discovery 1.0) ---- */
typedef struct drmgmt__oidc_issuer {
    atomic_uint references;
    char *issuer, *authorization_endpoint, *token_endpoint, *jwks_uri;
    bool tells_iss;   /* each answer to the browser names the issuer: RFC 9207, section 3 */
    bool basic, post; /* how a client with a secret may show it: RFC 6749, section 2.3.1 */
    drmgmt__jwks *keys;
} drmgmt__oidc_issuer;

/* Which issuer, for which tenant: its outbound rules decide where we may connect. */
typedef struct drmgmt__oidc_place {
    const char *tenant_id, *issuer;
} drmgmt__oidc_place;

void drmgmt__oidc_issuer_release(drmgmt__oidc_issuer *issuer); /* NULL is allowed */
/* Asks for the document and the keys. system: a system session, for the tenant's outbound rules. Errors: PROTOCOL,
 * UNAVAILABLE, TIMEOUT, FORBIDDEN (outbound policy). */
int drmgmt__oidc_issuer_fetch(drmgmt_session *system, const drmgmt__oidc_place *place, drmgmt__oidc_issuer **issuer,
                              drmgmt_error **error);
/* Reads the discovery document; keys are left out. Errors: PROTOCOL. */
int drmgmt__oidc_issuer_parse(const char *expected, const char *text, size_t length, drmgmt__oidc_issuer **issuer,
                              drmgmt_error **error);

/* POST of a form to a token endpoint. authorization: header line, or NULL. *body: free it with drmgmt__free_secret().
 * Answers of the issuer's with an error come as UNAUTHENTICATED with its word. */
int drmgmt__oidc_token_request(drmgmt_session *system, const char *tenant_id, const char *url, const char *form,
                               const char *authorization, char **body, size_t *length, drmgmt_error **error);

/* ---- oidc_cache.c ---- */
/* Immutable and shared: to be let go of. Asks the issuer unless that was done within the
 * hour. Errors: those of asking, LIMIT (too many wait for an issuer). */
int drmgmt__oidc_issuer_get(drmgmt_session *system, const drmgmt__oidc_place *place, drmgmt__oidc_issuer **issuer,
                            drmgmt_error **error);
/* For a key id that is not there: the issuer as it is now, asked anew unless that was done half a minute ago. */
int drmgmt__oidc_issuer_again(drmgmt_session *system, const drmgmt__oidc_place *place, drmgmt__oidc_issuer **issuer,
                              drmgmt_error **error);
/* A seat for one exchange with an issuer, of which a process and a tenant have few. Errors: LIMIT. */
int drmgmt__oidc_wait_begin(drmgmt_context *context, const char *tenant_id, int *seat, drmgmt_error **error);
void drmgmt__oidc_wait_end(drmgmt_context *context, int seat);

/* ---- oidc_id_token.c ---- */
/* What an ID token must say; times in seconds since 1970. */
typedef struct drmgmt__oidc_expected {
    const char *issuer, *client_id, *nonce;
    const char *access_token; /* NULL: none came with it */
    int64_t now, begun;
} drmgmt__oidc_expected;

typedef struct drmgmt__oidc_claims {
    char sub[256];
    char email[DRMGMT__EMAIL_SIZE]; /* "": none, not verified, or none of ours */
    bool several_factors;           /* "mfa" in amr (RFC 8176) */
} drmgmt__oidc_claims;

typedef enum drmgmt__oidc_verdict {
    DRMGMT__OIDC_GOOD,
    DRMGMT__OIDC_NO_KEY, /* of that id: the issuer may have changed its keys */
    DRMGMT__OIDC_BAD
} drmgmt__oidc_verdict;

/* OpenID Connect Core 1.0, section 3.1.3.7; RFC 8725. *why: what is wrong, static. */
drmgmt__oidc_verdict drmgmt__oidc_id_token(const char *token, const drmgmt__jwks *keys,
                                           const drmgmt__oidc_expected *expected, drmgmt__oidc_claims *claims,
                                           const char **why);

#endif
