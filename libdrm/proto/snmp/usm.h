/* The user-based security model: RFC 3414, with AES (RFC 3826) and SHA-2 (RFC 7860), on OpenSSL. Pure but for the salt;
 * any thread. Used by the exchange layer and by the trap listener. Internal.
 *
 * Keys longer than the digest (AES-192 and AES-256 with MD5, SHA-1 or SHA-224) have no standard. Both conventions are
 * here: "AES-192"/"AES-256" lengthen a localized key by hashing it on (draft-blumenthal-aes-usm-04, section 3.1.2.1,
 * what net-snmp does), "AES-192-C"/"AES-256-C" by localizing it once more as if it were a passphrase
 * (draft-reeder-snmpv3-usm-3desede-00, section 2.1, what Cisco does). With SHA-256 and longer there is no difference.
 */
#ifndef DRMGMT_PROTO_SNMP_USM_H
#define DRMGMT_PROTO_SNMP_USM_H

#include "proto/snmp/message.h"

enum { DRMGMT__USM_KEY_MAX = 64, DRMGMT__USM_PASSPHRASE_MIN = 8 /* RFC 3414, section 11.2 */ };

typedef struct drmgmt__usm_auth { /* one row a protocol */
    const char *name;             /* "SHA-256" */
    const char *digest;           /* OpenSSL's name */
    uint8_t key_length, mac_length;
} drmgmt__usm_auth;

typedef struct drmgmt__usm_priv {
    const char *name;   /* "AES-128" */
    const char *cipher; /* OpenSSL's name */
    uint8_t key_length; /* of DES: 8 and the pre-IV */
    bool des, reeder;
} drmgmt__usm_priv;

/* By name as a credential has it; NULL: there is none such. */
const drmgmt__usm_auth *drmgmt__usm_auth_find(const char *name);
const drmgmt__usm_priv *drmgmt__usm_priv_find(const char *name);

typedef struct drmgmt__usm_key {
    uint8_t bytes[DRMGMT__USM_KEY_MAX];
} drmgmt__usm_key;

/* Ku of a passphrase: a digest of 1 MiB of it, 1 to 3 ms (RFC 3414, A.2). 0 or -1. */
int drmgmt__usm_ku(const drmgmt__usm_auth *auth, const drmgmt__octets *passphrase, drmgmt__usm_key *out);
/* The keys of one engine: of auth, and of priv, which may be NULL. They are to be wiped. */
typedef struct drmgmt__usm_keys {
    const drmgmt__usm_auth *auth; /* NULL: noAuthNoPriv */
    const drmgmt__usm_priv *priv; /* NULL: no encryption */
    drmgmt__usm_key auth_key, priv_key;
    bool half; /* digests can be checked and made, but of priv_key only the first part is there */
} drmgmt__usm_keys;
/* keys->auth and ->priv are given; ku_priv may be NULL when ->priv is. Under 10 us. 0 or -1. Keys of AES-192-C and
 * AES-256-C with a short digest are half made then (->half): they want a Ku more for each engine, milliseconds that the
 * caller spends where it can, and when it has reason to. */
int drmgmt__usm_localize(drmgmt__usm_keys *keys, const drmgmt__usm_key *ku_auth, const drmgmt__usm_key *ku_priv,
                         const drmgmt__octets *engine);
/* What stands for the passphrase of that Ku: a part of half keys. */
drmgmt__octets drmgmt__usm_half(const drmgmt__usm_keys *keys);
/* The second half from its Ku. 0 or -1. */
int drmgmt__usm_complete(drmgmt__usm_keys *keys, const drmgmt__usm_key *ku_half, const drmgmt__octets *engine);

/* AUTH and PRIV as these keys have them. */
uint8_t drmgmt__usm_flags(const drmgmt__usm_keys *keys);

/* Writes the message m (header, usm but for mac and salt, context and PDU as drmgmt__snmp_scoped_write() and
 * _v3_write() want them) at the security level of keys to the end of buffer. m->flags gets the level. NULL: it does not
 * fit. scratch has room bytes too, and is the caller's to wipe. */
uint8_t *drmgmt__usm_write(drmgmt__snmp_message *m, const drmgmt__usm_keys *keys, const drmgmt__snmp_varbind *varbinds,
                           size_t n, uint8_t *buffer, uint8_t *scratch, size_t room, size_t *length);

/* The same for a scoped PDU that stands ready at the end of scratch: m->scoped. */
uint8_t *drmgmt__usm_seal(drmgmt__snmp_message *m, const drmgmt__usm_keys *keys, uint8_t *buffer, uint8_t *scratch,
                          size_t room, size_t *length);

typedef enum drmgmt__usm_verdict {
    DRMGMT__USM_GOOD,
    DRMGMT__USM_LEVEL,  /* it has a level that these keys cannot check */
    DRMGMT__USM_DIGEST, /* forged, damaged, or of another key */
    DRMGMT__USM_HALF,   /* it is authentic, and is to be read again with the whole keys */
    DRMGMT__USM_DECRYPT /* no scoped PDU comes out */
} drmgmt__usm_verdict;

/* Checks a message that was read from packet, at the level it says of itself (m->flags), and reads its scoped PDU; what
 * is decrypted is in scratch. packet is changed. Time windows are the caller's business. */
drmgmt__usm_verdict drmgmt__usm_read(drmgmt__snmp_message *m, const drmgmt__usm_keys *keys, uint8_t *packet,
                                     size_t length, uint8_t *scratch, size_t room);

/* HMAC-SHA-256 of pieces, each with its length. */
bool drmgmt__usm_fingerprint(const uint8_t *key, size_t key_length, const drmgmt__octets *pieces, size_t n,
                             uint8_t out[32]);

/* RFC 3414, section 3.2 (7): whether boots and time of an authenticated message are no older than 150 s by what is
 * known of its engine. */
bool drmgmt__usm_in_window(int32_t known_boots, int64_t known_time, int32_t boots, int32_t time);

#endif
