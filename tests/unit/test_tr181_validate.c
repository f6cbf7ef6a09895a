/* What is said of paths and values: each facet, lists, references, access, versions, whole sets; and that the defaults
 * of the official models pass. */
#include "tr181_support.h"

#include "tr181/validate.h"
#include "tr181/value.h"

#define P(name, access, more, syntax)                                                                                  \
    "<parameter name=\"" name "\" access=\"" access "\" " more "><syntax>" syntax "</syntax></parameter>"
#define RW "readWrite"

static const char model_text[] =
    /* clang-format off */
    "<dm:document xmlns:dm=\"urn:broadband-forum-org:cwmp:datamodel-1-15\" spec=\"urn:x:tr-1\" file=\"a.xml\">"
    "<model name=\"Device:2.5\">"
    "<object name=\"Device.\" access=\"readOnly\" minEntries=\"1\" maxEntries=\"1\" version=\"2.0\">"
    "<command name=\"Go()\" async=\"false\">"
    "<input>"
    P("In", RW, "", "<int/>")
    "</input><output>"
    P("Out", "readOnly", "", "<int/>")
    "</output></command>"
    "</object>"
    "<object name=\"Device.A.{i}.\" access=\"readWrite\" minEntries=\"0\" maxEntries=\"unbounded\">"
    P("Bool", RW, "", "<boolean/>")
    P("Int", RW, "", "<int/>")
    P("Long", RW, "", "<unsignedLong/>")
    P("Time", RW, "", "<dateTime/>")
    P("Text", RW, "", "<string><size minLength=\"2\" maxLength=\"4\"/></string>")
    P("Hex", RW, "", "<hexBinary><size minLength=\"2\" maxLength=\"2\"/></hexBinary>")
    P("Base", RW, "", "<base64><size maxLength=\"3\"/></base64>")
    P("Percent", RW, "", "<unsignedInt><range minInclusive=\"1\" maxInclusive=\"10\"/><range minInclusive=\"100\" maxInclusive=\"100\"/></unsignedInt>")
    P("Step", RW, "", "<int><range minInclusive=\"-10\" maxInclusive=\"10\" step=\"5\"/></int>")
    P("Ratio", RW, "", "<decimal><decimalRange minInclusive=\"-0.5\" maxInclusive=\"99999999999999999999.25\"/></decimal>")
    P("Mode", RW, "", "<string><enumeration value=\"On\"/><enumeration value=\"Off\" status=\"obsoleted\"/>"
      "<enumeration value=\"Busy\" access=\"readOnly\"/><enumeration value=\"New\" version=\"2.5\"/>"
      "<enumeration value=\"Never\" status=\"deleted\"/></string>")
    P("Mac", RW, "", "<string><pattern value=\"\"/><pattern value=\"([0-9A-F]{2}:){5}[0-9A-F]{2}\"/></string>")
    P("Odd", RW, "", "<string><pattern value=\"\\p{Lu}\"/></string>")
    P("Modes", RW, "", "<list minItems=\"1\" maxItems=\"2\"/><string><enumeration value=\"A\"/><enumeration value=\"B,C\"/></string>")
    P("Pairs", RW, "", "<list nestedBrackets=\"required\"><size maxLength=\"12\"/></list><string/>")
    P("Lower", RW, "", "<list/><string><pathRef refType=\"strong\" targetParent=\".B.\" targetType=\"row\"/></string>")
    P("Any", RW, "", "<string><pathRef refType=\"weak\"/></string>")
    P("Chosen", RW, "", "<string><enumerationRef targetParam=\"Mode\" nullValue=\"\"/></string>")
    P("Count", "readOnly", "", "<unsignedInt/>")
    P("Once", "writeOnceReadOnly", "", "<string/>")
    P("Later", RW, "version=\"2.5\"", "<string/>")
    P("Old", RW, "status=\"deprecated\"", "<string/>")
    P("Gone", RW, "status=\"deleted\"", "<string/>")
    P("Secret", RW, "", "<string><size maxLength=\"3\"/></string>")
    "<parameter name=\"Password\" access=\"readWrite\"><syntax hidden=\"true\"><string><size maxLength=\"3\"/></string></syntax></parameter>"
    "</object>"
    "<object name=\"Device.B.{i}.\" access=\"readOnly\" minEntries=\"0\" maxEntries=\"unbounded\">"
    P("Name", "readOnly", "", "<string/>")
    "</object>"
    "<object name=\"Device.C.{i}.\" access=\"readOnly\" minEntries=\"0\" maxEntries=\"unbounded\">"
    P("Name", "readOnly", "", "<string/>")
    "</object>"
    "</model></dm:document>";
