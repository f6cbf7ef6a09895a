/* The cells of the C interface's matrix: every exported function that acts in a tenant, called with objects of tenant a
 * by tenant b, by roles that are too low, and by those whose log-in was withdrawn. "Not yours" and "not there" are the
 * same error to the letter. Rows: matrix_capi_rows.h.
 * needs: postgres migrated */
#include "matrix_capi_rows.h"
#include "store/owner.h"

static const matrix_row *const exported_rows[] = {
#include "matrix_exports.inc" /* of the library's map: add a row to matrix_capi_rows.h for one that is undeclared */
};

struct tenant {
    char id[ID], email[96];
    drmgmt_session *administrator, *by_key;
    struct things things;
};

static drmgmt_context *context;
static drmgmt__owner *admin;
static struct tenant a, b, platform;

/* A statement of the superuser's with its parameters. */
static drmgmt__rows *run(const char *text, const char *const *values, size_t n)
{
    drmgmt__params p = DRMGMT__PARAMS_INIT;
    drmgmt__rows *rows = NULL;
    drmgmt_error *error = NULL;

    for (size_t i = 0; i < n; i++)
        drmgmt__param(&p, values[i]);
    cr_assert(drmgmt__owner_exec(admin, text, &p, &rows, &error) == 0, "%s: %s", text, drmgmt_error_message(error));
    return rows;
}
#define VALUES(...)    (const char *const[]){ __VA_ARGS__ }, DRMGMT__COUNT(((const char *const[]){ __VA_ARGS__ }))
#define SQL(text, ...) run(text, VALUES(__VA_ARGS__))

static void change(const char *text, const char *const *values, size_t n)
{
    DRMGMT__ROWS drmgmt__rows *rows = run(text, values, n);

    cr_assert_eq(drmgmt__rows_affected(rows), 1, "%s", text);
}
#define CHANGE(text, ...) change(text, VALUES(__VA_ARGS__))

/* ---- tenants and what they have ---- */

static void take_id(const drmgmt_record *record, char id[ID])
{
    snprintf(id, ID, "%s", drmgmt_record_id(record));
}

static void make(drmgmt_session *session, create_fn *create, const char *entity, const char *json, char id[ID])
{
    drmgmt_draft *draft = draft_with(entity, json, "");
    drmgmt_record *record = NULL;
    drmgmt_error *error = NULL;

    cr_assert(create(session, draft, &record, &error) == 0, "%s", drmgmt_error_message(error));
    take_id(record, id);
    drmgmt_record_free(record);
    drmgmt_draft_free(draft);
}

static char *make_key(drmgmt_session *session, char id[ID])
{
    drmgmt_draft *draft = draft_of("api_key", "{\"label\":\"matrix\"}");
    drmgmt_record *record = NULL;
    char *key = NULL;

    cr_assert_eq(drmgmt_api_key_create(session, draft, &record, &key, NULL), 0);
    drmgmt_draft_free(draft);
    take_id(record, id);
    drmgmt_record_free(record);
    return key;
}

/* A user of the session's tenant with a second factor. */
static void make_user(const drmgmt_session *session, char id[ID])
{
    cr_assert_eq(drmgmt__uuid_v7(id), 0);
    CHANGE("INSERT INTO drm.users (tenant_id, id, email, role, second_factor) VALUES ($1::uuid, $2::uuid, $2 || "
           "'@example.net', 'none', true)",
           drmgmt_session_tenant_id(session), id);
    CHANGE(
        "INSERT INTO drm.user_totp (tenant_id, id, user_id, seed, confirmed_at) VALUES ($1::uuid, $2::uuid, $2::uuid, "
        "'\\x00', now())",
        drmgmt_session_tenant_id(session), id);
}

static void make_managed_tenant(char id[ID])
{
    cr_assert_eq(drmgmt__uuid_v7(id), 0);
    CHANGE("INSERT INTO drm.tenants (tenant_id, name) VALUES ($1::uuid, 'managed-' || $1)", id);
}

static void make_outbound_rule(const char *tenant, char id[ID])
{
    cr_assert_eq(drmgmt__uuid_v7(id), 0);
    CHANGE("INSERT INTO drm.outbound_rules (tenant_id, id, cidr) SELECT $1::uuid, $2::uuid, set_masklen(('fd' || "
           "substr(md5($2::text), 1, 2) || ':' || substr(md5($2::text), 3, 4) || '::')::inet, 48)::cidr",
           tenant, id);
}

