/*
 * share.c - work that several threads share: each takes the next part from a counter.
 */
#include "base/share.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"

#define PAGE	    4096
#define MAX_THREADS 16

struct work {
	share_fn *fn;
	void *arg;
	size_t n, spare;
	atomic_size_t next;
	atomic_int err;
};

struct worker {
	struct work *work;
	struct ctx cx;
	pthread_t thread;
	bool started;
};

static int work_loop(struct ctx *cx, struct work *k)
{
	_free_ void *spare = NULL;
	int r = 0;

	if (k->spare && posix_memalign(&spare, PAGE, k->spare))
		return fail(cx, -ENOMEM, "get %zu bytes", k->spare);
	while (r >= 0 && !atomic_load(&k->err)) {
		size_t i = atomic_fetch_add(&k->next, 1);

		if (i >= k->n)
			return 0;
		r = k->fn(cx, k->arg, i, spare);
	}
	return r;
}

static void *work_thread(void *arg)
{
	struct worker *me = arg;
	int none = 0, r = work_loop(&me->cx, me->work);

	if (r < 0 && !atomic_compare_exchange_strong(&me->work->err, &none, r))
		me->cx.why[0] = '\0'; /* another one failed first: its reason counts */
	return NULL;
}

/* Two for each processor, but none for less than four parts: a program that runs on meanwhile has its
 * share of the processors, and one who waits for the file's lock leaves his. */
static unsigned threads_for(size_t n)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	size_t most = n / 4 + 1;

	cpus *= 2;
	if (cpus < 1)
		cpus = 1;
	if (cpus > MAX_THREADS)
		cpus = MAX_THREADS;
	return (unsigned) ((size_t) cpus < most ? (size_t) cpus : most);
}

int share_work(struct ctx *cx, size_t n, size_t spare, share_fn *fn, void *arg)
{
	struct work k = { .fn = fn, .arg = arg, .n = n, .spare = spare };
	unsigned threads = threads_for(n);
	_free_ struct worker *worker = calloc(threads, sizeof *worker);
	int r;

	if (!worker)
		return fail(cx, -ENOMEM, "share work");
	for (unsigned i = 0; i < threads; i++)
		worker[i].work = &k;
	for (unsigned i = 1; i < threads; i++)
		worker[i].started =
			!pthread_create(&worker[i].thread, NULL, work_thread, &worker[i]);
	(void) work_thread(&worker[0]);
	for (unsigned i = 1; i < threads; i++)
		if (worker[i].started)
			(void) pthread_join(worker[i].thread, NULL);
	r = atomic_load(&k.err);
	for (unsigned i = 0; r < 0 && i < threads; i++)
		if (worker[i].cx.why[0])
			return fail(cx, r, "%s", worker[i].cx.why);
	return r;
}
