/* Roles of a tenant's own, and which users have which.
 *
 * Entity "role": id, name, description, permissions (names of drmgmt_permission_table()), version, created_at,
 * updated_at. Entity "role_assignment": id, user_id, role_id or builtin, role (its name), selector, permissions,
 * created_at. A selector is a set of tags: the role then holds on the devices that have all of them, for those of its
 * permissions that can be held on some devices only; the rest of it is not given. Several assignments add up.
 *
 * A change of a role, or of who has it, holds from the next call of those users on. Nobody grants what they do not hold
 * on all devices: FORBIDDEN. */
#ifndef DRMGMT_ROLE_H
#define DRMGMT_ROLE_H

#include <drm/session.h>

DRMGMT_BEGIN

/* Creates a role. Permission user:admin. Errors: INVALID (field "permissions": an unknown one), CONFLICT (name taken),
 * FORBIDDEN (it allows what the actor may not). */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_role_create(drmgmt_session *session, const drmgmt_draft *draft,
                                                   drmgmt_record **role, drmgmt_error **error);
/* Reads one by id, or by name where id_or_name is no UUID. Permission user:read. Errors: NOT_FOUND. */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_role_get(drmgmt_session *session, const char *id_or_name, drmgmt_record **role,
                                                drmgmt_error **error);
/* Changes the fields set in draft. if_version: the version read before, or 0. Permission user:admin. Errors: NOT_FOUND,
 * PRECONDITION, INVALID, CONFLICT (name taken, or it would take the last administrator's rights), FORBIDDEN (it allows,
 * or would allow, what the actor may not). */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_role_update(drmgmt_session *session, const char *id, int64_t if_version,
                                                   const drmgmt_draft *draft, drmgmt_record **role,
                                                   drmgmt_error **error);
/* Deletes a role that nobody has: else CONFLICT. Permission user:admin. Errors: NOT_FOUND, PRECONDITION, FORBIDDEN. */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_role_delete(drmgmt_session *session, const char *id, int64_t if_version,
                                                   drmgmt_error **error);
/* Lists by the filter name (wildcards), ordered by id. Permission user:read. */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_role_list(drmgmt_session *session, const drmgmt_query *query, drmgmt_page **page,
                                                 drmgmt_error **error);

/* Gives a user a role: draft of "role_assignment" with role_id or builtin, and selector. Permission user:admin. Errors:
 * NOT_FOUND (the user, or the role), INVALID (a selector with a role that has nothing for it), CONFLICT (has it
 * already, or 64 roles), FORBIDDEN. */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_role_assign(drmgmt_session *session, const char *user_id,
                                                   const drmgmt_draft *draft, drmgmt_record **assignment,
                                                   drmgmt_error **error);
/* Takes it away again, by the assignment's id. Permission user:admin. Errors: NOT_FOUND, CONFLICT (the last
 * administrator), FORBIDDEN. */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_role_withdraw(drmgmt_session *session, const char *user_id,
                                                     const char *assignment_id, drmgmt_error **error);
/* Lists by filters user_id and role_id, ordered by id. Permission user:read. */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_role_assignment_list(drmgmt_session *session, const drmgmt_query *query,
                                                            drmgmt_page **page, drmgmt_error **error);

DRMGMT_END

#endif
