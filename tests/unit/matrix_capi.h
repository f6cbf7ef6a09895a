/* The matrix of the C interface: one row for every exported function. A function that takes a session is called with
 * another tenant's objects, by a role that is too low and by those who may no more; the others say why they tell
 * nothing of a tenant. Rows are in matrix_capi_rows.h and what it includes, cells in test_matrix_capi.c. */
#ifndef MATRIX_CAPI_H
#define MATRIX_CAPI_H

#include "domain_support.h"
#include <stdio.h>

enum { ID = DRMGMT__UUID_SIZE };

/* Everybody's. */
static const char matrix_password[] = "a long enough password";

/* Objects of a tenant by their ids, one of each kind; or names of the same form that nothing has. */
struct things {
    char tenant[ID];                  /* itself */
    char device[ID], busy_device[ID]; /* busy: the job's */
    char credential[ID], job[ID], batch[ID], schedule[ID], api_key[ID];
    char user[ID]; /* with a second factor, and no rights */
    char outbound_rule[ID], provider[ID];
    char role[ID], assignment[ID], idle_role[ID]; /* role: given to user */
    char managed_tenant[ID]; /* none of its own, but one that nobody is in, for the platform to change */
};

/* One call: by whom, with whose objects (`of`, and where a second one is needed `own` of the caller's tenant), and what
 * it told. */
struct way {
    drmgmt_session *session;
    const struct things *of, *own;
    char *said; /* JSON of what came back; NULL: none */
};

enum shape {
    NAMES, /* objects of `of`: another tenant's are not there; for the platform, where it needs platform:*, all are */
    LISTS, /* what the session's tenant has: the objects of `of` show in it, and in no other tenant's */
    OWN,   /* nothing that exists */
    ENDS,  /* nothing, and the session's user is another afterwards */
    LOG_IN /* the same, and not with an API key */
};

typedef struct matrix_row {
    const char *function;
    int (*call)(struct way *w, drmgmt_error **error); /* NULL: it tells nothing of a tenant */
    drmgmt_permission permission;
    enum shape shape;
    int success;
    const char *reason; /* of a row without call */
} matrix_row;

/* Why a function tells nothing of a tenant. */
static const char memory[] = "frees what the caller has", told[] = "reads what the caller was told already",
                  process[] = "about the process: it holds the database's password and the keyring",
                  owner[] = "as the owner of the database, whom row-level security does not hold",
                  secret[] = "the secret given is the log-in: test_auth.c, test_api_key.c",
                  keys[] = "changes keys: test_key_file.c, test_rekey.c", public_key[] = "public keys, for everybody",
                  form[] = "fills a form in memory; what it names is checked by the call that takes it",
                  constant[] = "the same words and numbers for everybody",
                  driver[] = "for drivers, with the operation that the worker gave them";

/* A function that acts in a tenant: what follows is the body of its call. */
#define TENANT_CALL(function, permission, shape, success)                                                              \
    static int call_##function(struct way *w, drmgmt_error **error);                                                   \
    static const matrix_row matrix_row_of_##function = {                                                               \
        #function, call_##function, permission, shape, success, NULL                                                   \
    };                                                                                                                 \
    static int call_##function(struct way *w, drmgmt_error **error)

/* A function that tells nothing of a tenant, and why. */
#define NO_TENANT(function, reason)                                                                                    \
    static const matrix_row matrix_row_of_##function = { #function, NULL, DRMGMT_PERM_NONE, OWN, 0, reason }

/* Takes the outcome over: its JSON is what was said. */
static inline int said_record(struct way *w, int rc, drmgmt_record *record)
{
    size_t length = 0;

    if (!rc && record)
        cr_assert_eq(drmgmt_record_json(record, &w->said, &length), 0);
    drmgmt_record_free(record);
    return rc;
}

static inline int said_page(struct way *w, int rc, drmgmt_page *page)
{
    size_t length = 0;

    if (!rc && page)
        cr_assert_eq(drmgmt_page_json(page, &w->said, &length), 0);
    drmgmt_page_free(page);
    return rc;
}

/* A draft of this JSON, in which %s stands for id. */
static inline drmgmt_draft *draft_with(const char *entity, const char *format, const char *id)
{
    char json[512], unique[ID], *at;

    snprintf(json, sizeof json, "%s", format);
    while ((at = strchr(json, '%'))) { /* %s: id, %u: a word that nothing has */
        char rest[512];
        snprintf(rest, sizeof rest, "%s", at + 2);
        cr_assert_eq(drmgmt__uuid_v7(unique), 0);
        snprintf(at, sizeof json - (size_t)(at - json), "%s%s", at[1] == 's' ? id : unique + 19, rest);
    }
    return draft_of(entity, json);
}

typedef int create_fn(drmgmt_session *, const drmgmt_draft *, drmgmt_record **, drmgmt_error **);
typedef int update_fn(drmgmt_session *, const char *, int64_t, const drmgmt_draft *, drmgmt_record **, drmgmt_error **);
typedef int list_fn(drmgmt_session *, const drmgmt_query *, drmgmt_page **, drmgmt_error **);

static inline int create_with(struct way *w, create_fn *create, const char *entity, const char *json, const char *id,
                              drmgmt_error **error)
{
    drmgmt_draft *draft = draft_with(entity, json, id);
    drmgmt_record *record = NULL;
    int rc = create(w->session, draft, &record, error);

    drmgmt_draft_free(draft);
    return said_record(w, rc, record);
}

static inline int update_with(struct way *w, update_fn *update, const char *id, const char *entity, const char *json,
                              drmgmt_error **error)
{
    drmgmt_draft *draft = draft_with(entity, json, id);
    drmgmt_record *record = NULL;
    int rc = update(w->session, id, 0, draft, &record, error);

    drmgmt_draft_free(draft);
    return said_record(w, rc, record);
}

static inline int list_with(struct way *w, list_fn *list, const char *entity, drmgmt_error **error)
{
    drmgmt_query *query = drmgmt_query_new(drmgmt_entity_find(entity));
    drmgmt_page *page = NULL;

    set(query, "limit", "1000");
    int rc = list(w->session, query, &page, error);
    drmgmt_query_free(query);
    return said_page(w, rc, page);
}

#endif
