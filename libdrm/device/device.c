/* Devices: create, read, change, delete, list. Called by programs; calls store, audit and, for profiles, the drivers.
 */
#include <drm/device.h>

#include "audit/audit.h"
#include "core/entities.h"
#include "core/record_internal.h"
#include "core/strbuf.h"
#include "device/device_internal.h"
#include "queries.h"
#include "store/array.h"
#include "store/list.h"
#include <string.h>

static const drmgmt_entity *const entity = &drmgmt__entity_device;

static int no_such(drmgmt_error **error)
{
    return drmgmt__fail(error, DRMGMT_ERR_NOT_FOUND, "there is no such device");
}

/* A name that looks like an id could never be asked for. */
static int check_name(const drmgmt_draft *draft, drmgmt_error **error)
{
    const char *name = drmgmt__draft_text(draft, "name");

    if (name && drmgmt__uuid_valid(name))
        return drmgmt__fail_full(error, DRMGMT_ERR_INVALID, false, NULL, "name", "name: it must not look like an id");
    return 0;
}

/* What the draft's fields alone cannot tell. On success profiles is to be cleared. */
static int check(const drmgmt_draft *draft, drmgmt__profiles *profiles, drmgmt_error **error)
{
    int rc = check_name(draft, error);

    return rc ? rc : drmgmt__profiles_parse(drmgmt__draft_text(draft, "profiles"), profiles, error);
}

static const char *tags_of(const drmgmt_draft *draft, drmgmt__strbuf *b)
{
    const char *json = drmgmt__draft_text(draft, "tags");

    return json && drmgmt__array_from_json(b, json) ? b->data : NULL;
}

/* A community that comes with a profile is a credential: who brings one must be allowed to write those too. The
 * transaction is that of device:write, which may hold on some devices only. */
static int begin_write(drmgmt_session *session, const drmgmt__profiles *profiles, drmgmt__tx **tx, drmgmt_error **error)
{
    DRMGMT__ROWS drmgmt__rows *rows = NULL;
    int rc = drmgmt__tx_begin(session, DRMGMT_PERM_DEVICE_WRITE, tx, error);

    if (rc || !profiles->n_secrets)
        return rc;
    rc = drmgmt__tx_exec(*tx, &drmgmt__q_auth_rights, NULL, &rows, error);
    if (!rc && !(drmgmt__rows_int(rows, 0, 0) >> DRMGMT_PERM_CREDENTIAL_WRITE & 1))
        rc = drmgmt__fail_full(error, DRMGMT_ERR_FORBIDDEN, false, NULL, "profiles",
                               "profiles: a community is a credential, for which the permission %s is needed",
                               drmgmt_permission_name(DRMGMT_PERM_CREDENTIAL_WRITE));
    return rc;
}

/* ---- create ---- */

static int create(drmgmt__tx *tx, drmgmt_session *session, const char *id, const drmgmt_draft *draft,
                  const drmgmt__profiles *profiles, drmgmt_error **error)
{
    drmgmt__params p = DRMGMT__PARAMS_INIT;
    DRMGMT__STRBUF tags = DRMGMT__STRBUF_INIT;

    drmgmt__param(&p, id);
    drmgmt__param(&p, drmgmt__draft_text(draft, "name"));
    drmgmt__param(&p, drmgmt__draft_text(draft, "description"));
    drmgmt__param(&p, tags_of(draft, &tags));
    int rc = tags.failed ? drmgmt__fail_memory(error)
                         : drmgmt__exec_explained(tx, &drmgmt__q_device_insert, &p, NULL, error);
    if (!rc && json_array_size(profiles->rows))
        rc = drmgmt__profiles_store(tx, session, id, profiles, error);
    return rc;
}

int drmgmt_device_create(drmgmt_session *session, const drmgmt_draft *draft, drmgmt_record **device,
                         drmgmt_error **error)
{
    DRMGMT__TX drmgmt__tx *tx = NULL;
    drmgmt__profiles profiles;
    char id[DRMGMT__UUID_SIZE];

    int rc = drmgmt__draft_require(draft, error);
    if (!rc)
        rc = check(draft, &profiles, error);
    if (rc)
        return rc;
    if (drmgmt__uuid_v7(id))
        rc = drmgmt__fail(error, DRMGMT_ERR_INTERNAL, "no randomness for an id");
    if (!rc)
        rc = begin_write(session, &profiles, &tx, error);
    if (!rc)
        rc = create(tx, session, id, draft, &profiles, error);
    if (!rc)
        rc =
            drmgmt__finish_change(&tx, session, "device.create", NULL, draft, &drmgmt__q_device_get, id, device, error);
    drmgmt__profiles_clear(&profiles);
    return rc;
}

/* ---- read ---- */

int drmgmt_device_get(drmgmt_session *session, const char *id_or_name, drmgmt_record **device, drmgmt_error **error)
{
    const drmgmt__query *query = drmgmt__uuid_valid(id_or_name) ? &drmgmt__q_device_get : &drmgmt__q_device_get_by_name;

    return drmgmt__get_run(session, DRMGMT_PERM_DEVICE_READ, query, id_or_name, entity, "device", device, error);
}

/* ---- change ---- */

static void add_change(drmgmt__params *p, const drmgmt_draft *draft, const char *field, const char *text)
{
    drmgmt__param_bool(p, drmgmt__draft_has(draft, field));
    drmgmt__param(p, text);
}

