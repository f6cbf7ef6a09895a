/* The importer of data models: what it makes of small files, and of hostile ones. */
#include "tr181_support.h"

#define HEAD                                                                                                           \
    "<dm:document xmlns:dm=\"urn:broadband-forum-org:cwmp:datamodel-1-15\" spec=\"urn:x:tr-1\" file=\"a.xml\">\n"
#define TAIL   "</dm:document>"
#define DEVICE "<object name=\"Device.\" access=\"readOnly\" minEntries=\"1\" maxEntries=\"1\" version=\"2.0\">"

struct given { /* files after the first are for its imports */
    const char *name, *text;
};

static char message[512];
static drmgmt__dm_notes notes;

/* Imports the first of n files; the error's text is in message, notes stay until the next call. */
static int import(const struct given *files, size_t n, drmgmt__dm_models *models)
{
    drmgmt__dm_files *set = drmgmt__dm_files_new();
    drmgmt__dm_resolver resolver = drmgmt__dm_files_resolver(set);
    drmgmt_error *error = NULL;
    int rc;

    for (size_t i = 0; i < n; i++)
        cr_assert(drmgmt__dm_files_add(set, files[i].name, files[i].text, strlen(files[i].text)));
    *models = (drmgmt__dm_models){ NULL, 0 };
    drmgmt__dm_notes_free(&notes);
    rc = drmgmt__dm_import(drmgmt__dm_files_find(set, files[0].name, NULL), &resolver, models, &notes, &error);
    snprintf(message, sizeof message, "%s", rc ? drmgmt_error_message(error) : "");
    drmgmt_error_free(error);
    drmgmt__dm_files_free(set);
    return rc;
}

static int import_text(const char *text, drmgmt__dm_models *models)
{
    return import(&(struct given){ "a.xml", text }, 1, models);
}

static const drmgmt__dm_item *item(const drmgmt__dm_models *models, const char *path)
{
    const drmgmt__dm_item *found = drmgmt__dm_find(models->rows[0], path, strlen(path));

    cr_assert_not_null(found, "%s", path);
    return found;
}

static void refused(const char *text, const char *words)
{
    drmgmt__dm_models models;

    cr_expect_lt(import_text(text, &models), 0, "%.200s", text);
    cr_expect_not_null(strstr(message, words), "\"%s\" for: %s", message, words);
    cr_expect_eq(models.n, 0);
    drmgmt__dm_notes_free(&notes);
}

static bool noted(const char *words)
{
    for (size_t i = 0; i < notes.n; i++)
        if (strstr(notes.rows[i].text, words))
            return true;
    return false;
}

/* ---- what is put together ---- */

