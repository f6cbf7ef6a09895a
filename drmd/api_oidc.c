/* Log-in by OpenID Connect, and the providers for it. Called by dispatch.c; calls the library's drm/oidc.h.
 *
 * The browser that begins gets a cookie, and only who brings it may finish: an answer that somebody slips into
 * another's browser logs nobody in. With an https redirect URI its name begins with __Host-, which keeps neighbouring
 * hosts from setting it (RFC 6265bis, section 4.1.3.2); a value made for one name is not taken under the other. */
#include "routes.h"
#include <stdio.h>
#include <string.h>

const drmd_noun drmd_noun_oidc_provider = {
    .entity = "oidc_provider",
    .path = "/api/v1/oidc-providers",
    .version_field = "version",
    .create = drmgmt_oidc_provider_create,
    .get = drmgmt_oidc_provider_get,
    .update = drmgmt_oidc_provider_update,
    .remove = drmgmt_oidc_provider_delete,
    .list = drmgmt_oidc_provider_list,
};

enum { BINDING_MAX = 100 };

static const struct cookie {
    const char *name, *secure;
    char mark; /* first letter of the values it may hold */
} cookies[] = { { "__Host-drm_oidc", "; Secure", 's' }, { "drm_oidc", "", 'p' } };

static const struct cookie *cookie_for(const char *binding)
{
    return &cookies[binding[0] == cookies[0].mark ? 0 : 1];
}

/* ---- start ---- */

void drmd_oidc_start(drmd_request *r)
{
    drmgmt_oidc_login *login = NULL;
    drmgmt_error *error = NULL;
    drmd_buffer *b = &r->worker->text;
    if (drmgmt_oidc_begin(r->server->context, r->params[0], r->params[1], NULL, &login, &error)) {
        drmd_reply_error(r, error);
        return;
    }
    const struct cookie *cookie = cookie_for(login->binding);
    drmd_buffer_reset(b, 64 * 1024);
    drmd_buffer_printf(b, "Location: %s\r\nSet-Cookie: %s=%s; Path=/; Max-Age=%lld%s; HttpOnly; SameSite=Lax\r\n",
                       login->url, cookie->name, login->binding, (long long)login->expires_in, cookie->secure);
    drmgmt_oidc_login_free(login);
    if (b->failed)
        drmd_reply_problem(r, 503, NULL, "Out of memory.");
    else
        drmd_reply_with(r, 302, NULL, b->data, NULL, 0);
    drmd_buffer_wipe(&r->worker->out);
    drmd_buffer_wipe(b);
}

/* ---- callback ---- */

/* The value of a cookie by name (RFC 6265, section 5.4), if it is one that may stand there. */
static bool cookie_value(const char *header, const struct cookie *cookie, char out[BINDING_MAX])
{
    size_t length = strlen(cookie->name);
    for (const char *p = header; p && *p; p += *p == ';') {
        p += strspn(p, " \t");
        size_t n = strcspn(p, ";");
        if (n > length + 1 && n - length - 1 < BINDING_MAX && strncmp(p, cookie->name, length) == 0 &&
            p[length] == '=' && p[length + 1] == cookie->mark) {
            snprintf(out, BINDING_MAX, "%.*s", (int)(n - length - 1), p + length + 1);
            return true;
        }
        p += n;
    }
    return false;
}

struct answer {
    char state[256], code[2048], iss[2048], error[256];
};

/* Each at most once (RFC 6749, section 3.1); what else the issuer adds is not ours. False: answered. */
static bool read_answer(drmd_request *r, struct answer *a)
{
    const struct {
        const char *name;
        char *out;
        size_t size;
    } wanted[] = { { "state", a->state, sizeof a->state },
                   { "code", a->code, sizeof a->code },
                   { "iss", a->iss, sizeof a->iss },
                   { "error", a->error, sizeof a->error } };
    const char *cursor = r->query;
    char name[64], value[2048];
    for (int got; (got = drmd_query_next(&cursor, name, sizeof name, value, sizeof value)) != 0;) {
        for (size_t i = 0; got > 0 && i < DRMD_COUNT(wanted); i++) {
            if (strcmp(name, wanted[i].name) != 0)
                continue;
            if (wanted[i].out[0] || strlen(value) >= wanted[i].size)
                got = -1;
            else
                memcpy(wanted[i].out, value, strlen(value) + 1);
        }
        if (got > 0)
            continue;
        drmd_reply_problem(r, 400, "query", "The query string is malformed, or a parameter too long or given twice.");
        return false;
    }
    if (a->state[0])
        return true;
    drmd_reply_problem(r, 400, "state", "This path takes an issuer's answer: begin a log-in at .../start.");
    return false;
}

static const char *or_null(const char *text)
{
    return text[0] ? text : NULL;
}

void drmd_oidc_callback(drmd_request *r)
{
    struct answer a = { .state = "" };
    char binding[BINDING_MAX] = "", extra[160];
    if (!read_answer(r, &a))
        return;
    for (size_t i = 0; i < DRMD_COUNT(cookies) && !binding[0]; i++)
        cookie_value(r->headers[DRMD_H_COOKIE], &cookies[i], binding);
    bool own = strchr(r->route->pattern, '{') != NULL; /* the path names tenant and provider */
    const drmgmt_oidc_answer answer = { .state = a.state,
                                        .code = or_null(a.code),
                                        .iss = or_null(a.iss),
                                        .error = or_null(a.error),
                                        .binding = or_null(binding),
                                        .tenant = own ? r->params[0] : NULL,
                                        .provider = own ? r->params[1] : NULL };
    drmgmt_origin origin = drmd_origin(r);
    drmgmt_tokens *tokens = NULL;
    drmgmt_error *error = NULL;
    int failed = drmgmt_oidc_finish(r->server->context, &answer, &origin, &tokens, &error);
    const struct cookie *cookie = cookie_for(binding);
    snprintf(extra, sizeof extra, "Set-Cookie: %s=; Path=/; Max-Age=0%s; HttpOnly; SameSite=Lax\r\n", cookie->name,
             cookie->secure);
    explicit_bzero(&a, sizeof a);
    explicit_bzero(binding, sizeof binding);
    if (failed)
        drmd_reply_no_tokens(r, error);
    else
        drmd_reply_tokens_with(r, tokens, extra);
}
