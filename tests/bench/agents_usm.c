/* Version 3 around the agents' answers (RFC 3412, RFC 3414, RFC 3826): one user, SHA-1 and AES-128, an engine id of its
 * own for each address. Called by agents.c; calls OpenSSL. Written apart from the library's own, so that the two check
 * each other. */
#include "agents.h"
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <string.h>
#include <time.h>

enum {
    ENGINE_ID = 9, /* RFC 3411: enterprise 8072 with the high bit, format 1, the IPv4 address */
    KEY = SHA_DIGEST_LENGTH,
    AUTH = 12,
    SALT = 8,
    BOOTS = 7,
    WINDOW_S = 150,
    FLAG_AUTH = 1,
    FLAG_PRIV = 2,
    KEYS = 1 << 16, /* kept localized keys, by the low half of the address */
    USER_MAX = 32,
    INTEGER = 0x02,
    OCTETS = 0x04,
    SEQUENCE = 0x30,
    REPORT = 0xa8
};

typedef struct localized {
    uint32_t address;
    uint8_t key[KEY];
} localized;

static uint8_t user_key[KEY];
static localized keys[KEYS];
static EVP_CIPHER_CTX *cipher;
static uint64_t salts;

typedef struct message {
    long id, flags, boots, time;
    agents_cursor engine, user, auth, salt, scoped;
} message;

/* RFC 3414, appendix A.2.2: a million bytes of the repeated passphrase. */
static bool hash_passphrase(void)
{
    static uint8_t million[1 << 20];
    unsigned length = 0;

    for (size_t i = 0; i < sizeof million; i++)
        million[i] = (uint8_t)AGENTS_PASSPHRASE[i % (sizeof AGENTS_PASSPHRASE - 1)];
    return EVP_Digest(million, sizeof million, user_key, &length, EVP_sha1(), NULL) == 1 && length == KEY;
}

bool agents_usm_init(void)
{
    cipher = EVP_CIPHER_CTX_new();
    salts = (uint64_t)time(NULL) << 20;
    return cipher && hash_passphrase();
}

static void make_engine(uint32_t address, uint8_t engine[ENGINE_ID])
{
    static const uint8_t head[] = { 0x80, 0x00, 0x1f, 0x88, 0x01 };

    memcpy(engine, head, sizeof head);
    memcpy(engine + sizeof head, &address, 4);
}

static const uint8_t *key_of(uint32_t address, const uint8_t engine[ENGINE_ID])
{
    const uint8_t *bytes = (const uint8_t *)&address;
    localized *kept = &keys[bytes[2] << 8 | bytes[3]];
    uint8_t text[2 * KEY + ENGINE_ID];

    if (kept->address == address)
        return kept->key;
    memcpy(text, user_key, KEY);
    memcpy(text + KEY, engine, ENGINE_ID);
    memcpy(text + KEY + ENGINE_ID, user_key, KEY);
    SHA1(text, sizeof text, kept->key);
    kept->address = address;
    return kept->key;
}

static long engine_time(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return (long)(now.tv_sec & 0x7fffffff);
}

static void put_int(uint8_t *at, long value) /* six bytes */
{
    at[0] = INTEGER;
    at[1] = 4;
    for (int i = 0; i < 4; i++)
        at[2 + i] = (uint8_t)((unsigned long)value >> (24 - 8 * i));
}

static bool digest(const uint8_t *key, const uint8_t *bytes, size_t n, uint8_t out[AUTH])
{
    uint8_t whole[EVP_MAX_MD_SIZE];
    unsigned length;

    if (!HMAC(EVP_sha1(), key, KEY, bytes, n, whole, &length))
        return false;
    memcpy(out, whole, AUTH);
    return true;
}

/* AES in CFB mode; the vector is boots, time and salt (RFC 3826, section 3.1.2.1). */
static bool cfb(bool encrypt, const uint8_t *key, long boots, long at, const uint8_t salt[SALT], const uint8_t *in,
                size_t n, uint8_t *out)
{
    uint8_t vector[16];
    int length = 0;

    for (int i = 0; i < 4; i++) {
        vector[i] = (uint8_t)((unsigned long)boots >> (24 - 8 * i));
        vector[4 + i] = (uint8_t)((unsigned long)at >> (24 - 8 * i));
    }
    memcpy(vector + 8, salt, SALT);
    return EVP_CipherInit_ex(cipher, EVP_aes_128_cfb128(), NULL, key, vector, encrypt) == 1 &&
           EVP_CipherUpdate(cipher, out, &length, in, (int)n) == 1 && (size_t)length == n;
}