Test(tr181_import, syntax_and_its_facets)
{
    drmgmt__dm_models models;
    const drmgmt__dm_syntax *s;
    const drmgmt__dm_item *p;

    cr_assert_eq(
        import_text(
            HEAD
            "<dataType name=\"Level\"><int><range minInclusive=\"-5\" maxInclusive=\"5\" step=\"5\"/>"
            "<units value=\"dB\"/></int></dataType>"
            "<dataType name=\"Mode\"><string><enumeration value=\"A\"/><enumeration value=\"B\"/></string></dataType>"
            "<dataType name=\"More\" base=\"Mode\"><enumeration value=\"B\" access=\"readOnly\"/>"
            "<enumeration value=\"C\" status=\"deleted\"/></dataType>"
            "<model name=\"Device:2.1\">" DEVICE "<uniqueKey functional=\"false\"><parameter ref=\"L\"/></uniqueKey>"
            "<parameter name=\"L\"><syntax><dataType ref=\"Level\"/><default type=\"object\" "
            "value=\"0\"/></syntax></parameter>"
            "<parameter name=\"M\" access=\"writeOnceReadOnly\" version=\"2.1\"><syntax hidden=\"true\" "
            "secured=\"true\">"
            "<list minItems=\"1\" maxItems=\"4\"><size maxLength=\"20\"/></list><dataType "
            "ref=\"More\"/></syntax></parameter>"
            "<parameter name=\"R\" access=\"readWrite\"><description>\n      One\n        two {{enum}}\n    "
            "</description>"
            "<syntax><string><pathRef refType=\"strong\" targetParent=\".A. \n .B.\" "
            "targetType=\"row\"/></string></syntax>"
            "</parameter></object></model>" TAIL,
            &models),
        0, "%s", message);
    p = item(&models, "Device.L");
    s = p->syntax;
    cr_expect_eq(p->access, DRMGMT__DM_READ_ONLY, "no access is readOnly");
    cr_expect_str_eq(p->since, "2.0");
    cr_expect(s->base == DRMGMT__DM_INT && s->n_ranges == 1 && strcmp(s->data_type, "Level") == 0);
    cr_expect_str_eq(s->ranges[0].min, "-5");
    cr_expect_str_eq(s->ranges[0].step, "5");
    cr_expect_str_eq(s->units, "dB");
    cr_expect_str_eq(p->default_type, "object");
    p = item(&models, "Device.M");
    s = p->syntax;
    cr_expect(p->access == DRMGMT__DM_WRITE_ONCE && p->hidden && p->secured);
    cr_expect_str_eq(p->since, "2.1");
    cr_expect(s->list && s->list_min == 1 && s->list_max == 4 && s->n_list_sizes == 1 && s->list_sizes[0].max == 20);
    cr_assert_eq(s->n_choices, 3);
    cr_expect(!s->choices[0].read_only && s->choices[1].read_only && s->choices[2].status == DRMGMT__DM_DELETED);
    cr_expect(!drmgmt__dm_type_of(models.rows[0], "Mode")->syntax.choices[1].read_only, "the base stays as it is");
    p = item(&models, "Device.R");
    cr_expect_str_eq(p->description, "One\n  two {{enum}}");
    cr_expect_str_eq(p->syntax->reference->target, ".A. .B.");
    cr_expect(p->syntax->reference->strong);
    p = item(&models, "Device.");
    cr_expect(p->n_keys == 1 && !p->keys[0].functional && strcmp(p->keys[0].parameters[0], "L") == 0);
    cr_expect_eq(p->n_children, 3);
    drmgmt__dm_models_free(&models);
}

#define COMPONENTS                                                                                                     \
    "<dm:document xmlns:dm=\"urn:broadband-forum-org:cwmp:datamodel-1-15\" spec=\"urn:x:tr-2-3-0-parts\" file=\"x\">"  \
    "<import file=\"a.xml\" spec=\"urn:x:tr-1\"/>"                                                                     \
    "<component name=\"Key\" virtual=\"true\"><parameter "                                                             \
    "name=\"Key\"><syntax><string/></syntax></parameter></component>"                                                  \
    "<component name=\"MyKey\"><parameter name=\"Key\"><syntax><int/></syntax></parameter></component>"                \
    "<component name=\"Row\"><object name=\"Row.{i}.\" minEntries=\"0\" maxEntries=\"unbounded\" version=\"2.0\">"     \
    "<component ref=\"Key\"/><command name=\"Go()\" async=\"true\"><input><component ref=\"Args\"/></input></command>" \
    "</object></component>"                                                                                            \
    "<component name=\"Args\"><parameter name=\"To\" mandatory=\"true\"><syntax><string/></syntax></parameter>"        \
    "<object name=\"Set.{i}.\" minEntries=\"0\" maxEntries=\"4\"><parameter "                                          \
    "name=\"V\"><syntax><boolean/></syntax></parameter>"                                                               \
    "</object></component>"                                                                                            \
    "<model name=\"Base:1.0\">" DEVICE "</object><component ref=\"Row\" path=\"Device.T\" version=\"2.7\"/>"           \
    "<profile name=\"P:1\" version=\"2.0\"><object ref=\"Device.\" requirement=\"present\"/></profile></model>" TAIL

