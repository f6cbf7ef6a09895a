/* Protocol profiles of a device: checking what was given, sealing what is secret, storing. Called by device.c; calls
 * the drivers' check_settings() and store. */
#include "audit/audit.h"
#include "core/entities.h"
#include "core/strbuf.h"
#include "device/device_internal.h"
#include "queries.h"
#include <ctype.h>
#include <drm/driver.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PROFILES_MAX = 16, ADDRESS_MAX = 255, COMMUNITY_MAX = 255 };

static int wrong(drmgmt_error **error, size_t i, const char *member, const char *what)
{
    char field[96];

    snprintf(field, sizeof field, "profiles[%zu]%s%s", i, *member ? "." : "", member);
    return drmgmt__fail_full(error, DRMGMT_ERR_INVALID, false, NULL, field, "%s: %s", field, what);
}

/* ---- one profile: each member has a row, so that an unknown one is told ---- */

struct check {
    size_t i;
    const drmgmt_driver *driver;
    json_t *row;
    drmgmt__profiles *profiles;
    drmgmt_error **error;
};

/* Takes value over. */
static int put(struct check *c, const char *member, json_t *value)
{
    return json_object_set_new(c->row, member, value) ? drmgmt__fail_memory(c->error) : 0;
}

static int check_address(struct check *c, const json_t *value)
{
    const char *text = json_string_value(value);

    if (!text || strlen(text) > ADDRESS_MAX)
        return wrong(c->error, c->i, "address", "a host name or address of at most 255 characters is expected");
    for (const char *at = text; *at; at++)
        if (isspace((unsigned char)*at) || iscntrl((unsigned char)*at))
            return wrong(c->error, c->i, "address", "blanks and control characters are not allowed");
    return put(c, "address", json_string(text));
}

static int check_port(struct check *c, const json_t *value)
{
    json_int_t port = json_integer_value(value);

    if (!json_is_integer(value) || port < 0 || port > 65535)
        return wrong(c->error, c->i, "port", "a whole number 0..65535 is expected (0: the protocol's own)");
    return put(c, "port", json_integer(port));
}

/* The driver names the place within its settings; it is put behind the profile's. */
static int check_settings(struct check *c, const json_t *value)
{
    drmgmt_error *failure = NULL;

    if (!json_is_object(value))
        return wrong(c->error, c->i, "settings", "an object is expected");
    DRMGMT__FREE char *text = drmgmt__json_text(value);
    if (!text)
        return drmgmt__fail_memory(c->error);
    if (c->driver->check_settings && c->driver->check_settings(text, &failure)) {
        const char *field = drmgmt_error_field(failure);
        int rc = wrong(c->error, c->i, field ? field : "settings", drmgmt_error_message(failure));
        drmgmt_error_free(failure);
        return rc;
    }
    return put(c, "settings", json_incref((json_t *)(uintptr_t)value));
}

static int check_credential_id(struct check *c, const json_t *value)
{
    if (json_is_null(value))
        return 0;
    if (!drmgmt__uuid_valid(json_string_value(value)))
        return wrong(c->error, c->i, "credential_id", "the id of an SNMP credential is expected");
    if (strcmp(c->driver->name, "snmp") != 0)
        return wrong(c->error, c->i, "credential_id", "only an SNMP profile has one");
    return put(c, "credential_id", json_incref((json_t *)(uintptr_t)value));
}

static int check_community(struct check *c, const json_t *value)
{
    const char *text = json_string_value(value);
    struct drmgmt__profile_secret *secret = &c->profiles->secrets[c->profiles->n_secrets];

    if (!text || !*text || strlen(text) > COMMUNITY_MAX)
        return wrong(c->error, c->i, "community", "1 to 255 bytes are expected");
    if (strcmp(c->driver->name, "snmp") != 0)
        return wrong(c->error, c->i, "community", "only an SNMP profile has one");
    if (drmgmt__uuid_v7(secret->credential_id))
        return drmgmt__fail(c->error, DRMGMT_ERR_INTERNAL, "no randomness for an id");
    secret->community = strdup(text);
    if (!secret->community)
        return drmgmt__fail_memory(c->error);
    c->profiles->n_secrets++;
    return 0;
}

