/* Data models: a large one is imported, and the values of a device are judged by it. Pure CPU: no server is asked.
 * Called by main.c; calls the library's inside. */
#include "bench.h"
#include "core/cleanup.h"
#include "core/strbuf.h"
#include "tr181/import.h"
#include "tr181/validate.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OBJECTS = 200, PARAMETERS = 100, VALUES = 5000, ROUNDS = 9 };

static const struct { /* kinds of parameters, in turn: a syntax of the model, and a value of it */
    const char *syntax, *value;
} kinds[] = {
    { "<boolean/>", "true" },
    { "<unsignedInt><range minInclusive=\"1\" maxInclusive=\"65535\"/></unsignedInt>", "8080" },
    { "<string><size maxLength=\"64\"/></string>", "a name that people have given it" },
    { "<string><enumeration value=\"Up\"/><enumeration value=\"Down\"/><enumeration value=\"Unknown\"/>"
      "<enumeration value=\"Dormant\"/><enumeration value=\"NotPresent\"/><enumeration value=\"LowerLayerDown\"/>"
      "<enumeration value=\"Error\" optional=\"true\"/></string>",
      "LowerLayerDown" },
    { "<string><size maxLength=\"17\"/><pattern value=\"\"/>"
      "<pattern value=\"([0-9A-Fa-f][0-9A-Fa-f]:){5}([0-9A-Fa-f][0-9A-Fa-f])\"/></string>",
      "00:11:22:aa:bb:cc" },
    { "<list/><unsignedInt><range minInclusive=\"0\" maxInclusive=\"7\"/></unsignedInt>", "0,1,2,3,4,5,6,7" },
    { "<string><pathRef refType=\"strong\" targetParent=\".Object0.\" targetType=\"row\"/></string>",
      "Device.Object0.17" },
    { "<dateTime/>", "2026-01-31T12:34:56.789Z" },
    { "<unsignedLong/>", "18446744073709551615" },
    { "<hexBinary><size minLength=\"8\" maxLength=\"8\"/></hexBinary>", "00112233445566ff" },
};

static void write_model(drmgmt__strbuf *out)
{
    drmgmt__strbuf_puts(out, "<dm:document xmlns:dm=\"urn:broadband-forum-org:cwmp:datamodel-1-15\" "
                             "spec=\"urn:drmgmt:bench\" file=\"bench.xml\"><model name=\"Device:2.0\">"
                             "<object name=\"Device.\" access=\"readOnly\" minEntries=\"1\" maxEntries=\"1\"/>");
    for (int i = 0; i < OBJECTS; i++) {
        drmgmt__strbuf_printf(out,
                              "<object name=\"Device.Object%d.{i}.\" access=\"readWrite\" minEntries=\"0\" "
                              "maxEntries=\"unbounded\"><description>What it is for.</description>",
                              i);
        for (int k = 0; k < PARAMETERS; k++)
            drmgmt__strbuf_printf(out,
                                  "<parameter name=\"Parameter%d\" access=\"readWrite\"><description>What it says, in "
                                  "some words.</description><syntax>%s</syntax></parameter>",
                                  k, kinds[(size_t)k % COUNT(kinds)].syntax);
        drmgmt__strbuf_puts(out, "</object>");
    }
    drmgmt__strbuf_puts(out, "</model></dm:document>");
}

static bool import(bench *b, drmgmt__dm_models *models)
{
    DRMGMT__STRBUF text = DRMGMT__STRBUF_INIT;
    drmgmt__dm_file file = { .name = "bench.xml" };
    drmgmt__dm_notes notes;
    drmgmt_error *error = NULL;
    int64_t from;
    int rc;

    write_model(&text);
    if (text.failed)
        return bench_fail(b, "out of memory");
    file.bytes = text.data;
    file.length = text.length;
    from = now_us();
    rc = drmgmt__dm_import(&file, NULL, models, &notes, &error);
    if (rc == 0)
        report_set("tr181.import", (double)(now_us() - from) / 1000);
    else
        bench_fail(b, "%s", drmgmt_error_message(error));
    drmgmt__dm_notes_free(&notes);
    drmgmt_error_free(error);
    return rc == 0;
}

/* The median of some rounds, each with a validator of its own: patterns are compiled in each. */
static bool validate(bench *b, const drmgmt__dm_model *model, const drmgmt__dm_given *rows)
{
    static drmgmt__dm_verdict verdicts[VALUES];
    double samples[ROUNDS];

    for (int i = 0; i < ROUNDS; i++) {
        int64_t from = now_us();
        drmgmt__dm_validator *v = drmgmt__dm_validator_new(model, DRMGMT__DM_TO_WRITE, NULL);
        drmgmt_error *error = NULL;
        size_t errors = 0;
        int rc = v ? drmgmt__dm_validate(v, rows, VALUES, verdicts, &errors, &error) : DRMGMT_ERR_NO_MEMORY;
        bool good = rc == 0 && errors == 0;
        for (size_t k = 0; rc == 0 && errors && k < VALUES; k++)
            if (verdicts[k].finding != DRMGMT__DM_FINDS_VALID) {
                bench_fail(b, "%s", verdicts[k].words);
                break;
            }
        drmgmt_error_free(error);
        drmgmt__dm_validator_free(v);
        samples[i] = (double)(now_us() - from) / 1000;
        if (!good)
            return bench_fail(b, "5,000 good values were not found good");
    }
    samples_sort(samples, ROUNDS);
    report_set("tr181.validate", samples_percentile(samples, ROUNDS, 0.5));
    return true;
}

bool bench_tr181(bench *b)
{
    static drmgmt__dm_given rows[VALUES];
    static char paths[VALUES][64];
    drmgmt__dm_models models = { NULL, 0 };
    bool done = import(b, &models);

    for (size_t i = 0; i < VALUES; i++) {
        snprintf(paths[i], sizeof paths[i], "Device.Object%zu.%zu.Parameter%zu", i % OBJECTS, i + 1,
                 i / OBJECTS % PARAMETERS);
        rows[i] = (drmgmt__dm_given){ paths[i], kinds[i / OBJECTS % PARAMETERS % COUNT(kinds)].value };
    }
    done = done && validate(b, models.rows[0], rows);
    drmgmt__dm_models_free(&models);
    return done;
}
