/* Arenas. Called by mib/. */
#include "core/arena.h"

#include <stdint.h>
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

    if (n <= SIZE_MAX / 4 && (!arena->limit || (arena->total <= arena->limit && n <= arena->limit - arena->total)))
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

char *drmgmt__arena_text(drmgmt__arena *arena, const char *text, size_t n)
{
    char *copy = drmgmt__arena_alloc(arena, n + 1);

    if (copy && n)
        memcpy(copy, text, n);
    return copy;
}

void *drmgmt__arena_grow(drmgmt__arena *arena, void *array, size_t n, size_t *room, size_t element)
{
    if (n < *room)
        return array;
    size_t wanted = *room ? 2 * *room : 8;
    void *larger = drmgmt__arena_alloc(arena, wanted <= SIZE_MAX / 4 / element ? wanted * element : SIZE_MAX);
    if (!larger)
        return NULL;
    if (n)
        memcpy(larger, array, n * element);
    *room = wanted;
    return larger;
}

void drmgmt__arena_free(drmgmt__arena *arena)
{
    for (struct drmgmt__arena_block *block = arena->blocks, *next; block; block = next) {
        next = block->next;
        free(block);
    }
    *arena = (drmgmt__arena){ .limit = arena->limit };
}
