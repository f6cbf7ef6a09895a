/* The index: look-ups both ways, rows' indices, and taking the place of another while threads read. Pure: needs no
 * server. */
#include "core/core.h"
#include "mib/index.h"
#include "mib_corpus.h"
#include "proto/snmp/index.h"
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

static drmgmt__mib_set set;
static drmgmt__mib_index_set *ix;

static void close_all(void)
{
    drmgmt__mib_index_release(ix);
    drmgmt__mib_set_free(&set);
    ix = NULL;
}

TestSuite(mib_index, .fini = close_all);

static void put(const char *text)
{
    drmgmt__mib_file file = { 0 };

    cr_assert_eq(drmgmt__mib_set_open(&set, NULL), 0);
    cr_assert_eq(drmgmt__mib_parse(&file, text, strlen(text), NULL, NULL), 0);
    for (size_t i = 0; i < file.modules.n; i++) {
        cr_assert_eq(drmgmt__mib_set_add(&set, file.modules.items[i], NULL), 0);
        file.modules.items[i] = NULL;
    }
    drmgmt__mib_file_free(&file);
    cr_assert_eq(drmgmt__mib_set_resolve(&set, 0, NULL), 0);
}

/* The index of these modules; nothing else of them is left. */
static void make(const char *text)
{
    put(text);
    cr_assert_eq(drmgmt__mib_index_make(&ix, &set, 0, NULL), 0);
    drmgmt__mib_set_free(&set);
}

static const char *printed(const char *numbers)
{
    static char out[512];
    uint32_t arcs[DRMGMT__OID_ARCS_MAX];
    size_t n;
    DRMGMT__STRBUF text = DRMGMT__STRBUF_INIT;

    cr_assert_null(drmgmt__oid_parse(numbers, arcs, &n), "%s", numbers);
    drmgmt__mib_index_print(&text, ix, &(drmgmt__oid){ arcs, n });
    snprintf(out, sizeof out, "%s", text.data);
    return out;
}

static const drmgmt__mib_known *find(const char *name)
{
    const drmgmt__mib_known *known = drmgmt__mib_index_find(ix, "", 0, name, strlen(name));
    cr_assert_not_null(known, "%s", name);
    return known;
}

#define OBJECT(name, syntax, access, more, parent)                                                                     \
    name " OBJECT-TYPE SYNTAX " syntax " MAX-ACCESS " access " STATUS current DESCRIPTION \"\" " more " ::= { " parent \
         " }\n"
#define HIDDEN "not-accessible"
#define READ   "read-only"

static const char module[] =
    "A-MIB DEFINITIONS ::= BEGIN IMPORTS enterprises FROM SNMPv2-SMI MacAddress FROM SNMPv2-TC;\n"
    "a OBJECT IDENTIFIER ::= { enterprises 5 }\n" OBJECT("aOne", "DisplayString", "read-write", "", "a 1")
        OBJECT("aTable", "SEQUENCE OF AEntry", HIDDEN, "",
               "a 2") OBJECT("aEntry", "AEntry", HIDDEN, "INDEX { aNumber, aMac, aState, IMPLIED aName }",
                             "aTable 1") "AEntry ::= SEQUENCE { aNumber INTEGER }\n" OBJECT("aNumber", "INTEGER (1..9)",
                                                                                            HIDDEN, "", "aEntry 1")
            OBJECT("aMac", "MacAddress", HIDDEN, "", "aEntry 2") OBJECT("aState", "INTEGER { down(2), up(1) }", HIDDEN,
                                                                        "", "aEntry 3") OBJECT("aName", "DisplayString",
                                                                                               READ, "", "aEntry 4")
                OBJECT("aStatus", "MyStatus", "read-create", "", "aEntry 5") OBJECT(
                    "aFlags", "BITS { a(0), b(7) }", READ, "",
                    "aEntry 6") "MyStatus ::= TEXTUAL-CONVENTION STATUS current DESCRIPTION \"\" SYNTAX "
                                "RowStatus\n" OBJECT("bTable", "SEQUENCE OF BEntry", HIDDEN, "", "a 3") OBJECT(
                                    "bEntry", "BEntry", HIDDEN, "AUGMENTS { aEntry }",
                                    "bTable 1") "BEntry ::= SEQUENCE { bOne INTEGER }\n" OBJECT("bOne", "Counter64",
                                                                                                READ, "", "bEntry 1")
                                    OBJECT("cTable", "SEQUENCE OF CEntry", HIDDEN, "", "a 4") OBJECT(
                                        "cEntry", "CEntry", HIDDEN, "INDEX { aNumber, unheard }", "cTable 1")
                                        OBJECT("cOne", "INTEGER", READ, "",
                                               "cEntry 1") "aDown NOTIFICATION-TYPE OBJECTS { aName, unheard, aOne } "
                                                           "STATUS current DESCRIPTION \"\" ::= { a 0 7 }\n"
                                                           "END\n"
                                                           "OLD-MIB DEFINITIONS ::= BEGIN\n"
                                                           "aOne OBJECT-TYPE SYNTAX INTEGER ACCESS read-only STATUS "
                                                           "mandatory ::= { enterprises 6 }\n"
                                                           "oldName OBJECT-TYPE SYNTAX INTEGER ACCESS read-only STATUS "
                                                           "mandatory ::= { enterprises 5 1 }\n"
                                                           "oldEntry OBJECT-TYPE SYNTAX OldEntry ACCESS not-accessible "
                                                           "STATUS mandatory INDEX { IpAddress, INTEGER }\n"
                                                           " ::= { enterprises 7 }\n"
                                                           "OldEntry ::= SEQUENCE { old INTEGER }\n"
                                                           "old OBJECT-TYPE SYNTAX INTEGER ACCESS read-only STATUS "
                                                           "mandatory ::= { oldEntry 1 }\n"
                                                           "END";

