/* What the long-running programs do alike before and beside their own work: flags and environment, the library's
 * context, signals, the file that says they are ready. Shared by drmd and drm-worker. */
#ifndef DRMGMT_COMMON_PROGRAM_H
#define DRMGMT_COMMON_PROGRAM_H

#include <drm/sdk.h>
#include <getopt.h>
#include <signal.h>
#include <stdbool.h>

enum { PROGRAM_EXIT_USAGE = 2, PROGRAM_OUTBOUND_MAX = 64 };

/* Ids of the options every program has; those of its own begin with PROGRAM_OPT_OWN. */
enum program_option {
    PROGRAM_OPT_DATABASE = 1,
    PROGRAM_OPT_REDIS,
    PROGRAM_OPT_KEYRING,
    PROGRAM_OPT_POOL,
    PROGRAM_OPT_OUTBOUND,
    PROGRAM_OPT_LOG,
    PROGRAM_OPT_VERSION,
    PROGRAM_OPT_HELP,
    PROGRAM_OPT_OWN
};

/* Their rows in a program's table of options. */
/* clang-format off */
#define PROGRAM_OPTIONS                                                 \
    { "database-url", required_argument, NULL, PROGRAM_OPT_DATABASE },  \
    { "redis-url", required_argument, NULL, PROGRAM_OPT_REDIS },        \
    { "keyring", required_argument, NULL, PROGRAM_OPT_KEYRING },        \
    { "pool", required_argument, NULL, PROGRAM_OPT_POOL },              \
    { "outbound-allow", required_argument, NULL, PROGRAM_OPT_OUTBOUND },\
    { "log-level", required_argument, NULL, PROGRAM_OPT_LOG },          \
    { "version", no_argument, NULL, PROGRAM_OPT_VERSION },              \
    { "help", no_argument, NULL, PROGRAM_OPT_HELP }
/* clang-format on */

/* What those options and the environment set. Texts are NULL when neither names them, and are not copied. */
typedef struct program_settings {
    const char *database_url, *redis_url, *keyring;
    unsigned pool;
    const char *outbound[PROGRAM_OUTBOUND_MAX]; /* rules for all tenants */
    unsigned n_outbound;
    drmgmt_log_level log_level;
} program_settings;

typedef struct program {
    const char *name;  /* as messages, --version and PostgreSQL show it */
    const char *usage; /* what --help writes */
    const struct option *options;
    unsigned pool_least;                                    /* of --pool */
    bool (*apply)(void *config, int id, const char *value); /* one option of its own; false after a complaint */
    /* What an option of its own that only shows something shows: asked after the flags and before a database is wanted.
     * Returns the exit code, or -1 to go on. NULL: there is no such option. */
    int (*show)(const void *config);
    const char *library, *(*library_version)(void); /* a further library --version names; NULL: none */
} program;

/* Fills settings from the environment, then the flags, which win; pool is the caller's default until then. config goes
 * to apply. Returns -1 to go on, or the exit code. Called first: the functions below use the program's name. */
int program_configure(const program *p, program_settings *settings, void *config, int argc, char **argv);

/* For apply: "NAME: FLAG VALUE: WANTED" on standard error; false. */
bool program_complain(const char *flag, const char *value, const char *wanted);
bool program_number(const char *flag, const char *text, unsigned low, unsigned high, unsigned *value);

/* Says what failed and why, and frees error. Returns the exit code. */
int program_fail(const char *what, drmgmt_error *error);

/* A context that logs through jsonlog. Returns 0 or the exit code after a complaint. */
int program_open_context(const program_settings *settings, drmgmt_context **context);

/* Blocks SIGTERM, SIGINT and SIGHUP for this thread and those it starts from here on, and ignores SIGPIPE. *signals:
 * the three. */
void program_block_stops(sigset_t *signals);

/* Every so often a program looks whether its keyring changed, besides when SIGHUP asks it to. */
enum { PROGRAM_LOOK_SECONDS = 1 };
/* asked: by SIGHUP, so that the log tells also that nothing changed. */
void program_look_at_keyring(drmgmt_context *context, bool asked);

/* Writes text and a newline into a file that a flag named. Returns 0 or the exit code after a complaint. */
int program_write_file(const char *flag, const char *path, const char *text);

#endif
