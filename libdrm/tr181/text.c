/* Descriptions of data models: see import_internal.h. */
#include "tr181/import_internal.h"

#include <stdint.h>
#include <string.h>

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* The least indentation of the lines that have text; the first does not count when it begins behind the tag. */
static size_t indentation(const char *text, size_t n)
{
    size_t least = SIZE_MAX;

    for (size_t i = 0; i < n;) {
        size_t start = i;
        while (i < n && (text[i] == ' ' || text[i] == '\t'))
            i++;
        if (i < n && text[i] != '\n' && text[i] != '\r' && (start > 0 || i > 0) && i - start < least)
            least = i - start;
        while (i < n && text[i] != '\n')
            i++;
        i += i < n;
    }
    return least == SIZE_MAX ? 0 : least;
}

static char *outdented(drmgmt__arena *arena, const char *text)
{
    size_t n = strlen(text), indent = indentation(text, n);
    char *out = drmgmt__arena_alloc(arena, n + 1), *to = out;

    if (!out)
        return NULL;
    for (size_t i = 0; i < n;) {
        size_t skip = indent;
        while (i < n && skip && (text[i] == ' ' || text[i] == '\t'))
            i++, skip--;
        while (i < n && text[i] != '\n')
            *to++ = text[i++];
        while (to > out && is_blank(to[-1]) && to[-1] != '\n')
            to--;
        if (i < n)
            *to++ = text[i++];
    }
    while (to > out && is_blank(to[-1]))
        to--;
    *to = '\0';
    while (is_blank(*out))
        out++;
    return out;
}

const char *drmgmt__dm_describe(drmgmt__arena *arena, const char *before, const drmgmt__dm_node *node)
{
    const drmgmt__dm_node *description = drmgmt__dm_child(node, DRMGMT__DM_E_description);
    const char *action, *text = description && description->text ? outdented(arena, description->text) : NULL;

    if (!text || !*text)
        return before;
    action = drmgmt__dm_get(description, DRMGMT__DM_A_action);
    if (!before || !action || strcmp(action, "create") == 0 || strcmp(action, "replace") == 0)
        return text;
    return strcmp(action, "prefix") == 0 ? drmgmt__arena_printf(arena, "%s\n\n%s", text, before)
                                         : drmgmt__arena_printf(arena, "%s\n\n%s", before, text);
}
