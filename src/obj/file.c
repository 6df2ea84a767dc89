/*
 * file - the open file description around any kind of open file.
 *
 * State:    status flags, position, whether descriptors refer to it (or only memory does).
 * Read:     fdinfo "flags" (octal) and "pos"; owner and signal for SIGIO by fcntl, locks in fdinfo.
 * Rebuild:  fcntl(F_SETFL), lseek.
 * Lost:     O_LARGEFILE's absence (i386: the 2 GiB limit); read-ahead state.  Refused: SIGIO
 *           owners, locks and leases.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "obj/object.h"

struct file {
	uint64_t flags;
	uint64_t pos;
	bool described; /* by a descriptor: flags and position mean something */
};

static const struct field file_fields[] = {
	FIELD(file, F_X64, flags),
	FIELD(file, F_U64, pos),
	FIELD(file, F_BOOL, described),
};

/* What F_SETFL sets (fcntl(2)). */
#define SETTABLE (O_APPEND | O_NONBLOCK | O_DIRECT | O_NOATIME)

static int no_owner(struct ctx *cx, int fd)
{
	struct f_owner_ex owner = { 0 };

	if (fcntl(fd, F_GETOWN_EX, &owner) == 0 && owner.pid)
		return fail(cx, ERR_UNSUPPORTED,
			    "has an owner for SIGIO (process %d): not supported yet", owner.pid);
	if (fcntl(fd, F_GETSIG) > 0)
		return fail(cx, ERR_UNSUPPORTED,
			    "has a signal set with F_SETSIG: not supported yet");
	return 0;
}

static int file_collect(struct ctx *cx, const struct seen *s, void *obj)
{
	const struct seen_file *f = s->file;
	struct file *o = obj;
	size_t len;

	o->described = f->number >= 0;
	if (!o->described)
		return 0;
	o->flags = f->flags;
	o->pos = f->pos;
	if (f->flags & O_PATH)
		return 0;
	if (f->flags & O_ASYNC)
		return fail(cx, ERR_UNSUPPORTED, "sends SIGIO (O_ASYNC): not supported yet");
	if (procfs_value(f->info.p, "lock", &len))
		return fail(cx, ERR_UNSUPPORTED,
			    "%s holds a lock or lease on it: release it first (locks are not "
			    "supported yet)",
			    f->link);
	return f->copy < 0 ? 0 : no_owner(cx, f->copy);
}

static void file_gate(struct gate *g, const void *obj)
{
	const struct file *o = obj;

	if (o->pos > INT64_MAX)
		gate_problem(g, ERR_DAMAGED, "position %" PRIu64 " cannot be", o->pos);
}

static int file_restore(struct ctx *cx, struct rebuild *rb, const void *obj, const struct buf *bulk,
			int *ret_fd)
{
	const struct file *o = obj;

	(void) rb;
	(void) bulk;
	if (!o->described || o->flags & O_PATH)
		return 0;
	if (o->flags & SETTABLE || (fcntl(*ret_fd, F_GETFL) & SETTABLE))
		if (fcntl(*ret_fd, F_SETFL, (int) (o->flags & SETTABLE)) < 0)
			return fail(cx, -errno, "set flags 0%" PRIo64, o->flags);
	if (o->pos && lseek(*ret_fd, (off_t) o->pos, SEEK_SET) != (off_t) o->pos)
		return fail(cx, -errno, "set position %" PRIu64, o->pos);
	return 0;
}

/* By the kernel's numbers: a C library's own may differ (O_LARGEFILE is 0 to a 64-bit one). */
static void show_flags(uint64_t flags, FILE *f)
{
	static const struct {
		uint32_t bit;
		const char *name;
	} names[] = {
		{ 02000, "O_APPEND" },	    { 04000, "O_NONBLOCK" },	{ 04000000, "O_SYNC" },
		{ 010000, "O_DSYNC" },	    { 020000, "O_ASYNC" },	{ 040000, "O_DIRECT" },
		{ 0100000, "O_LARGEFILE" }, { 0200000, "O_DIRECTORY" }, { 0400000, "O_NOFOLLOW" },
		{ 01000000, "O_NOATIME" },  { 010000000, "O_PATH" },	{ 020000000, "O_TMPFILE" },
	};
	static const char *const access[] = { "O_RDONLY", "O_WRONLY", "O_RDWR", "O_ACCMODE" };

	fputs(access[flags & O_ACCMODE], f);
	flags &= ~(uint64_t) O_ACCMODE;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (flags & names[i].bit) {
			fprintf(f, "|%s", names[i].name);
			flags &= ~(uint64_t) names[i].bit;
		}
	if (flags)
		fprintf(f, "|0%" PRIo64, flags);
}

static void file_show(const void *obj, FILE *f)
{
	const struct file *o = obj;

	if (!o->described) {
		fputs("for memory alone", f);
		return;
	}
	show_flags(o->flags, f);
	if (o->pos)
		fprintf(f, " at %" PRIu64, o->pos);
}

const struct obj_ops file_ops = {
	.record = { .kind = 0x40,
		    .version = 1,
		    .name = "file",
		    .size = sizeof(struct file),
		    FIELDS(file_fields) },
	.scope = SCOPE_DESCRIPTION,
	.collect = file_collect,
	.gate = file_gate,
	.restore = file_restore,
	.show = file_show,
};
