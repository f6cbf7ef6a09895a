/* Senders: the database's answer, with secrets opened. Called by the clerk's thread; calls store and auth. */
#include "trap/sender.h"

#include "auth/auth.h"
#include "core/core.h"
#include "core/strbuf.h"
#include "queries.h"
#include "store/array.h"
#include "trap/user.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SECRET_MAX = 1024 };

/* The columns of sched_trap_senders.sql. */
enum {
    ADDRESS,
    TENANT,
    DEVICE,
    RELAYED,
    CREDENTIAL,
    VERSION,
    USERNAME,
    AUTH_PROTOCOL,
    PRIV_PROTOCOL,
    CONTEXT,
    COMMUNITY,
    COMMUNITY_KEY,
    AUTH_PASSWORD,
    AUTH_KEY,
    PRIV_PASSWORD,
    PRIV_KEY
};

void drmgmt__trap_senders_free(drmgmt__trap_senders *senders)
{
    if (!senders)
        return;
    for (size_t i = 0; i < senders->n; i++) {
        drmgmt__free_secret(senders->items[i].community);
        drmgmt__trap_user_free(senders->items[i].user);
    }
    free(senders);
}

bool drmgmt__trap_community_is(const drmgmt__trap_sender *sender, const void *community, size_t n)
{
    return sender->community && strlen(sender->community) == n && drmgmt__equal(sender->community, community, n);
}

/* A sealed value of a row; NULL: there is none, or it does not open. Free with drmgmt__free_secret(). */
static char *open_secret(drmgmt_context *context, const drmgmt__rows *rows, size_t row, size_t column, const char *name)
{
    uint8_t sealed[SECRET_MAX + DRMGMT__BLOB_OVERHEAD], wrapped[DRMGMT__WRAPPED_SIZE];
    drmgmt__data_key key;
    long n = drmgmt__rows_bytes(rows, row, column, sealed, sizeof sealed);
    long n_wrapped = drmgmt__rows_bytes(rows, row, column + 1, wrapped, sizeof wrapped);
    const char *tenant = drmgmt__rows_text(rows, row, TENANT), *id = drmgmt__rows_text(rows, row, CREDENTIAL);

    if (n < DRMGMT__BLOB_OVERHEAD || n_wrapped != (long)sizeof wrapped)
        return NULL;
    uint32_t version = (uint32_t)sealed[1] << 24 | (uint32_t)sealed[2] << 16 | (uint32_t)sealed[3] << 8 | sealed[4];
    if (drmgmt__data_key_cached(context, tenant, version, wrapped, sizeof wrapped, &key))
        return NULL;
    size_t length = (size_t)n - DRMGMT__BLOB_OVERHEAD;
    char *text = calloc(1, length + 1);
    if (text && drmgmt__blob_open(&key, "snmp_credentials", name, tenant, id, sealed, (size_t)n, (uint8_t *)text)) {
        drmgmt__free_secret(text);
        text = NULL;
    }
    drmgmt__wipe(&key, sizeof key);
    return text;
}

static void copy(char *to, size_t size, const char *text)
{
    snprintf(to, size, "%s", text ? text : "");
}

static void open_user(drmgmt_context *context, drmgmt__trap_keys *keys, const drmgmt__rows *rows, size_t row,
                      drmgmt__trap_sender *s)
{
    char *auth = open_secret(context, rows, row, AUTH_PASSWORD, "auth_password");
    char *priv = open_secret(context, rows, row, PRIV_PASSWORD, "priv_password");
    const drmgmt__trap_user_secrets secrets = {
        .auth_protocol = drmgmt__rows_text(rows, row, AUTH_PROTOCOL),
        .auth_password = auth,
        .priv_protocol = drmgmt__rows_text(rows, row, PRIV_PROTOCOL),
        .priv_password = priv,
    };

    s->user = drmgmt__trap_user_new(keys, &secrets);
    drmgmt__free_secret(auth);
    drmgmt__free_secret(priv);
}

static void read_sender(drmgmt_context *context, drmgmt__trap_keys *keys, const drmgmt__rows *rows, size_t row,
                        drmgmt__trap_sender *s)
{
    const char *version = drmgmt__rows_text(rows, row, VERSION);

    copy(s->tenant_id, sizeof s->tenant_id, drmgmt__rows_text(rows, row, TENANT));
    copy(s->device_id, sizeof s->device_id, drmgmt__rows_text(rows, row, DEVICE));
    copy(s->credential_id, sizeof s->credential_id, drmgmt__rows_text(rows, row, CREDENTIAL));
    copy(s->username, sizeof s->username, drmgmt__rows_text(rows, row, USERNAME));
    s->relayed = drmgmt__rows_bool(rows, row, RELAYED);
    s->v3 = version && strcmp(version, "3") == 0;
    if (s->v3)
        open_user(context, keys, rows, row, s);
    else
        s->community = open_secret(context, rows, row, COMMUNITY, "community");
}

/* The rows of one address. */
static drmgmt__trap_senders *make_list(drmgmt_context *context, drmgmt__trap_keys *keys, const drmgmt__rows *rows,
                                       const drmgmt__net_address *address, const char *text)
{
    size_t n = 0;

    for (size_t row = 0; row < drmgmt__rows_count(rows); row++)
        n += strcmp(drmgmt__rows_text(rows, row, ADDRESS), text) == 0;
    drmgmt__trap_senders *list = calloc(1, sizeof *list + n * sizeof *list->items);
    if (!list)
        return NULL;
    list->address = *address;
    for (size_t row = 0; row < drmgmt__rows_count(rows); row++)
        if (strcmp(drmgmt__rows_text(rows, row, ADDRESS), text) == 0)
            read_sender(context, keys, rows, row, &list->items[list->n++]);
    return list;
}

int drmgmt__trap_senders_ask(drmgmt_session *system, drmgmt__trap_keys *keys, const drmgmt__net_address *addresses,
                             size_t n, drmgmt__trap_senders **lists, drmgmt_error **error)
{
    DRMGMT__STRBUF array = DRMGMT__STRBUF_INIT;
    DRMGMT__ROWS drmgmt__rows *rows = NULL;
    drmgmt__params p = DRMGMT__PARAMS_INIT;
    char text[DRMGMT__NET_ADDRESS_TEXT];

    for (size_t i = 0; i < n; i++)
        drmgmt__array_add(&array, drmgmt__net_host_print(&addresses[i], text));
    drmgmt__array_end(&array);
    if (array.failed)
        return drmgmt__fail_memory(error);
    drmgmt__param(&p, array.data);
    int rc = drmgmt__run(system, DRMGMT_PERM_NONE, DRMGMT__READ, &drmgmt__q_sched_trap_senders, &p, &rows, error);
    for (size_t i = 0; !rc && i < n; i++) {
        drmgmt__trap_senders *list =
            make_list(system->context, keys, rows, &addresses[i], drmgmt__net_host_print(&addresses[i], text));
        if (!list)
            return drmgmt__fail_memory(error);
        list->next = *lists;
        *lists = list;
    }
    return rc;
}
