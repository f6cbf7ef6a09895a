/* Passwords: scrypt against RFC 7914, the stored form and its bounds, and how many run at once. */
#include "auth/auth.h"
#include "core/core.h"
#include <criterion/criterion.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

/* RFC 7914, section 12: P "pleaseletmein", S "SodiumChloride", N 16384, r 8, p 1; the first 32 of 64 bytes (PBKDF2's
 * blocks are independent of how many are asked for). */
static const char rfc[] = "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2";

static char *stored(const char *parameters, const void *salt, size_t salt_size, const uint8_t hash[32])
{
    char salt_text[256], hash_text[64], *text = NULL;

    drmgmt__b64url(salt, salt_size, salt_text);
    drmgmt__b64url(hash, 32, hash_text);
    cr_assert(asprintf(&text, "$scrypt$%s$%s$%s", parameters, salt_text, hash_text) > 0);
    return text;
}

static int verify(const char *password, const char *text)
{
    return drmgmt__password_verify(password, text, NULL);
}

Test(password, rfc_7914_vector)
{
    uint8_t hash[32];

    cr_assert_eq(drmgmt__unhex(rfc, hash, 32), 0);
    DRMGMT__FREE char *text = stored("ln=14,r=8,p=1", "SodiumChloride", 14, hash);
    cr_assert_eq(verify("pleaseletmein", text), 0);
    cr_assert_eq(verify("pleaseletmeiN", text), DRMGMT_ERR_UNAUTHENTICATED);
    cr_assert_eq(verify("pleaseletmein ", text), DRMGMT_ERR_UNAUTHENTICATED);
}

Test(password, what_is_made_verifies)
{
    DRMGMT__FREE char *first = NULL;
    DRMGMT__FREE char *second = NULL;

    cr_assert_eq(drmgmt__password_hash("correct horse battery", &first, NULL), 0);
    cr_assert_eq(drmgmt__password_hash("correct horse battery", &second, NULL), 0);
    cr_assert_eq(strncmp(first, "$scrypt$ln=15,r=8,p=3$", 22), 0);
    cr_assert_str_neq(first, second, "no salt");
    cr_assert_eq(verify("correct horse battery", first), 0);
    cr_assert_eq(verify("correct horse batterY", first), DRMGMT_ERR_UNAUTHENTICATED);
}

Test(password, no_hash_and_a_broken_one_cost_the_same_and_never_match)
{
    static const char *const broken[] = {
        NULL,
        "",
        "!",
        "$scrypt$",
        "$scrypt$ln=15,r=8,p=3$c2FsdHNhbHQ$",
        "$2b$12$abcdefghijklmnopqrstuv",
        "$scrypt$ln=15,r=8,p=3$c2FsdHNhbHQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", /* 33 bytes */
        "$scrypt$ln=15,r=8,p=3$c2FsdA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",       /* salt of 4 */
    };

    for (size_t i = 0; i < DRMGMT__COUNT(broken); i++) {
        uint64_t before = drmgmt__password_count();
        cr_assert_eq(verify("whatever it is", broken[i]), DRMGMT_ERR_UNAUTHENTICATED, "%s", broken[i]);
        cr_assert_eq(drmgmt__password_count(), before + 1, "%s", broken[i]);
    }
}

/* The stored parameters are honoured within bounds; past them the hash counts as broken, which a right password shows.
 */
static void check(const char *parameters, const char *salt, unsigned log_n, unsigned r, unsigned p, int expected)
{
    uint8_t hash[32];

    cr_assert_eq(EVP_PBE_scrypt("a password", 10, (const uint8_t *)salt, strlen(salt), UINT64_C(1) << log_n, r, p,
                                1 << 30, hash, 32),
                 1);
    DRMGMT__FREE char *text = stored(parameters, salt, strlen(salt), hash);
    cr_assert_eq(verify("a password", text), expected, "%s", parameters);
}

static void check_parameters(const char *parameters, unsigned log_n, unsigned r, unsigned p, int expected)
{
    check(parameters, "saltsalt", log_n, r, p, expected);
}

Test(password, salts_of_a_stored_hash)
{
    check("ln=10,r=1,p=1", "NaCl123", 10, 1, 1, DRMGMT_ERR_UNAUTHENTICATED);
    check("ln=10,r=1,p=1", "NaCl1234", 10, 1, 1, 0);
    check("ln=10,r=1,p=1", "0123456789012345678901234567890123456789012345678901234567890123", 10, 1, 1, 0);
    check("ln=10,r=1,p=1", "01234567890123456789012345678901234567890123456789012345678901234", 10, 1, 1,
          DRMGMT_ERR_UNAUTHENTICATED);
}

