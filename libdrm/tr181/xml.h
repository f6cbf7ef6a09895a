/* A data-model file as a tree of the schema's elements, read by libxml2's reader and held against schema.c. Internal.
 *
 * Files come from strangers. Nothing is fetched: no network, no external DTD, no external entity. Entities that the
 * file itself defines are put in where attributes name them (tr-106-types.xml writes its patterns so), a bounded number
 * of octets of them; in text they stay as they are written. Depth, values and memory are bounded. */
#ifndef DRMGMT_TR181_XML_H
#define DRMGMT_TR181_XML_H

#include "core/arena.h"
#include "tr181/notes.h"
#include "tr181/schema.h"

enum {
    DRMGMT__DM_FILE_MAX = 32 * 1024 * 1024, /* octets of one file */
    DRMGMT__DM_DEPTH_MAX = 24,              /* elements in each other; the schema needs 9 */
    DRMGMT__DM_VALUE_MAX = 64 * 1024,       /* octets of an attribute or a description */
    DRMGMT__DM_ENTITIES_MAX = 256 * 1024,   /* octets that entities of a file may become, all in all */
    DRMGMT__DM_ENTITY_DEPTH_MAX = 8
};

typedef struct drmgmt__dm_node {
    struct drmgmt__dm_node *parent, *first, *last, *next;
    struct {
        const char *value;
        uint8_t id;
    } * attributes;
    const char *text; /* of a description */
    unsigned line;
    uint8_t element, n_attributes;
} drmgmt__dm_node;

/* The document's root; NULL when it could not be read: notes then has an error. What is wrong but can be passed over is
 * noted as a warning (unknown elements and attributes), what cannot as an error (a missing or malformed attribute), and
 * the tree comes back all the same. The tree is of arena. name is for the notes. */
drmgmt__dm_node *drmgmt__dm_xml_read(drmgmt__arena *arena, drmgmt__dm_notes *notes, const char *name, const void *bytes,
                                     size_t length);
/* NULL when the node has no such attribute. */
const char *drmgmt__dm_get(const drmgmt__dm_node *node, drmgmt__dm_attribute id);
bool drmgmt__dm_flag(const drmgmt__dm_node *node, drmgmt__dm_attribute id, bool otherwise);
/* The first child of a kind. */
const drmgmt__dm_node *drmgmt__dm_child(const drmgmt__dm_node *node, drmgmt__dm_element element);
/* The spec of a file's root element, if the first octets of the file show one: true, with the value. */
bool drmgmt__dm_xml_spec(const void *bytes, size_t length, char *spec, size_t room);

#endif