Test(tr181_import, components_of_other_files)
{
    const struct given files[] = {
        { "a.xml", HEAD
          "<import file=\"parts.xml\" spec=\"urn:x:tr-2-3-parts\"><model name=\"_Base:1.0\" ref=\"Base:1.0\"/>"
          "<component name=\"Key\" ref=\"MyKey\"/></import>"
          "<model name=\"Device:2.7\" base=\"_Base:1.0\"><object base=\"Device.T.Row.{i}.\" access=\"readWrite\">"
          "<parameter base=\"Key\" access=\"readWrite\" status=\"deprecated\"/></object>"
          "<profile name=\"P:2\" base=\"P:1\" version=\"2.7\"><object ref=\"Device.T.Row.{i}.\" requirement=\"create\">"
          "<parameter ref=\"Key\" requirement=\"readWrite\"/><command ref=\"Go()\"><input><parameter "
          "ref=\"To\"/></input>"
          "</command></object></profile></model>" TAIL },
        { "old-2-0.xml", "<dm:document xmlns:dm=\"urn:broadband-forum-org:cwmp:datamodel-1-15\" "
                         "spec=\"urn:x:tr-2-1-0-parts\" file=\"x\"/>" },
        { "anything.xml", COMPONENTS },
    };
    drmgmt__dm_models models;
    const drmgmt__dm_item *p;
    const drmgmt__dm_profile *profile;

    cr_assert_eq(import(files, 3, &models), 0, "%s", message);
    p = item(&models, "Device.T.Row.{i}.Key");
    cr_expect_eq(p->syntax->base, DRMGMT__DM_INT, "the virtual component is replaced by what the importing file says");
    cr_expect(p->access == DRMGMT__DM_READ_WRITE && p->status == DRMGMT__DM_DEPRECATED);
    cr_expect_str_eq(p->since, "2.7");
    p = item(&models, "Device.T.Row.{i}.");
    cr_expect(p->access == DRMGMT__DM_READ_WRITE && p->min_entries == 0 && p->max_entries == DRMGMT__DM_UNBOUNDED);
    cr_expect(item(&models, "Device.T.Row.{i}.Go()")->async);
    p = item(&models, "Device.T.Row.{i}.Go().input.To");
    cr_expect(p->mandatory && p->role == DRMGMT__DM_OF_INPUT);
    cr_expect_eq(item(&models, "Device.T.Row.{i}.Go().input.Set.{i}.")->max_entries, 4);
    cr_expect_str_eq(item(&models, "Device.T.Row.{i}.Go().input.Set.{i}.V")->parent->name, "Set.{i}.");
    profile = drmgmt__dm_profile_of(models.rows[0], "P:2");
    cr_assert(profile && profile->n == 4);
    cr_expect_str_eq(profile->requirements[3].path, "Device.T.Row.{i}.Go().input.To");
    drmgmt__dm_models_free(&models);
}

Test(tr181_import, versionless_names)
{
    cr_expect(drmgmt__dm_same_but_version("urn:b:tr-181-2-19-common", "urn:b:tr-181-2-19-0-common"));
    cr_expect(drmgmt__dm_same_but_version("tr-181-2-wifi", "tr-181-2-19-0-wifi"));
    cr_expect(drmgmt__dm_same_but_version("tr-106", "tr-106-1-2"));
    cr_expect_not(drmgmt__dm_same_but_version("urn:b:tr-181-2-18-common", "urn:b:tr-181-2-19-0-common"));
    cr_expect_not(drmgmt__dm_same_but_version("tr-181-2-wifi", "tr-181-2-19-0-wifi-cwmp"));
    cr_expect_not(drmgmt__dm_same_but_version("tr-181-2-19-0-wifi", "tr-181-2-wifi"));
}

/* ---- what is wrong ---- */

