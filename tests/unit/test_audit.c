/* The audit trail, from the library's side: refusals of every kind of call, what a change tells, the chain's hashes,
 * and readers and writers that stop in the middle. What a tampered database looks like is in test_audit.py. */
/* needs: postgres migrated */
#include "auth_support.h"

#include "audit/audit.h"
#include "audit/chain.h"
#include "core/entities.h"
#include "core/record_internal.h"
#include "queries.h"
#include "store/store.h"
#include <drm/audit.h>
#include <drm/device.h>

TestSuite(audit, .init = setup, .fini = teardown);

/* ---- times and hashes: no database ---- */

Test(audit_pure, times_are_read_strictly)
{
    static const struct {
        const char *text;
        int64_t ms;
    } good[] = {
        { "1970-01-01", 0 },
        { "1970-01-01T00:00:00Z", 0 },
        { "1970-01-01t00:00:00.5z", 500 },
        { "1970-01-01 00:00:01.123456789Z", 1123 },
        { "1970-01-01T02:00:00+02:00", 0 },
        { "1969-12-31T22:30:00-01:30", 0 },
        { "2024-02-29T23:59:60Z", 1709251200000 },
        { "0001-01-01", -62135596800000 },
    };
    static const char *const bad[] = { "",
                                       "1970",
                                       "1970-1-1",
                                       "1970-01-32",
                                       "2023-02-29",
                                       "1900-02-29",
                                       "0000-01-01",
                                       "1970-01-01T",
                                       "1970-01-01T00:00Z",
                                       "1970-01-01T24:00:00Z",
                                       "1970-01-01T00:00:00",
                                       "1970-01-01T00:00:00.Z",
                                       "1970-01-01T00:00:00.1234567890Z",
                                       "1970-01-01T00:00:00+0200",
                                       "1970-01-01T00:00:00Zx",
                                       "1970-01-01T00:00:00+24:00",
                                       "1970-01-01x",
                                       " 1970-01-01",
                                       "now" };

    for (size_t i = 0; i < DRMGMT__COUNT(good); i++) {
        int64_t ms = -1;
        cr_assert(drmgmt__time_parse(good[i].text, &ms), "%s", good[i].text);
        cr_assert_eq(ms, good[i].ms, "%s: %lld", good[i].text, (long long)ms);
    }
    for (size_t i = 0; i < DRMGMT__COUNT(bad); i++) {
        int64_t ms;
        cr_assert(!drmgmt__time_parse(bad[i], &ms), "%s", bad[i]);
    }
}

Test(audit_pure, an_id_of_a_time_is_the_least_one)
{
    char id[DRMGMT__UUID_SIZE], made[DRMGMT__UUID_SIZE];
    int64_t before = drmgmt__now_ms();

    cr_assert_eq(drmgmt__uuid_v7(made), 0);
    drmgmt__uuid_at(before - 1000, id);
    cr_assert_eq(drmgmt__uuid_time_ms(id), before - 1000);
    cr_assert(strcmp(id, made) < 0);
    drmgmt__uuid_at(before + 60000, id);
    cr_assert(strcmp(id, made) > 0);
}

/* Values of its own for each field: as they would be made by hand from docs/audit.md. */
Test(audit_pure, hashes_are_those_of_the_book)
{
    const char *row[DRMGMT__AUDIT_COLUMNS] = { "t", "i", "1", "a", NULL, "act", "", "o", "{}", "\xc3\xa9", NULL };
    static const char bytes[] = "drmgmt-audit-row-1,1:t,1:i,1:1,1:a,-,3:act,0:,1:o,2:{},2:\xc3\xa9,-,";
    static const char link[] = "drmgmt-audit-link-1,1:t,1:7,1:a,1:0,";
    char hash[DRMGMT__HASH_HEX], expected[DRMGMT__HASH_HEX], zeros[65], text[128] = { 0 };

    cr_assert_eq(drmgmt__hash_row(row, hash), 0);
    cr_assert_eq(drmgmt__hash_hex(bytes, sizeof bytes - 1, expected), 0);
    cr_assert_str_eq(hash, expected);
    memset(zeros, '0', 64);
    zeros[64] = '\0';
    cr_assert_eq(drmgmt__hash_link("t", 7, "a", 0, zeros, NULL, 0, hash), 0);
    memcpy(text, link, sizeof link - 1);
    cr_assert_eq(drmgmt__hash_hex(text, sizeof link - 1 + 32, expected), 0);
    cr_assert_str_eq(hash, expected);
    zeros[3] = 'x';
    cr_assert_neq(drmgmt__hash_link("t", 7, "a", 0, zeros, NULL, 0, hash), 0);
}

