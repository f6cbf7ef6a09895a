/* A pattern, a path and a value from outside, with NUL between them: the pattern matches or does not within its budget;
 * path and value are judged for each purpose in a model that has every type and many facets, with words on one line. */
#include "fuzz_tr181.h"

#include "core/strbuf.h"
#include "tr181/pattern.h"
#include "tr181/validate.h"
#include "tr181/value.h"
#include <string.h>

#define P(name, syntax) "<parameter name=\"" name "\" access=\"readWrite\"><syntax>" syntax "</syntax></parameter>"

static const char text[] =
    "<dm:document xmlns:dm=\"urn:broadband-forum-org:cwmp:datamodel-1-15\" spec=\"urn:x:tr-1\" file=\"a.xml\">"
    "<model name=\"Device:2.0\"><object name=\"Device.\" access=\"readOnly\" minEntries=\"1\" maxEntries=\"1\"/>"
    "<object name=\"Device.A.{i}.\" access=\"readWrite\" minEntries=\"0\" maxEntries=\"unbounded\">" P(
        "Bool", "<boolean/>") P("Int", "<int><range minInclusive=\"-5\" maxInclusive=\"100\" step=\"5\"/></int>")
        P("Long", "<unsignedLong/>") P("Time", "<dateTime/>") P("Hex", "<hexBinary><size maxLength=\"4\"/></hexBinary>")
            P("Base", "<base64><size maxLength=\"4\"/></base64>")
                P("Ratio", "<decimal><decimalRange minInclusive=\"-0.5\" step=\"0.25\"/></decimal>") P(
                    "Mode", "<list maxItems=\"4\" nestedBrackets=\"permitted\"/><string><enumeration value=\"On\"/>"
                            "<enumeration value=\"Off\" access=\"readOnly\"/><pattern value=\"[a-z]{2,}\"/></string>")
                    P("Lower",
                      "<list/><string><pathRef refType=\"strong\" targetParent=\".A.\" targetType=\"row\"/></string>")
                        P("Chosen",
                          "<string><enumerationRef targetParam=\"Mode\"/></string>") "</object></model></dm:document>";

static void match(const char *pattern, const char *value)
{
    drmgmt__arena *arena = drmgmt__arena_new(4u << 20);
    const drmgmt__dm_pattern *p;
    uint64_t budget = 1000 * 1000, before = budget;

    MUST(arena);
    p = drmgmt__dm_pattern_new(arena, pattern);
    if (p && drmgmt__utf8_valid(value)) {
        drmgmt__dm_matching matching = drmgmt__dm_pattern_match(p, value, strlen(value), &budget);
        MUST(budget < before);
        MUST(matching != DRMGMT__DM_GIVEN_UP || budget == 0);
    }
    drmgmt__arena_delete(arena);
}

static void judge(const char *path, const char *value)
{
    const drmgmt__dm_given rows[] = { { path, value }, { path, value } };

    for (int purpose = DRMGMT__DM_TO_READ; purpose <= DRMGMT__DM_TO_ASK; purpose++) {
        drmgmt__dm_validator *v =
            drmgmt__dm_validator_new(fuzz_model(text, sizeof text - 1), (drmgmt__dm_purpose)purpose, NULL);
        drmgmt__dm_verdict verdicts[2] = { { .finding = 0 }, { .finding = 0 } };
        drmgmt_error *error = NULL;
        size_t errors = 0;
        MUST(v && drmgmt__dm_validate(v, rows, 2, verdicts, &errors, &error) == 0);
        MUST(errors == 2 || (errors == 1 && verdicts[1].finding == DRMGMT__DM_FINDS_TWICE));
        for (int i = 0; i < 2; i++) {
            MUST((verdicts[i].finding == DRMGMT__DM_FINDS_VALID) == (verdicts[i].words[0] == '\0'));
            MUST(!strpbrk(verdicts[i].words, "\r\n"));
        }
        drmgmt__dm_validator_free(v);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *copy = malloc(size + 3);
    const char *pattern = copy, *path, *value;

    MUST(copy);
    memcpy(copy, data, size);
    memset(copy + size, 0, 3);
    path = pattern + strlen(pattern) + 1 < copy + size ? pattern + strlen(pattern) + 1 : copy + size;
    value = path + strlen(path) + 1 < copy + size ? path + strlen(path) + 1 : copy + size;
    match(pattern, value);
    judge(path, value);
    if (drmgmt__dm_is_decimal(value, strlen(value)) && drmgmt__dm_is_decimal(path, strlen(path)))
        MUST(drmgmt__dm_decimal_compare(value, strlen(value), path, strlen(path)) ==
             -drmgmt__dm_decimal_compare(path, strlen(path), value, strlen(value)));
    free(copy);
    return 0;
}
