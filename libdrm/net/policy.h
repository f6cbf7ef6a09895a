/* The outbound policy: whether a tenant's work may send to an address. Decided on the address itself at the moment of
 * connecting or sending (socket.h), never on a name or a URL, so it does not matter what a name resolved to before.
 *
 * Three answers: addresses that are never anybody's device (unspecified, link-local, metadata services, multicast, ...)
 * and the system's own servers are always refused; addresses of the public Internet are allowed; all others (loopback,
 * private networks, ...) are refused unless a rule names them. The table of both kinds is in special.c.
 *
 * IPv6 addresses that carry an IPv4 one (mapped, NAT64, 6to4, Teredo, ...) are decided by that one. */
#ifndef DRMGMT_NET_POLICY_H
#define DRMGMT_NET_POLICY_H

#include "net/address.h"
#include <drm/error.h>

enum { DRMGMT__NET_UDP = 1, DRMGMT__NET_TCP = 2, DRMGMT__NET_ANY = 3 }; /* transports, bits */

typedef struct drmgmt__net_rule {
    drmgmt__net_block block;
    uint16_t port_first, port_last; /* 0..65535: all */
    uint8_t transports;
    char id[37]; /* "": a rule of this host (drm-worker --outbound-allow) */
} drmgmt__net_rule;

/* "CIDR[:PORT[-PORT]][/udp|/tcp]", IPv6 with ports in brackets: "10.0.0.0/8", "127.0.0.0/8:161-162/udp",
 * "[fd00::/8]:443". NULL, or what is wrong with it (static text). */
const char *drmgmt__net_rule_parse(const char *text, drmgmt__net_rule *out);

typedef enum drmgmt__net_answer {
    DRMGMT__NET_PUBLIC,  /* allowed: nothing special about it */
    DRMGMT__NET_RULED,   /* allowed by a rule */
    DRMGMT__NET_NO_RULE, /* refused: it needs a rule and there is none */
    DRMGMT__NET_NEVER    /* refused: no rule can allow it */
} drmgmt__net_answer;

typedef struct drmgmt__net_verdict {
    drmgmt__net_answer answer;
    drmgmt__net_address decided; /* what was looked at: the address or the one that it carries */
    const char *kind;            /* "a loopback address"; static; NULL for a public one */
    const char *block;           /* "127.0.0.0/8"; static; NULL: none */
    char rule[37];               /* of RULED: the rule's id; "": one of this host */
} drmgmt__net_verdict;

static inline bool drmgmt__net_allowed(const drmgmt__net_verdict *verdict)
{
    return verdict->answer == DRMGMT__NET_PUBLIC || verdict->answer == DRMGMT__NET_RULED;
}

/* What holds for all tenants of a process: its own servers, and rules given by who runs it. Shared by policies. */
typedef struct drmgmt__net_host drmgmt__net_host;
drmgmt__net_host *drmgmt__net_host_new(void); /* NULL when memory is out */
void drmgmt__net_host_free(drmgmt__net_host *host);
/* Before policies use it. -1 when memory is out. */
int drmgmt__net_host_allow(drmgmt__net_host *host, const drmgmt__net_rule *rule);
/* An address and port of the system's own that nobody may reach through it, by any transport. One that is this
 * machine's stands for all addresses of this machine. Any thread. -1 when memory is out. */
int drmgmt__net_host_own(drmgmt__net_host *host, const drmgmt__net_address *address);

/* The rules of one tenant, which may be replaced while others decide by them. Any thread. */
typedef struct drmgmt__net_policy drmgmt__net_policy;
/* One reference, without rules. host may be NULL (nothing known) and else outlives the policy. NULL: no memory. */
drmgmt__net_policy *drmgmt__net_policy_new(const drmgmt__net_host *host);
drmgmt__net_policy *drmgmt__net_policy_ref(drmgmt__net_policy *policy); /* NULL is allowed */
void drmgmt__net_policy_unref(drmgmt__net_policy *policy);              /* NULL is allowed */
bool drmgmt__net_policy_shared(const drmgmt__net_policy *policy);       /* there is more than one reference */
/* Takes the array over (malloc()ed; NULL with n 0). */
void drmgmt__net_policy_set(drmgmt__net_policy *policy, drmgmt__net_rule *rules, size_t n);

/* policy NULL: as one without rules. transport: one of the bits. */
void drmgmt__net_decide(drmgmt__net_policy *policy, const drmgmt__net_address *address, unsigned transport,
                        drmgmt__net_verdict *verdict);
enum { DRMGMT__NET_MESSAGE = 512 };
/* One or two sentences for people: what was decided about this address, why, and what can be done. Returns text. */
const char *drmgmt__net_explain(const drmgmt__net_verdict *verdict, const drmgmt__net_address *address,
                                unsigned transport, char text[DRMGMT__NET_MESSAGE]);
const char *drmgmt__net_transport_name(unsigned transports); /* "udp", "tcp", "any" */
unsigned drmgmt__net_transport_parse(const char *name);      /* 0: it is none */

/* ---- special.c: what is special about an address, by the IANA registries (RFC 6890) and by custom ---- */
typedef struct drmgmt__net_special {
    const char *block, *kind;
    bool never;
} drmgmt__net_special;
/* NULL: nothing, it is a public unicast address. */
const drmgmt__net_special *drmgmt__net_special_of(const drmgmt__net_address *address);
/* Why a rule for a block would be of no use: it holds only addresses that no rule can allow (static text). NULL: it may
 * be of use. */
const char *drmgmt__net_block_never(const drmgmt__net_block *block);
/* The addresses to decide by in place of this one: itself, or those that it carries. Returns how many (1..4). */
enum { DRMGMT__NET_FACES = 5 };
size_t drmgmt__net_faces(const drmgmt__net_address *address, drmgmt__net_address faces[DRMGMT__NET_FACES]);

#endif
