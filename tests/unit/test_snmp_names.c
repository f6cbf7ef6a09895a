/* OIDs as text, the table of names, parameters and settings of the SNMP driver. Pure: needs no server. */
#include "core/core.h"
#include "proto/registry.h"
#include "proto/snmp/snmp.h"
#include <criterion/criterion.h>
#include <libgen.h>
#include <string.h>

/* ---- OIDs ---- */

Test(snmp_oid, texts)
{
    static const struct {
        const char *text, *printed; /* printed NULL: refused */
    } rows[] = {
        { "1.3.6.1.2.1.1.1.0", "1.3.6.1.2.1.1.1.0" },
        { ".1.3.6.1", "1.3.6.1" },
        { "0.0", "0.0" },
        { "1.39", "1.39" },
        { "2.999.1", "2.999.1" },
        { "1.3.4294967295", "1.3.4294967295" },
        { "1.3.0.0", "1.3.0.0" },
        { "2.4294967215", "2.4294967215" },
        { "", NULL },
        { ".", NULL },
        { "1", NULL },
        { "1.", NULL },
        { "1..3", NULL },
        { "..1.3", NULL },
        { "1.3.", NULL },
        { "3.1", NULL },
        { "0.40", NULL },
        { "1.40", NULL },
        { "2.4294967295", NULL },
        { "1.3.4294967296", NULL },
        { "1.3.99999999999999999999", NULL },
        { "1.3.-1", NULL },
        { "1.3.+1", NULL },
        { "1.3. 1", NULL },
        { "1.3.0x1", NULL },
        { "1.3.a", NULL },
        { "1.3\n", NULL },
    };
    uint32_t arcs[DRMGMT__OID_ARCS_MAX];
    size_t n;

    for (size_t i = 0; i < DRMGMT__COUNT(rows); i++) {
        DRMGMT__STRBUF out = DRMGMT__STRBUF_INIT;
        const char *wrong = drmgmt__oid_parse(rows[i].text, arcs, &n);
        cr_assert_eq(wrong == NULL, rows[i].printed != NULL, "\"%s\": %s", rows[i].text, wrong ? wrong : "taken");
        if (wrong)
            continue;
        drmgmt__oid_print(&out, &(drmgmt__oid){ arcs, n });
        cr_assert_str_eq(out.data, rows[i].printed);
    }
}

Test(snmp_oid, at_most_128_arcs)
{
    DRMGMT__STRBUF text = DRMGMT__STRBUF_INIT, printed = DRMGMT__STRBUF_INIT;
    uint32_t arcs[DRMGMT__OID_ARCS_MAX];
    size_t n;

    drmgmt__strbuf_puts(&text, "1.3");
    for (int i = 2; i < 128; i++)
        drmgmt__strbuf_puts(&text, ".4294967295");
    cr_assert_null(drmgmt__oid_parse(text.data, arcs, &n));
    cr_assert_eq(n, 128);
    drmgmt__oid_print(&printed, &(drmgmt__oid){ arcs, n });
    cr_assert_str_eq(printed.data, text.data);
    drmgmt__strbuf_puts(&text, ".1");
    cr_assert_not_null(drmgmt__oid_parse(text.data, arcs, &n));
}

/* ---- names ---- */

static int compare_oids(const drmgmt__oid *a, const drmgmt__oid *b)
{
    for (size_t i = 0; i < a->n && i < b->n; i++)
        if (a->arcs[i] != b->arcs[i])
            return a->arcs[i] < b->arcs[i] ? -1 : 1;
    return 0; /* one is a part of the other: as bad as equal */
}

Test(snmp_names, ordered_and_found_both_ways)
{
    size_t n;
    const drmgmt__snmp_name *rows = drmgmt__snmp_names(&n);

    cr_assert_geq(n, 60);
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            cr_assert_lt(compare_oids(&rows[i - 1].oid, &rows[i].oid), 0, "%s is out of order", rows[i].name);
        cr_assert_eq(drmgmt__snmp_name_find(NULL, 0, rows[i].name, strlen(rows[i].name)), &rows[i]);
        cr_assert_eq(drmgmt__snmp_name_of(&rows[i].oid), &rows[i]);
    }
}

