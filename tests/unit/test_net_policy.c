/* The outbound policy: what every kind of address is taken for, whatever it is dressed as. Needs no server. */
#include "net_support.h"
#include <arpa/inet.h>

#define P DRMGMT__NET_PUBLIC
#define R DRMGMT__NET_NO_RULE
#define N DRMGMT__NET_NEVER

/* Each address alone, without any rule. */
static const struct {
    const char *text;
    drmgmt__net_answer answer;
} kinds[] = {
    /* public */
    { "8.8.8.8", P },
    { "1.1.1.1", P },
    { "100.63.255.255", P },
    { "100.128.0.0", P },
    { "172.15.255.255", P },
    { "172.32.0.0", P },
    { "192.167.255.255", P },
    { "192.169.0.0", P },
    { "169.253.255.255", P },
    { "169.255.0.0", P },
    { "223.255.255.255", P },
    { "11.0.0.0", P },
    { "9.255.255.255", P },
    { "126.255.255.255", P },
    { "128.0.0.0", P },
    { "2606:4700::1111", P },
    { "2a00:1450::1", P },
    { "::ffff:8.8.8.8", P },
    { "64:ff9b::8.8.8.8", P },
    { "2002:808:808::1", P },
    { "2001:0:808:808:0:0:f7f7:f7f7", P },
    /* loopback and private, in their own form */
    { "127.0.0.1", R },
    { "127.255.255.255", R },
    { "10.0.0.0", R },
    { "10.255.255.255", R },
    { "172.16.0.1", R },
    { "172.31.255.255", R },
    { "192.168.0.1", R },
    { "100.64.0.1", R },
    { "100.127.255.255", R },
    { "::1", R },
    { "fc00::1", R },
    { "fd12:3456::1", R },
    { "192.0.2.1", R },
    { "198.51.100.1", R },
    { "203.0.113.1", R },
    { "198.18.0.1", R },
    { "2001:db8::1", R },
    { "3fff::1", R },
    { "64:ff9b:1::8.8.8.8", R },
    /* ... dressed as something else */
    { "::ffff:127.0.0.1", R },
    { "::ffff:7f00:1", R },
    { "::127.0.0.1", R },
    { "::7f00:1", R },
    { "::10.0.0.1", R },
    { "::ffff:10.1.2.3", R },
    { "::ffff:0:127.0.0.1", R },
    { "64:ff9b::127.0.0.1", R },
    { "64:ff9b::7f00:1", R },
    { "64:ff9b::10.0.0.1", R },
    { "64:ff9b::192.168.1.1", R },
    { "64:ff9b:1::127.0.0.1", R },
    { "64:ff9b:1:7f00:0:100::", R }, /* RFC 6052, prefix of 48 bits: 127.0.0.1 */
    { "2002:7f00:1::", R },
    { "2002:a00:1::1", R },
    { "2002:c0a8:101::1", R },
    { "2001:0:7f00:1::", N },              /* Teredo: server 127.0.0.1, client 255.255.255.255 */
    { "2001:0:808:808:0:0:80ff:fffe", R }, /* Teredo: client 127.0.0.1 */
    { "2606:4700::200:5efe:7f00:1", R },
    { "2606:4700::5efe:127.0.0.1", R }, /* ISATAP */
    /* never */
    { "0.0.0.0", N },
    { "0.255.255.255", N },
    { "169.254.169.254", N },
    { "169.254.0.1", N },
    { "224.0.0.1", N },
    { "239.255.255.255", N },
    { "240.0.0.1", N },
    { "255.255.255.254", N },
    { "255.255.255.255", N },
    { "100.100.100.200", N },
    { "168.63.129.16", N },
    { "192.0.0.192", N },
    { "192.88.99.1", N },
    { "::", N },
    { "fe80::1", N },
    { "febf::1", N },
    { "fec0::1", N },
    { "ff02::1", N },
    { "ff0e::1", N },
    { "fd00:ec2::254", N },
    { "fd20:ce::254", N },
    { "fd00:42::42", N },
    { "100::1", N },
    { "5f00::1", N },
    { "4000::1", N },
    { "::2", N },
    { "2001:20::1", N },
    { "64:ff9b:2::1", N },
    /* ... dressed as something else */
    { "::ffff:0.0.0.0", N },
    { "::ffff:169.254.169.254", N },
    { "::ffff:224.0.0.1", N },
    { "::169.254.169.254", N },
    { "::ffff:255.255.255.255", N },
    { "64:ff9b::169.254.169.254", N },
    { "64:ff9b::a9fe:a9fe", N },
    { "64:ff9b::0.0.0.0", N },
    { "64:ff9b:1::169.254.169.254", N },
    { "64:ff9b:1:a9fe:00a9:fe00::", N },
    { "2002:a9fe:a9fe::1", N },
    { "2002:e000:1::", N },
    { "2002::1", N },
    { "2001:0:808:808:0:0:5601:5601", N },
    { "2606:4700::5efe:169.254.169.254", N },
};

