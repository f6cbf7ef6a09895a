/* The resolver: what names, OIDs and types stand for across modules, and what becomes of modules that are wrong or not
 * there. Pure: needs no server. */
#include "core/core.h"
#include "core/strbuf.h"
#include "mib/parse.h"
#include "mib/resolve.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static drmgmt__mib_set set;

static void open_set(void)
{
    cr_assert_eq(drmgmt__mib_set_open(&set, NULL), 0);
}

static void close_set(void)
{
    drmgmt__mib_set_free(&set);
}

TestSuite(mib_resolve, .init = open_set, .fini = close_set);

/* Puts the modules of a text in and resolves all. */
static void add(const char *text)
{
    drmgmt__mib_file file = { 0 };

    cr_assert_eq(drmgmt__mib_parse(&file, text, strlen(text), NULL, NULL), 0);
    for (size_t i = 0; i < file.modules.n; i++) {
        cr_assert_eq(drmgmt__mib_set_add(&set, file.modules.items[i], NULL), 0);
        file.modules.items[i] = NULL;
    }
    drmgmt__mib_file_free(&file);
    cr_assert_eq(drmgmt__mib_set_resolve(&set, 0, NULL), 0);
}

static const drmgmt__mib_entry *entry(const char *module)
{
    const drmgmt__mib_entry *e = drmgmt__mib_set_find(&set, module);
    cr_assert_not_null(e, "%s", module);
    return e;
}

static const drmgmt__mib_object *object(const char *module, const char *name)
{
    const drmgmt__mib_object *o = drmgmt__mib_set_name(&set, entry(module), name, NULL);
    cr_assert_not_null(o, "%s::%s", module, name);
    return o;
}

