/* What tests of the domain rooms share: sessions of two tenants, drafts from JSON. */
#ifndef DOMAIN_SUPPORT_H
#define DOMAIN_SUPPORT_H

#include "core/core.h"
#include "core/strbuf.h"
#include "environment.h"
#include <criterion/criterion.h>
#include <drm/sdk.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static inline drmgmt_session *log_in(drmgmt_context *context, const char *email, const char *password)
{
    drmgmt_tokens *tokens = NULL;
    drmgmt_session *session = NULL;
    drmgmt_error *error = NULL;

    cr_assert(drmgmt_login(context, &(drmgmt_login_request){ email, password, NULL, NULL }, NULL, &tokens, &error) == 0,
              "%s", drmgmt_error_message(error));
    cr_assert(drmgmt_session_open_token(context, tokens->access_token, NULL, &session, &error) == 0, "%s",
              drmgmt_error_message(error));
    drmgmt_tokens_free(tokens);
    return session;
}

static inline drmgmt_session *open_session(drmgmt_context *context)
{
    return log_in(context, from_env("DRM_EMAIL"), from_env("DRM_PASSWORD"));
}

/* An administrator of a tenant made for this call. */
static inline drmgmt_session *open_other_tenant(drmgmt_context *context)
{
    char id[DRMGMT__UUID_SIZE], tenant[64], email[96];
    drmgmt_error *error = NULL;

    cr_assert(drmgmt__uuid_v7(id) == 0);
    snprintf(tenant, sizeof tenant, "other-%s", id + 19);
    snprintf(email, sizeof email, "%s@example.net", tenant);
    cr_assert(drmgmt_db_create_tenant(from_env("DRM_DATABASE_URL"), from_env("DRM_KEYRING"), tenant, email,
                                      "a long enough password", id, &error) == 0,
              "%s", drmgmt_error_message(error));
    return log_in(context, email, "a long enough password");
}

static inline drmgmt_draft *draft_of(const char *entity, const char *json)
{
    drmgmt_draft *draft = NULL;
    drmgmt_error *error = NULL;

    cr_assert(drmgmt_draft_from_json(drmgmt_entity_find(entity), json, strlen(json), &draft, &error) == 0, "%s: %s",
              json, drmgmt_error_message(error));
    return draft;
}

static inline void set(drmgmt_query *query, const char *name, const char *value)
{
    drmgmt_error *error = NULL;

    cr_assert(drmgmt_query_set(query, name, value, &error) == 0, "%s", drmgmt_error_message(error));
}

/* What is expected to fail: its status and the field it names ("" for none). */
static inline void check_failure(int rc, drmgmt_error *error, drmgmt_status status, const char *field)
{
    const char *named = drmgmt_error_field(error);

    cr_assert(rc == (int)status, "%s instead of %s: %s", drmgmt_status_name((drmgmt_status)rc),
              drmgmt_status_name(status), drmgmt_error_message(error));
    cr_assert(strcmp(named ? named : "", field) == 0, "field \"%s\" instead of \"%s\": %s", named ? named : "", field,
              drmgmt_error_message(error));
    cr_assert(drmgmt_error_message(error)[0] != '\0');
    drmgmt_error_free(error);
}

/* The call is made before its error is looked at; error is ready for the next one then. */
#define fails(call, error, status, field)                                                                              \
    do {                                                                                                               \
        int rc_ = (call);                                                                                              \
        check_failure(rc_, (error), status, field);                                                                    \
        (error) = NULL;                                                                                                \
    } while (0)

#endif
