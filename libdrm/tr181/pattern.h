/* Patterns of data types (XML Schema part 2, appendix F "Regular Expressions", which TR-106 takes over): compiled to a
 * little program of which all threads run at once, so that a match takes time linear in the text whatever the pattern.
 * libxml2's matcher goes back instead: a pattern of 400 octets, "(a?)(a?)..b", keeps it busy for seconds with 30
 * octets of text, and data models are uploaded by strangers. Internal. A compiled one is only read: any thread.
 *
 * Not there: \p{..} and \P{..}, which no known model has; outside ASCII every character counts as a letter for \w, \i
 * and \c. */
#ifndef DRMGMT_TR181_PATTERN_H
#define DRMGMT_TR181_PATTERN_H

#include "core/arena.h"
#include <stdint.h>

enum {
    DRMGMT__DM_PATTERN_MAX = 4096,         /* octets of its text */
    DRMGMT__DM_PATTERN_PROGRAM_MAX = 4096, /* instructions: {0,100} repeats what is before it a hundred times */
    DRMGMT__DM_PATTERN_CLASSES_MAX = 1024,
    DRMGMT__DM_PATTERN_DEPTH_MAX = 32 /* groups in groups */
};

typedef struct drmgmt__dm_pattern drmgmt__dm_pattern;

typedef enum drmgmt__dm_matching {
    DRMGMT__DM_MATCHES,
    DRMGMT__DM_DIFFERS,
    DRMGMT__DM_GIVEN_UP /* the budget is used up, or memory */
} drmgmt__dm_matching;

/* In the arena; NULL when the text is no pattern, is one that is not understood, is too large, or memory is out. */
drmgmt__dm_pattern *drmgmt__dm_pattern_new(drmgmt__arena *arena, const char *text);
/* n octets of UTF-8, the whole of them. budget: steps that may be taken, those that were are taken off. */
drmgmt__dm_matching drmgmt__dm_pattern_match(const drmgmt__dm_pattern *pattern, const char *text, size_t n,
                                             uint64_t *budget);

#endif
