/* The library's HTTP client: one request on a libcurl handle of its own, so that nothing (connections, cookies, names)
 * is carried from one tenant's request to another's. Called by auth's OpenID Connect; calls socket.c's policy. */
#include "net/http.h"

#include "core/core.h"
#include "core/strbuf.h"
#include "net/socket.h"
#include <pthread.h>
#include <string.h>

enum { TIMEOUT_MS = 10000, BODY_MAX = 1 << 20, HEADERS_MAX = 64 << 10 };

struct exchange {
    const drmgmt__http_request *request;
    CURL *curl;
    CURLU *url;
    struct curl_slist *headers;
    drmgmt__net_curl net;
    drmgmt__strbuf body;
    size_t header_bytes, max_bytes;
    bool too_large;
    char why[CURL_ERROR_SIZE];
};

DRMGMT__DEFINE_CLEANUP(free_part, char *, curl_free)

static pthread_once_t once = PTHREAD_ONCE_INIT;
static CURLcode started;

static void start_curl(void)
{
    started = curl_global_init(CURL_GLOBAL_DEFAULT);
}

/* ---- the URL ---- */

static int bad_url(drmgmt_error **error, const char *why)
{
    return drmgmt__fail_full(error, DRMGMT_ERR_INVALID, false, NULL, "url", "this URL cannot be used: %s", why);
}

static bool has_part(CURLU *url, CURLUPart part)
{
    DRMGMT__CLEANUP(free_part) char *text = NULL;
    return curl_url_get(url, part, &text, 0) == CURLUE_OK;
}

/* Parsed once, and that is what is used: what was checked and what is connected to cannot be two readings. */
static int parse_url(struct exchange *x, drmgmt_error **error)
{
    DRMGMT__CLEANUP(free_part) char *scheme = NULL;
    const drmgmt__http_request *request = x->request;

    x->url = curl_url();
    if (!x->url)
        return drmgmt__fail_memory(error);
    CURLUcode rc = curl_url_set(x->url, CURLUPART_URL, request->url, CURLU_DISALLOW_USER);
    if (rc == CURLUE_OUT_OF_MEMORY)
        return drmgmt__fail_memory(error);
    if (rc)
        return bad_url(error, curl_url_strerror(rc));
    if (curl_url_get(x->url, CURLUPART_SCHEME, &scheme, 0))
        return bad_url(error, "it has no scheme");
    if (strcmp(scheme, "https") != 0 && (request->https_only || strcmp(scheme, "http") != 0))
        return bad_url(error,
                       request->https_only ? "it must begin with https://" : "it must begin with https:// or http://");
    if (has_part(x->url, CURLUPART_ZONEID))
        return bad_url(error, "an address with a zone is link-local");
    return 0;
}

/* ---- what comes in ---- */

static size_t take_body(char *bytes, size_t size, size_t n, void *user)
{
    struct exchange *x = user;

    n *= size;
    if (n > x->max_bytes - x->body.length) {
        x->too_large = true;
        return 0;
    }
    drmgmt__strbuf_add(&x->body, bytes, n);
    return x->body.failed ? 0 : n;
}

static size_t take_header(char *bytes, size_t size, size_t n, void *user)
{
    struct exchange *x = user;

    (void)bytes;
    n *= size;
    if (n > HEADERS_MAX - x->header_bytes) {
        x->too_large = true;
        return 0;
    }
    x->header_bytes += n;
    return n;
}

/* ---- the handle ---- */

static bool add_header(struct exchange *x, const char *line)
{
    struct curl_slist *longer = curl_slist_append(x->headers, line);

    if (longer)
        x->headers = longer;
    return longer;
}

static bool add_headers(struct exchange *x)
{
    const drmgmt__http_request *request = x->request;
    DRMGMT__STRBUF type = DRMGMT__STRBUF_INIT;
    bool ok = true;

    for (const char *const *line = request->headers; ok && line && *line; line++)
        ok = add_header(x, *line);
    if (!request->body)
        return ok;
    drmgmt__strbuf_printf(&type, "Content-Type: %s",
                          request->content_type ? request->content_type : "application/x-www-form-urlencoded");
    return ok && !type.failed && add_header(x, type.data) && add_header(x, "Expect:");
}

