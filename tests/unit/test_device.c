/* Devices and credentials against a real PostgreSQL, as two tenants. */
/* needs: postgres migrated */
#include "domain_support.h"

static drmgmt_context *context;
static drmgmt_session *ours, *theirs;

static void open_all(void)
{
    context = open_context(true);
    ours = open_session(context);
    theirs = open_other_tenant(context);
}

static void close_all(void)
{
    drmgmt_session_close(ours);
    drmgmt_session_close(theirs);
    drmgmt_context_free(context);
}

TestSuite(device, .init = open_all, .fini = close_all);

static drmgmt_record *create(drmgmt_session *session, const char *json)
{
    drmgmt_draft *draft = draft_of("device", json);
    drmgmt_record *device = NULL;
    drmgmt_error *error = NULL;

    cr_assert(drmgmt_device_create(session, draft, &device, &error) == 0, "%s", drmgmt_error_message(error));
    drmgmt_draft_free(draft);
    return device;
}

static char *json_of(const drmgmt_record *record)
{
    char *json = NULL;

    cr_assert(drmgmt_record_json(record, &json, NULL) == 0);
    return json;
}

static void create_fails(const char *json, drmgmt_status status, const char *field)
{
    drmgmt_draft *draft = draft_of("device", json);
    drmgmt_record *device = NULL;
    drmgmt_error *error = NULL;

    fails(drmgmt_device_create(ours, draft, &device, &error), error, status, field);
    cr_assert(device == NULL);
    drmgmt_draft_free(draft);
}

static void update(const char *id, int64_t version, const char *json, drmgmt_record **device)
{
    drmgmt_draft *draft = draft_of("device", json);
    drmgmt_error *error = NULL;

    cr_assert(drmgmt_device_update(ours, id, version, draft, device, &error) == 0, "%s", drmgmt_error_message(error));
    drmgmt_draft_free(draft);
}

static void update_fails(drmgmt_session *session, const char *id, int64_t version, const char *json,
                         drmgmt_status status, const char *field)
{
    drmgmt_draft *draft = draft_of("device", json);
    drmgmt_record *device = NULL;
    drmgmt_error *error = NULL;

    fails(drmgmt_device_update(session, id, version, draft, &device, &error), error, status, field);
    drmgmt_draft_free(draft);
}

static size_t credentials_named(drmgmt_session *session, const char *name)
{
    drmgmt_query *query = drmgmt_query_new(drmgmt_entity_find("snmp_credential"));
    drmgmt_page *page = NULL;
    drmgmt_error *error = NULL;

    set(query, "name", name);
    cr_assert(drmgmt_snmp_credential_list(session, query, &page, &error) == 0, "%s", drmgmt_error_message(error));
    size_t n = drmgmt_page_count(page);
    drmgmt_page_free(page);
    drmgmt_query_free(query);
    return n;
}

