/* drmctl key: the keys of the keyring file, and the data keys that they wrap. Called through the table; calls
 * drm/key.h.
 */
#include "writer.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int show_key(const ctl *c, const char *kind, unsigned number, const char *state)
{
    static const ctl_column columns[] = { { "kind", CTL_TEXT }, { "number", CTL_LITERAL }, { "state", CTL_TEXT } };
    char text[16];

    snprintf(text, sizeof text, "%u", number);
    return ctl_row_show(c, columns, CTL_COUNT(columns), (const char *[]){ kind, text, state });
}

int ctl_cmd_key_list(ctl *c)
{
    static const ctl_column columns[] = {
        { "kind", CTL_TEXT }, { "number", CTL_LITERAL }, { "state", CTL_TEXT }, { "since", CTL_TEXT }
    };
    const char *keyring;
    drmgmt_key *keys = NULL;
    size_t count = 0;
    drmgmt_error *error = NULL;
    ctl_writer w;
    int code = ctl_keyring(c, "key", &keyring);

    if (code)
        return code;
    if (drmgmt_key_list(keyring, &keys, &count, &error))
        return ctl_fail(error);
    ctl_rows_begin(c, &w, columns, CTL_COUNT(columns));
    for (size_t i = 0; i < count && !code; i++) {
        char number[16];
        snprintf(number, sizeof number, "%u", keys[i].number);
        code = ctl_rows_add(
            &w, (const char *[]){ keys[i].kind, number, keys[i].state, keys[i].since[0] ? keys[i].since : NULL });
    }
    int ended = ctl_rows_end(&w);
    drmgmt_free(keys);
    return code ? code : ended;
}

/* ---- one key ---- */

/* NUMBER with --kind, or without where only one kind has a key of it. */
static int which(const ctl *c, const char *keyring, const char **kind, unsigned *number)
{
    static char found[sizeof((drmgmt_key *)0)->kind];
    drmgmt_key *keys = NULL;
    size_t count = 0, n = 0;
    drmgmt_error *error = NULL;
    char *end = NULL;
    unsigned long value = strtoul(c->args[0], &end, 10);

    if (!*c->args[0] || *end || value < 1 || value > 999999999)
        return ctl_usage(c, "%s: a key's number is expected, 1..999999999", c->args[0]);
    *number = (unsigned)value;
    *kind = ctl_value(c, "kind");
    if (*kind)
        return 0;
    if (drmgmt_key_list(keyring, &keys, &count, &error))
        return ctl_fail(error);
    for (size_t i = 0; i < count; i++)
        if (keys[i].number == *number && n++ == 0)
            snprintf(found, sizeof found, "%s", keys[i].kind);
    drmgmt_free(keys);
    if (n > 1)
        return ctl_usage(c, "several kinds have a key %u: give --kind", *number);
    if (n == 0)
        return ctl_complain(DRMGMT_ERR_NOT_FOUND, "the keyring has no key %u", *number);
    *kind = found;
    return 0;
}

int ctl_cmd_key_rotate(ctl *c)
{
    const char *keyring, *kind = ctl_value(c, "kind"), *owner = ctl_value(c, "owner-url");
    bool standby = ctl_has(c, "standby");
    drmgmt_key *keys = NULL;
    unsigned number = 0;
    size_t count = 0;
    drmgmt_error *error = NULL;
    int code = ctl_keyring(c, "key", &keyring);

    if (!code && kind && strcmp(kind, "seal") == 0)
        code = ctl_owner_url(c, &owner);
    if (code)
        return code;
    if (drmgmt_key_rotate(keyring, kind, standby, owner, &number, &error) ||
        drmgmt_key_list(keyring, &keys, &count, &error))
        return ctl_fail(error);
    /* Of which kind it became, where none was named. */
    for (size_t i = 0; i < count && !kind; i++)
        if (keys[i].number == number && (strcmp(keys[i].kind, "token") == 0 || strcmp(keys[i].kind, "ed25519") == 0))
            kind = keys[i].kind;
    code = show_key(c, kind, number, standby ? "standby" : "active");
    drmgmt_free(keys);
    return code;
}

int ctl_cmd_key_activate(ctl *c)
{
    const char *keyring, *kind = NULL;
    unsigned number = 0;
    drmgmt_error *error = NULL;
    int code = ctl_keyring(c, "key", &keyring);

    if (!code)
        code = which(c, keyring, &kind, &number);
    if (code)
        return code;
    if (drmgmt_key_activate(keyring, kind, number, &error))
        return ctl_fail(error);
    return show_key(c, kind, number, "active");
}

int ctl_cmd_key_retire(ctl *c)
{
    const char *keyring, *kind = NULL, *owner = ctl_value(c, "owner-url");
    unsigned number = 0;
    drmgmt_error *error = NULL;
    int code = ctl_keyring(c, "key", &keyring);

    if (!code)
        code = which(c, keyring, &kind, &number);
    if (!code && strcmp(kind, "seal") == 0)
        code = ctl_owner_url(c, &owner);
    if (!code && strcmp(kind, "kek") == 0)
        code = ctl_connect(c);
    if (code)
        return code;
    if (!ctl_confirm(c, "Retire %s key %u?", kind, number))
        return CTL_EXIT_FAILURE;
    if (drmgmt_key_retire(keyring, kind, number, ctl_has(c, "now"), owner, c->context, &error))
        return ctl_fail_hint(error, drmgmt_error_status(error) == DRMGMT_ERR_CONFLICT
                                        ? "drmctl key list shows which is active; --now does not wait"
                                        : NULL);
    return show_key(c, kind, number, "retired");
}

