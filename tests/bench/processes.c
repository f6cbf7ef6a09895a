/* CPU time and memory of the stack's processes, out of /proc. Called by the benchmarks through processes_cpu().
 * Times have the resolution of the kernel's tick (10 ms), so they are read around seconds of work. */
#include "bench.h"
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

const char *const process_names[PROCESSES] = { "drmd", "drm-worker", "postgres", "redis", "snmpd", "drm-bench" };

static const char *const pid_variables[PROCESSES] = { "DRM_PID_DRMD",  "DRM_PID_WORKER", "DRM_PID_POSTGRES",
                                                      "DRM_PID_REDIS", "DRM_PID_SNMPD",  NULL };
static pid_t pids[PROCESSES];
static double tick_s;

void processes_init(void)
{
    tick_s = 1.0 / (double)sysconf(_SC_CLK_TCK);
    for (int i = 0; i < PROCESSES; i++) {
        const char *text = pid_variables[i] ? getenv(pid_variables[i]) : NULL;
        long pid = text ? strtol(text, NULL, 10) : 0;
        pids[i] = pid > 1 ? (pid_t)pid : 0;
    }
}

typedef struct process_stat {
    pid_t parent;
    double own, children; /* seconds; children: those that ended */
} process_stat;

static bool read_stat(pid_t pid, process_stat *s)
{
    char path[64], text[1024];
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *f = fopen(path, "re");
    if (!f)
        return false;
    size_t n = fread(text, 1, sizeof text - 1, f);
    fclose(f);
    text[n] = '\0';
    int parent;
    unsigned long user, system;
    long children_user, children_system;
    /* The name may hold blanks and brackets: fields count from the last bracket (proc(5)). */
    const char *rest = strrchr(text, ')');
    if (!rest || sscanf(rest + 1, " %*c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu %ld %ld", &parent, &user,
                        &system, &children_user, &children_system) != 5)
        return false;
    s->parent = (pid_t)parent;
    s->own = (double)(user + system) * tick_s;
    s->children = (double)(children_user + children_system) * tick_s;
    return true;
}

/* Time of the children that live, but one. */
static double children_s(pid_t pid, pid_t left_out)
{
    process_stat s;
    double sum = 0;
    DIR *dir = opendir("/proc");
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        pid_t child = (pid_t)strtol(entry->d_name, NULL, 10);
        if (child > 0 && child != left_out && read_stat(child, &s) && s.parent == pid)
            sum += s.own + s.children;
    }
    if (dir)
        closedir(dir);
    return sum;
}

/* A server that forks: its own time, that of children that ended, and that of those alive. A child that ends while they
 * are counted would be missed or counted twice: then again. */
static double family(pid_t pid, pid_t left_out)
{
    process_stat before, after;
    double living = 0;
    for (int tries = 0; tries < 10; tries++) {
        if (!read_stat(pid, &before))
            return -1;
        living = children_s(pid, left_out);
        if (!read_stat(pid, &after))
            return -1;
        if (!(after.children > before.children))
            break;
    }
    return after.own + after.children + living;
}

static double usage_s(int who)
{
    struct rusage u;
    getrusage(who, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) + (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

cpu_times processes_cpu(int own_backend)
{
    cpu_times t = { .at_us = now_us() };
    for (int i = 0; i < PROCESSES; i++)
        t.seconds[i] = pids[i] ? family(pids[i], (pid_t)own_backend) : -1;
    t.seconds[PROCESS_BENCH] = usage_s(RUSAGE_SELF) + usage_s(RUSAGE_CHILDREN);
    return t;
}

static double kilobytes(pid_t pid, const char *file, const char *label)
{
    char path[64], line[256];
    double value = -1;
    snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, file);
    FILE *f = fopen(path, "re");
    while (f && value < 0 && fgets(line, sizeof line, f))
        if (strncmp(line, label, strlen(label)) == 0)
            value = strtod(line + strlen(label), NULL) / 1024;
    if (f)
        fclose(f);
    return value;
}

memory_use memory_of(pid_t pid)
{
    return (memory_use){ kilobytes(pid, "status", "VmRSS:"), kilobytes(pid, "smaps_rollup", "Pss:") };
}

memory_use process_memory(int process)
{
    return pids[process] ? memory_of(pids[process]) : (memory_use){ -1, -1 };
}

bool processes_worker_pause(bool pause)
{
    return pids[PROCESS_WORKER] && kill(pids[PROCESS_WORKER], pause ? SIGSTOP : SIGCONT) == 0;
}
