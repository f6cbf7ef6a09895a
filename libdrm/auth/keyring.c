/* The keyring file: the keys that are not in the database. Called by core/context.c and tenant/; format in
 * docs/keyring.md. */
#include "auth/auth.h"
#include "core/core.h"
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { KEY_SIZE = 32, KEYS_MAX = 64, FILE_MAX = 16384 };

struct drmgmt__keyring {
    struct key {
        unsigned number;
        uint8_t bytes[KEY_SIZE];
    } keys[DRMGMT__KEY_KINDS][KEYS_MAX];
    size_t count[DRMGMT__KEY_KINDS];
};

static const char *const kinds[DRMGMT__KEY_KINDS] = {
    [DRMGMT__KEY_SEAL] = "seal",
    [DRMGMT__KEY_KEK] = "kek",
    [DRMGMT__KEY_TOKEN] = "token",
};

void drmgmt__keyring_free(drmgmt__keyring *keyring)
{
    if (!keyring)
        return;
    drmgmt__wipe(keyring, sizeof *keyring);
    free(keyring);
}

const uint8_t *drmgmt__keyring_at(const drmgmt__keyring *keyring, drmgmt__key_kind kind, size_t i, unsigned *number)
{
    if (i >= keyring->count[kind])
        return NULL;
    *number = keyring->keys[kind][i].number;
    return keyring->keys[kind][i].bytes;
}

const uint8_t *drmgmt__keyring_key(const drmgmt__keyring *keyring, drmgmt__key_kind kind, unsigned *number)
{
    const struct key *best = NULL;

    for (size_t i = 0; i < keyring->count[kind]; i++) {
        const struct key *k = &keyring->keys[kind][i];
        if (*number ? k->number == *number : !best || k->number > best->number)
            best = k;
    }
    if (!best)
        return NULL;
    *number = best->number;
    return best->bytes;
}

/* ---- reading ---- */

/* 1..999999999, digits only; 0 for anything else. */
static unsigned read_number(const char *text)
{
    size_t n = strlen(text);

    return n >= 1 && n <= 9 && strspn(text, "0123456789") == n ? (unsigned)strtoul(text, NULL, 10) : 0;
}

static const char *add_key(drmgmt__keyring *keyring, drmgmt__key_kind kind, unsigned number, const char *hex)
{
    unsigned same = number;

    if (number == 0)
        return "the number is not one of 1..999999999";
    if (drmgmt__keyring_key(keyring, kind, &same))
        return "this number stands there twice";
    if (keyring->count[kind] == KEYS_MAX)
        return "too many keys of this kind";
    struct key *key = &keyring->keys[kind][keyring->count[kind]];
    if (strlen(hex) != 2 * KEY_SIZE || drmgmt__unhex(hex, key->bytes, KEY_SIZE))
        return "a key is 64 hexadecimal digits";
    key->number = number;
    keyring->count[kind]++;
    return NULL;
}

static const char *add_line(drmgmt__keyring *keyring, char *line)
{
    static const char blank[] = " \t";
    char *state = NULL;
    const char *kind = strtok_r(line, blank, &state), *number = strtok_r(NULL, blank, &state),
               *hex = strtok_r(NULL, blank, &state);

    if (!hex || strtok_r(NULL, blank, &state))
        return "\"kind number hex\" is expected";
    for (int k = 0; k < DRMGMT__KEY_KINDS; k++)
        if (strcmp(kinds[k], kind) == 0)
            return add_key(keyring, (drmgmt__key_kind)k, read_number(number), hex);
    return "the kind is one of seal, kek, token";
}

static int parse(const char *path, char *text, drmgmt__keyring *keyring, drmgmt_error **error)
{
    char *state = NULL;
    unsigned number = 0;

    /* strtok would skip empty lines and count wrong. */
    for (char *line = text; line && *line; line = state) {
        state = strchr(line, '\n');
        if (state)
            *state++ = '\0';
        number++;
        line += strspn(line, " \t\r");
        line[strcspn(line, "\r")] = '\0';
        if (!*line || *line == '#')
            continue;
        const char *wrong = add_line(keyring, line);
        if (wrong)
            return drmgmt__fail(error, DRMGMT_ERR_CRYPTO, "keyring %s, line %u: %s", path, number, wrong);
    }
    for (int k = 0; k < DRMGMT__KEY_KINDS; k++)
        if (keyring->count[k] == 0)
            return drmgmt__fail(error, DRMGMT_ERR_CRYPTO, "keyring %s has no key of kind \"%s\"", path, kinds[k]);
    return 0;
}

