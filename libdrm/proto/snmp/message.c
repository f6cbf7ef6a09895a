/* SNMP messages in and out. Called by exchange.c, usm.c and the trap listener; calls ber.c. */
#include "proto/snmp/message.h"

#include "core/core.h"
#include <string.h>

enum { SEQUENCE = 0x30, OCTETS = 0x04, INTEGER = 0x02, OPAQUE_MARK = 0x9f, USM_MODEL = 3 };

/* ---- values: one row a tag ---- */

typedef bool read_fn(const drmgmt__ber *content, drmgmt__snmp_value *out, uint32_t *arcs);
typedef bool write_fn(drmgmt__ber_writer *w, const drmgmt__snmp_value *value);

static drmgmt__octets octets_of(const drmgmt__ber *content)
{
    return (drmgmt__octets){ content->at, drmgmt__ber_left(content) };
}

static bool read_signed(const drmgmt__ber *content, drmgmt__snmp_value *out, uint32_t *arcs)
{
    (void)arcs;
    return drmgmt__ber_signed(content, &out->integer);
}

static bool read_unsigned32(const drmgmt__ber *content, drmgmt__snmp_value *out, uint32_t *arcs)
{
    (void)arcs;
    return drmgmt__ber_unsigned(content, 32, &out->number);
}

static bool read_unsigned64(const drmgmt__ber *content, drmgmt__snmp_value *out, uint32_t *arcs)
{
    (void)arcs;
    return drmgmt__ber_unsigned(content, 64, &out->number);
}

static bool read_octets(const drmgmt__ber *content, drmgmt__snmp_value *out, uint32_t *arcs)
{
    (void)arcs;
    out->octets = octets_of(content);
    return true;
}

static bool read_address(const drmgmt__ber *content, drmgmt__snmp_value *out, uint32_t *arcs)
{
    return read_octets(content, out, arcs) && out->octets.length == 4;
}

static bool read_oid(const drmgmt__ber *content, drmgmt__snmp_value *out, uint32_t *arcs)
{
    out->oid.arcs = arcs;
    return drmgmt__ber_oid(content, arcs, &out->oid.n);
}

/* What agents send as a null is not always empty. */
static bool read_nothing(const drmgmt__ber *content, drmgmt__snmp_value *out, uint32_t *arcs)
{
    (void)content;
    (void)arcs;
    out->number = 0;
    return true;
}

static bool read_real(const drmgmt__ber *content, drmgmt__snmp_value *out, uint32_t *arcs)
{
    size_t n = drmgmt__ber_left(content);
    uint64_t bits = 0;
    float single;

    (void)arcs;
    if (n != (out->tag == DRMGMT__SNMP_OPAQUE_FLOAT ? 4 : 8))
        return false;
    for (size_t i = 0; i < n; i++)
        bits = bits << 8 | content->at[i];
    if (n == 8) {
        memcpy(&out->real, &bits, sizeof out->real);
        return true;
    }
    uint32_t half = (uint32_t)bits;
    memcpy(&single, &half, sizeof single);
    out->real = (double)single;
    return true;
}

static bool read_opaque(const drmgmt__ber *content, drmgmt__snmp_value *out, uint32_t *arcs);

static bool write_signed(drmgmt__ber_writer *w, const drmgmt__snmp_value *value)
{
    drmgmt__ber_put_signed(w, value->tag, value->integer);
    return value->integer >= INT32_MIN && value->integer <= INT32_MAX;
}

static bool write_unsigned32(drmgmt__ber_writer *w, const drmgmt__snmp_value *value)
{
    drmgmt__ber_put_unsigned(w, value->tag, value->number);
    return value->number <= UINT32_MAX;
}

static bool write_unsigned64(drmgmt__ber_writer *w, const drmgmt__snmp_value *value)
{
    drmgmt__ber_put_unsigned(w, value->tag, value->number);
    return true;
}

static bool write_octets(drmgmt__ber_writer *w, const drmgmt__snmp_value *value)
{
    drmgmt__ber_put_value(w, value->tag, value->octets.bytes, value->octets.length);
    return true;
}

static bool write_address(drmgmt__ber_writer *w, const drmgmt__snmp_value *value)
{
    return value->octets.length == 4 && write_octets(w, value);
}

