/* Arenas. Called by mib/ and tr181/. */
#include "core/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_SIZE = 16384, ALIGNMENT = 16 };

struct drmgmt__arena_block {
    struct drmgmt__arena_block *next;
    _Alignas(ALIGNMENT) unsigned char bytes[];
};

static struct drmgmt__arena_block *block_new(drmgmt__arena *arena, size_t n)
{
    struct drmgmt__arena_block *block = NULL;

    arena->full = arena->limit && n > arena->limit - arena->total;
    if (!arena->full)
        block = calloc(1, sizeof *block + n);
    if (!block) {
        arena->failed = true;
        return NULL;
    }
    arena->total += n;
    return block;
}

void *drmgmt__arena_alloc(drmgmt__arena *arena, size_t n)
{
    if (arena->failed || n > SIZE_MAX / 4) {
        arena->full = arena->full || (!arena->failed && arena->limit);
        arena->failed = true;
        return NULL;
    }
    n = (n + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
    if (n > arena->size - arena->used) {
        size_t size = n > BLOCK_SIZE / 4 ? n : BLOCK_SIZE;
        struct drmgmt__arena_block *block = block_new(arena, size);
        if (!block)
            return NULL;
        if (size == n && arena->blocks) { /* large: behind the newest, whose rest is still of use */
            block->next = arena->blocks->next;
            arena->blocks->next = block;
            return block->bytes;
        }
        block->next = arena->blocks;
        arena->blocks = block;
        arena->size = size;
        arena->used = 0;
    }
    void *at = arena->blocks->bytes + arena->used;
    arena->used += n;
    return at;
}

void *drmgmt__arena_copy(drmgmt__arena *arena, const void *bytes, size_t n)
{
    void *copy = drmgmt__arena_alloc(arena, n);

    if (copy && n)
        memcpy(copy, bytes, n);
    return copy;
}

char *drmgmt__arena_text(drmgmt__arena *arena, const char *text, size_t n)
{
    char *copy = drmgmt__arena_alloc(arena, n < SIZE_MAX ? n + 1 : n);

    if (copy && n)
        memcpy(copy, text, n);
    return copy;
}

char *drmgmt__arena_dup(drmgmt__arena *arena, const char *text)
{
    return text ? drmgmt__arena_text(arena, text, strlen(text)) : NULL;
}

char *drmgmt__arena_printf(drmgmt__arena *arena, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *text = n < 0 ? NULL : drmgmt__arena_alloc(arena, (size_t)n + 1);
    if (text) {
        va_start(args, format);
        vsnprintf(text, (size_t)n + 1, format, args);
        va_end(args);
    }
    return text;
}

static void *enlarge(drmgmt__arena *arena, const void *array, size_t n, size_t wanted, size_t element)
{
    void *larger = drmgmt__arena_alloc(arena, wanted <= SIZE_MAX / 4 / element ? wanted * element : SIZE_MAX);

    if (larger && n)
        memcpy(larger, array, n * element);
    return larger;
}

void *drmgmt__arena_grow(drmgmt__arena *arena, void *array, size_t n, size_t *room, size_t element)
{
    if (n < *room)
        return array;
    size_t wanted = *room ? 2 * *room : 8;
    void *larger = enlarge(arena, array, n, wanted, element);
    if (larger)
        *room = wanted;
    return larger;
}

void *drmgmt__arena_append(drmgmt__arena *arena, void *array, size_t n, size_t element)
{
    return n && n & (n - 1) ? array : enlarge(arena, array, n, n ? 2 * n : 1, element);
}

void drmgmt__arena_free(drmgmt__arena *arena)
{
    for (struct drmgmt__arena_block *block = arena->blocks, *next; block; block = next) {
        next = block->next;
        free(block);
    }
    *arena = (drmgmt__arena){ .limit = arena->limit };
}

drmgmt__arena *drmgmt__arena_new(size_t limit)
{
    drmgmt__arena *arena = calloc(1, sizeof *arena);

    if (arena)
        arena->limit = limit;
    return arena;
}

void drmgmt__arena_delete(drmgmt__arena *arena)
{
    if (arena)
        drmgmt__arena_free(arena);
    free(arena);
}
