/* What a person writes for SNMP: the parameters of each operation; and DISPLAY-HINTs, with a text or octets behind a
 * line break. */
#include "fuzz.h"

#include "core/core.h"
#include "proto/snmp/hint.h"
#include "proto/snmp/index.h"
#include "proto/snmp/snmp.h"
#include <string.h>

static void check_set(const char *text)
{
    drmgmt__snmp_set_params params;
    drmgmt__snmp_render render = { .object = NULL };
    DRMGMT__STRBUF out = DRMGMT__STRBUF_INIT;

    if (drmgmt__snmp_set_params_read(text, &params, NULL))
        return;
    MUST(params.n >= 1 && params.n <= DRMGMT__SNMP_OIDS_MAX);
    drmgmt__strbuf_puts(&out, "[");
    for (size_t i = 0; i < params.n; i++) {
        drmgmt__strbuf_puts(&out, i ? "," : "");
        MUST(drmgmt__snmp_put_varbind(&out, &render, &params.varbinds[i]));
    }
    drmgmt__strbuf_puts(&out, "]");
    DRMGMT__JSON json_t *shown = json_loads(out.data, JSON_REJECT_DUPLICATES, NULL);
    MUST(json_array_size(shown) == params.n);
    drmgmt__snmp_set_params_free(&params);
}

static void check_walks(const char *text)
{
    static const char *const operations[] = { "walk", "bulkwalk", "table" };
    drmgmt__snmp_walk_params params;
    drmgmt__snmp_objects objects;

    for (size_t i = 0; i < DRMGMT__COUNT(operations); i++) {
        if (drmgmt__snmp_walk_params_read(operations[i], text, &params, NULL))
            continue;
        MUST(params.roots.n >= 1 && params.roots.oids[0].n <= DRMGMT__OID_ARCS_MAX);
        MUST(params.max_repetitions <= DRMGMT__SNMP_REPETITIONS_MAX);
        drmgmt__snmp_walk_params_free(&params);
    }
    if (drmgmt__snmp_getnext_params_read(text, &objects, NULL) == 0)
        drmgmt__snmp_objects_free(&objects);
}

/* hint: up to the line break; what stands behind it. */
static void check_hint(const char *hint, const uint8_t *rest, size_t size)
{
    DRMGMT__STRBUF out = DRMGMT__STRBUF_INIT;
    uint8_t octets[64];
    int64_t number;
    size_t n;

    drmgmt__strbuf_puts(&out, "x");
    if (!drmgmt__snmp_hint_octets(&out, hint, rest, size))
        MUST(out.length == 1);
    (void)drmgmt__snmp_hint_integer(&out, hint, (int64_t)size - 5);
    if (!drmgmt__snmp_hint_read_octets(hint, (const char *)rest, octets, sizeof octets, &n))
        MUST(n <= sizeof octets);
    (void)drmgmt__snmp_hint_read_integer(hint, (const char *)rest, &number);
}

static void check_index(const uint8_t *data, size_t size)
{
    static const char *const entries[] = { "ifEntry", "ipNetToMediaEntry", "lldpRemManAddrEntry", "ifRcvAddressEntry" };
    uint32_t arcs[DRMGMT__OID_ARCS_MAX];
    size_t n = size < DRMGMT__OID_ARCS_MAX ? size : DRMGMT__OID_ARCS_MAX;

    for (size_t i = 0; i < n; i++)
        arcs[i] = data[i] == 255 ? UINT32_MAX : data[i];
    for (size_t i = 0; i < DRMGMT__COUNT(entries); i++) {
        const drmgmt__snmp_node *entry = drmgmt__snmp_node_find(NULL, 0, entries[i], strlen(entries[i]));
        MUST(entry);
        (void)drmgmt__snmp_index_fits(entry->index, entry->n_index, &(drmgmt__oid){ arcs, n });
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);

    MUST(text);
    if (size)
        memcpy(text, data, size);
    text[size] = '\0';
    check_set(text);
    check_walks(text);
    char *end = strchr(text, '\n');
    if (end) {
        *end = '\0';
        check_hint(text, (const uint8_t *)end + 1, size - (size_t)(end + 1 - text));
    }
    check_index(data, size);
    free(text);
    return 0;
}
