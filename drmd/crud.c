/* Create, read, change, delete and list for every noun whose library calls have the same shape: the route's row names
 * the noun. With ETag, If-Match and If-None-Match (RFC 9110, section 13). Called by dispatch.c; api_*.c use the
 * helpers. */
#include "routes.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

drmgmt_query *drmd_query_from(drmd_request *r, const drmgmt_entity *entity)
{
    drmgmt_query *query = drmgmt_query_new(entity);
    if (!query) {
        drmd_reply_problem(r, 503, NULL, "Out of memory.");
        return NULL;
    }
    const char *cursor = r->query;
    char name[64], value[2048];
    for (int got; (got = drmd_query_next(&cursor, name, sizeof name, value, sizeof value)) != 0;) {
        drmgmt_error *error = NULL;
        if (got < 0)
            drmd_reply_problem(r, 400, "query", "The query string is malformed or one of its values too long.");
        else if (drmgmt_query_set(query, name, value, &error))
            drmd_reply_error(r, error);
        else
            continue;
        drmgmt_query_free(query);
        return NULL;
    }
    return query;
}

drmgmt_draft *drmd_draft_from(drmd_request *r, const drmgmt_entity *entity)
{
    drmgmt_draft *draft = NULL;
    drmgmt_error *error = NULL;
    int failed = drmgmt_draft_from_json(entity, r->body, r->body_length, &draft, &error);
    if (failed)
        drmd_reply_error(r, error);
    return draft;
}

void drmd_reply_page(drmd_request *r, drmgmt_page *page)
{
    char *json = NULL;
    size_t length = 0;
    if (drmgmt_page_json(page, &json, &length))
        drmd_reply_problem(r, 503, NULL, "Out of memory.");
    else
        drmd_reply_json(r, r->route->status, json, length);
    drmgmt_page_free(page);
}

void drmd_reply_record(drmd_request *r, int status, drmgmt_record *record)
{
    char *json = NULL;
    size_t length = 0;
    if (drmgmt_record_json(record, &json, &length))
        drmd_reply_problem(r, 503, NULL, "Out of memory.");
    else
        drmd_reply_json(r, status, json, length);
    drmgmt_record_free(record);
}

void drmd_reply_record_with(drmd_request *r, int status, drmgmt_record *record, const char *name, char *secret)
{
    drmd_buffer *b = &r->worker->text;
    char *json = NULL;
    size_t length = 0;
    drmd_buffer_reset(b, 64 * 1024);
    bool failed = drmgmt_record_json(record, &json, &length) != 0 || length < 2;
    if (!failed) {
        drmd_buffer_puts(b, "{");
        if (secret)
            drmd_buffer_member(b, name, secret);
        else
            drmd_buffer_printf(b, "\"%s\":null", name);
        drmd_buffer_puts(b, ",");
        drmd_buffer_add(b, json + 1, length - 1);
    }
    if (failed || b->failed)
        drmd_reply_problem(r, 503, NULL, "Out of memory.");
    else
        drmd_reply(r, status, drmd_json, b->data, b->length);
    drmd_buffer_wipe(&r->worker->out);
    drmd_buffer_wipe(b);
    drmgmt_free(json);
    drmgmt_record_free(record);
    if (secret)
        explicit_bzero(secret, strlen(secret));
    drmgmt_free(secret);
}

static const drmgmt_entity *entity_of(const drmd_request *r)
{
    return drmgmt_entity_find(r->route->noun->entity);
}

static int64_t version_of(const drmd_noun *noun, const drmgmt_record *record)
{
    return noun->version_field ? drmgmt_record_int(record, noun->version_field) : 0;
}

void drmd_set_etag(drmd_request *r, const drmgmt_record *record)
{
    int64_t version = version_of(r->route->noun, record);
    if (version > 0)
        snprintf(r->etag, sizeof r->etag, "\"%lld\"", (long long)version);
}

/* Takes the next entity-tag off a list: 1 with its opaque text, 0 at the end, -1 when malformed. */
static int next_tag(const char **list, bool *weak, const char **text, size_t *length)
{
    const char *p = *list + strspn(*list, " \t,");
    if (!*p)
        return 0;
    *weak = strncmp(p, "W/", 2) == 0;
    p += *weak ? 2 : 0;
    const char *end = *p == '"' ? strchr(p + 1, '"') : NULL;
    if (!end)
        return -1;
    *text = p + 1;
    *length = (size_t)(end - p - 1);
    *list = end + 1;
    return 1;
}

/* The version a strong tag of ours names; 0 if it is none of ours. */
static int64_t tag_version(bool weak, const char *text, size_t length)
{
    if (weak || length == 0 || length > 18 || *text == '0' || strspn(text, "0123456789") != length)
        return 0;
    return strtoll(text, NULL, 10);
}

static bool precondition_failed(drmd_request *r)
{
    drmd_reply_problem(r, 412, NULL, "It was changed since that ETag was read, or never had it.");
    return false;
}

static const char if_match_form[] = "If-Match must be * or a list of at most 16 quoted entity-tags.";

