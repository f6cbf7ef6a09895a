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
static char *issued;

static void set_up(void)
{
    static const char line[] = " 1 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n";
    char path[] = "/tmp/drmgmt-fuzz-XXXXXX";
    int fd = mkstemp(path);

    MUST(fd >= 0 && dprintf(fd, "seal%skek%stoken%s", line, line, line) > 0);
    close(fd);
    int rc = drmgmt__keyring_load(path, &context.keyring, NULL);
    unlink(path);
    MUST(rc == 0 && (context.tokens = drmgmt__token_cache_new()));
    static const drmgmt__identity who = { "0192e4a0-0000-7000-8000-000000000001",
                                          "0192e4a0-0000-7000-8000-000000000002",
                                          "0192e4a0-0000-7000-8000-000000000003" };
    MUST(drmgmt__token_issue(context.keyring, &who, &issued, NULL) == 0);
}

static void check(const char *token)
{
    drmgmt_session *session = NULL;
    int rc = drmgmt_session_open_token(&context, token, NULL, &session, NULL);

    if (strcmp(token, issued) == 0) {
        MUST(rc == 0);
        MUST(strcmp(drmgmt_session_tenant_id(session), "0192e4a0-0000-7000-8000-000000000001") == 0);
    } else {
        MUST(rc == DRMGMT_ERR_UNAUTHENTICATED && !session);
    }
    drmgmt_session_close(session);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!issued)
        set_up();
    char *text = malloc(size + 1), *changed = strdup(issued);

    MUST(text && changed);
    memcpy(text, data, size);
    text[size] = '\0';
    check(text);
    /* Pairs of position and byte, put over a good token. */
    for (size_t i = 0; i + 2 < size; i += 3)
        changed[(size_t)(data[i] << 8 | data[i + 1]) % strlen(issued)] = data[i + 2] ? (char)data[i + 2] : 'A';
    check(changed);
    free(changed);
    free(text);
    return 0;
}