static bool parse(const uint8_t *in, size_t n, message *m)
{
    agents_cursor whole = { in, in + n }, all, global, flags, outer, security;
    long version, size, model;

    bool good = agents_next(&whole, SEQUENCE, &all) && agents_next_int(&all, &version) &&
                agents_next(&all, SEQUENCE, &global) && agents_next_int(&global, &m->id) &&
                agents_next_int(&global, &size) && agents_next(&global, OCTETS, &flags) && flags.at < flags.end &&
                agents_next_int(&global, &model) && model == 3 && agents_next(&all, OCTETS, &outer) &&
                agents_next(&outer, SEQUENCE, &security) && agents_next(&security, OCTETS, &m->engine) &&
                agents_next_int(&security, &m->boots) && agents_next_int(&security, &m->time) &&
                agents_next(&security, OCTETS, &m->user) && agents_next(&security, OCTETS, &m->auth) &&
                agents_next(&security, OCTETS, &m->salt);
    if (!good)
        return false;
    m->flags = *flags.at;
    m->scoped = all;
    return m->user.end - m->user.at <= USER_MAX;
}

/* ---- out: everything before the scoped PDU has a fixed size, but for the user's name, which goes back as it came ----
 */
enum {
    GLOBAL = 2 + 6 + 6 + 3 + 3,
    SECURITY = 2 + ENGINE_ID + 6 + 6 + 2 + 2 + AUTH + 2 + SALT, /* without the name */
    SECURITY_AT = AGENTS_HEAD + 3 + GLOBAL,
    CONTEXT = 2 + ENGINE_ID + 2 /* of the scoped PDU: its engine and the empty context name */
};

static size_t user_length(const message *m)
{
    return (size_t)(m->user.end - m->user.at);
}

static size_t scoped_at(const message *m)
{
    return SECURITY_AT + 4 + SECURITY + user_length(m);
}

static size_t auth_at(const message *m)
{
    return scoped_at(m) - AUTH - 2 - SALT;
}

static uint8_t *put(uint8_t *at, uint8_t tag, const void *bytes, size_t n)
{
    at[0] = tag;
    at[1] = (uint8_t)n;
    if (n)
        memcpy(at + 2, bytes, n);
    return at + 2 + n;
}

/* The head of an answer whose scoped PDU of length n stands (in the clear) at out + scoped_at(m). Returns its length.
 */
static size_t wrap(const message *m, const uint8_t engine[ENGINE_ID], const uint8_t *key, long flags, uint8_t *out,
                   size_t n)
{
    static const uint8_t version[] = { INTEGER, 1, 3 }, zeros[AUTH];
    static uint8_t sealed[AGENTS_DATAGRAM_MAX];
    long now = engine_time();
    uint8_t flag = (uint8_t)flags, salt[SALT];

    salts++;
    memcpy(salt, &salts, SALT);
    if (flags & FLAG_PRIV) {
        if (!cfb(true, key, BOOTS, now, salt, out + scoped_at(m), n, sealed))
            return 0;
        agents_head(out + scoped_at(m), OCTETS, n);
        memcpy(out + scoped_at(m) + AGENTS_HEAD, sealed, n);
        n += AGENTS_HEAD;
    }
    agents_head(out, SEQUENCE, scoped_at(m) - AGENTS_HEAD + n);
    uint8_t *at = out + AGENTS_HEAD;
    memcpy(at, version, sizeof version);
    at += sizeof version;
    *at++ = SEQUENCE;
    *at++ = GLOBAL - 2;
    put_int(at, m->id);
    put_int(at + 6, AGENTS_DATAGRAM_MAX);
    at = put(at + 12, OCTETS, &flag, 1);
    at = put(at, INTEGER, "\x03", 1);
    *at++ = OCTETS;
    *at++ = (uint8_t)(SECURITY + 2 + user_length(m));
    *at++ = SEQUENCE;
    *at++ = (uint8_t)(SECURITY + user_length(m));
    at = put(at, OCTETS, engine, ENGINE_ID);
    put_int(at, BOOTS);
    put_int(at + 6, now);
    at = put(at + 12, OCTETS, m->user.at, user_length(m));
    at = put(at, OCTETS, zeros, AUTH);
    put(at, OCTETS, salt, SALT);
    if (flags & FLAG_AUTH)
        return digest(key, out, scoped_at(m) + n, out + auth_at(m)) ? scoped_at(m) + n : 0;
    return scoped_at(m) + n;
}

static void put_context(uint8_t *out, const uint8_t engine[ENGINE_ID], size_t pdu)
{
    agents_head(out, SEQUENCE, CONTEXT + pdu);
    put(put(out + AGENTS_HEAD, OCTETS, engine, ENGINE_ID), OCTETS, NULL, 0);
}

