/* Which addresses a tenant's jobs may reach (docs/outbound.md). Public addresses may be reached by all; loopback,
 * private and other special ones only where a rule allows it; link-local ones, metadata services, multicast, and the
 * system's own servers never. Decided on the address itself at the moment of connecting or sending.
 *
 * Rules are entity "outbound_rule" {id cidr port_first port_last transport note created_at}. A tenant reads its own; a
 * platform administrator makes and removes them. A change holds two seconds later, also for jobs that run. */
#ifndef DRMGMT_OUTBOUND_H
#define DRMGMT_OUTBOUND_H

#include <drm/session.h>

DRMGMT_BEGIN

/* The session's own tenant's rules, oldest first. Permission outbound:read. */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_outbound_rule_list(drmgmt_session *session, const drmgmt_query *query,
                                                          drmgmt_page **page, drmgmt_error **error);

/* The following three need a platform administrator's session (platform:outbound). tenant: name or id; NOT_FOUND if
 * there is none. */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_tenant_outbound_rule_list(drmgmt_session *session, const char *tenant,
                                                                 const drmgmt_query *query, drmgmt_page **page,
                                                                 drmgmt_error **error);
/* draft: "cidr" ("10.0.0.0/8", "fd00::/8", one address), and if wanted "port_first" and "port_last" (without the second
 * the first alone; without either all), "transport" ("udp", "tcp", "any") and "note". rule may be NULL.
 * Errors: INVALID (field; also a block that no rule can allow), CONFLICT (there is the same one; or there are 256). */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_tenant_outbound_allow(drmgmt_session *session, const char *tenant,
                                                             const drmgmt_draft *draft, drmgmt_record **rule,
                                                             drmgmt_error **error);
DRMGMT_API DRMGMT_NODISCARD int drmgmt_tenant_outbound_remove(drmgmt_session *session, const char *tenant,
                                                              const char *id, drmgmt_error **error);

/* What would be decided now, and why. tenant NULL: the session's own (outbound:read), else as above. address: an
 * address or a host name, looked up here and now; port 1..65535; transport "udp" or "tcp". What this process knows
 * counts: rules that a worker was started with (drm-worker --outbound-allow) are the worker's. *json:
 * {"address","port","transport","allowed","addresses":[{"address","allowed","kind","rule","explanation"}]}, free it
 * with drmgmt_free(); kind and rule may be null; allowed at the top: all of them are. Blocks for the look-up.
 * Errors: INVALID (field), NOT_FOUND (no such host or tenant), and those of reading the rules. */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_outbound_check(drmgmt_session *session, const char *tenant, const char *address,
                                                      unsigned port, const char *transport, char **json,
                                                      drmgmt_error **error);

DRMGMT_END

#endif
