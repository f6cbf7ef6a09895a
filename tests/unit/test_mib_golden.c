/* What the resolver makes of real modules, against what two independent parsers agree on (../shared/mibs: libsmi and
 * net-snmp). Every difference stands in mib_golden_known.h with its reason. Pure: needs no server. */
#include "core/core.h"
#include "mib_corpus.h"
#include "mib_golden_known.h"
#include <string.h>

typedef struct row { /* of the CSV */
    const char *module, *name, *oid, *type, *access, *kind;
} row;

static drmgmt__mib_set set;

static void free_set(void)
{
    drmgmt__mib_set_free(&set);
}

/* Cuts a line at its commas. */
static row row_of(char *line)
{
    char *fields[6] = { 0 };

    for (size_t i = 0; i < DRMGMT__COUNT(fields); i++)
        fields[i] = strsep(&line, ",");
    cr_assert(fields[5] && !line);
    return (row){ fields[0], fields[1], fields[2], fields[3], fields[4], fields[5] };
}

/* A declared one before one that is implied; of several the first. */
static const drmgmt__mib_object *object_of(const drmgmt__mib_module *module, const char *name)
{
    const drmgmt__mib_object *implied = NULL;

    for (size_t i = 0; i < module->objects.n; i++) {
        const drmgmt__mib_object *object = &module->objects.items[i];
        if (strcmp(object->name, name) != 0)
            continue;
        if (!object->implied)
            return object;
        if (!implied)
            implied = object;
    }
    return implied;
}

static const char *kind_of(const drmgmt__mib_object *object, const char *expected)
{
    if (object->kind == DRMGMT__MIB_NODE || object->kind == DRMGMT__MIB_IDENTITY)
        return expected[0] ? "node" : ""; /* the oracles give no kind to what is implied */
    return object->kind == DRMGMT__MIB_CAPABILITY ? "capabilities" : drmgmt__mib_kind_name(object->kind);
}

static void print(char *out, size_t size, const drmgmt__mib_meaning *meaning)
{
    size_t used = 0;

    out[0] = '\0';
    for (size_t i = 0; i < meaning->n_oid && used < size; i++)
        used += (size_t)snprintf(out + used, size - used, "%s%u", i ? "." : "", meaning->oid[i]);
}

/* What is different, or NULL. */
static const char *difference(const row *r, char *got, size_t size)
{
    const drmgmt__mib_entry *entry = drmgmt__mib_set_find(&set, r->module);
    const drmgmt__mib_object *object = entry ? object_of(entry->module, r->name) : NULL;

    snprintf(got, size, "nothing");
    if (!object)
        return "is not there";
    print(got, size, &object->meaning);
    if (strcmp(got, r->oid) != 0)
        return "OID";
    bool valued = object->kind == DRMGMT__MIB_SCALAR || object->kind == DRMGMT__MIB_COLUMN;
    snprintf(got, size, "%s", valued ? drmgmt__mib_base_name(object->meaning.base) : "");
    if (strcmp(got, r->type) != 0)
        return "type";
    snprintf(got, size, "%s", drmgmt__mib_access_name(object->access));
    if (strcmp(got, r->access) != 0)
        return "access";
    snprintf(got, size, "%s", kind_of(object, r->kind));
    return strcmp(got, r->kind) != 0 ? "kind" : NULL;
}

static bool known(const row *r, const char *what)
{
    for (size_t i = 0; i < DRMGMT__COUNT(golden_known); i++)
        if (strcmp(golden_known[i].module, r->module) == 0 && strcmp(golden_known[i].what, what) == 0 &&
            (!golden_known[i].name || strcmp(golden_known[i].name, r->name) == 0))
            return true;
    return false;
}

static void compare(const char *csv)
{
    char path[CORPUS_PATH], got[1024];
    size_t n, rows = 0, different = 0;

    corpus_path(path, csv);
    char *text = corpus_read(path, &n), *rest = text, *line;
    cr_assert_not_null(text, "%s", path);
    for (bool header = true; (line = strsep(&rest, "\r\n")) != NULL; header = false) {
        if (header || !*line)
            continue;
        row r = row_of(line);
        const char *what = difference(&r, got, sizeof got);
        rows++;
        if (!what)
            continue;
        different++;
        cr_expect(known(&r, what), "%s::%s: %s: \"%s\", but they have %s,%s,%s,%s", r.module, r.name, what, got, r.oid,
                  r.type, r.access, r.kind);
    }
    free(text);
    printf("%s: %zu of %zu rows are equal\n", csv, rows - different, rows);
    cr_expect(rows && different * 100 <= rows, "%s: %zu of %zu differ", csv, different, rows);
}

Test(mib_golden, equal, .fini = free_set)
{
    char path[CORPUS_PATH];

    cr_assert_eq(drmgmt__mib_set_open(&set, NULL), 0);
    corpus_path(path, "base");
    if (!corpus_add(&set, path))
        cr_skip("skipped: there are no modules at %s", path);
    corpus_path(path, "dev/mibs");
    cr_assert(corpus_add(&set, path));
    cr_assert_eq(drmgmt__mib_set_resolve(&set, 0, NULL), 0);
    compare("base-golden.csv");
    compare("dev/golden.csv");
}
