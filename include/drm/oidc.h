/* Log-in by OpenID Connect: a tenant's users prove who they are to an issuer of the tenant's choice (authorization code
 * with PKCE), whose ID token is checked here against the issuer's keys.
 *
 * Entity "oidc_provider": id, name, issuer, client_id, client_secret (secret), scopes, redirect_uri, link_by_email,
 * create_users, default_role, email_domains, trust_issuer_factor, enabled, version, created_at, updated_at; what they
 * mean stands in docs/oidc.md. Its secret is sealed with the tenant's data key and never read back. */
#ifndef DRMGMT_OIDC_H
#define DRMGMT_OIDC_H

#include <drm/session.h>

DRMGMT_BEGIN

/* Providers of the session's tenant. All need tenant:settings; and nobody lets others in with more than they hold
 * themselves: link_by_email needs all that an administrator may, create_users all that default_role may (FORBIDDEN).
 * create: INVALID with the field, CONFLICT (name taken), CRYPTO (a secret, and no keyring). */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_oidc_provider_create(drmgmt_session *session, const drmgmt_draft *draft,
                                                            drmgmt_record **provider, drmgmt_error **error);
/* By id, or by name. Errors: NOT_FOUND. */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_oidc_provider_get(drmgmt_session *session, const char *id_or_name,
                                                         drmgmt_record **provider, drmgmt_error **error);
/* Changes the fields set in draft; client_secret null makes it a public client. if_version: the version read before, or
 * 0. Log-ins that were begun with the provider as it was end. Errors: NOT_FOUND, PRECONDITION, INVALID, CONFLICT. */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_oidc_provider_update(drmgmt_session *session, const char *id_or_name,
                                                            int64_t if_version, const drmgmt_draft *draft,
                                                            drmgmt_record **provider, drmgmt_error **error);
/* Users stay, and so do their links to accounts of its issuer. Errors: NOT_FOUND, PRECONDITION. */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_oidc_provider_delete(drmgmt_session *session, const char *id_or_name,
                                                            int64_t if_version, drmgmt_error **error);
/* Lists by filter name (wildcards), oldest first. */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_oidc_provider_list(drmgmt_session *session, const drmgmt_query *query,
                                                          drmgmt_page **page, drmgmt_error **error);

/* ---- logging in ---- */

/* A log-in that was begun. */
typedef struct drmgmt_oidc_login {
    char *url;          /* where the browser is to go: the issuer's authorization endpoint */
    char *binding;      /* what only this browser may have (a cookie): to be given back with the answer. ASCII without
                           separators; begins with "s" when the redirect URI is https, else with "p" */
    char *state;        /* what the answer will bring back */
    int64_t expires_in; /* seconds to finish it in: 600 */
} drmgmt_oidc_login;
DRMGMT_API void drmgmt_oidc_login_free(drmgmt_oidc_login *login); /* wipes and frees; NULL is allowed */

/* Begins one. tenant and provider: names or ids. redirect_uri: NULL for the provider's own; else one of a program on
 * the user's machine, http://127.0.0.1:PORT/... or http://[::1]:PORT/... (RFC 8252, section 7.3). May ask the issuer
 * for its documents, a few seconds at most. Any thread; needs a keyring; any process may finish it.
 * Errors: NOT_FOUND (no such tenant or provider, or not in use: the two are not told apart), INVALID (redirect_uri),
 * LIMIT, PROTOCOL, UNAVAILABLE, TIMEOUT, FORBIDDEN (the tenant's outbound rules). */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_oidc_begin(drmgmt_context *context, const char *tenant, const char *provider,
                                                  const char *redirect_uri, drmgmt_oidc_login **login,
                                                  drmgmt_error **error);

/* What the browser brings back (OpenID Connect Core 1.0, section 3.1.2.5; RFC 9207), and who it is. NULL: not there. */
typedef struct drmgmt_oidc_answer {
    const char *state, *code, *iss;
    const char *error;             /* the issuer's word for why not */
    const char *binding;           /* of drmgmt_oidc_login */
    const char *tenant, *provider; /* the names or ids that stand in the redirect URI; NULL: it is one for all */
} drmgmt_oidc_answer;

/* Finishes one: exchanges the code, checks the ID token, finds or makes the user, issues tokens. Each log-in is good
 * for one answer, whatever becomes of it. Where the redirect URI names no provider, the answer must name the issuer
 * (iss), or a code could be shown to another issuer than gave it. Any thread; needs a keyring.
 * Errors: UNAUTHENTICATED (unknown, used or expired state, another browser, refused by the issuer, an ID token that is
 * not good, nobody that may log in here), LIMIT, PROTOCOL, UNAVAILABLE, TIMEOUT, FORBIDDEN. */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_oidc_finish(drmgmt_context *context, const drmgmt_oidc_answer *answer,
                                                   const drmgmt_origin *origin, drmgmt_tokens **tokens,
                                                   drmgmt_error **error);

DRMGMT_END

#endif
