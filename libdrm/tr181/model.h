/* A data model in memory: its objects, parameters, commands with their arguments, events, data types and profiles, as
 * import.c makes it of the Broadband Forum's XML and builtin.c of the catalog that comes with the library. Internal.
 *
 * Terms are TR-106's. A path is written as the model writes it: "Device.WiFi.SSID.{i}.Enable". Paths of arguments go on
 * behind the command or event: "Device.Reboot().input.Cause", "Device.Boot!.Cause". Made once and then only read: any
 * number of threads. Everything lives as long as the model. */
#ifndef DRMGMT_TR181_MODEL_H
#define DRMGMT_TR181_MODEL_H

#include "core/arena.h"
#include <stdint.h>

typedef enum drmgmt__dm_kind {
    DRMGMT__DM_OBJECT,
    DRMGMT__DM_PARAMETER,
    DRMGMT__DM_COMMAND,
    DRMGMT__DM_EVENT
} drmgmt__dm_kind;

typedef enum drmgmt__dm_role { /* what an object or parameter belongs to */
                               DRMGMT__DM_OF_MODEL,
                               DRMGMT__DM_OF_INPUT,
                               DRMGMT__DM_OF_OUTPUT,
                               DRMGMT__DM_OF_EVENT
} drmgmt__dm_role;

typedef enum drmgmt__dm_access { DRMGMT__DM_READ_ONLY, DRMGMT__DM_READ_WRITE, DRMGMT__DM_WRITE_ONCE } drmgmt__dm_access;

typedef enum drmgmt__dm_status {
    DRMGMT__DM_CURRENT,
    DRMGMT__DM_DEPRECATED,
    DRMGMT__DM_OBSOLETED,
    DRMGMT__DM_DELETED
} drmgmt__dm_status;

typedef enum drmgmt__dm_base { /* built-in types, TR-106, table "Data types" */
                               DRMGMT__DM_NO_TYPE,
                               DRMGMT__DM_BASE64,
                               DRMGMT__DM_BOOLEAN,
                               DRMGMT__DM_DATETIME,
                               DRMGMT__DM_DECIMAL,
                               DRMGMT__DM_HEXBINARY,
                               DRMGMT__DM_INT,
                               DRMGMT__DM_LONG,
                               DRMGMT__DM_STRING,
                               DRMGMT__DM_UNSIGNED_INT,
                               DRMGMT__DM_UNSIGNED_LONG,
                               DRMGMT__DM_BASE_COUNT
} drmgmt__dm_base;

#define DRMGMT__DM_UNBOUNDED UINT32_MAX

typedef struct drmgmt__dm_size { /* characters of a string, octets of hexBinary and base64 */
    uint32_t min, max;           /* max: DRMGMT__DM_UNBOUNDED */
} drmgmt__dm_size;

/* Limits are kept as the text that the model has: decimals and 64-bit numbers of both signs need no two forms so. */
typedef struct drmgmt__dm_range {
    const char *min, *max, *step; /* NULL: none */
} drmgmt__dm_range;

typedef struct drmgmt__dm_choice { /* an enumeration's value or a pattern */
    const char *value;
    const char *version; /* NULL: since the parameter's */
    uint8_t status;
    bool read_only; /* cannot be written */
    bool optional;
} drmgmt__dm_choice;

typedef struct drmgmt__dm_reference {
    const char *kind; /* "pathRef", "instanceRef" or "enumerationRef" */
    bool strong;
    const char *target;      /* targetParent or targetParam, NULL when any */
    const char *scope;       /* "normal", "model" or "object" */
    const char *target_type; /* "row", ... of a pathRef */
    const char *data_type;
    const char *null_value; /* of an enumerationRef; NULL when there is none */
} drmgmt__dm_reference;

typedef struct drmgmt__dm_syntax {
    uint8_t base;          /* drmgmt__dm_base */
    const char *data_type; /* NULL when built-in */
    bool list;
    uint32_t list_min, list_max;
    const char *nesting; /* "legacy", "permitted" or "required" */
    drmgmt__dm_size *sizes, *list_sizes;
    drmgmt__dm_range *ranges;
    drmgmt__dm_choice *choices, *patterns;
    uint32_t n_sizes, n_list_sizes, n_ranges, n_choices, n_patterns;
    const char *units;
    const drmgmt__dm_reference *reference;
} drmgmt__dm_syntax;

