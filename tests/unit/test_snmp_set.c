/* set and the parameters of every operation, against an agent of the tests' own: needs no server. */
#include "snmp_mib_double.h"

static const struct ended *run(struct fixture *f, unsigned port, const char *operation, const char *params,
                               const char *settings)
{
    begin_spec(f, (drmgmt__op_spec){ .operation = operation,
                                     .params = params,
                                     .settings = settings,
                                     .address = "127.0.0.1",
                                     .port = port,
                                     .secret = "public" });
    return run_last(f);
}

/* The double gives back what it was sent, so what is shown is what went over the wire. */
Test(snmp_set, values_of_every_type_arrive)
{
    static const struct {
        const char *oid, *type, *value, *shown; /* type NULL: none given */
    } rows[] = {
        { "1.3.6.1.4.1.1.1", "i", "-5", "\"type\":\"INTEGER\",\"value\":-5" },
        { "1.3.6.1.4.1.1.1", "INTEGER", "\"2147483647\"", "\"value\":2147483647" },
        { "1.3.6.1.4.1.1.1", "u", "4294967295", "\"type\":\"Gauge32\",\"value\":4294967295" },
        { "1.3.6.1.4.1.1.1", "unsigned32", "\"7\"", "\"type\":\"Gauge32\",\"value\":7" },
        { "1.3.6.1.4.1.1.1", "c", "7", "\"type\":\"Counter32\",\"value\":7" },
        { "1.3.6.1.4.1.1.1", "Counter64", "\"18446744073709551615\"",
          "\"type\":\"Counter64\",\"value\":\"18446744073709551615\"" },
        { "1.3.6.1.4.1.1.1", "C", "5", "\"type\":\"Counter64\",\"value\":\"5\"" },
        { "1.3.6.1.4.1.1.1", "t", "256", "\"type\":\"TimeTicks\",\"value\":256" },
        { "1.3.6.1.4.1.1.1", "a", "\"192.0.2.7\"", "\"type\":\"IpAddress\",\"value\":\"192.0.2.7\"" },
        { "1.3.6.1.4.1.1.1", "o", "\"1.3.6.1.4.1.9\"", "\"type\":\"OBJECT IDENTIFIER\",\"value\":\"1.3.6.1.4.1.9\"" },
        { "1.3.6.1.4.1.1.1", "OBJECT IDENTIFIER", "\"sysName.0\"", "\"value\":\"1.3.6.1.2.1.1.5.0\"" },
        { "1.3.6.1.4.1.1.1", "OCTET STRING", "\"h\\u00e9\"", "\"value\":\"h\xc3\xa9\"" },
        { "1.3.6.1.4.1.1.1", "s", "\"\"", "\"type\":\"OCTET STRING\",\"value\":\"\"" },
        { "1.3.6.1.4.1.1.1", "x", "\"00:1B-21 ff\"", "\"hex\":\"001b21ff\"" },
        { "1.3.6.1.4.1.1.1", "hex", "\"0x0102\"", "\"hex\":\"0102\"" },
        { "1.3.6.1.4.1.1.1", "d", "\"1.2.255\"", "\"hex\":\"0102ff\"" },
        { "1.3.6.1.4.1.1.1", "b", "\"0, 9\"", "\"hex\":\"8040\"" },
        { "1.3.6.1.4.1.1.1", "n", "null", "\"type\":\"NULL\",\"value\":null" },
        { "1.3.6.1.4.1.1.1", "F", "1.5", "\"type\":\"Opaque\",\"value\":1.5" },
        { "1.3.6.1.4.1.1.1", "double", "-2.5", "\"type\":\"Opaque\",\"value\":-2.5" },
        { "1.3.6.1.4.1.1.1", "I", "\"-9223372036854775808\"", "\"value\":\"-9223372036854775808\"" },
        { "1.3.6.1.4.1.1.1", "U", "\"18446744073709551615\"", "\"value\":\"18446744073709551615\"" },
        /* as the object's syntax says */
        { "sysName.0", NULL, "\"core-1\"", "\"type\":\"OCTET STRING\",\"value\":\"core-1\"" },
        { "ifAdminStatus.3", NULL, "\"down\"", "\"type\":\"INTEGER\",\"value\":2,\"text\":\"down\"" },
        { "ifAdminStatus.3", "=", "1", "\"value\":1,\"text\":\"up\"" },
        { "ifAdminStatus.3", "i", "\"testing\"", "\"value\":3" },
        { "hrSystemDate.0", "auto", "\"2026-11-25,7:26:0.0,+0:0\"", "\"hex\":\"07ea0b19071a00002b0000\"" },
    };
    struct twin twin;
    struct fixture f;

    start_twin(&twin, answer_from_objects);
    open_fixture(&f, DRMGMT__COUNT(rows));
    forget_objects();
    for (size_t i = 0; i < DRMGMT__COUNT(rows); i++) {
        DRMGMT__STRBUF params = DRMGMT__STRBUF_INIT;
        drmgmt__strbuf_printf(&params, "{\"varbinds\":[{\"oid\":\"%s\"", rows[i].oid);
        if (rows[i].type)
            drmgmt__json_member(&params, "type", rows[i].type);
        drmgmt__strbuf_printf(&params, ",\"value\":%s}]}", rows[i].value);
        const struct ended *e = run(&f, twin.port, "set", params.data, NULL);
        cr_assert(e->completed, "%s: %s", params.data, e->message);
        cr_assert(strstr(e->result, rows[i].shown), "%s: %s", params.data, e->result);
    }
    cr_assert_eq(sets, DRMGMT__COUNT(rows));
    close_fixture(&f);
    stop_twin(&twin);
}

