/* The command line: which row of the table, its arguments and options. Options may stand anywhere; "--" ends them.
 * Called by main(). */
#include "drmctl.h"
#include "writer.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- looking options up ---- */
struct search {
    const char *name; /* or NULL: */
    char letter;
    bool found, takes_value;
    char canonical[64];
    ctl_nearest *nearest;
};

static bool match(void *user, const ctl_option *option, const char *group)
{
    struct search *s = user;

    (void)group;
    if (s->name ? strcmp(s->name, option->name) == 0 : option->letter && option->letter == s->letter) {
        s->found = true;
        s->takes_value = option->value;
        snprintf(s->canonical, sizeof s->canonical, "%s", option->name);
        return false;
    }
    if (s->nearest)
        ctl_nearest_try(s->nearest, option->name);
    return true;
}

/* Before the command is known it still matters whether the next word belongs to an option: names have the same shape in
 * every command. */
static void search_all(struct search *s)
{
    for (size_t i = 0; i < ctl_n_commands && !s->found; i++)
        ctl_each_option(&ctl_commands[i], match, s);
}

/* ---- words ---- */
struct words {
    const char **list;
    int count;
    bool help, version;
};

static const ctl_command *find(const char *noun, const char *verb)
{
    for (size_t i = 0; i < ctl_n_commands; i++) {
        const ctl_command *row = &ctl_commands[i];
        if (strcmp(row->noun, noun) == 0 && (!row->verb || (verb && strcmp(row->verb, verb) == 0)))
            return row;
    }
    return NULL;
}

static int unknown_noun(const char *noun)
{
    ctl_nearest nearest = { .wanted = noun };

    for (size_t i = 0; i < ctl_n_commands; i++)
        ctl_nearest_try(&nearest, ctl_commands[i].noun);
    const char *near = ctl_nearest_word(&nearest);
    return near ? ctl_usage(NULL, "%s: there is no such command; did you mean %s?", noun, near)
                : ctl_usage(NULL, "%s: there is no such command", noun);
}

static int unknown_verb(const char *noun, const char *verb)
{
    ctl_nearest nearest = { .wanted = verb ? verb : "" };
    char all[256] = "";

    for (size_t i = 0; i < ctl_n_commands; i++) {
        if (strcmp(ctl_commands[i].noun, noun) != 0)
            continue;
        ctl_nearest_try(&nearest, ctl_commands[i].verb);
        size_t n = strlen(all);
        snprintf(all + n, sizeof all - n, "%s%s", n ? ", " : "", ctl_commands[i].verb);
    }
    if (!verb)
        return ctl_usage(NULL, "%s what? %s", noun, all);
    const char *near = ctl_nearest_word(&nearest);
    return near ? ctl_usage(NULL, "%s %s: there is no such command; did you mean %s %s?", noun, verb, noun, near)
                : ctl_usage(NULL, "%s %s: there is no such command; there are %s", noun, verb, all);
}

static int choose(ctl *c, struct words *w)
{
    if (w->version && !w->count)
        return ctl_cmd_version(c);
    if (!w->count) {
        if (w->help)
            return ctl_help(NULL, NULL);
        ctl_help_short();
        return CTL_EXIT_USAGE;
    }
    const char *noun = w->list[0], *verb = w->count > 1 ? w->list[1] : NULL;
    if (!ctl_noun_summary(noun))
        return unknown_noun(noun);
    if (w->help)
        return ctl_help(noun, find(noun, verb) ? verb : NULL);
    c->command = find(noun, verb);
    if (!c->command)
        return unknown_verb(noun, verb);
    int used = c->command->verb ? 2 : 1;
    c->args = w->list + used;
    c->n_args = w->count - used;
    return -1;
}

/* ---- the scan ---- */

/* One option at argv[*i]: fills given, whose name is malloc()ed, and moves *i past its value. The name stays NULL when
 * it was help or version; one that is unknown keeps its dashes, and is told of once the command is known. */
static int take_option(struct words *w, int argc, char **argv, int *i, ctl_given *given)
{
    const char *text = argv[*i];
    bool is_long = text[1] == '-';
    const char *equals = is_long ? strchr(text, '=') : NULL;
    char name[64] = "";
    struct search s = { .name = is_long ? name : NULL, .letter = text[1] };

    if (is_long)
        snprintf(name, sizeof name, "%.*s", (int)(equals ? equals - text - 2 : (long)strlen(text) - 2), text + 2);
    if (strcmp(text, "-h") == 0 || strcmp(text, "--help") == 0 || strcmp(text, "--version") == 0) {
        *(strcmp(text, "--version") == 0 ? &w->version : &w->help) = true;
        return -1;
    }
    search_all(&s);
    if (!s.found || (!is_long && !s.takes_value && text[2])) {
        given->name = strndup(text, equals ? (size_t)(equals - text) : strlen(text));
        return given->name ? -1 : ctl_complain(DRMGMT_ERR_NO_MEMORY, "out of memory");
    }
    given->name = strdup(s.canonical);
    if (!given->name)
        return ctl_complain(DRMGMT_ERR_NO_MEMORY, "out of memory");
    if (equals && !s.takes_value)
        return ctl_usage(NULL, "--%s takes no value", s.canonical);
    if (equals)
        given->value = equals + 1;
    else if (s.takes_value && !is_long && text[2])
        given->value = text + 2;
    else if (s.takes_value && *i + 1 < argc)
        given->value = argv[++*i];
    else if (s.takes_value)
        return ctl_usage(NULL, "--%s: a value is missing", s.canonical);
    return -1;
}

