/* The MIB parser: what it makes of texts, well-formed and not. Pure: needs no server. */
#include "core/core.h"
#include "core/strbuf.h"
#include "mib/parse.h"
#include <criterion/criterion.h>
#include <dirent.h>
#include <stdio.h>
#include <string.h>

#define HEAD "T-MIB DEFINITIONS ::= BEGIN\nIMPORTS enterprises, OBJECT-TYPE FROM SNMPv2-SMI;\n"

static drmgmt__mib_file file;

static drmgmt__mib_module *parse_n(const char *text, size_t n)
{
    drmgmt_error *error = NULL;
    drmgmt__mib_file_free(&file);
    int status = drmgmt__mib_parse(&file, text, n, NULL, &error);
    cr_assert(status == 0, "%s", drmgmt_error_message(error));
    return file.modules.items[0];
}

static drmgmt__mib_module *parse(const char *text)
{
    return parse_n(text, strlen(text));
}

static const drmgmt__mib_object *find(const drmgmt__mib_module *m, const char *name)
{
    for (size_t i = 0; i < m->objects.n; i++)
        if (strcmp(m->objects.items[i].name, name) == 0)
            return &m->objects.items[i];
    return NULL;
}

static bool noted(const drmgmt__mib_module *m, uint32_t line, bool error, const char *part)
{
    for (size_t i = 0; i < m->notes.list.n; i++) {
        const drmgmt__mib_note *note = &m->notes.list.items[i];
        if (note->line == line && note->error == error && strstr(note->text, part))
            return true;
    }
    return false;
}

static void free_file(void)
{
    drmgmt__mib_file_free(&file);
}

TestSuite(mib_parse, .fini = free_file);

Test(mib_parse, version_2)
{
    const drmgmt__mib_module *m = parse(
        "A-MIB DEFINITIONS ::= BEGIN IMPORTS MODULE-IDENTITY, enterprises FROM SNMPv2-SMI TruthValue FROM SNMPv2-TC;\n"
        "aMIB MODULE-IDENTITY LAST-UPDATED \"9505241811Z\" ORGANIZATION \"Org\" CONTACT-INFO \"Me\"\n"
        " DESCRIPTION \"All\" REVISION \"9505241811Z\" DESCRIPTION \"First\" ::= { enterprises acme(9) 1 }\n"
        "AState ::= TEXTUAL-CONVENTION DISPLAY-HINT \"d-2\" STATUS current DESCRIPTION \"s\"\n"
        " SYNTAX INTEGER { up(1), down(-2) }\n"
        "aTable OBJECT-TYPE SYNTAX SEQUENCE OF AEntry MAX-ACCESS not-accessible STATUS current DESCRIPTION \"t\"\n"
        " ::= { aMIB 1 }\n"
        "aEntry OBJECT-TYPE SYNTAX AEntry MAX-ACCESS not-accessible STATUS current DESCRIPTION \"e\"\n"
        " INDEX { aIndex, IMPLIED aName } ::= { aTable 1 }\n"
        "AEntry ::= SEQUENCE { aIndex Integer32, aName OCTET STRING }\n"
        "aName OBJECT-TYPE SYNTAX OCTET STRING (SIZE (0 | 4..8)) UNITS \"x\" MAX-ACCESS read-create STATUS deprecated\n"
        " DESCRIPTION \"say \"\"hi\"\"\" REFERENCE \"R\" DEFVAL { 'ff'H } ::= { aEntry 2 }\n"
        "aNote NOTIFICATION-TYPE OBJECTS { aIndex, aName } STATUS current DESCRIPTION \"n\" ::= { aMIB 0 3 }\n"
        "aGroup OBJECT-GROUP OBJECTS { aName } STATUS current DESCRIPTION \"g\" ::= { aMIB 4 }\n"
        "aDone MODULE-COMPLIANCE STATUS current DESCRIPTION \"c\" MODULE MANDATORY-GROUPS { aGroup }\n"
        " OBJECT aName SYNTAX OCTET STRING MIN-ACCESS read-only DESCRIPTION \"o\" ::= { aMIB 5 }\n"
        "END\n");
    cr_assert_eq(m->notes.list.n, 0, "%s", m->notes.list.n ? m->notes.list.items[0].text : "");
    cr_assert_str_eq(m->name, "A-MIB");
    cr_assert_eq(m->smi, 2);
    cr_assert_eq(m->imports.n, 3);
    cr_assert_str_eq(m->imports.items[2].from, "SNMPv2-TC");
    cr_assert_str_eq(m->contact, "Me");
    cr_assert_str_eq(m->revisions.items[0].description, "First");
    cr_assert_eq(find(m, "aMIB")->kind, DRMGMT__MIB_IDENTITY);
    cr_assert(find(m, "acme")->implied && find(m, "acme")->oid.n == 2);
    cr_assert_eq(find(m, "AState")->syntax.named.items[1].number, -2);
    cr_assert_eq(find(m, "aTable")->kind, DRMGMT__MIB_TABLE);
    const drmgmt__mib_object *entry = find(m, "aEntry"), *name = find(m, "aName");
    cr_assert(entry->kind == DRMGMT__MIB_ROW && entry->index.n == 2);
    cr_assert(!entry->index.items[0].implied && entry->index.items[1].implied);
    cr_assert_str_eq(name->description, "say \"hi\"");
    cr_assert_str_eq(name->defval, "'ff'H");
    cr_assert(name->access == DRMGMT__MIB_READ_CREATE && name->status == DRMGMT__MIB_DEPRECATED);
    cr_assert(name->syntax.ranges.n == 2 && name->syntax.ranges.items[1].most.magnitude == 8);
    cr_assert_eq(find(m, "aNote")->members.n, 2);
    cr_assert(find(m, "aDone")->kind == DRMGMT__MIB_COMPLIANCE && find(m, "aDone")->access == DRMGMT__MIB_NO_ACCESS);
}