Test(audit_pure, a_reader_takes_no_garbage)
{
    static const char *const lines[] = {
        "",
        "\n",
        "null",
        "[]",
        "{}",
        "{\"kind\":1}",
        "{\"kind\":\"end\"}",
        "{\"kind\":\"begin\",\"format\":\"drmgmt-audit-1\"}",
        "{\"kind\":\"begin\",\"format\":\"drmgmt-audit-1\",\"tenant_id\":\"x\"}",
        "{\"kind\":\"begin\",\"kind\":\"begin\"}",
        "{\"kind\":\"begin\",\"format\":7,\"tenant_id\":\"01900000-0000-7000-8000-000000000001\"}",
    };
    drmgmt_audit_report report;

    for (size_t i = 0; i < DRMGMT__COUNT(lines); i++) {
        drmgmt_audit_reader *reader = drmgmt_audit_reader_new(NULL);
        drmgmt_error *error = NULL;
        cr_assert_eq(drmgmt_audit_reader_line(reader, lines[i], strlen(lines[i]), &error), DRMGMT_ERR_INVALID, "%s",
                     lines[i]);
        cr_assert(strstr(drmgmt_error_message(error), "line 1"));
        drmgmt_error_free(error);
        cr_assert_eq(drmgmt_audit_reader_end(reader, &report, NULL), DRMGMT_ERR_INVALID);
        drmgmt_audit_reader_free(reader);
    }
    drmgmt_audit_reader_free(NULL);
}

/* ---- with a database ---- */

static drmgmt_session *as_viewer(void)
{
    change("UPDATE drm.users SET role = 'viewer' WHERE tenant_id = $1::uuid AND email <> 'spare@example.net'", 1);
    return open_session();
}

static void detail_of(const char *action, char out[512])
{
    drmgmt__rows *rows = ask(
        "SELECT detail::text || ' ' || COALESCE(object_type, '-') || ' ' || COALESCE(object_id::text, '-') || ' ' ||"
        " COALESCE(request_id, '-') || ' ' || COALESCE(address, '-') FROM drm.audit_logs WHERE"
        " tenant_id = $1::uuid AND action = $2 ORDER BY id DESC LIMIT 1",
        action);

    snprintf(out, 512, "%s", drmgmt__rows_count(rows) ? drmgmt__rows_text(rows, 0, 0) : "");
    drmgmt__rows_free(rows);
}

/* One statement, the first of several, a later one; each leaves its row, whoever the caller is. */
Test(audit, every_way_to_be_refused_leaves_a_row)
{
    drmgmt_session *session = as_viewer();
    drmgmt_error *error = NULL;
    char id[DRMGMT__UUID_SIZE], detail[512], expected[512];
    drmgmt__params p = DRMGMT__PARAMS_INIT;
    drmgmt__tx *tx = NULL;

    drmgmt_session_set_origin(session, &(drmgmt_origin){ "request-1", "192.0.2.1" });
    cr_assert_eq(drmgmt__uuid_v7(id), 0);
    cr_assert_eq(drmgmt_device_delete(session, id, 0, &error), DRMGMT_ERR_FORBIDDEN);
    drmgmt_error_free(error);
    detail_of("refused", detail);
    snprintf(expected, sizeof expected,
             "{\"call\": \"device_lock\", \"permission\": \"device:write\"} device %s request-1 192.0.2.1", id);
    cr_assert_str_eq(detail, expected);

    cr_assert_eq(drmgmt_session_require(session, DRMGMT_PERM_USER_ADMIN, NULL), DRMGMT_ERR_FORBIDDEN);
    detail_of("refused", detail);
    cr_assert_str_eq(detail, "{\"call\": \"auth_identity\", \"permission\": \"user:admin\"} - - request-1 192.0.2.1");

    /* A later statement of a transaction, by the database's own word; the transaction is rolled back first. */
    cr_assert_eq(drmgmt__tx_begin(session, DRMGMT_PERM_NONE, &tx, NULL), 0);
    cr_assert_eq(drmgmt__audit(tx, session, "never", NULL, NULL, NULL, NULL), 0);
    drmgmt__param(&p, NULL);
    cr_assert_eq(drmgmt__tx_exec(tx, &drmgmt__q_audit_head, &p, NULL, NULL), DRMGMT_ERR_FORBIDDEN);
    cr_assert_eq(audited("refused"), 2, "not before the rollback");
    drmgmt__tx_rollback(tx);
    cr_assert_eq(audited("refused"), 3);
    cr_assert_eq(audited("never"), 0);
    cr_assert_neq(drmgmt__tx_begin(session, DRMGMT_PERM_DEVICE_WRITE, &tx, NULL), DRMGMT_ERR_FORBIDDEN);
    drmgmt__tx_rollback(tx);
    cr_assert_eq(audited("refused"), 3, "nothing was asked");
    drmgmt_session_close(session);
}

