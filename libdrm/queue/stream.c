/* Ids of stream entries, epochs, and the shape of Redis' answers about streams. Called by publish.c, bell.c and the
 * hub. */
#include "queue/stream.h"

#include "core/core.h"
#include <stdio.h>
#include <string.h>

/* Digits of a 64-bit number up to end. */
static bool parse_number(const char *text, const char *end, uint64_t *out)
{
    uint64_t value = 0;

    if (text == end)
        return false;
    for (; text < end; text++) {
        if (*text < '0' || *text > '9' || __builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, (uint64_t)(*text - '0'), &value))
            return false;
    }
    *out = value;
    return true;
}

bool drmgmt__stream_id_parse(const char *text, size_t n, drmgmt__stream_id *id)
{
    const char *dash = memchr(text, '-', n);
    drmgmt__stream_id parsed;

    if (!dash || !parse_number(text, dash, &parsed.ms) || !parse_number(dash + 1, text + n, &parsed.seq))
        return false;
    *id = parsed;
    return true;
}

void drmgmt__stream_id_format(drmgmt__stream_id id, char text[DRMGMT__STREAM_ID_SIZE])
{
    snprintf(text, DRMGMT__STREAM_ID_SIZE, "%llu-%llu", (unsigned long long)id.ms, (unsigned long long)id.seq);
}

int drmgmt__epoch_make(char epoch[DRMGMT__EPOCH_SIZE])
{
    uint8_t bytes[(DRMGMT__EPOCH_SIZE - 1) / 2];

    if (drmgmt__random(bytes, sizeof bytes))
        return -1;
    drmgmt__hex(bytes, sizeof bytes, epoch);
    return 0;
}

bool drmgmt__epoch_valid(const char *text, size_t n)
{
    if (n != DRMGMT__EPOCH_SIZE - 1)
        return false;
    for (size_t i = 0; i < n; i++)
        if (!((text[i] >= '0' && text[i] <= '9') || (text[i] >= 'a' && text[i] <= 'f')))
            return false;
    return true;
}

bool drmgmt__reply_entry_id(const redisReply *entry, drmgmt__stream_id *id)
{
    return entry->type == REDIS_REPLY_ARRAY && entry->elements == 2 && entry->element[0]->type == REDIS_REPLY_STRING &&
           drmgmt__stream_id_parse(entry->element[0]->str, entry->element[0]->len, id);
}

bool drmgmt__reply_single_id(const redisReply *reply, drmgmt__stream_id *id)
{
    return reply->type == REDIS_REPLY_ARRAY && reply->elements == 1 && drmgmt__reply_entry_id(reply->element[0], id);
}

const redisReply *drmgmt__reply_field(const redisReply *entry, const char *name)
{
    const redisReply *fields = entry->elements == 2 ? entry->element[1] : NULL;

    if (!fields || fields->type != REDIS_REPLY_ARRAY)
        return NULL;
    for (size_t i = 0; i + 1 < fields->elements; i += 2) {
        const redisReply *key = fields->element[i], *value = fields->element[i + 1];
        if (key->type == REDIS_REPLY_STRING && strcmp(key->str, name) == 0 && value->type == REDIS_REPLY_STRING)
            return value;
    }
    return NULL;
}
