/* drmctl's entry: makes the process safe (descriptors, signals), parses the command line, runs one handler and checks
 * that what was written went out. */
#include "drmctl.h"
#include "writer.h"
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

static char farewell[512];
static struct termios terminal;
static volatile sig_atomic_t terminal_changed, held, pending;

void ctl_set_farewell(const char *text)
{
    snprintf(farewell, sizeof farewell, "%s", text);
}

void ctl_restore_terminal_on_signal(const struct termios *before)
{
    if (before)
        terminal = *before;
    terminal_changed = before != NULL;
}

/* Nothing else of ours needs an orderly end: the library's transactions end with their connections, and files are moved
 * into place whole. */
static void leave(int signal_number)
{
    if (held) {
        pending = signal_number;
        return;
    }
    if (terminal_changed)
        tcsetattr(STDIN_FILENO, TCSANOW, &terminal);
    if (farewell[0] && signal_number == SIGINT && write(STDERR_FILENO, farewell, strlen(farewell)) < 0)
        _exit(CTL_EXIT_FAILURE);
    _exit(128 + signal_number);
}

void ctl_hold_signals(bool hold)
{
    held = hold;
    if (!hold && pending)
        leave(pending);
}

static void handle_signals(void)
{
    static const int ends[] = { SIGINT, SIGTERM, SIGHUP };
    struct sigaction old, action = { .sa_handler = leave };

    for (size_t i = 0; i < CTL_COUNT(ends); i++)
        if (sigaction(ends[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN) /* nohup, and jobs in the background */
            sigaction(ends[i], &action, NULL);
    signal(SIGPIPE, SIG_IGN); /* a reader that went away is a write error */
}

/* A closed standard descriptor would be taken by the next socket, and messages would go to PostgreSQL. For output a
 * descriptor that cannot be written to takes its place, so that the loss is noticed. */
static void fill_descriptors(void)
{
    for (int fd = 0; fd <= 2; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDONLY) != fd)
            _exit(CTL_EXIT_FAILURE);
}

static void free_wiped(void *memory)
{
    if (memory)
        explicit_bzero(memory, malloc_usable_size(memory));
    free(memory);
}

int main(int argc, char **argv)
{
    ctl c = { 0 };

    fill_descriptors();
    handle_signals();
    json_set_alloc_funcs(malloc, free_wiped); /* tokens, communities and API keys pass through */
    int code = ctl_parse(&c, argc, argv);
    if (code < 0)
        code = c.command->run(&c);
    ctl_clear(&c);
    int unwritten = ctl_output_check();
    return code ? code : unwritten;
}
