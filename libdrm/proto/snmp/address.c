/* Addresses of agents. Called by request.c, socket.c and resolve.c. */
#include "proto/snmp/snmp.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

static drmgmt__snmp_address of_v4(const void *bytes, uint16_t port)
{
    drmgmt__snmp_address address = { AF_INET, port, { 0 } };

    memcpy(address.bytes, bytes, 4);
    return address;
}

static drmgmt__snmp_address of_v6(const struct in6_addr *v6, uint16_t port)
{
    drmgmt__snmp_address address = { AF_INET6, port, { 0 } };

    if (IN6_IS_ADDR_V4MAPPED(v6))
        return of_v4(v6->s6_addr + 12, port);
    memcpy(address.bytes, v6->s6_addr, 16);
    return address;
}

bool drmgmt__snmp_address_literal(const char *text, drmgmt__snmp_address *out)
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

bool drmgmt__snmp_address_from(const struct sockaddr_storage *from, drmgmt__snmp_address *out)
{
    if (from->ss_family == AF_INET) {
        const struct sockaddr_in *v4 = (const void *)from;
        *out = of_v4(&v4->sin_addr, ntohs(v4->sin_port));
        return true;
    }
    if (from->ss_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const void *)from;
        *out = of_v6(&v6->sin6_addr, ntohs(v6->sin6_port));
        return true;
    }
    return false;
}

socklen_t drmgmt__snmp_address_to(const drmgmt__snmp_address *address, struct sockaddr_storage *out)
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

bool drmgmt__snmp_address_equal(const drmgmt__snmp_address *a, const drmgmt__snmp_address *b)
{
    return a->family == b->family && a->port == b->port && memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

const char *drmgmt__snmp_address_print(const drmgmt__snmp_address *address, char text[DRMGMT__SNMP_ADDRESS_TEXT])
{
    char bare[INET6_ADDRSTRLEN];

    inet_ntop(address->family, address->bytes, bare, sizeof bare);
    snprintf(text, DRMGMT__SNMP_ADDRESS_TEXT, address->family == AF_INET6 ? "[%s]:%u" : "%s:%u", bare, address->port);
    return text;
}

const char *drmgmt__snmp_address_refuse(const drmgmt__snmp_address *address)
{
    const uint8_t *b = address->bytes;

    if (address->family == AF_INET) {
        if (b[0] == 0)
            return "it is no host's address";
        if (b[0] == 169 && b[1] == 254)
            return "it is link-local";
        return b[0] >= 224 ? "it is a multicast, broadcast or reserved address" : NULL;
    }
    struct in6_addr v6;
    memcpy(&v6, b, sizeof v6);
    if (IN6_IS_ADDR_UNSPECIFIED(&v6))
        return "it is no host's address";
    if (IN6_IS_ADDR_LINKLOCAL(&v6))
        return "it is link-local";
    return IN6_IS_ADDR_MULTICAST(&v6) ? "it is a multicast address" : NULL;
}
