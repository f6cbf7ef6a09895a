/* Passwords: scrypt (RFC 7914) by OpenSSL. Called by login.c and tenant/. A hash takes a core for a quarter of a second
 * and 32 MiB: as many run at once as there are cores, at low priority, so that what else is asked for goes first; a few
 * callers wait, the others are told to come back. */
#include "auth/auth.h"
#include "core/core.h"
#include <errno.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

enum { LOG_N = 15, BLOCK = 8, PARALLEL = 3, SALT_SIZE = 16, HASH_SIZE = 32 };
enum { LENGTH_MAX = 1024, CHARACTERS_MIN = 12 };
enum { WAITERS_MAX = 64, WAIT_SECONDS = 5 };
/* Of the threads that hash: a tenth of a core's time while others want it, all of it while nobody does. */
enum { NICE = 10 };

/* A stored hash brings its own parameters, so that they can be raised; these bounds keep a row from taking the machine:
 * 256 MiB, sixteen times the work of today. */
enum { LOG_N_MIN = 10, LOG_N_MAX = 18, BLOCK_MAX = 32, PARALLEL_MAX = 16, SALT_MIN = 8, SALT_MAX = 64 };
#define MEMORY_MAX (UINT64_C(256) << 20)
#define WORK_MAX   (UINT64_C(16) * (1 << LOG_N) * BLOCK * PARALLEL)

struct stored {
    unsigned log_n, r, p;
    uint8_t salt[SALT_MAX], hash[HASH_SIZE];
    size_t salt_size;
};

static atomic_uint_fast64_t computed;

uint64_t drmgmt__password_count(void)
{
    return atomic_load(&computed);
}

/* ---- turns ---- */

static struct {
    pthread_mutex_t mutex;
    pthread_cond_t freed;
    unsigned running, waiting;
} turns = { .mutex = PTHREAD_MUTEX_INITIALIZER, .freed = PTHREAD_COND_INITIALIZER };

/* The cores this process may use: in a container fewer than the machine has. */
static unsigned cores(void)
{
    cpu_set_t set;

    return sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0 ? (unsigned)CPU_COUNT(&set) : 1;
}

static int crowded(drmgmt_error **error)
{
    return drmgmt__fail_later(error, WAIT_SECONDS, "too many passwords are being checked: try again in a few seconds");
}

int drmgmt__password_room(drmgmt_error **error)
{
    pthread_mutex_lock(&turns.mutex);
    bool room = turns.waiting < WAITERS_MAX;
    pthread_mutex_unlock(&turns.mutex);
    return room ? 0 : crowded(error);
}

static int take_turn(drmgmt_error **error)
{
    unsigned most = cores();
    struct timespec until;
    bool late = false;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += WAIT_SECONDS;
    pthread_mutex_lock(&turns.mutex);
    late = turns.running >= most && turns.waiting >= WAITERS_MAX;
    turns.waiting++;
    while (!late && turns.running >= most)
        late = pthread_cond_clockwait(&turns.freed, &turns.mutex, CLOCK_MONOTONIC, &until) == ETIMEDOUT &&
               turns.running >= most;
    turns.waiting--;
    if (!late)
        turns.running++;
    pthread_mutex_unlock(&turns.mutex);
    return late ? crowded(error) : 0;
}

static void give_turn(void)
{
    pthread_mutex_lock(&turns.mutex);
    turns.running--;
    pthread_cond_signal(&turns.freed);
    pthread_mutex_unlock(&turns.mutex);
}

/* ---- scrypt ---- */

struct work {
    const char *password;
    const struct stored *stored;
    uint8_t *out;
    bool done;
};

static void scrypt(struct work *w)
{
    const struct stored *s = w->stored;

    /* maxmem: RFC 7914's two arrays and OpenSSL's small change; its default refuses today's parameters. */
    w->done = EVP_PBE_scrypt(w->password, strlen(w->password), s->salt, s->salt_size, UINT64_C(1) << s->log_n, s->r,
                             s->p, MEMORY_MAX + (1 << 20), w->out, HASH_SIZE) == 1;
}

static void *scrypt_politely(void *user)
{
    setpriority(PRIO_PROCESS, 0,
                NICE); /* on Linux of this thread alone; should it be refused, the work is done all the same */
    scrypt(user);
    return NULL;
}

/* On a thread of its own, because a thread that lowered its priority could not raise it again. */
static void work(struct work *w)
{
    pthread_t thread;
    sigset_t all, before;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(&thread, NULL, scrypt_politely, w);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed)
        scrypt(w);
    else
        pthread_join(thread, NULL);
}

