/* SNMP version 3 in the driver against agents that misbehave: they repeat, forge, damage, contradict themselves, or are
 * many. The agents are threads of the tests: needs no server. That real ones are understood: test_snmp_v3.py. */
#include "proto/snmp/usm.h"
#include "snmp_double.h"
#include "snmp_fixture.h"

#define QUICK   "{\"version\":\"3\",\"timeout_ms\":150,\"retries\":1}"
#define PATIENT "{\"version\":\"3\",\"timeout_ms\":5000,\"retries\":0}"

enum { STATS_TIME = 2, STATS_USER = 3, STATS_ENGINE = 4, STATS_DIGEST = 5 };

struct agent3;
typedef void behave_fn(struct agent3 *agent, drmgmt__snmp_message *request);

struct agent3 {
    int fd, stop;
    unsigned port;
    pthread_t thread;
    pthread_mutex_t mutex; /* held while it answers, and by a test that changes it */
    behave_fn *behave;
    struct sockaddr_storage from;
    socklen_t from_length;
    atomic_uint seen;
    uint8_t id[8]; /* its engine's */
    int32_t boots, time;
    drmgmt__usm_key ku;
    drmgmt__usm_keys keys;
    drmgmt__usm_verdict verdict; /* of the request */
    uint8_t out[4096], scratch[4096], in[4096], plain[4096];
};

static drmgmt__octets id_of(const struct agent3 *a)
{
    return (drmgmt__octets){ a->id, sizeof a->id };
}

static void set_engine(struct agent3 *a, uint8_t last)
{
    const uint8_t id[] = { 0x80, 0, 0x1f, 0x88, 4, 'd', 'b', last };
    const drmgmt__octets octets = { a->id, sizeof a->id };

    memcpy(a->id, id, sizeof id);
    cr_assert_eq(drmgmt__usm_localize(&a->keys, &a->ku, &a->ku, &octets), 0);
    if (a->keys.half) {
        const drmgmt__octets half = drmgmt__usm_half(&a->keys);
        drmgmt__usm_key ku;
        cr_assert_eq(drmgmt__usm_ku(a->keys.auth, &half, &ku), 0);
        cr_assert_eq(drmgmt__usm_complete(&a->keys, &ku, &octets), 0);
    }
}

static void send3(struct agent3 *a, const void *bytes, size_t n)
{
    sendto(a->fd, bytes, n, 0, (struct sockaddr *)&a->from, a->from_length);
}

/* A message with one varbind, at the level of keys. */
static const uint8_t *write3(struct agent3 *a, const drmgmt__snmp_message *request, uint8_t type,
                             const drmgmt__usm_keys *keys, const drmgmt__snmp_varbind *vb, size_t *length)
{
    drmgmt__snmp_message m = {
        .version = DRMGMT__SNMP_V3,
        .id = request->id,
        .max_size = 65507,
        .usm = { .engine = id_of(a), .user = request->usm.user, .boots = a->boots, .time = a->time },
        .context_engine = id_of(a),
        .pdu = { .type = type, .request_id = request->pdu.request_id }
    };

    return drmgmt__usm_write(&m, keys, vb, 1, a->out, a->scratch, sizeof a->out, length);
}

static void report(struct agent3 *a, const drmgmt__snmp_message *request, uint32_t what, const drmgmt__usm_keys *keys)
{
    const uint32_t arcs[] = { 1, 3, 6, 1, 6, 3, 15, 1, 1, what, 0 };
    const drmgmt__snmp_varbind vb = { { arcs, 11 }, { .tag = DRMGMT__SNMP_COUNTER32, .number = 1 } };
    static const drmgmt__usm_keys none;
    size_t length;

    const uint8_t *packet = write3(a, request, DRMGMT__SNMP_REPORT, keys ? keys : &none, &vb, &length);
    send3(a, packet, length);
}

static const uint8_t *write_answer(struct agent3 *a, const drmgmt__snmp_message *request, const char *text,
                                   const drmgmt__usm_keys *keys, size_t *length)
{
    static const uint32_t arcs[] = { 1, 3, 6, 1, 2, 1, 1, 1, 0 };
    const drmgmt__snmp_varbind vb = {
        { arcs, 9 }, { .tag = DRMGMT__SNMP_OCTETS, .octets = { (const uint8_t *)text, strlen(text) } }
    };

    return write3(a, request, DRMGMT__SNMP_RESPONSE, keys, &vb, length);
}

