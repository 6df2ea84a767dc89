/*
 * sigaction - what a process does on each signal.
 *
 * State:    handler, flags, restorer and mask of signals 1 to 64.
 * Read:     rt_sigaction from inside, in the task's own ABI (the flags of a 64-bit call would say
 *           nothing of an i386 handler's frame).
 * Rebuild:  the same call; SIGKILL and SIGSTOP excepted.
 * Lost:     nothing.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>

#include "abi/abi.h"
#include "base/err.h"
#include "obj/object.h"
#include "program/program.h"

#define SIGNALS 64

struct sigactions {
	uint64_t handler[SIGNALS], flags[SIGNALS], restorer[SIGNALS], mask[SIGNALS];
};

static const struct field sigaction_fields[] = {
	FIELD_ARRAY(sigactions, F_X64, handler),
	FIELD_ARRAY(sigactions, F_X64, flags),
	FIELD_ARRAY(sigactions, F_X64, restorer),
	FIELD_ARRAY(sigactions, F_X64, mask),
};

/* The kernel's struct sigaction of either ABI: handler, flags, restorer as words, then the mask. */
#define ACTION_SIZE 32

static bool settable(int sig)
{
	return sig != SIGKILL && sig != SIGSTOP;
}

static uint64_t word(const void *p, const struct abi *abi, unsigned n)
{
	uint64_t v = 0;

	memcpy(&v, (const char *) p + n * abi->word, abi->word);
	return v;
}

static void put_word(void *p, const struct abi *abi, unsigned n, uint64_t v)
{
	memcpy((char *) p + n * abi->word, &v, abi->word);
}

static void sigaction_ask(const struct seen *s, struct program *p)
{
	uint32_t at = program_data(p, NULL, (size_t) SIGNALS * ACTION_SIZE);

	(void) s;
	for (int sig = 1; sig <= SIGNALS; sig++)
		(void) program_own(p, 0, rt_sigaction, VAL(sig), VAL(0),
				   AT(at + (uint32_t) (sig - 1) * ACTION_SIZE), VAL(8));
}

static int sigaction_collect(struct ctx *cx, const struct seen *s, void *obj)
{
	const struct abi *abi = s->target->abi;
	struct sigactions *o = obj;

	for (unsigned i = 0; i < SIGNALS; i++) {
		const char *p = answer_data(s, i * ACTION_SIZE);

		if (answer(s, i) < 0)
			return fail(cx, (int) answer(s, i), "ask for signal %u", i + 1);
		o->handler[i] = word(p, abi, 0);
		o->flags[i] = word(p, abi, 1);
		o->restorer[i] = word(p, abi, 2);
		memcpy(&o->mask[i], p + 3 * abi->word, 8);
	}
	return 0;
}

static void sigaction_gate(struct gate *g, const void *obj)
{
	const struct sigactions *o = obj;
	uint64_t beyond = g->abi->word == 8 ? 0 : ~UINT64_C(0xffffffff);

	for (unsigned i = 0; i < SIGNALS; i++)
		if ((o->handler[i] | o->flags[i] | o->restorer[i]) & beyond) {
			gate_problem(g, ERR_DAMAGED, "signal %u: more than a word of 32 bits",
				     i + 1);
			return;
		}
}

static int sigaction_late(struct ctx *cx, struct rebuild *rb, const void *obj)
{
	const struct sigactions *o = obj;

	(void) cx;
	for (unsigned i = 0; i < SIGNALS; i++) {
		char action[ACTION_SIZE] = { 0 };

		if (!settable((int) i + 1) || (!o->handler[i] && !o->flags[i] && !o->mask[i]))
			continue;
		put_word(action, rb->abi, 0, o->handler[i]);
		put_word(action, rb->abi, 1, o->flags[i]);
		put_word(action, rb->abi, 2, o->restorer[i]);
		memcpy(action + 3 * rb->abi->word, &o->mask[i], 8);
		(void) program_own(rb->program, OP_MUST, rt_sigaction, VAL(i + 1),
				   AT(program_data(rb->program, action, sizeof action)), VAL(0),
				   VAL(8));
	}
	return 0;
}

static void show_signal(const struct sigactions *o, unsigned i, FILE *f)
{
	const char *name = sigabbrev_np((int) i + 1);

	if (name)
		fputs(name, f);
	else
		fprintf(f, "%u", i + 1);
	if (o->handler[i] == (uintptr_t) SIG_IGN)
		fputs(" ignored", f);
	else if (o->handler[i] != (uintptr_t) SIG_DFL)
		fprintf(f, " 0x%" PRIx64, o->handler[i]);
	if (o->flags[i])
		fprintf(f, " flags 0x%" PRIx64, o->flags[i]);
	if (o->mask[i])
		fprintf(f, " mask 0x%" PRIx64, o->mask[i]);
}

static void sigaction_show(const void *obj, FILE *f)
{
	const struct sigactions *o = obj;
	const char *comma = "";

	for (unsigned i = 0; i < SIGNALS; i++) {
		if (!o->handler[i] && !o->flags[i] && !o->mask[i])
			continue;
		fputs(comma, f);
		show_signal(o, i, f);
		comma = ", ";
	}
	if (!*comma)
		fputs("all by default", f);
}

const struct obj_ops sigaction_ops = {
	.record = { .kind = 0x14,
		    .version = 1,
		    .name = "sigaction",
		    .size = sizeof(struct sigactions),
		    FIELDS(sigaction_fields) },
	.scope = SCOPE_TASK,
	.ask = sigaction_ask,
	.collect = sigaction_collect,
	.gate = sigaction_gate,
	.late = sigaction_late,
	.show = sigaction_show,
};
