/*
 * look.c - reading all of a process that can be seen from outside, live or stopped.
 *
 * Descriptors are read through copies of our own (pidfd_getfd, since v5.6); kcmp(2) tells which of
 * them share an open file description.
 */
#include "tree/look.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/kcmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "obj/common/path.h"
#include "obj/object.h"

static void file_done(struct seen_file *f)
{
	close_p(&f->copy);
	free(f->link);
	buf_done(&f->info);
}

static void thread_done(struct seen_thread *t)
{
	buf_done(&t->state.xstate);
	buf_done(&t->status);
	buf_done(&t->pending);
}

void target_close_copies(struct target *t)
{
	for (size_t i = 0; i < t->nfiles; i++) {
		close_p(&t->file[i].copy);
		t->file[i].copy = -1;
	}
}

void target_done(struct target *t)
{
	for (size_t i = 0; i < t->nfiles; i++)
		file_done(&t->file[i]);
	for (size_t i = 0; i < t->nthreads; i++)
		thread_done(&t->thread[i]);
	free(t->file);
	free(t->fd);
	free(t->thread);
	buf_done(&t->pending);
	maps_done(&t->maps);
	*t = (struct target){ 0 };
}

/* Takes *f over, also on failure. */
static int add_file(struct ctx *cx, struct target *t, struct seen_file *f, uint64_t *ret_id)
{
	void *p = t->file;

	if (!(t->nfiles & (t->nfiles + 1)) || !p)
		p = reallocarray(t->file, 2 * (t->nfiles + 1), sizeof *t->file);
	if (!p) {
		file_done(f);
		return fail(cx, -ENOMEM, "list files");
	}
	t->file = p;
	f->id = t->nfiles + 1;
	*ret_id = f->id;
	t->file[t->nfiles++] = *f;
	*f = (struct seen_file){ .copy = -1 };
	return 0;
}

static int add_fd(struct ctx *cx, struct target *t, struct seen_fd fd)
{
	void *p = t->fd;

	if (!(t->nfds & (t->nfds + 1)) || !p)
		p = reallocarray(t->fd, 2 * (t->nfds + 1), sizeof *t->fd);
	if (!p)
		return fail(cx, -ENOMEM, "list descriptors");
	t->fd = p;
	t->fd[t->nfds++] = fd;
	return 0;
}

/* The file already known that fd refers to; NULL if none. */
static struct seen_file *same_description(struct target *t, const struct seen_file *f)
{
	for (size_t i = 0; i < t->nfiles; i++) {
		struct seen_file *o = &t->file[i];

		if (o->number < 0 || o->st.st_ino != f->st.st_ino || o->st.st_dev != f->st.st_dev ||
		    o->flags != f->flags)
			continue;
		if (syscall(SYS_kcmp, t->pid, t->pid, KCMP_FILE, o->number, f->number) == 0)
			return o;
	}
	return NULL;
}

static int read_fd(struct ctx *cx, struct target *t, int pidfd, int number, struct seen_file *f)
{
	char name[64];
	uint64_t flags;
	int r;

	f->number = number;
	(void) snprintf(name, sizeof name, "/proc/%d/fd/%d", (int) t->pid, number);
	if (pidfd >= 0) {
		f->copy = (int) syscall(SYS_pidfd_getfd, pidfd, number, 0);
		if (f->copy < 0)
			return fail(cx, -errno, "take a copy");
	}
	if ((pidfd >= 0 ? fstat(f->copy, &f->st) : stat(name, &f->st)) < 0)
		return fail(cx, -errno, "stat");
	(void) snprintf(name, sizeof name, "fdinfo/%d", number);
	r = procfs_read(cx, t->pid, name, &f->info);
	(void) snprintf(name, sizeof name, "fd/%d", number);
	if (r >= 0)
		r = procfs_link(cx, t->pid, name, &f->link);
	if (r < 0)
		return r;
	if (procfs_number(f->info.p, "flags", 8, &flags) < 0 ||
	    procfs_number(f->info.p, "pos", 10, &f->pos) < 0)
		return fail(cx, -EINVAL, "its fdinfo has no flags and pos");
	f->flags = flags;
	return 0;
}

static int look_fd(struct ctx *cx, struct target *t, int pidfd, int number)
{
	_cleanup_(file_done) struct seen_file f = { .copy = -1 };
	struct seen_fd fd = { .number = number };
	struct seen_file *known;
	int r = read_fd(cx, t, pidfd, number, &f);

	if (r < 0)
		return r;
	fd.cloexec = f.flags & O_CLOEXEC;
	f.flags &= ~(uint64_t) O_CLOEXEC;
	known = same_description(t, &f);
	if (known)
		fd.file = known->id;
	else
		r = add_file(cx, t, &f, &fd.file);
	return r < 0 ? r : add_fd(cx, t, fd);
}

static bool is_borrowed(const struct target *t, const struct seen_file *f)
{
	struct seen s = { .target = t, .file = f };

	for (size_t i = 0; i < nobjects; i++)
		if (objects[i]->scope == SCOPE_FILE && objects[i]->match(&s))
			return objects[i]->borrowed;
	return false;
}

