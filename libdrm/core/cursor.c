/* Cursors: base64url of HMAC(16) | values, the HMAC also over entity, sort and filters. Called by list calls of the
 * domain rooms. */
#include "core/cursor.h"

#include "auth/auth.h"
#include "core/context_internal.h"
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { MAC_SIZE = 16, CURSOR_MAX = 2048 };

static uint8_t process_key[32];
static bool process_key_made;

static void make_process_key(void)
{
    process_key_made = drmgmt__random(process_key, sizeof process_key) == 0;
}

/* The i-th key a cursor may be signed with, the one to sign with first. Processes with the same keyring understand each
 * other's cursors, and those signed before the keys were rotated; one without a keyring only its own. */
static bool signing_key(const drmgmt__keyring *keyring, size_t i, uint8_t key[32])
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    if (keyring)
        return drmgmt__keyring_cursor_key(keyring, i, key);
    pthread_once(&once, make_process_key);
    memcpy(key, process_key, sizeof process_key);
    return i == 0 && process_key_made;
}

/* What a cursor is bound to, then its values; each part ends with a NUL and the number of filters stands before them,
 * so that no two lists look alike. */
static void add_part(drmgmt__strbuf *b, const char *text)
{
    if (text)
        drmgmt__strbuf_add(b, text, strlen(text));
    drmgmt__strbuf_putc(b, '\0');
}

static bool sign(const uint8_t key[32], const drmgmt_query *query, const char *payload, size_t n, uint8_t mac[MAC_SIZE])
{
    DRMGMT__STRBUF b = DRMGMT__STRBUF_INIT;
    uint8_t full[EVP_MAX_MD_SIZE];
    unsigned length = 0;

    add_part(&b, "drmgmt cursor");
    add_part(&b, query->entity->name);
    add_part(&b, query->sort);
    add_part(&b, query->since);
    add_part(&b, query->until);
    drmgmt__strbuf_printf(&b, "%zu", query->n_filters);
    drmgmt__strbuf_putc(&b, '\0');
    for (size_t i = 0; i < query->n_filters; i++) {
        add_part(&b, query->entity->fields[query->filters[i].field].name);
        add_part(&b, query->filters[i].value);
    }
    drmgmt__strbuf_add(&b, payload, n);
    if (b.failed || !HMAC(EVP_sha256(), key, 32, (const uint8_t *)b.data, b.length, full, &length))
        return false;
    memcpy(mac, full, MAC_SIZE);
    return true;
}

static bool sign_now(drmgmt_context *context, const drmgmt_query *query, const char *payload, size_t n,
                     uint8_t mac[MAC_SIZE])
{
    DRMGMT__KEYRING drmgmt__keyring *keyring = drmgmt__keyring_hold(context);
    uint8_t key[32];
    bool done = signing_key(keyring, 0, key) && sign(key, query, payload, n, mac);

    drmgmt__wipe(key, sizeof key);
    return done;
}

static bool is_signed(drmgmt_context *context, const drmgmt_query *query, const char *payload, size_t n,
                      const char mac[MAC_SIZE])
{
    DRMGMT__KEYRING drmgmt__keyring *keyring = drmgmt__keyring_hold(context);
    uint8_t key[32], expected[MAC_SIZE];
    bool good = false;

    for (size_t i = 0; !good && signing_key(keyring, i, key); i++)
        good = sign(key, query, payload, n, expected) && drmgmt__equal(expected, mac, MAC_SIZE);
    drmgmt__wipe(key, sizeof key);
    return good;
}

char *drmgmt__cursor_make(drmgmt_context *context, const drmgmt_query *query,
                          const char *const values[DRMGMT__CURSOR_VALUES])
{
    DRMGMT__STRBUF b = DRMGMT__STRBUF_INIT;
    uint8_t mac[MAC_SIZE] = { 0 };

    drmgmt__strbuf_add(&b, mac, MAC_SIZE);
    for (int i = 0; i < DRMGMT__CURSOR_VALUES && values[i]; i++)
        add_part(&b, values[i]);
    if (b.failed || b.length > CURSOR_MAX || !sign_now(context, query, b.data + MAC_SIZE, b.length - MAC_SIZE, mac))
        return NULL;
    memcpy(b.data, mac, MAC_SIZE);
    char *text = malloc(4 * ((b.length + 2) / 3) + 1);
    if (text)
        drmgmt__b64url(b.data, b.length, text);
    return text;
}

int drmgmt__cursor_parse(drmgmt_context *context, const drmgmt_query *query, char *values[DRMGMT__CURSOR_VALUES],
                         drmgmt_error **error)
{
    memset(values, 0, sizeof(char *) * DRMGMT__CURSOR_VALUES);
    if (!query->cursor)
        return 0;
    char *raw = malloc(CURSOR_MAX);
    if (!raw)
        return drmgmt__fail_memory(error);
    long n = drmgmt__unb64url(query->cursor, strlen(query->cursor), raw, CURSOR_MAX);
    if (n <= MAC_SIZE || raw[n - 1] != '\0' || !is_signed(context, query, raw + MAC_SIZE, (size_t)n - MAC_SIZE, raw)) {
        free(raw);
        return drmgmt__fail_full(error, DRMGMT_ERR_INVALID, false, NULL, "cursor",
                                 "cursor: it is not one of this list (same filters and sort as the page before?)");
    }
    memmove(raw, raw + MAC_SIZE, (size_t)n - MAC_SIZE);
    const char *end = raw + n - MAC_SIZE;
    char *at = raw;
    for (int i = 0; i < DRMGMT__CURSOR_VALUES && at < end; i++) {
        values[i] = at;
        at += strlen(at) + 1;
    }
    return 0;
}