Test(snmp_set, all_in_one_message)
{
    struct twin twin;
    struct fixture f;

    start_twin(&twin, answer_from_objects);
    open_fixture(&f, 2);
    forget_objects();
    const char *params =
        "{\"varbinds\":[{\"oid\":\"sysName.0\",\"value\":\"a\"},{\"oid\":\"sysContact.0\",\"value\":\"b\"},"
        "{\"oid\":\"ifAdminStatus.1\",\"value\":\"up\"}]}";
    const struct ended *e = run(&f, twin.port, "set", params, NULL);
    cr_assert(e->completed, "%s", e->message);
    cr_assert_eq(sets, 1);
    cr_assert(strstr(e->result, "sysName.0") && strstr(e->result, "sysContact.0") &&
              strstr(e->result, "\"text\":\"up\""));
    manners.status = 17;
    manners.index = 2;
    e = run(&f, twin.port, "set", params, NULL);
    assert_failed(e, "notWritable", false);
    cr_assert_str_eq(e->detail, "{\"error_status\":17,\"error_index\":2,\"oid\":\"1.3.6.1.2.1.1.4.0\"}");
    cr_assert(strstr(e->message, "at index 2, sysContact.0 = 1.3.6.1.2.1.1.4.0"), "%s", e->message);
    close_fixture(&f);
    stop_twin(&twin);
}

/* A set that may have been carried out is not sent again, unless it is told to be repeatable. */
Test(snmp_set, silence_leaves_it_uncertain)
{
    struct twin twin;
    struct fixture f;

    start_twin(&twin, answer_from_objects);
    open_fixture(&f, 2);
    forget_objects();
    manners.first_late = true;
    const struct ended *e = run(&f, twin.port, "set", "{\"varbinds\":[{\"oid\":\"sysName.0\",\"value\":\"a\"}]}",
                                "{\"timeout_ms\":80,\"retries\":3}");
    cr_assert_str_eq(e->outcome, "uncertain");
    cr_assert_str_eq(e->code, "timeout");
    cr_assert(!e->retryable && strstr(e->message, "not known"), "%s", e->message);
    cr_assert_eq(sets, 1);
    e = run(&f, twin.port, "set", "{\"repeatable\":true,\"varbinds\":[{\"oid\":\"sysName.0\",\"value\":\"a\"}]}",
            "{\"timeout_ms\":80,\"retries\":3}");
    cr_assert(e->completed, "%s", e->message);
    cr_assert_eq(sets, 3);
    close_fixture(&f);
    stop_twin(&twin);
}

