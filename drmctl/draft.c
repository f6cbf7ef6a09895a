/* Drafts out of options. Called by cmd_device.c and cmd_credential.c. Names and values are checked by the library; here
 * only what it cannot see: options that contradict each other. */
#include "draft.h"
#include "writer.h"
#include <stdlib.h>
#include <string.h>

static const char *const snmp_options[] = { "snmp", "snmp-version", "community-file", "credential" };

bool ctl_changes_snmp(const ctl *c)
{
    for (size_t i = 0; i < CTL_COUNT(snmp_options); i++)
        if (ctl_has(c, snmp_options[i]))
            return true;
    return false;
}

bool ctl_split_address(const char *text, char address[256], unsigned *port)
{
    const char *colon = strrchr(text, ':'), *end = text + strlen(text);
    bool bracket = text[0] == '[';
    const char *close = bracket ? strchr(text, ']') : NULL;

    *port = 0;
    if (bracket && (!close || (close[1] && close[1] != ':')))
        return false;
    if (bracket)
        colon = close[1] ? close + 1 : NULL;
    else if (colon && strchr(text, ':') != colon)
        colon = NULL; /* several colons without brackets: an IPv6 address without a port */
    const char *from = text + bracket, *to = bracket ? close : colon ? colon : end;
    if (to == from || to - from > 255)
        return false;
    memcpy(address, from, (size_t)(to - from));
    address[to - from] = '\0';
    if (!colon)
        return true;
    char *rest;
    unsigned long n = strtoul(colon + 1, &rest, 10);
    if (strspn(colon + 1, "0123456789") == 0 || *rest || n < 1 || n > 65535)
        return false;
    *port = (unsigned)n;
    return true;
}

/* ---- the SNMP profile ---- */

static int set_address(const ctl *c, json_t *profile)
{
    const char *text = ctl_value(c, "snmp");
    char address[256];
    unsigned port;

    if (!text)
        return 0;
    if (!ctl_split_address(text, address, &port))
        return ctl_usage(c, "--snmp %s: ADDRESS, ADDRESS:PORT or [IPV6]:PORT is wanted", text);
    json_object_set_new(profile, "address", json_string(address));
    if (port)
        json_object_set_new(profile, "port", json_integer(port));
    else
        json_object_del(profile, "port");
    return 0;
}

static void set_version(const ctl *c, json_t *profile)
{
    const char *version = ctl_value(c, "snmp-version");
    json_t *settings = json_object_get(profile, "settings");

    if (!version)
        return;
    if (!json_is_object(settings)) {
        settings = json_object();
        json_object_set_new(profile, "settings", settings);
    }
    json_object_set_new(settings, "version", json_string(version));
}

static int set_secret(const ctl *c, json_t *profile)
{
    const char *file = ctl_value(c, "community-file"), *credential = ctl_value(c, "credential");
    char *community = NULL;

    if (file && credential)
        return ctl_usage(c, "--community-file and --credential exclude each other");
    if (credential)
        json_object_set_new(profile, "credential_id", json_string(credential));
    if (!file)
        return 0;
    int code = ctl_read_secret(file, "community", &community);
    if (code)
        return code;
    json_t *value = json_string(community);
    ctl_free_secret(community);
    if (!value)
        return ctl_complain(DRMGMT_ERR_INVALID, "%s: the community is no UTF-8", file);
    json_object_del(profile, "credential_id");
    json_object_set_new(profile, "community", value);
    return 0;
}

static json_t *find_profile(json_t *profiles, const char *protocol)
{
    size_t i;
    json_t *profile;

    json_array_foreach(profiles, i, profile)
    {
        const char *name = json_string_value(json_object_get(profile, "protocol"));
        if (name && strcmp(name, protocol) == 0)
            return profile;
    }
    return NULL;
}

static int set_snmp(const ctl *c, json_t *profiles)
{
    json_t *profile = find_profile(profiles, "snmp");

    if (!ctl_changes_snmp(c))
        return 0;
    if (!profile && !ctl_has(c, "snmp"))
        return ctl_usage(c, "--snmp ADDRESS is missing: the device has no SNMP profile yet");
    if (!profile) {
        profile = json_pack("{s:s}", "protocol", "snmp");
        json_array_append_new(profiles, profile);
    }
    int code = set_address(c, profile);
    set_version(c, profile);
    return code ? code : set_secret(c, profile);
}

/* ---- the whole ---- */

static int add_profiles(const ctl *c, json_t *profiles)
{
    const char *text;

    for (size_t i = 0; (text = ctl_nth(c, "profile", i)); i++) {
        json_error_t e;
        json_t *profile = json_loads(text, JSON_REJECT_DUPLICATES, &e);
        if (!json_is_object(profile)) {
            json_decref(profile);
            return ctl_usage(c, "--profile: a JSON object is wanted%s%s", profile ? "" : ": ", profile ? "" : e.text);
        }
        json_array_append_new(profiles, profile);
    }
    return 0;
}

