/* The HTTP client against a server of this test: it reaches what the policy allows and nothing else, whatever a URL, a
 * name server or a redirect says. Name look-up and connecting are replaced here, so that a name can change its address
 * and nothing leaves this machine. */
#include "net/http.h"
#include "net/outbound.h"
#include "net_support.h"
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

/* ---- the network, replaced ---- */

static const char *answers[4]; /* of "moving.test", in order; the last one stays. "+" between addresses of one answer */
static atomic_uint lookups, abroad;

#define SEEN_BY_LIBCURL __attribute__((visibility("default")))

SEEN_BY_LIBCURL int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                                struct addrinfo **list)
{
    static int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
    char text[128], *at = text, *one;
    struct addrinfo **end = list;

    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
    if (!node || strcmp(node, "moving.test") != 0)
        return real(node, service, hints, list);
    unsigned i = atomic_fetch_add(&lookups, 1);
    while (i > 0 && !answers[i])
        i--;
    snprintf(text, sizeof text, "%s", answers[i]);
    *list = NULL;
    while ((one = strsep(&at, "+"))) {
        int rc = real(one, service, hints, end);
        if (rc)
            return rc;
        while (*end)
            end = &(*end)->ai_next;
    }
    return 0;
}

/* The public Internet refuses. */
SEEN_BY_LIBCURL int connect(int fd, const struct sockaddr *to, socklen_t length)
{
    const struct sockaddr_in *v4 = (const void *)to;

    if (to->sa_family == AF_INET && (ntohl(v4->sin_addr.s_addr) >> 24) != 127) {
        atomic_fetch_add(&abroad, 1);
        errno = ECONNREFUSED;
        return -1;
    }
    return (int)syscall(SYS_connect, fd, to, length);
}

/* ---- the server ---- */

struct server {
    pthread_t thread;
    int fd;
    unsigned port;
    atomic_uint connections;
    char seen[4096]; /* the last request */
    char elsewhere[64];
};

static void put(int fd, const char *text)
{
    (void)!send(fd, text, strlen(text), MSG_NOSIGNAL);
}

static void put_many(int fd, const char *text, unsigned times)
{
    while (times-- > 0)
        put(fd, text);
}

static void answer(struct server *s, int fd)
{
    char head[256];
    size_t n = 0;
    ssize_t got;

    memset(s->seen, 0, sizeof s->seen);
    while (n < sizeof s->seen - 1 && (got = recv(fd, s->seen + n, sizeof s->seen - 1 - n, 0)) > 0) {
        n += (size_t)got;
        if (s->seen[0] == 0x16) /* TLS */
            break;
        if (strstr(s->seen, "\r\n\r\n") && (strncmp(s->seen, "POST", 4) != 0 || strstr(s->seen, "end=1")))
            break;
    }
    if (strstr(s->seen, " /good")) {
        put(fd, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nCache-Control: max-age=60\r\n"
                "Content-Length: 2\r\n\r\n{}");
    } else if (strstr(s->seen, " /missing")) {
        put(fd, "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\ngone");
    } else if (strstr(s->seen, " /redirect")) {
        snprintf(head, sizeof head, "HTTP/1.1 302 Found\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n", s->elsewhere);
        put(fd, head);
    } else if (strstr(s->seen, " /long")) {
        put(fd, "HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n");
        put_many(fd, "0123456789", 500);
    } else if (strstr(s->seen, " /endless")) {
        put(fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        put_many(fd, "a\r\n0123456789\r\n", 1000);
    } else if (strstr(s->seen, " /headers")) {
        put(fd, "HTTP/1.1 200 OK\r\n");
        put_many(fd, "X-More: 0123456789012345678901234567890123456789\r\n", 4000);
    } else if (strstr(s->seen, " /garbage")) {
        put(fd, "220 mail ESMTP\r\n");
    } else if (strstr(s->seen, " /silent")) {
        recv(fd, head, 1, 0); /* until the client has had enough */
    }
    close(fd);
}

static void *serve(void *user)
{
    struct server *s = user;
    int fd;

    while ((fd = accept(s->fd, NULL, NULL)) >= 0) {
        atomic_fetch_add(&s->connections, 1);
        answer(s, fd);
    }
    return NULL;
}

static void start(struct server *s)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof at;

    memset(s, 0, sizeof *s);
    s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert(bind(s->fd, (struct sockaddr *)&at, size) == 0 && listen(s->fd, 64) == 0);
    cr_assert_eq(getsockname(s->fd, (struct sockaddr *)&at, &size), 0);
    s->port = ntohs(at.sin_port);
    cr_assert_eq(pthread_create(&s->thread, NULL, serve, s), 0);
}

