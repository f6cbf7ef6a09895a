/* JSON from outside, as every entity's draft takes it. What is taken must be taken again in its text form. */
#include "fuzz.h"

#include "core/core.h"
#include "entity_support.h"

static void check(const drmgmt_entity *entity, const char *json, size_t size)
{
    drmgmt_draft *draft = NULL, *again = drmgmt_draft_new(entity);
    drmgmt_error *error = NULL;
    int rc = drmgmt_draft_from_json(entity, json, size, &draft, &error);

    MUST(again);
    if (rc) {
        MUST(rc == DRMGMT_ERR_INVALID && !draft && drmgmt_error_message(error)[0]);
        MUST(drmgmt_error_message(error) && strlen(drmgmt_error_message(error)) < 1000);
    }
    for (size_t i = 0; draft && i < entity->n_fields; i++) {
        if (!draft->values[i].set)
            continue;
        MUST(entity->fields[i].flags & (DRMGMT_FIELD_WRITABLE | DRMGMT_FIELD_CREATE));
        MUST(!draft->values[i].text || drmgmt__utf8_valid(draft->values[i].text));
        MUST(drmgmt_draft_set(again, entity->fields[i].name, draft->values[i].text, NULL) == 0);
    }
    drmgmt_error_free(error);
    drmgmt_draft_free(draft);
    drmgmt_draft_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check(&widget, (const char *)data, size);
    for (const drmgmt_entity *const *e = drmgmt_entity_all(); *e; e++)
        check(*e, (const char *)data, size);
    return 0;
}
