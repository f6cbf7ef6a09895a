/* The worker engine's state, shared by its threads: the loop (run.c), the ledger (ledger.c) and its claimer
 * (claimer.c), bell and keeper (keeper.c). Made and ended in worker.c. Internal.
 *
 *     PostgreSQL --claimer--> inbox --> loop --> outbox --ledger--> PostgreSQL
 *
 * A lease is one registration of this worker with the database. When it is lost, everything claimed under it belongs to
 * others: results are dropped, operations taken back, and the engine goes on under a new one. */
#ifndef DRMGMT_WORKER_ENGINE_H
#define DRMGMT_WORKER_ENGINE_H

#include "metric/metric.h"
#include "net/policy.h"
#include "store/sched.h"
#include "worker/inflight.h"
#include "worker/inventory.h"
#include "worker/loop.h"
#include "worker/op.h"
#include "worker/secrets.h"
#include <drm/worker.h>
#include <pthread.h>
#include <stdatomic.h>

enum {
    DRMGMT__CLAIM_MAX = 512,            /* jobs a claim statement */
    DRMGMT__FINISH_MAX = 512,           /* results a finish statement */
    DRMGMT__FINISH_BYTES_MAX = 4 << 20, /* ... that has more than one: it must end within a statement's time */
    DRMGMT__UNSENT_MAX = 4096, /* above so many results (or bytes of them) not stored, nothing more is claimed */
    DRMGMT__UNSENT_BYTES_MAX = 16 << 20,
    DRMGMT__DRIVERS_MAX = 16,
    DRMGMT__LANES_MAX = 16,
    DRMGMT__RECENT_CANCELS = 64
};

#define DRMGMT__OTHER "other" /* a label of metrics: what is not known here */

/* The rhythm of the keeper, in ms. Tests shorten it. */
typedef struct drmgmt__worker_timing {
    unsigned beat_ms;    /* heartbeat */
    unsigned due_ms;     /* look for waiting jobs that are due */
    unsigned silent_ms;  /* a worker silent for longer is given up */
    unsigned steady_ms;  /* ... by one whose own connection was unbroken for so long */
    unsigned recover_ms; /* look for jobs claimed under this lease of which nothing is known here */
    unsigned rekey_ms;   /* look for tenants whose data key is being replaced; 0: never */
} drmgmt__worker_timing;

/* Whose jobs a worker takes. */
typedef struct drmgmt__lanes {
    size_t n;
    const char *names[DRMGMT__LANES_MAX]; /* they live as long as the worker */
    char *list;                           /* all of them, with commas */
} drmgmt__lanes;

typedef struct drmgmt__lease {
    struct drmgmt__lease *older; /* kept to the end: drmgmt_worker_id() hands out pointers into them */
    uint32_t number;
    char id[37];
} drmgmt__lease;

/* Claimed jobs on their way to the loop. */
typedef struct drmgmt__batch {
    struct drmgmt__batch *next;
    uint32_t lease;
    drmgmt__claim claim;
    drmgmt__net_policy **policies; /* the outbound policy of each job's tenant; NULL: they could not be read */
} drmgmt__batch;

/* What the ledger asks the claimer for, and what came of it. */
typedef struct drmgmt__claim_order {
    const drmgmt__lease *lease;
    unsigned limit;
    /* out */
    size_t count;        /* jobs that came, and were handed to the loop */
    drmgmt_error *error; /* why none could; then, or else, why the outbound rules could not be read */
    bool claimed;        /* false: the claim failed, or nobody knows whether it did */
    uint64_t took_ms;
} drmgmt__claim_order;

/* Results. Each of the arrays has room for all there can be (slots + DRMGMT__UNSENT_MAX), so that none is ever lost for
 * want of memory; what is not used costs no memory either. */
typedef struct drmgmt__results {
    drmgmt__finish *items;
    size_t n, bytes;
    bool writer; /* one of them changed its device: another one may by now */
} drmgmt__results;

/* How far a job is, as its operation told. */
typedef struct drmgmt__progress {
    char tenant_id[37], job_id[37];
    unsigned percent;
} drmgmt__progress;

typedef struct drmgmt__id {
    char text[37];
} drmgmt__id;
typedef struct drmgmt__ids {
    drmgmt__id *items;
    size_t n, size;
} drmgmt__ids;

struct drmgmt_worker {
    drmgmt_context *context;
    drmgmt__lanes lanes;
    unsigned slots;
    drmgmt__worker_timing timing;
    drmgmt_loop *loop;
    drmgmt__metrics *metrics;

    /* any thread, also signal handlers */
    atomic_uint stop_calls, stop_grace_ms;
    _Atomic(drmgmt__lease *) lease; /* the current one; NULL: not registered */
    atomic_ullong claimed, completed, failed, cancelled, refused, claims;
    atomic_uint in_flight, unsent;

