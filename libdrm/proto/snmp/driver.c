/* The driver "snmp": versions 1, 2c and 3. One row an operation; the worker's engine begins them. */
#include "core/core.h"
#include "proto/registry.h"
#include "proto/snmp/operation.h"
#include "proto/snmp/snmp.h"
#include <string.h>

/* ---- checks ---- */

static int check_get(const char *params, drmgmt_error **error)
{
    drmgmt__snmp_objects objects;
    int rc = drmgmt__snmp_get_params_read(params, &objects, error);

    if (rc == 0)
        drmgmt__snmp_objects_free(&objects);
    return rc;
}

static int check_getnext(const char *params, drmgmt_error **error)
{
    drmgmt__snmp_objects objects;
    int rc = drmgmt__snmp_getnext_params_read(params, &objects, error);

    if (rc == 0)
        drmgmt__snmp_objects_free(&objects);
    return rc;
}

static int check_set(const char *params, drmgmt_error **error)
{
    drmgmt__snmp_set_params read;
    int rc = drmgmt__snmp_set_params_read(params, &read, error);

    if (rc == 0)
        drmgmt__snmp_set_params_free(&read);
    return rc;
}

static int check_walk_params(const char *operation, const char *params, drmgmt_error **error)
{
    drmgmt__snmp_walk_params read;
    int rc = drmgmt__snmp_walk_params_read(operation, params, &read, error);

    if (rc == 0)
        drmgmt__snmp_walk_params_free(&read);
    return rc;
}

static int check_walk(const char *params, drmgmt_error **error)
{
    return check_walk_params("walk", params, error);
}

static int check_bulkwalk(const char *params, drmgmt_error **error)
{
    return check_walk_params("bulkwalk", params, error);
}

static int check_table(const char *params, drmgmt_error **error)
{
    return check_walk_params("table", params, error);
}

/* ---- operations ---- */

#define OBJECT(members) "{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{" members "}}"
#define REQUIRED(name, members)                                                                                        \
    "{\"type\":\"object\",\"required\":[\"" name "\"],\"additionalProperties\":false,\"properties\":{" members "}}"
#define OIDS(doc, example)                                                                                             \
    "\"oids\":{\"type\":\"array\",\"minItems\":1,\"maxItems\":128,\"description\":\"" doc                              \
    "\",\"items\":{\"type\":\"string\",\"minLength\":1,\"maxLength\":1600},\"example\":" example "}"
#define NAME(name, doc, example)                                                                                       \
    "\"" name "\":{\"type\":\"string\",\"minLength\":1,\"maxLength\":1600,\"description\":\"" doc                      \
    "\",\"example\":\"" example "\"}"
#define NUMBER(name, most, doc)                                                                                        \
    "\"" name "\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":" most ",\"description\":\"" doc "\"}"
#define WALKED                                                                                                         \
    NAME("oid", "What is walked: a group, a table, an object, or numbers. mib-2 unless told otherwise", "ifTable")     \
    "," NAME("from", "Go on after this OID: the next of an incomplete walk", "1.3.6.1.2.1.2.2.1.10.3") "," NUMBER(     \
        "max_varbinds", "1000000",                                                                                     \
        "End, incomplete, after so many") ",\"any_order\":{\"type\":\"boolean\","                                      \
                                          "\"description\":\"Take OIDs that do not increase; the walk then ends only " \
                                          "at a circle\"}"
#define REPETITIONS NUMBER("max_repetitions", "1000", "Rows asked for at once at most: 25 unless told otherwise")
#define VALUES                                                                                                         \
    "\"varbinds\":{\"type\":\"array\",\"minItems\":1,\"maxItems\":128,\"items\":{\"type\":\"object\","                 \
    "\"required\":[\"oid\",\"value\"],\"additionalProperties\":false,\"properties\":{"                                 \
    "\"oid\":{\"type\":\"string\",\"minLength\":1,\"maxLength\":1600},"                                                \
    "\"type\":{\"type\":\"string\",\"description\":\"A letter of net-snmp (i u c C t a o s x d b n F D I U) or a "     \
    "word, "                                                                                                           \
    "such as INTEGER; = or nothing: the type of the object, if it is known\"},"                                        \
    "\"value\":{\"type\":[\"string\",\"number\",\"null\"]}}},"                                                         \
    "\"example\":[{\"oid\":\"sysName.0\",\"type\":\"s\",\"value\":\"core-1\"}]},"                                      \
    "\"repeatable\":{\"type\":\"boolean\",\"description\":\"To set it twice is the same as once: it may be sent "      \
    "again\"}"

