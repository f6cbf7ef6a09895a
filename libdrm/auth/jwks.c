/* What others verify our access tokens by. Called by programs. */
#include "auth/auth_internal.h"
#include "auth/keyring.h"
#include "core/strbuf.h"
#include <drm/key.h>
#include <stdio.h>

static void add_key(drmgmt__strbuf *b, const drmgmt__keyring *keyring, size_t i)
{
    uint8_t bytes[DRMGMT__KEY_SIZE];
    char x[48], kid[16];

    if (drmgmt__ed25519_public(keyring->ed25519[i], bytes)) {
        b->failed = true;
        return;
    }
    drmgmt__b64url(bytes, sizeof bytes, x);
    snprintf(kid, sizeof kid, "%u", keyring->keys[DRMGMT__KEY_ED25519][i].number);
    drmgmt__strbuf_puts(b, i ? ",{" : "{");
    drmgmt__json_member(b, "kty", "OKP");
    drmgmt__json_member(b, "crv", "Ed25519");
    drmgmt__json_member(b, "alg", "EdDSA");
    drmgmt__json_member(b, "use", "sig");
    drmgmt__json_member(b, "kid", kid);
    drmgmt__json_member(b, "x", x);
    drmgmt__strbuf_putc(b, '}');
}

int drmgmt_jwks(drmgmt_context *context, char **json, drmgmt_error **error)
{
    DRMGMT__KEYRING drmgmt__keyring *keyring = drmgmt__keyring_hold(context);
    DRMGMT__STRBUF b = DRMGMT__STRBUF_INIT;

    drmgmt__strbuf_puts(&b, "{\"keys\":[");
    for (size_t i = 0; keyring && i < keyring->count[DRMGMT__KEY_ED25519]; i++)
        add_key(&b, keyring, i);
    drmgmt__strbuf_puts(&b, "]}");
    char *text = drmgmt__strbuf_steal(&b, NULL);
    if (!text)
        return drmgmt__fail_memory(error);
    *json = text;
    return 0;
}
