/* drmctl batch: one operation on many devices. Called through the table. */
#include "drmctl.h"
#include "writer.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FILE_MAX = 8 << 20, LOOK_MS = 500, BAR = 30 };

int ctl_cmd_batch_list(ctl *c)
{
    return ctl_list(c, drmgmt_batch_list);
}

int ctl_cmd_batch_show(ctl *c)
{
    return ctl_show_one(c, drmgmt_batch_get);
}

int ctl_cmd_batch_cancel(ctl *c)
{
    return ctl_show_one(c, drmgmt_batch_cancel);
}

int ctl_cmd_batch_pause(ctl *c)
{
    return ctl_show_one(c, drmgmt_batch_pause);
}

int ctl_cmd_batch_resume(ctl *c)
{
    return ctl_show_one(c, drmgmt_batch_resume);
}

static int retry(drmgmt_session *session, const char *id, drmgmt_record **batch, drmgmt_error **error)
{
    return drmgmt_batch_retry(session, id, false, batch, error);
}

static int retry_uncertain(drmgmt_session *session, const char *id, drmgmt_record **batch, drmgmt_error **error)
{
    return drmgmt_batch_retry(session, id, true, batch, error);
}

int ctl_cmd_batch_retry(ctl *c)
{
    return ctl_show_one(c, ctl_has(c, "acknowledge-uncertain") ? retry_uncertain : retry);
}

/* ---- watching ---- */

struct watch {
    bool live, json;
    char shown[128];
};

static void format_line(const drmgmt_record *batch, bool bar, char *out, size_t size)
{
    long long percent = (long long)drmgmt_record_int(batch, "percent");
    const char *eta = drmgmt_record_text(batch, "eta");
    char drawn[BAR + 4] = "";

    if (bar)
        snprintf(drawn, sizeof drawn, "[%-*.*s] ", BAR, (int)(percent * BAR / 100), "##############################");
    int n = snprintf(out, size, "%s%lld %%  %.12s  %lld of %lld", drawn, percent, drmgmt_record_text(batch, "status"),
                     (long long)(drmgmt_record_int(batch, "total") - drmgmt_record_int(batch, "active")),
                     (long long)drmgmt_record_int(batch, "total"));
    static const char *const words[] = { "failed", "dead", "uncertain", "cancelled", "held" };
    for (size_t i = 0; i < CTL_COUNT(words) && n < (int)size; i++)
        if (drmgmt_record_int(batch, words[i]))
            n += snprintf(out + n, size - (size_t)n, "  %s %lld", words[i],
                          (long long)drmgmt_record_int(batch, words[i]));
    if (bar && eta && n < (int)size)
        snprintf(out + n, size - (size_t)n, "  until %.8s", strlen(eta) > 19 ? eta + 11 : eta);
}

static int print_json(const drmgmt_record *batch)
{
    char *json = NULL;

    if (drmgmt_record_json(batch, &json, NULL))
        return ctl_complain(DRMGMT_ERR_NO_MEMORY, "out of memory");
    puts(json);
    drmgmt_free(json);
    return 0;
}

static int show(struct watch *w, const drmgmt_record *batch)
{
    char line[256], plain[128];
    int code = 0;

    format_line(batch, w->live, line, sizeof line);
    format_line(batch, false, plain, sizeof plain);
    if (!w->live && strcmp(plain, w->shown) == 0)
        return 0;
    memcpy(w->shown, plain, sizeof plain);
    if (w->live)
        printf("\r\033[K%.*s", (int)ctl_fit(line, 79), line);
    else if (w->json)
        code = print_json(batch);
    else
        puts(line);
    fflush(stdout);
    return code ? code : ctl_output_check();
}

/* 0 when all completed. */
static int outcome(const drmgmt_record *batch)
{
    long long rest = (long long)(drmgmt_record_int(batch, "total") - drmgmt_record_int(batch, "completed"));

    return rest == 0 ? 0
                     : ctl_complain(DRMGMT_ERR_JOB_FAILED, "batch %s: %lld of its jobs did not complete",
                                    drmgmt_record_id(batch), rest);
}

static int watch(const ctl *c, const char *id)
{
    const char *term = getenv("TERM");
    struct watch w = { .json = strcmp(ctl_writer_of(c)->name, "json") == 0 };

    w.live = !w.json && isatty(STDOUT_FILENO) && term && strcmp(term, "dumb") != 0;
    for (;;) {
        drmgmt_record *batch = NULL;
        drmgmt_error *error = NULL;
        if (drmgmt_batch_get(c->session, id, &batch, &error))
            return ctl_fail(error);
        int code = show(&w, batch);
        bool over = drmgmt_batch_status_ended(drmgmt_record_text(batch, "status"));
        if (over && w.live)
            putchar('\n');
        if (over && !code)
            code = outcome(batch);
        drmgmt_record_free(batch);
        if (over || code)
            return code;
        usleep(LOOK_MS * 1000);
    }
}

int ctl_cmd_batch_watch(ctl *c)
{
    int code = ctl_open(c);

    return code ? code : watch(c, c->args[0]);
}

/* ---- results ---- */

static bool write_line(void *user, const char *line, size_t length)
{
    (void)user;
    return fwrite(line, 1, length, stdout) == length;
}

int ctl_cmd_batch_results(ctl *c)
{
    bool csv = strcmp(ctl_writer_of(c)->name, "csv") == 0;
    drmgmt_error *error = NULL;
    int code = ctl_open(c);

    if (code)
        return code;
    int rc = drmgmt_batch_results(c->session, c->args[0], csv ? DRMGMT_BATCH_CSV : DRMGMT_BATCH_NDJSON, write_line,
                                  NULL, &error);
    if (rc != DRMGMT_ERR_CANCELLED)
        code = rc ? ctl_fail(error) : 0;
    else
        drmgmt_error_free(error); /* standard output could not be written: told below */
    return code ? code : ctl_output_check();
}

