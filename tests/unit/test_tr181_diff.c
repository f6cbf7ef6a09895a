/* What is different between two data models: each field, values of enumerations one by one, and two official versions
 * against what independent lists of them say. */
#include "tr181_support.h"

#include "tr181/diff.h"

#define HEAD                                                                                                           \
    "<dm:document xmlns:dm=\"urn:broadband-forum-org:cwmp:datamodel-1-15\" spec=\"urn:x:tr-1\" file=\"a.xml\">"        \
    "<model name=\"Device:2.0\"><object name=\"Device.\" access=\"readOnly\" minEntries=\"1\" maxEntries=\"1\">"
#define TAIL "</object></model></dm:document>"

static drmgmt__dm_models older, newer;
static drmgmt__dm_changes changes;

static void compare(const char *before, const char *after, bool descriptions)
{
    drmgmt_error *error = NULL;

    import_good(before, &older);
    import_good(after, &newer);
    cr_assert_eq(drmgmt__dm_diff(older.rows[0], newer.rows[0], descriptions, &changes, &error), 0);
}

static void forget(void)
{
    drmgmt__dm_changes_free(&changes);
    drmgmt__dm_models_free(&older);
    drmgmt__dm_models_free(&newer);
}

/* Row i as "kind path field: before > after". */
static void row_is(size_t i, const char *expected)
{
    const drmgmt__dm_change *row = &changes.rows[i];
    char text[500];

    cr_assert_lt(i, changes.n, "%s", expected);
    snprintf(text, sizeof text, "%s %s%s%s%s%s%s%s", drmgmt__dm_change_name(row->kind), row->item->path,
             row->field ? " " : "", row->field ? row->field : "", row->field ? ": " : "",
             row->before ? row->before : "", row->field ? " > " : "", row->after ? row->after : "");
    cr_expect_str_eq(text, expected);
}

/* One parameter before and after; the only change is the one expected. */
static void one(const char *before, const char *after, const char *expected)
{
    DRMGMT__STRBUF a = DRMGMT__STRBUF_INIT;
    DRMGMT__STRBUF b = DRMGMT__STRBUF_INIT;

    drmgmt__strbuf_printf(&a, HEAD "%s" TAIL, before);
    drmgmt__strbuf_printf(&b, HEAD "%s" TAIL, after);
    compare(a.data, b.data, false);
    cr_expect_eq(changes.n, 1, "%s", expected);
    cr_expect_eq(changes.n_of[DRMGMT__DM_CHANGED], 1);
    row_is(0, expected);
    forget();
}

#define P(more, syntax) "<parameter name=\"P\" access=\"readOnly\" " more "><syntax>" syntax "</syntax></parameter>"

Test(tr181_diff, fields)
{
    one(P("", "<string/>"), "<parameter name=\"P\" access=\"readWrite\"><syntax><string/></syntax></parameter>",
        "changed Device.P access: readOnly > readWrite");
    one(P("", "<int/>"), P("", "<unsignedInt/>"), "changed Device.P type: int > unsignedInt");
    one(P("", "<int/>"), P("status=\"deprecated\"", "<int/>"), "changed Device.P status: current > deprecated");
    one(P("version=\"2.0\"", "<int/>"), P("version=\"2.1\"", "<int/>"), "changed Device.P version: 2.0 > 2.1");
    one(P("", "<int/>"), P("", "<int><range minInclusive=\"1\" maxInclusive=\"9\" step=\"2\"/></int>"),
        "changed Device.P range:  > 1:9 step 2");
    one(P("", "<string><size maxLength=\"8\"/></string>"), P("", "<string><size minLength=\"2\"/></string>"),
        "changed Device.P size: 0:8 > 2:unbounded");
    one(P("", "<list maxItems=\"3\"/><int/>"), P("", "<int/>"), "changed Device.P list: 0:3 > ");
    one(P("", "<int><units value=\"dB\"/></int>"), P("", "<int><units value=\"dBm\"/></int>"),
        "changed Device.P units: dB > dBm");
    one(P("", "<int/><default type=\"object\" value=\"1\"/>"), P("", "<int/><default type=\"object\" value=\"2\"/>"),
        "changed Device.P default: object: 1 > object: 2");
    one(P("", "<string><pathRef refType=\"weak\" targetParent=\".A.\"/></string>"),
        P("", "<string><pathRef refType=\"strong\" targetParent=\".A.\"/></string>"),
        "changed Device.P reference: pathRef, target .A., scope normal, type any, data type any > "
        "pathRef strong, target .A., scope normal, type any, data type any");
    one("<command name=\"C()\" async=\"true\"/>", "<command name=\"C()\" async=\"false\"/>",
        "changed Device.C() async: true > false");
}

