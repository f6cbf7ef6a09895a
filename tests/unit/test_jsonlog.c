/* The programs' log lines: each is one JSON object and one write, whatever stands in it. */
#include "../../common/jsonlog.c"
#include <criterion/criterion.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>

TestSuite(jsonlog, .timeout = 20);

/* What one call writes to standard error, through a pipe that keeps each write apart. */
static json_t *line_of(const char *message, const char *key, const char *value)
{
    int fds[2], before = dup(STDERR_FILENO);
    char text[LINE_MAX_BYTES * 2];

    cr_assert_eq(pipe2(fds, O_DIRECT | O_NONBLOCK), 0); /* packets: one read is one write */
    dup2(fds[1], STDERR_FILENO);
    jsonlog_write(NULL, DRMGMT_LOG_WARNING, message, &(drmgmt_log_field){ key, value }, 1);
    dup2(before, STDERR_FILENO);
    ssize_t n = read(fds[0], text, sizeof text);
    char more;
    cr_assert_eq(read(fds[0], &more, 1), -1);
    close(before);
    close(fds[0]);
    close(fds[1]);
    if (n < 0)
        return NULL;
    cr_assert(n > 1 && n <= LINE_MAX_BYTES && text[n - 1] == '\n' && !memchr(text, '\n', (size_t)n - 1));
    json_t *line = json_loadb(text, (size_t)n, JSON_REJECT_DUPLICATES, NULL);
    cr_assert_not_null(line, "%.*s", (int)n, text);
    return line;
}

static const char *member(const json_t *line, const char *name)
{
    return json_string_value(json_object_get(line, name));
}

Test(jsonlog, a_line_tells_when_who_and_what)
{
    jsonlog_init("drm-test", DRMGMT_LOG_INFO);
    json_t *line = line_of("something", "key", "value");
    const char *at = member(line, "time");
    cr_assert(strlen(at) == 24 && at[10] == 'T' && at[19] == '.' && at[23] == 'Z', "%s", at);
    cr_assert_str_eq(member(line, "level"), "warning");
    cr_assert_str_eq(member(line, "program"), "drm-test");
    cr_assert_str_eq(member(line, "message"), "something");
    cr_assert_str_eq(member(line, "key"), "value");
    json_decref(line);
}

Test(jsonlog, what_is_less_urgent_is_not_written)
{
    jsonlog_init("drm-test", DRMGMT_LOG_ERROR);
    cr_assert_null(line_of("something", "key", "value"));
}

Test(jsonlog, text_is_escaped_and_made_utf8)
{
    static const struct {
        const char *text, *read;
    } rows[] = {
        { "a\n\"b\"\\\t\x01\x7f", "a\n\"b\"\\\t\x01\x7f" },
        { "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80" },
        { "\xff\xc3", "\xef\xbf\xbd\xef\xbf\xbd" },                                 /* no UTF-8; cut */
        { "\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd" },                                 /* overlong */
        { "\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },                 /* surrogate */
        { "\xf4\x90\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" }, /* past the last character */
        { NULL, "" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        json_t *line = line_of("x", "key", rows[i].text);
        cr_assert_str_eq(member(line, "key"), rows[i].read);
        json_decref(line);
    }
}

/* Every length around the limit, also where the cut meets an escape or a character of several bytes. */
Test(jsonlog, what_is_too_long_is_cut)
{
    static const char *const parts[] = { "x", "\n", "\xe2\x82\xac", "\x01" };

    for (size_t p = 0; p < sizeof parts / sizeof parts[0]; p++)
        for (size_t n = 3900; n < 4300; n++) {
            char *text = malloc(n + 4);
            size_t length = 0, part = strlen(parts[p]);
            for (; length < n; length += part)
                memcpy(text + length, parts[p], part);
            text[length] = '\0';
            json_t *line = line_of(text, "key", text);
            cr_assert_str_eq(member(line, "level"), "warning");
            const char *kept = member(line, "message");
            cr_assert(strncmp(kept, text, strlen(kept)) == 0);
            json_decref(line);
            free(text);
        }
}

Test(jsonlog, levels_have_names)
{
    cr_assert_eq(jsonlog_level_parse("error"), DRMGMT_LOG_ERROR);
    cr_assert_eq(jsonlog_level_parse("debug"), DRMGMT_LOG_DEBUG);
    cr_assert_eq(jsonlog_level_parse("loud"), -1);
    cr_assert_eq(jsonlog_level_parse(""), -1);
}
