/* Refresh tokens as text. Called by login.c. The ids in it only say where to look: a token is good when its row's
 * tenant, user, id and digest are all those of the text, and the database holds nothing that the text could be made
 * from. */
#include "auth/auth_internal.h"
#include <string.h>

enum { SECRET_SIZE = 32, RAW_SIZE = 16 + 16 + 16 + SECRET_SIZE };
static const char mark[] = "drmr_";

int drmgmt__refresh_token_make(const char *tenant_id, const char *user_id, drmgmt__refresh_token *token,
                               char text[DRMGMT__REFRESH_SIZE])
{
    uint8_t raw[RAW_SIZE];
    char id[DRMGMT__UUID_SIZE];

    if (drmgmt__uuid_v7(id) || drmgmt__uuid_bytes(tenant_id, raw) || drmgmt__uuid_bytes(user_id, raw + 16) ||
        drmgmt__uuid_bytes(id, raw + 32) || drmgmt__random(raw + 48, SECRET_SIZE))
        return DRMGMT_ERR_CRYPTO;
    memcpy(text, mark, sizeof mark - 1);
    drmgmt__b64url(raw, sizeof raw, text + sizeof mark - 1);
    drmgmt__wipe(raw, sizeof raw);
    return drmgmt__refresh_token_parse(text, token) ? 0 : DRMGMT_ERR_CRYPTO;
}

bool drmgmt__refresh_token_parse(const char *text, drmgmt__refresh_token *token)
{
    size_t n = text ? strnlen(text, DRMGMT__REFRESH_SIZE) : 0;
    uint8_t raw[RAW_SIZE];

    if (n != DRMGMT__REFRESH_SIZE - 1 || memcmp(text, mark, sizeof mark - 1) != 0 ||
        drmgmt__unb64url(text + sizeof mark - 1, n - sizeof mark + 1, raw, sizeof raw) != RAW_SIZE)
        return false;
    drmgmt__uuid_text(raw, token->tenant_id);
    drmgmt__uuid_text(raw + 16, token->user_id);
    drmgmt__uuid_text(raw + 32, token->id);
    drmgmt__wipe(raw, sizeof raw);
    return drmgmt__sha256(text, n, token->digest) == 0;
}