static int scan(ctl *c, struct words *w, int argc, char **argv)
{
    bool options = true;

    for (int i = 1; i < argc; i++) {
        if (options && strcmp(argv[i], "--") == 0) {
            options = false;
        } else if (options && argv[i][0] == '-' && argv[i][1]) {
            ctl_given given = { NULL, NULL };
            int code = take_option(w, argc, argv, &i, &given);
            if (given.name)
                c->given[c->n_given++] = given;
            if (code >= 0)
                return code;
        } else {
            w->list[w->count++] = argv[i];
        }
    }
    return -1;
}

static int check_options(const ctl *c)
{
    for (size_t i = 0; i < c->n_given; i++) {
        const char *name = c->given[i].name;
        ctl_nearest nearest = { .wanted = name + (name[0] == '-') + (name[0] == '-' && name[1] == '-') };
        struct search s = { .name = name, .nearest = &nearest };
        ctl_each_option(c->command, match, &s);
        if (s.found)
            continue;
        const char *near = ctl_nearest_word(&nearest), *dashes = name[0] == '-' ? "" : "--";
        return near ? ctl_usage(c, "%s%s: there is no such option here; did you mean --%s?", dashes, name, near)
                    : ctl_usage(c, "%s%s: there is no such option here", dashes, name);
    }
    return -1;
}

static int check_arguments(const ctl *c)
{
    const ctl_command *row = c->command;

    if (c->n_args < row->min)
        return ctl_usage(c, "arguments are missing: %s", row->arguments);
    if (row->max >= 0 && c->n_args > row->max)
        return ctl_usage(c, "%s: too many arguments", c->args[row->max]);
    const char *output = ctl_value(c, "output");
    if (output && !ctl_writer_find(output))
        return ctl_usage(c, "--output %s: table, json or csv is wanted", output);
    return -1;
}

int ctl_parse(ctl *c, int argc, char **argv)
{
    struct words w = { .list = calloc((size_t)argc + 1, sizeof *w.list) };

    c->args = w.list;
    c->words = w.list;
    c->given = calloc((size_t)argc + 1, sizeof *c->given);
    if (!w.list || !c->given)
        return ctl_complain(DRMGMT_ERR_NO_MEMORY, "out of memory");
    int code = scan(c, &w, argc, argv);
    if (code < 0)
        code = choose(c, &w);
    if (code < 0)
        code = check_options(c);
    if (code < 0)
        code = check_arguments(c);
    return code;
}

void ctl_clear(ctl *c)
{
    drmgmt_session_close(c->session);
    drmgmt_context_free(c->context);
    for (size_t i = 0; i < c->n_given; i++)
        free((char *)(uintptr_t)c->given[i].name);
    free(c->given);
    free(c->words);
}

/* ---- values ---- */

bool ctl_has(const ctl *c, const char *name)
{
    return ctl_nth(c, name, 0);
}

const char *ctl_nth(const ctl *c, const char *name, size_t n)
{
    for (size_t i = 0; i < c->n_given; i++)
        if (strcmp(c->given[i].name, name) == 0 && n-- == 0)
            return c->given[i].value ? c->given[i].value : "";
    return NULL;
}

struct variable {
    const char *name, *value;
};

static bool from_environment(void *user, const ctl_option *option, const char *group)
{
    struct variable *v = user;

    (void)group;
    if (strcmp(option->name, v->name) != 0)
        return true;
    const char *value = option->env ? getenv(option->env) : NULL;
    v->value = value && *value ? value : NULL;
    return false;
}

const char *ctl_value(const ctl *c, const char *name)
{
    for (size_t i = c->n_given; i-- > 0;)
        if (strcmp(c->given[i].name, name) == 0)
            return c->given[i].value ? c->given[i].value : "";
    struct variable v = { name, NULL };
    ctl_each_option(c->command, from_environment, &v);
    return v.value;
}

int ctl_number(const ctl *c, const char *name, long long low, long long high, long long *number)
{
    const char *text = ctl_value(c, name);
    char *end;

    if (!text)
        return 0;
    errno = 0;
    long long n = strtoll(text, &end, 10);
    if (errno || end == text || *end || *text == ' ' || *text == '+' || n < low || n > high)
        return ctl_usage(c, "--%s %s: a whole number from %lld to %lld is wanted", name, text, low, high);
    *number = n;
    return 0;
}

int ctl_seconds(const ctl *c, const char *name, unsigned *ms)
{
    const char *text = ctl_value(c, name);
    char *end;

    if (!text)
        return 0;
    double seconds = strtod(text, &end);
    if (end == text || *end || text[strspn(text, "0123456789.")] || !(seconds > 0 && seconds <= 86400))
        return ctl_usage(c, "--%s %s: seconds up to 86400 are wanted", name, text);
    *ms = (unsigned)(seconds * 1000 + 0.5);
    if (*ms == 0)
        *ms = 1;
    return 0;
}