enum { GET, GETNEXT, WALK, BULKWALK, TABLE, SET, OPERATIONS };

static const drmgmt_operation operations[OPERATIONS] = {
    [GET] = { "get", DRMGMT_OP_IDEMPOTENT, 60000, "Reads objects by OID or well-known name.",
              REQUIRED("oids", OIDS("Objects with their instance: a well-known name, or numbers",
                                    "[\"sysDescr.0\",\"IF-MIB::ifDescr.1\",\"1.3.6.1.2.1.1.3.0\"]")),
              3 },
    [GETNEXT] = { "getnext", DRMGMT_OP_IDEMPOTENT, 60000, "Reads what comes next after each OID.",
                  REQUIRED("oids", OIDS("Objects with or without instance, tables, groups, or numbers",
                                        "[\"ifDescr\",\"sysName\"]")),
                  3 },
    [WALK] = { "walk", DRMGMT_OP_IDEMPOTENT | DRMGMT_OP_LONG, 600000, "Reads all under an OID, one by one.",
               OBJECT(WALKED), 3 },
    [BULKWALK] = { "bulkwalk", DRMGMT_OP_IDEMPOTENT | DRMGMT_OP_LONG, 600000,
                   "Reads all under an OID, many at once (one by one over version 1).", OBJECT(WALKED "," REPETITIONS),
                   3 },
    [TABLE] = { "table", DRMGMT_OP_IDEMPOTENT | DRMGMT_OP_LONG, 600000, "Reads a table as rows.",
                REQUIRED("table", NAME("table", "A table or its entry: a well-known name, or numbers",
                                       "ifTable") ",\"columns\":{\"type\":\"array\",\"minItems\":1,\"maxItems\":64,"
                                                  "\"description\":\"These columns "
                                                  "only\",\"items\":{\"type\":\"string\",\"minLength\":1,\"maxLength\":"
                                                  "1600}}," REPETITIONS),
                3 },
    [SET] = { "set", DRMGMT_OP_WRITES, 60000, "Writes objects, all of them in one message or none.",
              REQUIRED("varbinds", VALUES), 1 },
};

static const struct row {
    int (*check)(const char *params, drmgmt_error **error);
    drmgmt__snmp_begin_fn *begin;
} rows[OPERATIONS] = {
    [GET] = { check_get, drmgmt__snmp_get_begin },       [GETNEXT] = { check_getnext, drmgmt__snmp_getnext_begin },
    [WALK] = { check_walk, drmgmt__snmp_walk_begin },    [BULKWALK] = { check_bulkwalk, drmgmt__snmp_walk_begin },
    [TABLE] = { check_table, drmgmt__snmp_table_begin }, [SET] = { check_set, drmgmt__snmp_set_begin },
};

static int check(const drmgmt_operation *operation, const char *params, drmgmt_error **error)
{
    return rows[operation - operations].check(params, error);
}

static void begin(void *state, drmgmt_op *op)
{
    const char *name = drmgmt_op_operation(op);

    for (size_t i = 0; i < OPERATIONS; i++)
        if (strcmp(operations[i].name, name) == 0) {
            rows[i].begin(state, op);
            return;
        }
    drmgmt_op_fail(op, "unsupported", "This worker's SNMP driver has no such operation.", false);
}

static void cancel(void *state, drmgmt_op *op)
{
    drmgmt__snmp_job *job = drmgmt_op_data(op);

    (void)state;
    if (job)
        drmgmt__snmp_job_free(job);
}

