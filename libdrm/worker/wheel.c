/* The timing wheel. Called by loop.c. */
#include "worker/wheel.h"

#include <string.h>

enum { BITS = 6, SLOTS = DRMGMT__WHEEL_SLOTS, LEVELS = DRMGMT__WHEEL_LEVELS, DUE = LEVELS };

void drmgmt__wheel_init(drmgmt__wheel *wheel, uint64_t now)
{
    memset(wheel, 0, sizeof *wheel);
    wheel->now = now;
    wheel->due_end = &wheel->due;
}

static void put_due(drmgmt__wheel *wheel, drmgmt__wheel_node *node)
{
    node->level = DUE;
    node->next = NULL;
    node->at = wheel->due_end;
    *wheel->due_end = node;
    wheel->due_end = &node->next;
}

/* The finest level whose 64 slots reach from now to then. What is further away than all of them waits in the coarsest
 * and is put off again when its slot comes: after twelve days. */
static unsigned level_of(uint64_t away)
{
    unsigned level = 0;

    while (level < LEVELS - 1 && away >> (BITS * (level + 1)))
        level++;
    return level;
}

static void put(drmgmt__wheel *wheel, drmgmt__wheel_node *node)
{
    uint64_t away = node->due - wheel->now, most = (UINT64_C(1) << BITS * LEVELS) - 1, then = node->due;

    if (away > most)
        then = wheel->now + (away = most);
    unsigned level = level_of(away), slot = (unsigned)(then >> BITS * level) % SLOTS;
    drmgmt__wheel_node **head = &wheel->slots[level][slot];
    node->level = (uint8_t)level;
    node->slot = (uint8_t)slot;
    node->next = *head;
    if (node->next)
        node->next->at = &node->next;
    node->at = head;
    *head = node;
    wheel->used[level] |= UINT64_C(1) << slot;
}

/* When the next of a level's used slots comes; UINT64_MAX: none is used. */
static uint64_t next_of(const drmgmt__wheel *wheel, unsigned level)
{
    uint64_t used = wheel->used[level], step = wheel->now >> BITS * level;
    unsigned from = (unsigned)(step + 1) % SLOTS;

    if (!used)
        return UINT64_MAX;
    if (from)
        used = used >> from | used << (SLOTS - from);
    return (step + 1 + (unsigned)__builtin_ctzll(used)) << BITS * level;
}

uint64_t drmgmt__wheel_next(const drmgmt__wheel *wheel)
{
    uint64_t next = wheel->due ? wheel->now : UINT64_MAX;

    for (unsigned level = 0; level < LEVELS; level++) {
        uint64_t at = next_of(wheel, level);
        next = at < next ? at : next;
    }
    return next;
}

uint64_t drmgmt__wheel_add(drmgmt__wheel *wheel, drmgmt__wheel_node *node, uint64_t due)
{
    node->due = due;
    wheel->n++;
    if (due <= wheel->now) {
        put_due(wheel, node);
        return wheel->now;
    }
    put(wheel, node);
    unsigned shift = BITS * node->level;
    uint64_t step = wheel->now >> shift;
    return (step + 1 + (node->slot - (step + 1)) % SLOTS) << shift;
}

void drmgmt__wheel_remove(drmgmt__wheel *wheel, drmgmt__wheel_node *node)
{
    if (!node->at)
        return;
    wheel->n--;
    *node->at = node->next;
    if (node->next)
        node->next->at = node->at;
    else if (node->level == DUE)
        wheel->due_end = node->at;
    if (node->level != DUE && !wheel->slots[node->level][node->slot])
        wheel->used[node->level] &= ~(UINT64_C(1) << node->slot);
    node->at = NULL;
}

/* A slot whose time has come: what is due now, and what moves into a finer wheel. */
static void empty(drmgmt__wheel *wheel, unsigned level)
{
    unsigned slot = (unsigned)(wheel->now >> BITS * level) % SLOTS;
    drmgmt__wheel_node *node = wheel->slots[level][slot], *next, *turned = NULL;

    wheel->slots[level][slot] = NULL;
    wheel->used[level] &= ~(UINT64_C(1) << slot);
    /* They stand in reverse: who was first in is told first. */
    for (; node; node = next) {
        next = node->next;
        node->next = turned;
        turned = node;
    }
    for (node = turned; node; node = next) {
        next = node->next;
        if (node->due <= wheel->now)
            put_due(wheel, node);
        else
            put(wheel, node);
    }
}

void drmgmt__wheel_advance(drmgmt__wheel *wheel, uint64_t now)
{
    while (wheel->now < now) {
        uint64_t next = UINT64_MAX;
        for (unsigned level = 0; level < LEVELS; level++) {
            uint64_t at = next_of(wheel, level);
            next = at < next ? at : next;
        }
        wheel->now = next < now ? next : now;
        if (next > now)
            return;
        /* From coarse to fine: what moves may be due in the same millisecond. */
        for (unsigned level = LEVELS; level-- > 0;)
            if ((wheel->now & ((UINT64_C(1) << BITS * level) - 1)) == 0)
                empty(wheel, level);
    }
}

drmgmt__wheel_node *drmgmt__wheel_take(drmgmt__wheel *wheel)
{
    drmgmt__wheel_node *node = wheel->due;

    if (node)
        drmgmt__wheel_remove(wheel, node);
    return node;
}
