/* What comes in: files, standard input, secrets typed without echo, yes or no. Called by handlers. */
#include "drmctl.h"
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

enum { JSON_MAX = 1 << 20, SECRET_MAX = 4096 };

void ctl_free_secret(char *secret)
{
    if (!secret)
        return;
    explicit_bzero(secret, strlen(secret));
    free(secret);
}

static const char *name_of(const char *path)
{
    return strcmp(path, "-") == 0 ? "standard input" : path;
}

/* Fills buffer up to size; -1 with errno, or the number of bytes. */
static ssize_t read_full(int fd, char *buffer, size_t size)
{
    size_t done = 0;

    while (done < size) {
        ssize_t n = read(fd, buffer + done, size - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        if (n == 0)
            break;
        done += (size_t)n;
    }
    return (ssize_t)done;
}

int ctl_read_fd(int fd, const char *path, size_t max, char **text, size_t *length)
{
    char *buffer = malloc(max + 2);
    ssize_t n = buffer ? read_full(fd, buffer, max + 1) : 0;
    int code = 0;

    if (!buffer)
        return ctl_complain(DRMGMT_ERR_NO_MEMORY, "out of memory");
    if (n < 0)
        code = ctl_complain(DRMGMT_ERR_IO, "%s: cannot be read: %s", name_of(path), strerror(errno));
    else if ((size_t)n > max)
        code = ctl_complain(DRMGMT_ERR_TOO_LARGE, "%s: more than %zu bytes", name_of(path), max);
    else if (memchr(buffer, '\0', (size_t)n))
        code = ctl_complain(DRMGMT_ERR_INVALID, "%s: there is a NUL byte in it: text is wanted", name_of(path));
    if (code) {
        explicit_bzero(buffer, max + 2);
        free(buffer);
        return code;
    }
    buffer[n] = '\0';
    *text = buffer;
    *length = (size_t)n;
    return 0;
}

int ctl_read_all(const char *path, size_t max, char **text, size_t *length)
{
    if (strcmp(path, "-") == 0)
        return ctl_read_fd(STDIN_FILENO, path, max, text, length);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return ctl_complain(DRMGMT_ERR_IO, "%s: cannot be opened: %s", path, strerror(errno));
    int code = ctl_read_fd(fd, path, max, text, length);
    close(fd);
    return code;
}

int ctl_read_secret(const char *path, const char *what, char **secret)
{
    size_t length = 0;
    char *text = NULL;
    int code = ctl_read_all(path, SECRET_MAX, &text, &length);

    if (code)
        return code;
    size_t line = strcspn(text, "\r\n");
    if (line == 0)
        code = ctl_complain(DRMGMT_ERR_INVALID, "%s: the first line is empty: a %s is wanted", name_of(path), what);
    else if (text[line + strspn(text + line, "\r\n")])
        code = ctl_complain(DRMGMT_ERR_INVALID, "%s: one line with a %s is wanted", name_of(path), what);
    if (code) {
        ctl_free_secret(text);
        return code;
    }
    explicit_bzero(text + line, length - line);
    *secret = text;
    return 0;
}

bool ctl_can_ask(void)
{
    return isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
}

/* A line from the terminal, into a buffer that is not stdio's: nothing else keeps the secret. */
static int read_line(char *buffer, size_t size)
{
    size_t n = 0;
    char byte;

    for (;;) {
        ssize_t got = read(STDIN_FILENO, &byte, 1);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return n ? 0 : -1;
        if (byte == '\n')
            break;
        if (n + 1 == size)
            return -1;
        buffer[n++] = byte;
    }
    buffer[n] = '\0';
    return 0;
}

int ctl_ask_secret(const char *prompt, char **secret)
{
    struct termios before;
    char *line = calloc(1, SECRET_MAX);

    if (!line)
        return ctl_complain(DRMGMT_ERR_NO_MEMORY, "out of memory");
    bool silenced = tcgetattr(STDIN_FILENO, &before) == 0;
    struct termios silent = before;
    silent.c_lflag &= ~(tcflag_t)ECHO;
    if (silenced) {
        ctl_restore_terminal_on_signal(&before);
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
    }
    /* Asked only once nothing is echoed any more: the answer may come at once. */
    fflush(stdout);
    fprintf(stderr, "%s: ", prompt);
    int failed = read_line(line, SECRET_MAX);
    if (silenced) {
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
        ctl_restore_terminal_on_signal(NULL);
    }
    fputc('\n', stderr);
    if (failed) {
        explicit_bzero(line, SECRET_MAX);
        free(line);
        return ctl_complain(DRMGMT_ERR_INVALID, "nothing usable was typed");
    }
    *secret = line;
    return 0;
}

bool ctl_confirm(const ctl *c, const char *format, ...)
{
    char question[512], answer[16] = "";
    va_list args;

    if (ctl_has(c, "yes") || !ctl_can_ask())
        return true;
    va_start(args, format);
    vsnprintf(question, sizeof question, format, args);
    va_end(args);
    fflush(stdout);
    fprintf(stderr, "%s [y/N] ", question);
    return read_line(answer, sizeof answer) == 0 && (answer[0] == 'y' || answer[0] == 'Y');
}

int ctl_read_json(const char *path, json_t **object)
{
    char *text = NULL;
    size_t length = 0;
    json_error_t e;
    int code = ctl_read_all(path, JSON_MAX, &text, &length);

    if (code)
        return code;
    json_t *value = json_loadb(text, length, JSON_REJECT_DUPLICATES, &e);
    explicit_bzero(text, length); /* a community may have been in it */
    free(text);
    if (!value)
        return ctl_complain(DRMGMT_ERR_INVALID, "%s: not valid JSON: %s (line %d, column %d)", name_of(path), e.text,
                            e.line, e.column);
    if (!json_is_object(value)) {
        json_decref(value);
        return ctl_complain(DRMGMT_ERR_INVALID, "%s: a JSON object is wanted", name_of(path));
    }
    *object = value;
    return 0;
}

int ctl_get_password(const ctl *c, char **password)
{
    const char *file = ctl_value(c, "password-file");

    if (file)
        return ctl_read_secret(file, "password", password);
    if (!ctl_can_ask())
        return ctl_usage(c,
                         "there is no terminal to ask for the password: --password-file FILE, or - for standard input");
    return ctl_ask_secret("Password", password);
}
