/* drmctl audit: list, prove and export the audit trail. Called through the table. */
#include "writer.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { TENANTS = 100 };

int ctl_cmd_audit_list(ctl *c)
{
    return ctl_list(c, drmgmt_audit_list);
}

/* ---- verify ---- */

static const ctl_column columns[] = {
    { "tenant_id", CTL_TEXT }, { "intact", CTL_LITERAL },  { "links", CTL_LITERAL },
    { "rows", CTL_LITERAL },   { "pending", CTL_LITERAL }, { "head", CTL_TEXT },
    { "flaw", CTL_TEXT },      { "link", CTL_LITERAL },    { "row_id", CTL_TEXT },
};

/* A report's cells, which point into texts. */
struct cells {
    char links[24], rows[24], pending[24], head[96], link[24];
    const char *all[CTL_COUNT(columns)];
};

static void fill(struct cells *t, const drmgmt_audit_report *r)
{
    bool intact = r->flaw == DRMGMT_AUDIT_INTACT;

    snprintf(t->links, sizeof t->links, "%llu", (unsigned long long)r->links);
    snprintf(t->rows, sizeof t->rows, "%llu", (unsigned long long)r->rows);
    snprintf(t->pending, sizeof t->pending, "%llu", (unsigned long long)r->pending);
    snprintf(t->head, sizeof t->head, "%llu:%s", (unsigned long long)r->links, r->head);
    snprintf(t->link, sizeof t->link, "%llu", (unsigned long long)r->link);
    const char *const all[] = {
        r->tenant_id,
        intact ? "true" : "false",
        t->links,
        t->rows,
        t->pending,
        t->head,
        intact ? NULL : drmgmt_audit_flaw_name(r->flaw),
        r->link ? t->link : NULL,
        r->row_id[0] ? r->row_id : NULL,
    };
    memcpy(t->all, all, sizeof all);
}

/* In words, where it is not intact. */
static int outcome(const drmgmt_audit_report *r)
{
    if (r->flaw == DRMGMT_AUDIT_INTACT)
        return 0;
    ctl_complain(DRMGMT_ERR_INTERNAL, "the audit trail of tenant %s is not intact: %s", r->tenant_id, r->text);
    return CTL_EXIT_FAILURE;
}

static int show(const ctl *c, const drmgmt_audit_report *r)
{
    struct cells t = { .links = "" };

    fill(&t, r);
    int code = ctl_row_show(c, columns, CTL_COUNT(columns), t.all);
    return code ? code : outcome(r);
}

/* On a terminal, once a second, how far it is. */
struct progress {
    time_t told;
    bool live;
};

static bool tell(void *user, const drmgmt_audit_report *so_far)
{
    struct progress *p = user;
    time_t now = time(NULL);

    if (!p->live || now == p->told)
        return true;
    if (p->told) /* what takes less than a second needs no word */
        fprintf(stderr, "\r%llu of %llu rows", (unsigned long long)so_far->rows, (unsigned long long)so_far->total);
    p->told = now;
    return true;
}

static int verify(const ctl *c, const char *tenant, drmgmt_audit_report *report)
{
    struct progress p = { .live = isatty(STDERR_FILENO) == 1 };
    drmgmt_error *error = NULL;
    time_t began = time(NULL);

    int rc = drmgmt_audit_verify(c->session, tenant, ctl_value(c, "head"), tell, &p, report, &error);
    if (p.live && p.told > began)
        fputs("\r\033[K", stderr);
    return rc ? ctl_fail(error) : 0;
}

/* One tenant after the other; goes on after one that is not intact. */
static int verify_page(const ctl *c, ctl_writer *w, char (*ids)[37], size_t n, int *worst)
{
    int code = 0;

    for (size_t i = 0; i < n && !code; i++) {
        drmgmt_audit_report report;
        struct cells t = { .links = "" };
        code = verify(c, ids[i], &report);
        if (code)
            return code;
        fill(&t, &report);
        code = ctl_rows_add(w, t.all);
        int flawed = outcome(&report);
        *worst = flawed ? flawed : *worst;
    }
    return code;
}

