/* THE table: every command of drmctl. Parsing, help, completion and the test of the manual page are read off it. */
#include "drmctl.h"
#include <stdio.h>
#include <string.h>

static const ctl_option output_options[] = {
    { "output", 'o', "FORMAT", NULL, "table, json or csv; table unless told otherwise" },
};

static const ctl_option list_options[] = {
    { "columns", 0, "A,B,...", NULL, "the fields to show, in this order" },
    { "limit", 0, "N", NULL, "show at most N; 50 unless told otherwise" },
    { "all", 0, NULL, NULL, "show all, page after page" },
    { "cursor", 0, "CURSOR", NULL, "go on where a list before this one ended" },
    { "sort", 0, "[-]FIELD", NULL, "sort by a field, with - downwards" },
};

static const ctl_option database_options[] = {
    { "database-url", 0, "URL", "DRM_APP_DATABASE_URL", "PostgreSQL, as the application role" },
    { "redis-url", 0, "URL", "DRM_REDIS_URL", "Redis: doorbell and events" },
    { "keyring", 0, "FILE", "DRM_KEYRING", "the keyring made by init" },
};

static const ctl_option login_options[] = {
    { "api-key-file", 0, "FILE", "DRM_API_KEY",
      "act by the API key in FILE (- is standard input); the variable holds the key itself" },
    { "session-file", 0, "FILE", "DRM_SESSION", "where the log-in is kept" },
};

static const ctl_option owner_options[] = {
    { "owner-url", 0, "URL", "DRM_DATABASE_URL", "PostgreSQL, as the owner of the schema" },
};

const ctl_group ctl_groups[CTL_GROUPS] = {
    { "Output", output_options, CTL_COUNT(output_options) },
    { "List", list_options, CTL_COUNT(list_options) },
    { "Connection", database_options, CTL_COUNT(database_options) },
    { "Log-in", login_options, CTL_COUNT(login_options) },
    { "Database", owner_options, CTL_COUNT(owner_options) },
};

static const ctl_option init_options[] = {
    { "tenant", 0, "NAME", NULL, "name of the tenant" },
    { "platform", 0, NULL, NULL, "make an administrator of the platform, who manages tenants, in place of a tenant" },
    { "email", 0, "ADDRESS", NULL, "e-mail address of the administrator, who logs in by it" },
    { "password-file", 0, "FILE", NULL, "the password, in the first line of FILE (- is standard input)" },
    { "keyring", 0, "FILE", "DRM_KEYRING", "the keyring; made when it is not there" },
    { "outbound-allow", 0, "RULE", NULL,
      "an outbound rule of the tenant: CIDR[:PORT[-PORT]][/udp or /tcp]; may be repeated" },
};

static const ctl_option log_in_options[] = {
    { "email", 0, "ADDRESS", NULL, "e-mail address to log in by" },
    { "tenant", 0, "NAME", NULL, "which tenant, where the address has users in several" },
    { "password-file", 0, "FILE", NULL, "the password, in the first line of FILE (- is standard input)" },
    { "second-factor", 0, "CODE", NULL, "a code of the authenticator, or a recovery code; asked for when needed" },
    { "oidc", 0, "PROVIDER", NULL, "log in by this OpenID Connect provider of the tenant" },
    { "no-browser", 0, NULL, NULL, "with --oidc: only show the page's address, open no browser" },
    { "api-key-file", 0, "FILE", NULL, "keep the API key in FILE (- is standard input) in place of a log-in" },
    { "session-file", 0, "FILE", "DRM_SESSION", "where the log-in is kept" },
};

static const ctl_option log_out_options[] = {
    { "everywhere", 0, NULL, NULL, "end all of your log-ins, on every machine" },
    { "session-file", 0, "FILE", "DRM_SESSION", "where the log-in is kept" },
};

#define SNMP_OPTIONS                                                                                                   \
    { "snmp", 0, "ADDRESS[:PORT]", NULL, "it speaks SNMP there; an IPv6 address with a port is [ADDRESS]:PORT" },      \
        { "snmp-version", 0, "VERSION", NULL, "1 or 2c" },                                                             \
        { "community-file", 0, "FILE", NULL, "the community, in the first line of FILE (- is standard input)" },       \
        { "credential", 0, "ID", NULL, "use this SNMP credential in place of a community" },                           \
        { "profile", 0, "JSON", NULL, "a whole protocol profile; may be repeated" },                                   \
        { "tag", 0, "TAG", NULL, "a tag; may be repeated" }, { "description", 0, "TEXT", NULL, "a description" },      \
    {                                                                                                                  \
        "json", 0, "FILE", NULL, "the fields as a JSON object (- is standard input); other options win over it"        \
    }

static const ctl_option device_create_options[] = { SNMP_OPTIONS };

static const ctl_option device_update_options[] = {
    { "name", 0, "NAME", NULL, "another name" },
    SNMP_OPTIONS,
    { "if-version", 0, "N", NULL, "only if its version is still N" },
};

static const ctl_option delete_options[] = {
    { "if-version", 0, "N", NULL, "only if its version is still N" },
    { "yes", 'y', NULL, NULL, "do not ask" },
};

static const ctl_option tenant_create_options[] = {
    { "email", 0, "ADDRESS", NULL, "e-mail address of its first administrator" },
    { "password-file", 0, "FILE", NULL, "the password, in the first line of FILE (- is standard input)" },
};

static const ctl_option tenant_change_options[] = {
    { "if-version", 0, "N", NULL, "only if its version is still N" },
};

static const ctl_option tenant_quota_options[] = {
    { "devices", 0, "N", NULL, "devices at most; none: no limit, here and below" },
    { "queued-jobs", 0, "N", NULL, "jobs that have not ended at most" },
    { "running-jobs", 0, "N", NULL, "jobs that run at a time at most" },
    { "api-requests", 0, "N", NULL, "API requests a minute at most" },
    { "if-version", 0, "N", NULL, "only if its version is still N" },
};

static const ctl_option tenant_delete_options[] = {
    { "if-version", 0, "N", NULL, "only if its version is still N" },
    { "wait", 0, NULL, NULL, "wait until all its rows are removed, and tell how many are" },
    { "yes", 'y', NULL, NULL, "do not ask" },
};

static const ctl_option revoke_options[] = { { "yes", 'y', NULL, NULL, "do not ask" } };