static void make_event(const char *tenant, const char *device)
{
    CHANGE("INSERT INTO drm.device_events (tenant_id, id, device_id, kind) VALUES ($1::uuid, gen_random_uuid(), "
           "$2::uuid, 'boot')",
           tenant, device);
}

static void make_parameter(const char *tenant, const char *device)
{
    CHANGE("INSERT INTO drm.device_parameters (tenant_id, device_id, path, value, type, read_at) VALUES ($1::uuid, "
           "$2::uuid, '1.3.6.1', '1', 'INTEGER', now())",
           tenant, device);
}

/* A role that the user has, and one that nobody has. */
static void make_roles(drmgmt_session *session, struct things *t)
{
    drmgmt_draft *draft;
    drmgmt_record *assignment = NULL;

    make(session, drmgmt_role_create, "role", "{\"name\":\"%u\",\"permissions\":[]}", t->role);
    make(session, drmgmt_role_create, "role", "{\"name\":\"%u\",\"permissions\":[]}", t->idle_role);
    draft = draft_with("role_assignment", "{\"role_id\":\"%s\"}", t->role);
    cr_assert_eq(drmgmt_role_assign(session, t->user, draft, &assignment, NULL), 0);
    take_id(assignment, t->assignment);
    drmgmt_record_free(assignment);
    drmgmt_draft_free(draft);
}

static void make_batch(drmgmt_session *session, struct things *t)
{
    drmgmt_record *batch = NULL;

    cr_assert_eq(new_batch(session, t->busy_device, &batch, NULL), 0);
    take_id(batch, t->batch);
    drmgmt_record_free(batch);
}

static void make_schedule(drmgmt_session *session, struct things *t)
{
    drmgmt_draft *draft = draft_with("schedule", schedule_json, t->busy_device);
    drmgmt_record *schedule = NULL;

    cr_assert_eq(drmgmt_schedule_create(session, draft, &schedule, NULL), 0);
    take_id(schedule, t->schedule);
    drmgmt_record_free(schedule);
    drmgmt_draft_free(draft);
}

/* Fresh ones; a key of `whose`, for keys are their makers'. */
static void make_things(drmgmt_session *session, drmgmt_session *whose, struct things *t)
{
    drmgmt_record *job = NULL;

    make(session, drmgmt_device_create, "device", "{\"name\":\"%u\"}", t->device);
    make(session, drmgmt_device_create, "device", "{\"name\":\"%u\",\"profiles\":[{\"protocol\":\"fake\"}]}",
         t->busy_device);
    make(session, drmgmt_snmp_credential_create, "snmp_credential", "{\"name\":\"%u\",\"community\":\"%u\"}",
         t->credential);
    make(session, drmgmt_oidc_provider_create, "oidc_provider", provider_json, t->provider);
    drmgmt_draft *draft = draft_with("job", order_json, t->busy_device);
    cr_assert_eq(drmgmt_job_submit(session, draft, NULL, &job, NULL), 0);
    take_id(job, t->job);
    drmgmt_record_free(job);
    make_batch(session, t);
    make_schedule(session, t);
    drmgmt_draft_free(draft);
    drmgmt_free(make_key(whose, t->api_key));
    make_user(session, t->user);
    snprintf(t->tenant, ID, "%s", drmgmt_session_tenant_id(session));
    make_outbound_rule(t->tenant, t->outbound_rule);
    make_event(t->tenant, t->device);
    make_parameter(t->tenant, t->device);
    make_roles(session, t);
    make_managed_tenant(t->managed_tenant);
}

/* Names of nothing, made at the same time as those of t. */
static struct things nothing_like(const struct things *t)
{
    struct things twin = *t;
    char(*ids)[ID] = (char(*)[ID])(void *)&twin;

    for (size_t i = 0; i < sizeof twin / ID; i++) {
        char fresh[ID];
        cr_assert_eq(drmgmt__uuid_v7(fresh), 0);
        memcpy(ids[i] + 24, fresh + 24, 12);
    }
    return twin;
}

static drmgmt_session *key_session(drmgmt_session *maker, char id[ID])
{
    char *key = make_key(maker, id);
    drmgmt_session *session = NULL;

    cr_assert_eq(drmgmt_session_open_api_key(context, key, NULL, &session, NULL), 0);
    drmgmt_free(key);
    return session;
}

