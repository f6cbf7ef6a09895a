/* One-time passwords: HOTP (RFC 4226) and TOTP (RFC 6238). Pure computation; called by second_factor.c. Internal. */
#ifndef DRMGMT_AUTH_TOTP_H
#define DRMGMT_AUTH_TOTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum drmgmt__totp_hash {
    DRMGMT__TOTP_SHA1, /* what every authenticator knows, and all that is enrolled here */
    DRMGMT__TOTP_SHA256,
    DRMGMT__TOTP_SHA512
} drmgmt__totp_hash;

enum {
    DRMGMT__TOTP_SEED_SIZE = 20, /* bytes: RFC 4226, section 4, R6 */
    DRMGMT__TOTP_DIGITS = 6,
    DRMGMT__TOTP_PERIOD = 30, /* seconds a step */
    DRMGMT__TOTP_WINDOW = 1,  /* steps that a clock may be off, to either side */
    DRMGMT__TOTP_DIGITS_MAX = 8
};

/* RFC 4226, section 5.3: the code of a counter, 6 to 8 digits. Returns 0 or CRYPTO. */
int drmgmt__hotp(drmgmt__totp_hash hash, const void *seed, size_t n, uint64_t counter, unsigned digits,
                 char code[DRMGMT__TOTP_DIGITS_MAX + 1]);

/* Looks for a code (SHA-1, 6 digits, 30 s) around a time, at steps later than last_step: each is good once (RFC 6238,
 * section 5.2). The time it takes does not tell which step it was. *step: the one found, -1 for none.
 * now: Unix seconds. Returns 0 or CRYPTO. */
int drmgmt__totp_find(const uint8_t seed[DRMGMT__TOTP_SEED_SIZE], const char *code, int64_t now, int64_t last_step,
                      int64_t *step);

/* Whether a text has the form of such a code. */
bool drmgmt__totp_form(const char *text);

/* The "otpauth://totp/..." URI an authenticator reads from a QR code. issuer and account may hold anything but NUL;
 * a colon, which parts the two, becomes a blank. malloc()ed: drmgmt__free_secret() it. NULL when memory is out. */
char *drmgmt__totp_uri(const char *issuer, const char *account, const char *secret);

#endif
