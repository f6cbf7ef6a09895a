/* What an agent sends: bytes of a response, down to the JSON of its result; the same bytes as an ICMP error would quote
 * them; and as parameters and settings that a person wrote. */
#include "fuzz.h"

#include "core/core.h"
#include "proto/snmp/snmp.h"
#include <string.h>

static uint32_t sys_descr[] = { 1, 3, 6, 1, 2, 1, 1, 1, 0 };
static drmgmt__oid asked[] = { { sys_descr, 9 } };
static const drmgmt__snmp_objects objects = { 1, asked, sys_descr };

/* What can be read can be written, and reads the same. */
static void check_again(const drmgmt__snmp_varbind *vb)
{
    static uint8_t buffer[2 * DRMGMT__SNMP_MESSAGE_MAX];
    static drmgmt__snmp_message again, m;
    drmgmt__snmp_cursor cursor;
    drmgmt__snmp_varbind read;
    size_t length;

    m.version = DRMGMT__SNMP_V2C;
    m.pdu.type = DRMGMT__SNMP_SET;
    const uint8_t *bytes = drmgmt__snmp_message_write(&m, vb, 1, buffer, sizeof buffer, &length);
    if (!bytes) { /* agents send integers of more than 32 bits; nobody else does */
        MUST(vb->value.tag == DRMGMT__SNMP_INTEGER || vb->name.arcs[1] > UINT32_MAX - 80 ||
             (vb->value.tag == DRMGMT__SNMP_OID && vb->value.oid.arcs[1] > UINT32_MAX - 80));
        return;
    }
    MUST(drmgmt__snmp_message_read(&again, bytes, length) == 0);
    drmgmt__snmp_cursor_open(&cursor, &again.pdu);
    MUST(drmgmt__snmp_next(&cursor, &read) == 1 && drmgmt__oid_equal(&read.name, &vb->name));
    MUST(read.value.tag == vb->value.tag);
    if (vb->value.tag == DRMGMT__SNMP_OID)
        MUST(drmgmt__oid_equal(&read.value.oid, &vb->value.oid));
    else if (vb->value.tag == DRMGMT__SNMP_OCTETS)
        MUST(read.value.octets.length == vb->value.octets.length);
    else if (vb->value.tag == DRMGMT__SNMP_COUNTER64)
        MUST(read.value.number == vb->value.number);
    MUST(drmgmt__snmp_next(&cursor, &read) == 0);
}

static void check_pdu(const drmgmt__snmp_pdu *pdu)
{
    drmgmt__snmp_cursor cursor;
    drmgmt__snmp_varbind vb;

    drmgmt__snmp_cursor_open(&cursor, pdu);
    while (drmgmt__snmp_next(&cursor, &vb) == 1) {
        MUST(vb.name.n >= 2 && vb.name.n <= DRMGMT__OID_ARCS_MAX && drmgmt__snmp_type_name(vb.value.tag));
        check_again(&vb);
    }
}

static void check_message(const uint8_t *data, size_t size)
{
    drmgmt__snmp_message message;
    drmgmt__snmp_cursor cursor;
    DRMGMT__STRBUF out = DRMGMT__STRBUF_INIT;
    uint8_t *packet = malloc(size ? size : 1); /* of just its size, so that reading on is noticed */

    bool read = true;

    MUST(packet);
    if (size)
        memcpy(packet, data, size);
    if (drmgmt__snmp_message_read(&message, packet, size) == 0) {
        if (message.version == DRMGMT__SNMP_V3)
            read = drmgmt__snmp_scoped_read(&message, &message.scoped) == 0;
        else
            MUST(message.community.length <= DRMGMT__SNMP_COMMUNITY_MAX);
        if (read)
            check_pdu(&message.pdu);
        MUST(drmgmt__snmp_status_of(message.version == DRMGMT__SNMP_V3 ? 0 : message.pdu.error_status)->name[0]);
        drmgmt__snmp_cursor_open(&cursor, &message.pdu);
        if (read && !drmgmt__snmp_result(&out, &cursor, &objects)) {
            DRMGMT__JSON json_t *result = json_loads(out.data, JSON_REJECT_DUPLICATES, NULL);
            MUST(json_array_size(json_object_get(result, "varbinds")) == 1);
        }
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

    check_message(data, size);
    check_texts(data, size);
    (void)drmgmt__snmp_quoted_id(data, size, &id);
    return 0;
}
