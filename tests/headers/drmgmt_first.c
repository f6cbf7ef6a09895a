/* Our headers before the Direct Rendering Manager's and libc's <error.h>: nothing may collide. Called by main.c. */
#include <drm/sdk.h>

#include <drm_mode.h>
#include <error.h>
#include <xf86drm.h>

#include "collision.h"

/* One function of each library; true when both answer. */
bool drmgmt_first(void)
{
    drmVersionPtr theirs = drmGetLibVersion(-1);
    bool ok = theirs && theirs->version_major >= 1 && drmgmt_version()[0] && error_message_count == 0;

    drmFreeVersion(theirs);
    return ok;
}
