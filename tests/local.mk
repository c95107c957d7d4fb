# tests: the machinery; the lists are in tests/c/local.mk, tests/lua/local.mk and tests/cli/local.mk

lua_tests =
cli_tests =
include tests/c/local.mk
include tests/lua/local.mk
include tests/cli/local.mk
include tests/fuzz/local.mk
TESTS += $(check_PROGRAMS) $(lua_tests) $(cli_tests)
EXTRA_DIST += $(lua_tests) $(cli_tests) tests/README.md tests/lib/run-c tests/lib/run-lua tests/lib/run-bats \
	tests/lib/summary tests/lib/examples.awk tests/lib/claims.lua

# What a program without flags of its own (tests, benches) is linked with.
check_LTLIBRARIES += tests/lib/libtest.la
tests_lib_libtest_la_SOURCES = tests/lib/test.h tests/lib/test.c
tests_lib_libtest_la_CPPFLAGS = $(AM_CPPFLAGS) -DTEST_SRCDIR='"$(abs_top_srcdir)"'
LDADD = tests/lib/libtest.la liblab.la libhalfulp.la $(CMOCKA_LIBS) $(MPFR_LIBS) $(LUA_LIBS) -lm
AM_LDFLAGS = -static

# Every test speaks TAP.
tap_driver = env $(DEFAULT_SIGNALS) AM_TAP_AWK='$(AWK)' $(SHELL) $(top_srcdir)/build-aux/tap-driver.sh
TEST_EXTENSIONS = .lua .bats
LOG_DRIVER  = $(tap_driver)
LUA_LOG_DRIVER  = $(tap_driver)
BATS_LOG_DRIVER = $(tap_driver)
LOG_COMPILER  = $(top_srcdir)/tests/lib/run-c
LUA_LOG_COMPILER  = $(top_srcdir)/tests/lib/run-lua
BATS_LOG_COMPILER = $(top_srcdir)/tests/lib/run-bats

AM_TESTS_ENVIRONMENT = \
	HU_SRCDIR='$(abs_top_srcdir)'; export HU_SRCDIR; \
	HU_BUILDDIR='$(abs_top_builddir)'; export HU_BUILDDIR; \
	HALFULP='$(abs_top_builddir)/halfulp'; export HALFULP; \
	LUA_PATH='$(abs_top_srcdir)/lua/?.lua;$(abs_top_srcdir)/lua/?/init.lua;$(abs_top_srcdir)/tests/lib/?.lua;;'; export LUA_PATH; \
	LUA_CPATH='$(abs_top_builddir)/lua/?.so;;'; export LUA_CPATH; \
	HU_PRELOAD='$(SANITIZE_PRELOAD)'; export HU_PRELOAD; \
	ASAN_OPTIONS=allocator_may_return_null=1; export ASAN_OPTIONS; \
	unset LUA_INIT LUA_PATH_5_4 LUA_CPATH_5_4 LUA_INIT_5_4;

# The count of the test points is the last line and decides: automake's own verdict is let pass (-i).
automake_suite = check-TESTS
$(automake_suite): AM_MAKEFLAGS = -i --no-print-directory
check-local: $(automake_suite)
	@$(top_srcdir)/tests/lib/summary $(TEST_LOGS)

# The exhaustive and slow cases too.
check-long:
	HU_TEST_LONG=1 $(MAKE) $(AM_MAKEFLAGS) check
.PHONY: check-long
