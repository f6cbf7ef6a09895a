/* Text to modules. Called by the import and by tests. Pure: no file, no database, no other module is asked. Internal.
 */
#ifndef DRMGMT_MIB_PARSE_H
#define DRMGMT_MIB_PARSE_H

#include "mib/module.h"
#include <drm/error.h>

typedef struct drmgmt__mib_limits {
    size_t text;    /* bytes of a text */
    size_t memory;  /* bytes that a module may take */
    size_t modules; /* of a text */
    size_t objects; /* of a module */
} drmgmt__mib_limits;

/* 32 MiB of text, 256 MiB of memory, 1,000 modules, 200,000 objects. */
extern const drmgmt__mib_limits drmgmt__mib_limits_default;

/* What came of a text. */
typedef struct drmgmt__mib_file {
    drmgmt__arena arena;
    DRMGMT__ARENA_LIST(drmgmt__mib_module *) modules; /* in the order of the text. Who takes one over puts NULL there */
    drmgmt__mib_notes notes;                          /* of what stands outside of modules */
    uint64_t steps;                                   /* bytes and tokens looked at: what the work is proportional to */
} drmgmt__mib_file;

/* Reads the modules of a text (RFC 1155, 1212, 1215, 2578-2580) of any coding that has ASCII in it: what is no UTF-8 is
 * taken for Latin-1. What cannot be read costs the declaration it stands in, and is told with its line in the module's
 * notes. file starts as all zeros and is to be freed in any case. limits NULL: the default ones. INVALID: no module is
 * in it. TOO_LARGE: a limit is exceeded. NO_MEMORY. */
int drmgmt__mib_parse(drmgmt__mib_file *file, const char *text, size_t length, const drmgmt__mib_limits *limits,
                      drmgmt_error **error);
void drmgmt__mib_file_free(drmgmt__mib_file *file);

#endif