Test(device, life)
{
    drmgmt_record *made = create(ours, "{\"name\":\"life\",\"tags\":[\"a=1\",\"b \\\"q\\\" \\\\ ü\"],\"profiles\":[{"
                                       "\"protocol\":\"snmp\",\"address\":\"192.0.2.7\",\"port\":1161,\"settings\":{"
                                       "\"version\":\"1\"},\"community\":\"s3cret-word\"},{\"protocol\":\"fake\"}]}");
    char *json = json_of(made);
    const char *id = drmgmt_record_id(made);
    drmgmt_record *read = NULL, *changed = NULL;

    cr_assert(strstr(json, "s3cret-word") == NULL);
    cr_assert_str_eq(drmgmt_record_text(made, "protocols"), "[\"fake\",\"snmp\"]");
    cr_assert_str_eq(drmgmt_record_text(made, "tags"), "[\"a=1\",\"b \\\"q\\\" \\\\ ü\"]");
    cr_assert(strstr(drmgmt_record_text(made, "profiles"), "\"port\": 1161") != NULL);
    cr_assert_eq(credentials_named(ours, "life"), 1);
    cr_assert_eq(credentials_named(theirs, "life"), 0);

    cr_assert(drmgmt_device_get(ours, "life", &read, NULL) == 0);
    char *again = json_of(read);
    cr_assert_str_eq(again, json);
    drmgmt_free(again);

    update(id, 1, "{\"description\":\"core\"}", &changed);
    cr_assert_eq(drmgmt_record_int(changed, "version"), 2);
    cr_assert_str_eq(drmgmt_record_text(changed, "name"), "life");
    drmgmt_record_free(changed);
    update_fails(ours, id, 1, "{\"description\":\"edge\"}", DRMGMT_ERR_PRECONDITION, "");

    /* Without a profile that uses it, the credential that came with one goes. */
    update(id, 0, "{\"profiles\":[{\"protocol\":\"fake\"}],\"tags\":null}", &changed);
    cr_assert_str_eq(drmgmt_record_text(changed, "protocols"), "[\"fake\"]");
    cr_assert_str_eq(drmgmt_record_text(changed, "tags"), "[]");
    drmgmt_record_free(changed);
    cr_assert_eq(credentials_named(ours, "life"), 0);

    cr_assert(drmgmt_device_delete(ours, id, 3, NULL) == 0);
    drmgmt_error *error = NULL;
    fails(drmgmt_device_get(ours, id, &read, &error), error, DRMGMT_ERR_NOT_FOUND, "");
    drmgmt_record_free(made);
    drmgmt_record_free(read);
    drmgmt_free(json);
}

Test(device, foreign_tenant_sees_nothing)
{
    drmgmt_record *made =
        create(ours, "{\"name\":\"mine\",\"profiles\":[{\"protocol\":\"snmp\",\"community\":\"x\"}]}");
    drmgmt_record *same = create(theirs, "{\"name\":\"mine\"}"), *read = NULL;
    const char *id = drmgmt_record_id(made);
    drmgmt_error *error = NULL;

    fails(drmgmt_device_get(theirs, id, &read, &error), error, DRMGMT_ERR_NOT_FOUND, "");
    update_fails(theirs, id, 0, "{\"description\":\"taken over\"}", DRMGMT_ERR_NOT_FOUND, "");
    fails(drmgmt_device_delete(theirs, id, 0, &error), error, DRMGMT_ERR_NOT_FOUND, "");
    cr_assert(drmgmt_device_get(theirs, "mine", &read, NULL) == 0);
    cr_assert_str_eq(drmgmt_record_id(read), drmgmt_record_id(same));

    /* Another tenant's credential is one that is not there. */
    json_t *profiles = json_loads(drmgmt_record_text(made, "profiles"), 0, NULL);
    const char *credential = json_string_value(json_object_get(json_array_get(profiles, 0), "credential_id"));
    char draft[256];
    cr_assert(credential != NULL);
    snprintf(draft, sizeof draft, "{\"profiles\":[{\"protocol\":\"snmp\",\"credential_id\":\"%s\"}]}", credential);
    update_fails(theirs, drmgmt_record_id(same), 0, draft, DRMGMT_ERR_NOT_FOUND, "profiles");
    drmgmt_record *unseen = NULL;
    fails(drmgmt_snmp_credential_get(theirs, credential, &unseen, &error), error, DRMGMT_ERR_NOT_FOUND, "");
    json_decref(profiles);

    cr_assert(drmgmt_device_delete(ours, id, 0, NULL) == 0);
    cr_assert(drmgmt_device_delete(theirs, drmgmt_record_id(same), 0, NULL) == 0);
    drmgmt_record_free(made);
    drmgmt_record_free(same);
    drmgmt_record_free(read);
}

