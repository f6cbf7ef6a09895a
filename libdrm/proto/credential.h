/* Copies of credentials: their texts in one piece of memory, which can be wiped. Used by worker/op.c and by drivers
 * that keep a credential longer than its operation. Any thread. Internal. */
#ifndef DRMGMT_PROTO_CREDENTIAL_H
#define DRMGMT_PROTO_CREDENTIAL_H

#include <drm/driver.h>
#include <stddef.h>

/* What the texts of a credential take, each with its NUL. */
size_t drmgmt__credential_size(const drmgmt_op_credential *credential);
/* *copy becomes like *credential, with its texts at *at and behind, which is moved on by that size. */
void drmgmt__credential_copy(drmgmt_op_credential *copy, const drmgmt_op_credential *credential, char **at);

#endif