static CURLcode set_limits(struct exchange *x)
{
    const drmgmt__http_request *request = x->request;
    long timeout = request->timeout_ms ? (long)request->timeout_ms : TIMEOUT_MS;
    CURLcode rc = CURLE_OK;

    rc |= curl_easy_setopt(x->curl, CURLOPT_NOSIGNAL, 1L);
    rc |= curl_easy_setopt(x->curl, CURLOPT_TIMEOUT_MS, timeout);
    rc |= curl_easy_setopt(x->curl, CURLOPT_CONNECTTIMEOUT_MS, timeout);
    rc |= curl_easy_setopt(x->curl, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)x->max_bytes);
    rc |= curl_easy_setopt(x->curl, CURLOPT_PROTOCOLS_STR, request->https_only ? "https" : "http,https");
    rc |= curl_easy_setopt(x->curl, CURLOPT_FOLLOWLOCATION, 0L);
    rc |= curl_easy_setopt(x->curl, CURLOPT_PROXY, ""); /* and none of the environment's */
    rc |= curl_easy_setopt(x->curl, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    rc |= curl_easy_setopt(x->curl, CURLOPT_FORBID_REUSE, 1L);
    rc |= curl_easy_setopt(x->curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    rc |= curl_easy_setopt(x->curl, CURLOPT_OPENSOCKETFUNCTION, drmgmt__net_curl_open);
    rc |= curl_easy_setopt(x->curl, CURLOPT_OPENSOCKETDATA, &x->net);
    return rc;
}

static CURLcode set_request(struct exchange *x)
{
    const drmgmt__http_request *request = x->request;
    CURLcode rc = CURLE_OK;

    rc |= curl_easy_setopt(x->curl, CURLOPT_CURLU, x->url);
    rc |= curl_easy_setopt(x->curl, CURLOPT_ERRORBUFFER, x->why);
    rc |= curl_easy_setopt(x->curl, CURLOPT_HTTPHEADER, x->headers);
    rc |= curl_easy_setopt(x->curl, CURLOPT_WRITEFUNCTION, take_body);
    rc |= curl_easy_setopt(x->curl, CURLOPT_WRITEDATA, x);
    rc |= curl_easy_setopt(x->curl, CURLOPT_HEADERFUNCTION, take_header);
    rc |= curl_easy_setopt(x->curl, CURLOPT_HEADERDATA, x);
    if (request->ca_file) {
        rc |= curl_easy_setopt(x->curl, CURLOPT_CAINFO, request->ca_file);
        rc |= curl_easy_setopt(x->curl, CURLOPT_CAPATH, NULL);
    }
    if (request->body) {
        rc |= curl_easy_setopt(x->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_size);
        rc |= curl_easy_setopt(x->curl, CURLOPT_POSTFIELDS, request->body);
    }
    return rc;
}

/* ---- how it ended ---- */

static int tell_failure(const struct exchange *x, CURLcode rc, drmgmt_error **error)
{
    static const struct {
        CURLcode code;
        drmgmt_status status;
        bool retryable;
    } known[] = {
        { CURLE_COULDNT_RESOLVE_HOST, DRMGMT_ERR_UNAVAILABLE, true },
        { CURLE_COULDNT_CONNECT, DRMGMT_ERR_UNAVAILABLE, true },
        { CURLE_OPERATION_TIMEDOUT, DRMGMT_ERR_TIMEOUT, true },
        { CURLE_FILESIZE_EXCEEDED, DRMGMT_ERR_TOO_LARGE, false },
        { CURLE_PEER_FAILED_VERIFICATION, DRMGMT_ERR_PROTOCOL, false },
        { CURLE_SSL_CACERT_BADFILE, DRMGMT_ERR_IO, false },
    };
    drmgmt_status status = DRMGMT_ERR_PROTOCOL;
    bool retryable = true;

    if (x->too_large)
        return drmgmt__fail(error, DRMGMT_ERR_TOO_LARGE, "the answer of %.200s is larger than %zu bytes",
                            x->request->url, x->max_bytes);
    if (x->body.failed || rc == CURLE_OUT_OF_MEMORY)
        return drmgmt__fail_memory(error);
    /* Only when none of a name's addresses could be used: one refused and another that answers is an answer. */
    if (x->net.refused && (rc == CURLE_COULDNT_CONNECT || rc == CURLE_ABORTED_BY_CALLBACK))
        return drmgmt__net_refused(error, &x->net.verdict, &x->net.address, DRMGMT__NET_TCP);
    if (rc == CURLE_URL_MALFORMAT)
        return bad_url(error, "its host is no name or address");
    for (size_t i = 0; i < DRMGMT__COUNT(known); i++)
        if (known[i].code == rc) {
            status = known[i].status;
            retryable = known[i].retryable;
        }
    return drmgmt__fail_full(error, status, retryable, NULL, NULL, "%.200s cannot be asked: %s", x->request->url,
                             *x->why ? x->why : curl_easy_strerror(rc));
}

static bool copy_header(const struct exchange *x, const char *name, char **out)
{
    struct curl_header *header;

    if (curl_easy_header(x->curl, name, 0, CURLH_HEADER, -1, &header) != CURLHE_OK)
        return true;
    *out = strdup(header->value);
    return *out;
}

static int tell_answer(struct exchange *x, drmgmt__http_response *response, drmgmt_error **error)
{
    long status = 0;
    drmgmt__http_response answer = { 0 };

    curl_easy_getinfo(x->curl, CURLINFO_RESPONSE_CODE, &status);
    if (status < 200 || (status >= 300 && status < 400) || status > 599)
        return drmgmt__fail(
            error, DRMGMT_ERR_PROTOCOL,
            status >= 300 && status < 400
                ? "%.200s answers with a redirect (%ld), which is not followed: give the URL it leads to"
                : "%.200s answers with the status %ld, which is none of HTTP's",
            x->request->url, status);
    drmgmt__strbuf_add(&x->body, "", 0);
    answer.status = (int)status;
    answer.length = x->body.length;
    answer.body = x->body.data ? drmgmt__strbuf_steal(&x->body, NULL) : strdup("");
    if (!answer.body || !copy_header(x, "Content-Type", &answer.content_type) ||
        !copy_header(x, "Cache-Control", &answer.cache_control)) {
        drmgmt__http_response_clear(&answer);
        return drmgmt__fail_memory(error);
    }
    *response = answer;
    return 0;
}

static int exchange(struct exchange *x, drmgmt__http_response *response, drmgmt_error **error)
{
    int rc = parse_url(x, error);

    if (rc)
        return rc;
    x->curl = curl_easy_init();
    if (!x->curl || !add_headers(x))
        return drmgmt__fail_memory(error);
    if (set_limits(x) || set_request(x))
        return drmgmt__fail(error, DRMGMT_ERR_UNSUPPORTED, "this libcurl (%s) lacks an option that is needed",
                            curl_version());
    CURLcode how = curl_easy_perform(x->curl);
    return how ? tell_failure(x, how, error) : tell_answer(x, response, error);
}

int drmgmt__http_request_send(const drmgmt__http_request *request, drmgmt__http_response *response,
                              drmgmt_error **error)
{
    struct exchange x = { .request = request,
                          .net = { .policy = request->policy },
                          .max_bytes = request->max_bytes ? request->max_bytes : BODY_MAX };

    pthread_once(&once, start_curl);
    if (started)
        return drmgmt__fail(error, DRMGMT_ERR_UNSUPPORTED, "libcurl cannot be started: %s",
                            curl_easy_strerror(started));
    int rc = exchange(&x, response, error);
    curl_easy_cleanup(x.curl);
    curl_slist_free_all(x.headers);
    curl_url_cleanup(x.url);
    if (x.body.data)
        drmgmt__wipe(x.body.data, x.body.length); /* may hold tokens */
    drmgmt__strbuf_free(&x.body);
    return rc;
}

void drmgmt__http_response_clear(drmgmt__http_response *response)
{
    drmgmt__free_secret(response->body);
    free(response->content_type);
    free(response->cache_control);
    *response = (drmgmt__http_response){ 0 };
}
