/*
 * path.c - whether the name under which the kernel shows an open file still leads to it.  No
 * object.
 */
#include "obj/common/path.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "abi/abi.h"
#include "base/err.h"
#include "obj/common/target.h"

bool path_is_absolute(const char *path)
{
	return path && path[0] == '/';
}

int path_still_names(struct ctx *cx, const struct seen_file *f)
{
	static const char deleted[] = " (deleted)";
	size_t n = strlen(f->link), d = sizeof deleted - 1;
	struct stat st;

	if (f->st.st_nlink == 0 || (n > d && !strcmp(f->link + n - d, deleted)))
		return fail(cx, ERR_UNSUPPORTED,
			    "%s is a deleted file: not supported yet; close it or give it a name",
			    f->link);
	if (stat(f->link, &st) < 0)
		return fail(cx, ERR_UNSUPPORTED, "%s cannot be reached by that name from here",
			    f->link);
	if (st.st_ino != f->st.st_ino || st.st_dev != f->st.st_dev)
		return fail(cx, ERR_UNSUPPORTED,
			    "%s names another file than the open one: not supported yet", f->link);
	return 0;
}

/* A 64-bit open always means O_LARGEFILE; one made the ia32 way does not.  The path must lie where
 * 32 bits reach. */
static int open_ia32(const char *path, int flags)
{
	size_t n = strlen(path) + 1;
	char *low = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT,
			 -1, 0);
	int fd;

	if (low == MAP_FAILED)
		return -ENOMEM;
	memcpy(low, path, n);
	__asm__ volatile("int $0x80"
			 : "=a"(fd)
			 : "a"(abi_i386.call[CALL_open]), "b"(low), "c"(flags), "d"(0)
			 : "memory", "r8", "r9", "r10", "r11");
	(void) munmap(low, n);
	return fd;
}

int path_open(const char *path, uint32_t flags)
{
	int fd, with = (int) (flags & ~PATH_LARGEFILE) | O_NOCTTY | O_NONBLOCK;

	if (!(flags & (O_PATH | PATH_LARGEFILE)))
		return open_ia32(path, with | O_CLOEXEC);
	fd = open(path, with | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}
