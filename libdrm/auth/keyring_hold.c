/* A context's keyring while it may be replaced: who uses it holds it, and the file is looked at anew. Called by whoever
 * seals, wraps or signs, and by programs (drmgmt_context_reload). */
#include "auth/keyring.h"
#include "core/context_internal.h"
#include "core/core.h"
#include <errno.h>
#include <string.h>

/* A few instructions under the lock: a count that is kept with the pointer cannot be had without one. */
drmgmt__keyring *drmgmt__keyring_hold(drmgmt_context *context)
{
    pthread_mutex_lock(&context->keyring_lock);
    drmgmt__keyring *k = context->keyring;
    if (k)
        atomic_fetch_add(&k->holds, 1);
    pthread_mutex_unlock(&context->keyring_lock);
    return k;
}

bool drmgmt__keyring_given(const drmgmt_context *context)
{
    return __atomic_load_n(&context->keyring, __ATOMIC_ACQUIRE) != NULL;
}

static void swap(drmgmt_context *context, drmgmt__keyring *fresh)
{
    pthread_mutex_lock(&context->keyring_lock);
    drmgmt__keyring *old = context->keyring;
    __atomic_store_n(&context->keyring, fresh, __ATOMIC_RELEASE);
    pthread_mutex_unlock(&context->keyring_lock);
    drmgmt__keyring_free(old);
}

/* A file that was replaced or written to. Its change time cannot be set back, as the modification time can. */
static bool same_file(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size && a->st_mode == b->st_mode &&
           a->st_uid == b->st_uid && a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

static int look(drmgmt_context *context, bool *changed, drmgmt_error **error)
{
    drmgmt__keyring *fresh = NULL;
    struct stat now = { 0 };

    if (stat(context->options.keyring_file, &now))
        memset(&now, 0, sizeof now);
    DRMGMT__KEYRING drmgmt__keyring *current = drmgmt__keyring_hold(context);
    if (same_file(&now, &current->file) || (context->keyring_refused && same_file(&now, &context->refused_file)))
        return 0;
    int rc = drmgmt__keyring_load(context->options.keyring_file, &fresh, error);
    context->keyring_refused = rc != 0;
    if (rc) {
        context->refused_file = now; /* told once */
        return rc;
    }
    swap(context, fresh);
    *changed = true;
    return 0;
}

int drmgmt_context_reload(drmgmt_context *context, bool *changed, drmgmt_error **error)
{
    drmgmt_error *failure = NULL;
    bool fresh = false;

    if (!drmgmt__keyring_given(context) || !context->options.keyring_file)
        return 0;
    pthread_mutex_lock(&context->reload_lock);
    int rc = look(context, &fresh, &failure);
    pthread_mutex_unlock(&context->reload_lock);
    if (rc)
        drmgmt__log(context, DRMGMT_LOG_ERROR, "the keyring changed and cannot be used: the keys read before stay",
                    "why", drmgmt_error_message(failure), NULL);
    else if (fresh)
        drmgmt__log(context, DRMGMT_LOG_INFO, "the keyring was read anew", "file", context->options.keyring_file, NULL);
    if (rc && error)
        *error = failure;
    else
        drmgmt_error_free(failure);
    if (!rc && changed)
        *changed = fresh;
    return rc;
}