/* A trial that is asked again one by one is refused once. */
Test(audit, a_trial_is_not_a_refusal)
{
    drmgmt_session *session = as_viewer();

    cr_assert_eq(
        drmgmt__run(session, DRMGMT_PERM_USER_ADMIN, DRMGMT__TRIAL, &drmgmt__q_auth_identity, NULL, NULL, NULL),
        DRMGMT_ERR_FORBIDDEN);
    cr_assert_eq(audited("refused"), 0);
    drmgmt_session_close(session);
}

/* Who is not authenticated is nobody's row; and a call that cannot be audited is refused all the same. */
Test(audit, who_may_not_enter_leaves_none)
{
    drmgmt_session *session = open_session();

    change("UPDATE drm.tenants SET status = 'suspended' WHERE tenant_id = $1::uuid", 1);
    cr_assert_eq(drmgmt_session_require(session, DRMGMT_PERM_NONE, NULL), DRMGMT_ERR_UNAUTHENTICATED);
    cr_assert_eq(audited("refused"), 0);
    drmgmt_session_close(session);
}

Test(audit, failed_log_ins_are_told_with_their_origin)
{
    drmgmt__rows *rows = ask("SELECT id::text FROM drm.users WHERE tenant_id = $1::uuid AND email = $2", email);
    char user[DRMGMT__UUID_SIZE], long_text[200], detail[512], expected[512];
    drmgmt_error *error = NULL;

    snprintf(user, sizeof user, "%s", drmgmt__rows_text(rows, 0, 0));
    drmgmt__rows_free(rows);
    memset(long_text, 'x', sizeof long_text - 1);
    long_text[sizeof long_text - 1] = '\0';
    cr_assert_eq(drmgmt__audit_failed_login(context, tenant_id, user, "password",
                                            &(drmgmt_origin){ "r-1", "2001:db8::7" }, &error),
                 0, "%s", drmgmt_error_message(error));
    detail_of("auth.login_failed", detail);
    snprintf(expected, sizeof expected, "{\"reason\": \"password\"} user %s r-1 2001:db8::7", user);
    cr_assert_str_eq(detail, expected);
    cr_assert_eq(
        drmgmt__audit_failed_login(context, tenant_id, user, long_text, &(drmgmt_origin){ "\xff\n", long_text }, NULL),
        0);
    cr_assert_eq(drmgmt__audit_failed_login(context, tenant_id, user, "second factor", NULL, NULL), 0);
    cr_assert_eq(audited("auth.login_failed"), 3);
    cr_assert_eq(drmgmt__audit_failed_login(context, tenant_id, tenant_id, "password", NULL, NULL), 0);
    cr_assert_eq(audited("auth.login_failed"), 3, "of a user that is not there nothing is kept");
    cr_assert_eq(drmgmt__audit_failed_login(context, "x", user, "password", NULL, NULL), DRMGMT_ERR_INVALID);
}

static void link_all(void)
{
    drmgmt_error *error = NULL;

    for (unsigned linked = 1; linked;)
        cr_assert_eq(drmgmt_audit_link(context, &linked, NULL, &error), 0, "%s", drmgmt_error_message(error));
}

static bool stop_at_once(void *calls, const drmgmt_audit_report *so_far)
{
    cr_assert_str_eq(so_far->tenant_id, tenant_id);
    ++*(int *)calls;
    return false;
}

struct lines {
    drmgmt_audit_reader *reader;
    int n, last; /* stop after so many; 0: never */
};

static bool take_line(void *user, const char *line, size_t length)
{
    struct lines *l = user;

    cr_assert_eq(line[length - 1], '\n');
    l->n++;
    if (l->reader)
        cr_assert_eq(drmgmt_audit_reader_line(l->reader, line, length, NULL), 0);
    return l->n != l->last;
}

