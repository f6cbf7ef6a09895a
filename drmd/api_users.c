/* Users and roles over REST: the rows that crud.c works from, and what does not fit them. Called by dispatch.c; calls
 * the library's user and role functions. */
#include "json.h"
#include "routes.h"
#include <stdio.h>

const drmd_noun drmd_noun_user = {
    .entity = "user",
    .path = "/api/v1/users",
    .version_field = "version",
    .get = drmgmt_user_get,
    .update = drmgmt_user_update,
    .remove = drmgmt_user_delete,
    .list = drmgmt_user_list,
};

const drmd_noun drmd_noun_role = {
    .entity = "role",
    .path = "/api/v1/roles",
    .version_field = "version",
    .create = drmgmt_role_create,
    .get = drmgmt_role_get,
    .update = drmgmt_role_update,
    .remove = drmgmt_role_delete,
    .list = drmgmt_role_list,
};

void drmd_user_create(drmd_request *r)
{
    drmgmt_draft *draft = drmd_draft_from(r, drmgmt_entity_find("user"));
    if (!draft)
        return;
    drmgmt_record *user = NULL;
    char *invitation = NULL;
    drmgmt_error *error = NULL;
    int failed = drmgmt_user_create(r->session, draft, &user, &invitation, &error);
    drmgmt_draft_free(draft);
    if (failed) {
        drmd_reply_error(r, error);
        return;
    }
    drmd_set_etag(r, user);
    snprintf(r->location, sizeof r->location, "%s/%s", drmd_noun_user.path, drmgmt_record_id(user));
    drmd_reply_record_with(r, 201, user, "invitation", invitation);
}

void drmd_user_reset_password(drmd_request *r)
{
    drmd_string_field fields[] = { { "password", false, NULL } };
    drmd_strings *strings = drmd_strings_read(r, fields, DRMD_COUNT(fields));
    if (!strings)
        return;
    drmgmt_record *user = NULL;
    char *invitation = NULL;
    drmgmt_error *error = NULL;
    int failed = drmgmt_user_reset_password(r->session, r->params[0], fields[0].value, &user, &invitation, &error);
    drmd_strings_free(strings);
    if (failed) {
        drmd_reply_error(r, error);
        return;
    }
    drmd_set_etag(r, user);
    drmd_reply_record_with(r, 200, user, "invitation", invitation);
}

void drmd_user_logout(drmd_request *r)
{
    drmgmt_error *error = NULL;
    if (drmgmt_user_logout(r->session, r->params[0], NULL, &error))
        drmd_reply_error(r, error);
    else
        drmd_reply(r, 204, NULL, NULL, 0);
}

/* ---- who has which role ---- */

/* The user of the path is the filter; one that is not there has no list. A user has fewer roles than a page holds. */
static int list_roles(drmd_request *r, drmgmt_query *query, drmgmt_page **page, drmgmt_error **error)
{
    drmgmt_record *user = NULL;
    int rc = drmgmt_user_get(r->session, r->params[0], &user, error);
    if (!rc)
        rc = drmgmt_query_set(query, "user_id", drmgmt_record_id(user), error);
    if (!rc)
        rc = drmgmt_query_set(query, "limit", "1000", error);
    drmgmt_record_free(user);
    return rc ? rc : drmgmt_role_assignment_list(r->session, query, page, error);
}

void drmd_user_role_list(drmd_request *r)
{
    drmgmt_query *query = drmgmt_query_new(drmgmt_entity_find("role_assignment"));
    if (!query) {
        drmd_reply_problem(r, 503, NULL, "Out of memory.");
        return;
    }
    drmgmt_page *page = NULL;
    drmgmt_error *error = NULL;
    int failed = list_roles(r, query, &page, &error);
    drmgmt_query_free(query);
    if (failed)
        drmd_reply_error(r, error);
    else
        drmd_reply_page(r, page);
}

void drmd_user_role_assign(drmd_request *r)
{
    drmgmt_draft *draft = drmd_draft_from(r, drmgmt_entity_find("role_assignment"));
    if (!draft)
        return;
    drmgmt_record *assignment = NULL;
    drmgmt_error *error = NULL;
    int failed = drmgmt_role_assign(r->session, r->params[0], draft, &assignment, &error);
    drmgmt_draft_free(draft);
    if (failed)
        drmd_reply_error(r, error);
    else
        drmd_reply_record(r, 201, assignment);
}

void drmd_user_role_withdraw(drmd_request *r)
{
    drmgmt_error *error = NULL;
    if (drmgmt_role_withdraw(r->session, r->params[0], r->params[1], &error))
        drmd_reply_error(r, error);
    else
        drmd_reply(r, 204, NULL, NULL, 0);
}
