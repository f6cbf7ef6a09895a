/* Prints the version of the library it is linked with, unless that is another than its headers'. Run by check.py. */
#include <drm/sdk.h>
#include <stdio.h>
#include <string.h>

int main(void)
{
    puts(drmgmt_version());
    return strcmp(drmgmt_version(), DRMGMT_VERSION) != 0;
}