static const ctl_option api_key_create_options[] = {
    { "scope", 0, "PERMISSION", NULL, "the key may do only this of what you may; may be repeated" },
    { "address", 0, "CIDR", NULL, "the key may be used only from there; may be repeated" },
    { "expires-in", 0, "TIME", NULL, "how long it is good for: 90d, 12h, 30m" },
    { "expires-at", 0, "TIME", NULL, "until when it is good, like 2026-12-31T00:00:00Z" },
};

#define CREDENTIAL_OPTIONS                                                                                             \
    { "community-file", 0, "FILE", NULL, "the community, in the first line of FILE (- is standard input)" },           \
        { "snmp-version", 0, "VERSION", NULL, "1, 2c or 3" }, { "username", 0, "NAME", NULL, "version 3: the user" },  \
        { "auth-protocol", 0, "NAME", NULL, "MD5, SHA, SHA-224, SHA-256, SHA-384 or SHA-512" },                        \
        { "auth-password-file", 0, "FILE", NULL, "its passphrase, in the first line of FILE" },                        \
        { "priv-protocol", 0, "NAME", NULL, "DES, AES-128, AES-192, AES-256, or as Cisco does AES-192-C, AES-256-C" }, \
        { "priv-password-file", 0, "FILE", NULL, "its passphrase, in the first line of FILE" },                        \
    {                                                                                                                  \
        "context-name", 0, "NAME", NULL, "the context, where an agent has several"                                     \
    }

static const ctl_option credential_create_options[] = { CREDENTIAL_OPTIONS };

static const ctl_option credential_update_options[] = {
    { "name", 0, "NAME", NULL, "another name" },
    CREDENTIAL_OPTIONS,
    { "if-version", 0, "N", NULL, "only if its version is still N" },
};

#define WAIT_OPTIONS                                                                                                   \
    { "wait", 0, NULL, NULL, "wait for the job's end and show what came back" },                                       \
    {                                                                                                                  \
        "timeout", 0, "SECONDS", NULL, "with --wait: how long to wait; 60 unless told otherwise"                       \
    }

#define PROVIDER_OPTIONS                                                                                               \
    { "issuer", 0, "URL", NULL, "the issuer, exactly as its own documents write it" },                                 \
        { "client-id", 0, "ID", NULL, "what the issuer knows us by" },                                                 \
        { "client-secret-file", 0, "FILE", NULL, "its secret, in the first line of FILE (- is standard input)" },      \
        { "redirect-uri", 0, "URI", NULL, "where the browser comes back to, as registered at the issuer" },            \
        { "scopes", 0, "WORDS", NULL, "what is asked for; \"openid email\" unless told otherwise" },                   \
        { "link-by-email", 0, "true|false", NULL, "whether a new account is the user of its verified address" },       \
        { "create-users", 0, "true|false", NULL, "whether a new account with a verified address is a new user" },      \
        { "default-role", 0, "ROLE", NULL, "role of users so created: none, viewer or operator" },                     \
        { "email-domain", 0, "DOMAIN", NULL, "create users of this domain only; may be repeated" },                    \
        { "trust-issuer-factor", 0, "true|false", NULL, "whether the issuer's second factor stands for ours" },        \
    {                                                                                                                  \
        "enabled", 0, "true|false", NULL, "whether one may log in by it"                                               \
    }

static const ctl_option provider_create_options[] = { PROVIDER_OPTIONS };

static const ctl_option provider_update_options[] = {
    { "name", 0, "NAME", NULL, "another name" },
    PROVIDER_OPTIONS,
    { "no-client-secret", 0, NULL, NULL, "forget the secret: a public client, which PKCE protects alone" },
    { "if-version", 0, "N", NULL, "only if its version is still N" },
};

#include "commands_batch.h"
#include "commands_parameter.h"
#include "commands_schedule.h"
#include "commands_snmp.h"
#include "commands_worker.h"

#include "commands_job.h"

static const ctl_option code_options[] = {
    { "code", 0, "CODE", NULL, "a code of the authenticator, or a recovery code; asked for on a terminal" },
};

static const ctl_option tenant_settings_options[] = {
    { "require-second-factor", 0, "true|false", NULL, "whether every user needs a second factor" },
    { "keep-results-days", 0, "DAYS", NULL, "keep results from now on that long: 1, 7, 30, 90, 365, or 0 for ever" },
    { "keep-events-days", 0, "DAYS", NULL, "the same for events of devices" },
};

#define RULE_OPTIONS                                                                                                   \
    {                                                                                                                  \
        "tenant", 0, "TENANT", NULL, "whose rules, by name or id; for platform administrators"                         \
    }

static const ctl_option outbound_list_options[] = { RULE_OPTIONS };

static const ctl_option outbound_allow_options[] = {
    RULE_OPTIONS,
    { "port", 0, "PORT[-PORT]", NULL, "only these ports; all unless told otherwise" },
    { "transport", 0, "TRANSPORT", NULL, "udp, tcp or any; any unless told otherwise" },
    { "note", 0, "TEXT", NULL, "what it is for" },
};

static const ctl_option outbound_remove_options[] = { RULE_OPTIONS, { "yes", 'y', NULL, NULL, "do not ask" } };

static const ctl_option outbound_check_options[] = {
    RULE_OPTIONS,
    { "port", 0, "PORT", NULL, "to this port; 161 unless told otherwise" },
    { "transport", 0, "TRANSPORT", NULL, "udp or tcp; udp unless told otherwise" },
};

static const ctl_option audit_verify_options[] = {
    { "head", 0, "LINKS:HASH", NULL, "an earlier verification's head, which must still be in the chain" },
    { "tenant", 0, "ID", NULL, "as an administrator of the platform: another tenant's chain" },
    { "all", 0, NULL, NULL, "as an administrator of the platform: the chains of all tenants" },
    { "file", 0, "FILE", NULL, "prove an export (- is standard input), without any database" },
};

static const ctl_option event_follow_options[] = {
    { "kind", 0, "KIND", NULL, "only events of this name, such as snmp.trap or job.done; * stands for anything" },
    { "device", 0, "DEVICE", NULL, "only events of this device, and of jobs on it" },
    { "after", 0, "ID", NULL, "begin after the event with this id, as far as it is still known" },
    { "count", 0, "N", NULL, "end after N of them" },
};

static const ctl_option audit_export_options[] = {
    { "after", 0, "N", NULL, "only what comes after link N" },
};

#define KEYRING_OPTION                                                                                                 \
    {                                                                                                                  \
        "keyring", 0, "FILE", "DRM_KEYRING", "the keyring made by init"                                                \
    }
