/* The keyring: the keys that are not in the database, read from the file's text and asked for. Called by the rooms that
 * seal, wrap and sign; the file is read and written in keyring_file.c. Format in docs/keyring.md. */
#include "auth/keyring.h"
#include "auth/auth_internal.h"
#include "core/core.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* A new installation signs tokens with Ed25519: others can verify them by /.well-known/jwks.json, and what that costs
 * more than HS256 is paid once a token and process (the verified ones are remembered). */
const drmgmt__key_kind_row drmgmt__key_kinds[DRMGMT__KEY_KINDS] = {
    [DRMGMT__KEY_SEAL] = { "seal", DRMGMT__USE_SEAL, true },
    [DRMGMT__KEY_KEK] = { "kek", DRMGMT__USE_WRAP, true },
    [DRMGMT__KEY_TOKEN] = { "token", DRMGMT__USE_SIGN, false },
    [DRMGMT__KEY_ED25519] = { "ed25519", DRMGMT__USE_SIGN, true },
};

drmgmt__key_kind drmgmt__key_kind_parse(const char *name)
{
    int k = 0;

    while (k < DRMGMT__KEY_KINDS && strcmp(drmgmt__key_kinds[k].name, name) != 0)
        k++;
    return (drmgmt__key_kind)k;
}

void drmgmt__keyring_free(drmgmt__keyring *keyring)
{
    if (!keyring || atomic_fetch_sub(&keyring->holds, 1) > 1)
        return;
    for (size_t i = 0; i < keyring->count[DRMGMT__KEY_ED25519]; i++)
        EVP_PKEY_free(keyring->ed25519[i]);
    drmgmt__wipe(keyring, sizeof *keyring);
    free(keyring);
}

uint64_t drmgmt__keyring_generation(const drmgmt__keyring *keyring)
{
    return keyring->generation;
}

/* ---- asked for ---- */

const uint8_t *drmgmt__keyring_at(const drmgmt__keyring *keyring, drmgmt__key_kind kind, size_t i, unsigned *number)
{
    if (i >= keyring->count[kind])
        return NULL;
    *number = keyring->keys[kind][i].number;
    return keyring->keys[kind][i].bytes;
}

static const drmgmt__key *maker_of_kind(const drmgmt__keyring *keyring, drmgmt__key_kind kind)
{
    const drmgmt__key *best = NULL;

    for (size_t i = 0; i < keyring->count[kind]; i++) {
        const drmgmt__key *k = &keyring->keys[kind][i];
        if (!k->standby && (!best || k->number > best->number))
            best = k;
    }
    return best;
}

static const drmgmt__key *numbered(const drmgmt__keyring *keyring, drmgmt__key_kind kind, unsigned number)
{
    for (size_t i = 0; i < keyring->count[kind]; i++)
        if (keyring->keys[kind][i].number == number)
            return &keyring->keys[kind][i];
    return NULL;
}

const uint8_t *drmgmt__keyring_key(const drmgmt__keyring *keyring, drmgmt__key_kind kind, unsigned *number)
{
    const drmgmt__key *key = *number ? numbered(keyring, kind, *number) : maker_of_kind(keyring, kind);

    if (!key)
        return NULL;
    *number = key->number;
    return key->bytes;
}

const drmgmt__key *drmgmt__keyring_maker(const drmgmt__keyring *keyring, drmgmt__key_use use, drmgmt__key_kind *kind)
{
    const drmgmt__key *best = NULL;

    for (int k = 0; k < DRMGMT__KEY_KINDS; k++) {
        if (drmgmt__key_kinds[k].use != use)
            continue;
        const drmgmt__key *key = maker_of_kind(keyring, (drmgmt__key_kind)k);
        if (!key || (best && best->number > key->number))
            continue;
        best = key;
        if (kind)
            *kind = (drmgmt__key_kind)k;
    }
    return best;
}

