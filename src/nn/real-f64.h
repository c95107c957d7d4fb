/* real-f64.h - the next *.body.h is one over double. Meant to be included again and again: no guard. */
#undef REAL
#undef R
#undef REAL_SQRT
#undef REAL_LOG
#undef REAL_GEMM
#undef REAL_LANES
#undef REAL_LEAST
#define REAL       double
#define R(name)    name##_f64
#define REAL_SQRT  sqrt
#define REAL_LOG   log
#define REAL_GEMM  cblas_dgemm
#define REAL_LANES 8
#define REAL_LEAST DBL_MIN
