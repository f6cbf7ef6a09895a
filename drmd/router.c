/* Matches a request's path segment by segment against the patterns of the route table, compiled once at start.
 * Called by dispatch.c. */
#include "routes.h"
#include <stdlib.h>
#include <string.h>

enum { SEGMENTS_MAX = 8 };

struct segment {
    const char *text; /* in the pattern; NULL: any, a parameter */
    size_t length;
};

/* One path with its methods. */
struct resource {
    struct segment segments[SEGMENTS_MAX];
    size_t n_segments;
    const drmd_route *by_method[DRMD_METHODS];
    unsigned methods;
};

struct drmd_router {
    struct resource *resources;
    size_t count;
};

static size_t split(const char *path, struct segment segments[SEGMENTS_MAX])
{
    size_t n = 0;
    while (*path == '/') {
        size_t length = strcspn(++path, "/");
        if (n == SEGMENTS_MAX)
            return SEGMENTS_MAX + 1;
        segments[n++] = (struct segment){ path, length };
        path += length;
    }
    return n;
}

static struct resource *resource_of(struct drmd_router *router, const char *pattern)
{
    for (size_t i = 0; i < router->count; i++)
        for (size_t m = 0; m < DRMD_METHODS; m++)
            if (router->resources[i].by_method[m] && strcmp(router->resources[i].by_method[m]->pattern, pattern) == 0)
                return &router->resources[i];
    struct resource *resource = &router->resources[router->count++];
    resource->n_segments = split(pattern, resource->segments);
    for (size_t i = 0; i < resource->n_segments; i++)
        if (resource->segments[i].text[0] == '{')
            resource->segments[i].text = NULL;
    return resource;
}

struct drmd_router *drmd_router_new(void)
{
    struct drmd_router *router = calloc(1, sizeof *router);
    if (!router)
        return NULL;
    router->resources = calloc(drmd_n_routes, sizeof *router->resources);
    if (!router->resources) {
        free(router);
        return NULL;
    }
    for (size_t i = 0; i < drmd_n_routes; i++) {
        const drmd_route *route = &drmd_routes[i];
        struct resource *resource = resource_of(router, route->pattern);
        resource->by_method[route->method] = route;
        resource->methods |= 1u << route->method;
        if (route->method == DRMD_GET) {
            resource->by_method[DRMD_HEAD] = route;
            resource->methods |= 1u << DRMD_HEAD;
        }
    }
    return router;
}

void drmd_router_free(struct drmd_router *router)
{
    if (router)
        free(router->resources);
    free(router);
}

static bool matches(const struct resource *resource, const struct segment *path, size_t n, drmd_request *r)
{
    if (resource->n_segments != n)
        return false;
    size_t n_params = 0;
    for (size_t i = 0; i < n; i++) {
        const struct segment *wanted = &resource->segments[i];
        if (wanted->text) {
            if (wanted->length != path[i].length || memcmp(wanted->text, path[i].text, path[i].length) != 0)
                return false;
        } else if (path[i].length == 0 || n_params == DRMD_PARAMS_MAX ||
                   !drmd_uri_decode(path[i].text, path[i].length, false, r->params[n_params], sizeof r->params[0])) {
            return false;
        } else {
            n_params++;
        }
    }
    return true;
}

drmd_match drmd_router_find(const struct drmd_router *router, drmd_request *r)
{
    struct segment path[SEGMENTS_MAX];
    size_t n = split(r->path, path);
    for (size_t i = 0; i < router->count; i++) {
        const struct resource *resource = &router->resources[i];
        if (matches(resource, path, n, r)) {
            const drmd_route *route = r->method < DRMD_METHODS ? resource->by_method[r->method] : NULL;
            return (drmd_match){ route, true, resource->methods };
        }
    }
    return (drmd_match){ NULL, false, 0 };
}

void drmd_router_allow(unsigned methods, char text[64])
{
    size_t n = 0;
    for (int m = 0; m < DRMD_METHODS; m++) {
        if (m != DRMD_OPTIONS && !(methods & 1u << m))
            continue;
        const char *name = drmd_method_name((drmd_method)m);
        size_t length = strlen(name);
        if (n + length + 3 > 64)
            break;
        if (n) {
            memcpy(text + n, ", ", 2);
            n += 2;
        }
        memcpy(text + n, name, length);
        n += length;
    }
    text[n] = '\0';
}