#define KIND_OPTION                                                                                                    \
    {                                                                                                                  \
        "kind", 0, "KIND", NULL, "token, ed25519, seal or kek"                                                         \
    }

static const ctl_option key_list_options[] = { KEYRING_OPTION };

static const ctl_option key_rotate_options[] = {
    KIND_OPTION,
    { "standby", 0, NULL, NULL, "it opens and verifies, but makes nothing until it is activated" },
    KEYRING_OPTION,
};

static const ctl_option key_activate_options[] = { KIND_OPTION, KEYRING_OPTION };

static const ctl_option key_retire_options[] = {
    KIND_OPTION,
    { "now", 0, NULL, NULL, "do not wait until what it made has expired" },
    { "yes", 'y', NULL, NULL, "do not ask" },
};

static const ctl_option key_reencrypt_options[] = {
    { "tenant", 0, "NAME", NULL, "only this tenant, by name or id" },
    { "wait", 0, NULL, NULL, "do the work here, and wait until all is done" },
};

#define USER_OPTIONS                                                                                                   \
    { "role", 0, "ROLE", NULL, "built-in role: none, viewer, operator or administrator" },                             \
    {                                                                                                                  \
        "active", 0, "true|false", NULL, "whether the user may log in"                                                 \
    }

static const ctl_option user_create_options[] = {
    { "password-file", 0, "FILE", NULL, "the password, in the first line of FILE (- is standard input)" },
    USER_OPTIONS,
};

static const ctl_option user_invite_options[] = { USER_OPTIONS };

static const ctl_option user_update_options[] = {
    { "email", 0, "ADDRESS", NULL, "another e-mail address" },
    USER_OPTIONS,
    { "if-version", 0, "N", NULL, "only if its version is still N" },
};

static const ctl_option reset_options[] = {
    { "password-file", 0, "FILE", NULL, "the new password, in the first line of FILE (- is standard input)" },
};

#define ROLE_OPTIONS                                                                                                   \
    { "permission", 0, "NAME", NULL, "what it allows; may be repeated" },                                              \
    {                                                                                                                  \
        "description", 0, "TEXT", NULL, "a description"                                                                \
    }

static const ctl_option role_options[] = { ROLE_OPTIONS };

static const ctl_option role_update_options[] = {
    { "name", 0, "NAME", NULL, "another name" },
    ROLE_OPTIONS,
    { "if-version", 0, "N", NULL, "only if its version is still N" },
};

static const ctl_option selector_options[] = {
    { "selector", 0, "TAG", NULL, "only on devices with this tag; may be repeated: with all of them" },
};

static const ctl_option password_options[] = {
    { "old-password-file", 0, "FILE", NULL, "the old password, in the first line of FILE (- is standard input)" },
    { "new-password-file", 0, "FILE", NULL, "the new password, in the first line of FILE (- is standard input)" },
};

static const ctl_option switch_options[] = {
    { "second-factor", 0, "CODE", NULL, "a code of the authenticator, or a recovery code; asked for when needed" },
};

static const ctl_option accept_options[] = {
    { "password-file", 0, "FILE", NULL, "the password, in the first line of FILE (- is standard input)" },
    { "session-file", 0, "FILE", "DRM_SESSION", "where the log-in is kept" },
};

#define OWN(options) options, CTL_COUNT(options)
#define NO_OPTIONS   NULL, 0

