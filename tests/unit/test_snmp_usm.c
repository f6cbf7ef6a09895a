/* The user-based security model: keys as RFC 3414, A.3 and the drafts have them, the others as Python's hashlib makes
 * them; messages sealed and opened at each level with each pair of protocols; what is damaged is refused. Needs no
 * server. */
#include "core/core.h"
#include "proto/snmp/usm.h"
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t engine_bytes[12] = { [11] = 2 };
static const drmgmt__octets engine = { engine_bytes, sizeof engine_bytes };
static const char *const auth_names[] = { "MD5", "SHA", "SHA-224", "SHA-256", "SHA-384", "SHA-512" };
static const char *const priv_names[] = { "DES", "AES-128", "AES-192", "AES-256", "AES-192-C", "AES-256-C" };

static void assert_hex(const char *what, const uint8_t *bytes, const char *hex)
{
    char text[2 * DRMGMT__USM_KEY_MAX + 1];

    drmgmt__hex(bytes, strlen(hex) / 2, text);
    cr_assert_eq(memcmp(text, hex, strlen(hex)), 0, "%s: %.128s, not %s", what, text, hex);
}

static const struct vector {
    const char *auth, *ku, *kul;
    const char *blumenthal, *reeder; /* kul lengthened to 32 bytes */
} vectors[] = {
    /* RFC 3414, A.3.1; draft-reeder-snmpv3-usm-3desede-00, B.1 */
    { "MD5", "9faf3283884e92834ebc9847d8edd963", "526f5eed9fcce26f8964c2930787d82b",
      "526f5eed9fcce26f8964c2930787d82bfa24a92467426c2f4b09192be10dfaec",
      "526f5eed9fcce26f8964c2930787d82b79eff44a90650ee0a3a40abfac5acc12" },
    /* RFC 3414, A.3.2; draft-blumenthal-aes-usm-04, A.2.2; draft-reeder-snmpv3-usm-3desede-00, B.2 */
    { "SHA", "9fb5cc0381497b3793528939ff788d5d79145211", "6695febc9288e36282235fc7151f128497b38f3f",
      "6695febc9288e36282235fc7151f128497b38f3f505e07eb9af25568fa1f5dbe",
      "6695febc9288e36282235fc7151f128497b38f3f9b8b6d78936ba6e7d19dfd9c" },
    { "SHA-224", "282a5867ee9aac639ad59df9572c7d3ac0fbc13a905b6df07dbbf00b",
      "0bd8827c6e29f8065e08e09237f177e410f69b90e1782be682075674",
      "0bd8827c6e29f8065e08e09237f177e410f69b90e1782be682075674e82d9bf0",
      "0bd8827c6e29f8065e08e09237f177e410f69b90e1782be68207567422c34be4" },
    { "SHA-256", "ab51014d1e077f6017df2b12bee5f5aa72993177e9bb569c4dff5a4ca0b4afac",
      "8982e0e549e866db361a6b625d84cccc11162d453ee8ce3a6445c2d6776f0f8b",
      "8982e0e549e866db361a6b625d84cccc11162d453ee8ce3a6445c2d6776f0f8b",
      "8982e0e549e866db361a6b625d84cccc11162d453ee8ce3a6445c2d6776f0f8b" },
    { "SHA-384", "e06eccdf2c68a06ed034723c9c26e0db3b669e1e2efed49150b55377a2e98f383c86fb836857444654b287c93f51ff64",
      "3b298f16164a11184279d5432bf169e2d2a48307de02b3d3f7e2b4f36eb6f0455a53689a3937eea07319a633d2ccba78",
      "3b298f16164a11184279d5432bf169e2d2a48307de02b3d3f7e2b4f36eb6f045",
      "3b298f16164a11184279d5432bf169e2d2a48307de02b3d3f7e2b4f36eb6f045" },
    { "SHA-512",
      "7e4396de5aadc77be853819b98c9406265b3a9c37cc3176569847a4e4f6fba63dd3a73d04924d31a63f95a601f9385af6be4ed1b37f87d04"
      "0f7c6ed6f8d38a91",
      "22a5a36cedfcc085807a128d7bc6c2382167ad6c0dbc5fdff856740f3d84c099ad1ea87a8db096714d9788bd544047c9021e4229ce27e4c0"
      "a69250adfcffbb0b",
      "22a5a36cedfcc085807a128d7bc6c2382167ad6c0dbc5fdff856740f3d84c099",
      "22a5a36cedfcc085807a128d7bc6c2382167ad6c0dbc5fdff856740f3d84c099" },
};

