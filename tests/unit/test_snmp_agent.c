/* The SNMP driver against a real agent: its address and community are in DRM_SNMP_ADDRESS and DRM_SNMP_COMMUNITY.
 * needs: snmpd */
#include "snmp_fixture.h"

enum { MANY = 5000 };

static char host[256];
static unsigned port;
static const char *community;

static void find_agent(void)
{
    const char *address = getenv("DRM_SNMP_ADDRESS"), *colon = address ? strrchr(address, ':') : NULL;

    community = getenv("DRM_SNMP_COMMUNITY");
    cr_assert(colon && community,
              "DRM_SNMP_ADDRESS (host:port) and DRM_SNMP_COMMUNITY are missing: run this under \"stack exec --snmpd\"");
    snprintf(host, sizeof host, "%.*s", (int)(colon - address), address);
    port = (unsigned)strtoul(colon + 1, NULL, 10);
}

static drmgmt__op *begin(struct fixture *f, const char *params, const char *settings)
{
    return begin_spec(f,
                      (drmgmt__op_spec){
                          .address = host, .port = port, .secret = community, .params = params, .settings = settings });
}

/* The varbinds of a completed get; to be freed with json_decref(). */
static json_t *varbinds(const struct ended *e)
{
    cr_assert(e->completed, "%s: %s", e->code, e->message);
    json_t *result = json_loads(e->result, JSON_REJECT_DUPLICATES, NULL);
    cr_assert_not_null(result, "no JSON: %s", e->result);
    return result;
}

static const char *text_of(const json_t *result, size_t i, const char *member)
{
    return json_string_value(json_object_get(json_array_get(json_object_get(result, "varbinds"), i), member));
}

TestSuite(snmp_agent, .init = find_agent);

Test(snmp_agent, one_object)
{
    struct fixture f;

    open_fixture(&f, 1);
    begin(&f, "{\"oids\":[\"sysDescr.0\"]}", NULL);
    json_t *result = varbinds(run_last(&f));
    cr_assert_eq(json_array_size(json_object_get(result, "varbinds")), 1);
    cr_assert_str_eq(text_of(result, 0, "oid"), "1.3.6.1.2.1.1.1.0");
    cr_assert_str_eq(text_of(result, 0, "name"), "sysDescr.0");
    cr_assert_str_eq(text_of(result, 0, "type"), "OCTET STRING");
    cr_assert_gt(strlen(text_of(result, 0, "value")), 0);
    json_decref(result);
    close_fixture(&f);
}

Test(snmp_agent, every_type_it_has)
{
    static const struct {
        const char *object, *type;
        json_type value;
    } rows[] = {
        { "sysDescr.0", "OCTET STRING", JSON_STRING },
        { "sysObjectID.0", "OBJECT IDENTIFIER", JSON_STRING },
        { "sysUpTime.0", "TimeTicks", JSON_INTEGER },
        { "ifNumber.0", "INTEGER", JSON_INTEGER },
        { "ifInOctets.1", "Counter32", JSON_INTEGER },
        { "ifSpeed.1", "Gauge32", JSON_INTEGER },
        { "ifHCInOctets.1", "Counter64", JSON_STRING },
        { "ipAdEntAddr.127.0.0.1", "IpAddress", JSON_STRING },
        { "hrSystemDate.0", "OCTET STRING", JSON_STRING },
        { "1.3.6.1.4.1.2021.10.1.6.1", "Opaque", JSON_REAL }, /* laLoadFloat.1 of UCD-SNMP-MIB */
        { "sysDescr.7", "noSuchInstance", JSON_NULL },
        { "1.3.6.1.4.1.99999.1.0", "noSuchObject", JSON_NULL },
    };
    DRMGMT__STRBUF params = DRMGMT__STRBUF_INIT;
    struct fixture f;

    drmgmt__strbuf_puts(&params, "{\"oids\":[");
    for (size_t i = 0; i < DRMGMT__COUNT(rows); i++)
        drmgmt__strbuf_printf(&params, "%s\"%s\"", i ? "," : "", rows[i].object);
    drmgmt__strbuf_puts(&params, "]}");
    open_fixture(&f, 1);
    begin(&f, params.data, NULL);
    json_t *result = varbinds(run_last(&f));
    for (size_t i = 0; i < DRMGMT__COUNT(rows); i++) {
        json_t *value = json_object_get(json_array_get(json_object_get(result, "varbinds"), i), "value");
        cr_assert_str_eq(text_of(result, i, "type"), rows[i].type, "%s", rows[i].object);
        /* 0.0 is a real number that prints as an integer */
        cr_assert(json_typeof(value) == rows[i].value || (rows[i].value == JSON_REAL && json_is_number(value)), "%s",
                  rows[i].object);
    }
    cr_assert_str_eq(text_of(result, 7, "value"), "127.0.0.1");
    cr_assert_eq(strlen(text_of(result, 8, "hex")) % 2, 0);
    json_decref(result);
    close_fixture(&f);
}

