/* Checks a chain as it is told, link by link and row by row; finds the first flaw. Fed by verify.c from the database
 * and by file.c from an export. Internal. */
#ifndef DRMGMT_AUDIT_CHAIN_H
#define DRMGMT_AUDIT_CHAIN_H

#include "audit/hash.h"
#include <drm/audit.h>

typedef struct drmgmt__chain {
    drmgmt_audit_report *report; /* of the caller; its flaw is the first one found */
    uint64_t known_seq;          /* 0: none */
    char known_hash[DRMGMT__HASH_HEX];
    bool known_seen;
    bool anchored; /* false: prev_hash of the next link is taken as it is, an export that begins in the middle */
    /* the link at hand */
    bool open, malformed;
    uint64_t seq, size;
    char at[40], prev[DRMGMT__HASH_HEX], hash[DRMGMT__HASH_HEX];
    char first_id[37];
    size_t n;              /* rows so far */
    drmgmt__strbuf stored; /* 32 bytes a row: its hash in the link */
    drmgmt__strbuf wrong;  /* 32 bytes a row that does not fit: what its hash is; zeros where there is none */
    size_t first_wrong;    /* the place of the first one */
    char wrong_id[37];
    bool failed; /* memory is out */
} drmgmt__chain;

/* known_head: "SEQ:HASH" or NULL. False when it is malformed. */
bool drmgmt__chain_init(drmgmt__chain *c, drmgmt_audit_report *report, const char *known_head);
void drmgmt__chain_clear(drmgmt__chain *c);

/* Begins a link, ending the one before it. Hashes in hex; NULL counts as wrong. */
void drmgmt__chain_link(drmgmt__chain *c, uint64_t seq, const char *at, uint64_t size, const char *prev,
                        const char *hash);
/* The next row of the link: its hash as it was linked, and as it is now (NULL: the row is not there). */
void drmgmt__chain_row(drmgmt__chain *c, const char *id, const char *stored, const char *found);
/* Ends the last link, and holds the end against seq and hash that it should have (hash NULL: not known). */
void drmgmt__chain_end(drmgmt__chain *c, uint64_t seq, const char *hash);
/* Notes a flaw unless there is one. id may be NULL. */
void drmgmt__chain_flaw(drmgmt__chain *c, drmgmt_audit_flaw flaw, uint64_t link, const char *id, const char *format,
                        ...) DRMGMT_PRINTF(5, 6);
static inline bool drmgmt__chain_broken(const drmgmt__chain *c)
{
    return c->report->flaw != DRMGMT_AUDIT_INTACT;
}

#endif
