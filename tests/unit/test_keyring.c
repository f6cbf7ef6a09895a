/* The keyring file: what is read, what is refused and how it is made. */
#include "auth/auth.h"
#include "core/core.h"
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define HEX_A "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define HEX_B "ffeeddccbbaa99887766554433221100ffeeddccbbaa99887766554433221100"
#define GOOD  "# a comment\n\nseal 1 " HEX_A "\nkek 1 " HEX_A "\ntoken 1 " HEX_A "\n"

static char folder[] = "/tmp/drmgmt-keyring-XXXXXX";
static char path[80];

static void setup(void)
{
    cr_assert(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/keyring", folder);
}

static void teardown(void)
{
    unlink(path);
    cr_assert_eq(rmdir(folder), 0, "something was left in %s", folder);
}

TestSuite(keyring, .init = setup, .fini = teardown);

static void put(const void *text, size_t n, mode_t mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    cr_assert(fd >= 0 && write(fd, text, n) == (ssize_t)n && fchmod(fd, mode) == 0);
    close(fd);
}

/* What loading says; NULL when it was taken. */
static const char *load(drmgmt_status *status)
{
    static char message[512];
    drmgmt__keyring *keyring = NULL;
    drmgmt_error *error = NULL;
    int rc = drmgmt__keyring_load(path, &keyring, &error);

    if (!rc) {
        drmgmt__keyring_free(keyring);
        return NULL;
    }
    cr_assert_null(keyring);
    cr_assert_eq(drmgmt_error_status(error), rc);
    *status = drmgmt_error_status(error);
    snprintf(message, sizeof message, "%s", drmgmt_error_message(error));
    drmgmt_error_free(error);
    return message;
}

static void refused(const char *text, const char *expected)
{
    drmgmt_status status = DRMGMT_OK;

    put(text, strlen(text), 0600);
    const char *message = load(&status);
    cr_assert(message, "taken: %s", text);
    cr_assert_eq(status, DRMGMT_ERR_CRYPTO);
    cr_assert(strstr(message, expected), "\"%s\" does not say \"%s\"", message, expected);
    cr_assert_null(strstr(message, "0001020304"), "a key stands in the message");
}

Test(keyring, highest_number_makes_and_all_open)
{
    const char text[] = GOOD "token 12 " HEX_B "\r\ntoken\t3\t" HEX_A "  \n";
    drmgmt__keyring *keyring = NULL;
    unsigned number = 0;

    put(text, strlen(text), 0600);
    cr_assert_eq(drmgmt__keyring_load(path, &keyring, NULL), 0);
    const uint8_t *key = drmgmt__keyring_key(keyring, DRMGMT__KEY_TOKEN, &number);
    cr_assert_eq(number, 12);
    cr_assert(key[0] == 0xff && key[31] == 0x00);
    number = 3;
    key = drmgmt__keyring_key(keyring, DRMGMT__KEY_TOKEN, &number);
    cr_assert(key && key[1] == 1);
    number = 2;
    cr_assert_null(drmgmt__keyring_key(keyring, DRMGMT__KEY_TOKEN, &number));
    size_t count = 0;
    while (drmgmt__keyring_at(keyring, DRMGMT__KEY_TOKEN, count, &number))
        count++;
    cr_assert_eq(count, 3);
    drmgmt__keyring_free(keyring);
    drmgmt__keyring_free(NULL);
}

Test(keyring, the_last_line_needs_no_newline)
{
    drmgmt_status status;

    put(GOOD, strlen(GOOD) - 1, 0400);
    cr_assert_null(load(&status));
}

Test(keyring, malformed_lines)
{
    refused(GOOD "seal 2\n", "line 6: \"kind number hex\" is expected");
    refused(GOOD "seal 2 " HEX_A " more\n", "only \"standby\" and \"since=");
    refused(GOOD "seal 2 " HEX_A "00\n", "64 hexadecimal digits");
    refused(GOOD "seal 2 00" HEX_A "\n", "64 hexadecimal digits");
    refused(GOOD "seal 2 0001020304\n", "64 hexadecimal digits");
    refused(GOOD "seal 2 g"
                 "00102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n",
            "64 hexadecimal digits");
    refused(GOOD "seel 2 " HEX_A "\n", "one of seal, kek, token");
    refused(GOOD "SEAL 2 " HEX_A "\n", "one of seal, kek, token");
    refused(GOOD "seal 0 " HEX_A "\n", "1..999999999");
    refused(GOOD "seal -1 " HEX_A "\n", "1..999999999");
    refused(GOOD "seal +1 " HEX_A "\n", "1..999999999");
    refused(GOOD "seal 2x " HEX_A "\n", "1..999999999");
    refused(GOOD "seal 1000000000 " HEX_A "\n", "1..999999999");
    refused(GOOD "seal 4294967298 " HEX_A "\n", "1..999999999");
    refused(GOOD "seal 18446744073709551618 " HEX_A "\n", "1..999999999");
    refused("#\n\n\n\nnonsense\n" GOOD, "line 5:");
}

Test(keyring, duplicate_numbers)
{
    refused(GOOD "kek 1 " HEX_B "\n", "twice");
    refused(GOOD "kek 1 " HEX_A "\n", "twice");
    refused(GOOD "kek 01 " HEX_B "\n", "twice");
}

Test(keyring, a_missing_kind_is_named)
{
    refused("", "no key of kind \"seal\"");
    refused("seal 1 " HEX_A "\nkek 1 " HEX_A "\n", "no key of kind \"token\"");
    refused("seal 1 " HEX_A "\nkek 1 " HEX_A "\n#token 1 " HEX_A "\n", "no key of kind \"token\"");
}

Test(keyring, every_truncation_is_refused)
{
    drmgmt_status status;

    /* Only the final newline may be missing. */
    for (size_t n = 0; n < strlen(GOOD) - 1; n++) {
        put(GOOD, n, 0600);
        cr_assert(load(&status), "the first %zu bytes were taken", n);
    }
}

Test(keyring, too_many_keys_and_too_large)
{
    DRMGMT__FREE char *text = calloc(1, 20000);
    drmgmt_status status;
    size_t n = 0;

    for (int i = 1; i <= 65; i++)
        n += (size_t)snprintf(text + n, 20000 - n, "kek %d " HEX_A "\n", i);
    put(text, n, 0600);
    cr_assert(strstr(load(&status), "line 65: too many keys"));
    memset(text, '#', 20000);
    put(text, 16385, 0600);
    cr_assert(strstr(load(&status), "larger than 16384 bytes"));
    cr_assert_eq(status, DRMGMT_ERR_IO);
}

Test(keyring, a_nul_byte_does_not_hide_the_rest)
{
    static const char text[] = GOOD "\0nonsense\n";
    drmgmt_status status;

    put(text, sizeof text - 1, 0600);
    cr_assert(strstr(load(&status), "not a text file"));
}

Test(keyring, modes_that_let_others_read_are_refused)
{
    static const mode_t bad[] = { 0640, 0604, 0660, 0620, 0601, 0777 }, good[] = { 0600, 0400, 0700 };
    drmgmt_status status;

    for (size_t i = 0; i < DRMGMT__COUNT(bad); i++) {
        put(GOOD, strlen(GOOD), bad[i]);
        const char *message = load(&status);
        cr_assert(message && strstr(message, "chmod 600"), "mode %o", bad[i]);
        cr_assert_eq(status, DRMGMT_ERR_IO);
    }
    for (size_t i = 0; i < DRMGMT__COUNT(good); i++) {
        put(GOOD, strlen(GOOD), good[i]);
        cr_assert_null(load(&status), "mode %o", good[i]);
    }
}

Test(keyring, another_users_file_is_refused)
{
    drmgmt_status status;

    if (geteuid() != 0)
        cr_skip_test("only root can give a file away");
    put(GOOD, strlen(GOOD), 0600);
    cr_assert_eq(chown(path, 65534, 65534), 0);
    const char *message = load(&status);
    cr_assert(message && strstr(message, "belongs to another user"));
}

Test(keyring, what_is_no_file_is_refused)
{
    drmgmt_status status;

    cr_assert(strstr(load(&status), strerror(ENOENT)));
    cr_assert_eq(mkdir(path, 0700), 0);
    cr_assert(strstr(load(&status), "not a regular file"));
    cr_assert_eq(rmdir(path), 0);
    cr_assert_eq(mkfifo(path, 0600), 0); /* must not wait for a writer */
    cr_assert(strstr(load(&status), "not a regular file"));
}

Test(keyring, made_once_and_never_overwritten)
{
    char first[1024] = "", second[1024] = "";
    bool created = false;
    struct stat st;
    drmgmt_status status;

    cr_assert_eq(drmgmt__keyring_create(path, &created, NULL), 0);
    cr_assert(created);
    cr_assert(stat(path, &st) == 0 && (st.st_mode & 07777) == 0600);
    cr_assert_null(load(&status));
    FILE *f = fopen(path, "r");
    cr_assert(fread(first, 1, sizeof first, f) > 300);
    cr_assert_eq(drmgmt__keyring_create(path, &created, NULL), 0);
    cr_assert_not(created);
    rewind(f);
    cr_assert(fread(second, 1, sizeof second, f) > 300);
    fclose(f);
    cr_assert_str_eq(first, second);
}

Test(keyring, keys_made_differ_from_each_other)
{
    drmgmt__keyring *keyring = NULL;
    unsigned number = 0;
    bool created;

    cr_assert_eq(drmgmt__keyring_create(path, &created, NULL), 0);
    cr_assert_eq(drmgmt__keyring_load(path, &keyring, NULL), 0);
    const uint8_t *seal = drmgmt__keyring_key(keyring, DRMGMT__KEY_SEAL, &number),
                  *kek = drmgmt__keyring_key(keyring, DRMGMT__KEY_KEK, &number),
                  *token = drmgmt__keyring_key(keyring, DRMGMT__KEY_ED25519, &number);
    cr_assert(memcmp(seal, kek, 32) && memcmp(kek, token, 32) && memcmp(seal, token, 32));
    drmgmt__keyring_free(keyring);
}

static void *make(void *created)
{
    cr_assert_eq(drmgmt__keyring_create(path, created, NULL), 0);
    drmgmt__keyring *keyring = NULL;
    cr_assert_eq(drmgmt__keyring_load(path, &keyring, NULL), 0, "found half a keyring");
    drmgmt__keyring_free(keyring);
    return NULL;
}

Test(keyring, made_by_many_at_once_it_is_made_by_one)
{
    for (int round = 0; round < 20; round++) {
        pthread_t threads[8];
        bool created[8] = { false };
        int makers = 0;
        for (int i = 0; i < 8; i++)
            cr_assert_eq(pthread_create(&threads[i], NULL, make, &created[i]), 0);
        for (int i = 0; i < 8; i++) {
            pthread_join(threads[i], NULL);
            makers += created[i];
        }
        cr_assert_eq(makers, 1);
        unlink(path);
    }
}

Test(keyring, a_folder_that_is_not_there)
{
    drmgmt_error *error = NULL;
    bool created;

    snprintf(path, sizeof path, "%s/none/keyring", folder);
    cr_assert_eq(drmgmt__keyring_create(path, &created, &error), DRMGMT_ERR_IO);
    cr_assert(strstr(drmgmt_error_message(error), "none/keyring"));
    drmgmt_error_free(error);
}
