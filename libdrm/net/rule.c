/* Outbound rules as people see them: list, allow, remove, and what is decided about an address. Called by programs;
 * calls store, audit and the policy. */
#include "audit/audit.h"
#include "auth/auth.h"
#include "core/context_internal.h"
#include "core/core.h"
#include "core/entities.h"
#include "core/record_internal.h"
#include "core/strbuf.h"
#include "net/outbound.h"
#include "queries.h"
#include "store/list.h"
#include "store/owner.h"
#include <drm/db.h>
#include <drm/outbound.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>

static const drmgmt_entity *const entity = &drmgmt__entity_outbound_rule;

static int invalid(drmgmt_error **error, const char *field, const char *why)
{
    return drmgmt__fail_full(error, DRMGMT_ERR_INVALID, false, NULL, field, "%s: %s", field, why);
}

/* ---- lists ---- */

static int check_query(const drmgmt_query *query, drmgmt_error **error)
{
    return query->entity == entity ? 0
                                   : drmgmt__fail(error, DRMGMT_ERR_INVALID, "the query is not one for outbound rules");
}

int drmgmt_outbound_rule_list(drmgmt_session *session, const drmgmt_query *query, drmgmt_page **page,
                              drmgmt_error **error)
{
    drmgmt__params p;
    int rc = check_query(query, error);

    drmgmt__list_params(&p);
    return rc ? rc
              : drmgmt__list_run(session, DRMGMT_PERM_OUTBOUND_READ, &drmgmt__q_outbound_list, &p, query, "id", page,
                                 error);
}

int drmgmt_tenant_outbound_rule_list(drmgmt_session *session, const char *tenant, const drmgmt_query *query,
                                     drmgmt_page **page, drmgmt_error **error)
{
    drmgmt__params p;
    int rc = check_query(query, error);

    drmgmt__list_params(&p);
    drmgmt__param(&p, tenant);
    return rc ? rc
              : drmgmt__list_run(session, DRMGMT_PERM_PLATFORM_OUTBOUND, &drmgmt__q_outbound_list_of, &p, query, "id",
                                 page, error);
}

/* ---- allow and remove ---- */

static int read_port(const drmgmt_draft *draft, const char *field, uint16_t *port)
{
    const char *text = drmgmt__draft_text(draft, field);

    if (text)
        *port = (uint16_t)strtoul(text, NULL, 10); /* the draft has checked it */
    return text != NULL;
}

/* A draft's rule; what its fields alone do not tell is checked here. */
static int read_draft(const drmgmt_draft *draft, drmgmt__net_rule *rule, drmgmt_error **error)
{
    const char *transport = drmgmt__draft_text(draft, "transport");
    int rc = drmgmt__draft_require(draft, error);

    if (rc)
        return rc;
    *rule = (drmgmt__net_rule){ .port_last = UINT16_MAX, .transports = DRMGMT__NET_ANY };
    const char *wrong = drmgmt__net_block_parse(drmgmt__draft_text(draft, "cidr"), &rule->block);
    if (!wrong)
        wrong = drmgmt__net_block_never(&rule->block);
    if (wrong)
        return invalid(error, "cidr", wrong);
    if (read_port(draft, "port_first", &rule->port_first))
        rule->port_last = rule->port_first;
    read_port(draft, "port_last", &rule->port_last);
    if (rule->port_first > rule->port_last)
        return invalid(error, "port_last", "it is smaller than port_first");
    if (transport)
        rule->transports = (uint8_t)drmgmt__net_transport_parse(transport);
    return 0;
}

/* Places for cidr, ports, transport. */
static void add_rule(drmgmt__params *p, const drmgmt__net_rule *rule, char cidr[DRMGMT__NET_CIDR_TEXT])
{
    drmgmt__param(p, drmgmt__net_block_print(&rule->block, cidr));
    drmgmt__param_int(p, rule->port_first);
    drmgmt__param_int(p, rule->port_last);
    drmgmt__param(p, drmgmt__net_transport_name(rule->transports));
}

static int audit(drmgmt__tx *tx, drmgmt_session *session, const char *action, const char *tenant,
                 const drmgmt_record *record, drmgmt_error **error)
{
    DRMGMT__STRBUF detail = DRMGMT__STRBUF_INIT;

    drmgmt__strbuf_putc(&detail, '{');
    drmgmt__json_member(&detail, "tenant", tenant);
    drmgmt__json_member(&detail, "cidr", drmgmt_record_text(record, "cidr"));
    drmgmt__json_member_int(&detail, "port_first", drmgmt_record_int(record, "port_first"));
    drmgmt__json_member_int(&detail, "port_last", drmgmt_record_int(record, "port_last"));
    drmgmt__json_member(&detail, "transport", drmgmt_record_text(record, "transport"));
    drmgmt__strbuf_putc(&detail, '}');
    return detail.failed
               ? drmgmt__fail_memory(error)
               : drmgmt__audit(tx, session, action, "outbound_rule", drmgmt_record_id(record), detail.data, error);
}