Test(tr181_diff, values_one_by_one)
{
    compare(
        HEAD P("", "<string><enumeration value=\"A\"/><enumeration value=\"B\"/><enumeration value=\"C\"/></string>")
            TAIL,
        HEAD P("", "<string><enumeration value=\"C\"/><enumeration value=\"B\" status=\"obsoleted\"/><enumeration "
                   "value=\"D\" optional=\"true\"/></string>") TAIL,
        false);
    cr_expect_eq(changes.n, 3);
    row_is(0, "changed Device.P enumeration: B > B (obsoleted)");
    row_is(1, "changed Device.P enumeration:  > D (optional)");
    row_is(2, "changed Device.P enumeration: A > ");
    forget();
}

Test(tr181_diff, items_that_come_and_go)
{
    compare(HEAD "<parameter name=\"Old\" access=\"readOnly\"><syntax><int/></syntax></parameter>" P("", "<int/>") TAIL,
            HEAD P("", "<int/>") "<command name=\"New()\" async=\"true\"/>" TAIL, false);
    cr_expect_eq(changes.n, 2);
    row_is(0, "added Device.New()");
    row_is(1, "removed Device.Old");
    cr_expect_eq(changes.n_of[DRMGMT__DM_ADDED], 1);
    cr_expect_eq(changes.n_of[DRMGMT__DM_REMOVED], 1);
    forget();
}

Test(tr181_diff, descriptions_only_when_asked_for)
{
    const char *before = HEAD "<parameter name=\"P\" access=\"readOnly\"><description>One.</description><syntax><int/>"
                              "</syntax></parameter>" TAIL;
    const char *after = HEAD "<parameter name=\"P\" access=\"readOnly\"><description>Two.</description><syntax><int/>"
                             "</syntax></parameter>" TAIL;

    compare(before, after, false);
    cr_expect_eq(changes.n, 0);
    forget();
    compare(before, after, true);
    cr_expect_eq(changes.n, 1);
    row_is(0, "changed Device.P description: One. > Two.");
    forget();
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The sorted paths of a list; they point into text. */
static size_t paths_of(char *text, char **paths, size_t room)
{
    char *next = strchr(text, '\n'), *line; /* behind the names of the columns */
    size_t n = 0;

    while ((line = strsep(&next, "\n")) && n < room) {
        line[strcspn(line, ",\r")] = '\0';
        if (*line)
            paths[n++] = line;
    }
    qsort(paths, n, sizeof *paths, by_text);
    return n;
}

Test(tr181_diff, two_official_versions)
{
    static char *before[20000], *after[20000];
    const char *shared = shared_tr181();
    char path[4300];
    size_t length, n_before, n_after, only_before = 0, only_after = 0, changed;
    drmgmt_error *error = NULL;
    char *texts[2];

    if (!shared)
        return;
    snprintf(path, sizeof path, "%s/golden-tr-181-2-16-0-usp-full.csv", shared);
    texts[0] = slurp(path, &length);
    snprintf(path, sizeof path, "%s/golden-tr-181-2-19-1-usp.csv", shared);
    texts[1] = slurp(path, &length);
    cr_assert(texts[0] && texts[1]);
    n_before = paths_of(texts[0], before, DRMGMT__COUNT(before));
    n_after = paths_of(texts[1], after, DRMGMT__COUNT(after));
    for (size_t i = 0; i < n_before; i++)
        only_before += bsearch(&before[i], after, n_after, sizeof *after, by_text) == NULL;
    for (size_t i = 0; i < n_after; i++)
        only_after += bsearch(&after[i], before, n_before, sizeof *before, by_text) == NULL;

    snprintf(path, sizeof path, "%s/full", shared);
    older = import_of(path, "tr-181-2-16-0-usp-full.xml");
    snprintf(path, sizeof path, "%s/components", shared);
    newer = import_of(path, "tr-181-2-19-1-usp.xml");
    cr_assert_eq(drmgmt__dm_diff(older.rows[0], newer.rows[0], true, &changes, &error), 0);
    cr_expect_gt(only_after, 500);
    cr_expect_eq(changes.n_of[DRMGMT__DM_ADDED], only_after);
    cr_expect_eq(changes.n_of[DRMGMT__DM_REMOVED], only_before);
    changed = changes.n_of[DRMGMT__DM_CHANGED];
    cr_expect_gt(changed, 0);
    drmgmt__dm_changes_free(&changes);

    cr_assert_eq(drmgmt__dm_diff(newer.rows[0], older.rows[0], true, &changes, &error), 0);
    cr_expect_eq(changes.n_of[DRMGMT__DM_ADDED], only_before);
    cr_expect_eq(changes.n_of[DRMGMT__DM_REMOVED], only_after);
    cr_expect_eq(changes.n_of[DRMGMT__DM_CHANGED], changed);
    drmgmt__dm_changes_free(&changes);
    cr_assert_eq(drmgmt__dm_diff(newer.rows[0], newer.rows[0], true, &changes, &error), 0);
    cr_expect_eq(changes.n, 0);
    forget();
    free(texts[0]);
    free(texts[1]);
}