Test(password, parameters_of_a_stored_hash)
{
    check_parameters("ln=10,r=1,p=1", 10, 1, 1, 0);
    check_parameters("ln=12,r=16,p=2", 12, 16, 2, 0);
    check_parameters("ln=16,r=8,p=1", 16, 8, 1, 0);
    check_parameters("ln=9,r=8,p=1", 9, 8, 1, DRMGMT_ERR_UNAUTHENTICATED);
    check_parameters("ln=10,r=33,p=1", 10, 33, 1, DRMGMT_ERR_UNAUTHENTICATED);
    check_parameters("ln=10,r=1,p=17", 10, 1, 17, DRMGMT_ERR_UNAUTHENTICATED);
    check_parameters("ln=18,r=9,p=1", 10, 1, 1, DRMGMT_ERR_UNAUTHENTICATED);
    check_parameters("ln=10,r=01,p=1", 10, 1, 1, DRMGMT_ERR_UNAUTHENTICATED);
    check_parameters("ln=+10,r=1,p=1", 10, 1, 1, DRMGMT_ERR_UNAUTHENTICATED);
    check_parameters("ln=10,r=1,p=1,x=1", 10, 1, 1, DRMGMT_ERR_UNAUTHENTICATED);
    check_parameters("r=1,ln=10,p=1", 10, 1, 1, DRMGMT_ERR_UNAUTHENTICATED);
    check_parameters("ln=4294967306,r=1,p=1", 10, 1, 1, DRMGMT_ERR_UNAUTHENTICATED);
}

Test(password, lengths)
{
    char longest[1026];
    char *text = NULL;
    drmgmt_error *error = NULL;

    memset(longest, 'x', sizeof longest);
    longest[1025] = '\0';
    uint64_t before = drmgmt__password_count();
    cr_assert_eq(drmgmt__password_hash(longest, &text, &error), DRMGMT_ERR_INVALID);
    cr_assert_str_eq(drmgmt_error_field(error), "password");
    drmgmt_error_free(error);
    cr_assert_eq(verify(longest, NULL), DRMGMT_ERR_INVALID);
    cr_assert_eq(verify("", NULL), DRMGMT_ERR_INVALID);
    cr_assert_eq(verify(NULL, NULL), DRMGMT_ERR_INVALID);
    cr_assert_eq(drmgmt__password_hash("elevenchars", &text, NULL), DRMGMT_ERR_INVALID);
    /* Six characters of two bytes each are not twelve. */
    cr_assert_eq(drmgmt__password_hash("\u00e4\u00f6\u00fc\u00e4\u00f6\u00fc", &text, NULL), DRMGMT_ERR_INVALID);
    cr_assert_eq(drmgmt__password_hash("not utf-8 \xff\xfe at all", &text, NULL), DRMGMT_ERR_INVALID);
    cr_assert_eq(drmgmt__password_count(), before, "what is refused costs nothing");
    longest[1024] = '\0';
    cr_assert_eq(drmgmt__password_hash(longest, &text, NULL), 0);
    cr_assert_eq(verify(longest, text), 0);
    longest[1023] = 'y';
    cr_assert_eq(verify(longest, text), DRMGMT_ERR_UNAUTHENTICATED, "the last byte counts");
    free(text);
}

Test(password, the_caller_keeps_its_priority)
{
    int before = getpriority(PRIO_PROCESS, 0);

    cr_assert_eq(verify("a password", NULL), DRMGMT_ERR_UNAUTHENTICATED);
    cr_assert_eq(getpriority(PRIO_PROCESS, 0), before);
    cr_assert_eq(drmgmt__password_room(NULL), 0);
}

static atomic_int checked, refused, at_once;

static void *one(void *unused)
{
    drmgmt_error *error = NULL;
    uint64_t began = drmgmt__monotonic_ms();
    int rc = drmgmt__password_verify("a password", NULL, &error);

    cr_assert(rc == DRMGMT_ERR_UNAUTHENTICATED || rc == DRMGMT_ERR_LIMIT);
    atomic_fetch_add(rc == DRMGMT_ERR_LIMIT ? &refused : &checked, 1);
    if (rc == DRMGMT_ERR_LIMIT) {
        cr_assert(drmgmt_error_retryable(error) && drmgmt_error_retry_after(error) >= 1);
        atomic_fetch_add(&at_once, drmgmt__monotonic_ms() - began < 4000);
    }
    drmgmt_error_free(error);
    return unused;
}

Test(password, a_crowd_is_told_to_come_back)
{
    enum { MOST = 1024, WAITING = 64, MORE = 60 };
    static pthread_t threads[MOST + WAITING + MORE];
    cpu_set_t set;
    uint64_t before = drmgmt__password_count();

    cr_assert_eq(sched_getaffinity(0, sizeof set, &set), 0);
    int crowd = CPU_COUNT(&set) + WAITING + MORE;
    for (int i = 0; i < crowd; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, one, NULL), 0);
    for (int i = 0; i < crowd; i++)
        pthread_join(threads[i], NULL);
    cr_assert_eq(checked + refused, crowd);
    cr_assert_geq(checked, 1);
    /* A few may have finished before the last came. */
    cr_assert_geq(at_once, MORE / 3, "more than %d wait: %d were refused at once", WAITING, at_once);
    cr_assert_eq(drmgmt__password_count() - before, (uint64_t)checked, "who is refused costs nothing");
    /* Nothing is left behind: the next one gets its turn. */
    cr_assert_eq(verify("a password", NULL), DRMGMT_ERR_UNAUTHENTICATED);
}