/* A word that nothing has yet, with something behind it. */
static void fresh_word(char word[96], const char *suffix)
{
    char id[ID];

    cr_assert_eq(drmgmt__uuid_v7(id), 0);
    snprintf(word, 96, "matrix-%s%s", id + 19, suffix);
}

static void make_tenant(struct tenant *t)
{
    char name[96], key_id[ID];
    drmgmt_error *error = NULL;

    fresh_word(name, "");
    fresh_word(t->email, "@example.net");
    cr_assert(drmgmt_db_create_tenant(from_env("DRM_DATABASE_URL"), from_env("DRM_KEYRING"), name, t->email,
                                      matrix_password, t->id, &error) == 0,
              "%s", drmgmt_error_message(error));
    t->administrator = log_in(context, t->email, matrix_password);
    make_things(t->administrator, t->administrator, &t->things);
    t->by_key = key_session(t->administrator, key_id);
}

static drmgmt_session *log_in_to(const struct tenant *t, const char *email)
{
    const char *name = t == &platform ? DRMGMT_PLATFORM_TENANT : NULL;
    drmgmt_tokens *tokens = NULL;
    drmgmt_session *session = NULL;

    cr_assert_eq(
        drmgmt_login(context, &(drmgmt_login_request){ email, matrix_password, name, NULL }, NULL, &tokens, NULL), 0);
    cr_assert_eq(drmgmt_session_open_token(context, tokens->access_token, NULL, &session, NULL), 0);
    drmgmt_tokens_free(tokens);
    return session;
}

/* Another person of the tenant: with the password of a's administrator. */
static drmgmt_session *person_of(const struct tenant *t, const char *role)
{
    char email[96];

    fresh_word(email, "@example.net");
    CHANGE("INSERT INTO drm.users (tenant_id, id, email, password_hash, role) SELECT $1::uuid, gen_random_uuid(), $3, "
           "password_hash, $4 FROM drm.users WHERE email = $2",
           t->id, a.email, email, role);
    return log_in_to(t, email);
}

static drmgmt_session *person(const char *role)
{
    return person_of(&a, role);
}

/* The platform, with an administrator of the test's own. */
static void open_platform(void)
{
    char key_id[ID], user_id[ID];
    drmgmt_error *error = NULL;

    snprintf(platform.id, ID, DRMGMT_PLATFORM_TENANT_ID);
    fresh_word(platform.email, "@example.net");
    cr_assert(drmgmt_db_create_platform_administrator(from_env("DRM_DATABASE_URL"), from_env("DRM_KEYRING"),
                                                      platform.email, matrix_password, user_id, &error) == 0,
              "%s", drmgmt_error_message(error));
    platform.administrator = log_in_to(&platform, platform.email);
    platform.by_key = key_session(platform.administrator, key_id);
    platform.things = nothing_like(&a.things);
    make_user(platform.administrator, platform.things.user);
    make_roles(platform.administrator, &platform.things);
    drmgmt_free(make_key(platform.administrator, platform.things.api_key));
}

static void close_tenant(struct tenant *t)
{
    drmgmt_session_close(t->administrator);
    drmgmt_session_close(t->by_key);
}

static void setup(void)
{
    context = open_context(true);
    cr_assert_eq(drmgmt__owner_open(from_env("DRM_ADMIN_DATABASE_URL"), &admin, NULL), 0);
    make_tenant(&a);
    make_tenant(&b);
    open_platform();
}

static void teardown(void)
{
    close_tenant(&platform);
    close_tenant(&a);
    close_tenant(&b);
    drmgmt__owner_close(admin);
    drmgmt_context_free(context);
}

/* A role of the tenant's own, given to a person who holds nothing else; on the devices of the selector ("{}": all). */
struct custom {
    const struct tenant *of;
    char role[ID];
    drmgmt_session *session;
};

static void make_custom(struct custom *c, const struct tenant *of, const char *selector)
{
    char name[96];

    fresh_word(name, "");
    cr_assert_eq(drmgmt__uuid_v7(c->role), 0);
    c->of = of;
    c->session = person_of(of, "none");
    CHANGE("INSERT INTO drm.rbac_roles (tenant_id, id, name) VALUES ($1::uuid, $2::uuid, $3)", of->id, c->role, name);
    CHANGE(
        "INSERT INTO drm.user_roles (tenant_id, id, user_id, role_id, selector) VALUES ($1::uuid, gen_random_uuid(), "
        "$2::uuid, $3::uuid, $4::text[])",
        of->id, drmgmt_session_user_id(c->session), c->role, selector);
}

