/* Sets of files to import from: see files.h. */
#include "tr181/files.h"

#include "tr181/xml.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct entry {
    drmgmt__dm_file file;
    char name[200], spec[200]; /* spec: empty when it shows none */
};

struct drmgmt__dm_files {
    struct entry **entries;
    size_t n;
};

drmgmt__dm_files *drmgmt__dm_files_new(void)
{
    return calloc(1, sizeof(drmgmt__dm_files));
}

void drmgmt__dm_files_free(drmgmt__dm_files *files)
{
    for (size_t i = 0; files && i < files->n; i++)
        free(files->entries[i]);
    if (files)
        free(files->entries);
    free(files);
}

static const char *last_part(const char *name)
{
    const char *slash = strrchr(name, '/');

    return slash ? slash + 1 : name;
}

bool drmgmt__dm_files_add(drmgmt__dm_files *files, const char *name, const void *bytes, size_t length)
{
    struct entry **entries, *entry;

    if (files->n >= DRMGMT__DM_FILES_MAX)
        return false;
    entries = realloc(files->entries, (files->n + 1) * sizeof *entries);
    if (!entries)
        return false;
    files->entries = entries;
    entry = calloc(1, sizeof *entry);
    if (!entry)
        return false;
    snprintf(entry->name, sizeof entry->name, "%.199s", last_part(name));
    entry->file = (drmgmt__dm_file){ entry->name, bytes, length };
    if (!drmgmt__dm_xml_spec(bytes, length, entry->spec, sizeof entry->spec))
        entry->spec[0] = '\0';
    files->entries[files->n++] = entry;
    return true;
}

static size_t part(const char *text)
{
    return strcspn(text, "-");
}

static bool is_number(const char *text, size_t n)
{
    return n > 0 && strspn(text, "0123456789") >= n;
}

bool drmgmt__dm_same_but_version(const char *general, const char *full)
{
    for (;;) {
        size_t g = part(general), f = part(full);
        if (g == f && memcmp(general, full, g) == 0) {
            if (!general[g] && !full[f])
                return true;
            if (!general[g]) { /* "tr-106" may be "tr-106-1-2" */
                general += g;
            } else if (!full[f]) {
                return false;
            } else {
                general += g + 1;
            }
        } else if (!is_number(full, f)) {
            return false;
        } else if (!full[f]) {
            return *general == '\0';
        }
        full += f + (full[f] == '-');
    }
}

/* <0, 0, >0: numbers in names count as numbers. */
static int compare_versions(const char *a, const char *b)
{
    for (;;) {
        size_t x = part(a), y = part(b);
        if (is_number(a, x) && is_number(b, y)) {
            unsigned long m = strtoul(a, NULL, 10), n = strtoul(b, NULL, 10);
            if (m != n)
                return m < n ? -1 : 1;
        } else if (x != y || memcmp(a, b, x) != 0) {
            return strcmp(a, b);
        }
        if (!a[x] || !b[y])
            return (a[x] != 0) - (b[y] != 0);
        a += x + 1;
        b += y + 1;
    }
}

/* ".xml" off. */
static void stem(const char *name, char out[200])
{
    size_t n;

    snprintf(out, 200, "%.199s", last_part(name));
    n = strlen(out);
    if (n > 4 && strcmp(out + n - 4, ".xml") == 0)
        out[n - 4] = '\0';
}

static const drmgmt__dm_file *find_exact(const drmgmt__dm_files *files, const char *file, const char *spec)
{
    for (size_t i = 0; i < files->n; i++)
        if (strcmp(files->entries[i]->name, file) == 0)
            return &files->entries[i]->file;
    for (size_t i = 0; spec && *spec && i < files->n; i++)
        if (strcmp(files->entries[i]->spec, spec) == 0)
            return &files->entries[i]->file;
    return NULL;
}

const drmgmt__dm_file *drmgmt__dm_files_find(const drmgmt__dm_files *files, const char *file, const char *spec)
{
    const drmgmt__dm_file *exact = find_exact(files, last_part(file), spec);
    const struct entry *best = NULL;
    char wanted[200], there[200];

    if (exact)
        return exact;
    for (size_t i = 0; spec && *spec && i < files->n; i++) {
        const struct entry *entry = files->entries[i];
        if (drmgmt__dm_same_but_version(spec, entry->spec) && (!best || compare_versions(best->spec, entry->spec) < 0))
            best = entry;
    }
    if (best)
        return &best->file;
    stem(file, wanted);
    for (size_t i = 0; i < files->n; i++) {
        stem(files->entries[i]->name, there);
        if (drmgmt__dm_same_but_version(wanted, there) &&
            (!best || compare_versions(best->name, files->entries[i]->name) < 0))
            best = files->entries[i];
    }
    return best ? &best->file : NULL;
}

static const drmgmt__dm_file *find(void *user, const char *file, const char *spec)
{
    return drmgmt__dm_files_find(user, file, spec);
}

drmgmt__dm_resolver drmgmt__dm_files_resolver(drmgmt__dm_files *files)
{
    return (drmgmt__dm_resolver){ find, files };
}
