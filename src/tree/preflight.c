/*
 * preflight.c - what can be refused before the process is stopped.
 *
 * Everything that the objects themselves refuse is found by collecting them from the running
 * process, into nothing.  The rest, state that belongs to no object yet, stands in a table here.
 */
#include "tree/preflight.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "obj/object.h"
#include "proc/maps.h"
#include "proc/procfs.h"
#include "tree/collect.h"
#include "tree/items.h"
#include "tree/look.h"

/* Status lines whose number must be zero. */
static const struct {
	const char *key, *what, *remedy;
	bool live; /* only while it still runs: afterwards it is traced by us */
} must_be_zero[] = {
	{ "TracerPid", "is being traced already by process", "end that first", true },
	{ "Seccomp", "has a seccomp filter, mode", "not supported yet", false },
	{ "VmLck", "has locked memory (mlock):", "not supported yet", false },
	{ "HugetlbPages", "uses huge pages (hugetlb):", "not supported yet", false },
};

static const char *const namespaces[] = { "mnt", "pid",	 "net",	   "ipc",
					  "uts", "user", "cgroup", "time" };

static int check_status(struct ctx *cx, pid_t pid, bool live)
{
	_buf_ struct buf b = { 0 };
	int r = procfs_read(cx, pid, "status", &b);

	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(must_be_zero); i++) {
		uint64_t v;
		size_t len;
		const char *text = procfs_value(b.p, must_be_zero[i].key, &len);

		if ((must_be_zero[i].live && !live) || !text ||
		    procfs_number(b.p, must_be_zero[i].key, 10, &v) < 0 || !v)
			continue;
		return fail(cx, ERR_UNSUPPORTED, "%s %.*s: %s", must_be_zero[i].what, (int) len,
			    text, must_be_zero[i].remedy);
	}
	return r;
}

static int check_namespaces(struct ctx *cx, pid_t pid)
{
	for (size_t i = 0; i < ARRAY_SIZE(namespaces); i++) {
		char path[64];
		struct stat theirs, ours;

		(void) snprintf(path, sizeof path, "/proc/self/ns/%s", namespaces[i]);
		if (stat(path, &ours) < 0)
			continue;
		(void) snprintf(path, sizeof path, "/proc/%d/ns/%s", (int) pid, namespaces[i]);
		if (stat(path, &theirs) < 0)
			return fail(cx, -errno, "look at %s", path);
		if (theirs.st_ino != ours.st_ino)
			return fail(cx, ERR_UNSUPPORTED,
				    "is in another %s namespace: enter it first (nsenter -t %d -a)",
				    namespaces[i], (int) pid);
	}
	return 0;
}

static int check_alone(struct ctx *cx, pid_t pid)
{
	_free_ uint64_t *tid = NULL;
	size_t n = 0;
	int r = procfs_list(cx, pid, "task", &tid, &n);

	for (size_t i = 0; r >= 0 && i < n; i++) {
		_buf_ struct buf b = { 0 };
		struct ctx unheard = { 0 };
		char name[64];

		(void) snprintf(name, sizeof name, "task/%" PRIu64 "/children", tid[i]);
		if (procfs_read(&unheard, pid, name, &b) >= 0 && b.len > 1)
			return fail(cx, ERR_UNSUPPORTED,
				    "has a child process (%s): process trees are not supported yet",
				    strtok(b.p, " \n"));
	}
	return r;
}

static int check_timers(struct ctx *cx, pid_t pid)
{
	_buf_ struct buf b = { 0 };
	int r = procfs_read(cx, pid, "timers", &b);

	if (r == -ENOENT)
		return 0;
	if (r >= 0 && b.len)
		return fail(cx, ERR_UNSUPPORTED,
			    "has POSIX timers (timer_create): not supported yet");
	return r;
}

static int check_state(struct ctx *cx, pid_t pid)
{
	struct proc_stat s;
	int r = procfs_stat(cx, pid, &s);

	if (r < 0)
		return r == -ENOENT ? fail(cx, -ESRCH, "no such process") : r;
	if (s.state == 'Z' || s.state == 'X')
		return fail(cx, -ESRCH, "has ended already (zombie)");
	if (s.state == 'T')
		return fail(cx, ERR_UNSUPPORTED,
			    "is stopped by job control: continue it first (kill -CONT %d)",
			    (int) pid);
	if (!s.start_code && !s.start_stack)
		return fail(cx, -EPERM,
			    "its memory may not be seen: is it a kernel thread? else run as root "
			    "(CAP_SYS_PTRACE)");
	return 0;
}

/* Objects of the scopes that are seen from outside, collected into nothing. */
static int check_objects(struct ctx *cx, pid_t pid, struct maps *ret_maps)
{
	_target_ struct target t = { 0 };
	_items_ struct items nothing = { 0 };
	int r = target_look(cx, pid, LOOK_LIVE, NULL, &t);

	if (r >= 0)
		r = collect_outside(cx, &t, &nothing);
	if (r < 0)
		return r;
	*ret_maps = t.maps;
	t.maps = (struct maps){ 0 };
	return 0;
}

/* What may have changed up to the stop, and can no more. */
static int check_process(struct ctx *cx, pid_t pid, bool live)
{
	int r = check_status(cx, pid, live);

	if (r >= 0)
		r = check_alone(cx, pid);
	if (r >= 0)
		r = check_timers(cx, pid);
	return r < 0 ? r : 0;
}

int preflight_stopped(struct ctx *cx, pid_t pid)
{
	return check_process(cx, pid, false);
}

int preflight(struct ctx *cx, pid_t pid, struct maps *ret_maps)
{
	int r = check_state(cx, pid);

	if (r >= 0 && pid == getpid())
		r = fail(cx, -EINVAL, "is reprise itself");
	if (r >= 0)
		r = check_namespaces(cx, pid);
	if (r >= 0)
		r = check_process(cx, pid, true);
	if (r >= 0)
		r = check_objects(cx, pid, ret_maps);
	return r < 0 ? r : 0;
}
