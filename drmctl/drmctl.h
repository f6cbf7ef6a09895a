/* What drmctl's files share: the shape of the command table, one invocation, and the helpers every command uses. A
 * handler (cmd_*.c) gets the invocation, calls the library, writes through a writer and returns the exit code. */
#ifndef DRMCTL_H
#define DRMCTL_H

#include <drm/sdk.h>
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CTL_COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { CTL_EXIT_FAILURE = 1, CTL_EXIT_USAGE = 2 };

/* ---- the table (commands.c) ---- */
typedef struct ctl_option {
    const char *name;  /* "output", given as --output */
    char letter;       /* 'o', given as -o; 0: none */
    const char *value; /* what it takes ("FILE"), as help shows it; NULL: a switch */
    const char *env;   /* the variable that stands in for it; NULL: none */
    const char *doc;   /* one line, no full stop */
} ctl_option;

typedef struct ctl_group {
    const char *title; /* heading in help */
    const ctl_option *options;
    size_t count;
} ctl_group;

enum { /* ctl_command.groups: shared options, in the order of ctl_groups */
       CTL_OUTPUT = 1,
       CTL_LIST = 2,
       CTL_DATABASE = 4,
       CTL_LOGIN = 8,
       CTL_OWNER = 16,
       CTL_SESSION = CTL_DATABASE | CTL_LOGIN, /* what every command that opens a session takes */
       CTL_GROUPS = 5
};

typedef struct ctl ctl;

typedef struct ctl_command {
    const char *noun, *verb; /* verb NULL: the noun alone is the command */
    const char *arguments;   /* as usage shows them; "" for none */
    int min, max;            /* how many arguments; max -1: any number */
    const ctl_option *options;
    size_t n_options;
    unsigned groups;
    const char *entity; /* whose FILTER fields are options too; NULL: none */
    int (*run)(ctl *c);
    const char *summary;  /* one line, no full stop */
    const char *text;     /* further paragraphs of help; NULL: none */
    const char *examples; /* one a line */
} ctl_command;

extern const ctl_command ctl_commands[];
extern const size_t ctl_n_commands;
extern const ctl_group ctl_groups[CTL_GROUPS];
const char *ctl_noun_summary(const char *noun); /* NULL when there is no such noun */

/* Every option a command takes: f returns false to stop. Filters of its entity come last, made on the fly. */
typedef bool ctl_option_fn(void *user, const ctl_option *option, const char *group);
void ctl_each_option(const ctl_command *command, ctl_option_fn *f, void *user);
/* "tags" is filtered one by one: its option is --tag; other fields are options with - for _. A time is asked for by
 * --since and --until, which are no fields. */
void ctl_filter_option(const drmgmt_field *field, char out[64]);

/* ---- one invocation (parse.c) ---- */
typedef struct ctl_given {
    const char *name, *value; /* value NULL: a switch */
} ctl_given;

struct ctl {
    const ctl_command *command;
    const char **words, **args; /* all words; those after noun and verb */
    int n_args;
    ctl_given *given;
    size_t n_given;
    drmgmt_context *context; /* ctl_connect() */
    drmgmt_session *session; /* ctl_open() */
};

/* Returns -1 to go on with *c filled, or the exit code after help or a complaint. */
int ctl_parse(ctl *c, int argc, char **argv);
void ctl_clear(ctl *c);
/* The value of an option, last one wins, else of its variable; NULL when neither is there. */
const char *ctl_value(const ctl *c, const char *name);
/* The n-th value of an option that may be repeated; NULL past the end. */
const char *ctl_nth(const ctl *c, const char *name, size_t n);
bool ctl_has(const ctl *c, const char *name); /* given on the command line */
/* A whole number of an option within low..high; left alone when the option is not given. Returns 0 or the exit code. */
int ctl_number(const ctl *c, const char *name, long long low, long long high, long long *number);
/* Seconds, with a fraction if wanted, as ms. */
int ctl_seconds(const ctl *c, const char *name, unsigned *ms);

/* ---- help (help.c, completion.c) ---- */
int ctl_help(const char *noun, const char *verb);
void ctl_help_short(void); /* on stderr, after a usage error without any word */
/* The nearest of words within reach of a typing slip; NULL if none. (suggest.c) */
typedef struct ctl_nearest {
    const char *wanted;
    char best[80];
    size_t distance;
} ctl_nearest;
void ctl_nearest_try(ctl_nearest *n, const char *candidate);
const char *ctl_nearest_word(const ctl_nearest *n);

/* ---- complaints (report.c): one line on stderr; return the exit code ---- */
int ctl_usage(const ctl *c, const char *format, ...) DRMGMT_PRINTF(2, 3);
int ctl_complain(drmgmt_status status, const char *format, ...) DRMGMT_PRINTF(2, 3);
/* Both free error. better: what to do, where the handler knows more than the status tells; NULL: the status's own hint.
 */
