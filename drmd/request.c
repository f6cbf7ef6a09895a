/* The checks that CivetWeb 1.15 does not make before a request may be believed: framing, header count and form,
 * target, and the headers that the rest of drmd reads. Called by dispatch.c for each request. */
#include "drmd.h"
#include <string.h>
#include <strings.h>

static const struct {
    const char *name;
    unsigned char length;
    bool once; /* a second one is refused: what would it mean? */
} known_headers[DRMD_HEADERS] = {
#define H(text, once)                                                                                                  \
    {                                                                                                                  \
        text, sizeof(text) - 1, once                                                                                   \
    }
    [DRMD_H_AUTHORIZATION] = H("Authorization", true),
    [DRMD_H_API_KEY] = H("X-API-Key", true),
    [DRMD_H_HOST] = H("Host", true),
    [DRMD_H_CONNECTION] = H("Connection", false),
    [DRMD_H_CONTENT_LENGTH] = H("Content-Length", true),
    [DRMD_H_CONTENT_TYPE] = H("Content-Type", true),
    [DRMD_H_TRANSFER_ENCODING] = H("Transfer-Encoding", true),
    [DRMD_H_EXPECT] = H("Expect", true),
    [DRMD_H_IF_MATCH] = H("If-Match", true),
    [DRMD_H_IF_NONE_MATCH] = H("If-None-Match", true),
    [DRMD_H_IDEMPOTENCY_KEY] = H("Idempotency-Key", true),
    [DRMD_H_LAST_EVENT_ID] = H("Last-Event-ID", true),
    [DRMD_H_ACCEPT] = H("Accept", false),
    [DRMD_H_ORIGIN] = H("Origin", true),
    [DRMD_H_REQUEST_METHOD] = H("Access-Control-Request-Method", true),
    [DRMD_H_REQUEST_ID] = H("X-Request-Id", true),
    [DRMD_H_TRACEPARENT] = H("traceparent", true),
    [DRMD_H_COOKIE] = H("Cookie", false), /* a browser's, of other programs on this host too: no reason to refuse */
#undef H
};

static const char *const methods[DRMD_METHODS] = { "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS" };

const char *drmd_method_name(drmd_method method)
{
    return method < DRMD_METHODS ? methods[method] : "OTHER";
}

static bool refuse(drmd_refusal *refusal, int status, bool close, const char *detail)
{
    *refusal = (drmd_refusal){ status, close, detail };
    return false;
}

