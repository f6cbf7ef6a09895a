/* Ids, randomness, and the text forms of bytes. */
#include "core/core.h"
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

Test(uuid, is_version_7_and_tells_its_time)
{
    char text[DRMGMT__UUID_SIZE];
    int64_t before = drmgmt__now_ms();

    cr_assert_eq(drmgmt__uuid_v7(text), 0);
    cr_assert(drmgmt__uuid_valid(text), "%s", text);
    cr_assert_eq(text[14], '7');
    cr_assert(strchr("89ab", text[19]), "variant of RFC 9562: %s", text);
    int64_t told = drmgmt__uuid_time_ms(text);
    cr_assert(told >= before && told <= drmgmt__now_ms() + 1, "%lld", (long long)(told - before));
}

/* Faster than the clock ticks: order must come from the counter. */
Test(uuid, each_is_greater_than_the_one_before)
{
    char last[DRMGMT__UUID_SIZE] = "", text[DRMGMT__UUID_SIZE];

    for (int i = 0; i < 200000; i++) {
        drmgmt__uuid_v7(text);
        cr_assert_gt(strcmp(text, last), 0, "%s after %s", text, last);
        memcpy(last, text, sizeof last);
    }
    cr_assert_lt(drmgmt__uuid_time_ms(last) - drmgmt__now_ms(), 2000, "the counter must not run far ahead");
}

enum { THREADS = 8, EACH = 5000 };
static char made[THREADS][EACH][DRMGMT__UUID_SIZE];

static void *make(void *arg)
{
    for (int i = 0; i < EACH; i++)
        drmgmt__uuid_v7(((char(*)[DRMGMT__UUID_SIZE])arg)[i]);
    return NULL;
}

static int compare(const void *a, const void *b)
{
    return strcmp(a, b);
}

Test(uuid, threads_never_make_the_same)
{
    pthread_t threads[THREADS];

    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, make, made[i]);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    for (int t = 0; t < THREADS; t++)
        for (int i = 1; i < EACH; i++)
            cr_assert_gt(strcmp(made[t][i], made[t][i - 1]), 0);
    qsort(made, (size_t)THREADS * EACH, DRMGMT__UUID_SIZE, compare);
    char(*all)[DRMGMT__UUID_SIZE] = made[0];
    for (int i = 1; i < THREADS * EACH; i++)
        cr_assert_str_neq(all[i], all[i - 1]);
}

Test(uuid, other_texts_are_none)
{
    static const char *const bad[] = {
        "",
        "0192e4a0-0000-7000-8000-00000000000",
        "0192e4a0-0000-7000-8000-0000000000011",
        "0192e4a0x0000-7000-8000-000000000001",
        "0192e4a0-0000-7000-8000-00000000000g",
        "{192e4a0-0000-7000-8000-000000000001}",
        "0192e4a000007000800000000000000100000",
        " 192e4a0-0000-7000-8000-000000000001",
    };
    char out[DRMGMT__UUID_SIZE];

    for (size_t i = 0; i < DRMGMT__COUNT(bad); i++) {
        cr_assert_not(drmgmt__uuid_valid(bad[i]), "%s", bad[i]);
        cr_assert_eq(drmgmt__uuid_time_ms(bad[i]), 0);
    }
    cr_assert_not(drmgmt__uuid_valid(NULL));
    cr_assert(drmgmt__uuid_normalise("0192E4A0-ABCD-7000-8000-00000000000F", out));
    cr_assert_str_eq(out, "0192e4a0-abcd-7000-8000-00000000000f");
    cr_assert_eq(drmgmt__uuid_time_ms("0192e4a0-abcd-4000-8000-00000000000f"), 0, "a version without a time");
    cr_assert_eq(drmgmt__uuid_time_ms("0192e4a0-abcd-7000-8000-00000000000f"), 0x0192e4a0abcdLL);
}

Test(bytes, hex_goes_there_and_back)
{
    uint8_t bytes[256], back[256];
    char text[513];

    for (int i = 0; i < 256; i++)
        bytes[i] = (uint8_t)i;
    drmgmt__hex(bytes, 256, text);
    cr_assert_eq(strlen(text), 512);
    cr_assert_eq(drmgmt__unhex(text, back, 256), 0);
    cr_assert_arr_eq(bytes, back, 256);
    cr_assert_eq(drmgmt__unhex("0aFF", back, 2), 0);
    cr_assert_eq(back[1], 0xff);
    cr_assert_eq(drmgmt__unhex("0aF", back, 2), -1, "too short");
    cr_assert_eq(drmgmt__unhex("0aFF0", back, 2), -1, "too long");
    cr_assert_eq(drmgmt__unhex("0axF", back, 2), -1);
}

Test(bytes, base64url_goes_there_and_back)
{
    uint8_t bytes[64], back[64];
    char text[96];

    for (size_t n = 0; n <= 64; n++) {
        cr_assert_eq(drmgmt__random(bytes, sizeof bytes), 0);
        size_t length = drmgmt__b64url(bytes, n, text);
        cr_assert_eq(length, strlen(text));
        cr_assert_eq(strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"), length);
        cr_assert_eq(drmgmt__unb64url(text, length, back, sizeof back), (long)n);
        cr_assert_eq(memcmp(bytes, back, n), 0);
        if (n)
            cr_assert_eq(drmgmt__unb64url(text, length, back, n - 1), -1, "no room");
    }
    drmgmt__b64url("\xfb\xff", 2, text);
    cr_assert_str_eq(text, "-_8");
}

/* One value, one text: otherwise a token or cursor could be changed and still be taken. */
Test(bytes, base64url_takes_nothing_else)
{
    uint8_t back[16];
    static const struct {
        const char *text;
        size_t n;
    } bad[] = { { "A", 1 },    { "AAAAA", 5 }, { "-_9", 3 }, { "AB", 2 },
                { "AA==", 4 }, { "+/8", 3 },   { "A A", 3 }, { "A\0A", 3 } };

    for (size_t i = 0; i < DRMGMT__COUNT(bad); i++)
        cr_assert_eq(drmgmt__unb64url(bad[i].text, bad[i].n, back, sizeof back), -1, "%s", bad[i].text);
    cr_assert_eq(drmgmt__unb64url("", 0, back, 0), 0);
}

Test(bytes, secrets_are_compared_and_wiped)
{
    char secret[] = "hunter2";

    cr_assert(drmgmt__equal("abc", "abc", 3));
    cr_assert_not(drmgmt__equal("abc", "abd", 3));
    drmgmt__wipe(secret, sizeof secret);
    for (size_t i = 0; i < sizeof secret; i++)
        cr_assert_eq(secret[i], 0);
    drmgmt__free_secret(NULL);
    drmgmt__free_secret(strdup("x"));
}
