/* API keys against a real database: made, used, listed, revoked, and what is no key. */
/* needs: postgres migrated */
#include "auth_support.h"

TestSuite(api_key, .init = setup, .fini = teardown);

/* From the text of a label, or from JSON when it begins with a brace. */
static int try_key(drmgmt_session *session, const char *label, drmgmt_record **record, char **key, drmgmt_error **error)
{
    const drmgmt_entity *entity = drmgmt_entity_find("api_key");
    drmgmt_draft *draft = NULL;
    int rc;

    if (label && label[0] == '{') {
        rc = drmgmt_draft_from_json(entity, label, strlen(label), &draft, error);
    } else {
        draft = drmgmt_draft_new(entity);
        rc = drmgmt_draft_set(draft, "label", label, error);
    }
    if (!rc)
        rc = drmgmt_api_key_create(session, draft, record, key, error);
    drmgmt_draft_free(draft);
    return rc;
}

static char *make_key(drmgmt_session *session, const char *label, char id[37])
{
    drmgmt_record *record = NULL;
    drmgmt_error *error = NULL;
    char *key = NULL;

    cr_assert_eq(try_key(session, label, &record, &key, &error), 0, "%s", drmgmt_error_message(error));
    if (label[0] != '{')
        cr_assert_str_eq(drmgmt_record_text(record, "label"), label);
    cr_assert_eq(strncmp(key, drmgmt_record_text(record, "prefix"), 36), 0);
    cr_assert_null(drmgmt_record_text(record, "last_used_at"));
    snprintf(id, 37, "%s", drmgmt_record_id(record));
    drmgmt_record_free(record);
    return key;
}

static int opens(drmgmt_context *with, const char *key)
{
    drmgmt_session *session = NULL;
    int rc = drmgmt_session_open_api_key(with, key, NULL, &session, NULL);

    cr_assert_eq(rc == 0, session != NULL);
    if (session)
        cr_assert_str_eq(drmgmt_session_tenant_id(session), tenant_id);
    drmgmt_session_close(session);
    return rc;
}

Test(api_key, an_api_key_opens_sessions_without_a_keyring)
{
    drmgmt_session *session = open_session(), *by_key = NULL;
    drmgmt_context *bare = open_context(false);
    char id[37], *json = NULL;

    drmgmt_session_set_origin(session, &(drmgmt_origin){ "request-1", "192.0.2.7" });
    char *key = make_key(session, "a script", id);
    cr_assert_eq(strlen(key), 80);
    cr_assert_eq(drmgmt_session_open_api_key(bare, key, NULL, &by_key, NULL), 0);
    cr_assert_str_eq(drmgmt_session_user_id(by_key), drmgmt_session_user_id(session));
    cr_assert_eq(drmgmt_session_whoami(by_key, &json, NULL), 0);
    cr_assert(strstr(json, "\"role\":\"administrator\",\"permissions\":[\"device:read\",") &&
              strstr(json, "\"auth\":\"api-key\"}"));
    drmgmt_free(json);
    cr_assert_eq(opens(context, key), 0);
    drmgmt__rows *rows =
        ask("SELECT request_id, address, object_id FROM drm.audit_logs WHERE tenant_id = $1::uuid AND action = $2",
            "api_key.create");
    cr_assert_str_eq(drmgmt__rows_text(rows, 0, 0), "request-1");
    cr_assert_str_eq(drmgmt__rows_text(rows, 0, 1), "192.0.2.7");
    cr_assert_str_eq(drmgmt__rows_text(rows, 0, 2), id);
    drmgmt__rows_free(rows);
    rows = ask("SELECT count(*) FROM drm.api_keys WHERE tenant_id = $1::uuid AND key_hash = sha256($2::bytea) AND "
               "last_used_at IS NOT NULL",
               key);
    cr_assert_eq(drmgmt__rows_int(rows, 0, 0), 1);
    drmgmt__rows_free(rows);
    drmgmt_free(key);
    drmgmt_session_close(by_key);
    drmgmt_session_close(session);
    drmgmt_context_free(bare);
}