static int set_profiles(const ctl *c, json_t *object, const drmgmt_record *before)
{
    json_t *profiles = json_object_get(object, "profiles");
    const char *text = before ? drmgmt_record_text(before, "profiles") : NULL;

    if (!ctl_has(c, "profile") && !ctl_changes_snmp(c))
        return 0;
    if (json_is_array(profiles))
        json_incref(profiles);
    else if (ctl_has(c, "profile") || !text || !(profiles = json_loads(text, 0, NULL)))
        profiles = json_array();
    json_object_set_new(object, "profiles", profiles);
    int code = add_profiles(c, profiles);
    return code ? code : set_snmp(c, profiles);
}

static int set_text(const ctl *c, json_t *object, const char *option)
{
    const char *text = ctl_value(c, option);
    json_t *value = text ? json_string(text) : NULL;

    if (text && !value)
        return ctl_usage(c, "--%s: it is no UTF-8", option);
    if (value)
        json_object_set_new(object, option, value);
    return 0;
}

static int set_tags(const ctl *c, json_t *object)
{
    json_t *tags = json_array();
    const char *tag;
    int code = 0;

    for (size_t i = 0; !code && (tag = ctl_nth(c, "tag", i)); i++) {
        json_t *value = json_string(tag);
        if (value)
            json_array_append_new(tags, value);
        else
            code = ctl_usage(c, "--tag: it is no UTF-8");
    }
    /* --tag "" alone takes all tags away. */
    if (json_array_size(tags) == 1 && json_string_length(json_array_get(tags, 0)) == 0)
        json_array_clear(tags);
    if (ctl_has(c, "tag"))
        json_object_set(object, "tags", tags);
    json_decref(tags);
    return code;
}

int ctl_device_object(const ctl *c, const char *name, const drmgmt_record *before, json_t **object)
{
    const char *file = ctl_value(c, "json");
    json_t *draft = NULL;
    int code = file ? ctl_read_json(file, &draft) : 0;

    if (code)
        return code;
    if (!draft)
        draft = json_object();
    json_t *value = name ? json_string(name) : NULL;
    if (name && !value)
        code = ctl_usage(c, "the name is no UTF-8");
    if (value)
        json_object_set_new(draft, "name", value);
    if (!code)
        code = set_text(c, draft, "name");
    if (!code)
        code = set_text(c, draft, "description");
    if (!code)
        code = set_tags(c, draft);
    if (!code)
        code = set_profiles(c, draft, before);
    if (code)
        json_decref(draft);
    else
        *object = draft;
    return code;
}

int ctl_draft(const json_t *object, const char *entity, drmgmt_draft **draft)
{
    drmgmt_error *error = NULL;
    char *text = json_dumps(object, JSON_COMPACT);

    if (!text)
        return ctl_complain(DRMGMT_ERR_NO_MEMORY, "out of memory");
    int rc = drmgmt_draft_from_json(drmgmt_entity_find(entity), text, strlen(text), draft, &error);
    ctl_free_secret(text);
    return rc ? ctl_fail(error) : 0;
}

int ctl_create(ctl *c, int code, drmgmt_draft *draft, ctl_create_fn *create)
{
    drmgmt_record *record = NULL;
    drmgmt_error *error = NULL;

    if (!code)
        code = ctl_open(c);
    if (!code && create(c->session, draft, &record, &error))
        code = ctl_fail(error);
    drmgmt_draft_free(draft);
    return code ? code : ctl_show(c, record);
}

int ctl_update(ctl *c, int code, drmgmt_draft *draft, ctl_update_fn *update)
{
    drmgmt_record *record = NULL;
    drmgmt_error *error = NULL;
    long long version = 0;

    if (!code)
        code = ctl_number(c, "if-version", 1, INT64_MAX, &version);
    if (!code)
        code = ctl_open(c);
    if (!code && update(c->session, c->args[0], version, draft, &record, &error))
        code = ctl_fail(error);
    drmgmt_draft_free(draft);
    return code ? code : ctl_show(c, record);
}

int ctl_delete_each(ctl *c, const char *noun, const char *verb, const char *done, ctl_delete_fn *remove)
{
    long long version = 0;
    const ctl_column column = { done, CTL_TEXT };
    ctl_writer w;
    int code = ctl_number(c, "if-version", 1, INT64_MAX, &version), first = 0;

    if (!code && version && c->n_args > 1)
        code = ctl_usage(c, "--if-version goes with one %s", noun);
    if (!code)
        code = ctl_open(c);
    if (code)
        return code;
    if (c->n_args == 1 ? !ctl_confirm(c, "%s %s %s?", verb, noun, c->args[0])
                       : !ctl_confirm(c, "%s these %d %ss?", verb, c->n_args, noun))
        return ctl_complain(DRMGMT_ERR_CANCELLED, "nothing was %s", done);
    ctl_rows_begin(c, &w, &column, 1);
    for (int i = 0; i < c->n_args; i++) {
        code = remove(c, c->args[i], version);
        if (!code)
            code = ctl_rows_add(&w, &c->args[i]);
        if (!first)
            first = code;
    }
    /* No head above nothing. */
    code = w.n_rows || w.ops != &ctl_writer_table ? ctl_rows_end(&w) : 0;
    return first ? first : code;
}
