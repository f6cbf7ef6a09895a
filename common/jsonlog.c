/* JSON log lines on standard error. Called by drmd and drm-worker, and by the library through its log callback. */
#include "jsonlog.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* A pipe takes up to 4096 bytes (PIPE_BUF on Linux) in one piece. The closing quote, brace and newline always fit. */
enum { LINE_MAX_BYTES = 4096, TAIL = 3 };

struct line {
    size_t n;
    char data[LINE_MAX_BYTES];
};

static const struct {
    drmgmt_log_level level;
    const char *name;
} levels[] = {
    { DRMGMT_LOG_ERROR, "error" },
    { DRMGMT_LOG_WARNING, "warning" },
    { DRMGMT_LOG_INFO, "info" },
    { DRMGMT_LOG_DEBUG, "debug" },
};

static const char *program_name = "drmgmt";
static drmgmt_log_level wanted = DRMGMT_LOG_INFO;

void jsonlog_init(const char *program, drmgmt_log_level level)
{
    program_name = program;
    wanted = level;
}

int jsonlog_level_parse(const char *text)
{
    for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++)
        if (strcmp(levels[i].name, text) == 0)
            return (int)levels[i].level;
    return -1;
}

static const char *level_name(drmgmt_log_level level)
{
    for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++)
        if (levels[i].level == level)
            return levels[i].name;
    return "info";
}

static size_t room(const struct line *line)
{
    size_t most = sizeof line->data - TAIL;
    return line->n < most ? most - line->n : 0;
}

/* Whole or not at all, so that an escape is never cut in two. */
static bool put(struct line *line, const char *bytes, size_t n)
{
    if (n > room(line))
        return false;
    memcpy(line->data + line->n, bytes, n);
    line->n += n;
    return true;
}

/* Length of the well-formed UTF-8 sequence at s (RFC 3629, section 4), 0 if there is none. */
static size_t utf8_length(const unsigned char *s)
{
    size_t n = s[0] < 0x80                   ? 1
               : s[0] >= 0xC2 && s[0] < 0xE0 ? 2
               : (s[0] & 0xF0) == 0xE0       ? 3
               : s[0] >= 0xF0 && s[0] < 0xF5 ? 4
                                             : 0;
    for (size_t i = 1; i < n; i++)
        if ((s[i] & 0xC0) != 0x80)
            return 0;
    if ((s[0] == 0xE0 && s[1] < 0xA0) || (s[0] == 0xED && s[1] > 0x9F) || (s[0] == 0xF0 && s[1] < 0x90) ||
        (s[0] == 0xF4 && s[1] > 0x8F))
        return 0;
    return n;
}

static bool plain(unsigned char c)
{
    return c >= 0x20 && c < 0x7F && c != '"' && c != '\\';
}

static bool put_escaped(struct line *line, unsigned char c)
{
    static const char digits[] = "0123456789abcdef";
    static const char with_letter[] = "\"\"\\\\\nn\rr\tt";

    for (const char *p = with_letter; *p; p += 2)
        if (p[0] == (char)c)
            return put(line, (const char[]){ '\\', p[1] }, 2);
    return put(line, (const char[]){ '\\', 'u', '0', '0', digits[c >> 4], digits[c & 15] }, 6);
}

/* The inside of a JSON string. */
static void put_text(struct line *line, const char *text)
{
    const unsigned char *s = (const unsigned char *)text;
    bool fits = true;

    while (*s && fits) {
        size_t run = 0;
        while (plain(s[run]))
            run++;
        if (run > 0) {
            fits = run <= room(line);
            put(line, (const char *)s, fits ? run : room(line));
            s += run;
        } else if (*s < 0x80) {
            fits = put_escaped(line, *s);
            s++;
        } else {
            size_t n = utf8_length(s);
            fits = n ? put(line, (const char *)s, n) : put(line, "\\ufffd", 6);
            s += n ? n : 1;
        }
    }
}

static void put_member(struct line *line, const char *name, const char *value)
{
    /* A member that is left out beats a name that is cut. */
    if (strlen(name) * 6 + sizeof ",\"\":\"" > room(line))
        return;
    put(line, ",", line->n == 1 ? 0 : 1);
    put(line, "\"", 1);
    put_text(line, name);
    put(line, "\":\"", 3);
    put_text(line, value ? value : "");
    line->data[line->n++] = '"'; /* of TAIL */
}

static void put_time(char text[40])
{
    struct timespec now;
    struct tm tm;

    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &tm);
    size_t n = strftime(text, 32, "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(text + n, 40 - n, ".%03ldZ", now.tv_nsec / 1000000);
}

static void write_all(const char *data, size_t n)
{
    while (n > 0) {
        ssize_t done = write(STDERR_FILENO, data, n);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return; /* nowhere to tell it */
        data += done;
        n -= (size_t)done;
    }
}

void jsonlog_write(void *user, drmgmt_log_level level, const char *message, const drmgmt_log_field *fields,
                   size_t n_fields)
{
    struct line line;
    char now[40];

    (void)user;
    if (level > wanted)
        return;
    line.n = 1;
    line.data[0] = '{';
    put_time(now);
    put_member(&line, "time", now);
    put_member(&line, "level", level_name(level));
    put_member(&line, "program", program_name);
    put_member(&line, "message", message);
    for (size_t i = 0; i < n_fields; i++)
        put_member(&line, fields[i].key, fields[i].value);
    memcpy(line.data + line.n, "}\n", 2);
    write_all(line.data, line.n + 2);
}