static void stop(struct server *s)
{
    shutdown(s->fd, SHUT_RDWR);
    pthread_join(s->thread, NULL);
    close(s->fd);
}

/* ---- asking ---- */

static drmgmt_error *error;

static int ask(const drmgmt__http_request *request, drmgmt__http_response *response)
{
    drmgmt_error_free(error);
    error = NULL;
    return drmgmt__http_request_send(request, response, &error);
}

static const char *url_of(const char *host, unsigned port, const char *path)
{
    static char url[256];

    snprintf(url, sizeof url, "http://%s:%u%s", host, port, path);
    return url;
}

static int get(drmgmt__net_policy *policy, const char *host, unsigned port, const char *path)
{
    drmgmt__http_request request = {
        .url = url_of(host, port, path), .policy = policy, .timeout_ms = 5000, .max_bytes = 1000
    };
    drmgmt__http_response response = { 0 };
    int rc = ask(&request, &response);

    drmgmt__http_response_clear(&response);
    return rc;
}

static void assert_refused(int rc)
{
    cr_assert_eq(rc, DRMGMT_ERR_FORBIDDEN, "%s", error ? drmgmt_error_message(error) : "it was answered");
    cr_assert_str_eq(drmgmt_error_detail(error), "outbound-refused");
    cr_assert(!drmgmt_error_retryable(error));
}

Test(http, get_and_post)
{
    struct server s;
    drmgmt__net_policy *policy = policy_of(NULL, RULES("127.0.0.1/tcp"));
    drmgmt__http_response response = { 0 };

    start(&s);
    drmgmt__http_request request = { .url = url_of("127.0.0.1", s.port, "/good?x=1"),
                                     .policy = policy,
                                     .headers = (const char *const[]){ "Accept: application/json", NULL } };
    cr_assert_eq(ask(&request, &response), 0, "%s", drmgmt_error_message(error));
    cr_assert_eq(response.status, 200);
    cr_assert_str_eq(response.body, "{}");
    cr_assert_eq(response.length, 2);
    cr_assert_str_eq(response.content_type, "application/json");
    cr_assert_str_eq(response.cache_control, "max-age=60");
    cr_assert(strstr(s.seen, "GET /good?x=1 HTTP/1.1\r\n") == s.seen);
    cr_assert(strstr(s.seen, "Accept: application/json\r\n"));
    drmgmt__http_response_clear(&response);

    request.url = url_of("127.0.0.1", s.port, "/missing");
    request.body = "a=b&end=1";
    request.body_size = strlen(request.body);
    cr_assert_eq(ask(&request, &response), 0);
    cr_assert_eq(response.status, 404);
    cr_assert_str_eq(response.body, "gone");
    cr_assert_null(response.content_type);
    cr_assert(strstr(s.seen, "POST /missing HTTP/1.1\r\n") == s.seen);
    cr_assert(strstr(s.seen, "Content-Type: application/x-www-form-urlencoded\r\n"));
    cr_assert(strstr(s.seen, "\r\n\r\na=b&end=1"));
    drmgmt__http_response_clear(&response);
    drmgmt__http_response_clear(&response);
    stop(&s);
    drmgmt__net_policy_unref(policy);
}

