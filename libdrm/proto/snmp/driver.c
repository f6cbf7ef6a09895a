/* The driver "snmp": versions 1 and 2c. One row an operation; the worker's engine begins them. */
#include "core/core.h"
#include "proto/registry.h"
#include "proto/snmp/snmp.h"

enum { GET, OPERATIONS };

static const drmgmt_operation operations[OPERATIONS] = {
    [GET] = { "get", DRMGMT_OP_IDEMPOTENT, 60000, "Reads objects by OID or well-known name.",
              "{\"type\":\"object\",\"required\":[\"oids\"],\"additionalProperties\":false,\"properties\":{"
              "\"oids\":{\"type\":\"array\",\"minItems\":1,\"maxItems\":128,"
              "\"description\":\"Objects with their instance: a well-known name, or numbers\","
              "\"items\":{\"type\":\"string\",\"minLength\":1,\"maxLength\":1600},"
              "\"example\":[\"sysDescr.0\",\"IF-MIB::ifDescr.1\",\"1.3.6.1.2.1.1.3.0\"]}}}" },
};

/* ---- checks ---- */

static int check_get(const char *params, drmgmt_error **error)
{
    drmgmt__snmp_objects objects;

    int rc = drmgmt__snmp_get_params_read(params, &objects, error);
    if (rc == 0)
        drmgmt__snmp_objects_free(&objects);
    return rc;
}

static int check(const drmgmt_operation *operation, const char *params, drmgmt_error **error)
{
    static int (*const checks[OPERATIONS])(const char *params, drmgmt_error **error) = { [GET] = check_get };
    return checks[operation - operations](params, error);
}

static int check_settings(const char *settings, drmgmt_error **error)
{
    drmgmt__snmp_settings read;
    return drmgmt__snmp_settings_read(settings, &read, error);
}

/* ---- the state ---- */

static void close_driver(void *state)
{
    drmgmt__snmp *snmp = state;

    drmgmt__snmp_socket_close(&snmp->v4);
    drmgmt__snmp_socket_close(&snmp->v6);
    drmgmt__resolver_free(snmp->resolver);
    drmgmt__table_free(&snmp->exchanges);
    drmgmt__table_free(&snmp->sessions);
    drmgmt__strbuf_free(&snmp->out);
    free(snmp->mailbox);
    free(snmp);
}

static int open_driver(drmgmt_loop *loop, void **state, drmgmt_error **error)
{
    drmgmt__snmp *snmp = calloc(1, sizeof *snmp);

    if (!snmp)
        return drmgmt__fail_memory(error);
    snmp->loop = loop;
    snmp->v4.fd = snmp->v6.fd = -1;
    int rc = drmgmt__random(&snmp->hash_seed, sizeof snmp->hash_seed)
                 ? drmgmt__fail(error, DRMGMT_ERR_CRYPTO, "no random numbers are to be had")
                 : drmgmt__resolver_new(loop, &snmp->resolver, error);
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

const drmgmt_driver drmgmt__driver_snmp = {
    .abi = DRMGMT_DRIVER_ABI,
    .name = "snmp",
    .doc = "SNMP versions 1 and 2c",
    .operations = operations,
    .n_operations = OPERATIONS,
    .check = check,
    .check_settings = check_settings,
    .open = open_driver,
    .close = close_driver,
    .begin = drmgmt__snmp_begin,
    .cancel = drmgmt__snmp_cancel,
};