static int change(drmgmt__tx *tx, drmgmt_session *session, const char *id, const drmgmt_draft *draft,
                  const drmgmt__profiles *profiles, drmgmt_error **error)
{
    drmgmt__params p = DRMGMT__PARAMS_INIT;
    DRMGMT__STRBUF tags = DRMGMT__STRBUF_INIT;

    drmgmt__param(&p, id);
    add_change(&p, draft, "name", drmgmt__draft_text(draft, "name"));
    add_change(&p, draft, "description", drmgmt__draft_text(draft, "description"));
    add_change(&p, draft, "tags", tags_of(draft, &tags));
    int rc = tags.failed ? drmgmt__fail_memory(error)
                         : drmgmt__exec_explained(tx, &drmgmt__q_device_update, &p, NULL, error);
    if (!rc && drmgmt__draft_has(draft, "profiles"))
        rc = drmgmt__profiles_store(tx, session, id, profiles, error);
    return rc;
}

int drmgmt_device_update(drmgmt_session *session, const char *id, int64_t if_version, const drmgmt_draft *draft,
                         drmgmt_record **device, drmgmt_error **error)
{
    DRMGMT__TX drmgmt__tx *tx = NULL;
    DRMGMT__RECORD drmgmt_record *before = NULL;
    drmgmt__profiles profiles;

    if (!drmgmt__uuid_valid(id))
        return no_such(error);
    int rc = drmgmt__draft_check_change(draft, error);
    if (!rc)
        rc = check(draft, &profiles, error);
    if (rc)
        return rc;
    rc = begin_write(session, &profiles, &tx, error);
    if (!rc)
        rc = drmgmt__hold(tx, entity, &drmgmt__q_device_hold, &drmgmt__q_device_get, id, if_version, "device", &before,
                          error);
    if (!rc)
        rc = change(tx, session, id, draft, &profiles, error);
    if (!rc)
        rc = drmgmt__finish_change(&tx, session, "device.update", before, draft, &drmgmt__q_device_get, id, device,
                                   error);
    drmgmt__profiles_clear(&profiles);
    return rc;
}

/* ---- delete ---- */

static int delete_one(drmgmt__tx *tx, drmgmt_session *session, const char *id, int64_t if_version, drmgmt_error **error)
{
    drmgmt__params p = DRMGMT__PARAMS_INIT;
    DRMGMT__RECORD drmgmt_record *before = NULL;

    drmgmt__param(&p, id);
    int rc = drmgmt__hold(tx, entity, &drmgmt__q_device_lock, &drmgmt__q_device_get, id, if_version, "device", &before,
                          error);
    /* The profiles first, so that the credentials made for them are free to go. */
    if (!rc)
        rc = drmgmt__exec_explained(tx, &drmgmt__q_device_profiles_delete, &p, NULL, error);
    if (!rc)
        rc = drmgmt__credentials_prune(tx, session, id, error);
    if (!rc)
        rc = drmgmt__exec_explained(tx, &drmgmt__q_device_delete, &p, NULL, error);
    return rc ? rc : drmgmt__audit_change(tx, session, "device.delete", before, NULL, NULL, error);
}

int drmgmt_device_delete(drmgmt_session *session, const char *id, int64_t if_version, drmgmt_error **error)
{
    DRMGMT__TX drmgmt__tx *tx = NULL;

    if (!drmgmt__uuid_valid(id))
        return no_such(error);
    int rc = drmgmt__tx_begin(session, DRMGMT_PERM_DEVICE_WRITE, &tx, error);
    if (!rc)
        rc = delete_one(tx, session, id, if_version, error);
    return rc ? rc : drmgmt__tx_commit(&tx, error);
}

/* ---- list ---- */

static const struct {
    const char *sort, *key;
    const drmgmt__query *query;
} orders[] = {
    { "id", "id", &drmgmt__q_device_list },
    { "-id", "id", &drmgmt__q_device_list_desc },
    { "name", "name", &drmgmt__q_device_list_name },
    { "-name", "name", &drmgmt__q_device_list_name_desc },
};

/* All tag filters as one array; NULL without any. */
static const char *tag_filters(const drmgmt_query *query, drmgmt__strbuf *b)
{
    size_t from = 0;
    const char *tag;

    while ((tag = drmgmt__query_filter(query, "tags", &from)))
        drmgmt__array_add(b, tag);
    if (b->length)
        drmgmt__array_end(b);
    return b->data;
}

int drmgmt_device_list(drmgmt_session *session, const drmgmt_query *query, drmgmt_page **page, drmgmt_error **error)
{
    DRMGMT__STRBUF name = DRMGMT__STRBUF_INIT, tags = DRMGMT__STRBUF_INIT;
    drmgmt__params p;
    size_t from_name = 0, from_protocol = 0, order = 0;

    for (size_t i = 0; query->sort && i < DRMGMT__COUNT(orders); i++)
        if (strcmp(orders[i].sort, query->sort) == 0)
            order = i;
    drmgmt__list_params(&p);
    drmgmt__param(&p, drmgmt__list_pattern(&name, drmgmt__query_filter(query, "name", &from_name)));
    drmgmt__param(&p, tag_filters(query, &tags));
    drmgmt__param(&p, drmgmt__query_filter(query, "protocols", &from_protocol));
    if (name.failed || tags.failed)
        return drmgmt__fail_memory(error);
    const drmgmt__query *statement = order == 0 && tags.length ? &drmgmt__q_device_list_tag : orders[order].query;
    return drmgmt__list_run(session, DRMGMT_PERM_DEVICE_READ, statement, &p, query, orders[order].key, page, error);
}
