/* The hashes of the audit chain, as docs/audit.md defines them and sec.audit_row_hash() and sec.audit_link_hash() make
 * them in the database. Called by the files of this room. Internal. */
#ifndef DRMGMT_AUDIT_HASH_H
#define DRMGMT_AUDIT_HASH_H

#include "core/strbuf.h"
#include <stddef.h>
#include <stdint.h>

enum { DRMGMT__HASH_SIZE = 32, DRMGMT__HASH_HEX = 65 };

/* SHA-256 of bytes, in hex. 0, or -1 when there is no SHA-256. */
int drmgmt__hash_hex(const void *bytes, size_t n, char hex[DRMGMT__HASH_HEX]);
/* Appends one value to a text that is to be hashed. NULL: null. */
void drmgmt__hash_field(drmgmt__strbuf *b, const char *text);

/* What a row's hash covers, in this order; texts as docs/audit.md gives them. */
enum drmgmt__audit_column {
    DRMGMT__AUDIT_TENANT,
    DRMGMT__AUDIT_ID,
    DRMGMT__AUDIT_XID,
    DRMGMT__AUDIT_AT,
    DRMGMT__AUDIT_ACTOR,
    DRMGMT__AUDIT_ACTION,
    DRMGMT__AUDIT_OBJECT_TYPE,
    DRMGMT__AUDIT_OBJECT,
    DRMGMT__AUDIT_DETAIL,
    DRMGMT__AUDIT_REQUEST,
    DRMGMT__AUDIT_ADDRESS,
    DRMGMT__AUDIT_COLUMNS
};
/* Their names in an export, in the same order. */
extern const char *const drmgmt__audit_columns[DRMGMT__AUDIT_COLUMNS];

int drmgmt__hash_row(const char *const values[DRMGMT__AUDIT_COLUMNS], char hex[DRMGMT__HASH_HEX]);
/* prev in hex; row_hashes: n times 32 bytes. -1 also when prev is none. */
int drmgmt__hash_link(const char *tenant_id, uint64_t seq, const char *at, uint64_t size, const char *prev,
                      const void *row_hashes, size_t n, char hex[DRMGMT__HASH_HEX]);

#endif