/* The role holds this permission, or all that there are in its tenant but this. */
static void allow(const struct custom *c, drmgmt_permission permission, bool only)
{
    CHANGE(
        "UPDATE drm.rbac_roles SET permissions = ARRAY(SELECT p.name FROM sec.permissions p WHERE CASE $4 WHEN $5 "
        "THEN p.of_platform ELSE p.of_tenant END AND p.bit <> 0 AND (p.name = $2) = $3::boolean) WHERE id = $1::uuid",
        c->role, drmgmt_permission_name(permission), only ? "true" : "false", c->of->id, DRMGMT_PLATFORM_TENANT_ID);
}

/* A digest of all rows of the tenant's. */
static void state_of(const struct tenant *t, char digest[33])
{
    static const char make_statement[] =
        "SELECT string_agg(format('SELECT md5(COALESCE(string_agg(t::text, ''|'' ORDER BY t::text), '''')) AS d FROM "
        "%s t WHERE tenant_id = $1::uuid', c.oid::regclass), ' UNION ALL ') FROM pg_class c JOIN pg_attribute x ON "
        "x.attrelid = c.oid AND x.attname = 'tenant_id' WHERE c.relnamespace = $1::regnamespace AND c.relkind IN "
        "('r', 'p') AND NOT c.relispartition";
    DRMGMT__ROWS drmgmt__rows *made = SQL(make_statement, "drm");
    char text[16384];

    cr_assert(drmgmt__rows_length(made, 0, 0) < sizeof text - 64);
    snprintf(text, sizeof text, "SELECT md5(string_agg(d, '')) FROM (%s) AS each", drmgmt__rows_text(made, 0, 0));
    DRMGMT__ROWS drmgmt__rows *rows = SQL(text, t->id);
    snprintf(digest, 33, "%s", drmgmt__rows_text(rows, 0, 0));
}

/* ---- calls and what they told ---- */

struct outcome {
    int rc;
    char error[1024]; /* status, message, detail, field, whether it may pass; ids of `of` taken out */
    char *said;
};

static void take_out(char *text, const struct things *of)
{
    const char(*ids)[ID] = (const char(*)[ID])(const void *)of;

    for (size_t i = 0; i < sizeof *of / ID; i++)
        for (char *at; (at = strstr(text, ids[i]));)
            memset(at, '.', ID - 1);
}

static const struct things *things_of(const drmgmt_session *session)
{
    const char *id = drmgmt_session_tenant_id(session);

    return strcmp(id, b.id) == 0 ? &b.things : strcmp(id, platform.id) == 0 ? &platform.things : &a.things;
}

static struct outcome call(const matrix_row *row, drmgmt_session *session, const struct things *of)
{
    struct way way = { .session = session, .of = of, .own = things_of(session) };
    drmgmt_error *error = NULL;
    struct outcome o = { .rc = row->call(&way, &error) };

    o.said = way.said;
    if (o.rc) {
        const char *detail = drmgmt_error_detail(error), *field = drmgmt_error_field(error);
        snprintf(o.error, sizeof o.error, "%s: %s (%s, %s, %d)", drmgmt_status_name(drmgmt_error_status(error)),
                 drmgmt_error_message(error), detail ? detail : "-", field ? field : "-",
                 drmgmt_error_retryable(error));
        take_out(o.error, of);
        take_out(o.error, way.own);
    }
    drmgmt_error_free(error);
    return o;
}

static void expect(const matrix_row *row, const char *who, drmgmt_session *session, const struct things *of, int status)
{
    struct outcome o = call(row, session, of);

    cr_expect_eq(o.rc, status, "%s by %s: %s instead of %s", row->function, who, o.rc ? o.error : "success",
                 status ? drmgmt_status_name((drmgmt_status)status) : "success");
    drmgmt_free(o.said);
}

/* Whether it is the platform's administrators who call it. */
static bool on_platform(const matrix_row *row)
{
    return strncmp(drmgmt_permission_name(row->permission), "platform:", strlen("platform:")) == 0;
}