typedef struct drmgmt__dm_key {
    bool functional;
    const char **parameters; /* names, or paths below the object */
    uint32_t n;
} drmgmt__dm_key;

typedef struct drmgmt__dm_item {
    const char *path, *name; /* name: the last part, with what marks its kind: "SSID.{i}.", "Reboot()" */
    struct drmgmt__dm_item *parent, *first, *last, *next;
    uint32_t index, n_children;
    uint8_t kind, role, access, status;
    const char *version; /* as declared; NULL */
    const char *since;   /* the version from which on it is there; NULL when the model says none */
    const char *description;
    /* objects */
    uint32_t min_entries, max_entries;
    const char *num_entries, *enable, *discriminator, *mount;
    drmgmt__dm_key *keys;
    uint32_t n_keys;
    /* commands */
    bool async;
    /* parameters */
    bool mandatory, hidden, secured, is_command, forced_inform;
    const drmgmt__dm_syntax *syntax; /* NULL for all others, and where the model gives none */
    const char *default_type, *default_value, *notify;
} drmgmt__dm_item;

typedef struct drmgmt__dm_type {
    const char *name, *base; /* base: the type it is derived from; NULL when built-in */
    const char *description;
    uint8_t status;
    drmgmt__dm_syntax syntax; /* with what it has of its base */
} drmgmt__dm_type;

typedef struct drmgmt__dm_requirement {
    const char *path; /* of an item, which need not be there */
    const char *requirement;
} drmgmt__dm_requirement;

typedef struct drmgmt__dm_profile {
    const char *name, *base, *extends, *version; /* base: NULL; extends: names with spaces between, NULL */
    const char *description;
    uint8_t status;
    drmgmt__dm_requirement *requirements; /* its own; drmgmt__dm_profile_each() goes through all */
    uint32_t n;
} drmgmt__dm_profile;

typedef struct drmgmt__dm_model {
    drmgmt__arena *arena;
    const char *name; /* "Device:2.19" */
    const char *spec; /* "urn:broadband-forum-org:tr-181-2-19-1-usp" */
    const char *file;
    const char *version; /* "2.19" */
    bool is_service;
    drmgmt__dm_item **items; /* in the model's order; all of them */
    uint32_t n_items;
    drmgmt__dm_type **types;
    uint32_t n_types;
    drmgmt__dm_profile **profiles;
    uint32_t n_profiles;
    struct drmgmt__dm_slot *slots; /* by path */
    uint32_t n_slots;
} drmgmt__dm_model;

/* An empty one; NULL when memory is out. limit: octets that it may take. */
drmgmt__dm_model *drmgmt__dm_model_new(size_t limit);
/* NULL is allowed. */
void drmgmt__dm_model_free(drmgmt__dm_model *model);

/* The item of a path as the model writes it, n octets of it; NULL when there is none. */
drmgmt__dm_item *drmgmt__dm_find(const drmgmt__dm_model *model, const char *path, size_t n);
/* A new item, which is in no place yet; NULL when memory is out, or when the path is taken. path is copied. */
drmgmt__dm_item *drmgmt__dm_add(drmgmt__dm_model *model, drmgmt__dm_kind kind, drmgmt__dm_role role, const char *path);
const drmgmt__dm_type *drmgmt__dm_type_of(const drmgmt__dm_model *model, const char *name);
const drmgmt__dm_profile *drmgmt__dm_profile_of(const drmgmt__dm_model *model, const char *name);
/* Calls back for what a profile requires, its bases' and extended profiles' first; false as soon as fn says so. */
bool drmgmt__dm_profile_each(const drmgmt__dm_model *model, const drmgmt__dm_profile *profile,
                             bool (*fn)(void *user, const drmgmt__dm_requirement *requirement), void *user);

/* Words for numbers; static. */
const char *drmgmt__dm_kind_name(unsigned kind);
const char *drmgmt__dm_access_name(unsigned access);
const char *drmgmt__dm_status_name(unsigned status);
const char *drmgmt__dm_base_name(unsigned base); /* "unsignedInt" */
/* And back; the count, or the first, where there is no such word. */
unsigned drmgmt__dm_base_of(const char *name); /* DRMGMT__DM_NO_TYPE: none */
unsigned drmgmt__dm_access_of(const char *name);
unsigned drmgmt__dm_status_of(const char *name);

/* <0, 0, >0 as versions follow each other ("2.9" before "2.10"); NULL is before all. */
int drmgmt__dm_version_compare(const char *a, const char *b);

#endif