int ctl_fail(drmgmt_error *error);
int ctl_fail_hint(drmgmt_error *error, const char *better);
void ctl_note(const char *format, ...) DRMGMT_PRINTF(1, 2); /* something to know, no failure */
/* What a signal that ends the program says first; "" for nothing. Also ends a live line. */
void ctl_set_farewell(const char *text);
struct termios;
/* NULL: it is as it was. */
void ctl_restore_terminal_on_signal(const struct termios *before);

/* While held, a signal that ends the program waits: for what must not be cut in two. Not a mask, because the library's
 * threads would still take it. */
void ctl_hold_signals(bool hold);

/* ---- input (input.c) ---- */
/* The whole of a file, or of standard input for "-", at most max bytes, NUL-terminated, no NUL within. Wipe it if it is
 * secret. Returns 0 or the exit code. */
int ctl_read_all(const char *path, size_t max, char **text, size_t *length);
int ctl_read_fd(int fd, const char *path, size_t max, char **text, size_t *length);
/* The first line of it: a secret of one line. Free with ctl_free_secret(). */
/* The value of --password-file, else asked for without echo. */
int ctl_get_password(const ctl *c, char **password);
int ctl_read_secret(const char *path, const char *what, char **secret);
/* Asks on the terminal without echo. Only if ctl_can_ask(). */
bool ctl_can_ask(void);
/* A one-time or recovery code: a copy of the one given, or asked for. Free with ctl_free_secret().
 * (cmd_second_factor.c) */
int ctl_ask_code(const ctl *c, const char *given, const char *prompt, char **code);
int ctl_ask_secret(const char *prompt, char **secret);
/* Asks yes or no; true without asking when --yes is given or nobody is there to answer. */
bool ctl_confirm(const ctl *c, const char *format, ...) DRMGMT_PRINTF(2, 3);
void ctl_free_secret(char *secret);
/* A JSON object from a file or "-". */
int ctl_read_json(const char *path, json_t **object);

/* ---- connection and session (connection.c, session.c, session_file.c) ---- */
int ctl_connect(ctl *c);
int ctl_open(ctl *c);
extern const drmgmt_origin ctl_origin; /* what audit rows say of where a command came from */
int ctl_owner_url(const ctl *c, const char **url);
int ctl_keyring(const ctl *c, const char *purpose, const char **path);

/* What the session file holds: tokens of a log-in, or an API key. */
typedef struct ctl_login {
    char *access_token, *refresh_token, *api_key;
    long long expires_at; /* of the access token, seconds since 1970 */
} ctl_login;
void ctl_login_clear(ctl_login *login);
int ctl_session_path(const ctl *c, char **path);
/* *found false and 0 when there is no file. */
int ctl_session_load(const char *path, ctl_login *login, bool *found);
int ctl_session_save(const char *path, const ctl_login *login);
int ctl_session_remove(const char *path);
/* Keeps other drmctl from refreshing at once; *fd is closed to let go. Makes the folder. */
int ctl_session_lock(const char *path, int *fd);
/* Keeps it, under the lock. */
int ctl_login_keep(const char *path, const ctl_login *login);
void ctl_login_take(ctl_login *login, drmgmt_tokens *tokens);
/* Logs in by the provider that --oidc names, through a browser on this machine (login_oidc.c). */
int ctl_login_by_oidc(ctl *c, ctl_login *login);

/* ---- devices by name or id (cmd_device.c) ---- */
int ctl_device_id(ctl *c, const char *name_or_id, char id[37]);

/* ---- users by address or id (cmd_user.c) ---- */
int ctl_user_id(ctl *c, const char *email_or_id, char id[37]);

