/* The user-based security model. Called by engine.c and the trap listener; calls message.c and OpenSSL. */
#include "proto/snmp/usm.h"

#include "core/core.h"
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

enum { SALT = 8, BLOCK = 16, EXPANDED = 1048576, CHUNK = 64, WINDOW_S = 150 };

static const drmgmt__usm_auth auths[] = {
    { "MD5", "MD5", 16, 12 },        { "SHA", "SHA1", 20, 12 },       { "SHA-224", "SHA224", 28, 16 },
    { "SHA-256", "SHA256", 32, 24 }, { "SHA-384", "SHA384", 48, 32 }, { "SHA-512", "SHA512", 64, 48 },
};

/* Single DES is triple DES with one key three times: OpenSSL 3 has DES only in its legacy provider, a file to load. */
static const drmgmt__usm_priv privs[] = {
    { "DES", "DES-EDE3-CBC", 16, true, false },      { "AES-128", "AES-128-CFB", 16, false, false },
    { "AES-192", "AES-192-CFB", 24, false, false },  { "AES-256", "AES-256-CFB", 32, false, false },
    { "AES-192-C", "AES-192-CFB", 24, false, true }, { "AES-256-C", "AES-256-CFB", 32, false, true },
};

const drmgmt__usm_auth *drmgmt__usm_auth_find(const char *name)
{
    for (size_t i = 0; i < DRMGMT__COUNT(auths); i++)
        if (strcmp(auths[i].name, name) == 0)
            return &auths[i];
    return NULL;
}

const drmgmt__usm_priv *drmgmt__usm_priv_find(const char *name)
{
    for (size_t i = 0; i < DRMGMT__COUNT(privs); i++)
        if (strcmp(privs[i].name, name) == 0)
            return &privs[i];
    return NULL;
}

/* ---- OpenSSL's algorithms, looked up once: doing it for each message costs more than the message ---- */

static struct {
    EVP_MD *digests[DRMGMT__COUNT(auths)];
    EVP_CIPHER *ciphers[DRMGMT__COUNT(privs)];
    EVP_MAC *hmac;
    atomic_uint_fast64_t salt;
    bool good;
} algorithms;

static void fetch(void)
{
    uint64_t first;
    bool good = drmgmt__random(&first, sizeof first) == 0;

    for (size_t i = 0; i < DRMGMT__COUNT(auths); i++)
        good &= (algorithms.digests[i] = EVP_MD_fetch(NULL, auths[i].digest, NULL)) != NULL;
    for (size_t i = 0; i < DRMGMT__COUNT(privs); i++)
        good &= (algorithms.ciphers[i] = EVP_CIPHER_fetch(NULL, privs[i].cipher, NULL)) != NULL;
    algorithms.hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    atomic_store(&algorithms.salt, first);
    algorithms.good = good && algorithms.hmac;
}

static bool ready(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, fetch);
    return algorithms.good;
}

static const EVP_MD *digest_of(const drmgmt__usm_auth *auth)
{
    return algorithms.digests[auth - auths];
}

/* ---- keys ---- */

static bool hash_passphrase(const drmgmt__usm_auth *auth, const uint8_t *passphrase, size_t length,
                            drmgmt__usm_key *out)
{
    uint8_t chunk[CHUNK];
    EVP_MD_CTX *context = ready() && length ? EVP_MD_CTX_new() : NULL;

    bool good = context && EVP_DigestInit_ex2(context, digest_of(auth), NULL);
    for (size_t done = 0, at = 0; good && done < EXPANDED; done += CHUNK) {
        for (size_t i = 0; i < CHUNK; i++) {
            chunk[i] = passphrase[at];
            at = at + 1 == length ? 0 : at + 1;
        }
        good = EVP_DigestUpdate(context, chunk, CHUNK);
    }
    good = good && EVP_DigestFinal_ex(context, out->bytes, NULL);
    EVP_MD_CTX_free(context);
    drmgmt__wipe(chunk, sizeof chunk);
    return good;
}

int drmgmt__usm_ku(const drmgmt__usm_auth *auth, const drmgmt__octets *passphrase, drmgmt__usm_key *out)
{
    return hash_passphrase(auth, passphrase->bytes, passphrase->length, out) ? 0 : -1;
}

