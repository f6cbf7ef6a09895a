/* A growable text buffer for responses, and JSON words into it. Once memory is out, appends do nothing and failed is
 * set, so that a writer checks once. Used by response.c, metrics.c, sse.c. */
#ifndef DRMD_BUFFER_H
#define DRMD_BUFFER_H

#include <drm/export.h>
#include <stdbool.h>
#include <stddef.h>

typedef struct drmd_buffer {
    char *data;
    size_t length, size;
    bool failed;
} drmd_buffer;

void drmd_buffer_free(drmd_buffer *b);
/* Overwrites the content, which was secret, and forgets it. */
void drmd_buffer_wipe(drmd_buffer *b);
/* Forgets the content; gives memory above keep bytes back. */
void drmd_buffer_reset(drmd_buffer *b, size_t keep);
/* Moves the content when there is no room; its old place is wiped. */
bool drmd_buffer_reserve(drmd_buffer *b, size_t more);
void drmd_buffer_add(drmd_buffer *b, const void *bytes, size_t n);
void drmd_buffer_puts(drmd_buffer *b, const char *text);
void drmd_buffer_printf(drmd_buffer *b, const char *format, ...) DRMGMT_PRINTF(2, 3);
void drmd_buffer_number(drmd_buffer *b, unsigned long long value);
/* A JSON string with its quotes; NULL: null. Text must be UTF-8; other bytes become U+FFFD. */
void drmd_buffer_json(drmd_buffer *b, const char *text);
/* "name":"text", with a comma before it unless the last byte is '{'. */
void drmd_buffer_member(drmd_buffer *b, const char *name, const char *text);

/* Length of the UTF-8 sequence at text, at most n bytes (RFC 3629, section 4); 0 if it is none. n > 0. */
size_t drmd_utf8_length(const char *text, size_t n);
bool drmd_utf8_valid(const char *text, size_t n);

#endif