static bool write_oid(drmgmt__ber_writer *w, const drmgmt__snmp_value *value)
{
    return drmgmt__ber_put_oid(w, &value->oid);
}

static bool write_nothing(drmgmt__ber_writer *w, const drmgmt__snmp_value *value)
{
    drmgmt__ber_put_value(w, value->tag, NULL, 0);
    return true;
}

/* What stands in an Opaque has a mark before its tag. */
static bool wrap_opaque(drmgmt__ber_writer *w, const uint8_t *end)
{
    const uint8_t mark = OPAQUE_MARK;

    drmgmt__ber_put(w, &mark, 1);
    drmgmt__ber_wrap(w, DRMGMT__SNMP_OPAQUE, end);
    return true;
}

static bool write_opaque_number(drmgmt__ber_writer *w, const drmgmt__snmp_value *value)
{
    const uint8_t *end = w->at;

    if (value->tag == DRMGMT__SNMP_OPAQUE_I64)
        drmgmt__ber_put_signed(w, value->tag, value->integer);
    else
        drmgmt__ber_put_unsigned(w, value->tag, value->number);
    return wrap_opaque(w, end);
}

static bool write_real(drmgmt__ber_writer *w, const drmgmt__snmp_value *value)
{
    const uint8_t *end = w->at;
    uint8_t octets[8];
    uint64_t bits;
    size_t n = value->tag == DRMGMT__SNMP_OPAQUE_FLOAT ? 4 : 8;

    if (n == 4) {
        float single = (float)value->real;
        uint32_t half;
        memcpy(&half, &single, sizeof half);
        bits = half;
    } else {
        memcpy(&bits, &value->real, sizeof bits);
    }
    for (size_t i = n; i-- > 0; bits >>= 8)
        octets[i] = (uint8_t)bits;
    drmgmt__ber_put_value(w, value->tag, octets, n);
    return wrap_opaque(w, end);
}

static const struct type {
    const char *name;
    read_fn *read;
    write_fn *write;
    bool inside; /* an Opaque */
} types[256] = {
    [DRMGMT__SNMP_INTEGER] = { "INTEGER", read_signed, write_signed, false },
    [DRMGMT__SNMP_OCTETS] = { "OCTET STRING", read_octets, write_octets, false },
    [DRMGMT__SNMP_NULL] = { "NULL", read_nothing, write_nothing, false },
    [DRMGMT__SNMP_OID] = { "OBJECT IDENTIFIER", read_oid, write_oid, false },
    [DRMGMT__SNMP_IPADDRESS] = { "IpAddress", read_address, write_address, false },
    [DRMGMT__SNMP_COUNTER32] = { "Counter32", read_unsigned32, write_unsigned32, false },
    [DRMGMT__SNMP_GAUGE32] = { "Gauge32", read_unsigned32, write_unsigned32, false },
    [DRMGMT__SNMP_TIMETICKS] = { "TimeTicks", read_unsigned32, write_unsigned32, false },
    [DRMGMT__SNMP_OPAQUE] = { "Opaque", read_opaque, write_octets, false },
    [DRMGMT__SNMP_NSAP] = { "NsapAddress", read_octets, write_octets, false },
    [DRMGMT__SNMP_COUNTER64] = { "Counter64", read_unsigned64, write_unsigned64, false },
    [DRMGMT__SNMP_UINTEGER32] = { "UInteger32", read_unsigned32, write_unsigned32, false },
    [DRMGMT__SNMP_OPAQUE_COUNTER64] = { "Opaque", read_unsigned64, write_opaque_number, true },
    [DRMGMT__SNMP_OPAQUE_FLOAT] = { "Opaque", read_real, write_real, true },
    [DRMGMT__SNMP_OPAQUE_DOUBLE] = { "Opaque", read_real, write_real, true },
    [DRMGMT__SNMP_OPAQUE_I64] = { "Opaque", read_signed, write_opaque_number, true },
    [DRMGMT__SNMP_OPAQUE_U64] = { "Opaque", read_unsigned64, write_opaque_number, true },
    [DRMGMT__SNMP_NO_SUCH_OBJECT] = { "noSuchObject", read_nothing, write_nothing, false },
    [DRMGMT__SNMP_NO_SUCH_INSTANCE] = { "noSuchInstance", read_nothing, write_nothing, false },
    [DRMGMT__SNMP_END_OF_MIB_VIEW] = { "endOfMibView", read_nothing, write_nothing, false },
};