int ctl_cmd_key_install(ctl *c)
{
    const char *keyring, *owner;
    drmgmt_error *error = NULL;
    int code = ctl_keyring(c, "key", &keyring);

    if (!code)
        code = ctl_owner_url(c, &owner);
    if (code)
        return code;
    if (drmgmt_key_install(keyring, owner, &error))
        return ctl_fail(error);
    if (ctl_writer_of(c) == &ctl_writer_table)
        puts("The database knows the keyring's seal keys.");
    return 0;
}

/* ---- data keys ---- */

static unsigned active_kek(const drmgmt_key *keys, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(keys[i].kind, "kek") == 0 && strcmp(keys[i].state, "active") == 0)
            return keys[i].number;
    return 0;
}

/* Whether data keys are left that the active KEK does not wrap: of a rotation that was broken off, or whose KEK was
 * brought to other hosts first. */
static int unfinished(ctl *c, const char *keyring, unsigned *kek, bool *left)
{
    drmgmt_key *keys = NULL;
    drmgmt_kek_use *uses = NULL;
    size_t n_keys = 0, n_uses = 0;
    drmgmt_error *error = NULL;

    if (drmgmt_key_list(keyring, &keys, &n_keys, &error))
        return ctl_fail(error);
    *kek = active_kek(keys, n_keys);
    drmgmt_free(keys);
    if (drmgmt_kek_uses(c->context, &uses, &n_uses, &error))
        return ctl_fail(error);
    *left = false;
    for (size_t i = 0; i < n_uses; i++)
        *left = *left || uses[i].kek != *kek;
    drmgmt_free(uses);
    return 0;
}

static void tell_wrapped(void *user, uint64_t wrapped, const char *tenant_id)
{
    (void)user;
    ctl_note("%llu data keys are wrapped anew (up to tenant %s)", (unsigned long long)wrapped, tenant_id);
}

int ctl_cmd_key_rotate_kek(ctl *c)
{
    static const ctl_column columns[] = { { "kek", CTL_LITERAL },
                                          { "wrapped", CTL_LITERAL },
                                          { "added", CTL_LITERAL } };
    const char *keyring;
    unsigned kek = 0;
    uint64_t wrapped = 0;
    bool left = false;
    drmgmt_error *error = NULL;
    int code = ctl_keyring(c, "key", &keyring);

    if (!code)
        code = ctl_connect(c);
    if (!code)
        code = unfinished(c, keyring, &kek, &left);
    if (code)
        return code;
    if (left)
        ctl_note("data keys are left under an older KEK: they come under kek key %u, and no new one is made", kek);
    else if (drmgmt_key_rotate(keyring, "kek", false, NULL, &kek, &error))
        return ctl_fail(error);
    if (drmgmt_kek_rewrap(c->context, tell_wrapped, NULL, &wrapped, &error))
        return ctl_fail_hint(error, "the same command goes on where this one ended");
    char number[16], count[24];
    snprintf(number, sizeof number, "%u", kek);
    snprintf(count, sizeof count, "%llu", (unsigned long long)wrapped);
    return ctl_row_show(c, columns, CTL_COUNT(columns), (const char *[]){ number, count, left ? "false" : "true" });
}

static void tell_resealed(void *user, const drmgmt_rekey_progress *p)
{
    uint64_t *told = user;

    if (p->rows < *told + 10000)
        return;
    *told = p->rows;
    ctl_note("%llu rows were looked at, %llu secrets sealed anew, %llu tenants are done", (unsigned long long)p->rows,
             (unsigned long long)p->resealed, (unsigned long long)p->tenants);
}

/* Works itself, and waits for what workers are at. A tenant is told again after a minute's silence. */
static int wait_until_done(ctl *c, const char *tenant)
{
    drmgmt_error *error = NULL;
    uint64_t pending = 1, told = 0;

    while (pending) {
        if (drmgmt_rekey_run(c->context, tell_resealed, &told, &error) ||
            drmgmt_rekey_pending(c->context, tenant, &pending, &error))
            return ctl_fail(error);
        if (pending)
            nanosleep(&(struct timespec){ .tv_nsec = 250 * 1000000 }, NULL);
    }
    return 0;
}

int ctl_cmd_key_reencrypt(ctl *c)
{
    static const ctl_column columns[] = { { "started", CTL_LITERAL }, { "under_way", CTL_LITERAL } };
    const char *keyring, *tenant = ctl_value(c, "tenant");
    uint64_t started = 0, under_way = 0;
    drmgmt_error *error = NULL;
    int code = ctl_keyring(c, "key", &keyring);

    if (!code)
        code = ctl_connect(c);
    if (code)
        return code;
    if (drmgmt_rekey_start(c->context, tenant, &started, &under_way, &error))
        return ctl_fail(error);
    if (ctl_has(c, "wait"))
        code = wait_until_done(c, tenant);
    char first[24], second[24];
    snprintf(first, sizeof first, "%llu", (unsigned long long)started);
    snprintf(second, sizeof second, "%llu", (unsigned long long)under_way);
    return code ? code : ctl_row_show(c, columns, CTL_COUNT(columns), (const char *[]){ first, second });
}
