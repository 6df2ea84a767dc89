/* cred - a task without any rights: what it had as root may not come back. */
/* test: root */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ck.h"

int main(void)
{
	uid_t r, e, s;
	gid_t g[8];
	int fd = (int) need(open("/proc/self/mem", O_PATH | O_CLOEXEC));

	need(close(fd));
	need(setgroups(1, (gid_t[]){ 1000 }));
	need(setresgid(1000, 1000, 1000));
	need(setresuid(1000, 1000, 1000));
	need(prctl(PR_SET_DUMPABLE, 1));
	ck_here();

	ck(getresuid(&r, &e, &s) == 0 && r == 1000 && e == 1000 && s == 1000);
	ck(getresgid(&r, &e, &s) == 0 && r == 1000 && e == 1000 && s == 1000);
	ck(getgroups(8, g) == 1 && g[0] == 1000);
	ck(prctl(PR_GET_DUMPABLE) == 1);
	ck(setuid(0) < 0 && errno == EPERM, "is root again");
	ck(open("/etc/shadow", O_RDONLY) < 0 && errno == EACCES, "reads /etc/shadow");
	fd = (int) need(open(ck_path("mine"), O_CREAT | O_RDWR | O_EXCL, 0600));
	ck(fchown(fd, 0, 0) < 0 && errno == EPERM);
	return 0;
}