/* ---- handlers ---- */
int ctl_cmd_init(ctl *c);
int ctl_cmd_db_migrate(ctl *c);
int ctl_cmd_db_status(ctl *c);
int ctl_cmd_worker_list(ctl *c);
int ctl_cmd_tenant_list(ctl *c);
int ctl_cmd_tenant_show(ctl *c);
int ctl_cmd_tenant_create(ctl *c);
int ctl_cmd_tenant_class(ctl *c);
int ctl_cmd_tenant_rename(ctl *c);
int ctl_cmd_tenant_suspend(ctl *c);
int ctl_cmd_tenant_resume(ctl *c);
int ctl_cmd_tenant_quota(ctl *c);
int ctl_cmd_tenant_delete(ctl *c);
int ctl_cmd_login(ctl *c);
int ctl_cmd_logout(ctl *c);
int ctl_cmd_whoami(ctl *c);
int ctl_cmd_second_factor_status(ctl *c);
int ctl_cmd_second_factor_enroll(ctl *c);
int ctl_cmd_second_factor_confirm(ctl *c);
int ctl_cmd_second_factor_disable(ctl *c);
int ctl_cmd_second_factor_recovery_codes(ctl *c);
int ctl_cmd_second_factor_reset(ctl *c);
int ctl_cmd_tenant_settings(ctl *c);
int ctl_cmd_quota(ctl *c);
int ctl_cmd_device_create(ctl *c);
int ctl_cmd_device_list(ctl *c);
int ctl_cmd_device_show(ctl *c);
int ctl_cmd_device_parameters(ctl *c);
int ctl_cmd_parameter_list(ctl *c);
int ctl_cmd_device_update(ctl *c);
int ctl_cmd_device_delete(ctl *c);
int ctl_cmd_credential_create(ctl *c);
int ctl_cmd_credential_list(ctl *c);
int ctl_cmd_credential_show(ctl *c);
int ctl_cmd_credential_update(ctl *c);
int ctl_cmd_credential_delete(ctl *c);
int ctl_cmd_user_create(ctl *c);
int ctl_cmd_user_invite(ctl *c);
int ctl_cmd_user_list(ctl *c);
int ctl_cmd_user_show(ctl *c);
int ctl_cmd_user_update(ctl *c);
int ctl_cmd_user_delete(ctl *c);
int ctl_cmd_user_logout(ctl *c);
int ctl_cmd_user_reset_password(ctl *c);
int ctl_cmd_role_create(ctl *c);
int ctl_cmd_role_list(ctl *c);
int ctl_cmd_role_show(ctl *c);
int ctl_cmd_role_update(ctl *c);
int ctl_cmd_role_delete(ctl *c);
int ctl_cmd_role_assignments(ctl *c);
int ctl_cmd_role_assign(ctl *c);
int ctl_cmd_role_withdraw(ctl *c);
int ctl_cmd_password(ctl *c);
int ctl_cmd_invitation_accept(ctl *c);
int ctl_cmd_invitation_link(ctl *c);
int ctl_cmd_switch(ctl *c);
int ctl_cmd_snmp_get(ctl *c);
int ctl_cmd_snmp_getnext(ctl *c);
int ctl_cmd_snmp_walk(ctl *c);
int ctl_cmd_snmp_bulkwalk(ctl *c);
int ctl_cmd_snmp_table(ctl *c);
int ctl_cmd_snmp_set(ctl *c);
int ctl_cmd_job_list(ctl *c);
int ctl_cmd_job_show(ctl *c);
int ctl_cmd_job_watch(ctl *c);
int ctl_cmd_job_cancel(ctl *c);
int ctl_cmd_job_submit(ctl *c);
int ctl_cmd_schedule_add(ctl *c);
int ctl_cmd_schedule_list(ctl *c);
int ctl_cmd_schedule_show(ctl *c);
int ctl_cmd_schedule_next(ctl *c);
int ctl_cmd_schedule_enable(ctl *c);
int ctl_cmd_schedule_disable(ctl *c);
int ctl_cmd_schedule_run(ctl *c);
int ctl_cmd_schedule_remove(ctl *c);
int ctl_cmd_batch_create(ctl *c);
int ctl_cmd_batch_list(ctl *c);
int ctl_cmd_batch_show(ctl *c);
int ctl_cmd_batch_watch(ctl *c);
int ctl_cmd_batch_results(ctl *c);
int ctl_cmd_batch_retry(ctl *c);
int ctl_cmd_batch_pause(ctl *c);
int ctl_cmd_batch_resume(ctl *c);
int ctl_cmd_batch_cancel(ctl *c);
int ctl_cmd_job_requeue(ctl *c);
int ctl_cmd_api_key_create(ctl *c);
int ctl_cmd_api_key_list(ctl *c);
int ctl_cmd_api_key_revoke(ctl *c);
int ctl_cmd_outbound_list(ctl *c);
int ctl_cmd_outbound_allow(ctl *c);
int ctl_cmd_outbound_remove(ctl *c);
int ctl_cmd_outbound_check(ctl *c);
int ctl_cmd_event_list(ctl *c);
int ctl_cmd_event_follow(ctl *c);
int ctl_cmd_audit_list(ctl *c);
int ctl_cmd_audit_verify(ctl *c);
int ctl_cmd_audit_export(ctl *c);
int ctl_cmd_oidc_provider_create(ctl *c);
int ctl_cmd_oidc_provider_list(ctl *c);
int ctl_cmd_oidc_provider_show(ctl *c);
int ctl_cmd_oidc_provider_update(ctl *c);
int ctl_cmd_oidc_provider_delete(ctl *c);
int ctl_cmd_key_list(ctl *c);
int ctl_cmd_key_rotate(ctl *c);
int ctl_cmd_key_activate(ctl *c);
int ctl_cmd_key_retire(ctl *c);
int ctl_cmd_key_install(ctl *c);
int ctl_cmd_key_rotate_kek(ctl *c);
int ctl_cmd_key_reencrypt(ctl *c);
int ctl_cmd_driver_list(ctl *c);
int ctl_cmd_completion(ctl *c);
int ctl_cmd_version(ctl *c);
int ctl_cmd_help(ctl *c);

#endif
