/* A drm-worker of the bench's own: what it needs stands in the environment. Called by dead.c and memory.c. */
#include "bench.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* Beside this program in the build: tests/bench/drm-bench -> drm-worker/drm-worker. */
static bool find(const bench *b, char *path, size_t size)
{
    if (b->worker) {
        snprintf(path, size, "%s", b->worker);
        return true;
    }
    ssize_t n = readlink("/proc/self/exe", path, size - 1);
    if (n <= 0)
        return false;
    path[n] = '\0';
    for (int up = 0; up < 3; up++) {
        char *slash = strrchr(path, '/');
        if (!slash)
            return false;
        *slash = '\0';
    }
    size_t used = strlen(path);
    return (size_t)snprintf(path + used, size - used, "/drm-worker/drm-worker") < size - used;
}

pid_t worker_start(bench *b, const char *lane, unsigned slots)
{
    char path[4096], slots_text[16];
    pid_t parent = getpid();

    snprintf(slots_text, sizeof slots_text, "%u", slots);
    if (!find(b, path, sizeof path) || access(path, X_OK) != 0) {
        bench_fail(b, "no drm-worker beside drm-bench: build it, or give --worker PATH");
        return 0;
    }
    pid_t pid = fork();
    if (pid == 0) {
        int null = open("/dev/null", O_RDWR | O_CLOEXEC);
        prctl(PR_SET_PDEATHSIG, SIGTERM);
        if (null >= 0 && getppid() == parent) {
            dup2(null, 0);
            dup2(null, 1);
            dup2(null, 2);
            execl(path, path, "--lane", lane, "--slots", slots_text, "--grace", "0", (char *)NULL);
        }
        _exit(127);
    }
    if (pid < 0) {
        bench_fail(b, "drm-worker: %s", strerror(errno));
        return 0;
    }
    return pid;
}

bool worker_wait(bench *b, const char *lane)
{
    char text[8];
    const char *params[] = { lane };

    do {
        if (bench_over(b))
            return bench_fail(b, "gave up waiting for the worker of lane %s", lane);
        pause_ms(50);
        if (!database_text(b, "SELECT EXISTS (SELECT FROM drm.workers WHERE lane = $1 AND alive)", params, 1, text,
                           sizeof text))
            return false;
    } while (text[0] != 't');
    return true;
}

void worker_stop(pid_t pid)
{
    enum { PATIENCE_MS = 15000, STEP_MS = 20 };

    if (pid <= 0)
        return;
    kill(pid, SIGTERM);
    for (int waited = 0; waitpid(pid, NULL, WNOHANG) == 0; waited += STEP_MS) {
        if (waited >= PATIENCE_MS)
            kill(pid, SIGKILL);
        pause_ms(STEP_MS);
    }
}