static int verify_all(const ctl *c)
{
    char ids[TENANTS][37], after[37] = "";
    drmgmt_error *error = NULL;
    ctl_writer w;
    int worst = 0, code = 0;

    ctl_rows_begin(c, &w, columns, CTL_COUNT(columns));
    for (size_t n = 1; n && !code;) {
        if (drmgmt_audit_tenants(c->session, *after ? after : NULL, ids, TENANTS, &n, &error)) {
            code = ctl_fail(error);
            break;
        }
        code = verify_page(c, &w, ids, n, &worst);
        if (n)
            memcpy(after, ids[n - 1], sizeof after);
    }
    int ended = ctl_rows_end(&w);
    return code ? code : ended ? ended : worst;
}

static int read_file(FILE *file, const char *path, drmgmt_audit_reader *reader, drmgmt_audit_report *report)
{
    drmgmt_error *error = NULL;
    char *line = NULL;
    size_t size = 0;
    int rc = 0;

    for (ssize_t n; !rc && (n = getline(&line, &size, file)) > 0;)
        rc = drmgmt_audit_reader_line(reader, line, (size_t)n, &error);
    free(line);
    if (!rc && ferror(file))
        return ctl_complain(DRMGMT_ERR_IO, "%s: cannot be read: %s", path, strerror(errno));
    if (!rc)
        rc = drmgmt_audit_reader_end(reader, report, &error);
    return rc ? ctl_fail(error) : 0;
}

static int verify_file(const ctl *c, const char *path)
{
    bool standard = strcmp(path, "-") == 0;
    drmgmt_audit_report report;
    FILE *file = standard ? stdin : fopen(path, "re");

    if (!file)
        return ctl_complain(DRMGMT_ERR_IO, "%s: cannot be opened: %s", path, strerror(errno));
    drmgmt_audit_reader *reader = drmgmt_audit_reader_new(ctl_value(c, "head"));
    int code = reader ? read_file(file, standard ? "standard input" : path, reader, &report)
                      : ctl_complain(DRMGMT_ERR_NO_MEMORY, "out of memory");
    drmgmt_audit_reader_free(reader);
    if (!standard)
        fclose(file);
    return code ? code : show(c, &report);
}

/* Where drmctl holds the keyring it links what is new first, as drmd and drm-worker would within a second. */
static int link_rows(const ctl *c)
{
    drmgmt_error *error = NULL;
    unsigned linked = 1;

    while (ctl_value(c, "keyring") && linked)
        if (drmgmt_audit_link(c->context, &linked, NULL, &error))
            return ctl_fail(error);
    return 0;
}

int ctl_cmd_audit_verify(ctl *c)
{
    const char *file = ctl_value(c, "file"), *tenant = ctl_value(c, "tenant");
    bool all = ctl_has(c, "all");
    drmgmt_audit_report report;

    if ((file != NULL) + (tenant != NULL) + all > 1)
        return ctl_usage(c, "--file, --tenant and --all exclude each other");
    if (all && ctl_has(c, "head"))
        return ctl_usage(c, "--head is one tenant's: it does not go with --all");
    if (file)
        return verify_file(c, file);
    int code = ctl_open(c);
    if (!code)
        code = link_rows(c);
    if (!code && all)
        return verify_all(c);
    if (!code)
        code = verify(c, tenant, &report);
    return code ? code : show(c, &report);
}

/* ---- export ---- */

static bool write_line(void *user, const char *line, size_t length)
{
    (void)user;
    return fwrite(line, 1, length, stdout) == length;
}

int ctl_cmd_audit_export(ctl *c)
{
    long long after = 0;
    drmgmt_error *error = NULL;
    int code = ctl_number(c, "after", 0, INT64_MAX, &after);

    if (!code)
        code = ctl_open(c);
    if (code)
        return code;
    int rc = drmgmt_audit_export(c->session, (uint64_t)after, write_line, NULL, &error);
    if (rc != DRMGMT_ERR_CANCELLED)
        code = rc ? ctl_fail(error) : 0;
    else
        drmgmt_error_free(error); /* standard output could not be written: told below */
    return code ? code : ctl_output_check();
}