/* Every row against modules parsed by two independent parsers, where that list lies next to the source tree. */
Test(snmp_names, same_as_the_modules)
{
    char here[] = __FILE__, path[4096], line[1024];
    size_t n, found = 0;

    drmgmt__snmp_names(&n);
    snprintf(path, sizeof path, "%s/../../../shared/mibs/base-golden.csv", dirname(here));
    FILE *file = fopen(path, "r");
    if (!file)
        cr_skip_test("skipped: there is no %s", path);
    while (fgets(line, sizeof line, file)) {
        char *at = line, *module = strsep(&at, ","), *name = strsep(&at, ","), *oid = strsep(&at, ","),
             *type = strsep(&at, ","), *access = strsep(&at, ","), *kind = strsep(&at, ",\n");
        const drmgmt__snmp_name *row = drmgmt__snmp_name_find(module, strlen(module), name, strlen(name));
        DRMGMT__STRBUF printed = DRMGMT__STRBUF_INIT;
        if (!row || !kind)
            continue;
        drmgmt__oid_print(&printed, &row->oid);
        cr_assert_str_eq(printed.data, oid, "%s", name);
        cr_assert_str_eq(row->flags & DRMGMT__SNMP_SCALAR ? "scalar" : "column", kind, "%s", name);
        cr_assert(strncmp(access, "read", 4) == 0, "%s cannot be read", name);
        /* Lists differ in whether a BITS is told from the OCTET STRING that carries it (RFC 2578 section 7.1.4). */
        cr_assert(!(row->flags & DRMGMT__SNMP_BINARY) || strcmp(type, "OCTET STRING") == 0 || strcmp(type, "BITS") == 0,
                  "%s is %s", name, type);
        found++;
    }
    fclose(file);
    cr_assert_eq(found, n, "%zu of %zu rows are in the modules", found, n);
}

Test(snmp_names, of_instances)
{
    static const struct {
        const char *oid, *printed; /* NULL: not known */
    } rows[] = {
        { "1.3.6.1.2.1.1.1.0", "sysDescr.0" },
        { "1.3.6.1.2.1.1.1", "sysDescr" },
        { "1.3.6.1.2.1.2.2.1.10.3", "ifInOctets.3" },
        { "1.3.6.1.2.1.4.20.1.1.127.0.0.1", "ipAdEntAddr.127.0.0.1" },
        { "1.3.6.1.2.1.31.1.1.1.6.4294967295", "ifHCInOctets.4294967295" },
        { "1.3.6.1.2.1.1", NULL },
        { "1.3.6.1.2.1.2.2.1.99.1", NULL },
        { "1.3.6.1.2.1.1.99.0", NULL },
        { "0.0", NULL },
        { "2.999", NULL },
        { "1.3.6.1.4.1.9.2.1.58.0", NULL },
    };
    uint32_t arcs[DRMGMT__OID_ARCS_MAX];
    drmgmt__oid oid = { arcs, 0 };

    for (size_t i = 0; i < DRMGMT__COUNT(rows); i++) {
        DRMGMT__STRBUF out = DRMGMT__STRBUF_INIT;
        cr_assert_null(drmgmt__oid_parse(rows[i].oid, arcs, &oid.n));
        bool known = drmgmt__snmp_name_print(&out, &oid);
        cr_assert_eq(known, rows[i].printed != NULL, "%s", rows[i].oid);
        if (known)
            cr_assert_str_eq(out.data, rows[i].printed);
    }
}

/* ---- parameters ---- */

static const drmgmt_operation *get(void)
{
    return drmgmt_driver_operation(&drmgmt__driver_snmp, "get");
}

Test(snmp_check, good_parameters)
{
    static const struct {
        const char *params, *oids;
    } rows[] = {
        { "{\"oids\":[\"sysDescr.0\"]}", "1.3.6.1.2.1.1.1.0" },
        { "{\"oids\":[\"SNMPv2-MIB::sysDescr.0\"]}", "1.3.6.1.2.1.1.1.0" },
        { "{\"oids\":[\"IF-MIB::ifDescr.3\",\".1.3.6.1.2.1.1.3.0\"]}", "1.3.6.1.2.1.2.2.1.2.3 1.3.6.1.2.1.1.3.0" },
        { "{\"oids\":[\"ipAdEntIfIndex.127.0.0.1\"]}", "1.3.6.1.2.1.4.20.1.2.127.0.0.1" },
        { "{\"oids\":[\"ifDescr.4294967295\"]}", "1.3.6.1.2.1.2.2.1.2.4294967295" },
        { "{\"oids\":[\"ifDescr.99.1\"]}", "1.3.6.1.2.1.2.2.1.2.99.1" },
        { "{\"oids\":[\"1.3.6.1.4.1.9.9.1\"]}", "1.3.6.1.4.1.9.9.1" },
    };

    for (size_t i = 0; i < DRMGMT__COUNT(rows); i++) {
        DRMGMT__STRBUF out = DRMGMT__STRBUF_INIT;
        drmgmt__snmp_objects objects;
        cr_assert_eq(drmgmt__driver_snmp.check(get(), rows[i].params, NULL), 0, "%s", rows[i].params);
        cr_assert_eq(drmgmt__snmp_get_params_read(rows[i].params, &objects, NULL), 0);
        for (size_t k = 0; k < objects.n; k++) {
            if (k)
                drmgmt__strbuf_putc(&out, ' ');
            drmgmt__oid_print(&out, &objects.oids[k]);
        }
        cr_assert_str_eq(out.data, rows[i].oids);
        drmgmt__snmp_objects_free(&objects);
    }
}

