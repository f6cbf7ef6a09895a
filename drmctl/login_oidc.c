/* drmctl login --oidc: shows the issuer's page in a browser of this machine, and listens on a loopback address for its
 * coming back (RFC 8252, section 7.3). Called by cmd_login.c. */
#include "drmctl.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { HEAD_MAX = 8192, READ_MS = 5000, REDIRECT_SIZE = 64 };
static const char path[] = "/callback";
extern char **environ;

/* The browser's answer; each text as it came, decoded. */
struct answer {
    char state[256], code[2048], iss[2048], error[256];
};

static long long now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- listening ---- */

static int open_listener(int *fd, char redirect[REDIRECT_SIZE])
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t length = sizeof address;

    *fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (*fd < 0 || bind(*fd, (struct sockaddr *)&address, sizeof address) || listen(*fd, 8) ||
        getsockname(*fd, (struct sockaddr *)&address, &length)) {
        int code = ctl_complain(DRMGMT_ERR_IO, "no address of this machine can be listened on: %s", strerror(errno));
        if (*fd >= 0)
            close(*fd);
        return code;
    }
    snprintf(redirect, REDIRECT_SIZE, "http://127.0.0.1:%u%s", ntohs(address.sin_port), path);
    return 0;
}

static bool wait_for(int fd, long long until)
{
    struct pollfd p = { .fd = fd, .events = POLLIN };
    long long left;

    while ((left = until - now_ms()) > 0) {
        int n = poll(&p, 1, left > 60000 ? 60000 : (int)left);
        if (n > 0)
            return true;
        if (n < 0 && errno != EINTR)
            return false;
    }
    return false;
}

/* The head of a request; false when it does not come whole, small and soon. */
static bool read_head(int fd, char head[HEAD_MAX])
{
    long long until = now_ms() + READ_MS;
    size_t n = 0;

    while (n + 1 < HEAD_MAX && wait_for(fd, until)) {
        ssize_t got = recv(fd, head + n, HEAD_MAX - 1 - n, 0);
        if (got <= 0)
            return false;
        n += (size_t)got;
        head[n] = '\0';
        if (strstr(head, "\r\n\r\n"))
            return strlen(head) == n;
    }
    return false;
}

static void reply(int fd, const char *status, const char *text)
{
    char page[1024];
    int n = snprintf(page, sizeof page,
                     "HTTP/1.1 %s\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: %zu\r\n"
                     "Cache-Control: no-store\r\nReferrer-Policy: no-referrer\r\nConnection: close\r\n"
                     "Content-Security-Policy: default-src 'none'\r\n\r\n%s",
                     status, strlen(text), text);
    (void)!send(fd, page, (size_t)n, MSG_NOSIGNAL);
    shutdown(fd, SHUT_WR);
}

/* ---- the answer ---- */

static int hex(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10 : -1;
}

/* Form-encoded (RFC 6749, appendix B). False: malformed, or more than fits. */
static bool decode(const char *text, size_t n, char *out, size_t size)
{
    size_t length = 0;

    for (size_t i = 0; i < n; i++) {
        int c = text[i] == '+' ? ' ' : (unsigned char)text[i];
        if (c == '%') {
            int high = i + 2 < n ? hex(text[i + 1]) : -1, low = i + 2 < n ? hex(text[i + 2]) : -1;
            if (high < 0 || low < 0)
                return false;
            c = high << 4 | low;
            i += 2;
        }
        if (c < 0x20 || c == 0x7f || length + 1 >= size)
            return false;
        out[length++] = (char)c;
    }
    out[length] = '\0';
    return true;
}

static bool take(const char *name, size_t n, const char *value, size_t length, struct answer *a)
{
    const struct {
        const char *name;
        char *out;
        size_t size;
    } wanted[] = { { "state", a->state, sizeof a->state },
                   { "code", a->code, sizeof a->code },
                   { "iss", a->iss, sizeof a->iss },
                   { "error", a->error, sizeof a->error } };

    for (size_t i = 0; i < CTL_COUNT(wanted); i++)
        if (strlen(wanted[i].name) == n && memcmp(wanted[i].name, name, n) == 0)
            return !wanted[i].out[0] && decode(value, length, wanted[i].out, wanted[i].size);
    return true;
}

