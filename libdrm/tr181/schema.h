/* The elements and attributes of the Broadband Forum's data-model XML (cwmp-datamodel-1-15.xsd and those before it) as
 * tables: what may stand where, what must be given, what a value looks like. Used by xml.c and import.c. Internal. */
#ifndef DRMGMT_TR181_SCHEMA_H
#define DRMGMT_TR181_SCHEMA_H

#include <stdbool.h>
#include <stdint.h>

/* Sorted by name: see the tables in schema.c. */
#define DRMGMT__DM_ELEMENTS(X)                                                                                         \
    X(abbreviations)                                                                                                   \
    X(base64)                                                                                                          \
    X(bibliography)                                                                                                    \
    X(boolean)                                                                                                         \
    X(command)                                                                                                         \
    X(component)                                                                                                       \
    X(dataType)                                                                                                        \
    X(dateTime)                                                                                                        \
    X(decimal)                                                                                                         \
    X(decimalRange)                                                                                                    \
    X(default)                                                                                                         \
    X(description)                                                                                                     \
    X(document)                                                                                                        \
    X(enumeration)                                                                                                     \
    X(enumerationRef)                                                                                                  \
    X(event)                                                                                                           \
    X(glossary)                                                                                                        \
    X(hexBinary)                                                                                                       \
    X(import)                                                                                                          \
    X(input)                                                                                                           \
    X(instanceRef)                                                                                                     \
    X(int)                                                                                                             \
    X(list)                                                                                                            \
    X(long)                                                                                                            \
    X(model)                                                                                                           \
    X(object)                                                                                                          \
    X(output)                                                                                                          \
    X(parameter)                                                                                                       \
    X(pathRef)                                                                                                         \
    X(pattern)                                                                                                         \
    X(profile)                                                                                                         \
    X(range)                                                                                                           \
    X(size)                                                                                                            \
    X(string)                                                                                                          \
    X(syntax)                                                                                                          \
    X(template)                                                                                                        \
    X(uniqueKey)                                                                                                       \
    X(units)                                                                                                           \
    X(unsignedInt)                                                                                                     \
    X(unsignedLong)

/* Sorted as well. */
#define DRMGMT__DM_ATTRIBUTES(X)                                                                                       \
    X(access)                                                                                                          \
    X(action)                                                                                                          \
    X(activeNotify)                                                                                                    \
    X(async)                                                                                                           \
    X(base)                                                                                                            \
    X(code)                                                                                                            \
    X(command)                                                                                                         \
    X(discriminatorParameter)                                                                                          \
    X(enableParameter)                                                                                                 \
    X(extends)                                                                                                         \
    X(file)                                                                                                            \
    X(forcedInform)                                                                                                    \
    X(functional)                                                                                                      \
    X(hidden)                                                                                                          \
    X(id)                                                                                                              \
    X(isService)                                                                                                       \
    X(mandatory)                                                                                                       \
    X(maxEntries)                                                                                                      \
    X(maxInclusive)                                                                                                    \
    X(maxItems)                                                                                                        \
    X(maxLength)                                                                                                       \
    X(minEntries)                                                                                                      \
    X(minInclusive)                                                                                                    \
    X(minItems)                                                                                                        \
    X(minLength)                                                                                                       \
    X(minVersion)                                                                                                      \
    X(mountType)                                                                                                       \
    X(name)                                                                                                            \
    X(nestedBrackets)                                                                                                  \
    X(nullValue)                                                                                                       \
    X(numEntriesParameter)                                                                                             \
    X(optional)                                                                                                        \
    X(path)                                                                                                            \
    X(ref)                                                                                                             \
    X(refType)                                                                                                         \
    X(requirement)                                                                                                     \
    X(secured)                                                                                                         \
    X(spec)                                                                                                            \
    X(status)                                                                                                          \
    X(step)                                                                                                            \
    X(targetDataType)                                                                                                  \
    X(targetParam)                                                                                                     \
    X(targetParamScope)                                                                                                \
    X(targetParent)                                                                                                    \
    X(targetParentScope)                                                                                               \
    X(targetType)                                                                                                      \
    X(type)                                                                                                            \
    X(value)                                                                                                           \
    X(version)                                                                                                         \
    X(virtual)

#define DRMGMT__DM_E(name) DRMGMT__DM_E_##name,
#define DRMGMT__DM_A(name) DRMGMT__DM_A_##name,
typedef enum drmgmt__dm_element { DRMGMT__DM_ELEMENTS(DRMGMT__DM_E) DRMGMT__DM_E_COUNT } drmgmt__dm_element;
typedef enum drmgmt__dm_attribute { DRMGMT__DM_ATTRIBUTES(DRMGMT__DM_A) DRMGMT__DM_A_COUNT } drmgmt__dm_attribute;
#undef DRMGMT__DM_E
#undef DRMGMT__DM_A

#define DRMGMT__DM_BIT(id) ((uint64_t)1 << (id))

/* By name; the count of them when there is none. */
drmgmt__dm_element drmgmt__dm_element_of(const char *name);
drmgmt__dm_attribute drmgmt__dm_attribute_of(const char *name);
const char *drmgmt__dm_element_name(drmgmt__dm_element element);
const char *drmgmt__dm_attribute_name(drmgmt__dm_attribute attribute);

/* What the schema says of an element inside a parent. */
typedef struct drmgmt__dm_rule {
    uint64_t parents;  /* bits of elements */
    uint64_t required; /* bits of attributes that must be there */
    uint64_t one_of;   /* bits of attributes of which one must be; 0: none */
    uint64_t allowed;  /* bits of all that it may have */
    uint8_t element;
    bool skipped; /* with all that is in it: bibliographies and the like */
} drmgmt__dm_rule;

/* NULL: the element does not belong there. parent is DRMGMT__DM_E_COUNT for the outermost one. */
const drmgmt__dm_rule *drmgmt__dm_rule_of(drmgmt__dm_element element, drmgmt__dm_element parent);

/* NULL when the value may stand in the attribute; else what it must be ("true or false"), static text. */
const char *drmgmt__dm_value_wrong(drmgmt__dm_element element, drmgmt__dm_attribute attribute, const char *value);

#endif