/* clang-format on */

static drmgmt__dm_models models;

static void import_model(void)
{
    import_good(model_text, &models);
}

static void forget_model(void)
{
    drmgmt__dm_models_free(&models);
}

TestSuite(tr181_validate, .init = import_model, .fini = forget_model);

/* The finding's name, and its words in said. */
static const char *judge(drmgmt__dm_purpose purpose, const char *version, const char *path, const char *value,
                         char said[400])
{
    drmgmt__dm_validator *v = drmgmt__dm_validator_new(models.rows[0], purpose, version);
    const drmgmt__dm_given given = { path, value };
    drmgmt__dm_verdict verdict;
    drmgmt_error *error = NULL;
    size_t errors = 9;

    cr_assert_not_null(v);
    cr_assert_eq(drmgmt__dm_validate(v, &given, 1, &verdict, &errors, &error), 0);
    cr_expect_eq(errors, drmgmt__dm_finding_is_error(verdict.finding));
    cr_expect((verdict.words[0] == '\0') == (verdict.finding == DRMGMT__DM_FINDS_VALID));
    cr_expect(!strpbrk(verdict.words, "\r\n"));
    snprintf(said, 400, "%s", verdict.words);
    drmgmt__dm_validator_free(v);
    return drmgmt__dm_finding_name(verdict.finding);
}

static void finds(drmgmt__dm_purpose purpose, const char *version, const char *path, const char *value,
                  const char *finding, const char *words)
{
    char said[400];

    cr_expect_str_eq(judge(purpose, version, path, value, said), finding, "%s = %.100s: %s", path, value, said);
    cr_expect_not_null(strstr(said, words), "%s = %.100s: \"%s\" has no \"%s\"", path, value, said, words);
}

static void good(const char *name, const char *value)
{
    char path[100];

    snprintf(path, sizeof path, "Device.A.1.%s", name);
    finds(DRMGMT__DM_TO_WRITE, NULL, path, value, "valid", "");
}

static void bad(const char *name, const char *value, const char *finding, const char *words)
{
    char path[100];

    snprintf(path, sizeof path, "Device.A.1.%s", name);
    finds(DRMGMT__DM_TO_WRITE, NULL, path, value, finding, words);
}

Test(tr181_validate, types)
{
    good("Bool", "true"), good("Bool", "0");
    bad("Bool", "yes", "type", "'yes' is no boolean: true, false, 1 or 0");
    bad("Bool", "True", "type", ""), bad("Bool", "", "type", "");
    good("Int", "-2147483648"), good("Int", "+7"), good("Int", "007");
    bad("Int", "2147483648", "type", ""), bad("Int", "1.0", "type", ""), bad("Int", "", "type", "");
    bad("Int", "0x1", "type", ""), bad("Int", " 1", "type", ""), bad("Int", "--1", "type", "");
    good("Long", "18446744073709551615"), bad("Long", "18446744073709551616", "type", "");
    bad("Long", "-1", "type", ""), good("Long", "-0");
    bad("Int", "99999999999999999999999999999999999999999999999999999999999999999999", "type", "...");
    good("Time", "2026-02-28T23:59:59Z"), good("Time", "0001-01-01T00:00:00Z"),
        good("Time", "2024-02-29T00:00:00.123+14:00");
    bad("Time", "2026-02-29T00:00:00Z", "type", ""), bad("Time", "2026-02-28", "type", "");
    bad("Time", "2026-02-28T24:00:00Z", "type", ""), bad("Time", "2026-02-28T00:00:00.Z", "type", "");
    bad("Time", "2026-02-28T00:00:00+14:01", "type", ""), bad("Time", "2026-13-28T00:00:00Z", "type", "");
    bad("Time", "0000-01-01T00:00:00Z", "type", ""), bad("Time", "2026-02-28T00:00:00ZZ", "type", "");
    bad("Text", "\xff\xff", "type", "UTF-8");
    bad("Int", "1\n2", "type", "'1?2'");
}

