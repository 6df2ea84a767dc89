/*
 * stdio - what was standard input, output or error and led out of the process: a terminal or pipe.
 *
 * State:    which of the three it was.
 * Read:     descriptor 0, 1 or 2 refers to a terminal, or to a pipe whose other end is not in the
 *           process.
 * Rebuild:  the restart's own descriptor of the same number; /dev/null if it has none, or if the
 *           image came by it.  Flags and position of what is there are left alone.
 * Lost:     terminal settings, and bytes that were under way in the pipe, belong to the other side.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "obj/object.h"
#include "obj/pipe.h"

struct stdio {
	uint32_t number; /* 0, 1 or 2 */
};

static const struct field stdio_fields[] = {
	FIELD(stdio, F_U32, number),
};

/* Terminals: majors 4 (console, serial) and 136 to 143 (Unix98 slaves), devices.txt; 5:0 is
 * /dev/tty. */
static bool is_terminal(const struct stat *st)
{
	unsigned m = major(st->st_rdev);

	return S_ISCHR(st->st_mode) && (m == 4 || m == 5 || (m >= 136 && m <= 143));
}

static bool stdio_match(const struct seen *s)
{
	const struct seen_file *f = s->file;

	if (f->number < 0 || f->number > 2)
		return false;
	return is_terminal(&f->st) || (S_ISFIFO(f->st.st_mode) && pipe_leads_out(s->target, f));
}

static int stdio_collect(struct ctx *cx, const struct seen *s, void *obj)
{
	struct stdio *o = obj;

	(void) cx;
	o->number = (uint32_t) s->file->number;
	return 0;
}

static void stdio_gate(struct gate *g, const void *obj)
{
	const struct stdio *o = obj;

	if (o->number > 2)
		gate_problem(g, ERR_DAMAGED, "%u is not standard input, output or error",
			     o->number);
}

static int stdio_restore(struct ctx *cx, struct rebuild *rb, const void *obj,
			 const struct buf *bulk, int *ret_fd)
{
	const struct stdio *o = obj;
	bool taken = o->number == 0 && rb->stdin_taken;
	int fd = taken ? -1 : fcntl((int) o->number, F_DUPFD_CLOEXEC, 3);

	(void) bulk;
	if (taken || (fd < 0 && errno == EBADF))
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return fail(cx, -errno, "take over descriptor %u", o->number);
	*ret_fd = fd;
	return 0;
}

static void stdio_show(const void *obj, FILE *f)
{
	static const char *const names[] = { "input", "output", "error" };
	const struct stdio *o = obj;

	fprintf(f, "standard %s of the restart", o->number < 3 ? names[o->number] : "?");
}

const struct obj_ops stdio_ops = {
	.record = { .kind = 0x43,
		    .version = 1,
		    .name = "stdio",
		    .size = sizeof(struct stdio),
		    FIELDS(stdio_fields) },
	.scope = SCOPE_FILE,
	.match = stdio_match,
	.collect = stdio_collect,
	.gate = stdio_gate,
	.restore = stdio_restore,
	.borrowed = true,
	.show = stdio_show,
};
