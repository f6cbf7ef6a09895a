/* Checks a chain as it is told. Called by verify.c and file.c. */
#include "audit/chain.h"

#include "core/core.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char zeros[] = "0000000000000000000000000000000000000000000000000000000000000000";

bool drmgmt__chain_init(drmgmt__chain *c, drmgmt_audit_report *report, const char *known_head)
{
    char *end = NULL;

    *report = (drmgmt_audit_report){ 0 };
    *c = (drmgmt__chain){ .report = report, .anchored = true };
    memcpy(report->head, zeros, sizeof zeros);
    if (!known_head)
        return true;
    if (known_head[0] < '0' || known_head[0] > '9')
        return false;
    c->known_seq = strtoull(known_head, &end, 10);
    if (*end != ':' || strlen(end + 1) != 64 || strspn(end + 1, "0123456789abcdef") != 64)
        return false;
    memcpy(c->known_hash, end + 1, sizeof c->known_hash);
    c->known_seen = c->known_seq == 0;
    return true;
}

void drmgmt__chain_clear(drmgmt__chain *c)
{
    drmgmt__strbuf_free(&c->stored);
    drmgmt__strbuf_free(&c->wrong);
}

void drmgmt__chain_flaw(drmgmt__chain *c, drmgmt_audit_flaw flaw, uint64_t link, const char *id, const char *format,
                        ...)
{
    drmgmt_audit_report *r = c->report;
    va_list args;

    if (drmgmt__chain_broken(c))
        return;
    r->flaw = flaw;
    r->link = link;
    snprintf(r->row_id, sizeof r->row_id, "%s", id ? id : "");
    va_start(args, format);
    vsnprintf(r->text, sizeof r->text, format, args);
    va_end(args);
}

/* ---- one link ---- */

/* Whether a row's hash is that of another row of the link: then it only stands in the wrong place. */
static bool stands_elsewhere(const drmgmt__chain *c, const void *hash)
{
    for (size_t i = 0; i < c->n; i++)
        if (i != c->first_wrong && memcmp(c->stored.data + DRMGMT__HASH_SIZE * i, hash, DRMGMT__HASH_SIZE) == 0)
            return true;
    return false;
}

static void name_wrong_row(drmgmt__chain *c)
{
    static const char none[DRMGMT__HASH_SIZE];
    const char *hash = c->wrong.data;

    if (memcmp(hash, none, sizeof none) == 0)
        drmgmt__chain_flaw(c, DRMGMT_AUDIT_ROW_MISSING, c->seq, c->wrong_id, "row %s of link %" PRIu64 " is not there",
                           c->wrong_id, c->seq);
    else if (stands_elsewhere(c, hash))
        drmgmt__chain_flaw(c, DRMGMT_AUDIT_ROWS_REORDERED, c->seq, c->wrong_id,
                           "row %s of link %" PRIu64 " does not stand where it was linked", c->wrong_id, c->seq);
    else
        drmgmt__chain_flaw(c, DRMGMT_AUDIT_ROW_CHANGED, c->seq, c->wrong_id,
                           "row %s of link %" PRIu64 " was changed after it was linked", c->wrong_id, c->seq);
}

static void close_link(drmgmt__chain *c)
{
    drmgmt_audit_report *r = c->report;
    char hash[DRMGMT__HASH_HEX];

    if (!c->open || drmgmt__chain_broken(c))
        return;
    c->open = false;
    if (c->stored.failed || c->wrong.failed) {
        c->failed = true;
        return;
    }
    if (c->wrong.length && !c->malformed)
        name_wrong_row(c);
    else if (c->malformed || c->n != c->size ||
             drmgmt__hash_link(r->tenant_id, c->seq, c->at, c->size, c->prev, c->stored.data, c->n, hash) ||
             strcmp(hash, c->hash) != 0)
        drmgmt__chain_flaw(c, DRMGMT_AUDIT_LINK_CHANGED, c->seq, c->first_id,
                           "link %" PRIu64 ", whose first row is %s, was changed", c->seq, c->first_id);
    if (drmgmt__chain_broken(c))
        return;
    r->links = c->seq;
    r->rows += c->n;
    memcpy(r->head, c->hash, sizeof r->head);
    if (c->seq == c->known_seq) {
        c->known_seen = true;
        if (strcmp(c->hash, c->known_hash) != 0)
            drmgmt__chain_flaw(c, DRMGMT_AUDIT_HEAD_LOST, c->seq, NULL,
                               "link %" PRIu64 " is another one than it was when its hash was %s", c->seq,
                               c->known_hash);
    }
}

