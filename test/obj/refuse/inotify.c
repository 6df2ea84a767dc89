/* inotify - a watch on a directory. */
/* test: refused 'fd 7: .*inotify' */
#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ck.h"

int main(void)
{
	char buf[512] __attribute__((aligned(8)));
	int fd = (int) need(inotify_init1(0));

	need(dup2(fd, 7));
	need(close(fd));
	need(mkdir(ck_path("watched"), 0755));
	need(inotify_add_watch(7, ck_path("watched"), IN_CREATE));
	ck_here();

	need(mknod(ck_path("watched/new"), S_IFREG | 0644, 0));
	ck(read(7, buf, sizeof buf) > 0);
	ck(((struct inotify_event *) (void *) buf)->mask == IN_CREATE);
	return 0;
}
