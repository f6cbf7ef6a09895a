/* Redis URLs: redis://[user:password@]host[:port][/db] and unix://[user:password@]/path. Called by redis.c and when a
 * context is made. */
#include "queue/address.h"

#include "core/core.h"
#include "queue/redis.h"
#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* Percent-decodes n bytes into out. False when malformed, too long, or with a NUL inside. */
static bool decode(const char *text, size_t n, char *out, size_t size)
{
    size_t length = 0;

    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c == '%') {
            char hex[3] = { 0 };
            if (i + 2 >= n)
                return false;
            memcpy(hex, text + i + 1, 2);
            if (drmgmt__unhex(hex, &c, 1) || !c)
                return false;
            i += 2;
        }
        if (length + 1 >= size)
            return false;
        out[length++] = (char)c;
    }
    out[length] = '\0';
    return true;
}

/* Digits only, at most max. False otherwise, also for nothing. */
static bool number(const char *text, size_t n, unsigned long max, unsigned *out)
{
    unsigned long value = 0;

    if (n < 1 || n > 6)
        return false;
    for (size_t i = 0; i < n; i++) {
        if (!isdigit((unsigned char)text[i]))
            return false;
        value = value * 10 + (unsigned long)(text[i] - '0');
    }
    *out = (unsigned)value;
    return value <= max;
}

static const char *parse_user(const char *text, size_t n, drmgmt__redis_address *a)
{
    const char *colon = memchr(text, ':', n);

    if (!colon)
        return "the part before @ must be user:password or :password";
    if (!decode(text, (size_t)(colon - text), a->user, sizeof a->user) ||
        !decode(colon + 1, (size_t)(text + n - colon - 1), a->password, sizeof a->password))
        return "the user or the password is too long or wrongly percent-encoded";
    return NULL;
}

static const char *parse_host(const char *text, size_t n, drmgmt__redis_address *a)
{
    const char *host = text, *end = text + n, *host_end, *port = NULL;
    unsigned value = 6379;

    if (n && *text == '[') {
        host++;
        host_end = memchr(host, ']', n - 1);
        if (!host_end)
            return "an IPv6 address must end with ]";
        if (host_end + 1 < end && host_end[1] != ':')
            return "a port must stand after : behind ]";
        if (host_end + 1 < end)
            port = host_end + 2;
    } else {
        const char *colon = memchr(text, ':', n);
        host_end = colon ? colon : end;
        port = colon ? colon + 1 : NULL;
    }
    if (host_end == host || !decode(host, (size_t)(host_end - host), a->host, sizeof a->host))
        return "the host is missing or too long";
    if (port && (!number(port, (size_t)(end - port), 65535, &value) || !value))
        return "the port must be a number from 1 to 65535";
    snprintf(a->port, sizeof a->port, "%hu", (unsigned short)value);
    return NULL;
}

const char *drmgmt__redis_address_parse(const char *url, drmgmt__redis_address *a)
{
    static const char tcp[] = "redis://", local[] = "unix://";
    bool is_local = strncmp(url, local, sizeof local - 1) == 0;

    memset(a, 0, sizeof *a);
    if (!is_local && strncmp(url, tcp, sizeof tcp - 1) != 0)
        return "it must begin with redis:// or unix:// (for TLS put a proxy such as stunnel in front of Redis)";
    const char *text = url + (is_local ? sizeof local - 1 : sizeof tcp - 1);
    const char *slash = strchr(text, '/'), *end = slash ? slash : text + strlen(text);
    const char *at = memrchr(text, '@', (size_t)(end - text));
    if (strpbrk(text, "?#"))
        return "it must have no ? or # (percent-encode them)";
    if (at) {
        const char *problem = parse_user(text, (size_t)(at - text), a);
        if (problem)
            return problem;
        text = at + 1;
    }
    if (is_local) {
        if (text != end || !slash || !slash[1])
            return "a Unix socket must be given as unix:///path";
        return decode(slash, strlen(slash), a->path, sizeof a->path) ? NULL : "the path of the socket is too long";
    }
    const char *problem = parse_host(text, (size_t)(end - text), a);
    if (!problem && slash && slash[1] && !number(slash + 1, strlen(slash + 1), 65535, &a->db))
        problem = "the database after / must be a number";
    return problem;
}

int drmgmt__redis_check_url(const char *url, drmgmt_error **error)
{
    drmgmt__redis_address a;
    const char *problem = drmgmt__redis_address_parse(url, &a);

    drmgmt__wipe(&a, sizeof a);
    if (!problem)
        return 0;
    return drmgmt__fail_full(error, DRMGMT_ERR_INVALID, false, NULL, "redis_url", "the Redis URL is not usable: %s",
                             problem);
}
