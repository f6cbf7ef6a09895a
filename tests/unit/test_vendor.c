/* Vendors by sysObjectID. Pure: needs no server. */
#include "device/vendor.h"
#include <criterion/criterion.h>

Test(vendor, by_object_id)
{
    static const struct {
        const char *object_id, *vendor;
    } rows[] = {
        { "1.3.6.1.4.1.9.1.1208", "Cisco" },
        { ".1.3.6.1.4.1.9", "Cisco" },
        { "1.3.6.1.4.1.2", "IBM" },        /* the first row */
        { "1.3.6.1.4.1.52642.1.1", "FS" }, /* the last one */
        { "1.3.6.1.4.1.8072.3.2.10", "Net-SNMP" },
        { "1.3.6.1.4.1.2636.1.1.1.2.29", "Juniper" },
        { "1.3.6.1.4.1.1.1", NULL }, /* before all, after all, between */
        { "1.3.6.1.4.1.4294967295", NULL },
        { "1.3.6.1.4.1.10", NULL },
        { "1.3.6.1.4.1", NULL }, /* no number */
        { "1.3.6.1.4", NULL },
        { "1.3.6.1.4.2.9.1", NULL }, /* elsewhere */
        { "0.0", NULL },
        { "SNMPv2-SMI::enterprises.9", NULL }, /* no OID in numbers */
        { "1.3.6.1.4.1.9.", NULL },
        { "1.3.6.1.4.1.99999999999", NULL },
        { "", NULL },
        { NULL, NULL },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *vendor = drmgmt__vendor_of_text(rows[i].object_id);
        if (rows[i].vendor)
            cr_expect_str_eq(vendor ? vendor : "(none)", rows[i].vendor, "%s", rows[i].object_id);
        else
            cr_expect_null(vendor, "%s", rows[i].object_id ? rows[i].object_id : "NULL");
    }
}

/* bsearch would miss what is out of order: every number finds a name, and finds it where it stands. */
Test(vendor, each_row_is_found)
{
    size_t found = 0;

    for (uint32_t number = 0; number < 70000; number++) {
        uint32_t arcs[] = { 1, 3, 6, 1, 4, 1, number };
        found += drmgmt__vendor_of(&(drmgmt__oid){ arcs, 7 }) != NULL;
    }
    cr_expect_eq(found, drmgmt__n_vendors, "%zu of %zu", found, drmgmt__n_vendors);
}
