/*
 * task - what a process has once, and that no other object is about.
 *
 * State:    working directory, root, umask, personality, dumpable flag, parent-death signal, child
 *           subreaper, transparent-huge-page switch, oom_score_adj, coredump_filter.
 * Read:     links in /proc/PID, /proc/PID/status and personality; prctl from inside.
 * Rebuild:  chdir, chroot, umask, personality, prctl; the two files of /proc from outside.
 * Lost:     membarrier registrations, mlockall's MCL_FUTURE, PR_SET_TSC, CPUID faulting, I/O
 *           permissions, pkeys beyond their register, SEM_UNDO, core-scheduling cookie; process group and session,
 *           unless it led them.  Refused: a dumpable flag of 2 (set-user-ID program), which no
 *           process may set, transparent huge pages disabled but where advised (since v6.18), and
 *           an LDT.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "obj/common/overview.h"
#include "obj/common/path.h"
#include "obj/object.h"
#include "program/program.h"

struct task {
	char *cwd, *root;
	uint32_t umask, personality;
	uint32_t dumpable; /* PR_GET_DUMPABLE */
	uint32_t pdeathsig;
	bool subreaper, thp_disabled;
	int32_t oom_score_adj;	  /* -1000 to 1000 */
	uint32_t coredump_filter; /* core(5) */
};

static const struct field task_fields[] = {
	FIELD(task, F_STR, cwd),	   FIELD(task, F_STR, root),
	FIELD(task, F_X32, umask),	   FIELD(task, F_X32, personality),
	FIELD(task, F_U32, dumpable),	   FIELD(task, F_U32, pdeathsig),
	FIELD(task, F_BOOL, subreaper),	   FIELD(task, F_BOOL, thp_disabled),
	FIELD(task, F_S32, oom_score_adj), FIELD(task, F_X32, coredump_filter),
};

enum { ASK_DUMPABLE, ASK_PDEATHSIG, ASK_SUBREAPER, ASK_THP, ASK_LDT };

static void task_ask(const struct seen *s, struct program *p)
{
	uint32_t at = program_data(p, NULL, 16);

	(void) s;
	(void) program_native(p, 0, prctl, VAL(PR_GET_DUMPABLE), VAL(0), VAL(0), VAL(0), VAL(0));
	(void) program_native(p, 0, prctl, VAL(PR_GET_PDEATHSIG), AT(at), VAL(0), VAL(0), VAL(0));
	(void) program_native(p, 0, prctl, VAL(PR_GET_CHILD_SUBREAPER), AT(at + 4), VAL(0), VAL(0),
			      VAL(0));
	(void) program_native(p, 0, prctl, VAL(PR_GET_THP_DISABLE), VAL(0), VAL(0), VAL(0), VAL(0));
	(void) program_native(p, 0, modify_ldt, VAL(0), AT(at + 8), VAL(8));
}

static int links(struct ctx *cx, const struct seen *s, struct task *o)
{
	int r = procfs_link(cx, s->target->pid, "cwd", &o->cwd);
	struct stat named, held;
	char path[64];

	if (r >= 0)
		r = procfs_link(cx, s->target->pid, "root", &o->root);
	if (r < 0)
		return r;
	(void) snprintf(path, sizeof path, "/proc/%d/cwd", (int) s->target->pid);
	if (stat(path, &held) < 0 || stat(o->cwd, &named) < 0 || named.st_ino != held.st_ino ||
	    named.st_dev != held.st_dev)
		return fail(cx, ERR_UNSUPPORTED,
			    "its working directory %s was removed or renamed: not supported yet",
			    o->cwd);
	return 0;
}

static int numbers(struct ctx *cx, const struct seen *s, struct task *o)
{
	_buf_ struct buf b = { 0 };
	uint64_t mask, persona;
	const char *end;
	int r = thread_status(cx, s, "Umask", 8, &mask); /* since v4.7 */

	if (r >= 0)
		r = procfs_read(cx, s->target->pid, "personality", &b);
	if (r < 0)
		return r;
	if (parse_number(b.p, 16, &persona, &end) < 0)
		return fail(cx, -EINVAL, "/proc/%d/personality is no number", (int) s->target->pid);
	o->umask = (uint32_t) mask;
	o->personality = (uint32_t) persona;
	return 0;
}

/* Two settings that are files; a process without memory of its own has no filter. */
static int read_setting(struct ctx *cx, pid_t pid, const char *name, int base, int64_t *ret)
{
	_buf_ struct buf b = { 0 };
	char *end;
	int r = procfs_read(cx, pid, name, &b);

	if (r < 0)
		return r;
	*ret = strtoll(b.p, &end, base);
	return end == b.p ? fail(cx, -EINVAL, "/proc/%d/%s is no number", (int) pid, name) : 0;
}

static int settings(struct ctx *cx, pid_t pid, struct task *o)
{
	int64_t oom = 0, filter = 0;
	int r = read_setting(cx, pid, "oom_score_adj", 10, &oom);

	if (r >= 0)
		r = read_setting(cx, pid, "coredump_filter", 16, &filter);
	o->oom_score_adj = (int32_t) oom;
	o->coredump_filter = (uint32_t) filter;
	return r;
}

