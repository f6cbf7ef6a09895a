/* A path or search of USP from outside. What is let through is printed so that it is let through again and means the
 * same; what is refused says why, on one line. The first octet chooses what else is let through. */
#include "fuzz_tr181.h"

#include "tr181/path.h"
#include <string.h>

/* A little model with a table, a list of references in a circle, a command and an event. */
static const char text[] =
    "<dm:document xmlns:dm=\"urn:broadband-forum-org:cwmp:datamodel-1-15\" spec=\"urn:x:tr-1\" file=\"a.xml\">"
    "<model name=\"Device:2.0\">"
    "<object name=\"Device.\" access=\"readOnly\" minEntries=\"1\" maxEntries=\"1\">"
    "<command name=\"Reboot()\" async=\"false\"><input><parameter name=\"Cause\"><syntax><string/></syntax></parameter>"
    "</input></command>"
    "<event name=\"Boot!\"><parameter name=\"Why\"><syntax><string/></syntax></parameter></event></object>"
    "<object name=\"Device.A.{i}.\" access=\"readWrite\" minEntries=\"0\" maxEntries=\"unbounded\">"
    "<parameter name=\"Alias\" access=\"readWrite\"><syntax><string/></syntax></parameter>"
    "<parameter name=\"Enable\" access=\"readWrite\"><syntax><boolean/></syntax></parameter>"
    "<parameter name=\"Level\" access=\"readWrite\"><syntax><list/><decimal/></syntax></parameter>"
    "<parameter name=\"Layers\" access=\"readWrite\"><syntax><list/><string>"
    "<pathRef refType=\"weak\" targetParent=\"#.A. #.B. .A. .B. Device.A.\" targetType=\"row\"/>"
    "</string></syntax></parameter></object>"
    "<object name=\"Device.B.{i}.\" access=\"readWrite\" minEntries=\"0\" maxEntries=\"unbounded\">"
    "<parameter name=\"Layers\" access=\"readWrite\"><syntax><list/><string>"
    "<pathRef refType=\"weak\" targetParent=\"#.A. #.B. .A. .B. Device.A.\" targetType=\"row\"/>"
    "</string></syntax></parameter></object>"
    "</model></dm:document>";

static void matched(const drmgmt__dm_path *path)
{
    drmgmt__dm_match match = { NULL, false, false };
    drmgmt__dm_complaint complaint = { 0, "" };
    bool found = drmgmt__dm_path_match(fuzz_model(text, sizeof text - 1), path, &match, &complaint);

    MUST(!found || match.open == (match.item == NULL));
    MUST(found || complaint.words[0]);
    MUST(!strpbrk(complaint.words, "\r\n"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned flags = size ? data[0] & 3 : 0;
    const char *given = (const char *)data + (size > 0);
    size_t n = size - (size > 0);
    drmgmt__dm_path path = { .kind = 0 }, again = { .kind = 0 };
    drmgmt__dm_complaint complaint = { 0, "" };

    if (!drmgmt__dm_path_parse(&path, given, n, flags, &complaint)) {
        MUST(complaint.words[0] && !strpbrk(complaint.words, "\r\n"));
        MUST(complaint.at <= n);
        return 0;
    }
    {
        DRMGMT__STRBUF once = DRMGMT__STRBUF_INIT;
        DRMGMT__STRBUF twice = DRMGMT__STRBUF_INIT;
        drmgmt__dm_path_print(&path, &once);
        MUST(once.length <= n);
        MUST(drmgmt__dm_path_parse(&again, once.data, once.length, flags, &complaint));
        MUST(again.kind == path.kind && again.n_steps == path.n_steps && again.n_conditions == path.n_conditions);
        drmgmt__dm_path_print(&again, &twice);
        MUST(strcmp(once.data, twice.data) == 0);
        for (unsigned i = 0; i < path.n_conditions; i++) {
            drmgmt__strbuf_reset(&once);
            drmgmt__dm_literal(&path.conditions[i], &once);
            MUST(once.length <= path.conditions[i].value_length);
        }
    }
    matched(&path);
    return 0;
}
