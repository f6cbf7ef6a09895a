/* Makes the OpenAPI 3.1 document once, at start, out of the route table, the library's entity descriptions and the
 * drivers' operations, so that it cannot tell another story than the code. Called by server.c; calls jansson. */
#include "routes.h"
#include "schemas.h"
#include <ctype.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

static json_t *ref(const char *kind, const char *name)
{
    return json_pack("{s:o}", "$ref", json_sprintf("#/components/%s/%s", kind, name));
}

/* "snmp_credential" -> "SnmpCredential", with a suffix. */
static void schema_name(const char *entity, const char *suffix, char out[80])
{
    size_t n = 0;
    bool upper = true;
    for (const char *p = entity; *p && n < 60; p++) {
        if (*p == '_') {
            upper = true;
            continue;
        }
        out[n++] = upper ? (char)toupper((unsigned char)*p) : *p;
        upper = false;
    }
    snprintf(out + n, 80 - n, "%s", suffix);
}

/* ---- schemas of entities ---- */

static json_t *type_schema(drmgmt_type type)
{
    switch (type) {
    case DRMGMT_TYPE_UUID:
        return json_pack("{s:s,s:s}", "type", "string", "format", "uuid");
    case DRMGMT_TYPE_TEXT:
        return json_pack("{s:s}", "type", "string");
    case DRMGMT_TYPE_INT:
        return json_pack("{s:s,s:s}", "type", "integer", "format", "int64");
    case DRMGMT_TYPE_BOOL:
        return json_pack("{s:s}", "type", "boolean");
    case DRMGMT_TYPE_TIME:
        return json_pack("{s:s,s:s}", "type", "string", "format", "date-time");
    case DRMGMT_TYPE_TAGS:
        return json_pack("{s:s,s:{s:s}}", "type", "array", "items", "type", "string");
    case DRMGMT_TYPE_JSON:
        return json_object();
    }
    return json_object();
}

/* A value that may be absent: its type with null beside it. */
static void allow_null(json_t *schema)
{
    json_t *type = json_object_get(schema, "type");
    if (json_is_string(type))
        json_object_set_new(schema, "type", json_pack("[O,s]", type, "null"));
    json_t *words = json_object_get(schema, "enum");
    if (words)
        json_array_append_new(words, json_null());
}

static json_t *field_schema(const drmgmt_field *field, bool answer)
{
    json_t *schema = answer && (field->flags & DRMGMT_FIELD_SECRET)
                         ? json_pack("{s:s,s:{s:{s:s}},s:[s]}", "type", "object", "properties", "set", "type",
                                     "boolean", "required", "set")
                         : type_schema(field->type);
    if (field->doc)
        json_object_set_new(schema, "description", json_string(field->doc));
    if (field->schema && !(answer && (field->flags & DRMGMT_FIELD_SECRET))) {
        json_t *more = NULL;
        char *text = NULL;
        if (asprintf(&text, "{%s}", field->schema) > 0)
            more = json_loads(text, 0, NULL);
        free(text);
        json_object_update(schema, more);
        json_decref(more);
    }
    return schema;
}

enum shape { SHAPE_ANSWER, SHAPE_CREATE, SHAPE_UPDATE };

static bool field_in(const drmgmt_field *field, enum shape shape)
{
    if (shape == SHAPE_ANSWER)
        return !(field->flags & DRMGMT_FIELD_INPUT);
    unsigned wanted = shape == SHAPE_CREATE ? DRMGMT_FIELD_WRITABLE | DRMGMT_FIELD_CREATE : DRMGMT_FIELD_WRITABLE;
    return (field->flags & wanted) != 0;
}

static json_t *entity_schema(const drmgmt_entity *entity, enum shape shape)
{
    json_t *properties = json_object(), *required = json_array();
    for (size_t i = 0; i < entity->n_fields; i++) {
        const drmgmt_field *field = &entity->fields[i];
        if (!field_in(field, shape))
            continue;
        json_t *schema = field_schema(field, shape == SHAPE_ANSWER);
        bool always = i == 0 || (field->flags & DRMGMT_FIELD_REQUIRED);
        if (shape == SHAPE_ANSWER ? always : shape == SHAPE_CREATE && (field->flags & DRMGMT_FIELD_REQUIRED))
            json_array_append_new(required, json_string(field->name));
        else
            allow_null(schema);
        json_object_set_new(properties, field->name, schema);
    }
    json_t *object = json_pack("{s:s,s:o}", "type", "object", "properties", properties);
    if (json_array_size(required))
        json_object_set(object, "required", required);
    json_decref(required);
    if (shape == SHAPE_ANSWER)
        json_object_set_new(object, "description", json_string(entity->doc ? entity->doc : entity->name));
    else
        json_object_set_new(object, "additionalProperties", json_false());
    return object;
}

