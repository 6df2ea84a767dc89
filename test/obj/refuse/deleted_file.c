/* file - open, but deleted. */
/* test: refused 'fd 7: .*(deleted|unlinked)' */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ck.h"

int main(void)
{
	int fd = (int) need(open(ck_path("gone"), O_CREAT | O_RDWR, 0600));
	struct stat st;
	char buf[8];

	need(dup2(fd, 7));
	need(close(fd));
	need(write(7, "hello", 5));
	need(unlink(ck_path("gone")));
	ck_here();

	need(fstat(7, &st));
	ck(st.st_nlink == 0);
	ck(pread(7, buf, sizeof buf, 0) == 5 && !memcmp(buf, "hello", 5));
	return 0;
}