const ctl_command ctl_commands[] = {
    { "init", NULL, "", 0, 0, OWN(init_options), CTL_OUTPUT | CTL_OWNER, NULL, ctl_cmd_init,
      "make the keyring, and the first tenant or administrator of the platform",
      "A keyring that is there already is used, and registered with the database. Without --password-file the "
      "password\n"
      "is asked for on the terminal; where there is none, or the answer is empty, one is made and shown this once.",
      "drmctl init --tenant acme --email ops@acme.example --keyring /etc/drmgmt/keyring\n"
      "drmctl init --platform --email root@operator.example\n"
      "pass show drm | drmctl init --tenant acme --email ops@acme.example --password-file -" },
    { "db", "migrate", "", 0, 0, NO_OPTIONS, CTL_OUTPUT | CTL_OWNER, NULL, ctl_cmd_db_migrate,
      "bring the schema to this version",
      "Each migration runs in a transaction of its own, under a lock: two at once do no harm.",
      "drmctl db migrate --owner-url postgresql://postgres@/drmgmt" },
    { "db", "status", "", 0, 0, NO_OPTIONS, CTL_OUTPUT | CTL_OWNER, NULL, ctl_cmd_db_status,
      "show which migrations are applied",
      "Exit code 0: the schema is current; 1: migrations are missing; 5: the history was changed or is newer.",
      "drmctl db status\n"
      "drmctl db status -o json | jq '.[] | select(.applied | not) | .name'" },
    { "login", NULL, "", 0, 0, OWN(log_in_options), CTL_DATABASE, NULL, ctl_cmd_login,
      "log in, and keep the log-in for the commands that follow",
      "The password is asked for without echo. It is checked on this host, with its keyring; on a host without one, "
      "keep\n"
      "an API key instead: drmctl login --api-key-file FILE. With --oidc a browser on this machine shows the issuer's\n"
      "page, and comes back to an address of this machine that drmctl listens on meanwhile.",
      "drmctl login --email ops@acme.example\n"
      "drmctl login --email ops@acme.example --tenant acme --password-file ~/.drm-password\n"
      "drmctl login --oidc corporate --tenant acme\n"
      "drmctl login --api-key-file ~/drm-key" },
    { "logout", NULL, "", 0, 0, OWN(log_out_options), CTL_DATABASE, NULL, ctl_cmd_logout,
      "revoke the log-in and forget it", NULL, "drmctl logout\ndrmctl logout --everywhere" },
    { "whoami", NULL, "", 0, 0, NO_OPTIONS, CTL_OUTPUT | CTL_SESSION, NULL, ctl_cmd_whoami,
      "show who you are, and your role", NULL, "drmctl whoami\ndrmctl whoami -o json | jq -r .role" },

    { "second-factor", "status", "", 0, 0, NO_OPTIONS, CTL_OUTPUT | CTL_SESSION, NULL, ctl_cmd_second_factor_status,
      "show how your second factor stands", NULL, "drmctl second-factor status" },
    { "second-factor", "enroll", "", 0, 0, OWN(code_options), CTL_OUTPUT | CTL_SESSION, NULL,
      ctl_cmd_second_factor_enroll, "begin to enrol an authenticator",
      "Shows the secret for it, this once. Nothing changes until the confirm command gets a code of it. Who has a "
      "second\n"
      "factor already replaces it this way, by a code of the old one or a recovery code.",
      "drmctl second-factor enroll\n"
      "drmctl second-factor enroll -o json | jq -r .uri | qrencode -t ansiutf8" },
    { "second-factor", "confirm", "[CODE]", 0, 1, NO_OPTIONS, CTL_OUTPUT | CTL_SESSION, NULL,
      ctl_cmd_second_factor_confirm, "confirm the enrolment by a code of the authenticator",
      "Shows ten recovery codes, this once. Your other log-ins end.", "drmctl second-factor confirm 123456" },
    { "second-factor", "recovery-codes", "", 0, 0, OWN(code_options), CTL_OUTPUT | CTL_SESSION, NULL,
      ctl_cmd_second_factor_recovery_codes, "make fresh recovery codes; older ones are void", NULL,
      "drmctl second-factor recovery-codes --code 123456" },
    { "second-factor", "disable", "", 0, 0, OWN(code_options), CTL_SESSION, NULL, ctl_cmd_second_factor_disable,
      "take your second factor away", "Refused when your tenant requires one.",
      "drmctl second-factor disable --code 123456" },
    { "second-factor", "reset", "USER", 1, 1, OWN(revoke_options), CTL_OUTPUT | CTL_SESSION, NULL,
      ctl_cmd_second_factor_reset, "take the second factor of a user away who has lost it",
      "USER is the user's id. Needs user:admin; all log-ins of that user end.",
      "drmctl second-factor reset 0192d2a4-58b1-7c3e-9f00-3b5a7d1e2c4f --yes" },

    { "tenant", "settings", "", 0, 0, OWN(tenant_settings_options), CTL_OUTPUT | CTL_SESSION, NULL,
      ctl_cmd_tenant_settings, "show or change what holds for all users of your tenant",
      "Once a second factor is required, a user without one can do nothing but enrol one. API keys go on working.\n"
      "Results and events that are there already stay as long as was set when they came.",
      "drmctl tenant settings\n"
      "drmctl tenant settings --keep-results-days 90 --keep-events-days 30\n"
      "drmctl tenant settings --require-second-factor true" },

    { "quota", NULL, "", 0, 0, NO_OPTIONS, CTL_OUTPUT | CTL_SESSION, NULL, ctl_cmd_quota,
      "show the tenant's quotas and what is used of them",
      "A quota without a limit is not set. API requests are counted by drmd, which tells how many: GET /api/v1/quota.",
      "drmctl quota\n"
      "drmctl quota -o json | jq '.[] | select(.limit and .used >= .limit) | .quota'" },
    { "tenant", "list", "", 0, 0, NO_OPTIONS, CTL_OUTPUT | CTL_LIST | CTL_SESSION, "tenant", ctl_cmd_tenant_list,
      "list tenants", "For administrators of the platform: drmctl login --tenant platform.",
      "drmctl tenant list --status suspended" },
    { "tenant", "show", "TENANT", 1, 1, NO_OPTIONS, CTL_OUTPUT | CTL_SESSION, NULL, ctl_cmd_tenant_show,
      "show a tenant", "TENANT is its name or id, here and below.", "drmctl tenant show acme" },
    { "tenant", "create", "NAME", 1, 1, OWN(tenant_create_options), CTL_OUTPUT | CTL_SESSION, NULL,
      ctl_cmd_tenant_create, "create a tenant with its first administrator", NULL,
      "drmctl tenant create acme --email ops@acme.example\n"
      "pass show acme | drmctl tenant create acme --email ops@acme.example --password-file -" },
    { "tenant", "rename", "TENANT NAME", 2, 2, OWN(tenant_change_options), CTL_OUTPUT | CTL_SESSION, NULL,
      ctl_cmd_tenant_rename, "give a tenant another name", NULL, "drmctl tenant rename acme 'Acme Ltd'" },
    { "tenant", "class", "TENANT CLASS", 2, 2, OWN(tenant_change_options), CTL_OUTPUT | CTL_SESSION, NULL,
      ctl_cmd_tenant_class, "put a tenant into a class, by which metrics tell tenants apart", NULL,
      "drmctl tenant class acme gold" },
    { "tenant", "suspend", "TENANT", 1, 1, OWN(tenant_change_options), CTL_OUTPUT | CTL_SESSION, NULL,
      ctl_cmd_tenant_suspend, "keep a tenant's people out and begin no jobs of it",
      "Takes hold with the next call; running jobs end.", "drmctl tenant suspend acme" },
    { "tenant", "resume", "TENANT", 1, 1, OWN(tenant_change_options), CTL_OUTPUT | CTL_SESSION, NULL,
      ctl_cmd_tenant_resume, "open a suspended tenant again", NULL, "drmctl tenant resume acme" },
    { "tenant", "quota", "TENANT", 1, 1, OWN(tenant_quota_options), CTL_OUTPUT | CTL_SESSION, NULL,
      ctl_cmd_tenant_quota, "limit what a tenant may have and do", NULL,
      "drmctl tenant quota acme --devices 10000 --api-requests 6000\n"
      "drmctl tenant quota acme --devices none" },
    { "tenant", "delete", "TENANT...", 1, -1, OWN(tenant_delete_options), CTL_OUTPUT | CTL_SESSION, NULL,
      ctl_cmd_tenant_delete, "delete tenants with all that is theirs",
      "The data keys are destroyed at once: no secret of the tenant opens any more. Workers remove its rows.",
      "drmctl tenant delete acme --wait" },

    { "user", "create", "EMAIL", 1, 1, OWN(user_create_options), CTL_OUTPUT | CTL_SESSION, NULL, ctl_cmd_user_create,
      "create a user with a password", NULL,
      "pass show drm/ann | drmctl user create ann@acme.example --role operator --password-file -" },
    { "user", "invite", "EMAIL", 1, 1, OWN(user_invite_options), CTL_OUTPUT | CTL_SESSION, NULL, ctl_cmd_user_invite,
      "create a user who sets the password by an invitation",
      "The invitation is shown this once. Bring it to the person; it is good for seven days and one use.",
      "drmctl user invite ann@acme.example --role viewer -o json | jq -r .invitation" },
    { "user", "list", "", 0, 0, NO_OPTIONS, CTL_OUTPUT | CTL_LIST | CTL_SESSION, "user", ctl_cmd_user_list,
      "list users", NULL, "drmctl user list --role administrator" },
    { "user", "show", "USER", 1, 1, NO_OPTIONS, CTL_OUTPUT | CTL_SESSION, NULL, ctl_cmd_user_show,
      "show a user, by address or id", NULL, "drmctl user show ann@acme.example" },
    { "user", "update", "USER", 1, 1, OWN(user_update_options), CTL_OUTPUT | CTL_SESSION, NULL, ctl_cmd_user_update,
      "change a user", "A role holds from the user's next call on; one who is no longer active is logged out at once.",
      "drmctl user update ann@acme.example --role operator\n"
      "drmctl user update bob@acme.example --active false" },
    { "user", "delete", "USER...", 1, -1, OWN(delete_options), CTL_OUTPUT | CTL_SESSION, NULL, ctl_cmd_user_delete,
      "delete users with their API keys", "The last administrator stays.",
      "drmctl user delete bob@acme.example --yes" },
    { "user", "reset-password", "USER", 1, 1, OWN(reset_options), CTL_OUTPUT | CTL_SESSION, NULL,
      ctl_cmd_user_reset_password, "make a user's password useless, and end the log-ins",
      "Without --password-file an invitation is made, by which the person sets a new one.",
      "drmctl user reset-password ann@acme.example" },
    { "user", "logout", "USER...", 1, -1, OWN(revoke_options), CTL_OUTPUT | CTL_SESSION, NULL, ctl_cmd_user_logout,
      "end all log-ins of users at once", "API keys stay.", "drmctl user logout ann@acme.example --yes" },

    { "role", "create", "NAME", 1, 1, OWN(role_options), CTL_OUTPUT | CTL_SESSION, NULL, ctl_cmd_role_create,
      "create a role of the tenant's own",
      "GET /api/v1/permissions lists what may be allowed. Nobody grants what they do not hold.",
      "drmctl role create readers --permission device:read --permission job:read" },
    { "role", "list", "", 0, 0, NO_OPTIONS, CTL_OUTPUT | CTL_LIST | CTL_SESSION, "role", ctl_cmd_role_list,
      "list the tenant's own roles", NULL, "drmctl role list" },
    { "role", "show", "ROLE", 1, 1, NO_OPTIONS, CTL_OUTPUT | CTL_SESSION, NULL, ctl_cmd_role_show,
      "show a role, by name or id", NULL, "drmctl role show readers" },
    { "role", "update", "ROLE", 1, 1, OWN(role_update_options), CTL_OUTPUT | CTL_SESSION, NULL, ctl_cmd_role_update,
      "change a role", "Permissions given replace all. They hold at once for all who have the role.",
      "drmctl role update readers --permission device:read" },
    { "role", "delete", "ROLE...", 1, -1, OWN(delete_options), CTL_OUTPUT | CTL_SESSION, NULL, ctl_cmd_role_delete,
      "delete roles that nobody has", NULL, "drmctl role delete readers --yes" },
    { "role", "assignments", "", 0, 0, NO_OPTIONS, CTL_OUTPUT | CTL_LIST | CTL_SESSION, "role_assignment",
      ctl_cmd_role_assignments, "list who was given which role", NULL,
      "drmctl role assignments --columns user_id,role,selector" },
    { "role", "assign", "USER ROLE", 2, 2, OWN(selector_options), CTL_OUTPUT | CTL_SESSION, NULL, ctl_cmd_role_assign,
      "give a user a role, on all devices or on some",
      "ROLE is a role of the tenant's own or a built-in one: viewer, operator, administrator.",
      "drmctl role assign ann@acme.example operator --selector site=berlin" },
    { "role", "withdraw", "USER ROLE", 2, 2, OWN(selector_options), CTL_OUTPUT | CTL_SESSION, NULL,
      ctl_cmd_role_withdraw, "take a role away from a user", "With the selector that it was given with.",
      "drmctl role withdraw ann@acme.example operator --selector site=berlin" },

    { "password", NULL, "", 0, 0, OWN(password_options), CTL_SESSION, NULL, ctl_cmd_password, "change your password",
      "All log-ins end, on every machine, and a new one is kept here. Where you are the same person in several "
      "tenants, "
      "it\n"
      "is changed in all of them.",
      "drmctl password" },
    { "switch", NULL, "[TENANT]", 0, 1, OWN(switch_options), CTL_OUTPUT | CTL_SESSION, NULL, ctl_cmd_switch,
      "go over to another tenant where you are the same person", "Without TENANT those are listed.",
      "drmctl switch\ndrmctl switch acme-labs" },
    { "invitation", "accept", "FILE", 1, 1, OWN(accept_options), CTL_DATABASE, NULL, ctl_cmd_invitation_accept,
      "set the password that an invitation is for, and log in", "FILE holds the invitation; - is standard input.",
      "drmctl invitation accept invitation.txt" },
    { "invitation", "link", "FILE", 1, 1, NO_OPTIONS, CTL_OUTPUT | CTL_SESSION, NULL, ctl_cmd_invitation_link,
      "accept an invitation to another tenant as who you are here",
      "Both users have the same address, and the same password from then on; drmctl switch leads from one to the "
      "other.",
      "drmctl invitation link invitation.txt" },

    { "device", "create", "[NAME]", 0, 1, OWN(device_create_options), CTL_OUTPUT | CTL_SESSION, NULL,
      ctl_cmd_device_create, "register a device",
      "NAME may be left out where --json has it. A community given here is kept as a credential named after the "
      "device.",
      "drmctl device create core-1 --snmp 192.0.2.7 --community-file community --tag site=berlin\n"
      "drmctl device create core-2 --snmp '[2001:db8::7]:1161' --credential 0192d2a4-58b1-7c3e-9f00-3b5a7d1e2c4f\n"
      "drmctl device create --json device.json" },
    { "device", "list", "", 0, 0, NO_OPTIONS, CTL_OUTPUT | CTL_LIST | CTL_SESSION, "device", ctl_cmd_device_list,
      "list devices", "In a text, * stands for anything.",
      "drmctl device list --name 'core-*' --tag site=berlin\n"
      "drmctl device list --all -o csv --columns name,tags > devices.csv" },
    { "device", "show", "DEVICE", 1, 1, NO_OPTIONS, CTL_OUTPUT | CTL_SESSION, NULL, ctl_cmd_device_show,
      "show a device, by name or id", NULL, "drmctl device show core-1" },
    DEVICE_PARAMETERS_COMMAND,
    { "device", "update", "DEVICE", 1, 1, OWN(device_update_options), CTL_OUTPUT | CTL_SESSION, NULL,
      ctl_cmd_device_update, "change a device",
      "What is not given stays as it is. Tags given replace all tags (--tag '' takes them away). --snmp and its kin "
      "change\n"
      "the SNMP profile and keep the others; --profile replaces them all.",
      "drmctl device update core-1 --description 'moved to rack 4' --if-version 3\n"
      "drmctl device update core-1 --snmp 192.0.2.8:161" },
    { "device", "delete", "DEVICE...", 1, -1, OWN(delete_options), CTL_OUTPUT | CTL_SESSION, NULL,
      ctl_cmd_device_delete, "delete devices", "Devices with jobs that have not ended stay: cancel those first.",
      "drmctl device delete core-1 core-2 --yes" },

    { "credential", "create", "NAME", 1, 1, OWN(credential_create_options), CTL_OUTPUT | CTL_SESSION, NULL,
      ctl_cmd_credential_create, "keep an SNMP community or user, encrypted",
      "A user's security level follows from what is given: authentication, and encryption with it.",
      "drmctl credential create access-switches --community-file community\n"
      "pass show snmp/access | drmctl credential create access-switches --community-file -\n"
      "drmctl credential create core-v3 --snmp-version 3 --username noc --auth-protocol SHA-256 --auth-password-file "
      "auth" },
    { "credential", "list", "", 0, 0, NO_OPTIONS, CTL_OUTPUT | CTL_LIST | CTL_SESSION, "snmp_credential",
      ctl_cmd_credential_list, "list SNMP credentials", "Secrets are never shown, only whether they are set.",
      "drmctl credential list" },
    { "credential", "show", "ID", 1, 1, NO_OPTIONS, CTL_OUTPUT | CTL_SESSION, NULL, ctl_cmd_credential_show,
      "show an SNMP credential", NULL, "drmctl credential show 0192d2a4-58b1-7c3e-9f00-3b5a7d1e2c4f" },
    { "credential", "update", "ID", 1, 1, OWN(credential_update_options), CTL_OUTPUT | CTL_SESSION, NULL,
      ctl_cmd_credential_update, "change an SNMP credential", NULL,
      "drmctl credential update 0192d2a4-58b1-7c3e-9f00-3b5a7d1e2c4f --community-file new-community" },
    { "credential", "delete", "ID...", 1, -1, OWN(delete_options), CTL_OUTPUT | CTL_SESSION, NULL,
      ctl_cmd_credential_delete, "delete SNMP credentials", "One that a device still uses stays.",
      "drmctl credential delete 0192d2a4-58b1-7c3e-9f00-3b5a7d1e2c4f --yes" },

    SNMP_COMMANDS,

    { "job", "list", "", 0, 0, NO_OPTIONS, CTL_OUTPUT | CTL_LIST | CTL_SESSION, "job", ctl_cmd_job_list,
      "list jobs, newest first", NULL,
      "drmctl job list --status failed --limit 20\n"
      "drmctl job list --all -o csv > jobs.csv" },
    { "job", "show", "JOB", 1, 1, NO_OPTIONS, CTL_OUTPUT | CTL_SESSION, NULL, ctl_cmd_job_show,
      "show a job, its result or its error", NULL,
      "drmctl job show 0192d2a4-58b1-7c3e-9f00-3b5a7d1e2c4f -o json | jq .result" },
    { "job", "watch", "JOB", 1, 1, NO_OPTIONS, CTL_OUTPUT | CTL_SESSION, NULL, ctl_cmd_job_watch,
      "follow a job to its end",
      "On a terminal one line shows how it stands; in a pipe each change is a line, with -o json the job as JSON. "
      "Exit\n"
      "code 0: it completed; 7: it ended otherwise. Ctrl-C ends the watching, not the job.",
      "drmctl job watch 0192d2a4-58b1-7c3e-9f00-3b5a7d1e2c4f" },
    { "job", "cancel", "JOB", 1, 1, NO_OPTIONS, CTL_OUTPUT | CTL_SESSION, NULL, ctl_cmd_job_cancel, "cancel a job",
      "One that runs is asked to stop; see how it ended with drmctl job watch.",
      "drmctl job cancel 0192d2a4-58b1-7c3e-9f00-3b5a7d1e2c4f" },
    JOB_SUBMIT_COMMANDS,

    BATCH_COMMANDS,

    SCHEDULE_COMMANDS,

    WORKER_COMMANDS,

    PARAMETER_COMMANDS,

    { "api-key", "create", "LABEL", 1, 1, OWN(api_key_create_options), CTL_OUTPUT | CTL_SESSION, NULL,
      ctl_cmd_api_key_create, "make an API key that acts for you",
      "The key is shown this once; the database keeps its hash. Without limits it may do all that you may.",
      "drmctl api-key create backup-host -o json | jq -r .key > drm-key\n"
      "drmctl api-key create monitor --scope device:read --scope job:read --address 192.0.2.0/24 --expires-in 90d" },
    { "api-key", "list", "", 0, 0, NO_OPTIONS, CTL_OUTPUT | CTL_LIST | CTL_SESSION, "api_key", ctl_cmd_api_key_list,
      "list your API keys", "With --user-id those of another user, where you may manage users.",
      "drmctl api-key list" },
    { "api-key", "revoke", "ID...", 1, -1, OWN(revoke_options), CTL_OUTPUT | CTL_SESSION, NULL, ctl_cmd_api_key_revoke,
      "revoke API keys", "Your own, or anybody's where you may manage users.",
      "drmctl api-key revoke 0192d2a4-58b1-7c3e-9f00-3b5a7d1e2c4f --yes" },

    { "key", "list", "", 0, 0, OWN(key_list_options), CTL_OUTPUT, NULL, ctl_cmd_key_list,
      "list the keys of the keyring, without the keys",
      "active: it makes new things; old: it opens what it made; standby: it opens, and waits to be activated.",
      "drmctl key list" },
    { "key", "rotate", "", 0, 0, OWN(key_rotate_options), CTL_OUTPUT | CTL_OWNER, NULL, ctl_cmd_key_rotate,
      "add a fresh key, which becomes the active one",
      "Without --kind: of the kind that signs tokens now. Programs of this host read it within a second. Where several "
      "hosts\n"
      "hold the file: add it with --standby, bring the file to all of them, activate it, bring it again.",
      "drmctl key rotate\n"
      "drmctl key rotate --kind ed25519 --standby\n"
      "drmctl key rotate --kind seal --owner-url postgresql://drm_migrate@/drmgmt" },
    { "key", "activate", "NUMBER", 1, 1, OWN(key_activate_options), CTL_OUTPUT, NULL, ctl_cmd_key_activate,
      "make a key on standby the active one", NULL, "drmctl key activate 2 --kind ed25519" },
    { "key", "retire", "NUMBER", 1, 1, OWN(key_retire_options), CTL_OUTPUT | CTL_DATABASE | CTL_OWNER, NULL,
      ctl_cmd_key_retire, "take an old key out of the keyring",
      "Refused for the active key, for a KEK that still wraps data keys, and while what it made may still be in use.",
      "drmctl key retire 1 --kind ed25519\n"
      "drmctl key retire 1 --kind token --now --yes" },
    { "key", "install", "", 0, 0, OWN(key_list_options), CTL_OUTPUT | CTL_OWNER, NULL, ctl_cmd_key_install,
      "make the keyring's seal keys known to the database",
      "Needed after a dump was restored: dumps hold no seal keys.", "drmctl key install" },
    { "key", "rotate-kek", "", 0, 0, NO_OPTIONS, CTL_OUTPUT | CTL_DATABASE, NULL, ctl_cmd_key_rotate_kek,
      "add a KEK and wrap every tenant's data key by it",
      "Programs go on meanwhile. One that is broken off is continued by the same command, which then adds no further "
      "KEK.",
      "drmctl key rotate-kek" },
    { "key", "reencrypt", "", 0, 0, OWN(key_reencrypt_options), CTL_OUTPUT | CTL_DATABASE, NULL, ctl_cmd_key_reencrypt,
      "give tenants new data keys, and seal their secrets anew",
      "New secrets are sealed by the new key at once; workers seal the old ones anew in the background.",
      "drmctl key reencrypt --tenant acme\n"
      "drmctl key reencrypt --wait" },

    { "outbound", "list", "", 0, 0, OWN(outbound_list_options), CTL_OUTPUT | CTL_LIST | CTL_SESSION, "outbound_rule",
      ctl_cmd_outbound_list, "list outbound rules: which special addresses jobs may reach",
      "Without --tenant those of the tenant you are logged in to.",
      "drmctl outbound list\ndrmctl outbound list --tenant acme" },
    { "outbound", "allow", "CIDR", 1, 1, OWN(outbound_allow_options), CTL_OUTPUT | CTL_SESSION, NULL,
      ctl_cmd_outbound_allow, "let a tenant's jobs reach private or loopback addresses",
      "For platform administrators. It holds two seconds later. Link-local addresses, metadata services and the "
      "system's own\n"
      "servers stay closed whatever the rules say.",
      "drmctl outbound allow 10.20.0.0/16 --tenant acme --port 161 --transport udp --note 'access switches'\n"
      "drmctl outbound allow fd12:3456::/32 --tenant acme" },
    { "outbound", "remove", "ID...", 1, -1, OWN(outbound_remove_options), CTL_OUTPUT | CTL_SESSION, NULL,
      ctl_cmd_outbound_remove, "remove outbound rules of a tenant",
      "For platform administrators. It holds two seconds later, also for jobs that run.",
      "drmctl outbound remove 0192d2a4-58b1-7c3e-9f00-3b5a7d1e2c4f --tenant acme --yes" },
    { "outbound", "check", "ADDRESS", 1, 1, OWN(outbound_check_options), CTL_OUTPUT | CTL_SESSION, NULL,
      ctl_cmd_outbound_check, "tell whether jobs may reach an address, and why",
      "A name is looked up on this host, and each of its addresses is told. Rules that a worker was started with\n"
      "(drm-worker --outbound-allow) are not known here. Exit code 0: all are allowed; 1: not all.",
      "drmctl outbound check 10.20.3.4\n"
      "drmctl outbound check router.example.net --port 830 --transport tcp --tenant acme" },
    { "oidc-provider", "create", "NAME", 1, 1, OWN(provider_create_options), CTL_OUTPUT | CTL_SESSION, NULL,
      ctl_cmd_oidc_provider_create, "let users log in by an OpenID Connect issuer",
      "An account of the issuer that was not seen before is refused unless --link-by-email or --create-users says\n"
      "otherwise. The browser comes back to https://HOST/api/v1/auth/oidc/TENANT/NAME/callback.",
      "drmctl oidc-provider create corporate --issuer https://id.acme.example --client-id drmgmt --link-by-email true "
      "--redirect-uri $CALLBACK" },
    { "oidc-provider", "list", "", 0, 0, NO_OPTIONS, CTL_OUTPUT | CTL_LIST | CTL_SESSION, "oidc_provider",
      ctl_cmd_oidc_provider_list, "list OpenID Connect providers",
      "Secrets are never shown, only whether they are set.", "drmctl oidc-provider list" },
    { "oidc-provider", "show", "PROVIDER", 1, 1, NO_OPTIONS, CTL_OUTPUT | CTL_SESSION, NULL, ctl_cmd_oidc_provider_show,
      "show a provider, by name or id", NULL, "drmctl oidc-provider show corporate" },
    { "oidc-provider", "update", "PROVIDER", 1, 1, OWN(provider_update_options), CTL_OUTPUT | CTL_SESSION, NULL,
      ctl_cmd_oidc_provider_update, "change a provider",
      "What is not given stays as it is. Domains given replace all domains (--email-domain '' takes them away).\n"
      "Log-ins that were begun with it and not finished end.",
      "drmctl oidc-provider update corporate --client-secret-file new-secret\n"
      "drmctl oidc-provider update corporate --enabled false" },
    { "oidc-provider", "delete", "PROVIDER...", 1, -1, OWN(delete_options), CTL_OUTPUT | CTL_SESSION, NULL,
      ctl_cmd_oidc_provider_delete, "delete providers", "Users stay, and can log in otherwise.",
      "drmctl oidc-provider delete corporate --yes" },

    { "event", "list", "", 0, 0, NO_OPTIONS, CTL_OUTPUT | CTL_LIST | CTL_SESSION, "event", ctl_cmd_event_list,
      "list what devices told by themselves, such as SNMP traps, newest first", "In a kind, * stands for anything.",
      "drmctl event list --device-id 0192d2a4-58b1-7c3e-9f00-3b5a7d1e2c4f --since 2026-11-01\n"
      "drmctl event list --kind 'snmp.*' --all -o json | jq -r .name" },
    { "event", "follow", "", 0, 0, OWN(event_follow_options), CTL_OUTPUT | CTL_SESSION, NULL, ctl_cmd_event_follow,
      "show events of devices and of jobs as they come",
      "A line each, with -o json as {\"event\",\"id\",\"data\"}. \"resync\": events may have been lost. Ctrl-C ends "
      "it.",
      "drmctl event follow --kind 'snmp.*'\n"
      "drmctl event follow --device core-1 -o json | jq -c .data" },

    { "audit", "list", "", 0, 0, NO_OPTIONS, CTL_OUTPUT | CTL_LIST | CTL_SESSION, "audit_log", ctl_cmd_audit_list,
      "list who did what, or was refused, newest first", "In an action, * stands for anything.",
      "drmctl audit list --action 'device.*' --since 2026-11-01\n"
      "drmctl audit list --action refused --all -o csv > refused.csv" },
    { "audit", "verify", "", 0, 0, OWN(audit_verify_options), CTL_OUTPUT | CTL_SESSION, NULL, ctl_cmd_audit_verify,
      "prove that no audit row was changed, removed or put in",
      "Every row is held against the chain of hashes. Exit code 0: it is intact; 1: it is not, and the first flaw is "
      "named.\n"
      "Keep the head that is shown where nobody who can write to the database can reach it, and give it to the next "
      "call.",
      "drmctl audit verify\n"
      "drmctl audit verify --head \"$(cat /mnt/other-host/head)\" -o json | jq -r .head\n"
      "drmctl audit verify --file audit.jsonl" },
    { "audit", "export", "", 0, 0, OWN(audit_export_options), CTL_SESSION, NULL, ctl_cmd_audit_export,
      "write all audit rows with their chain, as JSON lines", "What is written can be proved without the database.",
      "drmctl audit export > audit.jsonl && drmctl audit verify --file audit.jsonl\n"
      "drmctl audit export | jq -r 'select(.kind == \"row\") | [.at, .actor_id, .action] | @tsv'" },

    { "driver", "list", "", 0, 0, NO_OPTIONS, CTL_OUTPUT, NULL, ctl_cmd_driver_list,
      "list protocols and what they can do", NULL, "drmctl driver list" },

    { "completion", NULL, "bash", 1, 1, NO_OPTIONS, 0, NULL, ctl_cmd_completion,
      "write a completion script for a shell", NULL,
      "drmctl completion bash > ~/.local/share/bash-completion/completions/drmctl" },
    { "version", NULL, "", 0, 0, NO_OPTIONS, 0, NULL, ctl_cmd_version, "show the version", NULL, "drmctl version" },
    { "help", NULL, "[NOUN [VERB]]", 0, 2, NO_OPTIONS, 0, NULL, ctl_cmd_help, "show help", NULL,
      "drmctl help device\ndrmctl help snmp get" },
};
const size_t ctl_n_commands = CTL_COUNT(ctl_commands);