static json_t *page_schema(const char *item)
{
    return json_pack("{s:s,s:[s,s],s:{s:{s:s,s:o},s:{s:[s,s],s:s}}}", "type", "object", "required", "items", "next",
                     "properties", "items", "type", "array", "items", ref("schemas", item), "next", "type", "string",
                     "null", "description", "Cursor of the next page; null on the last one");
}

/* Whether a route takes or answers with a schema: an entity that is no collection has no pages. */
static bool in_use(const char *name)
{
    for (size_t i = 0; i < drmd_n_routes; i++) {
        const drmd_route *r = &drmd_routes[i];
        if ((r->request && strcmp(r->request, name) == 0) || (r->response && strcmp(r->response, name) == 0))
            return true;
    }
    return false;
}

static void add_entity(json_t *schemas, const drmgmt_entity *entity)
{
    char name[80], item[80];
    schema_name(entity->name, "", item);
    json_object_set_new(schemas, item, entity_schema(entity, SHAPE_ANSWER));
    schema_name(entity->name, "Page", name);
    if (in_use(name))
        json_object_set_new(schemas, name, page_schema(item));
    static const struct {
        enum shape shape;
        const char *suffix;
    } drafts[] = { { SHAPE_CREATE, "Create" }, { SHAPE_UPDATE, "Update" } };
    for (size_t k = 0; k < DRMD_COUNT(drafts); k++) {
        schema_name(entity->name, drafts[k].suffix, name);
        if (in_use(name))
            json_object_set_new(schemas, name, entity_schema(entity, drafts[k].shape));
    }
}

/* JobEnqueue: a job whose protocol and operation stand in the path. */
static void add_enqueue(json_t *schemas)
{
    static const char *const in_path[] = { "protocol", "operation" };
    json_t *schema = json_deep_copy(json_object_get(schemas, "JobCreate"));
    json_t *required = json_object_get(schema, "required");
    for (size_t i = 0; i < DRMD_COUNT(in_path); i++) {
        json_object_del(json_object_get(schema, "properties"), in_path[i]);
        for (size_t k = json_array_size(required); k-- > 0;)
            if (strcmp(json_string_value(json_array_get(required, k)), in_path[i]) == 0)
                json_array_remove(required, k);
    }
    json_object_set_new(schemas, "JobEnqueue", schema);
}

/* What may stand in "params", as the drivers tell it. */
static void add_operations(json_t *schemas)
{
    json_t *options = json_array();
    for (const drmgmt_driver *const *d = drmgmt_driver_all(); *d; d++)
        for (size_t i = 0; i < (*d)->n_operations; i++) {
            const drmgmt_operation *operation = &(*d)->operations[i];
            json_t *schema = json_loads(operation->params_schema, 0, NULL);
            if (!schema)
                continue;
            json_object_set_new(schema, "title", json_sprintf("%s %s", (*d)->name, operation->name));
            if (operation->doc)
                json_object_set_new(schema, "description", json_string(operation->doc));
            json_array_append_new(options, schema);
        }
    json_object_set_new(schemas, "JobParams",
                        json_pack("{s:s,s:o}", "description", "What an operation takes", "anyOf", options));
    static const char *const users[] = { "JobCreate", "JobEnqueue" };
    for (size_t i = 0; i < DRMD_COUNT(users); i++) {
        json_t *properties = json_object_get(json_object_get(schemas, users[i]), "properties");
        if (json_object_get(properties, "params"))
            json_object_set_new(properties, "params", ref("schemas", "JobParams"));
    }
}

