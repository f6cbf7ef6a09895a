/* Redis URLs: what is accepted, what is refused, and that a refusal tells no password. */
#include "core/core.h"
#include "queue/address.h"
#include "queue/redis.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

Test(redis_address, good_urls_are_taken_apart)
{
    static const struct {
        const char *url, *path, *host, *port, *user, *password;
        unsigned db;
    } cases[] = {
        { "redis://localhost", "", "localhost", "6379", "", "", 0 },
        { "redis://localhost/", "", "localhost", "6379", "", "", 0 },
        { "redis://10.0.0.1:6380/15", "", "10.0.0.1", "6380", "", "", 15 },
        { "redis://[::1]", "", "::1", "6379", "", "", 0 },
        { "redis://[fe80::1]:1/2", "", "fe80::1", "1", "", "", 2 },
        { "redis://:secret@h", "", "h", "6379", "", "secret", 0 },
        { "redis://me:se%3Acr%40et@h:1", "", "h", "1", "me", "se:cr@et", 0 },
        { "redis://me:a@b@h", "", "h", "6379", "me", "a@b", 0 },
        { "unix:///run/redis.sock", "/run/redis.sock", "", "", "", "", 0 },
        { "unix:///run/a%20b", "/run/a b", "", "", "", "", 0 },
        { "unix://:secret@/run/r", "/run/r", "", "", "", "secret", 0 },
    };
    for (size_t i = 0; i < DRMGMT__COUNT(cases); i++) {
        drmgmt__redis_address a;
        const char *problem = drmgmt__redis_address_parse(cases[i].url, &a);
        cr_assert_null(problem, "%s: %s", cases[i].url, problem);
        cr_expect_str_eq(a.path, cases[i].path, "%s", cases[i].url);
        cr_expect_str_eq(a.host, cases[i].host, "%s", cases[i].url);
        cr_expect_str_eq(a.port, cases[i].port, "%s", cases[i].url);
        cr_expect_str_eq(a.user, cases[i].user, "%s", cases[i].url);
        cr_expect_str_eq(a.password, cases[i].password, "%s", cases[i].url);
        cr_expect_eq(a.db, cases[i].db, "%s", cases[i].url);
    }
}

Test(redis_address, others_are_refused_without_telling_the_password)
{
    static char long_host[1024] = "redis://", long_path[1024] = "unix:///";
    memset(long_host + 8, 'h', sizeof long_host - 9);
    memset(long_path + 8, 'p', sizeof long_path - 9);
    const char *const bad[] = {
        "",
        "redis:",
        "redis://",
        "redis:///0",
        "rediss://:hunter2@h",
        "http://h",
        "localhost:6379",
        "redis://h:",
        "redis://h:0",
        "redis://h:65536",
        "redis://h:hunter2",
        "redis://h:1x",
        "redis://h:-1",
        "redis://h/x",
        "redis://h/1/2",
        "redis://h/-1",
        "redis://h/99999999",
        "redis://h?password=hunter2",
        "redis://[::1",
        "redis://[::1]1",
        "redis://hunter2@h",
        "redis://:hunter2%@h",
        "redis://:hunter2%4@h",
        "redis://:hunter2%zz@h",
        "redis://:hunter2%00@h",
        "unix://",
        "unix:///",
        "unix://run/redis.sock",
        "unix://:hunter2@run/redis.sock",
        long_host,
        long_path,
    };
    for (size_t i = 0; i < DRMGMT__COUNT(bad); i++) {
        drmgmt_error *error = NULL;
        cr_expect_eq(drmgmt__redis_check_url(bad[i], &error), DRMGMT_ERR_INVALID, "%s", bad[i]);
        cr_expect_str_eq(drmgmt_error_field(error), "redis_url");
        cr_expect_null(strstr(drmgmt_error_message(error), "hunter2"), "%s", bad[i]);
        drmgmt_error_free(error);
    }
}