static void respond(struct agent3 *a, const drmgmt__snmp_message *request, const char *text,
                    const drmgmt__usm_keys *keys)
{
    size_t length;
    const uint8_t *packet = write_answer(a, request, text, keys, &length);

    send3(a, packet, length);
}

/* As an agent should: RFC 3414, section 3.2. True: the request may be answered. */
static bool check_in(struct agent3 *a, const drmgmt__snmp_message *request)
{
    if (request->usm.engine.length != sizeof a->id || memcmp(request->usm.engine.bytes, a->id, sizeof a->id) != 0)
        report(a, request, STATS_ENGINE, NULL);
    else if (a->verdict != DRMGMT__USM_GOOD)
        report(a, request, STATS_DIGEST, NULL);
    else if (request->usm.boots != a->boots || !drmgmt__usm_in_window(a->boots, a->time, a->boots, request->usm.time))
        report(a, request, STATS_TIME, &a->keys);
    else
        return true;
    return false;
}

static void well(struct agent3 *a, drmgmt__snmp_message *request)
{
    if (check_in(a, request))
        respond(a, request, "hello", &a->keys);
}

static void *serve3(void *user)
{
    struct agent3 *a = user;
    struct pollfd fds[2] = { { a->fd, POLLIN, 0 }, { a->stop, POLLIN, 0 } };
    drmgmt__snmp_message m;

    while (poll(fds, 2, -1) >= 0 && !fds[1].revents) {
        a->from_length = sizeof a->from;
        ssize_t n = recvfrom(a->fd, a->in, sizeof a->in, MSG_DONTWAIT, (struct sockaddr *)&a->from, &a->from_length);
        if (n <= 0 || drmgmt__snmp_message_read(&m, a->in, (size_t)n) || m.version != DRMGMT__SNMP_V3)
            continue;
        pthread_mutex_lock(&a->mutex);
        atomic_fetch_add(&a->seen, 1);
        m.pdu.request_id = m.id; /* as the driver has it, where it cannot be read */
        a->verdict = drmgmt__usm_read(&m, &a->keys, a->in, (size_t)n, a->plain, sizeof a->plain);
        a->behave(a, &m);
        pthread_mutex_unlock(&a->mutex);
    }
    return NULL;
}

static void start_agent(struct agent3 *a, behave_fn *behave, const char *auth, const char *priv)
{
    memset(a, 0, sizeof *a);
    pthread_mutex_init(&a->mutex, NULL);
    a->behave = behave;
    a->boots = 7;
    a->time = 1000;
    a->keys.auth = drmgmt__usm_auth_find(auth);
    a->keys.priv = priv ? drmgmt__usm_priv_find(priv) : NULL;
    cr_assert_eq(drmgmt__usm_ku(a->keys.auth, &(drmgmt__octets){ (const uint8_t *)"the-passphrase", 14 }, &a->ku), 0);
    set_engine(a, 1);
    a->fd = open_udp(&a->port);
    a->stop = eventfd(0, EFD_CLOEXEC);
    cr_assert_eq(pthread_create(&a->thread, NULL, serve3, a), 0);
}

/* A new life of the agent, or another one in its place. */
static void change(struct agent3 *a, uint8_t engine, int32_t boots, int32_t time)
{
    pthread_mutex_lock(&a->mutex);
    set_engine(a, engine);
    a->boots = boots;
    a->time = time;
    pthread_mutex_unlock(&a->mutex);
}

static void stop_agent(struct agent3 *a)
{
    eventfd_write(a->stop, 1);
    pthread_join(a->thread, NULL);
    close(a->stop);
    close(a->fd);
}

static const drmgmt_op_credential good_login = { .id = "c",
                                                 .snmp_version = "3",
                                                 .username = "bert",
                                                 .auth_protocol = "SHA-256",
                                                 .auth_password = "the-passphrase",
                                                 .priv_protocol = "AES-128",
                                                 .priv_password = "the-passphrase" };

static drmgmt__op *begin3(struct fixture *f, const struct agent3 *a, const drmgmt_op_credential *login,
                          const char *tenant, const char *settings)
{
    return begin_spec(f, (drmgmt__op_spec){ .address = "127.0.0.1",
                                            .port = a->port,
                                            .credentials = login,
                                            .n_credentials = 1,
                                            .tenant_id = tenant,
                                            .settings = settings });
}

/* One get of an agent that behaves so; its end, which lives until the fixture is closed. */
static const struct ended *one(struct fixture *f, struct agent3 *a, behave_fn *behave, const char *settings)
{
    start_agent(a, behave, "SHA-256", "AES-128");
    open_fixture(f, 8);
    begin3(f, a, &good_login, NULL, settings);
    return run_last(f);
}

