/* ck.c - see ck.h */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "ck.h"

static void sleep_ms(long ms)
{
	struct timespec ts = { 0, ms * 1000000 };

	(void) nanosleep(&ts, NULL);
}

const char *ck_path(const char *name)
{
	static char path[512];
	const char *dir = getenv("CK_DIR");

	(void) snprintf(path, sizeof path, "%s/%s", dir ? dir : ".", name);
	return path;
}

/* mknod, not open: the harness may look at our descriptors as soon as the file is there. */
void ck_here(void)
{
	static char go[512];

	if (!getenv("CK_DIR"))
		return;
	(void) snprintf(go, sizeof go, "%s", ck_path("go"));
	need(mknod(ck_path("ready"), S_IFREG | 0666, 0));

	for (int i = 0; access(go, F_OK) < 0; i++) {
		if (i > 100000)
			ck_fail(__FILE__, __LINE__, "go", "the harness never came back");
		sleep_ms(1);
	}
}

void ck_fail(const char *file, int line, const char *what, const char *fmt, ...)
{
	char msg[2048];
	int n, err = errno;
	va_list ap;

	n = snprintf(msg, sizeof msg, "%s:%d: FAIL: %s:", file, line, what);
	va_start(ap, fmt);
	n += vsnprintf(msg + n, sizeof msg - (size_t) n, fmt, ap);
	va_end(ap);
	dprintf(2, "%s (errno %d %s)\n", msg, err, strerror(err));
	_exit(1);
}

long ck_need(const char *file, int line, const char *what, long ret)
{
	if (ret == -1) {
		dprintf(2, "%s:%d: BROKEN: %s: %s\n", file, line, what, strerror(errno));
		_exit(99);
	}
	return ret;
}

void ck_skip(const char *reason)
{
	dprintf(2, "SKIP: %s\n", reason);
	_exit(77);
}

size_t ck_read(const char *path, char *buf, size_t size)
{
	int fd = (int) need(open(path, O_RDONLY | O_CLOEXEC));
	size_t len = 0;
	ssize_t n;

	while ((n = need(read(fd, buf + len, size - 1 - len))) > 0)
		len += (size_t) n;
	(void) close(fd);
	ck(len < size - 1, "%s does not fit into %zu bytes", path, size);
	buf[len] = 0;
	return len;
}

void ck_wait_asleep(pid_t tid)
{
	char path[64], text[1024];
	const char *p;

	(void) snprintf(path, sizeof path, "/proc/self/task/%d/stat", (int) tid);
	for (int seen = 0; seen < 4; sleep_ms(5)) {
		(void) ck_read(path, text, sizeof text);
		p = strrchr(text, ')');
		seen = p && p[2] == 'S' ? seen + 1 : 0;
	}
}

double ck_now(void)
{
	struct timespec ts;

	need(clock_gettime(CLOCK_MONOTONIC, &ts));
	return (double) ts.tv_sec + (double) ts.tv_nsec / 1e9;
}
