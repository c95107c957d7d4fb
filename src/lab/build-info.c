/* build-info.c - what this program was made from. The build writes build-facts.h. */
#include "src/lab/build-info.h"

#include "config.h"
#include "src/lab/build-facts.h"

#ifdef __clang__
#define COMPILER "clang " __clang_version__
#else
#define COMPILER "gcc " __VERSION__
#endif

const hu_build_info hu_build = {
    .version = PACKAGE_VERSION,
    .commit = BUILD_COMMIT,
    .numerics = BUILD_NUMERICS,
    .compiler = COMPILER,
    .flags = BUILD_FLAGS,
};
