/* Keys of the keyring file: listed, added, taken off standby, retired. Called by programs; calls auth/keyring_file.c,
 * and the database where a key is known there, too. */
#include "auth/keyring_file.h"
#include "key/key.h"
#include <stdio.h>
#include <string.h>
#include <time.h>

/* How long what an old key made may still come, after another one became active: a seal lives 60 s and an access token
 * 15 min; programs look at the file every second, and clocks of hosts differ. */
static const int windows[DRMGMT__KEY_USES] = {
    [DRMGMT__USE_SEAL] = 120, [DRMGMT__USE_WRAP] = 120, [DRMGMT__USE_SIGN] = 16 * 60
};

static int find_kind(const char *name, drmgmt__key_kind *kind, drmgmt_error **error)
{
    *kind = drmgmt__key_kind_parse(name);
    return *kind < DRMGMT__KEY_KINDS ? 0
                                     : drmgmt__fail_full(error, DRMGMT_ERR_INVALID, false, NULL, "kind",
                                                         "kind: one of seal, kek, token, ed25519 is expected");
}

static int no_such(drmgmt__key_kind kind, unsigned number, drmgmt_error **error)
{
    return drmgmt__fail(error, DRMGMT_ERR_NOT_FOUND, "the keyring has no %s key %u", drmgmt__key_kinds[kind].name,
                        number);
}

/* The key of this very kind and number. */
static const drmgmt__key *find(const drmgmt__keyring *keyring, drmgmt__key_kind kind, unsigned number)
{
    drmgmt__key_kind found;
    const drmgmt__key *key = drmgmt__keyring_find(keyring, drmgmt__key_kinds[kind].use, number, &found);

    return key && found == kind ? key : NULL;
}

/* ---- list ---- */

