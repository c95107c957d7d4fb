/* build-info.h - what this program was made from: for the manifest of a run. */
#ifndef HU_LAB_BUILD_INFO_H
#define HU_LAB_BUILD_INFO_H

typedef struct hu_build_info {
    const char *version;
    const char *commit;      /* of the git tree it was built in; "" outside of one                         */
    const char *numerics;    /* SHA-256 over the sources that decide about results: everything but src/lab,
                                plots and the command line; equal numerics give equal results           */
    const char *compiler;
    const char *flags;
} hu_build_info;

extern const hu_build_info hu_build;

#endif
