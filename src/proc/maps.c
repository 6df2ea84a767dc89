/*
 * maps.c - /proc/PID/maps and the VmFlags of /proc/PID/smaps.
 */
#include "proc/maps.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "proc/procfs.h"

#define PAGE 4096u

/* "start-end" at s; *ret_end is behind it.  Untouched on failure: "AnonHugePages:" begins like a
 * number. */
static int parse_range(const char *s, struct map *m, const char **ret_end)
{
	uint64_t start, end;

	if (parse_number(s, 16, &start, &s) < 0 || *s++ != '-' ||
	    parse_number(s, 16, &end, &s) < 0 || start >= end)
		return -EINVAL;
	m->start = start;
	m->end = end;
	*ret_end = s;
	return 0;
}

static int parse_line(char *line, struct map *m)
{
	uint64_t major, minor;
	const char *s;

	if (parse_range(line, m, &s) < 0 || *s != ' ' || strcspn(s + 1, " ") != 4)
		return -EINVAL;
	m->prot = (s[1] == 'r' ? PROT_READ : 0u) | (s[2] == 'w' ? PROT_WRITE : 0u) |
		  (s[3] == 'x' ? PROT_EXEC : 0u);
	m->shared = s[4] == 's';
	if (parse_number(s + 6, 16, &m->offset, &s) < 0 || *s++ != ' ' ||
	    parse_number(s, 16, &major, &s) < 0 || *s++ != ':' ||
	    parse_number(s, 16, &minor, &s) < 0 || *s++ != ' ' ||
	    parse_number(s, 10, &m->ino, &s) < 0)
		return -EINVAL;
	m->dev = major << 32 | minor;
	m->name = s + strspn(s, " ");
	return 0;
}

int maps_parse(struct ctx *cx, struct maps *m)
{
	_buf_ struct buf list = { 0 };

	for (char *line = m->text.p, *end; *line; line = end + 1) {
		struct map one = { 0 };

		end = strchr(line, '\n');
		if (!end)
			return fail(cx, -EINVAL, "maps ends within a line");
		*end = '\0';
		if (parse_line(line, &one) < 0)
			return fail(cx, -EINVAL, "maps: unknown line '%s'", line);
		buf_put(&list, &one, sizeof one);
	}
	if (buf_err(&list))
		return fail(cx, -ENOMEM, "read maps");
	m->n = list.len / sizeof(struct map);
	m->map = take_ptr(list.p);
	return 0;
}

int maps_read(struct ctx *cx, pid_t pid, struct maps *ret)
{
	_maps_ struct maps m = { 0 };
	int r = procfs_read(cx, pid, "maps", &m.text);

	if (r < 0)
		return r;
	r = maps_parse(cx, &m);
	if (r < 0)
		return blame(cx, r, "process %d", (int) pid);
	*ret = m;
	m = (struct maps){ 0 };
	return 0;
}

void maps_done(struct maps *m)
{
	free(m->map);
	buf_done(&m->text);
	*m = (struct maps){ 0 };
}

const struct map *maps_find(const struct maps *m, uint64_t addr)
{
	for (size_t lo = 0, hi = m->n; lo < hi;) {
		size_t mid = lo + (hi - lo) / 2;

		if (addr < m->map[mid].start)
			hi = mid;
		else if (addr >= m->map[mid].end)
			lo = mid + 1;
		else
			return &m->map[mid];
	}
	return NULL;
}

const struct map *maps_named(const struct maps *m, const char *name)
{
	for (size_t i = 0; i < m->n; i++)
		if (!strcmp(m->map[i].name, name))
			return &m->map[i];
	return NULL;
}

uint64_t maps_hole(const struct maps *m, uint64_t size, uint64_t from, uint64_t to)
{
	uint64_t at = from;

	for (size_t i = 0; i < m->n && at + size + PAGE <= to; i++) {
		if (m->map[i].end + PAGE <= at)
			continue;
		if (m->map[i].start >= at + size + PAGE)
			return at;
		at = m->map[i].end + PAGE;
	}
	return at + size + PAGE <= to ? at : 0;
}

/* Pairs that nothing depends on: what prot, the name and the offset already tell, or may-bits. */
static const char *const plain_flags = "rd wr ex sh mr me pf ac ar mp sd";

static const struct {
	char letters[3];
	enum vmflag flag;
} flag_table[] = {
	{ "gd", VMFLAG_GROWSDOWN },
	{ "lo", VMFLAG_LOCKED },
	{ "sr", VMFLAG_SEQ_READ },
	{ "rr", VMFLAG_RAND_READ },
	{ "dc", VMFLAG_DONTFORK },
	{ "wf", VMFLAG_WIPEONFORK },
	{ "dd", VMFLAG_DONTDUMP },
	{ "hg", VMFLAG_HUGEPAGE },
	{ "nh", VMFLAG_NOHUGEPAGE },
	{ "mg", VMFLAG_MERGEABLE },
	{ "nr", VMFLAG_NORESERVE },
	{ "ht", VMFLAG_HUGETLB },
	{ "um", VMFLAG_UFFD },
	{ "uw", VMFLAG_UFFD },
	{ "ui", VMFLAG_UFFD },
	{ "io", VMFLAG_IO },
	{ "sl", VMFLAG_SEALED },
	{ "dp", VMFLAG_DROPPABLE },
	{ "ss", VMFLAG_SHADOW_STACK },
	{ "ms", VMFLAG_MAYSHARE },
	{ "mw", VMFLAG_MAYWRITE },
	{ "de", 0 },
	{ "lf", 0 },
};

static uint32_t flag_of(const char pair[2])
{
	for (size_t i = 0; i < ARRAY_SIZE(flag_table); i++)
		if (!memcmp(pair, flag_table[i].letters, 2))
			return flag_table[i].flag;
	for (const char *p = plain_flags; *p; p += p[2] ? 3 : 2)
		if (!memcmp(pair, p, 2))
			return 0;
	return VMFLAG_UNKNOWN;
}

static uint32_t parse_flags(const char *s)
{
	uint32_t flags = 0;

	for (; s[0] && s[0] != '\n' && s[1]; s += s[2] == ' ' ? 3 : 2)
		flags |= flag_of(s);
	return flags;
}

int maps_flags(struct ctx *cx, pid_t pid, struct maps *m, size_t *ret_missing)
{
	_buf_ struct buf b = { 0 };
	size_t i = 0, seen = 0;
	struct map at = { 0 };
	int r = procfs_read(cx, pid, "smaps", &b);

	if (r < 0)
		return r;
	for (const char *line = b.p, *s; *line; line += strcspn(line, "\n") + 1) {
		struct map one;

		/* Keys may begin as numbers do ("Anonymous:"): they must not touch at. */
		if (parse_range(line, &one, &s) == 0 && *s == ' ') {
			at = one;
			continue;
		}
		if (strncmp(line, "VmFlags: ", 9))
			continue;
		while (i < m->n && m->map[i].start < at.start)
			i++;
		if (i < m->n && m->map[i].start == at.start && m->map[i].end == at.end) {
			m->map[i].flags = parse_flags(line + 9);
			seen++;
		}
	}
	*ret_missing = m->n - seen;
	return 0;
}

void maps_take_flags(struct maps *now, const struct maps *before)
{
	size_t k = 0;

	for (size_t i = 0; i < now->n; i++) {
		while (k < before->n && before->map[k].start < now->map[i].start)
			k++;
		if (k < before->n && before->map[k].start == now->map[i].start &&
		    before->map[k].end == now->map[i].end)
			now->map[i].flags = before->map[k].flags;
	}
}