static void describe(const drmgmt__keyring *keyring, drmgmt__key_kind kind, const drmgmt__key *key, drmgmt_key *out)
{
    bool active = key == drmgmt__keyring_maker(keyring, drmgmt__key_kinds[kind].use, NULL);
    time_t at = (time_t)key->since;
    struct tm tm;

    *out = (drmgmt_key){ .number = key->number };
    snprintf(out->kind, sizeof out->kind, "%s", drmgmt__key_kinds[kind].name);
    snprintf(out->state, sizeof out->state, "%s", key->standby ? "standby" : active ? "active" : "old");
    if (at && gmtime_r(&at, &tm))
        strftime(out->since, sizeof out->since, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

static int by_kind_and_number(const void *a, const void *b)
{
    const drmgmt_key *x = a, *y = b;
    int kinds = (int)drmgmt__key_kind_parse(x->kind) - (int)drmgmt__key_kind_parse(y->kind);

    return kinds ? kinds : (x->number > y->number) - (x->number < y->number);
}

int drmgmt_key_list(const char *keyring_path, drmgmt_key **keys, size_t *count, drmgmt_error **error)
{
    DRMGMT__KEYRING drmgmt__keyring *keyring = NULL;
    size_t n = 0;
    int rc = drmgmt__keyring_load(keyring_path, &keyring, error);

    if (rc)
        return rc;
    drmgmt_key *list = calloc((size_t)DRMGMT__KEY_KINDS * DRMGMT__KEYS_MAX, sizeof *list);
    if (!list)
        return drmgmt__fail_memory(error);
    for (int k = 0; k < DRMGMT__KEY_KINDS; k++)
        for (size_t i = 0; i < keyring->count[k]; i++)
            describe(keyring, (drmgmt__key_kind)k, &keyring->keys[k][i], &list[n++]);
    qsort(list, n, sizeof *list, by_kind_and_number);
    *keys = list;
    *count = n;
    return 0;
}

/* ---- rotate ---- */

struct rotation {
    const char *path, *owner_url;
    drmgmt__key_kind kind; /* DRMGMT__KEY_KINDS: the one that signs */
    bool standby;
    drmgmt__key key;
};

static unsigned highest(const drmgmt__keyring *keyring, drmgmt__key_use use)
{
    unsigned number = 0;

    for (int k = 0; k < DRMGMT__KEY_KINDS; k++)
        for (size_t i = 0; drmgmt__key_kinds[k].use == use && i < keyring->count[k]; i++)
            if (keyring->keys[k][i].number > number)
                number = keyring->keys[k][i].number;
    return number;
}

/* The database may know numbers that the file does not: of a rotation that was broken off, or of another host. */
static int install(drmgmt__owner *owner, void *user, drmgmt_error **error)
{
    struct rotation *r = user;
    DRMGMT__ROWS drmgmt__rows *rows = NULL;
    int rc = drmgmt__owner_exec(owner, "SELECT COALESCE(max(id), 0) FROM sec.seal_keys", NULL, &rows, error);

    if (rc)
        return rc;
    if (drmgmt__rows_int(rows, 0, 0) >= r->key.number)
        r->key.number = (unsigned)drmgmt__rows_int(rows, 0, 0) + 1;
    return drmgmt__seal_key_install(owner, r->path, r->key.number, r->key.bytes, error);
}

static int add(void *user, const drmgmt__keyring *before, drmgmt__key_change *change, drmgmt_error **error)
{
    struct rotation *r = user;

    if (r->kind == DRMGMT__KEY_KINDS)
        drmgmt__keyring_maker(before, DRMGMT__USE_SIGN, &r->kind);
    r->key = (drmgmt__key){ .number = highest(before, drmgmt__key_kinds[r->kind].use) + 1,
                            .standby = r->standby,
                            .since = r->standby ? 0 : (int64_t)time(NULL) };
    if (before->count[r->kind] == DRMGMT__KEYS_MAX || r->key.number > DRMGMT__KEY_NUMBER_MAX)
        return drmgmt__fail(error, DRMGMT_ERR_LIMIT, "the keyring has %d %s keys: retire old ones first",
                            DRMGMT__KEYS_MAX, drmgmt__key_kinds[r->kind].name);
    if (drmgmt__random(r->key.bytes, sizeof r->key.bytes))
        return drmgmt__fail(error, DRMGMT_ERR_CRYPTO, "the system gives no random numbers");
    if (r->kind == DRMGMT__KEY_SEAL) {
        int rc = drmgmt__seal_keys_change(r->owner_url, install, r, error);
        if (rc)
            return rc;
    }
    *change = (drmgmt__key_change){ .kind = r->kind, .key = r->key, .changed = true };
    return 0;
}

int drmgmt_key_rotate(const char *keyring_path, const char *kind, bool standby, const char *owner_url, unsigned *number,
                      drmgmt_error **error)
{
    struct rotation r = { .path = keyring_path, .owner_url = owner_url, .kind = DRMGMT__KEY_KINDS, .standby = standby };
    int rc = kind ? find_kind(kind, &r.kind, error) : 0;

    if (!rc && r.kind == DRMGMT__KEY_SEAL && !owner_url)
        rc = drmgmt__fail_full(error, DRMGMT_ERR_INVALID, false, NULL, "owner_url",
                               "a seal key must be made known to the database: its owner's URL is needed");
    if (!rc)
        rc = drmgmt__keyring_edit(keyring_path, add, &r, error);
    if (!rc && number)
        *number = r.key.number;
    drmgmt__wipe(&r.key, sizeof r.key);
    return rc;
}

/* ---- activate ---- */

static int take_off_standby(void *user, const drmgmt__keyring *before, drmgmt__key_change *change, drmgmt_error **error)
{
    const struct rotation *r = user;
    const drmgmt__key *key = find(before, r->kind, r->key.number);
    const drmgmt__key *active = drmgmt__keyring_maker(before, drmgmt__key_kinds[r->kind].use, NULL);

    if (!key)
        return no_such(r->kind, r->key.number, error);
    if (!key->standby)
        return drmgmt__fail(error, DRMGMT_ERR_CONFLICT, "%s key %u is not on standby", drmgmt__key_kinds[r->kind].name,
                            key->number);
    /* It would not become active, because the highest number is. */
    if (active && active->number > key->number)
        return drmgmt__fail(error, DRMGMT_ERR_CONFLICT, "key %u, which is newer, is active", active->number);
    *change = (drmgmt__key_change){ .kind = r->kind, .key = *key, .changed = true };
    change->key.standby = false;
    change->key.since = (int64_t)time(NULL);
    return 0;
}

int drmgmt_key_activate(const char *keyring_path, const char *kind, unsigned number, drmgmt_error **error)
{
    struct rotation r = { .key.number = number };
    int rc = find_kind(kind, &r.kind, error);

    return rc ? rc : drmgmt__keyring_edit(keyring_path, take_off_standby, &r, error);
}

/* ---- retire ---- */

struct retirement {
    const char *owner_url;
    drmgmt_context *context;
    drmgmt__key_kind kind;
    unsigned number;
    bool now;
};

static int remove_seal_key(drmgmt__owner *owner, void *user, drmgmt_error **error)
{
    const struct retirement *r = user;
    drmgmt__params p = DRMGMT__PARAMS_INIT;

    drmgmt__param_int(&p, r->number);
    return drmgmt__owner_exec(owner, "SELECT sec.remove_seal_key($1::integer)", &p, NULL, error);
}

static int check_unused(const struct retirement *r, drmgmt_error **error)
{
    DRMGMT__FREE drmgmt_kek_use *uses = NULL;
    size_t n = 0;
    int rc = drmgmt_kek_uses(r->context, &uses, &n, error);

    for (size_t i = 0; !rc && i < n; i++)
        if (uses[i].kek == r->number)
            rc = drmgmt__fail(error, DRMGMT_ERR_CONFLICT,
                              "kek key %u still wraps %llu data keys: wrap them anew first (drmctl key rotate-kek)",
                              r->number, (unsigned long long)uses[i].keys);
    return rc;
}

static int check_time(const struct retirement *r, const drmgmt__key *active, drmgmt_error **error)
{
    drmgmt__key_use use = drmgmt__key_kinds[r->kind].use;
    int64_t left = active->since + windows[use] - (int64_t)time(NULL);

    if (left <= 0 || r->now)
        return 0;
    return drmgmt__fail(error, DRMGMT_ERR_CONFLICT,
                        "key %u became active only at a moment when what key %u made may still be in use: wait %lld "
                        "seconds, or retire it now and accept that%s",
                        active->number, r->number, (long long)left,
                        use == DRMGMT__USE_SIGN ? " its tokens are refused" : " calls under way fail");
}

static int take_out(void *user, const drmgmt__keyring *before, drmgmt__key_change *change, drmgmt_error **error)
{
    struct retirement *r = user;
    const drmgmt__key *key = find(before, r->kind, r->number);
    const drmgmt__key *active = drmgmt__keyring_maker(before, drmgmt__key_kinds[r->kind].use, NULL);
    int rc = 0;

    if (!key)
        return no_such(r->kind, r->number, error);
    if (key == active)
        return drmgmt__fail(error, DRMGMT_ERR_CONFLICT, "%s key %u is the active one: rotate first",
                            drmgmt__key_kinds[r->kind].name, r->number);
    if (!key->standby)
        rc = check_time(r, active, error);
    if (!rc && r->kind == DRMGMT__KEY_KEK)
        rc = check_unused(r, error);
    if (!rc && r->kind == DRMGMT__KEY_SEAL)
        rc = drmgmt__seal_keys_change(r->owner_url, remove_seal_key, r, error);
    if (!rc)
        *change = (drmgmt__key_change){ .kind = r->kind, .key = *key, .changed = true, .remove = true };
    return rc;
}

int drmgmt_key_retire(const char *keyring_path, const char *kind, unsigned number, bool now, const char *owner_url,
                      drmgmt_context *context, drmgmt_error **error)
{
    struct retirement r = { .owner_url = owner_url, .context = context, .number = number, .now = now };
    int rc = find_kind(kind, &r.kind, error);

    if (!rc && r.kind == DRMGMT__KEY_SEAL && !owner_url)
        rc = drmgmt__fail_full(error, DRMGMT_ERR_INVALID, false, NULL, "owner_url",
                               "a seal key must be taken out of the database, too: its owner's URL is needed");
    if (!rc && r.kind == DRMGMT__KEY_KEK && !context)
        rc = drmgmt__fail_full(error, DRMGMT_ERR_INVALID, false, NULL, "context",
                               "whether a kek key is still in use is known in the database: a connection is needed");
    return rc ? rc : drmgmt__keyring_edit(keyring_path, take_out, &r, error);
}