const char *ctl_noun_summary(const char *noun)
{
    static const struct {
        const char *noun, *summary;
    } several[] = {
        { "db", "the database's schema" },
        { "second-factor", "the second factor of a log-in" },
        { "tenant", "your tenant's settings; and tenants, for administrators of the platform" },
        { "device", "devices and their protocol profiles" },
        { "user", "users: the people of the tenant" },
        { "role", "roles, and who has which" },
        { "invitation", "invitations of users" },
        { "credential", "SNMP credentials" },
        { "snmp", "SNMP: read, walk and write what devices have" },
        { "job", "jobs: operations on devices, done by workers" },
        { "batch", "batches: one operation on many devices" },
        { "schedule", "schedules: batches that are started at times told before" },
        { "worker", "processes that run jobs, for administrators of the platform" },
        { "api-key", "API keys" },
        { "outbound", "where jobs may connect to" },
        { "event", "events of devices and of jobs" },
        { "parameter", "what was last read from devices" },
        { "audit", "the audit trail" },
        { "oidc-provider", "OpenID Connect: issuers to log in by" },
        { "key", "keys of the keyring, and data keys" },
        { "driver", "protocol drivers" },
    };

    for (size_t i = 0; i < CTL_COUNT(several); i++)
        if (strcmp(several[i].noun, noun) == 0)
            return several[i].summary;
    for (size_t i = 0; i < ctl_n_commands; i++)
        if (!ctl_commands[i].verb && strcmp(ctl_commands[i].noun, noun) == 0)
            return ctl_commands[i].summary;
    return NULL;
}