/* Spellings of this machine that some resolver, or libcurl's own URL parser, takes for 127.0.0.1. */
Test(http, loopback_is_refused_in_every_spelling)
{
    static const char *const hosts[] = {
        "127.0.0.1",
        "127.0.0.2",
        "localhost",
        "2130706433",
        "0177.0.0.1",
        "0x7f.0.0.1",
        "0x7f000001",
        "017700000001",
        "127.1",
        "127.0.1",
        "127.0.0.1.",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[0:0:0:0:0:ffff:7f00:1]",
        "[::127.0.0.1]",
        "[64:ff9b::127.0.0.1]",
        "[64:ff9b:1::7f00:1]",
        "[2002:7f00:1::]",
        "[::]",
        "0.0.0.0",
        "0",
        "%31%32%37.0.0.1",
        "\xef\xbc\x91\xef\xbc\x92\xef\xbc\x97.0.0.1",
        "169.254.169.254",
        "[fe80::1]",
        "[fd00:ec2::254]",
        "255.255.255.255",
        "224.0.0.1",
        "10.0.0.1",
        "192.168.0.1",
        "100.64.0.1",
    };
    struct server s;

    start(&s);
    for (size_t i = 0; i < DRMGMT__COUNT(hosts); i++) {
        int rc = get(NULL, hosts[i], s.port, "/good");
        /* No host name to some libcurl or resolver, or resolved and refused: never an answer, never a connection. */
        cr_assert(rc == DRMGMT_ERR_FORBIDDEN || rc == DRMGMT_ERR_INVALID || rc == DRMGMT_ERR_UNAVAILABLE, "%s: %d",
                  hosts[i], rc);
        if (rc == DRMGMT_ERR_FORBIDDEN)
            assert_refused(rc);
    }
    assert_refused(get(NULL, "127.0.0.1", s.port, "/good"));
    assert_refused(get(NULL, "2130706433", s.port, "/good"));
    assert_refused(get(NULL, "0177.0.0.1", s.port, "/good"));
    assert_refused(get(NULL, "[::ffff:127.0.0.1]", s.port, "/good"));
    assert_refused(get(NULL, "[64:ff9b::127.0.0.1]", s.port, "/good"));
    cr_assert_eq(atomic_load(&s.connections), 0);
    cr_assert_eq(atomic_load(&abroad), 0);
    stop(&s);
}

Test(http, a_rule_opens_what_it_names)
{
    struct server s, other;
    char rule[64];

    start(&s);
    start(&other);
    snprintf(rule, sizeof rule, "127.0.0.1:%u/tcp", s.port);
    drmgmt__net_policy *policy = policy_of(NULL, RULES(rule));
    cr_assert_eq(get(policy, "127.0.0.1", s.port, "/good"), 0);
    cr_assert_eq(get(policy, "2130706433", s.port, "/good"), 0); /* the address counts, not its spelling */
    assert_refused(get(policy, "127.0.0.1", other.port, "/good"));
    cr_assert_eq(atomic_load(&s.connections), 2);
    cr_assert_eq(atomic_load(&other.connections), 0);
    drmgmt__net_policy_unref(policy);
    snprintf(rule, sizeof rule, "127.0.0.1:%u/udp", s.port);
    policy = policy_of(NULL, RULES(rule));
    assert_refused(get(policy, "127.0.0.1", s.port, "/good"));
    drmgmt__net_policy_unref(policy);
    stop(&s);
    stop(&other);
}

Test(http, own_servers_stay_closed)
{
    struct server s;
    drmgmt__net_host *host = drmgmt__net_host_new();

    start(&s);
    drmgmt__net_address own = address_of("127.0.0.1", (uint16_t)s.port);
    drmgmt__net_policy *policy = policy_of(host, RULES("0.0.0.0/0", "::/0"));
    cr_assert_eq(get(policy, "127.0.0.1", s.port, "/good"), 0);
    cr_assert_eq(drmgmt__net_host_own(host, &own), 0);
    assert_refused(get(policy, "127.0.0.1", s.port, "/good"));
    assert_refused(get(policy, "localhost", s.port, "/good"));
    cr_assert_eq(atomic_load(&s.connections), 1);
    drmgmt__net_policy_unref(policy);
    drmgmt__net_host_free(host);
    stop(&s);
}

/* A name that was public when it was looked at, and is loopback when it is connected to. */
Test(http, a_name_is_judged_at_each_connect)
{
    struct server s;

    start(&s);
    answers[0] = "93.184.215.14";
    answers[1] = "127.0.0.1";
    cr_assert_eq(get(NULL, "moving.test", s.port, "/good"), DRMGMT_ERR_UNAVAILABLE); /* allowed: the Internet refused */
    cr_assert_eq(atomic_load(&abroad), 1);
    assert_refused(get(NULL, "moving.test", s.port, "/good"));
    /* Both in one answer: libcurl tries one after the other. */
    answers[2] = "93.184.215.14+127.0.0.1";
    assert_refused(get(NULL, "moving.test", s.port, "/good"));
    cr_assert_eq(atomic_load(&abroad), 2);
    cr_assert_eq(atomic_load(&s.connections), 0);
    stop(&s);
}

