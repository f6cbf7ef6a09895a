/* drmctl db: the database's schema, as its owner. Called through the table; calls drm/db.h. */
#include "writer.h"
#include <stdio.h>

static void tell(void *user, const drmgmt_migration *m, bool done)
{
    ctl_writer *w = user;
    char number[16], ms[16];

    if (!done)
        return;
    snprintf(number, sizeof number, "%u", m->number);
    snprintf(ms, sizeof ms, "%u", m->duration_ms);
    if (w->ops == &ctl_writer_table) {
        printf("%s  %u ms\n", m->name, m->duration_ms);
        fflush(stdout); /* one may take minutes */
        w->n_rows++;
        return;
    }
    ctl_rows_add(w, (const char *[]){ number, m->name, ms });
}

int ctl_cmd_db_migrate(ctl *c)
{
    static const ctl_column columns[] = { { "number", CTL_LITERAL },
                                          { "name", CTL_TEXT },
                                          { "duration_ms", CTL_LITERAL } };
    const char *url;
    unsigned applied = 0;
    drmgmt_error *error = NULL;
    ctl_writer w;
    int code = ctl_owner_url(c, &url);

    if (code)
        return code;
    ctl_rows_begin(c, &w, columns, CTL_COUNT(columns));
    int rc = drmgmt_db_migrate(url, tell, &w, &applied, &error);
    if (w.ops != &ctl_writer_table)
        ctl_rows_end(&w);
    else if (!rc && applied)
        printf("%u migration%s applied.\n", applied, applied == 1 ? "" : "s");
    else if (!rc)
        puts("The schema is current.");
    return rc ? ctl_fail(error) : 0;
}

static int show(const ctl *c, const drmgmt_migration *list, size_t count, size_t *missing)
{
    static const ctl_column columns[] = { { "number", CTL_LITERAL },      { "name", CTL_TEXT },
                                          { "applied", CTL_LITERAL },     { "applied_at", CTL_TEXT },
                                          { "duration_ms", CTL_LITERAL }, { "sha256", CTL_TEXT } };
    ctl_writer w;
    int code = 0;

    /* The hash is for machines. */
    ctl_rows_begin(c, &w, columns, CTL_COUNT(columns) - (ctl_writer_of(c) == &ctl_writer_table));
    for (size_t i = 0; i < count && !code; i++) {
        const drmgmt_migration *m = &list[i];
        char number[16], ms[16];
        snprintf(number, sizeof number, "%u", m->number);
        snprintf(ms, sizeof ms, "%u", m->duration_ms);
        *missing += !m->applied;
        code =
            ctl_rows_add(&w, (const char *[]){ number, m->name, m->applied ? "true" : "false",
                                               m->applied ? m->applied_at : NULL, m->applied ? ms : NULL, m->sha256 });
    }
    int ended = ctl_rows_end(&w);
    return code ? code : ended;
}

int ctl_cmd_db_status(ctl *c)
{
    const char *url;
    drmgmt_migration *list = NULL;
    size_t count = 0, missing = 0;
    drmgmt_error *error = NULL;
    int code = ctl_owner_url(c, &url);

    if (code)
        return code;
    if (drmgmt_db_status(url, &list, &count, &error))
        return ctl_fail(error);
    code = show(c, list, count, &missing);
    drmgmt_free(list);
    if (code || !missing)
        return code;
    ctl_note("%zu of %zu migrations are missing (apply them: drmctl db migrate)", missing, count);
    return CTL_EXIT_FAILURE;
}
