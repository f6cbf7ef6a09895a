/* Addresses and blocks: text, bytes and the kernel's form. Pure. Called by the rest of net/ and by drivers. */
#include "net/address.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

static drmgmt__net_address of_v4(const void *bytes, uint16_t port)
{
    drmgmt__net_address address = { AF_INET, port, { 0 } };

    memcpy(address.bytes, bytes, 4);
    return address;
}

static drmgmt__net_address of_v6(const struct in6_addr *v6, uint16_t port)
{
    drmgmt__net_address address = { AF_INET6, port, { 0 } };

    if (IN6_IS_ADDR_V4MAPPED(v6))
        return of_v4(v6->s6_addr + 12, port);
    memcpy(address.bytes, v6->s6_addr, 16);
    return address;
}

bool drmgmt__net_address_parse(const char *text, drmgmt__net_address *out)
{
    char bare[INET6_ADDRSTRLEN];
    size_t length = strlen(text);
    struct in6_addr v6;
    struct in_addr v4;

    if (inet_pton(AF_INET, text, &v4) == 1) {
        *out = of_v4(&v4, 0);
        return true;
    }
    if (length > 2 && text[0] == '[' && text[length - 1] == ']') {
        text++;
        length -= 2;
    }
    if (length >= sizeof bare)
        return false;
    memcpy(bare, text, length);
    bare[length] = '\0';
    if (inet_pton(AF_INET6, bare, &v6) != 1)
        return false;
    *out = of_v6(&v6, 0);
    return true;
}

bool drmgmt__net_address_from(const struct sockaddr *from, socklen_t length, drmgmt__net_address *out)
{
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;

    if (length < (socklen_t)sizeof from->sa_family)
        return false;
    if (from->sa_family == AF_INET && length >= (socklen_t)sizeof v4) {
        memcpy(&v4, from, sizeof v4);
        *out = of_v4(&v4.sin_addr, ntohs(v4.sin_port));
        return true;
    }
    if (from->sa_family == AF_INET6 && length >= (socklen_t)sizeof v6) {
        memcpy(&v6, from, sizeof v6);
        *out = of_v6(&v6.sin6_addr, ntohs(v6.sin6_port));
        return true;
    }
    return false;
}

socklen_t drmgmt__net_address_to(const drmgmt__net_address *address, struct sockaddr_storage *out)
{
    if (address->family == AF_INET) {
        struct sockaddr_in *v4 = (void *)out;
        *v4 = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(address->port) };
        memcpy(&v4->sin_addr, address->bytes, 4);
        return sizeof *v4;
    }
    struct sockaddr_in6 *v6 = (void *)out;
    *v6 = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = htons(address->port) };
    memcpy(&v6->sin6_addr, address->bytes, 16);
    return sizeof *v6;
}

bool drmgmt__net_address_equal(const drmgmt__net_address *a, const drmgmt__net_address *b)
{
    return a->family == b->family && a->port == b->port && memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

const char *drmgmt__net_host_print(const drmgmt__net_address *address, char text[DRMGMT__NET_ADDRESS_TEXT])
{
    if (!inet_ntop(address->family, address->bytes, text, DRMGMT__NET_ADDRESS_TEXT))
        snprintf(text, DRMGMT__NET_ADDRESS_TEXT, "?");
    return text;
}

const char *drmgmt__net_address_print(const drmgmt__net_address *address, char text[DRMGMT__NET_ADDRESS_TEXT])
{
    char bare[DRMGMT__NET_ADDRESS_TEXT];

    drmgmt__net_host_print(address, bare);
    snprintf(text, DRMGMT__NET_ADDRESS_TEXT, address->family == AF_INET6 ? "[%.45s]:%u" : "%.45s:%u", bare,
             address->port);
    return text;
}

/* ---- blocks ---- */

static bool covers(const uint8_t *prefix, unsigned bits, const uint8_t *bytes)
{
    unsigned whole = bits / 8, rest = bits % 8;

    return memcmp(prefix, bytes, whole) == 0 &&
           (!rest || ((prefix[whole] ^ bytes[whole]) & (uint8_t)(0xff00u >> rest)) == 0);
}

bool drmgmt__net_block_has(const drmgmt__net_block *block, const drmgmt__net_address *address)
{
    return block->family == address->family && covers(block->bytes, block->bits, address->bytes);
}

static bool parse_bits(const char *text, unsigned most, uint8_t *bits)
{
    unsigned value = 0;

    for (const char *c = text; *c; c++) {
        if (!isdigit((unsigned char)*c) || c - text >= 3)
            return false;
        value = value * 10 + (unsigned)(*c - '0');
    }
    *bits = (uint8_t)value;
    return *text && (text[0] != '0' || !text[1]) && value <= most;
}

const char *drmgmt__net_block_parse(const char *text, drmgmt__net_block *out)
{
    static const uint8_t mapped[12] = { [10] = 0xff, 0xff };
    const char *slash = strchr(text, '/');
    size_t length = slash ? (size_t)(slash - text) : strlen(text);
    char host[INET6_ADDRSTRLEN];
    drmgmt__net_block block = { AF_INET, 32, { 0 } };

    if (length >= sizeof host)
        return "it is no address block such as 10.0.0.0/8 or fd00::/8";
    memcpy(host, text, length);
    host[length] = '\0';
    if (inet_pton(AF_INET, host, block.bytes) != 1) {
        block.family = AF_INET6;
        block.bits = 128;
        if (inet_pton(AF_INET6, host, block.bytes) != 1)
            return "it is no address block such as 10.0.0.0/8 or fd00::/8";
    }
    if (slash && !parse_bits(slash + 1, block.bits, &block.bits))
        return "the length of the prefix must be a number, up to 32 for IPv4 and 128 for IPv6";
    if (block.family == AF_INET6 && block.bits >= 96 && memcmp(block.bytes, mapped, sizeof mapped) == 0)
        return "an IPv4 block is to be written as IPv4";
    for (unsigned bit = block.bits; bit < (block.family == AF_INET ? 32u : 128u); bit++)
        if (block.bytes[bit / 8] & (0x80u >> (bit % 8)))
            return "it has bits set behind the prefix";
    *out = block;
    return NULL;
}

const char *drmgmt__net_block_print(const drmgmt__net_block *block, char text[DRMGMT__NET_CIDR_TEXT])
{
    char bare[INET6_ADDRSTRLEN];

    if (!inet_ntop(block->family, block->bytes, bare, sizeof bare))
        snprintf(bare, sizeof bare, "?");
    snprintf(text, DRMGMT__NET_CIDR_TEXT, "%s/%u", bare, block->bits);
    return text;
}
