/* Deciding: rules, the system's own servers, and what is told about a decision. Called by socket.c, outbound.c and
 * whoever explains a decision; calls special.c. */
#include "net/policy.h"

#include "core/cleanup.h"
#include <ctype.h>
#include <ifaddrs.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

/* ---- the host ---- */

struct own {
    drmgmt__net_address address;
    bool local;
};

struct drmgmt__net_host {
    pthread_rwlock_t lock; /* of own and locals */
    struct own *own;
    size_t n_own;
    drmgmt__net_address *locals; /* of this machine's interfaces; port 0 */
    size_t n_locals;
    drmgmt__net_rule *rules; /* fixed once policies use it */
    size_t n_rules;
};

drmgmt__net_host *drmgmt__net_host_new(void)
{
    drmgmt__net_host *host = calloc(1, sizeof *host);

    if (host)
        pthread_rwlock_init(&host->lock, NULL);
    return host;
}

void drmgmt__net_host_free(drmgmt__net_host *host)
{
    if (!host)
        return;
    pthread_rwlock_destroy(&host->lock);
    free(host->own);
    free(host->locals);
    free(host->rules);
    free(host);
}

int drmgmt__net_host_allow(drmgmt__net_host *host, const drmgmt__net_rule *rule)
{
    drmgmt__net_rule *rules = realloc(host->rules, (host->n_rules + 1) * sizeof *rules);

    if (!rules)
        return -1;
    host->rules = rules;
    host->rules[host->n_rules] = *rule;
    host->rules[host->n_rules++].id[0] = '\0';
    return 0;
}

static bool is_loopback(const drmgmt__net_address *a)
{
    static const uint8_t one[16] = { [15] = 1 };

    return a->family == AF_INET ? a->bytes[0] == 127 : memcmp(a->bytes, one, sizeof one) == 0;
}

static bool is_local(const drmgmt__net_host *host, const drmgmt__net_address *a)
{
    drmgmt__net_address bare = *a;

    if (is_loopback(a))
        return true;
    bare.port = 0;
    for (size_t i = 0; i < host->n_locals; i++)
        if (drmgmt__net_address_equal(&host->locals[i], &bare))
            return true;
    return false;
}

/* Without memory or permission the old list stays: loopback is known in any case. The lock is held. */
static void read_locals(drmgmt__net_host *host)
{
    struct ifaddrs *list;
    size_t n = 0;

    if (getifaddrs(&list))
        return;
    for (const struct ifaddrs *i = list; i; i = i->ifa_next)
        n++;
    drmgmt__net_address *locals = calloc(n ? n : 1, sizeof *locals);
    if (locals) {
        free(host->locals);
        host->locals = locals;
        host->n_locals = 0;
    }
    for (const struct ifaddrs *i = list; locals && i; i = i->ifa_next)
        if (i->ifa_addr && drmgmt__net_address_from(i->ifa_addr, sizeof(struct sockaddr_in6), &locals[host->n_locals]))
            locals[host->n_locals++].port = 0;
    freeifaddrs(list);
}

int drmgmt__net_host_own(drmgmt__net_host *host, const drmgmt__net_address *address)
{
    int rc = 0;
    size_t i = 0;

    pthread_rwlock_wrlock(&host->lock);
    read_locals(host);
    while (i < host->n_own && !drmgmt__net_address_equal(&host->own[i].address, address))
        i++;
    if (i == host->n_own) {
        struct own *own = realloc(host->own, (host->n_own + 1) * sizeof *own);
        if (own) {
            host->own = own;
            own[host->n_own++] = (struct own){ *address, false };
        } else {
            rc = -1;
        }
    }
    for (i = 0; i < host->n_own; i++)
        host->own[i].local = is_local(host, &host->own[i].address);
    pthread_rwlock_unlock(&host->lock);
    return rc;
}

static bool is_own(const drmgmt__net_host *host, const drmgmt__net_address *face)
{
    bool own = false;

    if (!host)
        return false;
    pthread_rwlock_rdlock((pthread_rwlock_t *)&host->lock);
    for (size_t i = 0; i < host->n_own && !own; i++)
        own = host->own[i].address.port == face->port &&
              (drmgmt__net_address_equal(&host->own[i].address, face) || (host->own[i].local && is_local(host, face)));
    pthread_rwlock_unlock((pthread_rwlock_t *)&host->lock);
    return own;
}

/* ---- a tenant's policy ---- */

struct drmgmt__net_policy {
    atomic_uint references;
    const drmgmt__net_host *host;
    pthread_rwlock_t lock;
    drmgmt__net_rule *rules;
    size_t n_rules;
};