/* Every row that calls. */
typedef void each_fn(const matrix_row *row, void *user);
static void each(each_fn *fn, void *user)
{
    for (size_t i = 0; i < DRMGMT__COUNT(exported_rows); i++)
        if (exported_rows[i]->call)
            fn(exported_rows[i], user);
    for (size_t i = 0; i < DRMGMT__COUNT(more_rows); i++)
        fn(more_rows[i], user);
}

/* ---- the cells ---- */

/* A function that takes a session says why it tells nothing of a tenant, or is called. */
Test(matrix_capi, every_row_says_what_it_is)
{
    size_t calls = 0;

    for (size_t i = 0; i < DRMGMT__COUNT(exported_rows); i++) {
        const matrix_row *row = exported_rows[i];
        cr_expect(!row->call == (row->reason && row->reason[0]), "%s", row->function);
        calls += row->call != NULL;
    }
    cr_expect_geq(calls, 20);
}

struct role_case {
    drmgmt_role role;
    drmgmt_session *session;
};

/* Nobody who may not learns whether it is there. */
static void forbidden(const matrix_row *row, const char *who, drmgmt_session *session, const struct things *own)
{
    struct things nothing = nothing_like(own);
    struct outcome first = call(row, session, own), theirs = call(row, session, &b.things),
                   none = call(row, session, &nothing);

    cr_expect_eq(first.rc, DRMGMT_ERR_FORBIDDEN, "%s by %s: %s", row->function, who,
                 first.rc ? first.error : "success");
    cr_expect_str_eq(first.error, theirs.error, "%s by %s", row->function, who);
    cr_expect_str_eq(first.error, none.error, "%s by %s", row->function, who);
}

static void as_role(const matrix_row *row, void *user)
{
    const struct role_case *c = user;
    struct things own;

    if (on_platform(row)) {
        forbidden(row, drmgmt_role_name(c->role), c->session, &a.things);
        return;
    }
    if (row->shape == LOG_IN && c->session == a.by_key) {
        expect(row, "an API key", c->session, &a.things, DRMGMT_ERR_FORBIDDEN);
        return;
    }
    if (row->shape == ENDS || row->shape == LOG_IN) {
        drmgmt_session *once = person(drmgmt_role_name(c->role));
        expect(row, drmgmt_role_name(c->role), once, &a.things, row->success);
        drmgmt_session_close(once);
        return;
    }
    make_things(a.administrator, c->session, &own);
    if (c->role >= drmgmt_permission_role(row->permission))
        expect(row, drmgmt_role_name(c->role), c->session, &own, row->success);
    else
        forbidden(row, drmgmt_role_name(c->role), c->session, &own);
}

Test(matrix_capi, a_role_may_what_its_permissions_say, .init = setup, .fini = teardown)
{
    struct role_case cases[] = { { DRMGMT_ROLE_VIEWER, person("viewer") },
                                 { DRMGMT_ROLE_OPERATOR, person("operator") },
                                 { DRMGMT_ROLE_ADMINISTRATOR, a.administrator },
                                 { DRMGMT_ROLE_ADMINISTRATOR, a.by_key } };

    for (size_t i = 0; i < DRMGMT__COUNT(cases); i++)
        each(as_role, &cases[i]);
    drmgmt_session_close(cases[0].session);
    drmgmt_session_close(cases[1].session);
}

/* The row's permission alone suffices, and all the others do not. */
static void as_custom(const matrix_row *row, void *user)
{
    const struct custom *c = user;
    struct things own;

    if (row->permission == DRMGMT_PERM_NONE || on_platform(row) != (c->of == &platform))
        return;
    allow(c, DRMGMT_PERM_API_KEY_OWN, true);
    make_things(a.administrator, on_platform(row) ? a.administrator : c->session, &own);
    allow(c, row->permission, true);
    expect(row, "one who holds just this permission", c->session, &own, row->success);
    make_things(a.administrator, a.administrator, &own);
    allow(c, row->permission, false);
    forbidden(row, "one who holds all the others", c->session, &own);
}

Test(matrix_capi, each_call_needs_its_permission_and_no_other, .init = setup, .fini = teardown)
{
    const struct tenant *const of[] = { &a, &platform };

    for (size_t i = 0; i < DRMGMT__COUNT(of); i++) {
        struct custom custom;
        make_custom(&custom, of[i], "{}");
        each(as_custom, &custom);
        drmgmt_session_close(custom.session);
    }
}