static const char *oid(const char *module, const char *name)
{
    static char text[2048];
    const drmgmt__mib_meaning *m = &object(module, name)->meaning;
    size_t used = 0;

    text[0] = '\0';
    for (size_t i = 0; i < m->n_oid; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%u", i ? "." : "", m->oid[i]);
    return text;
}

#define OBJECT(name, syntax, parent)                                                                                   \
    name " OBJECT-TYPE SYNTAX " syntax " MAX-ACCESS read-only STATUS current DESCRIPTION \"\" ::= { " parent " }\n"

Test(mib_resolve, table)
{
    add("A-MIB DEFINITIONS ::= BEGIN IMPORTS enterprises, Counter64 FROM SNMPv2-SMI DisplayString FROM SNMPv2-TC;\n"
        "a OBJECT IDENTIFIER ::= { enterprises acme(9) 1 }\n" OBJECT("aScalar", "Counter64", "a 1")
            OBJECT("aTable", "SEQUENCE OF AEntry", "a 2") OBJECT("aEntry", "AEntry", "aTable 1")
                OBJECT("aColumn", "AName (SIZE (1..8))", "aEntry 1")
                    OBJECT("aBits", "ABits", "aEntry 2") "AEntry ::= SEQUENCE { aColumn AName, aBits ABits }\n"
                                                         "AName ::= TEXTUAL-CONVENTION STATUS current DESCRIPTION \"\" "
                                                         "SYNTAX DisplayString (SIZE (1..32))\n"
                                                         "ABits ::= BITS { one(0), two(1) }\n"
                                                         "aTrap TRAP-TYPE ENTERPRISE a ::= 7\n"
                                                         "END");
    cr_assert_eq(entry("A-MIB")->missing.n, 0);
    cr_assert_eq(entry("A-MIB")->unresolved, 0);
    cr_assert_eq(object("A-MIB", "aScalar")->kind, DRMGMT__MIB_SCALAR);
    cr_assert_eq(object("A-MIB", "aScalar")->meaning.base, DRMGMT__MIB_COUNTER64);
    cr_assert_eq(object("A-MIB", "aTable")->kind, DRMGMT__MIB_TABLE);
    cr_assert_eq(object("A-MIB", "aEntry")->kind, DRMGMT__MIB_ROW);
    cr_assert_str_eq(oid("A-MIB", "aTrap"), "1.3.6.1.4.1.9.1.0.7");
    cr_assert_str_eq(oid("A-MIB", "acme"), "1.3.6.1.4.1.9");

    const drmgmt__mib_object *column = object("A-MIB", "aColumn");
    cr_assert_eq(column->kind, DRMGMT__MIB_COLUMN);
    cr_assert_str_eq(oid("A-MIB", "aColumn"), "1.3.6.1.4.1.9.1.2.1.1");
    cr_assert_eq(column->meaning.base, DRMGMT__MIB_OCTET_STRING);
    cr_assert_str_eq(column->meaning.hint, "255a");
    cr_assert_str_eq(column->meaning.type, "AName");
    cr_assert_str_eq(column->meaning.type_module, "A-MIB");
    cr_assert_eq(column->meaning.limits->ranges.items[0].most.magnitude, 8);
    cr_assert_str_eq(object("A-MIB", "aBits")->meaning.values->named.items[1].name, "two");
}

/* What was missing is told by name; when it comes, all is there, and when it goes again, all is as before. */
Test(mib_resolve, pending)
{
    static const char late[] = "LATE-MIB DEFINITIONS ::= BEGIN IMPORTS enterprises FROM SNMPv2-SMI;\n"
                               "late OBJECT IDENTIFIER ::= { enterprises 77 }\n"
                               "LateType ::= INTEGER { on(1) }\nEND";

    for (int round = 0; round < 2; round++) {
        add("P-MIB DEFINITIONS ::= BEGIN\nIMPORTS OBJECT-TYPE FROM SNMPv2-SMI\nlate, LateType FROM LATE-MIB;\n" OBJECT(
            "p", "LateType", "late 1") OBJECT("q", "Unheard", "nowhere 1") "END");
        const drmgmt__mib_entry *e = entry("P-MIB");
        cr_assert_eq(e->missing.n, 4);
        cr_assert_str_eq(e->missing.items[0].name, "LateType");
        cr_assert_str_eq(e->missing.items[0].from, "LATE-MIB");
        cr_assert(e->missing.items[0].absent && e->missing.items[0].line == 3);
        cr_assert_str_eq(e->missing.items[3].name, "nowhere");
        cr_assert_null(e->missing.items[3].from);
        cr_assert_eq(e->unresolved, 2);
        cr_assert(!object("P-MIB", "p")->meaning.resolved);

        add(late);
        e = entry("P-MIB");
        cr_assert_eq(e->missing.n, 2, "of what nobody has");
        cr_assert(object("P-MIB", "p")->meaning.resolved);
        cr_assert_str_eq(oid("P-MIB", "p"), "1.3.6.1.4.1.77.1");
        cr_assert_str_eq(object("P-MIB", "p")->meaning.values->named.items[0].name, "on");
        cr_assert(drmgmt__mib_set_remove(&set, "LATE-MIB") && !drmgmt__mib_set_remove(&set, "LATE-MIB"));
    }
    add("LATE-MIB DEFINITIONS ::= BEGIN END");
    cr_assert(!entry("P-MIB")->missing.items[0].absent, "it is there, but has no such name");
}

/* A row that is no longer under a table is a scalar again. */
Test(mib_resolve, replaced)
{
    add("T-MIB DEFINITIONS ::= BEGIN IMPORTS enterprises FROM SNMPv2-SMI;\n" OBJECT(
        "t", "SEQUENCE OF Row",
        "enterprises 5") "END\n"
                         "C-MIB DEFINITIONS ::= BEGIN IMPORTS t FROM T-MIB;\n" OBJECT("row", "INTEGER", "t 1")
                             OBJECT("column", "INTEGER", "row 1") "END");
    cr_assert_eq(object("C-MIB", "row")->kind, DRMGMT__MIB_ROW);
    cr_assert_eq(object("C-MIB", "column")->kind, DRMGMT__MIB_COLUMN);
    add("T-MIB DEFINITIONS ::= BEGIN IMPORTS enterprises FROM SNMPv2-SMI;\n"
        "t OBJECT IDENTIFIER ::= { enterprises 6 } END");
    cr_assert_eq(object("C-MIB", "row")->kind, DRMGMT__MIB_SCALAR);
    cr_assert_eq(object("C-MIB", "column")->kind, DRMGMT__MIB_SCALAR);
    cr_assert_str_eq(oid("C-MIB", "column"), "1.3.6.1.4.1.6.1.1");
}

/* Where a name comes from: what is declared, imported, imported by another, renamed, implied, forgotten. */
Test(mib_resolve, names)
{
    static const struct {
        const char *name, *oid;
    } rows[] = {
        { "declared", "1.3.6.1.4.1.8.1" }, { "second", "1.3.6.1.4.1.8.3" },    { "handed", "1.3.6.1.4.1.7.2" },
        { "old", "1.3.6.1.2.1.5" },        { "forgot", "1.3.6.1.6.3.5" },      { "words", "1.3.6.1.9" },
        { "numbers", "1.3.6.1.4.1.8" },    { "written", "1.3.6.1.4.1.7.4.1" }, { "root", "2.5" },
    };
    add("ONE-MIB DEFINITIONS ::= BEGIN one OBJECT IDENTIFIER ::= { enterprises 7 }\n"
        "same OBJECT IDENTIFIER ::= { one 4 } END\n"
        "TWO-MIB DEFINITIONS ::= BEGIN IMPORTS one FROM ONE-MIB; two OBJECT IDENTIFIER ::= { one 1 } END\n"
        "N-MIB DEFINITIONS ::= BEGIN IMPORTS one FROM TWO-MIB mib-2 FROM RFC1158-MIB DisplayString FROM RFC1213-MIB;\n"
        "numbers OBJECT IDENTIFIER ::= { 1 3 6 1 4 1 8 }\n"
        "through OBJECT IDENTIFIER ::= { numbers declared(2) 9 }\n"
        "declared OBJECT IDENTIFIER ::= { numbers 1 }\n"
        "twice OBJECT IDENTIFIER ::= { numbers 3 } twice OBJECT IDENTIFIER ::= { numbers 4 }\n"
        "second OBJECT IDENTIFIER ::= { twice }\n"
        "handed OBJECT IDENTIFIER ::= { one 2 }\n"
        "old OBJECT IDENTIFIER ::= { mib-2 5 }\n"
        "forgot OBJECT IDENTIFIER ::= { snmpModules 5 }\n"
        "words OBJECT IDENTIFIER ::= { iso org(3) dod internet 9 }\n"
        "same OBJECT IDENTIFIER ::= { numbers 6 } written OBJECT IDENTIFIER ::= { ONE-MIB.same 1 }\n"
        "root OBJECT IDENTIFIER ::= { joint-iso-ccitt ds(5) }\n"
        "END");
    for (size_t i = 0; i < DRMGMT__COUNT(rows); i++)
        cr_expect_str_eq(oid("N-MIB", rows[i].name), rows[i].oid, "%s is %s", rows[i].name, oid("N-MIB", rows[i].name));
    cr_assert_eq(entry("N-MIB")->missing.n, 0);
    cr_assert_null(drmgmt__mib_set_name(&set, entry("N-MIB"), "nobody", NULL));
}

/* Who depends on itself is not resolved, with all that depends on it; the others are. */
Test(mib_resolve, cycles)
{
    add("X-MIB DEFINITIONS ::= BEGIN IMPORTS i FROM Y-MIB z FROM X-MIB;\n"
        "a OBJECT IDENTIFIER ::= { b 1 } b OBJECT IDENTIFIER ::= { c 1 } c OBJECT IDENTIFIER ::= { a 1 }\n"
        "d OBJECT IDENTIFIER ::= { d 1 } e OBJECT IDENTIFIER ::= { a 1 }\n"
        "T ::= U (0..5) U ::= T W ::= W\n" OBJECT("f", "T", "enterprises 1") OBJECT("g", "W", "enterprises 2")
            OBJECT("h", "INTEGER", "enterprises 3") "END\n"
                                                    "Y-MIB DEFINITIONS ::= BEGIN IMPORTS i FROM X-MIB; END");
    static const char *const lost[] = { "a", "b", "c", "d", "e", "f", "g", "T", "U", "W" };
    for (size_t i = 0; i < DRMGMT__COUNT(lost); i++)
        cr_expect(!object("X-MIB", lost[i])->meaning.resolved, "%s", lost[i]);
    cr_assert(object("X-MIB", "h")->meaning.resolved);
    cr_assert_eq(entry("X-MIB")->unresolved, DRMGMT__COUNT(lost));
}

/* 100,000 that each depend on the next: no recursion, 128 arcs at most, and a limit on the memory. */
Test(mib_resolve, long_chains)
{
    DRMGMT__STRBUF text = DRMGMT__STRBUF_INIT;

    drmgmt__strbuf_puts(&text,
                        "L-MIB DEFINITIONS ::= BEGIN n100000 OBJECT IDENTIFIER ::= { 1 3 } T100000 ::= INTEGER\n");
    for (unsigned i = 0; i < 100000; i++)
        drmgmt__strbuf_printf(&text, i % 2 ? "n%u OBJECT IDENTIFIER ::= { n%u 1 }\n" : "T%u ::= T%u\n", i,
                              i == 99998      ? 100000
                              : i + 2 > 99999 ? 100000
                                              : i + 2);
    drmgmt__strbuf_puts(&text, "END");
    add(text.data);
    cr_assert_eq(object("L-MIB", "T0")->meaning.base, DRMGMT__MIB_INTEGER32);
    cr_assert_eq(object("L-MIB", "n99749")->meaning.n_oid, 128);
    cr_assert_null(object("L-MIB", "n99747")->meaning.oid);
    cr_assert_null(object("L-MIB", "n1")->meaning.oid);
    cr_assert_eq(drmgmt__mib_set_resolve(&set, 1 << 20, NULL), DRMGMT_ERR_TOO_LARGE);
    cr_assert_eq(drmgmt__mib_set_resolve(&set, 0, NULL), 0);
}
