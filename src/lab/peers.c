/* peers.c - the other processes of a run that was started by mpirun. */
#include "config.h"   /* first: it says whether there is MPI */

#include "src/lab/peers.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#ifdef HAVE_MPI
#include <mpi.h>
#endif

/* How many processes the launcher started, by what Open MPI, MPICH and their kin say; 1: there was none. */
static long launched(void)
{
    static const char *const names[] = {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "MPI_LOCALNRANKS"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *text = getenv(names[i]);
        if (text && strtol(text, NULL, 10) > 1)
            return strtol(text, NULL, 10);
    }
    return 1;
}

#ifdef HAVE_MPI

enum { TAG = 7 };

static int rank, size = 1;

/* In front of every message. */
typedef struct head {
    uint64_t kind, sweep;
} head;

/* Starts MPI, which may install handlers that print a page when a process crashes: a worker's last lines are to be its own,
 * the same on one machine and many, so what was there before is put back. */
static bool start_mpi(void)
{
    static const int crashes[] = {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL};
    enum { N = sizeof crashes / sizeof crashes[0] };
    struct sigaction before[N];
    for (int i = 0; i < N; i++)
        sigaction(crashes[i], NULL, &before[i]);
    bool ok = MPI_Init(NULL, NULL) == MPI_SUCCESS;
    for (int i = 0; i < N; i++)
        sigaction(crashes[i], &before[i], NULL);
    return ok;
}

hu_status hu_peers_start(hu_error *err)
{
    if (launched() <= 1)
        return HU_OK;
    if (!start_mpi())
        return hu_fail(err, HU_EIO, "MPI could not be started");
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    return HU_OK;
}

void hu_peers_end(void)
{
    if (size > 1)
        MPI_Finalize();
    rank = 0;
    size = 1;
}

void hu_peers_abort(int status)
{
    if (size > 1)
        MPI_Abort(MPI_COMM_WORLD, status);
}

void hu_peers_send(int to, hu_peer_kind kind, uint64_t sweep, const void *data, size_t n_bytes)
{
    hu_buffer message = {0};
    head h = {.kind = kind, .sweep = sweep};
    hu_buffer_add(&message, &h, sizeof h);
    hu_buffer_add(&message, data, n_bytes);
    if (message.failed || message.n_bytes > 0x7fffffff)
        MPI_Abort(MPI_COMM_WORLD, 1);           /* the others would wait for it for ever */
    MPI_Send(message.data, (int)message.n_bytes, MPI_BYTE, to, TAG, MPI_COMM_WORLD);
    hu_buffer_clear(&message);
}

bool hu_peers_receive(int *from, hu_peer_kind *kind, uint64_t *sweep, hu_buffer *data)
{
    MPI_Status status;
    int there = 0, n_bytes = 0;
    head h;
    if (size <= 1 || MPI_Iprobe(MPI_ANY_SOURCE, TAG, MPI_COMM_WORLD, &there, &status) != MPI_SUCCESS || !there)
        return false;
    MPI_Get_count(&status, MPI_BYTE, &n_bytes);
    char *bytes = malloc((size_t)n_bytes + 1);
    if (!bytes)
        MPI_Abort(MPI_COMM_WORLD, 1);
    MPI_Recv(bytes, n_bytes, MPI_BYTE, status.MPI_SOURCE, TAG, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    memcpy(&h, bytes, sizeof h);
    hu_buffer_add(data, bytes + sizeof h, (size_t)n_bytes - sizeof h);
    free(bytes);
    *from = status.MPI_SOURCE;
    *kind = (hu_peer_kind)h.kind;
    *sweep = h.sweep;
    return true;
}

int hu_peers_rank(void) { return rank; }
int hu_peers_size(void) { return size; }

#else

hu_status hu_peers_start(hu_error *err)
{
    long n = launched();
    if (n <= 1)
        return HU_OK;
    return hu_fail(err, HU_EINVAL, "%ld of this program were started together, but it was built without MPI; "
                   "build it where pkg-config finds mpi-c (on Debian: libopenmpi-dev), or use --shard", n);
}

void hu_peers_end(void) {}
void hu_peers_abort(int status) { (void)status; }
int  hu_peers_rank(void) { return 0; }
int  hu_peers_size(void) { return 1; }

void hu_peers_send(int to, hu_peer_kind kind, uint64_t sweep, const void *data, size_t n_bytes)
{
    (void)to, (void)kind, (void)sweep, (void)data, (void)n_bytes;
}

bool hu_peers_receive(int *from, hu_peer_kind *kind, uint64_t *sweep, hu_buffer *data)
{
    (void)from, (void)kind, (void)sweep, (void)data;
    return false;
}

#endif
