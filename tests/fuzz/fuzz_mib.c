/* A text that somebody uploads as a MIB module, as it is and inside a module that is sound up to it. */
#include "fuzz.h"

#include "core/strbuf.h"
#include "mib/parse.h"
#include <string.h>

static const drmgmt__mib_limits limits = { 16384, 4 << 20, 8, 500 };

static void check_object(const drmgmt__mib_object *object)
{
    MUST(object->name && object->name[0] && object->line >= 1 && object->oid.n <= 128);
    MUST(drmgmt__mib_kind_name(object->kind)[0]);
    bool type = object->kind == DRMGMT__MIB_CONVENTION || object->kind == DRMGMT__MIB_TYPE;
    MUST(type == (object->oid.n == 0));
    MUST(!object->description || drmgmt__utf8_valid(object->description));
    MUST(!object->defval || drmgmt__utf8_valid(object->defval));
    for (size_t i = 0; i < object->syntax.named.n; i++)
        MUST(object->syntax.named.items[i].name[0]);
}

static void check(const uint8_t *data, size_t size)
{
    drmgmt__mib_file file = { 0 };

    int status = drmgmt__mib_parse(&file, (const char *)data, size, &limits, NULL);
    MUST(file.steps <= 12 * size + 100);
    MUST(status != 0 || file.modules.n >= 1);
    for (size_t i = 0; i < file.modules.n; i++) {
        const drmgmt__mib_module *module = file.modules.items[i];
        MUST(module->objects.n <= limits.objects && module->notes.list.n <= DRMGMT__MIB_NOTES_MAX);
        for (size_t k = 0; status == 0 && k < module->objects.n; k++)
            check_object(&module->objects.items[k]);
        for (size_t k = 0; k < module->imports.n; k++)
            MUST(status != 0 || (module->imports.items[k].name && module->imports.items[k].from));
    }
    drmgmt__mib_file_free(&file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char head[] = "F-MIB DEFINITIONS ::= BEGIN f OBJECT-TYPE SYNTAX ";
    uint8_t *text = malloc(sizeof head + size);

    check(data, size);
    MUST(text);
    memcpy(text, head, sizeof head - 1);
    if (size)
        memcpy(text + sizeof head - 1, data, size);
    check(text, sizeof head - 1 + size);
    free(text);
    return 0;
}
