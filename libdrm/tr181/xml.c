/* Reads a data-model file: see xml.h. The only place that knows libxml2's reader. */
#include "tr181/xml.h"

#include "core/cleanup.h"
#include "core/strbuf.h"
#include <libxml/entities.h>
#include <libxml/xmlreader.h>
#include <stdlib.h>
#include <string.h>

#define NAMESPACE "urn:broadband-forum-org:cwmp:datamodel-"

DRMGMT__DEFINE_CLEANUP(free_reader, xmlTextReaderPtr, xmlFreeTextReader)

struct reading {
    drmgmt__arena *arena;
    drmgmt__dm_notes *notes;
    const char *name;
    xmlTextReaderPtr reader;
    drmgmt__dm_node *root, *at; /* at: the open element */
    drmgmt__strbuf value;       /* the attribute or description that is being put together */
    size_t expanded;            /* octets that came of entities */
    unsigned line;              /* of the text read last: the only one known past line 65535 */
    uint64_t unknown_told;      /* elements of which an unknown attribute was told */
    bool refused, cut;
};

static void refuse(struct reading *r, unsigned line, const char *what)
{
    if (!r->refused)
        drmgmt__dm_wrong(r->notes, r->name, line, "%s", what);
    r->refused = true;
}

/* libxml2's own words, first error only; they end with a line feed. */
static void on_error(void *user, xmlErrorPtr error)
{
    struct reading *r = user;

    if (error->level < XML_ERR_ERROR || r->refused)
        return;
    drmgmt__dm_wrong(r->notes, r->name, error->line > 0 ? (unsigned)error->line : 0, "not well-formed XML: %.*s",
                     (int)strcspn(error->message ? error->message : "?", "\n"), error->message ? error->message : "?");
    r->refused = true;
}

static unsigned line_of(struct reading *r, const xmlNode *node)
{
    if (node->line && node->line < UINT16_MAX)
        return node->line;
    return r->line ? r->line : (unsigned)xmlTextReaderGetParserLineNumber(r->reader);
}

/* ---- attributes ---- */

static void add_value(struct reading *r, const char *text, size_t n)
{
    if (r->value.length + n > DRMGMT__DM_VALUE_MAX)
        r->cut = true;
    else
        drmgmt__strbuf_add(&r->value, text, n);
}

/* Text with references to entities, as an entity's own content has them. */
static void expand(struct reading *r, const xmlNode *attribute, const char *text, int depth)
{
    while (*text && !r->refused) {
        size_t plain = strcspn(text, "&"), n = strcspn(text + plain, ";");
        char name[64];
        xmlEntityPtr entity;

        r->expanded += plain + 1;
        if (r->expanded > DRMGMT__DM_ENTITIES_MAX) {
            refuse(r, line_of(r, attribute->parent), "its entities become too much text");
            return;
        }
        add_value(r, text, plain);
        text += plain;
        if (!*text)
            return;
        snprintf(name, sizeof name, "%.*s", (int)(n > 1 && n < sizeof name ? n - 1 : 0), text + 1);
        entity = xmlGetDocEntity(attribute->doc, (const xmlChar *)name);
        if (!entity || !entity->content || depth >= DRMGMT__DM_ENTITY_DEPTH_MAX ||
            (entity->etype != XML_INTERNAL_GENERAL_ENTITY && entity->etype != XML_INTERNAL_PREDEFINED_ENTITY)) {
            refuse(r, line_of(r, attribute->parent),
                   depth >= DRMGMT__DM_ENTITY_DEPTH_MAX ? "its entities stand too deep in each other"
                                                        : "an attribute names an entity that the file does not define");
            return;
        }
        if (entity->etype == XML_INTERNAL_PREDEFINED_ENTITY)
            add_value(r, (const char *)entity->content, strlen((const char *)entity->content));
        else
            expand(r, attribute, (const char *)entity->content, depth + 1);
        text += n + (text[n] == ';');
    }
}

