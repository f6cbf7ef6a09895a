/* Devices over REST: the row that crud.c works from. */
#include "routes.h"

const drmd_noun drmd_noun_device = {
    .entity = "device",
    .path = "/api/v1/devices",
    .version_field = "version",
    .create = drmgmt_device_create,
    .get = drmgmt_device_get,
    .update = drmgmt_device_update,
    .remove = drmgmt_device_delete,
    .list = drmgmt_device_list,
};