/* A number in it is taken out; anything else is octets. */
static bool read_opaque(const drmgmt__ber *content, drmgmt__snmp_value *out, uint32_t *arcs)
{
    drmgmt__ber inner = { content->at + 1, content->end }, number;
    uint8_t tag;

    if (drmgmt__ber_left(content) > 1 && *content->at == OPAQUE_MARK && drmgmt__ber_next(&inner, &tag, &number) &&
        inner.at == inner.end && types[tag].inside) {
        out->tag = tag;
        if (types[tag].read(&number, out, arcs))
            return true;
    }
    out->tag = DRMGMT__SNMP_OPAQUE;
    return read_octets(content, out, arcs);
}

const char *drmgmt__snmp_type_name(uint8_t tag)
{
    return types[tag].name;
}

/* ---- PDUs in ---- */

void drmgmt__snmp_cursor_open(drmgmt__snmp_cursor *c, const drmgmt__snmp_pdu *pdu)
{
    c->left = pdu->varbinds;
}

int drmgmt__snmp_next(drmgmt__snmp_cursor *c, drmgmt__snmp_varbind *out)
{
    drmgmt__ber varbind, name, value;
    uint8_t tag;

    if (c->left.at == c->left.end)
        return 0;
    if (!drmgmt__ber_enter(&c->left, SEQUENCE, &varbind) || !drmgmt__ber_enter(&varbind, DRMGMT__SNMP_OID, &name) ||
        !drmgmt__ber_oid(&name, c->name_arcs, &out->name.n) || !drmgmt__ber_next(&varbind, &tag, &value) ||
        varbind.at != varbind.end || !types[tag].read || types[tag].inside)
        return -1;
    out->name.arcs = c->name_arcs;
    out->value.tag = tag;
    return types[tag].read(&value, &out->value, c->value_arcs) ? 1 : -1;
}

static bool read_numbers(drmgmt__ber *content, drmgmt__snmp_pdu *out)
{
    int64_t id, status, index;

    if (!drmgmt__ber_take_integer(content, INT32_MIN, INT32_MAX, &id) ||
        !drmgmt__ber_take_integer(content, INT32_MIN, INT32_MAX, &status) ||
        !drmgmt__ber_take_integer(content, INT32_MIN, INT32_MAX, &index))
        return false;
    out->request_id = (int32_t)id;
    out->error_status = (int32_t)status;
    out->error_index = (int32_t)index;
    return true;
}

static bool read_trap1(drmgmt__ber *content, drmgmt__snmp_pdu *out)
{
    drmgmt__snmp_trap1 *trap = &out->trap1;
    drmgmt__ber enterprise, agent, ticks;
    int64_t generic, specific;
    uint64_t number;

    if (!drmgmt__ber_enter(content, DRMGMT__SNMP_OID, &enterprise) ||
        !drmgmt__ber_oid(&enterprise, out->enterprise_arcs, &trap->enterprise.n) ||
        !drmgmt__ber_enter(content, DRMGMT__SNMP_IPADDRESS, &agent) || drmgmt__ber_left(&agent) != 4 ||
        !drmgmt__ber_take_integer(content, INT32_MIN, INT32_MAX, &generic) ||
        !drmgmt__ber_take_integer(content, INT32_MIN, INT32_MAX, &specific) ||
        !drmgmt__ber_enter(content, DRMGMT__SNMP_TIMETICKS, &ticks) || !drmgmt__ber_unsigned(&ticks, 32, &number))
        return false;
    trap->enterprise.arcs = out->enterprise_arcs;
    memcpy(trap->agent, agent.at, sizeof trap->agent);
    trap->generic = (int32_t)generic;
    trap->specific = (int32_t)specific;
    trap->ticks = (uint32_t)number;
    return true;
}