drmgmt__net_policy *drmgmt__net_policy_new(const drmgmt__net_host *host)
{
    drmgmt__net_policy *policy = calloc(1, sizeof *policy);

    if (!policy)
        return NULL;
    atomic_init(&policy->references, 1);
    policy->host = host;
    pthread_rwlock_init(&policy->lock, NULL);
    return policy;
}

drmgmt__net_policy *drmgmt__net_policy_ref(drmgmt__net_policy *policy)
{
    if (policy)
        atomic_fetch_add(&policy->references, 1);
    return policy;
}

void drmgmt__net_policy_unref(drmgmt__net_policy *policy)
{
    if (!policy || atomic_fetch_sub(&policy->references, 1) != 1)
        return;
    pthread_rwlock_destroy(&policy->lock);
    free(policy->rules);
    free(policy);
}

bool drmgmt__net_policy_shared(const drmgmt__net_policy *policy)
{
    return atomic_load(&policy->references) > 1;
}

void drmgmt__net_policy_set(drmgmt__net_policy *policy, drmgmt__net_rule *rules, size_t n)
{
    pthread_rwlock_wrlock(&policy->lock);
    drmgmt__net_rule *old = policy->rules;
    policy->rules = rules;
    policy->n_rules = n;
    pthread_rwlock_unlock(&policy->lock);
    free(old);
}

/* ---- deciding ---- */

static const drmgmt__net_rule *match(const drmgmt__net_rule *rules, size_t n, const drmgmt__net_address *face,
                                     unsigned transport)
{
    for (size_t i = 0; i < n; i++)
        if ((rules[i].transports & transport) && face->port >= rules[i].port_first &&
            face->port <= rules[i].port_last && drmgmt__net_block_has(&rules[i].block, face))
            return &rules[i];
    return NULL;
}

static bool is_ruled(drmgmt__net_policy *policy, const drmgmt__net_address *face, unsigned transport, char id[37])
{
    const drmgmt__net_rule *rule =
        policy->host ? match(policy->host->rules, policy->host->n_rules, face, transport) : NULL;

    id[0] = '\0';
    if (rule)
        return true;
    pthread_rwlock_rdlock(&policy->lock);
    rule = match(policy->rules, policy->n_rules, face, transport);
    if (rule)
        memcpy(id, rule->id, sizeof rule->id);
    pthread_rwlock_unlock(&policy->lock);
    return rule;
}

static void decide_face(drmgmt__net_policy *policy, const drmgmt__net_address *face, unsigned transport,
                        drmgmt__net_verdict *v)
{
    const drmgmt__net_special *special = drmgmt__net_special_of(face);

    *v = (drmgmt__net_verdict){ .answer = DRMGMT__NET_PUBLIC, .decided = *face };
    if (special) {
        v->kind = special->kind;
        v->block = special->block;
    }
    if (special && special->never) {
        v->answer = DRMGMT__NET_NEVER;
    } else if (policy && is_own(policy->host, face)) {
        v->answer = DRMGMT__NET_NEVER;
        v->kind = "a server of this system itself";
        v->block = NULL;
    } else if (special) {
        v->answer = policy && is_ruled(policy, face, transport, v->rule) ? DRMGMT__NET_RULED : DRMGMT__NET_NO_RULE;
    }
}

void drmgmt__net_decide(drmgmt__net_policy *policy, const drmgmt__net_address *address, unsigned transport,
                        drmgmt__net_verdict *verdict)
{
    drmgmt__net_address faces[DRMGMT__NET_FACES];
    size_t n = drmgmt__net_faces(address, faces);

    decide_face(policy, &faces[0], transport, verdict);
    for (size_t i = 1; i < n; i++) {
        drmgmt__net_verdict v;
        decide_face(policy, &faces[i], transport, &v);
        if (v.answer > verdict->answer)
            *verdict = v;
    }
}

/* ---- telling ---- */

static const struct {
    const char *name;
    unsigned bits;
} transports[] = { { "udp", DRMGMT__NET_UDP }, { "tcp", DRMGMT__NET_TCP }, { "any", DRMGMT__NET_ANY } };

const char *drmgmt__net_transport_name(unsigned bits)
{
    for (size_t i = 0; i < DRMGMT__COUNT(transports); i++)
        if (transports[i].bits == bits)
            return transports[i].name;
    return "none";
}

unsigned drmgmt__net_transport_parse(const char *name)
{
    for (size_t i = 0; i < DRMGMT__COUNT(transports); i++)
        if (strcmp(transports[i].name, name) == 0)
            return transports[i].bits;
    return 0;
}

