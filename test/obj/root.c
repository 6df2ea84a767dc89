/* root - a task below another root directory, with its working directory in there. */
/* test: root */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ck.h"

int main(void)
{
	struct stat root, up, cwd, is;
	char buf[64];

	if (!getenv("CK_DIR"))
		ck_skip("needs CK_DIR");
	need(mkdir(ck_path("below"), 0755));
	need(chroot(getenv("CK_DIR")));
	need(setenv("CK_DIR", "", 1));
	need(chdir("/below"));
	need(stat("/", &root));
	need(stat(".", &cwd));
	ck_here();

	need(stat("/", &is));
	ck(is.st_ino == root.st_ino && is.st_dev == root.st_dev);
	need(stat("/..", &up));
	ck(up.st_ino == root.st_ino, "the way up is open");
	need(stat(".", &is));
	ck(is.st_ino == cwd.st_ino && is.st_dev == cwd.st_dev);
	ck(getcwd(buf, sizeof buf) && !strcmp(buf, "/below"), "%s", buf);
	ck(access("/ready", F_OK) == 0 && access("/proc", F_OK) < 0);
	return 0;
}
