/* Changing the keyring's file: adding keys, taking them off standby, retiring them; by many at once; and a context that
 * follows the file. Kinds that the database knows, too, are tested in test_keys_database.py. */
#include "auth/keyring.h"
#include "core/context_internal.h"
#include "core/core.h"
#include <criterion/criterion.h>
#include <drm/key.h>
#include <drm/options.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define A     "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define B     "ffeeddccbbaa99887766554433221100ffeeddccbbaa99887766554433221100"
#define C     "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define FIRST "# kept\nseal 1 " A "\n\nkek 1 " A "\n  token 1 " A "  \r\n# the end"

static char folder[] = "/tmp/drmgmt-keys-XXXXXX";
static char path[80];

static void put(const char *text, mode_t mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    cr_assert(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text) && fchmod(fd, mode) == 0);
    close(fd);
}

static const char *get(void)
{
    static char text[DRMGMT__KEYRING_MAX + 1];
    int fd = open(path, O_RDONLY);
    ssize_t n = read(fd, text, sizeof text - 1);

    close(fd);
    cr_assert(n >= 0);
    text[n] = '\0';
    return text;
}

static void setup(void)
{
    cr_assert(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/keyring", folder);
    put(FIRST, 0600);
}

static void teardown(void)
{
    unlink(path);
    cr_assert_eq(rmdir(folder), 0, "something was left in %s", folder);
}

TestSuite(key_file, .init = setup, .fini = teardown);

/* "kind number state" of all, joined. */
static const char *listed(void)
{
    static char text[4096];
    drmgmt_key *keys = NULL;
    size_t count = 0, n = 0;

    cr_assert_eq(drmgmt_key_list(path, &keys, &count, NULL), 0);
    text[0] = '\0';
    for (size_t i = 0; i < count; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "%s%s %u %s", i ? ", " : "", keys[i].kind, keys[i].number,
                              keys[i].state);
    drmgmt_free(keys);
    return text;
}

static unsigned rotate(const char *kind, bool standby)
{
    unsigned number = 0;
    drmgmt_error *error = NULL;

    cr_assert_eq(drmgmt_key_rotate(path, kind, standby, NULL, &number, &error), 0, "%s", drmgmt_error_message(error));
    return number;
}

/* error is filled by the call that gave rc, which may be evaluated after the other arguments: hence the pointer. */
static void refused(int rc, drmgmt_error **error, drmgmt_status status, const char *says)
{
    cr_assert_eq(rc, status, "%d", rc);
    cr_assert(strstr(drmgmt_error_message(*error), says), "%s", drmgmt_error_message(*error));
    cr_assert_null(strstr(drmgmt_error_message(*error), "0001020304"));
    drmgmt_error_free(*error);
    *error = NULL;
}

/* ---- marks of a line ---- */

static int load(const char *text, const char **message)
{
    static char said[512];
    drmgmt__keyring *k = NULL;
    drmgmt_error *error = NULL;

    put(text, 0600);
    int rc = drmgmt__keyring_load(path, &k, &error);
    snprintf(said, sizeof said, "%s", rc ? drmgmt_error_message(error) : "");
    *message = said;
    drmgmt_error_free(error);
    drmgmt__keyring_free(k);
    return rc;
}

Test(key_file, marks_that_are_taken_and_marks_that_are_not)
{
    static const struct {
        const char *line, *says;
    } rows[] = {
        { "ed25519 2 " B, NULL },
        { "ed25519 2 " B " standby", NULL },
        { "ed25519 2 " B " since=2026-11-24T10:00:00Z standby", NULL },
        { "kek 2 " B " standby\tsince=2026-11-24T10:00:00Z", NULL },
        { "ed25519 1 " B, "share their numbers" },
        { "ed25519 2 " B "\ntoken 2 " C, "share their numbers" },
        { "ed25519 2 " B "\nseal 2 " C, NULL },
        { "ed25519 2 " B " standby standby", "only \"standby\"" },
        { "ed25519 2 " B " active", "only \"standby\"" },
        { "ed25519 2 " B " since=", "only \"standby\"" },
        { "ed25519 2 " B " since=2026-11-24", "only \"standby\"" },
        { "ed25519 2 " B " since=2026-11-24T10:00:00", "only \"standby\"" },
        { "ed25519 2 " B " since=2026-13-24T10:00:00Z", "only \"standby\"" },
        { "ed25519 2 " B " since=2026-02-30T10:00:00Z", "only \"standby\"" },
        { "ed25519 2 " B " since=2026-11-24T10:00:00Z since=2026-11-24T10:00:00Z", "only \"standby\"" },
        { "ed25519 2", "\"kind number hex\" is expected" },
        { "rsa 2 " B, "one of seal, kek, token, ed25519" },
    };
    char text[1024];

    for (size_t i = 0; i < DRMGMT__COUNT(rows); i++) {
        const char *message;
        snprintf(text, sizeof text, "%s\n%s\n", FIRST, rows[i].line);
        int rc = load(text, &message);
        cr_assert_eq(rc, rows[i].says ? DRMGMT_ERR_CRYPTO : 0, "%s: %s", rows[i].line, message);
        cr_assert(!rows[i].says || strstr(message, rows[i].says), "%s: %s", rows[i].line, message);
    }
    const char *message;
    cr_assert_eq(load("seal 1 " A " standby\nkek 1 " A "\ntoken 1 " A "\n", &message), DRMGMT_ERR_CRYPTO);
    cr_assert(strstr(message, "every key of kind \"seal\" is on standby"));
    cr_assert_eq(load("seal 1 " A "\nkek 1 " A "\ned25519 1 " A "\n", &message), 0, "no HS256 key is needed");
}

/* ---- rotate, activate, retire ---- */

Test(key_file, a_new_key_takes_the_next_number_and_the_rest_of_the_file_stays)
{
    cr_assert_eq(rotate("kek", false), 2);
    cr_assert_eq(rotate(NULL, false), 2); /* of the kind that signs */
    cr_assert_eq(rotate("ed25519", false), 3);
    cr_assert_eq(rotate(NULL, true), 4);
    cr_assert_str_eq(listed(), "seal 1 active, kek 1 old, kek 2 active, token 1 old, token 2 old, ed25519 3 active, "
                               "ed25519 4 standby");
    cr_assert_eq(strncmp(get(), FIRST "\nkek 2 ", strlen(FIRST) + 7), 0, "%s", get());
    cr_assert(strstr(get(), " since=20"));
}

Test(key_file, standby_then_active)
{
    drmgmt_error *error = NULL;

    refused(drmgmt_key_activate(path, "token", 1, &error), &error, DRMGMT_ERR_CONFLICT, "not on standby");
    refused(drmgmt_key_activate(path, "token", 9, &error), &error, DRMGMT_ERR_NOT_FOUND, "no token key 9");
    refused(drmgmt_key_activate(path, "rsa", 1, &error), &error, DRMGMT_ERR_INVALID, "kind: one of");
    rotate("ed25519", true);
    rotate("ed25519", true);
    refused(drmgmt_key_activate(path, "token", 2, &error), &error, DRMGMT_ERR_NOT_FOUND, "no token key 2");
    cr_assert_eq(drmgmt_key_activate(path, "ed25519", 3, NULL), 0);
    cr_assert_str_eq(listed(), "seal 1 active, kek 1 active, token 1 old, ed25519 2 standby, ed25519 3 active");
    /* It would not become active: a newer one is. */
    refused(drmgmt_key_activate(path, "ed25519", 2, &error), &error, DRMGMT_ERR_CONFLICT, "key 3, which is newer");
}

Test(key_file, retiring_waits_for_what_the_key_made)
{
    drmgmt_error *error = NULL;

    refused(drmgmt_key_retire(path, "token", 1, true, NULL, NULL, &error), &error, DRMGMT_ERR_CONFLICT, "active one");
    rotate("ed25519", true);
    cr_assert_eq(drmgmt_key_retire(path, "ed25519", 2, false, NULL, NULL, NULL), 0, "nothing was made with it");
    rotate("ed25519", false);
    refused(drmgmt_key_retire(path, "token", 1, false, NULL, NULL, &error), &error, DRMGMT_ERR_CONFLICT, "wait 9");
    refused(drmgmt_key_retire(path, "token", 7, false, NULL, NULL, &error), &error, DRMGMT_ERR_NOT_FOUND,
            "token key 7");
    cr_assert_eq(drmgmt_key_retire(path, "token", 1, true, NULL, NULL, NULL), 0);
    cr_assert_str_eq(listed(), "seal 1 active, kek 1 active, ed25519 2 active");
    cr_assert_null(strstr(get(), "token"));
    /* An hour later. */
    put("seal 1 " A "\nkek 1 " A "\ntoken 1 " A "\ned25519 2 " B " since=2020-01-01T00:00:00Z\n", 0600);
    cr_assert_eq(drmgmt_key_retire(path, "token", 1, false, NULL, NULL, NULL), 0);
}

Test(key_file, kinds_that_the_database_knows_ask_for_it)
{
    drmgmt_error *error = NULL;
    unsigned number = 77;

    refused(drmgmt_key_rotate(path, "seal", false, NULL, &number, &error), &error, DRMGMT_ERR_INVALID, "owner's URL");
    refused(drmgmt_key_retire(path, "seal", 1, true, NULL, NULL, &error), &error, DRMGMT_ERR_INVALID, "owner's URL");
    refused(drmgmt_key_retire(path, "kek", 1, true, NULL, NULL, &error), &error, DRMGMT_ERR_INVALID, "connection");
    refused(drmgmt_key_rotate(path, "seal", false, "postgresql://x@127.0.0.1:1/x", &number, &error), &error,
            DRMGMT_ERR_UNAVAILABLE, "reached");
    cr_assert_eq(number, 77);
    cr_assert_str_eq(get(), FIRST, "the file changed although the database was not told");
}

Test(key_file, mode_owner_and_links_stay)
{
    char link[96];
    struct stat st;

    put(FIRST, 0400);
    if (geteuid() == 0)
        cr_assert_eq(chown(path, 0, 65534), 0);
    snprintf(link, sizeof link, "%s/link", folder);
    cr_assert_eq(symlink("keyring", link), 0);
    cr_assert_eq(drmgmt_key_rotate(link, NULL, false, NULL, NULL, NULL), 0);
    cr_assert(lstat(link, &st) == 0 && S_ISLNK(st.st_mode));
    cr_assert(stat(path, &st) == 0 && (st.st_mode & 07777) == 0400);
    cr_assert(geteuid() != 0 || st.st_gid == 65534);
    cr_assert_str_eq(listed(), "seal 1 active, kek 1 active, token 1 old, token 2 active");
    unlink(link);
}

Test(key_file, a_full_kind_and_a_malformed_file)
{
    drmgmt_error *error = NULL;

    for (unsigned i = 2; i <= 64; i++)
        cr_assert_eq(rotate(NULL, false), i);
    refused(drmgmt_key_rotate(path, NULL, false, NULL, NULL, &error), &error, DRMGMT_ERR_LIMIT, "retire old ones");
    put("nonsense\n", 0600);
    refused(drmgmt_key_rotate(path, NULL, false, NULL, NULL, &error), &error, DRMGMT_ERR_CRYPTO, "line 1");
    cr_assert_str_eq(get(), "nonsense\n");
}

enum { WRITERS = 8, EACH = 4 };

static void *rotate_some(void *numbers)
{
    for (int i = 0; i < EACH; i++)
        ((unsigned *)numbers)[i] = rotate("ed25519", i & 1);
    return NULL;
}

Test(key_file, many_at_once_each_get_a_number)
{
    pthread_t threads[WRITERS];
    unsigned numbers[WRITERS][EACH];
    bool seen[WRITERS * EACH + 2] = { false };

    for (int i = 0; i < WRITERS; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, rotate_some, numbers[i]), 0);
    for (int i = 0; i < WRITERS; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < WRITERS * EACH; i++) {
        unsigned n = numbers[i / EACH][i % EACH];
        cr_assert(n >= 2 && n <= WRITERS * EACH + 1 && !seen[n], "%u", n);
        seen[n] = true;
    }
    drmgmt_key *keys = NULL;
    size_t count = 0;
    cr_assert_eq(drmgmt_key_list(path, &keys, &count, NULL), 0);
    cr_assert_eq(count, 3 + WRITERS * EACH);
    drmgmt_free(keys);
}

