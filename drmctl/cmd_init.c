/* drmctl init: the keyring and the first tenant with its administrator. Called through the table; calls drm/db.h. */
#include "writer.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum { PASSWORD_LENGTH = 24 };

/* 24 characters out of 64 that need no quoting: 144 bits. */
static int make_password(char **password)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.";
    unsigned char bytes[PASSWORD_LENGTH];
    char *text = malloc(PASSWORD_LENGTH + 1);

    if (!text || getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes) {
        free(text);
        return ctl_complain(DRMGMT_ERR_NO_MEMORY, "no random password can be made: %s", strerror(errno));
    }
    for (size_t i = 0; i < PASSWORD_LENGTH; i++)
        text[i] = letters[bytes[i] & 63];
    text[PASSWORD_LENGTH] = '\0';
    explicit_bzero(bytes, sizeof bytes);
    *password = text;
    return 0;
}

static int ask_twice(char **password)
{
    char *again = NULL;
    int code = ctl_ask_secret("Password of the administrator (empty: make one)", password);

    if (code || !**password)
        return code;
    code = ctl_ask_secret("Once more", &again);
    if (!code && strcmp(*password, again) != 0)
        code = ctl_complain(DRMGMT_ERR_INVALID, "the two passwords differ");
    ctl_free_secret(again);
    return code;
}

static int get_password(const ctl *c, char **password, bool *made)
{
    const char *file = ctl_value(c, "password-file");
    int code = 0;

    if (file)
        return ctl_read_secret(file, "password", password);
    if (ctl_can_ask())
        code = ask_twice(password);
    if (code || (*password && **password))
        return code;
    ctl_free_secret(*password);
    *password = NULL;
    *made = true;
    return make_password(password);
}

/* A tenant needs the tables; saying so beats PostgreSQL's "relation does not exist". */
static int check_schema(const char *url)
{
    drmgmt_migration *list = NULL;
    size_t count = 0, missing = 0;
    drmgmt_error *error = NULL;

    if (drmgmt_db_status(url, &list, &count, &error))
        return ctl_fail(error);
    for (size_t i = 0; i < count; i++)
        missing += !list[i].applied;
    drmgmt_free(list);
    return missing ? ctl_complain(DRMGMT_ERR_SCHEMA, "%zu migrations are missing (apply them first: drmctl db migrate)",
                                  missing)
                   : 0;
}

static int set_up(const ctl *c, const char *url, const char *keyring, const char *password, bool made)
{
    static const ctl_column columns[] = {
        { "tenant_id", CTL_TEXT },          { "tenant", CTL_TEXT },  { "email", CTL_TEXT }, { "keyring", CTL_TEXT },
        { "keyring_created", CTL_LITERAL }, { "password", CTL_TEXT }
    };
    const char *tenant = ctl_value(c, "tenant"), *email = ctl_value(c, "email");
    char id[37];
    bool created = false;
    drmgmt_error *error = NULL;

    if (drmgmt_db_install_keyring(url, keyring, &created, &error))
        return ctl_fail(error);
    if (drmgmt_db_create_tenant(url, keyring, tenant, email, password, id, &error)) {
        bool taken = drmgmt_error_status(error) == DRMGMT_ERR_CONFLICT;
        if (created)
            ctl_note("the keyring %s was made, and the database knows it", keyring);
        return ctl_fail_hint(error, taken ? "choose another --tenant, or drmctl login to this one" : NULL);
    }
    for (size_t i = 0; ctl_nth(c, "outbound-allow", i); i++)
        if (drmgmt_db_outbound_allow(url, keyring, id, ctl_nth(c, "outbound-allow", i), &error))
            return ctl_fail_hint(
                error, "the tenant is made; a platform administrator can add the rule: drmctl outbound allow");
    return ctl_row_show(c, columns, CTL_COUNT(columns) - !made,
                        (const char *[]){ id, tenant, email, keyring, created ? "true" : "false", password });
}

static int set_up_platform(const ctl *c, const char *url, const char *keyring, const char *password, bool made)
{
    static const ctl_column columns[] = {
        { "user_id", CTL_TEXT }, { "tenant", CTL_TEXT },   { "email", CTL_TEXT },
        { "keyring", CTL_TEXT }, { "password", CTL_TEXT },
    };
    const char *email = ctl_value(c, "email");
    char id[37];
    drmgmt_error *error = NULL;

    if (drmgmt_db_install_keyring(url, keyring, NULL, &error) ||
        drmgmt_db_create_platform_administrator(url, keyring, email, password, id, &error))
        return ctl_fail(error);
    return ctl_row_show(c, columns, CTL_COUNT(columns) - !made,
                        (const char *[]){ id, DRMGMT_PLATFORM_TENANT, email, keyring, password });
}

int ctl_cmd_init(ctl *c)
{
    const char *url, *keyring;
    char *password = NULL;
    bool made = false;
    int code = ctl_owner_url(c, &url);

    if (!code)
        code = ctl_keyring(c, "init", &keyring);
    if (!code && ctl_has(c, "tenant") == ctl_has(c, "platform"))
        code = ctl_usage(c, "either --tenant NAME or --platform is wanted");
    if (!code && !ctl_has(c, "email"))
        code = ctl_usage(c, "--email: the administrator's address is missing");
    if (!code)
        code = check_schema(url);
    if (!code)
        code = get_password(c, &password, &made);
    if (!code)
        code = ctl_has(c, "platform") ? set_up_platform(c, url, keyring, password, made)
                                      : set_up(c, url, keyring, password, made);
    ctl_free_secret(password);
    return code;
}