static int check_protocol(struct check *c, const json_t *value)
{
    (void)c;
    (void)value; /* it was looked at first: the others depend on it */
    return 0;
}

static const struct {
    const char *name;
    int (*check)(struct check *c, const json_t *value);
} members[] = {
    { "protocol", check_protocol },
    { "address", check_address },
    { "port", check_port },
    { "settings", check_settings },
    { "credential_id", check_credential_id },
    { "community", check_community },
};

static int check_member(struct check *c, const char *name, const json_t *value)
{
    for (size_t m = 0; m < DRMGMT__COUNT(members); m++)
        if (strcmp(members[m].name, name) == 0)
            return members[m].check(c, value);
    return wrong(c->error, c->i, name, "there is no such member in a profile");
}

static int find_driver(struct check *c, const json_t *profile)
{
    const char *protocol = json_string_value(json_object_get(profile, "protocol"));

    if (!protocol)
        return wrong(c->error, c->i, "protocol", "the name of a protocol is expected");
    c->driver = drmgmt_driver_find(protocol);
    if (!c->driver)
        return wrong(c->error, c->i, "protocol", "there is no driver for this protocol");
    for (size_t k = 0; k < c->i; k++)
        if (strcmp(json_string_value(json_object_get(json_array_get(c->profiles->rows, k), "protocol")), protocol) == 0)
            return wrong(c->error, c->i, "protocol", "a device has one profile a protocol");
    return 0;
}

/* A community that came with the profile becomes a credential of its SNMP version. */
static int join_secret(struct check *c, size_t before)
{
    if (c->profiles->n_secrets == before)
        return 0;
    struct drmgmt__profile_secret *secret = &c->profiles->secrets[before];
    if (json_object_get(c->row, "credential_id"))
        return wrong(c->error, c->i, "community", "either this or credential_id is expected, not both");
    const char *version = json_string_value(json_object_get(json_object_get(c->row, "settings"), "version"));
    snprintf(secret->snmp_version, sizeof secret->snmp_version, "%s", version ? version : "2c");
    return put(c, "credential_id", json_string(secret->credential_id));
}

static int check_profile(struct check *c, json_t *profile)
{
    size_t secrets = c->profiles->n_secrets;
    const char *name;
    json_t *value;

    if (!json_is_object(profile))
        return wrong(c->error, c->i, "", "an object is expected");
    int rc = find_driver(c, profile);
    if (rc)
        return rc;
    c->row = json_pack("{s:s, s:s, s:i, s:{}}", "protocol", c->driver->name, "address", "", "port", 0, "settings");
    if (!c->row || json_array_append_new(c->profiles->rows, c->row))
        return drmgmt__fail_memory(c->error);
    json_object_foreach(profile, name, value)
    {
        rc = check_member(c, name, value);
        if (rc)
            return rc;
    }
    return join_secret(c, secrets);
}

/* jansson does not wipe what it frees. */
static void wipe_communities(json_t *list)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *value = json_object_get(json_array_get(list, i), "community");
        if (json_is_string(value))
            drmgmt__wipe((char *)(uintptr_t)json_string_value(value), json_string_length(value));
    }
}

int drmgmt__profiles_parse(const char *json, drmgmt__profiles *profiles, drmgmt_error **error)
{
    DRMGMT__JSON json_t *list = json ? json_loads(json, JSON_REJECT_DUPLICATES, NULL) : json_array();
    int rc = 0;

    *profiles = (drmgmt__profiles){ 0 };
    if (!json_is_array(list) || json_array_size(list) > PROFILES_MAX) {
        wipe_communities(list);
        return drmgmt__fail_full(error, DRMGMT_ERR_INVALID, false, NULL, "profiles",
                                 "profiles: an array of at most %d objects is expected", PROFILES_MAX);
    }
    profiles->rows = json_array();
    profiles->secrets = calloc(PROFILES_MAX, sizeof *profiles->secrets);
    if (!profiles->rows || !profiles->secrets)
        rc = drmgmt__fail_memory(error);
    for (size_t i = 0; !rc && i < json_array_size(list); i++) {
        struct check c = { .i = i, .profiles = profiles, .error = error };
        rc = check_profile(&c, json_array_get(list, i));
    }
    wipe_communities(list);
    if (rc)
        drmgmt__profiles_clear(profiles);
    return rc;
}

