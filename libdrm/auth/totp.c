/* One-time passwords (RFC 4226, RFC 6238) and the URI by which an authenticator learns a seed. Called by
 * second_factor.c; calls OpenSSL's HMAC. */
#include "auth/totp.h"
#include "core/core.h"
#include "core/strbuf.h"
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

static const EVP_MD *digest_of(drmgmt__totp_hash hash)
{
    switch (hash) {
    case DRMGMT__TOTP_SHA1:
        return EVP_sha1();
    case DRMGMT__TOTP_SHA256:
        return EVP_sha256();
    case DRMGMT__TOTP_SHA512:
        break;
    }
    return EVP_sha512();
}

int drmgmt__hotp(drmgmt__totp_hash hash, const void *seed, size_t n, uint64_t counter, unsigned digits,
                 char code[DRMGMT__TOTP_DIGITS_MAX + 1])
{
    uint8_t message[8], mac[EVP_MAX_MD_SIZE];
    unsigned length = 0;

    if (digits < DRMGMT__TOTP_DIGITS || digits > DRMGMT__TOTP_DIGITS_MAX)
        return DRMGMT_ERR_CRYPTO;
    for (unsigned i = 0; i < sizeof message; i++)
        message[i] = (uint8_t)(counter >> (56 - 8 * i));
    if (!HMAC(digest_of(hash), seed, (int)n, message, sizeof message, mac, &length) || length < DRMGMT__TOTP_SEED_SIZE)
        return DRMGMT_ERR_CRYPTO;
    /* Dynamic truncation, RFC 4226, section 5.3. */
    const uint8_t *at = mac + (mac[length - 1] & 15);
    uint32_t value = ((uint32_t)at[0] & 0x7f) << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
    code[digits] = '\0';
    for (unsigned i = digits; i-- > 0; value /= 10)
        code[i] = (char)('0' + value % 10);
    drmgmt__wipe(mac, sizeof mac);
    return 0;
}

bool drmgmt__totp_form(const char *text)
{
    return strnlen(text, DRMGMT__TOTP_DIGITS + 1) == DRMGMT__TOTP_DIGITS &&
           strspn(text, "0123456789") == DRMGMT__TOTP_DIGITS;
}

int drmgmt__totp_find(const uint8_t seed[DRMGMT__TOTP_SEED_SIZE], const char *code, int64_t now, int64_t last_step,
                      int64_t *step)
{
    char expected[DRMGMT__TOTP_DIGITS_MAX + 1];
    int64_t found = -1, middle = now / DRMGMT__TOTP_PERIOD;
    int rc = drmgmt__totp_form(code) ? 0 : DRMGMT_ERR_INVALID;

    for (int64_t at = middle - DRMGMT__TOTP_WINDOW; !rc && at <= middle + DRMGMT__TOTP_WINDOW; at++) {
        rc = drmgmt__hotp(DRMGMT__TOTP_SHA1, seed, DRMGMT__TOTP_SEED_SIZE, (uint64_t)at, DRMGMT__TOTP_DIGITS, expected);
        if (!rc && (drmgmt__equal(expected, code, DRMGMT__TOTP_DIGITS) & (at > last_step) & (at >= 0)))
            found = at;
    }
    drmgmt__wipe(expected, sizeof expected);
    if (rc == DRMGMT_ERR_CRYPTO)
        return rc;
    *step = found;
    return 0;
}

/* RFC 3986: all but the unreserved. */
static void put_encoded(drmgmt__strbuf *b, const char *text)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

    for (; *text; text++) {
        char c = *text == ':' ? ' ' : *text;
        if (strchr(plain, c))
            drmgmt__strbuf_putc(b, c);
        else
            drmgmt__strbuf_printf(b, "%%%02X", (unsigned char)c);
    }
}

char *drmgmt__totp_uri(const char *issuer, const char *account, const char *secret)
{
    drmgmt__strbuf b = DRMGMT__STRBUF_INIT; /* stolen whole, so that no copy of the secret is left in freed memory */
    size_t room = strlen("otpauth://totp/:?secret=&issuer=&algorithm=SHA1&digits=6&period=30") + strlen(secret) +
                  6 * strlen(issuer) + 3 * strlen(account) + 1;

    b.data = malloc(room);
    b.size = b.data ? room : 0;
    drmgmt__strbuf_puts(&b, "otpauth://totp/");
    put_encoded(&b, issuer);
    drmgmt__strbuf_putc(&b, ':');
    put_encoded(&b, account);
    drmgmt__strbuf_printf(&b, "?secret=%s&issuer=", secret);
    put_encoded(&b, issuer);
    drmgmt__strbuf_printf(&b, "&algorithm=SHA1&digits=%d&period=%d", DRMGMT__TOTP_DIGITS, DRMGMT__TOTP_PERIOD);
    return drmgmt__strbuf_steal(&b, NULL);
}
