/* Profiles of data models: what a device must have to say that it has the profile. Called by build.c. Internal. */
#ifndef DRMGMT_TR181_PROFILE_H
#define DRMGMT_TR181_PROFILE_H

#include "tr181/import_internal.h"

/* Adds the profile that an element says; its paths are below path. False: memory is out. */
bool drmgmt__dm_profile_add(drmgmt__dm_import_state *import, drmgmt__dm_model *model,
                            const drmgmt__dm_document *document, const char *path, const drmgmt__dm_node *node);

#endif