void drmgmt__profiles_clear(drmgmt__profiles *profiles)
{
    for (size_t i = 0; i < profiles->n_secrets; i++)
        drmgmt__free_secret(profiles->secrets[i].community);
    free(profiles->secrets);
    json_decref(profiles->rows);
    *profiles = (drmgmt__profiles){ 0 };
}

/* ---- storing ---- */

/* The credentials as JSON rows, sealed; the community as hex. */
static int seal_all(drmgmt__tx *tx, drmgmt_session *session, const drmgmt__profiles *profiles, char **json,
                    drmgmt_error **error)
{
    DRMGMT__JSON json_t *list = json_array();
    int rc = 0;

    for (size_t i = 0; !rc && i < profiles->n_secrets; i++) {
        const struct drmgmt__profile_secret *secret = &profiles->secrets[i];
        DRMGMT__FREE char *hex = NULL;
        rc = drmgmt__community_seal(tx, session, secret->credential_id, secret->community, &hex, error);
        if (!rc && json_array_append_new(list, json_pack("{s:s, s:s, s:s}", "id", secret->credential_id, "snmp_version",
                                                         secret->snmp_version, "community", hex + 2)))
            rc = drmgmt__fail_memory(error);
    }
    if (!rc && !(*json = drmgmt__json_text(list)))
        rc = drmgmt__fail_memory(error);
    return rc;
}

/* A credential that came with a profile is one made, to whoever reads the audit trail. */
static int audit_made(drmgmt__tx *tx, const drmgmt_session *session, const char *id, drmgmt_error **error)
{
    DRMGMT__RECORD drmgmt_record *made = NULL;
    int rc = drmgmt__read_one(tx, &drmgmt__entity_snmp_credential, &drmgmt__q_credential_get, id, &made, error);

    return rc ? rc : drmgmt__audit_change(tx, session, "credential.create", NULL, made, NULL, error);
}

int drmgmt__credentials_prune(drmgmt__tx *tx, const drmgmt_session *session, const char *device_id,
                              drmgmt_error **error)
{
    drmgmt__params p = DRMGMT__PARAMS_INIT;
    DRMGMT__ROWS drmgmt__rows *rows = NULL;

    drmgmt__param(&p, device_id);
    int rc = drmgmt__tx_exec(tx, &drmgmt__q_device_credentials_prune, &p, &rows, error);
    for (size_t i = 0; !rc && i < drmgmt__rows_count(rows); i++) {
        drmgmt_record gone = { .entity = &drmgmt__entity_snmp_credential, .rows = rows, .row = i };
        rc = drmgmt__audit_change(tx, session, "credential.delete", &gone, NULL, NULL, error);
    }
    return rc;
}

int drmgmt__profiles_store(drmgmt__tx *tx, drmgmt_session *session, const char *device_id,
                           const drmgmt__profiles *profiles, drmgmt_error **error)
{
    drmgmt__params p = DRMGMT__PARAMS_INIT;
    DRMGMT__FREE char *rows = drmgmt__json_text(profiles->rows), *credentials = NULL;

    if (!rows)
        return drmgmt__fail_memory(error);
    int rc = seal_all(tx, session, profiles, &credentials, error);
    if (rc)
        return rc;
    drmgmt__param(&p, device_id);
    drmgmt__param(&p, rows);
    drmgmt__param(&p, credentials);
    rc = drmgmt__exec_explained(tx, &drmgmt__q_device_profiles_put, &p, NULL, error);
    for (size_t i = 0; !rc && i < profiles->n_secrets; i++)
        rc = audit_made(tx, session, profiles->secrets[i].credential_id, error);
    return rc ? rc : drmgmt__credentials_prune(tx, session, device_id, error);
}
