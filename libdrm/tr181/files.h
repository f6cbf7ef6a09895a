/* A set of files to import from, and how an import finds the one it names: TR-106 lets it be named by its file name, by
 * a file name without version, and by the URN of its specification. Internal. */
#ifndef DRMGMT_TR181_FILES_H
#define DRMGMT_TR181_FILES_H

#include <stdbool.h>
#include <stddef.h>

typedef struct drmgmt__dm_file {
    const char *name; /* the last part of its path */
    const void *bytes;
    size_t length;
} drmgmt__dm_file;

/* Who imports says where files come from: a directory, the members of an archive. Called while importing, by the same
 * thread. file: as the import has it, "tr-181-2-common.xml"; spec: the URN, NULL when it has none. The answer and its
 * bytes must stay until the import is done; NULL: there is none. */
typedef struct drmgmt__dm_resolver {
    const drmgmt__dm_file *(*find)(void *user, const char *file, const char *spec);
    void *user;
} drmgmt__dm_resolver;

/* ---- a set that is such a source ---- */
enum { DRMGMT__DM_FILES_MAX = 1024 };
typedef struct drmgmt__dm_files drmgmt__dm_files;

drmgmt__dm_files *drmgmt__dm_files_new(void); /* NULL: no memory */
void drmgmt__dm_files_free(drmgmt__dm_files *files);
/* bytes stay the caller's until the set is freed; name is copied, folders are dropped. False: no memory, or too many.
 */
bool drmgmt__dm_files_add(drmgmt__dm_files *files, const char *name, const void *bytes, size_t length);
/* In this order: the file of that name; the file with that spec; the one with the highest version whose spec is that
 * spec but for numbers ("tr-181-2-19-common" is "tr-181-2-19-0-common"); the same by name. */
const drmgmt__dm_file *drmgmt__dm_files_find(const drmgmt__dm_files *files, const char *file, const char *spec);
drmgmt__dm_resolver drmgmt__dm_files_resolver(drmgmt__dm_files *files);

/* Whether full is the name that general is, but for versions in it: parts between '-' that are numbers may be more. */
bool drmgmt__dm_same_but_version(const char *general, const char *full);

#endif
