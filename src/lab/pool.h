/* pool.h - forked processes that compute points, a few at a time: started, heard, limited and buried. */
#ifndef HU_LAB_POOL_H
#define HU_LAB_POOL_H

#include "src/lab/workers.h"

typedef struct hu_pool hu_pool;

/* What came out of a point; a status other than HU_OK goes up through hu_pool_attend. */
typedef hu_status hu_settle(void *user, size_t point, const hu_outcome *outcome, hu_error *err);

/* Room for `jobs` workers; w and user are borrowed. NULL with err. */
hu_pool *hu_pool_new(const hu_work *w, int jobs, hu_settle *settle, void *user, hu_error *err);

/* Kills what runs; NULL is allowed. */
void hu_pool_free(hu_pool *p);

bool hu_pool_has_room(const hu_pool *p);
int  hu_pool_running(const hu_pool *p);      /* workers */

/* A worker for the point, in the room that there has to be. HU_EIO: the system has no pipe or no process for it. */
hu_status hu_pool_start(hu_pool *p, size_t point, hu_error *err);

/* Waits up to wait_ms for news and handles it: output, ends, time limits. Calls w->tick. */
hu_status hu_pool_attend(hu_pool *p, int wait_ms, hu_error *err);

/* SIGTERM to all that run: they finish, or leave a checkpoint. */
void hu_pool_ask_to_stop(hu_pool *p);

#endif