const drmgmt__key *drmgmt__keyring_find(const drmgmt__keyring *keyring, drmgmt__key_use use, unsigned number,
                                        drmgmt__key_kind *kind)
{
    for (int k = 0; k < DRMGMT__KEY_KINDS; k++) {
        const drmgmt__key *key =
            drmgmt__key_kinds[k].use == use ? numbered(keyring, (drmgmt__key_kind)k, number) : NULL;
        if (!key)
            continue;
        if (kind)
            *kind = (drmgmt__key_kind)k;
        return key;
    }
    return NULL;
}

/* Cursors are signed with keys made from those of tokens, so that neither is of use for the other. */
static bool derive_cursor_key(const drmgmt__key *key, uint8_t out[32])
{
    static const char purpose[] = "drmgmt cursor key";

    return drmgmt__hmac_sha256(key->bytes, purpose, sizeof purpose - 1, out) == 0;
}

bool drmgmt__keyring_cursor_key(const drmgmt__keyring *keyring, size_t i, uint8_t key[32])
{
    const drmgmt__key *first = drmgmt__keyring_maker(keyring, DRMGMT__USE_SIGN, NULL);

    if (i == 0)
        return first && derive_cursor_key(first, key);
    for (int k = 0; k < DRMGMT__KEY_KINDS; k++) {
        if (drmgmt__key_kinds[k].use != DRMGMT__USE_SIGN)
            continue;
        for (size_t j = 0; j < keyring->count[k]; j++)
            if (&keyring->keys[k][j] != first && --i == 0)
                return derive_cursor_key(&keyring->keys[k][j], key);
    }
    return false;
}

/* ---- reading the text ---- */

/* 1..999999999, digits only; 0 for anything else. */
static unsigned read_number(const char *text)
{
    size_t n = strlen(text);

    return n >= 1 && n <= 9 && strspn(text, "0123456789") == n ? (unsigned)strtoul(text, NULL, 10) : 0;
}

