/* What tells about the server itself: health, readiness, metrics, the OpenAPI document. Called by dispatch.c. */
#include "routes.h"
#include <stdio.h>
#include <string.h>

void drmd_health(drmd_request *r)
{
    static const char ok[] = "{\"status\":\"ok\"}";
    drmd_reply(r, 200, drmd_json, ok, sizeof ok - 1);
}

/* Redis is reported but not needed: without it jobs run a second later. */
void drmd_ready(drmd_request *r)
{
    drmgmt_health health = { 0 };
    drmgmt_context_health(r->server->context, &health);
    const char *wrong = atomic_load_explicit(&r->server->stopping, memory_order_relaxed) ? "The server is stopping."
                        : !health.database                                               ? "PostgreSQL does not answer."
                        : !health.schema_current
                            ? "The database has not the migrations of this version: run \"drmctl db migrate\"."
                            : NULL;
    if (wrong) {
        drmd_reply_problem(r, 503, NULL, "%s", wrong);
        return;
    }
    char json[128];
    int n = snprintf(json, sizeof json,
                     "{\"status\":\"ready\",\"database\":true,\"schema_current\":true,\"redis\":%s,\"pooler\":%s}",
                     health.redis ? "true" : "false", health.pooler ? "true" : "false");
    drmd_reply(r, 200, drmd_json, json, (size_t)n);
}

void drmd_metrics_get(drmd_request *r)
{
    drmd_buffer *b = &r->worker->text;
    drmd_buffer_reset(b, 64 * 1024);
    drmd_metrics_write(r->server, b);
    if (b->failed)
        drmd_reply_problem(r, 503, NULL, "Out of memory.");
    else
        drmd_reply(r, 200, drmd_text, b->data, b->length);
}

void drmd_openapi_get(drmd_request *r)
{
    drmd_reply(r, 200, drmd_json, r->server->openapi, r->server->openapi_length);
}

/* Others keep the keys for five minutes: a key on standby is to be published for longer than that before it signs
 * (docs/keyring.md). */
void drmd_jwks_get(drmd_request *r)
{
    char *json = NULL;
    drmgmt_error *error = NULL;
    if (drmgmt_jwks(r->server->context, &json, &error)) {
        drmd_reply_error(r, error);
        return;
    }
    r->policy = "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n"
                "Cache-Control: public, max-age=300\r\n";
    drmd_reply_json(r, 200, json, strlen(json));
}
