/* A keyring from its text, as the tests of what is made with keys need one. */
#ifndef KEYRING_SUPPORT_H
#define KEYRING_SUPPORT_H

#include "auth/auth.h"
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static inline drmgmt__keyring *keyring_of(const char *text)
{
    char path[] = "/tmp/drmgmt-keyring-XXXXXX";
    int fd = mkstemp(path);
    drmgmt__keyring *k = NULL;

    cr_assert(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    close(fd);
    int rc = drmgmt__keyring_load(path, &k, NULL);
    unlink(path);
    cr_assert_eq(rc, 0);
    return k;
}

#endif