static void done(struct fixture *f, struct agent3 *a)
{
    close_fixture(f);
    stop_agent(a);
}

static void assert_answered(const struct ended *e)
{
    cr_assert(e->completed, "%s: %s", e->code, e->message);
    cr_assert(strstr(e->result, "\"hello\"") && !strstr(e->result, "forged"), "%s", e->result);
}

/* ---- reports that come twice, late, or in storms ---- */

static void each_report_five_times(struct agent3 *a, drmgmt__snmp_message *request)
{
    for (int i = 0; i < 5; i++)
        well(a, request);
}

static void wrong_time_first(struct agent3 *a, drmgmt__snmp_message *request)
{
    int32_t told = a->time;

    /* What discovery tells of time is of no use, and so the first question is out of the window. */
    a->time = request->usm.engine.length ? told : told / 2;
    for (int i = 0; i < 3; i++)
        well(a, request);
    a->time = told;
}

static void slow_to_be_found(struct agent3 *a, drmgmt__snmp_message *request)
{
    if (!request->usm.engine.length && a->seen == 1)
        return; /* the first probe is answered with the second one */
    if (!request->usm.engine.length)
        well(a, request);
    well(a, request);
}

Test(snmp_v3, repeated_reports_are_no_new_ones)
{
    static behave_fn *const behaviours[] = { each_report_five_times, wrong_time_first, slow_to_be_found };
    static struct agent3 a;

    for (size_t i = 0; i < DRMGMT__COUNT(behaviours); i++) {
        struct fixture f;
        const struct ended *e = one(&f, &a, behaviours[i], "{\"version\":\"3\",\"timeout_ms\":500,\"retries\":3}");
        cr_assert(e->completed, "%zu: %s: %s", i, e->code, e->message);
        done(&f, &a);
    }
}

static void another_engine_each_time(struct agent3 *a, drmgmt__snmp_message *request)
{
    set_engine(a, (uint8_t)(10 + a->seen));
    report(a, request, STATS_ENGINE, NULL);
}

static void never_in_time(struct agent3 *a, drmgmt__snmp_message *request)
{
    if (!request->usm.engine.length)
        report(a, request, STATS_ENGINE, NULL);
    else
        report(a, request, STATS_TIME, &a->keys);
}

/* An agent cannot keep a question going for ever. */
Test(snmp_v3, an_agent_that_is_never_content)
{
    static struct agent3 a;
    struct fixture f;

    assert_failed(one(&f, &a, another_engine_each_time, PATIENT), "unknownEngineID", true);
    cr_assert_leq(a.seen, 3);
    done(&f, &a);
    assert_failed(one(&f, &a, never_in_time, PATIENT), "notInTimeWindow", true);
    cr_assert_leq(a.seen, 3);
    done(&f, &a);
}

/* ---- what must not be believed ---- */

static void forged_answers(struct agent3 *a, drmgmt__snmp_message *request)
{
    static const drmgmt__usm_keys none;
    drmgmt__usm_keys other = a->keys, no_priv = a->keys;
    drmgmt__snmp_message changed = *request;
    int32_t boots = a->boots, time = a->time;
    size_t length;

    if (!check_in(a, request))
        return;
    other.auth_key.bytes[3] ^= 1;
    no_priv.priv = NULL;
    respond(a, request, "forged", &other); /* a wrong digest */
    respond(a, request, "forged", &none);  /* less secure than what was asked */
    respond(a, request, "forged", &no_priv);
    a->boots--; /* a replay: of an earlier life, and of 151 s ago */
    respond(a, request, "forged", &a->keys);
    a->boots = boots;
    a->time -= 200;
    respond(a, request, "forged", &a->keys);
    a->time = time;
    changed.usm.user = (drmgmt__octets){ (const uint8_t *)"ernie", 5 };
    respond(a, &changed, "forged", &a->keys);
    changed = *request;
    changed.pdu.request_id ^= 1;
    respond(a, &changed, "forged", &a->keys);
    changed = *request;
    changed.id ^= 1;
    respond(a, &changed, "forged", &a->keys);
    set_engine(a, 99); /* another engine, with the user's keys for it */
    respond(a, request, "forged", &a->keys);
    set_engine(a, 1);
    const uint8_t *packet = write_answer(a, request, "forged", &a->keys, &length);
    for (size_t n = 0; n < length; n++)
        send3(a, packet, n);
    report(a, request, STATS_TIME, NULL); /* of time one hears from who has the keys */
    respond(a, request, "hello", &a->keys);
}

