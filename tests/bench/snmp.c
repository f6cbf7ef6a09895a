/* SNMP without worker and database: the driver alone over 10,000 agents, beside a raw client that does nothing but send
 * and count; and the driver against the stack's one snmpd. Called by main.c. */
#include "agents.h"
#include "driver.h"
#include <drm/driver.h>
#include <math.h>
#include <stdlib.h>

enum {
    ADDRESSES = 10000,
    GETS = 400000,
    SECURE_GETS = 150000,
    SNMPD_GETS = 60000,
    WINDOW = 512,
    ROUNDS = 3, /* raw client and driver take turns */
};

#define GET "{\"oids\":[\"1.3.6.1.2.1.1.1.0\"]}"
#define V2C "{\"version\":\"2c\",\"timeout_ms\":2000,\"retries\":2}"

typedef struct place {
    const char *host; /* NULL: the agents' addresses, in turn */
    const char (*addresses)[AGENTS_ADDRESS];
} place;

static const char *address_of(const void *user, size_t i, bool *counts)
{
    const place *p = user;

    (void)counts;
    return p->host ? p->host : p->addresses[i % ADDRESSES];
}

static double us_each(const driver_figures *f, double count)
{
    return f->cpu_s * 1e6 / count;
}

static double rate(const driver_figures *f)
{
    return (double)f->completed / f->seconds;
}

/* The best of the rounds: what else the machine does can only make them worse. */
static double best(const double *samples, bool least)
{
    double found = samples[0];

    for (size_t i = 1; i < ROUNDS; i++)
        found = (samples[i] < found) == least ? samples[i] : found;
    return found;
}

static bool gets(bench *b, driver_bench *d, unsigned port, const place *where)
{
    driver_run run = { .operation = "get",
                       .params = GET,
                       .settings = V2C,
                       .community = "public",
                       .port = port,
                       .count = ADDRESSES,
                       .window = WINDOW,
                       .address = address_of,
                       .user = where };
    double raw[ROUNDS], raw_cpu[ROUNDS], driver[ROUNDS], cpu[ROUNDS];
    driver_figures f;

    if (!driver_bench_run(d, &run, &f)) /* warm */
        return false;
    run.count = bench_scaled(b, GETS, ADDRESSES) / ROUNDS;
    for (size_t i = 0; i < ROUNDS; i++) {
        if (!raw_run(b, port, ADDRESSES, run.count, &f))
            return false;
        raw[i] = rate(&f);
        raw_cpu[i] = us_each(&f, (double)f.completed);
        if (!driver_bench_run(d, &run, &f))
            return false;
        driver[i] = rate(&f);
        cpu[i] = us_each(&f, (double)f.completed);
    }
    report_set("ceiling.raw", best(raw, false));
    report_set("ceiling.raw.cpu", best(raw_cpu, true));
    report_set("snmp.get", best(driver, false));
    report_set("snmp.get.cpu", best(cpu, true));
    return true;
}

#define V3 "{\"version\":\"3\",\"timeout_ms\":2000,\"retries\":2}"

/* Version 3 in the steady state: the first round over all agents learns their engines. A driver that does not take the
 * version is not measured. */
static bool secure_gets(bench *b, driver_bench *d, unsigned port, const place *where)
{
    driver_run run = { .operation = "get",
                       .params = GET,
                       .settings = V3,
                       .version = DRIVER_V3,
                       .port = port,
                       .count = ADDRESSES,
                       .window = WINDOW,
                       .address = address_of,
                       .user = where };
    double rates[ROUNDS], cpu[ROUNDS];
    driver_figures f;

    if (drmgmt_driver_find("snmp")->check_settings(V3, NULL))
        return true;
    if (!driver_bench_run(d, &run, &f))
        return false;
    run.count = bench_scaled(b, SECURE_GETS, ADDRESSES) / ROUNDS;
    for (size_t i = 0; i < ROUNDS; i++) {
        if (!driver_bench_run(d, &run, &f))
            return false;
        rates[i] = rate(&f);
        cpu[i] = us_each(&f, (double)f.completed);
    }
    report_set("snmp.get_v3", best(rates, false));
    report_set("snmp.get_v3.cpu", best(cpu, true));
    return true;
}

/* Walks of the agents' ifTable; a driver without the operation is not measured. */
static bool bulk(bench *b, driver_bench *d, unsigned port, const place *where)
{
    enum { DEVICES_WALKED = 500, WALKS = 2000, VARBIND_BYTES = 40 };
    driver_run run = { .operation = "bulkwalk",
                       .params = "{\"oid\":\"1.3.6.1.2.1.2.2\",\"max_repetitions\":25}",
                       .settings = V2C,
                       .community = "public",
                       .port = port,
                       .count = bench_scaled(b, WALKS, 50),
                       .window = DEVICES_WALKED,
                       .address = address_of,
                       .user = where };
    double varbinds[ROUNDS], cpu[ROUNDS];
    driver_figures f;

    if (!drmgmt_driver_operation(drmgmt_driver_find("snmp"), run.operation))
        return true;
    for (size_t i = 0; i < ROUNDS; i++) {
        if (!driver_bench_run(d, &run, &f))
            return false;
        double n = (double)f.completed * AGENTS_VARBINDS;
        if ((double)f.bytes < n * VARBIND_BYTES)
            return bench_fail(b, "walks brought %zu bytes where there are %.0f varbinds", f.bytes, n);
        varbinds[i] = n / f.seconds;
        cpu[i] = us_each(&f, n);
    }
    report_set("snmp.bulk", best(varbinds, false));
    report_set("snmp.bulk.cpu", best(cpu, true));
    return true;
}

static bool against_snmpd(bench *b, driver_bench *d)
{
    const place snmpd = { .host = b->snmp_host };
    driver_run run = { .operation = "get",
                       .params = GET,
                       .settings = V2C,
                       .community = b->snmp_community,
                       .port = b->snmp_port,
                       .count = bench_scaled(b, SNMPD_GETS, 1000),
                       .window = WINDOW,
                       .address = address_of,
                       .user = &snmpd };
    driver_figures f;

    if ((isnan(report_get("ceiling.udp")) && !ceiling_udp(b)) || !driver_bench_run(d, &run, &f))
        return false;
    report_set("snmp.snmpd", rate(&f));
    report_set("snmp.snmpd.cpu", us_each(&f, (double)f.completed));
    return true;
}

bool bench_snmp(bench *b)
{
    agents a = { 0 };
    driver_bench *d = NULL;
    char(*addresses)[AGENTS_ADDRESS] = agents_addresses(ADDRESSES, false);
    const place where = { .addresses = (const char(*)[AGENTS_ADDRESS])addresses };
    bool done = addresses && agents_start(b, &a) && (d = driver_bench_open(b)) && gets(b, d, a.port, &where) &&
                secure_gets(b, d, a.port, &where) && bulk(b, d, a.port, &where) && against_snmpd(b, d);

    driver_bench_close(d);
    agents_stop(&a);
    free(addresses);
    return done;
}