/* Digest of up to three pieces. */
static bool digest(const drmgmt__usm_auth *auth, const drmgmt__octets *pieces, size_t n, uint8_t *out)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();

    bool good = context && EVP_DigestInit_ex2(context, digest_of(auth), NULL);
    for (size_t i = 0; i < n; i++)
        good = good && EVP_DigestUpdate(context, pieces[i].bytes, pieces[i].length);
    good = good && EVP_DigestFinal_ex(context, out, NULL);
    EVP_MD_CTX_free(context);
    return good;
}

/* RFC 3414, section 2.6: H(Ku, engine, Ku). */
static bool localize(const drmgmt__usm_auth *auth, const uint8_t *ku, const drmgmt__octets *engine, uint8_t *out)
{
    const drmgmt__octets pieces[] = { { ku, auth->key_length }, *engine, { ku, auth->key_length } };

    return digest(auth, pieces, 3, out);
}

/* A localized key as long as the cipher wants it: its digest behind it, and so on (what agents do with SHA-1 and MD5).
 */
static bool lengthen(const drmgmt__usm_keys *keys, uint8_t *key)
{
    const drmgmt__usm_auth *auth = keys->auth;
    uint8_t more[EVP_MAX_MD_SIZE];
    bool good = true;

    for (size_t n = auth->key_length; good && n < keys->priv->key_length; n += auth->key_length) {
        const drmgmt__octets whole = { key, n };
        size_t take = keys->priv->key_length - n;
        good = digest(auth, &whole, 1, more);
        memcpy(key + n, more, take < auth->key_length ? take : auth->key_length);
    }
    drmgmt__wipe(more, sizeof more);
    return good;
}

int drmgmt__usm_localize(drmgmt__usm_keys *keys, const drmgmt__usm_key *ku_auth, const drmgmt__usm_key *ku_priv,
                         const drmgmt__octets *engine)
{
    if (!ready())
        return -1;
    if (!keys->auth)
        return 0;
    keys->half = keys->priv && keys->priv->reeder && keys->priv->key_length > keys->auth->key_length;
    bool good = localize(keys->auth, ku_auth->bytes, engine, keys->auth_key.bytes) &&
                (!keys->priv || (localize(keys->auth, ku_priv->bytes, engine, keys->priv_key.bytes) &&
                                 (keys->half || lengthen(keys, keys->priv_key.bytes))));
    return good ? 0 : -1;
}

drmgmt__octets drmgmt__usm_half(const drmgmt__usm_keys *keys)
{
    return (drmgmt__octets){ keys->priv_key.bytes, keys->auth->key_length };
}

/* The shortest digest is 16 bytes and the longest key 32: one more is enough. */
int drmgmt__usm_complete(drmgmt__usm_keys *keys, const drmgmt__usm_key *ku_half, const drmgmt__octets *engine)
{
    size_t n = keys->auth->key_length, take = keys->priv->key_length - n;
    uint8_t more[EVP_MAX_MD_SIZE];

    if (!localize(keys->auth, ku_half->bytes, engine, more))
        return -1;
    memcpy(keys->priv_key.bytes + n, more, take < n ? take : n);
    drmgmt__wipe(more, sizeof more);
    keys->half = false;
    return 0;
}

/* ---- digests ---- */

static EVP_MAC_CTX *begin_mac(const char *digest_name, const uint8_t *key, size_t length)
{
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)(uintptr_t)digest_name, 0),
        OSSL_PARAM_construct_end(),
    };
    EVP_MAC_CTX *context = ready() ? EVP_MAC_CTX_new(algorithms.hmac) : NULL;

    if (context && !EVP_MAC_init(context, key, length, parameters)) {
        EVP_MAC_CTX_free(context);
        return NULL;
    }
    return context;
}

static bool mac_of(const drmgmt__usm_keys *keys, const uint8_t *packet, size_t length, uint8_t *out)
{
    size_t size;
    EVP_MAC_CTX *context = begin_mac(keys->auth->digest, keys->auth_key.bytes, keys->auth->key_length);

    bool good =
        context && EVP_MAC_update(context, packet, length) && EVP_MAC_final(context, out, &size, EVP_MAX_MD_SIZE);
    EVP_MAC_CTX_free(context);
    return good;
}

bool drmgmt__usm_fingerprint(const uint8_t *key, size_t key_length, const drmgmt__octets *pieces, size_t n,
                             uint8_t out[32])
{
    EVP_MAC_CTX *context = begin_mac("SHA256", key, key_length);
    size_t size;

    bool good = context != NULL;
    for (size_t i = 0; i < n; i++)
        good = good && EVP_MAC_update(context, (const uint8_t *)&pieces[i].length, sizeof pieces[i].length) &&
               EVP_MAC_update(context, pieces[i].bytes, pieces[i].length);
    good = good && EVP_MAC_final(context, out, &size, 32);
    EVP_MAC_CTX_free(context);
    return good;
}

