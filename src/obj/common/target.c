/*
 * target.c - small answers about a stopped process that several objects ask for.
 */
#include "obj/common/target.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

#include "base/err.h"
#include "program/program.h"

int64_t answer(const struct seen *s, unsigned n)
{
	return program_result(s->answers, s->first_op + n);
}

const void *answer_data(const struct seen *s, uint32_t off)
{
	return program_data_at(s->answers, s->first_data + off);
}

bool map_writes(const struct map *m)
{
	return m->shared && (m->prot & PROT_WRITE || m->flags & VMFLAG_MAYWRITE);
}

uint64_t target_file_of_map(const struct target *t, const struct map *m)
{
	for (size_t i = 0; i < t->nfiles; i++) {
		const struct seen_file *f = &t->file[i];

		if (f->number < 0 && f->map_ino == m->ino && f->map_dev == m->dev &&
		    f->map_shared == m->shared &&
		    ((f->flags & O_ACCMODE) == O_RDWR) == map_writes(m) &&
		    !strcmp(f->link, m->name))
			return f->id;
	}
	return 0;
}

int thread_status(struct ctx *cx, const struct seen *s, const char *key, int base, uint64_t *ret)
{
	int r = procfs_number(s->thread->status.p, key, base, ret);

	if (r < 0)
		return fail(cx, -EINVAL, "thread %d: its status has no %s",
			    (int) s->thread->state.tid, key);
	return 0;
}
