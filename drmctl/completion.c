/* drmctl completion bash: a script made from the command table, so that it never differs from it. Called through the
 * table, and by the build for the script that is installed. */
#include "drmctl.h"
#include <stdio.h>
#include <string.h>

static const char head[] = "# bash completion for drmctl; written by \"drmctl completion bash\"\n"
                           "_drmctl()\n"
                           "{\n"
                           "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
                           "    local word words=() skip= options= i\n"
                           "    COMPREPLY=()\n"
                           "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
                           "        word=${COMP_WORDS[i]}\n"
                           "        if [[ -n $skip ]]; then skip=; continue; fi\n"
                           "        if [[ $word == -* ]]; then\n"
                           "            [[ $word != *=* && \" $_drmctl_valued \" == *\" $word \"* ]] && skip=1\n"
                           "        else\n"
                           "            words+=(\"$word\")\n"
                           "        fi\n"
                           "    done\n"
                           "    if [[ -n $skip ]]; then\n"
                           "        case $prev in\n"
                           "            -o|--output) COMPREPLY=($(compgen -W 'table json csv' -- \"$cur\")) ;;\n"
                           "            --*-file|--keyring|--json) COMPREPLY=($(compgen -f -- \"$cur\")) ;;\n"
                           "        esac\n"
                           "        return\n"
                           "    fi\n";

static const char tail[] = "        *) ((${#words[@]} == 0)) && options=$_drmctl_nouns ;;\n"
                           "    esac\n"
                           "    COMPREPLY=($(compgen -W \"$options\" -- \"$cur\"))\n"
                           "}\n"
                           "complete -F _drmctl drmctl\n";

enum { TEXT_SIZE = 4096 };

static void add(char *text, size_t size, const char *before, const char *word)
{
    size_t n = strlen(text);

    snprintf(text + n, size - n, "%s%s%s", n ? " " : "", before, word);
}

static bool has_word(const char *text, const char *word)
{
    size_t n = strlen(word);

    for (const char *at = text; (at = strstr(at, word)); at += n)
        if ((at == text || at[-1] == ' ') && (at[n] == ' ' || !at[n]))
            return true;
    return false;
}

static bool add_option(void *user, const ctl_option *option, const char *group)
{
    char *text = user;

    (void)group;
    add(text, TEXT_SIZE, "--", option->name);
    return true;
}

static bool add_valued(void *user, const ctl_option *option, const char *group)
{
    char *text = user, word[72];

    (void)group;
    snprintf(word, sizeof word, "--%s", option->name);
    if (option->value && !has_word(text, word))
        add(text, TEXT_SIZE, "", word);
    snprintf(word, sizeof word, "-%c", option->letter);
    if (option->value && option->letter && !has_word(text, word))
        add(text, TEXT_SIZE, "", word);
    return true;
}

static void add_nouns(char *text, size_t size)
{
    for (size_t i = 0; i < ctl_n_commands; i++)
        if (!has_word(text, ctl_commands[i].noun))
            add(text, size, "", ctl_commands[i].noun);
}

static void print_names(void)
{
    char valued[TEXT_SIZE] = "", nouns[1024] = "";

    add_nouns(nouns, sizeof nouns);
    for (size_t i = 0; i < ctl_n_commands; i++)
        ctl_each_option(&ctl_commands[i], add_valued, valued);
    printf("_drmctl_valued='%s'\n_drmctl_nouns='%s'\n", valued, nouns);
}

/* "device": its verbs; each noun once. */
static void print_verbs(size_t first)
{
    const char *noun = ctl_commands[first].noun;
    char verbs[512] = "";

    for (size_t i = 0; i < ctl_n_commands; i++) {
        if (strcmp(ctl_commands[i].noun, noun) != 0)
            continue;
        if (i < first || !ctl_commands[i].verb)
            return;
        add(verbs, sizeof verbs, "", ctl_commands[i].verb);
    }
    printf("        %s) options='%s' ;;\n", noun, verbs);
}

int ctl_cmd_completion(ctl *c)
{
    if (strcmp(c->args[0], "bash") != 0)
        return ctl_usage(c, "%s: there is a script for bash only", c->args[0]);
    print_names();
    fputs(head, stdout);
    puts("    case \"${words[*]:0:2}\" in");
    for (size_t i = 0; i < ctl_n_commands; i++) {
        const ctl_command *row = &ctl_commands[i];
        char options[TEXT_SIZE] = "";
        ctl_each_option(row, add_option, options);
        add(options, sizeof options, "--", "help");
        if (row->run == ctl_cmd_completion)
            add(options, sizeof options, "", "bash");
        if (row->run == ctl_cmd_help)
            add_nouns(options, sizeof options);
        print_verbs(i);
        printf("        %s%s%s%s%s) options='%s' ;;\n", row->verb ? "'" : "", row->noun, row->verb ? " " : "*",
               row->verb ? row->verb : "", row->verb ? "'" : "", options);
    }
    fputs(tail, stdout);
    return 0;
}
