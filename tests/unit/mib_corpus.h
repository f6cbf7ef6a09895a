/* The modules beside the project, for the tests that read them. */
#ifndef DRMGMT_TEST_MIB_CORPUS_H
#define DRMGMT_TEST_MIB_CORPUS_H

#include "mib/parse.h"
#include "mib/resolve.h"
#include <criterion/criterion.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { CORPUS_PATH = 4096 };

/* Of ../shared/mibs, which is beside the project; the build is in it. */
static inline void corpus_path(char path[CORPUS_PATH], const char *name)
{
    const char *build = getenv("DRM_BUILD");

    snprintf(path, CORPUS_PATH, "%s/../../shared/mibs/%s", build ? build : ".", name);
}

/* The whole of a file, free() it. NULL: it cannot be read. */
static inline char *corpus_read(const char *path, size_t *n)
{
    FILE *f = fopen(path, "rb");
    struct stat st;

    if (!f || fstat(fileno(f), &st) != 0)
        return NULL;
    char *text = malloc((size_t)st.st_size + 1);
    cr_assert_not_null(text);
    *n = fread(text, 1, (size_t)st.st_size, f);
    text[*n] = '\0';
    fclose(f);
    return text;
}

static inline void corpus_add_file(drmgmt__mib_set *set, const char *path)
{
    drmgmt__mib_file file = { 0 };
    size_t n;
    char *text = corpus_read(path, &n);

    cr_assert_not_null(text, "%s", path);
    if (drmgmt__mib_parse(&file, text, n, NULL, NULL) == 0)
        for (size_t i = 0; i < file.modules.n; i++) {
            cr_assert_eq(drmgmt__mib_set_add(set, file.modules.items[i], NULL), 0);
            file.modules.items[i] = NULL;
        }
    drmgmt__mib_file_free(&file);
    free(text);
}

/* All files of a folder and those in it. False: it is not there. */
static inline bool corpus_add(drmgmt__mib_set *set, const char *path)
{
    struct dirent **names;
    int n = scandir(path, &names, NULL, alphasort);

    for (int i = 0; i < n; i++) {
        char below[CORPUS_PATH];
        struct stat st;
        bool hidden = names[i]->d_name[0] == '.';
        cr_assert(snprintf(below, sizeof below, "%s/%s", path, names[i]->d_name) < CORPUS_PATH);
        free(names[i]);
        if (hidden || stat(below, &st) != 0)
            continue;
        if (S_ISDIR(st.st_mode))
            corpus_add(set, below);
        else
            corpus_add_file(set, below);
    }
    if (n >= 0)
        free(names);
    return n >= 0;
}

#endif