/* A role that holds on devices with a tag that none here has: what is there is not there for it. */
static void as_narrowed(const matrix_row *row, void *user)
{
    const struct custom *c = user;
    struct things nothing = nothing_like(&a.things);

    if (row->permission == DRMGMT_PERM_NONE || row->permission == DRMGMT_PERM_API_KEY_OWN ||
        on_platform(row) != (c->of == &platform))
        return;
    allow(c, row->permission, true);
    if (on_platform(row)) {
        forbidden(row, "a role for some devices of the platform, which has none", c->session, &a.things);
        return;
    }
    struct outcome there = call(row, c->session, &a.things), none = call(row, c->session, &nothing);
    cr_expect_str_eq(there.error, none.error, "%s by a role for other devices", row->function);
    if (row->shape == LISTS && !there.rc)
        cr_expect(strstr(there.said, "\"items\":[]"), "%s: %s", row->function, there.said);
    else
        cr_expect(there.rc == DRMGMT_ERR_NOT_FOUND || there.rc == DRMGMT_ERR_FORBIDDEN ||
                      (row->shape == OWN && there.rc == row->success),
                  "%s by a role for other devices: %s", row->function, there.rc ? there.error : "success");
    drmgmt_free(there.said);
    drmgmt_free(none.said);
}

Test(matrix_capi, a_selector_leaves_the_other_devices_out, .init = setup, .fini = teardown)
{
    struct custom custom;
    drmgmt_subscription *all = NULL;

    make_custom(&custom, &platform, "{nowhere}");
    each(as_narrowed, &custom);
    drmgmt_session_close(custom.session);
    make_custom(&custom, &a, "{nowhere}");
    each(as_narrowed, &custom);
    allow(&custom, DRMGMT_PERM_JOB_READ, true);
    cr_expect_eq(drmgmt_subscribe(custom.session, NULL, NULL, &all, NULL), DRMGMT_ERR_FORBIDDEN);
    drmgmt_session_close(custom.session);
}

/* By somebody who may call it, in a tenant that is not a. */
static void not_there(const matrix_row *row, drmgmt_session *session)
{
    struct things nothing = nothing_like(&a.things);
    struct outcome theirs = call(row, session, &a.things), none = call(row, session, &nothing);

    if (row->shape == NAMES) {
        cr_expect_eq(theirs.rc, DRMGMT_ERR_NOT_FOUND, "%s with another tenant's object: %s", row->function,
                     theirs.rc ? theirs.error : "success");
        cr_expect_str_eq(theirs.error, none.error, "%s", row->function);
    } else {
        cr_expect_eq(theirs.rc, row->success, "%s: %s", row->function, theirs.error);
    }
    const char(*ids)[ID] = (const char(*)[ID])(const void *)&a.things;
    for (size_t i = 0; theirs.said && i < sizeof a.things / ID; i++)
        cr_expect(!strstr(theirs.said, ids[i]), "%s shows another tenant's %s", row->function, ids[i]);
    drmgmt_free(theirs.said);
    drmgmt_free(none.said);
}

/* Who asks for another tenant's things. First for nothing of it, then by name: its own audit trail tells what it named.
 */
struct stranger {
    drmgmt_session *session;
    bool names;
};

static bool is_turn_of(const matrix_row *row, const struct stranger *stranger)
{
    return row->shape != ENDS && row->shape != LOG_IN && (row->shape == NAMES) == stranger->names;
}

static void each_as(each_fn *fn, const struct tenant *of)
{
    struct stranger turns[] = {
        { of->administrator, false }, { of->by_key, false }, { of->administrator, true }, { of->by_key, true }
    };

    for (size_t i = 0; i < DRMGMT__COUNT(turns); i++)
        each(fn, &turns[i]);
}

static void as_another_tenant(const matrix_row *row, void *user)
{
    const struct stranger *stranger = user;
    drmgmt_session *session = stranger->session;
    char before[33], after[33];

    if (!is_turn_of(row, stranger))
        return;
    state_of(&a, before);
    if (on_platform(row))
        forbidden(row, "a tenant's administrator", session, &a.things);
    else
        not_there(row, session);
    state_of(&a, after);
    cr_expect_str_eq(before, after, "%s changed something of another tenant", row->function);
}

Test(matrix_capi, another_tenants_objects_are_not_there, .init = setup, .fini = teardown)
{
    each_as(as_another_tenant, &b);
}