Test(snmp_v3, the_right_answer_counts_among_forged_ones)
{
    static struct agent3 a;
    struct fixture f;

    assert_answered(one(&f, &a, forged_answers, PATIENT));
    cr_assert_geq(((drmgmt__snmp *)f.state)->counts.foreign, 9);
    done(&f, &a);
}

static void only_forged(struct agent3 *a, drmgmt__snmp_message *request)
{
    drmgmt__usm_keys other = a->keys;

    other.auth_key.bytes[0] ^= 1;
    if (check_in(a, request))
        respond(a, request, "forged", &other);
}

static void silent3(struct agent3 *a, drmgmt__snmp_message *request)
{
    (void)a;
    (void)request;
}

Test(snmp_v3, forged_answers_alone_are_silence)
{
    static struct agent3 a;
    struct fixture f;

    assert_failed(one(&f, &a, only_forged, QUICK), "timeout", true);
    done(&f, &a);
    const struct ended *e = one(&f, &a, silent3, QUICK);
    assert_failed(e, "timeout", true);
    cr_assert_eq(a.seen, 2, "%u probes", a.seen);
    cr_assert_null(strstr(e->message, "passphrase"), "%s", e->message);
    done(&f, &a);
}

/* ---- agents that change ---- */

Test(snmp_v3, reset_and_replaced_agents_are_learnt_again)
{
    static struct agent3 a;
    struct fixture f;

    assert_answered(one(&f, &a, well, PATIENT));
    cr_assert_eq(a.seen, 2, "one probe, one question");
    begin3(&f, &a, &good_login, NULL, PATIENT);
    assert_answered(run_last(&f));
    cr_assert_eq(a.seen, 3, "the engine was forgotten");
    change(&a, 1, 8, 3);
    begin3(&f, &a, &good_login, NULL, PATIENT);
    assert_answered(run_last(&f));
    change(&a, 1, 1, 3); /* as from the factory */
    begin3(&f, &a, &good_login, NULL, PATIENT);
    assert_answered(run_last(&f));
    change(&a, 2, 1, 3);
    begin3(&f, &a, &good_login, NULL, PATIENT);
    assert_answered(run_last(&f));
    done(&f, &a);
}

/* An agent that nobody asks is forgotten with its keys, after a whole round of silence and not before. */
Test(snmp_v3, keys_are_not_kept_for_ever)
{
    static struct agent3 a;
    struct fixture f;

    assert_answered(one(&f, &a, well, PATIENT));
    drmgmt__snmp *snmp = f.state;
    drmgmt__snmp_sessions_round(snmp);
    begin3(&f, &a, &good_login, NULL, PATIENT);
    assert_answered(run_last(&f));
    cr_assert_eq(a.seen, 3, "the engine was forgotten");
    drmgmt__snmp_sessions_round(snmp);
    cr_assert_eq(snmp->sessions.n, 1);
    drmgmt__snmp_sessions_round(snmp);
    cr_assert_eq(snmp->sessions.n, 0);
    drmgmt__snmp_sessions_round(snmp); /* the passphrase was used by the session until now */
    begin3(&f, &a, &good_login, NULL, PATIENT);
    assert_answered(run_last(&f));
    cr_assert_eq(a.seen, 5, "one probe, one question");
    cr_assert_eq(drmgmt__kus_hashed(snmp->kus), 2);
    done(&f, &a);
}

/* Many at once at an agent that was replaced: each finds its way. Keys of AES-256-C with SHA-1 take a Ku for each
 * engine, which a thread makes: the questions wait for it. */
Test(snmp_v3, many_questions_at_a_replaced_agent)
{
    static const char *const levels[][2] = { { "SHA-256", "AES-128" }, { "SHA", "AES-256-C" }, { "MD5", "AES-192-C" } };
    static struct agent3 a;
    struct fixture f;

    for (size_t level = 0; level < DRMGMT__COUNT(levels); level++) {
        drmgmt_op_credential login = good_login;
        login.auth_protocol = levels[level][0];
        login.priv_protocol = levels[level][1];
        start_agent(&a, well, login.auth_protocol, login.priv_protocol);
        open_fixture(&f, 201);
        begin3(&f, &a, &login, NULL, PATIENT);
        assert_answered(run_last(&f));
        change(&a, 2, 2, 1000);
        for (int i = 0; i < 200; i++)
            begin3(&f, &a, &login, NULL, PATIENT);
        run_fixture(&f);
        for (size_t i = 0; i < f.n; i++)
            assert_answered(&f.ends[i]);
        /* the passphrase, and what is made of it for each of the two engines */
        cr_assert_eq(drmgmt__kus_hashed(((drmgmt__snmp *)f.state)->kus), level ? 3 : 1);
        done(&f, &a);
    }
}

