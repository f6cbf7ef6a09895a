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
    bool stopping = atomic_load_explicit(&r->server->stopping, memory_order_relaxed);
    bool ready = health.database && health.schema_current && !stopping;
    char json[256];
    int n = snprintf(
        json, sizeof json,
        "{\"status\":\"%s\",\"database\":%s,\"schema_current\":%s,\"redis\":%s,\"pooler\":%s,\"stopping\":%s}",
        ready ? "ready" : "unavailable", health.database ? "true" : "false", health.schema_current ? "true" : "false",
        health.redis ? "true" : "false", health.pooler ? "true" : "false", stopping ? "true" : "false");
    drmd_reply(r, ready ? 200 : 503, drmd_json, json, (size_t)n);
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
