/* For the tests of libdrm/queue: a private Redis that can be killed, and contexts and sessions without PostgreSQL.
 * Included by test_queue*.c; the server lies in a temporary folder and dies with the test. */
#ifndef DRMGMT_TESTS_QUEUE_SUPPORT_H
#define DRMGMT_TESTS_QUEUE_SUPPORT_H

#include "auth/auth.h"
#include "core/context_internal.h"
#include "core/core.h"
#include "queue/queue.h"
#include <criterion/criterion.h>
#include <dirent.h>
#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define TENANT_A "0190a000-0000-7000-8000-00000000000a"
#define TENANT_B "0190a000-0000-7000-8000-00000000000b"
#define JOB_1    "0190a000-0000-7000-8000-000000000001"
#define JOB_2    "0190a000-0000-7000-8000-000000000002"

/* ---- the server ---- */

static struct {
    char folder[64], socket[96], url[128];
    const char *password; /* NULL: none */
    unsigned port;        /* 0: none */
    pid_t pid;
} server;

static void server_await(void)
{
    for (int i = 0; i < 500; i++) {
        redisContext *c = redisConnectUnix(server.socket);
        bool up = c && !c->err;
        if (c)
            redisFree(c);
        if (up)
            return;
        usleep(10000);
    }
    cr_assert_fail("redis-server did not start");
}

/* Starts it, also again after server_kill(), empty and on the same socket. */
static inline void server_start(void)
{
    pid_t parent = getpid();
    char port[16];

    snprintf(port, sizeof port, "%u", server.port);
    if (!server.folder[0]) {
        snprintf(server.folder, sizeof server.folder, "/tmp/drm-queue-XXXXXX");
        cr_assert(mkdtemp(server.folder));
        snprintf(server.socket, sizeof server.socket, "%s/redis.sock", server.folder);
        snprintf(server.url, sizeof server.url, "unix://%s", server.socket);
    }
    server.pid = fork();
    if (server.pid == 0) {
        int null = open("/dev/null", O_RDWR);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent)
            _exit(1);
        dup2(null, 0);
        dup2(null, 1);
        dup2(null, 2);
        execlp("redis-server", "redis-server", "--port", port, "--unixsocket", server.socket, "--save", "", "--dir",
               server.folder, "--requirepass", server.password ? server.password : "", (char *)NULL);
        _exit(127);
    }
    cr_assert(server.pid > 0);
    server_await();
}

/* A loopback port that was free a moment ago. */
static inline unsigned free_port(void)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    cr_assert(fd >= 0 && bind(fd, (struct sockaddr *)&address, size) == 0 &&
              getsockname(fd, (struct sockaddr *)&address, &size) == 0);
    close(fd);
    return ntohs(address.sin_port);
}

static inline void server_kill(void)
{
    kill(server.pid, SIGKILL);
    waitpid(server.pid, NULL, 0);
    server.pid = 0;
}

static inline void server_stop(void)
{
    if (server.pid)
        server_kill();
    unlink(server.socket);
    rmdir(server.folder);
    server.folder[0] = '\0';
}

/* One command to it; the answer as a number: an integer, the length of an array, 1 for OK and texts, 0 for nil, -1 for
 * an error. */
static inline long long server_run(const char *format, ...)
{
    va_list args;
    redisContext *c = redisConnectUnix(server.socket);
    long long n = -1;

    cr_assert(c && !c->err, "no connection to the test's own Redis");
    va_start(args, format);
    redisReply *reply = redisvCommand(c, format, args);
    va_end(args);
    cr_assert(reply);
    if (reply->type == REDIS_REPLY_INTEGER)
        n = reply->integer;
    else if (reply->type == REDIS_REPLY_ARRAY)
        n = (long long)reply->elements;
    else if (reply->type != REDIS_REPLY_ERROR)
        n = reply->type != REDIS_REPLY_NIL;
    freeReplyObject(reply);
    redisFree(c);
    return n;
}

/* ---- contexts and sessions ---- */

/* What was logged. */
typedef struct test_log {
    pthread_mutex_t mutex;
    unsigned warnings, infos;
    char text[16384];
} test_log;

typedef struct test_context {
    drmgmt_context context;
    drmgmt_session session;
    test_log log;
} test_context;

