/* What is special about addresses: one table, after the IANA special-purpose registries (RFC 6890) and the metadata
 * services of clouds. And what IPv4 address an IPv6 one stands for. Pure. Called by policy.c. */
#include "net/policy.h"

#include <pthread.h>
#include <string.h>

/* The first row whose block has the address counts, so narrow blocks stand before the wide ones that hold them.
 * never: there is no device behind it that a tenant could mean. The others may be a tenant's own network: a rule can
 * allow them. Documentation and benchmarking blocks are among these, since on the Internet there is nothing there. */
static const drmgmt__net_special specials[] = {
    { "0.0.0.0/8", "no host's address", true },                                /* RFC 1122, 3.2.1.3 */
    { "10.0.0.0/8", "a private address", false },                              /* RFC 1918 */
    { "100.100.100.200/32", "a cloud's metadata service", true },              /* Alibaba */
    { "100.64.0.0/10", "a carrier's shared address", false },                  /* RFC 6598 */
    { "127.0.0.0/8", "a loopback address", false },                            /* RFC 1122, 3.2.1.3 */
    { "168.63.129.16/32", "a cloud's metadata service", true },                /* Azure */
    { "169.254.0.0/16", "a link-local address or a metadata service", true },  /* RFC 3927 */
    { "172.16.0.0/12", "a private address", false },                           /* RFC 1918 */
    { "192.0.0.0/24", "reserved for protocols or a metadata service", true },  /* RFC 6890; Oracle: .192 */
    { "192.0.2.0/24", "a documentation address", false },                      /* RFC 5737 */
    { "192.88.99.0/24", "a 6to4 relay's address, which is out of use", true }, /* RFC 7526 */
    { "192.168.0.0/16", "a private address", false },                          /* RFC 1918 */
    { "198.18.0.0/15", "a benchmarking address", false },                      /* RFC 2544 */
    { "198.51.100.0/24", "a documentation address", false },                   /* RFC 5737 */
    { "203.0.113.0/24", "a documentation address", false },                    /* RFC 5737 */
    { "224.0.0.0/4", "a multicast address", true },                            /* RFC 5771 */
    { "255.255.255.255/32", "the broadcast address", true },                   /* RFC 8190 */
    { "240.0.0.0/4", "a reserved address", true },                             /* RFC 1112, 4 */
    { "::/128", "no host's address", true },                                   /* RFC 4291, 2.5.2 */
    { "::1/128", "a loopback address", false },                                /* RFC 4291, 2.5.3 */
    { "64:ff9b:1::/48", "a local translation (NAT64) address", false },        /* RFC 8215 */
    { "fd00:ec2::/32", "a cloud's metadata service", true },                   /* Amazon */
    { "fd00:42::42/128", "a cloud's metadata service", true },                 /* Scaleway */
    { "fd20:ce::254/128", "a cloud's metadata service", true },                /* Google */
    { "fc00::/7", "a private (unique local) address", false },                 /* RFC 4193 */
    { "fe80::/10", "a link-local address", true },                             /* RFC 4291, 2.5.6 */
    { "fec0::/10", "a site-local address, which is out of use", true },        /* RFC 3879 */
    { "ff00::/8", "a multicast address", true },                               /* RFC 4291, 2.7 */
    { "2001:2::/48", "a benchmarking address", false },                        /* RFC 5180 */
    { "2001:db8::/32", "a documentation address", false },                     /* RFC 3849 */
    { "2001:10::/28", "an identifier (ORCHID), no address", true },            /* RFC 4843 */
    { "2001:20::/28", "an identifier (ORCHID), no address", true },            /* RFC 7343 */
    { "3fff::/20", "a documentation address", false },                         /* RFC 9637 */
};
static const char global_unicast[] = "2000::/3"; /* RFC 4291, 2.4, as IANA assigns it */
static const drmgmt__net_special elsewhere = { "::/0", "no global unicast address", true };

enum { SPECIALS = sizeof specials / sizeof specials[0] };
static drmgmt__net_block blocks[SPECIALS], unicast;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void parse_blocks(void)
{
    /* A row that could not be parsed would have to be a typing error: a unit test goes through all. */
    for (size_t i = 0; i < SPECIALS; i++)
        (void)drmgmt__net_block_parse(specials[i].block, &blocks[i]);
    (void)drmgmt__net_block_parse(global_unicast, &unicast);
}