Test(net_policy, without_rules)
{
    for (size_t i = 0; i < DRMGMT__COUNT(kinds); i++) {
        drmgmt__net_policy *policy = policy_of(NULL, NULL);
        cr_assert_eq(decide(policy, kinds[i].text, 161, DRMGMT__NET_UDP), kinds[i].answer, "%s", kinds[i].text);
        cr_assert_eq(decide(policy, kinds[i].text, 443, DRMGMT__NET_TCP), kinds[i].answer, "%s", kinds[i].text);
        cr_assert_eq(decide(NULL, kinds[i].text, 443, DRMGMT__NET_TCP), kinds[i].answer, "%s", kinds[i].text);
        drmgmt__net_policy_unref(policy);
    }
}

/* Rules for everything open what can be opened, and nothing that never is. */
Test(net_policy, rules_for_everything)
{
    drmgmt__net_policy *policy = policy_of(NULL, RULES("0.0.0.0/0", "::/0"));

    for (size_t i = 0; i < DRMGMT__COUNT(kinds); i++) {
        drmgmt__net_answer expected = kinds[i].answer == DRMGMT__NET_NO_RULE ? DRMGMT__NET_RULED : kinds[i].answer;
        cr_assert_eq(decide(policy, kinds[i].text, 161, DRMGMT__NET_UDP), expected, "%s", kinds[i].text);
    }
    drmgmt__net_policy_unref(policy);
}

Test(net_policy, a_rule_opens_its_block_ports_and_transport_only)
{
    static const struct {
        const char *text;
        uint16_t port;
        unsigned transport;
        bool allowed;
    } rows[] = {
        { "10.1.0.0", 161, DRMGMT__NET_UDP, true },          { "10.1.255.255", 162, DRMGMT__NET_UDP, true },
        { "10.1.0.1", 160, DRMGMT__NET_UDP, false },         { "10.1.0.1", 163, DRMGMT__NET_UDP, false },
        { "10.1.0.1", 161, DRMGMT__NET_TCP, false },         { "10.0.255.255", 161, DRMGMT__NET_UDP, false },
        { "10.2.0.0", 161, DRMGMT__NET_UDP, false },         { "::ffff:10.1.2.3", 161, DRMGMT__NET_UDP, true },
        { "64:ff9b::10.1.2.3", 161, DRMGMT__NET_UDP, true }, { "2002:a01:203::", 161, DRMGMT__NET_UDP, true },
        { "fd00:1::1", 443, DRMGMT__NET_TCP, true },         { "fd00:1::1", 444, DRMGMT__NET_TCP, false },
        { "fd00:2::1", 443, DRMGMT__NET_TCP, false },        { "127.0.0.1", 65535, DRMGMT__NET_UDP, true },
        { "127.0.0.2", 65535, DRMGMT__NET_UDP, false },      { "::1", 161, DRMGMT__NET_UDP, false },
    };
    drmgmt__net_policy *policy =
        policy_of(NULL, RULES("10.1.0.0/16:161-162/udp", "[fd00:1::/32]:443/tcp", "127.0.0.1"));

    for (size_t i = 0; i < DRMGMT__COUNT(rows); i++)
        cr_assert_eq(decide(policy, rows[i].text, rows[i].port, rows[i].transport) == DRMGMT__NET_RULED,
                     rows[i].allowed, "%s port %u", rows[i].text, rows[i].port);
    drmgmt__net_policy_unref(policy);
}

