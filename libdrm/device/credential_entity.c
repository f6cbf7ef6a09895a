/* The description of an SNMP credential; its columns are read from drm.snmp_credentials under the alias c. */
#include "core/entities.h"

#include "core/cleanup.h"

static const drmgmt_field fields[] = {
    { "id", DRMGMT_TYPE_UUID, DRMGMT_FIELD_COLUMN, "c.id", "Made by the library; ordered by time", NULL },
    { "name", DRMGMT_TYPE_TEXT,
      DRMGMT_FIELD_WRITABLE | DRMGMT_FIELD_REQUIRED | DRMGMT_FIELD_FILTER | DRMGMT_FIELD_COLUMN, "c.name",
      "Unique in the tenant", "\"minLength\":1,\"maxLength\":200" },
    { "snmp_version", DRMGMT_TYPE_TEXT, DRMGMT_FIELD_WRITABLE | DRMGMT_FIELD_COLUMN, "c.snmp_version",
      "SNMP version it is for", "\"enum\":[\"1\",\"2c\",\"3\"],\"default\":\"2c\"" },
    { "community", DRMGMT_TYPE_TEXT, DRMGMT_FIELD_WRITABLE | DRMGMT_FIELD_SECRET, "c.community IS NOT NULL",
      "Community name; versions 1 and 2c need one", "\"minLength\":1,\"maxLength\":255" },
    { "username", DRMGMT_TYPE_TEXT, DRMGMT_FIELD_WRITABLE | DRMGMT_FIELD_COLUMN, "c.username",
      "User name (RFC 3414); version 3 needs one", "\"minLength\":1,\"maxLength\":32" },
    { "auth_protocol", DRMGMT_TYPE_TEXT, DRMGMT_FIELD_WRITABLE, "c.auth_protocol",
      "How version 3 authenticates; empty: not at all",
      "\"enum\":[\"MD5\",\"SHA\",\"SHA-224\",\"SHA-256\",\"SHA-384\",\"SHA-512\",\"\"]" },
    { "auth_password", DRMGMT_TYPE_TEXT, DRMGMT_FIELD_WRITABLE | DRMGMT_FIELD_SECRET, "c.auth_password IS NOT NULL",
      "Passphrase of authentication", "\"minLength\":8,\"maxLength\":255" },
    { "priv_protocol", DRMGMT_TYPE_TEXT, DRMGMT_FIELD_WRITABLE, "c.priv_protocol",
      "How version 3 encrypts; empty: not at all. -C: keys made longer as Cisco does",
      "\"enum\":[\"DES\",\"AES-128\",\"AES-192\",\"AES-256\",\"AES-192-C\",\"AES-256-C\",\"\"]" },
    { "priv_password", DRMGMT_TYPE_TEXT, DRMGMT_FIELD_WRITABLE | DRMGMT_FIELD_SECRET, "c.priv_password IS NOT NULL",
      "Passphrase of encryption", "\"minLength\":8,\"maxLength\":255" },
    { "context_name", DRMGMT_TYPE_TEXT, DRMGMT_FIELD_WRITABLE, "c.context_name", "Context of version 3",
      "\"maxLength\":32" },
    { "device_id", DRMGMT_TYPE_UUID, DRMGMT_FIELD_COLUMN, "c.device_id",
      "The device it was made for together with its profile; goes with it", NULL },
    { "version", DRMGMT_TYPE_INT, 0, "c.version", "Grows with each change; the ETag", NULL },
    { "created_at", DRMGMT_TYPE_TIME, 0, "c.created_at", "When it was made", NULL },
    { "updated_at", DRMGMT_TYPE_TIME, DRMGMT_FIELD_COLUMN, "c.updated_at", "When it was last changed", NULL },
};

const drmgmt_entity drmgmt__entity_snmp_credential = {
    "snmp_credential",     "snmp_credentials", "A community or a user as whom SNMP agents know us", fields,
    DRMGMT__COUNT(fields),
};
