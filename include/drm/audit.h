/* The audit trail: who did what, from where, and what was refused. Entity "audit_log": id, at, actor_id, action,
 * object_type, object_id, detail, request_id, address.
 *
 * Every changing call writes its row in its own transaction; a refused one right after. Rows are never changed. Moments
 * after they are written they are linked into a chain of hashes, one a tenant, which proves that none was changed,
 * removed or put in since: docs/audit.md defines it. Permission audit:read; of another tenant than one's own the
 * platform's platform:audit, which shows hashes and ids only. */
#ifndef DRMGMT_AUDIT_H
#define DRMGMT_AUDIT_H

#include <drm/session.h>
#include <stdint.h>

DRMGMT_BEGIN

/* Lists, newest first, by filters actor_id, action (wildcards), object_type, object_id, request_id, since and until
 * (RFC 3339; since is within, until is not). */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_audit_list(drmgmt_session *session, const drmgmt_query *query,
                                                  drmgmt_page **page, drmgmt_error **error);

/* ---- the chain ---- */

/* What is wrong with a chain. */
typedef enum drmgmt_audit_flaw {
    DRMGMT_AUDIT_INTACT,
    DRMGMT_AUDIT_ROW_CHANGED,
    DRMGMT_AUDIT_ROW_MISSING,
    DRMGMT_AUDIT_ROW_INSERTED,   /* it is there, older than what is linked, and in no link */
    DRMGMT_AUDIT_ROWS_REORDERED, /* they are there, but not in the order in which they were linked */
    DRMGMT_AUDIT_LINK_CHANGED,
    DRMGMT_AUDIT_LINK_MISSING,
    DRMGMT_AUDIT_HEAD_LOST /* the chain does not hold the link that the caller knows of */
} drmgmt_audit_flaw;
DRMGMT_API const char *drmgmt_audit_flaw_name(drmgmt_audit_flaw flaw); /* "row-changed" */

typedef struct drmgmt_audit_report {
    char tenant_id[37];
    uint64_t links, rows;   /* proved so far; of an intact chain all there are */
    uint64_t pending;       /* rows that are not linked yet; counted up to 10,000 */
    uint64_t total;         /* rows that the chain should have; 0 for an export, where it is not known before */
    char head[65];          /* hash of the last link proved, hex */
    drmgmt_audit_flaw flaw; /* the first one */
    uint64_t link;          /* where it is; 0: in none */
    char row_id[37];        /* the row it is about; "": none, or more than one */
    char text[256];         /* the flaw in words; "" for an intact chain */
} drmgmt_audit_report;
/* {"tenant_id","intact","links","rows","pending","head","flaw":null|{"kind","link","row_id","text"}}, where head is
 * "LINKS:HEAD"; free with drmgmt_free(). */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_audit_report_json(const drmgmt_audit_report *report, char **json,
                                                         size_t *length);

/* Called now and then with how far it is. True: go on; false: CANCELLED. */
typedef bool drmgmt_audit_progress_fn(void *user, const drmgmt_audit_report *so_far);
/* Proves a tenant's chain from its first link to its last, as it is when the call begins; in batches, with bounded
 * memory. tenant_id: NULL for the session's own. known_head: "LINKS:HEAD" of an earlier report, kept where nobody who
 * can write to the database can reach it, which must still be in the chain; or NULL. Without it the end of the chain
 * could be cut off together with what remembers it. progress may be NULL. Returns 0 also for a broken chain: look at
 * report->flaw. Errors: FORBIDDEN, INVALID (known_head), NOT_FOUND (no such tenant). */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_audit_verify(drmgmt_session *session, const char *tenant_id,
                                                    const char *known_head, drmgmt_audit_progress_fn *progress,
                                                    void *user, drmgmt_audit_report *report, drmgmt_error **error);
/* Ids of tenants after one (NULL: from the first), at most max of them; *count 0 past the last. Permission
 * platform:audit. */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_audit_tenants(drmgmt_session *session, const char *after, char (*ids)[37],
                                                     size_t max, size_t *count, drmgmt_error **error);

/* A line of an export, JSON with the line feed at its end. True: go on; false: the export ends with CANCELLED. */
typedef bool drmgmt_audit_line_fn(void *user, const char *line, size_t length);
/* Writes the session's tenant's rows with their links as JSON lines (docs/audit.md), in batches. after: the last link
 * that is not wanted again, 0 for all. */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_audit_export(drmgmt_session *session, uint64_t after, drmgmt_audit_line_fn *fn,
                                                    void *user, drmgmt_error **error);

/* Proves an export, line by line, without any database; one thread at a time. */
typedef struct drmgmt_audit_reader drmgmt_audit_reader;
DRMGMT_API drmgmt_audit_reader *drmgmt_audit_reader_new(const char *known_head); /* NULL when memory is out */
/* One line, with or without its end. Errors: INVALID, where it is no line of an export; after a flaw all are taken. */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_audit_reader_line(drmgmt_audit_reader *reader, const char *line, size_t length,
                                                         drmgmt_error **error);
/* What has been found. Errors: INVALID when the export was cut off. */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_audit_reader_end(drmgmt_audit_reader *reader, drmgmt_audit_report *report,
                                                        drmgmt_error **error);
DRMGMT_API void drmgmt_audit_reader_free(drmgmt_audit_reader *reader); /* NULL is allowed */

/* Links rows of all tenants that are not linked yet, a thousand of them at most; *linked: how many. *waiting (may be
 * NULL): none, but there are some that cannot be linked before a transaction ends that is under way, or that another
 * process is linking: ask again in a second. drmd and drm-worker do this by themselves; a program that embeds the
 * library without either calls it every second. Needs a keyring. Errors: CONFLICT (restored from a dump: run drmctl db
 * migrate).
 */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_audit_link(drmgmt_context *context, unsigned *linked, bool *waiting,
                                                  drmgmt_error **error);

DRMGMT_END

#endif