/* The attribute's value in r->value; false when it cannot be had. */
static bool gather(struct reading *r, const xmlAttr *attribute)
{
    drmgmt__strbuf_reset(&r->value);
    r->cut = false;
    for (const xmlNode *piece = attribute->children; piece && !r->refused; piece = piece->next) {
        if (piece->type == XML_ENTITY_REF_NODE) {
            char reference[80];
            snprintf(reference, sizeof reference, "&%.70s;", (const char *)piece->name);
            expand(r, (const xmlNode *)attribute, reference, 0);
        } else if (piece->content) {
            add_value(r, (const char *)piece->content, strlen((const char *)piece->content));
        }
    }
    if (r->cut)
        refuse(r, line_of(r, attribute->parent), "an attribute's value is longer than 64 KiB");
    if (r->value.failed)
        refuse(r, 0, "out of memory");
    return !r->refused;
}

/* White space at the ends and line feeds in the middle mean nothing: xs:token. Patterns and default values are left as
 * they are. */
static void collapse(char *text)
{
    char *to = text;

    for (char *from = text; *from; from++) {
        if (!strchr(" \t\r\n", *from))
            *to++ = *from;
        else if (to > text && to[-1] != ' ')
            *to++ = ' ';
    }
    while (to > text && to[-1] == ' ')
        to--;
    *to = '\0';
}

static bool is_verbatim(drmgmt__dm_element element, drmgmt__dm_attribute id)
{
    return id == DRMGMT__DM_A_value && element != DRMGMT__DM_E_units;
}

static void take_attribute(struct reading *r, drmgmt__dm_node *node, const drmgmt__dm_rule *rule, const xmlAttr *from)
{
    drmgmt__dm_attribute id = drmgmt__dm_attribute_of((const char *)from->name);
    const char *wrong;
    char *value;

    if (id == DRMGMT__DM_A_COUNT || !(rule->allowed & DRMGMT__DM_BIT(id))) {
        if (!(r->unknown_told & DRMGMT__DM_BIT(node->element)))
            drmgmt__dm_warn(r->notes, r->name, node->line,
                            "element '%s': the attribute '%.60s' is not allowed and is passed over",
                            drmgmt__dm_element_name(node->element), (const char *)from->name);
        r->unknown_told |= DRMGMT__DM_BIT(node->element);
        return;
    }
    if (!gather(r, from))
        return;
    value = drmgmt__arena_text(r->arena, r->value.data, r->value.length);
    if (!value)
        return;
    if (!is_verbatim(node->element, id))
        collapse(value);
    wrong = drmgmt__dm_value_wrong(node->element, id, value);
    if (wrong)
        drmgmt__dm_wrong(r->notes, r->name, node->line, "element '%s', attribute '%s': '%.60s' is not %s",
                         drmgmt__dm_element_name(node->element), drmgmt__dm_attribute_name(id), value, wrong);
    node->attributes[node->n_attributes].id = (uint8_t)id;
    node->attributes[node->n_attributes++].value = value;
}

static void check_required(struct reading *r, const drmgmt__dm_node *node, const drmgmt__dm_rule *rule)
{
    uint64_t missing = rule->required;
    bool one = rule->one_of == 0;

    for (size_t i = 0; i < node->n_attributes; i++) {
        missing &= ~DRMGMT__DM_BIT(node->attributes[i].id);
        one = one || (rule->one_of & DRMGMT__DM_BIT(node->attributes[i].id));
    }
    for (int id = 0; id < DRMGMT__DM_A_COUNT; id++) {
        if ((missing & DRMGMT__DM_BIT(id)) || (!one && (rule->one_of & DRMGMT__DM_BIT(id)))) {
            drmgmt__dm_wrong(r->notes, r->name, node->line, "element '%s': the attribute '%s' is required but missing",
                             drmgmt__dm_element_name(node->element),
                             drmgmt__dm_attribute_name((drmgmt__dm_attribute)id));
            one = true;
        }
    }
}

/* ---- elements ---- */