Test(tr181_import, errors_name_file_line_and_what_the_schema_wants)
{
    drmgmt__dm_models models;

    refused(HEAD "<model name=\"D:1.0\">\n<object access=\"readOnly\"/></model>" TAIL,
            "a.xml:3: element 'object': the attribute");
    refused(HEAD "<model name=\"D:1.0\">\n\n<object name=\"D.\" status=\"gone\"/></model>" TAIL,
            "a.xml:4: element 'object', attribute 'status': 'gone' is not current, deprecated, obsoleted or deleted");
    refused(HEAD "<model name=\"D:1.0\"><object name=\"D.\"><command name=\"Go()\"/></object></model>" TAIL, "'async'");
    refused(HEAD "<model name=\"D:1.0\"><object name=\"D..E.\"/></model>" TAIL, "is not an object's name");
    refused(HEAD "<model name=\"D:1.0\"><object base=\"D.\"/></model>" TAIL, "'D.' is not defined");
    refused(HEAD "<model name=\"D:1.0\"><component ref=\"X\"/></model>" TAIL, "component 'X' is not defined");
    refused(HEAD
            "<model name=\"D:1.0\"><object name=\"D.\"><parameter name=\"P\"><syntax><dataType ref=\"T\"/></syntax>"
            "</parameter></object></model>" TAIL,
            "dataType 'T' is not defined");
    refused(HEAD TAIL, "defines no model");
    refused("<html><body/></html>", "not a data model");
    refused("<document/>", "not a data model");
    refused("", "XML");
    refused("{\"a\": 1}", "not well-formed XML");
    cr_assert_eq(
        import_text(HEAD "<import file=\"no.xml\"/><model name=\"D:1.0\" colour=\"red\"><object name=\"D.\"><wheel/>"
                         "<dmr:x xmlns:dmr=\"urn:y\"/></object></model>" TAIL,
                    &models),
        0, "%s", message);
    cr_expect(noted("'no.xml' (without spec) is missing"));
    cr_expect(noted("the attribute 'colour' is not allowed"));
    cr_expect(noted("'wheel' is not expected in 'object'"));
    cr_expect_eq(notes.n, 3, "what is of another namespace is not spoken of");
    drmgmt__dm_notes_free(&notes);
    drmgmt__dm_models_free(&models);
}

/* ---- hostile files ---- */

#define USES(entity)                                                                                                   \
    HEAD "<model name=\"D:1.0\"><object name=\"D.\"><parameter name=\"P\"><syntax><string><pattern value=\"" entity    \
         "\"/></string></syntax></parameter></object></model>" TAIL

Test(tr181_import, entities)
{
    DRMGMT__STRBUF laughs = DRMGMT__STRBUF_INIT;
    drmgmt__dm_models models;

    cr_assert_eq(import_text("<!DOCTYPE x [<!ENTITY o \"[0-9]\"><!ENTITY p \"&o;&o;\">]>" USES("&p;-"), &models), 0,
                 "%s", message);
    cr_expect_str_eq(item(&models, "D.P")->syntax->patterns[0].value, "[0-9][0-9]-");
    drmgmt__dm_models_free(&models);

    drmgmt__strbuf_puts(&laughs, "<!DOCTYPE x [<!ENTITY l0 \"hahahahahahahahahahaha\">");
    for (int i = 1; i < 12; i++) {
        drmgmt__strbuf_printf(&laughs, "<!ENTITY l%d \"", i);
        for (int k = 0; k < 10; k++)
            drmgmt__strbuf_printf(&laughs, "&l%d;", i - 1);
        drmgmt__strbuf_puts(&laughs, "\">");
    }
    drmgmt__strbuf_puts(&laughs, "]>" USES("&l11;"));
    refused(laughs.data, "a.xml");
    refused("<!DOCTYPE x [<!ENTITY a \"&b;\"><!ENTITY b \"&a;\">]>" USES("&a;"), "a.xml");
    refused("<!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]>" USES("&e;"), "a.xml");
    refused(USES("&nothing;"), "a.xml");
    /* In text an external entity stays a name. */
    cr_assert_eq(
        import_text(
            "<!DOCTYPE x SYSTEM \"http://127.0.0.1:1/x.dtd\" [<!ENTITY e SYSTEM \"file:///etc/passwd\">]>" HEAD
            "<model name=\"D:1.0\"><object name=\"D.\"><description>see &e;</description></object></model>" TAIL,
            &models),
        0, "%s", message);
    cr_expect_str_eq(item(&models, "D.")->description, "see &e;");
    drmgmt__dm_models_free(&models);
    drmgmt__dm_notes_free(&notes);
}