/* Behind a translator that the operator runs: the rule for the prefix does not open what is translated to. */
Test(net_policy, local_translation_needs_both)
{
    drmgmt__net_policy *policy = policy_of(NULL, RULES("64:ff9b:1::/48"));

    cr_assert_eq(decide(policy, "64:ff9b:1::8.8.8.8", 161, DRMGMT__NET_UDP), DRMGMT__NET_RULED);
    cr_assert_eq(decide(policy, "64:ff9b:1::10.0.0.1", 161, DRMGMT__NET_UDP), DRMGMT__NET_NO_RULE);
    cr_assert_eq(decide(policy, "64:ff9b:1::127.0.0.1", 161, DRMGMT__NET_UDP), DRMGMT__NET_NO_RULE);
    cr_assert_eq(decide(policy, "64:ff9b:1:7f00:0:100::", 161, DRMGMT__NET_UDP), DRMGMT__NET_NO_RULE);
    cr_assert_eq(decide(policy, "64:ff9b:1::169.254.169.254", 161, DRMGMT__NET_UDP), DRMGMT__NET_NEVER);
    drmgmt__net_policy_unref(policy);
}

/* ---- the system's own ---- */

Test(net_policy, own_servers_stay_closed)
{
    drmgmt__net_host *host = drmgmt__net_host_new();
    drmgmt__net_policy *policy = policy_of(host, RULES("0.0.0.0/0", "::/0"));
    const drmgmt__net_address local = address_of("127.0.0.1", 5432), far = address_of("10.9.8.7", 6379),
                              open = address_of("93.184.215.14", 5432);

    cr_assert_eq(decide(policy, "127.0.0.1", 5432, DRMGMT__NET_TCP), DRMGMT__NET_RULED);
    cr_assert_eq(drmgmt__net_host_own(host, &local), 0);
    cr_assert_eq(drmgmt__net_host_own(host, &far), 0);
    cr_assert_eq(drmgmt__net_host_own(host, &far), 0);
    cr_assert_eq(drmgmt__net_host_own(host, &open), 0);
    static const struct {
        const char *text;
        uint16_t port;
        drmgmt__net_answer answer;
    } rows[] = {
        { "127.0.0.1", 5432, N },
        { "::ffff:127.0.0.1", 5432, N },
        { "64:ff9b::127.0.0.1", 5432, N },
        { "127.0.0.2", 5432, N },
        { "::1", 5432, N },
        { "127.0.0.1", 5433, DRMGMT__NET_RULED },
        { "10.9.8.7", 6379, N },
        { "10.9.8.7", 6380, DRMGMT__NET_RULED },
        { "10.9.8.6", 6379, DRMGMT__NET_RULED },
        { "127.0.0.1", 6379, DRMGMT__NET_RULED },
        { "93.184.215.14", 5432, N },
        { "93.184.215.14", 443, P },
        { "2002:a09:807::1", 6379, N },
    };
    for (size_t i = 0; i < DRMGMT__COUNT(rows); i++) {
        cr_assert_eq(decide(policy, rows[i].text, rows[i].port, DRMGMT__NET_TCP), rows[i].answer, "%s", rows[i].text);
        cr_assert_eq(decide(policy, rows[i].text, rows[i].port, DRMGMT__NET_UDP), rows[i].answer, "%s", rows[i].text);
    }
    drmgmt__net_policy_unref(policy);
    drmgmt__net_host_free(host);
}

Test(net_policy, rules_of_the_host_hold_for_all)
{
    drmgmt__net_host *host = drmgmt__net_host_new();
    drmgmt__net_rule rule;
    drmgmt__net_verdict verdict;
    const drmgmt__net_address address = address_of("127.0.0.1", 161);

    cr_assert_null(drmgmt__net_rule_parse("127.0.0.0/8:161/udp", &rule));
    cr_assert_eq(drmgmt__net_host_allow(host, &rule), 0);
    drmgmt__net_policy *policy = policy_of(host, NULL);
    drmgmt__net_decide(policy, &address, DRMGMT__NET_UDP, &verdict);
    cr_assert_eq(verdict.answer, DRMGMT__NET_RULED);
    cr_assert_str_eq(verdict.rule, "");
    cr_assert_eq(decide(policy, "127.0.0.1", 162, DRMGMT__NET_UDP), DRMGMT__NET_NO_RULE);
    drmgmt__net_policy_unref(policy);
    drmgmt__net_host_free(host);
}

/* ---- what is told ---- */

static void assert_explains(const char *const *rules, const char *text, const char *expected)
{
    char told[DRMGMT__NET_MESSAGE];
    drmgmt__net_policy *policy = policy_of(NULL, rules);
    drmgmt__net_address address = address_of(text, 161);
    drmgmt__net_verdict verdict;

    drmgmt__net_decide(policy, &address, DRMGMT__NET_UDP, &verdict);
    cr_assert_str_eq(drmgmt__net_explain(&verdict, &address, DRMGMT__NET_UDP, told), expected);
    drmgmt__net_policy_unref(policy);
}

