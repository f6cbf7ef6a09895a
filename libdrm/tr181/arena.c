/* Memory of a data model: see arena.h. */
#include "tr181/arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK = 64 * 1024 };

struct chunk {
    struct chunk *next;
    alignas(max_align_t) unsigned char bytes[];
};

struct drmgmt__arena {
    struct chunk *chunks;
    unsigned char *at;
    size_t left, used, limit;
    bool full;
};

drmgmt__arena *drmgmt__arena_new(size_t limit)
{
    drmgmt__arena *arena = calloc(1, sizeof *arena);

    if (arena)
        arena->limit = limit;
    return arena;
}

void drmgmt__arena_free(drmgmt__arena *arena)
{
    while (arena && arena->chunks) {
        struct chunk *next = arena->chunks->next;
        free(arena->chunks);
        arena->chunks = next;
    }
    free(arena);
}

/* A chunk; one larger than usual is for one piece and leaves the current one in use. */
static unsigned char *add_chunk(drmgmt__arena *arena, size_t size)
{
    struct chunk *chunk;

    if (size > arena->limit - arena->used) {
        arena->full = true;
        return NULL;
    }
    chunk = calloc(1, sizeof *chunk + size);
    if (!chunk)
        return NULL;
    arena->used += size;
    chunk->next = arena->chunks;
    arena->chunks = chunk;
    return chunk->bytes;
}

void *drmgmt__arena_get(drmgmt__arena *arena, size_t size)
{
    unsigned char *piece;

    if (size > arena->limit) {
        arena->full = true;
        return NULL;
    }
    size = (size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
    if (size > CHUNK / 4)
        return add_chunk(arena, size);
    if (size > arena->left) {
        piece = add_chunk(arena, CHUNK);
        if (!piece)
            return NULL;
        arena->at = piece;
        arena->left = CHUNK;
    }
    piece = arena->at;
    arena->at += size;
    arena->left -= size;
    return piece;
}

void *drmgmt__arena_copy(drmgmt__arena *arena, const void *bytes, size_t size)
{
    void *copy = drmgmt__arena_get(arena, size);

    if (copy && size)
        memcpy(copy, bytes, size);
    return copy;
}

char *drmgmt__arena_text_n(drmgmt__arena *arena, const char *text, size_t n)
{
    char *copy = n < SIZE_MAX ? drmgmt__arena_get(arena, n + 1) : NULL;

    if (copy && n)
        memcpy(copy, text, n);
    return copy;
}

char *drmgmt__arena_text(drmgmt__arena *arena, const char *text)
{
    return text ? drmgmt__arena_text_n(arena, text, strlen(text)) : NULL;
}

char *drmgmt__arena_printf(drmgmt__arena *arena, const char *format, ...)
{
    va_list args;
    int n;
    char *text;

    va_start(args, format);
    n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    text = n < 0 ? NULL : drmgmt__arena_get(arena, (size_t)n + 1);
    if (text) {
        va_start(args, format);
        vsnprintf(text, (size_t)n + 1, format, args);
        va_end(args);
    }
    return text;
}

void *drmgmt__arena_grow(drmgmt__arena *arena, void *array, size_t n, size_t size)
{
    void *larger;

    if (n && (n & (n - 1)) != 0)
        return array;
    if (n > SIZE_MAX / 2 / size)
        return NULL;
    larger = drmgmt__arena_get(arena, (n ? 2 * n : 1) * size);
    if (larger && n)
        memcpy(larger, array, n * size);
    return larger;
}

size_t drmgmt__arena_used(const drmgmt__arena *arena)
{
    return arena->used;
}

bool drmgmt__arena_full(const drmgmt__arena *arena)
{
    return arena->full;
}
