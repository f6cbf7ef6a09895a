/* Users of a tenant, invitations, one's own password, and one person in several tenants.
 *
 * Entity "user": id, email, role (built-in: "none", "viewer", "operator", "administrator"), active, password (secret,
 * set at creation only), permissions, scoped_permissions, last_login_at, invitation_expires_at, version, created_at,
 * updated_at. What a user may do is the built-in role together with all roles assigned to it (drm/role.h).
 *
 * Nobody grants what they do not hold: neither a role, nor the password of a user who holds more than they do, nor any
 * other change of such a user: FORBIDDEN. A tenant always keeps an active user with a password who may manage users:
 * CONFLICT. The platform's own people are users of the tenant DRMGMT_PLATFORM_TENANT and are managed by the same calls.
 *
 * An invitation is a token by which a person sets the password of a user: told once to who made it, good for seven days
 * and one use, kept as a hash. How it reaches the person is not this library's. */
#ifndef DRMGMT_USER_H
#define DRMGMT_USER_H

#include <drm/session.h>

DRMGMT_BEGIN

/* Creates a user. Without "password" an invitation is made: *invitation (unless NULL) is set, else to NULL; free it
 * with drmgmt_free(). Nothing tells whether the address is known in another tenant. Permission user:admin. Errors:
 * INVALID with the field, CONFLICT (address taken in this tenant), FORBIDDEN (the role allows what the actor may not),
 * LIMIT (too many passwords being hashed). */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_user_create(drmgmt_session *session, const drmgmt_draft *draft,
                                                   drmgmt_record **user, char **invitation, drmgmt_error **error);
/* Reads one by id, or by address where id_or_email is no UUID. Permission user:read. Errors: NOT_FOUND. */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_user_get(drmgmt_session *session, const char *id_or_email, drmgmt_record **user,
                                                drmgmt_error **error);
/* Changes email, role or active. if_version: the version read before, or 0 for whatever is there. A role holds from the
 * next call of the user on; one who is no longer active is logged out. Another address ends an invitation, and the
 * user's link to the same person elsewhere. Permission user:admin. Errors: NOT_FOUND, PRECONDITION, INVALID, CONFLICT
 * (address taken, or the last administrator), FORBIDDEN. */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_user_update(drmgmt_session *session, const char *id, int64_t if_version,
                                                   const drmgmt_draft *draft, drmgmt_record **user,
                                                   drmgmt_error **error);
/* Deletes a user with its API keys and log-ins. What it did stays in the audit trail. Permission user:admin. Errors: as
 * for a change. */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_user_delete(drmgmt_session *session, const char *id, int64_t if_version,
                                                   drmgmt_error **error);
/* Lists by filters email (wildcards), role and active, ordered by id. Permission user:read. */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_user_list(drmgmt_session *session, const drmgmt_query *query, drmgmt_page **page,
                                                 drmgmt_error **error);
/* Makes the old password useless and ends all log-ins. password: the new one; NULL: an invitation is made instead. The
 * user is no longer linked to the same person in other tenants. API keys stay. Not for oneself: CONFLICT. Permission
 * user:admin. Errors: NOT_FOUND, FORBIDDEN, INVALID (password), LIMIT. */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_user_reset_password(drmgmt_session *session, const char *id,
                                                           const char *password, drmgmt_record **user,
                                                           char **invitation, drmgmt_error **error);
/* Ends all log-ins of a user: refused from the next call on. API keys stay. *ended, unless NULL: how many refresh
 * tokens that were. Permission user:admin. Errors: NOT_FOUND, FORBIDDEN. */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_user_logout(drmgmt_session *session, const char *id, int64_t *ended,
                                                   drmgmt_error **error);

/* ---- one's own account ---- */

/* Changes the password of the session's user, and of the same person's users in other tenants. All log-ins end; *tokens
 * are those of a new one in place of this. Needs a keyring and a session of a log-in, not of an API key (FORBIDDEN).
 * Errors: INVALID (field "old_password": it is another; "new_password": too short, too long, the same), CONFLICT
 * (changed at this moment), LIMIT. */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_password_change(drmgmt_session *session, const char *old_password,
                                                       const char *new_password, drmgmt_tokens **tokens,
                                                       drmgmt_error **error);

/* Sets the password of the invited user and logs in, as drmgmt_login() does, whose errors apply once the password is
 * set. Needs a keyring. Errors: UNAUTHENTICATED (unknown, used or expired: the three are not told apart), INVALID
 * (password), LIMIT. */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_invitation_accept(drmgmt_context *context, const char *invitation,
                                                         const char *password, const drmgmt_origin *origin,
                                                         drmgmt_tokens **tokens, drmgmt_error **error);
/* Makes the invited user, of another tenant, one person with the session's, who must have the same address and have
 * logged in by password: both have the same password from now on, and the person may switch between them. Needs a
 * keyring. Errors: NOT_FOUND (the invitation is unknown, used or expired), CONFLICT (for another address), FORBIDDEN
 * (an API key, or a log-in that was not by password). */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_invitation_link(drmgmt_session *session, const char *invitation,
                                                       drmgmt_error **error);

/* The tenants where the session's person may go: {"tenants":[{"tenant_id","tenant","current"}]}, the present one
 * included; free with drmgmt_free(). */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_session_tenants(drmgmt_session *session, char **json, drmgmt_error **error);

typedef struct drmgmt_switch_request {
    const char *refresh_token; /* of the present log-in; used up */
    const char *tenant;        /* name or id of the other tenant */
    const char *second_factor; /* where the other tenant's user has one; NULL: none */
} drmgmt_switch_request;

/* Ends the log-in that a refresh token belongs to and gives tokens of a new one, as the same person's user in another
 * tenant. Only from a log-in by password. Needs a keyring. Errors: UNAUTHENTICATED (the token; one that was used before
 * ends its log-in; field "second_factor": a wrong code, which ends it as well), SECOND_FACTOR (the user there has one:
 * the token stays good), NOT_FOUND (field "tenant": no such tenant, or no user of this person in it: the two are not
 * told apart; the token stays good), FORBIDDEN (not a log-in by password). */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_switch(drmgmt_context *context, const drmgmt_switch_request *request,
                                              const drmgmt_origin *origin, drmgmt_tokens **tokens,
                                              drmgmt_error **error);

DRMGMT_END

#endif
