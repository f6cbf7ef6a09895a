/* A tenant's own settings: read, and change. Called by programs; calls store and audit. */
#include "audit/audit.h"
#include "auth/auth.h"
#include "core/core.h"
#include "core/entities.h"
#include "core/record_internal.h"
#include "core/strbuf.h"
#include "queries.h"
#include "store/store.h"
#include <drm/tenant_settings.h>

/* sec.keep_class() has them. */
#define KEEP "\"enum\":[0,1,7,30,90,365]"

static const drmgmt_field fields[] = {
    { "id", DRMGMT_TYPE_UUID, DRMGMT_FIELD_COLUMN, "t.tenant_id", "The tenant's", NULL },
    { "name", DRMGMT_TYPE_TEXT, DRMGMT_FIELD_COLUMN, "t.name", "What a log-in names", NULL },
    { "require_second_factor", DRMGMT_TYPE_BOOL, DRMGMT_FIELD_WRITABLE | DRMGMT_FIELD_REQUIRED | DRMGMT_FIELD_COLUMN,
      "t.require_second_factor", "Whether a user without a second factor can do nothing but enrol one", NULL },
    { "keep_results_days", DRMGMT_TYPE_INT, DRMGMT_FIELD_WRITABLE | DRMGMT_FIELD_REQUIRED | DRMGMT_FIELD_COLUMN,
      "t.keep_results_days", "How long results of jobs that end from now on are kept at least; 0: for ever", KEEP },
    { "keep_events_days", DRMGMT_TYPE_INT, DRMGMT_FIELD_WRITABLE | DRMGMT_FIELD_REQUIRED | DRMGMT_FIELD_COLUMN,
      "t.keep_events_days", "How long events of devices that come from now on are kept at least; 0: for ever", KEEP },
};

const drmgmt_entity drmgmt__entity_tenant_settings = {
    "tenant_settings",     "tenant_settings", "What a tenant's administrators decide for all of its users", fields,
    DRMGMT__COUNT(fields),
};

static int take_row(drmgmt__rows *rows, drmgmt_record **settings, drmgmt_error **error)
{
    if (drmgmt__rows_count(rows) == 0) {
        drmgmt__rows_free(rows);
        return drmgmt__fail(error, DRMGMT_ERR_UNAUTHENTICATED, "not authenticated");
    }
    return drmgmt__record_new(&drmgmt__entity_tenant_settings, rows, 0, settings, error);
}

int drmgmt_tenant_settings_get(drmgmt_session *session, drmgmt_record **settings, drmgmt_error **error)
{
    drmgmt__rows *rows = NULL;
    int rc =
        drmgmt__run(session, DRMGMT_PERM_TENANT_READ, DRMGMT__READ, &drmgmt__q_tenant_settings_get, NULL, &rows, error);

    return rc ? rc : take_row(rows, settings, error);
}

static int change(drmgmt__tx *tx, drmgmt_session *session, const drmgmt_draft *draft, drmgmt_error **error)
{
    DRMGMT__STRBUF detail = DRMGMT__STRBUF_INIT;
    drmgmt__params p = DRMGMT__PARAMS_INIT;
    bool any = false;

    for (size_t i = 0; i < DRMGMT__COUNT(fields); i++) {
        if (!(fields[i].flags & DRMGMT_FIELD_WRITABLE))
            continue;
        const char *text = drmgmt__draft_text(draft, fields[i].name);
        drmgmt__param(&p, text); /* in the order of tenant_settings_update.sql */
        if (text) {
            drmgmt__strbuf_printf(&detail, "%s\"%s\":%s", any ? "," : "{", fields[i].name, text);
            any = true;
        }
    }
    drmgmt__strbuf_puts(&detail, "}");
    int rc = drmgmt__tx_exec(tx, &drmgmt__q_tenant_settings_update, &p, NULL, error);
    if (rc)
        return rc;
    if (detail.failed)
        return drmgmt__fail_memory(error);
    return drmgmt__audit(tx, session, "tenant.settings", "tenant", session->tenant_id, any ? detail.data : NULL, error);
}

int drmgmt_tenant_settings_update(drmgmt_session *session, const drmgmt_draft *draft, drmgmt_record **settings,
                                  drmgmt_error **error)
{
    DRMGMT__TX drmgmt__tx *tx = NULL;
    drmgmt__rows *rows = NULL;
    drmgmt_record *found = NULL;

    if (draft->entity != &drmgmt__entity_tenant_settings)
        return drmgmt__fail(error, DRMGMT_ERR_INVALID, "the draft is not one of tenant settings");
    int rc = drmgmt__draft_check_change(draft, error);
    if (!rc)
        rc = drmgmt__tx_begin(session, DRMGMT_PERM_TENANT_SETTINGS, &tx, error);
    if (!rc)
        rc = change(tx, session, draft, error);
    if (!rc)
        rc = drmgmt__tx_exec(tx, &drmgmt__q_tenant_settings_get, NULL, &rows, error);
    if (!rc)
        rc = take_row(rows, &found, error);
    if (!rc)
        rc = drmgmt__tx_commit(&tx, error);
    if (rc)
        drmgmt_record_free(found);
    else
        *settings = found;
    return rc;
}