/* RFC 3414, section 3.2: why a message is not processed, a counter of usmStats. */
static size_t report(const message *m, const uint8_t engine[ENGINE_ID], const uint8_t *key, uint8_t counter,
                     uint8_t *out)
{
    enum { NOT_IN_TIME = 2 };
    uint8_t pdu[] = { REPORT, 0x22, INTEGER, 4,    0,       0,    0,    0,    INTEGER, 1, 0, INTEGER,
                      1,      0,    0x30,    0x14, 0x30,    0x12, 0x06, 0x0a, 0x2b,    6, 1, 6,
                      3,      15,   1,       1,    counter, 0,    0x41, 4,    0,       0, 0, 1 };

    memcpy(out + scoped_at(m) + AGENTS_HEAD + CONTEXT, pdu, sizeof pdu);
    put_context(out + scoped_at(m), engine, sizeof pdu);
    return wrap(m, engine, key, counter == NOT_IN_TIME ? FLAG_AUTH : 0, out, AGENTS_HEAD + CONTEXT + sizeof pdu);
}

static bool is_authentic(const uint8_t *in, size_t n, const message *m, const uint8_t *key)
{
    static uint8_t copy[AGENTS_DATAGRAM_MAX];
    uint8_t mac[AUTH];

    if (m->auth.end - m->auth.at != AUTH || n > sizeof copy)
        return false;
    memcpy(copy, in, n);
    memset(copy + (m->auth.at - in), 0, AUTH);
    return digest(key, copy, n, mac) && memcmp(mac, m->auth.at, AUTH) == 0;
}

/* The scoped PDU in the clear, and the PDU within. */
static bool open_scoped(const message *m, const uint8_t *key, agents_cursor *pdu)
{
    static uint8_t plain[AGENTS_DATAGRAM_MAX];
    agents_cursor scoped = m->scoped, sealed, content, engine, name;

    if (m->flags & FLAG_PRIV) {
        size_t n = agents_next(&scoped, OCTETS, &sealed) ? (size_t)(sealed.end - sealed.at) : 0;
        if (!n || n > sizeof plain || m->salt.end - m->salt.at != SALT ||
            !cfb(false, key, m->boots, m->time, m->salt.at, sealed.at, n, plain))
            return false;
        scoped = (agents_cursor){ plain, plain + n };
    }
    if (!agents_next(&scoped, SEQUENCE, &content) || !agents_next(&content, OCTETS, &engine) ||
        !agents_next(&content, OCTETS, &name))
        return false;
    *pdu = content;
    return true;
}

size_t agents_usm_answer(const uint8_t *in, size_t n, uint32_t address, uint8_t *out)
{
    enum { NOT_IN_TIME = 2, UNKNOWN_USER = 3, UNKNOWN_ENGINE = 4, WRONG_DIGEST = 5, DECRYPTION = 6 };
    uint8_t engine[ENGINE_ID];
    message m;
    agents_cursor pdu;

    if (!parse(in, n, &m))
        return 0;
    make_engine(address, engine);
    const uint8_t *key = key_of(address, engine);
    if (m.engine.end - m.engine.at != ENGINE_ID || memcmp(m.engine.at, engine, ENGINE_ID) != 0)
        return report(&m, engine, key, UNKNOWN_ENGINE, out);
    if (m.user.end - m.user.at != sizeof AGENTS_USER - 1 || memcmp(m.user.at, AGENTS_USER, sizeof AGENTS_USER - 1) != 0)
        return report(&m, engine, key, UNKNOWN_USER, out);
    if (!(m.flags & FLAG_AUTH) || !is_authentic(in, n, &m, key))
        return report(&m, engine, key, WRONG_DIGEST, out);
    long behind = engine_time() - m.time;
    if (m.boots != BOOTS || behind > WINDOW_S || behind < -WINDOW_S)
        return report(&m, engine, key, NOT_IN_TIME, out);
    if (!open_scoped(&m, key, &pdu))
        return report(&m, engine, key, DECRYPTION, out);
    size_t at = scoped_at(&m) + AGENTS_HEAD + CONTEXT;
    size_t length = agents_answer_pdu(pdu, out + at, AGENTS_DATAGRAM_MAX - at - AGENTS_HEAD);
    if (!length)
        return 0;
    put_context(out + scoped_at(&m), engine, length);
    return wrap(&m, engine, key, m.flags & (FLAG_AUTH | FLAG_PRIV), out, AGENTS_HEAD + CONTEXT + length);
}
