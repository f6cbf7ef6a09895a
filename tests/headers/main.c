/* libdrmgmt and libdrm, the Direct Rendering Manager's library, in one program: built from both orders of their
 * headers, linked with both, run by ctest. */
#include "collision.h"
#include <stdio.h>

int main(void)
{
    bool first = drmgmt_first(), last = drmgmt_last();

    printf("drmgmt first: %s, drmgmt last: %s\n", first ? "ok" : "failed", last ? "ok" : "failed");
    return first && last ? 0 : 1;
}
