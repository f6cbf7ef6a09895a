/* What an agent sends: bytes of a response, down to the JSON of its result; the same bytes as an ICMP error would quote
 * them; and as parameters and settings that a person wrote. */
#include "fuzz.h"

#include "core/core.h"
#include "proto/snmp/snmp.h"
#include <string.h>

static uint32_t sys_descr[] = { 1, 3, 6, 1, 2, 1, 1, 1, 0 };
static drmgmt__oid asked[] = { { sys_descr, 9 } };
static const drmgmt__snmp_objects objects = { 1, asked, sys_descr };

static void check_message(const uint8_t *data, size_t size)
{
    drmgmt__snmp_message message;
    DRMGMT__STRBUF out = DRMGMT__STRBUF_INIT;
    uint8_t *packet = malloc(size ? size : 1); /* of just its size, so that reading on is noticed */

    MUST(packet);
    if (size)
        memcpy(packet, data, size);
    if (drmgmt__snmp_decode(packet, size, &message)) {
        MUST(message.request_id <= INT32_MAX && message.community_length <= DRMGMT__SNMP_COMMUNITY_MAX);
        MUST(drmgmt__snmp_status_of(message.error_status)->name[0]);
        if (!drmgmt__snmp_result(&out, &message, &objects)) {
            DRMGMT__JSON json_t *result = json_loads(out.data, JSON_REJECT_DUPLICATES, NULL);
            MUST(json_array_size(json_object_get(result, "varbinds")) == 1);
        }
        drmgmt__snmp_message_free(&message);
    }
    free(packet);
}

static void check_texts(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    drmgmt__snmp_settings settings;
    drmgmt__snmp_objects read;

    MUST(text);
    memcpy(text, data, size);
    text[size] = '\0';
    if (drmgmt__snmp_settings_read(text, &settings, NULL) == 0)
        MUST(settings.timeout_ms >= 50 && settings.retries <= 10);
    if (drmgmt__snmp_get_params_read(text, &read, NULL) == 0) {
        MUST(read.n >= 1 && read.n <= DRMGMT__SNMP_OIDS_MAX && read.oids[0].n <= DRMGMT__OID_ARCS_MAX);
        drmgmt__snmp_objects_free(&read);
    }
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint32_t id;

    drmgmt__snmp_codec_open();
    check_message(data, size);
    check_texts(data, size);
    (void)drmgmt__snmp_quoted_id(data, size, &id);
    return 0;
}