static json_t *make_schemas(void)
{
    json_t *schemas = json_object();
    for (const drmgmt_entity *const *entity = drmgmt_entity_all(); *entity; entity++)
        add_entity(schemas, *entity);
    for (size_t i = 0; i < drmd_n_schemas; i++)
        json_object_set_new(schemas, drmd_schemas[i].name,
                            json_loads(drmd_schemas[i].text, JSON_REJECT_DUPLICATES, NULL));
    add_enqueue(schemas);
    add_operations(schemas);
    return schemas;
}

/* ---- paths ---- */

static json_t *parameter(const char *where, const char *name, json_t *schema, const char *doc)
{
    return json_pack("{s:s,s:s,s:b,s:s,s:o}", "in", where, "name", name, "required", strcmp(where, "path") == 0,
                     "description", doc, "schema", schema);
}

static json_t *string_schema(void)
{
    return json_pack("{s:s}", "type", "string");
}

static json_t *time_schema(void)
{
    return json_pack("{s:s,s:s}", "type", "string", "format", "date-time");
}

/* It is asked for by a span of time. */
static bool is_time_filter(const drmgmt_field *field)
{
    return field->type == DRMGMT_TYPE_TIME && (field->flags & DRMGMT_FIELD_FILTER);
}

static void add_list_parameters(json_t *parameters, const drmgmt_entity *entity)
{
    for (size_t i = 0; i < entity->n_fields; i++)
        if (is_time_filter(&entity->fields[i])) {
            json_array_append_new(parameters,
                                  parameter("query", "since", time_schema(), "Only those from this time on"));
            json_array_append_new(parameters,
                                  parameter("query", "until", time_schema(), "Only those before this time"));
        } else if (entity->fields[i].flags & DRMGMT_FIELD_FILTER)
            json_array_append_new(parameters, parameter("query", entity->fields[i].name, string_schema(),
                                                        entity->fields[i].type == DRMGMT_TYPE_TEXT
                                                            ? "Only those with this value; * is a wildcard"
                                                            : "Only those with this value"));
    json_array_append_new(parameters, parameter("query", "limit",
                                                json_pack("{s:s,s:i,s:i,s:i}", "type", "integer", "minimum", 1,
                                                          "maximum", DRMGMT_LIMIT_MAX, "default", DRMGMT_LIMIT_DEFAULT),
                                                "Most items in the answer"));
    json_array_append_new(parameters, parameter("query", "cursor", string_schema(), "\"next\" of the page before"));
    json_t *sorts = json_array();
    for (size_t i = 0; i < entity->n_fields; i++)
        if (entity->fields[i].flags & DRMGMT_FIELD_SORTABLE) {
            json_array_append_new(sorts, json_string(entity->fields[i].name));
            json_array_append_new(sorts, json_sprintf("-%s", entity->fields[i].name));
        }
    if (json_array_size(sorts))
        json_array_append_new(parameters,
                              parameter("query", "sort", json_pack("{s:s,s:O}", "type", "string", "enum", sorts),
                                        "Field to sort by; - for descending"));
    json_decref(sorts);
}

static void add_header_parameters(json_t *parameters, unsigned flags)
{
    static const struct {
        unsigned flag;
        const char *name, *doc;
    } headers[] = {
        { DRMD_IF_MATCH, "If-Match", "ETag that must still be current, else 412" },
        { DRMD_CONDITIONAL, "If-None-Match", "ETag that is known; 304 when it is current" },
        { DRMD_IDEMPOTENCY, "Idempotency-Key",
          "The same key with the same request answers with the same job for 24 hours" },
        { DRMD_STREAM, "Last-Event-ID", "Id of the last event seen, to go on from there" },
    };
    for (size_t i = 0; i < DRMD_COUNT(headers); i++)
        if (flags & headers[i].flag)
            json_array_append_new(parameters, parameter("header", headers[i].name, string_schema(), headers[i].doc));
}

static void add_query_parameters(json_t *parameters, unsigned flags)
{
    static const struct {
        unsigned flag;
        const char *name, *doc;
    } words[] = {
        { DRMD_TAKES_AFTER, "after", "Number of the last link that is not wanted again" },
        { DRMD_TAKES_HEAD, "head", "\"head\" of an earlier answer, which must still be in the chain" },
        { DRMD_TAKES_HEAD, "tenant_id", "For the platform's administrators: the tenant whose chain is proved" },
        { DRMD_TAKES_KIND, "kind", "Only events of this name, such as job.done or snmp.trap; * is a wildcard" },
        { DRMD_TAKES_KIND, "device_id", "Only events of this device, and of jobs on it" },
    };
    for (size_t i = 0; i < DRMD_COUNT(words); i++)
        if (flags & words[i].flag)
            json_array_append_new(parameters, parameter("query", words[i].name, string_schema(), words[i].doc));
}

