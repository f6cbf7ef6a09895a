/* Judges paths and values, a set at once: see validate.h. facets.c judges a value. */
#include "tr181/validate_internal.h"

#include "core/cleanup.h"
#include "core/core.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORDS_MAX ((size_t)64 * 1024 * 1024) /* of all verdicts of a validator, with its patterns */

static const struct {
    const char *word;
    bool error;
} findings[] = {
#define FINDING(name, word, error) { word, error },
    DRMGMT__DM_FINDINGS(FINDING)
#undef FINDING
};

const char *drmgmt__dm_finding_name(unsigned finding)
{
    return finding < DRMGMT__COUNT(findings) ? findings[finding].word : "";
}

bool drmgmt__dm_finding_is_error(unsigned finding)
{
    return finding < DRMGMT__COUNT(findings) && findings[finding].error;
}

drmgmt__dm_validator *drmgmt__dm_validator_new(const drmgmt__dm_model *model, drmgmt__dm_purpose purpose,
                                               const char *version)
{
    drmgmt__dm_validator *v = calloc(1, sizeof *v);

    if (!v)
        return NULL;
    v->model = model;
    v->purpose = purpose;
    v->arena = drmgmt__arena_new(WORDS_MAX);
    v->version = v->arena ? drmgmt__arena_dup(v->arena, version) : NULL;
    if (!v->arena || (version && !v->version)) {
        drmgmt__dm_validator_free(v);
        return NULL;
    }
    return v;
}

void drmgmt__dm_validator_free(drmgmt__dm_validator *validator)
{
    if (!validator)
        return;
    drmgmt__arena_delete(validator->arena);
    drmgmt__strbuf_free(&validator->scratch);
    free(validator);
}

bool drmgmt__dm_found(drmgmt__dm_validator *v, drmgmt__dm_verdict *verdict, drmgmt__dm_finding finding,
                      const char *format, ...)
{
    char words[1600];
    va_list args;
    char *kept;

    va_start(args, format);
    vsnprintf(words, sizeof words, format, args);
    va_end(args);
    for (char *at = words; *at; at++)
        if ((unsigned char)*at < ' ' || *at == 0x7f)
            *at = '?';
    verdict->finding = (uint8_t)finding;
    kept = drmgmt__arena_dup(v->arena, words);
    verdict->words = kept ? kept : findings[finding].word; /* the words of thousands before it took all the room */
    return false;
}

/* ---- paths ---- */

/* Whether the item is one that the device can have. Warnings are set, and true. */
static bool is_there(drmgmt__dm_validator *v, drmgmt__dm_verdict *verdict)
{
    const drmgmt__dm_item *item = verdict->item;

    for (const drmgmt__dm_item *at = item; at; at = at->parent)
        if (at->status == DRMGMT__DM_DELETED)
            return drmgmt__dm_found(v, verdict, DRMGMT__DM_FINDS_DELETED, "%s is no longer in the model", at->path);
    if (v->version && drmgmt__dm_version_compare(item->since, v->version) > 0)
        return drmgmt__dm_found(v, verdict, DRMGMT__DM_FINDS_TOO_NEW,
                                "%s is there from version %s on, the device has %s", item->path, item->since,
                                v->version);
    for (const drmgmt__dm_item *at = item; at && verdict->finding == DRMGMT__DM_FINDS_VALID; at = at->parent)
        if (at->status != DRMGMT__DM_CURRENT)
            drmgmt__dm_found(v, verdict, DRMGMT__DM_FINDS_OUTDATED, "%s is %s", at->path,
                             drmgmt__dm_status_name(at->status));
    return true;
}

/* Whether the path may have what it has in place of instance numbers. */
static bool are_instances(drmgmt__dm_validator *v, drmgmt__dm_verdict *verdict, const char *text)
{
    if (v->purpose == DRMGMT__DM_TO_ASK)
        return true;
    if (v->path.supported)
        return drmgmt__dm_found(v, verdict, DRMGMT__DM_FINDS_INSTANCE,
                                "%.200s: {i} stands for any instance, a number from 1 on is needed", text);
    if (v->path.searches && v->purpose != DRMGMT__DM_TO_WRITE)
        return drmgmt__dm_found(v, verdict, DRMGMT__DM_FINDS_INSTANCE,
                                "%.200s: a search stands for any number of instances, a number from 1 on is needed",
                                text);
    return true;
}

