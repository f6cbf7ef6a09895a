/* Sessions: one tenant and one actor. Every tenant-scoped call takes one first, so that a query without
 * tenant context cannot be written by accident. One thread at a time; many sessions per context. */
#ifndef DRMGMT_SESSION_H
#define DRMGMT_SESSION_H

#include <drm/context.h>
#include <drm/record.h>

DRMGMT_BEGIN

typedef struct drmgmt_session drmgmt_session;

/* What a role may do is cumulative: an administrator may all that an operator may, and so on. */
typedef enum drmgmt_role {
    DRMGMT_ROLE_NONE = 0, /* only what roles of the tenant's own give */
    DRMGMT_ROLE_VIEWER = 1,
    DRMGMT_ROLE_OPERATOR = 2,
    DRMGMT_ROLE_ADMINISTRATOR = 3
} drmgmt_role;

/* One thing that may be allowed; each route and each library call names one. The table in
 * libdrm/auth/permission.c tells all of each; the database knows it by drmctl db migrate. */
typedef enum drmgmt_permission {
    DRMGMT_PERM_NONE, /* any authenticated actor */
    DRMGMT_PERM_DEVICE_READ,
    DRMGMT_PERM_DEVICE_WRITE,
    DRMGMT_PERM_CREDENTIAL_READ,
    DRMGMT_PERM_CREDENTIAL_WRITE,
    DRMGMT_PERM_JOB_READ,
    DRMGMT_PERM_JOB_SUBMIT_READ,
    DRMGMT_PERM_JOB_SUBMIT_WRITE,
    DRMGMT_PERM_JOB_CANCEL,
    DRMGMT_PERM_API_KEY_OWN,
    DRMGMT_PERM_USER_READ,
    DRMGMT_PERM_USER_ADMIN,
    DRMGMT_PERM_TENANT_READ,
    DRMGMT_PERM_TENANT_SETTINGS,
    DRMGMT_PERM_AUDIT_READ,
    DRMGMT_PERM_OUTBOUND_READ,
    DRMGMT_PERM_MIB_WRITE,
    DRMGMT_PERM_PLATFORM_TENANT,
    DRMGMT_PERM_PLATFORM_OUTBOUND,
    DRMGMT_PERM_PLATFORM_AUDIT,
    DRMGMT_PERM_PLATFORM_WORKER,
    DRMGMT_PERM_EVENT_READ,
    DRMGMT_PERM_COUNT
} drmgmt_permission;

DRMGMT_API const char *drmgmt_permission_name(drmgmt_permission permission); /* "device:read" */
/* DRMGMT_PERM_COUNT if there is none of that name. */
DRMGMT_API drmgmt_permission drmgmt_permission_parse(const char *name);
DRMGMT_API drmgmt_role drmgmt_permission_role(drmgmt_permission permission); /* least role that holds it */
DRMGMT_API const char *drmgmt_role_name(drmgmt_role role);                   /* "viewer" */
/* DRMGMT_ROLE_NONE if there is no role of that name. */
DRMGMT_API drmgmt_role drmgmt_role_parse(const char *name);
/* All permissions with what they allow, who holds them and whether they can be held on some devices only:
 * {"permissions":[{"name","description","role","tenant","platform","on_devices"}]}; free with drmgmt_free(). */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_permission_table(char **json, drmgmt_error **error);

/* The tenant of those who manage tenants: a log-in names it by its name, sessions of its users tell this id. */
#define DRMGMT_PLATFORM_TENANT    "platform"
#define DRMGMT_PLATFORM_TENANT_ID "00000000-0000-0000-0000-000000000000"

/* Where a call comes from: kept with audit rows, held against the addresses of API keys, and what log-ins are throttled
 * by. Texts are copied, cut at 64 bytes; NULL: not known. */
typedef struct drmgmt_origin {
    const char *request_id;
    const char *address; /* of the client: "192.0.2.7", "2001:db8::7" */
} drmgmt_origin;

/* The answer to a log-in: strings live until drmgmt_tokens_free(). */
typedef struct drmgmt_tokens {
    char *access_token;         /* JWT */
    char *refresh_token;        /* opaque, one use */
    int64_t expires_in;         /* seconds the access token is good for: 900 */
    int64_t refresh_expires_in; /* seconds the refresh token is good for */
} drmgmt_tokens;
DRMGMT_API void drmgmt_tokens_free(drmgmt_tokens *tokens); /* wipes and frees; NULL is allowed */

typedef struct drmgmt_login_request {
    const char *email, *password;
    const char *tenant;        /* name or id; NULL: the one tenant where address and password are good */
    const char *second_factor; /* a code or a recovery code; NULL: none */
} drmgmt_login_request;