/* ---- two tenants ---- */

/* Same user name, same agent; the wrong passphrase fails each time, whoever was first, and also at the same moment. */
Test(snmp_v3, two_tenants_never_use_each_others_keys)
{
    static struct agent3 a;
    drmgmt_op_credential wrong = good_login;

    wrong.auth_password = wrong.priv_password = "another-passphrase";
    for (int order = 0; order < 2; order++) {
        struct fixture f;
        start_agent(&a, well, "SHA-256", "AES-128");
        open_fixture(&f, 240);
        for (int i = 0; i < 20; i++) { /* one after the other */
            bool right = i % 2 == order;
            begin3(&f, &a, right ? &good_login : &wrong, right ? "tenant-a" : "tenant-b", PATIENT);
            const struct ended *e = run_last(&f);
            if (right)
                assert_answered(e);
            else
                assert_failed(e, "authentication", false);
        }
        for (int i = 0; i < 200; i++) { /* interleaved */
            bool right = i % 2 == order;
            begin3(&f, &a, right ? &good_login : &wrong, right ? "tenant-a" : "tenant-b", PATIENT);
        }
        run_fixture(&f);
        for (size_t i = 20; i < f.n; i++)
            if ((int)(i % 2) == order)
                assert_answered(&f.ends[i]);
            else
                assert_failed(&f.ends[i], "authentication", false);
        done(&f, &a);
    }
}

/* ---- twenty thousand ---- */

static void join(drmgmt__snmp *snmp, size_t i, bool leave, drmgmt__snmp_session **kept)
{
    const drmgmt_op_credential login = { .username = "bert",
                                         .auth_protocol = "SHA",
                                         .auth_password = "the-passphrase" };
    drmgmt__net_address address = { .family = AF_INET, .port = 161 };
    uint32_t number = htonl((uint32_t)(0x0a000000 + i));

    memcpy(address.bytes, &number, sizeof number);
    *kept = drmgmt__snmp_session_join(snmp, &address, DRMGMT__SNMP_V3, &login, "tenant-a");
    cr_assert_not_null(*kept);
    if (leave)
        drmgmt__snmp_session_leave(snmp, *kept);
}

/* How many sessions and links a look-up goes over does not grow with their number. */
Test(snmp_v3, look_ups_stay_flat_at_20000_engines)
{
    static drmgmt__snmp_session *kept[20000], *again;
    const size_t sizes[] = { 200, 20000 };
    double steps[2];
    struct fixture f;
    size_t made = 0;

    open_fixture(&f, 1);
    drmgmt__snmp *snmp = f.state;
    for (size_t s = 0; s < 2; s++) {
        for (; made < sizes[s]; made++)
            join(snmp, made, false, &kept[made]);
        cr_assert_eq(snmp->sessions.n, sizes[s]);
        uint64_t before = snmp->sessions.steps;
        for (size_t i = 0; i < sizes[s]; i++) {
            join(snmp, i, true, &again);
            cr_assert_eq(again, kept[i]);
        }
        steps[s] = (double)(snmp->sessions.steps - before) / (double)sizes[s];
    }
    cr_assert(steps[0] < 2.5 && steps[1] < 2.5, "%.2f links a look-up of 200, %.2f of 20,000", steps[0], steps[1]);
    while (made)
        drmgmt__snmp_session_leave(snmp, kept[--made]);
    close_fixture(&f);
}

/* One passphrase of ten thousand devices is hashed once. */
Test(snmp_v3, a_passphrase_is_hashed_once)
{
    static struct agent3 a;
    struct fixture f;

    start_agent(&a, well, "SHA-256", "AES-128");
    open_fixture(&f, 50);
    for (int i = 0; i < 50; i++)
        begin3(&f, &a, &good_login, i % 2 ? "tenant-a" : "tenant-b", PATIENT);
    run_fixture(&f);
    for (size_t i = 0; i < f.n; i++)
        assert_answered(&f.ends[i]);
    cr_assert_eq(drmgmt__kus_hashed(((drmgmt__snmp *)f.state)->kus), 1);
    done(&f, &a);
}