static int check_settings(const char *settings, drmgmt_error **error)
{
    drmgmt__snmp_settings read;
    return drmgmt__snmp_settings_read(settings, &read, error);
}

/* ---- the state ---- */

enum { ROUND_MS = 30 * 60 * 1000 };

static void close_driver(void *state)
{
    drmgmt__snmp *snmp = state;

    drmgmt_timer_free(snmp->rounds_timer);
    drmgmt__snmp_socket_close(&snmp->v4);
    drmgmt__snmp_socket_close(&snmp->v6);
    drmgmt__resolver_free(snmp->resolver);
    drmgmt__snmp_sessions_free(snmp);
    drmgmt__kus_free(snmp->kus);
    drmgmt__table_free(&snmp->exchanges);
    drmgmt__table_free(&snmp->sessions);
    drmgmt__kept_clear(&snmp->kept);
    drmgmt__strbuf_free(&snmp->out);
    free(snmp->mailbox);
    free(snmp);
}

/* What is known of agents that nobody asks, and the keys to them, are not kept for as long as the worker runs. */
static void on_round(void *user)
{
    drmgmt__snmp *snmp = user;

    drmgmt__snmp_sessions_round(snmp);
    drmgmt_timer_again(snmp->rounds_timer, ROUND_MS);
}

static int open_driver(drmgmt_loop *loop, void **state, drmgmt_error **error)
{
    drmgmt__snmp *snmp = calloc(1, sizeof *snmp);

    if (!snmp)
        return drmgmt__fail_memory(error);
    snmp->loop = loop;
    snmp->v4.fd = snmp->v6.fd = -1;
    TAILQ_INIT(&snmp->idle);
    int rc = drmgmt__random(&snmp->hash_seed, sizeof snmp->hash_seed)
                 ? drmgmt__fail(error, DRMGMT_ERR_CRYPTO, "no random numbers are to be had")
                 : drmgmt__resolver_new(loop, &snmp->resolver, error);
    if (rc == 0)
        rc = drmgmt__kus_new(loop, &snmp->kus, error);
    snmp->kept.seed = snmp->hash_seed;
    snmp->rounds_timer = drmgmt_loop_timer(loop, ROUND_MS, on_round, snmp);
    if (rc == 0 && !snmp->rounds_timer)
        rc = drmgmt__fail_memory(error);
    if (rc == 0)
        rc = drmgmt__snmp_socket_open(snmp, &snmp->v4, AF_INET, error);
    if (rc) {
        close_driver(snmp);
        return rc;
    }
    /* A machine may be without IPv6: its addresses then fail as unreachable. */
    (void)drmgmt__snmp_socket_open(snmp, &snmp->v6, AF_INET6, NULL);
    *state = snmp;
    return 0;
}

/* docs/snmp.md. From "tooBig" on error-status by its names (RFC 3416, section 3), then what reports tell. */
static const char *const codes[] = {
    "refused",
    "unreachable",
    "unknown-host",
    "outbound-refused",
    "no-profile",
    "no-credential",
    "non-increasing",
    "circle",
    "bad-answer",
    "invalid",
    "tooBig",
    "noSuchName",
    "badValue",
    "readOnly",
    "genErr",
    "noAccess",
    "wrongType",
    "wrongLength",
    "wrongEncoding",
    "wrongValue",
    "noCreation",
    "inconsistentValue",
    "resourceUnavailable",
    "commitFailed",
    "undoFailed",
    "authorizationError",
    "notWritable",
    "inconsistentName",
    "unsupportedSecLevel",
    "notInTimeWindow",
    "unknownUserName",
    "unknownEngineID",
    "authentication",
    "decryptionError",
    "unknownContext",
    "report",
    NULL,
};

const drmgmt_driver drmgmt__driver_snmp = {
    .abi = DRMGMT_DRIVER_ABI,
    .name = "snmp",
    .doc = "SNMP versions 1, 2c and 3",
    .operations = operations,
    .n_operations = OPERATIONS,
    .check = check,
    .check_settings = check_settings,
    .open = open_driver,
    .close = close_driver,
    .begin = begin,
    .cancel = cancel,
    .codes = codes,
};
