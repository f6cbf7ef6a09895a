/* Help, read off the command table. Called by parse.c and cmd_help.c. */
#include "drmctl.h"
#include <stdio.h>
#include <string.h>

static const char *title_of(const ctl_command *row, char out[64])
{
    snprintf(out, 64, "%s%s%s", row->noun, row->verb ? " " : "", row->verb ? row->verb : "");
    return out;
}

void ctl_help_short(void)
{
    fputs("Usage: drmctl [-o table|json|csv] NOUN VERB [ARGUMENT]... [OPTION]...\n"
          "Try \"drmctl help\".\n",
          stderr);
}

static void print_commands(const char *noun)
{
    char title[64];

    for (size_t i = 0; i < ctl_n_commands; i++)
        if (!noun || strcmp(ctl_commands[i].noun, noun) == 0)
            printf("  %-29s %s\n", title_of(&ctl_commands[i], title), ctl_commands[i].summary);
}

static int help_all(void)
{
    puts("drmctl - manage devices over SNMP and other protocols: register them, submit jobs, watch results\n"
         "\n"
         "Usage: drmctl [-o table|json|csv] NOUN VERB [ARGUMENT]... [OPTION]...\n"
         "\n"
         "Commands:");
    print_commands(NULL);
    puts("\n"
         "Options may stand anywhere; -- ends them. \"drmctl NOUN VERB --help\" tells all of a command.\n"
         "\n"
         "Exit codes: 0 done, 1 failure, 2 usage or bad input, 3 not logged in or not allowed, 4 not found,\n"
         "5 conflict, 6 database or service not available or time-out, 7 the job did not complete, 130 interrupted.");
    return 0;
}

struct printer {
    const char *group;
};

static bool print_option(void *user, const ctl_option *option, const char *group)
{
    struct printer *p = user;
    char left[64];

    if (!p->group || strcmp(p->group, group) != 0)
        printf("\n%s:\n", group);
    p->group = group;
    char letter[8] = "    ";
    if (option->letter)
        snprintf(letter, sizeof letter, "-%c, ", option->letter);
    snprintf(left, sizeof left, "%s--%s%s%s", letter, option->name, option->value ? " " : "",
             option->value ? option->value : "");
    printf("  %-28s %s", left, option->doc);
    if (option->env)
        printf(" (%s)", option->env);
    putchar('\n');
    return true;
}

static int help_command(const ctl_command *row)
{
    char title[64];
    struct printer p = { NULL };

    printf("drmctl %s - %s\n", title_of(row, title), row->summary);
    printf("\nUsage: drmctl %s%s%s [OPTION]...\n", title, *row->arguments ? " " : "", row->arguments);
    if (row->text)
        printf("\n%s\n", row->text);
    ctl_each_option(row, print_option, &p);
    puts("\nExamples:");
    for (const char *line = row->examples; *line;) {
        size_t n = strcspn(line, "\n");
        printf("  %.*s\n", (int)n, line);
        line += n + (line[n] == '\n');
    }
    return 0;
}

int ctl_help(const char *noun, const char *verb)
{
    const ctl_command *only = NULL;
    size_t count = 0;

    if (!noun)
        return help_all();
    for (size_t i = 0; i < ctl_n_commands; i++) {
        const ctl_command *row = &ctl_commands[i];
        if (strcmp(row->noun, noun) != 0 || (verb && row->verb && strcmp(row->verb, verb) != 0))
            continue;
        only = row;
        count++;
    }
    if (count == 0)
        return ctl_usage(NULL, "%s%s%s: there is no such command", noun, verb ? " " : "", verb ? verb : "");
    if (count == 1)
        return help_command(only);
    printf("drmctl %s - %s\n\nCommands:\n", noun, ctl_noun_summary(noun));
    print_commands(noun);
    printf("\n\"drmctl %s VERB --help\" tells all of one.\n", noun);
    return 0;
}
