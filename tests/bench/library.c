/* The stack through the library: a context as an embedding program opens it. Called by jobs.c and latency.c. */
#include "bench.h"

bool library_fail(const bench *b, const char *call, drmgmt_error *error)
{
    bench_fail(b, "%s: %s", call, drmgmt_error_message(error));
    drmgmt_error_free(error);
    return false;
}

drmgmt_context *library_open(bench *b)
{
    drmgmt_error *error = NULL;
    drmgmt_context *context = NULL;
    drmgmt_options *options = drmgmt_options_new();
    if (!options || drmgmt_options_set_database_url(options, b->app_database_url) ||
        (b->redis_url && drmgmt_options_set_redis_url(options, b->redis_url)) ||
        drmgmt_options_set_keyring_file(options, b->keyring) ||
        drmgmt_options_set_application_name(options, "drm-bench"))
        bench_fail(b, "the options were refused");
    else if (drmgmt_context_new(options, &context, &error))
        library_fail(b, "drmgmt_context_new", error);
    drmgmt_options_free(options);
    return context;
}