Test(audit, proving_and_exporting_agree_and_can_be_stopped)
{
    drmgmt_session *session = open_session();
    drmgmt_audit_report report, offline;
    struct lines all = { .reader = drmgmt_audit_reader_new(NULL) }, some = { .last = 2 };
    char *json = NULL, head[128];
    size_t length = 0;
    int calls = 0;

    link_all();
    cr_assert_eq(drmgmt_audit_verify(session, NULL, NULL, NULL, NULL, &report, NULL), 0);
    cr_assert_eq(report.flaw, DRMGMT_AUDIT_INTACT);
    cr_assert_eq(report.rows, report.total);
    cr_assert_eq(report.pending, 0);
    cr_assert_geq(report.rows, 2);
    snprintf(head, sizeof head, "%llu:%s", (unsigned long long)report.links, report.head);
    cr_assert_eq(drmgmt_audit_verify(session, tenant_id, head, NULL, NULL, &report, NULL), 0);
    cr_assert_eq(report.flaw, DRMGMT_AUDIT_INTACT);
    cr_assert_eq(drmgmt_audit_report_json(&report, &json, &length), 0);
    cr_assert(strstr(json, "\"intact\":true") && strstr(json, "\"flaw\":null") && strstr(json, head), "%s", json);
    drmgmt_free(json);

    cr_assert_eq(drmgmt_audit_export(session, 0, take_line, &all, NULL), 0);
    cr_assert_eq(drmgmt_audit_reader_end(all.reader, &offline, NULL), 0);
    cr_assert_str_eq(offline.head, report.head);
    cr_assert_eq(offline.rows, report.rows);
    drmgmt_audit_reader_free(all.reader);

    cr_assert_eq(drmgmt_audit_verify(session, NULL, NULL, stop_at_once, &calls, &report, NULL), DRMGMT_ERR_CANCELLED);
    cr_assert_eq(calls, 1);
    cr_assert_eq(drmgmt_audit_export(session, 0, take_line, &some, NULL), DRMGMT_ERR_CANCELLED);
    cr_assert_eq(some.n, 2);
    cr_assert_eq(drmgmt_audit_verify(session, NULL, "1:beef", NULL, NULL, &report, NULL), DRMGMT_ERR_INVALID);
    cr_assert_eq(drmgmt_audit_verify(session, "beef", NULL, NULL, NULL, &report, NULL), DRMGMT_ERR_NOT_FOUND);
    cr_assert_eq(drmgmt_audit_export(session, UINT64_MAX, take_line, &some, NULL), DRMGMT_ERR_INVALID);
    drmgmt_session_close(session);
}

Test(audit, a_program_without_a_keyring_cannot_link)
{
    drmgmt_context *poor = open_context(false);
    unsigned linked = 0;

    cr_assert_eq(drmgmt_audit_link(poor, &linked, NULL, NULL), DRMGMT_ERR_CRYPTO);
    cr_assert_eq(drmgmt__audit_failed_login(poor, tenant_id, tenant_id, "x", NULL, NULL), DRMGMT_ERR_CRYPTO);
    drmgmt_context_free(poor);
}

Test(audit, a_list_is_of_audit_rows)
{
    drmgmt_session *session = open_session();
    drmgmt_query *query = drmgmt_query_new(&drmgmt__entity_device);
    drmgmt_page *page = NULL;

    cr_assert_eq(drmgmt_audit_list(session, query, &page, NULL), DRMGMT_ERR_INVALID);
    cr_assert_eq(drmgmt_query_set(query, "since", "2026-01-01", NULL), DRMGMT_ERR_INVALID, "devices have no time");
    drmgmt_query_free(query);
    query = drmgmt_query_new(&drmgmt__entity_audit_log);
    cr_assert_eq(drmgmt_query_set(query, "at", "2026-01-01", NULL), DRMGMT_ERR_INVALID);
    cr_assert_eq(drmgmt_query_set(query, "since", "2026-01-01", NULL), 0);
    cr_assert_eq(drmgmt_query_set(query, "since", "2026-01-01", NULL), DRMGMT_ERR_INVALID, "twice");
    cr_assert_eq(drmgmt_audit_list(session, query, &page, NULL), 0);
    drmgmt_page_free(page);
    drmgmt_query_free(query);
    drmgmt_session_close(session);
}
