/* The file that keeps a log-in: JSON, readable by its owner alone, replaced whole. Called by session.c and
 * cmd_login.c. */
#include "drmctl.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { FILE_MAX = 64 * 1024 };

void ctl_login_clear(ctl_login *login)
{
    ctl_free_secret(login->access_token);
    ctl_free_secret(login->refresh_token);
    ctl_free_secret(login->api_key);
    *login = (ctl_login){ 0 };
}

void ctl_login_take(ctl_login *login, drmgmt_tokens *tokens)
{
    ctl_login_clear(login);
    login->access_token = tokens->access_token;
    login->refresh_token = tokens->refresh_token;
    login->expires_at = (long long)time(NULL) + tokens->expires_in;
    tokens->access_token = tokens->refresh_token = NULL;
    drmgmt_tokens_free(tokens);
}

int ctl_session_path(const ctl *c, char **path)
{
    const char *given = ctl_value(c, "session-file"), *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    int n;

    if (given)
        n = asprintf(path, "%s", given);
    else if (config && config[0] == '/')
        n = asprintf(path, "%s/drmgmt/session", config);
    else if (home && home[0] == '/')
        n = asprintf(path, "%s/.config/drmgmt/session", home);
    else
        return ctl_usage(c, "no place to keep the log-in: give --session-file or set DRM_SESSION");
    return n < 0 ? ctl_complain(DRMGMT_ERR_NO_MEMORY, "out of memory") : 0;
}

/* Makes the folders that are missing, closed to others. */
static int make_folders(const char *path)
{
    char *copy = strdup(path);

    if (!copy)
        return ctl_complain(DRMGMT_ERR_NO_MEMORY, "out of memory");
    for (char *slash = strchr(copy + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(copy, 0700) && errno != EEXIST) {
            int code = ctl_complain(DRMGMT_ERR_IO, "%s: cannot be made: %s", copy, strerror(errno));
            free(copy);
            return code;
        }
        *slash = '/';
    }
    free(copy);
    return 0;
}

int ctl_session_lock(const char *path, int *fd)
{
    char *name = NULL;
    int code = make_folders(path);

    if (code)
        return code;
    if (asprintf(&name, "%s.lock", path) < 0)
        return ctl_complain(DRMGMT_ERR_NO_MEMORY, "out of memory");
    *fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    int rc = *fd < 0 ? -1 : 0;
    while (*fd >= 0 && (rc = flock(*fd, LOCK_EX)) && errno == EINTR)
        ;
    if (rc) {
        code = ctl_complain(DRMGMT_ERR_IO, "%s: cannot be locked: %s", name, strerror(errno));
        if (*fd >= 0)
            close(*fd);
    }
    free(name);
    return code;
}

/* Whoever can read it can act for its owner; whoever can write it can plant another log-in. */
static int check_owner(const char *path, int fd)
{
    struct stat st;

    if (fstat(fd, &st))
        return ctl_complain(DRMGMT_ERR_IO, "%s: %s", path, strerror(errno));
    if (!S_ISREG(st.st_mode))
        return ctl_complain(DRMGMT_ERR_IO, "%s: a regular file is wanted", path);
    if (st.st_uid != geteuid())
        return ctl_complain(DRMGMT_ERR_IO,
                            "%s: it belongs to another user: remove it or choose another with --session-file", path);
    if (st.st_mode & 077)
        return ctl_complain(DRMGMT_ERR_IO, "%s: others can reach it (mode %04o): chmod 600 it, or log in again", path,
                            (unsigned)st.st_mode & 07777);
    return 0;
}

static int take_text(json_t *object, const char *name, char **text)
{
    const char *value = json_string_value(json_object_get(object, name));

    if (value && !(*text = strdup(value)))
        return ctl_complain(DRMGMT_ERR_NO_MEMORY, "out of memory");
    return 0;
}

static int parse(const char *path, const char *text, size_t length, ctl_login *login)
{
    json_t *object = json_loadb(text, length, JSON_REJECT_DUPLICATES, NULL);
    int code = take_text(object, "access_token", &login->access_token);

    if (!code)
        code = take_text(object, "refresh_token", &login->refresh_token);
    if (!code)
        code = take_text(object, "api_key", &login->api_key);
    login->expires_at = json_integer_value(json_object_get(object, "expires_at"));
    json_decref(object);
    if (!code && !login->api_key && !(login->access_token && login->refresh_token))
        code = ctl_complain(DRMGMT_ERR_IO, "%s: there is no log-in in it: log in again: drmctl login", path);
    if (code)
        ctl_login_clear(login);
    return code;
}

int ctl_session_load(const char *path, ctl_login *login, bool *found)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    *login = (ctl_login){ 0 };
    *found = false;
    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
        return 0;
    if (fd < 0)
        return ctl_complain(DRMGMT_ERR_IO, "%s: cannot be opened: %s", path, strerror(errno));
    char *text = NULL;
    size_t length = 0;
    int code = check_owner(path, fd);
    if (!code)
        code = ctl_read_fd(fd, path, FILE_MAX, &text, &length);
    close(fd);
    if (code)
        return code;
    code = parse(path, text, length, login);
    explicit_bzero(text, length);
    free(text);
    *found = code == 0;
    return code;
}

static char *text_of(const ctl_login *login)
{
    json_t *object = login->api_key ? json_pack("{s:s}", "api_key", login->api_key)
                                    : json_pack("{s:s,s:s,s:I}", "access_token", login->access_token, "refresh_token",
                                                login->refresh_token, "expires_at", (json_int_t)login->expires_at);
    char *text = json_dumps(object, JSON_COMPACT);

    json_decref(object);
    return text;
}

/* Written beside and moved into place: a reader sees the old log-in or the new one. */
static int replace(const char *path, const char *beside, const char *text)
{
    unlink(beside); /* of a process of the same number that was killed */
    int fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bool good = fd >= 0;
    size_t length = strlen(text);

    good = good && write(fd, text, length) == (ssize_t)length && fsync(fd) == 0;
    if (fd >= 0 && close(fd))
        good = false;
    if (good && rename(beside, path) == 0)
        return 0;
    int code = ctl_complain(DRMGMT_ERR_IO, "%s: the log-in cannot be kept: %s", path, strerror(errno));
    if (fd >= 0)
        unlink(beside);
    return code;
}

int ctl_session_save(const char *path, const ctl_login *login)
{
    char *beside = NULL, *text = text_of(login);
    int code = text ? make_folders(path) : ctl_complain(DRMGMT_ERR_NO_MEMORY, "out of memory");

    if (!code && asprintf(&beside, "%s.%ld", path, (long)getpid()) < 0)
        code = ctl_complain(DRMGMT_ERR_NO_MEMORY, "out of memory");
    if (!code)
        code = replace(path, beside, text);
    free(beside);
    ctl_free_secret(text);
    return code;
}

int ctl_session_remove(const char *path)
{
    if (unlink(path) && errno != ENOENT)
        return ctl_complain(DRMGMT_ERR_IO, "%s: cannot be removed: %s", path, strerror(errno));
    return 0;
}
