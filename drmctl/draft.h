/* Drafts out of options, and deleting several: what the handlers of devices and credentials share. */
#ifndef DRMCTL_DRAFT_H
#define DRMCTL_DRAFT_H

#include "drmctl.h"

/* The draft's JSON from --json, --description, --tag, --profile and the --snmp family. before: the device as it is,
 * when its other profiles are to be kept; else NULL. */
int ctl_device_object(const ctl *c, const char *name, const drmgmt_record *before, json_t **object);
bool ctl_changes_snmp(const ctl *c);
int ctl_draft(const json_t *object, const char *entity, drmgmt_draft **draft);
/* "192.0.2.7", "192.0.2.7:161", "host:161", "[2001:db8::1]:161", "2001:db8::1". */
bool ctl_split_address(const char *text, char address[256], unsigned *port);

/* The usual two commands with a draft, which they free: create it, or change what the first argument names; then show
 * what it is now. code: of making the draft; other than 0, nothing is done. */
typedef int ctl_create_fn(drmgmt_session *session, const drmgmt_draft *draft, drmgmt_record **record,
                          drmgmt_error **error);
typedef int ctl_update_fn(drmgmt_session *session, const char *id, int64_t if_version, const drmgmt_draft *draft,
                          drmgmt_record **record, drmgmt_error **error);
int ctl_create(ctl *c, int code, drmgmt_draft *draft, ctl_create_fn *create);
int ctl_update(ctl *c, int code, drmgmt_draft *draft, ctl_update_fn *update);

/* Deletes all arguments, goes on after a failure, and returns the first one's exit code. Asks first. */
typedef int ctl_delete_fn(ctl *c, const char *id, int64_t version);
/* noun "device", verb "Delete", done "deleted": for the question, and the column that names them. */
int ctl_delete_each(ctl *c, const char *noun, const char *verb, const char *done, ctl_delete_fn *remove);

#endif
