/* JSON schemas of bodies that are no entity, as text; openapi.c puts them beside those read off the entities. */
#ifndef DRMD_SCHEMAS_H
#define DRMD_SCHEMAS_H

#include <stddef.h>

typedef struct drmd_schema {
    const char *name;
    const char *text; /* a JSON Schema */
} drmd_schema;

extern const drmd_schema drmd_schemas[];
extern const size_t drmd_n_schemas;

#endif
