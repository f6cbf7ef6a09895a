/* Access tokens from outside: nothing but a token that we issued opens a session, not even one changed in a single
 * byte. */
#include "fuzz.h"

#include "auth/auth_internal.h"
#include "core/context_internal.h"
#include "core/core.h"
#include <drm/session.h>
#include <string.h>
#include <unistd.h>

static drmgmt_context context;
static char *issued[2]; /* HS256, and Ed25519 */

/* Both keys verify, whichever of them signs. */
static void make(const char *token_mark, const char *ed25519_mark, char **token)
{
    static const char key[] = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
    static const drmgmt__identity who = { "0192e4a0-0000-7000-8000-000000000001",
                                          "0192e4a0-0000-7000-8000-000000000002",
                                          "0192e4a0-0000-7000-8000-000000000003" };
    char path[] = "/tmp/drmgmt-fuzz-XXXXXX";
    int fd = mkstemp(path);

    MUST(fd >= 0 && dprintf(fd, "seal 1 %s\nkek 1 %s\ntoken 1 %s%s\ned25519 2 %s%s\n", key, key, key, token_mark, key,
                            ed25519_mark) > 0);
    close(fd);
    drmgmt__keyring_free(context.keyring);
    int rc = drmgmt__keyring_load(path, &context.keyring, NULL);
    unlink(path);
    MUST(rc == 0 && drmgmt__token_issue(context.keyring, &who, token, NULL) == 0);
}

static void set_up(void)
{
    make("", " standby", &issued[0]);
    make("", "", &issued[1]);
    MUST((context.tokens = drmgmt__token_cache_new()));
}

static void check(const char *token)
{
    drmgmt_session *session = NULL;
    int rc = drmgmt_session_open_token(&context, token, NULL, &session, NULL);

    if (strcmp(token, issued[0]) == 0 || strcmp(token, issued[1]) == 0) {
        MUST(rc == 0);
        MUST(strcmp(drmgmt_session_tenant_id(session), "0192e4a0-0000-7000-8000-000000000001") == 0);
    } else {
        MUST(rc == DRMGMT_ERR_UNAUTHENTICATED && !session);
    }
    drmgmt_session_close(session);
}

/* Pairs of position and byte, put over a good token. */
static void check_changed(const char *good, const uint8_t *data, size_t size)
{
    char *changed = strdup(good);

    MUST(changed);
    for (size_t i = 0; i + 2 < size; i += 3)
        changed[(size_t)(data[i] << 8 | data[i + 1]) % strlen(good)] = data[i + 2] ? (char)data[i + 2] : 'A';
    check(changed);
    free(changed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!issued[0])
        set_up();
    char *text = malloc(size + 1);

    MUST(text);
    memcpy(text, data, size);
    text[size] = '\0';
    check(text);
    free(text);
    check_changed(issued[0], data, size);
    check_changed(issued[1], data, size);
    return 0;
}