static void take(char *to, size_t size, const char *text)
{
    snprintf(to, size, "%s", text ? text : "");
}

/* What stands before the first link of an export that begins in the middle is believed, unless it is what is known. */
static void anchor(drmgmt__chain *c, uint64_t seq, const char *prev)
{
    c->anchored = true;
    c->report->links = seq ? seq - 1 : 0;
    take(c->report->head, sizeof c->report->head, prev);
    c->known_seen = c->known_seen || (c->known_seq == c->report->links && prev && strcmp(prev, c->known_hash) == 0);
}

void drmgmt__chain_link(drmgmt__chain *c, uint64_t seq, const char *at, uint64_t size, const char *prev,
                        const char *hash)
{
    close_link(c);
    if (drmgmt__chain_broken(c) || c->failed)
        return;
    uint64_t expected = c->report->links + 1;
    if (!c->anchored)
        anchor(c, expected = seq, prev);
    c->open = true;
    c->malformed = false;
    c->seq = seq;
    c->size = size;
    c->n = 0;
    drmgmt__strbuf_reset(&c->stored);
    drmgmt__strbuf_reset(&c->wrong);
    c->first_id[0] = '\0';
    take(c->at, sizeof c->at, at);
    take(c->prev, sizeof c->prev, prev);
    take(c->hash, sizeof c->hash, hash);
    if (seq != expected)
        drmgmt__chain_flaw(c, DRMGMT_AUDIT_LINK_MISSING, expected, NULL, "link %" PRIu64 " is not there", expected);
    else if (strcmp(c->prev, c->report->head) != 0 && seq == 1)
        drmgmt__chain_flaw(c, DRMGMT_AUDIT_LINK_CHANGED, 1, NULL, "link 1 does not begin the chain");
    else if (strcmp(c->prev, c->report->head) != 0)
        drmgmt__chain_flaw(c, DRMGMT_AUDIT_LINK_CHANGED, seq - 1, NULL,
                           "link %" PRIu64 " is not the one that link %" PRIu64 " was made to follow", seq - 1, seq);
}

void drmgmt__chain_row(drmgmt__chain *c, const char *id, const char *stored, const char *found)
{
    uint8_t bytes[DRMGMT__HASH_SIZE] = { 0 };

    if (drmgmt__chain_broken(c) || !c->open)
        return;
    if (c->n == 0)
        take(c->first_id, sizeof c->first_id, id);
    if (!stored || strlen(stored) != 64 || drmgmt__unhex(stored, bytes, sizeof bytes))
        c->malformed = true;
    drmgmt__strbuf_add(&c->stored, bytes, sizeof bytes);
    if (!c->wrong.length && (!found || !stored || strcmp(stored, found) != 0)) {
        memset(bytes, 0, sizeof bytes);
        if (found && strlen(found) == 64)
            drmgmt__unhex(found, bytes, sizeof bytes);
        drmgmt__strbuf_add(&c->wrong, bytes, sizeof bytes);
        c->first_wrong = c->n;
        take(c->wrong_id, sizeof c->wrong_id, id);
    }
    c->n++;
}

void drmgmt__chain_end(drmgmt__chain *c, uint64_t seq, const char *hash)
{
    drmgmt_audit_report *r = c->report;

    close_link(c);
    if (c->failed)
        return;
    if (r->links < seq)
        drmgmt__chain_flaw(c, DRMGMT_AUDIT_LINK_MISSING, r->links + 1, NULL,
                           "the chain ends with link %" PRIu64 ", and had %" PRIu64 " links", r->links, seq);
    else if (hash && strcmp(hash, r->head) != 0)
        drmgmt__chain_flaw(c, DRMGMT_AUDIT_LINK_CHANGED, r->links, NULL,
                           "the last link, %" PRIu64 ", is another one than it was", r->links);
    if (c->known_seq && !c->known_seen)
        drmgmt__chain_flaw(c, DRMGMT_AUDIT_HEAD_LOST, c->known_seq, NULL,
                           "the chain does not hold link %" PRIu64 " with the hash %s", c->known_seq, c->known_hash);
}