Test(mib_index, both_ways)
{
    static const struct {
        const char *oid, *name;
    } rows[] = {
        { "1.3.6.1.4.1.5.1.0", "A-MIB::aOne.0" },
        { "1.3.6.1.4.1.5.2.1.4.1.2", "A-MIB::aName.1.2" },
        { "1.3.6.1.4.1.5.2.1.99.5", "A-MIB::aEntry.99.5" },
        { "1.3.6.1.4.1.5.0.7", "A-MIB::aDown" },
        { "1.3.6.1.4.1.5.2", "A-MIB::aTable" },
        { "1.3.6.1.4.1.6", "OLD-MIB::aOne" },
        { "1.3.6.1.4.1.4294967295", "SNMPv2-SMI::enterprises.4294967295" },
        { "2.999.1", "SNMPv2-SMI::joint-iso-ccitt.999.1" },
    };
    make(module);
    for (size_t i = 0; i < DRMGMT__COUNT(rows); i++)
        cr_expect_str_eq(printed(rows[i].oid), rows[i].name, "%s is %s", rows[i].oid, printed(rows[i].oid));
    cr_assert_null(drmgmt__mib_index_of(ix, &(drmgmt__oid){ NULL, 0 }));
    cr_assert_str_eq(find("aOne")->object.module, "A-MIB");
    cr_assert_str_eq(drmgmt__mib_index_find(ix, "OLD-MIB", 7, "aOne", 4)->object.module, "OLD-MIB");
    cr_assert_null(drmgmt__mib_index_find(ix, "OLD-MI", 6, "aOne", 4));
    cr_assert_null(drmgmt__mib_index_find(ix, "", 0, "aOn", 3));
    cr_assert_null(drmgmt__mib_index_find(ix, "", 0, "aOnes", 5));
    for (size_t i = 1; i < drmgmt__mib_index_count(ix); i++)
        cr_assert_leq(
            drmgmt__oid_compare(&drmgmt__mib_index_at(ix, i - 1)->object.oid, &drmgmt__mib_index_at(ix, i)->object.oid),
            0);
    size_t n, first = drmgmt__mib_index_under(ix, &find("aEntry")->object.oid, &n);
    cr_assert_eq(n, 7);
    cr_assert_str_eq(drmgmt__mib_index_at(ix, first)->object.name, "aEntry");
    drmgmt__mib_index_under(ix, &(drmgmt__oid){ (uint32_t[]){ 1, 3, 6, 1, 4, 1, 4 }, 7 }, &n);
    cr_assert_eq(n, 0);
}