static char *repeated(const char *before, const char *text, size_t n, const char *after)
{
    drmgmt__strbuf b = DRMGMT__STRBUF_INIT;

    drmgmt__strbuf_puts(&b, before);
    for (size_t i = 0; i < n; i++)
        drmgmt__strbuf_puts(&b, text);
    drmgmt__strbuf_puts(&b, after);
    return drmgmt__strbuf_steal(&b, NULL);
}

Test(tr181_import, deep_huge_and_cut_off)
{
    DRMGMT__FREE char *deep = repeated(HEAD, "<model name=\"D:1.0\">", 100000, "");
    DRMGMT__FREE char *wide = repeated(HEAD "<model name=\"", "D", 70000, ":1.0\"/>" TAIL);
    DRMGMT__FREE char *cut = repeated(HEAD, "", 0, "<model name=\"D:1.0\"><object name=\"D.\">");
    static const char utf16[] = "<?xml version=\"1.0\" encoding=\"UTF-16\"?>" HEAD TAIL;
    static const char bytes[] =
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>" HEAD "<description>\xff\xfe</description>" TAIL;
    static const char unknown[] = "<?xml version=\"1.0\" encoding=\"X-NONE\"?>" HEAD TAIL;

    refused(deep, "a.xml");
    refused(wide, "longer than 64 KiB");
    refused(cut, "not well-formed");
    refused(utf16, "a.xml");
    refused(bytes, "not well-formed");
    refused(unknown, "not well-formed");
}

Test(tr181_import, circles_and_bombs_of_components)
{
    DRMGMT__STRBUF bomb = DRMGMT__STRBUF_INIT;
    DRMGMT__STRBUF chain = DRMGMT__STRBUF_INIT;
    const struct given circle[] = {
        { "a.xml", HEAD "<import file=\"b.xml\"><component name=\"C\"/></import><model name=\"D:1.0\"><component "
                        "ref=\"C\"/></model>" TAIL },
        { "b.xml", HEAD "<import file=\"a.xml\"><component name=\"C\"/></import>" TAIL },
    };
    drmgmt__dm_models models;

    cr_expect_lt(import(circle, 2, &models), 0);
    cr_expect_not_null(strstr(message, "component 'C' is not in the file from which it is imported"), "%s", message);
    refused(HEAD "<component name=\"A\"><component ref=\"B\"/></component><component name=\"B\"><component "
                 "ref=\"A\"/></component>"
                 "<model name=\"D:1.0\"><component ref=\"A\"/></model>" TAIL,
            "contains itself");
    refused(HEAD "<dataType name=\"A\" base=\"B\"/><dataType name=\"B\" base=\"A\"/><model name=\"D:1.0\"/>" TAIL,
            "derived from itself");
    refused(HEAD "<model name=\"D:1.0\" base=\"D:1.0\"/>" TAIL, "in a circle");

    drmgmt__strbuf_puts(&bomb, HEAD "<component name=\"c0\"/>");
    for (int i = 1; i < 23; i++) {
        drmgmt__strbuf_printf(&bomb, "<component name=\"c%d\">", i);
        for (int k = 0; k < 10; k++)
            drmgmt__strbuf_printf(&bomb, "<component ref=\"c%d\"/>", i - 1);
        drmgmt__strbuf_puts(&bomb, "</component>");
    }
    drmgmt__strbuf_puts(&bomb, "<model name=\"D:1.0\"><component ref=\"c22\"/></model>" TAIL);
    refused(bomb.data, "more than 1,000,000 elements");

    drmgmt__strbuf_puts(&chain, HEAD "<component name=\"c0\"/>");
    for (int i = 1; i < 100; i++)
        drmgmt__strbuf_printf(&chain, "<component name=\"c%d\"><component ref=\"c%d\"/></component>", i, i - 1);
    drmgmt__strbuf_puts(&chain, "<model name=\"D:1.0\"><component ref=\"c99\"/></model>" TAIL);
    refused(chain.data, "too deep in each other");
    drmgmt__dm_notes_free(&notes);
}