Test(tr181_validate, sizes)
{
    good("Text", "ab"), good("Text", "\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4");
    bad("Text", "a", "size", "1 characters, 2 to 4 are allowed"), bad("Text", "abcde", "size", "5 characters");
    good("Hex", "00fF"), bad("Hex", "00", "size", "1 octets, 2 are allowed"), bad("Hex", "00f", "type", "");
    bad("Hex", "00fg", "type", "");
    good("Base", "YWJj"), good("Base", ""), good("Base", "YQ=="),
        bad("Base", "YWJjZA==", "size", "4 octets, at most 3");
    bad("Base", "YWJ", "type", ""), bad("Base", "====", "type", "");
}

Test(tr181_validate, ranges_are_exact)
{
    good("Percent", "1"), good("Percent", "10"), good("Percent", "100");
    bad("Percent", "11", "range", "1:10, 100:100"), bad("Percent", "0", "range", "");
    good("Step", "-5"), good("Step", "0"), bad("Step", "3", "range", "steps of 5");
    good("Ratio", "-0.50"), bad("Ratio", "-0.5000000000000000000000000001", "range", "");
    good("Ratio", "99999999999999999999.25"), bad("Ratio", "99999999999999999999.2500001", "range", "");
    bad("Ratio", "1e5", "type", "");
}

Test(tr181_validate, enumerations_and_patterns)
{
    good("Mode", "On"), good("Mode", "X_EXAMPLE_Own");
    bad("Mode", "on", "choice", "'on' is none of 'On', 'Off'"), bad("Mode", "Never", "choice", "");
    bad("Mode", "Off", "outdated", "obsoleted"), bad("Mode", "Busy", "read_only", "only the device itself");
    finds(DRMGMT__DM_TO_READ, NULL, "Device.A.1.Mode", "Busy", "valid", "");
    finds(DRMGMT__DM_TO_WRITE, "2.4", "Device.A.1.Mode", "New", "too_new", "from version 2.5 on, the device has 2.4");
    good("Mac", ""), good("Mac", "00:11:22:33:44:55"), bad("Mac", "00:11", "choice", "does not match any pattern");
    bad("Odd", "x", "unchecked", "could not be checked");
    good("Chosen", "Busy"), good("Chosen", ""), bad("Chosen", "Other", "choice", "no value of Device.A.{i}.Mode");
}

Test(tr181_validate, lists)
{
    good("Modes", "A"), good("Modes", " A , B%2CC "), bad("Modes", "B,C", "choice", "'B'");
    bad("Modes", "", "list", "0 items, 1 to 2"), bad("Modes", "A,A,A", "list", "3 items"),
        bad("Modes", "A,", "choice", "''");
    good("Pairs", "[1,2],[3,4]"), bad("Pairs", "[1,2", "list", "brackets"), bad("Pairs", "1],2", "list", "brackets");
    bad("Pairs", "[1,2],[3,4],5", "size", "13 characters");
    good("Lower", ""), good("Lower", "Device.B.1,Device.B.2."),
        bad("Lower", "Device.B.1,Device.C.1", "reference", "not in .B.");
}

Test(tr181_validate, references)
{
    bad("Lower", "Device.B.", "reference", "table"), bad("Lower", "Device.B.{i}.", "reference", "{i}");
    bad("Lower", "Device.B.1.Name", "reference", "is no row"), bad("Lower", "B 1", "reference", "no reference");
    bad("Lower", "Device.Z.1", "reference", "there is no Device.Z");
    good("Lower", "Device.B.[Name==\"x\"]"), good("Lower", "Device.X_ME_T.1");
    good("Any", "Device.B.1.Name"), good("Any", "Device.C.5"), bad("Any", "Nothing", "reference", "");
}