Test(device, what_is_refused)
{
    static const struct {
        const char *json;
        drmgmt_status status;
        const char *field;
    } table[] = {
        { "{\"tags\":[]}", DRMGMT_ERR_INVALID, "name" },
        { "{\"name\":\" blank\"}", DRMGMT_ERR_INVALID, "name" },
        { "{\"name\":\"0191d6a0-0000-7000-8000-000000000000\"}", DRMGMT_ERR_INVALID, "name" },
        { "{\"name\":\"x\",\"profiles\":{}}", DRMGMT_ERR_INVALID, "profiles" },
        { "{\"name\":\"x\",\"profiles\":[7]}", DRMGMT_ERR_INVALID, "profiles[0]" },
        { "{\"name\":\"x\",\"profiles\":[{}]}", DRMGMT_ERR_INVALID, "profiles[0].protocol" },
        { "{\"name\":\"x\",\"profiles\":[{\"protocol\":\"telnet\"}]}", DRMGMT_ERR_INVALID, "profiles[0].protocol" },
        { "{\"name\":\"x\",\"profiles\":[{\"protocol\":\"fake\"},{\"protocol\":\"fake\"}]}", DRMGMT_ERR_INVALID,
          "profiles[1].protocol" },
        { "{\"name\":\"x\",\"profiles\":[{\"protocol\":\"fake\",\"port\":65536}]}", DRMGMT_ERR_INVALID,
          "profiles[0].port" },
        { "{\"name\":\"x\",\"profiles\":[{\"protocol\":\"fake\",\"port\":\"1\"}]}", DRMGMT_ERR_INVALID,
          "profiles[0].port" },
        { "{\"name\":\"x\",\"profiles\":[{\"protocol\":\"fake\",\"address\":\"a b\"}]}", DRMGMT_ERR_INVALID,
          "profiles[0].address" },
        { "{\"name\":\"x\",\"profiles\":[{\"protocol\":\"fake\",\"settings\":[]}]}", DRMGMT_ERR_INVALID,
          "profiles[0].settings" },
        { "{\"name\":\"x\",\"profiles\":[{\"protocol\":\"snmp\",\"settings\":{\"version\":\"9\"}}]}",
          DRMGMT_ERR_INVALID, "profiles[0].settings.version" },
        { "{\"name\":\"x\",\"profiles\":[{\"protocol\":\"fake\",\"community\":\"c\"}]}", DRMGMT_ERR_INVALID,
          "profiles[0].community" },
        { "{\"name\":\"x\",\"profiles\":[{\"protocol\":\"fake\",\"credential_id\":"
          "\"0191d6a0-0000-7000-8000-000000000000\"}]}",
          DRMGMT_ERR_INVALID, "profiles[0].credential_id" },
        { "{\"name\":\"x\",\"profiles\":[{\"protocol\":\"snmp\",\"community\":\"\"}]}", DRMGMT_ERR_INVALID,
          "profiles[0].community" },
        { "{\"name\":\"x\",\"profiles\":[{\"protocol\":\"snmp\",\"community\":\"c\",\"credential_id\":"
          "\"0191d6a0-0000-7000-8000-000000000000\"}]}",
          DRMGMT_ERR_INVALID, "profiles[0].community" },
        { "{\"name\":\"x\",\"profiles\":[{\"protocol\":\"snmp\",\"credential_id\":\"0191d6a0-0000-7000-8000-"
          "000000000000\"}]}",
          DRMGMT_ERR_NOT_FOUND, "profiles" },
        { "{\"name\":\"x\",\"profiles\":[{\"protocol\":\"snmp\",\"colour\":1}]}", DRMGMT_ERR_INVALID,
          "profiles[0].colour" },
    };

    for (size_t i = 0; i < DRMGMT__COUNT(table); i++)
        create_fails(table[i].json, table[i].status, table[i].field);
    /* Nothing of them stayed. */
    drmgmt_record *device = NULL;
    drmgmt_error *error = NULL;
    fails(drmgmt_device_get(ours, "x", &device, &error), error, DRMGMT_ERR_NOT_FOUND, "");
}