static void assert_error(int rc, drmgmt_error *error, const char *input, const char *field, const char *says)
{
    const char *found = error ? drmgmt_error_field(error) : NULL;

    cr_assert_eq(rc, DRMGMT_ERR_INVALID, "%.80s is taken", input);
    if (field)
        cr_assert(found && strcmp(found, field) == 0, "%.80s: field %s", input, found ? found : "none");
    cr_assert(strstr(drmgmt_error_message(error), says), "%.80s: %s", input, drmgmt_error_message(error));
    drmgmt_error_free(error);
}

static void assert_refused(const char *params, const char *field, const char *says)
{
    drmgmt_error *error = NULL;

    int rc = drmgmt__driver_snmp.check(get(), params, &error);
    assert_error(rc, error, params, field, says);
    cr_assert_eq(drmgmt__driver_snmp.check(get(), params, NULL), DRMGMT_ERR_INVALID);
}

Test(snmp_check, bad_parameters)
{
    static const struct {
        const char *params, *field, *says;
    } rows[] = {
        { "", NULL, "JSON" },
        { "[]", NULL, "object" },
        { "{\"oids\":[\"sysDescr.0\"]", NULL, "JSON" },
        { "{\"oids\":[\"a\"],\"oids\":[\"b\"]}", NULL, "uplicate" },
        { "{}", "params.oids", "a list" },
        { "{\"oids\":null}", "params.oids", "a list" },
        { "{\"oids\":\"sysDescr.0\"}", "params.oids", "a list" },
        { "{\"oids\":[]}", "params.oids", "1 to 128" },
        { "{\"oids\":[\"sysDescr.0\"],\"oid\":1}", "params.oid", "oids" },
        { "{\"oids\":[7]}", "params.oids[0]", "text" },
        { "{\"oids\":[\"sysDescr.0\",\"\"]}", "params.oids[1]", "empty" },
        { "{\"oids\":[\"sysDescr.0\",\"sysDescr.0\",\"1..3\"]}", "params.oids[2]", "missing" },
        { "{\"oids\":[\"1.3.6.1.4294967296\"]}", "params.oids[0]", "4294967295" },
        { "{\"oids\":[\"3.1\"]}", "params.oids[0]", "0, 1 or 2" },
        { "{\"oids\":[\"1.40\"]}", "params.oids[0]", "39" },
        { "{\"oids\":[\"1\"]}", "params.oids[0]", "two" },
        { "{\"oids\":[\"1.3.x\"]}", "params.oids[0]", "numbers and dots" },
        { "{\"oids\":[\"sysDescr\"]}", "params.oids[0]", "sysDescr.0" },
        { "{\"oids\":[\"SNMPv2-MIB::sysDescr\"]}", "params.oids[0]", "SNMPv2-MIB::sysDescr.0" },
        { "{\"oids\":[\"ifDescr\"]}", "params.oids[0]", "ifDescr.INDEX" },
        { "{\"oids\":[\"sysDescr.\"]}", "params.oids[0]", "missing" },
        { "{\"oids\":[\"sysDescr.0.\"]}", "params.oids[0]", "missing" },
        { "{\"oids\":[\"sysDescr.x\"]}", "params.oids[0]", "numbers and dots" },
        { "{\"oids\":[\"sysDescr 0\"]}", "params.oids[0]", "sysDescr.0" },
        { "{\"oids\":[\"sysdescr.0\"]}", "params.oids[0]", "1.3.6.1.2.1.1.1.0" },
        { "{\"oids\":[\"noSuchThing.0\"]}", "params.oids[0]", "sysDescr.0" },
        { "{\"oids\":[\"IF-MIB::sysDescr.0\"]}", "params.oids[0]", "not known" },
        { "{\"oids\":[\"snmpv2-mib::sysDescr.0\"]}", "params.oids[0]", "not known" },
        { "{\"oids\":[\"::sysDescr.0\"]}", "params.oids[0]", "no name" },
        { "{\"oids\":[\"IF-MIB::\"]}", "params.oids[0]", "no name" },
        { "{\"oids\":[\"IF-MIB::1.3.6\"]}", "params.oids[0]", "not known" },
        { "{\"oids\":[\"sysDescr.0\\u0000x\"]}", NULL, "" },
        { "{\"oids\":[\"\xff\"]}", NULL, "JSON" },
        { "{\"oids\":[\"syst\xc3\xa9me.0\"]}", "params.oids[0]", "not known" },
    };

    for (size_t i = 0; i < DRMGMT__COUNT(rows); i++)
        assert_refused(rows[i].params, rows[i].field, rows[i].says);
}

