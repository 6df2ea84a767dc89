/* eventfd - the counter (64 bits wide), semaphore mode, and that each is its own object. */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "ck.h"

static uint64_t take(int fd)
{
	uint64_t v = 0;

	ck(read(fd, &v, sizeof v) == sizeof v, "fd %d", fd);
	return v;
}

static void ck_empty(int fd)
{
	uint64_t v;

	ck(read(fd, &v, sizeof v) < 0 && errno == EAGAIN, "fd %d", fd);
}

int main(void)
{
	const uint64_t big = 0xfffffffffffffffeu, high = 0x123456789a;
	int zero = (int) need(eventfd(0, EFD_NONBLOCK));
	int full = (int) need(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
	int wide = (int) need(eventfd(7, 0));
	int sem = (int) need(eventfd(3, EFD_SEMAPHORE | EFD_NONBLOCK));
	int twin = (int) need(dup(wide));

	need(write(full, &big, sizeof big));
	need(write(wide, &high, sizeof high));
	ck_here();

	ck_empty(zero);
	ck(fcntl(zero, F_GETFL) & O_NONBLOCK);
	ck(fcntl(zero, F_GETFD) == 0);
	ck(fcntl(full, F_GETFD) == FD_CLOEXEC);
	ck(!(fcntl(wide, F_GETFL) & O_NONBLOCK));
	ck(write(full, &(uint64_t){ 1 }, 8) < 0 && errno == EAGAIN, "full, but takes more");
	ck(take(full) == big);
	ck_empty(full);

	need(write(twin, &(uint64_t){ 1 }, 8));
	ck(take(wide) == high + 7 + 1);
	need(fcntl(twin, F_SETFL, O_NONBLOCK));
	ck_empty(wide);

	for (int i = 0; i < 3; i++)
		ck(take(sem) == 1, "take %d", i);
	ck_empty(sem);
	return 0;
}
