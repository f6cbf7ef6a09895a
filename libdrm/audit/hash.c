/* The hashes of the audit chain. Called by diff.c, chain.c and file.c; calls the SHA-256 of auth/. */
#include "audit/hash.h"

#include "auth/auth.h"
#include "core/core.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const drmgmt__audit_columns[DRMGMT__AUDIT_COLUMNS] = {
    [DRMGMT__AUDIT_TENANT] = "tenant_id",
    [DRMGMT__AUDIT_ID] = "id",
    [DRMGMT__AUDIT_XID] = "xid",
    [DRMGMT__AUDIT_AT] = "at",
    [DRMGMT__AUDIT_ACTOR] = "actor_id",
    [DRMGMT__AUDIT_ACTION] = "action",
    [DRMGMT__AUDIT_OBJECT_TYPE] = "object_type",
    [DRMGMT__AUDIT_OBJECT] = "object_id",
    [DRMGMT__AUDIT_DETAIL] = "detail",
    [DRMGMT__AUDIT_REQUEST] = "request_id",
    [DRMGMT__AUDIT_ADDRESS] = "address",
};

int drmgmt__hash_hex(const void *bytes, size_t n, char hex[DRMGMT__HASH_HEX])
{
    uint8_t digest[DRMGMT__HASH_SIZE];

    if (drmgmt__sha256(bytes, n, digest))
        return -1;
    drmgmt__hex(digest, sizeof digest, hex);
    return 0;
}

void drmgmt__hash_field(drmgmt__strbuf *b, const char *text)
{
    if (text)
        drmgmt__strbuf_printf(b, "%zu:%s,", strlen(text), text);
    else
        drmgmt__strbuf_puts(b, "-,");
}

int drmgmt__hash_row(const char *const values[DRMGMT__AUDIT_COLUMNS], char hex[DRMGMT__HASH_HEX])
{
    DRMGMT__STRBUF b = DRMGMT__STRBUF_INIT;

    drmgmt__strbuf_puts(&b, "drmgmt-audit-row-1,");
    for (int i = 0; i < DRMGMT__AUDIT_COLUMNS; i++)
        drmgmt__hash_field(&b, values[i]);
    return b.failed ? -1 : drmgmt__hash_hex(b.data, b.length, hex);
}

int drmgmt__hash_link(const char *tenant_id, uint64_t seq, const char *at, uint64_t size, const char *prev,
                      const void *row_hashes, size_t n, char hex[DRMGMT__HASH_HEX])
{
    DRMGMT__STRBUF b = DRMGMT__STRBUF_INIT;
    uint8_t before[DRMGMT__HASH_SIZE];
    char number[24];

    if (strlen(prev) != 2 * sizeof before || drmgmt__unhex(prev, before, sizeof before))
        return -1;
    drmgmt__strbuf_puts(&b, "drmgmt-audit-link-1,");
    drmgmt__hash_field(&b, tenant_id);
    snprintf(number, sizeof number, "%" PRIu64, seq);
    drmgmt__hash_field(&b, number);
    drmgmt__hash_field(&b, at);
    snprintf(number, sizeof number, "%" PRIu64, size);
    drmgmt__hash_field(&b, number);
    drmgmt__strbuf_add(&b, before, sizeof before);
    drmgmt__strbuf_add(&b, row_hashes, n * DRMGMT__HASH_SIZE);
    return b.failed ? -1 : drmgmt__hash_hex(b.data, b.length, hex);
}