/* RFC 9110, section 5.6.2. */
static bool is_token(const char *text)
{
    static const char allowed[] = "!#$%&'*+-.^_`|~";
    if (!*text)
        return false;
    for (; *text; text++) {
        char c = *text;
        if (!((c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || strchr(allowed, c)))
            return false;
    }
    return true;
}

/* CivetWeb's header parser ends silently at a line it cannot read (obs-fold, a name that begins with a byte above 126)
 * and at the 64th header, takes a bare LF for a line's end, and blanks before the colon. What it cut off could be
 * Transfer-Encoding. It cuts the text in place, so that the gaps between its strings tell what stood there: 2 bytes for
 * CRLF, and after the last line CR and the NUL it puts on the final LF. */
static bool check_lines(const struct mg_request_info *info, drmd_refusal *refusal)
{
    const char *bad = "The header section is malformed.";
    const char *end = info->http_version + strlen(info->http_version);
    size_t bytes = (size_t)(end - info->request_method);
    for (int i = 0; i < info->num_headers; i++) {
        const struct mg_header *h = &info->http_headers[i];
        if (h->name - end != 2 || !is_token(h->name))
            return refuse(refusal, 400, true, bad);
        const char *after = h->name + strlen(h->name) + 1;
        if (after != h->value && !*after)
            return refuse(refusal, 400, true, "White space before the colon of a header is not allowed.");
        end = h->value + strlen(h->value);
        bytes = (size_t)(end - info->request_method);
        if (bytes > DRMD_HEADER_BYTES_MAX)
            return refuse(refusal, 431, true, "The header section is longer than 16384 bytes.");
    }
    if (info->num_headers > DRMD_HEADERS_MAX)
        return refuse(refusal, 431, true, "The request has more than 60 headers.");
    if (bytes > DRMD_HEADER_BYTES_MAX)
        return refuse(refusal, 414, true, "The request line is too long.");
    /* Without headers CivetWeb has blanked the empty line as well. */
    char first = info->num_headers ? '\r' : '\0';
    if (end[1] || end[2] != first || end[3])
        return refuse(refusal, 400, true, bad);
    return true;
}

static bool collect(drmd_request *r, drmd_refusal *refusal)
{
    for (int i = 0; i < r->info->num_headers; i++) {
        const struct mg_header *h = &r->info->http_headers[i];
        size_t length = strlen(h->name);
        for (size_t k = 0; k < DRMD_HEADERS; k++) {
            if (known_headers[k].length != length || strcasecmp(known_headers[k].name, h->name) != 0)
                continue;
            if (!r->headers[k])
                r->headers[k] = h->value;
            else if (known_headers[k].once)
                return refuse(refusal, 400, true, "A header that may stand only once was sent twice.");
            break;
        }
    }
    return true;
}

static void trim_end(const char *text, size_t *length)
{
    while (*length && (text[*length - 1] == ' ' || text[*length - 1] == '\t'))
        --*length;
}

/* RFC 9112, section 6: one way only to tell where the body ends. */
static bool check_framing(drmd_request *r, drmd_refusal *refusal)
{
    const char *transfer = r->headers[DRMD_H_TRANSFER_ENCODING], *length = r->headers[DRMD_H_CONTENT_LENGTH];
    r->content_length = -1;
    if (transfer && length)
        return refuse(refusal, 400, true, "Content-Length and Transfer-Encoding must not be sent together.");
    if (transfer) {
        if (strcasecmp(transfer, "chunked") != 0)
            return refuse(refusal, 501, true, "Only the transfer coding \"chunked\" is understood.");
        if (strcmp(r->info->http_version, "1.1") != 0)
            return refuse(refusal, 400, true, "Transfer-Encoding needs HTTP/1.1.");
        r->chunked = true;
    }
    if (length) {
        size_t n = strlen(length);
        trim_end(length, &n);
        if (n == 0 || strspn(length, "0123456789") != n)
            return refuse(refusal, 400, true, "Content-Length must be one decimal number.");
        while (n > 1 && *length == '0')
            length++, n--;
        r->content_length = 0;
        if (n > 12)
            return refuse(refusal, 413, true, "The body is larger than 8 MiB.");
        for (size_t i = 0; i < n; i++)
            r->content_length = r->content_length * 10 + (length[i] - '0');
        if (r->content_length > DRMD_BODY_LONGEST)
            return refuse(refusal, 413, true, "The body is larger than 8 MiB.");
    }
    r->body_read = !r->chunked && r->content_length <= 0;
    return true;
}

static bool check_host(const drmd_request *r, drmd_refusal *refusal)
{
    const char *host = r->headers[DRMD_H_HOST];
    if (!host)
        return strcmp(r->info->http_version, "1.0") == 0 || refuse(refusal, 400, true, "HTTP/1.1 needs a Host header.");
    if (strlen(host) > 255 ||
        host[strspn(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:[]")] != '\0')
        return refuse(refusal, 400, true, "The Host header is malformed.");
    return true;
}

/* The path must be decodable, without dot segments and without an encoded NUL; RFC 3986, section 3.3. */
static bool check_target(drmd_request *r, drmd_refusal *refusal)
{
    r->path = r->info->local_uri_raw;
    r->query = r->info->query_string;
    size_t length = strlen(r->path);
    if (length + (r->query ? strlen(r->query) + 1 : 0) > DRMD_URI_MAX)
        return refuse(refusal, 414, false, "The path and query are longer than 4096 bytes.");
    if (r->path[0] != '/' || r->path[strcspn(r->path, "\\\"<>^`{|}#")] != '\0')
        return refuse(refusal, 400, false, "The path holds a character that must be percent-encoded.");
    for (const char *p = r->path; *p;) {
        size_t n = strcspn(++p, "/");
        char segment[DRMD_URI_MAX + 1];
        if (!drmd_uri_decode(p, n, false, segment, sizeof segment))
            return refuse(refusal, 400, false,
                          "The path holds a malformed percent-escape, a control character or no UTF-8.");
        if (strcmp(segment, ".") == 0 || strcmp(segment, "..") == 0)
            return refuse(refusal, 400, false, "Dot segments are not allowed in the path.");
        p += n;
    }
    return true;
}

/* As CivetWeb's should_keep_alive() decides, which our Connection header has to agree with. */
static bool wants_keep_alive(const drmd_request *r)
{
    const char *connection = r->headers[DRMD_H_CONNECTION];
    if (!connection)
        return strcmp(r->info->http_version, "1.1") == 0;
    for (const char *p = connection; *p;) {
        p += strspn(p, " \t,");
        size_t n = strcspn(p, ",");
        size_t word = n;
        trim_end(p, &word);
        if (word == 10 && strncasecmp(p, "keep-alive", 10) == 0)
            return true;
        p += n;
    }
    return false;
}

static drmd_method parse_method(const char *text)
{
    size_t i = 0;
    while (i < DRMD_METHODS && strcmp(methods[i], text) != 0)
        i++;
    return (drmd_method)i;
}

bool drmd_request_check(drmd_request *r, drmd_refusal *refusal)
{
    r->method = parse_method(r->info->request_method);
    r->head = r->method == DRMD_HEAD;
    r->path = r->info->local_uri_raw; /* for the log of a refusal */
    if (!check_lines(r->info, refusal) || !collect(r, refusal) || !check_framing(r, refusal) || !check_host(r, refusal))
        return false;
    const char *expect = r->headers[DRMD_H_EXPECT];
    if (expect && strcasecmp(expect, "100-continue") != 0)
        return refuse(refusal, 417, true, "Only \"Expect: 100-continue\" is understood.");
    /* An HTTP/1.0 client would take it for the answer: RFC 9110, section 10.1.1. */
    r->expects_continue = expect && !r->body_read && strcmp(r->info->http_version, "1.1") == 0;
    r->keep_alive = wants_keep_alive(r);
    return check_target(r, refusal);
}
