/* An export from outside, line by line, as drmctl audit verify --file takes it. Whatever it says, the answer is a
 * report or one refusal in words; and what is called intact has as many rows as it claims. */
#include "fuzz.h"

#include <drm/audit.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    drmgmt_audit_reader *reader = drmgmt_audit_reader_new(NULL);
    drmgmt_audit_report report;
    drmgmt_error *error = NULL;
    size_t lines = 0;
    int rc = 0;

    MUST(reader);
    for (size_t at = 0; at < size && !rc; lines++) {
        const uint8_t *end = memchr(data + at, '\n', size - at);
        size_t n = end ? (size_t)(end - (data + at)) + 1 : size - at;
        rc = drmgmt_audit_reader_line(reader, (const char *)data + at, n, &error);
        at += n;
    }
    if (!rc)
        rc = drmgmt_audit_reader_end(reader, &report, &error);
    if (rc) {
        MUST(rc == DRMGMT_ERR_INVALID && drmgmt_error_message(error)[0]);
    } else if (report.flaw == DRMGMT_AUDIT_INTACT) {
        MUST(report.rows + report.pending <= lines && report.text[0] == '\0');
    } else {
        MUST(report.text[0] && drmgmt_audit_flaw_name(report.flaw)[0]);
    }
    drmgmt_error_free(error);
    drmgmt_audit_reader_free(reader);
    return 0;
}
