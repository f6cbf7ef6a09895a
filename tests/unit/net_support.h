/* What the tests of the outbound policy share: policies made from texts, and decisions about texts. */
#ifndef DRMGMT_TESTS_NET_SUPPORT_H
#define DRMGMT_TESTS_NET_SUPPORT_H

#include "core/core.h"
#include "net/policy.h"
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

/* A policy with these rules ("127.0.0.0/8:161/udp"), NULL-terminated. The n-th has the id "n". */
static inline drmgmt__net_policy *policy_of(const drmgmt__net_host *host, const char *const *texts)
{
    drmgmt__net_policy *policy = drmgmt__net_policy_new(host);
    drmgmt__net_rule *rules = calloc(8, sizeof *rules);
    size_t n = 0;

    cr_assert(policy && rules);
    for (; texts && texts[n]; n++) {
        const char *wrong = drmgmt__net_rule_parse(texts[n], &rules[n]);
        cr_assert_null(wrong, "%s: %s", texts[n], wrong);
        snprintf(rules[n].id, sizeof rules[n].id, "%zu", n);
    }
    drmgmt__net_policy_set(policy, rules, n);
    return policy;
}
#define RULES(...) ((const char *const[]){ __VA_ARGS__, NULL })

static inline drmgmt__net_address address_of(const char *text, uint16_t port)
{
    drmgmt__net_address address;

    cr_assert(drmgmt__net_address_parse(text, &address), "%s", text);
    address.port = port;
    return address;
}

static inline drmgmt__net_answer decide(drmgmt__net_policy *policy, const char *text, uint16_t port, unsigned transport)
{
    drmgmt__net_address address = address_of(text, port);
    drmgmt__net_verdict verdict;

    drmgmt__net_decide(policy, &address, transport, &verdict);
    return verdict.answer;
}

#endif