/* Which version If-Match asks for: 0 for any. One tag is left to the database to compare, in the statement that writes;
 * of several, the one that is current is taken. False: answered. */
bool drmd_if_match(drmd_request *r, const char *id, int64_t *version)
{
    const drmd_noun *noun = r->route->noun;
    const char *list = r->headers[DRMD_H_IF_MATCH], *text;
    *version = 0;
    if (!list || strcmp(list, "*") == 0)
        return true;
    int64_t wanted[16];
    size_t n = 0, length;
    bool weak;
    for (int got; (got = next_tag(&list, &weak, &text, &length)) != 0;) {
        if (got < 0 || n == DRMD_COUNT(wanted)) {
            drmd_reply_problem(r, 400, "If-Match", "%s", if_match_form);
            return false;
        }
        wanted[n++] = tag_version(weak, text, length);
    }
    if (n == 0) {
        drmd_reply_problem(r, 400, "If-Match", "%s", if_match_form);
        return false;
    }
    if (n == 1 && wanted[0] > 0) {
        *version = wanted[0];
        return true;
    }
    drmgmt_record *record = NULL;
    drmgmt_error *error = NULL;
    if (noun->get(r->session, id, &record, &error)) {
        drmd_reply_error(r, error);
        return false;
    }
    int64_t current = version_of(noun, record);
    drmgmt_record_free(record);
    for (size_t i = 0; i < n; i++)
        if (wanted[i] > 0 && wanted[i] == current) {
            *version = current;
            return true;
        }
    return precondition_failed(r);
}

static bool not_modified(const drmd_request *r)
{
    const char *list = r->headers[DRMD_H_IF_NONE_MATCH], *text;
    if (!list || !r->etag[0] || !(r->route->flags & DRMD_CONDITIONAL))
        return false;
    if (strcmp(list, "*") == 0)
        return true;
    size_t length;
    bool weak;
    while (next_tag(&list, &weak, &text, &length) > 0)
        if (strlen(r->etag) == length + 2 && memcmp(r->etag + 1, text, length) == 0)
            return true;
    return false;
}

void drmd_reply_json_of(drmd_request *r, drmd_json_fn *call)
{
    char *json = NULL;
    drmgmt_error *error = NULL;
    if (call(r->session, &json, &error))
        drmd_reply_error(r, error);
    else
        drmd_reply_json(r, r->route->status, json, strlen(json));
}

void drmd_reply_created(drmd_request *r, drmgmt_record *record)
{
    drmd_set_etag(r, record);
    snprintf(r->location, sizeof r->location, "%s/%s", r->route->noun->path, drmgmt_record_id(record));
    drmd_reply_record(r, 201, record);
}

void drmd_crud_create(drmd_request *r)
{
    drmgmt_draft *draft = drmd_draft_from(r, entity_of(r));
    if (!draft)
        return;
    drmgmt_record *record = NULL;
    drmgmt_error *error = NULL;
    int failed = r->route->noun->create(r->session, draft, &record, &error);
    drmgmt_draft_free(draft);
    if (failed)
        drmd_reply_error(r, error);
    else
        drmd_reply_created(r, record);
}

void drmd_crud_get(drmd_request *r)
{
    drmgmt_record *record = NULL;
    drmgmt_error *error = NULL;
    if (r->route->noun->get(r->session, r->params[0], &record, &error)) {
        drmd_reply_error(r, error);
        return;
    }
    drmd_set_etag(r, record);
    if (not_modified(r)) {
        drmgmt_record_free(record);
        drmd_reply(r, 304, NULL, NULL, 0);
    } else {
        drmd_reply_record(r, 200, record);
    }
}

void drmd_crud_update(drmd_request *r)
{
    int64_t version;
    if (!drmd_if_match(r, r->params[0], &version))
        return;
    drmgmt_draft *draft = drmd_draft_from(r, entity_of(r));
    if (!draft)
        return;
    drmgmt_record *record = NULL;
    drmgmt_error *error = NULL;
    int failed = r->route->noun->update(r->session, r->params[0], version, draft, &record, &error);
    drmgmt_draft_free(draft);
    if (failed) {
        drmd_reply_error(r, error);
        return;
    }
    drmd_set_etag(r, record);
    drmd_reply_record(r, 200, record);
}

void drmd_crud_delete(drmd_request *r)
{
    int64_t version;
    drmgmt_error *error = NULL;
    if (!drmd_if_match(r, r->params[0], &version))
        return;
    if (r->route->noun->remove(r->session, r->params[0], version, &error))
        drmd_reply_error(r, error);
    else
        drmd_reply(r, 204, NULL, NULL, 0);
}

void drmd_crud_list(drmd_request *r)
{
    drmgmt_query *query = drmd_query_from(r, entity_of(r));
    if (!query)
        return;
    drmgmt_page *page = NULL;
    drmgmt_error *error = NULL;
    int failed = r->route->noun->list(r->session, query, &page, &error);
    drmgmt_query_free(query);
    if (failed)
        drmd_reply_error(r, error);
    else
        drmd_reply_page(r, page);
}
