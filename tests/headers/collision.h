/* The two halves of the collision test. */
#ifndef DRMGMT_TESTS_COLLISION_H
#define DRMGMT_TESTS_COLLISION_H

#include <stdbool.h>

bool drmgmt_first(void);
bool drmgmt_last(void);

#endif