/* The statement that makes or removes one row, its audit row, and the commit. *rule: what the row was. */
static int change(drmgmt_session *session, const char *tenant, const char *action, const drmgmt__query *statement,
                  const drmgmt__params *p, drmgmt_record **rule, drmgmt_error **error)
{
    DRMGMT__TX drmgmt__tx *tx = NULL;
    drmgmt__rows *rows = NULL;
    drmgmt_record *record = NULL;

    int rc = drmgmt__tx_begin(session, DRMGMT_PERM_PLATFORM_OUTBOUND, &tx, error);
    if (!rc)
        rc = drmgmt__tx_exec(tx, statement, p, &rows, error);
    if (rc)
        return rc;
    if (drmgmt__rows_count(rows) == 0) {
        drmgmt__rows_free(rows);
        return drmgmt__fail(error, DRMGMT_ERR_NOT_FOUND, "the tenant has no such outbound rule");
    }
    rc = drmgmt__record_new(entity, rows, 0, &record, error);
    if (!rc)
        rc = audit(tx, session, action, tenant, record, error);
    if (!rc)
        rc = drmgmt__tx_commit(&tx, error);
    if (!rc && rule)
        *rule = DRMGMT__STEAL(record);
    drmgmt_record_free(record);
    return rc;
}

int drmgmt_tenant_outbound_allow(drmgmt_session *session, const char *tenant, const drmgmt_draft *draft,
                                 drmgmt_record **rule, drmgmt_error **error)
{
    drmgmt__params p = DRMGMT__PARAMS_INIT;
    char id[DRMGMT__UUID_SIZE], cidr[DRMGMT__NET_CIDR_TEXT];
    drmgmt__net_rule read;

    int rc = read_draft(draft, &read, error);
    if (rc)
        return rc;
    if (drmgmt__uuid_v7(id))
        return drmgmt__fail(error, DRMGMT_ERR_INTERNAL, "no randomness for an id");
    drmgmt__param(&p, tenant);
    drmgmt__param(&p, id);
    add_rule(&p, &read, cidr);
    drmgmt__param(&p, drmgmt__draft_text(draft, "note"));
    return change(session, tenant, "outbound.allow", &drmgmt__q_outbound_allow, &p, rule, error);
}

int drmgmt_tenant_outbound_remove(drmgmt_session *session, const char *tenant, const char *id, drmgmt_error **error)
{
    drmgmt__params p = DRMGMT__PARAMS_INIT;

    drmgmt__param(&p, tenant);
    drmgmt__param(&p, drmgmt__uuid_valid(id) ? id : "00000000-0000-0000-0000-000000000000");
    return change(session, tenant, "outbound.remove", &drmgmt__q_outbound_remove, &p, NULL, error);
}

/* ---- from the host ---- */

DRMGMT__DEFINE_CLEANUP(keyring_freep, drmgmt__keyring *, drmgmt__keyring_free)

static int insert(drmgmt__owner *owner, const drmgmt__keyring *keyring, const char *tenant_id,
                  const drmgmt__net_rule *rule, drmgmt_error **error)
{
    static const char nobody[] = "00000000-0000-0000-0000-000000000000";
    drmgmt__params enter = DRMGMT__PARAMS_INIT, p = DRMGMT__PARAMS_INIT;
    char seal[DRMGMT__SEAL_SIZE], id[DRMGMT__UUID_SIZE], audit_id[DRMGMT__UUID_SIZE], cidr[DRMGMT__NET_CIDR_TEXT];

    if (drmgmt__seal_mint(keyring, tenant_id, nobody, drmgmt__owner_backend_pid(owner), seal) || drmgmt__uuid_v7(id) ||
        drmgmt__uuid_v7(audit_id))
        return drmgmt__fail(error, DRMGMT_ERR_CRYPTO, "the tenant context cannot be sealed");
    drmgmt__param(&enter, seal);
    int rc = drmgmt__owner_exec(owner, "SELECT sec.seed_context($1)", &enter, NULL, error);
    if (rc)
        return rc;
    drmgmt__param(&p, id);
    add_rule(&p, rule, cidr);
    drmgmt__param(&p, "made on the host");
    drmgmt__param(&p, audit_id);
    return drmgmt__owner_exec(owner, drmgmt__q_outbound_init.sql, &p, NULL, error);
}

int drmgmt_db_outbound_allow(const char *owner_url, const char *keyring_path, const char *tenant_id, const char *text,
                             drmgmt_error **error)
{
    DRMGMT__CLEANUP(keyring_freep) drmgmt__keyring *keyring = NULL;
    DRMGMT__OWNER drmgmt__owner *owner = NULL;
    drmgmt__net_rule rule;
    const char *wrong = drmgmt__net_rule_parse(text, &rule);

    if (!wrong)
        wrong = drmgmt__net_block_never(&rule.block);
    if (wrong)
        return invalid(error, "outbound_allow", wrong);
    int rc = drmgmt__keyring_load(keyring_path, &keyring, error);
    if (!rc)
        rc = drmgmt__owner_open(owner_url, &owner, error);
    if (!rc)
        rc = drmgmt__owner_become(owner, error);
    if (!rc)
        rc = drmgmt__owner_script(owner, "BEGIN", error);
    if (!rc)
        rc = insert(owner, keyring, tenant_id, &rule, error);
    return rc ? rc : drmgmt__owner_script(owner, "COMMIT", error);
}

