/* URLs of OpenID Connect: which may be used, and how parameters are written into them. Called by the other oidc_*.c;
 * what may be connected to is decided by net/ all the same. */
#include "auth/oidc_internal.h"
#include <openssl/evp.h>
#include <string.h>

static const char unreserved[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
static const char others[] = ":/?@!$&'()*+,;=[]%";

/* The authority of a URL without its port; NULL when it has none, or a user in it. */
static const char *host_of(const char *url, size_t *length)
{
    const char *host = strstr(url, "://");

    if (!host)
        return NULL;
    host += 3;
    size_t n = strcspn(host, "/?");
    if (memchr(host, '@', n))
        return NULL;
    const char *colon = memrchr(host, ':', n), *bracket = memrchr(host, ']', n);
    if (colon && (!bracket || colon > bracket)) {
        size_t digits = (size_t)(host + n - colon) - 1;
        if (digits < 1 || digits > 5 || strspn(colon + 1, "0123456789") < digits)
            return NULL;
        n = (size_t)(colon - host);
    }
    *length = n;
    return n ? host : NULL;
}

static bool is_word(const char *text, size_t n, const char *word)
{
    return n == strlen(word) && memcmp(text, word, n) == 0;
}

static bool loopback_host(const char *url, bool names)
{
    size_t n = 0;
    const char *host = host_of(url, &n);

    return host &&
           (is_word(host, n, "127.0.0.1") || is_word(host, n, "[::1]") || (names && is_word(host, n, "localhost")));
}

const char *drmgmt__oidc_url_error(const char *url)
{
    size_t n = strnlen(url, DRMGMT__OIDC_URL_MAX + 1), host;

    if (n > DRMGMT__OIDC_URL_MAX)
        return "a URL of at most 2000 bytes is expected";
    for (size_t i = 0; i < n; i++)
        if (!strchr(unreserved, url[i]) && !strchr(others, url[i]))
            return "a URL without fragment and without characters that need percent-encoding is expected";
    if (strncmp(url, "https://", 8) != 0 && !(strncmp(url, "http://", 7) == 0 && loopback_host(url, true)))
        return "a URL with https:// is expected (http:// only to localhost, 127.0.0.1 or [::1])";
    return host_of(url, &host) ? NULL : "a URL with a host, and without a user name, is expected";
}

const char *drmgmt__oidc_issuer_error(const char *issuer)
{
    const char *wrong = drmgmt__oidc_url_error(issuer);

    return wrong ? wrong : strchr(issuer, '?') ? "an issuer has no query: give it as its own documents write it" : NULL;
}

const char *drmgmt__oidc_redirect_error(const char *uri)
{
    return drmgmt__oidc_url_error(uri);
}

bool drmgmt__oidc_loopback(const char *uri)
{
    return strncmp(uri, "http://", 7) == 0 && loopback_host(uri, false) && !drmgmt__oidc_url_error(uri);
}

void drmgmt__oidc_encode(drmgmt__strbuf *b, const char *text)
{
    for (; *text; text++)
        if (strchr(unreserved, *text))
            drmgmt__strbuf_putc(b, *text);
        else
            drmgmt__strbuf_printf(b, "%%%02X", (unsigned char)*text);
}

void drmgmt__oidc_parameter(drmgmt__strbuf *b, char before, const char *name, const char *value)
{
    if (before)
        drmgmt__strbuf_putc(b, before);
    drmgmt__strbuf_puts(b, name);
    drmgmt__strbuf_putc(b, '=');
    drmgmt__oidc_encode(b, value);
}

void drmgmt__oidc_base64(drmgmt__strbuf *b, const char *text, size_t length)
{
    char four[5];

    for (size_t i = 0; i < length; i += 3) {
        size_t n = length - i < 3 ? length - i : 3;
        EVP_EncodeBlock((unsigned char *)four, (const unsigned char *)text + i, (int)n);
        drmgmt__strbuf_puts(b, four);
    }
}

void drmgmt__oidc_word(const char *text, char *word, size_t size)
{
    size_t n = 0;

    for (; text && *text && n + 1 < size; text++)
        if (strchr(unreserved, *text))
            word[n++] = *text;
    word[n] = '\0';
}