static bool read_pdu(drmgmt__ber *from, drmgmt__snmp_pdu *out)
{
    drmgmt__ber content;

    if (!drmgmt__ber_next(from, &out->type, &content) || out->type < DRMGMT__SNMP_GET ||
        out->type > DRMGMT__SNMP_REPORT)
        return false;
    if (!(out->type == DRMGMT__SNMP_TRAP1 ? read_trap1(&content, out) : read_numbers(&content, out)))
        return false;
    return drmgmt__ber_enter(&content, SEQUENCE, &out->varbinds) && content.at == content.end;
}

/* ---- messages in ---- */

static bool read_usm(const drmgmt__ber *parameters, drmgmt__snmp_usm *out)
{
    drmgmt__ber from = *parameters, content, engine, user, mac, salt;
    int64_t boots, time;

    if (!drmgmt__ber_enter(&from, SEQUENCE, &content) || from.at != from.end ||
        !drmgmt__ber_take_octets(&content, DRMGMT__SNMP_ENGINE_MAX, &engine) ||
        !drmgmt__ber_take_integer(&content, 0, INT32_MAX, &boots) ||
        !drmgmt__ber_take_integer(&content, 0, INT32_MAX, &time) ||
        !drmgmt__ber_take_octets(&content, DRMGMT__SNMP_NAME_MAX, &user) ||
        !drmgmt__ber_take_octets(&content, DRMGMT__SNMP_MAC_MAX, &mac) ||
        !drmgmt__ber_take_octets(&content, 8, &salt) || content.at != content.end)
        return false;
    *out = (drmgmt__snmp_usm){ octets_of(&engine), octets_of(&user), octets_of(&mac),
                               octets_of(&salt),   (int32_t)boots,   (int32_t)time };
    return true;
}

static bool read_v3(drmgmt__ber *message, drmgmt__snmp_message *out)
{
    drmgmt__ber header, flags, parameters;
    int64_t id, max_size, model;
    uint8_t tag;

    if (!drmgmt__ber_enter(message, SEQUENCE, &header) || !drmgmt__ber_take_integer(&header, 0, INT32_MAX, &id) ||
        !drmgmt__ber_take_integer(&header, 0, INT32_MAX, &max_size) || !drmgmt__ber_take_octets(&header, 1, &flags) ||
        drmgmt__ber_left(&flags) != 1 || !drmgmt__ber_take_integer(&header, USM_MODEL, USM_MODEL, &model) ||
        header.at != header.end || !drmgmt__ber_take_octets(message, SIZE_MAX, &parameters) ||
        !read_usm(&parameters, &out->usm))
        return false;
    out->id = (int32_t)id;
    out->max_size = (int32_t)max_size;
    out->flags = *flags.at & (DRMGMT__SNMP_AUTH | DRMGMT__SNMP_PRIV | DRMGMT__SNMP_REPORTABLE);
    if ((out->flags & (DRMGMT__SNMP_AUTH | DRMGMT__SNMP_PRIV)) == DRMGMT__SNMP_PRIV) /* RFC 3412, section 7.2 (5) */
        return false;
    const uint8_t *start = message->at;
    if (!drmgmt__ber_next(message, &tag, &out->scoped) || message->at != message->end)
        return false;
    if (out->flags & DRMGMT__SNMP_PRIV)
        return tag == OCTETS;
    out->scoped.at = start; /* with its tag, as decrypted octets have it */
    return tag == SEQUENCE;
}

int drmgmt__snmp_scoped_read(drmgmt__snmp_message *m, const drmgmt__ber *plain)
{
    drmgmt__ber from = *plain, content, engine, name;

    if (!drmgmt__ber_enter(&from, SEQUENCE, &content) ||
        !drmgmt__ber_take_octets(&content, DRMGMT__SNMP_ENGINE_MAX, &engine) ||
        !drmgmt__ber_take_octets(&content, 255, &name) || !read_pdu(&content, &m->pdu) || content.at != content.end ||
        m->pdu.type == DRMGMT__SNMP_TRAP1)
        return -1;
    m->context_engine = octets_of(&engine);
    m->context_name = octets_of(&name);
    return 0;
}