Test(tr181_validate, paths_and_access)
{
    finds(DRMGMT__DM_TO_WRITE, NULL, "Device..A", "1", "malformed", "a name is expected");
    finds(DRMGMT__DM_TO_WRITE, NULL, NULL, "1", "malformed", "empty");
    finds(DRMGMT__DM_TO_WRITE, NULL, "Device.A.1.Nothing", "1", "unknown", "there is no");
    finds(DRMGMT__DM_TO_WRITE, NULL, "Device.A.Int", "1", "unknown", "an instance is missing");
    finds(DRMGMT__DM_TO_WRITE, NULL, "Device.A.{i}.Int", "1", "instance", "a number");
    finds(DRMGMT__DM_TO_WRITE, NULL, "Device.A.[Text==\"ab\"].Int", "1", "valid", "");
    finds(DRMGMT__DM_TO_READ, NULL, "Device.A.*.Int", "1", "instance", "search");
    finds(DRMGMT__DM_TO_WRITE, NULL, "Device.A.1.", "1", "no_parameter", "object");
    finds(DRMGMT__DM_TO_WRITE, NULL, "Device.A.1.X_ME_Own", "1", "untold", "vendor");
    bad("Count", "1", "read_only", "cannot be written"), bad("Once", "x", "read_only", "when its row is created");
    finds(DRMGMT__DM_TO_CREATE, NULL, "Device.A.1.Once", "x", "valid", "");
    finds(DRMGMT__DM_TO_READ, NULL, "Device.A.1.Count", "1", "valid", "");
    finds(DRMGMT__DM_TO_WRITE, NULL, "Device.Go().input.In", "1", "valid", "");
    finds(DRMGMT__DM_TO_WRITE, NULL, "Device.Go().input.In", "x", "type", "");
    finds(DRMGMT__DM_TO_WRITE, NULL, "Device.Go().output.Out", "1", "read_only", "answers with");
    bad("Old", "x", "outdated", "deprecated"), bad("Gone", "x", "deleted", "no longer");
    finds(DRMGMT__DM_TO_READ, "2.4", "Device.A.1.Later", "x", "too_new", "2.5");
    finds(DRMGMT__DM_TO_READ, "2.10", "Device.A.1.Later", "x", "valid", "");
    finds(DRMGMT__DM_TO_ASK, NULL, "Device.A.*.", NULL, "valid", "");
    finds(DRMGMT__DM_TO_ASK, NULL, "Device.Go()", NULL, "valid", "");
    finds(DRMGMT__DM_TO_ASK, NULL, "Device.A.[Bool==\"true\"].", NULL, "unknown", "no quotes");
    good("Int", NULL);
}

Test(tr181_validate, secrets_are_not_quoted)
{
    char said[400];

    bad("Secret", "topsecret", "size", "'topsecret'");
    cr_expect_str_eq(judge(DRMGMT__DM_TO_WRITE, NULL, "Device.A.1.Password", "topsecret", said), "size");
    cr_expect_null(strstr(said, "topsecret"), "%s", said);
}

