/* real-f32.h - the next *.body.h is one over float. Meant to be included again and again: no guard. */
#undef REAL
#undef R
#undef REAL_SQRT
#undef REAL_LOG
#undef REAL_GEMM
#undef REAL_LANES
#undef REAL_LEAST
#define REAL       float
#define R(name)    name##_f32
#define REAL_SQRT  sqrtf
#define REAL_LOG   logf
#define REAL_GEMM  cblas_sgemm
#define REAL_LANES 16
#define REAL_LEAST FLT_MIN
