/* drm-bench: what its files share. main.c runs the table of benchmarks; each of them fills values of the table of
 * figures in report.c. Everything here belongs to one thread, the main one, unless told otherwise. */
#ifndef DRM_BENCH_H
#define DRM_BENCH_H

#include "http.h"
#include <drm/sdk.h>
#include <jansson.h>
#include <libpq-fe.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum {
    DEVICES = 200,     /* made for the run */
    JOB_DEVICES = 100, /* of them, those that jobs are spread over */
    ID_SIZE = 37
};

typedef struct bench {
    /* The stack, from the environment; all point into it. Optional ones are NULL when unset. */
    const char *url, *email, *password, *tenant, *app_database_url, *admin_database_url, *redis_url, *keyring,
        *snmp_community;
    char snmp_host[64];
    unsigned snmp_port;

    double scale;         /* of counts and durations */
    unsigned limit_s;     /* most time of one benchmark */
    unsigned soak_min;    /* minutes of a soak */
    unsigned connections; /* REST submissions at once */
    const char *pgbench, *wrk, *worker;

    http_target target;
    char *token; /* of the latest log-in */
    PGconn *admin;
    char tenant_id[ID_SIZE], credential[ID_SIZE], devices[DEVICES][ID_SIZE];
    size_t n_devices;
    char run_name[32]; /* "bench-<pid>": prefix of all that is made */

    const char *running; /* the benchmark, for messages */
    int64_t deadline_us;
} bench;

typedef struct benchmark {
    const char *name, *doc;
    bool (*run)(bench *b);
} benchmark;

bool bench_ceilings(bench *b); /* ceilings.c */
bool bench_jobs(bench *b);     /* jobs.c */
bool bench_drain(bench *b);    /* jobs.c */
bool bench_latency(bench *b);  /* latency.c */
bool bench_logins(bench *b);   /* logins.c */
bool bench_reads(bench *b);    /* reads.c */
bool bench_snmp(bench *b);     /* snmp.c */
bool bench_dead(bench *b);     /* dead.c */
bool bench_engine(bench *b);   /* engine.c */
bool bench_memory(bench *b);   /* memory.c */
bool bench_tr181(bench *b);    /* tr181.c */
bool bench_soak(bench *b);     /* soak.c */