Test(tr181_validate, a_set)
{
    static const drmgmt__dm_given rows[] = {
        { "Device.A.1.Int", "1" }, { "Device.A.2.Int", "x" }, { "Device.A.1.Int", "2" },
        { "Device.A.1.Old", "2" }, { "Device.A.1.Int", "x" }, { "Device.A.1.Mac", "?" },
    };
    static const char *const expected[] = { "valid", "type", "twice", "outdated", "type", "choice" };
    drmgmt__dm_validator *v = drmgmt__dm_validator_new(models.rows[0], DRMGMT__DM_TO_WRITE, NULL);
    drmgmt__dm_verdict verdicts[DRMGMT__COUNT(rows)];
    drmgmt_error *error = NULL;
    size_t errors;

    cr_assert_eq(drmgmt__dm_validate(v, rows, DRMGMT__COUNT(rows), verdicts, &errors, &error), 0);
    cr_expect_eq(errors, 4);
    for (size_t i = 0; i < DRMGMT__COUNT(rows); i++)
        cr_expect_str_eq(drmgmt__dm_finding_name(verdicts[i].finding), expected[i], "%zu: %s", i, verdicts[i].words);
    cr_expect_not_null(strstr(verdicts[2].words, "row 1"));
    cr_expect_eq(drmgmt__dm_validate(v, rows, 0, verdicts, &errors, &error), 0);
    cr_expect_eq(errors, 0);
    cr_expect_eq(drmgmt__dm_validate(v, rows, DRMGMT__DM_VALUES_MAX + 1, verdicts, &errors, &error),
                 DRMGMT_ERR_TOO_LARGE);
    drmgmt_error_free(error);
    drmgmt__dm_validator_free(v);
}

Test(tr181_validate, a_value_that_is_too_large)
{
    char *value = malloc(DRMGMT__DM_VALUE_MAX + 2);

    cr_assert_not_null(value);
    memset(value, 'a', DRMGMT__DM_VALUE_MAX + 1);
    value[DRMGMT__DM_VALUE_MAX + 1] = '\0';
    bad("Old", value, "size", "megabyte");
    free(value);
}

Test(tr181_validate, decimals_compare_as_numbers)
{
    static const char *const ordered[] = { "-10",  "-9.5",  "-0.01",
                                           "0",    "0.001", "9",
                                           "9.99", "10",    "100000000000000000000000" };

    for (size_t i = 0; i < DRMGMT__COUNT(ordered); i++)
        for (size_t k = 0; k < DRMGMT__COUNT(ordered); k++) {
            int order = drmgmt__dm_decimal_compare(ordered[i], strlen(ordered[i]), ordered[k], strlen(ordered[k]));
            cr_expect_eq((order > 0) - (order < 0), (i > k) - (i < k), "%s %s", ordered[i], ordered[k]);
        }
    cr_expect_eq(drmgmt__dm_decimal_compare("-0", 2, "+00.0", 5), 0);
    cr_expect_eq(drmgmt__dm_decimal_compare("1.50", 4, "01.5", 4), 0);
}

/* The defaults that the official models give are values of their own types. */
Test(tr181_validate, official_defaults)
{
    const char *shared = shared_tr181();
    char folder[4200], path[1100];
    drmgmt__dm_models official;
    drmgmt__dm_validator *v;
    unsigned judged = 0, wrong = 0;

    if (!shared)
        return;
    snprintf(folder, sizeof folder, "%s/full", shared);
    official = import_of(folder, "tr-181-2-16-0-usp-full.xml");
    v = drmgmt__dm_validator_new(official.rows[0], DRMGMT__DM_TO_READ, NULL);
    for (uint32_t i = 0; i < official.rows[0]->n_items; i++) {
        const drmgmt__dm_item *item = official.rows[0]->items[i];
        drmgmt__dm_given given = { path, item->default_value };
        drmgmt__dm_verdict verdict;
        drmgmt_error *error = NULL;
        size_t errors, n = 0;
        for (const char *at = item->path; *at; at++) {
            bool instance = strncmp(at, "{i}", 3) == 0;
            path[n++] = instance ? '1' : *at;
            at += instance ? 2 : 0;
        }
        path[n] = '\0';
        if (item->kind != DRMGMT__DM_PARAMETER || item->status == DRMGMT__DM_DELETED)
            continue;
        cr_assert_eq(drmgmt__dm_validate(v, &given, 1, &verdict, &errors, &error), 0);
        judged += given.value != NULL;
        if (errors)
            printf("%s\n", verdict.words);
        wrong += (unsigned)errors;
    }
    cr_expect_gt(judged, 500);
    cr_expect_eq(wrong, 0);
    drmgmt__dm_validator_free(v);
    drmgmt__dm_models_free(&official);
}
