/* The keyring's file: read, made, changed. Called by core/context.c, tenant/ and key/; the text itself is keyring.c's.
 * A change is written beside the file and moved over it, under a lock of the folder: a reader sees the old file or the
 * new one, and two who change it at once do it one after the other. */
#include "auth/keyring_file.h"
#include "auth/auth_internal.h"
#include "core/core.h"
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

/* ---- reading ---- */

static int check_file(const char *path, int fd, struct stat *st, drmgmt_error **error)
{
    if (fd < 0 || fstat(fd, st))
        return drmgmt__fail(error, DRMGMT_ERR_IO, "keyring %s: %s", path, strerror(errno));
    if (!S_ISREG(st->st_mode))
        return drmgmt__fail(error, DRMGMT_ERR_IO, "keyring %s is not a regular file", path);
    if (st->st_mode & 077)
        return drmgmt__fail(error, DRMGMT_ERR_IO, "keyring %s can be read by others (mode %04o): chmod 600 it", path,
                            (unsigned)st->st_mode & 07777);
    if (st->st_uid != 0 && st->st_uid != geteuid())
        return drmgmt__fail(error, DRMGMT_ERR_IO, "keyring %s belongs to another user", path);
    if (st->st_size > DRMGMT__KEYRING_MAX)
        return drmgmt__fail(error, DRMGMT_ERR_IO, "keyring %s is larger than %d bytes", path, DRMGMT__KEYRING_MAX);
    return 0;
}

static int read_text(const char *path, char **text, struct stat *file, drmgmt_error **error)
{
    DRMGMT__CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    int rc = check_file(path, fd, file, error);

    if (rc)
        return rc;
    char *t = calloc(1, DRMGMT__KEYRING_MAX + 1);
    if (!t)
        return drmgmt__fail_memory(error);
    ssize_t n = read(fd, t, DRMGMT__KEYRING_MAX);
    if (n < 0)
        rc = drmgmt__fail(error, DRMGMT_ERR_IO, "keyring %s: %s", path, strerror(errno));
    else if (strlen(t) != (size_t)n)
        rc = drmgmt__fail(error, DRMGMT_ERR_CRYPTO, "keyring %s is not a text file", path);
    if (rc) {
        drmgmt__wipe(t, DRMGMT__KEYRING_MAX);
        free(t);
        return rc;
    }
    *text = t;
    return 0;
}

static void free_text(char *text)
{
    if (text)
        drmgmt__wipe(text, DRMGMT__KEYRING_MAX); /* past its NULs, too: parsing puts some in */
    free(text);
}
DRMGMT__DEFINE_CLEANUP(free_textp, char *, free_text)

int drmgmt__keyring_load(const char *path, drmgmt__keyring **keyring, drmgmt_error **error)
{
    DRMGMT__CLEANUP(free_textp) char *text = NULL;
    struct stat file;
    drmgmt__keyring *k = NULL;
    int rc = read_text(path, &text, &file, error);

    if (!rc)
        rc = drmgmt__keyring_parse(path, text, &k, error);
    if (rc)
        return rc;
    k->file = file;
    *keyring = k;
    return 0;
}

/* ---- making ---- */

static bool write_all(int fd, const char *text)
{
    size_t n = strlen(text);

    return write(fd, text, n) == (ssize_t)n && fsync(fd) == 0;
}

static bool write_first_keys(int fd)
{
    char text[1024];
    int n = snprintf(
        text, sizeof text,
        "# Keys of drmgmt. Whoever has this file and the database can act as any tenant. Keep a copy in a safe place:\n"
        "# without it no stored credential can be opened again. Format: docs/keyring.md\n");

    for (int k = 0; k < DRMGMT__KEY_KINDS; k++) {
        drmgmt__key key = { .number = 1 };
        char line[DRMGMT__KEY_LINE];
        if (!drmgmt__key_kinds[k].first)
            continue;
        if (drmgmt__random(key.bytes, sizeof key.bytes))
            return false;
        drmgmt__key_line((drmgmt__key_kind)k, &key, line);
        n += snprintf(text + n, sizeof text - (size_t)n, "%s", line);
        drmgmt__wipe(&key, sizeof key);
        drmgmt__wipe(line, sizeof line);
    }
    bool done = write_all(fd, text);
    drmgmt__wipe(text, sizeof text);
    return done;
}

static int open_folder(const char *path)
{
    DRMGMT__FREE char *copy = strdup(path);

    return copy ? open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
}

static void sync_folder(const char *path)
{
    DRMGMT__CLOSE int fd = open_folder(path);

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
    bool done = write_first_keys(fd) && link(draft, path) == 0;
    int cause = errno;
    unlink(draft);
    if (!done && cause != EEXIST)
        return drmgmt__fail(error, DRMGMT_ERR_IO, "keyring %s cannot be written: %s", path, strerror(cause));
    if (done)
        sync_folder(path);
    *created = done;
    return 0;
}

/* ---- changing ---- */