/* {"oids":["text",...]} n times over. */
static void list_of(drmgmt__strbuf *out, const char *text, size_t n)
{
    drmgmt__strbuf_puts(out, "{\"oids\":[");
    for (size_t i = 0; i < n; i++) {
        if (i)
            drmgmt__strbuf_putc(out, ',');
        drmgmt__json_string(out, text);
    }
    drmgmt__strbuf_puts(out, "]}");
}

Test(snmp_check, how_many_and_how_long)
{
    DRMGMT__STRBUF most = DRMGMT__STRBUF_INIT, more = DRMGMT__STRBUF_INIT, lengthy = DRMGMT__STRBUF_INIT,
                   text = DRMGMT__STRBUF_INIT, arcs = DRMGMT__STRBUF_INIT, too_many = DRMGMT__STRBUF_INIT;

    list_of(&most, "ifDescr.1", 128);
    cr_assert_eq(drmgmt__driver_snmp.check(get(), most.data, NULL), 0);
    list_of(&more, "ifDescr.1", 129);
    assert_refused(more.data, "params.oids", "128");
    for (size_t i = 0; i < 200000; i++)
        drmgmt__strbuf_puts(&text, "1.");
    list_of(&lengthy, text.data, 1);
    assert_refused(lengthy.data, "params.oids[0]", "too long");
    drmgmt__strbuf_puts(&arcs, "ifDescr");
    for (size_t i = 0; i < 119; i++)
        drmgmt__strbuf_puts(&arcs, ".1");
    list_of(&too_many, arcs.data, 1);
    assert_refused(too_many.data, "params.oids[0]", "128");
}

Test(snmp_check, settings)
{
    static const struct {
        const char *settings, *field, *says; /* says NULL: good */
    } rows[] = {
        { "{}", NULL, NULL },
        { "{\"version\":\"1\",\"timeout_ms\":50,\"retries\":0}", NULL, NULL },
        { "{\"version\":\"2c\",\"timeout_ms\":60000,\"retries\":10}", NULL, NULL },
        { "", NULL, "JSON" },
        { "[]", NULL, "object" },
        { "{\"version\":\"4\"}", "settings.version", "2c" },
        { "{\"version\":2}", "settings.version", "2c" },
        { "{\"version\":\"2c \"}", "settings.version", "2c" },
        { "{\"version\":null}", "settings.version", "2c" },
        { "{\"timeout_ms\":49}", "settings.timeout_ms", "50 to 60000" },
        { "{\"timeout_ms\":60001}", "settings.timeout_ms", "50 to 60000" },
        { "{\"timeout_ms\":1000.0}", "settings.timeout_ms", "whole" },
        { "{\"timeout_ms\":\"1000\"}", "settings.timeout_ms", "whole" },
        { "{\"timeout_ms\":-9223372036854775808}", "settings.timeout_ms", "50" },
        { "{\"timeout_ms\":4294968296}", "settings.timeout_ms", "50" },
        { "{\"retries\":-1}", "settings.retries", "0 to 10" },
        { "{\"retries\":11}", "settings.retries", "0 to 10" },
        { "{\"retries\":true}", "settings.retries", "whole" },
        { "{\"retry\":1}", "settings.retry", "retries" },
        { "{\"community\":\"x\"}", "settings.community", "version" },
    };

    for (size_t i = 0; i < DRMGMT__COUNT(rows); i++) {
        drmgmt_error *error = NULL;
        int rc = drmgmt__driver_snmp.check_settings(rows[i].settings, &error);
        if (rows[i].says)
            assert_error(rc, error, rows[i].settings, rows[i].field, rows[i].says);
        else
            cr_assert_eq(rc, 0, "%s: %s", rows[i].settings, drmgmt_error_message(error));
    }
}

Test(snmp_check, settings_have_defaults)
{
    drmgmt__snmp_settings s;

    cr_assert_eq(drmgmt__snmp_settings_read("{}", &s, NULL), 0);
    cr_assert_eq(s.version, DRMGMT__SNMP_V2C);
    cr_assert_eq(s.timeout_ms, 1000);
    cr_assert_eq(s.retries, 1);
}

Test(snmp_check, get_is_idempotent_and_does_not_write)
{
    cr_assert_not_null(get());
    cr_assert_eq(get()->flags, DRMGMT_OP_IDEMPOTENT);
    cr_assert_null(drmgmt_driver_operation(&drmgmt__driver_snmp, "GET"));
    json_t *schema = json_loads(get()->params_schema, JSON_REJECT_DUPLICATES, NULL);
    cr_assert_not_null(schema, "params_schema is no JSON");
    json_decref(schema);
}