const drmgmt__net_special *drmgmt__net_special_of(const drmgmt__net_address *address)
{
    pthread_once(&once, parse_blocks);
    for (size_t i = 0; i < SPECIALS; i++)
        if (drmgmt__net_block_has(&blocks[i], address))
            return &specials[i];
    return address->family == AF_INET || drmgmt__net_block_has(&unicast, address) ? NULL : &elsewhere;
}

const char *drmgmt__net_block_never(const drmgmt__net_block *block)
{
    drmgmt__net_address first = { .family = block->family };

    memcpy(first.bytes, block->bytes, sizeof first.bytes);
    pthread_once(&once, parse_blocks);
    for (size_t i = 0; i < SPECIALS; i++)
        if (specials[i].never && blocks[i].bits <= block->bits && drmgmt__net_block_has(&blocks[i], &first))
            return "no rule can allow these addresses: they are link-local, multicast, reserved or a metadata service";
    return NULL;
}

/* ---- IPv4 inside IPv6 ---- */

static bool starts(const drmgmt__net_address *a, const void *prefix, size_t n)
{
    return memcmp(a->bytes, prefix, n) == 0;
}

/* The IPv4 address whose four bytes stand at these places; inverted with mask 0xff. */
static drmgmt__net_address inner(const drmgmt__net_address *a, const uint8_t at[4], uint8_t mask)
{
    drmgmt__net_address v4 = { AF_INET, a->port, { 0 } };

    for (size_t i = 0; i < 4; i++)
        v4.bytes[i] = a->bytes[at[i]] ^ mask;
    return v4;
}

static const uint8_t last[4] = { 12, 13, 14, 15 };

/* Where a translator looks in this prefix is its operator's choice (RFC 6052, section 2.2), which is not known here:
 * each place counts, but for one that is zero because the address is in another place. */
static size_t local_translation(const drmgmt__net_address *a, drmgmt__net_address faces[DRMGMT__NET_FACES])
{
    static const uint8_t places[4][4] = { { 6, 7, 9, 10 }, { 7, 9, 10, 11 }, { 9, 10, 11, 12 }, { 12, 13, 14, 15 } };
    size_t n = 0;

    faces[n++] = *a;
    for (size_t i = 0; i < 4; i++) {
        faces[n] = inner(a, places[i], 0);
        n += faces[n].bytes[0] != 0;
    }
    return n;
}

static bool is_isatap(const drmgmt__net_address *a) /* RFC 5214, section 6.1 */
{
    return (a->bytes[8] & 0xfd) == 0 && a->bytes[9] == 0 && a->bytes[10] == 0x5e && a->bytes[11] == 0xfe;
}

size_t drmgmt__net_faces(const drmgmt__net_address *a, drmgmt__net_address faces[DRMGMT__NET_FACES])
{
    static const uint8_t zero[16] = { 0 }, mapped[12] = { [10] = 0xff, 0xff }, siit[12] = { [8] = 0xff, 0xff },
                         nat64[12] = { 0, 0x64, 0xff, 0x9b }, nat64_local[6] = { 0, 0x64, 0xff, 0x9b, 0, 1 },
                         six_to_four[2] = { 0x20, 0x02 }, teredo[4] = { 0x20, 0x01 };
    static const uint8_t in_6to4[4] = { 2, 3, 4, 5 }, teredo_server[4] = { 4, 5, 6, 7 };

    faces[0] = *a;
    if (a->family != AF_INET6)
        return 1;
    if (starts(a, nat64_local, sizeof nat64_local))
        return local_translation(a, faces);
    if (starts(a, teredo, sizeof teredo)) { /* RFC 4380, section 4: server, and the client's address inverted */
        faces[0] = inner(a, teredo_server, 0);
        faces[1] = inner(a, last, 0xff);
        return 2;
    }
    bool compatible = starts(a, zero, 12) && (memcmp(a->bytes + 12, zero, 3) != 0 || a->bytes[15] > 1);
    if (compatible || starts(a, mapped, 12) || starts(a, siit, 12) || starts(a, nat64, 12)) {
        faces[0] = inner(a, last, 0); /* RFC 4291, section 2.5.5; RFC 2765; RFC 6052 */
    } else if (starts(a, six_to_four, sizeof six_to_four)) {
        faces[0] = inner(a, in_6to4, 0); /* RFC 3056 */
    } else if (is_isatap(a)) {
        faces[1] = inner(a, last, 0);
        return 2;
    }
    return 1;
}