/* ---- get in parts ---- */

Test(snmp_get, split_when_the_answer_is_too_big)
{
    DRMGMT__STRBUF params = DRMGMT__STRBUF_INIT;
    struct twin twin;
    struct fixture f;
    char oid[64];

    start_twin(&twin, answer_from_objects);
    open_fixture(&f, 3);
    forget_objects();
    drmgmt__strbuf_puts(&params, "{\"oids\":[");
    for (int i = 1; i <= 50; i++) {
        snprintf(oid, sizeof oid, "1.3.6.1.2.1.2.2.1.1.%d", i);
        if (i != 41)
            add_object(oid, ((uint8_t[]){ 2, 1, (uint8_t)i }), 3);
        drmgmt__strbuf_printf(&params, "%s\"ifIndex.%d\"", i > 1 ? "," : "", i);
    }
    drmgmt__strbuf_puts(&params, "]}");
    manners.too_big_above = 4;
    const struct ended *e = run(&f, twin.port, "get", params.data, NULL);
    cr_assert(e->completed, "%s", e->message);
    json_t *result = json_loads(e->result, 0, NULL), *varbind;
    size_t i;
    cr_assert_eq(json_array_size(json_object_get(result, "varbinds")), 50);
    json_array_foreach(json_object_get(result, "varbinds"), i, varbind)
    {
        snprintf(oid, sizeof oid, "ifIndex.%zu", i + 1);
        cr_assert_str_eq(json_string_value(json_object_get(varbind, "name")), oid);
        if (i == 40)
            cr_assert_str_eq(json_string_value(json_object_get(varbind, "type")), "noSuchInstance");
        else
            cr_assert_eq(json_integer_value(json_object_get(varbind, "value")), (json_int_t)i + 1);
    }
    json_decref(result);
    /* the index that an error of a part points at counts in the whole */
    e = run(&f, twin.port, "get", params.data, "{\"version\":\"1\"}");
    assert_failed(e, "noSuchName", false);
    manners.too_big_above = 0;
    e = run(&f, twin.port, "getnext", "{\"oids\":[\"ifIndex\",\"ifIndex.40\",\"ifIndex.50\",\"system\"]}", NULL);
    cr_assert(e->completed, "%s", e->message);
    cr_assert(strstr(e->result, "ifIndex.1\"") && strstr(e->result, "ifIndex.42\"") &&
                  strstr(e->result, "\"name\":\"ifIndex.50\",\"type\":\"endOfMibView\",\"value\":null"),
              "%s", e->result);
    close_fixture(&f);
    stop_twin(&twin);
}

/* ---- what is refused at submission ---- */

Test(snmp_check, operations_and_their_flags)
{
    static const struct {
        const char *name;
        unsigned flags;
    } rows[] = {
        { "get", DRMGMT_OP_IDEMPOTENT },
        { "getnext", DRMGMT_OP_IDEMPOTENT },
        { "walk", DRMGMT_OP_IDEMPOTENT | DRMGMT_OP_LONG },
        { "bulkwalk", DRMGMT_OP_IDEMPOTENT | DRMGMT_OP_LONG },
        { "table", DRMGMT_OP_IDEMPOTENT | DRMGMT_OP_LONG },
        { "set", DRMGMT_OP_WRITES },
    };

    for (size_t i = 0; i < DRMGMT__COUNT(rows); i++) {
        const drmgmt_operation *o = drmgmt_driver_operation(&drmgmt__driver_snmp, rows[i].name);
        cr_assert_not_null(o, "%s", rows[i].name);
        cr_assert_eq(o->flags, rows[i].flags, "%s", rows[i].name);
        cr_assert_eq(o->max_attempts, rows[i].flags & DRMGMT_OP_WRITES ? 1 : 3, "%s", rows[i].name);
        json_t *schema = json_loads(o->params_schema, JSON_REJECT_DUPLICATES, NULL);
        cr_assert_not_null(schema, "%s: params_schema is no JSON", rows[i].name);
        json_decref(schema);
    }
}

