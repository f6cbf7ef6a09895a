/* What the files of the user room share: invitations. Internal. */
#ifndef DRMGMT_USER_USER_INTERNAL_H
#define DRMGMT_USER_USER_INTERNAL_H

#include "audit/change.h"
#include "auth/auth_internal.h"

/* "drmi_" and base64url of tenant(16) user(16) secret(32); the database keeps the SHA-256 of the text. */
enum { DRMGMT__INVITATION_SIZE = 5 + 86 + 1, DRMGMT__INVITATION_SECONDS = 7 * 24 * 3600 };
typedef struct drmgmt__invitation {
    char tenant_id[DRMGMT__UUID_SIZE], user_id[DRMGMT__UUID_SIZE];
    uint8_t digest[DRMGMT__DIGEST_SIZE];
} drmgmt__invitation;
/* Makes one for a user; *text is malloc()ed, to be freed with drmgmt__free_secret(). */
int drmgmt__invitation_make(const char *tenant_id, const char *user_id, drmgmt__invitation *invitation, char **text,
                            drmgmt_error **error);
bool drmgmt__invitation_parse(const char *text, drmgmt__invitation *invitation);

/* Begins a change of a user, a role or who has it: the record as it is before, and nobody else changes it meanwhile.
 * *before stays NULL when it is not there: the change itself says so, after it has looked who asks. */
int drmgmt__people_begin(drmgmt_session *session, const drmgmt_entity *entity, const drmgmt__query *get, const char *id,
                         drmgmt__tx **tx, drmgmt_record **before, drmgmt_error **error);

/* Hashes a new password; what is wrong with it is told under the name of the field it came in. */
int drmgmt__password_hash_named(const char *field, const char *password, char **hash, drmgmt_error **error);
/* Checks a user's email as given and puts it into the form in which it is kept. NULL stays. */
int drmgmt__user_email(const char *text, char email[DRMGMT__EMAIL_SIZE], drmgmt_error **error);

#endif