/* ---- encryption ---- */

/* RFC 3414, section 8.1.1.1; RFC 3826, section 3.1.2.1. */
static void make_iv(const drmgmt__usm_keys *keys, const drmgmt__snmp_usm *usm, const uint8_t salt[SALT],
                    uint8_t iv[BLOCK])
{
    const uint32_t boots = (uint32_t)usm->boots, time = (uint32_t)usm->time;

    if (keys->priv->des) {
        for (size_t i = 0; i < SALT; i++)
            iv[i] = salt[i] ^ keys->priv_key.bytes[8 + i];
        return;
    }
    for (size_t i = 0; i < 4; i++) {
        iv[i] = (uint8_t)(boots >> (24 - 8 * i));
        iv[4 + i] = (uint8_t)(time >> (24 - 8 * i));
    }
    memcpy(iv + 8, salt, SALT);
}

/* length is a multiple of 8 for DES. */
static bool cipher(const drmgmt__usm_keys *keys, const uint8_t iv[BLOCK], bool encrypt, const uint8_t *in,
                   size_t length, uint8_t *out)
{
    uint8_t triple[24];
    int n = 0;
    EVP_CIPHER_CTX *context = ready() ? EVP_CIPHER_CTX_new() : NULL;

    for (size_t i = 0; keys->priv->des && i < sizeof triple; i++)
        triple[i] = keys->priv_key.bytes[i % 8];
    bool good = context &&
                EVP_CipherInit_ex2(context, algorithms.ciphers[keys->priv - privs],
                                   keys->priv->des ? triple : keys->priv_key.bytes, iv, encrypt, NULL) &&
                EVP_CIPHER_CTX_set_padding(context, 0) && EVP_CipherUpdate(context, out, &n, in, (int)length) &&
                n == (int)length;
    EVP_CIPHER_CTX_free(context);
    drmgmt__wipe(triple, sizeof triple);
    return good;
}

/* Different for each message of the process, so that no two share an initial value under one key. */
static void make_salt(const drmgmt__usm_keys *keys, const drmgmt__snmp_usm *usm, uint8_t salt[SALT])
{
    uint64_t number = atomic_fetch_add(&algorithms.salt, 1);

    if (keys->priv->des)
        number = (uint64_t)(uint32_t)usm->boots << 32 | (uint32_t)number;
    for (size_t i = 0; i < SALT; i++)
        salt[i] = (uint8_t)(number >> (56 - 8 * i));
}

/* ---- messages ---- */

uint8_t drmgmt__usm_flags(const drmgmt__usm_keys *keys)
{
    return (uint8_t)((keys->auth ? DRMGMT__SNMP_AUTH : 0) | (keys->priv ? DRMGMT__SNMP_PRIV : 0));
}

/* Encrypts the scoped PDU at the end of scratch where it stands. */
static bool encrypt_scoped(drmgmt__snmp_message *m, const drmgmt__usm_keys *keys, uint8_t *scratch, size_t room,
                           uint8_t salt[SALT])
{
    uint8_t iv[BLOCK], *start = (uint8_t *)(uintptr_t)m->scoped.at;
    size_t length = drmgmt__ber_left(&m->scoped), padded = keys->priv->des ? (length + 7) / 8 * 8 : length;

    if (padded != length) { /* behind it, so it moves down */
        if (room < padded)
            return false;
        memmove(scratch + room - padded, start, length);
        start = scratch + room - padded;
        memset(start + length, 0, padded - length);
    }
    make_salt(keys, &m->usm, salt);
    make_iv(keys, &m->usm, salt, iv);
    m->usm.salt = (drmgmt__octets){ salt, SALT };
    m->scoped = (drmgmt__ber){ start, start + padded };
    return cipher(keys, iv, true, start, padded, start);
}

