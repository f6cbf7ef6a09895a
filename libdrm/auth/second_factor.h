/* The second factor as the other stages of a log-in see it: one question. Internal. */
#ifndef DRMGMT_AUTH_SECOND_FACTOR_H
#define DRMGMT_AUTH_SECOND_FACTOR_H

#include "auth/auth.h"

typedef enum drmgmt__second_factor {
    DRMGMT__FACTOR_NOT_NEEDED, /* the user has none */
    DRMGMT__FACTOR_OK,         /* the code was good, and is used up now */
    DRMGMT__FACTOR_MISSING,    /* the user has one and no code was given */
    DRMGMT__FACTOR_WRONG       /* of no known form, not of this time, used before, or not this user's */
} drmgmt__second_factor;

/* Checks the second factor of a user whose first one was checked already. code: a one-time code, a recovery code, or
 * NULL (as is ""). A good one is used up, whatever becomes of the log-in. The window is that of the database's clock,
 * the same for every process. Any thread; needs a keyring. Errors: CRYPTO (the seed does not open), UNAVAILABLE. */
int drmgmt__second_factor_check(drmgmt_context *context, const char *tenant_id, const char *user_id, const char *code,
                                const drmgmt_origin *origin, drmgmt__second_factor *answer, drmgmt_error **error);

/* ---- recovery codes: 80 random bits as "abcd-efgh-ijkl-mnop"; the database keeps SHA-256 of the 16 letters ---- */
enum { DRMGMT__RECOVERY_SIZE = 20, DRMGMT__RECOVERY_HASH_SIZE = 32 };
int drmgmt__recovery_code_make(char code[DRMGMT__RECOVERY_SIZE], uint8_t hash[DRMGMT__RECOVERY_HASH_SIZE]);
/* The hash of one as people type it: case, blanks and hyphens do not matter. False when it has not the form. */
bool drmgmt__recovery_code_hash(const char *text, uint8_t hash[DRMGMT__RECOVERY_HASH_SIZE]);

/* ---- shared with second_factor_manage.c ---- */
/* A seed as it is stored, opened. Wipe it. */
typedef struct drmgmt__totp_seed {
    char id[37];
    uint8_t bytes[20];
    int64_t last_step, now; /* now: Unix seconds of the database's clock */
} drmgmt__totp_seed;
/* Reads the confirmed seed, or the one still to be confirmed. *found false when there is none. */
int drmgmt__totp_seed_read(drmgmt_session *system, const char *tenant_id, const char *user_id, bool confirmed,
                           drmgmt__totp_seed *seed, bool *found, drmgmt_error **error);

#endif