Test(net_policy, it_says_why_and_what_can_be_done)
{
    assert_explains(NULL, "8.8.8.8", "Sending to 8.8.8.8:161 (udp) is allowed: it is a public address.");
    assert_explains(NULL, "127.0.0.1",
                    "Nothing is sent to 127.0.0.1:161 (udp): it is a loopback address (127.0.0.0/8), and no outbound "
                    "rule of this tenant allows it. A platform administrator can: drmctl outbound allow "
                    "127.0.0.1/32 --tenant TENANT --port 161 --transport udp");
    assert_explains(RULES("127.0.0.0/8"), "127.0.0.1",
                    "Sending to 127.0.0.1:161 (udp) is allowed: it is a loopback address (127.0.0.0/8), and outbound "
                    "rule 0 allows it.");
    assert_explains(RULES("0.0.0.0/0"), "64:ff9b::169.254.169.254",
                    "Nothing is sent to [64:ff9b::a9fe:a9fe]:161 (udp): it carries 169.254.169.254, a link-local "
                    "address or a metadata service (169.254.0.0/16), which no rule can allow.");
    assert_explains(NULL, "fd00::1",
                    "Nothing is sent to [fd00::1]:161 (udp): it is a private (unique local) address (fc00::/7), and no "
                    "outbound rule of this tenant allows it. A platform administrator can: drmctl outbound allow "
                    "fd00::1/128 --tenant TENANT --port 161 --transport udp");
}

/* ---- texts ---- */

Test(net_address, literals)
{
    static const struct {
        const char *text, *printed; /* NULL: no literal */
    } rows[] = {
        { "192.0.2.7", "192.0.2.7:0" },
        { "2001:db8::1", "[2001:db8::1]:0" },
        { "[2001:DB8:0::1]", "[2001:db8::1]:0" },
        { "::ffff:192.0.2.7", "192.0.2.7:0" },
        { "[::ffff:c000:207]", "192.0.2.7:0" },
        { "", NULL },
        { "[]", NULL },
        { "[192.0.2.7]", NULL },
        { "192.0.2", NULL },
        { "192.0.2.7:161", NULL },
        { "[2001:db8::1", NULL },
        { "router.example.net", NULL },
        { "1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc:dddd", NULL },
        /* spellings that some resolvers take for 127.0.0.1: names here, decided by what they resolve to */
        { "2130706433", NULL },
        { "0177.0.0.1", NULL },
        { "0x7f.0.0.1", NULL },
        { "0x7f000001", NULL },
        { "017700000001", NULL },
        { "127.1", NULL },
        { "127.0.0.01", NULL },
        { "127.0.0.1.", NULL },
        { " 127.0.0.1", NULL },
        { "127.0.0.1 ", NULL },
        { "127.0.0.256", NULL },
        { "1.2.3.4.5", NULL },
        { "::ffff:0177.0.0.1", NULL },
        /* zones */
        { "fe80::1%lo", NULL },
        { "fe80::1%1", NULL },
        { "[fe80::1%25eth0]", NULL },
        { "::1%lo", NULL },
        { "127.0.0.1%lo", NULL },
    };
    char printed[DRMGMT__NET_ADDRESS_TEXT];

    for (size_t i = 0; i < DRMGMT__COUNT(rows); i++) {
        drmgmt__net_address address;
        bool good = drmgmt__net_address_parse(rows[i].text, &address);
        cr_assert_eq(good, rows[i].printed != NULL, "\"%s\"", rows[i].text);
        if (good)
            cr_assert_str_eq(drmgmt__net_address_print(&address, printed), rows[i].printed);
    }
}

Test(net_address, a_socket_address_is_the_same_there_and_back)
{
    static const char *const texts[] = { "192.0.2.7", "2001:db8::1", "::ffff:192.0.2.7" };
    struct sockaddr_storage storage;
    drmgmt__net_address again;

    for (size_t i = 0; i < DRMGMT__COUNT(texts); i++) {
        drmgmt__net_address address = address_of(texts[i], 4711);
        socklen_t length = drmgmt__net_address_to(&address, &storage);
        cr_assert(drmgmt__net_address_from((struct sockaddr *)&storage, length, &again));
        cr_assert(drmgmt__net_address_equal(&address, &again));
        cr_assert(!drmgmt__net_address_from((struct sockaddr *)&storage, length - 1, &again));
    }
    storage.ss_family = AF_UNIX;
    cr_assert(!drmgmt__net_address_from((struct sockaddr *)&storage, sizeof storage, &again));
    /* A mapped address with a scope, as a dual-stack socket tells it. */
    struct sockaddr_in6 mapped = { .sin6_family = AF_INET6, .sin6_port = htons(1), .sin6_scope_id = 7 };
    inet_pton(AF_INET6, "::ffff:127.0.0.1", &mapped.sin6_addr);
    cr_assert(drmgmt__net_address_from((struct sockaddr *)&mapped, sizeof mapped, &again));
    cr_assert_eq(again.family, AF_INET);
}