uint8_t *drmgmt__usm_seal(drmgmt__snmp_message *m, const drmgmt__usm_keys *keys, uint8_t *buffer, uint8_t *scratch,
                          size_t room, size_t *length)
{
    static const uint8_t none[DRMGMT__SNMP_MAC_MAX];
    uint8_t salt[SALT], digest_octets[EVP_MAX_MD_SIZE], *mac;

    m->flags = (uint8_t)((m->flags & DRMGMT__SNMP_REPORTABLE) | drmgmt__usm_flags(keys));
    m->usm.mac = (drmgmt__octets){ none, keys->auth ? keys->auth->mac_length : 0 };
    m->usm.salt = (drmgmt__octets){ salt, 0 };
    if (!ready() || (keys->priv && (keys->half || !encrypt_scoped(m, keys, scratch, room, salt))))
        return NULL;
    uint8_t *packet = drmgmt__snmp_v3_write(m, buffer, room, length, &mac);
    if (!packet || !keys->auth)
        return packet;
    if (!mac_of(keys, packet, *length, digest_octets))
        return NULL;
    memcpy(mac, digest_octets, keys->auth->mac_length);
    return packet;
}

uint8_t *drmgmt__usm_write(drmgmt__snmp_message *m, const drmgmt__usm_keys *keys, const drmgmt__snmp_varbind *varbinds,
                           size_t n, uint8_t *buffer, uint8_t *scratch, size_t room, size_t *length)
{
    size_t scoped_length;

    const uint8_t *scoped = drmgmt__snmp_scoped_write(m, varbinds, n, scratch, room, &scoped_length);
    if (!scoped)
        return NULL;
    m->scoped = (drmgmt__ber){ scoped, scoped + scoped_length };
    return drmgmt__usm_seal(m, keys, buffer, scratch, room, length);
}

/* RFC 3414, sections 6.3.2 and 7.3.2: over the whole message with zeros in the digest's place. */
static bool is_authentic(const drmgmt__snmp_message *m, const drmgmt__usm_keys *keys, uint8_t *packet, size_t length)
{
    uint8_t *mac = (uint8_t *)(uintptr_t)m->usm.mac.bytes;
    uint8_t told[DRMGMT__SNMP_MAC_MAX], made[EVP_MAX_MD_SIZE];
    size_t n = keys->auth->mac_length;

    if (m->usm.mac.length != n)
        return false;
    memcpy(told, mac, n);
    memset(mac, 0, n);
    return mac_of(keys, packet, length, made) && drmgmt__equal(told, made, n);
}

static bool decrypt(drmgmt__snmp_message *m, const drmgmt__usm_keys *keys, uint8_t *scratch, size_t room,
                    drmgmt__ber *plain)
{
    size_t length = drmgmt__ber_left(&m->scoped);
    uint8_t iv[BLOCK];

    if (m->usm.salt.length != SALT || length > room || (keys->priv->des && length % 8))
        return false;
    make_iv(keys, &m->usm, m->usm.salt.bytes, iv);
    *plain = (drmgmt__ber){ scratch, scratch + length };
    return cipher(keys, iv, false, m->scoped.at, length, scratch);
}

drmgmt__usm_verdict drmgmt__usm_read(drmgmt__snmp_message *m, const drmgmt__usm_keys *keys, uint8_t *packet,
                                     size_t length, uint8_t *scratch, size_t room)
{
    drmgmt__ber plain = m->scoped;

    if (m->flags & (uint8_t)~drmgmt__usm_flags(keys) & (DRMGMT__SNMP_AUTH | DRMGMT__SNMP_PRIV))
        return DRMGMT__USM_LEVEL;
    /* What stands behind the message is not part of it. */
    drmgmt__ber whole = { packet, packet + length }, content;
    if (!drmgmt__ber_enter(&whole, 0x30, &content))
        return DRMGMT__USM_DIGEST;
    length = (size_t)(whole.at - packet);
    if (m->flags & DRMGMT__SNMP_AUTH && !is_authentic(m, keys, packet, length))
        return DRMGMT__USM_DIGEST;
    if (m->flags & DRMGMT__SNMP_PRIV && keys->half)
        return DRMGMT__USM_HALF;
    if (m->flags & DRMGMT__SNMP_PRIV && !decrypt(m, keys, scratch, room, &plain))
        return DRMGMT__USM_DECRYPT;
    return drmgmt__snmp_scoped_read(m, &plain) ? DRMGMT__USM_DECRYPT : DRMGMT__USM_GOOD;
}

bool drmgmt__usm_in_window(int32_t known_boots, int64_t known_time, int32_t boots, int32_t time)
{
    if (boots == INT32_MAX || boots < known_boots)
        return false;
    return boots > known_boots || time >= known_time - WINDOW_S;
}
