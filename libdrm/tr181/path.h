/* Paths of TR-181 and what USP searches with: parsed, printed, and found in a data model. Internal.
 *
 * The grammar is that of TR-369 ("Data Model Path Grammar": idmpath and sdmpath), with two things more: aliases in
 * brackets as CWMP has them (TR-069, "Alias-Based Addressing": "Device.WiFi.SSID.[home].Enable"), and hyphens in names,
 * which vendors' prefixes have (TR-106, "Vendor-Specific Elements": "X_EXAMPLE-COM_Mode"). Paths of arguments are
 * written as models write them (model.h). Nothing is allocated, and a path that was parsed points into the text that it
 * was parsed from. Any thread. */
#ifndef DRMGMT_TR181_PATH_H
#define DRMGMT_TR181_PATH_H

#include "core/strbuf.h"
#include "tr181/model.h"

enum {
    DRMGMT__DM_PATH_MAX = 1024, /* octets; TR-106 allows a Path Name 256 characters, what searches more */
    DRMGMT__DM_STEPS_OF_PATH_MAX = 64,
    DRMGMT__DM_CONDITIONS_MAX = 32, /* of all searches in a path */
    DRMGMT__DM_ALIAS_MAX = 64       /* characters; TR-106 data type Alias */
};

typedef enum drmgmt__dm_step_kind {
    DRMGMT__DM_STEP_NAME,
    DRMGMT__DM_STEP_NUMBER,      /* an instance: 1 */
    DRMGMT__DM_STEP_PLACEHOLDER, /* {i} */
    DRMGMT__DM_STEP_WILDCARD,    /* * */
    DRMGMT__DM_STEP_ALIAS,       /* [home] */
    DRMGMT__DM_STEP_SEARCH,      /* [SSID=="home"&&Enable==true] */
    DRMGMT__DM_STEP_FOLLOW       /* + behind a reference, #2+ and #*+ behind a list of them */
} drmgmt__dm_step_kind;

typedef struct drmgmt__dm_step {
    uint8_t kind;     /* drmgmt__dm_step_kind */
    uint8_t first, n; /* of a search: its conditions */
    uint32_t number;  /* of an instance; of the reference followed, 0: all of them */
    const char *text; /* a name, or an alias without its brackets */
    size_t length;    /* octets of text */
} drmgmt__dm_step;

typedef enum drmgmt__dm_operator {
    DRMGMT__DM_EQUAL,
    DRMGMT__DM_UNEQUAL,
    DRMGMT__DM_CONTAINS,
    DRMGMT__DM_AT_MOST,
    DRMGMT__DM_AT_LEAST,
    DRMGMT__DM_LESS,
    DRMGMT__DM_MORE,
    DRMGMT__DM_OPERATOR_COUNT
} drmgmt__dm_operator;

typedef struct drmgmt__dm_condition {
    const char *parameter; /* a path relative to the row */
    const char *value;     /* without its quotes, escapes as written: drmgmt__dm_literal() */
    size_t parameter_length, value_length;
    uint8_t op; /* drmgmt__dm_operator */
    bool quoted;
} drmgmt__dm_condition;

typedef struct drmgmt__dm_path {
    uint8_t kind;   /* drmgmt__dm_kind: of an object when it ends with a dot */
    uint8_t called; /* of arguments: DRMGMT__DM_COMMAND or _EVENT */
    uint8_t role;   /* drmgmt__dm_role */
    bool bare;      /* an object's without the dot at its end, as references have it */
    bool supported; /* has a {i}: names what a model supports, no instance */
    bool searches;  /* may stand for several: *, [..==..], #*+ */
    uint8_t n_steps, n_conditions;
    uint8_t call; /* of arguments: steps up to the command or event, which is the last of them; otherwise 0 */
    drmgmt__dm_step steps[DRMGMT__DM_STEPS_OF_PATH_MAX];
    drmgmt__dm_condition conditions[DRMGMT__DM_CONDITIONS_MAX];
} drmgmt__dm_path;

typedef struct drmgmt__dm_complaint {
    size_t at;       /* the octet of the text at which it went wrong */
    char words[320]; /* what is wrong, for people; one line */
} drmgmt__dm_complaint;

enum {                               /* what else is let through */
       DRMGMT__DM_PATH_RELATIVE = 1, /* a name alone: "Enable" */
       DRMGMT__DM_PATH_REFERENCE = 2 /* an instance without a dot behind it: "Device.IP.Interface.1" */
};

/* Parses n octets of text; false: complaint says why. */
bool drmgmt__dm_path_parse(drmgmt__dm_path *path, const char *text, size_t n, unsigned flags,
                           drmgmt__dm_complaint *complaint);
/* Appends the path as the grammar writes it; without the whitespace that may stand around operators (R-ARC.9a). */
void drmgmt__dm_path_print(const drmgmt__dm_path *path, drmgmt__strbuf *out);
/* Appends a condition's value with its escapes (%22, %25) undone. */
void drmgmt__dm_literal(const drmgmt__dm_condition *condition, drmgmt__strbuf *out);
const char *drmgmt__dm_operator_name(unsigned op); /* "==" */

typedef struct drmgmt__dm_match {
    const drmgmt__dm_item *item; /* NULL: below a reference to any object, nothing can be told */
    bool table;                  /* the path is that of a table, item its rows */
    bool open;                   /* item is NULL for that reason */
} drmgmt__dm_match;

/* What the path means in a model: instances become {i}, references are followed to what they may point to
 * (TR-369, "Reference Following"), searches and aliases are looked into. false: complaint says why it means nothing. */
bool drmgmt__dm_path_match(const drmgmt__dm_model *model, const drmgmt__dm_path *path, drmgmt__dm_match *match,
                           drmgmt__dm_complaint *complaint);
/* The path of a reference's target (pathRef's targetParent, targetParam) in full, in out: "##.IP.Interface." of
 * "Device.NAT.PortMapping.{i}.Interface" is "Device.IP.Interface." (TR-106, "Reference Path Names"). target: n octets,
 * one of the targets; parameter: whose it is. false when it leads out of the model or is too long. */
bool drmgmt__dm_target(const drmgmt__dm_model *model, const drmgmt__dm_item *parameter, const char *target, size_t n,
                       const char *scope, char out[DRMGMT__DM_PATH_MAX]);
/* The row of a table of which the path is given with or without the "{i}." at its end, or the object; NULL. */
const drmgmt__dm_item *drmgmt__dm_object_at(const drmgmt__dm_model *model, const char *path);

#endif