static const drmgmt__octets maplesyrup = { (const uint8_t *)"maplesyrup", 10 };

/* Keys of "maplesyrup" for the engine; priv may be NULL. */
static drmgmt__usm_keys make_keys(const char *auth, const char *priv)
{
    drmgmt__usm_keys keys = { .auth = drmgmt__usm_auth_find(auth), .priv = priv ? drmgmt__usm_priv_find(priv) : NULL };
    drmgmt__usm_key ku;

    cr_assert_eq(drmgmt__usm_ku(keys.auth, &maplesyrup, &ku), 0);
    cr_assert_eq(drmgmt__usm_localize(&keys, &ku, &ku, &engine), 0);
    if (keys.half) {
        const drmgmt__octets half = drmgmt__usm_half(&keys);
        cr_assert_eq(drmgmt__usm_ku(keys.auth, &half, &ku), 0);
        cr_assert_eq(drmgmt__usm_complete(&keys, &ku, &engine), 0);
    }
    return keys;
}

Test(snmp_usm, keys_of_a_passphrase)
{
    for (size_t i = 0; i < DRMGMT__COUNT(vectors); i++) {
        const struct vector *v = &vectors[i];
        drmgmt__usm_key ku;
        cr_assert_eq(drmgmt__usm_ku(drmgmt__usm_auth_find(v->auth), &maplesyrup, &ku), 0);
        assert_hex(v->auth, ku.bytes, v->ku);
        drmgmt__usm_keys keys = make_keys(v->auth, "AES-256");
        assert_hex(v->auth, keys.auth_key.bytes, v->kul);
        assert_hex(v->auth, keys.priv_key.bytes, v->blumenthal);
        keys = make_keys(v->auth, "AES-256-C");
        assert_hex(v->auth, keys.priv_key.bytes, v->reeder);
        keys = make_keys(v->auth, "AES-128");
        char first[33];
        memcpy(first, v->kul, 32);
        first[32] = '\0';
        assert_hex(v->auth, keys.priv_key.bytes, first);
    }
}

Test(snmp_usm, only_what_there_is)
{
    cr_assert_null(drmgmt__usm_auth_find("SHA-1024"));
    cr_assert_null(drmgmt__usm_auth_find(""));
    cr_assert_null(drmgmt__usm_priv_find("AES"));
    drmgmt__usm_key ku;
    cr_assert_neq(drmgmt__usm_ku(drmgmt__usm_auth_find("SHA"), &(drmgmt__octets){ NULL, 0 }, &ku), 0,
                  "an empty passphrase has no key");
}

/* ---- messages ---- */

static const uint32_t name_arcs[] = { 1, 3, 6, 1, 2, 1, 1, 5, 0 };
static uint8_t buffer[4096], scratch[4096];

static const uint8_t *seal(const drmgmt__usm_keys *keys, size_t *length)
{
    static const char text[] = "a value that is longer than a block of any cipher";
    const drmgmt__snmp_varbind vb = {
        { name_arcs, 9 }, { .tag = DRMGMT__SNMP_OCTETS, .octets = { (const uint8_t *)text, sizeof text - 1 } }
    };
    drmgmt__snmp_message m = {
        .version = DRMGMT__SNMP_V3,
        .id = 77,
        .max_size = 65507,
        .usm = { .engine = engine, .user = { (const uint8_t *)"bert", 4 }, .boots = 3, .time = 9 },
        .context_engine = engine,
        .context_name = { (const uint8_t *)"here", 4 },
        .pdu = { .type = DRMGMT__SNMP_SET, .request_id = 5 }
    };

    return drmgmt__usm_write(&m, keys, &vb, 1, buffer, scratch, sizeof buffer, length);
}

/* A copy of just its size, so that a sanitizer sees a byte too many being read. */
static drmgmt__usm_verdict open_copy(const uint8_t *bytes, size_t length, const drmgmt__usm_keys *keys, bool *whole)
{
    static uint8_t plain[4096];
    uint8_t *own = malloc(length ? length : 1);
    drmgmt__snmp_message m;
    drmgmt__usm_verdict verdict = DRMGMT__USM_DIGEST;

    memcpy(own, bytes, length);
    *whole = false;
    if (drmgmt__snmp_message_read(&m, own, length) == 0 && m.version == DRMGMT__SNMP_V3) {
        drmgmt__snmp_cursor c;
        drmgmt__snmp_varbind vb;
        verdict = drmgmt__usm_read(&m, keys, own, length, plain, sizeof plain);
        if (verdict == DRMGMT__USM_GOOD) {
            drmgmt__snmp_cursor_open(&c, &m.pdu);
            *whole = drmgmt__snmp_next(&c, &vb) == 1 && vb.value.tag == DRMGMT__SNMP_OCTETS &&
                     vb.value.octets.length == 49 && m.context_name.length == 4 && m.usm.boots == 3 &&
                     m.usm.time == 9 && m.pdu.request_id == 5 && m.id == 77;
        }
    }
    free(own);
    return verdict;
}

