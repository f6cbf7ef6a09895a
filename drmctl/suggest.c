/* The nearest of some words, for "did you mean". Called by parse.c and help.c. */
#include "drmctl.h"
#include <stdio.h>
#include <string.h>

enum { WORD_MAX = 79 };

static size_t least(size_t a, size_t b, size_t c)
{
    size_t ab = a < b ? a : b;

    return ab < c ? ab : c;
}

/* Insertions, deletions, replacements and swaps of neighbours that lead from a to b. */
static size_t distance(const char *a, const char *b)
{
    size_t rows[3][WORD_MAX + 2] = { { 0 } }, la = strlen(a), lb = strlen(b);
    size_t *before = rows[0], *last = rows[1], *now = rows[2];

    if (la > WORD_MAX || lb > WORD_MAX)
        return WORD_MAX;
    for (size_t j = 0; j <= lb; j++)
        last[j] = j;
    for (size_t i = 1; i <= la; i++) {
        now[0] = i;
        for (size_t j = 1; j <= lb; j++) {
            now[j] = least(last[j] + 1, now[j - 1] + 1, last[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && before[j - 2] + 1 < now[j])
                now[j] = before[j - 2] + 1;
        }
        size_t *spare = before;
        before = last;
        last = now;
        now = spare;
    }
    return last[lb];
}

void ctl_nearest_try(ctl_nearest *n, const char *candidate)
{
    size_t d = distance(n->wanted, candidate), typed = strlen(n->wanted);

    /* What was typed as the beginning of a word is nearer than any slip. */
    if (typed >= 2 && strncmp(n->wanted, candidate, typed) == 0)
        d = 1;
    if (n->best[0] && d >= n->distance)
        return;
    snprintf(n->best, sizeof n->best, "%s", candidate);
    n->distance = d;
}

const char *ctl_nearest_word(const ctl_nearest *n)
{
    size_t typed = strlen(n->wanted);

    return n->best[0] && n->distance <= (typed < 4 ? 1 : typed < 8 ? 2 : 3) ? n->best : NULL;
}
