/* What this process knows of tenants' quotas. Called by core/context.c and the rooms whose calls are limited. Internal.
 */
#ifndef DRMGMT_LIMIT_LIMIT_H
#define DRMGMT_LIMIT_LIMIT_H

#include <drm/quota.h>
#include <stdbool.h>

/* ---- requests.c: API requests a minute ---- */
struct drmgmt__requests;
int drmgmt__requests_new(drmgmt_context *context, struct drmgmt__requests **requests, drmgmt_error **error);
void drmgmt__requests_free(struct drmgmt__requests *requests); /* NULL is allowed */
/* Requests of this minute, of all processes as far as is known; -1 when none was counted here lately. */
int64_t drmgmt__requests_used(struct drmgmt__requests *requests, const char *tenant_id);

/* ---- full.c: a full queue is not asked again at once ----
 * To find that a queue is full, PostgreSQL counts it. Who goes on submitting all the same is refused from memory for a
 * while that is short against that count. */
struct drmgmt__full;
struct drmgmt__full *drmgmt__full_new(void);       /* NULL when memory is out */
void drmgmt__full_free(struct drmgmt__full *full); /* NULL is allowed */
/* LIMIT while what failure said of this tenant's quota is still believed. */
int drmgmt__full_check(struct drmgmt__full *full, const char *tenant_id, drmgmt_error **error);
/* Takes note of an error if it is about a quota that waiting helps; others are none of its business. */
void drmgmt__full_note(struct drmgmt__full *full, const char *tenant_id, const drmgmt_error *failure);

#endif