static int compute(const char *password, const struct stored *s, uint8_t out[HASH_SIZE], drmgmt_error **error)
{
    struct work w = { password, s, out, false };
    int rc = take_turn(error);

    if (rc)
        return rc;
    atomic_fetch_add(&computed, 1);
    work(&w);
    give_turn();
    return w.done ? 0
                  : drmgmt__fail_full(error, DRMGMT_ERR_NO_MEMORY, true, NULL, NULL,
                                      "there is no memory to check a password: try again");
}

static int check_length(const char *password, drmgmt_error **error)
{
    size_t n = password ? strnlen(password, LENGTH_MAX + 1) : 0;

    return n >= 1 && n <= LENGTH_MAX ? 0
                                     : drmgmt__fail_full(error, DRMGMT_ERR_INVALID, false, NULL, "password",
                                                         "password: 1 to %d bytes are expected", LENGTH_MAX);
}

int drmgmt__password_hash(const char *password, char **text, drmgmt_error **error)
{
    struct stored s = { .log_n = LOG_N, .r = BLOCK, .p = PARALLEL, .salt_size = SALT_SIZE };
    char salt[4 * ((SALT_SIZE + 2) / 3) + 1], hash[4 * ((HASH_SIZE + 2) / 3) + 1];
    int rc = check_length(password, error);

    if (rc)
        return rc;
    if (drmgmt__text_length(password) < CHARACTERS_MIN)
        return drmgmt__fail_full(error, DRMGMT_ERR_INVALID, false, NULL, "password",
                                 "password: at least %d characters are expected, in UTF-8, no control characters",
                                 CHARACTERS_MIN);
    if (drmgmt__random(s.salt, SALT_SIZE))
        return drmgmt__fail(error, DRMGMT_ERR_CRYPTO, "the system gives no random numbers");
    rc = compute(password, &s, s.hash, error);
    if (rc)
        return rc;
    drmgmt__b64url(s.salt, SALT_SIZE, salt);
    drmgmt__b64url(s.hash, HASH_SIZE, hash);
    drmgmt__wipe(&s, sizeof s);
    rc = asprintf(text, "$scrypt$ln=%d,r=%d,p=%d$%s$%s", LOG_N, BLOCK, PARALLEL, salt, hash);
    drmgmt__wipe(hash, sizeof hash);
    return rc < 0 ? drmgmt__fail_memory(error) : 0;
}

/* ---- stored hashes ---- */

/* A number without sign and leading zeros after its name; moves past it. */
static bool read_number(const char **at, const char *name, unsigned *value)
{
    size_t n = strlen(name), digits;

    if (strncmp(*at, name, n) != 0)
        return false;
    digits = strspn(*at + n, "0123456789");
    if (digits < 1 || digits > 3 || (*at)[n] == '0')
        return false;
    *value = 0;
    for (size_t i = 0; i < digits; i++)
        *value = *value * 10 + (unsigned)((*at)[n + i] - '0');
    *at += n + digits;
    return true;
}

static bool within_bounds(const struct stored *s)
{
    return s->log_n >= LOG_N_MIN && s->log_n <= LOG_N_MAX && s->r <= BLOCK_MAX && s->p <= PARALLEL_MAX &&
           (UINT64_C(128) << s->log_n) * s->r <= MEMORY_MAX && (UINT64_C(1) << s->log_n) * s->r * s->p <= WORK_MAX;
}

static bool parse(const char *text, struct stored *s)
{
    if (!read_number(&text, "$scrypt$ln=", &s->log_n) || !read_number(&text, ",r=", &s->r) ||
        !read_number(&text, ",p=", &s->p) || *text != '$' || !within_bounds(s))
        return false;
    const char *salt = text + 1, *hash = strchr(salt, '$');
    if (!hash)
        return false;
    long n = drmgmt__unb64url(salt, (size_t)(hash - salt), s->salt, SALT_MAX);
    if (n < SALT_MIN || drmgmt__unb64url(hash + 1, strlen(hash + 1), s->hash, HASH_SIZE) != HASH_SIZE)
        return false;
    s->salt_size = (size_t)n;
    return true;
}

int drmgmt__password_verify(const char *password, const char *text, drmgmt_error **error)
{
    struct stored s = { 0 };
    uint8_t found[HASH_SIZE];
    int rc = check_length(password, error);

    if (rc)
        return rc;
    bool real = text && parse(text, &s);
    if (!real)
        s = (struct stored){ .log_n = LOG_N, .r = BLOCK, .p = PARALLEL, .salt_size = SALT_SIZE };
    rc = compute(password, &s, found, error);
    if (!rc && !(drmgmt__equal(found, s.hash, HASH_SIZE) & real))
        rc = drmgmt__fail(error, DRMGMT_ERR_UNAUTHENTICATED, "the password is wrong");
    drmgmt__wipe(found, sizeof found);
    drmgmt__wipe(&s, sizeof s);
    return rc;
}