const char *drmgmt__net_explain(const drmgmt__net_verdict *v, const drmgmt__net_address *address, unsigned transport,
                                char text[DRMGMT__NET_MESSAGE])
{
    char to[DRMGMT__NET_ADDRESS_TEXT], decided[DRMGMT__NET_ADDRESS_TEXT], what[200];
    const char *name = drmgmt__net_transport_name(transport);
    bool same = drmgmt__net_address_equal(&v->decided, address);

    drmgmt__net_address_print(address, to);
    drmgmt__net_host_print(&v->decided, decided);
    snprintf(what, sizeof what, "it %s%s%s%s%s%s%s", same ? "is " : "carries ", same ? "" : decided,
             same || !v->kind ? "" : ", ", v->kind ? v->kind : "a public address", v->block ? " (" : "",
             v->block ? v->block : "", v->block ? ")" : "");
    switch (v->answer) {
    case DRMGMT__NET_PUBLIC:
        snprintf(text, DRMGMT__NET_MESSAGE, "Sending to %s (%s) is allowed: it is a public address.", to, name);
        break;
    case DRMGMT__NET_RULED:
        snprintf(text, DRMGMT__NET_MESSAGE, "Sending to %s (%s) is allowed: %s, and %s%s allows it.", to, name, what,
                 *v->rule ? "outbound rule " : "a rule of the worker's host", v->rule);
        break;
    case DRMGMT__NET_NO_RULE:
        snprintf(text, DRMGMT__NET_MESSAGE,
                 "Nothing is sent to %s (%s): %s, and no outbound rule of this tenant allows it. A platform "
                 "administrator can: drmctl outbound allow %s/%d --tenant TENANT --port %u --transport %s",
                 to, name, what, decided, v->decided.family == AF_INET ? 32 : 128, v->decided.port, name);
        break;
    case DRMGMT__NET_NEVER:
        snprintf(text, DRMGMT__NET_MESSAGE, "Nothing is sent to %s (%s): %s, which no rule can allow.", to, name, what);
        break;
    }
    return text;
}

/* ---- a rule as text ---- */

static bool parse_port(const char **text, uint16_t *port)
{
    unsigned value = 0;
    const char *c = *text;

    while (isdigit((unsigned char)*c) && value <= UINT16_MAX)
        value = value * 10 + (unsigned)(*c++ - '0');
    if (c == *text || value > UINT16_MAX)
        return false;
    *port = (uint16_t)value;
    *text = c;
    return true;
}

static bool parse_ports(const char *text, drmgmt__net_rule *rule)
{
    if (!parse_port(&text, &rule->port_first))
        return false;
    rule->port_last = rule->port_first;
    if (*text == '-') {
        text++;
        if (!parse_port(&text, &rule->port_last))
            return false;
    }
    return !*text && rule->port_first <= rule->port_last;
}

/* Cuts the ports off; NULL when there are none. text: "10.0.0.0/8:161" or "[fd00::/8]:443" or either without ports. */
static const char *cut_ports(char **text)
{
    char *t = *text, *colon = strchr(t, ':');

    if (*t == '[') {
        char *end = strchr(t, ']');
        if (!end)
            return NULL;
        *end = '\0';
        *text = t + 1;
        return end[1] == ':' ? end + 2 : end[1] ? "" : NULL;
    }
    if (!colon || strchr(colon + 1, ':')) /* none, or IPv6 */
        return NULL;
    *colon = '\0';
    return colon + 1;
}

const char *drmgmt__net_rule_parse(const char *text, drmgmt__net_rule *out)
{
    char copy[96], *t = copy;
    drmgmt__net_rule rule = { .port_last = UINT16_MAX, .transports = DRMGMT__NET_ANY };

    if (strlen(text) >= sizeof copy)
        return "it is too long";
    memcpy(copy, text, strlen(text) + 1);
    char *slash = strrchr(copy, '/');
    if (slash && isalpha((unsigned char)slash[1]) && drmgmt__net_transport_parse(slash + 1)) {
        rule.transports = (uint8_t)drmgmt__net_transport_parse(slash + 1);
        *slash = '\0';
    }
    const char *ports = cut_ports(&t);
    if (ports && !parse_ports(ports, &rule))
        return "the ports must be a number or a range such as 161-162, up to 65535";
    const char *wrong = drmgmt__net_block_parse(t, &rule.block);
    if (!wrong)
        *out = rule;
    return wrong;
}
