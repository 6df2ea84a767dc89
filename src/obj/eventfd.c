/*
 * eventfd - a 64-bit counter behind a descriptor.
 *
 * State:    count, semaphore mode.  (Flags: obj/file.c.)
 * Read:     fdinfo "eventfd-count" (hex), "eventfd-semaphore" (since v6.5).
 * Rebuild:  eventfd2(0, mode), then write(count): initval is 32 bits wide, the counter 64.
 * Lost:     semaphore mode before v6.5 (the kernel does not tell); eventfd-id; that
 *           another process holds it, too.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "obj/object.h"

struct eventfd {
	uint64_t count;
	bool semaphore;
};

static const struct field eventfd_fields[] = {
	FIELD(eventfd, F_U64, count),
	FIELD(eventfd, F_BOOL, semaphore),
};

static bool eventfd_match(const struct seen *s)
{
	return !strcmp(s->file->link, "anon_inode:[eventfd]");
}

static int eventfd_collect(struct ctx *cx, const struct seen *s, void *obj)
{
	struct eventfd *e = obj;
	uint64_t semaphore = 0;
	int r = procfs_number(s->file->info.p, "eventfd-count", 16, &e->count);

	if (r < 0)
		return fail(cx, r, "fdinfo has no eventfd-count");
	r = procfs_number(s->file->info.p, "eventfd-semaphore", 10, &semaphore);
	if (r < 0 && r != -ENOENT)
		return fail(cx, r, "fdinfo has no number as eventfd-semaphore");
	e->semaphore = semaphore != 0;
	return 0;
}

static void eventfd_gate(struct gate *g, const void *obj)
{
	const struct eventfd *e = obj;

	if (e->count == UINT64_MAX) /* eventfd(2): one less is the highest */
		gate_problem(g, ERR_DAMAGED, "count %" PRIu64 " cannot be", e->count);
}

static int eventfd_restore(struct ctx *cx, struct rebuild *rb, const void *obj,
			   const struct buf *bulk, int *ret_fd)
{
	const struct eventfd *e = obj;
	_close_ int fd = eventfd(0, EFD_CLOEXEC | (e->semaphore ? EFD_SEMAPHORE : 0));

	(void) rb;
	(void) bulk;
	if (fd < 0)
		return fail(cx, -errno, "create");
	if (e->count && write(fd, &e->count, sizeof e->count) < 0)
		return fail(cx, -errno, "set count to %" PRIu64, e->count);
	*ret_fd = take_fd(&fd);
	return 0;
}

const struct obj_ops eventfd_ops = {
	.record = { .kind = 0x41,
		    .version = 1,
		    .name = "eventfd",
		    .size = sizeof(struct eventfd),
		    FIELDS(eventfd_fields) },
	.scope = SCOPE_FILE,
	.match = eventfd_match,
	.collect = eventfd_collect,
	.gate = eventfd_gate,
	.restore = eventfd_restore,
};
