/* Who may have sent a message: the devices of all tenants at an address, with their opened secrets. Made by the clerk's
 * thread out of what the database tells, used by the receiver's; never changed in between. Internal. */
#ifndef DRMGMT_TRAP_SENDER_H
#define DRMGMT_TRAP_SENDER_H

#include "net/address.h"
#include "store/store.h"
#include "trap/user.h"
#include <drm/context.h>

typedef struct drmgmt__trap_sender {
    char tenant_id[37], device_id[37], credential_id[37];
    bool relayed;            /* messages of version 1 may come from another address, and tell the device's within */
    bool v3;                 /* else community */
    char *community;         /* wiped; NULL: it could not be opened */
    char username[33];       /* version 3 */
    drmgmt__trap_user *user; /* its keys; NULL: there are none by which a message could prove itself */
} drmgmt__trap_sender;

typedef struct drmgmt__trap_senders {
    struct drmgmt__trap_senders *next; /* on the way from the clerk to the receiver */
    drmgmt__net_address address;       /* port 0 */
    size_t n;
    drmgmt__trap_sender items[];
} drmgmt__trap_senders;

void drmgmt__trap_senders_free(drmgmt__trap_senders *senders); /* wipes; NULL is allowed */

/* Asks for n addresses and answers with a list for each, also for those that nobody has. */
int drmgmt__trap_senders_ask(drmgmt_session *system, drmgmt__trap_keys *keys, const drmgmt__net_address *addresses,
                             size_t n, drmgmt__trap_senders **lists, drmgmt_error **error);

/* Whether this is its community; takes the same time for all of one length. */
bool drmgmt__trap_community_is(const drmgmt__trap_sender *sender, const void *community, size_t n);

#endif
