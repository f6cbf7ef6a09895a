/* A PostgreSQL of the test's own, which it may stop and start; and other servers as child processes. Included by
 * test_pool.c and test_pooler.c. */
#ifndef DRMGMT_TESTS_PRIVATE_SERVER_H
#define DRMGMT_TESTS_PRIVATE_SERVER_H

#include <criterion/criterion.h>
#include <ftw.h>
#include <glob.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct private_server {
    char folder[64];
    char bin[128];             /* of PostgreSQL's programs */
    char owner[256], app[256]; /* URLs */
} private_server;

/* PostgreSQL and PgBouncer refuse to run as root. */
static inline const char *unprivileged(void)
{
    return getuid() == 0 ? "setpriv --reuid=postgres --regid=postgres --clear-groups " : "";
}

static inline void shell(const char *command)
{
    int status = system(command);

    cr_assert_eq(status, 0, "%s: status %d", command, status);
}

static inline void server_ctl(const private_server *s, const char *words)
{
    char command[1024];

    snprintf(command, sizeof command, "cd %s && %s%s/pg_ctl -D %s/data -l %s/log -w -t 60 %s >/dev/null 2>&1",
             s->folder, unprivileged(), s->bin, s->folder, s->folder, words);
    shell(command);
}

static inline void server_start(const private_server *s)
{
    char words[256];

    snprintf(words, sizeof words,
             "-o \"-k %s -c listen_addresses='' -c max_connections=100 -c shared_buffers=16MB\" start", s->folder);
    server_ctl(s, words);
}

static inline void server_new(private_server *s)
{
    char command[1024];
    glob_t found;

    cr_assert_eq(glob("/usr/lib/postgresql/*/bin", 0, NULL, &found), 0, "PostgreSQL's programs are missing");
    snprintf(s->bin, sizeof s->bin, "%s", found.gl_pathv[found.gl_pathc - 1]);
    globfree(&found);
    snprintf(s->folder, sizeof s->folder, "/tmp/drmgmt-unit-XXXXXX");
    cr_assert(mkdtemp(s->folder));
    struct passwd *user = getuid() == 0 ? getpwnam("postgres") : NULL;
    if (user)
        cr_assert_eq(chown(s->folder, user->pw_uid, user->pw_gid), 0);
    snprintf(command, sizeof command, "cd %s && %s%s/initdb -D %s/data -U owner -A trust -N >/dev/null", s->folder,
             unprivileged(), s->bin, s->folder);
    shell(command);
    server_start(s);
    snprintf(s->owner, sizeof s->owner, "postgresql://owner@/postgres?host=%s", s->folder);
    snprintf(s->app, sizeof s->app, "postgresql://drm_app@/postgres?host=%s", s->folder);
}

static inline int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st;
    (void)type;
    (void)at;
    return remove(path);
}

static inline void server_free(private_server *s)
{
    server_ctl(s, "-m immediate stop");
    nftw(s->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

#endif