Test(mib_parse, version_1)
{
    const drmgmt__mib_module *m = parse(
        "B-MIB DEFINITIONS ::= BEGIN IMPORTS enterprises, Counter FROM RFC1155-SMI;\n"
        "b OBJECT IDENTIFIER ::= { enterprises 7 }\n"
        "bCount OBJECT-TYPE SYNTAX Counter ACCESS read-only STATUS mandatory ::= { b 1 }\n"
        "bEntry OBJECT-TYPE SYNTAX BEntry ACCESS not-accessible STATUS mandatory INDEX { INTEGER, OCTET STRING }\n"
        " ::= { b 2 }\n"
        "bDown TRAP-TYPE ENTERPRISE b VARIABLES { bCount } DESCRIPTION \"d\" ::= 5\n"
        "OBJECT-TYPE MACRO ::= BEGIN TYPE NOTATION ::= \"SYNTAX\" type END\n"
        "bLast OBJECT IDENTIFIER ::= { b 9 } END\n"
        "C-MIB DEFINITIONS ::= BEGIN c OBJECT IDENTIFIER ::= { iso org(3) } END\n");
    const drmgmt__mib_object *trap = find(m, "bDown");
    cr_assert_eq(m->notes.list.n, 0, "%s", m->notes.list.n ? m->notes.list.items[0].text : "");
    cr_assert_eq(m->smi, 1);
    cr_assert(trap->trap && trap->oid.n == 3 && trap->oid.items[1].number == 0 && trap->oid.items[2].number == 5);
    cr_assert_str_eq(find(m, "bEntry")->index.items[1].name, "OCTET");
    cr_assert_eq(find(m, "bEntry")->index.n, 2);
    cr_assert_not_null(find(m, "bLast"));
    cr_assert_eq(file.modules.n, 2);
    cr_assert_str_eq(file.modules.items[1]->name, "C-MIB");
}

Test(mib_parse, comments)
{
    const drmgmt__mib_module *m =
        parse(HEAD "-- a line \"with a quote\n"
                   "a OBJECT IDENTIFIER -- in between -- ::= { enterprises 1 } -- and after\r\n"
                   "------- a ruler ----- with text\r"
                   "---- another: b OBJECT IDENTIFIER ::= { enterprises 2 }\n"
                   "c_d OBJECT IDENTIFIER ::= { enterprises 3--comment\n }\n"
                   "END");
    cr_assert_eq(m->notes.list.n, 0, "%s", m->notes.list.n ? m->notes.list.items[0].text : "");
    cr_assert(find(m, "a") && !find(m, "b") && find(m, "c_d"));
    cr_assert_eq(find(m, "c_d")->line, 7);
}

/* Each is one mistake in the middle: what stands around it is there all the same, and the mistake is told with its
 * line. */
