# tests/c: one line a program; its source is tests/c/NAME.c
check_PROGRAMS += tests/c/random
check_PROGRAMS += tests/c/nearest
check_PROGRAMS += tests/c/file
check_PROGRAMS += tests/c/memory
check_PROGRAMS += tests/c/status

# The core against MPFR.
check_LTLIBRARIES += tests/lib/libtruth.la
tests_lib_libtruth_la_SOURCES = tests/lib/truth.h tests/lib/truth.c tests/lib/functions.h tests/lib/functions.c
tests_lib_libtruth_la_LIBADD = libref.la
truth_ldadd = tests/lib/libtruth.la $(LDADD)
check_LTLIBRARIES += tests/lib/liblogarithms.la
tests_lib_liblogarithms_la_SOURCES = tests/lib/logarithms.h tests/lib/logarithms.c
logarithms_ldadd = tests/lib/liblogarithms.la $(truth_ldadd)
check_PROGRAMS += tests/c/ops-pairs
tests_c_ops_pairs_LDADD = $(truth_ldadd)
check_PROGRAMS += tests/c/ops-triples
tests_c_ops_triples_LDADD = $(truth_ldadd)
check_PROGRAMS += tests/c/ops-unary
tests_c_ops_unary_LDADD = $(truth_ldadd)
check_PROGRAMS += tests/c/ops-random
tests_c_ops_random_LDADD = $(truth_ldadd)
check_PROGRAMS += tests/c/fpgen
check_PROGRAMS += tests/c/stochastic
check_PROGRAMS += tests/c/golden
check_PROGRAMS += tests/c/registry
tests_c_registry_LDADD = $(truth_ldadd)
check_PROGRAMS += tests/c/posit
check_PROGRAMS += tests/c/takum
check_PROGRAMS += tests/c/quire
tests_c_quire_LDADD = $(rational_ldadd)
check_PROGRAMS += tests/c/logarithmic tests/c/logarithmic-operations tests/c/logarithmic-arrays
tests_c_logarithmic_LDADD = $(logarithms_ldadd)
tests_c_logarithmic_operations_LDADD = $(logarithms_ldadd)
tests_c_logarithmic_arrays_LDADD = $(logarithms_ldadd)
EXTRA_DIST += tests/c/tapered-cases.h tests/c/tapered-claims.h
check_PROGRAMS += tests/c/format-name
check_PROGRAMS += tests/c/p3109
check_PROGRAMS += tests/c/p3109-round
EXTRA_DIST += tests/c/p3109-report.h

# The other families against exact rational numbers.
check_LTLIBRARIES += tests/lib/librational.la
tests_lib_librational_la_SOURCES = tests/lib/rational.h tests/lib/rational.c
rational_ldadd = tests/lib/librational.la $(LDADD) -lgmp
check_PROGRAMS += tests/c/fixed
tests_c_fixed_LDADD = $(rational_ldadd)
check_PROGRAMS += tests/c/block tests/c/block-ways tests/c/block-errors
check_PROGRAMS += tests/c/block-rounding
tests_c_block_rounding_LDADD = $(rational_ldadd)
check_PROGRAMS += tests/c/ufloat
check_PROGRAMS += tests/c/values
check_PROGRAMS += tests/c/compare
tests_c_ufloat_LDADD = $(rational_ldadd)
check_PROGRAMS += tests/c/codebook
tests_c_codebook_LDADD = $(rational_ldadd)
check_PROGRAMS += tests/c/define
tests_c_define_LDADD = $(rational_ldadd)
check_PROGRAMS += tests/c/hifloat8
tests_c_hifloat8_LDADD = $(rational_ldadd)
check_PROGRAMS += tests/c/steps
check_PROGRAMS += tests/c/quantizer
tests_c_quantizer_LDADD = $(rational_ldadd) -lmpfr
check_PROGRAMS += tests/c/quantizer-scale
tests_c_quantizer_scale_LDADD = $(LDADD) -lgmp
check_PROGRAMS += tests/c/env
check_PROGRAMS += tests/c/num
check_PROGRAMS += tests/c/bits
tests_c_bits_LDADD = $(LDADD) -lgmp
check_PROGRAMS += tests/c/wide-rational
tests_c_wide_rational_LDADD = $(LDADD) -lgmp
check_PROGRAMS += tests/c/wide-native
check_PROGRAMS += tests/c/wide-narrow
EXTRA_DIST += tests/lib/widecodes.h tests/lib/blocks.h
check_PROGRAMS += tests/c/text
tests_c_text_LDADD = $(truth_ldadd)

check_PROGRAMS += tests/c/analysis-error
check_PROGRAMS += tests/c/analysis-lanczos
check_PROGRAMS += tests/c/analysis-lbfgsb
check_PROGRAMS += tests/c/analysis-least-squares
check_PROGRAMS += tests/c/analysis-sharpness
check_PROGRAMS += tests/c/analysis-stability
check_PROGRAMS += tests/c/analysis-svd
check_PROGRAMS += tests/c/sha256
check_PROGRAMS += tests/c/lab-store
check_PROGRAMS += tests/c/progress
check_PROGRAMS += tests/c/lab-workers
check_PROGRAMS += tests/c/kernel-quantize
check_PROGRAMS += tests/c/kernel-codes tests/c/kernel-stairs
check_PROGRAMS += tests/c/block-floats
check_PROGRAMS += tests/c/kernel-accumulate
check_PROGRAMS += tests/c/kernel-integer tests/c/kernel-multiply tests/c/kernel-scale
check_PROGRAMS += tests/c/kernel-gemm
tests_c_kernel_accumulate_LDADD = $(rational_ldadd)
check_PROGRAMS += tests/c/kernel-map
check_PROGRAMS += tests/c/kernel-function
check_PROGRAMS += tests/c/block-fma
tests_c_block_fma_LDADD = $(LDADD) -lgmp
EXTRA_DIST += tests/c/kernel-cases.h
check_PROGRAMS += tests/c/nn-gradients
check_PROGRAMS += tests/c/lua-memory
check_PROGRAMS += tests/c/nn-hessian
check_PROGRAMS += tests/c/nn-model
check_PROGRAMS += tests/c/nn-graph
check_PROGRAMS += tests/c/nn-policy
check_PROGRAMS += tests/c/nn-scaling
check_PROGRAMS += tests/c/nn-optimizers
check_PROGRAMS += tests/c/nn-train
check_PROGRAMS += tests/c/tensor
check_PROGRAMS += tests/c/bench-plain
tests_c_bench_plain_SOURCES = tests/c/bench-plain.c src/cli/bench-plain.c

# exp to hypot; the certificate holds what their results in 8 and 16 bits are.
check_PROGRAMS += tests/c/functions
tests_c_functions_LDADD = $(truth_ldadd)
check_PROGRAMS += tests/c/function-certificate
tests_c_function_certificate_LDADD = $(truth_ldadd)
EXTRA_DIST += tests/functions.certificate
# Writes the certificate anew, after every result has been compared with the reference: minutes.
certificate: tests/c/function-certificate
	HU_TEST_LONG=1 HU_CERTIFICATE=$(abs_top_srcdir)/tests/functions.certificate tests/c/function-certificate
.PHONY: certificate
check_PROGRAMS += tests/c/vectors-classes
check_PROGRAMS += tests/c/vectors-kernels
check_PROGRAMS += tests/c/vectors-layout
check_PROGRAMS += tests/c/probe
