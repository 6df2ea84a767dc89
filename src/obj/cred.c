/*
 * cred - on whose behalf a thread acts.
 *
 * State:    user and group ids (real, effective, saved, file system), supplementary groups, the
 *           five capability sets, securebits, no_new_privs.
 * Read:     /proc/PID/task/TID/status; securebits from inside.
 * Rebuild:  as the thread's last calls: bounding set, setgroups, setresgid, setresuid, setfsuid and
 *           setfsgid with capabilities kept, ambient set, securebits, capset, no_new_privs.
 * Lost:     keyrings; security labels.
 */
#include <errno.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "obj/object.h"
#include "program/program.h"

struct cred {
	uint32_t uid[4], gid[4]; /* real, effective, saved, of the file system */
	struct bytes groups;	 /* uint32_t each */
	uint64_t inheritable, permitted, effective, bounding, ambient;
	uint32_t securebits;
	bool no_new_privs;
};

static const struct field cred_fields[] = {
	FIELD_ARRAY(cred, F_U32, uid),	FIELD_ARRAY(cred, F_U32, gid),
	FIELD(cred, F_U32S, groups),	FIELD(cred, F_X64, inheritable),
	FIELD(cred, F_X64, permitted),	FIELD(cred, F_X64, effective),
	FIELD(cred, F_X64, bounding),	FIELD(cred, F_X64, ambient),
	FIELD(cred, F_X32, securebits), FIELD(cred, F_BOOL, no_new_privs),
};

#define MAX_GROUPS 65536

static void cred_ask(const struct seen *s, struct program *p)
{
	(void) s;
	(void) program_native(p, 0, prctl, VAL(PR_GET_SECUREBITS), VAL(0), VAL(0), VAL(0), VAL(0));
}

static int read_ids(struct ctx *cx, const struct seen *s, const char *key, uint32_t ret[4])
{
	size_t len;
	const char *p = procfs_value(s->thread->status.p, key, &len);
	uint64_t v[4];

	for (unsigned i = 0; i < 4; i++) {
		if (!p || parse_number(p, 10, &v[i], &p) < 0 || v[i] > UINT32_MAX)
			return fail(cx, -EINVAL, "its status has no four numbers as %s", key);
		p += *p == '\t';
	}
	for (unsigned i = 0; i < 4; i++)
		ret[i] = (uint32_t) v[i];
	return 0;
}

static int read_groups(struct ctx *cx, const struct seen *s, struct bytes *ret)
{
	size_t len;
	const char *p = procfs_value(s->thread->status.p, "Groups", &len),
		   *end = p ? p + len : NULL;
	_buf_ struct buf b = { 0 };

	if (!p)
		return fail(cx, -EINVAL, "its status has no Groups");
	while (p < end) {
		uint64_t v;
		uint32_t id;

		if (parse_number(p, 10, &v, &p) < 0)
			return fail(cx, -EINVAL, "its status has no numbers as Groups");
		id = (uint32_t) v;
		buf_put(&b, &id, sizeof id);
		p += strspn(p, " ");
	}
	if (buf_err(&b))
		return fail(cx, -ENOMEM, "collect");
	*ret = (struct bytes){ take_ptr(b.p), b.len };
	return 0;
}

static int cred_collect(struct ctx *cx, const struct seen *s, void *obj)
{
	struct cred *c = obj;
	uint64_t nnp = 0;
	int r = read_ids(cx, s, "Uid", c->uid);

	if (r >= 0)
		r = read_ids(cx, s, "Gid", c->gid);
	if (r >= 0)
		r = read_groups(cx, s, &c->groups);
	if (r >= 0)
		r = thread_status(cx, s, "CapInh", 16, &c->inheritable);
	if (r >= 0)
		r = thread_status(cx, s, "CapPrm", 16, &c->permitted);
	if (r >= 0)
		r = thread_status(cx, s, "CapEff", 16, &c->effective);
	if (r >= 0)
		r = thread_status(cx, s, "CapBnd", 16, &c->bounding);
	if (r >= 0)
		r = thread_status(cx, s, "CapAmb", 16, &c->ambient);
	if (r >= 0)
		r = thread_status(cx, s, "NoNewPrivs", 10, &nnp);
	if (r < 0)
		return r;
	c->no_new_privs = nnp;
	if (answer(s, 0) < 0)
		return fail(cx, (int) answer(s, 0), "ask for its securebits");
	c->securebits = (uint32_t) answer(s, 0);
	return 0;
}

/* Our own sets, from /proc/self/status: what the restored thread can have at most. */
static uint64_t own_set(const char *key)
{
	_buf_ struct buf b = { 0 };
	struct ctx unheard = { 0 };
	uint64_t v = 0;

	if (procfs_read(&unheard, getpid(), "status", &b) < 0)
		return 0;
	(void) procfs_number(b.p, key, 16, &v);
	return v;
}

/* -1 is no id: the calls take it for "as it is".  The rest is what capset(2) demands. */
static bool possible(const struct cred *c)
{
	const uint32_t *group = c->groups.p;

	for (unsigned i = 0; i < 3; i++)
		if (c->uid[i] == UINT32_MAX || c->gid[i] == UINT32_MAX)
			return false;
	for (size_t i = 0; i < c->groups.len / sizeof *group; i++)
		if (group[i] == UINT32_MAX)
			return false;
	return !(c->effective & ~c->permitted) && !(c->ambient & ~(c->permitted & c->inheritable));
}