Test(net_rule, texts)
{
    static const struct {
        const char *text, *block; /* NULL: refused */
        unsigned first, last, transports;
    } rows[] = {
        { "10.0.0.0/8", "10.0.0.0/8", 0, 65535, DRMGMT__NET_ANY },
        { "10.1.2.3", "10.1.2.3/32", 0, 65535, DRMGMT__NET_ANY },
        { "0.0.0.0/0", "0.0.0.0/0", 0, 65535, DRMGMT__NET_ANY },
        { "10.0.0.0/8:161", "10.0.0.0/8", 161, 161, DRMGMT__NET_ANY },
        { "10.0.0.0/8:161-162/udp", "10.0.0.0/8", 161, 162, DRMGMT__NET_UDP },
        { "10.0.0.0/8/tcp", "10.0.0.0/8", 0, 65535, DRMGMT__NET_TCP },
        { "10.1.2.3/any", "10.1.2.3/32", 0, 65535, DRMGMT__NET_ANY },
        { "fd00::/8", "fd00::/8", 0, 65535, DRMGMT__NET_ANY },
        { "[fd00::/8]:443/tcp", "fd00::/8", 443, 443, DRMGMT__NET_TCP },
        { "[::1]:1-2", "::1/128", 1, 2, DRMGMT__NET_ANY },
        { "::1", "::1/128", 0, 65535, DRMGMT__NET_ANY },
        { "", NULL, 0, 0, 0 },
        { "example.net", NULL, 0, 0, 0 },
        { "10.0.0.0/33", NULL, 0, 0, 0 },
        { "10.0.0.0/08", NULL, 0, 0, 0 },
        { "10.0.0.0/", NULL, 0, 0, 0 },
        { "10.0.0.0/-1", NULL, 0, 0, 0 },
        { "10.0.0.0/4294967304", NULL, 0, 0, 0 },
        { "10.0.0.1/8", NULL, 0, 0, 0 },
        { "10/8", NULL, 0, 0, 0 },
        { "010.0.0.0/8", NULL, 0, 0, 0 },
        { "10.0.0.0/8:", NULL, 0, 0, 0 },
        { "10.0.0.0/8:65536", NULL, 0, 0, 0 },
        { "10.0.0.0/8:2-1", NULL, 0, 0, 0 },
        { "10.0.0.0/8:1-", NULL, 0, 0, 0 },
        { "10.0.0.0/8:1x", NULL, 0, 0, 0 },
        { "10.0.0.0/8/sctp", NULL, 0, 0, 0 },
        { "fd00::/129", NULL, 0, 0, 0 },
        { "fd00::1/8", NULL, 0, 0, 0 },
        { "[fd00::/8", NULL, 0, 0, 0 },
        { "[fd00::/8]443", NULL, 0, 0, 0 },
        { "fe80::%lo/64", NULL, 0, 0, 0 },
        { "::ffff:10.0.0.0/104", NULL, 0, 0, 0 },
        { "::ffff:10.0.0.1", NULL, 0, 0, 0 },
    };
    char printed[DRMGMT__NET_CIDR_TEXT];

    for (size_t i = 0; i < DRMGMT__COUNT(rows); i++) {
        drmgmt__net_rule rule;
        bool good = !drmgmt__net_rule_parse(rows[i].text, &rule);
        cr_assert_eq(good, rows[i].block != NULL, "\"%s\"", rows[i].text);
        if (!good)
            continue;
        cr_assert_str_eq(drmgmt__net_block_print(&rule.block, printed), rows[i].block);
        cr_assert_eq(rule.port_first, rows[i].first, "%s", rows[i].text);
        cr_assert_eq(rule.port_last, rows[i].last, "%s", rows[i].text);
        cr_assert_eq(rule.transports, rows[i].transports, "%s", rows[i].text);
    }
}
