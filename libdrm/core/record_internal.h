/* How records, pages, drafts and queries are held. Domain files build them from rows; core/record.c implements
 * the public getters and the JSON. Internal. */
#ifndef DRMGMT_CORE_RECORD_INTERNAL_H
#define DRMGMT_CORE_RECORD_INTERNAL_H

#include "core/strbuf.h"
#include <drm/record.h>

struct drmgmt__rows; /* store/store.h */

/* A record is a row of a rows object: column i is field i of the entity. Rows are shared by a page's records. */
struct drmgmt_record {
    const drmgmt_entity *entity;
    struct drmgmt__rows *rows; /* owned when owns_rows */
    size_t row;
    bool owns_rows;
    bool list;    /* from a list: DETAIL fields absent */
    char **texts; /* per field: the text form made on demand (TIME), or NULL; freed with the record */
};

struct drmgmt_page {
    const drmgmt_entity *entity;
    struct drmgmt__rows *rows;
    size_t count;
    drmgmt_record *records; /* count of them, made with the page */
    char *next;
};

/* A draft's values: one slot a field. */
struct drmgmt_draft {
    const drmgmt_entity *entity;
    struct drmgmt__draft_value {
        bool set;   /* false: the field is left as it is */
        char *text; /* NULL: null; TAGS and JSON as JSON text */
    } * values;
};

#define DRMGMT__QUERY_FILTERS_MAX 16
struct drmgmt_query {
    const drmgmt_entity *entity;
    unsigned limit;
    char *cursor, *sort; /* as given; NULL: none */
    char *since, *until; /* of the TIME field that filters, RFC 3339 or a date; NULL: any time */
    size_t n_filters;
    struct drmgmt__filter {
        int field; /* index in the entity */
        char *value;
    } filters[DRMGMT__QUERY_FILTERS_MAX];
};

/* Takes the rows over (also on failure). Columns must be the entity's @columns@ in order (then any further ones). The
 * row must exist. */
int drmgmt__record_new(const drmgmt_entity *entity, struct drmgmt__rows *rows, size_t row, drmgmt_record **record,
                       drmgmt_error **error);
/* Takes rows and next (malloc()ed or NULL) over. Shows the first count rows. */
int drmgmt__page_new(const drmgmt_entity *entity, struct drmgmt__rows *rows, size_t count, char *next,
                     drmgmt_page **page, drmgmt_error **error);
void drmgmt__record_write_json(drmgmt__strbuf *b, const drmgmt_record *record);
/* The value of one field as it stands in that JSON. */
void drmgmt__record_write_value(drmgmt__strbuf *b, const drmgmt_record *record, size_t field);

/* The value a draft holds for a field, and whether it is set. name must be a field of the entity. */
const char *drmgmt__draft_text(const drmgmt_draft *draft, const char *name);
bool drmgmt__draft_has(const drmgmt_draft *draft, const char *name);
/* INVALID naming the first required field that is not set or null. */
int drmgmt__draft_require(const drmgmt_draft *draft, drmgmt_error **error);
/* INVALID naming the first field set that is not WRITABLE (CREATE fields on a change). */
int drmgmt__draft_check_change(const drmgmt_draft *draft, drmgmt_error **error);
/* First filter value of a field by name, from index *from on (moved past it); NULL if there is no further one. */
const char *drmgmt__query_filter(const drmgmt_query *query, const char *name, size_t *from);

#endif
