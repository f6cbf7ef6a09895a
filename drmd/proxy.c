/* Whose request it is when it came through proxies that the operator trusts to tell (X-Forwarded-For). Anybody can send
 * that header: it is believed only as far as trusted proxies wrote it, from its end. Called by main.c and dispatch.c.
 */
#include "drmd.h"
#include <arpa/inet.h>
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { V4_PREFIX = 96 /* bits before an IPv4 address in its IPv6 form (RFC 4291, section 2.5.5.2) */ };

static bool parse_address(const char *text, uint8_t out[16], bool *four)
{
    struct in_addr v4;
    struct in6_addr v6;
    static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
    *four = inet_pton(AF_INET, text, &v4) == 1;
    if (*four) {
        memcpy(out, mapped, sizeof mapped);
        memcpy(out + sizeof mapped, &v4, sizeof v4);
        return true;
    }
    if (inet_pton(AF_INET6, text, &v6) != 1)
        return false;
    memcpy(out, &v6, sizeof v6);
    return true;
}

bool drmd_proxy_add(drmd_config *config, const char *text)
{
    char address[64];
    size_t n = strcspn(text, "/");
    bool four;
    unsigned bits = 0;
    if (config->n_proxies == DRMD_COUNT(config->proxies))
        return program_complain("--trusted-proxy", text, "there are too many of these");
    drmd_cidr *cidr = &config->proxies[config->n_proxies];
    snprintf(address, sizeof address, "%.*s", (int)(n < sizeof address ? n : sizeof address - 1), text);
    if (!parse_address(address, cidr->address, &four))
        return program_complain("--trusted-proxy", text, "an address or ADDRESS/BITS is wanted");
    if (text[n] && !program_number("--trusted-proxy", text + n + 1, 0, four ? 32 : 128, &bits))
        return false;
    cidr->bits = text[n] ? bits + (four ? V4_PREFIX : 0) : 128;
    config->n_proxies++;
    return true;
}

static bool in_cidr(const uint8_t address[16], const drmd_cidr *cidr)
{
    unsigned whole = cidr->bits / 8, rest = cidr->bits % 8;
    return memcmp(address, cidr->address, whole) == 0 &&
           (!rest || ((address[whole] ^ cidr->address[whole]) & (0xff00 >> rest & 0xff)) == 0);
}

static bool trusted(const drmd_config *config, const char *text)
{
    uint8_t address[16];
    bool four;
    if (!parse_address(text, address, &four))
        return false;
    for (size_t i = 0; i < config->n_proxies; i++)
        if (in_cidr(address, &config->proxies[i]))
            return true;
    return false;
}

/* One element of the list, as proxies write it: 192.0.2.1, 192.0.2.1:4711, 2001:db8::1, [2001:db8::1]:4711. False: it
 * is no address. */
static bool read_element(const char *text, size_t n, char out[DRMD_ADDRESS_SIZE])
{
    uint8_t address[16];
    bool four;
    while (n && (*text == ' ' || *text == '\t'))
        text++, n--;
    while (n && (text[n - 1] == ' ' || text[n - 1] == '\t'))
        n--;
    const char *colon = memchr(text, ':', n);
    if (n && *text == '[') {
        const char *end = memchr(text, ']', n);
        text++;
        n = end ? (size_t)(end - text) : 0;
    } else if (colon && !memchr(colon + 1, ':', n - (size_t)(colon + 1 - text))) {
        n = (size_t)(colon - text);
    }
    if (n == 0 || n >= DRMD_ADDRESS_SIZE)
        return false;
    memcpy(out, text, n);
    out[n] = '\0';
    return parse_address(out, address, &four);
}

/* Goes on through one header's list from its end. False: the client is found, or the rest is not to be believed. */
static bool walk(drmd_request *r, const char *list)
{
    size_t end = strlen(list);
    for (;;) {
        size_t begin = end;
        char address[DRMD_ADDRESS_SIZE];
        while (begin && list[begin - 1] != ',')
            begin--;
        if (!read_element(list + begin, end - begin, address))
            return false;
        memcpy(r->client, address, sizeof address);
        if (!trusted(&r->server->config, address))
            return false;
        if (!begin)
            return true;
        end = begin - 1;
    }
}

void drmd_proxy_client(drmd_request *r)
{
    static_assert(sizeof r->client == sizeof r->info->remote_addr, "CivetWeb's texts of addresses are as long as ours");
    memcpy(r->client, r->info->remote_addr, sizeof r->client);
    if (!r->server->config.n_proxies || !trusted(&r->server->config, r->client))
        return;
    for (int i = r->info->num_headers; i-- > 0;)
        if (strcasecmp(r->info->http_headers[i].name, "X-Forwarded-For") == 0 &&
            !walk(r, r->info->http_headers[i].value))
            return;
}
