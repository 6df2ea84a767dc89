/* memfd - a file without a name. */
/* test: refused 'fd 7: .*(memfd|deleted)' */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ck.h"

int main(void)
{
	int fd = (int) need(memfd_create("nameless", 0));
	char buf[8];

	need(dup2(fd, 7));
	need(close(fd));
	need(write(7, "hello", 5));
	ck_here();

	ck(pread(7, buf, sizeof buf, 0) == 5 && !memcmp(buf, "hello", 5));
	return 0;
}
