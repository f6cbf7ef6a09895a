/* Delays for those who guess. Called by login.c and second_factor.c; calls the store (sec.throttle_admit()).
 *
 * Attempts are counted by three things: an account at an address, an address, and an account. After some free ones each
 * makes the next wait twice as long, up to a cap. Nothing is ever barred for good, and a refusal adds nothing to the
 * wait, so that neither a forgotten password nor an attacker's patience locks an account. From an address where an
 * account was entered before only the first of the three holds: who attacks the account from elsewhere, from however
 * many addresses, does not hold up the one who usually enters it. */
#include "auth/throttle.h"
#include "auth/auth_internal.h"
#include "core/context_internal.h"
#include "queries.h"
#include "store/store.h"
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

enum { BY_PAIR, BY_ADDRESS, BY_ACCOUNT, RULES };

enum {
    NEVER = -1,           /* as a number of free attempts: the rule does not hold */
    KEEP_S = 3600,        /* attempts are forgotten after so long without another one */
    KNOWN_S = 90 * 86400, /* and where an account is known */
    KNOWN_MAX = 32,       /* addresses of an account */
    ROWS_MAX = 500000     /* what the table may grow to; about 100 MB */
};

/* THE table of delays. free_known: from an address where the account is known. */
static const struct rule {
    int free, free_known, base_ms, cap_ms;
} rules[DRMGMT__THROTTLE_KINDS][RULES] = {
    /* 60 s of cap are 1,440 guesses a day. Many people may share an address, one after the other or behind a router. */
    [DRMGMT__THROTTLE_LOGIN] = { [BY_PAIR] = { 10, 50, 1000, 60000 },
                                 [BY_ADDRESS] = { 50, NEVER, 1000, 300000 },
                                 [BY_ACCOUNT] = { 30, NEVER, 1000, 30000 } },
    /* A code is one of a million, three of which are right at a time: 15 minutes of cap are 96 guesses a day. */
    [DRMGMT__THROTTLE_SECOND_FACTOR] = { [BY_PAIR] = { 5, 5, 5000, 900000 },
                                         [BY_ADDRESS] = { 50, NEVER, 1000, 300000 },
                                         [BY_ACCOUNT] = { 10, NEVER, 5000, 900000 } },
};

enum { PLACE_SIZE = 65, NUMBERS_SIZE = RULES * 12 + 2 };

/* One attempt, as the statements take it: arrays with an element a rule. */
struct attempt {
    uint8_t account[DRMGMT__DIGEST_SIZE], pair[DRMGMT__DIGEST_SIZE];
    char keys[RULES * (2 * DRMGMT__DIGEST_SIZE + 6) + 2];
    char free[NUMBERS_SIZE], free_known[NUMBERS_SIZE], base[NUMBERS_SIZE], cap[NUMBERS_SIZE];
};

/* Whose address it is. */
enum where {
    CLIENT,
    LOOPBACK, /* this host's own, but a proxy on it has it too: no single client's */
    HERE      /* none, or no IP address: a program on this host, such as drmctl */
};

/* What stands for an address: an IPv4 address, or the first half of an IPv6 address, which is what one customer has to
 * choose from (RFC 6177); for anything else its text. */
static enum where place_of(const char *address, uint8_t out[PLACE_SIZE], size_t *n)
{
    char text[PLACE_SIZE] = "";
    struct in6_addr six;
    struct in_addr four;

    if (address)
        snprintf(text, sizeof text, "%.*s", (int)strcspn(address, "%"), address); /* without a zone */
    if (inet_pton(AF_INET6, text, &six) == 1 && !IN6_IS_ADDR_V4MAPPED(&six)) {
        *n = 8;
        memcpy(out, &six, *n);
        return IN6_IS_ADDR_LOOPBACK(&six) ? LOOPBACK : CLIENT;
    }
    if (inet_pton(AF_INET6, text, &six) == 1) {
        memcpy(&four, six.s6_addr + 12, sizeof four);
    } else if (inet_pton(AF_INET, text, &four) != 1) {
        *n = strlen(text);
        memcpy(out, text, *n);
        return HERE;
    }
    *n = sizeof four;
    memcpy(out, &four, *n);
    return ntohl(four.s_addr) >> 24 == 127 ? LOOPBACK : CLIENT;
}

/* SHA-256 over kind, rule, and of account and place those that the rule counts by. */
static int make_key(drmgmt__throttle_kind kind, int rule, const char *account, const uint8_t *place, size_t n_place,
                    uint8_t key[DRMGMT__DIGEST_SIZE])
{
    char text[512];
    size_t rest = rule == BY_ACCOUNT ? 0 : n_place;
    size_t n = (size_t)snprintf(text, sizeof text, "throttle %d %d %.300s %zu ", (int)kind, rule,
                                rule == BY_ADDRESS ? "" : account, rest);

    memcpy(text + n, place, rest);
    return drmgmt__sha256(text, n + rest, key);
}

static void print_numbers(char out[NUMBERS_SIZE], const int numbers[RULES])
{
    snprintf(out, NUMBERS_SIZE, "{%d,%d,%d}", numbers[BY_PAIR], numbers[BY_ADDRESS], numbers[BY_ACCOUNT]);
}