/* ---- a context follows the file ---- */

static drmgmt_context *context_of(void)
{
    drmgmt_options *o = drmgmt_options_new();
    drmgmt_context *context = NULL;

    cr_assert(drmgmt_options_set_database_url(o, "postgresql://x@127.0.0.1:1/x") == 0 &&
              drmgmt_options_set_keyring_file(o, path) == 0 && drmgmt_context_new(o, &context, NULL) == 0);
    drmgmt_options_free(o);
    return context;
}

static unsigned signs(drmgmt_context *context)
{
    drmgmt__keyring *k = drmgmt__keyring_hold(context);
    unsigned number = drmgmt__keyring_maker(k, DRMGMT__USE_SIGN, NULL)->number;

    drmgmt__keyring_free(k);
    return number;
}

Test(key_file, a_changed_file_is_read_anew_and_a_bad_one_is_told_once)
{
    drmgmt_context *context = context_of();
    drmgmt_error *error = NULL;
    bool changed = true;

    cr_assert(drmgmt_context_reload(context, &changed, NULL) == 0 && !changed);
    rotate("ed25519", false);
    cr_assert_eq(signs(context), 1);
    cr_assert(drmgmt_context_reload(context, &changed, NULL) == 0 && changed);
    cr_assert_eq(signs(context), 2);
    cr_assert(drmgmt_context_reload(context, &changed, NULL) == 0 && !changed);

    put("seal 1 " A "\n", 0600);
    cr_assert_eq(drmgmt_context_reload(context, &changed, &error), DRMGMT_ERR_CRYPTO);
    drmgmt_error_free(error);
    cr_assert_eq(drmgmt_context_reload(context, &changed, NULL), 0, "it was told before");
    cr_assert(chmod(path, 0644) == 0 && drmgmt_context_reload(context, NULL, NULL) == DRMGMT_ERR_IO);
    cr_assert(unlink(path) == 0 && drmgmt_context_reload(context, NULL, NULL) == DRMGMT_ERR_IO);
    cr_assert_eq(drmgmt_context_reload(context, &changed, NULL), 0);
    cr_assert_eq(signs(context), 2, "the keys stay");
    put(FIRST, 0600);
    cr_assert(drmgmt_context_reload(context, &changed, NULL) == 0 && changed);
    cr_assert_eq(signs(context), 1);
    drmgmt_context_free(context);
}

static atomic_bool over;

static void *use(void *context)
{
    char tenant[] = "018f0000-0000-7000-8000-000000000001", seal[DRMGMT__SEAL_SIZE];
    size_t *used = calloc(1, sizeof *used);

    while (!atomic_load(&over)) {
        drmgmt__keyring *k = drmgmt__keyring_hold(context);
        cr_assert_eq(drmgmt__seal_mint(k, tenant, tenant, 1, seal), 0);
        drmgmt__keyring_free(k);
        ++*used;
    }
    return used;
}

Test(key_file, readers_never_meet_a_keyring_that_is_gone)
{
    drmgmt_context *context = context_of();
    pthread_t threads[4];
    bool changed;

    for (size_t i = 0; i < DRMGMT__COUNT(threads); i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, use, context), 0);
    for (unsigned i = 0; i < 50; i++) {
        rotate(NULL, true);
        cr_assert(drmgmt_context_reload(context, &changed, NULL) == 0 && changed);
    }
    atomic_store(&over, true);
    for (size_t i = 0; i < DRMGMT__COUNT(threads); i++) {
        void *used;
        pthread_join(threads[i], &used);
        cr_assert(*(size_t *)used > 0);
        free(used);
    }
    drmgmt_context_free(context);
}
