/* What every list call does around its statement: limit and cursor in, page and next cursor out; and every reading of
 * one. Called by the domain rooms. Internal. */
#ifndef DRMGMT_STORE_LIST_H
#define DRMGMT_STORE_LIST_H

#include "core/cursor.h"
#include "store/store.h"

/* Runs a list statement and makes the page. Parameter 1 is limit + 1, parameter 2 the key of the row after which to go
 * on, or null; params holds those from the third on in the places 2 and up (begin with drmgmt__list_params()). key: the
 * field by which the statement sorts; unique. */
int drmgmt__list_run(drmgmt_session *session, drmgmt_permission permission, const drmgmt__query *statement,
                     drmgmt__params *params, const drmgmt_query *query, const char *key, drmgmt_page **page,
                     drmgmt_error **error);
/* Reads one record by the statement's only parameter, an id or a name. NOT_FOUND, "there is no such <what>". */
int drmgmt__get_run(drmgmt_session *session, drmgmt_permission permission, const drmgmt__query *statement,
                    const char *id_or_name, const drmgmt_entity *entity, const char *what, drmgmt_record **record,
                    drmgmt_error **error);
/* Leaves room for the first two. */
void drmgmt__list_params(drmgmt__params *params);
/* Ids tell when they were made: the first one that rows of the query's time can have, and one after the last, give or
 * take a day for clocks that differ. */
void drmgmt__list_ids(const drmgmt_query *query, char from[37], char until[37]);
/* A filter's text as a LIKE pattern: * stands for anything. NULL stays NULL. The buffer holds it. */
const char *drmgmt__list_pattern(drmgmt__strbuf *buffer, const char *text);

#endif
