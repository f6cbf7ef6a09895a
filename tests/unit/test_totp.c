/* One-time passwords against the vectors of their RFCs, the window, and the URI an authenticator reads. */
#include "auth/totp.h"
#include "core/core.h"
#include <criterion/criterion.h>
#include <inttypes.h>
#include <string.h>

static const char seed[] = "12345678901234567890"; /* RFC 4226, appendix D */

Test(totp, hotp_vectors_of_rfc_4226_appendix_d)
{
    static const char *const codes[] = { "755224", "287082", "359152", "969429", "338314",
                                         "254676", "287922", "162583", "399871", "520489" };
    char code[9];

    for (unsigned i = 0; i < 10; i++) {
        cr_assert_eq(drmgmt__hotp(DRMGMT__TOTP_SHA1, seed, 20, i, 6, code), 0);
        cr_assert_str_eq(code, codes[i]);
    }
}

Test(totp, totp_vectors_of_rfc_6238_appendix_b)
{
    /* The seeds are the digits, repeated to the length of the hash (the RFC's erratum 2866). */
    static const char digits[] = "1234567890123456789012345678901234567890123456789012345678901234";
    static const size_t lengths[] = { 20, 32, 64 };
    static const struct {
        uint64_t time;
        const char *codes[3];
    } vectors[] = {
        { 59, { "94287082", "46119246", "90693936" } },         { 1111111109, { "07081804", "68084774", "25091201" } },
        { 1111111111, { "14050471", "67062674", "99943326" } }, { 1234567890, { "89005924", "91819424", "93441116" } },
        { 2000000000, { "69279037", "90698825", "38618901" } }, { 20000000000, { "65353130", "77737706", "47863826" } },
    };
    char code[9];

    for (size_t i = 0; i < DRMGMT__COUNT(vectors); i++)
        for (unsigned hash = 0; hash < 3; hash++) {
            cr_assert_eq(drmgmt__hotp((drmgmt__totp_hash)hash, digits, lengths[hash], vectors[i].time / 30, 8, code),
                         0);
            cr_assert_str_eq(code, vectors[i].codes[hash], "at %" PRIu64, vectors[i].time);
        }
}

Test(totp, other_numbers_of_digits_are_refused)
{
    char code[9] = "";

    cr_assert_eq(drmgmt__hotp(DRMGMT__TOTP_SHA1, seed, 20, 0, 5, code), DRMGMT_ERR_CRYPTO);
    cr_assert_eq(drmgmt__hotp(DRMGMT__TOTP_SHA1, seed, 20, 0, 9, code), DRMGMT_ERR_CRYPTO);
    cr_assert_str_eq(code, "");
}

static int64_t find(const char *code, int64_t now, int64_t last_step)
{
    int64_t step = -2;

    cr_assert_eq(drmgmt__totp_find((const uint8_t *)seed, code, now, last_step, &step), 0);
    return step;
}

Test(totp, a_clock_may_be_one_step_off_and_no_more)
{
    char code[9];
    const int64_t now = 1111111111, step = now / 30;

    for (int64_t off = -3; off <= 3; off++) {
        cr_assert_eq(drmgmt__hotp(DRMGMT__TOTP_SHA1, seed, 20, (uint64_t)(step + off), 6, code), 0);
        cr_assert_eq(find(code, now, -1), off >= -1 && off <= 1 ? step + off : -1, "off by %" PRId64, off);
    }
}

Test(totp, a_step_that_was_used_and_those_before_it_are_refused)
{
    char code[9];
    const int64_t now = 1111111111, step = now / 30;

    for (int64_t off = -1; off <= 1; off++) {
        cr_assert_eq(drmgmt__hotp(DRMGMT__TOTP_SHA1, seed, 20, (uint64_t)(step + off), 6, code), 0);
        cr_assert_eq(find(code, now, step + off), -1);
        cr_assert_eq(find(code, now, step + off - 1), step + off);
    }
}

Test(totp, at_the_beginning_of_time)
{
    /* Step -1 does not exist; its place must not be taken by 2^64 - 1. */
    char code[9];

    cr_assert_eq(drmgmt__hotp(DRMGMT__TOTP_SHA1, seed, 20, UINT64_MAX, 6, code), 0);
    cr_assert_eq(find(code, 0, -1), -1);
    cr_assert_eq(find("755224", 0, -1), 0);
}

Test(totp, what_is_no_code)
{
    static const char *const texts[] = { "",       "1",      "12345",  "1234567", "12345a",
                                         " 12345", "12345 ", "+12345", "-12345",  "１２３４５６" };

    for (size_t i = 0; i < DRMGMT__COUNT(texts); i++) {
        cr_assert_not(drmgmt__totp_form(texts[i]), "%s", texts[i]);
        cr_assert_eq(find(texts[i], 59, -1), -1, "%s", texts[i]);
    }
    cr_assert(drmgmt__totp_form("000000"));
}

Test(totp, base32_vectors_of_rfc_4648_section_10)
{
    static const char *const vectors[][2] = { { "", "" },
                                              { "f", "MY" },
                                              { "fo", "MZXQ" },
                                              { "foo", "MZXW6" },
                                              { "foob", "MZXW6YQ" },
                                              { "fooba", "MZXW6YTB" },
                                              { "foobar", "MZXW6YTBOI" } };
    char text[33];

    for (size_t i = 0; i < DRMGMT__COUNT(vectors); i++) {
        size_t n = drmgmt__b32(vectors[i][0], strlen(vectors[i][0]), text);
        cr_assert_str_eq(text, vectors[i][1]);
        cr_assert_eq(n, strlen(text));
    }
    cr_assert_eq(drmgmt__b32(seed, 20, text), 32);
    cr_assert_str_eq(text, "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
}

Test(totp, the_uri_keeps_its_parts_apart)
{
    char *uri = drmgmt__totp_uri("drmgmt acme", "ops@acme.example", "GEZDGNBV");

    cr_assert_str_eq(uri, "otpauth://totp/drmgmt%20acme:ops%40acme.example?secret=GEZDGNBV&issuer=drmgmt%20acme"
                          "&algorithm=SHA1&digits=6&period=30");
    drmgmt__free_secret(uri);
    uri = drmgmt__totp_uri("a:b&c=d/\xc3\xa9", "x:y?z#", "AA");
    cr_assert_str_eq(uri, "otpauth://totp/a%20b%26c%3Dd%2F%C3%A9:x%20y%3Fz%23?secret=AA&issuer=a%20b%26c%3Dd%2F%C3%A9"
                          "&algorithm=SHA1&digits=6&period=30");
    drmgmt__free_secret(uri);
}
