/* Small JSON bodies that are no entity: an object of strings. Used by api_auth.c and api_api_keys.c. */
#ifndef DRMD_JSON_H
#define DRMD_JSON_H

#include "drmd.h"

typedef struct drmd_string_field {
    const char *name;
    bool required;     /* and not empty; other limits are the library's */
    const char *value; /* set when read; NULL: absent or null */
} drmd_string_field;

typedef struct json_t drmd_strings; /* the object the values live in */

/* Reads the request's body into fields. Answers itself and returns NULL when it is refused. */
drmd_strings *drmd_strings_read(drmd_request *r, drmd_string_field *fields, size_t n);
/* The same of an object that holds one flag at most. Answers itself and returns false when it is refused. */
bool drmd_flag_read(drmd_request *r, const char *name, bool *flag);
/* Wipes the values. NULL is allowed. */
void drmd_strings_free(drmd_strings *strings);

#endif