/* ---- making ---- */

static const char *const selectors[][2] = {
    { "device-name", "name" },  { "speaks", "protocol" },       { "vendor", "vendor" },
    { "firmware", "firmware" }, { "seen-since", "seen_since" }, { "seen-before", "seen_before" },
};

static json_t *selector_of(const ctl *c)
{
    json_t *selector = json_object(), *tags = json_array();

    for (size_t i = 0; ctl_nth(c, "tag", i); i++)
        json_array_append_new(tags, json_string(ctl_nth(c, "tag", i)));
    if (json_array_size(tags))
        json_object_set(selector, "tags", tags);
    json_decref(tags);
    for (size_t i = 0; i < CTL_COUNT(selectors); i++)
        if (ctl_nth(c, selectors[i][0], 0))
            json_object_set_new(selector, selectors[i][1], json_string(ctl_nth(c, selectors[i][0], 0)));
    return selector;
}

static int read_ids(const char *path, json_t *ids)
{
    char *text = NULL, *rest = NULL;
    size_t length = 0;
    int code = ctl_read_all(path, FILE_MAX, &text, &length);

    if (code)
        return code;
    for (char *id = strtok_r(text, " \t\r\n", &rest); id; id = strtok_r(NULL, " \t\r\n", &rest))
        json_array_append_new(ids, json_string(id));
    free(text);
    return 0;
}

static int list_devices(ctl *c, json_t *ids)
{
    int code = ctl_nth(c, "devices-file", 0) ? read_ids(ctl_nth(c, "devices-file", 0), ids) : 0;

    for (size_t i = 0; !code && ctl_nth(c, "device", i); i++) {
        char id[37];
        code = ctl_device_id(c, ctl_nth(c, "device", i), id);
        if (!code)
            json_array_append_new(ids, json_string(id));
    }
    return code;
}

static int set(drmgmt_draft *draft, const char *field, const char *text)
{
    drmgmt_error *error = NULL;

    return text && drmgmt_draft_set(draft, field, text, &error) ? ctl_fail(error) : 0;
}

static int set_json(drmgmt_draft *draft, const char *field, const json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT);
    int code = text ? set(draft, field, text) : ctl_complain(DRMGMT_ERR_NO_MEMORY, "out of memory");

    free(text);
    return code;
}

static int set_devices(ctl *c, drmgmt_draft *draft)
{
    json_t *selector = selector_of(c), *ids = json_array();
    bool selected = json_object_size(selector) > 0, all = ctl_has(c, "all-devices");
    bool listed = ctl_has(c, "device") || ctl_has(c, "devices-file");
    int code;

    if (selected + all + listed != 1)
        code =
            ctl_usage(c, "which devices? Either --device and --devices-file, or --tag and its like, or --all-devices");
    else if (listed)
        code = list_devices(c, ids);
    else
        code = set_json(draft, "selector", selector);
    if (!code && listed)
        code = set_json(draft, "device_ids", ids);
    json_decref(selector);
    json_decref(ids);
    return code;
}

static int fill(ctl *c, drmgmt_draft *draft)
{
    static const char *const options[][2] = {
        { "params", "params" },
        { "name", "name" },
        { "canary", "canary" },
        { "wave", "wave" },
        { "priority", "priority" },
        { "max-failures", "max_failures" },
        { "timeout-ms", "timeout_ms" },
        { "run-at", "run_at" },
        { "max-attempts", "max_attempts" },
        { "deadline", "deadline" },
    };
    int code = set(draft, "protocol", c->args[0]);

    if (!code)
        code = set(draft, "operation", c->args[1]);
    for (size_t i = 0; i < CTL_COUNT(options) && !code; i++)
        code = set(draft, options[i][1], ctl_nth(c, options[i][0], 0));
    if (!code && ctl_has(c, "strict"))
        code = set(draft, "strict", "true");
    return code ? code : set_devices(c, draft);
}

static int show_made(const ctl *c, drmgmt_record *batch)
{
    char id[37];

    snprintf(id, sizeof id, "%s", drmgmt_record_id(batch));
    if (ctl_has(c, "wait")) {
        drmgmt_record_free(batch);
        return watch(c, id);
    }
    if (ctl_writer_of(c) != &ctl_writer_table)
        return ctl_show(c, batch);
    printf("%s\n", id);
    fflush(stdout);
    ctl_note("%lld jobs, %lld devices left out; follow it with: drmctl batch watch %s",
             (long long)drmgmt_record_int(batch, "total"), (long long)drmgmt_record_int(batch, "skipped"), id);
    drmgmt_record_free(batch);
    return ctl_output_check();
}

int ctl_cmd_batch_create(ctl *c)
{
    drmgmt_record *batch = NULL;
    drmgmt_error *error = NULL;
    int code = ctl_open(c);

    if (code)
        return code;
    drmgmt_draft *draft = drmgmt_draft_new(drmgmt_entity_find("batch"));
    if (!draft)
        return ctl_complain(DRMGMT_ERR_NO_MEMORY, "out of memory");
    code = fill(c, draft);
    if (!code && drmgmt_batch_create(c->session, draft, ctl_nth(c, "idempotency-key", 0), &batch, &error))
        code = ctl_fail(error);
    drmgmt_draft_free(draft);
    return code ? code : show_made(c, batch);
}
