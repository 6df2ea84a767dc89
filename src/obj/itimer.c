/*
 * itimer - the three interval timers of setitimer(2).
 *
 * State:    remaining time and interval of ITIMER_REAL, ITIMER_VIRTUAL and ITIMER_PROF.
 * Read:     getitimer from inside.
 * Rebuild:  setitimer, as the last of the process's calls.
 * Lost:     the time for which the process stood still at the checkpoint and the restart.
 */
#include <errno.h>
#include <string.h>
#include <sys/time.h>

#include "base/err.h"
#include "obj/object.h"
#include "program/program.h"

#define TIMERS 3

struct itimers {
	uint64_t value[TIMERS], interval[TIMERS]; /* microseconds */
};

static const struct field itimer_fields[] = {
	FIELD_ARRAY(itimers, F_U64, value),
	FIELD_ARRAY(itimers, F_U64, interval),
};

/* struct itimerval of a 64-bit call. */
struct setting {
	int64_t interval_s, interval_us, value_s, value_us;
};

static void itimer_ask(const struct seen *s, struct program *p)
{
	uint32_t at = program_data(p, NULL, TIMERS * sizeof(struct setting));

	(void) s;
	for (unsigned i = 0; i < TIMERS; i++)
		(void) program_native(p, 0, getitimer, VAL(i),
				      AT(at + i * (uint32_t) sizeof(struct setting)));
}

static int itimer_collect(struct ctx *cx, const struct seen *s, void *obj)
{
	struct itimers *o = obj;

	for (unsigned i = 0; i < TIMERS; i++) {
		struct setting t;

		if (answer(s, i) < 0)
			return fail(cx, (int) answer(s, i), "ask for timer %u", i);
		memcpy(&t, answer_data(s, i * (uint32_t) sizeof t), sizeof t);
		o->value[i] = (uint64_t) (t.value_s * 1000000 + t.value_us);
		o->interval[i] = (uint64_t) (t.interval_s * 1000000 + t.interval_us);
	}
	return 0;
}

static int itimer_last(struct ctx *cx, struct rebuild *rb, const void *obj)
{
	const struct itimers *o = obj;

	(void) cx;
	for (unsigned i = 0; i < TIMERS; i++) {
		/* A timer whose signal is pending stands still until that is taken, and setting it
		 * to 0 would end it: do_setitimer of kernel/time/itimer.c. */
		uint64_t value = o->value[i] ? o->value[i] : o->interval[i];
		struct setting t = {
			(int64_t) (o->interval[i] / 1000000),
			(int64_t) (o->interval[i] % 1000000),
			(int64_t) (value / 1000000),
			(int64_t) (value % 1000000),
		};

		if (value)
			(void) program_native(rb->program, OP_MUST, setitimer, VAL(i),
					      AT(program_data(rb->program, &t, sizeof t)), VAL(0));
	}
	return 0;
}

static void show_timers(const struct itimers *o, FILE *f)
{
	static const char *const names[TIMERS] = { "real", "virtual", "profiling" };
	const char *comma = "";

	for (unsigned i = 0; i < TIMERS; i++) {
		if (!o->value[i] && !o->interval[i])
			continue;
		fprintf(f, "%s%s timer fires in %.6g s", comma, names[i],
			(double) o->value[i] / 1e6);
		if (o->interval[i])
			fprintf(f, ", then every %.6g s", (double) o->interval[i] / 1e6);
		comma = "; ";
	}
}

static bool armed(const struct itimers *o)
{
	return o->value[0] || o->value[1] || o->value[2];
}

static void itimer_show(const void *obj, FILE *f)
{
	const struct itimers *o = obj;

	if (armed(o))
		show_timers(o, f);
	else
		fputs("none armed", f);
}

static void itimer_summary(const void *obj, FILE *f)
{
	const struct itimers *o = obj;

	if (armed(o))
		show_timers(o, f);
}

const struct obj_ops itimer_ops = {
	.record = { .kind = 0x16,
		    .version = 1,
		    .name = "itimer",
		    .size = sizeof(struct itimers),
		    FIELDS(itimer_fields) },
	.scope = SCOPE_TASK,
	.ask = itimer_ask,
	.collect = itimer_collect,
	.last = itimer_last,
	.show = itimer_show,
	.summary = itimer_summary,
};
