/* Addresses of the network as this house handles them: one type for IPv4 and IPv6, their strict text forms, and blocks
 * (CIDR). Pure; any thread. Used by the rest of net/ and by drivers. Internal. */
#ifndef DRMGMT_NET_ADDRESS_H
#define DRMGMT_NET_ADDRESS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

typedef struct drmgmt__net_address { /* IPv4-mapped IPv6 is IPv4 here, so equal addresses have equal bytes */
    uint16_t family, port;           /* AF_INET or AF_INET6; host byte order */
    uint8_t bytes[16];               /* of IPv4 the first four, the rest 0 */
} drmgmt__net_address;

enum { DRMGMT__NET_ADDRESS_TEXT = INET6_ADDRSTRLEN + 8, DRMGMT__NET_CIDR_TEXT = INET6_ADDRSTRLEN + 4 };

/* An IPv4 literal of four decimal numbers without leading zeros, or an IPv6 literal (RFC 4291, section 2.2), the latter
 * also in brackets; without a zone. False: it is none. The port is 0. */
bool drmgmt__net_address_parse(const char *text, drmgmt__net_address *out);
/* False: of neither family, or shorter than its family says. A scope id is left behind. */
bool drmgmt__net_address_from(const struct sockaddr *from, socklen_t length, drmgmt__net_address *out);
socklen_t drmgmt__net_address_to(const drmgmt__net_address *address, struct sockaddr_storage *out);
bool drmgmt__net_address_equal(const drmgmt__net_address *a, const drmgmt__net_address *b);
/* "192.0.2.7:161", "[2001:db8::1]:161"; returns text. */
const char *drmgmt__net_address_print(const drmgmt__net_address *address, char text[DRMGMT__NET_ADDRESS_TEXT]);
/* The same without the port. */
const char *drmgmt__net_host_print(const drmgmt__net_address *address, char text[DRMGMT__NET_ADDRESS_TEXT]);

typedef struct drmgmt__net_block {
    uint16_t family;
    uint8_t bits;      /* length of the prefix */
    uint8_t bytes[16]; /* behind the prefix all 0 */
} drmgmt__net_block;

/* "10.0.0.0/8", "fd00::/8", or one address. NULL, or what is wrong with it (static text): also bits behind the prefix,
 * and IPv4 written as IPv6. */
const char *drmgmt__net_block_parse(const char *text, drmgmt__net_block *out);
bool drmgmt__net_block_has(const drmgmt__net_block *block, const drmgmt__net_address *address);
const char *drmgmt__net_block_print(const drmgmt__net_block *block, char text[DRMGMT__NET_CIDR_TEXT]);

#endif
