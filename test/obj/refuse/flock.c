/* file - a lock of flock is held. */
/* test: refused '(?i)lock' */
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "ck.h"

int main(void)
{
	int fd = (int) need(open(ck_path("locked"), O_CREAT | O_RDWR, 0600)), other;

	need(flock(fd, LOCK_EX));
	ck_here();

	other = (int) need(open(ck_path("locked"), O_RDWR));
	ck(flock(other, LOCK_EX | LOCK_NB) < 0, "the lock is lost");
	return 0;
}
