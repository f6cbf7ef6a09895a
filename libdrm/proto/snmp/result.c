/* Answers to JSON, and the words of error-status. Called by get.c and operation.c. */
#include "proto/snmp/snmp.h"

#include "core/core.h"

const char *drmgmt__snmp_put_answer(drmgmt__strbuf *out, drmgmt__snmp_render *render, drmgmt__snmp_cursor *cursor,
                                    const drmgmt__oid *oids, size_t n, bool same)
{
    drmgmt__snmp_varbind vb;

    for (size_t i = 0; i < n; i++) {
        int more = drmgmt__snmp_next(cursor, &vb);
        if (more <= 0)
            return more ? "a malformed object" : "fewer objects than were asked for";
        if (same && !drmgmt__oid_equal(&vb.name, &oids[i]))
            return "another object than was asked for";
        if (i > 0)
            drmgmt__strbuf_putc(out, ',');
        if (!drmgmt__snmp_put_varbind(out, render, &vb))
            return "a value of a type that SNMPv1 and SNMPv2c do not have";
    }
    return drmgmt__snmp_next(cursor, &vb) ? "more objects than were asked for" : NULL;
}

const char *drmgmt__snmp_result(drmgmt__strbuf *out, drmgmt__snmp_cursor *cursor, const drmgmt__snmp_objects *objects)
{
    drmgmt__snmp_render render = { .object = NULL };

    drmgmt__strbuf_puts(out, "{\"varbinds\":[");
    const char *wrong = drmgmt__snmp_put_answer(out, &render, cursor, objects->oids, objects->n, true);
    drmgmt__strbuf_puts(out, "]}");
    return wrong;
}

/* RFC 3416, section 3: by number. */
const drmgmt__snmp_status *drmgmt__snmp_status_of(long error_status)
{
    static const drmgmt__snmp_status statuses[] = {
        { "noError", "", false },
        { "tooBig", "the answer does not fit into one message: ask for fewer objects at once", false },
        { "noSuchName", "the agent has no such object, or this community may not see it", false },
        { "badValue", "the agent refuses the value", false },
        { "readOnly", "the agent does not let the object be written", false },
        { "genErr", "the agent could not read or write the object", true },
        { "noAccess", "this credential may not read or write the object", false },
        { "wrongType", "the object has another type", false },
        { "wrongLength", "the value is too short or too long for the object", false },
        { "wrongEncoding", "the agent finds the value wrongly encoded", false },
        { "wrongValue", "the object can never have this value", false },
        { "noCreation", "there is no such row, and the agent does not make one", false },
        { "inconsistentValue", "the object cannot have this value as things are now", false },
        { "resourceUnavailable", "the agent lacks resources now", true },
        { "commitFailed", "the agent failed to set it, and nothing is changed", false },
        { "undoFailed", "the agent failed in the middle and could not undo what it had set: read the objects", false },
        { "authorizationError", "this community, or this user, may not do that", false },
        { "notWritable", "the object cannot be written, or not by this credential", false },
        { "inconsistentName", "there is no such row, and it cannot be made as things are now", false },
    };
    static const drmgmt__snmp_status unknown = { "genErr", "the agent sent an error-status that SNMP does not have",
                                                 true };

    return error_status > 0 && error_status < (long)DRMGMT__COUNT(statuses) ? &statuses[error_status] : &unknown;
}
