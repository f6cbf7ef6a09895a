/* A growable byte buffer with a sticky out-of-memory flag, and JSON writing into it.
 * Used by everything that makes text: JSON answers, SQL arrays, messages. Internal.
 *
 * Once memory is out further appends do nothing and failed is true; so a writer checks once, at the end. */
#ifndef DRMGMT_CORE_STRBUF_H
#define DRMGMT_CORE_STRBUF_H

#include <drm/export.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct drmgmt__strbuf {
    char *data; /* NUL-terminated when not NULL */
    size_t length, size;
    bool failed;
} drmgmt__strbuf;

#define DRMGMT__STRBUF_INIT                                                                                            \
    {                                                                                                                  \
        NULL, 0, 0, false                                                                                              \
    }
#define DRMGMT__STRBUF __attribute__((cleanup(drmgmt__strbuf_free))) drmgmt__strbuf

void drmgmt__strbuf_free(drmgmt__strbuf *b);
/* Forgets the content, keeps the memory. */
void drmgmt__strbuf_reset(drmgmt__strbuf *b);
void drmgmt__strbuf_add(drmgmt__strbuf *b, const void *bytes, size_t n);
void drmgmt__strbuf_puts(drmgmt__strbuf *b, const char *text);
void drmgmt__strbuf_putc(drmgmt__strbuf *b, char c);
void drmgmt__strbuf_printf(drmgmt__strbuf *b, const char *format, ...) DRMGMT_PRINTF(2, 3);
void drmgmt__strbuf_vprintf(drmgmt__strbuf *b, const char *format, va_list args) DRMGMT_PRINTF(2, 0);
/* Hands the text over (NULL if memory was out); b is empty afterwards. length may be NULL. */
char *drmgmt__strbuf_steal(drmgmt__strbuf *b, size_t *length);

/* Whether a text is well-formed UTF-8 (RFC 3629). */
bool drmgmt__utf8_valid(const char *text);
/* A JSON string with its quotes; invalid UTF-8 becomes U+FFFD, control characters are escaped. NULL text: null. */
void drmgmt__json_string(drmgmt__strbuf *b, const char *text);
void drmgmt__json_string_n(drmgmt__strbuf *b, const char *text, size_t n);
/* "name": with a comma before it unless the last byte is '{' or '['. */
void drmgmt__json_key(drmgmt__strbuf *b, const char *name);
/* Both, and the same for a number. */
void drmgmt__json_member(drmgmt__strbuf *b, const char *name, const char *text);
void drmgmt__json_member_int(drmgmt__strbuf *b, const char *name, int64_t value);

#endif
