/* cred - a task that keeps some rights under differing user ids; all sets of capabilities. */
/* test: root */
#include <grp.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ck.h"

static char was[1 << 13], is[1 << 13];

/* Uid, Gid, Groups, Cap* and NoNewPrivs from /proc/self/status, in place. */
static void identity(char *buf, size_t size)
{
	char *save, *out = buf, *line;

	(void) ck_read("/proc/self/status", buf, size);
	for (line = strtok_r(buf, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (strstr(line, "id:\t") || !strncmp(line, "Groups", 6) ||
		    !strncmp(line, "Cap", 3) || !strncmp(line, "NoNew", 5)) {
			if (!strncmp(line, "PPid", 4) || !strncmp(line, "Tracer", 6))
				continue;
			out += strlen(strcpy(memmove(out, line, strlen(line) + 1), out));
			*out++ = '\n';
		}
	*out = 0;
}

static void set_caps(__u32 effective, __u32 permitted, __u32 inheritable)
{
	struct __user_cap_header_struct h = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct d[2] = { { effective, permitted, inheritable }, { 0, 0, 0 } };

	need(syscall(SYS_capset, &h, d));
}

int main(void)
{
	const gid_t groups[] = { 10, 200, 70000 };
	int dumpable;

	need(setgroups(3, groups));
	need(setresgid(11, 22, 33));
	need(prctl(PR_CAPBSET_DROP, CAP_SYS_BOOT));
	need(prctl(PR_CAPBSET_DROP, CAP_MKNOD));
	need(prctl(PR_SET_SECUREBITS, SECBIT_KEEP_CAPS));
	need(setresuid(1001, 70002, 1003));
	set_caps(1 << CAP_SETUID | 1 << CAP_KILL,
		 1 << CAP_SETUID | 1 << CAP_KILL | 1 << CAP_NET_RAW | 1 << CAP_CHOWN,
		 1 << CAP_KILL | 1 << CAP_CHOWN);
	need(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_KILL, 0, 0));
	(void) setfsuid(1004);
	dumpable = prctl(PR_GET_DUMPABLE);
	identity(was, sizeof was);
	ck_here();

	identity(is, sizeof is);
	ck(!strcmp(was, is), "\n%swas\n%s", is, was);
	ck(strstr(is, "1001\t70002\t1003\t1004"), "%s", is);
	ck(prctl(PR_GET_DUMPABLE) == dumpable);
	ck(prctl(PR_GET_SECUREBITS) == SECBIT_KEEP_CAPS);
	ck(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, CAP_KILL, 0, 0) == 1);
	ck(setresuid(5, 6, 7) == 0, "CAP_SETUID is there but does not work");
	return 0;
}
