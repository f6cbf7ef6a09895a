/* The second factor of a log-in: one-time codes of an authenticator (TOTP, RFC 6238: SHA-1, 6 digits, 30 s), and
 * recovery codes for the day it is lost.
 *
 * A user enrols in two steps - begin tells the secret, confirm proves that the authenticator has it - and from then on
 * drmgmt_login() asks for a code. A tenant can require it (drm/tenant_settings.h): a session of a user without one is
 * then good for nothing but enrolment (SECOND_FACTOR_ENROLMENT for all else).
 *
 * These calls want a session opened from an access token, and a keyring: an API key cannot change how its owner logs in
 * (FORBIDDEN). Where a code is asked for, a recovery code does as well, unless told otherwise; each is good once, and
 * wrong ones are throttled (LIMIT). */
#ifndef DRMGMT_SECOND_FACTOR_H
#define DRMGMT_SECOND_FACTOR_H

#include <drm/session.h>

DRMGMT_BEGIN

/* How things stand with the session's own user: {"enabled","required","pending","recovery_codes_left"}; free with
 * drmgmt_free(). pending: an enrolment was begun and not confirmed. Works with an API key too. */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_second_factor_status(drmgmt_session *session, char **json, drmgmt_error **error);

/* What an authenticator is to be given; told this once. */
typedef struct drmgmt_enrolment {
    char *secret; /* base32 (RFC 4648), to be typed in */
    char *uri;    /* "otpauth://totp/...", to be shown as a QR code */
} drmgmt_enrolment;
DRMGMT_API void drmgmt_enrolment_free(drmgmt_enrolment *enrolment); /* wipes and frees; NULL is allowed */

/* Begins an enrolment; one begun before is forgotten. Nothing else changes until it is confirmed. code: needed when the
 * user has a second factor already, which the new one is to replace; else NULL.
 * Errors: INVALID (no code), FORBIDDEN (a wrong one), LIMIT, CRYPTO. */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_second_factor_begin(drmgmt_session *session, const char *code,
                                                           drmgmt_enrolment **enrolment, drmgmt_error **error);

typedef struct drmgmt_recovery_codes {
    size_t count; /* 10 */
    char **codes; /* "abcd-efgh-ijkl-mnop" */
} drmgmt_recovery_codes;
DRMGMT_API void drmgmt_recovery_codes_free(drmgmt_recovery_codes *codes); /* wipes and frees; NULL is allowed */

/* Confirms the enrolment by a code of it (no recovery code). Answers with fresh recovery codes, told this once; older
 * ones are void. All other log-ins of the user end.
 * Errors: CONFLICT (no enrolment was begun), FORBIDDEN (a wrong code), LIMIT. */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_second_factor_confirm(drmgmt_session *session, const char *code,
                                                             drmgmt_recovery_codes **codes, drmgmt_error **error);
/* Makes fresh recovery codes; older ones are void. Errors: CONFLICT (no second factor), INVALID, FORBIDDEN, LIMIT. */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_second_factor_recovery_codes(drmgmt_session *session, const char *code,
                                                                    drmgmt_recovery_codes **codes,
                                                                    drmgmt_error **error);
/* Takes the second factor away, and the recovery codes with it.
 * Errors: CONFLICT (there is none, or the tenant requires one), INVALID, FORBIDDEN, LIMIT. */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_second_factor_disable(drmgmt_session *session, const char *code,
                                                             drmgmt_error **error);

/* An administrator takes another user's second factor away, for one who has lost authenticator and recovery codes. All
 * log-ins of that user end. Needs user:admin; works with an API key too. Not for oneself.
 * Errors: NOT_FOUND (no such user, or without a second factor), FORBIDDEN, CONFLICT (oneself). */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_second_factor_reset(drmgmt_session *session, const char *user_id,
                                                           drmgmt_error **error);

DRMGMT_END

#endif
