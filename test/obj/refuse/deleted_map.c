/* vma - a mapping of a file that was deleted. */
/* test: refused '(?i)delete|unlink|gone' */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ck.h"

int main(void)
{
	int fd = (int) need(open(ck_path("lost"), O_CREAT | O_RDWR, 0600));
	char *p;

	need(write(fd, "hello", 5));
	p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	need(p == MAP_FAILED ? -1 : 0);
	need(close(fd));
	need(unlink(ck_path("lost")));
	ck_here();

	ck(!memcmp(p, "hello", 5));
	return 0;
}