Test(mib_parse, mistakes)
{
    static const struct {
        const char *text, *told;
        uint32_t line;
        bool error, there; /* there: "x" itself could be read */
    } rows[] = {
        { "x OBJECT-TYPE SYNTAX INTEGER ACCESS read-only STATUS mandatory", "\"::=\" is missing", 4, true, false },
        { "x OBJECT IDENTIFIER ::= { enterprises -5 }", "from 0 to 4294967295", 4, true, false },
        { "x OBJECT IDENTIFIER ::= { enterprises 99999999999999999999 }", "from 0 to 4294967295", 4, true, false },
        { "x OBJECT IDENTIFIER ::= { }", "empty", 4, true, false },
        { "x OBJECT IDENTIFIER ::= { enterprises 5", "no closing brace", 4, false, true },
        { "x OBJECT IDENTIFIER { enterprises 5 }", "passed over", 4, true, false },
        { "x OBJECT-TYPE SYNTAX INTEGER { a(1), b(2) ACCESS read-only STATUS mandatory ::= { enterprises 5 }",
          "no closing brace", 4, false, true },
        { "x OBJECT-TYPE SYNTAX INTEGER (0..5 ACCESS read-only STATUS mandatory ::= { enterprises 5 }", "range", 4,
          false, true },
        { "x OBJECT-TYPE SYNTAX INTEGER ACCESS sometimes STATUS mandatory ::= { enterprises 5 }",
          "cannot be \"sometimes\"", 4, false, true },
        { "x OBJECT-TYPE SYNTAX INTEGER ACCESS read-only STATUS mandatory DESCRIPTION \"open\n ::= { enterprises 5 }\n"
          "y OBJECT-TYPE SYNTAX INTEGER ACCESS read-only STATUS mandatory DESCRIPTION \"y\" ::= { enterprises 6 }",
          "no closing quote", 4, false, true },
        { "x OBJECT-TYPE SYNTAX INTEGER ACCESS read-only STATUS mandatory\n DESCRIPTION \"a \"quoted\" word\" ::= { "
          "enterprises 5 }",
          "not understood", 5, false, true },
        { "x TRAP-TYPE DESCRIPTION \"d\" ::= 3", "without ENTERPRISE", 4, true, false },
        { "x ::= TEXTUAL-CONVENTION STATUS current DESCRIPTION \"d\"", "without SYNTAX", 4, true, false },
        { "? ! x", "passed over", 4, true, false },
    };
    for (size_t i = 0; i < DRMGMT__COUNT(rows); i++) {
        char text[1024];
        snprintf(
            text, sizeof text,
            HEAD
            "before OBJECT IDENTIFIER ::= { enterprises 1 }\n%s\nafter OBJECT IDENTIFIER ::= { enterprises 2 }\nEND",
            rows[i].text);
        const drmgmt__mib_module *m = parse(text);
        cr_expect(find(m, "before") && find(m, "after"), "row %zu: what stands around is lost", i);
        cr_expect(!!find(m, "x") == rows[i].there, "row %zu: x", i);
        cr_expect(noted(m, rows[i].line, rows[i].error, rows[i].told), "row %zu: not told; first: %s", i,
                  m->notes.list.n ? m->notes.list.items[0].text : "nothing");
    }
}

Test(mib_parse, coding)
{
    static const char text[] = HEAD "x OBJECT-TYPE SYNTAX INTEGER ACCESS read-only STATUS mandatory\r\n"
                                    " DESCRIPTION \"caf\xe9\0\r\nsecond\" ::= { enterprises 5 }\r\n"
                                    "y OBJECT-TYPE SYNTAX INTEGER ACCESS read-only STATUS mandatory\r\n"
                                    " DESCRIPTION \"caf\xc3\xa9\" ::= { enterprises 6 }\r\n\x1a";
    const drmgmt__mib_module *m = parse_n(text, sizeof text - 1);
    cr_assert_str_eq(find(m, "x")->description, "caf\xc3\xa9 \nsecond");
    cr_assert_str_eq(find(m, "y")->description, "caf\xc3\xa9");
    cr_assert(noted(m, 8, false, "no END"));
}

