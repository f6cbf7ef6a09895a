/* Which of a device's values are secrets by where they stand, and so are not kept in its inventory. Pure; any thread.
 * Internal. */
#ifndef DRMGMT_DEVICE_SECRET_PATH_H
#define DRMGMT_DEVICE_SECRET_PATH_H

#include <stdbool.h>

/* path: an OID in numbers, or a name with dots. name: the path by name; NULL: it has none. text: the value is one, and
 * no number. */
bool drmgmt__secret_path(const char *path, const char *name, bool text);

#endif
