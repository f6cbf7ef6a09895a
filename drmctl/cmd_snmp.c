/* drmctl snmp: get, getnext, walk, bulkwalk, table, set. Called through the table; each is a job over SNMP, a
 * waited-for walk as many as it takes. */
#include "jobs.h"
#include "snmp_show.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What one job of a walk brings: small enough to be shown soon, large enough that jobs cost little. */
enum { VARBINDS_A_JOB = 5000 };

static bool wants_json(const ctl *c)
{
    return strcmp(ctl_writer_of(c)->name, "json") == 0;
}

/* *params is taken over. */
static int submit_params(ctl *c, const char *operation, json_t *params, drmgmt_record **job)
{
    char *text = params ? json_dumps(params, JSON_COMPACT) : NULL;
    int code =
        text ? ctl_job_submit(c, "snmp", operation, c->args[0], text, job) : ctl_usage(c, "an argument is no UTF-8");

    free(text);
    json_decref(params);
    return code;
}

static json_t *result_of(const drmgmt_record *job)
{
    const char *text = drmgmt_record_text(job, "result");
    return text ? json_loads(text, 0, NULL) : NULL;
}

/* JSON is the job itself, however it ended: a script wants its error too. */
typedef int show_fn(const ctl *c, const json_t *result);
static int show_job(const ctl *c, drmgmt_record *job, show_fn *show)
{
    int outcome = ctl_job_outcome(job), code = 0;

    if (wants_json(c))
        return (code = ctl_show(c, job)) ? code : outcome;
    if (!outcome) {
        json_t *result = result_of(job);
        code = show(c, result);
        json_decref(result);
    }
    drmgmt_record_free(job);
    return outcome ? outcome : code;
}

static int show_result(const ctl *c, const json_t *result)
{
    snmp_show show = { .begun = false };
    int code = snmp_show_varbinds(c, &show, result), ended = snmp_show_end(&show);

    return code ? code : ended;
}

static int show_varbinds(const ctl *c, drmgmt_record *job)
{
    return show_job(c, job, show_result);
}

/* ---- get, getnext ---- */

static int submit_oids(ctl *c, drmgmt_record **job)
{
    json_t *oids = json_array(), *params = json_pack("{s:o}", "oids", oids);
    int failed = 0;

    for (int i = 1; i < c->n_args; i++)
        failed |= json_array_append_new(oids, json_string(c->args[i]));
    if (failed) {
        json_decref(params);
        return ctl_usage(c, "an OID is no UTF-8");
    }
    return submit_params(c, c->command->verb, params, job);
}

int ctl_cmd_snmp_get(ctl *c)
{
    return ctl_job_run(c, submit_oids, show_varbinds);
}

int ctl_cmd_snmp_getnext(ctl *c)
{
    return ctl_job_run(c, submit_oids, show_varbinds);
}

/* ---- set ---- */

static int submit_set(ctl *c, drmgmt_record **job)
{
    json_t *varbinds = json_array(), *params = json_pack("{s:o}", "varbinds", varbinds);

    for (int i = 1; i + 2 < c->n_args && params; i += 3) {
        json_t *varbind =
            json_pack("{s:s, s:s, s:s}", "oid", c->args[i], "type", c->args[i + 1], "value", c->args[i + 2]);
        if (json_array_append_new(varbinds, varbind)) {
            json_decref(params);
            params = NULL;
        }
    }
    if (params && ctl_has(c, "repeatable"))
        json_object_set_new(params, "repeatable", json_true());
    return submit_params(c, "set", params, job);
}

int ctl_cmd_snmp_set(ctl *c)
{
    if ((c->n_args - 1) % 3)
        return ctl_usage(c, "each OID wants a type and a value: OID TYPE VALUE");
    return ctl_job_run(c, submit_set, show_varbinds);
}

/* ---- walk, bulkwalk ---- */

static struct walk { /* the one walk of this process */
    snmp_show show;
    char *next;     /* where the next job goes on; NULL: it is over */
    long long left; /* of --max-varbinds; 0: no such limit */
} walk;

static int number_option(ctl *c, json_t *params, const char *option, const char *member, long long most)
{
    long long number = 0;
    int code = ctl_number(c, option, 1, most, &number);

    if (!code && number)
        json_object_set_new(params, member, json_integer(number));
    return code;
}

static int submit_walk(ctl *c, drmgmt_record **job)
{
    json_t *params = json_object();
    const char *from = walk.next ? walk.next : ctl_nth(c, "from", 0);
    long long most = walk.left;
    int code = 0;

    if (ctl_has(c, "wait") && (!most || most > VARBINDS_A_JOB))
        most = VARBINDS_A_JOB;
    if (c->n_args > 1)
        json_object_set_new(params, "oid", json_string(c->args[1]));
    if (from)
        json_object_set_new(params, "from", json_string(from));
    if (most)
        json_object_set_new(params, "max_varbinds", json_integer(most));
    if (ctl_has(c, "any-order"))
        json_object_set_new(params, "any_order", json_true());
    if (strcmp(c->command->verb, "bulkwalk") == 0)
        code = number_option(c, params, "max-repetitions", "max_repetitions", 1000);
    if (code) {
        json_decref(params);
        return code;
    }
    return submit_params(c, c->command->verb, params, job);
}

static int show_walk(const ctl *c, drmgmt_record *job)
{
    json_t *result = result_of(job);
    const char *next = json_string_value(json_object_get(result, "next"));
    long long n = (long long)json_array_size(json_object_get(result, "varbinds"));
    int outcome = ctl_job_outcome(job), code = 0;

    free(walk.next);
    walk.next = next && !outcome ? strdup(next) : NULL;
    if (walk.left && (walk.left -= n) <= 0 && walk.next) {
        ctl_note("there is more: --from %s goes on", walk.next);
        free(walk.next);
        walk.next = NULL;
    }
    if (wants_json(c)) {
        code = ctl_show(c, job);
    } else {
        if (!outcome)
            code = snmp_show_varbinds(c, &walk.show, result);
        drmgmt_record_free(job);
    }
    json_decref(result);
    return outcome ? outcome : code;
}

static int run_walk(ctl *c)
{
    walk = (struct walk){ .next = NULL };
    int code = ctl_number(c, "max-varbinds", 1, 1000000, &walk.left);

    if (code)
        return code;
    do
        code = ctl_job_run(c, submit_walk, show_walk);
    while (!code && walk.next);
    free(walk.next);
    int ended = snmp_show_end(&walk.show);
    return code ? code : ended;
}

int ctl_cmd_snmp_walk(ctl *c)
{
    return run_walk(c);
}

int ctl_cmd_snmp_bulkwalk(ctl *c)
{
    return run_walk(c);
}

/* ---- table ---- */

static int submit_table(ctl *c, drmgmt_record **job)
{
    json_t *params = json_pack("{s:s}", "table", c->args[1]), *columns = json_array();
    const char *column;

    for (size_t i = 0; (column = ctl_nth(c, "column", i)); i++)
        json_array_append_new(columns, json_string(column));
    if (json_array_size(columns))
        json_object_set(params, "columns", columns);
    json_decref(columns);
    int code = number_option(c, params, "max-repetitions", "max_repetitions", 1000);
    if (code) {
        json_decref(params);
        return code;
    }
    return submit_params(c, "table", params, job);
}

static int show_table(const ctl *c, drmgmt_record *job)
{
    return show_job(c, job, snmp_show_table);
}

int ctl_cmd_snmp_table(ctl *c)
{
    return ctl_job_run(c, submit_table, show_table);
}