/* Standard input, output and error may be one description, a terminal's; what the restart puts in their
 * places need not be: each becomes a file of its own. */
static int part_standard(struct ctx *cx, struct target *t)
{
	for (size_t i = 0; i < t->nfds && t->fd[i].number <= 2; i++) {
		const struct seen_file *of = &t->file[t->fd[i].file - 1];
		_cleanup_(file_done) struct seen_file f = *of;
		int r;

		f.copy = -1;
		f.link = NULL;
		f.info = (struct buf){ 0 };
		if (of->number == t->fd[i].number || !is_borrowed(t, of))
			continue;
		f.number = t->fd[i].number;
		f.link = strdup(of->link);
		buf_put(&f.info, of->info.p, of->info.len + 1);
		if (of->copy >= 0)
			f.copy = fcntl(of->copy, F_DUPFD_CLOEXEC, 3);
		if (!f.link || buf_err(&f.info) || (of->copy >= 0 && f.copy < 0))
			return fail(cx, -ENOMEM, "list files");
		r = add_file(cx, t, &f, &t->fd[i].file);
		if (r < 0)
			return r;
	}
	return 0;
}

static int look_fds(struct ctx *cx, struct target *t, enum look how)
{
	_free_ uint64_t *number = NULL;
	_close_ int pidfd = how == LOOK_LIVE ? -1 : (int) syscall(SYS_pidfd_open, t->pid, 0);
	size_t n = 0;
	int r;

	if (pidfd < 0 && how != LOOK_LIVE)
		return fail(cx, -errno, "open a pidfd of process %d", (int) t->pid);
	r = procfs_list(cx, t->pid, "fd", &number, &n);
	for (size_t i = 0; r >= 0 && i < n; i++) {
		r = look_fd(cx, t, pidfd, (int) number[i]);
		/* A descriptor that a running process closed meanwhile is none. */
		if (r == -EBADF || r == -ENOENT)
			r = 0;
		(void) blame(cx, r, "fd %" PRIu64, number[i]);
	}
	return r < 0 ? r : part_standard(cx, t);
}

/* The file that m maps, opened by /proc/PID/map_files: also when it was deleted, or never had a
 * name. */
static int look_mapped(struct ctx *cx, struct target *t, const struct map *m)
{
	_cleanup_(file_done) struct seen_file f = { .copy = -1, .number = -1 };
	char path[96];
	uint64_t id;

	(void) snprintf(path, sizeof path, "/proc/%d/map_files/%" PRIx64 "-%" PRIx64, (int) t->pid,
			m->start, m->end);
	f.copy = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (f.copy < 0 || fstat(f.copy, &f.st) < 0)
		return fail(cx, -errno, "open %s (%s)", path, m->name);
	f.link = strdup(m->name);
	if (!f.link)
		return fail(cx, -ENOMEM, "list files");
	f.flags = (map_writes(m) ? O_RDWR : O_RDONLY) | PATH_LARGEFILE;
	f.map_dev = m->dev;
	f.map_ino = m->ino;
	f.map_shared = m->shared;
	return add_file(cx, t, &f, &id);
}

static int look_maps(struct ctx *cx, struct target *t)
{
	for (size_t i = 0; i < t->maps.n; i++) {
		const struct map *m = &t->maps.map[i];
		int r;

		if (!m->ino || target_file_of_map(t, m))
			continue;
		r = look_mapped(cx, t, m);
		if (r < 0)
			return blame(cx, r, "memory 0x%" PRIx64, m->start);
	}
	return 0;
}

static int look_exe(struct ctx *cx, struct target *t)
{
	_cleanup_(file_done) struct seen_file f = { .copy = -1, .number = -1 };
	char path[64];
	int r = procfs_link(cx, t->pid, "exe", &f.link);

	if (r < 0)
		return r;
	(void) snprintf(path, sizeof path, "/proc/%d/exe", (int) t->pid);
	f.copy = open(path, O_RDONLY | O_CLOEXEC);
	if (f.copy < 0 || fstat(f.copy, &f.st) < 0)
		return fail(cx, -errno, "open %s", path);
	return add_file(cx, t, &f, &t->exe_file);
}

int target_look(struct ctx *cx, pid_t pid, enum look how, const struct maps *before,
		struct target *ret)
{
	_target_ struct target t = { .pid = pid };
	size_t missing;
	int r = procfs_stat(cx, pid, &t.stat);

	if (r >= 0)
		r = maps_read(cx, pid, &t.maps);
	if (r >= 0 && before)
		maps_take_flags(&t.maps, before);
	else if (r >= 0)
		r = maps_flags(cx, pid, &t.maps, &missing);
	if (r >= 0)
		r = look_fds(cx, &t, how);
	if (r >= 0)
		r = look_maps(cx, &t);
	if (r >= 0)
		r = look_exe(cx, &t);
	if (r < 0)
		return r;
	*ret = t;
	t = (struct target){ 0 };
	return 0;
}
