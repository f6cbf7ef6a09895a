/* What a keyring holds, for the files that read, write and sign with it (keyring*.c, ed25519.c). Internal. */
#ifndef DRMGMT_AUTH_KEYRING_H
#define DRMGMT_AUTH_KEYRING_H

#include "auth/auth.h"
#include <openssl/evp.h>
#include <stdatomic.h>
#include <sys/stat.h>

enum { DRMGMT__KEY_SIZE = 32, DRMGMT__KEYS_MAX = 64, DRMGMT__KEYRING_MAX = 16384, DRMGMT__KEY_NUMBER_MAX = 999999999 };

typedef struct drmgmt__key {
    unsigned number;
    bool standby;  /* opens and verifies, and makes nothing */
    int64_t since; /* when it began to make new things, seconds since 1970; 0: the file does not tell */
    uint8_t bytes[DRMGMT__KEY_SIZE];
} drmgmt__key;

struct drmgmt__keyring {
    drmgmt__key keys[DRMGMT__KEY_KINDS][DRMGMT__KEYS_MAX];
    size_t count[DRMGMT__KEY_KINDS];
    EVP_PKEY *ed25519[DRMGMT__KEYS_MAX]; /* of keys[DRMGMT__KEY_ED25519] */
    uint64_t generation;
    atomic_uint holds;
    struct stat file; /* it was read from */
};

/* Kinds by what they are for: token and ed25519 keys do the same. */
typedef enum drmgmt__key_use { DRMGMT__USE_SEAL, DRMGMT__USE_WRAP, DRMGMT__USE_SIGN, DRMGMT__KEY_USES } drmgmt__key_use;
typedef struct drmgmt__key_kind_row {
    const char *name; /* in the file */
    drmgmt__key_use use;
    bool first; /* whether a new file gets one */
} drmgmt__key_kind_row;
extern const drmgmt__key_kind_row drmgmt__key_kinds[DRMGMT__KEY_KINDS];
/* DRMGMT__KEY_KINDS if there is none of that name. */
drmgmt__key_kind drmgmt__key_kind_parse(const char *name);

/* The key that makes new things of a use, NULL if all are on standby; *kind may be NULL. */
const drmgmt__key *drmgmt__keyring_maker(const drmgmt__keyring *keyring, drmgmt__key_use use, drmgmt__key_kind *kind);
/* The key of a number among those of a use. */
const drmgmt__key *drmgmt__keyring_find(const drmgmt__keyring *keyring, drmgmt__key_use use, unsigned number,
                                        drmgmt__key_kind *kind);
/* Parses the text of a keyring (changing it); path is for messages. */
int drmgmt__keyring_parse(const char *path, char *text, drmgmt__keyring **keyring, drmgmt_error **error);
/* "kind number hex [standby] [since=TIME]\n". */
enum { DRMGMT__KEY_LINE = 160 };
void drmgmt__key_line(drmgmt__key_kind kind, const drmgmt__key *key, char line[DRMGMT__KEY_LINE]);

/* ---- ed25519.c: Ed25519 (RFC 8032) by OpenSSL ---- */
enum { DRMGMT__ED25519_SIGNATURE = 64 };
/* NULL when memory is out. */
EVP_PKEY *drmgmt__ed25519_open(const uint8_t seed[32]);
int drmgmt__ed25519_public(const EVP_PKEY *key, uint8_t out[32]); /* 0 or CRYPTO */
int drmgmt__ed25519_sign(EVP_PKEY *key, const void *bytes, size_t n, uint8_t signature[DRMGMT__ED25519_SIGNATURE]);
bool drmgmt__ed25519_verify(EVP_PKEY *key, const void *bytes, size_t n,
                            const uint8_t signature[DRMGMT__ED25519_SIGNATURE]);

#endif
