/* Arrays in PostgreSQL's text form, built element by element. Called by whoever sends many values as one parameter.
 * Internal. */
#ifndef DRMGMT_STORE_ARRAY_H
#define DRMGMT_STORE_ARRAY_H

#include "core/strbuf.h"

/* Adds one element; the first one opens the array. NULL: SQL null. */
void drmgmt__array_add(drmgmt__strbuf *b, const char *text);
/* Closes it; one without elements becomes {}. */
void drmgmt__array_end(drmgmt__strbuf *b);
/* The whole of a JSON array of strings as a text[]. False when it is none. */
bool drmgmt__array_from_json(drmgmt__strbuf *b, const char *json);

#endif