/* OpenID Connect Core 1.0, section 3.1.2.5 and 3.1.2.6; RFC 9207. */
static void add_answer_parameters(json_t *parameters)
{
    static const struct {
        const char *name, *doc;
    } answer[] = {
        { "state", "What the log-in was begun with" },
        { "code", "The issuer's code, to be exchanged for an ID token" },
        { "iss", "The issuer whose answer this is" },
        { "error", "The issuer's word for why there is no code" },
    };
    for (size_t i = 0; i < DRMD_COUNT(answer); i++)
        json_array_append_new(parameters, parameter("query", answer[i].name, string_schema(), answer[i].doc));
}

static json_t *make_parameters(const drmd_route *route)
{
    json_t *parameters = json_array();
    for (const char *p = route->pattern; (p = strchr(p, '{'));) {
        char name[64];
        size_t n = strcspn(++p, "}");
        snprintf(name, sizeof name, "%.*s", (int)n, p);
        json_array_append_new(parameters,
                              parameter("path", name, string_schema(), strcmp(name, "id") == 0 ? "Its id" : name));
    }
    if (route->query)
        add_list_parameters(parameters, drmgmt_entity_find(route->query));
    if (route->flags & DRMD_STREAM)
        json_array_append_new(parameters, parameter("query", "last_event_id", string_schema(),
                                                    "The same as Last-Event-ID, for clients that cannot send headers"));
    add_query_parameters(parameters, route->flags);
    if (route->flags & DRMD_ANSWER)
        add_answer_parameters(parameters);
    add_header_parameters(parameters, route->flags);
    return parameters;
}

static json_t *header_of(const char *doc)
{
    return json_pack("{s:s,s:o}", "description", doc, "schema", string_schema());
}

static json_t *make_success(const drmd_route *route)
{
    json_t *answer = json_pack("{s:s}", "description", drmd_reason(route->status));
    if (route->response) {
        bool media = strchr(route->response, '/') != NULL;
        json_t *schema = !media                                    ? ref("schemas", route->response)
                         : strcmp(route->response, drmd_json) == 0 ? json_object()
                                                                   : string_schema();
        json_object_set_new(answer, "content",
                            json_pack("{s:{s:o}}", media ? route->response : drmd_json, "schema", schema));
    }
    json_t *headers = json_object();
    if (route->flags & DRMD_ETAG)
        json_object_set_new(headers, "ETag", header_of("Version, for If-Match"));
    if (route->flags & DRMD_LOCATION)
        json_object_set_new(headers, "Location", header_of("Where it is"));
    if (json_object_size(headers))
        json_object_set(answer, "headers", headers);
    json_decref(headers);
    return answer;
}

static void add_problem(json_t *responses, int status)
{
    char code[8];
    snprintf(code, sizeof code, "%d", status);
    json_object_set_new(responses, code,
                        json_pack("{s:s,s:{s:{s:o}}}", "description", drmd_reason(status), "content", drmd_problem_json,
                                  "schema", ref("schemas", "Problem")));
}

