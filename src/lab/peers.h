/* peers.h - the other processes of a run that was started by mpirun, on this machine or others.
 *
 * Rank 0 keeps the results; the others compute points for it. Without MPI, or outside of mpirun, there is rank 0 alone and
 * every function here does nothing.
 */
#ifndef HU_LAB_PEERS_H
#define HU_LAB_PEERS_H

#include "src/lab/buffer.h"
#include "src/base/status.h"

/* What a message is about; each goes with the number of the sweep, which both sides count. */
typedef enum hu_peer_kind {
    HU_PEER_READY = 1,   /* to 0: so many points at a time may come              */
    HU_PEER_POINT,       /* from 0: the place of a point in the list             */
    HU_PEER_OUTCOME,     /* to 0: that place, then the outcome                   */
    HU_PEER_STOP,        /* from 0: finish what runs, or leave a checkpoint      */
    HU_PEER_END          /* from 0: the sweep is at its end; the rows follow     */
} hu_peer_kind;

/* Joins the others where mpirun started this process. HU_EINVAL when it did but this program was built without MPI. */
hu_status hu_peers_start(hu_error *err);

/* Leaves them, when all have come so far. */
void hu_peers_end(void);

/* Ends all of them: a rank has failed, and the others would wait for it. */
void hu_peers_abort(int status);

int hu_peers_rank(void);                     /* from 0                 */
int hu_peers_size(void);                     /* 1 without mpirun       */

/* Returns when `data` may be written over. All ranks end where a message cannot be made: the others would wait for it. */
void hu_peers_send(int to, hu_peer_kind kind, uint64_t sweep, const void *data, size_t n_bytes);

/* A message that has come, into `data` behind what is there; false: there is none. Never waits. */
bool hu_peers_receive(int *from, hu_peer_kind *kind, uint64_t *sweep, hu_buffer *data);

#endif
