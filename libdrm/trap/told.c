/* Notifications to JSON. Called by receive.c; calls the SNMP message layer. */
#include "trap/told.h"

#include "core/core.h"
#include "proto/snmp/names.h"
#include "proto/snmp/value.h"
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

static const uint32_t snmp_trap_oid[] = { 1, 3, 6, 1, 6, 3, 1, 1, 4, 1, 0 };
static const uint32_t sys_up_time[] = { 1, 3, 6, 1, 2, 1, 1, 3, 0 };
static const uint32_t snmp_traps[] = { 1, 3, 6, 1, 6, 3, 1, 1, 5 };

static bool is(const drmgmt__oid *oid, const uint32_t *arcs, size_t n)
{
    return oid->n == n && memcmp(oid->arcs, arcs, n * sizeof *arcs) == 0;
}

/* RFC 3418, and for the last one RFC 1215: what stands under snmpTraps. */
static void name_trap(const drmgmt__oid *oid, drmgmt__strbuf *name)
{
    static const char *const names[] = { "coldStart",      "warmStart", "linkDown", "linkUp", "authenticationFailure",
                                         "egpNeighborLoss" };
    size_t n = DRMGMT__COUNT(snmp_traps);

    if (oid->n == n + 1 && memcmp(oid->arcs, snmp_traps, sizeof snmp_traps) == 0 && oid->arcs[n] >= 1 &&
        oid->arcs[n] <= DRMGMT__COUNT(names))
        drmgmt__strbuf_puts(name, names[oid->arcs[n] - 1]);
    else
        (void)drmgmt__snmp_name_print(name, oid);
}

/* RFC 3584, section 3.1: the notification that a trap of version 1 stands for. */
static void tell_version_1(const drmgmt__snmp_trap1 *trap, drmgmt__trap_told *told)
{
    uint32_t arcs[DRMGMT__OID_ARCS_MAX + 2];
    char agent[INET_ADDRSTRLEN];
    drmgmt__oid oid = { arcs, 0 };

    if (trap->generic >= 0 && trap->generic < 6) {
        memcpy(arcs, snmp_traps, sizeof snmp_traps);
        oid.n = DRMGMT__COUNT(snmp_traps);
        arcs[oid.n++] = (uint32_t)trap->generic + 1;
    } else {
        memcpy(arcs, trap->enterprise.arcs, trap->enterprise.n * sizeof *arcs);
        oid.n = trap->enterprise.n;
        arcs[oid.n++] = 0;
        arcs[oid.n++] = (uint32_t)trap->specific;
    }
    drmgmt__oid_print(&told->oid, &oid);
    name_trap(&oid, &told->name);
    drmgmt__json_member_int(&told->detail, "uptime", trap->ticks);
    drmgmt__strbuf_puts(&told->detail, ",\"enterprise\":\"");
    drmgmt__oid_print(&told->detail, &trap->enterprise);
    drmgmt__strbuf_putc(&told->detail, '"');
    drmgmt__json_member_int(&told->detail, "generic", trap->generic);
    drmgmt__json_member_int(&told->detail, "specific", trap->specific);
    drmgmt__json_member(&told->detail, "agent", inet_ntop(AF_INET, trap->agent, agent, sizeof agent));
}

/* The first two varbinds of a notification tell when and what (RFC 3416, section 4.2.6); true: it is one of these. */
static bool take(const drmgmt__snmp_varbind *vb, drmgmt__trap_told *told, size_t at)
{
    if (at > 1)
        return false;
    if (is(&vb->name, sys_up_time, DRMGMT__COUNT(sys_up_time)) && vb->value.tag == DRMGMT__SNMP_TIMETICKS) {
        drmgmt__json_member_int(&told->detail, "uptime", (int64_t)vb->value.number);
        return true;
    }
    if (is(&vb->name, snmp_trap_oid, DRMGMT__COUNT(snmp_trap_oid)) && vb->value.tag == DRMGMT__SNMP_OID &&
        !told->oid.length) {
        drmgmt__oid_print(&told->oid, &vb->value.oid);
        name_trap(&vb->value.oid, &told->name);
        return true;
    }
    return false;
}

static int tell_varbinds(const drmgmt__snmp_message *m, drmgmt__trap_told *told)
{
    DRMGMT__STRBUF list = DRMGMT__STRBUF_INIT;
    drmgmt__snmp_render render = { .object = NULL };
    drmgmt__snmp_cursor cursor;
    drmgmt__snmp_varbind vb;
    bool shown = true;
    int got;

    drmgmt__snmp_cursor_open(&cursor, &m->pdu);
    drmgmt__strbuf_puts(&list, "");
    for (size_t i = 0; (got = drmgmt__snmp_next(&cursor, &vb)) == 1; i++) {
        if (m->pdu.type != DRMGMT__SNMP_TRAP1 && take(&vb, told, i))
            continue;
        if (list.length)
            drmgmt__strbuf_putc(&list, ',');
        shown = drmgmt__snmp_put_varbind(&list, &render, &vb) && shown;
    }
    drmgmt__json_key(&told->detail, "varbinds");
    drmgmt__strbuf_printf(&told->detail, "[%s]}", list.failed ? "" : list.data);
    return got || list.failed || !shown ? -1 : 0;
}

static bool failed(const drmgmt__trap_told *told)
{
    return told->oid.failed || told->name.failed || told->detail.failed;
}

int drmgmt__trap_tell(const drmgmt__snmp_message *m, const char *user, drmgmt__trap_told *told)
{
    static const char *const versions[] = {
        [DRMGMT__SNMP_V1] = "1", [DRMGMT__SNMP_V2C] = "2c", [DRMGMT__SNMP_V3] = "3"
    };

    *told = (drmgmt__trap_told){ .kind = "" };
    snprintf(told->kind, sizeof told->kind, "%s", m->pdu.type == DRMGMT__SNMP_INFORM ? "snmp.inform" : "snmp.trap");
    drmgmt__strbuf_putc(&told->detail, '{');
    drmgmt__json_member(&told->detail, "version", versions[m->version]);
    if (user) {
        drmgmt__json_member(&told->detail, "user", user);
        drmgmt__json_key(&told->detail, "context");
        const drmgmt__snmp_value context = { .tag = DRMGMT__SNMP_OCTETS, .octets = m->context_name };
        drmgmt__snmp_put_value(&told->detail, &context, NULL);
    }
    if (m->pdu.type == DRMGMT__SNMP_TRAP1)
        tell_version_1(&m->pdu.trap1, told);
    int rc = tell_varbinds(m, told);
    return rc || failed(told) ? -1 : 0;
}

void drmgmt__trap_told_clear(drmgmt__trap_told *told)
{
    drmgmt__strbuf_free(&told->oid);
    drmgmt__strbuf_free(&told->name);
    drmgmt__strbuf_free(&told->detail);
}