static void cred_gate(struct gate *g, const void *obj)
{
	const struct cred *c = obj;
	uint64_t missing = c->permitted & ~own_set("CapPrm"),
		 unbound = c->bounding & ~own_set("CapBnd");

	if (!possible(c))
		gate_problem(g, ERR_DAMAGED, "its ids or capabilities cannot be");
	if (c->groups.len > MAX_GROUPS * sizeof(uint32_t))
		gate_problem(g, ERR_DAMAGED, "%zu groups cannot be", c->groups.len / 4);
	if (missing)
		gate_problem(g, -EPERM,
			     "had capabilities 0x%" PRIx64
			     " that this restart lacks: run it with them",
			     missing);
	else if (unbound)
		gate_problem(g, -EPERM,
			     "had capabilities 0x%" PRIx64
			     " in its bounding set that this restart lacks: run it with them",
			     unbound);
}

static void set_caps(struct program *p, uint64_t inheritable, uint64_t permitted,
		     uint64_t effective)
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2];

	for (unsigned i = 0; i < 2; i++)
		data[i] = (struct __user_cap_data_struct){
			.effective = (uint32_t) (effective >> 32 * i),
			.permitted = (uint32_t) (permitted >> 32 * i),
			.inheritable = (uint32_t) (inheritable >> 32 * i),
		};
	(void) program_native(p, OP_MUST, capset, AT(program_data(p, &head, sizeof head)),
			      AT(program_data(p, data, sizeof data)));
}

static void prctl_op(struct program *p, uint32_t flags, uint64_t a, uint64_t b, uint64_t c)
{
	(void) program_native(p, flags, prctl, VAL(a), VAL(b), VAL(c), VAL(0), VAL(0));
}

static int cred_late(struct ctx *cx, struct rebuild *rb, const void *obj)
{
	const struct cred *c = obj;
	struct program *p = rb->program;
	uint64_t permitted = own_set("CapPrm"), unbind = own_set("CapBnd") & ~c->bounding;

	(void) cx;
	/* What is inheritable may be raised only while it is in the bounding set. */
	set_caps(p, c->inheritable, permitted, permitted);
	for (unsigned cap = 0; cap < 64; cap++)
		if (unbind >> cap & 1)
			prctl_op(p, OP_MUST, PR_CAPBSET_DROP, cap, 0);
	(void) program_native(p, OP_MUST, setgroups, VAL(c->groups.len / sizeof(uint32_t)),
			      AT(program_data(p, c->groups.p, c->groups.len)));
	(void) program_native(p, OP_MUST, setresgid, VAL(c->gid[0]), VAL(c->gid[1]),
			      VAL(c->gid[2]));
	/* Capabilities outlive the change of user ids; they are given up as the last. */
	prctl_op(p, OP_MUST, PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP | SECBIT_KEEP_CAPS, 0);
	(void) program_native(p, OP_MUST, setresuid, VAL(c->uid[0]), VAL(c->uid[1]),
			      VAL(c->uid[2]));
	(void) program_native(p, 0, setfsuid, VAL(c->uid[3]));
	(void) program_native(p, 0, setfsgid, VAL(c->gid[3]));
	for (unsigned cap = 0; cap < 64; cap++)
		if (c->ambient >> cap & 1)
			prctl_op(p, OP_MUST, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap);
	prctl_op(p, OP_MUST, PR_SET_SECUREBITS, c->securebits, 0);
	set_caps(p, c->inheritable, c->permitted, c->effective);
	if (c->no_new_privs)
		prctl_op(p, OP_MUST, PR_SET_NO_NEW_PRIVS, 1, 0);
	return 0;
}

/* One number where all three ids are the same. */
static void show_ids(const char *what, const uint32_t id[3], FILE *f)
{
	if (id[0] == id[1] && id[0] == id[2])
		fprintf(f, "%s %" PRIu32, what, id[0]);
	else
		fprintf(f, "%s %" PRIu32 " (effective %" PRIu32 ", saved %" PRIu32 ")", what, id[0],
			id[1], id[2]);
}

static void show_who(const struct cred *c, FILE *f)
{
	show_ids("user", c->uid, f);
	show_ids(", group", c->gid, f);
	if (c->no_new_privs)
		fputs(", no new privileges", f);
}

static void cred_show(const void *obj, FILE *f)
{
	const struct cred *c = obj;
	const uint32_t *group = c->groups.p;

	show_who(c, f);
	for (size_t i = 0; i < c->groups.len / sizeof *group; i++)
		fprintf(f, "%s %" PRIu32, i ? "" : ", groups", group[i]);
	fprintf(f,
		", capabilities inheritable 0x%" PRIx64 " permitted 0x%" PRIx64
		" effective 0x%" PRIx64 " bounding 0x%" PRIx64 " ambient 0x%" PRIx64,
		c->inheritable, c->permitted, c->effective, c->bounding, c->ambient);
	if (c->securebits)
		fprintf(f, ", securebits 0x%" PRIx32, c->securebits);
}

/* Root with nothing special about it is not worth a word. */
static void cred_summary(const void *obj, FILE *f)
{
	const struct cred *c = obj;

	for (unsigned i = 0; i < 3; i++)
		if (c->uid[i] || c->gid[i] || c->no_new_privs) {
			show_who(c, f);
			return;
		}
}

const struct obj_ops cred_ops = {
	.record = { .kind = 0x23,
		    .version = 1,
		    .name = "cred",
		    .size = sizeof(struct cred),
		    FIELDS(cred_fields) },
	.scope = SCOPE_THREAD,
	.ask = cred_ask,
	.collect = cred_collect,
	.gate = cred_gate,
	.late = cred_late,
	.show = cred_show,
	.summary = cred_summary,
};
