/* stdio - descriptors 0, 1 and 2 as the harness gave them: /dev/null and two files. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ck.h"

static const char *file[] = { "/dev/null", "stdout", "stderr" };

int main(void)
{
	int flags[3], kept[3], fd;
	off_t pos[3];
	struct stat was[3], is;
	char buf[100] = "";

	printf("buffered, written before;");
	(void) fflush(stdout);
	printf(" in the buffer during;");
	need(write(2, "before;", 7));
	for (int i = 0; i < 3; i++) {
		flags[i] = (int) need(fcntl(i, F_GETFL));
		kept[i] = (int) need(fcntl(i, F_GETFD));
		pos[i] = lseek(i, 0, SEEK_CUR);
		need(fstat(i, &was[i]));
	}
	ck_here();

	for (int i = 0; i < 3; i++) {
		need(fstat(i, &is));
		ck(is.st_ino == was[i].st_ino && is.st_dev == was[i].st_dev, "%s", file[i]);
		ck(fcntl(i, F_GETFL) == flags[i], "%s", file[i]);
		ck(fcntl(i, F_GETFD) == kept[i], "%s", file[i]);
		ck(lseek(i, 0, SEEK_CUR) == pos[i], "%s", file[i]);
	}
	ck(read(0, buf, sizeof buf) == 0 || isatty(0));
	printf(" after");
	(void) fflush(stdout);
	need(write(2, " after", 6));
	fd = open(ck_path("stdout"), O_RDONLY);
	if (fd < 0)
		return 0; /* not under the harness */
	need(read(fd, buf, sizeof buf - 1));
	ck(!strcmp(buf, "buffered, written before; in the buffer during; after"), "%s", buf);
	return 0;
}
