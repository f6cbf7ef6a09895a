/* What was found of a chain, in words and as JSON. Called by programs. */
#include "core/core.h"
#include "core/strbuf.h"
#include <drm/audit.h>

static const char *const names[] = {
    [DRMGMT_AUDIT_INTACT] = "intact",
    [DRMGMT_AUDIT_ROW_CHANGED] = "row-changed",
    [DRMGMT_AUDIT_ROW_MISSING] = "row-missing",
    [DRMGMT_AUDIT_ROW_INSERTED] = "row-inserted",
    [DRMGMT_AUDIT_ROWS_REORDERED] = "rows-reordered",
    [DRMGMT_AUDIT_LINK_CHANGED] = "link-changed",
    [DRMGMT_AUDIT_LINK_MISSING] = "link-missing",
    [DRMGMT_AUDIT_HEAD_LOST] = "head-lost",
};

const char *drmgmt_audit_flaw_name(drmgmt_audit_flaw flaw)
{
    return (unsigned)flaw < DRMGMT__COUNT(names) ? names[flaw] : "unknown";
}

int drmgmt_audit_report_json(const drmgmt_audit_report *r, char **json, size_t *length)
{
    drmgmt__strbuf b = DRMGMT__STRBUF_INIT;

    drmgmt__strbuf_putc(&b, '{');
    drmgmt__json_member(&b, "tenant_id", r->tenant_id);
    drmgmt__json_key(&b, "intact");
    drmgmt__strbuf_puts(&b, r->flaw == DRMGMT_AUDIT_INTACT ? "true" : "false");
    drmgmt__json_member_int(&b, "links", (int64_t)r->links);
    drmgmt__json_member_int(&b, "rows", (int64_t)r->rows);
    drmgmt__json_member_int(&b, "pending", (int64_t)r->pending);
    drmgmt__json_key(&b, "head");
    drmgmt__strbuf_printf(&b, "\"%llu:%s\"", (unsigned long long)r->links, r->head);
    drmgmt__json_key(&b, "flaw");
    if (r->flaw == DRMGMT_AUDIT_INTACT) {
        drmgmt__strbuf_puts(&b, "null");
    } else {
        drmgmt__strbuf_putc(&b, '{');
        drmgmt__json_member(&b, "kind", drmgmt_audit_flaw_name(r->flaw));
        drmgmt__json_key(&b, "link");
        if (r->link)
            drmgmt__strbuf_printf(&b, "%llu", (unsigned long long)r->link);
        else
            drmgmt__strbuf_puts(&b, "null");
        drmgmt__json_member(&b, "row_id", r->row_id[0] ? r->row_id : NULL);
        drmgmt__json_member(&b, "text", r->text);
        drmgmt__strbuf_putc(&b, '}');
    }
    drmgmt__strbuf_putc(&b, '}');
    char *text = drmgmt__strbuf_steal(&b, length);
    if (!text)
        return DRMGMT_ERR_NO_MEMORY;
    *json = text;
    return 0;
}
