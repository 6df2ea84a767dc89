/*
 * rlimit - the resource limits of a process.
 *
 * State:    soft and hard limit of each of the 16 resources.
 * Read:     prlimit64 from inside: on another user's process it needs CAP_SYS_RESOURCE, which root
 *           in a container often lacks.
 * Rebuild:  the same call, from inside.
 * Lost:     nothing.  A hard limit above that of the restart is told at the gate if it may not be
 *           raised.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/resource.h>

#include "base/err.h"
#include "obj/object.h"
#include "program/program.h"

#define LIMITS 16 /* RLIM_NLIMITS */

struct rlimits {
	uint64_t soft[LIMITS], hard[LIMITS];
};

static const struct field rlimit_fields[] = {
	FIELD_ARRAY(rlimits, F_X64, soft),
	FIELD_ARRAY(rlimits, F_X64, hard),
};

static void rlimit_ask(const struct seen *s, struct program *p)
{
	uint32_t at = program_data(p, NULL, LIMITS * sizeof(struct rlimit64));

	(void) s;
	for (unsigned i = 0; i < LIMITS; i++)
		(void) program_native(p, 0, prlimit64, VAL(0), VAL(i), VAL(0),
				      AT(at + i * (uint32_t) sizeof(struct rlimit64)));
}

static int rlimit_collect(struct ctx *cx, const struct seen *s, void *obj)
{
	struct rlimits *o = obj;

	for (unsigned i = 0; i < LIMITS; i++) {
		struct rlimit64 l;

		if (answer(s, i) < 0)
			return fail(cx, (int) answer(s, i), "ask for limit %u", i);
		memcpy(&l, answer_data(s, i * (uint32_t) sizeof l), sizeof l);
		o->soft[i] = l.rlim_cur;
		o->hard[i] = l.rlim_max;
	}
	return 0;
}

static bool may_raise(void)
{
	cap_t caps = cap_get_proc();
	cap_flag_value_t v = CAP_CLEAR;

	if (caps)
		(void) cap_get_flag(caps, CAP_SYS_RESOURCE, CAP_EFFECTIVE, &v);
	(void) cap_free(caps);
	return v == CAP_SET;
}

static void rlimit_gate(struct gate *g, const void *obj)
{
	const struct rlimits *o = obj;
	bool raise = may_raise();

	for (unsigned i = 0; i < LIMITS; i++) {
		struct rlimit64 l;

		if (o->soft[i] > o->hard[i])
			gate_problem(g, ERR_DAMAGED, "limit %u: soft is above hard", i);
		else if (!raise && prlimit64(0, (enum __rlimit_resource) i, NULL, &l) == 0 &&
			 o->hard[i] > l.rlim_max)
			gate_problem(g, -EPERM,
				     "hard limit %u was %" PRIu64 " and is %" PRIu64
				     " here: raise it for the restart (ulimit -H), or grant "
				     "CAP_SYS_RESOURCE",
				     i, o->hard[i], (uint64_t) l.rlim_max);
	}
}

static int rlimit_late(struct ctx *cx, struct rebuild *rb, const void *obj)
{
	const struct rlimits *o = obj;

	(void) cx;
	for (unsigned i = 0; i < LIMITS; i++) {
		struct rlimit64 l = { o->soft[i], o->hard[i] };

		(void) program_native(rb->program, OP_MUST, prlimit64, VAL(0), VAL(i),
				      AT(program_data(rb->program, &l, sizeof l)), VAL(0));
	}
	return 0;
}

static void show_value(uint64_t v, FILE *f)
{
	if (v == RLIM64_INFINITY)
		fputs("unlimited", f);
	else
		fprintf(f, "%" PRIu64, v);
}

/* One number where both limits are the same. */
static void rlimit_show(const void *obj, FILE *f)
{
	static const char *const names[LIMITS] = {
		"CPU",	   "FSIZE", "DATA",  "STACK",	   "CORE",     "RSS",  "NPROC",	 "NOFILE",
		"MEMLOCK", "AS",    "LOCKS", "SIGPENDING", "MSGQUEUE", "NICE", "RTPRIO", "RTTIME",
	};
	const struct rlimits *o = obj;

	for (unsigned i = 0; i < LIMITS; i++) {
		fprintf(f, "%s%s ", i ? ", " : "", names[i]);
		show_value(o->soft[i], f);
		if (o->hard[i] == o->soft[i])
			continue;
		fputc('/', f);
		show_value(o->hard[i], f);
	}
}

const struct obj_ops rlimit_ops = {
	.record = { .kind = 0x15,
		    .version = 1,
		    .name = "rlimit",
		    .size = sizeof(struct rlimits),
		    FIELDS(rlimit_fields) },
	.scope = SCOPE_TASK,
	.ask = rlimit_ask,
	.collect = rlimit_collect,
	.gate = rlimit_gate,
	.late = rlimit_late,
	.show = rlimit_show,
};
