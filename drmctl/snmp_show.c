/* How SNMP results look. Called by cmd_snmp.c; calls the writers. */
#include "snmp_show.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *text_of(const json_t *object, const char *member)
{
    return json_string_value(json_object_get(object, member));
}

/* Strings as they are, numbers and the rest as JSON writes them. */
static char *value_text(const json_t *value)
{
    if (json_is_string(value))
        return strdup(json_string_value(value));
    return value && !json_is_null(value) ? json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
}

/* What is decoded, unless --raw asks for what came. */
static char *cell_of(const ctl *c, const json_t *value, const json_t *text)
{
    return value_text(json_is_string(text) && !ctl_has(c, "raw") ? text : value);
}

/* ---- lines: as snmpget and its kin write them ---- */

static void line_named(const json_t *varbind, const char *value)
{
    const char *text = text_of(varbind, "text");

    if (text)
        printf("INTEGER: %s(%s)", text, value);
    else
        printf("INTEGER: %s", value);
}

static void line_octets(const json_t *varbind, const char *value)
{
    const char *hex = text_of(varbind, "hex"), *text = text_of(varbind, "text");

    if (text || !hex) {
        printf("STRING: ");
        if (!text)
            putchar('"');
        for (const char *p = text ? text : value; *p; p++)
            printf(!text && (*p == '"' || *p == '\\') ? "\\%c" : "%c", *p);
        if (!text)
            putchar('"');
        return;
    }
    printf("Hex-STRING: ");
    for (; hex[0] && hex[1]; hex += 2)
        printf("%.2s ", hex);
}

static void line_ticks(const json_t *varbind, const char *value)
{
    const char *text = text_of(varbind, "text");

    printf("Timeticks: (%s) %s", value, text ? text : "");
}

static void line_typed(const char *word, const char *value)
{
    printf("%s: %s", word, value);
}

/* One row a type of a result. word: before a value that is shown as it is; alone: in place of any value. */
static const struct line {
    const char *type, *word, *alone;
    void (*print)(const json_t *varbind, const char *value);
} lines[] = {
    { "INTEGER", NULL, NULL, line_named },
    { "OCTET STRING", NULL, NULL, line_octets },
    { "TimeTicks", NULL, NULL, line_ticks },
    { "OBJECT IDENTIFIER", "OID", NULL, NULL },
    { "NULL", NULL, "NULL", NULL },
    { "noSuchObject", NULL, "No Such Object available on this agent at this OID", NULL },
    { "noSuchInstance", NULL, "No Such Instance currently exists at this OID", NULL },
    { "endOfMibView", NULL, "No more variables left in this MIB View (It is past the end of the MIB tree)", NULL },
};

static const struct line *line_of(const char *type)
{
    for (size_t i = 0; i < CTL_COUNT(lines); i++)
        if (strcmp(lines[i].type, type) == 0)
            return &lines[i];
    return NULL;
}

static void print_line(const ctl *c, json_t *varbind)
{
    const char *oid = text_of(varbind, "oid"), *name = text_of(varbind, "name"), *type = text_of(varbind, "type");
    const struct line *line = type ? line_of(type) : NULL;
    char *came = value_text(json_object_get(varbind, "value")), *value = came ? ctl_visible(came) : NULL;
    bool by_name = name && !ctl_has(c, "numeric");
    const char *shown = value ? value : "";

    if (ctl_has(c, "raw") && type && strcmp(type, "TimeTicks") != 0)
        json_object_del(varbind, "text");
    printf("%s%s = ", by_name ? "" : ".", by_name ? name : oid ? oid : "");
    if (line && line->alone)
        fputs(line->alone, stdout);
    else if (line && line->print)
        line->print(varbind, shown);
    else if (line && strcmp(type, "OBJECT IDENTIFIER") == 0 && ctl_has(c, "numeric"))
        printf("OID: .%s", shown);
    else
        line_typed(line ? line->word : type ? type : "", shown);
    putchar('\n');
    free(value);
    free(came);
}

/* ---- varbinds ---- */

int snmp_show_varbinds(const ctl *c, snmp_show *show, const json_t *result)
{
    static const ctl_column columns[] = {
        { "oid", CTL_TEXT }, { "name", CTL_TEXT }, { "type", CTL_TEXT }, { "value", CTL_TEXT }
    };
    json_t *varbind;
    size_t i;
    int code = 0;

    show->plain = ctl_has(c, "plain");
    if (!show->begun && !show->plain)
        ctl_rows_begin(c, &show->writer, columns, CTL_COUNT(columns));
    show->begun = true;
    json_array_foreach(json_object_get(result, "varbinds"), i, varbind)
    {
        if (show->plain) {
            print_line(c, varbind);
            continue;
        }
        char *value = cell_of(c, json_object_get(varbind, "value"), json_object_get(varbind, "text"));
        if (!code)
            code = ctl_rows_add(&show->writer, (const char *[]){ text_of(varbind, "oid"), text_of(varbind, "name"),
                                                                 text_of(varbind, "type"), value });
        free(value);
    }
    if (!show->plain && show->writer.ops->page)
        show->writer.ops->page(&show->writer);
    return code ? code : ctl_output_check();
}

int snmp_show_end(snmp_show *show)
{
    if (!show->begun || show->plain)
        return 0;
    show->begun = false;
    return ctl_rows_end(&show->writer);
}

/* ---- tables ---- */

/* Returns how many; past the most that a writer takes they are left out. */
static size_t collect_columns(const json_t *names, ctl_column *columns)
{
    const json_t *name;
    size_t i, n = 0;

    columns[n++] = (ctl_column){ "instance", CTL_TEXT };
    json_array_foreach(names, i, name)
    {
        if (n < CTL_COLUMNS_MAX)
            columns[n++] = (ctl_column){ json_string_value(name), CTL_TEXT };
    }
    if (json_array_size(names) >= CTL_COLUMNS_MAX)
        ctl_note("the table has more than %d columns: --column chooses, -o json shows all", CTL_COLUMNS_MAX - 1);
    return n;
}

int snmp_show_table(const ctl *c, const json_t *result)
{
    ctl_column columns[CTL_COLUMNS_MAX];
    const json_t *rows = json_object_get(result, "rows"), *row;
    size_t n = collect_columns(json_object_get(result, "columns"), columns), i;
    ctl_writer w;
    int code = 0;

    ctl_rows_begin(c, &w, columns, n);
    json_array_foreach(rows, i, row)
    {
        char *cells[CTL_COLUMNS_MAX] = { NULL };
        cells[0] = value_text(json_object_get(row, "instance"));
        for (size_t k = 1; k < n; k++)
            cells[k] = cell_of(c, json_object_get(json_object_get(row, "values"), columns[k].name),
                               json_object_get(json_object_get(row, "texts"), columns[k].name));
        if (!code)
            code = ctl_rows_add(&w, (const char *const *)cells);
        for (size_t k = 0; k < n; k++)
            free(cells[k]);
    }
    int ended = ctl_rows_end(&w);
    return code ? code : ended;
}