Test(snmp_check, bad_parameters_by_operation)
{
    static const struct {
        const char *operation, *params, *field, *says; /* field NULL: good */
    } rows[] = {
        { "walk", "{}", NULL, NULL },
        { "walk", "{\"oid\":\"system\",\"from\":\"sysName\",\"max_varbinds\":5,\"any_order\":false}", NULL, NULL },
        { "bulkwalk", "{\"max_repetitions\":50}", NULL, NULL },
        { "table", "{\"table\":\"ifXTable\",\"columns\":[\"ifName\",\"ifAlias\"]}", NULL, NULL },
        { "table", "{\"columns\":[\"1.3.6.1.4.1.5.5.1.2\"],\"table\":\"1.3.6.1.4.1.5.5\"}", NULL, NULL },
        { "getnext", "{\"oids\":[\"ifTable\"]}", NULL, NULL },
        { "get", "{\"oids\":[\"ifTable\"]}", "params.oids[0]", "walk it" },
        { "walk", "{\"oid\":\"nosuch\"}", "params.oid", "not known" },
        { "walk", "{\"oid\":7}", "params.oid", "text" },
        { "walk", "{\"max_repetitions\":5}", "params.max_repetitions", "oid, from, max_varbinds, any_order" },
        { "bulkwalk", "{\"max_repetitions\":0}", "params.max_repetitions", "1 to 1000" },
        { "bulkwalk", "{\"max_varbinds\":1.5}", "params.max_varbinds", "1 to 1000000" },
        { "bulkwalk", "{\"any_order\":\"yes\"}", "params.any_order", "true or false" },
        { "walk", "{\"oid\":\"system\",\"from\":\"ifTable\"}", "params.from", "not under" },
        { "table", "{}", "params.table", "ifTable" },
        { "table", "{\"table\":\"sysDescr\"}", "params.table", "no table" },
        { "table", "{\"table\":\"interfaces\"}", "params.table", "no table" },
        { "table", "{\"table\":\"ifTable\",\"columns\":[]}", "params.columns", "1 to 64" },
        { "table", "{\"table\":\"ifTable\",\"columns\":[\"ifDescr\",\"ifName\"]}", "params.columns[1]", "no column" },
        { "table", "{\"table\":\"ifTable\",\"columns\":[\"ifDescr.1\"]}", "params.columns[0]", "no column" },
        { "set", "{}", "params.varbinds", "sysName.0" },
        { "set", "{\"varbinds\":[]}", "params.varbinds", "1 to 128" },
        { "set", "{\"varbinds\":[7]}", "params.varbinds[0]", "object" },
        { "set", "{\"varbinds\":[{\"oid\":\"sysName\",\"value\":\"a\"}]}", "params.varbinds[0].oid", "sysName.0" },
        { "set", "{\"varbinds\":[{\"value\":\"a\"}]}", "params.varbinds[0].oid", "text" },
        { "set", "{\"varbinds\":[{\"oid\":\"sysName.0\"}]}", "params.varbinds[0].value", "value" },
        { "set", "{\"varbinds\":[{\"oid\":\"sysName.0\",\"value\":7}]}", "params.varbinds[0].value", "text" },
        { "set", "{\"varbinds\":[{\"oid\":\"1.3.6.1.4.1.1\",\"value\":7}]}", "params.varbinds[0].type", "not known" },
        { "set", "{\"varbinds\":[{\"oid\":\"1.3.6.1.4.1.1\",\"type\":\"q\",\"value\":7}]}", "params.varbinds[0].type",
          "i or INTEGER" },
        { "set", "{\"varbinds\":[{\"oid\":\"1.3.6.1.4.1.1\",\"type\":5,\"value\":7}]}", "params.varbinds[0].type",
          "no type" },
        { "set", "{\"varbinds\":[{\"oid\":\"1.3.6.1.4.1.1\",\"type\":\"i\",\"value\":2147483648}]}",
          "params.varbinds[0].value", "2147483647" },
        { "set", "{\"varbinds\":[{\"oid\":\"1.3.6.1.4.1.1\",\"type\":\"i\",\"value\":\"5x\"}]}",
          "params.varbinds[0].value", "whole" },
        { "set", "{\"varbinds\":[{\"oid\":\"1.3.6.1.4.1.1\",\"type\":\"u\",\"value\":-1}]}", "params.varbinds[0].value",
          "0 to" },
        { "set", "{\"varbinds\":[{\"oid\":\"1.3.6.1.4.1.1\",\"type\":\"C\",\"value\":\"18446744073709551616\"}]}",
          "params.varbinds[0].value", "18446744073709551615" },
        { "set", "{\"varbinds\":[{\"oid\":\"1.3.6.1.4.1.1\",\"type\":\"a\",\"value\":\"1.2.3\"}]}",
          "params.varbinds[0].value", "192.0.2.1" },
        { "set", "{\"varbinds\":[{\"oid\":\"1.3.6.1.4.1.1\",\"type\":\"x\",\"value\":\"abc\"}]}",
          "params.varbinds[0].value", "hex" },
        { "set", "{\"varbinds\":[{\"oid\":\"1.3.6.1.4.1.1\",\"type\":\"d\",\"value\":\"1.256\"}]}",
          "params.varbinds[0].value", "255" },
        { "set", "{\"varbinds\":[{\"oid\":\"1.3.6.1.4.1.1\",\"type\":\"d\",\"value\":\"1.\"}]}",
          "params.varbinds[0].value", "255" },
        { "set", "{\"varbinds\":[{\"oid\":\"1.3.6.1.4.1.1\",\"type\":\"b\",\"value\":\"99999\"}]}",
          "params.varbinds[0].value", "bit" },
        { "set", "{\"varbinds\":[{\"oid\":\"1.3.6.1.4.1.1\",\"type\":\"n\",\"value\":7}]}", "params.varbinds[0].value",
          "null" },
        { "set", "{\"varbinds\":[{\"oid\":\"1.3.6.1.4.1.1\",\"type\":\"F\",\"value\":\"x\"}]}",
          "params.varbinds[0].value", "number" },
        { "set", "{\"varbinds\":[{\"oid\":\"ifAdminStatus.1\",\"value\":\"sideways\"}]}", "params.varbinds[0].value",
          "sideways" },
        { "set", "{\"varbinds\":[{\"oid\":\"hrSystemDate.0\",\"value\":\"tomorrow\"}]}", "params.varbinds[0].value",
          "2d-1d-1d" },
        { "set", "{\"varbinds\":[{\"oid\":\"sysName.0\",\"value\":\"a\",\"kind\":1}]}", "params.varbinds[0].kind",
          "oid, type and value" },
        { "set", "{\"varbinds\":[{\"oid\":\"sysName.0\",\"value\":\"a\"}],\"repeatable\":1}", "params.repeatable",
          "true or false" },
    };

    for (size_t i = 0; i < DRMGMT__COUNT(rows); i++) {
        const drmgmt_operation *o = drmgmt_driver_operation(&drmgmt__driver_snmp, rows[i].operation);
        drmgmt_error *error = NULL;
        int rc = drmgmt__driver_snmp.check(o, rows[i].params, &error);
        if (!rows[i].field) {
            cr_assert_eq(rc, 0, "%s: %s", rows[i].params, drmgmt_error_message(error));
            continue;
        }
        cr_assert_eq(rc, DRMGMT_ERR_INVALID, "%s is taken", rows[i].params);
        cr_assert_str_eq(drmgmt_error_field(error), rows[i].field, "%s", rows[i].params);
        cr_assert(strstr(drmgmt_error_message(error), rows[i].says), "%s: %s", rows[i].params,
                  drmgmt_error_message(error));
        drmgmt_error_free(error);
    }
}
