/* drmctl user: the people of the tenant. Called through the table. */
#include "draft.h"
#include "writer.h"
#include <stdlib.h>
#include <string.h>

int ctl_user_id(ctl *c, const char *email_or_id, char id[37])
{
    drmgmt_record *user = NULL;
    drmgmt_error *error = NULL;

    if (drmgmt_user_get(c->session, email_or_id, &user, &error))
        return ctl_fail(error);
    strncpy(id, drmgmt_record_id(user), 36);
    id[36] = '\0';
    drmgmt_record_free(user);
    return 0;
}

/* ---- drafts ---- */

static int set_text(json_t *draft, const char *name, const char *text)
{
    if (text && json_object_set_new(draft, name, json_string(text)))
        return ctl_complain(DRMGMT_ERR_INVALID, "%s must be UTF-8", name);
    return 0;
}

/* What --role and --active say besides the address and the password. */
static int make_draft(const ctl *c, const char *email, const char *password, drmgmt_draft **draft)
{
    const char *active = ctl_value(c, "active");
    json_t *object = json_object();
    int code = set_text(object, "email", email);

    if (!code)
        code = set_text(object, "password", password);
    if (!code)
        code = set_text(object, "role", ctl_value(c, "role"));
    if (!code && active && strcmp(active, "true") != 0 && strcmp(active, "false") != 0)
        code = ctl_usage(c, "--active %s: true or false is wanted", active);
    if (!code && active)
        json_object_set_new(object, "active", json_boolean(active[0] == 't'));
    if (!code && json_object_size(object) == 0)
        code = ctl_usage(c, "there is nothing to change");
    if (!code)
        code = ctl_draft(object, "user", draft);
    json_decref(object);
    return code;
}

/* NULL where --password-file is not given and nobody can be asked. */
static int new_password(const ctl *c, const char *email, char **password)
{
    const char *file = ctl_value(c, "password-file");
    char prompt[320];

    if (file)
        return ctl_read_secret(file, "password", password);
    if (!ctl_can_ask())
        return ctl_usage(c, "there is no terminal to ask for the password: --password-file FILE, or - for standard "
                            "input; or invite the user: drmctl user invite");
    snprintf(prompt, sizeof prompt, "Password of %s", email);
    return ctl_ask_secret(prompt, password);
}

/* The user with the invitation, which is shown this once. Frees both. */
static int show_invited(const ctl *c, drmgmt_record *user, char *invitation)
{
    static const ctl_column columns[] = {
        { "id", CTL_TEXT }, { "email", CTL_TEXT }, { "role", CTL_TEXT }, { "invitation", CTL_TEXT }
    };
    int code = ctl_row_show(c, columns, CTL_COUNT(columns),
                            (const char *[]){ drmgmt_record_id(user), drmgmt_record_text(user, "email"),
                                              drmgmt_record_text(user, "role"), invitation });

    if (!code && ctl_writer_of(c) == &ctl_writer_table)
        ctl_note("the invitation is shown this once: give it to the person, who sets a password by \"drmctl invitation "
                 "accept\" or over REST within seven days");
    drmgmt_record_free(user);
    ctl_free_secret(invitation);
    return code;
}

/* ---- commands ---- */

int ctl_cmd_user_create(ctl *c)
{
    drmgmt_draft *draft = NULL;
    drmgmt_record *user = NULL;
    drmgmt_error *error = NULL;
    char *password = NULL;
    int code = new_password(c, c->args[0], &password);

    if (!code)
        code = make_draft(c, c->args[0], password, &draft);
    ctl_free_secret(password);
    if (!code)
        code = ctl_open(c);
    if (!code && drmgmt_user_create(c->session, draft, &user, NULL, &error))
        code = ctl_fail(error);
    drmgmt_draft_free(draft);
    return code ? code : ctl_show(c, user);
}

int ctl_cmd_user_invite(ctl *c)
{
    drmgmt_draft *draft = NULL;
    drmgmt_record *user = NULL;
    drmgmt_error *error = NULL;
    char *invitation = NULL;
    int code = make_draft(c, c->args[0], NULL, &draft);

    if (!code)
        code = ctl_open(c);
    if (!code && drmgmt_user_create(c->session, draft, &user, &invitation, &error))
        code = ctl_fail(error);
    drmgmt_draft_free(draft);
    return code ? code : show_invited(c, user, invitation);
}

int ctl_cmd_user_list(ctl *c)
{
    return ctl_list(c, drmgmt_user_list);
}

int ctl_cmd_user_show(ctl *c)
{
    return ctl_show_one(c, drmgmt_user_get);
}

int ctl_cmd_user_update(ctl *c)
{
    drmgmt_draft *draft = NULL;
    drmgmt_record *user = NULL;
    drmgmt_error *error = NULL;
    long long version = 0;
    char id[37];
    int code = ctl_number(c, "if-version", 1, INT64_MAX, &version);

    if (!code)
        code = make_draft(c, ctl_value(c, "email"), NULL, &draft);
    if (!code)
        code = ctl_open(c);
    if (!code)
        code = ctl_user_id(c, c->args[0], id);
    if (!code && drmgmt_user_update(c->session, id, version, draft, &user, &error))
        code = ctl_fail(error);
    drmgmt_draft_free(draft);
    return code ? code : ctl_show(c, user);
}

static int delete_user(ctl *c, const char *email_or_id, int64_t version)
{
    char id[37];
    drmgmt_error *error = NULL;
    int code = ctl_user_id(c, email_or_id, id);

    if (code)
        return code;
    return drmgmt_user_delete(c->session, id, version, &error) ? ctl_fail(error) : 0;
}

int ctl_cmd_user_delete(ctl *c)
{
    return ctl_delete_each(c, "user", "Delete", "deleted", delete_user);
}

static int log_out_user(ctl *c, const char *email_or_id, int64_t version)
{
    char id[37];
    drmgmt_error *error = NULL;
    int code = ctl_user_id(c, email_or_id, id);

    (void)version;
    if (code)
        return code;
    return drmgmt_user_logout(c->session, id, NULL, &error) ? ctl_fail(error) : 0;
}

int ctl_cmd_user_logout(ctl *c)
{
    return ctl_delete_each(c, "user", "Log out", "logged_out", log_out_user);
}

int ctl_cmd_user_reset_password(ctl *c)
{
    drmgmt_record *user = NULL;
    drmgmt_error *error = NULL;
    char id[37], *password = NULL, *invitation = NULL;
    const char *file = ctl_value(c, "password-file");
    int code = file ? ctl_read_secret(file, "password", &password) : 0;

    if (!code)
        code = ctl_open(c);
    if (!code)
        code = ctl_user_id(c, c->args[0], id);
    if (!code && drmgmt_user_reset_password(c->session, id, password, &user, &invitation, &error))
        code = ctl_fail(error);
    ctl_free_secret(password);
    if (code)
        return code;
    return invitation ? show_invited(c, user, invitation) : ctl_show(c, user);
}
