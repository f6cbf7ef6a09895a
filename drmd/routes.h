/* The route table's shape, and the router over it. Rows stand in routes.c; OpenAPI comes out of the same rows. */
#ifndef DRMD_ROUTES_H
#define DRMD_ROUTES_H

#include "drmd.h"

typedef void drmd_handler(drmd_request *r);

enum {                         /* drmd_route.flags */
       DRMD_PUBLIC = 1,        /* needs no log-in */
       DRMD_STREAM = 2,        /* answers with an event stream */
       DRMD_IF_MATCH = 4,      /* If-Match is honoured: 412 */
       DRMD_ETAG = 8,          /* answers with an ETag */
       DRMD_CONDITIONAL = 16,  /* If-None-Match is honoured: 304 */
       DRMD_LOCATION = 32,     /* answers with Location */
       DRMD_IDEMPOTENCY = 64,  /* Idempotency-Key is honoured */
       DRMD_ASSET = 128,       /* a page or file for people: not in the OpenAPI document */
       DRMD_HASHES = 256,      /* computes the hash of a password: only so many at a time */
       DRMD_TAKES_AFTER = 512, /* the query string may hold "after" */
       DRMD_TAKES_HEAD = 1024, /* ... "head" and "tenant_id" */
       DRMD_ANSWER = 2048,     /* ... an OpenID Connect issuer's answer */
       DRMD_TAKES_KIND = 4096  /* ... "kind" and "device_id" */
};

/* A noun whose rows of the table are served by the same handlers (crud.c). */
typedef struct drmd_noun {
    const char *entity;
    const char *path;          /* of the collection, for Location */
    const char *version_field; /* the row version behind ETag and If-Match; NULL: there is none */
    int (*create)(drmgmt_session *, const drmgmt_draft *, drmgmt_record **, drmgmt_error **);
    int (*get)(drmgmt_session *, const char *, drmgmt_record **, drmgmt_error **);
    int (*update)(drmgmt_session *, const char *, int64_t, const drmgmt_draft *, drmgmt_record **, drmgmt_error **);
    int (*remove)(drmgmt_session *, const char *, int64_t, drmgmt_error **);
    int (*list)(drmgmt_session *, const drmgmt_query *, drmgmt_page **, drmgmt_error **);
} drmd_noun;

struct drmd_route {
    drmd_method method;
    const char *pattern; /* "/api/v1/devices/{id}" */
    drmgmt_permission permission;
    unsigned flags;
    const char *query;    /* entity whose filters, limit, cursor and sort the query string may hold; NULL: none */
    const char *request;  /* schema of the JSON body; NULL: no body */
    const char *response; /* schema of the answer, or its media type when it holds a slash; NULL: no body */
    int status;           /* of success */
    size_t body_max;
    drmd_handler *handler;
    const drmd_noun *noun;
    const char *tag, *summary;
};

extern const drmd_route drmd_routes[];
extern const size_t drmd_n_routes;

/* ---- route_list.c ---- */
/* Writes the table as JSON, one row a line, to standard output. Returns the exit code. */
int drmd_routes_print(void);

extern const drmd_noun drmd_noun_device, drmd_noun_snmp_credential, drmd_noun_audit_log, drmd_noun_tenant,
    drmd_noun_oidc_provider, drmd_noun_user, drmd_noun_role, drmd_noun_worker, drmd_noun_batch, drmd_noun_schedule,
    drmd_noun_parameter;

/* ---- router.c ---- */
typedef struct drmd_match {
    const drmd_route *route; /* NULL: no row for this path and method */
    bool path_known;         /* some method is there */
    unsigned methods;        /* bit of each method of the path */
} drmd_match;

struct drmd_router *drmd_router_new(void); /* NULL when memory is out */
void drmd_router_free(struct drmd_router *router);
/* Finds the row; fills r->params. HEAD matches GET. */
drmd_match drmd_router_find(const struct drmd_router *router, drmd_request *r);
/* "GET, HEAD, OPTIONS" of a match. */
void drmd_router_allow(unsigned methods, char text[64]);

/* ---- handlers ---- */
drmd_handler drmd_auth_login, drmd_auth_refresh, drmd_auth_logout, drmd_auth_logout_everywhere, drmd_auth_whoami,
    drmd_permission_table;
drmd_handler drmd_second_factor_status, drmd_second_factor_begin, drmd_second_factor_confirm,
    drmd_second_factor_disable, drmd_second_factor_recovery_codes, drmd_second_factor_reset;
