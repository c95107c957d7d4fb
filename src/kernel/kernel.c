/* kernel.c - which table of inner loops is used, and how many threads. */
#include <omp.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "src/kernel/tables.h"

static const hu_lanes *_Atomic chosen;
static atomic_int threads;

static bool runs_always(void) { return true; }

#ifdef HU_HAS_X86_LANES
static bool runs_avx2(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi")
        && __builtin_cpu_supports("bmi2");
}

static bool runs_avx512(void)
{
    return runs_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")
        && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}
#endif

/* The fastest first. */
static const struct { const hu_lanes *lanes; bool (*runs)(void); } tables[] = {
#ifdef HU_HAS_X86_LANES
    {&hu_lanes_avx512, runs_avx512},
    {&hu_lanes_avx2, runs_avx2},
#endif
#ifdef HU_HAS_NEON_LANES
    {&hu_lanes_neon, runs_always},
#endif
    {&hu_lanes_portable, runs_always},
};

const hu_lanes *hu_lanes_at(int i)
{
    for (size_t k = 0; i >= 0 && k < sizeof tables / sizeof tables[0]; k++) {
        if (tables[k].runs() && i-- == 0)
            return tables[k].lanes;
    }
    return NULL;
}

static const hu_lanes *choose(void)
{
    const char *wanted = getenv("HU_ISA");
    for (int i = 0; wanted && hu_lanes_at(i); i++) {
        if (strcmp(hu_lanes_at(i)->name, wanted) == 0)
            return hu_lanes_at(i);
    }
    return hu_lanes_at(0);
}

/* Two threads that come here first choose the same. */
const hu_lanes *hu_lanes_chosen(void)
{
    const hu_lanes *lanes = atomic_load(&chosen);
    if (!lanes) {
        lanes = choose();
        atomic_store(&chosen, lanes);
    }
    return lanes;
}

void hu_lanes_use(const hu_lanes *lanes)
{
    atomic_store(&chosen, lanes);
}

int hu_threads_set(int n)
{
    return atomic_exchange(&threads, n > 0 ? n : 0);
}

int hu_threads(void)
{
    int n = atomic_load(&threads);
    return n > 0 ? n : omp_get_max_threads();
}