/* Puts a text in the file's place: mode and owner stay. */
static int replace(const char *path, const struct stat *old, const char *text, drmgmt_error **error)
{
    DRMGMT__FREE char *draft = NULL;

    if (asprintf(&draft, "%s.XXXXXX", path) < 0) {
        draft = NULL;
        return drmgmt__fail_memory(error);
    }
    DRMGMT__CLOSE int fd = mkostemp(draft, O_CLOEXEC);
    if (fd < 0)
        return drmgmt__fail(error, DRMGMT_ERR_IO, "keyring %s cannot be changed: %s", path, strerror(errno));
    bool owned = (geteuid() == old->st_uid && getegid() == old->st_gid) || fchown(fd, old->st_uid, old->st_gid) == 0;
    if (owned && fchmod(fd, old->st_mode & 07777) == 0 && write_all(fd, text) && rename(draft, path) == 0) {
        sync_folder(path);
        return 0;
    }
    int cause = errno;
    unlink(draft);
    return drmgmt__fail(error, DRMGMT_ERR_IO, "keyring %s cannot be changed: %s", path, strerror(cause));
}

/* Whether a line holds this key. */
static bool holds(const char *line, drmgmt__key_kind kind, unsigned number)
{
    char name[16];
    unsigned found;

    return sscanf(line, " %15[a-z0-9] %9u", name, &found) == 2 && found == number &&
           strcmp(name, drmgmt__key_kinds[kind].name) == 0;
}

/* The text with a key's line replaced (line "": taken out), or put at the end when it has none yet. */
static void put_line(drmgmt__strbuf *out, const char *text, drmgmt__key_kind kind, unsigned number, const char *line)
{
    bool done = false;

    while (*text) {
        size_t n = strcspn(text, "\n");
        if (holds(text, kind, number)) {
            drmgmt__strbuf_puts(out, line);
            done = true;
        } else {
            drmgmt__strbuf_add(out, text, n);
            drmgmt__strbuf_putc(out, '\n');
        }
        text += n + (text[n] == '\n');
    }
    if (!done)
        drmgmt__strbuf_puts(out, line);
}

/* Room for a whole file at once: growing would leave copies of keys behind. */
static void reserve(drmgmt__strbuf *b, const char *zeros)
{
    drmgmt__strbuf_add(b, zeros, DRMGMT__KEYRING_MAX);
    drmgmt__strbuf_add(b, zeros, DRMGMT__KEY_LINE);
    drmgmt__strbuf_reset(b);
}

static int change(const char *path, drmgmt__keyring_change *fn, void *user, drmgmt_error **error)
{
    DRMGMT__CLEANUP(free_textp) char *text = NULL, *copy = NULL;
    DRMGMT__KEYRING drmgmt__keyring *before = NULL, *after = NULL;
    drmgmt__strbuf out = DRMGMT__STRBUF_INIT;
    drmgmt__key_change key = { .kind = DRMGMT__KEY_SEAL };
    char line[DRMGMT__KEY_LINE] = "";
    struct stat file;
    int rc = read_text(path, &text, &file, error);

    if (!rc && !(copy = calloc(1, DRMGMT__KEYRING_MAX + 1)))
        rc = drmgmt__fail_memory(error);
    if (!rc)
        rc = drmgmt__keyring_parse(path, memcpy(copy, text, DRMGMT__KEYRING_MAX), &before, error);
    if (!rc)
        rc = fn(user, before, &key, error);
    if (rc || !key.changed)
        goto end;
    reserve(&out, memset(copy, 0, DRMGMT__KEYRING_MAX));
    if (!key.remove)
        drmgmt__key_line(key.kind, &key.key, line);
    put_line(&out, text, key.kind, key.key.number, line);
    if (out.failed)
        rc = drmgmt__fail_memory(error);
    else if (out.length > DRMGMT__KEYRING_MAX)
        rc = drmgmt__fail(error, DRMGMT_ERR_LIMIT, "keyring %s would be larger than %d bytes: retire old keys first",
                          path, DRMGMT__KEYRING_MAX);
    /* What every program would refuse is not written. */
    if (!rc)
        rc = drmgmt__keyring_parse(path, memcpy(copy, out.data, out.length + 1), &after, error);
    if (!rc)
        rc = replace(path, &file, out.data, error);
end:
    if (out.data)
        drmgmt__wipe(out.data, out.length);
    drmgmt__strbuf_free(&out);
    drmgmt__wipe(line, sizeof line);
    drmgmt__wipe(&key, sizeof key);
    return rc;
}

int drmgmt__keyring_edit(const char *path, drmgmt__keyring_change *fn, void *user, drmgmt_error **error)
{
    DRMGMT__FREE char *real = realpath(path, NULL); /* a link stays one */

    if (!real)
        return drmgmt__fail(error, DRMGMT_ERR_IO, "keyring %s: %s", path, strerror(errno));
    DRMGMT__CLOSE int folder = open_folder(real);
    if (folder < 0 || flock(folder, LOCK_EX))
        return drmgmt__fail(error, DRMGMT_ERR_IO, "the folder of keyring %s cannot be locked: %s", path,
                            strerror(errno));
    return change(real, fn, user, error);
}