static void hang(struct reading *r, drmgmt__dm_node *node)
{
    node->parent = r->at;
    if (!r->at)
        r->root = node;
    else if (r->at->last)
        r->at->last->next = node;
    else
        r->at->first = node;
    if (r->at)
        r->at->last = node;
}

static bool is_foreign(const xmlNode *from)
{
    return from->ns && from->ns->href && strncmp((const char *)from->ns->href, NAMESPACE, sizeof NAMESPACE - 1) != 0;
}

/* True: the element and what is in it are to be passed over. */
static bool passed_over(struct reading *r, const xmlNode *from, const drmgmt__dm_rule *rule)
{
    if (!r->at && (!from->ns || is_foreign(from) || !rule)) {
        refuse(r, line_of(r, from), "not a data model: the outermost element must be 'document' of " NAMESPACE "1-x");
        return true;
    }
    if (rule)
        return rule->skipped;
    if (!is_foreign(from))
        drmgmt__dm_warn(r->notes, r->name, line_of(r, from),
                        "element '%.60s' is not expected in '%s' and is passed over", (const char *)from->name,
                        drmgmt__dm_element_name(r->at->element));
    return true;
}

/* Returns whether the reader must go past the element. */
static bool open_element(struct reading *r)
{
    const xmlNode *from = xmlTextReaderCurrentNode(r->reader);
    drmgmt__dm_element parent = r->at ? r->at->element : DRMGMT__DM_E_COUNT;
    drmgmt__dm_element element = drmgmt__dm_element_of((const char *)from->name);
    const drmgmt__dm_rule *rule =
        element < DRMGMT__DM_E_COUNT && !(r->at && is_foreign(from)) ? drmgmt__dm_rule_of(element, parent) : NULL;
    size_t n = 0;
    drmgmt__dm_node *node;

    if (passed_over(r, from, rule))
        return true;
    if (xmlTextReaderDepth(r->reader) >= DRMGMT__DM_DEPTH_MAX) {
        refuse(r, line_of(r, from), "elements stand too deep in each other");
        return true;
    }
    for (const xmlAttr *a = from->properties; a; a = a->next)
        n += !a->ns;
    node = drmgmt__arena_alloc(r->arena, sizeof *node);
    if (node && n)
        node->attributes = drmgmt__arena_alloc(r->arena, (n < 255 ? n : 255) * sizeof *node->attributes);
    if (!node || (n && !node->attributes))
        return false;
    node->element = (uint8_t)element;
    node->line = line_of(r, from);
    for (const xmlAttr *a = from->properties; a && node->n_attributes < 255; a = a->next)
        if (!a->ns)
            take_attribute(r, node, rule, a);
    check_required(r, node, rule);
    hang(r, node);
    drmgmt__strbuf_reset(&r->value);
    r->cut = false;
    if (!xmlTextReaderIsEmptyElement(r->reader))
        r->at = node;
    return false;
}

static void close_element(struct reading *r)
{
    if (!r->at)
        return;
    if (r->at->element == DRMGMT__DM_E_description && r->value.length)
        r->at->text = drmgmt__arena_text(r->arena, r->value.data, r->value.length);
    if (r->cut)
        drmgmt__dm_warn(r->notes, r->name, r->at->line, "a description is cut off at 64 KiB");
    drmgmt__strbuf_reset(&r->value);
    r->cut = false;
    r->at = r->at->parent;
}

static void take_text(struct reading *r)
{
    const xmlNode *from = xmlTextReaderCurrentNode(r->reader);

    r->line = from->line && from->line < UINT16_MAX ? from->line : (unsigned)xmlGetLineNo((xmlNodePtr)(uintptr_t)from);
    if (!r->at || r->at->element != DRMGMT__DM_E_description)
        return;
    if (from->type == XML_ENTITY_REF_NODE) {
        add_value(r, "&", 1);
        add_value(r, (const char *)from->name, strlen((const char *)from->name));
        add_value(r, ";", 1);
    } else if (from->content) {
        add_value(r, (const char *)from->content, strlen((const char *)from->content));
    }
}

