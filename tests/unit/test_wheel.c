/* The timing wheel against a plain list: who is due when, whatever was added, removed and skipped before. */
#include "worker/wheel.h"
#include <criterion/criterion.h>
#include <stdlib.h>

enum { NODES = 400 };

struct model {
    drmgmt__wheel wheel;
    drmgmt__wheel_node nodes[NODES];
    uint64_t due[NODES]; /* 0: does not wait */
    uint64_t told[NODES];
};

static uint64_t earliest(const struct model *m)
{
    uint64_t first = UINT64_MAX;

    for (size_t i = 0; i < NODES; i++)
        if (m->due[i] && m->due[i] < first)
            first = m->due[i];
    return first;
}

/* Goes to now as a loop does: never later than the wheel asks for; each node is told in its own millisecond. */
static void go_to(struct model *m, uint64_t now)
{
    for (;;) {
        uint64_t next = drmgmt__wheel_next(&m->wheel), at = next < now ? next : now, before = 0;
        drmgmt__wheel_node *node;

        cr_assert_leq(next, earliest(m), "the wheel would wake too late");
        drmgmt__wheel_advance(&m->wheel, at);
        while ((node = drmgmt__wheel_take(&m->wheel))) {
            size_t i = (size_t)(node - m->nodes);
            cr_assert(m->due[i], "a node is told that does not wait");
            cr_assert_leq(m->due[i], at, "told %lu ms early", (unsigned long)(m->due[i] - at));
            cr_assert_geq(node->due, before, "out of order");
            before = node->due;
            m->due[i] = 0;
        }
        cr_assert_gt(earliest(m), at, "a node that is due is not told");
        if (at == now)
            return;
    }
}

static void start(struct model *m, size_t i, uint64_t due)
{
    drmgmt__wheel_remove(&m->wheel, &m->nodes[i]);
    uint64_t by = drmgmt__wheel_add(&m->wheel, &m->nodes[i], due);
    cr_assert_leq(by, due > m->wheel.now ? due : m->wheel.now);
    cr_assert_leq(drmgmt__wheel_next(&m->wheel), by);
    m->due[i] = due;
}

static void run(unsigned seed, uint64_t now, uint64_t most_step)
{
    static struct model m;
    static const uint64_t reach[] = { 3, 63, 64, 65, 2000, 4096, 60000, 300000, 20000000, 2000000000 };
    uint64_t begin = now;

    m = (struct model){ .wheel = { .now = 0 } };
    srandom(seed);
    drmgmt__wheel_init(&m.wheel, now);
    for (int i = 0; i < 20000; i++) {
        size_t which = (size_t)random() % NODES;
        switch (random() % 4) {
        case 0:
            drmgmt__wheel_remove(&m.wheel, &m.nodes[which]);
            m.due[which] = 0;
            break;
        case 1:
            now += (uint64_t)random() % most_step;
            go_to(&m, now);
            break;
        default:
            start(&m, which, now + (uint64_t)random() % reach[(size_t)random() % (sizeof reach / sizeof *reach)]);
        }
    }
    go_to(&m, now + UINT64_C(2000000000));
    cr_assert_eq(m.wheel.n, 0);
    cr_assert_eq(drmgmt__wheel_next(&m.wheel), UINT64_MAX);
    cr_assert_gt(now, begin);
}

Test(wheel, each_is_told_in_its_millisecond)
{
    for (unsigned seed = 1; seed <= 10; seed++) {
        run(seed, seed * 1000003, 20);
        run(seed, (UINT64_C(1) << 30) - 50, 5000);
        run(seed, UINT64_C(1) << 41, 1000000);
    }
}

Test(wheel, a_wheel_that_was_not_looked_at_catches_up)
{
    drmgmt__wheel wheel;
    drmgmt__wheel_node early = { 0 }, late = { 0 }, never = { 0 };

    drmgmt__wheel_init(&wheel, 17);
    drmgmt__wheel_add(&wheel, &late, 5000);
    drmgmt__wheel_add(&wheel, &early, 90);
    drmgmt__wheel_add(&wheel, &never, UINT64_MAX);
    drmgmt__wheel_advance(&wheel, 1000000);
    cr_assert_eq(drmgmt__wheel_take(&wheel), &early);
    cr_assert_eq(drmgmt__wheel_take(&wheel), &late);
    cr_assert_null(drmgmt__wheel_take(&wheel));
    drmgmt__wheel_advance(&wheel, UINT64_C(1) << 40); /* 34 years */
    cr_assert_null(drmgmt__wheel_take(&wheel));
    drmgmt__wheel_remove(&wheel, &never);
    cr_assert_eq(wheel.n, 0);
}

Test(wheel, what_is_due_may_be_removed_before_it_is_told)
{
    drmgmt__wheel wheel;
    drmgmt__wheel_node a = { 0 }, b = { 0 }, c = { 0 };

    drmgmt__wheel_init(&wheel, 5);
    drmgmt__wheel_add(&wheel, &a, 6);
    drmgmt__wheel_add(&wheel, &b, 6);
    drmgmt__wheel_add(&wheel, &c, 6);
    drmgmt__wheel_advance(&wheel, 6);
    drmgmt__wheel_remove(&wheel, &c);
    drmgmt__wheel_remove(&wheel, &b);
    drmgmt__wheel_add(&wheel, &b, 1); /* in the past: due at once */
    cr_assert_eq(drmgmt__wheel_next(&wheel), 6);
    cr_assert_eq(drmgmt__wheel_take(&wheel), &a);
    cr_assert_eq(drmgmt__wheel_take(&wheel), &b);
    cr_assert_null(drmgmt__wheel_take(&wheel));
}
