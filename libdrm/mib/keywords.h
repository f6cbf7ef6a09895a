/* The words that ASN.1 and the SMI's macros reserve, in the order of their bytes. Used by lexer.h. Internal. */
#ifndef DRMGMT_MIB_KEYWORDS_H
#define DRMGMT_MIB_KEYWORDS_H

/* X(name of the enumerator after DRMGMT__MIB_K_, text) */
#define DRMGMT__MIB_KEYWORDS(X)                                                                                        \
    X(ACCESS, "ACCESS")                                                                                                \
    X(AGENT_CAPABILITIES, "AGENT-CAPABILITIES")                                                                        \
    X(ANY, "ANY")                                                                                                      \
    X(APPLICATION, "APPLICATION")                                                                                      \
    X(AUGMENTS, "AUGMENTS")                                                                                            \
    X(BEGIN, "BEGIN")                                                                                                  \
    X(BIT, "BIT")                                                                                                      \
    X(BITS, "BITS")                                                                                                    \
    X(BOOLEAN, "BOOLEAN")                                                                                              \
    X(CHOICE, "CHOICE")                                                                                                \
    X(CONTACT_INFO, "CONTACT-INFO")                                                                                    \
    X(CREATION_REQUIRES, "CREATION-REQUIRES")                                                                          \
    X(DEFAULT, "DEFAULT")                                                                                              \
    X(DEFINED, "DEFINED")                                                                                              \
    X(DEFINITIONS, "DEFINITIONS")                                                                                      \
    X(DEFVAL, "DEFVAL")                                                                                                \
    X(DESCRIPTION, "DESCRIPTION")                                                                                      \
    X(DISPLAY_HINT, "DISPLAY-HINT")                                                                                    \
    X(END, "END")                                                                                                      \
    X(ENTERPRISE, "ENTERPRISE")                                                                                        \
    X(EXPLICIT, "EXPLICIT")                                                                                            \
    X(EXPORTS, "EXPORTS")                                                                                              \
    X(EXTENDS, "EXTENDS")                                                                                              \
    X(FROM, "FROM")                                                                                                    \
    X(GROUP, "GROUP")                                                                                                  \
    X(IDENTIFIER, "IDENTIFIER")                                                                                        \
    X(IMPLICIT, "IMPLICIT")                                                                                            \
    X(IMPLIED, "IMPLIED")                                                                                              \
    X(IMPORTS, "IMPORTS")                                                                                              \
    X(INCLUDES, "INCLUDES")                                                                                            \
    X(INDEX, "INDEX")                                                                                                  \
    X(INSTALL_ERRORS, "INSTALL-ERRORS")                                                                                \
    X(INTEGER, "INTEGER")                                                                                              \
    X(LAST_UPDATED, "LAST-UPDATED")                                                                                    \
    X(MACRO, "MACRO")                                                                                                  \
    X(MANDATORY_GROUPS, "MANDATORY-GROUPS")                                                                            \
    X(MAX, "MAX")                                                                                                      \
    X(MAX_ACCESS, "MAX-ACCESS")                                                                                        \
    X(MIN, "MIN")                                                                                                      \
    X(MIN_ACCESS, "MIN-ACCESS")                                                                                        \
    X(MODULE, "MODULE")                                                                                                \
    X(MODULE_COMPLIANCE, "MODULE-COMPLIANCE")                                                                          \
    X(MODULE_IDENTITY, "MODULE-IDENTITY")                                                                              \
    X(NOTIFICATION_GROUP, "NOTIFICATION-GROUP")                                                                        \
    X(NOTIFICATION_TYPE, "NOTIFICATION-TYPE")                                                                          \
    X(NOTIFICATIONS, "NOTIFICATIONS")                                                                                  \
    X(NULL, "NULL")                                                                                                    \
    X(OBJECT, "OBJECT")                                                                                                \
    X(OBJECT_GROUP, "OBJECT-GROUP")                                                                                    \
    X(OBJECT_IDENTITY, "OBJECT-IDENTITY")                                                                              \
    X(OBJECT_TYPE, "OBJECT-TYPE")                                                                                      \
    X(OBJECTS, "OBJECTS")                                                                                              \
    X(OCTET, "OCTET")                                                                                                  \
    X(OF, "OF")                                                                                                        \
    X(OPTIONAL, "OPTIONAL")                                                                                            \
    X(ORGANIZATION, "ORGANIZATION")                                                                                    \
    X(PIB_ACCESS, "PIB-ACCESS")                                                                                        \
    X(PIB_DEFINITIONS, "PIB-DEFINITIONS")                                                                              \
    X(PIB_INDEX, "PIB-INDEX")                                                                                          \
    X(PIB_MIN_ACCESS, "PIB-MIN-ACCESS")                                                                                \
    X(PIB_REFERENCES, "PIB-REFERENCES")                                                                                \
    X(PIB_TAG, "PIB-TAG")                                                                                              \
    X(PRIVATE, "PRIVATE")                                                                                              \
    X(PRODUCT_RELEASE, "PRODUCT-RELEASE")                                                                              \
    X(REAL, "REAL")                                                                                                    \
    X(REFERENCE, "REFERENCE")                                                                                          \
    X(REVISION, "REVISION")                                                                                            \
    X(SEQUENCE, "SEQUENCE")                                                                                            \
    X(SET, "SET")                                                                                                      \
    X(SIZE, "SIZE")                                                                                                    \
    X(STATUS, "STATUS")                                                                                                \
    X(STRING, "STRING")                                                                                                \
    X(SUBJECT_CATEGORIES, "SUBJECT-CATEGORIES")                                                                        \
    X(SUPPORTS, "SUPPORTS")                                                                                            \
    X(SYNTAX, "SYNTAX")                                                                                                \
    X(TEXTUAL_CONVENTION, "TEXTUAL-CONVENTION")                                                                        \
    X(TRAP_TYPE, "TRAP-TYPE")                                                                                          \
    X(UNIQUENESS, "UNIQUENESS")                                                                                        \
    X(UNITS, "UNITS")                                                                                                  \
    X(UNIVERSAL, "UNIVERSAL")                                                                                          \
    X(VARIABLES, "VARIABLES")                                                                                          \
    X(VARIATION, "VARIATION")                                                                                          \
    X(WRITE_SYNTAX, "WRITE-SYNTAX")

typedef enum drmgmt__mib_keyword {
    DRMGMT__MIB_K_NONE, /* a name of the module's own */
#define DRMGMT__MIB_KEYWORD(name, text) DRMGMT__MIB_K_##name,
    DRMGMT__MIB_KEYWORDS(DRMGMT__MIB_KEYWORD)
#undef DRMGMT__MIB_KEYWORD
        DRMGMT__MIB_K_COUNT
} drmgmt__mib_keyword;

#endif