/* ---- what is decided ---- */

static int read_policy(drmgmt_session *session, const char *tenant, drmgmt__net_policy **policy, drmgmt_error **error)
{
    DRMGMT__ROWS drmgmt__rows *rows = NULL;
    drmgmt__params p = DRMGMT__PARAMS_INIT;

    if (tenant)
        drmgmt__param(&p, tenant);
    int rc = drmgmt__run(session, tenant ? DRMGMT_PERM_PLATFORM_OUTBOUND : DRMGMT_PERM_OUTBOUND_READ, DRMGMT__READ,
                         tenant ? &drmgmt__q_outbound_own_of : &drmgmt__q_outbound_own, &p, &rows, error);
    return rc ? rc : drmgmt__outbound_policy(session, rows, policy, error);
}

static void add_decision(drmgmt__strbuf *json, drmgmt__net_policy *policy, const drmgmt__net_address *address,
                         unsigned transport, bool *all)
{
    char text[DRMGMT__NET_MESSAGE], host[DRMGMT__NET_ADDRESS_TEXT];
    drmgmt__net_verdict v;

    drmgmt__net_decide(policy, address, transport, &v);
    *all = *all && drmgmt__net_allowed(&v);
    drmgmt__strbuf_puts(json, json->length && json->data[json->length - 1] == '}' ? ",{" : "{");
    drmgmt__json_member(json, "address", drmgmt__net_host_print(address, host));
    drmgmt__json_key(json, "allowed");
    drmgmt__strbuf_puts(json, drmgmt__net_allowed(&v) ? "true" : "false");
    drmgmt__json_member(json, "kind", v.kind);
    drmgmt__json_member(json, "rule", v.rule[0] ? v.rule : NULL);
    drmgmt__json_member(json, "explanation", drmgmt__net_explain(&v, address, transport, text));
    drmgmt__strbuf_putc(json, '}');
}

static int decide_all(drmgmt__net_policy *policy, const char *host, uint16_t port, unsigned transport,
                      drmgmt__strbuf *json, bool *all, drmgmt_error **error)
{
    struct addrinfo hints = { .ai_socktype = transport == DRMGMT__NET_UDP ? SOCK_DGRAM : SOCK_STREAM }, *list = NULL;
    drmgmt__net_address address;

    if (drmgmt__net_address_parse(host, &address)) {
        address.port = port;
        add_decision(json, policy, &address, transport, all);
        return 0;
    }
    int rc = getaddrinfo(host, NULL, &hints, &list);
    if (rc)
        return drmgmt__fail_full(error, DRMGMT_ERR_NOT_FOUND, rc == EAI_AGAIN, NULL, "address",
                                 "the host name %.200s is not found: %s", host, gai_strerror(rc));
    for (const struct addrinfo *a = list; a; a = a->ai_next) {
        if (!drmgmt__net_address_from(a->ai_addr, a->ai_addrlen, &address))
            continue;
        address.port = port;
        add_decision(json, policy, &address, transport, all);
    }
    freeaddrinfo(list);
    return 0;
}

int drmgmt_outbound_check(drmgmt_session *session, const char *tenant, const char *address, unsigned port,
                          const char *transport, char **json, drmgmt_error **error)
{
    DRMGMT__STRBUF text = DRMGMT__STRBUF_INIT, decisions = DRMGMT__STRBUF_INIT;
    unsigned bits = transport ? drmgmt__net_transport_parse(transport) : 0;
    drmgmt__net_policy *policy = NULL;
    bool all = true;

    if (!address || !*address)
        return invalid(error, "address", "an address or a host name is expected");
    if (port < 1 || port > UINT16_MAX)
        return invalid(error, "port", "1 to 65535 is expected");
    if (bits != DRMGMT__NET_UDP && bits != DRMGMT__NET_TCP)
        return invalid(error, "transport", "udp or tcp is expected");
    int rc = read_policy(session, tenant, &policy, error);
    if (!rc)
        rc = decide_all(policy, address, (uint16_t)port, bits, &decisions, &all, error);
    drmgmt__net_policy_unref(policy);
    if (rc)
        return rc;
    drmgmt__strbuf_putc(&text, '{');
    drmgmt__json_member(&text, "address", address);
    drmgmt__json_member_int(&text, "port", port);
    drmgmt__json_member(&text, "transport", transport);
    drmgmt__strbuf_printf(&text, ",\"allowed\":%s,\"addresses\":[%s]}", all ? "true" : "false",
                          decisions.data ? decisions.data : "");
    if (text.failed || decisions.failed)
        return drmgmt__fail_memory(error);
    *json = drmgmt__strbuf_steal(&text, NULL);
    return 0;
}