static json_t *make_responses(const drmd_route *route)
{
    json_t *responses = json_object();
    char code[8];
    snprintf(code, sizeof code, "%d", route->status);
    json_object_set_new(responses, code, make_success(route));
    if (route->flags & DRMD_CONDITIONAL)
        json_object_set_new(responses, "304", json_pack("{s:s}", "description", drmd_reason(304)));
    if (!(route->flags & DRMD_PUBLIC)) {
        add_problem(responses, 401);
        add_problem(responses, 403);
    }
    if (!(route->flags & DRMD_PUBLIC) || (route->flags & DRMD_HASHES))
        add_problem(responses, 429);
    if (strchr(route->pattern, '{') || (route->flags & DRMD_IDEMPOTENCY))
        add_problem(responses, 404);
    if (route->query || route->request || (route->flags & (DRMD_TAKES_AFTER | DRMD_TAKES_HEAD | DRMD_ANSWER)))
        add_problem(responses, 400);
    if (route->flags & DRMD_ANSWER)
        add_problem(responses, 401);
    if (route->request) {
        add_problem(responses, 413);
        add_problem(responses, 415);
        add_problem(responses, 409);
        add_problem(responses, 401);
        add_problem(responses, 403);
    }
    if (route->flags & DRMD_IF_MATCH)
        add_problem(responses, 412);
    if (route->flags & DRMD_IDEMPOTENCY)
        add_problem(responses, 422);
    json_object_set_new(responses, "default",
                        json_pack("{s:s,s:{s:{s:o}}}", "description", "Any other problem", "content", drmd_problem_json,
                                  "schema", ref("schemas", "Problem")));
    return responses;
}

/* "get_api_v1_devices_id": distinct, since method and path are. */
static json_t *operation_id(const drmd_route *route)
{
    char text[160];
    size_t n = 0;
    for (const char *p = drmd_method_name(route->method); *p; p++)
        text[n++] = (char)tolower((unsigned char)*p);
    for (const char *p = route->pattern; *p && n < sizeof text - 1; p++)
        if (isalnum((unsigned char)*p))
            text[n++] = *p;
        else if (text[n - 1] != '_')
            text[n++] = '_';
    while (n && text[n - 1] == '_')
        n--;
    return json_stringn(text, n);
}

static json_t *make_operation(const drmd_route *route)
{
    json_t *operation = json_pack("{s:s,s:o,s:[s],s:o}", "summary", route->summary, "operationId", operation_id(route),
                                  "tags", route->tag, "responses", make_responses(route));
    json_t *parameters = make_parameters(route);
    if (json_array_size(parameters))
        json_object_set(operation, "parameters", parameters);
    json_decref(parameters);
    if (route->request)
        json_object_set_new(operation, "requestBody",
                            json_pack("{s:b,s:{s:{s:o}}}", "required", 1, "content", drmd_json, "schema",
                                      ref("schemas", route->request)));
    if (route->flags & DRMD_PUBLIC) {
        json_object_set_new(operation, "security", json_array());
    } else if (route->permission != DRMGMT_PERM_NONE) {
        json_object_set_new(operation, "x-permission", json_string(drmgmt_permission_name(route->permission)));
        json_object_set_new(operation, "x-role",
                            json_string(drmgmt_role_name(drmgmt_permission_role(route->permission))));
    }
    return operation;
}

static json_t *make_paths(void)
{
    json_t *paths = json_object();
    for (size_t i = 0; i < drmd_n_routes; i++) {
        const drmd_route *route = &drmd_routes[i];
        if (route->flags & DRMD_ASSET)
            continue;
        json_t *path = json_object_get(paths, route->pattern);
        if (!path) {
            path = json_object();
            json_object_set_new(paths, route->pattern, path);
        }
        char method[8];
        snprintf(method, sizeof method, "%s", drmd_method_name(route->method));
        for (char *p = method; *p; p++)
            *p = (char)tolower((unsigned char)*p);
        json_object_set_new(path, method, make_operation(route));
    }
    return paths;
}

char *drmd_openapi_make(size_t *length)
{
    json_t *document =
        json_pack("{s:s,s:{s:s,s:s,s:s},s:[{s:s}],s:[{s:[]},{s:[]}],s:o,s:{s:o,s:{s:{s:s,s:s,s:s},s:{s:s,s:s,s:s}}}}",
                  "openapi", "3.1.0", "info", "title", "drmgmt", "version", DRMGMT_VERSION, "description",
                  "Device Remote Management: devices of many tenants, read and changed over the protocols they speak.",
                  "servers", "url", "/", "security", "token", "apiKey", "paths", make_paths(), "components", "schemas",
                  make_schemas(), "securitySchemes", "token", "type", "http", "scheme", "bearer", "description",
                  "Access token of /api/v1/auth/login, or an API key", "apiKey", "type", "apiKey", "in", "header",
                  "name", "X-API-Key");
    char *text = document ? json_dumps(document, JSON_COMPACT) : NULL;
    json_decref(document);
    *length = text ? strlen(text) : 0;
    return text;
}