/* Whether a parameter can be written, as far as its access says. */
static bool is_writable(drmgmt__dm_validator *v, drmgmt__dm_verdict *verdict)
{
    const drmgmt__dm_item *item = verdict->item;
    bool writing = v->purpose == DRMGMT__DM_TO_WRITE || v->purpose == DRMGMT__DM_TO_CREATE;

    if (!writing || item->role == DRMGMT__DM_OF_INPUT)
        return true;
    if (item->role != DRMGMT__DM_OF_MODEL)
        return drmgmt__dm_found(v, verdict, DRMGMT__DM_FINDS_READ_ONLY, "%s is what the device answers with",
                                item->path);
    if (item->access == DRMGMT__DM_READ_ONLY)
        return drmgmt__dm_found(v, verdict, DRMGMT__DM_FINDS_READ_ONLY, "%s cannot be written", item->path);
    if (item->access == DRMGMT__DM_WRITE_ONCE && v->purpose == DRMGMT__DM_TO_WRITE)
        return drmgmt__dm_found(v, verdict, DRMGMT__DM_FINDS_READ_ONLY, "%s can only be given when its row is created",
                                item->path);
    return true;
}

static void judge(drmgmt__dm_validator *v, const drmgmt__dm_given *given, drmgmt__dm_verdict *verdict)
{
    drmgmt__dm_match match = { NULL, false, false };
    const char *text = given->path ? given->path : "";

    *verdict = (drmgmt__dm_verdict){ DRMGMT__DM_FINDS_VALID, NULL, "" };
    if (!drmgmt__dm_path_parse(&v->path, text, strnlen(text, DRMGMT__DM_PATH_MAX + 1), 0, &v->complaint)) {
        drmgmt__dm_found(v, verdict, DRMGMT__DM_FINDS_MALFORMED, "%s", v->complaint.words);
        return;
    }
    if (!drmgmt__dm_path_match(v->model, &v->path, &match, &v->complaint)) {
        drmgmt__dm_found(v, verdict, DRMGMT__DM_FINDS_UNKNOWN, "%s", v->complaint.words);
        return;
    }
    if (!are_instances(v, verdict, text))
        return;
    if (match.open) {
        drmgmt__dm_found(v, verdict, DRMGMT__DM_FINDS_UNTOLD, "%.200s: %s", text, v->complaint.words);
        return;
    }
    verdict->item = match.item;
    if (!is_there(v, verdict) || v->purpose == DRMGMT__DM_TO_ASK)
        return;
    if (match.item->kind != DRMGMT__DM_PARAMETER) {
        drmgmt__dm_found(v, verdict, DRMGMT__DM_FINDS_NO_PARAMETER, "%s has no value: it is no parameter (%s)",
                         match.item->path, drmgmt__dm_kind_name(match.item->kind));
        return;
    }
    if (is_writable(v, verdict) && given->value && match.item->syntax)
        drmgmt__dm_check_value(v, verdict, given->value);
}

/* ---- sets ---- */

struct place {
    const char *path;
    size_t at;
};

static int by_path(const void *a, const void *b)
{
    const struct place *x = a, *y = b;
    int order = strcmp(x->path, y->path);

    return order ? order : (x->at > y->at) - (x->at < y->at);
}

/* Marks rows whose path a row before has. false: memory is out. */
static bool find_twins(drmgmt__dm_validator *v, const drmgmt__dm_given *rows, size_t n, drmgmt__dm_verdict *verdicts)
{
    DRMGMT__FREE struct place *places = n ? malloc(n * sizeof *places) : NULL;
    size_t first = 0;

    if (n && !places)
        return false;
    for (size_t i = 0; i < n; i++)
        places[i] = (struct place){ rows[i].path ? rows[i].path : "", i };
    if (n)
        qsort(places, n, sizeof *places, by_path);
    for (size_t i = 1; i < n; i++) {
        drmgmt__dm_verdict *verdict = &verdicts[places[i].at];
        if (strcmp(places[first].path, places[i].path) != 0)
            first = i;
        else if (!drmgmt__dm_finding_is_error(verdict->finding))
            drmgmt__dm_found(v, verdict, DRMGMT__DM_FINDS_TWICE, "%.300s is given twice: row %zu has it",
                             places[i].path, places[first].at + 1);
    }
    return true;
}

int drmgmt__dm_validate(drmgmt__dm_validator *validator, const drmgmt__dm_given *rows, size_t n,
                        drmgmt__dm_verdict *verdicts, size_t *errors, drmgmt_error **error)
{
    size_t wrong = 0;

    if (n > DRMGMT__DM_VALUES_MAX)
        return drmgmt__fail(error, DRMGMT_ERR_TOO_LARGE, "%zu values are more than 100,000: give them in parts", n);
    validator->budget = DRMGMT__DM_PATTERN_STEPS;
    for (size_t i = 0; i < n; i++)
        judge(validator, &rows[i], &verdicts[i]);
    if (!find_twins(validator, rows, n, verdicts))
        return drmgmt__fail_memory(error);
    for (size_t i = 0; i < n; i++)
        wrong += drmgmt__dm_finding_is_error(verdicts[i].finding);
    *errors = wrong;
    return 0;
}
