/* Users of version 3 and their keys, which are remembered. Called by sender.c (the clerk's thread, which makes them)
 * and version3.c (the receiver's, which uses them); calls the SNMP room's security model. */
#include "trap/user.h"

#include "auth/auth.h"
#include "auth/auth_internal.h"
#include "core/core.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    REMEMBERED = 1024,     /* sets of the cache */
    KEEP_MS = 3600 * 1000, /* as data keys are kept */
    ENGINES = 2            /* the device's own, and ours */
};

/* Keys localized to an engine. */
struct localized {
    uint8_t engine[DRMGMT__SNMP_ENGINE_MAX];
    size_t n; /* 0: free */
    drmgmt__usm_keys keys;
};

struct drmgmt__trap_user {
    const drmgmt__usm_auth *auth;
    const drmgmt__usm_priv *priv;       /* NULL: authNoPriv */
    drmgmt__usm_key auth_key, priv_key; /* Ku */
    struct localized engines[ENGINES];
    unsigned next; /* which of them is given up */
};

struct drmgmt__trap_keys {
    struct drmgmt__digest_cache *cache;
};

drmgmt__trap_keys *drmgmt__trap_keys_new(void)
{
    drmgmt__trap_keys *keys = calloc(1, sizeof *keys);

    if (keys && !(keys->cache = drmgmt__digest_cache_new(REMEMBERED, sizeof(drmgmt__usm_key)))) {
        free(keys);
        return NULL;
    }
    return keys;
}

void drmgmt__trap_keys_free(drmgmt__trap_keys *keys)
{
    if (!keys)
        return;
    drmgmt__digest_cache_free(keys->cache);
    free(keys);
}

/* ---- passphrases ---- */

static int hash_passphrase(drmgmt__trap_keys *keys, const drmgmt__usm_auth *auth, const char *phrase,
                           drmgmt__usm_key *out)
{
    uint8_t digest[DRMGMT__DIGEST_SIZE];
    char place[1200];
    int64_t now = (int64_t)drmgmt__monotonic_ms();
    int n = snprintf(place, sizeof place, "%s %s", auth->name, phrase);

    if (n < 0 || (size_t)n >= sizeof place || drmgmt__sha256(place, (size_t)n, digest))
        return -1;
    drmgmt__wipe(place, sizeof place);
    if (drmgmt__digest_cache_get(keys->cache, digest, now, out))
        return 0;
    if (drmgmt__usm_ku(auth, &(drmgmt__octets){ (const uint8_t *)phrase, strlen(phrase) }, out))
        return -1;
    drmgmt__digest_cache_put(keys->cache, digest, now, now + KEEP_MS, out);
    return 0;
}

static bool is_passphrase(const char *text)
{
    return text && strlen(text) >= DRMGMT__USM_PASSPHRASE_MIN;
}

drmgmt__trap_user *drmgmt__trap_user_new(drmgmt__trap_keys *keys, const drmgmt_op_credential *secrets)
{
    drmgmt__trap_user user = { .priv = NULL };

    user.auth = secrets->auth_protocol ? drmgmt__usm_auth_find(secrets->auth_protocol) : NULL;
    user.priv = secrets->priv_protocol ? drmgmt__usm_priv_find(secrets->priv_protocol) : NULL;
    if (!user.auth || !is_passphrase(secrets->auth_password) ||
        (secrets->priv_protocol && (!user.priv || !is_passphrase(secrets->priv_password))) ||
        hash_passphrase(keys, user.auth, secrets->auth_password, &user.auth_key) ||
        (user.priv && hash_passphrase(keys, user.auth, secrets->priv_password, &user.priv_key)))
        return NULL;
    drmgmt__trap_user *made = malloc(sizeof *made);
    if (made)
        *made = user;
    drmgmt__wipe(&user, sizeof user);
    return made;
}

void drmgmt__trap_user_free(drmgmt__trap_user *user)
{
    if (!user)
        return;
    drmgmt__wipe(user, sizeof *user);
    free(user);
}

uint8_t drmgmt__trap_user_level(const drmgmt__trap_user *user)
{
    return user->priv ? DRMGMT__SNMP_AUTH | DRMGMT__SNMP_PRIV : DRMGMT__SNMP_AUTH;
}

/* ---- keys of an engine ---- */

const drmgmt__usm_keys *drmgmt__trap_user_keys(drmgmt__trap_user *user, const drmgmt__octets *engine)
{
    if (!engine->length || engine->length > DRMGMT__SNMP_ENGINE_MAX)
        return NULL;
    for (size_t i = 0; i < ENGINES; i++)
        if (user->engines[i].n == engine->length && memcmp(user->engines[i].engine, engine->bytes, engine->length) == 0)
            return &user->engines[i].keys;
    struct localized *l = &user->engines[user->next++ % ENGINES];
    *l = (struct localized){ .keys = { .auth = user->auth, .priv = user->priv } };
    if (drmgmt__usm_localize(&l->keys, &user->auth_key, user->priv ? &user->priv_key : NULL, engine))
        return NULL;
    memcpy(l->engine, engine->bytes, engine->length);
    l->n = engine->length;
    return &l->keys;
}

int drmgmt__trap_user_complete(drmgmt__trap_user *user, const drmgmt__octets *engine)
{
    for (size_t i = 0; i < ENGINES; i++) {
        struct localized *l = &user->engines[i];
        if (l->n != engine->length || memcmp(l->engine, engine->bytes, engine->length) != 0)
            continue;
        const drmgmt__octets half = drmgmt__usm_half(&l->keys);
        drmgmt__usm_key ku;
        int rc = drmgmt__usm_ku(user->auth, &half, &ku);
        rc = rc ? rc : drmgmt__usm_complete(&l->keys, &ku, engine);
        drmgmt__wipe(&ku, sizeof ku);
        return rc;
    }
    return -1;
}