int drmgmt__snmp_message_read(drmgmt__snmp_message *out, const uint8_t *packet, size_t length)
{
    drmgmt__ber from = { packet, packet + length }, message, community;
    int64_t version;

    if (!drmgmt__ber_enter(&from, SEQUENCE, &message) ||
        !drmgmt__ber_take_integer(&message, DRMGMT__SNMP_V1, DRMGMT__SNMP_V3, &version))
        return -1;
    out->version = (int)version;
    if (version == DRMGMT__SNMP_V3)
        return read_v3(&message, out) ? 0 : -1;
    if (version > DRMGMT__SNMP_V2C || !drmgmt__ber_take_octets(&message, DRMGMT__SNMP_COMMUNITY_MAX, &community) ||
        !read_pdu(&message, &out->pdu) || message.at != message.end)
        return -1;
    out->community = octets_of(&community);
    /* RFC 3416 knows no Trap-PDU of version 1, RFC 1157 nothing newer. */
    bool new = out->pdu.type > DRMGMT__SNMP_TRAP1, old = out->pdu.type == DRMGMT__SNMP_TRAP1;
    return (version == DRMGMT__SNMP_V1 ? new : old) ? -1 : 0;
}

/* ---- out ---- */

/* Questions have nulls for values. */
static bool write_varbinds(drmgmt__ber_writer *w, bool ask, const drmgmt__snmp_varbind *varbinds, size_t n)
{
    static const drmgmt__snmp_value nothing = { .tag = DRMGMT__SNMP_NULL };
    const uint8_t *all = w->at;

    for (size_t i = n; i-- > 0 && !w->full;) {
        const uint8_t *end = w->at;
        const drmgmt__snmp_value *value = ask ? &nothing : &varbinds[i].value;
        const struct type *type = &types[value->tag];
        if (!type->write || !type->write(w, value) || !drmgmt__ber_put_oid(w, &varbinds[i].name))
            return false;
        drmgmt__ber_wrap(w, SEQUENCE, end);
    }
    drmgmt__ber_wrap(w, SEQUENCE, all);
    return true;
}

static bool write_pdu(drmgmt__ber_writer *w, const drmgmt__snmp_pdu *pdu, const drmgmt__snmp_varbind *varbinds,
                      size_t n)
{
    const uint8_t *end = w->at;
    const drmgmt__snmp_trap1 *trap = &pdu->trap1;

    bool ask = pdu->type == DRMGMT__SNMP_GET || pdu->type == DRMGMT__SNMP_GETNEXT || pdu->type == DRMGMT__SNMP_GETBULK;
    if (!write_varbinds(w, ask, varbinds, n))
        return false;
    if (pdu->type == DRMGMT__SNMP_TRAP1) {
        drmgmt__ber_put_unsigned(w, DRMGMT__SNMP_TIMETICKS, trap->ticks);
        drmgmt__ber_put_signed(w, INTEGER, trap->specific);
        drmgmt__ber_put_signed(w, INTEGER, trap->generic);
        drmgmt__ber_put_value(w, DRMGMT__SNMP_IPADDRESS, trap->agent, sizeof trap->agent);
        if (!drmgmt__ber_put_oid(w, &trap->enterprise))
            return false;
    } else {
        drmgmt__ber_put_signed(w, INTEGER, pdu->error_index);
        drmgmt__ber_put_signed(w, INTEGER, pdu->error_status);
        drmgmt__ber_put_signed(w, INTEGER, pdu->request_id);
    }
    drmgmt__ber_wrap(w, pdu->type, end);
    return true;
}

static uint8_t *finish(const drmgmt__ber_writer *w, bool good, size_t *length)
{
    if (!good || w->full)
        return NULL;
    *length = (size_t)(w->end - w->at);
    return w->at;
}

uint8_t *drmgmt__snmp_message_write(const drmgmt__snmp_message *m, const drmgmt__snmp_varbind *varbinds, size_t n,
                                    uint8_t *buffer, size_t room, size_t *length)
{
    drmgmt__ber_writer w = drmgmt__ber_writer_on(buffer, room);

    bool good = write_pdu(&w, &m->pdu, varbinds, n);
    drmgmt__ber_put_value(&w, OCTETS, m->community.bytes, m->community.length);
    drmgmt__ber_put_signed(&w, INTEGER, m->version);
    drmgmt__ber_wrap(&w, SEQUENCE, w.end);
    return finish(&w, good, length);
}