/* "GET /callback?code=...&state=... HTTP/1.1". */
static bool parse(const char *head, struct answer *a)
{
    const char *query = head + 4 + sizeof path - 1;

    if (strncmp(head, "GET ", 4) != 0 || strncmp(head + 4, path, sizeof path - 1) != 0 || *query != '?')
        return false;
    const char *end = query + strcspn(query, " \r\n");
    for (const char *p = query + 1; p < end;) {
        size_t n = strcspn(p, "& \r\n"), name = strcspn(p, "=& \r\n");
        bool valued = name < n;
        if (!take(p, name, p + name + valued, valued ? n - name - 1 : 0, a))
            return false;
        p += n + (p[n] == '&');
    }
    return true;
}

/* One connection: true when it brings the answer to this log-in; anything else (an icon's request, a curious
 * neighbour) is told so. */
static bool serve(int fd, const char *state, struct answer *a)
{
    char head[HEAD_MAX];
    bool good = false;

    *a = (struct answer){ .state = "" };
    if (read_head(fd, head))
        good = parse(head, a) && strcmp(a->state, state) == 0;
    if (good)
        reply(fd, "200 OK", "<!doctype html><title>drmctl</title><p>drmctl goes on: you may close this page.");
    else
        reply(fd, "404 Not Found", "<!doctype html><title>drmctl</title><p>This is no answer to the log-in.");
    explicit_bzero(head, sizeof head);
    return good;
}

static int wait_answer(int listener, const drmgmt_oidc_login *login, struct answer *a)
{
    long long until = now_ms() + login->expires_in * 1000;

    while (wait_for(listener, until)) {
        struct sockaddr_in peer;
        socklen_t length = sizeof peer;
        int fd = accept4(listener, (struct sockaddr *)&peer, &length, SOCK_CLOEXEC);
        if (fd < 0)
            continue;
        bool good = serve(fd, login->state, a);
        close(fd);
        if (good)
            return 0;
    }
    return ctl_complain(DRMGMT_ERR_TIMEOUT, "the browser did not come back in time: log in again");
}

/* ---- the whole ---- */

/* Its failure is none of ours: the address is shown as well. */
static void open_browser(const char *url)
{
    posix_spawn_file_actions_t files;
    char *const argv[] = { (char *)(uintptr_t) "xdg-open", (char *)(uintptr_t)url, NULL };
    pid_t pid;

    if (posix_spawn_file_actions_init(&files))
        return;
    for (int fd = 0; fd < 3; fd++)
        posix_spawn_file_actions_addopen(&files, fd, "/dev/null", O_RDWR, 0);
    posix_spawnp(&pid, argv[0], &files, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&files);
}

static int finish(const ctl *c, const drmgmt_oidc_login *begun, const struct answer *a, ctl_login *login)
{
    const drmgmt_oidc_answer answer = { .state = a->state,
                                        .code = a->code[0] ? a->code : NULL,
                                        .iss = a->iss[0] ? a->iss : NULL,
                                        .error = a->error[0] ? a->error : NULL,
                                        .binding = begun->binding };
    drmgmt_tokens *tokens = NULL;
    drmgmt_error *error = NULL;

    if (!drmgmt_oidc_finish(c->context, &answer, &ctl_origin, &tokens, &error)) {
        ctl_login_take(login, tokens);
        return 0;
    }
    if (drmgmt_error_status(error) != DRMGMT_ERR_UNAUTHENTICATED)
        return ctl_fail(error);
    int code = ctl_complain(DRMGMT_ERR_UNAUTHENTICATED, "%s", drmgmt_error_message(error)); /* no "log in" as advice */
    drmgmt_error_free(error);
    return code;
}

int ctl_login_by_oidc(ctl *c, ctl_login *login)
{
    char redirect[REDIRECT_SIZE];
    drmgmt_oidc_login *begun = NULL;
    drmgmt_error *error = NULL;
    struct answer a;
    int listener = -1, code = open_listener(&listener, redirect);

    if (code)
        return code;
    if (drmgmt_oidc_begin(c->context, ctl_value(c, "tenant"), ctl_value(c, "oidc"), redirect, &begun, &error))
        code = ctl_fail(error);
    if (!code) {
        printf("Log in at this address, in a browser on this machine:\n%s\n", begun->url);
        fflush(stdout);
        if (!ctl_has(c, "no-browser"))
            open_browser(begun->url);
        code = wait_answer(listener, begun, &a);
    }
    close(listener);
    if (!code) {
        code = finish(c, begun, &a, login);
        explicit_bzero(&a, sizeof a);
    }
    drmgmt_oidc_login_free(begun);
    return code;
}