/* Whether the platform's administrators hold it. */
static bool of_platform(drmgmt_permission permission)
{
    DRMGMT__ROWS drmgmt__rows *rows =
        SQL("SELECT of_platform::integer FROM sec.permissions WHERE name = $1", drmgmt_permission_name(permission));

    return strcmp(drmgmt__rows_text(rows, 0, 0), "1") == 0;
}

/* What is the platform's may be done to every tenant, and to none that is not there; else a tenant is another one. */
static void as_platform(const matrix_row *row, void *user)
{
    const struct stranger *stranger = user;
    drmgmt_session *session = stranger->session;
    struct things own, nothing = nothing_like(&a.things);

    if (!is_turn_of(row, stranger))
        return;
    if (on_platform(row)) {
        make_things(a.administrator, a.administrator, &own);
        expect(row, "the platform", session, &own, row->success);
        if (row->shape == NAMES)
            expect(row, "the platform, of nothing", session, &nothing, DRMGMT_ERR_NOT_FOUND);
    } else if (of_platform(row->permission)) {
        not_there(row, session);
    } else {
        forbidden(row, "the platform", session, &a.things);
    }
}

Test(matrix_capi, the_platform_holds_nothing_in_a_tenant, .init = setup, .fini = teardown)
{
    each_as(as_platform, &platform);
}

/* What a list must not show to b is what it shows to a. */
static void shows(const matrix_row *row, void *user)
{
    (void)user;
    if (row->shape != LISTS)
        return;
    struct outcome own = call(row, on_platform(row) ? platform.administrator : a.administrator, &a.things);
    const char(*ids)[ID] = (const char(*)[ID])(const void *)&a.things;
    size_t seen = 0;
    for (size_t i = 0; own.said && i < sizeof a.things / ID; i++)
        seen += strstr(own.said, ids[i]) != NULL;
    cr_expect(seen > 0, "%s shows nothing", row->function);
    drmgmt_free(own.said);
}

Test(matrix_capi, a_list_shows_ones_own, .init = setup, .fini = teardown)
{
    each(shows, NULL);
}

struct refused {
    const char *who;
    drmgmt_session *session;
    bool is_key;
};

static void as_refused(const matrix_row *row, void *user)
{
    const struct refused *r = user;
    struct things nothing = nothing_like(&a.things);
    struct outcome own = call(row, r->session, &a.things), none = call(row, r->session, &nothing);
    /* Whatever key it is. */
    int status = row->shape == LOG_IN && r->is_key ? DRMGMT_ERR_FORBIDDEN : DRMGMT_ERR_UNAUTHENTICATED;

    cr_expect_eq(own.rc, status, "%s by %s: %s", row->function, r->who, own.rc ? own.error : "success");
    cr_expect_str_eq(own.error, none.error, "%s by %s", row->function, r->who);
}

/* Sessions that were good when they were opened. */
Test(matrix_capi, a_session_ends_with_what_it_rests_on, .init = setup, .fini = teardown)
{
    static struct tenant suspended;
    char key_id[2][ID];
    drmgmt_session *revoked = key_session(a.administrator, key_id[0]),
                   *expired = key_session(a.administrator, key_id[1]), *disabled = person("administrator"),
                   *ended = person("administrator");

    make_tenant(&suspended);
    CHANGE("UPDATE drm.tenants SET status = 'suspended' WHERE tenant_id = $1::uuid", suspended.id);
    CHANGE("UPDATE drm.api_keys SET revoked_at = now() WHERE id = $1::uuid", key_id[0]);
    CHANGE("UPDATE drm.api_keys SET expires_at = now() WHERE id = $1::uuid", key_id[1]);
    CHANGE("UPDATE drm.users SET active = false WHERE id = $1::uuid", drmgmt_session_user_id(disabled));
    cr_assert_eq(drmgmt_logout_everywhere(ended, NULL, NULL), 0);
    struct refused cases[] = { { "a disabled user", disabled, false },
                               { "a revoked API key", revoked, true },
                               { "an expired API key", expired, true },
                               { "a log-in that was ended", ended, false },
                               { "a suspended tenant", suspended.administrator, false },
                               { "a suspended tenant's API key", suspended.by_key, true } };

    for (size_t i = 0; i < DRMGMT__COUNT(cases); i++)
        each(as_refused, &cases[i]);
    for (size_t i = 0; i < 4; i++)
        drmgmt_session_close(cases[i].session);
    close_tenant(&suspended);
}