Test(api_key, a_revoked_key_is_refused_from_the_next_call_on)
{
    drmgmt_session *session = open_session(), *by_key = NULL;
    char id[37], *json = NULL;
    char *key = make_key(session, "short-lived", id);

    cr_assert_eq(drmgmt_session_open_api_key(context, key, NULL, &by_key, NULL), 0);
    cr_assert_eq(drmgmt_session_require(by_key, DRMGMT_PERM_NONE, NULL), 0);
    cr_assert_eq(drmgmt_api_key_revoke(session, id, NULL), 0);
    cr_assert_eq(drmgmt_session_whoami(by_key, &json, NULL), DRMGMT_ERR_UNAUTHENTICATED);
    cr_assert_eq(opens(context, key), DRMGMT_ERR_UNAUTHENTICATED);
    cr_assert_eq(drmgmt_api_key_revoke(session, id, NULL), DRMGMT_ERR_NOT_FOUND, "twice");
    cr_assert_eq(audited("api_key.revoke"), 1);
    drmgmt_free(key);
    drmgmt_session_close(by_key);
    drmgmt_session_close(session);
}

Test(api_key, expired_disabled_and_malformed_keys)
{
    drmgmt_session *session = open_session();
    char id[37], text[200];
    char *key = make_key(session, "key", id);
    static const char *const texts[] = { NULL, "", "drm_", "drm_x_y", "Bearer x" };

    change("UPDATE drm.api_keys SET expires_at = now() - interval '1 second' WHERE tenant_id = $1::uuid", 1);
    cr_assert_eq(opens(context, key), DRMGMT_ERR_UNAUTHENTICATED);
    change("UPDATE drm.api_keys SET expires_at = now() + interval '1 hour' WHERE tenant_id = $1::uuid", 1);
    cr_assert_eq(opens(context, key), 0);
    change("UPDATE drm.users SET active = false WHERE tenant_id = $1::uuid " NOT_SPARE, 1);
    cr_assert_eq(opens(context, key), DRMGMT_ERR_UNAUTHENTICATED);
    change("UPDATE drm.users SET active = true WHERE tenant_id = $1::uuid " NOT_SPARE, 1);
    change("UPDATE drm.tenants SET status = 'suspended' WHERE tenant_id = $1::uuid", 1);
    cr_assert_eq(opens(context, key), DRMGMT_ERR_UNAUTHENTICATED);
    change("UPDATE drm.tenants SET status = 'active' WHERE tenant_id = $1::uuid", 1);
    for (size_t i = 0; i < DRMGMT__COUNT(texts); i++)
        cr_assert_eq(opens(context, texts[i]), DRMGMT_ERR_UNAUTHENTICATED);
    for (size_t i = 0; key[i]; i++) {
        snprintf(text, sizeof text, "%s", key);
        text[i] = text[i] == '0' ? '1' : '0';
        cr_assert_eq(opens(context, text), DRMGMT_ERR_UNAUTHENTICATED, "letter %zu", i);
    }
    snprintf(text, sizeof text, "%sA", key);
    cr_assert_eq(opens(context, text), DRMGMT_ERR_UNAUTHENTICATED);
    cr_assert_eq(opens(context, key), 0);
    drmgmt_free(key);
    drmgmt_session_close(session);
}

static drmgmt_page *list(drmgmt_session *session, const char *limit, const char *cursor)
{
    drmgmt_query *query = drmgmt_query_new(drmgmt_entity_find("api_key"));
    drmgmt_page *page = NULL;
    drmgmt_error *error = NULL;

    cr_assert_eq(drmgmt_query_set(query, "limit", limit, NULL), 0);
    if (cursor)
        cr_assert_eq(drmgmt_query_set(query, "cursor", cursor, NULL), 0);
    cr_assert_eq(drmgmt_api_key_list(session, query, &page, &error), 0, "%s", drmgmt_error_message(error));
    drmgmt_query_free(query);
    return page;
}