Test(device, name_is_unique)
{
    drmgmt_record *made = create(ours, "{\"name\":\"twin\"}"), *other = create(ours, "{\"name\":\"sister\"}");

    create_fails("{\"name\":\"twin\"}", DRMGMT_ERR_CONFLICT, "name");
    update_fails(ours, drmgmt_record_id(other), 0, "{\"name\":\"twin\"}", DRMGMT_ERR_CONFLICT, "name");
    cr_assert(drmgmt_device_delete(ours, drmgmt_record_id(made), 0, NULL) == 0);
    cr_assert(drmgmt_device_delete(ours, drmgmt_record_id(other), 0, NULL) == 0);
    drmgmt_record_free(made);
    drmgmt_record_free(other);
}

/* Pages through a list and returns the names with a blank behind each. */
static char *names_of(const char *const *settings, size_t *pages)
{
    DRMGMT__STRBUF names = DRMGMT__STRBUF_INIT;
    char *cursor = NULL;

    for (*pages = 0; *pages < 20; ++*pages) {
        drmgmt_query *query = drmgmt_query_new(drmgmt_entity_find("device"));
        drmgmt_page *page = NULL;
        drmgmt_error *error = NULL;
        for (size_t i = 0; settings[i]; i += 2)
            set(query, settings[i], settings[i + 1]);
        if (cursor)
            set(query, "cursor", cursor);
        cr_assert(drmgmt_device_list(ours, query, &page, &error) == 0, "%s", drmgmt_error_message(error));
        for (size_t i = 0; i < drmgmt_page_count(page); i++)
            drmgmt__strbuf_printf(&names, "%s ", drmgmt_record_text(drmgmt_page_record(page, i), "name"));
        free(cursor);
        cursor = drmgmt_page_next(page) ? strdup(drmgmt_page_next(page)) : NULL;
        drmgmt_page_free(page);
        drmgmt_query_free(query);
        if (!cursor)
            break;
    }
    ++*pages;
    return drmgmt__strbuf_steal(&names, NULL);
}

Test(device, lists)
{
    static const char *const made[] = { "l_c", "l%b", "l_a", "l-d", "l_e" };
    static const struct {
        const char *settings[9];
        const char *names;
        size_t pages;
    } table[] = {
        { { "tag", "run=list" }, "l_c l%b l_a l-d l_e ", 1 },
        { { "tag", "run=list", "limit", "2" }, "l_c l%b l_a l-d l_e ", 3 },
        { { "tag", "run=list", "limit", "5" }, "l_c l%b l_a l-d l_e ", 1 },
        { { "tag", "run=list", "sort", "name", "limit", "2" }, "l%b l-d l_a l_c l_e ", 3 },
        { { "tag", "run=list", "sort", "-name", "limit", "1" }, "l_e l_c l_a l-d l%b ", 5 },
        { { "tag", "run=list", "sort", "-id", "limit", "4" }, "l_e l-d l_a l%b l_c ", 2 },
        { { "name", "l_*", "tag", "run=list" }, "l_c l_a l_e ", 1 },
        { { "name", "l%*" }, "l%b ", 1 },
        { { "name", "l_a" }, "l_a ", 1 },
        { { "name", "*_*", "sort", "name", "protocol", "fake" }, "l_a l_c l_e ", 1 },
        { { "tag", "run=list", "tag", "odd" }, "l%b l-d ", 1 },
        { { "tag", "odd", "tag", "run=list", "sort", "-name" }, "l-d l%b ", 1 },
        { { "tag", "run=list", "protocol", "snmp" }, "", 1 },
        { { "tag", "nothing" }, "", 1 },
    };
    char *ids[DRMGMT__COUNT(made)];

    for (size_t i = 0; i < DRMGMT__COUNT(made); i++) {
        char json[128];
        snprintf(json, sizeof json,
                 "{\"name\":\"%s\",\"tags\":[\"run=list\"%s],\"profiles\":[{\"protocol\":\"fake\"}]}", made[i],
                 i % 2 ? ",\"odd\"" : "");
        drmgmt_record *device = create(ours, json);
        ids[i] = strdup(drmgmt_record_id(device));
        drmgmt_record_free(device);
    }
    for (size_t i = 0; i < DRMGMT__COUNT(table); i++) {
        size_t pages;
        char *names = names_of(table[i].settings, &pages);
        cr_expect_str_eq(names, table[i].names, "row %zu: %s", i, names);
        cr_expect_eq(pages, table[i].pages, "row %zu: %zu pages", i, pages);
        free(names);
    }
    for (size_t i = 0; i < DRMGMT__COUNT(made); i++) {
        cr_assert(drmgmt_device_delete(ours, ids[i], 0, NULL) == 0);
        free(ids[i]);
    }
}