drmd_handler drmd_tenant_settings_get, drmd_tenant_settings_update;
drmd_handler drmd_oidc_start, drmd_oidc_callback;
drmd_handler drmd_account_password, drmd_account_tenants, drmd_account_switch, drmd_account_accept, drmd_account_link;
drmd_handler drmd_user_create, drmd_user_reset_password, drmd_user_logout, drmd_user_role_list, drmd_user_role_assign,
    drmd_user_role_withdraw;
drmd_handler drmd_api_key_create, drmd_api_key_list, drmd_api_key_revoke;
drmd_handler drmd_auth_register, drmd_tenant_create, drmd_tenant_delete;
drmd_handler drmd_device_parameters;
drmd_handler drmd_crud_create, drmd_crud_get, drmd_crud_update, drmd_crud_delete, drmd_crud_list;
drmd_handler drmd_outbound_list, drmd_tenant_outbound_list, drmd_tenant_outbound_allow, drmd_tenant_outbound_remove;
drmd_handler drmd_job_submit, drmd_job_enqueue, drmd_job_list, drmd_job_get, drmd_job_cancel, drmd_job_events,
    drmd_job_requeue;
drmd_handler drmd_event_list, drmd_event_stream;

drmd_handler drmd_batch_create, drmd_batch_jobs, drmd_batch_results, drmd_batch_cancel, drmd_batch_pause,
    drmd_batch_resume, drmd_batch_retry;
drmd_handler drmd_schedule_enable, drmd_schedule_disable, drmd_schedule_run, drmd_schedule_next;
drmd_handler drmd_quota_get;
drmd_handler drmd_audit_export, drmd_audit_verify;
drmd_handler drmd_health, drmd_ready, drmd_jwks_get, drmd_metrics_get, drmd_openapi_get, drmd_docs_page, drmd_docs_file,
    drmd_docs_init;

/* ---- stream.c: answers of many lines ---- */
typedef struct drmd_stream {
    drmd_request *r;
    const char *media_type;
    bool begun; /* the head went out: it can be refused no more */
} drmd_stream;
/* A few streams at a time: false, and answered, when there are too many. Leave when it is over. */
bool drmd_stream_enter(drmd_request *r);
void drmd_stream_leave(void);
/* Adds a line; false when nobody reads it. stream: a drmd_stream. */
bool drmd_stream_line(void *stream, const char *line, size_t length);
/* The end of it, or of a call that failed; frees error. */
void drmd_stream_end(drmd_stream *s, int failed, drmgmt_error *error);

/* ---- crud.c: also for nouns with handlers of their own ---- */
/* A query filled from the request's query string; answers itself and returns NULL when it is refused. */
drmgmt_query *drmd_query_from(drmd_request *r, const drmgmt_entity *entity);
/* A draft from the request's body; answers itself and returns NULL when it is refused. */
drmgmt_draft *drmd_draft_from(drmd_request *r, const drmgmt_entity *entity);
/* The version of If-Match; 0 without one. False: it was refused, and answered. */
bool drmd_if_match(drmd_request *r, const char *id, int64_t *version);
/* Sends a page or a record, freeing it. */
void drmd_reply_page(drmd_request *r, drmgmt_page *page);
void drmd_reply_record(drmd_request *r, int status, drmgmt_record *record);
/* What a call of the library tells as JSON. */
typedef int drmd_json_fn(drmgmt_session *session, char **json, drmgmt_error **error);
void drmd_reply_json_of(drmd_request *r, drmd_json_fn *call);
/* 201 with ETag and Location of the route's noun. */
void drmd_reply_created(drmd_request *r, drmgmt_record *record);
/* api_auth.c: an answer with tokens, freeing them. */
void drmd_reply_tokens(drmd_request *r, drmgmt_tokens *tokens);
/* The same with further header lines, each ended by CRLF; and why there are no tokens, freeing it. */
void drmd_reply_tokens_with(drmd_request *r, drmgmt_tokens *tokens, const char *extra);
void drmd_reply_no_tokens(drmd_request *r, drmgmt_error *error);
/* The record with a secret in front, which is told this once and wiped: NULL is null. Frees both. */
void drmd_reply_record_with(drmd_request *r, int status, drmgmt_record *record, const char *name, char *secret);
/* The ETag of a record of the route's noun. */
void drmd_set_etag(drmd_request *r, const drmgmt_record *record);

#endif
