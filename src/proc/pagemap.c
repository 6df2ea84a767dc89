/*
 * pagemap.c - which pages of a process hold contents of their own.
 *
 * ioctl(PAGEMAP_SCAN), since v6.7, gives runs; before that a word for each page is read
 * (Documentation/admin-guide/mm/pagemap.rst).
 */
#include "proc/pagemap.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"

#define PAGE UINT64_C(4096)

/* linux/fs.h of v6.7; Debian 12's headers are older. */
struct scan_region {
	uint64_t start, end, categories;
};
struct scan_arg {
	uint64_t size, flags, start, end, walk_end, vec, vec_len, max_pages;
	uint64_t category_inverted, category_mask, category_anyof_mask, return_mask;
};
#define SCAN	     _IOWR('f', 16, struct scan_arg)
#define SCAN_FILE    (1u << 2)
#define SCAN_PRESENT (1u << 3)
#define SCAN_SWAPPED (1u << 4)
#define SCAN_ZERO    (1u << 5)

/* The word for a page. */
#define WORD_PRESENT (UINT64_C(1) << 63)
#define WORD_SWAPPED (UINT64_C(1) << 62)
#define WORD_FILE    (UINT64_C(1) << 61)

int pagemap_open(struct ctx *cx, pid_t pid, int *ret_fd)
{
	char path[64];
	int fd;

	(void) snprintf(path, sizeof path, "/proc/%d/pagemap", (int) pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return fail(cx, -errno, "open %s", path);
	*ret_fd = fd;
	return 0;
}

static void add(struct buf *runs, uint64_t addr, uint64_t pages)
{
	struct page_run *last =
		runs->len ? (struct page_run *) ((char *) runs->p + runs->len) - 1 : NULL;
	struct page_run run = { addr, pages };

	if (last && last->addr + last->pages * PAGE == addr)
		last->pages += pages;
	else
		buf_put(runs, &run, sizeof run);
}

/* 1: the kernel has no such ioctl. */
static int scan(struct ctx *cx, int fd, uint64_t start, uint64_t end, struct buf *runs)
{
	struct scan_region region[512];
	struct scan_arg arg = {
		.size = sizeof arg,
		.start = start,
		.end = end,
		.vec = (uintptr_t) region,
		.vec_len = sizeof region / sizeof *region,
		.category_inverted = SCAN_FILE | SCAN_ZERO,
		.category_mask = SCAN_FILE | SCAN_ZERO,
		.category_anyof_mask = SCAN_PRESENT | SCAN_SWAPPED,
		.return_mask = SCAN_PRESENT,
	};

	while (arg.start < end) {
		int n = ioctl(fd, SCAN, &arg);

		if (n < 0 && (errno == ENOTTY || errno == EINVAL))
			return 1;
		if (n < 0)
			return fail(cx, -errno, "scan the pages at 0x%" PRIx64, start);
		for (int i = 0; i < n; i++)
			add(runs, region[i].start, (region[i].end - region[i].start) / PAGE);
		if (arg.walk_end <= arg.start)
			return fail(cx, -EIO, "scan the pages at 0x%" PRIx64 ": no progress",
				    start);
		arg.start = arg.walk_end;
	}
	return 0;
}

static int read_words(struct ctx *cx, int fd, uint64_t start, uint64_t end, struct buf *runs)
{
	uint64_t word[4096];

	for (uint64_t at = start; at < end;) {
		uint64_t want = (end - at) / PAGE;
		ssize_t n;

		if (want > sizeof word / sizeof *word)
			want = sizeof word / sizeof *word;
		n = pread(fd, word, want * sizeof *word, (off_t) (at / PAGE * sizeof *word));
		if (n <= 0)
			return fail(cx, n < 0 ? -errno : -EIO, "read the page map at 0x%" PRIx64,
				    at);
		for (size_t i = 0; i < (size_t) n / sizeof *word; i++, at += PAGE)
			if (word[i] & WORD_SWAPPED ||
			    ((word[i] & WORD_PRESENT) && !(word[i] & WORD_FILE)))
				add(runs, at, 1);
	}
	return 0;
}

int pagemap_private(struct ctx *cx, int fd, uint64_t start, uint64_t end, struct buf *runs)
{
	int r = scan(cx, fd, start, end, runs);

	if (r == 1)
		r = read_words(cx, fd, start, end, runs);
	if (r >= 0 && buf_err(runs))
		r = fail(cx, -ENOMEM, "list pages");
	return r;
}
