/* Values that are not kept: by OID where a standard says that they are passwords, and by name. Called by
 * worker/readings.c. */
#include "device/secret_path.h"

#include "core/cleanup.h"
#include <string.h>

/* Trees of objects, without the dot at their end. What an agent should not give out when it is read (ospfIfAuthKey) is
 * named all the same: not every agent keeps to that. */
static const char *const trees[] = {
    "1.3.6.1.6.3.18.1.1",            /* snmpCommunityTable, whose index may be a community: RFC 3584 */
    "1.3.6.1.6.3.15.1.2.2.1.6",      /* usmUserAuthKeyChange: RFC 3414 */
    "1.3.6.1.6.3.15.1.2.2.1.7",      /* usmUserOwnAuthKeyChange */
    "1.3.6.1.6.3.15.1.2.2.1.9",      /* usmUserPrivKeyChange */
    "1.3.6.1.6.3.15.1.2.2.1.10",     /* usmUserOwnPrivKeyChange */
    "1.3.6.1.3.101.1.1.2",           /* usmDHUserKeyTable: RFC 2786 */
    "1.3.6.1.2.1.47.1.2.1.1.4",      /* entLogicalCommunity: RFC 6933 */
    "1.3.6.1.2.1.14.7.1.16",         /* ospfIfAuthKey: RFC 4750 */
    "1.3.6.1.2.1.14.9.1.9",          /* ospfVirtIfAuthKey: the same */
    "1.3.6.1.2.1.23.3.1.4",          /* rip2IfConfAuthKey: RFC 1724 */
    "1.3.6.1.2.1.68.1.3.1.10",       /* vrrpOperAuthKey: RFC 2787 */
    "1.3.6.1.2.1.16.9.1.1.4",        /* eventCommunity: RFC 2819 */
    "1.3.6.1.2.1.16.19.13.1.2",      /* trapDestCommunity: RFC 4502 */
    "1.3.6.1.2.1.16.28.1.2.1.1.14",  /* sspmSourceProfilePassword: RFC 4149 */
    "1.3.6.1.2.1.10.23.2.3",         /* pppSecuritySecretsTable: RFC 1472 */
    "1.3.6.1.2.1.69.1.2.1.4",        /* docsDevNmAccessCommunity: RFC 4639 */
    "1.3.6.1.3.6.2.1.2",             /* ifExtnsTestCommunity: RFC 1229 */
    "1.2.840.10036.1.2.1",           /* dot11WEPDefaultKeysTable: IEEE 802.11 */
    "1.2.840.10036.1.3.1",           /* dot11WEPKeyMappingsTable: the same */
    "1.3.6.1.4.1.9.9.96.1.1.1.1.8",  /* ccCopyUserPassword: CISCO-CONFIG-COPY-MIB */
    "1.3.6.1.4.1.12325.1.1.1.5.1.3", /* begemotSnmpdCommunityString: BEGEMOT-SNMPD-MIB */
};

/* In a name, in any case. Numbers of such a name are counters and states: snmpInBadCommunityNames. */
static const char *const words[] = {
    "passw",  "passphrase", "community", "secret",     "presharedkey",  "wepkey",
    "wpakey", "authkey",    "privkey",   "privatekey", "keypassphrase", "credential",
};

static bool under(const char *path, const char *tree)
{
    size_t n = strlen(tree);

    return strncmp(path, tree, n) == 0 && (path[n] == '.' || path[n] == '\0');
}

static bool has_word(const char *name)
{
    for (size_t i = 0; i < DRMGMT__COUNT(words); i++)
        if (strcasestr(name, words[i]))
            return true;
    return false;
}

bool drmgmt__secret_path(const char *path, const char *name, bool text)
{
    for (size_t i = 0; i < DRMGMT__COUNT(trees); i++)
        if (under(*path == '.' ? path + 1 : path, trees[i]))
            return true;
    return text && ((name && has_word(name)) || has_word(path));
}