static inline void take_log(void *user, drmgmt_log_level level, const char *message, const drmgmt_log_field *fields,
                            size_t n)
{
    test_log *log = user;

    pthread_mutex_lock(&log->mutex);
    log->warnings += level == DRMGMT_LOG_WARNING;
    log->infos += level == DRMGMT_LOG_INFO;
    size_t used = strlen(log->text);
    snprintf(log->text + used, sizeof log->text - used, "%s", message);
    for (size_t i = 0; i < n; i++) {
        used = strlen(log->text);
        snprintf(log->text + used, sizeof log->text - used, " %s=%s", fields[i].key, fields[i].value);
    }
    used = strlen(log->text);
    snprintf(log->text + used, sizeof log->text - used, "\n");
    pthread_mutex_unlock(&log->mutex);
}

static inline unsigned log_count(test_log *log, bool warnings)
{
    pthread_mutex_lock(&log->mutex);
    unsigned n = warnings ? log->warnings : log->infos;
    pthread_mutex_unlock(&log->mutex);
    return n;
}

static inline bool log_has(test_log *log, const char *text)
{
    pthread_mutex_lock(&log->mutex);
    bool has = strstr(log->text, text) != NULL;
    pthread_mutex_unlock(&log->mutex);
    return has;
}

/* A context of nothing but the queue, with a session of the tenant. */
static inline test_context *context_open(const char *url, const char *tenant_id)
{
    test_context *t = calloc(1, sizeof *t);

    cr_assert(t);
    pthread_mutex_init(&t->log.mutex, NULL);
    t->context.options.log = take_log;
    t->context.options.log_user = &t->log;
    t->context.options.log_level = DRMGMT_LOG_INFO;
    t->context.options.application_name = strdup("queue test");
    if (url) {
        t->context.options.redis_url = strdup(url);
        cr_assert(drmgmt__publisher_new(&t->context, &t->context.publisher, NULL) == 0);
        cr_assert(drmgmt__hub_new(&t->context, &t->context.hub, NULL) == 0);
    }
    t->session.context = &t->context;
    snprintf(t->session.tenant_id, sizeof t->session.tenant_id, "%s", tenant_id);
    return t;
}

static inline void context_close(test_context *t)
{
    drmgmt__hub_free(t->context.hub);
    drmgmt__publisher_free(t->context.publisher);
    free(t->context.options.redis_url);
    free(t->context.options.application_name);
    pthread_mutex_destroy(&t->log.mutex);
    free(t);
}

static inline drmgmt_subscription *subscribe(test_context *t, const char *job_id, const char *last_event_id)
{
    drmgmt_subscription *s = NULL;

    cr_assert(drmgmt__subscribe(&t->session, job_id, false, last_event_id, &s, NULL) == 0);
    return s;
}

/* An event whose data is {"n":number}. */
static inline void publish(test_context *t, const char *tenant_id, const char *job_id, unsigned number)
{
    char data[32];
    int n = snprintf(data, sizeof data, "{\"n\":%u}", number);

    drmgmt__publish_event(t->context.publisher, tenant_id, job_id, DRMGMT_EVENT_UPDATE, data, (size_t)n);
}

enum { RESYNC = -1, NOTHING = -2 };
/* The next event's number, RESYNC, or NOTHING within ms; its id is stored when asked for. */
static inline int next_number(drmgmt_subscription *s, unsigned ms, char id[64])
{
    drmgmt_event event = { 0 };
    unsigned number = 0;
    int got = drmgmt_subscription_next(s, ms, &event, NULL);

    cr_assert(got >= 0);
    if (!got)
        return NOTHING;
    if (id)
        memcpy(id, event.id, 64);
    bool resync = event.kind == DRMGMT_EVENT_RESYNC;
    cr_assert(resync ? !event.data : sscanf(event.data, "{\"n\":%u}", &number) == 1);
    drmgmt_event_clear(&event);
    return resync ? RESYNC : (int)number;
}

/* How many entries a folder of /proc/self has. */
static inline int count_own(const char *what)
{
    char path[64];
    int n = 0;

    snprintf(path, sizeof path, "/proc/self/%s", what);
    DIR *folder = opendir(path);
    cr_assert(folder);
    while (readdir(folder))
        n++;
    closedir(folder);
    return n;
}

#endif