static int check_file(const char *path, int fd, drmgmt_error **error)
{
    struct stat st;

    if (fd < 0 || fstat(fd, &st))
        return drmgmt__fail(error, DRMGMT_ERR_IO, "keyring %s: %s", path, strerror(errno));
    if (!S_ISREG(st.st_mode))
        return drmgmt__fail(error, DRMGMT_ERR_IO, "keyring %s is not a regular file", path);
    if (st.st_mode & 077)
        return drmgmt__fail(error, DRMGMT_ERR_IO, "keyring %s can be read by others (mode %04o): chmod 600 it", path,
                            (unsigned)st.st_mode & 07777);
    if (st.st_uid != 0 && st.st_uid != geteuid())
        return drmgmt__fail(error, DRMGMT_ERR_IO, "keyring %s belongs to another user", path);
    if (st.st_size > FILE_MAX)
        return drmgmt__fail(error, DRMGMT_ERR_IO, "keyring %s is larger than %d bytes", path, FILE_MAX);
    return 0;
}

int drmgmt__keyring_load(const char *path, drmgmt__keyring **keyring, drmgmt_error **error)
{
    DRMGMT__CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    char text[FILE_MAX + 1];
    int rc = check_file(path, fd, error);

    if (rc)
        return rc;
    ssize_t n = read(fd, text, FILE_MAX);
    if (n < 0)
        return drmgmt__fail(error, DRMGMT_ERR_IO, "keyring %s: %s", path, strerror(errno));
    text[n] = '\0';
    drmgmt__keyring *k = calloc(1, sizeof *k);
    if (!k)
        rc = drmgmt__fail_memory(error);
    else if (strlen(text) != (size_t)n)
        rc = drmgmt__fail(error, DRMGMT_ERR_CRYPTO, "keyring %s is not a text file", path);
    else
        rc = parse(path, text, k, error);
    drmgmt__wipe(text, sizeof text);
    if (rc) {
        drmgmt__keyring_free(k);
        return rc;
    }
    *keyring = k;
    return 0;
}

/* ---- making ---- */

static int write_keys(int fd)
{
    char text[1024];
    int n = snprintf(
        text, sizeof text,
        "# Keys of drmgmt. Whoever has this file and the database can act as any tenant. Keep a copy in a safe place:\n"
        "# without it no stored credential can be opened again. Format: docs/keyring.md\n");

    for (int k = 0; k < DRMGMT__KEY_KINDS; k++) {
        uint8_t key[KEY_SIZE];
        char hex[2 * KEY_SIZE + 1];
        if (drmgmt__random(key, sizeof key))
            return -1;
        drmgmt__hex(key, sizeof key, hex);
        n += snprintf(text + n, sizeof text - (size_t)n, "%s 1 %s\n", kinds[k], hex);
        drmgmt__wipe(key, sizeof key);
        drmgmt__wipe(hex, sizeof hex);
    }
    ssize_t written = write(fd, text, (size_t)n);
    drmgmt__wipe(text, sizeof text);
    return written == n && fsync(fd) == 0 ? 0 : -1;
}

static void sync_folder(const char *path)
{
    DRMGMT__FREE char *copy = strdup(path);
    DRMGMT__CLOSE int fd = copy ? open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

    if (fd >= 0)
        fsync(fd);
}

int drmgmt__keyring_create(const char *path, bool *created, drmgmt_error **error)
{
    DRMGMT__FREE char *draft = NULL;

    if (access(path, F_OK) == 0) {
        *created = false;
        return 0;
    }
    /* Under another name first: whoever finds the file, finds all of it, also after a crash and when two make it at
     * once. */
    if (asprintf(&draft, "%s.XXXXXX", path) < 0) {
        draft = NULL;
        return drmgmt__fail_memory(error);
    }
    DRMGMT__CLOSE int fd = mkostemp(draft, O_CLOEXEC); /* mode 0600 */
    if (fd < 0)
        return drmgmt__fail(error, DRMGMT_ERR_IO, "keyring %s cannot be made: %s", path, strerror(errno));
    bool done = write_keys(fd) == 0 && link(draft, path) == 0;
    int cause = errno;
    unlink(draft);
    if (!done && cause != EEXIST)
        return drmgmt__fail(error, DRMGMT_ERR_IO, "keyring %s cannot be written: %s", path, strerror(cause));
    if (done)
        sync_folder(path);
    *created = done;
    return 0;
}