/* Checks a password (scrypt), then the second factor of a user who has one (drm/second_factor.h), and issues tokens.
 * Wrong password, unknown and disabled user give the same error after the
 * same time. Needs a keyring. origin: NULL if not known.
 * Errors: UNAUTHENTICATED, SECOND_FACTOR (the password is right: log in again with a code), CONFLICT (good in several
 * tenants, which drmgmt_error_tenants() lists: name one), INVALID, LIMIT (too many log-ins being checked), UNAVAILABLE.
 */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_login(drmgmt_context *context, const drmgmt_login_request *request,
                                             const drmgmt_origin *origin, drmgmt_tokens **tokens, drmgmt_error **error);
/* Rotates a refresh token. Using one twice revokes its whole family: UNAUTHENTICATED. */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_refresh(drmgmt_context *context, const char *refresh_token,
                                               const drmgmt_origin *origin, drmgmt_tokens **tokens,
                                               drmgmt_error **error);
/* Revokes a refresh token and its family, access tokens included. An unknown one is no error. */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_logout(drmgmt_context *context, const char *refresh_token,
                                              const drmgmt_origin *origin, drmgmt_error **error);

/* Opens a session from an access token. Needs a keyring. No database access: the actor's state and rights are
 * checked by the database in the same round trip as each call. Errors: UNAUTHENTICATED. */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_session_open_token(drmgmt_context *context, const char *access_token,
                                                          const drmgmt_origin *origin, drmgmt_session **session,
                                                          drmgmt_error **error);
/* Opens a session from an API key ("drm_<id>_<secret>"), with or without a keyring: the database checks the key's
 * hash, its scopes and the address it is used from, at opening and in each transaction. Errors: UNAUTHENTICATED,
 * UNAVAILABLE. */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_session_open_api_key(drmgmt_context *context, const char *api_key,
                                                            const drmgmt_origin *origin, drmgmt_session **session,
                                                            drmgmt_error **error);
DRMGMT_API void drmgmt_session_close(drmgmt_session *session); /* NULL is allowed */

/* Who this is: live as long as the session. */
DRMGMT_API const char *drmgmt_session_tenant_id(const drmgmt_session *session);
DRMGMT_API const char *drmgmt_session_user_id(const drmgmt_session *session);
DRMGMT_API drmgmt_context *drmgmt_session_context(const drmgmt_session *session);
/* Where the next calls of this session come from; NULL clears. */
DRMGMT_API void drmgmt_session_set_origin(drmgmt_session *session, const drmgmt_origin *origin);
/* Ends all log-ins of this user, this one included: refresh tokens are revoked, access tokens refused from the next
 * call on. API keys stay. *ended, unless NULL: how many refresh tokens that were. */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_logout_everywhere(drmgmt_session *session, int64_t *ended, drmgmt_error **error);
/* Asks the database who the actor is: {"tenant_id","tenant","user_id","email","role","permissions",
 * "scoped_permissions","auth"}; free with drmgmt_free(). permissions: what may be done on all devices with this token
 * or key; scoped_permissions: on some. */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_session_whoami(drmgmt_session *session, char **json, drmgmt_error **error);
/* FORBIDDEN unless the actor, as the database knows it now, holds the permission, be it on some devices only. */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_session_require(drmgmt_session *session, drmgmt_permission permission,
                                                       drmgmt_error **error);

/* ---- API keys: entity "api_key" {id label user_id prefix scopes addresses created_at last_used_at expires_at
 * expires_in} ---- */
/* Creates a key for the actor from a draft: label, and perhaps scopes (names of permissions; the key has those of them
 * that its owner holds), addresses (CIDR) and expires_at or expires_in (seconds). *key is told this once; free with
 * drmgmt_free(). One that is made with another key may no more than that, from nowhere else and no longer.
 * Errors: INVALID with the field; FORBIDDEN for scopes that the actor does not hold, and for more than the key that it
 * is made with. */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_api_key_create(drmgmt_session *session, const drmgmt_draft *draft,
                                                      drmgmt_record **record, char **key, drmgmt_error **error);
/* One's own; with the filter user_id those of another user, for which user:admin is needed. */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_api_key_list(drmgmt_session *session, const drmgmt_query *query,
                                                    drmgmt_page **page, drmgmt_error **error);
/* Revokes one's own key, or with user:admin anybody's; it is refused from the next call on. Errors: NOT_FOUND. */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_api_key_revoke(drmgmt_session *session, const char *id, drmgmt_error **error);

DRMGMT_END

#endif
