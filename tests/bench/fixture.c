/* What the run makes in the stack and takes away again: a log-in, an SNMP credential, devices that all stand for the
 * stack's one agent. Called by main.c and, for the log-in, by the benchmarks; calls the REST interface. */
#include "bench.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

json_t *fixture_call(bench *b, http *h, const char *method, const char *path, const char *body, int status)
{
    http_response r;
    if (!http_call(h, method, path, b->token, body, &r)) {
        bench_fail(b, "%s %s: %s", method, path, h->problem);
        return NULL;
    }
    if (r.status != status) {
        bench_fail(b, "%s %s: %d %s", method, path, r.status, r.body);
        return NULL;
    }
    json_t *json = r.length ? json_loadb(r.body, r.length, 0, NULL) : json_object();
    if (!json)
        bench_fail(b, "%s %s: the answer is no JSON", method, path);
    return json;
}

/* Copies a string member of an answer and lets go of it. */
static bool take(bench *b, json_t *json, const char *member, char *text, size_t size)
{
    const char *value = json_string_value(json_object_get(json, member));
    bool fits = value && (size_t)snprintf(text, size, "%s", value) < size;
    if (json && !fits)
        bench_fail(b, "an answer without %s", member);
    json_decref(json);
    return fits;
}

bool fixture_login(bench *b)
{
    http h;
    char token[4096];
    http_init(&h, &b->target);
    free(b->token);
    b->token = NULL;
    json_t *body = json_pack("{s:s, s:s, s:s*}", "email", b->email, "password", b->password, "tenant", b->tenant);
    char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
    json_decref(body);
    bool done = text && take(b, fixture_call(b, &h, "POST", "/api/v1/auth/login", text, 200), "access_token", token,
                             sizeof token);
    if (done) {
        b->token = strdup(token);
        done = b->token != NULL;
    }
    free(text);
    http_free(&h);
    return done;
}

static bool make_credential(bench *b, http *h)
{
    json_t *body =
        json_pack("{s:s, s:s, s:s}", "name", b->run_name, "snmp_version", "2c", "community", b->snmp_community);
    char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
    json_decref(body);
    bool done = text && take(b, fixture_call(b, h, "POST", "/api/v1/snmp-credentials", text, 201), "id", b->credential,
                             sizeof b->credential);
    free(text);
    return done;
}

static bool make_device(bench *b, http *h, size_t i)
{
    char body[1024];
    snprintf(body, sizeof body,
             "{\"name\":\"%s-%03zu\",\"description\":\"one of the devices of a "
             "benchmark\",\"tags\":[\"bench\",\"rack=%zu\"],"
             "\"profiles\":[{\"protocol\":\"snmp\",\"address\":\"%s\",\"port\":%u,"
             "\"settings\":{\"version\":\"2c\",\"timeout_ms\":2000,\"retries\":2},\"credential_id\":\"%s\"},"
             "{\"protocol\":\"fake\",\"address\":\"\"}]}",
             b->run_name, i, i / 20, b->snmp_host, b->snmp_port, b->credential);
    if (!take(b, fixture_call(b, h, "POST", "/api/v1/devices", body, 201), "id", b->devices[i], ID_SIZE))
        return false;
    b->n_devices = i + 1;
    return true;
}

bool fixture_make(bench *b)
{
    http h;
    http_init(&h, &b->target);
    bool done =
        fixture_login(b) &&
        take(b, fixture_call(b, &h, "GET", "/api/v1/auth/whoami", NULL, 200), "tenant_id", b->tenant_id, ID_SIZE) &&
        make_credential(b, &h);
    for (size_t i = 0; done && i < DEVICES; i++)
        done = make_device(b, &h, i);
    http_free(&h);
    /* Fresh statistics, as any database that has run for a while has them. */
    return done &&
           database_run(b, "ANALYZE drm.devices, drm.device_protocol_profiles, drm.device_tags, drm.snmp_credentials");
}

/* Jobs still active are ended by their devices' removal: in the database, where one statement does it. */
static void remove_jobs(bench *b)
{
    char name[64];
    const char *params[] = { b->tenant_id, name };
    snprintf(name, sizeof name, "%s-%%", b->run_name);
    static const char *const statements[] = {
        "DELETE FROM drm.jobs WHERE tenant_id = $1::uuid AND device_id IN"
        " (SELECT id FROM drm.devices WHERE tenant_id = $1::uuid AND name LIKE $2)",
        "DELETE FROM drm.job_results WHERE tenant_id = $1::uuid AND device_id IN"
        " (SELECT id FROM drm.devices WHERE tenant_id = $1::uuid AND name LIKE $2)",
    };
    for (size_t i = 0; i < COUNT(statements); i++) {
        PGresult *result = PQexecParams(b->admin, statements[i], 2, NULL, params, NULL, NULL, 0);
        if (PQresultStatus(result) != PGRES_COMMAND_OK)
            bench_fail(b, "PostgreSQL: %s", PQerrorMessage(b->admin));
        PQclear(result);
    }
}

void fixture_remove(bench *b)
{
    char path[128];
    http h;
    http_init(&h, &b->target);
    if (b->n_devices)
        remove_jobs(b);
    if ((b->n_devices || b->credential[0]) && fixture_login(b)) {
        for (size_t i = 0; i < b->n_devices; i++) {
            snprintf(path, sizeof path, "/api/v1/devices/%s", b->devices[i]);
            json_decref(fixture_call(b, &h, "DELETE", path, NULL, 204));
        }
        snprintf(path, sizeof path, "/api/v1/snmp-credentials/%s", b->credential);
        if (b->credential[0])
            json_decref(fixture_call(b, &h, "DELETE", path, NULL, 204));
    }
    http_free(&h);
}
