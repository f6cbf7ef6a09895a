/* How often somebody may try to prove who they are. Called by the stages of a log-in, before anything that costs work
 * or tells whether a guess was right; what is counted is kept by PostgreSQL, and so by all processes together.
 * Internal.
 */
#ifndef DRMGMT_AUTH_THROTTLE_H
#define DRMGMT_AUTH_THROTTLE_H

#include <drm/session.h>

/* What is tried; each is counted by itself. */
typedef enum drmgmt__throttle_kind {
    DRMGMT__THROTTLE_LOGIN,         /* a password */
    DRMGMT__THROTTLE_SECOND_FACTOR, /* a code of a few digits, by somebody who knows the password */
    DRMGMT__THROTTLE_KINDS
} drmgmt__throttle_kind;

typedef enum drmgmt__throttle_outcome {
    DRMGMT__THROTTLE_FAILED,    /* a wrong guess: it stays counted */
    DRMGMT__THROTTLE_SUCCEEDED, /* the right answer */
    DRMGMT__THROTTLE_UNDECIDED  /* the answer was never looked at: the attempt is taken back */
} drmgmt__throttle_outcome;

/* Asks whether account (a normalised e-mail address, or a user's id: whatever names the account, known or not) may be
 * tried from address (text of an IP address; NULL or another text: this host's own doing, such as drmctl's). On 0 the
 * attempt is counted as if it had failed, so that guesses made at the same time count each other, and must be settled.
 * LIMIT, with the seconds to wait (drmgmt_error_retry_after), when it may not now: whoever is refused is not counted
 * again. Also LIMIT, for passwords, while too many are being checked. An account that does not exist is treated like
 * one that does. One round trip. Errors: LIMIT, UNAVAILABLE, CRYPTO (no keyring). */
int drmgmt__throttle_admit(drmgmt_context *context, drmgmt__throttle_kind kind, const char *account,
                           const char *address, drmgmt_error **error);
/* Tells how an admitted attempt ended. One round trip unless it failed; a failure to tell leaves it counted. */
void drmgmt__throttle_settle(drmgmt_context *context, drmgmt__throttle_kind kind, const char *account,
                             const char *address, drmgmt__throttle_outcome outcome);

#endif
