/* The other order: theirs first, ours last. Called by main.c. */
#include <drm_mode.h>
#include <error.h>
#include <xf86drm.h>

#include <drm/sdk.h>

#include "collision.h"

bool drmgmt_last(void)
{
    drmgmt_error *error = NULL;
    drmVersionPtr theirs = drmGetLibVersion(-1);
    bool ok = theirs && drmgmt_entity_find("device") &&
              drmgmt_error_make(&error, DRMGMT_ERR_INVALID, "field", "text") == DRMGMT_ERR_INVALID &&
              error_message_count == 0;

    drmgmt_error_free(error);
    drmFreeVersion(theirs);
    return ok;
}