Test(device, cursor_belongs_to_its_list)
{
    drmgmt_record *a = create(ours, "{\"name\":\"cursor a\"}"), *b = create(ours, "{\"name\":\"cursor b\"}");
    drmgmt_query *first = drmgmt_query_new(drmgmt_entity_find("device"));
    drmgmt_page *page = NULL, *none = NULL;
    drmgmt_error *error = NULL;

    set(first, "name", "cursor*");
    set(first, "limit", "1");
    cr_assert(drmgmt_device_list(ours, first, &page, NULL) == 0);
    cr_assert(drmgmt_page_next(page) != NULL);

    drmgmt_query *other = drmgmt_query_new(drmgmt_entity_find("device"));
    set(other, "name", "c*");
    set(other, "cursor", drmgmt_page_next(page));
    fails(drmgmt_device_list(ours, other, &none, &error), error, DRMGMT_ERR_INVALID, "cursor");
    drmgmt_query_free(first);
    drmgmt_query_free(other);
    drmgmt_page_free(page);
    cr_assert(drmgmt_device_delete(ours, drmgmt_record_id(a), 0, NULL) == 0);
    cr_assert(drmgmt_device_delete(ours, drmgmt_record_id(b), 0, NULL) == 0);
    drmgmt_record_free(a);
    drmgmt_record_free(b);
}

Test(device, credential_life)
{
    drmgmt_draft *draft = draft_of("snmp_credential", "{\"name\":\"core\",\"community\":\"first-word\"}");
    drmgmt_draft *change = draft_of("snmp_credential", "{\"community\":\"second-word\"}");
    drmgmt_record *made = NULL, *changed = NULL;
    drmgmt_error *error = NULL;
    char json[256];

    cr_assert(drmgmt_snmp_credential_create(ours, draft, &made, &error) == 0, "%s", drmgmt_error_message(error));
    char *text = json_of(made);
    cr_assert(strstr(text, "\"community\":{\"set\":true}") && !strstr(text, "first-word"), "%s", text);
    cr_assert_str_eq(drmgmt_record_text(made, "snmp_version"), "2c");
    drmgmt_free(text);

    cr_assert(drmgmt_snmp_credential_update(ours, drmgmt_record_id(made), 1, change, &changed, NULL) == 0);
    cr_assert_eq(drmgmt_record_int(changed, "version"), 2);
    drmgmt_record_free(changed);
    fails(drmgmt_snmp_credential_update(ours, drmgmt_record_id(made), 1, change, &changed, &error), error,
          DRMGMT_ERR_PRECONDITION, "");
    fails(drmgmt_snmp_credential_delete(theirs, drmgmt_record_id(made), 0, &error), error, DRMGMT_ERR_NOT_FOUND, "");

    snprintf(json, sizeof json, "{\"name\":\"user\",\"profiles\":[{\"protocol\":\"snmp\",\"credential_id\":\"%s\"}]}",
             drmgmt_record_id(made));
    drmgmt_record *device = create(ours, json);
    fails(drmgmt_snmp_credential_delete(ours, drmgmt_record_id(made), 0, &error), error, DRMGMT_ERR_CONFLICT, "");
    cr_assert(drmgmt_device_delete(ours, drmgmt_record_id(device), 0, NULL) == 0);
    cr_assert(drmgmt_snmp_credential_delete(ours, drmgmt_record_id(made), 2, NULL) == 0);
    drmgmt_record_free(device);
    drmgmt_record_free(made);
    drmgmt_draft_free(draft);
    drmgmt_draft_free(change);
}
