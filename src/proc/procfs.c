/*
 * procfs.c - the text files of /proc, split into lines, keys and numbers.
 */
#include "proc/procfs.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"

static void procfs_path(pid_t pid, const char *name, char path[static 96])
{
	(void) snprintf(path, 96, "/proc/%d/%s", (int) pid, name);
}

int procfs_read(struct ctx *cx, pid_t pid, const char *name, struct buf *ret)
{
	char path[96];
	int r;

	procfs_path(pid, name, path);
	r = buf_read_file(ret, AT_FDCWD, path);
	return r < 0 ? fail(cx, r, "read %s", path) : 0;
}

int procfs_link(struct ctx *cx, pid_t pid, const char *name, char **ret)
{
	char path[96], to[PATH_MAX];
	ssize_t n;

	procfs_path(pid, name, path);
	n = readlink(path, to, sizeof to);
	if (n < 0)
		return fail(cx, -errno, "read the link %s", path);
	if ((size_t) n == sizeof to)
		return fail(cx, -ENAMETOOLONG, "read the link %s", path);
	*ret = strndup(to, (size_t) n);
	return *ret ? 0 : fail(cx, -ENOMEM, "read the link %s", path);
}

const char *procfs_value(const char *text, const char *key, size_t *ret_len)
{
	size_t n = strlen(key);

	for (const char *line = text; line && *line; line = strchr(line, '\n')) {
		const char *v, *end;

		if (*line == '\n')
			line++;
		if (strncmp(line, key, n) || line[n] != ':')
			continue;
		v = line + n + 1 + strspn(line + n + 1, " \t");
		end = v + strcspn(v, "\n");
		while (end > v && isspace((unsigned char) end[-1]))
			end--;
		*ret_len = (size_t) (end - v);
		return v;
	}
	return NULL;
}

static unsigned digit(char c)
{
	return c >= '0' && c <= '9'   ? (unsigned) (c - '0')
	       : c >= 'a' && c <= 'f' ? (unsigned) (c - 'a' + 10)
	       : c >= 'A' && c <= 'F' ? (unsigned) (c - 'A' + 10)
				      : UINT_MAX;
}

/* strtoull would take white space, a sign and, to base 16, "0x" as well. */
int parse_number(const char *s, int base, uint64_t *ret, const char **ret_end)
{
	uint64_t v = 0, radix = (uint64_t) base;

	if (digit(*s) >= radix)
		return -EINVAL;
	for (; digit(*s) < radix; s++) {
		if (v > (UINT64_MAX - digit(*s)) / radix)
			return -EINVAL;
		v = v * radix + digit(*s);
	}
	*ret = v;
	*ret_end = s;
	return 0;
}

int procfs_number(const char *text, const char *key, int base, uint64_t *ret)
{
	size_t len;
	const char *end, *v = procfs_value(text, key, &len);

	return v ? parse_number(v, base, ret, &end) : -ENOENT;
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *) a, y = *(const uint64_t *) b;

	return (x > y) - (x < y);
}

int procfs_list(struct ctx *cx, pid_t pid, const char *name, uint64_t **ret, size_t *ret_n)
{
	char path[96];
	_buf_ struct buf b = { 0 };
	struct dirent *e;

	procfs_path(pid, name, path);
	_closedir_ DIR *d = opendir(path);
	if (!d)
		return fail(cx, -errno, "list %s", path);
	while ((errno = 0, e = readdir(d))) {
		const char *end;
		uint64_t v;

		if (parse_number(e->d_name, 10, &v, &end) == 0 && *end == '\0')
			buf_put(&b, &v, sizeof v);
	}
	if (errno)
		return fail(cx, -errno, "list %s", path);
	if (buf_err(&b))
		return fail(cx, -ENOMEM, "list %s", path);
	*ret_n = b.len / sizeof(uint64_t);
	if (*ret_n)
		qsort(b.p, *ret_n, sizeof(uint64_t), by_value);
	*ret = take_ptr(b.p);
	return 0;
}

/* Field number (from 1) of the text behind the ")" that ends the name, which may itself hold
 * anything. */
static int stat_field(const char *tail, unsigned number, int64_t *ret)
{
	const char *s = tail, *end;
	bool negative;
	uint64_t v;

	for (unsigned at = 3; at < number; at++) {
		s = strchr(s, ' ');
		if (!s)
			return -EINVAL;
		s++;
	}
	negative = *s == '-';
	if (parse_number(s + negative, 10, &v, &end) < 0 || (negative && v > INT64_MAX))
		return -EINVAL;
	*ret = negative ? -(int64_t) v : (int64_t) v;
	return 0;
}

int procfs_parse_stat(const char *text, struct proc_stat *ret)
{
	static const uint8_t number[] = { 4,  5,  6,  19, 20, 22, 26, 27,
					  28, 45, 46, 47, 48, 49, 50, 51 };
	const char *tail = strrchr(text, ')');
	int64_t v[sizeof number];

	if (!tail || tail[1] != ' ' || !tail[2])
		return -3;
	tail += 2;
	for (size_t i = 0; i < sizeof number; i++)
		if (stat_field(tail, number[i], &v[i]) < 0)
			return -number[i];
	*ret = (struct proc_stat){
		.state = *tail,
		.ppid = (pid_t) v[0],
		.pgrp = (pid_t) v[1],
		.sid = (pid_t) v[2],
		.nice = v[3],
		.threads = v[4],
		.start_time = (uint64_t) v[5],
		.start_code = (uint64_t) v[6],
		.end_code = (uint64_t) v[7],
		.start_stack = (uint64_t) v[8],
		.start_data = (uint64_t) v[9],
		.end_data = (uint64_t) v[10],
		.start_brk = (uint64_t) v[11],
		.arg_start = (uint64_t) v[12],
		.arg_end = (uint64_t) v[13],
		.env_start = (uint64_t) v[14],
		.env_end = (uint64_t) v[15],
	};
	return 0;
}

int procfs_stat(struct ctx *cx, pid_t pid, struct proc_stat *ret)
{
	_buf_ struct buf b = { 0 };
	int r = procfs_read(cx, pid, "stat", &b);

	if (r < 0)
		return r;
	r = procfs_parse_stat(b.p, ret);
	return r < 0 ? fail(cx, -EINVAL, "/proc/%d/stat has no field %d", (int) pid, -r) : 0;
}
