/* Data models for tests: files of the shared material, and ones written in a test. */
#ifndef DRMGMT_TESTS_TR181_SUPPORT_H
#define DRMGMT_TESTS_TR181_SUPPORT_H

#include "core/cleanup.h"
#include "core/core.h"
#include "core/strbuf.h"
#include "tr181/import.h"
#include <criterion/criterion.h>
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* A file's bytes, malloc()ed; NULL when it cannot be read. */
static inline char *slurp(const char *path, size_t *length)
{
    FILE *f = fopen(path, "rb");
    struct stat st;
    char *bytes = NULL;

    if (f && fstat(fileno(f), &st) == 0 && (bytes = malloc((size_t)st.st_size + 1)) != NULL) {
        *length = fread(bytes, 1, (size_t)st.st_size, f);
        bytes[*length] = '\0';
    }
    if (f)
        fclose(f);
    return bytes;
}

/* The folder of the shared material beside the project; NULL, with a line that says so, when it is not there. */
static inline const char *shared_tr181(void)
{
    static char path[4096];
    const char *build = getenv("DRM_BUILD");

    snprintf(path, sizeof path, "%s/../../shared/tr181", build ? build : "build-debug");
    if (access(path, R_OK) == 0)
        return path;
    printf("skipped: %s is not there\n", path);
    return NULL;
}

static char *slurped[1024]; /* what files_of() has read */
static size_t n_slurped;

static inline void free_slurped(void)
{
    while (n_slurped)
        free(slurped[--n_slurped]);
}

/* All files of a folder as a set; the bytes are there until free_slurped(). */
static inline drmgmt__dm_files *files_of(const char *folder)
{
    drmgmt__dm_files *files = drmgmt__dm_files_new();
    DIR *dir = opendir(folder);

    cr_assert(files && dir, "%s", folder);
    for (struct dirent *entry; (entry = readdir(dir));) {
        char path[4096];
        size_t length = 0;
        char *bytes;
        if (entry->d_name[0] == '.')
            continue;
        int written = snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        cr_assert(written > 0 && (size_t)written < sizeof path, "%s: the path is too long", folder);
        bytes = slurp(path, &length);
        cr_assert_not_null(bytes);
        cr_assert_lt(n_slurped, DRMGMT__COUNT(slurped));
        slurped[n_slurped++] = bytes;
        cr_assert(drmgmt__dm_files_add(files, entry->d_name, bytes, length));
    }
    closedir(dir);
    return files;
}

/* Imports a file of a folder with the folder for its imports. */
static inline void import_good(const char *text, drmgmt__dm_models *models)
{
    drmgmt__dm_file file = { "a.xml", text, strlen(text) };
    drmgmt__dm_notes notes;
    drmgmt_error *error = NULL;

    cr_assert_eq(drmgmt__dm_import(&file, NULL, models, &notes, &error), 0, "%s: %s", drmgmt_error_message(error),
                 text);
    drmgmt__dm_notes_free(&notes);
}

static inline drmgmt__dm_models import_of(const char *folder, const char *name)
{
    drmgmt__dm_files *files = files_of(folder);
    drmgmt__dm_resolver resolver = drmgmt__dm_files_resolver(files);
    const drmgmt__dm_file *root = drmgmt__dm_files_find(files, name, NULL);
    drmgmt__dm_models models = { NULL, 0 };
    drmgmt__dm_notes notes;
    drmgmt_error *error = NULL;

    cr_assert_not_null(root, "%s/%s", folder, name);
    cr_assert_eq(drmgmt__dm_import(root, &resolver, &models, &notes, &error), 0, "%s: %s", name,
                 drmgmt_error_message(error));
    for (size_t i = 0; i < notes.n; i++)
        printf("%s:%u: %s\n", notes.rows[i].file, notes.rows[i].line, notes.rows[i].text);
    drmgmt__dm_notes_free(&notes);
    drmgmt__dm_files_free(files);
    free_slurped(); /* models have copies of all that they need */
    return models;
}

#endif