static int task_collect(struct ctx *cx, const struct seen *s, void *obj)
{
	const uint32_t *asked = answer_data(s, 0);
	struct task *o = obj;
	int r = links(cx, s, o);

	if (r >= 0)
		r = numbers(cx, s, o);
	if (r >= 0)
		r = settings(cx, s->target->pid, o);
	if (r < 0)
		return r;
	for (unsigned i = ASK_DUMPABLE; i <= ASK_THP; i++)
		if (answer(s, i) < 0)
			return fail(cx, (int) answer(s, i), "ask what prctl knows (%u)", i);
	if (answer(s, ASK_LDT) > 0)
		return fail(cx, ERR_UNSUPPORTED,
			    "has a local descriptor table (modify_ldt): not supported yet");
	if (answer(s, ASK_THP) > 1)
		return fail(cx, ERR_UNSUPPORTED,
			    "has transparent huge pages disabled but where advised: not supported "
			    "yet");
	o->dumpable = (uint32_t) answer(s, ASK_DUMPABLE);
	if (o->dumpable > 1)
		return fail(
			cx, ERR_UNSUPPORTED,
			"is marked not dumpable by the kernel (set-user-ID or unreadable program)");
	o->pdeathsig = asked[0];
	o->subreaper = asked[1];
	o->thp_disabled = answer(s, ASK_THP);
	return 0;
}

static void task_gate(struct gate *g, const void *obj)
{
	const struct task *o = obj;
	struct stat st;

	if (!path_is_absolute(o->cwd) || !path_is_absolute(o->root) || o->dumpable > 1 ||
	    o->pdeathsig > 64 || o->umask > 0777 || o->oom_score_adj < -1000 ||
	    o->oom_score_adj > 1000) {
		gate_problem(g, ERR_DAMAGED, "its fields cannot be");
		return;
	}
	if (stat(o->cwd, &st) < 0 || !S_ISDIR(st.st_mode))
		gate_problem(g, -ENOENT, "working directory %s does not exist: create it", o->cwd);
	if (stat(o->root, &st) < 0 || !S_ISDIR(st.st_mode))
		gate_problem(g, -ENOENT, "root directory %s does not exist: create it", o->root);
}

static int task_late(struct ctx *cx, struct rebuild *rb, const void *obj)
{
	const struct task *o = obj;
	struct program *p = rb->program;

	(void) cx;
	(void) program_native(p, OP_MUST, chdir, AT(program_data(p, o->cwd, strlen(o->cwd) + 1)));
	if (strcmp(o->root, "/"))
		(void) program_native(p, OP_MUST, chroot,
				      AT(program_data(p, o->root, strlen(o->root) + 1)));
	(void) program_native(p, OP_MUST, umask, VAL(o->umask));
	(void) program_native(p, OP_MUST, personality, VAL(o->personality));
	if (o->subreaper)
		(void) program_native(p, OP_MUST, prctl, VAL(PR_SET_CHILD_SUBREAPER), VAL(1),
				      VAL(0), VAL(0), VAL(0));
	if (o->thp_disabled)
		(void) program_native(p, OP_MUST, prctl, VAL(PR_SET_THP_DISABLE), VAL(1), VAL(0),
				      VAL(0), VAL(0));
	return 0;
}

/* A change of credentials resets these two: they come after it. */
static int task_last(struct ctx *cx, struct rebuild *rb, const void *obj)
{
	const struct task *o = obj;
	struct program *p = rb->program;

	(void) cx;
	(void) program_native(p, OP_MUST, prctl, VAL(PR_SET_DUMPABLE), VAL(o->dumpable), VAL(0),
			      VAL(0), VAL(0));
	(void) program_native(p, OP_MUST, prctl, VAL(PR_SET_PDEATHSIG), VAL(o->pdeathsig), VAL(0),
			      VAL(0), VAL(0));
	return 0;
}

static int write_setting(struct ctx *cx, pid_t pid, const char *name, const char *text)
{
	char path[64];

	(void) snprintf(path, sizeof path, "/proc/%d/%s", (int) pid, name);
	_close_ int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		return fail(cx, -errno, "write %s to %s", text, path);
	return 0;
}

static int task_go(struct ctx *cx, struct rebuild *rb, const void *obj)
{
	const struct task *o = obj;
	struct task now = { 0 };
	char text[16];
	int r = settings(cx, rb->pid, &now);

	if (r >= 0 && now.oom_score_adj != o->oom_score_adj) {
		(void) snprintf(text, sizeof text, "%d", o->oom_score_adj);
		r = write_setting(cx, rb->pid, "oom_score_adj", text);
	}
	if (r >= 0 && now.coredump_filter != o->coredump_filter) {
		(void) snprintf(text, sizeof text, "0x%x", o->coredump_filter);
		r = write_setting(cx, rb->pid, "coredump_filter", text);
	}
	return r;
}

static void show_rest(const struct task *o, FILE *f)
{
	if (o->root && strcmp(o->root, "/"))
		fprintf(f, ", root directory %s", o->root);
	if (o->personality)
		fprintf(f, ", personality 0x%" PRIx32, o->personality);
	if (o->pdeathsig)
		fprintf(f, ", signal %" PRIu32 " when its parent dies", o->pdeathsig);
	if (o->subreaper)
		fputs(", child subreaper", f);
	if (o->thp_disabled)
		fputs(", no huge pages", f);
}

static void task_show(const void *obj, FILE *f)
{
	const struct task *o = obj;

	fprintf(f, "in %s, umask 0%03" PRIo32 "%s", o->cwd ? o->cwd : "?", o->umask,
		o->dumpable ? "" : ", not dumpable");
	show_rest(o, f);
}

static void task_overview(const void *obj, struct overview *v)
{
	const struct task *o = obj;

	v->cwd = o->cwd;
}

const struct obj_ops task_ops = {
	.record = { .kind = 0x17,
		    .version = 1,
		    .name = "task",
		    .size = sizeof(struct task),
		    FIELDS(task_fields) },
	.scope = SCOPE_TASK,
	.ask = task_ask,
	.collect = task_collect,
	.gate = task_gate,
	.late = task_late,
	.last = task_last,
	.go = task_go,
	.show = task_show,
	.overview = task_overview,
};
