/* Making, changing and deleting a record in one transaction: held, changed, read again, audited, committed. Called by
 * the rooms whose entities are changed by drafts. Internal. */
#ifndef DRMGMT_AUDIT_CHANGE_H
#define DRMGMT_AUDIT_CHANGE_H

#include "core/record_internal.h"
#include "store/store.h"

/* Begins a change or a deletion: the record as it is before, held for the rest of the transaction. hold: a statement
 * with id and version; get: the one that reads by id; what: "device". NOT_FOUND, or PRECONDITION when the version is
 * another than if_version (0: any). */
int drmgmt__hold(drmgmt__tx *tx, const drmgmt_entity *entity, const drmgmt__query *hold, const drmgmt__query *get,
                 const char *id, int64_t if_version, const char *what, drmgmt_record **before, drmgmt_error **error);
/* The end of making or changing one (before NULL: making): reads the record as it has become, writes the audit row, and
 * commits. *tx as drmgmt__tx_commit() leaves it, unless something before that failed. */
int drmgmt__finish_change(drmgmt__tx **tx, const drmgmt_session *session, const char *action,
                          const drmgmt_record *before, const drmgmt_draft *draft, const drmgmt__query *get,
                          const char *id, drmgmt_record **record, drmgmt_error **error);
/* A record of the transaction by id. */
int drmgmt__read_one(drmgmt__tx *tx, const drmgmt_entity *entity, const drmgmt__query *get, const char *id,
                     drmgmt_record **record, drmgmt_error **error);
DRMGMT__DEFINE_CLEANUP(drmgmt__record_freep, drmgmt_record *, drmgmt_record_free)
#define DRMGMT__RECORD DRMGMT__CLEANUP(drmgmt__record_freep)
/* A statement of the transaction whose violated constraints are told in words of ours. */
int drmgmt__exec_explained(drmgmt__tx *tx, const drmgmt__query *query, const drmgmt__params *params,
                           drmgmt__rows **rows, drmgmt_error **error);

#endif
