/* What the same machine does without us, in the same run: the figures' yardsticks. Called by main.c. */
#include "bench.h"

bool bench_ceilings(bench *b)
{
    bool done = ceiling_pgbench(b);
    done = ceiling_udp(b) && done;
    return ceiling_libpq(b) && done;
}