/* "2026-11-24T10:00:00Z" and nothing else; false otherwise. */
static bool read_time(const char *text, int64_t *at)
{
    struct tm tm = { 0 };
    char again[24];

    const char *end = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm);
    if (!end || *end)
        return false;
    time_t t = timegm(&tm);
    if (t <= 0 || !gmtime_r(&t, &tm) || strftime(again, sizeof again, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
        return false;
    *at = t;
    return strcmp(again, text) == 0;
}

static const char *read_mark(const char *word, drmgmt__key *key)
{
    if (strcmp(word, "standby") == 0 && !key->standby)
        key->standby = true;
    else if (strncmp(word, "since=", 6) != 0 || key->since || !read_time(word + 6, &key->since))
        return "after the key only \"standby\" and \"since=YYYY-MM-DDTHH:MM:SSZ\" may stand";
    return NULL;
}

static const char *add_key(drmgmt__keyring *keyring, drmgmt__key_kind kind, const drmgmt__key *key)
{
    size_t n = keyring->count[kind];

    if (drmgmt__keyring_find(keyring, drmgmt__key_kinds[kind].use, key->number, NULL))
        return drmgmt__key_kinds[kind].use == DRMGMT__USE_SIGN
                   ? "this number stands there twice (token and ed25519 keys share their numbers)"
                   : "this number stands there twice";
    if (n == DRMGMT__KEYS_MAX)
        return "too many keys of this kind";
    if (kind == DRMGMT__KEY_ED25519 && !(keyring->ed25519[n] = drmgmt__ed25519_open(key->bytes)))
        return "OpenSSL makes no Ed25519 key of it";
    keyring->keys[kind][n] = *key;
    keyring->count[kind]++;
    return NULL;
}

static const char *add_line(drmgmt__keyring *keyring, char *line)
{
    static const char blank[] = " \t";
    char *state = NULL;
    const char *name = strtok_r(line, blank, &state), *number = strtok_r(NULL, blank, &state),
               *hex = strtok_r(NULL, blank, &state), *wrong = NULL;
    drmgmt__key key = { .number = 0 };

    if (!hex)
        return "\"kind number hex\" is expected";
    drmgmt__key_kind kind = drmgmt__key_kind_parse(name);
    key.number = read_number(number);
    for (const char *word; !wrong && (word = strtok_r(NULL, blank, &state));)
        wrong = read_mark(word, &key);
    if (kind == DRMGMT__KEY_KINDS)
        wrong = "the kind is one of seal, kek, token, ed25519";
    else if (key.number == 0)
        wrong = "the number is not one of 1..999999999";
    else if (strlen(hex) != 2 * DRMGMT__KEY_SIZE || drmgmt__unhex(hex, key.bytes, DRMGMT__KEY_SIZE))
        wrong = "a key is 64 hexadecimal digits";
    if (!wrong)
        wrong = add_key(keyring, kind, &key);
    drmgmt__wipe(&key, sizeof key);
    return wrong;
}

static int add_lines(const char *path, char *text, drmgmt__keyring *keyring, drmgmt_error **error)
{
    char *state = NULL;
    unsigned number = 0;

    /* strtok would skip empty lines and count wrong. */
    for (char *line = text; line && *line; line = state) {
        state = strchr(line, '\n');
        if (state)
            *state++ = '\0';
        number++;
        line += strspn(line, " \t\r");
        line[strcspn(line, "\r")] = '\0';
        if (!*line || *line == '#')
            continue;
        const char *wrong = add_line(keyring, line);
        if (wrong)
            return drmgmt__fail(error, DRMGMT_ERR_CRYPTO, "keyring %s, line %u: %s", path, number, wrong);
    }
    return 0;
}

static int check_complete(const char *path, const drmgmt__keyring *keyring, drmgmt_error **error)
{
    static const char *const names[DRMGMT__KEY_USES] = { "\"seal\"", "\"kek\"", "\"token\" or \"ed25519\"" };

    for (int use = 0; use < DRMGMT__KEY_USES; use++) {
        size_t n = 0;
        for (int k = 0; k < DRMGMT__KEY_KINDS; k++)
            n += drmgmt__key_kinds[k].use == (drmgmt__key_use)use ? keyring->count[k] : 0;
        if (n == 0)
            return drmgmt__fail(error, DRMGMT_ERR_CRYPTO, "keyring %s has no key of kind %s", path, names[use]);
        if (!drmgmt__keyring_maker(keyring, (drmgmt__key_use)use, NULL))
            return drmgmt__fail(error, DRMGMT_ERR_CRYPTO, "keyring %s: every key of kind %s is on standby", path,
                                names[use]);
    }
    return 0;
}

int drmgmt__keyring_parse(const char *path, char *text, drmgmt__keyring **keyring, drmgmt_error **error)
{
    static atomic_ullong generations;
    drmgmt__keyring *k = calloc(1, sizeof *k);

    if (!k)
        return drmgmt__fail_memory(error);
    k->holds = 1;
    k->generation = atomic_fetch_add(&generations, 1) + 1;
    int rc = add_lines(path, text, k, error);
    if (!rc)
        rc = check_complete(path, k, error);
    if (rc) {
        drmgmt__keyring_free(k);
        return rc;
    }
    *keyring = k;
    return 0;
}

void drmgmt__key_line(drmgmt__key_kind kind, const drmgmt__key *key, char line[DRMGMT__KEY_LINE])
{
    char hex[2 * DRMGMT__KEY_SIZE + 1], since[40] = "";
    struct tm tm;
    time_t at = (time_t)key->since;

    drmgmt__hex(key->bytes, DRMGMT__KEY_SIZE, hex);
    if (at && gmtime_r(&at, &tm))
        strftime(since, sizeof since, " since=%Y-%m-%dT%H:%M:%SZ", &tm);
    snprintf(line, DRMGMT__KEY_LINE, "%s %u %s%s%s\n", drmgmt__key_kinds[kind].name, key->number, hex,
             key->standby ? " standby" : "", since);
    drmgmt__wipe(hex, sizeof hex);
}
