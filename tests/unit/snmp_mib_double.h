/* An agent of the tests' own that has objects: answers GET, GETNEXT, GETBULK and SET from a list, with the bad manners
 * a test asks for. */
#ifndef DRMGMT_TESTS_SNMP_MIB_DOUBLE_H
#define DRMGMT_TESTS_SNMP_MIB_DOUBLE_H

#include "snmp_double.h"
#include "snmp_fixture.h"

struct object {
    uint32_t arcs[DRMGMT__OID_ARCS_MAX];
    size_t n;
    uint8_t value[300]; /* encoded */
    size_t value_length;
};

enum { OBJECTS_MAX = 2000 };

static struct manners {
    unsigned too_big_above; /* varbinds of an answer; 0: never */
    unsigned cut_after;     /* an answer has at most so many; 0: any number */
    unsigned lost_above;    /* longer ones never arrive; 0: all do */
    unsigned copies;        /* each answer comes so often more */
    bool first_late;        /* the first answer to each question is held until the second one */
    bool backwards;         /* the OID after the third one is the first again */
    bool endless;           /* what comes after the last one is the last with a larger number */
    bool empty;             /* answers have no varbinds */
    bool elsewhere;         /* answers come from another port */
    int status, index;      /* of each answer */
} manners;

static struct object objects[OBJECTS_MAX];
static size_t n_objects;
static atomic_uint gets, getnexts, getbulks, sets, repetitions_seen;

static inline void add_object(const char *oid, const void *value, size_t length)
{
    struct object *o = &objects[n_objects++];

    cr_assert_leq(n_objects, OBJECTS_MAX);
    cr_assert_null(drmgmt__oid_parse(oid, o->arcs, &o->n));
    memcpy(o->value, value, length);
    o->value_length = length;
}

static inline void put_arc(struct ber *out, uint32_t arc)
{
    uint8_t septets[5];
    size_t n = 0;

    do
        septets[n++] = arc & 0x7f;
    while (arc >>= 7);
    while (n-- > 0)
        out->bytes[out->n++] = (uint8_t)(septets[n] | (n ? 0x80 : 0));
}

static inline void put_object(struct ber *out, const uint32_t *arcs, size_t n, const void *value, size_t length)
{
    static _Thread_local struct ber oid, one;

    oid.n = one.n = 0;
    put_arc(&oid, arcs[0] * 40 + arcs[1]);
    for (size_t i = 2; i < n; i++)
        put_arc(&oid, arcs[i]);
    ber_put(&one, 6, oid.bytes, oid.n);
    memcpy(one.bytes + one.n, value, length);
    one.n += length;
    ber_put(out, 0x30, one.bytes, one.n);
}

static inline size_t read_arcs(const uint8_t *at, const uint8_t *end, uint32_t *arcs)
{
    size_t n = 0;

    while (at < end) {
        uint32_t arc = 0;
        do
            arc = arc << 7 | (*at & 0x7f);
        while (*at++ & 0x80);
        if (n == 0) {
            arcs[n++] = arc < 80 ? arc / 40 : 2;
            arc -= 40 * arcs[0];
        }
        arcs[n++] = arc;
    }
    return n;
}

static inline int order_of(const struct object *o, const uint32_t *arcs, size_t n)
{
    return drmgmt__oid_compare(&(drmgmt__oid){ o->arcs, o->n }, &(drmgmt__oid){ arcs, n });
}

/* The object after *arcs, which become its own; NULL: none. */
static inline const struct object *step(uint32_t *arcs, size_t *n)
{
    static _Thread_local struct object made;
    size_t i = 0;

    while (i < n_objects && order_of(&objects[i], arcs, *n) <= 0)
        i++;
    if (manners.backwards && i == 3)
        i = 0;
    const struct object *o = i < n_objects ? &objects[i] : NULL;
    if (!o && manners.endless) {
        made = objects[n_objects - 1];
        made.arcs[made.n - 1] = arcs[made.n - 1] + 1;
        o = &made;
    }
    if (o) {
        memcpy(arcs, o->arcs, o->n * sizeof *arcs);
        *n = o->n;
    }
    return o;
}

/* Each asked object in turn. False: SNMPv1 has no answer to it. */
static inline bool put_answers(const struct request *r, struct ber *out, unsigned *n_out)
{
    uint32_t arcs[DRMGMT__OID_ARCS_MAX];
    unsigned times = r->type == DRMGMT__SNMP_GETBULK ? (unsigned)r->max_repetitions : 1;

    for (const uint8_t *at = r->oids; at < r->oids + r->oids_length;) {
        uint8_t tag;
        const uint8_t *end = ber_enter(&at, &tag);
        size_t n = read_arcs(at, end, arcs);
        at = end;
        for (unsigned i = 0; i < times && !(manners.cut_after && *n_out >= manners.cut_after); i++, ++*n_out) {
            const struct object *o = NULL;
            if (r->type == DRMGMT__SNMP_GET) {
                for (size_t k = 0; k < n_objects && !o; k++)
                    o = order_of(&objects[k], arcs, n) == 0 ? &objects[k] : NULL;
            } else {
                o = step(arcs, &n);
            }
            if (!o && r->version == 0)
                return false;
            if (o)
                put_object(out, arcs, n, o->value, o->value_length);
            else
                put_object(out, arcs, n, r->type == DRMGMT__SNMP_GET ? "\x81" : "\x82", 2);
        }
    }
    return true;
}

static inline void count(const struct request *r)
{
    atomic_fetch_add(r->type == DRMGMT__SNMP_GET       ? &gets
                     : r->type == DRMGMT__SNMP_GETNEXT ? &getnexts
                     : r->type == DRMGMT__SNMP_SET     ? &sets
                                                       : &getbulks,
                     1);
    if (r->type == DRMGMT__SNMP_GETBULK && (unsigned)r->max_repetitions > repetitions_seen)
        repetitions_seen = (unsigned)r->max_repetitions;
}

static inline void answer_from_objects(struct twin *twin, const struct request *r)
{
    static struct ber varbinds, out;
    static int32_t last_id;
    unsigned n = 0;

    count(r);
    varbinds.n = 0;
    if (r->type == DRMGMT__SNMP_SET || manners.status) {
        memcpy(varbinds.bytes, r->varbinds, varbinds.n = r->varbinds_length);
        make_response_of(&out, r, manners.status, manners.index, &varbinds);
    } else if (!put_answers(r, &varbinds, &n)) {
        memcpy(varbinds.bytes, r->varbinds, varbinds.n = r->varbinds_length);
        make_response_of(&out, r, 2, 1, &varbinds);
    } else if (manners.too_big_above && n > manners.too_big_above) {
        varbinds.n = 0;
        make_response_of(&out, r, 1, 0, &varbinds);
    } else {
        varbinds.n = manners.empty ? 0 : varbinds.n;
        make_response_of(&out, r, 0, 0, &varbinds);
    }
    bool held = manners.first_late && last_id != r->id;
    last_id = r->id;
    if (held || (manners.lost_above && n > manners.lost_above))
        return;
    struct twin from = *twin;
    unsigned port;
    if (manners.elsewhere)
        from.fd = open_udp(&port);
    for (unsigned i = 0; i <= manners.copies; i++)
        reply(&from, out.bytes, out.n);
    if (manners.elsewhere)
        close(from.fd);
}

static inline void forget_objects(void)
{
    n_objects = 0;
    manners = (struct manners){ 0 };
    gets = getnexts = getbulks = sets = repetitions_seen = 0;
}

#endif