/* ---- main.c ---- */
extern volatile sig_atomic_t bench_stopped; /* a signal asked to end */
/* Tells what went wrong on stderr; returns false. Any thread. */
bool bench_fail(const bench *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
void bench_note(const bench *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Whether to give up: a signal came or the benchmark's time is over. Any thread. */
bool bench_over(const bench *b);
/* n of a full run, scaled, at least low. */
size_t bench_scaled(const bench *b, size_t n, size_t low);

/* ---- clock.c ---- */
int64_t now_us(void);
void pause_ms(unsigned ms);
double thread_cpu_s(void); /* user and system time of the calling thread */
/* Sorts the samples; p of 0..1 by the nearest rank. */
void samples_sort(double *samples, size_t n);
double samples_percentile(const double *sorted, size_t n, double p);

/* ---- processes.c: time and memory of the stack's processes ---- */
enum { PROCESS_DRMD, PROCESS_WORKER, PROCESS_POSTGRES, PROCESS_REDIS, PROCESS_SNMPD, PROCESS_BENCH, PROCESSES };
extern const char *const process_names[PROCESSES];
typedef struct cpu_times {
    double seconds[PROCESSES]; /* user and system; negative: not known */
    int64_t at_us;
} cpu_times;
typedef struct memory_use {
    double rss_mb, pss_mb; /* MiB; negative: not known */
} memory_use;
/* Reads the pids from DRM_PID_*. */
void processes_init(void);
/* own_backend: the PostgreSQL backend of drm-bench's own connection, left out; 0: none. */
cpu_times processes_cpu(int own_backend);
memory_use process_memory(int process);
/* Of a process by its id; known from /proc. */
memory_use memory_of(pid_t pid);
/* Stops or resumes the worker by a signal; false when its pid is not known or it is gone. Safe in a signal handler. */
bool processes_worker_pause(bool pause);

/* ---- report.c ---- */
/* Sets a figure of the table; an unknown name is a defect and ends the program. */
void report_set(const char *name, double value);
double report_get(const char *name); /* NAN: not measured */
/* CPU time of the processes between two readings, spread over count things. */
void report_cpu(const char *run, const char *thing, const cpu_times *from, const cpu_times *to, double count);
void report_table(void);
/* One JSON object on stdout; false when memory is out. */
bool report_json(const bench *b);

/* ---- fixture.c: what is made in the stack and taken away again ---- */
bool fixture_make(bench *b);
void fixture_remove(bench *b);
/* Logs in anew: access tokens live 15 minutes. */
bool fixture_login(bench *b);
/* A request that must be answered with status; the JSON answer (new reference), or NULL after a message. */
json_t *fixture_call(bench *b, http *h, const char *method, const char *path, const char *body, int status);

/* ---- fleet.c: devices by the thousand, each with an address of its own, written by the superuser ---- */
typedef struct fleet {
    char name[64]; /* prefix of the devices' names */
    size_t n;
    char (*ids)[ID_SIZE];
} fleet;
/* n devices at the agents' port; silent: at addresses that never answer. settings: of their SNMP profiles. False after
 * a message; fleet_remove() is to be called all the same. */
bool fleet_make(bench *b, fleet *f, const char *name, size_t n, unsigned port, bool silent, const char *settings);
/* With their jobs and results. */
void fleet_remove(bench *b, fleet *f);
/* Jobs of one GET of sysDescr.0 for the devices in turn whose names begin with name, n of them, in a lane of the
 * bench's own; all of them become visible at once. The timeout of the jobs of a fleet called "...-silent" is 1 ms
 * shorter: so they can be told apart. */
bool fleet_queue(bench *b, const char *name, size_t n, const char *lane, size_t count);
/* Until a worker serves the lane. */
bool worker_wait(bench *b, const char *lane);

/* ---- worker.c: a drm-worker of the bench's own, for a lane of its own ---- */
pid_t worker_start(bench *b, const char *lane, unsigned slots); /* 0 after a message */
void worker_stop(pid_t pid);

/* ---- jobs.c ---- */
typedef struct job_kind {
    const char *protocol, *operation, *params;
} job_kind;
extern const job_kind job_get; /* of sysDescr.0 */
/* Submits count jobs for the devices in turn, 500 a call, by two threads. */
bool jobs_submit(bench *b, const job_kind *kind, drmgmt_context *context, const char (*devices)[ID_SIZE],
                 size_t n_devices, size_t count);
/* Logs in anew and notes the time on the database's clock. */
bool jobs_begin(bench *b, char *since, size_t size);

/* ---- database.c: the superuser's connection ---- */
bool database_open(bench *b);
void database_close(bench *b);
/* A statement that returns no rows of interest. */
bool database_run(bench *b, const char *sql);
/* The first column of the first row into text; false after a message when it fails or there is none. */
bool database_text(bench *b, const char *sql, const char *const *params, int n_params, char *text, size_t size);
/* Waits until no job is active, then checks that count jobs created since `since` (a timestamp) ended as completed. */
bool database_wait_jobs(bench *b, const char *since, size_t count, int64_t *done_us);

/* ---- library.c: the stack through libdrmgmt ---- */
drmgmt_context *library_open(bench *b); /* NULL after a message */
/* Tells what a call failed with and frees the error; returns false. Any thread. */
bool library_fail(const bench *b, const char *call, drmgmt_error *error);

/* ---- child.c ---- */
/* Runs a program to its end, at most limit_s; output (stdout and stderr, NUL-terminated) is malloc()ed and handed over
 * also on failure, NULL when there is none. */
bool child_run(const bench *b, const char *const argv[], unsigned limit_s, char **output);
/* The number after label in text; NAN when it is not there. */
double number_after(const char *text, const char *label);

/* ---- load.c: many REST requests over keep-alive connections, one thread ---- */
typedef struct load {
    const char *path;
    const char *const *bodies; /* taken in turn */
    size_t n_bodies, count;
    int status;       /* of success */
    int64_t until_us; /* stop sending then */
    size_t answered;  /* out */
    double seconds;   /* out */
} load;
bool load_run(bench *b, load *l);

/* ---- the ceilings ---- */
bool ceiling_pgbench(bench *b);
/* pgbench with the scheduler's own functions, claim and finish, over jobs of the fleet: ceiling.sched. */
bool ceiling_sched(bench *b, const fleet *f);
bool ceiling_udp(bench *b);
bool ceiling_libpq(bench *b);

#endif
