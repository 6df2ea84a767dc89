/*
 * mem.c - another process's memory.
 */
#include "tracee/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/err.h"

typedef ssize_t move_fn(pid_t, const struct iovec *, unsigned long, const struct iovec *,
			unsigned long, unsigned long);

static int move(struct ctx *cx, pid_t pid, const struct mem_part *part, size_t n, move_fn *fn,
		const char *what)
{
	struct iovec here[MEM_PARTS], there[MEM_PARTS];
	size_t total = 0;
	ssize_t done;

	if (n > MEM_PARTS)
		return fail(cx, -E2BIG, "%s memory", what);
	for (size_t i = 0; i < n; i++) {
		here[i] = (struct iovec){ part[i].p, part[i].len };
		there[i] = (struct iovec){ (void *) (uintptr_t) part[i].addr, part[i].len };
		total += part[i].len;
	}
	done = fn(pid, here, n, there, n, 0);
	if (done < 0 || (size_t) done != total)
		return fail(cx, done < 0 ? -errno : -EFAULT, "%s %zu bytes of memory at 0x%" PRIx64,
			    what, total, part[0].addr);
	return 0;
}

int mem_read_parts(struct ctx *cx, pid_t pid, const struct mem_part *part, size_t n)
{
	return move(cx, pid, part, n, process_vm_readv, "read");
}

int mem_write_parts(struct ctx *cx, pid_t pid, const struct mem_part *part, size_t n)
{
	return move(cx, pid, part, n, process_vm_writev, "write");
}

int mem_read(struct ctx *cx, pid_t pid, uint64_t addr, void *p, size_t len)
{
	return mem_read_parts(cx, pid, &(struct mem_part){ addr, p, len }, 1);
}

int mem_write(struct ctx *cx, pid_t pid, uint64_t addr, const void *p, size_t len)
{
	return mem_write_parts(cx, pid, &(struct mem_part){ addr, (void *) p, len }, 1);
}

int mem_open(struct ctx *cx, pid_t pid, int *ret_fd)
{
	char path[64];
	int fd;

	(void) snprintf(path, sizeof path, "/proc/%d/mem", (int) pid);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return fail(cx, -errno, "open %s", path);
	*ret_fd = fd;
	return 0;
}

int mem_poke(struct ctx *cx, int memfd, uint64_t addr, const void *p, size_t len)
{
	ssize_t n = pwrite(memfd, p, len, (off_t) addr);

	if (n < 0 || (size_t) n != len)
		return fail(cx, n < 0 ? -errno : -EFAULT, "write %zu bytes of code at 0x%" PRIx64,
			    len, addr);
	return 0;
}
