/* Versions in sysDescr. Called by worker/noter.c. */
#include "device/firmware.h"

#include "core/cleanup.h"
#include <string.h>

/* What stands before the version, in the order in which it is looked for; as vendors' agents write it: "Cisco IOS
 * Software, ... Version 15.2(4)M3, RELEASE SOFTWARE", "Juniper Networks, Inc. ... kernel JUNOS 12.3R4.6, Build",
 * "Arista Networks EOS version 4.20.1F running on", "RouterOS RB750 6.48" is not among them: there the version is not
 * told. */
static const char *const marks[] = {
    "Software Version ", "software version ", "JUNOS ", "Firmware Version ", "firmware version ", "Firmware: ",
    "Version ",          "version ",          "VyOS ",
};

/* A version begins where digits do ("V200R005", "12.3R4.6"), and ends at a blank or a comma. */
static size_t length_of(const char *at)
{
    size_t n = strcspn(at, " \t\r\n,;");

    return strcspn(at, "0123456789") < n && n < DRMGMT__FIRMWARE_SIZE ? n : 0;
}

bool drmgmt__firmware_of_descr(const char *descr, char version[DRMGMT__FIRMWARE_SIZE])
{
    for (size_t i = 0; i < DRMGMT__COUNT(marks); i++) {
        for (const char *at = strstr(descr, marks[i]); at; at = strstr(at + 1, marks[i])) {
            size_t n = length_of(at + strlen(marks[i]));
            if (!n)
                continue;
            memcpy(version, at + strlen(marks[i]), n);
            version[n] = '\0';
            return true;
        }
    }
    return false;
}
