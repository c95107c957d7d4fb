/* datadir.h - where the program's own data files are: lua/, experiments/, plots/. */
#ifndef HU_CLI_DATADIR_H
#define HU_CLI_DATADIR_H

/* The first of these that has lua/halfulp/init.lua in it:
 *   $HALFULP_DATADIR, which is then the only one looked at;
 *   ../share/halfulp seen from the executable's folder (installed);
 *   the folder named in the file halfulp.datadir beside the executable, which configure wrote (built).
 * NULL when there is none. Borrowed; the same for the life of the process. */
const char *hu_datadir(void);

#endif
