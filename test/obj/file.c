/* file - offsets, flags, what is shared between descriptors and what is not; a high number. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ck.h"

static void ck_next(int fd, const char *want)
{
	char buf[32] = "";

	need(read(fd, buf, strlen(want)));
	ck(!strcmp(buf, want), "fd %d: read '%s', not '%s'", fd, buf, want);
}

static int make(const char *name, const char *text, int flags)
{
	int fd = (int) need(open(ck_path(name), O_CREAT | O_TRUNC | O_RDWR, 0644));

	need(write(fd, text, strlen(text)));
	need(close(fd));
	return (int) need(open(ck_path(name), flags));
}

int main(void)
{
	const off_t far = ((off_t) 1 << 30) * (sizeof(off_t) == 8 ? 5 : 1);
	int rw = make("rw", "0123456789abcdef", O_RDWR | O_CLOEXEC);
	int twin = (int) need(dup(rw)), alone = (int) need(open(ck_path("rw"), O_RDONLY));
	int app = make("app", "start;", O_WRONLY | O_APPEND | O_NONBLOCK);
	int grown = (int) need(open(ck_path("grown"), O_CREAT | O_RDWR | O_NOFOLLOW, 0600));
	const int all[] = { rw, app, grown };
	int flags[3], high, path = (int) need(open(ck_path("rw"), O_PATH));
	struct stat st;

	need(setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 1000, 1000 }));
	high = (int) need(fcntl(alone, F_DUPFD_CLOEXEC, 900));
	need(lseek(rw, 4, SEEK_SET));
	need(lseek(alone, 10, SEEK_SET));
	need(write(app, "before;", 7));
	for (int i = 0; i < 1000; i++)
		need(write(grown, "0123456789", 10));
	need(lseek(grown, far, SEEK_SET));
	for (int i = 0; i < 3; i++)
		flags[i] = (int) need(fcntl(all[i], F_GETFL));
	ck_here();

	for (int i = 0; i < 3; i++) /* O_LARGEFILE, too: a 32-bit task may lack it */
		ck(fcntl(all[i], F_GETFL) == flags[i], "%o, was %o",
		   (unsigned) fcntl(all[i], F_GETFL), (unsigned) flags[i]);
	ck(fcntl(rw, F_GETFD) == FD_CLOEXEC && fcntl(twin, F_GETFD) == 0);
	ck(fcntl(path, F_GETFL) & O_PATH);
	ck(high == 900 && fcntl(900, F_GETFD) == FD_CLOEXEC);

	ck_next(rw, "45");
	ck_next(twin, "67");
	ck_next(alone, "ab");
	ck_next(high, "cd");
	ck_next(rw, "89");
	need(lseek(rw, 0, SEEK_SET));
	need(write(twin, "XY", 2));
	ck(lseek(rw, 0, SEEK_CUR) == 2);

	need(lseek(app, 0, SEEK_SET));
	need(write(app, "after", 5));
	need(fstat(app, &st));
	ck(st.st_size == 6 + 7 + 5);

	ck(lseek(grown, 0, SEEK_CUR) == far);
	need(write(grown, "!", 1));
	need(fstat(grown, &st));
	ck(st.st_size == far + 1 && st.st_mode == (S_IFREG | 0600));
	need(lseek(grown, 9990, SEEK_SET));
	ck_next(grown, "0123456789");
	return 0;
}