Test(mib_parse, refused)
{
    static const drmgmt__mib_limits small = { 400, 1 << 20, 1, 2 };
    static const struct {
        const char *text;
        int status;
    } rows[] = {
        { "", DRMGMT_ERR_INVALID },
        { "just words", DRMGMT_ERR_INVALID },
        { "A DEFINITIONS ::= BEGIN END B DEFINITIONS ::= BEGIN END", DRMGMT_ERR_TOO_LARGE },
        { HEAD
          "a OBJECT IDENTIFIER ::= { iso 1 } b OBJECT IDENTIFIER ::= { iso 1 } c OBJECT IDENTIFIER ::= { iso 1 } END",
          DRMGMT_ERR_TOO_LARGE },
    };
    for (size_t i = 0; i < DRMGMT__COUNT(rows); i++) {
        drmgmt__mib_file_free(&file);
        cr_expect_eq(drmgmt__mib_parse(&file, rows[i].text, strlen(rows[i].text), &small, NULL), rows[i].status,
                     "row %zu", i);
    }
    char large[401];
    memset(large, ' ', sizeof large);
    drmgmt__mib_file_free(&file);
    cr_assert_eq(drmgmt__mib_parse(&file, large, sizeof large, &small, NULL), DRMGMT_ERR_TOO_LARGE);
}

/* Steps, not time: twice the text is twice the work, whatever it is. */
Test(mib_parse, linear)
{
    static const char *const units[] = {
        "x OBJECT IDENTIFIER ::= { enterprises 5 }\n",
        "{",
        "(",
        "\"",
        "\"\"",
        "'0 ",
        "-",
        "--\r",
        "a",
        "a ",
        "::= ",
        "OBJECT-TYPE ",
        "x OBJECT-TYPE DESCRIPTION \"\n",
        "x OBJECT-TYPE SYNTAX INTEGER { a(1), ",
        "\n DESCRIPTION \"",
        "x OBJECT-TYPE \"\"\n DESCRIPTION \"",
        "x OBJECT IDENTIFIER ::= { a b(1) c(2) ",
        "IMPORTS a, b FROM c ",
    };
    for (size_t i = 0; i < DRMGMT__COUNT(units); i++) {
        uint64_t steps[2];
        for (size_t k = 0; k < 2; k++) {
            DRMGMT__STRBUF text = DRMGMT__STRBUF_INIT;
            drmgmt__strbuf_puts(&text, HEAD);
            for (size_t n = 0; n < (k + 1) * 4000; n++)
                drmgmt__strbuf_puts(&text, units[i]);
            (void)parse_n(text.data, text.length);
            steps[k] = file.steps;
            cr_expect(steps[k] <= 12 * text.length, "%zu: %lu steps for %zu bytes", i, steps[k], text.length);
        }
        cr_expect(steps[1] <= 2 * steps[0] + 100, "%s: %lu, then %lu steps", units[i], steps[0], steps[1]);
    }
}

Test(mib_parse, dates)
{
    char out[18];
    cr_assert(drmgmt__mib_date("9505241811Z", out));
    cr_assert_str_eq(out, "1995-05-24T18:11Z");
    cr_assert(drmgmt__mib_date("201002030405Z", out));
    cr_assert_str_eq(out, "2010-02-03T04:05Z");
    cr_assert(!drmgmt__mib_date("yesterday", out) && !drmgmt__mib_date("209913030405Z", out));
}

/* Real modules, and files that crash other parsers: each has come out, and of the real ones nothing is lost. */
static void corpus(const char *folder, bool sound)
{
    const char *build = getenv("DRM_BUILD");
    char path[4096];
    struct dirent **names;

    snprintf(path, sizeof path, "%s/../../shared/mibs/%s", build ? build : ".", folder);
    int n = scandir(path, &names, NULL, alphasort);
    if (n < 0)
        cr_skip("skipped: there are no modules at %s", path);
    for (int i = 0; i < n; i++) {
        snprintf(path, sizeof path, "%s/../../shared/mibs/%s/%s", build ? build : ".", folder, names[i]->d_name);
        FILE *f = names[i]->d_name[0] == '.' ? NULL : fopen(path, "rb");
        free(names[i]);
        if (!f)
            continue;
        char *text = malloc(1 << 20);
        cr_assert_not_null(text);
        size_t size = fread(text, 1, 1 << 20, f);
        fclose(f);
        drmgmt__mib_module *m = parse_n(text, size);
        cr_expect(!sound || m->notes.errors == 0, "%s: %s", path, m->notes.list.n ? m->notes.list.items[0].text : "");
        cr_expect(file.steps <= 12 * size, "%s: %lu steps for %zu bytes", path, file.steps, size);
        free(text);
    }
    free(names);
}

Test(mib_parse, real)
{
    corpus("base", true);
}

Test(mib_parse, broken)
{
    corpus("dev/broken", false);
}