Test(snmp_agent, as_many_objects_as_may_be_asked)
{
    DRMGMT__STRBUF params = DRMGMT__STRBUF_INIT;
    struct fixture f;

    drmgmt__strbuf_puts(&params, "{\"oids\":[");
    for (int i = 0; i < DRMGMT__SNMP_OIDS_MAX; i++)
        drmgmt__strbuf_puts(&params, i % 2 ? ",\"sysName.0\"" : i ? ",\"sysUpTime.0\"" : "\"sysUpTime.0\"");
    drmgmt__strbuf_puts(&params, "]}");
    open_fixture(&f, 1);
    begin(&f, params.data, NULL);
    json_t *result = varbinds(run_last(&f));
    cr_assert_eq(json_array_size(json_object_get(result, "varbinds")), DRMGMT__SNMP_OIDS_MAX);
    cr_assert_str_eq(text_of(result, 127, "name"), "sysName.0");
    json_decref(result);
    close_fixture(&f);
}

Test(snmp_agent, version_1)
{
    struct fixture f;

    open_fixture(&f, 2);
    begin(&f, "{\"oids\":[\"sysName.0\"]}", "{\"version\":\"1\"}");
    json_t *result = varbinds(run_last(&f));
    cr_assert_str_eq(text_of(result, 0, "type"), "OCTET STRING");
    json_decref(result);
    begin(&f, "{\"oids\":[\"sysName.0\",\"sysDescr.7\"]}", "{\"version\":\"1\"}");
    const struct ended *e = run_last(&f);
    assert_failed(e, "noSuchName", false);
    cr_assert(strstr(e->message, "index 2, sysDescr.7"), "%s", e->message);
    close_fixture(&f);
}

Test(snmp_agent, a_wrong_community_is_silence)
{
    struct fixture f;

    open_fixture(&f, 1);
    begin_spec(&f, (drmgmt__op_spec){ .address = host,
                                      .port = port,
                                      .secret = "not-the-community",
                                      .settings = "{\"timeout_ms\":200,\"retries\":1}" });
    const struct ended *e = run_last(&f);
    assert_failed(e, "timeout", true);
    cr_assert(e->after_ms >= 395 && e->after_ms < 2000, "after %lu ms", (unsigned long)e->after_ms);
    cr_assert_null(strstr(e->message, "not-the-community"), "the community is told");
    close_fixture(&f);
}

/* All begun before the first answer is read; each answer belongs to its question. */
Test(snmp_agent, thousands_in_flight)
{
    static const char *const asked[] = { "sysDescr.0", "sysName.0",  "sysUpTime.0",          "sysObjectID.0",
                                         "ifDescr.1",  "sysDescr.9", "1.3.6.1.4.1.99999.2.0" };
    struct fixture f;
    char params[64], wanted[64];

    open_fixture(&f, MANY);
    for (size_t i = 0; i < MANY; i++) {
        snprintf(params, sizeof params, "{\"oids\":[\"%s\"]}", asked[i % DRMGMT__COUNT(asked)]);
        begin(&f, params, "{\"timeout_ms\":20000}");
    }
    cr_assert_eq(f.running, MANY);
    run_fixture(&f);
    for (size_t i = 0; i < MANY; i++) {
        const char *object = asked[i % DRMGMT__COUNT(asked)];
        snprintf(wanted, sizeof wanted, "\"%s\":\"%s\"", object[0] == '1' ? "oid" : "name", object);
        cr_assert(f.ends[i].completed, "%s", f.ends[i].message);
        cr_assert(strstr(f.ends[i].result, wanted), "%s: %s", object, f.ends[i].result);
        cr_assert_eq(strstr(f.ends[i].result, "noSuch") != NULL, i % DRMGMT__COUNT(asked) >= 5, "%s", f.ends[i].result);
    }
    cr_assert_eq(((drmgmt__snmp *)f.state)->counts.resent, 0, "datagrams were lost");
    close_fixture(&f);
}

/* A silent port among a thousand gets holds up none of them. */
Test(snmp_agent, a_dead_device_delays_nobody)
{
    struct fixture f;

    open_fixture(&f, 1001);
    int silent = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
    socklen_t length = sizeof address;
    cr_assert_eq(bind(silent, (struct sockaddr *)&address, length), 0);
    getsockname(silent, (struct sockaddr *)&address, &length);
    begin_spec(&f, (drmgmt__op_spec){ .address = "127.0.0.1",
                                      .port = ntohs(address.sin_port),
                                      .secret = community,
                                      .settings = "{\"timeout_ms\":1000,\"retries\":2}" });
    for (int i = 0; i < 1000; i++)
        begin(&f, NULL, "{\"timeout_ms\":20000}");
    run_fixture(&f);
    assert_failed(&f.ends[0], "timeout", true);
    cr_assert(f.ends[0].after_ms >= 2995 && f.ends[0].after_ms < 5000);
    for (size_t i = 1; i < f.n; i++)
        cr_assert(f.ends[i].completed && f.ends[i].after_ms < 2000, "%s", f.ends[i].message);
    close(silent);
    close_fixture(&f);
}
