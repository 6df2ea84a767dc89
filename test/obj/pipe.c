/* pipe - contents, size, flags of each end, ends that are dup'ed or gone; pipes are not mixed up.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "ck.h"

static char block[65536], back[65536];

static void pattern(unsigned seed)
{
	for (size_t i = 0; i < sizeof block; i++)
		block[i] = (char) ((i * 2654435761u + seed) >> 11);
}

static size_t drain(int fd)
{
	size_t len = 0;
	ssize_t n;

	while (len < sizeof back && (n = read(fd, back + len, sizeof back - len)) > 0)
		len += (size_t) n;
	return len;
}

int main(void)
{
	int empty[2], some[2], full[2], big[2], eof[2], broken[2], twin, n;

	need(pipe(empty));
	need(pipe2(some, O_CLOEXEC));
	need(pipe2(full, O_NONBLOCK));
	need(pipe2(big, O_NONBLOCK));
	need(pipe(eof));
	need(pipe(broken));
	need(fcntl(big[1], F_SETPIPE_SZ, 1 << 18));
	twin = (int) need(dup(some[1]));
	need(fcntl(empty[0], F_SETFL, O_NONBLOCK));

	need(write(some[1], "hello ", 6));
	need(write(twin, "pipe", 4));
	pattern(1);
	need(write(full[1], block, sizeof block));
	pattern(2);
	need(write(big[1], block, sizeof block));
	need(write(big[1], block, 100));
	need(write(eof[1], "the end", 7));
	need(close(eof[1]));
	need(close(broken[0]));
	ck_here();

	ck(fcntl(empty[0], F_GETFL) == O_NONBLOCK && fcntl(some[0], F_GETFL) == O_RDONLY);
	ck(fcntl(empty[1], F_GETFL) == O_WRONLY);
	ck(fcntl(some[0], F_GETFD) == FD_CLOEXEC && fcntl(empty[0], F_GETFD) == 0);
	ck(fcntl(big[0], F_GETPIPE_SZ) == 1 << 18 && fcntl(full[0], F_GETPIPE_SZ) == 65536);
	ck(read(empty[0], back, 1) < 0 && errno == EAGAIN);

	ck(ioctl(some[0], FIONREAD, &n) == 0 && n == 10, "%d bytes", n);
	ck(read(some[0], back, sizeof back) == 10 && !memcmp(back, "hello pipe", 10));
	need(write(twin, "x", 1));
	ck(read(some[0], back, sizeof back) == 1 && *back == 'x', "the dup'ed end leads elsewhere");
	need(close(some[1]));
	need(close(twin));
	ck(read(some[0], back, 1) == 0, "somebody else holds the other end");

	pattern(1);
	ck(write(full[1], "y", 1) < 0 && errno == EAGAIN, "full, but takes more");
	ck(drain(full[0]) == sizeof block && !memcmp(back, block, sizeof block));
	pattern(2);
	ck(drain(big[0]) == sizeof block && !memcmp(back, block, sizeof block));
	ck(drain(big[0]) == 100 && !memcmp(back, block, 100));

	ck(drain(eof[0]) == 7 && !memcmp(back, "the end", 7));
	(void) signal(SIGPIPE, SIG_IGN);
	ck(write(broken[1], "z", 1) < 0 && errno == EPIPE);
	need(write(empty[1], "e", 1));
	ck(read(empty[0], back, 1) == 1 && *back == 'e');
	return 0;
}
