/* Runs pgbench and wrk and hands their output back. Called by reads.c and pgbench.c. */
#include "bench.h"
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static bool spawn(const char *const argv[], int out, pid_t *pid)
{
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, out, 1);
    posix_spawn_file_actions_adddup2(&actions, out, 2);
    /* posix_spawnp() takes char *const[] for historical reasons and changes nothing. */
    char *words[32];
    size_t n = 0;
    for (; argv[n] && n + 1 < COUNT(words); n++)
        memcpy(&words[n], &argv[n], sizeof words[n]);
    words[n] = NULL;
    errno = posix_spawnp(pid, argv[0], &actions, NULL, words, environ);
    posix_spawn_file_actions_destroy(&actions);
    return errno == 0;
}

/* Collects until the end of the pipe; false when the time is over or memory is out. */
static bool collect(int fd, int64_t until_us, char **output)
{
    size_t length = 0, size = 4096;
    char *text = malloc(size);
    *output = text;
    while (text) {
        text[length] = '\0';
        struct pollfd p = { .fd = fd, .events = POLLIN };
        int64_t left = until_us - now_us();
        if (left <= 0 || bench_stopped)
            return false;
        int ready = poll(&p, 1, left > 200000 ? 200 : (int)(left / 1000) + 1);
        if (ready <= 0)
            continue;
        if (size - length < 2048) {
            text = realloc(*output, size *= 2);
            if (!text)
                return false;
            *output = text;
        }
        ssize_t n = read(fd, text + length, size - length - 1);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n == 0;
        length += (size_t)n;
    }
    return false;
}

bool child_run(const bench *b, const char *const argv[], unsigned limit_s, char **output)
{
    int ends[2];
    pid_t pid;
    *output = NULL;
    if (pipe2(ends, O_CLOEXEC))
        return bench_fail(b, "pipe: %s", strerror(errno));
    bool started = spawn(argv, ends[1], &pid);
    close(ends[1]);
    if (!started) {
        close(ends[0]);
        return bench_fail(b, "%s: %s", argv[0], strerror(errno));
    }
    bool whole = collect(ends[0], now_us() + (int64_t)limit_s * 1000000, output);
    if (!whole)
        kill(pid, SIGKILL);
    close(ends[0]);
    int status;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (whole && WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return true;
    return bench_fail(b, "%s %s: %s", argv[0], whole ? "failed" : "did not end in time", *output ? *output : "");
}

double number_after(const char *text, const char *label)
{
    const char *at = strstr(text, label);
    if (!at)
        return NAN;
    char *end;
    double value = strtod(at + strlen(label), &end);
    return end == at + strlen(label) ? NAN : value;
}