uint8_t *drmgmt__snmp_scoped_write(const drmgmt__snmp_message *m, const drmgmt__snmp_varbind *varbinds, size_t n,
                                   uint8_t *buffer, size_t room, size_t *length)
{
    drmgmt__ber_writer w = drmgmt__ber_writer_on(buffer, room);

    bool good = write_pdu(&w, &m->pdu, varbinds, n);
    drmgmt__ber_put_value(&w, OCTETS, m->context_name.bytes, m->context_name.length);
    drmgmt__ber_put_value(&w, OCTETS, m->context_engine.bytes, m->context_engine.length);
    drmgmt__ber_wrap(&w, SEQUENCE, w.end);
    return finish(&w, good, length);
}

uint8_t *drmgmt__snmp_v3_write(const drmgmt__snmp_message *m, uint8_t *buffer, size_t room, size_t *length,
                               uint8_t **mac)
{
    static const uint8_t zeros[DRMGMT__SNMP_MAC_MAX];
    drmgmt__ber_writer w = drmgmt__ber_writer_on(buffer, room);
    const drmgmt__snmp_usm *usm = &m->usm;

    if (usm->mac.length > sizeof zeros)
        return NULL;
    drmgmt__ber_put(&w, m->scoped.at, drmgmt__ber_left(&m->scoped));
    if (m->flags & DRMGMT__SNMP_PRIV)
        drmgmt__ber_wrap(&w, OCTETS, w.end);
    const uint8_t *parameters = w.at;
    drmgmt__ber_put_value(&w, OCTETS, usm->salt.bytes, usm->salt.length);
    *mac = drmgmt__ber_put(&w, zeros, usm->mac.length);
    if (*mac)
        drmgmt__ber_wrap(&w, OCTETS, *mac + usm->mac.length);
    drmgmt__ber_put_value(&w, OCTETS, usm->user.bytes, usm->user.length);
    drmgmt__ber_put_signed(&w, INTEGER, usm->time);
    drmgmt__ber_put_signed(&w, INTEGER, usm->boots);
    drmgmt__ber_put_value(&w, OCTETS, usm->engine.bytes, usm->engine.length);
    drmgmt__ber_wrap(&w, SEQUENCE, parameters);
    drmgmt__ber_wrap(&w, OCTETS, parameters);
    const uint8_t *header = w.at;
    drmgmt__ber_put_signed(&w, INTEGER, USM_MODEL);
    drmgmt__ber_put_value(&w, OCTETS, &m->flags, 1);
    drmgmt__ber_put_signed(&w, INTEGER, m->max_size);
    drmgmt__ber_put_signed(&w, INTEGER, m->id);
    drmgmt__ber_wrap(&w, SEQUENCE, header);
    drmgmt__ber_put_signed(&w, INTEGER, DRMGMT__SNMP_V3);
    drmgmt__ber_wrap(&w, SEQUENCE, w.end);
    return finish(&w, true, length);
}

/* ---- quoted ---- */

bool drmgmt__snmp_quoted_id(const uint8_t *packet, size_t length, uint32_t *id)
{
    drmgmt__ber from = { packet, packet + length }, message, inner, content;
    int64_t version, number;
    uint8_t type;

    if (!drmgmt__ber_enter_cut(&from, SEQUENCE, &message) ||
        !drmgmt__ber_take_integer(&message, DRMGMT__SNMP_V1, DRMGMT__SNMP_V3, &version))
        return false;
    if (version == DRMGMT__SNMP_V3) {
        if (!drmgmt__ber_enter_cut(&message, SEQUENCE, &inner))
            return false;
    } else {
        if (!drmgmt__ber_take_octets(&message, DRMGMT__SNMP_COMMUNITY_MAX, &content) || message.at == message.end)
            return false;
        type = *message.at;
        if (type < DRMGMT__SNMP_GET || type > DRMGMT__SNMP_REPORT || type == DRMGMT__SNMP_TRAP1 ||
            !drmgmt__ber_enter_cut(&message, type, &inner))
            return false;
    }
    if (!drmgmt__ber_take_integer(&inner, INT32_MIN, INT32_MAX, &number))
        return false;
    *id = (uint32_t)(int32_t)number;
    return true;
}