Test(http, redirects_are_not_followed)
{
    struct server s, target;
    drmgmt__net_policy *policy = policy_of(NULL, RULES("127.0.0.1"));

    start(&s);
    start(&target);
    snprintf(s.elsewhere, sizeof s.elsewhere, "http://127.0.0.1:%u/good", target.port);
    cr_assert_eq(get(policy, "127.0.0.1", s.port, "/redirect"), DRMGMT_ERR_PROTOCOL);
    cr_assert(strstr(drmgmt_error_message(error), "redirect"), "%s", drmgmt_error_message(error));
    cr_assert_eq(atomic_load(&target.connections), 0);
    stop(&s);
    stop(&target);
    drmgmt__net_policy_unref(policy);
}

Test(http, a_proxy_of_the_environment_is_not_used)
{
    struct server s, proxy;
    char url[64];
    drmgmt__net_policy *policy = policy_of(NULL, RULES("127.0.0.1"));

    start(&s);
    start(&proxy);
    snprintf(url, sizeof url, "http://127.0.0.1:%u", proxy.port);
    setenv("http_proxy", url, 1);
    setenv("all_proxy", url, 1);
    cr_assert_eq(get(policy, "127.0.0.1", s.port, "/good"), 0);
    cr_assert_eq(atomic_load(&proxy.connections), 0);
    unsetenv("http_proxy");
    unsetenv("all_proxy");
    stop(&s);
    stop(&proxy);
    drmgmt__net_policy_unref(policy);
}

Test(http, bad_urls)
{
    static const char *const urls[] = {
        "",
        "127.0.0.1",
        "http://",
        "ftp://example.net/",
        "file:///etc/passwd",
        "gopher://example.net/",
        "dict://x:1/d",
        "http://user:password@example.net/",
        "http://user@example.net/",
        "http://[fe80::1%25lo]/",
        "http://[::1%lo]/",
        "http://example.net:99999/",
        "http://exa mple.net/",
        "http://[::1/",
        "javascript:alert(1)",
        "scp://h/x",
    };
    drmgmt__http_response response = { 0 };

    for (size_t i = 0; i < DRMGMT__COUNT(urls); i++) {
        drmgmt__http_request request = { .url = urls[i] };
        cr_assert_eq(ask(&request, &response), DRMGMT_ERR_INVALID, "%s", urls[i]);
        cr_assert_str_eq(drmgmt_error_field(error), "url");
        cr_assert_null(strstr(drmgmt_error_message(error), "password"), "%s", drmgmt_error_message(error));
    }
    drmgmt__http_request request = { .url = "http://example.net/", .https_only = true };
    cr_assert_eq(ask(&request, &response), DRMGMT_ERR_INVALID);
    cr_assert_eq(atomic_load(&abroad), 0);
}

Test(http, what_goes_wrong_has_its_own_status)
{
    static const struct {
        const char *path;
        int status;
    } rows[] = {
        { "/long", DRMGMT_ERR_TOO_LARGE },   { "/endless", DRMGMT_ERR_TOO_LARGE }, { "/headers", DRMGMT_ERR_TOO_LARGE },
        { "/garbage", DRMGMT_ERR_PROTOCOL }, { "/nothing", DRMGMT_ERR_PROTOCOL },
    };
    struct server s;
    drmgmt__net_policy *policy = policy_of(NULL, RULES("127.0.0.1"));
    drmgmt__http_response response = { 0 };

    start(&s);
    for (size_t i = 0; i < DRMGMT__COUNT(rows); i++)
        cr_assert_eq(get(policy, "127.0.0.1", s.port, rows[i].path), rows[i].status, "%s: %s", rows[i].path,
                     drmgmt_error_message(error));
    drmgmt__http_request request = { .url = url_of("127.0.0.1", s.port, "/silent"),
                                     .policy = policy,
                                     .timeout_ms = 200 };
    cr_assert_eq(ask(&request, &response), DRMGMT_ERR_TIMEOUT);
    cr_assert(drmgmt_error_retryable(error));
    char https[64];
    snprintf(https, sizeof https, "https://127.0.0.1:%u/good", s.port);
    request = (drmgmt__http_request){ .url = https, .policy = policy, .timeout_ms = 5000 };
    cr_assert_eq(ask(&request, &response), DRMGMT_ERR_PROTOCOL); /* no TLS there */
    stop(&s);
    cr_assert_eq(get(policy, "127.0.0.1", s.port, "/good"), DRMGMT_ERR_UNAVAILABLE);
    drmgmt__net_policy_unref(policy);
}