void ctl_filter_option(const drmgmt_field *field, char out[64])
{
    bool plural = field->type == DRMGMT_TYPE_TAGS;

    snprintf(out, 64, "%s", field->name);
    if (plural && out[0] && out[strlen(out) - 1] == 's')
        out[strlen(out) - 1] = '\0';
    for (char *p = out; *p; p++)
        if (*p == '_')
            *p = '-';
}

static bool each_filter(const char *name, ctl_option_fn *f, void *user)
{
    const drmgmt_entity *entity = drmgmt_entity_find(name);

    for (size_t i = 0; entity && i < entity->n_fields; i++) {
        const drmgmt_field *field = &entity->fields[i];
        char option[64];
        if (!(field->flags & DRMGMT_FIELD_FILTER))
            continue;
        if (field->type == DRMGMT_TYPE_TIME) {
            if (!f(user, &(ctl_option){ "since", 0, "TIME", NULL, "From this time on, or this day" }, "Filters") ||
                !f(user, &(ctl_option){ "until", 0, "TIME", NULL, "Before this time, or this day" }, "Filters"))
                return false;
            continue;
        }
        ctl_filter_option(field, option);
        if (!f(user, &(ctl_option){ option, 0, "VALUE", NULL, field->doc }, "Filters"))
            return false;
    }
    return true;
}

void ctl_each_option(const ctl_command *command, ctl_option_fn *f, void *user)
{
    for (size_t i = 0; i < command->n_options; i++)
        if (!f(user, &command->options[i], "Options"))
            return;
    if (command->entity && !each_filter(command->entity, f, user))
        return;
    for (size_t g = 0; g < CTL_GROUPS; g++)
        for (size_t i = 0; command->groups & (1u << g) && i < ctl_groups[g].count; i++)
            if (!f(user, &ctl_groups[g].options[i], ctl_groups[g].title))
                return;
}