Test(mib_index, syntaxes)
{
    make(module);
    const drmgmt__snmp_name *one = &find("aOne")->object, *status = &find("aStatus")->object;
    cr_assert_eq(one->flags, DRMGMT__SNMP_SCALAR | DRMGMT__SNMP_WRITABLE);
    cr_assert(one->syntax->tag == DRMGMT__SNMP_OCTETS && one->syntax->flags == DRMGMT__SNMP_TEXT);
    cr_assert_str_eq(one->syntax->hint, "255a");
    cr_assert_eq(status->flags, DRMGMT__SNMP_COLUMN | DRMGMT__SNMP_WRITABLE);
    cr_assert_eq(status->syntax->flags, DRMGMT__SNMP_CHANGING);
    cr_assert_str_eq(status->syntax->name, "MyStatus");
    cr_assert_str_eq(drmgmt__snmp_named_name(status->syntax, 6), "destroy");
    cr_assert_str_eq(drmgmt__snmp_named_name(find("aState")->object.syntax, 1), "up");
    cr_assert_eq(find("aMac")->object.syntax->fixed, 6);
    cr_assert_eq(find("aMac")->object.flags, DRMGMT__SNMP_COLUMN | DRMGMT__SNMP_BINARY);
    cr_assert_eq(find("aFlags")->object.syntax->flags, DRMGMT__SNMP_BITS | DRMGMT__SNMP_RAW);
    cr_assert_eq(find("bOne")->object.syntax->tag, DRMGMT__SNMP_COUNTER64);
    cr_assert_null(find("aTable")->object.syntax);
    cr_assert_eq(find("aDown")->n_members, 2);
    cr_assert(drmgmt__oid_equal(&find("aDown")->members[1], &one->oid));
}

Test(mib_index, rows)
{
    static const uint32_t good[] = { 3, 0, 1, 2, 3, 4, 255, 1, 'x', 'y' }, bad[] = { 3, 0, 1, 2, 3, 4, 256, 1, 'x' };
    static const uint32_t old[] = { 10, 0, 0, 1, 5 };
    drmgmt__snmp_index_room room;
    drmgmt__snmp_value value;

    make(module);
    const drmgmt__mib_known *b = find("bOne");
    cr_assert_eq(b->node.n_index, 4, "of the row that it augments");
    cr_assert(drmgmt__mib_index_fits(b, &(drmgmt__oid){ good, 10 }));
    cr_assert(!drmgmt__mib_index_fits(b, &(drmgmt__oid){ good, 7 }));
    cr_assert(!drmgmt__mib_index_fits(b, &(drmgmt__oid){ bad, 9 }));
    drmgmt__oid rest = { good, 10 };
    for (size_t i = 0; i < 4; i++)
        cr_assert(drmgmt__snmp_index_take(&b->node.index[i], &rest, &value, &room));
    cr_assert(value.octets.length == 2 && memcmp(value.octets.bytes, "xy", 2) == 0);
    cr_assert_str_eq(b->node.index[3].name, "aName");

    cr_assert(drmgmt__mib_index_fits(find("old"), &(drmgmt__oid){ old, 5 }), "types stand in the INDEX of SMIv1");
    cr_assert(!drmgmt__mib_index_fits(find("old"), &(drmgmt__oid){ old, 4 }));
    cr_assert_eq(find("cOne")->node.n_index, 0, "a part is not known");
    cr_assert(!drmgmt__mib_index_fits(find("cOne"), &(drmgmt__oid){ old, 1 }));
    cr_assert(drmgmt__mib_index_fits(find("aOne"), &(drmgmt__oid){ (uint32_t[]){ 0 }, 1 }));
    cr_assert(!drmgmt__mib_index_fits(find("aOne"), &(drmgmt__oid){ old, 1 }));
}

/* Wherever memory ends, the index is not there, and nothing of it is left. */
Test(mib_index, limits)
{
    DRMGMT__STRBUF text = DRMGMT__STRBUF_INIT;

    drmgmt__strbuf_puts(&text, "L-MIB DEFINITIONS ::= BEGIN\n");
    for (int i = 0; i < 1000; i++)
        drmgmt__strbuf_printf(&text,
                              "l%d OBJECT-TYPE SYNTAX INTEGER { a%d(1) } ACCESS read-only STATUS mandatory\n"
                              "INDEX { INTEGER } ::= { enterprises %d }\n"
                              "c%d OBJECT-TYPE SYNTAX INTEGER { a%d(1) } ACCESS read-only STATUS mandatory\n"
                              "::= { l%d 1 }\n",
                              i, i, i, i, i, i);
    drmgmt__strbuf_puts(&text, "END");
    put(text.data);
    for (size_t limit = 1; limit < 400000; limit += 16384)
        cr_expect_eq(drmgmt__mib_index_make(&ix, &set, limit, NULL), DRMGMT_ERR_TOO_LARGE, "%zu", limit);
    cr_assert_null(ix);
    cr_assert_eq(drmgmt__mib_index_make(&ix, &set, 0, NULL), 0);
    cr_assert_eq(find("c7")->node.n_index, 1);
}