Test(api_key, keys_are_listed_newest_first_page_by_page)
{
    drmgmt_session *session = open_session();
    char ids[7][37], label[16];
    int seen = 0;

    for (int i = 0; i < 7; i++) {
        snprintf(label, sizeof label, "key %d", i);
        drmgmt_free(make_key(session, label, ids[i]));
    }
    cr_assert_eq(drmgmt_api_key_revoke(session, ids[3], NULL), 0);
    static const int order[] = { 6, 5, 4, 2, 1, 0 };
    drmgmt_page *page = list(session, "2", NULL);
    for (;;) {
        for (size_t i = 0; i < drmgmt_page_count(page); i++, seen++)
            cr_assert(seen < 6 && strcmp(drmgmt_record_id(drmgmt_page_record(page, i)), ids[order[seen]]) == 0);
        if (!drmgmt_page_next(page))
            break;
        drmgmt_page *next = list(session, "2", drmgmt_page_next(page));
        drmgmt_page_free(page);
        page = next;
    }
    cr_assert_eq(seen, 6);
    drmgmt_page_free(page);
    /* A cursor that was made up, and a query of another list. */
    drmgmt_query *query = drmgmt_query_new(drmgmt_entity_find("api_key"));
    cr_assert_eq(drmgmt_query_set(query, "cursor", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", NULL), 0);
    cr_assert_eq(drmgmt_api_key_list(session, query, &page, NULL), DRMGMT_ERR_INVALID);
    cr_assert_eq(drmgmt_query_set(query, "sort", "label", NULL), DRMGMT_ERR_INVALID);
    drmgmt_query_free(query);
    query = drmgmt_query_new(drmgmt_entity_find("device"));
    cr_assert_eq(drmgmt_api_key_list(session, query, &page, NULL), DRMGMT_ERR_INVALID);
    drmgmt_query_free(query);
    drmgmt_session_close(session);
}

Test(api_key, the_keys_of_others_are_not_there)
{
    drmgmt_session *session = open_session();
    char id[37], other_id[37], name[50];
    char *key = make_key(session, "mine", id);
    drmgmt_tokens *tokens = NULL;

    /* A colleague in the same tenant, and somebody in another one. */
    change("INSERT INTO drm.users (tenant_id, id, email, password_hash, role) SELECT tenant_id, gen_random_uuid(),"
           " 'second@example.net', password_hash, 'viewer' FROM drm.users WHERE tenant_id = $1::uuid " NOT_SPARE,
           1);
    snprintf(name, sizeof name, "%s bis", tenant);
    create_tenant(name, email, other_id);
    const char *const who[][2] = { { "second@example.net", tenant }, { email, name } };
    for (size_t i = 0; i < 2; i++) {
        cr_assert_eq(
            drmgmt_login(context, &(drmgmt_login_request){ who[i][0], password, who[i][1], NULL }, NULL, &tokens, NULL),
            0);
        drmgmt_session *other = session_of(tokens);
        drmgmt_page *page = list(other, "10", NULL);
        cr_assert_eq(drmgmt_page_count(page), 0);
        drmgmt_page_free(page);
        cr_assert_eq(drmgmt_api_key_revoke(other, id, NULL), DRMGMT_ERR_NOT_FOUND);
        /* By name, too: one may not, and the other may, in a tenant that has no such user. */
        drmgmt_query *query = drmgmt_query_new(drmgmt_entity_find("api_key"));
        cr_assert_eq(drmgmt_query_set(query, "user_id", drmgmt_session_user_id(session), NULL), 0);
        page = NULL;
        cr_assert_eq(drmgmt_api_key_list(other, query, &page, NULL), i ? 0 : DRMGMT_ERR_FORBIDDEN);
        cr_assert(!page || drmgmt_page_count(page) == 0);
        drmgmt_page_free(page);
        drmgmt_query_free(query);
        drmgmt_session_close(other);
        drmgmt_tokens_free(tokens);
    }
    cr_assert_eq(opens(context, key), 0);
    drmgmt_free(key);
    drmgmt_session_close(session);
}

Test(api_key, labels_and_ids_that_are_none)
{
    drmgmt_session *session = open_session();
    static const char *const labels[] = { NULL, "", "tab\there", "\xff\xfe", "line\n" };
    static const char *const ids[] = { "", "x", "018f0000-0000-7000-8000-000000000001",
                                       "'; DROP TABLE drm.api_keys; --" };
    drmgmt_record *record = NULL;
    drmgmt_error *error = NULL;
    char *key = NULL, label[204] = "", id[37];

    for (size_t i = 0; i < DRMGMT__COUNT(labels); i++) {
        cr_assert_eq(try_key(session, labels[i], &record, &key, &error), DRMGMT_ERR_INVALID);
        cr_assert_str_eq(drmgmt_error_field(error), "label");
        drmgmt_error_free(error);
    }
    /* A hundred characters, not bytes. */
    for (int i = 0; i < 100; i++)
        strcat(label, "\u00fc");
    drmgmt_free(make_key(session, label, id));
    strcat(label, "x");
    cr_assert_eq(try_key(session, label, &record, &key, NULL), DRMGMT_ERR_INVALID);
    for (size_t i = 0; i < DRMGMT__COUNT(ids); i++)
        cr_assert_eq(drmgmt_api_key_revoke(session, ids[i], NULL), DRMGMT_ERR_NOT_FOUND);
    cr_assert(!record && !key);
    drmgmt_session_close(session);
}

Test(api_key, an_origin_that_is_no_text_does_no_harm)
{
    drmgmt_session *session = open_session();
    char long_text[300], id[37];

    memset(long_text, 0xff, sizeof long_text - 1);
    long_text[sizeof long_text - 1] = '\0';
    drmgmt_session_set_origin(session, &(drmgmt_origin){ long_text, "a\nb" });
    drmgmt_free(make_key(session, "one", id));
    drmgmt_session_set_origin(session, &(drmgmt_origin){ NULL, NULL });
    drmgmt_free(make_key(session, "two", id));
    drmgmt__rows *rows =
        ask("SELECT length(request_id), address FROM drm.audit_logs WHERE tenant_id = $1::uuid AND action = $2"
            " ORDER BY id",
            "api_key.create");
    cr_assert_eq(drmgmt__rows_int(rows, 0, 0), 64);
    cr_assert_str_eq(drmgmt__rows_text(rows, 0, 1), "a?b");
    cr_assert(!drmgmt__rows_text(rows, 1, 0) && !drmgmt__rows_text(rows, 1, 1));
    drmgmt__rows_free(rows);
    drmgmt_session_close(session);
}

/* ---- keys that do less than their owner ---- */

static int submits(const char *key, const char *address)
{
    drmgmt_session *session = NULL;
    drmgmt_origin origin = { .address = address };
    int rc = drmgmt_session_open_api_key(context, key, &origin, &session, NULL);

    if (!rc)
        rc = drmgmt_session_require(session, DRMGMT_PERM_JOB_CANCEL, NULL);
    drmgmt_session_close(session);
    return rc;
}

static int reads(const char *key, const char *address)
{
    drmgmt_session *session = NULL;
    drmgmt_origin origin = { .address = address };
    int rc = drmgmt_session_open_api_key(context, key, &origin, &session, NULL);

    if (!rc)
        rc = drmgmt_session_require(session, DRMGMT_PERM_DEVICE_READ, NULL);
    drmgmt_session_close(session);
    return rc;
}

Test(api_key, scopes_narrow_what_the_owner_may)
{
    drmgmt_session *session = open_session();
    char id[37];
    char *key = make_key(session, "{\"label\":\"monitor\",\"scopes\":[\"job:read\",\"device:read\",\"job:read\"]}", id);
    char *all = make_key(session, "all", id);

    cr_assert_eq(reads(key, NULL), 0);
    cr_assert_eq(submits(key, NULL), DRMGMT_ERR_FORBIDDEN);
    cr_assert_eq(submits(all, NULL), 0);
    /* What the owner loses, keys lose, and nobody gives a key what they do not hold. */
    change("UPDATE drm.users SET role = 'viewer' WHERE tenant_id = $1::uuid " NOT_SPARE, 1);
    cr_assert_eq(submits(all, NULL), DRMGMT_ERR_FORBIDDEN);
    drmgmt_record *record = NULL;
    drmgmt_error *error = NULL;
    char *none = NULL;
    cr_assert_eq(try_key(session, "{\"label\":\"x\",\"scopes\":[\"device:read\",\"job:cancel\",\"user:admin\"]}",
                         &record, &none, &error),
                 DRMGMT_ERR_FORBIDDEN);
    cr_assert(strstr(drmgmt_error_message(error), "job:cancel, user:admin"), "%s", drmgmt_error_message(error));
    drmgmt_error_free(error);
    drmgmt_free(key);
    drmgmt_free(all);
    drmgmt_session_close(session);
}

Test(api_key, who_manages_users_sees_and_revokes_their_keys)
{
    drmgmt_session *session = open_session();
    drmgmt_tokens *tokens = NULL;
    drmgmt_page *page = NULL;
    char id[37];
    char *key = make_key(session, "mine", id);

    change("INSERT INTO drm.users (tenant_id, id, email, password_hash, role) SELECT tenant_id, gen_random_uuid(),"
           " 'second@example.net', password_hash, 'administrator' FROM drm.users WHERE tenant_id = $1::uuid " NOT_SPARE,
           1);
    cr_assert_eq(drmgmt_login(context, &(drmgmt_login_request){ "second@example.net", password, tenant, NULL }, NULL,
                              &tokens, NULL),
                 0);
    drmgmt_session *other = session_of(tokens);
    drmgmt_query *query = drmgmt_query_new(drmgmt_entity_find("api_key"));
    cr_assert_eq(drmgmt_query_set(query, "user_id", drmgmt_session_user_id(session), NULL), 0);
    cr_assert_eq(drmgmt_api_key_list(other, query, &page, NULL), 0);
    cr_assert_eq(drmgmt_page_count(page), 1);
    cr_assert_str_eq(drmgmt_record_id(drmgmt_page_record(page, 0)), id);
    cr_assert_str_eq(drmgmt_record_text(drmgmt_page_record(page, 0), "user_id"), drmgmt_session_user_id(session));
    cr_assert_eq(drmgmt_api_key_revoke(other, id, NULL), 0);
    cr_assert_eq(opens(context, key), DRMGMT_ERR_UNAUTHENTICATED);
    drmgmt_page_free(page);
    drmgmt_query_free(query);
    drmgmt_session_close(other);
    drmgmt_tokens_free(tokens);
    drmgmt_free(key);
    drmgmt_session_close(session);
}

Test(api_key, one_made_with_a_key_may_no_more)
{
    static const struct {
        const char *maker, *wider, *narrower, *field, *inherited;
    } rows[] = {
        { "{\"label\":\"x\",\"scopes\":[\"api-key:own\",\"device:read\"]}",
          "{\"label\":\"y\",\"scopes\":[\"device:read\",\"device:write\"]}",
          "{\"label\":\"y\",\"scopes\":[\"device:read\"]}", "scopes", "[\"device:read\",\"api-key:own\"]" },
        { "{\"label\":\"x\",\"addresses\":[\"192.0.2.0/24\"]}",
          "{\"label\":\"y\",\"addresses\":[\"192.0.2.7\",\"192.0.0.0/16\"]}",
          "{\"label\":\"y\",\"addresses\":[\"192.0.2.0/25\",\"192.0.2.200\"]}", "addresses", "[\"192.0.2.0/24\"]" },
        { "{\"label\":\"x\",\"expires_at\":\"2999-01-01T00:00:00Z\"}",
          "{\"label\":\"y\",\"expires_at\":\"2999-01-01T00:00:01Z\"}", "{\"label\":\"y\",\"expires_in\":60}",
          "expires_at", "2999-01-01T00:00:00Z" },
    };
    drmgmt_session *session = open_session(), *by_key = NULL;
    drmgmt_origin origin = { .address = "192.0.2.7" };

    for (size_t i = 0; i < DRMGMT__COUNT(rows); i++) {
        char id[37], *key = make_key(session, rows[i].maker, id), *second = NULL;
        drmgmt_record *record = NULL;
        cr_assert_eq(drmgmt_session_open_api_key(context, key, &origin, &by_key, NULL), 0);
        cr_assert_eq(try_key(by_key, rows[i].wider, &record, &second, NULL), DRMGMT_ERR_FORBIDDEN, "%s", rows[i].wider);
        drmgmt_free(make_key(by_key, rows[i].narrower, id));
        cr_assert_eq(try_key(by_key, "as it is", &record, &second, NULL), 0);
        cr_assert_str_eq(drmgmt_record_text(record, rows[i].field), rows[i].inherited);
        drmgmt_record_free(record);
        drmgmt_free(second);
        drmgmt_session_close(by_key);
        drmgmt_free(key);
    }
    drmgmt_session_close(session);
}

Test(api_key, limits_that_are_none)
{
    static const struct {
        const char *json, *field;
        int rc;
    } rows[] = {
        { "{\"label\":\"x\",\"scopes\":[\"device:fly\"]}", "scopes", DRMGMT_ERR_INVALID },
        { "{\"label\":\"x\",\"scopes\":[\"none\"]}", "scopes", DRMGMT_ERR_INVALID },
        { "{\"label\":\"x\",\"scopes\":[]}", "scopes", DRMGMT_ERR_INVALID },
        { "{\"label\":\"x\",\"scopes\":\"device:read\"}", "scopes", DRMGMT_ERR_INVALID },
        { "{\"label\":\"x\",\"scopes\":[\"platform:tenant\"]}", NULL, DRMGMT_ERR_INVALID },
        { "{\"label\":\"x\",\"addresses\":[]}", "addresses", DRMGMT_ERR_INVALID },
        { "{\"label\":\"x\",\"addresses\":[\"localhost\"]}", "addresses", DRMGMT_ERR_INVALID },
        { "{\"label\":\"x\",\"addresses\":[\"192.0.2.0/33\"]}", "addresses", DRMGMT_ERR_INVALID },
        { "{\"label\":\"x\",\"addresses\":[\"192.0.2.0/\"]}", "addresses", DRMGMT_ERR_INVALID },
        { "{\"label\":\"x\",\"addresses\":[\"192.0.2\"]}", "addresses", DRMGMT_ERR_INVALID },
        { "{\"label\":\"x\",\"addresses\":[\"fe80::1%eth0\"]}", "addresses", DRMGMT_ERR_INVALID },
        { "{\"label\":\"x\",\"addresses\":[\"2001:db8::/129\"]}", "addresses", DRMGMT_ERR_INVALID },
        { "{\"label\":\"x\",\"expires_in\":0}", "expires_in", DRMGMT_ERR_INVALID },
        { "{\"label\":\"x\",\"expires_in\":315360001}", "expires_in", DRMGMT_ERR_INVALID },
        { "{\"label\":\"x\",\"expires_at\":\"tomorrow\"}", "expires_at", DRMGMT_ERR_INVALID },
        { "{\"label\":\"x\",\"expires_at\":\"2999-01-01\"}", "expires_at", DRMGMT_ERR_INVALID },
        { "{\"label\":\"x\",\"expires_at\":\"2999-01-01T00:00:00\"}", "expires_at", DRMGMT_ERR_INVALID },
        { "{\"label\":\"x\",\"expires_at\":\"2000-01-01T00:00:00Z\"}", NULL, DRMGMT_ERR_INVALID },
        { "{\"label\":\"x\",\"expires_at\":\"2999-99-01T00:00:00Z\"}", "expires_at", DRMGMT_ERR_INVALID },
        { "{\"label\":\"x\",\"expires_at\":\"2999-01-01T00:00:00Z\",\"expires_in\":60}", "expires_in",
          DRMGMT_ERR_INVALID },
        { "{\"label\":\"x\",\"user_id\":\"018f0000-0000-7000-8000-000000000001\"}", "user_id", DRMGMT_ERR_INVALID },
    };
    drmgmt_session *session = open_session();

    for (size_t i = 0; i < DRMGMT__COUNT(rows); i++) {
        drmgmt_record *record = NULL;
        drmgmt_error *error = NULL;
        char *key = NULL;
        cr_assert_eq(try_key(session, rows[i].json, &record, &key, &error), rows[i].rc, "%s", rows[i].json);
        if (rows[i].field)
            cr_assert_str_eq(drmgmt_error_field(error), rows[i].field, "%s", rows[i].json);
        cr_assert(!record && !key);
        drmgmt_error_free(error);
    }
    drmgmt_session_close(session);
}

Test(api_key, addresses_are_held_against_where_it_comes_from)
{
    drmgmt_session *session = open_session();
    drmgmt_record *record = NULL;
    char *key = NULL;

    cr_assert_eq(try_key(session,
                         "{\"label\":\"x\",\"addresses\":[\"192.0.2.77/24\",\"2001:db8::7\"],\"expires_in\":3600}",
                         &record, &key, NULL),
                 0);
    cr_assert_str_eq(drmgmt_record_text(record, "addresses"), "[\"192.0.2.0/24\",\"2001:db8::7/128\"]");
    cr_assert_null(drmgmt_record_text(record, "scopes"));
    cr_assert_eq(drmgmt_record_int(record, "expires_in"), 3600);
    cr_assert_eq(reads(key, "192.0.2.200"), 0);
    cr_assert_eq(reads(key, "2001:db8::7"), 0);
    static const char *const wrong[] = {
        NULL, "", "192.0.3.1", "2001:db8::8", "::ffff:192.0.3.1", "x", "192.0.2.0/24"
    };
    for (size_t i = 0; i < DRMGMT__COUNT(wrong); i++)
        cr_assert_eq(reads(key, wrong[i]), DRMGMT_ERR_UNAUTHENTICATED, "%s", wrong[i] ? wrong[i] : "none");
    drmgmt_record_free(record);
    drmgmt_free(key);
    drmgmt_session_close(session);
}
