/* Entities, records, drafts, queries and pages: the one shape in which all nouns are read and written.
 *
 * An entity (device, job, api_key, snmp_credential) is described once: its fields, their types, which
 * are secret, writable, sortable, shown by default. SQL columns, JSON, CLI columns and the OpenAPI
 * schema are read off that description.
 * A record is a snapshot of one entity: nothing re-queries behind the caller's back.
 * A draft is a set of field values to create or change one; it checks names and types as it is filled.
 * A query is what a list is asked with; a page is what it answers. */
#ifndef DRMGMT_RECORD_H
#define DRMGMT_RECORD_H

#include <drm/error.h>
#include <stddef.h>
#include <stdint.h>

DRMGMT_BEGIN

typedef enum drmgmt_type {
    DRMGMT_TYPE_UUID, /* RFC 9562 text form, lower case */
    DRMGMT_TYPE_TEXT,
    DRMGMT_TYPE_INT, /* int64 */
    DRMGMT_TYPE_BOOL,
    DRMGMT_TYPE_TIME, /* RFC 3339, UTC, "2026-01-31T12:00:00.123456Z" */
    DRMGMT_TYPE_TAGS, /* array of text, in JSON ["site=berlin", ...] */
    DRMGMT_TYPE_JSON  /* any JSON value */
} drmgmt_type;

enum {                             /* drmgmt_field.flags */
       DRMGMT_FIELD_WRITABLE = 1,  /* may be set when created and when changed */
       DRMGMT_FIELD_CREATE = 2,    /* may be set when created only */
       DRMGMT_FIELD_REQUIRED = 4,  /* must be set when created */
       DRMGMT_FIELD_SECRET = 8,    /* write-only: read back as {"set": true|false} */
       DRMGMT_FIELD_SORTABLE = 16, /* a list may be sorted by it */
       DRMGMT_FIELD_FILTER = 32,   /* a list may be filtered by it */
       DRMGMT_FIELD_DETAIL = 64,   /* absent from lists */
       DRMGMT_FIELD_COLUMN = 128,  /* a column of drmctl's table by default */
       DRMGMT_FIELD_INPUT = 256    /* says how it is made, and is no part of it: never read back */
};

typedef struct drmgmt_field {
    const char *name; /* the same in SQL, C, REST and CLI */
    drmgmt_type type;
    unsigned flags;
    const char *sql;    /* the column expression; for the library's own use */
    const char *doc;    /* one sentence, no full stop */
    const char *schema; /* extra JSON Schema members without braces ("\"minimum\":1"), or NULL */
} drmgmt_field;

typedef struct drmgmt_entity {
    const char *name;   /* "device" */
    const char *plural; /* "devices" */
    const char *doc;
    const drmgmt_field *fields; /* the first one is always "id" */
    size_t n_fields;
} drmgmt_entity;

/* The description of an entity by name, NULL if there is none; and all of them, NULL-terminated. Static. */
DRMGMT_API const drmgmt_entity *drmgmt_entity_find(const char *name);
DRMGMT_API const drmgmt_entity *const *drmgmt_entity_all(void);
/* Index of a field by name, or -1. */
DRMGMT_API int drmgmt_entity_field(const drmgmt_entity *entity, const char *name);

/* ---- records ---- */
typedef struct drmgmt_record drmgmt_record;

DRMGMT_API void drmgmt_record_free(drmgmt_record *record); /* NULL is allowed; not for a page's records */
DRMGMT_API const drmgmt_entity *drmgmt_record_entity(const drmgmt_record *record);
/* A field's value as text: UUID, TEXT and TIME as they are, INT and BOOL ("true"/"false") printed, TAGS and JSON as
 * JSON. NULL when the value is null, absent from this snapshot, secret or unknown. Lives as long as the record. */
DRMGMT_API const char *drmgmt_record_text(const drmgmt_record *record, const char *field);
/* A number; 0 when it is null, absent or not a number. */
DRMGMT_API int64_t drmgmt_record_int(const drmgmt_record *record, const char *field);
DRMGMT_API bool drmgmt_record_bool(const drmgmt_record *record, const char *field);
/* The record's id. Never NULL. */
DRMGMT_API const char *drmgmt_record_id(const drmgmt_record *record);
/* The record as a JSON object, compact. *json is malloc()ed: free it with drmgmt_free(). */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_record_json(const drmgmt_record *record, char **json, size_t *length);

/* Frees memory handed out as "free it with drmgmt_free()". NULL is allowed. */
DRMGMT_API void drmgmt_free(void *memory);

/* ---- drafts ---- */
typedef struct drmgmt_draft drmgmt_draft;

/* An empty draft for an entity; NULL when memory is out. */
DRMGMT_API drmgmt_draft *drmgmt_draft_new(const drmgmt_entity *entity);
/* A draft from a JSON object (UTF-8, length bytes). Errors: INVALID with the field's name - unknown, read-only, of
 * another type, duplicate; nesting above 32. */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_draft_from_json(const drmgmt_entity *entity, const char *json, size_t length,
                                                       drmgmt_draft **draft, drmgmt_error **error);
DRMGMT_API void drmgmt_draft_free(drmgmt_draft *draft); /* NULL is allowed; secrets are wiped */
/* Sets a field from its text form (TAGS and JSON: JSON text; text NULL: null). */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_draft_set(drmgmt_draft *draft, const char *field, const char *text,
                                                 drmgmt_error **error);

/* ---- lists ---- */
typedef struct drmgmt_query drmgmt_query;
typedef struct drmgmt_page drmgmt_page;

enum { DRMGMT_LIMIT_DEFAULT = 50, DRMGMT_LIMIT_MAX = 1000 };

DRMGMT_API drmgmt_query *drmgmt_query_new(const drmgmt_entity *entity); /* NULL when memory is out */
DRMGMT_API void drmgmt_query_free(drmgmt_query *query);                 /* NULL is allowed */
/* Adds a filter "field is value". TEXT fields take * as a wildcard; TAGS: the list holds that tag (several add up). The
 * words "limit", "cursor" and "sort" are taken too, so that a REST query string can be passed through, and for an
 * entity with a TIME field that filters "since" (within) and "until" (not within), in RFC 3339 or as dates. Errors:
 * INVALID with the name - not a field that filters, bad value. */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_query_set(drmgmt_query *query, const char *name, const char *value,
                                                 drmgmt_error **error);

DRMGMT_API void drmgmt_page_free(drmgmt_page *page); /* NULL is allowed; frees its records too */
DRMGMT_API size_t drmgmt_page_count(const drmgmt_page *page);
/* The i-th record; NULL past the end. Belongs to the page. */
DRMGMT_API const drmgmt_record *drmgmt_page_record(const drmgmt_page *page, size_t i);
/* Cursor of the next page to give to drmgmt_query_set("cursor"); NULL on the last page. Opaque, signed. */
DRMGMT_API const char *drmgmt_page_next(const drmgmt_page *page);
/* {"items":[...],"next":"..."|null}; free with drmgmt_free(). */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_page_json(const drmgmt_page *page, char **json, size_t *length);

DRMGMT_END

#endif