    /* between the threads */
    pthread_mutex_t mutex;
    pthread_cond_t ledger_wake, claimer_wake, keeper_wake, bell_wake;
    drmgmt__batch *inbox, **inbox_end;
    drmgmt__results outbox;
    drmgmt__lease *leases; /* all there were */
    drmgmt__ids cancels;   /* for the loop */
    drmgmt__ids known;     /* from the loop: what it has in flight */
    struct {
        drmgmt__progress *items;
        size_t n, size;
    } progress;        /* of jobs, to be kept */
    unsigned occupied; /* claimed and not yet in the outbox */
    drmgmt__claim_order order;
    size_t claims_turn; /* whoever carries an order out: the lane that comes first */
    enum { DRMGMT__ORDER_NONE, DRMGMT__ORDER_GIVEN, DRMGMT__ORDER_TAKEN, DRMGMT__ORDER_DONE } order_state;
    bool claimer_over; /* the claimer is to end */
    bool ledger_waits;
    bool rang;     /* the bell */
    bool lost;     /* the lease, as the keeper was told */
    bool beat_now; /* the ledger has doubts */
    bool recover;  /* no claims: what is in flight is compared with what the database believes */
    bool known_wanted, known_told;
    bool stopping;                /* no more claims */
    bool claims_over;             /* the ledger has seen it */
    bool loop_over;               /* no more results */
    bool keeper_over;             /* keeper and bell are to end */
    drmgmt__inventory *inventory; /* has a lock of its own */
    drmgmt_error *fatal;          /* why it could not start */

    /* loop thread */
    drmgmt__ops *ops;
    drmgmt__opened opened; /* the credentials of the last job of a claim: mostly the next one has the same */
    drmgmt__inflight inflight;
    drmgmt__results fresh;                   /* of this turn; flushed into the outbox before the loop waits */
    unsigned fresh_ended;                    /* slots that came free with it */
    void *driver_state[DRMGMT__DRIVERS_MAX]; /* of the first n_drivers of the registry, which are open */
    unsigned n_drivers;
    drmgmt_timer *due_timer, *grace_timer;
    uint64_t due_at_ms; /* of due_timer; UINT64_MAX: not set */
    uint64_t grace_end_ms;
    unsigned stops_seen;
    uint32_t lease_seen;
    bool ending; /* stop was asked for */
    struct {
        drmgmt__id job;
        uint64_t at_ms;
    } recent_cancels[DRMGMT__RECENT_CANCELS];
    unsigned next_recent;
};

/* worker.c; before it runs. */
void drmgmt__worker_set_timing(drmgmt_worker *w, const drmgmt__worker_timing *timing);
/* worker.c: ends the run at once, with this error (taken over) unless another came first. Any thread. */
void drmgmt__worker_give_up(drmgmt_worker *w, drmgmt_error *error);
/* results.c */
int drmgmt__results_init(drmgmt__results *r, size_t capacity);
void drmgmt__results_add(drmgmt__results *r, const drmgmt__finish *finish); /* takes result and error over */
void drmgmt__results_move(drmgmt__results *to, drmgmt__results *from);      /* all of them, to the end */
void drmgmt__results_clear(drmgmt__results *r);                             /* keeps the array */
/* How many of the n results from items on go into the next finish statement: at least one. */
size_t drmgmt__results_batch(const drmgmt__finish *items, size_t n);
void drmgmt__results_free(drmgmt__results *r);
bool drmgmt__ids_add(drmgmt__ids *ids, const char *id); /* false: memory is out */
/* {"code","message","retryable"}, bounded; NULL when memory is out. */
char *drmgmt__worker_error_json(const char *code, const char *message, bool retryable, const char *detail);
/* code.c: the code as metrics count it, in static storage: the engine's or the driver's (NULL: none), else "other"; ""
 * for NULL. */
const char *drmgmt__worker_code(const drmgmt_driver *driver, const char *code);
/* count.c: counts what became of a result that was stored or refused. */
void drmgmt__worker_count_result(drmgmt_worker *w, const drmgmt__finish *f);
/* Publishes {"job_id","status"} and progress when it is not negative. */
void drmgmt__worker_publish(drmgmt_worker *w, const char *tenant_id, const char *job_id, const char *status,
                            int progress);
/* chore_progress.c: what was published is to be kept as well. */
void drmgmt__worker_note_progress(drmgmt_worker *w, const char *tenant_id, const char *job_id, unsigned percent);
/* run.c: the loop's part. */
int drmgmt__worker_loop_init(drmgmt_worker *w, drmgmt_error **error);
void drmgmt__worker_loop_free(drmgmt_worker *w);
void drmgmt__worker_woken(void *worker);
void drmgmt__worker_turn(void *worker);
/* lanes.c: INVALID unless text is 1 to DRMGMT__LANES_MAX names, with commas between them. */
int drmgmt__lanes_read(const char *text, drmgmt__lanes *lanes, drmgmt_error **error);
void drmgmt__lanes_clear(drmgmt__lanes *lanes);
/* claimer.c: carries the order out. What came is with the loop when it returns. The session's thread. */
void drmgmt__worker_claim(drmgmt_worker *w, drmgmt_session *system, drmgmt__claim_order *order);
/* results.c: rings for workers of the same lanes. */
void drmgmt__worker_ring(drmgmt_worker *w);
/* ledger.c, claimer.c, keeper.c, noter.c: thread entries. */
void *drmgmt__worker_ledger(void *worker);
void *drmgmt__worker_claimer(void *worker);
void *drmgmt__worker_keeper(void *worker);
void *drmgmt__worker_bell(void *worker);
void *drmgmt__worker_noter(void *worker);
/* Wakes the ledger if it waits. The mutex is held. */
void drmgmt__worker_wake_ledger(drmgmt_worker *w);

#endif
