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
    DRMGMT_ROLE_NONE = 0,
    DRMGMT_ROLE_VIEWER = 1,
    DRMGMT_ROLE_OPERATOR = 2,
    DRMGMT_ROLE_ADMINISTRATOR = 3
} drmgmt_role;

/* One thing that may be allowed; each route and each library call names one. The table in
 * libdrm/auth/permission.c says which role holds it. */
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
    DRMGMT_PERM_COUNT
} drmgmt_permission;

DRMGMT_API const char *drmgmt_permission_name(drmgmt_permission permission); /* "device:read" */
DRMGMT_API drmgmt_role drmgmt_permission_role(drmgmt_permission permission); /* least role that holds it */
DRMGMT_API const char *drmgmt_role_name(drmgmt_role role);                   /* "viewer" */
/* DRMGMT_ROLE_NONE if there is no role of that name. */
DRMGMT_API drmgmt_role drmgmt_role_parse(const char *name);

/* The answer to a log-in: strings live until drmgmt_tokens_free(). */
typedef struct drmgmt_tokens {
    char *access_token;         /* JWT, HS256 */
    char *refresh_token;        /* opaque, one use */
    int64_t expires_in;         /* seconds the access token is good for: 900 */
    int64_t refresh_expires_in; /* seconds the refresh token is good for */
} drmgmt_tokens;
DRMGMT_API void drmgmt_tokens_free(drmgmt_tokens *tokens); /* wipes and frees; NULL is allowed */

/* Checks a password (scrypt) and issues tokens. tenant: name of the tenant when the address has users in several,
 * else NULL. Wrong password, unknown and disabled user give the same error after the same time. Needs a keyring.
 * Errors: UNAUTHENTICATED, INVALID, LIMIT (too many log-ins being checked), UNAVAILABLE. */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_login(drmgmt_context *context, const char *email, const char *password,
                                             const char *tenant, drmgmt_tokens **tokens, drmgmt_error **error);
/* Rotates a refresh token. Using one twice revokes its whole family: UNAUTHENTICATED. */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_refresh(drmgmt_context *context, const char *refresh_token,
                                               drmgmt_tokens **tokens, drmgmt_error **error);
/* Revokes a refresh token and its family. An unknown one is no error. */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_logout(drmgmt_context *context, const char *refresh_token, drmgmt_error **error);

/* Opens a session from an access token. Needs a keyring. No database access: the actor's state and role are
 * checked by the database in the same round trip as each call. Errors: UNAUTHENTICATED. */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_session_open_token(drmgmt_context *context, const char *access_token,
                                                          drmgmt_session **session, drmgmt_error **error);
/* Opens a session from an API key ("drm_<id>_<secret>"), with or without a keyring: the database checks the key's
 * hash, at opening and in each transaction. Errors: UNAUTHENTICATED, UNAVAILABLE. */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_session_open_api_key(drmgmt_context *context, const char *api_key,
                                                            drmgmt_session **session, drmgmt_error **error);
DRMGMT_API void drmgmt_session_close(drmgmt_session *session); /* NULL is allowed */

/* Who this is: live as long as the session. */
DRMGMT_API const char *drmgmt_session_tenant_id(const drmgmt_session *session);
DRMGMT_API const char *drmgmt_session_user_id(const drmgmt_session *session);
DRMGMT_API drmgmt_context *drmgmt_session_context(const drmgmt_session *session);
/* Request id and peer address kept with audit rows of this session; NULL clears. Copied, cut at 64 bytes. */
DRMGMT_API void drmgmt_session_set_origin(drmgmt_session *session, const char *request_id, const char *address);
/* Asks the database who the actor is: {"tenant_id","tenant","user_id","email","role","auth"}; free with drmgmt_free().
 */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_session_whoami(drmgmt_session *session, char **json, drmgmt_error **error);
/* FORBIDDEN unless the actor's role, read from the database now, holds the permission. */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_session_require(drmgmt_session *session, drmgmt_permission permission,
                                                       drmgmt_error **error);

/* ---- API keys: entity "api_key" {id label prefix created_at last_used_at expires_at} ---- */
/* Creates a key for the actor. *key is told this once; free with drmgmt_free(). */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_api_key_create(drmgmt_session *session, const char *label,
                                                      drmgmt_record **record, char **key, drmgmt_error **error);
DRMGMT_API DRMGMT_NODISCARD int drmgmt_api_key_list(drmgmt_session *session, const drmgmt_query *query,
                                                    drmgmt_page **page, drmgmt_error **error);
/* Revokes; the key is refused from the next call on. Errors: NOT_FOUND. */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_api_key_revoke(drmgmt_session *session, const char *id, drmgmt_error **error);

DRMGMT_END

#endif