static int make(struct attempt *a, drmgmt__throttle_kind kind, const char *account, const char *address,
                drmgmt_error **error)
{
    uint8_t place[PLACE_SIZE] = { 0 }, keys[RULES][DRMGMT__DIGEST_SIZE];
    char hex[RULES][2 * DRMGMT__DIGEST_SIZE + 1];
    int now[RULES], known[RULES], base[RULES], cap[RULES];
    size_t n;
    enum where where = place_of(address, place, &n);

    for (int i = 0; i < RULES; i++) {
        const struct rule *r = &rules[kind][i];
        bool holds = i == BY_PAIR || (i == BY_ADDRESS ? where == CLIENT : where != HERE);
        if (make_key(kind, i, account, place, n, keys[i]))
            return drmgmt__fail(error, DRMGMT_ERR_CRYPTO, "SHA-256 does not work here");
        drmgmt__hex(keys[i], DRMGMT__DIGEST_SIZE, hex[i]);
        now[i] = holds ? r->free : NEVER;
        known[i] = holds ? r->free_known : NEVER;
        base[i] = r->base_ms;
        cap[i] = r->cap_ms;
    }
    memcpy(a->account, keys[BY_ACCOUNT], sizeof a->account);
    memcpy(a->pair, keys[BY_PAIR], sizeof a->pair);
    snprintf(a->keys, sizeof a->keys, "{\"\\\\x%s\",\"\\\\x%s\",\"\\\\x%s\"}", hex[BY_PAIR], hex[BY_ADDRESS],
             hex[BY_ACCOUNT]);
    print_numbers(a->free, now);
    print_numbers(a->free_known, known);
    print_numbers(a->base, base);
    print_numbers(a->cap, cap);
    return 0;
}

static void add_common(drmgmt__params *p, const struct attempt *a)
{
    drmgmt__param_bytes(p, a->account, sizeof a->account);
    drmgmt__param_bytes(p, a->pair, sizeof a->pair);
    drmgmt__param(p, a->keys);
    drmgmt__param(p, a->free);
    drmgmt__param(p, a->free_known);
}

static int refuse(int64_t seconds, drmgmt_error **error)
{
    return drmgmt__fail_later(error, (unsigned)seconds, "too many attempts failed: try again in %lld s",
                              (long long)seconds);
}

static int admit(drmgmt_context *context, const struct attempt *a, drmgmt_error **error)
{
    DRMGMT__SESSION drmgmt_session *system = NULL;
    DRMGMT__ROWS drmgmt__rows *rows = NULL;
    drmgmt__params p = DRMGMT__PARAMS_INIT;
    int rc = drmgmt__session_open_system(context, "auth", &system, error);

    if (rc)
        return rc;
    add_common(&p, a);
    drmgmt__param(&p, a->base);
    drmgmt__param(&p, a->cap);
    drmgmt__param_int(&p, KEEP_S);
    drmgmt__param_int(&p, ROWS_MAX);
    /* Repeatable: one that is counted twice because an answer got lost does no harm. */
    rc = drmgmt__run(system, DRMGMT_PERM_NONE, DRMGMT__WRITE | DRMGMT__REPEATABLE, &drmgmt__q_throttle_admit, &p, &rows,
                     error);
    if (rc)
        return rc;
    int64_t seconds = drmgmt__rows_int(rows, 0, 0);
    return seconds ? refuse(seconds, error) : 0;
}

int drmgmt__throttle_admit(drmgmt_context *context, drmgmt__throttle_kind kind, const char *account,
                           const char *address, drmgmt_error **error)
{
    struct attempt a;
    /* A crowd is sent away before it costs a row: so rows are bounded by the hashes that can be computed. */
    int rc = kind == DRMGMT__THROTTLE_LOGIN ? drmgmt__password_room(error) : 0;

    if (!rc)
        rc = make(&a, kind, account, address, error);
    if (!rc)
        rc = admit(context, &a, error);
    return rc;
}

static int settle(drmgmt_context *context, const struct attempt *a, bool succeeded, drmgmt_error **error)
{
    DRMGMT__SESSION drmgmt_session *system = NULL;
    drmgmt__params p = DRMGMT__PARAMS_INIT;
    int rc = drmgmt__session_open_system(context, "auth", &system, error);

    if (rc)
        return rc;
    add_common(&p, a);
    drmgmt__param_bool(&p, succeeded);
    drmgmt__param_int(&p, KNOWN_S);
    drmgmt__param_int(&p, KNOWN_MAX);
    return drmgmt__run(system, DRMGMT_PERM_NONE, DRMGMT__WRITE, &drmgmt__q_throttle_settle, &p, NULL, error);
}

void drmgmt__throttle_settle(drmgmt_context *context, drmgmt__throttle_kind kind, const char *account,
                             const char *address, drmgmt__throttle_outcome outcome)
{
    struct attempt a;
    drmgmt_error *error = NULL;

    if (outcome == DRMGMT__THROTTLE_FAILED)
        return;
    int rc = make(&a, kind, account, address, &error);
    if (!rc)
        rc = settle(context, &a, outcome == DRMGMT__THROTTLE_SUCCEEDED, &error);
    if (rc)
        drmgmt__log(context, DRMGMT_LOG_WARNING, "an attempt to log in stays counted", "reason",
                    drmgmt_error_message(error), NULL);
    drmgmt_error_free(error);
}
