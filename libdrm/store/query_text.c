/* A statement's text with the entities' column lists put in. Called by connection.c when it prepares one. */
#include "core/core.h"
#include "core/strbuf.h"
#include "queries.h"
#include "store/connection.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static _Atomic(const char *) texts[DRMGMT__QUERY_COUNT];

/* @device@: all columns; @device:list@: NULL in the place of those that lists leave out. */
static bool add_columns(drmgmt__strbuf *b, const char *word, size_t n)
{
    static const char list_suffix[] = ":list";
    bool list = n > 5 && memcmp(word + n - 5, list_suffix, 5) == 0;
    char name[32];

    n -= list ? 5 : 0;
    if (n >= sizeof name)
        return false;
    memcpy(name, word, n);
    name[n] = '\0';
    const drmgmt_entity *entity = drmgmt_entity_find(name);
    for (size_t i = 0; entity && i < entity->n_fields; i++) {
        if (i)
            drmgmt__strbuf_puts(b, ", ");
        drmgmt__strbuf_puts(b,
                            list && (entity->fields[i].flags & DRMGMT_FIELD_DETAIL) ? "NULL" : entity->fields[i].sql);
    }
    return entity != NULL;
}

static const char *expand(const char *sql)
{
    drmgmt__strbuf b = DRMGMT__STRBUF_INIT;

    for (const char *at; (at = strchr(sql, '@'));) {
        size_t n = strspn(at + 1, "abcdefghijklmnopqrstuvwxyz_:");
        drmgmt__strbuf_add(&b, sql, (size_t)(at - sql));
        if (n && at[n + 1] == '@' && add_columns(&b, at + 1, n)) {
            sql = at + n + 2;
        } else {
            drmgmt__strbuf_putc(&b, '@');
            sql = at + 1;
        }
    }
    drmgmt__strbuf_puts(&b, sql);
    return drmgmt__strbuf_steal(&b, NULL);
}

const char *drmgmt__query_text(const drmgmt__query *query)
{
    const char *text = texts[query->index];

    if (text)
        return text;
    pthread_mutex_lock(&mutex);
    text = texts[query->index];
    if (!text)
        texts[query->index] = text = strchr(query->sql, '@') ? expand(query->sql) : query->sql;
    pthread_mutex_unlock(&mutex);
    return text;
}