/* One step of the reader; its result. */
static int step(struct reading *r)
{
    switch (xmlTextReaderNodeType(r->reader)) {
    case XML_READER_TYPE_ELEMENT:
        if (open_element(r))
            return r->refused ? -1 : xmlTextReaderNext(r->reader);
        break;
    case XML_READER_TYPE_END_ELEMENT:
        close_element(r);
        break;
    case XML_READER_TYPE_TEXT:
    case XML_READER_TYPE_CDATA:
    case XML_READER_TYPE_SIGNIFICANT_WHITESPACE:
    case XML_READER_TYPE_WHITESPACE:
    case XML_READER_TYPE_ENTITY_REFERENCE:
        take_text(r);
        break;
    default:
        break;
    }
    return r->refused || r->arena->full ? -1 : xmlTextReaderRead(r->reader);
}

drmgmt__dm_node *drmgmt__dm_xml_read(drmgmt__arena *arena, drmgmt__dm_notes *notes, const char *name, const void *bytes,
                                     size_t length)
{
    struct reading r = { .arena = arena, .notes = notes, .name = name };
    __attribute__((cleanup(free_reader))) xmlTextReaderPtr reader = NULL;
    int rc;

    if (length > DRMGMT__DM_FILE_MAX) {
        refuse(&r, 0, "the file is larger than 32 MiB");
        return NULL;
    }
    reader = xmlReaderForMemory(bytes, (int)length, NULL, NULL,
                                XML_PARSE_NONET | XML_PARSE_NOCDATA | XML_PARSE_BIG_LINES | XML_PARSE_COMPACT);
    if (!reader) {
        refuse(&r, 0, "out of memory");
        return NULL;
    }
    r.reader = reader;
    xmlTextReaderSetStructuredErrorHandler(reader, (xmlStructuredErrorFunc)on_error, &r);
    for (rc = xmlTextReaderRead(reader); rc == 1;)
        rc = step(&r);
    drmgmt__strbuf_free(&r.value);
    if (arena->full)
        refuse(&r, 0, "the model needs more memory than a model may");
    else if (rc < 0 || !r.root)
        refuse(&r, 0, "not well-formed XML, or out of memory");
    return r.refused ? NULL : r.root;
}

bool drmgmt__dm_xml_spec(const void *bytes, size_t length, char *spec, size_t room)
{
    static const char key[] = "spec=";
    size_t most = length < 16384 ? length : 16384;
    const char *start = bytes ? memmem(bytes, most, ":document", 9) : NULL, *end = (const char *)bytes + most, *close;

    if (!start)
        return false;
    for (; (start = memmem(start, (size_t)(end - start), key, sizeof key - 1)); start += sizeof key - 1) {
        const char *quote = start + sizeof key - 1;
        if (!strchr(" \t\r\n", start[-1]) || quote == end || (*quote != '"' && *quote != '\''))
            continue;
        close = memchr(quote + 1, *quote, (size_t)(end - quote - 1));
        if (!close || (size_t)(close - quote - 1) >= room)
            return false;
        memcpy(spec, quote + 1, (size_t)(close - quote - 1));
        spec[close - quote - 1] = '\0';
        return true;
    }
    return false;
}

const char *drmgmt__dm_get(const drmgmt__dm_node *node, drmgmt__dm_attribute id)
{
    for (size_t i = 0; i < node->n_attributes; i++)
        if (node->attributes[i].id == id)
            return node->attributes[i].value;
    return NULL;
}

bool drmgmt__dm_flag(const drmgmt__dm_node *node, drmgmt__dm_attribute id, bool otherwise)
{
    const char *value = drmgmt__dm_get(node, id);

    return value ? value[0] == 't' || value[0] == '1' : otherwise;
}

const drmgmt__dm_node *drmgmt__dm_child(const drmgmt__dm_node *node, drmgmt__dm_element element)
{
    for (const drmgmt__dm_node *child = node->first; child; child = child->next)
        if (child->element == element)
            return child;
    return NULL;
}
