/* Senders: the database's answer, with secrets opened. Called by the clerk's thread; calls store and worker/secrets.c.
 */
#include "trap/sender.h"

#include "auth/auth.h"
#include "core/core.h"
#include "core/strbuf.h"
#include "queries.h"
#include "store/array.h"
#include "trap/user.h"
#include "worker/secrets.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The columns of sched_trap_senders.sql. */
enum { ADDRESS, TENANT, DEVICE, RELAYED, CREDENTIAL };

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

static void copy(char *to, size_t size, const char *text)
{
    snprintf(to, size, "%s", text ? text : "");
}

/* What cannot be opened leaves the sender without secrets: nothing proves its messages. */
static void open_secrets(drmgmt_context *context, drmgmt__trap_keys *keys, const drmgmt__claimed_credential *claimed,
                         drmgmt__trap_sender *s)
{
    drmgmt__opened opened;

    if (drmgmt__credentials_open(context, s->tenant_id, claimed, 1, &opened))
        return;
    if (s->v3)
        s->user = drmgmt__trap_user_new(keys, opened.credentials);
    else
        s->community = opened.credentials->community ? strdup(opened.credentials->community) : NULL;
    drmgmt__secrets_wipe(&opened);
}

static void read_sender(drmgmt_context *context, drmgmt__trap_keys *keys, const drmgmt__rows *rows, size_t row,
                        drmgmt__trap_sender *s)
{
    drmgmt__claimed_credential credential;

    drmgmt__claimed_credential_read(rows, row, CREDENTIAL, &credential);
    copy(s->tenant_id, sizeof s->tenant_id, drmgmt__rows_text(rows, row, TENANT));
    copy(s->device_id, sizeof s->device_id, drmgmt__rows_text(rows, row, DEVICE));
    copy(s->credential_id, sizeof s->credential_id, credential.id);
    copy(s->username, sizeof s->username, credential.username);
    s->relayed = drmgmt__rows_bool(rows, row, RELAYED);
    s->v3 = credential.snmp_version && strcmp(credential.snmp_version, "3") == 0;
    open_secrets(context, keys, &credential, s);
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
