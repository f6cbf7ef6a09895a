/* PostgreSQL's text forms as records read them: whatever stands there, the JSON is JSON. And arrays of strings, on
 * their way into PostgreSQL's form and back. */
#include "fuzz.h"

#include "core/core.h"
#include "entity_support.h"
#include "store/array.h"

enum { NAME = 1, TAGS = 5, CREATED_AT = 9 };

static void check_text(const char *text)
{
    const char *rows[1][WIDGET_FIELDS] = { { "0192e4a0-0000-7000-8000-000000000001", text, NULL, "1", "t", text, "{}",
                                             text, "2", "2026-11-24 11:16:00+00" } };
    drmgmt_record *record = NULL;
    char *json = NULL;
    size_t length = 0;

    MUST(drmgmt__record_new(&widget, widget_rows((const char *const(*)[WIDGET_FIELDS])rows, 1), 0, &record, NULL) == 0);
    MUST(drmgmt_record_json(record, &json, &length) == 0 && strlen(json) == length);
    DRMGMT__JSON json_t *whole = json_loads(json, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
    MUST(json_object_size(whole) == WIDGET_FIELDS);
    MUST(strcmp(drmgmt_record_text(record, "name"), text) == 0);
    DRMGMT__JSON json_t *tags = json_loads(drmgmt_record_text(record, "tags"), JSON_ALLOW_NUL, NULL);
    MUST(json_is_array(tags));
    drmgmt_free(json);
    drmgmt_record_free(record);
}

static void check_time(const char *text)
{
    const char *rows[1][WIDGET_FIELDS] = { { "0192e4a0-0000-7000-8000-000000000001", NULL, NULL, NULL, NULL, NULL, NULL,
                                             NULL, NULL, text } };
    drmgmt_record *record = NULL;

    MUST(drmgmt__record_new(&widget, widget_rows((const char *const(*)[WIDGET_FIELDS])rows, 1), 0, &record, NULL) == 0);
    const char *told = drmgmt_record_text(record, "created_at");
    MUST(told && strlen(told) <= strlen(text));
    drmgmt_record_free(record);
}

/* ["a"] -> {"a"} -> ["a"] */
static void check_array(const char *text)
{
    DRMGMT__JSON json_t *before = drmgmt__json_value(text);
    DRMGMT__STRBUF array = DRMGMT__STRBUF_INIT;
    const char *rows[1][WIDGET_FIELDS] = { { "0192e4a0-0000-7000-8000-000000000001" } };
    drmgmt_record *record = NULL;
    size_t i;
    json_t *item;

    if (!json_is_array(before))
        return;
    json_array_foreach(before, i, item) if (!json_is_string(item)) return;
    MUST(drmgmt__array_from_json(&array, text));
    rows[0][TAGS] = array.data;
    MUST(drmgmt__record_new(&widget, widget_rows((const char *const(*)[WIDGET_FIELDS])rows, 1), 0, &record, NULL) == 0);
    DRMGMT__JSON json_t *after = json_loads(drmgmt_record_text(record, "tags"), 0, NULL);
    MUST(json_equal(before, after));
    drmgmt_record_free(record);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);

    MUST(text);
    memcpy(text, data, size);
    text[size] = '\0';
    check_text(text);
    check_time(text);
    check_array(text);
    free(text);
    return 0;
}