/* ---- threads ---- */

static drmgmt__mib_place *place;
static atomic_bool over;
static atomic_size_t wrong;

static void *reader(void *unused)
{
    static const uint32_t arcs[] = { 1, 3, 6, 1, 4, 1, 5, 1, 0 };

    while (!atomic_load(&over)) {
        drmgmt__mib_index_set *index = drmgmt__mib_place_take(place);
        const drmgmt__mib_known *known = drmgmt__mib_index_of(index, &(drmgmt__oid){ arcs, 9 });
        if (!known || strcmp(known->object.name, "aOne") != 0)
            atomic_fetch_add(&wrong, 1);
        drmgmt__mib_index_release(index);
    }
    return unused;
}

Test(mib_index, replaced_while_read)
{
    pthread_t threads[3];

    place = drmgmt__mib_place_new();
    cr_assert_not_null(place);
    cr_assert_null(drmgmt__mib_place_take(place));
    make(module);
    drmgmt__mib_place_put(place, drmgmt__mib_index_hold(ix));
    for (size_t i = 0; i < DRMGMT__COUNT(threads); i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, reader, NULL), 0);
    for (int i = 0; i < 200; i++) {
        drmgmt__mib_index_release(ix);
        make(module);
        drmgmt__mib_place_put(place, drmgmt__mib_index_hold(ix));
    }
    atomic_store(&over, true);
    for (size_t i = 0; i < DRMGMT__COUNT(threads); i++)
        pthread_join(threads[i], NULL);
    cr_assert_eq(atomic_load(&wrong), 0);
    drmgmt__mib_place_free(place);
}

/* ---- real modules ---- */

static bool same_names(const drmgmt__snmp_syntax *a, const drmgmt__snmp_syntax *b)
{
    for (size_t i = 0; i < a->n_names && i < b->n_names; i++)
        if (a->names[i].number != b->names[i].number || strcmp(a->names[i].name, b->names[i].name) != 0)
            return false;
    return a->n_names <= b->n_names; /* a registry's list grows */
}

/* What is written by hand in names_data.c is what the modules themselves say. */
Test(mib_index, as_built_in)
{
    char path[CORPUS_PATH];
    size_t n;
    const drmgmt__snmp_name *names = drmgmt__snmp_names(&n);

    cr_assert_eq(drmgmt__mib_set_open(&set, NULL), 0);
    corpus_path(path, "base");
    if (!corpus_add(&set, path))
        cr_skip("skipped: there are no modules at %s", path);
    cr_assert_eq(drmgmt__mib_set_resolve(&set, 0, NULL), 0);
    cr_assert_eq(drmgmt__mib_index_make(&ix, &set, 0, NULL), 0);
    for (size_t i = 0; i < n; i++) {
        const drmgmt__mib_known *known = drmgmt__mib_index_of(ix, &names[i].oid);
        cr_expect(known && strcmp(known->object.module, names[i].module) == 0 &&
                      strcmp(known->object.name, names[i].name) == 0,
                  "%s::%s is %s::%s", names[i].module, names[i].name, known ? known->object.module : "",
                  known ? known->object.name : "");
        if (!known || !known->object.syntax)
            continue;
        const drmgmt__snmp_syntax *a = names[i].syntax, *b = known->object.syntax;
        cr_expect_eq(known->object.flags, names[i].flags, "%s: flags %u", names[i].name, known->object.flags);
        cr_expect(a->tag == b->tag && a->fixed == b->fixed && a->flags == b->flags, "%s: %s is %s %u %zu",
                  names[i].name, a->name, b->name, b->flags, b->fixed);
        cr_expect(!a->hint == !b->hint && (!a->hint || strcmp(a->hint, b->hint) == 0), "%s: hint", names[i].name);
        cr_expect(same_names(a, b), "%s: names", names[i].name);
    }
}