Test(snmp_usm, sealed_and_opened_with_each_pair)
{
    for (size_t a = 0; a < DRMGMT__COUNT(auth_names); a++)
        for (size_t p = 0; p <= DRMGMT__COUNT(priv_names); p++) {
            const char *priv = p < DRMGMT__COUNT(priv_names) ? priv_names[p] : NULL;
            drmgmt__usm_keys keys = make_keys(auth_names[a], priv), other = keys, none = { .auth = NULL };
            size_t length;
            bool whole;
            const uint8_t *packet = seal(&keys, &length);
            cr_assert_not_null(packet);
            cr_assert_eq(open_copy(packet, length, &keys, &whole), DRMGMT__USM_GOOD, "%s %s", auth_names[a], priv);
            cr_assert(whole, "%s %s", auth_names[a], priv);
            cr_assert_eq(memmem(packet, length, "longer than", 11) == NULL, priv != NULL, "in clear, or not");
            other.auth_key.bytes[0] ^= 1;
            cr_assert_eq(open_copy(packet, length, &other, &whole), DRMGMT__USM_DIGEST);
            cr_assert_eq(open_copy(packet, length, &none, &whole), DRMGMT__USM_LEVEL);
            if (priv) {
                other = keys;
                other.priv_key.bytes[0] ^= 2; /* not the parity bit of DES */
                cr_assert(open_copy(packet, length, &other, &whole) != DRMGMT__USM_GOOD || !whole, "%s", priv);
            }
        }
}

/* Each bit matters: with authentication nothing but the message itself is taken, cut off or changed anywhere. */
Test(snmp_usm, what_is_damaged_is_refused)
{
    drmgmt__usm_keys keys = make_keys("SHA-256", "AES-128");
    uint8_t copy[512];
    size_t length;
    bool whole;

    const uint8_t *packet = seal(&keys, &length);
    cr_assert_leq(length, sizeof copy);
    for (size_t n = 0; n < length; n++)
        cr_assert_neq(open_copy(packet, n, &keys, &whole), DRMGMT__USM_GOOD, "the first %zu bytes are taken", n);
    for (size_t bit = 0; bit < 8 * length; bit++) {
        memcpy(copy, packet, length);
        copy[bit / 8] ^= (uint8_t)(1 << bit % 8);
        cr_assert_neq(open_copy(copy, length, &keys, &whole), DRMGMT__USM_GOOD, "bit %zu may be changed", bit);
    }
}

/* The same question twice is not the same cipher text, or whoever listens would learn of repetitions. */
Test(snmp_usm, no_two_messages_share_a_salt)
{
    for (size_t p = 0; p < DRMGMT__COUNT(priv_names); p++) {
        drmgmt__usm_keys keys = make_keys("SHA", priv_names[p]);
        uint8_t first[512];
        size_t n, m;
        const uint8_t *packet = seal(&keys, &n);
        memcpy(first, packet, n);
        packet = seal(&keys, &m);
        cr_assert_eq(n, m);
        cr_assert_neq(memcmp(first + n - 32, packet + m - 32, 32), 0, "%s", priv_names[p]);
    }
}

Test(snmp_usm, the_window_is_150_seconds)
{
    static const struct {
        int32_t known_boots;
        int64_t known_time;
        int32_t boots, time;
        bool in;
    } rows[] = {
        { 3, 1000, 3, 1000, true },          { 3, 1000, 3, 850, true }, { 3, 1000, 3, 849, false },
        { 3, 1000, 2, 1000, false },         { 3, 1000, 4, 0, true },   { 3, 1000, 3, INT32_MAX, true },
        { 3, 1000, INT32_MAX, 1000, false }, { 0, 0, 0, 0, true },
    };

    for (size_t i = 0; i < DRMGMT__COUNT(rows); i++)
        cr_assert_eq(drmgmt__usm_in_window(rows[i].known_boots, rows[i].known_time, rows[i].boots, rows[i].time),
                     rows[i].in, "row %zu", i);
}
